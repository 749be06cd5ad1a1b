//! The notice that is heard: which clips, in which order, and their samples.

use std::{
    collections::VecDeque,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    level,
    resample::resample,
    rhythm,
    speech::{Clip, Codec, RATE, RHYTHM, SPOKEN},
};
use crate::policy::{AudibleNotice, Extent, Part};

/// A notice that can be put into any number of recordings. What depends on no recording is kept.
pub(crate) struct Audible {
    parts: Vec<Voice>,
    /// Milliseconds of the programme from one to the next; `None` for once, at the start.
    pub(crate) every_ms: Option<u64>,
    /// Milliseconds between which it is in the recording already.
    pub(crate) placed: Option<(u64, u64)>,
    /// By rate and loudness, the oldest first.
    kept: Mutex<VecDeque<Kept>>,
}

/// A notice as it will be heard in one recording.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Each time that it is heard, in milliseconds from the start of the result.
    pub(crate) spans: Vec<Range<u64>>,
    /// Where it is put in, in samples of the original from its start; one place a span.
    pub(crate) places: Vec<u64>,
    /// Its samples, one channel, at the recording's rate; empty where coded clips are put in.
    pub(crate) samples: Arc<[f32]>,
    /// LUFS.
    pub(crate) loudness: f64,
    /// The clips that are put in, where nothing is encoded.
    pub(crate) coded: Vec<&'static [u8]>,
    /// How much softer than they are, in steps of [`STEP`].
    pub(crate) softer: u8,
    /// Sentences for the receipt.
    pub(crate) remarks: Vec<String>,
}

impl Heard {
    /// Bytes that a notice may take in memory in the form of the recording: a small file can claim any rate and any number of channels.
    pub(crate) const MOST: u64 = 48 << 20;

    /// A notice of these samples at the start, and wherever it is to be repeated in an original of `len` samples, of which `unit`
    /// must stay together.
    pub(crate) fn repeated(
        samples: Arc<[f32]>,
        rate: u32,
        (len, unit): (u64, u64),
        every_ms: Option<u64>,
        loudness: f64,
    ) -> Self {
        let (rate, notice) = (u64::from(rate).max(1), samples.len() as u64);
        let every =
            every_ms.map_or(u64::MAX, |ms| (u128::from(ms) * u128::from(rate) / 1000).try_into().unwrap_or(u64::MAX));
        // Not so near the end that nothing comes after it.
        let last = len.saturating_sub(rate * LEAST_AFTER);
        let places: Vec<_> = (0..MAX_TIMES)
            .map_while(|time| every.checked_mul(time)?.checked_next_multiple_of(unit))
            .take_while(|&at| at == 0 || at < last)
            .collect();
        let ms = |samples: u64| u64::try_from(u128::from(samples) * 1000 / u128::from(rate)).unwrap_or(u64::MAX);
        let span = |(time, at): (u64, &u64)| {
            ms(at + time * notice)..ms(at + (time + 1) * notice).max(ms(at + time * notice) + 1)
        };
        let spans = (0..).zip(&places).map(span).collect();
        Self { spans, places, samples, loudness, coded: Vec::new(), softer: 0, remarks: Vec::new() }
    }

    /// A notice of coded clips at the start, which is heard for so long; `repeats` says whether it should come again later.
    pub(crate) fn once(coded: Vec<&'static [u8]>, ms: u64, repeats: bool) -> Self {
        let said =
            "the warning is heard once, at the start: in this format it cannot be repeated without encoding anew";
        Self {
            spans: std::iter::once(0..ms.max(1)).collect(),
            places: vec![0],
            samples: Arc::default(),
            loudness: level::LOUDNESS,
            coded,
            softer: 0,
            remarks: repeats.then(|| said.to_owned()).into_iter().collect(),
        }
    }

    /// Coded clips as loud as a programme of this loudness wants them. What was encoded can be made softer by the gain in its frames;
    /// its peaks allow no more.
    pub(crate) fn beside(mut self, programme: Option<f64>) -> Self {
        if programme.is_some() {
            self.softer = ((self.loudness - level::beside(programme)) / STEP).round().clamp(0.0, 20.0) as u8;
            self.loudness -= f64::from(self.softer) * STEP;
        }
        self.compared(programme)
    }

    /// Says where it is farther from the programme than it should be.
    pub(crate) fn compared(mut self, programme: Option<f64>) -> Self {
        let Some(programme) = programme else { return self };
        let above = self.loudness - programme;
        if above.abs() > level::ALLOWED {
            let (how, why) = match (above > 0.0, self.coded.is_empty()) {
                (true, _) => ("louder", "softer than that, nobody would hear it"),
                (false, true) => ("softer", "its peaks allow no more"),
                (false, false) => ("softer", "clips that were encoded cannot be made louder without clipping"),
            };
            self.remarks.push(format!(
                "the warning has {:.1} LUFS and the recording {programme:.1}: it is {:.1} LU {how}; {why}",
                self.loudness,
                above.abs()
            ));
        }
        self
    }

    /// How many samples later in the result the original's sample `at` stands.
    pub(crate) fn shift(&self, at: u64) -> u64 {
        self.places.iter().filter(|&&place| place <= at).count() as u64 * self.samples.len() as u64
    }
}

/// Decibels in a step of the gain that stands in each frame of MP3 and AAC: a quarter of a doubling.
const STEP: f64 = 1.505;
/// Seconds of the programme that follow the last repetition at least.
const LEAST_AFTER: u64 = 30;
/// The most times that a notice is heard in one recording: every ten minutes for a week.
const MAX_TIMES: u64 = 1008;

/// Sound that was decoded.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    /// Samples a second.
    pub(crate) rate: u32,
    pub(crate) channels: u32,
    /// Interleaved, full scale ±1.
    pub(crate) samples: Vec<f32>,
    /// Where it starts, in milliseconds from the start of the recording.
    pub(crate) from_ms: u64,
}

impl Sound {
    /// Samples of all channels that are held at once: 32 MB.
    pub(crate) const MOST: usize = 8 << 20;
}

enum Voice {
    Ours(&'static Clip),
    Own { rate: u32, samples: Arc<[f32]>, words: String },
}

/// Samples that were made.
struct Kept {
    rate: u32,
    /// The bits of the loudness that was wanted.
    wanted: u64,
    samples: Arc<[f32]>,
    /// LUFS that they have.
    loudness: f64,
}

/// Samples that are kept in all, 16 MB of them: a file can ask for any rate.
const KEPT: usize = 4 << 20;

impl Audible {
    pub(crate) fn new(notice: &AudibleNotice, extent: Extent) -> Self {
        let spoken = |language| SPOKEN.iter().find(|clip| clip.says == Some((language, extent)));
        let parts = notice.parts.iter().filter_map(|part| match part {
            Part::Speech(language) => spoken(*language).map(Voice::Ours),
            Part::Rhythm => Some(Voice::Ours(&RHYTHM)),
            Part::Clip { rate, samples, words } => {
                Some(Voice::Own { rate: *rate, samples: Arc::clone(samples), words: words.clone() })
            }
        });
        let every_ms = notice.every.map(|every| u64::try_from(every.as_millis()).unwrap_or(u64::MAX));
        Self { parts: parts.collect(), every_ms, placed: notice.placed, kept: Mutex::default() }
    }

    /// What is said, one line a part.
    pub(crate) fn lines(&self) -> Vec<String> {
        let words = |voice: &Voice| match voice {
            Voice::Ours(clip) => clip.words.to_owned(),
            Voice::Own { words, .. } => words.clone(),
        };
        self.parts.iter().map(words).collect()
    }

    /// The samples of one channel at `rate`, at `loudness` LUFS or as near as their peaks allow.
    pub(crate) fn samples(&self, rate: u32, loudness: f64) -> Arc<[f32]> {
        self.levelled(rate, loudness).0
    }

    /// The samples before a programme of this loudness, and their own in LUFS.
    pub(crate) fn beside(&self, rate: u32, programme: Option<f64>) -> (Arc<[f32]>, f64) {
        self.levelled(rate, level::beside(programme))
    }

    fn levelled(&self, rate: u32, loudness: f64) -> (Arc<[f32]>, f64) {
        let plain = self.kept_or(rate, level::LOUDNESS, || self.plain(rate));
        if (loudness - level::LOUDNESS).abs() < 0.05 {
            return plain;
        }
        self.kept_or(rate, loudness, || level::level(&plain.0, rate, loudness))
    }

    fn kept_or(&self, rate: u32, wanted: f64, make: impl FnOnce() -> Vec<f32>) -> (Arc<[f32]>, f64) {
        let all = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |kept: &&Kept| (kept.rate, kept.wanted) == (rate, wanted.to_bits());
        let found = all().iter().find(same).map(|kept| (Arc::clone(&kept.samples), kept.loudness));
        found.unwrap_or_else(|| {
            let samples: Arc<[f32]> = make().into();
            let loudness = level::loudness(&samples, rate).unwrap_or(wanted);
            let mut all = all();
            all.push_back(Kept { rate, wanted: wanted.to_bits(), samples: Arc::clone(&samples), loudness });
            while all.iter().map(|kept| kept.samples.len()).sum::<usize>() > KEPT {
                all.pop_front();
            }
            (samples, loudness)
        })
    }

    fn plain(&self, rate: u32) -> Vec<f32> {
        let mut samples = Vec::new();
        for part in &self.parts {
            match part {
                Voice::Ours(clip) if std::ptr::eq(*clip, &raw const RHYTHM) => samples.extend(rhythm::samples(rate)),
                Voice::Ours(clip) => {
                    let clip = resample(clip.samples(), RATE, rate);
                    // What a lower rate cannot hold made some peaks lower.
                    let over = level::true_peak(&clip, rate).is_some_and(|peak| peak > level::TRUE_PEAK);
                    samples.extend(if over { level::level(&clip, rate, level::LOUDNESS) } else { clip });
                }
                Voice::Own { rate: own, samples: clip, .. } => {
                    let clip = resample(clip, *own, rate);
                    samples.extend(level::level(&clip, rate, level::LOUDNESS));
                    // What follows must not begin in its last sample.
                    samples.resize(samples.len() + (rate / 5) as usize, 0.0);
                }
            }
        }
        samples
    }

    /// The coded clips for a rate, in order; what is missing as a sentence.
    pub(crate) fn coded(&self, codec: Codec, rate: u32) -> Result<Vec<&'static [u8]>, String> {
        let of = |voice: &Voice| match voice {
            Voice::Ours(clip) => clip.coded(codec, rate).ok_or_else(|| {
                let mut rates: Vec<_> = Clip::rates(codec).collect();
                rates.sort_unstable();
                let rates: Vec<_> = rates.iter().map(u32::to_string).collect();
                format!("there is no spoken clip for {rate} samples a second, only for {}", rates.join(", "))
            }),
            Voice::Own { .. } => {
                Err("a clip of your own goes into WAV and FLAC only, because nothing is encoded".into())
            }
        };
        self.parts.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kazakh_and_russian() -> Audible {
        Audible::new(&AudibleNotice::speech(&["kk", "ru"]).unwrap().then_rhythm(), Extent::Generated)
    }

    #[test]
    fn what_its_peaks_do_not_allow_is_said() {
        let audible = kazakh_and_russian();
        for (rate, programme, said) in [(8_000, -6.0, true), (48_000, -14.0, false), (22_050, -20.0, false)] {
            let (samples, loudness) = audible.beside(rate, Some(programme));
            assert!((level::loudness(&samples, rate).unwrap() - loudness).abs() < 1e-9);
            let heard = Heard::repeated(samples, rate, (u64::from(rate) * 60, 1), None, loudness);
            let remarks = heard.compared(Some(programme)).remarks;
            assert_eq!(
                remarks.iter().any(|remark| remark.ends_with("softer; its peaks allow no more")),
                said,
                "{rate}"
            );
        }
    }

    #[test]
    fn it_is_as_loud_at_every_rate_as_it_should_be() {
        let audible = kazakh_and_russian();
        assert_eq!(audible.lines()[1], "Эта запись создана искусственным интеллектом.");
        for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000] {
            for wanted in [-16.0, -24.0, -12.5, -11.0] {
                let samples = audible.samples(rate, wanted);
                let loudness = level::loudness(&samples, rate).unwrap();
                // Peaks come first: where they allow no more, a loud warning is softer, but not than one of which nothing is wanted.
                let least = if wanted > -13.0 { level::LOUDNESS } else { wanted };
                assert!((least - 0.6..wanted + 0.6).contains(&loudness), "{rate}: {loudness}, {wanted} wanted");
                let peak = level::true_peak(&samples, rate).unwrap();
                assert!(peak <= level::TRUE_PEAK + 1e-5, "{rate}, {wanted}: {peak}");
                assert!((7.5..9.0).contains(&(samples.len() as f64 / f64::from(rate))), "{rate}");
            }
        }
    }

    #[test]
    fn coded_clips_follow_a_soft_programme_and_it_is_said_where_they_cannot() {
        let beside = |programme| Heard::once(Vec::new(), 1, false).beside(programme);
        for programme in [None, Some(-16.0), Some(-13.1), Some(-18.5)] {
            let heard = beside(programme);
            assert!(heard.softer <= 1 && heard.remarks.is_empty(), "{heard:?}");
        }
        for programme in [-20.0, -23.0, -27.3, -31.0] {
            let heard = beside(Some(programme));
            assert!((heard.loudness - programme).abs() <= 3.0 && heard.remarks.is_empty(), "{heard:?}");
            assert!((heard.loudness + 16.0 + f64::from(heard.softer) * STEP).abs() < 1e-9);
        }
        let [loud, faint] = [-8.0, -50.0].map(|programme| beside(Some(programme)));
        assert!(
            loud.softer == 0 && loud.remarks[0].contains("and the recording -8.0: it is 8.0 LU softer"),
            "{loud:?}"
        );
        assert!(faint.loudness > level::FLOOR && faint.remarks[0].contains("LU louder; softer than that"), "{faint:?}");
    }

    #[test]
    fn a_clip_of_ones_own_peaks_no_higher_whatever_it_is_like() {
        let mut state = 3_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if state >> 31 == 0 { 1.0 } else { -1.0 }
        };
        // As loud as samples can be, and with gaps.
        let clip: Vec<f32> = (0..24_000).map(|at| noise() * if at / 2_000 % 3 == 0 { 0.99 } else { 0.02 }).collect();
        for rate in [8_000, 24_000, 44_100, 96_000] {
            let notice = AudibleNotice::clip(24_000, &clip, "AI").unwrap();
            let own = Audible::new(&notice, Extent::Generated);
            for wanted in [-11.0, -16.0, -28.0] {
                let peak = level::true_peak(&own.samples(rate, wanted), rate).unwrap();
                assert!((0.05..=level::TRUE_PEAK + 1e-6).contains(&peak), "{rate}, {wanted}: {peak}");
            }
        }
    }

    #[test]
    fn coded_clips_are_there_or_it_is_said_which_are() {
        let audible = kazakh_and_russian();
        for codec in [Codec::Mp3, Codec::Aac, Codec::Opus] {
            assert_eq!(audible.coded(codec, 48_000).unwrap().len(), 3);
        }
        let why = audible.coded(Codec::Mp3, 11_025).unwrap_err();
        assert_eq!(
            why,
            "there is no spoken clip for 11025 samples a second, only for 16000, 22050, 24000, 44100, 48000"
        );
        let own = Audible::new(&AudibleNotice::clip(8_000, &[0.5, -0.5], "AI").unwrap(), Extent::Generated);
        assert!(own.coded(Codec::Aac, 48_000).unwrap_err().contains("WAV and FLAC only"));
    }
}
