//! The boxes of a manifest store as they stand there: ISO/IEC 19566-5, C2PA 2.4 §11.1.

use std::fmt::Write as _;

use super::{
    cbor::{Item, Reader},
    jumbf,
};
use crate::report::Part;

/// Characters of a value that are worked out.
const MAX_VALUE: usize = 4000;

/// The boxes of `store`, or why they cannot be told.
pub(crate) fn outline(store: &[u8]) -> Result<Vec<Part>, String> {
    jumbf::check(store)?;
    Ok(jumbf::tree(store).iter().map(part).collect())
}

fn part(node: &jumbf::Node) -> Part {
    let kind = String::from_utf8_lossy(&node.kind);
    let name = match node.label {
        Some(label) => format!("{label} ({kind})"),
        None => kind.into_owned(),
    };
    let place = format!("bytes {} to {} of the store", node.range.start, node.range.end);
    let mut part = Part::new(name, place);
    part.parts = node.nodes.iter().map(self::part).collect();
    match &node.kind {
        b"cbor" => part.with_value(&diagnostic(node.content)),
        b"json" => part.with_value(&String::from_utf8_lossy(node.content)),
        b"jumb" => part,
        _ => part.with_value(&format!("{} bytes", node.content.len())),
    }
}

/// CBOR in the notation of RFC 8949 §8, as much of it as is shown; byte strings are shortened.
fn diagnostic(cbor: &[u8]) -> String {
    let mut text = String::new();
    let mut reader = Reader::new(cbor);
    if value(&mut reader, &mut text, 0).is_none() {
        text.push('…');
    }
    text
}

/// Writes one item; `None` where it ends early or has been shown far enough.
fn value(reader: &mut Reader, text: &mut String, depth: usize) -> Option<()> {
    if text.len() > MAX_VALUE || depth > 64 {
        return None;
    }
    match reader.next()? {
        Item::Text(string) => _ = write!(text, "{string:?}"),
        Item::Bytes(bytes) => {
            text.push_str("h'");
            bytes.iter().take(32).for_each(|byte| _ = write!(text, "{byte:02x}"));
            text.push_str(if bytes.len() > 32 { "…'" } else { "'" });
        }
        Item::Int(false, number) => _ = write!(text, "{number}"),
        Item::Int(true, number) => _ = write!(text, "{}", -1 - i128::from(number)),
        Item::Float(number) => _ = write!(text, "{number}"),
        Item::Simple(20) => text.push_str("false"),
        Item::Simple(21) => text.push_str("true"),
        Item::Simple(22) => text.push_str("null"),
        Item::Simple(number) => _ = write!(text, "simple({number})"),
        Item::Tag(tag) => {
            let _ = write!(text, "{tag}(");
            value(reader, text, depth + 1)?;
            text.push(')');
        }
        Item::Array(len) => items(reader, text, len, ("[", "]"), |reader, text| value(reader, text, depth + 1))?,
        Item::Map(len) => items(reader, text, len, ("{", "}"), |reader, text| {
            value(reader, text, depth + 1)?;
            text.push_str(": ");
            value(reader, text, depth + 1)
        })?,
        Item::Break => return None,
    }
    Some(())
}

fn items<'a>(
    reader: &mut Reader<'a>,
    text: &mut String,
    len: Option<u64>,
    (open, close): (&str, &str),
    item: impl Fn(&mut Reader<'a>, &mut String) -> Option<()>,
) -> Option<()> {
    text.push_str(open);
    let mut at = 0;
    while len.is_none_or(|len| at < len) {
        if len.is_none() && matches!(reader.clone().next()?, Item::Break) {
            reader.next()?;
            break;
        }
        if at > 0 {
            text.push_str(", ");
        }
        item(reader, text)?;
        at += 1;
    }
    text.push_str(close);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cbor_is_shown_as_the_rfc_writes_it() {
        // Examples of RFC 8949, appendix A.
        for (bytes, text) in [
            (&b"\x83\x01\x82\x02\x03\x82\x04\x05"[..], "[1, [2, 3], [4, 5]]"),
            (b"\xa2\x61\x61\x01\x61\x62\x82\x02\x03", r#"{"a": 1, "b": [2, 3]}"#),
            (b"\x39\x03\xe7", "-1000"),
            (b"\x3b\xff\xff\xff\xff\xff\xff\xff\xff", "-18446744073709551616"),
            (b"\xf5", "true"),
            (b"\xfb\x3f\xf1\x99\x99\x99\x99\x99\x9a", "1.1"),
            (b"\xfa\x47\xc3\x50\x00", "100000"),
            (b"\x9f\x01\x82\x02\x03\xff", "[1, [2, 3]]"),
            (b"\xc1\x1a\x51\x4b\x67\xb0", "1(1363896240)"),
            (b"\x44\x01\x02\x03\x04", "h'01020304'"),
            (b"\x82\x01", "[1, …"),
        ] {
            assert_eq!(diagnostic(bytes), text);
        }
        let deep = [vec![0x81; 100_000], vec![0]].concat();
        assert!(diagnostic(&deep).len() < 100);
        let wide = [vec![0x9b, 0, 0, 0, 1, 0, 0, 0, 0], vec![0; 100_000]].concat();
        assert!(diagnostic(&wide).len() < MAX_VALUE + 10);
    }
}
