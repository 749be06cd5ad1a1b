//! Documents that are ZIP archives: what Office Open XML, OpenDocument and EPUB have in common.

mod change;
mod lines;
mod scan;

use std::collections::BTreeSet;

pub(super) use change::{Changes, Part};
pub(super) use lines::{Paragraphs, Shown, hex, rtl, wide};
pub(super) use scan::{Element, Step, scan};

use super::{Archive, Member, Store, Survey, TextField};
use crate::{
    Format, Result,
    container::{
        xml::{Fault, Item, Walk},
        xmp::decode,
        zip::{Directory, Entry, Extent, directory, is_directory},
    },
    limits::Budget,
    stream::{Source, length, read_block},
};

/// Where the manifest store stands: C2PA 2.4 §A.6.
const STORE: &str = "META-INF/content_credential.c2pa";

/// An archive that is read.
pub(super) struct Package<'a> {
    source: &'a mut dyn Source,
    format: Format,
    directory: Directory,
    pub(super) survey: Survey,
}

impl<'a> Package<'a> {
    /// Reads the directory and the manifest store.
    pub(super) fn open(source: &'a mut dyn Source, format: Format, budget: &mut Budget) -> Result<Self> {
        let directory = directory(source, format, budget)?;
        let survey = Survey { frames: 1, ..Survey::default() };
        let mut package = Self { source, format, directory, survey };
        for index in package.indices(STORE) {
            // Two of one name are two stores: which of them a reader takes is chance.
            budget.part()?;
            if let Some((range, jumbf)) = package.read(index, budget)? {
                package.survey.stores.push(Store { carrier: vec![range], jumbf });
            }
        }
        Ok(package)
    }

    /// Whether a part is there whose name starts so.
    pub(super) fn has(&self, start: &str) -> bool {
        self.directory.entries.iter().any(|entry| entry.name.starts_with(start))
    }

    /// The text of a part; `None`, said in the survey, where it cannot be read.
    pub(super) fn text(&mut self, name: &str, budget: &mut Budget) -> Result<Option<String>> {
        let indices = self.indices(name);
        let [index] = indices.as_slice() else {
            if !indices.is_empty() {
                let why = format!("{name} stands in the archive {} times: none of them was read", indices.len());
                self.survey.unread.push(why);
            }
            return Ok(None);
        };
        let Some((_, bytes)) = self.read(*index, budget)? else { return Ok(None) };
        let text = decode(&bytes).map(std::borrow::Cow::into_owned).map_err(|fault| self.faulty(name, &fault));
        Ok(text.ok())
    }

    /// The head of a part, for what stands near it; `None` where it is not there or is no text.
    pub(super) fn head(&mut self, name: &str, budget: &mut Budget) -> Result<Option<String>> {
        const HEAD: u64 = 1 << 20;
        let indices = self.indices(name);
        let [index] = indices.as_slice() else { return Ok(None) };
        let entry = &self.directory.entries[*index];
        let Ok((bytes, _)) = entry.head(self.source, self.format, HEAD, budget)? else { return Ok(None) };
        let end = match std::str::from_utf8(&bytes) {
            Err(fault) if fault.error_len().is_none() => fault.valid_up_to(),
            _ => bytes.len(),
        };
        Ok(decode(&bytes[..end]).ok().map(std::borrow::Cow::into_owned))
    }

    /// Takes a part apart as XML; `visit` gets each element when it ends, and the one around it.
    pub(super) fn leaves(
        &mut self,
        name: &str,
        budget: &mut Budget,
        mut visit: impl FnMut(&mut Survey, Leaf, Option<&Leaf>),
    ) -> Result<()> {
        let Some(text) = self.text(name, budget)? else { return Ok(()) };
        let mut walk = Walk::new(&text);
        let mut open: Vec<Leaf> = Vec::new();
        loop {
            let node = match walk.next(budget) {
                Ok(Some(node)) => node,
                Ok(None) => return Ok(()),
                Err(fault) => {
                    self.faulty(name, &fault);
                    return Ok(());
                }
            };
            match node.item {
                Item::Open { name: element, attributes, empty } => {
                    let attributes = attributes.iter().map(|one| (one.name.local.to_owned(), one.value().into_owned()));
                    let leaf = Leaf {
                        name: element.local.to_owned(),
                        attributes: attributes.collect(),
                        text: String::new(),
                        place: format!("{name} at byte {}", node.range.start),
                    };
                    if empty {
                        visit(&mut self.survey, leaf, open.last());
                    } else {
                        open.push(leaf);
                    }
                }
                Item::Text(text) => {
                    if let Some(leaf) = open.last_mut() {
                        leaf.text.push_str(&text);
                    }
                }
                Item::Close => {
                    if let Some(leaf) = open.pop() {
                        visit(&mut self.survey, leaf, open.last());
                    }
                }
                _ => {}
            }
        }
    }

    fn faulty(&mut self, name: &str, fault: &Fault) {
        let why = match fault {
            Fault::Malformed { at, why } => format!("{name} could not be read, at byte {at} of it: {why}"),
            Fault::Limit(error) => format!("{name} was not read to its end: {error}"),
        };
        self.survey.unread.push(why);
    }

    /// Entries that a reader may take for this name: OPC compares names without regard to case (ISO/IEC 29500-2, 6.3.5).
    fn indices(&self, name: &str) -> Vec<usize> {
        let named = |(_, entry): &(usize, &Entry)| entry.name.eq_ignore_ascii_case(name);
        self.directory.entries.iter().enumerate().filter(named).map(|(index, _)| index).collect()
    }

    fn read(&mut self, index: usize, budget: &mut Budget) -> Result<Option<(std::ops::Range<u64>, Vec<u8>)>> {
        let entry = &self.directory.entries[index];
        match entry.read(self.source, self.format, budget)? {
            Ok(part) => Ok(Some((part.range, part.bytes))),
            Err(why) => {
                self.survey.unread.push(format!("{} in the archive could not be read: {why}", entry.name));
                Ok(None)
            }
        }
    }
}

/// The parts of an archive as a hash over a collection names them. `None` where a part cannot be found, or two have one name.
pub(super) fn archive(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Option<Archive>> {
    let Directory { start, entries, .. } = directory(source, format, budget)?;
    let directory = std::iter::once(start..length(source)?).collect();
    let mut archive = Archive { members: Vec::new(), directory, left: Vec::new() };
    let (mut names, mut known) = (BTreeSet::new(), Vec::new());
    for entry in entries {
        let Ok(Extent { range, data }) = entry.extent(source, format)? else { return Ok(None) };
        if !names.insert(entry.name.clone()) {
            return Ok(None);
        }
        known.push(range.clone());
        if entry.name != STORE {
            archive.members.push(Member { name: entry.name.replace('\\', "/"), range, data });
        } else if let Some(rest) = archive.directory.pop() {
            // The checksum of the store is not known before the hash is.
            archive.directory.extend([rest.start..entry.checksum.start, entry.checksum.end..rest.end]);
        }
    }
    known.push(start..start);
    known.sort_by_key(|range| range.start);
    for pair in known.windows(2) {
        let gap = pair[0].end..pair[1].start;
        if !gap.is_empty() && is_directory(&read_block(source, format, gap.start, gap.end - gap.start, budget)?) {
            archive.left.push(gap);
        }
    }
    Ok(Some(archive))
}

/// An element with its own text.
pub(super) struct Leaf {
    pub(super) name: String,
    attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(super) place: String,
}

impl Leaf {
    /// The attributes of this name, of whatever namespace.
    pub(super) fn all<'b>(&'b self, wanted: &'b str) -> impl Iterator<Item = &'b str> {
        self.attributes.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// This text as a field of the survey; nothing where it is blank.
    pub(super) fn field(self, key: String, survey: &mut Survey) {
        let value = self.text.trim();
        if !value.is_empty() {
            survey.texts.push(TextField { place: self.place, key, value: value.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::format::{Handler, epub::Epub, ooxml::Ooxml, opendocument::OpenDocument, testing::survey};

    fn bytes(name: &str) -> Vec<u8> {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/text").join(name)).unwrap()
    }

    #[test]
    fn each_kind_is_known_by_what_is_inside() {
        let handlers: [&dyn Handler; 3] = [&Ooxml, &OpenDocument, &Epub];
        for (name, index, ending) in [
            ("aigc.docx", 0, "wordprocessingml.document"),
            ("plain.xlsx", 0, "spreadsheetml.sheet"),
            ("plain.pptx", 0, "presentationml.presentation"),
            ("aigc.odt", 1, "opendocument.text"),
            ("aigc.epub", 2, "epub+zip"),
        ] {
            let file = bytes(name);
            let known: Vec<_> = handlers.iter().map(|handler| handler.sniff(&file[..file.len().min(4096)])).collect();
            assert_eq!(known, (0..3).map(|at| at == index).collect::<Vec<_>>(), "{name}");
            let found = survey(handlers[index], &file).unwrap();
            assert!(found.media_type.ends_with(ending) && found.unread.is_empty(), "{name}: {found:?}");
            let labels: Vec<_> = found.texts.iter().filter(|text| text.key == "AIGC").collect();
            assert_eq!(labels.len(), usize::from(name.starts_with("aigc")), "{name}: {found:?}");
            assert!(labels.iter().all(|label| label.value.starts_with("{\"Label\":\"1\"")), "{name}");
        }
        assert!(handlers.iter().all(|handler| !handler.sniff(&bytes("other.zip"))));
    }

    #[test]
    fn the_store_is_carried_by_its_entry() {
        let file = bytes("store.docx");
        let found = survey(&Ooxml, &file).unwrap();
        let range = found.stores[0].carrier[0].clone();
        let entry = &file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
        assert!(entry.starts_with(b"PK\x03\x04") && entry.ends_with(&bytes("sidecar.c2pa")));
        assert_eq!(found.stores[0].jumbf, bytes("sidecar.c2pa"));
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let file = bytes("aigc.docx");
        assert!(survey(&Ooxml, &file[..file.len() - 30]).is_err(), "the directory is cut off");
        // The directory calls a part otherwise than its own header does.
        let mut renamed = file.clone();
        let at = renamed.windows(19).rposition(|part| part == b"docProps/custom.xml").unwrap();
        let local = renamed.windows(19).position(|part| part == b"docProps/custom.xml").unwrap();
        renamed[local] = b'D';
        assert!(local < at);
        let found = survey(&Ooxml, &renamed).unwrap();
        assert!(found.unread[0].contains("another name") && found.texts.iter().all(|text| text.key != "AIGC"));
        // No document without its list of types.
        let mut other = file;
        let at = other.windows(19).rposition(|part| part == b"[Content_Types].xml").unwrap();
        other[at] = b'(';
        assert!(matches!(survey(&Ooxml, &other), Err(crate::Error::UnknownFormat)));
    }
}
