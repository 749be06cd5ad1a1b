//! JSON that is written again as Python's `json.dumps` does by default: members in their order, `", "` and `": "` between,
//! everything but ASCII as `\u` escapes. Signatures are over these very bytes.

use std::{collections::HashMap, fmt};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Removes a member.
    pub(super) fn take(&mut self, key: &str) -> Option<Self> {
        let Self::Object(members) = self else { return None };
        let at = members.iter().position(|(name, _)| name == key)?;
        Some(members.remove(at).1)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Float(value) => float(*value, f),
            Self::Text(text) => string(text, f),
            Self::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if at == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { ", " })?;
                    string(name, f)?;
                    write!(f, ": {value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

/// As Python's `repr`: the shortest digits, with an exponent below 1e-4 and from 1e16 on.
fn float(value: f64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return write!(f, "{plain}{}", if plain.contains('.') { "" } else { ".0" });
    }
    write!(f, "{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

fn string(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            ' '..='\u{7f}' => write!(f, "{character}")?,
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(f, "\\u{unit:04x}")?;
                }
            }
        }
    }
    f.write_str("\"")
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        // As a `dict`: a name that comes again keeps its place and gets the new value.
        let (mut members, mut places) = (Vec::<(String, Json)>::new(), HashMap::<String, usize>::new());
        while let Some((name, value)) = entries.next_entry::<String, Json>()? {
            match places.get(&name) {
                Some(&at) => members[at].1 = value,
                None => {
                    places.insert(name.clone(), members.len());
                    members.push((name, value));
                }
            }
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right column is what CPython 3.11 prints for `json.dumps(json.loads(left))`.
    #[test]
    fn the_bytes_are_pythons() {
        let table = [
            (r#"{"b":1,"a":[1,2,{}],"b":null}"#, r#"{"b": null, "a": [1, 2, {}]}"#),
            (
                r#"{"scale":10.0,"cfg":5,"noise":0.0,"minus":-0.0}"#,
                r#"{"scale": 10.0, "cfg": 5, "noise": 0.0, "minus": -0.0}"#,
            ),
            (
                r#"[1e-5,0.0001,1.5e15,1e16,1.25e-7,123456789012345680.0]"#,
                r#"[1e-05, 0.0001, 1500000000000000.0, 1e+16, 1.25e-07, 1.2345678901234568e+17]"#,
            ),
            (r#"[18446744073709551615,-9223372036854775808]"#, r#"[18446744073709551615, -9223372036854775808]"#),
            (r#""a\/b\u0041\t\u0007\u007f\"\\""#, "\"a/bA\\t\\u0007\u{7f}\\\"\\\\\""),
            ("\"猫 😀 é\"", r#""\u732b \ud83d\ude00 \u00e9""#),
            ("[true,false,[],\"\"]", "[true, false, [], \"\"]"),
        ];
        for (text, expected) in table {
            assert_eq!(Json::parse(text).unwrap().to_string(), expected, "{text}");
        }
        assert_eq!(Json::parse("NaN"), None);
        assert_eq!(Json::parse(&"[".repeat(10_000)), None);
    }
}
