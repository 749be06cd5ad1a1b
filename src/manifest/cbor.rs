//! As much CBOR (RFC 8949) as is needed to look into a signature, and to refuse what would exhaust a recursive reader.

/// Depth of nesting that is read; C2PA needs less than ten.
const MAX_DEPTH: usize = 64;

/// One data item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    /// The number of elements; they follow.
    Array(u64),
    /// The number of pairs; they follow.
    Map(u64),
    /// A tag; its content follows.
    Tag(u64),
    /// A number, a simple value.
    Other,
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
            small @ 0..=23 => u64::from(small),
            24 => u64::from(self.take(1)?[0]),
            25 => u64::from(u16::from_be_bytes(self.take(2)?.try_into().ok()?)),
            26 => u64::from(u32::from_be_bytes(self.take(4)?.try_into().ok()?)),
            27 => u64::from_be_bytes(self.take(8)?.try_into().ok()?),
            // No indefinite lengths: C2PA wants deterministic encoding (2.4 §6.6).
            _ => return None,
        };
        Some(match first >> 5 {
            0 | 1 | 7 => Item::Other,
            2 => Item::Bytes(self.take(argument)?),
            3 => Item::Text(std::str::from_utf8(self.take(argument)?).ok()?),
            4 => Item::Array(argument),
            5 => Item::Map(argument),
            _ => Item::Tag(argument),
        })
    }

    /// Skips one item with all that it holds; `None` when it is cut off or nested too deeply.
    pub(super) fn skip(&mut self) -> Option<()> {
        let mut open = vec![1u64];
        while let Some(left) = open.last_mut() {
            if *left == 0 {
                open.pop();
                continue;
            }
            *left -= 1;
            match self.next()? {
                Item::Array(elements) => open.push(elements),
                Item::Map(pairs) => open.push(pairs.checked_mul(2)?),
                Item::Tag(_) => open.push(1),
                _ => {}
            }
            if open.len() > MAX_DEPTH {
                return None;
            }
        }
        Some(())
    }

    /// The bytes of the next item, header included.
    pub(super) fn raw(&mut self) -> Option<&'a [u8]> {
        let before = self.rest;
        self.skip()?;
        before.get(..before.len() - self.rest.len())
    }

    /// Reads a map and returns a reader at the value of the first key that is one of `keys`.
    pub(super) fn value_of(&mut self, keys: &[&str]) -> Option<Self> {
        let Item::Map(pairs) = self.next()? else { return None };
        for _ in 0..pairs {
            let mut key = self.clone();
            self.skip()?;
            if matches!(key.next()?, Item::Text(text) if keys.contains(&text)) {
                return Some(self.clone());
            }
            self.skip()?;
        }
        None
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(len).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Whether `bytes` start with one whole item, not nested too deeply for a recursive reader.
pub(super) fn is_sound(bytes: &[u8]) -> bool {
    Reader::new(bytes).skip().is_some()
}
