//! The first and last lines of a text, as people read them: there a notice stands.

use std::ops::Range;

use crate::{
    container::invisible::{WRAPPER_MARK, selector},
    format::Survey,
    notice::{LINES, Line, MAX_LINE},
};

/// Lines that are looked at in front of and behind those that hold words, at most.
const MAX_SKIPPED: usize = 256;

/// The lines of a text from byte `from` on that show something.
pub(super) fn of(text: &str, from: usize, survey: &Survey) -> Vec<Line> {
    let body = text.get(from..).unwrap_or_default();
    let before = text.get(..from).unwrap_or_default().matches('\n').count();
    let (mut first, mut at) = (Vec::new(), from);
    for (number, line) in body.split_inclusive('\n').take(MAX_SKIPPED).enumerate() {
        if let Some(shown) = shown(line, at, survey) {
            // The empty line behind a notice goes with it.
            let rest = &body[at - from + line.len()..];
            let gap = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
            let start = at + line.len() - line.trim_start_matches(WRAPPER_MARK).len();
            let range = start as u64..(at + line.len() + gap) as u64;
            let place = format!("line {}, byte {at}", before + number + 1);
            first.push(Line { place, text: shown, range, first: true, last: false });
        }
        if first.len() == LINES {
            break;
        }
        at += line.len();
    }
    let (mut last, mut end) = (Vec::new(), text.len());
    for line in body.split_inclusive('\n').rev().take(MAX_SKIPPED) {
        let start = end - line.len();
        if let Some(shown) = shown(line, start, survey) {
            let range = start as u64..without_wrapper(start..end, survey);
            last.push(Line { place: format!("byte {start}"), text: shown, range, first: false, last: true });
        }
        if last.len() == LINES {
            break;
        }
        end = start;
    }
    parted(first, last)
}

/// The first lines, and the last ones from the end; a line of a short text is both.
pub(in crate::format) fn parted(mut first: Vec<Line>, last: Vec<Line>) -> Vec<Line> {
    let met = |a: &Line, b: &Line| a.range.start < b.range.end && b.range.start < a.range.end;
    for line in last {
        match first.iter_mut().find(|other| met(&line, other)) {
            None => first.push(line),
            Some(same) => same.last = true,
        }
    }
    first
}

/// What a line shows; `None` where that is nothing, more than a notice has, or the carrier of a manifest.
fn shown(line: &str, at: usize, survey: &Survey) -> Option<String> {
    if line.trim().is_empty() {
        return None;
    }
    let carried = |range: &Range<u64>| range.start <= at as u64 && (at + line.trim_end().len()) as u64 <= range.end;
    if survey.stores.iter().flat_map(|store| &store.carrier).any(carried) {
        return None;
    }
    let visible = |character: &char| *character != WRAPPER_MARK && selector(*character).is_none();
    let text: String = line.trim().chars().filter(visible).take(MAX_LINE + 1).collect();
    (text.chars().any(char::is_alphanumeric) && text.chars().count() <= MAX_LINE).then_some(text)
}

/// Where a line ends whose end may be a wrapper.
fn without_wrapper(line: Range<usize>, survey: &Survey) -> u64 {
    let carriers = survey.stores.iter().flat_map(|store| &store.carrier);
    let within =
        carriers.map(|carrier| carrier.start).filter(|&start| (line.start as u64..line.end as u64).contains(&start));
    within.min().unwrap_or(line.end as u64)
}
