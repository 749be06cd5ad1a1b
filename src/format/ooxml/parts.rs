//! How the parts of a package belong together: relationships and content types (ISO/IEC 29500-2, 6.5 and 7.2.3).

use std::ops::ControlFlow;

use super::TYPES;
use crate::{
    Result,
    container::xml::escape,
    format::package::{Changes, Package, Step, scan},
    limits::Budget,
};

const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
/// Types of relationships and of elements, as the transitional documents have them that everybody writes, and the strict ones.
const TRANSITIONAL: &str = "http://schemas.openxmlformats.org/officeDocument/2006";
const STRICT: &str = "http://purl.oclc.org/ooxml/officeDocument";

/// What one part says of another.
#[derive(Debug)]
pub(super) struct Relation {
    pub(super) id: String,
    /// The last word of its type.
    kind: String,
    /// The name of the part.
    pub(super) target: String,
}

impl Relation {
    /// Whether this is a sheet of a workbook, of whatever kind.
    pub(super) fn is_sheet(&self) -> bool {
        matches!(self.kind.as_str(), "worksheet" | "chartsheet" | "dialogsheet" | "xlMacrosheet" | "xlIntlMacrosheet")
    }
}

/// The relationships of a part, or with an empty name those of the package; there may be none.
pub(super) fn relations(package: &mut Package, of: &str, budget: &mut Budget) -> Result<Vec<Relation>> {
    let folder = of.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = Vec::new();
    package.leaves(&relations_of(of), budget, |_, leaf, _| {
        if let (Some(id), Some(kind), Some(target)) = (leaf.get("Id"), leaf.get("Type"), leaf.get("Target"))
            && leaf.get("TargetMode") != Some("External")
        {
            let kind = kind.rsplit('/').next().unwrap_or_default();
            let target = resolve(folder, target);
            found.push(Relation { id: id.to_owned(), kind: kind.to_owned(), target });
        }
    })?;
    Ok(found)
}

/// The part that is related in one of these ways.
pub(super) fn related(relations: &[Relation], kinds: &[&str]) -> Option<String> {
    let found = relations.iter().find(|relation| kinds.contains(&relation.kind.as_str()));
    found.map(|relation| relation.target.clone())
}

/// The part with the relationships of another: ISO/IEC 29500-2, 6.5.2.
fn relations_of(part: &str) -> String {
    let (folder, name) = part.rsplit_once('/').map_or(("", part), |(folder, name)| (folder, name));
    let slash = if folder.is_empty() { "" } else { "/" };
    format!("{folder}{slash}_rels/{name}.rels")
}

/// The name of a part as another in `folder` speaks of it.
fn resolve(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut steps: Vec<_> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            ".." => drop(steps.pop()),
            "." | "" => {}
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Adds a relationship of the kind that `transitional` and `strict` documents have; returns its name.
pub(super) fn relate(
    package: &mut Package,
    changes: &mut Changes,
    of: &str,
    kind: (&str, &str),
    target: &str,
    budget: &mut Budget,
) -> Result<String> {
    let part = package.part(&relations_of(of), budget)?;
    let strict = part.text.contains(STRICT);
    // What contains no such text has no such name.
    let mut ids = (1_u32..).map(|number| format!("rIdTanba{number}"));
    let id = ids.find(|id| !part.text.contains(&format!("{id}\"")) && !part.text.contains(&format!("{id}'")));
    let id = id.unwrap_or_default();
    let kind = if strict {
        format!("{STRICT}/relationships/{}", kind.1)
    } else {
        format!("{TRANSITIONAL}/relationships/{}", kind.0)
    };
    let relation =
        format!("<Relationship xmlns=\"{RELATIONSHIPS}\" Id=\"{id}\" Type=\"{kind}\" Target=\"/{}\"/>", escape(target));
    let mut done = false;
    let end = scan(&part.text, budget, |step, around| {
        if let (Step::Close(element, close), []) = (step, around) {
            changes.last_in(&part, element, &close, &relation);
            done = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    if done { Ok(id) } else { Err(package.no_place(&part, end.err())) }
}

/// Declares the types of new parts, and that of the manifest: a part without one is a damaged package to some programs.
pub(super) fn declare(
    package: &mut Package,
    changes: &mut Changes,
    parts: &[(String, &str)],
    manifest: bool,
    budget: &mut Budget,
) -> Result<()> {
    let part = package.part(TYPES, budget)?;
    let mut known = false;
    let mut end = None;
    let fault = scan(&part.text, budget, |step, around| {
        match (step, around) {
            (Step::Open(element), [_]) if element.is("Default") => {
                known |= element.get("Extension").is_some_and(|extension| extension.eq_ignore_ascii_case("c2pa"));
            }
            (Step::Close(element, close), []) => {
                end = Some((element.empty, element.tag.clone(), close, element.name.raw.to_owned()))
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let Some((empty, tag, close, raw)) = end.filter(|_| fault.is_ok()) else {
        return Err(package.no_place(&part, fault.err()));
    };
    let space = "http://schemas.openxmlformats.org/package/2006/content-types";
    let mut new = String::new();
    if manifest && !known {
        new += &format!("<Default xmlns=\"{space}\" Extension=\"c2pa\" ContentType=\"application/c2pa\"/>");
    }
    for (name, kind) in parts {
        new += &format!("<Override xmlns=\"{space}\" PartName=\"/{}\" ContentType=\"{kind}\"/>", escape(name));
    }
    if new.is_empty() {
        return Ok(());
    }
    match empty {
        true => changes.replace(&part, tag.end.saturating_sub(2)..tag.end, format!(">{new}</{raw}>")),
        false => changes.replace(&part, close.start..close.start, new),
    }
    Ok(())
}
