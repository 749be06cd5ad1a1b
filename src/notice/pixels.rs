//! Pixels that a caller still holds, so that a notice is drawn before anything is encoded.

use super::{Notice, Sample, blend};
use crate::{
    Error, Result,
    geometry::{Orientation, Size},
};

/// A picture in memory, as it will be shown: interleaved samples, rows from the top.
///
/// `S` is `u8`, `u16` or `f32`; full value is 255, 65,535 or 1.0. Values are taken as sRGB, as nearly every encoder takes
/// them.
///
/// ```
/// use tanba::Pixels;
///
/// let mut samples = vec![0_u8; 4 * 640 * 480];
/// let pixels = Pixels::rgba(&mut samples, 640, 480)?;
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Debug)]
pub struct Pixels<'a, S> {
    samples: &'a mut [S],
    size: Size,
    /// Samples from the start of one row to the start of the next.
    stride: usize,
    /// Samples of a pixel: 3, or 4 with alpha.
    channels: usize,
}

impl<'a, S: Sample> Pixels<'a, S> {
    /// Red, green and blue; `width` and `height` in pixels. Rows follow one another without a gap.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when there are fewer samples than the pixels need.
    pub fn rgb(samples: &'a mut [S], width: u32, height: u32) -> Result<Self> {
        Self::new(samples, width, height, 3)
    }

    /// Red, green, blue and alpha, which the notice makes opaque; `width` and `height` in pixels. Rows follow one another
    /// without a gap.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when there are fewer samples than the pixels need.
    pub fn rgba(samples: &'a mut [S], width: u32, height: u32) -> Result<Self> {
        Self::new(samples, width, height, 4)
    }

    /// Replaces the distance from the start of one row to the start of the next, in samples. Default: the pixels of a row.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when rows would overlap, or when there are fewer samples than the rows need.
    pub fn stride(mut self, samples: usize) -> Result<Self> {
        self.stride = samples;
        self.checked()
    }

    fn new(samples: &'a mut [S], width: u32, height: u32, channels: usize) -> Result<Self> {
        let stride = (width as usize).saturating_mul(channels);
        Self { samples, size: Size { width, height }, stride, channels }.checked()
    }

    fn checked(self) -> Result<Self> {
        let refused = |why: String| Err(Error::Argument { argument: "pixels", why });
        let Size { width, height } = self.size;
        let row = u64::from(width) * self.channels as u64;
        if (self.stride as u64) < row {
            return refused(format!("a row of {width} pixels has {row} samples, and the stride is {}", self.stride));
        }
        // The last row may end with its last pixel.
        let needed = u128::from(height.saturating_sub(1)) * self.stride as u128 + u128::from(row);
        let needed = if height == 0 { 0 } else { needed };
        if (self.samples.len() as u128) < needed {
            return refused(format!(
                "{width} × {height} pixels need {needed} samples, and there are {}",
                self.samples.len()
            ));
        }
        Ok(self)
    }

    pub(crate) fn size(&self) -> Size {
        self.size
    }

    /// Draws a notice that was drawn for a picture of this size and needs no strip.
    pub(crate) fn draw(&mut self, notice: &Notice) {
        let stored = notice.stored(Orientation::Upright);
        match self.channels {
            4 => blend::<4, S>(self.samples, self.stride, &stored),
            _ => blend::<3, S>(self.samples, self.stride, &stored),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_do_not_fit_are_the_callers_error() {
        let mut samples = vec![0_u8; 3 * 10 * 4];
        assert!(Pixels::rgb(&mut samples, 10, 4).is_ok());
        assert!(Pixels::rgb(&mut samples, 10, 0).is_ok());
        for (width, height, stride) in [(10, 4, 29), (10, 4, 31), (u32::MAX, u32::MAX, usize::MAX), (1, 121, 1)] {
            let pixels = Pixels::rgb(&mut samples, width, height).and_then(|pixels| pixels.stride(stride));
            assert!(matches!(pixels, Err(Error::Argument { argument: "pixels", .. })), "{width} {height} {stride}");
        }
        assert!(Pixels::rgba(&mut samples, 10, 4).is_err());
        // The last row needs no padding behind it.
        assert!(Pixels::rgb(&mut samples, 8, 4).unwrap().stride(32).is_ok());
    }
}
