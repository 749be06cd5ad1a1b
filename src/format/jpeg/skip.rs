//! Passes over coded blocks: as many symbols at a time as a look-up holds, and no coefficients.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    bits::Bits,
    huffman::{Decoder, Table},
    scan::Fault,
};

/// Bits that one look-up resolves. With 11 or 13 it is no faster.
const LOOKUP: u32 = 12;
/// Added to the coefficients that an entry passes over when it also holds the end of the block.
const END: u32 = 192;
/// Coefficients of an entry that holds no symbol.
const NONE: u32 = 64;
/// Tables that are kept ready, 8 KB each: files of one program have the same two, and every file is read twice.
const KEPT: usize = 8;

/// Blocks that are passed over one symbol at a time: a table for more at a time takes as long to make.
const FEW: usize = 2000;
/// How often one file asks for a table: when it is written, and when it is read back.
const ONCE: u32 = 2;

/// A table that was asked for.
struct Kept {
    table: Table,
    asked: u32,
    skipper: Option<Arc<Skipper>>,
}

/// An AC table made ready for passing over blocks.
pub(super) struct Skipper {
    /// By the next 12 bits: coefficients that are passed over × 32 + bits that they take.
    lookup: Box<[u16; 1 << LOOKUP]>,
}

impl Skipper {
    /// For a table by which so many blocks are passed over. Few are not worth making one, unless the table comes again and again.
    pub(super) fn of(table: &Table, blocks: usize) -> Option<Arc<Self>> {
        static READY: Mutex<Vec<Kept>> = Mutex::new(Vec::new());
        let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
        let at = ready.iter().position(|kept| kept.table == *table).unwrap_or_else(|| {
            ready.truncate(KEPT - 1);
            ready.push(Kept { table: table.clone(), asked: 0, skipper: None });
            ready.len() - 1
        });
        // Those asked for last stay longest.
        ready[..=at].rotate_right(1);
        let kept = ready.first_mut()?;
        kept.asked = kept.asked.saturating_add(1);
        if kept.skipper.is_none() && (blocks > FEW || kept.asked > ONCE) {
            kept.skipper = Some(Arc::new(Self::new(table)));
        }
        kept.skipper.clone()
    }

    fn new(table: &Table) -> Self {
        // First with one symbol in each entry; its length without the magnitude's bits beside it.
        let mut single = Box::new([(NONE as u16) << 5; 1 << LOOKUP]);
        let mut lengths = Box::new([0_u8; 1 << LOOKUP]);
        let (mut code, mut symbols) = (0_usize, table.symbols.iter());
        for (len, &count) in (1..=LOOKUP).zip(&table.counts) {
            for &symbol in symbols.by_ref().take(count.into()) {
                let (zeros, magnitude) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                let coefficients = match (zeros, magnitude) {
                    (15, 0) => 16,
                    (_, 0) => END,
                    _ => zeros + 1,
                };
                let first = code << (LOOKUP - len);
                let places = first..first + (1 << (LOOKUP - len));
                if let (Some(entries), Some(lengths)) = (single.get_mut(places.clone()), lengths.get_mut(places)) {
                    entries.fill((coefficients << 5 | (len + magnitude)) as u16);
                    lengths.fill(len as u8);
                }
                code += 1;
            }
            code <<= 1;
        }
        let mut lookup = single.clone();
        for (index, entry) in lookup.iter_mut().enumerate() {
            let (mut bits, mut coefficients) = (u32::from(*entry & 31), u32::from(*entry >> 5));
            while bits < LOOKUP && coefficients < NONE {
                let next = (index << bits) & ((1 << LOOKUP) - 1);
                let more = u32::from(single[next] >> 5);
                let fits = lengths[next] > 0 && bits + u32::from(lengths[next]) <= LOOKUP;
                // At most 63 coefficients and the end, so that no sum is taken for another.
                if !fits || (more < NONE && coefficients + more >= NONE) {
                    break;
                }
                coefficients += more;
                bits += u32::from(single[next] & 31);
            }
            *entry = (coefficients << 5 | bits) as u16;
        }
        Self { lookup }
    }

    /// Passes over the AC coefficients of a block; `table` is the same table.
    #[inline(always)]
    pub(super) fn block(&self, bits: &mut Bits, table: &Decoder) -> Result<(), Fault> {
        let mut k = 1;
        loop {
            bits.refill();
            // An entry takes 27 bits at most: two of them are ready.
            for _ in 0..2 {
                let entry = self.lookup[(bits.peek() >> (64 - LOOKUP)) as usize];
                let next = k + u32::from(entry >> 5);
                if next < 64 {
                    bits.consume(u32::from(entry & 31));
                    k = next;
                    continue;
                }
                if next == 64 || (END < next && next < END + 64) {
                    bits.consume(u32::from(entry & 31));
                    return Ok(());
                }
                k = one(bits, table, k)?;
                if k >= 64 {
                    return if k == 64 { Ok(()) } else { Err(Fault::CODE) };
                }
                break;
            }
        }
    }
}

/// One symbol from coefficient `k` on: the next coefficient, 64 at the end of the block.
#[inline(never)]
fn one(bits: &mut Bits, table: &Decoder, k: u32) -> Result<u32, Fault> {
    bits.refill();
    let symbol = table.symbol(bits)?;
    let (zeros, len) = (u32::from(symbol >> 4), u32::from(symbol & 15));
    bits.consume(len);
    Ok(match (zeros, len) {
        // Zeros may reach past the end without a coefficient, as in the decoder.
        (15, 0) => (k + 16).min(64),
        (_, 0) => 64,
        _ => k + zeros + 1,
    })
}

/// Passes over the AC coefficients of a block one symbol at a time.
#[inline]
pub(super) fn plain(bits: &mut Bits, table: &Decoder) -> Result<(), Fault> {
    let mut k = 1;
    while k < 64 {
        k = one(bits, table, k)?;
    }
    if k == 64 { Ok(()) } else { Err(Fault::CODE) }
}
