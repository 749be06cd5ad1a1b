//! From coefficients to entropy-coded data with the best tables: ISO/IEC 10918-1, F.1.2 (sequential) and G.1.2 and G.1.3
//! (progressive).

use super::{
    bits::BitWriter,
    huffman::{self, Encoder, Table},
    picture::{Block, Picture},
    reading::Codes,
    scan::{Fault, Route, Scan, Visitor},
};

/// Most correction bits that are held back (G.1.2.3); libjpeg's bound.
const MAX_CORRECTIONS: usize = 937;

/// A scan written anew.
pub(super) struct Coded {
    /// Class (0 DC, 1 AC), destination, table; none when the scan needs none.
    pub(super) tables: Vec<(usize, usize, Table)>,
    pub(super) data: Vec<u8>,
}

/// Encodes one scan of `picture`. `size` is a guess at the length of the data in bytes.
pub(super) fn encode(picture: &Picture, scan: &Scan, interval: u16, size: usize) -> Result<Coded, Fault> {
    let mut counter = Counter { frequencies: vec![[0; 256]; 8] };
    pass(picture, scan, interval, &mut counter)?;
    let mut writer = Writer { bits: BitWriter::with_capacity(size), encoders: Vec::new(), lacks: false };
    let mut tables = Vec::new();
    for (place, frequencies) in counter.frequencies.iter().enumerate() {
        let used = frequencies.iter().any(|&frequency| frequency > 0);
        writer.encoders.push(used.then(|| {
            let table = huffman::optimal(frequencies);
            let encoder = Encoder::new(&table);
            tables.push((place / 4, place % 4, table));
            encoder
        }));
    }
    pass(picture, scan, interval, &mut writer)?;
    Ok(Coded { tables, data: writer.bits.finish() })
}

/// Encodes one scan with these tables; `None` where they lack a symbol.
pub(super) fn encode_with(
    picture: &Picture,
    scan: &Scan,
    interval: u16,
    codes: &Codes,
) -> Result<Option<Vec<u8>>, Fault> {
    let encoders = codes.iter().flatten().map(|table| table.as_ref().map(Encoder::new)).collect();
    let mut writer = Writer { bits: BitWriter::default(), encoders, lacks: false };
    pass(picture, scan, interval, &mut writer)?;
    Ok((!writer.lacks).then(|| writer.bits.finish()))
}

/// Where symbols and bits go: counted first, then written.
trait Emit {
    /// A Huffman symbol of a table, by class × 4 + destination.
    fn symbol(&mut self, table: usize, symbol: u8);
    /// The low `len` bits of `value`, at most 16.
    fn bits(&mut self, value: u32, len: u32);
    fn restart(&mut self, number: u8);
}

struct Counter {
    frequencies: Vec<[u32; 256]>,
}

impl Emit for Counter {
    #[inline]
    fn symbol(&mut self, table: usize, symbol: u8) {
        self.frequencies[table][usize::from(symbol)] += 1;
    }
    #[inline]
    fn bits(&mut self, _: u32, _: u32) {}
    fn restart(&mut self, _: u8) {}
}

struct Writer {
    bits: BitWriter,
    encoders: Vec<Option<Encoder>>,
    /// A symbol had no code.
    lacks: bool,
}

impl Emit for Writer {
    #[inline]
    fn symbol(&mut self, table: usize, symbol: u8) {
        let (code, len) = self.encoders[table].as_ref().map_or((0, 0), |encoder| encoder.code(symbol));
        self.lacks |= len == 0;
        self.bits.put(code, len);
    }
    #[inline]
    fn bits(&mut self, value: u32, len: u32) {
        self.bits.put(value, len);
    }
    fn restart(&mut self, number: u8) {
        self.bits.restart(number);
    }
}

fn pass(picture: &Picture, scan: &Scan, interval: u16, out: &mut impl Emit) -> Result<(), Fault> {
    let route = Route::new(picture, scan, interval);
    let kind = match (picture.is_progressive(), scan.first, scan.high) {
        (false, ..) => Kind::Sequential,
        (true, 0, 0) => Kind::DcFirst,
        (true, 0, _) => Kind::DcRefinement,
        (true, _, 0) => Kind::AcFirst,
        (true, ..) => Kind::AcRefinement,
    };
    let mut coder = Coder { picture, scan, kind, out, predictions: [0; 4], run: 0, corrections: Vec::new() };
    route.run(&mut coder)?;
    coder.end_run();
    Ok(())
}

#[derive(Clone, Copy)]
enum Kind {
    Sequential,
    DcFirst,
    DcRefinement,
    AcFirst,
    AcRefinement,
}

struct Coder<'a, E> {
    picture: &'a Picture,
    scan: &'a Scan,
    kind: Kind,
    out: &'a mut E,
    predictions: [i32; 4],
    /// Blocks without further coefficients that are not yet written (EOBRUN).
    run: u32,
    /// Correction bits of those blocks.
    corrections: Vec<u8>,
}

impl<E: Emit> Visitor for Coder<'_, E> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.end_run();
        self.predictions = [0; 4];
        self.out.restart(number);
        Ok(())
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
            Kind::DcRefinement => self.out.bits((i32::from(block[0]) >> self.scan.low & 1) as u32, 1),
            Kind::AcFirst => self.ac_first(ac, block),
            Kind::AcRefinement => self.ac_refinement(ac, block),
        }
        Ok(())
    }
}

impl<E: Emit> Coder<'_, E> {
    #[inline]
    fn dc(&mut self, slot: usize, table: usize, value: i32) -> Result<(), Fault> {
        let difference = value - self.predictions[slot];
        self.predictions[slot] = value;
        let len = magnitude(difference);
        if len > 15 {
            return Err(Fault::RANGE);
        }
        self.out.symbol(table, len as u8);
        self.signed(difference, len);
        Ok(())
    }

    /// A number in the form of F.1.2.1: negative ones less one.
    #[inline]
    fn signed(&mut self, value: i32, len: u32) {
        if len > 0 {
            self.out.bits((value - i32::from(value < 0)) as u32, len);
        }
    }

    #[inline]
    fn sequential(&mut self, table: usize, block: &Block) {
        let mut zeros = 0;
        for &value in &block[1..] {
            if value == 0 {
                zeros += 1;
                continue;
            }
            self.coefficient(table, value.into(), &mut zeros);
        }
        if zeros > 0 {
            self.out.symbol(table, 0);
        }
    }

    /// A coefficient after so many zeros.
    #[inline]
    fn coefficient(&mut self, table: usize, value: i32, zeros: &mut u32) {
        while *zeros > 15 {
            self.out.symbol(table, 0xF0);
            *zeros -= 16;
        }
        let len = magnitude(value);
        // 4 bits each: an AC coefficient that was read has at most 15 bits.
        self.out.symbol(table, (*zeros << 4 | len) as u8);
        self.signed(value, len);
        *zeros = 0;
    }

    fn ac_first(&mut self, table: usize, block: &Block) {
        let mut zeros = 0;
        for &value in &block[self.scan.first..=self.scan.last] {
            let value = i32::from(value);
            // The point transform of AC coefficients is a division that rounds towards zero (G.1.2.1).
            let value = value / (1 << self.scan.low);
            if value == 0 {
                zeros += 1;
                continue;
            }
            self.end_run();
            self.coefficient(table, value, &mut zeros);
        }
        if zeros > 0 {
            self.extend_run();
        }
    }

    fn ac_refinement(&mut self, table: usize, block: &Block) {
        let low = self.scan.low;
        let values = &block[self.scan.first..=self.scan.last];
        let absolute = |value: i16| u32::from(value.unsigned_abs()) >> low;
        // After the last coefficient that becomes non-zero here, runs of 16 zeros need no code of their own.
        let last_new = values.iter().rposition(|&value| absolute(value) == 1);
        let mut zeros = 0;
        let mut corrections = Vec::new();
        for (index, &value) in values.iter().enumerate() {
            let size = absolute(value);
            if size == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && last_new.is_some_and(|last| index <= last) {
                self.end_run();
                self.out.symbol(table, 0xF0);
                zeros -= 16;
                self.flush(&mut corrections);
            }
            if size > 1 {
                corrections.push((size & 1) as u8);
                continue;
            }
            self.end_run();
            self.out.symbol(table, (zeros << 4 | 1) as u8);
            self.out.bits((value > 0).into(), 1);
            self.flush(&mut corrections);
            zeros = 0;
        }
        if zeros > 0 || !corrections.is_empty() {
            self.corrections.append(&mut corrections);
            self.extend_run();
        }
    }

    fn flush(&mut self, corrections: &mut Vec<u8>) {
        for bit in corrections.drain(..) {
            self.out.bits(bit.into(), 1);
        }
    }

    fn extend_run(&mut self) {
        self.run += 1;
        if self.run == 0x7FFF || self.corrections.len() > MAX_CORRECTIONS {
            self.end_run();
        }
    }

    /// Writes the run of blocks that end, and their correction bits.
    fn end_run(&mut self) {
        if self.run > 0 {
            // One component, or this is no AC scan and there is no run.
            let table = 4 + self.scan.components[0].ac;
            let len = self.run.ilog2();
            self.out.symbol(table, (len << 4) as u8);
            self.out.bits(self.run, len);
            self.run = 0;
        }
        let mut corrections = std::mem::take(&mut self.corrections);
        self.flush(&mut corrections);
        self.corrections = corrections;
    }
}

/// The number of bits of the absolute value.
#[inline]
fn magnitude(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}
