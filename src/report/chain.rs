//! The manifests of a store, and how they lead to each other.

use serde::{Deserialize, Serialize};

/// How something stands to the manifest that names it: C2PA 2.4 §10.3 (`relationship`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Relation {
    /// The file's own manifest: nothing names it.
    Active,
    /// What the content was before it was edited.
    Parent,
    /// A part that was put into the content.
    Component,
    /// Something that was given to a process, such as the picture that a prompt refers to.
    Input,
    /// A relationship that the specification does not name.
    Other,
}

/// One link of the history: a manifest, or a thing without one that a manifest says it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ChainLink {
    /// The manifest's label; `None` for a thing that had none.
    pub label: Option<String>,
    /// How it stands to the link that names it.
    pub relation: Relation,
    /// Place of the link that names it, in the list; `None` for the active manifest.
    pub of: Option<usize>,
    /// A title, usually a file name.
    pub title: Option<String>,
    /// The software that wrote the claim.
    pub claim_generator: Option<String>,
    /// Organisation and common name of the signing certificate, as the certificate says.
    pub signer: Option<String>,
    /// Whether it is what its signer signed, and leads up to the active manifest by hashes that match.
    pub unchanged: bool,
    /// What was done, in order.
    pub actions: Vec<ActionReport>,
}

/// One action of a manifest: C2PA 2.4 §18.12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ActionReport {
    /// `c2pa.created`, `c2pa.edited`, …
    pub action: String,
    /// The digital source type, as written.
    pub source_type: Option<String>,
    /// The software that did it.
    pub agent: Option<String>,
    /// When, as written: nobody vouches for it.
    pub when: Option<String>,
}
