//! The command line: one file a command, and what the commands share.

mod audible;
mod batch;
mod config;
mod doctor;
mod escape;
mod exit;
mod film;
mod formats;
mod human;
mod identity;
mod input;
mod jobs;
mod keygen;
mod label;
mod output;
mod page;
mod prose;
mod show;
mod stop;
mod summary;
mod tally;
mod trust;
mod verify;
mod words;

use std::process::ExitCode;

use clap::{
    CommandFactory as _, Parser, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser as _},
};

use exit::Failure;

/// Marks pictures made by AI so that people and machines can tell, and checks such marks.
///
/// A label has two halves. The notice is a plate with words that anybody sees in the picture. The record is for
/// machines: metadata fields (XMP, EXIF), and a signed manifest (C2PA, "Content Credentials") that breaks when somebody
/// changes the file afterwards. `tanba label` writes both, `tanba verify` reads and measures both.
#[derive(Parser)]
#[command(version, propagate_version = true, after_help = exit::HELP, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Label(Box<label::Arguments>),
    Verify(verify::Arguments),
    Show(show::Arguments),
    Trust(trust::Arguments),
    Formats(formats::Arguments),
    Keygen(keygen::Arguments),
    Doctor(doctor::Arguments),
    /// Print the JSON Schema of what `verify --json` prints
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Names of the profiles of the library.
const PROFILES: [&str; 6] = ["kz", "eu", "cn", "us-ca", "in", "kr"];

/// Parses the arguments, does what they ask, and says what came of it.
pub(crate) fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe after `--help` is nobody's mistake.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    let result = match arguments.command {
        Command::Label(arguments) => label::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
        Command::Show(arguments) => show::run(&arguments),
        Command::Trust(arguments) => trust::run(&arguments),
        Command::Formats(arguments) => formats::run(&arguments),
        Command::Keygen(arguments) => keygen::run(&arguments),
        Command::Doctor(arguments) => doctor::run(&arguments),
        Command::Schema => output::print(tanba::JSON_SCHEMA).map(|()| exit::DONE),
        Command::Completions { shell } => completions(shell),
    };
    ExitCode::from(result.unwrap_or_else(|failure| {
        output::complain(&failure.to_string());
        failure.code
    }))
}

fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "tanba", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(exit::DONE)
}

/// A parser for an enum of the library, by the names that its JSON form has.
fn named<T>(names: &'static [&'static str]) -> impl clap::builder::TypedValueParser<Value = T>
where
    T: serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(names).try_map(|name| serde_json::from_value(serde_json::Value::String(name)))
}

/// Parses an RFC 3339 time such as `2026-11-21T12:00:00Z`.
fn time(text: &str) -> Result<time::OffsetDateTime, String> {
    time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339)
        .map_err(|error| format!("{error}; write it like 2026-11-21T12:00:00Z"))
}

/// Reads a small file that the operator gave (a key, a chain, anchors, a font).
fn read_file(path: &std::path::Path, what: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::io(format!("{what} {}: {}", path.display(), words::io(&error))))
}

/// Reads a password: the first line of a file, without its line end.
fn password(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let bytes = read_file(path, "the password file")?;
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    Ok(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
