//! Exit codes: what a script can tell apart without reading words.

use std::fmt;

use tanba::{Error, FixableBy, Headline};

pub(super) const DONE: u8 = 0;
pub(super) const USAGE: u8 = 2;
pub(super) const INCOMPLETE: u8 = 3;
pub(super) const CONTENT: u8 = 4;
pub(super) const OPERATOR: u8 = 5;
pub(super) const IO: u8 = 6;
pub(super) const DEFECT: u8 = 7;
pub(super) const DECLARED: u8 = 10;
pub(super) const BROKEN: u8 = 11;
pub(super) const NO_LABEL: u8 = 12;
pub(super) const NOT_CHECKED: u8 = 13;

/// Shown by `--help`; README repeats it, and a test holds the two together.
pub(super) const HELP: &str = "\
Exit codes of `label`, and of every command that fails:
   0  done; the label is complete, or holds all that was asked for
   3  labelled, but a part that was asked for is missing (no notice in HEIC, for instance)
   2  the arguments are wrong, OUT exists, or the format cannot do this (the caller can fix it)
   4  the file is damaged or too large (its maker can fix it)
   5  key, certificates or anchors cannot be used (the operator can fix it)
   6  reading or writing failed (disk, permissions, a closed pipe)
   7  a defect of tanba: please report it

Exit codes of `verify`, by its headline:
   0  AI-made: proven
  10  AI-made: declared, not proven
  11  label broken or contradictory: do not rely on it
  12  no AI label found: this says nothing about the origin
  13  could not check";

/// Exit codes of `verify`, the one that stands for several files first.
const WORST_FIRST: [u8; 5] = [BROKEN, NOT_CHECKED, NO_LABEL, DECLARED, DONE];

/// Why a command failed, in words, and the exit code that says who can fix it.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: u8,
    pub(super) words: String,
    /// The file is in no format that tanba knows.
    pub(super) unknown_format: bool,
    /// The file is in a format that tanba does not label.
    pub(super) no_picture: bool,
}

impl Failure {
    fn new(code: u8, words: impl Into<String>) -> Self {
        Self { code, words: words.into(), unknown_format: false, no_picture: false }
    }

    pub(super) fn usage(words: impl Into<String>) -> Self {
        Self::new(USAGE, words)
    }

    pub(super) fn operator(words: impl Into<String>) -> Self {
        Self::new(OPERATOR, words)
    }

    pub(super) fn io(words: impl Into<String>) -> Self {
        Self::new(IO, words)
    }

    /// By a signal; shells count so (POSIX, 2.8.2).
    pub(super) fn stopped(signal: usize) -> Self {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        Self::new(code, "stopped by a signal: what was done is whole, and nothing half-written is left")
    }

    pub(super) fn defect(words: impl Into<String>) -> Self {
        Self::new(DEFECT, words)
    }

    /// An error of the library about `subject`.
    pub(super) fn of(subject: &str, error: &Error) -> Self {
        let (unknown_format, no_picture) = kind(error);
        Self { unknown_format, no_picture, ..Self::new(of_error(error), chain(error)) }.about(subject)
    }

    /// The same, naming `subject`; errors of files name the file already.
    pub(super) fn about(mut self, subject: &str) -> Self {
        if !self.words.starts_with(subject) {
            self.words = format!("{subject}: {}", self.words);
        }
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (unknown_format, no_picture) = kind(&error);
        Self { unknown_format, no_picture, ..Self::new(of_error(&error), chain(&error)) }
    }
}

/// Whether the format is unknown, and whether it is one that is not labelled.
fn kind(error: &Error) -> (bool, bool) {
    match error {
        Error::UnknownFormat => (true, true),
        Error::Unsupported { format, .. } => (false, !format.can_label()),
        _ => (false, false),
    }
}

pub(super) fn of_error(error: &Error) -> u8 {
    match error.fixable_by() {
        FixableBy::Caller => USAGE,
        FixableBy::Content => CONTENT,
        FixableBy::Operator => OPERATOR,
        FixableBy::Environment => IO,
        _ => DEFECT,
    }
}

/// Who can fix a failure, as `--json` says it.
pub(super) fn fixable_by(code: u8) -> &'static str {
    match code {
        USAGE => "caller",
        CONTENT => "content",
        OPERATOR => "operator",
        IO => "environment",
        _ => "developer",
    }
}

pub(super) fn of_headline(headline: Headline) -> u8 {
    match headline {
        Headline::AiMadeProven => DONE,
        Headline::AiMadeDeclared => DECLARED,
        Headline::Broken => BROKEN,
        Headline::NoLabel => NO_LABEL,
        _ => NOT_CHECKED,
    }
}

/// The code of `verify` that stands for several.
pub(super) fn worst(codes: &[u8]) -> u8 {
    WORST_FIRST.into_iter().find(|code| codes.contains(code)).unwrap_or(NOT_CHECKED)
}

/// The error with the errors below it, where those add something.
fn chain(error: &Error) -> String {
    if let Error::Io(error) = error {
        return super::words::io(error);
    }
    let mut words = super::words::plain(&error.to_string());
    // Below an identity stand the words that programmers of key formats use among themselves.
    let mut below = match error {
        Error::Identity { .. } => None,
        _ => std::error::Error::source(error),
    };
    while let Some(error) = below {
        let more = error.to_string();
        if !words.contains(&more) {
            words = format!("{words}: {more}");
        }
        below = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_label_is_not_hidden_by_other_files() {
        assert_eq!(worst(&[DONE, NO_LABEL, BROKEN, NOT_CHECKED]), BROKEN);
        assert_eq!(worst(&[DONE, NO_LABEL, NOT_CHECKED]), NOT_CHECKED);
        assert_eq!(worst(&[DONE, DECLARED]), DECLARED);
        assert_eq!(worst(&[DONE, DONE]), DONE);
    }
}
