//! The clips as they are put into coded recordings, measured by a program that nobody here made.

use std::{fs, path::Path};

use crate::common::run;

/// LUFS and dBTP, as ffmpeg measures them.
fn measured(path: &str) -> Option<(f64, f64)> {
    let arguments = ["-hide_banner", "-nostats", "-i", path, "-af", "ebur128=peak=true", "-f", "null", "-"];
    let output = run("ffmpeg", &arguments)?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let summary = said.rsplit_once("Summary:").unwrap_or_else(|| panic!("{path}: {said}")).1;
    let number = |before: &str| {
        let rest = summary.split_once(before).unwrap_or_else(|| panic!("{path}: {summary}")).1;
        rest.split_whitespace().next().unwrap().parse().unwrap()
    };
    Some((number("I:"), number("Peak:")))
}

#[test]
fn every_coded_clip_is_as_loud_as_it_should_be_and_does_not_clip() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/notice/speech/clips");
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (name, extension) = (path.file_stem().unwrap().to_str().unwrap(), crate::common::extension(&path));
        if !matches!(extension.as_str(), "mp3" | "aac" | "opus" | "flac") || name.starts_with("silence") {
            continue;
        }
        let Some((loudness, peak)) = measured(path.to_str().unwrap()) else { return };
        if (loudness + 16.0).abs() > 1.0 || peak > -1.5 {
            wrong.push(format!("{name}.{extension}: {loudness} LUFS, {peak} dBTP"));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Nine, each in five rates of MP3 and AAC, and as Opus; the rhythm has no master.
    assert_eq!(seen, 9 * 11 + 8);
}
