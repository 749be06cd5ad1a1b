//! Documents of offices, and books: labelled, read by the programs that people open them with, and unchanged in all other parts.

mod common;
mod harm;

use std::{
    collections::BTreeMap,
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use common::{anchors, extension, fixture, offices, python, run, signer};
use harm::{blames_the_content, bounded};
use tanba::{
    Binding, Disclosure, Error, Headline, Labeler, Policy, Receipt, Report, Signature, Statement, Verdict, Verifier,
};

const SENTENCE: &str = "ЖИ көмегімен жасалды / Создано ИИ";
/// No label goes into these.
const REFUSED: &[(&str, &str)] = &[
    ("signed.docx", "signed by the means of Office"),
    ("signed.odt", "the document is signed"),
    ("encrypted.odt", "secret.xml in it is encrypted"),
    ("drm.epub", "the book is encrypted"),
];

fn labeler() -> Labeler {
    let disclosure = Disclosure::generated("Acme Writer").system_version("3.1").provider("Acme LLP");
    Labeler::new(&disclosure, &signer())
}

fn label_with(labeler: &Labeler, bytes: &[u8]) -> tanba::Result<(Vec<u8>, Receipt)> {
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink)?;
    Ok((sink.into_inner(), receipt))
}

fn label(name: &str, bytes: &[u8]) -> (Vec<u8>, Receipt) {
    let (labelled, receipt) = label_with(&labeler(), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    // For people who want to look.
    if let Some(folder) = std::env::var_os("TANBA_WRITE") {
        fs::write(Path::new(&folder).join(name), &labelled).unwrap();
    }
    (labelled, receipt)
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(bytes)).unwrap()
}

/// With the manifest that stands beside it, where it does.
fn verify_labelled(bytes: &[u8], receipt: &Receipt) -> tanba::Result<Report> {
    let verifier = Verifier::new().anchors(anchors());
    match &receipt.sidecar {
        Some(store) => verifier.verify_with_manifest(&mut Cursor::new(bytes), store),
        None => verifier.verify(&mut Cursor::new(bytes)),
    }
}

fn is_opendocument(name: &str) -> bool {
    matches!(extension(Path::new(name)).as_str(), "odt" | "ods" | "odp" | "odg")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(fixture("office").join(name)).unwrap()
}

/// The documents that take a label.
fn documents() -> Vec<(String, Vec<u8>)> {
    let names = offices().into_iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned());
    let names: Vec<_> = names.filter(|name| REFUSED.iter().all(|(refused, _)| refused != name)).collect();
    assert!(names.len() >= 16, "{names:?}");
    names.into_iter().map(|name| (name.clone(), bytes(&name))).collect()
}

fn assert_whole(name: &str, labelled: &[u8], receipt: &Receipt) {
    assert!(receipt.is_complete() && receipt.is_as_asked(), "{name}: {receipt:?}");
    assert_eq!(receipt.written.as_ref().unwrap().lines.join(" / "), SENTENCE, "{name}");
    assert_eq!(receipt.bytes, labelled.len() as u64, "{name}");
    // OpenDocument has no place for a manifest that LibreOffice would not call damage.
    assert_eq!(receipt.sidecar.is_some(), is_opendocument(name), "{name}");
    let report = verify_labelled(labelled, receipt).unwrap();
    assert_eq!(
        (report.binding, report.signature, report.verdict, report.headline, report.says),
        (Binding::Intact, Signature::Ok, Verdict::Valid, Headline::AiMadeProven, Some(Statement::FullyAi)),
        "{name}: {report:#?}"
    );
    let [written] = &report.written[..] else { panic!("{name}: {report:#?}") };
    assert!(written.first && written.languages.len() == 2, "{name}: {written:?}");
    let recorded = report.findings.iter().filter(|finding| finding.place.contains("DigitalSourceType")).count();
    assert_eq!(recorded, 1, "{name}: {:#?}", report.findings);
}

#[test]
fn every_document_is_labelled_and_whole() {
    for (name, original) in documents() {
        let before = verify(&original);
        // One names an AI system already, as a property that the label replaces.
        let says_so = name == "stored.docx";
        assert_eq!(before.headline == Headline::NoLabel, !says_so, "{name}: {before:#?}");
        assert!(before.written.is_empty(), "{name}: {before:#?}");
        let (labelled, receipt) = label(&name, &original);
        assert_whole(&name, &labelled, &receipt);
    }
}

#[test]
fn every_file_stands_in_the_list_as_it_is() {
    let readme = String::from_utf8(bytes("README.md")).unwrap();
    let refused = REFUSED.iter().map(|(name, _)| ((*name).to_owned(), bytes(name)));
    let mut seen = 0;
    for (name, content) in documents().into_iter().chain(refused) {
        let hash: String =
            <sha2::Sha256 as sha2::Digest>::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(readme.contains(&format!("| `{name}` |")) && readme.contains(&hash), "{name}");
        seen += 1;
    }
    assert_eq!(readme.lines().filter(|line| line.starts_with("| `")).count(), seen);
}

/// Parts by name: content, and everything that stands for it in the archive, from the local header to the end of the data.
type Parts = BTreeMap<String, (String, String)>;

/// Takes archives apart with Python's reader; the order is part of the answer.
fn parts(files: &[&Path]) -> Option<Vec<(Vec<String>, Parts)>> {
    const PROGRAM: &str = "
import sys, json, zipfile, hashlib, struct
answer = []
for path in sys.argv[1:]:
    data = open(path, 'rb').read()
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None, path
    rows = []
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    starts = [info.header_offset for info in infos[1:]] + [archive.start_dir]
    for info, end in zip(infos, starts):
        rows.append([info.filename, hashlib.sha256(archive.read(info)).hexdigest(), hashlib.sha256(data[info.header_offset:end]).hexdigest()])
    answer.append([[info.filename for info in archive.infolist()], rows, archive.comment.decode()])
print(json.dumps(answer))
";
    let paths: Vec<_> = files.iter().map(|path| path.to_str().unwrap()).collect();
    let printed = python("zipfile", PROGRAM, &paths)?;
    /// Names in the order of the directory; name, content and entry of each; the comment.
    type Archive = (Vec<String>, Vec<(String, String, String)>, String);
    let answer: Vec<Archive> = serde_json::from_str(&printed).unwrap();
    Some(
        answer
            .into_iter()
            .map(|(mut names, rows, comment)| {
                names.push(comment);
                (names, rows.into_iter().map(|(name, content, raw)| (name, (content, raw))).collect())
            })
            .collect(),
    )
}

/// What a label may change or add, by the ending of the name.
fn may_change(kind: &str, name: &str) -> bool {
    let known: &[&str] = match kind {
        "docx" | "docm" => {
            &["[Content_Types].xml", "_rels/.rels", "word/document.xml", "docProps/core.xml", "docProps/custom.xml"]
        }
        "xlsx" => &[
            "[Content_Types].xml",
            "_rels/.rels",
            "docProps/core.xml",
            "docProps/custom.xml",
            "xl/workbook.xml",
            "xl/_rels/workbook.xml.rels",
            "xl/worksheets/sheet1.xml",
            "xl/worksheets/sheet2.xml",
            "xl/worksheets/tanba-notice.xml",
        ],
        "pptx" => &[
            "[Content_Types].xml",
            "_rels/.rels",
            "docProps/core.xml",
            "docProps/custom.xml",
            "ppt/slides/slide1.xml",
            "ppt/slides/slide2.xml",
        ],
        "epub" => &["OEBPS/book.opf", "OEBPS/text/one.xhtml"],
        _ => &["content.xml", "meta.xml", "META-INF/manifest.xml", "settings.xml"],
    };
    known.contains(&name) || name == "META-INF/content_credential.c2pa"
}

#[test]
fn every_other_part_is_the_same_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    for (name, original) in documents() {
        let (before, after) = (folder.path().join(&name), folder.path().join(format!("labelled-{name}")));
        fs::write(&before, &original).unwrap();
        fs::write(&after, label(&name, &original).0).unwrap();
        let Some(found) = parts(&[&before, &after]) else { return };
        let [(names, before), (new_names, after)] = &found[..] else { panic!("{name}") };
        let kind = extension(Path::new(&name));
        let mut same = 0;
        for (part, raw) in before {
            if may_change(&kind, part) {
                assert!(after.contains_key(part), "{name}: {part} is gone");
            } else {
                assert_eq!(Some(raw), after.get(part), "{name}: {part}");
                same += 1;
            }
        }
        assert!(same >= 1, "{name}");
        assert!(after.keys().all(|part| before.contains_key(part) || may_change(&kind, part)), "{name}: {after:?}");
        // In the same order, and the comment behind them.
        let kept: Vec<_> = new_names.iter().filter(|part| names.contains(part)).collect();
        assert_eq!(kept, names.iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn what_was_there_is_still_in_the_changed_parts() {
    let inner = |labelled: &[u8], part: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, labelled).unwrap();
        let program = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))";
        python("zipfile", program, &[path.to_str().unwrap(), part])
    };
    for (name, original) in documents() {
        let (labelled, _) = label(&name, &original);
        let (part, wanted): (&str, &[&str]) = match extension(Path::new(&name)).as_str() {
            "docx" | "docm" => ("word/document.xml", &["<w:body><w:p xmlns:w", "</w:t></w:r></w:p><w:sectPr>"]),
            // The names that hold in one sheet still hold in the same.
            "xlsx" => (
                "xl/workbook.xml",
                &[
                    "<sheets><sheet xmlns",
                    "name=\"_xlnm.Print_Area\" localSheetId=\"1\"",
                    "name=\"limit\" localSheetId=\"2\"",
                    "sheetId=\"6\" r:id=",
                ],
            ),
            "ods" => ("settings.xml", &[">ЖИ көмегімен жасалды<"]),
            "epub" => ("OEBPS/book.opf", &["<dc:creator>Aigerim</dc:creator>", "name=\"AIContentID\""]),
            "odt" => ("content.xml", &["tanba_notice"]),
            "pptx" => ("docProps/custom.xml", &["pid=\"2\"", "name=\"DigitalSourceType\""]),
            _ => continue,
        };
        let Some(text) = inner(&labelled, part) else { return };
        for wanted in wanted {
            assert!(text.contains(wanted), "{name}: {wanted} in {text}");
        }
    }
    let (labelled, _) = label("stored.docx", &bytes("stored.docx"));
    let custom = inner(&labelled, "docProps/custom.xml").unwrap();
    assert!(custom.contains("Dana &amp; Ivan") && !custom.contains("an older system"), "{custom}");
    assert!(custom.contains("pid=\"8\"") && !custom.contains("pid=\"7\""), "{custom}");
}

/// The description that a document has, with its other core properties, as exiftool reads them.
fn description(bytes: &[u8]) -> Option<(String, serde_json::Value)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("core.xml");
    let core = unpacked(bytes).into_iter().find(|(name, _)| name == b"docProps/core.xml").unwrap().1;
    fs::write(&path, core).unwrap();
    let output = run("exiftool", &["-json", "-XMP:all", path.to_str().unwrap()])?;
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut fields = read[0].as_object().unwrap().clone();
    fields.remove("SourceFile");
    let description =
        fields.remove("CorePropertiesDescription").map_or(String::new(), |text| text.as_str().unwrap().to_owned());
    Some((description, fields.into()))
}

#[test]
fn the_core_properties_describe_the_document_and_its_owner_keeps_his_words() {
    let with = |field: &str| {
        let mut parts = unpacked(&bytes("text.docx"));
        let (_, content) = parts.iter_mut().find(|(name, _)| name == b"docProps/core.xml").unwrap();
        let at = memchr::memmem::find(content, b"<dc:creator>").unwrap();
        content.splice(at..at, field.bytes());
        packed(&parts)
    };
    let english = labeler().policy(Policy::kazakhstan().languages(&["en"]).unwrap());
    let own = labeler().policy(Policy::kazakhstan().wording(["Made by <Acme> & AI"]).unwrap());
    for (field, words) in [
        ("", SENTENCE),
        ("<dc:description/>", SENTENCE),
        ("<dc:description> </dc:description>", SENTENCE),
        ("<dc:description>AI GENERATED</dc:description>", SENTENCE),
        ("<dc:description>A story &amp; AI GENERATED</dc:description>", "A story & AI GENERATED"),
        ("<d:description xmlns:d=\"http://purl.org/dc/elements/1.1/\">Mine</d:description>", "Mine"),
    ] {
        let original = with(field);
        let Some((_, before)) = description(&original) else { return };
        assert_eq!(before["CorePropertiesCreator"], "Aigerim");
        let (once, receipt) = label("described.docx", &original);
        assert_whole(field, &once, &receipt);
        assert_eq!(description(&once).unwrap(), (words.to_owned(), before.clone()), "{field}");
        // Its own words of an earlier label go, whatever they were.
        for (labeler, other) in [(&english, "AI GENERATED"), (&own, "Made by <Acme> & AI")] {
            let words = if words == SENTENCE { other } else { words };
            let (again, _) = label_with(labeler, &once).unwrap();
            assert_eq!(description(&again).unwrap().0, words, "{field}");
            let (back, _) = label_with(&self::labeler(), &again).unwrap();
            let words = if words == other { SENTENCE } else { words };
            assert_eq!(description(&back).unwrap(), (words.to_owned(), before.clone()), "{field}");
        }
        let (silent, _) = label_with(&labeler().policy(Policy::kazakhstan().with_record(false)), &original).unwrap();
        assert_eq!(description(&silent), description(&original), "{field}");
    }
    // What cannot be edited stays as it is, and the label is whole without it.
    for broken in [
        "<dc:description>",
        "<dc:description>a</dc:description><dc:description/>",
        "<dc:description>AI GENERATED</dc:title>",
    ] {
        let (labelled, receipt) = label("described.docx", &with(broken));
        assert!(receipt.is_complete() && verify(&labelled).binding == Binding::Intact, "{broken}");
        let core = unpacked(&labelled).into_iter().find(|(name, _)| name == b"docProps/core.xml").unwrap().1;
        assert!(memchr::memmem::find(&core, SENTENCE.as_bytes()).is_none(), "{broken}");
    }
    for (name, original) in documents() {
        // Their local headers do not say how long the parts are.
        if name == "streamed.docx" || name.starts_with("wide.") {
            continue;
        }
        if ["docx", "docm", "xlsx", "pptx"].contains(&extension(Path::new(&name)).as_str()) {
            let core = unpacked(&label(&name, &original).0).into_iter().find(|(name, _)| name == b"docProps/core.xml");
            let described = core.is_none_or(|(_, core)| memchr::memmem::find(&core, SENTENCE.as_bytes()).is_some());
            assert!(described, "{name}");
        }
    }
}

#[test]
fn the_reference_reader_calls_every_document_valid() {
    const PROGRAM: &str = "
import os, sys, json, c2pa
for path in sys.argv[1:]:
    beside = path + '.c2pa'
    if os.path.exists(beside):
        reader = c2pa.Reader('application/vnd.oasis.opendocument.text', open(path, 'rb'), open(beside, 'rb').read())
    else:
        reader = c2pa.Reader(path)
    with reader:
        print(json.dumps([path.rsplit('/', 1)[1], reader.get_validation_state(), json.loads(reader.json()).get('validation_status', [])]))
";
    const STORE: &str = "
import sys, zipfile
for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(path + '.stored', 'w') as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename), old.read(info))
";
    let folder = tempfile::tempdir().unwrap();
    let originals: Vec<_> =
        documents().into_iter().map(|(name, original)| (folder.path().join(name), original)).collect();
    originals.iter().for_each(|(path, original)| fs::write(path, original).unwrap());
    // The reference reads no compressed part: asked to sign one, it says "compression method not supported: 8".
    let names: Vec<_> = originals.iter().map(|(path, _)| path.to_str().unwrap()).collect();
    if python("zipfile", STORE, &names).is_none() {
        return;
    }
    let mut paths = Vec::new();
    for (path, _) in &originals {
        let name = path.file_name().unwrap().to_str().unwrap();
        let once = label(name, &fs::read(format!("{}.stored", path.display())).unwrap());
        // A label around a label as well.
        let twice = label(name, &once.0);
        for (prefix, (bytes, receipt)) in [("once", once), ("twice", twice)] {
            let path = folder.path().join(format!("{prefix}-{name}"));
            fs::write(&path, bytes).unwrap();
            if let Some(store) = receipt.sidecar {
                fs::write(folder.path().join(format!("{prefix}-{name}.c2pa")), store).unwrap();
            }
            paths.push(path.to_str().unwrap().to_owned());
        }
    }
    let count = paths.len();
    let Some(printed) = python("c2pa", PROGRAM, &paths.iter().map(String::as_str).collect::<Vec<_>>()) else { return };
    let mut seen = 0;
    for line in printed.lines() {
        let (name, state, statuses): (String, String, serde_json::Value) = serde_json::from_str(line).unwrap();
        assert!(state == "Valid" || state == "Trusted", "{name}: {state} {statuses}");
        seen += 1;
    }
    assert_eq!(seen, count);
}

#[test]
fn labelled_again_the_notice_stands_once_and_the_history_is_kept() {
    for (name, original) in documents() {
        let (once, _) = label(&name, &original);
        let (twice, receipt) = label(&format!("twice-{name}"), &once);
        assert!(receipt.written.as_ref().unwrap().kept, "{name}: {receipt:?}");
        assert_whole(&name, &twice, &receipt);
        if !is_opendocument(&name) {
            assert_eq!(verify(&twice).manifest.unwrap().chain.len(), 2, "{name}");
        }
        // Another policy has other words: the older ones would contradict them.
        let english = labeler().policy(Policy::kazakhstan().languages(&["en"]).unwrap());
        let (other, receipt) = label_with(&english, &once).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(receipt.is_complete(), "{name}: {receipt:?}");
        let report = verify_labelled(&other, &receipt).unwrap();
        let [written] = &report.written[..] else { panic!("{name}: {:#?}", report.written) };
        assert_eq!(written.lines, ["AI GENERATED"], "{name}");
        assert_eq!(report.verdict, Verdict::Valid, "{name}: {report:#?}");
    }
}

#[test]
fn one_changed_byte_is_noticed() {
    const STORE: &[u8] = b"META-INF/content_credential.c2pa";
    for name in [
        "text.docx",
        "sheets.xlsx",
        "text.odt",
        "book3.epub",
        "wide.docx",
        "wide.xlsx",
        "wide.odt",
        "wide.epub",
        "streamed.docx",
    ] {
        let (labelled, receipt) = label(name, &bytes(name));
        // What is not hashed is what carries the manifest, and its checksum in the directory.
        let free = memchr::memmem::find(&labelled, STORE).map(|at| {
            let end = at + STORE.len() + usize::try_from(receipt.manifest_bytes).unwrap();
            let central = memchr::memmem::rfind(&labelled, STORE).unwrap();
            [at - 30..end, central - 30..central - 26]
        });
        let mut seen = 0;
        for at in (0..labelled.len()).step_by(53) {
            if free.iter().flatten().any(|range| range.contains(&at)) {
                continue;
            }
            let mut changed = labelled.clone();
            changed[at] ^= 0x10;
            if let Ok(report) = verify_labelled(&changed, &receipt) {
                assert_ne!(report.headline, Headline::AiMadeProven, "{name}, byte {at}");
                seen += 1;
            }
        }
        assert!(seen > 10, "{name}: {seen}");
    }
}

#[test]
fn what_must_not_be_touched_is_refused_with_its_place() {
    for (name, why) in REFUSED {
        let error = label_with(&labeler(), &bytes(name)).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains(why), "{name}: {error}");
    }
    // A part that would be written outside of the folder into which somebody unpacks the document.
    for name in ["../../../../tmp/slipped.xml", "/tmp/slipped.xml", "word/../../slipped.xml"] {
        let mut parts = unpacked(&bytes("text.docx"));
        parts.push((name.as_bytes().to_vec(), b"<a/>".to_vec()));
        let error = label_with(&labeler(), &packed(&parts)).unwrap_err();
        assert!(error.to_string().contains("leads out of"), "{name}: {error}");
        assert!(matches!(error, Error::Malformed { at, .. } if at > 0), "{name}: {error:?}");
    }
    if let Some(bad) = common::corpus("hostile") {
        let path = bad.iter().find(|path| path.ends_with("bad_path_archive.zip")).expect("the archive");
        assert!(matches!(label_with(&labeler(), &fs::read(path).unwrap()), Err(Error::UnknownFormat)));
    }
}

/// The labelled documents in a folder, by name.
fn labelled(folder: &Path, kinds: &[&str]) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for (name, original) in documents() {
        if kinds.contains(&extension(Path::new(&name)).as_str()) {
            let path = folder.join(&name);
            fs::write(&path, label(&name, &original).0).unwrap();
            paths.push(path);
        }
    }
    assert!(!paths.is_empty());
    paths
}

#[test]
fn libreoffice_shows_the_notice_of_every_document() {
    let folder = tempfile::tempdir().unwrap();
    let mut paths = labelled(folder.path(), &["docx", "docm", "xlsx", "pptx", "odt", "ods", "odp", "odg"]);
    // LibreOffice 7.4 reads no directory of 64 bits, labelled or not.
    paths.retain(|path| path.file_stem().is_none_or(|name| name != "wide"));
    // Two documents of one name but for the ending would become one file.
    for path in &mut paths {
        let unique = format!("{}.{}", path.file_name().unwrap().to_str().unwrap(), extension(path));
        fs::rename(&*path, path.with_file_name(&unique)).unwrap();
        path.set_file_name(unique);
    }
    // What LibreOffice makes of its own formats is labelled as well.
    let profile = format!("-env:UserInstallation=file://{}", folder.path().join("profile").display());
    let out = folder.path().join("out");
    let convert = |to: &str, files: &[PathBuf]| {
        let mut arguments = vec![profile.as_str(), "--headless", "--convert-to", to, "--outdir", out.to_str().unwrap()];
        arguments.extend(files.iter().map(|path| path.to_str().unwrap()));
        let output = run("soffice", &arguments)?;
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).to_lowercase();
        assert!(output.status.success(), "{said}");
        // Damage is mended without a question where nobody sits in front of it, and said here.
        for word in ["repair", "corrupt", "damaged", "could not be", "error"] {
            assert!(!said.contains(word), "{word}: {said}");
        }
        Some(())
    };
    let mut all = paths.clone();
    for (from, to) in [
        ("text.odt", "docx"),
        ("sheets.ods", "xlsx"),
        ("slides.odp", "pptx"),
        ("arabic.docx", "odt"),
        ("sheets.xlsx", "ods"),
        ("slides.pptx", "odp"),
    ] {
        if convert(to, &[fixture("office").join(from)]).is_none() {
            return;
        }
        let name = Path::new(from).with_extension(to);
        let original = fs::read(out.join(&name)).unwrap();
        let name = format!("office-{}.{to}", name.display());
        let (labelled, receipt) = label(&name, &original);
        assert_whole(&name, &labelled, &receipt);
        all.push(folder.path().join(&name));
        fs::write(all.last().unwrap(), labelled).unwrap();
    }
    let pdfs = || {
        let names = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path());
        names.filter(|path| extension(path) == "pdf").count()
    };
    assert_eq!(pdfs(), 0);
    convert("pdf", &all).unwrap();
    assert_eq!(pdfs(), all.len(), "one for each");
    for path in &all {
        let name = path.file_name().unwrap().to_str().unwrap();
        let pdf = out.join(name).with_extension("pdf");
        let text = run("pdftotext", &["-f", "1", "-l", "1", pdf.to_str().unwrap(), "-"]).unwrap();
        let text = String::from_utf8_lossy(&text.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
        for words in ["ЖИ көмегімен жасалды", "Создано ИИ"] {
            assert!(text.contains(words), "{name}: {text}");
        }
        let pages = common::pdf::pages(&fs::read(&pdf).unwrap(), 72).unwrap();
        // A workbook of Office has the words in cells of their own, in large black letters.
        match extension(path).as_str() {
            "xlsx" => shows_letters(&pages[0], name),
            _ => shows_plate(&pages[0], name),
        }
    }
}

fn is_dark(pixel: &image::Rgb<u8>) -> bool {
    pixel.0.iter().all(|&value| value < 60)
}

/// The page, drawn with 72 pixels an inch, shows a dark plate with light letters.
fn shows_plate(page: &image::RgbImage, name: &str) {
    let (width, height) = page.dimensions();
    // Letters on paper are so dense in a row or two; the rows of a plate are, with letters in them or without.
    let dense = |y: &u32| (0..width).filter(|&x| is_dark(page.get_pixel(x, *y))).count() * 4 > width as usize;
    let runs = (0..height).filter(dense).map(|top| (top, top + (top..height).take_while(dense).count() as u32 - 1));
    let Some((top, bottom)) = runs.max_by_key(|(top, bottom)| bottom - top) else { panic!("{name}: no plate") };
    let columns: Vec<_> = (0..width).filter(|&x| is_dark(page.get_pixel(x, top))).collect();
    let (left, right) = (columns[0], *columns.last().unwrap());
    let plate = image::imageops::crop_imm(page, left, top, right - left + 1, bottom - top + 1).to_image();
    let all = plate.pixels().count();
    let dark = plate.pixels().filter(|pixel| is_dark(pixel)).count();
    let light = plate.pixels().filter(|pixel| pixel.0.iter().all(|&value| value > 190)).count();
    let size = plate.dimensions();
    assert!(size.1 >= 10 && size.0 > 4 * size.1 / 3 && dark * 2 > all, "{name}: {size:?}, {dark} dark of {all}");
    assert!(light * 25 > all && light * 2 < all, "{name}: {size:?}, {light} light of {all}");
}

/// The page shows two lines of letters at its top, at least as high as those of a text.
fn shows_letters(page: &image::RgbImage, name: &str) {
    let (width, height) = page.dimensions();
    let inked = |y: u32| (0..width).filter(|&x| is_dark(page.get_pixel(x, y))).count();
    let mut lines: Vec<Vec<usize>> = Vec::new();
    for y in 0..height / 3 {
        match (inked(y), lines.last_mut()) {
            (0, _) => lines.push(Vec::new()),
            (ink, Some(line)) => line.push(ink),
            (_, None) => panic!("{name}: ink at the very top"),
        }
    }
    lines.retain(|line| line.len() >= 7 && line.iter().sum::<usize>() > 100);
    assert_eq!(lines.len(), 2, "{name}: {lines:?}");
}

#[test]
fn epubcheck_passes_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut books = 0;
    for path in labelled(folder.path(), &["epub"]) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let before = fixture("office").join(&name);
        // What it says of the original it may say of the result.
        let messages = |path: &Path| {
            let output = run("java", &["-jar", "/usr/share/java/epubcheck.jar", path.to_str().unwrap()])?;
            if String::from_utf8_lossy(&output.stderr).contains("Unable to access") {
                common::skip("epubcheck");
                return None;
            }
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(text.contains("Messages: ") && text.contains("EPUBCheck completed"), "it did not run: {text}");
            let said = text
                .lines()
                .filter(|line| line.starts_with("ERROR") || line.starts_with("WARNING") || line.starts_with("FATAL"));
            Some(said.map(|line| line.split('(').next().unwrap_or_default().to_owned()).collect::<Vec<_>>())
        };
        let (Some(before), Some(after)) = (messages(&before), messages(&path)) else { return };
        assert_eq!(before, after, "{name}");
        books += 1;
    }
    assert_eq!(books, 4);
}

/// The parts of an archive whose headers say how long they are, unpacked.
fn unpacked(archive: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut parts, mut at) = (Vec::new(), 0);
    let number = |at: usize| u32::from_le_bytes(archive[at..at + 4].try_into().unwrap()) as usize;
    let short = |at: usize| usize::from(u16::from_le_bytes(archive[at..at + 2].try_into().unwrap()));
    while archive[at..].starts_with(b"PK\x03\x04") {
        let (name, data) = (at + 30, at + 30 + short(at + 26) + short(at + 28));
        let end = data + number(at + 18);
        let mut content = Vec::new();
        match short(at + 8) {
            0 => content.extend_from_slice(&archive[data..end]),
            _ => drop(
                std::io::Read::read_to_end(&mut flate2::read::DeflateDecoder::new(&archive[data..end]), &mut content)
                    .unwrap(),
            ),
        }
        parts.push((archive[name..name + short(at + 26)].to_vec(), content));
        at = end;
    }
    parts
}

/// An archive without compression.
fn packed(parts: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (name, content) in parts {
        let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let len = u32::try_from(content.len()).unwrap().to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let head = [
            &[20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0],
            &crc32fast::hash(content).to_le_bytes()[..],
            &len,
            &len,
            &name_len,
            &[0, 0],
        ]
        .concat();
        bytes.extend([b"PK\x03\x04", &head[..], name, content].concat());
        central.extend([b"PK\x01\x02\x14\0", &head[..], &[0; 10], &at, name].concat());
    }
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
    let [size, start] = [central.len(), bytes.len()].map(|len| u32::try_from(len).unwrap().to_le_bytes());
    [&bytes[..], &central, b"PK\x05\x06\0\0\0\0", &count, &count, &size, &start, &[0, 0]].concat()
}

/// Mutations inside the parts: a checksum would keep those of the archive away from the XML.
fn mutations(name: &str, count: usize) {
    const BAD: &[&str] =
        &["<", ">", "/>", "\"", "'", "&", "&#0;", "<x>", "</x>", "<!--", "]]>", "\u{0}", "\u{feff}", " a='1'", ":"];
    let labeler = labeler().limits(harm::limits());
    let verifier = Verifier::new().anchors(anchors()).limits(harm::limits());
    let mut state = name.bytes().fold(0x6f66_6669_6365_u64, |seed, byte| seed.wrapping_mul(31) + u64::from(byte));
    let mut dice = |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % sides.max(1) as u64).unwrap()
    };
    let (mut whole, mut all) = (0, 0);
    let original = unpacked(&bytes(name));
    assert!(original.len() > 4, "{name}");
    for number in 0..count {
        let mut parts = original.clone();
        let index = dice(parts.len());
        let (part, content) = &mut parts[index];
        let at = dice(content.len());
        let end = (at + dice(40)).min(content.len());
        match number % 5 {
            0 => drop(content.drain(at..end)),
            1 => drop(content.splice(at..at, BAD[dice(BAD.len())].bytes())),
            2 => {
                let again = content[at..end].to_vec();
                content.splice(at..at, again);
            }
            3 => content.truncate(at),
            _ => {
                if let Some(byte) = content.get_mut(at) {
                    *byte ^= 1 << dice(7);
                }
            }
        }
        let case = format!("{name}, case {number}: {} at {at}", String::from_utf8_lossy(part));
        let mutated = packed(&parts);
        all += 1;
        match bounded(&case, || label_with(&labeler, &mutated)) {
            Err(error) => blames_the_content(&case, &error),
            Ok((labelled, receipt)) => {
                let mut labelled = Cursor::new(labelled);
                let report = bounded(&case, || match &receipt.sidecar {
                    Some(store) => verifier.verify_with_manifest(&mut labelled, store),
                    None => verifier.verify(&mut labelled),
                });
                let report = report.unwrap_or_else(|error| panic!("{case}: {error}"));
                assert_eq!(report.binding, Binding::Intact, "{case}: {report:#?}");
                whole += 1;
            }
        }
        if let Err(error) = bounded(&case, || verifier.verify(&mut Cursor::new(&mutated))) {
            blames_the_content(&case, &error);
        }
    }
    assert!(whole > all / 5 && whole < all, "{name}: {whole} of {all}");
}

macro_rules! mutations {
    ($($test:ident $name:literal $count:literal)+) => {
        $(#[test]
        fn $test() {
            mutations($name, $count);
        })+
    };
}

mutations! {
    parts_of_a_text_that_mean_harm "text.docx" 2000
    parts_of_a_workbook_that_mean_harm "sheets.xlsx" 2000
    parts_of_a_presentation_that_mean_harm "hidden.pptx" 2000
    parts_of_an_open_text_that_mean_harm "text.odt" 2000
    parts_of_an_open_workbook_that_mean_harm "sheets.ods" 2000
    parts_of_an_open_presentation_that_mean_harm "slides.odp" 2000
    parts_of_a_book_that_mean_harm "book3.epub" 1000
    parts_of_an_old_book_that_mean_harm "book2.epub" 1000
}

#[test]
fn a_policy_decides_what_goes_in() {
    let label = |policy: Policy, name: &str| {
        let (labelled, receipt) =
            label_with(&labeler().policy(policy), &bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let report = verify_labelled(&labelled, &receipt).unwrap();
        assert_eq!((report.binding, report.verdict), (Binding::Intact, Verdict::Valid), "{name}: {report:#?}");
        (labelled, receipt, report)
    };
    for name in ["text.docx", "sheets.xlsx", "slides.pptx", "text.odt", "sheets.ods", "slides.odp", "book3.epub"] {
        // Beside the file, nothing stands in it.
        let (labelled, receipt, _) = label(Policy::kazakhstan().with_manifest_beside_text(true), name);
        assert!(receipt.sidecar.is_some() && receipt.is_complete(), "{name}: {receipt:?}");
        assert!(memchr::memmem::find(&labelled, b"content_credential").is_none(), "{name}");
        // Without a notice, no word of the text changes.
        let (_, receipt, report) = label(Policy::kazakhstan().with_notice(false), name);
        assert!(receipt.written.is_none() && report.written.is_empty(), "{name}: {report:#?}");
        // China's label is a field like the others.
        let (_, receipt, report) = label(Policy::kazakhstan().with_aigc(true), name);
        let aigc = report.findings.iter().filter(|finding| finding.technique == tanba::Technique::Aigc).count();
        assert_eq!(aigc, 1, "{name}: {:#?}", report.findings);
        assert!(report.written.iter().any(|written| written.first), "{name}: {receipt:?}");
        // An end of their own they do not have; that is said.
        let (_, receipt, _) = label(Policy::kazakhstan().prose_notice(tanba::ProsePlace::FirstAndLast), name);
        assert!(
            !receipt.written.as_ref().unwrap().at_the_end
                && receipt.remarks.iter().any(|why| why.contains("head only")),
            "{name}: {receipt:?}"
        );
    }
}

#[test]
fn words_of_every_direction_and_script_stand_in_every_kind() {
    for languages in [&["ar"][..], &["zh", "en"], &["hi", "ja", "ko"]] {
        let labeler = labeler().policy(Policy::kazakhstan().languages(languages).unwrap());
        for name in [
            "text.docx",
            "sheets.xlsx",
            "slides.pptx",
            "text.odt",
            "sheets.ods",
            "slides.odp",
            "book3.epub",
            "book2.epub",
        ] {
            let (labelled, receipt) =
                label_with(&labeler, &bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            if let Some(folder) = std::env::var_os("TANBA_WRITE") {
                fs::write(Path::new(&folder).join(format!("{}-{name}", languages[0])), &labelled).unwrap();
            }
            let report = verify_labelled(&labelled, &receipt).unwrap();
            let [written] = &report.written[..] else { panic!("{name}: {:#?}", report.written) };
            assert_eq!(written.lines.len(), languages.len(), "{name}: {written:?}");
        }
    }
    // Words of the caller's own, with everything that XML takes for something else.
    let words = Policy::kazakhstan().wording(["Made by <Acme> & \"its\" AI's", "second"]).unwrap();
    let own = labeler().policy(words);
    for (name, original) in documents() {
        let (_, receipt) = label_with(&own, &original).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(receipt.written.unwrap().lines.len(), 2, "{name}");
    }
}

/// Parts of which only the head is held: the rest is unpacked and packed again in pieces.
#[test]
fn long_documents_are_labelled_in_little_memory() {
    let cases = [
        ("text.docx", "word/document.xml", "<w:sectPr>", "<w:p><w:r><w:t>The wind came again.</w:t></w:r></w:p>"),
        ("text.odt", "content.xml", "</office:text>", "<text:p>The wind came again, and nobody was there.</text:p>"),
        (
            "sheets.ods",
            "content.xml",
            "</table:table></office:spreadsheet>",
            "<table:table-row><table:table-cell><text:p>wind</text:p></table:table-cell></table:table-row>",
        ),
        (
            "sheets.xlsx",
            "xl/worksheets/sheet2.xml",
            "</sheetData>",
            "<row><c t=\"str\"><v>The wind came again</v></c></row>",
        ),
        (
            "book3.epub",
            "OEBPS/text/one.xhtml",
            "</body>",
            "<p>The wind came again, and nobody was there to see it.</p>",
        ),
    ];
    for (name, part, before, more) in cases {
        let mut parts = unpacked(&bytes(name));
        let (_, content) = parts.iter_mut().find(|(name, _)| name == part.as_bytes()).unwrap();
        let at = memchr::memmem::rfind(content, before.as_bytes()).unwrap();
        content.splice(at..at, more.repeat((24 << 20) / more.len()).into_bytes());
        let long = packed(&parts);
        let (labelled, receipt) =
            bounded(name, || label_with(&labeler(), &long).unwrap_or_else(|error| panic!("{name}: {error}")));
        assert_whole(name, &labelled, &receipt);
    }
}

#[test]
fn what_the_reference_signed_becomes_history() {
    const SIGN: &str = "
import json, sys, c2pa
chain, key = open(sys.argv[1], 'rb').read(), open(sys.argv[2], 'rb').read()
for path in sys.argv[3:]:
    signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(alg=b'ed25519', sign_cert=chain, private_key=key, ta_url=None))
    actions = [{'action': 'c2pa.created', 'digitalSourceType': 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'}]
    definition = {'claim_generator_info': [{'name': 'reference'}], 'assertions': [{'label': 'c2pa.actions.v2', 'data': {'actions': actions}}]}
    c2pa.Builder(json.dumps(definition)).sign_file(path, path.replace('/in-', '/out-'), signer)
";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("chain.pem"), &common::identity().chain_pem).unwrap();
    fs::write(path("key.pem"), &common::identity().key_pem).unwrap();
    // The reference signs what is not compressed.
    let names = ["stored.docx", "book2.epub", "bare.odt"];
    names.iter().for_each(|name| fs::write(path(&format!("in-{name}")), bytes(name)).unwrap());
    let arguments: Vec<_> =
        [path("chain.pem"), path("key.pem")].into_iter().chain(names.map(|name| path(&format!("in-{name}")))).collect();
    if python("c2pa", SIGN, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).is_none() {
        return;
    }
    for name in names {
        let signed = fs::read(path(&format!("out-{name}"))).unwrap();
        assert_eq!(verify(&signed).binding, Binding::Intact, "{name}");
        let (labelled, receipt) = label(&format!("reference-{name}"), &signed);
        assert_whole(name, &labelled, &receipt);
        let chain = verify_labelled(&labelled, &receipt).unwrap().manifest.unwrap().chain;
        assert_eq!(chain.len(), 2, "{name}: {chain:#?}");
        // One manifest, and where it belongs.
        let inside = memchr::memmem::find_iter(&labelled, b"META-INF/content_credential.c2pa").count();
        assert_eq!(inside, if is_opendocument(name) { 0 } else { 2 }, "{name}");
    }
}
