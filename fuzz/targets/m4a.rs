//! The tables of recordings: the input is the `moov` box of an M4A, labelled whole, spoken notice and all.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine_whole, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine_whole(&[Format::M4a], &wrap::m4a(data)) });
