//! Where the parts of an SVG file stand that a label touches.

use std::ops::Range;

use super::frame::View;
use crate::{
    Error, Format, Result,
    container::{
        xml::{Attribute, Fault, Item, Name, Node, Walk, escape},
        xmp::RDF,
    },
    limits::Budget,
};

pub(super) const SVG: &str = "http://www.w3.org/2000/svg";
/// C2PA 2.2, A.4: the manifest store as Base64 in this element.
pub(super) const C2PA: &str = "http://c2pa.org/manifest";
/// The `id` of our notice.
pub(super) const NOTICE_ID: &str = "tanba-notice";
const META: &str = "adobe:ns:meta/";

/// Ranges are bytes of the text, which begins after a byte order mark.
pub(super) struct Map<'a> {
    /// The start tag of the root, its name as written, and its attributes.
    pub(super) root: Range<usize>,
    pub(super) root_name: &'a str,
    pub(super) attributes: Vec<Attribute<'a>>,
    /// The end tag; `None` where the root is an empty-element tag.
    pub(super) end: Option<Range<usize>>,
    pub(super) view: View,
    /// The XML declaration.
    pub(super) declaration: Option<Range<usize>>,
    /// The first `metadata` child of the root.
    pub(super) metadata: Option<Metadata>,
    pub(super) stores: Vec<Carrier>,
    pub(super) packets: Vec<Xmp>,
    /// Where a `metadata` element goes: after the title, which should come first (SVG 1.1, 5.4).
    pub(super) head: usize,
    /// Notices of ours.
    pub(super) notices: Vec<Range<usize>>,
    /// Children of the root.
    children: u64,
}

pub(super) struct Metadata {
    pub(super) tag: Range<usize>,
    pub(super) empty: bool,
}

/// A manifest store in Base64.
pub(super) struct Carrier {
    /// The whole element.
    pub(super) element: Range<usize>,
    /// What it holds.
    pub(super) content: Range<usize>,
}

/// XMP, or other RDF, in `metadata`.
pub(super) struct Xmp {
    pub(super) range: Range<usize>,
    /// A packet of its own, with the namespaces that were declared around it.
    pub(super) packet: String,
    /// It is XMP by its form; bare RDF may be Inkscape's, which looks for it where it stands.
    pub(super) is_xmp: bool,
}

/// An element that is open, below `metadata` or the root.
enum Part {
    Manifest(usize),
    Packet { scope: String, is_xmp: bool },
    Notice,
}

pub(super) fn fault(fault: Fault) -> Error {
    match fault {
        Fault::Malformed { at, why } => Error::malformed(Format::Svg, at as u64, why),
        Fault::Limit(error) => error,
    }
}

pub(super) fn map<'a>(text: &'a str, budget: &mut Budget) -> Result<Map<'a>> {
    let mut walk = Walk::new(text);
    let mut declaration = None;
    let mut map = loop {
        let Some(node) = walk.next(budget).map_err(fault)? else {
            return Err(Error::malformed(Format::Svg, text.len() as u64, "there is no element"));
        };
        match node.item {
            Item::Declaration => declaration = Some(node.range),
            Item::Open { name, attributes, empty } => {
                break Map::new(name, attributes, empty, node.range, declaration)?;
            }
            _ => {}
        }
    };
    let mut in_metadata = false;
    let mut in_title = false;
    let mut open: Option<(Part, Range<usize>)> = None;
    let mut xpacket: Option<usize> = None;
    while let Some(node) = walk.next(budget).map_err(fault)? {
        let Node { item, range, depth } = node;
        match item {
            Item::Open { name, attributes, empty } if depth == 1 => {
                let is_metadata = name.is(SVG, "metadata");
                if is_metadata && map.metadata.is_none() {
                    map.metadata = Some(Metadata { tag: range.clone(), empty });
                }
                in_metadata = is_metadata && !empty;
                in_title = name.is(SVG, "title") && map.children == 0 && !empty;
                map.children += 1;
                let is_notice = |attribute: &Attribute| attribute.name.raw == "id" && attribute.raw == NOTICE_ID;
                if !is_metadata && attributes.iter().any(is_notice) {
                    if empty {
                        map.notices.push(range);
                    } else {
                        open = Some((Part::Notice, range));
                    }
                }
            }
            Item::Open { name, empty, .. } if depth == 2 && in_metadata => {
                let is_xmp = name.is(META, "xmpmeta") || name.is(META, "xapmeta");
                let part = if name.is(C2PA, "manifest") || name.raw == "c2pa:manifest" {
                    Part::Manifest(range.end)
                } else if is_xmp || name.is(RDF, "RDF") {
                    // XMP is kept as it stands.
                    let scope = if is_xmp { String::new() } else { scope(&walk, budget)? };
                    Part::Packet { scope, is_xmp }
                } else {
                    xpacket = None;
                    continue;
                };
                if let Part::Manifest(_) = part {
                    xpacket = None;
                }
                if empty { map.close(text, part, range, 0, &mut xpacket) } else { open = Some((part, range)) }
            }
            Item::Instruction(pi) if depth == 2 && in_metadata && pi.starts_with("xpacket begin") => {
                xpacket = Some(range.start);
            }
            Item::Instruction(pi) if depth == 2 && in_metadata && pi.starts_with("xpacket end") => {
                // The packet goes to the end of its wrapper.
                if let Some(packet) = map.packets.last_mut().filter(|packet| xpacket == Some(packet.range.start)) {
                    packet.range.end = range.end;
                }
                xpacket = None;
            }
            // A wrapper that holds more than a packet is none.
            Item::Comment | Item::Reference if depth == 2 => xpacket = None,
            Item::Text(text) if depth == 2 && !text.trim().is_empty() => xpacket = None,
            Item::Close if depth == 0 => map.end = Some(range),
            Item::Close if depth <= 2 => {
                let at = if matches!(open, Some((Part::Notice, _))) { 1 } else { 2 };
                if let Some((part, start)) = open.take_if(|_| depth == at) {
                    map.close(text, part, start.start..range.end, range.end - range.start, &mut xpacket);
                }
                if depth == 1 {
                    if std::mem::take(&mut in_title) {
                        map.head = range.end;
                    }
                    (in_metadata, xpacket) = (false, None);
                }
            }
            _ => {}
        }
    }
    Ok(map)
}

/// The prefixes that mean something here, as declarations.
///
/// They are copied for each packet: without the budget, many packets below many declarations would take terabytes.
fn scope(walk: &Walk, budget: &mut Budget) -> Result<String> {
    let mut declared = walk.scope();
    declared.retain(|(prefix, _)| !prefix.is_empty() && !["xml", "x"].contains(prefix));
    let len = |(prefix, space): &(&str, &str)| " xmlns:=\"\"".len() + prefix.len() + space.len();
    budget.metadata(declared.iter().map(len).sum::<usize>() as u64)?;
    Ok(declared.iter().map(|(prefix, space)| format!(" xmlns:{prefix}=\"{}\"", escape(space))).collect())
}

impl<'a> Map<'a> {
    fn new(
        name: Name<'a>,
        attributes: Vec<Attribute<'a>>,
        empty: bool,
        root: Range<usize>,
        declaration: Option<Range<usize>>,
    ) -> Result<Self> {
        if !name.is(SVG, "svg") {
            return Err(Error::malformed(Format::Svg, root.start as u64, "the first element is not svg"));
        }
        let view = View::of(&attributes);
        let end = (!empty).then_some(0..0);
        let head = root.end;
        let (metadata, stores, packets, notices, children) = Default::default();
        Ok(Self {
            root,
            root_name: name.raw,
            attributes,
            end,
            view,
            declaration,
            metadata,
            stores,
            packets,
            head,
            notices,
            children,
        })
    }

    fn close(&mut self, text: &str, part: Part, range: Range<usize>, tag: usize, xpacket: &mut Option<usize>) {
        match part {
            Part::Notice => self.notices.push(range),
            Part::Manifest(start) => {
                let end = (range.end - tag).max(start);
                let content = &text[start..end];
                let lead = content.len() - content.trim_start().len();
                let content = start + lead..start + lead + content.trim().len();
                self.stores.push(Carrier { element: range, content });
            }
            Part::Packet { scope, is_xmp } => {
                let raw = &text[range.clone()];
                let packet = if is_xmp {
                    raw.to_owned()
                } else {
                    format!("<x:xmpmeta xmlns:x=\"{META}\"{scope}>{raw}</x:xmpmeta>")
                };
                let start = xpacket.unwrap_or(range.start);
                self.packets.push(Xmp { range: start..range.end, packet, is_xmp });
            }
        }
    }

    /// The prefix of the root and of what is added to it, with its colon.
    pub(super) fn prefix(&self) -> &'a str {
        self.root_name.strip_suffix("svg").unwrap_or_default()
    }
}
