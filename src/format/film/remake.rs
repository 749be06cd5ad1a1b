//! Writes the movie box anew, with something in front of its tracks.

use super::{
    movie::Walk,
    tables::{self, Change},
};
use crate::{
    Error, Result,
    container::bmff::{Part, sized},
    stream::be_u64,
};

/// What is done to the movie.
pub(super) struct Remake<'a> {
    /// One for each track, in order.
    pub(super) changes: &'a [Change],
    /// How much longer it gets, in its own units.
    pub(super) in_movie: u64,
    /// The same in the units of chapters of Nero's: 100 ns.
    pub(super) in_chapters: u64,
    /// A track that is added, and its number.
    pub(super) added: Option<(u32, Vec<u8>)>,
    /// Where what stood at an offset of the original stands now.
    pub(super) moved: &'a dyn Fn(u64) -> Option<u64>,
    /// Whether offsets need 64 bits.
    pub(super) wide: bool,
}

/// Boxes that hold others, on the way to the tables.
const HOLDERS: [&[u8; 4]; 4] = [b"mdia", b"minf", b"stbl", b"dinf"];

impl Remake<'_> {
    /// The whole `moov` box; `moov` stands at `at`.
    pub(super) fn moov(&self, moov: &[u8], at: u64, walk: &mut Walk) -> Result<Vec<u8>> {
        let body = moov.get(8..).unwrap_or_default();
        let at = at + 8;
        let mut made = Vec::with_capacity(moov.len() + 4096);
        let (mut end, mut track) = (0, 0);
        let parts = walk.parts(body, at, 1)?;
        let last = parts.iter().rposition(|part| part.kind == *b"trak");
        for (index, Part { kind, range, body: inner }) in parts.into_iter().enumerate() {
            let content = &body[inner.clone()];
            let place = at + inner.start as u64;
            end = range.end;
            match &kind {
                b"mvhd" => made.extend(sized(b"mvhd", &self.header(content).ok_or_else(|| wrong(&kind, place, walk))?)),
                b"trak" => {
                    let unchanged = Change::default();
                    let change = self.changes.get(track).unwrap_or(&unchanged);
                    made.extend(sized(b"trak", &self.trak(content, place, change, walk)?));
                    track += 1;
                }
                b"udta" => made.extend(sized(b"udta", &self.user_data(content, place, walk)?)),
                _ => made.extend_from_slice(&body[range]),
            }
            if let (true, Some((_, added))) = (last == Some(index), &self.added) {
                made.extend_from_slice(added);
            }
        }
        // Four zeros end lists of QuickTime's.
        made.extend_from_slice(&body[end..]);
        Ok(sized(b"moov", &made))
    }

    fn header(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut made = tables::longer(body, self.in_movie, [16, 24])?;
        if let Some((number, _)) = &self.added {
            // The number of the next track is the last field.
            let end = made.len();
            made.get_mut(end.checked_sub(4)?..)?.copy_from_slice(&number.checked_add(1)?.to_be_bytes());
        }
        Some(made)
    }

    fn trak(&self, boxes: &[u8], at: u64, change: &Change, walk: &mut Walk) -> Result<Vec<u8>> {
        let mut made = Vec::with_capacity(boxes.len() + 1024);
        let mut end = 0;
        let edits = change.edits.as_ref();
        for Part { kind, range, body } in walk.parts(boxes, at, 2)? {
            end = range.end;
            // The list of edits is written anew, behind the header.
            if &kind == b"edts" && edits.is_some() {
                continue;
            }
            made.extend(self.inside(&kind, boxes, &range, &body, at, change, walk, 3)?);
            if let (b"tkhd", Some(edits)) = (&kind, edits) {
                let list = tables::edit_list(edits).ok_or_else(|| wrong(b"elst", at, walk))?;
                made.extend(sized(b"edts", &sized(b"elst", &list)));
            }
        }
        made.extend_from_slice(&boxes[end..]);
        Ok(made)
    }

    /// One box of a track.
    #[allow(clippy::too_many_arguments)]
    fn inside(
        &self,
        kind: &[u8; 4],
        boxes: &[u8],
        range: &std::ops::Range<usize>,
        body: &std::ops::Range<usize>,
        at: u64,
        change: &Change,
        walk: &mut Walk,
        depth: u32,
    ) -> Result<Vec<u8>> {
        let content = &boxes[body.clone()];
        let place = at + body.start as u64;
        if HOLDERS.contains(&kind) {
            let (mut made, mut end, mut starts) = (Vec::with_capacity(content.len() + 256), 0, false);
            for part in walk.parts(content, place, depth)? {
                end = part.range.end;
                starts |= part.kind == *b"stss";
                made.extend(self.inside(
                    &part.kind,
                    content,
                    &part.range,
                    &part.body,
                    place,
                    change,
                    walk,
                    depth + 1,
                )?);
            }
            let depends = change.insert.as_ref().is_some_and(|insert| insert.only_first && insert.lens.len() > 1);
            if kind == b"stbl" && depends && !starts {
                let table = tables::starts(change).ok_or_else(|| wrong(b"stss", place, walk))?;
                made.extend(sized(b"stss", &table));
            }
            made.extend_from_slice(&content[end..]);
            return Ok(sized(kind, &made));
        }
        if matches!(kind, b"stco" | b"co64") {
            let places = tables::places(kind, content, change.insert.as_ref(), self.moved, self.wide);
            let kind = if self.wide { b"co64" } else { kind };
            return Ok(sized(kind, &places.ok_or_else(|| wrong(kind, place, walk))?));
        }
        match tables::changed(kind, content, change) {
            Some(content) => Ok(sized(kind, &content.ok_or_else(|| wrong(kind, place, walk))?)),
            None => Ok(boxes[range.clone()].to_vec()),
        }
    }

    /// Chapters that stand in the user data begin later.
    fn user_data(&self, boxes: &[u8], at: u64, walk: &mut Walk) -> Result<Vec<u8>> {
        let mut made = Vec::with_capacity(boxes.len());
        let mut end = 0;
        for Part { kind, range, body } in walk.parts(boxes, at, 2)? {
            end = range.end;
            match (&kind, chapters(&boxes[body], self.in_chapters)) {
                (b"chpl", Some(chapters)) => made.extend(sized(b"chpl", &chapters)),
                _ => made.extend_from_slice(&boxes[range]),
            }
        }
        made.extend_from_slice(&boxes[end..]);
        Ok(made)
    }
}

/// Nero's list: version and flags, four bytes more in version 1, a count of one byte, then time and title of each.
fn chapters(body: &[u8], later: u64) -> Option<Vec<u8>> {
    let mut at = if body.first()? == &1 { 9 } else { 5 };
    let mut made = body.to_vec();
    for index in 0..*body.get(at - 1)? {
        let start = be_u64(body, at)?;
        // What begins with the film begins with the card.
        let new = if index == 0 && start == 0 { 0 } else { start.checked_add(later)? };
        made.get_mut(at..at + 8)?.copy_from_slice(&new.to_be_bytes());
        at += 9 + usize::from(*body.get(at + 8)?);
    }
    (at <= body.len()).then_some(made)
}

fn wrong(kind: &[u8; 4], at: u64, walk: &Walk) -> Error {
    let why =
        format!("the '{}' box is cut off, says too much, or has no room for what is put in front", kind.escape_ascii());
    Error::malformed(walk.format, at, why)
}

/// The highest number of a track in these headers.
pub(super) fn free_number(ids: impl Iterator<Item = u32>) -> Option<u32> {
    ids.max().unwrap_or(0).checked_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapters_of_nero_begin_later() {
        let list = [&[1, 0, 0, 0, 0, 0, 0, 0, 2][..], &[0; 8], b"\x01A", &[0, 0, 0, 0, 0, 0, 1, 0], b"\x02BC"].concat();
        let made = chapters(&list, 5).unwrap();
        assert_eq!((be_u64(&made, 9), be_u64(&made, 19), made.len()), (Some(0), Some(261), list.len()));
        assert!((0..list.len()).all(|len| chapters(&list[..len], 5).is_none()));
    }
}
