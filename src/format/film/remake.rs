//! Writes the movie box anew, with something in front of its tracks.

use std::ops::Range;

use super::{
    movie::Walk,
    tables::{self, Change, Places},
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
    /// Whether offsets need 64 bits.
    pub(super) wide: bool,
}

/// A movie box whose chunks stand where they stood before. It is as long as the film, and is made once.
pub(super) struct Remade {
    pub(super) moov: Vec<u8>,
    places: Vec<Places>,
    /// Where the track that was added stands.
    added: Range<usize>,
}

impl Remade {
    /// Puts the places of all chunks right, and the track that was added. `None` where one does not fit.
    pub(super) fn place(
        &mut self,
        data: u64,
        moved: &dyn Fn(u64) -> Option<u64>,
        added: Option<Vec<u8>>,
    ) -> Option<()> {
        for places in &self.places {
            places.move_all(&mut self.moov, data, moved)?;
        }
        let old = self.moov.get_mut(self.added.clone())?;
        let new = added.unwrap_or_default();
        (old.len() == new.len()).then(|| old.copy_from_slice(&new))
    }

    /// A box, whose content `fill` writes; its length is known afterwards.
    fn nest(
        &mut self,
        kind: &[u8; 4],
        walk: &mut Walk,
        fill: impl FnOnce(&mut Self, &mut Walk) -> Result<()>,
    ) -> Result<()> {
        let start = self.moov.len();
        self.moov.extend([[0; 4], *kind].concat());
        fill(self, walk)?;
        let len = u32::try_from(self.moov.len() - start).map_err(|_| wrong(kind, 0, walk))?;
        self.moov[start..start + 4].copy_from_slice(&len.to_be_bytes());
        Ok(())
    }
}

/// Boxes that hold others, on the way to the tables.
const HOLDERS: [&[u8; 4]; 4] = [b"mdia", b"minf", b"stbl", b"dinf"];

/// A box among others, and where the others stand in the file.
struct Inner<'a> {
    boxes: &'a [u8],
    part: Part,
    at: u64,
    depth: u32,
}

impl Remake<'_> {
    /// The whole `moov` box; `moov` stands at `at`.
    pub(super) fn moov(&self, moov: &[u8], at: u64, walk: &mut Walk) -> Result<Remade> {
        let body = moov.get(8..).unwrap_or_default();
        let at = at + 8;
        // What one more sample takes at most in all tables is less than 32 bytes; a sum that is too low costs a copy.
        let samples = |change: &Change| change.insert.as_ref().map_or(0, |insert| insert.lens.len());
        let more = 8192 + 32 * self.changes.iter().map(samples).sum::<usize>();
        let room = if self.wide { moov.len() * 2 } else { moov.len() };
        let mut made = Remade { moov: Vec::with_capacity(room + more), places: Vec::new(), added: 0..0 };
        made.nest(b"moov", walk, |made, walk| self.content(body, at, made, walk))?;
        Ok(made)
    }

    fn content(&self, body: &[u8], at: u64, made: &mut Remade, walk: &mut Walk) -> Result<()> {
        let (mut end, mut track) = (0, 0);
        let parts = walk.parts(body, at, 1)?;
        let last = parts.iter().rposition(|part| part.kind == *b"trak");
        for (index, Part { kind, range, body: inner }) in parts.into_iter().enumerate() {
            let content = &body[inner.clone()];
            let place = at + inner.start as u64;
            end = range.end;
            match &kind {
                b"mvhd" => {
                    let header = self.header(content).ok_or_else(|| wrong(&kind, place, walk))?;
                    made.moov.extend(sized(b"mvhd", &header));
                }
                b"trak" => {
                    let unchanged = Change::default();
                    let change = self.changes.get(track).unwrap_or(&unchanged);
                    made.nest(&kind, walk, |made, walk| self.trak(content, place, change, made, walk))?;
                    track += 1;
                }
                b"udta" => made.nest(&kind, walk, |made, walk| self.user_data(content, place, made, walk))?,
                _ => made.moov.extend_from_slice(&body[range]),
            }
            if let (true, Some((_, added))) = (last == Some(index), &self.added) {
                made.added = made.moov.len()..made.moov.len() + added.len();
                made.moov.extend_from_slice(added);
            }
        }
        // Four zeros end lists of QuickTime's.
        made.moov.extend_from_slice(&body[end..]);
        Ok(())
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

    fn trak(&self, boxes: &[u8], at: u64, change: &Change, made: &mut Remade, walk: &mut Walk) -> Result<()> {
        let mut end = 0;
        let edits = change.edits.as_ref();
        for part in walk.parts(boxes, at, 2)? {
            end = part.range.end;
            // The list of edits is written anew, behind the header.
            if part.kind == *b"edts" && edits.is_some() {
                continue;
            }
            let is_header = part.kind == *b"tkhd";
            self.inside(Inner { boxes, part, at, depth: 3 }, change, made, walk)?;
            if let (true, Some(edits)) = (is_header, edits) {
                let list = tables::edit_list(edits).ok_or_else(|| wrong(b"elst", at, walk))?;
                made.moov.extend(sized(b"edts", &sized(b"elst", &list)));
            }
        }
        made.moov.extend_from_slice(&boxes[end..]);
        Ok(())
    }

    /// One box of a track.
    fn inside(&self, inner: Inner, change: &Change, made: &mut Remade, walk: &mut Walk) -> Result<()> {
        let Inner { boxes, part: Part { kind, range, body }, at, depth } = inner;
        let content = &boxes[body.clone()];
        let place = at + body.start as u64;
        if HOLDERS.contains(&&kind) {
            return made.nest(&kind, walk, |made, walk| {
                let (mut end, mut starts) = (0, false);
                for part in walk.parts(content, place, depth)? {
                    end = part.range.end;
                    starts |= part.kind == *b"stss";
                    let inner = Inner { boxes: content, part, at: place, depth: depth + 1 };
                    self.inside(inner, change, made, walk)?;
                }
                let depends = change.insert.as_ref().is_some_and(|insert| insert.only_first && insert.lens.len() > 1);
                if kind == *b"stbl" && depends && !starts {
                    made.nest(b"stss", walk, |made, walk| {
                        tables::starts(change, &mut made.moov).ok_or_else(|| wrong(b"stss", place, walk))
                    })?;
                }
                made.moov.extend_from_slice(&content[end..]);
                Ok(())
            });
        }
        let wrong = |walk: &mut Walk| wrong(&kind, place, walk);
        if matches!(&kind, b"stco" | b"co64") {
            let new = if self.wide { b"co64" } else { &kind };
            return made.nest(new, walk, |made, walk| {
                let places = tables::places(&kind, content, change.insert.as_ref(), self.wide, &mut made.moov);
                made.places.push(places.ok_or_else(|| wrong(walk))?);
                Ok(())
            });
        }
        if !tables::is_changed(&kind, change) {
            made.moov.extend_from_slice(&boxes[range]);
            return Ok(());
        }
        made.nest(&kind, walk, |made, walk| {
            tables::changed(&kind, content, change, &mut made.moov).ok_or_else(|| wrong(walk))
        })
    }

    /// Chapters that stand in the user data begin later.
    fn user_data(&self, boxes: &[u8], at: u64, made: &mut Remade, walk: &mut Walk) -> Result<()> {
        let mut end = 0;
        for Part { kind, range, body } in walk.parts(boxes, at, 2)? {
            end = range.end;
            let later = (kind == *b"chpl").then(|| chapters(&boxes[body], self.in_chapters)).flatten();
            match later {
                Some(chapters) => made.moov.extend(sized(b"chpl", &chapters)),
                _ => made.moov.extend_from_slice(&boxes[range]),
            }
        }
        made.moov.extend_from_slice(&boxes[end..]);
        Ok(())
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
