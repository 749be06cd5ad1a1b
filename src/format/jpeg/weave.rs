//! Blocks of a sequential scan, changed where the notice stands and copied where it does not. Before the notice and behind
//! it nothing is touched, and nothing that is only copied is kept in memory.

use std::{ops::Range, rc::Rc};

use super::{
    bits::{BitWriter, Bits, Mark},
    decoder, fill,
    huffman::{Decoder, Encoder, Table},
    paint::{Brush, Quantisation},
    picture::Block,
    reading,
    scan::Fault,
    skip::{self, Skipper},
    window::Window,
};
use crate::Result;

/// The symbol for 16 zeros.
pub(super) const ZRL: u8 = 0xF0;

/// Blocks that are passed over one symbol at a time: a table for more at a time takes as long to make.
const FEW: usize = 2000;

/// A component of the scan.
pub(super) struct Slot {
    /// Index among the components of the frame.
    pub(super) plane: usize,
    /// Blocks of an MCU.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Destinations of its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
    pub(super) steps: Quantisation,
}

/// A scan and what is drawn into it.
pub(super) struct Cloth<'a> {
    pub(super) slots: Vec<Slot>,
    /// MCUs in a row and in a column, those of a strip not counted.
    pub(super) across: usize,
    pub(super) down: usize,
    /// MCUs between restart markers; those of the whole scan where there are none.
    pub(super) interval: usize,
    /// MCU rows that are put above the picture.
    pub(super) strip: usize,
    /// MCUs of the result that the notice touches.
    pub(super) columns: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) brush: Brush<'a>,
}

/// Symbols that no code stands for, by class and destination.
pub(super) type Missing = [[Vec<u8>; 4]; 2];

/// The tables that the file's data is read with, and those that it is written with.
pub(super) struct Codes<'a> {
    read: &'a decoder::Tables,
    stated: &'a reading::Codes,
    write: [[Option<Encoder>; 4]; 2],
    pub(super) missing: Missing,
    /// Whether a number was met that no symbol can stand for: the file is damaged.
    pub(super) beyond: bool,
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
        Self { read, stated, write, missing: Default::default(), beyond: false }
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
    fn number(&mut self, table: (usize, usize), zeros: u32, value: i32) -> (u32, u32) {
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
}

/// What the blocks of a slot are read with.
struct Reader<'a> {
    dc: &'a Decoder,
    ac: &'a Decoder,
    /// None where too little is passed over.
    skipper: Option<Rc<Skipper>>,
    /// Blocks of an MCU.
    blocks: usize,
}

/// Reads and writes one scan.
pub(super) struct Weaver<'a, 'b> {
    cloth: &'a Cloth<'a>,
    codes: &'a mut Codes<'b>,
    window: Window<'a>,
    out: BitWriter,
    /// By slot.
    readers: Vec<Reader<'b>>,
    /// By slot: DC of the block before, in the original and in the result.
    old: [i32; 4],
    new: [i32; 4],
    /// Of the MCUs that were written last, from `mark` on; and whether the notice covers all of each.
    blocks: Vec<Block>,
    covered: Vec<bool>,
    mark: (Mark, [i32; 4]),
}

impl<'a, 'b> Weaver<'a, 'b> {
    /// `None` when a table that the scan names is not there.
    pub(super) fn new(cloth: &'a Cloth<'a>, codes: &'a mut Codes<'b>, window: Window<'a>) -> Option<Self> {
        let per_mcu: usize = cloth.slots.iter().map(|slot| slot.h * slot.v).sum();
        let passed = match cloth.strip {
            0 => cloth.rows.end * cloth.across - cloth.rows.len() * cloth.columns.len(),
            _ => 0,
        };
        let passed = passed.min(cloth.interval.saturating_mul(cloth.rows.len()));
        let mut skippers: [Option<Rc<Skipper>>; 4] = Default::default();
        let mut readers = Vec::new();
        for slot in &cloth.slots {
            let [dc, ac] = [codes.read[0][slot.dc].as_ref()?, codes.read[1][slot.ac].as_ref()?];
            let skipper = &mut skippers[slot.ac];
            if passed * per_mcu > FEW && skipper.is_none() {
                *skipper = codes.stated[1][slot.ac].as_ref().map(Skipper::new).map(Rc::new);
            }
            let skipper = skipper.clone();
            readers.push(Reader { dc, ac, skipper, blocks: slot.h * slot.v });
        }
        let (old, new, out) = ([0; 4], [0; 4], BitWriter::default());
        let mark = (out.mark(), new);
        Some(Self { cloth, codes, window, out, readers, old, new, blocks: Vec::new(), covered: Vec::new(), mark })
    }

    /// Goes to the interval that is `count` behind this one, whose own number is `index`.
    pub(super) fn pass(&mut self, count: usize, index: usize, each: impl FnMut(u64)) -> Result<()> {
        self.window.pass_restarts(count, (index % 8) as u8, each)
    }

    /// Redraws one interval: what replaces which range of the file. `None` when what follows cannot keep its place in the
    /// byte. `mcus` are counted in the original, and so are those of the notice.
    pub(super) fn interval(&mut self, mcus: Range<usize>) -> Result<Option<(Range<u64>, Vec<u8>)>> {
        (self.old, self.new) = ([0; 4], [0; 4]);
        let mut start = None;
        if self.cloth.strip > 0 {
            start = Some(self.window.byte());
            for row in 0..self.cloth.strip {
                self.begin();
                self.draw(row * self.cloth.across..(row + 1) * self.cloth.across);
                self.write(&[]);
            }
        }
        let mut at = mcus.start;
        for run in self.cloth.runs(&mcus) {
            if start.is_none() {
                self.skip(run.start - at, false)?;
                start = Some(self.window.byte());
                let (len, value) = self.window.partial();
                self.out.put(value, len);
                self.new = self.old;
            } else if run.start > at {
                let seam = self.seam()?;
                self.put(&seam);
                self.skip(run.start - at - 1, true)?;
            }
            self.begin();
            self.redraw(run.clone())?;
            self.write(&[]);
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
            if wanted > 0 {
                let encoders = &self.codes.write[1];
                let Some(extra) = fill::fill(wanted, &mut self.blocks, &self.covered, &self.cloth.slots, encoders)
                else {
                    return Ok(None);
                };
                self.out.back_to(self.mark.0);
                self.new = self.mark.1;
                self.write(&extra);
                self.put(&seam);
            }
            if len == 8 {
                self.window.byte()
            } else {
                self.out.put(value, len);
                self.window.following_byte()
            }
        };
        Ok(Some((start..end, std::mem::take(&mut self.out).finish())))
    }

    /// The strip alone, of whole intervals, each with its restart marker.
    pub(super) fn strip(&mut self) -> Vec<u8> {
        let mcus = self.cloth.strip * self.cloth.across;
        let mut at = 0;
        while at < mcus {
            let end = (at / self.cloth.across + 1) * self.cloth.across;
            let end = end.min((at / self.cloth.interval + 1) * self.cloth.interval);
            self.begin();
            self.draw(at..end);
            self.write(&[]);
            if end % self.cloth.interval == 0 {
                self.out.restart(((end / self.cloth.interval - 1) % 8) as u8);
                self.new = [0; 4];
            }
            at = end;
        }
        std::mem::take(&mut self.out).finish()
    }

    /// From here on, blocks can be written anew.
    fn begin(&mut self) {
        self.blocks.clear();
        self.covered.clear();
        self.mark = (self.out.mark(), self.new);
    }

    /// Draws MCUs of the strip.
    fn draw(&mut self, mcus: Range<usize>) {
        for mcu in mcus {
            for slot in &self.cloth.slots {
                self.cloth
                    .each_block(slot, mcu, |x, y| {
                        let mut block = [0; 64];
                        self.covered.push(self.cloth.brush.paint(slot.plane, x, y, &mut block));
                        self.blocks.push(block);
                        Ok(())
                    })
                    .unwrap_or_default();
            }
        }
    }

    /// Reads MCUs and draws into them.
    fn redraw(&mut self, mcus: Range<usize>) -> Result<()> {
        let Self { cloth, window, old, blocks, covered, readers, .. } = self;
        let mut mcu = mcus.start;
        window.read(None, |bits| {
            for ((slot, reader), prediction) in cloth.slots.iter().zip(&*readers).zip(&mut *old) {
                cloth.each_block(slot, mcu, |x, y| {
                    let mut block = [0; 64];
                    bits.refill();
                    *prediction += reader.dc.difference(bits)?;
                    block[0] = i16::try_from(*prediction).map_err(|_| Fault::RANGE)?;
                    decoder::sequential(bits, reader.ac, &mut block)?;
                    covered.push(cloth.brush.paint(slot.plane, x, y, &mut block));
                    blocks.push(block);
                    Ok(())
                })?;
            }
            mcu += 1;
            Ok(mcu < mcus.end)
        })
    }

    /// Writes the blocks that were drawn; by block, so many runs of zeros before its end.
    fn write(&mut self, extra: &[u8]) {
        let mut index = 0;
        while index < self.blocks.len() {
            for (slot, prediction) in self.cloth.slots.iter().zip(&mut self.new) {
                for _ in 0..slot.h * slot.v {
                    let Some(block) = self.blocks.get(index) else { return };
                    let extra = extra.get(index).copied().unwrap_or(0);
                    self.codes.block(&mut self.out, slot, prediction, block, extra);
                    index += 1;
                }
            }
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
                        pieces.push(codes.number((0, slot.dc), 0, old[index] - new[index]));
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
                    match &reader.skipper {
                        Some(skipper) => skipper.block(bits, reader.ac)?,
                        None => skip::plain(bits, reader.ac)?,
                    }
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

impl Cloth<'_> {
    /// MCUs of the scan.
    pub(super) fn total(&self) -> usize {
        self.across * self.down
    }

    /// The intervals that the notice touches.
    pub(super) fn intervals(&self) -> Vec<usize> {
        if self.strip > 0 {
            return vec![0];
        }
        let runs = self.runs(&(0..self.total()));
        let mut intervals: Vec<usize> =
            runs.flat_map(|run| run.start / self.interval..=(run.end - 1) / self.interval).collect();
        intervals.dedup();
        intervals
    }

    /// The MCUs that the notice touches, of those given; none in a strip, which is drawn for itself.
    pub(super) fn runs(&self, mcus: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (across, columns, mcus) = (self.across, self.columns.clone(), mcus.clone());
        let rows = if self.strip > 0 { 0..0 } else { self.rows.clone() };
        rows.filter_map(move |row| {
            let start = (row * across + columns.start).max(mcus.start);
            let end = (row * across + columns.end).min(mcus.end);
            (start < end).then_some(start..end)
        })
    }

    /// Calls `each` with column and row of every block that a component has in an MCU.
    #[inline(always)]
    fn each_block(
        &self,
        slot: &Slot,
        mcu: usize,
        mut each: impl FnMut(usize, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let (column, row) = (mcu % self.across, mcu / self.across);
        for y in 0..slot.v {
            for x in 0..slot.h {
                each(column * slot.h + x, row * slot.v + y)?;
            }
        }
        Ok(())
    }
}
