//! WebVTT: W3C Candidate Recommendation of 2019, and the manifest in a comment by C2PA 2.4 §A.9.

use std::ops::Range;

use super::{Grammar, Marker, Track, cues, cues::Cue, gap, reading_ms, times};
use crate::{
    Format, Result,
    format::{Carries, Facts, HardBinding, Medium, Survey, text},
};

pub(in crate::format) struct WebVtt;

const FACTS: Facts = Facts {
    name: "WebVTT",
    media_types: &["text/vtt"],
    extensions: &["vtt"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "UTF-8 only. The notice is a cue in the first seconds, which shows where subtitles are switched on. \
                  Cues that are data for programs get none.",
};

/// What identifies the cue of the notice, for style sheets and for scripts.
const NAME: &str = "tanba-notice";
const NAME_AT_END: &str = "tanba-notice-end";

impl Grammar for WebVtt {
    const FORMAT: Format = Format::WebVtt;
    const FACTS: &'static Facts = &FACTS;

    fn begins(text: &str) -> bool {
        is_webvtt(text)
    }

    fn start(text: &str) -> usize {
        body(text)
    }

    fn own(text: &str, track: &Track) -> Vec<Range<u64>> {
        let name = |cue: &Cue| text[cue.range.clone()].split(['\r', '\n']).next().unwrap_or_default();
        let ours = track.head.iter().chain(&track.tail).filter(|cue| matches!(name(cue), NAME | NAME_AT_END));
        ours.map(Cue::place).collect()
    }

    fn write(marker: &mut Marker, start: usize, survey: &Survey) -> Result<()> {
        text::refuse_second(Format::WebVtt, survey, marker.label)?;
        let header = &marker.text[..start];
        manifest(marker, start, survey);
        notice(marker, header);
        Ok(())
    }
}

/// The notice: a cue at the top of the picture, where the words of a film do not stand; what stands there makes room (7.2).
fn notice(marker: &mut Marker, header: &str) {
    let Some(prose) = marker.label.prose else { return };
    let words: Vec<_> = prose.words().iter().map(|words| escaped(words)).collect();
    let len_ms = super::USUAL_MS.max(reading_ms(prose));
    // A segment of a stream (RFC 8216, 3.5) holds a later stretch of time: at 0 nobody would see it.
    let segment = header.contains("X-TIMESTAMP-MAP");
    let from_ms = marker.track.first().filter(|_| segment).map_or(0, |cue| cue.from_ms);
    let at = marker.first();
    marker.cue(at, NAME, &placed(from_ms, len_ms), &words);
    if prose.last {
        // Cues are in the order of their starts (4.1); with the last words, since nobody knows how long the film is.
        let from_ms = marker.track.latest_ms.max(from_ms);
        let end = marker.text.len();
        marker.cue(end, NAME_AT_END, &placed(from_ms, len_ms), &words);
    }
}

fn placed(from_ms: u64, len_ms: u64) -> String {
    format!("{} line:0", times(from_ms, from_ms.saturating_add(len_ms), '.'))
}

/// The manifest in a comment behind the header; style sheets may stand behind it (4.1).
fn manifest(marker: &mut Marker, body: usize, survey: &Survey) {
    let (Some(len), false) = (marker.label.store_len, marker.label.beside) else { return };
    let (text, eol) = (marker.text, marker.eol);
    let blocks = survey.stores.iter().filter(|_| !survey.nfc).flat_map(|store| &store.carrier);
    let older = blocks.filter_map(|range| usize::try_from(range.start).ok()).next();
    let at = older.unwrap_or(body);
    // What ends an older one stays.
    let before = match older {
        Some(older) if older == 0 || text[..older].ends_with(['\n', '\r']) => String::new(),
        Some(_) => eol.to_owned(),
        None => gap(text, at, eol),
    };
    let after = if older.is_some() { "" } else { eol };
    marker.marked.patch.insert(at as u64, before.into_bytes());
    marker.marked.patch.slot(at as u64, len, Box::new(move |store| text::armoured_line(store, "NOTE ", eol)));
    marker.marked.patch.insert(at as u64, after.as_bytes().to_vec());
}

/// Words in which nothing is a tag, a reference or the arrow between two times (6.4).
fn escaped(words: &str) -> String {
    words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// By its signature (4.1).
pub(super) fn is_webvtt(text: &str) -> bool {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text).strip_prefix("WEBVTT");
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// Where the header ends: behind its empty line, or where the times of a cue stand that came too early (6.1).
fn body(text: &str) -> usize {
    let mut end = 0;
    for line in cues::lines(text, 0) {
        // Whatever stands in the first line is a title.
        if line.start > 0 && text[line.clone()].contains("-->") {
            return line.start;
        }
        end = line.end;
        if text[line].trim().is_empty() {
            break;
        }
    }
    end
}
