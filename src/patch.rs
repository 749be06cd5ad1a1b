//! A label as edits over the bytes of the original, and the one writer that applies them.
//!
//! Handlers never write files: they say which ranges are replaced by what. Everything else is copied, byte for byte, in
//! one streaming pass that also hashes what it writes, with constant memory.

use std::{
    io::{Read as _, SeekFrom},
    ops::Range,
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::{
    Error, Format, Result,
    nfc::Nfc,
    stream::{Sink, Source, length},
};

/// Bytes copied at a time.
const CHUNK: usize = 64 * 1024;

/// Turns the signed manifest store into the bytes that stand in the file (chunk header, segments, Base64, …).
/// The length of its result depends on the length of the store only.
pub(crate) type Wrap = Box<dyn Fn(&[u8]) -> Vec<u8> + Send>;

/// Takes the next bytes of a result.
pub(crate) type Put<'a> = dyn FnMut(&[u8]) -> Result<()> + 'a;
/// Writes a part of the result that is made from the original in pieces.
pub(crate) type Rewrite = Box<dyn FnOnce(&mut dyn Source, &mut Put) -> Result<()> + Send>;

/// What replaces a range.
enum With {
    Bytes(Vec<u8>),
    /// The same bytes in several places.
    Shared(Arc<[u8]>),
    /// `len` bytes that are made while they are written.
    Made {
        len: u64,
        rewrite: Rewrite,
    },
    /// The place of the manifest, `len` bytes long, filled after signing and left out of the hash.
    Slot {
        len: u64,
    },
    /// The same for what hangs on the manifest elsewhere in the file: its checksum in a directory.
    Echo {
        len: u64,
    },
}

/// Edits over the original, in any order until they are written.
#[derive(Default)]
pub(crate) struct Patch {
    edits: Vec<(Range<u64>, With)>,
    wrap: Option<Wrap>,
    echo: Option<Wrap>,
    /// The whole result is hashed, though no manifest goes into it.
    beside: bool,
    /// The hash is over Unicode's form C of the result, a text.
    nfc: bool,
}

/// What the writer learnt on its way.
pub(crate) struct Written {
    /// SHA-256 over all bytes of the result but the slot; zeros where there is no slot, because nothing is signed then.
    pub(crate) sha256: [u8; 32],
    /// Where the manifest goes in the result.
    pub(crate) slot: Option<Range<u64>>,
    /// Where what hangs on the manifest goes.
    pub(crate) echoes: Vec<Range<u64>>,
    /// Length of the result in bytes.
    pub(crate) len: u64,
}

impl Patch {
    /// Replaces `range` of the original by `bytes`; an empty range inserts, empty bytes delete.
    /// Edits at the same place are written in the order in which they were added.
    pub(crate) fn replace(&mut self, range: Range<u64>, bytes: Vec<u8>) {
        self.edits.push((range, With::Bytes(bytes)));
    }

    /// Inserts `bytes` before byte `at` of the original.
    pub(crate) fn insert(&mut self, at: u64, bytes: Vec<u8>) {
        self.replace(at..at, bytes);
    }

    /// Inserts the same bytes as in other places, which are held once.
    pub(crate) fn insert_shared(&mut self, at: u64, bytes: Arc<[u8]>) {
        self.edits.push((at..at, With::Shared(bytes)));
    }

    /// Replaces `range` of the original by `len` bytes that `rewrite` makes from the original while they are written.
    pub(crate) fn rewrite(&mut self, range: Range<u64>, len: u64, rewrite: Rewrite) {
        self.edits.push((range, With::Made { len, rewrite }));
    }

    /// Fills `range` of the original with zeros.
    pub(crate) fn blank(&mut self, range: Range<u64>) {
        let len = range.end.saturating_sub(range.start);
        let zeros = move |_: &mut dyn Source, put: &mut Put| {
            let mut left = len;
            while left > 0 {
                let now = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
                put(&[0; CHUNK][..now])?;
                left -= now as u64;
            }
            Ok(())
        };
        self.rewrite(range, len, Box::new(zeros));
    }

    /// Removes `range` of the original.
    pub(crate) fn delete(&mut self, range: Range<u64>) {
        self.replace(range, Vec::new());
    }

    /// Puts the manifest before byte `at` of the original. `store_len` is the length of the store that will be handed to
    /// `wrap`; the carrier's length is taken from a trial run.
    pub(crate) fn slot(&mut self, at: u64, store_len: usize, wrap: Wrap) {
        let len = wrap(&vec![0; store_len]).len() as u64;
        self.edits.push((at..at, With::Slot { len }));
        self.wrap = Some(wrap);
    }

    /// Puts what `wrap` makes of the manifest, as long as for any other, before byte `at` of the original as well. It may stand in
    /// several places, but there is one such thing in a file.
    pub(crate) fn echo(&mut self, at: u64, store_len: usize, wrap: Wrap) {
        let len = wrap(&vec![0; store_len]).len() as u64;
        self.edits.push((at..at, With::Echo { len }));
        self.echo = Some(wrap);
    }

    /// The manifest stands beside the file: the hash is over all of it.
    pub(crate) fn beside(&mut self) {
        self.beside = true;
    }

    /// The hash is over Unicode's form C of the result: C2PA 2.4 §15.12.1.3.1.
    pub(crate) fn hash_nfc(&mut self) {
        self.nfc = true;
    }

    /// Takes the wrapper of the slot out of the patch.
    pub(crate) fn take_wrap(&mut self) -> Option<Wrap> {
        self.wrap.take()
    }

    /// Takes what makes the echo out of the patch.
    pub(crate) fn take_echo(&mut self) -> Option<Wrap> {
        self.echo.take()
    }

    /// How much longer the result is than the original, edits before byte `end` of the original counted.
    /// Edits of an empty range exactly at `end` are not counted.
    pub(crate) fn growth_before(&self, end: u64) -> i64 {
        self.edits.iter().filter(|(range, _)| range.start < end).map(Self::growth_of).sum()
    }

    /// How much longer the result is than the original.
    pub(crate) fn growth(&self) -> i64 {
        self.edits.iter().map(Self::growth_of).sum()
    }

    fn growth_of((range, with): &(Range<u64>, With)) -> i64 {
        let new = match with {
            With::Bytes(bytes) => bytes.len() as u64,
            With::Shared(bytes) => bytes.len() as u64,
            With::Slot { len } | With::Echo { len } | With::Made { len, .. } => *len,
        };
        new as i64 - (range.end - range.start) as i64
    }

    /// Bytes that are held in memory to be written.
    #[cfg(test)]
    pub(crate) fn held_bytes(&self) -> usize {
        let held = |(_, with): &(Range<u64>, With)| if let With::Bytes(bytes) = with { bytes.len() } else { 0 };
        self.edits.iter().map(held).sum()
    }

    /// Writes the patched original to `sink`, zeros where the slot is.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] when edits overlap: two parts of a hostile file that a label must replace share bytes.
    pub(crate) fn write(mut self, format: Format, source: &mut dyn Source, sink: &mut dyn Sink) -> Result<Written> {
        // Stable: edits at one place keep their order; what is put before a part stands before what replaces it.
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let end = length(source)?;
        source.rewind()?;
        sink.rewind()?;
        let is_signed = self.beside || self.edits.iter().any(|(_, with)| matches!(with, With::Slot { .. }));
        let nfc = self.nfc.then(Nfc::default);
        let mut out = HashingWriter { sink, hash: is_signed.then(Sha256::new), nfc, len: 0, buffer: Vec::new() };
        let (mut slot, mut echoes) = (None, Vec::new());
        let mut position = 0;
        for (range, with) in self.edits {
            if range.start < position || range.end < range.start || range.end > end {
                return Err(Error::malformed(format, range.start, "two parts that a label replaces overlap here"));
            }
            out.copy(source, range.start - position)?;
            match with {
                With::Bytes(bytes) => out.write(&bytes)?,
                With::Shared(bytes) => out.write(&bytes)?,
                With::Made { len, rewrite } => {
                    let wanted = out.len.saturating_add(len);
                    rewrite(source, &mut |bytes| out.write(bytes))?;
                    if out.len != wanted {
                        return Err(Error::ReadBack { format, what: "what was rewritten" });
                    }
                    source.seek(SeekFrom::Start(range.start))?;
                }
                With::Slot { len } => slot = Some(out.skip(len)?),
                With::Echo { len } => echoes.push(out.skip(len)?),
            }
            if range.end > range.start {
                source.seek(SeekFrom::Start(range.end))?;
            }
            position = range.end;
        }
        out.copy(source, end - position)?;
        out.finish();
        let sha256 = out.hash.map(|hash| hash.finalize().into()).unwrap_or_default();
        Ok(Written { sha256, slot, echoes, len: out.len })
    }
}

/// Writes `bytes` over the slot of a written result.
pub(crate) fn fill(format: Format, sink: &mut dyn Sink, slot: &Range<u64>, bytes: &[u8]) -> Result<()> {
    if slot.end - slot.start != bytes.len() as u64 {
        return Err(Error::ReadBack { format, what: "the manifest" });
    }
    sink.seek(SeekFrom::Start(slot.start))?;
    sink.write_all(bytes)?;
    sink.flush()?;
    Ok(())
}

struct HashingWriter<'a> {
    sink: &'a mut dyn Sink,
    /// Hashing costs more than all the rest: only where something is signed.
    hash: Option<Sha256>,
    nfc: Option<Nfc>,
    len: u64,
    /// What is copied goes through here.
    buffer: Vec<u8>,
}

impl HashingWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write_all(bytes)?;
        match (&mut self.hash, &mut self.nfc) {
            (Some(hash), Some(nfc)) => nfc.feed(bytes, &mut |bytes| hash.update(bytes)),
            (Some(hash), None) => hash.update(bytes),
            (None, _) => {}
        }
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn copy(&mut self, source: &mut dyn Source, mut len: u64) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        while len > 0 {
            let want = usize::try_from(len).unwrap_or(CHUNK).min(CHUNK);
            buffer.resize(want.max(buffer.len()), 0);
            source.read_exact(&mut buffer[..want])?;
            self.write(&buffer[..want])?;
            len -= want as u64;
        }
        self.buffer = buffer;
        Ok(())
    }

    /// Hashes what was held back.
    fn finish(&mut self) {
        if let (Some(hash), Some(nfc)) = (&mut self.hash, &mut self.nfc) {
            nfc.finish(&mut |bytes| hash.update(bytes));
        }
    }

    fn skip(&mut self, len: u64) -> Result<Range<u64>> {
        let start = self.len;
        std::io::copy(&mut std::io::repeat(0).take(len), &mut &mut *self.sink)?;
        self.len += len;
        Ok(start..self.len)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn edits_are_applied_in_order_and_the_slot_is_not_hashed() {
        let mut patch = Patch::default();
        patch.replace(8..10, b"ten".to_vec());
        patch.insert(2, b"<".to_vec());
        patch.slot(2, 3, Box::new(|store| [b"[", store, b"]"].concat()));
        patch.insert(2, b">".to_vec());
        patch.delete(4..6);
        assert_eq!(patch.growth(), 1 + 5 + 1 - 2 + 1);
        assert_eq!(patch.growth_before(4), 7);
        let wrap = patch.take_wrap().unwrap();
        let mut sink = Cursor::new(Vec::new());
        let written = patch.write(Format::Png, &mut Cursor::new(b"0123456789ab"), &mut sink).unwrap();
        let slot = written.slot.unwrap();
        assert_eq!(slot, 3..8);
        fill(Format::Png, &mut sink, &slot, &wrap(b"XYZ")).unwrap();
        assert_eq!(sink.get_ref(), b"01<[XYZ]>2367tenab");
        assert_eq!(written.len, 18);
        assert_eq!(written.sha256, <[u8; 32]>::from(Sha256::digest(b"01<>2367tenab")));
    }

    #[test]
    fn overlapping_edits_are_an_error_of_the_file() {
        let mut patch = Patch::default();
        patch.delete(2..6);
        patch.replace(4..8, b"x".to_vec());
        let error = patch.write(Format::Png, &mut Cursor::new(b"0123456789"), &mut Cursor::new(Vec::new())).err();
        assert!(matches!(error, Some(Error::Malformed { at: 4, .. })));
    }
}
