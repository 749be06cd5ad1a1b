//! Bits of entropy-coded data, with byte stuffing and RST markers: ISO/IEC 10918-1, F.1.2.3 and F.2.2.5.

use super::scan::Fault;

/// Reads bits, the most significant first.
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, left-aligned; below `count` bits there are zeros.
    bits: u64,
    count: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, bits: 0, count: 0 }
    }

    /// Bytes taken from the data so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// The next 64 bits; at least 32 of them are from the data, unless that ends before.
    #[inline]
    pub(super) fn peek(&mut self) -> u64 {
        if self.count < 32 {
            self.refill();
        }
        self.bits
    }

    /// Drops `len` bits, at most 32, of those that were peeked at.
    #[inline]
    pub(super) fn consume(&mut self, len: u32) -> Result<(), Fault> {
        if len > self.count {
            return Err(Fault::ENDS);
        }
        self.bits <<= len;
        self.count -= len;
        Ok(())
    }

    /// The next `len` bits, at most 16, as a number.
    #[inline]
    pub(super) fn bits(&mut self, len: u32) -> Result<u32, Fault> {
        if len == 0 {
            return Ok(0);
        }
        let value = (self.peek() >> (64 - len)) as u32;
        self.consume(len)?;
        Ok(value)
    }

    /// A number of `len` bits, at most 16, in the signed form of F.2.2.1 (EXTEND).
    #[inline]
    pub(super) fn signed(&mut self, len: u32) -> Result<i32, Fault> {
        if len == 0 {
            return Ok(0);
        }
        let value = self.bits(len)? as i32;
        Ok(if value < 1 << (len - 1) { value - (1 << len) + 1 } else { value })
    }

    fn refill(&mut self) {
        // Four bytes at once where none of them is FF.
        if let Some(&[a, b, c, d]) = self.data.get(self.at..self.at + 4)
            && ![a, b, c, d].contains(&0xFF)
        {
            self.bits |= (u64::from(u32::from_be_bytes([a, b, c, d])) << 32) >> self.count;
            self.count += 32;
            self.at += 4;
            return;
        }
        while self.count <= 56 {
            let byte = match (self.data.get(self.at), self.data.get(self.at + 1)) {
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                // A marker, or the end: no more bits of this interval.
                (Some(0xFF), _) | (None, _) => return,
                (Some(&byte), _) => {
                    self.at += 1;
                    byte
                }
            };
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// Drops what is left of the interval and passes over the marker RST`number`.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), Fault> {
        (self.bits, self.count) = (0, 0);
        loop {
            let rest = self.data.get(self.at..).unwrap_or_default();
            let found = memchr::memchr(0xFF, rest).ok_or(Fault::ENDS)?;
            self.at += found + 1;
            match self.data.get(self.at) {
                Some(0) => self.at += 1,
                Some(0xFF) => {}
                Some(&code) if code == 0xD0 | number => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => return Err(Fault("an RST marker is out of sequence")),
                None => return Err(Fault::ENDS),
            }
        }
    }
}

/// Writes bits, the most significant first.
#[derive(Default)]
pub(super) struct BitWriter {
    out: Vec<u8>,
    /// The bits not yet written, right-aligned.
    bits: u64,
    count: u32,
}

impl BitWriter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Writes the low `len` bits of `value`, at most 16.
    #[inline]
    pub(super) fn put(&mut self, value: u32, len: u32) {
        let value = u64::from(value) & ((1 << len) - 1);
        self.bits = self.bits << len | value;
        self.count += len;
        if self.count >= 32 {
            self.count -= 32;
            let word = (self.bits >> self.count) as u32;
            self.bytes(word.to_be_bytes());
        }
    }

    fn bytes(&mut self, bytes: [u8; 4]) {
        if !bytes.contains(&0xFF) {
            self.out.extend_from_slice(&bytes);
            return;
        }
        for byte in bytes {
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.out.push(byte);
        if byte == 0xFF {
            self.out.push(0);
        }
    }

    /// Fills the last byte with ones (F.1.2.3).
    fn align(&mut self) {
        if !self.count.is_multiple_of(8) {
            self.put(0x7F, 8 - self.count % 8);
        }
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
