//! Cyclic checksums, eight bytes at a time: for each of eight places, a table of what a byte there adds to the sum.

/// Sums of up to 32 bits, the highest bit of a byte first; those of fewer bits stand at the top.
pub(crate) struct HighFirst([[u32; 256]; 8]);

impl HighFirst {
    /// `polynomial` stands at the top, without its highest power.
    pub(crate) const fn new(polynomial: u32) -> Self {
        let mut tables = [[0; 256]; 8];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = (byte as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc >> 31 != 0 { crc << 1 ^ polynomial } else { crc << 1 };
                bit += 1;
            }
            tables[0][byte] = crc;
            byte += 1;
        }
        let mut place = 1;
        while place < 8 {
            let mut byte = 0;
            while byte < 256 {
                let before = tables[place - 1][byte];
                tables[place][byte] = before << 8 ^ tables[0][(before >> 24) as usize];
                byte += 1;
            }
            place += 1;
        }
        Self(tables)
    }

    /// The sum continued over `bytes`.
    pub(crate) fn add(&self, mut crc: u32, bytes: &[u8]) -> u32 {
        let (words, rest) = bytes.as_chunks::<8>();
        let at = |place: usize, byte: u8| self.0[place][usize::from(byte)];
        for &[a, b, c, d, e, f, g, h] in words {
            let [i, j, k, l] = (crc ^ u32::from_be_bytes([a, b, c, d])).to_be_bytes();
            crc = at(7, i) ^ at(6, j) ^ at(5, k) ^ at(4, l) ^ at(3, e) ^ at(2, f) ^ at(1, g) ^ at(0, h);
        }
        rest.iter().fold(crc, |crc, &byte| crc << 8 ^ at(0, crc.to_be_bytes()[0] ^ byte))
    }
}

/// Sums of up to 32 bits, the lowest bit of a byte first.
pub(crate) struct LowFirst([[u32; 256]; 8]);

impl LowFirst {
    /// `polynomial` is turned round, without its highest power.
    pub(crate) const fn new(polynomial: u32) -> Self {
        let mut tables = [[0; 256]; 8];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 != 0 { crc >> 1 ^ polynomial } else { crc >> 1 };
                bit += 1;
            }
            tables[0][byte] = crc;
            byte += 1;
        }
        let mut place = 1;
        while place < 8 {
            let mut byte = 0;
            while byte < 256 {
                let before = tables[place - 1][byte];
                tables[place][byte] = before >> 8 ^ tables[0][(before & 0xFF) as usize];
                byte += 1;
            }
            place += 1;
        }
        Self(tables)
    }

    /// The sum continued over `bytes`.
    pub(crate) fn add(&self, mut crc: u32, bytes: &[u8]) -> u32 {
        let (words, rest) = bytes.as_chunks::<8>();
        let at = |place: usize, byte: u8| self.0[place][usize::from(byte)];
        for &[a, b, c, d, e, f, g, h] in words {
            let [i, j, k, l] = (crc ^ u32::from_le_bytes([a, b, c, d])).to_le_bytes();
            crc = at(7, i) ^ at(6, j) ^ at(5, k) ^ at(4, l) ^ at(3, e) ^ at(2, f) ^ at(1, g) ^ at(0, h);
        }
        rest.iter().fold(crc, |crc, &byte| crc >> 8 ^ at(0, crc.to_le_bytes()[0] ^ byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of "123456789" in the catalogue of parametrised CRC algorithms: UMTS, ARC, and CKSUM without its final step.
    #[test]
    fn the_sums_are_those_of_the_catalogue_wherever_they_are_cut() {
        let bytes = b"123456789";
        let (umts, arc, ogg) = (HighFirst::new(0x8005_0000), LowFirst::new(0xA001), HighFirst::new(0x04C1_1DB7));
        for cut in 0..=9 {
            let (start, end) = bytes.split_at(cut);
            assert_eq!(umts.add(umts.add(0, start), end) >> 16, 0xFEE8, "{cut}");
            assert_eq!(arc.add(arc.add(0, start), end), 0xBB3D, "{cut}");
            assert_eq!(ogg.add(ogg.add(0, start), end), 0x89A1_897F, "{cut}");
        }
    }
}
