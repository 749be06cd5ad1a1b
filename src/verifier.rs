//! The read pipeline: sniff, survey, find, judge.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{
    Error, Format, Result,
    format::Survey,
    limits::{Budget, Limits},
    manifest::{self, Reading, TrustAnchors},
    notice,
    policy::Profile,
    record,
    report::{Look, NoticeReport, Outline, Part, Report, Subject, against, judge},
    stream::{Source, length},
};

/// Examines files. Built once, used from many threads; it never opens a connection and never fetches what a file names.
///
/// ```
/// let verifier = tanba::Verifier::new();
/// let mut file = std::io::Cursor::new(std::fs::read("fixtures/photo.jpg")?);
/// let report = verifier.verify(&mut file)?;
/// assert_eq!(report.verdict, tanba::Verdict::NotFound);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    anchors: Arc<TrustAnchors>,
    limits: Limits,
    at: Option<OffsetDateTime>,
    look: bool,
    profile: Option<Profile>,
}

impl Default for Verifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Verifier {
    /// A verifier that trusts nobody: add [`anchors`](Self::anchors).
    pub fn new() -> Self {
        Self { anchors: Arc::default(), limits: Limits::default(), at: None, look: true, profile: None }
    }

    /// Whose certificates are trusted.
    pub fn anchors(mut self, anchors: TrustAnchors) -> Self {
        self.anchors = Arc::new(anchors);
        self
    }

    /// Replaces the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The time at which certificates are judged. Default: the machine's clock at each call.
    pub fn at(mut self, time: OffsetDateTime) -> Self {
        self.at = Some(time);
        self
    }

    /// Whether the picture is decoded to look for the visible notice. Default `true`.
    pub fn look_for_notice(mut self, on: bool) -> Self {
        self.look = on;
        self
    }

    /// Whose rules the label is held against; the report then has a [`ProfileReport`](crate::ProfileReport). Default: nobody's.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Examines what `source` holds.
    ///
    /// # Errors
    ///
    /// Only when the file cannot be examined: unknown format, malformed, over a limit, unreadable. A bad label is no
    /// error: it stands in the report.
    pub fn verify(&self, source: &mut dyn Source) -> Result<Report> {
        let mut budget = Budget::new(&self.limits);
        let at = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        let format = Format::sniff(source)?;
        let survey = format.handler().survey(source, &mut budget)?;
        let reading = manifest::read(format, source, &survey, &self.anchors, at)?;
        let found = record::find(&survey, &mut budget);
        let mut look = self.look(format, source, &survey, &reading, &mut budget)?;
        look.damaged |= !found.unread.is_empty();
        look.not_examined.extend(found.unread);
        let subject = Subject { format, media_type: survey.media_type, bytes: length(source)?, shown: survey.shown() };
        let looked = look.looked;
        let mut report = judge(subject, at, reading, found.findings, look);
        report.profile = self.profile.map(|profile| against(profile, &report, looked));
        Ok(report)
    }

    /// Lists what labels are made of in `source`, and where it stands: manifest stores box by box, metadata property by property,
    /// text fields. Nothing is checked and nothing is judged.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    ///
    /// ```
    /// let mut file = std::io::Cursor::new(std::fs::read("fixtures/photo.jpg")?);
    /// let outline = tanba::Verifier::new().outline(&mut file)?;
    /// assert!(outline.parts.iter().any(|part| part.name == "EXIF"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn outline(&self, source: &mut dyn Source) -> Result<Outline> {
        let mut budget = Budget::new(&self.limits);
        let format = Format::sniff(source)?;
        let survey = format.handler().survey(source, &mut budget)?;
        let mut unread = survey.unread.clone();
        let mut parts = Vec::new();
        for store in &survey.stores {
            let ranges: Vec<_> =
                store.carrier.iter().map(|range| format!("{} to {}", range.start, range.end)).collect();
            let mut part = Part::new("C2PA manifest store", format!("bytes {}", ranges.join(", ")));
            match manifest::outline(&store.jumbf) {
                Ok(boxes) => part.parts = boxes,
                Err(why) => unread.push(format!("the C2PA manifest store at bytes {}: {why}", ranges.join(", "))),
            }
            parts.push(part);
        }
        parts.extend(record::outline(&survey, &mut budget));
        if let Some(trailer) = &survey.trailer {
            let place = format!("bytes {} to {}", trailer.start, trailer.end);
            parts.push(Part::new("data after the end of the content", place));
        }
        Ok(Outline { format, media_type: survey.media_type.into(), bytes: length(source)?, parts, unread })
    }

    /// Looks where the manifest says, then everywhere. A picture that cannot be decoded is no error of the label.
    fn look(
        &self,
        format: Format,
        source: &mut dyn Source,
        survey: &Survey,
        reading: &Reading,
        budget: &mut Budget,
    ) -> Result<Look> {
        if !self.look {
            return Ok(Look::unseen("the visible notice: not looked for".into(), false));
        }
        let picture = match format.handler().picture(source, survey, budget) {
            Ok(Some(picture)) => picture,
            Ok(None) => return Ok(Look::unseen(format!("the visible notice: tanba cannot decode {format}"), false)),
            Err(Error::Io(error)) => return Err(Error::Io(error)),
            Err(error) => return Ok(Look::unseen(format!("the visible notice: {error}"), true)),
        };
        let (mut notices, mut not_examined) = (Vec::new(), Vec::new());
        for (rect, lines) in &reading.regions {
            match notice::measure(&picture, *rect, lines) {
                Some(sighting) => notices.push(NoticeReport::new(sighting, picture.size, true)),
                None => not_examined.push(format!(
                    "the visible notice that the manifest places at {}, {}: its words were not recognised there; look at it",
                    rect.x, rect.y
                )),
            }
        }
        if notices.is_empty() {
            let found = notice::search(&picture, &[]).into_iter();
            notices.extend(found.map(|sighting| NoticeReport::new(sighting, picture.size, false)));
        }
        Ok(Look { notices, not_examined, damaged: false, looked: true })
    }
}
