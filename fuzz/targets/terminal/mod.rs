//! The page for a terminal, as the command sets it.

use tanba::{Report, ReportLanguage};

#[path = "../../../src/cli/escape.rs"]
pub mod escape;
#[path = "../../../src/cli/human.rs"]
mod human;
#[path = "../../../src/cli/words.rs"]
mod words;

/// What the page needs of its neighbours.
mod exit {
    pub struct Failure {
        pub words: String,
    }
}
mod output {
    use clap::builder::styling::Style;

    pub fn is_terminal() -> bool {
        false
    }

    pub fn columns() -> Option<usize> {
        Some(72)
    }

    pub fn style(_: bool, _: Style) -> Style {
        Style::new()
    }
}

pub fn page(language: ReportLanguage, name: &str, report: &Report) -> String {
    human::Page::new(language).report(name, report)
}

pub fn unexamined(language: ReportLanguage, name: &str) -> String {
    let failure = exit::Failure { words: format!("{name}: {}", words::io(&std::io::Error::other(name))) };
    human::Page::new(language).unexamined(name, &failure)
}

pub fn json(report: &Report) -> String {
    escape::json(&serde_json::to_string(report).unwrap())
}
