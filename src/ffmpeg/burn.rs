//! Draws a notice into the pictures of a film, and copies everything else.

use std::{ffi::OsString, io::Cursor, ops::Range};

use image::ImageEncoder as _;

use super::{
    Ffmpeg, Film, Release, Scratch, codec, fault,
    light::Light,
    probe::{Picture, Stream},
    run,
};
use crate::{
    Error, Result,
    geometry::{Rect, Size},
    notice::Notice,
};

/// The most stretches of one film: as many as a verifier reads.
const MAX_SPANS: usize = 1024;

/// When the notice is shown, in milliseconds: `None` all the time, else for the first and from then on for as long every so often.
pub(crate) type Order = Option<(u64, u64)>;

/// A film with the notice in its pictures.
pub(crate) struct Burnt {
    pub(crate) file: Scratch,
    pub(crate) film: Film,
    /// When it is shown, in milliseconds.
    pub(crate) spans: Vec<Range<u64>>,
    /// What ffmpeg was told, with `INPUT`, `BANNER` and `OUTPUT` for its files.
    pub(crate) command: Vec<String>,
    /// What came out otherwise than it went in, as sentences.
    pub(crate) remarks: Vec<String>,
}

impl Ffmpeg {
    /// Draws `notice`, which was drawn for the film as shown, into its pictures.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] for what cannot be encoded again as it was; [`Error::Ffmpeg`] for a run that was killed.
    pub(crate) fn burn(&self, input: &Scratch, film: &Film, notice: &Notice, order: Order) -> Result<Burnt> {
        let (number, stream) = film.main()?;
        refuse(film, stream)?;
        let overlay = overlay(self, film, stream)?;
        let encoder = codec::choose(self, film, stream)?;
        let light = film.light();
        let wide = stream.picture.primaries == "bt2020";
        let banner = Scratch::with(&self.scratch, &png(notice, light, wide)?)?;
        let output = Scratch::new(&self.scratch)?;
        let filter = filter(film, stream, notice, overlay, order)?;
        let mut all: Vec<OsString> =
            ["-y", "-nostdin", "-v", "error", "-nostats", "-progress", "pipe:1"].map(Into::into).into();
        let whitelist = ["-protocol_whitelist", "file,pipe"];
        all.extend(whitelist.iter().chain(&["-f", film.demuxer]).map(Into::into));
        all.extend(["-i".into(), input.url()]);
        // One picture a second: a time base of 1 does not make that of the film finer.
        all.extend(whitelist.iter().chain(&["-f", "png_pipe", "-framerate", "1"]).map(Into::into));
        all.extend(["-i".into(), banner.url()]);
        all.extend(["-filter_complex".into(), filter.into()]);
        let kept: Vec<_> = film.streams.iter().filter(|stream| film.keeps(stream)).collect();
        let number = kept.iter().position(|other| other.index == stream.index).unwrap_or(number);
        all.extend(mapped(film, &kept, stream).into_iter().map(Into::into));
        all.extend(["-c", "copy"].map(Into::into));
        all.extend(codec::arguments(self, encoder, film, stream, number).into_iter().map(Into::into));
        if let Some(base) = time_base(stream, encoder) {
            all.extend([format!("-enc_time_base:{number}"), base].map(Into::into));
        }
        all.extend(self.passthrough());
        all.extend(container(film).into_iter().map(Into::into));
        all.extend(["-f".into(), film.muxer.into(), output.url()]);
        let most = self.max_output.unwrap_or(input.len()?.saturating_mul(10).saturating_add(256 << 20));
        let ended = run::run(&self.program, &all, &self.bounds(self.timeout, Some((&output, most))), &mut |bytes| {
            self.tell(bytes, film.duration_ms);
            true
        })?;
        fault::check(&ended, film.format, "encode")?;
        let made = self.film(&output, film.format, film.media_type())?;
        let mut remarks = vec![format!(
            "the picture was encoded again by ffmpeg {} with {encoder}; sound, subtitles and the rest were copied",
            self.version
        )];
        remarks.extend(fault::first(&ended).map(|said| format!("ffmpeg read over damage in the film: {said}")));
        remarks.extend(compare(film, &made)?);
        let url = |scratch: &Scratch, name: &'static str| (scratch.url(), name);
        let names = [url(input, "INPUT"), url(&banner, "BANNER"), url(&output, "OUTPUT")];
        let word = |word: &OsString| match names.iter().find(|(url, _)| url == word) {
            Some((_, name)) => (*name).to_owned(),
            None => word.to_string_lossy().into_owned(),
        };
        let command = std::iter::once("ffmpeg".to_owned()).chain(all.iter().map(word)).collect();
        let len = made.duration_ms.or(film.duration_ms).unwrap_or(1).max(1);
        Ok(Burnt { file: output, film: made, spans: spans(order, len), command, remarks })
    }

    /// Frames keep their times.
    pub(super) fn passthrough(&self) -> [OsString; 2] {
        let name = if self.release >= Release(5, 1) { "-fps_mode" } else { "-vsync" };
        [name.into(), "passthrough".into()]
    }

    /// Says how far it has got.
    fn tell(&self, printed: &[u8], of_ms: Option<u64>) {
        let (Some(call), Some(of @ 1..)) = (&self.progress, of_ms) else { return };
        let printed = String::from_utf8_lossy(printed);
        let done = printed.lines().rev().find_map(|line| line.strip_prefix("out_time_us=")?.trim().parse::<f64>().ok());
        if let Some(done) = done {
            call((done / 1000.0 / of as f64).clamp(0.0, 1.0));
        }
    }
}

impl Film {
    pub(crate) fn format(&self) -> crate::Format {
        self.format
    }

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

    fn media_type(&self) -> &'static str {
        if self.muxer == "webm" { "video/webm" } else { "" }
    }

    /// Whether a stream is mapped: the tracks that QuickTime keeps chapters and time codes in are written anew.
    fn keeps(&self, stream: &Stream) -> bool {
        let remade = matches!(self.muxer, "mp4" | "mov")
            && stream.kind == "data"
            && (stream.tag == "tmcd" || stream.tag == "text" && self.chapters > 0);
        !remade
    }
}

/// What cannot be encoded again as it was.
fn refuse(film: &Film, stream: &Stream) -> Result<()> {
    let Picture { turn, top_first, dolby, transparent, .. } = &stream.picture;
    let refused = |what: &str| Err(Error::unsupported(film.format, what));
    if *dolby == Some(false) {
        return refused(
            "its Dolby Vision cannot be shown without its own metadata, which is lost; convert it to HDR10 or HLG first",
        );
    }
    if *transparent {
        return refused("its pictures are transparent, which would be lost; lay it over a background first");
    }
    if turn % 90 != 0 {
        return refused("it is shown at an angle; turn its pictures upright first");
    }
    if top_first.is_some() && matches!(stream.codec.as_str(), "hevc" | "vp8" | "vp9" | "av1" | "mjpeg" | "theora") {
        return refused("it is interlaced, and the encoder of its codec cannot keep that; deinterlace it first");
    }
    Ok(())
}

/// How `overlay` calls the pixels of the film: it draws into them without a conversion.
fn overlay(ffmpeg: &Ffmpeg, film: &Film, stream: &Stream) -> Result<(&'static str, &'static str)> {
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
fn png(notice: &Notice, light: Light, wide: bool) -> Result<Vec<u8>> {
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
fn filter(film: &Film, stream: &Stream, notice: &Notice, overlay: (&str, &str), order: Order) -> Result<String> {
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

/// Every stream in its order, with its names and uses; that of the film is the one with the banner.
fn mapped(film: &Film, kept: &[&Stream], main: &Stream) -> Vec<String> {
    let mut all = Vec::new();
    for (number, stream) in kept.iter().enumerate() {
        let is_main = stream.index == main.index;
        all.extend(["-map".into(), if is_main { "[shown]".into() } else { format!("0:{}", stream.index) }]);
        all.extend([format!("-map_metadata:s:{number}"), format!("0:s:{}", stream.index)]);
        if is_main {
            let uses = if stream.disposition.is_empty() { "0".into() } else { stream.disposition.join("+") };
            all.extend([format!("-disposition:{number}"), uses]);
            // It is upright now; older releases kept that in a tag.
            all.extend([format!("-metadata:s:{number}"), "rotate=".into()]);
        }
    }
    let rest = ["-map_metadata", "0", "-map_chapters", "0", "-copy_unknown", "-strict", "experimental"];
    all.extend(rest.map(str::to_owned));
    if matches!(film.muxer, "mp4" | "mov") && !film.tags.iter().all(|tag| KNOWN_TAGS.contains(&tag.as_str())) {
        // Names that the muxer does not know are lost otherwise.
        all.extend(["-movflags", "+faststart+use_metadata_tags"].map(str::to_owned));
    } else if matches!(film.muxer, "mp4" | "mov") {
        all.extend(["-movflags", "+faststart"].map(str::to_owned));
    }
    all
}

/// Tags that the muxer of MP4 writes in the way of iTunes, and what stands in its own boxes.
const KNOWN_TAGS: [&str; 20] = [
    "major_brand",
    "minor_version",
    "compatible_brands",
    "creation_time",
    "encoder",
    "title",
    "artist",
    "album_artist",
    "composer",
    "album",
    "date",
    "comment",
    "genre",
    "copyright",
    "grouping",
    "lyrics",
    "description",
    "synopsis",
    "show",
    "timecode",
];

/// Options of the container.
fn container(film: &Film) -> Vec<String> {
    let options: &[&str] = match film.muxer {
        // Flags as they were, none of its own.
        "matroska" | "webm" => &["-default_mode", "passthrough"],
        _ => &[],
    };
    options.iter().map(|&option| option.to_owned()).collect()
}

/// The time base of the stream, where the codec can have it: otherwise times would be rounded to the frame rate.
fn time_base(stream: &Stream, encoder: &str) -> Option<String> {
    let (over, under) = stream.picture.time_base?;
    let fixed = matches!(
        encoder,
        "mpeg1video" | "mpeg2video" | "h263" | "flv" | "wmv1" | "wmv2" | "msmpeg4" | "msmpeg4v2" | "dvvideo" | "dnxhd"
    );
    let too_fine = matches!(encoder, "mpeg4" | "libxvid") && under > 65_535;
    (!fixed && !too_fine).then(|| format!("{over}:{under}"))
}

/// When the notice is shown in a film of `len` milliseconds.
fn spans(order: Order, len: u64) -> Vec<Range<u64>> {
    match order {
        None => std::iter::once(0..len).collect(),
        Some((first, every)) => {
            let starts = (0..len).step_by(usize::try_from(every).unwrap_or(usize::MAX).max(1));
            starts.take(MAX_SPANS).map(|start| start..(start + first).min(len)).collect()
        }
    }
}

/// What is another in the result; what was lost there is an error.
fn compare(before: &Film, after: &Film) -> Result<Vec<String>> {
    let mut left: Vec<_> = after.streams.iter().collect();
    for stream in before.streams.iter().filter(|stream| before.keeps(stream)) {
        let same = |other: &&Stream| (&other.kind, &other.codec) == (&stream.kind, &stream.codec);
        let Some(at) = left.iter().position(same) else {
            let what =
                format!("ffmpeg lost a stream of it ({}, {}); label it without a banner", stream.kind, stream.codec);
            return Err(Error::unsupported(before.format, what));
        };
        left.remove(at);
    }
    let (Ok((_, old)), Ok((_, new))) = (before.main(), after.main()) else {
        return Err(Error::ReadBack { format: before.format, what: "the film" });
    };
    let (old, new) = (&old.picture, &new.picture);
    let mut remarks = Vec::new();
    let mut differs = |what: &str, old: &str, new: &str| {
        if !old.is_empty() && old != new {
            let now = if new.is_empty() { "not said" } else { new };
            remarks.push(format!("{what} was {old} and is {now} after encoding"));
        }
    };
    differs("the kind of its pixels", &old.pixel_format, &new.pixel_format);
    differs("the range of its values", &old.range, &new.range);
    differs("the matrix of its colours", &old.matrix, &new.matrix);
    differs("the transfer of its colours", &old.transfer, &new.transfer);
    differs("the primaries of its colours", &old.primaries, &new.primaries);
    differs(
        "the mastering display",
        old.mastering.as_deref().unwrap_or_default(),
        new.mastering.as_deref().unwrap_or_default(),
    );
    let light =
        |picture: &Picture| picture.brightest.map(|(pixel, frame)| format!("{pixel}, {frame}")).unwrap_or_default();
    differs("the brightest light", &light(old), &light(new));
    if old.top_first.is_some() && new.top_first != old.top_first {
        remarks.push("the order of its fields changed".into());
    }
    if old.dolby.is_some() {
        remarks.push("its Dolby Vision metadata are gone; what is below them is shown".into());
    }
    if old.turn != 0 {
        remarks.push("its pictures stand upright now, and need not be turned".into());
    }
    Ok(remarks)
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
