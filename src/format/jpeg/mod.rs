//! JPEG: ISO/IEC 10918-1.

mod abbreviated;
mod app1;
mod bits;
mod cloth;
mod codes;
mod colour;
mod dct;
mod decoder;
mod encoder;
mod fill;
mod frame;
mod huffman;
mod look;
mod luma;
mod mark;
mod markers;
mod mpf;
mod nudge;
mod paint;
mod picture;
mod reading;
mod recode;
mod ribbon;
mod run;
mod samples;
mod scan;
mod seam;
mod sheet;
mod skip;
mod splice;
mod weave;
mod window;
mod xt;

use std::borrow::Cow;

pub(super) use self::{
    abbreviated::{Abbreviated, joined, tables},
    colour::ycbcr,
    paint::Inks,
    samples::from_ycbcr,
};
use self::{
    app1::App1,
    markers::{APP1, APP11, COM, Layout, Segment},
    xt::Piece,
};
use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, NamedBox, Survey, TextField, decode};
use crate::{
    Error, Format, Result,
    geometry::{Orientation, Rect, Size},
    limits::Budget,
    notice::{Notice, Raster},
    record,
    stream::{Source, read_block},
};

pub(super) struct Jpeg;

const FACTS: Facts = Facts {
    name: "JPEG",
    media_types: &["image/jpeg"],
    extensions: &["jpg", "jpeg", "jpe", "jfif"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "no notice in arithmetic-coded, 12-bit, lossless and hierarchical files",
};

impl Handler for Jpeg {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(&[0xFF, 0xD8, 0xFF])
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let layout = markers::walk(source, budget)?;
        let survey = survey(source, &layout, budget)?;
        Ok(Survey { walk: Some(Box::new(layout)), ..survey })
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let layout = layout(source, survey, budget)?;
        mark::mark(source, &layout, survey, label, budget)
    }

    fn named_boxes(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        budget: &mut Budget,
    ) -> Result<Option<Vec<NamedBox>>> {
        let layout = layout(source, survey, budget)?;
        let carriers = || survey.stores.iter().flat_map(|store| &store.carrier);
        let mut boxes = vec![NamedBox::new("SOI", 0..2)];
        for segment in &layout.segments {
            let at = segment.range.start;
            match carriers().find(|carrier| carrier.contains(&at)) {
                Some(carrier) if carrier.start == at => boxes.push(NamedBox::manifest(carrier.clone())),
                Some(_) => {}
                // The entropy-coded data belongs to its SOS. c2pa-rs lists the RSTn in it once more, two bytes each.
                None => {
                    boxes.push(NamedBox::new(markers::name(segment.marker), at..segment.data.end));
                    for (restart, at) in markers::restarts(source, segment.data.clone(), budget)? {
                        boxes.push(NamedBox::new(markers::name(restart), at..at + 2));
                    }
                }
            }
        }
        boxes.push(NamedBox::new("EOI", layout.eoi.clone()));
        Ok(Some(boxes))
    }

    fn picture(&self, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        decode::jpeg(source, survey.trailer.as_ref(), survey.orientation, budget).map(Some)
    }

    fn part(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        rect: Rect,
        budget: &mut Budget,
    ) -> Result<Option<Raster>> {
        let layout = layout(source, survey, budget)?;
        match survey.shown() {
            Some(frame) => look::part(source, &layout, survey.orientation, (rect, frame), budget),
            None => Ok(None),
        }
    }

    fn shows(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        notice: &Notice,
        budget: &mut Budget,
    ) -> Result<Option<bool>> {
        let layout = layout(source, survey, budget)?;
        let begins = survey.hint.as_ref().and_then(|hint| hint.downcast_ref());
        look::shows(source, &layout, survey.orientation, (notice, begins), budget)
    }
}

/// The layout of a surveyed file.
fn layout<'a>(source: &mut dyn Source, survey: &'a Survey, budget: &mut Budget) -> Result<Cow<'a, Layout>> {
    match survey.walk.as_ref().and_then(|walk| walk.downcast_ref()) {
        Some(layout) => Ok(Cow::Borrowed(layout)),
        None => markers::walk(source, budget).map(Cow::Owned),
    }
}

fn survey(source: &mut dyn Source, layout: &Layout, budget: &mut Budget) -> Result<Survey> {
    let mut survey = Survey { media_type: FACTS.media_types[0], frames: 1, ..Survey::default() };
    let mut extensions = Vec::new();
    let mut sampling = (1, 1);
    for segment in &layout.segments {
        let at = segment.range.start;
        match segment.marker {
            APP1 => match app1::classify(payload(source, segment, budget)?) {
                App1::Exif(bytes) => survey.exif.push(block(segment, "EXIF, APP1", bytes)),
                App1::Xmp(bytes) => survey.xmp.push(block(segment, "XMP, APP1", bytes)),
                App1::Extension(part) => extensions.push((segment.clone(), part)),
                App1::Other => {}
            },
            COM => survey.texts.push(TextField {
                place: format!("COM at byte {at}"),
                key: "Comment".into(),
                value: text(payload(source, segment, budget)?),
            }),
            // China's AIGC label as a segment of its own.
            0xE0 | 0xE3..=0xEA | 0xEC | 0xEF => {
                let bytes = payload(source, segment, budget)?;
                if bytes.starts_with(b"AIGC") || bytes.starts_with(b"{\"AIGC\"") {
                    let place = format!("APP{} at byte {at}", segment.marker & 0x0F);
                    survey.texts.push(TextField { place, key: "AIGC".into(), value: text(bytes) });
                }
            }
            marker if markers::is_frame(marker) && survey.stored.is_none() => {
                let frame = frame::frame(marker, &payload(source, segment, budget)?, at)?;
                budget.raster(frame.size.width, frame.size.height, 3)?;
                survey.stored = Some(frame.size);
                sampling = frame.sampling();
                // A.2.2: where one component stands alone, an MCU is one block.
                let (h, v) = if frame.components.len() == 1 { (1, 1) } else { sampling };
                survey.cell = Some(Size { width: 8 * h, height: 8 * v });
            }
            _ => {}
        }
    }
    if survey.stored.is_none() {
        return Err(Error::malformed(Format::Jpeg, layout.eoi.start, "no frame header"));
    }
    survey.stores = xt::stores(&app11(source, layout, budget)?);
    survey.xmp.extend(app1::extended(extensions, budget)?);
    survey.orientation = survey.exif.first().map(|exif| record::orientation(&exif.bytes, budget)).unwrap_or_default();
    survey.strip_unit = strip_unit(survey.orientation, sampling);
    survey.trailer = (layout.eoi.end < layout.len).then_some(layout.eoi.end..layout.len);
    Ok(survey)
}

/// A strip above or left of the stored picture is made of whole MCUs, so that blocks only move.
fn strip_unit(orientation: Orientation, (h, v): (u32, u32)) -> u32 {
    let shown = Size { width: 2, height: 2 };
    let first = orientation.stored_point(0, 0, shown);
    let second = orientation.stored_point(1, 0, shown);
    match (first, second) {
        ((0, _), (0, _)) => 8 * h,
        ((_, 0), (_, 0)) => 8 * v,
        _ => 1,
    }
}

/// The APP11 segments, in file order.
fn app11(source: &mut dyn Source, layout: &Layout, budget: &mut Budget) -> Result<Vec<Piece>> {
    let segments = layout.segments.iter().filter(|segment| segment.marker == APP11);
    segments
        .map(|segment| Ok(Piece { range: segment.range.clone(), payload: payload(source, segment, budget)? }))
        .collect()
}

fn payload(source: &mut dyn Source, segment: &Segment, budget: &mut Budget) -> Result<Vec<u8>> {
    let range = segment.payload();
    read_block(source, Format::Jpeg, range.start, range.end - range.start, budget)
}

fn block(segment: &Segment, what: &str, bytes: Vec<u8>) -> Block {
    Block { range: segment.range.clone(), place: format!("{what} at byte {}", segment.range.start), bytes }
}

/// A comment: UTF-8, or else Latin-1, for the standard names no encoding.
fn text(bytes: Vec<u8>) -> String {
    let text =
        String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    text.trim_end_matches('\0').to_owned()
}

#[cfg(test)]
mod notice_tests;
#[cfg(test)]
mod splice_tests;
#[cfg(test)]
mod tests;
