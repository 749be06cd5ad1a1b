//! The parts of a file that hashes speak of.

use std::{borrow::Cow, ops::Range};

/// A part of a file that a hash may name.
#[derive(Clone, Debug)]
pub(crate) struct NamedBox {
    pub(crate) name: Cow<'static, str>,
    pub(crate) range: Range<u64>,
}

/// What every format calls the part that carries the manifest.
const MANIFEST: &str = "C2PA";

impl NamedBox {
    pub(super) fn new(name: impl Into<Cow<'static, str>>, range: Range<u64>) -> Self {
        Self { name: name.into(), range }
    }

    /// The part that carries the manifest, whatever it is in the format.
    pub(super) fn manifest(range: Range<u64>) -> Self {
        Self::new(MANIFEST, range)
    }

    pub(super) fn is_manifest(&self) -> bool {
        self.name == MANIFEST
    }
}

/// A ZIP archive as C2PA 2.4 §A.6 binds it.
#[derive(Debug)]
pub(crate) struct Archive {
    /// Everything but the manifest.
    pub(crate) members: Vec<Member>,
    /// What is hashed of the directory: to the end of the file, but for the checksum of the manifest.
    pub(crate) directory: Vec<Range<u64>>,
    /// Directories of before a part was added, which nothing points to: c2pa 0.90 leaves one behind when it signs.
    pub(crate) left: Vec<Range<u64>>,
}

/// A part of an archive.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Local header, data, and the data descriptor where there is one.
    pub(crate) range: Range<u64>,
    pub(crate) data: Range<u64>,
}
