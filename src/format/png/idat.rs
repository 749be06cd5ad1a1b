//! The data of IDAT chunks as one stream of bytes, and the checksums of parts of it.

use std::ops::Range;

use super::chunks::{self, Chunk, crc};
use crate::{
    Format, Result,
    patch::Patch,
    stream::{Source, read_into},
};

/// Bytes read at a time.
const STEP: u64 = 64 * 1024;
/// Bytes of one new chunk.
const LONGEST_CHUNK: usize = 1 << 30;
/// Zeros behind the last byte, so that eight bytes can be loaded anywhere; they are never taken for data.
const PADDING: usize = 64;

/// The IDAT chunks of one picture.
pub(super) struct Stream {
    chunks: Vec<Chunk>,
    /// Where the data of each chunk starts in the stream, and where the last one ends.
    starts: Vec<u64>,
}

impl Stream {
    pub(super) fn new(chunks: &[Chunk]) -> Self {
        let mut starts = vec![0];
        starts.extend(chunks.iter().scan(0, |end, chunk| {
            *end += u64::from(chunk.len);
            Some(*end)
        }));
        Self { chunks: chunks.to_vec(), starts }
    }

    pub(super) fn len(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    /// The chunk that byte `at` of the stream stands in, and how far into its data. What stands at the end of the stream
    /// stands behind the last byte of the last chunk.
    fn place(&self, at: u64) -> (usize, u64) {
        let chunk = self.starts.partition_point(|&start| start <= at).saturating_sub(1).min(self.chunks.len() - 1);
        (chunk, at - self.starts[chunk])
    }

    pub(super) fn byte(&self, source: &mut dyn Source, at: u64) -> Result<u8> {
        let mut byte = [0];
        self.read(source, at, &mut byte)?;
        Ok(byte[0])
    }

    /// Fills `buffer` with what stands at `at` of the stream, as far as the stream goes; returns how much that is.
    pub(super) fn read(&self, source: &mut dyn Source, mut at: u64, buffer: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < buffer.len() && at < self.len() {
            let (index, within) = self.place(at);
            let chunk = &self.chunks[index];
            let rest = usize::try_from(u64::from(chunk.len) - within).unwrap_or(usize::MAX);
            let count = rest.min(buffer.len() - done);
            read_into(source, Format::Png, chunk.data() + within, &mut buffer[done..done + count])?;
            (done, at) = (done + count, at + count as u64);
        }
        Ok(done)
    }

    /// The CRC that a chunk says it has.
    fn crc(&self, source: &mut dyn Source, index: usize) -> Result<u32> {
        let mut sum = [0; 4];
        read_into(source, Format::Png, self.chunks[index].range().end - 4, &mut sum)?;
        Ok(u32::from_be_bytes(sum))
    }

    /// CRC over the type and the first `len` bytes of data of a chunk.
    fn crc_of_head(&self, source: &mut dyn Source, index: usize, len: u64) -> Result<u32> {
        let chunk = &self.chunks[index];
        let mut sum = crc32fast::Hasher::new();
        sum.update(&chunk.kind);
        let mut buffer = vec![0; usize::try_from(len.min(STEP)).unwrap_or(0)];
        let mut done = 0;
        while done < len {
            let count = usize::try_from(len - done).unwrap_or(usize::MAX).min(buffer.len());
            read_into(source, Format::Png, chunk.data() + done, &mut buffer[..count])?;
            sum.update(&buffer[..count]);
            done += count as u64;
        }
        Ok(sum.finalize())
    }

    /// CRC over IDAT and what stands behind the first `skip` bytes of a chunk's data: from the chunk's own CRC, without
    /// reading what it sums up. Where that CRC is wrong, so is this one: damage stays visible.
    fn crc_of_tail(&self, source: &mut dyn Source, index: usize, skip: u64) -> Result<u32> {
        let chunk = &self.chunks[index];
        let whole = self.crc(source, index)?;
        let len = u64::from(chunk.len) - skip;
        // CRC(head, tail) = shifted(CRC(head)) ^ CRC(tail); likewise with the type alone as the head.
        let head = self.crc_of_head(source, index, skip)?;
        let tail = combine(head, whole, len);
        Ok(combine(crc(chunk.kind, &[]), tail, len))
    }
}

/// CRC of `a` moved over `len` bytes, added to `b`.
fn combine(a: u32, b: u32, len: u64) -> u32 {
    if len == 0 {
        // crc32fast leaves `b` out then.
        return a ^ b;
    }
    let mut sum = crc32fast::Hasher::new_with_initial_len(a, 0);
    sum.combine(&crc32fast::Hasher::new_with_initial_len(b, len));
    sum.finalize()
}

/// The CRC of data in which the bytes `old`, `behind` bytes before the end, become `new`.
fn changed(sum: u32, old: &[u8], new: &[u8], behind: u64) -> u32 {
    let difference = crc32fast::hash(old) ^ crc32fast::hash(new);
    combine(difference, sum, behind)
}

/// A part of the stream that is replaced, and single bytes outside of it.
pub(super) struct Rewrite {
    pub(super) range: Range<u64>,
    pub(super) bytes: Vec<u8>,
    /// Places in the stream, in rising order, and what is to stand there.
    pub(super) changes: Vec<(u64, u8)>,
}

impl Rewrite {
    /// The edits: chunks that change in nothing stay, the others are cut where the replaced part starts and ends.
    pub(super) fn apply(self, stream: &Stream, source: &mut dyn Source, patch: &mut Patch) -> Result<()> {
        let Self { range, bytes, changes } = self;
        let ((first, kept), (last, skipped)) = (stream.place(range.start), stream.place(range.end));
        let (head, tail) = (stream.chunks[first], stream.chunks[last]);
        let rest = u64::from(tail.len) - skipped;
        // Checksums of the pieces that stay, changed or cut: piece, sum, and where the piece ends in the stream.
        let mut sums: Vec<(Piece, u32, u64)> = Vec::new();
        if kept > 0 {
            sums.push((Piece::Head, stream.crc_of_head(source, first, kept)?, range.start));
        }
        if rest > 0 {
            let end = stream.starts[last] + u64::from(tail.len);
            sums.push((Piece::Tail, stream.crc_of_tail(source, last, skipped)?, end));
        }
        for (at, new) in changes {
            let (index, within) = stream.place(at);
            let piece = match index {
                index if at < range.start && index == first => Piece::Head,
                index if at >= range.end && index == last => Piece::Tail,
                index => Piece::Whole(index),
            };
            let old = stream.byte(source, at)?;
            let known = sums.iter().position(|(of, ..)| *of == piece);
            let index_of_sum = match known {
                Some(known) => known,
                None => {
                    let end = stream.starts[index] + u64::from(stream.chunks[index].len);
                    sums.push((piece, stream.crc(source, index)?, end));
                    sums.len() - 1
                }
            };
            let (_, sum, end) = &mut sums[index_of_sum];
            *sum = changed(*sum, &[old], &[new], *end - at - 1);
            let to = stream.chunks[index].data() + within;
            patch.replace(to..to + 1, vec![new]);
        }
        let from = if kept > 0 { head.data() + kept } else { head.at };
        let to = if rest > 0 { tail.data() + skipped } else { tail.range().end };
        let mut middle = Vec::with_capacity(bytes.len() + 64);
        for (piece, sum, _) in sums {
            let chunk = match piece {
                Piece::Head => {
                    // Part of what replaces the middle: the piece ends there.
                    patch.replace(head.at..head.at + 4, (kept as u32).to_be_bytes().to_vec());
                    middle.extend(sum.to_be_bytes());
                    continue;
                }
                Piece::Tail => &tail,
                Piece::Whole(index) => &stream.chunks[index],
            };
            patch.replace(chunk.range().end - 4..chunk.range().end, sum.to_be_bytes().to_vec());
        }
        bytes.chunks(LONGEST_CHUNK).for_each(|piece| middle.extend(chunks::encode(*b"IDAT", &[piece])));
        if rest > 0 {
            middle.extend((rest as u32).to_be_bytes());
            middle.extend(tail.kind);
        }
        patch.replace(from..to, middle);
        Ok(())
    }
}

/// A chunk of the original or what stays of it.
#[derive(PartialEq)]
enum Piece {
    Whole(usize),
    /// What stands before the replaced part.
    Head,
    /// What stands behind it.
    Tail,
}

/// A window over the stream that moves forward.
pub(super) struct Window<'a> {
    source: &'a mut dyn Source,
    stream: &'a Stream,
    /// Bytes of the stream from `start` on, and zeros behind the end of the stream.
    pub(super) bytes: Vec<u8>,
    start: u64,
    ended: bool,
}

impl<'a> Window<'a> {
    pub(super) fn new(source: &'a mut dyn Source, stream: &'a Stream, start: u64) -> Self {
        Self { source, stream, bytes: Vec::new(), start, ended: false }
    }

    /// Bit of the stream at which the window starts.
    pub(super) fn first_bit(&self) -> u64 {
        self.start * 8
    }

    /// Drops what stands before `from` and reads on; returns how many bytes were dropped.
    pub(super) fn advance(&mut self, from: usize) -> Result<usize> {
        if self.ended {
            return Ok(0);
        }
        self.bytes.drain(..from);
        self.start += from as u64;
        let (at, known) = (self.start + self.bytes.len() as u64, self.bytes.len());
        let want = (self.stream.len() - at).min(STEP) as usize;
        self.bytes.resize(known + want, 0);
        let read = self.stream.read(self.source, at, &mut self.bytes[known..])?;
        if at + read as u64 >= self.stream.len() {
            self.ended = true;
            self.bytes.resize(known + read + PADDING, 0);
        }
        Ok(from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::png::chunks;

    #[test]
    fn checksums_of_parts_follow_from_the_whole() {
        let data: Vec<u8> = (0..1000u32).map(|i| (i * i % 251) as u8).collect();
        let mut source = std::io::Cursor::new(chunks::encode(*b"IDAT", &[&data]));
        let stream = Stream::new(&[Chunk { kind: *b"IDAT", at: 0, len: 1000 }]);
        for cut in [0, 1, 500, 999, 1000] {
            let tail = crc(*b"IDAT", &[&data[cut..]]);
            assert_eq!(stream.crc_of_tail(&mut source, 0, cut as u64).unwrap(), tail, "{cut}");
            assert_eq!(stream.crc_of_head(&mut source, 0, cut as u64).unwrap(), crc(*b"IDAT", &[&data[..cut]]));
        }
        let mut other = data.clone();
        other[700..702].copy_from_slice(b"xy");
        let whole = crc(*b"IDAT", &[&data]);
        assert_eq!(changed(whole, &data[700..702], b"xy", 298), crc(*b"IDAT", &[&other]));
    }
}
