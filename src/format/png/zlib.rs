//! The frame around the deflate stream, and what compresses new parts of it.

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::{
    idat::Stream,
    inflate::{Refusal, Result},
};
use crate::stream::Source;

/// Higher levels cost more time than the few rows are worth.
const LEVEL: i32 = 2;

/// The two bytes in front and the four behind (RFC 1950, 2.2).
pub(super) struct Frame {
    head: [u8; 2],
    /// Adler-32 as it stands in the file.
    sum: [u8; 4],
}

impl Frame {
    pub(super) fn read(stream: &Stream, source: &mut dyn Source) -> Result<Self> {
        let (mut head, mut sum) = ([0; 2], [0; 4]);
        if stream.len() < 8 {
            return Err(Refusal::Odd);
        }
        stream.read(source, 0, &mut head)?;
        stream.read(source, stream.len() - 4, &mut sum)?;
        let is_sum = sum.as_chunks::<2>().0.iter().all(|half| u16::from_be_bytes(*half) < 65521);
        let is_deflate = head[0] & 15 == 8 && head[0] >> 4 <= 7 && head[1] & 0x20 == 0;
        if !is_sum || !is_deflate || u16::from_be_bytes(head) % 31 != 0 {
            return Err(Refusal::Odd);
        }
        Ok(Self { head, sum })
    }

    /// The checksum that the file says it has.
    pub(super) fn sum(&self) -> u32 {
        u32::from_be_bytes(self.sum)
    }

    /// Whether what is compressed anew may copy from as far back as deflate can.
    pub(super) fn keeps_window(&self) -> bool {
        self.head[0] == 0x78
    }

    /// The header that allows it.
    pub(super) fn widened(&self) -> [u8; 2] {
        let flags = self.head[1] & 0xc0;
        let check = 31 - u16::from_be_bytes([0x78, flags]) % 31;
        [0x78, flags | (check % 31) as u8]
    }
}

/// Compresses what replaces a part of the stream.
pub(super) struct Packer {
    engine: Deflate,
    buffer: Vec<u8>,
    pub(super) bytes: Vec<u8>,
}

impl Packer {
    pub(super) fn new() -> Self {
        let config = DeflateConfig { level: LEVEL, window_bits: -15, ..DeflateConfig::default() };
        Self { engine: Deflate::new_with_config(config), buffer: vec![0; 1 << 15], bytes: Vec::new() }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.compress(bytes, DeflateFlush::NoFlush)
    }

    /// Ends the stream, or fills the last byte so that other blocks can follow.
    pub(super) fn finish(&mut self, is_last: bool) -> Result<()> {
        self.compress(&[], if is_last { DeflateFlush::Finish } else { DeflateFlush::SyncFlush })
    }

    fn compress(&mut self, mut bytes: &[u8], flush: DeflateFlush) -> Result<()> {
        loop {
            let (before, known) = (self.engine.total_in(), self.engine.total_out());
            // It fails where it was used in a wrong way only.
            let status = self.engine.compress(bytes, &mut self.buffer, flush).map_err(|_| Refusal::Odd)?;
            let written = (self.engine.total_out() - known) as usize;
            self.bytes.extend_from_slice(&self.buffer[..written]);
            bytes = &bytes[(self.engine.total_in() - before) as usize..];
            if status == Status::StreamEnd || bytes.is_empty() && written < self.buffer.len() {
                return Ok(());
            }
        }
    }
}
