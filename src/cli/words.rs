//! Sentences that several commands say.

use std::io;

use tanba::{Binding, Class, Headline, Report, Signature, SignerStanding, Statement, Technique, TimeStanding};

/// An I/O error without Rust's "(os error 2)".
pub(super) fn io(error: &io::Error) -> String {
    let words = error.to_string();
    match words.split_once(" (os error") {
        Some((before, _)) => before.to_owned(),
        None => words,
    }
}

pub(super) fn binding(report: &Report) -> &'static str {
    match report.binding {
        Binding::Intact => "intact: the content is what was signed, byte for byte",
        Binding::Broken => "broken: the content was changed after it was signed",
        Binding::Partial => "partial: parts of the file are not covered by the signature, and may have been changed",
        Binding::NotChecked if report.manifest.is_some() => "not checked: see below",
        Binding::NotChecked => "not checked: there is no manifest that could be compared with the content",
    }
}

pub(super) fn signature(report: &Report) -> &'static str {
    match report.signature {
        Signature::Ok => "ok: the label is what its signer wrote",
        Signature::Bad => "bad: the label itself was changed, or never rightly signed",
        Signature::None => "none",
    }
}

pub(super) fn signer(report: &Report) -> String {
    let manifest = report.manifest.as_ref();
    let name = manifest.and_then(|manifest| manifest.signer.as_deref()).unwrap_or("a signer without a name");
    let list = manifest.and_then(|manifest| manifest.trusted_by.as_deref()).unwrap_or("the anchors that you gave");
    match report.signer {
        _ if report.signature == Signature::None => "none".into(),
        SignerStanding::Trusted => format!("trusted: {name}, vouched for by {list}"),
        SignerStanding::PinnedVendor => format!("pinned vendor: {name}, a certificate that tanba knows"),
        SignerStanding::Unknown => format!("unknown: it calls itself {name}; nobody that was asked vouches for it"),
        SignerStanding::Revoked => format!("revoked: {name}'s certificate was withdrawn by its issuer"),
        SignerStanding::Expired => {
            format!("expired: {name}'s certificate is out of its time, and no trusted time-stamp is older than that")
        }
    }
}

pub(super) fn time(report: &Report) -> String {
    let stamped = report.manifest.as_ref().and_then(|manifest| manifest.stamped.as_deref()).unwrap_or("unknown time");
    match report.time {
        TimeStanding::TrustedStamp => format!("trusted stamp: {stamped}"),
        TimeStanding::UntrustedStamp => format!("untrusted stamp: {stamped}, by an authority nobody vouches for"),
        TimeStanding::None => "none: nobody confirms when it was signed".into(),
    }
}

pub(super) fn class(class: Class) -> &'static str {
    match class {
        Class::Proven => "proven",
        Class::Intact => "intact",
        Class::Declared => "declared",
        Class::Hint => "hint",
    }
}

pub(super) fn technique(technique: Technique) -> &'static str {
    match technique {
        Technique::C2pa => "C2PA manifest",
        Technique::Xmp => "XMP",
        Technique::Exif => "EXIF",
        Technique::Aigc => "AIGC",
        Technique::Text => "text field",
        Technique::Notice => "visible notice",
        Technique::Comparison => "comparison",
        _ => "other",
    }
}

pub(super) fn says(says: Statement) -> &'static str {
    match says {
        Statement::FullyAi => "made by AI as a whole",
        Statement::PartlyAi => "partly made or changed by AI",
        Statement::PossiblyAi => "AI may have been used",
        Statement::NotAi => "states an origin other than AI",
        Statement::TrainingProhibited => "the author prohibits use for training AI",
        Statement::AboutTheLabel => "about the label, not the content",
        _ => "something this version has no words for",
    }
}

/// What must not be concluded from a headline.
pub(super) fn not_meant(headline: Headline) -> &'static [&'static str] {
    match headline {
        Headline::AiMadeProven => &[
            "It proves who signed this statement and that the file is unchanged since then.",
            "It does not prove that the statement is true, nor that what the picture shows is true or untrue.",
        ],
        Headline::AiMadeDeclared => &[
            "Anyone can write such a label, and anyone can take one off: nobody known vouches for it.",
            "It does not prove that AI made this, nor who wrote the label.",
        ],
        Headline::Broken => &[
            "Programs that save or shrink a picture break labels as well: this does not say that anybody meant harm.",
            "It does not say whether AI made the content. Ask for the original file.",
        ],
        Headline::NoLabel => &[
            "Labels are easily lost, and most AI systems write none.",
            "It does not mean that the content was made without AI, or that it is genuine.",
        ],
        _ => &["Nothing can be concluded about the origin: see what could not be examined."],
    }
}
