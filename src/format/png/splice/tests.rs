//! The spliced picture against the one compressed anew, over generated pictures of every kind.

use std::io::{Cursor, Write as _};

use zlib_rs::Strategy;

use super::*;
use crate::{
    Format,
    format::{
        Marked,
        png::{animation, chunks, chunks::Colour, colour::Meaning, recompress, splice_in},
        testing::checkered,
    },
    geometry::{Orientation, Rect, Size},
    limits::Limits,
    notice::{Notice, Stamp},
};

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

const KINDS: [(Colour, u8); 15] = [
    (Colour::Grey, 1),
    (Colour::Grey, 2),
    (Colour::Grey, 4),
    (Colour::Grey, 8),
    (Colour::Grey, 16),
    (Colour::Rgb, 8),
    (Colour::Rgb, 16),
    (Colour::Palette, 1),
    (Colour::Palette, 2),
    (Colour::Palette, 4),
    (Colour::Palette, 8),
    (Colour::GreyAlpha, 8),
    (Colour::GreyAlpha, 16),
    (Colour::Rgba, 8),
    (Colour::Rgba, 16),
];

/// How the rows are compressed: level, strategy, window bits; or fdeflate, or pieces that end on a byte each.
#[derive(Clone, Copy, Debug)]
enum Encoder {
    Zlib(i32, Strategy, i32),
    Fdeflate,
    Flushed,
}

const ENCODERS: [Encoder; 12] = [
    Encoder::Zlib(0, Strategy::Default, 15),
    Encoder::Zlib(1, Strategy::Default, 15),
    Encoder::Zlib(6, Strategy::Default, 15),
    Encoder::Zlib(9, Strategy::Default, 15),
    Encoder::Zlib(6, Strategy::Fixed, 15),
    Encoder::Zlib(6, Strategy::HuffmanOnly, 15),
    Encoder::Zlib(6, Strategy::Rle, 15),
    Encoder::Zlib(6, Strategy::Filtered, 15),
    Encoder::Zlib(9, Strategy::Default, 9),
    Encoder::Zlib(6, Strategy::Default, 12),
    Encoder::Fdeflate,
    Encoder::Flushed,
];

fn compress(rows: &[u8], encoder: Encoder) -> Vec<u8> {
    match encoder {
        Encoder::Zlib(level, strategy, window_bits) => {
            let config = DeflateConfig { level, strategy, window_bits, ..DeflateConfig::default() };
            let mut engine = Deflate::new_with_config(config);
            let mut bytes = vec![0; rows.len() + rows.len() / 4 + 4096];
            let status = engine.compress(rows, &mut bytes, DeflateFlush::Finish).unwrap();
            assert_eq!(status, Status::StreamEnd);
            bytes.truncate(engine.total_out() as usize);
            bytes
        }
        Encoder::Fdeflate => fdeflate::compress_to_vec(rows),
        Encoder::Flushed => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(5));
            for part in rows.chunks(10_007) {
                encoder.write_all(part).unwrap();
                encoder.flush().unwrap();
            }
            encoder.finish().unwrap()
        }
    }
}

/// Filtered rows of slopes, grain, flat parts and texture that repeats from far away. `filters` 5 means all of them.
fn rows(header: &Header, filters: usize, dice: &mut Dice) -> Vec<u8> {
    let len = header.row_bytes(header.size.width);
    let texture: Vec<u8> = (0..4096).map(|_| dice.next(256) as u8).collect();
    let (mut above, mut row) = (vec![0u8; len], vec![0u8; len]);
    let mut rows = Vec::new();
    let kind = dice.next(4);
    for y in 0..header.size.height as usize {
        for (x, value) in row.iter_mut().enumerate() {
            *value = match (kind, (y / 24) % 3) {
                (0, _) => (x / 3 + y * 2 + dice.next(9)) as u8,
                (1, 0) | (3, 1) => texture[(x + y * 37) % 4096],
                (1, _) | (2, 0) => ((x / 40 + y / 30) * 50) as u8,
                _ => (x * 3 / 4 + y + texture[(x * 7 + y) % 4096] as usize % 5) as u8,
            };
        }
        let filter_type = if filters == 5 { dice.next(5) as u8 } else { filters as u8 };
        let at = rows.len();
        rows.resize(at + len + 1, filter_type);
        filter(filter_type, &row, &above, header.distance(), 0..len, &mut rows[at + 1..]);
        std::mem::swap(&mut row, &mut above);
    }
    rows
}

fn file(header: &Header, zlib: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut file = chunks::SIGNATURE.to_vec();
    file.extend(header.encode());
    match header.colour {
        Colour::Palette => {
            // Black and white stand in it and no entry is free: then nothing has to be added for the notice.
            let top = (1u16 << header.depth) - 1;
            let entry = |i: u16| if i == top { [255; 3] } else { [(i * 3) as u8, (i / 2) as u8, i as u8] };
            let palette: Vec<u8> = (0..=top).flat_map(entry).collect();
            file.extend(chunks::encode(*b"PLTE", &[&palette]));
            if header.depth > 1 && dice.next(2) == 0 {
                file.extend(chunks::encode(*b"tRNS", &[&[255, 100]]));
            }
        }
        Colour::Grey if dice.next(2) == 0 && header.depth >= 8 => file.extend(chunks::encode(*b"tRNS", &[&[0, 0]])),
        Colour::Rgb if dice.next(2) == 0 => file.extend(chunks::encode(*b"tRNS", &[&[0; 6]])),
        _ => {}
    }
    let most = [1 + dice.next(40), 1 + dice.next(3000), 8192, 65_536, usize::MAX][dice.next(5)];
    zlib.chunks(most.max(zlib.len() / 5000 + 1)).for_each(|part| file.extend(chunks::encode(*b"IDAT", &[part])));
    file.extend(chunks::encode(*b"IEND", &[]));
    file
}

/// A checkered plate at a place of the picture, or a strip at its top.
fn notice(size: Size, dice: &mut Dice) -> Notice {
    let Size { width, height } = size;
    if dice.next(4) == 0 {
        return checkered(size, 1 + dice.next(30) as u32);
    }
    let (w, h) = (1 + dice.next(width as usize) as u32, 1 + dice.next(height.min(90) as usize) as u32);
    let rect = match dice.next(6) {
        0 => Rect { x: 0, y: 0, width, height: h },
        1 => Rect { x: 0, y: height - h, width, height: h },
        2 => Rect { x: width - w, y: height - h, width: w, height: h },
        3 => Rect {
            x: dice.next((width - w + 1) as usize) as u32,
            y: dice.next((height - h + 1) as usize) as u32,
            width: w,
            height: h,
        },
        _ => return checkered(size, 0),
    };
    let coverage = (0..rect.area()).map(|i| [0, 0, 0, 255, 255, 90][i as usize / 5 % 6]).collect();
    Notice { stamp: std::sync::Arc::new(Stamp { size: rect.size(), coverage }), rect, ..checkered(size, 0) }
}

/// The file with the notice: spliced where that can be, and compressed anew.
fn both_ways(file: &[u8], notice: &Notice, orientation: Orientation) -> (Option<Vec<u8>>, Vec<u8>) {
    let mut source = Cursor::new(file);
    let mut budget = Budget::new(&Limits::default());
    let walk = chunks::Walk::of(&mut source, &mut budget).unwrap();
    let header = walk.header(&mut source).unwrap();
    let meaning = Meaning::read(&walk, header, &mut source, &mut budget).unwrap();
    let frames = animation::frames(&walk, header.size, &mut source, &mut budget).unwrap();
    let stored = notice.stored(orientation);
    let mut write = |mut marked: Marked, scheme: Scheme| {
        let mut budget = Budget::new(&Limits::default());
        scheme.fix_chunks(&walk, &meaning, &mut marked.patch, &mut source, &mut budget).unwrap();
        let new = Header { size: stored.frame, ..scheme.header };
        marked.patch.replace(walk.chunks[0].range(), new.encode());
        let mut sink = Cursor::new(Vec::new());
        marked.patch.write(Format::Png, &mut source, &mut sink).unwrap();
        sink.into_inner()
    };
    let (mut quick, mut slow) = (Marked::default(), Marked::default());
    let mut source = Cursor::new(file);
    let scheme = splice_in(&frames, &meaning, &stored, &mut quick, &mut source, &budget).unwrap();
    let quick = scheme.map(|scheme| write(quick, scheme));
    let scheme = recompress(&frames, &meaning, &stored, &mut slow, &mut source, &mut budget).unwrap();
    (quick, write(slow, scheme))
}

/// Decoded by the png crate, checksums and all.
fn decoded(file: &[u8]) -> std::result::Result<Vec<u8>, png::DecodingError> {
    let mut options = png::DecodeOptions::default();
    options.set_ignore_adler32(false);
    options.set_ignore_crc(false);
    let mut decoder = png::Decoder::new_with_options(Cursor::new(file), options);
    // The bits that fill up a row are no pixels.
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels)?;
    reader.finish()?;
    Ok(pixels)
}

/// Pixels of both files of each pair are the same, checksums hold, and the compressed rows are as long as they must be.
const JUDGE: &str = r#"
import struct, sys, zlib
from PIL import Image
for name in sys.stdin.read().split():
    pixels = []
    for way in ("quick", "slow"):
        path = f"{name}.{way}.png"
        data, at, idat = open(path, "rb").read(), 8, b""
        while at < len(data):
            size, kind = struct.unpack(">I4s", data[at:at + 8])
            body = data[at + 8:at + 8 + size]
            assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + size:at + 12 + size])[0], (path, kind, at)
            if kind == b"IHDR":
                width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            idat += body if kind == b"IDAT" else b""
            at += 12 + size
        engine = zlib.decompressobj()
        rows = engine.decompress(idat)
        bits = width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        assert engine.eof and not engine.unused_data and len(rows) == height * ((bits + 7) // 8 + 1), path
        picture = Image.open(path)
        picture.load()
        pixels.append((picture.mode, picture.size, picture.tobytes()))
    assert pixels[0] == pixels[1], name
    print(name)
"#;

#[test]
fn spliced_pictures_are_those_compressed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (mut names, mut kept, mut wrong) = (String::new(), 0, Vec::new());
    let mut dice = Dice(1);
    for number in 0..300 {
        let (colour, depth) = KINDS[number % KINDS.len()];
        let encoder = ENCODERS[number / 2 % ENCODERS.len()];
        let most = if number % 3 == 0 { 60 } else { 600 };
        let size = Size { width: 1 + dice.next(most) as u32, height: 1 + dice.next(most) as u32 };
        let header = Header { size, depth, colour, interlaced: false };
        let filters = dice.next(6);
        let rows = rows(&header, filters, &mut dice);
        let original = file(&header, &compress(&rows, encoder), &mut dice);
        let notice = notice(size, &mut dice);
        let turned = if dice.next(5) == 0 { Orientation::Turned180 } else { Orientation::Upright };
        let name = format!(
            "{number} {colour:?} {depth} {size:?} {encoder:?} filters {filters} at {:?} {turned:?}",
            notice.rect
        );
        let (quick, slow) = both_ways(&original, &notice, turned);
        // Two shades of grey, where the plate would not stand out, become more.
        let Some(quick) = quick else { panic!("not spliced: {name}") };
        match decoded(&quick) {
            Ok(pixels) if pixels == decoded(&slow).unwrap() => {}
            Ok(_) => wrong.push(format!("other pixels: {name}")),
            Err(error) => wrong.push(format!("{error}: {name}")),
        }
        kept += usize::from(quick.len() < original.len() + original.len() / 20 + 20_000);
        let path = folder.path().join(number.to_string());
        std::fs::write(path.with_extension("quick.png"), &quick).unwrap();
        std::fs::write(path.with_extension("slow.png"), &slow).unwrap();
        names += &format!("{}\n", path.display());
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    let _ = kept;
    let Some(said) = crate::format::testing::python("PIL", JUDGE, &names) else { return };
    assert_eq!(said.lines().count(), 300, "{said}");
}
