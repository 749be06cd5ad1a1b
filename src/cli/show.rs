//! `tanba show`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;
use tanba::{Outline, Part, Verifier};

use super::{
    escape,
    exit::{self, Failure},
    input, output, words,
};

/// List what labels are made of in a file, and where it stands, without judging
///
/// Manifest stores box by box, metadata property by property, text fields, each with its place in bytes.
#[derive(Args)]
pub(super) struct Arguments {
    /// The files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// Print JSON, one line for each file
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    #[serde(flatten)]
    outline: &'a Outline,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    input::standard_input_once(arguments.files.iter().map(PathBuf::as_path))?;
    let mut code = exit::DONE;
    for file in &arguments.files {
        match outline(file) {
            Ok(outline) => {
                let name = &*file.to_string_lossy();
                output::print(&match arguments.json {
                    true => output::json_line(&Line { file: name, outline: &outline }),
                    false => listing(name, &outline),
                })?;
            }
            Err(failure) => {
                let failure = failure.about(&input::name(file));
                output::complain(&failure.words);
                code = if code == exit::DONE { failure.code } else { code };
            }
        }
    }
    Ok(code)
}

fn outline(file: &Path) -> Result<Outline, Failure> {
    let mut spooled = tempfile::spooled_tempfile(64 << 20);
    let verifier = Verifier::new();
    if input::spool(file, &mut spooled)? {
        return Ok(verifier.outline(&mut spooled)?);
    }
    let file = fs::File::open(file).map_err(|error| Failure::io(words::io(&error)))?;
    Ok(verifier.outline(&mut std::io::BufReader::new(file))?)
}

fn listing(name: &str, outline: &Outline) -> String {
    let mut text = format!("{} ({}, {} bytes)\n", escape::line(name), outline.format, outline.bytes);
    if outline.parts.is_empty() {
        text.push_str("  nothing that a label is made of\n");
    }
    outline.parts.iter().for_each(|part| tree(&mut text, part, 1));
    for what in &outline.unread {
        let _ = writeln!(text, "  not read: {}", escape::line(&words::plain(what)));
    }
    text.push('\n');
    text
}

fn tree(text: &mut String, part: &Part, depth: usize) {
    let _ = write!(text, "{:indent$}{}", "", escape::line(&part.name), indent = depth * 2);
    if let Some(value) = part.value.as_deref().filter(|value| !value.is_empty()) {
        let _ = write!(text, ": {}", escape::line(value));
    }
    match part.place.as_str() {
        "" => text.push('\n'),
        place => _ = writeln!(text, "  ({})", escape::line(place)),
    }
    part.parts.iter().for_each(|part| tree(text, part, depth + 1));
}
