//! Midjourney: the description ends with the parameters and `Job ID: <uuid>`; the same UUID stands in XMP.

use super::{Detector, Evidence, Field, is_uuid};
use crate::report::{Class, Finding};

pub(super) struct Midjourney;

impl Detector for Midjourney {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let job = |field: &Field| {
            let (prompt, id) = field.value.trim_end().rsplit_once("Job ID: ")?;
            let known = evidence.fields.iter().any(|other| other.key == "DigImageGUID" && other.value == id);
            if !field.is("Description") || !is_uuid(id) || !(known || prompt.contains(" --")) {
                return None;
            }
            let text = "Midjourney names itself as the maker by its job number";
            Some(field.finding(Class::Declared, text, &format!("Job ID: {id}")).with_system("Midjourney"))
        };
        evidence.fields.iter().filter_map(job).collect()
    }
}
