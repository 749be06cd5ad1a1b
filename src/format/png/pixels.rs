//! Pixels out of zlib streams and back, for every colour type, depth and interlacing: PNG third edition, clauses 7 to 10.

use std::io::Write as _;

use flate2::{Compression, Decompress, FlushDecompress, Status, write::ZlibEncoder};

use super::{
    chunks::{Colour, Header, malformed},
    filter,
};
use crate::{
    Result,
    geometry::{Rect, Size},
    limits::Budget,
    notice::Grow,
};

/// A decoded picture: samples under 8 bits stand in a byte each, those of 16 bits are big-endian.
pub(super) struct Canvas {
    pub(super) size: Size,
    /// Bytes of one pixel.
    pub(super) unit: usize,
    pub(super) data: Vec<u8>,
}

/// Start and step of one interlacing pass, in pixels.
struct Pass {
    x: u32,
    y: u32,
    dx: u32,
    dy: u32,
}

/// 8.2: the seven passes.
const ADAM7: [Pass; 7] = [
    Pass { x: 0, y: 0, dx: 8, dy: 8 },
    Pass { x: 4, y: 0, dx: 8, dy: 8 },
    Pass { x: 0, y: 4, dx: 4, dy: 8 },
    Pass { x: 2, y: 0, dx: 4, dy: 4 },
    Pass { x: 0, y: 2, dx: 2, dy: 4 },
    Pass { x: 1, y: 0, dx: 2, dy: 2 },
    Pass { x: 0, y: 1, dx: 1, dy: 2 },
];
const WHOLE: [Pass; 1] = [Pass { x: 0, y: 0, dx: 1, dy: 1 }];

impl Pass {
    /// Columns and rows of the pass; none where either is 0.
    fn size(&self, of: Size) -> Option<Size> {
        let width = of.width.checked_sub(self.x).filter(|&rest| rest > 0)?.div_ceil(self.dx);
        let height = of.height.checked_sub(self.y).filter(|&rest| rest > 0)?.div_ceil(self.dy);
        Some(Size { width, height })
    }
}

impl Header {
    /// Bytes of one pixel of a [`Canvas`].
    pub(super) fn unit(&self) -> usize {
        if self.depth < 8 { 1 } else { self.colour.channels() * usize::from(self.depth) / 8 }
    }

    /// Bytes of a row of `width` pixels as filtered, without the filter type.
    pub(super) fn row_bytes(&self, width: u32) -> usize {
        (width as usize * self.colour.channels() * usize::from(self.depth)).div_ceil(8)
    }

    /// How far left the filters look: bytes of a whole pixel, 1 for smaller ones (9.2).
    pub(super) fn distance(&self) -> usize {
        (self.colour.channels() * usize::from(self.depth) / 8).max(1)
    }

    fn passes(&self) -> &'static [Pass] {
        if self.interlaced { &ADAM7 } else { &WHOLE }
    }
}

impl Canvas {
    /// A picture of one colour.
    pub(super) fn filled(size: Size, pixel: &[u8], budget: &Budget) -> Result<Self> {
        let len = budget.raster(size.width, size.height, pixel.len() as u64)?;
        let mut data = vec![0; len];
        if pixel.iter().any(|&byte| byte != 0) {
            data.chunks_exact_mut(pixel.len()).for_each(|to| to.copy_from_slice(pixel));
        }
        Ok(Self { size, unit: pixel.len(), data })
    }

    /// Decodes one picture of `header`'s kind and of `header.size`, and keeps the filter type of every row.
    pub(super) fn decode(zlib: &[u8], at: u64, header: &Header, budget: &Budget) -> Result<(Self, Vec<u8>)> {
        let size = header.size;
        let mut canvas = Self::filled(size, &[0; 8][..header.unit()], budget)?;
        let mut inflater = Inflater { zlib, at, engine: Decompress::new(true) };
        let mut filters = Vec::new();
        let distance = header.distance();
        for pass in header.passes() {
            let Some(Size { width, height }) = pass.size(size) else { continue };
            let len = header.row_bytes(width);
            let (mut row, mut previous) = (vec![0; len + 1], vec![0; len + 1]);
            for y in 0..height {
                inflater.fill(&mut row)?;
                let filter = row[0];
                if !filter::unfilter(filter, &mut row[1..], &previous[1..], distance) {
                    return Err(malformed(at, format!("row {y} has the unknown filter type {filter}")));
                }
                filters.push(filter);
                let to = canvas.row_mut(pass.y + y * pass.dy);
                unpack(&row[1..], to, header, pass.x as usize, pass.dx as usize);
                std::mem::swap(&mut row, &mut previous);
            }
        }
        Ok((canvas, filters))
    }

    /// Encodes; `filters` are those of the original where the layout is still the same. Rows of `touched` get the filter
    /// that looks best, as do all rows without `filters`.
    pub(super) fn encode(
        &self,
        header: &Header,
        filters: Option<&[u8]>,
        touched: Rect,
        level: Compression,
    ) -> Result<Vec<u8>> {
        let mut encoder = ZlibEncoder::new(Vec::new(), level);
        let mut kept = filters.into_iter().flatten().copied();
        for pass in header.passes() {
            let Some(Size { width, height }) = pass.size(self.size) else { continue };
            let mut filtering = Filtering::new(header, width);
            for y in 0..height {
                let y = pass.y + y * pass.dy;
                pack(self.row(y), &mut filtering.row, header, pass.x as usize, pass.dx as usize);
                // The row under the notice looks up at it.
                let changed = y >= touched.y && y <= touched.y.saturating_add(touched.height);
                let filter = kept.next().filter(|_| !changed || touched.width == 0);
                encoder.write_all(filtering.next(filter))?;
            }
        }
        Ok(encoder.finish()?)
    }

    pub(super) fn row(&self, y: u32) -> &[u8] {
        let len = self.size.width as usize * self.unit;
        &self.data[y as usize * len..][..len]
    }

    pub(super) fn row_mut(&mut self, y: u32) -> &mut [u8] {
        let len = self.size.width as usize * self.unit;
        &mut self.data[y as usize * len..][..len]
    }

    /// Copies `from` with its top left at (`x`, `y`), pixel by pixel through `put`; what hangs over is left out.
    pub(super) fn paste(&mut self, from: &Self, x: u32, y: u32, put: impl Fn(&mut [u8], &[u8])) {
        let unit = self.unit;
        for row in 0..from.size.height.min(self.size.height.saturating_sub(y)) {
            let to = self.row_mut(y + row).chunks_exact_mut(unit).skip(x as usize);
            to.zip(from.row(row).chunks_exact(unit)).for_each(|(to, from)| put(to, from));
        }
    }

    /// The picture in a larger one, the new pixels being `pixel`.
    pub(super) fn grown(&self, grow: Grow, pixel: &[u8], budget: &Budget) -> Result<Self> {
        let width = self.size.width + grow.left + grow.right;
        let height = self.size.height + grow.top + grow.bottom;
        let mut larger = Self::filled(Size { width, height }, pixel, budget)?;
        larger.paste(self, grow.left, grow.top, |to, from| to.copy_from_slice(from));
        Ok(larger)
    }

    /// Every pixel made another one, of `unit` bytes.
    pub(super) fn converted(&self, unit: usize, convert: &dyn Fn(&[u8], &mut [u8]), budget: &Budget) -> Result<Self> {
        let len = budget.raster(self.size.width, self.size.height, unit as u64)?;
        let mut data = vec![0; len];
        data.chunks_exact_mut(unit).zip(self.data.chunks_exact(self.unit)).for_each(|(to, from)| convert(from, to));
        Ok(Self { size: self.size, unit, data })
    }
}

/// How hard the original was compressed: FLEVEL of its zlib header (RFC 1950, 2.2).
pub(super) fn level(zlib: &[u8]) -> Compression {
    Compression::new(if zlib.get(1).is_some_and(|flags| flags >> 6 == 3) { 9 } else { 6 })
}

/// Inflates row after row.
pub(super) struct Inflater<'a> {
    zlib: &'a [u8],
    at: u64,
    engine: Decompress,
}

impl<'a> Inflater<'a> {
    /// Blocks without the frame around them; `at` is where errors are said to be.
    pub(super) fn of_blocks(deflated: &'a [u8], at: u64) -> Self {
        Self { zlib: deflated, at, engine: Decompress::new(false) }
    }

    pub(super) fn fill(&mut self, row: &mut [u8]) -> Result<()> {
        let start = self.engine.total_out();
        loop {
            let done = usize::try_from(self.engine.total_out() - start).unwrap_or(row.len());
            if done == row.len() {
                return Ok(());
            }
            let before = (self.engine.total_in(), self.engine.total_out());
            let rest = usize::try_from(before.0).ok().and_then(|at| self.zlib.get(at..)).unwrap_or_default();
            let status = self.engine.decompress(rest, &mut row[done..], FlushDecompress::None);
            let moved = before != (self.engine.total_in(), self.engine.total_out());
            match status {
                Ok(Status::Ok | Status::BufError) if moved => {}
                Ok(Status::StreamEnd) if self.engine.total_out() - start == row.len() as u64 => {}
                Ok(_) => return Err(malformed(self.at, "the compressed pixels end before the picture does")),
                Err(error) => return Err(malformed(self.at, format!("the pixels cannot be inflated: {error}"))),
            }
        }
    }
}

/// Filters row after row.
pub(super) struct Filtering {
    /// The next row, to be filled by the caller.
    pub(super) row: Vec<u8>,
    /// The row before.
    pub(super) previous: Vec<u8>,
    /// Filter type and filtered row, one for each type.
    filtered: [Vec<u8>; 5],
    distance: usize,
    /// 12.7: palettes and low depths compress best unfiltered.
    plain: bool,
}

impl Filtering {
    pub(super) fn new(header: &Header, width: u32) -> Self {
        let len = header.row_bytes(width);
        Self {
            row: vec![0; len],
            previous: vec![0; len],
            filtered: [0, 1, 2, 3, 4].map(|filter| {
                let mut row = vec![0; len + 1];
                row[0] = filter;
                row
            }),
            distance: header.distance(),
            plain: header.colour == Colour::Palette || header.depth < 8,
        }
    }

    /// Filters the row; without a filter given, with the one of the least sum of absolute differences (12.7).
    pub(super) fn next(&mut self, filter: Option<u8>) -> &[u8] {
        let filter = match filter {
            Some(filter) => {
                self.apply(filter);
                usize::from(filter)
            }
            None if self.plain => {
                self.apply(0);
                0
            }
            None => {
                (0..5).for_each(|filter| self.apply(filter));
                let cost = |row: &[u8]| row.iter().map(|&byte| u64::from((byte as i8).unsigned_abs())).sum::<u64>();
                (0..5).min_by_key(|&filter| cost(&self.filtered[filter][1..])).unwrap_or(0)
            }
        };
        std::mem::swap(&mut self.row, &mut self.previous);
        &self.filtered[filter]
    }

    fn apply(&mut self, filter: u8) {
        let to = &mut self.filtered[usize::from(filter)][1..];
        filter::filter(filter, &self.row, &self.previous, self.distance, 0..self.row.len(), to);
    }
}

/// Spreads a packed row over every `dx`th pixel of a canvas row, from `x` on.
fn unpack(packed: &[u8], row: &mut [u8], header: &Header, x: usize, dx: usize) {
    let unit = header.unit();
    if header.depth < 8 {
        let depth = usize::from(header.depth);
        let mask = (1u16 << depth) as u8 - 1;
        for (i, to) in row.iter_mut().skip(x).step_by(dx).enumerate() {
            *to = packed[i * depth / 8] >> (8 - depth - i * depth % 8) & mask;
        }
    } else if dx == 1 {
        row[x * unit..].copy_from_slice(packed);
    } else {
        let to = row.chunks_exact_mut(unit).skip(x).step_by(dx);
        to.zip(packed.chunks_exact(unit)).for_each(|(to, from)| to.copy_from_slice(from));
    }
}

/// The reverse of [`unpack`].
pub(super) fn pack(row: &[u8], packed: &mut [u8], header: &Header, x: usize, dx: usize) {
    let unit = header.unit();
    if header.depth < 8 {
        let depth = usize::from(header.depth);
        packed.fill(0);
        for (i, value) in row.iter().skip(x).step_by(dx).enumerate() {
            packed[i * depth / 8] |= value << (8 - depth - i * depth % 8);
        }
    } else if dx == 1 {
        packed.copy_from_slice(&row[x * unit..]);
    } else {
        let from = row.chunks_exact(unit).skip(x).step_by(dx);
        packed.chunks_exact_mut(unit).zip(from).for_each(|(to, from)| to.copy_from_slice(from));
    }
}
