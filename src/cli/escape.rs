//! Text from files is untrusted: nothing of it may move the cursor, colour the screen or turn the reading direction.

use std::fmt::Write as _;

pub(super) use tanba::escape::line;

/// Serialised JSON with the same characters as `\uXXXX`: outside its strings JSON is plain ASCII, so this keeps its
/// meaning.
pub(super) fn json(serialised: &str) -> String {
    let mut safe = String::with_capacity(serialised.len());
    for character in serialised.chars() {
        if character != '\n' && tanba::escape::acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_after_escaping() {
        let value = serde_json::json!({ "signer": "a\u{202e}b\u{9b}\u{7f}\u{e0041}\u{1b}" });
        let safe = json(&value.to_string());
        assert!(safe.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }
}
