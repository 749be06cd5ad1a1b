//! Files by path: a result appears whole or not at all, and the input is never touched.

mod paged;

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use paged::Paged;
use tempfile::NamedTempFile;

use crate::{
    Binding, Error, Format, Labeler, Receipt, Report, Result, Thumbnail, Verdict, Verifier,
    stream::{Sink, Source},
    verifier::Beside,
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
    /// The result is written to a file without a name in the folder of `output` (a hidden one where the system has no such
    /// files) and gets its name when it is complete and on disk: whatever happens on the way, `output` is either what it
    /// was or the whole result. Where the manifest does not stand in the result ([`Receipt::sidecar`]), it goes into a file whose
    /// name is that of `output` with `.c2pa` behind it. That file gets its name first: there is no result without it.
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
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        let beside = beside(output);
        let writes_beside = self.writes_beside(Format::sniff(&mut source)?);
        if writes_beside && overwrite == Overwrite::Refuse && beside.symlink_metadata().is_ok() {
            let why = format!("{}: a manifest of another file may stand there; remove it first", beside.display());
            return Err(Error::Argument { argument: "output", why });
        }
        let (labelled, receipt) =
            Whole::write(input, output, overwrite, |sink| self.label_named(&name, &mut source, sink))?;
        let Some(store) = &receipt.sidecar else { return labelled.publish(overwrite).map(|()| receipt) };
        let (manifest, ()) = Whole::write(input, &beside, overwrite, |sink| Ok(sink.write_all(store)?))?;
        // A result without its manifest would pass for a whole one later: it comes last.
        manifest.publish(overwrite)?;
        labelled.publish(overwrite).inspect_err(|_| {
            if overwrite == Overwrite::Refuse {
                let _ = fs::remove_file(&beside);
            }
        })?;
        Ok(receipt)
    }
}

impl Verifier {
    /// Examines the file at `path`, and the C2PA manifest store beside it (`photo.jpg.c2pa`, or else `photo.c2pa`) where it
    /// embeds none. Where it does embed one, the one beside it must be the same. Where several files are called `photo`, `photo.c2pa`
    /// is taken for the one that it fits.
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
        let path = path.as_ref();
        let mut source = open(path)?;
        let Some((candidate, beside)) = sidecar(path, self.max_metadata_bytes())? else {
            return self.examine(&mut source, None);
        };
        let report = self.examine(&mut source, Some(beside))?;
        let fits =
            matches!(report.binding, Binding::Intact | Binding::Partial) && report.verdict != Verdict::Conflicting;
        if fits || !is_shared(path, &candidate) { Ok(report) } else { self.examine(&mut source, None) }
    }

    /// [`thumbnail`](Self::thumbnail) for a file.
    ///
    /// # Errors
    ///
    /// As [`Verifier::thumbnail`].
    pub fn thumbnail_file(&self, path: impl AsRef<Path>, max_side: u32) -> Result<Option<Thumbnail>> {
        self.thumbnail(&mut open(path.as_ref())?, max_side)
    }
}

/// The name of the sidecar of a file.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".c2pa");
    name.into()
}

/// The manifest store beside a file: C2PA 2.4 §11.4 wants the extension `.c2pa`, and leaves open whether it is put behind the
/// other one.
fn sidecar(path: &Path, max: u64) -> Result<Option<(PathBuf, Beside)>> {
    let Some(name) = path.file_name() else { return Ok(None) };
    let mut longer = name.to_owned();
    longer.push(".c2pa");
    for candidate in [path.with_file_name(longer), path.with_extension("c2pa")] {
        if candidate == path || !fs::metadata(&candidate).is_ok_and(|metadata| metadata.is_file()) {
            continue;
        }
        let mut store = Vec::new();
        // One byte more than may be tells a store that is too large from one that is just not.
        let file = File::open(&candidate).map_err(|error| named(&candidate, error))?;
        file.take(max.saturating_add(1)).read_to_end(&mut store).map_err(|error| named(&candidate, error))?;
        if store.len() as u64 > max {
            return Err(Error::Limit { what: "the size of the sidecar in bytes", got: store.len() as u64, max });
        }
        let place = format!("sidecar {}", candidate.file_name().unwrap_or_default().display());
        return Ok(Some((candidate, Beside { store, place, counts: false })));
    }
    Ok(None)
}

/// Whether `sidecar` may belong to another file than `path`: it is called after the name alone, and others have that name too.
fn is_shared(path: &Path, sidecar: &Path) -> bool {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let other = |file: &Path| {
        file.file_name() != path.file_name()
            && file.file_name() != sidecar.file_name()
            && file.file_stem() == path.file_stem()
    };
    sidecar.file_stem() == path.file_stem()
        && fs::read_dir(folder).is_ok_and(|files| files.flatten().any(|file| other(&file.path())))
}

/// Opens a regular file for reading, the path in the error.
fn open(path: &Path) -> Result<impl Source> {
    let file = File::open(path).map_err(|error| named(path, error))?;
    if file.metadata()?.is_dir() {
        return Err(named(path, io::ErrorKind::IsADirectory.into()).into());
    }
    Paged::new(file).map_err(|error| named(path, error).into())
}

/// What was written as a whole and has no name yet.
struct Whole<'a> {
    draft: Draft,
    output: &'a Path,
}

impl<'a> Whole<'a> {
    /// Runs `write` on a file without a name in the folder of `output`.
    fn write<T>(
        input: &Path,
        output: &'a Path,
        overwrite: Overwrite,
        write: impl FnOnce(&mut dyn Sink) -> Result<T>,
    ) -> Result<(Self, T)> {
        if same_file(input, output) {
            return Err(refused(output, "this is the input, which tanba never changes; give another name"));
        }
        if overwrite == Overwrite::Refuse && output.symlink_metadata().is_ok() {
            return Err(refused(output, "the file exists; give another name or allow overwriting"));
        }
        let folder = match output.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let mut draft = Draft::new(&folder).map_err(|error| named(&folder, error))?;
        let mut sink = Paged::new(draft.file())?;
        let done = write(&mut sink)?;
        sink.flush().map_err(|error| named(output, error))?;
        Ok((Self { draft, output }, done))
    }

    /// Gives it its name.
    fn publish(self, overwrite: Overwrite) -> Result<()> {
        self.draft.publish(self.output, overwrite).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                refused(self.output, "the file appeared meanwhile; give another name or allow overwriting")
            }
            _ => named(self.output, error).into(),
        })
    }
}

fn refused(output: &Path, why: &str) -> Error {
    Error::Argument { argument: "output", why: format!("{}: {why}", output.display()) }
}

/// A result on its way to its place. Dropped before it is published, it leaves nothing behind.
enum Draft {
    /// A file without a name (`O_TMPFILE`): even a killed process leaves nothing.
    #[cfg(target_os = "linux")]
    Unnamed { file: File, folder: PathBuf },
    /// A hidden file beside the target, where there are no such files: a killed process leaves it.
    Hidden(NamedTempFile),
}

impl Draft {
    #[cfg(target_os = "linux")]
    fn new(folder: &Path) -> io::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::TMPFILE.bits().cast_signed();
        let unnamed = fs::OpenOptions::new().read(true).write(true).custom_flags(flags).mode(0o666).open(folder);
        // Not every file system has them (NFS, FUSE), and giving one a name needs /proc.
        match unnamed {
            Ok(file) if Path::new("/proc/self/fd").is_dir() => Ok(Self::Unnamed { file, folder: folder.to_owned() }),
            _ => hidden(folder).map(Self::Hidden),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn new(folder: &Path) -> io::Result<Self> {
        hidden(folder).map(Self::Hidden)
    }

    fn file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed { file, .. } => file,
            Self::Hidden(file) => file.as_file_mut(),
        }
    }

    /// Puts what was written on disk, and then gives it its name at one stroke.
    ///
    /// The folder is not synchronised: after a power cut there is the whole result, or what was there before.
    fn publish(mut self, output: &Path, overwrite: Overwrite) -> io::Result<()> {
        self.file().sync_all()?;
        match (self, overwrite) {
            #[cfg(target_os = "linux")]
            (Self::Unnamed { file, folder }, _) => give_name(&file, &folder, output, overwrite),
            (Self::Hidden(file), Overwrite::Refuse) => file.persist_noclobber(output).map(drop).map_err(|e| e.error),
            (Self::Hidden(file), Overwrite::Replace) => file.persist(output).map(drop).map_err(|e| e.error),
        }
    }
}

/// Links an unnamed file to its name; over an existing file by way of a hidden one and a rename.
#[cfg(target_os = "linux")]
fn give_name(file: &File, folder: &Path, output: &Path, overwrite: Overwrite) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};

    let handle = format!("/proc/self/fd/{}", file.as_raw_fd());
    let link = |name: &Path| linkat(CWD, &handle, CWD, name, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from);
    match link(output) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && overwrite == Overwrite::Replace => {
            let aside = tempfile::Builder::new().prefix(".tanba-").tempdir_in(folder)?;
            let name = aside.path().join("whole");
            link(&name)?;
            fs::rename(&name, output)
        }
        done => done,
    }
}

/// A temporary file with the permissions that a new file would have, removed when dropped.
fn hidden(folder: &Path) -> io::Result<NamedTempFile> {
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

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;
    use crate::{
        Binding, Disclosure, Format, Signature, Signer, Verdict,
        limits::{Budget, Limits},
        manifest::{Claim, Draft},
        record::Record,
    };

    fn png() -> Vec<u8> {
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tiny.png")).unwrap()
    }

    /// A store for a file that it does not stand in.
    fn store(file: &[u8]) -> Vec<u8> {
        let record = Record::example();
        let claim = Claim {
            record: &record,
            title: None,
            oversight: None,
            media_type: "image/png",
            parts: Vec::new(),
            notices: Vec::new(),
            beside: false,
        };
        let draft = Draft::new(Format::Png, &claim, None, &Signer::development()).unwrap();
        draft.sign(Sha256::digest(file).into(), &(0..0), &mut io::Cursor::new(Vec::new())).unwrap()
    }

    #[test]
    fn the_sidecar_is_looked_for_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("photo.png");
        fs::write(&file, png()).unwrap();
        let verify = || Verifier::new().verify_file(&file).unwrap();
        assert_eq!(verify().verdict, Verdict::NotFound);
        for name in ["photo.png.c2pa", "photo.c2pa"] {
            fs::write(folder.path().join(name), store(&png())).unwrap();
            let report = verify();
            assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok), "{:#?}", report.findings);
            assert!(report.findings.iter().any(|finding| finding.place.starts_with(&format!("sidecar {name}"))));
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        // The longer name is the closer one.
        fs::write(folder.path().join("photo.png.c2pa"), store(&png())).unwrap();
        fs::write(folder.path().join("photo.c2pa"), b"something else").unwrap();
        assert_eq!(verify().binding, Binding::Intact);
        fs::write(&file, [&png()[..], b"more"].concat()).unwrap();
        let report = verify();
        assert_eq!((report.binding, report.verdict), (Binding::Broken, Verdict::Tampered));
        fs::remove_file(folder.path().join("photo.png.c2pa")).unwrap();
        assert_eq!(verify().verdict, Verdict::Inconclusive);
    }

    #[test]
    fn a_sidecar_that_differs_from_what_the_file_embeds_is_a_contradiction() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("photo.png");
        let labelled = crate::label(&png(), &Disclosure::generated("Acme"), &Signer::development()).unwrap();
        fs::write(&file, &labelled).unwrap();
        let mut source = io::Cursor::new(&labelled);
        let survey = Format::Png.handler().survey(&mut source, &mut Budget::new(&Limits::default())).unwrap();
        let verify = |sidecar: &[u8]| {
            fs::write(folder.path().join("photo.c2pa"), sidecar).unwrap();
            Verifier::new().verify_file(&file).unwrap()
        };
        let same = verify(&survey.stores[0].jumbf);
        assert_eq!((same.binding, same.verdict), (Binding::Intact, Verdict::UntrustedSigner), "{:#?}", same.findings);
        for sidecar in [&store(&png())[..], b"no store at all"] {
            let other = verify(sidecar);
            assert_eq!((other.binding, other.verdict), (Binding::Intact, Verdict::Conflicting));
            assert!(other.findings.iter().any(|finding| finding.text.contains("sidecar photo.c2pa")));
        }
        // Handed over, the store beside the file is the one that counts.
        let given =
            |store: &[u8]| Verifier::new().verify_with_manifest(&mut io::Cursor::new(&labelled), store).unwrap();
        assert_eq!(given(&survey.stores[0].jumbf).verdict, Verdict::UntrustedSigner);
        assert_eq!(given(&store(&labelled)).verdict, Verdict::Conflicting);
        assert_eq!(given(&store(&png())).binding, Binding::Broken);
    }

    #[test]
    fn a_sidecar_for_several_names_is_taken_for_the_file_that_it_fits() {
        let folder = tempfile::tempdir().unwrap();
        let [mine, other] = ["photo.png", "photo.jpg"].map(|name| folder.path().join(name));
        fs::write(&mine, png()).unwrap();
        fs::write(&other, [&png()[..], b"another file"].concat()).unwrap();
        fs::write(folder.path().join("photo.c2pa"), store(&png())).unwrap();
        let verify = |path: &Path| Verifier::new().verify_file(path).unwrap();
        assert_eq!(verify(&mine).binding, Binding::Intact);
        assert_eq!((verify(&other).verdict, verify(&other).manifest), (Verdict::NotFound, None));
        // Alone with it, there is nothing else that it could belong to.
        fs::remove_file(&mine).unwrap();
        assert_eq!(verify(&other).verdict, Verdict::Tampered);
    }

    #[test]
    fn a_sidecar_is_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("photo.png");
        fs::write(&file, png()).unwrap();
        fs::write(folder.path().join("photo.png.c2pa"), vec![0; 100_001]).unwrap();
        let limits = Limits { max_metadata_bytes: 100_000, ..Limits::default() };
        let error = Verifier::new().limits(limits).verify_file(&file).unwrap_err();
        assert!(matches!(error, Error::Limit { max: 100_000, .. }), "{error}");
    }
}
