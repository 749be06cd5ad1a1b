//! What other programs read in labelled recordings, and what the receipt says of them.

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::json;
use tanba::{AudibleNotice, Format, Policy};
use time::macros::datetime;

use crate::{
    common::{identity, labeler, python, run, skip},
    label, samples, samples_of,
};

const READ: &str = r#"
import json, sys, c2pa
rows, anchors = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
base = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}, "trust": {"trust_anchors": anchors}}
for path, media_type in rows:
    with open(path, "rb") as stream:
        reader = c2pa.Reader(media_type, stream, context=c2pa.Context(c2pa.Settings.from_dict(base)))
        store = json.loads(reader.json())
        manifest = store["manifests"][store["active_manifest"]]
        actions = json.dumps([a for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")])
        print(media_type, reader.get_validation_state(), "temporal" in actions, "trainedAlgorithmicMedia" in actions)
"#;

#[test]
fn other_programs_read_the_manifest_and_the_fields() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = Vec::new();
    for (path, format) in samples(folder.path()) {
        let (labelled, _) = label(&fs::read(&path).unwrap()).unwrap();
        let path = folder.path().join(format!("labelled-{}", path.file_name().unwrap().to_str().unwrap()));
        fs::write(&path, labelled).unwrap();
        rows.push((path.clone(), format));
        for (program, arguments) in [
            ("exiftool", &["-j", "-G1", "-a"][..]),
            ("ffprobe", &["-v", "error", "-of", "json", "-show_entries", "format_tags:stream_tags"]),
        ] {
            let Ok(output) = Command::new(program).args(arguments).arg(&path).output() else {
                skip(program);
                continue;
            };
            let said = String::from_utf8_lossy(&output.stdout).to_lowercase();
            // WAV has XMP, which ffprobe does not read, and the words as a comment.
            let wanted = if (format, program) == (Format::Wav, "ffprobe") {
                "создано ии"
            } else {
                "trainedalgorithmicmedia"
            };
            // exiftool reads no tags of bare AAC.
            assert!(
                said.contains(wanted) || (format, program) == (Format::Aac, "exiftool"),
                "{program}, {format}: {said}"
            );
        }
    }
    // The engine knows no Ogg, and nobody has a place in ADTS.
    rows.retain(|(_, format)| !matches!(format, Format::Ogg | Format::Aac));
    assert_trusted(folder.path(), &rows);
}

/// Another reader says of each that its signer is trusted, and finds the action with the place of the warning.
pub fn assert_trusted(folder: &Path, rows: &[(PathBuf, Format)]) {
    if rows.is_empty() {
        return;
    }
    let media_type = |format: &Format| format.media_types()[if *format == Format::Wav { 1 } else { 0 }];
    let listed: Vec<_> = rows.iter().map(|(path, format)| json!([path, media_type(format)])).collect();
    let (list, anchor) = (folder.join("rows.json"), folder.join("anchor.pem"));
    fs::write(&list, serde_json::to_vec(&listed).unwrap()).unwrap();
    fs::write(&anchor, &identity().anchor_pem).unwrap();
    let Some(printed) = python("c2pa", READ, &[list.to_str().unwrap(), anchor.to_str().unwrap()]) else { return };
    assert_eq!(printed.matches(" Trusted True True\n").count(), rows.len(), "{printed}");
}

/// The label of GB 45438-2025, as programs show it that know nothing of it.
#[test]
fn other_programs_read_the_label_of_china() {
    let folder = tempfile::tempdir().unwrap();
    let labeler = labeler().policy(Policy::kazakhstan().with_aigc(true));
    let mut seen = 0;
    for (path, format) in samples_of(folder.path(), 2) {
        let programs: &[(&str, &[&str])] = match format {
            Format::Mp3 | Format::Flac => &[
                ("exiftool", &["-a", "-G1"]),
                ("ffprobe", &["-v", "error", "-of", "default", "-show_entries", "format_tags"]),
            ],
            Format::M4a => &[("exiftool", &["-a", "-G1"])],
            // A chunk that is unknown to it.
            Format::Wav => &[("exiftool", &["-a", "-u", "-b", "-RIFF:all"])],
            _ => continue,
        };
        let mut sink = Cursor::new(Vec::new());
        let receipt = labeler.label(&mut Cursor::new(fs::read(&path).unwrap()), &mut sink).unwrap();
        let path = folder.path().join(format!("china-{}", path.file_name().unwrap().to_str().unwrap()));
        fs::write(&path, sink.into_inner()).unwrap();
        for (program, arguments) in programs {
            let Some(output) = run(program, &[*arguments, &[path.to_str().unwrap()]].concat()) else { continue };
            let said = String::from_utf8_lossy(&output.stdout);
            let label = said.split_once("{\"Label\":\"1\"").map(|(_, rest)| rest.split('}').next().unwrap());
            let whole = label.is_some_and(|label| label.contains("Acme%20LLP") && label.contains(&receipt.id));
            assert!(whole, "{program}, {format}: {said}");
        }
        seen += 1;
    }
    assert!(seen == 4 || seen == 0);
}

/// Nothing but the clock, the identifier and the key tells two labels of one recording apart.
#[test]
fn the_same_recording_gets_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for (path, format) in samples_of(folder.path(), 2) {
        let bytes = fs::read(&path).unwrap();
        let label = |id: u128| {
            let now = || datetime!(2026-03-01 12:00 UTC);
            let labeler = labeler().clock(now).ids(move || uuid::Uuid::from_u128(id));
            let mut sink = Cursor::new(Vec::new());
            let receipt = labeler.label(&mut Cursor::new(&bytes), &mut sink).unwrap();
            (sink.into_inner(), receipt.sidecar)
        };
        let first = label(7);
        assert!(first == label(7), "{format}: two labels differ");
        assert!(first != label(8), "{format}: another identifier changes nothing");
    }
}

#[test]
fn that_the_warning_comes_once_only_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let notice = AudibleNotice::rhythm().repeated_every(Some(Duration::from_secs(60))).unwrap();
    let labeler = labeler().policy(Policy::kazakhstan().audible_notice(notice));
    for (seconds, often) in [(20, 1), (100, 2)] {
        for (path, format) in samples_of(folder.path(), seconds) {
            let mut sink = Cursor::new(Vec::new());
            let receipt = labeler.label(&mut Cursor::new(fs::read(&path).unwrap()), &mut sink).unwrap();
            let repeats = matches!(format, Format::Wav | Format::Flac);
            let spans = receipt.heard.unwrap().spans.len();
            assert_eq!(spans, if repeats { often } else { 1 }, "{format}, {seconds} s");
            let said = receipt.remarks.iter().any(|remark| remark.contains("heard once, at the start"));
            assert_eq!(said, !repeats && often > 1, "{format}, {seconds} s: {:?}", receipt.remarks);
        }
    }
}
