//! Draws a notice into coefficients: only the blocks that it covers are touched.

use std::ops::Range;

use super::{
    dct::{self, ZIGZAG},
    frame::Frame,
    picture::{Block, Picture},
    seam,
};
use crate::{geometry::Size, notice::StoredNotice};

/// A quantisation table in zigzag order.
pub(super) type Quantisation = [u16; 64];

/// What plate and text are in each component, 0 to 255; `None` leaves a component as it is.
pub(in crate::format) type Inks = [Option<(f32, f32)>; 4];

/// Draws `notice`; `tables` are the quantisation tables of the components. Blocks that it does not cover keep their
/// coefficients exactly.
pub(super) fn paint(picture: &mut Picture, tables: &[Quantisation], inks: &Inks, notice: &StoredNotice) {
    let brush = Brush::new(&picture.frame, tables, inks, notice);
    for (index, plane) in picture.planes.iter_mut().enumerate() {
        let Some((columns, rows)) = brush.covered(index) else { continue };
        for y in rows {
            for x in columns.clone() {
                if let Some(block) = plane.blocks.get_mut(y * plane.stride + x) {
                    brush.paint(index, x, y, block);
                }
            }
        }
    }
}

/// A notice made ready for drawing into the blocks of a picture.
pub(super) struct Brush<'a> {
    /// By component.
    inks: Vec<Option<Ink<'a>>>,
}

impl<'a> Brush<'a> {
    /// `frame` is the picture with its strip.
    pub(super) fn new(frame: &Frame, tables: &'a [Quantisation], inks: &Inks, notice: &'a StoredNotice) -> Self {
        let (h, v) = frame.sampling();
        let rect = notice.rect;
        // Blocks of a component in one direction, those that fill up the last MCU counted.
        let blocks = |side: u32, factor: u8, most: u32| side.div_ceil(8 * most) * u32::from(factor);
        let parts = frame.components.iter().zip(tables).zip(inks);
        let inks = parts.map(|((component, steps), ink)| {
            let (plate, text) = (*ink)?;
            let across = blocks(frame.size.width, component.h, h);
            let down = blocks(frame.size.height, component.v, v);
            let (x, y) = ((component.h.into(), h), (component.v.into(), v));
            let Size { width, height } = notice.frame;
            Some(Ink {
                plate,
                text,
                steps,
                coverage: &notice.stamp.coverage,
                across: Axis::new(rect.x..rect.x + rect.width, width, x, across, notice.grow.right),
                down: Axis::new(rect.y..rect.y + rect.height, height, y, down, notice.grow.bottom),
                // Below and right of the picture its last blocks are shared with the strip.
                shared: notice.grow.right > 0 || notice.grow.bottom > 0,
            })
        });
        Self { inks: inks.collect() }
    }

    /// The blocks of a component that the notice covers, in full or in part: columns and rows.
    pub(super) fn covered(&self, component: usize) -> Option<(Range<usize>, Range<usize>)> {
        let ink = self.inks.get(component)?.as_ref()?;
        Some((ink.across.blocks.clone(), ink.down.blocks.clone()))
    }

    /// Draws into a block, if the notice covers it; whether it covers all of it.
    pub(super) fn paint(&self, component: usize, x: usize, y: usize, block: &mut Block) -> bool {
        if let Some(Some(ink)) = self.inks.get(component)
            && let (Some(columns), Some(rows)) = (ink.across.block(x), ink.down.block(y))
        {
            return ink.paint(&columns, &rows, block);
        }
        false
    }

    /// The blocks of a component that nothing of what they held before comes through: columns and rows.
    pub(super) fn hidden(&self, component: usize) -> Option<(Range<usize>, Range<usize>)> {
        let ink = self.inks.get(component)?.as_ref().filter(|ink| !ink.shared)?;
        Some((ink.across.full(), ink.down.full()))
    }
}

/// How the samples of a component lie over the notice, in one direction. Lengths in `new` are in units of which a
/// pixel has `factor` and a sample has `most`.
struct Axis {
    /// Pixels of the notice.
    len: u32,
    /// The blocks that the notice covers.
    blocks: Range<usize>,
    /// By sample of those blocks: the pixels of the notice under it, each with its share of the sample.
    spans: Vec<Span>,
    pixels: Vec<(u32, f32)>,
    /// By block: what its samples have in common.
    sides: Vec<Side>,
}

/// The samples of a block, in one direction.
#[derive(Clone, Copy)]
struct Side {
    /// Whether the notice covers all of them.
    full: bool,
    /// The first and the last pixel of the notice under them.
    ends: Option<(usize, usize)>,
    /// Whether each is one pixel, in their order.
    straight: bool,
}

/// Where the pixels of a sample stand in the list.
type Span = Range<usize>;

impl Axis {
    /// Some pixels of `frame`; the component has `factor` samples where the largest has `most`. `grow` pixels of the
    /// notice stand behind the picture.
    fn new(pixels: Range<u32>, frame: u32, (factor, most): (u32, u32), blocks: u32, grow: u32) -> Self {
        let (start, len) = (pixels.start, pixels.end - pixels.start);
        let mut skip = 0;
        if grow > 0 && factor < most {
            // Readers mix a subsampled component with its neighbours: next to the picture its samples stay what they are.
            let sample = most.div_ceil(factor);
            skip = start.next_multiple_of(sample) + sample - start;
        }
        let sample = 8 * u64::from(most);
        let first = u64::from(start) * u64::from(factor) / sample;
        // At the edge of the picture the notice goes on to the last block, so that no stale edge bleeds in.
        let last = match pixels.end == frame {
            true => blocks.into(),
            false => (u64::from(pixels.end) * u64::from(factor)).div_ceil(sample).min(blocks.into()),
        };
        let (factor, most) = (u64::from(factor), u64::from(most));
        let (mut spans, mut pixels) = (Vec::new(), Vec::new());
        for sample in first * 8..last * 8 {
            let (from, to) = (sample * most, (sample + 1) * most);
            let before = pixels.len();
            for pixel in from / factor..to.div_ceil(factor) {
                let overlap = ((pixel + 1) * factor).min(to) - (pixel * factor).max(from);
                // Outside of the picture its last pixels go on.
                let pixel = u32::try_from(pixel).unwrap_or(u32::MAX).min(frame.saturating_sub(1));
                if let Some(inside) = pixel.checked_sub(start).filter(|&pixel| pixel >= skip && pixel < len) {
                    pixels.push((inside, overlap as f32 / most as f32));
                }
            }
            spans.push(before..pixels.len());
        }
        let side = |spans: &[Span]| {
            let under = || spans.iter().flat_map(|span| &pixels[span.clone()]).map(|&(pixel, _)| pixel as usize);
            let share = |span: &Span| pixels[span.clone()].iter().map(|&(_, share)| share).sum::<f32>();
            let ends = under().min().zip(under().max());
            let single = |span: &Span| pixels[span.clone()].len() == 1 && share(span) == 1.0;
            Side {
                full: spans.iter().all(|span| share(span) > 0.999),
                ends,
                straight: spans.iter().all(single) && ends.is_some_and(|(first, _)| under().eq(first..first + 8)),
            }
        };
        let sides = spans.chunks_exact(8).map(side).collect();
        Self { len, blocks: first as usize..last as usize, spans, pixels, sides }
    }

    /// The samples of a block; `None` when the notice does not cover it.
    fn block(&self, block: usize) -> Option<Samples<'_>> {
        let index = block.checked_sub(self.blocks.start)?;
        let side = *self.sides.get(index)?;
        Some(Samples { side, spans: self.spans.get(index * 8..index * 8 + 8)?, pixels: &self.pixels })
    }

    /// The blocks that it covers in full.
    fn full(&self) -> Range<usize> {
        let before = self.sides.iter().take_while(|side| !side.full).count();
        let len = self.sides[before..].iter().take_while(|side| side.full).count();
        let start = self.blocks.start + before;
        start..start + len
    }
}

/// By sample of a block, in one direction: pixels of the notice and their shares.
struct Samples<'a> {
    side: Side,
    spans: &'a [Span],
    pixels: &'a [(u32, f32)],
}

impl<'a> Samples<'a> {
    #[inline(always)]
    fn at(&self, index: usize) -> &'a [(u32, f32)] {
        &self.pixels[self.spans[index].clone()]
    }
}

/// What is drawn into one component.
struct Ink<'a> {
    plate: f32,
    text: f32,
    steps: &'a Quantisation,
    coverage: &'a [u8],
    across: Axis,
    down: Axis,
    /// Whether blocks that are covered in part keep their other part as exactly as they can.
    shared: bool,
}

impl Ink<'_> {
    /// Replaces samples by their value as far as they are covered; whether all are.
    fn paint(&self, columns: &Samples, rows: &Samples, block: &mut Block) -> bool {
        let full = columns.side.full && rows.side.full;
        if full && let Some(value) = self.even(columns.side, rows.side) {
            *block = [0; 64];
            block[0] = within_range(0, (value - 128.0) * 8.0 / self.step(0));
            return true;
        }
        let shares = self
            .straight(columns.side, rows.side)
            .unwrap_or_else(|| std::array::from_fn(|index| self.sample(columns.at(index % 8), rows.at(index / 8))));
        let mut values = [0.0; 64];
        if full {
            values = std::array::from_fn(|index| shares[index].1 - 128.0);
        } else {
            if shares.iter().all(|&(share, _)| share == 0.0) {
                return false;
            }
            for (index, &value) in block.iter().enumerate() {
                values[ZIGZAG[index]] = f32::from(value) * f32::from(self.steps[index]);
            }
            // Values outside of 0 to 255 stay: what is not covered comes back to the same coefficients as far as it can.
            values = dct::inverse(&values);
            for (value, (share, new)) in values.iter_mut().zip(shares) {
                *value += (new - 128.0 - *value) * share;
            }
        }
        let coefficients = dct::forward(&values);
        if self.shared && seam::quantise(block, self.steps, &coefficients, &shares.map(|(share, _)| share)) {
            return full;
        }
        for (index, value) in block.iter_mut().enumerate() {
            *value = within_range(index, coefficients[ZIGZAG[index]] / self.step(index));
        }
        full
    }

    #[inline(always)]
    fn step(&self, index: usize) -> f32 {
        self.steps[index].max(1).into()
    }

    /// The value of a block that is plate alone or letter alone; it is covered in full.
    fn even(&self, columns: Side, rows: Side) -> Option<f32> {
        let ((left, right), (top, bottom)) = (columns.ends?, rows.ends?);
        let width = self.across.len as usize;
        let first = *self.coverage.get(top * width + left)?;
        if first != 0 && first != 255 {
            return None;
        }
        for row in top..=bottom {
            let pixels = self.coverage.get(row * width + left..=row * width + right)?;
            // Without a branch in between, so that many are compared at once.
            if pixels.iter().fold(0, |other, &pixel| other | (pixel ^ first)) != 0 {
                return None;
            }
        }
        Some(if first == 0 { self.plate } else { self.text })
    }

    /// What [`sample`](Self::sample) says of each sample, where each is one pixel.
    fn straight(&self, columns: Side, rows: Side) -> Option<[(f32, f32); 64]> {
        if !(columns.straight && rows.straight) {
            return None;
        }
        let ((left, _), (top, _)) = (columns.ends?, rows.ends?);
        let mut shares = [(1.0, 0.0); 64];
        for (row, shares) in (top..).zip(shares.as_chunks_mut::<8>().0) {
            let start = row * self.across.len as usize + left;
            for ((_, value), &coverage) in shares.iter_mut().zip(self.coverage.get(start..start + 8)?) {
                *value = self.plate + (self.text - self.plate) * (f32::from(coverage) / 255.0);
            }
        }
        Some(shares)
    }

    /// How much of a sample the notice covers, 0 to 1, and the mean value of that part.
    #[inline(always)]
    fn sample(&self, columns: &[(u32, f32)], rows: &[(u32, f32)]) -> (f32, f32) {
        let (mut share, mut text) = (0.0, 0.0);
        for &(y, height) in rows {
            let start = y as usize * self.across.len as usize;
            for &(x, width) in columns {
                let coverage = self.coverage.get(start + x as usize).copied().unwrap_or(0);
                share += width * height;
                text += width * height * f32::from(coverage) / 255.0;
            }
        }
        if share == 0.0 {
            return (0.0, 0.0);
        }
        (share.min(1.0), self.plate + (self.text - self.plate) * text / share)
    }
}

/// The nearest quantised value in the range of 8-bit pictures (F.1.2): 11 bits for DC differences, 10 for AC.
#[inline(always)]
pub(super) fn within_range(index: usize, value: f32) -> i16 {
    let most = if index == 0 { 1024.0 } else { 1023.0 };
    // `round` is a call where the processor may be an old one.
    (value + 0.5_f32.copysign(value)).clamp(-most, most) as i16
}
