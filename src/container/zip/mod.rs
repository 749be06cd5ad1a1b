//! ZIP (PKWARE APPNOTE 6.3.10): the directory at the end, and single parts. Nothing is ever written to disk, so that a name
//! can lead nowhere.

mod edit;
mod headers;
#[cfg(test)]
mod tests;

use std::{
    io::{Read, SeekFrom},
    ops::Range,
};

use memchr::memmem;

pub(crate) use edit::{Change, Edits, Packed, extents};

use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, le_u16, le_u32, length, read_at, read_block, unpack},
};

const LOCAL: &[u8; 4] = b"PK\x03\x04";
const CENTRAL: &[u8; 4] = b"PK\x01\x02";
const DESCRIPTOR: &[u8; 4] = b"PK\x07\x08";
const END: &[u8; 4] = b"PK\x05\x06";
const END64: &[u8; 4] = b"PK\x06\x06";
const LOCATOR64: &[u8; 4] = b"PK\x06\x07";

/// The end record, and the longest comment that may follow it.
const END_LEN: u64 = 22;
const MAX_COMMENT: u64 = 0xffff;

/// What stands at the end of an archive: where it begins, and what is in the archive.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) start: u64,
    pub(crate) entries: Vec<Entry>,
    /// Where the entries end, where the last record starts, and the one of 64 bits in front of it.
    end: u64,
    record: u64,
    wide: Option<u64>,
    /// How many entries the last record counts; `None` where that is said in 64 bits.
    count: Option<u16>,
    /// Whether the archive is the only volume.
    alone: bool,
}

/// One file of an archive.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    /// Where its checksum stands in the directory.
    pub(crate) checksum: Range<u64>,
    /// Where all of it stands in the directory.
    central: Range<u64>,
    /// 4.4.4.
    flags: u16,
    /// Whether the lengths behind the data are of 64 bits: 4.3.9.
    wide: bool,
    method: u16,
    /// CRC-32 of the content.
    crc: u32,
    /// Length as stored.
    stored: u64,
    /// The volume that it starts in.
    disk: u16,
    /// Offset of the local header.
    pub(crate) at: u64,
}

/// Bits of [`Entry::flags`]: encrypted in one of three ways; checksum and lengths follow the data; the name is UTF-8.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const DESCRIBED: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;

/// Where an entry stands.
pub(crate) struct Extent {
    /// Local header, data, and the lengths behind them where they are.
    pub(crate) range: Range<u64>,
    pub(crate) data: Range<u64>,
}

/// What was read of an entry.
pub(crate) struct Part {
    /// Local header and data.
    pub(crate) range: Range<u64>,
    pub(crate) bytes: Vec<u8>,
}

/// Whether a file starts as an archive does.
pub(crate) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(LOCAL)
}

/// The names in the local headers of a head, in order; the last may be cut.
pub(crate) fn names(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    memmem::find_iter(head, LOCAL).filter_map(|at| {
        let len = usize::from(le_u16(head, at + 26)?);
        let name = at + 30;
        head.get(name..(name + len).min(head.len()))
    })
}

/// The data of the first entry, where it is called `name` and is not compressed.
pub(crate) fn first<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    if !is_zip(head) || le_u16(head, 8)? != 0 || names(head).next()? != name {
        return None;
    }
    let start = 30 + name.len() + usize::from(le_u16(head, 28)?);
    let len = usize::try_from(le_u32(head, 18)?).ok()?;
    head.get(start..start.checked_add(len)?)
}

/// The directory of an archive. Each entry spends a part.
pub(crate) fn directory(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Directory> {
    let len = length(source)?;
    let tail_at = len.saturating_sub(END_LEN + MAX_COMMENT);
    let tail = read_at(source, format, tail_at, len - tail_at)?;
    // The last record whose comment ends with the file; programs that append a byte are forgiven.
    let fits = |&at: &usize| le_u16(&tail, at + 20).is_some_and(|comment| at + 22 + usize::from(comment) == tail.len());
    let ends: Vec<usize> = memmem::find_iter(&tail, END).filter(|at| tail.len() - at >= 22).collect();
    let end = ends.iter().rev().copied().find(fits).or(ends.last().copied());
    let end = end.ok_or_else(|| Error::malformed(format, len, "there is no end of a ZIP directory"))?;
    let at = tail_at + end as u64;
    let number = |at: usize| u64::from(le_u32(&tail, end + at).unwrap_or_default());
    let (mut size, mut start) = (number(12), number(16));
    let short = |at: usize| le_u16(&tail, end + at).unwrap_or_default();
    let mut wide_at = None;
    if size == 0xffff_ffff || start == 0xffff_ffff {
        let found = wide(source, format, at)?;
        (size, start, wide_at) = (found.0, found.1, Some(found.2));
    }
    if start.checked_add(size).is_none_or(|end| end > at) {
        return Err(Error::malformed(format, at, format!("a directory of {size} bytes at {start} does not fit")));
    }
    let bytes = read_block(source, format, start, size, budget)?;
    let mut entries = Vec::new();
    let mut rest = bytes.as_slice();
    while rest.starts_with(CENTRAL) {
        budget.part()?;
        let cut = || Error::malformed(format, start, "the ZIP directory is cut off");
        let at = start + (bytes.len() - rest.len()) as u64;
        let (entry, len) = entry(rest, at).ok_or_else(cut)?;
        entries.push(entry);
        rest = rest.get(len..).ok_or_else(cut)?;
    }
    if entries.is_empty() && size > 0 {
        return Err(Error::malformed(format, start, "there is no ZIP directory"));
    }
    let count = (short(10) != u16::MAX).then(|| short(10));
    let alone = short(4) == 0 && short(6) == 0 && short(8) == short(10);
    let end = start + (bytes.len() - rest.len()) as u64;
    Ok(Directory { start, entries, end, record: at, wide: wide_at, count, alone })
}

/// Whether `bytes` are nothing but a directory, as writers that add a part leave the old one behind.
pub(crate) fn is_directory(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while rest.starts_with(CENTRAL) {
        let Some(after) = entry(rest, 0).and_then(|(_, len)| rest.get(len..)) else { return false };
        rest = after;
    }
    // With its end, or without.
    rest.len() < bytes.len() && (rest.is_empty() || rest.len() == 22 && rest.starts_with(END))
}

/// Size and start of a directory that needs 64 bits, and where that is said: 4.3.14 and 4.3.15.
fn wide(source: &mut dyn Source, format: Format, end: u64) -> Result<(u64, u64, u64)> {
    let wrong = || Error::malformed(format, end, "the 64-bit end of the ZIP directory is missing");
    let locator = read_at(source, format, end.checked_sub(20).ok_or_else(wrong)?, 20)?;
    let at = locator.starts_with(LOCATOR64).then(|| le_u64(&locator, 8)).flatten().ok_or_else(wrong)?;
    if at >= end {
        return Err(wrong());
    }
    let record = read_at(source, format, at, 56.min(end - at))?;
    let numbers = record.starts_with(END64).then(|| Some((le_u64(&record, 40)?, le_u64(&record, 48)?, at))).flatten();
    numbers.ok_or_else(wrong)
}

/// The entry that `bytes`, which stand at `place`, start with, and its length in the directory.
fn entry(bytes: &[u8], place: u64) -> Option<(Entry, usize)> {
    let (name, extra, comment) = (le_u16(bytes, 28)?, le_u16(bytes, 30)?, le_u16(bytes, 32)?);
    let [name, extra, comment] = [name, extra, comment].map(usize::from);
    let unpacked = le_u32(bytes, 24)?;
    let (mut stored, mut at) = (u64::from(le_u32(bytes, 20)?), u64::from(le_u32(bytes, 42)?));
    // 4.5.3: those of the numbers that do not fit stand here, in this order.
    let field = field(bytes.get(46 + name..46 + name + extra)?, 1);
    let mut wide = field.unwrap_or_default();
    let mut next = || {
        let number = le_u64(wide, 0);
        wide = wide.get(8..).unwrap_or_default();
        number
    };
    if unpacked == u32::MAX {
        next();
    }
    if stored == u64::from(u32::MAX) {
        stored = next()?;
    }
    if at == u64::from(u32::MAX) {
        at = next()?;
    }
    let entry = Entry {
        name: String::from_utf8_lossy(bytes.get(46..46 + name)?).into_owned(),
        checksum: place.checked_add(16)?..place.checked_add(20)?,
        central: place..place.checked_add((46 + name + extra + comment) as u64)?,
        flags: le_u16(bytes, 8)?,
        wide: field.is_some(),
        method: le_u16(bytes, 10)?,
        crc: le_u32(bytes, 16)?,
        stored,
        disk: le_u16(bytes, 34)?,
        at,
    };
    Some((entry, 46 + name + extra + comment))
}

/// The extra field with this number.
fn field(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let end = 4 + usize::from(le_u16(extra, 2)?);
        if le_u16(extra, 0)? == wanted {
            return extra.get(4..end);
        }
        extra = extra.get(end..)?;
    }
}

fn le_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

impl Directory {
    /// Whether any entry is compressed.
    pub(crate) fn compresses(&self) -> bool {
        self.entries.iter().any(|entry| entry.method != 0)
    }
}

impl Entry {
    /// What belongs to the entry outside the directory. `Err` with a sentence where that cannot be seen.
    pub(crate) fn extent(&self, source: &mut dyn Source, format: Format) -> Result<Result<Extent, &'static str>> {
        let data = match self.data(source, format)? {
            Ok(data) => data,
            Err(why) => return Ok(Err(why)),
        };
        let mut end = data.end;
        if self.flags & DESCRIBED != 0 {
            let len = length(source)?;
            let next = read_at(source, format, end, 4.min(len - end))?;
            // Some writers set the flag and leave the lengths out; the signature in front of them may be missing.
            if next != LOCAL && next != CENTRAL {
                end += if next == DESCRIPTOR { 4 } else { 0 } + if self.wide { 20 } else { 12 };
            }
            if end > len {
                return Ok(Err("it is longer than the file"));
            }
        }
        Ok(Ok(Extent { range: self.at..end, data }))
    }

    /// Where the data stand.
    fn data(&self, source: &mut dyn Source, format: Format) -> Result<Result<Range<u64>, &'static str>> {
        let len = length(source)?;
        if self.at.checked_add(30).is_none_or(|end| end > len) {
            return Ok(Err("it stands after the end of the file"));
        }
        let header = read_at(source, format, self.at, 30)?;
        let (Some(name), Some(extra), true) = (le_u16(&header, 26), le_u16(&header, 28), header.starts_with(LOCAL))
        else {
            return Ok(Err("its header is not where the directory says"));
        };
        let start = self.at + 30 + u64::from(name) + u64::from(extra);
        let Some(end) = start.checked_add(self.stored).filter(|&end| end <= len) else {
            return Ok(Err("it is longer than the file"));
        };
        // Of two names, one program reads this and another that.
        if read_at(source, format, self.at + 30, name.into())? != self.name.as_bytes() {
            return Ok(Err("it has another name in its own header"));
        }
        Ok(Ok(start..end))
    }

    /// The first `max` bytes of the content, and whether there are more; `Err` with a sentence where it cannot be read.
    pub(crate) fn head(
        &self,
        source: &mut dyn Source,
        format: Format,
        max: u64,
        budget: &mut Budget,
    ) -> Result<Result<(Vec<u8>, bool), &'static str>> {
        let mut bytes = Vec::new();
        let more = match self.content(source, format)? {
            Ok(mut content) => unpack(&mut *content, max, &mut bytes),
            Err(why) => return Ok(Err(why)),
        };
        budget.metadata(bytes.len() as u64)?;
        Ok(more.map(|more| (bytes, more)).map_err(|_| "its compressed data are damaged"))
    }

    /// The content, unpacked while it is read.
    fn content<'a>(
        &self,
        source: &'a mut dyn Source,
        format: Format,
    ) -> Result<Result<Box<dyn Read + 'a>, &'static str>> {
        if self.flags & ENCRYPTED != 0 {
            return Ok(Err("it is encrypted"));
        }
        let data = match self.data(source, format)? {
            Ok(data) => data,
            Err(why) => return Ok(Err(why)),
        };
        source.seek(SeekFrom::Start(data.start))?;
        let packed = source.take(self.stored);
        Ok(match self.method {
            0 => Ok(Box::new(packed)),
            8 => Ok(Box::new(flate2::read::DeflateDecoder::new(packed))),
            _ => Err("its compression is not known here"),
        })
    }

    /// Reads the part; `Err` with a sentence where it cannot be.
    pub(crate) fn read(
        &self,
        source: &mut dyn Source,
        format: Format,
        budget: &mut Budget,
    ) -> Result<Result<Part, &'static str>> {
        if self.flags & ENCRYPTED != 0 {
            return Ok(Err("it is encrypted"));
        }
        let Range { start, end } = match self.data(source, format)? {
            Ok(data) => data,
            Err(why) => return Ok(Err(why)),
        };
        let packed = read_block(source, format, start, self.stored, budget)?;
        let bytes = match self.method {
            0 => packed,
            8 => {
                let max = budget.limits().max_metadata_bytes;
                let mut bytes = Vec::new();
                let inflated = flate2::read::DeflateDecoder::new(packed.as_slice());
                let Ok(more) = unpack(inflated, max, &mut bytes) else {
                    return Ok(Err("its compressed data are damaged"));
                };
                budget.metadata(bytes.len() as u64 + u64::from(more))?;
                bytes
            }
            _ => return Ok(Err("its compression is not known here")),
        };
        Ok(Ok(Part { range: self.at..end, bytes }))
    }
}
