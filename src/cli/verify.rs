//! `tanba verify`.

use std::{
    fmt::Write as _,
    num::NonZeroUsize,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Serialize;
use tanba::{Headline, HtmlReport, Profile, Report, ReportLanguage, Thumbnail, TrustAnchors, Verifier};
use time::OffsetDateTime;

use super::{
    batch::{self, Bar},
    exit::{self, Failure},
    film::LookArguments,
    human::Page,
    input::{self, Input},
    output, page, read_file, trust,
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

    #[command(flatten)]
    look: LookArguments,

    /// The language of the report: en, ru or kk
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = ReportLanguage::from_tag)]
    lang: ReportLanguage,

    /// Write the reports as one HTML page for people, in that language: with thumbnails, and nothing to fetch
    #[arg(long, value_name = "OUT.html")]
    html: Option<PathBuf>,

    /// Replace OUT.html if it exists
    #[arg(long, requires = "html")]
    force: bool,

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
    if !arguments.no_look {
        verifier = arguments.look.equip(verifier, inputs.iter().map(|input| input.path.as_path()))?;
    }
    let paper = Page::new(arguments.lang);
    let html = arguments.html.as_deref();
    let mut html = html.map(|path| page::Page::new(path, arguments.force, arguments.lang, &inputs)).transpose()?;
    let pictures = html.is_some();
    let mut summary = Summary::default();
    let bar = Bar::new(inputs.len(), !arguments.quiet);
    batch::run(
        &inputs,
        arguments.jobs.unwrap_or_else(batch::cores),
        &bar,
        |input| examine(&verifier, &input.path, pictures),
        |input, examined| {
            let name = input.path.to_string_lossy();
            if let Some(html) = &mut html {
                html.add(&name, &examined, input);
            }
            let text = match &examined {
                Examined::Report(report, _) if arguments.json => {
                    output::json_line(&Line { file: name.into_owned(), report })
                }
                Examined::Report(report, _) => paper.report(&name, report),
                Examined::Failed(failure) if arguments.json => output::json_line(&NotChecked::new(&name, failure)),
                // In a folder stand other things as well: they are counted, and named in JSON only.
                Examined::Failed(failure) if failure.unknown_format && input.root.is_some() => String::new(),
                Examined::Failed(failure) => paper.unexamined(&name, failure),
            };
            summary.count(input, &examined);
            if arguments.quiet { Ok(()) } else { output::print(&text) }
        },
    )?;
    if inputs.len() > 1 && !arguments.json && !arguments.quiet {
        output::print(&summary.words(arguments.lang))?;
    }
    if let Some(html) = html {
        html.write()?;
    }
    Ok(exit::worst(&summary.codes))
}

/// What came of one file.
pub(super) enum Examined {
    /// With a thumbnail, where one was asked for and there is a picture.
    Report(Box<Report>, Option<Thumbnail>),
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
            Examined::Report(report, _) => self.codes.push(exit::of_headline(report.headline)),
            Examined::Failed(failure) if failure.unknown_format && input.root.is_some() => self.passed_over += 1,
            Examined::Failed(_) => self.codes.push(exit::NOT_CHECKED),
        }
    }
}

impl Summary {
    fn words(&self, language: ReportLanguage) -> String {
        const HEADLINES: [Headline; 5] = [
            Headline::Broken,
            Headline::NotChecked,
            Headline::NoLabel,
            Headline::AiMadeDeclared,
            Headline::AiMadeProven,
        ];
        let titles = language.titles();
        let mut text = format!("{}: {}\n", titles.files, self.codes.len() + self.passed_over);
        let counts = HEADLINES.into_iter().map(|headline| {
            let code = exit::of_headline(headline);
            let count = self.codes.iter().filter(|&&other| other == code).count();
            (count, language.headline(headline))
        });
        for (count, words) in counts.chain([(self.passed_over, titles.passed_over)]).filter(|(count, _)| *count > 0) {
            let _ = writeln!(text, "{count:>7}  {words}");
        }
        text
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
pub(super) fn examine(verifier: &Verifier, file: &Path, thumbnail: bool) -> Examined {
    let examined = catch_unwind(AssertUnwindSafe(|| {
        let mut spooled = tempfile::spooled_tempfile(64 << 20);
        const SIDE: u32 = HtmlReport::THUMBNAIL;
        let piped = input::spool(file, &mut spooled)?;
        let report = if piped { verifier.verify(&mut spooled)? } else { verifier.verify_file(file)? };
        let small = match piped {
            _ if !thumbnail => None,
            true => verifier.thumbnail(&mut spooled, SIDE)?,
            false => verifier.thumbnail_file(file, SIDE)?,
        };
        Ok((report, small))
    }));
    match examined {
        Ok(Ok((report, small))) => Examined::Report(Box::new(report), small),
        Ok(Err(failure)) => Examined::Failed(failure),
        Err(_) => Examined::Failed(Failure::defect("tanba failed on this file, which is a defect: please report it")),
    }
}
