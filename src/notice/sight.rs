//! Finds and measures notices in decoded pictures.

use super::{
    Raster,
    grey::{Grey, Integral},
    lexicon::{Lexicon, Match},
    luma,
    rows::{Row, rows},
};
use crate::{
    geometry::{Rect, Size},
    policy::{Extent, Language, layout},
};

/// Shorter side of the picture that is searched, in pixels: 5 % letters are 22 px high in it.
const SEARCHED: u32 = 448;
/// Height of a row's ink in the picture that is measured.
const MEASURED: u32 = 48;
/// Correlation from which on a row is read, and the least of its worst part. Measured: the wordings reach 0.92 and 0.90
/// after JPEG at quality 40 and a reduction by half; the nearest other words ("AI GENERATOR") reach 0.83 and 0.50.
const READ: (f64, f64) = (0.82, 0.68);
/// The same where it is known what should stand there.
const EXPECTED: (f64, f64) = (0.72, 0.5);
/// Letters lower than this, in pixels of the picture, are not read: any speck resembles an ideograph then.
const LEAST_CAP: f64 = 4.0;

/// Levels of luma by which a plate may differ from itself in a poor JPEG, and pixels at its ends that are looked at.
const EVEN: u8 = 48;
const EDGE: u32 = 2;

/// Ways of reading the rows of one picture that are weighed.
const MAX_READINGS: usize = 1000;

/// A notice that was seen.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub(crate) rect: Rect,
    /// Height of a capital letter in pixels, measured.
    pub(crate) cap_height: f64,
    /// Contrast of text against plate, measured, 1 to 21.
    pub(crate) contrast: f64,
    /// The lines recognised, from the wording table or from `expected`.
    pub(crate) lines: Vec<String>,
    /// What the recognised wording says, when it is from the table.
    pub(crate) extent: Option<Extent>,
    pub(crate) languages: Vec<Language>,
    /// Correlation with the wording as tanba draws it, 0 to 1.
    pub(crate) score: f64,
}

/// Measures the notice that should stand at `rect` with the lines `expected` (as drawn, after breaking).
pub(crate) fn measure(picture: &Raster, rect: Rect, expected: &[String]) -> Option<Sighting> {
    if !rect.inside(picture.size) || rect.width == 0 || rect.height == 0 || expected.is_empty() {
        return None;
    }
    let lexicon = Lexicon::only(expected);
    let keep = u32::try_from(expected.len()).ok()?.saturating_mul(MEASURED).max(64);
    let found = read(picture, rect, keep, &lexicon, EXPECTED);
    let group = groups(&found).into_iter().max_by_key(Vec::len)?;
    let mut sighting = sighting(picture, &lexicon, &group)?;
    sighting.rect = rect;
    // Broken lines are read one by one: what the whole says stands in the table.
    let whole = expected.join(" ");
    let says: Vec<_> = Lexicon::table().entries.iter().filter(|entry| holds(&whole, &entry.text)).collect();
    let meanings: Vec<_> = says.iter().flat_map(|entry| entry.meanings.iter().copied()).collect();
    if group.len() == expected.len() && !meanings.is_empty() {
        (sighting.languages, sighting.extent) = meaning(&meanings);
    }
    Some(sighting)
}

/// Searches a picture for plates with the wordings of the table, and with the lines `also` where it is not empty.
pub(crate) fn search(picture: &Raster, also: &[String]) -> Vec<Sighting> {
    if picture.size.shorter() < 16 {
        return Vec::new();
    }
    let with_also;
    let lexicon = if Lexicon::table().holds(also) {
        Lexicon::table()
    } else {
        with_also = Lexicon::with(also);
        &with_also
    };
    let Size { width, height } = picture.size;
    let found = read(picture, Rect { x: 0, y: 0, width, height }, SEARCHED, lexicon, READ);
    let mut sightings: Vec<_> = groups(&found).iter().filter_map(|group| sighting(picture, lexicon, group)).collect();
    sightings.sort_by(|a, b| b.score.total_cmp(&a.score));
    sightings
}

/// Searches the strip along the upper edge of a picture, if there may be one.
pub(crate) fn search_strip(picture: &Raster, also: &[String]) -> Vec<Sighting> {
    let Size { width, height } = picture.size;
    let at = |x: u32, y: u32| pixel(picture, x, y).map(luma);
    let Some(first) = at(0, 0).filter(|_| width > 2 * EDGE) else { return Vec::new() };
    // The plate has padding on both sides.
    let is_plate = |&y: &u32| {
        let mut ends = (0..EDGE).flat_map(|x| [at(x, y), at(width - 1 - x, y)]).flatten();
        ends.all(|luma| luma.abs_diff(first) <= EVEN)
    };
    let height = (0..height).take_while(is_plate).count() as u32;
    let strip = picture.part(Rect { x: 0, y: 0, width, height });
    strip.map(|strip| search(&strip, also)).unwrap_or_default()
}

/// Whether a row of pixels may be one of a plate alone: nearly all of it has one brightness.
pub(crate) fn is_even(row: &Raster) -> bool {
    let mut lumas: Vec<u8> = row.rgb.as_chunks().0.iter().copied().map(luma).collect();
    lumas.sort_unstable();
    let few = lumas.len() / 20;
    let ends = lumas.get(few).zip(lumas.iter().rev().nth(few));
    ends.is_none_or(|(low, high)| high.abs_diff(*low) <= EVEN)
}

/// A wording that was read: one row, or several where it is broken. Coordinates are the picture's.
struct Found {
    entry: usize,
    rows: Vec<Read>,
    score: f64,
}

/// A row that was read.
#[derive(Clone)]
struct Read {
    /// Which row of the working picture.
    index: usize,
    found: Match,
    light: bool,
    /// The ink in pixels of the picture.
    ink: [f64; 4],
    cap: f64,
    score: f64,
}

/// Reads a part of the picture.
fn read(picture: &Raster, part: Rect, keep: u32, lexicon: &Lexicon, least: (f64, f64)) -> Vec<Found> {
    let grey = Grey::of(picture, part, keep);
    let ground = Integral::of(&grey.luma, grey.width, grey.height);
    let mut lines: Vec<Read> = Vec::new();
    for (index, row) in rows(&grey).iter().enumerate() {
        for found in lexicon.recognise(&ground, row) {
            // A row is read at full size before it is believed; what is hopeless already is not.
            if found.score < least.0 - 0.15 {
                continue;
            }
            let (ink, found) = refine(picture, grey.to_picture(found.ink), row, &found);
            if found.score >= least.0 && found.worst >= least.1 {
                let scale = (ink[2] - ink[0]) / (found.ink[2] - found.ink[0]).max(1e-6);
                let (cap, score, light) = (found.cap() * scale, found.score, row.light);
                // The same row is often found on two grounds, and with and without its accents.
                let known = lines.iter().position(|line| line.found.is_same(&found) && overlap(line.ink, ink));
                match known {
                    _ if cap < LEAST_CAP => {}
                    Some(at) if lines[at].score >= score => {}
                    Some(at) => lines[at] = Read { index, found, light, ink, cap, score },
                    None => lines.push(Read { index, found, light, ink, cap, score }),
                }
            }
        }
    }
    wordings(lexicon, &lines)
}

/// Fits a match again in the full picture.
fn refine(picture: &Raster, ink: [f64; 4], row: &Row, found: &Match) -> ([f64; 4], Match) {
    let tall = ink[3] - ink[1];
    let low = |at: f64| (at - tall * 0.3).floor().max(0.0) as u32;
    let high = |at: f64, limit: u32| ((at + tall * 0.3).ceil().max(0.0) as u32).min(limit);
    let (x, y) = (low(ink[0]).min(picture.size.width - 1), low(ink[1]).min(picture.size.height - 1));
    let (right, bottom) = (high(ink[2], picture.size.width), high(ink[3], picture.size.height));
    let part = Rect { x, y, width: right.saturating_sub(x).max(1), height: bottom.saturating_sub(y).max(1) };
    let grey = Grey::of(picture, part, MEASURED);
    let ground = Integral::of(&grey.luma, grey.width, grey.height);
    let found = found.refit(&ground, grey.in_view(ink), row.light);
    (grey.to_picture(found.ink), found)
}

/// The wordings that rows make up, best first; a row belongs to one wording.
fn wordings(lexicon: &Lexicon, lines: &[Read]) -> Vec<Found> {
    let mut all = Vec::new();
    for line in lines {
        for &(entry, from, to) in line.found.uses() {
            if from == 0 {
                complete(lexicon, lines, entry, to, vec![line.clone()], &mut all);
            }
        }
    }
    // Longer wordings first among equals: "Generado por IA" is not "Gerado por IA".
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Found> = Vec::new();
    for found in all {
        let taken = kept.iter().flat_map(|kept| &kept.rows).any(|a| found.rows.iter().any(|b| overlap(a.ink, b.ink)));
        if !taken {
            kept.push(found);
        }
    }
    kept
}

/// Extends rows by the row below until the wording is complete.
fn complete(lexicon: &Lexicon, lines: &[Read], entry: usize, done: usize, rows: Vec<Read>, all: &mut Vec<Found>) {
    if all.len() >= MAX_READINGS {
        return;
    }
    if done == lexicon.entries[entry].pieces {
        let weight: f64 = rows.iter().map(|row| row.ink[2] - row.ink[0]).sum();
        let score = rows.iter().map(|row| row.score * (row.ink[2] - row.ink[0])).sum::<f64>() / weight.max(1e-6);
        all.push(Found { entry, rows, score });
        return;
    }
    let Some(last) = rows.last() else { return };
    for line in lines.iter().filter(|line| line.index != last.index && follows(last, line)) {
        for &(other, from, to) in line.found.uses() {
            if other == entry && from == done {
                let mut rows = rows.clone();
                rows.push(line.clone());
                complete(lexicon, lines, entry, to, rows, all);
            }
        }
    }
}

/// Whether `below` is the next row of the same plate.
fn follows(above: &Read, below: &Read) -> bool {
    let cap = above.cap.max(below.cap);
    let apart = below.ink[1] - above.ink[3];
    let aligned = |edge: usize| (above.ink[edge] - below.ink[edge]).abs() <= cap * 0.7;
    above.light == below.light
        && (above.cap - below.cap).abs() <= cap * 0.15
        && apart >= -0.1 * cap
        && apart <= cap * 1.2
        && (aligned(0) || aligned(2) || above.found.is_rtl() != below.found.is_rtl())
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    let shared = |low: usize, high: usize| a[high].min(b[high]) - a[low].max(b[low]);
    shared(0, 2) > 0.0 && shared(1, 3) > 0.3 * (a[3] - a[1]).min(b[3] - b[1])
}

/// Wordings under one another, from the top.
fn groups(found: &[Found]) -> Vec<Vec<&Found>> {
    let mut sorted: Vec<_> = found.iter().collect();
    let top = |found: &Found| found.rows.first().map_or(0.0, |row| row.ink[1]);
    sorted.sort_by(|a, b| top(a).total_cmp(&top(b)));
    let mut groups: Vec<Vec<&Found>> = Vec::new();
    for found in sorted {
        let fits = |group: &&mut Vec<&Found>| {
            let above = group.last().and_then(|last| last.rows.last());
            above.zip(found.rows.first()).is_some_and(|(above, below)| follows(above, below))
        };
        match groups.iter_mut().find(fits) {
            Some(group) => group.push(found),
            None => groups.push(vec![found]),
        }
    }
    groups
}

fn sighting(picture: &Raster, lexicon: &Lexicon, group: &[&Found]) -> Option<Sighting> {
    let rows: Vec<_> = group.iter().flat_map(|found| &found.rows).collect();
    let first = rows.first()?;
    let ink = rows.iter().fold(first.ink, |a, row| {
        let b = row.ink;
        [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
    });
    let weight: f64 = rows.iter().map(|row| row.ink[2] - row.ink[0]).sum();
    let mean = |value: fn(&Read) -> f64| {
        rows.iter().map(|row| value(row) * (row.ink[2] - row.ink[0])).sum::<f64>() / weight.max(1e-6)
    };
    let cap_height = mean(|row| row.cap);
    let (plate, contrast) = colours(picture, ink, first.light)?;
    let entries: Vec<_> = group.iter().map(|found| &lexicon.entries[found.entry]).collect();
    let meanings: Vec<_> = entries.iter().flat_map(|entry| entry.meanings.iter().copied()).collect();
    let (languages, extent) = meaning(&meanings);
    Some(Sighting {
        rect: plate_around(picture, ink, cap_height, plate),
        cap_height,
        contrast,
        lines: entries.iter().map(|entry| entry.text.clone()).collect(),
        extent,
        languages,
        score: mean(|row| row.score).clamp(0.0, 1.0),
    })
}

/// Languages and extent of what was read; no extent where lines contradict one another.
fn meaning(meanings: &[(Language, Extent)]) -> (Vec<Language>, Option<Extent>) {
    let mut languages = Vec::new();
    for &(language, _) in meanings {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    let extent = meanings.first().map(|&(_, extent)| extent);
    (languages, extent.filter(|extent| meanings.iter().all(|(_, other)| other == extent)))
}

/// Whether the words of `text` stand in `whole` as a run of whole words.
fn holds(whole: &str, text: &str) -> bool {
    let words: Vec<_> = text.split(' ').collect();
    let all: Vec<_> = whole.split_whitespace().collect();
    all.windows(words.len().max(1)).any(|window| window == words)
}

/// The colour of the plate, and its contrast with the text: medians of the darkest and lightest tenths of the ink's box.
fn colours(picture: &Raster, ink: [f64; 4], light: bool) -> Option<([u8; 3], f64)> {
    let (left, top, right, bottom) = bounds(ink, picture.size);
    // Enough for a median, whatever the size.
    let step = |length: u32| (length / 256).max(1) as usize;
    let mut colours = Vec::new();
    for y in (top..bottom).step_by(step(bottom - top).min(4)) {
        for x in (left..right).step_by(step(right - left)) {
            let colour = pixel(picture, x, y)?;
            colours.push((layout::luminance(colour), colour));
        }
    }
    colours.sort_by(|a, b| a.0.total_cmp(&b.0));
    if !light {
        colours.reverse();
    }
    // About a third of the box is ink, a good half of it plate.
    let at = |share: f64| colours.get((colours.len() as f64 * share) as usize).map(|&(_, colour)| colour);
    let (plate, text) = (at(0.2)?, at(0.92)?);
    Some((plate, layout::contrast(plate, text)))
}

/// The plate around the ink: as far as its colour goes, but not further than a plate has padding, unless it is a band.
fn plate_around(picture: &Raster, ink: [f64; 4], cap: f64, plate: [u8; 3]) -> Rect {
    let (left, top, right, bottom) = bounds(ink, picture.size);
    let near = |x: u32, y: u32| {
        pixel(picture, x, y).is_some_and(|colour| colour.iter().zip(plate).all(|(a, b)| a.abs_diff(b) <= 40))
    };
    let column = |x: u32| {
        let wrong = (top..bottom).filter(|&y| !near(x, y)).count();
        wrong * 5 <= (bottom - top) as usize
    };
    let (reach, usual) = ((cap * 2.5).ceil() as u32, (cap * 0.7).round() as u32);
    // How far an edge goes: to where the colour ends; where it does not end within reach, to the usual padding, or to the
    // edge of the picture if the colour fills all of it (a band, a strip).
    let extend = |limit: u32, is_plate: &dyn Fn(u32) -> bool| {
        // The ink's own soft edge is no end.
        let soft = (0..limit.min(usual / 3 + 1)).take_while(|&step| !is_plate(step)).count() as u32;
        let length = soft + (soft..limit).take_while(|&step| is_plate(step)).count() as u32;
        if length <= reach || length == limit { length } else { usual.min(limit) }
    };
    let x0 = left - extend(left, &|step| column(left - 1 - step));
    let x1 = right + extend(picture.size.width - right, &|step| column(right + step));
    let row = |y: u32| {
        let step = ((x1 - x0) / 512).max(1);
        let all = (x0..x1).step_by(step as usize);
        all.clone().filter(|&x| !near(x, y)).count() * 5 <= all.count()
    };
    let y0 = top - extend(top, &|step| row(top - 1 - step)).min(reach.min(top));
    let y1 = bottom + extend(picture.size.height - bottom, &|step| row(bottom + step)).min(reach);
    Rect { x: x0, y: y0, width: x1 - x0, height: y1 - y0 }
}

/// Whole pixels of a box inside a picture, at least one each way: left, top, right, bottom.
fn bounds(ink: [f64; 4], size: Size) -> (u32, u32, u32, u32) {
    let left = (ink[0].round().max(0.0) as u32).min(size.width - 1);
    let top = (ink[1].round().max(0.0) as u32).min(size.height - 1);
    let right = (ink[2].round().max(0.0) as u32).clamp(left + 1, size.width);
    let bottom = (ink[3].round().max(0.0) as u32).clamp(top + 1, size.height);
    (left, top, right, bottom)
}

fn pixel(picture: &Raster, x: u32, y: u32) -> Option<[u8; 3]> {
    let at = (y as usize * picture.size.width as usize + x as usize) * 3;
    picture.rgb.get(at..at + 3)?.try_into().ok()
}
