//! Bits that say nothing: what is added to re-coded blocks so that the data behind them keeps its place in the byte, and
//! can be copied as it stands.
//!
//! A run of 16 zeros (ZRL) before the end of a block is such a thing: F.2.2.2 reads it and ends with the same block. Where
//! its codes have lengths that do not add up, a coefficient of ±1 behind the last one of a block does, if its step is small.

use super::{cloth::Slot, codes::ZRL, huffman::Encoder, run::Placed, sheet::Drawn};

/// The largest step of a coefficient that is added: 4 levels of 256.
const MOST_STEP: u16 = 16;

/// What is added to the end of one block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Filler {
    #[default]
    Nothing,
    /// So many runs of 16 zeros.
    Zeros(u8),
    /// A coefficient of 1 after so many zeros.
    One(u8),
}

/// Something that can be added, to some blocks of the same component.
struct Choice {
    filler: Filler,
    bits: usize,
    cost: usize,
    /// The blocks that can take it, the last first.
    places: Vec<usize>,
}

/// Additions that are looked at for one filler: no sum needs more, because no remainder of 8 comes twice on its way.
const MOST: usize = 7;

/// What makes `blocks` (those of whole MCUs) so many `bits` longer, multiples of 8 apart: by block. Only blocks that the notice
/// covers get coefficients. `None` when no addition does.
pub(super) fn fill(
    bits: u32,
    blocks: &[Placed],
    slots: &[Slot],
    encoders: &[Option<Encoder>; 4],
) -> Option<Vec<Filler>> {
    let mut fillers = vec![Filler::Nothing; blocks.len()];
    let per_mcu: Vec<usize> =
        slots.iter().enumerate().flat_map(|(index, slot)| std::iter::repeat_n(index, slot.h * slot.v)).collect();
    let mut choices = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        let encoder = encoders[slot.ac].as_ref()?;
        let own = || (0..blocks.len()).rev().filter(|at| per_mcu[at % per_mcu.len()] == index);
        let (_, len) = encoder.code(ZRL);
        if len > 0 {
            let places = own().flat_map(|at| std::iter::repeat_n(at, room(&blocks[at].drawn))).take(MOST).collect();
            choices.push(Choice { filler: Filler::Zeros(1), bits: len as usize, cost: 1, places });
        }
        for zeros in 0..4_u8 {
            let (_, len) = encoder.code(zeros << 4 | 1);
            let fits = |at: &usize| blocks[*at].is_covered && has_place(&blocks[*at].drawn, slot, zeros);
            if len > 0 {
                let places: Vec<usize> = own().filter(fits).take(MOST).collect();
                choices.push(Choice { filler: Filler::One(zeros), bits: len as usize + 1, cost: 8, places });
            }
        }
    }
    let counts = cheapest(bits as usize % 8, &choices)?;
    for (choice, count) in choices.iter().zip(counts) {
        // Where two fillers want the same block, the first one has it.
        let mut left = count;
        for &at in choice.places.iter() {
            if left == 0 {
                break;
            }
            fillers[at] = match (choice.filler, fillers[at]) {
                (filler, Filler::Nothing) => filler,
                (Filler::Zeros(_), Filler::Zeros(others)) if usize::from(others) < room(&blocks[at].drawn) => {
                    Filler::Zeros(others + 1)
                }
                _ => continue,
            };
            left -= 1;
        }
        if left > 0 {
            return None;
        }
    }
    Some(fillers)
}

/// Runs of zeros that a block has room for: 16 zeros more, and one place for the end of the block.
fn room(block: &Drawn) -> usize {
    (62 - usize::from(block.last).min(62)) / 16
}

/// Whether a coefficient of 1 may go behind so many zeros.
fn has_place(block: &Drawn, slot: &Slot, zeros: u8) -> bool {
    let place = usize::from(block.last) + 1 + usize::from(zeros);
    place < 63 && slot.steps[place] <= MOST_STEP
}

/// How often each choice is taken so that they add up to `wanted` bits modulo 8 and change the least.
fn cheapest(wanted: usize, choices: &[Choice]) -> Option<Vec<usize>> {
    let mut best: [Option<(usize, Vec<usize>)>; 8] = Default::default();
    best[0] = Some((0, Vec::new()));
    for choice in choices {
        let mut next: [Option<(usize, Vec<usize>)>; 8] = Default::default();
        for (from, (cost, path)) in best.iter().enumerate().filter_map(|(from, way)| Some((from, way.as_ref()?))) {
            for count in 0..=choice.places.len().min(MOST) {
                let cost = cost + count * choice.cost;
                let to = &mut next[(from + count * choice.bits) % 8];
                if to.as_ref().is_none_or(|(other, _)| cost < *other) {
                    *to = Some((cost, [&path[..], &[count]].concat()));
                }
            }
        }
        best = next;
    }
    best[wanted].take().map(|(_, path)| path)
}
