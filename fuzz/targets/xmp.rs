//! The records: an XMP packet, or text fields (keyword and value in turn, each ended by NUL) for the detectors of other labels.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus {
    let png = match data.contains(&0) {
        true => wrap::text_fields(data),
        false => wrap::xmp(data),
    };
    examine(&[Format::Png], &png)
});
