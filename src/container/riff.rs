//! RIFF: chunks of a four-character code, a 32-bit little-endian length, data and a padding byte.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, length, read_at},
};

/// One chunk.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    pub(crate) id: [u8; 4],
    /// Offset of the four-character code.
    pub(crate) at: u64,
    /// Length of the data in bytes.
    pub(crate) len: u64,
    /// Offset of what follows: behind the padding, where there is one.
    pub(crate) end: u64,
}

impl Chunk {
    /// The data.
    pub(crate) fn data(&self) -> Range<u64> {
        self.at + 8..self.at + 8 + self.len
    }

    /// Header and data, without the padding.
    pub(crate) fn range(&self) -> Range<u64> {
        self.at..self.at + 8 + self.len
    }

    /// Header, data and padding.
    pub(crate) fn whole(&self) -> Range<u64> {
        self.at..self.end
    }

    /// Whether the byte that pads odd data is missing: at the end of files of careless writers.
    pub(crate) fn lacks_padding(&self) -> bool {
        (self.end - self.at) % 2 == 1
    }
}

/// A RIFF file: its form, the chunks of its first level and where they end.
#[derive(Debug)]
pub(crate) struct Riff {
    pub(crate) form: [u8; 4],
    pub(crate) chunks: Vec<Chunk>,
    /// Offset of the first byte after the chunks; what follows does not belong to the file.
    pub(crate) end: u64,
}

/// Walks the first level of a RIFF file.
///
/// A length in the header that says too much is taken as the end of the file, as every player does; a chunk that says
/// too much is an error.
pub(crate) fn walk(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Riff> {
    let file = length(source)?;
    let head = read_at(source, format, 0, 12)?;
    let (Some(b"RIFF"), &[a, b, c, d], &[e, f, g, h]) = (head.get(..4), &head[4..8], &head[8..12]) else {
        return Err(Error::malformed(format, 0, "no RIFF header"));
    };
    let end = (u64::from(u32::from_le_bytes([a, b, c, d])) + 8).clamp(12, file);
    let chunks = chunks(source, format, 12..end, budget)?;
    let end = chunks.last().map_or(12, |chunk| chunk.end);
    Ok(Riff { form: [e, f, g, h], chunks, end })
}

/// The chunks that stand in `range`.
pub(crate) fn chunks(
    source: &mut dyn Source,
    format: Format,
    range: Range<u64>,
    budget: &mut Budget,
) -> Result<Vec<Chunk>> {
    let mut chunks = Vec::new();
    let mut at = range.start;
    // Fewer bytes than a header are padding of careless writers.
    while at + 8 <= range.end {
        budget.part()?;
        let head = read_at(source, format, at, 8)?;
        let &[a, b, c, d, e, f, g, h] = head.as_slice() else { break };
        let len = u64::from(u32::from_le_bytes([e, f, g, h]));
        let end = at + 8 + len;
        if end > range.end {
            let name = String::from_utf8_lossy(&head[..4]).escape_default().to_string();
            let why = format!("chunk {name:?} of {len} bytes ends at {end}, after the end at {}", range.end);
            return Err(Error::malformed(format, at, why));
        }
        let end = if len % 2 == 1 { (end + 1).min(range.end) } else { end };
        chunks.push(Chunk { id: [a, b, c, d], at, len, end });
        at = end;
    }
    Ok(chunks)
}

/// A whole chunk: header, data and padding.
///
/// # Errors
///
/// [`Error::Unsupported`] over 4 GiB.
pub(crate) fn chunk(format: Format, id: [u8; 4], data: &[u8]) -> Result<Vec<u8>> {
    let mut out = header(format, id, data.len() as u64)?.to_vec();
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
    Ok(out)
}

/// The header of a chunk with `len` bytes of data.
pub(crate) fn header(format: Format, id: [u8; 4], len: u64) -> Result<[u8; 8]> {
    let len = u32::try_from(len).map_err(|_| Error::unsupported(format, "RIFF chunks hold at most 4 GiB"))?;
    let ([a, b, c, d], [e, f, g, h]) = (id, len.to_le_bytes());
    Ok([a, b, c, d, e, f, g, h])
}
