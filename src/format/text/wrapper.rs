//! A manifest store in characters that show nothing: C2PA 2.4 §A.8.

use std::ops::Range;

use crate::{
    Result,
    container::invisible::{WRAPPER_MAGIC, WRAPPER_MARK, Wrapper, selector, spelled},
    limits::Budget,
    stream::be_u32,
};

/// Magic, version and length.
const HEADER: usize = 13;
const VERSION: u8 = 1;

/// More bytes than this of what nobody sees, a program that passes text on may cut off or refuse.
pub(super) const MODEST: usize = 12 * 1024;

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
    // Readers differ in where a wrapper ends. What it is filled up with carries nothing; anything else is text that must not
    // hide behind the wrapper.
    let end = if is_padding(padding) {
        wrapper.range.end
    } else {
        let selectors = text.get(wrapper.range.clone()).unwrap_or_default().char_indices();
        let mut ends = selectors.filter(|&(_, character)| selector(character).is_some());
        let last = ends.nth(HEADER + len - 1).map(|(at, character)| at + character.len_utf8());
        wrapper.range.start + last.unwrap_or_default()
    };
    Ok(Held::Store { carrier: wrapper.range.start..end, jumbf: jumbf.to_vec() })
}

/// Zeros, and behind them one other sign again and again: 0x10 in the working draft of C2PA, 0xFF in the package `c2pa-text`.
fn is_padding(bytes: &[u8]) -> bool {
    let rest = &bytes[bytes.iter().take_while(|&&byte| byte == 0).count()..];
    [0x10, 0xff].iter().any(|&fill| rest.iter().all(|&byte| byte == fill))
}

/// How long the wrapper of a store is: a byte is three bytes or four in UTF-8, and the rest is filled up, so that the length of the
/// wrapper depends on that of the store only.
pub(super) fn length(store: usize) -> usize {
    WRAPPER_MARK.len_utf8() + (HEADER + store) * 4 + 6
}

/// A store as a wrapper.
pub(super) fn wrap(store: &[u8]) -> Vec<u8> {
    let len = u32::try_from(store.len()).unwrap_or(u32::MAX).to_be_bytes();
    let bytes = [&WRAPPER_MAGIC[..], &[VERSION], &len, store].concat();
    let target = length(store.len());
    let mut text = String::with_capacity(target);
    text.push(WRAPPER_MARK);
    text.extend(bytes.iter().map(|&byte| spelled(byte)));
    let gap = target.saturating_sub(text.len());
    // The working draft fills up with 0x10, which encypher-c2pa takes for content; 0xFF, as in `c2pa-text`, all take.
    let fours = gap % 3;
    text.extend(std::iter::repeat_n(spelled(0), (gap - 4 * fours) / 3));
    text.extend(std::iter::repeat_n(spelled(0xff), fours));
    text.into_bytes()
}
