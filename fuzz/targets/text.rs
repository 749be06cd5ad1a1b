//! Text: wrappers, front matter, comments, hidden characters. What begins with FF becomes the payload of a wrapper, what begins with FE
//! comes in pieces, and what begins with a character that no text begins with has the name of a kind of text.
#![no_main]

use tanba::Format;
use tanba_fuzz::{Corpus, examine, examine_named, fuzz_target, stream, wrap};

const FORMATS: &[Format] = &[Format::Text, Format::WebVtt, Format::SubRip];

/// From 0x0E on; `seeds.py` has the same list.
const KINDS: [&str; 14] =
    ["txt", "md", "csv", "tsv", "py", "rs", "js", "css", "sql", "xml", "yaml", "toml", "tex", "json"];

fuzz_target!(|data: &[u8]| -> Corpus {
    match data {
        [0xff, payload @ ..] => examine(FORMATS, &wrap::selectors(payload)),
        [0xfe, step, text @ ..] => match std::str::from_utf8(text) {
            Ok(text) => stream(usize::from(*step), text),
            Err(_) => Corpus::Reject,
        },
        [kind @ 0x0e..0x1c, text @ ..] => {
            let name = format!("a.{}", KINDS[usize::from(kind - 0x0e)]);
            examine_named(FORMATS, &name, text)
        }
        _ => examine(FORMATS, data),
    }
});
