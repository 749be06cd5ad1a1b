//! A window over entropy-coded data: without its byte stuffing, a part of it at a time. ISO/IEC 10918-1, F.1.2.3.

use std::ops::Range;

use super::{
    bits::{BitWriter, Bits, PADDING, Put},
    scan::Fault,
};
use crate::{
    Error, Format, Result,
    stream::{Source, read_into},
};

/// Bytes read at a time: what stands behind the notice is hardly looked at.
const CHUNK: usize = 16 * 1024;
/// More than one MCU can take: 64 blocks of 64 coefficients of 31 bits each.
const MCU: usize = 16 * 1024;

/// The data of one scan, read from one restart marker to the next.
pub(super) struct Window<'a> {
    source: &'a mut dyn Source,
    /// Where the scan's data ends in the file.
    end: u64,
    /// Where in the file the next byte stands that was not taken in.
    next: u64,
    /// Whether `next` is the end of the interval.
    complete: bool,
    /// What was read last; the file's byte at `raw_at` is its first.
    raw: Vec<u8>,
    raw_at: u64,
    /// The window without stuffing, with its padding; the file's byte at `base` is its first.
    clean: Vec<u8>,
    base: u64,
    /// By index in `clean`: the bytes FF that had a zero byte behind them.
    stuffed: Vec<usize>,
    /// The next bit, counted from the start of `clean`.
    bit: usize,
}

impl<'a> Window<'a> {
    /// Over the data that stands in `range` of the file.
    pub(super) fn open(source: &'a mut dyn Source, range: Range<u64>) -> Result<Self> {
        Self::open_at(source, range, (0, 0))
    }

    /// The same, at a byte of the data and a bit of it: one that an MCU begins with.
    pub(super) fn open_at(source: &'a mut dyn Source, range: Range<u64>, (byte, bit): (u64, u32)) -> Result<Self> {
        let (start, end) = (range.start, range.end);
        let mut window = Self {
            source,
            end,
            next: start,
            complete: false,
            raw: Vec::new(),
            raw_at: start,
            clean: Vec::new(),
            base: start,
            stuffed: Vec::new(),
            bit: 0,
        };
        window.interval(start.saturating_add(byte).min(end))?;
        window.bit = bit as usize;
        Ok(window)
    }

    /// Goes to the interval that starts at byte `start` of the file.
    fn interval(&mut self, start: u64) -> Result<()> {
        self.clean.clear();
        self.stuffed.clear();
        (self.base, self.next, self.bit, self.complete) = (start, start, 0, false);
        self.fill()
    }

    /// Calls `step` for one MCU after the other, until it returns that it wants no more. What was read is copied to
    /// `copy`.
    pub(super) fn read(
        &mut self,
        mut copy: Option<&mut BitWriter>,
        mut step: impl FnMut(&mut Bits) -> Result<bool, Fault>,
    ) -> Result<()> {
        loop {
            // Up to where a whole MCU is sure to be there.
            let safe = (self.clean.len() - PADDING).checked_sub(MCU).map(|bytes| bytes * 8);
            let mut bits = Bits::new(&self.clean, self.bit);
            let mut more = true;
            let mut fault = None;
            while more && (self.complete || safe.is_some_and(|safe| bits.position() <= safe)) {
                match step(&mut bits) {
                    Ok(wanted) => more = wanted,
                    Err(why) => fault = Some(why),
                }
                // Zeros past the end may look like anything: the end comes first.
                fault = if bits.overrun() { Some(Fault::ENDS) } else { fault };
                if fault.is_some() {
                    break;
                }
            }
            if let (Some(out), None) = (copy.as_deref_mut(), fault) {
                bits.since(self.bit, |value, len| out.put(value, len));
            }
            self.bit = bits.position();
            if let Some(Fault(why)) = fault {
                return Err(Error::malformed(Format::Jpeg, self.byte(), why));
            }
            if !more {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Drops what was read and takes in one chunk more.
    fn fill(&mut self) -> Result<()> {
        let read = (self.bit / 8).min(self.clean.len().saturating_sub(PADDING));
        self.base = self.offset(read);
        self.stuffed.retain(|&index| index >= read);
        self.stuffed.iter_mut().for_each(|index| *index -= read);
        self.clean.truncate(self.clean.len().saturating_sub(PADDING));
        self.clean.drain(..read);
        self.bit -= read * 8;
        let (from, last) = self.load(self.next)?;
        let stuffed = &mut self.stuffed;
        let (used, complete) = unstuff(&self.raw[from..], last, &mut self.clean, |index| stuffed.push(index));
        self.next += used as u64;
        self.complete = complete;
        self.clean.extend_from_slice(&[0; PADDING]);
        Ok(())
    }

    /// Has the file's byte at `at` and some behind it in `raw`: where it stands there, and whether that is all of the scan.
    fn load(&mut self, at: u64) -> Result<(usize, bool)> {
        let read = self.raw_at + self.raw.len() as u64;
        // One byte alone may be half of a pair.
        if at < self.raw_at || (at + 2 > read && read < self.end) {
            let left = usize::try_from(self.end - at).unwrap_or(CHUNK);
            self.raw.resize(left.min(CHUNK), 0);
            read_into(self.source, Format::Jpeg, at, &mut self.raw)?;
            self.raw_at = at;
        }
        let from = usize::try_from(at - self.raw_at).unwrap_or(usize::MAX).min(self.raw.len());
        Ok((from, self.raw_at + self.raw.len() as u64 == self.end))
    }

    /// Where a byte of `clean` stands in the file.
    fn offset(&self, index: usize) -> u64 {
        self.base + index as u64 + self.stuffed.partition_point(|&stuffed| stuffed < index) as u64
    }

    /// Where the byte of the next bit stands in the file.
    pub(super) fn byte(&self) -> u64 {
        self.offset((self.bit / 8).min(self.clean.len() - PADDING))
    }

    /// Where the byte after that stands in the file.
    pub(super) fn following_byte(&self) -> u64 {
        self.offset((self.bit / 8 + 1).min(self.clean.len() - PADDING))
    }

    /// Bits that were read of the byte of the next bit, and their value.
    pub(super) fn partial(&self) -> (u32, u32) {
        let len = (self.bit % 8) as u32;
        let byte = self.clean.get(self.bit / 8).copied().unwrap_or(0);
        (len, (u32::from(byte) << len) >> 8)
    }

    /// Bits of that byte that were not read.
    pub(super) fn remainder(&self) -> (u32, u32) {
        let len = 8 - (self.bit % 8) as u32;
        let byte = self.clean.get(self.bit / 8).copied().unwrap_or(0);
        (len, u32::from(byte) & ((1 << len) - 1))
    }

    /// Where the interval ends in the file: at a marker, or at the end of the scan.
    pub(super) fn interval_end(&mut self) -> Result<u64> {
        while !self.complete {
            self.bit = (self.clean.len() - PADDING) * 8;
            self.fill()?;
        }
        Ok(self.next)
    }

    /// Goes on behind the next `count` restart markers, of which `number` is the first; `each` is told where their numbers
    /// stand.
    pub(super) fn pass_restarts(&mut self, count: usize, mut number: u8, mut each: impl FnMut(u64)) -> Result<()> {
        // What is in the window already holds no marker but at its end.
        let mut at = self.next;
        let mut left = count;
        while left > 0 {
            let (from, _) = self.load(at)?;
            let raw = &self.raw[from..];
            let mut used = 0;
            while left > 0 {
                let Some(found) = memchr::memchr(0xFF, &raw[used..]) else {
                    used = raw.len();
                    break;
                };
                used += found;
                match raw.get(used + 1) {
                    Some(0) => used += 2,
                    Some(0xFF) => used += 1,
                    Some(&code) if code == 0xD0 | number => {
                        each(at + used as u64 + 1);
                        used += 2;
                        number = (number + 1) % 8;
                        left -= 1;
                    }
                    Some(_) => {
                        let why = "an RST marker is out of sequence";
                        return Err(Error::malformed(Format::Jpeg, at + used as u64, why));
                    }
                    // The pair stands across the end of the chunk.
                    None => break,
                }
            }
            if used == 0 && left > 0 {
                return Err(Error::malformed(Format::Jpeg, at, Fault::ENDS.0));
            }
            at += used as u64;
        }
        self.interval(at)
    }
}

/// Appends `raw` without its stuffing to `clean`, up to a marker: bytes used, and whether the interval ends there. An FF
/// at the end is left for later unless `last`. `stuffed` is told the places of bytes FF.
fn unstuff(raw: &[u8], last: bool, clean: &mut Vec<u8>, mut stuffed: impl FnMut(usize)) -> (usize, bool) {
    let mut at = 0;
    for found in memchr::memchr_iter(0xFF, raw) {
        match raw.get(found + 1) {
            Some(0) => {
                clean.extend_from_slice(&raw[at..=found]);
                stuffed(clean.len() - 1);
                at = found + 2;
            }
            _ => {
                clean.extend_from_slice(&raw[at..found]);
                return (found, last || found + 1 < raw.len());
            }
        }
    }
    clean.extend_from_slice(raw.get(at..).unwrap_or_default());
    (raw.len(), last)
}

/// The first interval of `raw`, with its padding.
pub(super) fn unstuffed(raw: &[u8]) -> Vec<u8> {
    let mut clean = Vec::new();
    unstuff(raw, true, &mut clean, |_| {});
    clean.extend_from_slice(&[0; PADDING]);
    clean
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn places_are_those_of_the_file() {
        // Long enough for three chunks, and a stuffed byte across the seam of two.
        let mut raw = vec![0x5A; 3 * CHUNK];
        for at in [3, CHUNK - 1, CHUNK + 7, 2 * CHUNK] {
            raw[at] = 0xFF;
            raw[at + 1] = 0;
        }
        raw.extend_from_slice(&[0xFF, 0xD0, 0x11, 0x22, 0xFF, 0xD1, 0x33]);
        let len = raw.len() as u64;
        let mut source = Cursor::new([&[0xAA; 10][..], &raw].concat());
        let mut window = Window::open(&mut source, 10..10 + len).unwrap();
        let mut left = 8 * (2 * CHUNK + 12);
        window
            .read(None, |bits| {
                bits.refill();
                bits.consume(32);
                left -= 32;
                Ok(left > 0)
            })
            .unwrap();
        // Four bytes were stuffed before.
        assert_eq!(window.byte(), 10 + 2 * CHUNK as u64 + 12 + 4);
        assert_eq!(window.interval_end().unwrap(), 10 + len - 7);
        window.pass_restarts(1, 0, |_| {}).unwrap();
        assert_eq!((window.byte(), window.remainder()), (10 + len - 5, (8, 0x11)));
        let error = window.pass_restarts(1, 2, |_| {}).unwrap_err();
        assert!(error.to_string().contains("out of sequence"), "{error}");
        window.pass_restarts(1, 1, |_| {}).unwrap();
        assert!(window.read(None, |bits| Ok(bits.take(16) < 70_000)).is_err());
    }

    #[test]
    fn an_interval_may_begin_at_the_end_of_a_chunk() {
        for before in 0..6 {
            let mut raw = vec![0x5A; CHUNK + 100];
            raw[CHUNK - 2 - before..][..2].copy_from_slice(&[0xFF, 0xD0]);
            let len = raw.len() as u64;
            let mut source = Cursor::new(raw);
            let mut window = Window::open(&mut source, 0..len).unwrap();
            window.pass_restarts(1, 0, |_| {}).unwrap();
            let mut left = 12;
            let read = window.read(None, |bits| {
                bits.refill();
                left -= 1;
                assert_eq!(bits.take(16), 0x5A5A);
                Ok(left > 0)
            });
            assert!(read.is_ok(), "{before}");
        }
    }
}
