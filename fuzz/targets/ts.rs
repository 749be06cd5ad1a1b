//! Packets of MPEG transport streams: each begins with its sign.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    let mut bytes = data.to_vec();
    bytes.iter_mut().step_by(188).for_each(|byte| *byte = 0x47);
    examine(&[Format::MpegTs], &bytes)
});
