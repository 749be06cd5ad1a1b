//! Reads the records of others and ours into findings.

use std::io::Cursor;

use super::{
    aigc::{self, Aigc},
    exif,
    wild::{self, Field},
    xmp::{IPTC_EXT, PLUS},
};
use crate::{
    Format,
    container::{
        tiff::Structure,
        xml::Fault,
        xmp::{Packet, Property, decode, parse},
    },
    format::{Block, Survey},
    limits::Budget,
    report::{CONTRADICTION, Class, Finding, Said, Statement, Technique},
};

const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const DCTERMS: &str = "http://purl.org/dc/terms/";
/// Properties that detectors of plain text look at as well.
const AS_TEXT: &[(&str, &str, &str)] = &[
    ("http://purl.org/dc/elements/1.1/", "description", "Description"),
    ("http://ns.adobe.com/xap/1.0/", "CreatorTool", "CreatorTool"),
    ("http://ns.adobe.com/exif/1.0/", "UserComment", "UserComment"),
    ("http://ns.adobe.com/tiff/1.0/", "Make", "Make"),
    ("http://ns.adobe.com/tiff/1.0/", "Software", "Software"),
    (IPTC_EXT, "DigImageGUID", "DigImageGUID"),
];

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
    let mut found = Vec::new();
    let mut unread = survey.unread.clone();
    let mut labels = Vec::new();
    let mut comments = Vec::new();
    for block in &survey.xmp {
        let read = decode(&block.bytes).and_then(|text| {
            let packet = parse(&text, budget)?;
            found.extend(xmp(&packet, block, &mut labels));
            comments.extend(texts_of(&packet, block));
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
        for tag in tags {
            comments.push((
                Technique::Exif,
                tag.name.to_owned(),
                tag.value,
                format!("EXIF {} in {}", tag.name, block.place),
            ));
        }
    }
    let exif = comments.iter().map(|(technique, key, value, place)| Field {
        technique: *technique,
        key,
        value,
        place: place.clone(),
    });
    let texts = survey.texts.iter().map(|text| Field {
        technique: Technique::Text,
        key: &text.key,
        value: &text.value,
        place: format!("{} in {}", text.key, text.place),
    });
    let fields: Vec<_> = texts.chain(exif).collect();
    for field in &fields {
        let wrapped = field.value.trim_start().starts_with("{\"AIGC\"") || field.value.starts_with("AIGC{");
        if field.key.eq_ignore_ascii_case("AIGC") || wrapped {
            labels.extend(aigc::read(field.value).map(|label| (label, field.value.to_owned(), field.place.clone())));
        }
    }
    found.extend(labels.iter().map(|(label, value, place)| aigc_finding(label, value, place)));
    found.extend(more_than_one(&labels));
    found.extend(wild::detect(&fields));
    Found { findings: found, unread }
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

/// What the properties of one packet declare.
fn xmp(packet: &Packet, block: &Block, labels: &mut Vec<(Aigc, String, String)>) -> Vec<Finding> {
    let value = |space: &str, local: &str| {
        let property = packet.properties.iter().find(|property| property.name.is(space, local))?;
        property.values.first().map(|value| value.text.clone())
    };
    let system = value(IPTC_EXT, "AISystemUsed");
    let source = packet.properties.iter().filter(|property| property.name.is(IPTC_EXT, "DigitalSourceType"));
    let source =
        source.flat_map(|property| &property.values).filter_map(|value| source_type(&value.text)).map(|(says, _)| says);
    // Who names an AI system says that AI took part; how far, only the digital source type says.
    let extent = source.into_iter().find(|says| says.is_ai()).unwrap_or(Statement::PartlyAi);
    let mut found = Vec::new();
    for property in &packet.properties {
        let place = format!("XMP {} in {}", property.name.raw, block.place);
        let declared = |says, text: &'static str, value: &str| {
            Finding::new(Technique::Xmp, Class::Declared, says, text, value, place.clone())
        };
        for value in &property.values {
            let value = value.text.as_str();
            let finding = match (&*property.name.space, property.name.local) {
                (IPTC_EXT, "DigitalSourceType") => match source_type(value) {
                    Some((says, text)) => {
                        let finding = declared(says, text, value);
                        match &system {
                            Some(system) if says.is_ai() => finding.with_system(system),
                            _ => finding,
                        }
                    }
                    None => declared(Statement::AboutTheLabel, "a digital source type that is in no known list", value),
                },
                (IPTC_EXT, "AISystemUsed") => {
                    declared(extent, "the metadata names the AI system that was used", value).with_system(value)
                }
                (IPTC_EXT, "AIPromptInformation") => {
                    declared(extent, "the metadata holds a prompt for an AI system", "(the prompt is not shown)")
                }
                (PHOTOSHOP, "Credit") if value.eq_ignore_ascii_case("Made with Google AI") => {
                    declared(Statement::FullyAi, "the credit line says: made with Google AI", value)
                        .with_system("Google AI")
                }
                (PHOTOSHOP, "Credit") if value.eq_ignore_ascii_case("Edited with Google AI") => {
                    declared(Statement::PartlyAi, "the credit line says: edited with Google AI", value)
                        .with_system("Google AI")
                }
                (PLUS, "DataMining") if value.contains("DMI-PROHIBITED") => declared(
                    Statement::TrainingProhibited,
                    "the author prohibits data mining or training, in whole or in part",
                    value,
                ),
                (DCTERMS, "provenance") if is_remote(value) => {
                    let text = "a signed label is said to stand at another address, which was not visited";
                    declared(Statement::AboutTheLabel, text, value)
                }
                (aigc::NAMESPACE, "AIGC") => match aigc::read(value) {
                    Some(label) => {
                        labels.push((label, value.to_owned(), place.clone()));
                        continue;
                    }
                    None => declared(Statement::AboutTheLabel, "an AIGC label that could not be read", value),
                },
                _ => continue,
            };
            found.push(finding);
        }
    }
    found
}

fn is_remote(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    value.starts_with("http://") || value.starts_with("https://")
}

/// What a digital source type says, and a sentence about it.
fn source_type(value: &str) -> Option<(Statement, &'static str)> {
    let says = Statement::of_source_type(value)?;
    let term = value.trim().trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    let text = match (term, says) {
        ("compositeSynthetic", _) => "the metadata says: composed, with synthetic parts",
        ("composite", _) => "the metadata says: composed of several parts; AI may be among them",
        ("digitalArt", _) => "the metadata says: digital art; AI may have been used",
        ("virtualRecording", _) => "the metadata says: recorded in a virtual world; AI may have been used",
        ("screenCapture", _) => "the metadata says: a picture of a screen; it may show AI-made content",
        ("algorithmicMedia", _) => "the metadata says: made by a program, not by a trained AI",
        ("digitalCapture" | "computationalCapture" | "compositeCapture", _) => {
            "the metadata says: taken with a camera or recorder"
        }
        ("negativeFilm" | "positiveFilm" | "print", _) => "the metadata says: digitised from film or print",
        ("algorithmicallyEnhanced", _) => "the metadata says: enhanced by a program, such as noise reduction",
        (_, Statement::FullyAi) => "the metadata says: made by AI",
        (_, Statement::PartlyAi) => "the metadata says: AI made or changed a part of it",
        (_, Statement::PossiblyAi) => "the metadata says: AI may have been used",
        _ => "the metadata says: made by people or from data, without generative AI",
    };
    Some((says, text))
}

fn texts_of(packet: &Packet, block: &Block) -> Vec<(Technique, String, String, String)> {
    let text = |property: &Property| {
        let named = |(space, local, _): &&(&str, &str, &str)| property.name.is(space, local);
        let (_, _, key) = AS_TEXT.iter().find(named)?;
        let value = property.values.first()?.text.clone();
        Some((Technique::Xmp, (*key).to_owned(), value, format!("XMP {} in {}", property.name.raw, block.place)))
    };
    packet.properties.iter().filter_map(text).collect()
}

fn aigc_finding(label: &Aigc, value: &str, place: &str) -> Finding {
    let mut text = match label.says {
        Statement::FullyAi => "China's AIGC label says: made or composed by AI".to_owned(),
        _ => "China's AIGC label says: may be made by AI".to_owned(),
    };
    if !label.producer.is_empty() {
        text.push_str(&format!("; produced by {}", label.producer));
    }
    if label.sealed {
        text.push_str("; it carries a signature that was not checked");
    }
    Finding::new(Technique::Aigc, Class::Declared, label.says, text, value, place)
}

/// GB 45438-2025, 6.1 c) allows one label in a file.
fn more_than_one(labels: &[(Aigc, String, String)]) -> Option<Finding> {
    let (first, _, place) = labels.first()?;
    let (_, _, other) = labels.get(1)?;
    let differs = labels
        .iter()
        .find(|(label, _, _)| (label.says, &label.producer, &label.id) != (first.says, &first.producer, &first.id));
    Some(match differs {
        Some((_, _, other)) => about(
            Technique::Comparison,
            format!("contradiction: two AIGC labels differ, {place} and {other}"),
            &format!("{place} / {other}"),
            CONTRADICTION,
        ),
        None => about(Technique::Aigc, "the AIGC label stands in the file more than once; one is allowed", "", other),
    })
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
