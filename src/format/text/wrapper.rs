//! A manifest store in characters that show nothing: C2PA 2.4 §A.8.

use std::ops::Range;

use crate::{
    Result,
    container::invisible::{WRAPPER_MAGIC, Wrapper, selector},
    limits::Budget,
    stream::be_u32,
};

/// Magic, version and length.
const HEADER: usize = 13;
const VERSION: u8 = 1;

/// What a wrapper holds.
pub(super) enum Held {
    Store {
        /// In bytes of the text.
        carrier: Range<usize>,
        jumbf: Vec<u8>,
    },
    /// Why it holds none.
    Corrupted(&'static str),
}

/// Takes a wrapper apart. `text` is what it stands in.
pub(super) fn open(text: &str, wrapper: &Wrapper, budget: &mut Budget) -> Result<Held> {
    let bytes = &wrapper.bytes;
    let version = bytes.get(WRAPPER_MAGIC.len()).copied();
    let Some(len) = be_u32(bytes, WRAPPER_MAGIC.len() + 1).and_then(|len| usize::try_from(len).ok()) else {
        return Ok(Held::Corrupted("it is cut off in its header"));
    };
    if version != Some(VERSION) {
        return Ok(Held::Corrupted("its version is not known"));
    }
    let Some(jumbf) = HEADER.checked_add(len).and_then(|end| bytes.get(HEADER..end)) else {
        return Ok(Held::Corrupted("it is shorter than its length says"));
    };
    budget.metadata(jumbf.len() as u64)?;
    let padding = bytes.get(HEADER + len..).unwrap_or_default();
    // Readers differ in where a wrapper ends. What is filled up with these two carries nothing; anything else is text that
    // must not hide behind the wrapper.
    let end = if padding.iter().all(|byte| matches!(byte, 0x00 | 0x10)) {
        wrapper.range.end
    } else {
        let selectors = text.get(wrapper.range.clone()).unwrap_or_default().char_indices();
        let mut ends = selectors.filter(|&(_, character)| selector(character).is_some());
        let last = ends.nth(HEADER + len - 1).map(|(at, character)| at + character.len_utf8());
        wrapper.range.start + last.unwrap_or_default()
    };
    Ok(Held::Store { carrier: wrapper.range.start..end, jumbf: jumbf.to_vec() })
}
