//! A walk over a manifest store (JUMBF, ISO/IEC 19566-5) before the engine reads it: the engine recurses.

use super::cbor;
use crate::stream::be_u32;

/// Depth of superboxes: store, manifest, assertion store, assertion, and some to spare.
const MAX_DEPTH: usize = 16;
/// Boxes of one store. Real stores have some hundred.
const MAX_BOXES: usize = 65_536;

/// Length of the store's outermost box; the engine ignores what follows it.
pub(super) fn declared_len(store: &[u8]) -> Option<usize> {
    match be_u32(store, 0)? {
        0 => Some(store.len()),
        1 => usize::try_from(crate::stream::be_u64(store, 8)?).ok(),
        len => usize::try_from(len).ok(),
    }
}

/// Walks the boxes of `store`; what is wrong with it, where something is.
pub(super) fn check(store: &[u8]) -> Result<(), String> {
    let mut boxes = 0;
    // (start, end, depth) of ranges that hold boxes one after the other.
    let mut open = vec![(0, declared_len(store).unwrap_or(store.len()).min(store.len()), 0)];
    while let Some((start, end, depth)) = open.pop() {
        let mut at = start;
        while at < end {
            boxes += 1;
            if boxes > MAX_BOXES {
                return Err(format!("more than {MAX_BOXES} boxes"));
            }
            let (content, next, kind) = header(store, at, end)?;
            match &kind {
                b"jumb" if depth >= MAX_DEPTH => return Err(format!("boxes nested more than {MAX_DEPTH} deep")),
                b"jumb" => open.push((content, next, depth + 1)),
                b"cbor" if !store.get(content..next).is_some_and(cbor::is_sound) => {
                    return Err(format!("the CBOR at byte {content} of the store is nested too deeply or cut off"));
                }
                _ => {}
            }
            at = next;
        }
    }
    Ok(())
}

/// The COSE signature of the manifest with this label.
pub(super) fn signature<'a>(store: &'a [u8], manifest: &str) -> Option<&'a [u8]> {
    let (_, store) = boxes(store).next()?;
    let manifest = labelled(store, manifest)?;
    boxes(labelled(manifest, "c2pa.signature")?).find(|(kind, _)| kind == b"cbor").map(|(_, cose)| cose)
}

/// The content of the superbox among `content`'s boxes whose description box has this label.
fn labelled<'a>(content: &'a [u8], label: &str) -> Option<&'a [u8]> {
    boxes(content).filter(|(kind, _)| kind == b"jumb").map(|(_, content)| content).find(|content| {
        // ISO/IEC 19566-5 §A.3: type (16 bytes), toggles (1), label up to a NUL.
        let description =
            boxes(content).next().filter(|(kind, _)| kind == b"jumd").and_then(|(_, bytes)| bytes.get(17..));
        description.and_then(|bytes| bytes.split(|&byte| byte == 0).next()) == Some(label.as_bytes())
    })
}

/// Type and content of the boxes that stand in `bytes` one after the other, up to the first broken one.
fn boxes(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (content, next, kind) = header(bytes, at, bytes.len()).ok()?;
        at = next;
        Some((kind, bytes.get(content..next)?))
    })
}

/// Start of the content, end and type of the box at `at`.
fn header(store: &[u8], at: usize, end: usize) -> Result<(usize, usize, [u8; 4]), String> {
    let cut = || format!("the box at byte {at} of the store is cut off");
    let len = be_u32(store, at).ok_or_else(cut)?;
    let kind = store.get(at + 4..at + 8).and_then(|kind| kind.try_into().ok()).ok_or_else(cut)?;
    let (header, len) = match len {
        0 => (8, end - at),
        1 => {
            let len = crate::stream::be_u64(store, at + 8).ok_or_else(cut)?;
            (16, usize::try_from(len).map_err(|_| cut())?)
        }
        len => (8, usize::try_from(len).map_err(|_| cut())?),
    };
    let next = at.checked_add(len).filter(|&next| next <= end && len >= header).ok_or_else(cut)?;
    Ok((at + header, next, kind))
}
