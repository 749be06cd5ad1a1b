//! PNG and APNG: W3C PNG, third edition.

mod animation;
mod chunks;
mod colour;
mod filter;
mod huffman;
mod idat;
mod inflate;
mod joint;
mod look;
mod pixels;
mod splice;
mod texts;
mod zlib;

use self::{
    chunks::{Colour, Header, SIGNATURE, Walk},
    colour::{Meaning, Scheme},
    pixels::Canvas,
};
use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, NamedBox, Store, Survey, decode};
use crate::{
    Format, Result,
    geometry::Rect,
    limits::Budget,
    notice::{Notice, Raster, StoredNotice},
    record,
    stream::Source,
};

pub(super) struct Png;

const FACTS: Facts = Facts {
    name: "PNG",
    media_types: &["image/png"],
    extensions: &["png", "apng"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "",
};

impl Handler for Png {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&SIGNATURE)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let walk = Walk::of(source, budget)?;
        let header = walk.header(source)?;
        let mut survey =
            Survey { media_type: FACTS.media_types[0], stored: Some(header.size), frames: 1, ..Survey::default() };
        let mut frames = 0;
        for chunk in &walk.chunks {
            match &chunk.kind {
                b"caBX" => {
                    let jumbf = chunk.sound(source, budget)?;
                    survey.stores.push(Store { carrier: vec![chunk.range()], jumbf });
                }
                b"eXIf" => {
                    let (bytes, _) = chunk.metadata(source, budget)?;
                    // Some writers keep JPEG's prefix, which PNG does not have.
                    let bytes = bytes.strip_prefix(b"Exif\0\0").map(<[u8]>::to_vec).unwrap_or(bytes);
                    survey.exif.push(Block { range: chunk.range(), place: chunk.place(), bytes });
                }
                b"iTXt" | b"tEXt" | b"zTXt" => texts::survey(chunk, source, &mut survey, budget)?,
                b"fcTL" => frames += 1,
                _ => {}
            }
        }
        if walk.find(b"acTL").is_some() {
            survey.frames = frames.max(1);
        }
        if let Some(exif) = survey.exif.first() {
            survey.orientation = record::orientation(&exif.bytes, budget);
        }
        survey.trailer = (walk.end < walk.len).then_some(walk.end..walk.len);
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let walk = Walk::of(source, budget)?;
        let header = walk.header(source)?;
        let mut marked = Marked::default();
        put_metadata(&walk, survey, label, &mut marked, budget)?;
        if let Some(notice) = label.notice {
            draw(&walk, header, &notice.stored(survey.orientation), &mut marked, source, budget)?;
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
        let chunks = walk.chunks.iter().map(|chunk| match &chunk.kind {
            b"caBX" => NamedBox::manifest(chunk.range()),
            kind => NamedBox::new(String::from_utf8_lossy(kind).into_owned(), chunk.range()),
        });
        Ok(Some(std::iter::once(NamedBox::new("PNGh", 0..SIGNATURE.len() as u64)).chain(chunks).collect()))
    }

    fn picture(&self, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        decode::decode(source, Format::Png, image::ImageFormat::Png, survey.orientation, budget).map(Some)
    }

    fn part(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        rect: Rect,
        budget: &mut Budget,
    ) -> Result<Option<Raster>> {
        let part = match survey.shown() {
            Some(frame) => look::part(source, survey.orientation, rect, frame, budget)?,
            None => None,
        };
        match part {
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
        let begins = survey.hint.as_ref().and_then(|hint| hint.downcast_ref());
        let place = (notice.rect, notice.frame);
        let known = begins.map(|begins| look::part_from(begins, source, survey.orientation, place, budget));
        let part = match known.transpose()?.flatten() {
            Some(part) => Some(part),
            None => self.part(source, survey, notice.rect, budget)?,
        };
        Ok(Some(part.is_some_and(|part| notice.is_seen_in(&part))))
    }

    fn rgba(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Vec<u8>>> {
        let header = Walk::of(source, budget)?.header(source)?;
        if header.colour != Colour::Rgba || header.depth != 8 {
            return Ok(None);
        }
        decode::rgba(source, Format::Png, image::ImageFormat::Png, budget)
    }
}

/// Manifest and record, all right behind IHDR: c2pa-rs puts the manifest there, and early metadata is found by readers
/// that stop at the pixels.
fn put_metadata(walk: &Walk, survey: &Survey, label: &Label, marked: &mut Marked, budget: &mut Budget) -> Result<()> {
    let patch = &mut marked.patch;
    let mut obsolete: Vec<_> = survey.stores.iter().flat_map(|store| store.carrier.iter().cloned()).collect();
    let at = walk.chunks[0].range().end;
    if let Some(store_len) = label.store_len {
        patch.slot(at, store_len, Box::new(|store| chunks::encode(*b"caBX", &[store])));
    }
    if let Some(record) = label.record {
        let old = survey.exif.first();
        if let Some(exif) = record::describe(old.map(|block| &block.bytes[..]), &record.alt_text, budget)? {
            patch.insert(at, chunks::encode(*b"eXIf", &[&exif]));
            obsolete.extend(old.map(|block| block.range.clone()));
        }
        let old = survey.xmp.first();
        patch.insert(at, texts::xmp_chunk(&record::merge(old.map(|block| &block.bytes[..]), record, budget)?));
        // A second copy of the packet would go stale; a different packet is somebody's and stays.
        let copies = survey.xmp.iter().filter(|block| old.is_some_and(|old| old.bytes == block.bytes));
        obsolete.extend(copies.map(|block| block.range.clone()));
    }
    // After the insertions: edits at one place keep their order, and a deletion may start where they go.
    obsolete.into_iter().for_each(|range| patch.delete(range));
    Ok(())
}

/// Draws the notice into the picture, or into every frame of it.
fn draw(
    walk: &Walk,
    header: Header,
    notice: &StoredNotice,
    marked: &mut Marked,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<()> {
    let meaning = Meaning::read(walk, header, source, budget)?;
    let frames = animation::frames(walk, header.size, source, budget)?;
    let scheme = match splice_in(&frames, &meaning, notice, marked, source, budget)? {
        Some(scheme) => scheme,
        None => recompress(&frames, &meaning, notice, marked, source, budget)?,
    };
    scheme.fix_chunks(walk, &meaning, &mut marked.patch, source, budget)?;
    let new = Header { size: notice.frame, ..scheme.header };
    if new != header {
        marked.patch.replace(walk.chunks[0].range(), new.encode());
    }
    marked.remarks.extend(scheme.remark);
    marked.noticed = true;
    Ok(())
}

/// Draws the notice into a still without recompressing all of it; `None` where that cannot be.
fn splice_in(
    frames: &[animation::Frame],
    meaning: &Meaning,
    notice: &StoredNotice,
    marked: &mut Marked,
    source: &mut dyn Source,
    budget: &Budget,
) -> Result<Option<Scheme>> {
    let [still] = frames else { return Ok(None) };
    let Some(scheme) = meaning.lasting_scheme(notice).filter(|_| still.is_still()) else { return Ok(None) };
    let done = splice::draw(still.chunks(), meaning.header, &scheme, notice, marked, source, budget)?;
    Ok(done.then_some(scheme))
}

/// Draws the notice by decoding and encoding every picture that it stands in.
fn recompress(
    frames: &[animation::Frame],
    meaning: &Meaning,
    notice: &StoredNotice,
    marked: &mut Marked,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<Scheme> {
    let still = match frames {
        [still] if still.is_still() => still,
        frames => return animation::draw(frames, meaning, notice, marked, source, budget),
    };
    let header = meaning.header;
    let zlib = still.zlib(source)?;
    let (canvas, filters) = Canvas::decode(&zlib, still.at(), &header, budget)?;
    let scheme = meaning.scheme(notice, Some(&canvas), false);
    let mut canvas = scheme.converted(canvas, budget)?;
    if !notice.grow.is_zero() {
        canvas = canvas.grown(notice.grow, scheme.plate(), budget)?;
    }
    scheme.draw(&mut canvas, 0, 0, notice);
    let same = scheme.keeps_pixels() && notice.grow.is_zero();
    let header = Header { size: canvas.size, ..scheme.header };
    let level = pixels::level(&zlib);
    still.replace(&canvas.encode(&header, same.then_some(&filters[..]), notice.rect, level)?, marked, source)?;
    Ok(scheme)
}

#[cfg(test)]
mod tests;
