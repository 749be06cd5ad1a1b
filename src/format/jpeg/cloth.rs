//! A scan and what is drawn into it, in MCUs.

use std::{cell::LazyCell, ops::Range, sync::Arc};

use super::{
    frame::Frame,
    paint::{Brush, Quantisation},
    reading::ReadScan,
    sheet::Sheet,
    splice::Job,
};

/// Restart intervals whose numbers are changed one by one below a strip.
const MAX_INTERVALS: usize = 4096;

/// A component of the scan.
pub(super) struct Slot {
    /// Index among the components of the frame.
    pub(super) plane: usize,
    /// Blocks of an MCU.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Destinations of its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
    pub(super) steps: Quantisation,
}

/// A scan and what is drawn into it.
pub(super) struct Cloth<'a> {
    pub(super) slots: Vec<Slot>,
    /// MCUs in a row and in a column, those of a strip not counted.
    pub(super) across: usize,
    pub(super) down: usize,
    /// MCUs between restart markers; those of the whole scan where there are none.
    pub(super) interval: usize,
    /// MCU rows that are put above the picture.
    pub(super) strip: usize,
    /// MCUs of the result that the notice touches.
    pub(super) columns: Range<usize>,
    pub(super) rows: Range<usize>,
    pub(super) brush: LateBrush<'a>,
    pub(super) sheet: Arc<Sheet>,
}

/// Made when the first block is drawn that no sheet holds: for most pictures that is never.
pub(super) type LateBrush<'a> = LazyCell<Brush<'a>, Box<dyn FnOnce() -> Brush<'a> + 'a>>;

/// `None` when the file is not made for the short way.
pub(super) fn cloth<'a>(job: &Job<'a>) -> Option<Cloth<'a>> {
    let Job { frame, coded: ReadScan { scan, .. }, notice, .. } = *job;
    let grow = notice.grow;
    let is_whole = scan.components.len() == frame.components.len();
    if frame.is_progressive() || !is_whole || grow.left > 0 || grow.right > 0 || grow.bottom > 0 {
        return None;
    }
    let (h, v) = frame.sampling();
    let is_single = scan.components.len() == 1;
    let slots = scan.components.iter().map(|component| {
        let of_frame = frame.components[component.plane];
        // A.2.2: where one component stands alone, an MCU is one block.
        let (h, v) = if is_single { (1, 1) } else { (of_frame.h.into(), of_frame.v.into()) };
        let steps = job.quantisation[component.plane];
        Slot { plane: component.plane, h, v, dc: component.dc, ac: component.ac, steps }
    });
    let slots: Vec<Slot> = slots.collect();
    let (width, height) = if is_single { (8, 8) } else { (8 * h, 8 * v) };
    let mcus = |side: u32, mcu: u32| side.div_ceil(mcu) as usize;
    let (across, down) = (mcus(frame.size.width, width), mcus(frame.size.height, height));
    let strip = grow.top.is_multiple_of(height).then(|| mcus(grow.top, height))?;
    let result = Frame { size: notice.frame, ..frame.clone() };
    let (quantisation, inks) = (job.quantisation, job.inks);
    let of = result.clone();
    let brush = LateBrush::new(Box::new(move || Brush::new(&of, quantisation, inks, notice)));
    let sheet = Sheet::of(&result, quantisation, inks, notice, &brush);
    let (mut columns, mut rows) = (across..0, strip + down..0);
    for slot in &slots {
        let (blocks, lines) = sheet.covered(slot.plane)?;
        columns = columns.start.min(blocks.start / slot.h)..columns.end.max(blocks.end.div_ceil(slot.h).min(across));
        rows = rows.start.min(lines.start / slot.v)..rows.end.max(lines.end.div_ceil(slot.v).min(strip + down));
    }
    if columns.is_empty() || rows.is_empty() || (strip > 0 && rows.end > strip) {
        return None;
    }
    let interval = match usize::from(job.coded.interval) {
        0 => across * down,
        interval => interval,
    };
    if strip > 0 && job.coded.interval > 0 {
        // Intervals that begin elsewhere than before would have to be written anew, all of them.
        let moves = (strip * across / interval) % 8 > 0;
        let many = (across * down).div_ceil(interval) > MAX_INTERVALS;
        if !(strip * across).is_multiple_of(interval) || (moves && many) {
            return None;
        }
    }
    Some(Cloth { slots, across, down, interval, strip, columns, rows, brush, sheet })
}

impl Cloth<'_> {
    /// MCUs of the scan.
    pub(super) fn total(&self) -> usize {
        self.across * self.down
    }

    /// The intervals that the notice touches.
    pub(super) fn intervals(&self) -> Vec<usize> {
        if self.strip > 0 {
            return vec![0];
        }
        let runs = self.runs(&(0..self.total()));
        let mut intervals: Vec<usize> =
            runs.flat_map(|run| run.start / self.interval..=(run.end - 1) / self.interval).collect();
        intervals.dedup();
        intervals
    }

    /// The MCUs that the notice touches, of those given; none in a strip, which is drawn for itself.
    pub(super) fn runs(&self, mcus: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<> {
        let (across, columns, mcus) = (self.across, self.columns.clone(), mcus.clone());
        let rows = if self.strip > 0 { 0..0 } else { self.rows.clone() };
        rows.filter_map(move |row| {
            let start = (row * across + columns.start).max(mcus.start);
            let end = (row * across + columns.end).min(mcus.end);
            (start < end).then_some(start..end)
        })
    }
}
