//! Luma under a notice, out of a scan of which all else is passed over.

use std::sync::Arc;

use super::{
    bits::Bits,
    dct::{self, ZIGZAG},
    decoder::{self, Tables},
    frame::Frame,
    huffman::Decoder,
    paint::Quantisation,
    picture::Block,
    reading::ReadScan,
    scan::Fault,
    sheet::{Drawn, Sheet, Token},
    skip::{self, Skipper},
    weave::Begins,
    window::Window,
};
use crate::{Result, geometry::Rect, limits::Budget, stream::Source};

/// Blocks of a notice that may have filling at their end.
const FILLED: usize = 16;

/// What the blocks of a component of the scan are read with.
struct Slot<'a> {
    /// Which component of the frame it is.
    plane: usize,
    /// Blocks of an MCU.
    h: usize,
    v: usize,
    dc: &'a Decoder,
    ac: &'a Decoder,
    /// The destination of its AC table.
    table: usize,
}

impl Slot<'_> {
    fn is_luma(&self) -> bool {
        self.plane == 0
    }
}

/// Reads luma, which no component of the frame has more samples of, from a scan that holds all components.
pub(super) struct Luma<'a> {
    slots: Vec<Slot<'a>>,
    /// By destination of the table; `None` where too little is passed over.
    skippers: [Option<Arc<Skipper>>; 4],
    steps: &'a Quantisation,
    /// MCUs in a row, and between restart markers; those of the whole scan where there are none.
    across: usize,
    interval: usize,
    total: usize,
    /// Wanted blocks of luma.
    columns: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
}

impl<'a> Luma<'a> {
    /// `None` when the scan is of another kind.
    pub(super) fn new(
        frame: &Frame,
        coded: &ReadScan,
        tables: &'a Tables,
        steps: &'a Quantisation,
        rect: Rect,
    ) -> Option<Self> {
        let scan = &coded.scan;
        let (most_h, most_v) = frame.sampling();
        let luma = frame.components.first()?;
        let is_full = (u32::from(luma.h), u32::from(luma.v)) == (most_h, most_v);
        if frame.is_progressive() || !is_full || scan.components.len() != frame.components.len() {
            return None;
        }
        // A.2.2: where one component stands alone, an MCU is one block.
        let is_single = scan.components.len() == 1;
        let mut slots = Vec::new();
        for component in &scan.components {
            let of_frame = frame.components.get(component.plane)?;
            let (h, v) = if is_single { (1, 1) } else { (of_frame.h.into(), of_frame.v.into()) };
            let [dc, ac] = [tables[0][component.dc].as_ref()?, tables[1][component.ac].as_ref()?];
            slots.push(Slot { plane: component.plane, h, v, dc, ac, table: component.ac });
        }
        let (h, v) = if is_single { (1, 1) } else { (most_h, most_v) };
        let (across, down) = (frame.size.width.div_ceil(8 * h) as usize, frame.size.height.div_ceil(8 * v) as usize);
        let total = across * down;
        let interval = if coded.interval == 0 { total } else { usize::from(coded.interval) };
        let blocks = |start: u32, len: u32| (start / 8) as usize..(start + len).div_ceil(8) as usize;
        let (columns, rows) = (blocks(rect.x, rect.width), blocks(rect.y, rect.height));
        let per_mcu: usize = slots.iter().map(|slot| slot.h * slot.v).sum();
        let read = rows.end.div_ceil(v as usize) * across;
        let passed = read.min(interval.saturating_add(rows.len() * across)) * per_mcu;
        let mut skippers: [Option<Option<Arc<Skipper>>>; 4] = Default::default();
        for component in &scan.components {
            let made = || coded.codes[1][component.ac].as_ref().and_then(|table| Skipper::of(table, passed));
            skippers[component.ac].get_or_insert_with(made);
        }
        let skippers = skippers.map(Option::flatten);
        Some(Self { slots, skippers, steps, across, interval, total, columns, rows })
    }

    /// The pixels.
    pub(super) fn read(&self, window: Window, budget: &Budget) -> Result<Grey> {
        let (width, height) = (self.columns.len() * 8, self.rows.len() * 8);
        // At most 14 pixels more than the notice in each direction.
        let len = budget.raster(width as u32, height as u32, 1)?;
        let mut grey = Grey { width, samples: vec![0; len] };
        self.each(window, Begins::default(), none, |bits, table, (x, y), dc| {
            let mut block = [0; 64];
            block[0] = dc;
            decoder::sequential(bits, table, &mut block)?;
            grey.put(x - self.columns.start, y - self.rows.start, &block, self.steps);
            Ok(Look::Seen)
        })?;
        Ok(grey)
    }

    /// Whether every block of the sheet is in the file, but for filling behind a few.
    pub(super) fn holds(
        &self,
        source: &mut dyn Source,
        coded: &ReadScan,
        sheet: &Sheet,
        begins: Option<&Begins>,
    ) -> Result<bool> {
        let begins = begins.filter(|begins| begins.mcu <= self.first() && self.interval == self.total);
        let begins = begins.copied().unwrap_or_default();
        let window = Window::open_at(source, coded.segment.data.clone(), (begins.byte, begins.bit))?;
        let ribbon = coded.coding().and_then(|coding| sheet.ribbons.get(&coding));
        let per_mcu: usize = self.slots.iter().filter(|slot| slot.is_luma()).map(|slot| slot.h * slot.v).sum();
        let (mut same, mut longer, mut count) = (true, 0, 0);
        let mut mcus = 0;
        let whole = |bits: &mut Bits, place: (usize, usize), dc: &mut [i32; 4]| {
            let follows = ribbon.as_ref().is_some_and(|ribbon| ribbon.follows(bits, place));
            if follows {
                mcus += 1;
                *dc = sheet.last(self.slots.iter().map(|slot| (slot.plane, slot.h, slot.v)), place);
            }
            follows
        };
        self.each(window, begins, whole, |bits, table, (x, y), dc| {
            let Some(drawn) = sheet.block(0, x, y) else { return Ok(Look::Unseen) };
            let end = match dc == drawn.dc {
                true => compared(bits, table, &drawn, drawn.tokens(sheet.tokens()))?,
                false => End::Other,
            };
            count += 1;
            longer += usize::from(end == End::Longer);
            same = end != End::Other && longer <= FILLED;
            Ok(if same { Look::Seen } else { Look::Enough })
        })?;
        Ok(same && count + mcus * per_mcu == sheet.len(0))
    }

    /// The first MCU that is wanted.
    fn first(&self) -> usize {
        let (h, v) = self.slots.iter().find(|slot| slot.is_luma()).map_or((1, 1), |slot| (slot.h, slot.v));
        self.rows.start / v * self.across + self.columns.start / h
    }

    /// Calls `look` with DC, column and row of every block under the notice; it reads what follows. Before that, `whole` is called
    /// with every MCU; it may read all of it, and says whether it did.
    #[inline(always)]
    fn each(
        &self,
        mut window: Window,
        begins: Begins,
        mut whole: impl FnMut(&mut Bits, (usize, usize), &mut [i32; 4]) -> bool,
        mut look: impl FnMut(&mut Bits, &Decoder, (usize, usize), i16) -> Result<Look, Fault>,
    ) -> Result<()> {
        let (h, v) = self.slots.iter().find(|slot| slot.is_luma()).map_or((1, 1), |slot| (slot.h, slot.v));
        let last = self.rows.end.div_ceil(v).saturating_sub(1) * self.across + self.columns.end.div_ceil(h);
        // What stands in intervals of their own before the notice is not read.
        let passed = self.first() / self.interval;
        if passed > 0 {
            window.pass_restarts(passed, 0, |_| {})?;
        }
        let mut mcu = begins.mcu + passed * self.interval;
        let mut predictions = begins.dc;
        let last = last.min(self.total);
        let mut enough = false;
        while mcu < last && !enough {
            let end = (mcu / self.interval + 1) * self.interval;
            let until = end.min(last);
            let (mut column, mut row) = (mcu % self.across, mcu / self.across);
            window.read(None, |bits| {
                enough = match whole(bits, (column, row), &mut predictions) {
                    true => false,
                    false => self.mcu(bits, (column, row), &mut predictions, &mut look)?,
                };
                mcu += 1;
                column += 1;
                if column == self.across {
                    (column, row) = (0, row + 1);
                }
                Ok(mcu < until && !enough)
            })?;
            if mcu < last && !enough {
                window.pass_restarts(1, ((mcu / self.interval - 1) % 8) as u8, |_| {})?;
                predictions = [0; 4];
            }
        }
        Ok(())
    }

    /// Reads an MCU; whether it was enough.
    #[inline(always)]
    fn mcu(
        &self,
        bits: &mut Bits,
        (column, row): (usize, usize),
        predictions: &mut [i32; 4],
        look: &mut impl FnMut(&mut Bits, &Decoder, (usize, usize), i16) -> Result<Look, Fault>,
    ) -> Result<bool, Fault> {
        for (slot, prediction) in self.slots.iter().zip(predictions) {
            for y in row * slot.v..(row + 1) * slot.v {
                for x in column * slot.h..(column + 1) * slot.h {
                    bits.refill();
                    *prediction += slot.dc.difference(bits)?;
                    let dc = i16::try_from(*prediction).map_err(|_| Fault::RANGE)?;
                    if slot.is_luma() && self.rows.contains(&y) && self.columns.contains(&x) {
                        match look(bits, slot.ac, (x, y), dc)? {
                            Look::Seen => continue,
                            Look::Enough => return Ok(true),
                            Look::Unseen => {}
                        }
                    }
                    match &self.skippers[slot.table] {
                        Some(skipper) => skipper.block(bits, slot.ac)?,
                        None => skip::plain(bits, slot.ac)?,
                    }
                }
            }
        }
        Ok(false)
    }
}

/// No MCU is known as a whole.
fn none(_: &mut Bits, _: (usize, usize), _: &mut [i32; 4]) -> bool {
    false
}

/// What was done with a block.
enum Look {
    /// It was read.
    Seen,
    /// It is still to be passed over.
    Unseen,
    /// No more is wanted.
    Enough,
}

/// How a block compares with another.
#[derive(PartialEq)]
enum End {
    Same,
    /// The same, with filling at its end.
    Longer,
    Other,
}

/// Compares the AC coefficients of the next block with those that were drawn.
#[inline(always)]
fn compared(bits: &mut Bits, table: &Decoder, drawn: &Drawn, tokens: &[Token]) -> Result<End, Fault> {
    for token in tokens {
        let (value, len) = token.bits();
        bits.refill();
        if table.symbol(bits)? != token.symbol() || bits.take(len) != value {
            return Ok(End::Other);
        }
    }
    let (mut k, mut end) = (usize::from(drawn.last) + 1, End::Same);
    while k < 64 {
        bits.refill();
        let symbol = table.symbol(bits)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => k += 16,
            (_, 0) => break,
            (zeros, 1) => {
                bits.take(1);
                k += usize::from(zeros) + 1;
            }
            _ => return Ok(End::Other),
        }
        end = End::Longer;
    }
    Ok(end)
}

/// Luma of whole blocks.
pub(super) struct Grey {
    width: usize,
    samples: Vec<u8>,
}

impl Grey {
    /// Puts a block at a column and row of blocks.
    fn put(&mut self, column: usize, row: usize, block: &Block, steps: &Quantisation) {
        let start = row * 8 * self.width + column * 8;
        let Some(to) = self.samples.get_mut(start..) else { return };
        // Adding 2^23 leaves the nearest whole number in the lowest bits.
        let sample = |value: f32| ((value + 128.0).clamp(0.0, 255.0) + 8_388_608.0).to_bits() as u8;
        let lines = to.chunks_mut(self.width).take(8);
        if block[1..].iter().fold(0, |some, &value| some | value) == 0 {
            // F(0, 0) is eight times the mean.
            let even = sample(f32::from(block[0]) * f32::from(steps[0]) / 8.0);
            lines.for_each(|line| line[..8].fill(even));
            return;
        }
        let mut coefficients = [0.0; 64];
        for ((&value, &step), place) in block.iter().zip(steps).zip(ZIGZAG) {
            coefficients[place] = f32::from(value) * f32::from(step);
        }
        let values = dct::inverse(&coefficients).map(sample);
        lines.zip(values.as_chunks::<8>().0).for_each(|(line, values)| line[..8].copy_from_slice(values));
    }

    /// Copies what stands at `rect` of the picture as shades of grey.
    pub(super) fn copy(&self, rect: Rect, rgb: &mut [u8]) {
        let (x, y) = ((rect.x % 8) as usize, (rect.y % 8) as usize);
        let lines = self.samples.chunks_exact(self.width.max(1)).skip(y);
        for (to, line) in rgb.chunks_exact_mut((rect.width as usize * 3).max(1)).zip(lines) {
            for (pixel, &value) in to.as_chunks_mut::<3>().0.iter_mut().zip(&line[x..]) {
                *pixel = [value; 3];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

    use super::{
        super::{reading::Reading, samples},
        *,
    };
    use crate::{format::jpeg::markers, geometry::Size, limits::Limits};

    fn file(sampling: Option<SamplingFactor>, restarts: u16) -> (Size, Vec<u8>) {
        let picture = image::open(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photo.png")).unwrap();
        let (mut bytes, size) = (Vec::new(), Size { width: picture.width(), height: picture.height() });
        let mut encoder = Encoder::new(&mut bytes, 85);
        if restarts > 0 {
            encoder.set_restart_interval(restarts);
        }
        let (width, height) = (size.width as u16, size.height as u16);
        match sampling {
            Some(sampling) => {
                encoder.set_sampling_factor(sampling);
                encoder.encode(picture.to_rgb8().as_raw(), width, height, ColorType::Rgb).unwrap();
            }
            None => encoder.encode(picture.to_luma8().as_raw(), width, height, ColorType::Luma).unwrap(),
        }
        (size, bytes)
    }

    #[test]
    fn luma_alone_is_what_the_whole_picture_has() {
        let samplings = [SamplingFactor::F_1_1, SamplingFactor::F_2_1, SamplingFactor::F_1_2, SamplingFactor::F_2_2];
        for sampling in samplings.map(Some).into_iter().chain([None]) {
            for restarts in [0, 1, 7, 40, 300] {
                let (Size { width, height }, bytes) = file(sampling, restarts);
                let mut source = Cursor::new(bytes);
                let limits = Limits::default();
                let budget = &mut Budget::new(&limits);
                let layout = markers::walk(&mut source, budget).unwrap();
                let begin = |source: &mut Cursor<Vec<u8>>, budget: &mut Budget| {
                    Reading::begin(source, &layout, 0..u32::MAX, budget).unwrap().unwrap()
                };
                let (reading, mut whole) = (begin(&mut source, budget), begin(&mut source, budget));
                whole.finish(&mut source, budget).unwrap();
                let (tables, coded) = (reading.quantisation().unwrap(), reading.waiting().unwrap());
                let right = Rect { x: width - 101, y: 13, width: 101, height: 37 };
                let last = Rect { x: width - 1, y: height - 1, width: 1, height: 1 };
                let corner = Rect { x: 0, y: height - 50, width: 90, height: 50 };
                for rect in [right, last, corner, Rect { x: 0, y: 0, width, height }] {
                    let luma = Luma::new(&reading.picture.frame, coded, &reading.tables, &tables[0], rect).unwrap();
                    let window = Window::open(&mut source, coded.segment.data.clone()).unwrap();
                    let mut rgb = vec![0; (rect.area() * 3) as usize];
                    luma.read(window, budget).unwrap().copy(rect, &mut rgb);
                    let slow = samples::samples(&whole.picture, &tables, 1, rect);
                    let near = |(fast, &slow): (&[u8], &u8)| fast.iter().all(|value| value.abs_diff(slow) <= 1);
                    assert!(rgb.chunks_exact(3).zip(&slow).all(near), "{sampling:?} {restarts} {rect:?}");
                }
            }
        }
    }
}
