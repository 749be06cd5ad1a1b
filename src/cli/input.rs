//! Inputs: files, folders, and what nobody can seek in.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{exit::Failure, words};

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

/// One file to work on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// The folder that was given, where the file was found in one.
    pub(super) root: Option<PathBuf>,
}

/// `paths`, and those that the file `list` names, one a line.
pub(super) fn listed(paths: &[PathBuf], list: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    let Some(list) = list else { return Ok(paths.to_vec()) };
    standard_input_once(paths.iter().map(PathBuf::as_path).chain([list]))?;
    let failed = |error: io::Error| Failure::io(format!("the list of files {}: {}", name(list), words::io(&error)));
    let text = match dash(list) {
        true => io::read_to_string(io::stdin().lock()),
        false => fs::read_to_string(list),
    };
    let text = text.map_err(failed)?;
    let named = text.lines().filter(|line| !line.is_empty()).map(PathBuf::from);
    Ok(paths.iter().cloned().chain(named).collect())
}

/// The files that `paths` mean: a folder stands for every file in it and below, in the order of their names. Hidden files and
/// links to other folders are passed over, and so are sidecars beside the file that they belong to.
pub(super) fn expand(paths: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for path in paths {
        if dash(path) || !path.is_dir() {
            inputs.push(Input { path: path.clone(), root: None });
            continue;
        }
        let mut open = vec![path.clone()];
        let mut found = Vec::new();
        while let Some(folder) = open.pop() {
            let failed = |error: io::Error| Failure::io(format!("{}: {}", folder.display(), words::io(&error)));
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let (path, kind) = (entry.path(), entry.file_type().map_err(failed)?);
                if entry.file_name().as_encoded_bytes().starts_with(b".") || is_sidecar(&path) {
                    continue;
                }
                match kind {
                    kind if kind.is_dir() => open.push(path),
                    kind if kind.is_file() || (kind.is_symlink() && path.is_file()) => found.push(path),
                    _ => {}
                }
            }
        }
        found.sort();
        inputs.extend(found.into_iter().map(|found| Input { path: found, root: Some(path.clone()) }));
    }
    Ok(inputs)
}

/// Whether this is `photo.jpg.c2pa` beside `photo.jpg`.
fn is_sidecar(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "c2pa") && path.with_extension("").is_file()
}

/// Reads standard input or a pipe to its end into `into`; `false` for what can be opened and sought in as it is.
pub(super) fn spool(path: &Path, into: &mut impl io::Write) -> Result<bool, Failure> {
    let failed = |error: io::Error| Failure::io(format!("{}: {}", name(path), words::io(&error)));
    let empty = || Failure::usage(format!("{}: the file is empty", name(path)));
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

/// A temporary file that is made when the first byte is written to it.
#[derive(Default)]
pub(super) struct Spool(Option<tempfile::NamedTempFile>);

impl Spool {
    pub(super) fn path(&self) -> io::Result<&Path> {
        self.0.as_ref().map(tempfile::NamedTempFile::path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl io::Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(file) => file.write(bytes),
            none => none.insert(tempfile::NamedTempFile::new()?).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), io::Write::flush)
    }
}

#[cfg(unix)]
fn is_pipe(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &fs::Metadata) -> bool {
    false
}
