//! The notice: the first paragraph of a text, a sheet in front of the others, a box on the first page.

use super::{
    layout::{Layout, layout},
    look::{Look, frame, page_size, paragraph, sheet, styles},
};
use crate::{
    Result,
    container::xml::{Fault, escape},
    format::package::{Changes, Package, Part, Step, scan},
    limits::Budget,
    notice::Prose,
};

const CONTENT: &str = "content.xml";
const SETTINGS: &str = "settings.xml";

/// What kind of document this is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Sheets,
    Pages,
}

/// Puts the notice in; `Err` with a sentence where there is no place for one.
pub(super) fn write(
    package: &mut Package,
    changes: &mut Changes,
    kind: Kind,
    prose: &Prose,
    budget: &mut Budget,
) -> Result<Result<(), &'static str>> {
    let part = package.part(CONTENT, budget)?;
    let (layout, fault) = layout(&part.text, kind == Kind::Text, budget);
    // The head of a long part is cut somewhere: what is needed stands in front of that, or is not found.
    let cut = !part.whole && matches!(fault, Some(Fault::Malformed { .. }));
    let Some(body) = layout.body.filter(|_| fault.is_none() || cut) else {
        return Err(package.no_place(&part, fault));
    };
    // A document that was labelled before has styles of these names already.
    let numbered = (2_u32..).map(|number| format!("tanba{number}"));
    let mut names = std::iter::once("tanba".to_owned()).chain(numbered);
    let name = names.find(|name| !part.text.contains(&format!("\"{name}_"))).unwrap_or_default();
    let mut look = Look { name, master: None, prose, page: None };
    let mut more = String::new();
    match kind {
        Kind::Text => {
            if layout.paged {
                return Ok(Err("the text is laid out page by page: there is no place for a first paragraph"));
            }
            let Some(first) = layout.first else { return Err(package.no_place(&part, None)) };
            more = turn(&part, changes, &layout, &mut look);
            changes.replace(&part, first..first, paragraph(&look));
        }
        Kind::Sheets => {
            let Some(first) = layout.first else { return Err(package.no_place(&part, None)) };
            let name = sheet_name(&layout.tables, prose);
            changes.replace(&part, first..first, sheet(&look, &name));
            open(package, changes, &name, budget)?;
        }
        Kind::Pages => {
            let Some(page) = &layout.page else { return Ok(Err("there is no page on which a notice could stand")) };
            look.page = Some(page_size(package, &page.master, budget)?);
            changes.replace(&part, page.end..page.end, frame(&look));
        }
    }
    let styles = styles(&look) + &more;
    match &layout.styles {
        Some((range, true)) => {
            // Two bytes end an empty tag: XML 1.0, 3.1.
            let name = part.text[range.clone()].trim_start_matches('<').split([' ', '/', '\n', '\r', '\t']).next();
            let name = name.unwrap_or_default();
            changes.replace(&part, range.end.saturating_sub(2)..range.end, format!(">{styles}</{name}>"));
        }
        Some((close, false)) => changes.replace(&part, close.start..close.start, styles),
        None => {
            let office = super::space("office");
            let all = format!("<o:automatic-styles xmlns:o=\"{office}\">{styles}</o:automatic-styles>");
            changes.replace(&part, body..body, all);
        }
    }
    changes.drop_all(&part, &prose.replaces);
    Ok(Ok(()))
}

/// A paragraph whose style names a kind of page starts a new page, so that the notice would stand alone on one: it takes the
/// page over, and the paragraph gets the same style without it. Returns that style.
fn turn(part: &Part, changes: &mut Changes, layout: &Layout, look: &mut Look) -> String {
    let Some((tag, Some(attribute), name)) = &layout.found else { return String::new() };
    let Some(style) = layout.turning.iter().find(|style| style.name == *name) else { return String::new() };
    look.master = Some(style.master.clone());
    let goes = |range: &std::ops::Range<u64>| range.contains(&(tag.start as u64));
    if look.prose.replaces.iter().any(goes) {
        return String::new();
    }
    let new = format!("{}_first", look.name);
    let prefixed = &part.text[attribute.clone()];
    let prefix = prefixed.split_once('=').map_or(prefixed, |(prefix, _)| prefix).trim_end();
    changes.replace(part, attribute.clone(), format!("{prefix}=\"{new}\""));
    let named = &part.text[style.named.clone()];
    let named = named.split_once('=').map_or(named, |(named, _)| named).trim_end();
    let mut copy = part.text[style.whole.clone()].to_owned();
    let mut edits = [(style.named.clone(), format!("{named}=\"{new}\"")), (style.page.clone(), String::new())];
    edits.sort_by_key(|(range, _)| std::cmp::Reverse(range.start));
    for (range, with) in edits {
        copy.replace_range(range.start - style.whole.start..range.end - style.whole.start, &with);
    }
    copy
}

/// The first words, as the name of a sheet that no other has.
fn sheet_name(tables: &[String], prose: &Prose) -> String {
    let words = prose.lines.first().map(|(words, _)| words.trim()).unwrap_or_default();
    let words: String = words
        .chars()
        .map(|character| if "[]:*?/\\'$.".contains(character) { ' ' } else { character })
        .take(31)
        .collect();
    let numbered = (2_u32..).map(|number| format!("{} {number}", words.trim()));
    let mut names = std::iter::once(words.trim().to_owned()).chain(numbered);
    names.find(|name| !tables.contains(&name.to_lowercase())).unwrap_or_default()
}

/// Makes the sheet the one that opens, where the settings name another.
fn open(package: &mut Package, changes: &mut Changes, name: &str, budget: &mut Budget) -> Result<()> {
    if !package.has(SETTINGS) {
        return Ok(());
    }
    let part = package.part(SETTINGS, budget)?;
    let end = scan(&part.text, budget, |step, _| {
        if let Step::Close(item, close) = step
            && item.is("config-item")
            && item.get("name").is_some_and(|name| name == "ActiveTable")
            && !item.empty
        {
            changes.replace(&part, item.tag.end..close.start, escape(name));
        }
        std::ops::ControlFlow::Continue(())
    });
    end.map_err(|fault| package.no_place(&part, Some(fault)))
}
