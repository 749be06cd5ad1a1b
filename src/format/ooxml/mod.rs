//! Office Open XML: documents, workbooks and presentations of Microsoft Office (ISO/IEC 29500).

mod excel;
mod parts;
mod properties;
mod slides;
mod word;

use super::{
    Archive, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey,
    package::{self, Changes, Package},
};
use crate::{Error, Format, Result, container::zip, limits::Budget, policy::Language, stream::Source};

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
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Collection,
    limitations: "The notice is the first paragraph, a box on the first slide, or a sheet in front. Signed documents are refused. Pictures inside are not looked at.",
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

    fn ends(&self) -> bool {
        false
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
        let custom = properties::part(&mut package, budget)?.unwrap_or_else(|| "docProps/custom.xml".into());
        package.leaves(&custom, budget, |survey, leaf, around| {
            if let Some(key) = around.and_then(|property| property.get("name")).map(str::to_owned) {
                leaf.field(key, survey);
            }
        })?;
        if let Some(main) = main(&mut package, budget)? {
            // What a fault hides further down is said by the label, not by these lines.
            package.survey.lines = match KINDS[kind] {
                "spreadsheetml" => excel::lines(&mut package, &main, budget)?,
                "presentationml" => slides::lines(&mut package, &main, budget)?,
                _ => word::lines(&mut package, &main, budget)?,
            };
        }
        Ok(package.survey)
    }

    fn members(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        label: &Label,
        budget: &mut Budget,
    ) -> Result<Vec<String>> {
        let (package, changes, _) = change(source, survey, label, budget)?;
        Ok(package.names(&changes))
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let (package, changes, marked) = change(source, survey, label, budget)?;
        package.patch(changes, label, marked, budget)
    }
}

/// The part that everything begins with: ISO/IEC 29500-1, 11.3.10 and its like.
fn main(package: &mut Package, budget: &mut Budget) -> Result<Option<String>> {
    let relations = parts::relations(package, "", budget)?;
    Ok(parts::related(&relations, &["officeDocument"]))
}

/// What the label changes in which parts.
fn change<'a>(
    source: &'a mut dyn Source,
    survey: &Survey,
    label: &Label,
    budget: &mut Budget,
) -> Result<(Package<'a>, Changes, Marked)> {
    let mut package = Package::open(source, Format::Ooxml, budget)?;
    let why = "the document is signed by the means of Office, and any change breaks that: label it before it is signed";
    package.refuse("_xmlsignatures/", why)?;
    let (mut changes, mut marked, mut new) = (Changes::default(), Marked::default(), Vec::new());
    if let Some(record) = label.record {
        new.extend(properties::write(&mut package, &mut changes, record, budget)?);
        properties::describe(&mut package, &mut changes, (record, survey), budget)?;
    }
    if let Some(prose) = label.prose {
        let Some(main) = main(&mut package, budget)? else {
            return Err(Error::malformed(Format::Ooxml, 0, "no relationship says which part the document begins with"));
        };
        marked.noticed = true;
        match FACTS.media_types.iter().position(|kind| *kind == survey.media_type).map(|kind| KINDS[kind]) {
            Some("spreadsheetml") => new.extend(excel::notice(&mut package, &mut changes, &main, prose, budget)?),
            Some("presentationml") => {
                marked.noticed = slides::notice(&mut package, &mut changes, &main, prose, budget)?;
                if !marked.noticed {
                    marked.remarks.push("the presentation has no slide on which a notice could stand".into());
                }
            }
            _ => word::notice(&mut package, &mut changes, &main, prose, budget)?,
        }
    }
    let manifest = label.store_len.is_some() && !label.beside;
    parts::declare(&mut package, &mut changes, &new, manifest, budget)?;
    Ok((package, changes, marked))
}

/// A language with the region that programs of an office expect.
fn locale(language: Language) -> &'static str {
    match language {
        Language::Kk => "kk-KZ",
        Language::Ru => "ru-RU",
        Language::En => "en-US",
        Language::Zh => "zh-CN",
        Language::Ja => "ja-JP",
        Language::Ko => "ko-KR",
        Language::Hi => "hi-IN",
        Language::Ar => "ar-SA",
        Language::De => "de-DE",
        Language::Fr => "fr-FR",
        Language::Es => "es-ES",
        Language::It => "it-IT",
        Language::Pt => "pt-PT",
        Language::Pl => "pl-PL",
        Language::Tr => "tr-TR",
        Language::Uk => "uk-UA",
        Language::Uz => "uz-Latn-UZ",
        Language::Ky => "ky-KG",
    }
}
