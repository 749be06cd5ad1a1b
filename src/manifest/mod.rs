//! Signed provenance: C2PA manifests. The only folder that names the `c2pa` crate.

mod binding;
mod bmff;
mod bond;
mod cbor;
mod certificate;
mod chain;
mod claim;
mod codes;
mod der;
mod doctor;
mod draft;
mod envelope;
mod faults;
mod hash;
mod identity;
mod jumbf;
mod key;
mod outline;
mod past;
mod path;
mod read;
mod revocation;
mod said;
mod seal;
mod shapes;
mod signer;
mod stamp;
mod template;
#[cfg(test)]
mod tests;
mod trust;
mod verify;

pub use doctor::{Diagnosis, Fault, diagnose, diagnose_trust};
pub use identity::{Identity, IdentityRequest};
pub use signer::{Algorithm, Signer};
pub use trust::{ListName, ListedCertificate, TrustAnchors, list_certificates};

pub(crate) use outline::outline;

pub(crate) use claim::{Claim, Region};
pub(crate) use draft::{Draft, Parent};
pub(crate) use past::Past;
pub(crate) use read::{Asset, Reading, read, read_detached, read_past};

/// Identifier of the region of interest in which a notice of ours stands.
const NOTICE_REGION: &str = "tanba.notice";

/// Source type of the action that added the notice: a program wrote, no model did.
const NOTICE_SOURCE_TYPE: &str = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced";

/// Parameter of the first action that names the provider of the AI system.
const PROVIDER: &str = "dev.tanba.provider";
