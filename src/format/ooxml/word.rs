//! The notice of a text: its first paragraph (ISO/IEC 29500-1, 17.3.1).

use std::ops::ControlFlow;

use super::locale;
use crate::{
    Result,
    container::xml::escape,
    format::package::{Changes, Element, Package, Paragraphs, Step, hex, rtl, scan, wide},
    limits::Budget,
    notice::{Line, Prose},
};

/// The first paragraphs, without what is hidden, deleted, or in a box of its own.
pub(super) fn lines(package: &mut Package, name: &str, budget: &mut Budget) -> Result<Vec<Line>> {
    let Some(text) = package.head(name, budget)? else { return Ok(Vec::new()) };
    let mut paragraphs = Paragraphs::default();
    let mut hidden = false;
    let _ = scan(&text, budget, |step, around| {
        let inside = |local: &str| around.iter().any(|element| element.is(local));
        if inside("txbxContent") || !inside("body") {
            return ControlFlow::Continue(());
        }
        match step {
            Step::Open(run) if run.is("r") => hidden = false,
            Step::Open(vanish) if vanish.is("vanish") && inside("r") => hidden = vanish.on(),
            Step::Open(blank) if blank.is("tab") || blank.is("br") || blank.is("cr") => paragraphs.text(" "),
            Step::Text(text) if !hidden && around.last().is_some_and(|element| element.is("t")) => {
                paragraphs.text(text)
            }
            Step::Close(paragraph, close) if paragraph.is("p") => {
                return paragraphs.end(name, paragraph.tag.start..close.end);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    Ok(paragraphs.finish())
}

/// Puts the notice in front of the text.
pub(super) fn notice(
    package: &mut Package,
    changes: &mut Changes,
    main: &str,
    prose: &Prose,
    budget: &mut Budget,
) -> Result<()> {
    let part = package.part(main, budget)?;
    let mut done = false;
    let end = scan(&part.text, budget, |step, around| match (step, around) {
        (Step::Open(body), [_]) if body.is("body") => {
            changes.first_in(&part, body, &paragraph(prose, body));
            done = true;
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    if !done {
        return Err(package.no_place(&part, end.err()));
    }
    changes.drop_all(&part, &prose.replaces);
    Ok(())
}

/// Every property that a style could change is set: `vanish` and capital letters as well.
fn paragraph(prose: &Prose, body: &Element) -> String {
    let (plate, ink) = (hex(prose.plate), hex(prose.text));
    let mut runs = Vec::new();
    for (words, language) in &prose.lines {
        let words = words.trim();
        let tag = language.map(locale);
        let (rtl, wide) = (rtl(words), wide(words));
        let lang = match (tag, rtl, wide) {
            (None, ..) => String::new(),
            (Some(tag), true, _) => format!("<w:lang w:bidi=\"{tag}\"/>"),
            (Some(tag), _, true) => format!("<w:lang w:eastAsia=\"{tag}\"/>"),
            (Some(tag), ..) => format!("<w:lang w:val=\"{tag}\" w:bidi=\"{tag}\"/>"),
        };
        let hint = if wide { "<w:rFonts w:hint=\"eastAsia\"/>" } else { "" };
        let order = if rtl { "<w:rtl/>" } else { "" };
        runs.push(run(&format!("{hint}{}{order}{lang}", style(&plate, &ink)), words));
    }
    let all_rtl = prose.lines.iter().all(|(words, _)| rtl(words));
    let bidi = if all_rtl { "<w:bidi/>" } else { "<w:bidi w:val=\"0\"/>" };
    // The strict edition has other words for left and right.
    let (left, right) = if body.name.space.contains("purl.oclc.org") { ("start", "end") } else { ("left", "right") };
    format!(
        "<w:p xmlns:w=\"{}\"><w:pPr><w:keepLines/><w:pBdr/><w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"{plate}\"/>{bidi}\
         <w:spacing w:before=\"0\" w:after=\"240\" w:line=\"360\" w:lineRule=\"auto\"/>\
         <w:ind w:{left}=\"0\" w:{right}=\"0\" w:firstLine=\"0\"/><w:jc w:val=\"center\"/></w:pPr>{}</w:p>",
        body.name.space,
        runs.join(&run(&style(&plate, &ink), " / "))
    )
}

fn style(plate: &str, ink: &str) -> String {
    format!(
        "<w:b/><w:bCs/><w:i w:val=\"0\"/><w:caps w:val=\"0\"/><w:strike w:val=\"0\"/><w:vanish w:val=\"0\"/>\
         <w:color w:val=\"{ink}\"/><w:sz w:val=\"28\"/><w:szCs w:val=\"28\"/><w:shd w:val=\"clear\" w:color=\"auto\" w:fill=\"{plate}\"/>"
    )
}

fn run(properties: &str, words: &str) -> String {
    format!("<w:r><w:rPr>{properties}</w:rPr><w:t xml:space=\"preserve\">{}</w:t></w:r>", escape(words))
}
