//! SVG 1.1 and 2. The notice is drawn as shapes, over everything else; nothing that is there is written anew.

mod cost;
mod frame;
mod map;

use std::{io::Read, ops::Range};

use base64::{Engine, prelude::BASE64_STANDARD};

use self::map::{C2PA, Map, NOTICE_ID, SVG, map};
use super::{Block, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Store, Survey};
use crate::{
    Error, Format, Limits, Result,
    container::{
        xml::{Item, Walk, escape},
        xmp::decode,
    },
    limits::Budget,
    notice::{Notice, Raster},
    patch::Patch,
    record,
    stream::{Source, read_all},
};

pub(super) struct Svg;

const FACTS: Facts = Facts {
    name: "SVG",
    media_types: &["image/svg+xml"],
    extensions: &["svg"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "UTF-8 only, not compressed (.svgz); positions are given for a frame of 240 to 1500 px with the \
                  drawing's proportions",
};

/// Gzip: RFC 1952, 2.3.1.
const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Handler for Svg {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        if head.starts_with(&GZIP) {
            let mut inflated = Vec::new();
            // The head is cut: what came before the cut is enough.
            let _ = flate2::read::GzDecoder::new(head).take(4096).read_to_end(&mut inflated);
            return is_svg(&inflated);
        }
        is_svg(head)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let file = File::read(source, budget)?;
        let map = map(file.text(), budget)?;
        let range = |range: &Range<usize>| file.at(range.start)..file.at(range.end);
        let mut survey =
            Survey { media_type: FACTS.media_types[0], stored: Some(map.view.frame()), frames: 1, ..Survey::default() };
        for store in &map.stores {
            let content = &file.text()[store.content.clone()];
            budget.metadata(content.len() as u64)?;
            // What is no Base64 is kept as it is: a store that cannot be read, not a file that cannot.
            let jumbf = BASE64_STANDARD.decode(content).unwrap_or_else(|_| content.as_bytes().to_vec());
            survey.stores.push(Store { carrier: vec![range(&store.content)], jumbf });
        }
        for packet in &map.packets {
            budget.metadata(packet.packet.len() as u64)?;
            let place = format!("metadata element at byte {}", file.at(packet.range.start));
            survey.xmp.push(Block { range: range(&packet.range), place, bytes: packet.packet.clone().into_bytes() });
        }
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let file = File::read(source, budget)?;
        let map = map(file.text(), budget)?;
        let mut marked = Marked::default();
        let mut edits = Edits { file: &file, patch: &mut marked.patch };
        if label.notice.is_none() && label.record.is_none() && label.store_len.is_none() {
            map.stores.iter().for_each(|store| edits.replace(store.element.clone(), ""));
            return Ok(marked);
        }
        if label.store_len.is_some() && map.root_name != "svg" {
            let what =
                format!("its root is {}; C2PA readers find a manifest under svg only, without a prefix", map.root_name);
            return Err(Error::unsupported(Format::Svg, what));
        }
        edits.encoding(&map)?;
        let drawn = label.notice.filter(|notice| notice.strip == 0).map(|notice| group(notice, &map));
        let (known, packet) = merged(&map, label, budget)?;
        // Insertions first: at one place they have to come before what is replaced there.
        let added = if known.is_none() { packet.as_slice() } else { &[] };
        edits.place(&map, added, label.store_len, drawn.as_deref().unwrap_or_default());
        map.stores.iter().for_each(|store| edits.replace(store.element.clone(), ""));
        if let Some(known) = known {
            edits.replace(known, packet);
        }
        if drawn.is_some() {
            map.notices.iter().for_each(|older| edits.replace(older.clone(), ""));
            marked.noticed = true;
        } else if label.notice.is_some() {
            let why = "no notice: the drawing is too long and narrow for legible words; show the warning beside it";
            marked.remarks.push(why.into());
        }
        Ok(marked)
    }

    fn picture(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        let file = File::read(source, budget)?;
        let map = map(file.text(), budget)?;
        draw(&file, &map, budget).map(Some)
    }

    /// The outlines are looked for where they must stand, as the last elements: drawing a picture takes many times as long
    /// as labelling it.
    fn shows(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        notice: &Notice,
        budget: &mut Budget,
    ) -> Result<Option<bool>> {
        let file = File::read(source, budget)?;
        let map = map(file.text(), budget)?;
        let Some(end) = &map.end else { return Ok(Some(false)) };
        let drawn = group(notice, &map);
        Ok(Some(file.text()[..end.start].ends_with(&drawn)))
    }
}

fn is_svg(head: &[u8]) -> bool {
    let text = match decode(head) {
        Ok(text) => text,
        // The head may be cut within a character.
        Err(_) => String::from_utf8_lossy(head),
    };
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with('<') {
        return false;
    }
    let mut budget = Budget::new(&Limits::default());
    let mut walk = Walk::new(text);
    loop {
        match walk.next(&mut budget) {
            Ok(Some(node)) => match node.item {
                Item::Open { name, .. } => return name.is(SVG, "svg"),
                Item::Text(text) if !text.trim().is_empty() => return false,
                Item::Close | Item::Reference => return false,
                _ => {}
            },
            // Cut within a long start tag.
            Err(_) => return text.contains("<svg") && text.contains(SVG),
            Ok(None) => return false,
        }
    }
}

/// A file as text.
struct File {
    text: String,
    /// Length of the byte order mark.
    mark: usize,
}

impl File {
    fn read(source: &mut dyn Source, budget: &Budget) -> Result<Self> {
        let bytes = read_all(source, budget)?;
        let unsupported = |what| Err(Error::unsupported(Format::Svg, what));
        if bytes.starts_with(&GZIP) {
            return unsupported("compressed SVG (.svgz); decompress it first, with `gunzip -S .svgz`");
        }
        if bytes.starts_with(&[0xfe, 0xff])
            || bytes.starts_with(&[0xff, 0xfe])
            || bytes.get(..64).is_some_and(|h| h.contains(&0))
        {
            return unsupported("SVG in UTF-16 or UTF-32; convert it to UTF-8 first, with `iconv`");
        }
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self { text, mark }),
            Err(_) => {
                unsupported("SVG that is not UTF-8; convert it first, with `iconv`, and change its XML declaration")
            }
        }
    }

    /// The text after the byte order mark.
    fn text(&self) -> &str {
        &self.text[self.mark..]
    }

    /// The byte of the file at which a byte of the text stands.
    fn at(&self, position: usize) -> u64 {
        (position + self.mark) as u64
    }
}

/// Edits by bytes of the text.
struct Edits<'a> {
    file: &'a File,
    patch: &'a mut Patch,
}

impl Edits<'_> {
    fn replace(&mut self, range: Range<usize>, with: impl Into<Vec<u8>>) {
        self.patch.replace(self.file.at(range.start)..self.file.at(range.end), with.into());
    }

    fn insert(&mut self, at: usize, bytes: impl Into<Vec<u8>>) {
        self.replace(at..at, bytes);
    }

    /// What is added is UTF-8: the declaration has to say so.
    fn encoding(&mut self, map: &Map) -> Result<()> {
        let text = self.file.text();
        let Some(declaration) = map.declaration.clone() else { return Ok(()) };
        let Some(start) = text[declaration.clone()].find("encoding").map(|at| declaration.start + at) else {
            return Ok(());
        };
        let rest = &text[start..declaration.end];
        let Some((quote, mark)) = rest.match_indices(['"', '\'']).next() else { return Ok(()) };
        let value = &rest[quote + 1..];
        let Some(len) = value.find(mark) else {
            let why = "the encoding in the XML declaration has no closing quotation mark; add it";
            return Err(Error::malformed(Format::Svg, self.file.at(start + quote), why));
        };
        let value = &value[..len];
        if value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8") {
            return Ok(());
        }
        if !text.is_ascii() {
            let what = format!("its XML declaration says {value}; convert it to UTF-8 first, with `iconv`");
            return Err(Error::unsupported(Format::Svg, what));
        }
        let at = start + quote + 1;
        self.replace(at..at + value.len(), "UTF-8");
        Ok(())
    }

    /// Puts a new packet and the store into `metadata`, and the notice at the end.
    fn place(&mut self, map: &Map, packet: &[u8], store_len: Option<usize>, drawn: &str) {
        let prefix = map.prefix();
        let opened = |tag: &str| format!("{}>", tag.trim_end_matches("/>"));
        let text = self.file.text();
        if map.end.is_none() {
            self.replace(map.root.clone(), opened(&text[map.root.clone()]));
        }
        if !packet.is_empty() || store_len.is_some() {
            let (at, close) = match &map.metadata {
                Some(metadata) if metadata.empty => {
                    self.replace(metadata.tag.clone(), opened(&text[metadata.tag.clone()]));
                    (metadata.tag.end, true)
                }
                Some(metadata) => (metadata.tag.end, false),
                None => {
                    self.insert(map.head, format!("<{prefix}metadata>"));
                    (map.head, true)
                }
            };
            // The store first: exiftool takes a file whose first kilobyte holds a packet for XMP, not for SVG.
            if let Some(len) = store_len {
                self.insert(at, format!("<c2pa:manifest xmlns:c2pa=\"{C2PA}\">"));
                self.patch.slot(self.file.at(at), len, Box::new(|store| BASE64_STANDARD.encode(store).into_bytes()));
                self.insert(at, "</c2pa:manifest>");
            }
            self.insert(at, packet);
            if close {
                self.insert(at, format!("</{prefix}metadata>"));
            }
        }
        match &map.end {
            Some(end) => self.insert(end.start, drawn),
            None => self.insert(map.root.end, format!("{drawn}</{}>", map.root_name)),
        }
    }
}

/// The record's packet, and the place of the one that it replaces.
fn merged(map: &Map, label: &Label, budget: &mut Budget) -> Result<(Option<Range<usize>>, Vec<u8>)> {
    let Some(record) = label.record else { return Ok((None, Vec::new())) };
    // Bare RDF is taken for XMP only where it looks like it: Inkscape keeps its licence there.
    let known = map.packets.iter().find(|packet| packet.is_xmp);
    let known = known.or_else(|| map.packets.iter().find(|packet| packet.packet.contains("Description")));
    let merged = record::merge(known.map(|packet| packet.packet.as_bytes()), record, budget)?;
    Ok((known.map(|packet| packet.range.clone()), merged))
}

/// The notice as shapes. What hides shapes is said otherwise twice: as attributes, for simple viewers, and as style,
/// which the rules of a style sheet in the file do not overrule, except in resvg where they are important too. (ImageMagick
/// refuses colours marked as important.)
fn group(notice: &Notice, map: &Map) -> String {
    let (view, prefix) = (map.view, map.prefix());
    let (x, y) = (view.width / f64::from(notice.frame.width), view.height / f64::from(notice.frame.height));
    let (left, top) = (view.x + f64::from(notice.rect.x) * x, view.y + f64::from(notice.rect.y) * y);
    let words = escape(&notice.lines.join(" / "));
    let shown = |transform: &str| {
        format!(
            "transform=\"{transform}\" style=\"display:inline!important;visibility:visible!important;\
             opacity:1!important;transform:{transform}!important;\
             translate:none!important;rotate:none!important;scale:none!important;offset-path:none!important;\
             mix-blend-mode:normal!important;clip-path:none!important;mask:none!important;filter:none!important"
        )
    };
    let filled = |[r, g, b]: [u8; 3], transform: &str| {
        let colour = format!("#{r:02x}{g:02x}{b:02x}");
        format!(
            "fill=\"{colour}\" fill-rule=\"nonzero\" stroke=\"none\" {};fill:{colour};fill-opacity:1!important;\
             fill-rule:nonzero;stroke:none\"",
            shown(transform)
        )
    };
    // With commas: CSS asks for them.
    let placed = shown(&format!("matrix({x},0,0,{y},{left},{top})"));
    let plate = filled(notice.plate, "matrix(1,0,0,1,0,0)");
    let text = filled(notice.text, &format!("matrix(1,0,0,1,{},{})", notice.shift.0, notice.shift.1));
    let (width, height, outline) = (notice.rect.width, notice.rect.height, &notice.outline);
    format!(
        "<{prefix}g id=\"{NOTICE_ID}\" role=\"img\" aria-label=\"{words}\" {placed}\">\
         <{prefix}title>{words}</{prefix}title><{prefix}rect width=\"{width}\" height=\"{height}\" {plate}/>\
         <{prefix}path d=\"{outline}\" {text}/></{prefix}g>"
    )
}

/// Draws the view into its frame, over white.
fn draw(file: &File, map: &Map, budget: &Budget) -> Result<Raster> {
    let (text, view, size) = (file.text(), map.view, map.view.frame());
    budget.raster(size.width, size.height, 4)?;
    let failed = |error| Error::backend(Format::Svg, "draw", error);
    // The frame is ours, so that a notice is looked for where it was placed.
    let replaced = ["width", "height", "viewBox", "preserveAspectRatio"];
    let kept = map.attributes.iter().filter(|attribute| !replaced.contains(&attribute.name.raw));
    let kept: String = kept.map(|attribute| format!(" {}", &text[attribute.range.clone()])).collect();
    let tag = format!(
        "<{}{kept} width=\"{}\" height=\"{}\" viewBox=\"{} {} {} {}\" preserveAspectRatio=\"none\"{}>",
        map.root_name,
        size.width,
        size.height,
        view.x,
        view.y,
        view.width,
        view.height,
        if map.end.is_none() { "/" } else { "" }
    );
    let framed = [&text[..map.root.start], &tag, &text[map.root.end..]].concat();
    // Nothing that the file names is fetched or read.
    let options = resvg::usvg::Options {
        image_href_resolver: resvg::usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Default::default()
    };
    let tree = resvg::usvg::Tree::from_str(&framed, &options).map_err(failed)?;
    cost::check(&tree, size)?;
    let mut pixels = resvg::tiny_skia::Pixmap::new(size.width, size.height)
        .ok_or_else(|| Error::malformed(Format::Svg, 0, "its size is nothing"))?;
    pixels.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(&tree, resvg::tiny_skia::Transform::identity(), &mut pixels.as_mut());
    let rgb = pixels.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok(Raster { size, rgb })
}

#[cfg(test)]
mod tests;
