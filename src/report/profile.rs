//! What the rules of one country ask of a label, held against what was found. Never a judgement about the law: each row says what
//! was measured, and where the number comes from.

use serde::{Deserialize, Serialize};

use super::{
    Binding, Finding, HeardReport, NoticeReport, Report, Signature, Statement, Technique, TimeStanding, said::Said, say,
};
use crate::policy::{
    Extent, Language, Mark, Profile,
    layout::{MIN_CAP_SHARE, MIN_CONTRAST},
    rules::{Asked, Check, Rule, rules},
};

/// What the file shows of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// The number that was measured, with its unit, or what was found, in English. Text from the file in it is untrusted:
    /// escape it where it is shown.
    pub measured: Option<String>,
    /// The same with its holes, so that it can be said in another language.
    #[serde(skip)]
    pub(crate) said: Option<Said>,
}

/// The rules of one profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProfileReport {
    /// Whose rules.
    pub profile: Profile,
    /// Each of them.
    pub rules: Vec<RuleReport>,
}

/// Holds what was found against the rules of `profile`. `looked`: the picture was decoded and searched for a notice.
pub(crate) fn against(profile: Profile, report: &Report, looked: bool) -> ProfileReport {
    let evidence = Evidence { report, looked };
    ProfileReport { profile, rules: rules(profile, report.format.medium()).map(|rule| evidence.rule(rule)).collect() }
}

/// What one check gave: whether it holds, where that can be told, what was asked for, and what was found.
struct Found {
    holds: Option<bool>,
    wanted: Option<String>,
    said: Said,
}

impl Found {
    fn new(holds: impl Into<Option<bool>>, said: impl Into<Said>) -> Self {
        Self { holds: holds.into(), wanted: None, said: said.into() }
    }

    fn wanted(self, wanted: String) -> Self {
        Self { wanted: Some(wanted), ..self }
    }
}

struct Evidence<'a> {
    report: &'a Report,
    looked: bool,
}

impl Evidence<'_> {
    fn rule(&self, rule: &Rule) -> RuleReport {
        let Found { holds, wanted, said } = self.check(rule.check);
        let outcome = match (holds, rule.mark) {
            (Some(true), _) => Outcome::Pass,
            (Some(false), Mark::P) => Outcome::Fail,
            (Some(false), _) => Outcome::Warn,
            (None, _) => Outcome::CannotTell,
        };
        RuleReport {
            id: rule.id.into(),
            rule: rule.rule.into(),
            source: rule.source.into(),
            mark: rule.mark,
            outcome,
            wanted,
            measured: Some(said.to_string()),
            said: Some(said),
        }
    }

    fn check(&self, check: Check) -> Found {
        match check {
            Check::MachineReadable => self.machine_readable(),
            Check::SignedMetadata => self.signed(),
            Check::TimeStamp => self.time_stamp(),
            Check::Watermark => Found::new(None, "tanba cannot read the watermarks of others"),
            Check::Notice(Asked::Always) => self.notice(None),
            Check::Notice(Asked::Only(case)) => self.notice(Some(case)),
            Check::Extent => self.extent(),
            Check::CapHeight => self.cap_height(),
            Check::Contrast => self.contrast(),
            Check::AtEdge => self.at_edge(),
            Check::FromStart => self.seen_first(),
            Check::Loudness => self.loudness(),
            Check::AtStart => self.at_start(),
            Check::Words => self.words(),
            Check::KazakhAndRussian => self.kazakh_and_russian(),
            Check::AigcFields => self.aigc_fields(),
            Check::AigcOnce => self.aigc_once(),
            Check::Provider => self.of_manifest("the provider", |report| report.manifest.as_ref()?.signer.clone()),
            Check::SystemAndVersion => self.system(),
            Check::Time => self.of_manifest("a time", |report| {
                let manifest = report.manifest.as_ref()?;
                let actions = manifest.chain.first().map(|link| link.actions.as_slice()).unwrap_or_default();
                manifest.stamped.clone().or_else(|| actions.iter().find_map(|action| action.when.clone()))
            }),
            Check::Identifier => self.identifier(),
            Check::NoticeOrBeside => self.notice_or_beside(),
        }
    }

    /// Declared or signed labels; traces are not meant as labels.
    fn labels(&self) -> impl Iterator<Item = &Finding> {
        let machine = |finding: &&Finding| {
            finding.says.is_ai() && finding.technique != Technique::Notice && finding.class != super::Class::Hint
        };
        self.report.findings.iter().filter(machine)
    }

    fn sound(&self) -> bool {
        self.report.binding == Binding::Intact && self.report.signature == Signature::Ok
    }

    fn unreadable(&self) -> bool {
        self.report.verdict == super::Verdict::Inconclusive
    }

    fn machine_readable(&self) -> Found {
        match self.labels().next() {
            Some(label) => Found::new(true, say!("found: {}", label.place)),
            None if self.unreadable() => Found::new(None, "the file could not be read as a whole"),
            None => Found::new(false, "no label was found that says so"),
        }
    }

    fn signed(&self) -> Found {
        let signed = self.labels().find(|finding| finding.technique == Technique::C2pa);
        match signed {
            Some(label) if self.sound() => Found::new(true, say!("found: {}", label.place)),
            _ if self.unreadable() => Found::new(None, "the file could not be read as a whole"),
            _ => Found::new(false, "no signed label that says so, or it was changed"),
        }
    }

    fn time_stamp(&self) -> Found {
        match self.report.time {
            TimeStanding::TrustedStamp => Found::new(true, "a time-stamp of a trusted authority"),
            TimeStanding::UntrustedStamp => {
                Found::new(true, "a time-stamp; nobody that was asked vouches for its authority")
            }
            TimeStanding::None => Found::new(None, "no time-stamp; whether the system knew the time cannot be told"),
        }
    }

    /// The most legible notice that says that AI had a part.
    fn best(&self) -> Option<&NoticeReport> {
        let notices = self.report.notices.iter().filter(|notice| notice.extent.is_some() || notice.signed_place);
        notices.max_by(|a, b| a.cap_height_share.total_cmp(&b.cap_height_share))
    }

    /// The first warning that is heard and says that AI had a part.
    fn heard(&self) -> Option<&HeardReport> {
        self.report.heard.iter().find(|heard| heard.extent.is_some() || heard.signed_place)
    }

    /// The words of a notice that says that AI had a part, drawn, heard or written: lines, what they say, and languages.
    fn said(&self) -> Option<(&[String], Option<Extent>, &[Language])> {
        if let Some(notice) = self.best() {
            return Some((&notice.lines, notice.extent, &notice.languages));
        }
        if let Some(heard) = self.heard() {
            return Some((&heard.lines, heard.extent, &heard.languages));
        }
        // At the head: there it is asked for.
        let written = self.report.written.iter().find(|written| written.first)?;
        Some((&written.lines, written.extent, &written.languages))
    }

    /// What is said of a measurement when there is nothing to measure.
    fn nothing_to_measure(&self) -> Found {
        match self.looked {
            true => Found::new(None, "no notice was found that could be measured"),
            false => Found::new(None, "tanba did not look for a notice"),
        }
    }

    fn notice(&self, only: Option<&'static str>) -> Found {
        match (self.said(), only) {
            (Some((lines, ..)), _) => Found::new(true, say!("found: {}", lines.join(" / "))),
            (None, _) if !self.looked => {
                Found::new(None, "tanba did not look for a notice: a person has to look or listen")
            }
            (None, Some(case)) => Found::new(None, case),
            (None, None) => Found::new(false, "no notice of a known wording was found; a person should look"),
        }
    }

    fn extent(&self) -> Found {
        let signed = self.labels().find(|finding| finding.technique == Technique::C2pa);
        match signed.or_else(|| self.labels().next()).map(|label| label.says) {
            Some(Statement::FullyAi) => Found::new(true, "it says: made by AI"),
            Some(Statement::PartlyAi) => Found::new(true, "it says: changed by AI, or made in part"),
            _ if self.unreadable() => Found::new(None, "the file could not be read as a whole"),
            _ => Found::new(false, "no label was found that says so"),
        }
    }

    fn cap_height(&self) -> Found {
        let Some(notice) = self.best() else { return self.nothing_to_measure() };
        // Half a pixel is what measuring can tell.
        let slack = notice.cap_height_share / notice.cap_height_px.max(1.0) / 2.0;
        let holds = notice.cap_height_share + slack >= MIN_CAP_SHARE;
        let (px, percent) = (format!("{:.0}", notice.cap_height_px), format!("{:.1}", notice.cap_height_share * 100.0));
        Found::new(holds, say!("{} px, {} %", px, percent)).wanted(format!("{:.0} %", MIN_CAP_SHARE * 100.0))
    }

    fn contrast(&self) -> Found {
        let Some(notice) = self.best() else { return self.nothing_to_measure() };
        let measured = say!("{}:1", format!("{:.1}", notice.contrast));
        Found::new(notice.contrast >= MIN_CONTRAST, measured).wanted(format!("{MIN_CONTRAST}:1"))
    }

    fn at_edge(&self) -> Found {
        let (Some(notice), Some(shown)) = (self.best(), self.report.shown) else { return self.nothing_to_measure() };
        let rect = notice.rect;
        let right = shown.width.saturating_sub(rect.x.saturating_add(rect.width));
        let bottom = shown.height.saturating_sub(rect.y.saturating_add(rect.height));
        let nearest = rect.x.min(rect.y).min(right).min(bottom);
        // A tenth of the shorter side: nearer to an edge than to anything else.
        let holds = notice.inside && nearest <= shown.shorter() / 10;
        Found::new(holds, say!("{} px from the nearest edge", nearest))
    }

    fn seen_first(&self) -> Found {
        const LEAST_MS: u64 = 2000;
        let Some(span) = self.best().and_then(|notice| notice.spans.first()) else { return self.nothing_to_measure() };
        let (from, to) = span.seconds();
        let holds = span.from_ms == 0 && span.to_ms >= LEAST_MS;
        Found::new(holds, say!("seen from second {} to second {}", from, to)).wanted("0–2 s".to_owned())
    }

    fn loudness(&self) -> Found {
        let Some((heard, loudness)) = self.heard().and_then(|heard| Some((heard, heard.loudness_lufs?))) else {
            return Found::new(None, "no warning was heard that could be measured");
        };
        let measured = format!("{loudness:.1}");
        let wanted = "±3 LU, ≥ −30 LUFS".to_owned();
        match heard.programme_lufs {
            Some(programme) => {
                let above = loudness - programme;
                let holds = above.abs() <= 3.0 && loudness >= -30.0;
                Found::new(holds, say!("{} LUFS, {} LU against the recording", measured, format!("{above:+.1}")))
                    .wanted(wanted)
            }
            None => Found::new(loudness >= -30.0, say!("{} LUFS; the recording is silent", measured)).wanted(wanted),
        }
    }

    fn at_start(&self) -> Found {
        let Some(heard) = self.heard() else { return Found::new(None, "no warning was heard that could be measured") };
        let seconds = format!("{}.{}", heard.span.from_ms / 1000, heard.span.from_ms % 1000 / 100);
        Found::new(heard.span.from_ms < 1000, say!("heard from second {}", seconds))
    }

    fn words(&self) -> Found {
        let Some((lines, extent, _)) = self.said() else { return self.nothing_to_measure() };
        let lines = lines.join(" / ");
        match extent {
            Some(_) => Found::new(true, say!("found: {}", lines)),
            None => Found::new(None, say!("the words are not in tanba's table: {}", lines)),
        }
    }

    fn kazakh_and_russian(&self) -> Found {
        let Some((_, _, languages)) = self.said() else { return self.nothing_to_measure() };
        let has = |language| languages.contains(&language);
        let names: Vec<_> = languages.iter().map(|language| language.tag()).collect();
        Found::new(has(Language::Kk) && has(Language::Ru), say!("languages found: {}", names.join(", ")))
    }

    fn aigc(&self) -> impl Iterator<Item = &Finding> {
        self.report
            .findings
            .iter()
            .filter(|finding| finding.technique == Technique::Aigc && finding.says != Statement::AboutTheLabel)
    }

    fn aigc_fields(&self) -> Found {
        const FIELDS: [&str; 7] = [
            "Label",
            "ContentProducer",
            "ProduceID",
            "ReservedCode1",
            "ContentPropagator",
            "PropagateID",
            "ReservedCode2",
        ];
        let Some(label) = self.aigc().next() else { return Found::new(false, "no AIGC metadata was found") };
        let missing: Vec<_> =
            FIELDS.into_iter().filter(|field| !label.value.contains(&format!("\"{field}\""))).collect();
        match missing.as_slice() {
            [] => Found::new(true, say!("found: {}", label.place)),
            _ if label.value.ends_with('…') => Found::new(None, "the label is too long to be shown and checked here"),
            missing => Found::new(false, say!("fields that are missing: {}", missing.join(", "))),
        }
    }

    fn aigc_once(&self) -> Found {
        match self.aigc().count() {
            0 => Found::new(false, "no AIGC metadata was found"),
            count => Found::new(count == 1, say!("found {} times", count)),
        }
    }

    /// A fact of a manifest that is intact.
    fn of_manifest(&self, what: &'static str, fact: impl Fn(&Report) -> Option<String>) -> Found {
        match fact(self.report) {
            Some(fact) if self.sound() => Found::new(true, say!("found: {}", fact)),
            Some(_) => Found::new(false, "the signed label was changed, or its signature is bad"),
            None => Found::new(false, say!("no signed label names {}", what)),
        }
    }

    fn system(&self) -> Found {
        let system = self.report.manifest.as_ref().and_then(|manifest| manifest.system.clone());
        match system {
            // A version has a digit in it; a name alone may have one too, which then is taken for its version.
            Some(system) if self.sound() => {
                let versioned = system.chars().any(|character| character.is_ascii_digit());
                Found::new(versioned.then_some(true), say!("found: {}", system))
            }
            _ => self.of_manifest("the system", |_| None),
        }
    }

    fn identifier(&self) -> Found {
        let of_manifest = self.report.manifest.as_ref().map(|manifest| manifest.label.clone());
        let of_aigc = self.aigc().find(|label| label.value.contains("\"ProduceID\""));
        match (of_manifest, of_aigc) {
            (Some(label), _) if self.sound() => Found::new(true, say!("found: {}", label)),
            (_, Some(label)) => Found::new(true, say!("found: {}", label.place)),
            (label, None) => self.of_manifest("an identifier", move |_| label.clone()),
        }
    }

    fn notice_or_beside(&self) -> Found {
        match (self.said(), self.labels().next()) {
            (Some((lines, ..)), _) => Found::new(true, say!("found: {}", lines.join(" / "))),
            (None, Some(label)) => Found::new(
                None,
                say!("a machine-readable label: {}; whether a notice stands beside it is not seen", label.place),
            ),
            (None, None) if !self.looked || self.unreadable() => {
                Found::new(None, "the file could not be read as a whole")
            }
            (None, None) => Found::new(false, "neither was found"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Disclosure, Labeler, Policy, Signer, Verifier};

    fn labelled(policy: Policy) -> Vec<u8> {
        let picture = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photo.jpg")).unwrap();
        let disclosure = Disclosure::generated("Acme Diffusion").system_version("3.1").provider("Acme LLP");
        let mut sink = Cursor::new(Vec::new());
        let labeler = Labeler::new(&disclosure, &Signer::development()).policy(policy);
        labeler.label(&mut Cursor::new(picture), &mut sink).unwrap();
        sink.into_inner()
    }

    fn outcomes(profile: Profile, file: &[u8], look: bool) -> Vec<(String, Outcome)> {
        let verifier = Verifier::new().profile(profile).look_for_notice(look);
        let report = verifier.verify(&mut Cursor::new(file)).unwrap();
        let rules = report.profile.unwrap().rules;
        rules.into_iter().map(|rule| (rule.id, rule.outcome)).collect()
    }

    #[test]
    fn what_each_policy_writes_passes_its_own_profile() {
        // What cannot be told from any file of ours: no time-stamp authority, no watermark.
        let open = ["eu-1-1-1-stamped", "eu-1-1-2-watermark"];
        for &profile in Profile::ALL {
            let file = labelled(Policy::of(profile));
            for (id, outcome) in outcomes(profile, &file, true) {
                let wanted = if open.contains(&id.as_str()) { Outcome::CannotTell } else { Outcome::Pass };
                assert_eq!(outcome, wanted, "{profile:?} {id}");
            }
        }
    }

    #[test]
    fn one_half_alone_fails_where_the_law_says_so_and_warns_where_we_do() {
        let of = |outcomes: &[(String, Outcome)], id: &str| outcomes.iter().find(|(is, _)| is == id).unwrap().1;
        let silent = outcomes(Profile::Kz, &labelled(Policy::kazakhstan().with_notice(false)), true);
        assert_eq!(of(&silent, "kz-21-2-machine"), Outcome::Pass);
        assert_eq!(of(&silent, "kz-21-2-warning"), Outcome::Fail);
        assert_eq!(of(&silent, "notice-height"), Outcome::CannotTell);
        let notice_only = Policy::kazakhstan().with_record(false).with_manifest(false);
        let seen = outcomes(Profile::Kz, &labelled(notice_only), true);
        assert_eq!(of(&seen, "kz-21-2-machine"), Outcome::Fail);
        assert_eq!(of(&seen, "kz-21-2-warning"), Outcome::Pass);
        let english = outcomes(Profile::Kz, &labelled(Policy::of(Profile::Eu)), true);
        assert_eq!(of(&english, "kz-languages"), Outcome::Warn, "ours: it can only warn");
        let unseen = outcomes(Profile::Kz, &labelled(Policy::kazakhstan()), false);
        assert_eq!(of(&unseen, "kz-21-2-warning"), Outcome::CannotTell, "nobody looked");
    }

    #[test]
    fn a_changed_file_has_no_signed_facts() {
        let mut file = labelled(Policy::of(Profile::UsCa));
        let end = file.len();
        file[end - 1000] ^= 1;
        let outcomes = outcomes(Profile::UsCa, &file, true);
        let signed = outcomes.iter().filter(|(id, _)| id.starts_with("us-ca-b-")).collect::<Vec<_>>();
        assert!(signed.len() == 4 && signed.iter().all(|(_, outcome)| *outcome == Outcome::Fail), "{outcomes:?}");
    }
}
