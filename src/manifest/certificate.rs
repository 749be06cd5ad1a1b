//! Certificates as we look at them.

use rustls_pki_types::{CertificateDer, pem::PemObject};
use time::OffsetDateTime;
use x509_parser::{certificate::X509Certificate, prelude::FromDer, public_key::PublicKey};

use crate::{Error, Result};

/// A certificate chain, leaf first.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    certificates: Vec<CertificateDer<'static>>,
    organization: String,
}

impl Chain {
    /// From PEM. Text between the certificates is skipped.
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self> {
        let certificates = certificates(pem)?;
        let organization = Certificate::parse(&certificates[0])?.organization().unwrap_or_default();
        Ok(Self { certificates, organization })
    }

    /// The chain as it goes into a manifest: readers have roots of their own (C2PA 2.4 §14.5).
    pub(super) fn without_root(mut self) -> Self {
        let last_is_root = |der: &CertificateDer| Certificate::parse(der).is_ok_and(|last| last.self_issued());
        if self.certificates.len() > 1 && self.certificates.last().is_some_and(last_is_root) {
            self.certificates.pop();
        }
        self
    }

    pub(super) fn der(&self) -> impl Iterator<Item = &[u8]> {
        self.certificates.iter().map(AsRef::as_ref)
    }

    pub(super) fn leaf(&self) -> Result<Certificate<'_>> {
        Certificate::parse(&self.certificates[0])
    }

    /// The organisation of the leaf; empty when it names none.
    pub(super) fn organization(&self) -> &str {
        &self.organization
    }

    pub(super) fn to_pem(&self) -> String {
        self.certificates.iter().map(|der| to_pem(der)).collect()
    }
}

/// Every certificate of a PEM file; at least one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let identity = |why: String| Error::Identity { why, source: None };
    let mut found = Vec::new();
    for der in CertificateDer::pem_slice_iter(pem) {
        let der =
            der.map_err(|error| identity(format!("the PEM of certificate {} is broken: {error}", found.len() + 1)))?;
        Certificate::parse(&der)?;
        found.push(der);
    }
    if found.is_empty() {
        return Err(identity("there is no certificate in the PEM; `-----BEGIN CERTIFICATE-----` is expected".into()));
    }
    Ok(found)
}

pub(super) fn to_pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.extend(line.iter().map(|&byte| char::from(byte)));
        pem.push('\n');
    }
    pem + "-----END CERTIFICATE-----\n"
}

/// One parsed certificate.
pub(super) struct Certificate<'a> {
    pub(super) x509: X509Certificate<'a>,
}

impl<'a> Certificate<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Result<Self> {
        let identity = |why: &str| Error::Identity { why: why.into(), source: None };
        let (rest, x509) =
            X509Certificate::from_der(der).map_err(|_| identity("a certificate cannot be read: not X.509 in DER"))?;
        if !rest.is_empty() {
            return Err(identity("a certificate is followed by other bytes"));
        }
        Ok(Self { x509 })
    }

    pub(super) fn organization(&self) -> Option<String> {
        text(self.x509.subject().iter_organization().next())
    }

    pub(super) fn common_name(&self) -> Option<String> {
        text(self.x509.subject().iter_common_name().next())
    }

    /// Organisation and common name of the subject, as it says them.
    pub(super) fn subject(&self) -> String {
        let parts = [self.organization(), self.common_name()];
        let named: Vec<_> = parts.into_iter().flatten().collect();
        if named.is_empty() { self.x509.subject().to_string() } else { named.join(", ") }
    }

    pub(super) fn issuer(&self) -> String {
        let issuer = self.x509.issuer();
        let parts = [text(issuer.iter_organization().next()), text(issuer.iter_common_name().next())];
        let named: Vec<_> = parts.into_iter().flatten().collect();
        if named.is_empty() { issuer.to_string() } else { named.join(", ") }
    }

    /// First and last moment of validity.
    pub(super) fn validity(&self) -> (OffsetDateTime, OffsetDateTime) {
        let validity = self.x509.validity();
        (validity.not_before.to_datetime(), validity.not_after.to_datetime())
    }

    pub(super) fn valid_at(&self, at: OffsetDateTime) -> bool {
        let (from, until) = self.validity();
        // Validity is in whole seconds, both included: RFC 5280 §4.1.2.5.
        from.unix_timestamp() <= at.unix_timestamp() && at.unix_timestamp() <= until.unix_timestamp()
    }

    pub(super) fn self_issued(&self) -> bool {
        self.x509.subject().as_raw() == self.x509.issuer().as_raw()
    }

    pub(super) fn is_ca(&self) -> bool {
        matches!(self.x509.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca)
    }

    /// How many CA certificates may stand below this one.
    pub(super) fn path_len(&self) -> Option<u32> {
        self.x509.basic_constraints().ok()??.value.path_len_constraint
    }

    /// Size of the RSA modulus, if the key is an RSA key.
    pub(super) fn rsa_bits(&self) -> Option<usize> {
        match self.x509.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => Some(key.key_size()),
            _ => None,
        }
    }

    /// The extended key usages as dotted numbers; `None` without the extension.
    pub(super) fn purposes(&self) -> Option<Vec<String>> {
        let usage = self.x509.extended_key_usage().ok()??.value;
        let known = [
            (usage.any, "2.5.29.37.0"),
            (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
            (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
            (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
            (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
            (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
            (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
        ];
        let named = known.into_iter().filter(|(set, _)| *set).map(|(_, oid)| oid.to_owned());
        Some(named.chain(usage.other.iter().map(|oid| oid.to_id_string())).collect())
    }
}

fn text(attribute: Option<&x509_parser::x509::AttributeTypeAndValue<'_>>) -> Option<String> {
    let text = attribute?.as_str().ok()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
