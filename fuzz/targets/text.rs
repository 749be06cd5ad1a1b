//! Text: wrappers, front matter, comments, hidden characters. What begins with FF becomes the payload of a wrapper.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

const FORMATS: &[Format] = &[Format::Text, Format::WebVtt, Format::SubRip];

fuzz_target!(|data: &[u8]| -> Corpus {
    match data.strip_prefix(b"\xff") {
        Some(payload) => examine(FORMATS, &wrap::selectors(payload)),
        None => examine(FORMATS, data),
    }
});
