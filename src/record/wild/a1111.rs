//! A1111, Forge and the many programs that write the same settings, so that a picture can be made again: in the PNG text
//! `parameters`, in EXIF `UserComment`, in the lowest bits of the pixels.

use super::{Detector, Evidence, Field};
use crate::report::{Class, Finding};

pub(super) struct A1111;

impl Detector for A1111 {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(found).collect()
    }
}

/// `…Steps: 20, Sampler: …, Seed: …` is the last line.
fn found(field: &Field) -> Option<Finding> {
    if !field.is_one_of(&["parameters", "UserComment", "Comment", "ImageDescription", "XPComment"]) {
        return None;
    }
    let settings = &field.value[field.value.rfind("Steps: ")?..];
    let number = settings["Steps: ".len()..].starts_with(|first: char| first.is_ascii_digit());
    if !number || !(settings.contains(", Sampler: ") || settings.contains(", Seed: ")) {
        return None;
    }
    let text = "the settings of a Stable Diffusion program stand in the file: made by AI";
    Some(field.finding(Class::Hint, text, settings.lines().next().unwrap_or_default()))
}
