//! Listens for the warning: where the manifest says that it is, else at the start and at the end, and where neither has one at the
//! interval at which tanba repeats it.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    format::{Stretch, Survey},
    limits::Budget,
    manifest::{Reading, Region},
    notice::{Hit, Listener, Sound, level::Meter},
    policy::EVERY,
    report::{HeardReport, Look, Span, say},
    stream::Source,
};

/// Milliseconds that are searched at the start and at the end where no manifest says more.
const SEARCHED: u64 = 15_000;
/// Milliseconds between two clips of one warning at most.
const APART: u64 = 1_500;
/// Milliseconds of the programme whose loudness is measured.
const PROGRAMME: u64 = 30_000;
/// The most repetitions of one warning that are listened to.
const MAX_LISTENED: usize = 16;

/// Milliseconds that a warning takes: the rhythm alone, and speech in four languages.
const SHORTEST: u64 = 1_300;
const LONGEST: u64 = 15_000;
/// Milliseconds before and behind the place where a repetition is expected.
const LEEWAY: u64 = 2_000;
/// Milliseconds that are searched around one place at most, and how many places in vain: a recording with no warning, however long, is
/// not to be listened to for minutes.
const WINDOW: u64 = 30_000;
const IN_VAIN: u32 = 3;

/// What listening gave; `None` where this build cannot decode the sound.
pub(super) fn listen(
    format: Format,
    source: &mut dyn Source,
    survey: &Survey,
    reading: &Reading,
    budget: &mut Budget,
) -> Result<Option<Look>> {
    if let Some(hits) = told(format, source, survey, budget)? {
        return Ok(Some(by_clips(hits, reading)));
    }
    let mut ear = Ear { format, source, survey, budget, listener: Listener::new() };
    let mut look = Look { looked: true, ..Look::default() };
    for (region, lines) in &reading.regions {
        let Region::Heard(spans) = region else { continue };
        for span in spans.iter().take(MAX_LISTENED) {
            let stretch = Stretch::From { ms: span.start.saturating_sub(200), len_ms: span.end - span.start + 700 };
            let Some(sound) = ear.sound(stretch)? else { return Ok(None) };
            let hits = ear.listener.search(&sound);
            let (from, to) = (span.start, span.end);
            match report(&hits, span.clone(), true, Some(lines)) {
                Some(found) => look.heard.push(ear.measured(found, &sound)?),
                None => look.not_examined.push(say!(
                    "the warning that the manifest says is heard from {} to {} ms: its words were not recognised there; listen to it",
                    from,
                    to
                )),
            }
        }
        if spans.len() > MAX_LISTENED {
            look.not_examined.push(say!(
                "the manifest says that the warning is heard {} times; the first {} were listened to",
                spans.len(),
                MAX_LISTENED
            ));
        }
    }
    if look.heard.is_empty() {
        let Some(start) = ear.sound(Stretch::From { ms: 0, len_ms: SEARCHED })? else { return Ok(None) };
        ear.found(&start, &mut look.heard)?;
        // How long it is is not known of every stream.
        if let Some(last) = ear.sound(Stretch::Last { len_ms: SEARCHED })? {
            ear.found(&last, &mut look.heard)?;
            if look.heard.is_empty() {
                ear.repeated(end_ms(&last), &mut look.heard)?;
            }
        }
    }
    Ok(Some(look))
}

/// The clips that are told by their coded form, in formats that cannot be decoded here.
fn told(format: Format, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Vec<Hit>>> {
    match format.handler().clips(source, survey, budget) {
        Err(Error::Io(error)) => Err(Error::Io(error)),
        Err(_) => Ok(None),
        found => found,
    }
}

/// What is known of clips without decoding them: where they stand, not how loud they are.
fn by_clips(hits: Vec<Hit>, reading: &Reading) -> Look {
    let spans = reading.regions.iter().filter_map(|(region, lines)| match region {
        Region::Heard(spans) => Some((spans.first()?, lines)),
        Region::Seen(_) | Region::Shown { .. } | Region::Read(_) => None,
    });
    let signed: Vec<_> = spans.collect();
    let mut heard = Vec::new();
    for hits in groups(hits) {
        let span = hits[0].span.start..hits[hits.len() - 1].span.end;
        let place = signed.iter().find(|(signed, _)| signed.start.abs_diff(span.start) < APART);
        let found = match place {
            Some((signed, lines)) => report(&hits, (*signed).clone(), true, Some(lines)),
            None => report(&hits, span, false, None),
        };
        heard.extend(found);
    }
    let mut not_examined = Vec::new();
    if let (Some((span, _)), true) = (signed.first(), heard.is_empty()) {
        not_examined.push(say!(
            "the warning that the manifest says is heard from {} to {} ms: its words were not recognised there; listen to it",
            span.start,
            span.end
        ));
    }
    Look { heard, not_examined, looked: true, ..Look::default() }
}

struct Ear<'a> {
    format: Format,
    source: &'a mut dyn Source,
    survey: &'a Survey,
    budget: &'a mut Budget,
    listener: Listener,
}

impl Ear<'_> {
    /// That it cannot be decoded is no error of the label.
    fn sound(&mut self, stretch: Stretch) -> Result<Option<Sound>> {
        match self.format.handler().sound(self.source, self.survey, stretch, self.budget) {
            Err(Error::Io(error)) => Err(Error::Io(error)),
            Err(_) => Ok(None),
            sound => sound,
        }
    }

    /// Adds the warnings that are heard in `sound`, but for those that are known: a short recording is searched twice over.
    fn found(&mut self, sound: &Sound, heard: &mut Vec<HeardReport>) -> Result<()> {
        for hits in groups(self.listener.search(sound)) {
            let span = hits[0].span.start..hits[hits.len() - 1].span.end;
            let known = |old: &HeardReport| old.span.from_ms.abs_diff(span.start) < APART;
            if !heard.iter().any(known)
                && let Some(found) = report(&hits, span, false, None)
            {
                heard.push(self.measured(found, sound)?);
            }
        }
        Ok(())
    }

    /// Searches where repetitions stand in recordings whose start and end were cut off.
    fn repeated(&mut self, end_ms: u64, heard: &mut Vec<HeardReport>) -> Result<()> {
        let every = u64::try_from(EVERY.as_millis()).unwrap_or(u64::MAX);
        let mut in_vain = 0;
        for time in 1..=MAX_LISTENED as u64 {
            let (from, len_ms) = match heard.last().map(|last| last.span) {
                Some(last) => (last.to_ms + every - LEEWAY, last.to_ms - last.from_ms + 2 * LEEWAY),
                // The warnings before it stand in front of it, or all but the one that was cut off, and each is of some length.
                None => {
                    let from = time * every + (time - 1) * SHORTEST;
                    (from.saturating_sub(LEEWAY), (time * LONGEST + LONGEST + LEEWAY).min(WINDOW))
                }
            };
            if from >= end_ms || in_vain >= IN_VAIN {
                break;
            }
            let Some(sound) = self.sound(Stretch::From { ms: from, len_ms })? else { break };
            let before = heard.len();
            self.found(&sound, heard)?;
            in_vain = if heard.len() > before { 0 } else { in_vain + 1 };
        }
        Ok(())
    }

    fn measured(&mut self, mut report: HeardReport, sound: &Sound) -> Result<HeardReport> {
        report.loudness_lufs = loudness(sound, report.span.from_ms..report.span.to_ms);
        let programme = self.sound(Stretch::From { ms: report.span.to_ms, len_ms: PROGRAMME })?;
        report.programme_lufs = programme.as_ref().and_then(|sound| loudness(sound, 0..u64::MAX));
        if report.programme_lufs.is_none() && report.span.from_ms > 0 {
            let from = report.span.from_ms.saturating_sub(PROGRAMME);
            let before = self.sound(Stretch::From { ms: from, len_ms: report.span.from_ms - from })?;
            report.programme_lufs = before.as_ref().and_then(|sound| loudness(sound, 0..u64::MAX));
        }
        Ok(report)
    }
}

/// Where it ends, in milliseconds from the start of the recording.
fn end_ms(sound: &Sound) -> u64 {
    let frames = sound.samples.len() as u64 / u64::from(sound.channels.max(1));
    sound.from_ms + frames * 1000 / u64::from(sound.rate.max(1))
}

/// LUFS of what stands in `span`, to a tenth.
fn loudness(sound: &Sound, span: Range<u64>) -> Option<f64> {
    let at = |ms: u64| {
        let frames = ms.saturating_sub(sound.from_ms).saturating_mul(sound.rate.into()) / 1000;
        let samples = frames.saturating_mul(sound.channels.into());
        usize::try_from(samples).unwrap_or(usize::MAX).min(sound.samples.len())
    };
    let mut meter = Meter::new(sound.channels, sound.rate);
    meter.add(sound.samples.get(at(span.start)..at(span.end))?);
    meter.loudness().map(|loudness| (loudness * 10.0).round() / 10.0)
}

/// Clips that follow one another are one warning.
fn groups(hits: Vec<Hit>) -> Vec<Vec<Hit>> {
    let mut groups: Vec<Vec<Hit>> = Vec::new();
    for hit in hits {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| hit.span.start < last.span.end + APART) => group.push(hit),
            _ => groups.push(vec![hit]),
        }
    }
    groups
}

/// `None` where nothing known was heard.
fn report(hits: &[Hit], span: Range<u64>, signed_place: bool, lines: Option<&[String]>) -> Option<HeardReport> {
    let score = hits.iter().map(|hit| hit.score).reduce(f64::min)?;
    let mut languages: Vec<_> = hits.iter().filter_map(|hit| hit.says).map(|(language, _)| language).collect();
    languages.dedup();
    let words = || hits.iter().map(|hit| hit.words.to_owned()).collect();
    Some(HeardReport {
        span: Span { from_ms: span.start, to_ms: span.end },
        signed_place,
        lines: lines.map_or_else(words, <[String]>::to_vec),
        languages,
        extent: hits.iter().find_map(|hit| hit.says).map(|(_, extent)| extent),
        loudness_lufs: None,
        programme_lufs: None,
        score: (score * 1000.0).round() / 1000.0,
    })
}
