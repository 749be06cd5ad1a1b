//! Objects as they are written: ISO 32000-2, 7.2 and 7.3.

use std::ops::Range;

use crate::{Result, limits::Budget};

/// Depth of arrays and dictionaries in one object; labels stand at three or four.
const MAX_DEPTH: u32 = 32;
const OBJECTS_A_PART: u32 = 16;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Object {
    /// `null`, and words that are no object.
    Other,
    Boolean(bool),
    Integer(i64),
    /// A number with a point.
    Real(f64),
    Name(Vec<u8>),
    Text(Vec<u8>),
    Array(Vec<Object>),
    Dictionary(Dictionary),
    /// The number of an indirect object.
    Reference(u32),
}

/// Keys in the order of the file; of two with one name the first counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Dictionary(pub(crate) Vec<(Vec<u8>, Object)>);

impl Dictionary {
    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        self.0.iter().find(|(known, _)| known == key.as_bytes()).map(|(_, value)| value)
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            Object::Integer(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn is(&self, key: &str, name: &str) -> bool {
        matches!(self.get(key), Some(Object::Name(known)) if known == name.as_bytes())
    }
}

/// Where a name and its value stand.
pub(super) type Pair = (Range<usize>, Range<usize>);

impl Object {
    pub(crate) fn dictionary(self) -> Option<Dictionary> {
        match self {
            Self::Dictionary(dictionary) => Some(dictionary),
            _ => None,
        }
    }

    /// A number of either kind.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            // Coordinates and the like: beyond 2^53 nothing is exact, nor has to be.
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            _ => None,
        }
    }

    /// The items of an array; one object that is none is taken as an array of one.
    pub(crate) fn items(self) -> Vec<Self> {
        match self {
            Self::Array(items) => items,
            one => vec![one],
        }
    }
}

/// A text string: UTF-16 and UTF-8 by their mark, PDFDocEncoding else (7.9.2.2), of which the ASCII part and Latin-1 are told.
pub(crate) fn text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        // Not in the standard; written all the same.
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // Careless writers put UTF-8 in without a mark.
        bytes => {
            std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
        }
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Reads objects one after the other.
pub(crate) struct Parser<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
    /// The end of the bytes was met: with more of them, the answer may be another.
    pub(crate) cut: bool,
    objects: u32,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, cut: false, objects: 0 }
    }

    /// The next object; `None` where none stands, or it is cut off.
    pub(crate) fn object(&mut self, budget: &mut Budget) -> Result<Option<Object>> {
        self.nested(0, budget)
    }

    fn nested(&mut self, depth: u32, budget: &mut Budget) -> Result<Option<Object>> {
        // An object costs little; a book has millions.
        self.objects = self.objects.wrapping_add(1);
        if self.objects.is_multiple_of(OBJECTS_A_PART) {
            budget.part()?;
        }
        self.blank();
        let Some(first) = self.peek() else { return Ok(None) };
        Ok(match first {
            b'/' => self.name().map(Object::Name),
            b'(' => self.literal().map(Object::Text),
            b'<' if self.bytes.get(self.at + 1) == Some(&b'<') => {
                self.at += 2;
                let Some(items) = self.until(">>", depth, budget)? else { return Ok(None) };
                let mut pairs = Vec::new();
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    let Object::Name(key) = key else { return Ok(None) };
                    pairs.push((key, value));
                }
                Some(Object::Dictionary(Dictionary(pairs)))
            }
            b'<' => self.hexadecimal().map(Object::Text),
            b'[' => {
                self.at += 1;
                self.until("]", depth, budget)?.map(Object::Array)
            }
            b'+' | b'-' | b'.' | b'0'..=b'9' => Some(self.number()),
            byte if is_regular(byte) => Some(match self.word() {
                b"true" => Object::Boolean(true),
                b"false" => Object::Boolean(false),
                _ => Object::Other,
            }),
            _ => None,
        })
    }

    /// Objects up to a closing mark.
    fn until(&mut self, end: &str, depth: u32, budget: &mut Budget) -> Result<Option<Vec<Object>>> {
        if depth >= MAX_DEPTH {
            return Ok(None);
        }
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.take(end) {
                return Ok(Some(items));
            }
            let Some(item) = self.nested(depth + 1, budget)? else { return Ok(None) };
            items.push(item);
        }
    }

    fn peek(&mut self) -> Option<u8> {
        let byte = self.bytes.get(self.at).copied();
        self.cut |= byte.is_none();
        byte
    }

    /// Passes over white space and comments.
    pub(crate) fn blank(&mut self) {
        while let Some(byte) = self.peek() {
            if is_white(byte) {
                self.at += 1;
            } else if byte == b'%' {
                let rest = &self.bytes[self.at..];
                self.at += rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
            } else {
                return;
            }
        }
    }

    /// Passes over `word`, where it stands here.
    pub(crate) fn take(&mut self, word: &str) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is = rest.starts_with(word.as_bytes());
        self.cut |= !is && word.as_bytes().starts_with(rest);
        self.at += if is { word.len() } else { 0 };
        is
    }

    /// A word of a content stream, such as `Do`; `None` where an object stands.
    pub(crate) fn operator(&mut self) -> Option<&'a [u8]> {
        self.blank();
        let first = self.peek()?;
        (first.is_ascii_alphabetic() || matches!(first, b'\'' | b'"' | b'*')).then(|| self.word())
    }

    /// The names and values of a dictionary as they are written; `None` where none stands, or it is cut off.
    pub(super) fn pairs(&mut self, budget: &mut Budget) -> Result<Option<Vec<Pair>>> {
        self.blank();
        if !self.take("<<") {
            return Ok(None);
        }
        let mut pairs = Vec::new();
        loop {
            self.blank();
            if self.take(">>") {
                return Ok(Some(pairs));
            }
            let name = self.at;
            let Some(Object::Name(_)) = self.nested(1, budget)? else { return Ok(None) };
            let name = name..self.at;
            self.blank();
            let value = self.at;
            if self.nested(1, budget)?.is_none() {
                return Ok(None);
            }
            pairs.push((name, value..self.at));
        }
    }

    /// The same of an array.
    pub(super) fn elements(&mut self, budget: &mut Budget) -> Result<Option<Vec<Range<usize>>>> {
        self.blank();
        if !self.take("[") {
            return Ok(None);
        }
        let mut elements = Vec::new();
        loop {
            self.blank();
            if self.take("]") {
                return Ok(Some(elements));
            }
            let start = self.at;
            if self.nested(1, budget)?.is_none() {
                return Ok(None);
            }
            elements.push(start..self.at);
        }
    }

    /// The bytes that were read since `from`.
    pub(super) fn since(&self, from: usize) -> &'a [u8] {
        self.bytes.get(from..self.at).unwrap_or_default()
    }

    fn word(&mut self) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| !is_regular(byte)).unwrap_or(rest.len());
        self.at += len;
        self.cut |= len == rest.len();
        &rest[..len]
    }

    /// An integer without a sign.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        self.blank();
        std::str::from_utf8(self.word()).ok()?.parse().ok()
    }

    /// A number, or the first of the three words of a reference.
    fn number(&mut self) -> Object {
        let word = std::str::from_utf8(self.word()).unwrap_or_default();
        let Ok(number) = word.parse::<i64>() else {
            // Rust reads exponents and words such as "inf" as well.
            let plain = word.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
            return word.parse().ok().filter(|_| plain).map_or(Object::Other, Object::Real);
        };
        let after = self.at;
        if let Ok(reference) = u32::try_from(number)
            && self.unsigned().is_some()
        {
            self.blank();
            if self.word() == b"R" {
                return Object::Reference(reference);
            }
        }
        self.at = after;
        Object::Integer(number)
    }

    pub(super) fn name(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let word = self.word();
        let mut name = Vec::with_capacity(word.len());
        let mut rest = word;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            let escaped = (byte == b'#').then(|| Some(16 * digit(*after.first()?)? + digit(*after.get(1)?)?)).flatten();
            if escaped.is_some() {
                rest = &after[2..];
            }
            name.push(escaped.unwrap_or(byte));
        }
        Some(name)
    }

    fn literal(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let (mut text, mut open) = (Vec::new(), 1_u32);
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'(' => open = open.checked_add(1)?,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        return Some(text);
                    }
                }
                b'\\' => {
                    let byte = self.peek()?;
                    self.at += 1;
                    match byte {
                        b'n' => text.push(b'\n'),
                        b'r' => text.push(b'\r'),
                        b't' => text.push(b'\t'),
                        b'b' => text.push(8),
                        b'f' => text.push(12),
                        b'0'..=b'7' => {
                            let mut code = byte - b'0';
                            for _ in 0..2 {
                                match self.peek() {
                                    Some(byte @ b'0'..=b'7') => code = code.wrapping_mul(8).wrapping_add(byte - b'0'),
                                    _ => break,
                                }
                                self.at += 1;
                            }
                            text.push(code);
                        }
                        b'\r' => self.at += usize::from(self.peek() == Some(b'\n')),
                        b'\n' => {}
                        other => text.push(other),
                    }
                    continue;
                }
                _ => {}
            }
            text.push(byte);
        }
    }

    fn hexadecimal(&mut self) -> Option<Vec<u8>> {
        self.at += 1;
        let mut digits = Vec::new();
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'>' => break,
                byte if is_white(byte) => {}
                byte => digits.push(digit(byte)?),
            }
        }
        Some(digits.chunks(2).map(|pair| 16 * pair[0] + pair.get(1).copied().unwrap_or(0)).collect())
    }
}

fn digit(byte: u8) -> Option<u8> {
    u8::try_from(char::from(byte).to_digit(16)?).ok()
}

pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

pub(super) fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn object(text: &[u8]) -> (Option<Object>, bool) {
        let mut parser = Parser::new(text);
        (parser.object(&mut Budget::new(&Limits::default())).unwrap(), parser.cut)
    }

    #[test]
    fn every_kind_of_object_is_read() {
        let text = b"<</A#20B(a\\(b\\)\\101\\\r\n(c))/N -7/R 12 0 R/L[1 2.5 true null<4 142>]/D<</K/V>>%c\n>> ";
        let Some(Object::Dictionary(read)) = object(text).0 else { panic!() };
        assert_eq!(read.get("A B"), Some(&Object::Text(b"a(b)A(c)".to_vec())));
        assert_eq!((read.integer("N"), read.get("R")), (Some(-7), Some(&Object::Reference(12))));
        let list = read.get("L").unwrap().clone().items();
        assert_eq!(list[1..], [Object::Real(2.5), Object::Boolean(true), Object::Other, Object::Text(b"AB".into())]);
        assert!(read.get("D").unwrap().clone().dictionary().unwrap().is("K", "V"));
    }

    #[test]
    fn what_is_cut_is_said_and_what_is_deep_is_refused() {
        for cut in ["<</A 1", "(a", "[1 2", "<41", "<</A 12 0"] {
            assert_eq!(object(cut.as_bytes()), (None, true), "{cut}");
        }
        assert_eq!(object("[".repeat(10_000).as_bytes()), (None, false));
        assert_eq!(object(b"<<(no name) 1>> "), (None, false));
    }

    #[test]
    fn text_strings_have_three_encodings() {
        assert_eq!(text(b"\xfe\xff\x04\x22\x00A"), "ТA");
        assert_eq!(
            (text("\u{feff}é".as_bytes()), text(b"\xe9"), text("ы".as_bytes())),
            ("é".into(), "é".into(), "ы".into())
        );
    }
}
