//! Unicode's normalisation form C over texts that come in pieces: a text's hash is over this form (C2PA 2.4 §15.12.1.3.1), so
//! that a text stays what was signed when a program on its way spells `é` with one character instead of two.

use icu_normalizer::{ComposingNormalizerBorrowed, properties::CanonicalCombiningClassMapBorrowed};

/// Bytes that are held back at most. UAX #15 calls texts that need more than 30 marks in a row no texts.
const MAX_PENDING: usize = 64 * 1024;

/// Bytes of a text that are looked at together.
const PIECE: usize = 2048;

/// What is said of a text that was signed as it is, in another form.
pub(crate) const OTHER_FORM: &str = "the text is not in Unicode's form C and stays as it is: its hash is made over that form (C2PA 2.4 \
                                     §15.12.1.3.1), and programs that leave this out call the text changed";

/// Whether a text is in form C.
pub(crate) fn is_normal(text: &str) -> bool {
    let mut at = 0;
    while at < text.len() {
        let mut end = text.floor_char_boundary(at + PIECE).max(at + 1);
        if is_plain(&text.as_bytes()[at..end]) {
            at = end;
            continue;
        }
        // As long as pieces are not plain, and with the character before them, on which a mark may stand.
        while end < text.len() {
            let next = text.floor_char_boundary(end + PIECE);
            if is_plain(&text.as_bytes()[end..next]) {
                break;
            }
            end = next;
        }
        let before = text[..at].char_indices().next_back().map_or(0, |(before, _)| before);
        if !const { ComposingNormalizerBorrowed::new_nfc() }.is_normalized(&text[before..end]) {
            return false;
        }
        at = end;
    }
    true
}

/// Whether form KC has another character, or several, for this one, and form C has not.
pub(crate) fn is_compatible(character: char) -> bool {
    let mut bytes = [0; 4];
    let text = &*character.encode_utf8(&mut bytes);
    !const { ComposingNormalizerBorrowed::new_nfkc() }.is_normalized(text)
        && const { ComposingNormalizerBorrowed::new_nfc() }.is_normalized(text)
}

/// A text in form C.
pub(crate) fn normal(text: &str) -> std::borrow::Cow<'_, str> {
    match is_normal(text) {
        true => text.into(),
        false => const { ComposingNormalizerBorrowed::new_nfc() }.normalize(text),
    }
}

/// Whether all characters are of those that no other changes, nor is changed by, in form C: Latin up to U+02FF, Cyrillic up to U+04FF
/// without its marks, and the punctuation from U+2002 to U+203F. Most texts in those scripts are told from a few bits of each byte.
fn is_plain(text: &[u8]) -> bool {
    let odd = |byte: u8, next: u8, third: u8| {
        let lead = byte >= 0xcc && !(0xd0..=0xd3).contains(&byte) && byte != 0xe2;
        let mark = byte == 0xd2 && (0x83..=0x87).contains(&next);
        let sign = byte == 0xe2 && (next != 0x80 || third < 0x82);
        lead | mark | sign
    };
    let whole = text.windows(3).fold(false, |found, window| found | odd(window[0], window[1], window[2]));
    let tail = match *text {
        [] => false,
        [last] => odd(last, 0, 0),
        [.., before, last] => odd(before, last, 0) | odd(last, 0, 0),
    };
    !(whole | tail)
}

/// Normalises piece by piece: what a later piece may still change is held back.
#[derive(Debug, Default)]
pub(crate) struct Nfc {
    pending: String,
    /// The start of a character that is cut by the end of a piece.
    cut: Vec<u8>,
    /// Whether something was spelled otherwise than in form C.
    changed: bool,
}

impl Nfc {
    /// Takes the next bytes of a UTF-8 text, which may end within a character; `put` gets what is final.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], put: &mut impl FnMut(&[u8])) {
        while let (false, Some((&first, rest))) = (self.cut.is_empty(), bytes.split_first()) {
            self.cut.push(first);
            bytes = rest;
            match std::str::from_utf8(&self.cut) {
                Ok(character) => self.pending.push_str(character),
                Err(error) if error.error_len().is_none() => continue,
                // Callers have looked that it is UTF-8.
                Err(_) => {}
            }
            self.cut.clear();
        }
        for chunk in bytes.utf8_chunks() {
            self.pending.push_str(chunk.valid());
            self.cut = chunk.invalid().to_vec();
        }
        self.settle(put);
    }

    /// Takes the next characters.
    pub(crate) fn feed_str(&mut self, text: &str, put: &mut impl FnMut(&[u8])) {
        self.pending.push_str(text);
        self.settle(put);
    }

    /// The rest.
    pub(crate) fn finish(&mut self, put: &mut impl FnMut(&[u8])) {
        self.give(self.pending.len(), put);
    }

    /// Whether what was given is not what was taken.
    pub(crate) fn changed(&self) -> bool {
        self.changed
    }

    fn give(&mut self, end: usize, put: &mut impl FnMut(&[u8])) {
        let text = normal(&self.pending[..end]);
        self.changed |= matches!(text, std::borrow::Cow::Owned(_));
        put(text.as_bytes());
        self.pending.drain(..end);
    }

    fn settle(&mut self, put: &mut impl FnMut(&[u8])) {
        let mut last = self.pending.char_indices().rev();
        let border = last.find(|&(_, character)| starts_anew(character)).map(|(at, _)| at);
        let end = match border {
            Some(end) => end,
            None if self.pending.len() > MAX_PENDING => self.pending.len(),
            None => return,
        };
        if end > 0 {
            self.give(end, put);
        }
    }
}

/// Whether nothing in front of this character can change it, nor be changed by it: it is no mark, and no second half of a
/// composition.
fn starts_anew(character: char) -> bool {
    if character.is_ascii() {
        return true;
    }
    let second = matches!(u32::from(character),
        // Vowels and lengths of Indic scripts (UAX #15, quick check "maybe"), of scripts that Unicode 15 and 16 added, and
        // Tibetan signs that stand for two marks.
        0x09be | 0x09d7 | 0x0b3e | 0x0b56 | 0x0b57 | 0x0bbe | 0x0bd7 | 0x0cc2 | 0x0cd5 | 0x0cd6 | 0x0d3e | 0x0d57 | 0x0dcf
        | 0x0ddf | 0x0f73 | 0x0f75 | 0x0f81 | 0x102e | 0x1b35 | 0x11127 | 0x1133e | 0x11357 | 0x113b8 | 0x113bb | 0x113c2 | 0x113c5 | 0x113c7..=0x113c9
        | 0x114b0 | 0x114ba | 0x114bd | 0x115af | 0x11930 | 0x1611e..=0x16129 | 0x16d63..=0x16d6a
        // Vowels and final consonants of Hangul.
        | 0x1161..=0x1175 | 0x11a8..=0x11c2);
    !second && const { CanonicalCombiningClassMapBorrowed::new() }.get_u8(character) == 0
}

#[cfg(test)]
mod tests {
    use icu_normalizer::properties::{CanonicalCompositionBorrowed, CanonicalDecompositionBorrowed, Decomposed};

    use super::*;

    fn pieces(text: &str, len: usize) -> String {
        let (mut nfc, mut out) = (Nfc::default(), Vec::new());
        for piece in text.as_bytes().chunks(len) {
            nfc.feed(piece, &mut |bytes| out.extend_from_slice(bytes));
        }
        nfc.finish(&mut |bytes| out.extend_from_slice(bytes));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pieces_of_any_length_give_the_form_of_the_whole() {
        let text = "e\u{301}a\u{323}\u{302}\u{1112}\u{1161}\u{11ab} Жел\u{306} \u{9c7}\u{9be} क\u{93c} 가\u{11a8} \u{212b} \u{1100}\u{1161}й и\u{306}\u{323} 葛\u{e0100} 😀";
        assert!(!is_normal(text));
        for len in 1..40 {
            assert_eq!(pieces(text, len), normal(text), "{len}");
        }
        let long = text.repeat(5000);
        assert_eq!(pieces(&long, 65_537), normal(&long));
    }

    #[test]
    fn plain_characters_stay_whatever_stands_beside_them() {
        let mut plain = 0;
        for character in '\0'..=char::MAX {
            let text = character.to_string();
            if !is_plain(text.as_bytes()) {
                continue;
            }
            plain += 1;
            let quick = const { ComposingNormalizerBorrowed::new_nfc() }.is_normalized(&text);
            assert!(quick && starts_anew(character), "{character:?}");
            // None of them is the second half of a composition with a letter before it.
            assert!(CanonicalCompositionBorrowed::new().compose('a', character).is_none(), "{character:?}");
        }
        assert_eq!(plain, 0x300 + 0x100 - 5 + 0x3e);
    }

    #[test]
    fn a_text_of_many_pieces_is_normal_where_the_whole_is() {
        let whole = |text: &str| const { ComposingNormalizerBorrowed::new_nfc() }.is_normalized(text);
        for len in (2040..2056).chain(4088..4104).chain([1, 5000]) {
            let mut long = "Жел — ә ".repeat(len / 14);
            long.extend(std::iter::repeat_n('a', len - long.len()));
            for (middle, after) in
                [("e\u{301}", ""), ("\u{301}", "ж"), ("漢", "\u{301}"), ("한", "x"), ("и", "\u{306}"), ("", "")]
            {
                let text = format!("{long}{middle}{after}{long}");
                assert_eq!(
                    (is_normal(&text), normal(&text).len()),
                    (whole(&text), const { ComposingNormalizerBorrowed::new_nfc() }.normalize(&text).len()),
                    "{len} {middle:?}"
                );
            }
        }
    }

    #[test]
    fn no_border_lies_within_what_composes() {
        let decompose = CanonicalDecompositionBorrowed::new();
        let compose = CanonicalCompositionBorrowed::new();
        let mut seen = 0;
        for character in (0..=0x0010_ffffu32).filter_map(char::from_u32) {
            let (first, second) = match decompose.decompose(character) {
                Decomposed::Default => continue,
                Decomposed::Singleton(first) => (first, None),
                Decomposed::Expansion(first, second) => (first, Some(second)),
            };
            seen += 1;
            if let Some(second) = second.filter(|&second| compose.compose(first, second) == Some(character)) {
                assert!(!starts_anew(second), "{:x} in {:x}", u32::from(second), u32::from(character));
            }
            // What it is taken apart into begins where it begins.
            let start = normal_start(first, &decompose);
            assert!(!starts_anew(character) || starts_anew(start), "{:x}", u32::from(character));
        }
        assert!(seen > 13_000, "{seen}");
    }

    fn normal_start(character: char, decompose: &CanonicalDecompositionBorrowed) -> char {
        match decompose.decompose(character) {
            Decomposed::Default => character,
            Decomposed::Singleton(first) | Decomposed::Expansion(first, _) => normal_start(first, decompose),
        }
    }
}
