//! As much CBOR (RFC 8949) as is needed to look into a signature, and to refuse what would exhaust a recursive reader.

use std::collections::BTreeSet;

/// Depth of nesting that is read; C2PA needs less than ten.
const MAX_DEPTH: usize = 64;

/// One data item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Item<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    /// The number of elements, `None` up to a break; they follow.
    Array(Option<u64>),
    /// The number of pairs, `None` up to a break; they follow.
    Map(Option<u64>),
    /// A tag; its content follows.
    Tag(u64),
    /// A whole number: whether it is negative, and its argument.
    Int(bool, u64),
    /// A fraction.
    Float(f64),
    /// A simple value: 20 is false, 21 true, 22 null.
    Simple(u64),
    /// The end of something of indefinite length.
    Break,
}

/// Reads item by item.
#[derive(Clone)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn next(&mut self) -> Option<Item<'a>> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        let argument = match first & 0x1F {
            small @ 0..=23 => Some(u64::from(small)),
            24 => Some(u64::from(self.take(1)?[0])),
            25 => Some(u64::from(u16::from_be_bytes(self.take(2)?.try_into().ok()?))),
            26 => Some(u64::from(u32::from_be_bytes(self.take(4)?.try_into().ok()?))),
            27 => Some(u64::from_be_bytes(self.take(8)?.try_into().ok()?)),
            // Of indefinite length. C2PA wants deterministic encoding (2.4 §6.6); c2pa-rs wrote time-stamps like this.
            31 => None,
            _ => return None,
        };
        Some(match (first >> 5, argument) {
            (sign @ (0 | 1), Some(number)) => Item::Int(sign == 1, number),
            (7, Some(bits)) => match first & 0x1F {
                // Fractions of 16 bits are shown as what they are made of: nobody writes them.
                26 => Item::Float(f32::from_bits(u32::try_from(bits).ok()?).into()),
                27 => Item::Float(f64::from_bits(bits)),
                _ => Item::Simple(bits),
            },
            (2, Some(len)) => Item::Bytes(self.take(len)?),
            (3, Some(len)) => Item::Text(std::str::from_utf8(self.take(len)?).ok()?),
            (4, elements) => Item::Array(elements),
            (5, pairs) => Item::Map(pairs),
            (6, Some(tag)) => Item::Tag(tag),
            // The pieces of such a string are items of their own up to the break.
            (2 | 3, None) => Item::Array(None),
            (7, None) => Item::Break,
            _ => return None,
        })
    }

    /// Skips one item with all that it holds; `None` when it is cut off or nested too deeply.
    pub(super) fn skip(&mut self) -> Option<()> {
        // What is open, with the number of items left in it; `None` up to a break.
        let mut open = vec![Some(1u64)];
        while let Some(left) = open.last_mut() {
            match left {
                Some(0) => {
                    open.pop();
                    continue;
                }
                Some(left) => *left -= 1,
                None => {}
            }
            let indefinite = left.is_none();
            match self.next()? {
                Item::Array(elements) => open.push(elements),
                Item::Map(pairs) => open.push(match pairs {
                    Some(pairs) => Some(pairs.checked_mul(2)?),
                    None => None,
                }),
                Item::Tag(_) => open.push(Some(1)),
                Item::Break if indefinite => {
                    open.pop();
                }
                Item::Break => return None,
                _ => {}
            }
            if open.len() > MAX_DEPTH {
                return None;
            }
        }
        Some(())
    }

    /// Reads a map and returns a reader at the value of the key that is one of `keys`; `None` when there is none or several.
    /// Readers differ in which of two equal keys they take, and in what they take for equal: such maps are not read.
    pub(super) fn value_of(&mut self, keys: &[&str]) -> Option<Self> {
        let Item::Map(pairs) = self.next()? else { return None };
        let (mut texts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
        let mut found = None;
        for _ in 0..pairs.unwrap_or(u64::MAX) {
            let is_new = match self.next()? {
                Item::Text(text) => {
                    let is_new = texts.insert(text);
                    if is_new && keys.contains(&text) && found.replace(self.clone()).is_some() {
                        return None;
                    }
                    is_new
                }
                Item::Int(negative, number) => numbers.insert((negative, number)),
                Item::Break if pairs.is_none() => break,
                _ => false,
            };
            if !is_new {
                return None;
            }
            self.skip()?;
        }
        found
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Items of one assertion that are read into memory: a Merkle tree's row of a million hashes.
const MAX_ITEMS: usize = 1 << 20;

/// An item with all that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Self>),
    /// Keys are texts, each of them once.
    Map(Vec<(&'a str, Self)>),
    Int(u64),
    Bool(bool),
    /// Null, and all that no binding is made of.
    Other,
}

impl<'a> Value<'a> {
    /// Reads the first item of `bytes`; `None` where it is too large, or can be read in two ways.
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        // A recursive reader is safe: the depth is bounded here.
        if !is_sound(bytes) {
            return None;
        }
        Self::of(&mut Reader::new(bytes), &mut MAX_ITEMS.clone())
    }

    fn of(reader: &mut Reader<'a>, left: &mut usize) -> Option<Self> {
        let item = reader.next()?;
        Self::rest(item, reader, left)
    }

    fn rest(item: Item<'a>, reader: &mut Reader<'a>, left: &mut usize) -> Option<Self> {
        *left = left.checked_sub(1)?;
        Some(match item {
            Item::Bytes(bytes) => Self::Bytes(bytes),
            Item::Text(text) => Self::Text(text),
            Item::Int(false, number) => Self::Int(number),
            Item::Simple(value @ (20 | 21)) => Self::Bool(value == 21),
            Item::Int(true, _) | Item::Simple(_) | Item::Float(_) => Self::Other,
            Item::Tag(_) => Self::of(reader, left)?,
            Item::Break => return None,
            Item::Array(elements) => {
                let mut array = Vec::new();
                while elements.is_none_or(|elements| (array.len() as u64) < elements) {
                    match reader.next()? {
                        Item::Break if elements.is_none() => break,
                        item => array.push(Self::rest(item, reader, left)?),
                    }
                }
                Self::Array(array)
            }
            Item::Map(pairs) => {
                let (mut map, mut keys) = (Vec::new(), BTreeSet::new());
                while pairs.is_none_or(|pairs| (map.len() as u64) < pairs) {
                    match reader.next()? {
                        Item::Break if pairs.is_none() => break,
                        Item::Text(key) if keys.insert(key) => map.push((key, Self::of(reader, left)?)),
                        _ => return None,
                    }
                }
                Self::Map(map)
            }
        })
    }

    /// What a map holds under a key; `None` where it holds nothing there, or null.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(map) = self else { return None };
        map.iter().find(|(known, _)| *known == key).map(|(_, value)| value).filter(|value| **value != Self::Other)
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn array(&self) -> Option<&[Self]> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    pub(super) fn map(&self) -> Option<&[(&'a str, Self)]> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    pub(super) fn int(&self) -> Option<u64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }
}

/// Whether `bytes` start with one whole item, not nested too deeply for a recursive reader.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    Reader::new(bytes).skip().is_some()
}

/// Items are written in the shortest form, as deterministic encoding wants it (RFC 8949 §4.2.1).
pub(super) mod put {
    // Major types: §3.1.
    pub(in crate::manifest) const NUMBER: u8 = 0;
    pub(in crate::manifest) const NEGATIVE: u8 = 1;
    pub(in crate::manifest) const BYTES: u8 = 2;
    pub(in crate::manifest) const TEXT: u8 = 3;
    pub(in crate::manifest) const ARRAY: u8 = 4;
    pub(in crate::manifest) const MAP: u8 = 5;

    pub(in crate::manifest) fn string(out: &mut Vec<u8>, major: u8, bytes: &[u8]) {
        head(out, major, bytes.len() as u64);
        out.extend_from_slice(bytes);
    }

    pub(in crate::manifest) fn text(out: &mut Vec<u8>, text: &str) {
        string(out, TEXT, text.as_bytes());
    }

    /// The head of an item: its length, its number of elements, or its value.
    pub(in crate::manifest) fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
        let major = major << 5;
        match (u8::try_from(argument), u16::try_from(argument), u32::try_from(argument)) {
            (Ok(small @ 0..24), ..) => out.push(major | small),
            (Ok(byte), ..) => out.extend([major | 24, byte]),
            (_, Ok(short), _) => out.extend([&[major | 25][..], &short.to_be_bytes()].concat()),
            (.., Ok(long)) => out.extend([&[major | 26][..], &long.to_be_bytes()].concat()),
            _ => out.extend([&[major | 27][..], &argument.to_be_bytes()].concat()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(map: &[u8]) -> Option<Item<'_>> {
        Reader::new(map).value_of(&["a", "b"])?.next()
    }

    #[test]
    fn a_map_is_read_in_one_way_only_or_not_at_all() {
        assert_eq!(value(b"\xA2\x01\x00\x61a\x41x"), Some(Item::Bytes(b"x")));
        assert_eq!(value(b"\xBF\x61a\x41x\xFF"), Some(Item::Bytes(b"x")));
        // The same key twice, in two encodings, both of two that mean the same, in pieces, of another kind.
        let ambiguous: [&[u8]; 6] = [
            b"\xA2\x61a\x41x\x61a\x41y",
            b"\xA2\x61a\x41x\x78\x01a\x41y",
            b"\xA2\x61a\x41x\x61b\x41y",
            b"\xA2\x61a\x41x\x7F\x61a\xFF\x41y",
            b"\xA3\x61a\x41x\x01\x00\x18\x01\x00",
            b"\xA2\x61a\x41x\xF6\x00",
        ];
        for map in ambiguous {
            assert_eq!(value(map), None, "{map:x?}");
        }
    }

    #[test]
    fn heads_are_the_shortest() {
        let made = |argument| {
            let mut out = Vec::new();
            put::head(&mut out, put::BYTES, argument);
            out
        };
        assert_eq!(made(23), [0x57]);
        assert_eq!(made(24), [0x58, 24]);
        assert_eq!(made(256), [0x59, 1, 0]);
        assert_eq!(made(65_536), [0x5A, 0, 1, 0, 0]);
        assert_eq!(made(1 << 32), [0x5B, 0, 0, 0, 1, 0, 0, 0, 0]);
    }
}
