//! Signed provenance: C2PA manifests. The only folder that names the `c2pa` crate.

mod claim;
mod doctor;
mod identity;
mod path;
mod read;
mod signer;
mod trust;

pub use signer::{Algorithm, Signer};
pub use trust::TrustAnchors;

pub(crate) use claim::{Claim, Draft, Parent};
pub(crate) use read::{Reading, read};
