//! The notice in a still picture.

use super::{
    ALPHA, Canvas,
    codec::{self, Mode, Old, Pixels},
};
use crate::{
    Error, Format, Result,
    container::riff::{Chunk, Riff},
    format::{Marked, decode::over_white},
    geometry::{Orientation, Rect, Size},
    limits::Budget,
    notice::{Raster, StoredNotice, blend},
    stream::{Source, read_at},
};

pub(super) fn draw(
    source: &mut dyn Source,
    riff: &Riff,
    canvas: &mut Canvas,
    notice: &StoredNotice,
    marked: &mut Marked,
    budget: &mut Budget,
) -> Result<()> {
    let frame = Frame::find(source, &riff.chunks)?;
    if frame.size != notice.original() || frame.size != canvas.size {
        return Err(Error::malformed(Format::WebP, frame.at, "the picture is of another size than the canvas"));
    }
    budget.raster(notice.frame.width, notice.frame.height, 8)?;
    let mut pixels = grown(codec::decode(&frame.chunks, frame.size, budget)?, notice);
    blend::<4, u8>(&mut pixels.rgba, notice.frame.width as usize * 4, notice);
    let mode = if frame.lossless { Mode::Lossless } else { Mode::Lossy(Old { len: frame.len, hint: None, least: 0 }) };
    let encoded = codec::encode(&pixels, Some(notice.rect), mode, budget)?;
    if let Some(closeness) = encoded.closeness {
        marked.remarks.push(format!(
            "the picture was decoded and encoded again (quality {}): outside the notice it stayed within {:.1} dB PSNR, \
             at {:.2} times the size",
            closeness.quality, closeness.psnr, closeness.ratio
        ));
    }
    // Some decoders look for an ALPH chunk where the flag is set, and for none where it is not.
    canvas.flags = if encoded.alpha { canvas.flags | ALPHA } else { canvas.flags & !ALPHA };
    let mut chunks = Some(encoded.chunks);
    for range in frame.ranges {
        marked.patch.replace(range, chunks.take().unwrap_or_default());
    }
    marked.noticed = true;
    Ok(())
}

/// The picture, or the first frame of an animation on its canvas, upright over white.
pub(super) fn first(
    source: &mut dyn Source,
    riff: &Riff,
    canvas: Size,
    orientation: Orientation,
    budget: &mut Budget,
) -> Result<Raster> {
    let (frame, at) = match riff.chunks.iter().find(|chunk| chunk.id == *b"ANMF") {
        Some(chunk) => {
            let (at, children) = super::animation::open(source, chunk, budget)?;
            (Frame::find(source, &children)?, at)
        }
        None => (Frame::find(source, &riff.chunks)?, Rect { x: 0, y: 0, width: canvas.width, height: canvas.height }),
    };
    if frame.size != at.size() || !at.inside(canvas) {
        return Err(Error::malformed(Format::WebP, frame.at, "the picture is of another size than the canvas"));
    }
    let pixels = codec::decode(&frame.chunks, frame.size, budget)?;
    let mut rgba = pixels.rgba;
    if frame.size != canvas {
        let mut whole = vec![0; budget.raster(canvas.width, canvas.height, 4)?];
        copy(&rgba, at, &mut whole, canvas);
        rgba = whole;
    }
    let picture = image::RgbaImage::from_raw(canvas.width, canvas.height, rgba)
        .ok_or_else(|| Error::malformed(Format::WebP, frame.at, "the picture is of another size than the canvas"))?;
    Ok(Raster::upright(over_white(picture.into()), canvas, orientation))
}

/// The picture's pixels with their alpha.
pub(super) fn rgba(source: &mut dyn Source, riff: &Riff, budget: &mut Budget) -> Result<Vec<u8>> {
    let frame = Frame::find(source, &riff.chunks)?;
    Ok(codec::decode(&frame.chunks, frame.size, budget)?.rgba)
}

/// The pixels of one frame as they stand in the file.
pub(super) struct Frame {
    /// Offset of the picture's chunk.
    at: u64,
    pub(super) size: Size,
    pub(super) lossless: bool,
    /// Length of the chunks in bytes.
    pub(super) len: u64,
    /// The chunks with headers and padding, alpha first.
    pub(super) chunks: Vec<u8>,
    /// Where they stand.
    ranges: Vec<std::ops::Range<u64>>,
}

impl Frame {
    /// The first picture among `chunks`, with its alpha.
    pub(super) fn find(source: &mut dyn Source, chunks: &[Chunk]) -> Result<Self> {
        let picture = chunks.iter().find(|chunk| matches!(&chunk.id, b"VP8 " | b"VP8L")).ok_or_else(|| {
            Error::malformed(Format::WebP, chunks.first().map_or(12, |chunk| chunk.at), "there is no picture")
        })?;
        let (size, _) = super::frame_size(source, picture)?;
        let lossless = picture.id == *b"VP8L";
        // RFC 9649 §2.7.1: a lossless picture carries its own alpha, and an ALPH beside it is ignored.
        let alpha = chunks.iter().find(|chunk| chunk.id == *b"ALPH" && chunk.at < picture.at && !lossless);
        let mut frame = Self { at: picture.at, size, lossless, len: 0, chunks: Vec::new(), ranges: Vec::new() };
        for chunk in alpha.into_iter().chain([picture]) {
            let range = chunk.whole();
            frame.chunks.extend(read_at(source, Format::WebP, range.start, range.end - range.start)?);
            if chunk.lacks_padding() {
                frame.chunks.push(0);
            }
            frame.len += range.end - range.start;
            frame.ranges.push(range);
        }
        Ok(frame)
    }
}

/// The pixels in the frame of the notice; what a strip adds is black until the notice covers it.
fn grown(pixels: Pixels, notice: &StoredNotice) -> Pixels {
    if notice.grow.is_zero() {
        return pixels;
    }
    let Size { width, height } = notice.frame;
    let mut rgba = vec![0; width as usize * height as usize * 4];
    let at = Rect { x: notice.grow.left, y: notice.grow.top, width: pixels.size.width, height: pixels.size.height };
    copy(&pixels.rgba, at, &mut rgba, notice.frame);
    Pixels { size: notice.frame, rgba }
}

/// Copies the RGBA rows of `from` to the rectangle `at` of a picture of `size`, which holds it.
pub(super) fn copy(from: &[u8], at: Rect, to: &mut [u8], size: Size) {
    let len = at.width as usize * 4;
    for (y, row) in (at.y as usize..).zip(from.chunks_exact(len.max(4))) {
        let start = (y * size.width as usize + at.x as usize) * 4;
        to[start..start + len].copy_from_slice(row);
    }
}
