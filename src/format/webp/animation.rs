//! The notice in every frame of an animation.
//!
//! A frame that the notice does not touch stays as it is, byte for byte: what earlier frames drew shows through. A frame
//! that overlaps the plate gets its part of it, or a hole where the plate stands already. Only where the plate would not
//! be whole on the canvas (the first frame does not cover it, or a frame before cleared it) a frame is composed anew, as
//! far as needed.

use super::{
    ALPHA, Canvas,
    codec::{self, Closeness, Mode, Old, Pixels},
    still::{Frame, copy},
};
use crate::{
    Error, Format, Result,
    container::riff::{self, Chunk, Riff},
    format::Marked,
    geometry::Rect,
    limits::Budget,
    notice::{StoredNotice, blend},
    stream::{Source, read_at},
};

/// Flags of an `ANMF` chunk, RFC 9649 §2.7.1.1.
const DISPOSE: u8 = 0x01;
const NO_BLEND: u8 = 0x02;

pub(super) fn draw(
    source: &mut dyn Source,
    riff: &Riff,
    canvas: &mut Canvas,
    notice: &StoredNotice,
    marked: &mut Marked,
    budget: &mut Budget,
) -> Result<()> {
    if canvas.size != notice.original() {
        return Err(Error::malformed(Format::WebP, 12, "the canvas changed its size"));
    }
    // The canvas with and without the notice, a frame, and what is made of it.
    let len = budget.raster(notice.frame.width, notice.frame.height, 4)?;
    budget.raster(notice.frame.width, notice.frame.height, 12)?;
    let mut stage = Stage {
        notice,
        canvas: vec![0; len],
        missing: true,
        stale: None,
        quality: None,
        worst: None,
        again: 0,
        alpha: false,
    };
    let mut frames = 0;
    for chunk in riff.chunks.iter().filter(|chunk| chunk.id == *b"ANMF") {
        if let Some(new) = stage.frame(source, chunk, budget)? {
            marked.patch.replace(chunk.whole(), new);
        }
        frames += 1;
    }
    if frames == 0 {
        return Err(Error::malformed(Format::WebP, 12, "the animation has no frames"));
    }
    if stage.alpha {
        canvas.flags |= ALPHA;
    }
    if let Some(worst) = stage.worst {
        marked.remarks.push(format!(
            "{} of {frames} frames were decoded and encoded again (quality {} or more): outside the notice they stayed within \
             {:.1} dB PSNR, at up to {:.2} times the size",
            stage.again, worst.quality, worst.psnr, worst.ratio
        ));
    }
    marked.noticed = true;
    Ok(())
}

struct Stage<'a> {
    notice: &'a StoredNotice,
    /// What the original animation shows, in the notice's frame, without the notice.
    canvas: Vec<u8>,
    /// The plate is not whole on the new animation's canvas.
    missing: bool,
    /// Where the new animation's canvas differs from the original's outside the plate.
    stale: Option<Rect>,
    /// The quality of the lossy frame before.
    quality: Option<f32>,
    worst: Option<Closeness>,
    again: u32,
    /// A frame that was encoded again has alpha.
    alpha: bool,
}

/// The header of an `ANMF` chunk.
#[derive(Clone, Copy)]
struct Header {
    rect: Rect,
    duration: [u8; 3],
    flags: u8,
}

impl Stage<'_> {
    /// What stands in the place of the `ANMF` chunk; `None` when it stays.
    fn frame(&mut self, source: &mut dyn Source, chunk: &Chunk, budget: &mut Budget) -> Result<Option<Vec<u8>>> {
        let malformed = |why: &str| Err(Error::malformed(Format::WebP, chunk.at, why));
        let header = Header::read(source, chunk)?;
        let children = children(source, chunk, budget)?;
        let frame = Frame::find(source, &children)?;
        if frame.size != header.rect.size() {
            return malformed("the frame's pixels are of another size than its header says");
        }
        if !header.rect.inside(self.notice.original()) {
            return malformed("the frame reaches out of the canvas");
        }
        let unknown = unknown(source, &children)?;
        let mut pixels = codec::decode(&frame.chunks, frame.size, budget)?;
        let grow = self.notice.grow;
        let rect = Rect { x: header.rect.x + grow.left, y: header.rect.y + grow.top, ..header.rect };
        self.compose(&pixels, rect, header.flags & NO_BLEND != 0);
        let disposes = header.flags & DISPOSE != 0;

        let plate = self.notice.rect;
        let even = rect.x.is_multiple_of(2) && rect.y.is_multiple_of(2);
        let light = even && self.stale.is_none() && (!self.missing || rect.union(plate) == rect);
        // An eighth of the canvas: the error of what stands elsewhere grows by half a decibel at most.
        let least = self.canvas.len() as u64 / 4 / 8;
        let old = Old { len: frame.len, hint: self.quality, least };
        let mode = if frame.lossless { Mode::Lossless } else { Mode::Lossy(old) };
        let new = if light {
            let part = self.notice.within(rect);
            let shines_through = !self.missing && header.flags & NO_BLEND == 0;
            self.missing = disposes && part.is_some();
            match part {
                None if grow.is_zero() => None,
                // The strip moves the canvas, but not this frame's pixels.
                None => Some(Header { rect, ..header }.write(&frame.chunks, &unknown)?),
                Some(part) => {
                    if shines_through {
                        // The plate stands already: a hole costs less than its letters, and has no edges in colour.
                        clear(&mut pixels, part.rect);
                    } else {
                        blend::<4, u8>(&mut pixels.rgba, rect.width as usize * 4, &part);
                    }
                    let chunks = self.encode(&pixels, Some(part.rect), mode, budget)?;
                    Some(Header { rect, ..header }.write(&chunks, &unknown)?)
                }
            }
        } else {
            let mut whole = self.stale.map_or(rect, |stale| stale.union(rect));
            if self.missing {
                whole = whole.union(plate);
            }
            // Offsets are counted in steps of two pixels.
            let (x, y) = (whole.x & !1, whole.y & !1);
            let whole = Rect { x, y, width: whole.x - x + whole.width, height: whole.y - y + whole.height };
            let mut pixels = self.crop(whole);
            let part = self.notice.within(whole);
            if let Some(part) = &part {
                blend::<4, u8>(&mut pixels.rgba, whole.width as usize * 4, part);
            }
            self.missing = false;
            self.stale = disposes.then_some(rect);
            let chunks = self.encode(&pixels, part.map(|part| part.rect), mode, budget)?;
            Some(Header { rect: whole, flags: header.flags & !DISPOSE | NO_BLEND, ..header }.write(&chunks, &unknown)?)
        };
        if disposes {
            self.clear(rect);
        }
        Ok(new)
    }

    fn encode(&mut self, pixels: &Pixels, covered: Option<Rect>, mode: Mode, budget: &Budget) -> Result<Vec<u8>> {
        let encoded = codec::encode(pixels, covered, mode, budget)?;
        self.alpha |= encoded.alpha;
        if let Some(closeness) = encoded.closeness {
            self.again += 1;
            self.quality = Some(closeness.quality);
            let worst = self.worst.get_or_insert(closeness);
            worst.psnr = worst.psnr.min(closeness.psnr);
            worst.quality = worst.quality.min(closeness.quality);
            worst.ratio = worst.ratio.max(closeness.ratio);
        }
        Ok(encoded.chunks)
    }

    /// Puts a frame onto the original's canvas.
    fn compose(&mut self, pixels: &Pixels, rect: Rect, replace: bool) {
        if replace {
            copy(&pixels.rgba, rect, &mut self.canvas, self.notice.frame);
            return;
        }
        let len = rect.width as usize * 4;
        for (y, row) in (rect.y as usize..).zip(pixels.rgba.chunks_exact(len.max(4))) {
            let start = (y * self.notice.frame.width as usize + rect.x as usize) * 4;
            let under = self.canvas[start..start + len].chunks_exact_mut(4);
            for (under, over) in under.zip(row.chunks_exact(4)) {
                over_straight(under, over);
            }
        }
    }

    fn clear(&mut self, rect: Rect) {
        let len = rect.width as usize * 4;
        for y in rect.y..rect.y + rect.height {
            let start = (y as usize * self.notice.frame.width as usize + rect.x as usize) * 4;
            self.canvas[start..start + len].fill(0);
        }
    }

    fn crop(&self, rect: Rect) -> Pixels {
        let mut rgba = Vec::with_capacity(rect.width as usize * rect.height as usize * 4);
        for y in rect.y..rect.y + rect.height {
            let start = (y as usize * self.notice.frame.width as usize + rect.x as usize) * 4;
            rgba.extend_from_slice(&self.canvas[start..start + rect.width as usize * 4]);
        }
        Pixels { size: rect.size(), rgba }
    }
}

/// Makes a rectangle transparent.
fn clear(pixels: &mut Pixels, rect: Rect) {
    for y in rect.y..rect.y + rect.height {
        let start = (y as usize * pixels.size.width as usize + rect.x as usize) * 4;
        let row = &mut pixels.rgba[start..start + rect.width as usize * 4];
        row.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0);
    }
}

/// Where the frame of an `ANMF` chunk stands on the canvas, and its chunks.
pub(super) fn open(source: &mut dyn Source, chunk: &Chunk, budget: &mut Budget) -> Result<(Rect, Vec<Chunk>)> {
    Ok((Header::read(source, chunk)?.rect, children(source, chunk, budget)?))
}

fn children(source: &mut dyn Source, chunk: &Chunk, budget: &mut Budget) -> Result<Vec<Chunk>> {
    riff::chunks(source, Format::WebP, chunk.at + 24..chunk.at + 8 + chunk.len, budget)
}

/// The chunks of a frame that are no pixels.
fn unknown(source: &mut dyn Source, children: &[Chunk]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in children.iter().filter(|chunk| !matches!(&chunk.id, b"ALPH" | b"VP8 " | b"VP8L")) {
        bytes.extend(read_at(source, Format::WebP, chunk.at, chunk.end - chunk.at)?);
        if chunk.lacks_padding() {
            bytes.push(0);
        }
    }
    Ok(bytes)
}

/// Straight alpha over straight alpha, with the rounding of libwebp's animation decoder, so that a composed frame shows
/// what players show.
fn over_straight(under: &mut [u8], over: &[u8]) {
    let alpha = u32::from(over[3]);
    if alpha == 0 {
        return;
    }
    if alpha == 255 {
        under.copy_from_slice(over);
        return;
    }
    let below = (u32::from(under[3]) * (256 - alpha)) >> 8;
    let sum = alpha + below;
    let scale = (1u32 << 24) / sum;
    for (under, over) in under[..3].iter_mut().zip(over) {
        let value = u32::from(*over) * alpha + u32::from(*under) * below;
        *under = ((u64::from(value) * u64::from(scale)) >> 24).min(255) as u8;
    }
    under[3] = sum.min(255) as u8;
}

impl Header {
    fn read(source: &mut dyn Source, chunk: &Chunk) -> Result<Self> {
        let head = read_at(source, Format::WebP, chunk.at + 8, chunk.len.min(16))?;
        let &[x0, x1, x2, y0, y1, y2, w0, w1, w2, h0, h1, h2, d0, d1, d2, flags] = head.as_slice() else {
            return Err(Error::malformed(Format::WebP, chunk.at, "the ANMF chunk is too short"));
        };
        let number = |bytes| u32::from_le_bytes(bytes);
        let rect = Rect {
            x: number([x0, x1, x2, 0]) * 2,
            y: number([y0, y1, y2, 0]) * 2,
            width: number([w0, w1, w2, 0]) + 1,
            height: number([h0, h1, h2, 0]) + 1,
        };
        Ok(Self { rect, duration: [d0, d1, d2], flags })
    }

    /// The whole chunk.
    fn write(self, chunks: &[u8], unknown: &[u8]) -> Result<Vec<u8>> {
        let Rect { x, y, width, height } = self.rect;
        let mut data = Vec::with_capacity(chunks.len() + 16);
        for value in [x / 2, y / 2, width - 1, height - 1] {
            data.extend_from_slice(&value.to_le_bytes()[..3]);
        }
        data.extend(self.duration);
        data.push(self.flags);
        data.extend(chunks);
        data.extend(unknown);
        riff::chunk(Format::WebP, *b"ANMF", &data)
    }
}
