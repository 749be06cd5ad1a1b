//! Boxes: AVIF, HEIF, JPEG XL, and films and sound in MP4 and its kin.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

const FORMATS: &[Format] = &[Format::Avif, Format::Heif, Format::Jxl, Format::M4a, Format::Mov, Format::Mp4];

fuzz_target!(|data: &[u8]| -> Corpus { examine(FORMATS, data) });
