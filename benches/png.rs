//! The notice alone on PNG, at each place, beside decoding and encoding; and how its cost grows.

use std::{hint::black_box, io::Cursor, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::{ImageFormat, RgbImage};
use tanba::{Disclosure, Labeler, NoticeStyle, Place, Policy, Signer};

/// A picture with slopes, edges, soft shapes and a little grain.
fn photo(width: u32, height: u32) -> RgbImage {
    let mut state = 0x2545_f491_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 30) as f32 - 1.5;
        let (fx, fy) = (x as f32, y as f32);
        let wave = (fx / 97.0).sin() * (fy / 61.0).cos() * 45.0;
        let edge = if (fx * 0.6 + fy) % 340.0 < 120.0 { 40.0 } else { 0.0 };
        let at = |base: f32, share: f32| (base + wave * share + edge + grain).clamp(0.0, 255.0) as u8;
        image::Rgb([at(110.0, 1.0), at(95.0, 0.7), at(130.0, -0.8)])
    })
}

fn encode(pixels: &[u8], (width, height): (u32, u32), compression: png::Compression) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(pixels.len());
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(compression);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    bytes
}

/// What the png crate does in the shortest time.
fn fastest_codec(bytes: &[u8]) -> Vec<u8> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    encode(&pixels, (info.width, info.height), png::Compression::Fastest)
}

fn default_codec(bytes: &[u8]) -> Vec<u8> {
    let picture = image::load_from_memory_with_format(bytes, ImageFormat::Png).unwrap();
    let mut written = Cursor::new(Vec::new());
    picture.write_to(&mut written, ImageFormat::Png).unwrap();
    written.into_inner()
}

/// The notice and nothing else, in English.
fn notice_only(place: Place) -> Labeler {
    let style = NoticeStyle { place, ..NoticeStyle::default() };
    let policy = Policy::kazakhstan().languages(&["en"]).unwrap().notice_style(style).unwrap();
    let disclosure = Disclosure::generated("Acme Diffusion").provider("Acme LLP");
    Labeler::new(&disclosure, &Signer::development()).policy(policy.with_record(false).with_manifest(false))
}

fn label(labeler: &Labeler, bytes: &[u8]) -> Vec<u8> {
    let mut sink = Cursor::new(Vec::with_capacity(bytes.len() + bytes.len() / 8 + 64 * 1024));
    labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    sink.into_inner()
}

fn places(criterion: &mut Criterion) {
    for (name, size) in [("png 1024x1024", (1024, 1024)), ("png 1024x190", (1024, 190))] {
        let bytes = encode(photo(size.0, size.1).as_raw(), size, png::Compression::Balanced);
        let mut group = criterion.benchmark_group(name);
        group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(3));
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        let places = [
            ("notice: top right", Place::TopRight),
            ("notice: top band", Place::TopBand),
            ("notice: bottom right", Place::BottomRight),
        ];
        // Below 200 pixels the notice stands in a strip, wherever it is wanted.
        for (row, place) in if size.1 < 200 { &[("notice: strip", Place::TopRight)][..] } else { &places[..] } {
            let labeler = notice_only(*place);
            let grown = label(&labeler, &bytes).len() as f64 / bytes.len() as f64;
            eprintln!("{name}, {row}: {:+.2} % bytes", (grown - 1.0) * 100.0);
            group.bench_function(*row, |b| b.iter(|| label(&labeler, black_box(&bytes))));
        }
        group.bench_function("companion: png fastest", |b| b.iter(|| fastest_codec(black_box(&bytes))));
        group.bench_function("companion: image default", |b| b.iter(|| default_codec(black_box(&bytes))));
        group.bench_function("floor: hash, copy", |b| {
            b.iter(|| (<sha2::Sha256 as sha2::Digest>::digest(black_box(&bytes)), bytes.clone()))
        });
        group.finish();
    }
}

/// Pictures of one width: at the top, more rows cost their copy alone.
fn growth(criterion: &mut Criterion) {
    let labeler = notice_only(Place::TopRight);
    let mut group = criterion.benchmark_group("png growth");
    group.sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
    for height in [1024, 4096, 16_384, 48_000] {
        let bytes = encode(photo(1024, height).as_raw(), (1024, height), png::Compression::Fast);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("notice, {height} rows"), |b| b.iter(|| label(&labeler, black_box(&bytes))));
        group.bench_function(format!("copy, {height} rows"), |b| b.iter(|| black_box(&bytes).clone()));
    }
    group.finish();
}

criterion_group!(benches, places, growth);
criterion_main!(benches);
