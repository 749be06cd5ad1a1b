//! Whether a notice that was just drawn can be seen in what was written.

use super::{Notice, Raster, luma};
use crate::geometry::Rect;

/// Correlation of the picture with the plate as drawn, from which on it stands there. Measured: JPEG at quality 5, four
/// colours of a palette and coarse chroma reach 0.9; the same place of a picture without it stays under 0.3.
const SHOWN: f64 = 0.75;
/// How far text and plate must be apart, in levels of luma: colours of the least contrast are more than 100 apart.
const APART: f64 = 50.0;

impl Notice {
    /// Whether `part`, the pixels that a decoder shows at the notice's rectangle, are this notice.
    pub(crate) fn is_seen_in(&self, part: &Raster) -> bool {
        let (plate, text) = (f64::from(luma(self.plate)), f64::from(luma(self.text)));
        let coverage = &self.stamp.coverage;
        if part.size != self.rect.size() || part.rgb.len() != coverage.len() * 3 || coverage.is_empty() {
            return false;
        }
        let width = self.rect.width as usize;
        let pairs: Vec<_> = part
            .rgb
            .chunks_exact(3)
            .map(|pixel| f64::from(luma([pixel[0], pixel[1], pixel[2]])))
            .zip(coverage.iter().map(|&share| plate + (text - plate) * f64::from(share) / 255.0))
            .collect();
        // The whole, and each half: half a notice is none.
        let half = (pairs.len() / width.max(1) / 2) * width;
        let (above, below) = pairs.split_at(half);
        let left = |(index, _): &(usize, &(f64, f64))| index % width < width / 2;
        let side =
            |wanted: bool| pairs.iter().enumerate().filter(move |pair| left(pair) == wanted).map(|(_, pair)| *pair);
        let apart = (text - plate).abs();
        let halves = [above.to_vec(), below.to_vec(), side(true).collect(), side(false).collect()];
        agree(&pairs, apart) && halves.iter().all(|half| agree(half, apart))
    }
}

/// Whether what is seen follows what is wanted, pairs of luma, whose text and plate are `apart`.
fn agree(pairs: &[(f64, f64)], apart: f64) -> bool {
    let count = pairs.len().max(1) as f64;
    let (seen, wanted) = pairs.iter().fold((0.0, 0.0), |sum, (seen, wanted)| (sum.0 + seen, sum.1 + wanted));
    let (seen, wanted) = (seen / count, wanted / count);
    let (mut both, mut of_seen, mut of_wanted) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        both += (a - seen) * (b - wanted);
        of_seen += (a - seen) * (a - seen);
        of_wanted += (b - wanted) * (b - wanted);
    }
    if of_wanted == 0.0 {
        // Plate alone.
        return (seen - wanted).abs() < APART;
    }
    // The slope of the line through the pairs says how much of the contrast is left.
    both >= SHOWN * (of_seen * of_wanted).sqrt() && both / of_wanted * apart >= APART
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
