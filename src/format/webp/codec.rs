//! One frame: from its chunks to pixels, and back.

use std::io::Cursor;

use webp::{Encoder, PixelLayout, WebPConfig};

use crate::{
    Error, Format, Result,
    container::riff,
    geometry::{Rect, Size},
    limits::{Budget, Limits},
};

/// What lossy re-encoding keeps outside the notice, where the size allows it, in decibels.
const PSNR_FLOOR: f64 = 43.5;
/// How much larger a re-encoded lossy frame may become.
const SIZE_CEILING: f64 = 1.6;

/// Straight RGBA, four bytes a pixel.
pub(super) struct Pixels {
    pub(super) size: Size,
    pub(super) rgba: Vec<u8>,
}

/// A frame that was encoded again.
pub(super) struct Encoded {
    /// Chunks with headers and padding: `VP8L`, or `ALPH` where there is alpha, and `VP8 `.
    pub(super) chunks: Vec<u8>,
    pub(super) alpha: bool,
    /// How close it stayed outside the notice; `None` for lossless.
    pub(super) closeness: Option<Closeness>,
}

/// How close a lossy frame stayed outside the notice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closeness {
    /// In decibels.
    pub(super) psnr: f64,
    /// Of the frame's bytes, new to old.
    pub(super) ratio: f64,
    pub(super) quality: f32,
}

/// How a frame is encoded.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    Lossless,
    Lossy(Old),
}

/// What a lossy frame was, to be kept close to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Old {
    /// Its length in bytes.
    pub(super) len: u64,
    /// The quality to try first: that of the frame before.
    pub(super) hint: Option<f32>,
    /// Pixels that its error is spread over where fewer of it are visible: a small change on a large canvas.
    pub(super) least: u64,
}

/// Decodes the chunks of one frame (`ALPH`, `VP8 `, `VP8L`, each with header and padding).
pub(super) fn decode(chunks: &[u8], size: Size, budget: &Budget) -> Result<Pixels> {
    let failed = |error| Error::backend(Format::WebP, "decode", error);
    let len = budget.raster(size.width, size.height, 4)?;
    let mut file = Vec::with_capacity(chunks.len() + 30);
    file.extend(riff::header(Format::WebP, *b"RIFF", chunks.len() as u64 + 22)?);
    file.extend(b"WEBP");
    let ([w0, w1, w2, _], [h0, h1, h2, _]) = ((size.width - 1).to_le_bytes(), (size.height - 1).to_le_bytes());
    let flags = if chunks.starts_with(b"VP8 ") { 0 } else { super::ALPHA };
    file.extend(riff::chunk(Format::WebP, *b"VP8X", &[flags, 0, 0, 0, w0, w1, w2, h0, h1, h2])?);
    file.extend(chunks);
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file)).map_err(failed)?;
    decoder.set_memory_limit(usize::try_from(budget.limits().max_decoded_bytes).unwrap_or(usize::MAX));
    let out = if flags == 0 { len / 4 * 3 } else { len };
    if decoder.dimensions() != (size.width, size.height) || decoder.output_buffer_size() != Some(out) {
        return Err(Error::malformed(Format::WebP, 0, "a frame's pixels are of another size than its header says"));
    }
    let mut samples = vec![0; out];
    decoder.read_image(&mut samples).map_err(failed)?;
    if flags == 0 {
        let mut rgba = Vec::with_capacity(len);
        rgba.extend(samples.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]));
        samples = rgba;
    }
    Ok(Pixels { size, rgba: samples })
}

/// Encodes `pixels`; what the notice covers is left out of the measurement.
pub(super) fn encode(pixels: &Pixels, covered: Option<Rect>, mode: Mode, budget: &Budget) -> Result<Encoded> {
    match mode {
        Mode::Lossless => {
            let mut config = config()?;
            config.lossless = 1;
            config.quality = 75.0;
            let (chunks, alpha) = run(pixels, &config)?;
            Ok(Encoded { chunks, alpha, closeness: None })
        }
        Mode::Lossy(old) => {
            let tried = old.hint.map(|quality| lossy(pixels, covered, old, quality, budget)).transpose()?;
            let suits = |closeness: Closeness| closeness.psnr >= PSNR_FLOOR && closeness.ratio <= SIZE_CEILING;
            match tried.filter(|encoded| encoded.closeness.is_some_and(suits)) {
                Some(encoded) => Ok(encoded),
                None => search(pixels, covered, old, budget),
            }
        }
    }
}

/// The best quality that the size allows; where that is not close enough, the least that is.
fn search(pixels: &Pixels, covered: Option<Rect>, old: Old, budget: &Budget) -> Result<Encoded> {
    let judge = |encoded: &Encoded| {
        let closeness = encoded.closeness;
        let close = closeness.is_none_or(|closeness| closeness.psnr >= PSNR_FLOOR);
        (close, close && closeness.is_some_and(|closeness| closeness.ratio > SIZE_CEILING))
    };
    // Both closeness and size grow with the quality: the answer lies at the border of "close enough, but too large".
    let (mut low, mut high) = (70u8, 100u8);
    let (mut below, mut above) = (None, None);
    while low <= high {
        let quality = (low + high) / 2;
        let encoded = lossy(pixels, covered, old, quality.into(), budget)?;
        if judge(&encoded).1 {
            high = quality - 1;
            above = Some(encoded);
        } else {
            low = quality + 1;
            below = Some(encoded);
        }
    }
    let best = match (below, above) {
        (Some(below), Some(above)) => Some(if judge(&below).0 { below } else { above }),
        (below, above) => below.or(above),
    };
    best.ok_or_else(|| Error::backend(Format::WebP, "encode", "no quality fits"))
}

pub(super) fn lossy(
    pixels: &Pixels,
    covered: Option<Rect>,
    old: Old,
    quality: f32,
    budget: &Budget,
) -> Result<Encoded> {
    let mut config = config()?;
    config.lossless = 0;
    config.quality = quality;
    config.alpha_quality = 100;
    // The picture went through an encoder once: no shaping for the eye, only closeness.
    config.sns_strength = 0;
    config.filter_strength = 0;
    config.segments = 1;
    let (chunks, alpha) = run(pixels, &config)?;
    let now = decode(&chunks, pixels.size, budget)?;
    let ratio = chunks.len() as f64 / old.len.max(1) as f64;
    let closeness = Closeness { psnr: distance(pixels, &now, covered, old.least), ratio, quality };
    Ok(Encoded { chunks, alpha, closeness: Some(closeness) })
}

fn config() -> Result<WebPConfig> {
    let mut config = WebPConfig::new().map_err(|()| Error::backend(Format::WebP, "encode", "no configuration"))?;
    // What transparent pixels hide is kept as well.
    config.exact = 1;
    config.method = 4;
    Ok(config)
}

/// The picture's chunks, and whether there is alpha in them.
fn run(pixels: &Pixels, config: &WebPConfig) -> Result<(Vec<u8>, bool)> {
    let failed = |why: String| Error::backend(Format::WebP, "encode", why);
    let Size { width, height } = pixels.size;
    let alpha = pixels.rgba.chunks_exact(4).any(|pixel| pixel[3] != 255);
    let file = Encoder::new(&pixels.rgba, PixelLayout::Rgba, width, height)
        .encode_advanced(config)
        .map_err(|error| failed(format!("libwebp: {error:?}")))?;
    let mut budget = Budget::new(&Limits::default());
    let mut source = Cursor::new(&*file);
    let riff = riff::walk(&mut source, Format::WebP, &mut budget)?;
    let mut chunks = Vec::new();
    for chunk in riff.chunks.iter().filter(|chunk| matches!(&chunk.id, b"ALPH" | b"VP8 " | b"VP8L")) {
        let data = chunk.data();
        let range = usize::try_from(data.start).ok().zip(usize::try_from(data.end).ok());
        let data = range.and_then(|(start, end)| file.get(start..end));
        chunks.extend(riff::chunk(Format::WebP, chunk.id, data.ok_or_else(|| failed("chunks are missing".into()))?)?);
    }
    Ok((chunks, alpha))
}

/// PSNR of what can be seen outside `covered`, in decibels, over red, green and blue of at least `least` pixels.
fn distance(a: &Pixels, b: &Pixels, covered: Option<Rect>, least: u64) -> f64 {
    let (mut squares, mut count) = (0u64, 0u64);
    let width = a.size.width as usize;
    let rows = a.rgba.chunks_exact(width * 4).zip(b.rgba.chunks_exact(width * 4));
    for (y, (a, b)) in (0..).zip(rows) {
        for (x, (a, b)) in (0..).zip(a.chunks_exact(4).zip(b.chunks_exact(4))) {
            if covered.is_some_and(|rect| holds(rect, x, y)) || a[3] == 0 {
                continue;
            }
            for (a, b) in a[..3].iter().zip(&b[..3]) {
                squares += u64::from(a.abs_diff(*b)).pow(2);
            }
            count += 3;
        }
    }
    count = count.max(least.saturating_mul(3));
    if squares == 0 { f64::INFINITY } else { 10.0 * (255.0 * 255.0 * count as f64 / squares as f64).log10() }
}

fn holds(rect: Rect, x: u32, y: u32) -> bool {
    (rect.x..rect.x.saturating_add(rect.width)).contains(&x)
        && (rect.y..rect.y.saturating_add(rect.height)).contains(&y)
}
