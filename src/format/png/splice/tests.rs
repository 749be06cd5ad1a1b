//! The spliced picture against the one compressed anew, over generated pictures of every kind.

use std::io::{Cursor, Write as _};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status, Strategy};

use super::*;
use crate::{
    Format,
    format::{
        Marked,
        png::{
            animation, chunks, chunks::Colour, colour::Meaning, look, recompress, splice_in,
            tests::assert_the_rest_stayed,
        },
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
    Notice { stamp: std::sync::Arc::new(Stamp::new(rect.size(), coverage)), rect, ..checkered(size, 0) }
}

/// The file with the notice: spliced (`None` where that cannot be), or compressed anew.
fn drawn(
    file: &[u8],
    notice: &Notice,
    orientation: Orientation,
    is_quick: bool,
) -> Option<(Vec<u8>, Option<Box<Begins>>)> {
    let mut source = Cursor::new(file);
    let mut budget = Budget::new(&Limits::default());
    let walk = chunks::Walk::of(&mut source, &mut budget).unwrap();
    let header = walk.header(&mut source).unwrap();
    let meaning = Meaning::read(&walk, header, &mut source, &mut budget).unwrap();
    let frames = animation::frames(&walk, header.size, &mut source, &mut budget).unwrap();
    let stored = notice.stored(orientation);
    let mut marked = Marked::default();
    let scheme = if is_quick {
        splice_in(&frames, &meaning, &stored, &mut marked, &mut source, &budget).unwrap()?
    } else {
        recompress(&frames, &meaning, &stored, &mut marked, &mut source, &mut budget).unwrap()
    };
    scheme.fix_chunks(&walk, &meaning, &mut marked.patch, &mut source, &mut budget).unwrap();
    let new = Header { size: stored.frame, ..scheme.header };
    marked.patch.replace(walk.chunks[0].range(), new.encode());
    let mut sink = Cursor::new(Vec::new());
    let begins = marked.hint.take().map(|hint| hint.downcast().unwrap());
    marked.patch.write(Format::Png, &mut source, &mut sink).unwrap();
    Some((sink.into_inner(), begins))
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
    let (mut names, mut kept, mut begun, mut wrong) = (String::new(), 0, 0, Vec::new());
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
        let Some((quick, begins)) = drawn(&original, &notice, turned, true) else { panic!("not spliced: {name}") };
        let (slow, _) = drawn(&original, &notice, turned, false).unwrap();
        assert_the_rest_stayed(&original, &slow, &notice.stored(turned), &name);
        if let Some(begins) = begins {
            let budget = || Budget::new(&Limits::default());
            let (source, place) = (&mut Cursor::new(&quick), (notice.rect, notice.frame));
            let known = look::part_from(&begins, source, turned, place, &mut budget()).unwrap();
            let all = look::part(source, turned, notice.rect, notice.frame, &mut budget()).unwrap();
            assert!(known.as_ref().is_none_or(|known| known.rgb == all.unwrap().rgb), "{name}");
            begun += usize::from(known.is_some());
        }
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
    assert!(begun > 5, "{begun} of 300 were looked at from where the notice begins");
    assert!(kept > 250, "{kept} of 300 stayed as small as they were");
    let Some(said) = crate::format::testing::python("PIL", JUDGE, &names) else { return };
    assert_eq!(said.lines().count(), 300, "{said}");
}

/// Counts what is read.
struct Counting<'a> {
    inner: Cursor<&'a [u8]>,
    read: u64,
}

impl std::io::Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}

impl std::io::Seek for Counting<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(to)
    }
}

/// The splice alone: how many bytes it reads, and by how many the file grows.
fn cost(file: &[u8], header: Header, notice: &Notice) -> Option<(u64, i64)> {
    let budget = Budget::new(&Limits::default());
    let walk = chunks::Walk::of(&mut Cursor::new(file), &mut Budget::new(&Limits::default())).unwrap();
    let data: Vec<Chunk> = walk.chunks.iter().copied().filter(|chunk| &chunk.kind == b"IDAT").collect();
    let stored = notice.stored(Orientation::Upright);
    let meaning = Meaning::read(&walk, header, &mut Cursor::new(file), &mut Budget::new(&Limits::default())).unwrap();
    let scheme = meaning.lasting_scheme(&stored).unwrap();
    let (mut marked, mut source) = (Marked::default(), Counting { inner: Cursor::new(file), read: 0 });
    let done = draw(&data, header, &scheme, &stored, &mut marked, &mut source, &budget).unwrap();
    done.then_some((source.read, marked.patch.growth()))
}

#[test]
fn below_a_notice_at_the_top_nothing_is_read() {
    let mut dice = Dice(2);
    let header =
        |height| Header { size: Size { width: 200, height }, depth: 8, colour: Colour::Rgb, interlaced: false };
    let mut costs = Vec::new();
    for height in [1000, 6000] {
        let header = header(height);
        let rows = rows(&header, 4, &mut Dice(3));
        let original = file(&header, &compress(&rows, ENCODERS[2]), &mut dice);
        let rect = Rect { x: 20, y: 10, width: 170, height: 60 };
        let coverage = vec![0; rect.area() as usize];
        let stamp = std::sync::Arc::new(Stamp::new(rect.size(), coverage));
        let notice = Notice { stamp, rect, ..checkered(header.size, 0) };
        costs.push((cost(&original, header, &notice).unwrap().0, original.len() as u64));
    }
    let [(few, _), (many, whole)] = costs[..] else { unreachable!() };
    // The notice's rows, a window and the rest of a block, wherever that ends; the five thousand rows below are not read.
    assert!(many < few + 64 * 1024 && many * 3 < whole, "{few} and {many} bytes read of {whole}");
}

#[test]
fn what_is_odd_takes_the_slow_way_and_what_was_wrong_stays_wrong() {
    let mut dice = Dice(4);
    let size = Size { width: 120, height: 300 };
    let header = Header { size, depth: 8, colour: Colour::Rgb, interlaced: false };
    let rows = rows(&header, 5, &mut dice);
    let zlib = compress(&rows, ENCODERS[2]);
    let notice = checkered(size, 0);
    let spliced = |zlib: &[u8]| {
        let file = file(&header, zlib, &mut Dice(5));
        drawn(&file, &notice, Orientation::Upright, true).map(|(quick, _)| decoded(&quick).is_ok())
    };
    assert_eq!(spliced(&zlib), Some(true));
    let with = |at: usize, value: u8| {
        let mut other = zlib.clone();
        other[at] ^= value;
        other
    };
    // The checksum of the rows.
    assert_eq!(spliced(&with(zlib.len() - 1, 1)), Some(false));
    // A preset dictionary, another method, a number that is no checksum, a block that does not exist, rows too many.
    assert_eq!(spliced(&with(1, 0x20)), None);
    assert_eq!(spliced(&with(0, 1)), None);
    assert_eq!(spliced(&[&zlib[..zlib.len() - 4], &[255; 4]].concat()), None);
    let more = [&rows[..], &[0; 500]].concat();
    let short = Header { size: Size { width: 120, height: 40 }, ..header };
    let original = file(&short, &compress(&more[..41 * 361], ENCODERS[2]), &mut Dice(5));
    assert_eq!(cost(&original, short, &checkered(short.size, 0)), None);
    let mut other = Dice(6);
    for _ in 0..300 {
        // No panic, wherever damage is.
        let at = 2 + other.next(3000);
        let file = file(&header, &with(at, 1 << other.next(8)), &mut Dice(5));
        let _ = cost(&file, header, &notice);
    }
}
