//! Textual chunks: tEXt, zTXt and iTXt (PNG third edition, 11.3.3), and what programs hide in them.

use flate2::{Decompress, FlushDecompress, Status};

use super::chunks::{self, Chunk};
use crate::{
    Error, Result,
    format::{Block, Survey, TextField},
    limits::Budget,
    stream::Source,
};

/// Keyword of an XMP packet: XMP specification part 3, 1.1.5. Midjourney writes it in tEXt.
const XMP: &str = "XML:com.adobe.xmp";
/// Inflated bytes gained at a time.
const STEP: usize = 64 * 1024;
/// The longest text that is inflated, in bytes: prompts and workflows take kilobytes, bombs the rest.
const MAX_INFLATED: u64 = 8 << 20;

/// Reads a textual chunk into the survey. What cannot be read is no text; a bomb is an error.
pub(super) fn survey(chunk: &Chunk, source: &mut dyn Source, survey: &mut Survey, budget: &mut Budget) -> Result<()> {
    let (data, sound) = chunk.metadata(source, budget)?;
    let Some((key, text)) = split(chunk.kind, &data, budget)? else { return Ok(()) };
    let mut place = chunk.place();
    if !sound {
        place.push_str(" (its checksum is wrong)");
    }
    let range = chunk.range();
    let block = |bytes| Block { range: range.clone(), place: place.clone(), bytes };
    match key.as_str() {
        XMP => survey.xmp.push(block(text)),
        // ImageMagick and older exiftool keep whole profiles as hexadecimal text.
        "Raw profile type xmp" if let Some(bytes) = raw_profile(&text) => survey.xmp.push(block(bytes)),
        "Raw profile type exif" | "Raw profile type APP1" if let Some(bytes) = raw_profile(&text) => {
            match bytes.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
                Some(packet) => survey.xmp.push(block(packet.to_vec())),
                None => survey.exif.push(block(bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes).to_vec())),
            }
        }
        _ => survey.texts.push(TextField { place, key, value: decode(&text) }),
    }
    Ok(())
}

/// An uncompressed iTXt chunk with this XMP packet.
pub(super) fn xmp_chunk(packet: &[u8]) -> Vec<u8> {
    chunks::encode(*b"iTXt", &[XMP.as_bytes(), &[0; 5], packet])
}

/// Keyword and text; `None` where the chunk breaks its own grammar.
fn split(kind: [u8; 4], data: &[u8], budget: &mut Budget) -> Result<Option<(String, Vec<u8>)>> {
    let Some((key, rest)) = cut(data).filter(|(key, _)| (1..80).contains(&key.len())) else { return Ok(None) };
    let text = match (&kind, rest) {
        (b"tEXt", _) => Some(rest.to_vec()),
        (b"zTXt", [0, packed @ ..]) => inflate(packed, budget)?,
        (b"iTXt", [packed, method, rest @ ..]) => {
            let text = cut(rest).and_then(|(_language, rest)| cut(rest)).map(|(_translated, text)| text);
            match (packed, method, text) {
                (0, _, Some(text)) => Some(text.to_vec()),
                (1, 0, Some(text)) => inflate(text, budget)?,
                _ => None,
            }
        }
        _ => None,
    };
    Ok(text.map(|text| (decode(key), text)))
}

/// What stands before the first NUL, and what after it.
fn cut(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, data)?;
    Some((&data[..at], &data[at + 1..]))
}

/// Latin-1 is what tEXt says; UTF-8 is what most of today's programs write there.
fn decode(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(text) => text.to_owned(),
        Err(_) => text.iter().copied().map(char::from).collect(),
    }
}

/// Inflates within the limit for one text; `None` when the stream is damaged.
fn inflate(packed: &[u8], budget: &mut Budget) -> Result<Option<Vec<u8>>> {
    let max = budget.limits().max_metadata_bytes.min(MAX_INFLATED);
    let mut inflater = Decompress::new(true);
    let mut text = Vec::new();
    loop {
        if text.len() as u64 > max {
            return Err(Error::Limit { what: "the size of an inflated text in bytes", got: text.len() as u64, max });
        }
        text.reserve(STEP);
        let (before_in, before_out) = (inflater.total_in(), text.len());
        let rest = usize::try_from(before_in).ok().and_then(|at| packed.get(at..)).unwrap_or_default();
        match inflater.decompress_vec(rest, &mut text, FlushDecompress::None) {
            Ok(Status::StreamEnd) => break,
            Ok(_) if inflater.total_in() > before_in || text.len() > before_out => {}
            Ok(_) | Err(_) => {
                // It was inflated, sound or not.
                budget.metadata(text.len() as u64)?;
                return Ok(None);
            }
        }
    }
    budget.metadata(text.len() as u64)?;
    Ok(Some(text))
}

/// ImageMagick's `\nname\nlength\nhexadecimal lines`.
fn raw_profile(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?.trim_start();
    let (_name, rest) = text.split_once('\n')?;
    let (len, digits) = rest.trim_start().split_once('\n')?;
    let len: usize = len.trim().parse().ok()?;
    let digits: Option<Vec<u8>> = digits
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let bytes: Vec<u8> = digits?.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
    (bytes.len() == len).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn damaged_streams_cost_what_they_inflate_to() {
        let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut packer, &vec![0; 900_000]).unwrap();
        let packed = packer.finish().unwrap();
        let damaged = &packed[..packed.len() - 4];
        let mut budget = Budget::new(&Limits { max_metadata_bytes: 1 << 20, ..Limits::default() });
        for _ in 0..4 {
            assert!(matches!(inflate(damaged, &mut budget), Ok(None)));
        }
        assert!(matches!(inflate(damaged, &mut budget), Err(Error::Limit { .. })));
    }
}
