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
