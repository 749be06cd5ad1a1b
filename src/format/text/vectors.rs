//! The cases of others for manifests in text (C2PA 2.4 §A.8 and §A.9), made anew from what they say: c2patxt's A8ConformanceTest 2.0.0
//! under its numbers, those that c2pa 0.91 carries in its tests, and those that c2pa-unstructured-text 0.2 offers to C2PA's public
//! test files. The c2pa crate 0.90, which is used here, and c2pa-python 0.38.1 read no manifest in a text: neither can be asked. What
//! 0.91 tests of hashes is in `tests/text.rs`.
//!
//! Where we do otherwise than they want:
//! * E0001–E0006: they end the wrapper with the store. Ours is filled up to a length that hangs on that of the store only, as in the
//!   working draft and in c2pa 0.91; every reader that was tried passes over that.
//! * X0003: two wrappers are two stores here as well as a failure, so that `show` can list both; none is believed. The same holds for
//!   two blocks. c2pa 0.91 then says that there is no manifest.
//! * X0021: a damaged wrapper beside a sound one does not hide it, and is said as well. c2pa 0.91 reads the sound one and says nothing
//!   of the other; c2pa-unstructured-text reads none. §15.12.1.3.2 has a failure code for the damaged one, which must be said, and
//!   nothing that forbids to read the other: we keep to that.
//! * What a wrapper is filled up with: 0x10 in the working draft, in c2pa 0.91 and in c2pa-unstructured-text, 0xFF here, because
//!   encypher-c2pa takes 0x10 for content and every reader that was tried passes over 0xFF. The length is the same.
//! * A second version of the frame, with a checksum, is an extension of c2pa-unstructured-text: here, as for its own plain reader, it is
//!   a damaged wrapper.
//! * X0022: a wrapper or a block that holds nothing holds a store of no bytes, which then cannot be read: somebody put it there. c2pa
//!   0.91 says that there is no manifest.
//! * What stands between the marks of a block and is no address is a failure (§A.9.5) where they stand alone in a comment. c2pa 0.91
//!   takes it for words.
//! * Behind a first line that must stay where it is c2pa 0.91 puts the block at the end of the file, we behind that line: §A.9.3 allows
//!   both, and both are read.

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
        // A damaged one in front of a sound one, with nothing between, and in the other order.
        ("c2pa 0.91, mangled", format!("host{}{sound}", wrapper(9, 4, PAYLOAD)), store(PAYLOAD), &[CORRUPTED]),
        ("c2pa 0.91, mangled last", format!("host{sound}{}", wrapper(9, 4, PAYLOAD)), store(PAYLOAD), &[CORRUPTED]),
        ("c2pa 0.91, emoji", "A smiley \u{263a}\u{fe0f}, \u{200d} and \u{feff} alone".into(), vec![], &[]),
    ];
    assert_eq!(cases.len(), 27);
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

/// What c2pa 0.91 writes for each kind, and what it takes for no manifest.
#[test]
fn blocks_of_c2pa_0_91_are_found_with_what_it_leaves_out() {
    let reference = format!("data:application/c2pa;base64,{}", BASE64_STANDARD.encode(PAYLOAD));
    let block = format!("-----BEGIN C2PA MANIFEST----- {reference} -----END C2PA MANIFEST-----");
    let cue = "00:00:00.000 --> 00:00:05.000\nHello.\n";
    let cases = [
        ("md", "", format!("<!-- {block} -->\n"), "# Title\n\nBody text.\n".to_owned()),
        ("yaml", "", format!("# {block}\n"), "key: value\n".into()),
        ("toml", "", format!("# {block}\n"), "a = 1\n".into()),
        ("ini", "", format!("; {block}\n"), "[a]\n".into()),
        ("js", "", format!("// {block}\n"), "content\n".into()),
        ("css", "", format!("/* {block} */\n"), "content\n".into()),
        ("sql", "", format!("-- {block}\n"), "content\n".into()),
        ("tex", "", format!("% {block}\n"), "content\n".into()),
        ("py, CRLF", "", format!("# {block}\r\n"), "content\r\n".into()),
        // At the end of the file the line end in front of it goes as well.
        ("py, script", "#!/usr/bin/env python\nprint('hi')", format!("\n# {block}"), String::new()),
        ("py, script, CRLF", "#!/usr/bin/env python\r\nprint('hi')", format!("\r\n# {block}"), String::new()),
        ("rss", "<?xml version=\"1.0\"?>\n<rss/>", format!("\n<!-- {block} -->"), String::new()),
        ("vtt", "WEBVTT\n\n", format!("NOTE {block}\n"), format!("\n{cue}")),
    ];
    let handler = |name: &str| -> &dyn Handler { if name == "vtt" { &super::super::subtitles::WebVtt } else { &Text } };
    for (name, before, carrier, after) in &cases {
        let text = format!("{before}{carrier}{after}");
        let found = survey(handler(name), text.as_bytes()).unwrap();
        let [store] = &found.stores[..] else { panic!("{name}: {found:?}") };
        let range = before.len() as u64..(before.len() + carrier.len()) as u64;
        assert_eq!((store.jumbf.as_slice(), &store.carrier), (PAYLOAD, &vec![range]), "{name}");
        assert!(found.texts.iter().all(|text| !text.key.starts_with("manifest.")), "{name}: {found:?}");
    }
    let said = |text: &str| {
        let found = survey(&Text, text.as_bytes()).unwrap();
        let keys: Vec<_> =
            found.texts.iter().map(|text| text.key.clone()).filter(|key| key.contains("anifest")).collect();
        (found.stores.iter().map(|store| store.jumbf.clone()).collect::<Vec<_>>(), keys)
    };
    let marks = |inner: &str| format!("# -----BEGIN C2PA MANIFEST----- {inner} -----END C2PA MANIFEST-----\n");
    let multiple = "manifest.structuredText.multipleReferences".to_owned();
    let two = format!("# {block}\na: 1\n{}", marks("data:application/c2pa;base64,AAAA"));
    assert_eq!(said(&two), (vec![PAYLOAD.to_vec(), vec![0; 3]], vec![multiple]));
    assert_eq!(said(&marks("https://example.com/a.c2pa")), (vec![], vec!["c2pa-manifest".to_owned()]));
    assert_eq!(said(&marks("data:application/c2pa;base64,")), (vec![vec![]], vec![]));
    assert_eq!(said(&marks("")).1, ["manifest.structuredText.emptyReference"]);
    assert_eq!(said(&marks("and")).1, ["manifest.structuredText.malformedReference"]);
    let prose = "Between -----BEGIN C2PA MANIFEST----- and -----END C2PA MANIFEST----- stands the address.\n";
    assert_eq!(said(prose), (vec![], vec![]));
}
