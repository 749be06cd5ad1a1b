//! Whether a notice that was just drawn can be seen in what was written.

use super::{Mix as _, Notice, Raster, luma};
use crate::geometry::Rect;

/// Correlation of the picture with the plate as drawn, from which on it stands there. Measured: JPEG at quality 5, four
/// colours of a palette and coarse chroma reach 0.9; the same place of a picture without it stays under 0.3.
const SHOWN: f64 = 0.75;
/// How far text and plate must be apart, in levels of luma: colours of the least contrast are more than 100 apart.
const APART: f64 = 50.0;

impl Notice {
    /// Whether `part`, the pixels that a decoder shows at the notice's rectangle, are this notice.
    pub(crate) fn is_seen_in(&self, part: &Raster) -> bool {
        let (plate, text) = (u32::from(luma(self.plate)), u32::from(luma(self.text)));
        let coverage = &self.stamp.coverage;
        if part.size != self.rect.size() || part.rgb.len() != coverage.len() * 3 || coverage.is_empty() {
            return false;
        }
        if self.is_exactly(part) {
            return true;
        }
        let drawn: [u64; 256] =
            std::array::from_fn(|share| ((plate * (255 - share as u32) + text * share as u32 + 127) / 255).into());
        // By quarter, from the top left.
        let mut quarters = [Sums::default(); 4];
        let (width, height) = (self.rect.width as usize, self.rect.height as usize);
        let rows = part.rgb.chunks_exact(width * 3).zip(coverage.chunks_exact(width));
        for (y, (seen, wanted)) in rows.enumerate() {
            let (seen, wanted) = (seen.split_at(width / 2 * 3), wanted.split_at(width / 2));
            let first = if y < height / 2 { 0 } else { 2 };
            quarters[first].add(seen.0, wanted.0, &drawn);
            quarters[first + 1].add(seen.1, wanted.1, &drawn);
        }
        let [a, b, c, d] = quarters;
        // The whole, and each half: half a notice is none.
        let parts: [&[Sums]; 5] = [&[a, b, c, d], &[a, b], &[c, d], &[a, c], &[b, d]];
        let apart = f64::from(plate.abs_diff(text));
        parts.iter().all(|parts| parts.iter().fold(Sums::default(), |sum, part| sum.and(part)).agree(apart))
    }
}

impl Notice {
    /// Whether every pixel is the one that was drawn, as in formats without loss.
    fn is_exactly(&self, part: &Raster) -> bool {
        let drawn: [[u8; 3]; 256] = std::array::from_fn(|share| {
            std::array::from_fn(|index| u8::mix(self.plate[index], self.text[index], share as u8))
        });
        let width = (self.rect.width as usize).max(1);
        let rows = part.rgb.chunks_exact(width * 3).zip(self.stamp.coverage.chunks_exact(width));
        // Without a branch for each pixel.
        rows.into_iter().all(|(seen, wanted)| {
            let pairs = seen.as_chunks::<3>().0.iter().zip(wanted);
            let other = pairs.fold(0, |other, (&[r, g, b], &share)| {
                let [red, green, blue] = drawn[usize::from(share)];
                other | (r ^ red) | (g ^ green) | (b ^ blue)
            });
            other == 0
        })
    }
}

/// Sums over pairs of luma, seen and wanted: at most 2^28 pixels of 2^16 each.
#[derive(Clone, Copy, Default)]
struct Sums {
    count: u64,
    seen: u64,
    wanted: u64,
    seen_squares: u64,
    wanted_squares: u64,
    products: u64,
}

impl Sums {
    fn add(&mut self, seen: &[u8], coverage: &[u8], drawn: &[u64; 256]) {
        for (pixel, &share) in seen.chunks_exact(3).zip(coverage) {
            let (seen, wanted) = (u64::from(luma([pixel[0], pixel[1], pixel[2]])), drawn[usize::from(share)]);
            self.count += 1;
            self.seen += seen;
            self.wanted += wanted;
            self.seen_squares += seen * seen;
            self.wanted_squares += wanted * wanted;
            self.products += seen * wanted;
        }
    }

    fn and(self, other: &Self) -> Self {
        Self {
            count: self.count + other.count,
            seen: self.seen + other.seen,
            wanted: self.wanted + other.wanted,
            seen_squares: self.seen_squares + other.seen_squares,
            wanted_squares: self.wanted_squares + other.wanted_squares,
            products: self.products + other.products,
        }
    }

    /// Whether what is seen follows what is wanted, where text and plate are `apart`.
    fn agree(&self, apart: f64) -> bool {
        let count = self.count.max(1) as f64;
        let (seen, wanted) = (self.seen as f64, self.wanted as f64);
        let of_seen = (self.seen_squares as f64 - seen * seen / count).max(0.0);
        let of_wanted = (self.wanted_squares as f64 - wanted * wanted / count).max(0.0);
        let both = self.products as f64 - seen * wanted / count;
        // Plate alone: no pixel differs from the mean by a level.
        if of_wanted < count {
            return (seen - wanted).abs() / count < APART;
        }
        // The slope of the line through the pairs says how much of the contrast is left.
        both >= SHOWN * (of_seen * of_wanted).sqrt() && both / of_wanted * apart >= APART
    }
}

impl Raster {
    /// What stands at `rect`; `None` where that is not wholly inside.
    pub(crate) fn part(&self, rect: Rect) -> Option<Self> {
        if !rect.inside(self.size) {
            return None;
        }
        let mut rgb = Vec::with_capacity(rect.width as usize * rect.height as usize * 3);
        for y in rect.y..rect.y + rect.height {
            let start = (y as usize * self.size.width as usize + rect.x as usize) * 3;
            rgb.extend_from_slice(self.rgb.get(start..start + rect.width as usize * 3)?);
        }
        Some(Self { size: rect.size(), rgb })
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{Background, shown},
        *,
    };
    use crate::{
        geometry::Size,
        notice::Artist,
        policy::{Disclosure, Policy},
    };

    #[test]
    fn a_notice_is_seen_where_it_stands_and_nowhere_else() {
        let plan = Policy::kazakhstan().plan(&Disclosure::generated("Acme"), crate::Medium::Image);
        for size in [Size { width: 640, height: 480 }, Size { width: 300, height: 900 }] {
            let notice = Artist::new().draw(&plan, size).unwrap();
            for background in Background::ALL {
                let part = |picture: &Raster, rect: Rect| picture.part(rect).unwrap();
                let with = shown(&notice, background);
                assert!(notice.is_seen_in(&part(&with, notice.rect)), "{background:?}");
                let without = background.fill(notice.frame);
                assert!(!notice.is_seen_in(&part(&without, notice.rect)), "{background:?}");
                // Two letters further, upside down, half of it: the plate alone is not enough.
                let moved = Rect { x: notice.rect.x - notice.cap_height, ..notice.rect };
                assert!(!notice.is_seen_in(&part(&with, moved)), "{background:?}");
                let mut turned = part(&with, notice.rect);
                turned.rgb.reverse();
                assert!(!notice.is_seen_in(&turned), "{background:?}");
                let mut half = part(&with, notice.rect);
                let len = half.rgb.len();
                half.rgb[len / 2..].copy_from_slice(&part(&without, notice.rect).rgb[len / 2..]);
                assert!(!notice.is_seen_in(&half), "{background:?}");
            }
        }
    }
}
