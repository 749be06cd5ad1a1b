//! Blocks of a sequential scan, changed where the notice stands and copied where it does not. Before the notice and behind
//! it nothing is touched, and nothing that is only copied is kept in memory.

use std::{ops::Range, sync::Arc};

use super::{
    bits::{BitWriter, Bits, Put},
    cloth::Cloth,
    codes::Codes,
    decoder, fill,
    huffman::Decoder,
    ribbon::{self, Ribbon},
    run::{Run, Start},
    scan::Fault,
    skip::{self, Skipper},
    window::Window,
};
use crate::Result;

/// MCUs at the end of a run in which room for filling is looked for first.
const BEHIND: usize = 8;
/// Blocks with room for filling; more of them are not needed.
const ROOM: usize = 16;

/// What the blocks of a slot are read with.
struct Reader<'a> {
    dc: &'a Decoder,
    ac: &'a Decoder,
    /// None where too little is passed over.
    skipper: Option<Arc<Skipper>>,
    /// Blocks of an MCU.
    blocks: usize,
}

impl Reader<'_> {
    /// Passes over the AC coefficients of a block.
    #[inline(always)]
    fn pass(&self, bits: &mut Bits) -> Result<(), Fault> {
        match &self.skipper {
            Some(skipper) => skipper.block(bits, self.ac),
            None => skip::plain(bits, self.ac),
        }
    }
}

/// Reads and writes one scan.
pub(super) struct Weaver<'a, 'b, 'c> {
    cloth: &'a Cloth<'c>,
    codes: &'a mut Codes<'b>,
    window: Window<'a>,
    out: BitWriter,
    /// By slot.
    readers: Vec<Reader<'b>>,
    /// By slot: DC of the block before, in the original and in the result.
    old: [i32; 4],
    new: [i32; 4],
    /// What was drawn last, and what was drawn before that has more room for filling.
    run: Run,
    kept: Run,
    /// Rows under the notice that need not be coded.
    ribbon: Option<Arc<Ribbon>>,
    /// Where the first of what was redrawn begins.
    pub(super) begins: Option<Begins>,
}

/// What a reader knows who has come to an MCU.
#[derive(Clone, Copy, Default)]
pub(super) struct Begins {
    pub(super) mcu: usize,
    /// Bytes from the start of the scan's data, and bits of the byte there.
    pub(super) byte: u64,
    pub(super) bit: u32,
    /// By component of the scan: DC of the block before.
    pub(super) dc: [i32; 4],
}

impl<'a, 'b, 'c> Weaver<'a, 'b, 'c> {
    /// `None` when a table that the scan names is not there.
    pub(super) fn new(cloth: &'a Cloth<'c>, codes: &'a mut Codes<'b>, window: Window<'a>) -> Option<Self> {
        let per_mcu: usize = cloth.slots.iter().map(|slot| slot.h * slot.v).sum();
        let passed = match cloth.strip {
            // Most of those under the notice are passed over too.
            0 => cloth.rows.end * cloth.across,
            _ => 0,
        };
        let passed = passed.min(cloth.interval.saturating_mul(cloth.rows.len()));
        let mut skippers: [Option<Option<Arc<Skipper>>>; 4] = Default::default();
        let mut readers = Vec::new();
        for slot in &cloth.slots {
            let [dc, ac] = [codes.read[0][slot.dc].as_ref()?, codes.read[1][slot.ac].as_ref()?];
            let made = || codes.stated[1][slot.ac].as_ref().and_then(|table| Skipper::of(table, passed * per_mcu));
            let skipper = skippers[slot.ac].get_or_insert_with(made).clone();
            readers.push(Reader { dc, ac, skipper, blocks: slot.h * slot.v });
        }
        // Blocks whose coefficients move are of this file alone; and rows that restart markers cut are none of a ribbon.
        let ribbon = match codes.moves() || !cloth.interval.is_multiple_of(cloth.across) {
            true => None,
            false => cloth.sheet.ribbons.with(codes, &cloth.sheet, &cloth.slots, (&cloth.columns, &cloth.rows)),
        };
        let (old, new, out, run, kept) = ([0; 4], [0; 4], BitWriter::default(), Run::default(), Run::default());
        Some(Self { cloth, codes, window, out, readers, old, new, run, kept, ribbon, begins: None })
    }

    /// Goes to the interval that is `count` behind this one, whose own number is `index`.
    pub(super) fn pass(&mut self, count: usize, index: usize, each: impl FnMut(u64)) -> Result<()> {
        self.window.pass_restarts(count, (index % 8) as u8, each)
    }

    /// Redraws one interval: what replaces which range of the file. `mcus` are counted in the original, and so are those of
    /// the notice.
    pub(super) fn interval(&mut self, mcus: Range<usize>) -> Result<(Range<u64>, Vec<u8>)> {
        (self.old, self.new) = ([0; 4], [0; 4]);
        self.kept = Run::default();
        let mut start = None;
        if self.cloth.strip > 0 {
            start = Some(self.window.byte());
            for row in 0..self.cloth.strip {
                self.draw(row * self.cloth.across..(row + 1) * self.cloth.across);
            }
        }
        let mut at = mcus.start;
        for run in self.cloth.runs(&mcus) {
            if start.is_none() {
                self.skip(run.start - at, false)?;
                let (byte, (bit, value)) = (self.window.byte(), self.window.partial());
                self.begins.get_or_insert(Begins { mcu: run.start, byte, bit, dc: self.old });
                start = Some(byte);
                self.out.put(value, bit);
                self.new = self.old;
            } else if run.start > at {
                let seam = self.seam()?;
                self.put(&seam);
                self.skip(run.start - at - 1, true)?;
            }
            self.redraw(run.clone())?;
            at = run.end;
        }
        let start = start.unwrap_or_else(|| self.window.byte());
        let end = if at == mcus.end {
            self.window.interval_end()?
        } else {
            let seam = self.seam()?;
            self.put(&seam);
            let (len, value) = self.window.remainder();
            let wanted = (16 - len - self.out.phase()) % 8;
            if wanted > 0 && !self.fill(wanted) {
                // What follows moves by some bits: it is passed over and copied.
                self.skip(mcus.end - at - 1, true)?;
                self.window.interval_end()?
            } else if len == 8 {
                self.window.byte()
            } else {
                self.out.put(value, len);
                self.window.following_byte()
            }
        };
        Ok((start..end, std::mem::take(&mut self.out).finish()))
    }

    /// The strip alone, of whole intervals, each with its restart marker.
    pub(super) fn strip(&mut self) -> Vec<u8> {
        let mcus = self.cloth.strip * self.cloth.across;
        let mut at = 0;
        while at < mcus {
            let end = (at / self.cloth.across + 1) * self.cloth.across;
            let end = end.min((at / self.cloth.interval + 1) * self.cloth.interval);
            self.draw(at..end);
            if end.is_multiple_of(self.cloth.interval) {
                self.out.restart(((end / self.cloth.interval - 1) % 8) as u8);
                self.new = [0; 4];
            }
            at = end;
        }
        std::mem::take(&mut self.out).finish()
    }

    /// Makes what was written so many bits longer, multiples of 8 apart; `false` when nothing does.
    fn fill(&mut self, bits: u32) -> bool {
        let Self { cloth, codes, out, kept, .. } = self;
        let (sheet, slots) = (&cloth.sheet, &cloth.slots);
        let of_row = |row, columns: Range<usize>| {
            let mcus = columns.filter_map(|column| ribbon::mcu(sheet, slots, (column, row)));
            mcus.flatten().collect::<Vec<_>>()
        };
        let columns = cloth.columns.clone();
        let behind = columns.end - columns.len().min(BEHIND)..columns.end;
        // Behind the others first: then little has to be written again.
        for (from, mcus, is_whole) in [(kept.behind, behind, false), (kept.whole, columns, true)] {
            let own = match kept.row {
                Some(row) => &of_row(row, mcus)[..],
                None if is_whole => &kept.blocks[..],
                None => &kept.blocks[kept.before..],
            };
            if let Some(fillers) = fill::fill(bits, own, slots, &codes.write[1]) {
                let (tokens, mut new) = ((&kept.tokens[..], sheet.tokens()), from.new);
                // No filling is in a DC value, so that what follows counts from the same ones.
                out.rewrite(from.mark, kept.end, |out| codes.blocks(out, slots, &mut new, own, tokens, &fillers));
                return true;
            }
        }
        false
    }

    /// Draws MCUs of a row of the strip.
    fn draw(&mut self, mcus: Range<usize>) {
        let Self { cloth, codes, run, .. } = self;
        run.clear();
        let row = mcus.start / cloth.across;
        for column in mcus.map(|mcu| mcu % cloth.across) {
            for slot in &cloth.slots {
                for y in row * slot.v..(row + 1) * slot.v {
                    for x in column * slot.h..(column + 1) * slot.h {
                        match cloth.sheet.block(slot.plane, x, y) {
                            Some(drawn) => run.keep(drawn, cloth, slot, codes),
                            None => run.draw([0; 64], cloth, slot, (x, y), codes),
                        }
                    }
                }
            }
        }
        self.write();
    }

    /// Reads MCUs of a row and draws into them.
    fn redraw(&mut self, mcus: Range<usize>) -> Result<()> {
        let place = (mcus.start % self.cloth.across, mcus.start / self.cloth.across);
        if let Some(ribbon) = self.ribbon.clone().filter(|ribbon| ribbon.has(place, mcus.len())) {
            return self.unroll(&ribbon, mcus);
        }
        let Self { cloth, codes, window, old, run, readers, .. } = self;
        run.clear();
        let row = mcus.start / cloth.across;
        let mut column = mcus.start % cloth.across;
        let end = column + mcus.len();
        window.read(None, |bits| {
            for ((slot, reader), prediction) in cloth.slots.iter().zip(&*readers).zip(&mut *old) {
                for y in row * slot.v..(row + 1) * slot.v {
                    for x in column * slot.h..(column + 1) * slot.h {
                        bits.refill();
                        *prediction = checked(*prediction + reader.dc.difference(bits)?)?;
                        match cloth.sheet.block(slot.plane, x, y) {
                            Some(drawn) => {
                                reader.pass(bits)?;
                                run.keep(drawn, cloth, slot, codes);
                            }
                            None => {
                                let mut block = [0; 64];
                                // What was checked fits.
                                block[0] = *prediction as i16;
                                decoder::sequential(bits, reader.ac, &mut block)?;
                                run.draw(block, cloth, slot, (x, y), codes);
                            }
                        }
                    }
                }
            }
            column += 1;
            Ok(column < end)
        })?;
        self.write();
        Ok(())
    }

    /// Passes over a full row under the notice and writes the ribbon's.
    fn unroll(&mut self, ribbon: &Ribbon, mcus: Range<usize>) -> Result<()> {
        let before = self.new;
        self.skip(mcus.len(), false)?;
        self.new = before;
        let Self { cloth, codes, out, new, run, .. } = self;
        run.clear();
        let (row, columns) = (mcus.start / cloth.across, cloth.columns.clone());
        let last = |column| {
            let factors = cloth.slots.iter().map(|slot| (slot.plane, slot.h, slot.v));
            cloth.sheet.last(factors, (column, row))
        };
        run.whole = Start { mark: out.mark(), new: *new };
        let first = ribbon::mcu(&cloth.sheet, &cloth.slots, (columns.start, row)).unwrap_or_default();
        codes.blocks(out, &cloth.slots, new, &first, (&[], cloth.sheet.tokens()), &[]);
        let behind = columns.end - columns.len().min(BEHIND);
        run.behind = run.whole;
        if behind > columns.start {
            ribbon.write(row, columns.start + 1..behind, out);
            run.behind = Start { mark: out.mark(), new: last(behind - 1) };
        }
        ribbon.write(row, behind.max(columns.start + 1)..columns.end, out);
        *new = last(columns.end - 1);
        (run.room, run.row) = (ribbon.room(row), Some(row));
        self.written();
        Ok(())
    }

    /// Writes the blocks that were drawn.
    fn write(&mut self) {
        let Self { cloth, codes, out, new, run, .. } = self;
        let per_mcu: usize = cloth.slots.iter().map(|slot| slot.h * slot.v).sum();
        let tokens = (&run.tokens[..], cloth.sheet.tokens());
        run.before = run.blocks.len() - run.blocks.len().min(BEHIND * per_mcu);
        run.whole = Start { mark: out.mark(), new: *new };
        codes.blocks(out, &cloth.slots, new, &run.blocks[..run.before], tokens, &[]);
        run.behind = Start { mark: out.mark(), new: *new };
        codes.blocks(out, &cloth.slots, new, &run.blocks[run.before..], tokens, &[]);
        self.written();
    }

    /// Keeps the run if it has as much room as the one before.
    fn written(&mut self) {
        let Self { out, run, kept, .. } = self;
        run.end = out.mark();
        if run.room.min(ROOM) >= kept.room.min(ROOM) {
            std::mem::swap(run, kept);
        }
    }

    fn put(&mut self, pieces: &[(u32, u32)]) {
        pieces.iter().for_each(|&(value, len)| self.out.put(value, len));
    }

    /// The next MCU, unchanged but for its DC differences: those of its first blocks count from other blocks now.
    fn seam(&mut self) -> Result<Vec<(u32, u32)>> {
        let Self { cloth, codes, window, old, new, readers, .. } = self;
        let mut pieces = Vec::new();
        window.read(None, |bits| {
            for (index, (slot, reader)) in cloth.slots.iter().zip(&*readers).enumerate() {
                for block in 0..reader.blocks {
                    let mut from = bits.position();
                    bits.refill();
                    old[index] = checked(old[index] + reader.dc.difference(bits)?)?;
                    if block == 0 {
                        pieces.push(codes.difference(slot.dc, old[index] - new[index]));
                        from = bits.position();
                    }
                    skip::plain(bits, reader.ac)?;
                    bits.since(from, |value, len| pieces.push((value, len)));
                }
                new[index] = old[index];
            }
            Ok(false)
        })?;
        Ok(pieces)
    }

    /// Passes over `count` MCUs, and copies them if wanted.
    fn skip(&mut self, count: usize, copied: bool) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        let Self { window, out, old, readers, .. } = self;
        let mut left = count;
        let step = |bits: &mut Bits| {
            for (reader, old) in readers.iter().zip(&mut *old) {
                for _ in 0..reader.blocks {
                    bits.refill();
                    *old += reader.dc.difference(bits)?;
                    reader.pass(bits)?;
                }
                *old = checked(*old)?;
            }
            left -= 1;
            Ok(left > 0)
        };
        window.read(copied.then_some(out), step)?;
        // What was copied counts from the same blocks as before.
        self.new = self.old;
        Ok(())
    }
}

/// Keeps the sum of any number of differences bounded.
#[inline(always)]
fn checked(dc: i32) -> Result<i32, Fault> {
    i16::try_from(dc).map(i32::from).map_err(|_| Fault::RANGE)
}
