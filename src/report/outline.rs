//! What stands in a file, without a judgement.

use serde::{Deserialize, Serialize};

use crate::format::Format;

/// Everything in a file that labels are made of, and where it stands. Names and values come from the file and are untrusted:
/// escape them where they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outline {
    /// The format recognised.
    pub format: Format,
    /// The media type of this very file.
    pub media_type: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Manifest stores, metadata blocks and fields, in this order.
    pub parts: Vec<Part>,
    /// What was not read, as sentences.
    pub unread: Vec<String>,
}

/// One block, box, property or field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// What it calls itself: a box's type or label, a property's name as written, a keyword.
    pub name: String,
    /// Where it stands: bytes of the file, or of the block that it stands in.
    pub place: String,
    /// What it holds, where that can be shown, shortened to 2,000 characters.
    pub value: Option<String>,
    /// What stands inside of it.
    pub parts: Vec<Part>,
}

impl Part {
    pub(crate) fn new(name: impl Into<String>, place: impl Into<String>) -> Self {
        Self { name: name.into(), place: place.into(), ..Self::default() }
    }

    pub(crate) fn with_value(self, value: &str) -> Self {
        let shown = match value.char_indices().nth(2000) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value.to_owned(),
        };
        Self { value: Some(shown), ..self }
    }
}
