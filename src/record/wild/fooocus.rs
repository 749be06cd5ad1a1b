//! Fooocus: the text `fooocus_scheme`, or settings as JSON that names the scheme.

use super::{Detector, Evidence, Field, has_keys};
use crate::report::Finding;

pub(super) struct Fooocus;

impl Detector for Fooocus {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        // The scheme and the settings are one trace.
        let found = evidence.fields.iter().find(|field| fits(field));
        found.map(|field| field.hint_unseen("Fooocus")).into_iter().collect()
    }
}

fn fits(field: &Field) -> bool {
    let scheme = field.is("fooocus_scheme") && matches!(field.value.trim(), "fooocus" | "a1111");
    let settings = field.is_one_of(&["parameters", "UserComment"])
        && has_keys(field.value, &["metadata_scheme", "fooocus", "base_model"]);
    scheme || settings
}
