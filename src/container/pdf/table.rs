//! Where the objects of a document stand: cross-reference tables and streams (ISO 32000-2, 7.5.4 to 7.5.8), and what to do
//! when they are damaged.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use memchr::memmem;

use super::{
    Document, Newest,
    syntax::{Dictionary, Object, Parser},
};
use crate::{Format, Result, limits::Budget, stream::read_at};

/// Bytes before the end in which the offset of the newest table stands: annex H of PDF 1.7, note 18, and what is appended.
const TAIL: u64 = 4096;
/// Bytes read at a time where tables are made anew, and how much of them is read twice.
const STEP: u64 = 1 << 20;
const OVERLAP: u64 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At this byte of the file.
    At(u64),
    /// In the object stream with this number.
    In(u32),
}

impl Document<'_> {
    /// Follows the tables from the newest to the oldest. What is damaged is left out.
    pub(super) fn tables(&mut self, budget: &mut Budget) -> Result<()> {
        let tail_at = self.len.saturating_sub(TAIL);
        let tail = read_at(self.source, Format::Pdf, tail_at, self.len - tail_at)?;
        let Some(at) = memmem::rfind(&tail, b"startxref") else { return Ok(()) };
        let newest = Parser::new(&tail[at + 9..]).unsigned();
        let mut open: Vec<u64> = newest.into_iter().collect();
        let mut seen = BTreeSet::new();
        let mut free = BTreeSet::new();
        while let Some(at) = open.pop() {
            budget.part()?;
            let Some(at) = at.checked_add(self.base).filter(|&at| at < self.len && seen.insert(at)) else { continue };
            let (trailer, dictionary, is_stream) = match self.table(at, &mut free, budget)? {
                Some((trailer, dictionary)) => (trailer, dictionary, false),
                None => match self.table_stream(at, &mut free, budget)? {
                    Some(trailer) => (trailer, at, true),
                    None => continue,
                },
            };
            if let (Some(at), 1) = (newest, seen.len()) {
                self.newest = Some(Newest { at, dictionary, is_stream });
            }
            // The stream of a hybrid file counts before the older tables.
            let next = ["Prev", "XRefStm"].into_iter().filter_map(|key| trailer.integer(key));
            open.extend(next.filter_map(|at| u64::try_from(at).ok()));
            for (key, value) in trailer.0 {
                if self.trailer.0.iter().all(|(known, _)| *known != key) {
                    self.trailer.0.push((key, value));
                }
            }
        }
        Ok(())
    }

    /// A table: its trailer, and where that starts.
    fn table(&mut self, at: u64, free: &mut BTreeSet<u32>, budget: &mut Budget) -> Result<Option<(Dictionary, u64)>> {
        let read = self.window(at, budget, |parser, budget| {
            parser.blank();
            if !parser.take("xref") {
                return Ok(None);
            }
            let mut entries = Vec::new();
            loop {
                parser.blank();
                if parser.take("trailer") {
                    let start = parser.at;
                    let trailer = parser.object(budget)?.and_then(Object::dictionary);
                    return Ok(trailer.map(|trailer| (entries, trailer, start)));
                }
                let (Some(first), Some(count)) = (parser.unsigned(), parser.unsigned()) else { return Ok(None) };
                for number in (first..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
                    budget.part()?;
                    let (Some(at), Some(_)) = (parser.unsigned(), parser.unsigned()) else { return Ok(None) };
                    parser.blank();
                    let used = parser.take("n");
                    if !used && !parser.take("f") {
                        return Ok(None);
                    }
                    entries.extend(u32::try_from(number).ok().map(|number| (number, used.then_some(at))));
                }
            }
        })?;
        let Some(((entries, trailer, start), _)) = read else { return Ok(None) };
        for (number, at) in entries {
            self.add(number, at.and_then(|at| at.checked_add(self.base)).map(Place::At), free);
        }
        Ok(Some((trailer, at + start as u64)))
    }

    /// The same as a stream of numbers of fixed width.
    fn table_stream(&mut self, at: u64, free: &mut BTreeSet<u32>, budget: &mut Budget) -> Result<Option<Dictionary>> {
        let Some(stream) = self.stream_at(at, None, true, budget)? else { return Ok(None) };
        let dictionary = stream.dictionary;
        let (true, Ok(bytes)) = (dictionary.is("Type", "XRef"), stream.bytes) else { return Ok(None) };
        let numbers = |key| {
            let items = dictionary.get(key).cloned().map(Object::items)?;
            let number = |item: &Object| match item {
                Object::Integer(number) => u32::try_from(*number).ok(),
                _ => None,
            };
            items.iter().map(number).collect::<Option<Vec<u32>>>()
        };
        let Some(&[kind, second, third]) = numbers("W").as_deref() else { return Ok(None) };
        let widths = [kind, second, third].map(|width| usize::try_from(width).unwrap_or(usize::MAX));
        // Wider numbers than 64 bits, or none at all, are no table.
        let row: usize = widths.iter().copied().map(|width| width.min(9)).sum();
        if row == 0 || widths.iter().any(|&width| width > 8) {
            return Ok(None);
        }
        let ranges = match numbers("Index") {
            Some(ranges) => ranges,
            None => vec![0, dictionary.integer("Size").and_then(|size| u32::try_from(size).ok()).unwrap_or(0)],
        };
        let wanted = ranges.chunks_exact(2).flat_map(|range| range[0]..range[0].saturating_add(range[1]));
        for (number, line) in wanted.zip(bytes.chunks_exact(row)) {
            budget.part()?;
            let mut rest = line;
            let mut number_of = |width: usize| {
                let (bytes, after) = rest.split_at(width.min(rest.len()));
                rest = after;
                bytes.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
            };
            let kind = if widths[0] == 0 { 1 } else { number_of(widths[0]) };
            let second = number_of(widths[1]);
            let place = match kind {
                1 => second.checked_add(self.base).map(Place::At),
                2 => u32::try_from(second).ok().map(Place::In),
                _ => None,
            };
            self.add(number, place, free);
        }
        Ok(Some(dictionary))
    }

    /// The newest entry of a number counts, also where it says that the object was deleted.
    fn add(&mut self, number: u32, place: Option<Place>, free: &mut BTreeSet<u32>) {
        match (self.places.entry(number), place) {
            (Entry::Vacant(entry), Some(place)) if !free.contains(&number) => {
                entry.insert(place);
            }
            (Entry::Vacant(_), None) => {
                free.insert(number);
            }
            _ => {}
        }
    }

    /// Looks for objects in the whole file, as readers do when its tables are damaged. Of two with one number the last counts.
    pub(super) fn rebuild(&mut self, budget: &mut Budget) -> Result<()> {
        self.rebuilt = true;
        self.places.clear();
        self.packed.clear();
        self.packed_bytes = 0;
        let (mut trailers, mut catalog, mut last) = (Vec::new(), None, None);
        let mut at = 0;
        while at < self.len {
            budget.part()?;
            let bytes = read_at(self.source, Format::Pdf, at, STEP.min(self.len - at))?;
            let mut marks: BTreeMap<usize, &[u8]> = BTreeMap::new();
            for mark in [&b" obj"[..], b"trailer", b"/Catalog"] {
                marks.extend(memmem::find_iter(&bytes, mark).map(|at| (at, mark)));
            }
            for (offset, mark) in marks {
                budget.part()?;
                match mark {
                    b" obj" => {
                        let Some((number, start)) = numbers_before(&bytes[..offset]) else { continue };
                        self.places.insert(number, Place::At(at + start as u64));
                        last = Some(number);
                    }
                    b"/Catalog" => catalog = last.or(catalog),
                    _ => trailers.push(at + offset as u64),
                }
            }
            let step = bytes.len() as u64;
            at += if at + step < self.len { step - OVERLAP } else { step };
        }
        for at in trailers.into_iter().rev().take(16) {
            let trailer = self.window(at + 7, budget, |parser, budget| parser.object(budget))?;
            if let Some((Object::Dictionary(trailer), _)) = trailer
                && trailer.get("Root").is_some()
            {
                self.trailer = trailer;
                return Ok(());
            }
        }
        if let (None, Some(catalog)) = (self.trailer.get("Root"), catalog) {
            self.trailer.0.push((b"Root".to_vec(), Object::Reference(catalog)));
        }
        Ok(())
    }
}

/// The number of the object that `bytes` end with the two numbers of, and where they start.
fn numbers_before(bytes: &[u8]) -> Option<(u32, usize)> {
    let digits = |end: usize| {
        let start = bytes[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        (start < end && end - start <= 10).then_some(start)
    };
    let generation = digits(bytes.len())?;
    let end = bytes[..generation].iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let start = digits(end).filter(|_| end < generation)?;
    Some((std::str::from_utf8(&bytes[start..end]).ok()?.parse().ok()?, start))
}
