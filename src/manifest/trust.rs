//! Whose certificates are trusted.

use rustls_pki_types::{CertificateDer, TrustAnchor};

use super::certificate::{Certificate, certificates};
use crate::Result;

/// Named lists of certificates: those whose issuing is believed, and single signers that are believed as they are.
/// Nothing is built in: trust is the caller's.
///
/// ```
/// use tanba::{Signer, TrustAnchors, Verifier};
/// # let root = tanba::Identity::generate(&tanba::IdentityRequest::new("Acme", "Acme", time::OffsetDateTime::UNIX_EPOCH))?;
/// let anchors = TrustAnchors::default().with_pem("Acme's own root", root.anchor_pem.as_bytes())?;
/// let verifier = Verifier::new().anchors(anchors);
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors {
    pub(super) signers: Vec<List>,
    pub(super) time_stampers: Vec<List>,
}

impl TrustAnchors {
    /// Adds the certificates of a PEM file, roots or intermediates, under a name that reports will show. They vouch for
    /// signers of content.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_pem(mut self, name: impl Into<String>, pem: &[u8]) -> Result<Self> {
        self.signers.push(List::new(name.into(), certificates(pem)?, Vec::new()));
        Ok(self)
    }

    /// Adds the certificates of single signers: each is trusted as it stands, whoever issued it. Reports call such a signer
    /// [`PinnedVendor`](crate::SignerStanding::PinnedVendor).
    ///
    /// A certificate must still be one that C2PA 2.4 §14.5.1 lets sign: self-issued ones, those of a CA and those for other
    /// purposes are refused even from this list, and an expired one is expired.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_allowed_pem(mut self, name: impl Into<String>, pem: &[u8]) -> Result<Self> {
        self.signers.push(List::new(name.into(), Vec::new(), certificates(pem)?));
        Ok(self)
    }

    /// Adds the certificates that vouch for time-stamping authorities (RFC 3161). Without such a list no time-stamp is
    /// trusted.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_time_stamp_pem(mut self, name: impl Into<String>, pem: &[u8]) -> Result<Self> {
        self.time_stampers.push(List::new(name.into(), certificates(pem)?, Vec::new()));
        Ok(self)
    }
}

/// One named list.
#[derive(Clone, Debug)]
pub(super) struct List {
    name: String,
    anchors: Vec<Anchor>,
    allowed: Vec<CertificateDer<'static>>,
}

#[derive(Clone, Debug)]
struct Anchor {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
}

impl List {
    fn new(name: String, anchors: Vec<CertificateDer<'static>>, allowed: Vec<CertificateDer<'static>>) -> Self {
        let anchor = |der: CertificateDer<'static>| {
            // What webpki cannot read as an anchor (an unknown critical extension) cannot vouch for anything.
            let anchor = webpki::anchor_from_trusted_cert(&der).ok()?.to_owned();
            Some(Anchor { der, anchor })
        };
        Self { name, anchors: anchors.into_iter().filter_map(anchor).collect(), allowed }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the signer itself is on the list.
    pub(super) fn allows(&self, leaf: &[u8]) -> bool {
        self.allowed.iter().any(|allowed| allowed.as_ref() == leaf)
    }

    pub(super) fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'static>> + '_ {
        self.anchors.iter().map(|anchor| anchor.anchor.clone())
    }

    /// The certificates of the anchor with this subject and key, as webpki gives them.
    pub(super) fn certificates_of(&self, subject: &[u8], key: &[u8]) -> impl Iterator<Item = Certificate<'_>> {
        let wanted = move |anchor: &&Anchor| {
            anchor.anchor.subject.as_ref() == subject && anchor.anchor.subject_public_key_info.as_ref() == key
        };
        self.anchors.iter().filter(wanted).filter_map(|anchor| Certificate::parse(&anchor.der).ok())
    }
}
