//! Tencent: JSON in EXIF `ImageDescription` that names who provides the AI service and who uses it, the two fields of China's
//! first guide (TC260-PG-20233A, 2023), before the `AIGC` label of GB 45438.

use serde_json::Value;

use super::{COMMENTS, Detector, Evidence, Field};
use crate::report::{Class, Finding};

pub(super) struct Tencent;

impl Detector for Tencent {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(found).collect()
    }
}

fn found(field: &Field) -> Option<Finding> {
    let value = field.value.trim();
    if !field.is_one_of(COMMENTS) || value.len() > 64 * 1024 || !value.starts_with('{') {
        return None;
    }
    let json: Value = serde_json::from_str(value).ok()?;
    let text = |key: &str| json.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (provider, _user) = (text("ServiceProvider")?, text("ServiceUser")?);
    // Who used the service is personal.
    let shown = format!("ServiceProvider: {provider}, ServiceUser: not shown");
    Some(field.finding(Class::Declared, "the description names the provider of the AI service that made it", &shown))
}
