//! Huffman tables: ISO/IEC 10918-1, Annexes C, F.2.2.3 and K.2.

use super::{bits::Bits, scan::Fault};

/// Bits that one look-up resolves.
const LOOKUP: u32 = 9;

/// A table as DHT states it: the number of codes of each length from 1 to 16, and the symbols in order of their codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) counts: [u8; 16],
    pub(super) symbols: Vec<u8>,
}

impl Table {
    /// The same table with codes for `missing` too; codes that are there stay as they are. `None` when there is no room.
    pub(super) fn extended(&self, missing: &[u8]) -> Option<Self> {
        let longest = (1..=16).rev().find(|&len| self.counts[len - 1] > 0)?;
        // Code space that is left, in codes of 16 bits.
        let used: u32 = (0_u32..).zip(&self.counts).map(|(index, &count)| u32::from(count) << (15 - index)).sum();
        let left = 0x10000_u32.checked_sub(used)?;
        // The shortest codes behind the existing ones that leave the one of all ones free.
        let len = (longest..=16).find(|&len| left >> (16 - len) > missing.len() as u32)?;
        let mut counts = self.counts;
        counts[len - 1] = counts[len - 1].checked_add(u8::try_from(missing.len()).ok()?)?;
        let symbols = [&self.symbols[..], missing].concat();
        (symbols.len() <= 256).then_some(Self { counts, symbols })
    }
}

/// The tables of a DHT payload: class (0 DC, 1 AC), destination, table. `None` when it is malformed.
pub(super) fn parse(mut payload: &[u8]) -> Option<Vec<(usize, usize, Table)>> {
    let mut tables = Vec::new();
    while let Some((&[place, ref counts @ ..], rest)) = payload.split_first_chunk::<17>() {
        let total: usize = counts.iter().copied().map(usize::from).sum();
        let (class, destination) = (usize::from(place >> 4), usize::from(place & 15));
        if class > 1 || destination > 3 || total > 256 {
            return None;
        }
        let (symbols, rest) = rest.split_at_checked(total)?;
        tables.push((class, destination, Table { counts: *counts, symbols: symbols.to_vec() }));
        payload = rest;
    }
    payload.is_empty().then_some(tables)
}

/// A table made ready for decoding.
#[derive(Clone)]
pub(super) struct Decoder {
    /// By the next 9 bits: length of the code × 256 + symbol; 0 when the code is longer.
    lookup: Box<[u16; 1 << LOOKUP]>,
    /// By length: one more than the largest code of that length, left-aligned in 16 bits; and what to add to a code for
    /// its place among the symbols.
    limits: [(u32, i32); 17],
    symbols: Vec<u8>,
}

impl Decoder {
    /// `None` when the codes do not fit into their lengths.
    pub(super) fn new(table: &Table) -> Option<Self> {
        let mut lookup = Box::new([0; 1 << LOOKUP]);
        let mut limits = [(0, 0); 17];
        let (mut code, mut index) = (0_u32, 0_usize);
        for (len, &count) in (1_u32..).zip(&table.counts) {
            let offset = index as i32 - code as i32;
            for _ in 0..count {
                if len <= LOOKUP {
                    let first = (code << (LOOKUP - len)) as usize;
                    let entry = (len as u16) << 8 | u16::from(*table.symbols.get(index)?);
                    lookup.get_mut(first..first + (1 << (LOOKUP - len)))?.fill(entry);
                }
                code += 1;
                index += 1;
            }
            if code > 1 << len {
                return None;
            }
            limits[len as usize] = (code << (16 - len), offset);
            code <<= 1;
        }
        Some(Self { lookup, limits, symbols: table.symbols.clone() })
    }

    /// The next symbol; 16 bits are ready.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut Bits) -> Result<u8, Fault> {
        let entry = self.lookup[(bits.peek() >> (64 - LOOKUP)) as usize];
        if entry != 0 {
            bits.consume(u32::from(entry >> 8));
            return Ok(entry as u8);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits) -> Result<u8, Fault> {
        let next = (bits.peek() >> 48) as u32;
        for len in LOOKUP + 1..=16 {
            let (limit, offset) = self.limits[len as usize];
            if next < limit {
                bits.consume(len);
                let index = (next >> (16 - len)) as i32 + offset;
                let symbol = usize::try_from(index).ok().and_then(|index| self.symbols.get(index));
                return symbol.copied().ok_or(Fault::CODE);
            }
        }
        Err(Fault::CODE)
    }

    /// The next difference of DC values (F.2.2.1); 31 bits are ready.
    #[inline(always)]
    pub(super) fn difference(&self, bits: &mut Bits) -> Result<i32, Fault> {
        match self.symbol(bits)? {
            len @ 0..16 => Ok(bits.signed(len.into())),
            _ => Err(Fault::RANGE),
        }
    }
}

/// A table made ready for encoding: code and length by symbol; length 0 where there is none.
pub(super) struct Encoder {
    codes: Vec<(u16, u8)>,
}

impl Encoder {
    pub(super) fn new(table: &Table) -> Self {
        let mut codes = vec![(0, 0); 256];
        let (mut code, mut symbols) = (0_u32, table.symbols.iter());
        for (len, &count) in (1_u8..).zip(&table.counts) {
            for &symbol in symbols.by_ref().take(count.into()) {
                codes[usize::from(symbol)] = (code as u16, len);
                code += 1;
            }
            code <<= 1;
        }
        Self { codes }
    }

    /// Code and length of a symbol; length 0 when it has none.
    #[inline(always)]
    pub(super) fn code(&self, symbol: u8) -> (u32, u32) {
        let (code, len) = self.codes[usize::from(symbol)];
        (code.into(), len.into())
    }
}

/// The best table for symbols that occur so often: K.2, with one code point reserved so that no code is all ones.
pub(super) fn optimal(frequencies: &[u32; 256]) -> Table {
    let lengths = code_lengths(frequencies);
    // K.3: as many codes of each length; those over 16 are shortened in pairs.
    let mut counts = [0_u32; 258];
    for &len in lengths.iter().filter(|&&len| len > 0) {
        counts[len] += 1;
    }
    for len in (17..counts.len()).rev() {
        while counts[len] > 0 {
            let shorter = (1..len - 1).rev().find(|&shorter| counts[shorter] > 0).unwrap_or(1);
            counts[len] -= 2;
            counts[len - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
    // The reserved code point is one of the longest.
    if let Some(longest) = (1..=16).rev().find(|&len| counts[len] > 0) {
        counts[longest] -= 1;
    }
    let mut symbols: Vec<u8> = (0..=255).filter(|&symbol| lengths[usize::from(symbol)] > 0).collect();
    symbols.sort_by_key(|&symbol| lengths[usize::from(symbol)]);
    // At most 256 codes in all.
    Table { counts: std::array::from_fn(|index| counts[index + 1] as u8), symbols }
}

/// Lengths of Huffman codes for 256 symbols and the reserved one, before any limit (figure K.1).
fn code_lengths(frequencies: &[u32; 256]) -> [usize; 257] {
    let mut weights = [0_u64; 257];
    for (weight, &frequency) in weights.iter_mut().zip(frequencies) {
        *weight = frequency.into();
    }
    weights[256] = 1;
    let mut lengths = [0; 257];
    let mut next = [usize::MAX; 257];
    loop {
        let least = |except: usize| {
            let used = (0..257).filter(|&index| weights[index] > 0 && index != except);
            // Of equal weights the highest index, so that the reserved one gets the longest code.
            used.rev().min_by_key(|&index| weights[index])
        };
        let Some(first) = least(usize::MAX) else { return lengths };
        let Some(second) = least(first) else { return lengths };
        weights[first] += weights[second];
        weights[second] = 0;
        let mut last = first;
        for start in [first, second] {
            let mut index = start;
            while index != usize::MAX {
                lengths[index] += 1;
                if start == first {
                    last = index;
                }
                index = next[index];
            }
        }
        next[last] = second;
    }
}

/// The DHT segment for these tables.
pub(super) fn segment(tables: &[(usize, usize, Table)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (class, destination, table) in tables {
        body.push((class << 4 | destination) as u8);
        body.extend_from_slice(&table.counts);
        body.extend_from_slice(&table.symbols);
    }
    // At most 8 tables of 17 + 256 bytes.
    let len = (body.len() + 2) as u16;
    [&[0xFF, super::markers::DHT][..], &len.to_be_bytes(), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::jpeg::{
        bits::{BitWriter, Put},
        window::unstuffed,
    };

    #[test]
    fn optimal_tables_code_every_symbol_in_16_bits() {
        // Fibonacci weights ask for codes of 40 bits.
        let mut skewed = [0_u32; 256];
        let (mut a, mut b) = (1, 1);
        for weight in skewed.iter_mut().take(40) {
            *weight = a;
            (a, b) = (b, a + b);
        }
        let even = std::array::from_fn(|_| 7);
        let mut single = [0; 256];
        single[5] = 3;
        for frequencies in [skewed, even, single] {
            let table = optimal(&frequencies);
            let encoder = Encoder::new(&table);
            let decoder = Decoder::new(&table).unwrap();
            let used: Vec<u8> = (0..=255).filter(|&symbol| frequencies[usize::from(symbol)] > 0).collect();
            let mut writer = BitWriter::default();
            for &symbol in &used {
                let (code, len) = encoder.code(symbol);
                assert!((1..=16).contains(&len));
                assert_ne!(code, (1 << len) - 1, "all ones");
                writer.put(code, len);
            }
            let data = writer.finish();
            let data = unstuffed(&data);
            let mut bits = Bits::new(&data, 0);
            assert!(used.iter().all(|&symbol| {
                bits.refill();
                decoder.symbol(&mut bits) == Ok(symbol)
            }));
        }
    }

    #[test]
    fn impossible_tables_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Decoder::new(&Table { counts, symbols: vec![1, 2, 3] }).is_none());
        assert_eq!(parse(&[0; 16]), None);
        assert_eq!(parse(&[[&[0x20][..], &[0; 16]].concat()].concat()), None);
    }
}
