//! The discrete cosine transform of an 8 × 8 block: ISO/IEC 10918-1, A.3.3.

/// 64 samples by rows, or 64 coefficients by rows of frequency.
pub(super) type Samples = [f32; 64];

/// By place in the zigzag sequence: place by rows (figure A.6).
pub(super) const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
];

/// By index: cos(index × π / 16) / 2, the first divided by √2: the orthonormal basis.
const COS: [f32; 8] =
    [0.353_553_4, 0.490_392_64, 0.461_939_78, 0.415_734_8, 0.353_553_4, 0.277_785_12, 0.191_341_72, 0.097_545_16];

/// By row, each with all columns: what is done to rows is done to eight columns at once.
type Rows = [[f32; 8]; 8];

/// By frequency and place.
pub(super) fn basis() -> &'static [[f32; 8]; 8] {
    &BASIS
}

/// Coefficients to samples; 128 is not yet added.
pub(super) fn inverse(coefficients: &Samples) -> Samples {
    both_ways(coefficients, inverse_columns)
}

/// Samples, less 128, to coefficients.
pub(super) fn forward(samples: &Samples) -> Samples {
    both_ways(samples, forward_columns)
}

#[inline(always)]
fn both_ways(input: &Samples, columns: impl Fn(&Rows) -> Rows) -> Samples {
    let rows: Rows = std::array::from_fn(|row| std::array::from_fn(|column| input[row * 8 + column]));
    let turned = columns(&transposed(&columns(&rows)));
    std::array::from_fn(|index| turned[index % 8][index / 8])
}

#[inline(always)]
fn transposed(rows: &Rows) -> Rows {
    std::array::from_fn(|row| std::array::from_fn(|column| rows[column][row]))
}

/// Cosines of even frequencies are even about the middle, those of odd ones odd: half the products do.
#[inline(always)]
fn forward_columns(rows: &Rows) -> Rows {
    let sums: [[f32; 8]; 4] = std::array::from_fn(|row| std::array::from_fn(|x| rows[row][x] + rows[7 - row][x]));
    let differences: [[f32; 8]; 4] =
        std::array::from_fn(|row| std::array::from_fn(|x| rows[row][x] - rows[7 - row][x]));
    std::array::from_fn(|frequency| {
        let half = if frequency % 2 == 0 { &sums } else { &differences };
        combined(half, std::array::from_fn(|place| TABLE[frequency][place]))
    })
}

#[inline(always)]
fn inverse_columns(rows: &Rows) -> Rows {
    let mut out = [[0.0; 8]; 8];
    let even = [rows[0], rows[2], rows[4], rows[6]];
    let odd = [rows[1], rows[3], rows[5], rows[7]];
    for place in 0..4 {
        let even = combined(&even, std::array::from_fn(|index| TABLE[2 * index][place]));
        let odd = combined(&odd, std::array::from_fn(|index| TABLE[2 * index + 1][place]));
        out[place] = std::array::from_fn(|x| even[x] + odd[x]);
        out[7 - place] = std::array::from_fn(|x| even[x] - odd[x]);
    }
    out
}

#[inline(always)]
fn combined(rows: &[[f32; 8]; 4], factors: [f32; 4]) -> [f32; 8] {
    std::array::from_fn(|x| {
        rows[0][x] * factors[0] + rows[1][x] * factors[1] + rows[2][x] * factors[2] + rows[3][x] * factors[3]
    })
}

static BASIS: [[f32; 8]; 8] = TABLE;

/// By frequency and place: the orthonormal basis.
const TABLE: [[f32; 8]; 8] = {
    let mut table = [[0.0; 8]; 8];
    let mut index = 0;
    while index < 64 {
        table[index / 8][index % 8] = cosine(index / 8, index % 8);
        index += 1;
    }
    table
};

const fn cosine(frequency: usize, place: usize) -> f32 {
    if frequency == 0 {
        return COS[0];
    }
    // The angle in sixteenths of π; the cosine has a period of 32, and is even and odd about its quarters.
    match (2 * place + 1) * frequency % 32 {
        angle @ 0..=7 => COS[angle],
        8 | 24 => 0.0,
        angle @ 9..=16 => -COS[16 - angle],
        angle @ 17..=23 => -COS[angle - 16],
        angle => COS[32 - angle],
    }
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
