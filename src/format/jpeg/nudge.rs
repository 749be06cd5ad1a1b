//! Where a table has no code for what the notice needs and no room for one: coefficients of the notice are moved to the nearest
//! ones that have a code. Only blocks that were drawn change; the others came with codes of their own.

use super::{codes::ZRL, huffman::Encoder, paint::Quantisation, picture::Block};

/// Moves the AC coefficients of a block to such as `encoder` can write. Returns the square of the error, summed over the 64
/// samples (the transform keeps it); infinite when nothing helps.
pub(super) fn nudge(block: &mut Block, steps: &Quantisation, encoder: &Encoder) -> f32 {
    let has = |symbol: u8| encoder.code(symbol).1 > 0;
    // Whether a coefficient of `size` bits behind so many zeros has a code.
    let writes = |zeros: usize, size: u32| (zeros < 16 || has(ZRL)) && has(((zeros % 16) << 4) as u8 | size as u8);
    let square = |place: usize, change: i32| (change as f32 * f32::from(steps[place])).powi(2);
    let (mut error, mut last) = (0.0, 0);
    for k in 1..64 {
        let value = i32::from(block[k]);
        let size = magnitude(value);
        if value == 0 {
            continue;
        }
        if writes(k - last - 1, size) {
            last = k;
            continue;
        }
        // Without it, or with a coefficient of 1 before it, which breaks the run of zeros, or with another size.
        let mut best = (square(k, value), 0, None);
        for place in (last + 1..k).filter(|&place| writes(place - last - 1, 1) && writes(k - place - 1, size)) {
            if square(place, 1) < best.0 {
                best = (square(place, 1), value, Some(place));
            }
        }
        // 10 bits are the most that a coefficient of 8-bit pictures has (F.1.2.2).
        for other in (1..=10).filter(|&other| other != size && writes(k - last - 1, other)) {
            let nearest = if other < size { (1 << other) - 1 } else { 1 << (other - 1) } * value.signum();
            if square(k, value - nearest) < best.0 {
                best = (square(k, value - nearest), nearest, None);
            }
        }
        let (cost, new, before) = best;
        error += cost;
        if let Some(place) = before {
            block[place] = 1;
        }
        block[k] = new as i16;
        if new != 0 {
            last = k;
        }
    }
    if last < 63 && !has(0) { f32::INFINITY } else { error }
}

fn magnitude(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::jpeg::huffman::Table;

    #[test]
    fn what_has_a_code_stays_and_the_rest_goes_to_its_neighbour() {
        // End of block; ±1 behind no zero and behind two; ±2 and ±3, and 4 to 7, behind none.
        let symbols = vec![0x00, 0x01, 0x21, 0x02, 0x03];
        let mut counts = [0; 16];
        counts[3] = 5;
        let encoder = Encoder::new(&Table { counts, symbols });
        let steps: Quantisation = std::array::from_fn(|index| 1 + index as u16);
        let nudged = |places: &[(usize, i16)]| {
            let mut block = [0; 64];
            places.iter().for_each(|&(place, value)| block[place] = value);
            let error = nudge(&mut block, &steps, &encoder);
            let left =
                (0..64).filter(|&place| block[place] != 0).map(|place| (place, block[place])).collect::<Vec<_>>();
            (left, error)
        };
        assert_eq!(nudged(&[(0, 900), (1, 5), (2, -3), (5, 1)]), (vec![(0, 900), (1, 5), (2, -3), (5, 1)], 0.0));
        assert_eq!(nudged(&[(1, 9), (2, -12)]), (vec![(1, 7), (2, -7)], 16.0 + 15.0_f32.powi(2)));
        // A run of one zero is broken; the step before is the smaller one.
        assert_eq!(nudged(&[(2, 3)]), (vec![(1, 1), (2, 3)], 4.0));
        // Too far from everything: it goes.
        assert_eq!(nudged(&[(40, 1)]), (vec![], 41.0_f32.powi(2)));
    }
}
