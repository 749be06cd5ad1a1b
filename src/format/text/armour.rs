//! A manifest store, or where one is, between two marks in a comment or in front matter: C2PA 2.4 §A.9.

use std::ops::Range;

use base64::{Engine, prelude::BASE64_STANDARD};
use memchr::memmem;

use crate::{Result, limits::Budget};

const BEGIN: &str = "-----BEGIN C2PA MANIFEST-----";
const END: &str = "-----END C2PA MANIFEST-----";

/// The longest start or end of a comment, with blanks, that is looked at: a line may be as long as the file.
const MAX_BESIDE: usize = 64;

/// What stands between the two marks.
pub(super) struct Block {
    /// The bytes of the text that may be left out of the hash: the lines of the block, and the line end before it where
    /// the file ends with it.
    pub(super) carrier: Range<usize>,
    /// Where the first mark stands.
    pub(super) at: usize,
    /// An address, or the store as a `data:` address; without blanks.
    pub(super) reference: String,
    /// Whether nothing but the marks of a comment stands beside it.
    pub(super) alone: bool,
}

/// Every block of a text.
pub(super) fn blocks(text: &str, budget: &mut Budget) -> Result<Vec<Block>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = memmem::find(&text.as_bytes()[from..], BEGIN.as_bytes()).map(|at| from + at) {
        budget.part()?;
        let inside = at + BEGIN.len();
        let Some(len) = text.get(inside..).and_then(|rest| rest.find(END)) else { break };
        let (inner, end) = (&text[inside..inside + len], inside + len + END.len());
        from = end;
        // A second beginning before the end: the first one was only mentioned.
        if let Some(later) = inner.rfind(BEGIN) {
            from = inside + later;
            continue;
        }
        budget.metadata(inner.len() as u64)?;
        found.push(block(text, at, inner, end));
    }
    Ok(found)
}

fn block(text: &str, at: usize, inner: &str, end: usize) -> Block {
    let bytes = text.as_bytes();
    let near = at.saturating_sub(MAX_BESIDE);
    let line = match bytes[near..at].iter().rposition(|byte| matches!(byte, b'\n' | b'\r')) {
        Some(newline) => Some(near + newline + 1),
        // A byte order mark is no part of the line.
        None if near == 0 => Some(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }),
        None => None,
    };
    let far = text.len().min(end + MAX_BESIDE);
    let after = match bytes[end..far].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        Some(newline) if bytes[end + newline..].starts_with(b"\r\n") => Some(end + newline + 2),
        Some(newline) => Some(end + newline + 1),
        None => (far == text.len()).then_some(far),
    };
    let beside = line.zip(after).and_then(|(line, after)| {
        let (prefix, suffix) = (text.get(line..at)?, &text[end..after]);
        (is_comment(prefix) && is_comment(suffix)).then_some((line, after, prefix, suffix))
    });
    let prefix = beside.map(|(_, _, prefix, _)| prefix.trim()).unwrap_or_default();
    let lines = inner.split(['\n', '\r']).map(|line| line.trim().strip_prefix(prefix).unwrap_or(line));
    let reference = lines.flat_map(str::split_whitespace).collect();
    let carrier = match beside {
        None => at..end,
        Some((line, after, _, suffix)) if after == text.len() && !suffix.ends_with(['\n', '\r']) => {
            let before = &text[..line];
            let before = before.strip_suffix('\n').unwrap_or(before);
            before.strip_suffix('\r').unwrap_or(before).len()..after
        }
        Some((line, after, ..)) => line..after,
    };
    Block { carrier, at, reference, alone: beside.is_some() }
}

/// A store in a line of its own: `data` is the start of its address.
pub(super) fn line(store: &[u8], data: &str, open: &str, close: &str, eol: &str) -> Vec<u8> {
    format!("{open}{BEGIN} {data}{} {END}{close}{eol}", BASE64_STANDARD.encode(store)).into_bytes()
}

/// Whether this is what a comment starts or ends with, and shows nothing of its own: what stands in a block's line is not
/// covered by the hash.
fn is_comment(text: &str) -> bool {
    let text = text.trim();
    // The instruction is ours: XML has no comments in which the marks could stand.
    text.len() <= 8
        && (matches!(text, "NOTE" | "<?c2pa")
            || text == "REM"
            || text.chars().all(|character| character.is_ascii_punctuation()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn found(text: &str) -> Vec<(String, String, bool)> {
        let blocks = blocks(text, &mut Budget::new(&Limits::default())).unwrap();
        blocks.into_iter().map(|block| (text[block.carrier].to_owned(), block.reference, block.alone)).collect()
    }

    #[test]
    fn the_carrier_is_the_line_with_its_end() {
        let line = "-----BEGIN C2PA MANIFEST----- https://a.example/m.c2pa -----END C2PA MANIFEST-----";
        for (before, whole, after) in [
            ("", format!("# {line}\n"), "print(1)\n"),
            ("WEBVTT\n\n", format!("NOTE {line}\r\n"), "\r\n00:00.000 --> 00:01.000\r\nHi\r\n"),
            ("<?xml version=\"1.0\"?>\r\n<a/>", format!("\r\n<!-- {line} -->"), ""),
            ("body { }\n", format!("/* {line} */\n"), "p { }"),
            ("\u{feff}", format!("// {line}\n"), "x"),
        ] {
            let text = format!("{before}{whole}{after}");
            let [(carrier, reference, alone)] = &found(&text)[..] else { panic!("{text}") };
            assert_eq!((carrier, reference.as_str(), *alone), (&whole, "https://a.example/m.c2pa", true), "{text}");
        }
    }

    #[test]
    fn several_lines_are_joined_without_the_marks_of_a_comment() {
        let text = "---\n# -----BEGIN C2PA MANIFEST-----\n# data:application/c2pa;base64,AAAA\n# BBBB\n# -----END C2PA MANIFEST-----\n---\nText\n";
        let [(carrier, reference, true)] = &found(text)[..] else { panic!() };
        assert_eq!(reference, "data:application/c2pa;base64,AAAABBBB");
        assert!(carrier.starts_with("# -----BEGIN") && carrier.ends_with("END C2PA MANIFEST-----\n"));
    }

    #[test]
    fn what_stands_beside_a_block_is_not_left_out() {
        let text = "steal() # -----BEGIN C2PA MANIFEST----- https://a.example/m -----END C2PA MANIFEST-----\n";
        let [(carrier, _, false)] = &found(text)[..] else { panic!() };
        assert!(carrier.starts_with("-----BEGIN") && carrier.ends_with("END C2PA MANIFEST-----"));
        assert!(found("between -----BEGIN C2PA MANIFEST----- and nothing").is_empty());
    }
}
