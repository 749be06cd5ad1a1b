//! The notice of a presentation: a box at the lower edge of the first slide that is shown (ISO/IEC 29500-1, 19.3).

use std::ops::ControlFlow;

use super::{
    locale,
    parts::{Relation, relations},
};
use crate::{
    Result,
    container::xml::escape,
    format::package::{Changes, Package, Shown, Step, hex, rtl, scan},
    limits::Budget,
    notice::{Line, Prose},
};

/// Lines of a slide that are looked at.
const MAX_LINES: usize = 64;
/// Slides that are looked at for the first one that is shown.
const MAX_SLIDES: usize = 1000;
const NAME: &str = "tanba-notice";

/// Where the first slide stands, and its size.
struct Deck {
    slide: Option<String>,
    size: (u64, u64),
}

/// The first slide that is shown; where all are hidden, the first.
fn deck(package: &mut Package, main: &str, budget: &mut Budget) -> Result<Deck> {
    let relations: Vec<Relation> = relations(package, main, budget)?;
    // 19.2.1.36 has no default; this is what everybody writes.
    let mut size = (9_144_000, 6_858_000);
    let mut ids = Vec::new();
    package.leaves(main, budget, |_, leaf, _| match leaf.name.as_str() {
        "sldSz" => {
            let side =
                |name| leaf.get(name).and_then(|side| side.parse().ok()).filter(|side| (1..=1 << 32).contains(side));
            if let (Some(width), Some(height)) = (side("cx"), side("cy")) {
                size = (width, height);
            }
        }
        // The attribute of a namespace; the other one of this name is a number.
        "sldId" => ids.extend(leaf.all("id").map(str::to_owned)),
        _ => {}
    })?;
    let slides = ids.iter().filter_map(|id| relations.iter().find(|relation| relation.id == *id));
    let names: Vec<_> = slides.map(|slide| slide.target.clone()).take(MAX_SLIDES).collect();
    let mut first = None;
    for name in &names {
        let Some(text) = package.head(name, budget)? else { continue };
        first.get_or_insert(name);
        let mut shown = true;
        let _ = scan(&text, budget, |step, _| {
            let Step::Open(slide) = step else { return ControlFlow::Continue(()) };
            shown = slide.get("show").is_none_or(|show| !matches!(&*show, "0" | "false"));
            ControlFlow::Break(())
        });
        if shown {
            first = Some(name);
            break;
        }
    }
    Ok(Deck { slide: first.cloned(), size })
}

/// What stands on the first slide: one line a shape, and one a paragraph.
pub(super) fn lines(package: &mut Package, main: &str, budget: &mut Budget) -> Result<Vec<Line>> {
    let Some(name) = deck(package, main, budget)?.slide else { return Ok(Vec::new()) };
    let Some(text) = package.head(&name, budget)? else { return Ok(Vec::new()) };
    let (mut lines, mut shape) = (Vec::new(), Shown::default());
    let _ = scan(&text, budget, |step, around| {
        match step {
            Step::Open(shown) if shown.is("sp") => shape = Shown::default(),
            Step::Open(named) if named.is("cNvPr") => {
                if named.get("hidden").is_some_and(|hidden| hidden != "0" && hidden != "false") {
                    shape.hide();
                }
                if named.get("name").is_some_and(|name| name == NAME) {
                    shape.ours();
                }
            }
            Step::Text(text) if around.last().is_some_and(|element| element.is("t")) => shape.text(text),
            Step::Open(blank) if blank.is("br") => shape.text(" "),
            Step::Close(paragraph, _) if paragraph.is("p") => shape.end(),
            Step::Close(shown, close) if shown.is("sp") => {
                lines.extend(shape.lines(&name, shown.tag.start..close.end));
                if lines.len() >= MAX_LINES {
                    return ControlFlow::Break(());
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    Ok(lines)
}

/// Puts a box with the notice over everything on the first slide; `false` where there is no slide.
pub(super) fn notice(
    package: &mut Package,
    changes: &mut Changes,
    main: &str,
    prose: &Prose,
    budget: &mut Budget,
) -> Result<bool> {
    let Deck { slide: Some(name), size } = deck(package, main, budget)? else { return Ok(false) };
    let part = package.part(&name, budget)?;
    let (mut last, mut place, mut numbers) = (None, None, 0_u64);
    let end = scan(&part.text, budget, |step, around| {
        match step {
            Step::Open(named) if named.is("cNvPr") => {
                numbers = numbers.max(named.get("id").and_then(|id| id.trim().parse().ok()).unwrap_or(0));
            }
            // What extends the tree stands behind all shapes: 19.3.1.45.
            Step::Open(more) if more.is("extLst") && around.last().is_some_and(|tree| tree.is("spTree")) => {
                last = Some(more.tag.start);
            }
            Step::Close(tree, close) if tree.is("spTree") && around.len() == 2 && !tree.empty => {
                place = Some((last.take().unwrap_or(close.start), tree.name.space.to_string()));
                return ControlFlow::Break(());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let Some((at, space)) = place else { return Err(package.no_place(&part, end.err())) };
    changes.replace(&part, at..at, shape(prose, &space, size, numbers.saturating_add(1)));
    changes.drop_all(&part, &prose.replaces);
    Ok(true)
}

/// Capital letters are 5 % of the shorter side, as on pictures.
fn shape(prose: &Prose, space: &str, (width, height): (u64, u64), number: u64) -> String {
    let drawing = match space.contains("purl.oclc.org") {
        true => "http://purl.oclc.org/ooxml/drawingml/main",
        false => "http://schemas.openxmlformats.org/drawingml/2006/main",
    };
    // Capitals of the usual fonts are 0.7 of their size; a font has at least 1 pt, which is 12,700 units, and 4,000 pt at most.
    let shorter = width.min(height);
    let size = (shorter * 5).div_ceil(70).clamp(12_700, 12_700 * 4000);
    let margin = shorter / 50;
    let inner = width.saturating_sub(2 * margin).max(size);
    let rows = |words: &str| (words.chars().count() as u64 * size * 78 / 100).div_ceil(inner).max(1);
    let rows: u64 = prose.lines.iter().map(|(words, _)| rows(words.trim())).sum();
    let tall = (rows * size * 125 / 100 + size / 2).min(height);
    let top = height - tall - margin.min(height - tall);
    let (plate, ink) = (hex(prose.plate), hex(prose.text));
    let paragraph = |(words, language): &(String, Option<_>)| {
        let words = words.trim();
        let lang = language.map(|language| format!(" lang=\"{}\"", locale(language))).unwrap_or_default();
        let order = if rtl(words) { " rtl=\"1\"" } else { "" };
        format!(
            "<a:p><a:pPr marL=\"0\" indent=\"0\" algn=\"ctr\"{order}><a:lnSpc><a:spcPct val=\"100000\"/></a:lnSpc>\
             <a:spcBef><a:spcPts val=\"0\"/></a:spcBef><a:spcAft><a:spcPts val=\"0\"/></a:spcAft><a:buNone/></a:pPr>\
             <a:r><a:rPr{lang} sz=\"{}\" b=\"1\" i=\"0\" cap=\"none\"><a:solidFill><a:srgbClr val=\"{ink}\"/></a:solidFill></a:rPr>\
             <a:t>{}</a:t></a:r></a:p>",
            (size * 100).div_ceil(12_700),
            escape(words)
        )
    };
    let paragraphs: String = prose.lines.iter().map(paragraph).collect();
    format!(
        "<p:sp xmlns:p=\"{space}\" xmlns:a=\"{drawing}\"><p:nvSpPr><p:cNvPr id=\"{number}\" name=\"{NAME}\" descr=\"{}\"/>\
         <p:cNvSpPr txBox=\"1\"/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x=\"{margin}\" y=\"{top}\"/>\
         <a:ext cx=\"{inner}\" cy=\"{tall}\"/></a:xfrm><a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom>\
         <a:solidFill><a:srgbClr val=\"{plate}\"/></a:solidFill><a:ln><a:noFill/></a:ln></p:spPr>\
         <p:txBody><a:bodyPr wrap=\"square\" lIns=\"0\" tIns=\"0\" rIns=\"0\" bIns=\"0\" anchor=\"ctr\"><a:noAutofit/></a:bodyPr>\
         <a:lstStyle/>{paragraphs}</p:txBody></p:sp>",
        escape(&prose.sentence())
    )
}
