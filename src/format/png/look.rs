//! The part of the picture where the notice stands.

use super::{
    chunks::{Colour, Header, Walk},
    filter::unfilter,
    idat::Stream,
    pixels::{Canvas, Inflater},
    splice::Begins,
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
        if !append(&header, row, &mut rgb) {
            rgb.extend(row.chunks_exact(canvas.unit).flat_map(|pixel| colour(&header, pixel, &palette)));
        }
    }
    Ok(Some(Raster::upright(rgb, stored.size(), orientation)))
}

/// The same for whoever knows where it begins, in a picture of 8-bit colours: what stands before is not inflated.
pub(super) fn part_from(
    begins: &Begins,
    source: &mut dyn Source,
    orientation: Orientation,
    (rect, frame): (Rect, Size),
    budget: &mut Budget,
) -> Result<Option<Raster>> {
    let walk = Walk::of(source, budget)?;
    let header = walk.header(source)?;
    let stored = orientation.stored_rect(rect, frame);
    let pixels: Vec<_> = walk.chunks.iter().filter(|chunk| &chunk.kind == b"IDAT").copied().collect();
    let is_plain = matches!(header.colour, Colour::Rgb | Colour::Rgba) && header.depth == 8 && !header.interlaced;
    let (unit, len) = (header.unit(), header.row_bytes(header.size.width) as u64 + 1);
    let (left, right) = (stored.x as usize * unit, (stored.x + stored.width) as usize * unit);
    let before = (u64::from(stored.y) * len).checked_sub(begins.out);
    let fits = is_plain && stored.inside(header.size) && right <= begins.above.len() && !pixels.is_empty();
    let (true, Some(before)) = (fits && (begins.above.len() as u64) < len, before) else { return Ok(None) };
    budget.raster(header.size.width, header.size.height, unit as u64)?;
    let stream = Stream::new(&pixels);
    let mut deflated = vec![0; usize::try_from(begins.len).unwrap_or(usize::MAX)];
    let filled = stream.read(source, begins.at, &mut deflated)?;
    let mut inflater = Inflater::of_blocks(&deflated[..filled], pixels[0].at);
    // What stands between the last place between symbols and the notice.
    inflater.fill(&mut vec![0; usize::try_from(before).unwrap_or(usize::MAX)])?;
    let (mut above, mut row) = (begins.above.clone(), vec![0; len as usize]);
    let mut rgb = Vec::with_capacity(budget.raster(stored.width, stored.height, 3)?);
    for _ in 0..stored.height {
        inflater.fill(&mut row)?;
        let (kind, seen) = (row[0], &mut row[1..=above.len()]);
        if !unfilter(kind, seen, &above, header.distance()) {
            return Ok(None);
        }
        above.copy_from_slice(seen);
        append(&header, &above[left..right], &mut rgb);
    }
    Ok(Some(Raster::upright(rgb, stored.size(), orientation)))
}

/// Appends pixels of 8-bit colours as RGB; `false` where they are others.
fn append(header: &Header, row: &[u8], rgb: &mut Vec<u8>) -> bool {
    match (header.colour, header.depth) {
        (Colour::Rgb, 8) => rgb.extend_from_slice(row),
        (Colour::Rgba, 8) => rgb.extend(row.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b])),
        _ => return false,
    }
    true
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
