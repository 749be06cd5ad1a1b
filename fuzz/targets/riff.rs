//! RIFF chunks: WebP, WAV, AVI.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::WebP, Format::Wav, Format::Avi], data) });
