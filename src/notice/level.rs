//! Loudness after ITU-R BS.1770, and how a notice is brought to one.

use std::ops::Range;

use ebur128::{EbuR128, Mode};

/// LUFS of a notice where the programme's loudness is not known.
pub(crate) const LOUDNESS: f64 = -16.0;
/// LUFS; a notice that is softer is not heard.
pub(crate) const FLOOR: f64 = -30.0;
/// LUFS; louder than this, a limiter spoils the speech.
const CEILING: f64 = -11.0;
/// LU between notice and programme that are aimed at, and that are allowed.
const APART: f64 = 2.0;
pub(super) const ALLOWED: f64 = 3.0;
/// The highest sample that is tried first, as a share of full scale: −1.9 dB, above which the true peak of speech stays by less than 0.4 dB.
const PEAK: f32 = 0.803;
/// The highest true peak, as a share of full scale: −1.5 dBTP.
pub(super) const TRUE_PEAK: f64 = 0.841;

/// What a notice's loudness should be before a programme of this loudness, in LUFS.
pub(crate) fn beside(programme: Option<f64>) -> f64 {
    match programme {
        // Silence has none.
        Some(programme) if programme > -70.0 => {
            let near = LOUDNESS.clamp(programme - APART, programme + APART).clamp(FLOOR + 0.5, CEILING);
            // In halves, so that what was made for one recording serves for others.
            (near * 2.0).round() / 2.0
        }
        _ => LOUDNESS,
    }
}

/// Seconds of the programme whose loudness the notice follows.
const PROGRAMME: u64 = 30;
/// Seconds that are measured whole.
const SHORT: u64 = 10;
/// Milliseconds of longer ones that are measured, and from one piece to the next: all of it takes three times as long, and tells no more
/// (0.2 LU apart in music and speech).
const PIECE: u64 = 500;
const PERIOD: u64 = 1500;

/// The samples of a programme of so many in all, at so many a second, that are measured.
pub(crate) fn pieces(total: u64, rate: u32) -> impl Iterator<Item = Range<u64>> {
    let at = move |ms: u64| ms * u64::from(rate) / 1000;
    let (piece, period) = if total <= at(SHORT * 1000) { (PERIOD, PERIOD) } else { (PIECE, PERIOD) };
    (0..PROGRAMME * 1000 / period).map(move |number| at(number * period)..at(number * period + piece))
}

/// Samples of all channels a second that are measured: eight at 384,000 and more.
const MAX_SAMPLES: u64 = 4 << 20;

/// Measures the loudness of sound that comes in pieces.
pub(crate) struct Meter(Option<EbuR128>);

impl Meter {
    pub(crate) fn new(channels: u32, rate: u32) -> Self {
        // It holds 0.4 seconds of all channels.
        let few = u64::from(channels) * u64::from(rate) <= MAX_SAMPLES;
        Self(few.then(|| EbuR128::new(channels, rate, Mode::I).ok()).flatten())
    }

    /// Takes interleaved samples, full scale ±1.
    pub(crate) fn add(&mut self, samples: &[f32]) {
        if let Some(meter) = &mut self.0
            && meter.add_frames_f32(samples).is_err()
        {
            self.0 = None;
        }
    }

    /// LUFS of all so far; `None` for silence, less than 0.4 seconds, and what cannot be measured.
    pub(crate) fn loudness(&self) -> Option<f64> {
        self.0.as_ref().and_then(|meter| meter.loudness_global().ok()).filter(|loudness| loudness.is_finite())
    }
}

/// LUFS of one channel.
pub(crate) fn loudness(samples: &[f32], rate: u32) -> Option<f64> {
    let mut meter = Meter::new(1, rate);
    meter.add(samples);
    meter.loudness()
}

/// The highest true peak of one channel, as a share of full scale; `None` where it cannot be measured.
pub(super) fn true_peak(samples: &[f32], rate: u32) -> Option<f64> {
    let mut meter = EbuR128::new(1, rate, Mode::TRUE_PEAK).ok()?;
    meter.add_frames_f32(samples).ok()?;
    meter.true_peak(0).ok()
}

/// The same sound at `wanted` LUFS, or as near as its peaks allow, those between two samples counted.
pub(super) fn level(samples: &[f32], rate: u32, wanted: f64) -> Vec<f32> {
    let mut peak = PEAK;
    let mut made = under(samples, rate, wanted, peak);
    let over = |made: &[f32]| true_peak(made, rate).map_or(0.0, |peak| peak / TRUE_PEAK);
    for _ in 0..3 {
        let over = over(&made) as f32;
        if over <= 1.0 {
            return made;
        }
        // A hair more: the limiter works elsewhere now.
        peak /= over * 1.01;
        made = under(samples, rate, wanted, peak);
    }
    let over = over(&made).max(1.0) as f32;
    made.iter_mut().for_each(|sample| *sample /= over);
    made
}

/// The same sound at `wanted` LUFS, with no sample above `peak`.
fn under(samples: &[f32], rate: u32, wanted: f64, peak: f32) -> Vec<f32> {
    let Some(now) = loudness(samples, rate) else { return samples.to_vec() };
    let mut gain = wanted - now;
    let mut made = Vec::new();
    for _ in 0..6 {
        made = limited(samples, rate, 10_f64.powf(gain / 20.0) as f32, peak);
        let missing = wanted - loudness(&made, rate).unwrap_or(wanted);
        // A limiter that works too hard gives the loudness back as distortion.
        if missing.abs() < 0.1 || gain + missing > wanted - now + 6.0 {
            break;
        }
        gain += missing;
    }
    made
}

/// Louder by `gain`, with peaks turned down before they come: 5 ms ahead, back to normal in 60 ms.
fn limited(samples: &[f32], rate: u32, gain: f32, peak: f32) -> Vec<f32> {
    let ahead = (rate / 200).max(1) as usize;
    let back = (1.0 / (rate as f32 * 0.06)).min(1.0);
    let wanted = |sample: f32| (peak / (sample * gain).abs().max(peak)).min(1.0);
    // The least of the next few, which a queue of falling candidates keeps.
    let mut least = std::collections::VecDeque::<(usize, f32)>::new();
    let mut held = Vec::with_capacity(samples.len());
    for (at, &sample) in samples.iter().enumerate() {
        let want = wanted(sample);
        while least.back().is_some_and(|(_, other)| *other >= want) {
            least.pop_back();
        }
        least.push_back((at, want));
        if at >= ahead {
            held.push(least.front().map_or(1.0, |(_, least)| *least));
            while least.front().is_some_and(|(place, _)| *place <= at - ahead) {
                least.pop_front();
            }
        }
    }
    held.resize(samples.len(), least.front().map_or(1.0, |(_, least)| *least));
    let mut now = held.first().copied().unwrap_or(1.0);
    let fall = (3.0 / ahead as f32).min(1.0);
    let shaped = samples.iter().zip(held).map(|(&sample, want)| {
        now += (want - now) * if want < now { fall } else { back };
        // What the slope did not reach in time is cut off.
        (sample * gain * now).clamp(-peak, peak)
    });
    shaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_stays_near_the_programme_and_above_the_floor() {
        let near = |programme| beside(Some(programme));
        assert_eq!((beside(None), near(-16.0), near(-17.5)), (-16.0, -16.0, -16.0));
        assert_eq!((near(-23.0), near(-9.0), near(-60.0)), (-21.0, -11.0, -29.5));
    }

    #[test]
    fn a_third_of_a_long_programme_is_measured_and_all_of_a_short_one() {
        let measured = |total| pieces(total, 44_100).map(|piece| piece.end - piece.start).sum::<u64>();
        assert_eq!((measured(44_100 * 60), measured(44_100 * 10)), (44_100 * 10, 44_100 * 30));
        assert_eq!(pieces(u64::MAX, 8_000).nth(1), Some(12_000..16_000));
    }

    /// The highest point of a tone at a quarter of the rate lies between two samples, 3 dB above both.
    #[test]
    fn peaks_between_two_samples_are_not_passed_either() {
        let at_45_degrees = |at: usize| (std::f32::consts::FRAC_PI_2 * (at as f32 + 0.5)).sin();
        let tone: Vec<f32> =
            (0..16_000).map(|at| at_45_degrees(at) * if at / 1_600 % 4 == 0 { 0.9 } else { 0.01 }).collect();
        for rate in [8_000, 16_000, 48_000] {
            for wanted in [-4.0, -2.0] {
                let peak = true_peak(&level(&tone, rate, wanted), rate).unwrap();
                assert!((0.7..=TRUE_PEAK + 1e-6).contains(&peak), "{rate}, {wanted}: {peak}");
            }
        }
    }

    #[test]
    fn loudness_is_reached_and_peaks_are_not_passed() {
        // Noise in bursts, whose peaks are 18 dB above its loudness.
        let mut state = 1_u32;
        let noise: Vec<f32> = (0..96_000)
            .map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let burst = if at / 4_800 % 3 == 0 { 0.9 } else { 0.05 };
                (f64::from(state) / f64::from(u32::MAX) - 0.5) as f32 * burst
            })
            .collect();
        for wanted in [-28.0, -16.0, -13.0] {
            let made = level(&noise, 48_000, wanted);
            let got = loudness(&made, 48_000).unwrap();
            assert!((got - wanted).abs() < 0.3, "{wanted}: {got}");
            assert!(made.iter().all(|sample| sample.abs() <= PEAK));
            assert!(true_peak(&made, 48_000).unwrap() <= TRUE_PEAK, "{wanted}");
        }
    }
}
