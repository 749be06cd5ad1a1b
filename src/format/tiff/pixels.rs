//! Samples of any depth: painting the notice, growing a page, looking at it.

use super::{
    codec,
    layout::{Colour, Layout, Part},
};
use crate::{
    Result,
    container::tiff::Order,
    geometry::{Rect, Size},
    limits::Budget,
    notice::{StoredNotice, luma},
    policy::layout::{MIN_CONTRAST, contrast},
    stream::Source,
};

/// What the samples of a pixel are at each coverage from plate to text; `None` leaves a sample as it is.
pub(super) struct Ink {
    samples: usize,
    values: Vec<Option<u32>>,
}

impl Ink {
    /// Mixes the notice's colours for a page, or says in a sentence why it cannot.
    pub(super) fn mix(layout: &Layout, notice: &StoredNotice) -> Result<Self, String> {
        let samples = usize::from(layout.samples);
        let colours = usize::from(layout.colour.samples());
        let mut values = Vec::with_capacity(256 * samples);
        for coverage in 0..=255u8 {
            let mut colour = [0; 3];
            for (value, (plate, text)) in colour.iter_mut().zip(notice.plate.iter().zip(notice.text)) {
                let (plate, text, coverage) = (u32::from(*plate), u32::from(text), u32::from(coverage));
                *value = ((plate * (255 - coverage) + text * coverage + 127) / 255) as u8;
            }
            let shares = match &layout.colour {
                Colour::Grey { inverted: false } => vec![luma(colour)],
                Colour::Grey { inverted: true } => vec![255 - luma(colour)],
                Colour::Rgb => colour.to_vec(),
                Colour::Lab => vec![lightness(luma(colour)), 0, 0],
                Colour::Cmyk => inks(colour).to_vec(),
                Colour::Palette(palette) => {
                    values.push(Some(nearest(palette, colour)));
                    Vec::new()
                }
            };
            values.extend(shares.into_iter().map(|share| Some(full_scale(layout, share))));
            // The first extra sample is alpha, or is taken for it.
            values.extend((colours..samples).map(|at| (at == colours).then(|| full_scale(layout, 255))));
        }
        if let Colour::Palette(palette) = &layout.colour {
            let shown = |coverage: usize| {
                let index = values[coverage * samples].unwrap_or_default();
                palette.get(index as usize).copied().unwrap_or_default()
            };
            if contrast(shown(0), shown(255)) < MIN_CONTRAST {
                return Err("its palette has no two colours that contrast enough; save it as RGB".into());
            }
        }
        Ok(Self { samples, values })
    }

    pub(super) fn at(&self, coverage: u8, sample: usize) -> Option<u32> {
        self.values.get(usize::from(coverage) * self.samples + sample).copied().flatten()
    }
}

/// Paints what of the notice lies in the part.
pub(super) fn paint(rows: &mut [u8], layout: &Layout, part: &Part, notice: &StoredNotice, ink: &Ink) {
    let Some(notice) = notice.within(part.rect) else { return };
    let (row_len, count) = (layout.row_len(part), layout.samples_in_part());
    let masks = notice.stamp.coverage.chunks_exact(notice.rect.width.max(1) as usize);
    let rows = rows.chunks_exact_mut(row_len.max(1)).skip(notice.rect.y as usize);
    for (row, mask) in rows.zip(masks) {
        for (x, &coverage) in (notice.rect.x as usize..).zip(mask) {
            for sample in 0..count {
                if let Some(value) = ink.at(coverage, usize::from(part.first_sample) + sample) {
                    put(row, x * count + sample, layout, value);
                }
            }
        }
    }
}

/// All samples of a page, as they are stored.
pub(super) struct Samples {
    pub(super) size: Size,
    values: Vec<u32>,
}

impl Samples {
    pub(super) fn load(source: &mut dyn Source, layout: &Layout, budget: &mut Budget) -> Result<Self> {
        let len = budget.raster(layout.size.width, layout.size.height, 4 * u64::from(layout.samples))? / 4;
        let mut values = vec![0; len];
        visit(source, layout, layout.whole(), budget, |at, value| values[at] = value)?;
        Ok(Self { size: layout.size, values })
    }

    /// The page in a larger frame; what is added is zero.
    pub(super) fn grow(self, notice: &StoredNotice, layout: &Layout, budget: &Budget) -> Result<Self> {
        let (frame, samples) = (notice.frame, usize::from(layout.samples));
        let mut values = vec![0; budget.raster(frame.width, frame.height, 4 * samples as u64)? / 4];
        let row = self.size.width as usize * samples;
        for (y, line) in (notice.grow.top as usize..).zip(self.values.chunks_exact(row.max(1))) {
            let start = (y * frame.width as usize + notice.grow.left as usize) * samples;
            values[start..start + row].copy_from_slice(line);
        }
        Ok(Self { size: frame, values })
    }

    /// The rows of one part of a page of this size.
    pub(super) fn rows(&self, layout: &Layout, part: &Part) -> Vec<u8> {
        let (row_len, count) = (layout.row_len(part), layout.samples_in_part());
        let samples = usize::from(layout.samples);
        let mut rows = vec![0; row_len * part.rect.height as usize];
        for (y, row) in (part.rect.y as usize..).zip(rows.chunks_exact_mut(row_len.max(1))) {
            for x in 0..part.rect.width as usize {
                for sample in 0..count {
                    let from = (y * self.size.width as usize + x) * samples + usize::from(part.first_sample) + sample;
                    put(row, x * count + sample, layout, self.values[from]);
                }
            }
        }
        rows
    }
}

/// What lies in `window`, inside of the page, as 8-bit RGB over white, as stored.
pub(super) fn rgb(source: &mut dyn Source, layout: &Layout, window: Rect, budget: &mut Budget) -> Result<Vec<u8>> {
    let Size { width, height } = window.size();
    if let Colour::Palette(palette) = &layout.colour {
        let mut rgb = vec![0; budget.raster(width, height, 3)?];
        let samples = usize::from(layout.samples);
        visit(source, layout, window, budget, |at, value| {
            if at % samples == 0 {
                let colour = palette.get(value as usize).copied().unwrap_or_default();
                rgb[at / samples * 3..][..3].copy_from_slice(&colour);
            }
        })?;
        return Ok(rgb);
    }
    let samples = usize::from(layout.samples);
    let mut shares = vec![0; budget.raster(width, height, samples as u64)?];
    visit(source, layout, window, budget, |at, value| shares[at] = share(layout, value))?;
    let colours = usize::from(layout.colour.samples());
    let mut rgb = Vec::with_capacity(budget.raster(width, height, 3)?);
    for pixel in shares.chunks_exact(samples) {
        let mut colour = match (&layout.colour, pixel) {
            (Colour::Grey { inverted: true }, &[grey, ..]) => [255 - grey; 3],
            (Colour::Rgb, &[r, g, b, ..]) => [r, g, b],
            (Colour::Cmyk, &[c, m, y, k, ..]) => [c, m, y].map(|ink| {
                let left = u32::from(255 - ink) * u32::from(255 - k);
                ((left + 127) / 255) as u8
            }),
            // Lightness alone: what the notice looks like depends on nothing else.
            (Colour::Lab, &[l, ..]) => [from_lightness(l); 3],
            (_, pixel) => [pixel.first().copied().unwrap_or_default(); 3],
        };
        if let (Some(multiplied), Some(&alpha)) = (layout.alpha, pixel.get(colours)) {
            let white = 255 - u32::from(alpha);
            for value in &mut colour {
                let over = u32::from(*value) * if multiplied { 255 } else { u32::from(alpha) };
                *value = ((over + 127) / 255 + white).min(255) as u8;
            }
        }
        rgb.extend(colour);
    }
    Ok(rgb)
}

/// Decodes what of the page lies in `window`, and hands over every sample with its place in an interleaved picture of
/// the window.
fn visit(
    source: &mut dyn Source,
    layout: &Layout,
    window: Rect,
    budget: &mut Budget,
    mut with: impl FnMut(usize, u32),
) -> Result<()> {
    let (count, samples) = (layout.samples_in_part(), usize::from(layout.samples));
    let (right, bottom) = (window.x + window.width, window.y + window.height);
    for part in layout.parts() {
        // Tiles reach over the edges of the page, and the arithmetic of a hostile one over 32 bits.
        let end = |start: u32, len: u32, limit: u32| start.saturating_add(len).min(limit);
        let columns = part.rect.x.max(window.x)..end(part.rect.x, part.rect.width, right);
        let rows = part.rect.y.max(window.y)..end(part.rect.y, part.rect.height, bottom);
        if columns.is_empty() || rows.is_empty() {
            continue;
        }
        budget.part()?;
        // No further than to the last row that is wanted.
        let part = Part { rect: Rect { height: rows.end - part.rect.y, ..part.rect }, ..part };
        let data = codec::decode(source, layout, &part, budget)?;
        let lines = data.chunks_exact(layout.row_len(&part).max(1)).skip((rows.start - part.rect.y) as usize);
        for (y, line) in rows.zip(lines) {
            let start = (y - window.y) as usize * window.width as usize;
            for x in columns.clone() {
                let pixel = (start + (x - window.x) as usize) * samples;
                for sample in 0..count {
                    let value = get(line, (x - part.rect.x) as usize * count + sample, layout);
                    with(pixel + usize::from(part.first_sample) + sample, value);
                }
            }
        }
    }
    Ok(())
}

/// A sample's bits.
fn get(row: &[u8], at: usize, layout: &Layout) -> u32 {
    let order = layout.order;
    match layout.bits {
        8 => row[at].into(),
        16 => order.u16([row[at * 2], row[at * 2 + 1]]).into(),
        32 => order.u32([row[at * 4], row[at * 4 + 1], row[at * 4 + 2], row[at * 4 + 3]]),
        bits => {
            let bit = at * usize::from(bits);
            u32::from(row[bit / 8] >> (8 - usize::from(bits) - bit % 8)) & ((1 << bits) - 1)
        }
    }
}

fn put(row: &mut [u8], at: usize, layout: &Layout, value: u32) {
    let low = value.to_le_bytes();
    match layout.bits {
        8 => row[at] = low[0],
        16 => {
            let bytes = if layout.order == Order::Little { [low[0], low[1]] } else { [low[1], low[0]] };
            row[at * 2..at * 2 + 2].copy_from_slice(&bytes);
        }
        32 => row[at * 4..at * 4 + 4].copy_from_slice(&layout.order.put32(value)),
        bits => {
            let bit = at * usize::from(bits);
            let shift = 8 - usize::from(bits) - bit % 8;
            let mask = ((1u8 << bits) - 1) << shift;
            row[bit / 8] = row[bit / 8] & !mask | low[0] << shift & mask;
        }
    }
}

/// A share of 255 as a sample.
fn full_scale(layout: &Layout, share: u8) -> u32 {
    if layout.float {
        return (f32::from(share) / 255.0).to_bits();
    }
    let max = (1u64 << layout.bits) - 1;
    u32::try_from((u64::from(share) * max + 127) / 255).unwrap_or(u32::MAX)
}

/// A sample as a share of 255.
fn share(layout: &Layout, value: u32) -> u8 {
    if layout.bits == 8 {
        return value.min(255) as u8;
    }
    if layout.float {
        return (f32::from_bits(value).clamp(0.0, 1.0) * 255.0).round() as u8;
    }
    let max = (1u64 << layout.bits) - 1;
    ((u64::from(value) * 255 + max / 2) / max).min(255) as u8
}

fn nearest(palette: &[[u8; 3]], colour: [u8; 3]) -> u32 {
    let distance =
        |other: &[u8; 3]| -> u32 { other.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum() };
    (0..).zip(palette).min_by_key(|(_, other)| distance(other)).map_or(0, |(index, _)| index)
}

/// CIE L* of a grey, as a share of 255.
fn lightness(grey: u8) -> u8 {
    let y = crate::policy::layout::luminance([grey; 3]);
    let l = if y > 0.008856 { 116.0 * y.cbrt() - 16.0 } else { 903.3 * y };
    (l * 2.55).round() as u8
}

fn from_lightness(share: u8) -> u8 {
    (0..=255u8).min_by_key(|&grey| lightness(grey).abs_diff(share)).unwrap_or_default()
}

/// Uncalibrated inks, as much black as there can be.
fn inks(colour: [u8; 3]) -> [u8; 4] {
    let max = colour.into_iter().max().unwrap_or_default();
    let ink = |value: u8| if max == 0 { 0 } else { (u32::from(max - value) * 255 / u32::from(max)) as u8 };
    [ink(colour[0]), ink(colour[1]), ink(colour[2]), 255 - max]
}
