//! Text from files is untrusted: nothing of it may move the cursor, colour the screen, turn the reading direction, or hide.
//!
//! ```
//! assert_eq!(tanba::escape::line("OpenAI\u{1b}[2J"), r"OpenAI\u{1b}[2J");
//! ```

/// Makes `text` safe for one line of a terminal or a page: what could act or hide stands there as `\u{…}`, line breaks and
/// tabs as `\n`, `\r`, `\t`. HTML needs its own characters escaped besides.
pub fn line(text: &str) -> String {
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

/// Whether a character acts instead of being seen: control characters (C0 with ESC, DEL, C1 with the 8-bit CSI), line
/// separators, bidirectional controls (UAX #9), and characters that show nothing but carry data (tags, variation
/// selectors, zero-width space, BOM). The joiners U+200C and U+200D do not count: Persian and emoji need them.
pub fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_act() {
        assert_eq!(line("OpenAI\u{1b}[2J\u{202e}gpj.exe\u{9b}1m\n"), r"OpenAI\u{1b}[2J\u{202e}gpj.exe\u{9b}1m\n");
        assert_eq!(line("ЖИ көмегімен — AI生成 🙂"), "ЖИ көмегімен — AI生成 🙂");
    }
}
