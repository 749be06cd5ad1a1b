//! The list of where items are (`iloc`: ISO/IEC 14496-12, 8.11.3), moved where it stands: no field gets longer, and nothing else is written.

use std::ops::Range;

use super::meta::Reader;
use crate::{Error, Format, Result, limits::Budget};

/// The content of an `iloc` box, which stands at `at`, with every place in the file as `moved` says: it takes the old range, and
/// returns the new start. What stands in the box beside it (`idat`) is not touched.
///
/// # Errors
///
/// [`Error::Unsupported`] for items that reach to the end of the file, stand in other files or items, that `moved` does not know, and
/// for places that do not fit any more.
pub(crate) fn relocated(
    iloc: &[u8],
    at: u64,
    format: Format,
    moved: &dyn Fn(Range<u64>) -> Option<u64>,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let refused = || {
        Error::unsupported(
            format,
            "it holds items ('iloc') that cannot follow when something is put in front of them; write it anew first, which leaves them out (ffmpeg -i in.mp4 -c copy out.mp4)",
        )
    };
    let mut made = iloc.to_vec();
    let mut put = |field: &Field, value: u64| {
        let bytes = value.to_be_bytes();
        let (high, low) = bytes.split_at(8 - field.size);
        let place = made.get_mut(field.at..field.at + field.size)?;
        place.copy_from_slice(low);
        (field.size > 0 && high.iter().all(|&byte| byte == 0)).then_some(())
    };
    let mut reader = Reader { bytes: iloc, at: 0, base: at, format };
    let (version, _) = reader.full()?;
    if version > 2 {
        return Err(refused());
    }
    let sizes = reader.u16()?;
    let nibble = |shift: u32| usize::from(sizes >> shift & 15);
    let index_size = if version > 0 { nibble(0) } else { 0 };
    for _ in 0..reader.id(version == 2)? {
        budget.part()?;
        reader.id(version == 2)?;
        let method = if version > 0 { reader.u16()? & 15 } else { 0 };
        let data_reference = reader.u16()?;
        let base = Field::read(&mut reader, nibble(4))?;
        // Of each extent: the field, and how far what it says moves.
        let mut shifts = Vec::new();
        for _ in 0..reader.u16()? {
            budget.part()?;
            reader.sized(index_size)?;
            let offset = Field::read(&mut reader, nibble(12))?;
            let len = reader.sized(nibble(8))?;
            match (method, data_reference) {
                (0, 0) if len > 0 => {
                    let start = base.value.checked_add(offset.value);
                    let range = start.and_then(|start| Some(start..start.checked_add(len)?)).ok_or_else(refused)?;
                    let new = moved(range.clone()).ok_or_else(refused)?;
                    let shift = new.checked_signed_diff(range.start).ok_or_else(refused)?;
                    shifts.push((offset, shift));
                }
                (1, 0) => {}
                _ => return Err(refused()),
            }
        }
        let Some(&(_, first)) = shifts.first() else { continue };
        // What moves as one is moved by what it is counted from.
        let together = shifts.iter().all(|(_, shift)| *shift == first);
        let new_base = base.value.checked_add_signed(first).filter(|new| together && base.holds(*new));
        if let Some(new) = new_base {
            put(&base, new).ok_or_else(refused)?;
            continue;
        }
        for (offset, shift) in shifts {
            let new = offset.value.checked_add_signed(shift).filter(|new| offset.holds(*new));
            new.and_then(|new| put(&offset, new)).ok_or_else(refused)?;
        }
    }
    Ok(made)
}

/// A number of 0, 4 or 8 bytes, and where it stands.
struct Field {
    at: usize,
    size: usize,
    value: u64,
}

impl Field {
    fn read(reader: &mut Reader, size: usize) -> Result<Self> {
        Ok(Self { at: reader.at, size, value: reader.sized(size)? })
    }

    fn holds(&self, value: u64) -> bool {
        match self.size {
            0 => false,
            4 => u32::try_from(value).is_ok(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    /// Everything 1,000 bytes further on.
    fn moved(iloc: &[u8]) -> Result<Vec<u8>> {
        let later = |range: Range<u64>| range.start.checked_add(1000);
        relocated(iloc, 0, Format::Mp4, &later, &mut Budget::new(&Limits::default()))
    }

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    #[test]
    fn places_move_and_nothing_else_does() {
        // Two extents, without a base.
        let list = |places: [u32; 2]| {
            [&[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 1, 0, 0, 0, 2][..], &words(&[places[0], 4, places[1], 5])].concat()
        };
        assert_eq!(moved(&list([48, 60])).unwrap(), list([1048, 1060]));
        assert!(moved(&list([48, u32::MAX - 10])).unwrap_err().to_string().contains("'iloc'"));
        // A base of eight bytes, in version 1; then an item in `idat`, which stays.
        let based = |base: u32| {
            let file = [&[0, 1, 0, 0, 0, 0][..], &words(&[0, base]), &[0, 1], &words(&[8, 4])].concat();
            let inside = [&[0, 2, 0, 1, 0, 0][..], &words(&[0, 0]), &[0, 1], &words(&[3, 4])].concat();
            [&[1, 0, 0, 0, 0x44, 0x80, 0, 2][..], &file, &inside].concat()
        };
        assert_eq!(moved(&based(500)).unwrap(), based(1500));
    }

    #[test]
    fn what_cannot_be_moved_is_refused() {
        let one = |version: u8, sizes: [u8; 2], rest: &[u8]| [&[version, 0, 0, 0], &sizes[..], &[0, 1], rest].concat();
        for list in [
            // Up to the end of the file.
            one(0, [0x44, 0], &[&[0, 1, 0, 0, 0, 1][..], &words(&[48, 0])].concat()),
            // In another file; in another item.
            one(0, [0x44, 0], &[&[0, 1, 0, 1, 0, 1][..], &words(&[48, 4])].concat()),
            one(1, [0x44, 0], &[&[0, 1, 0, 2, 0, 0, 0, 1][..], &words(&[48, 4])].concat()),
            // No field for a place.
            one(0, [0x04, 0], &[&[0, 1, 0, 0, 0, 1][..], &words(&[4])].concat()),
            // Fields of three bytes, and none at all.
            one(0, [0x34, 0], &[&[0, 1, 0, 0, 0, 1][..], &words(&[48, 4, 0])].concat()),
            one(0, [0x44, 0], &[]),
            one(3, [0x44, 0], &[0; 20]),
        ] {
            assert!(moved(&list).is_err(), "{list:?}");
        }
    }
}
