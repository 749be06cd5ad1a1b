//! Temporary files that another program opens by a path.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use crate::{Result, stream::Source};

/// A temporary file that is gone when this is dropped.
#[derive(Debug)]
pub(crate) enum Scratch {
    /// A file without a name, opened through this process: even when it is killed nothing stays.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    Named(NamedTempFile),
}

impl Scratch {
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
        #[cfg(target_os = "linux")]
        if Path::new("/proc/self/fd").is_dir() {
            return Ok(Self::Unnamed(tempfile::tempfile_in(folder).map_err(named)?));
        }
        Ok(Self::Named(NamedTempFile::new_in(folder).map_err(named)?))
    }

    /// A file with these bytes.
    pub(crate) fn with(folder: &Path, bytes: &[u8]) -> Result<Self> {
        let mut scratch = Self::new(folder)?;
        scratch.file().write_all(bytes)?;
        Ok(scratch)
    }

    /// A copy of what `source` holds.
    pub(crate) fn copy(folder: &Path, source: &mut dyn Source) -> Result<Self> {
        let mut scratch = Self::new(folder)?;
        source.rewind()?;
        io::copy(source, scratch.file())?;
        Ok(scratch)
    }

    pub(crate) fn file(&mut self) -> &mut File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file_mut(),
        }
    }

    /// Length in bytes.
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file.metadata()?.len(),
            Self::Named(file) => file.as_file().metadata()?.len(),
        })
    }

    /// The path under which a child of this process opens it.
    pub(super) fn path(&self) -> PathBuf {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => {
                use std::os::fd::AsRawFd as _;
                format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd()).into()
            }
            Self::Named(file) => file.path().to_owned(),
        }
    }

    /// The same as ffmpeg is told it.
    pub(super) fn url(&self) -> std::ffi::OsString {
        let mut url = std::ffi::OsString::from("file:");
        url.push(self.path());
        url
    }
}
