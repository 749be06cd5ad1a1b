//! What an implementation of C2PA that shares no code with the engine says of the same files: encypher-c2pa. Every difference
//! stands below with its reason; one that does not is a failure.

mod common;

use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use common::{corpus, documents, labeler, pictures, python, recordings};
use tanba::{Binding, Report, Signature, Verifier};
use time::macros::datetime;

/// File, what stands here, what stands there, and why: binding and signature each.
const DIFFERENCES: &[(&str, &str, &str, &str)] = &[
    (
        "E-sig-CA.jpg",
        "match invalid",
        "unknown invalid",
        "behind a bad signature it does not look at the content; here each axis is judged for itself",
    ),
    (
        "legacy.mp4",
        "match valid",
        "unknown valid",
        "c2pa.hash.bmff of the first version is deprecated and not known there; here it is checked, and called partial",
    ),
    (
        "no_alg.jpg",
        "unknown unknown",
        "mismatch valid",
        "the engine refuses the store, so that nothing of it is used here",
    ),
    (
        "update_manifest.jpg",
        "match valid",
        "unknown unknown",
        "the claim of the update names no instance, which it calls malformed; the reference reader takes it, as is done here",
    ),
];

/// Files of a format that it does not take, or under a name that it does not know.
const NOT_TAKEN: &str = "error ValueError";

/// Prints signature and hard binding of each file.
const READ: &str = r#"
import sys
from encypher_c2pa import verify
for path in sys.argv[1:]:
    try:
        report = verify(path)
        print(report.get("hard_binding"), report.get("signature"), path, sep="\t")
    except Exception as error:
        print("error", type(error).__name__, path, sep="\t")
"#;

/// Ours in the other's words.
fn ours(report: &Report) -> String {
    let binding = match report.binding {
        // There is no word for a hash that fits and leaves out too much.
        Binding::Intact | Binding::Partial => "match",
        Binding::Broken => "mismatch",
        Binding::NotChecked => "unknown",
    };
    let signature = match report.signature {
        Signature::Ok => "valid",
        Signature::Bad => "invalid",
        Signature::None => "unknown",
    };
    format!("{binding} {signature}")
}

fn verified(path: &Path) -> Option<Report> {
    let verifier = Verifier::new().at(datetime!(2026-11-20 0:00 UTC));
    verifier.verify(&mut Cursor::new(fs::read(path).unwrap())).ok()
}

/// What they say of files, by path.
fn theirs(files: &[PathBuf]) -> Option<BTreeMap<PathBuf, String>> {
    let arguments: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let printed = python("encypher_c2pa", READ, &arguments)?;
    let line = |line: &str| {
        let [binding, signature, path] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        // Nothing to check, and nothing there, are the same here.
        let word = |word: &str| if word == "missing" { "unknown".to_owned() } else { word.to_owned() };
        (PathBuf::from(path), format!("{} {}", word(binding), word(signature)))
    };
    Some(printed.lines().map(line).collect())
}

#[test]
fn files_of_the_world_and_ours_are_judged_alike() {
    let Some(labelled) = corpus("labelled") else { return };
    let wild = corpus("wild").unwrap();
    let files: Vec<_> = labelled.into_iter().chain(wild).chain(recordings()).chain(documents()).collect();
    let Some(theirs) = theirs(&files) else { return };
    let mut wrong = Vec::new();
    let mut compared = 0;
    for path in &files {
        let Some(report) = verified(path) else { continue };
        let (ours, theirs) = (ours(&report), &theirs[path]);
        let name = path.file_name().unwrap().to_str().unwrap();
        compared += usize::from(ours != "unknown unknown");
        let known = DIFFERENCES.iter().find(|(file, ..)| *file == name);
        match known {
            None if ours == *theirs => {}
            // Then there must be nothing that could be compared.
            None if *theirs == NOT_TAKEN && ours == "unknown unknown" => {}
            Some((_, here, there, _)) if ours == *here && theirs == there => {}
            _ => wrong.push(format!("{name}: {ours} here, {theirs} there")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(compared >= 25, "{compared} compared");
}

/// Our labels, and what becomes of them when a bit of the content turns over.
#[test]
fn labels_of_ours_are_judged_alike() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (number, (path, format)) in pictures().iter().enumerate() {
        let Ok(labelled) = labelled(path) else { continue };
        let name = |kind: &str| folder.path().join(format!("{number:03}-{kind}.{}", format.extensions()[0]));
        fs::write(name("whole"), &labelled).unwrap();
        files.push(name("whole"));
        // Late in the file there are pixels, and in an SVG text; in small ones the manifest.
        if labelled.len() < 40_000 {
            continue;
        }
        let mut changed = labelled;
        let at = changed.len() * 9 / 10;
        changed[at] ^= 1;
        fs::write(name("changed"), &changed).unwrap();
        files.push(name("changed"));
    }
    assert!(files.len() >= 40, "{} files", files.len());
    let Some(theirs) = theirs(&files) else { return };
    let mut wrong = Vec::new();
    for path in &files {
        let whole = path.to_str().unwrap().contains("whole");
        let Some(report) = verified(path) else {
            assert!(!whole, "{path:?} cannot be read");
            continue;
        };
        let (ours, theirs) = (ours(&report), &theirs[path]);
        if ours != *theirs || whole != (ours == "match valid") {
            wrong.push(format!("{}: {ours} here, {theirs} there", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn labelled(path: &Path) -> tanba::Result<Vec<u8>> {
    let mut sink = Cursor::new(Vec::new());
    labeler().label(&mut Cursor::new(fs::read(path).unwrap()), &mut sink)?;
    Ok(sink.into_inner())
}

/// Texts and pages that we label, and what becomes of them when a word changes.
#[test]
fn labelled_texts_are_judged_alike() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        ("plain.txt", "The wind came over the steppe.\n"),
        ("bare.txt", "No end of the last line, Жел e\u{301}cole"),
        ("crlf.txt", "One\r\nTwo\r\n"),
        ("table.csv", "a,b\n1,2\n"),
        ("front.md", "---\ntitle: Steppe\n---\n\n# Steppe\n"),
        ("comment.md", "# Steppe\n\nThe wind came.\n"),
        ("script.py", "#!/usr/bin/env python3\nprint('steppe')\n"),
        ("settings.yaml", "a: 1\n"),
        ("style.css", "p { color: red }\n"),
        ("data.xml", "<?xml version=\"1.0\"?>\n<steppe/>\n"),
        ("page.html", "<!doctype html>\n<html><head><title>a</title></head><body><p>Steppe</p></body></html>\n"),
        ("fragment.html", "<p>Steppe</p>"),
    ];
    let mut files = Vec::new();
    for (name, text) in texts {
        let mut sink = Cursor::new(Vec::new());
        labeler().label_named(name, &mut Cursor::new(text), &mut sink).unwrap();
        let labelled = String::from_utf8(sink.into_inner()).unwrap();
        for (kind, content) in [("whole", labelled.clone()), ("changed", labelled.replacen("ЖИ", "жи", 1) + " ")] {
            let path = folder.path().join(format!("{kind}-{name}"));
            fs::write(&path, content).unwrap();
            files.push(path);
        }
    }
    let Some(theirs) = theirs(&files) else { return };
    let mut wrong = Vec::new();
    for path in &files {
        let name = path.file_name().unwrap().to_str().unwrap();
        let (ours, theirs) = (ours(&verified(path).unwrap()), &theirs[path]);
        let whole = name.starts_with("whole");
        // It hashes the bytes of texts that are not in form C, where C2PA 2.4 §15.12.1.3.1 hashes form C.
        let form = name == "whole-bare.txt" && ours == "match valid" && theirs == "mismatch valid";
        if !form && (ours != *theirs || whole != (ours == "match valid")) {
            wrong.push(format!("{name}: {ours} here, {theirs} there"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Reads our labels with `c2pa-text` and `c2pa-unstructured-text`, and puts the same manifest into the same text by their means. A line
/// for each file: its name, how long the manifest is that was read, and what was found out.
const TEXTS: &str = r##"
import os, sys
import c2pa_text as t, c2pa_unstructured_text as u
for path in sys.argv[1:]:
    folder, name = os.path.split(path)
    text = open(path, encoding="utf-8", newline="").read()
    said, theirs = [], []
    if name.endswith((".txt", ".csv")):
        store, start, length = t.find_wrapper_info(text)
        found, hashed = u.extract(text), u.compute_data_hash(text)
        said.append(found["payload"] == store and (found["start"], found["length"]) == (start, length))
        said.append(bytes(hashed["hash"]) in store and hashed["exclusions"] == [(start, length)])
        before = text.encode()[:start].decode()
        theirs = [u.encode_padded(store), t.encode_wrapper_padded(store, t.worst_case_wrapper_byte_length(len(store)))]
        theirs = [before + wrapper for wrapper in theirs]
    elif name.endswith(".html"):
        store = t.extract_html(text).manifest
        line = t.build_html_script(store) + "\n"
        said.append(text.count(line) == 1)
        theirs = [t.embed_html_inline(text.replace(line, ""), store).html]
    else:
        store = t.decode_data_uri(t.extract_structured(text).reference)
        # XML has no comment in which the marks could stand: there our block is none that they would build.
        if name != "data.xml":
            kinds = {"py": ("#", ""), "yaml": ("#", ""), "css": ("/*", "*/"), "js": ("//", ""), "vtt": ("NOTE", "")}
            opening = kinds.get(name.rsplit(".")[-1], ("#", "") if name == "front.md" else ("<!--", "-->"))
            # The line that the hash leaves out, and what they put in its place.
            start = text.rfind("\n", 0, text.index("-----BEGIN")) + 1
            end = text.index("\n", start) + 1
            newline = "\r\n" if text[end - 2] == "\r" else "\n"
            built = t.embed_structured(text[end:], t.encode_data_uri(store), *opening, newline=newline)
            said.append(built.exclusion_length == end - start)
            theirs = [text[:start] + built.text]
    for number, content in enumerate(theirs):
        open(os.path.join(folder, f"theirs-{number}-{name}"), "w", encoding="utf-8", newline="").write(content)
    print(name, len(store), all(said), len(theirs), sep="\t")
"##;

#[test]
fn packages_for_manifests_in_text_read_ours_and_write_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        ("plain.txt", "The wind came over the steppe.\n"),
        ("decomposed.txt", "No end of the last line, Жел e\u{301}cole"),
        ("emoji.txt", "\u{feff}👩‍👩‍👧 ☝\u{fe0f} 葛\u{e0100}\r\n"),
        ("table.csv", "a,b\n1,2\n"),
        ("front.md", "---\ntitle: Steppe\n---\n\n# Steppe\n"),
        ("comment.md", "# Steppe\n\nThe wind *came*.\n"),
        ("script.py", "#!/usr/bin/env python3\nprint('steppe')\n"),
        ("crlf.py", "#!/usr/bin/env python3\r\nprint('steppe')\r\n"),
        ("settings.yaml", "a: 1\n"),
        ("style.css", "p { color: red }\n"),
        ("code.js", "print('steppe')\n"),
        ("data.xml", "<?xml version=\"1.0\"?>\n<steppe/>\n"),
        ("subtitles.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nWind\n"),
        ("page.html", "<!doctype html>\n<html><head><title>a</title></head><body><p>Steppe</p></body></html>\n"),
    ];
    let (mut paths, mut lengths) = (Vec::new(), Vec::new());
    for (name, text) in texts {
        let mut sink = Cursor::new(Vec::new());
        let receipt = labeler().label_named(name, &mut Cursor::new(text), &mut sink).unwrap();
        fs::write(folder.path().join(name), sink.into_inner()).unwrap();
        paths.push(folder.path().join(name).to_str().unwrap().to_owned());
        lengths.push(receipt.manifest_bytes);
    }
    if python("c2pa_unstructured_text", "pass", &[]).is_none() {
        return;
    }
    let arguments: Vec<_> = paths.iter().map(String::as_str).collect();
    let Some(printed) = python("c2pa_text", TEXTS, &arguments) else { return };
    let mut written = 0;
    for ((line, (name, _)), len) in printed.lines().zip(texts).zip(&lengths) {
        assert!(line.starts_with(&format!("{name}\t{len}\tTrue\t")), "{line}: {len} bytes");
        let theirs: usize = line.rsplit('\t').next().unwrap().parse().unwrap();
        for number in 0..theirs {
            // The same manifest as they write it, in the same place: the same length, so that it still holds.
            let report = verified(&folder.path().join(format!("theirs-{number}-{name}"))).unwrap();
            assert_eq!(ours(&report), "match valid", "{name}, {number}");
            written += 1;
        }
    }
    assert_eq!((printed.lines().count(), written), (texts.len(), 4 * 2 + 9));
}

/// Prints why the binding of a file is not taken.
const WHY: &str = r#"
import sys
from encypher_c2pa import verify
for path in sys.argv[1:]:
    report = verify(path)
    faults = report["validation_results"]["failure"]
    print(report["signature"], *[fault["code"] + ": " + fault["explanation"] for fault in faults if "ollection" in fault["code"]])
"#;

/// Signs a document with the reference.
const SIGN: &str = r#"
import json, sys, c2pa
chain, key = (open(path, "rb").read() for path in sys.argv[1:3])
signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(alg=b"ed25519", sign_cert=chain, private_key=key, ta_url=None))
actions = [{"action": "c2pa.created", "digitalSourceType": "http://c2pa.org/digitalsourcetype/empty"}]
definition = {"claim_generator_info": [{"name": "reference"}], "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]}
c2pa.Builder(json.dumps(definition)).sign_file(sys.argv[3], sys.argv[4], signer)
"#;

/// It wants the parts of an archive as a list, as the schema of C2PA 2.4 §18.8 has it; the reference (c2pa 0.90) writes them as a map
/// by their names, reads nothing else, and its documents are refused by it like ours. What the world reads is written here.
#[test]
fn documents_are_refused_there_for_the_form_of_a_list_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for name in ["sheets.xlsx", "stored.docx", "book3.epub"] {
        let bytes = labelled(&common::fixture("office").join(name)).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(ours(&verified(&path).unwrap()), "match valid", "{name}");
        paths.push(path.to_str().unwrap().to_owned());
    }
    // The reference signs what is not compressed.
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("chain.pem"), &common::identity().chain_pem).unwrap();
    fs::write(path("key.pem"), &common::identity().key_pem).unwrap();
    fs::copy(common::fixture("office").join("stored.docx"), path("in.docx")).unwrap();
    let signed = ["chain.pem", "key.pem", "in.docx", "reference.docx"].map(path);
    if python("c2pa", SIGN, &signed.each_ref().map(String::as_str)).is_none() {
        return;
    }
    paths.push(path("reference.docx"));
    let arguments: Vec<_> = paths.iter().map(String::as_str).collect();
    let Some(printed) = python("encypher_c2pa", WHY, &arguments) else { return };
    for line in printed.lines() {
        assert_eq!(line, "valid assertion.collectionHash.malformed: no uris field");
    }
    assert_eq!(printed.lines().count(), paths.len());
}
