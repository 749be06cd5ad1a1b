//! Boxes of the movie that count samples, time or bytes: ISO/IEC 14496-12, 8.2 to 8.9.

use super::{
    film::tables::{chunks, longer, sizes},
    movie::{Change, Insertion},
};
use crate::stream::{be_u32, be_u64};

/// The new content of a box; `None` for boxes that stay as they are, `Some(None)` for one that breaks its own grammar.
pub(super) fn changed(kind: &[u8; 4], body: &[u8], change: &Change) -> Option<Option<Vec<u8>>> {
    match (kind, change.insert) {
        (b"stco" | b"co64", _) => Some(offsets(kind, body, change)),
        (_, None) => None,
        (b"mvhd" | b"mdhd", Some(insert)) => {
            let more = if kind == b"mvhd" { insert.in_movie() } else { insert.media() };
            Some(longer(body, more, [16, 24]))
        }
        (b"tkhd", Some(insert)) => Some(longer(body, insert.in_movie(), [20, 28])),
        (b"elst", Some(insert)) => Some(edited(body, insert)),
        (b"stts", Some(insert)) => Some(times(body, insert)),
        (b"stsc", Some(insert)) => Some(table(|made| chunks(body, &insert.lens, made))),
        (b"stsz", Some(insert)) => Some(table(|made| sizes(body, &insert.lens, made))),
        (b"sbgp", Some(insert)) => Some(groups(body, insert)),
        _ => None,
    }
}

fn table(make: impl FnOnce(&mut Vec<u8>) -> Option<()>) -> Option<Vec<u8>> {
    let mut made = Vec::new();
    make(&mut made)?;
    Some(made)
}

/// What an edit list of one entry leaves out at the start, in the track's units; `None` for other lists.
pub(super) fn edit(body: &[u8]) -> Option<u64> {
    if be_u32(body, 4) != Some(1) {
        return None;
    }
    let (time, rate) = match body.first()? {
        1 => (i64::from_be_bytes(body.get(16..24)?.try_into().ok()?), be_u32(body, 24)?),
        _ => (i32::from_be_bytes(body.get(12..16)?.try_into().ok()?).into(), be_u32(body, 16)?),
    };
    u64::try_from(time).ok().filter(|_| rate == 1 << 16)
}

/// The entry leaves out the notice's priming instead, and lasts longer.
fn edited(body: &[u8], insert: &Insertion) -> Option<Vec<u8>> {
    let (more, time) = (insert.in_movie(), insert.sample());
    let mut made = body.to_vec();
    if body.first() == Some(&1) {
        let duration = be_u64(body, 8)?;
        let new = if duration == 0 { 0 } else { duration.checked_add(more)? };
        made.get_mut(8..16)?.copy_from_slice(&new.to_be_bytes());
        made.get_mut(16..24)?.copy_from_slice(&time.to_be_bytes());
    } else {
        let duration = be_u32(body, 8)?;
        let new = if duration == 0 { 0 } else { u32::try_from(u64::from(duration) + more).ok()? };
        made.get_mut(8..12)?.copy_from_slice(&new.to_be_bytes());
        made.get_mut(12..16)?.copy_from_slice(&u32::try_from(time).ok()?.to_be_bytes());
    }
    Some(made)
}

/// `stts`: how many samples last how long. The first entry has been seen to last as long as the notice's.
fn times(body: &[u8], insert: &Insertion) -> Option<Vec<u8>> {
    let count = be_u32(body, 8)?.checked_add(u32::try_from(insert.lens.len()).ok()?)?;
    let mut made = body.to_vec();
    made.get_mut(8..12)?.copy_from_slice(&count.to_be_bytes());
    Some(made)
}

/// `sbgp`: which samples belong to which group. The notice's are like the first.
fn groups(body: &[u8], insert: &Insertion) -> Option<Vec<u8>> {
    let at = if body.first() == Some(&1) { 12 } else { 8 };
    let mut made = body.to_vec();
    if be_u32(body, at)? > 0 {
        let count = be_u32(body, at + 4)?.checked_add(u32::try_from(insert.lens.len()).ok()?)?;
        made.get_mut(at + 4..at + 8)?.copy_from_slice(&count.to_be_bytes());
    }
    Some(made)
}

/// `stco` and `co64`: where each chunk stands in the file; the notice's comes first.
fn offsets(kind: &[u8; 4], body: &[u8], change: &Change) -> Option<Vec<u8>> {
    let count = be_u32(body, 4)?;
    let wide = kind == b"co64";
    let width = if wide { 8 } else { 4 };
    let entries = body.get(8..8_usize.checked_add(usize::try_from(count).ok()?.checked_mul(width)?)?)?;
    let new = count.checked_add(u32::from(change.insert.is_some()))?;
    let mut made = [body.get(..4)?, &new.to_be_bytes()].concat();
    let mut put = |offset: u64| {
        match wide {
            true => made.extend(offset.to_be_bytes()),
            false => made.extend(u32::try_from(offset).ok()?.to_be_bytes()),
        }
        Some(())
    };
    if change.insert.is_some() {
        put(change.data)?;
    }
    for entry in entries.chunks_exact(width) {
        let offset = if wide { be_u64(entry, 0)? } else { be_u32(entry, 0)?.into() };
        put((change.moved)(offset)?)?;
    }
    Some(made)
}
