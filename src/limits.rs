//! Bounds on what untrusted bytes may cost.

use crate::{Error, Result};

/// What one file may cost. The defaults suit a server that takes files from strangers.
///
/// Peak memory is at most 64 MB + 4 × the decoded picture: files are read, hashed and written in pieces, however large they are.
/// A file that is full of metadata costs more: all that is found is held at once, up to 4 × [`max_metadata_bytes`](Self::max_metadata_bytes).
/// The movie box (`moov`) of a film, which is as long as the film has samples, counts as metadata and is held up to twice, for
/// reading as well as for putting a card in front of the film (three times where its offsets become 64 bits wide); media data never is.
/// Bindings that are not computed here (older ones over the samples of films) go to the C2PA engine, which takes up to twice the
/// file, and therefore only for files up to 64 MB; for larger ones the binding is not checked.
///
/// ```
/// let mut limits = tanba::Limits::default();
/// limits.max_pixels = 16 * 1024 * 1024;
/// let verifier = tanba::Verifier::new().limits(limits);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Pixels of one raster, all frames counted once. Default 268,435,456 (16,384²).
    pub max_pixels: u64,
    /// Boxes, chunks, segments, directory entries and frames walked in one file. Default 1,048,576.
    pub max_parts: u64,
    /// Depth of nesting of boxes and elements. Default 64.
    pub max_depth: u32,
    /// Bytes of one metadata block (XMP packet, EXIF, manifest store), inflated. Default 32 MiB.
    pub max_metadata_bytes: u64,
    /// Bytes held in memory for content that has to be decoded and encoded again. Default 2 GiB.
    pub max_decoded_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 1 << 28,
            max_parts: 1 << 20,
            max_depth: 64,
            max_metadata_bytes: 32 << 20,
            max_decoded_bytes: 2 << 30,
        }
    }
}

/// What is left of [`Limits`] while one file is worked on; every loop and allocation over untrusted bytes spends from it.
pub(crate) struct Budget {
    limits: Limits,
    parts: u64,
    metadata: u64,
}

impl Budget {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limits: limits.clone(), parts: 0, metadata: 0 }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Spends one walked part.
    pub(crate) fn part(&mut self) -> Result<()> {
        self.parts += 1;
        check("the number of parts", self.parts, self.limits.max_parts)
    }

    /// Spends `bytes` of metadata; call it before allocating them.
    pub(crate) fn metadata(&mut self, bytes: u64) -> Result<()> {
        self.metadata = self.metadata.saturating_add(bytes);
        // Several blocks may stand in one file (two stores, XMP and EXIF): the sum is bounded by a small multiple.
        check("the size of the metadata in bytes", bytes, self.limits.max_metadata_bytes)?;
        check("the size of all metadata in bytes", self.metadata, self.limits.max_metadata_bytes.saturating_mul(4))
    }

    /// Checks the length of content that is held in memory to be decoded.
    pub(crate) fn held(&self, bytes: u64) -> Result<()> {
        check("the size of a file that must be decoded, in bytes", bytes, self.limits.max_decoded_bytes)
    }

    /// Checks a nesting depth, counted from 0.
    pub(crate) fn depth(&self, depth: u32) -> Result<()> {
        check("the nesting depth", depth.into(), self.limits.max_depth.into())
    }

    /// Checks a raster before anything is allocated for it, and returns its size in bytes.
    pub(crate) fn raster(&self, width: u32, height: u32, bytes_per_pixel: u64) -> Result<usize> {
        let pixels = u64::from(width) * u64::from(height);
        check("the number of pixels", pixels, self.limits.max_pixels)?;
        let bytes = pixels.saturating_mul(bytes_per_pixel);
        check("the size of the decoded picture in bytes", bytes, self.limits.max_decoded_bytes)?;
        usize::try_from(bytes).map_err(|_| Error::Limit {
            what: "the size of the decoded picture in bytes",
            got: bytes,
            max: usize::MAX as u64,
        })
    }
}

fn check(what: &'static str, got: u64, max: u64) -> Result<()> {
    if got > max { Err(Error::Limit { what, got, max }) } else { Ok(()) }
}
