//! What tests of films share: programs that make, probe and decode them, and measures of a banner in a decoded frame.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{path::Path, process::Command, time::Duration};

use serde_json::Value;
use tanba::{Ffmpeg, Rect};

use crate::common::skip;

/// The system's ffmpeg; `None`, said aloud, where there is none.
pub fn ffmpeg() -> Option<Ffmpeg> {
    let found =
        std::env::split_paths(&std::env::var_os("PATH")?).map(|folder| folder.join("ffmpeg")).find(|it| it.is_file());
    if found.is_none() {
        skip("ffmpeg");
    }
    Some(Ffmpeg::at(found?).unwrap().timeout(Duration::from_secs(120)))
}

pub fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn probed(path: &Path) -> Value {
    let wanted = ["-v", "error", "-show_streams", "-show_format", "-show_chapters", "-of", "json"];
    serde_json::from_slice(&run("ffprobe", &[&wanted[..], &[text(path)]].concat())).unwrap()
}

/// When each frame is shown, from the first on, in milliseconds.
pub fn times(path: &Path) -> Vec<i64> {
    let wanted = ["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let printed = String::from_utf8(run("ffprobe", &[&wanted[..], &[text(path)]].concat())).unwrap();
    let seconds = printed.lines().filter_map(|line| line.trim_matches(',').parse::<f64>().ok());
    let mut all: Vec<_> = seconds.map(|seconds| (seconds * 1000.0).round() as i64).collect();
    all.sort_unstable();
    all.iter().map(|time| time - all[0]).collect()
}

/// The packets of everything but the film, as ffmpeg sums them up.
pub fn packets(path: &Path) -> String {
    let others = |stream: &Value| !matches!(stream["codec_type"].as_str(), Some("video" | "attachment"));
    if !probed(path)["streams"].as_array().unwrap().iter().any(others) {
        return String::new();
    }
    let arguments = [
        "-v",
        "error",
        "-i",
        text(path),
        "-map",
        "0",
        "-map",
        "-0:v",
        "-map",
        "-0:t?",
        "-c",
        "copy",
        "-f",
        "streamhash",
        "-",
    ];
    let packets: String = String::from_utf8_lossy(&run("ffmpeg", &arguments))
        .lines()
        .filter_map(|line| line.split_once(','))
        .map(|(_, rest)| format!("{rest}\n"))
        .collect();
    assert!(!packets.is_empty(), "{path:?}");
    packets
}

/// The bytes of the first file that is attached.
pub fn attached(path: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("attached");
    let arguments = ["-v", "error", "-dump_attachment:t:0", text(&to), "-i", text(path)];
    run("ffmpeg", &[&arguments[..], &["-map", "0:v:0", "-frames:v", "1", "-f", "null", "-"]].concat());
    std::fs::read(to).unwrap()
}

/// Every frame as shown, in grey: width, height, frames.
pub fn grey(path: &Path) -> (usize, usize, Vec<Vec<u8>>) {
    let arguments = [
        "-v",
        "error",
        "-i",
        text(path),
        "-vf",
        "scale=trunc(iw*sar+0.5):ih,setsar=1,scale=in_range=auto:out_range=pc,format=gray",
        "-vsync",
        "passthrough",
        "-f",
        "rawvideo",
        "-",
    ];
    let bytes = run("ffmpeg", &arguments);
    let stream = &probed(path)["streams"][0];
    let number = |key: &str| usize::try_from(stream[key].as_u64().unwrap()).unwrap();
    let (mut width, height) = (number("width"), number("height"));
    if let Some((wide, high)) = stream["sample_aspect_ratio"].as_str().and_then(|ratio| ratio.split_once(':')) {
        let (wide, high) = (wide.parse::<usize>().unwrap(), high.parse::<usize>().unwrap());
        width = (width * wide + high / 2) / high;
    }
    let frames = bytes.chunks(width * height).map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert!(frames.iter().all(|frame| frame.len() == width * height), "{path:?}");
    (width, height, frames)
}

/// The banner as it stands in a frame: how high its first letter is, and how far light and dark are apart.
pub fn measured(frame: &[u8], width: usize, rect: Rect) -> (usize, u8, u8) {
    let at = |x: usize, y: usize| frame[y * width + x];
    let (x0, y0) = (rect.x as usize, rect.y as usize);
    let (x1, y1) = (x0 + rect.width as usize, y0 + rect.height as usize);
    let all = || (y0..y1).flat_map(|y| (x0..x1).map(move |x| (x, y)));
    let (least, most) = (all().map(|(x, y)| at(x, y)).min().unwrap(), all().map(|(x, y)| at(x, y)).max().unwrap());
    let middle = least / 2 + most / 2;
    let lit = |x: usize, y: usize| at(x, y) > middle;
    // Ж has no accent, and stands on the line.
    let row = |y: &usize| (x0 + 2..x1 - 2).any(|x| lit(x, *y));
    let top = (y0 + 1..y1).find(row).unwrap();
    let bottom = (top..y1).find(|y| !row(y)).unwrap();
    let column = |x: &usize| (top..bottom).any(|y| lit(*x, y));
    let left = (x0 + 2..x1).find(column).unwrap();
    let right = (left..x1).find(|x| !column(x)).unwrap();
    let letter = |y: &usize| (left..right).any(|x| lit(x, *y));
    let first = (top..bottom).find(letter).unwrap();
    ((first..bottom).rev().find(letter).unwrap() - first + 1, least, most)
}

/// How like a frame is to another outside the banner, in dB.
pub fn psnr(before: &[u8], after: &[u8], width: usize, strip: usize, rect: Rect) -> f64 {
    let (mut squares, mut count) = (0.0, 0_u64);
    for (at, &value) in before.iter().enumerate() {
        let (x, y) = (at % width, at / width + strip);
        let inside = x.wrapping_sub(rect.x as usize) < rect.width as usize + 1
            && y.wrapping_sub(rect.y as usize) < rect.height as usize + 1;
        if !inside {
            let difference = f64::from(value) - f64::from(after[y * width + x]);
            squares += difference * difference;
            count += 1;
        }
    }
    10.0 * (255.0 * 255.0 * count.max(1) as f64 / f64::max(squares, 1.0)).log10()
}
