#!/usr/bin/env bash
# Peak of resident memory while files of a gigabyte get a manifest and nothing else: benches/memory.sh [MEGABYTES]
# Needs GNU time, ffmpeg and python3, and twice the size of one file on the disk of TMPDIR.
set -euo pipefail
cd "$(dirname "$0")/.."
megabytes=${1:-1024}
cargo build --locked --profile bench --bin tanba
tanba=$PWD/target/release/tanba
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The pictures are fixtures with a private chunk (PNG); sound is noise, so that no coder makes it small.
make() {
    case $1 in
    wav) ffmpeg -v error -f lavfi -i anoisesrc=d=$((megabytes * 1000000 / 192000)):r=48000:a=0.5 \
        -ac 2 -c:a pcm_s16le "$work/in.wav" ;;
    flac) ffmpeg -v error -f lavfi -i anoisesrc=d=$((megabytes * 1000000 / 180000)):r=48000:a=0.9 \
        -ac 2 -c:a flac -compression_level 0 "$work/in.flac" ;;
    mp4) ffmpeg -v error -f lavfi -i testsrc2=s=640x360:r=25:d=10 -c:v mpeg4 -movflags +faststart "$work/in.mp4"
        # `free` space behind the film: what stands in a box is copied, whatever it is.
        python3 - "$work/in.mp4" "$megabytes" <<'P'
import sys
size = int(sys.argv[2]) << 20
with open(sys.argv[1], "ab") as film:
    film.write(size.to_bytes(4, "big") + b"free")
    film.truncate(film.tell() + size - 8)
P
        ;;
    png) python3 - fixtures/photo.png "$work/in.png" "$megabytes" <<'P'
import sys, zlib
picture, size = open(sys.argv[1], "rb").read(), int(sys.argv[3]) << 20
block, crc = bytes(1 << 20), zlib.crc32(b"teSt")
for _ in range(size >> 20):
    crc = zlib.crc32(block, crc)
with open(sys.argv[2], "wb") as out:
    out.write(picture[:33] + size.to_bytes(4, "big") + b"teSt")
    out.seek(size, 1)
    out.write(crc.to_bytes(4, "big") + picture[33:])
P
        ;;
    esac
}

printf '| format | file | peak of memory | time of processor |\n|---|--:|--:|--:|\n'
for format in wav flac png mp4; do
    make "$format"
    bytes=$(stat -c %s "$work/in.$format")
    # Other formats than those that are labelled by now are left out by name.
    if env time -f '%M %U %S' -o "$work/time" "$tanba" label "$work/in.$format" -o "$work/out.$format" \
        --no-notice --no-record --quiet --system bench 2>"$work/error"; then
        read -r peak user system <"$work/time"
        awk -v f="$format" -v b="$bytes" -v m="$peak" -v u="$user" -v s="$system" \
            'BEGIN { printf "| %s | %.2f GB | %.0f MB | %.1f s |\n", f, b / 1e9, m / 1024, u + s }'
    else
        printf '| %s | skipped: %s | | |\n' "$format" "$(head -n 1 "$work/error")"
    fi
    rm -f "$work/in.$format" "$work/out.$format"
done
