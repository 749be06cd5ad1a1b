//! A picture as luma and chroma planes: drawing into it, and what it looks like in RGB.

use super::colour::Colour;
use crate::{
    geometry::{Rect, Size},
    notice::StoredNotice,
};

/// Planes of samples, rows from the top, no padding. Monochrome pictures have one plane, others three.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planes {
    pub(super) size: Size,
    /// 8, 10 or 12 bits a sample.
    pub(super) depth: u8,
    /// Chroma is halved horizontally and vertically.
    pub(super) subsampling: (bool, bool),
    pub(super) planes: Vec<Vec<u16>>,
}

impl Planes {
    /// Size of a plane; 0 is luma.
    pub(super) fn plane_size(&self, index: usize) -> Size {
        if index == 0 {
            return self.size;
        }
        let half = |side: u32, halved: bool| if halved { side.div_ceil(2) } else { side };
        Size { width: half(self.size.width, self.subsampling.0), height: half(self.size.height, self.subsampling.1) }
    }

    /// A picture of one value per plane.
    pub(super) fn filled(size: Size, depth: u8, subsampling: (bool, bool), values: &[u16]) -> Self {
        let mut picture = Self { size, depth, subsampling, planes: Vec::new() };
        for (index, value) in values.iter().enumerate() {
            let plane = picture.plane_size(index);
            picture.planes.push(vec![*value; plane.width as usize * plane.height as usize]);
        }
        picture
    }

    /// Copies `other` into the picture with its top left at (`x`, `y`), cut off at the edges.
    /// `x` and `y` are even where chroma is halved.
    pub(super) fn paste(&mut self, other: &Self, x: u32, y: u32) {
        for index in 0..self.planes.len().min(other.planes.len()) {
            let (to, from) = (self.plane_size(index), other.plane_size(index));
            let scale = |place: u32, halved: bool| if index > 0 && halved { place / 2 } else { place };
            let (x, y) = (scale(x, self.subsampling.0), scale(y, self.subsampling.1));
            let width = from.width.min(to.width.saturating_sub(x)) as usize;
            if width == 0 {
                continue;
            }
            let rows = other.planes[index].chunks_exact(from.width as usize);
            let target = self.planes[index].chunks_exact_mut(to.width as usize).skip(y as usize);
            for (row, target) in rows.zip(target) {
                target[x as usize..x as usize + width].copy_from_slice(&row[..width]);
            }
        }
    }

    /// The same picture with full chroma, interpolated as decoders do for centred chroma.
    pub(super) fn full_chroma(&self) -> Self {
        let mut full = Self { subsampling: (false, false), planes: vec![self.planes[0].clone()], ..*self };
        for index in 1..self.planes.len() {
            let mut plane = Vec::with_capacity(full.planes[0].len());
            for y in 0..self.size.height {
                for x in 0..self.size.width {
                    plane.push(self.chroma(index, x, y));
                }
            }
            full.planes.push(plane);
        }
        full
    }

    /// Chroma at a luma position: bilinear, samples centred between the luma samples they serve.
    fn chroma(&self, index: usize, x: u32, y: u32) -> u16 {
        let size = self.plane_size(index);
        let near = |place: u32, halved: bool, side: u32| {
            if !halved {
                return (place, place);
            }
            let own = place / 2;
            let other = if place.is_multiple_of(2) { own.saturating_sub(1) } else { (own + 1).min(side - 1) };
            (own, other)
        };
        let (x0, x1) = near(x, self.subsampling.0, size.width);
        let (y0, y1) = near(y, self.subsampling.1, size.height);
        let at = |x: u32, y: u32| u32::from(self.planes[index][y as usize * size.width as usize + x as usize]);
        ((9 * at(x0, y0) + 3 * at(x1, y0) + 3 * at(x0, y1) + at(x1, y1) + 8) / 16) as u16
    }

    /// Interleaved 8-bit RGB of `part`, as a viewer shows it on an ordinary screen.
    pub(super) fn rgb(&self, part: Rect, colour: &Colour) -> Vec<u8> {
        let mut rgb = Vec::with_capacity(part.width as usize * part.height as usize * 3);
        let table = colour.display(self.depth);
        for y in part.y..part.y + part.height {
            for x in part.x..part.x + part.width {
                let luma = self.planes[0][y as usize * self.size.width as usize + x as usize];
                let (u, v) = match self.planes.len() {
                    3 => (self.chroma(1, x, y), self.chroma(2, x, y)),
                    _ => (colour.neutral(self.depth), colour.neutral(self.depth)),
                };
                rgb.extend_from_slice(&table.rgb([luma, u, v], self.planes.len() == 1));
            }
        }
        rgb
    }

    /// Draws the part of the notice that falls on this picture, whose top left stands at (`left`, `top`) of the whole
    /// frame. Chroma samples that lie half under the plate get half of its colour.
    pub(super) fn draw(&mut self, notice: &StoredNotice, left: i64, top: i64, colour: &Colour) {
        let shades: Vec<[f32; 3]> = (0..=255_u8)
            .map(|coverage| {
                let mix = |index: usize| {
                    let (plate, text) = (f32::from(notice.plate[index]), f32::from(notice.text[index]));
                    (plate + (text - plate) * f32::from(coverage) / 255.0) / 255.0
                };
                colour.samples([mix(0), mix(1), mix(2)], self.depth, self.planes.len() == 1)
            })
            .collect();
        let rect = notice.rect;
        let stride = notice.stamp.size.width as usize;
        let coverage = |x: i64, y: i64| {
            let (x, y) = (x + left - i64::from(rect.x), y + top - i64::from(rect.y));
            let inside = x >= 0 && y >= 0 && x < i64::from(rect.width) && y < i64::from(rect.height);
            let index = inside.then(|| y as usize * stride + x as usize)?;
            notice.stamp.coverage.get(index).copied()
        };
        let clamp = |start: i64, len: u32, side: u32| {
            let end = (start + i64::from(len)).clamp(0, i64::from(side));
            (start.clamp(0, i64::from(side)), end)
        };
        let (x0, x1) = clamp(i64::from(rect.x) - left, rect.width, self.size.width);
        let (y0, y1) = clamp(i64::from(rect.y) - top, rect.height, self.size.height);
        if x0 >= x1 || y0 >= y1 {
            return;
        }
        let sizes: Vec<_> = (0..self.planes.len()).map(|index| self.plane_size(index)).collect();
        for (index, (plane, size)) in self.planes.iter_mut().zip(sizes).enumerate() {
            let step = |halved: bool| if index > 0 && halved { 2 } else { 1 };
            let (dx, dy) = (step(self.subsampling.0), step(self.subsampling.1));
            for y in y0 / dy..=(y1 - 1) / dy {
                for x in x0 / dx..=(x1 - 1) / dx {
                    let sample = &mut plane[y as usize * size.width as usize + x as usize];
                    let (mut sum, mut count) = (0.0, 0.0_f32);
                    for (sub_y, sub_x) in (0..dy).flat_map(|sub_y| (0..dx).map(move |sub_x| (sub_y, sub_x))) {
                        let (x, y) = (x * dx + sub_x, y * dy + sub_y);
                        if x >= i64::from(self.size.width) || y >= i64::from(self.size.height) {
                            continue;
                        }
                        count += 1.0;
                        sum += match coverage(x, y) {
                            Some(coverage) => shades[usize::from(coverage)][index],
                            None => f32::from(*sample),
                        };
                    }
                    // `samples` keeps within the depth, so the mean does.
                    *sample = (sum / count.max(1.0)).round() as u16;
                }
            }
        }
    }
}
