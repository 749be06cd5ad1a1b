//! Film and sound in this format: a top level that may be long or cut off, and the tags of iTunes, QuickTime and 3GPP.

use std::collections::BTreeSet;

use super::{BoxHead, C2PA_UUID, Layout, XMP_UUID};
use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, be_u16, be_u32, length, read_into},
};

/// The boxes at the top of a file that may carry a label or say what the file is.
#[derive(Debug)]
pub(crate) struct Top {
    pub(crate) layout: Layout,
    /// Whether there is a movie, or a fragment of one.
    pub(crate) movie: bool,
    /// Offset behind the last box.
    pub(crate) end: u64,
    /// Why the walk ended there, where more bytes follow.
    pub(crate) broken: Option<String>,
}

/// More boxes with metadata than this are no film. Each fragment may have one with hashes.
const MAX_KEPT: u64 = 1 << 16;

impl Top {
    /// Walks the top level; media data and fragments are passed over. A file that was cut off ends where it ends.
    pub(crate) fn read(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let layout = Layout { format, boxes: Vec::new(), meta: None, len };
        let mut top = Self { layout, movie: false, end: 0, broken: None };
        while top.end < len {
            budget.part()?;
            let (at, room) = (top.end, len - top.end);
            let mut head = [0; 32];
            let have = usize::try_from(room.min(32)).unwrap_or(32);
            read_into(source, format, at, &mut head[..have])?;
            let head = match BoxHead::parse(&head[..have], at, room, format) {
                Ok(head) => head,
                Err(Error::Malformed { why, .. }) if at > 0 => {
                    top.broken = Some(why);
                    break;
                }
                Err(error) => return Err(error),
            };
            top.end = head.range.end;
            top.movie |= head.is(b"moov") || head.is(b"moof");
            let kept = match &head.kind {
                b"ftyp" | b"moov" | b"meta" | b"udta" => true,
                b"uuid" => head.uuid == Some(C2PA_UUID) || head.uuid == Some(XMP_UUID),
                _ => false,
            };
            if kept {
                let got = top.layout.boxes.len() as u64 + 1;
                if got > MAX_KEPT {
                    return Err(Error::Limit { what: "the number of boxes with metadata", got, max: MAX_KEPT });
                }
                top.layout.boxes.push(head);
            }
        }
        Ok(top)
    }
}

/// What every program writes anew that writes a film: 14496-12, and tags that are known by other names in another one.
const REMADE: [&[u8; 4]; 27] = [
    b"ftyp", b"styp", b"free", b"skip", b"wide", b"mdat", b"moov", b"moof", b"mfra", b"sidx", b"ssix", b"pdin",
    b"mvhd", b"trak", b"iods", b"mvex", b"udta", b"meta", b"titl", b"auth", b"gnre", b"dscp", b"cprt", b"perf",
    b"albm", b"yrrc", b"XMP_",
];

/// The boxes beside the film itself, its XMP and its manifest: at the top, in the movie, and in the user data of that.
pub(crate) fn extras(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<BTreeSet<String>> {
    let (mut extras, end) = (BTreeSet::new(), length(source)?);
    let mut open = vec![(String::new(), 0..end, 0)];
    while let Some((path, range, depth)) = open.pop() {
        for head in super::boxes(source, format, range, depth, budget)? {
            let name = format!("{path}{}", head.kind.escape_ascii());
            match head.uuid {
                Some(C2PA_UUID | XMP_UUID) => {}
                Some(id) => drop(extras.insert(format!("{name} {}", uuid::Uuid::from_bytes(id)))),
                None if matches!((depth, &head.kind), (0, b"moov") | (1, b"udta")) => {
                    open.push((name + "/", head.body, depth + 1));
                }
                // Names that begin with © are tags.
                None if REMADE.contains(&&head.kind) || head.kind[0] == 0xa9 => {}
                None => drop(extras.insert(name)),
            }
        }
    }
    Ok(extras)
}

/// The names in a `keys` box: Apple's "QuickTime File Format", metadata item keys. Its count may lie.
pub(crate) fn keys(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 8;
    while let Some(len) = be_u32(body, at).and_then(|len| usize::try_from(len).ok()) {
        // Length and namespace come first.
        let Some(key) = at.checked_add(len).and_then(|end| body.get(at + 8..end)) else { break };
        found.push(String::from_utf8_lossy(key).into_owned());
        at += len;
    }
    found
}

/// The text of a `data` box: type, locale, value. `None` where the type is another than text.
pub(crate) fn data(body: &[u8]) -> Option<String> {
    let value = body.get(8..)?;
    match be_u32(body, 0)? {
        // "QuickTime File Format", well-known types: UTF-8 and UTF-16, for reading and for sorting.
        1 | 4 => Some(text(value)),
        2 | 5 => Some(utf16(value)),
        // Without a type: whatever it is, as long as it reads.
        0 => std::str::from_utf8(value).ok().filter(|text| !text.contains('\0')).map(str::to_owned),
        _ => None,
    }
}

/// The texts of a user data atom whose name starts with ©: length, language, text, again and again.
pub(crate) fn international(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(len) = be_u16(body, at).map(usize::from) {
        let Some(value) = body.get(at + 4..at + 4 + len) else { break };
        found.push(text(value));
        at += 4 + len;
    }
    if found.is_empty() && !body.is_empty() {
        // Some writers leave length and language out.
        found.push(text(body));
    }
    found
}

/// The text of a 3GPP asset box (TS 26.244, 8.2): version and flags, language, text.
pub(crate) fn asset(body: &[u8]) -> Option<String> {
    body.get(6..).map(text)
}

/// UTF-8, UTF-16 after a byte order mark, or one byte a character; up to its terminator.
pub(crate) fn text(bytes: &[u8]) -> String {
    if bytes.starts_with(&[0xFE, 0xFF]) || bytes.starts_with(&[0xFF, 0xFE]) {
        return utf16(bytes);
    }
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    match std::str::from_utf8(&bytes[..end]) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes[..end].iter().copied().map(char::from).collect(),
    }
}

fn utf16(bytes: &[u8]) -> String {
    let (bytes, little) = match bytes {
        [0xFE, 0xFF, rest @ ..] => (rest, false),
        [0xFF, 0xFE, rest @ ..] => (rest, true),
        _ => (bytes, false),
    };
    let order = if little { u16::from_le_bytes } else { u16::from_be_bytes };
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Limits, container::bmff::sized};

    fn top(bytes: &[u8]) -> Result<Top> {
        Top::read(&mut Cursor::new(bytes), Format::Mp4, &mut Budget::new(&Limits::default()))
    }

    #[test]
    fn a_film_that_was_cut_off_is_walked_as_far_as_it_goes() {
        let whole = [sized(b"ftyp", b"isom\0\0\0\0"), sized(b"moov", b""), sized(b"mdat", &[7; 100])].concat();
        let found = top(&whole).unwrap();
        assert!(found.broken.is_none() && found.end == whole.len() as u64 && found.layout.boxes.len() == 2);
        let found = top(&whole[..whole.len() - 1]).unwrap();
        assert!(found.broken.unwrap().contains("'mdat' says 108 bytes") && found.end == 24);
        // 64-bit lengths that overflow.
        let long = |len: u64| [&whole[..24], &[0, 0, 0, 1], b"mdat", &len.to_be_bytes(), &[0; 8]].concat();
        assert!(top(&long(24)).unwrap().broken.is_none());
        for len in [0, 15, 25, u64::MAX, u64::MAX - 7, 1 << 63] {
            assert!(top(&long(len)).unwrap().broken.is_some(), "{len}");
        }
        assert!(top(&[0, 0, 0, 7, b'f', b't', b'y', b'p']).is_err());
    }

    #[test]
    fn counts_of_keys_that_lie_are_not_believed() {
        let entry = |len: u32, name: &str| [&len.to_be_bytes()[..], b"mdta", name.as_bytes()].concat();
        let body = [&[0; 4][..], &[0xFF; 4], &entry(12, "AIGC"), &entry(9, "x")].concat();
        assert_eq!(keys(&body), ["AIGC", "x"]);
        for len in [0, 7, 13, u32::MAX] {
            assert_eq!(keys(&[&[0; 8][..], &entry(len, "AIGC")].concat()), [""; 0], "{len}");
        }
        assert!(keys(&[]).is_empty());
    }

    #[test]
    fn texts_of_each_kind() {
        assert_eq!(data(b"\0\0\0\x01\0\0\0\0{}").as_deref(), Some("{}"));
        assert_eq!(data(b"\0\0\0\x02\0\0\0\0\0{\0}").as_deref(), Some("{}"));
        assert_eq!(data(b"\0\0\0\0\0\0\0\0{}").as_deref(), Some("{}"));
        assert_eq!((data(b"\0\0\0\x0D\0\0\0\0\xFF\xD8"), data(b"\0\0\0\x01")), (None, None));
        assert_eq!(international(b"\0\x02\x15\xC7ab\0\x01\0\0\xE9"), ["ab", "\u{e9}"]);
        assert_eq!(international(b"plain text"), ["plain text"]);
        assert_eq!(asset(b"\0\0\0\0\x15\xC7\xFE\xFF\0a\0\0").as_deref(), Some("a"));
    }
}
