//! China's `AIGC` metadata: GB 45438-2025, Annex E.

use super::Record;

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
