//! What a walk through a container found: one vocabulary for all formats.

use std::{any::Any, ops::Range};

use crate::{
    geometry::{Orientation, Size},
    notice::Line,
};

/// What a walk through a container found. The same vocabulary for all formats, so that the readers of metadata know none.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The media type of this very file (HEIC and HEIF differ, for instance); one of [`Facts::media_types`](super::Facts::media_types).
    pub(crate) media_type: &'static str,
    /// Size as stored, in pixels; `None` where the file does not say (SVG without size).
    pub(crate) stored: Option<Size>,
    pub(crate) orientation: Orientation,
    /// Pixels that the height of a strip must be a multiple of, so that the picture below it need not change; 0 is 1.
    pub(crate) strip_unit: u32,
    /// Blocks of stored pixels that are coded together: a notice that ends where they do changes no pixel beside it.
    pub(crate) cell: Option<Size>,
    /// Number of frames or pages; 1 for stills.
    pub(crate) frames: u32,
    /// C2PA manifest stores, in file order; more than one is a fault of the file.
    pub(crate) stores: Vec<Store>,
    /// XMP packets, in file order.
    pub(crate) xmp: Vec<Block>,
    /// EXIF blocks: TIFF structures without the `Exif\0\0` prefix.
    pub(crate) exif: Vec<Block>,
    /// Other text fields: PNG text chunks, GIF comments, TIFF tags, JPEG comments.
    pub(crate) texts: Vec<TextField>,
    /// Bytes after the end of the content proper (JPEG after EOI, PNG after IEND).
    pub(crate) trailer: Option<Range<u64>>,
    /// What stands in the file and was not read, as sentences with the place: a label may be in there.
    pub(crate) unread: Vec<String>,
    /// The first and last lines of a text, as people read them.
    pub(crate) lines: Vec<Line>,
    /// The pages of a document that has a notice on each; `None` in texts that have one at their head.
    pub(crate) pages: Option<Pages>,
    /// The hash of its manifest is over Unicode's form C of a text: C2PA 2.4 §15.12.1.3.1.
    pub(crate) nfc: bool,
    /// What the handler found on its walk and needs again: a file is not walked twice.
    pub(crate) walk: Option<Box<dyn Any + Send + Sync>>,
    /// What the handler knew about the notice when it drew it: see `Marked::hint`.
    pub(crate) hint: Option<Box<dyn Any + Send + Sync>>,
    /// The extension of the file's name, in small letters, where the caller gave one: texts are told apart by it.
    pub(crate) extension: Option<String>,
}

impl Survey {
    /// The size as shown.
    pub(crate) fn shown(&self) -> Option<Size> {
        self.stored.map(|stored| self.orientation.shown(stored))
    }
}

/// The pages of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    pub(crate) all: u32,
    /// Those without the notice that most of the others have.
    pub(crate) bare: u32,
    /// Whether the first page is one of those that have it.
    pub(crate) first: bool,
}

/// A stretch of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// Milliseconds from the start, and for how many.
    From { ms: u64, len_ms: u64 },
    /// The last milliseconds.
    Last { len_ms: u64 },
}

/// A manifest store and what carries it.
#[derive(Debug)]
pub(crate) struct Store {
    /// The ranges of the file that exist only to carry the store: chunk with header and checksum, segments, tag value.
    /// Exactly these may be left out of the hash.
    pub(crate) carrier: Vec<Range<u64>>,
    /// The JUMBF bytes.
    pub(crate) jumbf: Vec<u8>,
}

/// A metadata block that was read.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The range of the file that carries it, with its container's header.
    pub(crate) range: Range<u64>,
    /// Where it stands, for people: "APP1 at byte 20", "iTXt at byte 1234".
    pub(crate) place: String,
    pub(crate) bytes: Vec<u8>,
}

/// A text field that was read.
#[derive(Debug)]
pub(crate) struct TextField {
    /// Where it stands, for people: "tEXt chunk at byte 1234".
    pub(crate) place: String,
    /// The field's keyword or tag name.
    pub(crate) key: String,
    pub(crate) value: String,
}
