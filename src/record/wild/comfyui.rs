//! ComfyUI: the graph of nodes as JSON in the PNG texts `prompt` and `workflow`; in WebP, EXIF fields such as `Make` and
//! `ImageDescription` begin with `prompt:` or `workflow:`.

use super::{Detector, Evidence, Field, has_keys};
use crate::report::Finding;

pub(super) struct ComfyUi;

impl Detector for ComfyUi {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(found).collect()
    }
}

fn found(field: &Field) -> Option<Finding> {
    let (key, value) = match field.value.split_once(':') {
        Some((key @ ("prompt" | "workflow" | "Prompt" | "Workflow"), rest)) => (key, rest),
        _ => (field.key, field.value),
    };
    let graph = key.eq_ignore_ascii_case("prompt") && has_keys(value, &["class_type", "inputs"]);
    let drawing = key.eq_ignore_ascii_case("workflow") && has_keys(value, &["nodes", "links", "last_node_id"]);
    let shown = format!("{key} of {} characters, not shown", value.chars().count());
    (graph || drawing).then(|| field.hint("ComfyUI", &shown))
}
