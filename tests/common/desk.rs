//! The program at work in a folder of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use tempfile::TempDir;

use super::{fixture, identity, tanba};

/// A folder to work in, with a configuration folder and a key.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(desk.path("work")).unwrap();
        fs::write(desk.path("chain.pem"), &identity().chain_pem).unwrap();
        fs::write(desk.path("key.pem"), &identity().key_pem).unwrap();
        fs::write(desk.path("anchor.pem"), &identity().anchor_pem).unwrap();
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy of a fixture in the folder `work`.
    pub fn copy(&self, name: &str) -> PathBuf {
        let copy = self.path("work").join(name);
        fs::copy(fixture(name), &copy).unwrap();
        copy
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = tanba(&self.path("config"));
        command.current_dir(self.path("work")).args(arguments).output().unwrap()
    }

    /// `label` with the key of the desk.
    pub fn label(&self, arguments: &[&str]) -> Output {
        let (chain, key) = (self.path("chain.pem"), self.path("key.pem"));
        let mut all = vec!["label", "--chain", text(&chain), "--key", text(&key), "--system", "Acme"];
        all.extend(arguments);
        self.run(&all)
    }

    pub fn verify(&self, arguments: &[&str]) -> Output {
        let anchor = self.path("anchor.pem");
        let mut all = vec!["verify", "--anchors", text(&anchor)];
        all.extend(arguments);
        self.run(&all)
    }

    /// Names in `work`, hidden ones too.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("work")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

pub fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
pub fn expect(output: &Output, wanted: i32) {
    assert_eq!(code(output), wanted, "stdout: {}\nstderr: {}", String::from_utf8_lossy(&output.stdout), err(output));
}
