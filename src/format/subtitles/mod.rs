//! Subtitles: WebVTT (W3C) and SubRip. Their notice is a cue of its own at the start; no other cue moves.

mod cues;
mod subrip;
mod webvtt;

use std::ops::Range;

use self::cues::{Track, gap};
use super::{Facts, Handler, Label, Marked, Survey, text};
use crate::{Format, Result, limits::Budget, notice::Prose, patch::Patch, stream::Source};

pub(super) use self::{subrip::SubRip, webvtt::WebVtt};

/// How long the notice is shown, at least and at most, in milliseconds.
const LEAST_MS: u64 = 2_000;
const USUAL_MS: u64 = 3_000;
/// Characters that people read in a second.
const READ_PER_SECOND: u64 = 15;

/// Why such cues have no place for a notice.
const FOR_PROGRAMS: &str = "its cues are data for programs, not words for people; show the warning beside it";

/// What the words of the cues do not say.
struct Shape {
    /// They are data, such as the addresses of small pictures.
    for_programs: bool,
    /// The cues that only a label puts there.
    own: Vec<Range<u64>>,
}

/// How long it takes to read the notice.
fn reading_ms(prose: &Prose) -> u64 {
    let characters: u64 = prose.words().iter().map(|words| words.chars().count() as u64).sum();
    LEAST_MS.max(characters * 1000 / READ_PER_SECOND)
}

/// What WebVTT and SubRip differ in.
trait Grammar: Send + Sync {
    const FORMAT: Format;
    const FACTS: &'static Facts;

    /// Whether these are the first bytes of such a file.
    fn begins(text: &str) -> bool;

    /// Where cues can begin.
    fn start(text: &str) -> usize;

    /// The cues that only a label puts there, by their form.
    fn own(text: &str, track: &Track) -> Vec<Range<u64>>;

    /// Puts in what the label wants.
    fn write(marker: &mut Marker, start: usize, survey: &Survey) -> Result<()>;
}

impl<G: Grammar> Handler for G {
    fn facts(&self) -> &'static Facts {
        G::FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        text::is_text(head) && G::begins(&String::from_utf8_lossy(head))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let text = text::read(source, G::FORMAT, budget)?;
        let mut survey = Survey { media_type: G::FACTS.media_types[0], frames: 1, ..Survey::default() };
        text::carriers(&text, &mut survey, budget)?;
        let track = Track::read(&text, G::start(&text), &[], budget)?;
        survey.lines = track.lines(&text);
        let for_programs = track.first().is_some_and(|cue| is_data(&text[cue.words.clone()]));
        survey.walk = Some(Box::new(Shape { for_programs, own: G::own(&text, &track) }));
        Ok(survey)
    }

    fn mute(&self, survey: &Survey) -> Option<&'static str> {
        shape(survey).filter(|shape| shape.for_programs).map(|_| FOR_PROGRAMS)
    }

    fn is_own(&self, survey: &Survey, range: &Range<u64>) -> bool {
        shape(survey).is_some_and(|shape| shape.own.contains(range))
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let text = text::read(source, G::FORMAT, budget)?;
        let start = G::start(&text);
        let mut marker = Marker::new(G::FORMAT, &text, start, survey, label, budget)?;
        G::write(&mut marker, start, survey)?;
        Ok(marker.done())
    }
}

fn shape(survey: &Survey) -> Option<&Shape> {
    survey.walk.as_ref()?.downcast_ref()
}

/// Whether what a cue holds is for programs: JSON, or the address of a picture that a player shows over its timeline.
fn is_data(words: &str) -> bool {
    let words = words.trim();
    let address = !words.contains(char::is_whitespace)
        && (words.contains("#xywh=") || [".jpg", ".jpeg", ".png", ".webp"].iter().any(|end| words.ends_with(end)));
    let json = words.starts_with(['{', '['])
        && !words.starts_with("{\\")
        && serde_json::from_str::<serde::de::IgnoredAny>(words).is_ok();
    address || json
}

/// The edits of one file.
struct Marker<'a> {
    text: &'a str,
    eol: &'static str,
    track: Track,
    label: &'a Label<'a>,
    marked: Marked,
}

impl<'a> Marker<'a> {
    /// Takes the older label out.
    fn new(
        format: Format,
        text: &'a str,
        start: usize,
        survey: &Survey,
        label: &'a Label<'a>,
        budget: &mut Budget,
    ) -> Result<Self> {
        text::refuse_damaged(format, survey, label)?;
        let mut patch = Patch::default();
        for range in survey.stores.iter().flat_map(|store| &store.carrier) {
            patch.delete(range.clone());
        }
        let replaces = label.prose.map(|prose| prose.replaces.as_slice()).unwrap_or_default();
        for range in replaces {
            patch.delete(range.clone());
        }
        // Lines end in CR alone where no LF stands, as once on the Macintosh.
        let eol = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            None if text.contains('\r') => "\r",
            _ => "\n",
        };
        let track = Track::read(text, start, replaces, budget)?;
        let marked = Marked { patch, no_place_for_record: true, ..Marked::default() };
        Ok(Self { text, eol, track, label, marked })
    }

    /// Puts a cue before the first one, or at the end.
    fn cue(&mut self, at: usize, name: &str, times: &str, words: &[String]) {
        let eol = self.eol;
        let before = gap(self.text, at, eol);
        let cue = format!("{before}{name}{eol}{times}{eol}{}{eol}{eol}", words.join(eol));
        self.marked.patch.insert(at as u64, cue.into_bytes());
        self.marked.noticed = true;
    }

    /// Where the notice goes.
    fn first(&self) -> usize {
        self.track.first().map_or(self.text.len(), |cue| cue.range.start)
    }

    fn done(mut self) -> Marked {
        if self.label.beside && self.label.store_len.is_some() {
            self.marked.patch.beside();
        }
        self.marked
    }
}

/// The times of a cue.
fn times(from_ms: u64, to_ms: u64, point: char) -> String {
    format!("{} --> {}", cues::clock(from_ms, point), cues::clock(to_ms, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_for_programs_is_told_from_words() {
        for data in ["small.jpg#xywh=0,0,160,90\n", "thumbs/0001.png", "{\"chapter\": 1}\n", "[1, 2]"] {
            assert!(is_data(data), "{data}");
        }
        for words in ["{\\an8}The wind", "[music]", "See a.jpg", "{laughs}", "", "Hi"] {
            assert!(!is_data(words), "{words}");
        }
    }
}
