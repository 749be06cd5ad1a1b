//! Manipulated files: none may read as intact.

use super::*;
use crate::report::{Axes, Binding, Signature, SignerStanding, Statement};

/// A file signed by a signer whom the returned anchors trust.
pub(super) fn trusted() -> Option<(Vec<u8>, TrustAnchors)> {
    let identity = Identity::generate(&IdentityRequest::new("Acme", "Acme", NOW).seed([3; 32])).unwrap();
    let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
    let anchors = TrustAnchors::default().with_pem("Acme root", identity.anchor_pem.as_bytes()).unwrap();
    Some((sign_png(&png()?, &claim(&record(Extent::Generated)), None, &signer), anchors))
}

pub(super) fn chunk_len(file: &[u8]) -> usize {
    u32::from_be_bytes(file[33..37].try_into().unwrap()) as usize + 12
}

pub(super) fn assert_not_intact(what: &str, file: &[u8], anchors: &TrustAnchors) {
    let reading = read_back(file, anchors, NOW);
    let axes = reading.axes;
    assert!(
        reading.unreadable || axes.binding != Binding::Intact || axes.signature != Signature::Ok,
        "{what}: {axes:?}"
    );
    assert!(reading.findings.iter().all(|finding| finding.says == Statement::AboutTheLabel), "{what}");
    assert!(reading.regions.is_empty(), "{what}");
}

#[test]
fn the_genuine_file_is_intact_and_trusted() {
    let Some((file, anchors)) = trusted() else { return };
    let reading = read_back(&file, &anchors, NOW);
    assert_eq!(reading.axes.binding, Binding::Intact);
    assert_eq!(reading.axes.signature, Signature::Ok);
    assert_eq!(reading.axes.signer, SignerStanding::Trusted);
    assert_eq!(reading.manifest.unwrap().trusted_by.as_deref(), Some("Acme root"));
    let stranger = read_back(&file, &TrustAnchors::default(), NOW);
    assert_eq!(stranger.axes.signer, SignerStanding::Unknown);
    let later = read_back(&file, &anchors, datetime!(2030-01-01 0:00 UTC));
    assert_eq!(later.axes.signer, SignerStanding::Expired);
}

#[test]
fn the_excluded_range_may_hold_nothing_but_the_manifest() {
    let Some((file, anchors)) = trusted() else { return };
    let len = chunk_len(&file);
    let chunk = file[33..33 + len].to_vec();
    // The store moves to the end; what the hash leaves out now holds other chunks, a text among them.
    let mut text = b"tEXtTitle\0a portrait of somebody else".to_vec();
    text.resize(len - 8, b' ');
    let mut forged = file[..33].to_vec();
    forged.extend(u32::try_from(text.len() - 4).unwrap().to_be_bytes());
    forged.extend(&text);
    forged.extend(crc32fast::hash(&text).to_be_bytes());
    let iend = file.len() - 12;
    forged.extend(&file[33 + len..iend]);
    let mut moved = forged.clone();
    moved.extend(&chunk);
    moved.extend(&file[iend..]);
    assert_not_intact("store moved, its old place overwritten", &moved, &anchors);
    // The same attack, with the engine alone: detached, it is called valid. This is why we look ourselves.
    forged.extend(&file[iend..]);
    let store = &chunk[8..len - 4];
    let reader = c2pa::Reader::from_context(c2pa::Context::new())
        .with_manifest_data_and_stream(store, "image/png", Cursor::new(&forged))
        .unwrap();
    assert_eq!(
        reader.validation_state(),
        c2pa::ValidationState::Valid,
        "the engine learnt to reject it: drop this test"
    );
}

#[test]
fn an_exclusion_longer_than_the_manifest_is_partial() {
    let Some(png) = png() else { return };
    let signer = Signer::development();
    let record = record(Extent::Generated);
    let draft = Draft::new(Format::Png, &claim(&record), None, &signer).unwrap();
    let len = cabx(&vec![0; draft.len()]).len() as u64;
    for more in [1, 25] {
        // The signer itself leaves more out than the chunk: honest hash, dishonest range.
        let draft = Draft::new(Format::Png, &claim(&record), None, &signer).unwrap();
        let hashed = [&png[..33], &png[33 + more as usize..]].concat();
        let hash = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&hashed));
        let store = draft.sign(hash, &(33..33 + len + more), &mut Cursor::new(Vec::new())).unwrap();
        let file = [&png[..33], &cabx(&store), &png[33..]].concat();
        let reading = read_back(&file, &TrustAnchors::default(), NOW);
        assert_eq!(reading.axes.binding, Binding::Partial, "{:?}", reading.manifest);
        assert_not_intact("exclusion too long", &file, &TrustAnchors::default());
    }
}

#[test]
fn changed_content_is_broken() {
    let Some((file, anchors)) = trusted() else { return };
    let mut appended = file.clone();
    appended.extend(b"<html>more</html>");
    assert_not_intact("data after IEND", &appended, &anchors);
    let mut flipped = file.clone();
    let last = flipped.len() - 20;
    flipped[last] ^= 1;
    assert_not_intact("a flipped bit", &flipped, &anchors);
    let Some(other) = file_of("unlabelled/sample1.png") else { return };
    let len = chunk_len(&file);
    let transplanted = [&other[..33], &file[33..33 + len], &other[33..]].concat();
    assert_not_intact("the manifest of another file", &transplanted, &anchors);
    let doubled = [&file[..33 + len], &file[33..]].concat();
    assert_not_intact("two stores", &doubled, &anchors);
}

#[test]
fn bytes_hidden_behind_the_store_are_seen() {
    let Some((file, anchors)) = trusted() else { return };
    let len = chunk_len(&file);
    let store = &file[41..33 + len - 4];
    let hidden = cabx(&[store, b"hidden"].concat());
    assert_not_intact("bytes after the store", &[&file[..33], &hidden, &file[33 + len..]].concat(), &anchors);
}

/// 2,000 manipulated stores: no panic, no hang, and nothing but the original is intact.
#[test]
fn mutated_stores_are_never_intact_and_never_panic() {
    let Some((file, anchors)) = trusted() else { return };
    let len = chunk_len(&file);
    let store = file[41..33 + len - 4].to_vec();
    let (mut cases, mut intact) = (0, Vec::new());
    let mut check = |store: &[u8], what: String| {
        cases += 1;
        let mutated = [&file[..33], &cabx(store), &file[33 + len..]].concat();
        let reading = read_back(&mutated, &anchors, NOW);
        let Axes { binding, signature, .. } = reading.axes;
        // Type and toggles of description boxes are hashed too; only what stands outside of every signed box may change.
        if binding == Binding::Intact && signature == Signature::Ok && !reading.unreadable {
            intact.push(what);
        }
    };
    let step = store.len() / 500 + 1;
    for at in (0..store.len()).step_by(step) {
        check(&store[..at], format!("cut at {at}"));
        for change in [0x01, 0x80, 0xFF] {
            let mut mutated = store.clone();
            mutated[at] ^= change;
            check(&mutated, format!("{change:#x} at {at}"));
        }
    }
    for at in (0..store.len() - 4).step_by(step) {
        let mut mutated = store.clone();
        mutated[at..at + 4].copy_from_slice(&[0xFF; 4]);
        check(&mutated, format!("a length at {at}"));
    }
    assert!(cases >= 2000, "{cases}");
    // The store's own header and description, and the header of the signature's superbox, are signed by nobody.
    assert!(intact.len() <= cases / 20, "{} of {cases} read as intact: {intact:?}", intact.len());
}

fn file_of(path: &str) -> Option<Vec<u8>> {
    outside(path)
}
