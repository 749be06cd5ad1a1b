//! NovelAI: PNG texts, or the same in the EXIF of WebP, or hidden in the alpha channel; with a signature over the pixels and
//! the settings, which is checked.

mod signature;

use self::signature::{Outcome, check};
use super::{Detector, Evidence, Field};
use crate::report::{Class, Finding};

pub(super) struct NovelAi;

/// NovelAI's Ed25519 key, as published (NovelAI/novelai-image-metadata, `nai_sig.py`), in Base64.
const KEY: &str = "Y2JcQAOhLwzwSDUJPNgL04nS0Tbqm7cSRc4xk0vRMic=";

impl Detector for NovelAi {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        detect(evidence, KEY)
    }
}

fn detect(evidence: &Evidence, key: &str) -> Vec<Finding> {
    let mut found: Vec<_> = names(evidence.fields).into_iter().collect();
    for field in evidence.fields.iter().filter(|field| field.is_one_of(&["Comment", "UserComment"])) {
        let Some((outcome, signed)) = check(field.value, evidence.pixels.as_ref(), key) else { continue };
        let shown = format!("signed_hash: {signed}");
        found.push(match outcome {
            Outcome::Fits => {
                let text = "NovelAI signed these pixels and settings: made by AI; tanba knows NovelAI's published key, \
                            no trust list names it";
                field.finding(Class::Proven, text, &shown).with_system("NovelAI")
            }
            Outcome::DoesNotFit => field.about(
                "NovelAI's signature does not fit: the picture or its settings were changed, or it is a copy from another",
                &shown,
            ),
            Outcome::NotChecked(why) => field.about(why, &shown),
        });
    }
    found
}

/// The words that NovelAI puts beside every picture.
fn names(fields: &[Field]) -> Option<Finding> {
    let source = |value: &str| value.starts_with("Stable Diffusion ") || value.starts_with("NovelAI Diffusion");
    let software = fields.iter().find(|field| field.is("Software") && field.value.trim() == "NovelAI");
    // In EXIF, the source stands as the software and the title as the name of the document.
    let model = fields.iter().find(|field| field.is_one_of(&["Source", "Software"]) && source(field.value));
    let titled = fields.iter().any(|field| {
        field.is_one_of(&["Title", "DocumentName"])
            && matches!(field.value.trim(), "AI generated image" | "NovelAI generated image")
    });
    let field = software.or(model.filter(|_| titled))?;
    Some(field.hint("NovelAI", field.value))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{
        Format, Limits, Size,
        limits::Budget,
        record::{Pixels, exif, wild::hidden},
        report::{Statement, Technique},
    };

    /// The public half of the key by which `fixtures/wild/make.py` signs, in NovelAI's stead.
    const OURS: &str = "qPZ56CuQ1WDlIxOsj6Ve6zvG5bg4owIDM89i6rlONKU=";

    /// What is found in a fixture, judged by `key`.
    fn found(name: &str, key: &str) -> Vec<Finding> {
        let path = format!("{}/fixtures/wild/{name}", env!("CARGO_MANIFEST_DIR"));
        let mut source = Cursor::new(std::fs::read(path).unwrap());
        let mut budget = Budget::new(&Limits::default());
        let handler = Format::sniff(&mut source).unwrap().handler();
        let survey = handler.survey(&mut source, &mut budget).unwrap();
        let rgba = handler.rgba(&mut source, &survey, &mut budget).unwrap();
        let shown = handler.picture(&mut source, &survey, &mut budget).unwrap().unwrap();
        let size = Size { width: shown.size.width, height: shown.size.height };
        let pixels = match &rgba {
            Some(rgba) => Pixels::new(size, 4, rgba, false),
            None => Pixels::new(size, 3, &shown.rgb, false),
        };
        let mut texts: Vec<(String, String)> =
            survey.texts.iter().map(|text| (text.key.clone(), text.value.clone())).collect();
        for block in &survey.exif {
            let tags = exif::fields(&block.bytes, &mut budget).0;
            texts.extend(tags.into_iter().map(|tag| (tag.name.to_owned(), tag.value)));
        }
        if let Some(found) = hidden(pixels.as_ref().unwrap(), &mut budget) {
            texts.extend(found.unwrap().fields);
        }
        let field = |(key, value): &'static (String, String)| Field {
            technique: Technique::Text,
            key,
            value,
            place: key.clone(),
        };
        // Leaked: a test's few bytes.
        let texts: &'static Vec<(String, String)> = Box::leak(Box::new(texts));
        let fields: Vec<_> = texts.iter().map(field).collect();
        detect(&Evidence { fields: &fields, pixels, ..Evidence::default() }, key)
    }

    /// Python's `cryptography` signed over what Python's `json` and numpy wrote.
    #[test]
    fn signatures_over_pixels_and_settings_are_checked() {
        for name in ["novelai.png", "novelai.webp", "novelai-stealth.png", "novelai-stealth.webp"] {
            let proven = |key| found(name, key).into_iter().find(|finding| finding.class == Class::Proven);
            let finding = proven(OURS).unwrap_or_else(|| panic!("{name}: {:#?}", found(name, OURS)));
            assert_eq!((finding.says, finding.system.as_deref()), (Statement::FullyAi, Some("NovelAI")), "{name}");
            assert!(proven(KEY).is_none(), "{name}: another key");
        }
        for name in ["novelai-changed.png", "novelai-unsigned.png"] {
            assert!(found(name, OURS).iter().all(|finding| finding.class != Class::Proven), "{name}");
        }
        let changed = found("novelai-changed.png", OURS);
        assert!(changed.iter().any(|finding| finding.text.contains("does not fit")), "{changed:#?}");
    }

    #[test]
    fn signatures_that_are_none_do_not_fit() {
        let pixels = Pixels::new(Size { width: 1, height: 1 }, 3, &[0; 3], false);
        for written in ["", "!!", "AAAA", "\u{1F319}"] {
            let comment = format!(r#"{{"signed_hash":"{written}"}}"#);
            assert_eq!(check(&comment, pixels.as_ref(), KEY).unwrap().0, Outcome::DoesNotFit, "{written}");
        }
        for comment in ["signed_hash", "{\"a\":\"signed_hash\"}", "{\"signed_hash\":1}", "[\"signed_hash\"]"] {
            assert_eq!(check(comment, pixels.as_ref(), KEY), None, "{comment}");
        }
    }
}
