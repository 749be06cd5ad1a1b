//! The first and last blocks of a page with their words, as people read them: there a notice stands.

use std::collections::VecDeque;

use super::tags::Tag;
use crate::notice::{LINES, Line, MAX_LINE};

/// Elements within a line of text; all others begin a new one.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q",
    "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var", "wbr",
];

/// Elements whose text is not on the page.
const UNSEEN: &[&str] =
    &["head", "title", "script", "style", "template", "noscript", "textarea", "select", "iframe", "object"];

/// Gathers the words of a page, block by block.
#[derive(Debug, Default)]
pub(super) struct Lines {
    first: Vec<Line>,
    last: VecDeque<Line>,
    words: String,
    /// Where the block's words start and end, and what stands around them.
    range: std::ops::Range<usize>,
    element: String,
    /// The element that is not seen, and how deep it lies in others of its name.
    unseen: Option<(String, usize)>,
}

impl Lines {
    pub(super) fn open(&mut self, tag: &Tag) {
        if let Some((name, depth)) = &mut self.unseen {
            *depth += usize::from(*name == tag.name);
            return;
        }
        if !INLINE.contains(&tag.name.as_str()) {
            self.end();
            self.element.clone_from(&tag.name);
        }
        // `head` ends without a tag of its own where `body` begins.
        let hidden = is_hidden(tag);
        if tag.name != "head" && !tag.is_void() && (hidden || UNSEEN.contains(&tag.name.as_str())) {
            self.unseen = Some((tag.name.clone(), 1));
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        match &mut self.unseen {
            Some((unseen, depth)) if unseen == name => {
                *depth -= 1;
                if *depth == 0 {
                    self.unseen = None;
                }
            }
            Some(_) => {}
            None if !INLINE.contains(&name) => self.end(),
            None => {}
        }
    }

    pub(super) fn text(&mut self, text: &[u8], at: usize) {
        if self.unseen.is_some() {
            return;
        }
        if self.words.trim().is_empty() {
            self.words.clear();
            self.range = at..at;
        }
        // Longer blocks are no notice: enough is kept to tell that they are.
        if self.words.len() <= MAX_LINE * 4 {
            self.words.push_str(&String::from_utf8_lossy(text));
        }
        self.range.end = at + text.len();
    }

    fn end(&mut self) {
        let words = std::mem::take(&mut self.words);
        let shown = words.chars().any(char::is_alphanumeric);
        if !shown {
            return;
        }
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let place =
            format!("{} at byte {}", if self.element.is_empty() { "text" } else { &self.element }, self.range.start);
        let text = if words.chars().count() <= MAX_LINE { words } else { String::new() };
        let range = self.range.start as u64..self.range.end as u64;
        let line = Line { place, text, range, first: true, last: false };
        if self.last.len() == LINES {
            self.last.pop_front();
        }
        self.last.push_back(Line { first: false, last: true, ..line.clone() });
        if self.first.len() < LINES {
            self.first.push(line);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Line> {
        self.end();
        super::text::parted(self.first, self.last.into_iter().rev().collect())
    }
}

/// Whether an element hides what is in it.
pub(super) fn is_hidden(tag: &Tag) -> bool {
    tag.get("hidden").is_some() || tag.get("style").is_some_and(|style| hides(&style))
}

/// Whether an element's own style hides it; what style sheets do is not looked at.
fn hides(style: &str) -> bool {
    let style: String = style.to_ascii_lowercase().split_ascii_whitespace().collect();
    ["display:none", "visibility:hidden", "opacity:0;", "font-size:0"].iter().any(|way| style.contains(way))
        || style.ends_with("opacity:0")
}
