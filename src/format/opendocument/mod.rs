//! OpenDocument: texts, spreadsheets, presentations and drawings of LibreOffice and others (ISO/IEC 26300).

mod fields;
mod layout;
mod lines;
mod look;
mod notice;

use self::notice::Kind;
use super::{
    Archive, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey,
    package::{self, Changes, Package},
};
use crate::{
    Error, Format, Result,
    container::zip,
    limits::Budget,
    policy::Language,
    stream::{Source, length, read_at},
};

pub(super) struct OpenDocument;

const FACTS: Facts = Facts {
    name: "OpenDocument",
    media_types: &[
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
        "application/vnd.oasis.opendocument.graphics",
    ],
    extensions: &["odt", "ods", "odp", "odg", "ott", "ots", "otp", "otg"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    // C2PA 2.4 §A.6 puts a manifest into META-INF, where OpenDocument 1.3 part 2, 3.1, allows nothing but its own manifest and
    // signatures: LibreOffice calls such a document damaged and offers to repair it.
    binding: HardBinding::Beside,
    limitations: "The notice is the first paragraph, a sheet in front, or a box on the first page. The manifest stands beside the file, because LibreOffice takes documents with one inside for damaged. Signed and encrypted documents are refused.",
};

impl Handler for OpenDocument {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        kind(head).is_some()
    }

    fn archive(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Archive>> {
        package::archive(source, Format::OpenDocument, budget)
    }

    fn ends(&self) -> bool {
        false
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let head = read_at(source, Format::OpenDocument, 0, len.min(4096))?;
        let mut package = Package::open(source, Format::OpenDocument, budget)?;
        package.survey.media_type = kind(&head).unwrap_or(FACTS.media_types[0]);
        package.leaves("meta.xml", budget, |survey, leaf, _| {
            let key = match leaf.get("name") {
                Some(name) if leaf.name == "user-defined" => name.to_owned(),
                _ => leaf.name.clone(),
            };
            leaf.field(key, survey);
        })?;
        if let Some(text) = package.head("content.xml", budget)? {
            package.survey.lines = match kind_of(package.survey.media_type) {
                Kind::Text => lines::text(&text, budget),
                other => lines::shapes(&text, other == Kind::Sheets, budget),
            };
        }
        Ok(package.survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let (package, changes, marked) = change(source, survey, label, budget)?;
        package.patch(changes, label, marked, budget)
    }
}

/// What the label changes in which parts.
fn change<'a>(
    source: &'a mut dyn Source,
    survey: &Survey,
    label: &Label,
    budget: &mut Budget,
) -> Result<(Package<'a>, Changes, Marked)> {
    let mut package = Package::open(source, Format::OpenDocument, budget)?;
    let why = "the document is signed, and any change breaks that: label it before it is signed";
    package.refuse("META-INF/documentsignatures.xml", why)?;
    let mut encrypted = None;
    // Part 2, 3.4: what is encrypted says so in the manifest of the package.
    package.leaves("META-INF/manifest.xml", budget, |_, leaf, around| {
        if leaf.name == "encryption-data" {
            encrypted = around.and_then(|entry| entry.get("full-path")).map(str::to_owned);
        }
    })?;
    if let Some(part) = encrypted {
        let what = format!("{part} in it is encrypted: save the document without a password");
        return Err(Error::unsupported(Format::OpenDocument, what));
    }
    let (mut changes, mut marked) = (Changes::default(), Marked::default());
    if let Some(record) = label.record {
        fields::write(&mut package, &mut changes, record, budget)?;
    }
    if let Some(prose) = label.prose {
        match notice::write(&mut package, &mut changes, kind_of(survey.media_type), prose, budget)? {
            Ok(()) => marked.noticed = true,
            Err(why) => marked.remarks.push(why.into()),
        }
    }
    Ok((package, changes, marked))
}

fn kind_of(media_type: &str) -> Kind {
    match media_type.rsplit('.').next() {
        Some("text") => Kind::Text,
        Some("spreadsheet") => Kind::Sheets,
        _ => Kind::Pages,
    }
}

/// A namespace of OpenDocument.
fn space(name: &str) -> String {
    format!("urn:oasis:names:tc:opendocument:xmlns:{name}:1.0")
}

/// A language with the country that programs of an office expect.
fn locale(language: Language) -> (&'static str, &'static str) {
    let country = match language {
        Language::Kk => "KZ",
        Language::Ru => "RU",
        Language::En => "US",
        Language::Zh => "CN",
        Language::Ja => "JP",
        Language::Ko => "KR",
        Language::Hi => "IN",
        Language::Ar => "SA",
        Language::De => "DE",
        Language::Fr => "FR",
        Language::Es => "ES",
        Language::It => "IT",
        Language::Pt => "PT",
        Language::Pl => "PL",
        Language::Tr => "TR",
        Language::Uk => "UA",
        Language::Uz => "UZ",
        Language::Ky => "KG",
    };
    (language.tag(), country)
}

/// The media type stands first, uncompressed: OpenDocument 1.3 part 2, 3.3. Templates have a longer one.
fn kind(head: &[u8]) -> Option<&'static str> {
    let declared = zip::first(head, b"mimetype")?;
    FACTS.media_types.iter().copied().find(|known| declared.starts_with(known.as_bytes()))
}
