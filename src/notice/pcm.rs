//! The audible notice for products that still hold their samples.

use super::{Audible, MAX_RATE, level::LOUDNESS};
use crate::policy::{AudibleNotice, Extent};

impl AudibleNotice {
    /// The notice as samples, interleaved, full scale ±1, at −16 LUFS (ITU-R BS.1770): for products that hold samples and encode them
    /// themselves. Put it in front, encode, and label the result with [`already_heard`](Self::already_heard).
    ///
    /// It ends in silence of 150 ms at least. Of several channels the first two take it. Without channels there are no samples; rates
    /// outside of 1,000 to 384,000 are taken as the nearest of those.
    ///
    /// ```
    /// use tanba::{AudibleNotice, Extent};
    /// let notice = AudibleNotice::speech(&["kk", "ru"])?;
    /// let mut samples = notice.samples(Extent::Generated, 48_000, 2);
    /// let ms = samples.len() as u64 / 2 * 1000 / 48_000;
    /// samples.extend([0.0; 96_000]); // what was generated
    /// let label_with = notice.already_heard(0, ms)?;
    /// # Ok::<(), tanba::Error>(())
    /// ```
    pub fn samples(&self, extent: Extent, rate: u32, channels: u16) -> Vec<f32> {
        let mono = Audible::new(self, extent).samples(rate.clamp(1_000, MAX_RATE), LOUDNESS);
        let share = if channels == 1 { 1.0 } else { std::f32::consts::FRAC_1_SQRT_2 };
        let frame = |sample: &f32| {
            let sample = sample * share;
            (0..channels).map(move |channel| if channel < 2 { sample } else { 0.0 })
        };
        mono.iter().flat_map(frame).collect()
    }

    /// The same as whole numbers of 16 bits.
    ///
    /// ```
    /// let samples = tanba::AudibleNotice::rhythm().samples_i16(tanba::Extent::Generated, 16_000, 1);
    /// assert_eq!(samples.len(), 16_000 * 13 / 10);
    /// ```
    pub fn samples_i16(&self, extent: Extent, rate: u32, channels: u16) -> Vec<i16> {
        self.samples(extent, rate, channels).into_iter().map(|sample| (sample * 32_767.0).round() as i16).collect()
    }
}
