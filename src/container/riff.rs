//! RIFF: chunks of a four-character code, a 32-bit little-endian length, data and a padding byte; and RF64 (EBU Tech 3306,
//! ITU-R BS.2088), whose true lengths stand in a chunk of their own.

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
    let mut found = Vec::new();
    chunks_into(source, format, range, &mut found, budget)?;
    Ok(found)
}

/// The same, with what was found before an error kept.
pub(crate) fn chunks_into(
    source: &mut dyn Source,
    format: Format,
    range: Range<u64>,
    found: &mut Vec<Chunk>,
    budget: &mut Budget,
) -> Result<()> {
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
        found.push(Chunk { id: [a, b, c, d], at, len, end });
        at = end;
    }
    Ok(())
}

/// One RIFF structure of a recording, which may be still running or cut off: walked as players do.
#[derive(Debug)]
pub(crate) struct Form {
    /// `WAVE`, `AVI `, `AVIX`, …
    pub(crate) kind: [u8; 4],
    pub(crate) chunks: Vec<Chunk>,
    /// Offset of the first byte after it.
    pub(crate) end: u64,
    /// The last chunk says that it holds this many bytes, more than there are.
    pub(crate) cut: Option<u64>,
}

/// The lengths in the `ds64` chunk of RF64 and BW64.
#[derive(Debug, Default)]
struct Sizes {
    riff: u64,
    data: u64,
    table: Vec<([u8; 4], u64)>,
}

/// A length that is not known yet, or stands in `ds64`.
const UNKNOWN: u64 = 0xFFFF_FFFF;

/// Walks the RIFF structure at `at`; `None` where there is none.
///
/// Programs that write to a pipe put 0 or 0xFFFFFFFF where they cannot know the length: the chunk ends with the file then.
pub(crate) fn form(source: &mut dyn Source, format: Format, at: u64, budget: &mut Budget) -> Result<Option<Form>> {
    let file = length(source)?;
    if file.saturating_sub(at) < 12 {
        return Ok(None);
    }
    let head = read_at(source, format, at, 12)?;
    let (Some(magic), &[a, b, c, d], &[e, f, g, h]) = (head.get(..4), &head[4..8], &head[8..12]) else {
        return Ok(None);
    };
    let mut sizes = None;
    if magic == b"RF64" || magic == b"BW64" {
        sizes = Some(Sizes::read(source, format, at + 12, file, budget)?);
    } else if magic != b"RIFF" {
        return Ok(None);
    }
    let said = match (u64::from(u32::from_le_bytes([a, b, c, d])), &sizes) {
        (UNKNOWN, Some(sizes)) => sizes.riff,
        (len, _) => len,
    };
    // No more than the form itself: the writer never came back to fill it in.
    let open = said == UNKNOWN || said <= 4;
    let end = if open { file } else { at.saturating_add(8).saturating_add(said).min(file) };
    let mut form = Form { kind: [e, f, g, h], chunks: Vec::new(), end, cut: None };
    let mut next = at + 12;
    while next + 8 <= form.end {
        budget.part()?;
        let head = read_at(source, format, next, 8)?;
        let &[a, b, c, d, e, f, g, h] = head.as_slice() else { break };
        let id = [a, b, c, d];
        let said = u64::from(u32::from_le_bytes([e, f, g, h]));
        let len = sizes.as_ref().and_then(|sizes| sizes.of(id)).filter(|_| said == UNKNOWN).unwrap_or(said);
        let start = next + 8;
        let (mut len, rest) = (len, file - start);
        let unknown = len == UNKNOWN && sizes.is_none() || len == 0 && (id == *b"data" || id == *b"LIST");
        if len > rest || unknown && !is_header(source, format, start + len.min(rest), file)? {
            // A length that was never filled in is no damage, one that the file does not keep is.
            form.cut = (!unknown).then_some(len);
            len = rest;
        }
        let end = start + len;
        // The header's length is wrong where a chunk reaches beyond it.
        form.end = if end > form.end { file } else { form.end };
        let end = if len % 2 == 1 { (end + 1).min(form.end) } else { end };
        form.chunks.push(Chunk { id, at: next, len, end });
        next = end;
    }
    Ok(Some(form))
}

/// Whether a chunk may start at `at`, or the file ends there.
fn is_header(source: &mut dyn Source, format: Format, at: u64, file: u64) -> Result<bool> {
    if at == file {
        return Ok(true);
    }
    if file.saturating_sub(at) < 8 {
        return Ok(false);
    }
    let head = read_at(source, format, at, 8)?;
    let len =
        head.get(4..8).and_then(|len| Some(u64::from(u32::from_le_bytes(len.try_into().ok()?)))).unwrap_or(u64::MAX);
    Ok(head[..4].iter().all(|byte| (b' '..=b'~').contains(byte)) && len <= file - at - 8)
}

impl Sizes {
    fn read(source: &mut dyn Source, format: Format, at: u64, file: u64, budget: &mut Budget) -> Result<Self> {
        let missing = || Error::malformed(format, at, "RF64 without its 'ds64' chunk");
        if file.saturating_sub(at) < 8 {
            return Err(missing());
        }
        let head = read_at(source, format, at, 8)?;
        let len = head.get(4..8).and_then(|len| Some(u32::from_le_bytes(len.try_into().ok()?))).unwrap_or_default();
        if !head.starts_with(b"ds64") || len < 24 {
            return Err(missing());
        }
        // A table of 4096 bytes names 340 chunks; one or two are usual.
        let data = read_at(source, format, at + 8, u64::from(len.min(4096)).min(file - at - 8))?;
        let number = |at: usize| Some(u64::from_le_bytes(data.get(at..at.checked_add(8)?)?.try_into().ok()?));
        let mut sizes =
            Self { riff: number(0).ok_or_else(missing)?, data: number(8).ok_or_else(missing)?, table: Vec::new() };
        for entry in data.get(28..).unwrap_or_default().chunks_exact(12) {
            budget.part()?;
            let &[a, b, c, d, ref len @ ..] = entry else { break };
            sizes.table.extend(len.try_into().ok().map(|len| ([a, b, c, d], u64::from_le_bytes(len))));
        }
        Ok(sizes)
    }

    fn of(&self, id: [u8; 4]) -> Option<u64> {
        let listed = self.table.iter().find(|(listed, _)| *listed == id).map(|(_, len)| *len);
        if id == *b"data" { Some(self.data) } else { listed }
    }
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Limits;

    fn walked(bytes: &[u8]) -> Result<Option<Form>> {
        form(&mut Cursor::new(bytes), Format::Wav, 0, &mut Budget::new(&Limits::default()))
    }

    fn raw(id: &[u8; 4], len: u32, data: &[u8]) -> Vec<u8> {
        [&id[..], &len.to_le_bytes(), data].concat()
    }

    fn shape(form: &Form) -> Vec<(&[u8], u64)> {
        form.chunks.iter().map(|chunk| (&chunk.id[..], chunk.len)).collect()
    }

    #[test]
    fn lengths_that_were_never_filled_in_reach_to_the_end() {
        for (riff, data) in [(0, 0), (u32::MAX, u32::MAX), (36, 0), (u32::MAX, 0), (0, u32::MAX)] {
            let bytes = [raw(b"RIFF", riff, b"WAVE"), raw(b"fmt ", 2, &[1, 0]), raw(b"data", data, &[9; 100])].concat();
            let form = walked(&bytes).unwrap().unwrap();
            assert_eq!(shape(&form), [(&b"fmt "[..], 2), (b"data", 100)], "{riff} {data}");
            assert_eq!((form.end, form.cut), (bytes.len() as u64, None));
        }
        // Truly empty, with more behind it.
        let bytes = [raw(b"RIFF", 38, b"WAVE"), raw(b"data", 0, b""), raw(b"AIGC", 2, b"{}")].concat();
        assert_eq!(shape(&walked(&bytes).unwrap().unwrap()), [(&b"data"[..], 0), (b"AIGC", 2)]);
    }

    #[test]
    fn lengths_that_lie_are_said() {
        let bytes = [raw(b"RIFF", 16, b"WAVE"), raw(b"LIST", 5000, b"INFO")].concat();
        let form = walked(&bytes).unwrap().unwrap();
        assert_eq!((shape(&form), form.cut), (vec![(&b"LIST"[..], 4)], Some(5000)));
        // The header says less than the chunks hold.
        let bytes = [raw(b"RIFF", 14, b"WAVE"), raw(b"data", 10, &[0; 10]), raw(b"AIGC", 2, b"{}")].concat();
        let form = walked(&bytes).unwrap().unwrap();
        assert_eq!((shape(&form), form.cut), (vec![(&b"data"[..], 10), (b"AIGC", 2)], None));
        assert!(walked(b"RIFF").unwrap().is_none() && walked(b"RIFX\0\0\0\0WAVE").unwrap().is_none());
    }

    #[test]
    fn rf64_has_its_lengths_in_ds64() {
        let sizes = |data: u64| [&100_u64.to_le_bytes()[..], &data.to_le_bytes(), &[0; 8], &[0; 4]].concat();
        let file = |data: u64| {
            let (all, none) = (u32::MAX, sizes(data));
            [raw(b"RF64", all, b"WAVE"), raw(b"ds64", 28, &none), raw(b"data", all, &[7; 6]), raw(b"AIGC", 2, b"{}")]
                .concat()
        };
        let form = walked(&file(6)).unwrap().unwrap();
        assert_eq!(shape(&form), [(&b"ds64"[..], 28), (b"data", 6), (b"AIGC", 2)]);
        let form = walked(&file(u64::MAX)).unwrap().unwrap();
        assert_eq!(form.cut, Some(u64::MAX));
        assert!(walked(&[raw(b"RF64", u32::MAX, b"WAVE"), raw(b"data", 0, b"")].concat()).is_err());
    }
}
