//! Labels and traces that generators really leave, outside the signed and the standard fields: one small detector each.
//!
//! A detector asks for the shape that a generator writes, never for its name alone: a caption may mention "Midjourney".
//! Prompts are personal and never shown.

mod a1111;
mod bytedance;
mod comfyui;
mod fooocus;
mod google;
mod grok;
mod hidden;
mod html;
mod hugging_face;
mod invokeai;
mod midjourney;
mod named;
mod novelai;
mod pixel_mark;
mod python_json;
mod samsung;
mod stealth;
mod suno;
mod tencent;
mod vendors;

pub(super) use stealth::hidden;
pub(crate) use vendors::{Vendor, vendor};

use super::Pixels;
use crate::report::{Class, Finding, Said, Statement, Technique, say};

/// What the detectors look at.
#[derive(Default)]
pub(super) struct Evidence<'a> {
    /// Every text field, wherever it stands.
    pub(super) fields: &'a [Field<'a>],
    /// The last bytes behind the end of the content proper, and where in the file they start.
    pub(super) trailer: &'a [u8],
    pub(super) trailer_at: u64,
    /// The decoded picture, where there is one that is not too large.
    pub(super) pixels: Option<Pixels<'a>>,
}

/// A text field, wherever it stands.
#[derive(Clone, Debug)]
pub(super) struct Field<'a> {
    pub(super) technique: Technique,
    /// Keyword, tag name, or the local name of an XMP property.
    pub(super) key: &'a str,
    pub(super) value: &'a str,
    pub(super) place: String,
}

/// Looks for what one generator, or one family of them, leaves.
trait Detector: Sync {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding>;
}

/// Every detector.
const DETECTORS: &[&dyn Detector] = &[
    &google::Google,
    &midjourney::Midjourney,
    &grok::Grok,
    &novelai::NovelAi,
    &a1111::A1111,
    &comfyui::ComfyUi,
    &invokeai::InvokeAi,
    &fooocus::Fooocus,
    &named::Named,
    &hugging_face::HuggingFace,
    &samsung::Samsung,
    &bytedance::ByteDance,
    &tencent::Tencent,
    &suno::Suno,
    &pixel_mark::PixelMark,
    &html::Html,
    &hidden::Hidden,
];

pub(super) fn detect(evidence: &Evidence) -> Vec<Finding> {
    DETECTORS.iter().flat_map(|detector| detector.detect(evidence)).collect()
}

impl Field<'_> {
    fn is(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    fn is_one_of(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.is(key))
    }

    /// A trace that says: made by AI.
    fn hint(&self, system: &str, shown: &str) -> Finding {
        self.finding(Class::Hint, say!("a trace that {} leaves: made by AI", system), shown).with_system(system)
    }

    /// The same for a field that holds a prompt or the like.
    fn hint_unseen(&self, system: &str) -> Finding {
        self.hint(system, &self.unseen())
    }

    /// Stands for a value that is not shown.
    fn unseen(&self) -> String {
        format!("{} of {} characters, not shown", self.key, self.value.chars().count())
    }

    fn finding(&self, class: Class, text: impl Into<Said>, shown: &str) -> Finding {
        Finding::new(self.technique, class, Statement::FullyAi, text, shown, self.place.clone())
    }

    fn about(&self, text: impl Into<Said>, shown: &str) -> Finding {
        Finding { says: Statement::AboutTheLabel, ..self.finding(Class::Declared, text, shown) }
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

/// What stands in a field where programs put comments of their own.
const COMMENTS: &[&str] = &["UserComment", "Comment", "ImageDescription", "Description", "XPComment"];
