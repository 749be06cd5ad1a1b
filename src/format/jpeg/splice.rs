//! The short way to a notice in a sequential JPEG of one scan: only the data under it is written anew, with the file's own
//! tables, and all other data stays where it is.

use std::ops::Range;

use super::{
    codes::{Codes, Missing},
    decoder::Tables,
    frame::Frame,
    huffman::{self, Table},
    paint::{Brush, Inks, Quantisation},
    reading::{Codes as Stated, ReadScan},
    recode::Way,
    sheet::Sheet,
    weave::{Cloth, Slot, Weaver},
    window::Window,
};
use crate::{Result, notice::StoredNotice, patch::Patch, stream::Source};

/// Restart intervals whose numbers are changed one by one below a strip.
const MAX_INTERVALS: usize = 4096;

/// What is known of the scan.
pub(super) struct Job<'a> {
    pub(super) frame: &'a Frame,
    pub(super) coded: &'a ReadScan,
    /// Those that are in force in the scan, as `coded` has them.
    pub(super) tables: &'a Tables,
    /// By component.
    pub(super) quantisation: &'a [Quantisation],
    pub(super) inks: &'a Inks,
    pub(super) notice: &'a StoredNotice,
}

type Edits = Vec<(Range<u64>, Vec<u8>)>;

/// Adds the edits that draw the notice to `patch`; `None` when only the whole scan can be written anew.
pub(super) fn splice(source: &mut dyn Source, job: &Job, patch: &mut Patch) -> Result<Option<Way>> {
    let Some(cloth) = cloth(job) else { return Ok(None) };
    let stated = &job.coded.codes;
    // What lacks a code in most of the notice is known before anything is read.
    let mut missing = Codes::new(job.tables, stated, &[]).lacking(&cloth.sheet, &cloth.slots);
    // A second time where more codes had to be added to the tables, or coefficients moved to codes that are there.
    for again in [false, true] {
        let Some((changed, full)) = extended(stated, &missing) else { break };
        let mut codes = Codes { full, ..Codes::new(job.tables, stated, &changed) };
        let Some(edits) = weave(source, job, &cloth, &mut codes)? else { return Ok(None) };
        if codes.beyond || codes.nudged.is_too_much() {
            return Ok(None);
        }
        if codes.missing == Missing::default() {
            if !changed.is_empty() {
                patch.insert(job.coded.segment.range.start, huffman::segment(&changed));
            }
            edits.into_iter().for_each(|(range, bytes)| patch.replace(range, bytes));
            return Ok(Some(if codes.moves() { Way::Nudged } else { Way::Spliced }));
        }
        if again {
            break;
        }
        for (all, more) in missing.iter_mut().flatten().zip(codes.missing.iter().flatten()) {
            all.extend(more.iter().filter(|symbol| !all.contains(symbol)).collect::<Vec<_>>());
        }
    }
    Ok(None)
}

/// `None` when the file is not made for the short way.
fn cloth<'a>(job: &Job<'a>) -> Option<Cloth<'a>> {
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
    let brush = Brush::new(&result, job.quantisation, job.inks, notice);
    let (mut columns, mut rows) = (across..0, strip + down..0);
    for slot in &slots {
        let (blocks, lines) = brush.covered(slot.plane)?;
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
    let sheet = Sheet::of(&result, job.quantisation, job.inks, notice, &brush);
    Some(Cloth { slots, across, down, interval, strip, columns, rows, brush, sheet })
}

/// By class and destination: a table with more codes.
type Changed = Vec<(usize, usize, Table)>;

/// The tables that lack a code, with a code; and the AC tables that have no room for one. `None` when a DC table has none.
fn extended(codes: &Stated, missing: &Missing) -> Option<(Changed, [bool; 4])> {
    let (mut changed, mut full) = (Vec::new(), [false; 4]);
    for (class, lists) in missing.iter().enumerate() {
        for (destination, list) in lists.iter().enumerate().filter(|(_, list)| !list.is_empty()) {
            match codes[class][destination].as_ref()?.extended(list) {
                Some(table) => changed.push((class, destination, table)),
                None if class == 1 => full[destination] = true,
                None => return None,
            }
        }
    }
    Some((changed, full))
}

/// What the notice replaces; `None` when the scan names a table that is not there. What lacked a code is in `codes`.
fn weave(source: &mut dyn Source, job: &Job, cloth: &Cloth, codes: &mut Codes) -> Result<Option<Edits>> {
    let data = job.coded.segment.data.clone();
    let start = data.start;
    let window = Window::open(source, data)?;
    let Some(mut weaver) = Weaver::new(cloth, codes, window) else { return Ok(None) };
    let mut edits = Vec::new();
    if cloth.strip > 0 && job.coded.interval > 0 {
        edits.push((start..start, weaver.strip()));
        let added = cloth.strip * cloth.across / cloth.interval % 8;
        if added > 0 {
            let mut number = added;
            let count = cloth.total().div_ceil(cloth.interval) - 1;
            weaver.pass(count, 0, |at| {
                edits.push((at..at + 1, vec![0xD0 | (number % 8) as u8]));
                number += 1;
            })?;
        }
        return Ok(Some(edits));
    }
    let mut at = 0;
    for index in cloth.intervals() {
        if index > at {
            weaver.pass(index - at, at, |_| {})?;
            at = index;
        }
        let end = ((index + 1) * cloth.interval).min(cloth.total());
        edits.push(weaver.interval(index * cloth.interval..end)?);
    }
    Ok(Some(edits))
}
