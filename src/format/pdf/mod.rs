//! PDF: the notice on its pages, its manifest, its metadata and its Info dictionary.

mod covered;
mod direction;
mod mark;
mod overlay;
mod pages;
mod refuse;
mod seen;

use std::collections::BTreeSet;

use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Pages, Store, Survey, TextField};
use crate::{
    Error, Result,
    container::pdf::{
        self, Document,
        syntax::{Dictionary, Object, text},
    },
    limits::Budget,
    stream::Source,
};

pub(super) struct Pdf;

const FACTS: Facts = Facts {
    name: "PDF",
    media_types: &["application/pdf"],
    extensions: &["pdf"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "Encrypted, signed and damaged documents are refused. A notice on the pages is read where tanba wrote it; what \
                  others wrote or drew there is not looked at.",
};

impl Handler for Pdf {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        pdf::header(head).is_some()
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let pages = Some(Pages::default());
        let mut survey = Survey { media_type: FACTS.media_types[0], frames: 1, pages, ..Survey::default() };
        let mut document = Document::open(source, budget)?;
        if document.rebuilt {
            let why = "the PDF's table of objects is damaged: what stands in the file was looked through instead";
            survey.unread.push(why.into());
        }
        let trailer = document.trailer.clone();
        let Some(root) = document.dictionary(&trailer, "Root", budget)? else {
            let why = if document.encrypted() {
                "the PDF is encrypted: nothing in it was read"
            } else {
                "the PDF has no readable catalog: nothing in it was read"
            };
            survey.unread.push(why.into());
            return Ok(survey);
        };
        metadata(&mut document, &root, &mut survey, budget)?;
        if document.encrypted() {
            survey.unread.push("the PDF is encrypted: its Info dictionary was not read".into());
        } else if let Some(info) = document.dictionary(&trailer, "Info", budget)? {
            properties(&mut document, &info, &mut survey, budget)?;
        }
        stores(&mut document, &root, &mut survey, budget)?;
        if !document.encrypted() {
            seen::notices(&mut document, &mut survey, budget)?;
        }
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        mark::mark(source, survey, label, budget)
    }
}

/// The catalog's XMP packet: ISO 32000-2, 14.3.2.
fn metadata(document: &mut Document, root: &Dictionary, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    let Some(Object::Reference(number)) = root.get("Metadata") else { return Ok(()) };
    let Some(stream) = document.stream(*number, budget)? else {
        survey.unread.push(format!("the XMP metadata of the PDF, object {number}: there is no such stream"));
        return Ok(());
    };
    let place = format!("metadata stream at byte {}", stream.range.start);
    match stream.bytes {
        Ok(bytes) => survey.xmp.push(Block { range: stream.range, place, bytes }),
        Err(why) => survey.unread.push(format!("the XMP metadata of the PDF could not be read: {why} ({place})")),
    }
    Ok(())
}

/// The Info dictionary: ISO 32000-2, 14.3.3. GB 45438's label is one of its keys.
fn properties(document: &mut Document, info: &Dictionary, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    for (key, value) in &info.0 {
        budget.part()?;
        let value = match document.resolve(Some(value), budget)? {
            Some(Object::Text(bytes) | Object::Name(bytes)) => text(&bytes),
            // The label's fields as a dictionary instead of JSON.
            Some(Object::Dictionary(fields)) => {
                let fields = fields.0.iter().filter_map(|(key, value)| match value {
                    Object::Text(bytes) | Object::Name(bytes) => {
                        Some((String::from_utf8_lossy(key).into_owned(), serde_json::Value::String(text(bytes))))
                    }
                    _ => None,
                });
                serde_json::Value::Object(fields.collect()).to_string()
            }
            _ => continue,
        };
        let key = String::from_utf8_lossy(key).into_owned();
        survey.texts.push(TextField { place: "the Info dictionary".into(), key, value });
    }
    Ok(())
}

/// Manifest stores: C2PA 2.4 §A.4. The catalog's associated files name the active one; other writers name it in the tree of
/// embedded files alone, or in an annotation.
fn stores(document: &mut Document, root: &Dictionary, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    let mut seen = BTreeSet::new();
    let files = document.resolve(root.get("AF"), budget)?.map(Object::items).unwrap_or_default();
    store_files(document, files, &mut seen, survey, budget)?;
    if survey.stores.is_empty()
        && let Some(names) = document.dictionary(root, "Names", budget)?
        && let Some(tree) = document.dictionary(&names, "EmbeddedFiles", budget)?
    {
        let files = document.names(&tree, budget)?;
        store_files(document, files, &mut seen, survey, budget)?;
    }
    if survey.stores.is_empty()
        && let Some(pages) = document.dictionary(root, "Pages", budget)?
    {
        // A book has many pages: what they cost is counted apart, and ends the search alone.
        match attached(document, pages, &mut Budget::new(budget.limits())) {
            Ok(files) => store_files(document, files, &mut seen, survey, budget)?,
            Err(Error::Limit { .. }) => {
                survey.unread.push("the attachments of all pages of the PDF: there are too many".into())
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The number of the file specification of the manifest, where the document has one as an object.
fn manifest_file(document: &mut Document, budget: &mut Budget) -> Result<Option<u32>> {
    let trailer = document.trailer.clone();
    let Some(root) = document.dictionary(&trailer, "Root", budget)? else { return Ok(None) };
    let mut files = document.resolve(root.get("AF"), budget)?.map(Object::items).unwrap_or_default();
    if let Some(names) = document.dictionary(&root, "Names", budget)?
        && let Some(tree) = document.dictionary(&names, "EmbeddedFiles", budget)?
    {
        files.extend(document.names(&tree, budget)?);
    }
    for file in files {
        budget.part()?;
        let Object::Reference(number) = file else { continue };
        let file = document.resolve(Some(&file), budget)?.and_then(Object::dictionary);
        if file.is_some_and(|file| file.is("AFRelationship", "C2PA_Manifest")) {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Takes the stores out of file specifications; `seen` holds the streams that were read.
fn store_files(
    document: &mut Document,
    files: Vec<Object>,
    seen: &mut BTreeSet<u32>,
    survey: &mut Survey,
    budget: &mut Budget,
) -> Result<()> {
    for file in files {
        budget.part()?;
        let Some(file) = document.resolve(Some(&file), budget)?.and_then(Object::dictionary) else { continue };
        if !file.is("AFRelationship", "C2PA_Manifest") {
            continue;
        }
        let Some(embedded) = document.dictionary(&file, "EF", budget)? else { continue };
        let Some(Object::Reference(number)) = embedded.get("F").or(embedded.get("UF")) else { continue };
        if !seen.insert(*number) {
            continue;
        }
        let place = format!("the C2PA manifest of the PDF, object {number}");
        match document.stream(*number, budget)? {
            Some(stream) => match stream.bytes {
                Ok(jumbf) => survey.stores.push(Store { carrier: vec![stream.range], jumbf }),
                Err(why) => survey.unread.push(format!("{place}: {why}")),
            },
            None => survey.unread.push(format!("{place}: there is no such stream")),
        }
    }
    Ok(())
}

/// The file specifications of attachments on pages: ISO 32000-2, 12.5.6.15.
fn attached(document: &mut Document, pages: Dictionary, budget: &mut Budget) -> Result<Vec<Object>> {
    let (mut files, mut seen) = (Vec::new(), BTreeSet::new());
    let mut open = vec![pages];
    while let Some(node) = open.pop() {
        budget.part()?;
        for note in document.resolve(node.get("Annots"), budget)?.map(Object::items).unwrap_or_default() {
            budget.part()?;
            let Some(note) = document.resolve(Some(&note), budget)?.and_then(Object::dictionary) else { continue };
            if note.is("Subtype", "FileAttachment") {
                files.extend(note.get("FS").cloned());
            }
        }
        open.extend(document.kids(&node, &mut seen, budget)?);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
