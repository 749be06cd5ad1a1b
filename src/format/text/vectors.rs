//! The cases of others for wrappers in text (C2PA 2.4 §A.8), made anew from what they say: c2patxt's A8ConformanceTest 2.0.0 under its
//! numbers, the one that c2pa 0.91 carries in its tests, and those that c2pa-unstructured-text 0.2 offers to C2PA's public test files.
//!
//! Where we do otherwise than they want:
//! * E0001–E0006: they end the wrapper with the store. Ours is filled up to a length that hangs on that of the store only, as in the
//!   working draft and in c2pa 0.91; every reader that was tried passes over that.
//! * X0003: two wrappers are two stores here as well as a failure, so that `show` can list both; none is believed.
//! * X0021: a damaged wrapper in front of a sound one does not hide it, and is said as well. c2pa-unstructured-text then reads none.
//! * What a wrapper is filled up with: 0x10 in the working draft and in c2pa-unstructured-text, 0xFF here, because encypher-c2pa takes
//!   0x10 for content and every reader that was tried passes over 0xFF. The length is the same.
//! * A second version of the frame, with a checksum, is an extension of c2pa-unstructured-text: here, as for its own plain reader, it is
//!   a damaged wrapper.
//! * X0022: a wrapper that holds nothing holds a store of no bytes, which then cannot be read: somebody put it there.

use super::{wrapper::wrap, *};
use crate::{container::invisible::spelled, format::testing::survey};

const CORRUPTED: &str = "manifest.text.corruptedWrapper";
const MULTIPLE: &str = "manifest.text.multipleWrappers";
const PAYLOAD: &[u8] = &[0xde, 0xad, 0xbe, 0xef];

/// Its number, the text, the stores that are found in it, and the faults that are said.
type Case = (&'static str, String, Vec<Vec<u8>>, &'static [&'static str]);

fn selectors(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| spelled(byte)).collect()
}

/// A wrapper as its header says, whatever stands behind.
fn wrapper(version: u8, len: u32, payload: &[u8]) -> String {
    let header = [&b"C2PATXT\0"[..], &[version], &len.to_be_bytes()].concat();
    format!("\u{feff}{}", selectors(&[&header, payload].concat()))
}

fn whole(payload: &[u8]) -> String {
    wrapper(1, u32::try_from(payload.len()).unwrap(), payload)
}

#[test]
fn what_others_embed_is_what_ours_begins_with() {
    let all: Vec<u8> = (0..=255).collect();
    let texts = ["hello world", "cafe\u{301} 😀", "漢字テキスト", "مرحبا שלום", "text\u{fe0f} and ☝\u{fe0f}🏽", "x"];
    for (number, text) in texts.iter().enumerate() {
        let payload = if number == 5 { &all } else { PAYLOAD };
        let ours = String::from_utf8(wrap(payload)).unwrap();
        let (theirs, len) = (whole(payload), 3 + (13 + payload.len()) * 4 + 6);
        assert!(ours.starts_with(&theirs) && ours.len() == len, "E000{}", number + 1);
        for wrapper in [theirs, ours] {
            let found = survey(&Text, format!("{text}{wrapper}").as_bytes()).unwrap();
            assert_eq!(found.stores[0].jumbf, *payload, "E000{}", number + 1);
            let end = (text.len() + wrapper.len()) as u64;
            let carrier = found.stores[0].carrier[0].clone();
            assert_eq!((carrier.start, carrier.end), (text.len() as u64, end), "E000{}", number + 1);
        }
    }
}

#[test]
fn what_others_extract_is_extracted_here() {
    let sound = whole(PAYLOAD);
    let cut = wrapper(1, 4, &PAYLOAD[..3]);
    // Eight selectors that spell something else.
    let garbage = format!("\u{feff}{}", selectors(&[0, 1, 2, 3, b'G', b'A', b'R', b'B', b'G', b'E']));
    let other = format!("\u{feff}{}", selectors(b"NOTC2PA!"));
    let bare = format!("\u{feff}{}", selectors(b"C2PATXT\0\x01"));
    let c2pa_0_91: Vec<u8> = (0..=15).collect();
    let (store, none) = (|bytes: &[u8]| vec![bytes.to_vec()], Vec::<Vec<u8>>::new());
    let cases: Vec<Case> = vec![
        ("X0001", format!("Doc.{sound}"), store(PAYLOAD), &[]),
        ("X0002", format!("Doc.{cut}"), none.clone(), &[CORRUPTED]),
        ("X0003", format!("Doc.{sound} tail{sound}"), vec![PAYLOAD.to_vec(); 2], &[MULTIPLE]),
        ("X0004", "Doc.".into(), none.clone(), &[]),
        ("X0005", "Just 👍\u{fe0f} emoji ☝\u{fe0f} here.".into(), none.clone(), &[]),
        ("X0006", "Stray \u{feff} marker only.".into(), none.clone(), &[]),
        ("X0007", format!("Bad {other} tail"), none.clone(), &[]),
        ("X0008", format!("Short \u{feff}{}", selectors(b"C2PAT")), none.clone(), &[]),
        ("X0009", "\u{feff}Leading BOM, nothing else.".into(), none.clone(), &[]),
        ("X0010", String::new(), none.clone(), &[]),
        ("X0011", "   \t  ".into(), none.clone(), &[]),
        ("X0012", "c".into(), none.clone(), &[]),
        ("X0013", format!("Doc {garbage} body{sound}"), store(PAYLOAD), &[]),
        ("X0014", format!("Doc.{}", wrapper(2, 4, PAYLOAD)), none.clone(), &[CORRUPTED]),
        ("X0015", format!("Doc.\u{feff}{}", selectors(b"C2PATXT\0\x01\0\0")), none.clone(), &[CORRUPTED]),
        ("X0016", format!("Doc.{}", wrapper(1, 0xffff, PAYLOAD)), none.clone(), &[CORRUPTED]),
        ("X0017", format!("Doc.{sound}\u{fe0f}\u{fe0e}"), store(PAYLOAD), &[]),
        ("X0018", format!("Doc.{}{}", whole(&[0, 255, 16]), selectors(&[16, 17])), store(&[0, 255, 16]), &[]),
        ("X0019", bare.repeat(16), none.clone(), &[CORRUPTED]),
        ("X0020", format!("Doc.{}", wrapper(1, u32::MAX, &[])), none, &[CORRUPTED]),
        ("X0021", format!("Doc {cut} body{sound}"), store(PAYLOAD), &[CORRUPTED]),
        ("X0022", format!("Doc.{}", whole(&[])), store(&[]), &[]),
        ("X0023", format!("Doc.{}", whole(&[14, 15, 16, 17])), store(&[14, 15, 16, 17]), &[]),
        ("c2pa 0.91", format!("hello from c2pa-text{}", whole(&c2pa_0_91)), store(&c2pa_0_91), &[]),
    ];
    assert_eq!(cases.len(), 24);
    for (name, text, stores, faults) in cases {
        let found = survey(&Text, text.as_bytes()).unwrap();
        let held: Vec<_> = found.stores.iter().map(|store| store.jumbf.clone()).collect();
        assert_eq!(held, stores, "{name}");
        let said: Vec<_> =
            found.texts.iter().map(|it| it.key.as_str()).filter(|key| key.starts_with("manifest.")).collect();
        assert_eq!(said, faults, "{name}");
        if name.starts_with("X001") && !stores.is_empty() {
            // What a person typed behind a wrapper is not hidden by it.
            let end = text.find(&whole(&stores[0])).unwrap() + whole(&stores[0]).len();
            assert_eq!(found.stores[0].carrier[0].end, end as u64, "{name}");
        }
    }
}

/// By the name of the case there: a text of 73 bytes and a store of 16.
#[test]
fn what_is_offered_to_the_public_test_files_is_read_and_written_alike() {
    let (host, store) = ("A".repeat(73), b"c2pa-manifest-01");
    let plain = whole(store);
    // Eleven bytes more: one selector of three bytes, and two of four.
    let padded = format!("{plain}{}", selectors(&[0, 16, 16]));
    let ours = String::from_utf8(wrap(store)).unwrap();
    assert_eq!((plain.len(), padded.len(), ours.len()), (114, 125, 125));
    assert_eq!(ours, format!("{plain}{}", selectors(&[0, 255, 255])));
    for (wrapper, end) in [(&plain, 187), (&padded, 198), (&ours, 198)] {
        let found = survey(&Text, format!("{host}{wrapper}").as_bytes()).unwrap();
        assert_eq!((found.stores[0].jumbf.as_slice(), found.stores[0].carrier[0].clone()), (&store[..], 73..end));
    }
    // The range counts bytes as they are stored, not those of form C.
    let found = survey(&Text, format!("cafe\u{301} {plain}").as_bytes()).unwrap();
    assert_eq!(found.stores[0].carrier[0].start, 7);
    let other_magic = format!("\u{feff}{}", selectors(&[&b"C2PATXT\x01\x01\0\0\0\x10"[..], store].concat()));
    let cases: [(&str, String, usize, &[&str]); 6] = [
        ("bad-magic", format!("{host}{other_magic}"), 0, &[]),
        ("no-wrapper", host.clone(), 0, &[]),
        ("bad-version", format!("{host}{}", wrapper(2, 16, store)), 0, &[CORRUPTED]),
        ("bad-length", format!("{host}{}", wrapper(1, 24, store)), 0, &[CORRUPTED]),
        ("two-wrappers", format!("{host}{plain}{plain}"), 2, &[MULTIPLE]),
        ("two padded", format!("{host}{padded}{padded}"), 2, &[MULTIPLE]),
    ];
    for (name, text, stores, faults) in cases {
        let found = survey(&Text, text.as_bytes()).unwrap();
        let said = found.texts.iter().map(|it| it.key.as_str()).filter(|key| key.starts_with("manifest."));
        assert_eq!((found.stores.len(), said.collect::<Vec<_>>().as_slice()), (stores, faults), "{name}");
    }
}
