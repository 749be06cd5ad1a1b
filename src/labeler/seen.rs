//! The notice of a picture: drawn anew, or the one that stands there already.

use super::{Job, Labeler, PlacedNotice, wanted::Wanted};
use crate::{
    Result,
    format::Survey,
    geometry::{Rect, Size},
    limits::Budget,
    notice::{self, Notice, Sighting},
    policy::{Plan, layout},
    stream::Source,
};

/// What is to be done about the notice.
pub(super) fn wanted(labeler: &Labeler, job: &Job, source: &mut dyn Source) -> Result<Wanted> {
    let budget = &mut Budget::new(&labeler.limits);
    let Job { survey, plan, .. } = job;
    let Some(frame) = survey.shown() else { return Ok(Wanted::Nothing) };
    // Plates grow with the picture: a size that lies must not cost memory before a pixel was seen.
    budget.raster(frame.width, frame.height, 1)?;
    // Looking costs a decode: only where a label of ours may stand, and where a second strip would.
    let standing = if !survey.stores.is_empty() {
        standing(job, source, budget)?
    } else if layout::needs_strip(frame) {
        strip(job, frame, source, budget)?
    } else {
        Vec::new()
    };
    if let Some(same) = standing.iter().find(|sighting| says_the_same(sighting, plan, frame)) {
        return Ok(Wanted::Keep(keep(same, frame)));
    }
    let Some(old) = standing.first() else {
        return Ok(Wanted::Draw(fitted(labeler.artist.draw(plan, frame)?, survey)));
    };
    // Where an older notice stands, wherever that is: two of them would contradict each other.
    let mut plan = plan.clone();
    plan.style.place = layout::nearest(old.rect, frame, plan.style.place);
    let notice = fitted(labeler.artist.draw(&plan, frame)?, survey);
    Ok(Wanted::Draw(standing.iter().fold(notice, |notice, old| notice.covering(old.rect))))
}

/// On whole blocks of the format.
pub(super) fn fitted(notice: Notice, survey: &Survey) -> Notice {
    let notice = notice.with_strip_of(survey.strip_unit);
    survey.cell.into_iter().fold(notice, |notice, cell| notice.on_blocks(cell, survey.orientation))
}

/// The notices that stand in the file already.
fn standing(job: &Job, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<Sighting>> {
    let picture = job.format.handler().picture(source, &job.survey, budget)?;
    Ok(picture.map(|picture| notice::search(&picture, &job.plan.wording.lines)).unwrap_or_default())
}

/// The notice in a strip that was put above the picture before. Few pictures begin with a row that could be one's, and to see
/// that takes no more than the row.
fn strip(job: &Job, frame: Size, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<Sighting>> {
    let handler = job.format.handler();
    let row = Rect { x: 0, y: 0, width: frame.width, height: 1 };
    if handler.part(source, &job.survey, row, budget)?.is_some_and(|row| !notice::is_even(&row)) {
        return Ok(Vec::new());
    }
    let picture = handler.picture(source, &job.survey, budget)?;
    Ok(picture.map(|picture| notice::search_strip(&picture, &job.plan.wording.lines)).unwrap_or_default())
}

/// Whether a notice has the plan's words and is large enough to be kept.
pub(super) fn says_the_same(sighting: &Sighting, plan: &Plan, frame: Size) -> bool {
    let words = |lines: &[String]| lines.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let floor = layout::cap_height(frame, layout::MIN_CAP_SHARE);
    words(&sighting.lines) == words(&plan.wording.lines)
        && sighting.cap_height.round() as u32 >= floor
        && sighting.contrast >= layout::MIN_CONTRAST
}

pub(super) fn keep(sighting: &Sighting, frame: Size) -> PlacedNotice {
    PlacedNotice {
        rect: sighting.rect,
        frame,
        lines: sighting.lines.clone(),
        cap_height_px: sighting.cap_height.round() as u32,
        kept: true,
        stamped: false,
        strip: 0,
        spans: Vec::new(),
    }
}
