//! Office Open XML: documents, workbooks and presentations of Microsoft Office (ISO/IEC 29500).

use super::{
    Archive, Carries, Facts, Handler, HardBinding, Medium, Survey,
    package::{self, Package},
};
use crate::{Error, Format, Result, container::zip, limits::Budget, stream::Source};

pub(super) struct Ooxml;

const FACTS: Facts = Facts {
    name: "Office Open XML",
    media_types: &[
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ],
    extensions: &["docx", "xlsx", "pptx", "docm", "xlsm", "pptm", "dotx", "xltx", "potx"],
    medium: Medium::Text,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "Manifest and properties only: not the words, nor the pictures inside.",
};

/// The part that every package has: ISO/IEC 29500-2, 7.2.3.
const TYPES: &str = "[Content_Types].xml";
/// What of [`TYPES`] names the kind, in the order of the media types.
const KINDS: [&str; 3] = ["wordprocessingml", "spreadsheetml", "presentationml"];

impl Handler for Ooxml {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// The first parts that writers put in: the archive's directory stands at its end.
    fn sniff(&self, head: &[u8]) -> bool {
        let known = |name: &[u8]| {
            name == TYPES.as_bytes()
                || [&b"_rels/"[..], b"word/", b"xl/", b"ppt/", b"docProps/"].iter().any(|start| name.starts_with(start))
        };
        zip::is_zip(head) && zip::names(head).any(known)
    }

    fn archive(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Archive>> {
        package::archive(source, Format::Ooxml, budget)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut package = Package::open(source, Format::Ooxml, budget)?;
        if !package.has(TYPES) {
            return Err(Error::UnknownFormat);
        }
        let mut kind = None;
        // Macro-enabled files and templates have other types with the same words.
        package.leaves(TYPES, budget, |_, leaf, _| {
            let content = leaf.get("ContentType").unwrap_or_default();
            let main = content.ends_with(".main+xml");
            let known = KINDS.iter().position(|known| content.contains(known));
            let office = content.contains("ms-word").then_some(0).or(content.contains("ms-excel").then_some(1));
            kind = kind.or(known.or(office).or(content.contains("ms-powerpoint").then_some(2)).filter(|_| main));
        })?;
        // Other packages (drawings, add-ins, NuGet) are no documents that are known here.
        let Some(kind) = kind else { return Err(Error::UnknownFormat) };
        package.survey.media_type = FACTS.media_types[kind];
        package.leaves("docProps/core.xml", budget, |survey, leaf, _| {
            let key = leaf.name.clone();
            leaf.field(key, survey);
        })?;
        package.leaves("docProps/app.xml", budget, |survey, leaf, _| {
            if matches!(leaf.name.as_str(), "Application" | "Company" | "Manager") {
                let key = leaf.name.clone();
                leaf.field(key, survey);
            }
        })?;
        // The value stands in an element for its type, inside the property.
        package.leaves("docProps/custom.xml", budget, |survey, leaf, around| {
            if let Some(key) = around.and_then(|property| property.get("name")).map(str::to_owned) {
                leaf.field(key, survey);
            }
        })?;
        Ok(package.survey)
    }
}
