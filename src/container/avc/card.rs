//! Pictures that need no encoder: blocks of plain samples where something is drawn, prediction without a difference where nothing is,
//! and repetitions of the whole (ISO/IEC 14496-10, 7.3.5 and 8.3).

use super::{
    bits::{Reader, escaped, unescaped},
    sets::{Pps, Sps},
    slice::{self, IDR, Place, kind},
};

/// A picture of 4:2:0, in whole macroblocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    /// Width and height of luma, multiples of 16.
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    /// Half as wide and as high.
    pub(crate) chroma: [Vec<u8>; 2],
}

/// `mb_type` of intra slices: 7.4.5, table 7-11.
const PLAIN: u32 = 25;
/// The same for prediction in one direction without a difference.
const FROM_ABOVE: u32 = 1;
const FROM_LEFT: u32 = 2;

impl Planes {
    /// One colour, for the whole of what the set describes.
    pub(crate) fn flat(sps: &Sps, [y, u, v]: [u8; 3]) -> Self {
        let (width, height) = (sps.columns as usize * 16, sps.rows as usize * 16);
        let chroma = width / 2 * (height / 2);
        Self { width, height, luma: vec![y; width * height], chroma: [vec![u; chroma], vec![v; chroma]] }
    }

    /// The samples of a macroblock as they stand in the stream: 256 of luma, then 64 of each chroma.
    fn block(&self, column: usize, row: usize) -> [u8; 384] {
        let mut samples = [0; 384];
        let (luma, chroma) = samples.split_at_mut(256);
        copy(&self.luma, self.width, (column * 16, row * 16), luma, 16);
        for (plane, samples) in self.chroma.iter().zip(chroma.chunks_exact_mut(64)) {
            copy(plane, self.width / 2, (column * 8, row * 8), samples, 8);
        }
        samples
    }

    fn put(&mut self, column: usize, row: usize, samples: &[u8; 384]) {
        let (luma, chroma) = samples.split_at(256);
        paste(&mut self.luma, self.width, (column * 16, row * 16), luma, 16);
        for (plane, samples) in self.chroma.iter_mut().zip(chroma.chunks_exact(64)) {
            paste(plane, self.width / 2, (column * 8, row * 8), samples, 8);
        }
    }
}

fn copy(plane: &[u8], stride: usize, (x, y): (usize, usize), block: &mut [u8], side: usize) {
    for (row, samples) in block.chunks_exact_mut(side).enumerate() {
        let start = (y + row) * stride + x;
        samples.copy_from_slice(&plane[start..start + side]);
    }
}

fn paste(plane: &mut [u8], stride: usize, (x, y): (usize, usize), block: &[u8], side: usize) {
    for (row, samples) in block.chunks_exact(side).enumerate() {
        let start = (y + row) * stride + x;
        plane[start..start + side].copy_from_slice(samples);
    }
}

/// The block that prediction from its left or upper neighbour gives: 8.3.3.1 and 8.3.4.
fn predicted(neighbour: &[u8; 384], from_left: bool) -> [u8; 384] {
    let mut made = [0; 384];
    for (plane, side) in [(0..256, 16), (256..320, 8), (320..384, 8)] {
        let from = &neighbour[plane.clone()];
        for (at, sample) in made[plane].iter_mut().enumerate() {
            *sample = if from_left { from[at / side * side + side - 1] } else { from[(side - 1) * side + at % side] };
        }
    }
    made
}

/// Code for "no coefficient" where the neighbours have so many on average: 9.2.1, table 9-5.
fn none_of(left: Option<u32>, above: Option<u32>) -> (u32, u32) {
    let average = match (left, above) {
        (Some(left), Some(above)) => (left + above).div_ceil(2),
        (one, other) => one.or(other).unwrap_or(0),
    };
    match average {
        0..=1 => (1, 1),
        2..=3 => (3, 2),
        4..=7 => (15, 4),
        _ => (3, 6),
    }
}

/// Coefficients that a block counts as having: plain samples count as all sixteen (9.2.1).
fn counted(plain: &[bool], columns: usize, column: usize, row: usize) -> (Option<u32>, Option<u32>) {
    let count = |at: usize| if plain[at] { 16 } else { 0 };
    let at = row * columns + column;
    ((column > 0).then(|| count(at - 1)), (row > 0).then(|| count(at - columns)))
}

/// A picture that stands alone. `alone` must differ from that of a neighbour that does as well.
pub(crate) fn picture(sps: &Sps, pps: u32, alone: u32, planes: &Planes) -> Vec<u8> {
    let mut bits = slice::write(sps, pps, Place { number: 0, alone: Some(alone) });
    let (columns, rows) = (sps.columns as usize, sps.rows as usize);
    let mut plain = vec![false; columns * rows];
    let mut above: Vec<Option<[u8; 384]>> = vec![None; columns];
    for row in 0..rows {
        let mut left = None;
        for column in 0..columns {
            let block = planes.block(column, row);
            let fits = |neighbour: &Option<[u8; 384]>, from_left| {
                neighbour.as_ref().is_some_and(|neighbour| predicted(neighbour, from_left) == block)
            };
            let (to_left, to_above) = (fits(&left, true), fits(&above[column], false));
            if to_left || to_above {
                bits.ue(if to_left { FROM_LEFT } else { FROM_ABOVE });
                // The same direction for chroma; no change of the quantiser.
                bits.ue(if to_left { 1 } else { 2 });
                bits.se(0);
                let (left, above) = counted(&plain, columns, column, row);
                let (code, len) = none_of(left, above);
                bits.bits(code, len);
            } else {
                plain[row * columns + column] = true;
                bits.ue(PLAIN);
                bits.aligned(&block);
            }
            above[column] = Some(block);
            left = above[column];
        }
    }
    // Referred to, an IDR picture.
    escaped(0x65, &bits.finish())
}

/// The same picture again. `number` counts from the one that stands alone.
pub(crate) fn repeated(sps: &Sps, pps: u32, number: u32) -> Vec<u8> {
    let mut bits = slice::write(sps, pps, Place { number, alone: None });
    bits.ue(sps.columns * sps.rows);
    escaped(0x61, &bits.finish())
}

/// Whether pictures can be repeated: a stream of pictures that all stand alone has no place for one to refer to.
pub(crate) fn can_repeat(sps: &Sps) -> bool {
    sps.references > 0
}

/// Whether a NAL unit is a repetition as [`repeated`] writes it.
pub(crate) fn is_repeated(nal: &[u8], sps: &Sps, pps: &Pps) -> bool {
    // Longer ones hold more than a count.
    if kind(nal) == IDR || nal.len() > 64 {
        return false;
    }
    let payload = unescaped(nal);
    let bits = &mut Reader::new(&payload);
    slice::read(bits, kind(nal), sps, pps).is_some() && bits.ue() == Some(sps.columns * sps.rows) && bits.is_done()
}

/// Reads a picture as [`picture`] writes it; `None` for every other.
pub(crate) fn read(nal: &[u8], sps: &Sps, pps: &Pps) -> Option<Planes> {
    if kind(nal) != IDR {
        return None;
    }
    let payload = unescaped(nal);
    let bits = &mut Reader::new(&payload);
    slice::read(bits, IDR, sps, pps)?;
    let (columns, rows) = (sps.columns as usize, sps.rows as usize);
    let mut planes = None;
    let mut plain = vec![false; columns * rows];
    for row in 0..rows {
        for column in 0..columns {
            let kind = bits.ue()?;
            if kind == PLAIN {
                let block = bits.aligned(384)?.try_into().ok()?;
                plain[row * columns + column] = true;
                // Not before a first block has come: what claims to be large costs nothing.
                planes.get_or_insert_with(|| Planes::flat(sps, [0; 3])).put(column, row, block);
                continue;
            }
            let from_left = kind == FROM_LEFT;
            let direction = if from_left { 1 } else { 2 };
            let exists = if from_left { column > 0 } else { kind == FROM_ABOVE && row > 0 };
            if !exists || bits.ue()? != direction || bits.se()? != 0 {
                return None;
            }
            let (left, above) = counted(&plain, columns, column, row);
            let (code, len) = none_of(left, above);
            if bits.bits(len)? != code {
                return None;
            }
            let planes = planes.as_mut()?;
            let neighbour = if from_left { planes.block(column - 1, row) } else { planes.block(column, row - 1) };
            planes.put(column, row, &predicted(&neighbour, from_left));
        }
    }
    planes.filter(|_| bits.is_done())
}

impl Planes {
    /// The part that is shown: offset of its first pixel, width and height.
    pub(crate) fn shown(&self, sps: &Sps) -> Option<((usize, usize), (usize, usize))> {
        let ((x, y), (width, height)) = (sps.origin(), sps.shown()?);
        let place = (x as usize, y as usize);
        let size = (width as usize, height as usize);
        (place.0 + size.0 <= self.width && place.1 + size.1 <= self.height).then_some((place, size))
    }
}
