//! GIF blocks, LZW codes and palettes.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Gif], &wrap::with(data, &[(0, b"GIF89a")])) });
