//! Frames: APNG, PNG third edition, 11.3.6. The notice has to stand in every composed frame, whatever is blended over it
//! and whatever is cleared away.

use super::{
    chunks::{self, Chunk, Colour, Header, Walk, malformed},
    colour::{Meaning, Scheme},
    pixels::{self, Canvas},
};
use crate::{
    Error, Result,
    format::{
        Marked,
        frames::{self, Act, Dispose, intersects},
    },
    geometry::{Rect, Size},
    limits::Budget,
    notice::StoredNotice,
    stream::{Source, be_u32},
};

/// Length of fcTL's data.
const CONTROL: usize = 26;

/// One picture of the file: a frame, or the default image alone.
pub(super) struct Frame {
    /// fcTL and its data; a default image outside the animation has none.
    control: Option<(Chunk, [u8; CONTROL])>,
    /// In pixels of the original.
    rect: Rect,
    dispose: Dispose,
    over: bool,
    /// IDAT or fdAT.
    data: Vec<Chunk>,
}

/// Every picture of the file, in file order.
pub(super) fn frames(walk: &Walk, size: Size, source: &mut dyn Source, budget: &mut Budget) -> Result<Vec<Frame>> {
    let whole = Rect { x: 0, y: 0, width: size.width, height: size.height };
    let first_data = walk.chunks.iter().position(|chunk| &chunk.kind == b"IDAT").unwrap_or(usize::MAX);
    // acTL behind the pixels makes no animation (11.3.6.1).
    let animated = walk.chunks.iter().position(|chunk| &chunk.kind == b"acTL").is_some_and(|at| at < first_data);
    let mut frames: Vec<Frame> = Vec::new();
    for (i, chunk) in walk.chunks.iter().enumerate() {
        match &chunk.kind {
            b"fcTL" if animated => frames.push(Frame::read(chunk, size, source, budget)?),
            b"IDAT" if i == first_data => {
                let run = walk.chunks[i..].iter().take_while(|chunk| &chunk.kind == b"IDAT");
                let data: Vec<Chunk> = run.copied().collect();
                match frames.last_mut() {
                    Some(frame) if frame.rect == whole => frame.data = data,
                    Some(_) => return Err(malformed(chunk.at, "the default image's fcTL does not cover the picture")),
                    None => {
                        frames.push(Frame { control: None, rect: whole, dispose: Dispose::Keep, over: false, data })
                    }
                }
            }
            b"fdAT" if animated => {
                let frame =
                    frames.last_mut().filter(|frame| frame.data.first().is_none_or(|data| data.kind == *b"fdAT"));
                frame.ok_or_else(|| malformed(chunk.at, "fdAT without fcTL"))?.data.push(*chunk);
            }
            _ => {}
        }
    }
    match frames.iter().find(|frame| frame.data.is_empty()) {
        Some(frame) => Err(malformed(frame.control.map_or(8, |(chunk, _)| chunk.at), "a frame without pixels")),
        None if frames.is_empty() => Err(malformed(8, "a picture without IDAT")),
        None => Ok(frames),
    }
}

/// Draws the notice into every picture of an animation.
pub(super) fn draw(
    frames: &[Frame],
    meaning: &Meaning,
    notice: &StoredNotice,
    marked: &mut Marked,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<Scheme> {
    let old = meaning.header;
    let acts = plan(frames, old.size, notice);
    let composing = acts.contains(&Act::Compose);
    let scheme = meaning.scheme(notice, None, composing);
    let header = Header { size: notice.frame, ..scheme.header };
    let mut screen = composing.then(|| Screen::new(header, budget)).transpose()?;
    let mut spent = 0;
    for (frame, act) in frames.iter().zip(&acts) {
        let rect = frame.placed(old.size, notice);
        let draws = intersects(rect, notice.rect);
        if draws || !scheme.keeps_pixels() || composing {
            spend(rect, header, &mut spent, budget)?;
            let zlib = frame.zlib(source)?;
            let own = Header { size: frame.rect.size(), ..old };
            let (canvas, filters) = Canvas::decode(&zlib, frame.data[0].at, &own, budget)?;
            let mut canvas = scheme.converted(canvas, budget)?;
            if let (Some(screen), Some(_)) = (&mut screen, frame.control) {
                screen.show(&canvas, frame, notice, budget)?;
            }
            let grows = rect.size() != canvas.size;
            let touched = Rect { x: notice.rect.x, y: notice.rect.y.saturating_sub(rect.y), ..notice.rect };
            let encode = |canvas: &Canvas, filters: Option<&[u8]>| {
                canvas.encode(&Header { size: canvas.size, ..header }, filters, touched, pixels::level(&zlib))
            };
            match (act, &screen) {
                (Act::Compose, Some(screen)) => {
                    spend(
                        Rect { x: 0, y: 0, width: header.size.width, height: header.size.height },
                        header,
                        &mut spent,
                        budget,
                    )?;
                    let mut whole = screen.picture();
                    scheme.draw(&mut whole, 0, 0, notice);
                    frame.replace(&encode(&whole, None)?, marked, source)?;
                }
                _ if draws || !scheme.keeps_pixels() => {
                    if grows {
                        canvas = canvas.grown(notice.grow, scheme.plate(), budget)?;
                    }
                    scheme.draw(&mut canvas, rect.x, rect.y, notice);
                    let same = scheme.keeps_pixels() && !grows;
                    frame.replace(&encode(&canvas, same.then_some(&filters[..]))?, marked, source)?;
                }
                _ => {}
            }
            if let (Some(screen), Some(_)) = (&mut screen, frame.control) {
                screen.dispose(frame, notice);
            }
        }
        frame.fix_control(rect, *act, notice, marked);
    }
    if composing {
        let count = acts.iter().filter(|act| **act == Act::Compose).count();
        let all = frames.len();
        marked
            .remarks
            .push(format!("{count} of {all} frames are stored whole, because the notice would be cleared away"));
    }
    Ok(scheme)
}

/// What happens to each picture; a default image outside the animation is drawn into as a still.
fn plan(frames: &[Frame], size: Size, notice: &StoredNotice) -> Vec<Act> {
    let stills = frames.iter().take_while(|frame| frame.is_still()).count();
    let animated = frames[stills..].iter().map(|frame| (frame.placed(size, notice), frame.dispose));
    let acts = frames::plan(animated, notice.rect, true);
    std::iter::repeat_n(Act::Draw, stills).chain(acts).collect()
}

impl Frame {
    fn read(chunk: &Chunk, size: Size, source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let data = chunk.sound(source, budget)?;
        let wrong = |why: &str| malformed(chunk.at, format!("fcTL: {why}"));
        let data: [u8; CONTROL] = data.try_into().map_err(|_| wrong("not 26 bytes"))?;
        let number = |at| be_u32(&data, at).unwrap_or_default();
        let rect = Rect { width: number(4), height: number(8), x: number(12), y: number(16) };
        if rect.width == 0 || rect.height == 0 || !rect.inside(size) {
            return Err(wrong("the frame is empty or hangs over the picture"));
        }
        let dispose = match data[24] {
            0 => Dispose::Keep,
            1 => Dispose::Clear,
            2 => Dispose::Restore,
            _ => return Err(wrong("unknown dispose operation")),
        };
        if data[25] > 1 {
            return Err(wrong("unknown blend operation"));
        }
        Ok(Self { control: Some((*chunk, data)), rect, dispose, over: data[25] == 1, data: Vec::new() })
    }

    /// Whether this is all there is to the file.
    pub(super) fn is_still(&self) -> bool {
        self.control.is_none()
    }

    /// Where the frame stands in the result. Frames of the whole picture grow with it.
    fn placed(&self, size: Size, notice: &StoredNotice) -> Rect {
        if self.rect.size() == size {
            return Rect { x: 0, y: 0, width: notice.frame.width, height: notice.frame.height };
        }
        Rect { x: self.rect.x + notice.grow.left, y: self.rect.y + notice.grow.top, ..self.rect }
    }

    /// The compressed pixels.
    pub(super) fn zlib(&self, source: &mut dyn Source) -> Result<Vec<u8>> {
        let mut zlib = Vec::new();
        for chunk in &self.data {
            chunk.append(source, if &chunk.kind == b"fdAT" { 4 } else { 0 }, &mut zlib)?;
        }
        Ok(zlib)
    }

    /// The chunks that hold the compressed pixels.
    pub(super) fn chunks(&self) -> &[Chunk] {
        &self.data
    }

    /// Where the compressed pixels start.
    pub(super) fn at(&self) -> u64 {
        self.data[0].at
    }

    /// Puts new pixels into as many chunks as before: so every sequence number stays.
    pub(super) fn replace(&self, zlib: &[u8], marked: &mut Marked, source: &mut dyn Source) -> Result<()> {
        let mut pieces = zlib.chunks(zlib.len().div_ceil(self.data.len()).max(1));
        for chunk in &self.data {
            let piece = pieces.next().unwrap_or_default();
            let new = if &chunk.kind == b"fdAT" {
                let mut sequence = [0; 4];
                crate::stream::read_into(source, crate::Format::Png, chunk.at + 8, &mut sequence)?;
                chunks::encode(chunk.kind, &[&sequence, piece])
            } else if piece.is_empty() {
                Vec::new()
            } else {
                chunks::encode(chunk.kind, &[piece])
            };
            marked.patch.replace(chunk.range(), new);
        }
        Ok(())
    }

    fn fix_control(&self, rect: Rect, act: Act, notice: &StoredNotice, marked: &mut Marked) {
        let Some((chunk, old)) = self.control else { return };
        let mut new = old;
        let rect = match act {
            Act::Draw => rect,
            Act::Compose => {
                // Dispose: none; blend: source.
                new[24..26].fill(0);
                Rect { x: 0, y: 0, width: notice.frame.width, height: notice.frame.height }
            }
        };
        let numbers = [rect.width, rect.height, rect.x, rect.y].map(u32::to_be_bytes).concat();
        new[4..20].copy_from_slice(&numbers);
        if new != old {
            marked.patch.replace(chunk.range(), chunks::encode(chunk.kind, &[&new]));
        }
    }
}

/// What a reader shows of the original, without the notice.
struct Screen {
    canvas: Canvas,
    before: Option<Vec<u8>>,
    /// Bytes of a sample, and samples of colour.
    sample: usize,
    first: bool,
}

impl Screen {
    fn new(header: Header, budget: &Budget) -> Result<Self> {
        debug_assert!(matches!(header.colour, Colour::GreyAlpha | Colour::Rgba));
        let canvas = Canvas::filled(header.size, &[0; 8][..header.unit()], budget)?;
        Ok(Self { canvas, before: None, sample: usize::from(header.depth / 8), first: true })
    }

    fn show(&mut self, frame: &Canvas, of: &Frame, notice: &StoredNotice, budget: &Budget) -> Result<()> {
        if of.dispose == Dispose::Restore && !self.first {
            budget.raster(self.canvas.size.width, self.canvas.size.height, self.canvas.unit as u64)?;
            self.before = Some(self.canvas.data.clone());
        }
        let (x, y) = (of.rect.x + notice.grow.left, of.rect.y + notice.grow.top);
        let (over, sample) = (of.over, self.sample);
        self.canvas.paste(frame, x, y, |to, from| blend(to, from, over, sample));
        Ok(())
    }

    fn picture(&self) -> Canvas {
        Canvas { size: self.canvas.size, unit: self.canvas.unit, data: self.canvas.data.clone() }
    }

    fn dispose(&mut self, of: &Frame, notice: &StoredNotice) {
        match (of.dispose, self.before.take()) {
            (Dispose::Keep, _) => {}
            (Dispose::Restore, Some(before)) => self.canvas.data = before,
            (Dispose::Restore | Dispose::Clear, _) => {
                let (x, unit) = ((of.rect.x + notice.grow.left) as usize, self.canvas.unit);
                for y in 0..of.rect.height {
                    let row = self.canvas.row_mut(of.rect.y + notice.grow.top + y);
                    row[x * unit..(x + of.rect.width as usize) * unit].fill(0);
                }
            }
        }
        self.first = false;
    }
}

/// APNG's "over" (13.15, alpha channel processing) for samples of 1 or 2 bytes, alpha last.
fn blend(to: &mut [u8], from: &[u8], over: bool, sample: usize) {
    let value =
        |pixel: &[u8], i: usize| pixel[i * sample..][..sample].iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    let full = (1u64 << (8 * sample)) - 1;
    let last = to.len() / sample - 1;
    let (front, back) = (value(from, last), value(to, last));
    if !over || front == full || (front > 0 && back == 0) {
        to.copy_from_slice(from);
    } else if front > 0 {
        // Scaled by `full`: alpha of the result, and of the back's share in it.
        let share = back * (full - front);
        let alpha = front * full + share;
        for i in 0..=last {
            let new = if i == last {
                (alpha + full / 2) / full
            } else {
                (value(from, i) * front * full + value(to, i) * share + alpha / 2) / alpha
            };
            to[i * sample..][..sample].copy_from_slice(&new.to_be_bytes()[8 - sample..]);
        }
    }
}

fn spend(rect: Rect, header: Header, spent: &mut u64, budget: &Budget) -> Result<()> {
    *spent += budget.raster(rect.width, rect.height, header.unit() as u64)? as u64;
    let max = budget.limits().max_decoded_bytes.saturating_mul(8);
    if *spent > max {
        return Err(Error::Limit { what: "the size of all decoded frames in bytes", got: *spent, max });
    }
    Ok(())
}
