//! Single pictures of a film, to look at.

use std::{ops::Range, time::Duration};

use super::{Ffmpeg, Film, Scratch, fault, run};
use crate::{Result, limits::Budget, notice::Raster};

/// How long it may take to get at one picture.
const LOOKED: Duration = Duration::from_secs(120);
/// How far before the end the last picture is looked for, in milliseconds.
const TAIL: u64 = 1_500;
/// Where most films have a picture still.
const NEAR: u64 = 150;
/// How long before a picture decoding begins where there is no index, in milliseconds: whole pictures come more often than that.
const LEAD: u64 = 15_000;

/// Which picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// The first one from this millisecond on.
    Ms(u64),
    /// A whole one from this millisecond on, which is decoded alone; where none comes, the first one from there on.
    Near(u64),
    /// The last one.
    Last,
}

/// Moments that are looked at: the start of the first stretch, the middle of one in the middle, or soon after where the stretch is all
/// of the film, and the end of the last. All in milliseconds; `len_ms` is how long the film is.
pub(crate) fn moments(spans: &[Range<u64>], len_ms: Option<u64>) -> Vec<At> {
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return Vec::new() };
    let stretch = &spans[spans.len() / 2];
    let middle = stretch.start + stretch.end.saturating_sub(stretch.start) / 2;
    // The last picture is shown for a while; how long is not known of every film.
    let ends = len_ms.is_none_or(|len| last.end.saturating_add(300) >= len);
    let end = if ends { At::Last } else { At::Ms(last.end.saturating_sub(300).max(last.start)) };
    let middle = if spans.len() == 1 && ends { At::Near(middle) } else { At::Ms(middle) };
    vec![At::Ms(first.start), middle, end]
}

impl Ffmpeg {
    /// Decodes one picture, as shown: upright, with square pixels, and with paper white as white. `None` where there is none.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Backend`] when it cannot be decoded.
    pub(crate) fn picture(&self, scratch: &Scratch, film: &Film, at: At, budget: &Budget) -> Result<Option<Raster>> {
        let is_long = film.duration_ms.is_some_and(|len| len > TAIL);
        let quick = match at {
            At::Ms(_) => None,
            At::Near(_) => self.decoded(scratch, film, at, TAIL, budget).ok().flatten(),
            At::Last if is_long => self.decoded(scratch, film, at, NEAR, budget)?,
            At::Last => None,
        };
        match (quick, at) {
            (Some(picture), _) => Ok(Some(picture)),
            (None, At::Near(ms)) => self.decoded(scratch, film, At::Ms(ms), TAIL, budget),
            (None, _) => self.decoded(scratch, film, at, TAIL, budget),
        }
    }

    /// The same; of the last picture only those are looked at that come within so many milliseconds of the end.
    fn decoded(&self, scratch: &Scratch, film: &Film, at: At, within: u64, budget: &Budget) -> Result<Option<Raster>> {
        let (_, stream) = film.main()?;
        let size = film.shown()?;
        let len = budget.raster(size.width, size.height, 3)?;
        let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
        let start = match at {
            At::Ms(ms) | At::Near(ms) => ms,
            At::Last => film.duration_ms.unwrap_or(0).saturating_sub(TAIL),
        };
        let mut arguments: Vec<std::ffi::OsString> =
            ["-v", "error", "-nostdin", "-protocol_whitelist", "file,pipe", "-f", film.demuxer].map(Into::into).into();
        if let At::Near(_) = at {
            arguments.extend(["-skip_frame", "nokey"].map(Into::into));
        }
        // A transport stream has no index: ffmpeg begins anywhere in it, and needs a whole picture to begin with.
        let before = if film.demuxer == "mpegts" { start.min(LEAD) } else { 0 };
        if start > before {
            arguments.extend(["-ss".into(), seconds(start - before).into()]);
        }
        arguments.extend(["-i".into(), scratch.url()]);
        if before > 0 {
            arguments.extend(["-ss".into(), seconds(before).into()]);
        }
        arguments.extend(["-map".into(), format!("0:{}", stream.index).into()]);
        if at != At::Last {
            arguments.extend(["-frames:v", "1"].map(Into::into));
        }
        let mut filter = format!("scale={}:{}:flags=bilinear,setsar=1,format=rgb24", size.width, size.height);
        if within < TAIL && start > 0 {
            // In colours a picture takes longer than to decode it.
            filter.insert_str(0, &format!("select='gte(t,{})',", seconds(before + TAIL - within)));
        }
        arguments.extend(["-vf".into(), filter.into()]);
        arguments.extend(self.passthrough());
        arguments.extend(["-f", "rawvideo", "pipe:1"].map(Into::into));
        // Of several pictures the last one stays.
        let (mut whole, mut next) = (None, Vec::new());
        let take = &mut |mut bytes: &[u8]| {
            while !bytes.is_empty() {
                if next.is_empty() {
                    next.reserve_exact(len);
                }
                let (now, rest) = bytes.split_at(bytes.len().min(len - next.len()));
                next.extend_from_slice(now);
                bytes = rest;
                if next.len() == len {
                    let spare = whole.replace(std::mem::take(&mut next));
                    next = spare.unwrap_or_default();
                    next.clear();
                }
            }
            true
        };
        let ended = run::run(&self.program, &arguments, &self.bounds(LOOKED, None), take)?;
        let Some(mut rgb) = whole else {
            fault::check(&ended, film.format, "decode")?;
            return Ok(None);
        };
        let seen = film.light().seen();
        rgb.iter_mut().for_each(|value| *value = seen[usize::from(*value)]);
        Ok(Some(Raster { size, rgb }))
    }
}
