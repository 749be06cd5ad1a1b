//! Multi-Picture Format: APP2 that says where further pictures stand behind the first. CIPA DC-007.
//!
//! Ultra HDR gain maps, stereo pairs and large thumbnails are found that way. Offsets count from the MP header, which
//! follows `MPF\0`; the first picture has offset 0.

use std::ops::Range;

use crate::stream::{be_u16, be_u32, le_u16, le_u32};

const MPF: &[u8] = b"MPF\0";
/// NumberOfImages and MPEntry: DC-007 5.2.3.
const MP_ENTRY: u16 = 0xB002;
/// Bytes of an entry: attribute, size, offset, two dependent images.
const ENTRY: usize = 16;

/// The list of pictures in an APP2 payload.
pub(super) struct Index {
    /// Where the entries stand in the payload.
    entries: Range<usize>,
    little: bool,
}

/// Reads the index; `None` when the payload is something else or cannot be read.
pub(super) fn parse(payload: &[u8]) -> Option<Index> {
    let header = payload.strip_prefix(MPF)?;
    let little = match header.get(..4)? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let u16_at = |at| if little { le_u16(header, at) } else { be_u16(header, at) };
    let u32_at = |at| if little { le_u32(header, at) } else { be_u32(header, at) };
    let directory = usize::try_from(u32_at(4)?).ok()?;
    for index in 0..usize::from(u16_at(directory)?) {
        let field = directory.checked_add(2 + index * 12)?;
        if u16_at(field)? == MP_ENTRY {
            let len = usize::try_from(u32_at(field.checked_add(4)?)?).ok()?;
            let at = usize::try_from(u32_at(field.checked_add(8)?)?).ok()?;
            header.get(at..at.checked_add(len)?)?;
            let start = at + MPF.len();
            return Some(Index { entries: start..start + len / ENTRY * ENTRY, little });
        }
    }
    None
}

impl Index {
    /// Where the entries stand in the payload.
    pub(super) fn range(&self) -> Range<usize> {
        self.entries.clone()
    }

    /// The entries for a first picture that is `longer` bytes longer, `behind` of them after the MP header. `None` when
    /// they do not fit 32 bits.
    pub(super) fn moved(&self, payload: &[u8], longer: i64, behind: i64) -> Option<Vec<u8>> {
        let mut entries = payload.get(self.entries.clone())?.to_vec();
        for entry in entries.chunks_exact_mut(ENTRY) {
            let read = |at| if self.little { le_u32(entry, at) } else { be_u32(entry, at) };
            let (size, offset) = (read(4)?, read(8)?);
            let (at, value) = if offset == 0 {
                (4, u32::try_from(i64::from(size) + longer).ok()?)
            } else {
                (8, u32::try_from(i64::from(offset) + behind).ok()?)
            };
            let value = if self.little { value.to_le_bytes() } else { value.to_be_bytes() };
            entry[at..at + 4].copy_from_slice(&value);
        }
        Some(entries)
    }
}
