//! The discrete cosine transform of an 8 × 8 block: ISO/IEC 10918-1, A.3.3.

use std::sync::LazyLock;

/// 64 samples by rows, or 64 coefficients by rows of frequency.
pub(super) type Samples = [f32; 64];

/// By place in the zigzag sequence: place by rows (figure A.6).
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// By frequency and place: the orthonormal basis.
static BASIS: LazyLock<[[f32; 8]; 8]> = LazyLock::new(|| {
    std::array::from_fn(|frequency| {
        let scale = if frequency == 0 { 0.125_f64.sqrt() } else { 0.5 };
        std::array::from_fn(|place| {
            let angle = (2 * place + 1) as f64 * frequency as f64 * std::f64::consts::PI / 16.0;
            (scale * angle.cos()) as f32
        })
    })
});

/// By frequency and place.
pub(super) fn basis() -> &'static [[f32; 8]; 8] {
    &BASIS
}

/// Coefficients to samples; 128 is not yet added.
pub(super) fn inverse(coefficients: &Samples) -> Samples {
    let basis = &*BASIS;
    let rows = transform(coefficients, |frequency, place| basis[frequency][place]);
    transform(&rows, |frequency, place| basis[frequency][place])
}

/// Samples, less 128, to coefficients.
pub(super) fn forward(samples: &Samples) -> Samples {
    let basis = &*BASIS;
    let rows = transform(samples, |place, frequency| basis[frequency][place]);
    transform(&rows, |place, frequency| basis[frequency][place])
}

/// Transforms each row and writes it as a column: two of these are a transform of both directions.
#[inline]
fn transform(input: &Samples, factor: impl Fn(usize, usize) -> f32) -> Samples {
    let mut output = [0.0; 64];
    for (row, values) in input.chunks_exact(8).enumerate() {
        for to in 0..8 {
            let sum: f32 = values.iter().enumerate().map(|(from, value)| value * factor(from, to)).sum();
            output[to * 8 + row] = sum;
        }
    }
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_again() {
        let samples: Samples = std::array::from_fn(|index| ((index * 37) % 256) as f32 - 128.0);
        let back = inverse(&forward(&samples));
        assert!(samples.iter().zip(back).all(|(a, b)| (a - b).abs() < 1e-3));
        // F(0, 0) is eight times the mean.
        assert!((forward(&[100.0; 64])[0] - 800.0).abs() < 1e-3);
        // A wave from left to right is a coefficient of the first row.
        let wave = forward(&std::array::from_fn(|index| if index % 8 < 4 { 100.0 } else { -100.0 }));
        assert!(wave[1] > 500.0 && wave[8].abs() < 1e-3);
    }
}
