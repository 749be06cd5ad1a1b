//! A manifest store: as a file of its own, beside a picture, and in one.
#![no_main]

use std::io::Cursor;

use tanba::Format;
use tanba_fuzz::{Bench, Corpus, blames_the_content, bounded, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus {
    let verifier = Bench::get().verifier.clone().look_for_notice(false);
    let picture = wrap::xmp(b"<x/>");
    let beside = || verifier.verify_with_manifest(&mut Cursor::new(&picture), data);
    blames_the_content("beside a picture", bounded("beside a picture", beside));
    examine(&[Format::Png], &wrap::store(data));
    examine(&[Format::Sidecar], data)
});
