//! The JPEG streams of TIFF (Technical Note 2, "TIFF/JPEG"): each strip or tile is a stream of its own, and the tables that
//! they share may stand apart, in the tag JPEGTables.

use std::io::Cursor;

use super::{
    encoder,
    frame::{Component, Frame},
    huffman,
    markers::{self, DHT, DQT, EOI, Layout, SOI, SOS},
    paint::{self, Inks, Quantisation},
    picture::Picture,
    reading::{ReadScan, Reading, Unsuitable},
    samples,
    scan::{Fault, Scan, ScanComponent},
};
use crate::{
    Error, Format, Result,
    geometry::{Rect, Size},
    limits::Budget,
    notice::StoredNotice,
    patch::Patch,
};

/// The segments of a JPEGTables value, without SOI and EOI; `None` when it is malformed.
pub(in crate::format) fn tables(value: &[u8]) -> Option<Vec<u8>> {
    let (mut rest, mut segments) = (value.strip_prefix(&[0xFF, SOI])?, Vec::new());
    loop {
        match rest {
            [0xFF, EOI, ..] => return Some(segments),
            [0xFF, 0xFF, ..] => rest = &rest[1..],
            &[0xFF, _, high, low, ..] => {
                let (segment, behind) = rest.split_at_checked(2 + usize::from(u16::from_be_bytes([high, low])))?;
                segments.extend_from_slice(segment);
                rest = behind;
            }
            _ => return None,
        }
    }
}

/// A strip or tile, with the tables of its page in front.
pub(in crate::format) struct Abbreviated {
    bytes: Vec<u8>,
    /// End of what is not of the strip itself.
    shared: u64,
    /// Where the strip stands in the TIFF file.
    at: u64,
}

/// The samples of a strip or tile: 8 bits each, interleaved.
pub(in crate::format) struct Samples {
    pub(in crate::format) size: Size,
    /// Samples of a pixel.
    pub(in crate::format) count: usize,
    pub(in crate::format) data: Vec<u8>,
}

impl Abbreviated {
    /// `shared` are the segments of JPEGTables, `data` stands at byte `at` of the TIFF file.
    pub(in crate::format) fn new(shared: &[u8], data: &[u8], at: u64) -> Result<Self> {
        let Some(data) = data.strip_prefix(&[0xFF, SOI]) else {
            return Err(Error::malformed(Format::Tiff, at, "a strip or tile is no JPEG stream"));
        };
        Ok(Self { bytes: [&[0xFF, SOI], shared, data].concat(), shared: shared.len() as u64 + 2, at })
    }

    pub(in crate::format) fn samples(&self, budget: &mut Budget) -> Result<Result<Samples, Unsuitable>> {
        let reading = match self.read(budget)? {
            Ok((_, reading)) => reading,
            Err(why) => return Ok(Err(why)),
        };
        let (size, count) = (reading.picture.frame.size, reading.picture.planes.len());
        budget.raster(size.width, size.height, count as u64)?;
        let whole = Rect { x: 0, y: 0, width: size.width, height: size.height };
        let tables = reading.quantisation().map_err(|error| self.placed(error))?;
        Ok(Ok(Samples { size, count, data: samples::samples(&reading.picture, &tables, count, whole) }))
    }

    /// The stream with the part of the notice that falls on it; `None` when nothing does. `part` is told the size of the
    /// stream's picture and the number of its components.
    pub(in crate::format) fn painted(
        &self,
        inks: &Inks,
        part: &dyn Fn(Size, usize) -> Option<StoredNotice>,
        budget: &mut Budget,
    ) -> Result<Result<Option<Vec<u8>>, Unsuitable>> {
        let (layout, reading) = match self.read(budget)? {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        let frame = &reading.picture.frame;
        let Some(notice) = part(frame.size, frame.components.len()) else { return Ok(Ok(None)) };
        let tables = reading.quantisation().map_err(|error| self.placed(error))?;
        let Reading { mut picture, sof, scans, .. } = reading;
        paint::paint(&mut picture, &tables, inks, &notice);
        let mut patch = Patch::default();
        let broken = |fault: Fault| Error::malformed(Format::Tiff, self.at, fault.0);
        // libtiff reads JPEGTables once, and lets what a strip defines stand for all that it reads afterwards: where strips
        // rely on Huffman tables there, no strip may define others in the same place.
        let depends = layout.segments.iter().any(|segment| segment.marker == DHT && segment.range.end <= self.shared);
        let kept = if depends { with_tables_in_force(&picture, &scans).map_err(broken)? } else { None };
        if let Some(kept) = kept {
            for (scan, data) in scans.iter().zip(kept) {
                patch.replace(scan.segment.data.clone(), data);
            }
        } else {
            let places = if depends { free_places(&scans) } else { Some([0, 1, 2, 3]) };
            let Some(places) = places else {
                return Ok(
                    Err("its Huffman tables leave no room for the notice's; save it with LZW or Deflate".into()),
                );
            };
            for read in &scans {
                recode(&picture, read, places, &mut patch).map_err(broken)?;
            }
            let places = scans.iter().flat_map(|read| &read.scan.components).map(|of| places[of.dc].max(places[of.ac]));
            // B.2.4.2: a baseline stream has two tables of each class.
            if sof.marker == 0xC0 && places.max() > Some(1) {
                patch.replace(sof.range.start + 1..sof.range.start + 2, vec![0xC1]);
            }
            if !depends {
                let old = layout.segments.iter().filter(|segment| segment.marker == DHT);
                old.for_each(|segment| patch.delete(segment.range.clone()));
            }
        }
        let end = layout.eoi.end.saturating_add_signed(patch.growth());
        let mut out = Cursor::new(Vec::new());
        patch.write(Format::Tiff, &mut Cursor::new(&self.bytes), &mut out)?;
        let mut out = out.into_inner();
        // No edit lies in the shared tables.
        out.truncate(usize::try_from(end).unwrap_or(usize::MAX));
        out.drain(2..usize::try_from(self.shared).unwrap_or(2));
        Ok(Ok(Some(out)))
    }

    fn read(&self, budget: &mut Budget) -> Result<Result<(Layout, Reading), Unsuitable>> {
        let mut source = Cursor::new(&self.bytes);
        let mut read = || {
            let layout = markers::walk(&mut source, budget)?;
            Ok(Reading::of(&mut source, &layout, 0..u32::MAX, budget)?.map(|reading| (layout, reading)))
        };
        read().map_err(|error| self.placed(error))
    }

    /// The error with its place in the TIFF file.
    fn placed(&self, error: Error) -> Error {
        match error {
            Error::Malformed { at, why, .. } => {
                // The strip's own SOI stands in front of the tables.
                Error::malformed(Format::Tiff, self.at + at.saturating_sub(self.shared.saturating_sub(2)), why)
            }
            other => other,
        }
    }
}

/// The data of every scan, coded with the tables that it has; `None` where they lack a symbol.
fn with_tables_in_force(picture: &Picture, scans: &[ReadScan]) -> Result<Option<Vec<Vec<u8>>>, Fault> {
    scans.iter().map(|read| encoder::encode_with(picture, &read.scan, read.interval, &read.codes)).collect()
}

/// Codes a scan with the best tables, which go to `places`.
fn recode(picture: &Picture, read: &ReadScan, places: [usize; 4], patch: &mut Patch) -> Result<(), Fault> {
    let mut scan = read.scan.clone();
    let selectors = read.segment.payload().start + 2;
    for (number, component) in (0..).zip(&mut scan.components) {
        (component.dc, component.ac) = (places[component.dc], places[component.ac]);
        let (at, byte) = (selectors + 2 * number, (component.dc << 4 | component.ac) as u8);
        patch.replace(at..at + 1, vec![byte]);
    }
    let coded = encoder::encode(picture, &scan, read.interval, 0)?;
    if !coded.tables.is_empty() {
        patch.insert(read.segment.range.start, huffman::segment(&coded.tables));
    }
    patch.replace(read.segment.data.clone(), coded.data);
    Ok(())
}

/// For each table that the scans use, a place that no table has.
fn free_places(scans: &[ReadScan]) -> Option<[usize; 4]> {
    let taken = |place: &usize| scans.iter().any(|scan| scan.codes.iter().any(|class| class[*place].is_some()));
    let mut free = (0..4).filter(|place| !taken(place));
    let mut places = [0; 4];
    for (place, to) in places.iter_mut().enumerate() {
        let mut used = scans.iter().flat_map(|scan| &scan.scan.components);
        if used.any(|component| component.dc == place || component.ac == place) {
            *to = free.next()?;
        }
    }
    Some(places)
}

/// Joins the strips or tiles of a page of this size and number of components, each with its place, to one stream in a larger frame, with the notice.
/// Coefficients stay as they are.
pub(in crate::format) fn joined(
    parts: Vec<(Abbreviated, Rect)>,
    (size, count): (Size, usize),
    inks: &Inks,
    notice: &StoredNotice,
    budget: &mut Budget,
) -> Result<Result<Vec<u8>, Unsuitable>> {
    let mut whole: Option<(Picture, Vec<Quantisation>)> = None;
    for (part, rect) in parts {
        let (read, steps) = match part.read(budget)? {
            Ok((_, reading)) => {
                let steps = reading.quantisation().map_err(|error| part.placed(error))?;
                (reading.picture, steps)
            }
            Err(why) => return Ok(Err(why)),
        };
        if whole.is_none() {
            let frame = Frame { marker: 0xC0, size, ..read.frame.clone() };
            whole = Some((Picture::new(frame, budget)?, steps.clone()));
        }
        let Some((picture, tables)) = &mut whole else { continue };
        if *tables != steps || steps.len() != count || !picture.take(&read, rect) {
            let why = "its strips or tiles differ in their tables or components, or are not made of whole blocks";
            return Ok(Err(why.into()));
        }
    }
    let Some((mut picture, tables)) = whole else { return Ok(Err("it has no strips".into())) };
    let (h, v) = picture.frame.sampling();
    if notice.frame.width.max(notice.frame.height) > 65535 {
        return Ok(Err("with its strip it would be larger than a JPEG can be".into()));
    }
    if !notice.grow.left.is_multiple_of(8 * h) || !notice.grow.top.is_multiple_of(8 * v) {
        return Ok(Err("the notice's strip is not made of whole blocks".into()));
    }
    picture = picture.grown(notice.grow, budget)?;
    paint::paint(&mut picture, &tables, inks, notice);
    stream(picture, &tables)
}

impl Picture {
    /// Takes over the blocks of a part at `rect`, up to the edge of the picture; `false` where they do not fit.
    fn take(&mut self, part: &Self, rect: Rect) -> bool {
        let shape = |frame: &Frame| frame.components.iter().map(|part| (part.h, part.v)).collect::<Vec<_>>();
        let (h, v) = self.frame.sampling();
        let (x, y) = (rect.x / (8 * h), rect.y / (8 * v));
        let aligned = rect.x.is_multiple_of(8 * h) && rect.y.is_multiple_of(8 * v);
        if shape(&self.frame) != shape(&part.frame) || !aligned {
            return false;
        }
        for (from, to) in part.planes.iter().zip(&mut self.planes) {
            let (left, top) = (x as usize * to.h, y as usize * to.v);
            let width = from.stride.min(to.stride.saturating_sub(left));
            let rows = to.blocks.chunks_exact_mut(to.stride.max(1)).skip(top);
            for (to, from) in rows.zip(from.blocks.chunks_exact(from.stride.max(1))) {
                to[left..left + width].copy_from_slice(&from[..width]);
            }
        }
        true
    }
}

/// A whole stream, in one scan.
pub(super) fn stream(mut picture: Picture, steps: &[Quantisation]) -> Result<Result<Vec<u8>, Unsuitable>> {
    let blocks: usize = picture.planes.iter().map(|plane| plane.h * plane.v).sum();
    // B.2.3: an MCU has at most ten blocks.
    if picture.planes.len() > 1 && blocks > 10 {
        return Ok(Err("its components cannot stand in one scan".into()));
    }
    let mut distinct: Vec<&Quantisation> = Vec::new();
    for (component, table) in picture.frame.components.iter_mut().zip(steps) {
        let known = distinct.iter().position(|other| *other == table);
        component.table = known.unwrap_or(distinct.len()) as u8;
        if known.is_none() {
            distinct.push(table);
        }
    }
    let scan = Scan {
        components: (0..picture.planes.len())
            .map(|plane| ScanComponent { plane, dc: plane.min(1), ac: plane.min(1) })
            .collect(),
        first: 0,
        last: 63,
        high: 0,
        low: 0,
    };
    let coded = encoder::encode(&picture, &scan, 0, 0).map_err(|fault| Error::malformed(Format::Tiff, 0, fault.0))?;
    let (mut out, mut wide) = (vec![0xFF, SOI], false);
    for (place, table) in (0u8..).zip(distinct) {
        let long = table.iter().any(|&step| step > 255);
        wide |= long;
        let bytes = table.iter().flat_map(|step| step.to_be_bytes().into_iter().skip(usize::from(!long)));
        segment(&mut out, DQT, [u8::from(long) << 4 | place].into_iter().chain(bytes).collect());
    }
    let Frame { size, components, .. } = &picture.frame;
    // `joined` has bounded both sides; a coder of four components at most made the frame.
    let ([h1, h0], [w1, w0]) = ((size.height as u16).to_be_bytes(), (size.width as u16).to_be_bytes());
    let count = components.len() as u8;
    let each = components.iter().flat_map(|&Component { id, h, v, table }| [id, h << 4 | v, table]);
    segment(&mut out, if wide { 0xC1 } else { 0xC0 }, [8, h1, h0, w1, w0, count].into_iter().chain(each).collect());
    out.extend(huffman::segment(&coded.tables));
    let each = components.iter().zip(&scan.components).flat_map(|(of, at)| [of.id, (at.dc << 4 | at.ac) as u8]);
    segment(&mut out, SOS, [count].into_iter().chain(each).chain([0, 63, 0]).collect());
    out.extend(coded.data);
    out.extend([0xFF, EOI]);
    Ok(Ok(out))
}

fn segment(out: &mut Vec<u8>, marker: u8, body: Vec<u8>) {
    // At most 129 bytes.
    let [high, low] = (body.len() as u16 + 2).to_be_bytes();
    out.extend([0xFF, marker, high, low]);
    out.extend(body);
}
