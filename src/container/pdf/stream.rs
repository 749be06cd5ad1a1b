//! What a stream holds: ISO 32000-2, 7.4.

use std::ops::Range;

use super::syntax::{Dictionary, Object};
use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, read_block, unpack},
};

pub(super) enum Decoded {
    Bytes(Vec<u8>),
    /// Why not.
    Not(&'static str),
}

/// Whether a stream of an encrypted document is not encrypted itself: tables of objects (7.5.8.2), and what says so with the
/// identity filter (7.6.6), as manifests have to (C2PA 2.4 §A.4).
pub(super) fn is_open(dictionary: &Dictionary) -> bool {
    let identity = |parameters: Option<&Object>| match parameters {
        Some(Object::Dictionary(parameters)) => parameters.get("Name").is_none() || parameters.is("Name", "Identity"),
        _ => true,
    };
    let is_crypt = |filter: &Object| *filter == Object::Name(b"Crypt".to_vec());
    let open = match (dictionary.get("Filter"), dictionary.get("DecodeParms")) {
        (Some(Object::Array(filters)), Some(Object::Array(parameters))) => {
            filters.first().is_some_and(is_crypt) && identity(parameters.first())
        }
        (Some(Object::Array(filters)), parameters) => filters.first().is_some_and(is_crypt) && identity(parameters),
        (Some(filter), parameters) => is_crypt(filter) && identity(parameters),
        (None, _) => false,
    };
    open || dictionary.is("Type", "XRef")
}

/// Reads and unpacks a stream; the bounds are those of metadata.
pub(super) fn read(
    source: &mut dyn Source,
    dictionary: &Dictionary,
    range: Range<u64>,
    budget: &mut Budget,
) -> Result<Decoded> {
    let filters = dictionary.get("Filter").cloned().map(Object::items).unwrap_or_default();
    let parameters = dictionary.get("DecodeParms").cloned().map(Object::items).unwrap_or_default();
    let mut bytes = read_block(source, Format::Pdf, range.start, range.end - range.start, budget)?;
    for (index, filter) in filters.iter().enumerate() {
        let Object::Name(filter) = filter else { return Ok(Decoded::Not("its filter cannot be read")) };
        bytes = match filter.as_slice() {
            b"Crypt" => bytes,
            b"FlateDecode" | b"Fl" => {
                let max = budget.limits().max_metadata_bytes;
                let mut out = Vec::new();
                // What came before a fault is kept: readers do so, as files with a wrong checksum are many.
                let more = unpack(flate2::read::ZlibDecoder::new(bytes.as_slice()), max, &mut out);
                if more.is_err() && out.is_empty() {
                    return Ok(Decoded::Not("its compressed data are damaged"));
                }
                budget.metadata(out.len() as u64 + u64::from(more.unwrap_or(false)))?;
                match parameters.get(index) {
                    Some(Object::Dictionary(parameters)) => match predicted(out, parameters) {
                        Some(out) => out,
                        None => return Ok(Decoded::Not("its predictor is not known here")),
                    },
                    _ => out,
                }
            }
            _ => return Ok(Decoded::Not("its filter is not known here")),
        };
    }
    Ok(Decoded::Bytes(bytes))
}

/// Undoes PNG's prediction over rows of bytes: 7.4.4.4.
fn predicted(mut bytes: Vec<u8>, parameters: &Dictionary) -> Option<Vec<u8>> {
    let number = |key, default| usize::try_from(parameters.integer(key).unwrap_or(default)).ok();
    match number("Predictor", 1)? {
        0 | 1 => return Some(bytes),
        10..=15 => {}
        _ => return None,
    }
    let pixel = number("Colors", 1)?.checked_mul(number("BitsPerComponent", 8)?)?;
    let row = pixel.checked_mul(number("Columns", 1)?)?.div_ceil(8);
    let pixel = pixel.div_ceil(8);
    if row == 0 || row > bytes.len() || pixel == 0 {
        return None;
    }
    // In place: rows are as long as the file says, and each ends before the byte that says how the next one is filtered.
    let rows = bytes.len() / (row + 1);
    for index in 0..rows {
        let (from, to) = (index * (row + 1), index * row);
        let filter = bytes[from];
        for at in to..to + row {
            let inside = at - to >= pixel;
            let left = if inside { bytes[at - pixel] } else { 0 };
            let above = if index > 0 { bytes[at - row] } else { 0 };
            let corner = if index > 0 && inside { bytes[at - row - pixel] } else { 0 };
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => above,
                3 => u8::midpoint(left, above),
                4 => paeth(left, above, corner),
                _ => return None,
            };
            bytes[at] = bytes[from + 1 + at - to].wrapping_add(guess);
        }
    }
    bytes.truncate(rows * row);
    Some(bytes)
}

/// PNG third edition, 9.4.
fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(above) - i16::from(corner);
    let far = |byte: u8| (guess - i16::from(byte)).abs();
    if far(left) <= far(above) && far(left) <= far(corner) {
        left
    } else if far(above) <= far(corner) {
        above
    } else {
        corner
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{container::pdf::syntax::Parser, limits::Limits};

    /// Rows of four bytes, one for each filter of PNG (third edition, 9.2), and one that is cut off.
    #[test]
    fn predictions_are_undone_in_place() {
        let parameters = b"<</Predictor 15/Columns 2/Colors 2>>";
        let object = Parser::new(parameters).object(&mut Budget::new(&Limits::default())).unwrap().unwrap();
        let parameters = object.dictionary().unwrap();
        let rows = [[0, 1, 2, 3, 4], [1, 1, 2, 3, 4], [2, 1, 1, 1, 1], [3, 1, 1, 1, 1], [4, 1, 1, 1, 1]];
        let packed = [&rows.concat()[..], &[0, 9]].concat();
        let wanted = [[1, 2, 3, 4], [1, 2, 4, 6], [2, 3, 5, 7], [2, 2, 4, 5], [3, 3, 5, 6]];
        assert_eq!(predicted(packed, &parameters), Some(wanted.concat()));
        assert_eq!(predicted(vec![5; 20], &parameters), None);
    }
}
