//! What people and programs are shown of a file that means harm: nothing of it may act on a terminal or on a page.
#![no_main]

use std::io::Cursor;

use tanba::{HtmlReport, Profile, Report, ReportLanguage};
use tanba_fuzz::{Bench, Corpus, fuzz_target, wrap};

mod terminal;

fuzz_target!(|data: &[u8]| -> Corpus {
    let name: String = String::from_utf8_lossy(data).chars().take(200).map(poisoned).collect();
    let labelled = data.first().is_some_and(|first| first & 1 == 1);
    let file = if labelled { Bench::get().labelled(&name) } else { None }.unwrap_or_else(|| file(data));
    let verifier = Bench::get().verifier.clone().look_for_notice(false);
    for profile in [Profile::Kz, Profile::UsCa] {
        let verifier = verifier.clone().profile(profile);
        let Ok(report) = verifier.verify(&mut Cursor::new(&file)) else { return Corpus::Reject };
        assert_eq!(
            Ok(&report),
            verifier.verify(&mut Cursor::new(&file)).as_ref().map_err(|_| ()),
            "the same report again"
        );
        shown(&name, &report);
    }
    Corpus::Keep
});

fn shown(name: &str, report: &Report) {
    let json = terminal::json(report);
    quiet(&json);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(value, serde_json::to_value(report).unwrap(), "escaping changed what the JSON means");
    for &language in ReportLanguage::ALL {
        for page in [terminal::page(language, name, report), terminal::unexamined(language, name)] {
            quiet(&page);
        }
        let mut html = HtmlReport::new(language);
        html.add(name, report, None).add_unexamined(name, name);
        let html = html.render();
        quiet(&html);
        assert!(!html.contains(ELEMENT) && !html.contains(ATTRIBUTE) && !html.contains(ENTITY), "{html}");
    }
}

/// No character acts but the end of a line.
fn quiet(text: &str) {
    let acting = text.chars().find(|&character| character != '\n' && tanba::escape::acts(character));
    assert_eq!(acting, None, "{text}");
}

const ELEMENT: &str = "<tanba-poison";
const ATTRIBUTE: &str = "\" tanba-poison=\"";
const ENTITY: &str = "&tanba-poison;";

/// Each character that means something in HTML stands there with words by which it is known again.
fn poisoned(character: char) -> String {
    match character {
        '<' => ELEMENT.into(),
        '"' => ATTRIBUTE.into(),
        '&' => ENTITY.into(),
        _ => character.into(),
    }
}

/// A picture with the parts of `data`, between NUL, in the places that end in reports: keywords and text fields, XMP properties.
fn file(data: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(data);
    let parts: Vec<String> = text.split('\0').map(|part| part.chars().map(poisoned).collect()).collect();
    let property = |index: usize| {
        let part: String = parts.get(index).map(String::as_str).unwrap_or_default().into();
        part.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
    };
    let packet = format!(
        "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description \
         xmlns:e=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" xmlns:p=\"http://ns.adobe.com/photoshop/1.0/\" \
         xmlns:d=\"http://purl.org/dc/terms/\" xmlns:t=\"http://www.tc260.org.cn/ns/AIGC/1.0/\" \
         e:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia{}\" \
         e:AISystemUsed=\"{}\" p:Credit=\"Made with Google AI{}\" d:provenance=\"{}\" t:AIGC=\"{}\"/></rdf:RDF>",
        property(5),
        property(0),
        property(1),
        property(2),
        property(3),
    );
    let fields = parts.join("\0");
    wrap::fields_and_xmp(fields.as_bytes(), packet.as_bytes())
}
