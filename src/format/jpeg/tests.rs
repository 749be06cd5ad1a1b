//! The JPEG handler on real files.

use super::*;
use crate::format::testing::{corpus, mark, survey};

pub(super) const FILES: &[&str] = &[
    "labelled/C.jpg",
    "labelled/CA.jpg",
    "labelled/CACA.jpg",
    "labelled/CACAE-uri-CA.jpg",
    "labelled/C_with_CAWG_data.jpg",
    "labelled/E-sig-CA.jpg",
    "labelled/XCA.jpg",
    "labelled/boxhash.jpg",
    "labelled/cloud.jpg",
    "labelled/legacy_ingredient_hash.jpg",
    "labelled/no_alg.jpg",
    "labelled/ocsp.jpg",
    "labelled/prerelease.jpg",
    "labelled/update_manifest.jpg",
    "unlabelled/IMG_0003.jpg",
    "unlabelled/P1000827.jpg",
    "unlabelled/earth_apollo17.jpg",
    "unlabelled/no_manifest.jpg",
    "wild/automatic1111_cropped.jpg",
    "wild/flux-1.jpg",
    "wild/grok-1.jpg",
];

#[test]
fn the_survey_of_real_files() {
    for name in FILES {
        let Some(bytes) = corpus(name) else { return };
        let found = survey(&Jpeg, &bytes).unwrap();
        // The remote manifest of `cloud` is named in its XMP only.
        let has_store = (name.starts_with("labelled") && !name.ends_with("cloud.jpg")) || name.ends_with("flux-1.jpg");
        assert_eq!(found.stores.len(), usize::from(has_store), "{name}");
        for store in &found.stores {
            assert_eq!(store.carrier.len(), 1, "{name}");
            let len = u32::from_be_bytes(store.jumbf[..4].try_into().unwrap());
            assert_eq!(len as usize, store.jumbf.len(), "{name}");
        }
        let size = image::ImageReader::with_format(std::io::Cursor::new(&bytes), image::ImageFormat::Jpeg);
        let (width, height) = size.into_dimensions().unwrap();
        assert_eq!(found.stored, Some(crate::Size { width, height }), "{name}");
        assert!(found.xmp.iter().all(|xmp| xmp.bytes.starts_with(b"<")), "{name}");
        assert!(found.exif.iter().all(|exif| matches!(&exif.bytes[..2], b"II" | b"MM")), "{name}");
        assert_eq!(found.trailer, None, "{name}");
    }
}

#[test]
fn a_store_replaces_the_old_one_and_nothing_else_changes() {
    for name in FILES {
        let Some(bytes) = corpus(name) else { return };
        let store = &survey(&Jpeg, &corpus("labelled/CACA.jpg").unwrap()).unwrap().stores[0].jumbf;
        let (marked, _) = mark(&Jpeg, &bytes, None, None, Some(store)).unwrap();
        let found = survey(&Jpeg, &marked).unwrap();
        assert_eq!(found.stores.len(), 1, "{name}");
        assert_eq!(&found.stores[0].jumbf, store, "{name}");
        let without = |bytes: &[u8], found: &Survey| {
            let mut rest = bytes.to_vec();
            for carrier in found.stores.iter().flat_map(|store| &store.carrier).rev() {
                rest.drain(carrier.start as usize..carrier.end as usize);
            }
            rest
        };
        assert_eq!(without(&marked, &found), without(&bytes, &survey(&Jpeg, &bytes).unwrap()), "{name}");
    }
}

#[test]
fn data_after_the_picture_is_kept_and_reported() {
    let Some(mut bytes) = corpus("unlabelled/earth_apollo17.jpg") else { return };
    let end = bytes.len() as u64;
    bytes.extend_from_slice(b"\xFF\xD8\xFFtrailer");
    assert_eq!(survey(&Jpeg, &bytes).unwrap().trailer, Some(end..end + 10));
    let (marked, _) = mark(&Jpeg, &bytes, None, None, Some(&[7; 70_000])).unwrap();
    assert!(marked.ends_with(b"\xFF\xD9\xFF\xD8\xFFtrailer"));
}

#[test]
fn odd_but_legal_markers_are_passed_over() {
    let Some(bytes) = corpus("wild/automatic1111_cropped.jpg") else { return };
    let plain = survey(&Jpeg, &bytes).unwrap();
    // Fill bytes before a marker, a TEM, an RST outside of a scan, and stray bytes as libjpeg tolerates them.
    for odd in [&b"\xFF\xFF\xFF"[..], b"\xFF\x01", b"\xFF\xD3", b"\0\x12"] {
        let with = [&bytes[..20], odd, &bytes[20..]].concat();
        let found = survey(&Jpeg, &with).unwrap();
        assert_eq!((found.stored, found.exif.len()), (plain.stored, plain.exif.len()));
    }
}

#[test]
fn broken_files_say_where() {
    let Some(bytes) = corpus("wild/automatic1111_cropped.jpg") else { return };
    let at = |bytes: &[u8]| match survey(&Jpeg, bytes) {
        Err(Error::Malformed { at, .. }) => Some(at),
        _ => None,
    };
    for len in 0..bytes.len() {
        assert!(at(&bytes[..len]).is_some_and(|at| at <= len as u64), "cut at {len}");
    }
    let with_length = |len: u8| [&b"\xFF\xD8\xFF\xE0\0"[..], &[len], &bytes[6..]].concat();
    assert_eq!(at(&with_length(0)), Some(2));
    assert_eq!(at(&with_length(1)), Some(2));
    assert_eq!(at(b"\xFF\xD8\xFF\xD9"), Some(2));
    let mut no_height = bytes.clone();
    let sof = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    no_height[sof + 5..sof + 7].fill(0);
    assert!(matches!(survey(&Jpeg, &no_height), Err(Error::Unsupported { .. })));
}

#[test]
fn extended_xmp_is_joined_in_any_order() {
    let Some(bytes) = corpus("wild/automatic1111_cropped.jpg") else { return };
    let whole: Vec<u8> = b"<x>".iter().copied().chain((0..90_000).map(|index| b'a' + (index % 23) as u8)).collect();
    let mut with = bytes[..20].to_vec();
    for range in [60_000..90_003, 0..60_000] {
        let mut body = b"http://ns.adobe.com/xmp/extension/\0".to_vec();
        body.extend_from_slice(&[b'F'; 32]);
        body.extend_from_slice(&(whole.len() as u32).to_be_bytes());
        body.extend_from_slice(&(range.start as u32).to_be_bytes());
        body.extend_from_slice(&whole[range]);
        with.extend_from_slice(&[0xFF, APP1]);
        with.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
        with.extend_from_slice(&body);
    }
    with.extend_from_slice(&bytes[20..]);
    let found = survey(&Jpeg, &with).unwrap();
    assert_eq!(found.xmp.len(), 1);
    assert_eq!(found.xmp[0].bytes, whole);
}
