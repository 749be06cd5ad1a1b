#!/usr/bin/env bash
# Labelling a text as a whole process, against Python packages that put manifests into text: benches/text.sh [ROUNDS]
# Needs a Python with both packages: pip install c2pa-text encypher-ai; TANBA_PYTHON names it.
# Figures are milliseconds of processor (user and system), the median of the rounds. Compare those of one run only.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-11}
python=${TANBA_PYTHON:-python3}
"$python" -c 'import c2pa_text, encypher' 2>/dev/null || { echo "skipped: no c2pa-text and encypher-ai in $python" >&2; exit 0; }
cargo build --locked --quiet --profile bench --bin tanba
tanba=$PWD/target/release/tanba
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/frame.py" <<'END'
"""The frame alone: a manifest that is there already is put behind the text. Signs nothing."""
import sys, c2pa_text
text = open(sys.argv[1], encoding="utf-8").read()
open(sys.argv[2], "w", encoding="utf-8").write(c2pa_text.embed_manifest(text, bytes(range(256)) * 9))
END
cat >"$work/sign.py" <<'END'
"""A manifest is made, signed and put behind the text."""
import logging, sys
from encypher.core.keys import generate_ed25519_key_pair
from encypher.core.unicode_metadata import UnicodeMetadata
logging.disable()
text = open(sys.argv[1], encoding="utf-8").read()
key, _ = generate_ed25519_key_pair()
source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
actions = [{"label": "c2pa.created", "when": "2026-11-27T12:00:00Z", "softwareAgent": "bench", "digitalSourceType": source}]
text = UnicodeMetadata.embed_metadata(
    text=text, private_key=key, signer_id="bench", metadata_format="c2pa", claim_generator="bench", actions=actions
)
open(sys.argv[2], "w", encoding="utf-8").write(text)
END
echo 'import c2pa_text' >"$work/start-frame.py"
echo 'import encypher.core.unicode_metadata' >"$work/start-sign.py"

# Median of the processor time of a command, and of the peak of its memory.
cat >"$work/measure.py" <<'END'
import os, statistics, sys
name, rounds, out, *command = sys.argv[1:]
times, peaks, nothing = [], [], os.open(os.devnull, os.O_WRONLY)
for _ in range(int(rounds)):
    if os.path.exists(out):
        os.remove(out)
    quiet = [(os.POSIX_SPAWN_DUP2, nothing, 1), (os.POSIX_SPAWN_DUP2, nothing, 2)]
    _, _, used = os.wait4(os.posix_spawnp(command[0], command, os.environ, file_actions=quiet), 0)
    times.append((used.ru_utime + used.ru_stime) * 1000)
    peaks.append(used.ru_maxrss / 1024)
print(f"| {name} | {statistics.median(times):.1f} | {statistics.median(peaks):.0f} |")
END
measure() { python3 "$work/measure.py" "$1" "$rounds" "$work/out.txt" "${@:2}"; }

for size in 1024 102400 10485760; do
    "$python" - "$work/in.txt" "$size" <<'END'
import sys
line = "{}. Ветер пришёл в степь. Жел кешке қарай соқты. The wind came over the steppe.\n"
text = "".join(line.format(number) for number in range(int(sys.argv[2]) // 100))
open(sys.argv[1], "w", encoding="utf-8").write(text.encode()[: int(sys.argv[2])].decode(errors="ignore"))
END
    printf '\n| %s bytes | ms of processor | MB |\n|---|--:|--:|\n' "$(stat -c %s "$work/in.txt")"
    measure 'tanba label' "$tanba" label "$work/in.txt" -o "$work/out.txt" --quiet
    "$tanba" label "$work/in.txt" -o "$work/labelled.txt" --quiet --force 2>/dev/null || true
    measure 'tanba verify' "$tanba" verify "$work/labelled.txt" --quiet
    measure 'c2pa-text: the frame, unsigned' "$python" "$work/frame.py" "$work/in.txt" "$work/out.txt"
    measure 'Python and c2pa-text, started only' "$python" "$work/start-frame.py"
    measure 'encypher-ai: signed' "$python" "$work/sign.py" "$work/in.txt" "$work/out.txt"
    measure 'Python and encypher-ai, started only' "$python" "$work/start-sign.py"
done
