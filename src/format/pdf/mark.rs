//! Puts a label into a document: an incremental update, so that what was there stays byte for byte.

use super::{
    direction::is_from_right,
    pages::Pages,
    refuse::{is_tagged, refuse, remarks},
};
use crate::{
    Error, Format, Result,
    container::pdf::{
        Document,
        raw::{self, RawDictionary, text_string},
        syntax::Object,
        update::{Update, reference, referred},
    },
    format::{Label, Marked, Survey},
    limits::Budget,
    patch::Patch,
    record::{self, Record},
    stream::Source,
};

/// The name of the manifest among the attachments.
const STORE: &str = "content_credential.c2pa";

pub(super) fn mark(source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
    let mut document = Document::open(source, budget)?;
    let document = &mut document;
    let root = refuse(document, budget)?;
    let mut marked = Marked::default();
    if label.prose.is_none() && label.record.is_none() && label.store_len.is_none() {
        return Ok(marked);
    }
    let mut update = Update::new(document, budget)?;
    let number = update.trailer.get("Root").map(|root| referred(root, budget)).transpose()?.flatten();
    let catalog = number.map(|number| document.raw_dictionary(number, budget)).transpose()?.flatten();
    let (Some(number), Some((mut catalog, generation))) = (number, catalog) else {
        let what =
            "its catalog stands where none may (ISO 32000-2, 7.5.5); repair it first, with `qpdf in.pdf out.pdf`";
        return Err(Error::unsupported(Format::Pdf, what));
    };
    if let Some(prose) = label.prose {
        let tagged = is_tagged(document, &root, budget)?;
        let from_right = is_from_right(document, &root, budget)?;
        Pages::new(label, prose, (tagged, from_right), budget).write(document, &mut update, &mut marked, budget)?;
    }
    if let Some(record) = label.record {
        metadata(document, &mut catalog, record, survey, &mut update, budget)?;
    }
    let xmp = survey.xmp.first().map(|block| block.bytes.as_slice()).unwrap_or_default();
    let inside = (label.record.is_some(), label.store_len.is_some() && !label.beside);
    marked.remarks.extend(remarks(document, &root, xmp, inside, budget)?);
    if let (Some(len), false) = (label.store_len, label.beside) {
        manifest(document, &mut catalog, len, label.record, &mut update, budget)?;
    }
    update.put(number, generation, &catalog.write(), budget)?;
    update.finish(&mut marked.patch)?;
    if label.beside {
        beside(survey, &mut marked.patch)?;
    }
    Ok(marked)
}

fn beside(survey: &Survey, patch: &mut Patch) -> Result<()> {
    if !survey.stores.is_empty() {
        let what = "the document holds a manifest; label it with the new one inside as well";
        return Err(Error::unsupported(Format::Pdf, what));
    }
    patch.beside();
    Ok(())
}

/// The record in XMP (14.3.2); China's label in the Info dictionary (14.3.3), where its readers look for it. One file has one of
/// those: where it stands in the packet already, it is replaced there.
fn metadata(
    document: &mut Document,
    catalog: &mut RawDictionary,
    record: &Record,
    survey: &Survey,
    update: &mut Update,
    budget: &mut Budget,
) -> Result<()> {
    let known = survey.xmp.first().map(|block| block.bytes.as_slice());
    let described = catalog.object("Metadata", budget)?;
    if known.is_none() && document.resolve(described.as_ref(), budget)?.is_some_and(|it| it != Object::Other) {
        let what = "its XMP metadata cannot be read, and would be lost; repair or remove them first, or label without a record";
        return Err(Error::unsupported(Format::Pdf, what));
    }
    let in_packet = known.is_some_and(|known| memchr::memmem::find(known, b"AIGC").is_some());
    let written = Record { aigc: record.aigc && in_packet, ..record.clone() };
    let packet = record::merge(known, &written, budget)?;
    let number = update.reserve()?;
    update.stream(number, "/Type/Metadata/Subtype/XML", &packet, budget)?;
    catalog.set("Metadata", reference(number, 0));
    if record.aigc {
        info(document, (!in_packet).then(|| record::aigc_json(record)), update, budget)?;
    }
    identify(record, update, budget)
}

/// Replaces the label in the Info dictionary.
fn info(document: &mut Document, aigc: Option<String>, update: &mut Update, budget: &mut Budget) -> Result<()> {
    let value = update.trailer.get("Info").map(<[u8]>::to_vec);
    let number = value.as_deref().map(|value| referred(value, budget)).transpose()?.flatten();
    let found = number.map(|number| document.raw_dictionary(number, budget)).transpose()?.flatten();
    let (mut dictionary, place) = match (found, number) {
        (Some((dictionary, generation)), Some(number)) => (dictionary, (number, generation)),
        // None, or one that is not a dictionary.
        _ => (RawDictionary::default(), (update.reserve()?, 0)),
    };
    match aigc {
        Some(aigc) => dictionary.set("AIGC", text_string(&aigc)),
        None if dictionary.get("AIGC").is_some() => dictionary.remove("AIGC"),
        None => return Ok(()),
    }
    update.put(place.0, place.1, &dictionary.write(), budget)?;
    update.trailer.set("Info", reference(place.0, place.1));
    Ok(())
}

/// The first half of a document's identifier stays for ever, the second says which state of it this is: 14.4.
fn identify(record: &Record, update: &mut Update, budget: &mut Budget) -> Result<()> {
    let Some(value) = update.trailer.get("ID") else { return Ok(()) };
    if let Some(mut halves) = raw::elements(value, budget)?
        && let [_, second] = halves.as_mut_slice()
    {
        *second = format!("<{:X}>", record.id.simple()).into_bytes();
        let halves = raw::array(&halves);
        update.trailer.set("ID", halves);
    }
    Ok(())
}

/// The manifest as an attachment of the document: C2PA 2.4 §A.4. An older one is replaced under its own number, wherever it is
/// named.
fn manifest(
    document: &mut Document,
    catalog: &mut RawDictionary,
    len: usize,
    record: Option<&Record>,
    update: &mut Update,
    budget: &mut Budget,
) -> Result<()> {
    let stream = update.reserve()?;
    let known = super::manifest_file(document, budget)?;
    let (file, generation) = match known {
        Some(number) => (number, document.raw(number, budget)?.map_or(0, |raw| raw.generation)),
        None => (update.reserve()?, 0),
    };
    // In a file format of its own (PDF/A-3, 6.8), an attachment says when it was changed.
    let changed = record.map(|record| date(record.time)).unwrap_or_default();
    let dictionary = format!("/Type/EmbeddedFile/Subtype/application#2Fc2pa/Params<</Size {len}{changed}>>");
    update.manifest(stream, &dictionary, len)?;
    let specification = format!(
        "<</Type/Filespec/F({STORE})/UF({STORE})/AFRelationship/C2PA_Manifest/Desc(C2PA manifest store)\
         /EF<</F {stream} 0 R/UF {stream} 0 R>>>>"
    );
    update.put(file, generation, specification.as_bytes(), budget)?;
    let value = catalog.get("AF").map(<[u8]>::to_vec);
    let value = value.map(|value| document.raw_value(&value, budget)).transpose()?.flatten();
    let files = value.map(|value| raw::elements(&value, budget)).transpose()?.flatten().unwrap_or_default();
    let mut kept = Vec::new();
    for other in files {
        // One that is written out in the array has no number, and is replaced.
        let is_manifest = document.resolve(raw::object(&other, budget)?.as_ref(), budget)?.and_then(Object::dictionary);
        if !is_manifest.is_some_and(|it| it.is("AFRelationship", "C2PA_Manifest")) {
            kept.push(other);
        }
    }
    kept.push(reference(file, generation));
    catalog.set("AF", raw::array(&kept));
    if known.is_none() {
        attach(document, catalog, file, update, budget)?;
    }
    Ok(())
}

/// A date: 7.9.4.
fn date(time: time::OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    let (year, month, day) = (time.year(), u8::from(time.month()), time.day());
    if !(0..=9999).contains(&year) {
        return String::new();
    }
    format!("/ModDate(D:{year:04}{month:02}{day:02}{:02}{:02}{:02}Z)", time.hour(), time.minute(), time.second())
}

/// Names the file in the tree of attachments (7.11.4, 7.9.6), whose names are in order.
fn attach(
    document: &mut Document,
    catalog: &mut RawDictionary,
    file: u32,
    update: &mut Update,
    budget: &mut Budget,
) -> Result<()> {
    let names = own(document, catalog.get("Names"), budget)?;
    let tree = own(document, names.dictionary.get("EmbeddedFiles"), budget)?;
    let (mut names, mut tree) = (names, tree);
    let file = reference(file, 0);
    let kids = match tree.dictionary.get("Kids").map(<[u8]>::to_vec) {
        Some(kids) => document.raw_value(&kids, budget)?,
        None => None,
    };
    if let Some(kids) = kids {
        let mut kids = raw::elements(&kids, budget)?.unwrap_or_default();
        let (at, name) = gap(document, &kids, budget)?;
        let name = text_string(&name);
        let leaf = [b"<</Limits[", &name[..], &name, b"]/Names[", &name, &file, b"]>>"].concat();
        let number = update.reserve()?;
        update.put(number, 0, &leaf, budget)?;
        kids.insert(at, reference(number, 0));
        tree.dictionary.set("Kids", raw::array(&kids));
    } else {
        let value = tree.dictionary.get("Names").map(<[u8]>::to_vec);
        let value = value.map(|value| document.raw_value(&value, budget)).transpose()?.flatten();
        let mut pairs = value.map(|value| raw::elements(&value, budget)).transpose()?.flatten().unwrap_or_default();
        let mut known = Vec::new();
        for name in pairs.iter().step_by(2) {
            known.push(key(document, name, budget)?);
        }
        let name = unused(|name| known.iter().any(|known| known == name.as_bytes()));
        let at = known.iter().position(|known| known.as_slice() > name.as_bytes()).unwrap_or(known.len());
        let at = (2 * at).min(pairs.len());
        pairs.splice(at..at, [text_string(&name), file]);
        tree.dictionary.set("Names", raw::array(&pairs));
    }
    if let Some(value) = tree.write(update, budget)? {
        names.dictionary.set("EmbeddedFiles", value);
    }
    if let Some(value) = names.write(update, budget)? {
        catalog.set("Names", value);
    }
    Ok(())
}

/// A dictionary that belongs to the one that names it, in it or as an object.
struct Own {
    dictionary: RawDictionary,
    place: Option<(u32, u16)>,
}

fn own(document: &mut Document, value: Option<&[u8]>, budget: &mut Budget) -> Result<Own> {
    let nothing = Own { dictionary: RawDictionary::default(), place: None };
    let Some(value) = value else { return Ok(nothing) };
    if let Some(number) = referred(value, budget)? {
        let found = document.raw_dictionary(number, budget)?;
        return Ok(
            found.map_or(nothing, |(dictionary, generation)| Own { dictionary, place: Some((number, generation)) })
        );
    }
    Ok(Own { dictionary: RawDictionary::read(value.to_vec(), budget)?.unwrap_or_default(), place: None })
}

impl Own {
    /// Writes it where it stands; the value that names it, where that changes.
    fn write(self, update: &mut Update, budget: &mut Budget) -> Result<Option<Vec<u8>>> {
        match self.place {
            Some((number, generation)) => {
                update.put(number, generation, &self.dictionary.write(), budget)?;
                Ok(None)
            }
            None => Ok(Some(self.dictionary.write())),
        }
    }
}

/// Where between the nodes of a tree a name fits that is in none of them.
fn gap(document: &mut Document, kids: &[Vec<u8>], budget: &mut Budget) -> Result<(usize, String)> {
    let mut limits = Vec::new();
    for kid in kids {
        budget.part()?;
        let kid = document.resolve(raw::object(kid, budget)?.as_ref(), budget)?.and_then(Object::dictionary);
        let value = kid.as_ref().and_then(|kid| kid.get("Limits").cloned());
        let bounds = document.resolve(value.as_ref(), budget)?.map(Object::items).unwrap_or_default();
        let mut keys = bounds.into_iter().filter_map(|bound| match bound {
            Object::Text(key) => Some(key),
            _ => None,
        });
        limits.push((keys.next().unwrap_or_default(), keys.next().unwrap_or_default()));
    }
    let name = unused(|name| {
        let name = name.as_bytes();
        limits.iter().any(|(least, most)| least.as_slice() <= name && name <= most.as_slice())
    });
    let at = limits.iter().position(|(least, _)| least.as_slice() > name.as_bytes()).unwrap_or(limits.len());
    Ok((at, name))
}

/// The name of the manifest, changed until it is free. Names of thirty characters that begin alike end the search.
fn unused(taken: impl Fn(&str) -> bool) -> String {
    let mut name = STORE.to_owned();
    while taken(&name) && name.len() < 64 {
        name.insert(0, '~');
    }
    name
}

fn key(document: &mut Document, name: &[u8], budget: &mut Budget) -> Result<Vec<u8>> {
    Ok(match document.resolve(raw::object(name, budget)?.as_ref(), budget)? {
        Some(Object::Text(key)) => key,
        _ => Vec::new(),
    })
}
