//! The part of the picture where the notice stands.

use super::{
    chunks::{Colour, Header, Walk},
    idat::Stream,
    pixels::Canvas,
};
use crate::{
    Result,
    geometry::{Orientation, Rect, Size},
    limits::Budget,
    notice::Raster,
    stream::Source,
};

/// Compressed bytes beyond those of the pixels that a deflate stream may take: block headers, and a window of them.
const SLACK: u64 = 64 * 1024;

/// The pixels at `rect` of a picture shown with `frame`, inflated no further than to its last row; `None` where rows stand
/// in another order. The plate is opaque: transparency is not looked at.
pub(super) fn part(
    source: &mut dyn Source,
    orientation: Orientation,
    rect: Rect,
    frame: Size,
    budget: &mut Budget,
) -> Result<Option<Raster>> {
    let walk = Walk::of(source, budget)?;
    let header = walk.header(source)?;
    let stored = orientation.stored_rect(rect, frame);
    let pixels: Vec<_> = walk.chunks.iter().filter(|chunk| &chunk.kind == b"IDAT").copied().collect();
    if header.interlaced || !stored.inside(header.size) || pixels.is_empty() {
        return Ok(None);
    }
    let palette = match walk.find(b"PLTE").filter(|_| header.colour == Colour::Palette) {
        Some(chunk) => chunk.metadata(source, budget)?.0,
        None => Vec::new(),
    };
    let read = Header { size: Size { height: stored.y + stored.height, ..header.size }, ..header };
    let most = (header.row_bytes(read.size.width) as u64 + 1) * u64::from(read.size.height) * 2 + SLACK;
    let (stream, at) = (Stream::new(&pixels), pixels[0].at);
    let mut zlib = vec![0; usize::try_from(stream.len().min(most)).unwrap_or(usize::MAX)];
    let filled = stream.read(source, 0, &mut zlib)?;
    zlib.truncate(filled);
    let (canvas, _) = Canvas::decode(&zlib, at, &read, budget)?;
    let mut rgb = Vec::with_capacity(budget.raster(stored.width, stored.height, 3)?);
    for y in stored.y..stored.y + stored.height {
        let (start, len) = (stored.x as usize * canvas.unit, stored.width as usize * canvas.unit);
        let row = canvas.row(y).get(start..start + len).unwrap_or_default();
        match (header.colour, header.depth) {
            (Colour::Rgb, 8) => rgb.extend_from_slice(row),
            (Colour::Rgba, 8) => rgb.extend(row.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b])),
            _ => rgb.extend(row.chunks_exact(canvas.unit).flat_map(|pixel| colour(&header, pixel, &palette))),
        }
    }
    Ok(Some(Raster::upright(rgb, stored.size(), orientation)))
}

/// A pixel of a [`Canvas`] as 8-bit RGB.
fn colour(header: &Header, pixel: &[u8], palette: &[u8]) -> [u8; 3] {
    // Of 16 bits the first eight.
    let step = if header.depth == 16 { 2 } else { 1 };
    let sample = |channel: usize| pixel.get(channel * step).copied().unwrap_or_default();
    match header.colour {
        Colour::Palette => {
            let start = usize::from(sample(0)) * 3;
            palette.get(start..start + 3).and_then(|entry| entry.try_into().ok()).unwrap_or_default()
        }
        Colour::Rgb | Colour::Rgba => [sample(0), sample(1), sample(2)],
        _ if header.depth < 8 => [sample(0).saturating_mul(255 / ((1 << header.depth) - 1)); 3],
        _ => [sample(0); 3],
    }
}
