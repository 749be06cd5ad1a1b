//! Ogg pages, and the comments of Opus, Vorbis and FLAC in them. Checksums of pages are not looked at by the reader.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Ogg], &wrap::with(data, &[(0, b"OggS\0")])) });
