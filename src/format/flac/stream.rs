//! What stands before the frames, and the samples in them.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
};

use symphonia::{
    core::{
        codecs::audio::{AudioCodecParameters, AudioDecoder as _, AudioDecoderOptions, well_known::CODEC_ID_FLAC},
        packet::Packet,
        units::{Duration, Timestamp},
    },
    default::codecs::FlacDecoder,
};

use super::frames::Frames;
use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, length, read_at},
};

pub(super) const MAGIC: &[u8; 4] = b"fLaC";

/// A metadata block: RFC 9639, 8.1.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) kind: u8,
    /// Offset of its header.
    pub(super) at: u64,
    pub(super) data: Range<u64>,
}

pub(super) const STREAMINFO: u8 = 0;
pub(super) const APPLICATION: u8 = 2;
pub(super) const SEEKTABLE: u8 = 3;
pub(super) const COMMENTS: u8 = 4;
pub(super) const CUESHEET: u8 = 5;

/// The blocks of the stream that starts at `start`; the frames begin behind the last.
pub(super) fn blocks(source: &mut dyn Source, start: u64, budget: &mut Budget) -> Result<Vec<Block>> {
    let len = length(source)?;
    if start + 4 > len || read_at(source, Format::Flac, start, 4)? != MAGIC {
        return Err(Error::malformed(Format::Flac, start, "no FLAC stream starts here"));
    }
    let mut blocks = Vec::new();
    let mut at = start + 4;
    loop {
        budget.part()?;
        let head = read_at(source, Format::Flac, at, len.saturating_sub(at).min(4))?;
        let &[kind, a, b, c] = head.as_slice() else {
            return Err(Error::malformed(Format::Flac, at, "the file ends among the metadata blocks"));
        };
        let data = at + 4..at + 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
        if data.end > len {
            return Err(Error::malformed(Format::Flac, at, "a metadata block is longer than the file"));
        }
        blocks.push(Block { kind: kind & 0x7F, at, data: data.clone() });
        at = data.end;
        // The first bit: the last block before the sound.
        if kind & 0x80 != 0 {
            return Ok(blocks);
        }
    }
}

/// The STREAMINFO block: 8.2.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub(super) bytes: [u8; 34],
    pub(super) min_block: u16,
    pub(super) max_block: u16,
    /// Samples a second.
    pub(super) rate: u32,
    pub(super) channels: u8,
    /// Bits of a sample.
    pub(super) bits: u32,
    /// Samples of each channel; 0 where the writer did not know.
    pub(super) total: u64,
}

impl Info {
    pub(super) fn read(source: &mut dyn Source, blocks: &[Block]) -> Result<Self> {
        let at = blocks.first().map_or(0, |block| block.at);
        let missing = || Error::malformed(Format::Flac, at, "the first metadata block is no STREAMINFO");
        let block = blocks.first().filter(|block| block.kind == STREAMINFO && block.data.end - block.data.start == 34);
        let bytes = read_at(source, Format::Flac, block.ok_or_else(missing)?.data.start, 34)?;
        let bytes: [u8; 34] = bytes.try_into().map_err(|_| missing())?;
        let [a, b, c, d, ..] = bytes;
        let packed = u64::from_be_bytes(std::array::from_fn(|at| bytes[10 + at]));
        let small = |shift: u32, bits: u32| u32::try_from(packed >> shift & ((1 << bits) - 1)).unwrap_or_default();
        Ok(Self {
            bytes,
            min_block: u16::from_be_bytes([a, b]),
            max_block: u16::from_be_bytes([c, d]),
            rate: small(44, 20),
            channels: u8::try_from(small(41, 3) + 1).unwrap_or(1),
            bits: small(36, 5) + 1,
            total: packed & ((1 << 36) - 1),
        })
    }

    /// The MD5 of the samples; `None` where the writer left it out.
    pub(super) fn md5(&self) -> Option<&[u8]> {
        Some(&self.bytes[18..34]).filter(|md5| md5.iter().any(|&byte| byte != 0))
    }

    /// The block for other samples: lengths of frames are 0 where they are not known, and so is the MD5.
    pub(super) fn changed(&self, blocks: (u16, u16), frames: (usize, usize), total: u64, md5: [u8; 16]) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        bytes[0..2].copy_from_slice(&blocks.0.to_be_bytes());
        bytes[2..4].copy_from_slice(&blocks.1.to_be_bytes());
        let three = |len: usize| u32::try_from(len).ok().filter(|len| *len < 1 << 24).unwrap_or(0).to_be_bytes();
        bytes[4..7].copy_from_slice(&three(frames.0)[1..]);
        bytes[7..10].copy_from_slice(&three(frames.1)[1..]);
        // 36 bits, of which four share a byte with the size of a sample; more cannot be said.
        let total = if total < 1 << 36 { total } else { 0 }.to_be_bytes();
        bytes[13] = bytes[13] & 0xF0 | total[3] & 0x0F;
        bytes[14..18].copy_from_slice(&total[4..]);
        bytes[18..34].copy_from_slice(&md5);
        bytes
    }

    /// The frames in `audio`. Longer ones than twice their samples in full are none.
    pub(super) fn frames(&self, audio: Range<u64>) -> Frames {
        let full = usize::from(self.max_block.max(4096)) * usize::from(self.channels) * (self.bits as usize + 1) / 8;
        Frames::new(audio, 2 * full + 4096)
    }
}

/// Decodes frame after frame.
pub(super) struct Decoder {
    inner: FlacDecoder,
    samples: Vec<i32>,
    bits: u32,
}

impl Decoder {
    /// `None` where the decoder does not take such streams.
    pub(super) fn new(info: &Info) -> Option<Self> {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_FLAC).with_extra_data(info.bytes.to_vec().into_boxed_slice());
        let inner = FlacDecoder::try_new(&parameters, &AudioDecoderOptions::default()).ok()?;
        Some(Self { inner, samples: Vec::new(), bits: info.bits })
    }

    /// The samples of a frame, interleaved; `None` where it cannot be decoded.
    pub(super) fn decode(&mut self, frame: &[u8]) -> Option<&[i32]> {
        let packet = Packet::new(0, Timestamp::new(0), Duration::new(0), frame);
        let (inner, samples) = (&mut self.inner, &mut self.samples);
        // A decoder that panics has decoded nothing.
        catch_unwind(AssertUnwindSafe(|| {
            inner.decode(&packet).ok().map(|block| block.copy_to_vec_interleaved(samples))
        }))
        .ok()??;
        let unused = 32 - self.bits;
        self.samples.iter_mut().for_each(|sample| *sample >>= unused);
        Some(&self.samples)
    }

    /// The same, full scale ±1.
    pub(super) fn decode_float(&mut self, frame: &[u8]) -> Option<Vec<f32>> {
        let full = (1_u64 << (self.bits - 1)) as f32;
        Some(self.decode(frame)?.iter().map(|&sample| sample as f32 / full).collect())
    }
}

/// Samples as they go into the MD5: little-endian, whole bytes.
pub(super) fn put_bytes(samples: &[i32], bits: u32, into: &mut Vec<u8>) {
    into.clear();
    // What nearly all files have is worth a loop of its own.
    if (9..=16).contains(&bits) {
        into.resize(samples.len() * 2, 0);
        for (bytes, sample) in into.as_chunks_mut::<2>().0.iter_mut().zip(samples) {
            let [a, b, ..] = sample.to_le_bytes();
            *bytes = [a, b];
        }
        return;
    }
    let len = bits.div_ceil(8) as usize;
    samples.iter().for_each(|sample| into.extend_from_slice(&sample.to_le_bytes()[..len]));
}
