//! The notice on every page.

use std::collections::HashSet;

use super::{
    Changes, NEW_SUBFILE_TYPE, codec, coded, is_page,
    layout::{
        self, Compression, IMAGE_LENGTH, IMAGE_WIDTH, JPEG_TABLES, Layout, ROWS_PER_STRIP, STRIP_BYTE_COUNTS,
        STRIP_OFFSETS, TILE_BYTE_COUNTS, TILE_LENGTH, TILE_OFFSETS, TILE_WIDTH,
    },
    pixels::{Ink, Samples, paint},
    shape,
};
use crate::{
    Error, Result,
    container::tiff::{Field, Structure},
    format::{Label, Marked},
    limits::Budget,
    notice::StoredNotice,
    patch::Patch,
    stream::Source,
};

pub(super) fn draw(
    source: &mut dyn Source,
    structure: &Structure,
    changes: &mut Changes,
    label: &Label,
    marked: &mut Marked,
    budget: &mut Budget,
) -> Result<()> {
    let Some(notice) = label.notice else { return Ok(()) };
    let mut layouts = Vec::new();
    for (index, page) in changes.pages.iter().enumerate() {
        let directory = &page.directory;
        // Smaller versions and masks of another page (NewSubfileType) are no pages of their own.
        let kind = structure.number(source, directory, NEW_SUBFILE_TYPE, budget).unwrap_or(0);
        if page.gone || !is_page(directory) || (index > 0 && kind & 0b101 != 0) {
            continue;
        }
        match Layout::read(structure, source, directory, budget)? {
            Ok(layout) => layouts.push((index, layout)),
            Err(why) => refuse(marked, index, &why),
        }
    }
    let alone = alone(&layouts);
    for (index, layout) in layouts {
        let Some((size, orientation)) = shape(structure, source, &changes.pages[index].directory, budget) else {
            continue;
        };
        let shown = orientation.shown(size);
        let stored = notice.stored(orientation);
        let unit = layout::strip_unit(matches!(layout.compression, Compression::Jpeg(_)).then_some(7));
        let stored = if index == 0 || stored.original() == size {
            stored
        } else {
            match (label.notice_for)(shown) {
                Ok(other) => other.with_strip_of(unit).stored(orientation),
                Err(Error::NoticeDoesNotFit { why }) => {
                    refuse(marked, index, &why);
                    continue;
                }
                Err(error) => return Err(error),
            }
        };
        let ink = match Ink::mix(&layout, &stored) {
            Ok(ink) => ink,
            Err(why) => {
                refuse(marked, index, &why);
                continue;
            }
        };
        let drawn = if stored.grow.is_zero() {
            overlay(source, structure, changes, index, layout, &stored, &ink, &alone, &mut marked.patch, budget)?
        } else {
            if unit > 1 && layout.parts().nth(1).is_some() {
                marked.remarks.push(format!(
                    "the strips or tiles of page {} were joined: where they met, readers now smooth the colours",
                    index + 1
                ));
            }
            extend(source, structure, changes, index, &layout, &stored, &ink, budget)?
        };
        if let Err(why) = drawn {
            refuse(marked, index, &why);
            continue;
        }
        marked.noticed |= index == 0;
    }
    Ok(())
}

fn refuse(marked: &mut Marked, index: usize, why: &str) {
    marked.missing.push(format!("no notice on page {}: {why}", index + 1));
}

/// Offsets of the strips and tiles that share no byte with another.
fn alone(layouts: &[(usize, Layout)]) -> HashSet<u64> {
    let mut ranges: Vec<_> = layouts
        .iter()
        .flat_map(|(_, layout)| layout.parts().map(|part| part.data))
        .filter(|data| !data.is_empty())
        .collect();
    ranges.sort_by_key(|data| (data.start, data.end));
    let mut alone = HashSet::new();
    let mut reached = 0;
    for (at, data) in ranges.iter().enumerate() {
        if reached <= data.start && ranges.get(at + 1).is_none_or(|next| data.end <= next.start) {
            alone.insert(data.start);
        }
        reached = reached.max(data.end);
    }
    alone
}

/// Paints the strips or tiles that the plate overlaps: in their old place where they fit, else behind the file.
#[expect(clippy::too_many_arguments, reason = "a page, where it stands, and what is painted")]
fn overlay(
    source: &mut dyn Source,
    structure: &Structure,
    changes: &mut Changes,
    index: usize,
    mut layout: Layout,
    notice: &StoredNotice,
    ink: &Ink,
    alone: &HashSet<u64>,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<Result<(), String>> {
    // Nothing is changed before every part could be drawn.
    let mut drawn = Vec::new();
    for part in layout.parts().filter(|part| notice.within(part.rect).is_some()) {
        budget.part()?;
        let data = if let Compression::Jpeg(tables) = &layout.compression {
            match coded::painted(source, tables, &layout, &part, notice, ink, budget)? {
                Ok(data) => data,
                Err(why) => return Ok(Err(why)),
            }
        } else {
            let mut rows = codec::decode(source, &layout, &part, budget)?;
            paint(&mut rows, &layout, &part, notice, ink);
            codec::encode(rows, &layout, &part)?
        };
        drawn.push((part, data));
    }
    let (mut moved, mut resized) = (false, false);
    for (part, data) in drawn {
        let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let place = part.data.start..part.data.start + data.len() as u64;
        if place.end <= part.data.end && place.end <= changes.base && alone.contains(&place.start) {
            patch.replace(place, data);
        } else {
            layout.offsets[part.index] = changes.append(&data)?;
            moved = true;
        }
        resized |= layout.counts[part.index] != len;
        layout.counts[part.index] = len;
    }
    let (at, count) = if layout.tiled { (TILE_OFFSETS, TILE_BYTE_COUNTS) } else { (STRIP_OFFSETS, STRIP_BYTE_COUNTS) };
    let set = &mut changes.pages[index].set;
    if moved {
        set.push(Field::longs(at, &layout.offsets, structure.order));
    }
    if resized {
        set.push(Field::longs(count, &layout.counts, structure.order));
    }
    Ok(Ok(()))
}

/// Writes a small page anew, with the strip that the notice fills.
#[expect(clippy::too_many_arguments, reason = "a page, where it stands, and what is painted")]
fn extend(
    source: &mut dyn Source,
    structure: &Structure,
    changes: &mut Changes,
    index: usize,
    layout: &Layout,
    notice: &StoredNotice,
    ink: &Ink,
    budget: &mut Budget,
) -> Result<Result<(), String>> {
    let mut new = layout.anew(notice.frame);
    let parts: Vec<_> = new.parts().collect();
    let mut written = Vec::new();
    if let Compression::Jpeg(tables) = &layout.compression {
        for part in &parts {
            match coded::joined(source, tables, layout, part.first_sample, notice, ink, budget)? {
                Ok(data) => written.push(data),
                Err(why) => return Ok(Err(why)),
            }
        }
    } else {
        let samples = Samples::load(source, layout, budget)?.grow(notice, layout, budget)?;
        for part in &parts {
            let mut rows = samples.rows(&new, part);
            paint(&mut rows, &new, part, notice, ink);
            written.push(codec::encode(rows, &new, part)?);
        }
    }
    for (part, data) in parts.iter().zip(written) {
        new.counts[part.index] = u32::try_from(data.len()).unwrap_or(u32::MAX);
        new.offsets[part.index] = changes.append(&data)?;
    }
    let order = structure.order;
    let page = &mut changes.pages[index];
    page.drop.extend([TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS, TILE_BYTE_COUNTS, JPEG_TABLES]);
    page.set.extend([
        Field::longs(IMAGE_WIDTH, &[new.size.width], order),
        Field::longs(IMAGE_LENGTH, &[new.size.height], order),
        Field::longs(STRIP_OFFSETS, &new.offsets, order),
        Field::longs(ROWS_PER_STRIP, &[new.size.height], order),
        Field::longs(STRIP_BYTE_COUNTS, &new.counts, order),
    ]);
    Ok(Ok(()))
}
