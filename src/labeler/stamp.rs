//! The notice in pixels that are not encoded yet: drawn there, and only looked for in the file.

use super::{Job, Labeler, PlacedNotice, Receipt, Wanted};
use crate::{
    Error, Result,
    format::Medium,
    geometry::Size,
    limits::Budget,
    notice::{Notice, Pixels, Sample},
    policy::layout,
    stream::{Sink, Source},
};

/// Where a notice stands that was drawn into pixels: what [`Labeler::label_stamped`] looks for and signs.
#[derive(Clone, Debug)]
pub struct Placement {
    notice: Notice,
}

impl Placement {
    /// Rectangle, lines and size, as they will stand in the receipt.
    pub fn notice(&self) -> PlacedNotice {
        PlacedNotice { stamped: true, ..PlacedNotice::drawn(&self.notice) }
    }
}

impl Labeler {
    /// Draws the notice into a picture that is not encoded yet, and says where. This is the cheapest place for it: nothing is
    /// decoded, and nothing is encoded twice.
    ///
    /// Encode the pixels as ever, at their size and upright, and hand the file to
    /// [`label_stamped`](Self::label_stamped), which adds record and manifest.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use tanba::{Disclosure, Labeler, Pixels, Signer};
    ///
    /// let labeler = Labeler::new(&Disclosure::generated("Acme Diffusion 3"), &Signer::development());
    ///
    /// let (width, height) = (640, 480);
    /// let mut samples = vec![90_u8; 3 * width as usize * height as usize]; // what the model made
    /// let placement = labeler.stamp(&mut Pixels::rgb(&mut samples, width, height)?)?;
    ///
    /// let mut encoded = Cursor::new(Vec::new());
    /// image::RgbImage::from_raw(width, height, samples).unwrap().write_to(&mut encoded, image::ImageFormat::Jpeg)?;
    ///
    /// let mut labelled = Cursor::new(Vec::new());
    /// let receipt = labeler.label_stamped(&placement, &mut encoded, &mut labelled)?;
    /// assert!(receipt.is_complete() && receipt.notice.unwrap().stamped);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoticeDoesNotFit`] when the wording cannot be legible on a picture of this size, and on one whose shorter
    /// side is under 200 pixels: its notice stands in a strip above it, which only [`label`](Self::label) can add.
    /// [`Error::Argument`] for a font that cannot be read and for a character that no font holds.
    pub fn stamp<S: Sample>(&self, pixels: &mut Pixels<'_, S>) -> Result<Placement> {
        let frame = pixels.size();
        if layout::needs_strip(frame) {
            let Size { width, height } = frame;
            let why = format!(
                "the notice of a {width} × {height} picture stands in a strip above it, and pixels cannot grow; label \
                 the encoded file instead"
            );
            return Err(Error::NoticeDoesNotFit { why });
        }
        let notice = self.artist.draw(&self.policy.plan(&self.disclosure, Medium::Image), frame)?;
        pixels.draw(&notice);
        Ok(Placement { notice })
    }

    /// Labels a file in whose picture [`stamp`](Self::stamp) has drawn the notice: adds record and manifest, and changes no
    /// pixel. The manifest names the rectangle of the notice, and the receipt says that it was stamped.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when the picture has another size than the pixels that were stamped, or when the notice is not to
    /// be seen in it. Otherwise as [`label`](Self::label).
    pub fn label_stamped(
        &self,
        placement: &Placement,
        source: &mut dyn Source,
        sink: &mut dyn Sink,
    ) -> Result<Receipt> {
        self.run("", Some(placement), source, sink)
    }
}

/// Looks for the notice in the file; the second is what could not be looked at.
pub(super) fn find(
    placement: &Placement,
    job: &Job,
    source: &mut dyn Source,
    budget: &mut Budget,
) -> Result<(Wanted, Option<String>)> {
    let refused = |why| Err(Error::Argument { argument: "placement", why });
    let Placement { notice } = placement;
    let Size { width, height } = notice.frame;
    match job.survey.shown() {
        Some(shown) if shown == notice.frame => {}
        Some(shown) => {
            let (wide, high) = (shown.width, shown.height);
            return refused(format!(
                "the notice was drawn for {width} × {height} pixels, and the file has {wide} × {high}"
            ));
        }
        None => return refused("the notice was drawn into a picture, and the file holds none".into()),
    }
    let remark = match job.format.handler().shows(source, &job.survey, notice, budget) {
        Ok(Some(true)) if job.survey.frames > 1 => {
            Some("the notice was looked for in the first frame or page only; stamp all of them")
        }
        Ok(Some(true)) => None,
        Ok(Some(false)) => {
            return refused(
                "the notice is not to be seen in the file: was the picture changed after it was stamped?".into(),
            );
        }
        Err(error @ (Error::Io(_) | Error::Limit { .. })) => return Err(error),
        Ok(None) | Err(_) => {
            Some("the notice was not looked for in the file: tanba cannot decode this picture; look at it")
        }
    };
    Ok((Wanted::Stamped(notice.clone()), remark.map(Into::into)))
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{Disclosure, Policy, Rect, Signer};

    const SIZE: Size = Size { width: 400, height: 300 };

    fn labeler() -> Labeler {
        Labeler::new(&Disclosure::generated("Acme Diffusion"), &Signer::development())
    }

    /// A gradient of 400 × 300 pixels with `channels` samples each and rows `stride` samples apart.
    fn picture(channels: usize, stride: usize) -> Vec<f32> {
        let (width, height) = (SIZE.width as usize, SIZE.height as usize);
        let mut samples = vec![0.25; stride * height];
        for (y, row) in samples.chunks_exact_mut(stride).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(channels).take(width).enumerate() {
                pixel[0] = x as f32 / width as f32;
                pixel[1] = y as f32 / height as f32;
            }
        }
        samples
    }

    fn encoded(rgb: Vec<u8>, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image::RgbImage::from_raw(SIZE.width, SIZE.height, rgb).unwrap().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_kind_of_samples_gets_the_same_notice_and_nothing_else_changes() {
        let labeler = labeler();
        for (channels, stride) in [(3, 1200), (3, 1211), (4, 1600), (4, 1664)] {
            let before = picture(channels, stride);
            let eight: Vec<u8> = before.iter().map(|value| (value * 255.0) as u8).collect();
            let sixteen: Vec<u16> = before.iter().map(|value| (value * 65535.0) as u16).collect();
            let (mut a, mut b, mut c) = (eight.clone(), sixteen.clone(), before.clone());
            fn stamped<S: Sample>(labeler: &Labeler, samples: &mut [S], channels: usize, stride: usize) -> Rect {
                let pixels = match channels {
                    3 => Pixels::rgb(samples, SIZE.width, SIZE.height),
                    _ => Pixels::rgba(samples, SIZE.width, SIZE.height),
                };
                labeler.stamp(&mut pixels.unwrap().stride(stride).unwrap()).unwrap().notice().rect
            }
            let rect = stamped(&labeler, &mut a, channels, stride);
            assert_eq!(stamped(&labeler, &mut b, channels, stride), rect);
            assert_eq!(stamped(&labeler, &mut c, channels, stride), rect);
            let mut letters = 0;
            for index in 0..before.len() {
                let (x, y) = ((index % stride / channels) as u32, (index / stride) as u32);
                let inside = x.wrapping_sub(rect.x) < rect.width && y.wrapping_sub(rect.y) < rect.height;
                if !inside {
                    assert!(a[index] == eight[index] && b[index] == sixteen[index] && c[index] == before[index]);
                    continue;
                }
                assert!(f32::from(a[index]).mul_add(-1.0 / 255.0, c[index]).abs() < 0.003);
                assert!((f32::from(b[index]) / 65535.0 - c[index]).abs() < 0.003);
                letters += usize::from(a[index] > 200);
                assert!(index % stride % channels != 3 || a[index] == 255, "alpha");
            }
            assert!(letters > 500);
        }
    }

    #[test]
    fn a_stamped_file_gets_record_and_manifest_and_no_other_pixel() {
        let labeler = labeler();
        for format in [image::ImageFormat::Jpeg, image::ImageFormat::Png, image::ImageFormat::WebP] {
            let mut samples: Vec<u8> = picture(3, 1200).iter().map(|value| (value * 255.0) as u8).collect();
            let plain = encoded(samples.clone(), format);
            let placement = labeler.stamp(&mut Pixels::rgb(&mut samples, SIZE.width, SIZE.height).unwrap()).unwrap();
            let file = encoded(samples, format);
            let mut sink = Cursor::new(Vec::new());
            let receipt = labeler.label_stamped(&placement, &mut Cursor::new(&file), &mut sink).unwrap();
            assert!(receipt.is_complete(), "{:?}", receipt.incomplete);
            assert_eq!(receipt.notice, Some(placement.notice()));
            let decoded = |bytes: &[u8]| image::load_from_memory(bytes).unwrap();
            assert_eq!(decoded(sink.get_ref()), decoded(&file));
            // The verifier sees the notice, and what was signed names its rectangle.
            let report = crate::verify(sink.get_ref()).unwrap();
            assert!(report.notices.iter().any(|notice| notice.signed_place), "{format:?}");

            let refused = |bytes: &[u8]| {
                let mut sink = Cursor::new(Vec::new());
                let result = labeler.label_stamped(&placement, &mut Cursor::new(bytes), &mut sink);
                assert!(sink.get_ref().is_empty());
                matches!(result, Err(Error::Argument { argument: "placement", .. }))
            };
            assert!(refused(&plain), "without the notice");
            let mut smaller = Cursor::new(Vec::new());
            decoded(&file).thumbnail(300, 225).into_rgb8().write_to(&mut smaller, format).unwrap();
            assert!(refused(smaller.get_ref()), "in another size");
        }
    }

    #[test]
    fn what_a_policy_switches_off_stays_off() {
        let policy = Policy::default().with_notice(false).with_record(false);
        let labeler = labeler().policy(policy);
        let mut samples = vec![128_u8; 3 * 400 * 300];
        let placement = labeler.stamp(&mut Pixels::rgb(&mut samples, SIZE.width, SIZE.height).unwrap()).unwrap();
        let file = encoded(samples, image::ImageFormat::Png);
        let receipt = labeler.label_stamped(&placement, &mut Cursor::new(file), &mut Cursor::new(Vec::new())).unwrap();
        // The caller's pixels have one, whatever the policy would draw.
        assert!(receipt.notice.unwrap().stamped && !receipt.record && receipt.manifest);
        assert_eq!(receipt.incomplete, ["no record: switched off by the policy"]);
    }

    #[test]
    fn small_pictures_are_labelled_as_files() {
        let mut samples = vec![0_u16; 4 * 300 * 150];
        let stamped = labeler().stamp(&mut Pixels::rgba(&mut samples, 300, 150).unwrap());
        assert!(matches!(stamped, Err(Error::NoticeDoesNotFit { .. })));
        assert!(samples.iter().all(|&sample| sample == 0));
    }
}
