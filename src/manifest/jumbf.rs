//! A walk over a manifest store (JUMBF, ISO/IEC 19566-5) before the engine reads it: the engine recurses.

use std::{collections::BTreeSet, ops::Range};

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
        if let Some(why) = store.get(start..end).and_then(ambiguous) {
            return Err(why);
        }
        while at < end {
            boxes += 1;
            if boxes > MAX_BOXES {
                return Err(format!("more than {MAX_BOXES} boxes"));
            }
            let (content, next, kind) = header(store, at, end)?;
            if depth > 0 && matches!(be_u32(store, at), Some(0 | 1)) {
                // Nothing inside a store is that long, and readers differ in what they make of it.
                return Err(format!("the box at byte {at} of the store has no plain length"));
            }
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

/// One manifest of a store: what hashes are made over, and what is looked at here.
pub(super) struct Manifest<'a> {
    /// The type of its box: `c2ma`, `c2um`, …
    pub(super) kind: [u8; 4],
    /// The content of its box: what a hashed URI hashes (C2PA 2.4 §8.4.2).
    pub(super) payload: &'a [u8],
    /// The CBOR of its claim.
    pub(super) claim: Option<&'a [u8]>,
    /// The content of its signature box, and the COSE structure in there.
    pub(super) signature: Option<(&'a [u8], &'a [u8])>,
    /// Label and content of the boxes in its assertion store.
    pub(super) assertions: Vec<(&'a str, &'a [u8])>,
}

/// The manifests of a store that [`check`] finds nothing wrong with, with their labels.
pub(super) fn manifests(store: &[u8]) -> Vec<(&str, Manifest<'_>)> {
    let content = boxes(store).next().filter(|(kind, _)| kind == b"jumb").map(|(_, content)| content);
    let manifests = superboxes(content.unwrap_or_default()).map(|(description, payload)| {
        let part = |kind: &[u8; 4]| superboxes(payload).find(|(part, _)| part.kind() == *kind).map(|(_, part)| part);
        let assertions = part(b"c2as").map(|store| superboxes(store).map(|(part, content)| (part.label, content)));
        let manifest = Manifest {
            kind: description.kind(),
            payload,
            claim: part(b"c2cl").and_then(cbor),
            signature: part(b"c2cs").and_then(|part| Some((part, cbor(part)?))),
            assertions: assertions.into_iter().flatten().collect(),
        };
        (description.label, manifest)
    });
    manifests.collect()
}

/// A box of a store, with what stands inside of it.
pub(super) struct Node<'a> {
    pub(super) kind: [u8; 4],
    /// The label of a superbox.
    pub(super) label: Option<&'a str>,
    /// Header and content, bytes of the store.
    pub(super) range: Range<usize>,
    pub(super) content: &'a [u8],
    pub(super) nodes: Vec<Self>,
}

/// Every box of a store that [`check`] finds nothing wrong with.
pub(super) fn tree(store: &[u8]) -> Vec<Node<'_>> {
    nodes(store, 0..declared_len(store).unwrap_or(store.len()).min(store.len()))
}

fn nodes(store: &[u8], range: Range<usize>) -> Vec<Node<'_>> {
    let (mut nodes, mut at) = (Vec::new(), range.start);
    // The depth was checked.
    while let Ok((content, next, kind)) = header(store, at, range.end) {
        let bytes = store.get(content..next).unwrap_or_default();
        let is_superbox = &kind == b"jumb";
        nodes.push(Node {
            kind,
            label: is_superbox.then(|| Description::of(bytes)).flatten().map(|description| description.label),
            range: at..next,
            content: bytes,
            nodes: if is_superbox { self::nodes(store, content..next) } else { Vec::new() },
        });
        at = next;
    }
    nodes
}

/// What a superbox holds that is made of its description and one CBOR box.
pub(super) fn cbor(content: &[u8]) -> Option<&[u8]> {
    boxes(content).nth(1).filter(|(kind, _)| kind == b"cbor").map(|(_, cbor)| cbor)
}

/// The COSE signature of the manifest with this label.
pub(super) fn signature<'a>(store: &'a [u8], manifest: &str) -> Option<&'a [u8]> {
    let (_, manifest) = manifests(store).into_iter().find(|(label, _)| *label == manifest)?;
    manifest.signature.map(|(_, cose)| cose)
}

/// Whether a superbox holds nothing but zeros, as redaction leaves it (C2PA 2.4 §6.8).
pub(super) fn is_blank(content: &[u8]) -> bool {
    boxes(content).skip(1).all(|(kind, bytes)| {
        let bytes = if &kind == b"uuid" { bytes.get(16..).unwrap_or(bytes) } else { bytes };
        bytes.iter().all(|&byte| byte == 0)
    })
}

/// A description box: ISO/IEC 19566-5 §A.3.
struct Description<'a> {
    uuid: [u8; 16],
    label: &'a str,
}

impl<'a> Description<'a> {
    /// The description of the superbox with this content. C2PA 2.4 §8.1 wants a label for all of its boxes.
    fn of(content: &'a [u8]) -> Option<Self> {
        let (_, bytes) = boxes(content).next().filter(|(kind, _)| kind == b"jumd")?;
        let uuid = bytes.get(..16)?.try_into().ok()?;
        // Requestable, and with a label.
        if bytes.get(16)? & 0b11 != 0b11 {
            return None;
        }
        let label = bytes.get(17..)?.split(|&byte| byte == 0).next()?;
        Some(Self { uuid, label: std::str::from_utf8(label).ok().filter(|label| !label.is_empty())? })
    }

    /// The first four bytes of the type, where the rest is as C2PA's types have it.
    fn kind(&self) -> [u8; 4] {
        const REST: [u8; 12] = [0x00, 0x11, 0x00, 0x10, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71];
        let [a, b, c, d, rest @ ..] = self.uuid;
        if rest == REST { [a, b, c, d] } else { [0; 4] }
    }
}

/// The described superboxes among the boxes of `content`.
fn superboxes(content: &[u8]) -> impl Iterator<Item = (Description<'_>, &[u8])> {
    let superboxes = boxes(content).filter(|(kind, _)| kind == b"jumb");
    superboxes.filter_map(|(_, content)| Some((Description::of(content)?, content)))
}

/// A box that goes by no name, two that go by one, or two of what a manifest has once: which of them a reader takes is chance.
fn ambiguous(content: &[u8]) -> Option<String> {
    let mut labels = BTreeSet::new();
    let mut once = Vec::new();
    for (_, content) in boxes(content).filter(|(kind, _)| kind == b"jumb") {
        let Some(description) = Description::of(content) else {
            return Some("a box of the store has no readable description".into());
        };
        let kind = description.kind();
        if matches!(&kind, b"c2cl" | b"c2cs" | b"c2as") {
            if once.contains(&kind) {
                return Some(format!("a manifest has several boxes of the type {}", String::from_utf8_lossy(&kind)));
            }
            once.push(kind);
        }
        if !labels.insert(description.label) {
            return Some(format!("two boxes of the store have the label {:?}", description.label));
        }
    }
    None
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
