//! From entropy-coded data to coefficients: ISO/IEC 10918-1, F.2 (sequential) and G.2 (progressive).

use super::{
    bits::BitReader,
    huffman::Decoder,
    picture::{Block, Picture},
    scan::{Fault, Route, Scan, Visitor},
};

/// The Huffman tables in force, by class (0 DC, 1 AC) and destination.
pub(super) type Tables = [[Option<Decoder>; 4]; 2];

/// Decodes one scan into `picture`, as far down as that has blocks. On a fault: what, and how many bytes into `data`.
pub(super) fn decode(
    picture: &mut Picture,
    scan: &Scan,
    tables: &Tables,
    interval: u16,
    data: &[u8],
) -> Result<(), (Fault, usize)> {
    let route = Route::new(picture, scan, interval);
    let reader = BitReader::new(data);
    let progressive = picture.is_progressive();
    let mut state = State { picture, scan, tables, reader, predictions: [0; 4], run: 0 };
    let result = match (progressive, scan.first, scan.high) {
        (false, ..) => route.run(&mut Sequential(&mut state)),
        (true, 0, 0) => route.run(&mut DcFirst(&mut state)),
        (true, 0, _) => route.run(&mut DcRefinement(&mut state)),
        (true, _, 0) => route.run(&mut AcFirst(&mut state)),
        (true, ..) => route.run(&mut AcRefinement(&mut state)),
    };
    result.map_err(|fault| (fault, state.reader.position()))
}

struct State<'a> {
    picture: &'a mut Picture,
    scan: &'a Scan,
    tables: &'a Tables,
    reader: BitReader<'a>,
    /// DC of the block before, by component of the scan.
    predictions: [i32; 4],
    /// Blocks that are still to be passed over (EOBRUN).
    run: u32,
}

impl<'a> State<'a> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.predictions = [0; 4];
        self.run = 0;
        self.reader.restart(number)
    }

    #[inline]
    fn table(&self, class: usize, slot: usize) -> Result<&'a Decoder, Fault> {
        let component = &self.scan.components[slot];
        let destination = if class == 0 { component.dc } else { component.ac };
        self.tables[class][destination].as_ref().ok_or(Fault("a Huffman table is missing"))
    }

    #[inline]
    fn block(&mut self, slot: usize, index: usize) -> &mut Block {
        &mut self.picture.planes[self.scan.components[slot].plane].blocks[index]
    }

    /// The DC value of the next block, of a component of the scan.
    #[inline]
    fn dc(&mut self, slot: usize) -> Result<i32, Fault> {
        let len = self.table(0, slot)?.symbol(&mut self.reader)?;
        if len > 15 {
            return Err(Fault::RANGE);
        }
        let value = self.predictions[slot] + self.reader.signed(len.into())?;
        self.predictions[slot] = value;
        // Keeps the sum of any number of differences bounded.
        i16::try_from(value).map(i32::from).map_err(|_| Fault::RANGE)
    }
}

struct Sequential<'s, 'a>(&'s mut State<'a>);

impl Visitor for Sequential<'_, '_> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.0.restart(number)
    }

    #[inline]
    fn block(&mut self, slot: usize, index: usize) -> Result<(), Fault> {
        let state = &mut *self.0;
        let dc = state.dc(slot)?;
        let table = state.table(1, slot)?;
        let block = &mut state.picture.planes[state.scan.components[slot].plane].blocks[index];
        *block = [0; 64];
        block[0] = dc as i16;
        let mut k = 1;
        while k < 64 {
            let symbol = table.symbol(&mut state.reader)?;
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
            *block.get_mut(k).ok_or(Fault::CODE)? = state.reader.signed(len)? as i16;
            k += 1;
        }
        Ok(())
    }
}

struct DcFirst<'s, 'a>(&'s mut State<'a>);

impl Visitor for DcFirst<'_, '_> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.0.restart(number)
    }

    fn block(&mut self, slot: usize, index: usize) -> Result<(), Fault> {
        let value = self.0.dc(slot)?;
        self.0.block(slot, index)[0] = shifted(value, self.0.scan.low)?;
        Ok(())
    }
}

struct DcRefinement<'s, 'a>(&'s mut State<'a>);

impl Visitor for DcRefinement<'_, '_> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.0.restart(number)
    }

    fn block(&mut self, slot: usize, index: usize) -> Result<(), Fault> {
        let bit = self.0.reader.bits(1)? as i16;
        let low = self.0.scan.low;
        self.0.block(slot, index)[0] |= bit << low;
        Ok(())
    }
}

struct AcFirst<'s, 'a>(&'s mut State<'a>);

impl Visitor for AcFirst<'_, '_> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.0.restart(number)
    }

    fn block(&mut self, slot: usize, index: usize) -> Result<(), Fault> {
        let state = &mut *self.0;
        if state.run > 0 {
            state.run -= 1;
            return Ok(());
        }
        let table = state.table(1, slot)?;
        let mut k = state.scan.first;
        while k <= state.scan.last {
            let symbol = table.symbol(&mut state.reader)?;
            let (zeros, len) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if len == 0 {
                if zeros != 15 {
                    state.run = (1 << zeros) + state.reader.bits(zeros as u32)? - 1;
                    break;
                }
                k += 16;
                continue;
            }
            k += zeros;
            let value = shifted(state.reader.signed(len)?, state.scan.low)?;
            if k > state.scan.last {
                return Err(Fault::CODE);
            }
            state.block(slot, index)[k] = value;
            k += 1;
        }
        Ok(())
    }
}

struct AcRefinement<'s, 'a>(&'s mut State<'a>);

impl Visitor for AcRefinement<'_, '_> {
    fn restart(&mut self, number: u8) -> Result<(), Fault> {
        self.0.restart(number)
    }

    fn block(&mut self, slot: usize, index: usize) -> Result<(), Fault> {
        let state = &mut *self.0;
        let table = state.table(1, slot)?;
        let (last, low) = (state.scan.last, state.scan.low);
        let block = &mut state.picture.planes[state.scan.components[slot].plane].blocks[index];
        let mut k = state.scan.first;
        if state.run == 0 {
            while k <= last {
                let symbol = table.symbol(&mut state.reader)?;
                let (mut zeros, len) = (u32::from(symbol >> 4), symbol & 15);
                let mut value = 0;
                match len {
                    0 if zeros < 15 => {
                        state.run = (1 << zeros) + state.reader.bits(zeros)?;
                        break;
                    }
                    0 => {}
                    1 => value = if state.reader.bits(1)? == 1 { 1 << low } else { -1 << low },
                    _ => return Err(Fault::CODE),
                }
                // Passes over coefficients that are not zero, correcting them, and over `zeros` that are.
                while k <= last {
                    if block[k] != 0 {
                        correct(&mut block[k], &mut state.reader, low)?;
                    } else if zeros == 0 {
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
                if value != 0 {
                    if k > last {
                        return Err(Fault::CODE);
                    }
                    block[k] = value;
                }
                k += 1;
            }
        }
        if state.run > 0 {
            for coefficient in block[k..=last].iter_mut().filter(|coefficient| **coefficient != 0) {
                correct(coefficient, &mut state.reader, low)?;
            }
            state.run -= 1;
        }
        Ok(())
    }
}

/// Reads the next lower bit of a coefficient that is not zero (G.1.2.3).
fn correct(coefficient: &mut i16, reader: &mut BitReader, low: u32) -> Result<(), Fault> {
    let bit = 1_i16 << low;
    if reader.bits(1)? == 1 && *coefficient & bit == 0 {
        let step = if *coefficient > 0 { bit } else { -bit };
        *coefficient = coefficient.checked_add(step).ok_or(Fault::RANGE)?;
    }
    Ok(())
}

fn shifted(value: i32, low: u32) -> Result<i16, Fault> {
    i16::try_from(value << low).map_err(|_| Fault::RANGE)
}
