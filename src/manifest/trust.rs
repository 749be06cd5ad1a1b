//! Whose certificates are trusted.

use rustls_pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest, Sha256};
use time::{Date, OffsetDateTime};

use super::certificate::{Certificate, certificates};
use crate::Result;

/// Named lists of certificates: those whose issuing is believed, and single signers that are believed as they are.
/// Nothing is built in: trust is the caller's.
///
/// ```
/// use tanba::{ListName, TrustAnchors, Verifier};
/// # let root = tanba::Identity::generate(&tanba::IdentityRequest::new("Acme", "Acme", time::OffsetDateTime::UNIX_EPOCH))?;
/// let name = ListName::new("Acme's own root").dated(time::macros::date!(2026 - 08 - 01));
/// let anchors = TrustAnchors::default().with_pem(name, root.anchor_pem.as_bytes())?;
/// let verifier = Verifier::new().anchors(anchors);
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustAnchors {
    pub(super) signers: Vec<List>,
    pub(super) time_stampers: Vec<List>,
}

/// What reports call a trust list, and of when it is. A list ages: who was put on it or taken off since is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListName {
    name: String,
    date: Option<Date>,
}

impl ListName {
    /// A list whose date is not known.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), date: None }
    }

    /// The day on which the list was published or fetched.
    pub fn dated(self, date: Date) -> Self {
        Self { date: Some(date), ..self }
    }
}

impl From<&str> for ListName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for ListName {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl TrustAnchors {
    /// Adds the certificates of a PEM file, roots or intermediates, under a name that reports will show. They vouch for
    /// signers of content.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_pem(mut self, name: impl Into<ListName>, pem: &[u8]) -> Result<Self> {
        self.signers.push(List { anchors: anchors(pem)?, ..List::new(name.into()) });
        Ok(self)
    }

    /// Adds the certificates of single signers: each is trusted as it stands, whoever issued it. The list of the old Verify
    /// site has this form.
    ///
    /// A certificate must still be one that C2PA 2.4 §14.5.1 lets sign: self-issued ones, those of a CA and those for other
    /// purposes are refused even from this list, and an expired one is expired.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_allowed_pem(mut self, name: impl Into<ListName>, pem: &[u8]) -> Result<Self> {
        self.signers.push(List { allowed: certificates(pem)?, ..List::new(name.into()) });
        Ok(self)
    }

    /// Adds vendors by certificates of theirs: a signer is trusted whose certificate has the issuer, the subject and the key of
    /// one of these, so that a renewed certificate is known as well. Reports call it
    /// [`PinnedVendor`](crate::SignerStanding::PinnedVendor).
    ///
    /// For signers with ordinary mail certificates: to trust their root would be to trust everyone with a mail address. The
    /// same is asked of the certificate as for [`with_allowed_pem`](Self::with_allowed_pem).
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_pinned_pem(mut self, name: impl Into<ListName>, pem: &[u8]) -> Result<Self> {
        let pins =
            certificates(pem)?.iter().map(|der| Ok(Pin::of(&Certificate::parse(der)?))).collect::<Result<_>>()?;
        self.signers.push(List { pins, ..List::new(name.into()) });
        Ok(self)
    }

    /// Adds the certificates that vouch for time-stamping authorities (RFC 3161). Without such a list no time-stamp is
    /// trusted.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
    pub fn with_time_stamp_pem(mut self, name: impl Into<ListName>, pem: &[u8]) -> Result<Self> {
        self.time_stampers.push(List { anchors: anchors(pem)?, ..List::new(name.into()) });
        Ok(self)
    }
}

/// One certificate of a trust list, for people who look after it. Its texts are untrusted: escape them where they are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedCertificate {
    /// Organisation and common name.
    pub subject: String,
    /// Organisation and common name of who issued it.
    pub issuer: String,
    /// The first and the last moment of its validity.
    pub validity: (OffsetDateTime, OffsetDateTime),
    /// Whether it may issue other certificates.
    pub is_ca: bool,
}

/// The certificates of a PEM file, as a trust list holds them.
///
/// # Errors
///
/// [`Error::Identity`](crate::Error::Identity) when there is no certificate in it or one cannot be read.
///
/// ```
/// let chain = tanba::Signer::development().chain_pem();
/// let [leaf, ..] = &tanba::list_certificates(chain.as_bytes())?[..] else { unreachable!() };
/// assert!(!leaf.is_ca);
/// # Ok::<(), tanba::Error>(())
/// ```
pub fn list_certificates(pem: &[u8]) -> Result<Vec<ListedCertificate>> {
    let listed = |der: &CertificateDer| {
        let certificate = Certificate::parse(der)?;
        Ok(ListedCertificate {
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            validity: certificate.validity(),
            is_ca: certificate.is_ca(),
        })
    };
    certificates(pem)?.iter().map(listed).collect()
}

/// One named list.
#[derive(Clone, Debug)]
pub(super) struct List {
    name: ListName,
    anchors: Vec<Anchor>,
    allowed: Vec<CertificateDer<'static>>,
    pins: Vec<Pin>,
}

#[derive(Clone, Debug)]
struct Anchor {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
}

/// Issuer and subject as DER, and the hash of the public key with its algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pin {
    issuer: Vec<u8>,
    subject: Vec<u8>,
    key: [u8; 32],
}

impl Pin {
    fn of(certificate: &Certificate) -> Self {
        Self {
            issuer: certificate.x509.issuer().as_raw().to_vec(),
            subject: certificate.x509.subject().as_raw().to_vec(),
            key: Sha256::digest(certificate.x509.public_key().raw).into(),
        }
    }
}

/// What webpki cannot read as an anchor (an unknown critical extension) cannot vouch for anything.
fn anchors(pem: &[u8]) -> Result<Vec<Anchor>> {
    let anchor = |der: CertificateDer<'static>| {
        let anchor = webpki::anchor_from_trusted_cert(&der).ok()?.to_owned();
        Some(Anchor { der, anchor })
    };
    Ok(certificates(pem)?.into_iter().filter_map(anchor).collect())
}

impl List {
    fn new(name: ListName) -> Self {
        Self { name, anchors: Vec::new(), allowed: Vec::new(), pins: Vec::new() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name.name
    }

    /// The day of which it is, as `YYYY-MM-DD`.
    pub(super) fn date(&self) -> Option<String> {
        self.name.date.map(|date| date.to_string())
    }

    /// Whether the signer itself is on the list.
    pub(super) fn allows(&self, leaf: &[u8]) -> bool {
        self.allowed.iter().any(|allowed| allowed.as_ref() == leaf) || self.pins(leaf)
    }

    /// Whether the signer is a vendor of the list.
    pub(super) fn pins(&self, leaf: &[u8]) -> bool {
        !self.pins.is_empty() && Certificate::parse(leaf).is_ok_and(|leaf| self.pins.contains(&Pin::of(&leaf)))
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

    /// The anchors that bear the name of this certificate's issuer.
    pub(super) fn issuers_of(&self, certificate: &Certificate) -> impl Iterator<Item = &[u8]> {
        let name = certificate.x509.issuer().as_raw().to_vec();
        let is_named = move |der: &&[u8]| Certificate::parse(der).is_ok_and(|ca| ca.x509.subject().as_raw() == name);
        self.anchors.iter().map(|anchor| anchor.der.as_ref()).filter(is_named)
    }
}
