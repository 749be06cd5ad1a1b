//! What the rules of one country ask of a label, held against what was found. Never a judgement about the law: each row says what
//! was measured, and where the number comes from.

use serde::{Deserialize, Serialize};

use crate::policy::Profile;

/// Who says that a rule is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Mark {
    /// The text of the law or the standard.
    P,
    /// A secondary source.
    S,
    /// Our engineering, because no law gives a number.
    E,
}

/// What the file shows of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// What the rule asks for was found.
    Pass,
    /// It was not found, or is less than asked for.
    Fail,
    /// The same, for a rule that no law states: [`Mark::S`] and [`Mark::E`] can only warn.
    Warn,
    /// It cannot be told from the file.
    CannotTell,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RuleReport {
    /// A stable name, such as `kz-21-2-machine`.
    pub id: String,
    /// What is asked for, in English.
    pub rule: String,
    /// Where that is written.
    pub source: String,
    /// Who says so.
    pub mark: Mark,
    /// What the file shows.
    pub outcome: Outcome,
    /// The number that is asked for, with its unit.
    pub wanted: Option<String>,
    /// The number that was measured, with its unit, or what was found.
    pub measured: Option<String>,
}

/// The rules of one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProfileReport {
    /// Whose rules.
    pub profile: Profile,
    /// Each of them.
    pub rules: Vec<RuleReport>,
}
