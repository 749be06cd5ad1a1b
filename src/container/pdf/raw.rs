//! Dictionaries and arrays as they are written, to be written again with a change: what is not changed stays byte for byte.

use std::ops::Range;

use super::syntax::{Object, Pair, Parser};
use crate::{Result, limits::Budget};

/// An object as it is written, without what follows it in a stream.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) generation: u16,
    pub(crate) bytes: Vec<u8>,
}

/// A dictionary as it is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct RawDictionary {
    bytes: Vec<u8>,
    /// Names with their solidus, and values.
    pairs: Vec<Pair>,
    /// New values; `None` where the key goes.
    changes: Vec<(String, Option<Vec<u8>>)>,
}

impl RawDictionary {
    /// `None` where the bytes are no dictionary.
    pub(crate) fn read(bytes: Vec<u8>, budget: &mut Budget) -> Result<Option<Self>> {
        let pairs = Parser::new(&bytes).pairs(budget)?;
        Ok(pairs.map(|pairs| Self { bytes, pairs, changes: Vec::new() }))
    }

    /// A value as it is written; of two with one name the first counts.
    pub(crate) fn get(&self, key: &str) -> Option<&[u8]> {
        if let Some((_, value)) = self.changes.iter().find(|(changed, _)| changed == key) {
            return value.as_deref();
        }
        let value = self.pairs.iter().find(|(name, _)| self.is(name, key)).map(|(_, value)| value.clone())?;
        self.bytes.get(value)
    }

    /// A value as an object.
    pub(crate) fn object(&self, key: &str, budget: &mut Budget) -> Result<Option<Object>> {
        match self.get(key) {
            Some(value) => object(value, budget),
            None => Ok(None),
        }
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<Vec<u8>>) {
        self.change(key, Some(value.into()));
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.change(key, None);
    }

    fn change(&mut self, key: &str, value: Option<Vec<u8>>) {
        self.changes.retain(|(changed, _)| changed != key);
        self.changes.push((key.to_owned(), value));
    }

    pub(crate) fn write(&self) -> Vec<u8> {
        let mut out = b"<<".to_vec();
        for (name, value) in &self.pairs {
            if self.changes.iter().any(|(key, _)| self.is(name, key)) {
                continue;
            }
            out.extend_from_slice(self.bytes.get(name.clone()).unwrap_or_default());
            // A name ends where a space or a mark stands; one more does no harm.
            out.push(b' ');
            out.extend_from_slice(self.bytes.get(value.clone()).unwrap_or_default());
            out.push(b'\n');
        }
        for (key, value) in &self.changes {
            if let Some(value) = value {
                out.extend_from_slice(format!("/{key} ").as_bytes());
                out.extend_from_slice(value);
                out.push(b'\n');
            }
        }
        out.extend_from_slice(b">>");
        out
    }

    fn is(&self, name: &Range<usize>, key: &str) -> bool {
        let raw = self.bytes.get(name.clone()).and_then(|name| name.split_first()).map(|(_, name)| name);
        let Some(raw) = raw else { return false };
        // Letters may be written as numbers (7.3.5); hardly anybody does.
        if raw.contains(&b'#') { unescaped(raw) == key.as_bytes() } else { raw == key.as_bytes() }
    }
}

/// The elements of an array as they are written; one object that is no array is taken as an array of one.
pub(crate) fn elements(bytes: &[u8], budget: &mut Budget) -> Result<Option<Vec<Vec<u8>>>> {
    if !bytes.trim_ascii_start().starts_with(b"[") {
        return Ok(Some(vec![bytes.to_vec()]));
    }
    let ranges = Parser::new(bytes).elements(budget)?;
    Ok(ranges.map(|ranges| ranges.into_iter().map(|range| bytes.get(range).unwrap_or_default().to_vec()).collect()))
}

/// An array of such elements.
pub(crate) fn array(elements: &[Vec<u8>]) -> Vec<u8> {
    [b"[", &elements.join(&b' ')[..], b"]"].concat()
}

pub(crate) fn object(bytes: &[u8], budget: &mut Budget) -> Result<Option<Object>> {
    Parser::new(bytes).object(budget)
}

fn unescaped(name: &[u8]) -> Vec<u8> {
    let whole = [b"/", name].concat();
    Parser::new(&whole).name().unwrap_or_default()
}

/// A text string: 7.9.2.2.
pub(crate) fn text_string(text: &str) -> Vec<u8> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && !b"()\\".contains(&byte)) {
        return format!("({text})").into_bytes();
    }
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    let digits: String = units.map(|unit| format!("{unit:04X}")).collect();
    format!("<{digits}>").into_bytes()
}

/// A number without an exponent: to a ten-thousandth, and small ones, which may be a scale, to three more places.
pub(crate) fn number(value: f64) -> String {
    let text = if value.abs() < 1.0 { format!("{value:.7}") } else { format!("{value:.4}") };
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if matches!(text, "" | "-" | "-0") { "0".into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        let budget = &mut Budget::new(&Limits::default());
        let text = b"<</Type/Page%c\n/Contents 4 3 R/Media#42ox[0 0 .5 +7]/X(\\)>>)/Old<</A<41>>>>> tail";
        let mut read = RawDictionary::read(text.to_vec(), budget).unwrap().unwrap();
        assert_eq!(read.get("MediaBox"), Some(&b"[0 0 .5 +7]"[..]));
        assert_eq!(read.object("Contents", budget).unwrap(), Some(Object::Reference(4)));
        read.set("Contents", "[4 3 R 9 0 R]");
        read.remove("Old");
        read.set("New", "1");
        let written = b"<</Type /Page\n/Media#42ox [0 0 .5 +7]\n/X (\\)>>)\n/Contents [4 3 R 9 0 R]\n/New 1\n>>";
        assert_eq!(String::from_utf8_lossy(&read.write()), String::from_utf8_lossy(written));
        assert!(RawDictionary::read(b"<</A 1".to_vec(), budget).unwrap().is_none());
        let parts = elements(b" [1 0 R(a ])<</K[2]>>null]", budget).unwrap().unwrap();
        assert_eq!(array(&parts), b"[1 0 R (a ]) <</K[2]>> null]");
        assert_eq!(elements(b"7 0 R", budget).unwrap().unwrap(), [b"7 0 R"]);
    }

    #[test]
    fn numbers_and_strings_are_plain() {
        let numbers = [1.0, -0.5, 0.000_123_4, -0.000_000_01, 100.0, 12.345_678];
        assert_eq!(numbers.map(number), ["1", "-0.5", "0.0001234", "0", "100", "12.3457"]);
        assert_eq!(text_string("a b"), b"(a b)");
        assert_eq!(text_string("(ә"), b"<FEFF002804D9>");
    }
}
