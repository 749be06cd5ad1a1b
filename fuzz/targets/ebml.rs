//! EBML elements: Matroska and WebM.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Matroska], &wrap::with(data, &[(0, b"\x1a\x45\xdf\xa3")])) });
