//! Draws the notice into every frame that it falls on, so that it stands in every composed frame.

use super::{
    blocks::{self, Image, Kind, Part, Walk},
    colour::{self, Entry, Inked},
    pixels,
};
use crate::{
    Error, Format, Result,
    format::{
        Marked,
        frames::{self, Act, Dispose, intersects},
    },
    geometry::{Rect, Size},
    limits::Budget,
    notice::StoredNotice,
    stream::{Source, read_at},
};

/// One picture with what the graphic control extension before it says.
struct Frame<'a> {
    part: &'a Part,
    image: &'a Image,
    control: Option<(&'a Part, [u8; 4])>,
    dispose: Dispose,
    transparent: Option<u8>,
}

/// Everything that the frames share.
struct Job<'a> {
    notice: &'a StoredNotice,
    /// The original's screen.
    screen: Size,
    /// The global table as it was.
    global: Vec<Entry>,
    /// The global table with room for the notice, where it has any.
    inked: Option<Inked>,
    spent: u64,
}

pub(super) fn paint(
    walk: &Walk,
    preamble: &mut [u8; blocks::PREAMBLE as usize],
    notice: &StoredNotice,
    marked: &mut Marked,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<()> {
    let frames = frames(walk);
    let mut job = Job { notice, screen: walk.screen()?, global: table(source, &walk.table)?, inked: None, spent: 0 };
    if let Some(why) = job.obstacle(&frames) {
        marked.remarks.push(why);
        return Ok(());
    }
    let placed = frames.iter().map(|frame| (job.placed(frame), frame.dispose));
    let acts = frames::plan(placed, notice.rect, false);
    job.inked = job.global_ink(&frames, source)?;
    if let Some(inked) = &job.inked {
        marked.patch.replace(walk.table.clone(), inked.table.concat());
        preamble[10] = preamble[10] & 0xF8 | size_bits(&inked.table);
    }
    let composing = acts.contains(&Act::Compose);
    let mut screen = composing.then(|| Screen::new(notice, budget)).transpose()?;
    let (mut inexact, mut merged) = (0, 0);
    for (frame, act) in frames.iter().zip(&acts) {
        let rect = job.placed(frame);
        let draws = intersects(rect, notice.rect);
        if draws || composing {
            job.spend(frame.image.rect.size(), budget)?;
            let mut indices = frame.decode(source, budget)?;
            if let Some(screen) = &mut screen {
                let own = table(source, &frame.image.table)?;
                screen.show(frame, &indices, if own.is_empty() { &job.global } else { &own }, notice);
            }
            match (act, &screen) {
                (Act::Compose, Some(screen)) => {
                    job.spend(notice.frame, budget)?;
                    inexact += usize::from(!job.compose(frame, screen, marked));
                }
                _ if draws => {
                    let inked = job.ink(frame, &indices, source)?;
                    merged += usize::from(!inked.moved.is_empty());
                    for &(from, to) in &inked.moved {
                        indices.iter_mut().filter(|index| **index == from).for_each(|index| *index = to);
                    }
                    job.draw(frame, indices, &inked, marked, budget)?;
                }
                _ => job.shift(frame, marked),
            }
            if let Some(screen) = &mut screen {
                screen.dispose(frame, notice);
            }
        } else {
            job.shift(frame, marked);
        }
    }
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX).to_le_bytes();
    preamble[6..8].copy_from_slice(&side(notice.frame.width));
    preamble[8..10].copy_from_slice(&side(notice.frame.height));
    let all = frames.len();
    if composing {
        let count = acts.iter().filter(|act| **act == Act::Compose).count();
        marked
            .remarks
            .push(format!("{count} of {all} frames are stored whole, because the notice would be cleared away"));
    }
    if inexact + merged > 0 {
        let count = inexact + merged;
        marked.remarks.push(format!("in {count} of {all} frames the rarest colours are now their nearest neighbours"));
    }
    marked.noticed = true;
    Ok(())
}

fn frames<'a>(walk: &'a Walk) -> Vec<Frame<'a>> {
    let mut control = None;
    let frame = |part: &'a Part| match part {
        Part { kind: Kind::Control(fields), .. } => {
            control = Some((part, *fields));
            None
        }
        Part { kind: Kind::Image(image), .. } => {
            let control = control.take();
            let [packed, .., transparent] = control.map_or([0; 4], |(_, fields)| fields);
            let dispose = match packed >> 2 & 7 {
                2 => Dispose::Clear,
                // 4 is reserved; old encoders wrote it for 3, and browsers take it so.
                3 | 4 => Dispose::Restore,
                _ => Dispose::Keep,
            };
            let transparent = (packed & 1 != 0).then_some(transparent);
            Some(Frame { part, image, control, dispose, transparent })
        }
        _ => None,
    };
    walk.parts.iter().filter_map(frame).collect()
}

impl Job<'_> {
    /// Why this file can carry no notice.
    fn obstacle(&self, frames: &[Frame]) -> Option<String> {
        let fits = |rect: Rect| {
            let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
            right <= u32::from(u16::MAX) && bottom <= u32::from(u16::MAX)
        };
        let whole = Rect { x: 0, y: 0, width: self.notice.frame.width, height: self.notice.frame.height };
        let why = if !fits(whole) || frames.iter().any(|frame| !fits(self.placed(frame))) {
            "a strip would make it larger than GIF's 65,535 pixels"
        } else if self.global.is_empty() && frames.iter().any(|frame| frame.image.table.is_empty()) {
            "a frame has no colour table, so that nobody knows its colours; save it anew with an image editor"
        } else {
            return None;
        };
        Some(format!("no notice was drawn: {why}"))
    }

    /// Where a frame stands in the result. Frames of the whole screen grow with it.
    fn placed(&self, frame: &Frame) -> Rect {
        let (rect, grow) = (frame.image.rect, self.notice.grow);
        if self.grows(frame) {
            return Rect { x: 0, y: 0, width: self.notice.frame.width, height: self.notice.frame.height };
        }
        Rect { x: rect.x + grow.left, y: rect.y + grow.top, ..rect }
    }

    fn grows(&self, frame: &Frame) -> bool {
        let rect = frame.image.rect;
        !self.notice.grow.is_zero() && rect.size() == self.screen && (rect.x, rect.y) == (0, 0)
    }

    /// The global table enlarged, if no frame may hold indices that would get a colour by that.
    fn global_ink(&self, frames: &[Frame], source: &mut dyn Source) -> Result<Option<Inked>> {
        for frame in frames.iter().filter(|frame| frame.image.table.is_empty()) {
            let code_size = read_at(source, Format::Gif, frame.image.data, 1)?[0];
            if 1usize << code_size.min(8) > self.global.len() {
                return Ok(None);
            }
        }
        let uses = |frame: &Frame| frame.image.table.is_empty() && intersects(self.placed(frame), self.notice.rect);
        Ok(colour::enlarged(&self.global, self.notice).filter(|_| frames.iter().any(uses)))
    }

    fn ink(&self, frame: &Frame, indices: &[u8], source: &mut dyn Source) -> Result<Inked> {
        let own = table(source, &frame.image.table)?;
        if let (true, Some(inked)) = (own.is_empty(), &self.inked)
            && frame.transparent.is_none_or(|transparent| usize::from(transparent) < self.global.len())
        {
            return Ok(Inked { changed: false, ..inked.clone() });
        }
        let mut used = [0; 256];
        indices.iter().for_each(|&index| used[usize::from(index)] += 1);
        let table = if own.is_empty() { &self.global } else { &own };
        Ok(colour::fitted(table, frame.transparent, &used, self.notice))
    }

    fn draw(
        &self,
        frame: &Frame,
        mut indices: Vec<u8>,
        inked: &Inked,
        marked: &mut Marked,
        budget: &Budget,
    ) -> Result<()> {
        let rect = self.placed(frame);
        if self.grows(frame) {
            let (old, grow) = (frame.image.rect, self.notice.grow);
            let mut larger = vec![inked.ink[0]; budget.raster(rect.width, rect.height, 1)?];
            for (y, row) in (grow.top as usize..).zip(indices.chunks_exact(old.width as usize)) {
                larger[y * rect.width as usize + grow.left as usize..][..row.len()].copy_from_slice(row);
            }
            indices = larger;
        }
        self.stamp(&mut indices, rect, &inked.ink);
        let local = inked.changed || !frame.image.table.is_empty();
        // The "sorted" flag of a table goes where the table changed.
        let packed = frame.image.packed & if inked.changed { 0x58 } else { 0x78 };
        let packed = packed | if local { 0x80 | size_bits(&inked.table) } else { frame.image.packed & 7 };
        let table = if local { &inked.table[..] } else { &[] };
        let highest = indices.iter().copied().max().unwrap_or_default();
        let code_size = code_size(inked.table.len().max(usize::from(highest) + 1));
        let image = encode(rect, packed, table, &indices, code_size);
        marked.patch.replace(frame.part.range.clone(), image);
        Ok(())
    }

    /// A frame that keeps its pixels moves with the picture.
    fn shift(&self, frame: &Frame, marked: &mut Marked) {
        let rect = self.placed(frame);
        if rect != frame.image.rect {
            let at = frame.part.range.start + 1;
            marked.patch.replace(at..at + 8, numbers(rect));
        }
    }

    /// Replaces a frame by the whole screen; tells whether every colour stayed.
    fn compose(&self, frame: &Frame, screen: &Screen, marked: &mut Marked) -> bool {
        let (notice, size) = (self.notice, self.notice.frame);
        let rect = Rect { x: 0, y: 0, width: size.width, height: size.height };
        let composed = colour::composed(screen.pixels.iter().copied(), notice);
        let index = |pixel: &u32| composed.index.get(pixel).copied().unwrap_or(composed.nothing);
        let mut indices: Vec<u8> = screen.pixels.iter().map(index).collect();
        self.stamp(&mut indices, rect, &composed.inked.ink);
        // Cleared afterwards: what the next frame does not show must not stay.
        let [packed, delay @ .., _] = frame.control.map_or([0; 4], |(_, fields)| fields);
        let [a, b] = delay;
        let control = [0x21, 0xF9, 4, packed & 0xE2 | 2 << 2 | 1, a, b, composed.nothing, 0];
        let table = &composed.inked.table;
        let mut image = encode(rect, 0x80 | size_bits(table), table, &indices, code_size(table.len()));
        match frame.control {
            Some((part, _)) => marked.patch.replace(part.range.clone(), control.to_vec()),
            None => image.splice(..0, control).for_each(drop),
        }
        marked.patch.replace(frame.part.range.clone(), image);
        composed.exact
    }

    /// Draws what of the notice falls on a frame at `rect`.
    fn stamp(&self, indices: &mut [u8], rect: Rect, ink: &[u8]) {
        let at = self.notice.rect;
        let rows = self.notice.stamp.coverage.chunks_exact((at.width as usize).max(1));
        for (y, mask) in (at.y..).zip(rows) {
            let Some(y) = y.checked_sub(rect.y).filter(|&y| y < rect.height) else { continue };
            let (left, skip) = (at.x.saturating_sub(rect.x) as usize, rect.x.saturating_sub(at.x) as usize);
            let row = &mut indices[y as usize * rect.width as usize..][..rect.width as usize];
            let row = row.iter_mut().skip(left);
            row.zip(mask.iter().skip(skip)).for_each(|(to, &coverage)| *to = ink[usize::from(coverage)]);
        }
    }

    fn spend(&mut self, size: Size, budget: &Budget) -> Result<()> {
        self.spent += budget.raster(size.width, size.height, 1)? as u64;
        let max = budget.limits().max_decoded_bytes.saturating_mul(8);
        if self.spent > max {
            return Err(Error::Limit { what: "the size of all decoded frames in bytes", got: self.spent, max });
        }
        Ok(())
    }
}

impl Frame<'_> {
    fn decode(&self, source: &mut dyn Source, budget: &Budget) -> Result<Vec<u8>> {
        let (at, image) = (self.image.data, self.image);
        let code_size = read_at(source, Format::Gif, at, 1)?[0];
        let lzw = blocks::content(source, at + 1..self.part.range.end)?;
        let interlaced = image.packed & 0x40 != 0;
        pixels::decode(&lzw, at, code_size, image.rect.size(), interlaced, self.transparent, budget)
    }
}

/// What a reader shows of the original, without the notice: 0 is nothing, else 0xFFRRGGBB.
struct Screen {
    width: usize,
    pixels: Vec<u32>,
    before: Option<Vec<u32>>,
    first: bool,
}

impl Screen {
    fn new(notice: &StoredNotice, budget: &Budget) -> Result<Self> {
        let Size { width, height } = notice.frame;
        let len = budget.raster(width, height, 4)? / 4;
        Ok(Self { width: width as usize, pixels: vec![0; len], before: None, first: true })
    }

    fn show(&mut self, frame: &Frame, indices: &[u8], table: &[Entry], notice: &StoredNotice) {
        if frame.dispose == Dispose::Restore && !self.first {
            self.before = Some(self.pixels.clone());
        }
        let width = frame.image.rect.width as usize;
        for (row, indices) in self.rows(frame, notice).zip(indices.chunks_exact(width.max(1))) {
            for (pixel, index) in row.iter_mut().zip(indices) {
                let entry = table.get(usize::from(*index)).filter(|_| Some(*index) != frame.transparent);
                if let Some(&[r, g, b]) = entry {
                    *pixel = u32::from_be_bytes([0xFF, r, g, b]);
                }
            }
        }
    }

    fn dispose(&mut self, frame: &Frame, notice: &StoredNotice) {
        match (frame.dispose, self.before.take()) {
            (Dispose::Keep, _) => {}
            (Dispose::Restore, Some(before)) => self.pixels = before,
            (Dispose::Restore | Dispose::Clear, _) => self.rows(frame, notice).for_each(|row| row.fill(0)),
        }
        self.first = false;
    }

    /// The rows that a frame covers, as far as they are on the screen.
    fn rows(&mut self, frame: &Frame, notice: &StoredNotice) -> impl Iterator<Item = &mut [u32]> {
        let (rect, grow, width) = (frame.image.rect, notice.grow, self.width);
        let left = (rect.x + grow.left) as usize;
        let columns = left.min(width)..(left + rect.width as usize).min(width);
        let rows = self.pixels.chunks_exact_mut(width).skip((rect.y + grow.top) as usize);
        rows.take(rect.height as usize).map(move |row| &mut row[columns.clone()])
    }
}

/// A whole image block.
fn encode(rect: Rect, packed: u8, table: &[Entry], indices: &[u8], code_size: u8) -> Vec<u8> {
    let mut block = vec![0x2C];
    block.extend(numbers(rect));
    block.push(packed);
    block.extend(table.as_flattened());
    block.push(code_size);
    block.extend(blocks::sub_blocks(&pixels::encode(indices, code_size, rect.size(), packed & 0x40 != 0)));
    block
}

/// Position and size as an image descriptor has them. [`Job::obstacle`] has seen to it that they fit.
fn numbers(rect: Rect) -> Vec<u8> {
    let number = |value: u32| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
    [rect.x, rect.y, rect.width, rect.height].into_iter().flat_map(number).collect()
}

fn table(source: &mut dyn Source, range: &std::ops::Range<u64>) -> Result<Vec<Entry>> {
    let bytes = read_at(source, Format::Gif, range.start, range.end - range.start)?;
    Ok(bytes.chunks_exact(3).map(|entry| [entry[0], entry[1], entry[2]]).collect())
}

/// The length of a table as packed fields have it.
fn size_bits(table: &[Entry]) -> u8 {
    (table.len().max(2).ilog2() - 1) as u8
}

/// Appendix F: bits of an index, at least 2.
fn code_size(indices: usize) -> u8 {
    indices.next_power_of_two().ilog2().max(2) as u8
}
