//! The tables of a sequential scan that is written in part: its own, with the codes that had to be added to them.

use super::{
    bits::Put,
    cloth::Slot,
    decoder,
    fill::Filler,
    huffman::{Encoder, Table},
    nudge::nudge,
    picture::Block,
    reading,
    ribbon::Coding,
    run::Placed,
    sheet::{Drawn, Sheet, Token},
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
    /// What the latter have more: by class and destination.
    pub(super) changed: &'a [(usize, usize, Table)],
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
        changed: &'a [(usize, usize, Table)],
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
        let missing = Missing::default();
        Self { read, stated, write, changed, missing, beyond: false, full: [false; 4], nudged }
    }

    /// The tables that components are written with; `None` when one is not there.
    pub(super) fn coding(&self, slots: &[Slot]) -> Option<Coding<'a>> {
        let table = |class: usize, destination: usize| {
            let mut changed = self.changed.iter();
            match changed.find(|(of, place, _)| (*of, *place) == (class, destination)) {
                Some((_, _, table)) => Some(table),
                None => self.stated[class][destination].as_ref(),
            }
        };
        slots.iter().map(|slot| Some((slot.plane, table(0, slot.dc)?, table(1, slot.ac)?))).collect()
    }

    /// The symbols of a sheet that no code stands for.
    pub(super) fn lacking(&self, sheet: &Sheet, slots: &[Slot]) -> Missing {
        let mut missing = Missing::default();
        for slot in slots {
            let encoder = self.write[1][slot.ac].as_ref();
            let has = |symbol| encoder.is_some_and(|encoder| encoder.code(symbol).1 > 0);
            for symbol in sheet.symbols(slot.plane).filter(|&symbol| !has(symbol)) {
                add(&mut missing[1][slot.ac], symbol);
            }
        }
        missing
    }

    /// Whether coefficients are moved to codes that exist.
    pub(super) fn moves(&self) -> bool {
        self.full != [false; 4]
    }

    /// Whether [`nudge`](Self::nudge) changes a block of a sheet; one that it does not is counted.
    pub(super) fn moves_in(&mut self, slot: &Slot, drawn: Drawn, sheet: &[Token]) -> bool {
        if !self.moves() {
            return false;
        }
        let has = |symbol| self.write[1][slot.ac].as_ref().is_some_and(|encoder| encoder.code(symbol).1 > 0);
        let fits = !self.full[slot.ac]
            || ((drawn.last == 63 || has(0)) && drawn.tokens(sheet).iter().all(|token| has(token.symbol())));
        self.nudged.blocks += f32::from(u8::from(fits));
        !fits
    }

    /// Moves coefficients of a drawn block to codes that exist, where there must be.
    pub(super) fn nudge(&mut self, slot: &Slot, block: &mut Block) {
        if !self.moves() {
            return;
        }
        if let (true, Some(encoder)) = (self.full[slot.ac], &self.write[1][slot.ac]) {
            let error = nudge(block, &slot.steps, encoder) / 64.0;
            self.nudged.worst = self.nudged.worst.max(error);
            self.nudged.sum += error;
        }
        self.nudged.blocks += 1.0;
    }

    /// A number in the form of F.1.2.1 after its symbol of a DC table.
    #[inline(always)]
    pub(super) fn difference(&mut self, table: usize, value: i32) -> (u32, u32) {
        let len = 32 - value.unsigned_abs().leading_zeros();
        if len > 15 {
            self.beyond = true;
            return (0, 0);
        }
        let bits = (value - i32::from(value < 0)) as u32 & ((1 << len) - 1);
        let symbol = len as u8;
        let (code, code_len) = self.write[0][table].as_ref().map_or((0, 0), |encoder| encoder.code(symbol));
        if code_len == 0 {
            add(&mut self.missing[0][table], symbol);
        }
        (code << len | bits, code_len + len)
    }

    /// Writes a block and what is added to its end.
    #[inline(always)]
    fn block(
        &mut self,
        out: &mut impl Put,
        slot: &Slot,
        prediction: &mut i32,
        block: &Placed,
        tokens: &[Token],
        filler: Filler,
    ) {
        let dc = i32::from(block.drawn.dc);
        let (value, len) = self.difference(slot.dc, dc - *prediction);
        out.put(value, len);
        *prediction = dc;
        let Some(encoder) = &self.write[1][slot.ac] else { return };
        let missing = &mut self.missing[1][slot.ac];
        let mut put = |symbol, value, len| {
            let (code, code_len) = encoder.code(symbol);
            if code_len == 0 {
                add(missing, symbol);
            }
            out.put(code << len | value, code_len + len);
        };
        for token in tokens {
            let (value, len) = token.bits();
            put(token.symbol(), value, len);
        }
        match filler {
            Filler::Nothing => {}
            Filler::Zeros(count) => (0..count).for_each(|_| put(ZRL, 0, 0)),
            Filler::One(zeros) => put(zeros << 4 | 1, 1, 1),
        }
        // No filler is in the last place.
        if block.drawn.last < 63 {
            put(0, 0, 0);
        }
    }

    /// Writes the blocks of whole MCUs, the tokens of which stand in `own` or in `sheet`; by block, what is added to its end.
    pub(super) fn blocks(
        &mut self,
        out: &mut impl Put,
        slots: &[Slot],
        new: &mut [i32; 4],
        blocks: &[Placed],
        (own, sheet): (&[Token], &[Token]),
        fillers: &[Filler],
    ) {
        let mut index = 0;
        while index < blocks.len() {
            for (slot, prediction) in slots.iter().zip(&mut *new) {
                for _ in 0..slot.h * slot.v {
                    let Some(block) = blocks.get(index) else { return };
                    let tokens = block.drawn.tokens(if block.is_kept { sheet } else { own });
                    let filler = fillers.get(index).copied().unwrap_or_default();
                    self.block(out, slot, prediction, block, tokens, filler);
                    index += 1;
                }
            }
        }
    }
}

#[cold]
fn add(missing: &mut Vec<u8>, symbol: u8) {
    if !missing.contains(&symbol) {
        missing.push(symbol);
    }
}
