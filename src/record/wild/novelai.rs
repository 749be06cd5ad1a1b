//! NovelAI: PNG text fields. Its signature over the pixels is not checked.

use super::Field;
use crate::report::Finding;

pub(super) fn detect(fields: &[Field]) -> Vec<Finding> {
    let software = fields.iter().find(|field| field.is("Software") && field.value.trim() == "NovelAI");
    let source = fields.iter().find(|field| {
        field.is("Source")
            && (field.value.starts_with("Stable Diffusion ") || field.value.starts_with("NovelAI Diffusion"))
    });
    let shown = |field: &Field| field.hint("NovelAI", field.value);
    match (software, source) {
        (Some(software), _) => vec![shown(software)],
        (None, Some(source)) => {
            let titled = fields.iter().any(|field| {
                field.is("Title") && matches!(field.value.trim(), "AI generated image" | "NovelAI generated image")
            });
            titled.then(|| shown(source)).into_iter().collect()
        }
        (None, None) => Vec::new(),
    }
}
