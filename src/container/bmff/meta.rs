//! The `meta` box of pictures: items, where they are, what they are, and how they belong together.

use std::{collections::BTreeMap, ops::Range};

use super::{BoxHead, Part, slice_boxes};
use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{be_u16, be_u32, be_u64},
};

/// A `meta` box: 14496-12, 8.11.
#[derive(Clone, Debug)]
pub(crate) struct Meta {
    /// The whole box in the file.
    pub(crate) range: Range<u64>,
    /// Version and flags of the box, then its children.
    pub(crate) bytes: Vec<u8>,
    /// The children in `bytes`.
    pub(crate) parts: Vec<Part>,
    pub(crate) primary: Option<u32>,
    pub(crate) items: Vec<Item>,
    /// The properties of `ipco`, ranges in `bytes`; the first has number 1.
    pub(crate) properties: Vec<Part>,
    pub(crate) references: Vec<Reference>,
    pub(crate) location: LocationForm,
    /// Where each identifier stands in `items`.
    index: BTreeMap<u32, usize>,
}

/// The form of the `iloc` box.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LocationForm {
    pub(crate) version: u8,
    pub(crate) index_size: u8,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    pub(crate) id: u32,
    /// `av01`, `hvc1`, `grid`, `mime`, `Exif`, …; zeros in the old forms of `infe`.
    pub(crate) kind: [u8; 4],
    pub(crate) content_type: String,
    pub(crate) content_encoding: String,
    pub(crate) location: Option<Location>,
    /// Number of the property, and whether it is essential; in order.
    pub(crate) properties: Vec<(u16, bool)>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Location {
    /// 0 in the file, 1 in `idat`, 2 in other items.
    pub(crate) method: u8,
    /// Not 0: in another file.
    pub(crate) data_reference: u16,
    pub(crate) extents: Vec<Extent>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) index: u64,
    /// From the start of the file, of `idat` or of the other item; the base offset is added.
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) kind: [u8; 4],
    pub(crate) from: u32,
    pub(crate) to: Vec<u32>,
}

impl Meta {
    pub(super) fn parse(bytes: Vec<u8>, head: &BoxHead, end: u64, format: Format, budget: &mut Budget) -> Result<Self> {
        let at = head.body.start;
        let inner = bytes.get(4..).ok_or_else(|| Error::malformed(format, at, "the 'meta' box is cut off"))?;
        let mut parts = slice_boxes(inner, at + 4, format, 1, budget)?;
        for part in &mut parts {
            part.range = part.range.start + 4..part.range.end + 4;
            part.body = part.body.start + 4..part.body.end + 4;
        }
        let mut meta = Self {
            range: head.range.clone(),
            bytes,
            parts,
            primary: None,
            items: Vec::new(),
            properties: Vec::new(),
            references: Vec::new(),
            location: LocationForm::default(),
            index: BTreeMap::new(),
        };
        let bytes = std::mem::take(&mut meta.bytes);
        for part in meta.parts.clone() {
            let mut reader = Reader { bytes: &bytes[..part.body.end], at: part.body.start, base: at, format };
            match &part.kind {
                b"pitm" => {
                    let (version, _) = reader.full()?;
                    meta.primary = Some(reader.id(version > 0)?);
                }
                b"iinf" => meta.read_infos(reader, budget)?,
                b"iloc" => meta.read_locations(reader, end, budget)?,
                b"iref" => meta.read_references(reader, budget)?,
                b"iprp" => meta.read_properties(reader, budget)?,
                _ => {}
            }
        }
        meta.bytes = bytes;
        Ok(meta)
    }

    pub(crate) fn part(&self, kind: &[u8; 4]) -> Option<&Part> {
        self.parts.iter().find(|part| &part.kind == kind)
    }

    /// The bytes of the item data box.
    pub(crate) fn idat(&self) -> Option<&[u8]> {
        self.part(b"idat").and_then(|part| self.bytes.get(part.body.clone()))
    }

    pub(crate) fn item(&self, id: u32) -> Option<&Item> {
        self.index.get(&id).and_then(|&index| self.items.get(index))
    }

    pub(crate) fn primary_item(&self) -> Option<&Item> {
        self.primary.and_then(|id| self.item(id))
    }

    /// The properties of an item: number, kind and body.
    pub(crate) fn properties_of<'a>(&'a self, item: &'a Item) -> impl Iterator<Item = (u16, [u8; 4], &'a [u8])> {
        item.properties.iter().filter_map(|&(number, _)| {
            let part = self.properties.get(usize::from(number).checked_sub(1)?)?;
            Some((number, part.kind, self.bytes.get(part.body.clone())?))
        })
    }

    /// The first property of this kind: its number and its body.
    pub(crate) fn property<'a>(&'a self, item: &'a Item, kind: &[u8; 4]) -> Option<(u16, &'a [u8])> {
        self.properties_of(item).find(|(_, found, _)| found == kind).map(|(number, _, body)| (number, body))
    }

    /// The items that refer to `to` in this way (`thmb`, `auxl`, `cdsc`).
    pub(crate) fn referring<'a>(&'a self, kind: &'a [u8; 4], to: u32) -> impl Iterator<Item = &'a Item> {
        let from = self.references.iter().filter(move |found| &found.kind == kind && found.to.contains(&to));
        from.filter_map(|found| self.item(found.from))
    }

    /// The items that `from` refers to in this way (`dimg`).
    pub(crate) fn referred(&self, kind: &[u8; 4], from: u32) -> Vec<u32> {
        let found = self.references.iter().filter(|found| &found.kind == kind && found.from == from);
        found.flat_map(|found| found.to.iter().copied()).collect()
    }

    pub(super) fn entry(&mut self, id: u32) -> &mut Item {
        let index = *self.index.entry(id).or_insert(self.items.len());
        if index == self.items.len() {
            self.items.push(Item { id, ..Item::default() });
        }
        &mut self.items[index]
    }

    fn read_infos(&mut self, mut reader: Reader, budget: &mut Budget) -> Result<()> {
        let (version, _) = reader.full()?;
        let count = reader.id(version > 0)?;
        let body = reader.bytes.get(reader.at..).unwrap_or_default();
        let entries = slice_boxes(body, reader.place(), reader.format, 2, budget)?;
        if (entries.len() as u64) < u64::from(count) {
            return Err(reader.wrong("'iinf' holds fewer entries than it says"));
        }
        for entry in entries.into_iter().filter(|entry| &entry.kind == b"infe") {
            let mut info = Reader {
                bytes: &reader.bytes[..reader.at + entry.body.end],
                at: reader.at + entry.body.start,
                ..reader
            };
            let (version, _) = info.full()?;
            let id = info.id(version >= 3)?;
            info.skip(2)?;
            let mut kind = [0; 4];
            if version >= 2 {
                kind = info.take(4)?.try_into().unwrap_or_default();
            }
            info.text();
            let mut item = Item { id, kind, ..Item::default() };
            if version < 2 || &kind == b"mime" {
                item.content_type = info.text();
                item.content_encoding = info.text();
            }
            let known = self.entry(id);
            (known.kind, known.content_type, known.content_encoding) = (kind, item.content_type, item.content_encoding);
        }
        Ok(())
    }

    fn read_locations(&mut self, mut reader: Reader, end: u64, budget: &mut Budget) -> Result<()> {
        let (version, _) = reader.full()?;
        if version > 2 {
            return Err(reader.wrong("'iloc' of an unknown version"));
        }
        let sizes = reader.u16()?;
        let nibble = |shift: u32| usize::from(sizes >> shift & 15);
        let (offset_size, length_size, base_size) = (nibble(12), nibble(8), nibble(4));
        let index_size = if version > 0 { nibble(0) } else { 0 };
        self.location = LocationForm { version, index_size: index_size as u8 };
        let count = reader.id(version == 2)?;
        for _ in 0..count {
            budget.part()?;
            let id = reader.id(version == 2)?;
            let mut location = Location::default();
            if version > 0 {
                location.method = (reader.u16()? & 15) as u8;
            }
            location.data_reference = reader.u16()?;
            let base = reader.sized(base_size)?;
            for _ in 0..reader.u16()? {
                budget.part()?;
                let index = reader.sized(index_size)?;
                let offset = reader.sized(offset_size)?;
                let mut len = reader.sized(length_size)?;
                let Some(offset) = base.checked_add(offset) else { return Err(reader.wrong("an offset overflows")) };
                let in_file = location.method == 0 && location.data_reference == 0;
                if in_file && len == 0 {
                    // Nothing stated: all there is.
                    len = end.saturating_sub(offset);
                }
                if in_file && offset.checked_add(len).is_none_or(|stop| stop > end) {
                    return Err(reader.wrong(format!("item {id} reaches past the end of the file")));
                }
                location.extents.push(Extent { index, offset, len });
            }
            self.entry(id).location = Some(location);
        }
        Ok(())
    }

    fn read_references(&mut self, mut reader: Reader, budget: &mut Budget) -> Result<()> {
        let (version, _) = reader.full()?;
        let body = reader.bytes.get(reader.at..).unwrap_or_default();
        for part in slice_boxes(body, reader.place(), reader.format, 2, budget)? {
            let mut entry =
                Reader { bytes: &reader.bytes[..reader.at + part.body.end], at: reader.at + part.body.start, ..reader };
            let from = entry.id(version > 0)?;
            let count = entry.u16()?;
            let mut to = Vec::new();
            for _ in 0..count {
                budget.part()?;
                to.push(entry.id(version > 0)?);
            }
            self.references.push(Reference { kind: part.kind, from, to });
        }
        Ok(())
    }

    fn read_properties(&mut self, reader: Reader, budget: &mut Budget) -> Result<()> {
        let body = reader.bytes.get(reader.at..).unwrap_or_default();
        for part in slice_boxes(body, reader.place(), reader.format, 2, budget)? {
            let mut inner =
                Reader { bytes: &reader.bytes[..reader.at + part.body.end], at: reader.at + part.body.start, ..reader };
            match &part.kind {
                b"ipco" => {
                    let start = inner.at;
                    let body = inner.bytes.get(start..).unwrap_or_default();
                    let found = slice_boxes(body, inner.place(), inner.format, 3, budget)?;
                    self.properties = found
                        .into_iter()
                        .map(|part| Part {
                            kind: part.kind,
                            range: part.range.start + start..part.range.end + start,
                            body: part.body.start + start..part.body.end + start,
                        })
                        .collect();
                }
                b"ipma" => {
                    let (version, flags) = inner.full()?;
                    for _ in 0..inner.u32()? {
                        budget.part()?;
                        let id = inner.id(version > 0)?;
                        let count = inner.take(1)?[0];
                        let mut list = Vec::new();
                        for _ in 0..count {
                            list.push(if flags & 1 == 1 {
                                let value = inner.u16()?;
                                (value & 0x7FFF, value >> 15 == 1)
                            } else {
                                let value = inner.take(1)?[0];
                                (u16::from(value & 0x7F), value >> 7 == 1)
                            });
                        }
                        self.entry(id).properties.append(&mut list);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads a part of the `meta` box; every read is checked.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// Where `bytes` starts in the file.
    pub(super) base: u64,
    pub(super) format: Format,
}

impl<'a> Reader<'a> {
    fn place(&self) -> u64 {
        self.base + self.at as u64
    }

    fn wrong(&self, why: impl Into<String>) -> Error {
        Error::malformed(self.format, self.place(), why)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count);
        let Some(bytes) = end.and_then(|end| self.bytes.get(self.at..end)) else {
            return Err(self.wrong("a box inside 'meta' ends before its fields"));
        };
        self.at += count;
        Ok(bytes)
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        self.take(count).map(|_| ())
    }

    pub(super) fn u16(&mut self) -> Result<u16> {
        Ok(be_u16(self.take(2)?, 0).unwrap_or_default())
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(be_u32(self.take(4)?, 0).unwrap_or_default())
    }

    /// An identifier of 32 or of 16 bits.
    pub(super) fn id(&mut self, long: bool) -> Result<u32> {
        if long { self.u32() } else { Ok(self.u16()?.into()) }
    }

    /// A number of 0, 4 or 8 bytes.
    pub(super) fn sized(&mut self, size: usize) -> Result<u64> {
        match size {
            0 => Ok(0),
            4 => Ok(self.u32()?.into()),
            8 => Ok(be_u64(self.take(8)?, 0).unwrap_or_default()),
            _ => Err(self.wrong("a field size of 'iloc' is neither 0, 4 nor 8")),
        }
    }

    /// Version and flags of a full box.
    pub(super) fn full(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0xFF_FFFF))
    }

    /// A string up to its NUL or the end of the box: encoders leave the last NUL out.
    fn text(&mut self) -> String {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
        self.at += (len + 1).min(rest.len());
        String::from_utf8_lossy(&rest[..len]).into_owned()
    }
}
