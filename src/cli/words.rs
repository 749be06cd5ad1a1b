//! Sentences that several commands say.

use std::io;

use tanba::{Binding, Class, Headline, Report, Signature, SignerStanding, Statement, Technique, TimeStanding, Verdict};

/// An I/O error without Rust's "(os error 2)".
pub(super) fn io(error: &io::Error) -> String {
    let words = error.to_string();
    match words.split_once(" (os error") {
        Some((before, _)) => before.to_owned(),
        None => words,
    }
}

/// The library speaks to programmers: here its advice names options of the command, and nothing shows Rust's insides.
pub(super) fn plain(words: &str) -> String {
    const ADVICE: [(&str, &str); 6] = [
        ("cannot be decrypted: wrong password?", "cannot be decrypted; the password may be wrong"),
        ("; raise it in `Limits` if the file is trusted", ""),
        ("give its password, `Signer::from_encrypted_pem`", "give its password with --password-file"),
        ("as `NoticeStyle::font`", "with --font"),
        ("or allow overwriting", "or use --force"),
        ("or label without a record", "or use --no-record"),
    ];
    // What follows these is the debugging output of a library below, up to the end or to the bracket around it.
    const INSIDES: [(&str, &str); 3] = [
        ("missing section end marker: ", "the line that begins with `-----END` is missing"),
        ("illegal section start: ", "a line that begins with `-----BEGIN` is not whole"),
        ("base64 decode error: ", "what stands between its first and last line is not base64"),
    ];
    const REFUSED: &str = "the chain is refused: ";
    let mut words = words.to_owned();
    for (from, to) in ADVICE {
        words = words.replace(from, to);
    }
    for (from, to) in INSIDES {
        if let Some(at) = words.find(from) {
            words.replace_range(at.., to);
        }
    }
    if let Some(at) = words.find(REFUSED) {
        let (before, name) = words.split_at(at + REFUSED.len());
        let end = name.find(|character: char| !character.is_ascii_alphanumeric()).unwrap_or(name.len());
        let closing = if before.contains('(') { ")" } else { "" };
        words = format!("{before}{}{closing}", spaced(&name[..end]));
    }
    words
}

/// `UnsupportedCriticalExtension` → `unsupported critical extension`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_lowercase());
    }
    words
}

/// A manifest is there, and cannot be read.
fn unreadable(report: &Report) -> bool {
    report.manifest.is_none()
        && report.verdict == Verdict::Inconclusive
        && report
            .findings
            .iter()
            .any(|finding| finding.technique == Technique::C2pa && finding.says == Statement::AboutTheLabel)
}

/// Whether what speaks about the content are traces alone, which nobody meant as a label.
pub(super) fn only_traces(report: &Report) -> bool {
    let about = |says| !matches!(says, Statement::AboutTheLabel | Statement::TrainingProhibited);
    let mut speaking = report.findings.iter().filter(|finding| about(finding.says)).peekable();
    speaking.peek().is_some() && speaking.all(|finding| finding.class == Class::Hint)
}

/// What the labels say about AI, with the name of that row.
pub(super) fn content(report: &Report) -> (&'static str, &'static str) {
    match report.says {
        _ if only_traces(report) => ("found", "only traces that a generator usually leaves; nobody declared it"),
        Some(statement) => ("the labels say", says(statement)),
        None => ("the labels say", "nothing about AI"),
    }
}

pub(super) fn binding(report: &Report) -> &'static str {
    match report.binding {
        Binding::Intact | Binding::Partial if report.signature != Signature::Ok => {
            "the content fits the label, but the signature is bad, so this proves nothing"
        }
        Binding::Intact => "intact: the content is what was signed, byte for byte",
        Binding::Broken => "broken: the content was changed after it was signed",
        Binding::Partial => "partial: parts of the file are not covered by the signature, and may have been changed",
        Binding::NotChecked if report.manifest.is_some() => {
            "not checked: the manifest names no hash that could be checked"
        }
        Binding::NotChecked if unreadable(report) => "not checked: there is a manifest, but it cannot be read",
        Binding::NotChecked => "not checked: there is no manifest that could be compared with the content",
    }
}

pub(super) fn signature(report: &Report) -> &'static str {
    match report.signature {
        Signature::Ok => "ok: the label is what its signer wrote",
        Signature::Bad => "bad: the label itself was changed, or never rightly signed",
        Signature::None if unreadable(report) => "not checked: the manifest cannot be read",
        Signature::None => "none",
    }
}

pub(super) fn signer(report: &Report) -> String {
    let manifest = report.manifest.as_ref();
    let name = manifest.and_then(|manifest| manifest.signer.as_deref()).unwrap_or("a signer without a name");
    let list = manifest.and_then(|manifest| manifest.trusted_by.as_deref()).unwrap_or("the anchors that you gave");
    match report.signer {
        _ if unreadable(report) => "not checked: the manifest cannot be read".into(),
        _ if report.signature == Signature::None => "none".into(),
        _ if report.signature == Signature::Bad => {
            format!("unknown: it calls itself {name}, and a bad signature does not show who signed")
        }
        SignerStanding::Trusted => format!("trusted: {name}, vouched for by {list}"),
        SignerStanding::PinnedVendor => format!("pinned vendor: {name}, a certificate that you pinned"),
        SignerStanding::Unknown => format!("unknown: it calls itself {name}; nobody that was asked vouches for it"),
        SignerStanding::Revoked => format!("revoked: {name}'s certificate was withdrawn by its issuer"),
        SignerStanding::Expired if report.time == TimeStanding::TrustedStamp => {
            format!("out of its time ({name}'s certificate was not valid when it was stamped, {})", stamped(report))
        }
        SignerStanding::Expired => {
            let at = &report.evaluated_at;
            format!("out of its time ({name}'s certificate is not valid at {at}, and no trusted time-stamp helps)")
        }
    }
}

pub(super) fn time(report: &Report) -> String {
    let stamped = stamped(report);
    match report.time {
        TimeStanding::TrustedStamp => format!("trusted stamp: {stamped}"),
        TimeStanding::UntrustedStamp => format!("untrusted stamp: {stamped}, by an authority nobody vouches for"),
        TimeStanding::None if unreadable(report) => "not checked: the manifest cannot be read".into(),
        TimeStanding::None => "none: nobody confirms when it was signed".into(),
    }
}

fn stamped(report: &Report) -> &str {
    report.manifest.as_ref().and_then(|manifest| manifest.stamped.as_deref()).unwrap_or("unknown time")
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
        Statement::NotAi => "an origin other than AI",
        Statement::TrainingProhibited => "the author prohibits use for training AI",
        Statement::AboutTheLabel => "about the label, not the content",
        _ => "something this version has no words for",
    }
}

/// What must not be concluded from a report.
pub(super) fn not_meant(report: &Report) -> Vec<&'static str> {
    match report.headline {
        Headline::AiMadeProven => vec![
            "It proves who signed this statement and that the file is unchanged since then.",
            "It does not prove that the statement is true, nor that what the picture shows is true or untrue.",
        ],
        Headline::AiMadeDeclared => {
            vec![declared(report), "It does not prove that AI made this, nor who wrote the label."]
        }
        Headline::Broken => vec![
            "Programs that save or shrink a picture break labels as well: this does not say that anybody meant harm.",
            "It does not say whether AI made the content. Ask for the original file.",
        ],
        Headline::NoLabel => vec![
            "Labels are easily lost, and most AI systems write none.",
            "It does not mean that the content was made without AI, or that it is genuine.",
        ],
        _ if report.not_examined.is_empty() => vec![NOTHING],
        _ => vec!["Nothing can be concluded about the origin: see what was not examined."],
    }
}

/// What must not be concluded when a file could not be examined.
pub(super) const NOTHING: &str = "Nothing can be concluded about the origin.";

/// Why a declaration is not a proof.
fn declared(report: &Report) -> &'static str {
    match report.signer {
        _ if only_traces(report) => "Anyone can write such traces into a file, and other programs may leave the same.",
        _ if report.signature != Signature::Ok => {
            "Anyone can write such a label, and anyone can take one off: nobody signed it."
        }
        SignerStanding::Trusted | SignerStanding::PinnedVendor => {
            "The signer is vouched for, but the signature does not cover all that stands here, or another field says AI."
        }
        SignerStanding::Expired => {
            "A certificate out of its time proves nothing: the label counts as one that anyone could have signed."
        }
        SignerStanding::Revoked => {
            "A withdrawn certificate proves nothing: the label counts as one that anyone could have signed."
        }
        SignerStanding::Unknown => {
            "Anyone can sign such a label, and anyone can take one off: nobody that was asked vouches for this signer."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_rust_reaches_a_user() {
        let table = [
            (
                "the PEM of certificate 1 is broken: missing section end marker: [45, 45, 45]",
                "the PEM of certificate 1 is broken: the line that begins with `-----END` is missing",
            ),
            (
                "no trust list vouches for it (the chain is refused: UnsupportedCriticalExtension)",
                "no trust list vouches for it (the chain is refused: unsupported critical extension)",
            ),
            (
                "the chain is refused: RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required: 1 })",
                "the chain is refused: required eku not found context",
            ),
            ("x is 5, over the limit of 4; raise it in `Limits` if the file is trusted", "x is 5, over the limit of 4"),
            (
                "out.png: the file exists; give another name or allow overwriting",
                "out.png: the file exists; give another name or use --force",
            ),
        ];
        for (from, to) in table {
            assert_eq!(plain(from), to);
        }
    }
}
