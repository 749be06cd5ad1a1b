//! Tags and text of a page, in order, with their bytes. `html5gum` finds them as browsers do (WHATWG HTML, 13.2.5);
//! comments are passed over.

use std::ops::Range;

use html5gum::{
    Span, Tokenizer,
    emitters::callback::{CallbackEmitter, CallbackEvent},
};

use crate::{Result, limits::Budget};

/// A start tag.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) name: String,
    attributes: Vec<(String, Vec<u8>)>,
    /// In bytes of the page.
    pub(super) range: Range<usize>,
}

impl Tag {
    /// Whether no end tag follows: WHATWG HTML, 13.1.2.
    pub(super) fn is_void(&self) -> bool {
        const VOID: &[&str] =
            &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
        VOID.contains(&self.name.as_str())
    }

    /// The value of an attribute; the first of two with one name counts, as in browsers.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let (_, value) = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(String::from_utf8_lossy(value).trim().to_owned())
    }
}

#[derive(Debug)]
pub(super) enum Piece {
    Open(Tag),
    Close {
        name: String,
        range: Range<usize>,
    },
    /// Characters with references replaced, and where they start.
    Text(Vec<u8>, usize),
}

/// Hands every piece of `page` to `visit`. Each tag and each attribute spends a part.
pub(super) fn walk(
    page: &[u8],
    budget: &mut Budget,
    mut visit: impl FnMut(Piece, &mut Budget) -> Result<()>,
) -> Result<()> {
    let mut tag = Tag::default();
    let mut emitter = CallbackEmitter::new(move |event: CallbackEvent<'_>, span: Span<usize>| match event {
        CallbackEvent::OpenStartTag { name } => {
            tag = Tag { name: lossy(name), attributes: Vec::new(), range: span.start..span.end };
            Some(Event::Part)
        }
        CallbackEvent::AttributeName { name } => {
            tag.attributes.push((lossy(name), Vec::new()));
            Some(Event::Part)
        }
        CallbackEvent::AttributeValue { value } => {
            if let Some((_, known)) = tag.attributes.last_mut() {
                known.extend_from_slice(value);
            }
            None
        }
        CallbackEvent::CloseStartTag { .. } => {
            let mut whole = std::mem::take(&mut tag);
            whole.range.end = span.end;
            Some(Event::Piece(Piece::Open(whole)))
        }
        CallbackEvent::EndTag { name } => {
            Some(Event::Piece(Piece::Close { name: lossy(name), range: span.start..span.end }))
        }
        CallbackEvent::String { value } => Some(Event::Piece(Piece::Text(value.to_vec(), span.start))),
        _ => None,
    });
    emitter.naively_switch_states(true);
    for event in Tokenizer::new_with_emitter(page, emitter) {
        budget.part()?;
        match event {
            Ok(Event::Part) => {}
            Ok(Event::Piece(piece)) => visit(piece, budget)?,
            Err(never) => match never {},
        }
    }
    Ok(())
}

enum Event {
    /// Something was read of a tag that goes on.
    Part,
    Piece(Piece),
}

fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn ranges_are_bytes_of_the_page() {
        let page = "<!-- <b> -->ы<P class=\"a>b\" hidden\nid='x' ID=y>é&amp;\r\nы<script>'<b>'</script >\u{feff}<br/>";
        let mut seen = Vec::new();
        let mut budget = Budget::new(&Limits::default());
        walk(page.as_bytes(), &mut budget, |piece, _| {
            seen.push(match piece {
                Piece::Open(tag) => {
                    assert!(
                        tag.name != "p" || (tag.get("id"), tag.get("hidden")) == (Some("x".into()), Some("".into()))
                    );
                    page[tag.range].to_owned()
                }
                Piece::Close { range, .. } => page[range].to_owned(),
                Piece::Text(text, at) => {
                    let text = String::from_utf8(text).unwrap();
                    let first = text.chars().next().unwrap();
                    assert!(page[at..].starts_with(first), "{text:?} at {at}");
                    text
                }
            });
            Ok(())
        })
        .unwrap();
        let tag = "<P class=\"a>b\" hidden\nid='x' ID=y>";
        assert_eq!(seen, ["ы", tag, "é&\nы", "<script>", "'<b>'", "</script >", "\u{feff}", "<br/>"]);
    }

    #[test]
    fn a_million_attributes_end_at_the_limit() {
        let attributes: String = (0..1_200_000).map(|number| format!(" a{number}")).collect();
        let error = walk(format!("<p{attributes}>").as_bytes(), &mut Budget::new(&Limits::default()), |_, _| Ok(()));
        assert!(matches!(error, Err(crate::Error::Limit { .. })));
    }
}
