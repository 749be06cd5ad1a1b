//! Headers of entries and the records at the end, as they are written: APPNOTE 4.3 to 4.5.

use super::{CENTRAL, DESCRIBED, Directory, END64, Entry, LOCAL, LOCATOR64, UTF8, le_u64};
use crate::{
    Format, Result,
    stream::{Source, le_u16, le_u32, read_at},
};

/// 1 January 1980, midnight: the first time that a ZIP can say. The clock's would make every label another file.
const TIME: [u8; 4] = [0, 0, 0x21, 0];

/// Bytes of the last record in 64 bits, with what writers may add to it: 4.3.14.
pub(super) const RECORD64: std::ops::RangeInclusive<u64> = 56..=4096;

/// What headers say of content.
pub(super) struct Sizes {
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) stored: u64,
    pub(super) unpacked: u64,
}

impl Sizes {
    /// The 12 bytes of checksum and lengths; `None` where they need 64 bits.
    pub(super) fn numbers(&self) -> Option<[u8; 12]> {
        let [stored, unpacked] =
            [self.stored, self.unpacked].map(|len| u32::try_from(len).ok().filter(|&len| len < u32::MAX));
        let mut bytes = [0; 12];
        for (place, number) in bytes.chunks_exact_mut(4).zip([self.crc, stored?, unpacked?]) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        Some(bytes)
    }

    /// The local header of a new entry.
    pub(super) fn fresh(&self, name: &str) -> Option<Vec<u8>> {
        let flags = if name.is_ascii() { 0 } else { UTF8 };
        let len = u16::try_from(name.len()).ok()?.to_le_bytes();
        let [version, flags, method] = [20, flags, self.method].map(u16::to_le_bytes);
        let (numbers, name) = (self.numbers()?, name.as_bytes());
        Some([&LOCAL[..], &version, &flags, &method, &TIME, &numbers, &len, &[0, 0], name].concat())
    }

    /// The local header of an entry whose old one is `header`.
    pub(super) fn local(&self, header: &[u8]) -> Option<Vec<u8>> {
        let name = usize::from(le_u16(header, 26)?);
        let extra = short(header.get(30 + name..)?);
        let len = u16::try_from(extra.len()).ok()?.to_le_bytes();
        let flags = (le_u16(header, 6)? & !DESCRIBED).to_le_bytes();
        let numbers = self.numbers()?;
        let method = self.method.to_le_bytes();
        Some(
            [
                &header[..6],
                &flags,
                &method,
                &header[10..14],
                &numbers,
                &header[26..28],
                &len,
                &header[30..30 + name],
                &extra,
            ]
            .concat(),
        )
    }

    /// The same in the directory.
    pub(super) fn central(&self, raw: &[u8], at: u64) -> Option<Vec<u8>> {
        let (name, extra) = (usize::from(le_u16(raw, 28)?), usize::from(le_u16(raw, 30)?));
        let comment = raw.get(46 + name + extra..)?;
        let extra = short(raw.get(46 + name..46 + name + extra)?);
        let len = u16::try_from(extra.len()).ok()?.to_le_bytes();
        let flags = (le_u16(raw, 8)? & !DESCRIBED).to_le_bytes();
        let (numbers, at) = (self.numbers()?, offset(at)?);
        let method = self.method.to_le_bytes();
        let head = [&raw[..8], &flags, &method, &raw[12..16], &numbers, &raw[28..30], &len, &raw[32..42], &at];
        Some([&head.concat()[..], &raw[46..46 + name], &extra, comment].concat())
    }
}

/// An offset that fits 32 bits and does not say: look elsewhere.
fn offset(at: u64) -> Option<[u8; 4]> {
    u32::try_from(at).ok().filter(|&at| at < u32::MAX).map(u32::to_le_bytes)
}

/// Extra fields without the one for lengths of 64 bits: 4.5.3. What is no sequence of fields is left out.
fn short(mut extra: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    while let Some(len) = le_u16(extra, 2) {
        let Some((field, rest)) = extra.split_at_checked(4 + usize::from(len)) else { break };
        if !field.starts_with(&[1, 0]) {
            kept.extend_from_slice(field);
        }
        extra = rest;
    }
    kept
}

/// The entry of the directory for a new local header.
pub(super) fn fresh(local: &[u8], at: u64) -> Option<Vec<u8>> {
    // Made by version 2.0 on MS-DOS; no extra field, comment, volume or attributes.
    Some([&CENTRAL[..], &[20, 0], &local[4..30], &[0; 10], &offset(at)?, &local[30..]].concat())
}

/// The entry of the directory for one that has moved.
pub(super) fn relocated(raw: &[u8], entry: &Entry, at: u64) -> Option<Vec<u8>> {
    let mut new = raw.to_vec();
    if le_u32(raw, 42)? != u32::MAX {
        new.get_mut(42..46)?.copy_from_slice(&offset(at)?);
        return Some(new);
    }
    // The offset stands behind those of the lengths that need 64 bits as well.
    let before = [20, 24].into_iter().filter(|&place| le_u32(raw, place) == Some(u32::MAX)).count();
    let name = usize::from(le_u16(raw, 28)?);
    let mut field = 46 + name;
    while le_u16(raw, field)? != 1 {
        field += 4 + usize::from(le_u16(raw, field + 2)?);
    }
    let place = field + 4 + 8 * before;
    if le_u64(raw, place)? != entry.at {
        return None;
    }
    new.get_mut(place..place + 8)?.copy_from_slice(&at.to_le_bytes());
    Some(new)
}

/// The records behind the entries, up to the comment: in 64 bits as well where they were, or where they must be.
pub(super) fn ends(
    directory: &Directory,
    count: u64,
    size: u64,
    start: u64,
    source: &mut dyn Source,
    format: Format,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let narrow = u16::try_from(count).ok().filter(|&count| count < u16::MAX);
    let numbers = narrow.zip(offset(size)).zip(offset(start));
    if directory.wide.is_some() || numbers.is_none() {
        let at = start.saturating_add(size);
        let mut record = match directory.wide {
            Some(wide) => read_at(source, format, wide, directory.record.saturating_sub(20).saturating_sub(wide))?,
            // 44 bytes follow; made by and needed: version 4.5.
            None => [&END64[..], &44_u64.to_le_bytes(), &[45, 0, 45, 0], &[0; 40]].concat(),
        };
        for (place, number) in [(24, count), (32, count), (40, size), (48, start)] {
            record[place..place + 8].copy_from_slice(&number.to_le_bytes());
        }
        bytes.extend([&record[..], LOCATOR64, &[0; 4], &at.to_le_bytes(), &[1, 0, 0, 0]].concat());
    }
    let mut record = read_at(source, format, directory.record, super::END_LEN)?;
    let count = narrow.unwrap_or(u16::MAX).to_le_bytes();
    let [size, start] = [size, start].map(|number| offset(number).unwrap_or([0xff; 4]));
    // Readers look for the wide record only where one of the numbers does not fit.
    let start = if directory.wide.is_some() { [0xff; 4] } else { start };
    record[8..20].copy_from_slice(&[&count[..], &count, &size, &start].concat());
    bytes.extend(record);
    Ok(bytes)
}
