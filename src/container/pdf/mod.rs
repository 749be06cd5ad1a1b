//! PDF (ISO 32000-2): where its objects stand, and single ones of them. Only what is asked for is read: a document of
//! gigabytes costs its table of objects.
//!
//! `lopdf` reads a whole document into memory and recurses as deep as the file says (its issue 532).

mod content;
mod filters;
pub(crate) mod pages;
pub(crate) mod raw;
mod stream;
pub(crate) mod syntax;
mod table;
pub(crate) mod update;

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

pub(crate) use self::content::Balance;
use self::{
    raw::{Raw, RawDictionary},
    stream::Decoded,
    syntax::{Dictionary, Object, Parser},
    table::Place,
};
use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, length, read_at},
};

/// Bytes that are read first for an object; dictionaries of labels are smaller.
const WINDOW: u64 = 4096;

pub(crate) struct Document<'a> {
    source: &'a mut dyn Source,
    len: u64,
    /// Where the header stands: offsets count from there.
    base: u64,
    places: BTreeMap<u32, Place>,
    pub(crate) trailer: Dictionary,
    /// The table of objects was damaged, and made anew from what stands in the file.
    pub(crate) rebuilt: bool,
    /// The table that a reader meets first.
    newest: Option<Newest>,
    /// An encrypted document says that its metadata are not: 7.6.4.2.
    open_metadata: bool,
    /// Object streams that were unpacked, as many as fit into memory.
    packed: BTreeMap<u32, Option<Packed>>,
    packed_bytes: u64,
}

/// The newest table of objects.
#[derive(Clone, Copy, Debug)]
struct Newest {
    /// Where it starts, as the file says it.
    at: u64,
    /// Where its dictionary starts, from the start of the file.
    dictionary: u64,
    /// It is a stream: 7.5.8.
    is_stream: bool,
}

/// An object stream: 7.5.7.
struct Packed {
    bytes: Vec<u8>,
    /// The offset of each object, by its number.
    index: BTreeMap<u32, usize>,
}

impl Packed {
    /// What it takes in memory, about.
    fn cost(&self) -> u64 {
        (self.bytes.len() + 32 * self.index.len()) as u64
    }
}

/// A stream, unpacked or not.
pub(crate) struct Stream {
    pub(crate) dictionary: Dictionary,
    /// Its data as stored.
    pub(crate) range: Range<u64>,
    /// What it holds; a sentence where that cannot be read.
    pub(crate) bytes: Result<Vec<u8>, &'static str>,
}

/// Passes over the head of an indirect object with this number; returns its generation.
fn head(parser: &mut Parser, wanted: Option<u32>) -> Option<u16> {
    let number = parser.unsigned()?;
    let generation = parser.unsigned()?;
    parser.blank();
    if !parser.take("obj") || wanted.is_some_and(|wanted| number != u64::from(wanted)) {
        return None;
    }
    // 7.5.4: no generation is higher than 65,535.
    u16::try_from(generation).ok()
}

/// Where the header stands; it may follow other bytes (annex H of PDF 1.7, note 13).
pub(crate) fn header(head: &[u8]) -> Option<usize> {
    memchr::memmem::find(head.get(..1024.min(head.len()))?, b"%PDF-")
}

impl<'a> Document<'a> {
    /// Reads the tables of objects, from the newest to the oldest.
    pub(crate) fn open(source: &'a mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let head = read_at(source, Format::Pdf, 0, len.min(1024))?;
        let base = header(&head).unwrap_or_default() as u64;
        let mut document = Self {
            source,
            len,
            base,
            places: BTreeMap::new(),
            trailer: Dictionary::default(),
            rebuilt: false,
            newest: None,
            open_metadata: false,
            packed: BTreeMap::new(),
            packed_bytes: 0,
        };
        document.tables(budget)?;
        let root = document.trailer.get("Root").cloned();
        let root = document.resolve(root.as_ref(), budget)?.and_then(Object::dictionary);
        if root.is_none() && !document.encrypted() {
            document.rebuild(budget)?;
        }
        let encryption = document.trailer.get("Encrypt").cloned();
        let encryption = document.resolve(encryption.as_ref(), budget)?.and_then(Object::dictionary);
        document.open_metadata =
            encryption.is_some_and(|it| it.get("EncryptMetadata") == Some(&Object::Boolean(false)));
        Ok(document)
    }

    /// Whether strings and streams are encrypted.
    pub(crate) fn encrypted(&self) -> bool {
        self.trailer.get("Encrypt").is_some_and(|it| *it != Object::Other)
    }

    /// The object itself, where it is referred to; `None` where there is none.
    pub(crate) fn resolve(&mut self, object: Option<&Object>, budget: &mut Budget) -> Result<Option<Object>> {
        let mut object = object.cloned();
        // A reference may lead to a reference.
        for _ in 0..8 {
            match object {
                Some(Object::Reference(number)) => object = self.object(number, budget)?,
                other => return Ok(other),
            }
        }
        Ok(None)
    }

    /// A dictionary under `key`, itself or referred to.
    pub(crate) fn dictionary(&mut self, of: &Dictionary, key: &str, budget: &mut Budget) -> Result<Option<Dictionary>> {
        Ok(self.resolve(of.get(key), budget)?.and_then(Object::dictionary))
    }

    fn object(&mut self, number: u32, budget: &mut Budget) -> Result<Option<Object>> {
        match self.places.get(&number).copied() {
            Some(Place::At(at)) => Ok(self.indirect(at, Some(number), budget)?.map(|(object, _)| object)),
            Some(Place::In(container)) => self.compressed(container, number, budget),
            None => Ok(None),
        }
    }

    /// The object that stands at `at`, which says of itself that it has this number, and where what follows it starts.
    fn indirect(&mut self, at: u64, wanted: Option<u32>, budget: &mut Budget) -> Result<Option<(Object, u64)>> {
        let found = self.window(at, budget, |parser, budget| {
            if head(parser, wanted).is_none() {
                return Ok(None);
            }
            let object = parser.object(budget)?;
            parser.blank();
            Ok(object)
        })?;
        Ok(found)
    }

    /// The object with this number as it is written.
    pub(crate) fn raw(&mut self, number: u32, budget: &mut Budget) -> Result<Option<Raw>> {
        match self.places.get(&number).copied() {
            Some(Place::At(at)) => {
                let found = self.window(at, budget, |parser, budget| {
                    let Some(generation) = head(parser, Some(number)) else { return Ok(None) };
                    parser.blank();
                    let start = parser.at;
                    let whole = parser.object(budget)?.is_some();
                    Ok(whole.then(|| Raw { generation, bytes: parser.since(start).to_vec() }))
                })?;
                Ok(found.map(|(raw, _)| raw))
            }
            Some(Place::In(container)) => self.in_packed(container, number, budget, |parser, budget| {
                parser.blank();
                let start = parser.at;
                let whole = parser.object(budget)?.is_some();
                // 7.5.7: the generation of what stands in an object stream is 0.
                Ok(whole.then(|| Raw { generation: 0, bytes: parser.since(start).to_vec() }))
            }),
            None => Ok(None),
        }
    }

    /// The dictionary with this number as it is written, and its generation.
    pub(crate) fn raw_dictionary(&mut self, number: u32, budget: &mut Budget) -> Result<Option<(RawDictionary, u16)>> {
        let Some(Raw { generation, bytes }) = self.raw(number, budget)? else { return Ok(None) };
        Ok(RawDictionary::read(bytes, budget)?.map(|dictionary| (dictionary, generation)))
    }

    /// A value as it is written: the object itself, where it is referred to.
    pub(crate) fn raw_value(&mut self, value: &[u8], budget: &mut Budget) -> Result<Option<Vec<u8>>> {
        let mut value = value.to_vec();
        for _ in 0..8 {
            match raw::object(&value, budget)? {
                Some(Object::Reference(number)) => match self.raw(number, budget)? {
                    Some(raw) => value = raw.bytes,
                    None => return Ok(None),
                },
                Some(_) => return Ok(Some(value)),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Reads at `at`, more and more until `read` gets to an end; returns what it read and where it stopped.
    fn window<T>(
        &mut self,
        at: u64,
        budget: &mut Budget,
        read: impl Fn(&mut Parser, &mut Budget) -> Result<Option<T>>,
    ) -> Result<Option<(T, u64)>> {
        let mut len = WINDOW;
        loop {
            budget.part()?;
            let rest = self.len.saturating_sub(at);
            let take = len.min(rest);
            if len > WINDOW {
                budget.metadata(take)?;
            }
            let bytes = read_at(self.source, Format::Pdf, at.min(self.len), take)?;
            let mut parser = Parser::new(&bytes);
            let found = read(&mut parser, budget)?;
            let next = len.saturating_mul(4);
            if parser.cut && take < rest && next <= budget.limits().max_metadata_bytes {
                len = next;
                continue;
            }
            return Ok(found.map(|found| (found, at + parser.at as u64)));
        }
    }

    /// An object in an object stream.
    fn compressed(&mut self, container: u32, number: u32, budget: &mut Budget) -> Result<Option<Object>> {
        self.in_packed(container, number, budget, |parser, budget| parser.object(budget))
    }

    /// Reads what stands in an object stream under this number.
    fn in_packed<T>(
        &mut self,
        container: u32,
        number: u32,
        budget: &mut Budget,
        read: impl Fn(&mut Parser, &mut Budget) -> Result<Option<T>>,
    ) -> Result<Option<T>> {
        if !self.packed.contains_key(&container) {
            // Seen before it is read: a stream that stands in itself is none.
            self.packed.insert(container, None);
            let packed = self.unpack(container, budget)?;
            let bytes = packed.as_ref().map_or(0, Packed::cost);
            if self.packed_bytes.saturating_add(bytes) > budget.limits().max_metadata_bytes {
                // What was unpacked before is unpacked again where it is needed; what is being read stays marked.
                self.packed.retain(|_, packed| packed.is_none());
                self.packed_bytes = 0;
            }
            self.packed_bytes += bytes;
            self.packed.insert(container, packed);
        }
        let Some(Some(packed)) = self.packed.get(&container) else { return Ok(None) };
        let Some(at) = packed.index.get(&number) else { return Ok(None) };
        budget.part()?;
        read(&mut Parser::new(packed.bytes.get(*at..).unwrap_or_default()), budget)
    }

    fn unpack(&mut self, container: u32, budget: &mut Budget) -> Result<Option<Packed>> {
        let Some(Place::At(at)) = self.places.get(&container).copied() else { return Ok(None) };
        let Some(stream) = self.stream_at(at, Some(container), true, budget)? else { return Ok(None) };
        let (Ok(bytes), Some(count), Some(first)) =
            (stream.bytes, stream.dictionary.integer("N"), stream.dictionary.integer("First"))
        else {
            return Ok(None);
        };
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        let mut parser = Parser::new(&bytes);
        let mut index = BTreeMap::new();
        for _ in 0..count {
            budget.part()?;
            let (Some(number), Some(at)) = (parser.unsigned(), parser.unsigned()) else { break };
            let at = usize::try_from(at).ok().and_then(|at| at.checked_add(first));
            if let (Ok(number), Some(at)) = (u32::try_from(number), at) {
                index.entry(number).or_insert(at);
            }
        }
        Ok(Some(Packed { bytes, index }))
    }

    /// The stream with this number.
    pub(crate) fn stream(&mut self, number: u32, budget: &mut Budget) -> Result<Option<Stream>> {
        match self.places.get(&number).copied() {
            Some(Place::At(at)) => self.stream_at(at, Some(number), false, budget),
            _ => Ok(None),
        }
    }

    /// The dictionary of a stream, and where its data stand.
    fn stream_range(&mut self, number: u32, budget: &mut Budget) -> Result<Option<(Dictionary, Range<u64>)>> {
        match self.places.get(&number).copied() {
            Some(Place::At(at)) => self.range_at(at, Some(number), false, budget),
            _ => Ok(None),
        }
    }

    /// `plain`: its length stands in no object stream (7.5.7 says so for those themselves; else they could nest without end).
    fn range_at(
        &mut self,
        at: u64,
        number: Option<u32>,
        plain: bool,
        budget: &mut Budget,
    ) -> Result<Option<(Dictionary, Range<u64>)>> {
        let Some((Object::Dictionary(dictionary), end)) = self.indirect(at, number, budget)? else { return Ok(None) };
        let after = read_at(self.source, Format::Pdf, end, 8.min(self.len.saturating_sub(end)))?;
        // 7.3.8.1: a line feed follows, or both; a carriage return alone in careless files.
        let start = match after.strip_prefix(b"stream") {
            Some([b'\r', b'\n', ..]) => end + 8,
            Some([b'\n' | b'\r', ..]) => end + 7,
            _ => return Ok(None),
        };
        let len = match dictionary.get("Length") {
            Some(Object::Reference(number)) if plain => match self.places.get(number).copied() {
                Some(Place::At(at)) => self.indirect(at, Some(*number), budget)?.map(|(object, _)| object),
                _ => None,
            },
            other => self.resolve(other, budget)?,
        };
        let Some(Object::Integer(len)) = len else { return Ok(None) };
        let range = u64::try_from(len).ok().and_then(|len| Some(start..start.checked_add(len)?));
        Ok(range.filter(|range| range.end <= self.len).map(|range| (dictionary, range)))
    }

    fn stream_at(&mut self, at: u64, number: Option<u32>, plain: bool, budget: &mut Budget) -> Result<Option<Stream>> {
        let Some((dictionary, range)) = self.range_at(at, number, plain, budget)? else { return Ok(None) };
        let open = stream::is_open(&dictionary) || (dictionary.is("Type", "Metadata") && self.open_metadata);
        let locked = self.encrypted() && !open;
        let bytes = if locked {
            Err("it is encrypted")
        } else {
            match stream::read(self.source, &dictionary, range.clone(), budget)? {
                Decoded::Bytes(bytes) => Ok(bytes),
                Decoded::Not(why) => Err(why),
            }
        };
        Ok(Some(Stream { dictionary, range, bytes }))
    }

    /// Every file specification in the name tree of embedded files: 7.11.4 and 7.9.6.
    pub(crate) fn names(&mut self, tree: &Dictionary, budget: &mut Budget) -> Result<Vec<Object>> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open = vec![tree.clone()];
        while let Some(node) = open.pop() {
            budget.part()?;
            if let Some(Object::Array(pairs)) = self.resolve(node.get("Names"), budget)? {
                found.extend(pairs.into_iter().skip(1).step_by(2));
            }
            open.extend(self.kids(&node, &mut seen, budget)?);
        }
        Ok(found)
    }

    /// The nodes below one of a tree, each of them once.
    pub(crate) fn kids(
        &mut self,
        node: &Dictionary,
        seen: &mut BTreeSet<u32>,
        budget: &mut Budget,
    ) -> Result<Vec<Dictionary>> {
        let mut nodes = Vec::new();
        for kid in self.resolve(node.get("Kids"), budget)?.map(Object::items).unwrap_or_default() {
            budget.part()?;
            if matches!(kid, Object::Reference(number) if !seen.insert(number)) {
                continue;
            }
            nodes.extend(self.resolve(Some(&kid), budget)?.and_then(Object::dictionary));
        }
        Ok(nodes)
    }
}

#[cfg(test)]
mod tests;
