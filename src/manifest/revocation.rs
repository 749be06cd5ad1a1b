//! Whether the issuer has taken a signer's certificate back: the OCSP responses (RFC 6960) that stand in a manifest store. The
//! engine believes only responders whom it trusts itself, and it is given nobody to trust.

use rasn_ocsp::{BasicOcspResponse, CertStatus, OcspResponse, OcspResponseStatus, SingleResponse};
use rasn_pkix::CrlReason;
use time::OffsetDateTime;
use webpki::EndEntityCert;

use super::{
    cbor::{Item, Reader},
    certificate::Certificate,
    der, jumbf, path,
    trust::List,
    verify,
};

/// Responses of one store, and certificates of one response, that are looked at; real ones have one to three.
const MAX_RESPONSES: usize = 16;

/// The responses in a store: beside the signature of `manifest` (C2PA 2.4 §14.6), and in the assertions of any manifest that
/// tell later what became of a certificate (§18.9). Whoever put them there, their own signature counts.
pub(super) fn responses<'a>(store: &'a [u8], manifest: &str) -> Vec<&'a [u8]> {
    let cose = jumbf::signature(store, manifest).unwrap_or_default();
    let mut found = listed(stapled(cose)).unwrap_or_default();
    for (_, manifest) in jumbf::manifests(store) {
        for (label, content) in manifest.assertions {
            if label.starts_with("c2pa.certificate-status") {
                found.extend(listed(jumbf::cbor(content).map(Reader::new)).unwrap_or_default());
            }
        }
    }
    found.truncate(MAX_RESPONSES);
    found
}

/// `unprotected["rVals"]` of a COSE_Sign1 structure.
fn stapled(cose: &[u8]) -> Option<Reader<'_>> {
    let mut reader = Reader::new(cose);
    let mut first = reader.next()?;
    if matches!(first, Item::Tag(_)) {
        first = reader.next()?;
    }
    let Item::Array(Some(4)) = first else { return None };
    reader.skip()?;
    reader.value_of(&["rVals"])
}

/// The strings of `["ocspVals"]`.
fn listed(map: Option<Reader<'_>>) -> Option<Vec<&[u8]>> {
    let mut list = map?.value_of(&["ocspVals"])?;
    let Item::Array(Some(len)) = list.next()? else { return None };
    let mut found = Vec::new();
    for _ in 0..len.min(u64::try_from(MAX_RESPONSES).unwrap_or(u64::MAX)) {
        let Item::Bytes(response) = list.next()? else { return None };
        found.push(response);
    }
    Some(found)
}

/// When the issuer took back the first certificate of `chain`, as its own responses say; `None` when none says so. An issuer is
/// taken from the chain or the lists, and counts when it has signed the certificate.
pub(super) fn revoked_at(responses: &[&[u8]], chain: &[Vec<u8>], lists: &[List]) -> Option<OffsetDateTime> {
    let (leaf_der, above) = chain.split_first()?;
    let leaf = Certificate::parse(leaf_der).ok()?;
    if responses.is_empty() {
        return None;
    }
    let given = above.iter().take(MAX_RESPONSES).map(Vec::as_slice);
    let listed = lists.iter().flat_map(|list| list.issuers_of(&leaf));
    let issuers: Vec<_> = given.chain(listed).filter(|issuer| issued(issuer, &leaf)).collect();
    let said = responses.iter().filter_map(|response| {
        let (basic, message) = basic(response)?;
        let signed = issuers.iter().any(|issuer| speaks_for(&basic, &message, issuer));
        let single = basic.tbs_response_data.responses.iter().filter(|single| is_about(single, &leaf));
        if signed { single.filter_map(revocation).min() } else { None }
    });
    said.min()
}

/// What was answered, and the bytes of it that are signed.
fn basic(response: &[u8]) -> Option<(BasicOcspResponse, Vec<u8>)> {
    const SEQUENCE: u8 = 0x30;
    let response: OcspResponse = rasn::der::decode(response).ok()?;
    if response.status != OcspResponseStatus::Successful {
        return None;
    }
    let basic = response.bytes?.response;
    let mut parts = der::expect(&mut basic.as_ref(), SEQUENCE)?;
    let (_, _, signed) = der::element(&mut parts)?;
    Some((rasn::der::decode(&basic).ok()?, signed.to_vec()))
}

/// Whether `issuer` has signed `certificate`.
fn issued(issuer: &[u8], certificate: &Certificate) -> bool {
    let named = Certificate::parse(issuer)
        .is_ok_and(|issuer| issuer.x509.subject().as_raw() == certificate.x509.issuer().as_raw() && issuer.is_ca());
    let signature = &certificate.x509.signature_value.data;
    named && has_signed(issuer, certificate.x509.tbs_certificate.as_ref(), signature)
}

/// Whether the response is the issuer's own, or that of somebody whom it has made its responder: RFC 6960 §4.2.2.2.
fn speaks_for(response: &BasicOcspResponse, message: &[u8], issuer: &[u8]) -> bool {
    let signature = response.signature.as_raw_slice();
    if has_signed(issuer, message, signature) {
        return true;
    }
    let produced = OffsetDateTime::from_unix_timestamp(response.tbs_response_data.produced_at.timestamp());
    let Ok(produced) = produced else { return false };
    let responders = response.certs.iter().flatten().take(MAX_RESPONSES);
    responders.filter_map(|responder| rasn::der::encode(responder).ok()).any(|der| {
        Certificate::parse(&der).is_ok_and(|responder| {
            let made = responder.purposes().is_some_and(|oids| oids.iter().any(|oid| oid == path::OCSP_SIGNING));
            made && responder.valid_at(produced) && issued(issuer, &responder) && has_signed(&der, message, signature)
        })
    })
}

/// Whether the key of this certificate has signed the message, with any algorithm that signs certificates.
fn has_signed(certificate: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let der = certificate.into();
    let Ok(certificate) = EndEntityCert::try_from(&der) else { return false };
    verify::ALGORITHMS.iter().any(|algorithm| certificate.verify_signature(algorithm, message, signature).is_ok())
}

/// Serial numbers are unique for an issuer (RFC 5280 §4.1.2.2), whose response this is.
fn is_about(single: &SingleResponse, leaf: &Certificate) -> bool {
    single.cert_id.serial_number.to_string() == leaf.x509.serial.to_string()
}

fn revocation(single: &SingleResponse) -> Option<OffsetDateTime> {
    let CertStatus::Revoked(info) = &single.cert_status else { return None };
    // Such a certificate was on hold, and is not any more: RFC 5280 §5.3.1.
    if info.revocation_reason == Some(CrlReason::RemoveFromCRL) {
        return None;
    }
    OffsetDateTime::from_unix_timestamp(info.revocation_time.timestamp()).ok()
}
