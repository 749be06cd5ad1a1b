//! Subtitles: WebVTT (W3C) and SubRip.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, text};
use crate::{Format, Result, limits::Budget, stream::Source};

pub(super) struct Subtitles;

const FACTS: Facts = Facts {
    name: "Subtitles",
    media_types: &["text/vtt", "application/x-subrip"],
    extensions: &["vtt", "srt"],
    medium: Medium::Text,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "UTF-8 only. Words that say AI are not looked for.",
};

impl Handler for Subtitles {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        text::is_text(head) && kind(&String::from_utf8_lossy(head)).is_some()
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let text = text::read(source, Format::Subtitles, budget)?;
        let media_type = kind(&text).unwrap_or(FACTS.media_types[0]);
        let mut survey = Survey { media_type, frames: 1, ..Survey::default() };
        text::carriers(&text, &mut survey, budget)?;
        Ok(survey)
    }
}

/// WebVTT by its signature (WebVTT, 4.1); SubRip by a number and a line of times.
fn kind(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}');
    if let Some(rest) = text.strip_prefix("WEBVTT") {
        return (rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n'])).then_some("text/vtt");
    }
    // A manifest's line may stand before the first number.
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains("C2PA MANIFEST-----"));
    let number = lines.next()?;
    let times = lines.next()?;
    let (from, to) = times.split_once(" --> ")?;
    let is_time = |time: &str| {
        time.len() >= 12
            && time.is_char_boundary(12)
            && time[..12].chars().zip("00:00:00,000".chars()).all(|(is, like)| {
                if like == '0' { is.is_ascii_digit() } else { is == like || (like == ',' && is == '.') }
            })
    };
    let is_number = number.len() <= 9 && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && is_time(from) && is_time(to)).then_some("application/x-subrip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtitles_are_known_by_their_head() {
        assert_eq!(kind("WEBVTT\n\n00:00.000 --> 00:01.000\nHi"), Some("text/vtt"));
        assert_eq!(kind("\u{feff}WEBVTT - a title\n"), Some("text/vtt"));
        assert_eq!(kind("1\r\n00:00:01,000 --> 00:00:02,500\r\nHi\r\n"), Some("application/x-subrip"));
        for other in ["WEBVTTX\n", "1\nThe first of two --> three\n", "1\n00:00:01 --> 00:00:02\n", ""] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
