//! Inflate (RFC 1951) that says at which bit a symbol starts, so that a stream can be cut there: what no library tells.
//!
//! Nothing is checked here that the picture does not need; what is odd is refused, and the slow way judges it.

mod block;

use std::{ops::Range, rc::Rc};

pub(super) use block::{Block, Coding, Cut};

use super::{
    huffman::Table,
    idat::{Stream, Window},
};
use crate::{Error, stream::Source};

/// Bytes that stay in reach: the window of deflate, and the longest stored block, which is cut at its header.
const HISTORY: u64 = 32_768 + 65_536;
/// The longest match.
const LONGEST: u64 = 258;
/// Bytes behind the output that copies in blocks may touch, the longest match included.
const SLACK: usize = 600;

/// Why the fast way is not taken.
pub(super) enum Refusal {
    /// The stream is damaged or unusual.
    Odd,
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(super) type Result<T> = std::result::Result<T, Refusal>;

pub(super) struct Inflater<'a> {
    window: Window<'a>,
    /// The next byte of the window that is not in `bits`.
    at: usize,
    bits: u64,
    count: u32,
    /// Bit behind the last that may belong to the stream.
    limit: u64,
    literals: Table,
    distances: Table,
    /// Whether the tables are those of fixed codes.
    is_fixed: bool,
    blocks: u32,
    block: Option<Rc<Block>>,
    stored: u16,
    /// The last block that ended was the last of the stream.
    ended: bool,
    out: Vec<u8>,
    /// Where `out` starts in the whole output, and how much of it is filled.
    base: u64,
    filled: usize,
    /// Behind the latest match that reaches into the bytes that are watched: bit, and length of `out`.
    reached: Option<(u64, usize)>,
}

impl<'a> Inflater<'a> {
    /// Starts behind the zlib header of `stream`.
    pub(super) fn new(source: &'a mut dyn Source, stream: &'a Stream) -> Self {
        Self {
            window: Window::new(source, stream, 2),
            at: 0,
            bits: 0,
            count: 0,
            limit: stream.len().saturating_sub(4) * 8,
            literals: Table::new(),
            distances: Table::new(),
            is_fixed: false,
            blocks: 0,
            block: None,
            stored: 0,
            ended: false,
            out: Vec::new(),
            base: 0,
            filled: 0,
            reached: None,
        }
    }

    /// How much output there is so far.
    pub(super) fn total(&self) -> u64 {
        self.base + self.filled as u64
    }

    /// The output of `range`, which has to be in reach.
    pub(super) fn output(&self, range: Range<u64>) -> Result<&[u8]> {
        let index = |at: u64| at.checked_sub(self.base).and_then(|at| usize::try_from(at).ok());
        let (Some(start), Some(end)) = (index(range.start), index(range.end)) else { return Err(Refusal::Odd) };
        self.out[..self.filled].get(start..end).ok_or(Refusal::Odd)
    }

    /// Where the next symbol starts.
    pub(super) fn here(&self) -> Cut {
        Cut { bit: self.bit(), out: self.total(), block: self.block.clone(), stored: self.stored }
    }

    /// Whether the stream ended, and ended where its checksum starts.
    pub(super) fn is_complete(&self) -> bool {
        self.ended && self.bit().next_multiple_of(8) == self.limit
    }

    /// Inflates until there are `until` bytes or a few more, and keeps what starts at `keep` in reach. `false` where the
    /// stream ends before.
    pub(super) fn fill(&mut self, until: u64, keep: u64) -> Result<bool> {
        while self.total() < until {
            if !self.decode::<false>(until, keep, &(0..0))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Like [`Self::fill`], and finds the last place between symbols at or before `until`.
    pub(super) fn place(&mut self, until: u64, keep: u64) -> Result<Cut> {
        // Near the end every symbol is decoded alone, so that the last place before it is known.
        self.fill(until.saturating_sub(2 * LONGEST), keep)?;
        let mut cut = self.here();
        while self.total() < until {
            let is_stored = matches!(self.block.as_deref(), Some(Block { coding: Coding::Stored, .. }));
            let next = if is_stored { until } else { self.total() + 1 };
            if !self.decode::<false>(next, keep, &(0..0))? {
                return Err(Refusal::Odd);
            }
            if self.total() <= until {
                cut = self.here();
            }
        }
        // Behind the last block nothing can follow.
        if self.ended && cut.block.is_none() { Err(Refusal::Odd) } else { Ok(cut) }
    }

    /// Goes on while bytes may still be copied from `changed`, which ended here or before. Returns the place behind the
    /// last that are; `None` where the stream ends before that is sure.
    pub(super) fn past(&mut self, changed: &Range<u64>) -> Result<Option<Cut>> {
        let mut found = self.here();
        let (until, keep) = (changed.end + 32_768, changed.end.min(self.total()));
        while self.total() < until {
            // One block at a time, because the place found belongs to one.
            let block = self.block.clone();
            let more = self.decode::<true>(until, keep, changed)?;
            if let Some((bit, filled)) = self.reached.take() {
                found = Cut { bit, out: self.base + filled as u64, block, stored: 0 };
            }
            if !more {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    /// Reads the header of a block, or decodes whole symbols of one until there are `until` bytes or the block ends; `false` at the stream's end.
    fn decode<const WATCHED: bool>(&mut self, until: u64, keep: u64, changed: &Range<u64>) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let Some(block) = &self.block else {
            self.header()?;
            return Ok(true);
        };
        let (last, is_stored) = (block.last, matches!(block.coding, Coding::Stored));
        let wanted = until.saturating_sub(self.total());
        let room = self.make_room(wanted, keep)?;
        let is_over = if is_stored { self.copy_stored(room)? } else { self.symbols::<WATCHED>(room, changed)? };
        if self.bit() > self.limit {
            return Err(Refusal::Odd);
        }
        if is_over {
            self.block = None;
            self.ended = last;
        }
        Ok(true)
    }

    /// Makes room for `wanted` bytes behind the output, or for as many as one step takes; returns where that room ends.
    fn make_room(&mut self, wanted: u64, keep: u64) -> Result<usize> {
        let wanted = usize::try_from(wanted.min(1 << 18)).map_err(|_| Refusal::Odd)?;
        if self.filled + wanted + SLACK > self.out.len() {
            let from = keep.min(self.total().saturating_sub(HISTORY)).saturating_sub(self.base);
            let from = usize::try_from(from).map_err(|_| Refusal::Odd)?.min(self.filled);
            self.out.copy_within(from..self.filled, 0);
            (self.base, self.filled) = (self.base + from as u64, self.filled - from);
            // Room for some steps, so that not every one of them moves the history.
            let need = self.filled + wanted + SLACK;
            if need > self.out.len() {
                self.out.resize(need + need / 2, 0);
            }
        }
        Ok(self.filled + wanted)
    }

    fn bit(&self) -> u64 {
        self.window.first_bit() + self.at as u64 * 8 - u64::from(self.count)
    }

    /// Reads on until `least` bytes stand behind `at`, or the stream ends.
    fn feed(&mut self, least: usize) -> Result<()> {
        if self.at + least > self.window.bytes.len() {
            // The bytes in `bits` stay: the header of a block is copied from the window.
            self.at -= self.window.advance(self.at.saturating_sub(8))?;
        }
        if self.at + 8 > self.window.bytes.len() { Err(Refusal::Odd) } else { Ok(()) }
    }

    /// Brings at least 56 bits into `bits`.
    fn refill(&mut self) -> Result<()> {
        let Some(word) = self.window.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) else {
            return Err(Refusal::Odd);
        };
        self.bits |= u64::from_le_bytes(*word) << self.count;
        self.at += (63 - self.count as usize) >> 3;
        self.count |= 56;
        Ok(())
    }

    /// The next `count` bits, at most 16, of what was refilled.
    fn take(&mut self, count: u32) -> usize {
        let value = self.bits & ((1 << count) - 1);
        self.bits >>= count;
        self.count -= count;
        value as usize
    }

    /// Copies from a stored block up to `room`; `true` when it is used up.
    fn copy_stored(&mut self, room: usize) -> Result<bool> {
        while self.filled < room && self.stored > 0 {
            self.feed(1)?;
            let count = (room - self.filled).min(self.stored.into());
            let from = self.window.bytes.get(self.at..).unwrap_or_default();
            let count = count.min(from.len());
            self.out[self.filled..self.filled + count].copy_from_slice(&from[..count]);
            (self.at, self.filled, self.stored) = (self.at + count, self.filled + count, self.stored - count as u16);
            if self.bit() > self.limit {
                return Err(Refusal::Odd);
            }
        }
        Ok(self.stored == 0)
    }

    /// Decodes symbols while the output is shorter than `room`; `true` at the end of the block.
    fn symbols<const WATCHED: bool>(&mut self, room: usize, changed: &Range<u64>) -> Result<bool> {
        // Watched bytes, as indices of `out`.
        let watched = changed.start.saturating_sub(self.base)..changed.end.saturating_sub(self.base);
        let mut is_over = false;
        while self.filled < room && !is_over {
            self.feed(8)?;
            is_over = self.buffered_symbols::<WATCHED>(room, &watched)?;
        }
        Ok(is_over)
    }

    /// The loop that all time goes into: as far as the window reaches.
    fn buffered_symbols<const WATCHED: bool>(&mut self, room: usize, watched: &Range<u64>) -> Result<bool> {
        let first_bit = self.window.first_bit();
        let (literals, distances) = (&self.literals, &self.distances);
        let (input, out) = (&self.window.bytes[..], &mut self.out[..]);
        let (mut bits, mut count, mut at, mut filled) = (self.bits, self.count, self.at, self.filled);
        let mut is_over = false;
        // One symbol at a time where the place between two is looked for.
        let is_single = room - filled < 3;
        macro_rules! refill {
            () => {
                // The end of the input is no error yet: there may be more.
                let Some(word) = input.get(at..).and_then(|rest| rest.first_chunk()) else { break };
                bits |= u64::from_le_bytes(*word) << count;
                at += (63 - count as usize) >> 3;
                count |= 56;
            };
        }
        macro_rules! consume {
            ($count:expr) => {
                bits >>= $count;
                count -= $count;
            };
        }
        macro_rules! put {
            ($entry:expr) => {
                out[filled..filled + 4].copy_from_slice(&$entry.bytes());
                filled += $entry.literals();
                consume!($entry.bits());
            };
        }
        while filled < room {
            refill!();
            let mut entry = if is_single { literals.single(bits) } else { literals.look(bits) };
            if entry.literals() > 0 {
                put!(entry);
                if is_single {
                    continue;
                }
                entry = literals.look(bits);
                if entry.literals() > 0 {
                    put!(entry);
                    entry = literals.look(bits);
                    if entry.literals() > 0 {
                        put!(entry);
                        continue;
                    }
                }
                // A length and a distance take up to 48 bits.
                refill!();
            }
            if entry.is_link() {
                consume!(entry.bits());
                entry = literals.follow(entry, bits);
                if entry.literals() > 0 {
                    put!(entry);
                    continue;
                }
            }
            if entry.bits() == 0 {
                return Err(Refusal::Odd);
            }
            consume!(entry.bits());
            if entry.is_end() {
                is_over = true;
                break;
            }
            let length = entry.base() + (bits & ((1 << entry.extra()) - 1)) as usize;
            consume!(entry.extra());
            let mut entry = distances.look(bits);
            if entry.is_link() {
                consume!(entry.bits());
                entry = distances.follow(entry, bits);
            }
            let distance = entry.base() + (bits >> entry.bits() & ((1 << entry.extra()) - 1)) as usize;
            consume!(entry.bits() + entry.extra());
            if entry.bits() == 0 || distance > filled {
                return Err(Refusal::Odd);
            }
            let from = filled - distance;
            repeat(out, filled, distance, length);
            filled += length;
            if WATCHED && (from as u64) < watched.end && from as u64 + length.min(distance) as u64 > watched.start {
                self.reached = Some((first_bit + at as u64 * 8 - u64::from(count), filled));
            }
        }
        (self.bits, self.count, self.at, self.filled) = (bits, count, at, filled);
        Ok(is_over)
    }
}

/// Writes `length` bytes at `at`, each a copy of the one `distance` before; up to 15 bytes behind them are touched.
#[inline(always)]
fn repeat(out: &mut [u8], at: usize, distance: usize, length: usize) {
    const BLOCK: usize = 16;
    if distance >= BLOCK {
        for done in (0..length).step_by(BLOCK) {
            let mut block = [0; BLOCK];
            block.copy_from_slice(&out[at + done - distance..][..BLOCK]);
            out[at + done..][..BLOCK].copy_from_slice(&block);
        }
    } else if distance == 1 {
        let value = out[at - 1];
        out[at..at + length].fill(value);
    } else {
        // What is written is a period longer each time.
        let mut done = 0;
        while done < length {
            let count = (distance + done / distance * distance).min(length - done);
            out.copy_within(at - distance..at - distance + count, at + done);
            done += count;
        }
    }
}
