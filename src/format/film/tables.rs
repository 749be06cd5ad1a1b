//! Boxes of a track that count samples, time or bytes: ISO/IEC 14496-12, 8.2 to 8.9. What is put in front of a track becomes its first
//! chunk.

use std::ops::Range;

use super::movie::Edit;
use crate::stream::{be_u32, be_u64};

/// Samples in front of those of a track.
#[derive(Debug, Default)]
pub(super) struct Insertion {
    /// Bytes of each.
    pub(super) lens: Vec<u32>,
    /// How many last how long, in the track's units.
    pub(super) times: Vec<(u32, u32)>,
    /// From decoding to showing, in the track's units.
    pub(super) offset: i64,
    /// Whether only the first can be started from.
    pub(super) only_first: bool,
    /// Whether they belong to the groups of the first sample, as sound does.
    pub(super) grouped: bool,
    /// Where they stand, from the first new sample of all tracks.
    pub(super) data: u64,
}

/// What is done to one track.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub(super) insert: Option<Insertion>,
    /// How much longer it gets: in the movie's units, and in its own.
    pub(super) in_movie: u64,
    pub(super) in_media: u64,
    /// The new edit list, where there is another.
    pub(super) edits: Option<Vec<Edit>>,
    /// The new sample entry, where there is another.
    pub(super) entry: Option<Vec<u8>>,
    /// Samples of the track before, for tables that it has not.
    pub(super) samples: u32,
}

/// Whether a box is changed; those that are not are copied.
pub(super) fn is_changed(kind: &[u8; 4], change: &Change) -> bool {
    match kind {
        b"mdhd" => change.in_media > 0,
        b"tkhd" => change.in_movie > 0,
        b"stsd" => change.entry.is_some(),
        b"stts" | b"ctts" | b"cslg" | b"stss" | b"stps" | b"stsh" | b"sdtp" | b"stdp" | b"stsc" | b"stsz" | b"sbgp" => {
            change.insert.is_some()
        }
        _ => false,
    }
}

/// Writes the new content of a box that is changed: tables are as long as the film, and stand in memory once. `None` where the box
/// breaks its own grammar.
pub(super) fn changed(kind: &[u8; 4], body: &[u8], change: &Change, made: &mut Vec<u8>) -> Option<()> {
    match kind {
        b"mdhd" => made.extend(longer(body, change.in_media, [16, 24])?),
        b"tkhd" => made.extend(longer(body, change.in_movie, [20, 28])?),
        b"stsd" => {
            made.extend_from_slice(body.get(..8)?);
            made.extend_from_slice(change.entry.as_ref()?);
        }
        b"cslg" => made.extend(bounds(body, change.insert.as_ref()?, change.in_media)?),
        _ => table(kind, body, change.insert.as_ref()?, made)?,
    }
    Some(())
}

fn table(kind: &[u8; 4], body: &[u8], insert: &Insertion, made: &mut Vec<u8>) -> Option<()> {
    match kind {
        b"stts" => times(body, insert, made),
        b"ctts" => offsets(body, insert, made),
        b"stss" | b"stps" => numbers(body, insert, kind == b"stss", 4, made),
        b"stsh" => numbers(body, insert, false, 8, made),
        b"sdtp" => dependencies(body, insert, made),
        b"stdp" => {
            made.extend_from_slice(body.get(..4)?);
            made.extend(std::iter::repeat_n(0, insert.lens.len().checked_mul(2)?));
            made.extend_from_slice(&body[4..]);
            Some(())
        }
        b"stsc" => chunks(body, &insert.lens, made),
        b"stsz" => sizes(body, &insert.lens, made),
        b"sbgp" => groups(body, insert, made),
        _ => None,
    }
}

/// Begins a table: version and flags as before, and another count.
fn begun(body: &[u8], count: u32, made: &mut Vec<u8>) -> Option<()> {
    made.extend_from_slice(body.get(..4)?);
    made.extend(count.to_be_bytes());
    Some(())
}

/// A duration further on, at the first place in version 0 and at the second in version 1. All ones are "unknown".
pub(in crate::format) fn longer(body: &[u8], more: u64, [short, long]: [usize; 2]) -> Option<Vec<u8>> {
    let mut made = body.to_vec();
    if body.first() == Some(&1) {
        let duration = be_u64(body, long)?;
        let new = if duration == u64::MAX { duration } else { duration.checked_add(more)? };
        made.get_mut(long..long + 8)?.copy_from_slice(&new.to_be_bytes());
    } else {
        let duration = be_u32(body, short)?;
        let new =
            if duration == u32::MAX { duration } else { u32::try_from(u64::from(duration).checked_add(more)?).ok()? };
        made.get_mut(short..short + 4)?.copy_from_slice(&new.to_be_bytes());
    }
    Some(made)
}

/// An edit list: 8.6.6.
pub(super) fn edit_list(edits: &[Edit]) -> Option<Vec<u8>> {
    let is_long = edits.iter().any(|edit| u32::try_from(edit.duration).is_err() || i32::try_from(edit.time).is_err());
    let mut body = vec![u8::from(is_long), 0, 0, 0];
    body.extend(u32::try_from(edits.len()).ok()?.to_be_bytes());
    for Edit { duration, time, rate } in edits {
        if is_long {
            body.extend(duration.to_be_bytes());
            body.extend(time.to_be_bytes());
        } else {
            body.extend(u32::try_from(*duration).ok()?.to_be_bytes());
            body.extend(i32::try_from(*time).ok()?.to_be_bytes());
        }
        body.extend(rate.to_be_bytes());
    }
    Some(body)
}

/// The entries of a table that begins with version, flags and count.
fn entries(body: &[u8], width: usize) -> Option<(u32, &[u8])> {
    let count = be_u32(body, 4)?;
    let len = usize::try_from(count).ok()?.checked_mul(width)?;
    Some((count, body.get(8..8_usize.checked_add(len)?)?))
}

/// `stts`: how many samples last how long.
fn times(body: &[u8], insert: &Insertion, made: &mut Vec<u8>) -> Option<()> {
    let (mut count, mut entries) = entries(body, 8)?;
    let mut runs = insert.times.clone();
    // Equal neighbours are one run, as in the file before.
    if let (Some(last), Some(first), Some(delta)) = (runs.last_mut(), be_u32(entries, 0), be_u32(entries, 4))
        && last.1 == delta
    {
        last.0 = last.0.checked_add(first)?;
        (count, entries) = (count - 1, &entries[8..]);
    }
    begun(body, count.checked_add(u32::try_from(runs.len()).ok()?)?, made)?;
    for (samples, delta) in runs {
        made.extend(samples.to_be_bytes());
        made.extend(delta.to_be_bytes());
    }
    made.extend_from_slice(entries);
    Some(())
}

/// `ctts`: when samples are shown, after they are decoded.
fn offsets(body: &[u8], insert: &Insertion, made: &mut Vec<u8>) -> Option<()> {
    let (count, entries) = entries(body, 8)?;
    begun(body, count.checked_add(1)?, made)?;
    made.extend(u32::try_from(insert.lens.len()).ok()?.to_be_bytes());
    // Negative ones in version 1 only, where the track has such.
    let offset = i32::try_from(insert.offset).ok().filter(|offset| *offset >= 0 || body.first() == Some(&1))?;
    made.extend(offset.to_be_bytes());
    made.extend_from_slice(entries);
    Some(())
}

/// A table for a track whose samples were all to be started from: 8.6.2. It lists those that are.
pub(super) fn starts(change: &Change, made: &mut Vec<u8>) -> Option<()> {
    let insert = change.insert.as_ref()?;
    let count = u32::try_from(insert.lens.len()).ok()?;
    begun(&[0; 4], change.samples.checked_add(1)?, made)?;
    made.extend(1_u32.to_be_bytes());
    for number in 1..=change.samples {
        made.extend(number.checked_add(count)?.to_be_bytes());
    }
    Some(())
}

/// The earliest time at which a sample is shown, in the track's units from the decoding of the first.
pub(super) fn earliest(times: &[u8], offsets: &[u8]) -> i64 {
    let is_signed = offsets.first() == Some(&1);
    let run = |table: &[u8], index: usize| {
        let at = 8_usize.checked_add(index.checked_mul(8)?)?;
        Some((be_u32(table, at)?, be_u32(table, at + 4)?))
    };
    let (mut time, mut index, mut left, mut delta) = (0_i64, 0, 0_u32, 0_i64);
    let mut least = i64::MAX;
    for offset in 0.. {
        let Some((mut count, value)) = run(offsets, offset) else { break };
        let value = if is_signed { value.cast_signed().into() } else { i64::from(value) };
        // A run of equal offsets is earliest at its start.
        least = least.min(time.saturating_add(value));
        while count > 0 {
            if left == 0 {
                let Some((more, units)) = run(times, index) else { return least };
                (left, delta, index) = (more, units.into(), index + 1);
                if more == 0 {
                    continue;
                }
            }
            let step = count.min(left);
            time = time.saturating_add(delta.saturating_mul(step.into()));
            (count, left) = (count - step, left - step);
        }
    }
    if least == i64::MAX { 0 } else { least }
}

/// Bytes and duration of the first samples, `count` at most.
pub(super) fn leading(times: &[u8], sizes: &[u8], count: u32) -> Vec<(u32, u32)> {
    let all = be_u32(sizes, 4).filter(|all| *all > 0);
    let len = |index: usize| all.or_else(|| be_u32(sizes, 12_usize.checked_add(index.checked_mul(4)?)?));
    let (mut run, mut left, mut delta) = (8, 0, 0);
    let count = count.min(be_u32(sizes, 8).unwrap_or(0)) as usize;
    let mut duration = || {
        while left == 0 {
            (left, delta) = (be_u32(times, run)?, be_u32(times, run + 4)?);
            run += 8;
        }
        left -= 1;
        Some(delta)
    };
    (0..count).map_while(|index| Some((len(index)?, duration()?))).collect()
}

/// `cslg`: the bounds of what `ctts` says (8.6.1.4). Shift, least, greatest, start, end.
fn bounds(body: &[u8], insert: &Insertion, media: u64) -> Option<Vec<u8>> {
    let width = if body.first() == Some(&1) { 8 } else { 4 };
    let mut made = body.get(..4)?.to_vec();
    let media = i64::try_from(media).ok()?;
    for index in 0..5_usize {
        let value = match width {
            8 => be_u64(body, 4 + index * 8)?.cast_signed(),
            _ => be_u32(body, 4 + index * 4)?.cast_signed().into(),
        };
        let new = match index {
            1 => value.min(insert.offset),
            2 => value.max(insert.offset),
            // What came first comes later now.
            3 => value.checked_add(media)?.min(insert.offset),
            4 => value.checked_add(media)?,
            _ => value,
        };
        match width {
            8 => made.extend(new.to_be_bytes()),
            _ => made.extend(i32::try_from(new).ok()?.to_be_bytes()),
        }
    }
    Some(made)
}

/// Numbers of samples, which all come later.
fn numbers(body: &[u8], insert: &Insertion, with_first: bool, width: usize, made: &mut Vec<u8>) -> Option<()> {
    let (count, entries) = entries(body, width)?;
    let new = u32::try_from(insert.lens.len()).ok()?;
    let added = if !with_first {
        0
    } else if insert.only_first {
        1
    } else {
        new
    };
    begun(body, count.checked_add(added)?, made)?;
    (1..=added).for_each(|number| made.extend(number.to_be_bytes()));
    for entry in entries.chunks_exact(4) {
        made.extend(be_u32(entry, 0)?.checked_add(new)?.to_be_bytes());
    }
    Some(())
}

/// `sdtp`: which samples depend on others (8.6.4).
fn dependencies(body: &[u8], insert: &Insertion, made: &mut Vec<u8>) -> Option<()> {
    /// On no other.
    const ALONE: u8 = 0b0010_0000;
    /// On others, and others on it.
    const DEPENDS: u8 = 0b0001_0100;
    made.extend_from_slice(body.get(..4)?);
    let of = |index| if insert.only_first && index > 0 { DEPENDS } else { ALONE };
    made.extend((0..insert.lens.len()).map(of));
    made.extend_from_slice(&body[4..]);
    Some(())
}

/// `stsc`: from which chunk on how many samples stand in one. The new ones are the first.
pub(in crate::format) fn chunks(body: &[u8], lens: &[u32], made: &mut Vec<u8>) -> Option<()> {
    let (count, entries) = entries(body, 12)?;
    begun(body, count.checked_add(1)?, made)?;
    // First chunk, samples in each, description.
    for number in [1, u32::try_from(lens.len()).ok()?, 1] {
        made.extend(number.to_be_bytes());
    }
    for entry in entries.chunks_exact(12) {
        made.extend(be_u32(entry, 0)?.checked_add(1)?.to_be_bytes());
        made.extend_from_slice(&entry[4..]);
    }
    Some(())
}

/// `stsz`: the bytes of each sample, in a list from now on.
pub(in crate::format) fn sizes(body: &[u8], lens: &[u32], made: &mut Vec<u8>) -> Option<()> {
    let (all, count) = (be_u32(body, 4)?, be_u32(body, 8)?);
    let new = count.checked_add(u32::try_from(lens.len()).ok()?)?;
    begun(body, 0, made)?;
    made.extend(new.to_be_bytes());
    lens.iter().for_each(|len| made.extend(len.to_be_bytes()));
    let len = usize::try_from(count).ok()?.checked_mul(4)?;
    match all {
        0 => made.extend_from_slice(body.get(12..12_usize.checked_add(len)?)?),
        // No film has more of them in a box this short.
        all if count <= MAX_EQUAL => (0..count).for_each(|_| made.extend(all.to_be_bytes())),
        _ => return None,
    }
    Some(())
}

/// The most samples of equal length that are listed.
const MAX_EQUAL: u32 = 1 << 20;

/// `sbgp`: which samples belong to which group.
fn groups(body: &[u8], insert: &Insertion, made: &mut Vec<u8>) -> Option<()> {
    let at = if body.first() == Some(&1) { 12 } else { 8 };
    let (count, new) = (be_u32(body, at)?, u32::try_from(insert.lens.len()).ok()?);
    made.extend_from_slice(&body[..at]);
    if count > 0 && insert.grouped {
        let samples = be_u32(body, at + 4)?.checked_add(new)?;
        made.extend([count, samples].map(u32::to_be_bytes).concat());
        made.extend_from_slice(&body[at + 8..]);
        return Some(());
    }
    // In none.
    made.extend([count.checked_add(1)?, new, 0].map(u32::to_be_bytes).concat());
    made.extend_from_slice(&body[at + 4..]);
    Some(())
}

/// A table of places of chunks in what was made, which are those of before yet.
pub(super) struct Places {
    entries: Range<usize>,
    width: usize,
    /// Where the new chunk stands, from the first new sample.
    insert: Option<u64>,
}

/// `stco` and `co64`: where each chunk stands in the file. `wide` asks for 64 bits.
pub(super) fn places(
    kind: &[u8; 4],
    body: &[u8],
    insert: Option<&Insertion>,
    wide: bool,
    made: &mut Vec<u8>,
) -> Option<Places> {
    let old = if kind == b"co64" { 8 } else { 4 };
    let width = if wide { 8 } else { old };
    let (count, entries) = entries(body, old)?;
    begun(body, count.checked_add(u32::from(insert.is_some()))?, made)?;
    let start = made.len();
    if insert.is_some() {
        made.extend_from_slice(&[0; 8][..width]);
    }
    if width == old {
        made.extend_from_slice(entries);
    } else {
        entries.chunks_exact(old).for_each(|entry| made.extend([&[0; 4], entry].concat()));
    }
    Some(Places { entries: start..made.len(), width, insert: insert.map(|insert| insert.data) })
}

impl Places {
    /// Moves them; the first new sample stands at `data`. `None` where one does not fit.
    pub(super) fn move_all(&self, made: &mut [u8], data: u64, moved: &dyn Fn(u64) -> Option<u64>) -> Option<()> {
        let mut entries = made.get_mut(self.entries.clone())?.chunks_exact_mut(self.width);
        let put = |entry: &mut [u8], place: u64| {
            match self.width {
                8 => entry.copy_from_slice(&place.to_be_bytes()),
                _ => entry.copy_from_slice(&u32::try_from(place).ok()?.to_be_bytes()),
            }
            Some(())
        };
        if let Some(within) = self.insert {
            put(entries.next()?, data.checked_add(within)?)?;
        }
        for entry in entries {
            let old = if self.width == 8 { be_u64(entry, 0)? } else { be_u32(entry, 0)?.into() };
            put(entry, moved(old)?)?;
        }
        Some(())
    }
}
