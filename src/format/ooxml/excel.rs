//! The notice of a workbook: a sheet of its own in front of the others (ISO/IEC 29500-1, 18.3).
//!
//! A row above the data would move what formulas, macros and programs count on, and headers are seen in print alone. A sheet in
//! front opens first, moves no cell, and has the notice on its tab as well, which is seen beside every other sheet.

use std::ops::{ControlFlow, Range};

use super::parts::{Relation, relate, relations};
use crate::{
    Result,
    container::xml::escape,
    format::package::{Changes, Element, Package, Shown, Step, rtl, scan},
    limits::Budget,
    notice::{Line, MAX_LINE, Prose},
};

/// Our sheet, in the folder of the workbook.
const SHEET: &str = "worksheets/tanba-notice.xml";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml";
/// Cells that are looked at: a notice is a few words.
const MAX_CELLS: usize = 64;

/// What the first sheet that is shown says: one line for all of it, and one a cell.
pub(super) fn lines(package: &mut Package, main: &str, budget: &mut Budget) -> Result<Vec<Line>> {
    let relations: Vec<Relation> = relations(package, main, budget)?;
    let mut first = None;
    package.leaves(main, budget, |_, leaf, _| {
        let hidden = matches!(leaf.get("state"), Some("hidden" | "veryHidden"));
        if leaf.name == "sheet" && first.is_none() && !hidden {
            first = leaf.get("id").map(str::to_owned);
        }
    })?;
    let first =
        relations.iter().find(|relation| Some(&relation.id) == first.as_ref()).map(|sheet| sheet.target.clone());
    let Some(name) = first else { return Ok(Vec::new()) };
    let Some(text) = package.head(&name, budget)? else { return Ok(Vec::new()) };
    let mut cells = Vec::new();
    let (mut shared, mut value) = (false, String::new());
    let _ = scan(&text, budget, |step, around| {
        match step {
            Step::Open(cell) if cell.is("c") => {
                (shared, value) = (cell.get("t").as_deref() == Some("s"), String::new())
            }
            Step::Text(text) if around.last().is_some_and(|element| element.is("t") || element.is("v")) => {
                value.extend(text.chars().take(MAX_LINE));
            }
            Step::Close(cell, _) if cell.is("c") && !value.is_empty() => {
                cells.push((shared, std::mem::take(&mut value)));
                if cells.len() == MAX_CELLS {
                    return ControlFlow::Break(());
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let strings = super::parts::related(&relations, &["sharedStrings"]);
    let strings = match strings.filter(|_| cells.iter().any(|(shared, _)| *shared)) {
        Some(strings) => shared_strings(package, &strings, budget)?,
        None => Vec::new(),
    };
    let mut sheet = Shown::default();
    if name.ends_with(SHEET) {
        sheet.ours();
    }
    for (shared, value) in &cells {
        let text = match value.parse::<usize>() {
            Ok(index) if *shared => strings.get(index).map_or("", String::as_str),
            _ => value,
        };
        sheet.text(text);
        sheet.end();
    }
    // What goes with the notice is the sheet: nothing of an author's.
    Ok(sheet.lines(&name, 0..0))
}

/// The strings at the head of the table: those of the first sheet are there first.
fn shared_strings(package: &mut Package, name: &str, budget: &mut Budget) -> Result<Vec<String>> {
    const MOST: usize = 10_000;
    let Some(text) = package.head(name, budget)? else { return Ok(Vec::new()) };
    let (mut strings, mut value) = (Vec::new(), String::new());
    let _ = scan(&text, budget, |step, around| {
        match step {
            // How Japanese is read (18.4.6) is no part of the string.
            Step::Text(text)
                if around.last().is_some_and(|t| t.is("t")) && !around.iter().any(|around| around.is("rPh")) =>
            {
                value.push_str(text);
            }
            Step::Close(string, _) if string.is("si") => strings.push(std::mem::take(&mut value)),
            _ => {}
        }
        if strings.len() < MOST { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    Ok(strings)
}

/// Puts the sheet in front; returns its part with its type where that is new.
pub(super) fn notice(
    package: &mut Package,
    changes: &mut Changes,
    main: &str,
    prose: &Prose,
    budget: &mut Budget,
) -> Result<Option<(String, &'static str)>> {
    let relations: Vec<Relation> = relations(package, main, budget)?;
    let folder = main.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let sheet = format!("{folder}{SHEET}");
    let ours = relations.iter().find(|relation| relation.target == sheet);
    let part = package.part(main, budget)?;
    let mut book = Book::default();
    let end = scan(&part.text, budget, |step, around| {
        if let Step::Open(element) = step {
            book.open(element, around, ours.map(|ours| ours.id.as_str()));
        }
        ControlFlow::Continue(())
    });
    let Some((sheets, space)) = book.sheets.take().filter(|_| end.is_ok()) else {
        return Err(package.no_place(&part, end.err()));
    };
    let name = book.name(prose);
    for view in &book.views {
        changes.replace(&part, view.clone(), "");
    }
    for relation in relations.iter().filter(|relation| relation.target != sheet && relation.is_sheet()) {
        deselect(package, changes, &relation.target, budget)?;
    }
    let content = worksheet(prose, &space);
    if let Some(old) = book.old {
        changes.replace(&part, old, format!("name=\"{}\"", escape(&name)));
        let part = package.part(&sheet, budget)?;
        changes.replace(&part, 0..part.text.len(), content);
        return Ok(None);
    }
    let id = relate(package, changes, main, ("worksheet", "worksheet"), &sheet, budget)?;
    let relationships = match space.contains("purl.oclc.org") {
        true => "http://purl.oclc.org/ooxml/officeDocument/relationships",
        false => "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    };
    let entry = format!(
        "<sheet xmlns=\"{space}\" xmlns:r=\"{relationships}\" name=\"{}\" sheetId=\"{}\" r:id=\"{id}\"/>",
        escape(&name),
        book.last.saturating_add(1)
    );
    changes.replace(&part, sheets..sheets, entry);
    // Names that hold in one sheet count sheets from the first: 18.2.5.
    for (range, number) in book.scopes {
        changes.replace(&part, range, format!("localSheetId=\"{}\"", number.saturating_add(1)));
    }
    changes.add(sheet.clone(), content);
    Ok(Some((sheet, TYPE)))
}

/// What stands in the workbook part.
#[derive(Default)]
struct Book {
    /// Where the first sheet goes, and the namespace.
    sheets: Option<(usize, String)>,
    names: Vec<String>,
    /// The highest number of a sheet.
    last: u64,
    /// The name of our sheet, where it is there already.
    old: Option<Range<usize>>,
    /// What says which sheet opens.
    views: Vec<Range<usize>>,
    scopes: Vec<(Range<usize>, u64)>,
}

impl Book {
    fn open(&mut self, element: &Element, around: &[Element], ours: Option<&str>) {
        let number = |name| element.get(name).and_then(|number| number.trim().parse::<u64>().ok());
        match (element.name.local, around) {
            ("sheets", [_]) if !element.empty => {
                self.sheets = Some((element.tag.end, element.name.space.to_string()));
            }
            ("sheet", [_, _]) => {
                self.last = self.last.max(number("sheetId").unwrap_or(0));
                let is_ours = ours.is_some_and(|ours| element.get("id").is_some_and(|id| id == ours));
                match element.attribute("name").filter(|_| is_ours) {
                    Some(name) => self.old = Some(name.range.clone()),
                    None => self.names.extend(element.get("name").map(|name| name.to_lowercase())),
                }
            }
            ("workbookView", [_, _]) => {
                let said = ["activeTab", "firstSheet"].iter().filter_map(|name| element.attribute(name));
                self.views.extend(said.map(|attribute| attribute.range.clone()));
            }
            ("definedName", [_, _]) => {
                let range = element.attribute("localSheetId").map(|attribute| attribute.range.clone());
                self.scopes.extend(range.zip(number("localSheetId")));
            }
            _ => {}
        }
    }

    /// The first words, as the name of a sheet: 31 characters, of which some are not allowed (18.2.19).
    fn name(&self, prose: &Prose) -> String {
        let words = prose.lines.first().map(|(words, _)| words.trim()).unwrap_or_default();
        let words: String =
            words.chars().map(|character| if "[]:*?/\\'".contains(character) { ' ' } else { character }).collect();
        let cut = |most: usize| words.chars().take(most).collect::<String>().trim().to_owned();
        let numbered = (2_u32..).map(|number| format!("{} {number}", cut(24)));
        let mut names = std::iter::once(cut(31)).chain(numbered);
        names.find(|name| !self.names.contains(&name.to_lowercase())).unwrap_or_default()
    }
}

/// Two sheets that are selected are edited together: only the first stays so.
fn deselect(package: &mut Package, changes: &mut Changes, name: &str, budget: &mut Budget) -> Result<()> {
    let part = package.part(name, budget)?;
    let mut selected = Vec::new();
    let end = scan(&part.text, budget, |step, _| match step {
        Step::Open(view) if view.is("sheetView") => {
            selected.extend(view.attribute("tabSelected").map(|attribute| attribute.range.clone()));
            ControlFlow::Continue(())
        }
        // The views stand before the cells: 18.3.1.99.
        Step::Open(data) if data.is("sheetData") => ControlFlow::Break(()),
        Step::Close(views, _) if views.is("sheetViews") => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    end.map_err(|fault| package.no_place(&part, Some(fault)))?;
    for range in selected {
        changes.replace(&part, range, "");
    }
    Ok(())
}

/// The sheet: a cell a language. The words bring their own font; the styles of the workbook stay as they are.
fn worksheet(prose: &Prose, space: &str) -> String {
    let row = |((words, _), number): (&(String, Option<_>), u32)| {
        format!(
            "<row r=\"{number}\" ht=\"36\" customHeight=\"1\"><c r=\"A{number}\" t=\"inlineStr\"><is><r><rPr><b/><sz val=\"24\"/>\
             <color rgb=\"FF000000\"/><rFont val=\"Calibri\"/></rPr><t>{}</t></r></is></c></row>",
            escape(words.trim())
        )
    };
    let rows: String = prose.lines.iter().zip(1..).map(row).collect();
    let longest = prose.lines.iter().map(|(words, _)| words.chars().count()).max().unwrap_or(0);
    let order = if prose.lines.iter().all(|(words, _)| rtl(words)) { " rightToLeft=\"1\"" } else { "" };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet xmlns=\"{space}\"><sheetViews>\
         <sheetView showGridLines=\"0\"{order} tabSelected=\"1\" workbookViewId=\"0\"/></sheetViews>\
         <cols><col min=\"1\" max=\"1\" width=\"{}\" customWidth=\"1\"/></cols><sheetData>{rows}</sheetData></worksheet>",
        (longest * 3).clamp(40, 200)
    )
}
