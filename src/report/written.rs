//! A warning that is read in a text.

use serde::{Deserialize, Serialize};

use super::{Class, Finding, Said, Statement, Technique};
use crate::{
    format::Medium,
    notice::Written,
    policy::{Extent, Language},
};

/// A notice in words that was found among the first or the last lines of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct WrittenReport {
    /// Where it stands: line and byte, or element.
    pub place: String,
    /// Whether it is one of the first lines, not of the last.
    pub first: bool,
    /// The words, one string a wording.
    pub lines: Vec<String>,
    /// Their languages, where the wording is a known one.
    pub languages: Vec<Language>,
    /// What the wording says, where it is a known one.
    pub extent: Option<Extent>,
}

impl WrittenReport {
    pub(super) fn finding(&self, medium: Medium) -> Finding {
        let says = self.extent.map_or(Statement::AboutTheLabel, Statement::from);
        let text: Said = match self.first {
            _ if medium == Medium::Video => "a notice that is read on a caption track".into(),
            true => "a notice at the head of the text".into(),
            false => "a notice at the end of the text".into(),
        };
        Finding::new(Technique::Notice, Class::Declared, says, text, &self.lines.join(" / "), self.place.clone())
    }
}

impl From<Written> for WrittenReport {
    fn from(written: Written) -> Self {
        let Written { place, words, languages, extent, first, .. } = written;
        Self { place, first, lines: words, languages, extent }
    }
}
