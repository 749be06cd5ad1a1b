//! Puts a label into a page: a banner at the top of its body, fields and the manifest in its head. Nothing else changes.

use std::ops::Range;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

use super::{
    lines::is_hidden,
    tags::{Piece, Tag, walk},
};
use crate::{
    Error, Format, Result,
    format::{Label, Marked, Survey},
    limits::Budget,
    notice::Prose,
    patch::Patch,
    policy::{Extent, Language},
    record::{self, Record},
};

/// Identifiers of our elements.
const NOTICE: &str = "tanba-notice";
const NOTICE_AT_END: &str = "tanba-notice-end";
const RECORD: &str = "tanba-record";

/// Elements of a head; any other begins the body (WHATWG HTML, 13.2.6.4.4).
const HEAD: &[&str] = &["html", "head", "title", "meta", "link", "base", "script", "style", "template", "noscript"];

pub(super) fn mark(page: &[u8], survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
    let unsupported = |why| Err(Error::unsupported(Format::Html, why));
    let signed = label.store_len.is_some();
    if signed && survey.texts.iter().any(|text| text.key == "c2pa-manifest") {
        return unsupported("the page names a manifest at another address; a page has one manifest (C2PA 2.4 §A.7)");
    }
    let mut patch = Patch::default();
    for range in survey.stores.iter().flat_map(|store| &store.carrier) {
        if !usize::try_from(range.start).is_ok_and(|start| page[start..].starts_with(b"<")) {
            return unsupported(
                "the element that carries the manifest has attributes of its own, which would be left behind",
            );
        }
        // With the line end that was written behind it.
        let line_end = usize::try_from(range.end).is_ok_and(|end| page.get(end) == Some(&b'\n'));
        patch.delete(range.start..range.end + u64::from(line_end));
    }
    let mut layout = Layout { page, ..Layout::default() };
    walk(page, budget, |piece, _| {
        layout.piece(piece);
        Ok(())
    })?;
    if let Some((name, at)) = &layout.raw {
        let why = format!("the element {name} is not closed: all that follows is a part of it; close it");
        return Err(Error::malformed(Format::Html, *at as u64, why));
    }
    let xml = survey.media_type == "application/xhtml+xml";
    let utf8 = std::str::from_utf8(page).is_ok() && (xml || layout.declares_utf8 || page.starts_with(b"\xef\xbb\xbf"));
    let writer = Writer { xml, utf8 };
    for (kind, range) in &layout.ours {
        let goes = match kind {
            Ours::Notice => label.prose.is_some(),
            Ours::Aigc => label.record.is_some_and(|record| record.aigc),
            Ours::Training => label.record.is_some_and(|record| record.no_training),
            Ours::Record => label.record.is_some(),
        };
        if goes {
            patch.delete(range.start as u64..range.end as u64);
        }
    }
    let mut marked = Marked { patch, no_place_for_record: false, ..Marked::default() };
    let (head, body) = layout.places();
    let at_the_end = |place: u64| usize::try_from(place).is_ok_and(|place| place == page.len());
    let last = label.prose.is_some_and(|prose| prose.last);
    if (at_the_end(head) || at_the_end(body) || last && at_the_end(layout.end())) && ends_open(page, budget)? {
        let why =
            "the page ends within a tag, a comment or the like: what is put behind it would be a part of it; close it";
        return Err(Error::malformed(Format::Html, page.len() as u64, why));
    }
    if let Some(record) = label.record {
        marked.patch.insert(head, writer.record(record).into_bytes());
    }
    if let (Some(len), false) = (label.store_len, label.beside) {
        // Only the element is left out of the hash: the line end behind it is content.
        marked.patch.slot(head, len, Box::new(script));
        marked.patch.insert(head, b"\n".to_vec());
    }
    if signed && label.beside {
        marked.patch.beside();
    }
    match label.prose {
        Some(_) if layout.frames => {
            marked.remarks.push("a page of frames has no body in which words could stand".into())
        }
        Some(_) if layout.hidden => {
            let why = "the page hides its body until a script or a style sheet shows it: words in it are not seen without them";
            marked.remarks.push(why.into());
        }
        Some(prose) => {
            marked.patch.insert(body, writer.banner(prose, NOTICE).into_bytes());
            if prose.last {
                marked.patch.insert(layout.end(), writer.banner(prose, NOTICE_AT_END).into_bytes());
            }
            marked.noticed = true;
        }
        None => {}
    }
    Ok(marked)
}

/// Whether a tag behind the page would be none.
fn ends_open(page: &[u8], budget: &mut Budget) -> Result<bool> {
    let mut open = true;
    walk(&[page, b"<p>"].concat(), budget, |piece, _| {
        open &= !matches!(piece, Piece::Open(tag) if tag.range.start == page.len());
        Ok(())
    })?;
    Ok(open)
}

/// The element of C2PA 2.4 §A.7.
fn script(store: &[u8]) -> Vec<u8> {
    format!("<script type=\"application/c2pa\">{}</script>", BASE64_STANDARD.encode(store)).into_bytes()
}

/// What a label of ours, or a field that says the same, left in the page.
#[derive(Clone, Copy, Debug)]
enum Ours {
    Notice,
    Record,
    Aigc,
    Training,
}

/// Where things stand in a page; offsets are bytes.
#[derive(Debug, Default)]
struct Layout<'a> {
    page: &'a [u8],
    head_end: Option<Range<usize>>,
    body: Option<Range<usize>>,
    /// Where the body begins without a tag of its own.
    content: Option<usize>,
    /// The tags that end body and page.
    ends: Vec<usize>,
    frames: bool,
    /// The page itself, or its body.
    hidden: bool,
    declares_utf8: bool,
    ours: Vec<(Ours, Range<usize>)>,
    /// An element of ours that is open: its name and start.
    open: Option<(Ours, String, usize)>,
    /// An element of the head whose text is no content.
    raw: Option<(String, usize)>,
}

impl Layout<'_> {
    fn piece(&mut self, piece: Piece) {
        match piece {
            Piece::Open(tag) => self.tag(tag),
            Piece::Close { name, range } => {
                if self.open.as_ref().is_some_and(|(_, open, _)| *open == name)
                    && let Some((kind, _, start)) = self.open.take()
                {
                    // With the line end that was written behind it.
                    let end = range.end + usize::from(self.page.get(range.end) == Some(&b'\n'));
                    self.ours.push((kind, start..end));
                }
                if self.raw.as_ref().is_some_and(|(open, _)| *open == name) {
                    self.raw = None;
                }
                match name.as_str() {
                    "head" if self.head_end.is_none() && self.body.is_none() && self.content.is_none() => {
                        self.head_end = Some(range);
                    }
                    "body" | "html" => self.ends.push(range.start),
                    _ => {}
                }
            }
            Piece::Text(text, at) => {
                let mark = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&text);
                if self.raw.is_none() && !mark.trim_ascii().is_empty() {
                    // The blanks in front of the words may stay where they are.
                    self.content.get_or_insert(at);
                }
            }
        }
    }

    fn tag(&mut self, tag: Tag) {
        let id = tag.get("id").unwrap_or_default();
        let name = tag.get("name").unwrap_or_default().to_ascii_lowercase();
        let whole = || {
            let end = tag.range.end;
            tag.range.start..end + usize::from(self.page.get(end) == Some(&b'\n'))
        };
        match (tag.name.as_str(), id.as_str(), name.as_str()) {
            ("p", NOTICE | NOTICE_AT_END, _) => self.open = Some((Ours::Notice, tag.name.clone(), tag.range.start)),
            ("script", RECORD, _) => self.open = Some((Ours::Record, tag.name.clone(), tag.range.start)),
            ("meta", _, "ai-disclosure" | "ai-generated") => self.ours.push((Ours::Record, whole())),
            ("meta", _, "aigc") => self.ours.push((Ours::Aigc, whole())),
            ("meta", _, "tdm-reservation") => self.ours.push((Ours::Training, whole())),
            ("meta", ..) => {
                let of = |name| tag.get(name).unwrap_or_default().to_ascii_lowercase();
                self.declares_utf8 |=
                    of("charset") == "utf-8" || of("content").replace(' ', "").contains("charset=utf-8");
            }
            _ => {}
        }
        self.hidden |= matches!(tag.name.as_str(), "html" | "body") && is_hidden(&tag);
        match tag.name.as_str() {
            "body" => drop(self.body.get_or_insert(tag.range.clone())),
            "frameset" => self.frames = true,
            "title" | "script" | "style" | "template" | "noscript" if self.content.is_none() => {
                self.raw.get_or_insert((tag.name.clone(), tag.range.start));
            }
            other if self.raw.is_none() && !HEAD.contains(&other) => drop(self.content.get_or_insert(tag.range.start)),
            _ => {}
        }
    }

    /// Where the fields of the head go, and where the banner does.
    fn places(&self) -> (u64, u64) {
        let start = self.content.unwrap_or_else(|| self.ends.iter().copied().min().unwrap_or(self.page.len()));
        let (head, body) = match (&self.head_end, &self.body) {
            // A body's tag behind content adds attributes only.
            (head, Some(body)) if self.content.is_none_or(|content| body.end <= content) => {
                (head.as_ref().map_or(body.start, |head| head.start), body.end)
            }
            (Some(head), _) => (head.start, head.end),
            (None, _) => (start, start),
        };
        (head as u64, body as u64)
    }

    fn end(&self) -> u64 {
        self.ends.iter().copied().min().unwrap_or(self.page.len()) as u64
    }
}

/// Writes elements so that every browser reads them alike.
struct Writer {
    /// XHTML: every element is closed.
    xml: bool,
    /// The page says that it is UTF-8; else references stand for other characters than ASCII, which mean the same in all encodings.
    utf8: bool,
}

impl Writer {
    fn escaped(&self, words: &str) -> String {
        let mut text = String::with_capacity(words.len());
        for character in words.chars() {
            match character {
                '&' => text.push_str("&amp;"),
                '<' => text.push_str("&lt;"),
                '>' => text.push_str("&gt;"),
                '"' => text.push_str("&quot;"),
                character if self.utf8 || character.is_ascii() => text.push(character),
                character => text.push_str(&format!("&#{};", u32::from(character))),
            }
        }
        text
    }

    /// The banner. Its style takes back whatever the page's own rules do to paragraphs, and prints its plate.
    fn banner(&self, prose: &Prose, id: &str) -> String {
        let colour = |[red, green, blue]: [u8; 3]| format!("#{red:02x}{green:02x}{blue:02x}");
        let line = |(words, language): &(String, Option<Language>)| {
            let words = self.escaped(words.trim());
            match language {
                Some(language) => {
                    let tag = language.tag();
                    let xml = if self.xml { format!(" xml:lang=\"{tag}\"") } else { String::new() };
                    format!("<span lang=\"{tag}\"{xml} dir=\"auto\">{words}</span>")
                }
                None => format!("<span dir=\"auto\">{words}</span>"),
            }
        };
        let lines: Vec<_> = prose.lines.iter().map(line).collect();
        let language = prose.lines.first().and_then(|(_, language)| *language);
        let language = language.map(|language| format!(" lang=\"{}\"", language.tag())).unwrap_or_default();
        format!(
            "<p id=\"{id}\" role=\"note\"{language} style=\"all:initial;display:block;margin:0;padding:.5em 1em;\
             font:bold 1.125rem/1.5 sans-serif;text-align:center;color:{};background:{};\
             -webkit-print-color-adjust:exact;print-color-adjust:exact\">{}</p>\n",
            colour(prose.text),
            colour(prose.plate),
            lines.join(" / ")
        )
    }

    fn meta(&self, name: &str, content: &str) -> String {
        let end = if self.xml { " />" } else { ">" };
        format!("<meta name=\"{name}\" content=\"{}\"{end}\n", self.escaped(content))
    }

    /// `ai-disclosure` (W3C AI Content Disclosure Community Group), schema.org's `digitalSourceType`, and what else is asked for.
    fn record(&self, record: &Record) -> String {
        let (disclosure, source) = match record.extent {
            Extent::Generated => ("ai-generated", "TrainedAlgorithmicMediaDigitalSource"),
            Extent::Modified => ("ai-assisted", "CompositeWithTrainedAlgorithmicMediaDigitalSource"),
        };
        let mut text = self.meta("ai-disclosure", disclosure);
        if record.aigc {
            text += &self.meta("AIGC", &record::aigc_json(record));
        }
        if record.no_training {
            // The Text and Data Mining Reservation Protocol of W3C's community group, 7.
            text += &self.meta("tdm-reservation", "1");
        }
        let data = json!({
            "@context": "https://schema.org",
            "@type": "WebPage",
            "identifier": format!("urn:uuid:{}", record.id),
            "digitalSourceType": format!("https://schema.org/{source}"),
            "creator": {
                "@type": "SoftwareApplication",
                "name": record.system,
                "softwareVersion": record.system_version,
                "provider": { "@type": "Organization", "name": record.provider },
            },
        });
        // In no encoding, and in no script, do these characters mean anything else.
        let data: String = data
            .to_string()
            .chars()
            .map(|character| match character {
                '<' | '>' | '&' => format!("\\u{:04x}", u32::from(character)),
                character if character.is_ascii() => character.to_string(),
                character => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
            })
            .collect();
        text + &format!("<script type=\"application/ld+json\" id=\"{RECORD}\">{data}</script>\n")
    }
}
