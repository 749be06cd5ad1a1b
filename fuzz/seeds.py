"""Seeds of the fuzz targets: fixtures by extension, and what stands inside of them. `seeds.py OUT [MORE...]`: a folder for each target
in OUT; MORE are folders of further files. Files over 64 KiB are left out."""

import pathlib
import struct
import sys
import zipfile
import zlib

TARGETS = {
    "jpeg": "jpg jpeg",
    "png": "png",
    "riff": "webp wav avi",
    "bmff": "avif heic heif jxl m4a mov mp4",
    "id3": "mp3 aac flac",
    "flac": "flac",
    "ogg": "ogg oga opus",
    "ebml": "mkv webm",
    "ts": "ts mts m2ts",
    "tiff": "tif tiff dng",
    "gif": "gif",
    "svg": "svg",
    "xmp": "xmp",
    "jumbf": "c2pa",
    "text": "txt md csv srt vtt py xml yaml",
    "html": "html xhtml",
    "zip": "docx docm xlsx pptx odt ods odp odg epub zip",
    "pdf": "pdf",
}
# The kinds of `targets/text.rs` and the documents of `src/wrap.rs`, in the same order.
KINDS = "txt md csv tsv py rs js css sql xml yaml toml tex json".split()
DOCUMENTS = "text.docx sheets.xlsx slides.pptx text.odt sheets.ods slides.odp book3.epub".split()
# What each kind has of its own.
TEXTS = {
    "txt": "The wind came.\n",
    "md": "---\ntitle: a\nAIGC:\n  Label: '1'\n  ProduceID: x\n---\n# A\n\n```sh\nb\n```\n<!-- c -->\n",
    "csv": 'a,"b, c"\r\n1,"d ""e"""\r\n',
    "tsv": "a\tb\n1\t2\n",
    "py": "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint(1)\n",
    "rs": "//! A.\nfn main() {}\n",
    "js": "#!/usr/bin/env node\nlet a = `b`; /* c */\n",
    "css": '@charset "utf-8";\np { color: red }\n',
    "sql": "-- a\nselect 1;\n",
    "xml": '<?xml version="1.0"?>\n<!-- a -->\n<a><![CDATA[b]]></a>\n',
    "yaml": "a: |\n  b\n# c\n",
    "toml": '[a]\nb = """c"""\n',
    "tex": "\\documentclass{article} % a\n",
    "json": '{"a": [1, "b"]}\n',
}
MOST = 64 << 10


def stores(data):
    """Manifest stores that stand in one piece."""
    at = data.find(b"jumb")
    while at >= 0:
        if at >= 4 and data[at + 8 : at + 16] == b"jumdc2pa":
            yield data[at - 4 : at - 4 + struct.unpack(">I", data[at - 4 : at])[0]]
        at = data.find(b"jumb", at + 4)


def packets(data):
    """XMP packets."""
    at = data.find(b"<x:xmpmeta")
    while at >= 0:
        end = data.find(b"</x:xmpmeta>", at)
        if end < 0:
            return
        yield data[at : end + 12]
        at = data.find(b"<x:xmpmeta", end)


def fields(png):
    """Keywords and values of text chunks, each ended by NUL."""
    at, found = 8, b""
    while at + 8 <= len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        key, _, value = data.partition(b"\0")
        if kind == b"tEXt":
            found += key + b"\0" + value + b"\0"
        elif kind == b"iTXt" and value[:1] == b"\0":
            found += key + b"\0" + value.split(b"\0", 3)[-1] + b"\0"
        elif kind == b"zTXt":
            found += key + b"\0" + zlib.decompress(value[1:]) + b"\0"
        at += 12 + length
    return found


def main(out, *more):
    root = pathlib.Path(__file__).parent.parent
    files = [path for folder in [root / "fixtures", *map(pathlib.Path, more)] for path in folder.rglob("*")]
    out, count = pathlib.Path(out), 0

    def seed(target, data):
        nonlocal count
        if data and len(data) <= MOST:
            folder = out / target
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{zlib.crc32(data):08x}").write_bytes(data)
            count += 1

    for path in sorted(files):
        extension = path.suffix.lower().removeprefix(".")
        if not path.is_file() or "golden" in path.parts or path.name in ("README.md", "make.py"):
            continue
        data = path.read_bytes()
        seed("sniff", data[:4096])
        for target, extensions in TARGETS.items():
            if extension in extensions.split():
                seed(target, data)
        for store in stores(data):
            seed("jumbf", store)
            seed("text", b"\xffC2PATXT\0\x01" + struct.pack(">I", len(store)) + store)
        for packet in packets(data):
            seed("xmp", packet)
        if extension in ("mp4", "mov", "m4v", "m4a"):
            at = data.find(b"moov")
            if at >= 4:
                moov = data[at + 4 : at - 4 + struct.unpack(">I", data[at - 4 : at])[0]]
                seed("m4a", moov)
                seed("film", b"\0" + moov)
                seed("film", b"\1" + moov)
        if extension == "png":
            seed("xmp", fields(data))
            seed("report", b"\0" + fields(data))
    for number, kind in enumerate(KINDS):
        seed("text", bytes([0x0E + number]) + TEXTS[kind].encode())
        seed("text", b"\xfe" + bytes([number]) + TEXTS[kind].encode())
    seed("text", b"\xfe\x01" + "Жел e\u0301cole, 한 \U0001f469\u200d\U0001f467 \ufeff\U000e0133.\r\n".encode())
    parts = 0
    for name in DOCUMENTS:
        with zipfile.ZipFile(root / "fixtures/office" / name) as archive:
            for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
                seed("zip", bytes([parts]) + archive.read(info))
                parts += 1
    for colours, depth in [(0, 1), (0, 8), (2, 8), (2, 16), (3, 4), (4, 8), (6, 8), (6, 16)]:
        for laced in (0, 1):
            rows = bytes(index * 7 % 5 if index % 9 == 0 else index * 31 % 256 for index in range(9 * 64))
            seed("png", bytes([8, 8, depth, colours, laced]) + bytes(range(48)) + rows)
    for name in ("Acme <b>&\"'", "\u202eOpenAI\u0000\u001b[2J", "=1+1", "a" * 300, "тaңба\ufeff\U000e0041"):
        for first in (b"", b"\1"):
            seed("report", first + name.encode() + b"\0" + name.encode())
    print(f"{count} seeds")


main(*sys.argv[1:])
