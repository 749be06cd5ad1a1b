//! From one sampling rate to another: a windowed sinc, tabled.

/// Zero crossings on each side of the middle.
const CROSSINGS: usize = 24;
/// Steps of the table between two samples; the rest is interpolated, with an error under −100 dB.
const STEPS: usize = 512;
/// What is kept of the band below the lower of the two Nyquist frequencies.
const BAND: f64 = 0.94;

/// The same sound at another rate. Both rates are above 0.
pub(super) fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to {
        return samples.to_vec();
    }
    let (from, to) = (f64::from(from), f64::from(to));
    // Wider, and lower, where samples get fewer.
    let stretch = (from / to).max(1.0);
    let half = (CROSSINGS as f64 * stretch).ceil() as usize;
    let kernel = |distance: f64| {
        let (x, reach) = (distance / stretch, distance / half as f64);
        if reach.abs() >= 1.0 {
            return 0.0;
        }
        let angle = std::f64::consts::PI * x * BAND;
        let sinc = if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle };
        // Blackman.
        let turn = std::f64::consts::PI * reach;
        sinc * BAND / stretch * (0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
    };
    // One row for each step between two samples, and one more to interpolate towards.
    let taps = 2 * half;
    let table: Vec<f32> = (0..=STEPS)
        .flat_map(|step| (0..taps).map(move |tap| (step, tap)))
        .map(|(step, tap)| kernel(tap as f64 - (half - 1) as f64 - step as f64 / STEPS as f64) as f32)
        .collect();
    let count = (samples.len() as f64 * to / from).round() as usize;
    let mut padded = vec![0.0; half];
    padded.extend_from_slice(samples);
    padded.resize(samples.len() + 2 * half + 2, 0.0);
    let mut made = Vec::with_capacity(count);
    for index in 0..count {
        let at = index as f64 * from / to;
        let (whole, part) = (at.floor() as usize, at.fract() * STEPS as f64);
        let (step, share) = (part.floor() as usize, part.fract() as f32);
        let Some(window) = padded.get(whole + 1..whole + 1 + taps) else { break };
        let row = |step: usize| &table[step * taps..(step + 1) * taps];
        let dot = |row: &[f32]| row.iter().zip(window).map(|(weight, sample)| weight * sample).sum::<f32>();
        let low = dot(row(step));
        // Rates that divide each other need one row.
        let high = if share > 0.0 { dot(row(step + 1)) } else { low };
        made.push(low + (high - low) * share);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_stays_the_tone_it_was() {
        let tone = |rate: u32, hertz: f64| -> Vec<f32> {
            let turn = std::f64::consts::TAU * hertz / f64::from(rate);
            (0..rate / 4).map(|at| (turn * f64::from(at)).sin() as f32).collect()
        };
        for (from, to) in [(22_050, 8_000), (22_050, 44_100), (22_050, 48_000), (22_050, 96_000), (48_000, 22_050)] {
            let (made, wanted) = (resample(&tone(from, 1000.0), from, to), tone(to, 1000.0));
            assert!(made.len().abs_diff(wanted.len()) <= 2, "{from} {to}");
            // The edges ring.
            let middle = made.len() / 4..made.len() * 3 / 4;
            let off = middle.map(|at| (made[at] - wanted[at]).abs()).fold(0.0, f32::max);
            assert!(off < 1e-3, "{from} to {to}: {off}");
        }
        // What the lower rate cannot hold is gone, not folded down.
        let made = resample(&tone(48_000, 9_000.0), 48_000, 16_000);
        assert!(made[500..3000].iter().all(|sample| sample.abs() < 1e-3));
    }
}
