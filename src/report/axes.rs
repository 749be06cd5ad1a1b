//! What may be said of a label as a whole: the machine state, the headline, and the four axes behind them.

use serde::{Deserialize, Serialize};

use super::words;

/// The machine state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// A manifest is there, intact, and signed by a trusted signer. It says what the signer said, not what is true.
    Valid,
    /// A manifest is there and intact; nobody vouches for the signer.
    UntrustedSigner,
    /// A manifest is there and does not fit the content, or its signature is bad.
    Tampered,
    /// No manifest; unsigned metadata or a visible notice say something.
    UnsignedOnly,
    /// Two labels contradict each other.
    Conflicting,
    /// No label was found. This says nothing about the origin.
    NotFound,
    /// The file could not be examined as a whole.
    Inconclusive,
}

/// What a person is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Headline {
    /// A trusted signer says that AI made or changed it.
    AiMadeProven,
    /// Something in the file says so; anyone could have written it.
    AiMadeDeclared,
    /// A label is broken, or labels contradict each other.
    Broken,
    /// Nothing says that AI made it.
    NoLabel,
    /// It could not be checked.
    NotChecked,
}

impl Headline {
    /// The sentence, in English.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AiMadeProven => words::key!("AI-made: proven"),
            Self::AiMadeDeclared => words::key!("AI-made: declared, not proven"),
            Self::Broken => words::key!("label broken or contradictory: do not rely on it"),
            Self::NoLabel => words::key!("no AI label found: this says nothing about the origin"),
            Self::NotChecked => words::key!("could not check"),
        }
    }
}

/// Does the manifest belong to exactly this content?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// Every byte but the manifest itself is covered by a hash that matches.
    Intact,
    /// The hash does not match.
    Broken,
    /// The hash matches, but more than the manifest was left out of it.
    Partial,
    /// There is nothing to check, or it could not be checked.
    NotChecked,
}

/// Is the signature over the manifest right?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// It is.
    Ok,
    /// It is not, or something that it signs was changed.
    Bad,
    /// There is none.
    None,
}

/// Does anybody vouch for the signer?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum SignerStanding {
    /// The certificate leads to an anchor of a trust list that was given.
    #[serde(rename = "trusted")]
    Trusted,
    /// It is a known vendor's certificate, pinned by issuer, subject and key.
    #[serde(rename = "pinned vendor")]
    PinnedVendor,
    /// Nobody that was asked.
    #[serde(rename = "unknown")]
    Unknown,
    /// The certificate was revoked.
    #[serde(rename = "revoked")]
    Revoked,
    /// The certificate was out of its time, and no trusted time-stamp shows that the signature is older.
    #[serde(rename = "expired")]
    Expired,
}

/// When was it signed?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum TimeStanding {
    /// A trusted authority stamped it.
    #[serde(rename = "trusted stamp")]
    TrustedStamp,
    /// A stamp is there, of an authority that nobody vouches for.
    #[serde(rename = "untrusted stamp")]
    UntrustedStamp,
    /// No stamp.
    #[serde(rename = "none")]
    None,
}

/// The four axes of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axes {
    pub(crate) binding: Binding,
    pub(crate) signature: Signature,
    pub(crate) signer: SignerStanding,
    pub(crate) time: TimeStanding,
}

impl Axes {
    /// Without a manifest.
    pub(crate) const NONE: Self = Self {
        binding: Binding::NotChecked,
        signature: Signature::None,
        signer: SignerStanding::Unknown,
        time: TimeStanding::None,
    };
}
