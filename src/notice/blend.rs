//! Draws a stamp into interleaved samples.

use super::StoredNotice;

/// One sample of a pixel, from 0 to its full value: `u8` (255), `u16` (65,535) or `f32` (1.0).
pub trait Sample: Mix {}

impl<S: Mix> Sample for S {}

/// What keeps [`Sample`] to its three types.
pub trait Mix: Copy {
    /// The value between `plate` and `text` at `coverage`.
    fn mix(plate: u8, text: u8, coverage: u8) -> Self;
    /// Full value: opaque alpha.
    const FULL: Self;
}

impl Mix for f32 {
    fn mix(plate: u8, text: u8, coverage: u8) -> Self {
        let (plate, text, coverage) = (f32::from(plate), f32::from(text), f32::from(coverage));
        (plate + (text - plate) * coverage / 255.0) / 255.0
    }
    const FULL: Self = 1.0;
}

impl Mix for u8 {
    fn mix(plate: u8, text: u8, coverage: u8) -> Self {
        let (plate, text, coverage) = (u32::from(plate), u32::from(text), u32::from(coverage));
        ((plate * (255 - coverage) + text * coverage + 127) / 255) as u8
    }
    const FULL: Self = 255;
}

impl Mix for u16 {
    fn mix(plate: u8, text: u8, coverage: u8) -> Self {
        let (plate, text, coverage) = (u32::from(plate), u32::from(text), u32::from(coverage));
        // 257 × an 8-bit value is the same share of 65,535.
        ((plate * (255 - coverage) * 257 + text * coverage * 257 + 127) / 255) as u16
    }
    const FULL: Self = 65535;
}

/// Rec. 601 luma of an sRGB colour: what a grey picture shows for it.
pub(crate) fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((u32::from(r) * 299 + u32::from(g) * 587 + u32::from(b) * 114 + 500) / 1000) as u8
}

/// Draws the notice over `samples`, interleaved pixels of `N` samples (RGB, or RGB and alpha, which becomes opaque): a
/// whole picture of `notice.frame`, whose rows are `stride` samples apart.
pub(crate) fn blend<const N: usize, S: Sample>(samples: &mut [S], stride: usize, notice: &StoredNotice) {
    let width = notice.stamp.size.width as usize;
    for (y, mask) in (notice.rect.y as usize..).zip(notice.stamp.coverage.chunks_exact(width.max(1))) {
        let start = y * stride + notice.rect.x as usize * N;
        let row = &mut samples[start..start + width * N];
        for (pixel, &coverage) in row.chunks_exact_mut(N).zip(mask) {
            pixel.fill(S::FULL);
            for (value, (plate, text)) in pixel.iter_mut().zip(notice.plate.into_iter().zip(notice.text)) {
                *value = S::mix(plate, text, coverage);
            }
        }
    }
}
