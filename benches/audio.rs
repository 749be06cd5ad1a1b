//! Labelling sixty seconds of each format of sound, against ffmpeg putting the same warning in front by encoding all of it anew, and
//! against the bare signature, by processor time.

use std::{fs, hint::black_box, io::Cursor, path::Path, process::Command};

use sha2::{Digest, Sha256};
use tanba::{Disclosure, Extent, Labeler, Policy, Verifier};

mod common;
#[path = "common/rounds.rs"]
mod rounds;

use common::{Bare, signer};
use rounds::{Row, medians};

/// Rounds, at least; `TANBA_ROUNDS` changes it.
const ROUNDS: usize = 5;

/// Name, the media type under which the engine signs it, and how ffmpeg is told to encode it.
const FORMATS: [(&str, Option<&str>, &[&str]); 6] = [
    ("wav", Some("audio/wav"), &["-c:a", "pcm_s16le"]),
    ("flac", Some("audio/flac"), &["-c:a", "flac"]),
    ("mp3", Some("audio/mpeg"), &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("m4a", Some("audio/mp4"), &["-c:a", "aac", "-b:a", "128k"]),
    ("opus", None, &["-c:a", "libopus", "-b:a", "96k"]),
    ("aac", None, &["-c:a", "aac", "-b:a", "128k"]),
];

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let notice = Policy::kazakhstan().heard().samples_i16(Extent::Generated, 48_000, 2);
    fs::write(path("notice.wav"), wav(&notice, 48_000)).unwrap();
    // Names as arguments: only those formats. With `--label`, nothing but the label, for a profiler.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let alone = arguments.iter().any(|argument| argument == "--label");
    let wanted = |name: &str| {
        let mut names = arguments.iter().filter(|argument| !argument.starts_with("--")).peekable();
        names.peek().is_none() || names.any(|wanted| wanted == name)
    };
    let labeler = |policy| Labeler::new(&Disclosure::generated("Acme Voice"), &signer()).policy(policy);
    let (heard, silent) = (labeler(Policy::kazakhstan()), labeler(Policy::kazakhstan().with_notice(false)));
    let (verifier, bare) = (Verifier::new(), Bare::new());
    println!(
        "| 60 s of | ms | × `c2pa sign` | × hash and copy | ffmpeg | no notice | verify |\n|---|--:|--:|--:|--:|--:|--:|"
    );
    for (name, media_type, encoding) in FORMATS.into_iter().filter(|(name, ..)| wanted(name)) {
        let (input, output) = (path(&format!("in.{name}")), path(&format!("out.{name}")));
        let tone = "aevalsrc=exprs='0.3*sin(440*2*PI*t)*(0.6+0.4*sin(3*t))+0.05*(random(0)-0.5)':d=60:s=48000";
        if !ffmpeg(&[&["-f", "lavfi", "-i", tone, "-ac", "2"], encoding].concat(), &input) {
            eprintln!("skipped: no ffmpeg");
            return;
        }
        let bytes = fs::read(&input).unwrap();
        if alone {
            (0..200).for_each(|_| drop(label(&heard, &bytes)));
            continue;
        }
        let labelled = label(&heard, &bytes);
        let front = path("notice.wav");
        let inputs = ["-i", front.to_str().unwrap(), "-i", input.to_str().unwrap()];
        let joined = [&inputs[..], &["-filter_complex", "[0:a][1:a]concat=n=2:v=0:a=1"], encoding].concat();
        let rows: Vec<Row> = vec![
            ("label", 20, Box::new(|| drop(label(&heard, &bytes)))),
            ("c2pa sign", 20, Box::new(|| media_type.into_iter().for_each(|kind| bare.sign(kind, &bytes)))),
            ("hash and copy", 20, Box::new(|| drop(black_box((Sha256::digest(&bytes), bytes.clone()))))),
            ("ffmpeg concat, encoded anew", 1, Box::new(|| assert!(ffmpeg(&joined, &output)))),
            ("record and manifest alone", 20, Box::new(|| drop(label(&silent, &bytes)))),
            ("verify", 20, Box::new(|| drop(black_box(verifier.verify(&mut Cursor::new(&labelled)).unwrap())))),
        ];
        let [label, bare, floor, ffmpeg, silent, verify] = medians(&rows, ROUNDS)[..] else { return };
        let bare = media_type.map_or("–".to_owned(), |_| format!("{:.1}", label / bare));
        let times = |other: f64| format!("× {:.2}", other / label);
        println!(
            "| {name}, {} KB | {:.1} | {bare} | {:.1} | {} | {} | {} |",
            bytes.len() / 1000,
            label * 1000.0,
            label / floor,
            times(ffmpeg),
            times(silent),
            times(verify)
        );
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

/// A WAV of 16 bits and two channels.
fn wav(samples: &[i16], rate: u32) -> Vec<u8> {
    let len = u32::try_from(samples.len() * 2).unwrap();
    let fmt = [&1_u16.to_le_bytes()[..], &2_u16.to_le_bytes(), &rate.to_le_bytes(), &(rate * 4).to_le_bytes()].concat();
    let head = [&b"RIFF"[..], &(len + 36).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes(), &fmt].concat();
    let rest = [&4_u16.to_le_bytes()[..], &16_u16.to_le_bytes(), b"data", &len.to_le_bytes()].concat();
    [head, rest, samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()].concat()
}
