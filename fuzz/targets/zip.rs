//! ZIP: Office Open XML, OpenDocument, EPUB. What is no archive is a part of one of the fixtures, which its first byte says.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

const FORMATS: &[Format] = &[Format::Ooxml, Format::OpenDocument, Format::Epub];

fuzz_target!(|data: &[u8]| -> Corpus {
    match data {
        [b'P', b'K', ..] | [] => examine(FORMATS, data),
        [choice, part @ ..] => examine(FORMATS, &wrap::document(*choice, part)),
    }
});
