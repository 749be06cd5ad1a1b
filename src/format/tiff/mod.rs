//! TIFF 6.0. Every edit is written behind what is there; only pointers, and strips of the same length, are overwritten.

mod codec;
mod coded;
mod layout;
mod page;
mod pixels;

use std::ops::Range;

use self::layout::{
    COMPRESSION, IMAGE_LENGTH, IMAGE_WIDTH, Layout, STRIP_BYTE_COUNTS, STRIP_OFFSETS, TILE_BYTE_COUNTS, TILE_OFFSETS,
};
use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Store, Survey, TextField, decode};
use crate::{
    Error, Format, Result,
    container::tiff::{BYTE, Directory, Field, Structure, UNDEFINED, Value, rewrite},
    geometry::{Orientation, Size},
    limits::Budget,
    notice::{Notice, Raster},
    patch::Patch,
    record,
    stream::Source,
};

/// Pointers that change: the offset of each in the file, and its new value.
type Pointers = Vec<(u64, u32)>;

pub(super) struct Tiff;

const FACTS: Facts = Facts {
    name: "TIFF",
    media_types: &["image/tiff"],
    extensions: &["tif", "tiff"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "no BigTIFF; no notice in old-style JPEG and Group 3 fax compression and in raw camera data",
};

const NEW_SUBFILE_TYPE: u16 = 254;
const IMAGE_DESCRIPTION: u16 = 270;
const ORIENTATION: u16 = 274;
const XMP: u16 = 700;
const EXIF_DIRECTORY: u16 = 0x8769;
const C2PA: u16 = 0xCD41;

impl Handler for Tiff {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // BigTIFF (43) is recognised, so that the answer is "not supported" rather than "unknown".
        [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"].iter().any(|magic| head.starts_with(*magic))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let structure = Structure::open(source, Format::Tiff)?;
        let chain = structure.chain(source, budget)?;
        let Some(first) = chain.first() else {
            return Err(Error::malformed(Format::Tiff, 4, "there is no directory"));
        };
        let size = shape(&structure, source, first, budget);
        let Some((size, orientation)) = size else {
            return Err(Error::malformed(Format::Tiff, first.at, "the first directory describes no picture"));
        };
        let mut survey = Survey { media_type: "image/tiff", stored: Some(size), orientation, ..Survey::default() };
        survey.strip_unit = layout::strip_unit(structure.number(source, first, COMPRESSION, budget));
        survey.frames = u32::try_from(chain.iter().filter(|page| is_page(page)).count()).unwrap_or(u32::MAX);
        for (number, page) in (1..).zip(&chain) {
            for entry in page.entries.iter().filter(|entry| matches!(entry.tag, C2PA | XMP)) {
                let Some(range) = entry.range(structure.order) else { continue };
                let bytes = structure.bytes(source, entry, budget)?;
                if entry.tag == XMP {
                    let place = format!("tag 700 of page {number}, at byte {}", range.start);
                    survey.xmp.push(Block { range, place, bytes });
                    continue;
                }
                let mut carrier = vec![range];
                if page.entries.len() == 1 {
                    // c2pa-rs writes a directory of its own, and leaves the length in it out of the hash as well.
                    carrier.push(entry.at + 4..entry.at + 8);
                }
                survey.stores.push(Store { carrier, jumbf: bytes });
            }
        }
        let exif = structure.number(source, first, EXIF_DIRECTORY, budget);
        let exif = exif.and_then(|at| structure.directory(source, at.into(), budget).ok());
        for directory in [first].into_iter().chain(&exif) {
            survey.texts.extend(texts(&structure, source, directory, budget));
        }
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let structure = Structure::open(source, Format::Tiff)?;
        let chain = structure.chain(source, budget)?;
        check_overlaps(source, &structure, &chain, label.record.is_some(), budget)?;
        let mut marked = Marked::default();
        let mut changes = Changes::new(&structure, chain, &mut marked.patch);
        if label.notice.is_some() {
            page::draw(source, &structure, &mut changes, label, &mut marked, budget)?;
        }
        if let Some(record) = label.record {
            let first = changes.pages[0].directory.clone();
            changes.describe(source, &structure, &first, &record.alt_text, budget)?;
            let old = first.get(XMP).map(|entry| structure.bytes(source, entry, budget)).transpose()?;
            let packet = record::merge(old.as_deref(), record, budget)?;
            changes.forget(&structure, &first, XMP, &mut marked.patch);
            changes.pages[0].set.push(Field::bytes(XMP, BYTE, packet));
        }
        changes.write(&structure, label.store_len, &mut marked.patch)?;
        Ok(marked)
    }

    fn picture(&self, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        let structure = Structure::open(source, Format::Tiff)?;
        let first = structure.directory(source, structure.first.into(), budget)?;
        match Layout::read(&structure, source, &first, budget)? {
            Ok(layout) => {
                let rgb = pixels::rgb(source, &layout, layout.whole(), budget)?;
                Ok(Some(Raster::upright(rgb, layout.size, survey.orientation)))
            }
            Err(_) => {
                decode::decode(source, Format::Tiff, image::ImageFormat::Tiff, survey.orientation, budget).map(Some)
            }
        }
    }

    fn shows(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        notice: &Notice,
        budget: &mut Budget,
    ) -> Result<Option<bool>> {
        let structure = Structure::open(source, Format::Tiff)?;
        let first = structure.directory(source, structure.first.into(), budget)?;
        let Ok(layout) = Layout::read(&structure, source, &first, budget)? else { return Ok(None) };
        let rect = survey.orientation.stored_rect(notice.rect, notice.frame);
        if !rect.inside(layout.size) {
            return Ok(Some(false));
        }
        let rgb = pixels::rgb(source, &layout, rect, budget)?;
        Ok(Some(notice.is_seen_in(&Raster::upright(rgb, rect.size(), survey.orientation))))
    }
}

/// Size and orientation of a page.
fn shape(
    structure: &Structure,
    source: &mut dyn Source,
    page: &Directory,
    budget: &mut Budget,
) -> Option<(Size, Orientation)> {
    let mut number = |tag| structure.number(source, page, tag, budget);
    let size = Size { width: number(IMAGE_WIDTH)?, height: number(IMAGE_LENGTH)? };
    let orientation = number(ORIENTATION).map_or(Orientation::Upright, Orientation::from_exif);
    (size.width > 0 && size.height > 0).then_some((size, orientation))
}

/// Refuses values that will be overwritten or cut off, and that share bytes with pixels, directories or other values.
fn check_overlaps(
    source: &mut dyn Source,
    structure: &Structure,
    chain: &[Directory],
    replaces_xmp: bool,
    budget: &mut Budget,
) -> Result<()> {
    let order = structure.order;
    let stores = chain.iter().filter_map(|page| page.get(C2PA));
    let packet = chain.first().and_then(|page| page.get(XMP)).filter(|_| replaces_xmp);
    // Values of up to 4 bytes stand in their own entry.
    let wiped: Vec<_> = stores.chain(packet).filter(|entry| entry.len().is_some_and(|len| len > 4)).collect();
    if wiped.is_empty() {
        return Ok(());
    }
    let mut used: Vec<Range<u64>> = Vec::new();
    used.push(0..8);
    for page in chain {
        used.push(page.range());
        let others = page.entries.iter().filter(|entry| ![C2PA, XMP].contains(&entry.tag));
        used.extend(others.filter_map(|entry| entry.range(order)));
        for (at, counts) in [(STRIP_OFFSETS, STRIP_BYTE_COUNTS), (TILE_OFFSETS, TILE_BYTE_COUNTS)] {
            let (Some(at), Some(counts)) = (page.get(at), page.get(counts)) else { continue };
            let starts = structure.numbers(source, at, budget)?.into_iter().map(u64::from);
            let lengths = structure.numbers(source, counts, budget)?.into_iter().map(u64::from);
            used.extend(starts.zip(lengths).map(|(start, len)| start..start + len));
        }
    }
    used.retain(|range| range.start < range.end);
    used.sort_by_key(|range| range.start);
    // Joined, so that the ends are in order as well.
    used.dedup_by(|next, range| {
        let joins = next.start <= range.end;
        if joins {
            range.end = range.end.max(next.end);
        }
        joins
    });
    for entry in wiped {
        let Some(range) = entry.range(order) else { continue };
        let next = used.partition_point(|used| used.end <= range.start);
        if used.get(next).is_some_and(|used| used.start < range.end) {
            let why = format!("the value of tag {} shares bytes with pixels or other values", entry.tag);
            return Err(Error::malformed(Format::Tiff, entry.at, why));
        }
    }
    Ok(())
}

/// Whether the directory describes a picture; that of a manifest does not.
fn is_page(page: &Directory) -> bool {
    page.get(IMAGE_WIDTH).is_some()
}

fn texts(structure: &Structure, source: &mut dyn Source, directory: &Directory, budget: &mut Budget) -> Vec<TextField> {
    let mut texts = Vec::new();
    for entry in &directory.entries {
        // Only short values are looked at before their tag is known to hold text.
        if record::exif_text(entry.tag, b"x", structure.order).is_none() {
            continue;
        }
        let Ok(bytes) = structure.bytes(source, entry, budget) else {
            continue;
        };
        if let Some((key, value)) = record::exif_text(entry.tag, &bytes, structure.order) {
            let place = format!("tag {} at byte {}", entry.tag, entry.at);
            texts.push(TextField { place, key: key.into(), value });
        }
    }
    texts
}

/// What becomes of the directories, and what is written behind the file.
struct Changes {
    pages: Vec<Page>,
    /// Offset of the first byte that is written.
    base: u64,
    /// Data that is written before the directories.
    tail: Vec<u8>,
    /// The end of the original.
    end: u64,
}

struct Page {
    directory: Directory,
    set: Vec<Field>,
    drop: Vec<u16>,
    /// It held an old manifest and nothing else.
    gone: bool,
}

impl Changes {
    /// Starts with the removal of every manifest.
    fn new(structure: &Structure, chain: Vec<Directory>, patch: &mut Patch) -> Self {
        let mut changes = Self { pages: Vec::new(), base: structure.len, tail: Vec::new(), end: structure.len };
        let mut stores: Vec<Range<u64>> = Vec::new();
        for directory in chain {
            let entry = directory.get(C2PA);
            stores.extend(entry.and_then(|entry| entry.range(structure.order)));
            let (drop, gone) =
                (entry.map(|entry| entry.tag).into_iter().collect(), entry.is_some() && !is_page(&directory));
            changes.pages.push(Page { directory, set: Vec::new(), drop, gone });
        }
        // What stands at the very end goes, so that labelling again does not let the file grow; elsewhere nothing may
        // move, and it is overwritten.
        stores.sort_by_key(|range| std::cmp::Reverse(range.end));
        stores.dedup();
        for range in stores {
            if range.end == changes.base && range.end - range.start > 4 {
                changes.base = range.start;
            } else if range.end < changes.base {
                let len = usize::try_from(range.end - range.start).unwrap_or_default();
                patch.replace(range, vec![0; len]);
            }
        }
        patch.delete(changes.base..changes.end);
        changes
    }

    /// Sets the description by the same rules as in EXIF blocks.
    fn describe(
        &mut self,
        source: &mut dyn Source,
        structure: &Structure,
        first: &Directory,
        text: &str,
        budget: &mut Budget,
    ) -> Result<()> {
        let old = match first.get(IMAGE_DESCRIPTION) {
            None => String::new(),
            Some(entry) => {
                let bytes = structure.bytes(source, entry, budget)?;
                record::exif_text(IMAGE_DESCRIPTION, &bytes, structure.order).map(|(_, text)| text).unwrap_or_default()
            }
        };
        if record::may_describe(&old, text) {
            self.pages[0].set.push(Field::text(IMAGE_DESCRIPTION, text));
        }
        Ok(())
    }

    /// Overwrites a value that is being replaced, so that nobody who scans the file finds two.
    fn forget(&self, structure: &Structure, directory: &Directory, tag: u16, patch: &mut Patch) {
        let Some(range) = directory.get(tag).and_then(|entry| entry.range(structure.order)) else { return };
        if let (true, Ok(len)) = (range.end <= self.base, usize::try_from(range.end - range.start)) {
            patch.replace(range, vec![0; len]);
        }
    }

    /// Adds data on a word boundary and returns its offset.
    fn append(&mut self, data: &[u8]) -> Result<u32> {
        self.align();
        let at = self.base + self.tail.len() as u64;
        self.tail.extend_from_slice(data);
        u32::try_from(at).map_err(|_| Error::unsupported(Format::Tiff, "the file would grow over the 4 GiB of TIFF"))
    }

    fn align(&mut self) {
        if (self.base + self.tail.len() as u64) % 2 == 1 {
            self.tail.push(0);
        }
    }

    fn write(mut self, structure: &Structure, store_len: Option<usize>, patch: &mut Patch) -> Result<()> {
        self.align();
        let mut holder = None;
        if let Some(len) = store_len {
            // The last page: c2pa-rs looks there first. C2PA 2.4 has a directory of its own in mind, which viewers show
            // as a broken page.
            let last = self.pages.iter().rposition(|page| !page.gone).unwrap_or(0);
            let count =
                u32::try_from(len).map_err(|_| Error::unsupported(Format::Tiff, "the manifest exceeds 4 GiB"))?;
            self.pages[last].set.push(Field { tag: C2PA, kind: UNDEFINED, count, value: Value::At(0) });
            holder = Some(last);
        }
        // The length of the directories does not depend on where the manifest stands.
        let (directories, _) = self.directories(structure)?;
        let slot = self.base + self.tail.len() as u64 + directories.len() as u64;
        if let Some(field) = holder.and_then(|last| self.pages[last].set.last_mut()) {
            let end = slot.saturating_add(field.count.into());
            if u32::try_from(end).is_err() {
                return Err(Error::unsupported(Format::Tiff, "the file would grow over the 4 GiB of TIFF"));
            }
            field.value = Value::At(u32::try_from(slot).unwrap_or(u32::MAX));
        }
        let (directories, pointers) = self.directories(structure)?;
        for (at, target) in pointers {
            patch.replace(at..at + 4, structure.order.put32(target).to_vec());
        }
        patch.insert(self.end, self.tail);
        patch.insert(self.end, directories);
        if let Some(len) = store_len {
            patch.slot(self.end, len, Box::new(<[u8]>::to_vec));
        }
        Ok(())
    }

    /// The new directories, and the pointers of the original that change.
    fn directories(&self, structure: &Structure) -> Result<(Vec<u8>, Pointers)> {
        let mut out = Vec::new();
        let mut pointers = Vec::new();
        // From the last to the first: each must know where the next one stands.
        let mut next = 0;
        for page in self.pages.iter().rev().filter(|page| !page.gone) {
            let directory = &page.directory;
            if page.set.is_empty() && page.drop.is_empty() {
                if directory.next != next {
                    pointers.push((directory.next_at(), next));
                }
                next = u32::try_from(directory.at).unwrap_or(u32::MAX);
                continue;
            }
            let at = self.base + self.tail.len() as u64 + out.len() as u64;
            let (bytes, start) =
                rewrite(structure.order, Some(directory), &page.set, &page.drop, next, at, Format::Tiff)?;
            out.extend(bytes);
            next = start;
        }
        if next != structure.first {
            pointers.push((4, next));
        }
        Ok((out, pointers))
    }
}

#[cfg(test)]
mod coded_tests;
#[cfg(test)]
mod tests;
