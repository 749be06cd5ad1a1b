//! What is hidden in a text in characters that show nothing, and faults of what carries a manifest in a text.

use serde_json::Value;

use super::{Detector, Evidence, Field};
use crate::report::{Class, Finding, Said, Statement, Technique, say};

pub(super) struct Hidden;

impl Detector for Hidden {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        evidence.fields.iter().filter_map(|field| hidden(field).or_else(|| status(field))).collect()
    }
}

fn about(field: &Field, class: Class, text: impl Into<Said>, value: &str) -> Finding {
    Finding::new(Technique::HiddenText, class, Statement::AboutTheLabel, text, value, field.place.clone())
}

fn hidden(field: &Field) -> Option<Finding> {
    Some(match field.key {
        "hidden variation selectors" => encypher(field).unwrap_or_else(|| {
            let text = "bytes are hidden in the text as variation selectors; tanba does not know what they say";
            about(field, Class::Hint, text, field.value)
        }),
        "hidden zero-width characters" => {
            let text = "characters without width are hidden in the text; they may carry a mark that tanba cannot read";
            about(field, Class::Hint, text, field.value)
        }
        "hidden tag characters" => {
            let text = "words are hidden in the text as tag characters: people do not see them, programs read them";
            about(field, Class::Hint, text, field.value)
        }
        "a C2PA wrapper" => {
            let text = "the manifest stands in characters that nobody sees: programs that clean up text remove them, and what is \
                        left is the notice";
            about(field, Class::Hint, text, field.value)
        }
        "text.notNfc" => {
            let text = "the text is not in Unicode's form C, over which its manifest is compared: programs that leave this out \
                        call the text changed";
            about(field, Class::Hint, text, field.value)
        }
        "text.compatible" => {
            let text = say!(
                "characters of the text that Unicode's form KC replaces by others: {}; programs that bring text into that form change \
                 them, and its manifest then no longer fits",
                field.value
            );
            about(field, Class::Hint, text, field.value)
        }
        "text.unseen" => {
            let text = say!(
                "characters without width that belong to the words, such as joiners within emoji and letters: {}; programs that \
                 remove the manifest remove them as well, and change the words",
                field.value
            );
            about(field, Class::Hint, text, field.value)
        }
        "a C2PA text wrapper" => {
            let text = "a signed text was pasted into the page; whether its manifest belongs to it was not checked";
            about(field, Class::Hint, text, field.value)
        }
        _ => return None,
    })
}

/// Encypher before C2PA had a carrier for text: a signed payload, as JSON with these four keys. Its public keys stand nowhere,
/// so that the signature cannot be checked.
fn encypher(field: &Field) -> Option<Finding> {
    let Ok(payload) = serde_json::from_str::<Value>(field.value) else { return cbor(field) };
    let part = |name: &str| payload.get(name).and_then(Value::as_str);
    let (Some(format), Some(signer)) = (part("format"), part("signer_id")) else { return None };
    payload.get("payload").and(part("signature"))?;
    let inner = payload.get("payload")?;
    let model = inner.get("model_id").or_else(|| inner.get("manifest")?.get("ai_info")?.get("model_id"));
    let shown = format!("format {format}, signer {signer}");
    Some(match model.and_then(Value::as_str) {
        Some(model) => {
            let text = say!("a hidden label of Encypher names the AI model {}; its signature was not checked", model);
            Finding::new(Technique::HiddenText, Class::Declared, Statement::FullyAi, text, &shown, field.place.clone())
                .with_system(model)
        }
        None => {
            let text = "a hidden label of Encypher stands in the text; its signature was not checked";
            about(field, Class::Declared, text, &shown)
        }
    })
}

/// The same as CBOR: a map with the text strings `format` and `signer_id` (RFC 8949, 3.1).
fn cbor(field: &Field) -> Option<Finding> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let bytes = BASE64_STANDARD.decode(field.value.strip_prefix("data:;base64,")?).ok()?;
    let map = bytes.first().is_some_and(|byte| byte >> 5 == 5);
    let has = |name: &[u8]| memchr::memmem::find(&bytes, name).is_some();
    let text = "a hidden label of Encypher stands in the text; its signature was not checked";
    (map && has(b"\x66format") && has(b"\x69signer_id")).then(|| about(field, Class::Declared, text, "CBOR"))
}

/// C2PA status codes of text carriers: 2.4 §15.12.
fn status(field: &Field) -> Option<Finding> {
    let text = match field.key {
        "manifest.text.corruptedWrapper" => "a C2PA manifest hidden in the text is damaged",
        "manifest.text.multipleWrappers" => "several C2PA manifests are hidden in the text; one is allowed",
        "manifest.html.multipleManifests" => "the page names several C2PA manifests; one is allowed",
        "manifest.structuredText.multipleReferences" => "the text names several C2PA manifests; one is allowed",
        "manifest.structuredText.emptyReference" => "the text has marks for a C2PA manifest, and none between them",
        "manifest.structuredText.malformedReference" => "what stands between the marks for a C2PA manifest is none",
        _ => return None,
    };
    let value = format!("{} {}", field.key, field.value);
    let says = Statement::AboutTheLabel;
    Some(Finding::new(Technique::C2pa, Class::Declared, says, text, value.trim(), field.place.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str) -> Finding {
        let key = "hidden variation selectors";
        let fields = &[Field { technique: Technique::Text, key, value, place: "here".into() }];
        Hidden.detect(&Evidence { fields, ..Evidence::default() }).remove(0)
    }

    #[test]
    fn an_encypher_label_is_declared_and_other_bytes_are_a_hint() {
        let label = r#"{"payload":{"model_id":"gpt-4o","timestamp":"2025-05-01T00:00:00Z"},"signature":"x","signer_id":"s","format":"basic"}"#;
        let found = one(label);
        assert_eq!(
            (found.class, found.says, found.system.as_deref()),
            (Class::Declared, Statement::FullyAi, Some("gpt-4o"))
        );
        let found = one(&label.replace("\"model_id\":\"gpt-4o\",", ""));
        assert_eq!((found.class, found.says, found.system), (Class::Declared, Statement::AboutTheLabel, None));
        let cbor = b"\xa2\x66format\x65basic\x69signer_id\x61x\xff";
        let cbor = format!("data:;base64,{}", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, cbor));
        assert_eq!(one(&cbor).class, Class::Declared);
        for other in ["{\"format\":\"basic\"}", "sixteen letters!", "data:;base64,/////w=="] {
            assert_eq!((one(other).class, one(other).says), (Class::Hint, Statement::AboutTheLabel), "{other}");
        }
    }
}
