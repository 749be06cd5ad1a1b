//! `tanba formats`.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use tanba::{Carries, Format, Medium};

use super::{
    exit::{self, Failure},
    output,
};

/// List the formats that tanba labels and examines, and what it can do with each
#[derive(Args)]
pub(super) struct Arguments {
    /// As the Markdown table that README holds
    #[arg(long)]
    markdown: bool,

    /// As JSON, one line for each format
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
}

#[derive(Serialize)]
struct Line {
    format: Format,
    name: &'static str,
    medium: Medium,
    extensions: &'static [&'static str],
    media_types: &'static [&'static str],
    can_label: bool,
    notice: Carries,
    limitations: &'static str,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let text = if arguments.json {
        Format::ALL.iter().map(|&format| output::json_line(&line(format))).collect()
    } else if arguments.markdown {
        markdown()
    } else {
        table()
    };
    output::print(&text)?;
    Ok(exit::DONE)
}

fn line(format: Format) -> Line {
    Line {
        format,
        name: format.name(),
        medium: format.medium(),
        extensions: format.extensions(),
        media_types: format.media_types(),
        can_label: format.can_label(),
        notice: format.notice(),
        limitations: format.limitations(),
    }
}

fn notice(format: Format) -> &'static str {
    match format.notice() {
        _ if !format.can_label() => "examined only",
        Carries::Lossless => "lossless",
        Carries::Reencoded => "re-encoded",
        _ => "no",
    }
}

fn table() -> String {
    let mut text = format!("{:<11}{:<14}{:<20}{}\n", "format", "notice", "extensions", "media types");
    for &format in Format::ALL {
        let extensions = format.extensions().join(" ");
        let media_types = format.media_types().join(" ");
        let _ = writeln!(text, "{:<11}{:<14}{extensions:<20}{media_types}", format.name(), notice(format));
        if !format.limitations().is_empty() {
            let _ = writeln!(text, "{:<11}{}", "", format.limitations());
        }
    }
    text.push_str(
        "\nEvery format that is labelled carries the record and the manifest. Notice: \"lossless\" leaves everything outside the notice\n\
         as it was; \"re-encoded\" decodes and encodes the picture again, and says how close it stayed; \"no\" means that\n\
         the warning has to stand beside the picture.\n",
    );
    text
}

fn markdown() -> String {
    let mut text = String::from("| format | extensions | media types | notice | limits |\n|---|---|---|---|---|\n");
    for &format in Format::ALL {
        let code = |items: &[&str]| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            format.name(),
            code(format.extensions()),
            code(format.media_types()),
            notice(format),
            format.limitations()
        );
    }
    text
}
