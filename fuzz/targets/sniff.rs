//! Whatever it is: which format takes it, and what that makes of it.
#![no_main]

use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[], data) });
