//! Puts frames into an ID3v2 tag; those of others stay where and as they are.

use std::ops::Range;

use super::{Frame, Tag};
use crate::{Error, Format, Result, patch::Patch};

/// Frames to be put into the tag at the start of a file.
pub(crate) struct Edit<'a> {
    format: Format,
    /// The tag that is changed; without one, a new one is put in front.
    tag: Option<&'a Tag>,
    /// 3 or 4: frames of the two differ in how lengths and text are written.
    version: u8,
    frames: Vec<u8>,
    dropped: Vec<Range<u64>>,
    /// What stands before an object that is put in later, and its length.
    object: Option<(Vec<u8>, usize)>,
}

impl<'a> Edit<'a> {
    /// `tag` is the first of the file. One of version 2.2, or one with bytes put in or frames broken off, is left alone, and a new
    /// one stands before it.
    pub(crate) fn new(format: Format, tag: Option<&'a Tag>) -> Self {
        let tag = tag.filter(|tag| tag.range.start == 0 && tag.simple && tag.broken.is_none());
        let version = tag.map_or(4, |tag| tag.version);
        Self { format, tag, version, frames: Vec::new(), dropped: Vec::new(), object: None }
    }

    /// Takes a frame of the tag out.
    pub(crate) fn remove(&mut self, frame: &Frame) {
        if self.tag.is_some_and(|tag| tag.range.contains(&frame.at)) {
            self.dropped.push(frame.at..frame.body.end);
        }
    }

    /// `TXXX`: a text with a name.
    pub(crate) fn text(&mut self, name: &str, text: &str) -> Result<()> {
        // ID3v2.4.0 structure, 4: UTF-8 is new in it.
        let content = match self.version {
            4 => [&[3], name.as_bytes(), &[0], text.as_bytes()].concat(),
            _ => [&[1], &*utf16(name), &[0, 0], &*utf16(text)].concat(),
        };
        self.frame(*b"TXXX", &content)
    }

    /// `PRIV`: bytes with an owner.
    pub(crate) fn private(&mut self, owner: &str, data: &[u8]) -> Result<()> {
        self.frame(*b"PRIV", &[owner.as_bytes(), &[0], data].concat())
    }

    /// `GEOB`, the last frame: an object of `len` bytes that is put in later.
    pub(crate) fn object(&mut self, media_type: &str, name: &str, about: &str, len: usize) -> Result<()> {
        let before = [&[0][..], media_type.as_bytes(), &[0], name.as_bytes(), &[0], about.as_bytes(), &[0]].concat();
        let head = self.head(*b"GEOB", before.len() as u64 + len as u64)?;
        self.object = Some(([head.as_slice(), &before].concat(), len));
        Ok(())
    }

    fn frame(&mut self, id: [u8; 4], content: &[u8]) -> Result<()> {
        let head = self.head(id, content.len() as u64)?;
        self.frames.extend(head);
        self.frames.extend_from_slice(content);
        Ok(())
    }

    fn head(&self, id: [u8; 4], len: u64) -> Result<Vec<u8>> {
        let len = match self.version {
            4 => synchsafe(len),
            _ => u32::try_from(len).ok().map(u32::to_be_bytes),
        };
        let len = len.ok_or_else(|| Error::unsupported(self.format, "ID3v2 frames hold at most 256 MiB"))?;
        Ok([&id[..], &len, &[0, 0]].concat())
    }

    /// Writes the tag. What pads it goes, because its length changes anyway.
    pub(crate) fn write(self, patch: &mut Patch) -> Result<()> {
        let object = self.object.as_ref().map_or(0, |(head, len)| head.len() + len) as u64;
        let added = self.frames.len() as u64 + object;
        let (start, end, kept) = match self.tag {
            Some(tag) => {
                let start = tag.range.start + 10;
                let end = tag.frames.last().map_or(start, |frame| frame.body.end);
                let dropped: u64 = self.dropped.iter().map(|range| range.end - range.start).sum();
                (tag.range.start, end, end - start - dropped)
            }
            None if added == 0 => return Ok(()),
            None => (0, 0, 0),
        };
        let len = synchsafe(kept + added)
            .ok_or_else(|| Error::unsupported(self.format, "ID3v2 tags hold at most 256 MiB"))?;
        let head = [&b"ID3"[..], &[self.version, 0, 0], &len].concat();
        match self.tag {
            Some(tag) => {
                patch.replace(start..start + 10, head);
                self.dropped.into_iter().for_each(|range| patch.delete(range));
                patch.insert(end, self.frames);
                slot(patch, end, self.object);
                if tag.range.end > end {
                    patch.delete(end..tag.range.end);
                }
            }
            None => {
                patch.insert(0, [head, self.frames].concat());
                slot(patch, 0, self.object);
            }
        }
        Ok(())
    }
}

/// The object alone may be left out of the hash: C2PA 2.4, A.3.4.
fn slot(patch: &mut Patch, at: u64, object: Option<(Vec<u8>, usize)>) {
    if let Some((head, len)) = object {
        patch.insert(at, head);
        patch.slot(at, len, Box::new(<[u8]>::to_vec));
    }
}

/// With its byte order in front.
fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// Four times seven bits.
fn synchsafe(number: u64) -> Option<[u8; 4]> {
    let part = |shift: u32| u8::try_from(number >> shift & 0x7F).ok();
    (number < 1 << 28).then_some([part(21)?, part(14)?, part(7)?, part(0)?])
}
