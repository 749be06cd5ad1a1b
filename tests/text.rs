//! Text and documents through the whole verifier: what each label says, what says nothing, and manifests that are signed here.

mod common;

use std::{fs, io::Cursor, ops::Range};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{anchors, documents, fixture, identity};
use serde_json::json;
use tanba::{
    Binding, Class, Error, Format, Headline, Report, Signature, SignerStanding, Statement, Technique, Verdict, Verifier,
};

fn bytes(name: &str) -> Vec<u8> {
    fs::read(fixture("text").join(name)).unwrap()
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(bytes)).unwrap()
}

#[test]
fn every_file_stands_in_the_list_as_it_is() {
    let readme = String::from_utf8(bytes("README.md")).unwrap();
    let mut seen = 0;
    for path in documents() {
        let (name, content) = (path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
        let hash: String =
            <sha2::Sha256 as sha2::Digest>::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(readme.contains(&format!("| `{name}` |")) && readme.contains(&hash), "{name}");
        seen += 1;
    }
    assert_eq!(readme.lines().filter(|line| line.starts_with("| `")).count(), seen);
}

#[test]
fn every_label_says_what_it_says_and_nothing_else_does() {
    use {Format::*, Headline::*, Statement::*};
    let table = [
        ("plain.txt", Text, NoLabel, None, 0),
        ("innocent.txt", Text, NoLabel, None, 0),
        ("zero-width.txt", Text, NoLabel, None, 1),
        ("tags.txt", Text, NoLabel, None, 1),
        ("encypher.txt", Text, AiMadeDeclared, Some(FullyAi), 1),
        ("front-matter.md", Text, AiMadeDeclared, Some(FullyAi), 1),
        ("armour.vtt", WebVtt, NoLabel, None, 1),
        ("plain.vtt", WebVtt, NoLabel, None, 0),
        ("plain.srt", SubRip, NoLabel, None, 0),
        ("labels.html", Html, AiMadeDeclared, Some(FullyAi), 6),
        ("comments.html", Html, NoLabel, None, 0),
        ("link.html", Html, NoLabel, None, 1),
        ("fragment.html", Html, NoLabel, None, 1),
        ("aigc.docx", Ooxml, AiMadeDeclared, Some(FullyAi), 1),
        ("plain.xlsx", Ooxml, NoLabel, None, 0),
        ("plain.pptx", Ooxml, NoLabel, None, 0),
        ("aigc.odt", OpenDocument, AiMadeDeclared, Some(FullyAi), 1),
        ("aigc.epub", Epub, AiMadeDeclared, Some(FullyAi), 1),
        ("plain.pdf", Pdf, NoLabel, None, 0),
        ("pages.pdf", Pdf, NoLabel, None, 0),
        ("aigc.pdf", Pdf, AiMadeDeclared, Some(FullyAi), 1),
        ("compressed.pdf", Pdf, AiMadeDeclared, Some(FullyAi), 1),
        ("damaged.pdf", Pdf, AiMadeDeclared, Some(FullyAi), 1),
        ("xmp.pdf", Pdf, AiMadeDeclared, Some(FullyAi), 1),
        // Carriers of a store without manifests, and damaged carriers: nobody can tell.
        ("wrapper.txt", Text, NotChecked, None, 2),
        ("two-wrappers.txt", Text, NotChecked, None, 2),
        ("cut-wrapper.txt", Text, NotChecked, None, 1),
        ("armour.py", Text, NotChecked, None, 1),
        ("sidecar.c2pa", Sidecar, NotChecked, None, 1),
        ("store.html", Html, NotChecked, None, 1),
        ("store.docx", Ooxml, NotChecked, None, 1),
        ("store.pdf", Pdf, NotChecked, None, 1),
    ];
    for (name, format, headline, says, findings) in table {
        let report = verify(&bytes(name));
        assert_eq!((report.format, report.headline, report.says), (format, headline, says), "{name}: {report:#?}");
        assert_eq!(report.findings.len(), findings, "{name}: {:#?}", report.findings);
    }
    assert!(matches!(tanba::verify(&bytes("other.zip")), Err(Error::UnknownFormat)));
    assert!(matches!(tanba::verify(&bytes("utf-16.txt")), Err(Error::Unsupported { .. })));
    assert_eq!(table.len() + 2, documents().len());
}

#[test]
fn findings_say_how_and_where() {
    let report = verify(&bytes("labels.html"));
    let html: Vec<_> = report.findings.iter().filter(|finding| finding.technique == Technique::Html).collect();
    assert_eq!((html.len(), report.findings.len()), (5, 6), "and one AIGC: {:#?}", report.findings);
    assert!(html.iter().any(|finding| finding.system.as_deref() == Some("Acme writer-2")));
    let report = verify(&bytes("encypher.txt"));
    let [found] = report.findings.as_slice() else { panic!() };
    assert_eq!((found.technique, found.class), (Technique::HiddenText, Class::Declared));
    assert_eq!(found.system.as_deref(), Some("acme-writer-2"));
    assert!(found.place.ends_with("the text from byte 4"), "{}", found.place);
}

#[test]
fn pages_and_data_that_say_no_contradict_those_that_say_yes() {
    let page = |label: &str| format!("<!doctype html><head><meta name=ai-disclosure content=none>{label}</head>");
    assert_eq!(verify(page("").as_bytes()).says, Some(Statement::NotAi));
    let aigc = r#"<meta name=AIGC content='{"Label":"1","ContentProducer":"x"}'>"#;
    assert_eq!(verify(page(aigc).as_bytes()).verdict, Verdict::Conflicting);
}

/// Signs what `place` builds around a store. It returns a file and the bytes of it that the hash leaves out; both have to be
/// the same for every store of one length.
fn signed(place: impl Fn(&[u8]) -> (Vec<u8>, Range<usize>)) -> Vec<u8> {
    let (chain, key) = (identity().chain_pem.as_bytes(), identity().key_pem.as_bytes());
    let signer = c2pa::create_signer::from_keys(chain, key, c2pa::SigningAlg::Ed25519, None).unwrap();
    let mut context = c2pa::Context::new();
    context.set_signer(signer).unwrap();
    let definition =
        json!({ "claim_generator_info": [{ "name": "tests", "version": "1" }], "instance_id": "xmp:iid:1" });
    let mut builder = c2pa::Builder::from_context(context).with_definition(definition).unwrap();
    builder.set_intent(c2pa::BuilderIntent::Create(c2pa::DigitalSourceType::TrainedAlgorithmicMedia));
    let placeholder = builder.placeholder("application/c2pa").unwrap();
    let (file, range) = place(&placeholder);
    let range = c2pa::HashRange::new(range.start as u64, range.len() as u64);
    builder.set_data_hash_exclusions(vec![range]).unwrap();
    builder.update_hash_from_stream("application/c2pa", &mut Cursor::new(&file)).unwrap();
    let store = builder.sign_embeddable("application/c2pa").unwrap();
    assert_eq!(store.len(), placeholder.len());
    let (whole, _) = place(&store);
    assert_eq!(whole.len(), file.len());
    whole
}

fn assert_proven(name: &str, file: &[u8]) {
    let report = verify(file);
    assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok), "{name}: {report:#?}");
    assert_eq!((report.signer, report.headline), (SignerStanding::Trusted, Headline::AiMadeProven), "{name}");
}

fn around(before: &str, middle: &str, after: &str) -> (Vec<u8>, Range<usize>) {
    ([before, middle, after].concat().into_bytes(), before.len()..before.len() + middle.len())
}

/// A wrapper of the same length for every store of one length: C2PA 2.4 §A.8, with the padding that writers use.
fn wrapper(store: &[u8]) -> String {
    let header = [&b"C2PATXT\0\x01"[..], &u32::try_from(store.len()).unwrap().to_be_bytes()].concat();
    let selectors = |bytes: &[u8]| -> String {
        let selector = |&byte: &u8| if byte < 16 { 0xfe00 + u32::from(byte) } else { 0xe00f0 + u32::from(byte) };
        bytes.iter().map(|byte| char::from_u32(selector(byte)).unwrap()).collect()
    };
    let spelled = selectors(&[&header[..], store].concat());
    // Selectors take three bytes or four.
    let gap = 4 * (header.len() + store.len()) + 6 - spelled.len();
    let fours = gap % 3;
    let padding = [vec![0; (gap - 4 * fours) / 3], vec![16; fours]].concat();
    format!("\u{feff}{spelled}{}", selectors(&padding))
}

const PROSE: &str = "The wind came over the steppe in the evening. Жел кешке қарай соқты.\n";

#[test]
fn a_signed_text_is_proven_until_a_letter_changes() {
    let file = signed(|store| around(PROSE, &wrapper(store), ""));
    assert_proven("text", &file);
    let text = String::from_utf8(file.clone()).unwrap();
    for (what, changed) in [
        ("a letter", text.replace("wind", "rain")),
        ("text behind the wrapper", format!("{text}And more.")),
        ("a selector behind the wrapper", format!("{text}\u{e0101}")),
    ] {
        let report = verify(changed.as_bytes());
        assert_ne!(report.binding, Binding::Intact, "{what}");
        assert_ne!(report.headline, Headline::AiMadeProven, "{what}");
    }
    // The same letters, spelled with more characters: the hash is over form C.
    let decomposed = text.replace("қарай", "қараи\u{306}");
    assert!(decomposed != text && verify(decomposed.as_bytes()).headline == Headline::AiMadeProven);
    // What the hash leaves out holds another text; the wrapper stands behind it.
    let start = PROSE.len();
    let len = file.len() - start;
    let forged = [PROSE, &"x".repeat(len), &text[start..]].concat();
    assert_ne!(verify(forged.as_bytes()).binding, Binding::Intact);
}

/// What a person copies into another text, or a program that signs puts in its middle.
#[test]
fn a_wrapper_within_a_text_holds_and_one_within_another_does_not() {
    let inside = signed(|store| around("Before. ", &wrapper(store), " After.\n"));
    assert_proven("in the middle", &inside);
    let between = signed(|store| around("«", &wrapper(store), "» was said.\n"));
    assert_proven("between quotation marks", &between);
    let alone = signed(|store| around("", &wrapper(store), "After.\n"));
    assert_proven("at the start", &alone);
    let text = String::from_utf8(inside).unwrap();
    for (what, pasted) in [
        ("quoted", format!("\"{text}\"")),
        ("quoted in Russian", format!("«{}»", text.trim_end())),
        ("behind other words", format!("He wrote: {text}")),
        ("in front of other words", format!("{text}I agree.\n")),
        ("in a quotation of Markdown", format!("> {text}")),
    ] {
        let report = verify(pasted.as_bytes());
        assert_eq!((report.binding, report.signature), (Binding::Broken, Signature::Ok), "{what}: {report:#?}");
        assert_eq!((report.verdict, report.headline), (Verdict::Tampered, Headline::Broken), "{what}");
        assert!(report.manifest.unwrap().source_types[0].ends_with("/trainedAlgorithmicMedia"), "{what}");
    }
}

/// The whole text with its label, in form C and in form D.
fn forms(text: &str) -> (String, String) {
    let composed = [("e\u{301}", "é"), ("и\u{306}", "й"), ("\u{1112}\u{1161}\u{11ab}", "한")];
    let (mut c, mut d) = (text.to_owned(), text.to_owned());
    for (apart, whole) in composed {
        c = c.replace(apart, whole);
        d = d.replace(whole, apart);
    }
    (c, d)
}

/// What c2pa 0.91 tests of the hash of a text.
#[test]
fn a_text_holds_in_each_form_with_its_manifest_inside_and_beside() {
    let disclosure = tanba::Disclosure::generated("Acme Writer").provider("Acme LLP");
    let policy = |beside: bool| tanba::Policy::kazakhstan().with_manifest_beside_text(beside);
    let verifier = Verifier::new().anchors(anchors());
    for text in ["Cafe\u{301} au lait, и\u{306}, \u{1112}\u{1161}\u{11ab}.\n", "Café au lait, й, 한.\n"] {
        for beside in [false, true] {
            let labeler = tanba::Labeler::new(&disclosure, &common::signer()).policy(policy(beside));
            let whole = common::label_with(&labeler, "a.txt", text).unwrap();
            for (labelled, receipt) in [whole, labeler.label_text(text).unwrap()] {
                assert!(labelled.contains(text.trim_end()), "every byte stays");
                let said = receipt.remarks.iter().any(|remark| remark.contains("form C"));
                assert_eq!(said, text.contains('\u{301}'), "{receipt:?}");
                let (c, d) = forms(&labelled);
                assert!(c != d && (c == labelled || d == labelled));
                for (form, file) in [("C", c), ("D", d)] {
                    let verify = |file: &str| match &receipt.sidecar {
                        Some(store) => verifier.verify_with_manifest(&mut Cursor::new(file), store).unwrap(),
                        None => verifier.verify(&mut Cursor::new(file)).unwrap(),
                    };
                    let report = verify(&file);
                    let what = format!("{text}, form {form}, beside: {beside}");
                    assert_eq!((report.binding, report.headline), (Binding::Intact, Headline::AiMadeProven), "{what}");
                    assert_eq!(verify(&file.replace("lait", "thé")).binding, Binding::Broken, "{what}");
                }
            }
        }
    }
}

#[test]
fn what_a_hash_leaves_out_is_the_wrapper_and_nothing_else() {
    let file = |less: usize, more: usize| {
        signed(move |store| {
            let (file, range) = around(PROSE, &wrapper(store), "After.");
            (file, range.start - less..range.end + more)
        })
    };
    assert_eq!(verify(&file(0, 0)).binding, Binding::Intact);
    // A letter in front of it, or behind it, that anybody may change.
    for (less, more) in [(1, 0), (0, 1), (5, 5)] {
        let report = verify(&file(less, more));
        assert_eq!((report.binding, report.verdict), (Binding::Partial, Verdict::Inconclusive), "{less} {more}");
        assert_ne!(report.headline, Headline::AiMadeProven);
    }
    // Words in front of it move it away from what is left out.
    let moved = String::from_utf8(file(0, 0)).unwrap().replace("The wind", "The cold wind");
    assert_eq!(
        (verify(moved.as_bytes()).binding, verify(moved.as_bytes()).verdict),
        (Binding::Broken, Verdict::Tampered)
    );
}

#[test]
fn a_damaged_wrapper_beside_a_sound_one_is_said_and_an_empty_one_is_no_manifest() {
    let damaged = "\u{feff}\u{e0133}\u{e0122}\u{e0140}\u{e0131}\u{e0144}\u{e0148}\u{e0144}\u{fe00}\u{fe09}\u{fe00}\u{fe00}\u{fe00}\u{fe00}";
    for file in [
        signed(|store| around(&format!("Host.{damaged}"), &wrapper(store), "")),
        signed(|store| around(&format!("Host.{damaged} and more."), &wrapper(store), "")),
        signed(|store| around("Host.", &wrapper(store), damaged)),
    ] {
        let report = verify(&file);
        assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok), "{report:#?}");
        let said = report.findings.iter().filter(|finding| finding.value.contains("manifest.text.corruptedWrapper"));
        assert_eq!(said.count(), 1, "{report:#?}");
        assert!(!report.not_examined.is_empty(), "{report:#?}");
        // Who signed the text signed the damaged one with it.
        assert_eq!(report.verdict, Verdict::Valid, "{report:#?}");
        let added = String::from_utf8(file.clone()).unwrap() + damaged;
        assert_eq!(verify(added.as_bytes()).binding, Binding::Broken);
    }
    let (empty, _) = around("Host.", &wrapper(&[]), "");
    let report = verify(&empty);
    assert!(report.manifest.is_none() && report.headline == Headline::NotChecked, "{report:#?}");
}

#[test]
fn signed_pages_code_subtitles_and_documents_are_proven() {
    let encoded = |store: &[u8]| BASE64_STANDARD.encode(store);
    let block = |store: &[u8]| {
        let store = encoded(store);
        format!("-----BEGIN C2PA MANIFEST----- data:application/c2pa;base64,{store} -----END C2PA MANIFEST-----")
    };
    let page = |open: &'static str| {
        move |store: &[u8]| {
            let element = format!("{open}{}</script>", BASE64_STANDARD.encode(store));
            around(
                "<!doctype html><html><head><title>Steppe</title>",
                &element,
                "</head><body><p>Wind.</p></body></html>",
            )
        }
    };
    let page_file = signed(page("<script type=\"application/c2pa\">"));
    assert_proven("page", &page_file);
    let code = signed(|store| around("", &format!("# {}\n", block(store)), "print('steppe')\n"));
    assert_proven("code", &code);
    let shell = signed(|store| around("#!/bin/sh\necho steppe", &format!("\n# {}", block(store)), ""));
    assert_proven("script", &shell);
    // The line end in front of it, of two bytes.
    let crlf = signed(|store| around("#!/bin/sh\r\necho steppe", &format!("\r\n# {}", block(store)), ""));
    assert_proven("script with CRLF", &crlf);
    // As c2pa 0.91 writes it, and what it writes for a Markdown file.
    let top = signed(|store| around("", &format!("<!-- {} -->\n", block(store)), "# Steppe\n\nThe wind came.\n"));
    assert_proven("Markdown", &top);
    let twice = String::from_utf8(top).unwrap() + "<!-- " + &block(b"x") + " -->\n";
    assert_ne!(verify(twice.as_bytes()).headline, Headline::AiMadeProven, "of two none is believed");
    let vtt = |store: &[u8]| {
        around("WEBVTT\n\n", &format!("NOTE {}\n", block(store)), "\n00:00.000 --> 00:02.000\nThe wind came.\n")
    };
    assert_proven("subtitles", &signed(vtt));
    let markdown = |store: &[u8]| {
        let block = format!(
            "# -----BEGIN C2PA MANIFEST-----\n# data:application/c2pa;base64,{}\n# -----END C2PA MANIFEST-----\n",
            encoded(store)
        );
        around("---\ntitle: Steppe\n", &block, "---\n\nThe wind came.\n")
    };
    assert_proven("front matter", &signed(markdown));
    assert_proven("PDF", &signed(pdf));
    for (what, file) in [("page", &page_file), ("code", &code)] {
        let changed = String::from_utf8(file.clone()).unwrap().replace("teppe", "aiga");
        assert_eq!(verify(changed.as_bytes()).headline, Headline::Broken, "{what}");
    }
    // Left out of the hash with the element: what else it does is the page's content.
    let report = verify(&signed(page("<script type=\"application/c2pa\" onload=\"x()\">")));
    assert_eq!((report.binding, report.verdict), (Binding::Partial, Verdict::Inconclusive), "{report:#?}");
    let beside = |store: &[u8]| around("", &format!("steal() # {}\n", block(store)), "print('steppe')\n");
    assert_eq!(verify(&signed(beside)).binding, Binding::Partial);
}

#[test]
fn a_sidecar_says_what_it_says_and_is_bound_to_nothing() {
    let report = verify(&signed(|store| (store.to_vec(), 0..store.len())));
    assert_eq!(
        (report.format, report.binding, report.signature),
        (Format::Sidecar, Binding::NotChecked, Signature::Ok)
    );
    assert!(report.manifest.unwrap().source_types[0].ends_with("/trainedAlgorithmicMedia"));
    assert_ne!(report.headline, Headline::AiMadeProven);
}

/// A document with an embedded manifest: C2PA 2.4 §A.4.
fn pdf(store: &[u8]) -> (Vec<u8>, Range<usize>) {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = String::from("xref\n0 5\n0000000000 65535 f\r\n");
    let mut range = 0..0;
    for (number, object) in [
        "<</Type/Catalog/Pages 2 0 R/AF[4 0 R]>>".to_owned(),
        "<</Type/Pages/Kids[]/Count 0>>".to_owned(),
        format!("<</Type/EmbeddedFile/Length {}>>\nstream\n", store.len()),
        "<</Type/Filespec/AFRelationship/C2PA_Manifest/F(content_credential.c2pa)/EF<</F 3 0 R>>>>".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        table.push_str(&format!("{:010} 00000 n\r\n", file.len()));
        file.extend(format!("{} 0 obj\n{object}", number + 1).into_bytes());
        if object.ends_with("stream\n") {
            range = file.len()..file.len() + store.len();
            file.extend(store);
            file.extend(b"\nendstream");
        }
        file.extend(b"\nendobj\n");
    }
    let start = file.len();
    file.extend(format!("{table}trailer\n<</Root 1 0 R/Size 5>>\nstartxref\n{start}\n%%EOF\n").into_bytes());
    (file, range)
}

const READ: &str = r#"
import json, sys, c2pa
context = c2pa.Context(c2pa.Settings.from_dict({"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}))
for path in sys.argv[1:]:
    with open(path, "rb") as stream:
        try:
            reader = c2pa.Reader("application/pdf", stream, context=context)
            print(reader.get_validation_state(), len(json.loads(reader.json())["manifests"]))
        except c2pa.C2paError as error:
            print("none" if "ManifestNotFound" in str(error) else error, 0)
"#;

#[test]
fn the_reference_reader_agrees_on_pdfs() {
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.pdf");
    fs::write(&ours, signed(pdf)).unwrap();
    let mut paths = vec![ours];
    for part in ["labelled", "unlabelled"] {
        let files = common::corpus(part).unwrap_or_default();
        paths.extend(files.into_iter().filter(|path| common::extension(path) == "pdf"));
    }
    let arguments: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
    let Some(printed) = common::python("c2pa", READ, &arguments) else { return };
    for (path, theirs) in paths.iter().zip(printed.lines()) {
        let report = verify(&fs::read(path).unwrap());
        let state = match (&report.manifest, report.binding, report.signature) {
            (None, ..) => "none",
            (Some(_), Binding::Intact, Signature::Ok) => "Valid",
            _ => "Invalid",
        };
        let ours = format!("{state} {}", report.manifest.as_ref().map_or(0, |manifest| manifest.manifests));
        assert_eq!(ours, theirs, "{}: {report:#?}", path.display());
    }
    assert_eq!(printed.lines().count(), paths.len());
}
