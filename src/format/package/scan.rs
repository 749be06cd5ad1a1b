//! The elements of a part and where they stand: for edits by byte range.

use std::{borrow::Cow, ops::ControlFlow, ops::Range};

use crate::{
    container::xml::{Attribute, Fault, Item, Name, Walk},
    limits::Budget,
};

/// An element that was opened.
#[derive(Debug)]
pub(in crate::format) struct Element<'a> {
    pub(in crate::format) name: Name<'a>,
    pub(in crate::format) attributes: Vec<Attribute<'a>>,
    /// Bytes of the start tag.
    pub(in crate::format) tag: Range<usize>,
    /// It has no end tag.
    pub(in crate::format) empty: bool,
}

impl Element<'_> {
    pub(in crate::format) fn is(&self, local: &str) -> bool {
        self.name.local == local
    }

    /// The attribute of this name, in whatever namespace.
    pub(in crate::format) fn get(&self, local: &str) -> Option<Cow<'_, str>> {
        self.attribute(local).map(Attribute::value)
    }

    pub(in crate::format) fn attribute(&self, local: &str) -> Option<&Attribute<'_>> {
        self.attributes.iter().find(|attribute| attribute.name.local == local && !attribute.declares())
    }

    /// Whether a switch is on: it is where nothing else is said.
    pub(in crate::format) fn on(&self) -> bool {
        !matches!(self.get("val").as_deref(), Some("0" | "false" | "off" | "none"))
    }
}

/// One step through a part; an empty element is opened and closed at once.
pub(in crate::format) enum Step<'s, 'a> {
    Open(&'s Element<'a>),
    Text(&'s str),
    /// With the bytes of the end tag; for an empty element that is nothing behind its only one.
    Close(&'s Element<'a>, Range<usize>),
}

/// Goes through a part; `visit` gets every step and the elements around it, outermost first.
pub(in crate::format) fn scan<'a>(
    text: &'a str,
    budget: &mut Budget,
    mut visit: impl FnMut(Step<'_, 'a>, &[Element<'a>]) -> ControlFlow<()>,
) -> Result<(), Fault> {
    let mut walk = Walk::new(text);
    let mut open: Vec<Element> = Vec::new();
    while let Some(node) = walk.next(budget)? {
        let flow = match node.item {
            Item::Open { name, attributes, empty } => {
                let element = Element { name, attributes, tag: node.range.clone(), empty };
                let mut flow = visit(Step::Open(&element), &open);
                if !empty {
                    open.push(element);
                } else if flow.is_continue() {
                    flow = visit(Step::Close(&element, node.range.end..node.range.end), &open);
                }
                flow
            }
            Item::Text(text) => visit(Step::Text(&text), &open),
            Item::Close => match open.pop() {
                Some(element) => visit(Step::Close(&element, node.range), &open),
                None => ControlFlow::Continue(()),
            },
            _ => ControlFlow::Continue(()),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}
