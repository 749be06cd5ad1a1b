//! What depends on nothing but the arguments.

use std::io::Cursor;

use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::{Algorithm, Identity, IdentityRequest};

fn signer(algorithm: Algorithm) -> Signer {
    let request = IdentityRequest::new("Tanba tests", "Tanba tests", datetime!(2026-01-01 0:00 UTC));
    let identity = Identity::generate(&request.seed([3; 32]).algorithm(algorithm)).unwrap();
    Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap()
}

fn labeler(signer: &Signer) -> Labeler {
    Labeler::new(&Disclosure::generated("Acme Diffusion"), signer)
        .clock(|| datetime!(2026-06-01 12:00 UTC))
        .ids(|| Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef))
}

fn label(labeler: &Labeler, bytes: &[u8]) -> Vec<u8> {
    let mut sink = Cursor::new(Vec::new());
    labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    sink.into_inner()
}

fn labelled(signer: &Signer, bytes: &[u8]) -> Vec<u8> {
    label(&labeler(signer), bytes)
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// What was written, without the manifest.
fn around(bytes: &[u8]) -> Vec<u8> {
    let mut budget = Budget::new(&Limits::default());
    let format = Format::sniff(&mut Cursor::new(bytes)).unwrap();
    let survey = format.handler().survey(&mut Cursor::new(bytes), &mut budget).unwrap();
    let [store] = &survey.stores[..] else { panic!("one store") };
    let mut rest = bytes.to_vec();
    for carrier in store.carrier.iter().rev() {
        rest.drain(carrier.start as usize..carrier.end as usize);
    }
    rest
}

#[test]
fn the_same_file_clock_identifier_and_key_give_the_same_bytes() {
    let names = [
        "photo.jpg",
        "photo-progressive.jpg",
        "photo.png",
        "palette.png",
        "tiny.gif",
        "tiny.webp",
        "tiny.tif",
        "tiny.avif",
    ];
    let key = signer(Algorithm::Ed25519);
    for name in names {
        let original = fixture(name);
        let once = labelled(&key, &original);
        let twice = std::thread::scope(|scope| scope.spawn(|| labelled(&key, &original)).join().unwrap());
        assert!(once == twice, "{name}");
        // Nothing that was kept of the first takes part in it.
        assert!(once == labelled(&signer(Algorithm::Ed25519), &original), "{name}");
    }
}

#[test]
fn one_labeler_gives_the_same_bytes_on_many_threads() {
    let labeler = labeler(&signer(Algorithm::Ed25519));
    let originals = ["photo.jpg", "tiny.jpg", "photo.png", "tiny.png", "tiny.gif"].map(fixture);
    let wanted = originals.each_ref().map(|original| label(&labeler, original));
    std::thread::scope(|scope| {
        for first in 0..8 {
            let (originals, wanted, labeler) = (&originals, &wanted, &labeler);
            scope.spawn(move || {
                // Each begins with another picture, so that different ones are drawn at the same time.
                for index in (0..20).map(|step| (first + step) % originals.len()) {
                    assert!(label(labeler, &originals[index]) == wanted[index], "thread {first}, picture {index}");
                }
            });
        }
    });
}

#[test]
fn of_a_salted_signature_and_an_archive_only_the_manifest_differs() {
    let (rsa, key) = (signer(Algorithm::Ps256), signer(Algorithm::Ed25519));
    for (name, signer) in [("tiny.jpg", &rsa), ("office/text.docx", &key)] {
        let original = fixture(name);
        let (once, twice) = (labelled(signer, &original), labelled(signer, &original));
        assert!(once != twice, "{name}: it has become repeatable, and the documentation of `Labeler` may say so");
        assert!(once.len() == twice.len() && (name != "tiny.jpg" || around(&once) == around(&twice)), "{name}");
    }
}

#[test]
fn without_a_manifest_all_bytes_are_the_same() {
    let policy = Policy::default().with_manifest(false);
    let labeler = Labeler::new(&Disclosure::generated("Acme Diffusion"), &signer(Algorithm::Ed25519))
        .policy(policy)
        .clock(|| datetime!(2026-06-01 12:00 UTC))
        .ids(|| Uuid::from_u128(7));
    for name in ["photo.jpg", "photo.png", "drawing.svg", "tiny.gif"] {
        let labelled = || label(&labeler, &fixture(name));
        assert!(labelled() == labelled(), "{name}");
    }
}
