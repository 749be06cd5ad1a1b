//! What the rules of each profile ask of a label: data, so that a new rule is a new row.
//!
//! Where a law gives no number, ours stands there and is marked as ours.

use serde::{Deserialize, Serialize};

use super::Profile;
use crate::format::Medium;

/// Who says that a rule is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Mark {
    /// The text of the law or the standard.
    P,
    /// A secondary source.
    S,
    /// Our engineering, because no law gives a number.
    E,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) source: &'static str,
    pub(crate) mark: Mark,
    pub(crate) check: Check,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Something in the file that a machine reads says that AI made or changed it.
    MachineReadable,
    /// The same in metadata that is signed, and nothing was changed since.
    SignedMetadata,
    /// The signature has a time-stamp.
    TimeStamp,
    /// An invisible watermark.
    Watermark,
    /// A visible notice; `Only` where the law asks for it in cases that the file does not tell.
    Notice(Asked),
    /// Whether it says that AI made it or that AI changed it.
    Extent,
    /// Capital letters of at least 5 % of the shorter side.
    CapHeight,
    /// Text against plate at least 4.5:1.
    Contrast,
    /// The notice lies wholly inside the frame, at an edge or corner.
    AtEdge,
    /// The notice of a film is seen from its start, for two seconds at least.
    FromStart,
    /// The warning that is heard is as loud as what is heard beside it.
    Loudness,
    /// It is heard at the start.
    AtStart,
    /// The wording has an element that means AI and one that means made or changed.
    Words,
    /// The notice is in Kazakh and in Russian.
    KazakhAndRussian,
    /// China's `AIGC` metadata with its seven fields.
    AigcFields,
    /// China's `AIGC` metadata stands in the file once.
    AigcOnce,
    /// The provider's name, signed.
    Provider,
    /// The system's name and version, signed.
    SystemAndVersion,
    /// Time and date, signed.
    Time,
    /// A unique identifier, signed.
    Identifier,
    /// A notice, or a machine-readable label with a notice beside the content.
    NoticeOrBeside,
}

/// When a notice is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Always,
    /// In cases that the file does not tell; the sentence says which.
    Only(&'static str),
}

const KZ: &str = "Kazakhstan, Law No. 230-VIII, Art. 21(2)";
const EU_CODE: &str = "EU, Code of Practice of 10 June 2026, sub-measure 1.1.1";
const GB: &str = "China, GB 45438-2025";
const SB942: &str = "California, SB 942, § 22757.3(b)";
const INDIA: &str = "India, IT Amendment Rules 2026, G.S.R. 120(E)";

const fn row(id: &'static str, rule: &'static str, source: &'static str, mark: Mark, check: Check) -> Rule {
    Rule { id, rule, source, mark, check }
}

/// Measurements of the notice that no law but China's has numbers for.
const MEASURED: &[Rule] = &[
    row(
        "notice-height",
        "capital letters of the notice are at least 5 % of the shorter side",
        "borrowed from GB 45438-2025, 4.3",
        Mark::E,
        Check::CapHeight,
    ),
    row(
        "notice-contrast",
        "text and plate of the notice contrast by at least 4.5:1",
        "WCAG 2.2, 1.4.3, as good practice",
        Mark::S,
        Check::Contrast,
    ),
    row(
        "notice-place",
        "the notice lies inside the frame, at an edge or corner",
        "our reading",
        Mark::E,
        Check::AtEdge,
    ),
];

/// The same for the warning in a recording.
const HEARD: &[Rule] = &[
    row(
        "warning-loudness",
        "the warning is as loud as the recording, within 3 LU, and not softer than −30 LUFS",
        "our reading, after EBU R 128",
        Mark::E,
        Check::Loudness,
    ),
    row("warning-start", "the warning is heard at the start", "our reading", Mark::E, Check::AtStart),
];

/// What is asked of a film beside that.
const FILM: &[Rule] = &[row(
    "film-start",
    "the notice is seen from the start of the film, for two seconds at least",
    "borrowed from GB 45438-2025, 5.4",
    Mark::E,
    Check::FromStart,
)];

const KZ_RULES: &[Rule] = &[
    row("kz-21-2-machine", "marked in machine-readable form", KZ, Mark::P, Check::MachineReadable),
    row(
        "kz-21-2-warning",
        "accompanied by a visual or other warning that the user can perceive",
        KZ,
        Mark::P,
        Check::Notice(Asked::Always),
    ),
    row("kz-1-4-extent", "says whether AI created or modified it", "our reading of Art. 1(4)", Mark::E, Check::Extent),
    row(
        "kz-words",
        "the words mean AI, and made or changed",
        "our reading, after GB 45438-2025, 4.2",
        Mark::E,
        Check::Words,
    ),
    row("kz-languages", "the notice is in Kazakh and Russian", "our reading", Mark::E, Check::KazakhAndRussian),
];

const EU_RULES: &[Rule] = &[
    row(
        "eu-50-2-machine",
        "marked in a machine-readable format",
        "EU, AI Act, Art. 50(2)",
        Mark::P,
        Check::MachineReadable,
    ),
    row("eu-1-1-1-signed", "what the metadata says is digitally signed", EU_CODE, Mark::P, Check::SignedMetadata),
    row("eu-1-1-1-stamped", "and time-stamped, where the system knows the time", EU_CODE, Mark::P, Check::TimeStamp),
    row(
        "eu-1-1-2-watermark",
        "carries an imperceptible watermark",
        "EU, Code of Practice of 10 June 2026, sub-measure 1.1.2",
        Mark::P,
        Check::Watermark,
    ),
    row(
        "eu-50-4-notice",
        "deep fakes are disclosed to people",
        "EU, AI Act, Art. 50(4)",
        Mark::P,
        Check::Notice(Asked::Only("whether it is a deep fake cannot be told from the file")),
    ),
    row("eu-extent", "says whether AI generated or manipulated it", EU_CODE, Mark::P, Check::Extent),
];

const CN_RULES: &[Rule] = &[
    row("cn-4-notice", "carries a visible label", GB, Mark::P, Check::Notice(Asked::Always)),
    row("cn-4-2-words", "the words mean AI, and generated or synthesised", GB, Mark::P, Check::Words),
    row(
        "cn-4-3-height",
        "text of the label is at least 5 % of the shorter side",
        "China, GB 45438-2025, 4.3",
        Mark::P,
        Check::CapHeight,
    ),
    row("cn-4-3-place", "the label stands at an edge or corner", "China, GB 45438-2025, 4.3", Mark::P, Check::AtEdge),
    row(
        "cn-5-4-start",
        "the notice is seen from the start of the film, for two seconds at least",
        "China, GB 45438-2025, 5.4",
        Mark::P,
        Check::FromStart,
    ),
    row(
        "cn-e-aigc",
        "the metadata holds AIGC with its seven fields",
        "China, GB 45438-2025, Annex E",
        Mark::P,
        Check::AigcFields,
    ),
    row("cn-6-1-once", "AIGC stands in the file once", "China, GB 45438-2025, 6.1 c)", Mark::P, Check::AigcOnce),
];

const US_CA_RULES: &[Rule] = &[
    row("us-ca-b-provider", "names the provider", SB942, Mark::P, Check::Provider),
    row("us-ca-b-system", "names the system and its version", SB942, Mark::P, Check::SystemAndVersion),
    row("us-ca-b-time", "says time and date", SB942, Mark::P, Check::Time),
    row("us-ca-b-id", "has a unique identifier", SB942, Mark::P, Check::Identifier),
    row(
        "us-ca-a-manifest",
        "a visible disclosure is offered to the user",
        "California, SB 942, § 22757.3(a)",
        Mark::P,
        Check::Notice(Asked::Only("the law asks to offer it; whether it was declined cannot be told from the file")),
    ),
];

const IN_RULES: &[Rule] = &[
    row(
        "in-notice",
        "prominently labelled, so that it is easily noticed",
        INDIA,
        Mark::P,
        Check::Notice(Asked::Always),
    ),
    row("in-metadata", "permanent metadata say so", INDIA, Mark::P, Check::MachineReadable),
    row("in-id", "the metadata hold a unique identifier", INDIA, Mark::P, Check::Identifier),
];

const KR_RULES: &[Rule] = &[
    row(
        "kr-31-label",
        "a label that people perceive, or a machine-readable one with a notice in words or speech",
        "Korea, AI Basic Act, Art. 31, and decree, Art. 23(2)",
        Mark::S,
        Check::NoticeOrBeside,
    ),
    row(
        "kr-machine",
        "marked in machine-readable form",
        "Korea, guideline of January 2026",
        Mark::S,
        Check::MachineReadable,
    ),
];

/// The rows of a profile for content of this medium.
pub(crate) fn rules(profile: Profile, medium: Medium) -> impl Iterator<Item = &'static Rule> {
    let own = match profile {
        Profile::Kz => KZ_RULES,
        Profile::Eu => EU_RULES,
        Profile::Cn => CN_RULES,
        Profile::UsCa => US_CA_RULES,
        Profile::In => IN_RULES,
        Profile::Kr => KR_RULES,
    };
    let is_sound = medium == Medium::Audio;
    // What a profile measures by its own law is not measured twice; nothing is drawn into sound.
    let drawn = |rule: &&Rule| matches!(rule.check, Check::CapHeight | Check::Contrast | Check::AtEdge);
    let film: &[Rule] = if medium == Medium::Video { FILM } else { &[] };
    let measured = if is_sound { HEARD } else { MEASURED }
        .iter()
        .chain(film)
        .filter(move |rule| own.iter().all(|own| own.check != rule.check));
    // A card of its own covers no picture; only films have a start.
    let of_medium = move |rule: &&Rule| match rule.check {
        Check::AtEdge => medium != Medium::Video,
        Check::FromStart => medium == Medium::Video,
        _ => true,
    };
    own.iter().filter(move |rule| !(is_sound && drawn(rule))).chain(measured).filter(of_medium)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_profile_has_rules_with_names_of_their_own_and_no_forbidden_word() {
        let mut seen = 0;
        for profile in [Profile::Kz, Profile::Eu, Profile::Cn, Profile::UsCa, Profile::In, Profile::Kr] {
            for medium in [Medium::Image, Medium::Audio, Medium::Video] {
                let ids: Vec<_> = rules(profile, medium).map(|rule| rule.id).collect();
                assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{profile:?}");
                assert!(ids.len() >= 4, "{profile:?}: {ids:?}");
                for rule in rules(profile, medium) {
                    let said = format!("{} {}", rule.rule, rule.source).to_lowercase();
                    assert!(!["complian", "authentic", "human-made"].iter().any(|word| said.contains(word)), "{said}");
                    // A number of ours is never shown as a law's.
                    assert_eq!(
                        rule.mark == Mark::E,
                        said.contains("our reading") || said.contains("borrowed"),
                        "{}",
                        rule.id
                    );
                    seen += 1;
                }
            }
        }
        assert!(seen > 35);
    }
}
