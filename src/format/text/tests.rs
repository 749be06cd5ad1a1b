use super::*;
use crate::format::testing::survey;

fn fixture(name: &str) -> Survey {
    survey(&Text, &bytes(name)).unwrap()
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/text").join(name)).unwrap()
}

fn keys(survey: &Survey) -> Vec<&str> {
    survey.texts.iter().map(|text| text.key.as_str()).collect()
}

#[test]
fn a_wrapper_is_a_store_and_its_characters_are_its_carrier() {
    let (text, found) = (bytes("wrapper.txt"), fixture("wrapper.txt"));
    let plain = bytes("plain.txt").len() as u64;
    assert_eq!(found.stores[0].carrier.as_slice(), std::slice::from_ref(&(plain..text.len() as u64)));
    assert_eq!(found.stores[0].jumbf, bytes("sidecar.c2pa"));
    assert!(keys(&found) == ["a C2PA wrapper"] && found.unread.is_empty() && found.nfc);
}

#[test]
fn text_behind_the_store_is_not_in_its_carrier() {
    let (mut text, before) = (bytes("wrapper.txt"), bytes("wrapper.txt").len() as u64);
    // Padding as writers have it, then a byte that is none.
    text.extend("\u{fe00}\u{e0100}".bytes());
    assert_eq!(survey(&Text, &text).unwrap().stores[0].carrier[0].end, text.len() as u64);
    text.extend("\u{e0101}".bytes());
    assert_eq!(survey(&Text, &text).unwrap().stores[0].carrier[0].end, before);
}

#[test]
fn faults_of_wrappers_are_said() {
    let two = fixture("two-wrappers.txt");
    assert_eq!((two.stores.len(), keys(&two)), (2, vec!["manifest.text.multipleWrappers"]));
    let cut = fixture("cut-wrapper.txt");
    assert_eq!((cut.stores.len(), keys(&cut)), (0, vec!["manifest.text.corruptedWrapper"]));
    assert_eq!(cut.unread.len(), 1);
    for change in [("C2PATXT\0\x02", "version"), ("C2PATXT\0\x01\0", "cut off")] {
        let selectors = change.0.bytes().map(|byte| {
            char::from_u32(if byte < 16 { 0xfe00 + u32::from(byte) } else { 0xe00f0 + u32::from(byte) }).unwrap()
        });
        let text: String = std::iter::once('\u{feff}').chain(selectors).collect();
        let found = survey(&Text, format!("A{text}").as_bytes()).unwrap();
        assert!(found.unread.len() == 1, "{change:?}: {found:?}");
    }
}

#[test]
fn text_that_is_not_nfc_is_said_beside_a_wrapper_only() {
    let text = String::from_utf8(bytes("wrapper.txt")).unwrap().replace("wind", "wi\u{301}nd");
    assert_eq!(keys(&survey(&Text, text.as_bytes()).unwrap()), ["a C2PA wrapper", "text.notNfc"]);
    assert!(survey(&Text, "wi\u{301}nd".as_bytes()).unwrap().texts.is_empty());
}

#[test]
fn hidden_characters_are_found_and_writing_is_not() {
    assert_eq!(keys(&fixture("encypher.txt")), ["hidden variation selectors"]);
    assert!(fixture("encypher.txt").texts[0].value.contains("\"model_id\":\"acme-writer-2\""));
    assert_eq!(keys(&fixture("zero-width.txt")), ["hidden zero-width characters"]);
    let tags = fixture("tags.txt");
    assert_eq!((keys(&tags), tags.texts[0].value.as_str()), (vec!["hidden tag characters"], "say yes"));
    assert!(fixture("innocent.txt").texts.is_empty(), "{:?}", fixture("innocent.txt"));
}

#[test]
fn front_matter_and_blocks_are_read() {
    let found = fixture("front-matter.md");
    assert_eq!((found.media_type, keys(&found)), ("text/markdown", vec!["AIGC"]));
    assert!(found.texts[0].value.starts_with("{\"Label\":\"1\""));
    let found = fixture("armour.py");
    assert_eq!(found.stores[0].jumbf, bytes("sidecar.c2pa"));
    assert_eq!(found.stores[0].carrier[0].start, 0);
    let found = survey(&crate::format::subtitles::WebVtt, &bytes("armour.vtt")).unwrap();
    assert_eq!((found.media_type, keys(&found)), ("text/vtt", vec!["c2pa-manifest"]));
    let faults = |text: &str| keys(&survey(&Text, text.as_bytes()).unwrap()).join(" ");
    let marks = |inside: &str| format!("# -----BEGIN C2PA MANIFEST-----{inside}-----END C2PA MANIFEST-----\n");
    assert_eq!(faults(&marks("  ")), "manifest.structuredText.emptyReference");
    assert_eq!(faults(&marks(" ftp://x ")), "manifest.structuredText.malformedReference");
    assert!(faults(&marks(" https://x ").repeat(2)).ends_with("manifest.structuredText.multipleReferences"));
    assert_eq!(faults("Between -----BEGIN C2PA MANIFEST----- and -----END C2PA MANIFEST----- stands one."), "");
}

#[test]
fn what_is_no_utf_8_is_no_text() {
    assert!(Text.sniff(b"a") && Text.sniff("ы".as_bytes()));
    assert!(Text.sniff(&[b"abc".as_slice(), &"ы".as_bytes()[..1]].concat()), "the head is cut within a character");
    for other in [&b"a\0b"[..], b"\x7fELF", b"ab\xffcd", b""] {
        assert!(!Text.sniff(other), "{other:?}");
    }
    assert!(Text.sniff(&bytes("utf-16.txt")));
    assert!(matches!(survey(&Text, &bytes("utf-16.txt")), Err(Error::Unsupported { .. })));
    assert!(matches!(survey(&Text, b"abc\xff"), Err(Error::Malformed { at: 3, .. })));
}
