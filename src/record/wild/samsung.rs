//! Samsung Galaxy AI: behind a JPEG's end, the data for editing again (`PhotoEditor_Re_Edit_Data`, JSON) names the AI tool
//! that was used by a number. Samsung does not document it; 0 and -1 stand for none.

use memchr::memmem;

use super::{Detector, Evidence};
use crate::report::{Class, Finding, Statement, Technique};

pub(super) struct Samsung;

impl Detector for Samsung {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        found(evidence).into_iter().collect()
    }
}

fn found(evidence: &Evidence) -> Option<Finding> {
    const DATA: &[u8] = b"PhotoEditor_Re_Edit_Data";
    const FIELD: &[u8] = b"\"genAIType";
    // The block's name stands before its data, and once more in the directory at the end of the trailer.
    let block = memmem::find(evidence.trailer, DATA)?;
    let trailer = &evidence.trailer[block..];
    let (at, number) = memmem::find_iter(trailer, FIELD).find_map(|at| {
        let number = number(&trailer[at + FIELD.len()..])?;
        (number > 0).then_some((at, number))
    })?;
    let at = evidence.trailer_at + (block + at) as u64;
    let text = "Samsung's photo editor says that its AI made or changed a part of it";
    let place = format!("PhotoEditor_Re_Edit_Data behind the picture, at byte {at}");
    let value = format!("genAIType: {number}");
    let finding = Finding::new(Technique::Text, Class::Declared, Statement::PartlyAi, text, &value, place);
    Some(finding.with_system("Samsung Galaxy AI"))
}

/// The number behind a key of JSON, whose closing quote may be escaped: the object can stand in a string of another.
fn number(rest: &[u8]) -> Option<u32> {
    let rest = String::from_utf8_lossy(&rest[..rest.len().min(24)]);
    let rest = rest.trim_start_matches('\\').strip_prefix('"')?.trim_start().strip_prefix(':')?.trim_start();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(trailer: &str) -> Option<String> {
        let evidence = Evidence { trailer: trailer.as_bytes(), trailer_at: 1000, ..Evidence::default() };
        found(&evidence).map(|finding| finding.value)
    }

    #[test]
    fn the_number_is_read_in_both_spellings_and_only_in_its_block() {
        let block = |json: &str| format!("\0\0\u{1}PhotoEditor_Re_Edit_Data{json}SEFH");
        assert_eq!(says(&block(r#"{"a":1,"genAIType":3}"#)).as_deref(), Some("genAIType: 3"));
        assert_eq!(says(&block(r#"{"a":"{\"genAIType\" : 12}"}"#)).as_deref(), Some("genAIType: 12"));
        for none in [
            block(r#"{"genAIType":0}"#),
            block(r#"{"genAIType":-1}"#),
            block(r#"{"genAIType":"3"}"#),
            block(r#"{"isScaleAI":false}"#),
            block("\"genAIType"),
            r#"{"genAIType":3}"#.to_owned(),
            r#"{"genAIType":3}PhotoEditor_Re_Edit_Data"#.to_owned(),
            String::new(),
        ] {
            assert_eq!(says(&none), None, "{none}");
        }
    }
}
