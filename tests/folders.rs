//! Folders and lists of files, and the trust lists that are kept.

mod common;

use std::{
    fs,
    io::Write as _,
    process::{Command, Stdio},
};

use common::{
    desk::{Desk, err, expect, out, text},
    fixture, tanba,
};
use serde_json::Value;

#[test]
fn a_kept_list_is_asked_named_and_dated() {
    let desk = Desk::new();
    desk.copy("photo.png");
    expect(&desk.label(&["photo.png", "-o", "a.png"]), 0);
    expect(&desk.run(&["verify", "a.png"]), 10);
    let anchor = desk.path("anchor.pem");
    let add = ["trust", "add", text(&anchor), "--name", "Our own", "--date", "2026-08-01", "--source", "the safe"];
    expect(&desk.run(&add), 0);
    let proven = desk.run(&["verify", "a.png", "--json"]);
    expect(&proven, 0);
    let report: Value = serde_json::from_str(&out(&proven)).unwrap();
    assert_eq!(report["manifest"]["trusted_by"], "Our own");
    assert_eq!(report["manifest"]["trust_list_date"], "2026-08-01");
    expect(&desk.run(&["verify", "a.png", "--no-kept-lists"]), 10);
    let listed = desk.run(&["trust", "list", "--json"]);
    let line: Value = serde_json::from_str(&out(&listed)).unwrap();
    assert_eq!(
        (&line["name"], &line["kind"], &line["certificates"]),
        (&"Our own".into(), &"signers".into(), &1.into())
    );
    assert!(out(&desk.run(&["trust", "list"])).contains("from the safe"));
    // A name is not taken twice unasked; what is replaced is gone.
    expect(&desk.run(&add), 2);
    expect(&desk.run(&[&add[..], &["--force"]].concat()), 0);
    assert_eq!(out(&desk.run(&["trust", "list", "--json"])).lines().count(), 1);
    expect(&desk.run(&["trust", "remove", "Our own"]), 0);
    expect(&desk.run(&["trust", "remove", "Our own"]), 2);
    expect(&desk.run(&["verify", "a.png"]), 10);
    assert_eq!(fs::read_dir(desk.path("config/tanba/trust")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_pinned_vendor_is_called_so() {
    let desk = Desk::new();
    desk.copy("photo.png");
    expect(&desk.label(&["photo.png", "-o", "a.png"]), 0);
    let chain = fs::read_to_string(desk.path("chain.pem")).unwrap();
    let end = "-----END CERTIFICATE-----\n";
    fs::write(desk.path("leaf.pem"), &chain[..chain.find(end).unwrap() + end.len()]).unwrap();
    let leaf = desk.path("leaf.pem");
    expect(&desk.run(&["trust", "add", text(&leaf), "--name", "vendors", "--kind", "pinned"]), 0);
    let report = desk.run(&["verify", "a.png", "--json"]);
    expect(&report, 0);
    let report: Value = serde_json::from_str(&out(&report)).unwrap();
    assert_eq!((&report["signer"], &report["verdict"]), (&"pinned vendor".into(), &"valid".into()));
}

#[test]
fn check_says_what_is_wrong_with_a_list() {
    let desk = Desk::new();
    assert!(out(&desk.run(&["trust", "check"])).contains("no trust list is kept"));
    let (anchor, chain) = (desk.path("anchor.pem"), desk.path("chain.pem"));
    expect(&desk.run(&["trust", "add", text(&anchor), "--name", "old", "--date", "2020-01-01"]), 0);
    expect(&desk.run(&["trust", "add", text(&chain), "--name", "signer as authority"]), 0);
    expect(&desk.run(&["trust", "add", text(&anchor), "--name", "changed", "--date", "2026-11-01"]), 0);
    let lists = desk.path("config/tanba/trust");
    let folder = |start: &str| {
        let entries = fs::read_dir(&lists).unwrap().map(|entry| entry.unwrap().path());
        entries.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(start)).unwrap()
    };
    let mut pem = fs::read_to_string(&anchor).unwrap();
    pem.insert_str(0, "# somebody wrote into this\n");
    fs::write(folder("changed").join("list.pem"), pem).unwrap();
    let checked = desk.run(&["trust", "check"]);
    expect(&checked, 0);
    let said = out(&checked);
    assert!(said.contains("old: it is of 2020-01-01: look for a newer one"), "{said}");
    assert!(said.contains("signer as authority: it has no date"), "{said}");
    assert!(said.contains("may not issue certificates"), "{said}");
    assert!(said.contains("changed: its certificates are not those that were added"), "{said}");
    // One that cannot be read spoils nothing silently.
    fs::write(folder("old").join("list.pem"), "-----BEGIN CERTIFICATE-----\nrubbish").unwrap();
    expect(&desk.run(&["trust", "check"]), 5);
    let photo = fixture("photo.png");
    expect(&desk.run(&["verify", text(&photo)]), 5);
    expect(&desk.run(&["trust", "add", text(&photo)]), 5);
}

#[test]
fn the_official_lists_are_taken_as_they_come() {
    let desk = Desk::new();
    let Some(files) = common::corpus("trust") else { return };
    let mut added = 0;
    for file in files.iter().filter(|file| common::extension(file) == "pem") {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let kind = match name {
            _ if name.contains("TSA") => "time-stamps",
            _ if name.contains("allowed") => "allowed",
            _ => "signers",
        };
        expect(&desk.run(&["trust", "add", text(file), "--name", name, "--kind", kind, "--date", "2026-08-15"]), 0);
        added += 1;
        if name == "interim-anchors" {
            // That list says of none of its roots what it is for: the old site asked it about time-stamps as well.
            expect(&desk.run(&["trust", "add", text(file), "--name", "interim stamps", "--kind", "time-stamps"]), 0);
        }
    }
    assert_eq!(added, 4);
    expect(&desk.run(&["trust", "check"]), 0);
    let wild = files[0].parent().unwrap().parent().unwrap().join("wild");
    let proven = desk.run(&["verify", text(&wild.join("firefly-1.png"))]);
    expect(&proven, 0);
}

#[test]
fn a_folder_is_verified_to_its_last_file_and_the_summary_adds_up() {
    let desk = Desk::new();
    desk.copy("photo.png");
    fs::create_dir_all(desk.path("work/in/deeper")).unwrap();
    expect(&desk.label(&["photo.png", "-o", "in/b.png"]), 0);
    expect(&desk.label(&["photo.png", "-o", "in/deeper/a.png"]), 0);
    fs::copy(fixture("photo.gif"), desk.path("work/in/c.gif")).unwrap();
    let mut bytes = fs::read(desk.path("work/in/b.png")).unwrap();
    fs::write(desk.path("work/in/cut.png"), &bytes[..30]).unwrap();
    let at = bytes.len() - 13;
    bytes[at] ^= 1;
    fs::write(desk.path("work/in/deeper/broken.png"), &bytes).unwrap();
    fs::write(desk.path("work/in/unknown.bin"), [0, 1, 2, 3, 0, 0, 0, 0]).unwrap();
    fs::write(desk.path("work/in/.hidden.png"), &bytes).unwrap();
    for jobs in ["1", "4"] {
        let verified = desk.verify(&["in", "--jobs", jobs]);
        expect(&verified, 11);
        let said = out(&verified);
        let summary = said.split_once("Files: 6\n").expect("the number of files").1;
        let lines: Vec<_> = summary.lines().map(str::trim).collect();
        let wanted = [
            "1  label broken or contradictory: do not rely on it",
            "1  could not check",
            "1  no AI label found: this says nothing about the origin",
            "2  AI-made: proven",
            "1  passed over: not a format that tanba knows",
        ];
        assert_eq!(lines, wanted);
        assert!(err(&verified).is_empty(), "no bar where nobody looks: {}", err(&verified));
        let order = ["in/b.png\n", "in/c.gif\n", "in/cut.png\n", "in/deeper/a.png\n", "in/deeper/broken.png\n"];
        let places: Vec<_> = order.iter().map(|name| said.find(name).unwrap_or_else(|| panic!("{name}"))).collect();
        assert!(places.is_sorted(), "{places:?}");
    }
    let lines = out(&desk.verify(&["in", "--json"]));
    assert_eq!(lines.lines().count(), 6);
    fs::create_dir(desk.path("work/empty")).unwrap();
    expect(&desk.verify(&["empty"]), 2);
}

#[test]
fn a_profile_is_held_against_the_label() {
    let desk = Desk::new();
    desk.copy("photo.jpg");
    expect(&desk.label(&["photo.jpg", "-o", "a.jpg", "--no-notice"]), 0);
    let report = out(&desk.verify(&["a.jpg", "--profile", "kz", "--json"]));
    let report: Value = serde_json::from_str(&report).unwrap();
    let rules = report["profile"]["rules"].as_array().unwrap();
    let outcome = |id: &str| rules.iter().find(|rule| rule["id"] == id).unwrap()["outcome"].as_str().unwrap();
    assert_eq!(outcome("kz-21-2-machine"), "pass");
    assert_eq!(outcome("kz-21-2-warning"), "fail");
    let said = out(&desk.verify(&["a.jpg", "--profile", "kz"]));
    assert!(
        said.contains("marked in machine-readable form (P, Kazakhstan, Law No. 230-VIII, Art. 21(2)): found: "),
        "{said}"
    );
    assert!(out(&desk.verify(&["a.jpg", "--json"])).lines().all(|line| !line.contains("\"profile\"")));
}

#[test]
fn a_folder_is_labelled_into_another_and_goes_on_where_it_was() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("work/in/deeper")).unwrap();
    for name in ["photo.png", "photo.jpg", "tiny.gif"] {
        fs::copy(fixture(name), desk.path("work/in").join(name)).unwrap();
    }
    fs::copy(fixture("tiny.webp"), desk.path("work/in/deeper/tiny.webp")).unwrap();
    fs::write(desk.path("work/in/deeper/cut.png"), &fs::read(fixture("photo.png")).unwrap()[..40]).unwrap();
    fs::write(desk.path("work/in/notes.bin"), [0, 1, 2, 0]).unwrap();
    expect(&desk.label(&["in"]), 2);
    expect(&desk.label(&["in", "-o", "in/out"]), 2);
    let labelled = desk.label(&["in", "-o", "out"]);
    expect(&labelled, 4);
    let said = out(&labelled);
    assert!(
        said.ends_with("      4  labelled\n      1  passed over: not a format that tanba labels\n      1  failed\n"),
        "{said}"
    );
    assert!(err(&labelled).contains("cut.png") && !err(&labelled).contains("notes.bin"), "{}", err(&labelled));
    let results = ["out/photo.png", "out/photo.jpg", "out/tiny.gif", "out/deeper/tiny.webp"];
    for result in results {
        expect(&desk.verify(&["--quiet", result]), 0);
    }
    assert!(!desk.path("work/out/deeper/cut.png").exists() && !desk.path("work/out/notes.bin").exists());
    // Another run is refused file by file, the first failure stands; with --resume only what is missing is made.
    let again = desk.label(&["in", "-o", "out"]);
    expect(&again, 4);
    assert!(out(&again).contains("      5  failed"), "{}", out(&again));
    let before = fs::read(desk.path("work/out/photo.jpg")).unwrap();
    fs::remove_file(desk.path("work/out/tiny.gif")).unwrap();
    let resumed = desk.label(&["in", "-o", "out", "--resume"]);
    expect(&resumed, 4);
    let said = out(&resumed);
    assert!(said.contains("      1  labelled\n      3  left alone"), "{said}");
    assert_eq!(fs::read(desk.path("work/out/photo.jpg")).unwrap(), before);
    let lines = out(&desk.label(&["in", "-o", "json", "--json"]));
    assert_eq!(lines.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 5);
}

#[test]
fn a_list_names_files() {
    let desk = Desk::new();
    desk.copy("photo.png");
    desk.copy("tiny.gif");
    fs::write(desk.path("work/list.txt"), "photo.png\ntiny.gif\n\n").unwrap();
    expect(&desk.label(&["--files-from", "list.txt", "-o", "out/"]), 0);
    let verified = desk.verify(&["--files-from", "list.txt", "out", "--json"]);
    expect(&verified, 12);
    assert_eq!(out(&verified).lines().count(), 4);
    expect(&desk.verify(&["--files-from", "missing.txt"]), 6);
    // The same list through a pipe.
    let mut command = tanba(&desk.path("config"));
    command.current_dir(desk.path("work")).args(["verify", "--files-from", "-", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"out/photo.png\nout/tiny.gif\n").unwrap();
    assert_eq!(out(&child.wait_with_output().unwrap()).lines().count(), 2);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_interrupted_holds_whole_files_and_is_gone_on_with() {
    let desk = Desk::new();
    let files = 300;
    fs::create_dir(desk.path("work/in")).unwrap();
    for number in 0..files {
        fs::copy(fixture("photo.jpg"), desk.path("work/in").join(format!("{number:03}.jpg"))).unwrap();
    }
    let (chain, key) = (desk.path("chain.pem"), desk.path("key.pem"));
    let made = || fs::read_dir(desk.path("work/out")).map_or(0, |names| names.count());
    let mut command = tanba(&desk.path("config"));
    command.current_dir(desk.path("work")).args(["label", "in", "-o", "out", "--quiet"]);
    let mut child = command.args(["--chain", text(&chain), "--key", text(&key)]).spawn().unwrap();
    // While some are made and others are not.
    while made() < 20 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success() && !child.wait().unwrap().success());
    let some = made();
    assert!((20..files).contains(&some), "{some} of {files} when it was interrupted");
    let whole = |names: usize| {
        let verified = desk.verify(&["out", "--json"]);
        expect(&verified, 0);
        assert_eq!(out(&verified).lines().count(), names);
        let strangers = fs::read_dir(desk.path("work/out")).unwrap().map(|entry| entry.unwrap().file_name());
        assert!(strangers.into_iter().all(|name| name.to_str().unwrap().ends_with(".jpg")));
    };
    whole(some);
    expect(&desk.label(&["in", "-o", "out", "--resume", "--quiet"]), 0);
    whole(files);
}
