//! The notice in an AV1 picture: decode, draw into the planes, encode. Outside the notice the picture stays close, not
//! equal: how close is measured and said.

use super::{
    codec,
    colour::Colour,
    frame::{Frame, Tile, alpha_of},
    obu::{self, Sequence},
    planes::Planes,
};
use crate::{
    Error, Format, Result,
    container::bmff::{Editor, Item, Meta, sized},
    format::heif::Items,
    geometry::{Rect, Size},
    limits::Budget,
    notice::{Notice, StoredNotice},
    stream::Source,
};

/// What is asked of the picture outside the notice, in dB.
const PSNR: f64 = 42.3;
/// How much longer the picture data may become before size counts more.
const RATIO: f64 = 1.5;
/// The encoder takes no smaller sides.
const LEAST_SIDE: u32 = 16;

/// Remarks when the notice is in, or why it is not.
pub(super) type Outcome = std::result::Result<Vec<String>, String>;

/// Draws the notice into the primary item.
pub(super) fn draw(
    items: &Items,
    notice: &Notice,
    editor: &mut Editor,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<Outcome> {
    if items.layout.boxes.iter().any(|head| head.is(b"moov")) {
        return Ok(Err("no notice: this is an animated AVIF; label the frames before encoding them".into()));
    }
    let (Some(meta), Some(shape)) = (items.meta(), items.shape()?) else {
        return Ok(Err("no notice: the file has no primary picture".into()));
    };
    let Some(primary) = meta.primary_item() else {
        return Ok(Err("no notice: the file has no primary picture".into()));
    };
    let notice = notice.stored(shape.orientation);
    let cropped = shape.crop.size() != shape.coded;
    let frame = match Frame::load(items, primary, source, budget)? {
        Ok(frame) => frame,
        Err(why) => return Ok(Err(format!("no notice: {why}; convert the file to a plain AVIF, PNG or JPEG first"))),
    };
    let single = frame.tiles.len() == 1;
    if !notice.grow.is_zero() && (cropped || !single) {
        return Ok(Err(
            "no notice: a strip cannot be added to a cropped picture or a grid; convert the file first".into()
        ));
    }
    if frame.tiles.iter().any(|tile| tile.planes.size.shorter() < LEAST_SIDE) {
        return Ok(Err(format!(
            "no notice: the AV1 encoder takes no pictures under {LEAST_SIDE} pixels; enlarge it first"
        )));
    }
    // Where the notice stands in coded pixels.
    let rect = Rect { x: notice.rect.x + shape.crop.x, y: notice.rect.y + shape.crop.y, ..notice.rect };
    let placed = StoredNotice { rect, ..notice.clone() };
    let mut work = Work { meta, editor, bytes: (0, 0), error: Deviation::default() };
    let alpha = alpha_of(meta, primary);
    if let Some(alpha) = alpha
        && let Err(why) = work.alpha(items, alpha, frame.size, &placed, source, budget)?
    {
        return Ok(Err(format!("no notice: {why}; convert the file to a plain AVIF, PNG or JPEG first")));
    }
    let alpha_bytes = std::mem::take(&mut work.bytes);
    let alpha_error = std::mem::take(&mut work.error);
    let grain = frame.tiles.iter().any(|tile| tile.sequence.film_grain);
    work.colour(frame, &placed, budget)?;
    if !notice.grow.is_zero() {
        let mut ids = vec![primary.id];
        ids.extend(alpha.map(|alpha| alpha.id));
        work.resize(&ids, notice.frame);
    }
    let psnr = work.error.psnr();
    let ratio = work.bytes.1 as f64 / work.bytes.0.max(1) as f64;
    let mut remarks = vec![format!(
        "AVIF pictures are decoded and encoded again to draw the notice: PSNR outside it {psnr:.1} dB, picture data \
         {ratio:.2} times as long{}",
        match (single, notice.grow.is_zero()) {
            (true, true) => "",
            (true, false) => " (the strip with the notice counted)",
            (false, _) => " (of the tiles under the notice; the others stay as they were)",
        }
    )];
    // A strip is new content: on a small picture most of the data is its letters.
    if psnr < 42.0 || ratio > 1.6 && notice.grow.is_zero() {
        remarks
            .push("the picture is hard to encode as well again; label the original before it becomes an AVIF".into());
    }
    if alpha_bytes.1 > 0 {
        remarks.push(format!(
            "the transparency was encoded again, opaque under the notice: PSNR {:.1} dB",
            alpha_error.psnr()
        ));
    }
    if grain {
        remarks.push("synthesised film grain became part of the picture".into());
    }
    if meta.referring(b"thmb", primary.id).next().is_some() {
        remarks.push("the embedded thumbnail is kept without the notice".into());
    }
    Ok(Ok(remarks))
}

struct Work<'a, 'b, 'c> {
    meta: &'a Meta,
    editor: &'b mut Editor<'c>,
    /// Bytes of coded data that were replaced, and that replaced them.
    bytes: (usize, usize),
    error: Deviation,
}

impl Work<'_, '_, '_> {
    /// The colour planes: only tiles under the notice change.
    fn colour(&mut self, frame: Frame, notice: &StoredNotice, budget: &Budget) -> Result<()> {
        let mut start = None;
        let Frame { colour, tiles, .. } = frame;
        for tile in tiles {
            let Some(touched) = touched(&tile, notice) else { continue };
            let planes = if notice.grow.is_zero() {
                let mut planes = tile.planes.clone();
                planes.draw(notice, tile.x.into(), tile.y.into(), &colour);
                planes
            } else {
                grown(&tile.planes, notice, &colour)
            };
            let quality = |a: &Planes, b: &Planes| {
                let whole = Rect { x: 0, y: 0, width: a.size.width, height: a.size.height };
                Deviation::between(&a.rgb(whole, &colour), &b.rgb(whole, &colour), a.size, touched, 3)
            };
            let coded = search(&planes, &tile, start, quality, budget)?;
            start = Some(coded.quantiser);
            self.replace(&tile, coded);
        }
        Ok(())
    }

    /// The alpha planes: only where the notice stands on something transparent, or the canvas grows.
    fn alpha(
        &mut self,
        items: &Items,
        alpha: &Item,
        size: Size,
        notice: &StoredNotice,
        source: &mut dyn Source,
        budget: &mut Budget,
    ) -> Result<std::result::Result<(), String>> {
        let frame = match Frame::load(items, alpha, source, budget)? {
            Ok(frame) if frame.size == size && (frame.tiles.len() == 1 || notice.grow.is_zero()) => frame,
            Ok(_) => return Ok(Err("the transparency has another size than the picture".into())),
            Err(why) => return Ok(Err(why)),
        };
        for tile in frame.tiles {
            let Some(touched) = touched(&tile, notice) else { continue };
            let opaque = opaque(&tile.planes, &tile.sequence);
            let mut planes = tile.planes.clone();
            if !notice.grow.is_zero() {
                let middle = 1 << (planes.depth - 1);
                let values: Vec<u16> = [opaque, middle, middle].into_iter().take(planes.planes.len()).collect();
                planes = Planes::filled(notice.frame, planes.depth, planes.subsampling, &values);
                // Chroma of an alpha picture means nothing: an odd offset may be off by half a sample.
                planes.paste(&tile.planes, notice.grow.left, notice.grow.top);
            }
            let stride = planes.size.width as usize;
            for row in planes.planes[0].chunks_exact_mut(stride).skip(touched.y as usize).take(touched.height as usize)
            {
                row[touched.x as usize..][..touched.width as usize].fill(opaque);
            }
            if planes == tile.planes {
                continue;
            }
            let quality = |a: &Planes, b: &Planes| {
                let bytes = |planes: &Planes| -> Vec<u8> {
                    planes.planes[0].iter().map(|sample| (sample >> (planes.depth - 8)) as u8).collect()
                };
                Deviation::between(&bytes(a), &bytes(b), a.size, touched, 1)
            };
            // Edges of transparency show the slightest error: as exact as this encoder gets.
            let data = codec::encode(&planes, &tile.sequence, 1, codec::THOROUGH)?;
            let error = quality(&planes, &codec::decode(data.clone(), 0, budget)?.1);
            self.replace(&tile, Coded { data, error, quantiser: 1 });
        }
        Ok(Ok(()))
    }

    fn replace(&mut self, tile: &Tile, coded: Coded) {
        self.bytes = (self.bytes.0 + tile.len, self.bytes.1 + coded.data.len());
        self.error.add(coded.error);
        let old = self.meta.item(tile.id).and_then(|item| self.meta.property(item, b"av1C"));
        if let (Some((number, old)), Some(sequence)) = (old, obu::sequence(&coded.data)) {
            let new = sequence.configuration();
            if new.get(8..) != Some(old) {
                self.editor.set_property(&[tile.id], number, new);
            }
        }
        // Sizes of layers: there is one layer now.
        self.editor.drop_property(tile.id, b"a1lx");
        self.editor.set_data(tile.id, coded.data);
    }

    /// States the new size of the items.
    fn resize(&mut self, ids: &[u32], size: Size) {
        let body = [&[0; 4][..], &size.width.to_be_bytes(), &size.height.to_be_bytes()].concat();
        let mut numbers: Vec<u16> = Vec::new();
        for item in ids.iter().filter_map(|id| self.meta.item(*id)) {
            numbers.extend(self.meta.property(item, b"ispe").map(|(number, _)| number));
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().for_each(|number| self.editor.set_property(ids, number, sized(b"ispe", &body)));
    }
}

/// The part of the result of this tile that the notice covers.
fn touched(tile: &Tile, notice: &StoredNotice) -> Option<Rect> {
    if notice.grow.is_zero() { tile.touched(notice.rect) } else { Some(notice.rect) }
}

/// The picture on a larger canvas with the notice in the new part.
fn grown(old: &Planes, notice: &StoredNotice, colour: &Colour) -> Planes {
    let grow = notice.grow;
    let odd = (old.subsampling.0 && grow.left % 2 == 1) || (old.subsampling.1 && grow.top % 2 == 1);
    // Chroma cannot move by half a sample: it becomes full, as decoders interpolate it anyway.
    let full = (odd && old.planes.len() == 3).then(|| old.full_chroma());
    let old = full.as_ref().unwrap_or(old);
    let plate = colour.samples(notice.plate.map(|value| f32::from(value) / 255.0), old.depth, old.planes.len() == 1);
    let values: Vec<u16> = plate.iter().take(old.planes.len()).map(|value| value.round() as u16).collect();
    let mut planes = Planes::filled(notice.frame, old.depth, old.subsampling, &values);
    planes.paste(old, grow.left, grow.top);
    planes.draw(notice, 0, 0, colour);
    planes
}

/// Full opacity as the samples state it.
fn opaque(planes: &Planes, sequence: &Sequence) -> u16 {
    if sequence.full_range { ((1_u32 << planes.depth) - 1) as u16 } else { 235 << (planes.depth - 8) }
}

struct Coded {
    data: Vec<u8>,
    error: Deviation,
    quantiser: u8,
}

/// Encodes with the quantiser that meets quality and size, in as few attempts as may be.
fn search(
    planes: &Planes,
    tile: &Tile,
    start: Option<u8>,
    quality: impl Fn(&Planes, &Planes) -> Deviation,
    budget: &Budget,
) -> Result<Coded> {
    let pixels = u64::from(planes.size.width) * u64::from(planes.size.height);
    let attempts = match pixels {
        0..=2_000_000 => 6,
        2_000_001..=10_000_000 => 4,
        _ => 3,
    };
    // Where the original spent many bits, the fast preset keeps within the size, too.
    let mut fast = tile.len as f64 * 8.0 >= 1.5 * pixels as f64;
    // Codes of high dynamic range make larger differences on a screen.
    let dense = tile.sequence.description.is_some_and(|(_, transfer, _)| matches!(transfer, 16 | 18));
    let share = match (dense, fast) {
        (true, _) => 0.4,
        (false, true) => 0.62,
        (false, false) => 0.78,
    };
    let guess = start.or(tile.quantiser.map(|index| (f64::from(index) * share) as u8)).unwrap_or(60);
    let mut quantiser = guess.clamp(8, 160);
    // Quality falls with the quantiser: the worst one known to suffice, the best known not to.
    let mut enough: Option<(u8, f64)> = None;
    let mut short: Option<(u8, f64)> = None;
    let mut best: Option<Coded> = None;
    for _ in 0..attempts {
        let speed = if fast { codec::FAST } else { codec::THOROUGH };
        let data = codec::encode(planes, &tile.sequence, quantiser, speed)?;
        let (_, decoded) = codec::decode(data.clone(), 0, budget)?;
        if decoded.size != planes.size || decoded.subsampling != planes.subsampling && decoded.planes.len() == 3 {
            let cause = std::io::Error::other("the encoder changed the form of the picture");
            return Err(Error::backend(Format::Avif, "encode", cause));
        }
        let coded = Coded { error: quality(planes, &decoded), data, quantiser };
        let psnr = coded.error.psnr();
        let ratio = coded.data.len() as f64 / tile.len.max(1) as f64;
        let better = best.as_ref().is_none_or(|old| {
            let old_psnr = old.error.psnr();
            // Once the quality is good enough, size decides.
            if psnr.min(old_psnr) >= PSNR { coded.data.len() < old.data.len() } else { psnr > old_psnr }
        });
        if better {
            best = Some(coded);
        }
        // Within both limits, or so close to the least quality that there is no size to gain.
        if psnr >= PSNR && (ratio <= RATIO || !fast && psnr <= PSNR + 0.5) {
            break;
        }
        // About 0.12 dB per step; a bracket tells better.
        let target = PSNR + 0.6;
        let step = |psnr: f64| f64::from(quantiser) + ((psnr - target) / 0.12).clamp(-80.0, 80.0);
        if fast && ratio > 0.9 * RATIO {
            // The thorough preset gains about a decibel.
            fast = false;
            quantiser = step(psnr + 1.0).clamp(1.0, 200.0).round() as u8;
            continue;
        }
        if psnr >= PSNR {
            enough = Some((quantiser, psnr))
        } else {
            short = Some((quantiser, psnr))
        }
        let next = match (enough, short) {
            (Some((a, pa)), Some((b, pb))) if a < b && pa > pb => {
                f64::from(a) + (pa - target) / (pa - pb) * f64::from(b - a)
            }
            _ => step(psnr),
        };
        let (low, high) = (enough.map_or(1, |(a, _)| a), short.map_or(200, |(b, _)| b));
        let next = next.clamp(f64::from(low), f64::from(high)).round() as u8;
        if next == quantiser || Some(next) == enough.map(|(a, _)| a) || Some(next) == short.map(|(b, _)| b) {
            break;
        }
        quantiser = next;
    }
    best.ok_or_else(|| Error::backend(Format::Avif, "encode", std::io::Error::other("no attempt was made")))
}

/// Squared error of 8-bit values.
#[derive(Clone, Copy, Debug, Default)]
struct Deviation {
    sum: f64,
    count: f64,
}

impl Deviation {
    /// Over what lies outside `but`; `channels` values a pixel.
    fn between(a: &[u8], b: &[u8], size: Size, but: Rect, channels: usize) -> Self {
        let mut error = Self::default();
        let stride = size.width as usize * channels;
        for (y, (a, b)) in (0_u32..).zip(a.chunks_exact(stride).zip(b.chunks_exact(stride))) {
            let under = y >= but.y && y - but.y < but.height;
            let (left, right) = (but.x as usize * channels, (but.x as usize + but.width as usize) * channels);
            let cut = if under { left.min(stride)..right.min(stride) } else { 0..0 };
            for part in [0..cut.start, cut.end..stride] {
                let squares =
                    a[part.clone()].iter().zip(&b[part.clone()]).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2));
                error.sum += squares.sum::<u64>() as f64;
                error.count += part.len() as f64;
            }
        }
        error
    }

    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.count += other.count;
    }

    /// In dB; 99 where there is no difference.
    fn psnr(&self) -> f64 {
        if self.sum == 0.0 { 99.0 } else { 10.0 * (255.0 * 255.0 * self.count / self.sum).log10() }
    }
}
