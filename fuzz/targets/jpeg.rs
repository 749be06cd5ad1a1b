//! Markers, Huffman codes, JPEG XT boxes, and the blocks that the notice rewrites.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Jpeg], &wrap::with(data, &[(0, b"\xff\xd8\xff")])) });
