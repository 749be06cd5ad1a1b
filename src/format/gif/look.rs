//! The part of the first picture where the notice stands.

use super::{
    blocks::{self, Walk},
    pixels,
};
use crate::{
    Format, Result,
    geometry::{Rect, Size},
    limits::Budget,
    notice::Raster,
    stream::{Source, read_at},
};

/// The pixels at `rect`, decoded no further than to its last row; `None` where the first picture does not hold all of it,
/// or has its rows in another order.
pub(super) fn part(source: &mut dyn Source, rect: Rect, budget: &mut Budget) -> Result<Option<Raster>> {
    let walk = Walk::of(source, budget)?;
    let Some((part, image)) = walk.images().next() else { return Ok(None) };
    let (at, frame) = (image.data, image.rect);
    if image.packed & 0x40 != 0 || frame.union(rect) != frame {
        return Ok(None);
    }
    let range = if image.table.is_empty() { &walk.table } else { &image.table };
    let table = read_at(source, Format::Gif, range.start, range.end - range.start)?;
    let code_size = read_at(source, Format::Gif, at, 1)?[0];
    let lzw = blocks::content(source, at + 1..part.range.end)?;
    let (left, top) = ((rect.x - frame.x) as usize, (rect.y - frame.y) as usize);
    let read = Size { width: frame.width, height: rect.y - frame.y + rect.height };
    let indices = pixels::decode(&lzw, at, code_size, read, false, None, budget)?;
    let mut rgb = Vec::with_capacity(budget.raster(rect.width, rect.height, 3)?);
    for row in indices.chunks_exact((read.width as usize).max(1)).skip(top) {
        for &index in &row[left..left + rect.width as usize] {
            let entry = table.get(usize::from(index) * 3..usize::from(index) * 3 + 3);
            rgb.extend_from_slice(entry.unwrap_or(&[255; 3]));
        }
    }
    Ok(Some(Raster { size: rect.size(), rgb }))
}
