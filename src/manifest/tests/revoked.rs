//! Certificates that their issuer took back: OCSP responses beside a signature.

use ed25519_dalek::{Signer as _, pkcs8::EncodePrivateKey as _};
use rcgen::{Certificate as Made, ExtendedKeyUsagePurpose as Eku};

use super::{
    chains::{key, leaf, params, root},
    swaps::rewrite,
    *,
};
use crate::{
    manifest::{revocation, trust::List},
    report::{Axes, Binding, Signature, SignerStanding},
};

/// A DER element.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let len = match len {
        0..=0x7F => vec![u8::try_from(len).unwrap()],
        0x80..=0xFF => vec![0x81, u8::try_from(len).unwrap()],
        _ => [&[0x82][..], &u16::try_from(len).unwrap().to_be_bytes()].concat(),
    };
    [&[tag][..], &len, content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

const GOOD: &[u8] = &[0x80, 0];

fn revoked(time: &str, reason: u8) -> Vec<u8> {
    tlv(0xA1, &[tlv(0x18, time.as_bytes()), tlv(0xA0, &[0x0A, 1, reason])].concat())
}

/// A response by RFC 6960 §4.2.1 about the certificate with this serial number; the key with the seed `by` signs.
fn response(serial: &[u8], status: &[u8], by: u8, certificates: &[&Made]) -> Vec<u8> {
    let sha1 = sequence(&[&tlv(0x06, &[0x2B, 0x0E, 0x03, 0x02, 0x1A]), &[0x05, 0]]);
    let id = sequence(&[&sha1, &tlv(0x04, &[1; 20]), &tlv(0x04, &[2; 20]), &tlv(0x02, serial)]);
    let moment = tlv(0x18, b"20261101000000Z");
    let responder = tlv(0xA2, &tlv(0x04, &[3; 20]));
    let data = sequence(&[&responder, &moment, &sequence(&[&sequence(&[&id, status, &moment])])]);
    let ed25519 = sequence(&[&tlv(0x06, &[0x2B, 0x65, 0x70])]);
    let seed = ed25519_dalek::SigningKey::from_bytes(&[by; 32]);
    let signature = tlv(0x03, &[&[0][..], &seed.sign(&data).to_bytes()].concat());
    let certificates: Vec<u8> = certificates.iter().flat_map(|made| made.der().as_ref().to_vec()).collect();
    let certificates = match certificates.as_slice() {
        [] => Vec::new(),
        some => tlv(0xA0, &tlv(0x30, some)),
    };
    let basic = sequence(&[&data, &ed25519, &signature, &certificates]);
    let kind = tlv(0x06, &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01]);
    sequence(&[&[0x0A, 1, 0], &tlv(0xA0, &sequence(&[&kind, &tlv(0x04, &basic)]))])
}

/// The serial number of the certificates that `chains` makes with this identifier.
fn serial(id: u8) -> [u8; 4] {
    [1, 2, 3, id]
}

/// When the certificate with the identifier 9, below the root with 7, was revoked according to `response`.
fn judge(response: &[u8]) -> Option<String> {
    let (root, issuer) = root();
    let leaf = leaf("Direct", 9).signed_by(&key(9), &issuer).unwrap();
    let anchors = TrustAnchors::default().with_pem("study", root.pem().as_bytes()).unwrap();
    let when = |lists: &[List], chain: &[Vec<u8>]| {
        revocation::revoked_at(&[b"no response", response], chain, lists).map(|when| when.date().to_string())
    };
    let [leaf, root] = [leaf, root].map(|made| made.der().as_ref().to_vec());
    let listed = when(&anchors.signers, std::slice::from_ref(&leaf));
    assert_eq!(listed, when(&[], &[leaf.clone(), root]), "an issuer in the chain or on a list");
    assert_eq!(when(&[], &[leaf]), None, "the issuer is not there");
    listed
}

#[test]
fn only_the_issuer_and_its_responders_are_believed() {
    let status = revoked("20261120000000Z", 1);
    let said = Some("2026-11-20".to_owned());
    assert_eq!(judge(&response(&serial(9), &status, 7, &[])), said);
    assert_eq!(judge(&response(&serial(9), GOOD, 7, &[])), None);
    assert_eq!(judge(&response(&serial(8), &status, 7, &[])), None, "about another certificate");
    assert_eq!(judge(&response(&serial(9), &status, 9, &[])), None, "signed by the certificate itself");
    assert_eq!(judge(&response(&serial(9), &revoked("20261120000000Z", 8), 7, &[])), None, "no longer on hold");

    let (_, issuer) = root();
    let responder = |purpose| {
        let mut params = params("Responder", 21);
        params.extended_key_usages = vec![purpose];
        params.signed_by(&key(21), &issuer).unwrap()
    };
    let made = responder(Eku::OcspSigning);
    assert_eq!(judge(&response(&serial(9), &status, 21, &[&made])), said);
    assert_eq!(judge(&response(&serial(9), &status, 22, &[&made])), None, "signed by somebody else");
    let other = responder(Eku::EmailProtection);
    assert_eq!(judge(&response(&serial(9), &status, 21, &[&other])), None, "not made a responder");
    let mut params = params("Responder", 21);
    params.extended_key_usages = vec![Eku::OcspSigning];
    let own = params.self_signed(&key(21)).unwrap();
    assert_eq!(judge(&response(&serial(9), &status, 21, &[&own])), None, "its own responder");
}

#[test]
fn cut_and_changed_responses_say_nothing_or_the_same() {
    let whole = response(&serial(9), &revoked("20261120000000Z", 1), 7, &[]);
    for at in 0..whole.len() {
        assert_eq!(judge(&whole[..at]), None, "cut at {at}");
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        let said = judge(&changed);
        assert!(said.is_none() || said.as_deref() == Some("2026-11-20"), "changed at {at}: {said:?}");
    }
}

/// `store` with responses beside its signature, which do not stand under it.
fn stapled(store: &[u8], response: &[u8]) -> Vec<u8> {
    rewrite(store, "", &mut |path, kind, cose| {
        if !path.ends_with("/c2pa.signature") || kind != b"cbor" {
            return None;
        }
        // Tag, array of four, protected header of 16 bits' length; then the map.
        assert_eq!((cose[0], cose[1], cose[2]), (0xD2, 0x84, 0x59));
        let map = 5 + usize::from(u16::from_be_bytes([cose[3], cose[4]]));
        assert!((0xA0..0xB7).contains(&cose[map]), "a small map");
        let len = u16::try_from(response.len()).unwrap().to_be_bytes();
        let entry = [b"\x65rVals\xA1\x68ocspVals\x81\x59", &len[..], response].concat();
        Some(([&cose[..map], &[cose[map] + 1], &entry, &cose[map + 1..]].concat(), 1))
    })
}

#[test]
fn a_revoked_signer_is_not_trusted() {
    let Some(png) = png() else { return };
    let (root, issuer) = root();
    let certificate = leaf("Direct", 9).signed_by(&key(9), &issuer).unwrap();
    let secret = ed25519_dalek::SigningKey::from_bytes(&[9; 32]).to_pkcs8_pem(Default::default()).unwrap();
    let signer = Signer::from_pem(certificate.pem().as_bytes(), secret.as_bytes()).unwrap();
    let record = record(Extent::Generated);
    let draft = Draft::new(Format::Png, &Claim { beside: true, ..claim(&record) }, None, &signer).unwrap();
    let hash = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&png));
    let store = draft.sign(hash, &(0..0), &mut Cursor::new(Vec::new())).unwrap();
    let anchors = TrustAnchors::default().with_pem("study", root.pem().as_bytes()).unwrap();
    let read =
        |store: Vec<u8>| with_asset(&png, |asset| read_detached(asset, store, "sidecar", &anchors, NOW).unwrap());
    let standing = |reading: &Reading| {
        let Axes { binding, signature, signer, .. } = reading.axes;
        assert_eq!((binding, signature), (Binding::Intact, Signature::Ok), "{:?}", reading.findings);
        signer
    };
    assert_eq!(standing(&read(store.clone())), SignerStanding::Trusted);
    let good = response(&serial(9), GOOD, 7, &[]);
    assert_eq!(standing(&read(stapled(&store, &good))), SignerStanding::Trusted);
    let forged = response(&serial(9), &revoked("20261120000000Z", 1), 66, &[]);
    assert_eq!(
        standing(&read(stapled(&store, &forged))),
        SignerStanding::Trusted,
        "whoever handles the file can add this"
    );
    let revoked = response(&serial(9), &revoked("20261120000000Z", 1), 7, &[]);
    let reading = read(stapled(&store, &revoked));
    assert_eq!(standing(&reading), SignerStanding::Revoked);
    let told = |finding: &crate::report::Finding| finding.text.contains("2026-11-20");
    assert!(reading.findings.iter().any(told), "{:?}", reading.findings);
    assert!(reading.findings.iter().all(|finding| finding.class != crate::report::Class::Proven));
}

/// A response of Adobe's responder, in a file of the public test set.
#[test]
fn a_response_of_the_world_is_read() {
    let Some(file) = outside("labelled/ocsp.jpg") else { return };
    with_asset(&file, |asset| {
        let store = &asset.survey.stores[0].jumbf;
        let responses = revocation::responses(store, jumbf::manifests(store).last().unwrap().0);
        assert_eq!(responses.len(), 1);
        assert!(rasn::der::decode::<rasn_ocsp::OcspResponse>(responses[0]).is_ok());
    });
}
