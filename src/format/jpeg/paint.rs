//! Draws a notice into coefficients: only the blocks that it covers are touched.

use super::{
    dct::{self, ZIGZAG},
    picture::{Block, Picture, Plane},
    seam,
};
use crate::notice::StoredNotice;

/// A quantisation table in zigzag order.
pub(super) type Quantisation = [u16; 64];

/// What plate and text are in each component, 0 to 255; `None` leaves a component as it is.
pub(in crate::format) type Inks = [Option<(f32, f32)>; 4];

/// Draws `notice`; `tables` are the quantisation tables of the components. Blocks that it does not cover keep their
/// coefficients exactly.
pub(super) fn paint(picture: &mut Picture, tables: &[Quantisation], inks: &Inks, notice: &StoredNotice) {
    let (h, v) = picture.frame.sampling();
    let frame = notice.frame;
    for (index, (plane, table)) in picture.planes.iter_mut().zip(tables).enumerate() {
        let Some(&Some((plate, text))) = inks.get(index) else { continue };
        let mut across = Axis::new(notice.rect.x, notice.rect.width, frame.width, plane.h as u32, h, plane.stride);
        let rows = plane.blocks.len() / plane.stride.max(1);
        let mut down = Axis::new(notice.rect.y, notice.rect.height, frame.height, plane.v as u32, v, rows);
        // Below and right of the picture its last blocks are shared with the strip.
        let shared = notice.grow.right > 0 || notice.grow.bottom > 0;
        across.skip_upsampled(notice.grow.right);
        down.skip_upsampled(notice.grow.bottom);
        let ink = Ink { plate, text, coverage: &notice.stamp.coverage, across: &across, down: &down, shared };
        paint_plane(plane, table, &ink);
    }
}

/// How the samples of a component lie over the notice, in one direction. Lengths are in units of which a pixel has
/// `factor` and a sample has `most`.
struct Axis {
    /// Pixels of the notice.
    start: u32,
    len: u32,
    /// Pixels of the picture.
    frame: u32,
    factor: u32,
    most: u32,
    /// The blocks that the notice covers.
    blocks: std::ops::Range<usize>,
    /// Pixels of the notice at its start that this component leaves out.
    skip: u32,
}

impl Axis {
    /// Readers mix a subsampled component with its neighbours: next to the picture its samples stay what they are, where
    /// `grow` pixels stand behind it.
    fn skip_upsampled(&mut self, grow: u32) {
        if grow > 0 && self.factor < self.most {
            let sample = self.most.div_ceil(self.factor);
            self.skip = self.start.next_multiple_of(sample) + sample - self.start;
        }
    }

    fn new(start: u32, len: u32, frame: u32, factor: u32, most: u32, blocks: usize) -> Self {
        let sample = 8 * u64::from(most);
        let first = u64::from(start) * u64::from(factor) / sample;
        // At the edge of the picture the notice goes on to the last block, so that no stale edge bleeds in.
        let last = match start + len == frame {
            true => blocks as u64,
            false => (u64::from(start + len) * u64::from(factor)).div_ceil(sample).min(blocks as u64),
        };
        Self { start, len, frame, factor, most, blocks: first as usize..last as usize, skip: 0 }
    }

    /// The pixels of the notice under a sample, each with its share of the sample.
    fn pixels(&self, sample: usize) -> impl Iterator<Item = (u32, f32)> {
        let (factor, most) = (u64::from(self.factor), u64::from(self.most));
        let (from, to) = (sample as u64 * most, (sample as u64 + 1) * most);
        (from / factor..to.div_ceil(factor)).filter_map(move |pixel| {
            let overlap = ((pixel + 1) * factor).min(to) - (pixel * factor).max(from);
            // Outside of the picture its last pixels go on.
            let pixel = u32::try_from(pixel).unwrap_or(u32::MAX).min(self.frame.saturating_sub(1));
            let inside = pixel.checked_sub(self.start).filter(|&pixel| pixel >= self.skip && pixel < self.len)?;
            Some((inside, overlap as f32 / most as f32))
        })
    }
}

/// What is drawn into one component.
struct Ink<'a> {
    plate: f32,
    text: f32,
    coverage: &'a [u8],
    across: &'a Axis,
    down: &'a Axis,
    /// Whether blocks that are covered in part keep their other part as exactly as they can.
    shared: bool,
}

impl Ink<'_> {
    /// How much of a sample the notice covers, 0 to 1, and the mean value of that part.
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

fn paint_plane(plane: &mut Plane, table: &Quantisation, ink: &Ink) {
    let pixels = |axis: &Axis| -> Vec<Vec<(u32, f32)>> {
        (axis.blocks.start * 8..axis.blocks.end * 8).map(|sample| axis.pixels(sample).collect()).collect()
    };
    let (columns, rows) = (pixels(ink.across), pixels(ink.down));
    for (rows, y) in rows.chunks_exact(8).zip(ink.down.blocks.clone()) {
        for (columns, x) in columns.chunks_exact(8).zip(ink.across.blocks.clone()) {
            let samples = std::array::from_fn(|index| ink.sample(&columns[index % 8], &rows[index / 8]));
            if let Some(block) = plane.blocks.get_mut(y * plane.stride + x) {
                paint_block(block, table, &samples, ink.shared);
            }
        }
    }
}

/// Replaces samples by their value as far as they are covered.
fn paint_block(block: &mut Block, table: &Quantisation, samples: &[(f32, f32); 64], shared: bool) {
    if samples.iter().all(|&(share, _)| share == 0.0) {
        return;
    }
    let mut coefficients = [0.0; 64];
    for ((&value, &step), place) in block.iter().zip(table).zip(ZIGZAG) {
        coefficients[place] = f32::from(value) * f32::from(step);
    }
    // Values outside of 0 to 255 stay: what is not covered comes back to the same coefficients as far as it can.
    let mut values = dct::inverse(&coefficients);
    for (value, &(share, new)) in values.iter_mut().zip(samples) {
        *value += (new - 128.0 - *value) * share;
    }
    let coefficients = dct::forward(&values);
    if shared && seam::quantise(block, table, &coefficients, &samples.map(|(share, _)| share)) {
        return;
    }
    for (index, ((value, &step), place)) in block.iter_mut().zip(table).zip(ZIGZAG).enumerate() {
        *value = within_range(index, coefficients[place] / f32::from(step.max(1)));
    }
}

/// The nearest quantised value in the range of 8-bit pictures (F.1.2): 11 bits for DC differences, 10 for AC.
pub(super) fn within_range(index: usize, value: f32) -> i16 {
    let most = if index == 0 { 1024.0 } else { 1023.0 };
    value.round().clamp(-most, most) as i16
}
