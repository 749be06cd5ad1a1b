//! What went wrong in words that say what to do: ffmpeg's own are for those who write it.

use std::{io, path::Path, time::Duration};

use super::run::Ended;
use crate::{Error, Format, Result};

pub(super) fn of_program(program: &Path, why: &str) -> Error {
    Error::Ffmpeg { why: format!("{}: {why}", program.display()) }
}

pub(super) fn not_started(program: &Path, error: &io::Error) -> Error {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such program; install ffmpeg, or give its path".to_owned(),
        io::ErrorKind::PermissionDenied => "it may not be run; look at its permissions".to_owned(),
        _ => format!("it cannot be started: {error}"),
    };
    of_program(program, &why)
}

pub(super) fn too_slow(time: Duration) -> Error {
    let why = format!(
        "it was killed after {} s, the limit on its time; raise that, or take a lower quality or a shorter film",
        time.as_secs_f64()
    );
    Error::Ffmpeg { why }
}

pub(super) fn too_large(most: u64) -> Error {
    let why =
        format!("it was killed at {most} bytes, the limit on what it writes; raise that, or take a lower quality");
    Error::Ffmpeg { why }
}

pub(super) fn cancelled() -> Error {
    Error::Ffmpeg { why: "it was cancelled".into() }
}

/// What a run that failed means for the file.
pub(super) fn check(ended: &Ended, format: Format, doing: &'static str) -> Result<()> {
    if ended.status.success() {
        return Ok(());
    }
    Err(explain(&ended.complaints, ended.status.code(), format, doing))
}

/// What each complaint means: the first that is found in what ffmpeg said.
fn explain(said: &str, code: Option<i32>, format: Format, doing: &'static str) -> Error {
    let has = |words: &str| said.contains(words);
    let line = |words: &str| plain(said.lines().find(|line| line.contains(words)).unwrap_or_default());
    if has("No space left on device") {
        let why = "no space is left for temporary files; make room, or name another folder for them";
        return io::Error::new(io::ErrorKind::StorageFull, format!("ffmpeg: {why}")).into();
    }
    if has("Cannot allocate memory") {
        return Error::Ffmpeg { why: "it has too little memory for this film; give it more, or fewer threads".into() };
    }
    if has("Permission denied") {
        let why = "it may not open the temporary files; name a folder for them that it may read and write";
        return Error::Ffmpeg { why: why.into() };
    }
    if code.is_none() {
        let why =
            "it crashed or was killed by the system, often for lack of memory; try fewer threads, or a newer ffmpeg";
        return Error::Ffmpeg { why: why.into() };
    }
    for (words, what) in [
        ("Could not find tag for codec", "the container cannot take one of its streams"),
        ("are supported for WebM", "WebM takes no such stream"),
        ("not currently supported in container", "the container cannot take one of its streams"),
        ("Unknown encoder", "this ffmpeg lacks the encoder"),
        ("Error while opening encoder", "the encoder refuses such a picture"),
        ("Error initializing output stream", "the encoder refuses such a picture"),
        ("Incompatible pixel format", "the encoder refuses such a picture"),
    ] {
        if has(words) {
            return Error::unsupported(format, format!("{what}; convert the film first. ffmpeg says: {}", line(words)));
        }
    }
    let said = said.lines().map(plain).find(|line| !line.is_empty()).unwrap_or_else(|| "nothing".into());
    Error::backend(format, doing, format!("ffmpeg says: {said}"))
}

/// The first complaint of a run that went well: it read over damage.
pub(super) fn first(ended: &Ended) -> Option<String> {
    ended.complaints.lines().map(plain).find(|line| !line.is_empty())
}

/// A line without the addresses that ffmpeg puts in front, without our own paths, and short.
fn plain(line: &str) -> String {
    let mut text = line.trim();
    while let Some((_, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        text = rest.trim_start();
    }
    let words = text.split(' ').map(|word| if word.contains("file:/") { "the film:" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().filter(|c| !c.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixableBy;

    #[test]
    fn complaints_say_who_can_fix_it() {
        for (said, who, wanted) in [
            ("av_interleaved_write_frame(): No space left on device", FixableBy::Environment, "make room"),
            (
                "[webm @ 0x55d0] Only VP8 or VP9 or AV1 video and Vorbis or Opus audio and WebVTT subtitles are supported for WebM.",
                FixableBy::Caller,
                "Only VP8",
            ),
            ("[mov,mp4 @ 0x1] moov atom not found", FixableBy::Content, "ffmpeg says: moov atom not found"),
            (
                "file:/proc/12/fd/7: Invalid data found when processing input",
                FixableBy::Content,
                "the film: Invalid data",
            ),
            ("", FixableBy::Content, "nothing"),
        ] {
            let error = explain(said, Some(1), Format::Matroska, "decode");
            assert_eq!(error.fixable_by(), who, "{error}");
            let words = format!("{error}");
            assert!(words.contains(wanted) && !words.contains("0x") && !words.contains("/proc"), "{words}");
        }
        let killed = explain("", None, Format::Mp4, "decode");
        assert!(matches!(killed, Error::Ffmpeg { .. }));
    }
}
