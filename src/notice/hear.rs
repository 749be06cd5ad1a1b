//! Finds the known clips and the rhythm in decoded sound, by correlation.

use std::{ops::Range, sync::OnceLock};

use num_complex::Complex;
use symphonia::core::dsp::fft::{Fft, Ifft};

use super::{
    MAX_RATE, Sound,
    resample::{dot, resample},
    speech::{Clip, RATE, RHYTHM, SPOKEN},
};
use crate::policy::{Extent, Language};

/// Samples a second at which sounds are compared: a voice has most of its strength below 2 kHz.
const COMPARED: u32 = 4_000;
/// Correlation from which on a spoken clip is there. Measured: every coded clip, and the masters as MP3 and AAC at 16 kbit/s, Opus at 8
/// and A-law, reach 0.81; other speech of the same voice stays under 0.15, the same sentence with another last word under 0.85 and under
/// the right one.
const SPEECH: f64 = 0.6;
/// The same for the rhythm: coded it reaches 0.96, and a tone that never stops 0.73.
const TONES: f64 = 0.85;
/// The same for samples that were put in and not encoded.
const SAME: f64 = 0.98;
/// Samples of a template by which its place is found, before the whole is compared there.
const PROBED: usize = 4_096;
/// The most that is compared at once; a clip of the caller's is no longer.
const MAX_SECONDS: u32 = 61;

/// A clip that was heard.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hit {
    /// Milliseconds from the start of the recording.
    pub(crate) span: Range<u64>,
    /// `None` for the rhythm.
    pub(crate) says: Option<(Language, Extent)>,
    pub(crate) words: &'static str,
    /// Correlation, 0 to 1.
    pub(crate) score: f64,
}

/// Listens. Holds what every comparison needs.
pub(crate) struct Listener {
    forward: Fft,
    back: Ifft,
}

impl Listener {
    pub(crate) fn new() -> Self {
        Self { forward: Fft::new(SIZE), back: Ifft::new(SIZE) }
    }

    /// The known clips that are heard in `sound`, in order; of two at one place the likelier.
    pub(crate) fn search(&mut self, sound: &Sound) -> Vec<Hit> {
        let heard = self.spectrum(mono(sound));
        let mut hits = Vec::new();
        for (clip, template) in templates() {
            let least = if clip.says.is_some() { SPEECH } else { TONES };
            let found = self.find(&heard, trimmed(template), least);
            hits.extend(found.into_iter().map(|(at, score)| hit(clip, at, score, template, sound)));
        }
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept: Vec<Hit> = Vec::new();
        for hit in hits {
            let shared = |other: &Hit| {
                let overlap = hit.span.end.min(other.span.end).saturating_sub(hit.span.start.max(other.span.start));
                overlap * 4 > hit.span.end - hit.span.start
            };
            if !kept.iter().any(shared) {
                kept.push(hit);
            }
        }
        kept.sort_by_key(|hit| hit.span.start);
        kept
    }

    /// Whether these clips are heard, one after the other, from the start of `sound` on, or half a second later: what was just put
    /// there is found without a search.
    pub(crate) fn are_next(sound: &Sound, clips: &[&'static Clip]) -> bool {
        let heard = mono(sound);
        let mut from = 0;
        let each = clips.iter().all(|wanted| {
            let Some((clip, template)) = templates().iter().find(|(clip, _)| std::ptr::eq(*clip, *wanted)) else {
                return false;
            };
            let least = if clip.says.is_some() { SPEECH } else { TONES };
            let lags = from..from + COMPARED as usize / 2;
            let found = nearest(&heard, trimmed(template), lags).filter(|(_, score)| *score >= least);
            found.is_some_and(|(at, _)| {
                from = at + trimmed(template).len();
                true
            })
        });
        each && !clips.is_empty()
    }

    /// Whether these very samples, at its own rate, stand at the start of `sound`, or up to 4 ms later.
    pub(crate) fn stand_first(sound: &Sound, samples: &[f32]) -> bool {
        let lags = 0..1 + sound.rate as usize / 250;
        let heard = first_two(sound, samples.len() + lags.end);
        nearest(&heard, samples, lags).is_some_and(|(_, score)| score >= SAME)
    }

    /// Whether these very samples, at `rate`, are heard in `sound`.
    pub(crate) fn is_heard(&mut self, sound: &Sound, samples: &[f32], rate: u32) -> bool {
        let (heard, template) = (self.spectrum(mono(sound)), resample(samples, rate, COMPARED));
        !self.find(&heard, trimmed(&template), SPEECH).is_empty()
    }

    fn spectrum(&mut self, heard: Vec<f32>) -> Spectrum {
        let blocks = (0..heard.len()).step_by(STEP).map(|at| self.transformed(&heard[at..])).collect();
        let mut sum = 0.0;
        let sums = heard.iter().map(|&sample| {
            sum += f64::from(sample).powi(2);
            sum
        });
        Spectrum { blocks, energy: std::iter::once(0.0).chain(sums).collect() }
    }

    /// As many samples as fit into a transform, zeros behind them.
    fn transformed(&mut self, samples: &[f32]) -> Vec<Complex<f32>> {
        let mut block = vec![Complex::default(); SIZE];
        block.iter_mut().zip(samples).for_each(|(complex, &sample)| complex.re = sample);
        self.forward.fft_inplace(&mut block);
        block
    }

    /// Where the template is heard, and how like it is: the likeliest place, and others as far away as the template is long.
    fn find(&mut self, heard: &Spectrum, template: &[f32], least: f64) -> Vec<(usize, f64)> {
        let template = &template[..template.len().min(SIZE - STEP)];
        let count = heard.energy.len() - 1;
        if template.is_empty() || template.len() > count {
            return Vec::new();
        }
        let own = template.iter().map(|&sample| f64::from(sample).powi(2)).sum::<f64>();
        // A ten-thousandth of the template's: -40 dB, under which nothing is a warning.
        let floor = own * 1e-4;
        let transformed = self.transformed(template);
        let mut found: Vec<(usize, f64)> = Vec::new();
        for (start, block) in (0..).step_by(STEP).zip(&heard.blocks) {
            let mut products: Vec<_> = block.iter().zip(&transformed).map(|(heard, own)| heard * own.conj()).collect();
            self.back.ifft_inplace(&mut products);
            for (at, product) in (start..).zip(&products[..STEP]) {
                let Some(end) = heard.energy.get(at + template.len()) else { break };
                let energy = end - heard.energy[at];
                let score = if energy < floor { 0.0 } else { f64::from(product.re) / (energy * own).sqrt() };
                if score < least {
                    continue;
                }
                match found.last_mut() {
                    Some(last) if at - last.0 < template.len() => {
                        if score > last.1 {
                            *last = (at, score);
                        }
                    }
                    _ => found.push((at, score)),
                }
            }
        }
        found
    }
}

/// Samples in a transform (the crate's largest that works), and from the start of one to the next: a template is at most as long as the rest.
const SIZE: usize = 1 << 15;
const STEP: usize = 1 << 14;

/// Sound, ready to be compared with many clips.
struct Spectrum {
    blocks: Vec<Vec<Complex<f32>>>,
    /// Sums of squares up to each sample.
    energy: Vec<f64>,
}

/// Every known clip at the rate of comparison.
fn templates() -> &'static [(&'static Clip, Vec<f32>)] {
    static TEMPLATES: OnceLock<Vec<(&Clip, Vec<f32>)>> = OnceLock::new();
    TEMPLATES.get_or_init(|| {
        SPOKEN.iter().chain([&RHYTHM]).map(|clip| (clip, resample(clip.samples(), RATE, COMPARED))).collect()
    })
}

fn hit(clip: &'static Clip, at: usize, score: f64, template: &[f32], sound: &Sound) -> Hit {
    let ms = |samples: usize| samples as u64 * 1000 / u64::from(COMPARED);
    let lead = template.len() - trimmed_start(template).len();
    let from = sound.from_ms + ms(at.saturating_sub(lead));
    Hit { span: from..from + ms(template.len()), says: clip.says, words: clip.words, score }
}

/// Without the silence around it, which is like any other.
fn trimmed(template: &[f32]) -> &[f32] {
    let start = trimmed_start(template);
    let end = start.iter().rposition(|sample| sample.abs() > 0.01).map_or(0, |last| last + 1);
    &start[..end]
}

fn trimmed_start(template: &[f32]) -> &[f32] {
    let start = template.iter().position(|sample| sample.abs() > 0.01).unwrap_or(template.len());
    &template[start..]
}

/// Where of these places the template is likest to what is heard, and how like it is there: correlation, 0 to 1.
fn nearest(heard: &[f32], template: &[f32], places: Range<usize>) -> Option<(usize, f64)> {
    let lead = template.iter().position(|sample| sample.abs() > 0.01)?;
    let probe = &template[lead..template.len().min(lead + PROBED)];
    let floor = dot(template, template) * 1e-4;
    let like = |own: &[f32], at: usize| {
        let there = heard.get(at..at + own.len())?;
        let energy = dot(there, there);
        Some(if energy < floor * own.len() as f32 / template.len() as f32 {
            0.0
        } else {
            dot(there, own) / (energy * dot(own, own)).sqrt()
        })
    };
    let likeness = |at: &usize| like(probe, at + lead).unwrap_or(0.0);
    let at = places.map(|at| (at, likeness(&at))).max_by(|(_, a), (_, b)| a.total_cmp(b))?.0;
    // What was cut off at the end is silence.
    let end = template.iter().rposition(|sample| sample.abs() > 0.01).map_or(0, |last| last + 1);
    like(&template[..end], at).map(|score| (at, score.into()))
}

/// The mean of the first two channels, at the rate of comparison; no more than is compared at once.
fn mono(sound: &Sound) -> Vec<f32> {
    if !(1_000..=MAX_RATE).contains(&sound.rate) {
        return Vec::new();
    }
    resample(&first_two(sound, MAX_SECONDS as usize * sound.rate as usize), sound.rate, COMPARED)
}

/// The mean of the first two channels, of so many samples at most.
fn first_two(sound: &Sound, most: usize) -> Vec<f32> {
    match sound.channels {
        0 | 1 => sound.samples.iter().take(most).copied().collect(),
        2 => sound.samples.as_chunks::<2>().0.iter().take(most).map(|[left, right]| (left + right) / 2.0).collect(),
        channels => {
            let frames = sound.samples.chunks_exact(channels as usize).take(most);
            frames.map(|frame| (frame[0] + frame[1]) / 2.0).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AudibleNotice,
        notice::{Audible, level::LOUDNESS},
    };

    fn noise(len: usize, loud: f32) -> Vec<f32> {
        let mut state = 7_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32 * loud
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn every_clip_is_told_from_every_other() {
        for language in ["kk", "ru", "en", "zh"] {
            for extent in [Extent::Generated, Extent::Modified] {
                let notice = Audible::new(&AudibleNotice::speech(&[language]).unwrap().then_rhythm(), extent);
                let mut samples = noise(30_000, 0.02);
                samples.extend(notice.samples(24_000, LOUDNESS).iter());
                samples.extend(noise(60_000, 0.5));
                let sound = Sound { rate: 24_000, channels: 1, samples, from_ms: 1000 };
                let hits = Listener::new().search(&sound);
                let says: Vec<_> = hits.iter().map(|hit| hit.says).collect();
                assert_eq!(says, [Some((Language::from_tag(language).unwrap(), extent)), None], "{hits:?}");
                assert!(hits[0].span.start.abs_diff(2250) < 20 && hits.iter().all(|hit| hit.score > 0.9), "{hits:?}");
            }
        }
    }

    #[test]
    fn what_was_just_put_in_is_found_at_its_place_and_nothing_else_is_taken_for_it() {
        let [kk, _, ru, other, ..] = &SPOKEN;
        let notice = Audible::new(&AudibleNotice::speech(&["kk", "ru"]).unwrap(), Extent::Generated);
        let samples = notice.samples(24_000, LOUDNESS);
        let sound = |lead: usize, channels: u32| {
            let mono = [&noise(lead, 0.001), &samples[..], &noise(24_000, 0.5)].concat();
            let samples =
                mono.iter().flat_map(|&sample| (0..channels).map(move |at| if at < 2 { sample } else { 0.3 }));
            Sound { rate: 24_000, channels, samples: samples.collect(), from_ms: 0 }
        };
        for (lead, channels) in [(0, 1), (40, 2), (90, 6)] {
            assert!(Listener::stand_first(&sound(lead, channels), &samples), "{lead}");
        }
        assert!(!Listener::stand_first(&sound(200, 1), &samples), "8 ms later");
        assert!(!Listener::stand_first(&sound(0, 1), &noise(48_000, 0.5)), "other samples");
        for lead in [0, 2_400, 9_600] {
            assert!(Listener::are_next(&sound(lead, 2), &[kk, ru]), "{lead}");
        }
        for (lead, clips) in [(24_000, &[kk, ru][..]), (0, &[kk, other]), (0, &[ru, kk]), (0, &[kk, kk]), (0, &[])] {
            assert!(!Listener::are_next(&sound(lead, 1), clips), "{lead}");
        }
        let empty = Sound { rate: 24_000, channels: 1, samples: Vec::new(), from_ms: 0 };
        assert!(!Listener::are_next(&empty, &[kk]) && !Listener::stand_first(&empty, &samples));
    }

    #[test]
    fn nothing_is_heard_in_noise_and_silence() {
        let tone = (0..160_000).map(|at| (at as f32 * 880.0 * std::f32::consts::TAU / 16_000.0).sin() * 0.4).collect();
        let tone = Sound { rate: 16_000, channels: 1, samples: tone, from_ms: 0 };
        assert_eq!(Listener::new().search(&tone), [], "a tone that never stops");
        for loud in [0.0, 0.001, 0.9] {
            let sound = Sound { rate: 16_000, channels: 2, samples: noise(400_000, loud), from_ms: 0 };
            assert_eq!(Listener::new().search(&sound), []);
        }
    }
}
