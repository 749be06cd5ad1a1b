//! Whose certificates are trusted. (interface; the body is being written)

use crate::Result;

/// A named list of trust anchors.
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors {}

impl TrustAnchors {
    /// Adds the certificates of a PEM file under a name that reports will show.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_pem(self, _name: impl Into<String>, _pem: &[u8]) -> Result<Self> {
        Ok(self)
    }
}
