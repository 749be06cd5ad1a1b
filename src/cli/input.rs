//! Inputs: files, folders (refused), and what nobody can seek in.

use std::{fs, io, path::Path};

use super::{
    exit::{self, Failure},
    words,
};

/// Whether `path` stands for standard input or standard output.
pub(super) fn dash(path: &Path) -> bool {
    path == Path::new("-")
}

/// `path` as messages say it.
pub(super) fn name(path: &Path) -> String {
    if dash(path) { "standard input".into() } else { path.display().to_string() }
}

/// Refuses to read standard input twice.
pub(super) fn standard_input_once<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Result<(), Failure> {
    match paths.into_iter().filter(|path| dash(path)).count() {
        0 | 1 => Ok(()),
        _ => Err(Failure::usage("standard input can be read once only")),
    }
}

/// Reads standard input or a pipe to its end into `into`; `false` for what can be opened and sought in as it is.
pub(super) fn spool(path: &Path, into: &mut impl io::Write) -> Result<bool, Failure> {
    let failed = |error: io::Error| Failure::io(format!("{}: {}", name(path), words::io(&error)));
    let empty = || Failure { code: exit::USAGE, words: format!("{}: the file is empty", name(path)) };
    let copied = if dash(path) {
        io::copy(&mut io::stdin().lock(), into).map_err(failed)?
    } else {
        // What is not there, the library says.
        let Ok(metadata) = fs::metadata(path) else { return Ok(false) };
        if metadata.is_dir() {
            let words = format!("{}: this is a folder; name the pictures in it", path.display());
            return Err(Failure::usage(words));
        }
        if metadata.is_file() && metadata.len() == 0 {
            return Err(empty());
        }
        if !is_pipe(&metadata) {
            return Ok(false);
        }
        let mut pipe = fs::File::open(path).map_err(failed)?;
        io::copy(&mut pipe, into).map_err(failed)?
    };
    if copied == 0 { Err(empty()) } else { Ok(true) }
}

#[cfg(unix)]
fn is_pipe(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}
