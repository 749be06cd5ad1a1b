//! Labels in pages: the banner, the fields and the manifest, and that the rest of the page stays byte for byte.

mod common;

use std::{fs, io::Cursor};

use common::{anchors, signer};
use tanba::{
    Binding, Disclosure, Format, Headline, Labeler, Policy, ProsePlace, Receipt, Report, Statement, Technique, Verdict,
    Verifier,
};

const PAGES: &[&str] = &[
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Steppe</title>\n</head>\n<body class=x>\n<h1>Жел</h1>\n</body>\n</html>\n",
    "<!doctype html><title>Steppe</title><p>The wind came.",
    "<html><body><p>The wind came.</body></html>",
    "<html><head><title>a</title></head><p>No body's tag",
    "<p>A fragment</p>",
    "<article><h1>Steppe</h1><p>Wind &amp; grass</p></article>\r\n",
    "<!-- <body> in a comment --><div>\n<script>var a = \"</head><body>\";</script></div>",
    "\u{feff}<html><head></head><body></body></html>",
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>a</title></head><body><p>b</p></body></html>",
    "<html><head><script>document.write('<body>')</script><style>p { display: none }</style></head><body><p>b</p></body></html>",
];

fn labeler() -> Labeler {
    let disclosure = Disclosure::generated("Acme <Writer> & \"Sons\" ә").system_version("3.1").provider("ТОО «Ақ»");
    Labeler::new(&disclosure, &signer())
}

fn label_with(labeler: &Labeler, page: &[u8]) -> tanba::Result<(Vec<u8>, Receipt)> {
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(page), &mut sink)?;
    Ok((sink.into_inner(), receipt))
}

fn verify(page: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(page)).unwrap()
}

/// The page without what was added.
fn without_ours(page: &str) -> String {
    let mut page = page.to_owned();
    for (start, end) in [
        ("<meta name=\"ai-disclosure\"", ">\n"),
        ("<script type=\"application/ld+json\" id=\"tanba-record\"", "</script>\n"),
        ("<script type=\"application/c2pa\">", "</script>\n"),
        ("<p id=\"tanba-notice", "</p>\n"),
        ("<p id=\"tanba-notice", "</p>\n"),
    ] {
        let Some(from) = page.find(start) else { continue };
        let to = from + page[from..].find(end).unwrap() + end.len();
        page.replace_range(from..to, "");
    }
    page
}

#[test]
fn every_page_is_labelled_and_the_rest_stays() {
    let last = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    for page in PAGES {
        for (labeler, count) in [(&labeler(), 1), (&last, 2)] {
            let (labelled, receipt) =
                label_with(labeler, page.as_bytes()).unwrap_or_else(|error| panic!("{page}: {error}"));
            let text = String::from_utf8(labelled.clone()).unwrap();
            assert!(receipt.is_complete() && receipt.record && receipt.format == Format::Html, "{page} {receipt:?}");
            assert_eq!(&without_ours(&text), page, "{text}");
            let report = verify(&labelled);
            assert_eq!(
                (report.binding, report.verdict, report.headline, report.says),
                (Binding::Intact, Verdict::Valid, Headline::AiMadeProven, Some(Statement::FullyAi)),
                "{page}: {report:#?}"
            );
            assert_eq!(report.written.len(), count, "{page}: {:?}", report.written);
            assert!(report.findings.iter().any(|finding| finding.technique == Technique::Html && finding.says.is_ai()));
        }
    }
}

/// What the page's own text is in, the banner is not: screen readers change their voice by its language.
#[test]
fn the_banner_says_its_language_and_the_record_is_json() {
    let tags = |labelled: &str, start: &str| {
        let from = labelled.find(start).unwrap_or_else(|| panic!("{start} in {labelled}"));
        labelled[from..].split_once('>').unwrap().0.to_owned()
    };
    let between = |labelled: &str, start: &str, end: &str| {
        let (_, rest) = labelled.split_once(start).unwrap_or_else(|| panic!("{start} in {labelled}"));
        rest.split_once(end).unwrap().0.to_owned()
    };
    let sources = "https://schema.org/";
    for (disclosure, source) in [
        (Disclosure::generated("Acme"), "TrainedAlgorithmicMediaDigitalSource"),
        (Disclosure::modified("Acme"), "CompositeWithTrainedAlgorithmicMediaDigitalSource"),
    ] {
        for page in PAGES {
            let disclosure = disclosure.clone().system_version("3.1").provider("ТОО </Ақ>");
            for languages in [&["kk", "ru"][..], &["en"], &["ar", "zh"]] {
                let policy = Policy::kazakhstan().languages(languages).unwrap();
                let labeler = Labeler::new(&disclosure, &signer()).policy(policy);
                let (labelled, receipt) = label_with(&labeler, page.as_bytes()).unwrap();
                let labelled = String::from_utf8(labelled).unwrap();
                let banner = tags(&labelled, "<p id=\"tanba-notice\"");
                assert!(banner.contains(" role=\"note\""), "{banner}");
                assert!(banner.contains(&format!(" lang=\"{}\"", languages[0])), "{banner}");
                let spans = between(&labelled, "<p id=\"tanba-notice\"", "</p>");
                for (language, words) in languages.iter().zip(receipt.written.unwrap().lines) {
                    let xml =
                        if page.starts_with("<?xml") { format!(" xml:lang=\"{language}\"") } else { String::new() };
                    let span = format!("<span lang=\"{language}\"{xml} dir=\"auto\">");
                    assert_eq!(spans.matches(&span).count(), 1, "{spans}");
                    if spans.is_ascii() {
                        continue;
                    }
                    assert_eq!(between(&spans, &span, "</span>"), words, "{spans}");
                }
                let data = between(&labelled, "<script type=\"application/ld+json\" id=\"tanba-record\">", "</script>");
                let data: serde_json::Value = serde_json::from_str(&data).unwrap();
                assert_eq!((&data["@context"], &data["@type"]), (&"https://schema.org".into(), &"WebPage".into()));
                assert_eq!(data["digitalSourceType"], format!("{sources}{source}"));
                assert_eq!(data["identifier"], format!("urn:uuid:{}", receipt.id));
                assert_eq!(
                    (&data["creator"]["name"], &data["creator"]["softwareVersion"]),
                    (&"Acme".into(), &"3.1".into())
                );
                assert_eq!(data["creator"]["provider"]["name"], "ТОО </Ақ>");
            }
        }
    }
}

#[test]
fn labelling_again_keeps_one_of_each() {
    let english = labeler().policy(Policy::kazakhstan().languages(&["en"]).unwrap());
    for page in PAGES {
        let (once, _) = label_with(&labeler(), page.as_bytes()).unwrap();
        let (twice, receipt) = label_with(&labeler(), &once).unwrap();
        assert!(receipt.written.unwrap().kept, "{page}");
        for twice in [twice, label_with(&english, &once).unwrap().0] {
            let text = String::from_utf8(twice.clone()).unwrap();
            for ours in
                ["name=\"ai-disclosure\"", "id=\"tanba-record\"", "id=\"tanba-notice\"", "type=\"application/c2pa\""]
            {
                assert_eq!(text.matches(ours).count(), 1, "{ours} {text}");
            }
            assert_eq!(&without_ours(&text), page, "{text}");
            let report = verify(&twice);
            assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::Valid, 2), "{page}");
        }
    }
}

#[test]
fn every_changed_byte_outside_of_the_manifest_is_noticed() {
    let (labelled, _) = label_with(&labeler(), PAGES[0].as_bytes()).unwrap();
    let text = String::from_utf8(labelled.clone()).unwrap();
    let start = text.find("<script type=\"application/c2pa\">").unwrap();
    let end = start + text[start..].find("</script>").unwrap() + 9;
    for at in (0..labelled.len()).filter(|at| !(start..end).contains(at)).step_by(5) {
        let mut changed = labelled.clone();
        changed[at] ^= 1;
        if let Ok(report) = Verifier::new().anchors(anchors()).verify(&mut Cursor::new(changed)) {
            assert_ne!(
                report.headline,
                Headline::AiMadeProven,
                "byte {at}: {:?}",
                &text[at.saturating_sub(10)..(at + 10).min(text.len())]
            );
        }
    }
}

#[test]
fn pages_in_older_encodings_are_written_with_references() {
    // "Привет" in windows-1251.
    let page = b"<html><head><meta charset=windows-1251></head><body><p>\xcf\xf0\xe8\xe2\xe5\xf2</body></html>";
    let (labelled, receipt) = label_with(&labeler(), page).unwrap();
    assert!(receipt.is_complete());
    assert!(labelled.windows(6).any(|part| part == b"\xcf\xf0\xe8\xe2\xe5\xf2"));
    assert_eq!(labelled.iter().filter(|byte| !byte.is_ascii()).count(), 6, "only what was there before");
    let report = verify(&labelled);
    assert_eq!((report.verdict, report.written.len()), (Verdict::Valid, 1));
}

#[test]
fn a_banner_that_its_own_style_hides_is_no_notice() {
    let (labelled, _) = label_with(&labeler(), PAGES[0].as_bytes()).unwrap();
    let text = String::from_utf8(labelled).unwrap();
    assert_eq!(verify(text.as_bytes()).written.len(), 1);
    for hidden in
        [text.replace("display:block", "display: none"), text.replace("role=\"note\"", "role=\"note\" hidden")]
    {
        assert_ne!(hidden, text);
        assert!(verify(hidden.as_bytes()).written.is_empty(), "{hidden}");
    }
}

#[test]
fn what_cannot_be_labelled_is_refused_with_a_reason() {
    let linked = "<head><link rel=c2pa-manifest href=https://a.example/m.c2pa></head><p>a";
    let error = label_with(&labeler(), linked.as_bytes()).unwrap_err().to_string();
    assert!(error.contains("another address"), "{error}");
    // Behind these, a tag would be no tag.
    let last = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    for (labeler, open) in [
        (&labeler(), "<!doctype html><html><head><title>a</title><script type="),
        (&labeler(), "<!doctype html><head><!-- a"),
        (&last, "<html><body><p>a<textarea>b"),
        (&last, "<html><body><p>a</p><a href=\"b"),
    ] {
        let error = label_with(labeler, open.as_bytes()).err().unwrap_or_else(|| panic!("{open} took a label"));
        let at = open.len() as u64;
        assert!(matches!(&error, tanba::Error::Malformed { at: place, .. } if *place == at), "{open}: {error:?}");
    }
    let (_, receipt) = label_with(&labeler(), b"<html><body><p>a<textarea>b").unwrap();
    assert!(receipt.is_complete(), "nothing is put behind it");
    let frames = "<html><head></head><frameset cols=\"50%,50%\"><frame src=a><frame src=b></frameset></html>";
    let (_, receipt) = label_with(&labeler(), frames.as_bytes()).unwrap();
    assert!(!receipt.is_complete() && receipt.remarks.iter().any(|remark| remark.contains("frames")), "{receipt:?}");
    for hidden in ["<html><head></head><body hidden><p>a</body></html>", "<html style=\"opacity:0\"><body><p>a"] {
        let (labelled, receipt) = label_with(&labeler(), hidden.as_bytes()).unwrap();
        assert!(!receipt.is_complete() && receipt.written.is_none(), "{receipt:?}");
        assert!(receipt.remarks.iter().any(|remark| remark.contains("hides its body")), "{receipt:?}");
        let report = verify(&labelled);
        assert!(report.written.is_empty() && report.binding == Binding::Intact, "{hidden}: {report:#?}");
    }
}

#[test]
fn training_and_aigc_are_fields_of_the_head() {
    let disclosure = Disclosure::modified("Acme").provider("Acme LLP").prohibit_training();
    let labeler = Labeler::new(&disclosure, &signer()).policy(Policy::kazakhstan().with_aigc(true));
    let (labelled, receipt) = label_with(&labeler, PAGES[0].as_bytes()).unwrap();
    let report = verify(&labelled);
    assert_eq!((report.verdict, report.says), (Verdict::Valid, Some(Statement::PartlyAi)), "{report:#?}");
    let aigc = report.findings.iter().find(|finding| finding.technique == Technique::Aigc).unwrap();
    assert!(aigc.value.contains(&receipt.id));
    assert!(String::from_utf8(labelled).unwrap().contains("<meta name=\"tdm-reservation\" content=\"1\">"));
}

/// A browser draws the banner where the page's own rules would hide it: its pixels are the plate's.
#[test]
fn a_browser_shows_the_banner() {
    let folder = tempfile::tempdir().unwrap();
    let page = "<!doctype html><meta charset=utf-8><style>p { display: none } body { background: #fff }</style><h1>Steppe</h1>";
    let (labelled, _) = label_with(&labeler(), page.as_bytes()).unwrap();
    let (html, picture) = (folder.path().join("page.html"), folder.path().join("page.png"));
    fs::write(&html, labelled).unwrap();
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--window-size=800,300",
        &format!("--screenshot={}", picture.display()),
        &format!("--user-data-dir={}", folder.path().display()),
        &format!("file://{}", html.display()),
    ];
    if common::run("chromium", &arguments).is_none() {
        return;
    }
    let picture = fs::read(&picture).expect("chromium drew nothing");
    let size = 800 * 300;
    let frames = common::pixels::frames(Format::Png, &picture).unwrap();
    let dark = frames[0].pixels().filter(|pixel| pixel.0[..3] == [0; 3]).count();
    let light = frames[0].pixels().filter(|pixel| pixel.0[..3] == [u16::MAX; 3]).count();
    // A band of one line: the heading alone has a hundredth of that.
    assert!(dark > size / 10 && light > size / 2, "{dark} {light}");
}
