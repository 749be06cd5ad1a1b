//! What the tests of the notice share: backgrounds, and notices drawn over them.

use super::{Notice, Raster};
use crate::geometry::Size;

#[derive(Clone, Copy, Debug)]
pub(super) enum Background {
    Black,
    White,
    /// Deterministic noise in colour.
    Noise,
    Gradient,
    Checker,
}

impl Background {
    pub(super) const ALL: [Self; 5] = [Self::Black, Self::White, Self::Noise, Self::Gradient, Self::Checker];

    fn pixel(self, x: u32, y: u32, size: Size) -> [u8; 3] {
        match self {
            Self::Black => [0; 3],
            Self::White => [255; 3],
            Self::Noise => {
                let mut hash = (x ^ y.rotate_left(16)).wrapping_mul(0x9e37_79b1).wrapping_add(y);
                hash = (hash ^ (hash >> 15)).wrapping_mul(0x85eb_ca77);
                hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae3d);
                [(hash >> 8) as u8, (hash >> 16) as u8, (hash >> 24) as u8]
            }
            Self::Gradient => {
                let (across, down) = (x * 255 / size.width.max(1), y * 255 / size.height.max(1));
                [across as u8, ((across + down) / 2) as u8, 255 - down as u8]
            }
            Self::Checker => [if (x / 16 + y / 16).is_multiple_of(2) { 90 } else { 200 }; 3],
        }
    }

    pub(super) fn fill(self, size: Size) -> Raster {
        let pixels = (0..size.height).flat_map(|y| (0..size.width).map(move |x| self.pixel(x, y, size)));
        Raster { size, rgb: pixels.flatten().collect() }
    }
}

/// The result as shown.
pub(super) fn shown(notice: &Notice, background: Background) -> Raster {
    let mut picture = background.fill(notice.frame);
    stamp(&mut picture, notice);
    picture
}

/// Draws the notice over a picture of its frame.
pub(super) fn stamp(picture: &mut Raster, notice: &Notice) {
    assert_eq!(picture.size, notice.frame);
    let stride = picture.size.width as usize * 3;
    let stored = notice.stored(crate::geometry::Orientation::Upright);
    super::blend::<3, u8>(&mut picture.rgb, stride, &stored);
}
