use super::*;
use crate::format::testing::{corpus, survey};

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/text").join(name)).unwrap()
}

fn fixture(name: &str) -> Survey {
    survey(&Pdf, &bytes(name)).unwrap()
}

fn info<'a>(survey: &'a Survey, key: &str) -> Option<&'a str> {
    survey.texts.iter().find(|text| text.key == key).map(|text| text.value.as_str())
}

#[test]
fn the_info_dictionary_is_read_wherever_it_stands() {
    for name in ["aigc.pdf", "compressed.pdf", "damaged.pdf"] {
        let found = fixture(name);
        assert!(info(&found, "AIGC").is_some_and(|value| value.starts_with("{\"Label\":\"1\"")), "{name}: {found:?}");
        assert_eq!(found.unread.len(), usize::from(name == "damaged.pdf"), "{name}: {found:?}");
    }
    // Before the update there is none.
    let found = fixture("plain.pdf");
    assert_eq!((info(&found, "AIGC"), info(&found, "Producer")), (None, Some("Acme Writer")));
    let junk = [&b"\r\nHTTP header\r\n"[..], &bytes("aigc.pdf")].concat();
    assert!(Pdf.sniff(&junk) && info(&survey(&Pdf, &junk).unwrap(), "AIGC").is_some());
}

#[test]
fn metadata_and_store_are_found_at_their_bytes() {
    let found = fixture("xmp.pdf");
    assert!(String::from_utf8_lossy(&found.xmp[0].bytes).contains("trainedAlgorithmicMedia"));
    let found = fixture("store.pdf");
    let range = found.stores[0].carrier[0].clone();
    let stored = &bytes("store.pdf")[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
    assert_eq!((stored, &found.stores[0].jumbf[..]), (&bytes("sidecar.c2pa")[..], &bytes("sidecar.c2pa")[..]));
    // In the tree of embedded files, or on a page, when the catalog does not name it.
    let file = String::from_utf8_lossy(&bytes("store.pdf")).into_owned();
    for (old, new) in [
        ("/AF[5 0 R]", "/Names<</EmbeddedFiles<</Names[(a)5 0 R]>>>>"),
        ("/MediaBox", "/Annots[<</Subtype/FileAttachment/FS 5 0 R>>]/MediaBox"),
    ] {
        // The table of objects is wrong then, and made anew.
        let moved = file.replace("/AF[5 0 R]", "").replace("/Pages 2 0 R", "/Pages  2 0 R");
        let moved = if old.starts_with("/AF") { file.replace(old, new) } else { moved.replace(old, new) };
        let found = survey(&Pdf, moved.replace("startxref\n", "startxref\n9").as_bytes()).unwrap();
        assert_eq!(found.stores.len(), 1, "{new}");
    }
}

#[test]
fn real_documents_are_read() {
    let Some(signed) = corpus("labelled/express-signed.pdf") else { return };
    let found = survey(&Pdf, &signed).unwrap();
    // Exactly what its manifest leaves out of the hash.
    let carrier = found.stores[0].carrier.as_slice();
    assert_eq!(carrier, std::slice::from_ref(&(4_141_962..4_165_272)));
    assert_eq!((info(&found, "Creator"), found.xmp.len(), found.unread.len()), (Some("Adobe Express"), 1, 0));
    for name in ["basic.pdf", "basic-attachments.pdf", "express.pdf"] {
        let found = survey(&Pdf, &corpus(&format!("unlabelled/{name}")).unwrap()).unwrap();
        assert!(
            found.stores.is_empty() && found.unread.is_empty() && found.xmp.len() == 1,
            "{name}: {:?}",
            found.unread
        );
        assert!(info(&found, "Producer").is_some());
    }
}

#[test]
fn what_is_encrypted_is_said() {
    let Some(locked) = corpus("hostile/basic-password.pdf") else { return };
    let found = survey(&Pdf, &locked).unwrap();
    assert!(found.unread.len() == 2 && found.unread.iter().all(|why| why.contains("encrypted")), "{:?}", found.unread);
    // Signed without C2PA, encrypted, but for its metadata.
    let found = survey(&Pdf, &corpus("labelled/basic-signed.pdf").unwrap()).unwrap();
    assert_eq!((found.xmp.len(), found.stores.len(), found.unread.len()), (1, 0, 1));
    assert!(String::from_utf8_lossy(&found.xmp[0].bytes).contains("<x:xmpmeta"));
}

#[test]
fn loops_and_bombs_end() {
    let file = |objects: &str| format!("%PDF-1.7\n{objects}\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF");
    let loops = "1 0 obj<</Pages 2 0 R/Metadata 1 0 R/AF 7 0 R/Names<</EmbeddedFiles 2 0 R>>>>endobj\n\
                 2 0 obj<</Kids[2 0 R 3 0 R 2 0 R]>>endobj 3 0 obj<</Kids 2 0 R>>endobj 7 0 obj 7 0 R endobj";
    assert!(survey(&Pdf, file(loops).as_bytes()).unwrap().stores.is_empty());
    let itself = "1 0 obj<</Metadata 4 0 R>>endobj 4 0 obj<</Length 4 0 R>>stream\nx\nendstream";
    assert_eq!(survey(&Pdf, file(itself).as_bytes()).unwrap().unread.len(), 2);
    let prev = "%PDF-1.7\nxref\n0 0\ntrailer<</Prev 9/Size 1>>\nstartxref\n9\n%%EOF";
    assert!(survey(&Pdf, prev.as_bytes()).unwrap().unread.len() == 2);
    let deep = format!("1 0 obj{}", "<</A".repeat(100_000));
    assert!(survey(&Pdf, file(&deep).as_bytes()).is_ok());
    let many = format!("%PDF-1.7\nxref\n0 4294967295\n{}", "0000000009 00000 n\r\n".repeat(100_000));
    assert!(survey(&Pdf, format!("{many}startxref\n9\n%%EOF").as_bytes()).is_ok());
}
