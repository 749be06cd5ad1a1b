//! TIFF directories, as a file of their own and as EXIF in a JPEG.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, fuzz_target, wrap};

fuzz_target!(|data: &[u8]| -> Corpus {
    // Pictures are not as short as EXIF is.
    if data.len() < 1024 {
        examine(&[Format::Jpeg], &wrap::exif(data));
    }
    examine(&[Format::Tiff], data)
});
