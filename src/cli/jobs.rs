//! Which input goes where.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::{exit::Failure, input, words};

/// One input and where its result goes; no path is standard input or output.
pub(super) struct Job {
    pub(super) input: Option<PathBuf>,
    pub(super) output: Option<PathBuf>,
}

impl Job {
    /// The input as messages say it.
    pub(super) fn subject(&self) -> String {
        input::name(self.input.as_deref().unwrap_or(Path::new("-")))
    }

    /// The input as it was given.
    pub(super) fn input_name(&self) -> String {
        self.input.as_deref().map_or("-".into(), |path| path.to_string_lossy().into_owned())
    }
}

/// Where each result goes.
pub(super) fn jobs(inputs: &[PathBuf], output: Option<&Path>) -> Result<Vec<Job>, Failure> {
    let dash = input::dash;
    input::standard_input_once(inputs.iter().map(PathBuf::as_path))?;
    let folder = output.filter(|path| !dash(path) && (path.is_dir() || ends_with_separator(path)));
    if inputs.len() > 1 && output.is_some() && folder.is_none() {
        return Err(Failure::usage("several inputs need a folder after -o: make it, or end it with a slash"));
    }
    if let Some(folder) = folder {
        fs::create_dir_all(folder)
            .map_err(|error| Failure::io(format!("{}: {}", folder.display(), words::io(&error))))?;
    }
    let mut jobs: Vec<Job> = Vec::with_capacity(inputs.len());
    for input in inputs {
        let input = (!dash(input)).then(|| input.clone());
        let output = match (folder, output, &input) {
            (Some(_), _, None) => return Err(Failure::usage("standard input has no name: give -o FILE")),
            (Some(folder), _, Some(input)) => Some(folder.join(input.file_name().unwrap_or(input.as_os_str()))),
            (None, Some(output), _) => (!dash(output)).then(|| output.to_owned()),
            (None, None, Some(input)) => Some(beside(input)),
            (None, None, None) => None,
        };
        if output.is_some() && jobs.iter().any(|job| job.output == output) {
            let name = output.unwrap_or_default();
            return Err(Failure::usage(format!("two inputs would be written to {}", name.display())));
        }
        jobs.push(Job { input, output });
    }
    Ok(jobs)
}

/// `photo.jpg` → `photo.labelled.jpg`.
fn beside(input: &Path) -> PathBuf {
    let mut name = input.file_stem().unwrap_or(OsStr::new("picture")).to_owned();
    name.push(".labelled");
    if let Some(extension) = input.extension() {
        name.push(".");
        name.push(extension);
    }
    input.with_file_name(name)
}

fn ends_with_separator(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_stands_beside_the_input() {
        assert_eq!(beside(Path::new("a/photo.final.jpg")), Path::new("a/photo.final.labelled.jpg"));
        assert_eq!(beside(Path::new("photo")), Path::new("photo.labelled"));
    }

    #[test]
    fn two_inputs_never_get_one_output() {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let folder = tempfile::tempdir().unwrap();
        assert!(jobs(&paths(&["a/x.png", "b/x.png"]), Some(folder.path())).is_err());
        assert!(jobs(&paths(&["a/x.png", "b/y.png"]), Some(folder.path())).is_ok());
        assert!(jobs(&paths(&["a/x.png", "b/y.png"]), Some(Path::new("out.png"))).is_err());
        assert!(jobs(&paths(&["-", "-"]), None).is_err());
    }
}
