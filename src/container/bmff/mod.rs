//! ISO base media file format: ISO/IEC 14496-12, and the item structures that ISO/IEC 23008-12 builds on it.

mod edit;
pub(crate) mod film;
mod items;
mod meta;
mod write;

use std::ops::Range;

pub(crate) use edit::{Editor, store_box};
pub(crate) use items::relocated;
pub(crate) use meta::{Item, Meta};
pub(crate) use write::sized;

use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, be_u32, be_u64, length, read_at, read_block, read_into},
};

/// `uuid` of the C2PA box: C2PA 2.4, A.5.1.
pub(crate) const C2PA_UUID: [u8; 16] =
    [0xD8, 0xFE, 0xC3, 0xD6, 0x1B, 0x0E, 0x48, 0x3C, 0x92, 0x97, 0x58, 0x28, 0x87, 0x7E, 0xC4, 0x81];
/// `uuid` of an XMP packet: XMP specification part 3, 1.2.7.1.
pub(crate) const XMP_UUID: [u8; 16] =
    [0xBE, 0x7A, 0xCF, 0xCB, 0x97, 0xA9, 0x42, 0xE8, 0x9C, 0x71, 0x99, 0x94, 0x91, 0xE3, 0xAF, 0xAC];

/// The header of one box: where it is, and what it says it is.
#[derive(Clone, Debug)]
pub(crate) struct BoxHead {
    pub(crate) kind: [u8; 4],
    /// The extended type of a `uuid` box.
    pub(crate) uuid: Option<[u8; 16]>,
    /// The whole box.
    pub(crate) range: Range<u64>,
    /// What follows size, type and extended type.
    pub(crate) body: Range<u64>,
    /// How the size is written.
    pub(crate) size: SizeField,
}

/// How a box states its size: 14496-12, 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SizeField {
    Short,
    Long,
    /// Zero: up to the end of the file.
    ToEnd,
}

/// The boxes of `range`, which must fill it exactly. `depth` counts from 0 at the top of the file.
pub(crate) fn boxes(
    source: &mut dyn Source,
    format: Format,
    range: Range<u64>,
    depth: u32,
    budget: &mut Budget,
) -> Result<Vec<BoxHead>> {
    budget.depth(depth)?;
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        budget.part()?;
        let room = range.end - at;
        if room < 8 {
            // QuickTime ends user data with four zero bytes; anything else this short is no box.
            let rest = read_at(source, format, at, room)?;
            if rest.iter().all(|&byte| byte == 0) {
                break;
            }
            return Err(Error::malformed(format, at, format!("{room} bytes left where a box must start")));
        }
        let mut head = [0; 32];
        let have = usize::try_from(room.min(32)).unwrap_or(32);
        read_into(source, format, at, &mut head[..have])?;
        let head = BoxHead::parse(&head[..have], at, room, format)?;
        at = head.range.end;
        found.push(head);
    }
    Ok(found)
}

impl BoxHead {
    /// Parses the first bytes of a box at `at`, which may take `room` bytes.
    fn parse(head: &[u8], at: u64, room: u64, format: Format) -> Result<Self> {
        let short = || Error::malformed(format, at, "the box header is cut off");
        let kind: [u8; 4] = head.get(4..8).and_then(|kind| kind.try_into().ok()).ok_or_else(short)?;
        let (size, len, mut header) = match be_u32(head, 0).ok_or_else(short)? {
            0 => (SizeField::ToEnd, room, 8),
            1 => (SizeField::Long, be_u64(head, 8).ok_or_else(short)?, 16),
            len => (SizeField::Short, u64::from(len), 8),
        };
        let mut uuid = None;
        if &kind == b"uuid" {
            uuid = Some(head.get(header..header + 16).and_then(|id| id.try_into().ok()).ok_or_else(short)?);
            header += 16;
        }
        let header = header as u64;
        if len < header || len > room {
            let name = kind.escape_ascii();
            let why = format!("box '{name}' says {len} bytes; at least {header} and at most {room} are possible");
            return Err(Error::malformed(format, at, why));
        }
        Ok(Self { kind, uuid, range: at..at + len, body: at + header..at + len, size })
    }

    pub(crate) fn is(&self, kind: &[u8; 4]) -> bool {
        &self.kind == kind
    }
}

/// The boxes of a slice that is part of a larger structure; ranges are relative to the slice.
/// `at` is the slice's place in the file, for errors.
pub(crate) fn slice_boxes(bytes: &[u8], at: u64, format: Format, depth: u32, budget: &mut Budget) -> Result<Vec<Part>> {
    budget.depth(depth)?;
    let mut found = Vec::new();
    let mut position = 0;
    while position < bytes.len() {
        budget.part()?;
        let rest = &bytes[position..];
        if rest.len() < 8 && rest.iter().all(|&byte| byte == 0) {
            break;
        }
        let head = BoxHead::parse(rest, at + position as u64, rest.len() as u64, format)?;
        // Both lie inside the slice, which `parse` has checked.
        let relative = |place: u64| position + (place - at - position as u64) as usize;
        let (end, body) = (relative(head.range.end), relative(head.body.start));
        found.push(Part { kind: head.kind, range: position..end, body: body..end });
        position = end;
    }
    Ok(found)
}

/// A box inside a slice.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) kind: [u8; 4],
    pub(crate) range: Range<usize>,
    pub(crate) body: Range<usize>,
}

/// The brands of an `ftyp` box at the start of a file: the major one first.
pub(crate) fn brands(head: &[u8]) -> Vec<[u8; 4]> {
    if head.get(4..8) != Some(b"ftyp") {
        return Vec::new();
    }
    let len = be_u32(head, 0).and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
    let body = head.get(8..len.min(head.len())).unwrap_or_default();
    // The four bytes after the major brand are its version.
    let brands = body.chunks_exact(4).enumerate().filter(|(index, _)| *index != 1);
    brands.filter_map(|(_, brand)| brand.try_into().ok()).collect()
}

/// The top of a file.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) format: Format,
    pub(crate) boxes: Vec<BoxHead>,
    pub(crate) meta: Option<Meta>,
    /// Length of the file.
    pub(crate) len: u64,
}

/// A C2PA box.
#[derive(Debug)]
pub(crate) struct StoreBox {
    pub(crate) range: Range<u64>,
    /// `manifest`, `original`, `update` or `merkle`.
    pub(crate) purpose: String,
    pub(crate) jumbf: Vec<u8>,
}

impl Layout {
    /// Walks the top level and reads the `meta` box.
    pub(crate) fn read(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let boxes = boxes(source, format, 0..len, 0, budget)?;
        let mut meta = None;
        if let Some(head) = boxes.iter().find(|head| head.is(b"meta")) {
            let bytes = read_block(source, format, head.body.start, head.body.end - head.body.start, budget)?;
            meta = Some(Meta::parse(bytes, head, len, format, budget)?);
        }
        Ok(Self { format, boxes, meta, len })
    }

    /// Every C2PA box, in file order.
    pub(crate) fn stores(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<StoreBox>> {
        let heads = self.boxes.iter().filter(|head| head.uuid == Some(C2PA_UUID));
        heads.map(|head| self.store(head, source, budget)).collect()
    }

    fn store(&self, head: &BoxHead, source: &mut dyn Source, budget: &mut Budget) -> Result<StoreBox> {
        let mut body = read_block(source, self.format, head.body.start, head.body.end - head.body.start, budget)?;
        // FullBox header, purpose, then for manifests the offset of the first Merkle box: C2PA 2.4, A.5.1.
        let purpose = body.get(4..).and_then(|rest| Some(&rest[..rest.iter().position(|&byte| byte == 0)?]));
        let Some(purpose) = purpose.map(|purpose| String::from_utf8_lossy(purpose).into_owned()) else {
            return Err(Error::malformed(self.format, head.range.start, "the C2PA box has no purpose"));
        };
        let start = 4 + purpose.len() + 1 + if purpose == "merkle" { 0 } else { 8 };
        if start > body.len() {
            return Err(Error::malformed(self.format, head.range.start, "the C2PA box ends before its manifest"));
        }
        body.drain(..start);
        Ok(StoreBox { range: head.range.clone(), purpose, jumbf: body })
    }

    /// Where the C2PA box goes: behind `ftyp`.
    pub(crate) fn store_place(&self) -> Result<u64> {
        let ftyp = self.boxes.iter().find(|head| head.is(b"ftyp"));
        ftyp.map(|head| head.range.end).ok_or_else(|| Error::malformed(self.format, 0, "there is no 'ftyp' box"))
    }

    /// Reads the bytes of an item, its extents joined; `None` where they are kept elsewhere or built from other items.
    pub(crate) fn item_data(
        &self,
        item: &Item,
        source: &mut dyn Source,
        budget: &mut Budget,
    ) -> Result<Option<Vec<u8>>> {
        let (Some(meta), Some(location)) = (&self.meta, &item.location) else { return Ok(None) };
        if location.data_reference != 0 || location.method > 1 {
            return Ok(None);
        }
        let len = location.extents.iter().fold(0_u64, |sum, extent| sum.saturating_add(extent.len));
        if len > self.len {
            let why = format!("the extents of item {} overlap: {len} bytes", item.id);
            return Err(Error::malformed(self.format, meta.range.start, why));
        }
        let mut data = Vec::new();
        for extent in &location.extents {
            let outside = || Error::malformed(self.format, extent.offset, format!("item {} lies outside", item.id));
            if location.method == 0 {
                data.append(&mut read_at(source, self.format, extent.offset, extent.len)?);
            } else {
                let idat = meta.idat().ok_or_else(outside)?;
                let start = usize::try_from(extent.offset).map_err(|_| outside())?;
                let end =
                    usize::try_from(extent.len).ok().and_then(|len| start.checked_add(len)).ok_or_else(outside)?;
                data.extend_from_slice(idat.get(start..end).ok_or_else(outside)?);
            }
            budget.part()?;
        }
        Ok(Some(data))
    }
}

#[cfg(test)]
mod tests;
