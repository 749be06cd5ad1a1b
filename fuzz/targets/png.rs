//! Chunks with their checksums put right; what does not begin as a PNG becomes the rows of one.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus {
    let png = match data.starts_with(b"\x89P") {
        true => Some(wrap::png(data)),
        false => wrap::png_of_rows(data),
    };
    png.map_or(Corpus::Reject, |png| examine(&[Format::Png], &png))
});
