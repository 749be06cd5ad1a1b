//! The notice of a film: an opening card, or the one that stands there already.

use super::{
    HeardNotice, Job, Labeler, PlacedNotice, banner,
    wanted::{Opening, Wanted},
};
use crate::{
    Error, Result,
    format::Survey,
    limits::Budget,
    manifest::Region,
    notice::Notice,
    report::{Binding, Signature, Span},
    stream::Source,
};

/// What is to be done about the notice.
pub(super) fn wanted(labeler: &Labeler, job: &Job, source: &mut dyn Source) -> Result<Wanted> {
    let budget = &mut Budget::new(&labeler.limits);
    let audible = labeler.audible(&job.plan);
    let Some(mut card) = job.format.handler().card(source, &job.survey, audible, budget)? else {
        return Err(banner::instead(job));
    };
    let notice = card.frame.map(|frame| labeler.artist.card(&job.plan, frame)).transpose()?;
    if let Some(notice) = &notice
        && let Some(kept) = kept(job, notice, source, budget)?
    {
        return Ok(kept);
    }
    let wording = &job.plan.wording;
    card.captions = wording.lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
    card.languages = match job.plan.own_words {
        true => Vec::new(),
        false => job.plan.languages.iter().map(|language| language.tag()).collect(),
    };
    let said = audible.lines();
    Ok(Wanted::Open(Box::new(Opening { notice, card, said })))
}

/// The card that a label of ours says is there, when that label is intact and says the same.
fn kept(job: &Job, notice: &Notice, source: &mut dyn Source, budget: &mut Budget) -> Result<Option<Wanted>> {
    let Some((reading, _)) = &job.older else { return Ok(None) };
    if reading.axes.binding != Binding::Intact || reading.axes.signature != Signature::Ok {
        return Ok(None);
    }
    let says_the_same = |(region, lines): &&(Region, Vec<String>)| {
        matches!(region, Region::Shown { rect, .. } if *rect == notice.rect) && *lines == notice.lines
    };
    let Some((Region::Shown { spans, .. }, _)) = reading.regions.iter().find(says_the_same) else { return Ok(None) };
    // A manifest says what its signer likes: only what is seen is kept.
    let scene = job.format.handler().scene(source, &job.survey, budget)?;
    let seen = scene.is_some_and(|scene| {
        let part = scene.picture.part(notice.rect);
        spans.first().is_some_and(|span| scene.span.end + 1 >= span.end)
            && part.is_some_and(|part| notice.is_seen_in(&part))
    });
    let in_words = |spans: &[std::ops::Range<u64>]| {
        spans.iter().map(|span| Span { from_ms: span.start, to_ms: span.end }).collect()
    };
    let heard = reading.regions.iter().find_map(|(region, lines)| match region {
        Region::Heard(spans) => {
            Some(HeardNotice { spans: in_words(spans), lines: lines.clone(), loudness_lufs: None, kept: true })
        }
        _ => None,
    });
    let placed = PlacedNotice { kept: true, spans: in_words(spans), ..PlacedNotice::drawn(notice) };
    Ok(seen.then_some(Wanted::StillOpen(placed, heard)))
}

/// Looks for the card where it was put.
pub(super) fn look(
    job: &Job,
    survey: &Survey,
    opening: &Opening,
    result: &mut dyn Source,
    budget: &mut Budget,
) -> Result<Option<String>> {
    if let Some(notice) = &opening.notice {
        let scene = job.format.handler().scene(result, survey, budget)?;
        let part = scene.as_ref().and_then(|scene| scene.picture.part(notice.rect));
        let lasts = scene.as_ref().map_or(0, |scene| scene.span.end - scene.span.start);
        if !part.is_some_and(|part| notice.is_seen_in(&part)) || lasts + 1 < opening.card.ms {
            // The pictures are as they were drawn: what the film says about its tracks leads a player astray.
            let why = "the card would not be seen in front of it: what it says about its tracks is damaged; write it anew first (ffmpeg -i in -c copy out)";
            return Err(Error::unsupported(job.format, why));
        }
    }
    match &opening.card.heard {
        Some(heard) => super::heard::listen(job, survey, heard, result, budget),
        None => Ok(None),
    }
}

/// What has to be said about a card that is only seen.
pub(super) fn silent(job: &Job, notice: &Wanted) -> Option<String> {
    let Wanted::Open(opening) = notice else { return None };
    let silent = opening.card.heard.is_none() && opening.card.has_sound;
    silent.then(|| {
        let format = job.format;
        format!("the card is silent: there is no spoken clip for the sound of this {format}, only for AAC-LC with one or two channels")
    })
}
