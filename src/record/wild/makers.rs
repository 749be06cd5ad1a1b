//! Generators that say their name in a field for the maker, the software or the source, and nothing else there.

use super::Field;
use crate::report::Finding;

/// Field, its whole value, and whose it is.
const NAMES: &[(&str, &str, &str)] = &[
    ("Make", "Ideogram AI", "Ideogram"),
    ("Make", "Aphrodite AI", "Aphrodite AI"),
    ("Software", "reve.com", "Reve"),
    ("CreatorTool", "reve.com", "Reve"),
    ("Source", "Luma AI", "Luma AI"),
];

pub(super) fn detect(fields: &[Field]) -> Vec<Finding> {
    let named = |field: &Field| {
        if field.is("hf-job-id") {
            return Some(field.hint("a Hugging Face job", field.value));
        }
        let value = field.value.trim();
        let known = NAMES.iter().find(|(key, name, _)| field.is(key) && value.eq_ignore_ascii_case(name));
        known.map(|(_, _, system)| field.hint(system, value))
    };
    fields.iter().filter_map(named).collect()
}
