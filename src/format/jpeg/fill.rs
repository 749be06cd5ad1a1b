//! Bits that say nothing: what is added to re-coded blocks so that the data behind them keeps its place in the byte, and
//! can be copied as it stands.
//!
//! A run of 16 zeros (ZRL) before the end of a block is such a thing: F.2.2.2 reads it and ends with the same block. Where
//! its codes have lengths that do not add up, a coefficient of ±1 behind the last one of a block does, if its step is small.

use super::{
    huffman::Encoder,
    picture::Block,
    weave::{Slot, ZRL},
};

/// The largest step of a coefficient that is added: 4 levels of 256.
const MOST_STEP: u16 = 16;

/// What is added to one block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filler {
    Zeros,
    /// A coefficient of 1 after so many zeros.
    One(usize),
}

struct Choice {
    slot: usize,
    filler: Filler,
    bits: usize,
}

/// Adds to `blocks` (those of whole MCUs) what makes them `bits` longer, multiples of 8 apart; returns for each block how
/// many runs of zeros it ends with. Only blocks that the notice covers get coefficients. `None` when no addition does.
pub(super) fn fill(
    bits: u32,
    blocks: &mut [Block],
    covered: &[bool],
    slots: &[Slot],
    encoders: &[Option<Encoder>; 4],
) -> Option<Vec<u8>> {
    let mut extra = vec![0; blocks.len()];
    let choices = choices(slots, encoders);
    let per_mcu: Vec<usize> =
        slots.iter().enumerate().flat_map(|(index, slot)| std::iter::repeat_n(index, slot.h * slot.v)).collect();
    for choice in cheapest(bits as usize % 8, &choices)? {
        let Choice { slot, filler, .. } = choices[choice];
        let mut places = (0..blocks.len()).filter(|index| per_mcu[index % per_mcu.len()] == slot);
        places.find(|&index| {
            let block = &mut blocks[index];
            let last = block.iter().rposition(|&value| value != 0).unwrap_or(0);
            match filler {
                // 16 zeros more, and one place for the end of the block.
                Filler::Zeros if last + 16 * (usize::from(extra[index]) + 1) < 63 => {
                    extra[index] += 1;
                    true
                }
                Filler::One(zeros) => {
                    let place = last + 1 + zeros;
                    let fits =
                        covered[index] && place < 63 && extra[index] == 0 && slots[slot].steps[place] <= MOST_STEP;
                    if fits {
                        block[place] = 1;
                    }
                    fits
                }
                Filler::Zeros => false,
            }
        })?;
    }
    Some(extra)
}

fn choices(slots: &[Slot], encoders: &[Option<Encoder>; 4]) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (slot, encoder) in
        slots.iter().enumerate().filter_map(|(index, slot)| Some((index, encoders[slot.ac].as_ref()?)))
    {
        let (_, len) = encoder.code(ZRL);
        if len > 0 {
            choices.push(Choice { slot, filler: Filler::Zeros, bits: len as usize });
        }
        for zeros in 0..4_u8 {
            let (_, len) = encoder.code(zeros << 4 | 1);
            if len > 0 {
                choices.push(Choice { slot, filler: Filler::One(zeros.into()), bits: len as usize + 1 });
            }
        }
    }
    choices
}

/// The choices that add up to `wanted` bits modulo 8 and change the least.
fn cheapest(wanted: usize, choices: &[Choice]) -> Option<Vec<usize>> {
    let mut best: [Option<(usize, Vec<usize>)>; 8] = Default::default();
    best[0] = Some((0, Vec::new()));
    // No path visits a remainder twice.
    for _ in 0..8 {
        for from in 0..8 {
            let Some((cost, path)) = best[from].clone() else { continue };
            for (index, choice) in choices.iter().enumerate() {
                let cost = cost + if choice.filler == Filler::Zeros { 1 } else { 4 };
                let to = &mut best[(from + choice.bits) % 8];
                if to.as_ref().is_none_or(|(other, _)| cost < *other) {
                    *to = Some((cost, [&path[..], &[index]].concat()));
                }
            }
        }
    }
    best[wanted].take().map(|(_, path)| path)
}
