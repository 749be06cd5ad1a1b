//! A report for people at a terminal: headline, evidence, and what it does not mean.

use std::fmt::Write as _;

use clap::builder::styling::{AnsiColor, Style};
use tanba::{Evidence, Headline, Report, ReportLanguage, RuleWords};
use unicode_width::UnicodeWidthStr as _;

use super::{escape, exit::Failure, output, words};

/// Columns of a terminal that are used: longer lines are hard to read.
const MAX_COLUMNS: usize = 100;
/// Columns below which nothing is wrapped any more.
const MIN_COLUMNS: usize = 40;

/// How the text is set: in which language, and how wide.
#[derive(Clone, Copy)]
pub(super) struct Page {
    language: ReportLanguage,
    /// Columns to wrap at; `None` where a program reads the text.
    columns: Option<usize>,
}

impl Page {
    /// As wide as the terminal, if standard output is one.
    pub(super) fn new(language: ReportLanguage) -> Self {
        let columns = output::columns().map(|columns| columns.clamp(MIN_COLUMNS, MAX_COLUMNS));
        Self { language, columns }
    }

    /// A line of `text`, wrapped; what follows the first break stands `indent` columns from the left.
    fn line(self, into: &mut String, text: &str, indent: usize) {
        let Some(columns) = self.columns else {
            let _ = writeln!(into, "{text}");
            return;
        };
        let (mut line, mut width) = (String::new(), 0);
        for word in text.split_inclusive(' ') {
            let visible = word.trim_end().width();
            if width + visible > columns && !line.trim().is_empty() {
                let _ = writeln!(into, "{}", line.trim_end());
                line = " ".repeat(indent);
                width = indent;
            }
            line.push_str(word);
            width += word.width();
        }
        let _ = writeln!(into, "{}", line.trim_end());
    }

    /// A name and its value, in two columns.
    fn row(self, into: &mut String, name: &str, value: &str, column: usize) {
        let gap = " ".repeat(column.saturating_sub(name.width()).max(1));
        self.line(into, &format!("  {name}{gap}{}", escape::line(value)), column + 2);
    }

    fn list(self, into: &mut String, title: &str, lines: impl IntoIterator<Item = String>) {
        let mut lines = lines.into_iter().peekable();
        if lines.peek().is_some() {
            let style = paint(Style::new().underline());
            let _ = writeln!(into, "{style}{title}{style:#}");
        }
        for line in lines {
            self.line(into, &format!("  {line}"), 4);
        }
    }

    /// The report of one file.
    pub(super) fn report(self, name: &str, report: &Report) -> String {
        let (explained, titles) = (report.explain(self.language), self.language.titles());
        let mut text = heading(name, report.headline, &explained.headline);
        let [data, _, signature] = &explained.provenance[..] else { return text };
        let available = format!("{}: {}; {}: {}", data.name, data.state, signature.name, signature.state);
        let mut rows = vec![(explained.content.name.as_str(), explained.content.value())];
        rows.extend(explained.axes.iter().map(|axis| (axis.row.name.as_str(), axis.row.value())));
        rows.push((&explained.system.name, explained.system.value()));
        rows.push((titles.available, available));
        let column = column(rows.iter().map(|(name, _)| *name));
        for (name, value) in &rows {
            self.row(&mut text, name, value, column);
        }
        let widest = explained.findings.iter().map(|finding| finding.class.width()).max().unwrap_or_default();
        self.list(&mut text, titles.evidence, explained.findings.iter().map(|it| evidence(it, widest)));
        self.list(&mut text, titles.faults, explained.faults.iter().map(|code| escape::line(code)));
        if let Some(profile) = &explained.profile {
            self.list(&mut text, &escape::line(&profile.title), profile.rules.iter().map(rule));
            self.line(&mut text, &format!("  {}", profile.caution), 4);
        }
        let unseen = explained.not_examined.iter().map(|what| escape::line(&words::plain(what)));
        self.list(&mut text, titles.not_examined, unseen);
        self.list(&mut text, titles.not_meant, explained.not_meant);
        text.push('\n');
        text
    }

    /// What is said of a file that could not be examined.
    pub(super) fn unexamined(self, name: &str, failure: &Failure) -> String {
        let titles = self.language.titles();
        let mut text = heading(name, Headline::NotChecked, titles.could_not_check);
        let why = words::plain(&self.language.translate(&failure.words));
        self.row(&mut text, titles.because, &why, column([titles.because]));
        self.list(&mut text, titles.not_meant, [titles.nothing.to_owned()]);
        text.push('\n');
        text
    }
}

/// Where the second column begins, counted from the first.
fn column<'a>(names: impl IntoIterator<Item = &'a str>) -> usize {
    names.into_iter().map(|name| name.width() + 1).max().unwrap_or_default().max(15)
}

fn heading(name: &str, headline: Headline, words: &str) -> String {
    let style = paint(match headline {
        Headline::AiMadeProven => AnsiColor::Green.on_default().bold(),
        Headline::AiMadeDeclared => AnsiColor::Yellow.on_default().bold(),
        Headline::Broken => AnsiColor::Red.on_default().bold(),
        _ => Style::new().bold(),
    });
    format!("{}\n{style}{words}{style:#}\n", escape::line(name))
}

/// One finding: how much weight it carries, what it is, the value, the place.
fn evidence(finding: &Evidence, widest: usize) -> String {
    let gap = " ".repeat(widest.max(9) + 1 - finding.class.width().min(widest.max(9)));
    let mut line =
        format!("{}{gap}{}: {}", finding.class, finding.technique, escape::line(&words::plain(&finding.text)));
    if !finding.value.is_empty() {
        let _ = write!(line, ": {}", escape::line(&finding.value));
    }
    let _ = write!(line, " ({})", escape::line(&finding.place));
    line
}

/// One rule: what came of it, what is asked for, who says so and where, what was measured.
fn rule(rule: &RuleWords) -> String {
    let mut line = format!("{}: {} ({}, {})", rule.outcome, rule.rule, rule.mark, rule.source);
    let measured = match rule.wanted.as_str() {
        "" => rule.measured.clone(),
        wanted => format!("{} / {wanted}", rule.measured),
    };
    if !measured.is_empty() {
        let _ = write!(line, ": {}", escape::line(&measured));
    }
    line
}

fn paint(style: Style) -> Style {
    output::style(output::is_terminal(), style)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(columns: usize, text: &str, indent: usize) -> String {
        let mut into = String::new();
        Page { language: ReportLanguage::Kk, columns: Some(columns) }.line(&mut into, text, indent);
        into
    }

    #[test]
    fn lines_end_before_the_edge_and_go_on_indented() {
        let text = "  қолтаңба       дұрыс: таңба қол қойылған күйінде тұр, оны ешкім өзгерткен жоқ";
        let lines = wrapped(40, text, 17);
        assert!(lines.lines().count() > 1 && lines.lines().all(|line| line.width() <= 40), "{lines}");
        assert!(lines.lines().skip(1).all(|line| line.starts_with(&" ".repeat(17))), "{lines}");
        let joined = lines.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(joined, text.split_whitespace().collect::<Vec<_>>().join(" "));
        // A word that is longer than the line stays whole: an address can be copied.
        assert_eq!(wrapped(10, "  https://example.org/long", 4), "  https://example.org/long\n");
        // Wide characters count twice.
        assert_eq!(wrapped(10, "生成生成 生成", 2), "生成生成\n  生成\n");
    }

    #[test]
    fn columns_are_as_wide_as_they_look() {
        let page = Page { language: ReportLanguage::Ru, columns: None };
        let mut text = String::new();
        page.row(&mut text, "подпись", "верна", 15);
        page.row(&mut text, "AI生成", "да", 15);
        let starts: Vec<_> = text.lines().map(|line| line.rsplit_once(' ').unwrap().0.width()).collect();
        assert_eq!(starts, [16, 16], "{text}");
    }
}
