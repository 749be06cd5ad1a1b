//! Reads the records of others and ours into findings.

use std::io::Cursor;

use super::{
    Seen, aigc, declared, exif, fields,
    wild::{self, Evidence, Field},
};
use crate::{
    Format,
    container::{
        tiff::Structure,
        xml::Fault,
        xmp::{decode, parse},
    },
    format::{Block, Survey},
    limits::Budget,
    report::{Class, Finding, Said, Statement, Technique},
};

/// What the metadata says, and what of it could not be read.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) findings: Vec<Finding>,
    /// A sentence for each block that was not read, or not to its end: a label may stand there.
    pub(crate) unread: Vec<String>,
}

/// Every declared label and trace of a generator in the surveyed metadata.
///
/// What cannot be read is said, never an error.
pub(crate) fn find(survey: &Survey, budget: &mut Budget) -> Found {
    find_in(survey, &Seen::default(), budget)
}

/// The same, with the marks in the pixels and what stands behind the end.
pub(crate) fn find_in(survey: &Survey, seen: &Seen, budget: &mut Budget) -> Found {
    let mut found = Vec::new();
    let mut unread = survey.unread.clone();
    let mut labels = Vec::new();
    let mut texts: Vec<_> = survey
        .texts
        .iter()
        .map(|text| Text {
            technique: Technique::Text,
            key: text.key.clone(),
            value: text.value.clone(),
            place: format!("{} in {}", text.key, text.place),
        })
        .collect();
    let named = survey.texts.iter().map(|text| (text.key.as_str(), text.value.as_str(), text.place.as_str()));
    found.extend(fields::declared(named));
    for block in &survey.xmp {
        let read = decode(&block.bytes).and_then(|text| {
            let packet = parse(&text, budget)?;
            found.extend(declared::properties(&packet, block, &mut labels));
            texts.extend(declared::texts(&packet, block));
            Ok(())
        });
        if let Err(fault) = read {
            let text = unreadable(&fault);
            unread.push(format!("{text} ({})", block.place));
            found.push(about(Technique::Xmp, text, "", &block.place));
        }
    }
    for block in &survey.exif {
        found.extend(training_choice(block, budget));
        let (tags, over) = exif::fields(&block.bytes, budget);
        unread
            .extend(over.map(|error| format!("the EXIF metadata was not read to its end: {error} ({})", block.place)));
        texts.extend(tags.into_iter().map(|tag| Text {
            technique: Technique::Exif,
            key: tag.name.to_owned(),
            value: tag.value,
            place: format!("EXIF {} in {}", tag.name, block.place),
        }));
    }
    match seen.pixels.as_ref().and_then(|pixels| wild::hidden(pixels, budget)) {
        Some(Ok(hidden)) => texts.extend(hidden.fields.into_iter().map(|(key, value)| {
            let place = format!("{key} in {}", hidden.place);
            Text { technique: Technique::Watermark, key, value, place }
        })),
        Some(Err(why)) => unread.push(why),
        None => {}
    }
    labels.extend(texts.iter().filter_map(|text| aigc::in_text(&text.key, &text.value, &text.place)));
    found.extend(aigc::findings(&labels));
    let traces: Vec<_> = texts
        .iter()
        .map(|text| Field { technique: text.technique, key: &text.key, value: &text.value, place: text.place.clone() })
        .collect();
    let (trailer, trailer_at) = (seen.trailer.0.as_slice(), seen.trailer.1);
    found.extend(wild::detect(&Evidence { fields: &traces, trailer, trailer_at, pixels: seen.pixels }));
    Found { findings: found, unread }
}

/// A text field that was gathered, wherever it stands.
pub(super) struct Text {
    pub(super) technique: Technique,
    /// Keyword, tag name, or the local name of an XMP property.
    pub(super) key: String,
    pub(super) value: String,
    pub(super) place: String,
}

fn unreadable(fault: &Fault) -> String {
    let why = match fault {
        Fault::Malformed { at, why } => format!("at byte {at} of it: {why}"),
        Fault::Limit(error) => error.to_string(),
    };
    format!("the XMP metadata could not be read, {why}")
}

fn about(technique: Technique, text: impl Into<Said>, value: &str, place: &str) -> Finding {
    Finding::new(technique, Class::Declared, Statement::AboutTheLabel, text, value, place)
}

/// EXIF 3.1 tag 0x9287, `LearningOptOutIn`: a choice about training, for or against; never a label of AI.
fn training_choice(block: &Block, budget: &mut Budget) -> Option<Finding> {
    const EXIF_DIRECTORY: u16 = 0x8769;
    const LEARNING_OPT_OUT_IN: u16 = 0x9287;
    let mut source = Cursor::new(block.bytes.as_slice());
    let structure = Structure::open(&mut source, Format::Tiff).ok()?;
    let first = structure.directory(&mut source, structure.first.into(), budget).ok()?;
    let at = structure.number(&mut source, &first, EXIF_DIRECTORY, budget);
    let more = at.and_then(|at| structure.directory(&mut source, at.into(), budget).ok());
    let there = std::iter::once(&first).chain(&more).any(|directory| directory.get(LEARNING_OPT_OUT_IN).is_some());
    let text = "the author states a choice about use for training in EXIF; tanba does not read which";
    there.then(|| about(Technique::Exif, text, "", &format!("EXIF LearningOptOutIn in {}", block.place)))
}

#[cfg(test)]
mod tests;
