//! The frames of a file, one after the other, and the frame in front of them that says how many there are.

use std::ops::Range;

use super::frame::Header;
use crate::{
    Error, Format, Result,
    container::crc::LowFirst,
    limits::Budget,
    stream::{Source, read_at},
};

/// What a walk over all frames found.
pub(super) struct Stream {
    /// The first four bytes of the first frame of sound.
    pub(super) head: [u8; 4],
    pub(super) header: Header,
    /// The frame that holds numbers instead of sound, where there is one.
    pub(super) info: Option<Vec<u8>>,
    /// The frames of sound.
    pub(super) sound: Range<u64>,
    pub(super) count: u64,
    /// CRC-16 of what the walk was given to begin with, and of the sound.
    pub(super) crc: u16,
    /// Offsets from the first frame of every `step`th.
    offsets: Vec<u64>,
    step: u64,
}

/// Rests of other tags that stand before the sound of many files, in bytes.
const MAX_JUNK: usize = 2048;
/// Bytes read at a time.
const BLOCK: u64 = 1 << 18;
/// The most offsets that are kept.
const MAX_OFFSETS: usize = 2048;

impl Stream {
    /// Walks the frames in `range`. `frames` stops the walk after so many.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for streams that nothing can be put in front of, [`Error::Malformed`] where one frame does not
    /// follow the other.
    pub(super) fn read(
        source: &mut dyn Source,
        range: Range<u64>,
        crc: u16,
        frames: u64,
        budget: &mut Budget,
    ) -> Result<Self> {
        let mut window = Window { start: range.start, end: range.end, bytes: Vec::new() };
        let start = range.start + first(window.at(source, range.start, 2 * MAX_JUNK)?) as u64;
        let refused = |what: &str| Err(Error::unsupported(Format::Mp3, what));
        let Some(header) = Header::parse(window.at(source, start, 4)?) else {
            return refused(
                "no frame of layer II or III begins where the sound should, or its bit rate is one of its own; convert it first",
            );
        };
        if header.layer_two {
            return refused("it is MP2 (layer II), for which there is no spoken clip; convert it to MP3");
        }
        let bytes = window.at(source, start, header.len)?;
        let info = is_info(&header, bytes).then(|| bytes.to_vec());
        let first = start + info.as_ref().map_or(0, |info| info.len() as u64);
        let mut stream =
            Self { head: [0; 4], header, info, sound: first..first, count: 0, crc, offsets: Vec::new(), step: 1 };
        while stream.count < frames && stream.sound.end < range.end {
            let at = stream.sound.end;
            let bytes = window.at(source, at, 4)?;
            let Some(header) = Header::parse(bytes) else {
                if window.is_rest(source, at)? {
                    break;
                }
                return Err(Error::malformed(
                    Format::Mp3,
                    at,
                    "no frame begins where the one before ends; mp3val -f repairs such files",
                ));
            };
            let bytes = window.at(source, at, header.len)?;
            if bytes.len() < header.len {
                // The last one is cut off, and stays so.
                break;
            }
            budget.part()?;
            if stream.count == 0 {
                stream.head = bytes.first_chunk().copied().unwrap_or_default();
                stream.header = header;
                if header.main_data_begin(bytes) != Some(0) {
                    return refused(
                        "it was cut: its first frame needs bits of frames before it, which a warning would stand in for; \
                         label the uncut file, or encode it anew",
                    );
                }
            } else if !header.fits(&stream.header) {
                return refused("its sampling rate or its channels change on the way; encode it anew");
            }
            stream.crc = crc16(stream.crc, bytes);
            stream.keep(at - first);
            stream.count += 1;
            stream.sound.end = at + header.len as u64;
        }
        match stream.count {
            0 => refused("there is no whole frame of sound in it"),
            _ => Ok(stream),
        }
    }

    fn keep(&mut self, offset: u64) {
        if !self.count.is_multiple_of(self.step) {
            return;
        }
        if self.offsets.len() >= MAX_OFFSETS {
            let mut index = 0;
            self.offsets.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.step *= 2;
            if !self.count.is_multiple_of(self.step) {
                return;
            }
        }
        self.offsets.push(offset);
    }

    /// The offset from the first frame of sound of frame `number`, or of one shortly before it.
    pub(super) fn offset(&self, number: u64) -> u64 {
        let index = usize::try_from(number / self.step).unwrap_or(usize::MAX).min(self.offsets.len().saturating_sub(1));
        self.offsets.get(index).copied().unwrap_or_default()
    }
}

/// Where the first frame begins that another follows; 0 where there is none.
fn first(bytes: &[u8]) -> usize {
    let follows = |rest: Option<&[u8]>| rest.is_none_or(|rest| rest.len() < 4 || Header::parse(rest).is_some());
    let begins = |at: &usize| Header::parse(&bytes[*at..]).is_some_and(|header| follows(bytes.get(at + header.len..)));
    (0..bytes.len().min(MAX_JUNK)).find(begins).unwrap_or(0)
}

/// Whether a frame holds numbers instead of sound: Xing's, and Fraunhofer's at its own place.
fn is_info(header: &Header, frame: &[u8]) -> bool {
    let at = header.side_at() + header.side();
    matches!(frame.get(at..at + 4), Some(b"Xing" | b"Info")) || frame.get(36..40) == Some(b"VBRI")
}

/// A part of the file that moves on.
struct Window {
    start: u64,
    end: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// Up to `len` bytes at `at`, which is never before the last one asked for; fewer at the end.
    fn at(&mut self, source: &mut dyn Source, at: u64, len: usize) -> Result<&[u8]> {
        let have = self.start + self.bytes.len() as u64;
        let len = (len as u64).min(self.end.saturating_sub(at));
        if at + len > have || at < self.start {
            let want = BLOCK.max(len).min(self.end.saturating_sub(at));
            self.bytes = read_at(source, Format::Mp3, at, want)?;
            self.start = at;
        }
        let from = usize::try_from(at - self.start).unwrap_or(usize::MAX);
        let to = from.saturating_add(usize::try_from(len).unwrap_or(0));
        Ok(self.bytes.get(from..to).unwrap_or_default())
    }

    /// Whether what follows is no more than padding: zeros, or less than a frame.
    fn is_rest(&mut self, source: &mut dyn Source, at: u64) -> Result<bool> {
        if self.end - at < 144 {
            return Ok(true);
        }
        let mut from = at;
        while from < self.end {
            let bytes = self.at(source, from, 1 << 16)?;
            if bytes.iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
            from += bytes.len() as u64;
        }
        Ok(true)
    }
}

/// CRC-16 as LAME writes it: polynomial 0x8005, the lowest bit first.
pub(super) fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    static CRC: LowFirst = LowFirst::new(0xA001);
    let [a, b, ..] = CRC.add(crc.into(), bytes).to_le_bytes();
    u16::from_le_bytes([a, b])
}
