//! A bounded walk over XML 1.0 with namespaces, that says where each thing stands: for edits by byte range.
//!
//! `quick-xml` finds the tokens and matches the tags. Attributes and namespaces are resolved here, because its own
//! resolver is quadratic in the number of declarations. Nothing is ever expanded but the five predefined entities and
//! character references; entities of an internal subset count in namespace names only, as older Illustrator files need.

use std::{borrow::Cow, collections::HashMap, ops::Range, rc::Rc};

use quick_xml::{Reader, events::Event};

use crate::{Error, limits::Budget};

/// Why a walk ended early.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Not well-formed at this byte of the text.
    Malformed { at: usize, why: String },
    /// A bound of the budget.
    Limit(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Limit(error)
    }
}

/// A name with its namespace resolved; without one, `space` is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name<'a> {
    pub(crate) space: Rc<str>,
    pub(crate) local: &'a str,
    /// As written, with its prefix.
    pub(crate) raw: &'a str,
}

impl Name<'_> {
    pub(crate) fn is(&self, space: &str, local: &str) -> bool {
        self.local == local && *self.space == *space
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Attribute<'a> {
    pub(crate) name: Name<'a>,
    /// As written, between the quotes.
    pub(crate) raw: &'a str,
    /// From the first byte of the name to the closing quote.
    pub(crate) range: Range<usize>,
}

impl<'a> Attribute<'a> {
    /// The value with references replaced; as written where one is unknown.
    pub(crate) fn value(&self) -> Cow<'a, str> {
        quick_xml::escape::unescape(self.raw).unwrap_or(Cow::Borrowed(self.raw))
    }

    /// Whether this declares a namespace.
    pub(crate) fn declares(&self) -> bool {
        self.name.raw == "xmlns" || self.name.raw.starts_with("xmlns:")
    }
}

#[derive(Debug)]
pub(crate) enum Item<'a> {
    /// A start tag; an empty-element tag has no `Close`.
    Open {
        name: Name<'a>,
        attributes: Vec<Attribute<'a>>,
        empty: bool,
    },
    Close,
    /// Character data, a CDATA section, or a reference that stands for characters.
    Text(Cow<'a, str>),
    /// A reference to an entity that is not predefined.
    Reference,
    /// The content of a processing instruction.
    Instruction(&'a str),
    Comment,
    Declaration,
    DocType,
}

/// One step of the walk.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) item: Item<'a>,
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
    /// Elements around it; a start tag and its end tag have the same depth, from 0.
    pub(crate) depth: u32,
}

pub(crate) struct Walk<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    /// What each prefix means, innermost last.
    spaces: HashMap<&'a str, Vec<Rc<str>>>,
    /// The prefixes that each open element declared.
    open: Vec<Vec<&'a str>>,
    none: Rc<str>,
    entities: HashMap<&'a str, &'a str>,
}

impl<'a> Walk<'a> {
    /// A walk over a text without a byte order mark.
    pub(crate) fn new(text: &'a str) -> Self {
        let xml = "http://www.w3.org/XML/1998/namespace";
        Self {
            text,
            reader: Reader::from_reader(text.as_bytes()),
            spaces: HashMap::from([("xml", vec![xml.into()])]),
            open: Vec::new(),
            none: "".into(),
            entities: HashMap::new(),
        }
    }

    /// The next step; `None` at the end, where no element is left open.
    pub(crate) fn next(&mut self, budget: &mut Budget) -> Result<Option<Node<'a>>, Fault> {
        budget.part()?;
        let start = self.position();
        let event = self.reader.read_event();
        let range = start..self.position();
        let malformed = |why: String| Fault::Malformed { at: start, why };
        let event = event.map_err(|error| malformed(error.to_string()))?;
        // Slices of the text, not of the event: they live as long as the text does.
        let raw = self.text.get(range.clone()).ok_or_else(|| malformed("a character is cut".into()))?;
        let mut depth = u32::try_from(self.open.len()).unwrap_or(u32::MAX);
        let item = match event {
            Event::Start(_) | Event::Empty(_) => {
                budget.depth(depth)?;
                let empty = matches!(event, Event::Empty(_));
                let (name, attributes) = self.tag(raw, start, budget)?;
                if empty {
                    self.leave();
                }
                Item::Open { name, attributes, empty }
            }
            Event::End(_) => {
                self.leave();
                depth = depth.saturating_sub(1);
                Item::Close
            }
            Event::Text(_) => Item::Text(Cow::Borrowed(raw)),
            Event::CData(_) => Item::Text(Cow::Borrowed(inside(raw, "<![CDATA[", "]]>"))),
            Event::GeneralRef(reference) => {
                let known = match reference.resolve_char_ref() {
                    Ok(Some(character)) => Some(Cow::Owned(character.into())),
                    Ok(None) => quick_xml::escape::resolve_xml_entity(inside(raw, "&", ";")).map(Cow::Borrowed),
                    Err(error) => return Err(malformed(error.to_string())),
                };
                known.map_or(Item::Reference, Item::Text)
            }
            Event::PI(_) => Item::Instruction(inside(raw, "<?", "?>")),
            Event::Comment(_) => Item::Comment,
            Event::Decl(_) => Item::Declaration,
            Event::DocType(_) => {
                self.entities = entities(raw, budget)?;
                Item::DocType
            }
            Event::Eof if self.open.is_empty() => return Ok(None),
            Event::Eof => return Err(malformed("it ends before the last element is closed".into())),
        };
        Ok(Some(Node { item, range, depth }))
    }

    /// What the prefixes mean where the walk stands; "" is the default namespace.
    pub(crate) fn scope(&self) -> Vec<(&'a str, &str)> {
        let known = self.spaces.iter().filter_map(|(prefix, meanings)| Some((*prefix, &**meanings.last()?)));
        let mut known: Vec<_> = known.collect();
        known.sort_unstable();
        known
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn leave(&mut self) {
        for prefix in self.open.pop().unwrap_or_default() {
            if let Some(meanings) = self.spaces.get_mut(prefix) {
                meanings.pop();
            }
        }
    }

    /// Takes a start tag apart and enters its namespaces.
    fn tag(&mut self, raw: &'a str, at: usize, budget: &mut Budget) -> Result<(Name<'a>, Vec<Attribute<'a>>), Fault> {
        let space = |character: char| matches!(character, ' ' | '\t' | '\r' | '\n');
        let body = inside(raw, "<", ">");
        let body = body.strip_suffix('/').unwrap_or(body);
        let element = &body[..body.find(space).unwrap_or(body.len())];
        let mut position = 1 + element.len();
        let mut found: Vec<(&str, &str, Range<usize>)> = Vec::new();
        loop {
            let rest = raw.get(position..1 + body.len()).unwrap_or_default();
            let trimmed = rest.trim_start_matches(space);
            position += rest.len() - trimmed.len();
            if trimmed.is_empty() {
                break;
            }
            budget.part()?;
            let (attribute, value, len) = attribute(trimmed)
                .ok_or_else(|| Fault::Malformed { at: at + position, why: "a bad attribute".into() })?;
            found.push((attribute, value, at + position..at + position + len));
            position += len;
        }
        let mut declared = Vec::new();
        for (name, value, _) in &found {
            let prefix = match name.strip_prefix("xmlns") {
                Some("") => "",
                Some(rest) if rest.starts_with(':') => &rest[1..],
                _ => continue,
            };
            let meaning = self.namespace(value);
            self.spaces.entry(prefix).or_default().push(meaning);
            declared.push(prefix);
        }
        self.open.push(declared);
        let resolve = |(raw, value, range)| Attribute { name: self.name(raw, false), raw: value, range };
        Ok((self.name(element, true), found.into_iter().map(resolve).collect()))
    }

    fn namespace(&self, value: &str) -> Rc<str> {
        let entity = value.strip_prefix('&').and_then(|rest| rest.strip_suffix(';'));
        let value = entity.and_then(|name| self.entities.get(name).copied()).unwrap_or(value);
        quick_xml::escape::unescape(value).unwrap_or(Cow::Borrowed(value)).trim().into()
    }

    /// Attributes without a prefix are in no namespace (Namespaces in XML 1.0, 6.2).
    fn name(&self, raw: &'a str, element: bool) -> Name<'a> {
        let (prefix, local) = match raw.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (element.then_some(""), raw),
        };
        let space = prefix.and_then(|prefix| self.spaces.get(prefix)?.last());
        Name { space: Rc::clone(space.unwrap_or(&self.none)), local, raw }
    }
}

/// What stands between two marks that are known to be there.
fn inside<'a>(raw: &'a str, before: &str, after: &str) -> &'a str {
    let raw = raw.strip_prefix(before).unwrap_or(raw);
    raw.strip_suffix(after).unwrap_or(raw)
}

/// Name, value and length of the attribute that `text` starts with.
fn attribute(text: &str) -> Option<(&str, &str, usize)> {
    let equals = text.find(['=', '"', '\'', '<'])?;
    let name = text[..equals].trim_end();
    let rest = text[equals..].strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let value = &rest[1..1 + rest[1..].find(quote)?];
    if name.is_empty() || name.contains(char::is_whitespace) || value.contains('<') {
        return None;
    }
    Some((name, value, text.len() - rest.len() + value.len() + 2))
}

/// The general entities of an internal subset that are plain text.
fn entities<'a>(doctype: &'a str, budget: &mut Budget) -> Result<HashMap<&'a str, &'a str>, Fault> {
    let mut found = HashMap::new();
    for declaration in doctype.split("<!ENTITY").skip(1) {
        budget.part()?;
        let declaration = declaration.trim_start();
        let Some((name, rest)) = declaration.split_once(char::is_whitespace) else { continue };
        let rest = rest.trim_start();
        let Some(quote) = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
        if let Some((value, _)) = rest[1..].split_once(quote)
            && !value.contains(['&', '%', '<'])
        {
            // The first declaration binds (XML 1.0, 4.2).
            found.entry(name).or_insert(value);
        }
    }
    Ok(found)
}

/// `text` as character data or as an attribute value in double quotes; what XML 1.0 cannot hold becomes U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // Written plainly, attribute value normalisation would make them spaces.
            '\t' => escaped.push_str("&#9;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    fn walk(text: &str) -> Result<Vec<Node<'_>>, Fault> {
        let mut budget = Budget::new(&Limits::default());
        let mut walk = Walk::new(text);
        let mut nodes = Vec::new();
        while let Some(node) = walk.next(&mut budget)? {
            nodes.push(node);
        }
        Ok(nodes)
    }

    #[test]
    fn ranges_cover_the_text_without_gaps_and_names_are_resolved() {
        let text = "<?xml version=\"1.0\"?>\n<!-- c --><a:r xmlns:a='u:1' xmlns = \"u:2\"\n a:k='1' k=\"&lt;\"  ><b/>t&amp;&#x42;<![CDATA[<]]><a:c xmlns:a='u:3'></a:c></a:r>";
        let nodes = walk(text).unwrap();
        let mut end = 0;
        for node in &nodes {
            assert_eq!(node.range.start, end, "{node:?}");
            end = node.range.end;
        }
        assert_eq!(end, text.len());
        let names: Vec<_> = nodes
            .iter()
            .filter_map(|node| match &node.item {
                Item::Open { name, .. } => Some((name.space.to_string(), name.local, node.depth)),
                _ => None,
            })
            .collect();
        assert_eq!(names, [("u:1".into(), "r", 0), ("u:2".into(), "b", 1), ("u:3".into(), "c", 1)]);
        let texts: String = nodes
            .iter()
            .filter_map(|node| if let Item::Text(text) = &node.item { Some(&**text) } else { None })
            .collect();
        assert_eq!(texts, "\nt&B<");
        let Item::Open { attributes, .. } = &nodes[3].item else { panic!("{:?}", nodes[3]) };
        assert_eq!(&text[attributes[2].range.clone()], "a:k='1'");
        assert!(attributes[2].name.is("u:1", "k") && attributes[3].name.is("", "k"));
        assert_eq!(attributes[3].value(), "<");
    }

    #[test]
    fn a_namespace_may_come_from_the_internal_subset() {
        let text = "<!DOCTYPE svg [ <!ENTITY ns_svg \"http://www.w3.org/2000/svg\"> ]><svg xmlns=\"&ns_svg;\"/>";
        let nodes = walk(text).unwrap();
        assert!(matches!(&nodes[1].item, Item::Open { name, .. } if name.is("http://www.w3.org/2000/svg", "svg")));
    }

    #[test]
    fn what_is_not_well_formed_is_a_fault() {
        for text in
            ["<a>", "<a></b>", "</a>", "<a b></a>", "<a b='<'/>", "<a b='1' =2/>", "<a", "<a>&", "<!--", "<a b=1/>"]
        {
            assert!(matches!(walk(text), Err(Fault::Malformed { .. })), "{text}");
        }
        let deep = "<a>".repeat(10_000);
        assert!(matches!(walk(&deep), Err(Fault::Limit(_))));
    }

    #[test]
    fn a_million_declarations_and_attributes_cost_linear_time() {
        let declarations: String = (0..200_000).map(|n| format!(" xmlns:p{n}='u' p{n}:a='1'")).collect();
        let started = std::time::Instant::now();
        walk(&format!("<a{declarations}/>")).unwrap();
        // What is not linear takes minutes.
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }
}
