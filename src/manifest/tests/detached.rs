//! Manifest stores that stand beside their file.

use super::{
    attacks::{chunk_len, trusted},
    *,
};
use crate::report::{Axes, Binding, Signature, Statement};

fn detached(file: &[u8], store: &[u8], anchors: &TrustAnchors) -> Reading {
    with_asset(file, |asset| read_detached(asset, store.to_vec(), "sidecar", anchors, NOW).unwrap())
}

/// A store whose hash leaves nothing out: made for a file that it does not stand in.
fn sidecar(png: &[u8]) -> Vec<u8> {
    let draft = Draft::new(Format::Png, &claim(&record(Extent::Generated)), None, &Signer::development()).unwrap();
    let hash = <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(png));
    draft.sign(hash, &(0..0), &mut Cursor::new(Vec::new())).unwrap()
}

#[test]
fn a_store_made_for_the_file_binds_it() {
    let Some(png) = png() else { return };
    let store = sidecar(&png);
    let reading = detached(&png, &store, &TrustAnchors::default());
    let Axes { binding, signature, .. } = reading.axes;
    assert_eq!((binding, signature), (Binding::Intact, Signature::Ok), "{:?}", reading.findings);
    assert!(reading.findings.iter().any(|finding| finding.says.is_ai() && finding.place.starts_with("sidecar")));
    let mut changed = png.clone();
    let last = changed.len() - 20;
    changed[last] ^= 1;
    assert_eq!(detached(&changed, &store, &TrustAnchors::default()).axes.binding, Binding::Broken);
    // The same store in two places at once is as good.
    let reading = detached(&png, &[&store[..], &[0; 100]].concat(), &TrustAnchors::default());
    assert_eq!(reading.axes.binding, Binding::Intact);
    let reading = detached(&png, &[&store[..], b"more"].concat(), &TrustAnchors::default());
    assert_eq!(reading.axes.binding, Binding::Partial);
}

/// The manifest of a genuine file is lifted and handed over beside it; where it stood, something else stands.
#[test]
fn a_lifted_manifest_with_its_place_overwritten_is_never_intact() {
    let Some((file, anchors)) = trusted() else { return };
    let len = chunk_len(&file);
    let store = &file[41..33 + len - 4];
    // Where the store still stands, what is left out is the store.
    assert_eq!(detached(&file, store, &anchors).axes.binding, Binding::Intact);
    let mut text = b"tEXtTitle\0a portrait of somebody else".to_vec();
    text.resize(len - 8, b' ');
    let mut forged = file[..33].to_vec();
    forged.extend(u32::try_from(text.len() - 4).unwrap().to_be_bytes());
    forged.extend(&text);
    forged.extend(crc32fast::hash(&text).to_be_bytes());
    forged.extend(&file[33 + len..]);
    let cut = [&file[..33], &file[33 + len..]].concat();
    for (what, file, expected) in [("overwritten", &forged, Binding::Partial), ("cut out", &cut, Binding::Broken)] {
        let reading = detached(file, store, &anchors);
        assert_eq!((reading.axes.binding, reading.axes.signature), (expected, Signature::Ok), "{what}");
        assert!(reading.findings.iter().all(|finding| finding.says == Statement::AboutTheLabel), "{what}");
        assert!(reading.regions.is_empty(), "{what}");
    }
}
