//! Where a new piece of a deflate stream meets old ones: bits, and blocks that say nothing but fill up.

use super::inflate::{Block, Coding, Cut};

/// Bits in the order of deflate (RFC 1951, 3.1.1).
#[derive(Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    open: u64,
    count: u32,
}

impl Bits {
    /// Starts with the lowest `count` bits of a byte that is cut there.
    pub(super) fn within(byte: u8, count: u32) -> Self {
        let mut bits = Self::default();
        bits.push(byte.into(), count);
        bits
    }

    /// Appends the lowest `count` bits of `value`, at most 32.
    pub(super) fn push(&mut self, value: u64, count: u32) {
        self.open |= (value & ((1 << count) - 1)) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.open as u8);
            self.open >>= 8;
            self.count -= 8;
        }
    }

    /// Appends whole bytes. Only after [`Self::align`] or where the bits fill bytes.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        debug_assert_eq!(self.count, 0);
        self.bytes.extend_from_slice(bytes);
    }

    /// Ends the open byte by an empty stored block.
    pub(super) fn align(&mut self) {
        if self.count > 0 {
            self.push(0, 3);
            self.push(0, (8 - self.count) % 8);
            self.extend(&[0, 0, 0xff, 0xff]);
        }
    }

    /// Adds empty blocks until `phase` bits of the last byte are used: so old bits that follow need not be shifted.
    pub(super) fn fill_to(&mut self, phase: u32) {
        let mut missing = (phase + 8 - self.count) % 8;
        if missing % 2 == 1 {
            self.push_odd_block();
            missing = (missing + 1) % 8;
        }
        // Fixed codes, and nothing but the end of the block: 10 bits.
        (0..missing / 2).for_each(|_| self.push(0b010, 10));
    }

    /// An empty block of 95 bits: its own codes, complete ones, for the symbols 255 and 256 and for the distances 1 and 2.
    fn push_odd_block(&mut self) {
        self.push(0b100, 3);
        // 257 literals and lengths, 2 distances, 19 lengths of the code of lengths.
        self.push(0, 5);
        self.push(1, 5);
        self.push(15, 4);
        // One bit for "zeros" (18) and one for "length 1" (1), which stand third and last but one (3.2.7).
        (0..19).for_each(|i| self.push(u64::from(i == 2 || i == 17), 3));
        // 138 and 117 zeros, then four lengths of 1.
        self.push(127 << 1 | 1, 8);
        self.push(106 << 1 | 1, 8);
        self.push(0, 4);
        self.push(1, 1);
    }

    /// Ends the block that was cut at `cut`; the place must not lie in a stored one.
    pub(super) fn end_block(&mut self, cut: &Cut) {
        if let Some(Coding::Huffman { end: (code, len), .. }) = cut.block.as_deref().map(|block| &block.coding) {
            self.push((*code).into(), *len);
        }
    }

    /// Starts the block again that was cut at `cut`, so that what follows there can be copied: repeats its header, and
    /// what of the byte at the place belongs behind it (`byte`).
    pub(super) fn resume(&mut self, cut: &Cut, byte: u8) {
        let phase = (cut.bit % 8) as u32;
        match cut.block.as_deref() {
            None => self.fill_to(phase),
            Some(Block { coding: Coding::Stored, last, .. }) => {
                self.push((*last).into(), 3);
                self.push(0, (8 - self.count) % 8);
                self.extend(&cut.stored.to_le_bytes());
                self.extend(&(!cut.stored).to_le_bytes());
            }
            Some(Block { coding: Coding::Huffman { header, bits, .. }, head, .. }) => {
                self.fill_to(((cut.bit - bits) % 8) as u32);
                let first = head % 8;
                for at in first..first + bits {
                    self.push(u64::from(header[(at / 8) as usize] >> (at % 8)), 1);
                }
            }
        }
        if phase > 0 {
            self.push(u64::from(byte >> phase), 8 - phase);
        }
    }

    /// Whole bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// The bytes; none may be open.
    pub(super) fn finish(self) -> Vec<u8> {
        debug_assert_eq!(self.count, 0);
        self.bytes
    }
}

/// The Adler-32 of data of which a part is replaced: `sum` of the whole, `old` and `new` of the part, each from 1, and
/// how many bytes follow it. Where lengths differ, nothing may stand before the part.
pub(super) fn adler_with(sum: u32, old: u32, new: u32, behind: u64) -> u32 {
    const BASE: u64 = 65521;
    let halves = |sum: u32| (u64::from(sum & 0xffff), u64::from(sum >> 16));
    let ((a, b), (old_a, old_b), (new_a, new_b)) = (halves(sum), halves(old), halves(new));
    let step = new_a + BASE - old_a;
    let a = (a + step) % BASE;
    let b = (b + new_b + BASE - old_b + behind % BASE * (step % BASE)) % BASE;
    (b << 16 | a) as u32
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn every_phase_is_reached_from_every_phase() {
        for (from, to) in (0..8).flat_map(|from| (0..8).map(move |to| (from, to))) {
            let mut bits = Bits::default();
            // Blocks that leave `from` bits open.
            bits.fill_to(from);
            assert_eq!(bits.count, from);
            bits.fill_to(to);
            assert_eq!(bits.count, to);
            // The last block: fixed codes, an "A" (code 0x71, most significant bit first), the end.
            bits.push(0b011, 3);
            bits.push(0x71u64.reverse_bits() >> 56, 8);
            bits.push(0, 7);
            bits.push(0, (8 - bits.count) % 8);
            let mut inflated = Vec::new();
            flate2::read::DeflateDecoder::new(&bits.finish()[..]).read_to_end(&mut inflated).unwrap();
            assert_eq!(inflated, b"A", "{from} to {to}");
        }
    }

    #[test]
    fn adler_follows_a_replaced_part() {
        let sum = |parts: &[&[u8]]| zlib_rs::adler32::adler32(1, &parts.concat());
        let (head, tail, old, new) = ([200; 7000], [255; 90_000], [3; 5000], [250; 5000]);
        assert_eq!(
            adler_with(sum(&[&head, &old, &tail]), sum(&[&old]), sum(&[&new]), 90_000),
            sum(&[&head, &new, &tail])
        );
        let longer = [9; 70_000];
        assert_eq!(adler_with(sum(&[&old, &tail]), sum(&[&old]), sum(&[&longer]), 90_000), sum(&[&longer, &tail]));
        assert_eq!(adler_with(sum(&[&tail]), 1, sum(&[&longer]), 90_000), sum(&[&longer, &tail]));
    }
}
