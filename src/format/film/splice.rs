//! What is put in front of a film, and how its tracks keep in step: every length is a whole number of units of all of them.

use super::{
    movie::{Edit, Movie, Track, converted},
    tables::{Change, Insertion},
    voice::Voice,
};
use crate::{
    Error, Format, Result,
    container::{
        avc::{self, Config, IDR, Pps, Sps, card, own_pps},
        bmff::sized,
    },
    geometry::Orientation,
    limits::Budget,
    notice::{Audible, Notice},
    stream::{Source, length, read_at},
};

/// Seconds that a card is seen at least. GB 45438-2025 asks for two; two lines in two languages take three to read.
const SECONDS: u64 = 3;
/// Bytes of the first sample that are looked at: parameters and notes of the encoder stand before the first slice.
const LOOKED_AT: u64 = 64 * 1024;

/// A length of time that is a whole number of units in every track that it is put in front of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    units: u64,
    per_second: u64,
}

impl Length {
    /// At least `seconds`, and as long as the voices take; `scales` are units a second.
    fn new(seconds: u64, voices: &[Voice], scales: impl Iterator<Item = u32>) -> Self {
        let rates = voices.iter().map(|voice| voice.rate);
        let per_second = scales.chain(rates).map(u64::from).fold(0, divisor).max(1);
        let units = |voice: &Voice| {
            let units = u128::from(voice.least()) * u128::from(per_second);
            u64::try_from(units.div_ceil(u128::from(voice.rate.max(1)))).unwrap_or(u64::MAX)
        };
        let units = voices.iter().map(units).max().unwrap_or(0).max(seconds * per_second);
        Self { units, per_second }
    }

    pub(super) fn at(self, scale: u32) -> u64 {
        let units = u128::from(self.units) * u128::from(scale) / u128::from(self.per_second);
        u64::try_from(units).unwrap_or(u64::MAX)
    }

    fn ms(self) -> u64 {
        self.at(1000)
    }
}

/// The greatest number that divides both.
fn divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The track that the card is put in front of.
#[derive(Clone, Debug)]
pub(super) struct Screen {
    pub(super) track: usize,
    config: Config,
    pub(super) sps: Sps,
    pub(super) orientation: Orientation,
}

/// What stands in front.
#[derive(Clone, Debug)]
pub(super) struct Splice {
    pub(super) screen: Option<Screen>,
    pub(super) voices: Vec<Voice>,
    pub(super) length: Length,
}

impl Splice {
    pub(super) fn plan(
        movie: &Movie,
        audible: &Audible,
        source: &mut dyn Source,
        format: Format,
        budget: &mut Budget,
    ) -> Result<Self> {
        let screen = Screen::of(movie, source, format, budget)?;
        let speaks = audible.placed.is_none();
        let tracks = movie.tracks.iter().enumerate().filter(|(_, track)| speaks && track.odd.is_none());
        let voices: Vec<_> =
            tracks.filter_map(|(index, track)| Voice::of(index, track, movie.scale, audible, format)).collect();
        let scales = screen.as_ref().map(|screen| movie.tracks[screen.track].scale);
        let seconds = if screen.is_some() { SECONDS } else { 0 };
        let length = Length::new(seconds, &voices, scales.into_iter().chain([movie.scale]));
        Ok(Self { screen, voices, length })
    }

    /// How long the card is seen, in milliseconds.
    pub(super) fn ms(&self, movie: &Movie) -> u64 {
        let late = self.screen.as_ref().map_or(0, |screen| joined(&movie.tracks[screen.track]).0);
        self.length.ms() + converted(late, movie.scale, 1000)
    }

    /// When the words are heard, in milliseconds, and the clips that they are.
    pub(super) fn spoken(&self) -> Option<(std::ops::Range<u64>, Vec<&'static [u8]>)> {
        let voice = self.voices.first()?;
        let words = voice.filled(self.length.at(voice.rate)).words;
        let ms = |samples: u64| samples * 1000 / u64::from(voice.rate.max(1));
        Some((ms(words.start)..ms(words.end), voice.clips.clone()))
    }

    /// The samples in the order in which they are to stand in the file, and what the tracks become. Places are counted from the first.
    pub(super) fn changes(
        &self,
        movie: &Movie,
        notice: Option<&Notice>,
        format: Format,
    ) -> Result<(Vec<u8>, Vec<Change>)> {
        let in_movie = self.length.at(movie.scale);
        let mut front = Front { data: Vec::new(), in_movie, scale: movie.scale, format };
        let mut changes = Vec::new();
        for (index, track) in movie.tracks.iter().enumerate() {
            let voice = self.voices.iter().find(|voice| voice.track == index);
            let change = match (&self.screen, voice, notice) {
                (Some(screen), _, Some(notice)) if screen.track == index => {
                    self.seen(screen, notice, track, &mut front)?
                }
                (_, Some(voice), _) => self.heard(voice, track, &mut front)?,
                _ => Change { in_movie, edits: Some(later(track, in_movie, movie.scale)), ..Change::default() },
            };
            changes.push(Change { samples: track.samples, ..change });
        }
        Ok((front.data, changes))
    }

    fn seen(&self, screen: &Screen, notice: &Notice, track: &Track, front: &mut Front) -> Result<Change> {
        let &mut Front { ref mut data, in_movie, scale, format } = front;
        let (late, joined) = joined(track);
        let (_, edits) = track.starts();
        let total = self.length.at(track.scale).saturating_add(converted(late, scale, track.scale));
        let large = || refused(format, "its samples have lengths too short for a card");
        let pps = screen.config.free_pps().ok_or_else(|| refused(format, "it has too many parameter sets"))?;
        let planes = super::picture::draw(&screen.sps, notice, screen.orientation);
        let (count, times) = frames(track, total, card::can_repeat(&screen.sps));
        let mut lens = Vec::new();
        let at = data.len() as u64;
        for number in 0..count {
            let nal = match number {
                // Numbers that differ from those that encoders begin with.
                0 => card::picture(&screen.sps, pps, 8, &planes),
                _ if card::can_repeat(&screen.sps) => card::repeated(&screen.sps, pps, number),
                _ => card::picture(&screen.sps, pps, 8 + number % 2, &planes),
            };
            let sample = screen.config.sample(&[nal]).ok_or_else(large)?;
            lens.push(u32::try_from(sample.len()).map_err(|_| large())?);
            data.extend(sample);
        }
        let (edits, offset) = match edits {
            [] => (None, track.earliest.min(0)),
            // One edit that leaves out nothing that is shown.
            &[Edit { duration, time, .. }] if joined => {
                let more = in_movie.saturating_add(late);
                let duration = if duration == 0 { 0 } else { duration.saturating_add(more) };
                (Some(vec![Edit { duration, time, rate: Edit::NORMAL }]), time)
            }
            _ => {
                let first = Edit { duration: in_movie, time: track.earliest.max(0), rate: Edit::NORMAL };
                (Some(std::iter::once(first).chain(shifted(&track.edits, total)).collect()), track.earliest)
            }
        };
        let config = screen.config.with_pps(own_pps(pps, screen.sps.id)).write();
        let config = config.ok_or_else(|| refused(format, "it has too many parameter sets"))?;
        let entry = track.avcc().map(|range| with(&track.entry, range, &sized(b"avcC", &config)));
        let only_first = card::can_repeat(&screen.sps);
        let insert = Insertion { lens, times, offset, only_first, grouped: false, data: at };
        Ok(Change { insert: Some(insert), in_movie, in_media: total, edits, entry, samples: 0 })
    }

    fn heard(&self, voice: &Voice, track: &Track, front: &mut Front) -> Result<Change> {
        let &mut Front { ref mut data, in_movie, scale, format } = front;
        let spoken = voice.filled(self.length.at(voice.rate));
        let at = data.len() as u64;
        let count = u32::try_from(spoken.frames.len()).map_err(|_| refused(format, "the spoken notice is too long"))?;
        let delta = u32::try_from(voice.frame()).map_err(|_| refused(format, "the units of its sound are too fine"))?;
        let lens = spoken.frames.iter().map(|frame| u32::try_from(frame.len()).unwrap_or(0)).collect();
        spoken.frames.iter().for_each(|frame| data.extend_from_slice(frame));
        let media = u64::from(count) * voice.frame();
        let start = i64::try_from(spoken.start).unwrap_or(0);
        let (late, own) = track.starts();
        let lasts = own.first().map_or_else(|| track.lasts(scale), |edit| edit.duration).saturating_add(late);
        let edits = match spoken.joined {
            true => vec![Edit { duration: lasts.saturating_add(in_movie), time: start, rate: Edit::NORMAL }],
            false => {
                let first = Edit { duration: in_movie, time: start, rate: Edit::NORMAL };
                std::iter::once(first).chain(shifted(&track.edits, media)).collect()
            }
        };
        let insert =
            Insertion { lens, times: vec![(count, delta)], offset: 0, only_first: false, grouped: true, data: at };
        Ok(Change { insert: Some(insert), in_movie, in_media: media, edits: Some(edits), entry: None, samples: 0 })
    }
}

impl Screen {
    /// The one track of H.264 that is seen; `None` where the film has no picture.
    fn of(movie: &Movie, source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Option<Self>> {
        // Covers and previews of one picture are no film.
        let still = |track: &&(usize, &Track)| matches!(track.1.coding(), Some(b"jpeg" | b"png " | b"mjpa" | b"mjpb"));
        let tracks: Vec<_> = movie.tracks.iter().enumerate().filter(|(_, track)| track.handler == *b"vide").collect();
        let films: Vec<_> = tracks.iter().filter(|track| !still(track)).collect();
        let &&(index, track) = match films.as_slice() {
            [] if tracks.is_empty() => return Ok(None),
            [one] => one,
            [] => return Err(refused(format, "its pictures are coded one by one")),
            _ => return Err(refused(format, "it holds more than one film")),
        };
        if !track.enabled {
            return Err(refused(format, "its film is switched off"));
        }
        if let Some(odd) = track.odd {
            return Err(refused(format, odd));
        }
        if track.entries != 1 {
            return Err(refused(format, "its film is coded in more than one way"));
        }
        match track.coding() {
            Some(b"avc1") => {}
            Some(b"avc3") => return Err(refused(format, "its parameter sets stand among its pictures ('avc3')")),
            Some(b"encv" | b"drmi") => {
                return Err(Error::unsupported(format, "it is encrypted, and only who holds the key can label it"));
            }
            _ => return Err(refused(format, "it is not coded as H.264")),
        }
        let config = track.avcc().and_then(|range| Config::read(track.entry.get(range)?.get(8..)?));
        let config = config.ok_or_else(|| refused(format, "its description of H.264 cannot be read"))?;
        let (offset, len) = track.first.unwrap_or_default();
        let room = self::length(source)?.saturating_sub(offset);
        budget.part()?;
        let head = read_at(source, format, offset, u64::from(len).min(LOOKED_AT).min(room))?;
        let slice = config.nals(&head).find(|nal| (1..=IDR).contains(&avc::kind(nal)));
        let Some(slice) = slice.filter(|slice| avc::kind(slice) == IDR) else {
            return Err(refused(format, "it does not begin with a picture that stands alone (IDR)"));
        };
        let Some((sps, _)) = config.of_slice(slice) else {
            return Err(refused(format, "its parameter sets cannot be read"));
        };
        let why = if !sps.progressive {
            "it is or may be interlaced"
        } else if sps.chroma_format != 1 {
            "its colours are not 4:2:0"
        } else if sps.depth != (8, 8) {
            "its samples have more than 8 bits"
        } else {
            let orientation = track.orientation.unwrap_or_default();
            return Ok(Some(Self { track: index, config, sps, orientation }));
        };
        Err(refused(format, why))
    }

    /// The sets of pictures of our own in this track.
    pub(super) fn own(track: &Track) -> Option<(Config, Vec<(Sps, Pps)>)> {
        let config = Config::read(track.entry.get(track.avcc()?)?.get(8..)?)?;
        let sps: Vec<_> = config.sps.iter().filter_map(|set| Sps::read(set)).collect();
        let pps = config.pps.iter().filter_map(|set| Pps::read(set));
        let pairs = pps.filter_map(|pps| Some((sps.iter().find(|sps| sps.id == pps.sps)?.clone(), pps))).collect();
        Some((config, pairs))
    }
}

/// What is gathered on the way.
struct Front {
    /// The samples, one track after the other.
    data: Vec<u8>,
    /// The length in the movie's units, and those a second.
    in_movie: u64,
    scale: u32,
    format: Format,
}

/// How many pictures, and how long each: as in the rest of the film, where that is a usual rate.
fn frames(track: &Track, total: u64, repeats: bool) -> (u32, Vec<(u32, u32)>) {
    let scale = u64::from(track.scale);
    let usual = (scale / 120..=scale / 5).contains(&track.usual) && track.usual > 0;
    // Where each is a whole picture, few are enough.
    let delta = if !repeats {
        (total / 4).max(1)
    } else if usual {
        track.usual
    } else {
        (scale / 25).max(1)
    };
    let (count, rest) = ((total / delta).max(1), total % delta);
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let times = match rest {
        0 => vec![(narrow(count), narrow(delta))],
        _ => vec![(narrow(count - 1), narrow(delta)), (1, narrow(delta + rest))],
    };
    (narrow(count), times.into_iter().filter(|(count, _)| *count > 0).collect())
}

/// How much longer than other tracks need a card is seen, in the movie's units, because the film begins after its sound; and whether
/// one edit can show the card and what follows: it must leave out nothing that is shown.
fn joined(track: &Track) -> (u64, bool) {
    let (late, edits) = track.starts();
    let whole = |edit: &Edit| edit.rate == Edit::NORMAL && (0..=track.earliest.max(0)).contains(&edit.time);
    match edits {
        [one] if whole(one) => (late, true),
        _ => (0, false),
    }
}

/// Edits over media that begins later.
fn shifted(edits: &[Edit], by: u64) -> impl Iterator<Item = Edit> {
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    edits
        .iter()
        .map(move |edit| Edit { time: if edit.time < 0 { edit.time } else { edit.time.saturating_add(by) }, ..*edit })
}

/// Edits of a track that begins later.
fn later(track: &Track, in_movie: u64, scale: u32) -> Vec<Edit> {
    let mut edits = track.edits.clone();
    match edits.first_mut() {
        Some(first) if first.time == -1 => first.duration = first.duration.saturating_add(in_movie),
        Some(_) => edits.insert(0, Edit::empty(in_movie)),
        None => edits = vec![Edit::empty(in_movie), Edit { duration: track.lasts(scale), time: 0, rate: Edit::NORMAL }],
    }
    edits
}

/// A sample entry with another box in the place of one.
fn with(entry: &[u8], range: std::ops::Range<usize>, new: &[u8]) -> Vec<u8> {
    let mut made = [&entry[..range.start], new, &entry[range.end..]].concat();
    let len = u32::try_from(made.len()).unwrap_or(0).to_be_bytes();
    if let Some(place) = made.get_mut(..4) {
        place.copy_from_slice(&len);
    }
    made
}

fn refused(format: Format, why: &str) -> Error {
    let what = format!(
        "{why}: an opening card goes in front of one film of H.264 only, 8 bit, 4:2:0, in whole frames; ask for a banner instead \
         (--video-notice banner, which needs ffmpeg), or for no notice"
    );
    Error::unsupported(format, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_a_whole_number_of_units_everywhere() {
        let length = |scales: &[u32]| Length::new(SECONDS, &[], scales.iter().copied());
        for scales in [&[1000, 12_800][..], &[600, 600], &[1000, 24_000], &[90_000, 30_000], &[1000, 11_988], &[7, 11]]
        {
            let length = length(scales);
            for &scale in scales {
                assert_eq!(
                    u128::from(length.units) * u128::from(scale) % u128::from(length.per_second),
                    0,
                    "{scales:?}"
                );
                assert!(length.at(scale) >= SECONDS * u64::from(scale));
            }
        }
        assert_eq!(length(&[1000, 12_800]).ms(), 3000);
    }

    #[test]
    fn edits_keep_what_they_show() {
        let track = |edits: &[Edit]| Track { edits: edits.to_vec(), media: 5000, scale: 500, ..Track::default() };
        let shown = Edit { duration: 400, time: 7, rate: Edit::NORMAL };
        assert_eq!(later(&track(&[shown]), 3000, 1000), [Edit::empty(3000), shown]);
        assert_eq!(later(&track(&[Edit::empty(20), shown]), 3000, 1000), [Edit::empty(3020), shown]);
        assert_eq!(later(&track(&[]), 3000, 1000)[1], Edit { duration: 10_000, time: 0, rate: Edit::NORMAL });
        let moved: Vec<_> = shifted(&[Edit::empty(20), shown], 100).collect();
        assert_eq!((moved[0], moved[1].time), (Edit::empty(20), 107));
    }

    #[test]
    fn pictures_of_a_card_last_as_long_as_it() {
        for (usual, scale, total) in
            [(512, 12_800, 38_400), (1001, 24_000, 72_003), (90_000, 600, 1800), (0, 1000, 3001)]
        {
            let track = Track { usual, scale, ..Track::default() };
            for repeats in [true, false] {
                let (count, times) = frames(&track, total, repeats);
                assert_eq!(times.iter().map(|(count, _)| count).sum::<u32>(), count);
                assert_eq!(times.iter().map(|(count, delta)| u64::from(count * delta)).sum::<u64>(), total);
            }
        }
    }
}
