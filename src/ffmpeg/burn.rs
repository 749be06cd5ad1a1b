//! Draws a notice into the pictures of a film, and copies everything else.

use std::{ffi::OsString, ops::Range};

use super::{
    Ffmpeg, Film, Release, STAMPED_PACKETS, Scratch, codec,
    compare::compare,
    fault,
    graph::{self, Order},
    probe::{Picture, Stream},
    run,
};
use crate::{Error, Result, format::STAMPED, notice::Notice};

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
        let overlay = graph::overlay(self, film, stream)?;
        let encoder = codec::choose(self, film, stream)?;
        let light = film.light();
        let wide = stream.picture.primaries == "bt2020";
        let banner = Scratch::with(&self.scratch, &graph::png(notice, light, wide)?)?;
        let output = Scratch::new(&self.scratch)?;
        let filter = graph::filter(film, stream, notice, overlay, order)?;
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
        let muxer = if film.muxer == STAMPED_PACKETS { "mpegts" } else { film.muxer };
        all.extend(["-f".into(), muxer.into(), output.url()]);
        let most = self.max_output.unwrap_or(input.len()?.saturating_mul(10).saturating_add(256 << 20));
        let ended = run::run(&self.program, &all, &self.bounds(self.timeout, Some((&output, most))), &mut |bytes| {
            self.tell(bytes, film.duration_ms);
            true
        })?;
        fault::check(&ended, film.format, "encode")?;
        let made = self.film(&output, film.format, film.media_type())?;
        let mut remarks = vec![format!(
            "the picture was encoded again by ffmpeg {} with {encoder}; sound and subtitles were copied",
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
        Ok(Burnt { file: output, film: made, spans: graph::spans(order, len), command, remarks })
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

    fn media_type(&self) -> &'static str {
        match self.muxer {
            "webm" => "video/webm",
            STAMPED_PACKETS => STAMPED,
            _ => "",
        }
    }

    /// Whether a stream is mapped: the tracks that QuickTime keeps chapters and time codes in are written anew.
    pub(super) fn keeps(&self, stream: &Stream) -> bool {
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
        STAMPED_PACKETS => &["-mpegts_m2ts_mode", "1"],
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
