//! The program as people and scripts meet it: arguments, files, streams, exit codes.

mod common;

use std::{
    fs,
    io::Write as _,
    path::PathBuf,
    process::{Output, Stdio},
};

use common::{
    desk::{Desk, err, expect, out, text},
    fixture, skip, tanba,
};
use serde_json::Value;

#[test]
fn a_label_is_written_beside_the_input_and_verifies() {
    let desk = Desk::new();
    let input = desk.copy("photo.jpg");
    let before = fs::read(&input).unwrap();
    expect(&desk.label(&["photo.jpg"]), 0);
    assert_eq!(desk.names(), ["photo.jpg", "photo.labelled.jpg"]);
    assert_eq!(fs::read(&input).unwrap(), before, "the input is never touched");
    let proven = desk.verify(&["photo.labelled.jpg"]);
    expect(&proven, 0);
    assert!(out(&proven).contains("AI-made: proven"), "{}", out(&proven));
    expect(&desk.run(&["verify", "photo.labelled.jpg"]), 10);
    expect(&desk.verify(&["photo.jpg"]), 12);
}

#[test]
fn each_headline_has_its_exit_code() {
    let desk = Desk::new();
    desk.copy("photo.png");
    expect(&desk.label(&["photo.png", "-o", "good.png"]), 0);
    let mut bytes = fs::read(desk.path("work/good.png")).unwrap();
    // The private use of a byte before IEND's length: inside the last IDAT's checksum.
    let at = bytes.len() - 13;
    bytes[at] ^= 1;
    fs::write(desk.path("work/broken.png"), &bytes).unwrap();
    fs::write(desk.path("work/cut.png"), &bytes[..20]).unwrap();
    expect(&desk.verify(&["good.png"]), 0);
    let broken = desk.verify(&["broken.png"]);
    expect(&broken, 11);
    assert!(out(&broken).contains("do not rely on it"));
    expect(&desk.verify(&["photo.png"]), 12);
    expect(&desk.verify(&["cut.png"]), 13);
    expect(&desk.verify(&["missing.png"]), 13);
    expect(&desk.verify(&["good.png", "photo.png"]), 12);
    expect(&desk.verify(&["good.png", "missing.png", "broken.png"]), 11);
    let quiet = desk.verify(&["--quiet", "good.png"]);
    expect(&quiet, 0);
    assert!(quiet.stdout.is_empty());
}

#[test]
fn an_existing_file_is_replaced_with_force_only_and_the_input_never() {
    let desk = Desk::new();
    let input = desk.copy("photo.png");
    fs::write(desk.path("work/out.png"), "mine").unwrap();
    let refused = desk.label(&["photo.png", "-o", "out.png"]);
    expect(&refused, 2);
    assert!(err(&refused).contains("out.png") && err(&refused).contains("--force"), "{}", err(&refused));
    assert_eq!(fs::read(desk.path("work/out.png")).unwrap(), b"mine");
    let before = fs::read(&input).unwrap();
    expect(&desk.label(&["photo.png", "-o", "photo.png", "--force"]), 2);
    expect(&desk.label(&["photo.png", "-o", "./../work/photo.png", "--force"]), 2);
    assert_eq!(fs::read(&input).unwrap(), before);
    expect(&desk.label(&["photo.png", "-o", "out.png", "--force"]), 0);
    expect(&desk.verify(&["out.png"]), 0);
    assert_eq!(desk.names(), ["out.png", "photo.png"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_the_input_is_the_input() {
    let desk = Desk::new();
    let input = desk.copy("photo.png");
    let before = fs::read(&input).unwrap();
    std::os::unix::fs::symlink("photo.png", desk.path("work/link.png")).unwrap();
    expect(&desk.label(&["photo.png", "-o", "link.png", "--force"]), 2);
    assert_eq!(fs::read(&input).unwrap(), before);
}

#[test]
fn several_inputs_go_into_a_folder() {
    let desk = Desk::new();
    desk.copy("photo.png");
    desk.copy("photo.jpg");
    expect(&desk.label(&["photo.png", "photo.jpg", "-o", "out.png"]), 2);
    expect(&desk.label(&["photo.png", "missing.png", "photo.jpg", "-o", "out/"]), 6);
    expect(&desk.verify(&["out/photo.png", "out/photo.jpg"]), 0);
    let again = desk.label(&["photo.png", "photo.png", "-o", "out/", "--force"]);
    expect(&again, 2);
    assert!(err(&again).contains("two inputs"), "{}", err(&again));
}

#[test]
fn standard_input_and_output() {
    let desk = Desk::new();
    let (chain, key) = (desk.path("chain.pem"), desk.path("key.pem"));
    let mut child = tanba(&desk.path("config"))
        .args(["label", "-", "--system", "Acme", "--json", "--chain", text(&chain), "--key", text(&key)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&fs::read(fixture("photo.png")).unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    expect(&Output { stdout: Vec::new(), ..output.clone() }, 0);
    assert!(output.stdout.starts_with(b"\x89PNG"));
    let receipt: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(receipt["output"], "-");
    assert_eq!(receipt["bytes"], output.stdout.len());

    fs::write(desk.path("work/x.png"), &output.stdout).unwrap();
    let file = fs::File::open(desk.path("work/x.png")).unwrap();
    let anchor = desk.path("anchor.pem");
    let mut command = tanba(&desk.path("config"));
    let verified = command.args(["verify", "-", "--anchors", text(&anchor)]).stdin(file).output().unwrap();
    expect(&verified, 0);
    expect(&desk.label(&["-", "-"]), 2);
    expect(&desk.verify(&["-", "-"]), 2);
}

#[test]
fn nothing_is_left_when_labelling_fails() {
    let desk = Desk::new();
    let bytes = fs::read(fixture("photo.jpg")).unwrap();
    fs::write(desk.path("work/cut.jpg"), &bytes[..300]).unwrap();
    fs::write(desk.path("work/text.jpg"), "not a picture").unwrap();
    fs::write(desk.path("work/empty.png"), "").unwrap();
    expect(&desk.label(&["cut.jpg", "-o", "a.jpg"]), 4);
    expect(&desk.label(&["text.jpg", "-o", "b.jpg"]), 2);
    expect(&desk.label(&["empty.png", "-o", "c.png"]), 2);
    expect(&desk.label(&["missing.png", "-o", "d.png"]), 6);
    let folder = desk.label(&["."]);
    expect(&folder, 2);
    assert!(err(&folder).contains("give -o FOLDER"), "{}", err(&folder));
    assert!(err(&desk.label(&["empty.png", "-o", "c.png"])).contains("the file is empty"));
    assert_eq!(desk.names(), ["cut.jpg", "empty.png", "text.jpg"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_an_io_error() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = Desk::new();
    desk.copy("tiny.png");
    expect(&desk.label(&["tiny.png", "-o", "no/such/folder.png"]), 6);
    expect(&desk.label(&["tiny.png", "-o", "/proc/tanba.png"]), 6);
    let locked = desk.path("work/locked");
    fs::create_dir(&locked).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere.
    if fs::write(locked.join("probe"), "").is_err() {
        expect(&desk.label(&["tiny.png", "-o", "locked/out.png"]), 6);
        let unreadable = desk.copy("tiny.jpg");
        fs::set_permissions(&unreadable, fs::Permissions::from_mode(0o000)).unwrap();
        expect(&desk.label(&["tiny.jpg"]), 6);
    }
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o700)).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_io_error_and_a_killed_label_leaves_nothing() {
    let desk = Desk::new();
    let (chain, key) = (desk.path("chain.pem"), desk.path("key.pem"));
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = tanba(&desk.path("config"));
    command.args(["label", "-o", "-", "--chain", text(&chain), "--key", text(&key)]).arg(fixture("photo.png"));
    assert_eq!(command.stdout(full).status().unwrap().code(), Some(6));

    // Killed at many moments of its run: the folder holds the whole result or nothing.
    desk.copy("photo.avif");
    for delay in [5, 20, 60, 120, 200, 400] {
        let mut command = tanba(&desk.path("config"));
        command.current_dir(desk.path("work")).args(["label", "photo.avif", "-o", "out.avif", "--force", "--quiet"]);
        let mut child = command.args(["--chain", text(&chain), "--key", text(&key)]).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(delay));
        let _ = child.kill();
        child.wait().unwrap();
        let names = desk.names();
        let partial: Vec<_> = names.iter().filter(|name| name.starts_with(".tanba-")).collect();
        assert!(partial.is_empty(), "{partial:?} after {delay} ms");
        if names.iter().any(|name| name == "out.avif") {
            expect(&desk.verify(&["out.avif"]), 0);
        }
    }
}

/// The programs that `parent` runs.
#[cfg(target_os = "linux")]
fn children(parent: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // Behind the name, which may be anything in brackets, stand the state and the parent.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        fields.next() != Some("Z") && fields.next() == Some(&parent.to_string())
    };
    numbers.filter(is_child).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_to_tanba_ends_the_ffmpeg_that_works_for_it() {
    use std::{process::Command, thread::sleep, time::Duration};
    if Command::new("ffmpeg").arg("-version").output().is_err() {
        return skip("ffmpeg");
    }
    let desk = Desk::new();
    let film = desk.path("work").join("long.mkv");
    let source = "testsrc2=size=1280x720:rate=30:duration=60";
    let made = Command::new("ffmpeg")
        .args(["-y", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "mpeg4", "-q:v", "20"])
        .arg(&film)
        .status();
    assert!(made.unwrap().success());
    let (chain, key) = (desk.path("chain.pem"), desk.path("key.pem"));
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut command = tanba(&desk.path("config"));
        command.current_dir(desk.path("work")).args(["label", "long.mkv", "-o", "out.mkv", "--video-notice", "banner"]);
        command.args(["--chain", text(&chain), "--key", text(&key)]).stderr(std::process::Stdio::piped());
        let tanba = command.spawn().unwrap();
        // Not one that is only asked for its version: one that goes on.
        let mut working = Vec::new();
        for _ in 0..600 {
            let before = std::mem::replace(&mut working, children(tanba.id()));
            if working.iter().any(|process| before.contains(process)) {
                break;
            }
            sleep(Duration::from_millis(300));
        }
        assert!(!working.is_empty(), "no ffmpeg within three minutes");
        assert!(Command::new("kill").args([signal, &tanba.id().to_string()]).status().unwrap().success());
        let ended = tanba.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(code), "{words}");
        assert!(words.contains("stopped by a signal"), "{words}");
        for process in working {
            assert!(!std::path::Path::new(&format!("/proc/{process}")).exists(), "{process} still runs");
        }
        assert!(!desk.names().iter().any(|name| name.contains("out") || name.contains(".tanba")), "{:?}", desk.names());
    }
}

#[test]
fn a_missing_half_has_its_own_code_unless_it_was_not_asked_for() {
    let desk = Desk::new();
    desk.copy("photo.heic");
    desk.copy("photo.png");
    let incomplete = desk.label(&["photo.heic", "-o", "a.heic"]);
    expect(&incomplete, 3);
    assert!(out(&incomplete).contains("missing   no notice"), "{}", out(&incomplete));
    expect(&desk.label(&["photo.heic", "-o", "b.heic", "--no-notice"]), 0);
    let receipt = desk.label(&["photo.png", "-o", "c.png", "--no-notice", "--json"]);
    expect(&receipt, 0);
    let receipt: Value = serde_json::from_str(&out(&receipt)).unwrap();
    assert_eq!(receipt["complete"], false);
    assert_eq!(receipt["notice"], Value::Null);
    expect(&desk.label(&["photo.png", "-o", "d.png", "--no-notice", "--no-record", "--no-manifest"]), 2);
}

#[test]
fn json_is_one_object_a_line() {
    let desk = Desk::new();
    desk.copy("photo.png");
    let labelled = desk.label(&["photo.png", "-o", "a.png", "--json"]);
    expect(&labelled, 0);
    let receipt: Value = serde_json::from_str(&out(&labelled)).unwrap();
    assert_eq!((&receipt["format"], &receipt["complete"]), (&"png".into(), &true.into()));
    let verified = desk.verify(&["--json", "a.png", "missing.png"]);
    expect(&verified, 13);
    let lines: Vec<Value> = out(&verified).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["schema"], tanba::SCHEMA);
    assert_eq!(lines[0]["binding"], "intact");
    assert_eq!(lines[1]["headline"], "not-checked");
    let report: tanba::Report = serde_json::from_value(lines[0].clone()).unwrap();
    assert_eq!(report.verdict, tanba::Verdict::Valid);
}

#[test]
fn failures_are_json_too_and_nothing_else_stands_between_the_lines() {
    let desk = Desk::new();
    desk.copy("tiny.png");
    fs::write(desk.path("work/text.png"), "not a picture").unwrap();
    let lines = |text: String| -> Vec<Value> { text.lines().map(|line| serde_json::from_str(line).unwrap()).collect() };
    // Without a key: the sentence about the development identity must not stand among the receipts.
    let several = desk.run(&["label", "--json", "text.png", "tiny.png", "missing.png", "-o", "out/"]);
    expect(&several, 2);
    let [failed, done, missing] = &lines(out(&several))[..] else { panic!("{}", out(&several)) };
    assert_eq!((&failed["file"], &failed["fixable_by"]), (&"text.png".into(), &"caller".into()));
    assert_eq!((&done["output"], &done["development_signer"]), (&"out/tiny.png".into(), &true.into()));
    assert_eq!(missing["fixable_by"], "environment");

    let piped = desk.run(&["label", "--json", "tiny.png", "-o", "-"]);
    expect(&Output { stdout: Vec::new(), ..piped.clone() }, 0);
    assert!(piped.stdout.starts_with(b"\x89PNG"));
    assert_eq!(lines(err(&piped))[0]["development_signer"], true);
}

#[test]
fn a_name_that_says_another_format_is_warned_of() {
    let desk = Desk::new();
    desk.copy("tiny.png");
    let labelled = desk.label(&["tiny.png", "-o", "x.jpg"]);
    expect(&labelled, 0);
    assert!(err(&labelled).contains("warning: x.jpg holds PNG"), "{}", err(&labelled));
    assert_eq!(err(&desk.label(&["tiny.png", "-o", "x.png"])), "");
}

#[cfg(unix)]
#[test]
fn a_named_pipe_is_read_to_its_end() {
    let desk = Desk::new();
    let pipe = desk.path("work/pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for arguments in [&["label", "--quiet", "pipe", "-o", "a.png"][..], &["verify", "pipe"]] {
        let writer = {
            let pipe = pipe.clone();
            std::thread::spawn(move || fs::write(pipe, fs::read(fixture("photo.png")).unwrap()).unwrap())
        };
        let done = desk.run(arguments);
        writer.join().unwrap();
        expect(&done, if arguments[0] == "label" { 0 } else { 12 });
    }
    expect(&desk.run(&["verify", "a.png"]), 10);
}

#[test]
fn the_words_fit_what_was_found() {
    let desk = Desk::new();
    desk.copy("photo.png");
    expect(&desk.label(&["photo.png", "-o", "a.png"]), 0);
    let early = desk.verify(&["--at", "2020-01-01T00:00:00Z", "a.png"]);
    expect(&early, 10);
    assert!(out(&early).contains("out of its time") && !out(&early).contains("expired"), "{}", out(&early));
    assert!(!out(&early).contains("nobody that was asked"), "{}", out(&early));

    let anchor = desk.path("anchor.pem");
    expect(&desk.verify(&["a.png", "--time-anchors", text(&anchor)]), 0);
    expect(&desk.verify(&["a.png", "--time-anchors", "photo.png"]), 5);
    let doctor = desk.run(&["doctor", "--chain", text(&desk.path("chain.pem")), "--anchors", text(&anchor)]);
    expect(&doctor, 0);
    assert!(out(&doctor).contains("trusted by     anchor.pem"), "{}", out(&doctor));
    let chain = fs::read_to_string(desk.path("chain.pem")).unwrap();
    fs::write(desk.path("work/cut.pem"), &chain[..100]).unwrap();
    let cut = desk.run(&["doctor", "--chain", "cut.pem"]);
    expect(&cut, 5);
    assert!(out(&cut).contains("-----END") && !out(&cut).contains("[45"), "{}", out(&cut));
}

#[test]
fn manifests_that_cannot_be_read_and_traces_are_called_that() {
    let Some(corpus) = std::env::var_os("TANBA_CORPUS").map(PathBuf::from) else {
        return common::skip("corpus (set TANBA_CORPUS)");
    };
    let desk = Desk::new();
    let says = |file: &str| out(&desk.run(&["verify", text(&corpus.join(file))]));
    for file in ["labelled/no_alg.jpg", "labelled/prerelease.jpg"] {
        let said = says(file);
        assert!(said.contains("there is a manifest, but it cannot be read"), "{said}");
        assert!(!said.contains("there is no manifest") && !said.contains("see what"), "{said}");
    }
    let said = says("wild/grok-1.jpg");
    assert!(said.contains("only traces that a generator usually leaves; nobody declared it"), "{said}");
    assert!(!said.contains("the labels say"), "{said}");
    let said = says("labelled/C.jpg");
    assert!(said.contains("the labels say an origin other than AI") && !said.contains("\n  AI system"), "{said}");
    let said = says("labelled/E-sig-CA.jpg");
    assert!(said.contains("this proves nothing") && !said.contains("byte for byte"), "{said}");
    assert!(!said.contains("nobody that was asked"), "{said}");
    assert!(says("wild/mj-1.png").contains("the labels say made by AI as a whole"));
}

#[test]
fn the_same_question_gets_the_same_answer() {
    let desk = Desk::new();
    desk.copy("photo.png");
    expect(&desk.label(&["photo.png", "-o", "a.png"]), 0);
    let ask = || out(&desk.verify(&["--json", "--at", "2026-12-01T00:00:00Z", "a.png"]));
    let first = ask();
    assert!(first.contains(r#""evaluated_at":"2026-12-01T00:00:00Z""#), "{first}");
    assert_eq!(first, ask());
    expect(&desk.verify(&["--at", "yesterday", "a.png"]), 2);
}

#[test]
fn without_a_key_a_development_identity_is_made_once_and_said_in_one_line() {
    let desk = Desk::new();
    desk.copy("tiny.png");
    let first = desk.run(&["label", "tiny.png", "-o", "a.png"]);
    expect(&first, 0);
    assert_eq!(err(&first).lines().count(), 1, "{}", err(&first));
    assert!(err(&first).contains("development identity"), "{}", err(&first));
    let key = desk.path("config/tanba/development/key.pem");
    let kept = fs::read(&key).unwrap();
    expect(&desk.run(&["label", "tiny.png", "-o", "b.png", "--quiet"]), 0);
    assert_eq!(fs::read(&key).unwrap(), kept);
    expect(&desk.run(&["verify", "a.png"]), 10);
    expect(&desk.run(&["doctor"]), 0);
    let receipt = desk.run(&["label", "tiny.png", "-o", "c.png", "--json"]);
    let receipt: Value = serde_json::from_str(&out(&receipt)).unwrap();
    assert_eq!(receipt["development_signer"], true);
}

#[test]
fn keygen_makes_what_label_and_verify_take() {
    let desk = Desk::new();
    desk.copy("tiny.png");
    for algorithm in ["ed25519", "es256", "es384"] {
        let folder = format!("id-{algorithm}");
        expect(&desk.run(&["keygen", "--organization", "Acme LLP", "--algorithm", algorithm, "-o", &folder]), 0);
        let file = |name: &str| format!("{folder}/{name}");
        let (chain, key, anchor) = (file("chain.pem"), file("key.pem"), file("anchor.pem"));
        expect(&desk.run(&["doctor", "--chain", &chain, "--key", &key]), 0);
        let output = format!("{algorithm}.png");
        expect(&desk.run(&["label", "tiny.png", "-o", &output, "--chain", &chain, "--key", &key]), 0);
        expect(&desk.run(&["verify", &output, "--anchors", &anchor]), 0);
        expect(&desk.run(&["keygen", "--organization", "Acme LLP", "-o", &folder]), 2);
        let wrong = desk.run(&["doctor", "--chain", &chain, "--key", text(&desk.path("key.pem"))]);
        expect(&wrong, 5);
        assert!(out(&wrong).contains("fault"), "{}", out(&wrong));
        expect(&desk.run(&["doctor", "--chain", &chain, "--at", "2100-01-01T00:00:00Z"]), 5);
    }
}

#[test]
fn a_wrong_key_is_the_operators() {
    let desk = Desk::new();
    desk.copy("tiny.png");
    fs::write(desk.path("key.pem"), "nonsense").unwrap();
    expect(&desk.label(&["tiny.png"]), 5);
    assert_eq!(desk.names(), ["tiny.png"]);
    expect(&desk.run(&["verify", "tiny.png", "--anchors", text(&desk.path("key.pem"))]), 5);
}

#[test]
fn wrong_arguments_are_the_callers() {
    let desk = Desk::new();
    desk.copy("photo.png");
    for arguments in [
        &["photo.png", "--lang", "xx"][..],
        &["photo.png", "--policy", "mars"],
        &["photo.png", "--plate-color", "#777777", "--text-color", "#888888"],
        &["photo.png", "--plate-color", "blue"],
        &["photo.png", "--text", ""],
        &["photo.png", "--generated", "--edited"],
        &["photo.png", "--font", "photo.png"],
        &[],
    ] {
        expect(&desk.label(arguments), 2);
    }
    assert_eq!(desk.names(), ["photo.png"]);
    expect(&desk.run(&[]), 2);
}

#[test]
fn the_options_reach_the_label() {
    let desk = Desk::new();
    desk.copy("photo.png");
    let options = ["--text", "AI made this", "--place", "bottom-left", "--edited", "--system-version", "9.1"];
    let more = ["--provider", "Qala", "--prohibit-training", "--aigc", "--json", "-o", "a.png", "photo.png"];
    let labelled = desk.label(&[&options[..], &more].concat());
    expect(&labelled, 0);
    let receipt: Value = serde_json::from_str(&out(&labelled)).unwrap();
    assert_eq!(receipt["notice"]["lines"][0], "AI made this");
    assert!(receipt["notice"]["rect"]["x"].as_u64().unwrap() < 40);
    let report = out(&desk.verify(&["--json", "a.png"]));
    for wanted in ["partly-ai", "training-prohibited", "aigc", "compositeWithTrainedAlgorithmicMedia", "9.1"] {
        assert!(report.contains(wanted), "{wanted} in {report}");
    }
}

#[test]
fn text_of_a_file_cannot_act_on_the_terminal() {
    let desk = Desk::new();
    desk.copy("photo.png");
    let system = "Acme \u{202e}gpj\u{200b} 3";
    expect(&desk.label(&["photo.png", "-o", "a.png", "--system-version", system]), 0);
    for arguments in [&["verify", "a.png"][..], &["show", "a.png"], &["verify", "--json", "a.png"]] {
        let printed = out(&desk.run(arguments));
        assert!(!printed.contains(['\u{202e}', '\u{200b}', '\u{1b}']), "{arguments:?}: {printed}");
    }
}

#[test]
fn show_lists_what_stands_in_the_file() {
    let desk = Desk::new();
    desk.copy("photo.png");
    expect(&desk.label(&["photo.png", "-o", "a.png"]), 0);
    let shown = desk.run(&["show", "a.png"]);
    expect(&shown, 0);
    for wanted in [
        "C2PA manifest store  (bytes ",
        "c2pa.actions.v2 (jumb)",
        "\"digitalSourceType\": \"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\"",
        "XMP  (iTXt chunk at byte ",
        "Iptc4xmpExt:AISystemUsed: Acme  (bytes ",
    ] {
        assert!(out(&shown).contains(wanted), "{wanted} in {}", out(&shown));
    }
    let line: Value = serde_json::from_str(&out(&desk.run(&["show", "a.png", "--json"]))).unwrap();
    assert_eq!(line["parts"][0]["name"], "C2PA manifest store");
    let bare = desk.run(&["show", "photo.png"]);
    expect(&bare, 0);
    assert!(out(&bare).contains("nothing that a label is made of"), "{}", out(&bare));
    expect(&desk.run(&["show", "missing.png"]), 6);
}

#[test]
fn formats_and_completions_are_printed() {
    let desk = Desk::new();
    let formats = desk.run(&["formats", "--json"]);
    expect(&formats, 0);
    assert_eq!(out(&formats).lines().count(), tanba::Format::ALL.len());
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = desk.run(&["completions", shell]);
        expect(&script, 0);
        assert!(out(&script).contains("keygen"));
    }
    expect(&desk.run(&["--version"]), 0);
}
