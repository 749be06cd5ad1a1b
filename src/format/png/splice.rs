//! The notice without recompressing the picture: rows that it covers are compressed anew, the rest is copied as it stands.
//!
//! Filtered rows above the notice do not depend on it, and below it only the next row does (clause 9). Deflate copies from
//! at most 32,768 bytes before (RFC 1951, 2), so behind the last symbol that does so from a changed row everything holds
//! as it is. Blocks that say nothing bring the bits there into the same phase, and both checksums follow from those of
//! the file: what stands below the notice is neither inflated nor read. A checksum that is wrong stays wrong.

use std::ops::Range;

use zlib_rs::adler32::{adler32, adler32_combine};

use super::{
    chunks::{Chunk, Header},
    colour::{Pixel, Scheme},
    filter::{filter, unfilter},
    idat::{Rewrite, Stream},
    inflate::{Cut, Inflater, Refusal, Result},
    joint::{Bits, adler_with},
    pixels::Filtering,
    zlib::{Frame, Packer},
};
use crate::{format::Marked, limits::Budget, notice::StoredNotice, stream::Source};

/// The longest row in bytes: some are held at a time.
const MAX_ROW: usize = 1 << 22;
/// Bytes of rows worked on at a time.
const STEP: u64 = 64 * 1024;
/// Rows above the notice of fewer bytes are compressed with it.
const WORTH_KEEPING: u64 = 64 * 1024;

/// Replaces the compressed pixels of the one picture in `data`; `false` where that takes the slow way.
pub(super) fn draw(
    data: &[Chunk],
    header: Header,
    scheme: &Scheme,
    notice: &StoredNotice,
    marked: &mut Marked,
    source: &mut dyn Source,
    budget: &Budget,
) -> crate::Result<bool> {
    // What a picture may cost does not depend on the way.
    budget.raster(header.size.width, header.size.height, header.unit() as u64)?;
    let stream = Stream::new(data);
    match splice(&stream, header, scheme, notice, source) {
        Ok((rewrite, begins)) => {
            marked.hint = begins.map(|begins| Box::new(begins) as _);
            rewrite.apply(&stream, source, &mut marked.patch).map(|()| true)
        }
        Err(Refusal::Odd) => Ok(false),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

fn splice(
    stream: &Stream,
    header: Header,
    scheme: &Scheme,
    notice: &StoredNotice,
    source: &mut dyn Source,
) -> Result<(Rewrite, Option<Begins>)> {
    let grow = notice.grow;
    let same_kind = Header { size: header.size, ..scheme.header } == header && scheme.keeps_pixels();
    let row_len = header.row_bytes(header.size.width);
    let fits = notice.rect.inside(notice.frame) && notice.rect.area() > 0;
    if header.interlaced || !same_kind || grow.left + grow.right > 0 || row_len > MAX_ROW || !fits {
        return Err(Refusal::Odd);
    }
    let zlib = Frame::read(stream, source)?;
    let rows = Rows::new(header, scheme, notice);
    let mut inflater = Inflater::new(source, stream);
    let spliced = rows.splice(&mut inflater, zlib.keeps_window())?;
    spliced.joined(stream, zlib, source)
}

/// The rows of the picture and what of them changes.
struct Rows<'a> {
    header: Header,
    scheme: &'a Scheme,
    notice: &'a StoredNotice,
    /// Bytes of a row with its filter type.
    len: u64,
    /// Rows of the original that the notice stands on, and the next one.
    covered: Range<u64>,
    /// Bytes of a row, without its filter type, that differ where the notice stands: its own and those of the pixel right
    /// of it, which looks left.
    bytes: Range<usize>,
}

/// What a reader knows who has come to the first block that was compressed anew. No block from there to behind the notice copies
/// from what stands before it.
pub(super) struct Begins {
    /// Where in the new stream.
    pub(super) at: u64,
    /// Bytes of the stream that were compressed anew.
    pub(super) len: u64,
    /// Where in what it inflates to.
    pub(super) out: u64,
    /// The row above the notice as it is, up to the last byte that the notice's rows look at.
    pub(super) above: Vec<u8>,
}

/// The outcome: what is compressed anew, and the places where the old stream ends and goes on.
struct Spliced {
    head: Option<Cut>,
    /// The row above the notice, as far as it is looked at.
    above: Vec<u8>,
    packed: Packer,
    tail: Option<Cut>,
    /// Adler-32 of the rows that changed, before and after.
    old: u32,
    new: u32,
    /// Bytes behind these rows.
    behind: u64,
    /// Adler-32 and length of rows added at the end.
    added: Option<(u32, u64)>,
}

impl<'a> Rows<'a> {
    fn new(header: Header, scheme: &'a Scheme, notice: &'a StoredNotice) -> Self {
        let len = header.row_bytes(header.size.width);
        let (height, rect) = (u64::from(header.size.height), notice.rect);
        let covered = if notice.grow.top > 0 {
            0..0
        } else if notice.grow.bottom > 0 {
            height..height
        } else {
            rect.y.into()..u64::from(rect.y) + u64::from(rect.height)
        };
        let bits = header.colour.channels() * usize::from(header.depth);
        let (left, right) = (rect.x as usize * bits / 8, (rect.x as usize + rect.width as usize) * bits);
        let bytes = left..(right.div_ceil(8) + header.distance()).min(len);
        Self { header, scheme, notice, len: len as u64 + 1, covered, bytes }
    }

    fn splice(&self, inflater: &mut Inflater, may_keep: bool) -> Result<Spliced> {
        let all = u64::from(self.header.size.height) * self.len;
        let start = self.covered.start * self.len;
        let mut packed = Packer::new();
        let mut rows = Pair::new(self.bytes.end);
        let head = if may_keep && start >= WORTH_KEEPING {
            let cut = self.skip(inflater, &mut rows, None)?;
            let cut = cut.ok_or(Refusal::Odd)?;
            packed.write(inflater.output(cut.out..start)?)?;
            Some(cut)
        } else {
            self.skip(inflater, &mut rows, Some(&mut packed))?;
            None
        };
        let above = rows.new.clone();
        let (mut old, mut new, mut added) = (1, 1, None);
        if self.notice.grow.top > 0 {
            let (strip, last) = self.strip();
            packed.write(&strip)?;
            new = adler32(new, &strip);
            rows.new.copy_from_slice(&last[..self.bytes.end]);
        }
        let changed = self.cover(inflater, &mut rows, &mut packed, (&mut old, &mut new))?;
        let tail = if changed.end == all { None } else { inflater.past(&changed)? };
        let end = tail.as_ref().map_or(all, |cut| cut.out);
        if end > all {
            return Err(Refusal::Odd);
        }
        self.repeat(inflater, changed.end..end, &mut packed)?;
        if tail.is_none() {
            // All was inflated: then it can be seen whether the picture and the stream end where they must.
            if inflater.fill(all + 1, all)? || inflater.total() != all || !inflater.is_complete() {
                return Err(Refusal::Odd);
            }
            if self.notice.grow.bottom > 0 {
                let (strip, _) = self.strip();
                packed.write(&strip)?;
                added = Some((adler32(1, &strip), strip.len() as u64));
            }
        }
        packed.finish(tail.is_none())?;
        Ok(Spliced { head, above, packed, tail, old, new, behind: all - changed.end, added })
    }

    /// Inflates the rows above the notice, up to the last of which `rows` gets the pixels. They go into `packed`, or the
    /// last place between symbols before the notice is returned.
    fn skip(&self, inflater: &mut Inflater, rows: &mut Pair, mut packed: Option<&mut Packer>) -> Result<Option<Cut>> {
        let start = self.covered.start * self.len;
        let (mut y, mut cut) = (0, None);
        while y < self.covered.start {
            let from = y * self.len;
            let until = (from + STEP.max(self.len)).min(start);
            // Not so near that the place is passed.
            if packed.is_none() && until + STEP >= start {
                cut = Some(inflater.place(start, from)?.before_stored());
            } else {
                self.reach(inflater, until, from)?;
            }
            let end = inflater.total().min(start) / self.len;
            let bytes = inflater.output(from..end * self.len)?;
            if let Some(packed) = &mut packed {
                packed.write(bytes)?;
            }
            let lines = || bytes.chunks_exact(self.len as usize);
            // A row that does not look up needs none of those above it.
            let first = lines().rposition(|line| line[0] < 2).unwrap_or(0);
            lines().skip(first).try_for_each(|line| rows.unfilter(line, self.header.distance()))?;
            y = end;
        }
        Ok(cut)
    }

    /// Compresses the rows under the notice, and the row below where it looks up at them; returns the bytes of all these.
    fn cover(
        &self,
        inflater: &mut Inflater,
        rows: &mut Pair,
        packed: &mut Packer,
        (old, new): (&mut u32, &mut u32),
    ) -> Result<Range<u64>> {
        let distance = self.header.distance();
        let height = u64::from(self.header.size.height);
        let mut y = self.covered.start;
        let mut line = vec![0; self.len as usize];
        let mut step = STEP / self.len + 1;
        while y < height && y <= self.covered.end {
            if y == self.covered.end {
                step = 1;
            }
            let end = (y + step).min(self.covered.end.max(y + 1)).min(height);
            self.reach(inflater, end * self.len, y * self.len)?;
            let bytes = inflater.output(y * self.len..end * self.len)?;
            for (y, filtered) in (y..end).zip(bytes.chunks_exact(self.len as usize)) {
                let kind = filtered[0];
                if y == self.covered.end && kind < 2 {
                    return Ok(self.covered.start * self.len..y * self.len);
                }
                rows.unfilter(filtered, distance)?;
                if y < self.covered.end {
                    self.paint(y - self.covered.start, &mut rows.new);
                }
                line.copy_from_slice(filtered);
                // Left of the notice, and right of the pixel beside it, neither the row nor what it looks at changes.
                filter(kind, &rows.new, &rows.new_above, distance, self.bytes.clone(), &mut line[1..]);
                *old = adler32(*old, filtered);
                *new = adler32(*new, &line);
                packed.write(&line)?;
            }
            y = end;
        }
        Ok(self.covered.start * self.len..y * self.len)
    }

    /// Compresses what changed in nothing.
    fn repeat(&self, inflater: &mut Inflater, bytes: Range<u64>, packed: &mut Packer) -> Result<()> {
        let mut at = bytes.start;
        while at < bytes.end {
            let until = (at + STEP).min(bytes.end);
            self.reach(inflater, until, at)?;
            packed.write(inflater.output(at..until)?)?;
            at = until;
        }
        Ok(())
    }

    fn reach(&self, inflater: &mut Inflater, until: u64, keep: u64) -> Result<()> {
        if inflater.fill(until, keep)? { Ok(()) } else { Err(Refusal::Odd) }
    }

    /// Draws row `y` of the notice into a row of pixels.
    fn paint(&self, y: u64, row: &mut [u8]) {
        let (rect, unit, depth) = (self.notice.rect, self.header.unit(), usize::from(self.header.depth));
        let width = rect.width as usize;
        let mask = &self.notice.stamp.coverage[y as usize * width..][..width];
        if depth < 8 {
            for (x, &coverage) in (rect.x as usize..).zip(mask) {
                let (at, shift) = (x * depth / 8, 8 - depth - x * depth % 8);
                row[at] = row[at] & !(((1 << depth) - 1) << shift) | self.scheme.pixel(coverage)[0] << shift;
            }
            return;
        }
        let (row, ink) = (&mut row[rect.x as usize * unit..], self.scheme.ink());
        match unit {
            1 => paint::<1>(row, mask, ink),
            2 => paint::<2>(row, mask, ink),
            3 => paint::<3>(row, mask, ink),
            4 => paint::<4>(row, mask, ink),
            6 => paint::<6>(row, mask, ink),
            _ => paint::<8>(row, mask, ink),
        }
    }

    /// The rows of a strip, filtered, and the last of them as it is.
    fn strip(&self) -> (Vec<u8>, Vec<u8>) {
        let mut filtering = Filtering::new(&self.header, self.header.size.width);
        let mut strip = Vec::new();
        for y in 0..self.notice.rect.height {
            self.paint(y.into(), &mut filtering.row);
            strip.extend_from_slice(filtering.next(None));
            filtering.row.fill(0);
        }
        (strip, filtering.previous)
    }
}

/// Draws pixels of `N` bytes.
fn paint<const N: usize>(row: &mut [u8], mask: &[u8], ink: &[Pixel]) {
    for (to, &coverage) in row.as_chunks_mut::<N>().0.iter_mut().zip(mask) {
        to.copy_from_slice(&ink[usize::from(coverage)][..N]);
    }
}

/// Two rows that follow each other, before and after the notice was drawn.
struct Pair {
    old: Vec<u8>,
    old_above: Vec<u8>,
    new: Vec<u8>,
    new_above: Vec<u8>,
}

impl Pair {
    /// Of each row only the first `len` bytes.
    fn new(len: usize) -> Self {
        let row = vec![0; len];
        Self { old: row.clone(), old_above: row.clone(), new: row.clone(), new_above: row }
    }

    /// Goes to the next row, which is not drawn on yet.
    fn unfilter(&mut self, filtered: &[u8], distance: usize) -> Result<()> {
        std::mem::swap(&mut self.old, &mut self.old_above);
        std::mem::swap(&mut self.new, &mut self.new_above);
        self.old.copy_from_slice(&filtered[1..=self.new.len()]);
        if !unfilter(filtered[0], &mut self.old, &self.old_above, distance) {
            return Err(Refusal::Odd);
        }
        self.new.copy_from_slice(&self.old);
        Ok(())
    }
}

impl Spliced {
    /// Joins what is new with what stays.
    fn joined(self, stream: &Stream, zlib: Frame, source: &mut dyn Source) -> Result<(Rewrite, Option<Begins>)> {
        let mut changes = Vec::new();
        let (start, mut bits) = match &self.head {
            None => {
                let mut bits = Bits::default();
                bits.extend(&zlib.widened());
                (0, bits)
            }
            Some(cut) => {
                let start = cut.bit / 8;
                let mut byte = stream.byte(source, start)?;
                // BFINAL: the block is not the last any more.
                if let Some(block) = cut.block.as_deref().filter(|block| block.last) {
                    let (at, bit) = (block.head / 8, 1 << (block.head % 8));
                    if at == start {
                        byte &= !bit;
                    } else {
                        changes.push((at, stream.byte(source, at)? & !bit));
                    }
                }
                let mut bits = Bits::within(byte, (cut.bit % 8) as u32);
                bits.end_block(cut);
                bits.align();
                (start, bits)
            }
        };
        let begins = self.head.as_ref().map(|cut| (start + bits.bytes(), cut.out));
        let begins = begins.map(|(at, out)| Begins { at, len: self.packed.bytes.len() as u64, out, above: self.above });
        bits.extend(&self.packed.bytes);
        let mut sum = adler_with(zlib.sum(), self.old, self.new, self.behind);
        if let Some((added, len)) = self.added {
            sum = adler32_combine(sum, added, len);
        }
        let end = match &self.tail {
            None => {
                bits.extend(&sum.to_be_bytes());
                stream.len()
            }
            Some(cut) => {
                bits.resume(cut, stream.byte(source, cut.bit / 8)?);
                changes.extend((stream.len() - 4..).zip(sum.to_be_bytes()));
                cut.bit.div_ceil(8)
            }
        };
        Ok((Rewrite { range: start..end, bytes: bits.finish(), changes }, begins))
    }
}

#[cfg(test)]
mod tests;
