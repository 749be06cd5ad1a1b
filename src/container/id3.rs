//! ID3v2 tags, versions 2.2 to 2.4, and the ID3v1 tag.
//!
//! An own reader, not a crate: what is wanted is where each frame stands in the file and which bytes carry a manifest,
//! with nothing allocated on the word of a length.

use std::ops::Range;

use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, be_u32, length, read_at, unpack},
};

/// A tag: id3.org, "ID3 tag version 2.4.0 - Main Structure", 3.
#[derive(Debug)]
pub(crate) struct Tag {
    /// Header, frames, padding and footer.
    pub(crate) range: Range<u64>,
    /// The major version: 2, 3 or 4.
    pub(crate) version: u8,
    pub(crate) frames: Vec<Frame>,
    /// Version 2.3 or 2.4 without extended header, footer and bytes put in: frames can be added behind its last.
    pub(crate) simple: bool,
    /// Where the frames break off, and why.
    pub(crate) broken: Option<(u64, &'static str)>,
}

/// A frame. Those of version 2.2 have the names of 2.3, where there is one.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) id: [u8; 4],
    /// Offset of its header.
    pub(crate) at: u64,
    /// Length as written, in bytes before unsynchronisation in 2.2 and 2.3.
    pub(crate) len: u64,
    /// What follows the header, in the file.
    body: Range<u64>,
    unsync: bool,
    compressed: bool,
    encrypted: bool,
    /// Bytes between header and content: sizes, group, method.
    extra: u64,
}

/// What a frame holds.
pub(crate) enum Content {
    Bytes(Vec<u8>),
    Encrypted,
    /// It cannot be read, and why.
    Damaged(&'static str),
}

const HEADER: u64 = 10;
/// Flags of the tag: 2.4.0 structure, 3.1.
const UNSYNC: u8 = 0x80;
const EXTENDED: u8 = 0x40;
const FOOTER: u8 = 0x10;

/// Offset behind the ID3v2 tags that stand at the start of the file.
pub(crate) fn leading(source: &mut dyn Source, format: Format) -> Result<u64> {
    let file = length(source)?;
    let mut at = 0;
    // Some programs put a tag before an old one; no file has many.
    for _ in 0..8 {
        match header(source, format, at, file, b"ID3")? {
            Some(head) => at = head.range.end.min(file),
            None => break,
        }
    }
    Ok(at)
}

struct Head {
    version: u8,
    flags: u8,
    range: Range<u64>,
    /// Between header and footer.
    body: Range<u64>,
}

/// The header at `at`, or the footer for the magic `3DI`, whose range ends there.
fn header(source: &mut dyn Source, format: Format, at: u64, file: u64, magic: &[u8; 3]) -> Result<Option<Head>> {
    if file.saturating_sub(at) < HEADER {
        return Ok(None);
    }
    let bytes = read_at(source, format, at, HEADER)?;
    let &[a, b, c, version, revision, flags, ref size @ ..] = bytes.as_slice() else { return Ok(None) };
    let Some(size) = be_u32(size, 0).and_then(synchsafe) else { return Ok(None) };
    if [a, b, c] != *magic || version == 0xFF || revision == 0xFF {
        return Ok(None);
    }
    let footer = if version >= 4 && flags & FOOTER != 0 { HEADER } else { 0 };
    let start = if magic == b"ID3" { Some(at) } else { at.checked_sub(size + HEADER) };
    let Some(start) = start else { return Ok(None) };
    let body = start + HEADER..start + HEADER + size;
    Ok(Some(Head { version, flags, range: start..body.end + footer, body }))
}

/// Four times seven bits; `None` where an eighth is set.
fn synchsafe(number: u32) -> Option<u64> {
    let [a, b, c, d] = number.to_be_bytes().map(u64::from);
    ((a | b | c | d) < 0x80).then_some(a << 21 | b << 14 | c << 7 | d)
}

/// Offset of the tag whose footer ends at `end`.
pub(crate) fn appended(source: &mut dyn Source, format: Format, end: u64) -> Result<Option<u64>> {
    let Some(at) = end.checked_sub(HEADER) else { return Ok(None) };
    Ok(header(source, format, at, end, b"3DI")?.map(|head| head.range.start))
}

/// Walks the tag at `at`; `None` where there is none. Frames that cannot be told apart any more are no error.
pub(crate) fn read(source: &mut dyn Source, format: Format, at: u64, budget: &mut Budget) -> Result<Option<Tag>> {
    let file = length(source)?;
    let Some(head) = header(source, format, at, file, b"ID3")? else { return Ok(None) };
    let range = head.range.start..head.range.end.min(file);
    let mut tag = Tag {
        range,
        version: head.version,
        frames: Vec::new(),
        simple: head.version > 2 && head.flags == 0,
        broken: None,
    };
    if !(2..=4).contains(&head.version) {
        tag.broken = Some((at, "its version is unknown"));
        return Ok(Some(tag));
    }
    if head.version == 2 && head.flags & EXTENDED != 0 {
        // 2.2.0, 3.1: a compression that was never defined.
        tag.broken = Some((at, "it is compressed in a way that nobody has defined"));
        return Ok(Some(tag));
    }
    let end = head.body.end.min(file);
    // Up to 2.3 it holds for the tag as a whole, with its sizes.
    let whole = head.version < 4 && head.flags & UNSYNC != 0;
    let mut plain = Plain::new(source, format, head.body.start..end, whole);
    if head.version > 2 && head.flags & EXTENDED != 0 {
        let size = plain.take(4)?;
        let size = be_u32(&size, 0).unwrap_or_default();
        plain.skip(if head.version == 3 { size.into() } else { synchsafe(size).unwrap_or(4).saturating_sub(4) })?;
    }
    let all = head.version == 4 && head.flags & UNSYNC != 0;
    while let Step::Frame(frame) = step(&mut plain, head.version, all, &mut tag.broken)? {
        budget.part()?;
        tag.frames.push(frame);
    }
    if head.body.end > file {
        tag.broken = tag.broken.or(Some((file, "the file ends inside it")));
    }
    Ok(Some(tag))
}

enum Step {
    Frame(Frame),
    End,
}

fn step(plain: &mut Plain, version: u8, all: bool, broken: &mut Option<(u64, &'static str)>) -> Result<Step> {
    let at = plain.at();
    let head = plain.take(if version == 2 { 6 } else { HEADER })?;
    // Zeros are padding, and less than a header too.
    if head.first().is_none_or(|&byte| byte == 0) || head.len() < if version == 2 { 6 } else { 10 } {
        return Ok(Step::End);
    }
    let name = if version == 2 { &head[..3] } else { &head[..4] };
    if !name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ') {
        *broken = Some((at, "a frame has no name"));
        return Ok(Step::End);
    }
    let (len, flags) = match (version, &head[3..]) {
        (2, &[a, b, c]) => (u64::from(u32::from_be_bytes([0, a, b, c])), 0),
        (3, &[_, a, b, c, d, _, flags]) => (u64::from(u32::from_be_bytes([a, b, c, d])), flags),
        (4, &[_, a, b, c, d, _, flags]) => (plain.size(u32::from_be_bytes([a, b, c, d]))?, flags),
        _ => return Ok(Step::End),
    };
    let start = plain.at();
    if !plain.skip(len)? {
        *broken = Some((at, "a frame is longer than the tag"));
        return Ok(Step::End);
    }
    let has = |bit: u8| flags & bit != 0;
    // 2.3.0, 3.3.1 and 2.4.0 structure, 4.1.2.
    let (compressed, encrypted, grouped, sized) = match version {
        3 => (has(0x80), has(0x40), has(0x20), has(0x80)),
        4 => (has(0x08), has(0x04), has(0x40), has(0x01)),
        _ => (false, name == b"CRM", false, false),
    };
    let extra = u64::from(encrypted && version > 2) + u64::from(grouped) + if sized { 4 } else { 0 };
    Ok(Step::Frame(Frame {
        id: id(name),
        at,
        len,
        body: start..plain.at(),
        unsync: plain.unsync || version == 4 && (all || has(0x02)),
        compressed,
        encrypted,
        extra,
    }))
}

/// The name that versions 2.3 and 2.4 have for it: 2.2.0, 4.
fn id(name: &[u8]) -> [u8; 4] {
    match name {
        b"TXX" => *b"TXXX",
        b"COM" => *b"COMM",
        b"ULT" => *b"USLT",
        b"WXX" => *b"WXXX",
        b"WAS" => *b"WOAS",
        b"WAF" => *b"WOAF",
        b"GEO" => *b"GEOB",
        b"TT2" => *b"TIT2",
        b"TP1" => *b"TPE1",
        b"TSS" => *b"TSSE",
        b"TEN" => *b"TENC",
        b"TCR" => *b"TCOP",
        b"TPB" => *b"TPUB",
        &[a, b, c] => [a, b, c, b' '],
        &[a, b, c, d] => [a, b, c, d],
        _ => *b"    ",
    }
}

impl Frame {
    /// The content, unpacked.
    pub(crate) fn read(&self, source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Content> {
        if self.encrypted {
            return Ok(Content::Encrypted);
        }
        budget.metadata(self.len)?;
        let mut plain = Plain::new(source, format, self.body.clone(), self.unsync);
        let (extra, mut bytes) = (plain.take(self.extra)?, plain.take(self.len)?);
        if extra.len() as u64 != self.extra {
            return Ok(Content::Damaged("it is shorter than its own flags ask for"));
        }
        if self.compressed {
            let max = budget.limits().max_metadata_bytes;
            let mut inflated = Vec::new();
            let more = unpack(flate2::read::ZlibDecoder::new(&bytes[..]), max, &mut inflated);
            budget.metadata(inflated.len() as u64)?;
            match more {
                Ok(false) => {}
                Ok(true) => return Ok(Content::Damaged("it inflates to more than the limit for metadata")),
                Err(_) => return Ok(Content::Damaged("it cannot be inflated")),
            }
            bytes = inflated;
        }
        Ok(Content::Bytes(bytes))
    }

    /// The range of the file that holds the content from its byte `from` on; `None` where it is packed.
    pub(crate) fn range(&self, source: &mut dyn Source, format: Format, from: usize) -> Result<Option<Range<u64>>> {
        if self.compressed || self.encrypted {
            return Ok(None);
        }
        let mut plain = Plain::new(source, format, self.body.clone(), self.unsync);
        plain.skip(self.extra.saturating_add(from as u64))?;
        Ok(Some(plain.at()..self.body.end))
    }
}

/// Bytes as they were before unsynchronisation, which puts a zero after every FF that needs one: 2.4.0 structure, 6.1.
struct Plain<'a> {
    source: &'a mut dyn Source,
    format: Format,
    /// Read ahead; what was used of it is before `used`.
    block: Vec<u8>,
    used: usize,
    /// Offset behind `block`.
    read: u64,
    end: u64,
    unsync: bool,
}

const BLOCK: u64 = 8192;

impl<'a> Plain<'a> {
    fn new(source: &'a mut dyn Source, format: Format, range: Range<u64>, unsync: bool) -> Self {
        Self { source, format, block: Vec::new(), used: 0, read: range.start, end: range.end, unsync }
    }

    /// Offset of the next byte.
    fn at(&self) -> u64 {
        self.read - (self.block.len() - self.used) as u64
    }

    fn raw(&mut self) -> Result<Option<u8>> {
        if self.used == self.block.len() {
            self.block = read_at(self.source, self.format, self.read, BLOCK.min(self.end - self.read))?;
            (self.used, self.read) = (0, self.read + self.block.len() as u64);
        }
        let byte = self.block.get(self.used).copied();
        self.used += usize::from(byte.is_some());
        Ok(byte)
    }

    fn next(&mut self) -> Result<Option<u8>> {
        let byte = self.raw()?;
        if self.unsync && byte == Some(0xFF) {
            match self.raw()? {
                None | Some(0) => {}
                Some(_) => self.used -= 1,
            }
        }
        Ok(byte)
    }

    /// Up to `len` bytes: fewer where the tag ends before.
    fn take(&mut self, len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if self.unsync {
            while (bytes.len() as u64) < len {
                let Some(byte) = self.next()? else { break };
                bytes.push(byte);
            }
        } else {
            let at = self.at();
            bytes = read_at(self.source, self.format, at, len.min(self.end - at))?;
            (self.block, self.used, self.read) = (Vec::new(), 0, at + bytes.len() as u64);
        }
        Ok(bytes)
    }

    /// Passes over `len` bytes; `false` where there are not so many.
    fn skip(&mut self, len: u64) -> Result<bool> {
        if self.unsync {
            for _ in 0..len {
                if self.next()?.is_none() {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let at = self.at();
        (self.block, self.used, self.read) = (Vec::new(), 0, at.saturating_add(len).min(self.end));
        Ok(len <= self.end - at)
    }

    /// The size of a frame of version 2.4. iTunes wrote plain numbers for years: what leads to another frame is right.
    fn size(&mut self, number: u32) -> Result<u64> {
        let plain = u64::from(number);
        let Some(safe) = synchsafe(number) else { return Ok(plain) };
        if safe == plain || self.leads(safe)? || !self.leads(plain)? {
            return Ok(safe);
        }
        Ok(plain)
    }

    /// Whether a frame, padding or the end of the tag stands `len` bytes on.
    fn leads(&mut self, len: u64) -> Result<bool> {
        let Some(at) = self.at().checked_add(len).filter(|at| *at <= self.end) else { return Ok(false) };
        let next = read_at(self.source, self.format, at, 4.min(self.end - at))?;
        let name = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        Ok(next.first().is_none_or(|&byte| byte == 0) || next.len() == 4 && next.iter().all(name))
    }
}

/// The fields of an ID3v1 tag that ends at `end`: title, artist, album, comment.
pub(crate) fn version1(
    source: &mut dyn Source,
    format: Format,
    end: u64,
) -> Result<Option<Vec<(&'static str, String)>>> {
    let Some(at) = end.checked_sub(128) else { return Ok(None) };
    let bytes = read_at(source, format, at, 128)?;
    if !bytes.starts_with(b"TAG") {
        return Ok(None);
    }
    let fields = [("Title", 3..33), ("Artist", 33..63), ("Album", 63..93), ("Comment", 97..127)];
    let text = |range: Range<usize>| {
        let field = bytes.get(range).unwrap_or_default();
        let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
        text::decode(3, &field[..end]).trim_end().to_owned()
    };
    Ok(Some(fields.into_iter().map(|(key, range)| (key, text(range))).filter(|(_, text)| !text.is_empty()).collect()))
}

pub(crate) mod edit;
pub(crate) mod text;

#[cfg(test)]
mod tests;
