//! Bits that say nothing: what is added to re-coded blocks so that the data behind them keeps its place in the byte, and
//! can be copied as it stands.
//!
//! A run of 16 zeros (ZRL) before the end of a block is such a thing: F.2.2.2 reads it and ends with the same block. Where
//! its codes have lengths that do not add up, a coefficient of ±1 behind the last one of a block does, if its step is small.

use super::{codes::ZRL, huffman::Encoder, picture::Block, weave::Slot};

/// The largest step of a coefficient that is added: 4 levels of 256.
const MOST_STEP: u16 = 16;

/// What is added to one block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Filler {
    Zeros,
    /// A coefficient of 1 after so many zeros.
    One(usize),
}

/// Something that can be added, to some blocks of the same component.
struct Choice {
    slot: usize,
    filler: Filler,
    bits: usize,
    cost: usize,
    /// The blocks that can take it, the last first.
    places: Vec<usize>,
}

/// Additions that are looked at for one filler: no sum needs more, because no remainder of 8 comes twice on its way.
const MOST: usize = 7;

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
    let per_mcu: Vec<usize> =
        slots.iter().enumerate().flat_map(|(index, slot)| std::iter::repeat_n(index, slot.h * slot.v)).collect();
    let mut choices = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        let encoder = encoders[slot.ac].as_ref()?;
        let own = || (0..blocks.len()).rev().filter(|at| per_mcu[at % per_mcu.len()] == index);
        let (_, len) = encoder.code(ZRL);
        if len > 0 {
            // 16 zeros more, and one place for the end of the block.
            let room = |&at: &usize| std::iter::repeat_n(at, (62 - last(&blocks[at]).min(62)) / 16);
            let places = own().flat_map(|at| room(&at)).take(MOST).collect();
            choices.push(Choice { slot: index, filler: Filler::Zeros, bits: len as usize, cost: 1, places });
        }
        for zeros in 0..4_u8 {
            let (_, len) = encoder.code(zeros << 4 | 1);
            let filler = Filler::One(zeros.into());
            let fits = |at: &usize| covered[*at] && place(&blocks[*at], slot, zeros.into()).is_some();
            if len > 0 {
                let places: Vec<usize> = own().filter(fits).take(MOST).collect();
                choices.push(Choice { slot: index, filler, bits: len as usize + 1, cost: 8, places });
            }
        }
    }
    let counts = cheapest(bits as usize % 8, &choices)?;
    for (choice, count) in choices.iter().zip(counts) {
        // A block that has a coefficient more has less room: where two fillers want the same block, the other stays.
        let mut left = count;
        for &at in &choice.places {
            if left == 0 {
                break;
            }
            let end = last(&blocks[at]);
            match choice.filler {
                Filler::Zeros if end + 16 * (usize::from(extra[at]) + 1) < 63 => extra[at] += 1,
                Filler::One(zeros) if extra[at] == 0 => match place(&blocks[at], &slots[choice.slot], zeros) {
                    Some(place) => blocks[at][place] = 1,
                    None => continue,
                },
                Filler::Zeros | Filler::One(_) => continue,
            }
            left -= 1;
        }
        if left > 0 {
            return None;
        }
    }
    Some(extra)
}

/// The place of the last coefficient that is not zero.
fn last(block: &Block) -> usize {
    block.iter().rposition(|&value| value != 0).unwrap_or(0)
}

/// Where a coefficient of 1 goes, behind so many zeros.
fn place(block: &Block, slot: &Slot, zeros: usize) -> Option<usize> {
    let place = last(block) + 1 + zeros;
    (place < 63 && slot.steps[place] <= MOST_STEP).then_some(place)
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
