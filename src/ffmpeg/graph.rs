//! The graph of filters that lays a notice over a film, and the numbers in it.

use std::{io::Cursor, ops::Range};

use image::ImageEncoder as _;

use super::{Ffmpeg, Film, codec, light::Light, probe::Stream};
use crate::{
    Error, Result,
    geometry::{Rect, Size},
    notice::Notice,
};

/// The most stretches of one film: as many as a verifier reads.
const MAX_SPANS: usize = 1024;

/// When the notice is shown, in milliseconds: `None` all the time, else for the first and from then on for as long every so often.
pub(crate) type Order = Option<(u64, u64)>;

/// How `overlay` calls the pixels of the film: it draws into them without a conversion.
pub(super) fn overlay(ffmpeg: &Ffmpeg, film: &Film, stream: &Stream) -> Result<(&'static str, &'static str)> {
    let pixels = stream.picture.pixel_format.as_str();
    let found = match pixels {
        "yuv420p" | "yuvj420p" | "nv12" => Some(("yuv420", "yuva420p")),
        "yuv422p" | "yuvj422p" => Some(("yuv422", "yuva422p")),
        "yuv444p" | "yuvj444p" => Some(("yuv444", "yuva444p")),
        "yuv420p10le" | "p010le" => Some(("yuv420p10", "yuva420p10le")),
        "yuv422p10le" => Some(("yuv422p10", "yuva422p10le")),
        "yuv444p10le" => Some(("yuv444p10", "yuva444p10le")),
        "rgb24" | "bgr24" | "rgb0" | "bgr0" | "0rgb" | "0bgr" => Some(("rgb", "rgba")),
        "gbrp" => Some(("gbrp", "gbrap")),
        _ => None,
    };
    let Some((name, banner)) = found else {
        let what = format!(
            "a banner cannot be drawn into its pixels ({pixels}) without a loss; convert it to yuv420p or yuv420p10le first"
        );
        return Err(Error::unsupported(film.format, what));
    };
    let help = codec::help(ffmpeg, "filter=overlay")?;
    if !help.lines().any(|line| line.split_whitespace().next() == Some(name)) {
        let what = format!("this ffmpeg ({}) cannot draw into its pixels ({pixels}); a newer one can", ffmpeg.version);
        return Err(Error::unsupported(film.format, what));
    }
    Ok((name, banner))
}

/// The notice as a picture in the film's own values.
pub(super) fn png(notice: &Notice, light: Light, wide: bool) -> Result<Vec<u8>> {
    let (plate, text) = (light.colour(notice.plate, wide), light.colour(notice.text, wide));
    let mut rgb = Vec::with_capacity(notice.stamp.coverage.len() * 3);
    for &share in &notice.stamp.coverage {
        let mix = |under: u8, over: u8| {
            let (under, over, share) = (u32::from(under), u32::from(over), u32::from(share));
            ((under * (255 - share) + over * share + 127) / 255) as u8
        };
        rgb.extend([0, 1, 2].map(|channel| mix(plate[channel], text[channel])));
    }
    let mut bytes = Cursor::new(Vec::new());
    let Size { width, height } = notice.stamp.size;
    image::codecs::png::PngEncoder::new(&mut bytes)
        .write_image(&rgb, width, height, image::ExtendedColorType::Rgb8)
        .map_err(|error| Error::backend(crate::Format::Png, "encode", error))?;
    Ok(bytes.into_inner())
}

/// The graph: the banner in the film's own pixels, over the film at its place. Only numbers and names of ours stand in it.
pub(super) fn filter(
    film: &Film,
    stream: &Stream,
    notice: &Notice,
    overlay: (&str, &str),
    order: Order,
) -> Result<String> {
    let missing = || Error::unsupported(film.format, "ffmpeg does not say how large its pictures are");
    let picture = &stream.picture;
    let (upright, shown) = picture.upright().zip(picture.shown()).ok_or_else(missing)?;
    let (rect, pad) = pixels(notice, upright, shown, film.unit());
    let Rect { x, y, width, height } = rect;
    let matrix = match picture.matrix.as_str() {
        "bt709" | "" => "bt709",
        "bt2020nc" | "bt2020c" => "bt2020",
        _ => "bt601",
    };
    let full = picture.range == "pc" || picture.pixel_format.starts_with("yuvj");
    let range = if full { "pc" } else { "tv" };
    let mut graph = String::new();
    let film_in = match pad {
        0 => format!("[0:{}]", stream.index),
        pad => {
            graph += &format!("[0:{}]pad=w=iw:h=ih+{pad}:x=0:y={pad}:eval=init[film];", stream.index);
            "[film]".to_owned()
        }
    };
    let (format, banner) = overlay;
    let to_yuv =
        if banner.starts_with("yuv") { format!(":out_color_matrix={matrix}:out_range={range}") } else { String::new() };
    graph += &format!(
        "[1:v]scale={width}:{height}:flags=bicubic{to_yuv},setsar=1,format={banner},setpts=PTS-3600/TB[banner];"
    );
    // A film that starts before its time would lack the banner until then.
    graph += &format!("{film_in}[banner]overlay=x={x}:y={y}:eval=init:format={format}");
    if let Some((first, every)) = order {
        let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
        graph += &format!(":enable='lt(mod(max(t,0),{}),{})'", seconds(every), seconds(first));
    }
    Ok(graph + "[shown]")
}

/// Where the notice stands in the pixels of an upright film, and how many rows are added above it.
fn pixels(notice: &Notice, upright: Size, shown: Size, unit: u32) -> (Rect, u32) {
    let wide = |value: u32| scaled(value, shown.width, upright.width);
    let high = |value: u32| scaled(value, shown.height, upright.height);
    let pad = high(notice.strip).next_multiple_of(unit);
    let rect = notice.rect;
    let (x, y) = (wide(rect.x) & !1, high(rect.y) & !(unit - 1));
    let height = if notice.strip > 0 { pad } else { high(rect.height) };
    (Rect { x, y, width: wide(rect.width).max(1), height: height.max(1) }, pad)
}

fn scaled(value: u32, from: u32, to: u32) -> u32 {
    let scaled = (u64::from(value) * u64::from(to) + u64::from(from / 2)) / u64::from(from.max(1));
    u32::try_from(scaled).unwrap_or(u32::MAX)
}

/// When the notice is shown in a film of `len` milliseconds.
pub(super) fn spans(order: Order, len: u64) -> Vec<Range<u64>> {
    match order {
        None => std::iter::once(0..len).collect(),
        Some((first, every)) => {
            let starts = (0..len).step_by(usize::try_from(every).unwrap_or(usize::MAX).max(1));
            starts.take(MAX_SPANS).map(|start| start..(start + first).min(len)).collect()
        }
    }
}

impl Film {
    /// The same notice on whole pixels of the film's colour, of which there are fewer.
    pub(crate) fn aligned(&self, mut notice: Notice) -> Notice {
        let Ok((_, stream)) = self.main() else { return notice };
        let (Some(upright), Some(shown)) = (stream.picture.upright(), stream.picture.shown()) else { return notice };
        let unit = self.unit();
        if upright != shown {
            // Where it lands, seen through pixels that are not square.
            let (landed, _) = pixels(&notice, upright, shown, unit);
            notice.rect.x = scaled(landed.x, upright.width, shown.width);
            notice.rect.y = scaled(landed.y, upright.height, shown.height);
            return notice;
        }
        if notice.strip > 0 {
            return notice;
        }
        let Rect { x, y, width, height } = notice.rect;
        (notice.rect.x, notice.rect.y) = (x & !1, y & !(unit - 1));
        let (right, bottom) = (x.saturating_add(width), y.saturating_add(height));
        let even = Rect {
            width: right.next_multiple_of(2) - notice.rect.x,
            height: bottom.next_multiple_of(unit) - notice.rect.y,
            ..notice.rect
        };
        notice.covering(even)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_that_comes_back_has_its_times() {
        assert_eq!(spans(None, 5_000), vec![0..5_000; 1]);
        assert_eq!(spans(Some((10_000, 60_000)), 125_000), [0..10_000, 60_000..70_000, 120_000..125_000]);
        assert_eq!(spans(Some((10, 1)), u64::MAX).len(), MAX_SPANS);
    }
}
