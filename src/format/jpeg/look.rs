//! The part of the picture where the notice stands. Of an ordinary file only the luma there is decoded, and all else up to
//! there is passed over.

use super::{
    colour::Colour, luma::Luma, markers::Layout, reading::Reading, samples, sheet::Sheet, weave::Begins, window::Window,
};
use crate::{
    Result,
    geometry::{Orientation, Rect, Size},
    limits::Budget,
    notice::{Notice, Raster},
    stream::Source,
};

/// Whether the notice is seen; every scan is read no further than to its last row. `None` where this coder cannot tell.
///
/// Blocks that were decoded and seen to be the notice once need not be looked at again: it is enough that the data in the file
/// says the same. `begins` is where the notice does, for whoever has read what stands before it: that was copied byte for byte.
pub(super) fn shows(
    source: &mut dyn Source,
    layout: &Layout,
    orientation: Orientation,
    (notice, begins): (&Notice, Option<&Begins>),
    budget: &mut Budget,
) -> Result<Option<bool>> {
    let stored = notice.stored(orientation);
    let rect = stored.rect;
    let rows = rect.y..rect.y.saturating_add(rect.height);
    let Ok(reading) = Reading::begin(source, layout, rows, budget)? else { return Ok(None) };
    let Some(colour) = reading.colour() else { return Ok(None) };
    let frame = &reading.picture.frame;
    if !rect.inside(frame.size) || rect.area() == 0 {
        return Ok(None);
    }
    let tables = reading.quantisation()?;
    // Where luma stands by itself it is all that is compared.
    let (grey, count) = match colour {
        Colour::Grey | Colour::YCbCr => (Colour::Grey, 1),
        other => (other, reading.picture.planes.len()),
    };
    let len = budget.raster(rect.width, rect.height, 3)?;
    if let (1, Some(coded), Some(steps)) = (count, reading.waiting(), tables.first())
        && let Some(luma) = Luma::new(frame, coded, &reading.tables, steps, rect)
    {
        let sheet = match frame.size == stored.frame {
            true => Sheet::kept(frame, &tables, &colour.inks(notice.plate, notice.text), &stored),
            false => None,
        };
        if let Some(sheet) = &sheet
            && sheet.is_seen()
            && luma.holds(source, coded, sheet, begins)?
        {
            return Ok(Some(true));
        }
        let mut rgb = vec![0; len];
        luma.read(Window::open(source, coded.segment.data.clone())?, budget)?.copy(rect, &mut rgb);
        let seen = notice.is_seen_in(&Raster::upright(rgb, rect.size(), orientation));
        if let Some(sheet) = sheet.filter(|sheet| seen && !sheet.is_seen())
            && luma.holds(source, coded, &sheet, None)?
        {
            sheet.was_seen();
        }
        return Ok(Some(seen));
    }
    let part = pixels(source, reading, (grey, count), rect, budget)?;
    Ok(Some(notice.is_seen_in(&Raster::upright(part, rect.size(), orientation))))
}

/// The part at `rect` of a picture shown with `frame`, in colours as far as they stand in the first components.
pub(super) fn part(
    source: &mut dyn Source,
    layout: &Layout,
    orientation: Orientation,
    (rect, frame): (Rect, Size),
    budget: &mut Budget,
) -> Result<Option<Raster>> {
    let rect = orientation.stored_rect(rect, frame);
    let rows = rect.y..rect.y.saturating_add(rect.height);
    let Ok(reading) = Reading::begin(source, layout, rows, budget)? else { return Ok(None) };
    let Some(colour) = reading.colour().filter(|_| rect.inside(reading.picture.frame.size)) else { return Ok(None) };
    let count = reading.picture.planes.len();
    let part = pixels(source, reading, (colour, count), rect, budget)?;
    Ok(Some(Raster::upright(part, rect.size(), orientation)))
}

/// Pixels out of the first `count` components.
fn pixels(
    source: &mut dyn Source,
    mut reading: Reading,
    (colour, count): (Colour, usize),
    rect: Rect,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let mut rgb = Vec::with_capacity(budget.raster(rect.width, rect.height, 3)?);
    let tables = reading.quantisation()?;
    reading.finish(source, budget)?;
    for pixel in samples::samples(&reading.picture, &tables, count, rect).chunks_exact(count.max(1)) {
        rgb.extend(colour.rgb(pixel));
    }
    Ok(rgb)
}
