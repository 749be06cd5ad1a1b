//! The sentence to quote, and what must not be concluded from a report.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{ReportLanguage, axes::only_traces, key};
use crate::report::{Headline, Report, Said, Signature, SignerStanding, Statement, Verdict, say};

/// What can be said when nothing could be looked at.
pub(super) const NOTHING: &str = key!("Nothing can be concluded about the origin.");

/// The headline; where there are traces alone, nobody declared anything.
pub(in crate::report) fn headline(report: &Report, language: ReportLanguage) -> &'static str {
    match report.headline {
        Headline::AiMadeDeclared if only_traces(report) => {
            language.word(key!("AI-made: hinted at by traces, not declared"))
        }
        headline => language.headline(headline),
    }
}

/// A sentence or two that stand alone, with who looked and when.
pub(super) fn quote(report: &Report, language: ReportLanguage) -> String {
    let sentence = language.say(&sentence(report));
    let checked = say!("Checked with tanba, {}.", date(&report.evaluated_at, language));
    format!("{sentence} {}", language.say(&checked))
}

fn sentence(report: &Report) -> Said {
    let wholly = report.says == Some(Statement::FullyAi);
    match report.headline {
        Headline::AiMadeProven => proven(report, wholly),
        Headline::AiMadeDeclared if only_traces(report) => match &report.provenance.system {
            Some(system) => say!(
                "This file holds traces that {} usually leaves. Nobody declared that AI made it, and traces prove nothing.",
                system
            ),
            None => say!(
                "This file holds traces that AI programs usually leave. Nobody declared that AI made it, and traces prove nothing."
            ),
        },
        Headline::AiMadeDeclared if report.signature == Signature::Ok && report.verdict != Verdict::Valid => {
            let signer = report.manifest.as_ref().and_then(|manifest| manifest.signer.as_deref());
            let signer = signer.map_or(say!("a signer without a name"), |name| say!("{}", name));
            match wholly {
                true => say!(
                    "A label in this file, signed in the name of {}, says that AI made the content as a whole. That is declared, not proven.",
                    signer
                ),
                false => say!(
                    "A label in this file, signed in the name of {}, says that AI made or changed a part of the content. That is declared, not proven.",
                    signer
                ),
            }
        }
        Headline::AiMadeDeclared if wholly => say!(
            "An unsigned label in this file says that AI made the content as a whole. That is declared, not proven: anyone can write such a label."
        ),
        Headline::AiMadeDeclared => say!(
            "An unsigned label in this file says that AI made or changed a part of the content. That is declared, not proven: anyone can write such a label."
        ),
        Headline::Broken if report.verdict == Verdict::Conflicting => {
            say!("The labels in this file contradict each other. They must not be relied on.")
        }
        Headline::Broken => {
            say!(
                "The label in this file is broken: content or label was changed after signing. It must not be relied on."
            )
        }
        Headline::NoLabel if report.says == Some(Statement::NotAi) => {
            say!("No label in this file says that AI made it; one names another origin. Labels can be lost or wrong.")
        }
        Headline::NoLabel if report.says == Some(Statement::PossiblyAi) => {
            say!("A label in this file says that AI may have been used. None says that AI made it.")
        }
        Headline::NoLabel => say!("No AI label was found in this file. This says nothing about how it was made."),
        Headline::NotChecked => say!("This file could not be checked. Nothing can be concluded about its origin."),
    }
}

fn proven(report: &Report, wholly: bool) -> Said {
    let Some(manifest) = &report.manifest else {
        let generator = report.provenance.system.as_deref().unwrap_or_default();
        return say!(
            "{} signed this picture as made by its AI. The pixels have not changed since, but the file around them may have.",
            generator
        );
    };
    let signer = manifest.signer.as_deref().unwrap_or_default();
    match wholly {
        true => say!(
            "A label in this file, signed by {}, says that AI made the content as a whole. The file has not changed since it was signed.",
            signer
        ),
        false => say!(
            "A label in this file, signed by {}, says that AI made or changed a part of the content. The file has not changed since it was signed.",
            signer
        ),
    }
}

/// The day of an RFC 3339 time, as newspapers write it.
pub(in crate::report) fn date(time: &str, language: ReportLanguage) -> String {
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const RUSSIAN: [&str; 12] = [
        "января",
        "февраля",
        "марта",
        "апреля",
        "мая",
        "июня",
        "июля",
        "августа",
        "сентября",
        "октября",
        "ноября",
        "декабря",
    ];
    const KAZAKH: [&str; 12] = [
        "қаңтар",
        "ақпан",
        "наурыз",
        "сәуір",
        "мамыр",
        "маусым",
        "шілде",
        "тамыз",
        "қыркүйек",
        "қазан",
        "қараша",
        "желтоқсан",
    ];
    let Ok(at) = OffsetDateTime::parse(time, &Rfc3339) else { return time.to_owned() };
    let month = usize::from(u8::from(at.month())) - 1;
    match language {
        ReportLanguage::En => format!("{} {} {}", at.day(), ENGLISH[month], at.year()),
        ReportLanguage::Ru => format!("{} {} {} года", at.day(), RUSSIAN[month], at.year()),
        ReportLanguage::Kk => format!("{} жылғы {} {}", at.year(), at.day(), KAZAKH[month]),
    }
}

/// What must not be concluded from a report.
pub(super) fn not_meant(report: &Report, language: ReportLanguage) -> Vec<String> {
    let sentences = match report.headline {
        Headline::AiMadeProven if report.manifest.is_none() => vec![
            key!("It proves that the generator signed these pixels."),
            key!("It does not prove that the statement is true, nor that what the picture shows is true or untrue."),
        ],
        Headline::AiMadeProven => vec![
            key!("It proves who signed this statement and that the file is unchanged since then."),
            key!("It does not prove that the statement is true, nor that what the picture shows is true or untrue."),
        ],
        Headline::AiMadeDeclared => {
            vec![declared(report), key!("It does not prove that AI made this, nor who wrote the label.")]
        }
        Headline::Broken => vec![
            key!(
                "Programs that save or shrink a picture break labels as well: this does not say that anybody meant harm."
            ),
            key!("It does not say whether AI made the content. Ask for the original file."),
        ],
        Headline::NoLabel => vec![
            key!("Labels are easily lost, and most AI systems write none."),
            key!("It does not mean that the content was made without AI, or that it is genuine."),
        ],
        Headline::NotChecked if report.not_examined.is_empty() => vec![NOTHING],
        Headline::NotChecked => vec![key!("Nothing can be concluded about the origin: see what was not examined.")],
    };
    sentences.into_iter().map(|sentence| language.word(sentence).to_owned()).collect()
}

/// Why a declaration is not a proof.
fn declared(report: &Report) -> &'static str {
    match report.signer {
        _ if only_traces(report) => {
            key!("Anyone can write such traces into a file, and other programs may leave the same.")
        }
        _ if report.signature != Signature::Ok => {
            key!("Anyone can write such a label, and anyone can take one off: nobody signed it.")
        }
        SignerStanding::Trusted | SignerStanding::PinnedVendor => key!(
            "The signer is vouched for, but the signature does not cover all that stands here, or another field says AI."
        ),
        SignerStanding::Expired => {
            key!("A certificate out of its time proves nothing: the label counts as one that anyone could have signed.")
        }
        SignerStanding::Revoked => {
            key!("A withdrawn certificate proves nothing: the label counts as one that anyone could have signed.")
        }
        SignerStanding::Unknown => key!(
            "Anyone can sign such a label, and anyone can take one off: nobody that was asked vouches for this signer."
        ),
    }
}
