//! ByteDance's apps (Dreamina, CapCut, TikTok): JSON of their own in EXIF `UserComment` or in comments.

use serde_json::Value;

use super::{COMMENTS, Detector, Evidence, Field};
use crate::report::{Class, Finding};

pub(super) struct ByteDance;

impl Detector for ByteDance {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(found).collect()
    }
}

/// Longer values are no labels.
const MAX_LEN: usize = 64 * 1024;

fn found(field: &Field) -> Option<Finding> {
    let value = field.value.trim();
    let named = field.is_one_of(COMMENTS) || field.is_one_of(&["aigc_info", "AigcInfo"]);
    if !named || value.len() > MAX_LEN || !value.starts_with('{') {
        return None;
    }
    let json: Value = serde_json::from_str(value).ok()?;
    // The label stands in `aigc_info`, the product in `data`; MP4 files have each for itself.
    let parts = [Some(&json), json.get("aigc_info"), json.get("data")];
    let get = |key: &str| parts.iter().flatten().find_map(|part| part.get(key));
    let is = |key: &str, wanted: &str| get(key).and_then(Value::as_str) == Some(wanted);
    let number = |key: &str| get(key).and_then(Value::as_u64);
    let dreamina = is("product", "dreamina") || is("source_info", "dreamina");
    // `none` and 0 stand in the drafts and exports of CapCut that have nothing to do with AI.
    let (text, shown) = if is("product", "dreamina") && is("exportType", "generation") {
        ("ByteDance's app says that Dreamina generated it", "product: dreamina, exportType: generation".to_owned())
    } else if let Some(label @ (1 | 2)) = number("aigc_label_type") {
        ("ByteDance's app labels it as made by AI", format!("aigc_label_type: {label}"))
    } else if number("aigc_type") == Some(1) {
        ("ByteDance's app labels it as made by AI", "aigc_type: 1".to_owned())
    } else {
        return None;
    };
    let finding = field.finding(Class::Declared, text, &shown);
    Some(if dreamina { finding.with_system("Dreamina") } else { finding })
}
