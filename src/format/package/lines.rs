//! The first paragraphs of a document as people read them: there a notice stands.

use std::ops::{ControlFlow, Range};

use crate::notice::{LINES, Line, MAX_LINE, read};

/// Gathers paragraphs, one after the other.
#[derive(Default)]
pub(in crate::format) struct Paragraphs {
    lines: Vec<Line>,
    words: String,
}

impl Paragraphs {
    pub(in crate::format) fn text(&mut self, text: &str) {
        // Longer paragraphs are no notice: enough is kept to tell that they are.
        if self.words.len() <= MAX_LINE * 4 {
            self.words.push_str(text);
        }
    }

    /// A paragraph of the part `name` ends, which takes these bytes of it. Breaks when enough have been seen.
    pub(in crate::format) fn end(&mut self, name: &str, range: Range<usize>) -> ControlFlow<()> {
        let words = std::mem::take(&mut self.words);
        self.lines.extend(line(&words, name, range));
        if self.lines.len() < LINES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    pub(in crate::format) fn finish(self) -> Vec<Line> {
        self.lines
    }
}

/// The paragraphs of a shape or sheet, which say one thing together or several.
#[derive(Default)]
pub(in crate::format) struct Shown {
    hidden: bool,
    ours: bool,
    words: String,
    all: Vec<String>,
}

impl Shown {
    pub(in crate::format) fn hide(&mut self) {
        self.hidden = true;
    }

    /// It is called as our notices are: what it says, it says together.
    pub(in crate::format) fn ours(&mut self) {
        self.ours = true;
    }

    pub(in crate::format) fn text(&mut self, text: &str) {
        if self.words.len() <= MAX_LINE * 4 {
            self.words.push_str(text);
        }
    }

    /// A paragraph ends.
    pub(in crate::format) fn end(&mut self) {
        let words = std::mem::take(&mut self.words);
        if !words.trim().is_empty() {
            self.all.push(words);
        }
    }

    /// All of it as one line, which takes these bytes of the part `name`, where it is a notice; else each of its paragraphs.
    pub(in crate::format) fn lines(&mut self, name: &str, range: Range<usize>) -> Vec<Line> {
        self.end();
        let Self { hidden, ours, all, .. } = std::mem::take(self);
        if hidden {
            return Vec::new();
        }
        let start = range.start;
        let whole = line(&all.join(" / "), name, range);
        if ours || all.len() < 2 || whole.iter().any(|whole| !read(std::slice::from_ref(whole), &[]).is_empty()) {
            return whole.into_iter().collect();
        }
        all.iter().filter_map(|words| line(words, name, start..start)).collect()
    }
}

/// What a paragraph shows; `None` where that is nothing.
pub(in crate::format) fn line(words: &str, name: &str, range: Range<usize>) -> Option<Line> {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if !words.chars().any(char::is_alphanumeric) {
        return None;
    }
    let text = if words.chars().count() <= MAX_LINE { words } else { String::new() };
    let place = format!("{name} at byte {}", range.start);
    Some(Line { place, text, range: range.start as u64..range.end as u64, first: true, last: false })
}

/// A colour as documents write it.
pub(in crate::format) fn hex([red, green, blue]: [u8; 3]) -> String {
    format!("{red:02X}{green:02X}{blue:02X}")
}

/// Whether words are written from the right to the left.
pub(in crate::format) fn rtl(words: &str) -> bool {
    let from_the_right = |&character: &char| matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    words.chars().find(|character| character.is_alphabetic()).as_ref().is_some_and(from_the_right)
        || words.chars().filter(from_the_right).count() * 2 > words.chars().count()
}

/// Whether words are in a script of East Asia, which has fonts of its own in documents.
pub(in crate::format) fn wide(words: &str) -> bool {
    let eastern = |character| matches!(character, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}');
    words.chars().any(eastern)
}
