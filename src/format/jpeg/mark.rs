//! A label as edits over a JPEG.

use super::{
    app1, app11,
    markers::{APP0, APP2, Layout, SOS},
    mpf, payload, recode,
    xt::{self, Piece},
};
use crate::{
    Result,
    format::{Label, Marked, Survey},
    limits::Budget,
    record::{self, Record},
    stream::Source,
};

/// Replaces what a label replaces, and puts what is new behind the leading APP0 and EXIF segments: JFIF wants APP0 first,
/// EXIF wants its APP1 before all but that, and c2pa-rs puts the store behind APP0.
pub(super) fn mark(
    source: &mut dyn Source,
    layout: &Layout,
    survey: &Survey,
    label: &Label,
    budget: &mut Budget,
) -> Result<Marked> {
    let mut marked = Marked::default();
    let place = insertion_point(layout, survey);
    let mut replaced = Vec::new();
    // Insertions first: the patch writes edits at one place in the order in which they were added.
    if let Some(record) = label.record {
        replaced = put_record(source, place, survey, record, &mut marked, budget)?;
    }
    if let Some(store_len) = label.store_len {
        let pieces = app11(source, layout, budget)?;
        let goes =
            |piece: &Piece| survey.stores.iter().any(|store| store.carrier.iter().any(|c| within(&piece.range, c)));
        let staying: Vec<_> = pieces.iter().filter(|piece| !goes(piece)).collect();
        let instance = xt::free_instance(&staying);
        marked.patch.slot(place, store_len, Box::new(move |store| xt::wrap(store, instance)));
    }
    if let Some(notice) = label.notice {
        let stored = notice.stored(survey.orientation);
        match recode::recode(source, layout, &stored, &mut marked.patch, budget)? {
            Ok(begins) => {
                marked.noticed = true;
                marked.hint = begins.map(|begins| Box::new(begins) as _);
                // There the strip shares blocks with the picture; above and left of it, blocks only move.
                if stored.grow.right > 0 || stored.grow.bottom > 0 {
                    marked.remarks.push("up to 31 pixels of the picture next to the strip were coded again".into());
                }
            }
            Err(why) => marked.remarks.push(format!("no notice was drawn into this JPEG: {why}")),
        }
    }
    for carrier in survey.stores.iter().flat_map(|store| &store.carrier) {
        marked.patch.delete(carrier.clone());
    }
    for (range, bytes) in replaced {
        marked.patch.replace(range, bytes);
    }
    move_pictures(source, layout, &mut marked, budget)?;
    Ok(marked)
}

/// Pictures behind the first one move when that gets longer or shorter: puts that right in every MPF index.
fn move_pictures(source: &mut dyn Source, layout: &Layout, marked: &mut Marked, budget: &mut Budget) -> Result<()> {
    let longer = marked.patch.growth();
    for segment in layout.segments.iter().filter(|segment| segment.marker == APP2) {
        let payload = payload(source, segment, budget)?;
        let Some(index) = mpf::parse(&payload) else { continue };
        let start = segment.payload().start;
        let behind = longer - marked.patch.growth_before(start);
        match index.moved(&payload, longer, behind) {
            Some(entries) => {
                let (from, to) = (index.range().start as u64, index.range().end as u64);
                marked.patch.replace(start + from..start + to, entries);
            }
            None => {
                marked.remarks.push("the list of further pictures in this file (MPF) could not be kept right".into())
            }
        }
    }
    Ok(())
}

type Range = std::ops::Range<u64>;

fn within(inner: &Range, outer: &Range) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Behind the last APP0 before the picture and behind an EXIF segment that follows at once; else behind SOI.
fn insertion_point(layout: &Layout, survey: &Survey) -> u64 {
    let head = layout.segments.iter().take_while(|segment| segment.marker != SOS);
    let mut place = head.filter(|segment| segment.marker == APP0).map(|segment| segment.range.end).last().unwrap_or(2);
    if let Some(exif) = survey.exif.iter().find(|exif| exif.range.start == place) {
        place = exif.range.end;
    }
    place
}

/// Inserts what is new at `place`, and returns what replaces segments that are there.
fn put_record(
    source: &mut dyn Source,
    place: u64,
    survey: &Survey,
    record: &Record,
    marked: &mut Marked,
    budget: &mut Budget,
) -> Result<Vec<(Range, Vec<u8>)>> {
    let mut replaced = Vec::new();
    let exif = survey.exif.first();
    if let Some(block) = record::describe(exif.map(|exif| &exif.bytes[..]), &record.alt_text, budget)? {
        match (app1::exif_segment(&block), exif) {
            (Some(segment), Some(old)) => replaced.push((old.range.clone(), segment)),
            (Some(segment), None) => marked.patch.insert(place, segment),
            (None, _) => marked.remarks.push("the EXIF description was left alone: its segment is full".into()),
        }
    }
    // Standard packets come first in a survey.
    let xmp = match survey.xmp.first() {
        Some(block) if app1::is_standard(source, block)? => Some(block),
        _ => None,
    };
    let packet = record::merge(xmp.map(|xmp| &xmp.bytes[..]), record, budget)?;
    let segment = app1::xmp_segment(&packet)?;
    match xmp {
        Some(old) => replaced.push((old.range.clone(), segment)),
        None => marked.patch.insert(place, segment),
    }
    Ok(replaced)
}
