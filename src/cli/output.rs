//! What is said and where: results on standard output, everything else on standard error.

use std::io::{self, IsTerminal as _, Write};

use clap::builder::styling::{AnsiColor, Style};

use super::{escape, exit::Failure, words};

/// Prints to standard output; a reader that closed the pipe has read enough.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::io(format!("standard output: {}", words::io(&error))))
        }
        _ => Ok(()),
    }
}

/// One compact JSON object on a line of its own.
pub(super) fn json_line(value: &impl serde::Serialize) -> String {
    // These types hold nothing that JSON cannot say: no maps with other keys than strings.
    let text = serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":{:?}}}", error.to_string()));
    escape::json(&text) + "\n"
}

/// Says something that went wrong, on standard error.
pub(super) fn complain(words: &str) {
    let style = style(io::stderr().is_terminal(), AnsiColor::Red.on_default().bold());
    // Nobody can be told that standard error is closed.
    let _ = writeln!(io::stderr(), "{style}tanba:{style:#} {}", escape_lines(words));
}

/// Says something beside the result, on standard error.
pub(super) fn remark(words: &str) {
    let _ = writeln!(io::stderr(), "tanba: {}", escape_lines(words));
}

/// Escapes each line, and keeps the line breaks: the library's own explanations may have several.
pub(super) fn escape_lines(words: &str) -> String {
    words.lines().map(escape::line).collect::<Vec<_>>().join("\n")
}

/// Whether standard output is a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// How wide standard output is, where it is a terminal.
pub(super) fn columns() -> Option<usize> {
    let terminal = is_terminal().then(terminal_size::terminal_size).flatten();
    terminal.map(|(width, _)| usize::from(width.0))
}

/// `wanted` on a terminal that may be coloured, otherwise nothing (<https://no-color.org>).
pub(super) fn style(terminal: bool, wanted: Style) -> Style {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    if terminal && !no_color && !dumb { wanted } else { Style::new() }
}
