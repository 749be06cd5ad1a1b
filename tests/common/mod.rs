//! What the integration tests share: files, outside programs, a signer. What is missing is said aloud; in CI it fails.
#![allow(dead_code, reason = "each test file uses a part of this")]

pub mod desk;
pub mod pdf;
pub mod pixels;

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use tanba::{Disclosure, Format, Identity, IdentityRequest, Labeler, Medium, Receipt, Signer, TrustAnchors};
use time::macros::datetime;

/// Says that a test cannot run here; in CI it must.
pub fn skip(what: &str) {
    assert!(std::env::var_os("CI").is_none(), "{what} must be there in CI");
    eprintln!("skipped: no {what}");
}

/// A file of `fixtures/`.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Every picture of `fixtures/`, sorted.
pub fn fixtures() -> Vec<PathBuf> {
    let files = files_of(&fixture(""));
    files.into_iter().filter(|path| !matches!(extension(path).as_str(), "md" | "py")).collect()
}

/// Every recording and film of `fixtures/av/`, sorted.
pub fn recordings() -> Vec<PathBuf> {
    let files = files_of(&fixture("av"));
    files.into_iter().filter(|path| !matches!(extension(path).as_str(), "md" | "py")).collect()
}

/// Every film of `fixtures/film/`, sorted.
pub fn films() -> Vec<PathBuf> {
    let files = files_of(&fixture("film"));
    files.into_iter().filter(|path| !matches!(extension(path).as_str(), "md" | "py")).collect()
}

/// Every text and document of `fixtures/text/`.
pub fn documents() -> Vec<PathBuf> {
    let files = files_of(&fixture("text"));
    files.into_iter().filter(|path| !path.ends_with("README.md") && !path.ends_with("make.py")).collect()
}

/// Every document of an office, and every book, of `fixtures/office/`.
pub fn offices() -> Vec<PathBuf> {
    let files = files_of(&fixture("office"));
    files.into_iter().filter(|path| !matches!(extension(path).as_str(), "md" | "py")).collect()
}

/// Every file of a folder of the outside corpus, sorted.
pub fn corpus(folder: &str) -> Option<Vec<PathBuf>> {
    let Some(corpus) = std::env::var_os("TANBA_CORPUS") else {
        skip("corpus (set TANBA_CORPUS)");
        return None;
    };
    let files = files_of(&Path::new(&corpus).join(folder));
    assert!(!files.is_empty(), "{folder} of the corpus is empty");
    Some(files)
}

/// Fixtures, and the pictures of the corpus' `unlabelled/` where there is one, with their formats.
pub fn pictures() -> Vec<(PathBuf, Format)> {
    let mut paths = fixtures();
    paths.extend(corpus("unlabelled").unwrap_or_default());
    let format = |path: &Path| Format::sniff(&mut fs::File::open(path).unwrap());
    let known = paths.into_iter().filter_map(|path| format(&path).ok().map(|format| (path, format)));
    known.filter(|(_, format)| format.can_label() && format.medium() == Medium::Image).collect()
}

fn files_of(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

pub fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_lowercase()
}

/// A certificate chain of our own: the same in every run.
pub fn identity() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| {
        let request = IdentityRequest::new("Tanba tests", "Tanba tests labelling", datetime!(2026-01-01 0:00 UTC));
        Identity::generate(&request.days(3650).seed([7; 32])).unwrap()
    })
}

pub fn signer() -> Signer {
    Signer::from_pem(identity().chain_pem.as_bytes(), identity().key_pem.as_bytes()).unwrap()
}

pub fn anchors() -> TrustAnchors {
    TrustAnchors::default().with_pem("our own root", identity().anchor_pem.as_bytes()).unwrap()
}

pub fn labeler() -> Labeler {
    let disclosure = Disclosure::generated("Acme Diffusion").system_version("3.1").provider("Acme LLP");
    Labeler::new(&disclosure, &signer())
}

/// The text with its label, and the receipt.
pub fn label_with(labeler: &Labeler, name: &str, text: &str) -> tanba::Result<(String, Receipt)> {
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label_named(name, &mut Cursor::new(text), &mut sink)?;
    Ok((String::from_utf8(sink.into_inner()).unwrap(), receipt))
}

/// The `tanba` program, with a configuration folder of its own.
pub fn tanba(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tanba"));
    command.env("XDG_CONFIG_HOME", config).env("HOME", config).env_remove("NO_COLOR");
    command
}

/// Runs a program and returns what it printed; `None`, said aloud, when it is not installed.
pub fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            skip(program);
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

/// What VLC says while it plays a film to its end, eight times as fast; `None` where there is no VLC. It does not run as root, who lends it
/// a folder.
pub fn vlc(path: &Path) -> Option<String> {
    let is_root = run("id", &["-u"])?.stdout == b"0\n";
    let folder = tempfile::tempdir().unwrap();
    let film = folder.path().join(path.file_name().unwrap());
    fs::copy(path, &film).unwrap();
    if is_root && !run("chown", &["-R", "nobody", folder.path().to_str().unwrap()])?.status.success() {
        panic!("VLC's folder cannot be lent");
    }
    let home = format!("HOME={}", folder.path().display());
    let play = ["env", &home, "cvlc", "-vv", "-I", "dummy", "--vout", "dummy", "--aout", "dummy", "--rate", "8"];
    let play = [&play[..], &["--no-video-title-show", "--play-and-exit", film.to_str().unwrap()]].concat();
    let there = Command::new("cvlc").arg("--version").output();
    if there.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        skip("cvlc");
        return None;
    }
    let user: &[&str] = if is_root { &["60", "runuser", "-u", "nobody", "--"] } else { &["60"] };
    let output = run("timeout", &[user, &play].concat())?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{}: {said}", path.display());
    Some(said)
}

/// Runs a Python program that needs `module`, with `arguments`; returns what it printed.
pub fn python(module: &str, program: &str, arguments: &[&str]) -> Option<String> {
    let interpreter = std::env::var("TANBA_PYTHON").unwrap_or_else(|_| "python3".into());
    if !run(&interpreter, &["-c", &format!("import {module}")])?.status.success() {
        skip(&format!("Python module {module}"));
        return None;
    }
    let output = run(&interpreter, &[&["-c", program], arguments].concat())?;
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}{errors}");
    Some(printed.into_owned())
}
