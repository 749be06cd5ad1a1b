//! What was found, and what may be said about it.

mod axes;
mod chain;
pub mod escape;
mod heard;
mod html;
mod judge;
mod outline;
mod profile;
mod said;
mod thumbnail;
mod words;
mod written;

use serde::{Deserialize, Serialize};

pub use axes::{Binding, Headline, Signature, SignerStanding, TimeStanding, Verdict};
pub use chain::{ActionReport, ChainLink, Relation};
pub use heard::{HeardReport, Span};
pub use html::HtmlReport;
pub use outline::{Outline, Part};
pub use profile::{Outcome, ProfileReport, RuleReport};
pub use thumbnail::Thumbnail;
pub use words::{
    Axis, Evidence, Explanation, LinkWords, NoticeWords, ProfileWords, ReportLanguage, Row, RuleWords, Titles,
};

pub use written::WrittenReport;

pub(crate) use axes::Axes;
pub(crate) use judge::{CONTRADICTION, Look, Subject, judge};
pub(crate) use profile::against;
pub(crate) use said::{Said, ToHole, say};

use crate::{
    format::Format,
    geometry::{Rect, Size},
    policy::{Extent, Language},
};

/// The version of the report's JSON form; a field that changes its meaning changes this.
pub const SCHEMA: &str = "tanba-report/1";

/// The JSON Schema (draft 2020-12) of a [`Report`], with a description of each field and value.
pub const JSON_SCHEMA: &str = include_str!("report.schema.json");

/// How much weight a finding carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Signed by a trusted or pinned signer.
    Proven,
    /// Signed and unchanged; the signer is unknown.
    Intact,
    /// An unsigned field or a notice: anyone can write it.
    Declared,
    /// A trace that a generator usually leaves.
    Hint,
}

/// What a finding says about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Statement {
    /// Made by AI as a whole.
    FullyAi,
    /// AI made a part of it or changed it.
    PartlyAi,
    /// AI may have been used (`composite`, `digitalArt`).
    PossiblyAi,
    /// Says where it comes from, and not from AI (`digitalCapture`, …).
    NotAi,
    /// The author prohibits use for training: not an AI label.
    TrainingProhibited,
    /// About the label, not about the content: a fault, a contradiction, a remote manifest.
    AboutTheLabel,
}

impl Statement {
    /// Whether this says that AI made or changed the content.
    pub fn is_ai(self) -> bool {
        matches!(self, Self::FullyAi | Self::PartlyAi)
    }

    /// What a digital source type says about AI, given as URI, as QCode or as bare term; `None` where it is in no list
    /// (<https://cv.iptc.org/newscodes/digitalsourcetype/>; `trainedAlgorithmicData` and `empty` are C2PA's own).
    pub(crate) fn of_source_type(uri: &str) -> Option<Self> {
        const LISTS: [&str; 5] = [
            "http://cv.iptc.org/newscodes/digitalsourcetype/",
            "https://cv.iptc.org/newscodes/digitalsourcetype/",
            "http://c2pa.org/digitalsourcetype/",
            "https://c2pa.org/digitalsourcetype/",
            "digsrctype:",
        ];
        let uri = uri.trim();
        // Some writers leave the address of the list out.
        let term = LISTS.iter().find_map(|list| uri.strip_prefix(list)).unwrap_or(uri).trim_end_matches('/');
        Some(match term {
            "trainedAlgorithmicMedia" | "trainedAlgorithmicData" => Self::FullyAi,
            "compositeWithTrainedAlgorithmicMedia" | "compositeSynthetic" => Self::PartlyAi,
            "composite" | "digitalArt" | "screenCapture" | "virtualRecording" => Self::PossiblyAi,
            // `algorithmicMedia` was made by a procedure that was not trained.
            "algorithmicMedia"
            | "algorithmicallyEnhanced"
            | "computationalCapture"
            | "compositeCapture"
            | "dataDrivenMedia"
            | "digitalCapture"
            | "digitalCreation"
            | "empty"
            | "humanEdits"
            | "minorHumanEdits"
            | "negativeFilm"
            | "positiveFilm"
            | "print"
            | "softwareImage" => Self::NotAi,
            _ => return None,
        })
    }
}

impl From<Extent> for Statement {
    fn from(extent: Extent) -> Self {
        match extent {
            Extent::Generated => Self::FullyAi,
            Extent::Modified => Self::PartlyAi,
        }
    }
}

/// By which technique something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Technique {
    /// A C2PA manifest.
    C2pa,
    /// XMP metadata.
    Xmp,
    /// EXIF metadata.
    Exif,
    /// China's AIGC metadata.
    Aigc,
    /// A text field of the container: PNG text, ID3, Vorbis comments, properties of a document.
    Text,
    /// Markup of an HTML page.
    Html,
    /// A mark that is hidden in the pixels or the samples.
    Watermark,
    /// Characters that show nothing, hidden in a text.
    HiddenText,
    /// A notice that is seen, heard or read.
    Notice,
    /// Comparing the others.
    Comparison,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// How it was found.
    pub technique: Technique,
    /// How much weight it carries.
    pub class: Class,
    /// What it says.
    pub says: Statement,
    /// A sentence for people, in English. Text from the file in it is untrusted: escape it where it is shown.
    pub text: String,
    /// The sentence before its holes were filled, so that it can be said in another language.
    #[serde(skip)]
    pub(crate) said: Said,
    /// The raw value, shortened to 1,000 characters.
    pub value: String,
    /// Where it stands: chunk and byte offset, box path, XMP property.
    pub place: String,
    /// Name of the system that made the content, where it says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

impl Finding {
    pub(crate) fn new(
        technique: Technique,
        class: Class,
        says: Statement,
        text: impl Into<Said>,
        value: &str,
        place: impl Into<String>,
    ) -> Self {
        let said = text.into();
        let value = match value.char_indices().nth(1000) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value.to_owned(),
        };
        Self { technique, class, says, text: said.to_string(), said, value, place: place.into(), system: None }
    }

    /// Whether this is our own remark about a label, not something that stands in the file.
    pub(crate) fn is_remark(&self) -> bool {
        self.says == Statement::AboutTheLabel
            && self.class == Class::Declared
            && matches!(self.technique, Technique::C2pa | Technique::Comparison)
    }

    pub(crate) fn with_system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }
}

/// A visible notice that was found and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NoticeReport {
    /// Where it stands, in pixels of the picture as shown.
    pub rect: Rect,
    /// Whether the signed manifest says that it is there, or it was found by searching.
    pub signed_place: bool,
    /// The lines recognised.
    pub lines: Vec<String>,
    /// Their languages, where the wording is a known one.
    pub languages: Vec<Language>,
    /// What the wording says, where it is a known one.
    pub extent: Option<Extent>,
    /// Height of a capital letter in pixels.
    pub cap_height_px: f64,
    /// The same as a share of the picture's shorter side; 0.05 is asked for.
    pub cap_height_share: f64,
    /// Contrast of text against plate; 4.5 is asked for.
    pub contrast: f64,
    /// Whether it lies wholly inside the picture.
    pub inside: bool,
    /// Likeness to the wording as tanba draws it, 0 to 1.
    pub score: f64,
    /// Each time that it is shown in a film, as far as it was looked at; empty in a picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// What the signed manifest says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ManifestReport {
    /// Where the store stands: in the file, or beside it.
    pub place: String,
    /// The active manifest's label.
    pub label: String,
    /// The software that wrote the claim.
    pub claim_generator: Option<String>,
    /// Organisation and common name of the signing certificate, as the certificate says.
    pub signer: Option<String>,
    /// Who issued that certificate.
    pub issuer: Option<String>,
    /// The signature algorithm.
    pub algorithm: Option<String>,
    /// The time of the time-stamp, RFC 3339; only worth something with a trusted stamp.
    pub stamped: Option<String>,
    /// By which trust list the signer is trusted.
    pub trusted_by: Option<String>,
    /// The date of that list, as `YYYY-MM-DD`, where one is known.
    pub trust_list_date: Option<String>,
    /// Digital source types of the actions, as written.
    pub source_types: Vec<String>,
    /// Number of manifests in the store, ingredients included.
    pub manifests: usize,
    /// C2PA status codes that are failures, as the engine gave them, sorted.
    pub failures: Vec<String>,
    /// The AI system that the manifest names.
    pub system: Option<String>,
    /// The history: the active manifest first, each link after the one that names it.
    pub chain: Vec<ChainLink>,
}

/// The three lines that California's SB 942 asks a detection tool for (§ 22757.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Provenance {
    /// Whether any provenance data is there.
    pub available: bool,
    /// The system named by it.
    pub system: Option<String>,
    /// Whether a signature is there.
    pub signature_available: bool,
}

/// Everything learnt about one file. The same input (bytes, trust, time, limits) gives the same report, byte for byte.
///
/// ```
/// let png = std::fs::read("fixtures/photo.png")?;
/// let report = tanba::verify(&png)?;
/// assert_eq!(report.headline.sentence(), "no AI label found: this says nothing about the origin");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Report {
    /// Version of this form: [`SCHEMA`].
    pub schema: String,
    /// The format recognised.
    pub format: Format,
    /// The media type of this very file.
    pub media_type: String,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Size of the picture as shown, in pixels, where the file says one.
    pub shown: Option<Size>,
    /// The machine state.
    pub verdict: Verdict,
    /// What a person is told first.
    pub headline: Headline,
    /// What the strongest label says about AI.
    pub says: Option<Statement>,
    /// Does the manifest belong to exactly this content?
    pub binding: Binding,
    /// Is the signature right?
    pub signature: Signature,
    /// Does anybody vouch for the signer?
    pub signer: SignerStanding,
    /// When was it signed?
    pub time: TimeStanding,
    /// The time at which certificates were judged, RFC 3339, UTC.
    pub evaluated_at: String,
    /// California's three lines.
    pub provenance: Provenance,
    /// The manifest, where there is one.
    pub manifest: Option<ManifestReport>,
    /// The visible notices.
    pub notices: Vec<NoticeReport>,
    /// The warnings that are heard in a recording.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heard: Vec<HeardReport>,
    /// The notices in words, of a text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub written: Vec<WrittenReport>,
    /// Everything found, strongest first.
    pub findings: Vec<Finding>,
    /// The rules of the profile that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileReport>,
    /// Why the report is not complete: what could not be read or decoded.
    pub not_examined: Vec<String>,
    /// The same sentences before their holes were filled.
    #[serde(skip)]
    pub(crate) unexamined: Vec<Said>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/report.schema.json");

    #[test]
    fn the_schema_is_that_of_the_report() {
        let schema = schemars::schema_for!(Report);
        let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("TANBA_BLESS").is_some() {
            std::fs::write(FILE, made).unwrap();
            return;
        }
        assert!(
            made == JSON_SCHEMA,
            "TANBA_BLESS=1 cargo test the_schema_is writes the new one; should {SCHEMA} change?"
        );
    }
}
