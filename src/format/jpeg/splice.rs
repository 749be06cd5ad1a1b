//! The short way to a notice in a sequential JPEG of one scan: only the data under it is written anew, with the file's own
//! tables, and all other data stays where it is.

use std::ops::Range;

use super::{
    cloth::{Cloth, cloth},
    codes::{Codes, Missing},
    decoder::Tables,
    frame::Frame,
    huffman::{self, Table},
    paint::{Inks, Quantisation},
    reading::{Codes as Stated, ReadScan},
    recode::Way,
    weave::{Begins, Weaver},
    window::Window,
};
use crate::{Result, notice::StoredNotice, patch::Patch, stream::Source};

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

/// What replaces what, and where in the scan's data the first begins, where that is known.
type Edits = (Vec<(Range<u64>, Vec<u8>)>, Option<Begins>);

/// Adds the edits that draw the notice to `patch`; `None` when only the whole scan can be written anew.
pub(super) fn splice(source: &mut dyn Source, job: &Job, patch: &mut Patch) -> Result<Option<(Way, Option<Begins>)>> {
    let Some(cloth) = cloth(job) else { return Ok(None) };
    let stated = &job.coded.codes;
    // What lacks a code in most of the notice is known before anything is read.
    let mut missing = Codes::new(job.tables, stated, &[]).lacking(&cloth.sheet, &cloth.slots);
    // A second time where more codes had to be added to the tables, or coefficients moved to codes that are there.
    for again in [false, true] {
        let Some((changed, full)) = extended(stated, &missing) else { break };
        let mut codes = Codes { full, ..Codes::new(job.tables, stated, &changed) };
        let Some((edits, begins)) = weave(source, job, &cloth, &mut codes)? else { return Ok(None) };
        if codes.beyond || codes.nudged.is_too_much() {
            return Ok(None);
        }
        if codes.missing == Missing::default() {
            if !changed.is_empty() {
                patch.insert(job.coded.segment.range.start, huffman::segment(&changed));
            }
            edits.into_iter().for_each(|(range, bytes)| patch.replace(range, bytes));
            return Ok(Some((if codes.moves() { Way::Nudged } else { Way::Spliced }, begins)));
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
        return Ok(Some((edits, None)));
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
    let begins = weaver.begins.filter(|_| job.coded.interval == 0);
    Ok(Some((edits, begins.map(|begins| Begins { byte: begins.byte - start, ..begins }))))
}
