//! Matroska and WebM: RFC 9559. The record stands in tags behind everything else; C2PA knows no place for a manifest in them: that
//! stands in a file beside. A notice is drawn into the pictures by ffmpeg before.

mod mark;

use std::ops::Range;

use super::{
    Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey,
    tags::{Scan, shorten},
};
use crate::{
    Error, Format, Result,
    container::ebml::{Element, element},
    geometry::Size,
    limits::Budget,
    stream::{Source, length, read_at},
};

pub(super) struct Matroska;

const FACTS: Facts = Facts {
    name: "Matroska",
    media_types: &["video/matroska", "audio/matroska", "video/webm", "audio/webm", "video/x-matroska"],
    extensions: &["mkv", "webm", "mka", "mk3d"],
    medium: Medium::Video,
    can_label: true,
    notice: Carries::Reencoded,
    binding: HardBinding::Beside,
    limitations: "the manifest goes into a file beside it; the notice is a banner on every frame, which needs ffmpeg; no opening card; attached files are named, not read",
};

/// Identifiers: RFC 8794, 11.2, and RFC 9559, 5.1.
const EBML: u32 = 0x1A45_DFA3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1F43_B675;
const INFO: u32 = 0x1549_A966;
const TITLE: u32 = 0x7BA9;
const MUXING_APP: u32 = 0x4D80;
const WRITING_APP: u32 = 0x5741;
const TRACKS: u32 = 0x1654_AE6B;
const TRACK_ENTRY: u32 = 0xAE;
const TRACK_NAME: u32 = 0x536E;
const TRACK_TYPE: u32 = 0x83;
const VIDEO: u32 = 0xE0;
const PIXEL_WIDTH: u32 = 0xB0;
const PIXEL_HEIGHT: u32 = 0xBA;
const ATTACHMENTS: u32 = 0x1941_A469;
const ATTACHED_FILE: u32 = 0x61A7;
const FILE_NAME: u32 = 0x466E;
const FILE_TYPE: u32 = 0x4660;
const FILE_DESCRIPTION: u32 = 0x467E;
const TAGS: u32 = 0x1254_C367;
const TAG: u32 = 0x7373;
const SIMPLE_TAG: u32 = 0x67C8;
const TAG_NAME: u32 = 0x45A3;
const TAG_STRING: u32 = 0x4487;
const TAG_BINARY: u32 = 0x4485;

impl Handler for Matroska {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let start = &head[..head.len().min(128)];
        let named = |name| memchr::memmem::find(start, name).is_some();
        start.starts_with(&EBML.to_be_bytes()) && (named(b"\x42\x82") && (named(b"matroska") || named(b"webm")))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let mut film = Film { scan: Scan::new(source, Format::Matroska, FACTS.media_types[0], budget), picture: false };
        let mut webm = false;
        let (mut at, mut segments) = (0, 0);
        while at < len {
            let Some(head) = film.next(at, len)? else { break };
            at = head.data.end;
            match head.id {
                EBML => webm = film.doc_type(&head)?.unwrap_or(webm),
                SEGMENT => {
                    segments += 1;
                    at = film.segment(&head)?;
                }
                // `Void` and others that later versions may define.
                _ if segments > 0 || head.unknown || head.cut => {
                    at = head.at;
                    break;
                }
                _ => {}
            }
        }
        if segments == 0 {
            return Err(Error::malformed(Format::Matroska, at, "there is no segment"));
        }
        let Film { scan: Scan { mut survey, .. }, picture } = film;
        survey.media_type = match (webm, picture) {
            (true, true) => "video/webm",
            (true, false) => "audio/webm",
            (false, true) => "video/matroska",
            (false, false) => "audio/matroska",
        };
        survey.trailer = (at < len).then_some(at..len);
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let mut marked = Marked::default();
        if let Some(record) = label.record {
            mark::tags(source, record, &mut marked.patch, budget)?;
        }
        if label.store_len.is_some() {
            marked.patch.beside();
        }
        Ok(marked)
    }
}

struct Film<'a> {
    scan: Scan<'a>,
    /// Whether there is a track with pictures.
    picture: bool,
}

impl Film<'_> {
    fn next(&mut self, at: u64, end: u64) -> Result<Option<Element>> {
        element(self.scan.source, Format::Matroska, at, end, self.scan.budget)
    }

    fn doc_type(&mut self, head: &Element) -> Result<Option<bool>> {
        let mut webm = None;
        for child in self.children(head.data.clone())? {
            if child.id == DOC_TYPE {
                webm = self.text(&child)?.map(|name| name == "webm");
            }
        }
        Ok(webm)
    }

    /// Walks a segment; returns the offset behind it. A cluster of unknown length is walked as if what stands in it stood
    /// in the segment: it ends where the next one begins (RFC 8794, 6.2), and nothing in it is wanted.
    fn segment(&mut self, segment: &Element) -> Result<u64> {
        let end = segment.data.end;
        if segment.cut {
            self.cut(segment);
        }
        let mut at = segment.data.start;
        while at < end {
            let Some(head) = self.next(at, end)? else {
                self.scan.unread(format!("no element can be read at byte {at}; what follows was not read"));
                return Ok(end);
            };
            if segment.unknown && matches!(head.id, EBML | SEGMENT) {
                return Ok(at);
            }
            at = if head.unknown && head.id == CLUSTER { head.data.start } else { head.data.end };
            if head.unknown && head.id != CLUSTER {
                self.scan.unread(format!("the element at byte {} has no length; what follows was not read", head.at));
                return Ok(end);
            }
            if head.cut {
                self.cut(&head);
            }
            match head.id {
                INFO => self.info(head.data)?,
                TRACKS => self.tracks(head.data)?,
                ATTACHMENTS => self.attachments(head.data)?,
                TAGS => self.tags(head.data)?,
                _ => {}
            }
        }
        Ok(end)
    }

    fn cut(&mut self, head: &Element) {
        self.scan.unread(format!(
            "the element {:X} at byte {} is longer than what holds it; the rest is missing",
            head.id, head.at
        ));
    }

    /// The elements in `range`, as far as they can be told apart.
    fn children(&mut self, range: Range<u64>) -> Result<Vec<Element>> {
        let (mut found, mut at) = (Vec::new(), range.start);
        while at < range.end {
            match self.next(at, range.end)?.filter(|head| !head.unknown && !head.cut) {
                Some(head) => {
                    at = head.data.end;
                    found.push(head);
                }
                None => {
                    self.scan.unread(format!("the metadata at byte {at} is damaged and was not read to its end"));
                    break;
                }
            }
        }
        Ok(found)
    }

    /// A string element: RFC 8794, 7.4 and 7.5; zeros may fill it up.
    fn text(&mut self, head: &Element) -> Result<Option<String>> {
        let bytes = self.scan.short(head.data.clone(), &format!("the text at byte {}", head.at))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()))
    }

    fn number(&mut self, head: &Element) -> Result<Option<u32>> {
        let bytes =
            read_at(self.scan.source, Format::Matroska, head.data.start, (head.data.end - head.data.start).min(9))?;
        let value = bytes.iter().try_fold(0_u64, |value, &byte| Some(value.checked_mul(256)? | u64::from(byte)));
        Ok(value.and_then(|value| u32::try_from(value).ok()))
    }

    fn info(&mut self, range: Range<u64>) -> Result<()> {
        for head in self.children(range)? {
            let (key, name) = match head.id {
                TITLE => ("Title", "Title"),
                MUXING_APP => ("MuxingApp", "MuxingApp"),
                WRITING_APP => ("Software", "WritingApp"),
                _ => continue,
            };
            if let Some(text) = self.text(&head)? {
                self.scan.text(key, text, format!("{name} element at byte {}", head.at));
            }
        }
        Ok(())
    }

    fn tracks(&mut self, range: Range<u64>) -> Result<()> {
        for entry in self.children(range)?.into_iter().filter(|head| head.id == TRACK_ENTRY) {
            for head in self.children(entry.data)? {
                match head.id {
                    TRACK_TYPE => self.picture |= self.number(&head)? == Some(1),
                    TRACK_NAME => {
                        if let Some(text) = self.text(&head)? {
                            self.scan.text("TrackName", text, format!("Name element at byte {}", head.at));
                        }
                    }
                    VIDEO => self.size(head.data)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn size(&mut self, range: Range<u64>) -> Result<()> {
        let (mut width, mut height) = (None, None);
        for head in self.children(range)? {
            match head.id {
                PIXEL_WIDTH => width = self.number(&head)?,
                PIXEL_HEIGHT => height = self.number(&head)?,
                _ => {}
            }
        }
        let size = width.zip(height).map(|(width, height)| Size { width, height });
        self.scan.survey.stored = self.scan.survey.stored.or(size.filter(|size| size.width > 0 && size.height > 0));
        Ok(())
    }

    /// Names of attached files; the files are not read.
    fn attachments(&mut self, range: Range<u64>) -> Result<()> {
        for file in self.children(range)?.into_iter().filter(|head| head.id == ATTACHED_FILE) {
            let place = format!("attached file at byte {}", file.at);
            for head in self.children(file.data)? {
                let key = match head.id {
                    FILE_NAME => "FileName",
                    FILE_TYPE => "FileMediaType",
                    FILE_DESCRIPTION => "FileDescription",
                    _ => continue,
                };
                let Some(text) = self.text(&head)? else { continue };
                if head.id == FILE_TYPE
                    && matches!(text.as_str(), "application/c2pa" | "application/x-c2pa-manifest-store")
                {
                    self.scan.skipped(
                        &place,
                        "it calls itself a C2PA manifest, for which C2PA defines no place in Matroska",
                    );
                }
                self.scan.text(key, text, place.as_str());
            }
        }
        Ok(())
    }

    fn tags(&mut self, range: Range<u64>) -> Result<()> {
        for tag in self.children(range)?.into_iter().filter(|head| head.id == TAG) {
            for head in self.children(tag.data)?.into_iter().filter(|head| head.id == SIMPLE_TAG) {
                self.simple_tag(&head, "", 3)?;
            }
        }
        Ok(())
    }

    /// A tag, and those that say more about it: RFC 9559, 5.1.8.1.2.
    fn simple_tag(&mut self, tag: &Element, about: &str, depth: u32) -> Result<()> {
        self.scan.budget.depth(depth)?;
        let children = self.children(tag.data.clone())?;
        let mut name = String::new();
        if let Some(head) = children.iter().find(|head| head.id == TAG_NAME) {
            name = self.text(head)?.unwrap_or_default();
            shorten(&mut name);
        }
        let path = if about.is_empty() { name.clone() } else { format!("{about}/{name}") };
        for head in &children {
            match head.id {
                TAG_STRING | TAG_BINARY => {
                    let bytes = self.text(head)?.filter(|text| head.id == TAG_STRING || text.starts_with('{'));
                    if let Some(text) = bytes {
                        self.scan.text(name.as_str(), text, format!("SimpleTag {path} at byte {}", tag.at));
                    }
                }
                SIMPLE_TAG => self.simple_tag(head, &path, depth + 1)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
