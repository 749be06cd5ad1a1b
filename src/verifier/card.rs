//! Looks at what a film begins with, listens to it, and reads its captions.

use super::{film, heard};
use crate::{
    Error, Ffmpeg, Format, Result,
    format::{Scene, Survey},
    limits::Budget,
    manifest::{Reading, Region},
    notice::{self, Sighting},
    report::{Look, NoticeReport, Said, Span, say},
    stream::Source,
};

/// What was seen, heard and read.
pub(super) fn look(
    ffmpeg: Option<&Ffmpeg>,
    format: Format,
    source: &mut dyn Source,
    survey: &Survey,
    reading: &Reading,
    budget: &mut Budget,
) -> Result<Look> {
    let mut look = match format.handler().scene(source, survey, budget) {
        Ok(scene) => {
            let card = scene.map(|scene| of_scene(&scene, reading));
            match (card, ffmpeg.filter(|_| has_pictures(format, survey))) {
                (Some(card), None) => card,
                (Some(card), Some(_)) if !card.notices.is_empty() => card,
                // What stands on its other pictures only a decoder sees.
                (_, Some(ffmpeg)) => film::look(ffmpeg, format, source, survey, reading, budget)?,
                (None, None) => unseen(format, survey),
            }
        }
        Err(Error::Io(error)) => return Err(Error::Io(error)),
        Err(error) => Look::unseen(say!("the visible notice: {}", Said::from(&error)), true),
    };
    if let Some(sound) = heard::listen(format, source, survey, reading, budget)? {
        look.heard = sound.heard;
        look.not_examined.extend(sound.not_examined);
    }
    look.written = super::read(survey, reading).written;
    Ok(look)
}

/// The size of those in a transport stream stands in them, where only a decoder reads it.
fn has_pictures(format: Format, survey: &Survey) -> bool {
    survey.stored.is_some() || format == Format::MpegTs
}

/// Without a card there is no picture that could be looked at here.
fn unseen(format: Format, survey: &Survey) -> Look {
    let why = match has_pictures(format, survey) {
        true => {
            say!("the warning for people: without ffmpeg nobody looked for one on the frames of this {}", format)
        }
        false => say!("the warning for people: tanba does not look for one in {}; a person has to", format),
    };
    Look::unseen(why, false)
}

/// Looks where the manifest says, then everywhere.
fn of_scene(scene: &Scene, reading: &Reading) -> Look {
    let (mut notices, mut not_examined) = (Vec::new(), Vec::new());
    let span = Span { from_ms: scene.span.start, to_ms: scene.span.end };
    let report = |sighting: Sighting, signed| NoticeReport {
        spans: vec![span],
        ..NoticeReport::new(sighting, scene.picture.size, signed)
    };
    for (region, lines) in &reading.regions {
        let Region::Shown { rect, .. } = region else { continue };
        match notice::measure(&scene.picture, *rect, lines) {
            Some(sighting) => notices.push(report(sighting, true)),
            None => not_examined.push(say!(
                "the visible notice that the manifest places at {}, {}: its words were not recognised there; look at it",
                rect.x,
                rect.y
            )),
        }
    }
    if notices.is_empty() {
        notices.extend(notice::search(&scene.picture, &[]).into_iter().map(|sighting| report(sighting, false)));
    }
    Look { notices, not_examined, looked: true, ..Look::default() }
}
