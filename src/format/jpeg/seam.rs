//! Blocks that a strip shares with the picture: of all quantised blocks one is looked for that keeps the picture's samples
//! as they are and comes near to the strip in the others. Rounding each coefficient by itself spreads its error over both.

use super::{
    dct::{self, Samples, ZIGZAG},
    paint::{Quantisation, within_range},
    picture::Block,
};

/// How much more an error counts in the picture than in the strip.
const WEIGHT: f32 = 16.0;

/// Quantises `wanted` into `block`; `covered` says how much of each sample the strip has. `false`, and nothing is done,
/// where all is covered or the border is not straight.
pub(super) fn quantise(block: &mut Block, table: &Quantisation, wanted: &Samples, covered: &[f32; 64]) -> bool {
    let weight = |share: f32| if share < 1.0 { WEIGHT } else { 1.0 };
    let rows: [f32; 8] = std::array::from_fn(|y| weight(covered[y * 8]));
    let columns: [f32; 8] = std::array::from_fn(|x| weight(covered[x]));
    let all = |of: &dyn Fn(usize, usize) -> f32| {
        (0..64).all(|place| weight(covered[place]).total_cmp(&of(place % 8, place / 8)).is_eq())
    };
    // A border along rows leaves the frequencies of a row apart from one another, and the other way round.
    let (weights, down) = if all(&|_, _| 1.0) {
        return false;
    } else if all(&|_, y| rows[y]) {
        (rows, true)
    } else if all(&|x, _| columns[x]) {
        (columns, false)
    } else {
        return false;
    };
    let mut index_of = [0; 64];
    ZIGZAG.iter().enumerate().for_each(|(index, &place)| index_of[place] = index);
    for line in 0..8 {
        let indices: [usize; 8] =
            std::array::from_fn(|frequency| index_of[if down { frequency * 8 + line } else { line * 8 + frequency }]);
        let steps = indices.map(|index| f32::from(table[index].max(1)));
        let target = indices.map(|index| wanted[ZIGZAG[index]]);
        let old = indices.map(|index| f32::from(block[index]));
        for (index, value) in indices.into_iter().zip(nearest(&weights, &steps, &target, &old)) {
            block[index] = within_range(index, value);
        }
    }
    true
}

type Vector = [f32; 8];

/// Whole multiples of `steps` whose samples are near to those of `target`, errors weighted by sample: Babai's nearest
/// plane, with the shortest columns first; or `old` where that is nearer.
fn nearest(weights: &Vector, steps: &Vector, target: &Vector, old: &Vector) -> Vector {
    let basis = dct::basis();
    let columns: [Vector; 8] =
        std::array::from_fn(|of| std::array::from_fn(|at| weights[at] * basis[of][at] * steps[of]));
    // The orthogonal part of each column behind those before it.
    let (mut apart, mut order, mut left) = (columns, [0; 8], [true; 8]);
    for place in &mut order {
        let shortest = (0..8).filter(|&of| left[of]).min_by(|&a, &b| square(&apart[a]).total_cmp(&square(&apart[b])));
        *place = shortest.unwrap_or_default();
        left[*place] = false;
        let done = apart[*place];
        for (column, _) in apart.iter_mut().zip(left).filter(|(_, left)| *left) {
            let share = dot(column, &done) / square(&done).max(f32::MIN_POSITIVE);
            column.iter_mut().zip(done).for_each(|(value, done)| *value -= share * done);
        }
    }
    let exact: Vector = std::array::from_fn(|of| target[of] / steps[of]);
    let rest_of = |values: &Vector| -> Vector {
        let error = |at: usize| (0..8).map(|of| (exact[of] - values[of]) * columns[of][at]).sum();
        std::array::from_fn(error)
    };
    let mut values = [0.0; 8];
    let mut rest = rest_of(&values);
    for &of in order.iter().rev() {
        values[of] = (dot(&rest, &apart[of]) / square(&apart[of]).max(f32::MIN_POSITIVE)).round();
        rest.iter_mut().zip(columns[of]).for_each(|(rest, column)| *rest -= values[of] * column);
    }
    if square(&rest_of(old)) < square(&rest) { *old } else { values }
}

fn dot(a: &Vector, b: &Vector) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn square(a: &Vector) -> f32 {
    dot(a, a)
}
