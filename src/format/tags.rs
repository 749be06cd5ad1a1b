//! What formats of sound and film share: a survey in the making, with bounds on what strangers' tags may cost, and the
//! tags that stand in several of them.

mod riff;
mod sound;
mod vorbis;
pub(super) mod write;

use std::ops::Range;

use super::{Block, Store, Survey, TextField};
use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, read_at, read_block},
};

/// The longest text that is read, in bytes.
const MAX_TEXT: u64 = 1 << 20;
/// The most texts of one file that are read.
const MAX_TEXTS: usize = 4096;
/// The most sentences about what was not read.
const MAX_UNREAD: usize = 16;

/// A file and what was found in it so far.
pub(super) struct Scan<'a> {
    pub(super) source: &'a mut dyn Source,
    pub(super) budget: &'a mut Budget,
    pub(super) format: Format,
    pub(super) survey: Survey,
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        source: &'a mut dyn Source,
        format: Format,
        media_type: &'static str,
        budget: &'a mut Budget,
    ) -> Self {
        Self { source, budget, format, survey: Survey { media_type, ..Survey::default() } }
    }

    /// Says that something was not read, which may be a label.
    pub(super) fn unread(&mut self, what: String) {
        if self.survey.unread.len() < MAX_UNREAD {
            self.survey.unread.push(what);
        }
    }

    /// Says that what stands at `place` was not read, and why.
    pub(super) fn skipped(&mut self, place: &str, why: &str) {
        self.unread(format!("{place} was not read: {why}"));
    }

    /// Takes a text in. `place` says where it stands, with the offset.
    pub(super) fn text(&mut self, key: impl Into<String>, value: impl Into<String>, place: impl Into<String>) {
        match self.survey.texts.len() {
            MAX_TEXTS.. if self.survey.unread.iter().any(|said| said.starts_with("more than")) => {}
            MAX_TEXTS.. => {
                self.unread(format!("more than {MAX_TEXTS} text fields stand in the file; the rest was not read"))
            }
            _ => {
                let (mut key, value, mut place) = (key.into(), value.into(), place.into());
                // One long name may stand over thousands of texts.
                shorten(&mut key);
                shorten(&mut place);
                self.survey.texts.push(TextField { place, key, value });
            }
        }
    }

    /// The bytes of a short field; `None`, and said so, where it is too long to be one.
    pub(super) fn short(&mut self, range: Range<u64>, place: &str) -> Result<Option<Vec<u8>>> {
        let len = range.end - range.start;
        if len > MAX_TEXT {
            self.skipped(place, &format!("{len} bytes are too long for a text"));
            return Ok(None);
        }
        self.budget.metadata(len)?;
        read_at(self.source, self.format, range.start, len).map(Some)
    }

    /// Takes an XMP packet in, which `content` holds and `range` carries.
    pub(super) fn xmp(&mut self, range: Range<u64>, content: Range<u64>, place: String) -> Result<()> {
        let bytes = read_block(self.source, self.format, content.start, content.end - content.start, self.budget)?;
        self.survey.xmp.push(Block { range, place, bytes });
        Ok(())
    }

    /// Takes a manifest store in, which `content` holds and `carrier` carries.
    pub(super) fn store(&mut self, carrier: Vec<Range<u64>>, content: Range<u64>) -> Result<()> {
        let jumbf = read_block(self.source, self.format, content.start, content.end - content.start, self.budget)?;
        self.survey.stores.push(Store { carrier, jumbf });
        Ok(())
    }

    /// What `read` returns, or `None` where the metadata that it reads is malformed: that is said, and no error.
    pub(super) fn tolerate<T>(&mut self, what: &str, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        match read(self) {
            Ok(found) => Ok(Some(found)),
            Err(Error::Malformed { at, why, .. }) => {
                self.unread(format!("{what} was not read to its end: at byte {at}, {why}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Keeps the first 256 characters.
pub(super) fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(256) {
        text.truncate(end);
        text.shrink_to_fit();
    }
}

/// Text that calls itself UTF-8, or Latin-1 where it is not; without the zeros and blanks that fill fields up.
fn plain(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    text.trim_end_matches('\0').trim_end().to_owned()
}

#[cfg(test)]
mod tests;
