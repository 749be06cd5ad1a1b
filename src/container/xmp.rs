//! XMP packets (ISO 16684-1): where each top-level property stands, and what it says.

use std::{borrow::Cow, ops::Range};

use super::xml::{Attribute, Fault, Item, Name, Walk};
use crate::limits::Budget;

pub(crate) const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const META: &str = "adobe:ns:meta/";

/// A packet taken apart; ranges are bytes of its text.
#[derive(Debug, Default)]
pub(crate) struct Packet<'a> {
    /// The elements below `rdf:RDF`, as a rule `rdf:Description`.
    pub(crate) nodes: Vec<Subject>,
    pub(crate) properties: Vec<Property<'a>>,
    /// The text without what stands around it: padding, the `xpacket` instructions, an XML declaration.
    pub(crate) body: Range<usize>,
    /// Where another node goes.
    pub(crate) room: Room<'a>,
    /// What the nodes are about, as written; the same in all of them (ISO 16684-1, 7.4).
    pub(crate) about: &'a str,
}

/// Where another node goes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Room<'a> {
    /// There is no element at all.
    #[default]
    Empty,
    /// Before the end tag at this byte, of the element with this name as written.
    Before { at: usize, name: &'a str, rdf: bool },
    /// Into this empty-element tag, which has to be opened.
    Inside { tag: Range<usize>, name: &'a str, rdf: bool },
}

/// An element below `rdf:RDF`.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) range: Range<usize>,
    /// It says nothing but what its properties say: an `rdf:Description` without other attributes than `rdf:about`.
    pub(crate) plain: bool,
}

/// A property of the resource itself; what is nested in others is not listed.
#[derive(Debug)]
pub(crate) struct Property<'a> {
    pub(crate) name: Name<'a>,
    pub(crate) range: Range<usize>,
    /// Index of its node.
    pub(crate) node: usize,
    /// Its value, or its array's items, with their languages.
    pub(crate) values: Vec<Value>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) language: Option<String>,
    pub(crate) text: String,
}

/// The packet as UTF-8; UTF-16 and UTF-32 are recognised by their byte order mark or by their first characters.
pub(crate) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    let cut = || Fault::Malformed { at: 0, why: "it is in no encoding of Unicode".into() };
    let wide = |unit: fn(&[u8]) -> u32, size: usize| {
        let units = bytes.chunks_exact(size).map(unit);
        let text: Option<String> = if size == 4 {
            units.map(char::from_u32).collect()
        } else {
            char::decode_utf16(units.map(|unit| u16::try_from(unit).unwrap_or_default())).map(Result::ok).collect()
        };
        text.map(|text| Cow::Owned(text.trim_start_matches('\u{feff}').to_owned())).ok_or_else(cut)
    };
    match bytes {
        [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'<', ..] => wide(|u| u32::from_be_bytes([u[0], u[1], u[2], u[3]]), 4),
        [0xff, 0xfe, 0, 0, ..] | [b'<', 0, 0, 0, ..] => wide(|u| u32::from_le_bytes([u[0], u[1], u[2], u[3]]), 4),
        [0xfe, 0xff, ..] | [0, b'<', ..] => wide(|u| u16::from_be_bytes([u[0], u[1]]).into(), 2),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => wide(|u| u16::from_le_bytes([u[0], u[1]]).into(), 2),
        _ => {
            // Some writers end the packet with NULs.
            let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            let text = std::str::from_utf8(&bytes[..end])
                .map_err(|error| Fault::Malformed { at: error.valid_up_to(), why: "it is not UTF-8".into() })?;
            Ok(Cow::Borrowed(text.trim_start_matches('\u{feff}')))
        }
    }
}

/// Takes a packet apart.
///
/// # Errors
///
/// What is not well-formed, a document type declaration or an unknown entity (ISO 16684-1 allows neither), and limits.
pub(crate) fn parse<'a>(text: &'a str, budget: &mut Budget) -> Result<Packet<'a>, Fault> {
    let mut packet = Packet::default();
    let mut walk = Walk::new(text);
    // Depth of the `rdf:RDF` we are in.
    let mut rdf = None;
    while let Some(node) = walk.next(budget)? {
        let malformed = |why: &str| Err(Fault::Malformed { at: node.range.start, why: why.into() });
        match node.item {
            Item::DocType => return malformed("a document type declaration, which XMP does not allow"),
            Item::Reference => return malformed("an unknown entity"),
            // What follows the end of the packet is no part of it.
            Item::Instruction(pi) if node.depth == 0 && pi.starts_with("xpacket end") => break,
            Item::Text(ref text) if node.depth == 0 && !text.trim_matches(['\u{feff}', '\0']).trim().is_empty() => {
                return malformed("text outside of any element");
            }
            Item::Open { ref name, empty, .. } if node.depth == 0 || name.is(RDF, "RDF") => {
                if node.depth == 0 && packet.body.is_empty() {
                    packet.body = node.range.clone();
                }
                let is_rdf = name.is(RDF, "RDF");
                if !(is_rdf || name.is(META, "xmpmeta") || name.is(META, "xapmeta")) {
                    return malformed("neither x:xmpmeta nor rdf:RDF");
                }
                if is_rdf && rdf.is_none() && !empty {
                    rdf = Some((node.depth, name.raw));
                }
                if empty && packet.wants_room(is_rdf) {
                    packet.room = Room::Inside { tag: node.range.clone(), name: name.raw, rdf: is_rdf };
                }
                if node.depth == 0 {
                    packet.body.end = node.range.end;
                }
            }
            Item::Open { name, attributes, empty } if rdf.is_some_and(|(depth, _)| node.depth == depth + 1) => {
                packet.subject(&mut walk, (name, attributes, empty), node.range, budget)?;
            }
            Item::Close => {
                if let Some((_, name)) = rdf.take_if(|(depth, _)| *depth == node.depth)
                    && packet.wants_room(true)
                {
                    packet.room = Room::Before { at: node.range.start, name, rdf: true };
                }
                if node.depth == 0 {
                    if packet.wants_room(false) {
                        packet.room = Room::Before { at: node.range.start, name: "", rdf: false };
                    }
                    packet.body.end = node.range.end;
                }
            }
            _ => {}
        }
    }
    Ok(packet)
}

impl<'a> Packet<'a> {
    /// Whether a place found now is better than the one that is known: the first `rdf:RDF` is best.
    fn wants_room(&self, rdf: bool) -> bool {
        match self.room {
            Room::Empty => true,
            Room::Before { rdf: known, .. } | Room::Inside { rdf: known, .. } => rdf && !known,
        }
    }

    /// Reads one node to its end.
    fn subject(
        &mut self,
        walk: &mut Walk<'a>,
        (name, attributes, empty): (Name<'a>, Vec<Attribute<'a>>, bool),
        open: Range<usize>,
        budget: &mut Budget,
    ) -> Result<(), Fault> {
        let index = self.nodes.len();
        let mut plain = name.is(RDF, "Description");
        for attribute in attributes {
            // Old writers leave the prefix of rdf:about out (ISO 16684-1, 7.4, note).
            if attribute.name.is(RDF, "about") || attribute.name.raw == "about" {
                if self.about.is_empty() {
                    self.about = attribute.raw;
                }
            } else if attribute.declares() {
            } else if &*attribute.name.space == RDF
                || attribute.name.space.is_empty()
                || attribute.name.raw.starts_with("xml:")
            {
                plain = false;
            } else {
                let values = vec![Value { language: None, text: attribute.value().into_owned() }];
                self.properties.push(Property { name: attribute.name, range: attribute.range, node: index, values });
            }
        }
        let mut range = open;
        if !empty {
            while let Some(node) = walk.next(budget)? {
                range.end = node.range.end;
                match node.item {
                    Item::Open { name, attributes, empty } => {
                        let mut values = Vec::new();
                        let end = value(walk, &attributes, empty, &mut values, budget)?.unwrap_or(node.range.end);
                        range.end = end;
                        let range = node.range.start..end;
                        self.properties.push(Property { name, range, node: index, values });
                    }
                    Item::Close => break,
                    Item::Text(text) if text.trim().is_empty() => {}
                    Item::DocType | Item::Reference => {
                        return Err(Fault::Malformed { at: node.range.start, why: "an unknown entity".into() });
                    }
                    _ => plain = false,
                }
            }
        }
        self.nodes.push(Subject { range, plain });
        Ok(())
    }
}

/// Reads the value of a property to the end of its element, and returns where that is.
fn value(
    walk: &mut Walk,
    attributes: &[Attribute],
    empty: bool,
    values: &mut Vec<Value>,
    budget: &mut Budget,
) -> Result<Option<usize>, Fault> {
    let begin = |attributes: &[Attribute]| {
        let language = attributes.iter().find(|attribute| attribute.name.raw == "xml:lang");
        let resource =
            attributes.iter().find(|attribute| attribute.name.is(RDF, "resource") || attribute.name.is(RDF, "value"));
        Value {
            language: language.map(|attribute| attribute.value().into_owned()),
            text: resource.map(|attribute| attribute.value().into_owned()).unwrap_or_default(),
        }
    };
    // The property itself, its container, its item: what is deeper is a structure, whose fields are not this value.
    let mut open = vec![begin(attributes)];
    let mut keep = |value: Value| {
        if !value.text.trim().is_empty() {
            values.push(Value { text: value.text.trim().to_owned(), ..value });
        }
    };
    if empty {
        open.pop().into_iter().for_each(&mut keep);
        return Ok(None);
    }
    // Elements open inside a structure's field.
    let mut foreign = 0_u32;
    while let Some(node) = walk.next(budget)? {
        match node.item {
            Item::Open { empty: true, ref name, ref attributes } if foreign == 0 && &*name.space == RDF => {
                keep(begin(attributes));
            }
            Item::Open { empty: true, .. } => {}
            Item::Open { ref name, ref attributes, .. } if foreign == 0 && &*name.space == RDF => {
                open.push(begin(attributes));
            }
            Item::Open { .. } => foreign += 1,
            Item::Close if foreign > 0 => foreign -= 1,
            Item::Close => {
                open.pop().into_iter().for_each(&mut keep);
                if open.is_empty() {
                    return Ok(Some(node.range.end));
                }
            }
            Item::Text(text) if foreign == 0 => {
                if let Some(value) = open.last_mut() {
                    value.text.push_str(&text);
                }
            }
            Item::Reference => {
                return Err(Fault::Malformed { at: node.range.start, why: "an unknown entity".into() });
            }
            _ => {}
        }
    }
    Ok(None)
}
