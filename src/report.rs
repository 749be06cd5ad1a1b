//! What was found, and what may be said about it.

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    format::Format,
    geometry::{Rect, Size},
    manifest::Reading,
    notice::Sighting,
    policy::{Extent, Language},
};

/// The version of the report's JSON form; a field that changes its meaning changes this.
pub const SCHEMA: &str = "tanba-report/1";

/// The machine state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// A manifest is there, intact, and signed by a trusted signer. It says what the signer said, not what is true.
    Valid,
    /// A manifest is there and intact; nobody vouches for the signer.
    UntrustedSigner,
    /// A manifest is there and does not fit the content, or its signature is bad.
    Tampered,
    /// No manifest; unsigned metadata or a visible notice say something.
    UnsignedOnly,
    /// Two labels contradict each other.
    Conflicting,
    /// No label was found. This says nothing about the origin.
    NotFound,
    /// The file could not be examined as a whole.
    Inconclusive,
}

/// What a person is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Headline {
    /// A trusted signer says that AI made or changed it.
    AiMadeProven,
    /// Something in the file says so; anyone could have written it.
    AiMadeDeclared,
    /// A label is broken, or labels contradict each other.
    Broken,
    /// Nothing says that AI made it.
    NoLabel,
    /// It could not be checked.
    NotChecked,
}

impl Headline {
    /// The sentence, in English.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::AiMadeProven => "AI-made: proven",
            Self::AiMadeDeclared => "AI-made: declared, not proven",
            Self::Broken => "label broken or contradictory: do not rely on it",
            Self::NoLabel => "no AI label found: this says nothing about the origin",
            Self::NotChecked => "could not check",
        }
    }
}

/// Does the manifest belong to exactly this content?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binding {
    /// Every byte but the manifest itself is covered by a hash that matches.
    Intact,
    /// The hash does not match.
    Broken,
    /// The hash matches, but more than the manifest was left out of it.
    Partial,
    /// There is nothing to check, or it could not be checked.
    NotChecked,
}

/// Is the signature over the manifest right?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// It is.
    Ok,
    /// It is not, or something that it signs was changed.
    Bad,
    /// There is none.
    None,
}

/// Does anybody vouch for the signer?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignerStanding {
    /// The certificate leads to an anchor of a trust list that was given.
    #[serde(rename = "trusted")]
    Trusted,
    /// It is a known vendor's certificate, pinned by issuer, subject and key.
    #[serde(rename = "pinned vendor")]
    PinnedVendor,
    /// Nobody that was asked.
    #[serde(rename = "unknown")]
    Unknown,
    /// The certificate was revoked.
    #[serde(rename = "revoked")]
    Revoked,
    /// The certificate was out of its time, and no trusted time-stamp shows that the signature is older.
    #[serde(rename = "expired")]
    Expired,
}

/// When was it signed?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TimeStanding {
    /// A trusted authority stamped it.
    #[serde(rename = "trusted stamp")]
    TrustedStamp,
    /// A stamp is there, of an authority that nobody vouches for.
    #[serde(rename = "untrusted stamp")]
    UntrustedStamp,
    /// No stamp.
    #[serde(rename = "none")]
    None,
}

/// How much weight a finding carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Signed by a trusted or pinned signer.
    Proven,
    /// Signed and unchanged; the signer is unknown.
    Intact,
    /// An unsigned field or a visible notice: anyone can write it.
    Declared,
    /// A trace that a generator usually leaves.
    Hint,
}

/// What a finding says about the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// A text field of the container.
    Text,
    /// The visible notice.
    Notice,
    /// Comparing the others.
    Comparison,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finding {
    /// How it was found.
    pub technique: Technique,
    /// How much weight it carries.
    pub class: Class,
    /// What it says.
    pub says: Statement,
    /// A sentence for people. Text from the file in it is untrusted: escape it where it is shown.
    pub text: String,
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
        text: impl Into<String>,
        value: &str,
        place: impl Into<String>,
    ) -> Self {
        let value = match value.char_indices().nth(1000) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value.to_owned(),
        };
        Self { technique, class, says, text: text.into(), value, place: place.into(), system: None }
    }

    pub(crate) fn with_system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }
}

/// A visible notice that was found and measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
}

/// What the signed manifest says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManifestReport {
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
    /// By which anchor list the signer is trusted.
    pub trusted_by: Option<String>,
    /// Digital source types of the actions, as written.
    pub source_types: Vec<String>,
    /// Number of manifests in the store, ingredients included.
    pub manifests: usize,
    /// C2PA status codes that are failures, as the engine gave them, sorted.
    pub failures: Vec<String>,
    /// The AI system that the manifest names.
    pub system: Option<String>,
}

/// The three lines that California's SB 942 asks a detection tool for (§ 22757.2).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
#[non_exhaustive]
pub struct Report {
    /// Version of this form: [`SCHEMA`].
    pub schema: String,
    /// The format recognised.
    pub format: Format,
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
    /// Everything found, strongest first.
    pub findings: Vec<Finding>,
    /// Why the report is not complete: what could not be read or decoded.
    pub not_examined: Vec<String>,
}

/// The four axes of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axes {
    pub(crate) binding: Binding,
    pub(crate) signature: Signature,
    pub(crate) signer: SignerStanding,
    pub(crate) time: TimeStanding,
}

impl Axes {
    /// Without a manifest.
    pub(crate) const NONE: Self = Self {
        binding: Binding::NotChecked,
        signature: Signature::None,
        signer: SignerStanding::Unknown,
        time: TimeStanding::None,
    };
}

/// What looking at the picture gave.
pub(crate) struct Look {
    pub(crate) notices: Vec<NoticeReport>,
    pub(crate) not_examined: Vec<String>,
    /// The picture cannot be decoded although its format can.
    pub(crate) damaged: bool,
}

impl Look {
    pub(crate) fn unseen(why: String, damaged: bool) -> Self {
        Self { notices: Vec::new(), not_examined: vec![why], damaged }
    }
}

impl NoticeReport {
    pub(crate) fn new(sighting: Sighting, frame: Size, signed_place: bool) -> Self {
        Self {
            rect: sighting.rect,
            signed_place,
            lines: sighting.lines,
            languages: sighting.languages,
            extent: sighting.extent,
            cap_height_px: sighting.cap_height,
            cap_height_share: sighting.cap_height / f64::from(frame.shorter().max(1)),
            contrast: sighting.contrast,
            inside: sighting.rect.inside(frame),
            score: sighting.score,
        }
    }
}

/// Draws the conclusion: from what was found to what may be said.
pub(crate) fn judge(format: Format, at: OffsetDateTime, reading: Reading, records: Vec<Finding>, look: Look) -> Report {
    let Look { notices, not_examined, damaged } = look;
    let axes = reading.axes;
    let mut findings = reading.findings;
    findings.extend(records);
    findings.extend(notices.iter().map(notice_finding));
    findings.extend(contradictions(&findings));
    findings.sort_by_key(|finding| finding.class as u8);
    let says = strongest(&findings);
    let silent = findings.iter().all(|finding| finding.says == Statement::AboutTheLabel);
    let verdict = verdict(&axes, reading.unreadable || damaged && silent, &findings);
    let headline = headline(verdict, &findings);
    let provenance = Provenance {
        available: reading.manifest.is_some()
            || findings.iter().any(|finding| finding.says != Statement::AboutTheLabel),
        system: findings.iter().find_map(|finding| finding.system.clone()),
        signature_available: axes.signature != Signature::None,
    };
    Report {
        schema: SCHEMA.into(),
        format,
        verdict,
        headline,
        says,
        binding: axes.binding,
        signature: axes.signature,
        signer: axes.signer,
        time: axes.time,
        evaluated_at: at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).unwrap_or_default(),
        provenance,
        manifest: reading.manifest,
        notices,
        findings,
        not_examined,
    }
}

fn notice_finding(notice: &NoticeReport) -> Finding {
    let Rect { x, y, width, height } = notice.rect;
    let says = notice.extent.map_or(Statement::AboutTheLabel, Statement::from);
    let text = format!(
        "a visible notice, capital letters {:.0} px high ({:.1} % of the shorter side), contrast {:.1}:1",
        notice.cap_height_px,
        notice.cap_height_share * 100.0,
        notice.contrast
    );
    let place = format!("{width} × {height} px at {x}, {y}");
    Finding::new(Technique::Notice, Class::Declared, says, text, &notice.lines.join(" / "), place)
}

/// What the strongest finding about AI says.
fn strongest(findings: &[Finding]) -> Option<Statement> {
    let about_content = findings.iter().filter(|finding| {
        !matches!(finding.says, Statement::AboutTheLabel | Statement::TrainingProhibited)
            && finding.class != Class::Hint
    });
    about_content.map(|finding| finding.says).find(|says| says.is_ai()).or_else(|| {
        findings.iter().map(|finding| finding.says).find(|says| {
            matches!(says, Statement::FullyAi | Statement::PartlyAi | Statement::PossiblyAi | Statement::NotAi)
        })
    })
}

/// Layers that cannot both be right: C2PA says capture and XMP says AI, for instance.
fn contradictions(findings: &[Finding]) -> Vec<Finding> {
    let stated = |finding: &&Finding| finding.class != Class::Hint;
    let mut ai = findings.iter().filter(stated).filter(|finding| finding.says.is_ai());
    let not_ai: Vec<_> = findings.iter().filter(stated).filter(|it| it.says == Statement::NotAi).collect();
    let mut found = Vec::new();
    let differ = |ai: &Finding| not_ai.iter().find(|other| other.technique != ai.technique).copied();
    if let Some((ai, not_ai)) = ai.find_map(|ai| differ(ai).map(|not_ai| (ai, not_ai))) {
        found.push(Finding::new(
            Technique::Comparison,
            Class::Declared,
            Statement::AboutTheLabel,
            format!("contradiction: {} says AI, {} says not", ai.place, not_ai.place),
            &format!("{} / {}", ai.value, not_ai.value),
            CONTRADICTION,
        ));
    }
    found
}

/// The place of findings that compare others.
pub(crate) const CONTRADICTION: &str = "between labels";

fn verdict(axes: &Axes, unreadable: bool, findings: &[Finding]) -> Verdict {
    if axes.signature == Signature::Bad || axes.binding == Binding::Broken {
        Verdict::Tampered
    } else if findings.iter().any(|finding| finding.place == CONTRADICTION) {
        Verdict::Conflicting
    } else if unreadable {
        Verdict::Inconclusive
    } else if axes.signature == Signature::Ok {
        match (axes.binding, axes.signer) {
            (Binding::Intact, SignerStanding::Trusted | SignerStanding::PinnedVendor) => Verdict::Valid,
            (Binding::Intact, _) => Verdict::UntrustedSigner,
            _ => Verdict::Inconclusive,
        }
    } else if findings.iter().any(|finding| finding.says != Statement::AboutTheLabel) {
        Verdict::UnsignedOnly
    } else {
        Verdict::NotFound
    }
}

fn headline(verdict: Verdict, findings: &[Finding]) -> Headline {
    let ai = |technique: Option<Technique>| {
        findings
            .iter()
            .any(|finding| finding.says.is_ai() && technique.is_none_or(|wanted| finding.technique == wanted))
    };
    match verdict {
        Verdict::Tampered | Verdict::Conflicting => Headline::Broken,
        // Bound in part: what the manifest says stands there, as a declaration.
        Verdict::Inconclusive if ai(Some(Technique::C2pa)) => Headline::AiMadeDeclared,
        Verdict::Inconclusive => Headline::NotChecked,
        Verdict::Valid if findings.iter().any(|finding| finding.says.is_ai() && finding.class == Class::Proven) => {
            Headline::AiMadeProven
        }
        _ if ai(None) => Headline::AiMadeDeclared,
        _ => Headline::NoLabel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c2pa(class: Class, says: Statement) -> Finding {
        Finding::new(Technique::C2pa, class, says, "signed", "value", "manifest")
    }

    fn xmp(says: Statement) -> Finding {
        Finding::new(Technique::Xmp, Class::Declared, says, "declared", "value", "XMP")
    }

    fn judged(axes: Axes, signed: Vec<Finding>, records: Vec<Finding>) -> (Verdict, Headline, Option<Statement>) {
        let manifest = (axes.signature != Signature::None).then(ManifestReport::default);
        let reading = Reading { axes, manifest, findings: signed, regions: Vec::new(), unreadable: false };
        let look = Look { notices: Vec::new(), not_examined: Vec::new(), damaged: false };
        let report = judge(Format::Png, OffsetDateTime::UNIX_EPOCH, reading, records, look);
        (report.verdict, report.headline, report.says)
    }

    const INTACT: Axes = Axes {
        binding: Binding::Intact,
        signature: Signature::Ok,
        signer: SignerStanding::Trusted,
        time: TimeStanding::None,
    };

    #[test]
    fn only_a_trusted_signer_over_all_bytes_proves() {
        use {Class::*, Statement::*};
        let ai = |class| vec![c2pa(class, FullyAi)];
        let unknown = Axes { signer: SignerStanding::Unknown, ..INTACT };
        let expired = Axes { signer: SignerStanding::Expired, ..INTACT };
        let partial = Axes { binding: Binding::Partial, ..INTACT };
        let broken = Axes { binding: Binding::Broken, ..INTACT };
        let bad = Axes { signature: Signature::Bad, ..INTACT };
        let table = [
            (INTACT, ai(Proven), Verdict::Valid, Headline::AiMadeProven),
            (INTACT, vec![c2pa(Proven, NotAi)], Verdict::Valid, Headline::NoLabel),
            (unknown, ai(Intact), Verdict::UntrustedSigner, Headline::AiMadeDeclared),
            (expired, ai(Intact), Verdict::UntrustedSigner, Headline::AiMadeDeclared),
            (partial, ai(Proven), Verdict::Inconclusive, Headline::AiMadeDeclared),
            (broken, ai(Proven), Verdict::Tampered, Headline::Broken),
            (bad, ai(Proven), Verdict::Tampered, Headline::Broken),
            (Axes::NONE, vec![], Verdict::NotFound, Headline::NoLabel),
        ];
        for (axes, findings, verdict, headline) in table {
            let (got, said, _) = judged(axes, findings, vec![]);
            assert_eq!((got, said), (verdict, headline), "{axes:?}");
        }
    }

    #[test]
    fn metadata_alone_is_a_declaration_and_a_contradiction_is_no_label() {
        use Statement::*;
        assert_eq!(
            judged(Axes::NONE, vec![], vec![xmp(PartlyAi)]),
            (Verdict::UnsignedOnly, Headline::AiMadeDeclared, Some(PartlyAi))
        );
        assert_eq!(
            judged(Axes::NONE, vec![], vec![xmp(NotAi)]),
            (Verdict::UnsignedOnly, Headline::NoLabel, Some(NotAi))
        );
        let (verdict, headline, _) = judged(INTACT, vec![c2pa(Class::Proven, NotAi)], vec![xmp(FullyAi)]);
        assert_eq!((verdict, headline), (Verdict::Conflicting, Headline::Broken));
        let (verdict, headline, _) = judged(Axes::NONE, vec![], vec![xmp(TrainingProhibited)]);
        assert_eq!((verdict, headline), (Verdict::UnsignedOnly, Headline::NoLabel));
    }
}
