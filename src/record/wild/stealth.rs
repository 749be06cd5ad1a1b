//! "Stealth" metadata: settings in the lowest bits of the pixels, column by column from the top left. NovelAI and an
//! extension of A1111 write it.
//!
//! A magic word of 15 bytes, the length of what follows in bits (32 bits, big-endian), and the data: of the alpha channel
//! (`stealth_pnginfo`, with gzip `stealth_pngcomp`) or of red, green and blue in turn (`stealth_rgbinfo`,
//! `stealth_rgbcomp`).

use std::io::Read as _;

use flate2::read::GzDecoder;

use super::python_json::Json;
use crate::{limits::Budget, record::Pixels};

/// What is hidden in a picture, as text fields.
pub(in crate::record) struct Hidden {
    pub(in crate::record) fields: Vec<(String, String)>,
    /// For people.
    pub(in crate::record) place: &'static str,
}

/// Real ones have a few thousand bytes.
const MAX_LEN: u64 = 4 << 20;
const MAGIC: usize = 15;

/// The hidden fields; `None` where there are none, and a sentence where they cannot be read.
pub(in crate::record) fn hidden(pixels: &Pixels, budget: &mut Budget) -> Option<Result<Hidden, String>> {
    let alpha = Bits { pixels, channels: 3..4 };
    let colour = Bits { pixels, channels: 0..3 };
    let found = [
        (&alpha, b"stealth_pnginfo", false, "the lowest bits of the alpha channel"),
        (&alpha, b"stealth_pngcomp", true, "the lowest bits of the alpha channel"),
        (&colour, b"stealth_rgbinfo", false, "the lowest bits of the colours"),
        (&colour, b"stealth_rgbcomp", true, "the lowest bits of the colours"),
    ];
    let (bits, _, packed, place) =
        found.into_iter().find(|(bits, magic, ..)| bits.bytes(0, MAGIC).is_some_and(|read| read == magic[..]))?;
    let text = read(bits, packed, budget);
    Some(
        text.map(|text| Hidden { fields: fields(text), place })
            .map_err(|why| format!("what is hidden in {place} {why}")),
    )
}

fn read(bits: &Bits, packed: bool, budget: &mut Budget) -> Result<String, String> {
    let cut = || "is cut off".to_owned();
    let length =
        bits.bytes(MAGIC, 4).and_then(|bytes| Some(u32::from_be_bytes(bytes.try_into().ok()?))).ok_or_else(cut)?;
    let length = u64::from(length / 8);
    if length > MAX_LEN {
        return Err("is too long".into());
    }
    budget.metadata(length).map_err(|error| format!("was not read: {error}"))?;
    let length = usize::try_from(length).map_err(|_| cut())?;
    let mut data = bits.bytes(MAGIC + 4, length).ok_or_else(cut)?;
    if packed {
        // Spent before it is inflated: what it will be is not known.
        budget.metadata(MAX_LEN).map_err(|error| format!("was not read: {error}"))?;
        let mut inflated = Vec::new();
        let read = GzDecoder::new(data.as_slice()).take(MAX_LEN).read_to_end(&mut inflated);
        read.map_err(|error| format!("cannot be inflated: {error}"))?;
        data = inflated;
    }
    String::from_utf8(data).map_err(|_| "is no text".into())
}

/// NovelAI hides its fields as one JSON object, A1111 its settings as they are.
fn fields(text: String) -> Vec<(String, String)> {
    match Json::parse(&text) {
        Some(Json::Object(members)) => {
            let text = |value| if let Json::Text(text) = value { text } else { value.to_string() };
            members.into_iter().map(|(name, value)| (name, text(value))).collect()
        }
        _ => vec![("parameters".to_owned(), text)],
    }
}

/// The lowest bits of some channels, column by column.
struct Bits<'a> {
    pixels: &'a Pixels<'a>,
    channels: std::ops::Range<usize>,
}

impl Bits<'_> {
    /// `None` past the last pixel, or where the picture does not have these channels.
    fn bytes(&self, first: usize, len: usize) -> Option<Vec<u8>> {
        let (width, height) = (self.pixels.size.width as usize, self.pixels.size.height as usize);
        let each = self.channels.len();
        let end = first.checked_add(len)?.checked_mul(8)?;
        if self.channels.end > self.pixels.channels || end > width.checked_mul(height)?.checked_mul(each)? {
            return None;
        }
        let bit = |at: usize| {
            let (pixel, channel) = (at / each, self.channels.start + at % each);
            let (x, y) = (pixel / height, pixel % height);
            self.pixels.data.get((y * width + x) * self.pixels.channels + channel).map(|value| value & 1)
        };
        let byte = |at: usize| (at * 8..at * 8 + 8).try_fold(0, |byte, at| Some(byte << 1 | bit(at)?));
        (first..first + len).map(byte).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::{Limits, geometry::Size};

    /// A picture whose alpha says this, and what is read from it.
    fn read_back(magic: &[u8], length: u32, data: &[u8]) -> Option<Result<Hidden, String>> {
        let size = Size { width: 61, height: 67 };
        let mut rgba = vec![255; 61 * 67 * 4];
        let bytes = [magic, &length.to_be_bytes(), data].concat();
        for (at, bit) in bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1)).enumerate() {
            rgba[(at % 67 * 61 + at / 67) * 4 + 3] = 254 | bit;
        }
        hidden(&Pixels::new(size, 4, &rgba, false).unwrap(), &mut Budget::new(&Limits::default()))
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn objects_are_fields_and_other_text_is_settings() {
        let text = br#"{"Software":"NovelAI","n":[1, 2]}"#;
        let found = read_back(b"stealth_pnginfo", text.len() as u32 * 8, text).unwrap().unwrap();
        assert_eq!(
            found.fields,
            [("Software".to_owned(), "NovelAI".to_owned()), ("n".to_owned(), "[1, 2]".to_owned())]
        );
        let packed = gzip("Steps: 20, Қ".as_bytes());
        let found = read_back(b"stealth_pngcomp", packed.len() as u32 * 8, &packed).unwrap().unwrap();
        assert_eq!(found.fields, [("parameters".to_owned(), "Steps: 20, Қ".to_owned())]);
    }

    #[test]
    fn lies_are_said_and_cost_little() {
        let bomb = gzip(&[0x20; 256 << 10]);
        let cases: [(&[u8], u32, &[u8]); 6] = [
            (b"stealth_pngcomp", u32::MAX, b""),
            (b"stealth_pnginfo", 1 << 20, b"short"),
            (b"stealth_pngcomp", 64, b"no gzip!"),
            (b"stealth_pnginfo", 16, b"\xff\xfe"),
            (b"stealth_pngcomp", (bomb.len() as u32 - 9) * 8, &bomb[..bomb.len() - 9]),
            (b"stealth_pngcomp", 7, b""),
        ];
        for (magic, length, data) in cases {
            let found = read_back(magic, length, data).unwrap_or_else(|| panic!("{length}"));
            assert!(found.is_err_and(|why| why.starts_with("what is hidden in the lowest bits")), "{length}");
        }
        assert!(read_back(b"stealth_pngxxxx", 8, b"a").is_none());
        let tiny = Pixels::new(Size { width: 1, height: 1 }, 4, &[0; 4], false).unwrap();
        assert!(hidden(&tiny, &mut Budget::new(&Limits::default())).is_none());
    }
}
