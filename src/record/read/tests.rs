use std::io::Cursor;

use super::{
    super::xmp::{IPTC_EXT, PLUS},
    *,
};
use crate::{
    Limits,
    format::{TextField, testing::corpus},
    policy::Extent,
    record::{Record, merge},
    report::CONTRADICTION,
};

const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const DCTERMS: &str = "http://purl.org/dc/terms/";

fn budget() -> Budget {
    Budget::new(&Limits::default())
}

fn packet(properties: &str) -> String {
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description rdf:about='' xmlns:e='{IPTC_EXT}' xmlns:plus='{PLUS}' xmlns:ps='{PHOTOSHOP}' xmlns:dct='{DCTERMS}' \
         xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:t='{}'>{properties}</rdf:Description></rdf:RDF></x:xmpmeta>",
        aigc::NAMESPACE
    )
}

fn block(bytes: impl Into<Vec<u8>>) -> Block {
    Block { range: 0..0, place: "iTXt at byte 99".into(), bytes: bytes.into() }
}

fn in_xmp(bytes: impl Into<Vec<u8>>) -> Vec<Finding> {
    find(&Survey { xmp: vec![block(bytes)], ..Survey::default() }, &mut budget()).findings
}

fn in_texts(texts: &[(&str, &str)]) -> Vec<Finding> {
    let field = |&(key, value): &(&str, &str)| TextField {
        place: "tEXt at byte 7".into(),
        key: key.into(),
        value: value.into(),
    };
    find(&Survey { texts: texts.iter().map(field).collect(), ..Survey::default() }, &mut budget()).findings
}

#[test]
fn our_own_record_is_read_back() {
    for extent in [Extent::Generated, Extent::Modified] {
        let record = Record { extent, aigc: true, no_training: true, ..Record::example() };
        let found = in_xmp(merge(None, &record, &mut budget()).unwrap());
        assert!(
            found.iter().any(|f| f.says == Statement::from(extent) && f.system.as_deref() == Some("Acme Diffusion"))
        );
        assert_eq!(found.iter().filter(|f| f.says == Statement::TrainingProhibited).count(), 1);
        assert_eq!(found.iter().filter(|f| f.technique == Technique::Aigc).count(), 1);
        assert!(found.iter().all(|f| f.class == Class::Declared && f.says != Statement::AboutTheLabel), "{found:#?}");
    }
}

#[test]
fn digital_source_types_are_matched_by_namespace_in_both_forms() {
    let cases = [
        ("http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", Some(Statement::FullyAi)),
        ("https://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia", Some(Statement::FullyAi)),
        ("http://c2pa.org/digitalsourcetype/trainedAlgorithmicData", Some(Statement::FullyAi)),
        (
            "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
            Some(Statement::PartlyAi),
        ),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic", Some(Statement::PartlyAi)),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/composite", Some(Statement::PossiblyAi)),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalArt", Some(Statement::PossiblyAi)),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia", Some(Statement::NotAi)),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture", Some(Statement::NotAi)),
        ("http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced", Some(Statement::NotAi)),
        ("http://example.org/trainedAlgorithmicMedia", None),
    ];
    for (uri, expected) in cases {
        for property in [
            format!("<e:DigitalSourceType>{uri}</e:DigitalSourceType>"),
            format!("<e:DigitalSourceType rdf:resource='{uri}'/>"),
            format!("</rdf:Description><rdf:Description xmlns:q='{IPTC_EXT}' q:DigitalSourceType='{uri}'>"),
        ] {
            let found = in_xmp(packet(&property));
            assert_eq!(found.len(), 1, "{property}");
            assert_eq!(found[0].says, expected.unwrap_or(Statement::AboutTheLabel), "{property}");
            assert!(found[0].place.contains("DigitalSourceType in iTXt at byte 99"));
        }
    }
}

#[test]
fn what_only_looks_like_a_label_is_none() {
    let dst = "<e:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</e:DigitalSourceType>";
    let other = "<o:DigitalSourceType xmlns:o='http://example.org/'>trainedAlgorithmicMedia</o:DigitalSourceType>";
    for packet in [
        packet(&format!("<!-- {dst} -->")),
        packet(other),
        packet("<dc:description>Not made with Midjourney or flux; Imagen is her name</dc:description>"),
        packet(&format!(
            "<e:ArtworkOrObject><rdf:Bag><rdf:li rdf:parseType='Resource'>{dst}</rdf:li></rdf:Bag></e:ArtworkOrObject>"
        )),
        packet("<ps:Credit>Photo: A. Maker, made with Google AI cameras</ps:Credit>"),
        packet("<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-ALLOWED</plus:DataMining>"),
    ] {
        assert_eq!(in_xmp(packet.as_str()), [], "{packet}");
    }
    assert_eq!(
        in_texts(&[
            ("Description", "A print by Midjourney fans, flux capacitor"),
            ("Description", "Print Job ID: 7"),
            ("Software", "Adobe Photoshop Lightroom Classic 13.0 (denoise)"),
            ("Software", "NIKON D750 Ver.1.02"),
            ("Source", "Stable Diffusion"),
            ("Title", "AI generated image"),
            ("Comment", "{\"AIGC\":\"a magazine\",\"Label\":1}"),
            ("Comment", "{\"AIGC\":{\"Label\":\"1\"}}"),
            ("parameters", "Steps: to the left, Seed: none"),
            ("prompt", "{\"class\":1}"),
            ("workflow", "approved by the desk"),
            ("Comment", "Steps of Rome"),
        ]),
        []
    );
}

#[test]
fn other_declarations_in_xmp() {
    let found = in_xmp(packet(
        "<ps:Credit>Made with Google AI</ps:Credit><e:AISystemUsed>ChatGPT</e:AISystemUsed>\
         <e:AIPromptInformation>a secret wish</e:AIPromptInformation>\
         <plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-GENAIMLTRAINING</plus:DataMining>\
         <dct:provenance>https://example.org/manifest</dct:provenance>",
    ));
    let says: Vec<_> = found.iter().map(|finding| finding.says).collect();
    use Statement::{AboutTheLabel, FullyAi, PartlyAi, TrainingProhibited};
    assert_eq!(says, [PartlyAi, PartlyAi, TrainingProhibited, AboutTheLabel, FullyAi]);
    assert!(!format!("{found:?}").contains("secret"), "prompts are not shown");
    assert_eq!(found[0].system.as_deref(), Some("ChatGPT"));
}

#[test]
fn chinas_label_in_every_form() {
    let inner = r#"{"Label":"1","ContentProducer":"001191110102MACQD9K64010000","ProduceID":"a1","ReservedCode1":"","ContentPropagator":"","PropagateID":"","ReservedCode2":""}"#;
    let wrapped = format!("{{\"AIGC\":{inner}}}");
    let escaped = inner.replace('"', "&quot;");
    let found = [
        in_xmp(packet(&format!("<t:AIGC>{inner}</t:AIGC>"))),
        in_xmp(packet(&format!("<t:AIGC>{escaped}</t:AIGC>"))),
        in_xmp(packet(&format!("</rdf:Description><rdf:Description xmlns:z='{}' z:AIGC='{inner}'>", aigc::NAMESPACE))),
        in_texts(&[("AIGC", inner)]),
        in_texts(&[("AIGC", &wrapped)]),
        in_texts(&[("UserComment", &wrapped)]),
    ];
    for found in found {
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!((found[0].technique, found[0].says), (Technique::Aigc, Statement::FullyAi));
    }
    for label in ["2", "3"] {
        let value = inner.replace("\"Label\":\"1\"", &format!("\"Label\":\"{label}\""));
        assert_eq!(in_texts(&[("AIGC", &value)])[0].says, Statement::PossiblyAi);
    }
    let value = inner.replace("\"Label\":\"1\"", "\"Label\":\"AIGC\"");
    assert_eq!(in_texts(&[("AIGC", &value)])[0].says, Statement::FullyAi);
    let other = inner.replace("a1", "b2");
    let two = in_texts(&[("AIGC", inner), ("UserComment", &format!("{{\"AIGC\":{other}}}"))]);
    assert!(two.iter().any(|finding| finding.place == CONTRADICTION), "{two:#?}");
    let same = in_texts(&[("AIGC", inner), ("UserComment", &wrapped)]);
    assert!(same.iter().all(|finding| finding.place != CONTRADICTION) && same.len() == 3, "{same:#?}");
}

#[test]
fn hostile_metadata_is_a_finding() {
    let bomb =
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>".to_owned() + &packet("&b;");
    let attributes: String = (0..1_200_000).map(|n| format!(" e:a{n}=''")).collect();
    let deep = packet(&("<dc:a>".repeat(10_000) + &"</dc:a>".repeat(10_000)));
    let wide: Vec<u8> = "\u{feff}<a".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let started = std::time::Instant::now();
    for bytes in [
        bomb.into_bytes(),
        packet("").replace(" rdf:about=''", &attributes).into_bytes(),
        deep.into_bytes(),
        wide,
        b"\xff\xfe\x00\xd8\x00\xd8".to_vec(),
        packet("<dc:title>").into_bytes(),
        b"<a/>".to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let found = in_xmp(bytes);
        assert_eq!(found.len(), 1, "{shown}");
        assert!(found[0].text.contains("could not be read") && found[0].says == Statement::AboutTheLabel, "{shown}");
    }
    // What is not linear takes minutes.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// Surveyed by the handlers.
#[test]
fn generators_in_the_wild() {
    let files = [
        ("mj-1.png", "Midjourney", Class::Declared),
        ("grok-1.jpg", "xAI Grok", Class::Hint),
        ("fooocus1_cropped.png", "Fooocus", Class::Hint),
        ("img2img_cropped.png", "ComfyUI", Class::Hint),
        ("invokeai_imeta1.png", "InvokeAI", Class::Hint),
        ("novelai1_cropped.png", "NovelAI", Class::Hint),
        ("automatic1111_cropped.png", "", Class::Hint),
        ("automatic1111_cropped.jpg", "", Class::Hint),
    ];
    for (file, system, class) in files {
        let Some(bytes) = corpus(&format!("wild/{file}")) else { return };
        let mut source = Cursor::new(bytes);
        let format = Format::sniff(&mut source).unwrap();
        let survey = format.handler().survey(&mut source, &mut budget()).unwrap();
        let found = find(&survey, &mut budget()).findings;
        let fits =
            |finding: &&Finding| finding.system.as_deref().unwrap_or_default() == system && finding.class == class;
        let finding = found.iter().find(fits).unwrap_or_else(|| panic!("{file}: {found:#?}"));
        assert!(finding.says.is_ai(), "{file}");
        for prompt in ["control panel", "duck", "goldfish", "oil painting", "masterpiece"] {
            assert!(!format!("{found:?}").contains(prompt), "{file} shows its prompt");
        }
    }
}

#[test]
fn photographs_are_not_called_ai() {
    let files = [
        "IMG_0003.jpg",
        "P1000827.jpg",
        "earth_apollo17.jpg",
        "no_manifest.jpg",
        "libpng-test.png",
        "sample1.png",
        "sample1.svg",
        "sample1.webp",
        "test.tiff",
        "TUSCANY.TIF",
        "sample1.gif",
    ];
    let mut seen = 0;
    for file in files {
        let Some(bytes) = corpus(&format!("unlabelled/{file}")) else { return };
        let mut source = Cursor::new(bytes);
        let format = Format::sniff(&mut source).unwrap();
        let survey = format.handler().survey(&mut source, &mut budget()).unwrap();
        let found = find(&survey, &mut budget()).findings;
        assert!(found.iter().all(|finding| finding.says == Statement::AboutTheLabel), "{file}: {found:#?}");
        seen += 1;
    }
    assert_eq!(seen, files.len());
}

#[test]
fn what_is_not_read_is_said() {
    let limits = Limits { max_metadata_bytes: 64, ..Limits::default() };
    let mut exif = b"II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0\x64\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
    exif.resize(exif.len() + 100, b'x');
    let survey = Survey { exif: vec![block(exif)], ..Survey::default() };
    assert_eq!(find(&survey, &mut Budget::new(&limits)).unread.len(), 1);
    assert!(find(&survey, &mut budget()).unread.is_empty());
    let survey = Survey { xmp: vec![block("<x:xmpmeta xmlns:x='adobe:ns:meta/'>")], ..Survey::default() };
    assert_eq!(find(&survey, &mut budget()).unread.len(), 1);
}
