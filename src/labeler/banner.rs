//! The banner on the frames of a film: drawn by ffmpeg, or the one that stands there already.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Job, Labeler, PlacedNotice, seen, wanted::Wanted};
use crate::{
    Error, Format, Result,
    container::bmff,
    ffmpeg::{Burnt, Ffmpeg, Film, Scratch, moments},
    format::{HardBinding, Medium, Survey},
    limits::Budget,
    notice::{self, Notice, Raster},
    policy::VideoNotice,
    report::Span,
    stream::Source,
};

/// Boxes that a remark names.
const MOST_NAMED: usize = 20;

/// How a film was encoded again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reencoding {
    /// The program and its version: `ffmpeg 5.1.9-0+deb12u1`.
    pub program: String,
    /// What it was told, with `INPUT`, `BANNER` and `OUTPUT` for the files.
    pub command: Vec<String>,
}

/// A film whose frames have the banner now; what is done further is done to it.
pub(super) struct Shown {
    pub(super) notice: PlacedNotice,
    /// `None` where the frames had it already.
    pub(super) made: Option<Made>,
}

/// What ffmpeg made.
pub(super) struct Made {
    pub(super) file: Scratch,
    survey: Survey,
    reencoding: Reencoding,
    remarks: Vec<String>,
}

impl Shown {
    pub(super) fn wanted(&self) -> Wanted {
        match self.made {
            Some(_) => Wanted::Burnt(self.notice.clone()),
            None => Wanted::Keep(self.notice.clone()),
        }
    }

    /// The film to go on with; what was surveyed of the original stays in the job.
    pub(super) fn enter<'a>(&'a mut self, job: &mut Job, original: &'a mut dyn Source) -> &'a mut dyn Source {
        let Some(made) = &mut self.made else { return original };
        job.original = Some(std::mem::replace(&mut job.survey, std::mem::take(&mut made.survey)));
        job.reencoding = Some(made.reencoding.clone());
        job.remarks = std::mem::take(&mut made.remarks);
        made.file.file()
    }
}

/// Draws the banner, where one is wanted.
///
/// # Errors
///
/// [`Error::Argument`] without ffmpeg; [`Error::Unsupported`] for what it cannot encode again as it was.
pub(super) fn draw(labeler: &Labeler, job: &Job, source: &mut dyn Source) -> Result<Option<Shown>> {
    let Job { format, survey, plan, .. } = job;
    if format.medium() != Medium::Video || !plan.notice || plan.video != VideoNotice::Banner {
        return Ok(None);
    }
    let Some(ffmpeg) = &labeler.ffmpeg else {
        let why = "a banner on every frame needs ffmpeg, and none was given: install it and give its path; an opening card, for H.264 in MP4 and QuickTime, needs none";
        return Err(Error::Argument { argument: "ffmpeg", why: why.into() });
    };
    let budget = &mut Budget::new(&labeler.limits);
    let input = Scratch::copy(ffmpeg.folder(), source)?;
    let film = ffmpeg.film(&input, *format, survey.media_type)?;
    let frame = film.shown()?;
    budget.raster(frame.width, frame.height, 3)?;
    if let Some(notice) = standing(ffmpeg, &input, &film, job, budget)? {
        return Ok(Some(Shown { notice, made: None }));
    }
    let notice = film.aligned(labeler.artist.draw(plan, frame)?.with_strip_of(film.unit()));
    let Burnt { mut file, film, spans, command, mut remarks } = ffmpeg.burn(&input, &film, &notice, plan.banner)?;
    drop(input);
    let span = |span: &Range<u64>| Span { from_ms: span.start, to_ms: span.end };
    let placed = PlacedNotice { spans: spans.iter().map(span).collect(), ..PlacedNotice::drawn(&notice) };
    look(ffmpeg, &file, &film, &notice, &spans, budget)?;
    remarks.extend(lost(*format, source, file.file(), budget));
    let mut survey = format.handler().survey(file.file(), budget)?;
    // ffmpeg knows no XMP: the record is merged into that of the original, wherever it stood.
    match &job.survey.xmp[..] {
        [packet, ..] if survey.xmp.is_empty() && plan.record => survey.xmp.push(packet.clone()),
        [_, ..] if survey.xmp.is_empty() => {
            remarks.push(
                "ffmpeg did not take over the XMP of the film, and a record, which would keep it, was not wanted"
                    .into(),
            );
        }
        _ => {}
    }
    let reencoding = Reencoding { program: format!("ffmpeg {}", ffmpeg.version()), command };
    Ok(Some(Shown { notice: placed, made: Some(Made { file, survey, reencoding, remarks }) }))
}

/// Which boxes of the original ffmpeg left out, where it can be told.
fn lost(format: Format, before: &mut dyn Source, after: &mut dyn Source, budget: &mut Budget) -> Option<String> {
    if !matches!(format, Format::Mp4 | Format::Mov) {
        return None;
    }
    let mut extras = |source| bmff::film::extras(source, format, budget).ok();
    let (before, after) = (extras(before)?, extras(after)?);
    let lost: Vec<_> = before.difference(&after).take(MOST_NAMED).cloned().collect();
    (!lost.is_empty()).then(|| format!("boxes that ffmpeg does not know were left out: {}", lost.join(", ")))
}

/// Why there is no opening card in a format that has no place for one.
pub(super) fn instead(job: &Job) -> Error {
    let what = "an opening card goes into H.264 in MP4 and QuickTime only; ask for a banner on every frame, which needs ffmpeg, or label it without a notice";
    Error::unsupported(job.format, what)
}

/// Looks for the banner that was just drawn, as a stranger would.
fn look(
    ffmpeg: &Ffmpeg,
    file: &Scratch,
    film: &Film,
    notice: &Notice,
    spans: &[Range<u64>],
    budget: &Budget,
) -> Result<()> {
    let mut seen = 0;
    for at in moments(spans, film.duration_ms) {
        let Some(picture) = ffmpeg.picture(file, film, at, budget)? else { continue };
        if !picture.part(notice.rect).is_some_and(|part| notice.is_seen_in(&part)) {
            return Err(Error::ReadBack { format: film.format(), what: "the notice" });
        }
        seen += 1;
    }
    if seen > 0 { Ok(()) } else { Err(Error::ReadBack { format: film.format(), what: "the film" }) }
}

/// The banner that stands there already: only where a label of ours may be, and at the start, in the middle and at the end.
fn standing(ffmpeg: &Ffmpeg, input: &Scratch, film: &Film, job: &Job, budget: &Budget) -> Result<Option<PlacedNotice>> {
    let beside = job.format.handler().facts().binding == HardBinding::Beside;
    // Of one that comes back, the times are not known from the pictures.
    if (job.older.is_none() && !beside) || job.plan.banner.is_some() {
        return Ok(None);
    }
    let len = film.duration_ms.unwrap_or(1).max(1);
    let mut kept = None;
    for at in moments(std::slice::from_ref(&(0..len)), film.duration_ms) {
        let Some(picture) = ffmpeg.picture(input, film, at, budget)? else { return Ok(None) };
        let Raster { size, .. } = picture;
        let found = notice::search(&picture, &job.plan.wording.lines);
        let Some(same) = found.iter().find(|found| seen::says_the_same(found, &job.plan, size)) else {
            return Ok(None);
        };
        kept.get_or_insert_with(|| seen::keep(same, size));
    }
    Ok(kept.map(|kept| PlacedNotice { spans: vec![Span { from_ms: 0, to_ms: len }], ..kept }))
}
