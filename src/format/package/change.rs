//! What a label changes in a document: some of its parts, and nothing else in the archive.

use std::{collections::BTreeMap, ops::Range};

use super::{Element, Package, STORE};
use crate::{
    Error, Result,
    container::{
        xml::Fault,
        zip::{Change, Edits, Packed, extents},
    },
    format::{Label, Marked},
    limits::Budget,
};

/// Bytes of a part that are looked at for the places of a label: they stand near its head.
const HEAD: u64 = 8 << 20;

/// The head of a part that is edited.
pub(in crate::format) struct Part {
    index: usize,
    pub(in crate::format) name: String,
    pub(in crate::format) text: String,
    /// Bytes in front of the text.
    mark: u64,
    /// Whether this is all of it.
    pub(in crate::format) whole: bool,
}

/// Edits of parts, and parts that are added.
#[derive(Default)]
pub(in crate::format) struct Changes {
    edits: BTreeMap<usize, Edits>,
    added: Vec<(String, String)>,
}

impl Changes {
    pub(in crate::format) fn replace(&mut self, part: &Part, range: Range<usize>, with: impl Into<String>) {
        let range = part.mark + range.start as u64..part.mark + range.end as u64;
        self.edits.entry(part.index).or_default().push((range, with.into().into_bytes()));
    }

    /// Puts `content` in front of everything in an element.
    pub(in crate::format) fn first_in(&mut self, part: &Part, element: &Element, content: &str) {
        let end = element.tag.end;
        if element.empty {
            // Two bytes end such a tag: XML 1.0, 3.1.
            self.replace(part, end.saturating_sub(2)..end, format!(">{content}</{}>", element.name.raw));
        } else {
            self.replace(part, end..end, content);
        }
    }

    /// Puts `content` behind everything in an element, whose end tag stands there.
    pub(in crate::format) fn last_in(&mut self, part: &Part, element: &Element, close: &Range<usize>, content: &str) {
        if element.empty {
            self.first_in(part, element, content);
        } else {
            self.replace(part, close.start..close.start, content);
        }
    }

    /// Takes out the older notices that a new one replaces.
    pub(in crate::format) fn drop_all(&mut self, part: &Part, ranges: &[Range<u64>]) {
        for range in ranges {
            let within = |at: u64| usize::try_from(at).ok().filter(|&at| at <= part.text.len());
            if let (Some(start), Some(end)) = (within(range.start), within(range.end)) {
                self.replace(part, start..end, "");
            }
        }
    }

    pub(in crate::format) fn add(&mut self, name: impl Into<String>, content: String) {
        self.added.push((name.into(), content));
    }
}

impl Package<'_> {
    /// The head of a part that is edited, which must be there and be UTF-8.
    pub(in crate::format) fn part(&mut self, name: &str, budget: &mut Budget) -> Result<Part> {
        let directory = self.directory.start;
        let index = match self.indices(name).as_slice() {
            [index] => *index,
            [] => return Err(Error::malformed(self.format, directory, format!("there is no part called {name}"))),
            _ => return Err(Error::malformed(self.format, directory, format!("two parts are called {name}"))),
        };
        let entry = &self.directory.entries[index];
        let refuse = |why: &str| Error::malformed(self.format, entry.at, format!("{name} cannot be read: {why}"));
        let (mut bytes, more) = entry.head(self.source, self.format, HEAD, budget)?.map_err(refuse)?;
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let end = match std::str::from_utf8(&bytes) {
            Ok(text) => text.len(),
            // A character is cut where the head ends.
            Err(fault) if more && fault.error_len().is_none() => fault.valid_up_to(),
            Err(fault) => {
                let why = format!("byte {} of it is not UTF-8: save it as UTF-8 first", fault.valid_up_to());
                return Err(refuse(&why));
            }
        };
        bytes.truncate(end);
        let text = String::from_utf8(bytes.split_off(mark)).map_err(|_| refuse("it is not UTF-8"))?;
        if let Some(encoding) = declared(&text).filter(|encoding| !encoding.eq_ignore_ascii_case("utf-8")) {
            return Err(refuse(&format!("it says that it is {encoding}: save it as UTF-8 first")));
        }
        Ok(Part { index, name: entry.name.clone(), text, mark: mark as u64, whole: !more })
    }

    /// A part in which no place for the label was found.
    pub(in crate::format) fn no_place(&self, part: &Part, fault: Option<Fault>) -> Error {
        let why = match fault {
            Some(Fault::Limit(error)) => return error,
            Some(Fault::Malformed { at, why }) if part.whole => format!("at byte {at} of it: {why}"),
            _ if part.whole => "what a label goes into is not there".to_owned(),
            _ => format!("what a label goes into does not stand in its first {HEAD} bytes"),
        };
        let at = self.directory.entries[part.index].at;
        Error::malformed(self.format, at, format!("{} cannot be labelled: {why}", part.name))
    }

    /// Refuses a document that holds a part whose name starts so.
    pub(in crate::format) fn refuse(&self, start: &str, why: &str) -> Result<()> {
        let named = |name: &str| name.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start));
        match self.directory.entries.iter().find(|entry| named(&entry.name)) {
            Some(entry) => {
                let what = format!("{why} ({} at byte {})", entry.name, entry.at);
                Err(Error::unsupported(self.format, what))
            }
            None => Ok(()),
        }
    }

    /// The names of the parts of the result but the manifest.
    pub(in crate::format) fn names(&self, changes: &Changes) -> Vec<String> {
        let kept = self.directory.entries.iter().map(|entry| &entry.name).filter(|name| *name != STORE);
        kept.chain(changes.added.iter().map(|(name, _)| name)).cloned().collect()
    }

    /// Makes the changes edits of the archive, and gives the manifest its place.
    pub(in crate::format) fn patch(
        self,
        changes: Changes,
        label: &Label,
        mut marked: Marked,
        budget: &mut Budget,
    ) -> Result<Marked> {
        let Self { source, format, directory, .. } = self;
        let signed = label.store_len.is_some();
        let extents = extents(&directory, signed && !label.beside, source, format, budget)?;
        let mut change = Change::default();
        for (index, mut edits) in changes.edits {
            edits.sort_by_key(|(range, _)| (range.start, range.end));
            change.replaced.insert(index, directory.entries[index].edited(&edits, source, format, budget)?);
        }
        for (name, content) in changes.added {
            // An archive without compression stays one: c2pa 0.90 reads no other.
            change.added.push((name, Packed::new(content.as_bytes(), directory.compresses())?));
        }
        if signed {
            let stores = directory.entries.iter().enumerate().filter(|(_, entry)| entry.name == STORE);
            change.removed = stores.map(|(index, _)| index).collect();
        }
        change.slot = label.store_len.filter(|_| !label.beside).map(|len| (STORE, len));
        marked.patch = change.patch(&directory, &extents, source, format)?;
        if signed && label.beside {
            marked.patch.beside();
        }
        Ok(marked)
    }
}

/// The encoding that an XML declaration names.
fn declared(text: &str) -> Option<&str> {
    let declaration = text.strip_prefix("<?xml")?.split("?>").next()?;
    let rest = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}
