//! What a stream holds: ISO 32000-2, 7.4.

use std::{io::Read as _, ops::Range};

use super::syntax::{Dictionary, Object};
use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, read_block},
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
                let fault =
                    flate2::read::ZlibDecoder::new(bytes.as_slice()).take(max.saturating_add(1)).read_to_end(&mut out);
                if fault.is_err() && out.is_empty() {
                    return Ok(Decoded::Not("its compressed data are damaged"));
                }
                budget.metadata(out.len() as u64)?;
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
fn predicted(bytes: Vec<u8>, parameters: &Dictionary) -> Option<Vec<u8>> {
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
    let mut out = Vec::with_capacity(bytes.len());
    let mut above = vec![0_u8; row];
    for line in bytes.chunks_exact(row + 1) {
        let (filter, line) = (line[0], &line[1..]);
        let mut this = vec![0_u8; row];
        for at in 0..row {
            let left = at.checked_sub(pixel).map_or(0, |at| this[at]);
            let corner = at.checked_sub(pixel).map_or(0, |at| above[at]);
            let guess = match filter {
                0 => 0,
                1 => left,
                2 => above[at],
                3 => u8::midpoint(left, above[at]),
                4 => paeth(left, above[at], corner),
                _ => return None,
            };
            this[at] = line[at].wrapping_add(guess);
        }
        out.extend_from_slice(&this);
        above = this;
    }
    Some(out)
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
