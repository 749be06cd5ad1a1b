//! What a page says about itself in its markup. The walk over the page leaves these fields: `ai-disclosure` and `ai-generated`
//! of `meta` elements, `ai-disclosure attribute` (as JSON, with its element), `JSON-LD`, `c2pa-manifest`, the address of a
//! manifest, and `c2pa-manifest-id`, its name in a text.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Detector, Evidence, Field};
use crate::report::{Class, Finding, Said, Statement, Technique};

pub(super) struct Html;

impl Detector for Html {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let fields = evidence.fields;
        let mut found: Vec<_> = fields.iter().filter_map(meta).collect();
        found.extend(fields.iter().filter_map(address));
        found.extend(fields.iter().filter_map(name));
        found.extend(attributes(fields));
        found.extend(fields.iter().flat_map(linked_data));
        // A page may say the same a thousand times; where it says so first is enough.
        let mut seen = BTreeSet::new();
        found.retain(|finding| seen.insert((finding.text.clone(), finding.value.clone())));
        found
    }
}

fn finding(field: &Field, says: Statement, text: impl Into<Said>, value: &str) -> Finding {
    Finding::new(Technique::Html, Class::Declared, says, text, value, field.place.clone())
}

/// What a value of `ai-disclosure` says: the W3C AI Content Disclosure Community Group's draft.
fn disclosure(value: &str) -> Option<Statement> {
    Some(match value.trim().to_ascii_lowercase().as_str() {
        "ai-generated" | "autonomous" => Statement::FullyAi,
        "ai-assisted" | "mixed" => Statement::PartlyAi,
        "none" => Statement::NotAi,
        _ => return None,
    })
}

fn meta(field: &Field) -> Option<Finding> {
    let says = if field.is("ai-disclosure") {
        disclosure(field.value)
    } else if field.is("ai-generated") {
        match field.value.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" | "full" | "fully" | "ai-generated" => Some(Statement::FullyAi),
            "partial" | "partially" | "partly" | "mixed" | "assisted" | "ai-assisted" => Some(Statement::PartlyAi),
            "false" | "no" | "0" | "none" => Some(Statement::NotAi),
            _ => None,
        }
    } else {
        return None;
    };
    let text = match says {
        Some(Statement::FullyAi) => "the page says of itself: made by AI",
        Some(Statement::PartlyAi) => "the page says of itself: AI made or changed a part of it",
        Some(_) => "the page says of itself: made without AI",
        None => "the page says something about AI that is in no known list",
    };
    Some(finding(field, says.unwrap_or(Statement::AboutTheLabel), text, field.value))
}

fn address(field: &Field) -> Option<Finding> {
    let text = "a signed label is said to stand at another address, which was not visited";
    let (technique, class) = (Technique::C2pa, Class::Declared);
    let finding = || Finding::new(technique, class, Statement::AboutTheLabel, text, field.value, field.place.clone());
    field.is("c2pa-manifest").then(finding)
}

/// The label of a manifest in a notice (C2PA 2.4 §8.2).
fn name(field: &Field) -> Option<Finding> {
    let text = "the text names a C2PA manifest; the name alone proves nothing";
    let (technique, class) = (Technique::C2pa, Class::Declared);
    let finding = || Finding::new(technique, class, Statement::AboutTheLabel, text, field.value, field.place.clone());
    field.is("c2pa-manifest-id").then(finding)
}

/// One finding for each thing that elements say, at the first of them: a page may say it of a thousand comments.
fn attributes(fields: &[Field]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let mut seen = Vec::new();
    for field in fields.iter().filter(|field| field.is("ai-disclosure attribute")) {
        let Ok(said) = serde_json::from_str::<Value>(field.value) else { continue };
        let part = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        let (element, value) = (part("element"), part("value"));
        let page = matches!(element, "html" | "body");
        let (says, text) = match disclosure(value) {
            Some(says) if page && says.is_ai() => (says, "the page says of itself that AI took part"),
            Some(Statement::NotAi) if page => (Statement::NotAi, "the page says of itself: made without AI"),
            Some(says) if says.is_ai() => (Statement::PartlyAi, "a part of the page says of itself that AI took part"),
            Some(_) => (Statement::AboutTheLabel, "a part of the page says of itself: made without AI"),
            None => (Statement::AboutTheLabel, "a part of the page says something about AI that is in no known list"),
        };
        if seen.contains(&(says, text)) {
            continue;
        }
        seen.push((says, text));
        let system: Vec<_> = [part("provider"), part("model")].into_iter().filter(|name| !name.is_empty()).collect();
        let finding = finding(field, says, text, value);
        found.push(if system.is_empty() || !says.is_ai() { finding } else { finding.with_system(system.join(" ")) });
    }
    found
}

/// schema.org's `digitalSourceType`, wherever it stands in the data.
fn linked_data(field: &Field) -> Vec<Finding> {
    if !field.is("JSON-LD") {
        return Vec::new();
    }
    let Ok(data) = serde_json::from_str::<Value>(field.value) else { return Vec::new() };
    let mut found: Vec<Finding> = Vec::new();
    let mut open = vec![&data];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values.iter().rev()),
            Value::Object(object) => {
                open.extend(object.values().rev());
                let named = |(name, _): &(&String, &Value)| local(name) == "digitalSourceType";
                for (_, types) in object.iter().filter(named) {
                    let types = match types {
                        Value::Array(types) => types.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    let media = object.get("@type").is_some_and(is_media);
                    let types = types.iter().filter_map(|one| one.as_str().or_else(|| one.get("@id")?.as_str()));
                    found.extend(types.map(|source| source_type(field, source, media)));
                }
            }
            _ => {}
        }
    }
    found
}

fn local(name: &str) -> &str {
    name.rsplit(['/', ':', '#']).next().unwrap_or(name)
}

/// Whether an object is something on the page, not the page.
fn is_media(kind: &Value) -> bool {
    let is =
        |kind: &str| matches!(local(kind), "ImageObject" | "VideoObject" | "AudioObject" | "MediaObject" | "3DModel");
    match kind {
        Value::String(kind) => is(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is),
        _ => false,
    }
}

fn source_type(field: &Field, source: &str, media: bool) -> Finding {
    let says = Statement::of_source_type(source).or_else(|| Statement::of_source_type(&term(source)?));
    let (says, text) = match (says, media) {
        (None, _) => (Statement::AboutTheLabel, "the page names a digital source type that is in no known list"),
        (Some(says), false) if says.is_ai() => (says, "the page's data says: AI made or changed it"),
        (Some(says), false) => (says, "the page's data says where it comes from"),
        (Some(says), true) if says.is_ai() => {
            (Statement::PartlyAi, "the page's data says: AI made or changed a picture, sound or video on it")
        }
        (Some(_), true) => {
            (Statement::AboutTheLabel, "the page's data says where a picture, sound or video on it comes from")
        }
    };
    finding(field, says, text, source)
}

/// IPTC's term in schema.org's name for it: `TrainedAlgorithmicMediaDigitalSource` is `trainedAlgorithmicMedia`.
fn term(source: &str) -> Option<String> {
    const LISTS: [&str; 3] = ["https://schema.org/", "http://schema.org/", "schema:"];
    let name = LISTS.iter().find_map(|list| source.strip_prefix(list)).unwrap_or(source);
    let name = name.strip_suffix("DigitalSource")?;
    let mut characters = name.chars();
    let first = characters.next()?.to_ascii_lowercase();
    Some(std::iter::once(first).chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(key: &str, value: &str) -> Vec<Statement> {
        let field = Field { technique: Technique::Text, key, value, place: "here".into() };
        Html.detect(&Evidence { fields: &[field], ..Evidence::default() })
            .into_iter()
            .map(|finding| finding.says)
            .collect()
    }

    #[test]
    fn schema_org_names_iptc_terms() {
        use Statement::*;
        let data = |kind: &str, source: &str| {
            let data = serde_json::json!({ "@graph": [{ "@type": kind, "digitalSourceType": source }] });
            says("JSON-LD", &data.to_string())
        };
        let trained = "https://schema.org/TrainedAlgorithmicMediaDigitalSource";
        assert_eq!(data("NewsArticle", trained), [FullyAi]);
        assert_eq!(data("ImageObject", trained), [PartlyAi]);
        assert_eq!(data("Article", "schema:CompositeWithTrainedAlgorithmicMediaDigitalSource"), [PartlyAi]);
        assert_eq!(
            data("Article", "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"),
            [FullyAi]
        );
        assert_eq!(data("Article", "https://schema.org/MinorHumanEditsDigitalSource"), [NotAi]);
        assert_eq!(data("ImageObject", "DigitalCaptureDigitalSource"), [AboutTheLabel]);
        assert_eq!(data("Article", "https://schema.org/SomethingElse"), [AboutTheLabel]);
        assert!(says("JSON-LD", "{\"description\":\"digitalSourceType: trainedAlgorithmicMedia\"}").is_empty());
        assert!(says("JSON-LD", "{ not JSON").is_empty());
    }

    #[test]
    fn each_value_says_what_it_says() {
        use Statement::*;
        for (value, wanted) in [
            ("none", NotAi),
            ("AI-assisted", PartlyAi),
            ("ai-generated", FullyAi),
            ("autonomous", FullyAi),
            ("?", AboutTheLabel),
        ] {
            assert_eq!(says("ai-disclosure", value), [wanted], "{value}");
        }
        for (value, wanted) in [("true", FullyAi), ("partial", PartlyAi), ("false", NotAi), ("maybe", AboutTheLabel)] {
            assert_eq!(says("ai-generated", value), [wanted], "{value}");
        }
        let attribute = |element: &str, value: &str| {
            says("ai-disclosure attribute", &serde_json::json!({ "element": element, "value": value }).to_string())
        };
        assert_eq!(
            (attribute("body", "autonomous"), attribute("aside", "autonomous")),
            (vec![FullyAi], vec![PartlyAi])
        );
        assert_eq!((attribute("html", "none"), attribute("aside", "none")), (vec![NotAi], vec![AboutTheLabel]));
    }
}
