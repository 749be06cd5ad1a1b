//! Brightness of a picture at a working scale, and fast means over any box of it.

use super::{Raster, luma};
use crate::geometry::{Rect, Size};

/// Pixels that a working picture has at most.
const MAX_PIXELS: u64 = 4 << 20;

/// Luma of a part of a picture, made smaller by a whole number.
pub(super) struct Grey {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) luma: Vec<u8>,
    /// Where the part starts in the picture, and how many pixels of the picture make one of these.
    pub(super) origin: (u32, u32),
    pub(super) scale: u32,
}

impl Grey {
    /// `part` of the picture, reduced until `keep` pixels or a little more of its shorter side are left.
    pub(super) fn of(picture: &Raster, part: Rect, keep: u32) -> Self {
        let Size { width, height } = part.size();
        let mut scale = (part.size().shorter() / keep.max(1)).max(1);
        while u64::from(width / scale) * u64::from(height / scale) > MAX_PIXELS {
            scale += 1;
        }
        let columns = (width / scale).max(1) as usize;
        let rows = (height / scale).max(1) as usize;
        // Of a large block a regular sample is enough: four pixels each way.
        let step = (scale / 4).max(1);
        let stride = picture.size.width as usize * 3;
        let mut grey = Vec::with_capacity(columns * rows);
        let mut sums = vec![0u32; columns];
        for row in 0..rows {
            sums.fill(0);
            let mut count = 0;
            for down in (0..scale.min(height)).step_by(step as usize) {
                let y = part.y as usize + row * scale as usize + down as usize;
                let start = y * stride + part.x as usize * 3;
                let line = picture.rgb.get(start..start + columns * scale as usize * 3).unwrap_or_default();
                for (sum, block) in sums.iter_mut().zip(line.chunks_exact(scale as usize * 3)) {
                    for pixel in block.chunks_exact(3).step_by(step as usize) {
                        *sum += u32::from(luma([pixel[0], pixel[1], pixel[2]]));
                    }
                }
                count += scale.div_ceil(step);
            }
            grey.extend(sums.iter().map(|sum| (sum / count.max(1)) as u8));
        }
        Self { width: columns, height: rows, luma: grey, origin: (part.x, part.y), scale }
    }

    /// From these pixels to the picture's.
    pub(super) fn to_picture(&self, [left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
        let scale = f64::from(self.scale);
        let (x, y) = (f64::from(self.origin.0), f64::from(self.origin.1));
        [x + left * scale, y + top * scale, x + right * scale, y + bottom * scale]
    }

    /// From the picture's pixels to these.
    pub(super) fn in_view(&self, [left, top, right, bottom]: [f64; 4]) -> [f64; 4] {
        let scale = f64::from(self.scale);
        let (x, y) = (f64::from(self.origin.0), f64::from(self.origin.1));
        [(left - x) / scale, (top - y) / scale, (right - x) / scale, (bottom - y) / scale]
    }
}

/// Sums over every rectangle that starts at the top left.
#[derive(Clone)]
pub(super) struct Integral {
    width: usize,
    height: usize,
    sums: Vec<u32>,
}

impl Integral {
    pub(super) fn of(values: &[u8], width: usize, height: usize) -> Self {
        let mut sums = vec![0u32; (width + 1) * (height + 1)];
        for (y, row) in values.chunks_exact(width.max(1)).take(height).enumerate() {
            let mut across = 0u32;
            for (x, &value) in row.iter().enumerate() {
                across = across.wrapping_add(value.into());
                sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1].wrapping_add(across);
            }
        }
        Self { width, height, sums }
    }

    /// The means of `columns` × `rows` equal cells of a box; what lies outside the picture repeats its edge's sum.
    pub(super) fn cells(&self, [left, top, right, bottom]: [f64; 4], columns: usize, rows: usize) -> Vec<f32> {
        let (across, down) = ((right - left) / columns as f64, (bottom - top) / rows as f64);
        let area = (across * down).max(1e-9);
        let xs: Vec<_> = (0..=columns).map(|i| split(left + across * i as f64, self.width)).collect();
        let line = |i: usize| {
            let (y, part) = split(top + down * i as f64, self.height);
            let row = |y: usize| &self.sums[y * (self.width + 1)..][..self.width + 1];
            let (above, below) = (row(y), row((y + 1).min(self.height)));
            let at = move |row: &[u32], x: usize, share: f64| {
                let (here, next) = (f64::from(row[x]), f64::from(row[(x + 1).min(row.len() - 1)]));
                here + (next - here) * share
            };
            let blend = |&(x, share): &(usize, f64)| {
                let (above, below) = (at(above, x, share), at(below, x, share));
                above + (below - above) * part
            };
            xs.iter().map(blend).collect::<Vec<f64>>()
        };
        let mut cells = Vec::with_capacity(columns * rows);
        let mut above = line(0);
        for i in 1..=rows {
            let below = line(i);
            for x in 0..columns {
                cells.push(((below[x + 1] - below[x] - above[x + 1] + above[x]) / area) as f32);
            }
            above = below;
        }
        cells
    }
}

/// A coordinate as a whole lattice line and what is over it.
fn split(at: f64, limit: usize) -> (usize, f64) {
    let at = at.clamp(0.0, limit as f64);
    (at as usize, at.fract())
}

/// Normalised correlation of two sets of values, −1 to 1; 0 where one is flat.
pub(super) fn correlation(a: impl Iterator<Item = f32> + Clone, b: impl Iterator<Item = f32> + Clone) -> f64 {
    let (mut n, mut sa, mut sb, mut saa, mut sbb, mut sab) = (0.0f64, 0.0f64, 0.0f64, 0.0f64, 0.0f64, 0.0f64);
    for (a, b) in a.zip(b) {
        let (a, b) = (f64::from(a), f64::from(b));
        n += 1.0;
        sa += a;
        sb += b;
        saa += a * a;
        sbb += b * b;
        sab += a * b;
    }
    let (va, vb) = (n * saa - sa * sa, n * sbb - sb * sb);
    if va <= n * n || vb <= n * n { 0.0 } else { (n * sab - sa * sb) / (va * vb).sqrt() }
}
