//! Hashes over ranges of a file, a piece at a time.

use std::{io::SeekFrom, ops::Range};

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::{
    Result,
    nfc::Nfc,
    stream::{Source, length},
};

/// Bytes of the file that are held at a time.
const PIECE: u64 = 128 * 1024;

/// The three algorithms of C2PA 2.4 §13.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manifest) enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "sha256" => Some(Self::Sha256),
            "sha384" => Some(Self::Sha384),
            "sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(super) fn start(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
            Self::Sha384 => Hasher::Sha384(Sha384::new()),
            Self::Sha512 => Hasher::Sha512(Sha512::new()),
        }
    }
}

/// A hash on its way.
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    /// Over Unicode's form C of a text.
    Nfc(Box<Hasher>, Nfc),
}

impl Hasher {
    /// The same, over form C.
    pub(super) fn over_nfc(self) -> Self {
        Self::Nfc(Box::new(self), Nfc::default())
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha384(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
            Self::Nfc(hash, nfc) => nfc.feed(bytes, &mut |bytes| hash.update(bytes)),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha384(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
            Self::Nfc(mut hash, mut nfc) => {
                nfc.finish(&mut |bytes| hash.update(bytes));
                hash.finish()
            }
        }
    }
}

/// A file that is read piece by piece, front to back where that is possible.
pub(in crate::manifest) struct Feed<'a> {
    source: &'a mut dyn Source,
    piece: Vec<u8>,
    /// Where `source` stands; `None` where that is not known.
    at: Option<u64>,
    len: u64,
}

impl<'a> Feed<'a> {
    pub(in crate::manifest) fn new(source: &'a mut dyn Source) -> Result<Self> {
        let len = length(source)?;
        let piece = vec![0; usize::try_from(len.min(PIECE)).unwrap_or(0)];
        Ok(Self { source, piece, at: None, len })
    }

    /// Length of the file.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Feeds the bytes of `range`, which lies inside the file, to `hash`.
    pub(super) fn hash(&mut self, range: Range<u64>, hash: &mut Hasher) -> Result<()> {
        self.seek(range.start)?;
        let mut left = range.end.saturating_sub(range.start);
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(usize::MAX).min(self.piece.len());
            if want == 0 {
                // An empty file that has grown since.
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into());
            }
            self.at = None;
            self.source.read_exact(&mut self.piece[..want])?;
            hash.update(&self.piece[..want]);
            left -= want as u64;
            self.at = Some(range.end - left);
        }
        Ok(())
    }

    /// Reads the first bytes of `range`, as many as `buffer` takes and the file has.
    pub(super) fn peek<'b>(&mut self, range: Range<u64>, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        let have = range.end.min(self.len).saturating_sub(range.start);
        let have = buffer.len().min(usize::try_from(have).unwrap_or(usize::MAX));
        self.seek(range.start)?;
        self.at = None;
        self.source.read_exact(&mut buffer[..have])?;
        self.at = Some(range.start + have as u64);
        Ok(&buffer[..have])
    }

    fn seek(&mut self, to: u64) -> Result<()> {
        // A seek throws away what a buffered source has read ahead.
        if self.at != Some(to) {
            self.source.seek(SeekFrom::Start(to))?;
            self.at = Some(to);
        }
        Ok(())
    }
}
