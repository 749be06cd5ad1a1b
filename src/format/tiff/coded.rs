//! Pages of JPEG streams: the notice is drawn into coefficients, so that all outside of its blocks stays as it is.

use super::{
    layout::{Layout, Part},
    pixels::Ink,
};
use crate::{
    Result,
    format::jpeg::{self, Abbreviated, Inks, ycbcr},
    geometry::{Rect, Size},
    limits::Budget,
    notice::StoredNotice,
    stream::{Source, read_at},
};

/// The strip or tile with its part of the notice, or why it cannot have one. `tables` are the segments that all share.
pub(super) fn painted(
    source: &mut dyn Source,
    tables: &[u8],
    layout: &Layout,
    part: &Part,
    notice: &StoredNotice,
    ink: &Ink,
    budget: &mut Budget,
) -> Result<Result<Vec<u8>, String>> {
    let stream = stream(source, tables, part)?;
    // The last strip may be coded taller than it is.
    let window = |size: Size, count: usize| {
        let shape = size.width == part.rect.width && size.height >= part.rect.height;
        let fits = shape && count == layout.samples_in_part();
        fits.then(|| notice.within(Rect { x: part.rect.x, y: part.rect.y, ..rect(size) }))?
    };
    let painted = stream.painted(&inks(layout, ink, part.first_sample), &window, budget)?;
    let misfit =
        || "the JPEG stream of a strip or tile has another size or number of components than the page".to_owned();
    Ok(painted.and_then(|data| data.ok_or_else(misfit)))
}

/// All strips or tiles of a plane as one stream, in the notice's frame.
pub(super) fn joined(
    source: &mut dyn Source,
    tables: &[u8],
    layout: &Layout,
    plane: u16,
    notice: &StoredNotice,
    ink: &Ink,
    budget: &mut Budget,
) -> Result<Result<Vec<u8>, String>> {
    let mut parts = Vec::new();
    for part in layout.parts().filter(|part| part.first_sample == plane) {
        budget.part()?;
        parts.push((stream(source, tables, &part)?, part.rect));
    }
    let inks = inks(layout, ink, plane);
    jpeg::joined(parts, (layout.size, layout.samples_in_part()), &inks, notice, budget)
}

fn stream(source: &mut dyn Source, tables: &[u8], part: &Part) -> Result<Abbreviated> {
    let data = read_at(source, crate::Format::Tiff, part.data.start, part.data.end - part.data.start)?;
    Abbreviated::new(tables, &data, part.data.start)
}

fn rect(size: Size) -> Rect {
    Rect { x: 0, y: 0, width: size.width, height: size.height }
}

/// What plate and text are in the components of the streams of a plane, or of all in one.
fn inks(layout: &Layout, ink: &Ink, plane: u16) -> Inks {
    let first = usize::from(plane);
    let at = |coverage: u8, sample: usize| ink.at(coverage, first + sample).map(|value| value as f32);
    let mut inks: Inks = std::array::from_fn(|sample| {
        let inside = sample < layout.samples_in_part();
        at(0, sample).zip(at(255, sample)).filter(|_| inside)
    });
    if let (true, [Some(r), Some(g), Some(b), _]) = (layout.ycbcr, inks) {
        let (plate, text) = (ycbcr([r.0, g.0, b.0]), ycbcr([r.1, g.1, b.1]));
        for (index, ink) in inks.iter_mut().take(3).enumerate() {
            *ink = Some((plate[index], text[index]));
        }
    }
    inks
}
