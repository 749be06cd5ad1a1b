//! What the tests of hostile input share: the bounds that every case is held to, and small pictures to hide things in.
#![allow(dead_code, reason = "each test file uses a part of this")]

mod counting;

use std::{
    io::Cursor,
    time::{Duration, Instant},
};

use tanba::{Error, FixableBy, Headline, Labeler, Limits, Verifier};

pub const MIB: usize = 1 << 20;
/// No case may take longer, in an unoptimised build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Bounds that make a lie about the size cheap to refuse: a decoded picture is 4 MiB at most (8 with 16 bits).
pub fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 20;
    limits
}

/// Runs one case and holds it to its bounds; returns what it returned.
pub fn bounded<T>(name: &str, case: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let (result, peak) = counting::peak_of(case);
    let took = start.elapsed();
    assert!(peak <= 64 * MIB + 4 * 8 * MIB, "{name}: {} MiB", peak / MIB);
    assert!(took < PATIENCE, "{name}: {took:?}");
    result
}

/// What strangers' bytes may cause: an error of the content or of the choice of format, and nothing else.
pub fn blames_the_content(name: &str, error: &Error) {
    let whose = error.fixable_by();
    assert!(matches!(whose, FixableBy::Content | FixableBy::Caller), "{name}: {whose:?}: {error}");
    if let Error::Malformed { format, at, .. } = error {
        let words = error.to_string();
        assert!(words.contains(format.name()) && words.contains(&at.to_string()), "{words}");
    }
}

/// Labels and verifies, in any case without harm.
pub fn feed(name: &str, labeler: &Labeler, verifier: &Verifier, bytes: &[u8]) {
    feed_file("", name, labeler, verifier, bytes);
}

/// The same for a file whose name says what it is; whether it took a label.
pub fn feed_file(file: &str, name: &str, labeler: &Labeler, verifier: &Verifier, bytes: &[u8]) -> bool {
    let labelled = bounded(name, || {
        let mut sink = Cursor::new(Vec::new());
        let receipt = labeler.label_named(file, &mut Cursor::new(bytes), &mut sink);
        receipt.map(|receipt| (sink.into_inner(), receipt.sidecar))
    });
    let taken = labelled.is_ok();
    match labelled {
        Err(error) => blames_the_content(name, &error),
        Ok((labelled, sidecar)) => {
            let report = bounded(name, || match &sidecar {
                Some(store) => verifier.verify_with_manifest(&mut Cursor::new(&labelled), store),
                None => verifier.verify(&mut Cursor::new(&labelled)),
            });
            let report = report.unwrap_or_else(|error| panic!("{name}: labelled, but then: {error}"));
            assert_eq!(report.headline, Headline::AiMadeProven, "{name}: labelled, but then: {report:#?}");
        }
    }
    if let Err(error) = bounded(name, || verifier.verify(&mut Cursor::new(bytes))) {
        blames_the_content(name, &error);
    }
    taken
}

pub fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    let body = [kind, data].concat();
    let checksum = crc32fast::hash(&body).to_be_bytes();
    [&length[..], &body, &checksum].concat()
}

/// A PNG that says it has this size, and holds `more` chunks before its end.
pub fn png(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
    let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let data = deflate(&vec![0; (width as usize * 3 + 1) * height.min(64) as usize]);
    let end = chunk(b"IEND", b"");
    [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &head)[..], more, &chunk(b"IDAT", &data), &end].concat()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
