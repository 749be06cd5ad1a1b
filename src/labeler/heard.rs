//! The notice that is heard: put in anew, or the one that stands there already.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Job, Labeler, wanted::Wanted};
use crate::{
    Error, Result,
    format::{HardBinding, Stretch, Survey},
    limits::Budget,
    manifest::Region,
    notice::{Audible, Heard, Listener, Sound, level::LOUDNESS, speech::Clip},
    report::{Binding, Signature, Span},
    stream::Source,
};
/// An audible notice, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HeardNotice {
    /// Each time that it is heard.
    pub spans: Vec<Span>,
    /// What is said, one line a part.
    pub lines: Vec<String>,
    /// Its loudness in LUFS (ITU-R BS.1770); `None` for one that was kept.
    pub loudness_lufs: Option<f64>,
    /// Whether it had been there before and was kept.
    pub kept: bool,
}

/// A notice that stands there already.
pub(super) struct Kept {
    pub(super) spans: Vec<Range<u64>>,
    pub(super) lines: Vec<String>,
}

/// What is to be done about the notice.
pub(super) fn wanted(labeler: &Labeler, job: &Job, source: &mut dyn Source) -> Result<Wanted> {
    let audible = labeler.audible(&job.plan);
    let budget = &mut Budget::new(&labeler.limits);
    if let Some((from, to)) = audible.placed {
        return placed(job, audible, from..to, source, budget).map(Wanted::StillHeard);
    }
    if let Some(kept) = kept(job, audible, source, budget)? {
        return Ok(Wanted::StillHeard(kept));
    }
    let heard = job.format.handler().hear(source, &job.survey, audible, budget)?;
    Ok(Wanted::Say(heard, audible.lines()))
}

/// The notice that the caller says is there.
fn placed(
    job: &Job,
    audible: &Audible,
    span: Range<u64>,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<Kept> {
    let handler = job.format.handler();
    let stretch = Stretch::From { ms: span.start.saturating_sub(500), len_ms: span.end - span.start + 1000 };
    let sound = handler.sound(source, &job.survey, stretch, budget)?;
    // What cannot be decoded here is taken on the caller's word.
    if sound.as_ref().is_some_and(|sound| !is_there(audible, sound)) {
        let why = format!("it is not heard between {} and {} ms", span.start, span.end);
        return Err(Error::Argument { argument: "audible notice", why });
    }
    Ok(Kept { spans: vec![span], lines: audible.lines() })
}

/// Whether a known clip, or this very notice, is heard.
fn is_there(audible: &Audible, sound: &Sound) -> bool {
    let mut listener = Listener::new();
    !listener.search(sound).is_empty() || listener.is_heard(sound, &audible.samples(sound.rate, LOUDNESS), sound.rate)
}

/// The notice that a label of ours says is there, when that label is intact and says the same.
fn kept(job: &Job, audible: &Audible, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Kept>> {
    let Some((reading, _)) = &job.older else { return unsigned(job, audible, source, budget) };
    if reading.axes.binding != Binding::Intact || reading.axes.signature != Signature::Ok {
        return Ok(None);
    }
    for (region, said) in &reading.regions {
        let Region::Heard(spans) = region else { continue };
        let Some(first) = spans.first().filter(|_| *said == audible.lines()) else { continue };
        // A manifest says what its signer likes: only what is heard is kept.
        let stretch = Stretch::From { ms: first.start, len_ms: first.end - first.start + 500 };
        let sound = job.format.handler().sound(source, &job.survey, stretch, budget)?;
        let told = job.format.handler().clips(source, &job.survey, budget)?.is_some_and(|hits| !hits.is_empty());
        if told || sound.as_ref().is_some_and(|sound| is_there(audible, sound)) {
            return Ok(Some(Kept { spans: spans.clone(), lines: said.clone() }));
        }
    }
    Ok(None)
}

/// The same in formats whose manifest stands beside the file and is not seen here: the notice at the start is known by its sound.
fn unsigned(job: &Job, audible: &Audible, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Kept>> {
    if job.format.handler().facts().binding != HardBinding::Beside {
        return Ok(None);
    }
    let stretch = Stretch::From { ms: 0, len_ms: 15_000 };
    let Some(sound) = job.format.handler().sound(source, &job.survey, stretch, budget)? else { return Ok(None) };
    let hits = Listener::new().search(&sound);
    let lines = audible.lines();
    let says_the_same = hits.len() == lines.len() && hits.iter().zip(&lines).all(|(hit, line)| hit.words == line);
    let (Some(first), Some(last)) = (hits.first(), hits.last()) else { return Ok(None) };
    let span = first.span.start..last.span.end;
    Ok(says_the_same.then(|| Kept { spans: vec![span], lines }))
}

/// Listens for the notice where it was put; what could not be listened to is said.
pub(super) fn listen(
    job: &Job,
    survey: &Survey,
    heard: &Heard,
    result: &mut dyn Source,
    budget: &mut Budget,
) -> Result<Option<String>> {
    let handler = job.format.handler();
    let lost = || Error::ReadBack { format: job.format, what: "the notice" };
    let clips: Option<Vec<_>> = heard.coded.iter().map(|coded| Clip::of(coded)).collect();
    for span in &heard.spans {
        // Places are told to the millisecond, and decoders begin at one.
        let stretch = Stretch::From { ms: span.start.saturating_sub(2), len_ms: span.end - span.start + 202 };
        let Some(sound) = handler.sound(result, survey, stretch, budget)? else {
            match handler.clips(result, survey, budget)? {
                Some(hits) if hits.is_empty() => return Err(lost()),
                Some(_) => return Ok(None),
                None => {}
            }
            return Ok(Some(
                "the notice was put in, but not listened to afterwards: tanba cannot decode this sound; listen to it"
                    .into(),
            ));
        };
        let is_there = match heard.samples.is_empty() {
            true => {
                clips.as_ref().is_some_and(|clips| Listener::are_next(&sound, clips))
                    || !Listener::new().search(&sound).is_empty()
            }
            false => {
                Listener::stand_first(&sound, &heard.samples)
                    || Listener::new().is_heard(&sound, &heard.samples, sound.rate)
            }
        };
        if !is_there && heard.samples.is_empty() {
            // Frames that were encoded beforehand are as they should be: what stands behind them leads the decoder astray.
            let why = "the warning cannot be heard in front of it: the recording is damaged; encode it anew";
            return Err(Error::unsupported(job.format, why));
        }
        if !is_there {
            return Err(lost());
        }
    }
    Ok(None)
}
