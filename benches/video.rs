//! Labelling ten seconds of 1080p with an opening card, against ffmpeg drawing the same words on every frame.

use std::{hint::black_box, io::Cursor, path::Path, process::Command, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use tanba::{Disclosure, Identity, IdentityRequest, Labeler, Policy, Signer, Verifier};
use time::macros::datetime;

fn signer() -> Signer {
    let request = IdentityRequest::new("Tanba benches", "Tanba benches", datetime!(2026-01-01 0:00 UTC)).days(3650);
    let identity = Identity::generate(&request.seed([9; 32])).unwrap();
    Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap()
}

fn ffmpeg(arguments: &[&str], output: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-y", "-v", "error", "-nostdin"]).args(arguments).arg(output);
    command.status().is_ok_and(|status| status.success())
}

fn films(criterion: &mut Criterion) {
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
    let disclosure = Disclosure::generated("Acme Film");
    let labeler = |notice| {
        let policy = Policy::kazakhstan().with_notice(notice);
        Labeler::new(&disclosure, &signer()).policy(policy)
    };
    let label = |labeler: &Labeler| {
        let mut sink = Cursor::new(Vec::with_capacity(bytes.len() * 2));
        labeler.label(&mut Cursor::new(&bytes), &mut sink).unwrap();
        sink.into_inner()
    };
    let (with, without) = (labeler(true), labeler(false));
    let labelled = label(&with);
    let mut group = criterion.benchmark_group("film");
    group.bench_function("opening card", |bencher| bencher.iter(|| black_box(label(&with))));
    group.bench_function("record and manifest alone", |bencher| bencher.iter(|| black_box(label(&without))));
    group.bench_function("verify", |bencher| {
        let verifier = Verifier::new();
        bencher.iter(|| verifier.verify(&mut Cursor::new(black_box(&labelled))).unwrap());
    });
    group.bench_function("ffmpeg, words on every frame", |bencher| {
        let path = input.to_str().unwrap();
        let words = ["-i", path, "-vf", "drawtext=text=AI:fontsize=60:fontcolor=white:box=1:boxcolor=black"];
        let coded = ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "copy"];
        bencher.iter(|| assert!(ffmpeg(&[&words[..], &coded].concat(), &output)));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(20));
    targets = films
}
criterion_main!(benches);
