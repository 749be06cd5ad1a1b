//! Where things stand in `content.xml`.

use std::ops::{ControlFlow, Range};

use crate::{
    container::xml::Fault,
    format::package::{Element, Step, scan},
    limits::Budget,
};

/// What stands in front of the paragraphs and tables of a body: OpenDocument 1.3 part 3, 3.4 and 3.7.
const PRELUDE: &[&str] = &[
    "forms",
    "tracked-changes",
    "variable-decls",
    "sequence-decls",
    "user-field-decls",
    "dde-connection-decls",
    "alphabetical-index-auto-mark-file",
    "calculation-settings",
    "content-validations",
    "label-ranges",
    "header-decl",
    "footer-decl",
    "date-time-decl",
];

/// A style of this document alone that begins a page of another kind.
pub(super) struct Turning {
    pub(super) name: String,
    /// All of its element, the attribute with its name, and the one with the page.
    pub(super) whole: Range<usize>,
    pub(super) named: Range<usize>,
    pub(super) page: Range<usize>,
    pub(super) master: String,
}

/// What a label needs to know of the content.
#[derive(Default)]
pub(super) struct Layout {
    /// Where the styles of this document end; `None` where they have no element, and whether it is empty.
    pub(super) styles: Option<(Range<usize>, bool)>,
    pub(super) body: Option<usize>,
    pub(super) turning: Vec<Turning>,
    /// Styles of slides that are not shown.
    hidden: Vec<String>,
    /// Where the first paragraph or table goes.
    pub(super) first: Option<usize>,
    /// The element that stands there now, and its style.
    pub(super) found: Option<(Range<usize>, Option<Range<usize>>, String)>,
    /// The body has pages instead of paragraphs: 3.4.
    pub(super) paged: bool,
    /// The names of the tables.
    pub(super) tables: Vec<String>,
    /// The first page that is shown, or the first at all: where shapes end, and what it follows.
    pub(super) page: Option<Page>,
}

#[derive(Clone)]
pub(super) struct Page {
    pub(super) end: usize,
    pub(super) master: String,
    shown: bool,
}

/// Reads the layout of a content; where only `paragraphs` matter, up to the first.
pub(super) fn layout(text: &str, paragraphs: bool, budget: &mut Budget) -> (Layout, Option<Fault>) {
    let mut layout = Layout::default();
    let mut behind = None;
    let end = scan(text, budget, |step, around| {
        match (step, around) {
            (Step::Open(body), [_]) if body.is("body") => layout.body = Some(body.tag.start),
            (Step::Close(styles, close), [_]) if styles.is("automatic-styles") => {
                layout.styles = Some(if styles.empty { (styles.tag.clone(), true) } else { (close, false) });
            }
            (Step::Close(style, close), [_, around]) if around.is("automatic-styles") && style.is("style") => {
                layout.turning.extend(turning(style, close.end));
            }
            (Step::Open(look), [_, around, style])
                if around.is("automatic-styles") && look.get("visibility").is_some_and(|shown| shown == "hidden") =>
            {
                layout.hidden.extend(style.get("name").map(std::borrow::Cow::into_owned));
            }
            (Step::Open(element), [_, body, _]) if body.is("body") => {
                if layout.first.is_none() && !PRELUDE.contains(&element.name.local) {
                    layout.found(element);
                    if paragraphs {
                        return ControlFlow::Break(());
                    }
                }
                layout
                    .tables
                    .extend(element.get("name").filter(|_| element.is("table")).map(|name| name.to_lowercase()));
            }
            // What moves, and the notes, stand behind the shapes: 10.2.4.
            (Step::Open(element), [_, body, _, page])
                if behind.is_none()
                    && body.is("body")
                    && page.is("page")
                    && (element.is("notes") || element.name.space.ends_with(":animation:1.0")) =>
            {
                behind = Some(element.tag.start);
            }
            (Step::Close(page, close), [_, body, _]) if body.is("body") && page.is("page") => {
                let end = behind.take().unwrap_or(close.start);
                let style = page.get("style-name").unwrap_or_default();
                let shown = !layout.hidden.iter().any(|hidden| *hidden == style);
                let master = page.get("master-page-name").unwrap_or_default().into_owned();
                if !page.empty && layout.page.as_ref().is_none_or(|known| shown && !known.shown) {
                    layout.page = Some(Page { end, master, shown });
                }
                if shown {
                    return ControlFlow::Break(());
                }
            }
            (Step::Close(kind, close), [_, body]) if body.is("body") => {
                layout.first = layout.first.or(Some(close.start).filter(|_| !kind.empty));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    (layout, end.err())
}

impl Layout {
    fn found(&mut self, element: &Element) {
        self.first = Some(element.tag.start);
        self.paged |= element.is("page-sequence");
        let style = element.attribute("style-name");
        let name = style.map(|style| style.value().into_owned()).unwrap_or_default();
        self.found = Some((element.tag.clone(), style.map(|style| style.range.clone()), name));
    }
}

fn turning(style: &Element, end: usize) -> Option<Turning> {
    let (named, page) = (style.attribute("name")?, style.attribute("master-page-name")?);
    let master = page.value().into_owned();
    (!master.is_empty()).then(|| Turning {
        name: named.value().into_owned(),
        whole: style.tag.start..end,
        named: named.range.clone(),
        page: page.range.clone(),
        master,
    })
}
