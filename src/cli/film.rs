//! What is shown in films, and the ffmpeg that draws and looks, from arguments.

use std::{
    fmt::Write as _,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{Args, ValueEnum};
use serde::Serialize;
use tanba::{BannerTimes, Ffmpeg, FilmQuality, Format, Labeler, Medium, Policy, Verifier, VideoNotice};

use super::{batch::Bar, exit::Failure, stop::Stop, words};

#[derive(Args)]
#[command(next_help_heading = "The notice in films")]
pub(super) struct FilmArguments {
    /// What films get
    #[arg(long, value_name = "KIND", default_value = "card")]
    video_notice: Kind,

    /// Show the banner for the first SECONDS of the film only, and again every so often
    #[arg(long, value_name = "SECONDS", requires = "banner_every")]
    banner_for: Option<u64>,

    /// After how many minutes it comes back
    #[arg(long, value_name = "MINUTES", requires = "banner_for")]
    banner_every: Option<u64>,

    /// How well pictures with a banner are encoded again: `high`, `source` (as many bits a second as before), or a number on the
    /// encoder's own scale (CRF), where less is better
    #[arg(long, value_name = "QUALITY", default_value = "high", value_parser = quality)]
    video_quality: FilmQuality,

    /// The encoder of ffmpeg that encodes them, `h264_nvenc` for instance [default: the best one for the film's codec]
    #[arg(long, value_name = "NAME")]
    video_encoder: Option<String>,

    /// The ffmpeg that draws banners [default: the one on PATH]
    #[arg(long, value_name = "PATH")]
    ffmpeg: Option<PathBuf>,

    /// Seconds that ffmpeg may take for one film before it is stopped
    #[arg(long, value_name = "SECONDS", default_value = "3600")]
    ffmpeg_timeout: u64,

    /// How many threads the encoder takes [default: all cores]
    #[arg(long, value_name = "NUMBER")]
    ffmpeg_threads: Option<NonZeroU32>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Kind {
    /// An opening card in front of the film, which is copied as it is: H.264 in MP4 and MOV
    Card,
    /// A banner on the frames, which are encoded again: any film that ffmpeg reads, in MP4, MOV, MKV, WebM, AVI and TS
    Banner,
}

fn quality(text: &str) -> Result<FilmQuality, String> {
    match text {
        "high" => Ok(FilmQuality::High),
        "source" => Ok(FilmQuality::AsSource),
        number => match number.parse() {
            Ok(value @ 0..=63) => Ok(FilmQuality::Constant(value)),
            _ => Err("write `high`, `source`, or a number from 0 to 63".into()),
        },
    }
}

impl FilmArguments {
    pub(super) fn apply(&self, policy: Policy) -> Result<Policy, Failure> {
        let policy = policy.video_notice(match self.video_notice {
            Kind::Card => VideoNotice::Card,
            Kind::Banner => VideoNotice::Banner,
        });
        Ok(match (self.banner_for, self.banner_every) {
            (Some(shown), Some(every)) => {
                let (shown, every) = (Duration::from_secs(shown), Duration::from_secs(every.saturating_mul(60)));
                policy.banner_times(BannerTimes::Recurring { shown, every })?
            }
            _ => policy,
        })
    }

    /// The labeler with the ffmpeg that a banner needs. Where there is none, the first film says so.
    pub(super) fn equip(&self, labeler: Labeler, bar: &Bar, stop: &Stop) -> Result<Labeler, Failure> {
        if self.video_notice != Kind::Banner {
            return Ok(labeler);
        }
        let Some(path) = self.ffmpeg.clone().or_else(on_path) else { return Ok(labeler) };
        let mut ffmpeg =
            Ffmpeg::at(path)?.timeout(Duration::from_secs(self.ffmpeg_timeout)).quality(self.video_quality);
        let bar = bar.clone();
        stop.listen().map_err(|error| Failure::io(format!("signals: {}", words::io(&error))))?;
        ffmpeg = ffmpeg.on_progress(move |share| bar.show(share)).cancelled_by(stop.switch());
        if let Some(encoder) = &self.video_encoder {
            ffmpeg = ffmpeg.encoder(encoder);
        }
        if let Some(threads) = self.ffmpeg_threads {
            ffmpeg = ffmpeg.threads(threads);
        }
        Ok(labeler.ffmpeg(ffmpeg))
    }
}

/// Whether `verify` decodes films.
#[derive(Args)]
pub(super) struct LookArguments {
    /// The ffmpeg that decodes frames of films to look for a banner [default: the one on PATH, if there is one]
    #[arg(long, value_name = "PATH", conflicts_with = "no_ffmpeg")]
    ffmpeg: Option<PathBuf>,

    /// Run no ffmpeg: the report says that nobody looked at the frames
    #[arg(long)]
    no_ffmpeg: bool,
}

impl LookArguments {
    /// The verifier with ffmpeg, where one of `files` may be a film. One that was not asked for by name may be missing.
    pub(super) fn equip<'a>(
        &self,
        verifier: Verifier,
        mut files: impl Iterator<Item = &'a Path>,
    ) -> Result<Verifier, Failure> {
        if self.no_ffmpeg || !files.any(may_be_film) {
            return Ok(verifier);
        }
        Ok(match &self.ffmpeg {
            Some(path) => verifier.ffmpeg(Ffmpeg::at(path)?),
            None => match on_path().and_then(|path| Ffmpeg::at(path).ok()) {
                Some(ffmpeg) => verifier.ffmpeg(ffmpeg),
                None => verifier,
            },
        })
    }
}

/// By its name: what has another one costs no look at ffmpeg.
fn may_be_film(path: &Path) -> bool {
    let Some(extension) = path.extension().and_then(|it| it.to_str()).map(str::to_lowercase) else { return true };
    let is_film = |format: &&Format| format.medium() == Medium::Video;
    Format::ALL.iter().filter(is_film).any(|format| format.extensions().contains(&extension.as_str()))
}

/// The first ffmpeg in the folders of `PATH`.
fn on_path() -> Option<PathBuf> {
    let name = format!("ffmpeg{}", std::env::consts::EXE_SUFFIX);
    // An empty entry is the working folder, in which anybody may have put one.
    let folders = std::env::var_os("PATH")?;
    let absolute = std::env::split_paths(&folders).filter(|folder| folder.is_absolute());
    absolute.map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// What `doctor` says about ffmpeg.
#[derive(Serialize)]
pub(super) struct Found {
    path: PathBuf,
    /// `None` where it does not work.
    version: Option<String>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// Codecs, and the encoder of each.
    encoders: Vec<(&'static str, &'static str)>,
}

impl Found {
    /// Looks for it; `None` where there is none.
    pub(super) fn look() -> Option<Self> {
        let path = on_path()?;
        Some(match Ffmpeg::at(&path) {
            Ok(ffmpeg) => {
                Self { path, version: Some(ffmpeg.version().to_owned()), fault: None, encoders: ffmpeg.encoders() }
            }
            Err(error) => Self { path, version: None, fault: Some(error.to_string()), encoders: Vec::new() },
        })
    }

    /// The same in words.
    pub(super) fn words(found: Option<&Self>) -> String {
        let Some(Self { path, version, fault, encoders }) = found else {
            return "ffmpeg         none on PATH: no banner on films (`label --video-notice banner`), and `verify` does not look at \
                    their frames\n"
                .into();
        };
        let mut text = format!("ffmpeg         {}\n", path.display());
        match (version, fault) {
            (Some(version), _) => {
                let names: Vec<_> = encoders.iter().map(|(codec, encoder)| format!("{codec} ({encoder})")).collect();
                let _ = writeln!(text, "    version     {}", super::escape::line(version));
                let _ = writeln!(text, "    banners on  {}", names.join(", "));
            }
            (None, fault) => {
                let fault = fault.as_deref().unwrap_or("it does not work");
                let _ = writeln!(text, "    fault       {}", super::escape::line(fault));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualities_are_words_or_numbers() {
        assert_eq!(quality("high"), Ok(FilmQuality::High));
        assert_eq!(quality("source"), Ok(FilmQuality::AsSource));
        assert_eq!(quality("23"), Ok(FilmQuality::Constant(23)));
        assert!(quality("64").is_err() && quality("-1").is_err() && quality("best").is_err());
    }

    #[test]
    fn films_are_told_by_their_names() {
        for name in ["a.mp4", "A.MKV", "b.webm", "c.avi", "d.mov", "-", "film"] {
            assert!(may_be_film(Path::new(name)), "{name}");
        }
        assert!(!may_be_film(Path::new("a.jpg")) && !may_be_film(Path::new("a.wav")));
    }
}
