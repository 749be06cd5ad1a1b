//! Manifests that their own signer made wrong: every hash and the signature fit, what they say does not.

use ed25519_dalek::{Signer as _, SigningKey, pkcs8::DecodePrivateKey as _};
use sha2::{Digest as _, Sha256};

use super::{
    attacks::{assert_not_intact, trusted},
    swaps::{identity, labels, relabelled, replace, rewrite, store, with_store},
    *,
};
use crate::report::{Binding, Signature};

/// Rewrites the assertion `label` of the active manifest with `change`, from its label and its CBOR, and signs the result.
/// Lengths stay, or the range that the hash leaves out would not be that of the store.
fn resigned(file: &[u8], label: &str, change: impl Fn(&[u8]) -> Vec<u8>, new_label: &str, alg: u8) -> Vec<u8> {
    resigned_by(&identity().1, file, label, change, new_label, alg)
}

pub(super) fn resigned_by(
    signer: &Identity,
    file: &[u8],
    label: &str,
    change: impl Fn(&[u8]) -> Vec<u8>,
    new_label: &str,
    alg: u8,
) -> Vec<u8> {
    assert_eq!(label.len(), new_label.len());
    let active = jumbf::manifests(store(file)).last().unwrap().0.to_owned();
    let mut hashes = None;
    let inside = format!("/{active}/c2pa.assertions/{label}");
    let changed = rewrite(store(file), "", &mut |path, kind, content| {
        if !path.ends_with(&inside) {
            return None;
        }
        let content = match kind {
            b"jumd" => replace(content, label.as_bytes(), new_label.as_bytes()),
            b"cbor" => change(content),
            _ => {
                if let Some((_, new)) = hashes.as_mut() {
                    *new = Sha256::digest(content).to_vec();
                }
                return None;
            }
        };
        // The hash of what was there before is asked for once.
        hashes.get_or_insert_with(|| (hash_of(store(file), &active, label), Vec::new()));
        Some((content, 1))
    });
    let (old, new) = hashes.unwrap();
    let mut claim = Vec::new();
    let claimed = rewrite(&changed, "", &mut |path, kind, content| {
        (path.ends_with(&format!("/{active}/c2pa.claim.v2")) && kind == b"cbor").then(|| {
            let (from, to) = (format!("c2pa.assertions/{label}"), format!("c2pa.assertions/{new_label}"));
            claim = replace(&replace(content, &old, &new), from.as_bytes(), to.as_bytes());
            (claim.clone(), 1)
        })
    });
    let signed = rewrite(&claimed, "", &mut |path, kind, content| {
        (path.ends_with(&format!("/{active}/c2pa.signature")) && kind == b"cbor")
            .then(|| (sign(signer, content, &claim, alg), 1))
    });
    with_store(file, &signed)
}

/// What the claim says that the assertion's boxes hash to.
fn hash_of(store: &[u8], manifest: &str, assertion: &str) -> Vec<u8> {
    let manifests = jumbf::manifests(store);
    let (_, manifest) = manifests.iter().find(|(label, _)| *label == manifest).unwrap();
    let (_, payload) = manifest.assertions.iter().find(|(label, _)| *label == assertion).unwrap();
    Sha256::digest(payload).to_vec()
}

/// The COSE structure with a new signature over `claim`, and this algorithm in its header; 0x27 is EdDSA (RFC 9053 §2.2).
fn sign(signer: &Identity, cose: &[u8], claim: &[u8], alg: u8) -> Vec<u8> {
    let key = SigningKey::from_pkcs8_pem(&signer.key_pem).unwrap();
    let at = memchr::memmem::find(cose, b"\x01\x27").unwrap();
    let mut cose = [&cose[..=at], &[alg], &cose[at + 2..]].concat();
    let mut reader = cbor::Reader::new(&cose);
    let protected = std::iter::from_fn(|| reader.next()).find_map(|item| match item {
        cbor::Item::Bytes(bytes) => Some(bytes),
        _ => None,
    });
    let bytes = |bytes: &[u8]| [&[0x59][..], &u16::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let signed = [&b"\x84\x6aSignature1"[..], &bytes(protected.unwrap()), b"\x40", &bytes(claim)].concat();
    let end = cose.len() - 64;
    cose[end..].copy_from_slice(&key.sign(&signed).to_bytes());
    cose
}

#[test]
fn what_is_signed_again_as_it_was_is_intact() {
    let Some((file, anchors)) = trusted() else { return };
    let same = resigned(&file, "c2pa.hash.data", <[u8]>::to_vec, "c2pa.hash.data", 0x27);
    let axes = read_back(&same, &anchors, NOW).axes;
    assert_eq!((axes.binding, axes.signature), (Binding::Intact, Signature::Ok));
}

#[test]
fn a_signer_cannot_make_a_wrong_binding_intact() {
    let Some((file, anchors)) = trusted() else { return };
    let unknown = |cbor: &[u8]| replace(cbor, b"sha256", b"sha255");
    let cases = [
        ("an unknown hash", resigned(&file, "c2pa.hash.data", unknown, "c2pa.hash.data", 0x27)),
        ("no hard binding", resigned(&file, "c2pa.hash.data", <[u8]>::to_vec, "acme.hash.data", 0x27)),
        ("two hard bindings", resigned(&file, "c2pa.actions.v2", <[u8]>::to_vec, "c2pa.hash.boxes", 0x27)),
    ];
    for (what, forged) in cases {
        assert_eq!(forged.len(), file.len(), "{what}");
        assert_not_intact(what, &forged, &anchors);
    }
}

#[test]
fn algorithms_that_are_none_sign_nothing() {
    let Some((file, anchors)) = trusted() else { return };
    // 0 is reserved (RFC 9053 §8): "none". 5 is HMAC 256/256, -1 and 23 are nobody's.
    for alg in [0, 5, 0x20, 23] {
        let forged = resigned(&file, "c2pa.hash.data", <[u8]>::to_vec, "c2pa.hash.data", alg);
        let axes = read_back(&forged, &anchors, NOW).axes;
        assert_ne!(axes.signature, Signature::Ok, "{alg}");
        assert_not_intact("an algorithm that is none", &forged, &anchors);
    }
}

/// A manifest that is its own parent, and two that are each other's.
#[test]
fn circles_of_parents_end() {
    let Some((file, anchors)) = relabelled(None) else { return };
    let [parent, active] = labels(store(&file));
    let itself = rewrite(store(&file), "", &mut |path, kind, content| {
        let ingredient = path.contains(&format!("/{active}/")) && path.contains("c2pa.ingredient") && kind == b"cbor";
        ingredient.then(|| {
            let text = String::from_utf8_lossy(content).into_owned();
            assert!(text.contains(&parent));
            let places = memchr::memmem::find_iter(content, parent.as_bytes()).collect::<Vec<_>>();
            let mut content = content.to_vec();
            for at in places {
                content[at..at + active.len()].copy_from_slice(active.as_bytes());
            }
            (content, 1)
        })
    });
    assert_not_intact("its own parent", &with_store(&file, &itself), &anchors);
    // The parent opens what opened it: its own claim names no ingredient, so that the boxes alone are swapped.
    let other = rewrite(store(&file), "", &mut |path, kind, content| {
        let mut content = content.to_vec();
        let manifest = path.ends_with(&active) || path.ends_with(&parent);
        (manifest && kind == b"jumd").then(|| {
            let (from, to) = if path.ends_with(&active) { (&active, &parent) } else { (&parent, &active) };
            content = replace(&content, from.as_bytes(), to.as_bytes());
            (content, 1)
        })
    });
    assert_not_intact("each other's parents", &with_store(&file, &other), &anchors);
}
