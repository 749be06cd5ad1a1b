//! GIF 87a and 89a: CompuServe's specification of 1990, and the application extensions that grew on it.

mod blocks;
mod colour;
mod look;
mod paint;
mod pixels;

use std::ops::Range;

use self::blocks::{Kind, PREAMBLE, Walk};
use super::{
    Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, NamedBox, Store, Survey, TextField, decode,
};
use crate::{
    Format, Result,
    geometry::Rect,
    limits::Budget,
    notice::{Notice, Raster},
    record,
    stream::{Source, read_at},
};

pub(super) struct Gif;

const FACTS: Facts = Facts {
    name: "GIF",
    media_types: &["image/gif"],
    extensions: &["gif"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "",
};

/// C2PA 2.4, A.3.4: application identifier and authentication code.
const C2PA: [u8; 11] = *b"C2PA_GIF\x01\0\0";
/// XMP specification part 3, 1.1.2.
const XMP: [u8; 11] = *b"XMP DataXMP";
/// Bytes of XMP's "magic trailer" without the block terminator: 1, then 255 down to 0.
const MAGIC: usize = 257;

impl Handler for Gif {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"GIF87a") || head.starts_with(b"GIF89a")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let walk = Walk::of(source, budget)?;
        let mut survey = Survey { media_type: FACTS.media_types[0], stored: Some(walk.screen()?), ..Survey::default() };
        for part in &walk.parts {
            let (range, at) = (part.range.clone(), part.range.start);
            match &part.kind {
                Kind::Image(_) => survey.frames += 1,
                Kind::Application(C2PA, data) => {
                    budget.metadata(range.end - data)?;
                    let jumbf = blocks::content(source, *data..range.end)?;
                    survey.stores.push(Store { carrier: vec![range], jumbf });
                }
                Kind::Application(XMP, data) => {
                    budget.metadata(range.end - data)?;
                    let bytes = packet(source, *data..range.end)?;
                    let place = format!("XMP application extension at byte {at}");
                    survey.xmp.push(Block { range, place, bytes });
                }
                Kind::Comment(data) => {
                    budget.metadata(range.end - data)?;
                    let comment = blocks::content(source, *data..range.end)?;
                    let value = String::from_utf8_lossy(&comment).into_owned();
                    let place = format!("comment extension at byte {at}");
                    survey.texts.push(TextField { place, key: "Comment".into(), value });
                }
                _ => {}
            }
        }
        if survey.frames == 0 {
            return Err(blocks::malformed(walk.end, "there is no picture in the file"));
        }
        survey.trailer = (walk.end < walk.len).then_some(walk.end..walk.len);
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let walk = Walk::of(source, budget)?;
        let mut marked = Marked::default();
        put_metadata(&walk, survey, label, &mut marked, budget)?;
        let mut preamble = walk.preamble;
        if let Some(notice) = label.notice {
            paint::paint(&walk, &mut preamble, &notice.stored(survey.orientation), &mut marked, source, budget)?;
        }
        // 87a has no extensions.
        if label.notice.is_some() || label.record.is_some() || label.store_len.is_some() {
            preamble[4] = b'9';
        }
        if preamble != walk.preamble {
            marked.patch.replace(0..PREAMBLE, preamble.to_vec());
        }
        Ok(marked)
    }

    fn named_boxes(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        budget: &mut Budget,
    ) -> Result<Option<Vec<NamedBox>>> {
        let walk = Walk::of(source, budget)?;
        let mut boxes = vec![NamedBox::new("GIF89a", 0..6), NamedBox::new("LSD", 6..walk.table.end)];
        for part in &walk.parts {
            let Range { start, end } = part.range;
            match &part.kind {
                Kind::Control(_) => boxes.push(NamedBox::new("21F9", start..end)),
                Kind::Application(C2PA, _) => boxes.push(NamedBox::manifest(start..end)),
                Kind::Application(..) => boxes.push(NamedBox::new("21FF", start..end)),
                Kind::Comment(_) => boxes.push(NamedBox::new("21FE", start..end)),
                Kind::Image(image) => {
                    boxes.extend([NamedBox::new("2C", start..image.data), NamedBox::new("TBID", image.data..end)]);
                }
                Kind::Unknown => {
                    let label = read_at(source, Format::Gif, start + 1, 1)?;
                    boxes.push(NamedBox::new(format!("21{:02X}", label[0]), start..end));
                }
                Kind::Padding => {}
            }
        }
        if walk.closed {
            boxes.push(NamedBox::new("3B", walk.end - 1..walk.end));
        }
        Ok(Some(boxes))
    }

    fn picture(&self, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        decode::decode(source, Format::Gif, image::ImageFormat::Gif, survey.orientation, budget).map(Some)
    }

    fn part(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        rect: Rect,
        budget: &mut Budget,
    ) -> Result<Option<Raster>> {
        match look::part(source, rect, budget)? {
            Some(part) => Ok(Some(part)),
            None => Ok(self.picture(source, survey, budget)?.and_then(|picture| picture.part(rect))),
        }
    }

    fn shows(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        notice: &Notice,
        budget: &mut Budget,
    ) -> Result<Option<bool>> {
        let part = self.part(source, survey, notice.rect, budget)?;
        Ok(Some(part.is_some_and(|part| notice.is_seen_in(&part))))
    }
}

/// Manifest and record, right behind the global colour table: c2pa-rs looks for the manifest before the first picture.
fn put_metadata(walk: &Walk, survey: &Survey, label: &Label, marked: &mut Marked, budget: &mut Budget) -> Result<()> {
    let patch = &mut marked.patch;
    let mut obsolete: Vec<_> = survey.stores.iter().flat_map(|store| store.carrier.iter().cloned()).collect();
    let at = walk.table.end;
    if let Some(store_len) = label.store_len {
        patch.slot(at, store_len, Box::new(|store| application(C2PA, blocks::sub_blocks(store))));
    }
    if let Some(record) = label.record {
        let old = survey.xmp.first();
        let packet = record::merge(old.map(|block| &block.bytes[..]), record, budget)?;
        // Behind the other applications: players look for NETSCAPE2.0 early.
        let leading = walk.parts.iter().take_while(|part| matches!(part.kind, Kind::Application(..))).last();
        patch.insert(leading.map_or(at, |part| part.range.end), xmp_extension(&packet));
        let copies = survey.xmp.iter().filter(|block| old.is_some_and(|old| old.bytes == block.bytes));
        obsolete.extend(copies.map(|block| block.range.clone()));
    }
    // c2pa-rs reads neither a file with zeros between blocks nor one without a trailer.
    let padding = walk.parts.iter().filter(|part| matches!(part.kind, Kind::Padding) && label.store_len.is_some());
    obsolete.extend(padding.map(|part| part.range.clone()));
    obsolete.into_iter().for_each(|range| patch.delete(range));
    if !walk.closed && label.store_len.is_some() {
        patch.insert(walk.len, vec![0x3B]);
    }
    Ok(())
}

/// The packet of an XMP extension: bare as Adobe writes it, or in sub-blocks as others do.
fn packet(source: &mut dyn Source, data: Range<u64>) -> Result<Vec<u8>> {
    let magic = magic();
    let mut raw = read_at(source, Format::Gif, data.start, data.end - data.start)?;
    raw.pop();
    if raw.ends_with(&magic) {
        raw.truncate(raw.len() - MAGIC);
        return Ok(raw);
    }
    let mut content = blocks::content(source, data)?;
    if content.ends_with(&magic) {
        content.truncate(content.len() - MAGIC);
    }
    Ok(content)
}

fn xmp_extension(packet: &[u8]) -> Vec<u8> {
    application(XMP, [packet, &magic(), &[0]].concat())
}

fn application(id: [u8; 11], content: Vec<u8>) -> Vec<u8> {
    [&[0x21, 0xFF, 11][..], &id, &content].concat()
}

fn magic() -> Vec<u8> {
    std::iter::once(1).chain((0..=255).rev()).collect()
}

#[cfg(test)]
mod tests;
