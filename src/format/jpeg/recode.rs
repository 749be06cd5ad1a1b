//! Puts a notice into a JPEG, by the short way where there is one. Else it decodes the coefficients, changes the blocks that
//! the notice covers, and writes every scan again with its own header and new Huffman tables. All other segments stay as they
//! are.

use super::{
    encoder, huffman,
    markers::{DHT, DNL, Layout},
    paint,
    reading::{Reading, Unsuitable},
    scan::Fault,
    splice::{self, Job},
    weave::Begins,
};
use crate::{Error, Format, Result, limits::Budget, notice::StoredNotice, patch::Patch, stream::Source};

/// Adds the edits that draw `notice` to `patch`, or says why this file cannot have one; where in the scan's data it begins, if
/// that is known.
pub(super) fn recode(
    source: &mut dyn Source,
    layout: &Layout,
    notice: &StoredNotice,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<std::result::Result<Option<Begins>, Unsuitable>> {
    Ok(recode_by(source, layout, notice, true, patch, budget)?.map(|(_, begins)| begins))
}

/// How a notice got into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Only what stands under it was written anew.
    Spliced,
    /// The same, with coefficients moved to codes that the file has.
    Nudged,
    /// All scans were written anew.
    Recoded,
}

/// [`recode`], by the short way if there is one and `may_splice`.
pub(super) fn recode_by(
    source: &mut dyn Source,
    layout: &Layout,
    notice: &StoredNotice,
    may_splice: bool,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<std::result::Result<(Way, Option<Begins>), Unsuitable>> {
    let mut reading = match Reading::begin(source, layout, 0..u32::MAX, budget)? {
        Ok(reading) => reading,
        Err(why) => return Ok(Err(why)),
    };
    if let Some(why) = unsuitable(&reading, layout, notice) {
        return Ok(Err(why));
    }
    let Some(colour) = reading.colour() else {
        return Ok(Err("the meaning of its components is unknown".into()));
    };
    let tables = reading.quantisation()?;
    let inks = colour.inks(notice.plate, notice.text);
    if !notice.grow.is_zero() {
        // `unsuitable` has bounded both.
        let size = [notice.frame.height, notice.frame.width].map(|side| (side as u16).to_be_bytes());
        let at = reading.sof.payload().start + 1;
        patch.replace(at..at + 4, size.concat());
    }
    if let Some(coded) = reading.waiting().filter(|_| may_splice) {
        let frame = &reading.picture.frame;
        let job = Job { frame, coded, tables: &reading.tables, quantisation: &tables, inks: &inks, notice };
        if let Some(way) = splice::splice(source, &job, patch)? {
            return Ok(Ok(way));
        }
    }
    reading.finish(source, budget)?;
    let Reading { mut picture, scans, .. } = reading;
    if !notice.grow.is_zero() {
        picture = picture.grown(notice.grow, budget)?;
    }
    paint::paint(&mut picture, &tables, &inks, notice);
    for coded in &scans {
        let segment = &coded.segment;
        let old = usize::try_from(segment.data.end - segment.data.start).unwrap_or(0);
        let broken = |fault: Fault| Error::malformed(Format::Jpeg, segment.range.start, fault.0);
        let new = encoder::encode(&picture, &coded.scan, coded.interval, old + old / 16).map_err(broken)?;
        if !new.tables.is_empty() {
            patch.insert(segment.range.start, huffman::segment(&new.tables));
        }
        patch.replace(segment.data.clone(), new.data);
    }
    for segment in layout.segments.iter().filter(|segment| segment.marker == DHT) {
        patch.delete(segment.range.clone());
    }
    Ok(Ok((Way::Recoded, None)))
}

/// The coefficients of a picture.
#[cfg(test)]
pub(super) fn decoded(
    source: &mut dyn Source,
    layout: &Layout,
    budget: &mut Budget,
) -> Result<super::picture::Picture> {
    Ok(Reading::of(source, layout, 0..u32::MAX, budget)?.expect("a picture that can be read").picture)
}

/// Why the notice cannot be drawn into this picture.
fn unsuitable(reading: &Reading, layout: &Layout, notice: &StoredNotice) -> Option<Unsuitable> {
    let (h, v) = reading.picture.frame.sampling();
    Some(match notice.grow {
        _ if reading.picture.frame.size != notice.original() => "the notice was drawn for another size".into(),
        _ if notice.frame.width > 65535 || notice.frame.height > 65535 => {
            "with its strip it would be larger than a JPEG can be".into()
        }
        grow if !grow.is_zero() && layout.segments.iter().any(|segment| segment.marker == DNL) => {
            "its height stands in a DNL segment; save it again as an ordinary JPEG".into()
        }
        grow if !grow.left.is_multiple_of(8 * h) || !grow.top.is_multiple_of(8 * v) => {
            "its strip is not made of whole blocks".into()
        }
        _ => return None,
    })
}
