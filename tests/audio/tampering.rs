//! What happens to a label when its recording is changed afterwards: a byte here and there, and parts that come, go or change places.

use std::{fs, io::Cursor};

use memchr::memmem;
use tanba::{AudibleNotice, Binding, Format, Headline, Policy, Receipt, Report, Result, Signature, Verdict, Verifier};

use crate::{anchors, labeler, samples_of};

/// Where a page of Ogg starts and ends, and its bitstream's number.
struct Page {
    start: usize,
    body: usize,
    end: usize,
    serial: [u8; 4],
}

fn pages(bytes: &[u8]) -> Vec<Page> {
    let (mut pages, mut start) = (Vec::new(), 0);
    while bytes[start..].starts_with(b"OggS") {
        let count = usize::from(bytes[start + 26]);
        let body = start + 27 + count;
        let end = body + bytes[start + 27..body].iter().map(|len| usize::from(*len)).sum::<usize>();
        pages.push(Page { start, body, end, serial: bytes[start + 14..start + 18].try_into().unwrap() });
        start = end;
        if start == bytes.len() {
            break;
        }
    }
    assert_eq!(start, bytes.len(), "not all of it is pages");
    pages
}

/// The pages of `ogg` as those of another bitstream; their checksums are made anew.
fn renumbered(ogg: &[u8], serial: [u8; 4]) -> Vec<u8> {
    let mut bytes = ogg.to_vec();
    for page in pages(ogg) {
        bytes[page.start + 14..page.start + 18].copy_from_slice(&serial);
        bytes[page.start + 22..page.start + 26].fill(0);
        let crc = bytes[page.start..page.end].iter().fold(0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 })
        });
        bytes[page.start + 22..page.start + 26].copy_from_slice(&crc.to_le_bytes());
    }
    bytes
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] ^= 1;
    changed
}

fn with(bytes: &[u8], at: usize, more: &[u8]) -> Vec<u8> {
    [&bytes[..at], more, &bytes[at..]].concat()
}

fn without(bytes: &[u8], from: usize, to: usize) -> Vec<u8> {
    [&bytes[..from], &bytes[to..]].concat()
}

/// With the shortest warning there is.
fn label(bytes: &[u8]) -> (Vec<u8>, Receipt) {
    let mut sink = Cursor::new(Vec::new());
    let labeler = labeler().policy(Policy::kazakhstan().audible_notice(AudibleNotice::rhythm()));
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    (sink.into_inner(), receipt)
}

fn verify(bytes: &[u8], sidecar: Option<&[u8]>) -> Result<Report> {
    let (verifier, mut source) = (Verifier::new().anchors(anchors()), Cursor::new(bytes));
    match sidecar {
        Some(store) => verifier.verify_with_manifest(&mut source, store),
        None => verifier.verify(&mut source),
    }
}

/// What the report should not have said; `signed` where the manifest itself is untouched.
fn trusted(report: &Result<Report>, signed: bool) -> Option<String> {
    let report = match report {
        Ok(report) => report,
        Err(error) => return signed.then(|| error.to_string()),
    };
    let said = || format!("{:?} {:?} {:?} {:?}", report.verdict, report.headline, report.binding, report.signature);
    let broken = (report.verdict, report.headline, report.binding, report.signature)
        == (Verdict::Tampered, Headline::Broken, Binding::Broken, Signature::Ok);
    let proven = matches!(report.verdict, Verdict::Valid | Verdict::UntrustedSigner)
        || matches!(report.headline, Headline::AiMadeProven);
    (if signed { !broken } else { proven }).then(said)
}

/// No library knows this form of the manifest, so nobody but this test tries it.
#[test]
fn whatever_is_changed_in_a_labelled_ogg_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let Some((path, _)) = samples_of(folder.path(), 3).into_iter().find(|(_, format)| *format == Format::Ogg) else {
        return;
    };
    let original = fs::read(path).unwrap();
    let (labelled, _) = label(&original);
    assert_eq!(verify(&labelled, None).unwrap().verdict, Verdict::Valid, "the label is whole before it is changed");
    let pages = pages(&labelled);
    let [store, head, tags, notice, ..] = pages.as_slice() else { panic!("{} pages", pages.len()) };
    assert!(labelled[store.body..].starts_with(b"\0c2pa") && labelled[head.body..].starts_with(b"OpusHead"));
    assert!(labelled[tags.body..].starts_with(b"OpusTags"));
    let [.., before, sound, last] = pages.as_slice() else { panic!("{} pages", pages.len()) };
    let middle = |page: &Page| (page.body + page.end) / 2;
    let other = renumbered(&original, *b"othr");
    let hidden = renumbered(&original, store.serial);
    let taken = labelled[sound.start..sound.end].to_vec();
    let cases = [
        ("a packet of the notice", flipped(&labelled, middle(notice))),
        ("a packet of the programme", flipped(&labelled, middle(sound))),
        ("the last byte", flipped(&labelled, labelled.len() - 1)),
        ("the head", flipped(&labelled, head.body + 9)),
        ("its gain", flipped(&labelled, head.body + 16)),
        ("the comments", flipped(&labelled, middle(tags))),
        ("a page's flags", flipped(&labelled, sound.start + 5)),
        ("a page's position", flipped(&labelled, sound.start + 6)),
        ("a page's number", flipped(&labelled, sound.start + 18)),
        ("a page's checksum", flipped(&labelled, sound.start + 22)),
        ("a page's table", flipped(&labelled, sound.start + 27)),
        ("a page's mark", flipped(&labelled, sound.start)),
        ("a page is gone", without(&labelled, sound.start, sound.end)),
        ("the last page is gone", without(&labelled, last.start, last.end)),
        ("all of the notice's first page is gone", without(&labelled, notice.start, notice.end)),
        ("a page comes twice", with(&labelled, sound.end, &taken)),
        ("two pages change places", with(&without(&labelled, sound.start, sound.end), before.start, &taken)),
        ("another bitstream behind it", with(&labelled, labelled.len(), &other)),
        ("another bitstream in front of it", with(&labelled, 0, &other)),
        ("another bitstream behind the store", with(&labelled, store.end, &other)),
        ("another recording under the store's number", with(&labelled, store.end, &hidden)),
        ("the same at the end", with(&labelled, labelled.len(), &hidden)),
        ("the programme again under its own number", with(&labelled, labelled.len(), &labelled[head.start..])),
        ("bytes between its pages", with(&labelled, sound.start, &[7; 64])),
        ("it is cut in a page", labelled[..middle(last)].to_vec()),
    ];
    let mut wrong = Vec::new();
    for (what, changed) in &cases {
        wrong.extend(trusted(&verify(changed, None), true).map(|said| format!("{what}: {said}")));
    }
    // What is no longer the signer's own statement, and what no hash of a whole bitstream can be about.
    let claim = memmem::find(&labelled, b"c2pa.claim").unwrap();
    let unreadable = [
        ("a byte behind it", with(&labelled, labelled.len(), &[0])),
        ("bytes behind it", with(&labelled, labelled.len(), &[7; 64])),
        ("another bitstream in it", with(&labelled, sound.start, &other)),
        ("a page's bitstream", flipped(&labelled, sound.start + 14)),
        ("the store's mark", flipped(&labelled, store.body + 2)),
        ("the first box of the store", flipped(&labelled, store.body + 12)),
        ("the claim", flipped(&labelled, claim + 80)),
        ("the end of the store", flipped(&labelled, store.end - 1)),
        ("the middle of the store", flipped(&labelled, middle(store))),
        ("bytes in front of it", with(&labelled, 0, &[7; 64])),
        ("two stores", with(&labelled, 0, &renumbered(&labelled[..store.end], *b"more"))),
        ("the same store twice", with(&labelled, 0, &labelled[..store.end])),
        ("no store", without(&labelled, 0, store.end)),
        ("a store on another recording", with(&original, 0, &labelled[..store.end])),
    ];
    for (what, changed) in &unreadable {
        wrong.extend(trusted(&verify(changed, None), false).map(|said| format!("{what}: {said}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the sound begins in what ffmpeg makes.
fn sound_start(format: Format, bytes: &[u8]) -> usize {
    let behind = |mark: &[u8], len: usize| memmem::find(bytes, mark).unwrap() + len;
    match format {
        Format::Wav => behind(b"data", 8),
        Format::M4a => behind(b"mdat", 4),
        Format::Flac => behind(&[0xFF, 0xF8], 0),
        Format::Mp3 => behind(b"Xing", 400),
        _ => 0,
    }
}

#[test]
fn whatever_is_changed_in_other_labelled_recordings_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (path, format) in samples_of(folder.path(), 3).into_iter().filter(|(_, format)| *format != Format::Ogg) {
        let original = fs::read(path).unwrap();
        let (labelled, receipt) = label(&original);
        let store = receipt.sidecar.as_deref();
        assert_eq!(verify(&labelled, store).unwrap().verdict, Verdict::Valid, "{format}: whole before it is changed");
        let middle = original.len() / 2;
        let programme = memmem::find(&labelled, &original[middle..middle + 48]).unwrap();
        let notice = programme - (middle - sound_start(format, &original)) - 600;
        assert!(memmem::find(&original, &labelled[notice - 400..notice]).is_none(), "{format}: that is the notice");
        // Bare AAC has no tags unless it is told to.
        let title = memmem::find(&labelled, b"A song").unwrap_or(notice);
        let store_at = memmem::find(&labelled, b"jumb").map(|at| {
            let len = u32::from_be_bytes(labelled[at - 4..at].try_into().unwrap());
            at - 4..at + len as usize
        });
        let outside = |at: &usize| store_at.as_ref().is_none_or(|store| !store.contains(at));
        let said = memmem::find_iter(&labelled, b"trainedAlgorithmicMedia").find(outside).unwrap_or(notice);
        let mut cases = vec![
            ("the notice", flipped(&labelled, notice)),
            ("the programme", flipped(&labelled, programme)),
            ("the title", flipped(&labelled, title)),
            ("the record", flipped(&labelled, said)),
            ("the notice is shorter", without(&labelled, notice - 400, notice)),
            ("the programme is shorter", without(&labelled, programme, programme + 40)),
            ("the programme is longer", with(&labelled, programme, &[0x55; 40])),
            ("bytes behind it", with(&labelled, labelled.len(), &[7; 64])),
            ("it is cut", labelled[..labelled.len() - 40].to_vec()),
        ];
        match format {
            Format::Wav => {
                cases.push(("the rate", flipped(&labelled, memmem::find(&labelled, b"fmt ").unwrap() + 12)));
                cases.push(("a chunk behind it", with(&labelled, labelled.len(), b"data\x04\0\0\0abcd")));
            }
            Format::M4a => {
                for table in [b"stts", b"stsz", b"stco", b"mdhd", b"elst"] {
                    let at = memmem::find(&labelled, table).unwrap();
                    cases.push(("a table", flipped(&labelled, at + 15)));
                }
                let free = |len: u8| [&[0, 0, 0, len][..], b"mdat", &[7; 8]].concat();
                cases.push(("a box behind it", with(&labelled, labelled.len(), &free(16))));
            }
            Format::Flac => {
                cases.push(("its count", flipped(&labelled, memmem::find(&labelled, b"fLaC").unwrap() + 25)));
            }
            Format::Mp3 => {
                cases.push(("its count", flipped(&labelled, memmem::find(&labelled, b"Xing").unwrap() + 11)));
                cases.push(("a tag behind it", with(&labelled, labelled.len(), &[&b"TAG"[..], &[b'x'; 125]].concat())));
            }
            _ => {}
        }
        for (what, changed) in cases {
            let report = verify(&changed, store);
            // A file that cannot be read to its end binds nothing, and none is proven.
            let whole = !matches!(what, "it is cut" | "a table" | "bytes behind it");
            // Nothing stands where its lengths say, the manifest neither.
            let whole = whole && (format != Format::Wav || !what.contains(" is "));
            wrong.extend(trusted(&report, whole).map(|said| format!("{format}: {what}: {said}")));
        }
        let Some(claim) = memmem::find(&labelled, b"c2pa.claim") else { continue };
        for (what, at) in [("the claim", claim + 80), ("the store", claim - 200)] {
            let report = verify(&flipped(&labelled, at), store);
            wrong.extend(trusted(&report, false).map(|said| format!("{format}: {what}: {said}")));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen == 4 || seen == 0, "{seen}");
}
