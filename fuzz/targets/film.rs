//! The tables of films: the input is the `moov` box of a film whose samples stand before it, labelled whole, card and all.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine_whole, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus {
    match data.split_first() {
        Some((kind, moov)) => examine_whole(&[Format::Mp4, Format::Mov], &wrap::film(*kind, moov)),
        None => Corpus::Reject,
    }
});
