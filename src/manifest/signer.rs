//! Keys that sign. (interface; the body is being written)

use std::sync::Arc;

use crate::Result;

/// A signature algorithm of C2PA 2.4, §13.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// EdDSA with Ed25519.
    Ed25519,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

/// A key with its certificate chain. Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    inner: Arc<Inner>,
}

struct Inner {
    organization: String,
    development: bool,
}

impl Signer {
    /// From a PEM certificate chain (leaf first, root omitted) and a PKCS#8 key in PEM.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) with every fault of the chain in words.
    pub fn from_pem(_chain: &[u8], _key: &[u8]) -> Result<Self> {
        unimplemented!()
    }

    /// A fixed identity that everybody has: for trying out. Every verifier calls it untrusted.
    pub fn development() -> Self {
        Self { inner: Arc::new(Inner { organization: "tanba development".into(), development: true }) }
    }

    /// Whether this is a development identity.
    pub fn is_development(&self) -> bool {
        self.inner.development
    }

    /// The organisation named in the leaf certificate.
    pub fn organization(&self) -> &str {
        &self.inner.organization
    }
}
