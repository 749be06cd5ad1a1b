//! The four axes, what the labels say, and which system they name.

use super::{Axis, ReportLanguage, Row, key, terms};
use crate::report::{
    Binding, Class, Report, Said, Signature, SignerStanding, Statement, Technique, TimeStanding, Verdict, say,
};

/// A word, and a sentence.
type Answer = (&'static str, Said);

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
pub(super) fn content(report: &Report, language: ReportLanguage) -> Row {
    let (name, said) = match report.says {
        _ if only_traces(report) => {
            (key!("found"), key!("only traces that a generator usually leaves; nobody declared it"))
        }
        Some(statement) => (key!("the labels say"), terms::says(statement)),
        None => (key!("the labels say"), key!("nothing about AI")),
    };
    Row::new(language.word(name), language.word(said), "")
}

pub(super) fn axes(report: &Report, language: ReportLanguage) -> Vec<Axis> {
    let answers = [
        (key!("binding"), key!("Does the label belong to exactly this content?"), binding(report)),
        (key!("signature"), key!("Is the label as it was signed?"), signature(report)),
        (key!("signer"), key!("Does anybody vouch for the signer?"), signer(report)),
        (key!("time"), key!("Does anybody confirm when it was signed?"), time(report)),
    ];
    let axis = |(name, question, (state, text)): (&str, &str, Answer)| Axis {
        row: Row::new(language.word(name), language.word(state), language.say(&text)),
        question: language.word(question).to_owned(),
    };
    answers.into_iter().map(axis).collect()
}

/// The system that a label names.
pub(super) fn system(report: &Report, language: ReportLanguage) -> Row {
    let name = if report.says == Some(Statement::NotAi) { key!("made with") } else { key!("AI system") };
    let system = report.provenance.system.as_deref();
    Row::new(language.word(name), system.unwrap_or(language.word(key!("not named"))), "")
}

/// California's three lines.
pub(super) fn provenance(report: &Report, language: ReportLanguage) -> Vec<Row> {
    let yes = |yes| language.word(if yes { key!("yes") } else { key!("no") }).to_owned();
    let provenance = &report.provenance;
    let system = provenance.system.as_deref().unwrap_or(language.word(key!("not named"))).to_owned();
    vec![
        Row::new(language.word(key!("provenance data")), yes(provenance.available), ""),
        Row::new(language.word(key!("system")), system, ""),
        Row::new(language.word(key!("signature")), yes(provenance.signature_available), ""),
    ]
}

fn binding(report: &Report) -> Answer {
    match report.binding {
        Binding::Intact | Binding::Partial if report.signature != Signature::Ok => {
            (key!("this proves nothing"), say!("the content fits the label, but the signature is bad"))
        }
        Binding::Intact => (key!("intact"), say!("the content is what was signed, byte for byte")),
        Binding::Broken => (key!("broken"), say!("the content was changed after it was signed")),
        Binding::Partial => {
            (key!("partial"), say!("parts of the file are not covered by the signature, and may have been changed"))
        }
        Binding::NotChecked => {
            let why = match &report.manifest {
                Some(_) => say!("the manifest names no hash that could be checked"),
                None if unreadable(report) => say!("there is a manifest, but it cannot be read"),
                None => say!("there is no manifest that could be compared with the content"),
            };
            (key!("not checked"), why)
        }
    }
}

fn not_read() -> Answer {
    (key!("not checked"), say!("the manifest cannot be read"))
}

fn signature(report: &Report) -> Answer {
    match report.signature {
        Signature::Ok => (key!("ok"), say!("the label is what its signer wrote")),
        Signature::Bad => (key!("bad"), say!("the label itself was changed, or never rightly signed")),
        Signature::None if unreadable(report) => not_read(),
        Signature::None => (key!("none"), say!("")),
    }
}

fn signer(report: &Report) -> Answer {
    let manifest = report.manifest.as_ref();
    let name = manifest.and_then(|manifest| manifest.signer.as_deref());
    let name = name.map_or(say!("a signer without a name"), |name| say!("{}", name));
    let list = manifest.and_then(|manifest| manifest.trusted_by.as_deref());
    let list = list.map_or(say!("the anchors that you gave"), |list| say!("{}", list));
    match report.signer {
        _ if unreadable(report) => not_read(),
        _ if report.signature == Signature::None => (key!("none"), say!("")),
        _ if report.signature == Signature::Bad => {
            (key!("unknown"), say!("it calls itself {}, and a bad signature does not show who signed", name))
        }
        SignerStanding::Trusted => {
            let date = manifest.and_then(|manifest| manifest.trust_list_date.as_deref());
            let said = match date {
                Some(date) => say!("{}, vouched for by {} of {}", name, list, date),
                None => say!("{}, vouched for by {}", name, list),
            };
            (key!("trusted"), said)
        }
        SignerStanding::PinnedVendor => (key!("pinned vendor"), say!("{}, a certificate that you pinned", name)),
        SignerStanding::Unknown => {
            (key!("unknown"), say!("it calls itself {}; nobody that was asked vouches for it", name))
        }
        SignerStanding::Revoked => (key!("revoked"), say!("{}'s certificate was withdrawn by its issuer", name)),
        SignerStanding::Expired if report.time == TimeStanding::TrustedStamp => (
            key!("out of its time"),
            say!("{}'s certificate was not valid when it was stamped, {}", name, stamped(report)),
        ),
        SignerStanding::Expired => (
            key!("out of its time"),
            say!("{}'s certificate is not valid at {}, and no trusted time-stamp helps", name, report.evaluated_at),
        ),
    }
}

fn time(report: &Report) -> Answer {
    match report.time {
        TimeStanding::TrustedStamp => (key!("trusted stamp"), say!("{}", stamped(report))),
        TimeStanding::UntrustedStamp => {
            (key!("untrusted stamp"), say!("{}, by an authority nobody vouches for", stamped(report)))
        }
        TimeStanding::None if unreadable(report) => not_read(),
        TimeStanding::None => (key!("none"), say!("nobody confirms when it was signed")),
    }
}

fn stamped(report: &Report) -> Said {
    let stamped = report.manifest.as_ref().and_then(|manifest| manifest.stamped.as_deref());
    stamped.map_or(say!("unknown time"), |time| say!("{}", time))
}
