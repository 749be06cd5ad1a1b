//! What a manifest says about the content: source types, system, training, and where our notices stand.

use std::ops::Range;

use serde_json::Value;

use super::{NOTICE_REGION, Region, read::View};
use crate::{
    geometry::Rect,
    record,
    report::{Class, Finding, Said, Statement, Technique, say},
};

/// Generations of parents that are listened to.
const MAX_PARENTS: usize = 16;

/// What the active manifest says, and what it took over from its parents and components. `class` tells how much weight a
/// manifest carries, if any.
pub(super) fn findings(view: &View, class: impl Fn(&str) -> Option<Class>, place: &str) -> Vec<Finding> {
    let mut findings = of_manifest(view, &view.active, class(&view.active), place, Whose::Own);
    for parent in parents(view) {
        findings.extend(of_manifest(view, parent, class(parent), place, Whose::Parents));
    }
    for component in view.ingredients(&view.active, "componentOf") {
        let of_component = of_manifest(view, component, class(component), place, Whose::Parts);
        for mut finding in of_component {
            match finding.says {
                says if says.is_ai() => finding.says = Statement::PartlyAi,
                Statement::AboutTheLabel => {}
                _ => continue,
            }
            findings.push(finding);
        }
    }
    findings.extend(of_vendor(view, &findings, place));
    // A photograph that AI changed says both: the camera is not a contradiction.
    if findings.iter().any(|finding| finding.says.is_ai()) {
        findings.retain(|finding| !matches!(finding.says, Statement::NotAi | Statement::PossiblyAi));
    }
    findings
}

/// Whose manifest says something.
#[derive(Clone, Copy)]
enum Whose {
    Own,
    Parents,
    Parts,
}

impl Whose {
    fn says(self, what: Said) -> Said {
        match self {
            Self::Own => what,
            Self::Parents => say!("the parent's manifest: {}", what),
            Self::Parts => say!("the manifest of a part: {}", what),
        }
    }
}

fn of_manifest(view: &View, label: &str, class: Option<Class>, place: &str, whose: Whose) -> Vec<Finding> {
    let Some(class) = class else {
        let text = whose.says(say!("it was changed or is not signed as it should be; what it says does not count"));
        return vec![super::faults::about(text, label, place.to_owned())];
    };
    let mut findings = Vec::new();
    let place = |what: &str| format!("{place}, {what}");
    for (action, source_type) in sourced_actions(view, label) {
        let Some(says) = Statement::of_source_type(source_type) else { continue };
        let name = action.get("action").and_then(Value::as_str).unwrap_or("c2pa.actions");
        let text = whose.says(say!("{}: {}", name, sentence(says)));
        let finding = Finding::new(Technique::C2pa, class, says, text, source_type, place("c2pa.actions"));
        let named = agent(action).or_else(|| disclosed_model(view, label));
        let system =
            named.or_else(|| vendor(view, label).filter(|_| says.is_ai()).map(|vendor| vendor.name.to_owned()));
        findings.push(match system {
            Some(system) => finding.with_system(system),
            None => finding,
        });
    }
    for (name, content) in view.assertions(label, "c2pa.ai_generated_content") {
        // Black Forest Labs' own assertion.
        if content.get("ai_generated").and_then(Value::as_bool) == Some(true) {
            let text = whose.says(say!("{}: {}", name, sentence(Statement::FullyAi)));
            let finding =
                Finding::new(Technique::C2pa, class, Statement::FullyAi, text, &content.to_string(), place(name));
            let model = content.get("model").and_then(Value::as_str).unwrap_or_default();
            findings.push(if model.is_empty() { finding } else { finding.with_system(model) });
        }
    }
    findings.extend(invisible_mark(view, label, &place("c2pa.actions")));
    for name in ["cawg.training-mining", "c2pa.training-mining"] {
        for (name, content) in view.assertions(label, name) {
            let entries = content.get("entries").and_then(Value::as_object).into_iter().flatten();
            let refused = |entry: &Value| entry.get("use").and_then(Value::as_str) == Some("notAllowed");
            let uses: Vec<_> = entries.filter(|(_, entry)| refused(entry)).map(|(name, _)| name.as_str()).collect();
            if !uses.is_empty() {
                let text = whose.says(say!("the author prohibits use for training"));
                let says = Statement::TrainingProhibited;
                findings.push(Finding::new(Technique::C2pa, class, says, text, &uses.join(", "), place(name)));
            }
        }
    }
    findings
}

/// The claim generators of AI services, where nothing else tells what the content is: Dreamina writes no source type.
fn of_vendor(view: &View, findings: &[Finding], place: &str) -> Option<Finding> {
    let about_content =
        |finding: &Finding| !matches!(finding.says, Statement::TrainingProhibited | Statement::AboutTheLabel);
    let vendor = vendor(view, &view.active).filter(|vendor| vendor.only_ai)?;
    if findings.iter().any(about_content) || !view.seal.holds(&view.active) {
        return None;
    }
    let text = say!("the software that made the claim is known for AI content only: {}", vendor.name);
    let (value, place) = (claim_generator(view, &view.active)?, format!("{place}, claim generator"));
    let finding = Finding::new(Technique::C2pa, Class::Hint, Statement::FullyAi, text, &value, place);
    Some(finding.with_system(vendor.name))
}

/// `c2pa.watermarked` and its kinds, `.bound` and `.unbound`. What the mark says, only its maker can read.
fn invisible_mark(view: &View, label: &str, place: &str) -> Option<Finding> {
    let mut names = actions(view, label).filter_map(|action| action.get("action")?.as_str());
    let name = names.find(|name| name.starts_with("c2pa.watermarked"))?;
    let text = if vendor(view, label).is_some_and(|vendor| vendor.synth_id) {
        "the signer says that an invisible mark is in the content, SynthID as its vendor calls it; tanba cannot read it"
    } else {
        "the signer says that an invisible mark is in the content; tanba cannot read it"
    };
    Some(Finding::new(Technique::C2pa, Class::Declared, Statement::AboutTheLabel, text, name, place))
}

/// The vendor of the AI system behind a manifest, by its claim generator, else by its signer.
fn vendor(view: &View, label: &str) -> Option<record::Vendor> {
    record::vendor(claim_generator(view, label).as_deref(), view.signer(label).as_deref())
}

/// The regions of notices that tanba added, with their lines.
pub(super) fn notices(view: &View) -> Vec<(Region, Vec<String>)> {
    let mut found = Vec::new();
    // A file that was labelled again and kept its notice says so anew: the active manifest is enough.
    for action in actions(view, &view.active) {
        let changes = action.get("changes").and_then(Value::as_array).into_iter().flatten();
        for change in changes.filter(|change| change.get("identifier").and_then(Value::as_str) == Some(NOTICE_REGION)) {
            let region = change.get("region").and_then(region);
            let lines = action.get("description").and_then(Value::as_str).unwrap_or_default();
            let lines: Vec<_> = lines.lines().take(8).map(|line| line.chars().take(200).collect()).collect();
            if let (Some(region), false, true) = (region, lines.is_empty(), found.len() < 8) {
                found.push((region, lines));
            }
        }
    }
    found
}

/// The most times that one notice is heard: every ten minutes for a week.
const MAX_SPANS: usize = 1024;

fn region(ranges: &Value) -> Option<Region> {
    let spans = || -> Vec<_> {
        let ranges = ranges.as_array().into_iter().flatten().take(MAX_SPANS);
        ranges.filter_map(|range| span(range.get("time")?)).collect()
    };
    if let Some(shape) = ranges.get(0)?.get("shape") {
        let (rect, spans) = (rectangle(shape)?, spans());
        return Some(if spans.is_empty() { Region::Seen(rect) } else { Region::Shown { rect, spans } });
    }
    if let Some(text) = ranges.get(0)?.get("text") {
        let fragment = text.get("selectors")?.get(0)?.get("selector")?.get("fragment")?.as_str()?;
        return Some(Region::Read(fragment.chars().take(200).collect()));
    }
    let spans = spans();
    (!spans.is_empty()).then_some(Region::Heard(spans))
}

/// Milliseconds of a range of normal play time in plain seconds.
fn span(time: &Value) -> Option<Range<u64>> {
    let ms = |name: &str| {
        let seconds: f64 = time.get(name)?.as_str()?.parse().ok()?;
        // A year; in range, hence exact enough.
        (0.0..=31_536_000.0).contains(&seconds).then_some((seconds * 1000.0).round() as u64)
    };
    let (start, end) = (ms("start")?, ms("end")?);
    (time.get("type").and_then(Value::as_str) == Some("npt") && start < end).then_some(start..end)
}

fn rectangle(shape: &Value) -> Option<Rect> {
    let is = |name: &str, value: &str| shape.get(name).and_then(Value::as_str) == Some(value);
    if !is("type", "rectangle") || !is("unit", "pixel") {
        return None;
    }
    let pixels = |value: Option<&Value>| {
        let number =
            value?.as_f64().filter(|number| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number))?;
        // In range and whole: exact.
        Some(number as u32)
    };
    let origin = shape.get("origin")?;
    let rect = Rect {
        x: pixels(origin.get("x"))?,
        y: pixels(origin.get("y"))?,
        width: pixels(shape.get("width"))?,
        height: pixels(shape.get("height"))?,
    };
    (rect.width > 0 && rect.height > 0).then_some(rect)
}

/// Name and version of the software that made the claim.
pub(super) fn claim_generator(view: &View, label: &str) -> Option<String> {
    let claim = view.manifest(label)?.get("claim")?;
    let info = match claim.get("claim_generator_info") {
        Some(Value::Array(list)) => list.first(),
        other => other,
    };
    let named = info.and_then(named).or_else(|| Some(claim.get("claim_generator")?.as_str()?.to_owned()));
    named.filter(|name| !name.is_empty())
}

/// The digital source types of the active manifest's actions and its parents', as written; notices of ours left out.
pub(super) fn source_types(view: &View) -> Vec<String> {
    let mut types = Vec::new();
    for label in heard(view) {
        for (_, source_type) in sourced_actions(view, label) {
            if !types.iter().any(|known| known == source_type) {
                types.push(source_type.to_owned());
            }
        }
    }
    types
}

/// The AI system that the manifest or a parent names.
pub(super) fn system(view: &View) -> Option<String> {
    heard(view).find_map(|label| {
        let ai = sourced_actions(view, label)
            .find(|(_, source_type)| Statement::of_source_type(source_type).is_some_and(Statement::is_ai));
        let named = ai.and_then(|(action, _)| agent(action)).or_else(|| disclosed_model(view, label));
        named.or_else(|| ai.and_then(|_| vendor(view, label)).map(|vendor| vendor.name.to_owned()))
    })
}

/// The active manifest and the parents that are what was signed.
fn heard(view: &View) -> impl Iterator<Item = &str> {
    let parents = parents(view).into_iter().filter(|label| view.seal.holds(label));
    std::iter::once(view.active.as_str()).chain(parents)
}

/// The parents of the active manifest, nearest first.
fn parents(view: &View) -> Vec<&str> {
    let mut parents: Vec<&str> = Vec::new();
    let mut label = view.active.as_str();
    while let Some(parent) = view.ingredients(label, "parentOf").first().copied() {
        if parents.len() >= MAX_PARENTS || parent == view.active || parents.contains(&parent) {
            break;
        }
        parents.push(parent);
        // Who stands behind one that was changed is not known.
        if !view.seal.holds(parent) {
            break;
        }
        label = parent;
    }
    parents
}

pub(super) fn actions<'a>(view: &'a View, label: &str) -> impl Iterator<Item = &'a Value> {
    view.assertions(label, "c2pa.actions").filter_map(|(_, actions)| actions.get("actions")?.as_array()).flatten()
}

/// Actions with a source type, but for those that added our notice: that one is about the label, not the content.
fn sourced_actions<'a>(view: &'a View, label: &str) -> impl Iterator<Item = (&'a Value, &'a str)> {
    let ours = |action: &Value| {
        let changes = action.get("changes").and_then(Value::as_array);
        changes.is_some_and(|changes| {
            changes.iter().any(|change| change.get("identifier").and_then(Value::as_str) == Some(NOTICE_REGION))
        })
    };
    let sourced = |action: &'a Value| Some((action, action.get("digitalSourceType")?.as_str()?));
    actions(view, label).filter(move |action| !ours(action)).filter_map(sourced)
}

/// The software agent of an action: a name (v1), or a name with a version (v2).
pub(super) fn agent(action: &Value) -> Option<String> {
    let agent = action.get("softwareAgent")?;
    let text = agent.as_str().map(str::to_owned).or_else(|| named(agent))?;
    (!text.is_empty()).then_some(text)
}

fn named(info: &Value) -> Option<String> {
    let name = info.get("name")?.as_str()?;
    // "unspecified" is what a label says that has no version to name.
    let version = info.get("version").and_then(Value::as_str).filter(|version| !matches!(*version, "" | "unspecified"));
    Some(version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}")))
}

/// `c2pa.ai-disclosure`: 2.4 §18.28.
fn disclosed_model(view: &View, label: &str) -> Option<String> {
    let (_, disclosure) = view.assertions(label, "c2pa.ai-disclosure").next()?;
    disclosure.get("modelName")?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

fn sentence(says: Statement) -> Said {
    match says {
        Statement::FullyAi => say!("made by AI"),
        Statement::PartlyAi => say!("made or changed by AI in part"),
        Statement::PossiblyAi => say!("may have been made with AI"),
        _ => say!("not from AI"),
    }
}
