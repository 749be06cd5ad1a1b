//! From entropy-coded data to coefficients: ISO/IEC 10918-1, F.2 (sequential) and G.2 (progressive).

use super::{
    bits::Bits,
    huffman::Decoder,
    picture::{Block, Picture},
    scan::{Fault, Mcu, Route, Scan},
    skip,
    window::Window,
};
use crate::Result;

/// The Huffman tables in force, by class (0 DC, 1 AC) and destination.
pub(super) type Tables = [[Option<Decoder>; 4]; 2];

/// Decodes one scan into `picture`, as far down as that has blocks. Of a sequential scan, MCU rows before `from` need not
/// be there.
pub(super) fn decode(
    picture: &mut Picture,
    scan: &Scan,
    tables: &Tables,
    interval: u16,
    from: usize,
    window: Window,
) -> Result<()> {
    let route = Route::new(picture, scan, interval);
    let progressive = picture.is_progressive();
    let mut state = State { picture, scan, tables, predictions: [0; 4], run: 0 };
    match (progressive, scan.first, scan.high) {
        (false, ..) => {
            let block = |state: &mut State, bits: &mut Bits, row, slot, index| match row < from {
                true => state.skipped(bits, slot),
                false => state.sequential(bits, slot, index),
            };
            run(&route, window, &mut state, block)
        }
        (true, 0, 0) => {
            run(&route, window, &mut state, |state, bits, _, slot, index| state.dc_first(bits, slot, index))
        }
        (true, 0, _) => {
            run(&route, window, &mut state, |state, bits, _, slot, index| state.dc_refinement(bits, slot, index))
        }
        (true, _, 0) => {
            run(&route, window, &mut state, |state, bits, _, slot, index| state.ac_first(bits, slot, index))
        }
        (true, ..) => {
            run(&route, window, &mut state, |state, bits, _, slot, index| state.ac_refinement(bits, slot, index))
        }
    }
}

/// Goes through the MCUs; `block` gets the MCU row, the slot and the index of each of their blocks.
#[inline(always)]
fn run<'a>(
    route: &Route,
    mut window: Window,
    state: &mut State<'a>,
    mut block: impl FnMut(&mut State<'a>, &mut Bits, usize, usize, usize) -> Result<(), Fault>,
) -> Result<()> {
    let mut mcu = Mcu::default();
    for (number, count) in route.intervals().enumerate() {
        if number > 0 {
            window.pass_restarts(1, ((number - 1) % 8) as u8, |_| {})?;
            (state.predictions, state.run) = ([0; 4], 0);
        }
        let mut left = count;
        window.read(None, |bits| {
            route.blocks(mcu, |slot, index| block(state, bits, mcu.row, slot, index))?;
            mcu = route.next(mcu);
            left -= 1;
            Ok(left > 0)
        })?;
    }
    Ok(())
}

struct State<'a> {
    picture: &'a mut Picture,
    scan: &'a Scan,
    tables: &'a Tables,
    /// DC of the block before, by component of the scan.
    predictions: [i32; 4],
    /// Blocks that are still to be passed over (EOBRUN).
    run: u32,
}

impl<'a> State<'a> {
    #[inline(always)]
    fn table(&self, class: usize, slot: usize) -> Result<&'a Decoder, Fault> {
        let component = &self.scan.components[slot];
        let destination = if class == 0 { component.dc } else { component.ac };
        self.tables[class][destination].as_ref().ok_or(Fault("a Huffman table is missing"))
    }

    #[inline(always)]
    fn block(&mut self, slot: usize, index: usize) -> &mut Block {
        &mut self.picture.planes[self.scan.components[slot].plane].blocks[index]
    }

    /// The DC value of the next block, of a component of the scan.
    #[inline(always)]
    fn dc(&mut self, bits: &mut Bits, slot: usize) -> Result<i32, Fault> {
        bits.refill();
        let value = self.predictions[slot] + self.table(0, slot)?.difference(bits)?;
        self.predictions[slot] = value;
        // Keeps the sum of any number of differences bounded.
        i16::try_from(value).map(i32::from).map_err(|_| Fault::RANGE)
    }

    fn skipped(&mut self, bits: &mut Bits, slot: usize) -> Result<(), Fault> {
        self.dc(bits, slot)?;
        skip::plain(bits, self.table(1, slot)?)
    }

    #[inline]
    fn sequential(&mut self, bits: &mut Bits, slot: usize, index: usize) -> Result<(), Fault> {
        let dc = self.dc(bits, slot)?;
        let table = self.table(1, slot)?;
        let block = self.block(slot, index);
        *block = [0; 64];
        block[0] = dc as i16;
        sequential(bits, table, block)
    }

    #[inline]
    fn dc_first(&mut self, bits: &mut Bits, slot: usize, index: usize) -> Result<(), Fault> {
        let value = self.dc(bits, slot)?;
        self.block(slot, index)[0] = shifted(value, self.scan.low)?;
        Ok(())
    }

    #[inline]
    fn dc_refinement(&mut self, bits: &mut Bits, slot: usize, index: usize) -> Result<(), Fault> {
        bits.refill();
        let bit = bits.take(1) as i16;
        let low = self.scan.low;
        self.block(slot, index)[0] |= bit << low;
        Ok(())
    }

    #[inline]
    fn ac_first(&mut self, bits: &mut Bits, slot: usize, index: usize) -> Result<(), Fault> {
        if self.run > 0 {
            self.run -= 1;
            return Ok(());
        }
        let table = self.table(1, slot)?;
        let Scan { first, last, low, .. } = *self.scan;
        let block = self.block(slot, index);
        let (mut k, mut run) = (first, 0);
        while k <= last {
            bits.refill();
            let symbol = table.symbol(bits)?;
            let (zeros, len) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if len == 0 {
                if zeros != 15 {
                    run = (1 << zeros) + bits.take(zeros as u32) - 1;
                    break;
                }
                k += 16;
                continue;
            }
            k += zeros;
            if k > last {
                return Err(Fault::CODE);
            }
            block[k] = shifted(bits.signed(len), low)?;
            k += 1;
        }
        self.run = run;
        Ok(())
    }

    #[inline]
    fn ac_refinement(&mut self, bits: &mut Bits, slot: usize, index: usize) -> Result<(), Fault> {
        let table = self.table(1, slot)?;
        let Scan { first, last, low, .. } = *self.scan;
        let mut run = self.run;
        let block = &mut self.block(slot, index)[..=last];
        let mut k = first;
        if run == 0 {
            while k <= last {
                bits.refill();
                let symbol = table.symbol(bits)?;
                let (mut zeros, len) = (u32::from(symbol >> 4), symbol & 15);
                let mut value = 0;
                match len {
                    0 if zeros < 15 => {
                        run = (1 << zeros) + bits.take(zeros);
                        break;
                    }
                    0 => {}
                    1 => value = if bits.take(1) == 1 { 1 << low } else { -1 << low },
                    _ => return Err(Fault::CODE),
                }
                // Passes over coefficients that are not zero, correcting them, and over `zeros` that are.
                bits.refill();
                let middle = k + 32;
                while k <= last {
                    if block[k] != 0 {
                        correct(&mut block[k], bits, low)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                    if k == middle {
                        bits.refill();
                    }
                }
                if value != 0 {
                    *block.get_mut(k).ok_or(Fault::CODE)? = value;
                }
                k += 1;
            }
        }
        if run > 0 {
            for part in block.get_mut(k..).unwrap_or_default().chunks_mut(32) {
                bits.refill();
                for coefficient in part.iter_mut().filter(|coefficient| **coefficient != 0) {
                    correct(coefficient, bits, low)?;
                }
            }
            run -= 1;
        }
        self.run = run;
        Ok(())
    }
}

/// The AC coefficients of a block of a sequential scan, into zeros (F.2.2.2).
#[inline(always)]
pub(super) fn sequential(bits: &mut Bits, table: &Decoder, block: &mut Block) -> Result<(), Fault> {
    let mut k = 1;
    while k < 64 {
        bits.refill();
        let symbol = table.symbol(bits)?;
        let (zeros, len) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if len == 0 {
            if zeros != 15 {
                break;
            }
            k += 16;
            continue;
        }
        k += zeros;
        // Up to 15 bits: fits.
        *block.get_mut(k).ok_or(Fault::CODE)? = bits.signed(len) as i16;
        k += 1;
    }
    Ok(())
}

/// Reads the next lower bit of a coefficient that is not zero (G.1.2.3).
#[inline(always)]
fn correct(coefficient: &mut i16, bits: &mut Bits, low: u32) -> Result<(), Fault> {
    let step = (bits.take(1) as i16) << low;
    if *coefficient & step == 0 {
        let step = if *coefficient > 0 { step } else { -step };
        *coefficient = coefficient.checked_add(step).ok_or(Fault::RANGE)?;
    }
    Ok(())
}

fn shifted(value: i32, low: u32) -> Result<i16, Fault> {
    i16::try_from(value << low).map_err(|_| Fault::RANGE)
}
