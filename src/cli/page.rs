//! `--html`: the reports of one run as a page.

use std::{
    fs,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use tanba::{HtmlReport, ReportLanguage};

use super::{exit::Failure, input::Input, verify::Examined, words};

/// A page that is being filled; it gets its name when it is whole.
pub(super) struct Page {
    path: PathBuf,
    force: bool,
    html: HtmlReport,
}

impl Page {
    /// Refuses before any work is done: when the file exists and may not be replaced, or is one of `inputs`.
    pub(super) fn new(path: &Path, force: bool, language: ReportLanguage, inputs: &[Input]) -> Result<Self, Failure> {
        let same = |input: &Input| {
            let whole = |path: &Path| fs::canonicalize(path).ok();
            whole(path).is_some_and(|path| whole(&input.path) == Some(path))
        };
        if inputs.iter().any(same) {
            return Err(Failure::usage(format!("{}: this is one of the files to examine", path.display())));
        }
        if path.symlink_metadata().is_ok() && !force {
            return Err(exists(path));
        }
        Ok(Self { path: path.to_owned(), force, html: HtmlReport::new(language) })
    }

    pub(super) fn add(&mut self, name: &str, examined: &Examined, input: &Input) {
        match examined {
            Examined::Report(report, thumbnail) => {
                self.html.add(name, report, thumbnail.as_ref());
            }
            // In a folder stand other things as well.
            Examined::Failed(failure) if failure.unknown_format && input.root.is_some() => {}
            Examined::Failed(failure) => {
                self.html.add_unexamined(name, &failure.words);
            }
        }
    }

    /// Writes the page, whole or not at all.
    pub(super) fn write(self) -> Result<(), Failure> {
        let failed = |error: &std::io::Error| Failure::io(format!("{}: {}", self.path.display(), words::io(error)));
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".tanba-").suffix(".html");
        // As any program would make it: what the umask leaves.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
        file.write_all(self.html.render().as_bytes()).map_err(|error| failed(&error))?;
        let done = match self.force {
            true => file.persist(&self.path),
            false => file.persist_noclobber(&self.path),
        };
        match done {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(exists(&self.path)),
            Err(error) => Err(failed(&error.error)),
        }
    }
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{}: the file exists; give another name or use --force", path.display()))
}
