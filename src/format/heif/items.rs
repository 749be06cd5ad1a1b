//! Pictures as items: ISO/IEC 23008-12 (HEIF), for every codec.

use std::ops::Range;

use super::super::{Block, Store, Survey};
use crate::{
    Error, Result,
    container::bmff::{Editor, Item, Layout, Meta, XMP_UUID, boxes},
    geometry::{Orientation, Rect, Size},
    limits::Budget,
    record::{self, Record},
    stream::{Source, be_u32, read_block, read_into},
};

/// What stands before XMP in the segment of a JPEG: XMP specification, part 3, 1.1.3.
const XMP_SIGNATURE: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// The pictures of a file.
pub(crate) struct Items<'a> {
    pub(crate) layout: &'a Layout,
}

/// What a viewer makes of the primary item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// As coded.
    pub(crate) coded: Size,
    /// The part that is shown (clean aperture), in coded pixels.
    pub(crate) crop: Rect,
    pub(crate) orientation: Orientation,
}

impl<'a> Items<'a> {
    pub(crate) fn of(layout: &'a Layout) -> Self {
        Self { layout }
    }

    pub(crate) fn meta(&self) -> Option<&'a Meta> {
        self.layout.meta.as_ref()
    }

    /// Size and orientation of the primary item; `None` without one (a sequence).
    pub(crate) fn shape(&self) -> Result<Option<Shape>> {
        let Some((meta, item)) = self.meta().and_then(|meta| Some((meta, meta.primary_item()?))) else {
            return Ok(None);
        };
        let wrong = |why: &str| Error::malformed(self.layout.format, meta.range.start, why);
        let Some((_, ispe)) = meta.property(item, b"ispe") else {
            return Err(wrong("the primary item states no size (no 'ispe' property)"));
        };
        let side = |at| be_u32(ispe, at).filter(|side| *side > 0).ok_or_else(|| wrong("'ispe' holds no size"));
        let coded = Size { width: side(4)?, height: side(8)? };
        let mut crop = Rect { x: 0, y: 0, width: coded.width, height: coded.height };
        let (mut turns, mut mirror) = (0, None);
        for (_, kind, body) in meta.properties_of(item) {
            match (&kind, body.first()) {
                (b"clap", _) => crop = clean_aperture(body, coded).unwrap_or(crop),
                (b"irot", Some(angle)) => {
                    let angle = u32::from(angle & 3);
                    // Mirroring first and turning then is turning the other way first.
                    turns += if mirror.is_some() { 4 - angle } else { angle };
                }
                (b"imir", Some(axis)) => mirror = Some(axis & 1),
                _ => {}
            }
        }
        Ok(Some(Shape { coded, crop, orientation: orientation(turns % 4, mirror) }))
    }

    /// XMP packets as items: those of the primary item first.
    pub(crate) fn xmp(&self) -> Vec<&'a Item> {
        self.described(|item| {
            item.content_type == "application/rdf+xml" && item.content_encoding.is_empty() && item.kind != *b"Exif"
        })
    }

    /// EXIF blocks as items: those of the primary item first.
    pub(crate) fn exif(&self) -> Vec<&'a Item> {
        self.described(|item| &item.kind == b"Exif")
    }

    fn described(&self, wanted: impl Fn(&Item) -> bool) -> Vec<&'a Item> {
        let Some(meta) = self.meta() else { return Vec::new() };
        let mut found: Vec<_> = meta.items.iter().filter(|item| wanted(item)).collect();
        found.sort_by_key(|item| !self.is_ours(item));
        found
    }

    /// Whether metadata is about the primary item: it says so, or says nothing.
    fn is_ours(&self, item: &Item) -> bool {
        let Some(meta) = self.meta() else { return false };
        let about = meta.referred(b"cdsc", item.id);
        about.is_empty() || meta.primary.is_some_and(|primary| about.contains(&primary))
    }

    /// The survey; the media type is left to the format.
    pub(crate) fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let layout = self.layout;
        let mut survey = Survey { frames: 1, ..Survey::default() };
        for store in layout.stores(source, budget)? {
            if matches!(store.purpose.as_str(), "manifest" | "original" | "update") {
                survey.stores.push(Store { carrier: vec![store.range], jumbf: store.jumbf });
            }
        }
        for item in self.xmp() {
            survey.xmp.extend(self.packet(item, source, budget)?);
        }
        for head in layout.boxes.iter().filter(|head| head.uuid == Some(XMP_UUID)) {
            let len = head.body.end - head.body.start;
            let bytes = read_block(source, layout.format, head.body.start, len, budget)?;
            let place = format!("uuid box at byte {}", head.range.start);
            survey.xmp.push(Block { range: head.range.clone(), place, bytes });
        }
        for item in self.exif() {
            let Some(mut block) = self.block(item, "Exif item", source, budget)? else { continue };
            if let Some(start) = tiff_start(&block.bytes) {
                block.bytes.drain(..start);
                survey.exif.push(block);
            }
        }
        let tracks = self.tracks(source, budget)?;
        match self.shape()? {
            Some(shape) => {
                survey.stored = Some(shape.crop.size());
                survey.orientation = shape.orientation;
            }
            None => survey.stored = tracks.size,
        }
        survey.frames = tracks.samples.max(1);
        Ok(survey)
    }

    /// The XMP packet of an item.
    fn packet(&self, item: &Item, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Block>> {
        let mut block = self.block(item, "XMP item", source, budget)?;
        if let Some(block) = &mut block
            && block.bytes.starts_with(XMP_SIGNATURE)
        {
            // Some encoders copy the whole segment of a JPEG.
            block.bytes.drain(..XMP_SIGNATURE.len());
        }
        Ok(block)
    }

    fn block(&self, item: &Item, what: &str, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Block>> {
        let extents = item.location.iter().flat_map(|location| &location.extents);
        budget.metadata(extents.fold(0, |sum: u64, extent| sum.saturating_add(extent.len)))?;
        let Some(bytes) = self.layout.item_data(item, source, budget)? else { return Ok(None) };
        let (Some(location), Some(meta)) = (&item.location, self.meta()) else { return Ok(None) };
        let first = location.extents.first().map_or(0, |extent| extent.offset);
        // An item in `idat` lies inside the `meta` box, one in the file where its first extent says.
        let range = if location.method == 0 { first..first + bytes.len() as u64 } else { meta.range.clone() };
        let place = format!("{what} {} at byte {}", item.id, range.start);
        Ok(Some(Block { range, place, bytes }))
    }

    /// What the tracks of an image sequence hold.
    pub(crate) fn tracks(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Tracks> {
        let format = self.layout.format;
        let mut tracks = Tracks::default();
        let moov = self.layout.boxes.iter().filter(|head| head.is(b"moov"));
        let mut open: Vec<(Range<u64>, u32)> = moov.map(|head| (head.body.clone(), 1)).collect();
        while let Some((range, depth)) = open.pop() {
            for head in boxes(source, format, range, depth, budget)? {
                match &head.kind {
                    b"trak" | b"mdia" | b"minf" | b"stbl" => open.push((head.body, depth + 1)),
                    b"stsz" => {
                        let mut body = [0; 12];
                        read_into(source, format, head.body.start, &mut body)?;
                        tracks.samples = tracks.samples.max(be_u32(&body, 8).unwrap_or_default());
                    }
                    b"tkhd" => {
                        // Width and height are the last two fields, 16.16 fixed-point.
                        let mut body = [0; 8];
                        read_into(source, format, head.range.end.saturating_sub(8), &mut body)?;
                        let side = |at| be_u32(&body, at).unwrap_or_default() >> 16;
                        let size = Size { width: side(0), height: side(4) };
                        tracks.size = tracks.size.or((size.shorter() > 0).then_some(size));
                    }
                    _ => {}
                }
            }
        }
        Ok(tracks)
    }
}

/// An image sequence.
#[derive(Debug, Default)]
pub(crate) struct Tracks {
    pub(crate) samples: u32,
    pub(crate) size: Option<Size>,
}

/// Writes XMP and EXIF.
pub(crate) fn record(
    items: &Items,
    editor: &mut Editor,
    record: Option<&Record>,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<()> {
    let Some(record) = record else { return Ok(()) };
    let layout = items.layout;
    let xmp = items.xmp().into_iter().find(|item| items.is_ours(item));
    let old = match xmp {
        Some(item) => items.packet(item, source, budget)?,
        None => None,
    };
    let uuid = layout.boxes.iter().find(|head| head.uuid == Some(XMP_UUID));
    if let Some(head) = uuid {
        let bytes = read_block(source, layout.format, head.body.start, head.body.end - head.body.start, budget)?;
        let packet = record::merge(Some(&bytes), record, budget)?;
        editor.xmp_box(Some(head.range.clone()), &packet);
    }
    match (xmp, old) {
        (Some(item), Some(old)) => {
            let packet = record::merge(Some(&old.bytes), record, budget)?;
            editor.set_data(item.id, packet);
        }
        _ if uuid.is_some() => {}
        _ => {
            let packet = record::merge(None, record, budget)?;
            if items.meta().is_some_and(|meta| meta.primary.is_some()) {
                editor.describe_primary(b"mime", Some("application/rdf+xml"), packet)?;
            } else {
                editor.xmp_box(None, &packet);
            }
        }
    }
    let exif = items.exif().into_iter().find(|item| items.is_ours(item));
    let old = match exif {
        Some(item) => items.block(item, "Exif item", source, budget)?.map(|block| block.bytes),
        None => None,
    };
    let start = old.as_deref().and_then(tiff_start);
    let tiff = old.as_deref().zip(start).and_then(|(bytes, start)| bytes.get(start..));
    if exif.is_some() && tiff.is_none() {
        // Kept elsewhere or broken: not ours to rewrite.
        return Ok(());
    }
    if let Some(new) = record::describe(tiff, &record.alt_text, budget)? {
        // What stands before the TIFF structure (its offset, perhaps "Exif\0\0") stays.
        let prefix = old.as_deref().zip(start).and_then(|(bytes, start)| bytes.get(..start)).unwrap_or(&[0; 4]);
        let data = [prefix, &new].concat();
        match exif {
            Some(item) => editor.set_data(item.id, data),
            None if items.meta().is_some_and(|meta| meta.primary.is_some()) => {
                editor.describe_primary(b"Exif", None, data)?;
            }
            None => {}
        }
    }
    Ok(())
}

/// Where the TIFF structure starts: 23008-12, annex A.2.1.
fn tiff_start(item: &[u8]) -> Option<usize> {
    let start = usize::try_from(be_u32(item, 0)?).ok()?.checked_add(4)?;
    let tiff = item.get(start..)?;
    let is_tiff = |bytes: &[u8]| bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*");
    // Some encoders count wrong; the signature tells.
    if is_tiff(tiff) {
        return Some(start);
    }
    [4, 10].into_iter().find(|&start| item.get(start..).is_some_and(is_tiff))
}

/// 14496-12, 12.1.4: a rectangle by its size and the offset of its centre, all fractions.
fn clean_aperture(body: &[u8], coded: Size) -> Option<Rect> {
    let field = |index: usize| be_u32(body, index * 4).map(i64::from);
    let signed = |index: usize| be_u32(body, index * 4).map(|value| i64::from(value as i32));
    let axis = |index: usize, side: u32| {
        let (n, d) = (field(index)?, field(index + 1)?);
        let (offset, scale) = (signed(index + 4)?, field(index + 5)?);
        if d == 0 || n % d != 0 || scale == 0 {
            return None;
        }
        let len = n / d;
        // Twice the left edge, times the scale, in whole numbers.
        let twice = (i64::from(side) - len).checked_mul(scale)?.checked_add(offset.checked_mul(2)?)?;
        let start = (twice % (2 * scale) == 0).then_some(twice / (2 * scale))?;
        let inside = len > 0 && start >= 0 && start + len <= i64::from(side);
        inside.then_some((u32::try_from(start).ok()?, u32::try_from(len).ok()?))
    };
    let ((x, width), (y, height)) = (axis(0, coded.width)?, axis(2, coded.height)?);
    Some(Rect { x, y, width, height })
}

/// `turns` quarter turns counter-clockwise, then the mirror: 0 exchanges top and bottom, 1 left and right
/// (23008-12, 6.5.10 and 6.5.12).
fn orientation(turns: u32, mirror: Option<u8>) -> Orientation {
    match (turns, mirror) {
        (1, None) => Orientation::Turned270,
        (2, None) => Orientation::Turned180,
        (3, None) => Orientation::Turned90,
        (0, Some(0)) | (2, Some(1)) => Orientation::Flipped,
        (0, Some(_)) | (2, Some(_)) => Orientation::Mirrored,
        (1, Some(0)) | (3, Some(1)) => Orientation::Transposed,
        (1 | 3, Some(_)) => Orientation::Transverse,
        _ => Orientation::Upright,
    }
}
