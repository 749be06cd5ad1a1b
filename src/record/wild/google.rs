//! Google: the credit line of XMP, which often stands at the end of the file.

use super::{Detector, Evidence, Field};
use crate::report::{Class, Finding, Statement, Technique};

pub(super) struct Google;

impl Detector for Google {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(found).collect()
    }
}

fn found(field: &Field) -> Option<Finding> {
    if field.technique != Technique::Xmp || field.key != "Credit" {
        return None;
    }
    let value = field.value.trim();
    let (says, text) = if value.eq_ignore_ascii_case("Made with Google AI") {
        (Statement::FullyAi, "the credit line says: made with Google AI")
    } else if value.eq_ignore_ascii_case("Edited with Google AI") {
        (Statement::PartlyAi, "the credit line says: edited with Google AI")
    } else {
        return None;
    };
    Some(Finding { says, ..field.finding(Class::Declared, text, value).with_system("Google AI") })
}
