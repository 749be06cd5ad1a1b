//! A small picture of the picture, so that people see which file a report is about.

use serde::{Deserialize, Serialize};

use crate::{geometry::Size, notice::Raster};

/// How good the JPEG is: nobody judges a picture by its thumbnail.
const QUALITY: u8 = 80;

/// A reduced picture, as JPEG: as shown (orientation applied), over white where it was transparent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Thumbnail {
    /// The JPEG file.
    pub jpeg: Vec<u8>,
    /// Its size in pixels.
    pub size: Size,
    /// The size of the whole picture in pixels; the places of notices are counted in these.
    pub of: Size,
}

impl Thumbnail {
    /// Reduces `raster` so that no side is longer than `max_side` pixels; it is never enlarged.
    pub(crate) fn new(raster: &Raster, max_side: u32) -> Option<Self> {
        let of = raster.size;
        let longer = of.width.max(of.height);
        let side = |side: u32| {
            let reduced = u64::from(side) * u64::from(max_side.min(longer)) / u64::from(longer.max(1));
            u32::try_from(reduced).unwrap_or(u32::MAX).max(1)
        };
        let size = Size { width: side(of.width), height: side(of.height) };
        let rgb = reduced(raster, size)?;
        let mut jpeg = Vec::new();
        let mut encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
        encoder.encode(&rgb, size.width, size.height, image::ExtendedColorType::Rgb8).ok()?;
        Some(Self { jpeg, size, of })
    }
}

/// Each pixel is the mean of the pixels that it stands for.
fn reduced(raster: &Raster, size: Size) -> Option<Vec<u8>> {
    let from = |at: u32, side: u32, of: u32| (u64::from(at) * u64::from(of) / u64::from(side)) as usize;
    let stride = raster.size.width as usize * 3;
    let mut rgb = Vec::with_capacity(size.width as usize * size.height as usize * 3);
    for y in 0..size.height {
        let top = from(y, size.height, raster.size.height);
        let bottom = from(y + 1, size.height, raster.size.height).max(top + 1);
        for x in 0..size.width {
            let left = from(x, size.width, raster.size.width);
            let right = from(x + 1, size.width, raster.size.width).max(left + 1);
            let mut sums = [0_u64; 3];
            for row in top..bottom {
                let pixels = raster.rgb.get(row * stride + left * 3..row * stride + right * 3)?;
                for pixel in pixels.chunks_exact(3) {
                    sums.iter_mut().zip(pixel).for_each(|(sum, &value)| *sum += u64::from(value));
                }
            }
            let count = ((bottom - top) * (right - left)) as u64;
            rgb.extend(sums.map(|sum| ((sum + count / 2) / count) as u8));
        }
    }
    Some(rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_the_mean_of_what_they_stand_for() {
        let size = Size { width: 4, height: 2 };
        let rgb = [[0, 0, 0], [255, 255, 255], [10, 20, 30], [10, 20, 30]].concat().repeat(2);
        let raster = Raster { size, rgb };
        assert_eq!(reduced(&raster, Size { width: 2, height: 1 }).unwrap(), [128, 128, 128, 10, 20, 30]);
    }

    #[test]
    fn small_pictures_stay_and_thin_ones_do_not_vanish() {
        let make = |width: u32, height: u32| {
            let raster = Raster { size: Size { width, height }, rgb: vec![200; (width * height * 3) as usize] };
            let made = Thumbnail::new(&raster, 320).unwrap();
            assert!(made.jpeg.starts_with(b"\xff\xd8") && made.of == raster.size);
            (made.size.width, made.size.height)
        };
        assert_eq!(make(100, 50), (100, 50));
        assert_eq!(make(640, 480), (320, 240));
        assert_eq!(make(3000, 1), (320, 1));
    }
}
