//! From coefficients to entropy-coded data: ISO/IEC 10918-1, F.1.2 (sequential) and G.1.2 and G.1.3 (progressive).
//!
//! A scan becomes a list of symbols first; then its tables are known, and the list is written.

use super::{
    bits::{BitWriter, Put},
    huffman::{self, Encoder, Table},
    picture::{Block, Picture},
    reading::Codes,
    scan::{Fault, Mcu, Route, Scan},
};

/// Most correction bits that are held back (G.1.2.3); libjpeg's bound.
const MAX_CORRECTIONS: usize = 937;

/// A scan written anew.
pub(super) struct Coded {
    /// Class (0 DC, 1 AC), destination, table; none when the scan needs none.
    pub(super) tables: Vec<(usize, usize, Table)>,
    pub(super) data: Vec<u8>,
}

/// Encodes one scan of `picture` with the best tables. `size` is a guess at the length of the data in bytes.
pub(super) fn encode(picture: &Picture, scan: &Scan, interval: u16, size: usize) -> Result<Coded, Fault> {
    let tokens = tokens(picture, scan, interval, size)?;
    let mut frequencies = vec![[0; 256]; 8];
    for token in &tokens {
        if let Token::Symbol { table, symbol, .. } = Token::from(*token) {
            frequencies[table][usize::from(symbol)] += 1;
        }
    }
    let mut tables = Vec::new();
    let encoders = std::array::from_fn(|place| {
        let used = frequencies[place].iter().any(|&frequency| frequency > 0);
        used.then(|| {
            let table = huffman::optimal(&frequencies[place]);
            let encoder = Encoder::new(&table);
            tables.push((place / 4, place % 4, table));
            encoder
        })
    });
    let mut bits = BitWriter::with_capacity(size);
    write(&tokens, &encoders, &mut bits);
    Ok(Coded { tables, data: bits.finish() })
}

/// Encodes one scan with these tables; `None` where they lack a symbol.
pub(super) fn encode_with(
    picture: &Picture,
    scan: &Scan,
    interval: u16,
    codes: &Codes,
) -> Result<Option<Vec<u8>>, Fault> {
    let tokens = tokens(picture, scan, interval, 0)?;
    let encoders = std::array::from_fn(|place| codes[place / 4][place % 4].as_ref().map(Encoder::new));
    let mut bits = BitWriter::default();
    Ok(write(&tokens, &encoders, &mut bits).then(|| bits.finish()))
}

/// What is written, packed: 16 bits of value, 8 of symbol, 3 of table, 5 of length.
#[derive(Clone, Copy)]
struct Packed(u32);

enum Token {
    /// A symbol of a table (class × 4 + destination), and up to 15 bits behind it.
    Symbol { table: usize, symbol: u8 },
    /// Up to 14 bits that no symbol precedes.
    Bits,
    /// A restart marker, its number as the value.
    Restart,
}

/// In the place of a length, which is 15 at most behind a symbol: bits without one, from length 0 on, and a restart marker.
const BITS: u32 = 16;
const RESTART: u32 = 31;

impl Packed {
    fn symbol(table: usize, symbol: u8, value: u32, len: u32) -> Self {
        Self(value << 16 | u32::from(symbol) << 8 | (table as u32 & 7) << 5 | len)
    }

    fn bits(value: u32, len: u32) -> Self {
        Self(value << 16 | (BITS + len))
    }

    fn restart(number: u8) -> Self {
        Self(u32::from(number) << 16 | RESTART)
    }

    fn value(self) -> u32 {
        self.0 >> 16
    }

    fn len(self) -> u32 {
        match self.0 & 31 {
            len @ BITS.. => len - BITS,
            len => len,
        }
    }
}

impl From<Packed> for Token {
    #[inline]
    fn from(packed: Packed) -> Self {
        match packed.0 & 31 {
            RESTART => Self::Restart,
            BITS.. => Self::Bits,
            _ => Self::Symbol { table: (packed.0 >> 5 & 7) as usize, symbol: (packed.0 >> 8) as u8 },
        }
    }
}

/// Writes a list; `false` when a symbol had no code.
fn write(tokens: &[Packed], encoders: &[Option<Encoder>; 8], out: &mut BitWriter) -> bool {
    let mut complete = true;
    for &token in tokens {
        match Token::from(token) {
            Token::Symbol { table, symbol } => {
                let (code, len) = encoders[table].as_ref().map_or((0, 0), |encoder| encoder.code(symbol));
                complete &= len > 0;
                out.put(code << token.len() | token.value(), len + token.len());
            }
            Token::Bits => out.put(token.value(), token.len()),
            Token::Restart => out.restart(token.value() as u8),
        }
    }
    complete
}

fn tokens(picture: &Picture, scan: &Scan, interval: u16, size: usize) -> Result<Vec<Packed>, Fault> {
    let route = Route::new(picture, scan, interval);
    let kind = match (picture.is_progressive(), scan.first, scan.high) {
        (false, ..) => Kind::Sequential,
        (true, 0, 0) => Kind::DcFirst,
        (true, 0, _) => Kind::DcRefinement,
        (true, _, 0) => Kind::AcFirst,
        (true, ..) => Kind::AcRefinement,
    };
    // Rarely more than a symbol for each byte and a half.
    let out = Vec::with_capacity(size - size / 3);
    let (corrections, own) = (Corrections::default(), Corrections::default());
    let mut coder = Coder { picture, scan, kind, out, predictions: [0; 4], run: 0, corrections, own };
    let mut mcu = Mcu::default();
    for (number, count) in route.intervals().enumerate() {
        if number > 0 {
            coder.restart(((number - 1) % 8) as u8);
        }
        for _ in 0..count {
            route.blocks(mcu, |slot, index| coder.block(slot, index))?;
            mcu = route.next(mcu);
        }
    }
    coder.end_run();
    Ok(coder.out)
}

#[derive(Clone, Copy)]
enum Kind {
    Sequential,
    DcFirst,
    DcRefinement,
    AcFirst,
    AcRefinement,
}

struct Coder<'a> {
    picture: &'a Picture,
    scan: &'a Scan,
    kind: Kind,
    out: Vec<Packed>,
    predictions: [i32; 4],
    /// Blocks without further coefficients that are not yet written (EOBRUN).
    run: u32,
    /// Correction bits of those blocks, and of the block that is being coded.
    corrections: Corrections,
    own: Corrections,
}

/// Correction bits, 14 to a token.
#[derive(Default)]
struct Corrections {
    full: Vec<Packed>,
    value: u32,
    len: u32,
}

impl Corrections {
    fn push(&mut self, value: u32, len: u32) {
        // Both at most 14.
        let room = 14 - self.len;
        if len < room {
            self.value = self.value << len | value;
            self.len += len;
            return;
        }
        let rest = len - room;
        self.full.push(Packed::bits(self.value << room | value >> rest, 14));
        self.value = value & ((1 << rest) - 1);
        self.len = rest;
    }

    fn is_empty(&self) -> bool {
        self.len == 0 && self.full.is_empty()
    }

    fn count(&self) -> usize {
        self.full.len() * 14 + self.len as usize
    }

    fn move_to(&mut self, other: &mut Self) {
        self.full.drain(..).for_each(|bits| other.push(bits.value(), bits.len()));
        other.push(self.value, self.len);
        (self.value, self.len) = (0, 0);
    }

    fn write(&mut self, out: &mut Vec<Packed>) {
        out.append(&mut self.full);
        if self.len > 0 {
            out.push(Packed::bits(self.value, self.len));
        }
        (self.value, self.len) = (0, 0);
    }
}

impl Coder<'_> {
    fn restart(&mut self, number: u8) {
        self.end_run();
        self.predictions = [0; 4];
        self.out.push(Packed::restart(number));
    }

    #[inline]
    fn block(&mut self, slot: usize, index: usize) -> Result<(), Fault> {
        let component = &self.scan.components[slot];
        let block = &self.picture.planes[component.plane].blocks[index];
        let (dc, ac) = (component.dc, 4 + component.ac);
        match self.kind {
            Kind::Sequential => {
                self.dc(slot, dc, block[0].into())?;
                self.sequential(ac, block);
            }
            Kind::DcFirst => self.dc(slot, dc, i32::from(block[0]) >> self.scan.low)?,
            Kind::DcRefinement => {
                self.out.push(Packed::bits((i32::from(block[0]) >> self.scan.low & 1) as u32, 1));
            }
            Kind::AcFirst => self.ac_first(ac, block),
            Kind::AcRefinement => self.ac_refinement(ac, block),
        }
        Ok(())
    }

    #[inline]
    fn dc(&mut self, slot: usize, table: usize, value: i32) -> Result<(), Fault> {
        let difference = value - self.predictions[slot];
        self.predictions[slot] = value;
        if magnitude(difference) > 15 {
            return Err(Fault::RANGE);
        }
        self.number(table, 0, difference);
        Ok(())
    }

    /// A number in the form of F.1.2.1 (negative ones less one), after so many zeros.
    #[inline]
    fn number(&mut self, table: usize, zeros: u32, value: i32) {
        let len = magnitude(value);
        let bits = (value - i32::from(value < 0)) as u32 & ((1 << len) - 1);
        // 4 bits each: an AC coefficient that was read has at most 15 bits.
        self.out.push(Packed::symbol(table, (zeros << 4 | len) as u8, bits, len));
    }

    #[inline]
    fn sequential(&mut self, table: usize, block: &Block) {
        if self.coefficients(table, block, 1, 0) < 64 {
            self.out.push(Packed::symbol(table, 0, 0, 0));
        }
    }

    /// The coefficients from `first` on, without their `low` last bits; returns the place behind the last.
    #[inline]
    fn coefficients(&mut self, table: usize, values: &[i16], first: usize, low: u32) -> usize {
        let (mut k, mut behind) = (first, first);
        while k < values.len() {
            if values.get(k..k + 4) == Some(&[0; 4]) {
                k += 4;
                continue;
            }
            let value = i32::from(values[k]);
            k += 1;
            // The point transform of AC coefficients is a division that rounds towards zero (G.1.2.1).
            let sign = value >> 31;
            let size = ((value ^ sign) - sign) >> low;
            if size == 0 {
                continue;
            }
            self.end_run();
            let mut zeros = (k - 1 - behind) as u32;
            while zeros > 15 {
                self.out.push(Packed::symbol(table, 0xF0, 0, 0));
                zeros -= 16;
            }
            self.number(table, zeros, (size ^ sign) - sign);
            behind = k;
        }
        behind
    }

    fn ac_first(&mut self, table: usize, block: &Block) {
        let Scan { first, last, low, .. } = *self.scan;
        if self.coefficients(table, &block[..=last], first, low) <= last {
            self.extend_run();
        }
    }

    fn ac_refinement(&mut self, table: usize, block: &Block) {
        let Scan { first, last, low, .. } = *self.scan;
        let values = &block[first..=last];
        let absolute = |value: i16| u32::from(value.unsigned_abs()) >> low;
        // After the last coefficient that becomes non-zero here, runs of 16 zeros need no code of their own.
        let last_new = values.iter().rposition(|&value| absolute(value) == 1);
        let (mut zeros, mut k) = (0, 0);
        while k < values.len() {
            if values.get(k..k + 4) == Some(&[0; 4]) {
                zeros += 4;
                k += 4;
                continue;
            }
            let (index, value) = (k, values[k]);
            k += 1;
            let size = absolute(value);
            if size == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && last_new.is_some_and(|last| index <= last) {
                self.end_run();
                self.out.push(Packed::symbol(table, 0xF0, 0, 0));
                zeros -= 16;
                self.own.write(&mut self.out);
            }
            if size > 1 {
                self.own.push(size & 1, 1);
                continue;
            }
            self.end_run();
            self.out.push(Packed::symbol(table, (zeros << 4 | 1) as u8, (value > 0).into(), 1));
            self.own.write(&mut self.out);
            zeros = 0;
        }
        if zeros > 0 || !self.own.is_empty() {
            self.own.move_to(&mut self.corrections);
            self.extend_run();
        }
    }

    fn extend_run(&mut self) {
        self.run += 1;
        if self.run == 0x7FFF || self.corrections.count() > MAX_CORRECTIONS {
            self.end_run();
        }
    }

    /// Writes the run of blocks that end, and their correction bits.
    #[inline]
    fn end_run(&mut self) {
        if self.run == 0 {
            return;
        }
        // One component, or this is no AC scan and there is no run.
        let table = 4 + self.scan.components[0].ac;
        let len = self.run.ilog2();
        self.out.push(Packed::symbol(table, (len << 4) as u8, self.run - (1 << len), len));
        self.run = 0;
        self.corrections.write(&mut self.out);
    }
}

/// The number of bits of the absolute value.
#[inline]
fn magnitude(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_length_is_taken_for_another() {
        for len in 0..=15 {
            let packed = Packed::symbol(7, 0xA5, (1 << len) - 1, len);
            assert!(matches!(Token::from(packed), Token::Symbol { table: 7, symbol: 0xA5 }), "{len}");
            assert_eq!((packed.value(), packed.len()), ((1 << len) - 1, len));
        }
        for len in 0..=14 {
            let packed = Packed::bits((1 << len) - 1, len);
            assert!(matches!(Token::from(packed), Token::Bits), "{len}");
            assert_eq!((packed.value(), packed.len()), ((1 << len) - 1, len));
        }
        assert!(matches!(Token::from(Packed::restart(7)), Token::Restart));
    }
}
