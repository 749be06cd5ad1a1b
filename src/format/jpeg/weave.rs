//! Blocks of a sequential scan, changed where the notice stands and copied where it does not. Before the notice and behind
//! it nothing is touched, and nothing that is only copied is kept in memory.

use std::{ops::Range, sync::Arc};

use super::{
    bits::{BitWriter, Bits, Mark},
    codes::Codes,
    decoder, fill,
    huffman::Decoder,
    paint::{Brush, Quantisation},
    picture::Block,
    scan::Fault,
    sheet::{Drawn, Sheet, Token},
    skip::{self, Skipper},
    window::Window,
};
use crate::Result;

/// Blocks that are passed over one symbol at a time: a table for more at a time takes as long to make.
pub(super) const FEW: usize = 2000;
/// Blocks with room for filling; more of them are not needed.
const ROOM: usize = 16;

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
    pub(super) sheet: Arc<Sheet>,
}

impl Run {
    fn clear(&mut self) {
        self.blocks.clear();
        self.tokens.clear();
        self.room = 0;
    }

    #[inline(always)]
    fn push(&mut self, drawn: Drawn, is_covered: bool, is_kept: bool) {
        self.room += usize::from(is_covered && drawn.last < 8);
        self.blocks.push(Placed { drawn, is_covered, is_kept });
    }

    /// Draws into a block that holds what stands in the picture.
    fn draw(&mut self, mut block: Block, cloth: &Cloth, slot: &Slot, (x, y): (usize, usize), codes: &mut Codes) {
        let is_covered = cloth.brush.paint(slot.plane, x, y, &mut block);
        codes.nudge(slot, &mut block);
        let drawn = Drawn::new(&block, &mut self.tokens);
        self.push(drawn, is_covered, false);
    }
}

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
    /// What was drawn last, and what was drawn before that has more room for filling.
    run: Run,
    kept: Run,
}

/// A block that was drawn, and where its tokens are.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) drawn: Drawn,
    /// Whether the notice covers all of it.
    pub(super) is_covered: bool,
    /// Whether they are in the sheet, and not in the run.
    pub(super) is_kept: bool,
}

/// Blocks of neighbouring MCUs that were drawn and written.
#[derive(Default)]
struct Run {
    blocks: Vec<Placed>,
    tokens: Vec<Token>,
    /// From where to where they stand, and DC of the blocks before.
    start: Mark,
    end: Mark,
    new: [i32; 4],
    /// Blocks that the notice covers and that hold little.
    room: usize,
}

impl<'a, 'b> Weaver<'a, 'b> {
    /// `None` when a table that the scan names is not there.
    pub(super) fn new(cloth: &'a Cloth<'a>, codes: &'a mut Codes<'b>, window: Window<'a>) -> Option<Self> {
        let per_mcu: usize = cloth.slots.iter().map(|slot| slot.h * slot.v).sum();
        let passed = match cloth.strip {
            // Most of those under the notice are passed over too.
            0 => cloth.rows.end * cloth.across,
            _ => 0,
        };
        let passed = passed.min(cloth.interval.saturating_mul(cloth.rows.len()));
        let mut skippers: [Option<Arc<Skipper>>; 4] = Default::default();
        let mut readers = Vec::new();
        for slot in &cloth.slots {
            let [dc, ac] = [codes.read[0][slot.dc].as_ref()?, codes.read[1][slot.ac].as_ref()?];
            let skipper = &mut skippers[slot.ac];
            if passed * per_mcu > FEW && skipper.is_none() {
                *skipper = codes.stated[1][slot.ac].as_ref().map(Skipper::of);
            }
            let skipper = skipper.clone();
            readers.push(Reader { dc, ac, skipper, blocks: slot.h * slot.v });
        }
        let (old, new, out) = ([0; 4], [0; 4], BitWriter::default());
        Some(Self { cloth, codes, window, out, readers, old, new, run: Run::default(), kept: Run::default() })
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
                start = Some(self.window.byte());
                let (len, value) = self.window.partial();
                self.out.put(value, len);
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
        let Some(fillers) = fill::fill(bits, &kept.blocks, &cloth.slots, &codes.write[1]) else { return false };
        let tokens = (&kept.tokens[..], cloth.sheet.tokens());
        // No filling is in a DC value, so that what follows counts from the same ones.
        out.rewrite(kept.start, kept.end, |out| {
            codes.blocks(out, &cloth.slots, &mut kept.new, &kept.blocks, tokens, &fillers);
        });
        true
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
                        match cloth.sheet.block(slot.plane, x, y).filter(|_| !codes.moves()) {
                            Some(drawn) => run.push(drawn, true, true),
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
        let Self { cloth, codes, window, old, run, readers, .. } = self;
        run.clear();
        let row = mcus.start / cloth.across;
        let mut column = mcus.start % cloth.across;
        let end = column + mcus.len();
        let draws_anew = codes.moves();
        window.read(None, |bits| {
            for ((slot, reader), prediction) in cloth.slots.iter().zip(&*readers).zip(&mut *old) {
                for y in row * slot.v..(row + 1) * slot.v {
                    for x in column * slot.h..(column + 1) * slot.h {
                        bits.refill();
                        *prediction = checked(*prediction + reader.dc.difference(bits)?)?;
                        match cloth.sheet.block(slot.plane, x, y) {
                            Some(drawn) => {
                                reader.pass(bits)?;
                                match draws_anew {
                                    true => run.draw([0; 64], cloth, slot, (x, y), codes),
                                    false => run.push(drawn, true, true),
                                }
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

    /// Writes the blocks that were drawn.
    fn write(&mut self) {
        let Self { cloth, codes, out, new, run, kept, .. } = self;
        (run.start, run.new) = (out.mark(), *new);
        codes.blocks(out, &cloth.slots, new, &run.blocks, (&run.tokens, cloth.sheet.tokens()), &[]);
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
}
