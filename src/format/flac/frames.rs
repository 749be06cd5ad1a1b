//! FLAC frames: their headers, where they end, and how they are numbered (RFC 9639, 9).

use std::ops::Range;

use crate::{
    Error, Format, Result,
    container::crc::HighFirst,
    stream::{Source, read_into},
};

/// What a frame's header says that a splice needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The number is that of the first sample, else that of the frame.
    pub(super) by_sample: bool,
    pub(super) number: u64,
    /// Bytes that the number takes.
    number_len: usize,
    /// Samples of each channel.
    pub(super) block: u32,
    /// Bytes of the header, its CRC counted.
    len: usize,
    /// The second byte's lower half and the third's upper: rate and size of a sample, as coded.
    pub(super) rate: u8,
    pub(super) size: u8,
    /// A rate that has no code, as it stands before the CRC.
    pub(super) odd_rate: Vec<u8>,
}

/// The longest header: sync and codes, a number, block size and rate in full, CRC.
const HEADER: usize = 4 + 7 + 2 + 2 + 1;

impl Header {
    /// The header that these bytes begin with, its CRC checked.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let &[0xFF, second, third, fourth, ..] = bytes else { return None };
        if second & 0xFE != 0xF8 || third >> 4 == 0 || third & 15 == 15 || fourth & 1 != 0 || fourth >> 4 > 10 {
            return None;
        }
        let (number, number_len) = number(bytes.get(4..)?)?;
        let mut at = 4 + number_len;
        let mut take = |len: usize| {
            let taken = bytes.get(at..at + len)?;
            at += len;
            Some(taken)
        };
        let block = match third >> 4 {
            1 => 192,
            code @ 2..=5 => 576 << (code - 2),
            6 => u32::from(take(1)?[0]) + 1,
            7 => match *take(2)? {
                [a, b] => u32::from(u16::from_be_bytes([a, b])) + 1,
                _ => return None,
            },
            code => 256 << (code - 8),
        };
        let odd_rate = match third & 15 {
            12 => take(1)?,
            13 | 14 => take(2)?,
            _ => &[],
        };
        let odd_rate = odd_rate.to_vec();
        (bytes.get(at) == Some(&crc8(&bytes[..at]))).then(|| Self {
            by_sample: second & 1 == 1,
            number,
            number_len,
            block,
            len: at + 1,
            rate: third & 15,
            size: fourth & 15,
            odd_rate,
        })
    }

    /// Samples a second, where the frame says how many: 9.1.2.
    pub(super) fn stated_rate(&self) -> Option<u32> {
        let coded = [88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000];
        let odd = self.odd_rate.iter().fold(0, |value, &byte| value << 8 | u32::from(byte));
        match self.rate {
            0 => None,
            12 => Some(odd * 1000),
            13 => Some(odd),
            14 => Some(odd * 10),
            code => coded.get(usize::from(code) - 1).copied(),
        }
    }

    /// Bits of a sample, where the frame says how many: 9.1.4.
    pub(super) fn stated_bits(&self) -> Option<u32> {
        [None, Some(8), Some(12), None, Some(16), Some(20), Some(24), Some(32)]
            .get(usize::from(self.size >> 1))
            .copied()?
    }

    /// The number that the next frame has.
    fn next(&self) -> u64 {
        self.number + if self.by_sample { self.block.into() } else { 1 }
    }

    /// The frame with this header, whole and with a CRC that fits, under another number, written into `into`.
    pub(super) fn renumbered(&self, frame: &[u8], number: u64, into: &mut Vec<u8>) {
        into.clear();
        into.extend_from_slice(&frame[..4]);
        put_number(number, into);
        into.extend_from_slice(&frame[4 + self.number_len..self.len - 1]);
        into.push(crc8(into));
        // What the sum over the same body differs in is what it was before the body, moved past it.
        let before = crc16(0, into) ^ crc16(0, &frame[..self.len]);
        let (body, crc) = frame[self.len..].split_at(frame.len() - self.len - 2);
        into.extend_from_slice(body);
        let change = moved(before, body.len()).to_be_bytes();
        into.extend(crc.iter().zip(change).map(|(byte, change)| byte ^ change));
    }

    /// Bytes of that frame.
    pub(super) fn renumbered_len(&self, len: usize, number: u64) -> usize {
        len - self.number_len + number_len(number)
    }
}

/// A number in the way of UTF-8, up to 36 bits: 9.1.5.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let &first = bytes.first()?;
    let len = match first.leading_ones() {
        0 => return Some((first.into(), 1)),
        len @ 2..=7 => len as usize,
        _ => return None,
    };
    let mut value = u64::from(first) & ((1 << (7 - len)) - 1);
    for &byte in bytes.get(1..len)? {
        if byte & 0xC0 != 0x80 {
            return None;
        }
        value = value << 6 | u64::from(byte & 0x3F);
    }
    Some((value, len))
}

pub(super) fn number_len(value: u64) -> usize {
    match value {
        0..=0x7F => 1,
        0x80..=0x7FF => 2,
        0x800..=0xFFFF => 3,
        0x1_0000..=0x1F_FFFF => 4,
        0x20_0000..=0x3FF_FFFF => 5,
        0x400_0000..=0x7FFF_FFFF => 6,
        _ => 7,
    }
}

pub(super) fn put_number(value: u64, into: &mut Vec<u8>) {
    let len = number_len(value);
    let byte = |shift: usize| u8::try_from(value >> shift & 0x3F).unwrap_or_default();
    if len == 1 {
        into.push(byte(0) | u8::try_from(value & 0x40).unwrap_or_default());
        return;
    }
    let ones = !(0xFF_u8 >> len);
    into.push(ones | u8::try_from(value >> (6 * (len - 1)) & (0x7F >> len)).unwrap_or_default());
    into.extend((0..len - 1).rev().map(|part| 0x80 | byte(6 * part)));
}

/// CRC-8 of a header: polynomial 0x07.
pub(super) fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ byte, |crc, _| if crc & 0x80 != 0 { crc << 1 ^ 0x07 } else { crc << 1 })
    })
}

/// CRC-16 of a frame, continued: polynomial 0x8005.
pub(super) fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    static CRC: HighFirst = HighFirst::new((POLYNOMIAL as u32) << 16);
    let [a, b, ..] = CRC.add(u32::from(crc) << 16, bytes).to_be_bytes();
    u16::from_be_bytes([a, b])
}

const POLYNOMIAL: u16 = 0x8005;

/// A CRC-16 after so many bytes of zeros: multiplied by x^8 for each, modulo the polynomial.
fn moved(mut crc: u16, mut bytes: usize) -> u16 {
    let product = |a: u16, b: u16| {
        (0..16).rev().fold(0_u16, |sum, bit| {
            let doubled = if sum & 0x8000 != 0 { sum << 1 ^ POLYNOMIAL } else { sum << 1 };
            if b >> bit & 1 != 0 { doubled ^ a } else { doubled }
        })
    };
    let mut power = 1 << 8;
    while bytes > 0 {
        if bytes & 1 != 0 {
            crc = product(crc, power);
        }
        power = product(power, power);
        bytes >>= 1;
    }
    crc
}

/// Reads frame after frame. No frame says how long it is: it ends where its CRC fits and the next one begins, or the stream ends.
pub(super) struct Frames {
    range: Range<u64>,
    /// What was read ahead; the current frame is `len` of it, from `start` on.
    buffer: Vec<u8>,
    start: usize,
    /// Offset behind the buffer.
    read: u64,
    len: usize,
    /// The longest that a frame can be.
    max: usize,
    /// The number that the next one must have.
    wanted: Option<u64>,
}

/// Bytes read at a time.
const BLOCK: u64 = 1 << 16;

impl Frames {
    /// The frames that stand in `range`; `max` bytes is the longest that one can be.
    pub(super) fn new(range: Range<u64>, max: usize) -> Self {
        Self { read: range.start, range, buffer: Vec::new(), start: 0, len: 0, max, wanted: None }
    }

    /// Header, offset and bytes of the next frame.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where none begins, or it does not end, or its CRC does not fit.
    pub(super) fn next(&mut self, source: &mut dyn Source) -> Result<Option<(Header, u64, &[u8])>> {
        self.start += std::mem::take(&mut self.len);
        let at = self.read - self.ahead().len() as u64;
        if at == self.range.end {
            return Ok(None);
        }
        self.fill(source, HEADER)?;
        let malformed = |why: &str| Error::malformed(Format::Flac, at, why);
        let header =
            Header::parse(self.ahead()).ok_or_else(|| malformed("no frame begins here, or its header is damaged"))?;
        if self.wanted.is_some_and(|wanted| wanted != header.number) {
            return Err(malformed("the frames are not numbered one after the other"));
        }
        let next = header.next();
        self.wanted = Some(next);
        let (mut checked, mut crc, mut searched) = (0, 0, header.len);
        self.len = loop {
            let Some(sync) = memchr::memchr(0xFF, &self.ahead()[searched..]) else {
                searched = self.ahead().len();
                if self.fill(source, searched + 1)? {
                    continue;
                }
                break searched;
            };
            let end = searched + sync;
            // What follows may stand in the next piece.
            self.fill(source, end + HEADER)?;
            searched = end + 1;
            let another = |found: &Header| found.number == next && found.by_sample == header.by_sample;
            if Header::parse(&self.ahead()[end..]).as_ref().is_some_and(another) {
                crc = crc16(crc, &self.ahead()[checked..end]);
                checked = end;
                if crc == 0 && end >= header.len + 2 {
                    break end;
                }
            }
            if searched > self.max {
                return Err(malformed("the frame does not end"));
            }
        };
        let frame = &self.ahead()[..self.len];
        if self.len < header.len + 2 || crc16(crc, &frame[checked..]) != 0 {
            return Err(malformed("the frame is damaged or cut off, or something that is no sound follows it"));
        }
        Ok(Some((header, at, &self.ahead()[..self.len])))
    }

    /// What was read from the start of the current frame on.
    fn ahead(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Reads on until `len` bytes are there; `false` where the stream ends before.
    fn fill(&mut self, source: &mut dyn Source, len: usize) -> Result<bool> {
        while self.ahead().len() < len && self.read < self.range.end {
            self.buffer.drain(..std::mem::take(&mut self.start));
            let had = self.buffer.len();
            let more = BLOCK.min(self.range.end - self.read);
            self.buffer.resize(had + usize::try_from(more).unwrap_or(0), 0);
            read_into(source, Format::Flac, self.read, &mut self.buffer[had..])?;
            self.read += more;
        }
        Ok(self.ahead().len() >= len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for value in [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x1_0000, 0x3FF_FFFF, 0x7FFF_FFFF, 0xF_FFFF_FFFF] {
            let mut bytes = Vec::new();
            put_number(value, &mut bytes);
            assert_eq!((number(&bytes), number_len(value)), (Some((value, bytes.len())), bytes.len()), "{value:#x}");
        }
        assert_eq!(number(&[0x80]), None);
        assert_eq!(number(&[0xFF, 0x80]), None);
    }

    /// The example of RFC 9639, D.1: a frame of one sample in two channels.
    #[test]
    fn the_frame_of_the_standard_is_read_and_renumbered() {
        let frame = [0xFF, 0xF8, 0x69, 0x18, 0x00, 0x00, 0xBF, 0x03, 0x58, 0xFD, 0x03, 0x12, 0x8B, 0xAA, 0x9A];
        let mut source = std::io::Cursor::new(frame);
        let mut frames = Frames::new(0..15, 100);
        let (header, at, bytes) = frames.next(&mut source).unwrap().unwrap();
        assert_eq!((header.block, header.number, at, bytes.len()), (1, 0, 0, 15));
        let mut made = Vec::new();
        header.renumbered(bytes, 0x1234, &mut made);
        assert_eq!(made.len(), header.renumbered_len(15, 0x1234));
        let again = Header::parse(&made).unwrap();
        assert_eq!((again.number, crc16(0, &made)), (0x1234, 0));
        assert!(frames.next(&mut source).unwrap().is_none());
        let mut damaged = frame;
        damaged[10] ^= 1;
        let error = Frames::new(0..15, 100).next(&mut std::io::Cursor::new(damaged)).map(drop).unwrap_err();
        assert!(matches!(error, Error::Malformed { at: 0, .. }));
    }
}
