//! Our fields as names and texts, for containers that have tags of text and no place for XMP: Vorbis comments, ID3, MP4.

use time::{UtcOffset, format_description::well_known::Rfc3339};

use super::{Record, aigc};
use crate::{
    format::Survey,
    report::{Class, Finding, Statement, Technique},
};

/// The names are those of the XMP properties, so that who knows one knows the other.
const SOURCE_TYPE: &str = "DigitalSourceType";
const SYSTEM: &str = "AISystemUsed";
const VERSION: &str = "AISystemVersionUsed";
const PROVIDER: &str = "AIProvider";
const ID: &str = "AIContentID";
const TIME: &str = "AILabelTime";
const NOTICE: &str = "AINotice";
/// China's label has its name from GB 45438-2025.
const AIGC: &str = "AIGC";

/// Name and text of each field, in the order in which they are written.
pub(crate) fn fields(record: &Record) -> Vec<(&'static str, String)> {
    let time = record.time.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(record.time);
    let mut fields = vec![
        (SOURCE_TYPE, record.extent.digital_source_type().to_owned()),
        (SYSTEM, record.system.clone()),
        (VERSION, record.system_version.clone()),
        (PROVIDER, record.provider.clone()),
        (ID, record.id.to_string()),
        (TIME, time.format(&Rfc3339).unwrap_or_default()),
        (NOTICE, record.alt_text.clone()),
    ];
    if record.aigc {
        fields.push((AIGC, aigc::json(record)));
    }
    fields
}

/// Whether a field of this name is replaced by ours. A label of China's that we do not write is kept.
pub(crate) fn replaces(name: &str, record: &Record) -> bool {
    let ours = [SOURCE_TYPE, SYSTEM, VERSION, PROVIDER, ID, TIME, NOTICE];
    ours.iter().any(|ours| name.eq_ignore_ascii_case(ours)) || record.aigc && name.eq_ignore_ascii_case(AIGC)
}

/// Whether these fields are of a label that was made here.
pub(crate) fn is_labelled(survey: &Survey) -> bool {
    survey.texts.iter().any(|text| text.key == ID)
}

/// The words of the label that these fields are of.
pub(crate) fn earlier_notice(survey: &Survey) -> Option<&str> {
    survey.texts.iter().find(|text| text.key == NOTICE).map(|text| text.value.as_str())
}

/// What text fields of these names declare. `fields` are name, text and place.
pub(super) fn declared<'a>(fields: impl Iterator<Item = (&'a str, &'a str, &'a str)> + Clone) -> Vec<Finding> {
    let is = |name: &str, wanted: &str| name.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
    let system = fields.clone().find(|(name, ..)| is(name, SYSTEM)).map(|(_, text, _)| text);
    let mut found = Vec::new();
    for (name, text, place) in fields {
        let new = |says, sentence: &'static str| {
            Finding::new(Technique::Text, Class::Declared, says, sentence, text, format!("{name} in {place}"))
        };
        if is(name, SOURCE_TYPE) {
            let Some(says) = Statement::of_source_type(text) else {
                found.push(new(Statement::AboutTheLabel, "a digital source type that is in no known list"));
                continue;
            };
            let finding = new(says, super::declared::source_type(text).map_or("", |(_, sentence)| sentence));
            found.push(match system {
                Some(system) if says.is_ai() => finding.with_system(system),
                _ => finding,
            });
        } else if is(name, SYSTEM) {
            let finding = new(Statement::PartlyAi, "the metadata names the AI system that was used");
            found.push(finding.with_system(text));
        }
    }
    // Who names a system says that AI took part; how far, the digital source type says.
    if let Some(says) = found.iter().map(|finding| finding.says).find(|says| *says == Statement::FullyAi) {
        found.iter_mut().filter(|finding| finding.says == Statement::PartlyAi).for_each(|finding| finding.says = says);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let record = Record { aigc: true, ..Record::example() };
        let written = fields(&record);
        assert!(written.iter().all(|(name, text)| replaces(name, &record) && !text.is_empty()));
        assert!(!replaces("AIGC", &Record::example()) && !replaces("TITLE", &record));
        let read = declared(written.iter().map(|(name, text)| (*name, text.as_str(), "comments")));
        assert_eq!(read.len(), 2);
        assert!(read.iter().all(|finding| finding.says == Statement::FullyAi));
        assert_eq!(read[0].system.as_deref(), Some("Acme Diffusion"));
        // Other containers make one case of the names, others give them a prefix.
        let one = [("IPTC4XMPEXT:DIGITALSOURCETYPE", "digsrctype:digitalCapture", "comments")];
        assert_eq!(declared(one.into_iter())[0].says, Statement::NotAi);
    }
}
