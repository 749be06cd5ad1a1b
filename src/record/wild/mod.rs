//! Labels and traces that generators really leave in text fields: one small detector each.
//!
//! A detector asks for the shape that a generator writes, never for its name alone: a caption may mention "Midjourney".
//! Prompts are personal and never shown.

mod diffusion;
mod grok;
mod hidden;
mod html;
mod makers;
mod midjourney;
mod novelai;

use crate::report::{Class, Finding, Statement, Technique};

/// A text field, wherever it stands.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) technique: Technique,
    /// Keyword, tag name, or the local name of an XMP property.
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) place: String,
}

/// Looks through the text fields of a file for one family of generators.
type Detector = fn(&[Field]) -> Vec<Finding>;

/// Every detector.
const DETECTORS: &[Detector] = &[
    midjourney::detect,
    grok::detect,
    novelai::detect,
    diffusion::parameters,
    diffusion::comfy,
    diffusion::invoke,
    diffusion::fooocus,
    makers::detect,
    html::detect,
    hidden::detect,
];

pub(super) fn detect(fields: &[Field]) -> Vec<Finding> {
    DETECTORS.iter().flat_map(|detector| detector(fields)).collect()
}

impl Field<'_> {
    fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    /// A trace that says: made by AI.
    fn hint(&self, system: &str, shown: &str) -> Finding {
        self.finding(Class::Hint, format!("a trace that {system} leaves: made by AI"), shown).with_system(system)
    }

    fn finding(&self, class: Class, text: String, shown: &str) -> Finding {
        Finding::new(self.technique, class, Statement::FullyAi, text, shown, self.place.clone())
    }
}

/// Whether `text` is a UUID as usually written.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// Whether `text` looks like a JSON object that has all these keys.
fn has_keys(text: &str, keys: &[&str]) -> bool {
    // Not parsed: ComfyUI writes `NaN`, which is no JSON, and the value of a key does not matter.
    text.trim_start().starts_with('{') && keys.iter().all(|key| text.contains(&format!("\"{key}\"")))
}
