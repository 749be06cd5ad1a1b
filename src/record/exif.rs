//! EXIF blocks: TIFF structures with a description (EXIF 3.0, CIPA DC-008-2023).

use std::io::Cursor;

use crate::{
    Error, Format, Medium, Result,
    container::tiff::{self, ASCII, Entry, Field, Order, Structure},
    geometry::Orientation,
    limits::Budget,
    policy::{Extent, Language},
};

/// Tags, EXIF 3.0 §4.6.5 and §4.6.6.
const IMAGE_DESCRIPTION: u16 = 0x010E;
const ORIENTATION: u16 = 0x0112;
const EXIF_DIRECTORY: u16 = 0x8769;
const USER_COMMENT: u16 = 0x9286;

/// A text field of an EXIF block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextTag {
    pub(super) tag: u16,
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// The orientation that an EXIF block states; upright when it states none or cannot be read.
pub(crate) fn orientation(exif: &[u8], budget: &mut Budget) -> Orientation {
    let mut read = || -> Option<u32> {
        let mut source = Cursor::new(exif);
        let structure = Structure::open(&mut source, Format::Tiff).ok()?;
        let first = structure.directory(&mut source, structure.first.into(), budget).ok()?;
        structure.number(&mut source, &first, ORIENTATION, budget)
    };
    read().map_or(Orientation::Upright, Orientation::from_exif)
}

/// The block with `ImageDescription` set to `text`. `None` where nothing is to be changed: somebody else's description
/// stands there (a camera's blanks and model names count as such), or `text` itself, or the block cannot be read.
///
/// # Errors
///
/// When the budget is spent.
pub(crate) fn describe(exif: Option<&[u8]>, text: &str, budget: &mut Budget) -> Result<Option<Vec<u8>>> {
    let Some(exif) = exif else {
        let mut block = b"II*\0\0\0\0\0".to_vec();
        let field = [Field::text(IMAGE_DESCRIPTION, text)];
        let (bytes, first) = tiff::rewrite(Order::Little, None, &field, &[], 0, 8, Format::Tiff)?;
        block.extend(bytes);
        block[4..8].copy_from_slice(&first.to_le_bytes());
        return Ok(Some(block));
    };
    match describe_existing(exif, text, budget) {
        Err(Error::Malformed { .. } | Error::Unsupported { .. }) => Ok(None),
        other => other,
    }
}

fn describe_existing(exif: &[u8], text: &str, budget: &mut Budget) -> Result<Option<Vec<u8>>> {
    let mut source = Cursor::new(exif);
    let structure = Structure::open(&mut source, Format::Tiff)?;
    let first = structure.directory(&mut source, structure.first.into(), budget)?;
    let old = match first.get(IMAGE_DESCRIPTION) {
        None => None,
        Some(entry) => Some((entry, structure.bytes(&mut source, entry, budget)?)),
    };
    if let Some((_, bytes)) = &old
        && !may_describe(&string(bytes), text)
    {
        return Ok(None);
    }
    let order = structure.order;
    if let Some((entry, bytes)) = &old
        && let Some(block) = describe_in_place(exif, entry, bytes.len(), text, order)
    {
        return Ok(Some(block));
    }
    let field = [Field::text(IMAGE_DESCRIPTION, text)];
    let mut block = exif.to_vec();
    let (bytes, at) = tiff::rewrite(order, Some(&first), &field, &[], first.next, exif.len() as u64, Format::Tiff)?;
    block.extend(bytes);
    block[4..8].copy_from_slice(&order.put32(at));
    Ok(Some(block))
}

/// Our own earlier text is overwritten where it stands, so that labelling again and again does not let the block grow.
fn describe_in_place(exif: &[u8], entry: &Entry, room: usize, text: &str, order: Order) -> Option<Vec<u8>> {
    let count = text.len() + 1;
    if room <= 4 || count <= 4 || count > room || entry.kind != ASCII {
        return None;
    }
    let range = entry.range(order)?;
    let (start, end) = (usize::try_from(range.start).ok()?, usize::try_from(range.end).ok()?);
    let count_at = usize::try_from(entry.at).ok()? + 4;
    let mut block = exif.to_vec();
    let value = block.get_mut(start..end)?;
    value.fill(0);
    value[..text.len()].copy_from_slice(text.as_bytes());
    block.get_mut(count_at..count_at + 4)?.copy_from_slice(&order.put32(u32::try_from(count).ok()?));
    Some(block)
}

/// Whether `text` may take the place of the description `existing`: it is empty, or one of our own wordings.
pub(crate) fn may_describe(existing: &str, text: &str) -> bool {
    existing != text && (existing.is_empty() || existing.split(" / ").all(is_wording))
}

fn is_wording(line: &str) -> bool {
    const MEDIA: [Medium; 4] = [Medium::Image, Medium::Audio, Medium::Video, Medium::Text];
    let line = line.trim();
    Language::ALL.iter().any(|language| {
        MEDIA.iter().any(|&medium| {
            [Extent::Generated, Extent::Modified].iter().any(|&extent| language.wording(medium, extent) == line)
        })
    })
}

/// The text fields that generators, cameras and labels use, of the first directory and of the EXIF directory.
/// What cannot be read is left out; the second value says so where a limit was the reason.
pub(super) fn fields(exif: &[u8], budget: &mut Budget) -> (Vec<TextTag>, Option<Error>) {
    let mut found = Vec::new();
    let read = collect(exif, &mut found, budget);
    (found, read.err().filter(|error| matches!(error, Error::Limit { .. })))
}

fn collect(exif: &[u8], found: &mut Vec<TextTag>, budget: &mut Budget) -> Result<()> {
    let mut source = Cursor::new(exif);
    let structure = Structure::open(&mut source, Format::Tiff)?;
    let first = structure.directory(&mut source, structure.first.into(), budget)?;
    let exif_at = structure.number(&mut source, &first, EXIF_DIRECTORY, budget);
    let more = exif_at.map(|at| structure.directory(&mut source, at.into(), budget));
    // A broken EXIF directory does not hide what the first one says.
    let (more, mut outcome) = match more {
        Some(Ok(more)) => (Some(more), Ok(())),
        Some(Err(error)) => (None, Err(error)),
        None => (None, Ok(())),
    };
    for entry in std::iter::once(&first).chain(&more).flat_map(|directory| &directory.entries) {
        if name(entry.tag).is_none() {
            continue;
        }
        match structure.bytes(&mut source, entry, budget) {
            Ok(bytes) => {
                let value = text(entry.tag, &bytes, structure.order);
                found.extend(value.map(|(name, value)| TextTag { tag: entry.tag, name, value }));
            }
            Err(error @ Error::Limit { .. }) => outcome = Err(error),
            Err(_) => {}
        }
    }
    outcome
}

/// Name and text of a tag's value, where the tag holds text and there is some.
pub(crate) fn text(tag: u16, bytes: &[u8], order: Order) -> Option<(&'static str, String)> {
    let name = name(tag)?;
    let value = match tag {
        USER_COMMENT => comment(bytes, order),
        // The tags of Windows Explorer: UTF-16, little-endian in files of either order.
        0x9C9B..=0x9C9F => utf16(bytes, Order::Little),
        _ => string(bytes),
    };
    (!value.is_empty()).then_some((name, value))
}

fn name(tag: u16) -> Option<&'static str> {
    Some(match tag {
        0x010D => "DocumentName",
        IMAGE_DESCRIPTION => "ImageDescription",
        0x010F => "Make",
        0x0110 => "Model",
        0x0131 => "Software",
        0x013B => "Artist",
        0x013C => "HostComputer",
        0x8298 => "Copyright",
        USER_COMMENT => "UserComment",
        0x9C9B => "XPTitle",
        0x9C9C => "XPComment",
        0x9C9D => "XPAuthor",
        0x9C9E => "XPKeywords",
        0x9C9F => "XPSubject",
        _ => return None,
    })
}

/// Text up to its terminators: UTF-8, or Latin-1 where it is not.
pub(crate) fn string(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let bytes = &bytes[..end];
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// A `UserComment`: eight bytes name the character code (EXIF 3.0, table 9).
fn comment(bytes: &[u8], order: Order) -> String {
    let Some((code, text)) = bytes.split_at_checked(8) else { return string(bytes) };
    match code {
        b"UNICODE\0" => utf16(text, order),
        b"ASCII\0\0\0" | b"JIS\0\0\0\0\0" | [0, 0, 0, 0, 0, 0, 0, 0] => string(text).trim_end().to_owned(),
        // Many programs forget the code.
        _ => string(bytes),
    }
}

/// UTF-16 in the order of its mark, else in the one that reads better: many writers of JPEG put big-endian text into a
/// little-endian block.
fn utf16(bytes: &[u8], order: Order) -> String {
    let (order, bytes) = match bytes {
        [0xFE, 0xFF, rest @ ..] => (Order::Big, rest),
        [0xFF, 0xFE, rest @ ..] => (Order::Little, rest),
        _ => {
            let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|&&byte| byte == 0).count();
            let order = match zeros(0).cmp(&zeros(1)) {
                std::cmp::Ordering::Greater => Order::Big,
                std::cmp::Ordering::Less => Order::Little,
                std::cmp::Ordering::Equal => order,
            };
            (order, bytes)
        }
    };
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| order.u16([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{format::testing::corpus, limits::Limits};

    const TEXT: &str = "ЖИ көмегімен жасалды / Создано ИИ";

    fn budget() -> Budget {
        Budget::new(&Limits::default())
    }

    fn described(exif: Option<&[u8]>, text: &str) -> Option<Vec<u8>> {
        describe(exif, text, &mut budget()).unwrap()
    }

    fn value(exif: &[u8], name: &str) -> Option<String> {
        fields(exif, &mut budget()).0.into_iter().find(|field| field.name == name).map(|field| field.value)
    }

    /// The EXIF block of a JPEG of the corpus.
    fn camera(path: &str) -> Option<Vec<u8>> {
        let file = corpus(path)?;
        let at = memchr::memmem::find(&file, b"Exif\0\0").unwrap();
        let len = usize::from(u16::from_be_bytes([file[at - 2], file[at - 1]]));
        Some(file[at + 6..at - 2 + len].to_vec())
    }

    /// A block with one entry after another, all in the first directory.
    fn block(order: Order, set: &[Field]) -> Vec<u8> {
        let mut block = if order == Order::Little { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        let (bytes, first) = tiff::rewrite(order, None, set, &[], 0, 8, Format::Tiff).unwrap();
        block.extend(order.put32(first));
        block.extend(bytes);
        block
    }

    #[test]
    fn a_new_block_is_read_back() {
        let block = described(None, TEXT).unwrap();
        assert_eq!(value(&block, "ImageDescription").as_deref(), Some(TEXT));
        assert_eq!(described(Some(&block), TEXT), None, "nothing to change");
    }

    #[test]
    fn our_earlier_wording_is_replaced_and_the_block_stops_growing() {
        let first = described(None, "AI GENERATED").unwrap();
        let second = described(Some(&first), TEXT).unwrap();
        assert_eq!(value(&second, "ImageDescription").as_deref(), Some(TEXT));
        let third = described(Some(&second), "AI MODIFIED").unwrap();
        assert_eq!(value(&third, "ImageDescription").as_deref(), Some("AI MODIFIED"));
        assert_eq!(third.len(), second.len());
    }

    #[test]
    fn the_descriptions_of_others_stay() {
        for (order, theirs) in
            [(Order::Little, "My holiday"), (Order::Big, "OLYMPUS DIGITAL CAMERA         "), (Order::Big, "          ")]
        {
            assert_eq!(
                described(Some(&block(order, &[Field::text(IMAGE_DESCRIPTION, theirs)])), TEXT),
                None,
                "{theirs}"
            );
        }
        let empty = block(Order::Big, &[Field::bytes(IMAGE_DESCRIPTION, ASCII, vec![0; 32])]);
        assert_eq!(value(&described(Some(&empty), TEXT).unwrap(), "ImageDescription").as_deref(), Some(TEXT));
    }

    #[test]
    fn the_blocks_of_cameras_keep_every_byte_but_the_pointer() {
        for path in ["unlabelled/IMG_0003.jpg", "unlabelled/P1000827.jpg"] {
            let Some(exif) = camera(path) else { return };
            let (before, _) = fields(&exif, &mut budget());
            let Some(after) = described(Some(&exif), TEXT) else {
                assert!(value(&exif, "ImageDescription").is_some(), "{path}");
                continue;
            };
            assert_eq!(exif[8..], after[8..exif.len()], "{path}");
            assert_eq!(value(&after, "ImageDescription").as_deref(), Some(TEXT), "{path}");
            assert_eq!(value(&after, "Make"), value(&exif, "Make"));
            assert!(before.iter().all(|field| fields(&after, &mut budget()).0.contains(field)), "{path}");
            assert_eq!(orientation(&after, &mut budget()), orientation(&exif, &mut budget()));
        }
    }

    #[test]
    fn user_comments_are_read_in_every_code() {
        let mut little = b"UNICODE\0".to_vec();
        little.extend("Steps: 20, Қазақ".encode_utf16().flat_map(u16::to_le_bytes));
        let mut big = b"UNICODE\0".to_vec();
        big.extend("Steps: 20, Қазақ".encode_utf16().flat_map(u16::to_be_bytes));
        for (bytes, text) in [
            (little, "Steps: 20, Қазақ"),
            (big, "Steps: 20, Қазақ"),
            (b"ASCII\0\0\0Steps: 20   ".to_vec(), "Steps: 20"),
            (b"\0\0\0\0\0\0\0\0prompt".to_vec(), "prompt"),
            (b"no code at all".to_vec(), "no code at all"),
        ] {
            for order in [Order::Little, Order::Big] {
                let block = block(order, &[Field::bytes(USER_COMMENT, tiff::UNDEFINED, bytes.clone())]);
                assert_eq!(value(&block, "UserComment").as_deref(), Some(text));
            }
        }
    }

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        for order in [Order::Little, Order::Big] {
            let bytes = order.put16(6).to_vec();
            let set = [Field { tag: ORIENTATION, kind: tiff::SHORT, count: 1, value: tiff::Value::Bytes(bytes) }];
            assert_eq!(orientation(&block(order, &set), &mut budget()), Orientation::Turned90);
        }
        assert_eq!(orientation(b"", &mut budget()), Orientation::Upright);
    }

    #[test]
    fn broken_blocks_are_left_alone() {
        let Some(exif) = camera("unlabelled/IMG_0003.jpg") else { return };
        let exif = &exif[..exif.len().min(2000)];
        for at in 0..exif.len() {
            for flip in [0x01, 0x80, 0xFF] {
                let mut broken = exif.to_vec();
                broken[at] ^= flip;
                let _ = (fields(&broken, &mut budget()), orientation(&broken, &mut budget()));
                let _ = described(Some(&broken), TEXT);
            }
            let _ = (fields(&exif[..at], &mut budget()), described(Some(&exif[..at]), TEXT));
        }
    }
}
