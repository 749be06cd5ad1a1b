//! APE tags, versions 1 and 2, at the end of a file: Hydrogenaudio's "APEv2 specification".

use std::ops::Range;

use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, le_u32, read_at},
};

/// A text item.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) key: String,
    /// The value in the file.
    pub(crate) value: Range<u64>,
}

/// A tag.
#[derive(Debug)]
pub(crate) struct Tag {
    /// Header, items and footer.
    pub(crate) range: Range<u64>,
    pub(crate) texts: Vec<Item>,
    /// Whether all items could be told apart.
    pub(crate) whole: bool,
}

const FOOTER: u64 = 32;

/// The tag whose footer ends at `end`; `None` where there is none, or where it would start before `start`.
pub(crate) fn before(
    source: &mut dyn Source,
    format: Format,
    start: u64,
    end: u64,
    budget: &mut Budget,
) -> Result<Option<Tag>> {
    let Some(at) = end.checked_sub(FOOTER).filter(|at| *at >= start) else { return Ok(None) };
    let footer = read_at(source, format, at, FOOTER)?;
    let number = |at| le_u32(&footer, at).unwrap_or_default();
    let (size, count, flags) = (u64::from(number(12)), number(16), number(20));
    if !footer.starts_with(b"APETAGEX") || size < FOOTER {
        return Ok(None);
    }
    // The size counts the footer, not the header.
    let Some(mut at) = end.checked_sub(size).filter(|at| *at >= start) else { return Ok(None) };
    let items = end - FOOTER;
    let header = if flags & 0x8000_0000 != 0 { FOOTER } else { 0 };
    let mut tag = Tag { range: at.saturating_sub(header).max(start)..end, texts: Vec::new(), whole: false };
    for _ in 0..count {
        budget.part()?;
        // A key has at most 255 characters.
        let head = read_at(source, format, at, 264.min(items - at))?;
        let (Some(len), Some(flags)) = (le_u32(&head, 0), le_u32(&head, 4)) else { return Ok(Some(tag)) };
        let key = &head[8..];
        let Some(key) = memchr::memchr(0, key).map(|end| &key[..end]) else { return Ok(Some(tag)) };
        let value = at + 8 + key.len() as u64 + 1;
        let end = value + u64::from(len);
        if end > items {
            return Ok(Some(tag));
        }
        // Bits 1 and 2: text is 0.
        if flags & 6 == 0 {
            tag.texts.push(Item { key: String::from_utf8_lossy(key).into_owned(), value: value..end });
        }
        at = end;
    }
    tag.whole = true;
    Ok(Some(tag))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Limits;

    fn tag(size: u32, count: u32, items: &[u8]) -> Vec<u8> {
        let numbers = [2000, size, count, 0].map(u32::to_le_bytes).concat();
        [b"sound", items, b"APETAGEX", &numbers, &[0; 8]].concat()
    }

    fn read(bytes: &[u8]) -> Option<Tag> {
        let mut budget = Budget::new(&Limits::default());
        before(&mut Cursor::new(bytes), Format::Mp3, 0, bytes.len() as u64, &mut budget).unwrap()
    }

    #[test]
    fn items_are_read_within_the_tag() {
        let item = |len: u32, flags: u32, key: &str| {
            [&len.to_le_bytes()[..], &flags.to_le_bytes(), key.as_bytes(), b"\0{}"].concat()
        };
        let items = [item(2, 0, "AIGC"), item(2, 2, "Cover Art")].concat();
        let size = u32::try_from(items.len()).unwrap() + 32;
        let found = read(&tag(size, 2, &items)).unwrap();
        assert!(found.whole && found.range.start == 5);
        assert_eq!(
            found.texts.iter().map(|it| (it.key.as_str(), it.value.clone())).collect::<Vec<_>>(),
            [("AIGC", 18..20)]
        );
        for (size, count, len) in [(size, u32::MAX, 2), (size, 2, u32::MAX), (size - 5, 2, 2)] {
            let items = [item(len, 0, "AIGC"), item(2, 2, "Cover Art")].concat();
            assert!(!read(&tag(size, count, &items)).unwrap().whole, "{size} {count} {len}");
        }
        for size in [0, 31, 5000, u32::MAX] {
            assert!(read(&tag(size, 1, &items)).is_none(), "{size}");
        }
    }
}
