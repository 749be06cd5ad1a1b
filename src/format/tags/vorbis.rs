//! Vorbis comments, of FLAC and of the codecs in Ogg.

use super::{MAX_TEXT, Scan};
use crate::container::vorbis;

impl Scan<'_> {
    /// The comments of a block. `place` says where it stands, with the offset.
    pub(crate) fn comments(&mut self, block: &[u8], place: &str) {
        let (found, whole) = vorbis::comments(block);
        for comment in found {
            // A picture in Base64, for FLAC's and Opus' players.
            if comment.key.eq_ignore_ascii_case("METADATA_BLOCK_PICTURE")
                || comment.key.eq_ignore_ascii_case("COVERART")
            {
                continue;
            }
            if comment.value.len() as u64 > MAX_TEXT {
                let why = format!("{} bytes are too long for a text", comment.value.len());
                self.skipped(&format!("{} in {place}", comment.key), &why);
                continue;
            }
            self.text(comment.key, String::from_utf8_lossy(comment.value), place);
        }
        if !whole {
            self.unread(format!("{place} is damaged and was not read to its end"));
        }
    }
}
