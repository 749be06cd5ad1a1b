//! From what is disclosed to a signed manifest store. (interface; the body is being written)

use std::ops::Range;

use super::Signer;
use crate::{
    Format, Result,
    geometry::Rect,
    policy::Oversight,
    record::Record,
    stream::{Sink, Source},
};

/// What the manifest says.
pub(crate) struct Claim<'a> {
    pub(crate) record: &'a Record,
    pub(crate) title: Option<&'a str>,
    pub(crate) oversight: Option<Oversight>,
    pub(crate) media_type: &'static str,
    /// Rectangle (pixels of the result as shown) and lines of the notice.
    pub(crate) notice: Option<(Rect, Vec<String>)>,
}

/// The content that was opened: its manifests, if any, are carried along as the parent ingredient.
pub(crate) struct Parent<'a> {
    pub(crate) source: &'a mut dyn Source,
}

/// A manifest that lacks only the hash of the content and the signature. Its length is final.
pub(crate) struct Draft {}

impl Draft {
    pub(crate) fn new(_format: Format, _claim: &Claim, _parent: Option<Parent>, _signer: &Signer) -> Result<Self> {
        unimplemented!()
    }

    /// Length of the signed store in bytes.
    pub(crate) fn len(&self) -> usize {
        unimplemented!()
    }

    /// Signs: `sha256` is over the whole of `written` but `slot`, which is still zeros.
    /// `HardBinding::Data` needs the hash only; `HardBinding::Bmff` reads `written` again.
    pub(crate) fn sign(self, _sha256: [u8; 32], _slot: &Range<u64>, _written: &mut dyn Sink) -> Result<Vec<u8>> {
        unimplemented!()
    }
}
