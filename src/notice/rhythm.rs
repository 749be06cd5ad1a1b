//! The rhythm short, long, short, short: "AI" in Morse code, which China's GB 45438-2025 takes as a warning that is heard.

/// Sounds or not, and for how many units: ITU-R M.1677, 2 (a dash is three, the gap between letters three). A silence of two ends it.
const SHAPE: [(bool, u32); 8] =
    [(true, 1), (false, 1), (true, 3), (false, 3), (true, 1), (false, 1), (true, 1), (false, 2)];
/// Units a second: 100 ms each.
const UNITS: u32 = 10;
/// Hertz.
const PITCH: f64 = 880.0;
/// Seconds in which a tone swells and fades, so that it does not click.
const EDGE: f64 = 0.008;
/// −16 LUFS, measured; the peak is −9.2 dBTP.
const AMPLITUDE: f64 = 0.3467;

/// The samples at `rate`, one channel.
pub(super) fn samples(rate: u32) -> Vec<f32> {
    let (unit, edge) = (rate / UNITS, (f64::from(rate) * EDGE).max(1.0));
    let mut samples = Vec::new();
    for (sounds, units) in SHAPE {
        let len = units * unit;
        for at in 0..len {
            let near = (f64::from(at) + 0.5).min(f64::from(len - at) - 0.5).min(edge) / edge;
            let swell = 0.5 - 0.5 * (std::f64::consts::PI * near).cos();
            let tone = (std::f64::consts::TAU * PITCH * f64::from(at) / f64::from(rate)).sin();
            samples.push(if sounds { (AMPLITUDE * swell * tone) as f32 } else { 0.0 });
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_short_long_short_short_at_any_rate() {
        for rate in [8_000, 44_100, 192_000] {
            let samples = samples(rate);
            let unit = rate as usize / 10;
            let loud = |at: usize| samples[at * unit..(at + 1) * unit].iter().any(|sample| sample.abs() > 0.3);
            let heard: String = (0..samples.len() / unit).map(|at| if loud(at) { '#' } else { '.' }).collect();
            assert_eq!(heard, "#.###...#.#..");
        }
    }
}
