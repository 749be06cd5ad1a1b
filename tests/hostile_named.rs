//! Hostile input by name, each case with the outcome that it must have. Files of `fixtures/hostile/` stand in a table beside them;
//! what is too large to keep, or easier to say than to store, is made here.

mod common;
mod harm;

use std::{
    fs,
    io::{self, Cursor, Read, Seek, SeekFrom},
};

use common::{anchors, fixture, labeler};
use harm::{blames_the_content, bounded, chunk, deflate, limits, png};
use tanba::{
    Binding, Class, Disclosure, Error, Headline, HtmlReport, Identity, IdentityRequest, Report, ReportLanguage,
    Signature, Signer, SignerStanding, Verifier,
};
use time::macros::datetime;

/// What came of a file, in a word that a table can hold.
fn verified(name: &str, bytes: &[u8]) -> (String, Option<Report>) {
    verified_with(name, bytes, None)
}

/// The same with a manifest that stands beside it.
fn verified_with(name: &str, bytes: &[u8], store: Option<&[u8]>) -> (String, Option<Report>) {
    let verifier = Verifier::new().anchors(anchors()).limits(limits());
    let source = &mut Cursor::new(bytes);
    let report = bounded(name, || match store {
        Some(store) => verifier.verify_with_manifest(source, store),
        None => verifier.verify(source),
    });
    match report {
        Ok(report) => {
            let words = serde_json::to_value(report.headline).unwrap();
            (words.as_str().unwrap().to_owned(), Some(report))
        }
        Err(error) => (refusal(name, &error), None),
    }
}

/// The same for labelling; what is labelled must verify.
fn labelled(name: &str, bytes: &[u8]) -> String {
    let labeler = labeler().limits(limits());
    let mut sink = Cursor::new(Vec::new());
    match bounded(name, || labeler.label(&mut Cursor::new(bytes), &mut sink)) {
        Ok(receipt) => {
            let (_, report) = verified_with(name, sink.get_ref(), receipt.sidecar.as_deref());
            let report = report.unwrap_or_else(|| panic!("{name}: labelled, but then not examined"));
            let axes = (report.binding, report.signature, report.headline);
            assert_eq!(axes, (Binding::Intact, Signature::Ok, Headline::AiMadeProven), "{name}: {report:#?}");
            "labelled".into()
        }
        Err(error) => refusal(name, &error),
    }
}

fn refusal(name: &str, error: &Error) -> String {
    blames_the_content(name, error);
    match error {
        Error::Malformed { .. } => "malformed",
        Error::Limit { .. } => "limit",
        Error::Unsupported { .. } => "unsupported",
        Error::UnknownFormat => "unknown",
        other => panic!("{name}: {other}"),
    }
    .into()
}

/// Cases with what verifying and labelling must come to; all that differ are said at once.
fn hold<'a>(cases: impl IntoIterator<Item = (String, Vec<u8>, &'a str, &'a str)>) {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (name, bytes, wanted, wanted_labelled) in cases {
        let (verdict, report) = verified(&name, &bytes);
        let label = labelled(&name, &bytes);
        if (verdict.as_str(), label.as_str()) != (wanted, wanted_labelled) {
            let why = report.map(|report| report.findings.into_iter().map(|found| found.text).collect::<Vec<_>>());
            wrong.push(format!("{name}: {verdict}, {label}; {why:?}"));
        }
        seen += 1;
    }
    assert!(seen > 0);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The rows of `fixtures/hostile/README.md` that name a file: name, verify, label.
fn table() -> Vec<[String; 3]> {
    let readme = fs::read_to_string(fixture("hostile/README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches('`').to_owned()).collect::<Vec<_>>());
    cells.filter_map(|cells| cells[..3.min(cells.len())].to_vec().try_into().ok()).collect()
}

#[test]
fn each_file_has_the_outcome_that_stands_beside_it() {
    let table = table();
    let mut names: Vec<_> = table.iter().map(|[name, ..]| name.clone()).collect();
    names.sort();
    let files =
        fs::read_dir(fixture("hostile")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<_> = files.filter(|name| !matches!(name.as_str(), "README.md" | "make.py")).collect();
    files.sort();
    assert_eq!(names, files, "the table and the folder differ");
    let bytes = |name: &str| fs::read(fixture("hostile").join(name)).unwrap();
    hold(table.iter().map(|[name, verify, label]| (name.clone(), bytes(name), verify.as_str(), label.as_str())));
}

/// A JUMBF box: ISO/IEC 19566-5.
fn bmff_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len() + 8).unwrap().to_be_bytes()[..], kind, content].concat()
}

/// A superbox of one of C2PA's types.
fn superbox(kind: &[u8; 4], label: &str, children: &[u8]) -> Vec<u8> {
    const REST: &[u8] = b"\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71";
    let description = [kind, REST, b"\x03", label.as_bytes(), b"\0"].concat();
    bmff_box(b"jumb", &[&bmff_box(b"jumd", &description)[..], children].concat())
}

fn store(children: &[u8]) -> Vec<u8> {
    superbox(b"c2pa", "c2pa", children)
}

fn manifest(children: &[u8]) -> Vec<u8> {
    superbox(b"c2ma", "urn:c2pa:0", children)
}

fn assertion(label: &str, cbor: &[u8]) -> Vec<u8> {
    superbox(b"cbor", label, &bmff_box(b"cbor", cbor))
}

fn assertions(children: &[u8]) -> Vec<u8> {
    superbox(b"c2as", "c2pa.assertions", children)
}

fn claim(cbor: &[u8]) -> Vec<u8> {
    superbox(b"c2cl", "c2pa.claim.v2", &bmff_box(b"cbor", cbor))
}

/// The store in its sidecar and in a PNG: neither says that a machine made anything.
fn stores_that_lie(cases: Vec<(&str, Vec<u8>)>) {
    for (name, jumbf) in &cases {
        let (_, report) = verified(name, &picture(&chunk(b"caBX", jumbf)));
        let report = report.unwrap_or_else(|| panic!("{name}: a bad manifest is no error"));
        assert!(report.binding != Binding::Intact && report.signature != Signature::Ok, "{name}: {report:#?}");
        assert!(report.findings.iter().all(|finding| !finding.says.is_ai()), "{name}: {report:#?}");
        assert!(!report.findings.is_empty(), "{name}: nothing is said about it");
    }
    let in_png = |jumbf: &[u8]| picture(&chunk(b"caBX", jumbf));
    hold(cases.iter().map(|(name, jumbf)| (format!("{name}, in a PNG"), in_png(jumbf), "not-checked", "labelled")));
}

/// A whole small PNG with these chunks.
fn picture(chunks: &[u8]) -> Vec<u8> {
    png(220, 60, chunks)
}

#[test]
fn boxes_of_stores_that_lie_are_a_finding() {
    let with_len = |len: u32| {
        let mut bytes = manifest(&[]);
        bytes[..4].copy_from_slice(&len.to_be_bytes());
        store(&bytes)
    };
    let xl = |len: u64| store(&[&[0, 0, 0, 1][..], b"jumb", &len.to_be_bytes(), &[0; 64]].concat());
    let mut nested = Vec::new();
    for _ in 0..10_000 {
        nested = superbox(b"c2ma", "a", &nested);
    }
    let endless = [b"c2ma\x00\x11\x00\x10\x80\x00\x00\xaa\x00\x38\x9b\x71\x03".as_slice(), &[b'a'; 500]].concat();
    let array = assertion("org.acme", b"\x9b\x00\x00\x01\x00\x00\x00\x00\x00");
    let depth = assertion("org.acme", &[[0x81].repeat(10_000), vec![0]].concat());
    let many: Vec<u8> = (0..100_000).flat_map(|number| assertion(&format!("a{number}"), b"\xf6")).collect();
    let chain: Vec<u8> = (0..1000).flat_map(|number| superbox(b"c2ma", &format!("urn:c2pa:{number}"), &[])).collect();
    stores_that_lie(vec![
        ("a length of 4", with_len(4)),
        ("a length of 7", with_len(7)),
        ("no length within a box that has one", with_len(0)),
        ("a length of 4 GiB", with_len(u32::MAX)),
        ("a long length of 2^63", xl(1 << 63)),
        ("a long length of 2^64 - 1", xl(u64::MAX)),
        ("a long length of 8", xl(8)),
        ("10,000 boxes in one another", store(&nested)),
        ("a label that does not end", store(&bmff_box(b"jumb", &bmff_box(b"jumd", &endless)))),
        ("a box without description", store(&bmff_box(b"jumb", b""))),
        ("two claims", store(&manifest(&[claim(b"\xa0"), claim(b"\xa0")].concat()))),
        ("no claim", store(&manifest(&assertions(&[])))),
        ("no manifest", store(&[])),
        ("1,000 manifests, and nothing in them", store(&chain)),
        ("an array of 2^40", store(&manifest(&[claim(b"\xa0"), assertions(&array)].concat()))),
        ("10,000 arrays in one another", store(&manifest(&[claim(b"\xa0"), assertions(&depth)].concat()))),
        ("100,000 assertions", store(&manifest(&[claim(b"\xa0"), assertions(&many)].concat()))),
        ("a claim that is no map", store(&manifest(&[claim(b"\x01"), assertions(&[])].concat()))),
    ]);
}

#[test]
fn two_stores_are_a_finding() {
    let one = chunk(b"caBX", &store(&manifest(&claim(b"\xa0"))));
    hold([("two stores".to_owned(), picture(&[&one[..], &one].concat()), "not-checked", "unsupported")]);
}

#[test]
fn pictures_that_lie_about_lengths_have_their_outcome() {
    let bomb = deflate(&vec![b'a'; 1 << 30]);
    let mut long = picture(b"");
    long.truncate(33);
    long.extend(b"\x80\x00\x00\x00IDAT");
    let mut wrong = picture(b"");
    wrong[29] ^= 1;
    let photo = fs::read(fixture("tiny.jpg")).unwrap();
    let jpeg = |segments: &[u8]| [&photo[..2], segments, &photo[2..]].concat();
    let ztxt = chunk(b"zTXt", &[b"Comment\0\0", &bomb[..]].concat());
    let itxt = chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\x01\0\0\0", &bomb[..]].concat());
    hold([
        ("zTXt that inflates to 1 GiB".to_owned(), picture(&ztxt), "limit", "limit"),
        ("iTXt that inflates to 1 GiB".to_owned(), picture(&itxt), "limit", "limit"),
        ("a PNG chunk of 2 GiB".to_owned(), long, "malformed", "malformed"),
        ("a wrong checksum of IHDR".to_owned(), wrong, "malformed", "malformed"),
        ("a JPEG segment of length 0".to_owned(), jpeg(b"\xff\xe1\0\0"), "malformed", "malformed"),
        ("a JPEG segment of length 1".to_owned(), jpeg(b"\xff\xe1\0\x01"), "malformed", "malformed"),
    ]);
}

#[test]
fn directories_that_lie_have_their_outcome() {
    let tiff = |entries: u16, entry: &[u8], next: u32| {
        [b"II*\0\x08\0\0\0", &entries.to_le_bytes()[..], entry, &next.to_le_bytes()].concat()
    };
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    let text = entry(270, 2, u32::MAX, 8);
    hold([
        ("a directory that is its own next".to_owned(), tiff(1, &entry(256, 4, 1, 8), 8), "malformed", "malformed"),
        ("65,535 entries that are not there".to_owned(), tiff(u16::MAX, &text, 0), "malformed", "malformed"),
        ("a text of 4 GiB".to_owned(), tiff(1, &text, 0), "malformed", "malformed"),
    ]);
}

#[test]
fn films_and_sound_that_lie_have_their_outcome() {
    let ftyp = bmff_box(b"ftyp", b"isom\0\0\0\0isom");
    let film = |boxes: &[u8]| [&ftyp[..], boxes].concat();
    let mut nested = Vec::new();
    for _ in 0..1000 {
        nested = bmff_box(b"moov", &nested);
    }
    let long = [&[0, 0, 0, 1][..], b"mdat", &u64::MAX.to_be_bytes()].concat();
    let keys = bmff_box(b"moov", &bmff_box(b"meta", &bmff_box(b"keys", b"\0\0\0\0\xff\xff\xff\xff")));
    let riff =
        |len: u32, chunk: u32| [b"RIFF", &len.to_le_bytes()[..], b"WAVEfmt ", &chunk.to_le_bytes(), &[0; 16]].concat();
    let id3 = |size: [u8; 4], frame: [u8; 4]| {
        [b"ID3\x04\0\0", &size[..], b"TXXX", &frame[..], b"\0\0\x03a\0b", &[0; 200]].concat()
    };
    // Byte 5 of a page are its flags: it goes on from another, begins a stream, ends it.
    let opus = |page: usize, flags: u8| {
        let mut bytes = fs::read(fixture("av/tone.opus")).unwrap();
        let at = memchr::memmem::find_iter(&bytes, b"OggS").nth(page).unwrap() + 5;
        bytes[at] = flags;
        bytes
    };
    hold([
        ("an Opus stream whose first page is its last".to_owned(), opus(0, 6), "no-label", "unsupported"),
        ("an Opus stream whose comments are its last page".to_owned(), opus(1, 4), "ai-made-declared", "unsupported"),
        ("comments that go on from nothing".to_owned(), opus(1, 1), "ai-made-declared", "unsupported"),
        ("a long box of 2^64 - 1".to_owned(), film(&long), "not-checked", "malformed"),
        ("1,000 boxes in one another".to_owned(), film(&nested), "no-label", "malformed"),
        ("2^32 keys".to_owned(), film(&keys), "not-checked", "malformed"),
        ("RIFF of 4 GiB".to_owned(), riff(u32::MAX, 16), "no-label", "malformed"),
        ("a RIFF chunk of 4 GiB".to_owned(), riff(28, u32::MAX), "no-label", "malformed"),
        (
            "an ID3 frame of 100 MB".to_owned(),
            id3([0, 0, 1, 0x50], [0x2f, 0x57, 0x42, 0]),
            "not-checked",
            "unsupported",
        ),
        ("an ID3 tag of 256 MiB".to_owned(), id3([0x7f; 4], [0, 0, 0, 4]), "not-checked", "unsupported"),
    ]);
}

#[test]
fn documents_that_lie_have_their_outcome() {
    let stream = |dictionary: &str, bytes: &[u8]| {
        let head = format!("2 0 obj<<{dictionary}/Filter/FlateDecode/Length {}>>stream\n", bytes.len());
        [head.as_bytes(), bytes, b"\nendstream endobj "].concat()
    };
    let pdf = |objects: &[u8]| {
        let end = b"1 0 obj<</Type/Catalog/Metadata 2 0 R>>endobj trailer<</Root 1 0 R>>";
        [b"%PDF-1.7\n", objects, end].concat()
    };
    let spaces = deflate(&vec![b' '; 512 << 20]);
    hold(
        [
            (
                "an object stream of 512 MiB",
                pdf(&stream("/Type/ObjStm/N 100000/First 900000", &spaces)),
                "limit",
                "limit",
            ),
            ("XMP of 512 MiB in a PDF", pdf(&stream("/Type/Metadata/Subtype/XML", &spaces)), "limit", "limit"),
            ("a ZIP whose parts overlap", quadratic_zip(), "not-checked", "malformed"),
        ]
        .map(|(name, bytes, verify, label)| (name.to_owned(), bytes, verify, label)),
    );
}

/// A package with 10,000 names for one part that inflates to 16 MiB.
fn quadratic_zip() -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let types: &[u8] = b"<Types><Override ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    std::io::Write::write_all(&mut encoder, &[types, &vec![b' '; (16 << 20) - types.len()]].concat()).unwrap();
    let packed = encoder.finish().unwrap();
    let sizes = [0, u32::try_from(packed.len()).unwrap(), 16 << 20].map(u32::to_le_bytes).concat();
    let name = b"[Content_Types].xml";
    let local = [b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0", &sizes[..], &[19, 0, 0, 0], name, &packed].concat();
    let mut directory = Vec::new();
    for number in 0..10_000 {
        let name = match number {
            0 => "[Content_Types].xml".to_owned(),
            1 => "docProps/custom.xml".to_owned(),
            _ => format!("docProps/a{number:09}"),
        };
        directory.extend([b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0", &sizes[..], &[19, 0]].concat());
        directory.extend([0; 16]);
        directory.extend(name.as_bytes());
    }
    let at = [u32::try_from(directory.len()).unwrap(), u32::try_from(local.len()).unwrap()].map(u32::to_le_bytes);
    let count = 10_000_u16.to_le_bytes();
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &at.concat(), &[0, 0]].concat();
    [local, directory, end].concat()
}

/// Whoever calls himself by a great name is nobody; and no name acts where it is shown.
#[test]
fn names_of_signers_prove_nothing_and_do_nothing() {
    let names = [
        "OpenAI",
        "Acme \u{202e}gpj.exe",
        "<script>alert(1)</script><img src=x onerror=\"alert(1)\">",
        "Acme \u{1b}[2J\u{1b}]0;title\u{7} \u{9b}31m",
        "Acme\0OpenAI",
        &"A".repeat(10_000),
    ];
    let photo = fs::read(fixture("tiny.png")).unwrap();
    let mut signed = 0;
    for name in names {
        let request = IdentityRequest::new(name, name, datetime!(2026-01-01 0:00 UTC)).days(3650).seed([9; 32]);
        // What no certificate may hold is refused here; others may not care.
        let Ok(identity) = Identity::generate(&request) else { continue };
        let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
        let disclosure = Disclosure::generated(name).provider(name).title(name);
        let Ok(labelled) = tanba::label(&photo, &disclosure, &signer) else { continue };
        signed += 1;
        let (verdict, report) = verified(name, &labelled);
        let report = report.unwrap();
        assert_eq!((verdict.as_str(), report.signer), ("ai-made-declared", SignerStanding::Unknown), "{name:?}");
        assert!(report.findings.iter().all(|finding| finding.class != Class::Proven), "{name:?}: {report:#?}");
        for &language in ReportLanguage::ALL {
            let page = HtmlReport::new(language).add(name, &report, None).render();
            let acts = page.chars().any(|character| character != '\n' && tanba::escape::acts(character));
            assert!(!acts && !page.contains("<script") && !page.contains("<img"), "{name:?}: {page}");
        }
    }
    assert!(signed >= 3, "only {signed} of the names can be signed with");
}

#[test]
fn two_manifests_of_a_film_are_a_finding() {
    let mut sink = Cursor::new(Vec::new());
    labeler().label(&mut fs::File::open(fixture("tiny.heic")).unwrap(), &mut sink).unwrap();
    let labelled = sink.into_inner();
    let at = memchr::memmem::find(&labelled, b"uuid").unwrap() - 4;
    let len = u32::from_be_bytes(labelled[at..at + 4].try_into().unwrap()) as usize;
    let doubled = [&labelled[..], &labelled[at..at + len]].concat();
    hold([("two uuid boxes".to_owned(), doubled, "not-checked", "unsupported")]);
}

/// A file that becomes another one after so many reads.
struct Turncoat<'a> {
    files: [Cursor<&'a [u8]>; 2],
    reads: usize,
}

impl Read for Turncoat<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads = self.reads.saturating_sub(1);
        let [before, after] = &mut self.files;
        let now = if self.reads > 0 { before } else { after };
        let read = now.read(buffer)?;
        let at = now.position();
        self.files.iter_mut().for_each(|file| file.set_position(at));
        Ok(read)
    }
}

impl Seek for Turncoat<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let [before, after] = &mut self.files;
        let (now, other) = if self.reads > 1 { (before, after) } else { (after, before) };
        let at = now.seek(to)?;
        other.set_position(at);
        Ok(at)
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_does_no_harm() {
    let names = ["tiny.png", "tiny.jpg", "tiny.gif", "tiny.tif", "tiny.webp", "tiny.heic", "tiny.jxl", "tiny.svg"];
    let mut outcomes = [0; 2];
    for name in names {
        let whole = fs::read(fixture(name)).unwrap();
        let other = fs::read(fixture(if name == "tiny.png" { "photo.png" } else { "tiny.png" })).unwrap();
        let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().limits(limits()));
        for (after, reads) in
            [&whole[..whole.len() / 2], &other].iter().flat_map(|after| (1..60).step_by(3).map(move |n| (after, n)))
        {
            let case = format!("{name}, after {reads} reads");
            let source = || Turncoat { files: [Cursor::new(&whole), Cursor::new(after)], reads };
            match bounded(&case, || verifier.verify(&mut source())) {
                // It was shorter than it had been.
                Ok(_) | Err(Error::Io(_)) => {}
                Err(error) => blames_the_content(&case, &error),
            }
            let mut sink = Cursor::new(Vec::new());
            match bounded(&case, || labeler.label(&mut source(), &mut sink)) {
                Ok(_) => {
                    let (verdict, report) = verified(&case, sink.get_ref());
                    assert_eq!(verdict, "ai-made-proven", "{case}: {report:?}");
                    outcomes[0] += 1;
                }
                // Whoever is blamed: nothing is said to be labelled.
                Err(_) => outcomes[1] += 1,
            }
        }
    }
    assert!(outcomes.iter().all(|&count| count > 20), "{outcomes:?}");
}

/// Files that are two things at once are the thing that their first bytes say, and the rest is either signed or said.
#[test]
fn files_of_two_kinds_are_one() {
    let read = |name: &str| fs::read(fixture(name)).unwrap();
    let label = |bytes: &[u8]| {
        let mut sink = Cursor::new(Vec::new());
        labeler().label(&mut Cursor::new(bytes), &mut sink).unwrap();
        sink.into_inner()
    };
    let (png, gif, jpeg) = (read("tiny.png"), read("tiny.gif"), read("tiny.jpg"));
    let (docx, pdf) = (slipping_zip(), b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj trailer<</Root 1 0 R>>".to_vec());
    // An archive is read from its end, whatever stands before it.
    let cases = [
        ("a PNG with an archive behind it", [&png[..], &docx].concat(), "no-label", "labelled"),
        ("a JPEG with a PDF behind it", [&jpeg[..], &pdf].concat(), "no-label", "labelled"),
        ("a GIF with a labelled PNG behind it", [&gif[..], &label(&png)].concat(), "no-label", "labelled"),
        ("a labelled PNG with an archive behind it", [&label(&png)[..], &docx].concat(), "broken", "labelled"),
    ];
    hold(cases.map(|(name, bytes, verify, label)| (name.to_owned(), bytes, verify, label)));
}

/// A document with a part whose name climbs out of the folder.
fn slipping_zip() -> Vec<u8> {
    let types: &[u8] = b"<Types><Override ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    let relations: &[u8] = b"<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"a\" \
        Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
    let text: &[u8] = b"<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p/></w:body></w:document>";
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    // Whole but for that name: no other reason may keep a label away.
    for (name, content) in [
        ("[Content_Types].xml", types),
        ("_rels/.rels", relations),
        ("word/document.xml", text),
        ("../../../../tmp/slipped.xml", b"<a/>"),
    ] {
        let numbers = |number: usize| u32::try_from(number).unwrap().to_le_bytes();
        let sizes = [crc32fast::hash(content).to_le_bytes(), numbers(content.len()), numbers(content.len())].concat();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let at = numbers(file.len());
        file.extend(
            [b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0", &sizes[..], &name_len, &[0, 0], name.as_bytes(), content].concat(),
        );
        directory.extend([b"PK\x01\x02\x14\0\x14\0\0\0\0\0\0\0\0\0", &sizes[..], &name_len, &[0; 12]].concat());
        directory.extend([&at[..], name.as_bytes()].concat());
    }
    let [len, at] = [directory.len(), file.len()].map(|number| u32::try_from(number).unwrap().to_le_bytes());
    let end = [b"PK\x05\x06\0\0\0\0\x04\0\x04\0", &len[..], &at, &[0, 0]].concat();
    [file, directory, end].concat()
}

#[test]
fn an_archive_that_climbs_out_of_its_folder_is_read_and_writes_nothing() {
    let outside = std::path::Path::new("/tmp/slipped.xml");
    assert!(!outside.exists());
    let (verdict, report) = verified("zip slip", &slipping_zip());
    assert_eq!(verdict, "no-label", "{report:?}");
    let error =
        labeler().label(&mut Cursor::new(slipping_zip()), &mut Cursor::new(Vec::new())).unwrap_err().to_string();
    assert!(error.contains("slipped.xml") && error.contains("leads out of the archive"), "{error}");
    assert!(!outside.exists());
}

/// What mail and editors do to the ends of lines and to the first character.
#[test]
fn text_whose_line_ends_or_mark_were_changed_is_broken_and_otherwise_kept() {
    for text in ["\u{feff}One.\r\nTwo.\r\n", "One.\nTwo.", "One.\r\nTwo."] {
        let mut sink = Cursor::new(Vec::new());
        labeler().label(&mut Cursor::new(text), &mut sink).unwrap();
        let whole = String::from_utf8(sink.into_inner()).unwrap();
        assert_eq!(verified(text, whole.as_bytes()).0, "ai-made-proven", "{text:?}");
        assert_eq!(whole.starts_with('\u{feff}'), text.starts_with('\u{feff}'), "{text:?}");
        let other = if text.contains("\r\n") { whole.replace("\r\n", "\n") } else { whole.replace('\n', "\r\n") };
        let (_, report) = verified(text, other.as_bytes());
        assert_eq!(report.unwrap().binding, Binding::Broken, "{text:?}");
        let with_mark = format!("\u{feff}{}", whole.trim_start_matches('\u{feff}'));
        let (_, report) = verified(text, with_mark.as_bytes());
        let kept = text.starts_with('\u{feff}');
        assert_eq!(report.unwrap().binding, if kept { Binding::Intact } else { Binding::Broken }, "{text:?}");
    }
}
