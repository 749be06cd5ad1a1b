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
    source.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    // `take` and a growing vector: a length that lies cannot make us allocate more than the file holds.
    let read = source.take(len).read_to_end(&mut bytes)?;
    if read as u64 != len {
        let why = format!("{len} bytes expected, the file ends after {read}");
        return Err(Error::malformed(format, at, why));
    }
    Ok(bytes)
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
