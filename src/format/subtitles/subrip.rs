//! SubRip: numbers, times and words. It has no comments, and no specification.

use std::ops::Range;

use super::{Grammar, Marker, Track, cues, reading_ms, times, webvtt};
use crate::{
    Format, Result,
    format::{Carries, Facts, HardBinding, Medium, Survey},
};

pub(in crate::format) struct SubRip;

// What stands behind the last cue is passed over by VLC, and shown by ffmpeg as that cue's last line: a wrapper (C2PA 2.4 §A.8) would
// be part of the film. So the manifest stands beside the file.
const FACTS: Facts = Facts {
    name: "SubRip",
    media_types: &["application/x-subrip", "text/srt"],
    extensions: &["srt"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Beside,
    limitations: "UTF-8 only. The notice is a cue in the first seconds, which shows where subtitles are switched on. \
                  The format has no comments: the manifest stands in a file beside it.",
};

/// Puts a cue at the top of the picture; of SubStation Alpha, and understood by most players.
const AT_TOP: &str = "{\\an8}";

impl Grammar for SubRip {
    const FORMAT: Format = Format::SubRip;
    const FACTS: &'static Facts = &FACTS;

    fn begins(text: &str) -> bool {
        is_subrip(text)
    }

    /// Behind the byte order mark.
    fn start(text: &str) -> usize {
        text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len()
    }

    fn own(_text: &str, track: &Track) -> Vec<Range<u64>> {
        track.out_of_order()
    }

    fn write(marker: &mut Marker, _start: usize, _survey: &Survey) -> Result<()> {
        notice(marker);
        Ok(())
    }
}

fn notice(marker: &mut Marker) {
    let Some(prose) = marker.label.prose else { return };
    let words = prose.words();
    if words.iter().any(|words| words.contains(['<', '{']) || words.contains("-->")) {
        let why = "the wording holds <, { or -->, which SubRip takes for its own and cannot escape";
        marker.marked.remarks.push(why.into());
        return;
    }
    let least_ms = reading_ms(prose);
    let len_ms = super::USUAL_MS.max(least_ms);
    // Until the first words of the film, where that is long enough: some players show one cue at a time.
    let first_ms = marker.track.first().map_or(u64::MAX, |cue| cue.from_ms);
    let (end_ms, place) = if first_ms >= least_ms { (len_ms.min(first_ms), "") } else { (len_ms, AT_TOP) };
    let placed = |place: &str| vec![format!("{place}{}", words.join(marker.eol))];
    // ffmpeg and VLC pass over the numbers, programs that edit do not: one that no other cue has.
    let next = marker.track.greatest + 1;
    let number = if marker.track.has_zero { next } else { 0 };
    // In front of all that stands there: a number that no times follow would be taken for that of the notice.
    let at = SubRip::start(marker.text);
    let (first, again) = (placed(place), placed(AT_TOP));
    marker.cue(at, &number.to_string(), &times(0, end_ms, ','), &first);
    if prose.last {
        let from_ms = marker.track.latest_ms;
        let number = next + u64::from(number == next);
        let end = marker.text.len();
        marker.cue(end, &number.to_string(), &times(from_ms, from_ms.saturating_add(len_ms), ','), &again);
    }
}

/// By a number and a line of times.
fn is_subrip(text: &str) -> bool {
    if webvtt::is_webvtt(text) {
        return false;
    }
    // A manifest's line may stand before the first number.
    let text = text.trim_start_matches('\u{feff}');
    let lines = cues::lines(text, 0).map(|line| text[line].trim());
    let mut lines = lines.filter(|line| !line.is_empty() && !line.contains("C2PA MANIFEST-----"));
    let (Some(number), Some(line)) = (lines.next(), lines.next()) else { return false };
    let is_number = number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && line.contains(" --> ") && cues::times(line).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitles_are_known_by_their_head() {
        assert!(webvtt::is_webvtt("WEBVTT\n\n00:00.000 --> 00:01.000\nHi"));
        assert!(webvtt::is_webvtt("\u{feff}WEBVTT - a title\n"));
        assert!(is_subrip("1\r\n00:00:01,000 --> 00:00:02,500\r\nHi\r\n"));
        for other in ["WEBVTTX\n", "1\nThe first of two --> three\n", "1\n00:00:01 --> 00:00:02\n", ""] {
            assert!(!is_subrip(other) && !webvtt::is_webvtt(other), "{other}");
        }
    }
}
