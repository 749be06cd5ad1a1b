//! Programs that run open diffusion models: their settings stand in text fields, so that a picture can be made again.

use super::{Field, has_keys};
use crate::report::{Class, Finding};

/// A1111, Forge and the many that write the same form: `…Steps: 20, Sampler: …, Seed: …` as the last line.
pub(super) fn parameters(fields: &[Field]) -> Vec<Finding> {
    let found = |field: &Field| {
        if !["parameters", "UserComment", "Comment", "ImageDescription", "XPComment"].iter().any(|key| field.is(key)) {
            return None;
        }
        let settings = &field.value[field.value.rfind("Steps: ")?..];
        let number = settings["Steps: ".len()..].starts_with(|first: char| first.is_ascii_digit());
        if !number || !(settings.contains(", Sampler: ") || settings.contains(", Seed: ")) {
            return None;
        }
        let text = "the settings of a Stable Diffusion program stand in the file: made by AI".to_owned();
        Some(field.finding(Class::Hint, text, settings.lines().next().unwrap_or_default()))
    };
    fields.iter().filter_map(found).collect()
}

/// ComfyUI: the graph of nodes as JSON; in WebP after `prompt:` or `workflow:` in EXIF fields.
pub(super) fn comfy(fields: &[Field]) -> Vec<Finding> {
    let found = |field: &Field| {
        let value = field.value;
        let (key, value) = match value.split_once(':') {
            Some((key @ ("prompt" | "workflow" | "Prompt" | "Workflow"), rest)) => (key, rest),
            _ => (field.key, value),
        };
        let graph = key.eq_ignore_ascii_case("prompt") && has_keys(value, &["class_type", "inputs"]);
        let drawing = key.eq_ignore_ascii_case("workflow") && has_keys(value, &["nodes", "links", "last_node_id"]);
        let shown = format!("{key} of {} characters, not shown", value.chars().count());
        (graph || drawing).then(|| field.hint("ComfyUI", &shown))
    };
    fields.iter().filter_map(found).collect()
}

/// InvokeAI: JSON; in its first versions the command line in `Dream`.
pub(super) fn invoke(fields: &[Field]) -> Vec<Finding> {
    let found = |field: &Field| {
        let json = (field.is("invokeai_metadata") || field.is("invokeai_graph") || field.is("sd-metadata"))
            && field.value.trim_start().starts_with('{');
        let dream = field.is("Dream") && field.value.contains(" -s ") && field.value.contains(" -S ");
        let shown = format!("{} of {} characters, not shown", field.key, field.value.chars().count());
        (json || dream).then(|| field.hint("InvokeAI", &shown))
    };
    fields.iter().filter_map(found).collect()
}

/// Fooocus: `fooocus_scheme`, or JSON that names the scheme.
pub(super) fn fooocus(fields: &[Field]) -> Vec<Finding> {
    let found = |field: &&Field| {
        field.is("fooocus_scheme")
            || (field.is("parameters") || field.is("UserComment"))
                && has_keys(field.value, &["metadata_scheme", "fooocus", "base_model"])
    };
    let shown = |field: &Field| {
        field.hint("Fooocus", &format!("{} of {} characters, not shown", field.key, field.value.chars().count()))
    };
    fields.iter().find(found).map(shown).into_iter().collect()
}
