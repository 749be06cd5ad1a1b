//! APP1: EXIF (CIPA DC-008 4.7.2) and XMP (Adobe XMP Specification Part 3, 1.1.3).

use std::collections::BTreeMap;

use super::markers::{APP1, MAX_PAYLOAD, Segment};
use crate::{
    Error, Format, Result,
    format::Block,
    limits::Budget,
    stream::{Source, be_u32, read_at},
};

const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const EXTENSION: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
/// The longest standard packet: XMP Part 3, 1.1.3, table 4.
const MAX_XMP: usize = 65502;

/// What an APP1 segment carries.
pub(super) enum App1 {
    /// A TIFF structure.
    Exif(Vec<u8>),
    /// The standard XMP packet.
    Xmp(Vec<u8>),
    /// A part of an extended packet.
    Extension(Part),
    Other,
}

/// A part of an extended XMP packet.
pub(super) struct Part {
    /// MD5 of the whole, as 32 hexadecimal digits.
    id: [u8; 32],
    /// Length of the whole.
    len: u32,
    /// Where this part stands in the whole.
    at: u32,
    bytes: Vec<u8>,
}

/// Tells what a payload of APP1 is.
pub(super) fn classify(payload: Vec<u8>) -> App1 {
    let after = |len: usize| payload.get(len..).unwrap_or_default().to_vec();
    // The sixth byte of `Exif\0\0` and the 29th of XMP's prefix are padding, which some writers set to other values.
    if payload.starts_with(&EXIF[..5]) && payload.len() > EXIF.len() {
        App1::Exif(after(EXIF.len()))
    } else if payload.starts_with(&XMP[..XMP.len() - 1]) && payload.len() > XMP.len() {
        App1::Xmp(after(XMP.len()))
    } else if payload.starts_with(EXTENSION) {
        part(&payload[EXTENSION.len()..]).map_or(App1::Other, App1::Extension)
    } else {
        App1::Other
    }
}

fn part(bytes: &[u8]) -> Option<Part> {
    let id = bytes.get(..32)?.try_into().ok()?;
    Some(Part { id, len: be_u32(bytes, 32)?, at: be_u32(bytes, 36)?, bytes: bytes.get(40..)?.to_vec() })
}

/// Joins the parts of extended packets; parts may come in any order. A packet with a hole ends before the hole.
pub(super) fn extended(parts: Vec<(Segment, Part)>, budget: &mut Budget) -> Result<Vec<Block>> {
    let mut packets: BTreeMap<[u8; 32], Vec<(Segment, Part)>> = BTreeMap::new();
    for (segment, part) in parts {
        packets.entry(part.id).or_default().push((segment, part));
    }
    let mut blocks = Vec::new();
    for mut parts in packets.into_values() {
        parts.sort_by_key(|(_, part)| part.at);
        let Some((first, range)) = parts.first().map(|(segment, part)| (part.len, segment.range.clone())) else {
            continue;
        };
        budget.metadata(first.into())?;
        let mut bytes = Vec::new();
        for (_, part) in parts.iter().filter(|(_, part)| part.len == first) {
            if u64::from(part.at) == bytes.len() as u64 {
                bytes.extend_from_slice(&part.bytes);
            }
        }
        let place = format!("extended XMP, APP1 at byte {}", range.start);
        blocks.push(Block { range, place, bytes });
    }
    Ok(blocks)
}

/// Whether a block is a standard packet, which can be replaced; an extended one cannot.
pub(super) fn is_standard(source: &mut dyn Source, block: &Block) -> Result<bool> {
    let prefix = read_at(source, Format::Jpeg, block.range.start + 4, XMP.len() as u64 - 1)?;
    Ok(XMP.starts_with(&prefix))
}

/// The segment for a standard XMP packet.
pub(super) fn xmp_segment(packet: &[u8]) -> Result<Vec<u8>> {
    if packet.len() > MAX_XMP {
        let what = format!(
            "the XMP packet grows to {} bytes with the label, and a JPEG holds {MAX_XMP}; move large properties of the \
             packet to extended XMP, or remove them",
            packet.len()
        );
        return Err(Error::unsupported(Format::Jpeg, what));
    }
    Ok(segment(XMP, packet))
}

/// The segment for an EXIF block, or `None` when it is too long for one.
pub(super) fn exif_segment(tiff: &[u8]) -> Option<Vec<u8>> {
    (EXIF.len() + tiff.len() <= MAX_PAYLOAD).then(|| segment(EXIF, tiff))
}

fn segment(prefix: &[u8], body: &[u8]) -> Vec<u8> {
    // Both callers have bounded the body.
    let len = (2 + prefix.len() + body.len()) as u16;
    [&[0xFF, APP1][..], &len.to_be_bytes(), prefix, body].concat()
}
