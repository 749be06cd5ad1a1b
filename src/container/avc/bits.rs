//! Bits of a NAL unit: ISO/IEC 14496-10, 7.2 and 9.1.

/// The payload of a NAL unit without its header and without the bytes that keep start codes out of it: 7.4.1.
pub(super) fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal.get(1..).unwrap_or_default() {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

/// A NAL unit of this header and payload.
pub(super) fn escaped(header: u8, payload: &[u8]) -> Vec<u8> {
    let mut nal = Vec::with_capacity(payload.len() + payload.len() / 64 + 4);
    nal.push(header);
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        nal.push(byte);
    }
    nal
}

/// Reads bits, from the most significant one of each byte on; `None` past the end.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The bit that ends the payload.
    end: usize,
}

impl<'a> Reader<'a> {
    /// Over a payload, up to the bit that ends it: 7.3.2.11.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let last = bytes.iter().rposition(|&byte| byte != 0);
        let end = last.map_or(0, |last| last * 8 + 7 - bytes[last].trailing_zeros() as usize);
        Self { bytes, at: 0, end }
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        if self.at >= self.end {
            return None;
        }
        let bit = self.bytes.get(self.at / 8)? << (self.at % 8) & 0x80 != 0;
        self.at += 1;
        Some(bit)
    }

    /// `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u32::from(self.bit()?)))
    }

    /// Exp-Golomb: 9.1.
    pub(super) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        ((1_u32 << zeros) - 1).checked_add(self.bits(zeros)?)
    }

    /// Exp-Golomb with a sign: 9.1.1.
    pub(super) fn se(&mut self) -> Option<i32> {
        let code = i64::from(self.ue()?);
        i32::try_from(if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) }).ok()
    }

    /// Goes to the next whole byte over bits that must not be set, and takes `count` bytes.
    pub(super) fn aligned(&mut self, count: usize) -> Option<&'a [u8]> {
        while !self.at.is_multiple_of(8) {
            if self.bit()? {
                return None;
            }
        }
        let start = self.at / 8;
        let bytes = self.bytes.get(start..start.checked_add(count)?)?;
        self.at += count * 8;
        // The bytes end before the bit that ends the payload.
        (self.at <= self.end).then_some(bytes)
    }

    /// Whether everything was read.
    pub(super) fn is_done(&self) -> bool {
        self.at == self.end
    }
}

/// Writes bits.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    /// Bits written.
    len: usize,
}

impl Writer {
    pub(super) fn bit(&mut self, bit: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let (true, Some(last)) = (bit, self.bytes.last_mut()) {
            *last |= 0x80 >> (self.len % 8);
        }
        self.len += 1;
    }

    /// The low `count` bits of `value`, at most 32.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        (0..count).rev().for_each(|at| self.bit(value >> at & 1 == 1));
    }

    pub(super) fn ue(&mut self, value: u32) {
        let code = u64::from(value) + 1;
        let len = code.ilog2();
        self.bits(0, len);
        (0..=len).rev().for_each(|at| self.bit(code >> at & 1 == 1));
    }

    pub(super) fn se(&mut self, value: i32) {
        let code = if value > 0 { 2 * value.unsigned_abs() - 1 } else { 2 * value.unsigned_abs() };
        self.ue(code);
    }

    /// Zeros up to a whole byte, then the bytes.
    pub(super) fn aligned(&mut self, bytes: &[u8]) {
        while !self.len.is_multiple_of(8) {
            self.bit(false);
        }
        self.bytes.extend_from_slice(bytes);
        self.len += bytes.len() * 8;
    }

    /// The payload, with the bit that ends it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bit(true);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_behind_it() {
        let mut writer = Writer::default();
        let numbers = [0, 1, 2, 7, 255, 65_535, 0x7FFF_FFFE];
        numbers.iter().for_each(|&number| writer.ue(number));
        [0, 1, -1, 2, -2, 1000].iter().for_each(|&number| writer.se(number));
        writer.aligned(&[0, 0, 1, 0, 0, 0]);
        writer.bits(5, 3);
        let payload = writer.finish();
        let nal = escaped(0x65, &payload);
        assert!(!nal.windows(3).any(|three| three[0] == 0 && three[1] == 0 && three[2] < 3));
        assert_eq!(unescaped(&nal), payload);
        let mut reader = Reader::new(&payload);
        assert!(numbers.iter().all(|&number| reader.ue() == Some(number)));
        assert!([0, 1, -1, 2, -2, 1000].iter().all(|&number| reader.se() == Some(number)));
        assert_eq!(reader.aligned(6), Some(&[0, 0, 1, 0, 0, 0][..]));
        assert_eq!((reader.bits(3), reader.is_done(), reader.bit(), reader.ue()), (Some(5), true, None, None));
        for broken in [&[][..], &[0], &[0, 0, 0, 0, 1], &[0x80]] {
            let mut reader = Reader::new(broken);
            assert!(reader.ue().is_none() && reader.aligned(1).is_none());
        }
    }
}
