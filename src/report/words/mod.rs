//! A report in the words of a language: the command line and the HTML page say the same, because both take it from here.

mod axes;
mod evidence;
mod kk;
mod quote;
mod ru;
mod table;
pub(super) mod terms;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{Headline, Report};
use crate::{Error, Result};

pub(super) use quote::{date, headline};
pub(super) use table::key;

/// A language in which a report can be explained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReportLanguage {
    /// English, the default: the language of [`Finding::text`](crate::Finding::text) and of the JSON form.
    #[default]
    En,
    /// Russian.
    Ru,
    /// Kazakh, in Cyrillic.
    Kk,
}

impl ReportLanguage {
    /// Every language.
    pub const ALL: &'static [Self] = &[Self::En, Self::Ru, Self::Kk];

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ru => "ru",
            Self::Kk => "kk",
        }
    }

    /// The language of a BCP 47 tag; region and script are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when reports do not speak that language.
    ///
    /// ```
    /// use tanba::ReportLanguage;
    /// assert_eq!(ReportLanguage::from_tag("kk-KZ")?, ReportLanguage::Kk);
    /// # Ok::<(), tanba::Error>(())
    /// ```
    pub fn from_tag(tag: &str) -> Result<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        let found = Self::ALL.iter().copied().find(|language| language.tag().eq_ignore_ascii_case(primary));
        found.ok_or_else(|| Error::Argument {
            argument: "language of the report",
            why: format!("there are no words for {tag:?}; known are en, ru and kk"),
        })
    }
}

/// A fact with its name: "signature", "ok", "the label is what its signer wrote".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// What it is about.
    pub name: String,
    /// The answer, in a word or a few.
    pub state: String,
    /// The answer in a sentence; empty where the word says all.
    pub text: String,
}

impl Row {
    fn new(name: impl Into<String>, state: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), state: state.into(), text: text.into() }
    }

    /// Word and sentence together, as one line says them.
    pub fn value(&self) -> String {
        match self.text.is_empty() {
            true => self.state.clone(),
            false => format!("{}: {}", self.state, self.text),
        }
    }
}

/// One of the four axes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Axis {
    /// Name and answer.
    pub row: Row,
    /// The question that it answers.
    pub question: String,
}

/// A finding in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// How much weight it carries.
    pub class: String,
    /// How it was found.
    pub technique: String,
    /// What it says about the content.
    pub says: String,
    /// A sentence.
    pub text: String,
    /// The raw value, in no language; empty where the sentence holds it.
    pub value: String,
    /// Where it stands.
    pub place: String,
    /// The system that it names.
    pub system: Option<String>,
}

/// A visible notice in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoticeWords {
    /// The lines as they stand in the picture.
    pub lines: Vec<String>,
    /// What was measured.
    pub measured: Vec<Row>,
}

/// A link of the history in words; the links stand in the order of [`ManifestReport::chain`](crate::ManifestReport::chain).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkWords {
    /// "this file", "what it was before", "a part of it".
    pub relation: String,
    /// A title, usually a file name.
    pub title: Option<String>,
    /// Whether it is as it was signed.
    pub state: String,
    /// Who signed it, and with which software it was written.
    pub facts: Vec<Row>,
    /// What was done, in order.
    pub actions: Vec<String>,
}

/// A rule in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RuleWords {
    /// Its stable name, such as `kz-21-2-machine`.
    pub id: String,
    /// What is asked for.
    pub rule: String,
    /// Where that is written.
    pub source: String,
    /// `P`, `S` or `E`; [`ProfileWords::marks`] says what they mean.
    pub mark: String,
    /// What the file shows.
    pub outcome: String,
    /// What is asked for, in numbers.
    pub wanted: String,
    /// What was measured.
    pub measured: String,
}

/// The rules of a profile in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProfileWords {
    /// Whose rules.
    pub title: String,
    /// Each of them.
    pub rules: Vec<RuleWords>,
    /// What the marks mean.
    pub marks: Vec<Row>,
    /// That no row is a judgement about the law.
    pub caution: String,
}

/// A [`Report`] in the words of a language.
///
/// Nothing in it is escaped: text of the file stands in it as it is. Pass what is shown through
/// [`escape::line`](crate::escape::line) (terminals), or escape it as the place where it is shown asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The language.
    pub language: ReportLanguage,
    /// What a person is told first.
    pub headline: String,
    /// A sentence or two that can be quoted, with the date of the examination.
    pub quote: String,
    /// What the labels say about AI.
    pub content: Row,
    /// Binding, signature, signer and time.
    pub axes: Vec<Axis>,
    /// The system that is named.
    pub system: Row,
    /// The three lines of California's SB 942, § 22757.2: provenance data, system, signature.
    pub provenance: Vec<Row>,
    /// The file: format, length, size.
    pub file: Vec<Row>,
    /// The manifest, where there is one: who wrote, signed and issued it.
    pub manifest: Vec<Row>,
    /// The history.
    pub chain: Vec<LinkWords>,
    /// The notices that are seen, and the warnings that are heard.
    pub notices: Vec<NoticeWords>,
    /// Everything found, strongest first.
    pub findings: Vec<Evidence>,
    /// Status codes of the C2PA engine that are faults.
    pub faults: Vec<String>,
    /// The rules of the profile that was asked for.
    pub profile: Option<ProfileWords>,
    /// Why the report is not complete.
    pub not_examined: Vec<String>,
    /// What must not be concluded.
    pub not_meant: Vec<String>,
}

impl Report {
    /// The report in the words of `language`.
    ///
    /// What the file itself says stays as it is, and so do explanations that come from libraries below, which are English.
    ///
    /// ```
    /// let report = tanba::verify(&std::fs::read("fixtures/photo.png")?)?;
    /// let words = report.explain(tanba::ReportLanguage::Ru);
    /// assert_eq!(words.headline, "метка ИИ не найдена: о происхождении это ничего не говорит");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self, language: ReportLanguage) -> Explanation {
        Explanation {
            language,
            headline: headline(self, language).to_owned(),
            quote: quote::quote(self, language),
            content: axes::content(self, language),
            axes: axes::axes(self, language),
            system: axes::system(self, language),
            provenance: axes::provenance(self, language),
            file: evidence::file(self, language),
            manifest: evidence::manifest(self, language),
            chain: evidence::chain(self, language),
            notices: (self.notices.iter().map(|notice| evidence::notice(notice, language)))
                .chain(self.heard.iter().map(|heard| evidence::heard(heard, language)))
                .collect(),
            findings: self.findings.iter().map(|finding| evidence::finding(finding, language)).collect(),
            faults: evidence::faults(self),
            profile: self.profile.as_ref().map(|profile| evidence::profile(profile, language)),
            not_examined: evidence::not_examined(self, language),
            not_meant: quote::not_meant(self, language),
        }
    }
}

/// The words that stand around an [`Explanation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Titles {
    /// "available": above the three lines of provenance data.
    pub available: &'static str,
    /// "because": before the reason why a file could not be examined.
    pub because: &'static str,
    /// "could not check": the headline of such a file.
    pub could_not_check: &'static str,
    /// What can be concluded about such a file: nothing.
    pub nothing: &'static str,
    /// Above the findings.
    pub evidence: &'static str,
    /// Above the faults.
    pub faults: &'static str,
    /// Above what was not examined.
    pub not_examined: &'static str,
    /// Above what must not be concluded.
    pub not_meant: &'static str,
    /// "files": before their number.
    pub files: &'static str,
    /// Files of a folder that are in no known format.
    pub passed_over: &'static str,
}

impl ReportLanguage {
    /// [`Headline::sentence`] in this language.
    pub fn headline(self, headline: Headline) -> &'static str {
        self.word(headline.sentence())
    }

    /// The words around a report.
    pub fn titles(self) -> Titles {
        Titles {
            available: self.word(key!("available")),
            because: self.word(key!("because")),
            could_not_check: self.headline(Headline::NotChecked),
            nothing: self.word(quote::NOTHING),
            evidence: self.word(key!("Evidence")),
            faults: self.word(key!("Faults that the C2PA engine names")),
            not_examined: self.word(key!("Not examined")),
            not_meant: self.word(key!("What this does not mean")),
            files: self.word(key!("Files")),
            passed_over: self.word(key!("passed over: not a format that tanba knows")),
        }
    }
}
