//! What a document shows first: paragraphs of a text, the first sheet, the first page.

use std::ops::ControlFlow;

use crate::{
    format::package::{Element, Paragraphs, Shown, Step, scan},
    limits::Budget,
    notice::Line,
};

const NAME: &str = "content.xml";
/// What our boxes are called.
pub(super) const FRAME: &str = "tanba-notice";
/// Lines of a page that are looked at.
const MAX_LINES: usize = 64;
/// Elements whose words do not stand in the line.
const ASIDE: &[&str] = &["annotation", "note", "tracked-changes", "notes", "forms", "title", "desc"];

/// The words of a step, where it has some that are seen.
fn words<'s>(step: &Step<'s, '_>, around: &[Element]) -> Option<&'s str> {
    let within = |names: &[&str]| around.iter().any(|element| names.contains(&element.name.local));
    match step {
        Step::Text(text) if within(&["p", "h"]) && !within(ASIDE) => Some(text),
        Step::Open(blank) if matches!(blank.name.local, "tab" | "line-break" | "s") && within(&["p", "h"]) => Some(" "),
        _ => None,
    }
}

pub(super) fn text(text: &str, budget: &mut Budget) -> Vec<Line> {
    let mut paragraphs = Paragraphs::default();
    let _ = scan(text, budget, |step, around| {
        if !around.iter().any(|element| element.is("body")) {
            return ControlFlow::Continue(());
        }
        if let Some(words) = words(&step, around) {
            paragraphs.text(words);
        }
        match step {
            // Boxes within a paragraph are read as part of it.
            Step::Close(paragraph, close)
                if (paragraph.is("p") || paragraph.is("h"))
                    && !around.iter().any(|around| around.is("p") || ASIDE.contains(&around.name.local)) =>
            {
                paragraphs.end(NAME, paragraph.tag.start..close.end)
            }
            _ => ControlFlow::Continue(()),
        }
    });
    paragraphs.finish()
}

/// The first table, or the shapes of the first page.
pub(super) fn shapes(text: &str, sheet: bool, budget: &mut Budget) -> Vec<Line> {
    let (mut lines, mut shown) = (Vec::new(), Shown::default());
    let is_one = |element: &Element| match sheet {
        true => element.is("table"),
        false => matches!(element.name.local, "frame" | "custom-shape" | "rect"),
    };
    let _ = scan(text, budget, |step, around| {
        if !around.iter().any(|element| element.is("body")) {
            return ControlFlow::Continue(());
        }
        if let Some(words) = words(&step, around) {
            shown.text(words);
        }
        match step {
            Step::Open(one) if is_one(one) => {
                shown = Shown::default();
                if one.get("name").is_some_and(|name| name == FRAME) {
                    shown.ours();
                }
            }
            Step::Open(column)
                if column.is("table-column")
                    && column.get("style-name").is_some_and(|style| style.starts_with("tanba")) =>
            {
                shown.ours();
            }
            Step::Close(paragraph, _) if paragraph.is("p") => shown.end(),
            Step::Close(one, close) if is_one(one) => {
                lines.extend(shown.lines(NAME, one.tag.start..close.end));
                if sheet || lines.len() >= MAX_LINES {
                    return ControlFlow::Break(());
                }
            }
            Step::Close(page, _) if page.is("page") && !lines.is_empty() => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    lines
}
