//! Metadata as it stands in a file, property by property.

use super::exif;
use crate::{
    container::xmp::{decode, parse},
    format::{Block, Survey},
    limits::Budget,
    report::Part,
};

/// XMP packets, EXIF blocks and text fields of a surveyed file. What cannot be read stands there without its parts.
pub(crate) fn outline(survey: &Survey, budget: &mut Budget) -> Vec<Part> {
    let packets = survey.xmp.iter().map(|block| packet(block, budget)).collect::<Vec<_>>();
    let exif = survey.exif.iter().map(|block| fields(block, budget)).collect::<Vec<_>>();
    let texts = survey.texts.iter().map(|text| Part::new(&*text.key, &*text.place).with_value(&text.value));
    packets.into_iter().chain(exif).chain(texts).collect()
}

fn packet(block: &Block, budget: &mut Budget) -> Part {
    let mut part = Part::new("XMP", &*block.place);
    let text = match decode(&block.bytes) {
        Ok(text) => text,
        Err(_) => return part.with_value("not readable"),
    };
    let Ok(packet) = parse(&text, budget) else { return part.with_value("not readable") };
    for property in &packet.properties {
        let values: Vec<_> = property.values.iter().map(|value| value.text.as_str()).collect();
        let place = format!("bytes {} to {} of the packet", property.range.start, property.range.end);
        part.parts.push(Part::new(property.name.raw, place).with_value(&values.join(" | ")));
    }
    part
}

fn fields(block: &Block, budget: &mut Budget) -> Part {
    let mut part = Part::new("EXIF", &*block.place);
    let (tags, _) = exif::fields(&block.bytes, budget);
    part.parts.extend(tags.into_iter().map(|tag| Part::new(tag.name, "").with_value(&tag.value)));
    part
}
