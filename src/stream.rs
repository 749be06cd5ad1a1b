//! What labels are read from and written to, and checked reads.

use std::io::{Read, Seek, SeekFrom, Write};

use crate::{Error, Format, Result, limits::Budget};

/// What a label is read from: a file, or `std::io::Cursor` over bytes.
pub trait Source: Read + Seek + Send {}
impl<T: Read + Seek + Send + ?Sized> Source for T {}

/// What a labelled file is written to: a file opened for reading and writing, or `std::io::Cursor<Vec<u8>>`.
///
/// It is written from its current start; what is written is read back once.
pub trait Sink: Source + Write {}
impl<T: Source + Write + ?Sized> Sink for T {}

/// Length of the stream in bytes; the position is undefined afterwards.
pub(crate) fn length(source: &mut dyn Source) -> Result<u64> {
    Ok(source.seek(SeekFrom::End(0))?)
}

/// Reads exactly `len` bytes at `at`, spending metadata budget first.
pub(crate) fn read_block(
    source: &mut dyn Source,
    format: Format,
    at: u64,
    len: u64,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    budget.metadata(len)?;
    read_at(source, format, at, len)
}

/// Reads exactly `len` bytes at `at`. The caller has bounded `len`.
pub(crate) fn read_at(source: &mut dyn Source, format: Format, at: u64, len: u64) -> Result<Vec<u8>> {
    // A length that lies cannot make us allocate more than the file holds; what is long is not held twice while it grows.
    let room = if len > 1 << 16 { length(source)?.saturating_sub(at) } else { 0 };
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::with_capacity(usize::try_from(len.min(room)).unwrap_or(0));
    let read = source.take(len).read_to_end(&mut bytes)?;
    if read as u64 != len {
        let why = format!("{len} bytes expected, the file ends after {read}");
        return Err(Error::malformed(format, at, why));
    }
    Ok(bytes)
}

/// Up to 4096 bytes from `at` on.
pub(crate) fn head(source: &mut dyn Source, at: u64) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    source.seek(SeekFrom::Start(at))?;
    source.take(4096).read_to_end(&mut head)?;
    Ok(head)
}

/// Fills `buffer` from `at`.
pub(crate) fn read_into(source: &mut dyn Source, format: Format, at: u64, buffer: &mut [u8]) -> Result<()> {
    source.seek(SeekFrom::Start(at))?;
    source.read_exact(buffer).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            Error::malformed(format, at, format!("{} bytes expected, the file ends before", buffer.len()))
        }
        _ => Error::Io(error),
    })
}

/// Unpacks into `out`, which is empty, at most `max` bytes, and says whether there are more. What came before a fault stays in `out`.
pub(crate) fn unpack(mut packed: impl Read, max: u64, out: &mut Vec<u8>) -> std::io::Result<bool> {
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let mut piece = [0; 16 * 1024];
    loop {
        let left = max.saturating_sub(out.len());
        // With nothing left, one byte says whether there are more: in `out` it would double the memory.
        let wanted = piece.len().min(left.max(1));
        match packed.read(&mut piece[..wanted]) {
            Ok(0) => return Ok(false),
            Ok(_) if left == 0 => return Ok(true),
            Ok(len) => {
                if out.capacity() - out.len() < len {
                    out.reserve_exact(out.len().max(piece.len()).min(left));
                }
                out.extend_from_slice(&piece[..len]);
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads the whole stream, for formats that must be decoded as a whole.
pub(crate) fn read_all(source: &mut dyn Source, budget: &Budget) -> Result<Vec<u8>> {
    let len = length(source)?;
    budget.held(len)?;
    source.rewind()?;
    let mut bytes = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    source.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Big-endian numbers out of a slice, `None` past its end.
pub(crate) fn be_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}
pub(crate) fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
pub(crate) fn be_u64(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
pub(crate) fn le_u16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}
pub(crate) fn le_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unpacked_ends_at_the_limit_and_takes_no_more_memory() {
        for (len, more) in [(0, false), (99_999, false), (100_000, false), (100_001, true), (1_000_000, true)] {
            let mut out = Vec::new();
            assert_eq!(unpack(&vec![7; len][..], 100_000, &mut out).unwrap(), more, "{len}");
            assert_eq!(out, vec![7; len.min(100_000)]);
            assert!(out.capacity() <= 100_000, "{}", out.capacity());
        }
    }
}
