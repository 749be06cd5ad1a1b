//! The record as tags: RFC 9559, 5.1.8. They go behind everything else, so that nothing else moves: seek heads and cues count from the
//! start of the segment.

use std::ops::Range;

use super::{CLUSTER, EBML, SEGMENT, SIMPLE_TAG, TAG, TAG_NAME, TAG_STRING, TAGS};
use crate::{
    Error, Format, Result,
    container::ebml::{self, Element, element},
    limits::Budget,
    patch::Patch,
    record::{self, Record},
    stream::{Source, length, read_block},
};

/// Identifiers: RFC 8794, 11.3, and RFC 9559, 5.1.
const VOID: u32 = 0xEC;
const CRC_32: u32 = 0xBF;
const SEEK_HEAD: u32 = 0x114D_9B74;
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;
const TARGETS: u32 = 0x63C0;
/// RFC 9559, tag registry: a short description of the content.
const DESCRIPTION: &str = "DESCRIPTION";

/// The edits.
pub(super) fn tags(source: &mut dyn Source, record: &Record, patch: &mut Patch, budget: &mut Budget) -> Result<()> {
    let outline = Outline::read(source, budget)?;
    let (mut kept, mut described) = (Vec::new(), false);
    // What stands at the very end goes, so that labels do not pile up; elsewhere room stays.
    let mut end = outline.end;
    let mut old = Vec::new();
    for tags in outline.parts.iter().filter(|part| part.id == TAGS) {
        if let Some(rest) = others(source, tags, record, &mut described, budget)? {
            kept.extend(rest);
            old.push(tags);
        }
    }
    for tags in old.iter().rev() {
        if tags.data.end == end {
            end = tags.at;
            patch.delete(tags.at..tags.data.end);
        } else {
            room(patch, tags.at..tags.data.end);
        }
    }
    // A checksum over the whole segment.
    if let Some(sum) = outline.parts.first().filter(|part| part.id == CRC_32 && part.at == outline.segment.data.start) {
        room(patch, sum.at..sum.data.end);
    }
    let made = ebml::whole(TAGS, &[kept, ours(record, !described)].concat());
    let position = end - outline.segment.data.start;
    let mut first = true;
    for head in outline.parts.iter().filter(|part| part.id == SEEK_HEAD) {
        seek_head(source, &outline, head, position, std::mem::take(&mut first), patch, budget)?;
    }
    patch.insert(outline.end, made);
    outline.lengthen(patch);
    Ok(())
}

/// The parts of the segment that a label touches.
struct Outline {
    segment: Element,
    /// Heads, tags, checksums and rooms of the first level, in order.
    parts: Vec<Element>,
    /// Offset behind the last element of the segment.
    end: u64,
}

impl Outline {
    fn read(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let mut at = 0;
        while let Some(head) = element(source, Format::Matroska, at, len, budget)? {
            if head.id == SEGMENT {
                return Self::of(source, head, budget);
            }
            at = head.data.end;
        }
        Err(Error::malformed(Format::Matroska, at, "there is no segment"))
    }

    /// Walks as the survey does: a cluster of unknown length ends where the next one begins.
    fn of(source: &mut dyn Source, segment: Element, budget: &mut Budget) -> Result<Self> {
        let damaged = |at, why: &str| {
            let why = format!("{why}; repair the file first, with `ffmpeg -c copy`");
            Err(Error::malformed(Format::Matroska, at, why))
        };
        let (mut parts, mut at, end) = (Vec::new(), segment.data.start, segment.data.end);
        while at < end {
            let Some(head) = element(source, Format::Matroska, at, end, budget)? else {
                return damaged(at, "no element can be read, and nothing can be put behind it");
            };
            if segment.unknown && matches!(head.id, EBML | SEGMENT) {
                break;
            }
            if head.cut || head.unknown && head.id != CLUSTER {
                return damaged(head.at, "the element is cut off or has no length, and nothing can be put behind it");
            }
            at = if head.unknown { head.data.start } else { head.data.end };
            if matches!(head.id, SEEK_HEAD | TAGS | CRC_32 | VOID) {
                // As large as the tags that may be read.
                budget.metadata(size_of::<Element>() as u64)?;
                parts.push(head);
            }
        }
        Ok(Self { segment, parts, end: at })
    }

    /// Writes the segment's new length. Its field may grow: nothing counts from before it.
    fn lengthen(&self, patch: &mut Patch) {
        if self.segment.unknown {
            return;
        }
        let field = self.segment.at + 4..self.segment.data.start;
        let now = (self.end - self.segment.data.start).saturating_add_signed(patch.growth());
        let width = usize::try_from(field.end - field.start).unwrap_or(8);
        patch.replace(field, ebml::length(now, width));
    }
}

/// An element becomes room of the same length.
fn room(patch: &mut Patch, range: Range<u64>) {
    let head = ebml::void(range.end - range.start);
    let body = range.start + head.len() as u64;
    patch.replace(range.start..body, head);
    patch.blank(body..range.end);
}

/// The elements in `range`; `None` where they are damaged.
fn children(source: &mut dyn Source, range: Range<u64>, budget: &mut Budget) -> Result<Option<Vec<Element>>> {
    let (mut found, mut at) = (Vec::new(), range.start);
    while at < range.end {
        match element(source, Format::Matroska, at, range.end, budget)? {
            Some(head) if !head.cut && !head.unknown => {
                at = head.data.end;
                found.push(head);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(found))
}

fn bytes(source: &mut dyn Source, range: Range<u64>, budget: &mut Budget) -> Result<Vec<u8>> {
    read_block(source, Format::Matroska, range.start, range.end - range.start, budget)
}

/// What stands in tags beside what the record says anew; `None` where they are damaged, and stay as they are.
fn others(
    source: &mut dyn Source,
    tags: &Element,
    record: &Record,
    described: &mut bool,
    budget: &mut Budget,
) -> Result<Option<Vec<u8>>> {
    let Some(all) = children(source, tags.data.clone(), budget)? else { return Ok(None) };
    let mut kept = Vec::new();
    for tag in all.into_iter().filter(|tag| !matches!(tag.id, CRC_32 | VOID)) {
        let Some(parts) = children(source, tag.data.clone(), budget)? else { return Ok(None) };
        let (mut rest, mut ours, mut foreign, mut descriptions) = (Vec::new(), false, false, Vec::new());
        for part in parts.into_iter().filter(|part| part.id != CRC_32) {
            let name = if part.id == SIMPLE_TAG { name(source, &part, budget)? } else { None };
            let whole = bytes(source, part.at..part.data.end, budget)?;
            match name {
                Some(name) if record::replaces(&name, record) => ours = true,
                Some(name) if name == DESCRIPTION => descriptions.extend(whole),
                _ => {
                    foreign |= part.id == SIMPLE_TAG;
                    rest.extend(whole);
                }
            }
        }
        // Beside our fields alone the description is ours as well.
        if !descriptions.is_empty() && (foreign || !ours) {
            (foreign, *described) = (true, true);
            rest.extend(descriptions);
        }
        if foreign || !ours {
            kept.extend(ebml::whole(tag.id, &rest));
        }
    }
    Ok(Some(kept))
}

/// The name of a tag.
fn name(source: &mut dyn Source, tag: &Element, budget: &mut Budget) -> Result<Option<String>> {
    let parts = children(source, tag.data.clone(), budget)?.unwrap_or_default();
    let Some(name) = parts.into_iter().find(|part| part.id == TAG_NAME) else { return Ok(None) };
    let name = bytes(source, name.data, budget)?;
    Ok(Some(String::from_utf8_lossy(&name).trim_end_matches('\0').to_owned()))
}

/// The record as one tag about the whole. Names are in capitals, as RFC 9559 wants them.
fn ours(record: &Record, describe: bool) -> Vec<u8> {
    let fields = record::fields(record).into_iter().map(|(name, text)| (name.to_uppercase(), text));
    let description = describe.then(|| (DESCRIPTION.to_owned(), record.alt_text.clone()));
    let mut tag = ebml::whole(TARGETS, &[]);
    for (name, text) in fields.chain(description) {
        let simple = [ebml::whole(TAG_NAME, name.as_bytes()), ebml::whole(TAG_STRING, text.as_bytes())];
        tag.extend(ebml::whole(SIMPLE_TAG, &simple.concat()));
    }
    ebml::whole(TAG, &tag)
}

/// Lets the seek head say where the tags are, where there is room for that, and no longer where they were.
fn seek_head(
    source: &mut dyn Source,
    outline: &Outline,
    head: &Element,
    position: u64,
    first: bool,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<()> {
    let Some(entries) = children(source, head.data.clone(), budget)? else { return Ok(()) };
    let (mut kept, mut pointed) = (Vec::new(), false);
    for entry in entries.into_iter().filter(|entry| entry.id != CRC_32) {
        let parts = children(source, entry.data.clone(), budget)?.unwrap_or_default();
        let to_tags = match parts.into_iter().find(|part| part.id == SEEK_ID) {
            Some(id) => bytes(source, id.data, budget)? == ebml::identifier(TAGS),
            None => false,
        };
        pointed |= to_tags;
        if !to_tags && entry.id != VOID {
            kept.extend(bytes(source, entry.at..entry.data.end, budget)?);
        }
    }
    if !first && !pointed {
        return Ok(());
    }
    let behind = outline.parts.iter().find(|part| part.id == VOID && part.at == head.data.end);
    let end = behind.map_or(head.data.end, |room| room.data.end);
    let number = position.to_be_bytes();
    let number = &number[(position.leading_zeros() / 8).min(7) as usize..];
    let seek = [ebml::whole(SEEK_ID, &ebml::identifier(TAGS)), ebml::whole(SEEK_POSITION, number)].concat();
    let with = [kept.as_slice(), &if first { ebml::whole(SEEK, &seek) } else { Vec::new() }].concat();
    if let Some(made) = [with, kept].into_iter().find_map(|entries| fitted(&entries, end - head.at)) {
        let padded = head.at + made.len() as u64;
        patch.replace(head.at..padded, made);
        patch.blank(padded..end);
    }
    Ok(())
}

/// A seek head and the head of the room behind it, together as long as `len` with that room; `None` where it does not fit.
fn fitted(entries: &[u8], len: u64) -> Option<Vec<u8>> {
    (1..=8).find_map(|width| {
        let mut made = ebml::identifier(SEEK_HEAD);
        made.extend(ebml::length(entries.len() as u64, width));
        made.extend_from_slice(entries);
        match len.checked_sub(made.len() as u64)? {
            0 => Some(made),
            // No element is one byte long.
            1 => None,
            left => {
                made.extend(ebml::void(left));
                Some(made)
            }
        }
    })
}
