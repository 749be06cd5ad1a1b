//! From coefficients to samples.

use super::{
    colour::Colour,
    dct::{self, ZIGZAG},
    paint::Quantisation,
    picture::{Picture, Plane},
};
use crate::geometry::Rect;

/// The samples of the first `count` components in `window`, which lies inside of the picture: 8 bits each, interleaved,
/// subsampled ones repeated. The caller has bounded its size.
pub(super) fn samples(picture: &Picture, tables: &[Quantisation], count: usize, window: Rect) -> Vec<u8> {
    let (h, v) = picture.frame.sampling();
    let mut out = vec![0; window.width as usize * window.height as usize * count];
    for (index, (plane, table)) in picture.planes.iter().zip(tables).take(count).enumerate() {
        let columns: Vec<_> = places(window.x, window.width, plane.h, h);
        let mut band = Band { row: usize::MAX, samples: Vec::new() };
        let rows = out.chunks_exact_mut((window.width as usize * count).max(1));
        for (row, &y) in rows.zip(&places(window.y, window.height, plane.v, v)) {
            band.load(plane, table, y / 8, &columns);
            let stride = band.samples.len() / 8;
            let line = &band.samples[y % 8 * stride..][..stride];
            let first = columns.first().map_or(0, |x| x / 8 * 8);
            for (pixel, &x) in row.chunks_exact_mut(count.max(1)).zip(&columns) {
                pixel[index] = line[x - first];
            }
        }
    }
    out
}

/// The sample of a component under each of `len` pixels from `start` on.
fn places(start: u32, len: u32, factor: usize, most: u32) -> Vec<usize> {
    (start..start.saturating_add(len)).map(|pixel| pixel as usize * factor / most as usize).collect()
}

/// The samples of one row of blocks.
struct Band {
    row: usize,
    samples: Vec<u8>,
}

impl Band {
    fn load(&mut self, plane: &Plane, table: &Quantisation, row: usize, columns: &[usize]) {
        let (Some(first), Some(last)) = (columns.first(), columns.last()) else { return };
        if self.row == row {
            return;
        }
        self.row = row;
        let blocks = first / 8..last / 8 + 1;
        let stride = blocks.len() * 8;
        self.samples.resize(stride * 8, 0);
        for (number, column) in blocks.enumerate() {
            let Some(block) = plane.blocks.get(row * plane.stride + column) else { continue };
            let mut coefficients = [0.0; 64];
            for ((&value, &step), place) in block.iter().zip(table).zip(ZIGZAG) {
                coefficients[place] = f32::from(value) * f32::from(step);
            }
            for (y, values) in dct::inverse(&coefficients).chunks_exact(8).enumerate() {
                let to = &mut self.samples[y * stride + number * 8..][..8];
                to.iter_mut().zip(values).for_each(|(to, value)| *to = (value + 128.0).round().clamp(0.0, 255.0) as u8);
            }
        }
    }
}

impl Colour {
    /// The components of a pixel as RGB; those of CMYK by plain multiplication.
    pub(super) fn rgb(self, pixel: &[u8]) -> [u8; 3] {
        match (self, pixel) {
            (Self::YCbCr, &[y, cb, cr]) => from_ycbcr([y, cb, cr]),
            (Self::Rgb, &[r, g, b]) => [r, g, b],
            (Self::Cmyk, &[c, m, y, k]) => through(k, [c, m, y]),
            (Self::Ycck, &[y, cb, cr, k]) => through(k, from_ycbcr([y, cb, cr]).map(|value| 255 - value)),
            _ => [pixel.first().copied().unwrap_or_default(); 3],
        }
    }
}

/// Colours under inverted black ink.
fn through(k: u8, colours: [u8; 3]) -> [u8; 3] {
    colours.map(|value| ((u32::from(value) * u32::from(k) + 127) / 255) as u8)
}

/// ITU-T T.871, clause 7.
pub(in crate::format) fn from_ycbcr(pixel: [u8; 3]) -> [u8; 3] {
    let [y, cb, cr] = pixel.map(f32::from);
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|value| value.round() as u8)
}
