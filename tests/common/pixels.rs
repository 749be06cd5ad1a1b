//! Decoded frames as shown, and how far two of them differ outside a rectangle.

use std::io::Cursor;

use image::{
    AnimationDecoder as _, DynamicImage, ImageBuffer, ImageDecoder as _, Rgba,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
};
use tanba::{Format, Rect, Size};

pub type Frame = ImageBuffer<Rgba<u16>, Vec<u16>>;

/// Every frame, with 16 bits a sample and the orientation applied; `None` where this test has no decoder.
pub fn frames(format: Format, bytes: &[u8]) -> Option<Vec<Frame>> {
    let cursor = || Cursor::new(bytes);
    let animation = match format {
        Format::Gif => Some(GifDecoder::new(cursor()).unwrap().into_frames()),
        Format::Png => {
            let decoder = PngDecoder::new(cursor()).unwrap();
            decoder.is_apng().unwrap().then(|| decoder.apng().unwrap().into_frames())
        }
        Format::WebP => {
            let decoder = WebPDecoder::new(cursor()).unwrap();
            decoder.has_animation().then(|| decoder.into_frames())
        }
        Format::Jpeg | Format::Tiff => None,
        Format::Svg => return Some(vec![svg(bytes)]),
        _ => return None,
    };
    if let Some(frames) = animation {
        let frame = |frame: image::Frame| DynamicImage::from(frame.into_buffer()).into_rgba16();
        return Some(frames.map(|result| frame(result.unwrap())).collect());
    }
    let reader = image::ImageReader::new(cursor()).with_guessed_format().unwrap();
    let mut decoder = reader.into_decoder().unwrap();
    let orientation = decoder.orientation().unwrap();
    let mut picture = DynamicImage::from_decoder(decoder).unwrap();
    picture.apply_orientation(orientation);
    Some(vec![picture.into_rgba16()])
}

/// The drawing at its own size, on white.
fn svg(bytes: &[u8]) -> Frame {
    use resvg::{tiny_skia::Pixmap, usvg};
    let tree = usvg::Tree::from_data(bytes, &usvg::Options::default()).unwrap();
    let size = tree.size().to_int_size();
    let mut pixmap = Pixmap::new(size.width(), size.height()).unwrap();
    pixmap.fill(resvg::tiny_skia::Color::WHITE);
    resvg::render(&tree, resvg::tiny_skia::Transform::identity(), &mut pixmap.as_mut());
    let samples = pixmap.data().iter().map(|&sample| u16::from(sample) * 257).collect();
    Frame::from_raw(size.width(), size.height(), samples).unwrap()
}

/// `rect`, given in pixels of `frame`, in pixels of `picture`, widened to whole ones.
pub fn scaled(rect: Rect, frame: Size, picture: &Frame) -> Rect {
    if (frame.width, frame.height) == picture.dimensions() {
        return rect;
    }
    let (x, y) =
        (f64::from(picture.width()) / f64::from(frame.width), f64::from(picture.height()) / f64::from(frame.height));
    let low = |at: u32, factor: f64| (f64::from(at) * factor).floor() as u32;
    let high = |at: u32, factor: f64| (f64::from(at) * factor).ceil() as u32;
    let mut result = rect;
    (result.x, result.y) = (low(rect.x, x), low(rect.y, y));
    result.width = high(rect.x + rect.width, x) - result.x;
    result.height = high(rect.y + rect.height, y) - result.y;
    result
}

/// How two frames differ outside a rectangle.
#[derive(Debug)]
pub struct Difference {
    /// Pixels that are not the same.
    pub pixels: u64,
    /// Peak signal-to-noise ratio in dB over the colour samples; infinite when nothing differs.
    pub psnr: f64,
}

/// Compares `after`, whose first `strip` rows were added, with `before`; `notice` is in pixels of `after`.
pub fn outside(before: &Frame, after: &Frame, strip: u32, notice: Rect) -> Difference {
    assert_eq!((after.width(), after.height()), (before.width(), before.height() + strip), "size of the result");
    let (mut pixels, mut squares, mut samples) = (0, 0.0, 0_u64);
    for (x, y, pixel) in before.enumerate_pixels() {
        let (column, row) = (x, y + strip);
        let inside = (notice.x..notice.x + notice.width).contains(&column)
            && (notice.y..notice.y + notice.height).contains(&row);
        if inside {
            continue;
        }
        let other = after.get_pixel(column, row);
        pixels += u64::from(pixel != other);
        for channel in 0..3 {
            let difference = f64::from(pixel.0[channel]) - f64::from(other.0[channel]);
            squares += difference * difference;
            samples += 1;
        }
    }
    let mean = squares / (samples.max(1) as f64);
    Difference { pixels, psnr: 10.0 * (65535.0 * 65535.0 / mean).log10() }
}
