//! Characters that show nothing: where they carry something, and where they belong to what is written.
//!
//! Variation selectors choose a glyph (Unicode 16, 23.4), joiners join letters and emoji (23.2), tags spell the flags of
//! regions (23.9). One such character in its place is writing; long runs of them are bytes.

use std::ops::Range;

/// Bytes that selectors in odd places must spell before they are called a payload: below that they are slips of editors.
const MIN_SELECTORS: usize = 16;
/// Zero-width characters in one run: no script needs as many.
const MIN_RUN: usize = 16;
/// Zero-width characters strewn over a text, and how many of them must be of a second kind: one bit needs two.
const MIN_STREWN: usize = 64;
const MIN_SECOND: usize = 16;

/// The mark before the selectors of a C2PA wrapper: C2PA 2.4 §A.8.
pub(crate) const WRAPPER_MARK: char = '\u{feff}';
/// What a wrapper starts with.
pub(crate) const WRAPPER_MAGIC: [u8; 8] = *b"C2PATXT\0";

/// Selectors that spell a C2PA wrapper.
#[derive(Debug)]
pub(crate) struct Wrapper {
    /// From the mark to the end of the run, in bytes of the text.
    pub(crate) range: Range<usize>,
    pub(crate) bytes: Vec<u8>,
}

/// Characters of one kind that are hidden in a text.
#[derive(Debug, Default)]
pub(crate) struct Hidden {
    /// The first of them, in bytes of the text.
    pub(crate) at: usize,
    pub(crate) count: usize,
    /// What selectors and tags spell.
    pub(crate) bytes: Vec<u8>,
}

impl Hidden {
    fn add(&mut self, at: usize, bytes: &[u8], count: usize) {
        if self.count == 0 {
            self.at = at;
        }
        self.count += count;
        self.bytes.extend_from_slice(bytes);
    }
}

/// Reads a text piece by piece; what stands in two pieces belongs together, but no run crosses their border.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) wrappers: Vec<Wrapper>,
    selectors: Hidden,
    tags: Hidden,
    /// Zero-width characters in long runs.
    runs: Hidden,
    strewn: Hidden,
    /// How often each kind of zero-width character was strewn.
    kinds: [usize; ZERO_WIDTH.len()],
    started: bool,
}

const ZERO_WIDTH: [char; 9] =
    ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{2061}', '\u{2062}', '\u{2063}', '\u{2064}', '\u{feff}'];

/// The byte that a variation selector spells.
pub(crate) fn selector(character: char) -> Option<u8> {
    let code = u32::from(character);
    match code {
        0xfe00..=0xfe0f => u8::try_from(code - 0xfe00).ok(),
        0xe0100..=0xe01ef => u8::try_from(code - 0xe0100 + 16).ok(),
        _ => None,
    }
}

/// The variation selector that spells a byte.
pub(crate) fn spelled(byte: u8) -> char {
    let code = u32::from(byte);
    char::from_u32(if byte < 16 { 0xfe00 + code } else { 0xe0100 + code - 16 }).unwrap_or('\u{fe00}')
}

fn tag(character: char) -> Option<u8> {
    u8::try_from(u32::from(character).checked_sub(0xe0000)?).ok().filter(|&byte| byte < 0x80)
}

fn zero_width(character: char) -> Option<usize> {
    ZERO_WIDTH.iter().position(|&known| known == character)
}

/// Whether a character shows nothing of its own: programs that clean up text remove it. Soft hyphens and marks of direction are such
/// as well.
pub(crate) fn shows_nothing(character: char) -> bool {
    let mark =
        matches!(character, '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    mark || selector(character).is_some() || tag(character).is_some() || zero_width(character).is_some()
}

impl Scan {
    /// Reads a piece that starts at byte `at` of the text.
    pub(crate) fn feed(&mut self, text: &str, at: usize) {
        let starts = !self.started;
        self.started |= !text.is_empty();
        // What stands before `from`; what shows nothing is nothing that another hidden character could belong to.
        let (mut from, mut before) = (0, None);
        // Every character that shows nothing begins with one of these bytes, and few others do.
        while let Some(skip) = memchr::memchr3(0xe2, 0xef, 0xf3, &text.as_bytes()[from..]) {
            let start = from + skip;
            if skip > 0 {
                before = text[..start].chars().next_back();
            }
            let mut rest = text[start..].char_indices().peekable();
            let Some((_, character)) = rest.next() else { break };
            before = self.character(character, before, &mut rest, at + start, starts && start == 0);
            from = rest.peek().map_or(text.len(), |&(next, _)| start + next);
        }
    }

    /// Reads one character, which is `at` bytes from the start of the text, and the run that it begins; says what stands before the
    /// character behind them.
    fn character(
        &mut self,
        character: char,
        before: Option<char>,
        rest: &mut std::iter::Peekable<std::str::CharIndices>,
        at: usize,
        first: bool,
    ) -> Option<char> {
        if let Some(byte) = selector(character) {
            let (bytes, len) = run(rest, selector, byte, character.len_utf8());
            self.selectors(&bytes, character, before, at..at + len);
            return None;
        }
        if let Some(byte) = tag(character) {
            let (bytes, _) = run(rest, tag, byte, 0);
            // The flag of a region: the black flag, letters and digits, and the end.
            let flag = before == Some('\u{1f3f4}') && bytes.ends_with(&[0x7f]) && bytes.len() <= 8;
            if !flag {
                self.tags.add(at, &bytes, bytes.len());
            }
            return None;
        }
        let Some(kind) = zero_width(character) else { return Some(character) };
        // A byte order mark at the start of a text is none of these, nor is the mark before the selectors of a wrapper.
        let marks = rest.peek().is_some_and(|&(_, next)| selector(next).is_some());
        if character == WRAPPER_MARK && (first || marks) {
            return Some(character);
        }
        let (kinds, _) = run(rest, |next| zero_width(next).and_then(|kind| u8::try_from(kind).ok()), 0, 0);
        if kinds.len() >= MIN_RUN {
            self.runs.add(at, &[], kinds.len());
        } else if !joins(character, before) {
            self.strewn.add(at, &[], kinds.len());
            self.kinds[kind] += 1;
            for &kind in kinds.get(1..).unwrap_or_default() {
                self.kinds[usize::from(kind)] += 1;
            }
        }
        Some(character)
    }

    fn selectors(&mut self, bytes: &[u8], first: char, before: Option<char>, range: Range<usize>) {
        if before == Some(WRAPPER_MARK) && bytes.starts_with(&WRAPPER_MAGIC) {
            let start = range.start.saturating_sub(WRAPPER_MARK.len_utf8());
            self.wrappers.push(Wrapper { range: start..range.end, bytes: bytes.to_vec() });
        } else if bytes.len() > 1 || !selects(first, before) {
            self.selectors.add(range.start, bytes, bytes.len());
        }
    }

    /// Bytes that variation selectors spell.
    pub(crate) fn hidden_selectors(&self) -> Option<&Hidden> {
        (self.selectors.count >= MIN_SELECTORS).then_some(&self.selectors)
    }

    /// Tag characters that are no flag.
    pub(crate) fn hidden_tags(&self) -> Option<&Hidden> {
        (self.tags.count > 0).then_some(&self.tags)
    }

    /// Zero-width characters in a long run, or as a stream of two kinds and more over the whole text.
    pub(crate) fn hidden_zero_width(&self) -> Option<&Hidden> {
        let mut kinds = self.kinds;
        kinds.sort_unstable();
        let stream = self.strewn.count >= MIN_STREWN && kinds[kinds.len() - 2] >= MIN_SECOND;
        if self.runs.count > 0 { Some(&self.runs) } else { stream.then_some(&self.strewn) }
    }
}

/// The rest of a run of characters that `spell` takes, after its first, which spells `byte`; and where the run ends.
fn run(
    rest: &mut std::iter::Peekable<std::str::CharIndices>,
    spell: impl Fn(char) -> Option<u8>,
    byte: u8,
    end: usize,
) -> (Vec<u8>, usize) {
    let (mut bytes, mut end) = (vec![byte], end);
    while let Some((start, next, byte)) = rest.peek().and_then(|&(start, next)| Some((start, next, spell(next)?))) {
        bytes.push(byte);
        end = start + next.len_utf8();
        rest.next();
    }
    (bytes, end)
}

/// Whether a single selector chooses a glyph of what stands before it: emoji style, variants of signs and of ideographs
/// (<https://www.unicode.org/Public/UCD/latest/ucd/StandardizedVariants.txt>, the emoji variation sequences, the IVD).
fn selects(selector: char, before: Option<char>) -> bool {
    let Some(base) = before else { return false };
    let code = u32::from(base);
    if u32::from(selector) >= 0xe0100 {
        return matches!(code, 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff);
    }
    // Keycaps; signs; scripts with variants from Myanmar onwards. Alphabets before those have none.
    matches!(base, '0'..='9' | '#' | '*') || (!base.is_ascii() && !base.is_alphabetic()) || code >= 0x1000
}

/// Whether a zero-width character has work to do after this one: Arabic and Indic letters are joined or kept apart, emoji are
/// joined, words of South-East Asia and East Asia are broken into lines.
fn joins(character: char, before: Option<char>) -> bool {
    let Some(before) = before.map(u32::from) else { return false };
    match character {
        '\u{200c}' | '\u{200d}' => before >= 0x590 && !(0x1e00..0x2000).contains(&before),
        '\u{200b}' => (0xe00..0x1e00).contains(&before) || before >= 0x2e80,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scan {
        let mut scan = Scan::default();
        scan.feed(text, 0);
        scan
    }

    fn spelled(bytes: &[u8]) -> String {
        bytes.iter().map(|&byte| super::spelled(byte)).collect()
    }

    #[test]
    fn writing_hides_nothing() {
        let persian = "می‌خواهم نمی‌توانم کتاب‌ها ".repeat(50);
        let hindi = "क्‍ष श्री र्‍य ".repeat(50);
        let thai = "ภาษา\u{200b}ไทย".repeat(100);
        let emoji = "👩‍👩‍👧‍👦 🏳️‍🌈 ❤️ ☎︎ 1️⃣ #️⃣ 👨🏽‍💻 ".repeat(50);
        let kanji = "葛\u{e0100}城市 辻\u{e0101}さん 神\u{fe00} ".repeat(50);
        let flags = "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f} ".repeat(50);
        let mark = "\u{feff}A text with a byte order mark.";
        let doubled = "I ❤\u{fe0f}\u{fe0f} it. A slip\u{fe0f}, a stray\u{200b} break.";
        for text in [&persian, &hindi, &thai, &emoji, &kanji, &flags, mark, doubled] {
            let scan = scan(text);
            let found = (scan.hidden_selectors(), scan.hidden_tags(), scan.hidden_zero_width());
            assert!(matches!(found, (None, None, None)) && scan.wrappers.is_empty(), "{text:.40}: {found:?}");
        }
    }

    #[test]
    fn what_is_hidden_is_spelled() {
        let payload = b"{\"format\":\"basic\",\"signer_id\":\"x\"}";
        // After one character, as a smiley would have it, or one selector a blank.
        for text in [
            format!("😀{} hello", spelled(payload)),
            payload.iter().map(|&byte| format!("a {}b", spelled(&[byte]))).collect(),
        ] {
            assert_eq!(scan(&text).hidden_selectors().unwrap().bytes, payload, "{text}");
        }
        let text = format!("open{}sesame", "\u{e0049}\u{e0067}\u{e006e}");
        let scanned = scan(&text);
        let tags = scanned.hidden_tags().unwrap();
        assert_eq!((tags.at, tags.bytes.as_slice()), (4, &b"Ign"[..]));
        let text = format!("ab{}c", "\u{200b}\u{200c}".repeat(20));
        let scanned = scan(&text);
        assert_eq!(scanned.hidden_zero_width().map(|hidden| (hidden.at, hidden.count)), Some((2, 40)));
        let text = "a\u{200b}b\u{2060}c".repeat(40);
        assert_eq!(scan(&text).hidden_zero_width().map(|hidden| hidden.count), Some(80));
        assert!(scan(&"a\u{200b}b".repeat(200)).hidden_zero_width().is_none(), "breaks of one kind carry no bits");
    }

    #[test]
    fn a_wrapper_is_a_mark_and_the_magic() {
        let text = format!("ab\u{feff}{}", spelled(b"C2PATXT\0\x01more"));
        let scanned = scan(&text);
        assert_eq!((scanned.wrappers[0].range.clone(), scanned.wrappers[0].bytes.len()), (2..text.len(), 13));
        assert!(scan(&text[2..]).wrappers.len() == 1, "at the very start too");
        for other in ["C2PATXX\0\x01", "C2PA"] {
            assert!(scan(&format!("ab\u{feff}{}", spelled(other.as_bytes()))).wrappers.is_empty());
        }
    }
}
