//! What the movie box says about a film, as far as something must be put in front of it: ISO/IEC 14496-12, 8.

use super::tables;
use crate::{
    Error, Format, Result,
    container::bmff::{Part, slice_boxes},
    geometry::Orientation,
    limits::Budget,
    stream::{be_u16, be_u32, be_u64},
};

/// A movie.
#[derive(Debug, Default)]
pub(super) struct Movie {
    /// Units a second.
    pub(super) scale: u32,
    pub(super) duration: u64,
    pub(super) tracks: Vec<Track>,
    /// More of it comes in fragments.
    pub(super) fragments: bool,
}

/// A track.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) id: u32,
    /// `vide`, `soun` and others.
    pub(super) handler: [u8; 4],
    /// Units a second.
    pub(super) scale: u32,
    /// In its own units.
    pub(super) media: u64,
    /// In the movie's units; all ones where it is not known.
    pub(super) shown: u64,
    pub(super) orientation: Option<Orientation>,
    pub(super) edits: Vec<Edit>,
    /// Sample entries, and the first of them, with its size and kind.
    pub(super) entries: u32,
    pub(super) entry: Vec<u8>,
    pub(super) samples: u32,
    /// Units that most samples last.
    pub(super) usual: u64,
    /// Whether samples are shown at other times than they are decoded, and the earliest time at which one is.
    pub(super) has_offsets: bool,
    pub(super) earliest: i64,
    /// Where the first sample stands in the file, and its bytes.
    pub(super) first: Option<(u64, u32)>,
    /// Bytes and duration of the samples of the first chunk, as many as a card may have.
    pub(super) leading: Vec<(u32, u32)>,
    /// Whether it is played unless somebody chooses otherwise.
    pub(super) enabled: bool,
    /// A table that cannot be kept right.
    pub(super) odd: Option<&'static str>,
}

/// Samples of the longest card that is known again: half a minute at 120 a second.
const MOST_LEADING: u32 = 3600;

/// One entry of an edit list: 8.6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    /// In the movie's units.
    pub(super) duration: u64,
    /// Where it starts, in the track's units; −1 for nothing.
    pub(super) time: i64,
    /// 16.16 fixed point.
    pub(super) rate: u32,
}

impl Edit {
    pub(super) const NORMAL: u32 = 1 << 16;

    pub(super) fn empty(duration: u64) -> Self {
        Self { duration, time: -1, rate: Self::NORMAL }
    }
}

/// Walks boxes that are in memory.
pub(super) struct Walk<'b> {
    pub(super) format: Format,
    pub(super) budget: &'b mut Budget,
}

impl Walk<'_> {
    pub(super) fn parts(&mut self, bytes: &[u8], at: u64, depth: u32) -> Result<Vec<Part>> {
        slice_boxes(bytes, at, self.format, depth, self.budget)
    }
}

impl Movie {
    /// Reads the whole `moov` box, which stands at `at`.
    pub(super) fn read(moov: &[u8], at: u64, walk: &mut Walk) -> Result<Self> {
        let mut movie = Self::default();
        let format = walk.format;
        let body = moov.get(8..).unwrap_or_default();
        for Part { kind, range, body: inner } in walk.parts(body, at + 8, 1)? {
            let content = &body[inner.clone()];
            match &kind {
                b"mvhd" => (movie.scale, movie.duration) = times(content).unwrap_or_default(),
                b"mvex" => movie.fragments = true,
                b"trak" => movie.tracks.push(Track::read(content, at + 8 + inner.start as u64, walk)?),
                b"cmov" => {
                    return Err(Error::malformed(format, at + range.start as u64, "the movie box is compressed"));
                }
                _ => {}
            }
        }
        if movie.scale == 0 || movie.tracks.iter().any(|track| track.scale == 0) {
            return Err(Error::malformed(format, at, "the movie or a track of it has no unit of time"));
        }
        Ok(movie)
    }
}

impl Track {
    fn read(body: &[u8], at: u64, walk: &mut Walk) -> Result<Self> {
        let mut track = Self::default();
        track.take(body, at, 2, walk)?;
        track.earliest = track.earliest.min(i64::MAX / 2);
        Ok(track)
    }

    fn take(&mut self, boxes: &[u8], at: u64, depth: u32, walk: &mut Walk) -> Result<()> {
        let (mut times, mut offsets, mut sizes, mut chunk) = (None, None, None, 0);
        for Part { kind, body, .. } in walk.parts(boxes, at, depth)? {
            let content = &boxes[body.clone()];
            match &kind {
                b"mdia" | b"minf" | b"stbl" | b"edts" => self.take(content, at + body.start as u64, depth + 1, walk)?,
                b"tkhd" => self.header(content),
                b"mdhd" => (self.scale, self.media) = self::times(content).unwrap_or_default(),
                // In `minf` QuickTime has another.
                b"hdlr" if depth == 3 => {
                    self.handler = content.get(8..12).and_then(|kind| kind.try_into().ok()).unwrap_or_default();
                }
                b"elst" => match edits(content) {
                    Some(edits) => self.edits = edits,
                    None => self.odd = Some("an edit list that is cut off"),
                },
                b"stsd" => self.describe(content),
                b"stts" => times = Some(content),
                b"ctts" => offsets = Some(content),
                b"stsc" => chunk = be_u32(content, 12).unwrap_or(0),
                b"stsz" => {
                    sizes = Some(content);
                    self.samples = be_u32(content, 8).unwrap_or(0);
                    let len = be_u32(content, 4).filter(|len| *len > 0).or_else(|| be_u32(content, 12));
                    self.first = Some((self.first.map_or(0, |(offset, _)| offset), len.unwrap_or(0)));
                }
                b"stz2" => self.odd = Some("compact sizes of samples"),
                b"stco" | b"co64" => {
                    let first = if &kind == b"co64" { be_u64(content, 8) } else { be_u32(content, 8).map(u64::from) };
                    self.first = Some((first.unwrap_or(0), self.first.map_or(0, |(_, len)| len)));
                }
                b"senc" | b"saiz" | b"saio" | b"padb" | b"csgp" | b"subs" => {
                    self.odd = Some("a table of its samples that tanba does not know how to keep right");
                }
                _ => {}
            }
        }
        if let Some(times) = times {
            let run = |at: usize| Some((be_u32(times, at)?, u64::from(be_u32(times, at + 4)?)));
            let runs = (0..).map_while(|index: usize| run(8 + index.checked_mul(8)?));
            self.usual = runs.max_by_key(|(count, _)| *count).map_or(0, |(_, delta)| delta);
            if let Some(sizes) = sizes {
                self.leading = tables::leading(times, sizes, chunk.min(MOST_LEADING));
            }
            if let Some(offsets) = offsets {
                self.has_offsets = true;
                self.earliest = tables::earliest(times, offsets);
            }
        }
        Ok(())
    }

    fn header(&mut self, body: &[u8]) {
        let is_long = body.first() == Some(&1);
        self.enabled = body.get(3).is_some_and(|flags| flags & 1 == 1);
        self.id = be_u32(body, if is_long { 20 } else { 12 }).unwrap_or(0);
        self.shown = match is_long {
            true => be_u64(body, 28).unwrap_or(u64::MAX),
            false => be_u32(body, 20).map_or(u64::MAX, |shown| if shown == u32::MAX { u64::MAX } else { shown.into() }),
        };
        self.orientation = super::super::movie::presented(body).map(|(_, orientation)| orientation);
    }

    fn describe(&mut self, body: &[u8]) {
        self.entries = be_u32(body, 4).unwrap_or(0);
        let rest = body.get(8..).unwrap_or_default();
        let len = be_u32(rest, 0).and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        self.entry = rest.get(..len.min(rest.len())).unwrap_or_default().to_vec();
    }

    /// The kind of its samples, where all are of one.
    pub(super) fn coding(&self) -> Option<&[u8]> {
        self.entry.get(4..8).filter(|_| self.entries == 1)
    }

    /// The body of the `esds` box of a track of AAC: 14496-14, 5.6.
    pub(super) fn esds(&self) -> Option<&[u8]> {
        if self.coding()? != b"mp4a" || self.handler != *b"soun" {
            return None;
        }
        // QuickTime's versions have more before the boxes, and put it into a `wave` box.
        let before = match be_u16(&self.entry, 16)? {
            0 => 36,
            1 => 52,
            _ => return None,
        };
        let boxes = self.entry.get(before..)?;
        inner(boxes, b"esds").or_else(|| inner(inner(boxes, b"wave")?, b"esds"))
    }

    /// The body of `avcC`, and where the box stands in the entry: 14496-15, 5.4.2.
    pub(super) fn avcc(&self) -> Option<std::ops::Range<usize>> {
        const BEFORE: usize = 86;
        let at = position(self.entry.get(BEFORE..)?, b"avcC")?;
        Some(BEFORE + at.start..BEFORE + at.end)
    }

    /// How much later than the film it begins, in the movie's units, and the edits after that.
    pub(super) fn starts(&self) -> (u64, &[Edit]) {
        match self.edits.as_slice() {
            [Edit { duration, time: -1, .. }, rest @ ..] if !rest.is_empty() => (*duration, rest),
            edits => (0, edits),
        }
    }

    /// How long it is shown, in the movie's units.
    pub(super) fn lasts(&self, movie: u32) -> u64 {
        match self.shown {
            0 | u64::MAX => {
                let units = u128::from(self.media) * u128::from(movie);
                u64::try_from(units.div_ceil(u128::from(self.scale.max(1)))).unwrap_or(0)
            }
            shown => shown,
        }
    }
}

/// A length of time in other units, to the nearest.
pub(super) fn converted(units: u64, from: u32, to: u32) -> u64 {
    let (from, to) = (u128::from(from.max(1)), u128::from(to));
    u64::try_from((u128::from(units) * to + from / 2) / from).unwrap_or(u64::MAX)
}

/// The body of the first box of this kind among boxes that may be followed by zeros.
fn inner<'a>(boxes: &'a [u8], kind: &[u8; 4]) -> Option<&'a [u8]> {
    position(boxes, kind).and_then(|range| boxes.get(range.start + 8..range.end))
}

fn position(boxes: &[u8], kind: &[u8; 4]) -> Option<std::ops::Range<usize>> {
    let mut at = 0;
    loop {
        let len = be_u32(boxes, at).and_then(|len| usize::try_from(len).ok()).filter(|len| *len >= 8)?;
        let end = at.checked_add(len).filter(|end| *end <= boxes.len())?;
        if boxes.get(at + 4..at + 8)? == kind {
            return Some(at..end);
        }
        at = end;
    }
}

/// Units a second and duration of `mvhd` and `mdhd`.
fn times(body: &[u8]) -> Option<(u32, u64)> {
    match body.first()? {
        1 => Some((be_u32(body, 20)?, be_u64(body, 24)?)),
        _ => Some((be_u32(body, 12)?, be_u32(body, 16)?.into())),
    }
}

fn edits(body: &[u8]) -> Option<Vec<Edit>> {
    let count = be_u32(body, 4)?;
    let is_long = body.first() == Some(&1);
    let width = if is_long { 20 } else { 12 };
    let entries = body.get(8..8_usize.checked_add(usize::try_from(count).ok()?.checked_mul(width)?)?)?;
    let one = |entry: &[u8]| {
        let (duration, time) = match is_long {
            true => (be_u64(entry, 0)?, be_u64(entry, 8)?.cast_signed()),
            false => (be_u32(entry, 0)?.into(), be_u32(entry, 4)?.cast_signed().into()),
        };
        Some(Edit { duration, time, rate: be_u32(entry, width - 4)? })
    };
    entries.chunks_exact(width).map(one).collect()
}
