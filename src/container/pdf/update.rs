//! An incremental update (ISO 32000-2, 7.5.6): objects behind the end of a document, and a table of them in the form of the last
//! one. The document itself stays, byte for byte.

use std::{collections::BTreeMap, io::Write as _, ops::Range};

use flate2::{Compression, write::ZlibEncoder};

use super::{
    Document, Newest, head,
    raw::RawDictionary,
    syntax::{Object, Parser},
};
use crate::{Error, Format, Result, limits::Budget, patch::Patch, stream::read_at};

/// No reader takes more objects: annex C of PDF 1.7.
const MAX_OBJECTS: u32 = 8_388_607;

/// What is appended.
pub(crate) struct Update {
    /// Length of the document, and where its header stands.
    len: u64,
    base: u64,
    newest: Newest,
    /// The trailer of the newest table.
    pub(crate) trailer: RawDictionary,
    next: u32,
    /// Where the objects start, counted from the header.
    places: BTreeMap<u32, (u64, u16)>,
    /// What stands before the place of the manifest, and behind it.
    before: Vec<u8>,
    slot: Option<usize>,
    behind: Vec<u8>,
}

impl Update {
    /// # Errors
    ///
    /// [`Error::Unsupported`] where the tables of objects are damaged: readers make them anew, each in its own way, and an update
    /// of what one of them reads is none of what another reads.
    pub(crate) fn new(document: &mut Document, budget: &mut Budget) -> Result<Self> {
        let damaged = || {
            let what = "its table of objects is damaged; repair it first, with `qpdf in.pdf out.pdf`";
            Error::unsupported(Format::Pdf, what)
        };
        let newest = document.newest.filter(|_| !document.rebuilt).ok_or_else(damaged)?;
        let found = document.window(newest.dictionary, budget, |parser, budget| {
            if newest.is_stream && head(parser, None).is_none() {
                return Ok(None);
            }
            parser.blank();
            let start = parser.at;
            let whole = parser.object(budget)?.is_some();
            Ok(whole.then(|| parser.since(start).to_vec()))
        })?;
        let trailer = match found {
            Some((bytes, _)) => RawDictionary::read(bytes, budget)?,
            None => None,
        };
        let trailer = trailer.filter(|trailer| trailer.get("Root").is_some()).ok_or_else(damaged)?;
        // Two of them that differ: a reader that merges trailers and one that does not see two documents.
        if trailer.object("Root", budget)?.as_ref() != document.trailer.get("Root") {
            return Err(damaged());
        }
        let size = document.trailer.integer("Size").and_then(|size| u32::try_from(size).ok()).unwrap_or(0);
        let highest = document.places.last_key_value().map_or(0, |(&number, _)| number);
        let next = size.max(highest.saturating_add(1)).max(1);
        let mut update = Self {
            len: document.len,
            base: document.base,
            newest,
            trailer,
            next,
            places: BTreeMap::new(),
            before: Vec::new(),
            slot: None,
            behind: Vec::new(),
        };
        if document.len > 0 {
            let last = read_at(document.source, Format::Pdf, document.len - 1, 1)?;
            if !matches!(last.first(), Some(b'\r' | b'\n')) {
                update.before.push(b'\n');
            }
        }
        Ok(update)
    }

    /// A number for a new object.
    pub(crate) fn reserve(&mut self) -> Result<u32> {
        let number = self.next;
        if number > MAX_OBJECTS {
            let why = format!("{number} objects, and readers take {MAX_OBJECTS} at most");
            return Err(Error::malformed(Format::Pdf, self.newest.dictionary, why));
        }
        self.next += 1;
        Ok(number)
    }

    /// Appends an object: a new one, or the new state of one.
    pub(crate) fn put(&mut self, number: u32, generation: u16, object: &[u8], budget: &mut Budget) -> Result<()> {
        budget.metadata(object.len() as u64)?;
        self.start(number, generation)?;
        let out = self.out();
        out.extend_from_slice(object);
        out.extend_from_slice(b"\nendobj\n");
        Ok(())
    }

    /// Appends a stream; `dictionary` is what stands in its dictionary but the length.
    pub(crate) fn stream(&mut self, number: u32, dictionary: &str, data: &[u8], budget: &mut Budget) -> Result<()> {
        let head = format!("<<{dictionary}/Length {}>>\nstream\n", data.len());
        self.put(number, 0, &[head.as_bytes(), data, b"\nendstream"].concat(), budget)
    }

    /// The same, compressed.
    pub(crate) fn packed(&mut self, number: u32, dictionary: &str, data: &[u8], budget: &mut Budget) -> Result<()> {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        packed.write_all(data)?;
        let packed = packed.finish()?;
        self.stream(number, &format!("{dictionary}/Filter/FlateDecode"), &packed, budget)
    }

    /// Appends the stream that the manifest of this length comes into.
    pub(crate) fn manifest(&mut self, number: u32, dictionary: &str, len: usize) -> Result<()> {
        self.start(number, 0)?;
        let head = format!("<<{dictionary}/Length {len}>>\nstream\n");
        self.out().extend_from_slice(head.as_bytes());
        self.slot = Some(len);
        self.out().extend_from_slice(b"\nendstream\nendobj\n");
        Ok(())
    }

    /// Writes the table, and hands all over to `patch`.
    pub(crate) fn finish(mut self, patch: &mut Patch) -> Result<()> {
        let table = self.at();
        if self.newest.is_stream {
            // The table itself is one of its objects.
            let number = self.reserve()?;
            self.start(number, 0)?;
            let wide = self.at() > u64::from(u32::MAX);
            let data = self.rows(wide);
            let ranges: Vec<_> = self.ranges().iter().map(|range| format!("{} {}", range.start, range.len())).collect();
            for key in ["Filter", "DecodeParms", "XRefStm"] {
                self.trailer.remove(key);
            }
            self.trailer.set("W", if wide { "[1 8 2]" } else { "[1 4 2]" });
            self.trailer.set("Index", format!("[{}]", ranges.join(" ")));
            self.trailer.set("Length", data.len().to_string());
            self.numbers();
            let dictionary = self.trailer.write();
            let out = self.out();
            for part in [&dictionary[..], b"\nstream\n", &data, b"\nendstream\nendobj\n"] {
                out.extend_from_slice(part);
            }
        } else {
            let mut text = "xref\n".to_owned();
            for range in self.ranges() {
                text += &format!("{} {}\n", range.start, range.len());
                for number in range {
                    let (at, generation) = self.places.get(&number).copied().unwrap_or_default();
                    if at > 9_999_999_999 {
                        let why = "objects behind the first 10 GB have no place in a table of this form (7.5.4)";
                        return Err(Error::unsupported(Format::Pdf, why));
                    }
                    text += &format!("{at:010} {generation:05} n\r\n");
                }
            }
            // What a hybrid document hides in a stream is found through the older table.
            self.trailer.remove("XRefStm");
            self.numbers();
            let dictionary = self.trailer.write();
            let out = self.out();
            for part in [text.as_bytes(), b"trailer\n", &dictionary, b"\n"] {
                out.extend_from_slice(part);
            }
        }
        let end = format!("startxref\n{table}\n%%EOF\n");
        self.out().extend_from_slice(end.as_bytes());
        patch.insert(self.len, self.before);
        if let Some(len) = self.slot {
            patch.slot(self.len, len, Box::new(<[u8]>::to_vec));
        }
        patch.insert(self.len, self.behind);
        Ok(())
    }

    fn numbers(&mut self) {
        self.trailer.set("Prev", self.newest.at.to_string());
        self.trailer.set("Size", self.next.to_string());
    }

    fn start(&mut self, number: u32, generation: u16) -> Result<()> {
        if self.places.insert(number, (self.at(), generation)).is_some() {
            let what =
                format!("its object {number} is two things at once, such as a page and the catalog; repair it first");
            return Err(Error::unsupported(Format::Pdf, what));
        }
        let head = format!("{number} {generation} obj\n");
        self.out().extend_from_slice(head.as_bytes());
        Ok(())
    }

    fn out(&mut self) -> &mut Vec<u8> {
        if self.slot.is_some() { &mut self.behind } else { &mut self.before }
    }

    /// Where the next byte will stand, counted from the header.
    fn at(&self) -> u64 {
        let appended = self.before.len() as u64 + self.slot.unwrap_or_default() as u64 + self.behind.len() as u64;
        self.len - self.base.min(self.len) + appended
    }

    /// The numbers of the objects, runs of them together.
    fn ranges(&self) -> Vec<Range<u32>> {
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for &number in self.places.keys() {
            match ranges.last_mut() {
                Some(last) if last.end == number => last.end += 1,
                _ => ranges.push(number..number + 1),
            }
        }
        ranges
    }

    /// The table as numbers of 1, 8 or 4, and 2 bytes: 7.5.8.3. Not all readers take wide ones.
    fn rows(&self, wide: bool) -> Vec<u8> {
        let row = |&(at, generation): &(u64, u16)| {
            let at = at.to_be_bytes();
            [&[1][..], &at[if wide { 0 } else { 4 }..], &generation.to_be_bytes()].concat()
        };
        self.places.values().flat_map(row).collect()
    }
}

/// The reference to an object.
pub(crate) fn reference(number: u32, generation: u16) -> Vec<u8> {
    format!("{number} {generation} R").into_bytes()
}

/// The number that a reference as it is written leads to.
pub(crate) fn referred(value: &[u8], budget: &mut Budget) -> Result<Option<u32>> {
    Ok(match Parser::new(value).object(budget)? {
        Some(Object::Reference(number)) => Some(number),
        _ => None,
    })
}
