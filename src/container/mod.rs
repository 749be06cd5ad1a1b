//! Byte grammars that two formats or more share. Knows no label and no format.

pub(crate) mod ape;
pub(crate) mod avc;
pub(crate) mod bmff;
pub(crate) mod crc;
pub(crate) mod ebml;
pub(crate) mod id3;
pub(crate) mod invisible;
pub(crate) mod ogg;
pub(crate) mod pdf;
pub(crate) mod riff;
pub(crate) mod tiff;
pub(crate) mod vorbis;
pub(crate) mod xml;
pub(crate) mod xmp;
pub(crate) mod zip;
