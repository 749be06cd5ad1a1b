//! The rows of a sheet as bits. With tables that were met before, what stands under a notice is always the same bits, but for the
//! first MCU of each row: its DC differences hang on what stands before it.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    bits::{Bits, Put},
    cloth::Slot,
    codes::{Codes, Missing},
    huffman::Table,
    run::Placed,
    sheet::Sheet,
};

/// How many are kept with a sheet: most programs write all files with the same tables.
const KEPT: usize = 2;
/// Pieces of the largest one that is kept: 8 MB of them.
const MOST_PIECES: usize = 1 << 20;

/// By component of the scan: which of the frame it is, and its tables for DC and AC.
pub(super) type Coding<'a> = Vec<(usize, &'a Table, &'a Table)>;

/// Full rows of MCUs, but for the first MCU of each.
pub(super) struct Ribbon {
    coding: Vec<(usize, Table, Table)>,
    /// MCUs of the picture with its strip.
    columns: Range<usize>,
    rows: Range<usize>,
    /// By row and by MCU without the first: where its bits end.
    ends: Vec<usize>,
    bits: Pieces,
    /// By row: its blocks with room for filling, those of the first MCU counted.
    rooms: Vec<usize>,
}

/// Bits, as values with their lengths, up to 32 in each.
#[derive(Default)]
struct Pieces(Vec<(u32, u32)>);

impl Put for Pieces {
    fn put(&mut self, value: u32, len: u32) {
        match self.0.last_mut() {
            Some((before, sum)) if *sum + len <= 32 => {
                *before = (u64::from(*before) << len) as u32 | value;
                *sum += len;
            }
            _ => self.0.push((value, len)),
        }
    }
}

/// What is kept with a sheet.
#[derive(Default)]
pub(super) struct Ribbons(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    ribbons: Vec<Arc<Ribbon>>,
    /// Tables that were met once. They may never come again, as with programs that make tables for each file.
    last: Vec<(usize, Table, Table)>,
}

impl Ribbons {
    /// The one with these tables, if it is kept.
    pub(super) fn get(&self, coding: &Coding) -> Option<Arc<Ribbon>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.ribbons.iter().find(|ribbon| is_same(&ribbon.coding, coding)).cloned()
    }

    /// The one with the tables of `codes`: made when they come for the second time. `None` where the notice shares an MCU with
    /// the picture.
    pub(super) fn with(
        &self,
        codes: &mut Codes,
        sheet: &Sheet,
        slots: &[Slot],
        (columns, rows): (&Range<usize>, &Range<usize>),
    ) -> Option<Arc<Ribbon>> {
        let coding = codes.coding(slots)?;
        if let Some(found) = self.get(&coding) {
            return (found.columns == *columns && found.rows == *rows).then_some(found);
        }
        let owned: Vec<_> = coding.iter().map(|&(plane, dc, ac)| (plane, dc.clone(), ac.clone())).collect();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.last != owned {
            kept.last = owned;
            return None;
        }
        let new = Arc::new(Ribbon::new(owned, codes, sheet, slots, (columns.clone(), rows.clone()))?);
        kept.ribbons.insert(0, Arc::clone(&new));
        kept.ribbons.truncate(KEPT);
        Some(new)
    }
}

fn is_same(owned: &[(usize, Table, Table)], coding: &Coding) -> bool {
    owned.len() == coding.len() && owned.iter().zip(coding).all(|((a, b, c), (x, y, z))| (a, b, c) == (x, *y, *z))
}

impl Ribbon {
    fn new(
        coding: Vec<(usize, Table, Table)>,
        codes: &mut Codes,
        sheet: &Sheet,
        slots: &[Slot],
        (columns, rows): (Range<usize>, Range<usize>),
    ) -> Option<Self> {
        let corners = [columns.start, columns.end - 1].into_iter().flat_map(|x| [(x, rows.start), (x, rows.end - 1)]);
        if corners.into_iter().any(|corner| mcu(sheet, slots, corner).is_none()) {
            return None;
        }
        let missing = std::mem::take(&mut codes.missing);
        let (mut bits, mut ends, mut rooms) = (Pieces::default(), Vec::new(), Vec::new());
        for row in rows.clone() {
            let (mut new, mut room) = ([0; 4], 0);
            for column in columns.clone() {
                let blocks = mcu(sheet, slots, (column, row)).unwrap_or_default();
                room += blocks.iter().filter(|block| block.has_room()).count();
                if column > columns.start {
                    codes.blocks(&mut bits, slots, &mut new, &blocks, (&[], sheet.tokens()), &[]);
                    ends.push(bits.0.len());
                    // No piece belongs to two MCUs.
                    bits.0.push((0, 0));
                }
                new = sheet.last(slots.iter().map(|slot| (slot.plane, slot.h, slot.v)), (column, row));
            }
            rooms.push(room);
        }
        // Differences that are in no row of this file need no code in its tables.
        let is_complete = std::mem::replace(&mut codes.missing, missing) == Missing::default() && !codes.beyond;
        (is_complete && bits.0.len() <= MOST_PIECES).then_some(Self { coding, columns, rows, ends, bits, rooms })
    }

    /// Whether MCUs that stand side by side, from `column` on, are one of its rows.
    pub(super) fn has(&self, (column, row): (usize, usize), len: usize) -> bool {
        self.rows.contains(&row) && column == self.columns.start && len == self.columns.len()
    }

    /// The blocks of a row that have room for filling.
    pub(super) fn room(&self, row: usize) -> usize {
        self.rooms[row - self.rows.start]
    }

    /// Writes MCUs of a row; the first one of the row is not among them.
    pub(super) fn write(&self, row: usize, columns: Range<usize>, out: &mut impl Put) {
        let [first, end] = [columns.start, columns.end].map(|column| self.index(column - self.columns.start, row));
        if first < end {
            self.pieces(first, end).iter().for_each(|&(value, len)| out.put(value, len));
        }
    }

    /// Whether the bits of an MCU come next, and then goes on behind them; `false` too for those that it does not hold.
    pub(super) fn follows(&self, bits: &mut Bits, (column, row): (usize, usize)) -> bool {
        if column <= self.columns.start || column >= self.columns.end || !self.rows.contains(&row) {
            return false;
        }
        let index = self.index(column - self.columns.start, row);
        let mut ahead = *bits;
        for &(value, len) in self.pieces(index, index + 1) {
            ahead.refill();
            // In two steps, because `len` may be 0.
            if (ahead.peek() >> 1) >> (63 - len) != u64::from(value) {
                return false;
            }
            ahead.consume(len);
        }
        *bits = ahead;
        true
    }

    /// The number of an MCU; `column` counts from the first one, which has no number.
    fn index(&self, column: usize, row: usize) -> usize {
        (row - self.rows.start) * (self.columns.len() - 1) + column - 1
    }

    fn pieces(&self, first: usize, end: usize) -> &[(u32, u32)] {
        let from = first.checked_sub(1).map_or(0, |before| self.ends[before]);
        let to = end.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.bits.0[from..to]
    }
}

/// The blocks of an MCU; `None` when the picture shows through one.
pub(super) fn mcu(sheet: &Sheet, slots: &[Slot], (column, row): (usize, usize)) -> Option<Vec<Placed>> {
    let mut blocks = Vec::new();
    for slot in slots {
        for y in row * slot.v..(row + 1) * slot.v {
            for x in column * slot.h..(column + 1) * slot.h {
                let drawn = sheet.block(slot.plane, x, y)?;
                blocks.push(Placed { drawn, is_covered: true, is_kept: true });
            }
        }
    }
    Some(blocks)
}
