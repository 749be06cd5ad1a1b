//! Puts a label into a text: its first line, and a manifest where the language of the text has a place for one.

use super::{
    DATA, armour,
    front::{self, Matter},
    kind::{Comment, Kind},
    wrapper,
};
use crate::{
    Error, Format, Result,
    format::{Label, Marked, Survey},
    nfc,
    notice::Prose,
    patch::Patch,
    record,
};

/// Why JSON has no place for a label.
pub(super) const NO_COMMENTS: &str = "JSON has no comments, in which a notice could stand; show the warning beside it";
/// Why a table has no notice.
pub(super) const NO_ROWS: &str = "a line of words would be a row of the table's data; show the warning beside it";

/// The edits of one text.
struct Marker<'a> {
    text: &'a str,
    eol: &'static str,
    /// Where an older block stood.
    older: Option<usize>,
    label: &'a Label<'a>,
    marked: Marked,
}

pub(super) fn mark(format: Format, text: &str, kind: Kind, survey: &Survey, label: &Label) -> Result<Marked> {
    let mut patch = Patch::default();
    refuse_damaged(format, survey, label)?;
    if matches!(kind, Kind::Markdown | Kind::Xml | Kind::Code(_)) {
        refuse_second(format, survey, label)?;
    }
    for range in survey.stores.iter().flat_map(|store| &store.carrier) {
        patch.delete(range.clone());
    }
    for range in label.prose.iter().flat_map(|prose| &prose.replaces) {
        patch.delete(range.clone());
    }
    // The line ends of the text are those of its first line.
    let crlf = text.find('\n').is_some_and(|at| text[..at].ends_with('\r'));
    let eol = if crlf { "\r\n" } else { "\n" };
    let marked = Marked { patch, no_place_for_record: true, ..Marked::default() };
    let blocks = survey.stores.iter().filter(|_| !survey.nfc).flat_map(|store| &store.carrier);
    let older = blocks.filter_map(|range| usize::try_from(range.start).ok()).next();
    let mut marker = Marker { text, eol, older, label, marked };
    match kind {
        Kind::Json if label.store_len.is_some() && !label.beside => {
            let why =
                "JSON has no comments, in which a manifest could stand; let the manifest stand in a file beside it";
            return Err(Error::unsupported(format, why));
        }
        Kind::Json => {}
        Kind::Plain => marker.plain(),
        Kind::Table(between) => marker.table(between),
        Kind::Markdown => marker.markdown(),
        Kind::Xml => marker.xml(),
        Kind::Code(comment) => marker.code(comment),
    }
    if label.beside && label.store_len.is_some() {
        marker.marked.patch.beside();
    }
    Ok(marker.marked)
}

/// A manifest goes into no text that hides a damaged one.
pub(in crate::format) fn refuse_damaged(format: Format, survey: &Survey, label: &Label) -> Result<()> {
    let damaged = survey.texts.iter().any(|text| text.key == "manifest.text.corruptedWrapper");
    if label.store_len.is_none() || !damaged {
        return Ok(());
    }
    let why =
        "a damaged manifest is hidden in the text; beside another one nobody could tell which counts: remove it first";
    Err(Error::unsupported(format, why))
}

/// Nor into one that names a manifest at another address.
pub(in crate::format) fn refuse_second(format: Format, survey: &Survey, label: &Label) -> Result<()> {
    let named = survey.texts.iter().any(|text| text.key == "c2pa-manifest");
    if label.store_len.is_none() || label.beside || !named {
        return Ok(());
    }
    let why = "the text names a manifest at another address; a text has one manifest (C2PA 2.4 §A.9)";
    Err(Error::unsupported(format, why))
}

impl Marker<'_> {
    /// A.8: the words, and the manifest in characters that show nothing, at the end.
    fn plain(&mut self) {
        let (start, eol) = (self.start(), self.eol);
        if let Some(prose) = self.label.prose {
            let sentence = prose.line();
            self.insert(start, format!("{sentence}{eol}{eol}"));
            self.last(prose, &sentence);
            self.marked.noticed = true;
        }
        self.wrap();
    }

    /// A table has its words only where the caller wants them there.
    fn table(&mut self, between: char) {
        if let Some(prose) = self.label.prose {
            let sentence = prose.line();
            let cell = match sentence.contains([between, '"']) {
                true => format!("\"{}\"", sentence.replace('"', "\"\"")),
                false => sentence,
            };
            self.insert(self.start(), format!("{cell}{}", self.eol));
            self.marked.noticed = true;
        }
        if self.label.store_len.is_some() && !self.label.beside {
            let why = "programs may read the manifest as one more row of the table, which shows nothing; one beside it is no row";
            self.marked.remarks.push(why.into());
        }
        self.wrap();
    }

    /// A.9: the manifest in the front matter, or in a comment at the end.
    fn markdown(&mut self) {
        let eol = self.eol;
        let matter = front::matter(self.text);
        let aigc = self.label.record.filter(|record| record.aigc).map(record::aigc_pairs);
        let mut inside = String::new();
        if let Some(pairs) = &aigc {
            self.marked.no_place_for_record = false;
            let toml = matter.as_ref().is_some_and(|matter| matter.toml);
            inside = front::entry("AIGC", pairs, toml, eol);
            for range in matter.iter().filter_map(|matter| matter.range("AIGC")) {
                self.marked.patch.delete(range.start as u64..range.end as u64);
            }
        }
        let body = match matter {
            Some(Matter { start, end, .. }) => {
                self.insert(start, inside);
                self.block(start, Comment { open: "# ", close: "" }, "", eol);
                end
            }
            None if aigc.is_some() => {
                let start = self.start();
                self.insert(start, format!("---{eol}{inside}"));
                self.block(start, Comment { open: "# ", close: "" }, "", eol);
                self.insert(start, format!("---{eol}{eol}"));
                start
            }
            None => self.start(),
        };
        let closed = self.text[..body].is_empty() || self.text[..body].ends_with(['\n', '\u{feff}']);
        if let Some(prose) = self.label.prose {
            let sentence = format!("**{}**", escaped(&prose.line()));
            let before = if closed { "" } else { eol };
            self.insert(body, format!("{before}{sentence}{eol}{eol}"));
            self.last(prose, &sentence);
            self.marked.noticed = true;
        }
        if front::matter(self.text).is_some() || aigc.is_some() {
            return;
        }
        let comment = Comment { open: "<!-- ", close: " -->" };
        if front::leaves_code_open(self.text) {
            // Behind an open fence a comment would be shown as code.
            self.block(body, comment, "", &format!("{eol}{eol}"));
        } else {
            let gap = if self.text.ends_with('\n') || self.text.is_empty() { "" } else { eol };
            self.block(self.text.len(), comment, &format!("{gap}{eol}"), eol);
        }
    }

    /// A.9 in a processing instruction: two hyphens, with which the marks begin, end a comment of XML (XML 1.0, 2.5).
    fn xml(&mut self) {
        let start = self.start();
        let declaration = self.text[start..].starts_with("<?xml").then(|| self.text[start..].find("?>")).flatten();
        let at = declaration.map_or(start, |end| start + end + 2);
        let rest = &self.text[at..];
        // Onto the line behind the declaration, where there is one.
        let line_end = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
        let before = if declaration.is_some() && line_end == 0 { self.eol } else { "" };
        let comment = Comment { open: "<!-- ", close: " -->" };
        self.comment(at + line_end, comment, before, |words| !words.contains("--"));
        let before = if self.marked.noticed { "" } else { before };
        self.block(at + line_end, Comment { open: "<?c2pa ", close: " ?>" }, before, self.eol);
    }

    /// A.9: comments at the top, behind what must be the first line.
    fn code(&mut self, comment: Comment) {
        let at = self.behind_first_lines(comment);
        let before = if at == 0 || self.text[..at].ends_with(['\n', '\u{feff}']) { "" } else { self.eol };
        self.comment(at, comment, before, |words| comment.close.is_empty() || !words.contains(comment.close.trim()));
        let before = if self.marked.noticed { "" } else { before };
        self.block(at, comment, before, self.eol);
    }

    /// The notice in a comment, which its words must not end.
    fn comment(&mut self, at: usize, comment: Comment, before: &str, holds: impl Fn(&str) -> bool) {
        let Some(prose) = self.label.prose else { return };
        let sentence = prose.line();
        if !holds(&sentence) {
            self.marked.remarks.push("the wording holds the end of a comment, and cannot stand in one".into());
            return;
        }
        let line = format!("{}{sentence}{}", comment.open, comment.close);
        self.insert(at, format!("{before}{line}{}", self.eol));
        self.last(prose, &line);
        self.marked.noticed = true;
    }

    /// Behind the byte order mark.
    fn start(&self) -> usize {
        self.text.len() - self.text.strip_prefix('\u{feff}').unwrap_or(self.text).len()
    }

    /// The interpreter of a script must stand in its first line, and the encoding of a Python file in one of the first two.
    fn behind_first_lines(&self, comment: Comment) -> usize {
        let start = self.start();
        let mut at = start;
        for (number, line) in self.text[start..].split_inclusive('\n').take(2).enumerate() {
            let first =
                number == 0 && (line.starts_with("#!") || line.starts_with("<?php") || line.starts_with("@charset"));
            let coding =
                comment.open == "# " && line.starts_with('#') && (line.contains("coding:") || line.contains("coding="));
            if first || coding {
                at = start + self.text[start..].split_inclusive('\n').take(number + 1).map(str::len).sum::<usize>();
            }
        }
        at
    }

    /// The notice once more, as the last line.
    fn last(&mut self, prose: &Prose, line: &str) {
        if !prose.last {
            return;
        }
        let eol = self.eol;
        let ends = self.text.ends_with('\n');
        let words = if ends { format!("{eol}{line}{eol}") } else { format!("{eol}{eol}{line}") };
        self.insert(self.text.len(), words);
    }

    fn insert(&mut self, at: usize, words: String) {
        if !words.is_empty() {
            self.marked.patch.insert(at as u64, words.into_bytes());
        }
    }

    /// The wrapper at the end, where it does not stand beside, and the hash over form C.
    fn wrap(&mut self) {
        let Some(len) = self.label.store_len else { return };
        self.marked.patch.hash_nfc();
        if !self.label.beside {
            self.marked.patch.slot(self.text.len() as u64, len, Box::new(wrapper::wrap));
            let takes = wrapper::length(len);
            if takes > wrapper::MODEST {
                self.marked.remarks.push(format!(
                    "the manifest takes {takes} bytes of characters that nobody sees, more than the {} that a text should carry: it \
                     holds a long certificate chain, or what earlier labels said; let it stand in a file beside the text, or let \
                     the notice name it (a reference)",
                    wrapper::MODEST
                ));
            }
        }
        if !nfc::is_normal(self.text) {
            self.marked.remarks.push(nfc::OTHER_FORM.into());
        }
    }

    /// The manifest between its two marks, a line of its own; `before` and `after` are content.
    fn block(&mut self, at: usize, comment: Comment, before: &str, after: &str) {
        let Some(len) = self.label.store_len.filter(|_| !self.label.beside) else { return };
        let (at, before, after) = match self.older {
            Some(older) if older == 0 || self.text[..older].ends_with('\n') => (older, "", self.eol),
            Some(older) => (older, self.eol, self.eol),
            None => (at, before, after),
        };
        self.insert(at, before.to_owned());
        // The line end belongs to the block; what follows it does not.
        let (eol, rest) = (self.eol, after.strip_prefix(self.eol).unwrap_or_default());
        let wrap = move |store: &[u8]| armour::line(store, DATA, comment.open, comment.close, eol);
        self.marked.patch.slot(at as u64, len, Box::new(wrap));
        self.insert(at, rest.to_owned());
    }
}

/// Words whose signs Markdown does not take for its own (CommonMark 0.31, 2.4).
fn escaped(words: &str) -> String {
    let mut text = String::with_capacity(words.len());
    for character in words.chars() {
        if "\\`*_[]<>#&".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}
