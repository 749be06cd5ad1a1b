//! What stands in a frame: id3.org, "ID3 tag version 2.4.0 - Native Frames", 4.

/// The content of the frames that labels stand in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// Text or an address, with its description where the frame has one.
    Text { about: String, text: String },
    /// `GEOB`: media type, and where the object starts in the content.
    Object { media_type: String, start: usize },
    /// `PRIV`: owner, and where the data starts in the content.
    Private { owner: String, start: usize },
}

/// Takes the content of frame `id` apart; `None` for other frames and for content that breaks the grammar.
pub(crate) fn parse(id: [u8; 4], content: &[u8]) -> Option<Value> {
    let (&encoding, rest) = content.split_first()?;
    match &id {
        b"TXXX" => {
            let (about, text) = cut(encoding, rest);
            Some(Value::Text { about: decode(encoding, about), text: list(encoding, text?) })
        }
        b"WXXX" => {
            let (about, address) = cut(encoding, rest);
            Some(Value::Text { about: decode(encoding, about), text: list(0, address?) })
        }
        b"COMM" | b"USLT" => {
            // Three letters of language come first.
            let (about, text) = cut(encoding, rest.get(3..)?);
            Some(Value::Text { about: decode(encoding, about), text: list(encoding, text?) })
        }
        b"GEOB" => {
            let (media_type, rest) = cut(0, rest);
            let (_name, rest) = cut(encoding, rest?);
            let (_about, object) = cut(encoding, rest?);
            Some(Value::Object { media_type: decode(0, media_type), start: content.len() - object?.len() })
        }
        b"PRIV" => {
            let (owner, data) = cut(0, content);
            Some(Value::Private { owner: decode(0, owner), start: content.len() - data?.len() })
        }
        [b'T', ..] => Some(Value::Text { about: String::new(), text: list(encoding, rest) }),
        [b'W', ..] => Some(Value::Text { about: String::new(), text: list(0, content) }),
        _ => None,
    }
}

/// What stands before the terminator, and what after it, where there is one.
fn cut(encoding: u8, bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    let wide = matches!(encoding, 1 | 2);
    let at = if wide {
        bytes.chunks_exact(2).position(|unit| unit == [0, 0]).map(|unit| unit * 2)
    } else {
        memchr::memchr(0, bytes)
    };
    match at {
        Some(at) => (&bytes[..at], bytes.get(at + if wide { 2 } else { 1 }..)),
        None => (bytes, None),
    }
}

/// One text, or several with terminators between them as version 2.4 allows.
fn list(encoding: u8, mut bytes: &[u8]) -> String {
    let mut texts = Vec::new();
    loop {
        let (text, rest) = cut(encoding, bytes);
        texts.push(decode(encoding, text));
        match rest {
            Some(rest) if !rest.is_empty() => bytes = rest,
            _ => break,
        }
    }
    while texts.len() > 1 && texts.last().is_some_and(String::is_empty) {
        texts.pop();
    }
    texts.join(" / ")
}

/// Text in the encoding that the first byte of a frame names. What calls itself Latin-1 is often UTF-8.
pub(crate) fn decode(encoding: u8, bytes: &[u8]) -> String {
    let units = |order: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| order([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match (encoding, bytes) {
        (1 | 2, [0xFF, 0xFE, rest @ ..]) => units(u16::from_le_bytes, rest),
        (1 | 2, [0xFE, 0xFF, rest @ ..]) => units(u16::from_be_bytes, rest),
        (1, _) => units(u16::from_le_bytes, bytes),
        (2, _) => units(u16::from_be_bytes, bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        },
    }
}
