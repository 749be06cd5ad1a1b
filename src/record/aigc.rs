//! China's `AIGC` metadata: GB 45438-2025, Annex E.

use serde_json::Value;

use super::Record;
use crate::report::{CONTRADICTION, Class, Finding, Said, Statement, Technique, say};

/// The namespace of the XMP property `AIGC` (TC260-PG-20259A).
pub(super) const NAMESPACE: &str = "http://www.tc260.org.cn/ns/AIGC/1.0/";
/// Another namespace in which the same JSON is found, in the property `Info`.
pub(super) const DIALECT: &str = "http://cvdca.org.cn/ns/aigc/1.0/";

/// The value: seven strings in this order. On the first write the propagator is the producer (note 1).
pub(crate) fn pairs(record: &Record) -> [(&'static str, String); 7] {
    let (producer, id) = (legal(&record.provider), record.id.to_string());
    [
        ("Label", "1".into()),
        ("ContentProducer", producer.clone()),
        ("ProduceID", id.clone()),
        ("ReservedCode1", String::new()),
        ("ContentPropagator", producer),
        ("PropagateID", id),
        ("ReservedCode2", String::new()),
    ]
}

/// The same as JSON: no character in it needs an escape.
pub(crate) fn json(record: &Record) -> String {
    let pairs = pairs(record).map(|(name, value)| format!("\"{name}\":\"{value}\""));
    format!("{{{}}}", pairs.join(","))
}

/// Percent-encodes what Annex E j) does not allow: everything but 0x21, 0x23–0x5B, 0x5D–0x7E; and `%` itself.
fn legal(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'%' => encoded.push_str("%25"),
            0x21 | 0x23..=0x5b | 0x5d..=0x7e => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// A label that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Aigc {
    pub(super) says: Statement,
    pub(super) producer: String,
    pub(super) id: String,
    /// A signature or the like stands in a reserved field; it is not checked.
    pub(super) sealed: bool,
}

/// Longer values are no labels: Tencent allows 2048 characters a field.
const MAX_LEN: usize = 64 * 1024;

/// Reads the inner form, the wrapped form `{"AIGC":{…}}`, and `AIGC{…}`; `None` where it is something else.
pub(super) fn read(text: &str) -> Option<Aigc> {
    let text = text.trim().trim_start_matches("AIGC").trim_start();
    if text.len() > MAX_LEN || !text.starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let inner = match value.get("AIGC") {
        // Some writers put the inner object in as a string.
        Some(Value::String(inner)) => serde_json::from_str(inner).ok()?,
        Some(inner) => inner.clone(),
        None => value,
    };
    let field = |name: &str| match inner.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let says = match field("Label")?.trim() {
        // The word itself is what the agents of MiniMax write.
        "1" | "AIGC" => Statement::FullyAi,
        "2" | "3" => Statement::PossiblyAi,
        _ => return None,
    };
    // `Label` alone stands in any JSON: one more field of the standard makes it this label.
    const OTHERS: [&str; 4] = ["ContentProducer", "ProduceID", "ContentPropagator", "PropagateID"];
    if !OTHERS.iter().any(|name| inner.get(name).is_some()) {
        return None;
    }
    let sealed = ["ReservedCode1", "ReservedCode2"]
        .iter()
        .any(|name| inner.get(name).is_some_and(|value| !matches!(value, Value::Null) && value != ""));
    let producer = field("ContentProducer").unwrap_or_default();
    Some(Aigc { says, producer, id: field("ProduceID").unwrap_or_default(), sealed })
}

/// A label and where it was found.
pub(super) struct Label {
    pub(super) label: Aigc,
    pub(super) value: String,
    pub(super) place: String,
}

/// The label in a text field: of that name, or wherever the JSON says what it is. Without either, `Label` is a word.
pub(super) fn in_text(key: &str, value: &str, place: &str) -> Option<Label> {
    let start = value.trim_start();
    let says = start.starts_with("AIGC")
        || start.starts_with('{')
            && ["\"AIGC\"", "\"ContentProducer\"", "\"ProduceID\""].iter().any(|name| start.contains(name));
    if !key.eq_ignore_ascii_case("AIGC") && !says {
        return None;
    }
    Some(Label { label: read(value)?, value: value.to_owned(), place: place.to_owned() })
}

/// What the labels say, and what is wrong when there are several.
pub(super) fn findings(labels: &[Label]) -> Vec<Finding> {
    labels.iter().map(finding).chain(more_than_one(labels)).collect()
}

fn finding(Label { label, value, place }: &Label) -> Finding {
    let (producer, fully) = (&label.producer, label.says == Statement::FullyAi);
    let text: Said = match (fully, producer.is_empty(), label.sealed) {
        (true, true, false) => "China's AIGC label says: made or composed by AI".into(),
        (true, true, true) => {
            "China's AIGC label says: made or composed by AI; it carries a signature that was not checked".into()
        }
        (true, false, false) => say!("China's AIGC label says: made or composed by AI; produced by {}", producer),
        (true, false, true) => say!(
            "China's AIGC label says: made or composed by AI; produced by {}; it carries a signature that was not checked",
            producer
        ),
        (false, true, false) => "China's AIGC label says: may be made by AI".into(),
        (false, true, true) => {
            "China's AIGC label says: may be made by AI; it carries a signature that was not checked".into()
        }
        (false, false, false) => say!("China's AIGC label says: may be made by AI; produced by {}", producer),
        (false, false, true) => say!(
            "China's AIGC label says: may be made by AI; produced by {}; it carries a signature that was not checked",
            producer
        ),
    };
    Finding::new(Technique::Aigc, Class::Declared, label.says, text, value, place.clone())
}

/// GB 45438-2025, 6.1 c) allows one label in a file.
fn more_than_one(labels: &[Label]) -> Option<Finding> {
    let [first, second, ..] = labels else { return None };
    let key = |label: &Aigc| (label.says, label.producer.clone(), label.id.clone());
    let about = |technique, text: Said, value: &str, place: &str| {
        Finding::new(technique, Class::Declared, Statement::AboutTheLabel, text, value, place)
    };
    Some(match labels.iter().find(|other| key(&other.label) != key(&first.label)) {
        Some(other) => about(
            Technique::Comparison,
            say!("contradiction: two AIGC labels differ, {} and {}", first.place, other.place),
            &format!("{} / {}", first.place, other.place),
            CONTRADICTION,
        ),
        None => {
            let text = "the AIGC label stands in the file more than once; one is allowed";
            about(Technique::Aigc, text.into(), "", &second.place)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_legal_strings_in_order() {
        let record = Record { provider: "ТОО «Ақ Бұлт» 100% \"\\".into(), ..Record::example() };
        let json = json(&record);
        let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&json).unwrap();
        for value in value.values() {
            let legal = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
            assert!(value.as_str().unwrap().bytes().all(legal), "{value}");
        }
        let keys = [
            "Label",
            "ContentProducer",
            "ProduceID",
            "ReservedCode1",
            "ContentPropagator",
            "PropagateID",
            "ReservedCode2",
        ];
        let mut at = 0;
        for key in keys {
            at += json[at..].find(&format!("\"{key}\":")).expect(key);
        }
        assert_eq!(value.len(), keys.len());
        assert_eq!(value["ContentProducer"], value["ContentPropagator"]);
        assert_eq!(value["PropagateID"], record.id.to_string());
        assert!(value["ContentProducer"].as_str().unwrap().ends_with("%20100%25%20%22%5C"));
    }
}
