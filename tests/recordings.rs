//! What is said about recordings and films: labels in each place, and manifests that another program has signed.

mod common;

use std::{fs, io::Cursor, path::Path};

use common::{fixture, recordings};
use tanba::{
    Binding, Class, Finding, Format, Headline, Report, Signature, SignerStanding, Statement, Technique, Verdict,
    Verifier,
};

fn read(name: &str) -> Vec<u8> {
    fs::read(fixture("av").join(name)).unwrap()
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().verify(&mut Cursor::new(bytes)).unwrap()
}

fn found(report: &Report, technique: Technique) -> Vec<&Finding> {
    report.findings.iter().filter(|finding| finding.technique == technique).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn every_recording_is_in_the_table_with_its_hash() {
    let readme = fs::read_to_string(fixture("av/README.md")).unwrap();
    let mut formats = Vec::new();
    for path in recordings() {
        let bytes = fs::read(&path).unwrap();
        let hash = <sha2::Sha256 as sha2::Digest>::digest(&bytes);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let name = name(&path);
        assert!(readme.contains(&format!("| `{name}` |")) && readme.contains(&hash), "{name} is not in README.md");
        assert!(bytes.len() <= 40 * 1024, "{name}");
        formats.push(Format::sniff(&mut Cursor::new(bytes)).unwrap());
    }
    let examined = [
        Format::Wav,
        Format::Avi,
        Format::M4a,
        Format::Mov,
        Format::Mp4,
        Format::Matroska,
        Format::MpegTs,
        Format::Ogg,
        Format::Flac,
        Format::Aac,
        Format::Mp3,
    ];
    assert!(examined.iter().all(|format| formats.contains(format)), "{formats:?}");
}

/// GB 45438 in the place that belongs to each container, and the other AI labels beside it.
#[test]
fn labels_are_declared_and_nothing_more() {
    let mut seen = 0;
    for path in recordings() {
        let name = name(&path);
        if name.starts_with("signed.") || name.starts_with("store.") {
            continue;
        }
        let report = verify(&fs::read(&path).unwrap());
        // A transport stream has no place for a label.
        if name.starts_with("bare.") || name == "clip.ts" {
            assert_eq!((report.verdict, report.headline), (Verdict::NotFound, Headline::NoLabel), "{name}");
            continue;
        }
        assert_eq!(
            (report.verdict, report.says),
            (Verdict::UnsignedOnly, Some(Statement::FullyAi)),
            "{name}: {report:#?}"
        );
        let labels = found(&report, Technique::Aigc);
        assert!(labels.iter().all(|label| label.class == Class::Declared), "{name}");
        assert_eq!(labels[0].says, Statement::FullyAi, "{name}");
        // The label that stands twice is said to.
        assert_eq!(labels.len(), if name == "tone.aac" { 3 } else { 1 }, "{name}: {labels:#?}");
        let xmp = found(&report, Technique::Xmp);
        let wanted = ["clip.avi", "clip.mov", "clip.mp4", "tone.wav"].contains(&name.as_str());
        assert_eq!(xmp.iter().any(|it| it.system.as_deref() == Some("Acme Voice")), wanted, "{name}: {xmp:#?}");
        seen += 1;
    }
    assert_eq!(seen, 17);
    let report = verify(&read("song.mp3"));
    let hints = found(&report, Technique::Text);
    assert!(
        hints.len() == 1 && hints[0].class == Class::Hint && hints[0].system.as_deref() == Some("Suno"),
        "{hints:#?}"
    );
}

const SIGNED: [&str; 7] =
    ["signed.wav", "signed.avi", "signed.mp4", "signed.mov", "signed.m4a", "signed.mp3", "signed.flac"];

#[test]
fn manifests_of_another_program_are_intact() {
    for name in SIGNED {
        let report = verify(&read(name));
        let axes = (report.binding, report.signature, report.signer);
        assert_eq!(axes, (Binding::Intact, Signature::Ok, SignerStanding::Unknown), "{name}: {:#?}", report.findings);
        assert_eq!((report.verdict, report.says), (Verdict::UntrustedSigner, Some(Statement::FullyAi)), "{name}");
    }
}

#[test]
fn a_changed_byte_breaks_the_binding() {
    for name in SIGNED {
        let bytes = read(name);
        // The sound or the picture stands at the end but in AVI and BMFF, which have tables there.
        let at = match name {
            "signed.avi" => memchr::memmem::find(&bytes, b"movi").unwrap() + 60,
            "signed.mp4" | "signed.mov" | "signed.m4a" => memchr::memmem::find(&bytes, b"mdat").unwrap() + 40,
            "signed.wav" => 1000,
            _ => bytes.len() - 20,
        };
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let report = verify(&changed);
        assert_eq!(
            (report.binding, report.signature),
            (Binding::Broken, Signature::Ok),
            "{name}: {:#?}",
            report.findings
        );
        assert_eq!((report.verdict, report.headline), (Verdict::Tampered, Headline::Broken), "{name}");
        // What was added afterwards, behind everything.
        assert_ne!(verify(&[&bytes[..], &[0; 64]].concat()).binding, Binding::Intact, "{name}");
    }
}

/// The one exclusion that ID3 allows is the object itself: what describes it is bound.
#[test]
fn what_stands_around_the_object_of_id3_is_bound() {
    for name in ["signed.mp3", "signed.flac"] {
        let bytes = read(name);
        let at = memchr::memmem::find(&bytes, b"c2pa manifest store").unwrap();
        let mut changed = bytes;
        changed[at] = b'C';
        assert_eq!(verify(&changed).binding, Binding::Broken, "{name}");
    }
}

/// A store of another file, in the place that C2PA 2.4 (A.3.5) gives it.
#[test]
fn a_store_in_ogg_is_found_and_does_not_count_for_another_file() {
    let report = verify(&read("store.opus"));
    assert_ne!(report.binding, Binding::Intact, "{:#?}", report.findings);
    assert!(!matches!(report.verdict, Verdict::Valid | Verdict::UntrustedSigner | Verdict::NotFound), "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.place.contains("Ogg at byte 0")), "{:#?}", report.findings);
}

#[test]
fn what_is_cut_off_is_not_called_unlabelled() {
    for name in ["bare.mp3", "bare.aac"] {
        // An ID3 tag that says more than there is.
        let bytes = [&b"ID3\x04\0\0\x7F\x7F\x7F\x7FTIT2\0\0\x08\0\0\0"[..], &read(name)].concat();
        let report = verify(&bytes);
        assert_eq!((report.verdict, report.headline), (Verdict::Inconclusive, Headline::NotChecked), "{name}");
    }
    let wav = read("tone.wav");
    let data = memchr::memmem::find(&wav, b"data").unwrap();
    let report = verify(&wav[..data + 500]);
    assert_eq!(report.verdict, Verdict::Inconclusive, "{report:#?}");
}
