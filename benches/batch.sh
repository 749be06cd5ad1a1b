#!/usr/bin/env bash
# A folder of JPEGs on one core and on two, and what it takes of memory: benches/batch.sh [FILES]
# Compare the figures of one run only.
set -euo pipefail
cd "$(dirname "$0")/.."
files=${1:-10000}
cargo build --locked --profile bench --bin tanba
tanba=$PWD/target/release/tanba
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One picture under many names costs no disk; the names are what `label` sees.
mkdir "$work/few" "$work/many"
for ((index = 0; index < files; index++)); do ln fixtures/photo.jpg "$work/many/$index.jpg" 2>/dev/null \
    || cp fixtures/photo.jpg "$work/many/$index.jpg"; done
for ((index = 0; index < files / 10; index++)); do ln "$work/many/$index.jpg" "$work/few/"; done

# Seconds on the clock, seconds of processor, peak of resident memory in KB.
run() {
    rm -rf "$work/out"
    /usr/bin/env time -f '%e %U %S %M' -o "$work/time" \
        "$tanba" label "$work/$1" -o "$work/out" --jobs "$2" --json >"$work/lines" 2>/dev/null
    printf '%-5s files, %s jobs: ' "$(wc -l <"$work/lines")" "$2"
    awk '{ printf "%.1f s, %.1f s of processor, %.1f MB\n", $1, $2 + $3, $4 / 1024 }' "$work/time"
}
run few 1
run few 2
run many 1
run many 2
run many 1
run many 2
