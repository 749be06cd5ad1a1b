//! The structure of TIFF 6.0: header, directories, values. TIFF files and EXIF blocks share it.
//!
//! Nothing is ever moved: a change is a new copy of a directory at the end, and the pointer to it. So every offset that
//! only its maker understands (MakerNote, private directories) stays valid.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, length, read_at, read_block},
};

/// Byte order of a TIFF structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// Field types, TIFF 6.0 page 15.
pub(crate) const BYTE: u16 = 1;
pub(crate) const ASCII: u16 = 2;
pub(crate) const SHORT: u16 = 3;
pub(crate) const LONG: u16 = 4;
pub(crate) const UNDEFINED: u16 = 7;
/// TIFF Technical Note 1: an offset of a directory.
pub(crate) const IFD: u16 = 13;

/// A TIFF structure whose header has been read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Structure {
    pub(crate) order: Order,
    /// Offset of the first directory.
    pub(crate) first: u32,
    /// Length of the structure in bytes.
    pub(crate) len: u64,
    format: Format,
}

/// One directory.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    /// Offset of the entry count.
    pub(crate) at: u64,
    /// In file order.
    pub(crate) entries: Vec<Entry>,
    /// Offset of the next directory; 0 for the last one.
    pub(crate) next: u32,
}

/// One entry of a directory, 12 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) tag: u16,
    pub(crate) kind: u16,
    pub(crate) count: u32,
    /// The value itself where it fits into four bytes, else its offset; in the structure's byte order.
    pub(crate) value: [u8; 4],
    /// Offset of the entry.
    pub(crate) at: u64,
}

/// A value to be set.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) tag: u16,
    pub(crate) kind: u16,
    pub(crate) count: u32,
    pub(crate) value: Value,
}

/// Where the bytes of a [`Field`] are.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Written with the directory.
    Bytes(Vec<u8>),
    /// They stand at this offset, or will.
    At(u32),
}

impl Order {
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(crate) fn put16(self, value: u16) -> [u8; 2] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn put32(self, value: u32) -> [u8; 4] {
        match self {
            Self::Little => value.to_le_bytes(),
            Self::Big => value.to_be_bytes(),
        }
    }
}

impl Entry {
    /// Length of the value in bytes; `None` for a type that TIFF 6.0 and EXIF 3.0 do not know.
    pub(crate) fn len(&self) -> Option<u64> {
        let size = match self.kind {
            // 129 is UTF-8: EXIF 3.0, 4.6.2.
            1 | 2 | 6 | 7 | 129 => 1,
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        Some(u64::from(self.count) * size)
    }

    /// Where the value stands; `None` for an unknown type.
    pub(crate) fn range(&self, order: Order) -> Option<Range<u64>> {
        let len = self.len()?;
        let start = if len <= 4 { self.at + 8 } else { order.u32(self.value).into() };
        Some(start..start + len)
    }
}

impl Directory {
    pub(crate) fn get(&self, tag: u16) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.tag == tag)
    }

    /// The range of the file that the directory takes: count, entries, pointer to the next.
    pub(crate) fn range(&self) -> Range<u64> {
        self.at..self.at + 6 + 12 * self.entries.len() as u64
    }

    /// Offset of the pointer to the next directory.
    pub(crate) fn next_at(&self) -> u64 {
        self.range().end - 4
    }
}

impl Field {
    /// A text with its terminator: UTF-8 bytes as ASCII, which ExifTool, Windows and the browsers read, while type 129 of
    /// EXIF 3.0 hides the field from readers that do not know it.
    pub(crate) fn text(tag: u16, text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        Self { tag, kind: ASCII, count: bytes.len().try_into().unwrap_or(u32::MAX), value: Value::Bytes(bytes) }
    }

    pub(crate) fn bytes(tag: u16, kind: u16, bytes: Vec<u8>) -> Self {
        Self { tag, kind, count: bytes.len().try_into().unwrap_or(u32::MAX), value: Value::Bytes(bytes) }
    }

    pub(crate) fn longs(tag: u16, values: &[u32], order: Order) -> Self {
        let bytes = values.iter().flat_map(|&value| order.put32(value)).collect();
        Self { tag, kind: LONG, count: values.len().try_into().unwrap_or(u32::MAX), value: Value::Bytes(bytes) }
    }
}

impl Structure {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for BigTIFF, [`Error::Malformed`] for what is no TIFF.
    pub(crate) fn open(source: &mut dyn Source, format: Format) -> Result<Self> {
        let len = length(source)?;
        let head = read_at(source, format, 0, 8)?;
        let order = match &head[..2] {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return Err(Error::malformed(format, 0, "no TIFF byte order mark (II or MM)")),
        };
        match order.u16([head[2], head[3]]) {
            42 => {}
            43 => return Err(Error::unsupported(format, "BigTIFF is not supported; save it as classic TIFF")),
            other => return Err(Error::malformed(format, 2, format!("42 expected, found {other}"))),
        }
        let first = order.u32([head[4], head[5], head[6], head[7]]);
        Ok(Self { order, first, len, format })
    }

    /// Reads the directory at `at`.
    pub(crate) fn directory(&self, source: &mut dyn Source, at: u64, budget: &mut Budget) -> Result<Directory> {
        budget.part()?;
        let count = read_at(source, self.format, at, 2)?;
        let count = self.order.u16([count[0], count[1]]);
        let bytes = read_at(source, self.format, at + 2, u64::from(count) * 12 + 4)?;
        let (entries, next) = bytes.split_at(bytes.len() - 4);
        let mut directory = Directory { at, entries: Vec::with_capacity(count.into()), next: 0 };
        for (at, bytes) in (at + 2..).step_by(12).zip(entries.chunks_exact(12)) {
            budget.part()?;
            let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes else { continue };
            directory.entries.push(Entry {
                tag: self.order.u16([a, b]),
                kind: self.order.u16([c, d]),
                count: self.order.u32([e, f, g, h]),
                value: [i, j, k, l],
                at,
            });
        }
        if let [a, b, c, d] = *next {
            directory.next = self.order.u32([a, b, c, d]);
        }
        Ok(directory)
    }

    /// Reads the first directory and all that follow it.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where the chain comes back to itself.
    pub(crate) fn chain(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<Directory>> {
        let mut seen = std::collections::HashSet::new();
        let mut chain: Vec<Directory> = Vec::new();
        let mut at = self.first;
        while at != 0 {
            if !seen.insert(at) {
                return Err(Error::malformed(self.format, at.into(), "the chain of directories is a circle"));
            }
            let directory = self.directory(source, at.into(), budget)?;
            at = directory.next;
            chain.push(directory);
        }
        Ok(chain)
    }

    /// The bytes of a value.
    pub(crate) fn bytes(&self, source: &mut dyn Source, entry: &Entry, budget: &mut Budget) -> Result<Vec<u8>> {
        let Some(range) = entry.range(self.order) else {
            let why = format!("tag {} has the unknown field type {}", entry.tag, entry.kind);
            return Err(Error::malformed(self.format, entry.at, why));
        };
        if range.end > self.len {
            let why = format!("the value of tag {} ends at {}, after the end", entry.tag, range.end);
            return Err(Error::malformed(self.format, entry.at, why));
        }
        read_block(source, self.format, range.start, range.end - range.start, budget)
    }

    /// The unsigned whole numbers of a value.
    pub(crate) fn numbers(&self, source: &mut dyn Source, entry: &Entry, budget: &mut Budget) -> Result<Vec<u32>> {
        let bytes = self.bytes(source, entry, budget)?;
        Ok(match entry.kind {
            BYTE | UNDEFINED => bytes.into_iter().map(u32::from).collect(),
            SHORT => bytes.chunks_exact(2).map(|b| self.order.u16([b[0], b[1]]).into()).collect(),
            LONG | IFD => bytes.chunks_exact(4).map(|b| self.order.u32([b[0], b[1], b[2], b[3]])).collect(),
            other => {
                let why = format!("tag {} must hold whole numbers, its type is {other}", entry.tag);
                return Err(Error::malformed(self.format, entry.at, why));
            }
        })
    }

    /// The first number of a tag, if it is there and is one.
    pub(crate) fn number(
        &self,
        source: &mut dyn Source,
        directory: &Directory,
        tag: u16,
        budget: &mut Budget,
    ) -> Option<u32> {
        self.numbers(source, directory.get(tag)?, budget).ok()?.first().copied()
    }
}

/// A new copy of `old` (or a first directory) that will stand at offset `at` or shortly after: `set` replaces or adds
/// fields, `drop` leaves fields out. Returns the bytes to be placed at `at` and the offset of the directory in them.
///
/// # Errors
///
/// [`Error::Unsupported`] when an offset would exceed 4 GiB.
pub(crate) fn rewrite(
    order: Order,
    old: Option<&Directory>,
    set: &[Field],
    drop: &[u16],
    next: u32,
    at: u64,
    format: Format,
) -> Result<(Vec<u8>, u32)> {
    let offset = |offset: u64| {
        u32::try_from(offset).map_err(|_| Error::unsupported(format, "the file would grow over the 4 GiB of TIFF"))
    };
    let mut out = Vec::new();
    let align = |out: &mut Vec<u8>| {
        // TIFF 6.0, section 2: values and directories begin on a word boundary.
        if (at + out.len() as u64) % 2 == 1 {
            out.push(0);
        }
    };
    let kept = old.into_iter().flat_map(|old| &old.entries);
    let mut entries: Vec<(u16, [u8; 12])> = kept
        .filter(|entry| !drop.contains(&entry.tag) && !set.iter().any(|field| field.tag == entry.tag))
        .map(|entry| (entry.tag, raw(order, entry.tag, entry.kind, entry.count, entry.value)))
        .collect();
    for field in set {
        let value = match &field.value {
            Value::At(at) => order.put32(*at),
            Value::Bytes(bytes) if bytes.len() <= 4 => {
                let mut value = [0; 4];
                value[..bytes.len()].copy_from_slice(bytes);
                value
            }
            Value::Bytes(bytes) => {
                align(&mut out);
                let start = offset(at + out.len() as u64)?;
                out.extend_from_slice(bytes);
                order.put32(start)
            }
        };
        entries.push((field.tag, raw(order, field.tag, field.kind, field.count, value)));
    }
    // TIFF 6.0, section 2: entries are in ascending order of tags.
    entries.sort_by_key(|(tag, _)| *tag);
    align(&mut out);
    let start = offset(at + out.len() as u64)?;
    let count = u16::try_from(entries.len()).map_err(|_| Error::unsupported(format, "the directory is full"))?;
    out.extend(order.put16(count));
    out.extend(entries.iter().flat_map(|(_, raw)| raw));
    out.extend(order.put32(next));
    Ok((out, start))
}

fn raw(order: Order, tag: u16, kind: u16, count: u32, [i, j, k, l]: [u8; 4]) -> [u8; 12] {
    let ([a, b], [c, d], [e, f, g, h]) = (order.put16(tag), order.put16(kind), order.put32(count));
    [a, b, c, d, e, f, g, h, i, j, k, l]
}
