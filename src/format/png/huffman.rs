//! Prefix codes of deflate as look-up tables: RFC 1951, 3.2.2 to 3.2.7.

/// Bits looked up at once.
const MAIN: u32 = 11;
/// Length of the longest code.
const LONGEST: usize = 15;

/// What a code stands for, packed into a number; 0 is no code.
///
/// Bits 0 to 3: how many bits to consume. Bits 4 and 5: how many literals follow. Bit 6: end of block. Bit 7: link to a
/// sub-table. Above: up to three literals of 8 bits; or extra bits (8 to 15) and base (16 to 31) of a length or distance;
/// or index bits (8 to 15) and start (16 to 31) of a sub-table.
#[derive(Clone, Copy, Default)]
pub(super) struct Entry(u32);

impl Entry {
    const END: u32 = 1 << 6;
    const LINK: u32 = 1 << 7;

    fn literal(value: usize) -> Self {
        Self(1 << 4 | (value as u32) << 8)
    }

    fn range(base: u16, extra: u8) -> Self {
        Self(u32::from(base) << 16 | u32::from(extra) << 8)
    }

    /// Bits to consume; 0 where no code is.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 15
    }

    #[inline(always)]
    pub(super) fn literals(self) -> usize {
        (self.0 >> 4 & 3) as usize
    }

    /// The literals, the first in the first byte; what follows them is noise.
    #[inline(always)]
    pub(super) fn bytes(self) -> [u8; 4] {
        (self.0 >> 8).to_le_bytes()
    }

    #[inline(always)]
    pub(super) fn is_end(self) -> bool {
        self.0 & Self::END != 0
    }

    #[inline(always)]
    pub(super) fn is_link(self) -> bool {
        self.0 & Self::LINK != 0
    }

    #[inline(always)]
    pub(super) fn extra(self) -> u32 {
        self.0 >> 8 & 255
    }

    #[inline(always)]
    pub(super) fn base(self) -> usize {
        (self.0 >> 16) as usize
    }
}

/// One prefix code.
pub(super) struct Table {
    main: Box<[Entry; 1 << MAIN]>,
    /// The same before literals were joined.
    singles: Box<[Entry; 1 << MAIN]>,
    subs: Vec<Entry>,
}

impl Table {
    pub(super) fn new() -> Self {
        let empty = Box::new([Entry::default(); 1 << MAIN]);
        Self { main: empty.clone(), singles: empty, subs: Vec::new() }
    }

    /// The entry for the next bits, of which the lowest comes first.
    #[inline(always)]
    pub(super) fn look(&self, bits: u64) -> Entry {
        self.main[(bits & ((1 << MAIN) - 1)) as usize]
    }

    /// The same with one literal at most.
    #[inline(always)]
    pub(super) fn single(&self, bits: u64) -> Entry {
        self.singles[(bits & ((1 << MAIN) - 1)) as usize]
    }

    /// The entry that `link` leads to; `bits` are those behind the link's.
    #[inline(always)]
    pub(super) fn follow(&self, link: Entry, bits: u64) -> Entry {
        let index = link.base() + (bits & ((1 << link.extra()) - 1)) as usize;
        self.subs.get(index).copied().unwrap_or_default()
    }

    /// Literals and lengths (3.2.5); several literals whose codes fit together are looked up together.
    pub(super) fn literals(&mut self, lengths: &[u8]) -> Option<()> {
        self.build(lengths, |symbol| match symbol {
            0..=255 => Entry::literal(symbol),
            256 => Entry(Entry::END),
            _ => LENGTHS.get(symbol - 257).map_or(Entry::default(), |&(base, extra)| Entry::range(base, extra)),
        })?;
        self.singles.copy_from_slice(&self.main[..]);
        for (index, entry) in self.main.iter_mut().enumerate() {
            for _ in 0..2 {
                let (used, count) = (entry.bits(), entry.literals());
                let next = self.singles[index >> used];
                if count == 0 || next.literals() == 0 || used + next.bits() > MAIN {
                    break;
                }
                let values = entry.0 >> 8 | (next.0 >> 8) << (8 * count);
                *entry = Entry(values << 8 | (count as u32 + 1) << 4 | (used + next.bits()));
            }
        }
        Some(())
    }

    pub(super) fn distances(&mut self, lengths: &[u8]) -> Option<()> {
        self.build(lengths, |symbol| {
            DISTANCES.get(symbol).map_or(Entry::default(), |&(base, extra)| Entry::range(base, extra))
        })
    }

    /// The code of code lengths (3.2.7): its symbols look like literals.
    pub(super) fn lengths(&mut self, lengths: &[u8]) -> Option<()> {
        self.build(lengths, Entry::literal)
    }

    /// `None` for lengths that are no prefix code, and for codes that leave bits unused: only a single code of one bit
    /// may (3.2.7).
    fn build(&mut self, lengths: &[u8], entry: impl Fn(usize) -> Entry) -> Option<()> {
        let starts = starts(lengths)?;
        self.main.fill(Entry::default());
        self.subs.clear();
        // How many bits more than MAIN the codes behind each prefix take.
        let mut deep = [0u8; 1 << MAIN];
        let mut next = starts;
        let coded = || lengths.iter().enumerate().filter(|(_, length)| **length > 0);
        for (_, &length) in coded().filter(|(_, length)| u32::from(**length) > MAIN) {
            let prefix = turned(&mut next, length) as usize & ((1 << MAIN) - 1);
            deep[prefix] = deep[prefix].max(length - MAIN as u8);
        }
        next = starts;
        for (symbol, &length) in coded() {
            let code = turned(&mut next, length) as usize;
            let (bits, found) = (u32::from(length), entry(symbol));
            // A symbol that stands for nothing has a code all the same; it must not be met.
            let with = |bits: u32| if found.0 == 0 { found } else { Entry(found.0 | bits) };
            if bits <= MAIN {
                self.main[code..].iter_mut().step_by(1 << bits).for_each(|to| *to = with(bits));
                continue;
            }
            let prefix = code & ((1 << MAIN) - 1);
            if self.main[prefix].0 == 0 {
                let start = self.subs.len();
                let index_bits = u32::from(deep[prefix]);
                self.main[prefix] = Entry((start as u32) << 16 | index_bits << 8 | Entry::LINK | MAIN);
                self.subs.resize(start + (1 << index_bits), Entry::default());
            }
            let link = self.main[prefix];
            let sub = self.subs.get_mut(link.base()..link.base() + (1 << link.extra()))?;
            sub[code >> MAIN..].iter_mut().step_by(1 << (bits - MAIN)).for_each(|to| *to = with(bits - MAIN));
        }
        Some(())
    }
}

/// The first code of each length (3.2.2); `None` where the lengths make no code.
fn starts(lengths: &[u8]) -> Option<[u32; LONGEST + 1]> {
    let mut counts = [0u32; LONGEST + 1];
    lengths.iter().for_each(|&length| counts[usize::from(length & 15)] += 1);
    counts[0] = 0;
    let (mut starts, mut code, mut left) = ([0; LONGEST + 1], 0u32, 1i32);
    for length in 1..=LONGEST {
        code = (code + counts[length - 1]) << 1;
        starts[length] = code;
        left = (left << 1) - counts[length] as i32;
        if left < 0 {
            return None;
        }
    }
    let used: u32 = counts.iter().sum();
    (left == 0 || used == 0 || used == 1 && counts[1] == 1).then_some(starts)
}

/// The next code of a length, first bit lowest, as it stands in the stream (3.1.1).
fn turned(next: &mut [u32; LONGEST + 1], length: u8) -> u32 {
    let code = next[usize::from(length & 15)];
    next[usize::from(length & 15)] += 1;
    code.reverse_bits() >> (32 - u32::from(length))
}

/// The code of one symbol, first bit lowest, and its length; `None` where it has none.
pub(super) fn code_of(symbol: usize, lengths: &[u8]) -> Option<(u32, u32)> {
    let length = *lengths.get(symbol).filter(|&&length| length > 0)?;
    let mut next = starts(lengths)?;
    next[usize::from(length & 15)] += lengths[..symbol].iter().filter(|&&other| other == length).count() as u32;
    Some((turned(&mut next, length), length.into()))
}

/// 3.2.5: base and extra bits of the length codes from 257 on.
const LENGTHS: [(u16, u8); 29] = {
    let mut table = [(0, 0); 29];
    let (mut base, mut i) = (3, 0);
    while i < 28 {
        let extra = if i < 8 { 0 } else { i as u8 / 4 - 1 };
        table[i] = (base, extra);
        base += 1 << extra;
        i += 1;
    }
    table[28] = (258, 0);
    table
};

/// 3.2.5: base and extra bits of the distance codes.
const DISTANCES: [(u16, u8); 30] = {
    let mut table = [(0, 0); 30];
    let (mut base, mut i) = (1, 0);
    while i < 30 {
        let extra = if i < 4 { 0 } else { i as u8 / 2 - 1 };
        table[i] = (base, extra);
        base += (1u32 << extra) as u16;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_those_of_the_rfc() {
        assert_eq!((LENGTHS[7], LENGTHS[8], LENGTHS[27], LENGTHS[28]), ((10, 0), (11, 1), (227, 5), (258, 0)));
        assert_eq!((DISTANCES[3], DISTANCES[4], DISTANCES[29]), ((4, 0), (5, 1), (24577, 13)));
    }

    #[test]
    fn lengths_that_are_no_code_are_refused() {
        let mut table = Table::new();
        assert!(table.distances(&[1, 1, 1]).is_none());
        assert!(table.distances(&[2, 2]).is_none());
        assert!(table.distances(&[1]).is_some());
        assert!(table.distances(&[0, 0]).is_some());
        assert!(table.distances(&[1, 1]).is_some());
    }
}
