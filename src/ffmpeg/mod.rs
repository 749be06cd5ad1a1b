//! `ffmpeg` as a child process: it decodes and encodes films, which nothing in this crate does.
//!
//! No shell, no name of the user's in its arguments, no network: files of ours under a path of ours, a demuxer that is
//! named, and bounds on its time and on what it writes.

mod burn;
mod codec;
mod compare;
mod fault;
mod frames;
mod graph;
mod light;
mod probe;
mod run;
mod scratch;

use std::{
    collections::HashMap,
    fmt,
    num::NonZeroU32,
    path::{Path, PathBuf, absolute},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

pub(crate) use burn::Burnt;
pub(crate) use frames::moments;
pub(crate) use probe::Film;
pub(crate) use scratch::Scratch;

use crate::{Error, Result, format::STAMPED};
use run::Bounds;

/// How long a question to the program itself may take.
const ASKED: Duration = Duration::from_secs(30);

/// The user's `ffmpeg`, through which a banner gets into every frame of a film.
///
/// It is asked for by path, never looked for: nothing depends on what happens to be installed. `ffprobe` must stand beside it.
/// What it is given are copies in temporary files, which are gone afterwards, on errors as well; there must be room for the film twice.
///
/// It decodes what strangers send, in a language without bounds checks. It gets no network, no path of the caller's and a demuxer by
/// name, and is bounded in time and in what it writes; a service that takes films from strangers puts it into a sandbox as well.
///
/// ```no_run
/// use tanba::{Disclosure, Ffmpeg, Labeler, Policy, Signer, VideoNotice};
///
/// let ffmpeg = Ffmpeg::at("/usr/bin/ffmpeg")?.timeout(std::time::Duration::from_secs(600));
/// let policy = Policy::kazakhstan().video_notice(VideoNotice::Banner);
/// let labeler = Labeler::new(&Disclosure::generated("Acme Film"), &Signer::development()).policy(policy).ffmpeg(ffmpeg);
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Clone)]
pub struct Ffmpeg {
    program: PathBuf,
    probe: PathBuf,
    version: String,
    release: Release,
    timeout: Duration,
    scratch: PathBuf,
    max_output: Option<u64>,
    quality: FilmQuality,
    encoder: Option<String>,
    threads: Option<NonZeroU32>,
    cancel: Option<Arc<AtomicBool>>,
    progress: Option<Progress>,
    /// What the program said about its parts, by topic.
    helps: Helps,
}

/// What the program said about its parts, by topic: asked for once, whatever is labelled.
type Helps = Arc<Mutex<HashMap<String, Arc<str>>>>;

/// Takes the share of a film that is done, 0 to 1.
type Progress = Arc<dyn Fn(f64) + Send + Sync>;

/// How well a picture is encoded again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FilmQuality {
    /// The same quality throughout, hard to tell from the source; for `libx264` CRF 18. The file may grow.
    #[default]
    High,
    /// The same quality throughout, as a number on the encoder's own scale: CRF where it has one (0 to 51, or to 63), else its
    /// quantiser. Smaller is better.
    Constant(u8),
    /// As many bits a second as the source has.
    AsSource,
}

/// The release in the version's name; development builds have none, and count as new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Release(u32, u32);

impl Ffmpeg {
    /// The program at `path`, which is run once to ask for its version. A bare name is a file in the working directory.
    ///
    /// # Errors
    ///
    /// [`Error::Ffmpeg`] when it cannot be started, is no ffmpeg, or has no `ffprobe` beside it.
    pub fn at(path: impl AsRef<Path>) -> Result<Self> {
        let program = absolute(path.as_ref())?;
        let words = first_line(&program)?;
        let version = words.strip_prefix("ffmpeg version ").and_then(|rest| rest.split_whitespace().next());
        let Some(version) = version.map(str::to_owned) else {
            return Err(fault::of_program(&program, "it does not call itself ffmpeg; give the path of ffmpeg"));
        };
        let probe = beside(&program);
        if !first_line(&probe).is_ok_and(|words| words.starts_with("ffprobe version ")) {
            let why =
                "it is not there or does not run, and ffmpeg's own words about a film are for people; install both";
            return Err(fault::of_program(&probe, why));
        }
        Ok(Self {
            release: Release::of(&version),
            program,
            probe,
            version,
            timeout: Duration::from_secs(3600),
            scratch: std::env::temp_dir(),
            max_output: None,
            quality: FilmQuality::default(),
            encoder: None,
            threads: None,
            cancel: None,
            progress: None,
            helps: Helps::default(),
        })
    }

    /// Replaces how long one run may take before it is killed. Default: an hour. Files that strangers send want less.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Replaces the folder for temporary files: a copy of the film, and the film with its banner. Default: the system's.
    pub fn scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = folder.into();
        self
    }

    /// Replaces how many bytes it may write before it is killed. Default: ten times the film and 256 MiB.
    pub fn max_output(mut self, bytes: u64) -> Self {
        self.max_output = Some(bytes);
        self
    }

    /// Replaces how well the picture is encoded again.
    pub fn quality(mut self, quality: FilmQuality) -> Self {
        self.quality = quality;
        self
    }

    /// Encodes with this encoder of ffmpeg, `h264_nvenc` for instance, not with the one that fits the film's codec best. It must make
    /// that same codec of the same pixels; films of other codecs are refused.
    pub fn encoder(mut self, name: impl Into<String>) -> Self {
        self.encoder = Some(name.into());
        self
    }

    /// How many threads the encoder takes. Default: as it likes, which is all cores.
    pub fn threads(mut self, threads: NonZeroU32) -> Self {
        self.threads = Some(threads);
        self
    }

    /// A switch that kills what is running, within a tenth of a second, when it is set.
    pub fn cancelled_by(mut self, switch: Arc<AtomicBool>) -> Self {
        self.cancel = Some(switch);
        self
    }

    /// Called now and then with the share of a film that is done, 0 to 1.
    pub fn on_progress(mut self, call: impl Fn(f64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(call));
        self
    }

    /// What the program calls its version: `5.1.9-0+deb12u1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the program is.
    pub fn path(&self) -> &Path {
        &self.program
    }

    /// Which of the common codecs it can encode, by the names that it gives them, with the encoder that would be used:
    /// `("h264", "libx264")`.
    pub fn encoders(&self) -> Vec<(&'static str, &'static str)> {
        codec::COMMON.iter().filter_map(|codec| Some((*codec, codec::available(self, codec)?))).collect()
    }

    /// The folder for temporary files.
    pub(crate) fn folder(&self) -> &Path {
        &self.scratch
    }

    /// The bounds of a run that writes `bytes` at most into `output`.
    fn bounds<'a>(&'a self, time: Duration, output: Option<(&'a Scratch, u64)>) -> Bounds<'a> {
        Bounds { time: time.min(self.timeout), output, cancel: self.cancel.as_deref() }
    }
}

impl fmt::Debug for Ffmpeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ffmpeg").field("program", &self.program).field("version", &self.version).finish_non_exhaustive()
    }
}

impl Release {
    const NEW: Self = Self(u32::MAX, 0);

    /// `5.1.9-0+deb12u1`, `n7.1`, `N-112345-g0123abcd`.
    fn of(version: &str) -> Self {
        let mut numbers = version.strip_prefix('n').unwrap_or(version).split(|c: char| !c.is_ascii_digit());
        let mut next = || numbers.next()?.parse().ok();
        match (next(), next()) {
            // Some builds are called after their day.
            (Some(major), minor) if major < 1000 => Self(major, minor.unwrap_or(0)),
            _ => Self::NEW,
        }
    }
}

/// The first line that a program prints about itself.
fn first_line(program: &Path) -> Result<String> {
    let bounds = Bounds { time: ASKED, output: None, cancel: None::<&AtomicBool> };
    let mut printed = Vec::new();
    let take = &mut |bytes: &[u8]| {
        printed.extend_from_slice(bytes);
        printed.len() < 4096
    };
    run::run(program, &["-version".into()], &bounds, take)?;
    Ok(String::from_utf8_lossy(&printed).lines().next().unwrap_or_default().to_owned())
}

/// `ffprobe` beside `ffmpeg`, with what stands around the name: `ffmpeg-7.1`, `ffmpeg.exe`.
fn beside(program: &Path) -> PathBuf {
    let name = program.file_name().unwrap_or_default().to_string_lossy().replacen("ffmpeg", "ffprobe", 1);
    program.with_file_name(name)
}

fn is_set(switch: Option<&AtomicBool>) -> bool {
    switch.is_some_and(|switch| switch.load(Ordering::Relaxed))
}

/// The muxer of transport streams, told to put a time stamp before each packet.
const STAMPED_PACKETS: &str = "m2ts";

/// The demuxer and the muxer of a format: it is named, so that no file makes ffmpeg take it for a playlist that names others.
fn container(format: crate::Format, media_type: &str) -> Result<(&'static str, &'static str)> {
    use crate::Format::{Avi, M4a, Matroska, Mov, Mp4, MpegTs};
    Ok(match format {
        Mp4 | M4a => ("mov", "mp4"),
        Mov => ("mov", "mov"),
        Avi => ("avi", "avi"),
        Matroska if media_type.ends_with("/webm") => ("matroska", "webm"),
        Matroska => ("matroska", "matroska"),
        MpegTs if media_type == STAMPED => ("mpegts", STAMPED_PACKETS),
        MpegTs => ("mpegts", "mpegts"),
        _ => return Err(Error::unsupported(format, "it is no film that a banner can be drawn into")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_as_numbers() {
        for (name, release) in [
            ("5.1.9-0+deb12u1", Release(5, 1)),
            ("n7.1", Release(7, 1)),
            ("6", Release(6, 0)),
            ("N-112345-g0123abcd", Release::NEW),
            ("2024-11-03-git-df00705e00", Release::NEW),
        ] {
            assert_eq!(Release::of(name), release, "{name}");
        }
        assert!(Release(5, 1) < Release(6, 0) && Release(10, 0) < Release::NEW);
    }

    #[test]
    fn the_other_program_has_a_name_alike() {
        for (ffmpeg, ffprobe) in [("/a/ffmpeg", "/a/ffprobe"), ("/ffmpeg/ffmpeg-7.1", "/ffmpeg/ffprobe-7.1")] {
            assert_eq!(beside(Path::new(ffmpeg)), Path::new(ffprobe));
        }
    }

    #[test]
    fn what_is_no_ffmpeg_is_refused_with_its_path() {
        for path in ["/nonexistent/ffmpeg", "/bin/true", "ffmpeg-that-is-not-here"] {
            let error = Ffmpeg::at(path).unwrap_err();
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            assert!(matches!(&error, Error::Ffmpeg { why } if why.contains(name)), "{error}");
            assert_eq!(error.fixable_by(), crate::FixableBy::Operator);
        }
    }
}
