//! The movie box with a notice in front of its one track: durations, edits and tables of samples (ISO/IEC 14496-12, 8).

use std::cell::RefCell;

use super::tables;
use crate::{
    Error, Format, Result,
    container::bmff::{Part, sized, slice_boxes},
    format::film::asc::{self, Config},
    limits::Budget,
    stream::{be_u32, be_u64},
};

/// Samples of a frame.
pub(super) const BLOCK: u64 = 1024;

/// What the movie box says about its one track.
pub(super) struct Movie {
    pub(super) config: Config,
    /// Units a second of the movie, and of the track.
    pub(super) movie_scale: u32,
    pub(super) track_scale: u32,
    /// In the track's units.
    pub(super) duration: u64,
    /// Units of the track that its edit list leaves out at the start; `None` without one.
    pub(super) priming: Option<u64>,
}

/// The notice, as the tables need it.
pub(super) struct Insertion {
    pub(super) movie: Movie,
    /// Bytes of each sample.
    pub(super) lens: Vec<u32>,
}

/// Boxes that hold others, on the way to the tables.
const HOLDERS: [&[u8; 4]; 6] = [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"];

impl Insertion {
    pub(super) fn new(movie: Movie, lens: Vec<u32>) -> Self {
        Self { movie, lens }
    }

    /// Units of the track that one sample lasts.
    pub(super) fn sample(&self) -> u64 {
        self.movie.sample()
    }

    /// How much longer the track gets, in its own units.
    pub(super) fn media(&self) -> u64 {
        self.sample() * self.lens.len() as u64
    }

    /// The same as it is heard: the notice's own priming is left out, the track's now stands behind the notice.
    pub(super) fn heard(&self) -> u64 {
        match self.movie.priming {
            Some(priming) => (self.media() + priming).saturating_sub(self.sample()),
            None => self.media(),
        }
    }

    /// That in the movie's units.
    pub(super) fn in_movie(&self) -> u64 {
        let (scale, of) = (u128::from(self.movie.movie_scale), u128::from(self.movie.track_scale).max(1));
        u64::try_from(u128::from(self.heard()) * scale / of).unwrap_or(0)
    }
}

impl Movie {
    /// # Errors
    ///
    /// [`Error::Unsupported`] for movies that nothing can be put in front of, with what would work instead.
    pub(super) fn read(moov: &[u8], at: u64, budget: &mut Budget) -> Result<Self> {
        let refused = |what: &str| Err(Error::unsupported(Format::M4a, what));
        let found = RefCell::new(Found::default());
        let look = |kind: &[u8; 4], body: &[u8]| found.borrow_mut().take(*kind, body);
        walk(moov, at, 0, &look, budget)?;
        let found = found.into_inner();
        if found.tracks != 1 || !found.sound {
            return refused(
                "it holds more than one track (chapters or a film), which would not fit a warning in front of the sound; \
                 take the others out first (ffmpeg -i in.m4a -map 0:a -c copy out.m4a)",
            );
        }
        if found.fragments {
            return refused(
                "it is in fragments: put it into one piece first (ffmpeg -i in -c copy -movflags +faststart out.m4a)",
            );
        }
        let Some(description) = found.description.filter(|_| found.odd.is_none()) else {
            let what =
                found.odd.unwrap_or("its track is not AAC (Apple Lossless, for instance); convert it to FLAC or WAV");
            return refused(what);
        };
        let config = asc::read(&description, Format::M4a)?;
        let movie = Self {
            config,
            movie_scale: found.movie_scale,
            track_scale: found.track_scale,
            duration: found.duration,
            priming: found.priming,
        };
        if movie.movie_scale == 0 || movie.track_scale == 0 || found.delta != Some(movie.sample()) {
            return refused("its samples do not last as long as frames of AAC should; encode it anew");
        }
        Ok(movie)
    }

    fn sample(&self) -> u64 {
        BLOCK * u64::from(self.track_scale) / u64::from(self.config.rate).max(1)
    }

    pub(super) fn milliseconds(&self) -> u64 {
        u64::try_from(u128::from(self.duration) * 1000 / u128::from(self.track_scale.max(1))).unwrap_or(u64::MAX)
    }
}

/// What a walk over the movie gathers.
#[derive(Default)]
struct Found {
    tracks: usize,
    sound: bool,
    fragments: bool,
    movie_scale: u32,
    track_scale: u32,
    duration: u64,
    priming: Option<u64>,
    /// The body of `esds`.
    description: Option<Vec<u8>>,
    /// Units of the first samples.
    delta: Option<u64>,
    /// Why nothing can be put in front.
    odd: Option<&'static str>,
}

impl Found {
    fn take(&mut self, kind: [u8; 4], body: &[u8]) {
        match &kind {
            b"trak" => self.tracks += 1,
            b"mvex" => self.fragments = true,
            b"mvhd" => self.movie_scale = times(body).map_or(0, |(scale, _)| scale),
            b"mdhd" => (self.track_scale, self.duration) = times(body).unwrap_or_default(),
            b"hdlr" => self.sound |= body.get(8..12) == Some(b"soun"),
            b"stsd" => self.describe(body),
            b"stts" => self.delta = be_u32(body, 12).map(u64::from),
            b"elst" => match tables::edit(body) {
                Some(priming) => self.priming = Some(priming),
                None => {
                    self.odd =
                        Some("its edit list is more than a start; write it anew (ffmpeg -i in.m4a -c copy out.m4a)")
                }
            },
            b"ctts" | b"stz2" | b"stss" | b"senc" | b"saio" | b"subs" => {
                self.odd = Some(
                    "its samples have tables that sound does not need; write it anew (ffmpeg -i in.m4a -c copy out.m4a)",
                );
            }
            _ => {}
        }
    }

    /// 14496-14, 5.6: one entry `mp4a`, with `esds` behind 28 bytes.
    fn describe(&mut self, body: &[u8]) {
        let entry = body.get(8..).unwrap_or_default();
        if entry.get(4..8) == Some(b"enca") || entry.get(4..8) == Some(b"drms") {
            self.odd = Some("it is encrypted, and only who holds the key can label it");
        }
        if be_u32(body, 4) != Some(1) || entry.get(4..8) != Some(b"mp4a") {
            return;
        }
        // QuickTime's versions have more before the boxes.
        let before = match entry.get(16..18) {
            Some([0, 1]) => 52,
            Some([0, 0]) => 36,
            _ => return,
        };
        let len = be_u32(entry, 0).and_then(|len| usize::try_from(len).ok()).unwrap_or(0).min(entry.len());
        let mut rest = entry.get(before..len).unwrap_or_default();
        while let Some(size) = be_u32(rest, 0).and_then(|size| usize::try_from(size).ok()).filter(|size| *size >= 8) {
            let Some(found) = rest.get(..size) else { break };
            if &found[4..8] == b"esds" {
                self.description = found.get(8..).map(<[u8]>::to_vec);
                return;
            }
            rest = &rest[size..];
        }
    }
}

/// Units a second and duration of `mvhd` and `mdhd`.
fn times(body: &[u8]) -> Option<(u32, u64)> {
    match body.first()? {
        1 => Some((be_u32(body, 20)?, be_u64(body, 24)?)),
        _ => Some((be_u32(body, 12)?, be_u32(body, 16)?.into())),
    }
}

/// Shows every box to `look`, those that hold others first.
fn walk(bytes: &[u8], at: u64, depth: u32, look: &dyn Fn(&[u8; 4], &[u8]), budget: &mut Budget) -> Result<()> {
    for Part { kind, range, body } in slice_boxes(bytes, at, Format::M4a, depth, budget)? {
        look(&kind, &bytes[body.clone()]);
        if HOLDERS.contains(&&kind) {
            walk(&bytes[body.clone()], at + range.start as u64, depth + 1, look, budget)?;
        }
    }
    Ok(())
}

/// The boxes of `bytes` with every offset moved, and with the notice put in, whose samples start at `data`.
pub(super) fn rebuilt(
    bytes: &[u8],
    at: u64,
    insert: Option<&Insertion>,
    moved: &dyn Fn(u64) -> Option<u64>,
    data: u64,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    inside(bytes, at, 0, &Change { insert, moved, data }, budget)
}

/// What is done to the tables.
pub(super) struct Change<'a> {
    pub(super) insert: Option<&'a Insertion>,
    pub(super) moved: &'a dyn Fn(u64) -> Option<u64>,
    pub(super) data: u64,
}

fn inside(bytes: &[u8], at: u64, depth: u32, change: &Change, budget: &mut Budget) -> Result<Vec<u8>> {
    let mut made = Vec::with_capacity(bytes.len() + 4096);
    let mut end = 0;
    for Part { kind, range, body } in slice_boxes(bytes, at, Format::M4a, depth, budget)? {
        let content = &bytes[body.clone()];
        let place = at + range.start as u64;
        end = range.end;
        if HOLDERS.contains(&&kind) {
            made.extend(sized(&kind, &inside(content, place, depth + 1, change, budget)?));
            continue;
        }
        let broken = || {
            Error::malformed(
                Format::M4a,
                place,
                format!("the '{}' box is cut off or says too much", kind.escape_ascii()),
            )
        };
        match tables::changed(&kind, content, change) {
            Some(content) => made.extend(sized(&kind, &content.ok_or_else(broken)?)),
            None => made.extend_from_slice(&bytes[range]),
        }
    }
    // Four zeros end lists of QuickTime's.
    made.extend_from_slice(&bytes[end..]);
    Ok(made)
}
