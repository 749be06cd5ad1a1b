//! InvokeAI: JSON in `invokeai_metadata`, in older versions in `sd-metadata`; in the first ones a command line in `Dream`.

use super::{Detector, Evidence, Field};
use crate::report::Finding;

pub(super) struct InvokeAi;

impl Detector for InvokeAi {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter(|field| fits(field)).map(|field| field.hint_unseen("InvokeAI")).collect()
    }
}

fn fits(field: &Field) -> bool {
    let json = field.is_one_of(&["invokeai_metadata", "invokeai_graph", "sd-metadata"])
        && field.value.trim_start().starts_with('{');
    let dream = field.is("Dream") && field.value.contains(" -s ") && field.value.contains(" -S ");
    json || dream
}
