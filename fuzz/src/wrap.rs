//! Containers around an input, so that what stands inside of them is what is mutated.

use std::{
    io::{Read as _, Write as _},
    sync::OnceLock,
};

/// Overwrites the bytes that a format is told by.
pub fn with(bytes: &[u8], fixed: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in fixed {
        let len = bytes.len().max(at + value.len());
        bytes.resize(len, 0);
        bytes[*at..at + value.len()].copy_from_slice(value);
    }
    bytes
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A PNG whose checksums are right, so that mutations get behind them.
pub fn png(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = with(bytes, &[(0, PNG)]);
    let mut at = PNG.len();
    while let Some(length) = bytes.get(at..at + 4).and_then(|length| <[u8; 4]>::try_from(length).ok()) {
        let end = at + 8 + u32::from_be_bytes(length) as usize;
        if bytes.len() < end + 4 {
            break;
        }
        let checksum = crc32fast::hash(&bytes[at + 4..end]).to_be_bytes();
        bytes[end..end + 4].copy_from_slice(&checksum);
        at = end + 4;
    }
    bytes
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or_default().to_be_bytes();
    [&length[..], kind, data, &[0; 4]].concat()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Films of the fixtures, whose `moov` stands last.
const FILMS: [&[u8]; 2] =
    [include_bytes!("../../fixtures/film/film.mp4"), include_bytes!("../../fixtures/film/film.mov")];

/// One of these films with other content in its `moov`.
pub fn film(kind: u8, moov: &[u8]) -> Vec<u8> {
    with_moov(FILMS[usize::from(kind) % FILMS.len()], moov)
}

fn with_moov(film: &[u8], moov: &[u8]) -> Vec<u8> {
    let start = film.windows(4).rposition(|name| name == b"moov").map_or(film.len(), |name| name - 4);
    let len = u32::try_from(moov.len() + 8).unwrap_or_default().to_be_bytes();
    [&film[..start], &len, b"moov", moov].concat()
}

/// A small grey picture with `chunks` in front of its rows.
fn small(chunks: &[u8]) -> Vec<u8> {
    let head = chunk(b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
    let rows = chunk(b"IDAT", &deflate(&[0; 9 * 8]));
    png(&[PNG, &head, chunks, &rows, &chunk(b"IEND", b"")].concat())
}

/// A picture of the size, colours and filters that `data` begins with, and whose rows are what follows.
pub fn png_of_rows(data: &[u8]) -> Option<Vec<u8>> {
    let (head, rows) = data.split_at_checked(5)?;
    let head = [0, 0, 0, head[0], 0, 0, 0, head[1], head[2] & 31, head[3] & 7, 0, 0, head[4] & 1];
    let (palette, rows) = rows.split_at(rows.len().min(48));
    let parts = [PNG, &chunk(b"IHDR", &head), &chunk(b"PLTE", palette), &chunk(b"IDAT", &deflate(rows))].concat();
    Some(png(&[parts, chunk(b"IEND", b"")].concat()))
}

/// A PNG with `packet` as XMP.
pub fn xmp(packet: &[u8]) -> Vec<u8> {
    small(&xmp_chunk(packet))
}

fn xmp_chunk(packet: &[u8]) -> Vec<u8> {
    chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", packet].concat())
}

/// A JPEG of nothing but EXIF.
pub fn exif(block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len() + 8).unwrap_or(u16::MAX).to_be_bytes();
    [&b"\xff\xd8\xff\xe1"[..], &length, b"Exif\0\0", block, b"\xff\xd9"].concat()
}

/// A PNG whose text fields are `fields`, keyword and value in turn, each ended by NUL.
pub fn text_fields(fields: &[u8]) -> Vec<u8> {
    small(&text_chunks(fields))
}

/// The same, and with `packet` as XMP.
pub fn fields_and_xmp(fields: &[u8], packet: &[u8]) -> Vec<u8> {
    small(&[text_chunks(fields), xmp_chunk(packet)].concat())
}

fn text_chunks(fields: &[u8]) -> Vec<u8> {
    let mut parts = fields.split(|&byte| byte == 0);
    let mut chunks = Vec::new();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        let data = match std::str::from_utf8(value) {
            Ok(_) => chunk(b"iTXt", &[key, b"\0\0\0\0\0", value].concat()),
            Err(_) => chunk(b"tEXt", &[key, b"\0", value].concat()),
        };
        chunks.extend(data);
    }
    chunks
}

/// A text with `payload` in the selectors of a C2PA wrapper (C2PA 2.4, A.8), or of anybody else's.
pub fn selectors(payload: &[u8]) -> Vec<u8> {
    let selector = |byte: &u8| match byte {
        0..16 => char::from_u32(0xfe00 + u32::from(*byte)),
        _ => char::from_u32(0xe00f0 + u32::from(*byte)),
    };
    let mut text = "A text.\u{feff}".to_owned();
    text.extend(payload.iter().filter_map(selector));
    text.push_str(" Its end.");
    text.into_bytes()
}

/// A PNG with `jumbf` as its manifest store.
pub fn store(jumbf: &[u8]) -> Vec<u8> {
    small(&chunk(b"caBX", jumbf))
}

/// Documents whose parts are mutated; `seeds.py` goes through them in the same order.
const DOCUMENTS: [&[u8]; 7] = [
    include_bytes!("../../fixtures/office/text.docx"),
    include_bytes!("../../fixtures/office/sheets.xlsx"),
    include_bytes!("../../fixtures/office/slides.pptx"),
    include_bytes!("../../fixtures/office/text.odt"),
    include_bytes!("../../fixtures/office/sheets.ods"),
    include_bytes!("../../fixtures/office/slides.odp"),
    include_bytes!("../../fixtures/office/book3.epub"),
];

type Parts = Vec<(Vec<u8>, Vec<u8>)>;

/// One of these documents in which `content` stands for one of its parts: `choice` counts through all parts of all of them. The
/// checksum is right, so that mutations get behind it.
pub fn document(choice: u8, content: &[u8]) -> Vec<u8> {
    static PARTS: OnceLock<Vec<Parts>> = OnceLock::new();
    let documents =
        PARTS.get_or_init(|| DOCUMENTS.iter().map(|archive| unpacked(archive).unwrap_or_default()).collect());
    let all: usize = documents.iter().map(Vec::len).sum();
    let mut choice = usize::from(choice) % all.max(1);
    for parts in documents {
        if choice < parts.len() {
            let mut parts = parts.clone();
            parts[choice].1 = content.to_vec();
            return packed(&parts);
        }
        choice -= parts.len();
    }
    Vec::new()
}

/// Names and contents of the parts of an archive whose local headers say how long they are.
fn unpacked(archive: &[u8]) -> Option<Parts> {
    let (mut parts, mut at) = (Vec::new(), 0);
    while archive.get(at..at + 4)? == b"PK\x03\x04" {
        let short = |from: usize| Some(usize::from(u16::from_le_bytes(archive.get(from..from + 2)?.try_into().ok()?)));
        let (name_len, extra) = (short(at + 26)?, short(at + 28)?);
        let packed = u32::from_le_bytes(archive.get(at + 18..at + 22)?.try_into().ok()?) as usize;
        let (name, data) = (at + 30, at + 30 + name_len + extra);
        let raw = archive.get(data..data + packed)?;
        let mut content = Vec::new();
        match short(at + 8)? {
            0 => content.extend_from_slice(raw),
            _ => drop(flate2::read::DeflateDecoder::new(raw).read_to_end(&mut content).ok()?),
        }
        parts.push((archive.get(name..name + name_len)?.to_vec(), content));
        at = data + packed;
    }
    Some(parts)
}

/// An archive without compression.
fn packed(parts: &Parts) -> Vec<u8> {
    let number = |number: usize| u32::try_from(number).unwrap_or_default().to_le_bytes();
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let (at, len) = (number(bytes.len()), number(content.len()));
        let checksum = crc32fast::hash(content).to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap_or_default().to_le_bytes();
        let head = [&[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0][..], &checksum, &len, &len, &name_len, &[0, 0]].concat();
        bytes.extend([b"PK\x03\x04", &head[..], name, content].concat());
        directory.extend([b"PK\x01\x02\x14\0", &head[..], &[0; 10], &at, name].concat());
    }
    let count = u16::try_from(parts.len()).unwrap_or_default().to_le_bytes();
    let (len, at) = (number(directory.len()), number(bytes.len()));
    [&bytes[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &len, &at, &[0, 0]].concat()
}

/// The M4A of the fixtures with other content in its `moov`.
pub fn m4a(moov: &[u8]) -> Vec<u8> {
    with_moov(include_bytes!("../../fixtures/av/tone.m4a"), moov)
}

/// A FLAC whose frames have the checksums that they should have, so that mutations get behind them: RFC 9639, 9.1.8 and 9.3.
pub fn flac(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = with(bytes, &[(0, b"fLaC")]);
    let Some(first) = frames_of_flac(&bytes) else { return bytes };
    let is_sync = |bytes: &[u8], at: usize| matches!(bytes.get(at..at + 2), Some([0xFF, 0xF8 | 0xF9]));
    let mut at = first;
    while is_sync(&bytes, at) {
        let Some(&[_, _, sizes, _, number]) = bytes[at..].first_chunk() else { break };
        // The number is coded as UTF-8 codes a letter; sizes and rates that are not in the tables follow it.
        let number = match number.leading_ones() {
            0 => 1,
            ones => ones as usize,
        };
        let block = [0, 1, 2][usize::from(sizes >> 4).saturating_sub(5).min(2) * usize::from(sizes >> 4 < 8)];
        let rate = [0, 1, 2, 2][usize::from(sizes & 15).saturating_sub(11).min(3) * usize::from(sizes & 15 < 15)];
        let head = at + 4 + number + block + rate;
        let end = (head + 1..bytes.len()).find(|next| is_sync(&bytes, *next)).unwrap_or(bytes.len());
        if head + 3 > end {
            break;
        }
        bytes[head] = crc(&bytes[at..head], 0x07 << 8).to_be_bytes()[0];
        let whole = crc(&bytes[at..end - 2], 0x8005).to_be_bytes();
        bytes[end - 2..end].copy_from_slice(&whole);
        at = end;
    }
    bytes
}

/// Where the frames of a FLAC begin.
fn frames_of_flac(bytes: &[u8]) -> Option<usize> {
    let mut at = 4;
    loop {
        let &[kind, a, b, c] = bytes.get(at..)?.first_chunk()?;
        at += 4 + u32::from_be_bytes([0, a, b, c]) as usize;
        if kind & 0x80 != 0 {
            return Some(at);
        }
    }
}

/// A CRC of 16 bits, or of 8 in the upper ones.
fn crc(bytes: &[u8], polynomial: u16) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| crc << 1 ^ if crc >> 15 == 1 { polynomial } else { 0 })
    })
}
