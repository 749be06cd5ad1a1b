//! The warning that is heard in a recording.

use serde::{Deserialize, Serialize};

use super::{Class, Finding, Statement, Technique, say};
use crate::policy::{Extent, Language};

/// A stretch of a recording, in milliseconds from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Span {
    /// Where it starts.
    pub from_ms: u64,
    /// Where it ends.
    pub to_ms: u64,
}

impl Span {
    /// Start and end in seconds, to a tenth.
    pub(super) fn seconds(self) -> (String, String) {
        let seconds = |ms: u64| format!("{}.{}", ms / 1000, ms % 1000 / 100);
        (seconds(self.from_ms), seconds(self.to_ms))
    }
}

/// A warning that was heard and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeardReport {
    /// Where it is heard.
    pub span: Span,
    /// Whether the signed manifest says that it is there, or it was found by searching.
    pub signed_place: bool,
    /// What is said, one line a part.
    pub lines: Vec<String>,
    /// The languages of the known clips.
    pub languages: Vec<Language>,
    /// What the known clips say; `None` for the rhythm alone.
    pub extent: Option<Extent>,
    /// Its loudness in LUFS (ITU-R BS.1770), where it could be measured.
    pub loudness_lufs: Option<f64>,
    /// The loudness of what follows it, or comes before, in LUFS; within 3 LU is asked for.
    pub programme_lufs: Option<f64>,
    /// Likeness to tanba's own clips, 0 to 1.
    pub score: f64,
}

impl HeardReport {
    /// How much louder the warning is than the programme, in LU.
    pub fn above_programme(&self) -> Option<f64> {
        Some(self.loudness_lufs? - self.programme_lufs?)
    }

    pub(super) fn finding(&self) -> Finding {
        let says = self.extent.map_or(Statement::AboutTheLabel, Statement::from);
        let (from, to) = self.span.seconds();
        let text = match self.loudness_lufs {
            Some(loudness) => {
                say!(
                    "a warning that is heard, from second {} to second {}, {} LUFS",
                    from,
                    to,
                    format_args!("{loudness:.1}")
                )
            }
            None => say!("a warning that is heard, from second {} to second {}", from, to),
        };
        Finding::new(Technique::Notice, Class::Declared, says, text, &self.lines.join(" / "), format!("{from}–{to} s"))
    }
}
