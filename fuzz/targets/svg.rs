//! XML of a drawing, plain and in gzip.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Svg], data) });
