//! What a format is, said once in its own file.

use serde::{Deserialize, Serialize};

use super::Medium;

/// What one format is and can carry: said once, in the format's own file; lists and tables are derived from it.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) name: &'static str,
    /// Media types, the registered one first.
    pub(crate) media_types: &'static [&'static str],
    /// Lower-case extensions, the preferred one first.
    pub(crate) extensions: &'static [&'static str],
    pub(crate) medium: Medium,
    /// Whether tanba labels such files, or examines them only.
    pub(crate) can_label: bool,
    /// How the notice is placed.
    pub(crate) notice: Carries,
    /// How the manifest is bound to the content.
    pub(crate) binding: HardBinding,
    /// Limits of this format, in a sentence for the README; empty when there are none worth a sentence.
    pub(crate) limitations: &'static str,
}

/// How a notice gets into a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Carries {
    /// Everything outside the notice stays bit-exact.
    Lossless,
    /// The picture is decoded and encoded again; how close it stays is in the `Receipt`.
    Reencoded,
    /// Not possible: the label is incomplete without another warning beside the content.
    No,
}

/// C2PA hard binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HardBinding {
    /// `c2pa.hash.data`: a hash over the file but the manifest's own bytes.
    Data,
    /// `c2pa.hash.bmff.v3`: a hash over the boxes of an ISO BMFF file.
    Bmff,
    /// `c2pa.hash.boxes`: a hash over the one named part that is not the manifest's.
    Boxes,
    /// `c2pa.hash.collection.data`: a hash for each part of an archive, and one for its directory.
    Collection,
    /// `c2pa.hash.data` over the whole file: the manifest stands in a file beside it (C2PA 2.4 §11.4).
    Beside,
}
