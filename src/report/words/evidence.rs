//! What was found, measured and not examined.

use super::{Evidence, LinkWords, NoticeWords, ProfileWords, ReportLanguage, Row, RuleWords, key, terms};
use crate::{
    geometry::Rect,
    policy::Mark,
    report::{
        ActionReport, ChainLink, Finding, HeardReport, NoticeReport, ProfileReport, Relation, Report, Statement, say,
    },
};

pub(super) fn finding(finding: &Finding, language: ReportLanguage) -> Evidence {
    let text = match finding.said.is_empty() {
        true => language.translate(&finding.text),
        false => language.say(&finding.said),
    };
    Evidence {
        class: language.word(terms::class(finding)).to_owned(),
        technique: language.word(terms::technique(finding.technique)).to_owned(),
        says: language.word(terms::says(finding.says)).to_owned(),
        text,
        value: if finding.text.contains(&finding.value) { String::new() } else { finding.value.clone() },
        place: language.translate(&finding.place),
        system: finding.system.clone(),
    }
}

pub(super) fn not_examined(report: &Report, language: ReportLanguage) -> Vec<String> {
    // A report that was read back from JSON, or changed by the caller, has the sentences alone.
    let kept = report.unexamined.iter().map(ToString::to_string).eq(report.not_examined.iter().cloned());
    match kept {
        true => report.unexamined.iter().map(|said| language.say(said)).collect(),
        false => report.not_examined.iter().map(|text| language.translate(text)).collect(),
    }
}

/// Faults that the C2PA engine names. Whether anybody trusts the signer is what the axis says; the engine asks nobody.
pub(super) fn faults(report: &Report) -> Vec<String> {
    let failures = report.manifest.iter().flat_map(|manifest| &manifest.failures);
    failures.filter(|code| *code != "signingCredential.untrusted").cloned().collect()
}

pub(super) fn file(report: &Report, language: ReportLanguage) -> Vec<Row> {
    let mut rows = vec![
        Row::new(language.word(key!("format")), format!("{} ({})", report.format, report.media_type), ""),
        Row::new(language.word(key!("length in bytes")), grouped(report.bytes), ""),
    ];
    if let Some(size) = report.shown {
        rows.push(Row::new(
            language.word(key!("size")),
            language.say(&say!("{} × {} pixels", size.width, size.height)),
            "",
        ));
    }
    rows
}

/// `1234567` → `1 234 567`, with spaces at which no line breaks.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

pub(super) fn manifest(report: &Report, language: ReportLanguage) -> Vec<Row> {
    let Some(manifest) = &report.manifest else { return Vec::new() };
    let of_list = manifest.trusted_by.as_ref().map(|list| match &manifest.trust_list_date {
        Some(date) => format!("{list} ({date})"),
        None => list.clone(),
    });
    let rows = [
        (key!("written by"), manifest.claim_generator.clone()),
        (key!("signed by"), manifest.signer.clone()),
        (key!("issued by"), manifest.issuer.clone()),
        (key!("vouched for by"), of_list),
        (key!("algorithm"), manifest.algorithm.clone()),
        (key!("time-stamp"), manifest.stamped.clone()),
        (key!("where it stands"), Some(language.translate(&manifest.place))),
        (key!("label of the manifest"), Some(manifest.label.clone())),
    ];
    let stated = rows.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)));
    stated.map(|(name, value)| Row::new(language.word(name), value, "")).collect()
}

pub(super) fn chain(report: &Report, language: ReportLanguage) -> Vec<LinkWords> {
    let links = report.manifest.iter().flat_map(|manifest| &manifest.chain);
    links.map(|link| self::link(link, language)).collect()
}

fn link(link: &ChainLink, language: ReportLanguage) -> LinkWords {
    let state = match (&link.label, link.unchanged, link.relation) {
        (None, ..) => key!("without a manifest of its own"),
        (_, true, _) => key!("as it was signed"),
        (_, false, Relation::Active) => key!("not as it was signed"),
        (_, false, _) => key!("changed, or not signed as it should be: what it says does not count"),
    };
    let facts = [(key!("signed by"), &link.signer), (key!("written by"), &link.claim_generator)];
    let facts = facts.into_iter().filter_map(|(name, value)| Some(Row::new(language.word(name), value.as_ref()?, "")));
    LinkWords {
        relation: language.word(terms::relation(link.relation)).to_owned(),
        title: link.title.clone(),
        state: language.word(state).to_owned(),
        facts: facts.collect(),
        actions: link.actions.iter().map(|action| self::action(action, language)).collect(),
    }
}

/// "created: made by AI as a whole (Acme Diffusion 3, 2026-11-21T12:00:00Z)".
fn action(action: &ActionReport, language: ReportLanguage) -> String {
    let mut text = match terms::action(&action.action) {
        Some(known) => language.word(known).to_owned(),
        None => action.action.clone(),
    };
    let says = action.source_type.as_deref().and_then(|uri| match Statement::of_source_type(uri) {
        // That a change was not made by AI is no origin.
        Some(Statement::NotAi) if action.action != "c2pa.created" => None,
        Some(says) => Some(language.word(terms::says(says)).to_owned()),
        None => Some(uri.to_owned()),
    });
    if let Some(says) = says {
        text = format!("{text}: {says}");
    }
    let details: Vec<&str> = [&action.agent, &action.when].into_iter().flatten().map(String::as_str).collect();
    if details.is_empty() { text } else { format!("{text} ({})", details.join(", ")) }
}

pub(super) fn notice(notice: &NoticeReport, language: ReportLanguage) -> NoticeWords {
    let row = |name: &str, state: String, text: String| Row::new(language.word(name), state, text);
    let Rect { x, y, width, height } = notice.rect;
    let how = if notice.signed_place { key!("where the manifest says") } else { key!("found by searching") };
    let inside = if notice.inside { key!("wholly inside the picture") } else { key!("not wholly inside the picture") };
    let says = match notice.extent {
        Some(extent) => terms::says(extent.into()),
        None => key!("the wording is no known one: read it yourself"),
    };
    let mut measured = vec![
        row(key!("it says"), language.word(says).to_owned(), String::new()),
        row(
            key!("height of capital letters"),
            language.say(&say!(
                "{} px, {} % of the shorter side",
                format_args!("{:.0}", notice.cap_height_px),
                format_args!("{:.1}", notice.cap_height_share * 100.0)
            )),
            language.word(key!("5 % is asked for")).to_owned(),
        ),
        row(
            key!("contrast of text against plate"),
            format!("{:.1}:1", notice.contrast),
            language.word(key!("4.5:1 is asked for")).to_owned(),
        ),
        row(
            key!("place"),
            language.say(&say!("{} × {} px at {}, {}", width, height, x, y)),
            format!("{}; {}", language.word(how), language.word(inside)),
        ),
        row(
            key!("likeness to the wording as tanba draws it"),
            format!("{:.0} %", notice.score.clamp(0.0, 1.0) * 100.0),
            String::new(),
        ),
    ];
    if !notice.spans.is_empty() {
        let spans: Vec<_> =
            notice.spans.iter().map(|span| span.seconds()).map(|(from, to)| format!("{from}–{to} s")).collect();
        measured.push(row(key!("when it is shown"), spans.join(", "), String::new()));
    }
    NoticeWords { lines: notice.lines.clone(), measured }
}

/// A warning that is heard.
pub(super) fn heard(heard: &HeardReport, language: ReportLanguage) -> NoticeWords {
    let row = |name: &str, state: String, text: String| Row::new(language.word(name), state, text);
    let seconds = |ms: u64| format!("{}.{}", ms / 1000, ms % 1000 / 100);
    let how = if heard.signed_place { key!("where the manifest says") } else { key!("found by searching") };
    let says = match heard.extent {
        Some(extent) => terms::says(extent.into()),
        None => key!("the wording is no known one: read it yourself"),
    };
    let mut measured = vec![
        row(key!("it says"), language.word(says).to_owned(), String::new()),
        row(
            key!("place"),
            format!("{}–{} s", seconds(heard.span.from_ms), seconds(heard.span.to_ms)),
            language.word(how).to_owned(),
        ),
    ];
    if let Some(loudness) = heard.loudness_lufs {
        let measured_loudness = match heard.above_programme() {
            Some(above) => {
                let (loudness, above) = (format!("{loudness:.1}"), format!("{above:+.1}"));
                language.say(&say!("{} LUFS, {} LU against the recording", loudness, above))
            }
            None => format!("{loudness:.1} LUFS"),
        };
        measured.push(row(key!("loudness"), measured_loudness, String::new()));
    }
    measured.push(row(
        key!("likeness to the clips that tanba has"),
        format!("{:.0} %", heard.score.clamp(0.0, 1.0) * 100.0),
        String::new(),
    ));
    NoticeWords { lines: heard.lines.clone(), measured }
}

pub(super) fn profile(profile: &ProfileReport, language: ReportLanguage) -> ProfileWords {
    let shown = |value: &Option<String>| value.as_deref().map(|text| language.translate(text)).unwrap_or_default();
    let rules = profile.rules.iter().map(|rule| RuleWords {
        id: rule.id.clone(),
        rule: language.translate(&rule.rule),
        source: language.translate(&rule.source),
        mark: terms::mark(rule.mark).0.to_owned(),
        outcome: language.word(terms::outcome(rule.outcome)).to_owned(),
        wanted: shown(&rule.wanted),
        measured: rule.said.as_ref().map_or_else(|| shown(&rule.measured), |said| language.say(said)),
    });
    let marks =
        [Mark::P, Mark::S, Mark::E].map(terms::mark).map(|(name, means)| Row::new(name, language.word(means), ""));
    ProfileWords {
        title: language.word(terms::profile(profile.profile)).to_owned(),
        rules: rules.collect(),
        marks: marks.into(),
        caution: language.word(key!("Each row says what was measured. None is a judgement about the law.")).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, text) in [(7, "7"), (123, "123"), (1234, "1\u{a0}234"), (1_234_567, "1\u{a0}234\u{a0}567")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
