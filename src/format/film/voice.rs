//! The spoken notice as samples of a track of AAC.

use std::ops::Range;

use super::movie::{Edit, Track, converted};
use crate::{
    Format,
    format::{aac, film::asc},
    notice::{Audible, speech::Codec},
};

/// Samples of a frame, and of the encoder's delay before the notice.
pub(in crate::format) const BLOCK: u64 = 1024;
/// Seconds of silence that are put in at most; a track that begins later than that keeps its edit list.
const MOST_SILENCE: u64 = 60;
/// The most that an edit list leaves out at the start for the encoder's delay; more is a cut.
const MOST_DELAY: u64 = 4 * BLOCK;

/// The notice's frames, softer by so many steps of their gain.
pub(in crate::format) fn frames(clips: &[&'static [u8]], softer: u8, stereo: bool) -> Vec<Vec<u8>> {
    let blocks = clips.iter().copied().flat_map(aac::blocks).map(|block| aac::softened(block, softer));
    blocks.map(|block| if stereo { aac::in_stereo(&block) } else { block }).collect()
}

/// What is said on one track.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    /// Which track of the film.
    pub(super) track: usize,
    pub(super) clips: Vec<&'static [u8]>,
    stereo: bool,
    pub(super) rate: u32,
    /// Units of the track that one sample of sound lasts.
    unit: u64,
    /// Samples of sound that the track leaves out at the start; `None` where its edit list says more than that.
    delay: Option<u64>,
    /// Samples of silence before the track's own sound, where it begins later than the film.
    late: u64,
}

impl Voice {
    /// `None` for tracks whose coding has no clip.
    pub(super) fn of(index: usize, track: &Track, movie: u32, audible: &Audible, format: Format) -> Option<Self> {
        let config = asc::read(track.esds()?, format).ok()?;
        let (scale, rate) = (u64::from(track.scale), u64::from(config.rate));
        let unit = scale.checked_div(rate).filter(|unit| *unit > 0 && scale % rate == 0)?;
        if track.usual != BLOCK * unit || track.has_offsets {
            return None;
        }
        let (late, edits) = track.starts();
        let delay = match edits {
            [] => Some(0),
            [Edit { time, rate: Edit::NORMAL, .. }] => {
                u64::try_from(*time).ok().filter(|time| time % unit == 0).map(|time| time / unit)
            }
            _ => None,
        };
        // What begins later than the film is preceded by silence.
        let late = if delay.is_some() { converted(late, movie, config.rate) } else { 0 };
        let delay = delay.filter(|delay| *delay <= MOST_DELAY && late <= MOST_SILENCE * rate);
        let clips = audible.coded(Codec::Aac, config.rate).ok().filter(|clips| !clips.is_empty())?;
        Some(Self { track: index, clips, stereo: config.stereo, rate: config.rate, unit, delay, late })
    }

    /// How much is heard before the track's own sound at least, in samples.
    pub(super) fn least(&self) -> u64 {
        (self.count() * BLOCK + self.delay.unwrap_or(0)).saturating_sub(BLOCK)
    }

    fn count(&self) -> u64 {
        self.clips.iter().map(|clip| aac::blocks(clip).count() as u64).sum()
    }

    /// The frames that make up a beginning of exactly `samples`, and where in them it begins, in units of the track: silence is
    /// added in front of the notice and behind it.
    pub(super) fn filled(&self, samples: u64) -> Spoken {
        let missing = (samples + if self.delay.is_some() { self.late } else { 0 }).saturating_sub(self.least());
        let silent = missing.div_ceil(BLOCK);
        let mut frames = frames(&self.clips, 0, self.stereo);
        let quiet = if self.stereo { SILENT_PAIR } else { SILENT };
        let front = usize::from(silent > 0);
        frames.splice(0..0, (0..front).map(|_| quiet.to_vec()));
        frames.extend((front as u64..silent).map(|_| quiet.to_vec()));
        let start = BLOCK + silent * BLOCK - missing;
        let from = (front as u64 + 1) * BLOCK - start;
        let words = from..from + (self.count() * BLOCK).saturating_sub(BLOCK);
        Spoken { frames, start: start * self.unit, words, joined: self.delay.is_some() }
    }

    /// Units of the track that one frame lasts.
    pub(super) fn frame(&self) -> u64 {
        BLOCK * self.unit
    }
}

/// The beginning of a track.
pub(super) struct Spoken {
    pub(super) frames: Vec<Vec<u8>>,
    /// Units of the track that are left out at the start.
    pub(super) start: u64,
    /// Where the notice is heard, in samples from what is heard first.
    pub(super) words: Range<u64>,
    /// Whether one edit can show the notice and what follows.
    pub(super) joined: bool,
}

/// A frame without a sound: an element of one channel with no coefficient, and the end (ISO/IEC 14496-3, 4.4.2.1).
const SILENT: &[u8] = &[0x01, 0x18, 0x20, 0x07];
/// The same for two channels.
const SILENT_PAIR: &[u8] = &[0x21, 0x10, 0x04, 0x60, 0x8C, 0x1C];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_makes_a_beginning_of_any_length() {
        let clips = crate::notice::Audible::new(&crate::AudibleNotice::rhythm(), crate::Extent::Generated);
        let clips = clips.coded(Codec::Aac, 48_000).unwrap();
        for (unit, delay) in [(1, Some(0)), (1, Some(1024)), (2, Some(2112)), (1, None)] {
            let voice = Voice { track: 0, clips: clips.clone(), stereo: true, rate: 48_000, unit, delay, late: 0 };
            for more in [0, 1, 1023, 1024, 1025, 50_000] {
                let samples = voice.least() + more;
                let spoken = voice.filled(samples);
                let heard = spoken.frames.len() as u64 * BLOCK + delay.unwrap_or(0) - spoken.start / unit;
                assert_eq!(heard, samples);
                // The notice's own delay is never heard.
                assert!((BLOCK..2 * BLOCK).contains(&(spoken.start / unit)));
            }
        }
    }
}
