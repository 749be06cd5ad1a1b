//! Banners on the frames of films, drawn through ffmpeg: what programs that nobody here made say about the results.

mod common;
mod films;

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use common::{anchors, labeler, python};
use films::{attached, ffmpeg, grey, measured, packets, probed, psnr, run, text, times};
use serde_json::Value;
use tanba::{
    BannerTimes, Binding, Error, Ffmpeg, FilmQuality, FixableBy, Headline, Labeler, NoticeStyle, Place, Policy,
    Receipt, Rect, Report, Verdict, Verifier, VideoNotice,
};

/// A film that ffmpeg is told to make.
struct Case {
    name: &'static str,
    /// What is put in.
    inputs: &'static [&'static str],
    /// What is made of it.
    arguments: &'static [&'static str],
}

const FILM: &[&str] = &["-f", "lavfi", "-i", "testsrc2=size=400x300:rate=10:duration=2.5"];
const FILM_AND_SOUND: &[&str] = &[
    "-f",
    "lavfi",
    "-i",
    "testsrc2=size=400x300:rate=10:duration=2.5",
    "-f",
    "lavfi",
    "-i",
    "sine=frequency=440:sample_rate=48000:duration=2.5",
];
const HDR: &[&str] = &[
    "-pix_fmt",
    "yuv420p10le",
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400",
];
const INTERLACED: &[&str] = &[
    "-vf",
    "tinterlace=interleave_top,setfield=tff",
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-flags",
    "+ildct+ilme",
];

fn cases() -> Vec<Case> {
    let case = |name, inputs, arguments| Case { name, inputs, arguments };
    vec![
        case("hdr.mkv", FILM, HDR),
        case(
            "hlg.mov",
            FILM,
            &[
                "-tag:v",
                "hvc1",
                "-pix_fmt",
                "yuv420p10le",
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-x265-params",
                "log-level=error:colorprim=bt2020:transfer=arib-std-b67:colormatrix=bt2020nc",
            ],
        ),
        case(
            "vp9.webm",
            FILM_AND_SOUND,
            &[
                "-c:v",
                "libvpx-vp9",
                "-cpu-used",
                "8",
                "-b:v",
                "300k",
                "-c:a",
                "libopus",
                "-metadata:s:v",
                "title=Steppe",
            ],
        ),
        case("vp8.webm", FILM, &["-c:v", "libvpx", "-cpu-used", "8", "-b:v", "300k"]),
        case("av1.mkv", FILM, &["-c:v", "libsvtav1", "-preset", "12", "-crf", "40"]),
        case("interlaced.mkv", &["-f", "lavfi", "-i", "testsrc2=size=400x304:rate=50:duration=2"], INTERLACED),
        case("mpeg2.mkv", &["-f", "lavfi", "-i", "testsrc2=size=400x304:rate=25:duration=2"], &["-c:v", "mpeg2video"]),
        case("full.mkv", FILM, &["-c:v", "mjpeg", "-pix_fmt", "yuvj422p", "-q:v", "3"]),
        case("lossless.mkv", FILM, &["-c:v", "ffv1", "-pix_fmt", "yuv444p"]),
        case("wide.mkv", FILM, &["-c:v", "libx264", "-preset", "ultrafast", "-vf", "setsar=4/3"]),
        case(
            "odd.mkv",
            &["-f", "lavfi", "-i", "testsrc2=size=401x303:rate=10:duration=1.5"],
            &["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"],
        ),
        case("small.mkv", &["-f", "lavfi", "-i", "testsrc2=size=176x144:rate=10:duration=1.5"], &["-c:v", "libx264"]),
        case(
            "uneven.mkv",
            FILM,
            &[
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-vf",
                "select='not(mod(n\\,3))+eq(n\\,4)'",
                "-vsync",
                "passthrough",
            ],
        ),
        case(
            "av1.mp4",
            FILM_AND_SOUND,
            &["-c:v", "libsvtav1", "-preset", "12", "-crf", "40", "-c:a", "aac", "-metadata", "title=Steppe"],
        ),
        case("main.mp4", FILM_AND_SOUND, &["-c:v", "libx264", "-preset", "fast", "-c:a", "aac"]),
        case("interlaced.mp4", &["-f", "lavfi", "-i", "testsrc2=size=400x304:rate=50:duration=2"], INTERLACED),
        case("hdr.mov", FILM, HDR),
        case(
            "prores.mov",
            &["-f", "lavfi", "-i", "testsrc2=size=400x300:rate=25:duration=1"],
            &["-c:v", "prores_ks", "-profile:v", "2", "-pix_fmt", "yuv422p10le", "-timecode", "01:00:00:00"],
        ),
        case("mpeg4.avi", FILM_AND_SOUND, &["-c:v", "mpeg4", "-vtag", "XVID", "-q:v", "4", "-c:a", "libmp3lame"]),
        case("mjpeg.avi", FILM_AND_SOUND, &["-c:v", "mjpeg", "-q:v", "4", "-c:a", "pcm_s16le"]),
        case("h264.ts", FILM_AND_SOUND, &["-c:v", "libx264", "-preset", "fast", "-c:a", "aac"]),
        case(
            "mpeg2.m2ts",
            &["-f", "lavfi", "-i", "testsrc2=size=400x304:rate=25:duration=2"],
            &["-c:v", "mpeg2video", "-q:v", "3"],
        ),
        case("hevc.ts", FILM, &["-pix_fmt", "yuv420p", "-c:v", "libx265", "-x265-params", "log-level=error"]),
        case("h264.avi", FILM, &["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"]),
    ]
}

fn made(folder: &Path, case: &Case) -> PathBuf {
    let path = folder.join(case.name);
    run("ffmpeg", &[&["-y", "-v", "error"][..], case.inputs, case.arguments, &[text(&path)]].concat());
    path
}

fn policy() -> Policy {
    Policy::kazakhstan().video_notice(VideoNotice::Banner)
}

/// Labels a file; the result and its sidecar, where it has one, stand beside it.
fn label(labeler: &Labeler, path: &Path) -> tanba::Result<(PathBuf, Receipt)> {
    let result = path.with_file_name(format!("labelled-{}", path.file_name().unwrap().to_str().unwrap()));
    let receipt = labeler.label_file(path, &result, tanba::Overwrite::Replace)?;
    Ok((result, receipt))
}

fn verify(path: &Path, ffmpeg: Option<&Ffmpeg>) -> Report {
    let mut verifier = Verifier::new().anchors(anchors());
    if let Some(ffmpeg) = ffmpeg {
        verifier = verifier.ffmpeg(ffmpeg.clone());
    }
    verifier.verify_file(path).unwrap()
}

#[test]
fn the_banner_is_on_every_frame_and_the_film_stays_what_it_was() {
    every_frame(|name| name.ends_with(".mkv") || name.ends_with(".webm"));
}

#[test]
fn so_it_is_in_mp4_quicktime_and_avi() {
    every_frame(|name| !name.ends_with(".mkv") && !name.ends_with(".webm"));
}

/// `TANBA_ONLY` names some of the cases.
fn every_frame(of: fn(&str) -> bool) {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let labeler = labeler().policy(policy()).ffmpeg(ffmpeg.clone().scratch(scratch.path()));
    let only = std::env::var("TANBA_ONLY").unwrap_or_default();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let wanted = |case: &&Case| of(case.name) && only.split(',').any(|part| case.name.contains(part));
    for case in cases().iter().filter(wanted) {
        let path = made(folder.path(), case);
        for fault in faults(&labeler, &ffmpeg, &path) {
            eprintln!("{}: {fault}", case.name);
            wrong.push(format!("{}: {fault}", case.name));
        }
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0, "{}: temporary files", case.name);
        seen += 1;
    }
    assert!(wrong.is_empty(), "{} of them\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen > 0 || !only.is_empty());
}

fn faults(labeler: &Labeler, ffmpeg: &Ffmpeg, path: &Path) -> Vec<String> {
    let original = fs::read(path).unwrap();
    let (result, receipt) = match label(labeler, path) {
        Ok(done) => done,
        Err(error) => return vec![format!("not labelled: {error}")],
    };
    let mut wrong = Vec::new();
    let mut hold = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    hold(fs::read(path).unwrap() == original, "the original was changed".into());
    hold(receipt.is_complete(), format!("{:?} {:?}", receipt.incomplete, receipt.remarks));
    let reencoding = receipt.reencoding.clone().unwrap();
    let command = reencoding.command.join(" ");
    hold(reencoding.program.starts_with("ffmpeg ") && command.contains("INPUT") && !command.contains("/proc"), command);
    let placed = receipt.notice.clone().unwrap();
    // The kinds of everything, and what the colours mean.
    let (before, after) = (probed(path), probed(&result));
    let of_film = [
        "codec_name",
        "codec_tag_string",
        "pix_fmt",
        "color_range",
        "color_space",
        "color_transfer",
        "color_primaries",
        "field_order",
        "sample_aspect_ratio",
        "r_frame_rate",
    ];
    let (film, shown) = (&before["streams"][0], &after["streams"][0]);
    for key in of_film {
        hold(film[key].is_null() || film[key] == shown[key], format!("{key} was {} and is {}", film[key], shown[key]));
    }
    hold(
        film["height"].as_u64().unwrap() + u64::from(placed.strip).next_multiple_of(2)
            == shown["height"].as_u64().unwrap(),
        format!("{} high, {} now", film["height"], shown["height"]),
    );
    let kinds = |all: &Value| -> Vec<String> {
        let streams = all["streams"].as_array().unwrap().iter();
        streams
            .map(|stream| format!("{} {} {}", stream["codec_name"], stream["disposition"], stream["tags"]["title"]))
            .collect()
    };
    hold(kinds(&before) == kinds(&after), format!("{:?}\n{:?}", kinds(&before), kinds(&after)));
    hold(packets(path) == packets(&result), "packets of other streams".into());
    hold(times(path) == times(&result), format!("{:?} {:?}", times(path), times(&result)));
    if path.to_str().unwrap().contains("hdr") {
        hold(receipt.remarks.iter().all(|remark| !remark.contains(" and is ")), format!("{:?}", receipt.remarks));
    }
    // Every frame, decoded by ffmpeg.
    let (width, _, old) = grey(path);
    let (now, height, new) = grey(&result);
    hold((width, old.len()) == (now, new.len()), format!("{width} {} {now} {}", old.len(), new.len()));
    let least = (0.05 * width.min(height) as f64).ceil() as usize;
    for (number, (old, new)) in old.iter().zip(&new).enumerate() {
        let (letter, dark, light) = measured(new, width, placed.rect);
        hold(letter + 1 >= least, format!("frame {number}: letters of {letter} px, {least} wanted"));
        // Paper white is 58 % of the signal in PQ.
        hold(dark < 40 && light > 130, format!("frame {number}: from {dark} to {light}"));
        let like = psnr(old, new, width, placed.strip as usize, placed.rect);
        hold(like > 27.0, format!("frame {number}: {like:.1} dB"));
    }
    let report = verify(&result, Some(ffmpeg));
    let axes = (report.verdict, report.headline, report.binding);
    hold(axes == (Verdict::Valid, Headline::AiMadeProven, Binding::Intact), format!("{axes:?} {:?}", report.findings));
    match report.notices.as_slice() {
        [notice] => {
            hold(notice.signed_place && notice.contrast > 4.5 && notice.inside, format!("{notice:?}"));
            hold(notice.cap_height_share > 0.045, format!("{notice:?}"));
            hold(notice.languages.len() == 2 && notice.spans == placed.spans, format!("{notice:?} {:?}", placed.spans));
        }
        others => hold(false, format!("{others:?} {:?}", report.not_examined)),
    }
    let unseen = verify(&result, None);
    let said = unseen.not_examined.iter().any(|what| what.contains("without ffmpeg nobody looked"));
    hold(unseen.notices.is_empty() && said, format!("{:?}", unseen.not_examined));
    wrong
}

#[test]
fn everything_beside_the_film_stays() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let subtitles = file("a.srt", "1\n00:00:00,000 --> 00:00:01,500\nThe wind came over the steppe.\n\n");
    let font = file("a.ttf", "not a font, but a file");
    let chapters = file(
        "a.txt",
        ";FFMETADATA1\ntitle=Steppe\nCUSTOM=kept\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=900\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=900\nEND=2000\ntitle=Two\n",
    );
    let path = folder.path().join("rich.mkv");
    let made = [
        "-y",
        "-v",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=400x300:rate=10:duration=2",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:duration=2",
        "-i",
        text(&subtitles),
        "-i",
        text(&chapters),
        "-map",
        "1:a",
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-map",
        "2:s",
        "-map_metadata",
        "3",
        "-map_chapters",
        "3",
        "-attach",
        text(&font),
        "-metadata:s:t",
        "mimetype=font/ttf",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-c:a:0",
        "flac",
        "-c:a:1",
        "libopus",
        "-c:s",
        "srt",
        "-metadata:s:v",
        "title=Main",
        "-metadata:s:v",
        "language=kaz",
        "-metadata:s:a:1",
        "language=rus",
        "-disposition:s:0",
        "forced",
        "-disposition:v:0",
        "default",
    ];
    run("ffmpeg", &[&made[..], &[text(&path)]].concat());
    let labeler = labeler().policy(policy()).ffmpeg(ffmpeg.clone());
    let (result, receipt) = label(&labeler, &path).unwrap();
    assert!(receipt.is_complete() && receipt.sidecar.is_some());
    let (before, after) = (probed(&path), probed(&result));
    let streams = |all: &Value| -> Vec<String> {
        let tags = ["title", "language", "filename", "mimetype"];
        let streams = all["streams"].as_array().unwrap().iter();
        let row = |stream: &Value| {
            let tags: Vec<_> = tags.iter().map(|tag| stream["tags"][tag].to_string()).collect();
            format!("{} {} {} {}", stream["codec_type"], stream["codec_name"], stream["disposition"], tags.join(" "))
        };
        streams.map(row).collect()
    };
    assert_eq!(streams(&before), streams(&after));
    // All streams start a little later where one started before the film did: Opus does.
    let chapters = |all: &Value| -> Vec<(String, i64)> {
        let chapters = all["chapters"].as_array().unwrap().iter();
        let start = |chapter: &Value| chapter["start_time"].as_str().unwrap().parse::<f64>().unwrap();
        chapters.map(|chapter| (chapter["tags"]["title"].to_string(), (start(chapter) * 20.0).round() as i64)).collect()
    };
    assert_eq!(chapters(&before), chapters(&after));
    for tag in ["title", "CUSTOM"] {
        assert_eq!(before["format"]["tags"][tag], after["format"]["tags"][tag]);
    }
    assert_eq!(packets(&path), packets(&result));
    assert_eq!((attached(&path), attached(&result)), (fs::read(&font).unwrap(), fs::read(&font).unwrap()));
    // The banner is there to be read, among all of that.
    let alone = folder.path().join("alone.mkv");
    run("ffmpeg", &["-y", "-v", "error", "-i", text(&result), "-map", "0:v:0", "-c", "copy", text(&alone)]);
    let (width, height, shown) = grey(&alone);
    let (rect, least) = (receipt.notice.as_ref().unwrap().rect, (0.05 * width.min(height) as f64).ceil() as usize);
    for frame in [0, shown.len() / 2, shown.len() - 1] {
        let (letter, dark, light) = measured(&shown[frame], width, rect);
        assert!(letter + 1 >= least && dark < 40 && light > 200, "frame {frame}: {letter} px, {dark} to {light}");
    }
    // Another program reads what was added.
    assert_eq!(after["format"]["tags"]["AISYSTEMUSED"], "Acme Diffusion");
    assert_eq!(after["format"]["tags"]["DESCRIPTION"], "ЖИ көмегімен жасалды / Создано ИИ");

    // Again: the banner is seen, and no second one is drawn; the record is replaced, not doubled.
    let (again, second) = label(&labeler, &result).unwrap();
    let (first, second) = (receipt.notice.unwrap(), second.notice.unwrap());
    assert!(second.kept && !first.kept && first.lines.join(" ") == second.lines.join(" "), "{second:?}");
    assert_eq!(fs::read(&again).unwrap().len(), fs::read(&result).unwrap().len());
    let count = |path: &Path| memchr::memmem::find_iter(&fs::read(path).unwrap(), b"AICONTENTID").count();
    assert_eq!((count(&result), count(&again)), (1, 1));
    assert_eq!(verify(&again, Some(&ffmpeg)).verdict, Verdict::Valid);
}

#[test]
fn a_banner_that_comes_back_is_there_at_its_times() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.mkv");
    let made =
        ["-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=2:duration=12", "-c:v", "libx264"];
    run("ffmpeg", &[&made[..], &[text(&path)]].concat());
    let (shown, every) = (Duration::from_secs(2), Duration::from_secs(5));
    let policy = policy().banner_times(BannerTimes::Recurring { shown, every }).unwrap();
    let ffmpeg = ffmpeg.quality(FilmQuality::AsSource);
    let (result, receipt) = label(&labeler().policy(policy).ffmpeg(ffmpeg.clone()), &path).unwrap();
    let placed = receipt.notice.unwrap();
    let spans: Vec<_> = placed.spans.iter().map(|span| (span.from_ms, span.to_ms)).collect();
    assert_eq!(spans, [(0, 2_000), (5_000, 7_000), (10_000, 12_000)]);
    assert!(receipt.reencoding.unwrap().command.iter().any(|word| word.starts_with("-maxrate:")));
    let (width, _, frames) = grey(&result);
    let (_, _, before) = grey(&path);
    for (number, (frame, old)) in frames.iter().zip(&before).enumerate() {
        let nothing = Rect { width: 0, height: 0, ..placed.rect };
        let like = psnr(old, frame, width, 0, nothing);
        if number % 10 < 4 {
            let (_, dark, light) = measured(frame, width, placed.rect);
            assert!(dark < 40 && light > 200 && like < 25.0, "frame {number}: {dark} {light} {like:.1} dB");
        } else {
            assert!(like > 25.0, "frame {number}: {like:.1} dB");
        }
    }
    let report = verify(&result, Some(&ffmpeg));
    assert!(report.notices.len() == 1 && report.notices[0].spans == placed.spans, "{:?}", report.notices);
}

/// Ten seconds, which is long enough for an encoder to come near to what it is told.
#[test]
fn the_bitrate_is_the_sources_and_progress_rises_to_its_end() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, codec, rate) in [("a.mp4", "libx264", 600_000.0), ("a.avi", "mpeg4", 1_500_000.0)] {
        let path = folder.path().join(name);
        let input = ["-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=480x360:rate=25:duration=10"];
        let rate_told = format!("{rate}");
        let coded = ["-vf", "noise=alls=12:allf=t", "-c:v", codec, "-b:v", &rate_told, text(&path)];
        run("ffmpeg", &[&input[..], &coded].concat());
        let told = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let into = told.clone();
        let ffmpeg =
            ffmpeg.clone().quality(FilmQuality::AsSource).on_progress(move |share| into.lock().unwrap().push(share));
        let (result, _) = label(&labeler().policy(policy()).ffmpeg(ffmpeg), &path).unwrap();
        let rate = |path: &Path| {
            let arguments = ["-v", "error", "-select_streams", "v:0", "-show_entries", "packet=size", "-of", "csv=p=0"];
            let printed = String::from_utf8(run("ffprobe", &[&arguments[..], &[text(path)]].concat())).unwrap();
            printed.lines().filter_map(|line| line.trim_matches(',').parse::<f64>().ok()).sum::<f64>()
        };
        let share = rate(&result) / rate(&path);
        assert!((0.75..=1.25).contains(&share), "{name}: {share:.3} of the bytes");
        let told = told.lock().unwrap();
        assert!(told.is_sorted() && told.len() > 1, "{name}: {told:?}");
        assert!(told.iter().all(|share| (0.0..=1.0).contains(share)), "{name}: {told:?}");
        assert!(told.last().is_some_and(|last| *last > 0.9), "{name}: {told:?}");
    }
}

/// A film of somebody else's, half a minute long.
#[test]
fn a_film_of_the_corpus_gets_its_banner() {
    let (Some(ffmpeg), Some(corpus)) = (ffmpeg(), common::corpus("unlabelled")) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.avi");
    fs::copy(corpus.into_iter().find(|path| path.ends_with("test.avi")).unwrap(), &path).unwrap();
    let (result, receipt) = label(&labeler().policy(policy()).ffmpeg(ffmpeg.clone()), &path).unwrap();
    assert!(receipt.is_complete() && receipt.notice.is_some(), "{receipt:#?}");
    assert_eq!(packets(&path), packets(&result));
    assert_eq!(times(&path), times(&result));
    let report = verify(&result, Some(&ffmpeg));
    assert_eq!((report.verdict, report.headline), (Verdict::Valid, Headline::AiMadeProven), "{:#?}", report.findings);
    assert!(report.notices.iter().any(|notice| notice.signed_place && notice.contrast > 4.5), "{:?}", report.notices);
    let Some(said) = python("c2pa", READER, &[text(&result), "video/avi"]) else { return };
    assert_eq!(said.trim(), "Valid");
}

#[test]
fn the_label_that_stands_there_becomes_history() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signed.avi");
    fs::copy(common::fixture("av/signed.avi"), &path).unwrap();
    let labeler = labeler().policy(policy().languages(&["en"]).unwrap()).ffmpeg(ffmpeg.clone());
    let (result, receipt) = label(&labeler, &path).unwrap();
    assert!(receipt.is_complete() && receipt.notice.unwrap().strip > 0);
    let report = verify(&result, Some(&ffmpeg));
    assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::Valid, 2), "{:#?}", report.findings);
    // A second time, in place of the first.
    let (again, second) = label(&labeler, &result).unwrap();
    assert!(second.notice.unwrap().kept && second.reencoding.is_none());
    let report = verify(&again, Some(&ffmpeg));
    assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::Valid, 3), "{:#?}", report.findings);
}

#[test]
fn a_film_that_is_shown_turned_gets_its_banner_upright() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (flat, path) = (folder.path().join("flat.mp4"), folder.path().join("turned.mp4"));
    let made = ["-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=400x300:rate=5:duration=1", "-c:v", "libx264"];
    run("ffmpeg", &[&made[..], &[text(&flat)]].concat());
    for (turn, position) in [(90_i64, None), (180, None), (270, None), (270, Some(Place::BottomLeft))] {
        let rotate = format!("rotate={turn}");
        let turned = ["-c", "copy", "-metadata:s:v", &rotate, text(&path)];
        run("ffmpeg", &[&["-y", "-v", "error", "-i", text(&flat)][..], &turned].concat());
        let rotation = probed(&path)["streams"][0]["side_data_list"][0]["rotation"].as_i64().unwrap();
        assert_eq!(rotation.rem_euclid(360), turn);
        let policy = position.map_or_else(policy, |position| {
            policy().notice_style(NoticeStyle { place: position, ..NoticeStyle::default() }).unwrap()
        });
        let (result, receipt) = label(&labeler().policy(policy).ffmpeg(ffmpeg.clone()), &path).unwrap();
        assert!(receipt.remarks.iter().any(|remark| remark.contains("upright")), "{turn}: {:?}", receipt.remarks);
        let stream = &probed(&result)["streams"][0];
        let size = if turn == 180 { (400, 300) } else { (300, 400) };
        assert_eq!((stream["width"].as_u64(), stream["height"].as_u64()), (Some(size.0), Some(size.1)), "{turn}");
        assert!(stream["side_data_list"].is_null() && stream["tags"]["rotate"].is_null(), "{stream}");
        let (width, height, frames) = grey(&result);
        let rect = receipt.notice.unwrap().rect;
        assert!(frames.iter().all(|frame| measured(frame, width, rect).0 >= 14), "{turn}");
        let middle = (rect.x + rect.width / 2, rect.y + rect.height / 2);
        let at_top = middle.1 < height as u32 / 2;
        assert_eq!(at_top, position.is_none(), "{turn}: {rect:?}");
        assert!(position.is_none() || middle.0 < width as u32 / 2 + 20, "{turn}: {rect:?}");
        let report = verify(&result, Some(&ffmpeg));
        assert!(report.verdict == Verdict::Valid && report.notices.len() == 1, "{turn}: {:?}", report.not_examined);
    }
}

/// What the reference reader says of a file, whose manifest may stand beside it.
const READER: &str = "import sys, json, c2pa
with open(sys.argv[1], 'rb') as f:
    beside = [open(path, 'rb').read() for path in sys.argv[3:]]
    r = c2pa.Reader(sys.argv[2], f, *beside)
    print(json.loads(r.json())['validation_state'])";

#[test]
fn another_reader_calls_them_valid() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let labeler = labeler().policy(policy()).ffmpeg(ffmpeg);
    let small = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=5:duration=1"];
    for (name, media_type) in [("a.avi", "video/avi"), ("a.mp4", "video/mp4"), ("a.mov", "video/quicktime")] {
        let path = folder.path().join(name);
        run("ffmpeg", &[&["-y", "-v", "error"][..], &small, &["-c:v", "mjpeg", text(&path)]].concat());
        let (result, _) = label(&labeler, &path).unwrap();
        let Some(said) = python("c2pa", READER, &[text(&result), media_type]) else { return };
        assert_eq!(said.trim(), "Valid", "{name}");
    }
    // Those without a place for a manifest.
    let media_types = [("a.mkv", "video/x-matroska"), ("a.webm", "video/webm"), ("a.ts", "video/mp2t")];
    for (name, media_type) in media_types {
        let path = folder.path().join(name);
        let coded = ["-c:v", if name == "a.webm" { "libvpx" } else { "libx264" }, text(&path)];
        run("ffmpeg", &[&["-y", "-v", "error"][..], &small, &coded].concat());
        let (result, receipt) = label(&labeler, &path).unwrap();
        let beside = folder.path().join(format!("labelled-{name}.c2pa"));
        assert_eq!(fs::read(&beside).ok(), receipt.sidecar, "{name}");
        let said = || python("c2pa", READER, &[text(&result), media_type, text(&beside)]);
        assert_eq!(said().unwrap().trim(), "Valid", "{name}");
        let mut bytes = fs::read(&result).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&result, bytes).unwrap();
        assert_eq!(said().unwrap().trim(), "Invalid", "{name}");
    }
}

#[test]
fn what_cannot_stay_what_it_is_is_refused_with_what_to_do() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    let labeler = labeler().policy(policy()).ffmpeg(ffmpeg.clone());
    let small = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=5:duration=0.6"];
    let odd: &[(&str, &[&str], &str)] = &[
        ("deep.mkv", &["-pix_fmt", "yuv420p12le", "-c:v", "libx265", "-x265-params", "log-level=error"], "yuv420p12le"),
        ("clear.webm", &["-pix_fmt", "yuva420p", "-c:v", "libvpx-vp9", "-auto-alt-ref", "0"], "transparent"),
        ("two.mkv", &["-map", "0:v", "-map", "0:v", "-c:v", "libx264"], "several films"),
        ("old.avi", &["-c:v", "cinepak"], "cinepak cannot be encoded again"),
        ("grey.mkv", &["-c:v", "ffv1", "-pix_fmt", "gray"], "cannot be drawn into its pixels"),
        ("new.mkv", &["-c:v", "snow", "-strict", "-2"], "snow cannot be encoded again"),
    ];
    for (name, arguments, wanted) in odd {
        let path = folder.path().join(name);
        run("ffmpeg", &[&["-y", "-v", "error"][..], &small, arguments, &[text(&path)]].concat());
        let error = label(&labeler, &path).unwrap_err();
        let said = error.to_string();
        assert!(error.fixable_by() == FixableBy::Caller && said.contains(wanted), "{name}: {said}");
    }
    // An encoder of the caller's makes the same codec, or nothing.
    let path = folder.path().join("own.mkv");
    run("ffmpeg", &[&["-y", "-v", "error"][..], &small, &["-c:v", "mpeg4", text(&path)]].concat());
    for (encoder, wanted) in
        [("libxvid", ""), ("libx264", "makes h264"), ("x265nn", "no encoder x265nn"), ("a b", "name")]
    {
        let ffmpeg = ffmpeg.clone().encoder(encoder).threads(std::num::NonZeroU32::MIN);
        let labeler = common::labeler().policy(policy()).ffmpeg(ffmpeg);
        match label(&labeler, &path) {
            Ok((_, receipt)) => {
                assert!(wanted.is_empty() && receipt.reencoding.unwrap().command.contains(&encoder.to_owned()))
            }
            Err(error) => assert!(!wanted.is_empty() && error.to_string().contains(wanted), "{encoder}: {error}"),
        }
    }
    let sound = folder.path().join("sound.mka");
    run("ffmpeg", &["-y", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "flac", text(&sound)]);
    assert!(label(&labeler, &sound).unwrap_err().to_string().contains("no moving pictures"));
    // Damaged: nothing that is half a film comes out.
    let path = folder.path().join("cut.avi");
    run("ffmpeg", &[&["-y", "-v", "error"][..], &small, &["-c:v", "mjpeg", text(&path)]].concat());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let labelled = label(&labeler, &path);
    assert!(
        labelled.is_err_and(|error| error.fixable_by() == FixableBy::Content)
            || folder.path().join("labelled-cut.avi").is_file()
    );
}

#[test]
fn the_films_own_xmp_is_carried_over() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["clip.mp4", "clip.avi", "clip.mov"] {
        let path = folder.path().join(name);
        let mut film = fs::read(common::fixture(&format!("av/{name}"))).unwrap();
        // Something that no record of ours replaces.
        let (old, new) = (b"AISystemUsed=\"Acme Voice\"", b"Headline=\"kept all along\" ");
        let at = film.windows(old.len()).position(|window| window == old).unwrap();
        film[at..at + old.len()].copy_from_slice(&new[..old.len()]);
        fs::write(&path, film).unwrap();
        let (result, receipt) = label(&labeler().policy(policy()).ffmpeg(ffmpeg.clone()), &path).unwrap();
        let bytes = fs::read(&result).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(holds("kept all along"), "{name}");
        assert!(receipt.record && holds("trainedAlgorithmicMedia"), "{name}");
        assert!(!receipt.remarks.iter().any(|remark| remark.contains("XMP")), "{:?}", receipt.remarks);
        let bare = labeler().policy(policy().with_record(false)).ffmpeg(ffmpeg.clone());
        let (_, receipt) = label(&bare, &path).unwrap();
        assert!(receipt.remarks.iter().any(|remark| remark.contains("XMP")), "{:?}", receipt.remarks);
    }
}

#[test]
fn what_ffmpeg_leaves_out_is_named() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let folder = tempfile::tempdir().unwrap();
    for name in ["clip.mp4", "clip.mov"] {
        let path = folder.path().join(name);
        let mut film = fs::read(common::fixture(&format!("av/{name}"))).unwrap();
        let labeler = labeler().policy(policy()).ffmpeg(ffmpeg.clone());
        fs::write(&path, &film).unwrap();
        let named = |remarks: &[String]| remarks.iter().find(|remark| remark.contains("left out")).cloned();
        let (_, receipt) = label(&labeler, &path).unwrap();
        // The film in QuickTime has China's label where ffmpeg does not look.
        let before = named(&receipt.remarks);
        assert_eq!(
            before.as_ref().map(|remark| remark.contains("moov/udta/AIGC")),
            (name == "clip.mov").then_some(true)
        );
        film.extend([&24_u32.to_be_bytes()[..], b"uuid", &[0x5a; 16]].concat());
        film.extend([&12_u32.to_be_bytes()[..], b"abcd", b"data"].concat());
        fs::write(&path, film).unwrap();
        let (_, receipt) = label(&labeler, &path).unwrap();
        let remark = named(&receipt.remarks).unwrap();
        assert!(remark.contains("abcd") && remark.ends_with("uuid 5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a"), "{remark}");
    }
}

#[test]
fn a_run_past_its_bounds_is_killed_and_leaves_nothing() {
    let Some(ffmpeg) = ffmpeg() else { return };
    let (folder, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = folder.path().join("a.mkv");
    let made = ["-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=20"];
    run("ffmpeg", &[&made[..], &["-c:v", "mpeg4", "-q:v", "20", text(&path)]].concat());
    let ffmpeg = ffmpeg.scratch(scratch.path());
    let cancelled = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    for (ffmpeg, wanted) in [
        (ffmpeg.clone().timeout(Duration::from_millis(800)), "was killed after 0.8 s"),
        (ffmpeg.clone().max_output(100_000), "100000 bytes"),
        (ffmpeg.clone().cancelled_by(cancelled), "cancelled"),
    ] {
        let started = Instant::now();
        let error = label(&labeler().policy(policy()).ffmpeg(ffmpeg), &path).unwrap_err();
        assert!(matches!(&error, Error::Ffmpeg { why } if why.contains(wanted)), "{error}");
        assert_eq!(error.fixable_by(), FixableBy::Operator);
        assert!(started.elapsed() < Duration::from_secs(30), "{wanted}: {:?}", started.elapsed());
        assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
        assert!(!folder.path().join("labelled-a.mkv").exists());
    }
}

/// Runs everywhere: nothing of it is there to be run.
#[test]
fn without_ffmpeg_a_banner_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["clip.avi", "clip.mkv", "clip.webm", "clip.ts"] {
        let path = folder.path().join(name);
        fs::copy(common::fixture(&format!("av/{name}")), &path).unwrap();
        let error = label(&labeler().policy(policy()), &path).unwrap_err();
        assert!(matches!(&error, Error::Argument { argument: "ffmpeg", .. }), "{error}");
        assert!(error.to_string().contains("opening card") && error.fixable_by() == FixableBy::Caller);
        // Nor is a card a banner.
        let error = label(&labeler(), &path).unwrap_err();
        assert!(matches!(&error, Error::Unsupported { what, .. } if what.contains("banner")), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // Half a label is one when it was asked for.
        let (result, receipt) = label(&labeler().policy(policy().with_notice(false).with_aigc(true)), &path).unwrap();
        assert!(receipt.is_as_asked() && !receipt.is_complete() && receipt.manifest);
        assert_eq!(receipt.record, name != "clip.ts", "a transport stream has no place for one");
        let report = verify(&result, None);
        assert_eq!(
            (report.verdict, report.binding),
            (Verdict::Valid, Binding::Intact),
            "{name}: {:#?}",
            report.findings
        );
        assert!(report.not_examined.iter().any(|what| what.contains("without ffmpeg nobody looked")));
        let china = Verifier::new().profile(tanba::Profile::Cn).verify_file(&result).unwrap().profile.unwrap();
        let once = china.rules.iter().find(|rule| rule.id == "cn-6-1-once").unwrap();
        assert_eq!(once.outcome == tanba::Outcome::Pass, receipt.record, "{name}: {once:?}");
        fs::read_dir(folder.path()).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
    }
    // Nor is a banner a card, where a film could have one.
    for name in ["clip.mp4", "clip.mov"] {
        let path = folder.path().join(name);
        fs::copy(common::fixture(&format!("av/{name}")), &path).unwrap();
        let error = label(&labeler().policy(policy()), &path).unwrap_err();
        assert!(matches!(&error, Error::Argument { argument: "ffmpeg", .. }), "{name}: {error}");
        assert!(!folder.path().join(format!("labelled-{name}")).exists());
    }
    // A card needs no program: neither to be put in front nor to be found.
    for name in ["film.mp4", "film.mov", "standing.mp4"] {
        let path = folder.path().join(name);
        fs::copy(common::fixture(&format!("film/{name}")), &path).unwrap();
        let (result, receipt) = label(&labeler(), &path).unwrap();
        assert!(receipt.is_complete() && receipt.reencoding.is_none(), "{name}: {receipt:#?}");
        let report = verify(&result, None);
        assert_eq!((report.verdict, report.headline), (Verdict::Valid, Headline::AiMadeProven), "{name}");
        assert!(report.notices.iter().any(|notice| notice.signed_place), "{name}: {:?}", report.not_examined);
    }
    let error = Ffmpeg::at(folder.path().join("ffmpeg")).unwrap_err();
    assert!(error.to_string().contains("install ffmpeg") && error.fixable_by() == FixableBy::Operator);
}

#[test]
fn the_program_says_what_it_needs_and_what_it_found() {
    let desk = common::desk::Desk::new();
    fs::copy(common::fixture("av/clip.mkv"), desk.path("work").join("clip.mkv")).unwrap();
    let run = |path: &str, arguments: &[&str]| {
        let mut command = common::tanba(&desk.path("config"));
        command.current_dir(desk.path("work")).env("PATH", path).args(arguments).output().unwrap()
    };
    let label = |path: &str, more: &[&str]| {
        let arguments = ["label", "clip.mkv", "-o", "out.mkv", "--system", "Acme", "--lang", "en"];
        let output = run(path, &[&arguments[..], more].concat());
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let nowhere = desk.path("nowhere");
    let (code, said) = label(text(&nowhere), &["--video-notice", "banner"]);
    assert!(code == Some(2) && said.contains("needs ffmpeg"), "{code:?} {said}");
    let (code, said) = label(text(&nowhere), &["--video-notice", "banner", "--ffmpeg", "nowhere/ffmpeg"]);
    assert!(code == Some(5) && said.contains("there is no such program"), "{code:?} {said}");
    let (code, said) = label(text(&nowhere), &[]);
    assert!(code == Some(2) && said.contains("banner"), "{code:?} {said}");
    let chain = desk.path("chain.pem");
    let said = String::from_utf8(run(text(&nowhere), &["doctor", "--chain", text(&chain)]).stdout).unwrap();
    assert!(said.contains("ffmpeg         none on PATH"), "{said}");
    if ffmpeg().is_none() {
        return;
    }
    let path = std::env::var("PATH").unwrap();
    let said = String::from_utf8(run(&path, &["doctor", "--chain", text(&chain), "--json"]).stdout).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    assert!(
        said["ffmpeg"]["version"].is_string() && said["ffmpeg"]["encoders"].as_array().is_some_and(|it| !it.is_empty())
    );
    let (code, said) = label(&path, &["--video-notice", "banner", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let verify = |more: &[&str]| {
        let output = run(&path, &[&["verify", "out.mkv", "--json"][..], more].concat());
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(verify(&[])["notices"].as_array().unwrap().len(), 1);
    assert_eq!(verify(&["--no-ffmpeg"])["notices"].as_array().unwrap().len(), 0);
}
