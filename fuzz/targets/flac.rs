//! Frames of FLAC, whose checksums are put right, labelled whole: the splice renumbers each of them.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine_whole, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine_whole(&[Format::Flac], &wrap::flac(data)) });
