//! Bits of entropy-coded data: ISO/IEC 10918-1, F.1.2.3 and F.2.2.5.

use super::window::unstuffed;

/// Zero bytes behind the data that a [`Bits`] reads, so that eight bytes can be taken at once up to its end.
pub(super) const PADDING: usize = 8;

/// Reads bits, the most significant first, of data without byte stuffing that is followed by [`PADDING`].
///
/// Past the end there are zeros: whoever reads looks at [`overrun`](Self::overrun) before the result counts.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    data: &'a [u8],
    /// The next byte to be taken.
    at: usize,
    /// The next bits, left-aligned: `count` of them are taken, and what follows those is right or zero.
    bits: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// `data` from the bit `at` on.
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        let mut new = Self { data, at: at / 8, bits: 0, count: 0 };
        new.refill();
        new.consume((at % 8) as u32);
        new
    }

    /// Bits read so far, those before the start counted.
    pub(super) fn position(&self) -> usize {
        (self.at * 8).saturating_sub(self.count as usize)
    }

    /// Whether more was read than the data holds.
    #[inline]
    pub(super) fn overrun(&self) -> bool {
        self.position() > self.data.len().saturating_sub(PADDING) * 8
    }

    /// The bits from `from` to the next one, in pieces of up to 32.
    pub(super) fn since(&self, from: usize, mut put: impl FnMut(u32, u32)) {
        let mut bits = Self::new(self.data, from);
        let mut left = self.position().saturating_sub(from);
        while left > 0 {
            let len = left.min(32) as u32;
            bits.refill();
            put((bits.peek() >> (64 - len)) as u32, len);
            bits.consume(len);
            left -= len as usize;
        }
    }

    /// Makes at least 56 bits ready.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let word = match self.data.get(self.at..).and_then(|rest| rest.first_chunk::<8>()) {
            Some(&bytes) => u64::from_be_bytes(bytes),
            None => 0,
        };
        self.bits |= word >> self.count;
        self.at += (63 - self.count as usize) / 8;
        self.count |= 56;
    }

    /// The next bits, left-aligned; as many are from the data as are ready.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.bits
    }

    /// Drops `len` bits, of those that are ready.
    #[inline(always)]
    pub(super) fn consume(&mut self, len: u32) {
        debug_assert!(len <= self.count);
        self.bits <<= len;
        self.count = self.count.wrapping_sub(len) & 63;
    }

    /// The next `len` bits, at most 16 and ready, as a number.
    #[inline(always)]
    pub(super) fn take(&mut self, len: u32) -> u32 {
        // In two steps, because `len` may be 0.
        let value = ((self.bits >> 1) >> (63 - len)) as u32;
        self.consume(len);
        value
    }

    /// A number of `len` bits, at most 16 and ready, in the signed form of F.2.2.1 (EXTEND).
    #[inline(always)]
    pub(super) fn signed(&mut self, len: u32) -> i32 {
        let value = self.take(len) as i32;
        // Numbers whose first bit is 0 are negative; without a branch, because nothing foretells it.
        let negative = (value >> len.saturating_sub(1)) - 1;
        value + (negative & (1 - (1 << len)))
    }
}

/// Takes bits.
pub(super) trait Put {
    /// The low `len` bits of `value`, at most 32; the others are 0.
    fn put(&mut self, value: u32, len: u32);
}

/// Writes bits, the most significant first, with byte stuffing and RST markers.
#[derive(Default)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    /// The bits not yet written, right-aligned; fewer than 32.
    bits: u64,
    count: u32,
}

/// Where a [`BitWriter`] stood.
#[derive(Clone, Copy, Default)]
pub(super) struct Mark {
    len: usize,
    bits: u64,
    count: u32,
}

impl Put for BitWriter {
    #[inline(always)]
    fn put(&mut self, value: u32, len: u32) {
        debug_assert!(u64::from(value) < 1 << len);
        self.bits = self.bits << len | u64::from(value);
        self.count += len;
        if self.count >= 32 {
            self.count -= 32;
            self.word((self.bits >> self.count) as u32);
        }
    }
}

impl BitWriter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), ..Self::default() }
    }

    #[inline(always)]
    fn word(&mut self, word: u32) {
        // No byte of the inverse is zero.
        let inverse = !word;
        if inverse.wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
            self.out.extend_from_slice(&word.to_be_bytes());
        } else {
            word.to_be_bytes().into_iter().for_each(|byte| self.byte(byte));
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }

    /// Bits written of the byte that is not full yet.
    pub(super) fn phase(&self) -> u32 {
        self.count % 8
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { len: self.out.len(), bits: self.bits, count: self.count }
    }

    /// Forgets what was written after `mark`.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.out.truncate(mark.len);
        (self.bits, self.count) = (mark.bits, mark.count);
    }

    /// Writes something else in the place of what stands between two marks; what follows moves bit by bit. No restart marker
    /// may stand behind `from`.
    pub(super) fn rewrite(&mut self, from: Mark, to: Mark, write: impl FnOnce(&mut Self)) {
        let behind = unstuffed(self.out.get(to.len..).unwrap_or_default());
        let (last, count) = ((self.bits & ((1 << self.count) - 1)) as u32, self.count);
        self.back_to(from);
        write(self);
        let (mut bits, mut left) = (Bits::new(&behind, to.count as usize), (behind.len() - PADDING) * 8);
        left = left.saturating_sub(to.count as usize);
        // Where no byte was written since the second mark, all stands among the last bits.
        let (last, count) = match behind.len() {
            PADDING => (last & ((1 << (count - to.count)) - 1), count - to.count),
            _ => (last, count),
        };
        while left > 0 {
            let len = left.min(32) as u32;
            bits.refill();
            self.put((bits.peek() >> (64 - len)) as u32, len);
            bits.consume(len);
            left -= len as usize;
        }
        self.put(last, count);
    }

    /// Fills the last byte with ones (F.1.2.3).
    fn align(&mut self) {
        let rest = (8 - self.phase()) % 8;
        self.put((1 << rest) - 1, rest);
        while self.count > 0 {
            self.count -= 8;
            self.byte((self.bits >> self.count) as u8);
        }
        self.bits = 0;
    }

    pub(super) fn restart(&mut self, number: u8) {
        self.align();
        self.out.extend_from_slice(&[0xFF, 0xD0 | number]);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut state = 1_u32;
        let numbers: Vec<(u32, u32)> = (0..5000)
            .map(|index| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let len = state >> 20 & 15;
                // Runs of ones, so that bytes are stuffed.
                let ones = if index % 3 == 0 { u32::MAX } else { state };
                (ones & ((1 << len) - 1), len)
            })
            .collect();
        let mut writer = BitWriter::default();
        numbers.iter().for_each(|&(value, len)| writer.put(value, len));
        let mark = writer.mark();
        writer.put(5, 32);
        writer.back_to(mark);
        let written = writer.finish();
        assert!(written.windows(2).any(|pair| pair == [0xFF, 0]));
        let data = unstuffed(&written);
        let mut bits = Bits::new(&data, 0);
        for (value, len) in numbers {
            bits.refill();
            assert_eq!(bits.take(len), value);
        }
        assert!(!bits.overrun());
        bits.refill();
        bits.consume(16);
        assert!(bits.overrun());
    }

    #[test]
    fn what_follows_other_bits_moves() {
        let mut state = 7_u32;
        let numbers: Vec<(u32, u32)> = (0..300)
            .map(|index| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let len = state >> 27;
                let ones = if index % 5 == 0 { u32::MAX } else { state };
                (ones & ((1 << len) - 1), len)
            })
            .collect();
        let put = |out: &mut BitWriter, from: usize, to: usize| {
            numbers[from..to].iter().for_each(|&(value, len)| out.put(value, len));
        };
        for (start, behind) in (0..40).flat_map(|start| [(start, 0), (start, 1), (start, 2), (start, 200)]) {
            let mut writer = BitWriter::default();
            put(&mut writer, 0, start);
            let from = writer.mark();
            put(&mut writer, start, start + 5);
            let to = writer.mark();
            put(&mut writer, 60, 60 + behind);
            writer.rewrite(from, to, |out| put(out, start + 3, start + 9));
            let mut other = BitWriter::default();
            put(&mut other, 0, start);
            put(&mut other, start + 3, start + 9);
            put(&mut other, 60, 60 + behind);
            assert_eq!(writer.finish(), other.finish(), "{start} {behind}");
        }
    }

    #[test]
    fn signed_numbers() {
        let data = [0b0001_1011, 0b0100_0000, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut bits = Bits::new(&data, 0);
        assert_eq!([2, 2, 2, 2].map(|len| bits.signed(len)), [-3, -2, 2, 3]);
        assert_eq!([0, 1, 1].map(|len| bits.signed(len)), [0, -1, 1]);
    }
}
