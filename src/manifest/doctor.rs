//! Explains each fault of a certificate chain in words.

use time::OffsetDateTime;
use x509_parser::{extensions::ParsedExtension, x509::X509Version};

use super::{
    Algorithm, TrustAnchors,
    certificate::{Certificate, Chain},
    key::Key,
    path,
};
use crate::{Error, Result};

/// What [`diagnose`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Subjects of the certificates, in the order of the file: organisation and common name. Text of the certificates is
    /// untrusted: escape it where it is shown.
    pub certificates: Vec<String>,
    /// The first and the last moment at which the leaf certificate is valid; `None` when it cannot be read.
    pub validity: Option<(OffsetDateTime, OffsetDateTime)>,
    /// The faults; empty when there are none.
    pub faults: Vec<Fault>,
}

/// One fault of a certificate chain or its key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// What is wrong, in a sentence.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
    /// Whether [`Signer`](crate::Signer) refuses the chain for it.
    pub fatal: bool,
}

impl Diagnosis {
    /// Whether nothing is wrong.
    pub fn is_healthy(&self) -> bool {
        self.faults.is_empty()
    }

    fn fault(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(Fault { what: what.into(), remedy: remedy.into(), fatal: true });
    }

    /// What readers put up with.
    fn flaw(&mut self, what: impl Into<String>, remedy: impl Into<String>) {
        self.faults.push(Fault { what: what.into(), remedy: remedy.into(), fatal: false });
    }

    pub(super) fn into_result(self) -> Result<()> {
        let fatal = self.faults.iter().filter(|fault| fault.fatal);
        let faults: Vec<_> = fatal.map(|Fault { what, remedy, .. }| format!("{what}: {remedy}")).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Error::Identity { why: faults.join("; "), source: None })
    }
}

/// Looks at a certificate chain (PEM, leaf first), and at its key if given, as a C2PA reader will at the time `at`:
/// C2PA 2.4 §14.5.1. Whether anybody trusts it is another question: [`diagnose_trust`].
///
/// ```
/// use time::macros::datetime;
/// let chain = tanba::Signer::development().chain_pem();
/// let diagnosis = tanba::diagnose(chain.as_bytes(), None, datetime!(2100-01-01 0:00 UTC));
/// assert_eq!(diagnosis.faults[0].what, "the certificate expired on 2050-01-01");
/// ```
pub fn diagnose(chain_pem: &[u8], key_pem: Option<&[u8]>, at: OffsetDateTime) -> Diagnosis {
    let chain = match Chain::from_pem(chain_pem) {
        Ok(chain) => chain,
        Err(error) => return unreadable(&error, "export the chain as PEM, leaf first"),
    };
    let key = match key_pem.map(Key::from_pem).transpose() {
        Ok(key) => key,
        Err(error) => return unreadable(&error, "export the key as PKCS#8 in PEM"),
    };
    examine(&chain, key.as_ref().map_or(KeyFacts::Unknown, KeyFacts::Key), Some(at))
}

/// [`diagnose`], and whether the chain leads to one of `anchors`.
pub fn diagnose_trust(
    chain_pem: &[u8],
    key_pem: Option<&[u8]>,
    anchors: &TrustAnchors,
    at: OffsetDateTime,
) -> Diagnosis {
    let mut diagnosis = diagnose(chain_pem, key_pem, at);
    if let Ok(chain) = Chain::from_pem(chain_pem) {
        let der: Vec<_> = chain.der().map(<[u8]>::to_vec).collect();
        if let Err(refusal) = path::check(&der, &anchors.signers, path::Purpose::Content, at) {
            let why = refusal.why();
            let remedy = "readers will call the signer unknown; have a CA of the C2PA trust list issue the certificate, or give \
                 readers your own root";
            diagnosis.flaw(format!("no trust list vouches for it ({why})"), remedy);
        }
    }
    diagnosis
}

/// What is known of the key.
pub(super) enum KeyFacts<'a> {
    Unknown,
    Algorithm(Algorithm),
    Key(&'a Key),
}

pub(super) fn examine(chain: &Chain, key: KeyFacts, at: Option<OffsetDateTime>) -> Diagnosis {
    let mut diagnosis = Diagnosis { certificates: Vec::new(), validity: None, faults: Vec::new() };
    let parsed: Vec<_> = chain.der().filter_map(|der| Certificate::parse(der).ok()).collect();
    diagnosis.certificates = parsed.iter().map(Certificate::subject).collect();
    let Some(leaf) = parsed.first() else { return diagnosis };
    diagnosis.validity = Some(leaf.validity());
    order(&parsed, &mut diagnosis);
    profile(leaf, &mut diagnosis);
    strength(leaf, &mut diagnosis);
    if let Some(at) = at {
        validity(&parsed, at, &mut diagnosis);
    }
    let expected = match key {
        KeyFacts::Unknown => None,
        KeyFacts::Algorithm(algorithm) => Some(algorithm),
        KeyFacts::Key(key) => {
            if leaf.x509.public_key().subject_public_key.data.as_ref() != key.public_bits() {
                diagnosis.fault(
                    "the private key does not belong to the first certificate",
                    "put the certificate that was issued for this key first",
                );
            }
            Some(key.algorithm())
        }
    };
    if let (Some(expected), Some(actual)) = (expected, algorithm(leaf))
        && expected != actual
    {
        diagnosis.fault(
            format!("the key signs with {expected}, the certificate is for {actual}"),
            "use the key that the certificate was issued for",
        );
    }
    diagnosis
}

/// Leaf first, each issued by the next, root left out: C2PA 2.4 §14.5.
fn order(chain: &[Certificate], diagnosis: &mut Diagnosis) {
    let leaf = &chain[0];
    if leaf.self_issued() && !leaf.is_ca() {
        diagnosis.fault(
            "the certificate is self-signed",
            "readers refuse that; have a CA issue it (`tanba keygen` makes a root of its own for trying out)",
        );
    }
    if leaf.is_ca() {
        if chain.len() > 1 {
            diagnosis.fault(
                "the first certificate is a CA's: the order seems to be root first",
                "put the signer's certificate first, then the one that issued it",
            );
        } else {
            diagnosis
                .fault("the certificate is a CA's", "a CA must not sign content; issue a leaf certificate with it");
        }
    }
    for (index, pair) in chain.windows(2).enumerate() {
        if pair[0].x509.issuer().as_raw() != pair[1].x509.subject().as_raw() {
            diagnosis.fault(
                format!("certificate {} was not issued by certificate {}", index + 1, index + 2),
                "order the chain leaf first, each certificate followed by the one that issued it",
            );
        }
    }
    if chain.len() > 1 && chain[chain.len() - 1].self_issued() && !leaf.is_ca() {
        diagnosis.flaw(
            "the chain includes the root",
            "leave the last certificate out: readers take roots from their trust list only (C2PA 2.4 §14.5)",
        );
    }
}

/// C2PA 2.4 §14.5.1.1.
fn profile(leaf: &Certificate, diagnosis: &mut Diagnosis) {
    if leaf.x509.version() != X509Version::V3 {
        diagnosis.fault("the certificate is not version 3", "have it issued anew as X.509 v3");
    }
    if leaf.organization().is_none() {
        diagnosis.fault(
            "the subject has no organisation (O)",
            "have it issued with O: common readers call the signature broken without it",
        );
    }
    if leaf.common_name().is_none() {
        diagnosis.flaw("the subject has no common name (CN)", "have it issued with CN");
    }
    match leaf.x509.key_usage() {
        Ok(Some(usage)) if !usage.value.digital_signature() => {
            diagnosis.fault("key usage lacks digitalSignature", "have it issued with key usage digitalSignature");
        }
        Ok(Some(usage)) if usage.value.key_cert_sign() && !leaf.is_ca() => {
            diagnosis.fault("key usage has keyCertSign", "have it issued with digitalSignature only");
        }
        Ok(Some(_)) => {}
        _ => diagnosis.fault("there is no key usage", "have it issued with key usage digitalSignature, critical"),
    }
    match leaf.purposes() {
        None => diagnosis.fault(
            "there is no extended key usage (EKU)",
            "have it issued with emailProtection, documentSigning or C2PA claim signing (1.3.6.1.4.1.62558.2.1)",
        ),
        Some(purposes) if purposes.iter().any(|oid| oid == path::ANY_PURPOSE) => diagnosis.fault(
            "the extended key usage contains anyExtendedKeyUsage",
            "have it issued with a definite purpose instead",
        ),
        Some(purposes) if !purposes.iter().any(|oid| path::SIGNING_PURPOSES.contains(&oid.as_str())) => diagnosis
            .fault(
                format!("the extended key usage ({}) does not allow signing content", purposes.join(", ")),
                "have it issued with emailProtection, documentSigning or C2PA claim signing (1.3.6.1.4.1.62558.2.1)",
            ),
        Some(purposes)
            if purposes.iter().any(|oid| matches!(oid.as_str(), path::TIME_STAMPING | path::OCSP_SIGNING)) =>
        {
            diagnosis.fault(
                "the extended key usage mixes signing with time-stamping or OCSP",
                "have it issued with the signing purposes only",
            );
        }
        Some(_) => {}
    }
    let has = |wanted: fn(&ParsedExtension) -> bool| {
        leaf.x509.extensions().iter().any(|extension| wanted(extension.parsed_extension()))
    };
    if !has(|extension| matches!(extension, ParsedExtension::AuthorityKeyIdentifier(_))) {
        diagnosis.fault("there is no authority key identifier (AKI)", "have it issued with one");
    }
    if !has(|extension| matches!(extension, ParsedExtension::SubjectKeyIdentifier(_))) {
        diagnosis.flaw("there is no subject key identifier (SKI)", "have it issued with one");
    }
}

fn strength(leaf: &Certificate, diagnosis: &mut Diagnosis) {
    if let Some(bits) = leaf.rsa_bits().filter(|&bits| bits < 2048) {
        diagnosis.fault(format!("the RSA key has {bits} bits"), "use 2,048 at least, better 3,072, or Ed25519");
    }
    if algorithm(leaf).is_none() {
        diagnosis.fault(
            "the certificate's key is for none of Ed25519, ES256, ES384, PS256",
            "make a key of one of these kinds and have a certificate issued for it",
        );
    }
    let signed_with = leaf.x509.signature_algorithm.algorithm.to_id_string();
    if !path::CERTIFICATE_ALGORITHMS.contains(&signed_with.as_str()) {
        diagnosis.fault(
            format!("the CA signed the certificate with an algorithm that C2PA does not allow ({signed_with})"),
            "have it issued with SHA-256 or better (ECDSA, RSA, RSASSA-PSS) or Ed25519",
        );
    }
}

fn validity(chain: &[Certificate], at: OffsetDateTime, diagnosis: &mut Diagnosis) {
    for (index, certificate) in chain.iter().enumerate() {
        let which =
            if index == 0 { "the certificate".into() } else { format!("certificate {} of the chain", index + 1) };
        let (from, until) = certificate.validity();
        if at.unix_timestamp() > until.unix_timestamp() {
            diagnosis.fault(format!("{which} expired on {}", until.date()), "renew it");
        } else if at.unix_timestamp() < from.unix_timestamp() {
            diagnosis.fault(
                format!("{which} is not valid before {}", from.date()),
                "wait until then, or look at the machine's clock",
            );
        }
    }
}

/// What the certificate's key signs with.
fn algorithm(leaf: &Certificate) -> Option<Algorithm> {
    let key = &leaf.x509.public_key().algorithm;
    match key.algorithm.to_id_string().as_str() {
        "1.3.101.112" => Some(Algorithm::Ed25519),
        "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10" => Some(Algorithm::Ps256),
        "1.2.840.10045.2.1" => match key.parameters.as_ref()?.as_oid().ok()?.to_id_string().as_str() {
            "1.2.840.10045.3.1.7" => Some(Algorithm::Es256),
            "1.3.132.0.34" => Some(Algorithm::Es384),
            _ => None,
        },
        _ => None,
    }
}

fn unreadable(error: &Error, remedy: &str) -> Diagnosis {
    let what = match error {
        Error::Identity { why, .. } => why.clone(),
        other => other.to_string(),
    };
    let fault = Fault { what, remedy: remedy.into(), fatal: true };
    Diagnosis { certificates: Vec::new(), validity: None, faults: vec![fault] }
}
