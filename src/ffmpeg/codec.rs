//! Which encoder makes what was decoded into the same again, and how it is told to.

use std::sync::{Arc, PoisonError};

use super::{ASKED, Ffmpeg, Film, FilmQuality, probe::Stream, run};
use crate::{Error, Result};

/// What people ask about.
pub(super) const COMMON: [&str; 8] = ["h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg", "prores"];

/// Encoders of a codec, the best first. Those of graphics cards are not among them: what they make differs by the card.
fn encoders(codec: &str) -> &'static [&'static str] {
    match codec {
        "h264" => &["libx264", "libopenh264"],
        "hevc" => &["libx265", "libkvazaar"],
        "vp8" => &["libvpx"],
        "vp9" => &["libvpx-vp9"],
        "av1" => &["libsvtav1", "libaom-av1", "librav1e"],
        "mpeg4" => &["mpeg4", "libxvid"],
        "msmpeg4v2" => &["msmpeg4v2"],
        "msmpeg4v3" => &["msmpeg4"],
        "mpeg1video" => &["mpeg1video"],
        "mpeg2video" => &["mpeg2video"],
        "h263" => &["h263"],
        "flv1" => &["flv"],
        "wmv1" => &["wmv1"],
        "wmv2" => &["wmv2"],
        "theora" => &["libtheora"],
        "mjpeg" => &["mjpeg"],
        "prores" => &["prores_ks", "prores"],
        "dnxhd" => &["dnxhd"],
        "dvvideo" => &["dvvideo"],
        "ffv1" => &["ffv1"],
        "ffvhuff" => &["ffvhuff"],
        "huffyuv" => &["huffyuv"],
        "utvideo" => &["utvideo"],
        "png" => &["png"],
        "qtrle" => &["qtrle"],
        "rawvideo" => &["rawvideo"],
        _ => &[],
    }
}

/// The encoder that would be used for a codec.
pub(super) fn available(ffmpeg: &Ffmpeg, codec: &str) -> Option<&'static str> {
    encoders(codec).iter().copied().find(|encoder| pixel_formats(ffmpeg, encoder).is_ok_and(|found| found.is_some()))
}

/// The encoder for a film: one that takes its pixels as they are.
///
/// # Errors
///
/// [`Error::Unsupported`] when this ffmpeg has none, which says what it has.
pub(super) fn choose<'a>(ffmpeg: &'a Ffmpeg, film: &Film, stream: &Stream) -> Result<&'a str> {
    let (codec, wanted) = (stream.codec.as_str(), stream.picture.pixel_format.as_str());
    let mut refused = Vec::new();
    let own = ffmpeg.encoder.as_deref();
    if let Some(own) = own.filter(|own| !own.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))) {
        return Err(Error::Argument { argument: "encoder", why: format!("{own:?} is no name of an encoder") });
    }
    let names: &[&str] = own.as_slice();
    for &encoder in if names.is_empty() { encoders(codec) } else { names } {
        match pixel_formats(ffmpeg, encoder)? {
            None => {}
            // Not every encoder names those it takes.
            Some(formats) if formats.is_empty() || formats.iter().any(|format| format == wanted) => return Ok(encoder),
            Some(_) => refused.push(encoder),
        }
    }
    let what = match (encoders(codec), refused.as_slice()) {
        (_, []) if own.is_some() => {
            format!(
                "this ffmpeg ({}) has no encoder {}; `ffmpeg -encoders` lists those it has",
                ffmpeg.version,
                names.join("")
            )
        }
        ([], _) => format!("{codec} cannot be encoded again with ffmpeg; convert the film to H.264 or AV1 first"),
        (names, []) => format!(
            "this ffmpeg ({}) has no encoder for {codec}; install one with {}, or convert the film first",
            ffmpeg.version,
            names.join(" or ")
        ),
        (_, refused) => format!(
            "{} of this ffmpeg does not take its pixels ({wanted}); install one that does, or convert the film first",
            refused.join(" and ")
        ),
    };
    Err(Error::unsupported(film.format, what))
}

/// The kinds of pixels that an encoder takes; `None` where this ffmpeg has no such encoder.
fn pixel_formats(ffmpeg: &Ffmpeg, encoder: &str) -> Result<Option<Vec<String>>> {
    let help = help(ffmpeg, &format!("encoder={encoder}"))?;
    if !help.contains(&format!("Encoder {encoder} ")) {
        return Ok(None);
    }
    let formats = help.lines().find_map(|line| line.trim().strip_prefix("Supported pixel formats:"));
    Ok(Some(formats.unwrap_or_default().split_whitespace().map(str::to_owned).collect()))
}

/// What the program says about a part of itself.
pub(super) fn help(ffmpeg: &Ffmpeg, topic: &str) -> Result<Arc<str>> {
    let helps = || ffmpeg.helps.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = helps().get(topic) {
        return Ok(Arc::clone(known));
    }
    let mut printed = Vec::new();
    let take = &mut |bytes: &[u8]| {
        printed.extend_from_slice(bytes);
        printed.len() < 1 << 20
    };
    let arguments = ["-hide_banner", "-h", topic].map(Into::into);
    run::run(&ffmpeg.program, &arguments, &ffmpeg.bounds(ASKED, None), take)?;
    let said: Arc<str> = String::from_utf8_lossy(&printed).into();
    helps().insert(topic.to_owned(), Arc::clone(&said));
    Ok(said)
}

/// How the encoder is told to keep what the stream was, for the stream of the result with this number.
pub(super) fn arguments(ffmpeg: &Ffmpeg, encoder: &str, film: &Film, stream: &Stream, number: usize) -> Vec<String> {
    let mut all = vec![format!("-c:{number}"), encoder.to_owned()];
    let mut option = |name: &str, value: &str| all.extend([format!("-{name}:{number}"), value.to_owned()]);
    let picture = &stream.picture;
    option("pix_fmt", &picture.pixel_format);
    for (name, value) in [
        ("color_range", &picture.range),
        ("colorspace", &picture.matrix),
        ("color_trc", &picture.transfer),
        ("color_primaries", &picture.primaries),
        ("chroma_sample_location", &picture.location),
    ] {
        if !value.is_empty() {
            option(name, value);
        }
    }
    let bits = film.bits(stream);
    for (name, value) in quality(ffmpeg.quality, encoder, bits) {
        option(name, &value);
    }
    match (encoder, speed(encoder)) {
        (_, Some((name, value))) => option(name, value),
        ("prores_ks", _) => option("profile", prores(&stream.profile)),
        ("dnxhd", _) if stream.profile.starts_with("DNXHR") => {
            option("profile", &stream.profile.to_lowercase().replace(' ', "_"));
        }
        _ => {}
    }
    if encoder == "libvpx-vp9" || encoder == "libaom-av1" {
        option("row-mt", "1");
    }
    if encoder == "libx265" {
        option("x265-params", &x265(picture));
    }
    if picture.top_first.is_some() {
        option("flags", "+ildct+ilme");
    }
    // AVI has no place for the time of a picture that is shown later than the next.
    if film.muxer == "avi" && matches!(encoder, "libx264" | "libx265" | "mpeg4" | "libxvid") {
        option("bf", "0");
    }
    if let Some(threads) = ffmpeg.threads {
        option("threads", &threads.to_string());
    }
    if keeps_tag(film.muxer, &stream.codec, &stream.tag) {
        option("tag", &stream.tag);
    }
    all
}

/// Rate or quality, as this encoder counts it.
fn quality(wanted: FilmQuality, encoder: &str, bits: Option<u64>) -> Vec<(&'static str, String)> {
    // CRF, or the quantiser of older codecs; what is without loss has neither.
    let (name, high) = match encoder {
        "libx264" => ("crf", 18),
        "libx265" => ("crf", 20),
        "libvpx" => ("crf", 8),
        "libvpx-vp9" => ("crf", 22),
        "libaom-av1" => ("crf", 22),
        "libsvtav1" => ("crf", 25),
        "librav1e" => ("qp", 70),
        "mpeg4" | "libxvid" | "msmpeg4" | "msmpeg4v2" | "mpeg1video" | "mpeg2video" | "h263" | "flv" | "wmv1"
        | "wmv2" | "mjpeg" => ("q", 2),
        "libtheora" => ("q", 9),
        "prores_ks" | "prores" | "dvvideo" | "ffv1" | "ffvhuff" | "huffyuv" | "utvideo" | "png" | "qtrle"
        | "rawvideo" => {
            return Vec::new();
        }
        // Only a rate: DNxHD, OpenH264, Kvazaar.
        _ => return bits.map(|bits| vec![("b", bits.to_string())]).unwrap_or_default(),
    };
    match (wanted, bits) {
        (FilmQuality::AsSource, Some(bits)) => {
            vec![
                ("b", bits.to_string()),
                ("maxrate", (bits + bits / 2).to_string()),
                ("bufsize", (bits * 2).to_string()),
            ]
        }
        (FilmQuality::Constant(value), _) => quality_and_cap(name, value, encoder, bits),
        _ => quality_and_cap(name, high, encoder, bits),
    }
}

fn quality_and_cap(name: &'static str, value: u8, encoder: &str, bits: Option<u64>) -> Vec<(&'static str, String)> {
    let mut all = vec![(name, value.to_string())];
    match encoder {
        // Without a rate of 0 the default rate would be a ceiling.
        "libvpx-vp9" | "libaom-av1" => all.push(("b", "0".into())),
        // VP8 has a ceiling in any case.
        "libvpx" => all.push(("b", bits.unwrap_or_default().saturating_mul(4).max(4_000_000).to_string())),
        _ => {}
    }
    all
}

/// How much an encoder thinks: as much as a film takes that is encoded once more.
fn speed(encoder: &str) -> Option<(&'static str, &'static str)> {
    Some(match encoder {
        "libx264" => ("preset", "veryfast"),
        "libx265" => ("preset", "veryfast"),
        "libvpx" | "libvpx-vp9" => ("cpu-used", "4"),
        "libaom-av1" => ("cpu-used", "6"),
        "libsvtav1" => ("preset", "8"),
        "librav1e" => ("speed", "8"),
        _ => return None,
    })
}

/// What the display of high dynamic range was like, which the encoder does not take from the pictures.
fn x265(picture: &super::probe::Picture) -> String {
    let mut all = "log-level=error".to_owned();
    if let Some(mastering) = &picture.mastering {
        all += &format!(":hdr10=1:master-display={mastering}");
    }
    if let Some((pixel, frame)) = picture.brightest {
        all += &format!(":max-cll={pixel},{frame}");
    }
    all
}

/// By the names that ffprobe gives them: Apple ProRes white paper.
fn prores(profile: &str) -> &'static str {
    match profile {
        "Proxy" => "proxy",
        "LT" => "lt",
        "HQ" => "hq",
        "4444" => "4444",
        "4444 XQ" | "XQ" => "4444xq",
        _ => "standard",
    }
}

/// Whether players go by the four characters: Apple's by `hvc1`, those of AVI by all.
fn keeps_tag(muxer: &str, codec: &str, tag: &str) -> bool {
    let plain = tag.len() == 4 && tag.chars().all(|c| c.is_ascii_alphanumeric());
    plain
        && match muxer {
            "mp4" | "mov" => codec == "hevc" && matches!(tag, "hvc1" | "hev1"),
            "avi" => matches!(codec, "mpeg4" | "h264" | "hevc" | "mjpeg" | "msmpeg4v3" | "msmpeg4v2"),
            _ => false,
        }
}

impl Film {
    /// Bits a second of a stream: as it says, or what the others leave of the whole.
    pub(super) fn bits(&self, stream: &Stream) -> Option<u64> {
        let others = self.streams.iter().filter(|other| other.index != stream.index);
        let left = || Some(self.bit_rate?.saturating_sub(others.filter_map(|other| other.bit_rate).sum::<u64>()));
        stream.bit_rate.or_else(left).filter(|bits| *bits > 0)
    }
}
