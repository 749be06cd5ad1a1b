//! ID3 and APE tags around MP3 and AAC frames, and FLAC blocks.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Mp3, Format::Aac, Format::Flac], data) });
