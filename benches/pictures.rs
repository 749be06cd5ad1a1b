//! `label` and `verify` per format and size, with what they are measured against in the same run.

use std::{hint::black_box, io::Cursor, time::Duration};

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use image::{DynamicImage, GenericImageView as _, ImageFormat, RgbImage};
use tanba::{Disclosure, Format, Identity, IdentityRequest, Labeler, Policy, Signer, Verifier};
use time::macros::datetime;

/// 1024² and 12 megapixels.
const SIZES: [(&str, u32, u32); 2] = [("1024x1024", 1024, 1024), ("4000x3000", 4000, 3000)];

fn signer() -> Signer {
    let request = IdentityRequest::new("Tanba benches", "Tanba benches", datetime!(2026-01-01 0:00 UTC)).days(3650);
    let identity = Identity::generate(&request.seed([9; 32])).unwrap();
    Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap()
}

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
    let signer = signer();
    let disclosure = Disclosure::generated("Acme Diffusion").system_version("3.1");
    let labeler = Labeler::new(&disclosure, &signer);
    let record = Labeler::new(&disclosure, &signer).policy(Policy::kazakhstan().with_notice(false));
    let labelled = label(&labeler, bytes);
    let verifier = Verifier::new();
    let blind = Verifier::new().look_for_notice(false);
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("label", |b| b.iter(|| label(&labeler, black_box(bytes))));
    group.bench_function("label, no notice", |b| b.iter(|| label(&record, black_box(bytes))));
    group.bench_function("verify", |b| b.iter(|| verifier.verify(&mut Cursor::new(black_box(&labelled))).unwrap()));
    group.bench_function("verify, no look", |b| {
        b.iter(|| blind.verify(&mut Cursor::new(black_box(&labelled))).unwrap())
    });
    group.bench_function("companion: c2pa Reader", |b| b.iter(|| bare_reader(media_type, black_box(&labelled))));
    group.bench_function("floor: hash, copy, Ed25519", |b| b.iter(|| floor(black_box(bytes))));
}

/// What no signed copy can do without: one pass of SHA-256, one copy, one signature.
fn floor(bytes: &[u8]) -> (Vec<u8>, [u8; 64]) {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let hash = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    (bytes.to_vec(), key.sign(&hash).to_bytes())
}

/// The `c2pa` crate's own reader: manifest and hash, no metadata, no look, no trust.
fn bare_reader(media_type: &str, bytes: &[u8]) -> c2pa::Reader {
    let settings = r#"{"verify":{"remote_manifest_fetch":false,"ocsp_fetch":false,"verify_trust":false}}"#;
    let context = c2pa::Context::new().with_settings(settings).unwrap();
    c2pa::Reader::from_context(context).with_stream(media_type, Cursor::new(bytes)).unwrap()
}

/// The `c2pa` crate's own `sign`, with its default reserve: a manifest, no notice, no XMP.
fn bare_c2pa(group: &mut BenchmarkGroup<WallTime>, media_type: &str, bytes: &[u8]) {
    let request = IdentityRequest::new("Tanba benches", "Tanba benches", datetime!(2026-01-01 0:00 UTC)).days(3650);
    let identity = Identity::generate(&request.seed([9; 32])).unwrap();
    let signer = c2pa::create_signer::from_keys(
        identity.chain_pem.as_bytes(),
        identity.key_pem.as_bytes(),
        c2pa::SigningAlg::Ed25519,
        None,
    );
    let signer = signer.unwrap();
    let definition = r#"{"claim_generator_info":[{"name":"bench"}],"assertions":[{"label":"c2pa.actions.v2","data":{"actions":[
        {"action":"c2pa.created","digitalSourceType":"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}]}}]}"#;
    let settings = r#"{"verify":{"verify_after_sign":false},"builder":{"thumbnail":{"enabled":false}}}"#;
    let context = c2pa::Context::new().with_settings(settings).unwrap().into_shared();
    let sign = || {
        let mut builder = c2pa::Builder::from_shared_context(&context).with_definition(definition).unwrap();
        let mut result = Cursor::new(Vec::with_capacity(bytes.len() + 64 * 1024));
        builder.sign(signer.as_ref(), media_type, &mut Cursor::new(bytes), &mut result).unwrap();
        result
    };
    group.bench_function("companion: c2pa sign", |b| b.iter(sign));
}

/// Decoding and encoding with the `image` crate, which draws nothing.
fn bare_codec(group: &mut BenchmarkGroup<WallTime>, codec: ImageFormat, bytes: &[u8]) {
    group.bench_function("companion: image decode + encode", |b| {
        b.iter(|| write(&image::load_from_memory_with_format(black_box(bytes), codec).unwrap(), codec))
    });
}

fn pictures(criterion: &mut Criterion) {
    for (size, width, height) in SIZES {
        let picture = DynamicImage::from(picture(width, height));
        for &format in Format::ALL {
            let Some((codec, bytes)) = encode(format, &picture) else { continue };
            let name = format!("{} {size}", format.extensions()[0]);
            let mut group = criterion.benchmark_group(name);
            let patience = if width > 2000 { 4 } else { 2 };
            group
                .sample_size(10)
                .warm_up_time(Duration::from_millis(300))
                .measurement_time(Duration::from_secs(patience));
            ours(&mut group, format.media_types()[0], &bytes);
            bare_c2pa(&mut group, format.media_types()[0], &bytes);
            if let Some(codec) = codec {
                bare_codec(&mut group, codec, &bytes);
            }
            group.finish();
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
        bare_c2pa(&mut group, format.media_types()[0], &bytes);
        group.finish();
    }
}

criterion_group!(benches, pictures, fixtures);
criterion_main!(benches);
