//! Pages and fragments, with JSON-LD and stores in them.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Html], data) });
