//! Labels in PDF: the notice on every page, the record and the manifest; what was there stays byte for byte. qpdf, poppler and
//! c2pa-python judge.

mod common;

use std::{fs, io::Cursor, path::Path};

use common::{
    anchors, corpus, fixture,
    pdf::{A4, HELLO, checks, difference, document, file, page, pages, printed, shows, stream, words},
    python, run, signer,
};
use tanba::{
    Binding, Disclosure, Format, Headline, Labeler, NoticeStyle, Place, Policy, ProsePlace, Receipt, Report, Statement,
    Technique, Verdict, Verifier,
};

fn labeler() -> Labeler {
    Labeler::new(&Disclosure::generated("Acme Writer").system_version("3").provider("ТОО «Ақ»"), &signer())
}

fn label_with(labeler: &Labeler, bytes: &[u8]) -> tanba::Result<(Vec<u8>, Receipt)> {
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink)?;
    Ok((sink.into_inner(), receipt))
}

fn label(bytes: &[u8]) -> (Vec<u8>, Receipt) {
    label_with(&labeler(), bytes).unwrap()
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(bytes)).unwrap()
}

fn refused(bytes: &[u8]) -> String {
    label_with(&labeler(), bytes).unwrap_err().to_string()
}

/// What holds of every labelled document.
fn holds(original: &[u8], labelled: &[u8], receipt: &Receipt, name: &str) {
    assert!(labelled.starts_with(original), "{name}: the original is not in front");
    assert!(receipt.is_complete() && receipt.record && receipt.format == Format::Pdf, "{name}: {receipt:?}");
    let report = verify(labelled);
    assert_eq!(
        (report.binding, report.verdict, report.headline, report.says),
        (Binding::Intact, Verdict::Valid, Headline::AiMadeProven, Some(Statement::FullyAi)),
        "{name}: {report:#?}"
    );
    assert_eq!(report.written.len(), 1, "{name}: {:?}", report.written);
    assert_eq!(report.written[0].lines, ["ЖИ көмегімен жасалды", "Создано ИИ"], "{name}");
    checks(labelled, name);
    if let (Some(before), Some(after)) = (words(original), words(labelled)) {
        let notice = after.iter().filter(|word| *word == "көмегімен").count();
        assert!(notice > 0 && after.len() > before.len(), "{name}: {after:?}");
        // The words of the document, but for those that stand under the plate or were cut in two by it.
        let kept = before.iter().filter(|word| after.contains(word)).count();
        assert!(kept * 10 >= before.len() * 9, "{name}: {before:?} {after:?}");
    }
    if let (Some(before), Some(after)) = (pages(original, 72), pages(labelled, 72)) {
        assert_eq!(before.len(), after.len(), "{name}");
        for (number, (before, after)) in before.iter().zip(&after).enumerate() {
            shows(before, after, &format!("{name}, page {}", number + 1));
        }
    }
}

/// c2pa-python, which reads PDF with another parser, calls them valid.
fn valid(labelled: &[u8], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.pdf", labelled);
    let program = "import c2pa, sys\nwith open(sys.argv[1], 'rb') as f: print(c2pa.Reader('application/pdf', f).get_validation_state())";
    if let Some(state) = python("c2pa", program, &[&path]) {
        assert_eq!(state.trim(), "Valid", "{name}");
    }
}

fn documents() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = ["plain.pdf", "aigc.pdf", "compressed.pdf", "xmp.pdf", "pages.pdf"]
        .map(|name| fixture("text").join(name))
        .into();
    found.extend(corpus("unlabelled").unwrap_or_default().into_iter().filter(|path| common::extension(path) == "pdf"));
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    found.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

#[test]
fn every_document_is_labelled_and_what_was_there_stays() {
    let documents = documents();
    assert!(documents.len() >= 4);
    for (name, bytes) in documents {
        let (labelled, receipt) = label(&bytes);
        holds(&bytes, &labelled, &receipt, &name);
        valid(&labelled, &name);
        let folder = tempfile::tempdir().unwrap();
        let fonts = |bytes: &[u8]| {
            let path = file(&folder, "a.pdf", bytes);
            printed("pdffonts", &[&path]).map(|text| text.lines().skip(2).map(str::to_owned).collect::<Vec<_>>())
        };
        if let (Some(before), Some(after)) = (fonts(&bytes), fonts(&labelled)) {
            assert!(before.iter().all(|font| after.contains(font)), "{name}: {before:?} {after:?}");
            let ours: Vec<_> = after.iter().filter(|font| !before.contains(font)).collect();
            assert!(ours.len() == 1 && ours[0].contains("Type 3"), "{name}: {ours:?}");
        }
    }
}

#[test]
fn every_kind_of_page_shows_the_notice_upright_and_inside() {
    let tall = "/MediaBox[0 0 300 1000]";
    let cases = [
        ("portrait", A4.to_owned()),
        ("landscape", "/MediaBox[0 0 842 595]".into()),
        ("turned by 90", format!("{A4}/Rotate 90")),
        ("turned by 180", format!("{A4}/Rotate 180")),
        ("turned by 270", format!("{A4}/Rotate 270")),
        ("turned the other way", format!("{A4}/Rotate -90")),
        ("turned by nothing that is", format!("{A4}/Rotate 45")),
        ("cropped", "/MediaBox[-100 -50 695 942]/CropBox[0 0 500 700]".into()),
        ("cropped and turned", "/MediaBox[-100 -50 695 942]/CropBox[20 30 500 700]/Rotate 270".into()),
        ("cropped beyond its media", "/MediaBox[0 0 595 842]/CropBox[-50 -50 5000 600]".into()),
        ("corners the other way round", "/MediaBox[595 842 0 0]".into()),
        ("in inches", "/MediaBox[0 0 8.5 11]/UserUnit 72".into()),
        ("in metres", "/MediaBox[0 0 .21 .297]/UserUnit 2835".into()),
        ("tiny", "/MediaBox[0 0 60 90]".into()),
        ("A0", "/MediaBox[0 0 2384 3370]".into()),
        ("tall", tall.into()),
        ("wide", "/MediaBox[0 0 2000 300]".into()),
    ];
    for (name, entries) in cases {
        let bytes = page(&entries, HELLO);
        let (labelled, receipt) = label(&bytes);
        assert!(receipt.is_complete(), "{name}: {receipt:?}");
        assert_eq!(verify(&labelled).written.len(), 1, "{name}");
        checks(&labelled, name);
        // poppler takes a unit for a point, whatever the page says.
        let dpi = match name {
            "A0" => 24,
            "in inches" => 7200,
            "in metres" => 150_000,
            _ => 150,
        };
        let Some((before, after)) = pages(&bytes, dpi).zip(pages(&labelled, dpi)) else { return };
        shows(&before[0], &after[0], name);
    }
}

#[test]
fn a_page_that_is_trimmed_keeps_its_notice_on_the_paper_that_is_left() {
    let bytes = page("/MediaBox[0 0 700 900]/TrimBox[60 60 640 840]/Rotate 90", HELLO);
    let (labelled, _) = label(&bytes);
    assert_eq!(verify(&labelled).written.len(), 1);
    let Some((before, after)) = pages(&bytes, 72).zip(pages(&labelled, 72)) else { return };
    let [left, top, right, bottom] = difference(&before[0], &after[0]).unwrap();
    // As shown, the page is 900 × 700.
    assert!(left >= 60 && top >= 60 && right <= 840 && bottom <= 640, "{left} {top} {right} {bottom}");
}

#[test]
fn every_place_and_colour_is_drawn() {
    for &place in Place::ALL {
        let style =
            NoticeStyle { place, plate: [0, 0, 96], text: [255, 255, 0], cap_height: 0.06, ..NoticeStyle::default() };
        let labeler = labeler().policy(Policy::kazakhstan().notice_style(style).unwrap());
        let bytes = page(A4, HELLO);
        let (labelled, _) = label_with(&labeler, &bytes).unwrap();
        assert_eq!(verify(&labelled).written.len(), 1, "{place:?}");
        let Some((before, after)) = pages(&bytes, 72).zip(pages(&labelled, 72)) else { return };
        let [left, top, right, bottom] = difference(&before[0], &after[0]).unwrap();
        let (x, y) = ((left + right) / 2, (top + bottom) / 2);
        let low = matches!(place, Place::BottomRight | Place::BottomLeft | Place::BottomBand);
        assert_eq!(y > 421, low, "{place:?}");
        match place {
            Place::TopBand | Place::BottomBand => assert!(left == 0 && right == 594),
            Place::TopLeft | Place::BottomLeft => assert!(x < 298),
            _ => assert!(x > 298),
        }
        assert_eq!(after[0].get_pixel(left + 2, top + 2).0, [0, 0, 96], "{place:?}");
    }
}

#[test]
fn pages_that_are_read_from_the_right_have_it_at_the_left() {
    let document = |catalog: &str, content: &str| {
        let objects = [
            format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>".into(),
            common::pdf::stream("", content),
        ];
        common::pdf::document(&objects, "/Root 1 0 R")
    };
    let cases = [
        ("/Lang(ar)", true),
        ("/Lang(kk-Arab-CN)", true),
        ("/ViewerPreferences<</Direction/R2L>>", true),
        ("/Lang(kk)/ViewerPreferences<</Direction/L2R>>", false),
        ("/Lang(ar-Latn)", false),
        ("", false),
    ];
    for (catalog, from_right) in cases {
        // The first words of a line, at the right of a narrow margin.
        let bytes = document(catalog, "BT /F 24 Tf 480 800 Td (Steppe) Tj ET");
        let (labelled, receipt) = label(&bytes);
        let report = verify(&labelled);
        assert_eq!((report.written.len(), report.verdict), (1, Verdict::Valid), "{catalog}: {report:#?}");
        let said = receipt.remarks.iter().any(|remark| remark.contains("read from the right"));
        assert_eq!(said, from_right, "{catalog}: {receipt:#?}");
        let (again, _) = label(&labelled);
        assert_eq!(verify(&again).written.len(), 1, "{catalog}");
        let Some((before, after)) = pages(&bytes, 72).zip(pages(&labelled, 72)) else { return };
        let [left, top, right, _] = difference(&before[0], &after[0]).unwrap();
        assert_eq!((left + right) / 2 < 298, from_right, "{catalog}");
        assert!(top < 60 && (!from_right || right < 480), "{catalog}: {right}");
    }
    // A band has no side, and a policy that says left is followed.
    for place in [Place::TopBand, Place::TopLeft] {
        let style = NoticeStyle { place, ..NoticeStyle::default() };
        let labeler = labeler().policy(Policy::kazakhstan().notice_style(style).unwrap());
        let (_, receipt) = label_with(&labeler, &document("/Lang(he)", HELLO)).unwrap();
        assert!(receipt.remarks.is_empty(), "{receipt:#?}");
    }
}

/// What a page leaves behind neither moves the notice nor hides it.
#[test]
fn careless_content_has_no_power_over_the_notice() {
    let cases = [
        ("a scale", ".1 0 0 .1 0 0 cm 0 0 1 rg 100 100 500 500 re f"),
        ("open states", "q q .5 0 0 .5 100 100 cm q 10 0 0 10 5 5 cm"),
        ("a clip", "q 0 0 10 10 re W n"),
        ("a clip of all", "0 0 1 1 re W n"),
        ("an open text object", "BT /F 24 Tf 3 Tr 200 Tz 50 Tc 60 400 Td (Steppe) Tj"),
        ("open marked content", "/OC /Hidden BDC 0 0 50 50 re f"),
        (
            "a picture with the letters of its end",
            "q BI /W 4 /H 4 /BPC 8 /CS /G ID q EI q Q EI q\x01\x02 EI Q 0 0 50 50 re f q",
        ),
        ("text that looks like operators", "(Q Q Q) pop % Q Q\nq"),
        ("nothing", ""),
    ];
    for (name, content) in cases {
        let catalog = "<</Type/Catalog/Pages 2 0 R/OCProperties<</OCGs[6 0 R]/D<</OFF[6 0 R]>>>>>>";
        let bytes = document(
            &[
                catalog.to_owned(),
                "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
                format!(
                    "<</Type/Page/Parent 2 0 R{A4}/Contents 4 0 R/Resources<</Font<</F 5 0 R>>/Properties<</Hidden 6 0 R>>>>>>"
                ),
                stream("", content),
                "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
                "<</Type/OCG/Name(Hidden)>>".into(),
            ],
            "",
        );
        let (labelled, receipt) = label(&bytes);
        assert!(receipt.is_complete(), "{name}: {receipt:?}");
        let Some((before, after)) = pages(&bytes, 72).zip(pages(&labelled, 72)) else { return };
        shows(&before[0], &after[0], name);
    }
}

/// Operators that restore what nobody saved: poppler ends a page there, others pass over them. They are left out of a copy of the
/// content, so that the notice is seen in either; the rest is drawn as it was meant.
#[test]
fn operators_that_do_nothing_go_on_doing_nothing() {
    let content = "Q .5 0 0 .5 0 0 cm Q 1 0 0 rg 20 20 200 200 re f Q q 2 0 0 2 0 0 cm Q Q 0 0 9 9 re f q";
    let bytes = page(A4, content);
    let (labelled, receipt) = label(&bytes);
    assert!(receipt.is_complete() && labelled.starts_with(&bytes), "{receipt:?}");
    checks(&labelled, "idle operators");
    let meant = "  .5 0 0 .5 0 0 cm   1 0 0 rg 20 20 200 200 re f   q 2 0 0 2 0 0 cm Q   0 0 9 9 re f q";
    let Some((meant, after)) = pages(&page(A4, meant), 72).zip(pages(&labelled, 72)) else { return };
    shows(&meant[0], &after[0], "idle operators");
}

/// A form to fill in: what qpdf reads of its fields is the same, they are drawn as before, and can still be filled in.
#[test]
fn forms_keep_every_field_and_what_was_filled_in() {
    let face =
        |content: &str| stream("/Type/XObject/Subtype/Form/BBox[0 0 100 20]/Resources<</Font<</F 5 0 R>>>>", content);
    let widget =
        |rect: &str, entries: &str| format!("<</Type/Annot/Subtype/Widget/P 3 0 R/F 4/Rect[{rect}]{entries}>>");
    let states = "/AP<</N<</Yes 13 0 R/Off 14 0 R>>>>";
    let bytes = document(
        &[
            "<</Type/Catalog/Pages 2 0 R/AcroForm<</DA(/F 12 Tf 0 g)/DR<</Font<</F 5 0 R>>>>/Fields[6 0 R 7 0 R 8 0 R 11 0 R 15 0 R]>>>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
            format!("<</Type/Page/Parent 2 0 R{A4}/Contents 4 0 R/Annots[6 0 R 7 0 R 9 0 R 10 0 R 11 0 R 15 0 R]/Resources<</Font<</F 5 0 R>>>>>>"),
            stream("", "BT /F 20 Tf 40 400 Td (A form) Tj ET"),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
            widget("40 300 140 320", "/FT/Tx/T(name)/V(Aigerim)/AP<</N 12 0 R>>"),
            widget("40 270 60 290", &format!("/FT/Btn/T(agree)/V/Yes/AS/Yes{states}")),
            "<</FT/Btn/Ff 49152/T(size)/V/Yes/Kids[9 0 R 10 0 R]>>".into(),
            widget("40 240 60 260", &format!("/Parent 8 0 R/AS/Yes{states}")),
            widget("80 240 100 260", &format!("/Parent 8 0 R/AS/Off{states}")),
            widget("40 210 140 230", "/FT/Ch/Ff 131072/T(city)/Opt[(Almaty)(Astana)]/V(Astana)/AP<</N 12 0 R>>"),
            face("0 0 .6 rg 0 0 100 20 re f BT /F 12 Tf 1 g 4 5 Td (Astana) Tj ET"),
            face("0 .6 0 rg 0 0 20 20 re f"),
            face(".9 g 0 0 20 20 re f"),
            widget("40 150 140 200", "/FT/Ch/T(list)/Opt[[(a)(First)][(b)(Second)]]/V[(b)]/I[1]/AP<</N 12 0 R>>"),
        ],
        "",
    );
    let fields = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = common::pdf::file(&folder, "a.pdf", bytes);
        let printed = printed("qpdf", &["--json", "--json-key=acroform", &path])?;
        Some(serde_json::from_str::<serde_json::Value>(&printed).unwrap()["acroform"].clone())
    };
    checks(&bytes, "a form");
    for policy in [Policy::kazakhstan(), Policy::kazakhstan().with_aigc(true)] {
        let (labelled, receipt) = label_with(&labeler().policy(policy), &bytes).unwrap();
        assert!(receipt.is_complete() && labelled.starts_with(&bytes), "{receipt:?}");
        checks(&labelled, "a labelled form");
        let Some((before, after)) = fields(&bytes).zip(fields(&labelled)) else { return };
        assert_eq!(before, after);
        assert_eq!(after["fields"].as_array().map(Vec::len), Some(6), "{after}");
        assert!(after["hasacroform"] == true && after["needappearances"] == false, "{after}");
        let Some((before, after)) = pages(&bytes, 72).zip(pages(&labelled, 72)) else { return };
        shows(&before[0], &after[0], "a form");
        // Filled in afterwards it is another document, and says so.
        let at = labelled.len() - 10;
        let update = "\n6 0 obj\n<</Type/Annot/Subtype/Widget/P 3 0 R/F 4/Rect[40 300 140 320]/FT/Tx/T(name)/V(Dana)>>\nendobj\n";
        assert!(String::from_utf8_lossy(&labelled[at..]).contains("%%EOF"));
        let filled = [&labelled[..], update.as_bytes()].concat();
        assert_ne!(verify(&filled).headline, tanba::Headline::AiMadeProven);
    }
}

/// Contents, resources and pictures that pages share; attributes that they inherit; a page that stands in the tree twice.
#[test]
fn what_pages_share_is_copied_not_changed() {
    let bytes = document(
        &[
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R 3 0 R]/Count 4/MediaBox[0 0 300 500]/Rotate 90/Resources 6 0 R>>".into(),
            "<</Type/Page/Parent 2 0 R/Contents 7 0 R>>".into(),
            "<</Type/Page/Parent 2 0 R/Contents[8 0 R]/Rotate 0/Resources<</XObject 10 0 R/Font<</F 9 0 R>>>>>>".into(),
            "<</Type/Pages/Parent 2 0 R/Kids[11 0 R 12 0 R]/Count 2/Resources<</Font<</F 9 0 R>>/XObject<</TanbaNotice 13 0 R>>>>>>".into(),
            "<</Font<</F 9 0 R>>/XObject 10 0 R>>".into(),
            "[8 0 R]".into(),
            stream("", "BT /F 24 Tf 60 100 Td (Shared) Tj ET /Own Do"),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
            "<</Own 13 0 R>>".into(),
            "<</Type/Page/Parent 5 0 R/Contents 8 0 R>>".into(),
            "<</Type/Page/Parent 5 0 R/Contents 14 0 R>>".into(),
            stream("/Type/XObject/Subtype/Form/BBox[0 0 50 50]", "1 0 0 rg 0 0 50 50 re f"),
            stream("", "q /TanbaNotice Do Q"),
        ],
        "",
    );
    let (labelled, receipt) = label(&bytes);
    assert!(receipt.is_complete() && labelled.starts_with(&bytes), "{receipt:?}");
    let added = String::from_utf8_lossy(&labelled[bytes.len()..]).into_owned();
    for (number, times) in [(2, 0), (3, 1), (4, 1), (5, 0), (6, 0), (7, 0), (8, 0), (10, 0), (11, 1), (12, 1), (13, 0)]
    {
        assert_eq!(added.matches(&format!("\n{number} 0 obj\n")).count(), times, "object {number}");
    }
    let report = verify(&labelled);
    assert_eq!(report.written[0].place, "each of 4 pages", "{:?}", report.written);
    let Some((before, after)) = pages(&bytes, 72).zip(pages(&labelled, 72)) else { return };
    // poppler passes over a page that stands in the tree twice.
    assert!(after.len() >= 4);
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        shows(before, after, &format!("page {}", number + 1));
    }
}

/// The forms in which qpdf, an independent writer, stores the same document.
#[test]
fn every_form_of_a_document_is_updated_in_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(&folder, "in.pdf", &page(A4, HELLO));
    let forms: &[(&str, &[&str], bool)] = &[
        ("tables", &["--object-streams=disable"], false),
        ("object streams", &["--object-streams=generate"], true),
        ("linearised", &["--linearize"], false),
        ("linearised with object streams", &["--linearize", "--object-streams=generate"], true),
    ];
    for (name, options, is_stream) in forms {
        let output = folder.path().join("out.pdf").to_string_lossy().into_owned();
        let Some(_) = printed("qpdf", &[options, &[input.as_str(), output.as_str()][..]].concat()) else { return };
        let bytes = fs::read(&output).unwrap();
        let (once, receipt) = label(&bytes);
        holds(&bytes, &once, &receipt, name);
        valid(&once, name);
        let added = String::from_utf8_lossy(&once[bytes.len()..]).into_owned();
        assert_eq!((added.contains("/XRef"), added.contains("\ntrailer\n")), (*is_stream, !is_stream), "{name}");
        assert_eq!(added.matches("/ID ").count(), 1, "{name}");
    }
    // A hybrid document: the table hides from old readers what a stream tells new ones.
    let tail = "xref\n0 0\ntrailer\n<</Root 1 0 R/Size 9/Prev PREV/XRefStm STREAM>>\nstartxref\nTABLE\n%%EOF\n";
    let plain = page(A4, HELLO);
    let previous = memchr::memmem::rfind(&plain, b"xref\n0").unwrap();
    let packed = "<</Producer(Acme)>>";
    let index = "7 0 ";
    let container = stream(&format!("/Type/ObjStm/N 1/First {}", index.len()), &format!("{index}{packed}"));
    let mut hybrid = plain.clone();
    let at = hybrid.len();
    hybrid.extend(format!("6 0 obj\n{container}\nendobj\n").bytes());
    let table_stream = hybrid.len();
    let row = |kind: u8, second: usize, third: u8| {
        let second = u16::try_from(second).unwrap().to_be_bytes();
        [kind, second[0], second[1], third]
    };
    let rows = [row(1, at, 0), row(2, 6, 0), row(1, table_stream, 0)].concat();
    hybrid.extend(b"8 0 obj\n<</Type/XRef/Size 9/W[1 2 1]/Index[6 3]/Root 1 0 R/Info 7 0 R/Length 12>>\nstream\n");
    hybrid.extend(rows);
    hybrid.extend(b"\nendstream\nendobj\n");
    let table = hybrid.len();
    let tail = tail.replace("PREV", &previous.to_string()).replace("STREAM", &table_stream.to_string());
    hybrid.extend(tail.replace("TABLE", &table.to_string()).bytes());
    let (labelled, receipt) = label(&hybrid);
    holds(&hybrid, &labelled, &receipt, "hybrid");
    // Junk before the header: offsets count from there.
    let junk = [b"\r\nHTTP/1.1 200 OK\r\n\r\n", &plain[..]].concat();
    let (labelled, receipt) = label(&junk);
    assert!(receipt.is_complete() && labelled.starts_with(&junk));
    assert_eq!(verify(&labelled).headline, Headline::AiMadeProven);
    assert_eq!(pages(&labelled, 72).map(|pages| pages.len()), pages(&junk, 72).map(|pages| pages.len()));
}

#[test]
fn the_words_of_every_script_are_drawn_and_can_be_read_out() {
    let bytes = page(A4, HELLO);
    for (languages, wanted) in [
        (&["kk", "ru"][..], "ЖИ көмегімен жасалды"),
        (&["en"], "AI GENERATED"),
        (&["zh"], "AI生成"),
        (&["ja"], "AI生成"),
        (&["ko"], "AI 생성"),
        (&["hi"], "AI द्वारा निर्मित"),
        (&["ar"], "مُولّد بالذكاء الاصطناعي"),
        (&["fr", "de", "tr"], "Généré par IA"),
    ] {
        let labeler = labeler().policy(Policy::kazakhstan().languages(languages).unwrap());
        let (labelled, receipt) = label_with(&labeler, &bytes).unwrap();
        assert!(receipt.is_complete(), "{languages:?}");
        checks(&labelled, wanted);
        let report = verify(&labelled);
        assert_eq!(report.written[0].lines.len(), languages.len(), "{:?}", report.written);
        assert_eq!(report.written[0].lines[0], wanted);
        let Some(words) = words(&labelled) else { return };
        let words = words.join(" ").replace(['\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}'], "");
        assert!(words.contains(wanted), "{wanted} not in {words:?} {}", words.escape_unicode());
    }
}

#[test]
fn labelling_again_keeps_or_replaces_the_one_notice() {
    let english = labeler().policy(Policy::kazakhstan().languages(&["en"]).unwrap());
    for (name, bytes) in documents() {
        let (once, _) = label(&bytes);
        let (kept, receipt) = label(&once);
        assert!(receipt.written.as_ref().unwrap().kept, "{name}: {receipt:?}");
        holds(&bytes, &kept, &receipt, &name);
        valid(&kept, &name);
        let (replaced, receipt) = label_with(&english, &once).unwrap();
        assert!(!receipt.written.unwrap().kept && replaced.starts_with(&once), "{name}");
        checks(&replaced, &name);
        let report = verify(&replaced);
        assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::Valid, 2), "{name}");
        assert_eq!(report.written.len(), 1, "{name}: {:?}", report.written);
        assert_eq!(report.written[0].lines, ["AI GENERATED"], "{name}");
        let Some(words) = words(&replaced) else { continue };
        assert!(
            words.contains(&"GENERATED".to_owned()) && !words.contains(&"көмегімен".to_owned()),
            "{name}: {words:?}"
        );
        let Some(list) = attachments(&replaced) else { continue };
        assert_eq!(list.matches("content_credential").count(), 1, "{name}: {list}");
    }
    // A page that was added behind a label: the notice is missing there, and the label says so until it is put on again.
    let (labelled, _) = label(&page(A4, HELLO));
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (file(&folder, "1.pdf", &labelled), file(&folder, "2.pdf", &page(A4, HELLO)));
    let output = folder.path().join("out.pdf").to_string_lossy().into_owned();
    let Some(_) = printed("qpdf", &["--empty", "--pages", &first, &second, "--", &output]) else { return };
    let joined = fs::read(&output).unwrap();
    let report = verify(&joined);
    assert_eq!(report.written[0].place, "page 1 of 2", "{:?}", report.written);
    let (again, receipt) = label(&joined);
    assert!(!receipt.written.unwrap().kept);
    assert_eq!(verify(&again).written[0].place, "each of 2 pages");
}

fn attachments(bytes: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.pdf", bytes);
    printed("pdfdetach", &["-list", &path])
}

#[test]
fn attachments_stay_and_the_manifest_is_one_of_them() {
    let base = |names: &str| {
        document(
            &[
                format!("<</Type/Catalog/Pages 2 0 R/Names {names}/AF[5 0 R]>>"),
                "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
                format!("<</Type/Page/Parent 2 0 R{A4}>>"),
                stream("/Type/EmbeddedFile", "one"),
                "<</Type/Filespec/F(a.txt)/UF(a.txt)/EF<</F 4 0 R>>/AFRelationship/Data>>".into(),
                "<</Limits[(a)(b)]/Names[(a)5 0 R(b)5 0 R]>>".into(),
                "<</Limits[(c)(z)]/Names[(c)5 0 R(z)5 0 R]>>".into(),
                "<</Kids[6 0 R 7 0 R]>>".into(),
                "<</EmbeddedFiles 8 0 R/Dests<<>>>>".into(),
            ],
            "",
        )
    };
    for (names, count) in [
        ("<</EmbeddedFiles<</Names[(a)5 0 R(z)5 0 R]>>>>", 3),
        ("<</EmbeddedFiles 8 0 R>>", 5),
        ("9 0 R", 5),
        ("<</Dests<<>>>>", 1),
        ("null", 1),
    ] {
        let bytes = base(names);
        let (labelled, receipt) = label(&bytes);
        assert!(receipt.is_complete(), "{names}");
        checks(&labelled, names);
        valid(&labelled, names);
        let added = String::from_utf8_lossy(&labelled[bytes.len()..]).into_owned();
        assert!(added.contains("/AF [5 0 R "), "{names}");
        let Some(list) = attachments(&labelled) else { return };
        assert!(list.starts_with(&format!("{count} embedded files")), "{names}: {list}");
        assert_eq!(list.matches("content_credential.c2pa").count(), 1, "{names}: {list}");
    }
}

#[test]
fn documents_that_a_label_would_harm_are_refused_with_the_reason() {
    let with = |catalog: &str, more: &[&str]| {
        let mut objects = vec![
            format!("<</Type/Catalog/Pages 2 0 R{catalog}>>"),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
            format!("<</Type/Page/Parent 2 0 R{A4}>>"),
        ];
        objects.extend(more.iter().map(|&object| object.to_owned()));
        document(&objects, "")
    };
    let signature = "<</Type/Sig/Filter/Adobe.PPKLite/ByteRange[0 1 2 3]/Contents<00>>>";
    for (bytes, why) in [
        (with("/AcroForm<</SigFlags 3/Fields[4 0 R]>>", &["<</FT/Sig/T(a)/V 5 0 R>>", signature]), "signed"),
        (with("/AcroForm<</Fields[4 0 R]>>", &["<</FT/Sig/T(a)/Kids[6 0 R]>>", signature, "<</V 5 0 R>>"]), "signed"),
        (with("/Perms<</DocMDP 4 0 R>>", &[signature]), "certified"),
        (with("/Perms<</UR3 4 0 R>>", &[signature]), "usage rights"),
        (with("/NeedsRendering true/AcroForm<</XFA 4 0 R>>", &["(x)"]), "XFA"),
        (fs::read(fixture("text/damaged.pdf")).unwrap(), "damaged"),
    ] {
        let error = refused(&bytes);
        assert!(error.contains(why), "{why}: {error}");
    }
    if let Some(files) = corpus("hostile") {
        let locked = files.iter().find(|path| path.ends_with("basic-password.pdf")).unwrap();
        assert!(refused(&fs::read(locked).unwrap()).contains("--decrypt"));
    }
    // A field that waits for a signature is none; a form with XFA beside it is said.
    let (labelled, _) = label(&with("/AcroForm<</SigFlags 1/Fields[4 0 R]>>", &["<</FT/Sig/T(a)>>"]));
    assert_eq!(verify(&labelled).verdict, Verdict::Valid);
    let (_, receipt) = label(&with("/AcroForm<</Fields[]/XFA[(a)4 0 R]>>", &["(x)"]));
    assert!(receipt.remarks.iter().any(|remark| remark.contains("XFA")), "{:?}", receipt.remarks);
    let tagged = with("/MarkInfo<</Marked true>>/StructTreeRoot 4 0 R", &["<</Type/StructTreeRoot>>"]);
    let (labelled, receipt) = label(&tagged);
    assert!(receipt.remarks.iter().any(|remark| remark.contains("tagged")), "{:?}", receipt.remarks);
    assert_eq!(verify(&labelled).written.len(), 1);
}

#[test]
fn a_form_keeps_its_fields() {
    let bytes = document(
        &[
            "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/DA(/Helv 12 Tf 0 g)>>>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
            format!("<</Type/Page/Parent 2 0 R{A4}/Annots[4 0 R]>>"),
            "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Aruzhan)/Rect[50 50 250 80]/AP<</N 5 0 R>>/P 3 0 R>>".into(),
            stream("/Type/XObject/Subtype/Form/BBox[0 0 200 30]", "0 1 0 rg 0 0 200 30 re f"),
        ],
        "",
    );
    let (labelled, receipt) = label(&bytes);
    holds(&bytes, &labelled, &receipt, "form");
    assert!(receipt.remarks.is_empty(), "{:?}", receipt.remarks);
    // Where it would stand over the notice, the receipt says so; of one that is hidden there is nothing to say.
    let over = |flags: &str| {
        let text =
            String::from_utf8_lossy(&bytes).replace("/Rect[50 50 250 80]", &format!("/Rect[500 820 590 830]{flags}"));
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "moved.pdf", text.as_bytes());
        let output = folder.path().join("out.pdf").to_string_lossy().into_owned();
        // Its table is wrong now; qpdf makes it anew, with a warning.
        run("qpdf", &[&path, &output])?;
        let (_, receipt) = label(&fs::read(output).unwrap());
        Some(receipt.remarks.iter().any(|remark| remark.contains("annotation")))
    };
    assert!(over("").is_none_or(|said| said) && over("/F 2").is_none_or(|said| !said));
}

#[test]
fn a_book_of_a_thousand_pages_grows_by_its_page_objects_alone() {
    let mut objects = vec!["<</Type/Catalog/Pages 2 0 R>>".to_owned(), String::new()];
    let font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned();
    let (mut kids, count) = (String::new(), 1000);
    objects.push(font);
    for number in 0..count {
        let at = objects.len() + 1;
        kids += &format!("{at} 0 R ");
        let content = at + 1;
        objects.push(format!("<</Type/Page/Parent 2 0 R{A4}/Contents {content} 0 R/Resources<</Font<</F 3 0 R>>>>>>"));
        objects.push(stream("", &format!("BT /F 12 Tf 60 400 Td (Page {number}) Tj ET")));
    }
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count {count}>>");
    let bytes = document(&objects, "/ID[<0011><2233>]");
    let (labelled, receipt) = label(&bytes);
    assert!(receipt.is_complete() && labelled.starts_with(&bytes));
    let grown = labelled.len() - bytes.len();
    assert!(grown < 1000 * 300 + 20_000, "{grown}");
    assert!(String::from_utf8_lossy(&labelled).contains("/ID [<0011> <"));
    checks(&labelled, "book");
    let report = verify(&labelled);
    assert_eq!((report.verdict, report.written[0].place.as_str()), (Verdict::Valid, "each of 1000 pages"));
    let Some(words) = words(&labelled) else { return };
    assert_eq!(words.iter().filter(|word| *word == "көмегімен").count(), 1000);
}

#[test]
fn the_record_is_read_by_others_and_stands_once() {
    let china = labeler().policy(Policy::kazakhstan().with_aigc(true));
    for name in ["plain.pdf", "aigc.pdf", "compressed.pdf", "xmp.pdf"] {
        let bytes = fs::read(fixture("text").join(name)).unwrap();
        let (labelled, receipt) = label_with(&china, &bytes).unwrap();
        let (again, second) = label_with(&china, &labelled).unwrap();
        for (labelled, receipt) in [(labelled, receipt), (again, second)] {
            let report = verify(&labelled);
            let aigc: Vec<_> = report.findings.iter().filter(|finding| finding.technique == Technique::Aigc).collect();
            assert!(aigc.len() == 1 && aigc[0].value.contains(&receipt.id), "{name}: {aigc:?}");
            let source = report.findings.iter().filter(|finding| finding.place.contains("DigitalSourceType")).count();
            assert_eq!(source, 1, "{name}");
            let folder = tempfile::tempdir().unwrap();
            let path = file(&folder, "a.pdf", &labelled);
            let Some(read) = printed("exiftool", &["-s", "-G1", "-AIGC", "-DigitalSourceType", "-Producer", &path])
            else {
                return;
            };
            assert!(read.contains("trainedAlgorithmicMedia"), "{name}: {read}");
            assert_eq!(read.contains("Acme Writer"), name == "plain.pdf" || name == "aigc.pdf", "{name}: {read}");
        }
    }
}

#[test]
fn every_changed_byte_outside_of_the_manifest_is_noticed() {
    let (labelled, receipt) = label(&page(A4, HELLO));
    let start = memchr::memmem::find(&labelled, b"/Subtype/application#2Fc2pa").unwrap();
    let start = start + memchr::memmem::find(&labelled[start..], b"stream\n").unwrap() + 7;
    let end = start + usize::try_from(receipt.manifest_bytes).unwrap();
    for at in (0..labelled.len()).filter(|at| !(start..end).contains(at)).step_by(37) {
        let mut changed = labelled.clone();
        changed[at] ^= 1;
        if let Ok(report) = Verifier::new().anchors(anchors()).verify(&mut Cursor::new(changed)) {
            assert_ne!(report.headline, Headline::AiMadeProven, "byte {at}");
        }
    }
}

#[test]
fn a_notice_that_cannot_be_seen_is_none() {
    let (labelled, _) = label(&page(A4, HELLO));
    assert_eq!(verify(&labelled).written.len(), 1);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let matrix = text(&labelled);
    let at = matrix.rfind("Q q ").unwrap() + 4;
    let old: String = matrix[at..].split(" cm").next().unwrap().to_owned();
    // Moved off the page, made small, turned over: of the same length, so that every object stays where it is.
    for new in ["1 0 0 1 900 900", ".1 0 0 .1 90 700", ".5 0 0 -.5 90 700"] {
        let new = format!("{new:<width$}", width = old.len());
        assert_eq!(new.len(), old.len(), "{old}");
        let mut moved = labelled.clone();
        let at = memchr::memmem::rfind(&moved, old.as_bytes()).unwrap();
        moved[at..at + old.len()].copy_from_slice(new.as_bytes());
        let report = verify(&moved);
        assert!(report.written.is_empty() && !report.not_examined.is_empty(), "{new}: {:?}", report.written);
    }
}

#[test]
fn a_policy_of_first_and_last_lines_means_every_page() {
    let labeler = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    let (labelled, receipt) = label_with(&labeler, &page(A4, HELLO)).unwrap();
    assert!(receipt.is_complete());
    assert_eq!(verify(&labelled).written.len(), 1);
    let without = labeler.policy(Policy::kazakhstan().with_notice(false));
    let bytes = page(A4, HELLO);
    let (labelled, receipt) = label_with(&without, &bytes).unwrap();
    assert!(receipt.written.is_none() && receipt.manifest);
    assert_eq!(pages(&bytes, 72), pages(&labelled, 72));
}

#[test]
fn a_notice_on_the_first_page_only_says_so_everywhere() {
    let first = labeler().policy(Policy::kazakhstan().with_notice_on_first_page_only(true));
    let bytes = fs::read(fixture("text").join("pages.pdf")).unwrap();
    let (labelled, receipt) = label_with(&first, &bytes).unwrap();
    let written = receipt.written.clone().unwrap();
    assert!(written.on_first_page && !written.on_pages && receipt.is_complete(), "{receipt:?}");
    assert!(receipt.remarks.iter().any(|remark| remark.contains("first page only")), "{receipt:?}");
    let report = verify(&labelled);
    assert_eq!((report.verdict, report.written[0].place.as_str()), (Verdict::Valid, "page 1 of 4"));
    assert!(memchr::memmem::find(&labelled, b"page=1").is_some(), "the manifest names the page");
    assert!(labelled.starts_with(&bytes));
    let (again, receipt) = label_with(&first, &labelled).unwrap();
    assert!(receipt.written.unwrap().kept && verify(&again).written[0].place == "page 1 of 4");
    // The default puts it on all; and an older one on all pages does not stay behind beside another on the first.
    let (all, receipt) = label(&labelled);
    assert!(receipt.written.unwrap().on_pages && verify(&all).written[0].place == "each of 4 pages");
    let english = Policy::kazakhstan().languages(&["en"]).unwrap().with_notice_on_first_page_only(true);
    let (other, receipt) = label_with(&labeler().policy(english), &all).unwrap();
    assert!(receipt.written.unwrap().on_pages);
    let report = verify(&other);
    assert_eq!(
        (report.written.len(), report.written[0].place.as_str()),
        (1, "each of 4 pages"),
        "{:?}",
        report.written
    );
    checks(&labelled, "first page");
    let (Some(before), Some(after)) = (pages(&bytes, 72), pages(&labelled, 72)) else { return };
    assert!(before[0] != after[0] && before[1..] == after[1..]);
}

#[test]
fn what_a_label_does_to_pdf_a_is_said() {
    let with = |fields: &str| {
        let packet = format!(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description rdf:about='' xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/' {fields}</rdf:Description></rdf:RDF></x:xmpmeta>"
        );
        let objects = [
            "<</Type/Catalog/Pages 2 0 R/Metadata 4 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
            format!("<</Type/Page/Parent 2 0 R{A4}>>"),
            stream("/Type/Metadata/Subtype/XML", &packet),
        ];
        document(&objects, "")
    };
    let said = |policy: Policy, bytes: &[u8]| {
        let (_, receipt) = label_with(&labeler().policy(policy), bytes).unwrap();
        receipt.remarks.into_iter().find(|remark| remark.contains("PDF/A")).unwrap_or_default()
    };
    let beside = || Policy::kazakhstan().with_manifest_beside_text(true).with_record(false);
    let second = with("pdfaid:part='2' pdfaid:conformance='B'>");
    let both = said(Policy::kazakhstan(), &second);
    assert!(both.contains("PDF/A-2b,") && both.contains("XMP") && both.contains("attachment"), "{both}");
    assert_eq!(said(beside(), &second), "");
    let third = with("><pdfaid:part>3</pdfaid:part><pdfaid:conformance>U</pdfaid:conformance>");
    let properties = said(Policy::kazakhstan(), &third);
    assert!(properties.contains("PDF/A-3u,") && !properties.contains("attachment"), "{properties}");
    let fourth = with("pdfaid:part='4' pdfaid:rev='2020'>");
    let attachment = said(Policy::kazakhstan(), &fourth);
    assert!(attachment.contains("PDF/A-4,") && !attachment.contains("XMP"), "{attachment}");
    assert_eq!(said(Policy::kazakhstan(), &with("pdfaid:part='4' pdfaid:conformance='F'>")), "");
    assert_eq!(said(Policy::kazakhstan(), &page(A4, HELLO)), "");
}
