//! The record as custom properties: ISO/IEC 29500-1, 22.3. AIGC stands there by TC260's practice guide.

use std::ops::ControlFlow;

use super::parts::{relate, related, relations};
use crate::{
    Error, Result,
    container::xml::{Fault, escape},
    format::{
        Survey,
        package::{Changes, Package, Step, scan},
    },
    limits::Budget,
    record::{self, Record},
};

const CUSTOM: (&str, &str) = ("custom-properties", "customProperties");
/// Where the part stands that has none yet.
const NAME: &str = "docProps/custom.xml";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.custom-properties+xml";
const SPACE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties";
/// The last word of the relationship to the core properties: ISO/IEC 29500-2, 8.3.
const CORE: &str = "core-properties";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
/// Number of the first property: 22.3.2.2 keeps those below it.
const FIRST: u32 = 2;

/// The part with the custom properties, where there is one.
pub(super) fn part(package: &mut Package, budget: &mut Budget) -> Result<Option<String>> {
    let relations = relations(package, "", budget)?;
    Ok(related(&relations, &[CUSTOM.0, CUSTOM.1]))
}

/// Writes the record; returns the part that is new, with its type.
pub(super) fn write(
    package: &mut Package,
    changes: &mut Changes,
    record: &Record,
    budget: &mut Budget,
) -> Result<Option<(String, &'static str)>> {
    let Some(name) = part(package, budget)? else {
        // One that nothing points to would be there twice.
        let name = if package.has(NAME) { "docProps/tanba.xml" } else { NAME };
        let content = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Properties xmlns=\"{SPACE}\">{}</Properties>",
            properties(record, SPACE, FIRST)
        );
        changes.add(name, content);
        relate(package, changes, "", CUSTOM, name, budget)?;
        return Ok(Some((name.to_owned(), TYPE)));
    };
    let part = package.part(&name, budget)?;
    let (mut next, mut done) = (FIRST, false);
    let end = scan(&part.text, budget, |step, around| {
        match (step, around) {
            (Step::Close(property, close), [_]) if property.is("property") => {
                let number = property.get("pid").and_then(|number| number.trim().parse().ok()).unwrap_or(0_u32);
                next = next.max(number.saturating_add(1));
                if property.get("name").is_some_and(|name| record::replaces(&name, record)) {
                    changes.replace(&part, property.tag.start..close.end, "");
                }
            }
            (Step::Close(root, close), []) => {
                changes.last_in(&part, root, &close, &properties(record, &root.name.space, next));
                done = true;
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    if done { Ok(None) } else { Err(package.no_place(&part, end.err())) }
}

/// Writes what the notice says as the description of the document, which programs show as its comment. What the owner wrote there
/// stays, as does a part that cannot be edited: the record stands in the custom properties in any case.
pub(super) fn describe(
    package: &mut Package,
    changes: &mut Changes,
    (record, survey): (&Record, &Survey),
    budget: &mut Budget,
) -> Result<()> {
    let relations = relations(package, "", budget)?;
    let Some(name) = related(&relations, &[CORE]) else { return Ok(()) };
    let part = match package.part(&name, budget) {
        Ok(part) if part.whole => part,
        Err(error @ (Error::Limit { .. } | Error::Io(_))) => return Err(error),
        _ => return Ok(()),
    };
    let words = &record.alt_text;
    let written = format!("<dc:description xmlns:dc=\"{DUBLIN_CORE}\">{}</dc:description>", escape(words));
    let earlier = |text: &str| record::earlier_notice(survey) == Some(text);
    let (mut text, mut there, mut free, mut edit) = (String::new(), None, true, None);
    let end = scan(&part.text, budget, |step, around| {
        match (step, around) {
            (Step::Text(words), [_, field]) if field.is("description") => text.push_str(words),
            (Step::Close(field, close), [_]) if field.is("description") => {
                let old = text.trim();
                free &= there.is_none() && (record::may_describe(old, words) || old != words && earlier(old));
                there = Some(field.tag.start..close.end);
            }
            (Step::Close(root, close), []) => {
                edit = match (&there, root.empty) {
                    (None, false) => Some(close.start..close.start),
                    (None, true) => None,
                    (Some(range), _) => Some(range.clone()).filter(|_| free),
                };
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    match end {
        Err(Fault::Limit(error)) => return Err(error),
        Err(Fault::Malformed { .. }) => {}
        Ok(()) => edit.into_iter().for_each(|range| changes.replace(&part, range, written.clone())),
    }
    Ok(())
}

fn properties(record: &Record, space: &str, first: u32) -> String {
    // The two editions of the standard have different names for the same.
    let types = match space.contains("purl.oclc.org") {
        true => "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes",
        false => "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
    };
    let property = |((name, text), number): ((&str, String), u32)| {
        format!(
            "<property xmlns=\"{space}\" fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{number}\" name=\"{name}\">\
             <vt:lpwstr xmlns:vt=\"{types}\">{}</vt:lpwstr></property>",
            escape(&text)
        )
    };
    record::fields(record).into_iter().zip(first..).map(property).collect()
}
