//! Which input goes where.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::{
    exit::Failure,
    input::{self, Input},
    words,
};

/// One input and where its result goes; no path is standard input or output.
pub(super) struct Job {
    pub(super) input: Option<PathBuf>,
    pub(super) output: Option<PathBuf>,
    /// The file was found in a folder, where other things may stand as well.
    pub(super) found: bool,
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

/// Where each result goes. What was found in a folder goes to the same place below `output`.
pub(super) fn jobs(inputs: &[Input], output: Option<&Path>) -> Result<Vec<Job>, Failure> {
    let dash = input::dash;
    input::standard_input_once(inputs.iter().map(|input| input.path.as_path()))?;
    let roots: HashSet<_> = inputs.iter().filter_map(|input| input.root.as_deref()).collect();
    let to_folder = |path: &&Path| !dash(path) && (path.is_dir() || ends_with_separator(path) || !roots.is_empty());
    let folder = output.filter(to_folder);
    if !roots.is_empty() && folder.is_none() {
        return Err(Failure::usage("the results of a folder need a folder of their own: give -o FOLDER"));
    }
    if inputs.len() > 1 && output.is_some() && folder.is_none() {
        return Err(Failure::usage("several inputs need a folder after -o: make it, or end it with a slash"));
    }
    if let Some(folder) = folder {
        make(folder)?;
        apart(folder, &roots)?;
    }
    let mut jobs: Vec<Job> = Vec::with_capacity(inputs.len());
    let mut taken = HashSet::new();
    for Input { path, root } in inputs {
        let input = (!dash(path)).then(|| path.clone());
        let output = match (folder, output, &input) {
            (Some(_), _, None) => return Err(Failure::usage("standard input has no name: give -o FILE")),
            (Some(folder), _, Some(input)) => Some(folder.join(match root {
                Some(root) => input.strip_prefix(root).unwrap_or(input),
                None => Path::new(input.file_name().unwrap_or(input.as_os_str())),
            })),
            (None, Some(output), _) => (!dash(output)).then(|| output.to_owned()),
            (None, None, Some(input)) => Some(beside(input)),
            (None, None, None) => None,
        };
        if let Some(output) = output.as_ref().filter(|output| !taken.insert((*output).clone())) {
            return Err(Failure::usage(format!("two inputs would be written to {}", output.display())));
        }
        jobs.push(Job { input, output, found: root.is_some() });
    }
    Ok(jobs)
}

/// Makes a folder, and those above it.
pub(super) fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::io(format!("{}: {}", folder.display(), words::io(&error))))
}

/// Results inside the folder that they are made from would be labelled again next time.
fn apart(folder: &Path, roots: &HashSet<&Path>) -> Result<(), Failure> {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder_is = real(folder);
    match roots.iter().find(|root| folder_is.starts_with(real(root))) {
        Some(root) => {
            let words = format!("{} lies inside {}: name a folder outside of it", folder.display(), root.display());
            Err(Failure::usage(words))
        }
        None => Ok(()),
    }
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
        let paths = |names: &[&str]| {
            let input = |name: &&str| Input { path: PathBuf::from(name), root: None };
            names.iter().map(input).collect::<Vec<_>>()
        };
        let folder = tempfile::tempdir().unwrap();
        assert!(jobs(&paths(&["a/x.png", "b/x.png"]), Some(folder.path())).is_err());
        assert!(jobs(&paths(&["a/x.png", "b/y.png"]), Some(folder.path())).is_ok());
        assert!(jobs(&paths(&["a/x.png", "b/y.png"]), Some(Path::new("out.png"))).is_err());
        assert!(jobs(&paths(&["-", "-"]), None).is_err());
    }
}
