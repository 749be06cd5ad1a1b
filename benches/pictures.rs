//! `label` and `verify` per format and size, with what they are measured against in the same run.

mod common;

use std::{
    hint::black_box,
    io::Cursor,
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use common::{Bare, floor, signer};
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use image::{DynamicImage, GenericImageView as _, ImageFormat, RgbImage};
use tanba::{Disclosure, Format, Labeler, Policy, Verifier};

const SIZES: [(&str, u32, u32); 3] = [("256x256", 256, 256), ("1024x1024", 1024, 1024), ("4000x3000", 4000, 3000)];

/// A picture with slopes, edges and grain: what codecs find neither easy nor hopeless.
fn picture(width: u32, height: u32) -> RgbImage {
    let mut state = 0x2545_f491_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let grain = (state >> 29) as i32 - 4;
        let hill = if u64::from(y) * 3 > u64::from(height) * 2 - u64::from((x / 7) % 41) { 60 } else { 0 };
        let slope = (u64::from(x) * 90 / u64::from(width) + u64::from(y) * 70 / u64::from(height)) as i32;
        image::Rgb([slope + 60 - hill, slope + 50, 200 - slope - hill].map(|value| (value + grain).clamp(0, 255) as u8))
    })
}

/// A picture of a few even fields: what codecs find easy.
fn flat(width: u32, height: u32) -> RgbImage {
    let fields = [[240, 240, 236], [36, 60, 120], [220, 90, 60], [250, 200, 70]];
    RgbImage::from_fn(width, height, |x, y| image::Rgb(fields[((x * 3 / width + y * 2 / height) % 4) as usize]))
}

/// The picture in a format, and the `image` crate's codec for it where it has one; `None` where nothing here writes it.
fn encode(format: Format, picture: &DynamicImage) -> Option<(Option<ImageFormat>, Vec<u8>)> {
    let codec = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::Gif => ImageFormat::Gif,
        Format::WebP => ImageFormat::WebP,
        Format::Tiff => ImageFormat::Tiff,
        Format::Avif => return Some((None, avif(picture))),
        Format::Svg => return Some((None, svg(picture))),
        _ => return None,
    };
    Some((Some(codec), write(picture, codec)))
}

fn avif(picture: &DynamicImage) -> Vec<u8> {
    let rgb = picture.to_rgb8();
    let pixels: Vec<_> = rgb.pixels().map(|pixel| ravif::RGB8::from(pixel.0)).collect();
    let (width, height) = (rgb.width() as usize, rgb.height() as usize);
    let encoder = ravif::Encoder::new().with_quality(70.0).with_speed(10);
    encoder.encode_rgb(ravif::Img::new(&pixels[..], width, height)).unwrap().avif_file
}

/// A drawing of the picture's size: one square for each 64 pixels of it.
fn svg(picture: &DynamicImage) -> Vec<u8> {
    use std::fmt::Write as _;
    let (width, height) = (picture.width(), picture.height());
    let mut text = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\">");
    for (x, y) in (0..height).step_by(64).flat_map(|y| (0..width).step_by(64).map(move |x| (x, y))) {
        let [r, g, b, _] = picture.get_pixel(x, y).0;
        let _ = write!(text, "<rect x=\"{x}\" y=\"{y}\" width=\"64\" height=\"64\" fill=\"#{r:02x}{g:02x}{b:02x}\"/>");
    }
    (text + "</svg>").into_bytes()
}

fn write(picture: &DynamicImage, codec: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, codec).unwrap();
    bytes.into_inner()
}

fn label(labeler: &Labeler, bytes: &[u8]) -> Vec<u8> {
    let mut sink = Cursor::new(Vec::with_capacity(bytes.len() + 64 * 1024));
    labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    sink.into_inner()
}

/// Our numbers for one file, and the floor under them.
fn ours(group: &mut BenchmarkGroup<WallTime>, media_type: &str, bytes: &[u8]) {
    let (signer, disclosure) = (signer(), Disclosure::generated("Acme Diffusion").system_version("3.1"));
    let labeler = |notice, record, manifest| {
        let policy = Policy::kazakhstan().with_notice(notice).with_record(record).with_manifest(manifest);
        Labeler::new(&disclosure, &signer).policy(policy)
    };
    let all = labeler(true, true, true);
    let labelled = label(&all, bytes);
    let verifier = Verifier::new();
    let blind = Verifier::new().look_for_notice(false);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    for (row, labeler) in [
        ("label", &all),
        ("label, notice alone", &labeler(true, false, false)),
        ("label, record alone", &labeler(false, true, false)),
        ("label, manifest alone", &labeler(false, false, true)),
        ("label, no notice", &labeler(false, true, true)),
    ] {
        group.bench_function(row, |b| b.iter(|| label(labeler, black_box(bytes))));
    }
    group.bench_function("label, all cores", |b| b.iter_custom(|rounds| together(rounds, || label(&all, bytes))));
    group.bench_function("verify", |b| b.iter(|| verifier.verify(&mut Cursor::new(black_box(&labelled))).unwrap()));
    group.bench_function("verify, no look", |b| {
        b.iter(|| blind.verify(&mut Cursor::new(black_box(&labelled))).unwrap())
    });
    group.bench_function("companion: c2pa Reader", |b| b.iter(|| bare_reader(media_type, black_box(&labelled))));
    group.bench_function("floor: hash, copy, Ed25519", |b| b.iter(|| floor(black_box(bytes))));
    let bare = Bare::new();
    group.bench_function("companion: c2pa sign", |b| b.iter(|| bare.sign(media_type, black_box(bytes))));
}

/// The time of so many calls when every core does as many.
fn together<T>(rounds: u64, call: impl Fn() -> T + Sync) -> Duration {
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| (0..rounds).for_each(|_| drop(black_box(call()))));
        }
    });
    // Cores share the calls: that is what one of them takes of the whole.
    start.elapsed() / cores as u32
}

/// The `c2pa` crate's own reader: manifest and hash, no metadata, no look, no trust.
fn bare_reader(media_type: &str, bytes: &[u8]) -> c2pa::Reader {
    let settings = r#"{"verify":{"remote_manifest_fetch":false,"ocsp_fetch":false,"verify_trust":false}}"#;
    let context = c2pa::Context::new().with_settings(settings).unwrap();
    c2pa::Reader::from_context(context).with_stream(media_type, Cursor::new(bytes)).unwrap()
}

/// Decoding and encoding with the `image` crate, which draws nothing.
fn bare_codec(group: &mut BenchmarkGroup<WallTime>, codec: ImageFormat, bytes: &[u8]) {
    group.bench_function("companion: image decode + encode", |b| {
        b.iter(|| write(&image::load_from_memory_with_format(black_box(bytes), codec).unwrap(), codec))
    });
}

fn pictures(criterion: &mut Criterion) {
    for (size, width, height) in SIZES {
        for (kind, picture) in [("photo", picture(width, height)), ("flat", flat(width, height))] {
            let picture = DynamicImage::from(picture);
            for &format in Format::ALL {
                // What is flat is flat in every format: three stand for all.
                if kind == "flat" && !matches!(format, Format::Jpeg | Format::Png | Format::WebP) {
                    continue;
                }
                let Some((codec, bytes)) = encode(format, &picture) else { continue };
                let mut group = criterion.benchmark_group(format!("{} {size} {kind}", format.extensions()[0]));
                let patience = if width > 2000 { 4 } else { 2 };
                group
                    .sample_size(10)
                    .warm_up_time(Duration::from_millis(300))
                    .measurement_time(Duration::from_secs(patience));
                ours(&mut group, format.media_types()[0], &bytes);
                if let Some(codec) = codec {
                    bare_codec(&mut group, codec, &bytes);
                }
                group.finish();
            }
        }
    }
}

/// Formats that have no encoder here: the fixtures as they are (640 × 480).
fn fixtures(criterion: &mut Criterion) {
    for (format, name) in [(Format::Heif, "photo.heic"), (Format::Jxl, "photo.jxl")] {
        let bytes = std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let mut group = criterion.benchmark_group(format!("{} fixture", format.extensions()[0]));
        group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(2));
        ours(&mut group, format.media_types()[0], &bytes);
        group.finish();
    }
}

criterion_group!(benches, pictures, fixtures);
criterion_main!(benches);
