//! What the targets share: one input goes through everything that the library does with a file, and is held to the same promises
//! whatever the format is.
//!
//! A panic of our own code, more than [`MAX_BYTES`] of memory, more than [`MAX_TIME`] of one thread, an error that blames
//! somebody else, and a labelled file that does not verify are findings. Panics that the library catches (the C2PA engine and the
//! AV1 codecs panic on some input) are printed and are none.

mod bounds;
pub mod wrap;

use std::{io::Cursor, sync::OnceLock};

pub use bounds::{MAX_BYTES, MAX_TIME, bounded};
pub use libfuzzer_sys::{Corpus, fuzz_target};
use tanba::{
    Binding, Disclosure, Error, FixableBy, Format, Headline, Identity, IdentityRequest, Labeler, Limits, Policy,
    Report, Signature, Signer, TrustAnchors, Verdict, Verifier,
};
use time::{OffsetDateTime, macros::datetime};
use uuid::Uuid;

/// The time of everything: the same input does the same in every run.
const NOW: OffsetDateTime = datetime!(2026-11-27 12:00 UTC);

const ID: Uuid = Uuid::from_u128(0x7461_6e62_6100_4000_8000_0000_0000_0001);

const OTHER_ID: Uuid = Uuid::from_u128(0x7461_6e62_6100_4000_8000_0000_0000_0002);

/// What does not depend on the input.
pub struct Bench {
    /// Trusts the signer below.
    pub verifier: Verifier,
    /// The same, and does not look for the notice, which is half of the work.
    blind: Verifier,
    /// The whole label.
    whole: Labeler,
    /// Record and manifest: most of what is parsed, without the drawing.
    quick: Labeler,
    /// The whole label of another day: a manifest with the name of its parent would be none.
    again: Labeler,
    signer: Signer,
}

/// Small enough that a thousand inputs a second are possible, and that a lie about a size is refused.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 17;
    limits.max_parts = 1 << 16;
    limits.max_metadata_bytes = 1 << 20;
    limits.max_decoded_bytes = 16 << 20;
    limits
}

impl Bench {
    /// Made once in a process.
    pub fn get() -> &'static Self {
        static BENCH: OnceLock<Bench> = OnceLock::new();
        BENCH.get_or_init(|| {
            // The fuzzer's own hook ends the process before a panic can be caught.
            std::panic::set_hook(Box::new(|panic| eprintln!("{panic}")));
            let request =
                IdentityRequest::new("Tanba fuzzing", "Tanba fuzzing labelling", datetime!(2026-01-01 0:00 UTC));
            let identity = Identity::generate(&request.days(3650).seed([7; 32])).unwrap();
            let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
            let anchors = TrustAnchors::default().with_pem("our own root", identity.anchor_pem.as_bytes()).unwrap();
            let disclosure = Disclosure::generated("Acme Diffusion").system_version("3.1").provider("Acme LLP");
            let labeler = |policy| {
                let labeler = Labeler::new(&disclosure, &signer).policy(policy).limits(limits());
                labeler.clock(|| NOW)
            };
            let verifier = Verifier::new().anchors(anchors).limits(limits()).at(NOW);
            Self {
                blind: verifier.clone().look_for_notice(false),
                verifier,
                whole: labeler(Policy::kazakhstan()).ids(|| ID),
                quick: labeler(Policy::kazakhstan().with_notice(false)).ids(|| ID),
                again: labeler(Policy::kazakhstan()).ids(|| OTHER_ID),
                signer,
            }
        })
    }

    /// A picture whose label, signed, says that `name` made it; `None` when no label may say that.
    pub fn labelled(&self, name: &str) -> Option<Vec<u8>> {
        let disclosure = Disclosure::generated(name).provider(name).title(name).system_version(name);
        let policy = Policy::kazakhstan().with_notice(false);
        let labeler = Labeler::new(&disclosure, &self.signer).policy(policy).clock(|| NOW).ids(|| ID);
        let mut sink = Cursor::new(Vec::new());
        let result = labeler.label(&mut Cursor::new(wrap::xmp(b"")), &mut sink);
        blames_the_content("label", result).map(|_| sink.into_inner())
    }
}

/// One input through verifier, outline, thumbnail and labeler. Inputs of other formats than `formats` are left to other targets;
/// an empty list takes all.
pub fn examine(formats: &[Format], bytes: &[u8]) -> Corpus {
    examine_named(formats, "", bytes)
}

/// The same for a file of this name, which says which kind of text it is.
pub fn examine_named(formats: &[Format], name: &str, bytes: &[u8]) -> Corpus {
    let bench = Bench::get();
    let format = match Format::sniff(&mut Cursor::new(bytes)) {
        Ok(format) if formats.is_empty() || formats.contains(&format) => format,
        _ => return Corpus::Reject,
    };
    // What is done with an input depends on the input alone, or it could not be made smaller.
    let dice = crc32fast::hash(bytes);
    let verifier = if dice >> 10 & 1 == 0 { &bench.verifier } else { &bench.blind };
    verify(verifier, bytes);
    if dice & 3 == 0 {
        blames_the_content("outline", bounded("outline", || verifier.outline(&mut Cursor::new(bytes))));
    }
    if dice & 15 == 1 {
        blames_the_content("thumbnail", bounded("thumbnail", || verifier.thumbnail(&mut Cursor::new(bytes), 64)));
    }
    if !format.can_label() {
        return Corpus::Keep;
    }
    // AV1 takes a second to encode.
    let labeler = match dice >> 4 & 7 {
        0 | 1 if format != Format::Avif => &bench.whole,
        0..=4 => &bench.quick,
        _ => return Corpus::Keep,
    };
    if let Some(labelled) = label("label", labeler, name, bytes)
        && dice >> 7 & 7 == 0
    {
        label("label again", &bench.again, name, &labelled);
    }
    Corpus::Keep
}

/// One input through the verifier, without looking, and with the whole label.
pub fn examine_whole(formats: &[Format], bytes: &[u8]) -> Corpus {
    let bench = Bench::get();
    if !Format::sniff(&mut Cursor::new(bytes)).is_ok_and(|format| formats.contains(&format)) {
        return Corpus::Reject;
    }
    verify(&bench.blind, bytes);
    label("label", &bench.whole, "", bytes);
    Corpus::Keep
}

/// A text that is labelled as it comes, in pieces of `step` characters: the whole is what it was signed as, and what
/// `Labeler::label_text` makes of it is as long.
pub fn stream(step: usize, text: &str) -> Corpus {
    let bench = Bench::get();
    let streamed = bounded("stream", || {
        let mut stream = bench.whole.stream()?;
        let mut whole = stream.start().to_owned();
        let characters: Vec<char> = text.chars().collect();
        for piece in characters.chunks(step.max(1)) {
            stream.push(&piece.iter().collect::<String>())?;
        }
        let (end, receipt) = stream.finish()?;
        whole += text;
        whole += &end;
        assert_eq!(receipt.bytes, whole.len() as u64, "bytes of a stream");
        Ok(whole)
    });
    let Some(whole) = blames_the_content("stream", streamed) else { return Corpus::Keep };
    let at_once = blames_the_content("label a text", bench.whole.label_text(text));
    assert_eq!(at_once.map(|(at_once, _)| at_once.len()), Some(whole.len()), "pieces are labelled as the whole is");
    // What is no text, with a notice in front of it, or is another kind of it.
    if !matches!(Format::sniff(&mut Cursor::new(&whole)), Ok(Format::Text)) {
        return Corpus::Keep;
    }
    let report = verify(&bench.verifier, whole.as_bytes()).expect("what was labelled can be examined");
    let sound = report.binding == Binding::Intact && report.signature == Signature::Ok;
    assert!(sound, "stream: {report:#?}");
    Corpus::Keep
}

/// Verifies, and holds the verifier to its promises.
fn verify(verifier: &Verifier, bytes: &[u8]) -> Option<Report> {
    blames_the_content("verify", bounded("verify", || verifier.verify(&mut Cursor::new(bytes))))
}

/// What was labelled is proven, whatever else stands in the file.
fn label(what: &str, labeler: &Labeler, name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    let (labelled, sidecar) = blames_the_content(
        what,
        bounded(what, || {
            let mut sink = Cursor::new(Vec::new());
            let receipt = labeler.label_named(name, &mut Cursor::new(bytes), &mut sink)?;
            Ok((sink.into_inner(), receipt.sidecar))
        }),
    )?;
    let verifier = &Bench::get().verifier;
    let report = match sidecar {
        Some(store) => verifier.verify_with_manifest(&mut Cursor::new(&labelled), &store).ok(),
        None => verify(verifier, &labelled),
    };
    let report = report.expect("what was labelled can be examined");
    // What two labels of the file said differently before, they still do.
    if report.verdict == Verdict::Conflicting && verify(verifier, bytes)?.verdict == Verdict::Conflicting {
        return Some(labelled);
    }
    let sound = report.binding == Binding::Intact && report.signature == Signature::Ok;
    assert!(sound && report.headline == Headline::AiMadeProven, "{what}: {report:#?}");
    Some(labelled)
}

/// A stranger's file is never the fault of the operator or of the machine.
pub fn blames_the_content<T>(what: &str, result: tanba::Result<T>) -> Option<T> {
    let error = match result {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let whose = error.fixable_by();
    assert!(matches!(whose, FixableBy::Content | FixableBy::Caller), "{what}: {whose:?}: {error}");
    if let Error::Malformed { format, at, .. } = &error {
        let words = error.to_string();
        assert!(words.contains(format.name()) && words.contains(&at.to_string()), "{what}: {words}");
    }
    None
}
