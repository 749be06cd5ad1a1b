//! What came of many files, as numbers.

use super::{
    exit::{self, Failure},
    output,
};

/// What came of many files.
#[derive(Default)]
pub(super) struct Tally {
    /// The exit code that stands for all.
    pub(super) code: u8,
    complete: usize,
    incomplete: usize,
    pub(super) failed: Vec<String>,
    /// Files of folders that are no pictures.
    pub(super) passed_over: usize,
    /// Results that were there already.
    left_alone: usize,
}

impl Tally {
    pub(super) fn new(left_alone: usize) -> Self {
        Self { left_alone, ..Self::default() }
    }

    pub(super) fn count(&mut self, code: u8) {
        match code {
            exit::DONE => self.complete += 1,
            exit::INCOMPLETE => self.incomplete += 1,
            _ => {}
        }
        // An error of one file outweighs what is missing in another; the first error stands.
        if self.code == exit::DONE || (self.code == exit::INCOMPLETE && code != exit::DONE) {
            self.code = code;
        }
    }

    /// The numbers, and once more what failed: it may have scrolled away.
    pub(super) fn say(&self, quiet: bool) -> Result<(), Failure> {
        let rows = [
            (self.complete, "labelled"),
            (self.incomplete, "labelled in part"),
            (self.left_alone, "left alone: there already"),
            (self.passed_over, "passed over: not a format that tanba labels"),
            (self.failed.len(), "failed"),
        ];
        let rows = rows.iter().filter(|(count, _)| *count > 0);
        let text: String = rows.map(|(count, what)| format!("{count:>7}  {what}\n")).collect();
        if !quiet {
            output::print(&text)?;
        }
        self.failed.iter().for_each(|words| output::complain(words));
        Ok(())
    }
}
