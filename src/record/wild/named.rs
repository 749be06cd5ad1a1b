//! Generators that say their name in a field for the maker, the software or the source, and nothing else there.

use super::{Detector, Evidence, Field};
use crate::report::Finding;

pub(super) struct Named;

impl Detector for Named {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(found).collect()
    }
}

/// Field, its whole value, and whose it is.
const NAMES: &[(&str, &str, &str)] = &[
    ("Make", "Ideogram AI", "Ideogram"),
    ("Make", "Aphrodite AI", "Aphrodite AI"),
    ("Software", "reve.com", "Reve"),
    ("CreatorTool", "reve.com", "Reve"),
    ("Source", "Luma AI", "Luma AI"),
];

fn found(field: &Field) -> Option<Finding> {
    let value = field.value.trim();
    let (_, _, system) = NAMES.iter().find(|(key, name, _)| field.is(key) && value.eq_ignore_ascii_case(name))?;
    Some(field.hint(system, value))
}
