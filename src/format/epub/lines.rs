//! The first blocks of a page of a book with their words, as people read them.

use std::ops::ControlFlow;

use crate::{
    format::package::{Element, Paragraphs, Step, scan},
    limits::Budget,
    notice::Line,
};

/// Elements within a line of text; all others begin a new one.
const INLINE: &[&str] = &[
    "a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "dfn", "em", "font", "i", "ins", "kbd", "mark", "q", "s",
    "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var",
];

pub(super) fn of(text: &str, name: &str, budget: &mut Budget) -> Vec<Line> {
    let mut paragraphs = Paragraphs::default();
    // What was read before a fault counts: the label says more than this.
    let _ = scan(text, budget, |step, around| {
        let unseen =
            |element: &Element| matches!(element.name.local, "head" | "script" | "style" | "rp") || hides(element);
        if around.iter().any(unseen) || !around.iter().any(|element| element.is("body")) {
            return ControlFlow::Continue(());
        }
        match step {
            Step::Text(text) => paragraphs.text(text),
            Step::Open(blank) if blank.is("br") => paragraphs.text(" "),
            Step::Open(block) if !INLINE.contains(&block.name.local) => {
                let at = block.tag.start;
                return paragraphs.end(name, at..at);
            }
            Step::Close(block, close) if !INLINE.contains(&block.name.local) => {
                let whole = block.is("p");
                let range = if whole { block.tag.start..close.end } else { close.start..close.start };
                return paragraphs.end(name, range);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    paragraphs.finish()
}

/// Whether an element's own style hides it; what style sheets do is not looked at.
fn hides(element: &Element) -> bool {
    let style: String = element.get("style").unwrap_or_default().to_ascii_lowercase().split_whitespace().collect();
    element.attribute("hidden").is_some() || style.contains("display:none") || style.contains("visibility:hidden")
}
