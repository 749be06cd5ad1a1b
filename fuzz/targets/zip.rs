//! ZIP: Office Open XML, OpenDocument, EPUB.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus { examine(&[Format::Ooxml, Format::OpenDocument, Format::Epub], data) });
