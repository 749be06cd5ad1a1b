//! Looks for the banner on the frames of a film: at the start, in the middle and at the end.

use std::ops::Range;

use crate::{
    Error, Ffmpeg, Format, Result,
    ffmpeg::{Film, Scratch, moments},
    format::Survey,
    geometry::Rect,
    limits::Budget,
    manifest::{Reading, Region},
    notice::{self, Raster, Sighting},
    report::{Look, NoticeReport, Said, Span, say},
    stream::Source,
};

/// What looking gave. That ffmpeg cannot read the film is no error of the label.
pub(super) fn look(
    ffmpeg: &Ffmpeg,
    format: Format,
    source: &mut dyn Source,
    survey: &Survey,
    reading: &Reading,
    budget: &mut Budget,
) -> Result<Look> {
    match looked(ffmpeg, format, source, survey, reading, budget) {
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(error) => {
            let damaged = matches!(error, Error::Backend { .. });
            Ok(Look::unseen(say!("the visible notice: {}", Said::from(&error)), damaged))
        }
        found => found,
    }
}

fn looked(
    ffmpeg: &Ffmpeg,
    format: Format,
    source: &mut dyn Source,
    survey: &Survey,
    reading: &Reading,
    budget: &mut Budget,
) -> Result<Look> {
    let scratch = Scratch::copy(ffmpeg.folder(), source)?;
    let film = ffmpeg.film(&scratch, format, survey.media_type)?;
    let mut eye = Eye { ffmpeg, scratch, film, budget };
    let mut look = Look { looked: true, ..Look::default() };
    for (region, lines) in &reading.regions {
        let Region::Shown { rect, spans } = region else { continue };
        match eye.measure(*rect, spans, lines)? {
            Some(found) => look.notices.push(found),
            None => look.not_examined.push(say!(
                "the visible notice that the manifest places at {}, {} of the film: its words were not recognised on every frame that was looked at; look at it",
                rect.x,
                rect.y
            )),
        }
    }
    if look.notices.is_empty() {
        look.notices = eye.search()?;
    }
    Ok(look)
}

/// A film that is looked at.
struct Eye<'a> {
    ffmpeg: &'a Ffmpeg,
    scratch: Scratch,
    film: Film,
    budget: &'a mut Budget,
}

impl Eye<'_> {
    /// The pictures at the start, in the middle and at the end of what `spans` say; those that there are.
    fn pictures(&mut self, spans: &[Range<u64>]) -> Result<Vec<Raster>> {
        let mut all = Vec::new();
        for at in moments(spans, self.film.duration_ms) {
            self.budget.part()?;
            all.extend(self.ffmpeg.picture(&self.scratch, &self.film, at, self.budget)?);
        }
        Ok(all)
    }

    /// The notice at a place that is told: what is least of it on any of the pictures. `None` where one of them lacks it.
    fn measure(&mut self, rect: Rect, spans: &[Range<u64>], lines: &[String]) -> Result<Option<NoticeReport>> {
        let mut least: Option<NoticeReport> = None;
        for picture in self.pictures(spans)? {
            let Some(sighting) = notice::measure(&picture, rect, lines) else { return Ok(None) };
            least = Some(weaker(least, NoticeReport::new(sighting, picture.size, true)));
        }
        Ok(least.map(|least| NoticeReport { spans: spans.iter().map(shown).collect(), ..least }))
    }

    /// The notices that stand anywhere on the first picture, and whether they still stand there on the others.
    fn search(&mut self) -> Result<Vec<NoticeReport>> {
        let len = self.film.duration_ms.unwrap_or(1).max(1);
        let pictures = self.pictures(std::slice::from_ref(&(0..len)))?;
        let Some((first, others)) = pictures.split_first() else { return Ok(Vec::new()) };
        let same = |picture: &Raster, sighting: &Sighting| notice::measure(picture, sighting.rect, &sighting.lines);
        let found = notice::search(first, &[]).into_iter().map(|sighting| {
            let later: Option<Vec<_>> = others.iter().map(|picture| same(picture, &sighting)).collect();
            let lasts = later.as_ref().is_some_and(|later| !later.is_empty());
            let report = NoticeReport::new(sighting, first.size, false);
            let later = later.unwrap_or_default().into_iter();
            let least = later
                .map(|one| NoticeReport::new(one, first.size, false))
                .fold(report.clone(), |a, b| weaker(Some(a), b));
            // Of one that is gone later the end was not looked for.
            let until = if lasts { len } else { 1 };
            NoticeReport { spans: vec![shown(&(0..until))], rect: report.rect, ..least }
        });
        Ok(found.collect())
    }
}

fn shown(span: &Range<u64>) -> Span {
    Span { from_ms: span.start, to_ms: span.end }
}

/// The smaller of two, in each measure.
fn weaker(a: Option<NoticeReport>, b: NoticeReport) -> NoticeReport {
    let Some(a) = a else { return b };
    NoticeReport {
        cap_height_px: a.cap_height_px.min(b.cap_height_px),
        cap_height_share: a.cap_height_share.min(b.cap_height_share),
        contrast: a.contrast.min(b.contrast),
        score: a.score.min(b.score),
        ..a
    }
}
