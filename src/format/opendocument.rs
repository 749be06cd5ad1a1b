//! OpenDocument: texts, spreadsheets, presentations and drawings of LibreOffice and others (ISO/IEC 26300).

use super::{
    Archive, Carries, Facts, Handler, HardBinding, Medium, Survey,
    package::{self, Package},
};
use crate::{
    Format, Result,
    container::zip,
    limits::Budget,
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
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "Manifest and properties only: not the words, nor the pictures inside.",
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
        Ok(package.survey)
    }
}

/// The media type stands first, uncompressed: OpenDocument 1.3 part 2, 3.3. Templates have a longer one.
fn kind(head: &[u8]) -> Option<&'static str> {
    let declared = zip::first(head, b"mimetype")?;
    FACTS.media_types.iter().copied().find(|known| declared.starts_with(known.as_bytes()))
}
