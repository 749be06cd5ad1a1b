//! The card of a film, known again without a decoder: its samples say what is seen.

use std::ops::Range;

use super::{
    caption,
    file::File,
    movie::{Movie, Track, Walk},
    picture,
    splice::Screen,
};
use crate::{
    Error, Format, Result,
    container::avc::{Config, card},
    limits::Budget,
    notice::{Line, Raster},
    stream::{Source, length, read_at},
};

/// What a film shows first, where that is a card.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) picture: Raster,
    /// Milliseconds from the start.
    pub(crate) span: Range<u64>,
}

/// The card in front of the film; `None` where it begins with something else, or with what only a decoder can read.
pub(in crate::format) fn scene(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Option<Scene>> {
    let Some((_, movie)) = read(source, format, budget)? else { return Ok(None) };
    for track in movie.tracks.iter().filter(|track| track.handler == *b"vide" && track.enabled) {
        if let Some(scene) = of_track(track, &movie, source, format, budget)? {
            return Ok(Some(scene));
        }
    }
    Ok(None)
}

/// The movie box; `None` where there is none that can be read, which the survey says.
fn read(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Option<(File, Movie)>> {
    let file = match File::read(source, format, budget) {
        Ok(file) => file,
        Err(error @ (Error::Io(_) | Error::Limit { .. })) => return Err(error),
        Err(_) => return Ok(None),
    };
    match Movie::read(&file.moov, file.moov_range.start, &mut Walk { format, budget }) {
        Ok(movie) => Ok(Some((file, movie))),
        Err(error @ (Error::Io(_) | Error::Limit { .. })) => Err(error),
        Err(_) => Ok(None),
    }
}

fn of_track(
    track: &Track,
    movie: &Movie,
    source: &mut dyn Source,
    format: Format,
    budget: &mut Budget,
) -> Result<Option<Scene>> {
    let Some((config, sets)) = Screen::own(track) else { return Ok(None) };
    let (Some((mut at, _)), Some(&(len, _))) = (track.first, track.leading.first()) else { return Ok(None) };
    let end = length(source)?;
    let mut sample = |at: u64, len: u32| match at.checked_add(len.into()) {
        Some(last) if last <= end => read_at(source, format, at, len.into()).map(Some),
        _ => Ok(None),
    };
    // The one of them that reads the first sample.
    let mut first = None;
    for (sps, pps) in &sets {
        let Some((width, height)) = sps.shown() else { continue };
        let raster = budget.raster(width, height, 3)?;
        // Plain samples are the longest form.
        if (len as usize) > raster.saturating_mul(2) + 4096 {
            continue;
        }
        budget.part()?;
        let Some(bytes) = sample(at, len)? else { return Ok(None) };
        let planes = only(&config, &bytes).and_then(|nal| card::read(nal, sps, pps));
        if let Some(planes) = planes {
            first = Some((planes, sps, pps));
            break;
        }
    }
    let Some((planes, sps, pps)) = first else { return Ok(None) };
    let mut units = 0;
    for (index, &(len, duration)) in track.leading.iter().enumerate() {
        let again = |bytes: &[u8]| {
            only(&config, bytes).is_some_and(|nal| {
                card::is_repeated(nal, sps, pps) || card::read(nal, sps, pps).as_ref() == Some(&planes)
            })
        };
        budget.part()?;
        let seen = index == 0 || len < MOST && sample(at, len)?.is_some_and(|bytes| again(&bytes));
        if !seen {
            break;
        }
        units += u64::from(duration);
        at += u64::from(len);
    }
    let span = shown(track, movie, units);
    let raster = picture::raster(sps, &planes, track.orientation.unwrap_or_default());
    Ok(raster.filter(|_| !span.is_empty()).map(|picture| Scene { picture, span }))
}

/// Bytes of a repetition at most, or of a picture that stands alone once more.
const MOST: u32 = 16 << 20;

/// The only NAL unit of a sample.
fn only<'a>(config: &Config, sample: &'a [u8]) -> Option<&'a [u8]> {
    let mut nals = config.nals(sample);
    nals.next().filter(|_| nals.next().is_none())
}

/// When the first `units` of a track are shown: its edits may leave them out.
fn shown(track: &Track, movie: &Movie, units: u64) -> Range<u64> {
    let ms =
        |value: u64, scale: u32| u64::try_from(u128::from(value) * 1000 / u128::from(scale.max(1))).unwrap_or(u64::MAX);
    let mut start = 0;
    for edit in &track.edits {
        let Ok(time) = u64::try_from(edit.time) else {
            start += ms(edit.duration, movie.scale);
            continue;
        };
        // Pictures are shown later than decoded by as much as the edit leaves out, where it leaves out nothing.
        let cut = time.saturating_sub(u64::try_from(track.earliest.max(0)).unwrap_or(0));
        let seen = ms(units.saturating_sub(cut), track.scale);
        let most = if edit.duration == 0 { u64::MAX } else { ms(edit.duration, movie.scale) };
        return start..start.saturating_add(seen.min(most));
    }
    start..start.saturating_add(ms(units, track.scale))
}

/// Samples of caption tracks that are read.
const READ: usize = 8;
/// Bytes of one of them.
const LONGEST: u32 = 4096;

/// What is read on the caption tracks of a film, for those that look for a notice in words.
pub(in crate::format) fn captions(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Vec<Line>> {
    let Some((_, movie)) = read(source, format, budget)? else { return Ok(Vec::new()) };
    let end = length(source)?;
    let mut lines = Vec::new();
    for track in &movie.tracks {
        if track.coding() != Some(b"tx3g") {
            continue;
        }
        let Some((mut at, _)) = track.first else { continue };
        for &(len, _) in track.leading.iter().take(READ) {
            budget.part()?;
            let next = at.saturating_add(len.into());
            if len > LONGEST || next > end {
                break;
            }
            let bytes = read_at(source, format, at, len.into())?;
            let place = format!("caption track {}, byte {at}", track.id);
            let text = caption::words(&bytes).unwrap_or_default().lines();
            let words = text.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" / ");
            if !words.is_empty() {
                lines.push(Line { place, text: words, range: at..next, first: true, last: false });
            }
            at = next;
        }
    }
    Ok(lines)
}
