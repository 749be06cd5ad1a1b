//! The tables of a sequential scan that is written in part: its own, with the codes that had to be added to them.

use super::{
    bits::BitWriter,
    decoder,
    huffman::{Encoder, Table},
    nudge::nudge,
    picture::Block,
    reading,
    weave::Slot,
};

/// The symbol for 16 zeros.
pub(super) const ZRL: u8 = 0xF0;

/// Most that moving coefficients may do to one block, and to the notice in the mean: squares of levels of 256.
const WORST: f32 = 24.0 * 24.0;
const MEAN: f32 = 5.0 * 5.0;

/// Symbols that no code stands for, by class and destination.
pub(super) type Missing = [[Vec<u8>; 4]; 2];

impl Nudged {
    /// Whether the letters would suffer: then all is written anew with better tables.
    pub(super) fn is_too_much(self) -> bool {
        self.worst > WORST || self.sum > MEAN * self.blocks
    }
}

/// The tables that the file's data is read with, and those that it is written with.
pub(super) struct Codes<'a> {
    pub(super) read: &'a decoder::Tables,
    pub(super) stated: &'a reading::Codes,
    pub(super) write: [[Option<Encoder>; 4]; 2],
    pub(super) missing: Missing,
    /// Whether a number was met that no symbol can stand for: the file is damaged.
    pub(super) beyond: bool,
    /// By destination: whether coefficients are moved to codes of this AC table, because it has no room for more.
    pub(super) full: [bool; 4],
    /// What that did to the blocks: see [`Nudged`].
    pub(super) nudged: Nudged,
}

/// Errors of blocks whose coefficients were moved.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Nudged {
    /// Mean square error of the worst of them, in levels of 256.
    pub(super) worst: f32,
    /// The same of all blocks that were drawn, summed, and their number.
    pub(super) sum: f32,
    pub(super) blocks: f32,
}

impl<'a> Codes<'a> {
    /// `read` and `stated` are the same tables.
    pub(super) fn new(
        read: &'a decoder::Tables,
        stated: &'a reading::Codes,
        changed: &[(usize, usize, Table)],
    ) -> Self {
        let mut write: [[Option<Encoder>; 4]; 2] = Default::default();
        for (class, tables) in stated.iter().enumerate() {
            for (destination, table) in tables.iter().enumerate() {
                write[class][destination] = table.as_ref().map(Encoder::new);
            }
        }
        for (class, destination, table) in changed {
            write[*class][*destination] = Some(Encoder::new(table));
        }
        let nudged = Nudged::default();
        Self { read, stated, write, missing: Default::default(), beyond: false, full: [false; 4], nudged }
    }

    /// Moves coefficients of drawn blocks (those of whole MCUs) to codes that exist, where there must be.
    pub(super) fn nudge(&mut self, slots: &[Slot], blocks: &mut [Block]) {
        if self.full == [false; 4] {
            return;
        }
        let order = slots.iter().flat_map(|slot| std::iter::repeat_n(slot, slot.h * slot.v));
        for (block, slot) in blocks.iter_mut().zip(order.cycle()) {
            if let (true, Some(encoder)) = (self.full[slot.ac], &self.write[1][slot.ac]) {
                let error = nudge(block, &slot.steps, encoder) / 64.0;
                self.nudged.worst = self.nudged.worst.max(error);
                self.nudged.sum += error;
            }
            self.nudged.blocks += 1.0;
        }
    }

    /// A symbol and the bits that follow it.
    #[inline]
    fn symbol(&mut self, (class, destination): (usize, usize), symbol: u8, value: u32, len: u32) -> (u32, u32) {
        let (code, code_len) = self.write[class][destination].as_ref().map_or((0, 0), |encoder| encoder.code(symbol));
        if code_len == 0 {
            let missing = &mut self.missing[class][destination];
            if !missing.contains(&symbol) {
                missing.push(symbol);
            }
        }
        (code << len | value, code_len + len)
    }

    /// A number in the form of F.1.2.1 after its symbol, which says how many `zeros` precede it.
    #[inline]
    pub(super) fn number(&mut self, table: (usize, usize), zeros: u32, value: i32) -> (u32, u32) {
        let len = 32 - value.unsigned_abs().leading_zeros();
        let bits = (value - i32::from(value < 0)) as u32 & ((1 << len) - 1);
        if len > 15 {
            self.beyond = true;
            return (0, 0);
        }
        // 4 bits each.
        self.symbol(table, (zeros << 4 | len) as u8, bits, len)
    }

    /// Writes a block, with so many runs of zeros before its end.
    fn block(&mut self, out: &mut BitWriter, slot: &Slot, prediction: &mut i32, block: &Block, extra: u8) {
        let dc = i32::from(block[0]);
        let mut put = |(value, len)| out.put(value, len);
        put(self.number((0, slot.dc), 0, dc - *prediction));
        *prediction = dc;
        let table = (1, slot.ac);
        let mut last = 0;
        if block[1..].iter().any(|&value| value != 0) {
            for (index, &value) in block.iter().enumerate().skip(1).filter(|&(_, &value)| value != 0) {
                let mut zeros = (index - last - 1) as u32;
                while zeros > 15 {
                    put(self.symbol(table, ZRL, 0, 0));
                    zeros -= 16;
                }
                put(self.number(table, zeros, value.into()));
                last = index;
            }
        }
        for _ in 0..extra {
            put(self.symbol(table, ZRL, 0, 0));
        }
        if last < 63 {
            put(self.symbol(table, 0, 0, 0));
        }
    }

    /// Writes the blocks of whole MCUs; by block, so many runs of zeros before its end.
    pub(super) fn blocks(
        &mut self,
        out: &mut BitWriter,
        slots: &[Slot],
        new: &mut [i32; 4],
        blocks: &[Block],
        extra: &[u8],
    ) {
        let mut index = 0;
        while index < blocks.len() {
            for (slot, prediction) in slots.iter().zip(&mut *new) {
                for _ in 0..slot.h * slot.v {
                    let Some(block) = blocks.get(index) else { return };
                    let extra = extra.get(index).copied().unwrap_or(0);
                    self.block(out, slot, prediction, block, extra);
                    index += 1;
                }
            }
        }
    }
}
