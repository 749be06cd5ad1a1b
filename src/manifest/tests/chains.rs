//! Forged and faulty chains: each of these was `Trusted` by c2pa 0.90.22 or has a fault that must be named.

use rcgen::{
    BasicConstraints, Certificate as Made, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose as Eku, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose as Ku, PKCS_ED25519, PublicKeyData,
    SerialNumber, SignatureAlgorithm, SigningKey, date_time_ymd,
};

use super::*;
use crate::manifest::{
    certificate,
    path::{self, Purpose, Refusal},
};

pub(super) struct Key(ed25519_dalek::SigningKey, [u8; 32]);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.1
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(ed25519_dalek::Signer::sign(&self.0, message).to_bytes().to_vec())
    }
}

pub(super) fn key(seed: u8) -> Key {
    let key = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
    let public = key.verifying_key().to_bytes();
    Key(key, public)
}

pub(super) fn params(name: &str, id: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Study");
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(vec![1, 2, 3, id]));
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2036, 1, 1);
    params.key_identifier_method = KeyIdMethod::PreSpecified(vec![id; 20]);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca(name: &str, id: u8) -> CertificateParams {
    let mut params = params(name, id);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![Ku::KeyCertSign, Ku::CrlSign];
    params
}

pub(super) fn leaf(name: &str, id: u8) -> CertificateParams {
    let mut params = params(name, id);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![Ku::DigitalSignature];
    params.extended_key_usages = vec![Eku::EmailProtection];
    params
}

type Spoil = fn(&mut CertificateParams);

fn judge(chain: &[&Made], anchor: &Made) -> Result<String, Refusal> {
    let chain: Vec<_> = chain.iter().map(|made| made.der().as_ref().to_vec()).collect();
    let anchors = TrustAnchors::default().with_pem("study", anchor.pem().as_bytes()).unwrap();
    path::check(&chain, &anchors.signers, Purpose::Content, NOW).map(|list| list.name().to_owned())
}

/// A root without limits, as an issuer.
pub(super) fn root() -> (Made, Issuer<'static, Key>) {
    let mut params = ca("Study Root", 7);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(&key(7)).unwrap(), Issuer::new(params, key(7)))
}

#[test]
fn a_good_chain_is_trusted_with_and_without_an_intermediate() {
    let (root, issuer) = root();
    let direct = leaf("Direct", 9).signed_by(&key(9), &issuer).unwrap();
    assert_eq!(judge(&[&direct], &root), Ok("study".into()));
    assert_eq!(judge(&[&direct, &root], &root), Ok("study".into()));
    let middle_params = ca("Middle", 10);
    let middle = middle_params.signed_by(&key(10), &issuer).unwrap();
    let under = leaf("Under", 11).signed_by(&key(11), &Issuer::new(middle_params, key(10))).unwrap();
    assert_eq!(judge(&[&under, &middle], &root), Ok("study".into()));
    assert_eq!(judge(&[&under], &middle), Ok("study".into()), "an intermediate may be the anchor");
    assert!(judge(&[&under], &root).is_err(), "the intermediate is missing");
    let other = ca("Other", 70).self_signed(&key(70)).unwrap();
    assert!(judge(&[&direct, &root], &other).is_err(), "a root that is only in the chain vouches for nobody");
}

#[test]
fn forged_chains_are_not_trusted() {
    let (root, issuer) = root();
    let genuine_params = leaf("Genuine", 9);
    let genuine = genuine_params.signed_by(&key(9), &issuer).unwrap();
    let forged = leaf("Forged", 66).signed_by(&key(66), &Issuer::new(genuine_params, key(9))).unwrap();
    assert!(judge(&[&forged, &genuine], &root).is_err(), "issued by a leaf");

    let tight_params = ca("Tight root", 12);
    let tight = tight_params.self_signed(&key(12)).unwrap();
    let middle_params = ca("Middle", 13);
    let middle = middle_params.signed_by(&key(13), &Issuer::new(tight_params, key(12))).unwrap();
    let deep = leaf("Deep", 14).signed_by(&key(14), &Issuer::new(middle_params, key(13))).unwrap();
    assert!(judge(&[&deep, &middle], &tight).is_err(), "pathlen:0 exceeded");

    // Same names, another key: the signature in the chain is wrong.
    let impostor = Issuer::new(ca("Study Root", 7), key(77));
    let fake = leaf("Fake", 15).signed_by(&key(15), &impostor).unwrap();
    assert!(judge(&[&fake, &root], &root).is_err(), "signed by an impostor");
}

#[test]
fn chains_outside_their_time_are_not_trusted() {
    let (root, issuer) = root();
    let mut params = leaf("Old leaf", 20);
    params.not_after = date_time_ymd(2026, 2, 1);
    let old = params.signed_by(&key(20), &issuer).unwrap();
    assert!(matches!(judge(&[&old], &root), Err(Refusal::Expired(_))));

    let mut middle_params = ca("Old middle", 21);
    middle_params.not_after = date_time_ymd(2026, 2, 1);
    let middle = middle_params.signed_by(&key(21), &issuer).unwrap();
    let under = leaf("Under", 22).signed_by(&key(22), &Issuer::new(middle_params, key(21))).unwrap();
    assert!(judge(&[&under, &middle], &root).is_err(), "expired intermediate");

    let mut anchor_params = ca("Old root", 23);
    anchor_params.not_after = date_time_ymd(2026, 2, 1);
    let anchor = anchor_params.self_signed(&key(23)).unwrap();
    let under = leaf("Under old root", 24).signed_by(&key(24), &Issuer::new(anchor_params, key(23))).unwrap();
    assert!(judge(&[&under], &anchor).is_err(), "expired anchor");
}

#[test]
fn leaves_that_may_not_sign_content_are_not_trusted() {
    let (root, issuer) = root();
    let cases: [(&str, Spoil); 9] = [
        ("no purpose", |leaf| leaf.extended_key_usages.clear()),
        ("any purpose", |leaf| leaf.extended_key_usages = vec![Eku::Any, Eku::EmailProtection]),
        ("time-stamping", |leaf| leaf.extended_key_usages = vec![Eku::TimeStamping]),
        ("time-stamping as well", |leaf| leaf.extended_key_usages.push(Eku::TimeStamping)),
        ("web server", |leaf| leaf.extended_key_usages = vec![Eku::ServerAuth]),
        ("no key usage", |leaf| leaf.key_usages.clear()),
        ("key usage of a CA", |leaf| leaf.key_usages = vec![Ku::KeyCertSign]),
        ("key usage for encryption", |leaf| leaf.key_usages = vec![Ku::KeyEncipherment]),
        ("a CA", |leaf| leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
    ];
    for (what, spoil) in cases {
        let mut params = leaf("Spoiled", 30);
        spoil(&mut params);
        let spoiled = params.signed_by(&key(30), &issuer).unwrap();
        assert!(judge(&[&spoiled], &root).is_err(), "{what}");
    }
    for purpose in [vec![1, 3, 6, 1, 5, 5, 7, 3, 36], vec![1, 3, 6, 1, 4, 1, 62558, 2, 1]] {
        let mut params = leaf("Good", 31);
        params.extended_key_usages = vec![Eku::Other(purpose)];
        let good = params.signed_by(&key(31), &issuer).unwrap();
        assert_eq!(judge(&[&good], &root), Ok("study".into()));
    }
    let selfish = leaf("Self", 33).self_signed(&key(33)).unwrap();
    assert!(judge(&[&selfish], &selfish).is_err(), "self-signed, and its own anchor");
}

#[test]
fn an_allowed_signer_is_trusted_as_it_stands() {
    let (_, issuer) = root();
    let made = leaf("Allowed", 40).signed_by(&key(40), &issuer).unwrap();
    let other = leaf("Other", 41).signed_by(&key(41), &issuer).unwrap();
    let anchors = TrustAnchors::default().with_allowed_pem("pinned", made.pem().as_bytes()).unwrap();
    let check =
        |made: &Made| path::check(&[made.der().as_ref().to_vec()], &anchors.signers, Purpose::Content, NOW).is_ok();
    assert!(check(&made));
    assert!(!check(&other));
}

/// The vendors that sign with mail certificates: whoever else has one under the same root stays unknown.
#[test]
fn a_pinned_vendor_is_known_by_issuer_subject_and_key() {
    let (root, issuer) = root();
    let elsewhere = Issuer::new(ca("Another root", 60), key(60));
    let pinned = leaf("Vendor", 50).signed_by(&key(50), &issuer).unwrap();
    let anchors = TrustAnchors::default().with_pinned_pem("vendors", pinned.pem().as_bytes()).unwrap();
    let check = |made: &Made| {
        let chain = [made.der().as_ref().to_vec(), root.der().as_ref().to_vec()];
        path::check(&chain, &anchors.signers, Purpose::Content, NOW).map(|list| list.pins(&chain[0]))
    };
    assert_eq!(check(&pinned), Ok(true));
    let mut renewed = leaf("Vendor", 51);
    renewed.not_after = date_time_ymd(2040, 1, 1);
    assert_eq!(check(&renewed.signed_by(&key(50), &issuer).unwrap()), Ok(true), "a renewed certificate");
    assert!(check(&leaf("Vendor", 52).signed_by(&key(52), &issuer).unwrap()).is_err(), "another key");
    assert!(check(&leaf("Vendor B", 50).signed_by(&key(50), &issuer).unwrap()).is_err(), "another name");
    assert!(check(&leaf("Vendor", 50).signed_by(&key(50), &elsewhere).unwrap()).is_err(), "another issuer");
    let mut expired = leaf("Vendor", 53);
    expired.not_after = date_time_ymd(2026, 2, 1);
    let expired = check(&expired.signed_by(&key(50), &issuer).unwrap());
    assert!(matches!(expired, Err(Refusal::Expired(_))), "{expired:?}");
}

#[test]
fn the_doctor_names_each_fault() {
    let (root, issuer) = root();
    let pem = |spoil: fn(&mut CertificateParams)| {
        let mut params = leaf("Patient", 50);
        spoil(&mut params);
        params.signed_by(&key(50), &issuer).unwrap().pem()
    };
    let healthy = pem(|_| ());
    let cases: Vec<(&str, String)> = vec![
        (
            "no organisation",
            pem(|leaf| {
                leaf.distinguished_name = DistinguishedName::new();
                leaf.distinguished_name.push(DnType::CommonName, "Only CN");
            }),
        ),
        (
            "no common name",
            pem(|leaf| {
                leaf.distinguished_name = DistinguishedName::new();
                leaf.distinguished_name.push(DnType::OrganizationName, "Only O");
            }),
        ),
        ("no extended key usage", pem(|leaf| leaf.extended_key_usages.clear())),
        ("anyExtendedKeyUsage", pem(|leaf| leaf.extended_key_usages = vec![Eku::Any])),
        ("does not allow signing content", pem(|leaf| leaf.extended_key_usages = vec![Eku::CodeSigning])),
        ("mixes signing with time-stamping", pem(|leaf| leaf.extended_key_usages.push(Eku::TimeStamping))),
        ("no key usage", pem(|leaf| leaf.key_usages.clear())),
        ("lacks digitalSignature", pem(|leaf| leaf.key_usages = vec![Ku::KeyEncipherment])),
        ("no authority key identifier", pem(|leaf| leaf.use_authority_key_identifier_extension = false)),
        ("expired on 2026-02-01", pem(|leaf| leaf.not_after = date_time_ymd(2026, 2, 1))),
        ("not valid before 2030-01-01", pem(|leaf| leaf.not_before = date_time_ymd(2030, 1, 1))),
        ("self-signed", leaf("Self", 51).self_signed(&key(51)).unwrap().pem()),
        ("root first", root.pem() + &healthy),
        ("includes the root", healthy.clone() + &root.pem()),
        (
            "certificate 1 was not issued by certificate 2",
            healthy.clone() + &ca("Stranger", 52).self_signed(&key(52)).unwrap().pem(),
        ),
        ("a CA's", root.pem()),
        ("no certificate in the PEM", "nothing".into()),
    ];
    assert_eq!(diagnose(healthy.as_bytes(), None, NOW).faults, []);
    for (words, chain) in cases {
        let diagnosis = diagnose(chain.as_bytes(), None, NOW);
        assert!(diagnosis.faults.iter().any(|fault| fault.what.contains(words)), "{words}: {:?}", diagnosis.faults);
        assert!(diagnosis.faults.iter().all(|fault| !fault.remedy.is_empty()));
    }
    let other_key = Identity::generate(&IdentityRequest::new("O", "CN", NOW).seed([1; 32])).unwrap().key_pem;
    let diagnosis = diagnose(healthy.as_bytes(), Some(other_key.as_bytes()), NOW);
    assert!(diagnosis.faults[0].what.contains("does not belong"), "{diagnosis:?}");
    let anchors = TrustAnchors::default().with_pem("study", root.pem().as_bytes()).unwrap();
    assert!(diagnose_trust(healthy.as_bytes(), None, &anchors, NOW).is_healthy());
    assert!(!diagnose_trust(healthy.as_bytes(), None, &TrustAnchors::default(), NOW).is_healthy());
    assert!(certificate::certificates(healthy.as_bytes()).is_ok());
}
