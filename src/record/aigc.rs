//! China's `AIGC` metadata: GB 45438-2025, Annex E.

use serde_json::Value;

use super::Record;
use crate::report::Statement;

/// The namespace of the XMP property `AIGC` (TC260-PG-20259A).
pub(super) const NAMESPACE: &str = "http://www.tc260.org.cn/ns/AIGC/1.0/";

/// The value: seven strings in this order. On the first write the propagator is the producer (note 1).
pub(super) fn json(record: &Record) -> String {
    let (producer, id) = (legal(&record.provider), record.id);
    format!(
        r#"{{"Label":"1","ContentProducer":"{producer}","ProduceID":"{id}","ReservedCode1":"","ContentPropagator":"{producer}","PropagateID":"{id}","ReservedCode2":""}}"#
    )
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
        "1" => Statement::FullyAi,
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
