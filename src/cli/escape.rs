//! Text from files is untrusted: nothing of it may move the cursor, colour the screen or turn the reading direction.

use std::fmt::Write as _;

/// Makes `text` safe for one line of a terminal: what could act on the terminal or hide stands there as `\u{…}`.
pub(super) fn line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            _ if acts(character) => safe.extend(character.escape_unicode()),
            _ => safe.push(character),
        }
    }
    safe
}

/// Serialised JSON with the same characters as `\uXXXX`: outside its strings JSON is plain ASCII, so this keeps its
/// meaning.
pub(super) fn json(serialised: &str) -> String {
    let mut safe = String::with_capacity(serialised.len());
    for character in serialised.chars() {
        if character != '\n' && acts(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Control characters (C0 with ESC, DEL, C1 with the 8-bit CSI), line separators, bidirectional controls (UAX #9), and
/// characters that show nothing but carry data (tags, variation selectors, zero-width space, BOM). The joiners U+200C
/// and U+200D stay: Persian and emoji need them.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_act_on_the_terminal() {
        assert_eq!(line("OpenAI\u{1b}[2J\u{202e}gpj.exe\u{9b}1m\n"), r"OpenAI\u{1b}[2J\u{202e}gpj.exe\u{9b}1m\n");
        assert_eq!(line("ЖИ көмегімен — AI生成 🙂"), "ЖИ көмегімен — AI生成 🙂");
    }

    #[test]
    fn json_means_the_same_after_escaping() {
        let value = serde_json::json!({ "signer": "a\u{202e}b\u{9b}\u{7f}\u{e0041}\u{1b}" });
        let safe = json(&value.to_string());
        assert!(safe.is_ascii());
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }
}
