//! Breaks lines that are too wide: at spaces, after hyphens, between ideographs; evenly.

use std::{collections::HashMap, ops::Range};

use super::typeset::{Line, Typesetter};
use crate::{Error, Result, policy::Language};

/// More characters than any notice needs; bounds the work of breaking.
const MAX_CHARACTERS: usize = 400;

/// The wording, shaped piece by piece as widths ask for it. Widths are in cap heights.
pub(super) struct Paragraphs<'a> {
    setter: &'a mut Typesetter,
    language: Language,
    /// Each line of the wording and where its pieces start and end.
    lines: Vec<(String, Vec<Range<usize>>)>,
    shaped: HashMap<(usize, usize, usize), Line>,
}

impl<'a> Paragraphs<'a> {
    pub(super) fn new(setter: &'a mut Typesetter, lines: &[String], language: Language) -> Result<Self> {
        let characters: usize = lines.iter().map(|line| line.chars().count()).sum();
        if characters > MAX_CHARACTERS {
            let why = format!("the wording has {characters} characters; say it in {MAX_CHARACTERS} or fewer");
            return Err(Error::NoticeDoesNotFit { why });
        }
        let lines = lines.iter().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let lines = lines.filter(|line| !line.is_empty()).map(|line| {
            let pieces = pieces(&line);
            (line, pieces)
        });
        Ok(Self { setter, language, lines: lines.collect(), shaped: HashMap::new() })
    }

    /// The lines, none wider than `width`, as few as can be and evenly filled; `None` when a piece alone is wider.
    pub(super) fn broken(&mut self, width: f32) -> Result<Option<Vec<Line>>> {
        let mut broken = Vec::new();
        for line in 0..self.lines.len() {
            let Some(rows) = self.break_line(line, width)? else { return Ok(None) };
            for (from, to) in rows {
                broken.push(self.shape(line, from, to)?.clone());
            }
        }
        Ok(Some(broken))
    }

    /// The width of the widest piece.
    pub(super) fn narrowest(&mut self) -> Result<f32> {
        let mut widest = 0.0f32;
        for line in 0..self.lines.len() {
            for piece in 0..self.lines[line].1.len() {
                widest = widest.max(self.shape(line, piece, piece + 1)?.width);
            }
        }
        Ok(widest)
    }

    /// The rows of one line as ranges of pieces.
    fn break_line(&mut self, line: usize, width: f32) -> Result<Option<Vec<(usize, usize)>>> {
        let Some(greedy) = self.fill(line, width)? else { return Ok(None) };
        if greedy.len() <= 1 {
            return Ok(Some(greedy));
        }
        // As many rows as the greedy way needs, the widest of them as narrow as possible: bisect the width.
        let (mut low, mut high, mut best) = (0.0, width, greedy);
        for _ in 0..12 {
            let middle = (low + high) / 2.0;
            match self.fill(line, middle)? {
                Some(rows) if rows.len() == best.len() => (high, best) = (middle, rows),
                _ => low = middle,
            }
        }
        Ok(Some(best))
    }

    /// Fills rows with as many pieces as fit.
    fn fill(&mut self, line: usize, width: f32) -> Result<Option<Vec<(usize, usize)>>> {
        let count = self.lines[line].1.len();
        let (mut rows, mut from) = (Vec::new(), 0);
        while from < count {
            let mut to = from;
            while to < count && self.shape(line, from, to + 1)?.width <= width {
                to += 1;
            }
            if to == from {
                return Ok(None);
            }
            rows.push((from, to));
            from = to;
        }
        Ok(Some(rows))
    }

    fn shape(&mut self, line: usize, from: usize, to: usize) -> Result<&Line> {
        let key = (line, from, to);
        if !self.shaped.contains_key(&key) {
            let (text, pieces) = &self.lines[line];
            let text = text[pieces[from].start..pieces[to - 1].end].trim_end();
            let shaped = self.setter.line(text, self.language)?;
            self.shaped.insert(key, Line { wording: line, ..shaped });
        }
        Ok(&self.shaped[&key])
    }
}

/// The smallest parts that a line may be broken into.
pub(super) fn pieces(line: &str) -> Vec<Range<usize>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut characters = line.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let end = at + character.len_utf8();
        let Some(&(_, next)) = characters.peek() else {
            pieces.push(start..end);
            break;
        };
        let between = is_ideograph(next) && (is_ideograph(character) || character.is_alphanumeric());
        if character == ' ' || (matches!(character, '-' | '/') && next.is_alphanumeric() && at > start) || between {
            pieces.push(start..end);
            start = end;
        }
    }
    pieces
}

/// Ideographs and kana: a line may be broken between any two of them.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30fa}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_after_hyphens_and_between_ideographs() {
        let cut = |line: &str| pieces(line).into_iter().map(|range| line[range].to_owned()).collect::<Vec<_>>();
        assert_eq!(cut("ЖИ көмегімен жасалды"), ["ЖИ ", "көмегімен ", "жасалды"]);
        assert_eq!(cut("KI-generiert"), ["KI-", "generiert"]);
        assert_eq!(cut("AI生成"), ["AI", "生", "成"]);
        assert_eq!(cut("- x"), ["- ", "x"]);
    }

    #[test]
    fn rows_are_as_few_and_as_even_as_the_width_allows() {
        let mut setter = super::super::typeset::bundled();
        let wording = ["Изменено с помощью ИИ".to_owned()];
        let mut paragraphs = Paragraphs::new(&mut setter, &wording, Language::Ru).unwrap();
        let whole = paragraphs.broken(100.0).unwrap().unwrap();
        assert_eq!(whole.len(), 1);
        let two = paragraphs.broken(whole[0].width * 0.8).unwrap().unwrap();
        let texts: Vec<_> = two.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(texts, ["Изменено с", "помощью ИИ"]);
        let narrowest = paragraphs.narrowest().unwrap();
        assert!(paragraphs.broken(narrowest * 0.99).unwrap().is_none());
        assert_eq!(paragraphs.broken(narrowest).unwrap().unwrap().len(), 4);
    }
}
