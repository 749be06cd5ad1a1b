//! What the properties of an XMP packet declare.

use super::{
    aigc::{self, Label},
    read::Text,
    xmp::{IPTC_EXT, PLUS},
};
use crate::{
    container::xmp::{Packet, Property},
    format::Block,
    report::{Class, Finding, Statement, Technique},
};

const DCTERMS: &str = "http://purl.org/dc/terms/";
/// Namespace, name, and the key under which detectors of plain text know it.
const AS_TEXT: &[(&str, &str, &str)] = &[
    ("http://purl.org/dc/elements/1.1/", "description", "Description"),
    ("http://ns.adobe.com/xap/1.0/", "CreatorTool", "CreatorTool"),
    ("http://ns.adobe.com/exif/1.0/", "UserComment", "UserComment"),
    ("http://ns.adobe.com/tiff/1.0/", "Make", "Make"),
    ("http://ns.adobe.com/tiff/1.0/", "Software", "Software"),
    ("http://ns.adobe.com/photoshop/1.0/", "Credit", "Credit"),
    (IPTC_EXT, "DigImageGUID", "DigImageGUID"),
];

/// What the properties of one packet declare.
pub(super) fn properties(packet: &Packet, block: &Block, labels: &mut Vec<Label>) -> Vec<Finding> {
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
                (PLUS, "DataMining") if value.contains("DMI-PROHIBITED") => declared(
                    Statement::TrainingProhibited,
                    "the author prohibits data mining or training, in whole or in part",
                    value,
                ),
                (DCTERMS, "provenance") if is_remote(value) => {
                    let text = "a signed label is said to stand at another address, which was not visited";
                    declared(Statement::AboutTheLabel, text, value)
                }
                (aigc::NAMESPACE, "AIGC") | (aigc::DIALECT, "Info" | "AIGC") => match aigc::read(value) {
                    Some(label) => {
                        labels.push(Label { label, value: value.to_owned(), place: place.clone() });
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
pub(super) fn source_type(value: &str) -> Option<(Statement, &'static str)> {
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

/// The properties that detectors of plain text look at as well.
pub(super) fn texts(packet: &Packet, block: &Block) -> Vec<Text> {
    let text = |property: &Property| {
        let named = |(space, local, _): &&(&str, &str, &str)| property.name.is(space, local);
        let (_, _, key) = AS_TEXT.iter().find(named)?;
        let value = property.values.first()?.text.clone();
        let place = format!("XMP {} in {}", property.name.raw, block.place);
        Some(Text { technique: Technique::Xmp, key: (*key).to_owned(), value, place })
    };
    packet.properties.iter().filter_map(text).collect()
}
