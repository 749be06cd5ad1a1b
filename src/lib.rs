//! Labels AI-made output so that people and machines can tell, and verifies such labels.
//!
//! ```
//! let signer = tanba::Signer::development();
//! let picture = std::fs::read("fixtures/photo.jpg")?;
//! let labeled = tanba::label(&picture, &tanba::Disclosure::generated("Acme Diffusion 3"), &signer)?;
//! let report = tanba::verify(&labeled)?;
//! assert_eq!(report.headline, tanba::Headline::AiMadeDeclared); // nobody vouches for a development signer
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What labelling costs
//!
//! In units of the least that a signed copy can cost (one pass of SHA-256, one copy, one Ed25519 signature), for JPEGs of
//! 1024 × 1024 pixels and 274 KB, measured by `benches/jpeg.rs` on two cores of an EPYC with SHA-NI:
//!
//! | | × that floor |
//! |---|--:|
//! | record alone | 0.7 |
//! | manifest alone | 1.4 |
//! | notice alone, at the top | 3.4 |
//! | the whole label | 3.9 |
//! | libjpeg-turbo, decoding and encoding with nothing drawn | 34 |
//!
//! At 12 megapixels (3.1 MB) the whole label is 3.4 floors of such a file, and libjpeg-turbo 45. With restart markers it is 4.3 and at most 7.0.
//!
//! The floor of the first kind is about 0.18 ms there, so that a million whole labels take some 700 seconds of one core; on another
//! machine, multiply by the floor that the same bench measures. A progressive file takes about 36 times as long as an ordinary one,
//! because all of it is written anew, and one whose Huffman tables were made for it alone about five times.
//! Keep one [`Labeler`] for all files: what does not hang on the file is kept in it. The first picture of each size and quality pays for
//! drawing, and the second for the bits that are kept. A product that still holds the pixels draws there ([`Labeler::stamp`]), and then
//! the notice costs one reading back in the file.
//!
//! The command takes 40 MB with one worker and 45 MB with two, however many files there are, and two cores do 1.8 times as much as one where no
//! disk stands in between (`benches/batch.sh`); workers share nothing
//! that is written but what is kept, so that memory and hashing bound them. The notice is the bottleneck in a JPEG, and in it passing over
//! the data that it replaces; without it, hashing is.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod container;
mod error;
mod ffmpeg;
mod files;
mod format;
mod geometry;
mod labeler;
mod limits;
mod manifest;
mod nfc;
mod notice;
mod outline;
mod patch;
mod policy;
mod record;
mod report;
mod stream;
mod verifier;

use std::io::Cursor;

pub use error::{Cause, Error, FixableBy, Result};
pub use ffmpeg::{Ffmpeg, FilmQuality};
pub use files::Overwrite;
pub use format::{Carries, Format, Medium};
pub use geometry::{Rect, Size};
pub use labeler::{HeardNotice, Labeler, PlacedNotice, Placement, Receipt, Reencoding, TextLabeler, WrittenNotice};
pub use limits::Limits;
pub use manifest::{
    Algorithm, Diagnosis, Fault, Identity, IdentityRequest, ListName, ListedCertificate, Signer, TrustAnchors,
    diagnose, diagnose_trust, list_certificates,
};
pub use notice::{Pixels, Sample};
pub use policy::{
    AudibleNotice, BannerTimes, Disclosure, Extent, Language, Mark, NoticeStyle, Oversight, Place, Policy, Profile,
    ProsePlace, VideoNotice, Wording,
};
pub use report::{
    ActionReport, Axis, Binding, ChainLink, Class, Evidence, Explanation, Finding, Headline, HeardReport, HtmlReport,
    JSON_SCHEMA, LinkWords, ManifestReport, NoticeReport, NoticeWords, Outcome, Outline, Part, ProfileReport,
    ProfileWords, Provenance, Relation, Report, ReportLanguage, Row, RuleReport, RuleWords, SCHEMA, Signature,
    SignerStanding, Span, Statement, Technique, Thumbnail, TimeStanding, Titles, Verdict, WrittenReport, escape,
};
pub use stream::{Sink, Source};
pub use verifier::Verifier;

/// Labels `content` with every default and returns the labelled bytes.
///
/// # Errors
///
/// See [`Labeler::label`]; [`Error::Unsupported`] for formats whose manifest stands in a file beside them, which would be lost here.
pub fn label(content: &[u8], disclosure: &Disclosure, signer: &Signer) -> Result<Vec<u8>> {
    let mut sink = Cursor::new(Vec::with_capacity(content.len() + 16 * 1024));
    let receipt = Labeler::new(disclosure, signer).label(&mut Cursor::new(content), &mut sink)?;
    match receipt.sidecar {
        Some(_) => {
            let what = "its manifest stands in a file beside it: use `Labeler`, whose `Receipt` has it";
            Err(Error::unsupported(receipt.format, what))
        }
        None => Ok(sink.into_inner()),
    }
}

/// Reports every label found in `content`, trusting nobody.
///
/// # Errors
///
/// See [`Verifier::verify`].
pub fn verify(content: &[u8]) -> Result<Report> {
    Verifier::new().verify(&mut Cursor::new(content))
}
