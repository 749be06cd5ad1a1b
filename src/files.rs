//! Files by path: a result appears whole or not at all, and the input is never touched.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{
    Error, Labeler, Receipt, Report, Result, Verifier,
    stream::{Sink, Source},
};

/// Whether an existing file may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// An existing output is an error; the default.
    #[default]
    Refuse,
    /// An existing output is replaced at once, by a rename. The input is never replaced.
    Replace,
}

impl Labeler {
    /// Labels the file `input` into the file `output`.
    ///
    /// The result is written to a temporary file in the folder of `output` and renamed when it is complete and on disk:
    /// whatever happens on the way, `output` is either what it was or the whole result.
    ///
    /// # Errors
    ///
    /// As [`Labeler::label`]; [`Error::Argument`] when `output` is `input`, or exists and may not be replaced.
    ///
    /// ```
    /// use tanba::{Disclosure, Labeler, Overwrite, Signer};
    /// let folder = tempfile::tempdir()?;
    /// let output = folder.path().join("photo.labelled.jpg");
    /// let labeler = Labeler::new(&Disclosure::generated("Acme Diffusion 3"), &Signer::development());
    /// let receipt = labeler.label_file("fixtures/photo.jpg", &output, Overwrite::Refuse)?;
    /// assert!(receipt.is_complete() && output.exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn label_file(
        &self,
        input: impl AsRef<Path>,
        output: impl AsRef<Path>,
        overwrite: Overwrite,
    ) -> Result<Receipt> {
        let (input, output) = (input.as_ref(), output.as_ref());
        let mut source = open(input)?;
        write_whole(input, output, overwrite, |sink| self.label(&mut source, sink))
    }
}

impl Verifier {
    /// Examines the file at `path`.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    ///
    /// ```
    /// let report = tanba::Verifier::new().verify_file("fixtures/photo.jpg")?;
    /// assert_eq!(report.format, tanba::Format::Jpeg);
    /// # Ok::<(), tanba::Error>(())
    /// ```
    pub fn verify_file(&self, path: impl AsRef<Path>) -> Result<Report> {
        self.verify(&mut open(path.as_ref())?)
    }
}

/// Opens a regular file for reading, the path in the error.
fn open(path: &Path) -> Result<impl Source> {
    let file = File::open(path).map_err(|error| named(path, error))?;
    if file.metadata()?.is_dir() {
        return Err(named(path, io::ErrorKind::IsADirectory.into()).into());
    }
    Ok(BufReader::new(file))
}

/// Runs `write` on a temporary file beside `output` and renames it.
fn write_whole<T>(
    input: &Path,
    output: &Path,
    overwrite: Overwrite,
    write: impl FnOnce(&mut dyn Sink) -> Result<T>,
) -> Result<T> {
    let refused = |why: &str| Error::Argument { argument: "output", why: format!("{}: {why}", output.display()) };
    if same_file(input, output) {
        return Err(refused("this is the input, which tanba never changes; give another name"));
    }
    if overwrite == Overwrite::Refuse && output.symlink_metadata().is_ok() {
        return Err(refused("the file exists; give another name or allow overwriting"));
    }
    let folder = match output.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut file = temporary(&folder).map_err(|error| named(&folder, error))?;
    let done = write(file.as_file_mut())?;
    file.as_file_mut().flush()?;
    file.as_file().sync_all()?;
    let renamed = match overwrite {
        Overwrite::Refuse => file.persist_noclobber(output),
        Overwrite::Replace => file.persist(output),
    };
    match renamed {
        Ok(_) => Ok(done),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(refused("the file appeared meanwhile; give another name or allow overwriting"))
        }
        Err(error) => Err(named(output, error.error).into()),
    }
}

/// A temporary file with the permissions that a new file would have, removed when dropped.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".tanba-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn same_file(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// The same error, saying of which file.
fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
