//! Headers of blocks: RFC 1951, 3.2.3 to 3.2.7.

use std::rc::Rc;

use super::{Inflater, Refusal, Result};
use crate::format::png::huffman::code_of;

/// Blocks of one stream: tables are built for each, and an empty one takes ten bits.
const MAX_BLOCKS: u32 = 1 << 17;
/// Bytes of input that the longest header fits into.
const HEADER: usize = 1024;

/// A block whose header was read.
pub(in crate::format::png) struct Block {
    /// Bit of the stream at which the header starts.
    pub(in crate::format::png) head: u64,
    /// BFINAL.
    pub(in crate::format::png) last: bool,
    /// Where its output starts.
    pub(in crate::format::png) out: u64,
    pub(in crate::format::png) coding: Coding,
}

pub(in crate::format::png) enum Coding {
    Stored,
    Huffman {
        /// The header: bytes from the one that it starts in, and how many bits it has.
        header: Vec<u8>,
        bits: u64,
        /// The code of the end of the block, first bit lowest, and its length.
        end: (u32, u32),
    },
}

/// A place between two symbols.
#[derive(Clone)]
pub(in crate::format::png) struct Cut {
    /// Bit of the stream at which the next symbol starts.
    pub(in crate::format::png) bit: u64,
    /// Where the output of the next symbol starts.
    pub(in crate::format::png) out: u64,
    /// The block that the place lies in; `None` between two.
    pub(in crate::format::png) block: Option<Rc<Block>>,
    /// What is left of a stored block, in bytes.
    pub(in crate::format::png) stored: u16,
}

impl Cut {
    /// The place itself, or the header of the stored block that it lies in: what was copied from there is given up.
    pub(in crate::format::png) fn before_stored(self) -> Self {
        match self.block.as_deref() {
            Some(&Block { head, out, coding: Coding::Stored, .. }) => Self { bit: head, out, block: None, stored: 0 },
            _ => self,
        }
    }
}

impl Inflater<'_> {
    /// 3.2.3: reads the header of the next block.
    pub(super) fn header(&mut self) -> Result<()> {
        self.blocks += 1;
        if self.blocks > MAX_BLOCKS {
            return Err(Refusal::Odd);
        }
        self.feed(HEADER)?;
        self.refill()?;
        let head = self.bit();
        let last = self.take(1) == 1;
        let coding = match self.take(2) {
            0 => self.stored_header()?,
            1 => self.fixed_tables(head)?,
            2 => self.dynamic_tables(head)?,
            _ => return Err(Refusal::Odd),
        };
        self.block = Some(Rc::new(Block { head, last, out: self.total(), coding }));
        Ok(())
    }

    fn stored_header(&mut self) -> Result<Coding> {
        self.take(self.count % 8);
        let (len, inverted) = (self.take(16), self.take(16));
        // What is in `bits` beyond the header is data again.
        self.at -= self.count as usize / 8;
        (self.bits, self.count) = (0, 0);
        if len ^ inverted != 0xffff {
            return Err(Refusal::Odd);
        }
        self.stored = len as u16;
        Ok(Coding::Stored)
    }

    fn fixed_tables(&mut self, head: u64) -> Result<Coding> {
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        let known = std::mem::replace(&mut self.is_fixed, true);
        self.coding(head, &lengths, &[5; 32], known)
    }

    /// 3.2.7.
    fn dynamic_tables(&mut self, head: u64) -> Result<Coding> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let (literals, distances, known) = (self.take(5) + 257, self.take(5) + 1, self.take(4) + 4);
        if literals > 286 || distances > 30 {
            return Err(Refusal::Odd);
        }
        let mut lengths = [0; 19];
        for &symbol in &ORDER[..known] {
            self.refill()?;
            lengths[symbol] = self.take(3) as u8;
        }
        // The table of distances is free until the header is read.
        self.is_fixed = false;
        self.distances.lengths(&lengths).ok_or(Refusal::Odd)?;
        let (mut lengths, mut done) = ([0u8; 320], 0);
        while done < literals + distances {
            self.refill()?;
            let entry = self.distances.look(self.bits);
            if entry.bits() == 0 {
                return Err(Refusal::Odd);
            }
            self.take(entry.bits());
            let (value, times) = match entry.bytes()[0] {
                16 => (*lengths[..done].last().ok_or(Refusal::Odd)?, 3 + self.take(2)),
                17 => (0, 3 + self.take(3)),
                18 => (0, 11 + self.take(7)),
                length => (length, 1),
            };
            lengths[..literals + distances].get_mut(done..done + times).ok_or(Refusal::Odd)?.fill(value);
            done += times;
        }
        self.coding(head, &lengths[..literals], &lengths[literals..done], false)
    }

    /// Builds the tables, where they are not known yet.
    fn coding(&mut self, head: u64, literals: &[u8], distances: &[u8], is_known: bool) -> Result<Coding> {
        let end = code_of(256, literals).ok_or(Refusal::Odd)?;
        if !is_known {
            self.literals.literals(literals).ok_or(Refusal::Odd)?;
            self.distances.distances(distances).ok_or(Refusal::Odd)?;
        }
        let (first, bits) = (head - self.window.first_bit(), self.bit() - head);
        let bytes = first as usize / 8..(first + bits).div_ceil(8) as usize;
        let header = self.window.bytes.get(bytes).ok_or(Refusal::Odd)?.to_vec();
        Ok(Coding::Huffman { header, bits, end })
    }
}
