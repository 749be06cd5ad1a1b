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
