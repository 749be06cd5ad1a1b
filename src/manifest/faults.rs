//! What the engine's status codes come to: whether the signature is right, and what else is wrong, in words.

use super::{
    codes::{Codes, Status},
    seal::Seal,
};
use crate::report::{Class, Finding, Said, Signature, Statement, Technique, say};

/// Any failure that is not known to be harmless makes a signature bad.
pub(super) fn signature(codes: &Codes, seal: &Seal) -> Signature {
    // The engine calls a signature wrong whose certificate names no organisation: that is about the signer.
    let misjudged = |status: &Status| status.code == "claimSignature.mismatch" && seal.signed;
    let harmless = |status: &Status| status.is_excused() || misjudged(status);
    let validated = codes.succeeded("claimSignature.validated") || codes.failures.iter().any(misjudged);
    let good = validated && seal.faults.is_empty();
    if good && codes.failures.iter().all(harmless) { Signature::Ok } else { Signature::Bad }
}

/// The engine's other failures, as findings. Who is trusted, and whether the content was changed, is said elsewhere.
pub(super) fn faults(codes: &Codes, seal: &Seal, place: &str) -> Vec<Finding> {
    let skipped = |code: &str| {
        (code == "claimSignature.mismatch" && seal.signed)
            || code.starts_with("signingCredential.")
            || code.contains("Hash.mismatch")
    };
    let faults = |codes: &[Status], ingredient: bool| {
        let codes = codes.iter().map(|status| status.code.clone());
        let mut codes: Vec<_> = codes.filter(|code| !skipped(code)).collect();
        codes.sort();
        codes.dedup();
        codes
            .into_iter()
            .map(move |code| {
                let text = match ingredient {
                    false => say!("the manifest: {}", words(&code)),
                    true => say!("a manifest of an ingredient: {}", words(&code)),
                };
                about(text, &code, place.to_owned())
            })
            .collect::<Vec<_>>()
    };
    let own = faults(&codes.failures, false);
    let others = faults(&codes.ingredient_failures, true);
    own.into_iter().chain(others).collect()
}

fn words(code: &str) -> Said {
    match code {
        "claimSignature.mismatch" => "the signature does not fit".into(),
        "assertion.hashedURI.mismatch" => "a signed statement was changed".into(),
        other => say!("C2PA status {}", other),
    }
}

pub(super) fn about(text: impl Into<Said>, value: &str, place: String) -> Finding {
    Finding::new(Technique::C2pa, Class::Declared, Statement::AboutTheLabel, text, value, place)
}
