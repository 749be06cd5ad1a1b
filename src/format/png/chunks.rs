//! The chunk grammar: PNG third edition, clause 5, and IHDR, clause 11.2.1.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    geometry::Size,
    limits::Budget,
    stream::{Source, be_u32, length, read_at, read_into},
};

pub(super) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Length, type and CRC: what stands around a chunk's data.
const FRAME: u64 = 12;

/// One chunk: where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chunk {
    pub(super) kind: [u8; 4],
    pub(super) at: u64,
    pub(super) len: u32,
}

impl Chunk {
    /// The whole chunk, from its length to its CRC.
    pub(super) fn range(&self) -> Range<u64> {
        self.at..self.at + FRAME + u64::from(self.len)
    }

    /// Where the data starts.
    pub(super) fn data(&self) -> u64 {
        self.at + 8
    }

    /// Where it stands, for people.
    pub(super) fn place(&self) -> String {
        format!("{} chunk at byte {}", String::from_utf8_lossy(&self.kind), self.at)
    }

    /// The data, spent from the metadata budget, and whether the CRC is right.
    pub(super) fn metadata(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<(Vec<u8>, bool)> {
        budget.metadata(u64::from(self.len))?;
        self.read(source)
    }

    /// The data of a chunk that is useless when damaged.
    pub(super) fn sound(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<u8>> {
        let (data, sound) = self.metadata(source, budget)?;
        if sound { Ok(data) } else { Err(malformed(self.at, format!("the checksum of the {} is wrong", self.place()))) }
    }

    /// Appends the data from byte `skip` on to `data`; pixels, which the caller bounds and the zlib checksum guards.
    pub(super) fn append(&self, source: &mut dyn Source, skip: u32, data: &mut Vec<u8>) -> Result<()> {
        let len = self.len.checked_sub(skip).ok_or_else(|| malformed(self.at, "the chunk is too short"))?;
        data.extend(read_at(source, Format::Png, self.at + 8 + u64::from(skip), u64::from(len))?);
        Ok(())
    }

    fn read(&self, source: &mut dyn Source) -> Result<(Vec<u8>, bool)> {
        let mut data = read_at(source, Format::Png, self.at + 8, u64::from(self.len) + 4)?;
        let written = data.split_off(data.len() - 4);
        let sound = crc(self.kind, &[&data]).to_be_bytes() == written[..];
        Ok((data, sound))
    }
}

/// Every chunk up to and with IEND, and where IEND ends.
pub(super) struct Walk {
    pub(super) chunks: Vec<Chunk>,
    pub(super) end: u64,
    pub(super) len: u64,
}

impl Walk {
    pub(super) fn of(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let mut signature = [0; 8];
        read_into(source, Format::Png, 0, &mut signature)?;
        if signature != SIGNATURE {
            return Err(malformed(0, "the signature is not PNG's"));
        }
        let mut chunks = Vec::new();
        let mut at = SIGNATURE.len() as u64;
        loop {
            budget.part()?;
            if at == len {
                return Err(malformed(at, "the file ends without IEND"));
            }
            let mut head = [0; 8];
            read_into(source, Format::Png, at, &mut head)?;
            let [a, b, c, d, kind @ ..] = head;
            let chunk = Chunk { kind, at, len: u32::from_be_bytes([a, b, c, d]) };
            if chunk.len > i32::MAX as u32 {
                return Err(malformed(at, "the length of the chunk is over 2^31-1"));
            }
            if !kind.iter().all(u8::is_ascii_alphabetic) {
                return Err(malformed(at, "the type of the chunk is not four letters"));
            }
            if chunk.range().end > len {
                return Err(malformed(at, format!("the {} is cut off by the end of the file", chunk.place())));
            }
            at = chunk.range().end;
            chunks.push(chunk);
            if &kind == b"IEND" {
                return Ok(Self { chunks, end: at, len });
            }
        }
    }

    pub(super) fn find(&self, kind: &[u8; 4]) -> Option<Chunk> {
        self.chunks.iter().copied().find(|chunk| &chunk.kind == kind)
    }

    /// The first chunk, which has to be IHDR.
    pub(super) fn header(&self, source: &mut dyn Source) -> Result<Header> {
        let first = self.chunks.first().filter(|chunk| &chunk.kind == b"IHDR" && chunk.len == 13);
        let first = first.ok_or_else(|| malformed(8, "the first chunk is not an IHDR of 13 bytes"))?;
        let (data, sound) = first.read(source)?;
        if !sound {
            return Err(malformed(8, "the checksum of IHDR is wrong"));
        }
        Header::parse(&data)
    }
}

/// What a pixel is made of: IHDR's colour type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey = 0,
    Rgb = 2,
    Palette = 3,
    GreyAlpha = 4,
    Rgba = 6,
}

impl Colour {
    pub(super) fn channels(self) -> usize {
        match self {
            Self::Grey | Self::Palette => 1,
            Self::GreyAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}

/// IHDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) size: Size,
    /// Bits of one sample.
    pub(super) depth: u8,
    pub(super) colour: Colour,
    pub(super) interlaced: bool,
}

impl Header {
    fn parse(data: &[u8]) -> Result<Self> {
        let side = |at| be_u32(data, at).filter(|&side| side > 0 && side <= i32::MAX as u32);
        let (Some(width), Some(height)) = (side(0), side(4)) else {
            return Err(malformed(16, "width or height is 0 or over 2^31-1"));
        };
        let &[depth, colour, compression, filter, interlace] =
            data.get(8..13).and_then(|tail| tail.try_into().ok()).unwrap_or(&[0; 5]);
        let colour = match (colour, depth) {
            (0, 1 | 2 | 4 | 8 | 16) => Colour::Grey,
            (2, 8 | 16) => Colour::Rgb,
            (3, 1 | 2 | 4 | 8) => Colour::Palette,
            (4, 8 | 16) => Colour::GreyAlpha,
            (6, 8 | 16) => Colour::Rgba,
            _ => return Err(malformed(24, format!("colour type {colour} with {depth} bits a sample does not exist"))),
        };
        if compression != 0 || filter != 0 || interlace > 1 {
            return Err(malformed(26, "unknown compression, filter or interlace method"));
        }
        Ok(Self { size: Size { width, height }, depth, colour, interlaced: interlace == 1 })
    }

    /// The whole IHDR chunk.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut data = [self.size.width.to_be_bytes(), self.size.height.to_be_bytes()].concat();
        data.extend([self.depth, self.colour as u8, 0, 0, u8::from(self.interlaced)]);
        encode(*b"IHDR", &[&data])
    }
}

/// A whole chunk out of the parts of its data.
pub(super) fn encode(kind: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let len: usize = parts.iter().map(|part| part.len()).sum();
    // What we write ourselves is far under 2^31: packets within `Limits`, pixel data in pieces.
    let length = u32::try_from(len).expect("a chunk of ours fits its length field");
    let mut chunk = Vec::with_capacity(len + 12);
    chunk.extend(length.to_be_bytes());
    chunk.extend(kind);
    parts.iter().for_each(|part| chunk.extend_from_slice(part));
    chunk.extend(crc(kind, parts).to_be_bytes());
    chunk
}

/// The checksum over type and data.
pub(super) fn crc(kind: [u8; 4], parts: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&kind);
    parts.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

pub(super) fn malformed(at: u64, why: impl Into<String>) -> Error {
    Error::malformed(Format::Png, at, why)
}
