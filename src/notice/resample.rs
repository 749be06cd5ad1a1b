//! From one sampling rate to another: a windowed sinc, tabled.

/// Zero crossings on each side of the middle.
const CROSSINGS: usize = 24;
/// Rows of the table at most. Rates that have a common measure need one row for each place that a sample can have between two others, and
/// few enough of them; between others it is interpolated, with an error under −100 dB.
const STEPS: usize = 512;
/// What is kept of the band below the lower of the two Nyquist frequencies.
const BAND: f64 = 0.94;

/// The same sound at another rate. Both rates are above 0.
pub(super) fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to {
        return samples.to_vec();
    }
    let measure = common(from, to);
    let places = usize::try_from(to / measure).unwrap_or(usize::MAX);
    let table = Table::new(f64::from(from) / f64::from(to), places.min(STEPS));
    let count = (samples.len() as f64 * f64::from(to) / f64::from(from)).round() as usize;
    let mut padded = vec![0.0; table.taps / 2];
    padded.extend_from_slice(samples);
    padded.resize(samples.len() + table.taps + 2, 0.0);
    let mut made = Vec::with_capacity(count);
    let (mut whole, mut place) = (0, 0);
    let step = (from / measure) as usize;
    for _ in 0..count {
        let Some(window) = padded.get(whole + 1..whole + 1 + table.taps) else { break };
        made.push(match places <= STEPS {
            true => dot(table.row(place), window),
            false => {
                let at = place as f64 / places as f64 * STEPS as f64;
                let (row, share) = (at.floor() as usize, at.fract() as f32);
                let (low, high) = (dot(table.row(row), window), dot(table.row(row + 1), window));
                low + (high - low) * share
            }
        });
        place += step;
        whole += place / places;
        place %= places;
    }
    made
}

/// Weights of the samples around a place between two of them.
struct Table {
    taps: usize,
    rows: Vec<f32>,
}

impl Table {
    /// `steps` rows from one sample to the next, and that of the next. `ratio`: samples that become one.
    fn new(ratio: f64, steps: usize) -> Self {
        // Wider, and lower, where samples get fewer.
        let stretch = ratio.max(1.0);
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
        let taps = 2 * half;
        let rows = (0..=steps)
            .flat_map(|step| (0..taps).map(move |tap| (step, tap)))
            .map(|(step, tap)| kernel(tap as f64 - (half - 1) as f64 - step as f64 / steps as f64) as f32)
            .collect();
        Self { taps, rows }
    }

    fn row(&self, step: usize) -> &[f32] {
        &self.rows[step * self.taps..(step + 1) * self.taps]
    }
}

/// The greatest common measure.
fn common(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common(b, a % b) }
}

/// The sum of products, in eight sums at once: one alone waits for each addition.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.0.iter().zip(b.0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum::<f32>() + a.1.iter().zip(b.1).map(|(a, b)| a * b).sum::<f32>()
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
