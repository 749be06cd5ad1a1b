//! Documents that no label may change, and what a label costs the others.

use std::collections::BTreeSet;

use crate::{
    Error, Format, Result,
    container::pdf::{
        Document,
        syntax::{Dictionary, Object},
    },
    limits::Budget,
};

/// # Errors
///
/// [`Error::Unsupported`] with the reason and what to do, where a label would lock the document, break a signature, or would not
/// be seen.
pub(super) fn refuse(document: &mut Document, budget: &mut Budget) -> Result<Dictionary> {
    let unsupported = |what: &str| Err(Error::unsupported(Format::Pdf, what));
    if document.encrypted() {
        return unsupported(
            "the document is encrypted; remove the password first, with `qpdf --decrypt`, if you may change it",
        );
    }
    if document.rebuilt {
        return unsupported("its table of objects is damaged; repair it first, with `qpdf in.pdf out.pdf`");
    }
    let trailer = document.trailer.clone();
    let Some(root) = document.dictionary(&trailer, "Root", budget)? else {
        return unsupported(
            "the document has no catalog that can be read; repair it first, with `qpdf in.pdf out.pdf`",
        );
    };
    if let Some(permissions) = document.dictionary(&root, "Perms", budget)? {
        // 12.8.2: what the author allows to be changed, and what Adobe's reader was told to switch on.
        if permissions.get("DocMDP").is_some() {
            return unsupported(
                "the document is certified, and a label would break that; label it before it is signed",
            );
        }
        if ["UR", "UR3"].iter().any(|key| permissions.get(key).is_some()) {
            return unsupported(
                "the document has usage rights for Adobe Reader, which a label would break; label it before they are given",
            );
        }
    }
    if let Some(form) = document.dictionary(&root, "AcroForm", budget)?
        && signed(document, &form, budget)?
    {
        return unsupported(
            "the document is signed, and a label would break the signature; label it before it is signed",
        );
    }
    if document.resolve(root.get("NeedsRendering"), budget)? == Some(Object::Boolean(true)) {
        return unsupported(
            "it is a dynamic XFA form: its pages are made by the viewer, and a notice on them would not be seen; print it to a PDF",
        );
    }
    Ok(root)
}

/// Whether a signature field is filled in: 12.7.5.5.
fn signed(document: &mut Document, form: &Dictionary, budget: &mut Budget) -> Result<bool> {
    let mut open = document.resolve(form.get("Fields"), budget)?.map(Object::items).unwrap_or_default();
    // The type of a field may stand above it.
    let mut open: Vec<(Object, bool)> = open.drain(..).map(|field| (field, false)).collect();
    let mut seen = BTreeSet::new();
    while let Some((field, above)) = open.pop() {
        budget.part()?;
        if matches!(field, Object::Reference(number) if !seen.insert(number)) {
            continue;
        }
        let Some(field) = document.resolve(Some(&field), budget)?.and_then(Object::dictionary) else { continue };
        let is_signature = above || field.is("FT", "Sig");
        if is_signature && document.dictionary(&field, "V", budget)?.is_some() {
            return Ok(true);
        }
        let kids = document.resolve(field.get("Kids"), budget)?.map(Object::items).unwrap_or_default();
        open.extend(kids.into_iter().map(|kid| (kid, is_signature)));
    }
    Ok(false)
}

/// What has to be said of a document that is labelled all the same. `inside`: the record and the manifest go into it.
pub(super) fn remarks(
    document: &mut Document,
    root: &Dictionary,
    xmp: &[u8],
    inside: (bool, bool),
    budget: &mut Budget,
) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    if let Some(form) = document.dictionary(root, "AcroForm", budget)?
        && form.get("XFA").is_some_and(|xfa| *xfa != Object::Other)
    {
        remarks.push(
            "the document holds an XFA form too: viewers that show it instead of the pages do not show the notice"
                .into(),
        );
    }
    remarks.extend(archived(xmp, inside));
    Ok(remarks)
}

/// What a label does to a document for archives: ISO 19005. The notice is drawn as every part of it wants, in an embedded font and
/// without transparency; its XMP goes on saying what it said.
fn archived(xmp: &[u8], (record, manifest): (bool, bool)) -> Option<String> {
    memchr::memmem::find(xmp, b"http://www.aiim.org/pdfa/ns/id/")?;
    let part = property(xmp, b"pdfaid:part").filter(|part| part.len() == 1).unwrap_or_default();
    let conformance = property(xmp, b"pdfaid:conformance").filter(|level| level.len() == 1).unwrap_or_default();
    // Part 4 has schemas of its own nowhere; part 3, and the level F of part 4, take attachments of every kind.
    let properties = record && part != "4";
    let attachment = manifest && part != "3" && (part, conformance) != ("4", "F");
    let why = match (properties, attachment) {
        (false, false) => return None,
        (true, true) => "properties of XMP that the document does not declare, and the manifest as an attachment",
        (true, false) => "properties of XMP that the document does not declare",
        (false, true) => "the manifest as an attachment",
    };
    let level = format!("{part}{}", conformance.to_lowercase());
    let level = if part.is_empty() { "PDF/A".to_owned() } else { format!("PDF/A-{level}") };
    Some(format!(
        "the document says of itself that it is {level}, and does not conform to that any more, which does not allow {why}; keep \
         the original, or validate it again"
    ))
}

/// The value of a property of XMP that is a word, written as an attribute or as an element.
fn property<'a>(xmp: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let at = memchr::memmem::find(xmp, name)? + name.len();
    let rest = xmp.get(at..)?;
    let from = rest.iter().position(|byte| byte.is_ascii_alphanumeric())?;
    let len = rest[from..].iter().position(|byte| !byte.is_ascii_alphanumeric())?;
    std::str::from_utf8(&rest[from..from + len]).ok()
}

/// Whether the document is tagged: 14.7. What is drawn without a tag is an artifact there.
pub(super) fn is_tagged(document: &mut Document, root: &Dictionary, budget: &mut Budget) -> Result<bool> {
    let Some(info) = document.dictionary(root, "MarkInfo", budget)? else { return Ok(false) };
    Ok(document.resolve(info.get("Marked"), budget)? == Some(Object::Boolean(true)))
}
