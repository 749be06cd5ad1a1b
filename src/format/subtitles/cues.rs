//! The grammar that WebVTT (W3C, 4.1) and SubRip share: blocks of lines, with an empty line between two, that begin with times.

use std::{collections::VecDeque, ops::Range};

use crate::{
    Result,
    limits::Budget,
    notice::{LINES, Line, MAX_LINE},
};

/// Digits that are read of one number: more hours than that has no film.
const MAX_DIGITS: usize = 9;

/// A cue. Places are bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cue {
    /// From its number or identifier to behind the empty line that ends it.
    pub(super) range: Range<usize>,
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    /// Its words as they are written.
    pub(super) words: Range<usize>,
    /// Its number, in SubRip.
    pub(super) number: Option<u64>,
}

impl Cue {
    /// Its range in the file.
    pub(super) fn place(&self) -> Range<u64> {
        self.range.start as u64..self.range.end as u64
    }
}

/// What stands in a file of subtitles.
#[derive(Debug, Default)]
pub(super) struct Track {
    /// The first cues and the last ones; all of them where they are few.
    pub(super) head: Vec<Cue>,
    pub(super) tail: VecDeque<Cue>,
    /// The latest start of a cue, and the latest end.
    pub(super) latest_ms: u64,
    pub(super) end_ms: u64,
    /// The greatest number of a cue, and whether one has the number 0: SubRip.
    pub(super) greatest: u64,
    pub(super) has_zero: bool,
}

impl Track {
    /// Reads the cues of a text from byte `from` on, but for those that begin where one of `without` does.
    pub(super) fn read(text: &str, from: usize, without: &[Range<u64>], budget: &mut Budget) -> Result<Self> {
        let mut track = Self::default();
        let mut push = |cue: Option<Cue>| match cue {
            Some(cue) if !without.iter().any(|other| other.start == cue.range.start as u64) => track.push(cue),
            _ => {}
        };
        let (mut cue, mut before): (Option<Cue>, Option<Range<usize>>) = (None, None);
        let mut lines_of_block = 0;
        for line in lines(text, from) {
            let shown = text[line.clone()].trim_matches(['\r', '\n']);
            if shown.trim().is_empty() {
                if let Some(cue) = &mut cue {
                    cue.range.end = line.end;
                }
                push(cue.take());
                (before, lines_of_block) = (None, 0);
                continue;
            }
            lines_of_block += 1;
            if let Some((from_ms, to_ms)) = times(shown) {
                budget.part()?;
                push(cue.take());
                // An identifier is the first line of its block (WebVTT, 6.1).
                let start = before.take().filter(|_| lines_of_block == 2).map_or(line.start, |name| name.start);
                let number = text[start..line.end].split(['\r', '\n']).next().and_then(|line| number(line.trim()));
                cue = Some(Cue { range: start..line.end, from_ms, to_ms, words: line.end..line.end, number });
            } else if let Some(cue) = &mut cue {
                cue.words.end = line.end;
                cue.range.end = line.end;
            } else {
                before = Some(line);
            }
        }
        push(cue);
        Ok(track)
    }

    fn push(&mut self, cue: Cue) {
        self.latest_ms = self.latest_ms.max(cue.from_ms);
        self.end_ms = self.end_ms.max(cue.to_ms);
        self.has_zero |= cue.number == Some(0);
        self.greatest = self.greatest.max(cue.number.unwrap_or_default());
        if self.head.len() < LINES {
            self.head.push(cue.clone());
        }
        if self.tail.len() == LINES {
            self.tail.pop_front();
        }
        self.tail.push_back(cue);
    }

    /// The cues that have the place and the number which [`SubRip`](super::SubRip) gives its notice: the first, from the start on, out
    /// of the order of numbers; and then the last, with the greatest.
    pub(super) fn out_of_order(&self) -> Vec<Range<u64>> {
        let (Some(first), Some(last)) = (self.head.first(), self.tail.back()) else { return Vec::new() };
        let greatest = first.number == Some(self.greatest) && self.has_zero;
        if first.from_ms > 0 || !(first.number == Some(0) || greatest) {
            return Vec::new();
        }
        let also = last.number == Some(self.greatest);
        std::iter::once(first.place()).chain(also.then(|| last.place())).collect()
    }

    pub(super) fn first(&self) -> Option<&Cue> {
        self.head.first()
    }

    /// The first and last cues as lines that people read. What is shown for no time is not read.
    pub(super) fn lines(&self, text: &str) -> Vec<Line> {
        let line = |cue: &Cue, first: bool| {
            let words = spoken(&text[cue.words.clone()]);
            let readable = cue.to_ms > cue.from_ms && !words.is_empty() && words.chars().count() <= MAX_LINE;
            readable.then(|| Line {
                place: format!("the cue at {}, byte {}", clock(cue.from_ms, '.'), cue.range.start),
                text: words,
                range: cue.place(),
                first,
                last: !first,
            })
        };
        let first = self.head.iter().filter_map(|cue| line(cue, true)).collect();
        let last = self.tail.iter().rev().filter_map(|cue| line(cue, false)).collect();
        crate::format::text::parted(first, last)
    }
}

/// The lines of a text with their ends: LF, CR and LF, or CR alone.
pub(super) fn lines(text: &str, from: usize) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut at = from;
    std::iter::from_fn(move || {
        let rest = text.as_bytes().get(at..).filter(|rest| !rest.is_empty())?;
        let end = match memchr::memchr2(b'\r', b'\n', rest) {
            Some(end) if rest[end..].starts_with(b"\r\n") => end + 2,
            Some(end) => end + 1,
            None => rest.len(),
        };
        let line = at..at + end;
        at = line.end;
        Some(line)
    })
}

/// What must stand before a block that is put at byte `at`: an empty line, unless there is one.
pub(super) fn gap(text: &str, at: usize, eol: &str) -> String {
    let before = text[..at].trim_start_matches('\u{feff}');
    if before.is_empty() {
        return String::new();
    }
    let line = before.strip_suffix("\r\n").or_else(|| before.strip_suffix(['\n', '\r']));
    let Some(line) = line else { return eol.repeat(2) };
    if line.is_empty() || line.ends_with(['\n', '\r']) { String::new() } else { eol.to_owned() }
}

/// The milliseconds of a line such as `00:00:01,000 --> 00:00:02,500`; WebVTT has a full stop there, hours are optional, and
/// settings may follow.
pub(super) fn times(line: &str) -> Option<(u64, u64)> {
    let (from, to) = line.split_once("-->")?;
    Some((time(from.trim())?, time(to.split_whitespace().next()?)?))
}

fn time(text: &str) -> Option<u64> {
    let (clock, fraction) = text.rsplit_once(['.', ','])?;
    let mut total: u64 = 0;
    let parts = clock.split(':').count();
    for part in clock.split(':') {
        total = total.checked_mul(60)?.checked_add(number(part)?)?;
    }
    ((2..=3).contains(&parts) && fraction.len() == 3)
        .then_some(())
        .and_then(|()| total.checked_mul(1000)?.checked_add(number(fraction)?))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.len() <= MAX_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A time as it is written; `point` stands before the milliseconds.
pub(super) fn clock(ms: u64, point: char) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    format!("{:02}:{:02}:{:02}{point}{ms:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The words of a cue as they are shown, its lines in one: without tags (WebVTT, 6.4), SubRip's codes in braces, and references to
/// characters.
fn spoken(words: &str) -> String {
    let mut text = String::new();
    let mut rest = words;
    while let Some(at) = rest.find(['<', '{', '&']) {
        let (before, behind) = rest.split_at(at);
        text.push_str(before);
        let (shown, len) = match behind.as_bytes()[0] {
            b'<' => ("", behind.find('>').map(|end| end + 1)),
            b'{' if behind.starts_with("{\\") => ("", behind.find('}').map(|end| end + 1)),
            b'&' => REFERENCES
                .iter()
                .find(|(name, _)| behind.starts_with(name))
                .map_or(("&", Some(1)), |(name, shown)| (*shown, Some(name.len()))),
            _ => ("{", Some(1)),
        };
        text.push_str(shown);
        rest = len.map(|len| &behind[len..]).unwrap_or_default();
    }
    text.push_str(rest);
    let lines = text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" / ")
}

const REFERENCES: &[(&str, &str)] =
    &[("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", "\u{a0}"), ("&lrm;", ""), ("&rlm;", "")];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn track(text: &str) -> Track {
        Track::read(text, 0, &[], &mut Budget::new(&Limits::default())).unwrap()
    }

    #[test]
    fn cues_have_numbers_names_and_times() {
        let text = "7\r\n00:00:01,000 --> 00:00:02,500\r\nThe <i>wind</i>\r\ncame &amp; went\r\n\r\nname\r\n01:02.003 --> 01:00:03.000 line:0\r\n{\\an8}Steppe";
        let track = track(text);
        let cues: Vec<_> = track.head.iter().map(|cue| (cue.from_ms, cue.to_ms, cue.range.clone())).collect();
        assert_eq!(cues, [(1000, 2500, 0..text.find("name").unwrap()), (62_003, 3_603_000, cues[1].2.clone())]);
        assert!(text[cues[1].2.clone()].starts_with("name\r\n") && cues[1].2.end == text.len());
        let lines: Vec<_> = track.lines(text).into_iter().map(|line| line.text).collect();
        assert_eq!(lines, ["The wind / came & went", "Steppe"]);
        assert_eq!((track.greatest, track.has_zero, track.latest_ms), (7, false, 62_003));
    }

    #[test]
    fn a_cue_begins_where_its_times_do() {
        // Without an empty line between them: a reader of WebVTT sees two cues.
        let text = "00:01.000 --> 00:02.000\nA\n00:02.000 --> 00:03.000\nB\n";
        assert_eq!(track(text).lines(text).len(), 2);
        assert_eq!(track("STYLE\n::cue { }\n00:02.000 --> 00:03.000\nB").head[0].range.start, 16);
        // Nobody sees what is shown for no time.
        let never = "00:01.000 --> 00:01.000\nA\n";
        assert!(track(never).lines(never).is_empty());
    }

    #[test]
    fn times_that_are_none_are_not_read() {
        for wrong in
            ["--> 00:01.000", "00:01.000 -->", "1 --> 2", "00:01 --> 00:02", "99999999999:00:00.000 --> 0:0.000"]
        {
            assert_eq!(times(wrong), None, "{wrong}");
        }
        assert_eq!(times("999999999:59:59,999 --> 0:00:00,000"), Some((3_599_999_999_999_999, 0)));
        assert_eq!(clock(3_723_004, ','), "01:02:03,004");
    }

    #[test]
    fn an_empty_line_is_put_where_there_is_none() {
        for (text, wanted) in [
            ("", ""),
            ("\u{feff}", ""),
            ("A", "++"),
            ("A\n", "+"),
            ("A\r\n\r\n", ""),
            ("A\n\n", ""),
            ("\n", ""),
            ("A\r", "+"),
            ("A\r\r", ""),
        ] {
            assert_eq!(gap(text, text.len(), "+"), wanted, "{text:?}");
        }
    }
}
