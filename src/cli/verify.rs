//! `tanba verify`.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal as _},
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use clap::{
    Args,
    builder::styling::{AnsiColor, Style},
};
use serde::Serialize;
use tanba::{Headline, Profile, Report, Statement, TrustAnchors, Verifier};
use time::OffsetDateTime;

use super::{
    batch::{self, Bar},
    escape,
    exit::{self, Failure},
    input::{self, Input},
    output, read_file, trust, words,
};

/// Look for labels in files and folders, check them, and say what they are worth
///
/// Nothing is fetched: what a file names on the internet is reported, never opened. The exit code says the headline; for
/// several files it is that of the worst one: broken, then not checked, no label, declared, proven.
#[derive(Args)]
pub(super) struct Arguments {
    /// The files, or folders with files; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "files_from")]
    files: Vec<PathBuf>,

    /// Also the files that this list names, one a line; `-` reads the list from standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,

    #[command(flatten)]
    trust: Trust,

    /// Also hold the labels against the rules of Kazakhstan, the European Union, China, California, India or Korea
    #[arg(long, value_name = "LAW", value_parser = super::named::<Profile>(&super::PROFILES))]
    profile: Option<Profile>,

    /// How many files are examined at once [default: one a core]
    #[arg(short = 'j', long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,

    /// Do not decode the picture to look for the visible notice
    #[arg(long)]
    no_look: bool,

    /// Print the report as JSON, one line for each file
    #[arg(long)]
    json: bool,

    /// Say nothing: the exit code is the answer
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,
}

/// Whom to trust, and when.
#[derive(Args)]
pub(super) struct Trust {
    /// Certificates (PEM) of those whom you trust to vouch for signers, such as the C2PA trust list
    #[arg(long, value_name = "PEM")]
    anchors: Vec<PathBuf>,

    /// Certificates (PEM) of those whom you trust to vouch for time-stamps, such as the C2PA TSA trust list; without
    /// them no time-stamp is trusted
    #[arg(long, value_name = "PEM")]
    time_anchors: Vec<PathBuf>,

    /// Ask only the lists that are given here, not those that `tanba trust` keeps
    #[arg(long)]
    no_kept_lists: bool,

    /// Judge certificates as of this time [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = super::time)]
    at: Option<OffsetDateTime>,
}

/// What `--json` prints: the report, and the file it is about.
#[derive(Serialize)]
struct Line<'a> {
    file: String,
    #[serde(flatten)]
    report: &'a Report,
}

/// What `--json` prints for a file that could not be examined.
#[derive(Serialize)]
struct NotChecked<'a> {
    file: String,
    schema: &'a str,
    verdict: &'a str,
    headline: Headline,
    error: &'a str,
    fixable_by: &'a str,
}

impl<'a> NotChecked<'a> {
    fn new(file: &str, failure: &'a Failure) -> Self {
        Self {
            file: file.to_owned(),
            schema: tanba::SCHEMA,
            verdict: "inconclusive",
            headline: Headline::NotChecked,
            error: &failure.words,
            fixable_by: exit::fixable_by(failure.code),
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    input::standard_input_once(arguments.files.iter().map(PathBuf::as_path))?;
    let mut verifier = arguments.trust.verifier()?.look_for_notice(!arguments.no_look);
    if let Some(profile) = arguments.profile {
        verifier = verifier.profile(profile);
    }
    let inputs = input::expand(&input::listed(&arguments.files, arguments.files_from.as_deref())?)?;
    if inputs.is_empty() {
        return Err(Failure::usage("there is no file in what was named"));
    }
    let mut summary = Summary::default();
    let bar = Bar::new(inputs.len(), !arguments.quiet);
    batch::run(
        &inputs,
        arguments.jobs.unwrap_or_else(batch::cores),
        &bar,
        |input| examine(&verifier, &input.path),
        |input, examined| {
            let name = input.path.to_string_lossy();
            let text = match &examined {
                Examined::Report(report) if arguments.json => {
                    output::json_line(&Line { file: name.into_owned(), report })
                }
                Examined::Report(report) => human(&name, report),
                Examined::Failed(failure) if arguments.json => output::json_line(&NotChecked::new(&name, failure)),
                // In a folder stand other things as well: they are counted, and named in JSON only.
                Examined::Failed(failure) if failure.unknown_format && input.root.is_some() => String::new(),
                Examined::Failed(failure) => unexamined(&name, failure),
            };
            summary.count(input, &examined);
            if arguments.quiet { Ok(()) } else { output::print(&text) }
        },
    )?;
    if inputs.len() > 1 && !arguments.json && !arguments.quiet {
        output::print(&summary.to_string())?;
    }
    Ok(exit::worst(&summary.codes))
}

/// What came of one file.
pub(super) enum Examined {
    Report(Box<Report>),
    Failed(Failure),
}

/// How many files had which headline.
#[derive(Default)]
struct Summary {
    codes: Vec<u8>,
    /// Files of folders in no format that tanba knows.
    passed_over: usize,
}

impl Summary {
    fn count(&mut self, input: &Input, examined: &Examined) {
        match examined {
            Examined::Report(report) => self.codes.push(exit::of_headline(report.headline)),
            Examined::Failed(failure) if failure.unknown_format && input.root.is_some() => self.passed_over += 1,
            Examined::Failed(_) => self.codes.push(exit::NOT_CHECKED),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEADLINES: [Headline; 5] = [
            Headline::Broken,
            Headline::NotChecked,
            Headline::NoLabel,
            Headline::AiMadeDeclared,
            Headline::AiMadeProven,
        ];
        writeln!(f, "{} files", self.codes.len() + self.passed_over)?;
        for headline in HEADLINES {
            let code = exit::of_headline(headline);
            match self.codes.iter().filter(|&&other| other == code).count() {
                0 => {}
                count => writeln!(f, "{count:>7}  {}", headline.sentence())?,
            }
        }
        match self.passed_over {
            0 => Ok(()),
            count => writeln!(f, "{count:>7}  passed over: not a format that tanba knows"),
        }
    }
}

impl Trust {
    pub(super) fn verifier(&self) -> Result<Verifier, Failure> {
        let mut anchors = TrustAnchors::default();
        if !self.no_kept_lists {
            anchors = trust::with_kept(anchors)?;
        }
        for path in &self.anchors {
            let pem = read_file(path, "the anchors")?;
            anchors =
                anchors.with_pem(list_name(path), &pem).map_err(|error| Failure::of(&input::name(path), &error))?;
        }
        for path in &self.time_anchors {
            let pem = read_file(path, "the anchors of time-stamps")?;
            let more = anchors.with_time_stamp_pem(list_name(path), &pem);
            anchors = more.map_err(|error| Failure::of(&input::name(path), &error))?;
        }
        let verifier = Verifier::new().anchors(anchors);
        Ok(match self.at {
            Some(at) => verifier.at(at),
            None => verifier,
        })
    }
}

/// A file of anchors as reports name it.
pub(super) fn list_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Examines a file, a pipe or standard input. A file that makes a library fail is one that could not be checked: the next one
/// waits.
pub(super) fn examine(verifier: &Verifier, file: &Path) -> Examined {
    let examined = catch_unwind(AssertUnwindSafe(|| {
        let mut spooled = tempfile::spooled_tempfile(64 << 20);
        let report = match input::spool(file, &mut spooled)? {
            true => verifier.verify(&mut spooled),
            false => verifier.verify_file(file),
        };
        Ok(report?)
    }));
    match examined {
        Ok(Ok(report)) => Examined::Report(Box::new(report)),
        Ok(Err(failure)) => Examined::Failed(failure),
        Err(_) => Examined::Failed(Failure::defect("tanba failed on this file, which is a defect: please report it")),
    }
}

/// Headline, axes, evidence, and what it does not mean.
fn human(name: &str, report: &Report) -> String {
    let mut text = heading(name, report.headline);
    let (said, says) = words::content(report);
    let axes = [
        (said, says.to_owned()),
        ("binding", words::binding(report).to_owned()),
        ("signature", words::signature(report).to_owned()),
        ("signer", words::signer(report)),
        ("time", words::time(report)),
    ];
    for (axis, value) in axes {
        let _ = writeln!(text, "  {axis:<15}{}", escape::line(&value));
    }
    let yes = |yes| if yes { "yes" } else { "no" };
    let provenance = &report.provenance;
    let system = provenance.system.as_deref().unwrap_or("not named");
    let row = if report.says == Some(Statement::NotAi) { "made with" } else { "AI system" };
    let _ = writeln!(text, "  {row:<15}{}", escape::line(system));
    let _ = writeln!(
        text,
        "  {:<15}provenance data: {}; signature: {}",
        "available",
        yes(provenance.available),
        yes(provenance.signature_available)
    );
    list(&mut text, "Evidence", report.findings.iter().map(evidence));
    // Whether anybody trusts the signer is what the axis above says; the engine asks nobody.
    let failures = report.manifest.iter().flat_map(|manifest| &manifest.failures);
    let failures = failures.filter(|code| *code != "signingCredential.untrusted");
    list(&mut text, "Faults that the C2PA engine names", failures.map(|code| escape::line(code)));
    list(&mut text, "Not examined", not_examined(report));
    not_meant(&mut text, &words::not_meant(report));
    text
}

fn unexamined(name: &str, failure: &Failure) -> String {
    let mut text = heading(name, Headline::NotChecked);
    let _ = writeln!(text, "  {:<15}{}", "because", escape::line(&failure.words));
    not_meant(&mut text, &[words::NOTHING]);
    text
}

fn heading(name: &str, headline: Headline) -> String {
    let style = paint(match headline {
        Headline::AiMadeProven => AnsiColor::Green.on_default().bold(),
        Headline::AiMadeDeclared => AnsiColor::Yellow.on_default().bold(),
        Headline::Broken => AnsiColor::Red.on_default().bold(),
        _ => Style::new().bold(),
    });
    format!("{}\n{style}{}{style:#}\n", escape::line(name), headline.sentence())
}

/// One finding: how much weight it carries, what it is, the value, the place.
pub(super) fn evidence(finding: &tanba::Finding) -> String {
    let mut line = format!(
        "{:<9} {}: {}",
        words::class(finding.class),
        words::technique(finding.technique),
        escape::line(&words::plain(&finding.text))
    );
    if !finding.value.is_empty() && !finding.text.contains(&finding.value) {
        let _ = write!(line, ": {}", escape::line(&finding.value));
    }
    let _ = write!(line, " ({})", escape::line(&finding.place));
    line
}

pub(super) fn list(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let style = paint(Style::new().underline());
        let _ = writeln!(text, "{style}{title}{style:#}");
    }
    for line in lines {
        let _ = writeln!(text, "  {line}");
    }
}

/// Why the report is not complete.
pub(super) fn not_examined(report: &Report) -> impl Iterator<Item = String> {
    report.not_examined.iter().map(|what| escape::line(&words::plain(what)))
}

fn not_meant(text: &mut String, lines: &[&str]) {
    list(text, "What this does not mean", lines.iter().map(|line| (*line).to_owned()));
    text.push('\n');
}

fn paint(style: Style) -> Style {
    output::style(io::stdout().is_terminal(), style)
}
