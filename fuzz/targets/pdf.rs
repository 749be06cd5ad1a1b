//! PDF objects, cross-reference tables and streams, object streams.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Pdf], &wrap::with(data, &[(0, b"%PDF-")])) });
