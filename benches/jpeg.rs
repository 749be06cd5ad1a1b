//! What a label costs on a JPEG, against what else could put a notice there: one interleaved run, ratios of medians.
//!
//! Every round runs every row once, on another picture than the round before: a picture that is repeated teaches the branch
//! predictor its Huffman codes. Rows are compared by the processor time of the thread, where the system tells it.

use std::{hint::black_box, io::Cursor, time::Instant};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use tanba::{Disclosure, Labeler, NoticeStyle, Place, Policy};

#[path = "jpeg/turbo.rs"]
mod turbo;

mod common;

use common::{Bare, floor, signer};
use turbo::Turbo;

/// Rounds, at least; `TANBA_ROUNDS` changes it.
const ROUNDS: usize = 15;
/// Different pictures of a size.
const PICTURES: usize = 8;

/// How the files of a table are written.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Restarts,
    Progressive,
}

type Row<'a> = (String, Box<dyn Fn(usize) + 'a>);

fn main() {
    // Criterion's own switches, which `cargo bench` and editors hand to every bench, mean nothing here.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|word| name.contains(word.as_str()));
    let (photo, turbo) = (photo(), Turbo::load());
    for (size, width, height) in [("256", 256, 256), ("1024", 1024, 1024), ("12 MP", 4000, 3000)] {
        for (kind, name) in [(Kind::Plain, ""), (Kind::Restarts, ", restarts"), (Kind::Progressive, ", progressive")] {
            let title = format!("{size}{name}");
            if is_wanted(&title) {
                let write = |index| match &turbo {
                    // With libjpeg's script of ten scans.
                    Some(turbo) if kind == Kind::Progressive => {
                        turbo.again(&write(&photo, index, width, height, Kind::Plain), true)
                    }
                    _ => write(&photo, index, width, height, kind),
                };
                let pictures: Vec<_> = (0..PICTURES).map(write).collect();
                table(&title, &pictures, kind, turbo.as_ref());
            }
        }
    }
    if is_wanted("growth") {
        growth(&photo);
    }
}

/// The rows of one kind and size of file; the first is what the others are divided by.
fn table(title: &str, pictures: &[Vec<u8>], kind: Kind, turbo: Option<&Turbo>) {
    let signer = signer();
    let labeler = |notice, record, manifest, place| {
        let style = NoticeStyle { place, ..NoticeStyle::default() };
        let policy = Policy::kazakhstan().with_notice(notice).with_record(record).with_manifest(manifest);
        let policy = policy.notice_style(style).unwrap();
        Labeler::new(&Disclosure::generated("Acme Diffusion").system_version("3.1"), &signer).policy(policy)
    };
    let top = labeler(true, false, false, Place::TopRight);
    let bottom = labeler(true, false, false, Place::BottomRight);
    let band = labeler(true, false, false, Place::BottomBand);
    let record = labeler(false, true, false, Place::TopRight);
    let manifest = labeler(false, false, true, Place::TopRight);
    let all = labeler(true, true, true, Place::TopRight);
    let c2pa = Bare::new();
    let mut rows: Vec<Row> = vec![
        ("floor: hash, copy, Ed25519".into(), Box::new(|index| floor(&pictures[index]))),
        ("notice, top right".into(), Box::new(|index| label(&top, &pictures[index]))),
        ("notice, bottom right".into(), Box::new(|index| label(&bottom, &pictures[index]))),
        ("notice, bottom band".into(), Box::new(|index| label(&band, &pictures[index]))),
        ("record".into(), Box::new(|index| label(&record, &pictures[index]))),
        ("manifest".into(), Box::new(|index| label(&manifest, &pictures[index]))),
        ("all, top right".into(), Box::new(|index| label(&all, &pictures[index]))),
        ("c2pa sign".into(), Box::new(|index| c2pa.sign("image/jpeg", &pictures[index]))),
        ("zune-jpeg + jpeg-encoder".into(), Box::new(|index| zune(&pictures[index]))),
        ("image decode + encode".into(), Box::new(|index| image(&pictures[index]))),
    ];
    if let Some(turbo) = turbo {
        rows.push((
            "libjpeg-turbo decode + encode".into(),
            Box::new(|index| drop(turbo.again(&pictures[index], false))),
        ));
        if kind == Kind::Progressive {
            let again = |index: usize| drop(turbo.again(&pictures[index], true));
            rows.push(("libjpeg-turbo decode + encode, progressive".into(), Box::new(again)));
        }
    }
    let bytes = pictures.iter().map(Vec::len).sum::<usize>() / pictures.len();
    println!("\n## {title}: {} KB a picture\n", bytes / 1000);
    let medians = medians(&rows, pictures.len());
    let of = |name: &str| rows.iter().position(|(row, _)| row == name).map(|index| medians[index]);
    println!("| row | × floor | × notice, top right | × notice, bottom right |\n|---|--:|--:|--:|");
    for ((name, _), median) in rows.iter().zip(&medians) {
        let ratios = ["floor: hash, copy, Ed25519", "notice, top right", "notice, bottom right"]
            .map(|base| format!("{:.2}", median / of(base).unwrap()));
        println!("| {name} | {} |", ratios.join(" | "));
    }
    if turbo.is_none() {
        println!("\nskipped: no libturbojpeg.so.0 (apt-get install libturbojpeg0)");
    }
}

/// The notice at the top right of pictures from 0.25 to 50 megapixels, of which twice the width is four times the picture; and of
/// pictures of one width.
fn growth(photo: &image::RgbImage) {
    let larger = [(580, 435), (1155, 866), (2309, 1732), (4000, 3000), (8165, 6124)];
    sizes(photo, "the notice alone, top right", &larger);
    let taller = [(1024, 1024), (1024, 2048), (1024, 4096), (1024, 16_384), (1024, 49_152)];
    sizes(photo, "the same, pictures that only grow taller", &taller);
}

fn sizes(photo: &image::RgbImage, title: &str, sizes: &[(u32, u32)]) {
    let signer = signer();
    let policy = Policy::kazakhstan().with_record(false).with_manifest(false);
    let labeler = Labeler::new(&Disclosure::generated("Acme Diffusion"), &signer).policy(policy);
    let pictures: Vec<_> = sizes.iter().map(|&(width, height)| write(photo, 1, width, height, Kind::Plain)).collect();
    let mut rows: Vec<Row> = Vec::new();
    for (index, picture) in pictures.iter().enumerate() {
        rows.push((format!("label {index}"), Box::new(|_| label(&labeler, picture))));
        rows.push((format!("copy {index}"), Box::new(|_| drop(black_box(picture.clone())))));
    }
    let medians = medians(&rows, 1);
    println!("\n## Growth: {title}\n\n| megapixels | width | time | a plain copy of the file |\n|--:|--:|--:|--:|");
    for (index, &(width, height)) in sizes.iter().enumerate() {
        let area = f64::from(width * height) / 1e6;
        let [label, copy] = [0, 1].map(|row| medians[2 * index + row] / medians[0]);
        let across = f64::from(width) / f64::from(sizes[0].0);
        println!("| {area:.2} | × {across:.1} | × {label:.1} | × {copy:.2} |");
    }
}

/// The median time of each row, in nanoseconds.
fn medians(rows: &[Row], pictures: usize) -> Vec<f64> {
    let rounds = std::env::var("TANBA_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let mut times = vec![Vec::new(); rows.len()];
    for round in 0..=rounds {
        for step in 0..rows.len() {
            // Rotated, so that no row always follows the same other.
            let row = (step + round) % rows.len();
            let start = now();
            rows[row].1(round % pictures);
            // The first round fills caches.
            if round > 0 {
                times[row].push(now() - start);
            }
        }
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    times.into_iter().map(median).collect()
}

/// Processor time of this thread in nanoseconds on Linux; the clock elsewhere.
fn now() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    turbo::thread_time().unwrap_or_else(|| START.with(|start| start.elapsed().as_nanos() as f64))
}

fn photo() -> image::RgbImage {
    image::open(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photo.png")).unwrap().into_rgb8()
}

/// A mosaic of the photograph, mirrored and moved, with grain of its own: 4:2:0, quality 90.
fn write(photo: &image::RgbImage, index: usize, width: u32, height: u32, kind: Kind) -> Vec<u8> {
    let (w, h) = photo.dimensions();
    let mut state = 0x2545_f491_u32.wrapping_mul(index as u32 + 1);
    let fold = |at: u32, side: u32| if (at / side).is_multiple_of(2) { at % side } else { side - 1 - at % side };
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (state >> 29) as i16 - 4;
            let pixel = photo.get_pixel(fold(x + 71 * index as u32, w), fold(y + 53 * index as u32, h));
            pixel.0.map(|value| (i16::from(value) + grain).clamp(0, 255) as u8)
        })
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(kind == Kind::Progressive);
    if kind == Kind::Restarts {
        encoder.set_restart_interval(width.div_ceil(16) as u16);
    }
    encoder.encode(&pixels, width as u16, height as u16, ColorType::Rgb).unwrap();
    bytes
}

fn label(labeler: &Labeler, bytes: &[u8]) {
    let mut sink = Cursor::new(Vec::with_capacity(bytes.len() + 64 * 1024));
    labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    black_box(sink);
}

/// Decodes and encodes with the `image` crate's defaults; draws nothing, as the other companions.
fn image(bytes: &[u8]) {
    let picture = image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg).unwrap();
    let mut result = Cursor::new(Vec::with_capacity(bytes.len() * 2));
    picture.write_to(&mut result, image::ImageFormat::Jpeg).unwrap();
    black_box(result);
}

/// Decodes and encodes with the fastest codecs in Rust.
fn zune(bytes: &[u8]) {
    let mut decoder = zune_jpeg::JpegDecoder::new(zune_core::bytestream::ZCursor::new(bytes));
    let pixels = decoder.decode().unwrap();
    let (width, height) = decoder.dimensions().unwrap();
    let mut result = Vec::with_capacity(bytes.len() * 2);
    let mut encoder = Encoder::new(&mut result, 90);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode(&pixels, width as u16, height as u16, ColorType::Rgb).unwrap();
    black_box(result);
}
