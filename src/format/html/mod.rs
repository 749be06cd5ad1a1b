//! HTML: pages, and fragments of pages.

mod lines;
mod mark;
mod tags;

use std::{collections::BTreeSet, ops::Range};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use self::{
    lines::Lines,
    tags::{Piece, Tag, walk},
};
use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Store, Survey, TextField, text};
use crate::{
    Result,
    container::invisible::Scan,
    limits::Budget,
    stream::{Source, read_all},
};

pub(super) struct Html;

const FACTS: Facts = Facts {
    name: "HTML",
    media_types: &["text/html", "application/xhtml+xml"],
    extensions: &["html", "htm", "xhtml"],
    medium: Medium::Text,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "The page itself, not what it links to. Pages of frames have no notice.",
};

/// Different things that elements of one page say of themselves; more are not kept.
const MAX_SAID: usize = 1000;

/// Elements that a fragment starts with. A text that starts with another word in brackets is a text.
const ELEMENTS: &[&str] = &[
    "html",
    "head",
    "body",
    "title",
    "meta",
    "link",
    "base",
    "script",
    "style",
    "template",
    "noscript",
    "main",
    "article",
    "section",
    "header",
    "footer",
    "nav",
    "aside",
    "div",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "pre",
    "blockquote",
    "ol",
    "ul",
    "dl",
    "figure",
    "table",
    "form",
    "details",
    "dialog",
    "a",
    "b",
    "i",
    "em",
    "strong",
    "span",
    "br",
    "img",
    "picture",
    "video",
    "audio",
    "iframe",
];

impl Handler for Html {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        !text::is_wide(head) && !head.contains(&0) && is_html(&String::from_utf8_lossy(head))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let page = read_all(source, budget)?;
        let xhtml = page.trim_ascii_start().starts_with(b"<?xml");
        let media_type = FACTS.media_types[usize::from(xhtml)];
        let mut walker = Walker {
            page: &page,
            survey: Survey { media_type, frames: 1, ..Survey::default() },
            scan: Scan::default(),
            lines: Lines::default(),
            script: None,
            said: BTreeSet::new(),
            associations: Vec::new(),
            whole: false,
        };
        walk(&page, budget, |piece, budget| walker.piece(piece, budget))?;
        walker.finish(budget)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let page = read_all(source, budget)?;
        mark::mark(&page, survey, label, budget)
    }
}

/// Reads a page piece by piece.
struct Walker<'a> {
    page: &'a [u8],
    survey: Survey,
    scan: Scan,
    lines: Lines,
    /// The script that is open.
    script: Option<Tag>,
    /// What elements say of themselves.
    said: BTreeSet<String>,
    /// Where manifests are named.
    associations: Vec<usize>,
    /// Whether this is a page, not a fragment.
    whole: bool,
}

impl Walker<'_> {
    fn piece(&mut self, piece: Piece, budget: &mut Budget) -> Result<()> {
        match &piece {
            Piece::Open(tag) => self.lines.open(tag),
            Piece::Close { name, .. } => self.lines.close(name),
            Piece::Text(text, at) => self.lines.text(text, *at),
        }
        match piece {
            Piece::Open(tag) => self.open(tag, budget)?,
            Piece::Close { name, range } if name == "script" => {
                if let Some(tag) = self.script.take() {
                    self.script(&tag, &range, budget)?;
                }
            }
            Piece::Text(text, at) if self.script.is_none() => {
                // Pages in other encodings than UTF-8 cannot hold such characters.
                if let Ok(text) = std::str::from_utf8(&text) {
                    self.scan.feed(text, at);
                }
            }
            Piece::Close { .. } | Piece::Text(..) => {}
        }
        Ok(())
    }

    fn open(&mut self, tag: Tag, budget: &mut Budget) -> Result<()> {
        let place = format!("{} at byte {}", tag.name, tag.range.start);
        if let Some(value) = tag.get("ai-disclosure") {
            let value = json!({
                "element": tag.name,
                "value": value,
                "model": tag.get("ai-model"),
                "provider": tag.get("ai-provider"),
            });
            // A page may say the same of every comment on it.
            let value = value.to_string();
            if self.said.len() < MAX_SAID && self.said.insert(value.clone()) {
                self.field("ai-disclosure attribute", value, &place, budget)?;
            }
        }
        match tag.name.as_str() {
            "html" | "head" | "body" => self.whole = true,
            "meta" => {
                let name = tag.get("name").unwrap_or_default().to_ascii_lowercase();
                let key = match name.as_str() {
                    "ai-disclosure" => "ai-disclosure",
                    "ai-generated" => "ai-generated",
                    "aigc" => "AIGC",
                    _ => return Ok(()),
                };
                self.field(key, tag.get("content").unwrap_or_default(), &place, budget)?;
            }
            "link" => {
                let kinds = tag.get("rel").unwrap_or_default().to_ascii_lowercase();
                if kinds.split_ascii_whitespace().any(|kind| kind == "c2pa-manifest") {
                    self.associations.push(tag.range.start);
                    if self.associations.len() > 2 {
                        return Ok(());
                    }
                    self.field("c2pa-manifest", tag.get("href").unwrap_or_default(), &place, budget)?;
                }
            }
            "script" => self.script = Some(tag),
            _ => {}
        }
        Ok(())
    }

    /// A script that ends with the tag at `close`.
    fn script(&mut self, tag: &Tag, close: &Range<usize>, budget: &mut Budget) -> Result<()> {
        let kind = tag.get("type").unwrap_or_default().to_ascii_lowercase();
        let content = tag.range.end..close.start.max(tag.range.end);
        let bytes = self.page.get(content.clone()).unwrap_or_default();
        match kind.split(';').next().unwrap_or_default().trim() {
            "application/c2pa" => {
                self.associations.push(tag.range.start);
                budget.metadata(bytes.len() as u64)?;
                let encoded: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
                // What is no Base64 is kept as it is: a store that cannot be read.
                let jumbf = BASE64_STANDARD.decode(&encoded).unwrap_or(encoded);
                // Only the element as the specification writes it may be left out of the hash: other attributes are content.
                let carrier = if self.is_plain(tag) { tag.range.start..close.end } else { content };
                let carrier = carrier.start as u64..carrier.end as u64;
                self.survey.stores.push(Store { carrier: vec![carrier], jumbf });
            }
            "application/ld+json" => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                self.field("JSON-LD", text, &format!("script at byte {}", tag.range.start), budget)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether a start tag has the type and nothing else.
    fn is_plain(&self, tag: &Tag) -> bool {
        let raw = self.page.get(tag.range.clone()).unwrap_or_default().to_ascii_lowercase();
        let raw: Vec<u8> =
            raw.into_iter().filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'')).collect();
        raw == b"<scripttype=application/c2pa>"
    }

    fn field(&mut self, key: &str, value: String, place: &str, budget: &mut Budget) -> Result<()> {
        budget.metadata(value.len() as u64)?;
        self.survey.texts.push(TextField { place: place.to_owned(), key: key.into(), value });
        Ok(())
    }

    fn finish(mut self, budget: &mut Budget) -> Result<Survey> {
        if let Some(tag) = &self.script {
            let at = tag.range.start;
            self.survey
                .unread
                .push(format!("the script at byte {at} of the page is not closed: nothing behind it was read"));
        }
        if let [_, second, ..] = self.associations.as_slice() {
            text::status(&mut self.survey, "manifest.html.multipleManifests", "", format!("the page at byte {second}"));
        }
        let survey = &mut self.survey;
        survey.lines = self.lines.finish();
        match (self.scan.wrappers.first(), std::str::from_utf8(self.page)) {
            // A text that only looks like a page: Markdown that starts with a tag.
            (Some(_), Ok(whole)) if !self.whole && self.associations.is_empty() => {
                text::carriers(whole, survey, budget)?
            }
            (wrapper, _) => {
                if let Some(wrapper) = wrapper {
                    let place = format!("the page at byte {}", wrapper.range.start);
                    text::status(survey, "a C2PA text wrapper", "", place);
                }
                text::hidden(&self.scan, "the page", survey, budget)?;
            }
        }
        Ok(self.survey)
    }
}

fn is_html(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    let mut xml = false;
    loop {
        let (end, len) = if rest.starts_with("<!--") {
            ("-->", 3)
        } else if rest.starts_with("<?") {
            xml = true;
            ("?>", 2)
        } else {
            break;
        };
        match rest.find(end) {
            Some(at) => rest = rest[at + len..].trim_start(),
            None => return false,
        }
    }
    let Some(tag) = rest.strip_prefix('<') else { return false };
    let word = |text: &str| -> String { text.chars().take_while(char::is_ascii_alphanumeric).collect() };
    let first = word(tag.strip_prefix('!').unwrap_or(tag)).to_ascii_lowercase();
    if tag.starts_with('!') {
        return first == "doctype" && word(tag["!doctype".len()..].trim_start()).eq_ignore_ascii_case("html");
    }
    let closed = tag[first.len()..].starts_with([' ', '\t', '\r', '\n', '>', '/']);
    closed && if xml { first == "html" } else { ELEMENTS.contains(&first.as_str()) }
}

#[cfg(test)]
mod tests;
