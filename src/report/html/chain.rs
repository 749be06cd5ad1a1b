//! The history as a tree: the file, under it what it was made from, under that what those were made from.

use std::fmt::Write as _;

use super::escape::{bdi, text};
use crate::report::{ChainLink, words::LinkWords};

/// Levels that are indented; deeper ones stand below each other.
const MAX_INDENT: usize = 6;

pub(super) fn chain(links: &[ChainLink], words: &[LinkWords]) -> String {
    let mut html = String::from("<ul class=\"chain\">\n");
    for (at, depth) in order(links) {
        let (Some(link), Some(words)) = (links.get(at), words.get(at)) else { continue };
        let state = match (&link.label, link.unchanged) {
            (None, _) => "bare",
            (_, true) => "whole",
            (_, false) => "changed",
        };
        let _ = write!(
            html,
            "<li class=\"{state} depth-{}\"><p><span class=\"relation\">{}</span>",
            depth.min(MAX_INDENT),
            text(&words.relation)
        );
        if let Some(title) = &words.title {
            let _ = write!(html, " <strong>{}</strong>", bdi(title));
        }
        let _ = writeln!(html, " <span class=\"state\">{}</span></p>", text(&words.state));
        for fact in &words.facts {
            let _ = writeln!(html, "<p class=\"fact\">{}: {}</p>", text(&fact.name), bdi(&fact.state));
        }
        if !words.actions.is_empty() {
            let actions: String = words.actions.iter().map(|action| format!("<li>{}</li>", bdi(action))).collect();
            let _ = writeln!(html, "<ol>{actions}</ol>");
        }
        html.push_str("</li>\n");
    }
    html + "</ul>\n"
}

/// The links depth first, with their depths. A report that somebody wrote may name links that are not there, or circles: each
/// link stands there once.
fn order(links: &[ChainLink]) -> Vec<(usize, usize)> {
    let root = |at: usize, link: &ChainLink| link.of.is_none_or(|of| of >= at);
    let roots = links.iter().enumerate().filter(|(at, link)| root(*at, link)).map(|(at, _)| (at, 0));
    let mut open: Vec<_> = roots.collect();
    open.reverse();
    let mut order = Vec::new();
    while let Some((at, depth)) = open.pop() {
        order.push((at, depth));
        let children = (at + 1..links.len()).rev().filter(|&child| links[child].of == Some(at));
        open.extend(children.map(|child| (child, depth + 1)));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Relation;

    #[test]
    fn each_link_stands_below_the_one_that_names_it() {
        let link = |of: Option<usize>| ChainLink {
            label: None,
            relation: Relation::Other,
            of,
            title: None,
            claim_generator: None,
            signer: None,
            unchanged: false,
            actions: Vec::new(),
        };
        let of = |parents: &[Option<usize>]| order(&parents.iter().copied().map(link).collect::<Vec<_>>());
        assert_eq!(of(&[None, Some(0), Some(0), Some(1)]), [(0, 0), (1, 1), (3, 2), (2, 1)]);
        // A circle, and a link that is not there.
        assert_eq!(of(&[Some(1), Some(0), Some(9)]), [(0, 0), (1, 1), (2, 0)]);
    }
}
