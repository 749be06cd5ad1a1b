//! EBML: RFC 8794. Elements of an identifier, a length of which all bits may say "unknown", and data.

use std::ops::Range;

use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, read_at},
};

/// The header of one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    /// With its marker bits, as specifications write it.
    pub(crate) id: u32,
    /// Offset of the identifier.
    pub(crate) at: u64,
    /// The data; up to the end of the parent where the length is unknown or says too much.
    pub(crate) data: Range<u64>,
    /// The length is not written down: the element ends where something begins that cannot stand in it.
    pub(crate) unknown: bool,
    /// The length says more than the parent holds.
    pub(crate) cut: bool,
}

/// The element at `at` in a parent that ends at `end`; `None` where no header can be read.
pub(crate) fn element(
    source: &mut dyn Source,
    format: Format,
    at: u64,
    end: u64,
    budget: &mut Budget,
) -> Result<Option<Element>> {
    budget.part()?;
    // An identifier has up to four bytes, a length up to eight: RFC 8794, 11.2.4 and 11.2.5.
    let head = read_at(source, format, at, end.saturating_sub(at).min(12))?;
    let Some((id, id_len)) = number(&head, 4, true) else { return Ok(None) };
    let Some((len, len_len)) = number(&head[id_len..], 8, false) else { return Ok(None) };
    let start = at + (id_len + len_len) as u64;
    let unknown = len == (1 << (7 * len_len)) - 1;
    let cut = !unknown && len > end - start;
    let data = start..if unknown || cut { end } else { start + len };
    Ok(u32::try_from(id).ok().map(|id| Element { id, at, data, unknown, cut }))
}

/// A number that says its own length by its leading zeros, with or without the marker bit, and that length in bytes.
fn number(bytes: &[u8], max: usize, marker: bool) -> Option<(u64, usize)> {
    let &first = bytes.first()?;
    let len = first.leading_zeros() as usize + 1;
    let bytes = bytes.get(..len).filter(|_| len <= max)?;
    let value = bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte));
    Some((if marker { value } else { value & !(1 << (7 * len)) }, len))
}

/// A whole element.
pub(crate) fn whole(id: u32, data: &[u8]) -> Vec<u8> {
    let mut out = identifier(id);
    out.extend(length(data.len() as u64, 1));
    out.extend_from_slice(data);
    out
}

/// The bytes of an identifier, which holds its own marker.
pub(crate) fn identifier(id: u32) -> Vec<u8> {
    let bytes = id.to_be_bytes();
    bytes[(id.leading_zeros() / 8).min(3) as usize..].to_vec()
}

/// A length in `width` bytes, or in as many as it needs where that is more. All bits set would say that it is unknown.
pub(crate) fn length(len: u64, width: usize) -> Vec<u8> {
    let width = (width.clamp(1, 8)..8).find(|width| len < (1 << (7 * width)) - 1).unwrap_or(8);
    let marked = len & ((1 << (7 * width)) - 1) | 1 << (7 * width);
    marked.to_be_bytes()[8 - width..].to_vec()
}

/// The head of a `Void` element (RFC 8794, 11.3.2) that is `len` bytes long with it, 2 at least.
pub(crate) fn void(len: u64) -> Vec<u8> {
    let width = (1..8_u64).find(|width| len.saturating_sub(1 + width) < (1 << (7 * width)) - 1).unwrap_or(8);
    let mut out = vec![0xEC];
    out.extend(length(len.saturating_sub(1 + width), width as usize));
    out
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Limits;

    fn read(bytes: &[u8]) -> Option<Element> {
        let end = bytes.len() as u64;
        element(&mut Cursor::new(bytes), Format::Matroska, 0, end, &mut Budget::new(&Limits::default())).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        for len in [2_u64, 3, 127, 128, 129, 130, 16_384, 16_385, 16_386, 16_387, 3_000_000] {
            let head = void(len);
            let bytes = [head.clone(), vec![0; len as usize - head.len()]].concat();
            assert_eq!(
                read(&bytes).map(|it| (it.id, it.data.end, it.cut, it.unknown)),
                Some((0xEC, len, false, false))
            );
        }
        for (len, width) in [(0, 1), (126, 1), (127, 1), (127, 2), (16_382, 2), (16_383, 2), (5, 8), (1 << 40, 1)] {
            let bytes = [identifier(0x1254_C367), length(len, width)].concat();
            let read = read(&[bytes.clone(), vec![0; 20_000]].concat()).unwrap();
            assert!(
                bytes.len() >= 4 + width && (read.cut || read.data.end == bytes.len() as u64 + len) && !read.unknown
            );
        }
        assert_eq!(whole(0xEC, &[1]), [0xEC, 0x81, 1]);
        assert_eq!(whole(0x45A3, b"A"), [0x45, 0xA3, 0x81, b'A']);
    }

    #[test]
    fn lengths_of_every_width() {
        let known = |bytes: &[u8]| read(bytes).map(|it| (it.id, it.data, it.unknown, it.cut));
        assert_eq!(known(&[0xEC, 0x82, 1, 2]), Some((0xEC, 2..4, false, false)));
        assert_eq!(known(&[0x45, 0xA3, 0x40, 0x01, 9]), Some((0x45A3, 4..5, false, false)));
        assert_eq!(
            known(&[0x1F, 0x43, 0xB6, 0x75, 0x01, 0, 0, 0, 0, 0, 0, 1, 7]),
            Some((0x1F43_B675, 12..13, false, false))
        );
        // All bits set: unknown.
        assert_eq!(known(&[0x1F, 0x43, 0xB6, 0x75, 0xFF, 7, 7]), Some((0x1F43_B675, 5..7, true, false)));
        let all = [0x1F, 0x43, 0xB6, 0x75, 0x01, 255, 255, 255, 255, 255, 255, 255, 7];
        assert_eq!(known(&all), Some((0x1F43_B675, 12..13, true, false)));
        // One less is a length that lies.
        let lie = [0x1F, 0x43, 0xB6, 0x75, 0x01, 255, 255, 255, 255, 255, 255, 254, 7];
        assert_eq!(known(&lie), Some((0x1F43_B675, 12..13, false, true)));
        assert_eq!(known(&[0xEC, 0x85, 1]), Some((0xEC, 2..3, false, true)));
        for bytes in [&[][..], &[0xEC], &[0, 0x81], &[0x08, 1, 1, 1, 1, 0x80], &[0xEC, 0], &[0x45]] {
            assert_eq!(known(bytes), None, "{bytes:?}");
        }
    }
}
