//! The notice of a text: written anew, or the one that stands there already.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use super::{Job, Wanted};
use crate::{
    Error, Format, Result,
    format::{Medium, Pages},
    notice::{self, Prose, Written},
    record,
    stream::Source,
};

/// What the manifest calls the notice of a text; in a page it is the identifier of the element.
const FRAGMENT: &str = "tanba-notice";
/// The first page of a document (RFC 8118, 3).
const FIRST_PAGE: &str = "page=1";

/// What the manifest calls this one.
pub(super) fn fragment(written: &WrittenNotice) -> &'static str {
    if written.on_first_page { FIRST_PAGE } else { FRAGMENT }
}

/// A notice in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WrittenNotice {
    /// The words, one string a language; they stand in the first line of the text, in the first cue of
    /// subtitles, or on every page.
    pub lines: Vec<String>,
    /// Whether they stand in the last line as well.
    pub at_the_end: bool,
    /// Whether they stand on every page instead, in a document that is drawn page by page.
    #[serde(default)]
    pub on_pages: bool,
    /// Whether they stand on the first page only, in such a document.
    #[serde(default)]
    pub on_first_page: bool,
    /// Whether the notice had been there before and was kept.
    pub kept: bool,
}

/// What is to be done about the notice.
pub(super) fn wanted(job: &Job) -> Wanted {
    let mut prose = Prose::new(&job.plan);
    // A notice that stands on every page has no other end.
    prose.on_pages = job.survey.pages.is_some();
    prose.last &= job.format.handler().ends() && !prose.on_pages;
    prose.names = job.names_manifest().then(|| job.record.id.to_string());
    let words = prose.words();
    let standing = notice::read(&job.survey.lines, &words);
    // A name belongs to one manifest: the new one has another.
    let kept = |written: &Written| written.says(&words) && !written.names && prose.names.is_none();
    let says_it = |first: bool| standing.iter().any(|written| written.first == first && kept(written));
    if job.format.handler().mute(&job.survey).is_some() && !job.plan.row_in_tables {
        return Wanted::Nothing;
    }
    let (first, last) = (says_it(true), says_it(false));
    // Words of an older label on other pages would stay there beside the new ones: then every page has the new ones.
    let nowhere_else = |pages: Pages| standing.is_empty() || (pages.first && pages.bare.saturating_add(1) >= pages.all);
    prose.on_first_page = job.plan.first_page && job.survey.pages.is_some_and(nowhere_else);
    let on_all = job.survey.pages.is_none_or(|pages| pages.bare == 0 || (prose.on_first_page && pages.first));
    if on_all && first && (last || !prose.last) {
        let on_first_page = prose.on_first_page;
        let on_pages = prose.on_pages && !on_first_page;
        let kept = WrittenNotice { lines: words, at_the_end: last, on_pages, on_first_page, kept: true };
        return Wanted::StillWritten(kept);
    }
    let renamed = |written: &Written| written.names || (prose.names.is_some() && written.says(&words));
    // Of a label of ours: another notice than its own would contradict it. What an author wrote stays.
    let ours = !job.survey.stores.is_empty() || record::is_labelled(&job.survey);
    let own = |written: &Written| job.format.handler().is_own(&job.survey, &written.range);
    let replaced = standing.iter().filter(|written| ours || own(written) || renamed(written));
    let replaced = replaced.map(|written| written.range.clone());
    prose.replaces = replaced.filter(|range| !range.is_empty()).collect();
    Wanted::Write(prose)
}

/// Text is what is left when nothing else fits: a picture by its name that holds text is damaged, or an answer of some server.
pub(super) fn refuse_misnamed(format: Format, extension: Option<&str>) -> Result<()> {
    let promised = |other: &&Format| extension.is_some_and(|extension| other.extensions().contains(&extension));
    match Format::ALL.iter().find(promised) {
        // TypeScript has two of the names of transport streams.
        Some(Format::MpegTs) if matches!(extension, Some("ts" | "mts")) => Ok(()),
        Some(other) if format == Format::Text && *other != Format::Text && other.medium() != Medium::Text => {
            Err(Error::UnknownFormat)
        }
        _ => Ok(()),
    }
}

/// Bytes that are of no known format, under the name of a text: says what keeps them from being one.
pub(super) fn explain(error: Error, extension: Option<&str>, source: &mut dyn Source) -> Error {
    let is_text = |format: &Format| {
        // SubRip has no type of its own among the texts.
        let is_text = |kind: &&str| kind.starts_with("text/") || *kind == "application/x-subrip";
        format.medium() == Medium::Text && format.media_types().iter().any(is_text)
    };
    let named = Format::ALL
        .iter()
        .filter(|format| is_text(format))
        .any(|format| extension.is_some_and(|extension| format.extensions().contains(&extension)));
    let mut head = Vec::new();
    if !named || !matches!(error, Error::UnknownFormat) || source.take(4096).read_to_end(&mut head).is_err() {
        return error;
    }
    match std::str::from_utf8(&head) {
        Err(fault) if fault.error_len().is_some() => {
            let why = "it is not UTF-8; convert it first, with `iconv`";
            Error::malformed(Format::Text, fault.valid_up_to() as u64, why)
        }
        _ => error,
    }
}

/// The extension of a file's name, in small letters.
pub(super) fn extension(name: &str) -> Option<String> {
    let name = std::path::Path::new(name);
    let extension = name.extension().or_else(|| name.file_name())?.to_str()?;
    (!extension.is_empty()).then(|| extension.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_under_the_name_of_something_else_is_refused_but_source_code_is_not() {
        for extension in ["jpg", "mp4", "m2ts", "m2t", "flac"] {
            assert!(refuse_misnamed(Format::Text, Some(extension)).is_err(), "{extension}");
        }
        for extension in ["txt", "rs", "ts", "mts", "html"] {
            assert!(refuse_misnamed(Format::Text, Some(extension)).is_ok(), "{extension}");
        }
        assert!(refuse_misnamed(Format::MpegTs, Some("jpg")).is_ok() && refuse_misnamed(Format::Text, None).is_ok());
    }
}
