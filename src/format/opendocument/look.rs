//! How the notice looks: its elements and their styles.

use std::ops::ControlFlow;

use super::{lines::FRAME, locale, space};
use crate::{
    Result,
    container::xml::escape,
    format::package::{Package, Step, hex, rtl, scan, wide},
    limits::Budget,
    notice::Prose,
};

/// Size of a page in millimetres.
pub(super) type PageSize = (f64, f64);

/// What is known of the notice.
pub(super) struct Look<'a> {
    /// What the names of its styles begin with.
    pub(super) name: String,
    /// The kind of page that begins with it.
    pub(super) master: Option<String>,
    pub(super) prose: &'a Prose,
    /// The page that it stands on in a box.
    pub(super) page: Option<PageSize>,
}

impl Look<'_> {
    /// In points. On pages, capital letters are 5 % of the shorter side, as on pictures; those of the usual fonts are 0.7 of their
    /// size.
    fn font_size(&self) -> f64 {
        self.page.map_or(14.0, |(width, height)| (width.min(height) * 0.05 / 0.7 * 72.0 / 25.4 * 10.0).ceil() / 10.0)
    }

    /// Left, top, width and height of the box in millimetres.
    fn frame(&self) -> (f64, f64, f64, f64) {
        let (width, height) = self.page.unwrap_or((280.0, 210.0));
        let size = self.font_size() * 25.4 / 72.0;
        let margin = width.min(height) * 0.02;
        let inner = (width - 2.0 * margin).max(size);
        let rows = |words: &str| (words.trim().chars().count() as f64 * size * 0.78 / inner).ceil().max(1.0);
        let rows: f64 = self.prose.lines.iter().map(|(words, _)| rows(words)).sum();
        let tall = (rows * size * 1.25 + size / 2.0).min(height);
        (margin, (height - tall - margin).max(0.0), inner, tall)
    }
}

fn spaces() -> String {
    let names = [
        ("style", "style"),
        ("text", "text"),
        ("fo", "xsl-fo-compatible"),
        ("draw", "drawing"),
        ("svg", "svg-compatible"),
    ];
    names.iter().map(|(prefix, name)| format!(" xmlns:{prefix}=\"{}\"", space(name))).collect()
}

/// Every property that another style could change is set.
pub(super) fn styles(look: &Look) -> String {
    let (name, spaces) = (&look.name, spaces());
    let (plate, ink, size) = (hex(look.prose.plate), hex(look.prose.text), look.font_size());
    let each = |property: &str, value: &str| {
        format!(" fo:{property}=\"{value}\" style:{property}-asian=\"{value}\" style:{property}-complex=\"{value}\"")
    };
    let letters = format!(
        "<style:text-properties fo:color=\"#{ink}\" fo:text-transform=\"none\" text:display=\"true\"{}{}{}/>",
        each("font-size", &format!("{size}pt")),
        each("font-weight", "bold"),
        each("font-style", "normal")
    );
    let master = look.master.as_ref().map(|page| format!(" style:master-page-name=\"{}\"", escape(page)));
    let ground = if look.page.is_some() { String::new() } else { format!(" fo:background-color=\"#{plate}\"") };
    let order = if look.prose.lines.iter().all(|(words, _)| rtl(words)) { "rl-tb" } else { "lr-tb" };
    let mut all = format!(
        "<style:style{spaces} style:name=\"{name}_notice\" style:family=\"paragraph\"{}><style:paragraph-properties \
         fo:text-align=\"center\" fo:margin-left=\"0cm\" fo:margin-right=\"0cm\" fo:text-indent=\"0cm\" fo:margin-top=\"0cm\" \
         fo:margin-bottom=\"{}\" fo:line-height=\"{}\" style:writing-mode=\"{order}\"{ground}/>{letters}</style:style>",
        master.unwrap_or_default(),
        if look.page.is_some() { "0cm" } else { "0.4cm" },
        if look.page.is_some() { "100%" } else { "150%" },
    );
    for (number, (words, language)) in look.prose.lines.iter().enumerate() {
        let Some(language) = language else { continue };
        let (tag, country) = locale(*language);
        let said = match (rtl(words), wide(words)) {
            (true, _) => format!("style:language-complex=\"{tag}\" style:country-complex=\"{country}\""),
            (_, true) => format!("style:language-asian=\"{tag}\" style:country-asian=\"{country}\""),
            _ => format!("fo:language=\"{tag}\" fo:country=\"{country}\""),
        };
        all += &format!(
            "<style:style{spaces} style:name=\"{name}_words{number}\" style:family=\"text\"><style:text-properties {said}/></style:style>"
        );
    }
    if look.page.is_some() {
        all += &format!(
            "<style:style{spaces} style:name=\"{name}_box\" style:family=\"graphic\"><style:graphic-properties draw:stroke=\"none\" \
             draw:fill=\"solid\" draw:fill-color=\"#{plate}\" draw:opacity=\"100%\" draw:auto-grow-height=\"false\" \
             draw:textarea-vertical-align=\"middle\" fo:padding=\"0cm\" draw:shadow=\"hidden\"/></style:style>"
        );
    } else {
        let table = space("table");
        all += &format!(
            "<style:style{spaces} style:name=\"{name}_cell\" style:family=\"table-cell\"><style:table-cell-properties \
             fo:background-color=\"#{plate}\"/><style:paragraph-properties fo:text-align=\"center\"/>{letters}</style:style>\
             <style:style{spaces} xmlns:table=\"{table}\" style:name=\"{name}_column\" style:family=\"table-column\">\
             <style:table-column-properties style:column-width=\"{}cm\"/></style:style>",
            longest(look.prose).clamp(20, 60) / 2
        );
    }
    all
}

fn longest(prose: &Prose) -> usize {
    prose.lines.iter().map(|(words, _)| words.chars().count()).max().unwrap_or(0)
}

/// The words of one language.
fn span(look: &Look, number: usize) -> String {
    let Some((words, language)) = look.prose.lines.get(number) else { return String::new() };
    let words = escape(words.trim());
    match language {
        Some(_) => format!("<text:span text:style-name=\"{}_words{number}\">{words}</text:span>", look.name),
        None => words,
    }
}

pub(super) fn paragraph(look: &Look) -> String {
    let spans: Vec<_> = (0..look.prose.lines.len()).map(|number| span(look, number)).collect();
    format!("<text:p{} text:style-name=\"{}_notice\">{}</text:p>", spaces(), look.name, spans.join(" / "))
}

pub(super) fn frame(look: &Look) -> String {
    let (x, y, width, height) = look.frame();
    let paragraph =
        |number| format!("<text:p text:style-name=\"{}_notice\">{}</text:p>", look.name, span(look, number));
    let paragraphs: String = (0..look.prose.lines.len()).map(paragraph).collect();
    format!(
        "<draw:frame{} draw:style-name=\"{}_box\" draw:layer=\"layout\" draw:name=\"{FRAME}\" svg:x=\"{x:.2}mm\" svg:y=\"{y:.2}mm\" \
         svg:width=\"{width:.2}mm\" svg:height=\"{height:.2}mm\"><draw:text-box>{paragraphs}</draw:text-box></draw:frame>",
        spaces(),
        look.name
    )
}

pub(super) fn sheet(look: &Look, name: &str) -> String {
    let row = |number| {
        format!(
            "<table:table-row><table:table-cell table:style-name=\"{}_cell\" office:value-type=\"string\"><text:p>{}</text:p>\
             </table:table-cell></table:table-row>",
            look.name,
            span(look, number)
        )
    };
    let rows: String = (0..look.prose.lines.len()).map(row).collect();
    format!(
        "<table:table{} xmlns:table=\"{}\" xmlns:office=\"{}\" table:name=\"{}\"><table:table-column table:style-name=\"{}_column\"/>\
         {rows}</table:table>",
        spaces(),
        space("table"),
        space("office"),
        escape(name),
        look.name
    )
}

/// The size of the pages that follow this master, from `styles.xml`; that of a screen where it is not said.
pub(super) fn page_size(package: &mut Package, master: &str, budget: &mut Budget) -> Result<PageSize> {
    const SCREEN: PageSize = (280.0, 210.0);
    let Some(text) = package.head("styles.xml", budget)? else { return Ok(SCREEN) };
    let (mut sizes, mut wanted) = (Vec::new(), None);
    let _ = scan(&text, budget, |step, around| {
        match step {
            Step::Open(look) if look.is("page-layout-properties") => {
                let side = |name| look.get(name).and_then(|side| millimetres(&side));
                let name = around.last().and_then(|layout| layout.get("name")).unwrap_or_default().into_owned();
                sizes.extend(side("page-width").zip(side("page-height")).map(|size| (name, size)));
            }
            Step::Open(page) if page.is("master-page") && page.get("name").is_some_and(|name| name == master) => {
                wanted = page.get("page-layout-name").map(std::borrow::Cow::into_owned);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    let found = sizes.iter().find(|(name, _)| Some(name) == wanted.as_ref()).or(sizes.first());
    Ok(found.map_or(SCREEN, |(_, size)| *size))
}

/// A length: OpenDocument 1.3 part 3, 18.3.18.
fn millimetres(length: &str) -> Option<f64> {
    let split = length.find(|character: char| character.is_ascii_alphabetic())?;
    let (number, unit) = length.split_at(split);
    let unit = match unit.trim() {
        "mm" => 1.0,
        "cm" => 10.0,
        "in" => 25.4,
        "pt" => 25.4 / 72.0,
        "pc" => 25.4 / 6.0,
        _ => return None,
    };
    number.trim().parse::<f64>().ok().map(|number| number * unit).filter(|side| (10.0..=10_000.0).contains(side))
}
