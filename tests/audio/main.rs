//! Sound: what programs that nobody here made say about labelled recordings. The samples that were there come out as they went in.

mod clips;
#[path = "../common/mod.rs"]
mod common;
mod fields;
mod judges;
mod player;
mod tampering;

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use common::{anchors, corpus, labeler, skip};
use judges::{by_symphonia, complaints, decoded, probed, seconds};
use tanba::{
    AudibleNotice, Disclosure, FixableBy, Format, Headline, Labeler, Policy, Receipt, Report, Verdict, Verifier,
};

/// What ffmpeg is told to make, and what becomes of it.
struct Case {
    name: String,
    /// Arguments behind the input.
    arguments: Vec<String>,
    seconds: usize,
    format: Format,
}

fn case(name: &str, format: Format, rate: u32, layout: &str, arguments: &[&str]) -> Case {
    let mut all = vec!["-ar".to_owned(), rate.to_string(), "-channel_layout".into(), layout.into()];
    all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    Case { name: format!("{rate}-{layout}-{name}"), arguments: all, seconds: 9, format }
}

/// Every rate in every format that takes it, with every layout where samples are not encoded; every kind of sample.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let layouts = ["mono", "stereo", "5.1"];
    for rate in [8_000, 16_000, 22_050, 24_000, 44_100, 48_000, 96_000] {
        for layout in layouts {
            let short = |case: Case| Case { seconds: 3, ..case };
            cases.push(short(case("a.wav", Format::Wav, rate, layout, &["-c:a", "pcm_s16le"])));
            cases.push(short(case("a.flac", Format::Flac, rate, layout, &["-c:a", "flac"])));
        }
    }
    for (name, codec) in
        [("u8", "pcm_u8"), ("s24", "pcm_s24le"), ("f32", "pcm_f32le"), ("alaw", "pcm_alaw"), ("mulaw", "pcm_mulaw")]
    {
        cases.push(case(&format!("{name}.wav"), Format::Wav, 44_100, "stereo", &["-c:a", codec]));
    }
    cases.push(case("rf64.wav", Format::Wav, 48_000, "stereo", &["-c:a", "pcm_s16le", "-rf64", "always"]));
    let deep = ["-c:a", "flac", "-sample_fmt", "s32", "-bits_per_raw_sample", "24"];
    cases.push(case("24.flac", Format::Flac, 48_000, "stereo", &deep));
    cases.push(case("small.flac", Format::Flac, 48_000, "5.1", &["-c:a", "flac", "-frame_size", "576"]));
    for (index, rate) in [16_000, 22_050, 24_000, 44_100, 48_000].into_iter().enumerate() {
        let (one, two) = (layouts[index % 2], layouts[(index + 1) % 2]);
        cases.push(case("a.mp3", Format::Mp3, rate, one, &["-c:a", "libmp3lame", "-q:a", "3"]));
        let bare = ["-c:a", "libmp3lame", "-b:a", "64k", "-write_xing", "0", "-id3v2_version", "3"];
        cases.push(case("untagged.mp3", Format::Mp3, rate, two, &bare));
        // Without noise that is every decoder's own.
        let aac = ["-c:a", "aac", "-aac_pns", "0"];
        cases.push(case("a.m4a", Format::M4a, rate, one, &aac));
        cases.push(case("fast.m4a", Format::M4a, rate, two, &[&aac[..], &["-movflags", "+faststart"]].concat()));
        cases.push(case("a.aac", Format::Aac, rate, one, &[&aac[..], &["-write_id3v2", "1"]].concat()));
        // Rates that Opus knows.
        if rate % 8_000 == 0 {
            cases.push(case("a.opus", Format::Ogg, rate, one, &["-c:a", "libopus", "-b:a", "64k"]));
            let voice = ["-c:a", "libopus", "-b:a", "16k", "-application", "voip"];
            cases.push(case("voice.opus", Format::Ogg, rate, two, &voice));
        }
    }
    cases
}

/// A folder for this run, with one file for each case; `None` (said aloud) where there is no ffmpeg.
fn made(folder: &Path, case: &Case) -> Option<PathBuf> {
    let path = folder.join(&case.name);
    // Something like music: three tones that swell, and noise.
    let source =
        "aevalsrc=exprs='0.3*sin(440*2*PI*t)*(0.6+0.4*sin(3*t))+0.2*sin(1234*2*PI*t)+0.05*(random(0)-0.5)':s=48000";
    let made = Command::new("ffmpeg")
        .args(["-y", "-v", "error", "-f", "lavfi", "-i", &format!("{source}:d={}", case.seconds)])
        .args(["-metadata", "title=A song"])
        .args(&case.arguments)
        .arg(&path)
        .output();
    match made {
        Ok(output) => {
            assert!(output.status.success(), "{}: {}", case.name, String::from_utf8_lossy(&output.stderr));
            Some(path)
        }
        Err(_) => {
            skip("ffmpeg");
            None
        }
    }
}

fn label(bytes: &[u8]) -> tanba::Result<(Vec<u8>, Receipt)> {
    static LABELER: OnceLock<Labeler> = OnceLock::new();
    let mut sink = Cursor::new(Vec::new());
    let receipt = LABELER.get_or_init(labeler).label(&mut Cursor::new(bytes), &mut sink)?;
    Ok((sink.into_inner(), receipt))
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(bytes)).unwrap()
}

#[test]
fn samples_come_out_as_they_went_in_and_the_warning_is_heard() {
    let folder = tempfile::tempdir().unwrap();
    let only = std::env::var("TANBA_ONLY").unwrap_or_default();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for case in cases().iter().filter(|case| only.split(',').any(|part| case.name.contains(part))) {
        let Some(path) = made(folder.path(), case) else { return };
        for fault in faults(folder.path(), &path, case.format, Some("A song")) {
            eprintln!("{}: {fault}", case.name);
            wrong.push(format!("{}: {fault}", case.name));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{} of them\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 0);
}

/// Recordings that other people's programs made, as they come.
#[test]
fn recordings_of_the_corpus_are_labelled_like_those_made_here() {
    let Some(paths) = corpus("unlabelled") else { return };
    let folder = tempfile::tempdir().unwrap();
    let (mut wrong, mut rows) = (Vec::new(), Vec::new());
    for path in paths {
        let Some(format) = [("wav", Format::Wav), ("mp3", Format::Mp3), ("flac", Format::Flac), ("m4a", Format::M4a)]
            .into_iter()
            .find_map(|(extension, format)| (common::extension(&path) == extension).then_some(format))
        else {
            continue;
        };
        let title = probed(&path)["format"]["tags"]["title"].as_str().map(str::to_owned);
        let name = path.file_name().unwrap().to_str().unwrap();
        let found = faults(folder.path(), &path, format, title.as_deref());
        wrong.extend(found.iter().map(|fault| format!("{name}: {fault}")));
        rows.push((folder.path().join(format!("labelled-{name}")), format));
    }
    assert!(wrong.is_empty(), "{} of them\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(rows.len(), 4);
    fields::assert_trusted(folder.path(), &rows);
}

/// What is wrong with a labelled recording, which is left beside it in `folder`.
fn faults(folder: &Path, path: &Path, format: Format, title: Option<&str>) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap();
    let (labelled, receipt) = match label(&bytes) {
        Ok(done) => done,
        Err(error) => return vec![format!("not labelled: {error}")],
    };
    let result = folder.join(format!("labelled-{name}"));
    fs::write(&result, &labelled).unwrap();
    let mut wrong = Vec::new();
    let mut hold = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    hold(receipt.format == format && receipt.is_complete(), format!("receipt: {receipt:?}"));
    hold(receipt.bytes == labelled.len() as u64, "the receipt's length".into());
    let report = match &receipt.sidecar {
        Some(store) => {
            let verifier = Verifier::new().anchors(anchors());
            verifier.verify_with_manifest(&mut Cursor::new(&labelled), store).unwrap()
        }
        None => verify(&labelled),
    };
    let axes = (report.verdict, report.headline) == (Verdict::Valid, Headline::AiMadeProven);
    hold(axes, format!("{:?} {:?} {:?}", report.verdict, report.findings, report.not_examined));
    let languages = report.heard.first().map_or(0, |heard| heard.languages.len());
    hold(languages == 2, format!("heard: {:?} {:?}", report.heard, report.not_examined));
    for heard in &report.heard {
        hold(heard.signed_place, format!("{heard:?}"));
        if let Some(above) = heard.above_programme() {
            let told = receipt.remarks.iter().any(|remark| remark.contains("LU softer"));
            let encoded = !matches!(format, Format::Wav | Format::Flac);
            hold(above.abs() <= 3.0 || encoded && told, format!("{above:.1} LU above the programme"));
        }
        hold(heard.loudness_lufs.is_none_or(|loudness| loudness > -30.0), format!("{heard:?}"));
    }
    let span = receipt.heard.as_ref().map(|heard| heard.spans[0]).unwrap();
    let (before, after) = (probed(path), probed(&result));
    let longer = seconds(&after) - seconds(&before);
    // How long bare frames last is guessed from the first of them.
    hold(
        format == Format::Aac || (longer * 1000.0 - (span.to_ms - span.from_ms) as f64).abs() < 80.0,
        format!("{longer} s longer, the receipt says {span:?}"),
    );
    let kept = title.is_none_or(|title| after.to_string().contains(title));
    hold(kept, format!("the title is lost: {after}"));
    let stream = before["streams"].as_array().and_then(|streams| streams.iter().find(|it| it["channels"].is_number()));
    let number = |key: &str| {
        let value = &stream.unwrap()[key];
        value.as_u64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
    };
    let (channels, rate) = (number("channels") as usize, number("sample_rate"));
    let (before, after) = (decoded(path), decoded(&result));
    // The encoder's own first frame, which decodes to next to nothing, sounds into the notice's silence.
    let primed = if matches!(format, Format::Aac) { 1024 * channels } else { 0 };
    let before = &before[primed..];
    let tail = after.len().checked_sub(before.len()).map(|at| &after[at..]);
    let off = tail.map(|tail| tail.iter().zip(before).filter(|(a, b)| a.to_bits() != b.to_bits()).count());
    hold(off == Some(0), format!("{off:?} of {} samples differ, {} are there now", before.len(), after.len()));
    if let (Some(before), Some(after)) = (by_symphonia(&bytes, format), by_symphonia(&labelled, format)) {
        // What is coded with the block before it sounds into the notice's silence: half of a block of AAC, and in MP3 that of a
        // granule, and fifteen steps of its filter.
        let overlap = match format {
            Format::Mp3 => 576 + 480,
            Format::Aac | Format::M4a => 1024,
            _ => 0,
        };
        let added = (after.len() - before.len()) / channels;
        let notice = (span.to_ms - span.from_ms) * rate / 1000;
        // Encoders' delay is heard by none but this decoder.
        let delay = added.checked_sub(usize::try_from(notice).unwrap());
        let most = if matches!(format, Format::Wav | Format::Flac) { 0 } else { 1_105 };
        // A millisecond is the smallest that a span can say.
        let right = delay.is_some_and(|delay| delay <= most + rate as usize / 1000 + 1);
        hold(right, format!("symphonia: {added} samples more, the receipt says {notice}"));
        let before = &before[overlap * channels..];
        let tail = after.len().checked_sub(before.len()).map(|at| &after[at..]);
        let off = tail.map(|tail| tail.iter().zip(before).filter(|(a, b)| a.to_bits() != b.to_bits()).count());
        hold(off == Some(0), format!("symphonia: {off:?} of {} samples differ", before.len()));
    } else {
        hold(format == Format::Ogg || name.contains("rf64"), "symphonia decodes it".into());
    }
    wrong.extend(complaints(&result, format));
    wrong
}

/// One file of each format, made once.
fn samples(folder: &Path) -> Vec<(PathBuf, Format)> {
    samples_of(folder, 9)
}

fn samples_of(folder: &Path, seconds: usize) -> Vec<(PathBuf, Format)> {
    let aac = ["-c:a", "aac", "-aac_pns", "0"];
    let cases = [
        case("a.wav", Format::Wav, 44_100, "stereo", &["-c:a", "pcm_s16le"]),
        case("a.flac", Format::Flac, 44_100, "stereo", &["-c:a", "flac"]),
        case("a.mp3", Format::Mp3, 44_100, "stereo", &["-c:a", "libmp3lame", "-q:a", "3"]),
        case("a.m4a", Format::M4a, 44_100, "stereo", &aac),
        case("a.opus", Format::Ogg, 48_000, "stereo", &["-c:a", "libopus", "-b:a", "64k"]),
        case("a.aac", Format::Aac, 44_100, "stereo", &aac),
    ];
    let cases = cases.map(|case| Case { seconds, ..case });
    cases.iter().filter_map(|case| Some((made(folder, case)?, case.format))).collect()
}

#[test]
fn what_nothing_can_be_put_in_front_of_is_refused_with_what_would_work() {
    let folder = tempfile::tempdir().unwrap();
    let odd: &[(&str, &[&str], &str)] = &[
        ("vorbis.ogg", &["-c:a", "libvorbis"], "Vorbis"),
        ("flac.ogg", &["-c:a", "flac"], "FLAC in its own form"),
        ("six.opus", &["-c:a", "libopus", "-mapping_family", "1"], "label it as WAV or FLAC"),
        ("lossless.m4a", &["-c:a", "alac"], "convert it to FLAC or WAV"),
        ("six.m4a", &["-c:a", "aac"], "only one and two channels"),
        ("pieces.m4a", &["-c:a", "aac", "-movflags", "frag_keyframe+empty_moov"], "put it into one piece"),
        ("rate.m4a", &["-ar", "32000", "-c:a", "aac"], "no spoken clip for 32000 samples a second"),
        ("rate.mp3", &["-ar", "32000", "-c:a", "libmp3lame"], "only for 16000, 22050, 24000, 44100, 48000"),
        ("rate.aac", &["-ar", "8000", "-c:a", "aac"], "no spoken clip for 8000"),
        ("six.aac", &["-c:a", "aac"], "layout of channels"),
        ("old.mp3", &["-c:a", "mp2", "-f", "mp2"], "convert it to MP3"),
        ("adpcm.wav", &["-c:a", "adpcm_ima_wav"], "convert it to plain PCM"),
    ];
    let mut seen = 0;
    for (name, arguments, wanted) in odd {
        let layout = if name.starts_with("six") { "5.1" } else { "stereo" };
        let case = case(name, Format::Wav, 48_000, layout, arguments);
        let Some(path) = made(folder.path(), &case) else { return };
        let error = label(&fs::read(&path).unwrap()).map(|(_, receipt)| receipt).unwrap_err();
        let said = error.to_string();
        assert!(error.fixable_by() == FixableBy::Caller && said.contains(wanted), "{name}: {said}");
        seen += 1;
    }
    // Cut among its frames, and two in one file.
    let whole =
        case("whole.mp3", Format::Mp3, 44_100, "stereo", &["-c:a", "libmp3lame", "-b:a", "96k", "-id3v2_version", "0"]);
    let bytes = fs::read(made(folder.path(), &whole).unwrap()).unwrap();
    let begins = |at: &usize| matches!(bytes[*at..], [0xFF, 0xFB, third, ..] if third >> 4 == 7);
    let cut = (bytes.len() / 2..).find(begins).unwrap();
    let said = label(&bytes[cut..]).map(|(_, receipt)| receipt).unwrap_err().to_string();
    assert!(said.contains("label the uncut file"), "{said}");
    let opus = case("one.opus", Format::Ogg, 48_000, "mono", &["-c:a", "libopus"]);
    let bytes = fs::read(made(folder.path(), &opus).unwrap()).unwrap();
    let mut other = bytes.clone();
    other[14] ^= 1;
    let said = label(&[bytes, other].concat()).map(|(_, receipt)| receipt).unwrap_err().to_string();
    assert!(said.contains("chain"), "{said}");
    assert_eq!(seen, odd.len());
    let Some(wav) = made(folder.path(), &case("b.flac", Format::Flac, 44_100, "mono", &["-c:a", "flac"])) else {
        return;
    };
    let sheet = folder.path().join("b.cue");
    fs::write(&sheet, "FILE \"b.flac\" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n").unwrap();
    match Command::new("metaflac").arg(format!("--import-cuesheet-from={}", sheet.display())).arg(&wav).output() {
        Ok(output) if output.status.success() => {
            let said = label(&fs::read(&wav).unwrap()).map(|(_, receipt)| receipt).unwrap_err().to_string();
            assert!(said.contains("metaflac --remove --block-type=CUESHEET"), "{said}");
        }
        Ok(output) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => skip("metaflac"),
    }
}

#[test]
fn labelling_again_puts_in_no_second_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (path, format) in samples(folder.path()) {
        let (once, first) = label(&fs::read(&path).unwrap()).unwrap();
        let (twice, second) = label(&once).unwrap();
        let (first, second) = (first.heard.unwrap(), second.heard.unwrap());
        assert!(!first.kept && second.kept, "{format}: {second:?}");
        assert_eq!(first.lines, second.lines, "{format}");
        let name = path.file_name().unwrap().to_str().unwrap();
        let [a, b] = [("once", &once), ("twice", &twice)].map(|(prefix, bytes)| {
            let path = folder.path().join(format!("{prefix}-{name}"));
            fs::write(&path, bytes).unwrap();
            path
        });
        assert!(decoded(&a) == decoded(&b), "{format}: the sound changed");
        if format != Format::Aac {
            let report = verify(&twice);
            assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::Valid, 2), "{format}");
        }
        // One record, not two.
        let sources = verify(&twice).findings.iter().filter(|it| it.place.starts_with("DigitalSourceType in")).count();
        assert!(sources <= 1, "{format}: {sources}");
    }
}

#[test]
fn without_a_manifest_the_clips_are_known_by_their_sound() {
    let folder = tempfile::tempdir().unwrap();
    let disclosure = Disclosure::modified("Acme Voice").provider("Acme LLP");
    let notice = AudibleNotice::speech(&["en"]).unwrap().then_rhythm();
    let policy = Policy::kazakhstan().audible_notice(notice).with_manifest(false).with_record(false);
    let labeler = Labeler::new(&disclosure, &common::signer()).policy(policy);
    let mut seen = 0;
    for (path, format) in samples(folder.path()) {
        let mut sink = Cursor::new(Vec::new());
        labeler.label(&mut Cursor::new(fs::read(&path).unwrap()), &mut sink).unwrap();
        let report = verify(sink.get_ref());
        let [heard] = report.heard.as_slice() else { panic!("{format}: {:?}", report.heard) };
        assert!(!heard.signed_place && heard.extent == Some(tanba::Extent::Modified), "{format}: {heard:?}");
        assert_eq!((report.verdict, report.headline), (Verdict::UnsignedOnly, Headline::AiMadeDeclared), "{format}");
        assert!(verify(&fs::read(&path).unwrap()).heard.is_empty(), "{format}: heard in the original");
        seen += 1;
    }
    assert!(seen == 6 || seen == 0);
}

#[test]
fn samples_of_a_product_are_labelled_with_the_notice_in_them() {
    let folder = tempfile::tempdir().unwrap();
    let notice = AudibleNotice::speech(&["kk", "ru"]).unwrap();
    let samples = notice.samples_i16(tanba::Extent::Generated, 44_100, 2);
    let ms = samples.len() as u64 / 2 * 1000 / 44_100;
    let raw = folder.path().join("raw.s16");
    let music = (0..44_100 * 6).map(|at| ((at as f32 / 9.0).sin() * 8000.0) as i16);
    let bytes: Vec<u8> = samples.into_iter().chain(music).flat_map(i16::to_le_bytes).collect();
    fs::write(&raw, bytes).unwrap();
    // Encoded to a rate for which there is no clip of ours.
    let encoded = folder.path().join("made.mp3");
    let input = ["-y", "-v", "error", "-f", "s16le", "-ar", "44100", "-ac", "2", "-i"];
    let made =
        Command::new("ffmpeg").args(input).arg(&raw).args(["-ar", "32000", "-b:a", "96k"]).arg(&encoded).output();
    let Ok(output) = made else { return skip("ffmpeg") };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = fs::read(&encoded).unwrap();
    let label = |notice: AudibleNotice| {
        let labeler = labeler().policy(Policy::kazakhstan().audible_notice(notice));
        let mut sink = Cursor::new(Vec::new());
        labeler.label(&mut Cursor::new(&bytes), &mut sink).map(|receipt| (sink.into_inner(), receipt))
    };
    let (labelled, receipt) = label(notice.clone().already_heard(0, ms).unwrap()).unwrap();
    assert!(receipt.is_complete() && receipt.heard.unwrap().kept);
    let report = verify(&labelled);
    assert!(report.verdict == Verdict::Valid && report.heard[0].signed_place && report.heard[0].languages.len() == 2);
    // It is not there where it is not.
    let error = label(notice.already_heard(9_000, 12_000).unwrap()).err().unwrap();
    assert!(error.to_string().contains("not heard between 9000 and 12000"), "{error}");
}
