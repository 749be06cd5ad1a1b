//! The block grammar: GIF89a specification, appendix B.

use std::{
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    ops::Range,
};

use crate::{
    Error, Format, Result,
    geometry::{Rect, Size},
    limits::Budget,
    stream::{Source, length, read_at, read_into},
};

/// Header and logical screen descriptor.
pub(super) const PREAMBLE: u64 = 13;

/// The whole file, by blocks.
pub(super) struct Walk {
    /// Header and logical screen descriptor.
    pub(super) preamble: [u8; PREAMBLE as usize],
    /// The global colour table; empty where there is none.
    pub(super) table: Range<u64>,
    pub(super) parts: Vec<Part>,
    /// Where the trailer ends.
    pub(super) end: u64,
    /// Whether there is a trailer at all.
    pub(super) closed: bool,
    pub(super) len: u64,
}

/// One block, from its introducer to its terminator.
pub(super) struct Part {
    pub(super) range: Range<u64>,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    /// Extension 0xF9: packed fields, delay in two bytes, transparent index.
    Control([u8; 4]),
    /// Extension 0xFF: identifier with authentication code, and where its sub-blocks start.
    Application([u8; 11], u64),
    /// Extension 0xFE, and where its sub-blocks start.
    Comment(u64),
    Image(Image),
    /// Any other extension.
    Unknown,
    /// Zeros between blocks, which some writers leave there; no block at all.
    Padding,
}

/// An image descriptor and what follows it.
#[derive(Clone)]
pub(super) struct Image {
    /// On the logical screen; may hang over it.
    pub(super) rect: Rect,
    pub(super) packed: u8,
    /// The local colour table; empty where there is none.
    pub(super) table: Range<u64>,
    /// Where the LZW code size stands; the sub-blocks follow.
    pub(super) data: u64,
}

impl Walk {
    pub(super) fn of(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let mut preamble = [0; PREAMBLE as usize];
        read_into(source, Format::Gif, 0, &mut preamble)?;
        if !preamble.starts_with(b"GIF87a") && !preamble.starts_with(b"GIF89a") {
            return Err(malformed(0, "the signature is neither GIF87a nor GIF89a"));
        }
        let table = PREAMBLE..PREAMBLE + table_len(preamble[10]);
        let mut reader = Reader { reader: BufReader::with_capacity(16 * 1024, source), at: table.end, len };
        reader.reader.seek(SeekFrom::Start(table.end))?;
        let mut walk = Self { preamble, table, parts: Vec::new(), end: len, closed: false, len };
        if walk.table.end > len {
            return Err(malformed(PREAMBLE, "the global colour table is cut off"));
        }
        while reader.at < len {
            let start = reader.at;
            let kind = match reader.byte()? {
                0x3B => {
                    (walk.end, walk.closed) = (reader.at, true);
                    break;
                }
                0x21 => reader.extension()?,
                0x2C => reader.image()?,
                0 => Kind::Padding,
                other => return Err(malformed(start, format!("no block starts with {other:#04x}"))),
            };
            let range = start..reader.at;
            match walk.parts.last_mut() {
                Some(last) if matches!((&last.kind, &kind), (Kind::Padding, Kind::Padding)) => {
                    last.range.end = range.end
                }
                _ => {
                    budget.part()?;
                    walk.parts.push(Part { range, kind });
                }
            }
        }
        Ok(walk)
    }

    /// The logical screen; where a broken writer left it empty, what the frames cover.
    pub(super) fn screen(&self) -> Result<Size> {
        let side = |at: usize| u32::from(u16::from_le_bytes([self.preamble[at], self.preamble[at + 1]]));
        let mut size = Size { width: side(6), height: side(8) };
        if size.width == 0 || size.height == 0 {
            for (_, image) in self.images() {
                size.width = size.width.max(image.rect.x + image.rect.width);
                size.height = size.height.max(image.rect.y + image.rect.height);
            }
        }
        if size.width == 0 || size.height == 0 { Err(malformed(6, "the picture has no size")) } else { Ok(size) }
    }

    pub(super) fn images(&self) -> impl Iterator<Item = (&Part, &Image)> {
        self.parts.iter().filter_map(|part| match &part.kind {
            Kind::Image(image) => Some((part, image)),
            _ => None,
        })
    }
}

struct Reader<'a> {
    reader: BufReader<&'a mut dyn Source>,
    at: u64,
    len: u64,
}

impl Reader<'_> {
    fn byte(&mut self) -> Result<u8> {
        Ok(self.bytes::<1>()?[0])
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        if self.len - self.at < N as u64 {
            return Err(malformed(self.at, "a block is cut off by the end of the file"));
        }
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn skip(&mut self, len: u64) -> Result<()> {
        if self.len - self.at < len {
            return Err(malformed(self.at, "a block is cut off by the end of the file"));
        }
        self.reader.seek_relative(len as i64)?;
        self.at += len;
        Ok(())
    }

    fn sub_blocks(&mut self) -> Result<()> {
        loop {
            match self.byte()? {
                0 => return Ok(()),
                len => self.skip(len.into())?,
            }
        }
    }

    fn extension(&mut self) -> Result<Kind> {
        let label = self.byte()?;
        let start = self.at;
        let kind = match label {
            0xF9 => {
                let [len, fields @ ..] = self.bytes::<5>()?;
                if len != 4 {
                    return Err(malformed(start, format!("a graphic control extension of {len} bytes")));
                }
                Kind::Control(fields)
            }
            0xFF => {
                let [len, id @ ..] = self.bytes::<12>()?;
                if len != 11 {
                    return Err(malformed(start, format!("an application identifier of {len} bytes")));
                }
                Kind::Application(id, self.at)
            }
            0xFE => Kind::Comment(start),
            _ => Kind::Unknown,
        };
        self.sub_blocks()?;
        Ok(kind)
    }

    fn image(&mut self) -> Result<Kind> {
        let fields = self.bytes::<9>()?;
        let number = |at: usize| u32::from(u16::from_le_bytes([fields[at], fields[at + 1]]));
        let rect = Rect { x: number(0), y: number(2), width: number(4), height: number(6) };
        let table = self.at..self.at + table_len(fields[8]);
        self.skip(table.end - table.start)?;
        let data = self.at;
        self.skip(1)?;
        self.sub_blocks()?;
        Ok(Kind::Image(Image { rect, packed: fields[8], table, data }))
    }
}

/// Bytes of the colour table that packed fields announce.
fn table_len(packed: u8) -> u64 {
    if packed & 0x80 == 0 { 0 } else { 3 << ((packed & 7) + 1) }
}

/// The content of the sub-blocks at `range`, which [`Walk`] has checked.
pub(super) fn content(source: &mut dyn Source, range: Range<u64>) -> Result<Vec<u8>> {
    let raw = read_at(source, Format::Gif, range.start, range.end - range.start)?;
    let mut content = Vec::with_capacity(raw.len());
    let mut rest = &raw[..];
    while let Some((&len @ 1.., tail)) = rest.split_first() {
        let Some((piece, tail)) = tail.split_at_checked(len.into()) else { break };
        content.extend_from_slice(piece);
        rest = tail;
    }
    Ok(content)
}

/// Sub-blocks with their terminator.
pub(super) fn sub_blocks(content: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(content.len() + content.len() / 255 + 2);
    for piece in content.chunks(255) {
        blocks.push(piece.len() as u8);
        blocks.extend_from_slice(piece);
    }
    blocks.push(0);
    blocks
}

pub(super) fn malformed(at: u64, why: impl Into<String>) -> Error {
    Error::malformed(Format::Gif, at, why)
}
