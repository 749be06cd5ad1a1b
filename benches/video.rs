//! Labelling ten seconds of 1080p with an opening card, or with a banner on every frame, against ffmpeg drawing words on every
//! frame: one interleaved run, ratios of medians of processor time, that of child processes counted.

use std::{hint::black_box, io::Cursor, path::Path, process::Command};

use tanba::{Disclosure, Ffmpeg, Labeler, Policy, Verifier, VideoNotice};

mod common;
#[path = "common/rounds.rs"]
mod rounds;

use common::{Bare, signer};
use rounds::{Row, medians};

/// Rounds, at least; `TANBA_ROUNDS` changes it.
const ROUNDS: usize = 5;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("in.mp4"), folder.path().join("out.mp4"));
    let picture = ["-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30:duration=10"];
    let sound = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=10"];
    let coded = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac"];
    if !ffmpeg(&[&picture[..], &sound, &coded].concat(), &input) {
        eprintln!("skipped: no ffmpeg");
        return;
    }
    let bytes = std::fs::read(&input).unwrap();
    let labeler = |policy| Labeler::new(&Disclosure::generated("Acme Film"), &signer()).policy(policy);
    let card = labeler(Policy::kazakhstan());
    let silent = labeler(Policy::kazakhstan().with_notice(false));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&path).map(|folder| folder.join("ffmpeg")).find(|file| file.is_file()).unwrap();
    let banner = labeler(Policy::kazakhstan().video_notice(VideoNotice::Banner)).ffmpeg(Ffmpeg::at(program).unwrap());
    let (labelled, verifier, bare) = (label(&card, &bytes), Verifier::new(), Bare::new());
    let rows: Vec<Row> = vec![
        ("opening card", 10, Box::new(|| drop(label(&card, &bytes)))),
        ("record and manifest alone", 10, Box::new(|| drop(label(&silent, &bytes)))),
        ("verify", 10, Box::new(|| drop(black_box(verifier.verify(&mut Cursor::new(&labelled)).unwrap())))),
        ("c2pa sign", 10, Box::new(|| bare.sign("video/mp4", &bytes))),
        ("banner on every frame", 1, Box::new(|| drop(label(&banner, &bytes)))),
        ("ffmpeg, words on every frame", 1, Box::new(|| drawn(&input, &output))),
    ];
    let medians = medians(&rows, ROUNDS);
    println!("\n## 10 s of 1080p, {} KB\n\n| row | × opening card |\n|---|--:|", bytes.len() / 1000);
    for ((name, ..), median) in rows.iter().zip(&medians) {
        println!("| {name} | {:.2} |", median / medians[0]);
    }
}

fn label(labeler: &Labeler, bytes: &[u8]) -> Vec<u8> {
    let mut sink = Cursor::new(Vec::with_capacity(bytes.len() * 2));
    labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    black_box(sink.into_inner())
}

fn ffmpeg(arguments: &[&str], output: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-y", "-v", "error", "-nostdin"]).args(arguments).arg(output);
    command.status().is_ok_and(|status| status.success())
}

fn drawn(input: &Path, output: &Path) {
    let words = ["-vf", "drawtext=text=AI:fontsize=60:fontcolor=white:box=1:boxcolor=black"];
    let coded = ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "copy"];
    assert!(ffmpeg(&[&["-i", input.to_str().unwrap()][..], &words, &coded].concat(), output));
}
