//! Labelling sixty seconds of each format of sound, against ffmpeg putting the same warning in front by encoding all of it anew, and
//! against the bare signature.

use std::{hint::black_box, io::Cursor, path::Path, process::Command, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tanba::{Disclosure, Extent, Labeler, Policy, Verifier};

mod common;

use common::{Bare, signer};

/// Name, the media type under which the engine signs it, and how ffmpeg is told to encode it.
const FORMATS: [(&str, Option<&str>, &[&str]); 6] = [
    ("wav", Some("audio/wav"), &["-c:a", "pcm_s16le"]),
    ("flac", Some("audio/flac"), &["-c:a", "flac"]),
    ("mp3", Some("audio/mpeg"), &["-c:a", "libmp3lame", "-b:a", "128k"]),
    ("m4a", Some("audio/mp4"), &["-c:a", "aac", "-b:a", "128k"]),
    ("opus", None, &["-c:a", "libopus", "-b:a", "96k"]),
    ("aac", None, &["-c:a", "aac", "-b:a", "128k"]),
];

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

fn formats(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let policy = Policy::kazakhstan();
    let notice = policy.heard().samples_i16(Extent::Generated, 48_000, 2);
    std::fs::write(path("notice.wav"), wav(&notice, 48_000)).unwrap();
    let labeler = Labeler::new(&Disclosure::generated("Acme Voice"), &signer()).policy(policy);
    let (verifier, bare) = (Verifier::new(), Bare::new());
    for (name, media_type, encoding) in FORMATS {
        let (input, output) = (path(&format!("in.{name}")), path(&format!("out.{name}")));
        let tone = "aevalsrc=exprs='0.3*sin(440*2*PI*t)*(0.6+0.4*sin(3*t))+0.05*(random(0)-0.5)':d=60:s=48000";
        let made = [&["-f", "lavfi", "-i", tone, "-ac", "2"], encoding].concat();
        if !ffmpeg(&made, &input) {
            eprintln!("skipped: no ffmpeg");
            return;
        }
        let bytes = std::fs::read(&input).unwrap();
        let label = || {
            let mut sink = Cursor::new(Vec::with_capacity(bytes.len() * 2));
            labeler.label(&mut Cursor::new(&bytes), &mut sink).unwrap();
            sink.into_inner()
        };
        let mut group = criterion.benchmark_group(format!("{name} 60 s"));
        group
            .throughput(Throughput::Bytes(bytes.len() as u64))
            .sample_size(10)
            .measurement_time(Duration::from_secs(5));
        group.bench_function("label", |bencher| bencher.iter(|| black_box(label())));
        let labelled = label();
        group.bench_function("verify", |bencher| {
            bencher.iter(|| black_box(verifier.verify(&mut Cursor::new(&labelled)).unwrap()));
        });
        if let Some(media_type) = media_type {
            group.bench_function("companion: c2pa sign", |bencher| bencher.iter(|| bare.sign(media_type, &bytes)));
        }
        let front = path("notice.wav");
        let inputs = ["-i", front.to_str().unwrap(), "-i", input.to_str().unwrap()];
        let joined = [&inputs[..], &["-filter_complex", "[0:a][1:a]concat=n=2:v=0:a=1"], encoding].concat();
        group.bench_function("companion: ffmpeg concat, encoded anew", |bencher| {
            bencher.iter(|| assert!(ffmpeg(&joined, &output)));
        });
        group.finish();
    }
}

criterion_group!(benches, formats);
criterion_main!(benches);
