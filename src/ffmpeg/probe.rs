//! What ffprobe says about a film.

use serde_json::Value;

use super::{ASKED, Ffmpeg, Scratch, container, fault, light::Light, run};
use crate::{Error, Format, Result, geometry::Size};

/// The most that is read of what ffprobe prints.
const MAX_ANSWER: usize = 16 << 20;

/// A film: its streams, and what they are.
#[derive(Clone, Debug)]
pub(crate) struct Film {
    pub(super) format: Format,
    pub(super) demuxer: &'static str,
    pub(super) muxer: &'static str,
    pub(super) streams: Vec<Stream>,
    /// Milliseconds; `None` where nothing says how long it is.
    pub(crate) duration_ms: Option<u64>,
    /// Bits a second of the whole file.
    pub(super) bit_rate: Option<u64>,
    pub(super) chapters: usize,
    /// Names of the tags of the whole file, in small letters.
    pub(super) tags: Vec<String>,
}

/// One stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    pub(super) index: u64,
    /// `video`, `audio`, `subtitle`, `data`, `attachment`.
    pub(super) kind: String,
    pub(super) codec: String,
    /// The four characters by which the container calls the codec.
    pub(super) tag: String,
    pub(super) profile: String,
    pub(super) bit_rate: Option<u64>,
    /// What it is meant for: `default`, `forced`, …
    pub(super) disposition: Vec<String>,
    pub(super) picture: Picture,
}

/// What a stream of pictures is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Picture {
    /// Pixels as stored.
    pub(super) stored: Option<Size>,
    /// The shape of a pixel, width to height.
    pub(super) aspect: (u32, u32),
    /// Degrees by which it is shown turned, and whether that is a multiple of 90.
    pub(super) turn: i32,
    pub(super) pixel_format: String,
    /// Which field comes first, where it is interlaced.
    pub(super) top_first: Option<bool>,
    pub(super) range: String,
    pub(super) matrix: String,
    pub(super) transfer: String,
    pub(super) primaries: String,
    pub(super) location: String,
    /// What the display was like on which it was graded: SMPTE ST 2086, as x265 takes it.
    pub(super) mastering: Option<String>,
    /// Brightest pixel and brightest frame on average: CTA 861.3.
    pub(super) brightest: Option<(u64, u64)>,
    /// Dolby Vision, and whether what is below it can be shown without.
    pub(super) dolby: Option<bool>,
    /// Transparency stands in a second picture beside each.
    pub(super) transparent: bool,
    /// What times are counted in, in seconds.
    pub(super) time_base: Option<(u32, u32)>,
}

impl Ffmpeg {
    /// Asks what a film is.
    ///
    /// # Errors
    ///
    /// [`Error::Backend`] when ffmpeg cannot read it.
    pub(crate) fn film(&self, scratch: &Scratch, format: Format, media_type: &str) -> Result<Film> {
        let (demuxer, muxer) = container(format, media_type)?;
        let all = self.ask(scratch, format, demuxer, &["-show_format", "-show_streams", "-show_chapters"])?;
        let mut film = Film {
            format,
            demuxer,
            muxer,
            streams: list(&all["streams"]).map(stream).collect(),
            duration_ms: number(&all["format"]["duration"]).map(|seconds: f64| (seconds * 1000.0).round() as u64),
            bit_rate: number(&all["format"]["bit_rate"]),
            chapters: list(&all["chapters"]).count(),
            tags: all["format"]["tags"].as_object().into_iter().flatten().map(|(key, _)| key.to_lowercase()).collect(),
        };
        if let Some(stream) = film.streams.iter_mut().find(|stream| stream.is_film()) {
            // What stands in the pictures alone is told by the first.
            let which = stream.index.to_string();
            let first = ["-select_streams", &which, "-show_frames", "-read_intervals", "%+#1"];
            let frames = self.ask(scratch, format, demuxer, &first)?;
            if let Some(frame) = list(&frames["frames"]).next() {
                stream.picture.take_frame(frame);
            }
        }
        Ok(film)
    }

    fn ask(&self, scratch: &Scratch, format: Format, demuxer: &str, what: &[&str]) -> Result<Value> {
        let mut arguments: Vec<std::ffi::OsString> =
            ["-v", "error", "-protocol_whitelist", "file,pipe", "-f", demuxer, "-of", "json"].map(Into::into).into();
        arguments.extend(what.iter().map(Into::into));
        arguments.extend(["-i".into(), scratch.url()]);
        let mut answer = Vec::new();
        let take = &mut |bytes: &[u8]| {
            answer.extend_from_slice(bytes);
            answer.len() <= MAX_ANSWER
        };
        let ended = run::run(&self.probe, &arguments, &self.bounds(ASKED, None), take)?;
        fault::check(&ended, format, "decode")?;
        serde_json::from_slice(&answer).map_err(|_| match answer.len() {
            MAX_ANSWER.. => Error::Limit {
                what: "what ffprobe says about the film, in bytes",
                got: answer.len() as u64,
                max: MAX_ANSWER as u64,
            },
            _ => Error::backend(format, "decode", "ffprobe's answer cannot be read"),
        })
    }
}

impl Film {
    /// The one stream of moving pictures, and where it stands among the streams.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] when there is none, or several: a banner in one of them would leave the others without.
    pub(super) fn main(&self) -> Result<(usize, &Stream)> {
        let mut films = self.streams.iter().enumerate().filter(|(_, stream)| stream.is_film());
        match (films.next(), films.next()) {
            (Some(main), None) => Ok(main),
            (None, _) => {
                Err(Error::unsupported(self.format, "there are no moving pictures in it to draw a banner into"))
            }
            (Some(_), Some(_)) => {
                let what = "it holds several films, and a banner goes into one only; label a file of each";
                Err(Error::unsupported(self.format, what))
            }
        }
    }

    /// Pixels of the film as shown: upright, and square.
    pub(crate) fn shown(&self) -> Result<Size> {
        let (_, stream) = self.main()?;
        let missing = || Error::unsupported(self.format, "ffmpeg does not say how large its pictures are");
        stream.picture.shown().ok_or_else(missing)
    }

    pub(crate) fn light(&self) -> Light {
        self.main().map(|(_, stream)| Light::of(&stream.picture.transfer)).unwrap_or_default()
    }

    /// Pixels that a height is to be a multiple of.
    pub(crate) fn unit(&self) -> u32 {
        // Two rows share their colour, in each field.
        match self.main() {
            Ok((_, stream)) if stream.picture.top_first.is_some() => 4,
            _ => 2,
        }
    }
}

impl Stream {
    /// Moving pictures; covers are pictures too.
    pub(super) fn is_film(&self) -> bool {
        let still = ["attached_pic", "still_image"];
        self.kind == "video" && !self.disposition.iter().any(|use_| still.contains(&use_.as_str()))
    }
}

impl Picture {
    /// Pixels upright, as filters see them.
    pub(super) fn upright(&self) -> Option<Size> {
        let Size { width, height } = self.stored?;
        Some(if self.turn % 180 == 0 { Size { width, height } } else { Size { width: height, height: width } })
    }

    /// The same with square pixels.
    pub(super) fn shown(&self) -> Option<Size> {
        let Size { width, height } = self.stored?;
        let (wide, high) = self.aspect;
        let stretched = (u64::from(width) * u64::from(wide) + u64::from(high / 2)) / u64::from(high.max(1));
        let width = u32::try_from(stretched).ok().filter(|width| (1..=1 << 16).contains(width))?;
        Some(if self.turn % 180 == 0 { Size { width, height } } else { Size { width: height, height: width } })
    }

    fn take_frame(&mut self, frame: &Value) {
        if number(&frame["interlaced_frame"]) == Some(1_u8) {
            self.top_first = Some(number(&frame["top_field_first"]) == Some(1_u8));
        }
        let take = |into: &mut String, key: &str| {
            if into.is_empty() {
                *into = known(&frame[key]);
            }
        };
        take(&mut self.range, "color_range");
        take(&mut self.matrix, "color_space");
        take(&mut self.transfer, "color_transfer");
        take(&mut self.primaries, "color_primaries");
        list(&frame["side_data_list"]).for_each(|data| self.take_side(data));
    }

    fn take_side(&mut self, data: &Value) {
        match data["side_data_type"].as_str().unwrap_or_default() {
            "Display Matrix" => self.turn = number(&data["rotation"]).unwrap_or(self.turn),
            "Mastering display metadata" => self.mastering = self.mastering.take().or_else(|| mastering(data)),
            "Content light level metadata" => {
                self.brightest = number(&data["max_content"]).zip(number(&data["max_average"]));
            }
            "DOVI configuration record" => {
                self.dolby = Some(number::<u8>(&data["dv_bl_signal_compatibility_id"]).unwrap_or(0) != 0);
            }
            _ => {}
        }
    }
}

fn stream(value: &Value) -> Stream {
    let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let mut picture = Picture {
        stored: number(&value["width"]).zip(number(&value["height"])).map(|(width, height)| Size { width, height }),
        aspect: ratio(&value["sample_aspect_ratio"], ':').unwrap_or((1, 1)),
        pixel_format: text("pix_fmt"),
        top_first: match value["field_order"].as_str() {
            Some("tt" | "tb") => Some(true),
            Some("bb" | "bt") => Some(false),
            _ => None,
        },
        range: known(&value["color_range"]),
        matrix: known(&value["color_space"]),
        transfer: known(&value["color_transfer"]),
        primaries: known(&value["color_primaries"]),
        location: known(&value["chroma_location"]),
        transparent: value["tags"]["alpha_mode"].as_str() == Some("1"),
        time_base: ratio(&value["time_base"], '/').filter(|(over, _)| *over > 0),
        ..Picture::default()
    };
    picture.stored = picture.stored.filter(|size| size.width > 0 && size.height > 0);
    list(&value["side_data_list"]).for_each(|data| picture.take_side(data));
    Stream {
        index: number(&value["index"]).unwrap_or_default(),
        kind: text("codec_type"),
        codec: text("codec_name"),
        tag: text("codec_tag_string"),
        profile: text("profile"),
        bit_rate: number(&value["bit_rate"]),
        disposition: value["disposition"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, on)| number(on) == Some(1_u8))
            .map(|(name, _)| name.clone())
            .collect(),
        picture,
    }
}

/// As the encoder of HEVC takes it: chromaticities in steps of 0.00002, luminances of 0.0001 cd/m².
fn mastering(data: &Value) -> Option<String> {
    let steps = |key: &str, scale: f64| {
        let (over, under) = ratio(&data[key], '/')?;
        Some((f64::from(over) / f64::from(under) * scale).round() as u64)
    };
    let point = |name: &str| Some((steps(&format!("{name}_x"), 50_000.0)?, steps(&format!("{name}_y"), 50_000.0)?));
    let (green, blue, red) = (point("green")?, point("blue")?, point("red")?);
    let (white, most, least) =
        (point("white_point")?, steps("max_luminance", 10_000.0)?, steps("min_luminance", 10_000.0)?);
    Some(format!(
        "G({},{})B({},{})R({},{})WP({},{})L({most},{least})",
        green.0, green.1, blue.0, blue.1, red.0, red.1, white.0, white.1
    ))
}

/// A fraction, neither side of which is 0.
fn ratio(value: &Value, sign: char) -> Option<(u32, u32)> {
    let (over, under) = value.as_str()?.split_once(sign)?;
    let (over, under) = (over.parse().ok()?, under.parse().ok()?);
    (under > 0 && (over > 0 || sign == '/')).then_some((over, under))
}

/// A name; what is unknown has none.
fn known(value: &Value) -> String {
    match value.as_str() {
        Some("unknown" | "unspecified" | "reserved") | None => String::new(),
        // It goes back to ffmpeg as an argument.
        Some(name) => name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect(),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A number, which ffprobe writes as one or as text.
fn number<T: std::str::FromStr>(value: &Value) -> Option<T> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_is_upright_and_square() {
        let shown = |aspect: &str, turn: i32| {
            let sides = json!([{ "side_data_type": "Display Matrix", "rotation": turn }]);
            let value = json!({ "width": 720, "height": 576, "sample_aspect_ratio": aspect, "side_data_list": sides });
            let picture = stream(&value).picture;
            picture.shown().map(|size| (size.width, size.height))
        };
        assert_eq!(shown("64:45", 0), Some((1024, 576)));
        assert_eq!(shown("64:45", -90), Some((576, 1024)));
        assert_eq!(shown("0:1", 180), Some((720, 576)));
        assert_eq!(shown("4000000000:1", 0), None);
    }

    #[test]
    fn a_display_is_told_in_the_encoders_steps() {
        let data = json!({
            "side_data_type": "Mastering display metadata",
            "red_x": "34000/50000", "red_y": "16000/50000", "green_x": "13250/50000", "green_y": "34500/50000",
            "blue_x": "7500/50000", "blue_y": "3000/50000", "white_point_x": "15635/50000",
            "white_point_y": "16450/50000", "min_luminance": "1/10000", "max_luminance": "10000000/10000",
        });
        let wanted = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)";
        assert_eq!(mastering(&data).as_deref(), Some(wanted));
        assert_eq!(mastering(&json!({})), None);
        assert_eq!(known(&json!("bt709; rm")), "bt709rm");
    }
}
