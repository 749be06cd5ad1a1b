//! The read pipeline: sniff, survey, find, judge.

mod card;
mod film;
mod heard;

use std::sync::Arc;

use time::OffsetDateTime;

use crate::{
    Error, Ffmpeg, Format, Result,
    format::{Carries, Medium, Survey},
    geometry::{Orientation, Size},
    limits::{Budget, Limits},
    manifest::{self, Asset, Reading, Region, TrustAnchors},
    notice::{self, Raster},
    policy::Profile,
    record::{self, Found, Pixels, Seen},
    report::{
        CONTRADICTION, Class, Finding, Look, NoticeReport, Report, Said, Statement, Subject, Technique, Thumbnail,
        WrittenReport, against, judge, say,
    },
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
    pub(crate) limits: Limits,
    at: Option<OffsetDateTime>,
    look: bool,
    ffmpeg: Option<Ffmpeg>,
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
        Self { anchors: Arc::default(), limits: Limits::default(), at: None, look: true, ffmpeg: None, profile: None }
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

    /// Whether the picture is decoded to look for the visible notice, and for the marks that some generators hide in pixels.
    /// Default `true`.
    pub fn look_for_notice(mut self, on: bool) -> Self {
        self.look = on;
        self
    }

    /// The ffmpeg that decodes frames of films, so that their banner can be looked for. Default: none, and the report says that nobody
    /// looked. A film is copied into a temporary file for it, and three of its frames are decoded.
    pub fn ffmpeg(mut self, ffmpeg: Ffmpeg) -> Self {
        self.ffmpeg = Some(ffmpeg);
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
        self.examine(source, None)
    }

    /// Examines what `source` holds by the C2PA manifest store that came beside it (C2PA 2.4 §11.4), whether it embeds one
    /// itself or not. One that it embeds must be the same, or the report says that they contradict each other.
    ///
    /// What the store leaves out of its hash must be where a store stands in the file: otherwise anything could stand there,
    /// and the binding is partial.
    ///
    /// ```
    /// let mut file = std::io::Cursor::new(std::fs::read("fixtures/photo.jpg")?);
    /// let report = tanba::Verifier::new().verify_with_manifest(&mut file, b"no manifest store")?;
    /// assert_eq!(report.verdict, tanba::Verdict::Inconclusive);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`]; [`Error::Limit`] for a store over [`Limits::max_metadata_bytes`].
    pub fn verify_with_manifest(&self, source: &mut dyn Source, store: &[u8]) -> Result<Report> {
        Budget::new(&self.limits).metadata(store.len() as u64)?;
        let place = "the manifest store beside the file".to_owned();
        self.examine(source, Some(Beside { store: store.to_vec(), place, counts: true }))
    }

    /// What every way to verify comes down to.
    pub(crate) fn examine(&self, source: &mut dyn Source, beside: Option<Beside>) -> Result<Report> {
        let mut budget = Budget::new(&self.limits);
        let at = self.at.unwrap_or_else(OffsetDateTime::now_utc);
        let format = Format::sniff(source)?;
        let survey = format.handler().survey(source, &mut budget)?;
        let mut asset = Asset { format, source: &mut *source, survey: &survey, limits: &self.limits };
        let contradiction = beside.as_ref().and_then(|beside| beside.contradicts(&survey));
        let mut reading = match beside {
            Some(Beside { store, place, counts }) if counts || survey.stores.is_empty() => {
                manifest::read_detached(&mut asset, store, &place, &self.anchors, at)?
            }
            _ => manifest::read(&mut asset, &self.anchors, at)?,
        };
        reading.findings.extend(contradiction);
        reading.findings.extend(misnamed(&survey, &reading));
        let picture = self.picture(format, source, &survey, &mut budget)?;
        let found = records(format, source, &survey, picture.as_ref().ok(), &mut budget)?;
        let mut look = picture.map_or_else(|unseen| unseen, |picture| look(&picture, &reading));
        if self.look && format.medium() == Medium::Audio {
            look = heard::listen(format, source, &survey, &reading, &mut budget)?.unwrap_or(look);
        }
        if self.look && format.medium() == Medium::Video {
            look = card::look(self.ffmpeg.as_ref(), format, source, &survey, &reading, &mut budget)?;
        }
        if self.look && format.medium() == Medium::Text && format.notice() != Carries::No {
            let read = read(&survey, &reading);
            // On pages that are drawn, others may have written what only a person can read.
            if survey.pages.is_none() || !read.written.is_empty() {
                look = read;
            }
        }
        look.damaged |= !found.unread.is_empty();
        look.not_examined.extend(found.unread.into_iter().map(Into::into));
        let subject = Subject { format, media_type: survey.media_type, bytes: length(source)?, shown: survey.shown() };
        let looked = look.looked;
        let mut report = judge(subject, at, reading, found.findings, look);
        report.profile = self.profile.map(|profile| against(profile, &report, looked));
        Ok(report)
    }

    /// A small picture of what `source` shows, no side longer than `max_side` pixels; `None` when there is no picture in it
    /// that this build decodes. A picture that is damaged has none either.
    ///
    /// ```
    /// let mut file = std::io::Cursor::new(std::fs::read("fixtures/photo.jpg")?);
    /// let small = tanba::Verifier::new().thumbnail(&mut file, 64)?.expect("a picture");
    /// assert!(small.size.width <= 64 && small.jpeg.len() < 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn thumbnail(&self, source: &mut dyn Source, max_side: u32) -> Result<Option<Thumbnail>> {
        let mut budget = Budget::new(&self.limits);
        let format = Format::sniff(source)?;
        let survey = format.handler().survey(source, &mut budget)?;
        match format.handler().picture(source, &survey, &mut budget) {
            Ok(picture) => Ok(picture.and_then(|picture| Thumbnail::new(&picture, max_side))),
            Err(Error::Io(error)) => Err(Error::Io(error)),
            Err(_) => Ok(None),
        }
    }

    /// What the limits are.
    pub(crate) fn max_metadata_bytes(&self) -> u64 {
        self.limits.max_metadata_bytes
    }

    /// Decodes the picture to look at it. That it cannot be decoded is no error of the label.
    fn picture(
        &self,
        format: Format,
        source: &mut dyn Source,
        survey: &Survey,
        budget: &mut Budget,
    ) -> Result<Result<Raster, Look>> {
        if !self.look {
            return Ok(Err(Look::unseen("the visible notice: not looked for", false)));
        }
        match format.handler().picture(source, survey, budget) {
            Ok(Some(picture)) => Ok(Ok(picture)),
            Ok(None) if format.medium() == Medium::Image => {
                Ok(Err(Look::unseen(say!("the visible notice: tanba cannot decode {}", format), false)))
            }
            Ok(None) => {
                let why = say!("the warning for people: tanba does not look for one in {}; a person has to", format);
                Ok(Err(Look::unseen(why, false)))
            }
            Err(Error::Io(error)) => Err(Error::Io(error)),
            Err(error) => Ok(Err(Look::unseen(say!("the visible notice: {}", Said::from(&error)), true))),
        }
    }
}

/// Reads the unsigned fields, and the marks of others in the pixels.
fn records(
    format: Format,
    source: &mut dyn Source,
    survey: &Survey,
    picture: Option<&Raster>,
    budget: &mut Budget,
) -> Result<Found> {
    let trailer = record::trailer(format, source, survey)?;
    // Laid over white, the picture has lost its alpha and what hides there: such pictures are decoded once more.
    let looked_into = |size: &Size| u64::from(size.width) * u64::from(size.height) <= record::MAX_PIXELS;
    let alpha = match (picture, survey.stored.filter(looked_into)) {
        (Some(_), Some(size)) => match format.handler().rgba(source, survey, budget) {
            Ok(rgba) => rgba.map(|rgba| (size, rgba)),
            Err(Error::Io(error)) => return Err(Error::Io(error)),
            Err(_) => None,
        },
        _ => None,
    };
    let pixels = match (&alpha, picture) {
        (Some((size, rgba)), _) => Pixels::new(*size, 4, rgba, false),
        (None, Some(picture)) => Pixels::new(picture.size, 3, &picture.rgb, survey.orientation != Orientation::Upright),
        (None, None) => None,
    };
    Ok(record::find_in(survey, &Seen { pixels, trailer }, budget))
}

/// Looks where the manifest says, then everywhere.
fn look(picture: &Raster, reading: &Reading) -> Look {
    let (mut notices, mut not_examined) = (Vec::new(), Vec::new());
    for (region, lines) in &reading.regions {
        let Region::Seen(rect) = region else { continue };
        match notice::measure(picture, *rect, lines) {
            Some(sighting) => notices.push(NoticeReport::new(sighting, picture.size, true)),
            None => not_examined.push(say!(
                "the visible notice that the manifest places at {}, {}: its words were not recognised there; look at it",
                rect.x,
                rect.y
            )),
        }
    }
    if notices.is_empty() {
        let found = notice::search(picture, &[]).into_iter();
        notices.extend(found.map(|sighting| NoticeReport::new(sighting, picture.size, false)));
    }
    Look { notices, not_examined, looked: true, ..Look::default() }
}

/// Reads the first and last lines of a text, with the words that its manifest says are there.
fn read(survey: &Survey, reading: &Reading) -> Look {
    let said = reading.regions.iter().filter(|(region, _)| matches!(region, Region::Read(_)));
    let said: Vec<_> = said.flat_map(|(_, lines)| lines.iter().cloned()).collect();
    let written = notice::read(&survey.lines, &said).into_iter().map(WrittenReport::from).collect();
    Look { written, looked: true, ..Look::default() }
}

/// Whether a text names another manifest than the one that was read.
fn misnamed(survey: &Survey, reading: &Reading) -> Option<Finding> {
    let label = &reading.manifest.as_ref()?.label;
    let other = survey.texts.iter().find(|text| text.key == "c2pa-manifest-id" && !label.starts_with(&text.value))?;
    let text = say!("contradiction: the text names another manifest than {}", label);
    let (technique, class) = (Technique::Comparison, Class::Declared);
    Some(Finding::new(technique, class, Statement::AboutTheLabel, text, &other.value, CONTRADICTION))
}

/// A manifest store that stands beside a file.
pub(crate) struct Beside {
    pub(crate) store: Vec<u8>,
    /// What it is called in the report.
    pub(crate) place: String,
    /// Whether it is the one to go by even where the file embeds another.
    pub(crate) counts: bool,
}

impl Beside {
    /// Which of two stores holds is for nobody here to say.
    fn contradicts(&self, survey: &Survey) -> Option<Finding> {
        let embedded = survey.stores.first()?;
        // Some writers fill a carrier up with zeros.
        let bare = |store: &[u8]| store.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        if embedded.jumbf[..bare(&embedded.jumbf)] == self.store[..bare(&self.store)] {
            return None;
        }
        let text = say!("contradiction: {} is not the manifest that the file embeds", self.place);
        let (technique, class) = (Technique::Comparison, Class::Declared);
        Some(Finding::new(technique, class, Statement::AboutTheLabel, text, &self.place, CONTRADICTION))
    }
}
