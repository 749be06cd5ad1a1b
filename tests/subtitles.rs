//! Labels in subtitles: a cue that people see, and every other cue as it was, to ffmpeg and to a browser as well.

mod common;

use std::{
    fs,
    io::{Cursor, Read as _, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use common::{anchors, label_with, signer, skip};
use tanba::{
    Binding, Disclosure, Error, Format, Headline, Labeler, Policy, ProsePlace, Receipt, Report, Statement, Verdict,
    Verifier,
};

const KK: &str = "ЖИ көмегімен жасалды";
const RU: &str = "Создано ИИ";

/// Subtitles of every shape, and the times at which the first cue is shown.
const FILES: &[(&str, &str)] = &[
    ("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.500\nThe wind came.\n\n00:03.000 --> 00:04.000\nNobody saw it.\n"),
    (
        "header.vtt",
        "WEBVTT - Steppe\nKind: captions\nLanguage: en\n\n1\n00:00:00.000 --> 00:00:02.000 line:0\nAt the top\n",
    ),
    (
        "styles.vtt",
        "WEBVTT\n\nSTYLE\n::cue(.a) { color: lime }\n\nREGION\nid:r\nwidth:40%\n\nNOTE one\nof two lines\n\nSTYLE\n::cue { color: white }\n\nname\n00:00.500 --> 00:02.000 region:r\n<v Wind><c.a>Hu</c>\n",
    ),
    (
        "crlf.vtt",
        "\u{feff}WEBVTT\r\n\r\n00:00.000 --> 00:02.000\r\nThe wind\r\ncame.\r\n\r\n00:02.000 --> 00:03.000\r\nAnd went",
    ),
    ("empty.vtt", "WEBVTT"),
    ("nothing.vtt", "\u{feff}WEBVTT header\n\n"),
    ("early.vtt", "WEBVTT\n00:01.000 --> 00:02.000\nToo early in the file\n"),
    (
        "a.srt",
        "1\n00:00:03,500 --> 00:00:05,000\nThe wind came.\n\n2\n00:00:06,000 --> 00:00:07,000\n<i>Nobody</i> saw it.\n",
    ),
    ("zero.srt", "0\r\n00:00:00,000 --> 00:00:02,000\r\nAt once\r\n\r\n1\r\n00:00:02,000 --> 00:00:03,000\r\nThe wind"),
    (
        "bom.srt",
        "\u{feff}1\n00:00:02,400 --> 00:00:05,000\nAfter a while\n\n\n2\n00:00:06,000 --> 00:00:07,000\nAnd then\n\n",
    ),
    ("same.srt", "1\n00:00:01,000 --> 00:00:02,000\nOne\n\n1\n00:00:02,000 --> 00:00:03,000\nTwo\n"),
    ("mac.vtt", "WEBVTT\r\r00:00.000 --> 00:02.000\rThe wind\rcame.\r\r00:02.000 --> 00:03.000\rAnd went\r"),
    // A file that was cut within its first cue: there is none that a player shows, and none is lost.
    ("cut.vtt", "WEBVTT\n\n00:01.000 --> 00:0"),
    ("mac.srt", "1\r00:00:01,000 --> 00:00:02,000\rOne\r\r2\r00:00:02,000 --> 00:00:03,000\rTwo\r"),
    // As some converters leave them: an empty line behind the number.
    ("loose.srt", "1\n\n00:00:01,000 --> 00:00:02,000\nOne\n\n2\n\n00:00:02,000 --> 00:00:03,000\nTwo\n"),
];

fn labeler() -> Labeler {
    Labeler::new(&Disclosure::generated("Acme Subtitles").provider("Acme LLP"), &signer())
}

fn label(name: &str, text: &str) -> (String, Receipt) {
    label_with(&labeler(), name, text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn verify(text: &str, receipt: &Receipt) -> Report {
    let (verifier, mut source) = (Verifier::new().anchors(anchors()), Cursor::new(text));
    match &receipt.sidecar {
        Some(store) => verifier.verify_with_manifest(&mut source, store).unwrap(),
        None => verifier.verify(&mut source).unwrap(),
    }
}

/// What was put between the lines of the original, if they are all there.
fn added(original: &str, labelled: &str) -> String {
    let lf = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    let (original, labelled) = (lf(original), lf(labelled));
    let mut lines = original.trim_start_matches('\u{feff}').split_inclusive('\n').peekable();
    let mut rest = String::new();
    for line in labelled.trim_start_matches('\u{feff}').split_inclusive('\n') {
        // The last line may have no end of its own.
        let same = |wanted: &&str| **wanted == *line || (!wanted.ends_with('\n') && line.trim_end() == *wanted);
        if lines.next_if(same).is_none() {
            rest.push_str(line);
        }
    }
    assert_eq!(lines.next(), None, "{labelled}");
    rest
}

#[test]
fn every_shape_is_labelled_and_nothing_else_changes() {
    for (name, text) in FILES {
        let (labelled, receipt) = label(name, text);
        let report = verify(&labelled, &receipt);
        assert_eq!((report.verdict, report.headline), (Verdict::Valid, Headline::AiMadeProven), "{name}: {report:#?}");
        assert_eq!(report.says, Some(Statement::FullyAi), "{name}");
        let [written] = report.written.as_slice() else { panic!("{name}: {report:#?}") };
        assert_eq!(written.lines, [KK, RU], "{name}");
        assert!(receipt.is_complete() && receipt.remarks.is_empty(), "{name}: {receipt:#?}");
        assert_eq!(receipt.sidecar.is_some(), name.ends_with("srt"), "{name}");
        let added = added(text, &labelled);
        assert!(added.contains(KK) && added.contains(RU), "{name}");
        assert_eq!(labelled.starts_with('\u{feff}'), text.starts_with('\u{feff}'), "{name}");
        // Every line end is of the kind that the file has.
        let ends = |text: &str| {
            let both = text.matches("\r\n").count();
            [both, text.matches('\n').count() - both, text.matches('\r').count() - both].map(|count| count > 0)
        };
        let unix = [false, true, false];
        assert_eq!(ends(&labelled), if text.contains(['\n', '\r']) { ends(text) } else { unix }, "{name}");
        // What people read is a part of what is signed.
        let broken = verify(&labelled.replace("ИИ", "мы"), &receipt);
        assert_eq!((broken.binding, broken.headline), (Binding::Broken, Headline::Broken), "{name}");
    }
}

#[test]
fn a_second_label_replaces_the_first() {
    let edited = Labeler::new(&Disclosure::modified("Acme Editor"), &signer());
    for (name, text) in FILES {
        let (once, receipt) = label(name, text);
        let (twice, again) = label(name, &once);
        assert!(again.written.as_ref().unwrap().kept, "{name}: {again:#?}");
        assert_eq!(added(text, &twice).matches(KK).count(), 1, "{name}");
        assert_eq!(twice.len(), once.len() + twice.matches("BEGIN C2PA").count() * grown(&receipt, &again), "{name}");
        assert_eq!(verify(&twice, &again).headline, Headline::AiMadeProven, "{name}");
        // A manifest beside the file is not seen from within: in SubRip the number of the cue tells whose it is.
        let (other, receipt) = label_with(&edited, name, &once).unwrap();
        let report = verify(&other, &receipt);
        assert_eq!((report.written.len(), report.verdict), (1, Verdict::Valid), "{name}: {report:#?}");
        assert!(!other.contains(RU) && other.contains("Изменено с помощью ИИ"), "{name}");
        added(text, &other);
    }
    // At both ends; and what an author wrote stays.
    let last = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    let (twice, _) = label_with(&last, "a.srt", FILES.iter().find(|(name, _)| *name == "a.srt").unwrap().1).unwrap();
    let (other, _) = label_with(&edited, "a.srt", &twice).unwrap();
    assert!(twice.matches(RU).count() == 2 && !other.contains(RU), "{other}");
    let credit = format!("1\n00:00:00,000 --> 00:00:02,000\n{RU}\n\n2\n00:00:03,000 --> 00:00:04,000\nThe wind\n");
    assert!(label_with(&edited, "b.srt", &credit).unwrap().0.ends_with(&credit));
}

/// By how much the Base64 of a store grew.
fn grown(before: &Receipt, after: &Receipt) -> usize {
    let encoded = |receipt: &Receipt| usize::try_from(receipt.manifest_bytes.div_ceil(3) * 4).unwrap();
    encoded(after) - encoded(before)
}

#[test]
fn the_notice_stands_where_it_can_be_read() {
    let (labelled, _) = label(FILES[2].0, FILES[2].1);
    let at = |words: &str| labelled.find(words).unwrap_or_else(|| panic!("{words}: {labelled}"));
    // Style sheets and regions count before the first cue only; the manifest is a comment in front of them.
    assert!(at("NOTE -----BEGIN") < at("STYLE") && at("::cue { color") < at("tanba-notice") && at(RU) < at("name\n"));
    assert!(labelled.contains("tanba-notice\n00:00:00.000 --> 00:00:03.000 line:0\n"));
    // In front of the first words, where there is time for both; else at the top of the picture, with a number of its own.
    let cue = |name: &str| {
        let text = FILES.iter().find(|(file, _)| *file == name).unwrap().1;
        label(name, text).0.trim_start_matches('\u{feff}').lines().take(3).collect::<Vec<_>>().join("|")
    };
    assert_eq!(cue("a.srt"), format!("0|00:00:00,000 --> 00:00:03,000|{KK}"));
    assert_eq!(cue("bom.srt"), format!("0|00:00:00,000 --> 00:00:02,400|{KK}"));
    assert_eq!(cue("zero.srt"), format!("2|00:00:00,000 --> 00:00:03,000|{{\\an8}}{KK}"));
    // A segment of a stream begins later than at 0.
    let segment = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:900000,LOCAL:00:00:00.000\n\n00:07:01.000 --> 00:07:02.000\nWind\n";
    assert!(label("s.vtt", segment).0.contains("tanba-notice\n00:07:01.000 --> 00:07:04.000 line:0\n"));
    // Long words stay longer.
    let long = Policy::kazakhstan().wording(["a".repeat(90)]).unwrap();
    assert!(
        label_with(&labeler().policy(long), "a.vtt", FILES[0].1).unwrap().0.contains("00:00:00.000 --> 00:00:06.000")
    );
}

#[test]
fn the_policy_is_followed() {
    let last = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    for (name, text) in FILES {
        let (labelled, receipt) = label_with(&last, name, text).unwrap();
        let report = verify(&labelled, &receipt);
        assert!(report.written.len() == 2 && report.verdict == Verdict::Valid, "{name}: {report:#?}\n{labelled}");
        assert!(receipt.written.unwrap().at_the_end, "{name}");
        assert_eq!(added(text, &labelled).matches(RU).count(), 2, "{name}");
    }
    let vtt = FILES[0].1;
    let beside = labeler().policy(Policy::kazakhstan().with_manifest_beside_text(true));
    let (labelled, receipt) = label_with(&beside, "a.vtt", vtt).unwrap();
    assert!(!labelled.contains("C2PA") && verify(&labelled, &receipt).headline == Headline::AiMadeProven);
    let silent = labeler().policy(Policy::kazakhstan().with_notice(false));
    let (labelled, receipt) = label_with(&silent, "a.vtt", vtt).unwrap();
    assert!(!labelled.contains(RU) && !receipt.is_complete() && receipt.is_as_asked());
    let unsigned = labeler().policy(Policy::kazakhstan().with_manifest(false));
    let (labelled, receipt) = label_with(&unsigned, "a.srt", FILES[8].1).unwrap();
    assert!(labelled.contains(RU) && receipt.sidecar.is_none());
    // WebVTT has ways to write its own signs, SubRip has none.
    let signs = labeler().policy(Policy::kazakhstan().wording(["AI <made> & --> shown"]).unwrap());
    let (labelled, receipt) = label_with(&signs, "a.vtt", vtt).unwrap();
    assert!(labelled.contains("AI &lt;made&gt; &amp; --&gt; shown"));
    assert_eq!(verify(&labelled, &receipt).written[0].lines, ["AI <made> & --> shown"]);
    let (labelled, receipt) = label_with(&signs, "a.srt", FILES[8].1).unwrap();
    assert!(receipt.written.is_none() && !receipt.is_complete() && added(FILES[8].1, &labelled).is_empty());
    assert!(receipt.remarks.iter().any(|remark| remark.contains("cannot escape")), "{receipt:#?}");
}

#[test]
fn what_cannot_be_labelled_says_why() {
    let pictures = "WEBVTT\n\n00:00.000 --> 00:05.000\nsmall.jpg#xywh=0,0,160,90\n";
    let (labelled, receipt) = label("thumbs.vtt", pictures);
    assert!(!labelled.contains(RU) && receipt.incomplete[0].contains("data for programs"), "{receipt:#?}");
    assert_eq!(verify(&labelled, &receipt).binding, Binding::Intact);
    let refused = |name: &str, text: &[u8]| {
        let result = labeler().label_named(name, &mut Cursor::new(text), &mut Cursor::new(Vec::new()));
        result.unwrap_err()
    };
    let words = |error: &Error| error.to_string();
    let elsewhere = fs::read(common::fixture("text").join("armour.vtt")).unwrap();
    assert!(words(&refused("armour.vtt", &elsewhere)).contains("another address"));
    // Windows-1251, UTF-16 and nothing at all.
    let cyrillic = refused("a.srt", b"1\r\n00:00:01,000 --> 00:00:02,000\r\n\xc2\xe5\xf2\xe5\xf0\r\n");
    assert!(matches!(cyrillic, Error::Malformed { at: 34, .. }), "{cyrillic}");
    // Bytes that no text in UTF-8 has: not even known for subtitles, but for what keeps them from being some.
    let marked = refused("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\xff\xfe\n");
    assert!(matches!(marked, Error::Malformed { at: 32, .. }) && words(&marked).contains("UTF-8"), "{marked}");
    let wide: Vec<u8> =
        "\u{feff}1\r\n00:00:01,000 --> 00:00:02,000\r\nA".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(words(&refused("a.srt", &wide)).contains("UTF-16"));
    assert!(matches!(refused("a.srt", b""), Error::UnknownFormat));
}

#[test]
fn many_cues_are_read_and_a_notice_among_them_is_none() {
    let cue = |number: u64| {
        format!("{number}\n00:{:02}:{:02},000 --> 00:{0:02}:{1:02},900\nLine {number}\n\n", number / 60, number % 60)
    };
    let long: String = (1..3000).map(cue).collect();
    let (labelled, receipt) = label("long.srt", &long);
    assert!(labelled.ends_with(&long) && verify(&labelled, &receipt).written.len() == 1);
    // In the middle of a film people do not look for it.
    let middle = long.replace("Line 1500\n", &format!("{KK} / {RU}\n"));
    assert!(tanba::verify(middle.as_bytes()).unwrap().written.is_empty());
}

/// The cues as ffmpeg reads them: times and words.
fn cues(folder: &Path, name: &str, text: &str) -> Option<Vec<String>> {
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    let output = common::run("ffmpeg", &["-v", "error", "-i", path.to_str().unwrap(), "-f", "srt", "-"])?;
    let printed = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    let blocks = printed.split("\n\n").filter(|block| !block.trim().is_empty());
    Some(blocks.map(|block| block.trim().split_once('\n').map_or("", |(_, rest)| rest).to_owned()).collect())
}

#[test]
fn ffmpeg_reads_the_notice_and_every_cue_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let last = labeler().policy(Policy::kazakhstan().prose_notice(ProsePlace::FirstAndLast));
    let mut read = 0;
    for (name, text) in FILES {
        let Some(before) = cues(folder.path(), name, text) else { return };
        // ffmpeg 5 wants an empty line behind a header, in which it does not count CR for an end, and stops at style sheets.
        if before.is_empty() || matches!(*name, "early.vtt" | "mac.vtt") {
            continue;
        }
        read += 1;
        for (labeler, notices) in [(&labeler(), 1), (&last, 2)] {
            let (labelled, _) = label_with(labeler, name, text).unwrap();
            let after = cues(folder.path(), name, &labelled).unwrap();
            let ours = |cue: &&String| cue.contains(KK) && cue.contains(RU);
            assert_eq!(after.iter().filter(ours).count(), notices, "{name}: {after:#?}");
            assert!(after[0].starts_with("00:00:00,000 --> 00:00:0"), "{name}: {after:#?}");
            assert!(after.iter().all(|cue| !cue.contains("C2PA") && !cue.contains('\u{feff}')), "{name}: {after:#?}");
            let rest: Vec<_> = after.into_iter().filter(|cue| !ours(&cue)).collect();
            assert_eq!(rest, before, "{name}");
        }
    }
    assert!(read >= 7, "{read}");
}

#[test]
fn a_wrapper_in_subrip_would_be_shown() {
    // Why the manifest of SubRip stands beside it: ffmpeg takes what is hidden behind the last cue for words of that cue.
    let folder = tempfile::tempdir().unwrap();
    let hidden = format!("{}\n\u{feff}\u{e0133}\u{e0122}\u{e0140}\n", FILES[8].1);
    let Some(cues) = cues(folder.path(), "hidden.srt", &hidden) else { return };
    assert!(cues.last().unwrap().contains('\u{e0133}'), "{cues:#?}");
}

const PAGE: &str = r#"<!doctype html><meta charset=utf-8><body><script>
const once = (thing, event) => new Promise(done => thing.addEventListener(event, done, { once: true }));
(async () => {
  const told = {};
  for (const [name, source] of FILES) {
    const video = document.createElement("video"), element = document.createElement("track");
    video.muted = true; video.src = SOUND; element.src = source; element.kind = "subtitles"; element.default = true;
    document.body.append(video); video.append(element);
    element.track.mode = "showing";
    const loaded = once(element, "load").then(() => "load"), failed = once(element, "error").then(() => "error");
    if (video.readyState < 1) await once(video, "loadedmetadata");
    const how = await Promise.race([loaded, failed]);
    video.currentTime = 1.5; await once(video, "seeked");
    await new Promise(done => setTimeout(done, 100));
    const cue = cue => [cue.startTime, cue.endTime, cue.text, cue.id, cue.line];
    told[name] = { how, cues: [...element.track.cues ?? []].map(cue), active: [...element.track.activeCues ?? []].map(cue) };
    video.remove();
  }
  await fetch("http://127.0.0.1:PORT/", { method: "POST", mode: "no-cors", body: JSON.stringify(told) });
})();
</script>"#;

/// Five seconds of silence: 8 bits, 8,000 samples a second.
fn silence() -> Vec<u8> {
    let fmt =
        [&1u16.to_le_bytes()[..], &1u16.to_le_bytes(), &8000u32.to_le_bytes(), &8000u32.to_le_bytes(), &[1, 0, 8, 0]]
            .concat();
    let len: u32 = 40_000;
    let header =
        [b"RIFF", &(36 + len).to_le_bytes()[..], b"WAVEfmt ", &16u32.to_le_bytes(), &fmt, b"data", &len.to_le_bytes()];
    [header.concat(), vec![0x80; 40_000]].concat()
}

#[test]
fn a_browser_shows_the_notice_and_every_cue_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    let Some(browser) = browsers.into_iter().find(there) else { return skip("chromium") };
    let address = |kind: &str, bytes: &[u8]| format!("data:{kind};base64,{}", BASE64_STANDARD.encode(bytes));
    let (mut files, mut names) = (Vec::new(), Vec::new());
    for (name, text) in FILES.iter().filter(|(name, _)| name.ends_with("vtt")) {
        names.push(*name);
        files.push((format!("{name} before"), address("text/vtt", text.as_bytes())));
        files.push((format!("{name} after"), address("text/vtt", label(name, text).0.as_bytes())));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let page = PAGE
        .replace("PORT", &listener.local_addr().unwrap().port().to_string())
        .replace("SOUND", &serde_json::to_string(&address("audio/wav", &silence())).unwrap())
        .replace("FILES", &serde_json::to_string(&files).unwrap());
    fs::write(folder.path().join("page.html"), page).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", folder.path().join("page.html").display()))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = told(&listener);
    let _ = child.kill();
    let _ = child.wait();
    let told: serde_json::Value = serde_json::from_str(&told.expect("chromium said nothing")).unwrap();
    for name in names {
        let of = |when: &str, what: &str| told[format!("{name} {when}")][what].clone();
        let (before, after) = (of("before", "cues"), of("after", "cues"));
        let (before, after) = (before.as_array().unwrap(), after.as_array().unwrap());
        let ours: Vec<_> = after.iter().filter(|cue| cue[3] == "tanba-notice").collect();
        assert!(ours.len() == 1 && ours[0][2] == format!("{KK}\n{RU}") && ours[0][4] == 0, "{name}: {told:#}");
        let rest: Vec<_> = after.iter().filter(|cue| cue[3] != "tanba-notice").collect();
        assert_eq!(rest, before.iter().collect::<Vec<_>>(), "{name}");
        let active = of("after", "active");
        assert!(active.as_array().unwrap().contains(ours[0]), "{name}: {active:#}");
    }
}

/// The body of the request that a page sends.
fn told(listener: &TcpListener) -> Option<String> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(120) {
        let Ok((mut stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 65536]);
        while let Ok(len @ 1..) = stream.read(&mut buffer) {
            request.extend(&buffer[..len]);
            let text = String::from_utf8_lossy(&request);
            let len = text
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
            let body = request.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
            if let (Some(body), Some(len)) = (body, len)
                && request.len() >= body + len
            {
                break;
            }
        }
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        let request = String::from_utf8_lossy(&request).into_owned();
        if request.starts_with("POST") {
            return request.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        }
    }
    None
}

#[test]
fn the_command_writes_the_manifest_beside_and_finds_it_there() {
    let desk = common::desk::Desk::new();
    let path = desk.path("a.srt");
    fs::write(&path, FILES[8].1).unwrap();
    let output = desk.label(&[common::desk::text(&path), "-o", common::desk::text(&desk.path("b.srt"))]);
    common::desk::expect(&output, 0);
    let printed = common::desk::out(&output);
    assert!(printed.contains("the first cue"), "{printed}");
    assert!(desk.path("b.srt.c2pa").exists());
    let report = desk.verify(&[common::desk::text(&desk.path("b.srt"))]);
    let printed = common::desk::out(&report);
    assert!(printed.contains("sidecar b.srt.c2pa") && printed.contains("AI-made: proven"), "{printed}");
    assert_eq!(Format::SubRip.extensions(), ["srt"]);
}
