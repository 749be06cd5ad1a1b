//! Certification path check: RFC 5280 §6. rustls-webpki builds the path and checks signatures, CA bits, path lengths and
//! name constraints; key usage, purposes and the anchor's own validity, which it does not look at, are checked here.

use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, VerifiedPath};

use super::{certificate::Certificate, trust::List, verify};
use crate::report::{Said, say};

pub(super) const ANY_PURPOSE: &str = "2.5.29.37.0";
pub(super) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
pub(super) const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";

/// Extended key usages of which a signer of content has at least one: C2PA 2.4 §14.5.1.1 and the configuration of the
/// official trust list: emailProtection, documentSigning, C2PA claim signing, Microsoft C2PA signing.
pub(super) const SIGNING_PURPOSES: &[&str] =
    &["1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.36", "1.3.6.1.4.1.62558.2.1", "1.3.6.1.4.1.311.76.59.1.9"];

/// Algorithms with which a certificate may be signed: C2PA 2.4 §14.5.1.
pub(super) const CERTIFICATE_ALGORITHMS: &[&str] = &[
    "1.2.840.113549.1.1.11",
    "1.2.840.113549.1.1.12",
    "1.2.840.113549.1.1.13",
    "1.2.840.113549.1.1.10",
    "1.2.840.10045.4.3.2",
    "1.2.840.10045.4.3.3",
    "1.2.840.10045.4.3.4",
    "1.3.101.112",
];

/// Certificates of a chain that are looked at; real chains have two to four.
const MAX_CHAIN: usize = 16;

/// Why a chain is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A certificate of it was out of its validity; the rest was not refused.
    Expired(Said),
    /// Anything else, in words.
    Unknown(Said),
}

impl Refusal {
    pub(super) fn why(&self) -> &Said {
        match self {
            Self::Expired(why) | Self::Unknown(why) => why,
        }
    }
}

/// What the leaf must be good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Content,
    TimeStamps,
}

/// The first of `lists` that vouches for the chain (leaf first) at the time `at`, or why none does.
pub(super) fn check<'a>(
    chain: &[Vec<u8>],
    lists: &'a [List],
    purpose: Purpose,
    at: OffsetDateTime,
) -> Result<&'a List, Refusal> {
    let unknown = |why: &'static str| Err(Refusal::Unknown(why.into()));
    let Some(leaf_der) = chain.first() else { return unknown("there is no certificate") };
    if chain.len() > MAX_CHAIN {
        return unknown("the chain is longer than 16 certificates");
    }
    let Ok(leaf) = Certificate::parse(leaf_der) else { return unknown("the signer's certificate cannot be read") };
    leaf_profile(&leaf, purpose)?;
    let expired = (!leaf.valid_at(at)).then(|| {
        let (from, until) = leaf.validity();
        Refusal::Expired(say!("the certificate is valid from {} to {} only", from.date(), until.date()))
    });
    let mut refusal = Refusal::Unknown("no trust list was given".into());
    for list in lists {
        let found = if list.allows(leaf_der) { Ok(()) } else { build(&leaf, chain, list, purpose, at) };
        match (found, &expired) {
            (Ok(()), None) => return Ok(list),
            (Ok(()), Some(expired)) => refusal = expired.clone(),
            (Err(found), _) if !matches!(refusal, Refusal::Expired(_)) => refusal = found,
            (Err(_), _) => {}
        }
    }
    // An expired signer is called expired even where nobody would have vouched for it: that is what can be said.
    Err(expired.unwrap_or(refusal))
}

/// What C2PA 2.4 §14.5.1 asks of the signer's own certificate, or of a time-stamper's.
fn leaf_profile(leaf: &Certificate, purpose: Purpose) -> Result<(), Refusal> {
    let refuse = |why: &'static str| Err(Refusal::Unknown(why.into()));
    if leaf.is_ca() {
        return refuse("a CA must not sign itself");
    }
    if leaf.self_issued() {
        return refuse("the certificate is self-signed");
    }
    match leaf.x509.key_usage() {
        Ok(Some(usage)) if !usage.value.digital_signature() && !usage.value.non_repudiation() => {
            return refuse("its key usage allows no signatures");
        }
        // C2PA asks for digitalSignature by name; RFC 3161 leaves it to the authority.
        Ok(Some(usage)) if purpose == Purpose::Content && !usage.value.digital_signature() => {
            return refuse("its key usage lacks digitalSignature");
        }
        Ok(Some(usage)) if usage.value.key_cert_sign() => return refuse("its key usage is a CA's"),
        Ok(Some(_)) => {}
        Ok(None) if purpose == Purpose::TimeStamps => {}
        _ => return refuse("it has no key usage"),
    }
    let purposes = leaf.purposes().unwrap_or_default();
    let has = |oid: &str| purposes.iter().any(|purpose| purpose == oid);
    let good = match purpose {
        Purpose::Content => {
            !has(ANY_PURPOSE)
                && !has(TIME_STAMPING)
                && !has(OCSP_SIGNING)
                && SIGNING_PURPOSES.iter().any(|oid| has(oid))
        }
        // RFC 3161 §2.3: time-stamping and nothing else.
        Purpose::TimeStamps => has(TIME_STAMPING) && purposes.len() == 1,
    };
    if good { Ok(()) } else { refuse("its extended key usage does not allow this") }
}

fn build(
    leaf: &Certificate,
    chain: &[Vec<u8>],
    list: &List,
    purpose: Purpose,
    at: OffsetDateTime,
) -> Result<(), Refusal> {
    let unreadable = |_| Refusal::Unknown("the signer's certificate cannot be read".into());
    let der = CertificateDer::from(chain[0].as_slice());
    let end_entity = EndEntityCert::try_from(&der).map_err(unreadable)?;
    let intermediates: Vec<_> = chain[1..].iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let anchors: Vec<TrustAnchor> = list.anchors().collect();
    // The leaf's own validity is judged by the caller; the path is built at a moment at which the leaf is valid, so that
    // "expired" and "unknown" stay apart. Issuers are judged at `at`.
    let (from, until) = leaf.validity();
    let moment = at.clamp(from, until.max(from));
    let seconds = u64::try_from(moment.unix_timestamp()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let algorithms: Vec<&dyn SignatureVerificationAlgorithm> =
        verify::ALGORITHMS.iter().map(|algorithm| algorithm as _).collect();
    let issuers = |path: &VerifiedPath| issuers(path, list, purpose, moment);
    let built = end_entity.verify_for_usage(
        &algorithms,
        &anchors,
        &intermediates,
        time,
        AnyPurpose,
        None,
        Some(&issuers as &dyn Fn(&VerifiedPath<'_>) -> Result<(), webpki::Error>),
    );
    built.map(|_| ()).map_err(|error| Refusal::Unknown(words(&error, list)))
}

/// Key usage, purposes and validity of every certificate above the leaf, the anchor included.
fn issuers(path: &VerifiedPath, list: &List, purpose: Purpose, at: OffsetDateTime) -> Result<(), webpki::Error> {
    let mut below = 0;
    for issuer in path.intermediate_certificates() {
        let der = issuer.der();
        let certificate = Certificate::parse(&der).map_err(|_| webpki::Error::BadDer)?;
        issuer_profile(&certificate, purpose, at)?;
        // Self-issued certificates (renewed keys) do not count: RFC 5280 §4.2.1.9.
        below += u32::from(!certificate.self_issued());
    }
    // Several certificates of one anchor may be on the list (renewed roots): one good one is enough.
    let subject = path.anchor().subject.as_ref();
    let key = path.anchor().subject_public_key_info.as_ref();
    let mut result = Err(webpki::Error::UnknownIssuer);
    for certificate in list.certificates_of(subject, key) {
        result = match certificate.path_len() {
            // webpki asks this of intermediates only.
            Some(max) if below > max => Err(webpki::Error::PathLenConstraintViolated),
            _ => issuer_profile(&certificate, purpose, at),
        };
        if result.is_ok() {
            break;
        }
    }
    result
}

fn issuer_profile(certificate: &Certificate, purpose: Purpose, at: OffsetDateTime) -> Result<(), webpki::Error> {
    let (from, until) = certificate.validity();
    let seconds = |time: OffsetDateTime| {
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(u64::try_from(time.unix_timestamp()).unwrap_or(0)))
    };
    if !certificate.valid_at(at) {
        return Err(if at < from {
            webpki::Error::CertNotValidYet { time: seconds(at), not_before: seconds(from) }
        } else {
            webpki::Error::CertExpired { time: seconds(at), not_after: seconds(until) }
        });
    }
    // RFC 5280 §6.1.4 (k) and (n).
    if !certificate.is_ca() {
        return Err(webpki::Error::EndEntityUsedAsCa);
    }
    if matches!(certificate.x509.key_usage(), Ok(Some(usage)) if !usage.value.key_cert_sign()) {
        return Err(webpki::Error::EndEntityUsedAsCa);
    }
    // An issuer that names purposes limits what it may issue for.
    let Some(purposes) = certificate.purposes() else { return Ok(()) };
    let allowed = |oid: &String| match purpose {
        _ if oid == ANY_PURPOSE => true,
        Purpose::Content => SIGNING_PURPOSES.contains(&oid.as_str()),
        Purpose::TimeStamps => oid == TIME_STAMPING,
    };
    if purposes.iter().any(allowed) { Ok(()) } else { Err(webpki::Error::UnknownIssuer) }
}

/// Purposes are judged in [`leaf_profile`] and [`issuer_profile`].
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

fn words(error: &webpki::Error, list: &List) -> Said {
    use webpki::Error::*;
    match error {
        UnknownIssuer => say!("nobody on the list \u{201c}{}\u{201d} issued it", list.name()),
        CertExpired { .. } => "a certificate of the chain has expired".into(),
        CertNotValidYet { .. } => "a certificate of the chain is not valid yet".into(),
        EndEntityUsedAsCa => "a certificate of the chain was issued by one that is no CA".into(),
        PathLenConstraintViolated => "the chain is longer than its CA allows".into(),
        InvalidSignatureForPublicKey => "a signature in the chain is wrong".into(),
        other => say!("the chain is refused: {}", other),
    }
}
