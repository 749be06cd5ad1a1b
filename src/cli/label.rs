//! `tanba label`.

use std::{
    fs,
    io::{self, IsTerminal as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use serde::Serialize;
use tanba::{
    Disclosure, Format, Labeler, Medium, NoticeStyle, Oversight, Overwrite, Place, Policy, Profile, Receipt, Signer,
};

use super::{
    audible::AudibleArguments,
    batch::{self, Bar},
    exit::{self, Failure},
    film::FilmArguments,
    identity, input,
    jobs::{self, Job, jobs},
    output,
    prose::ProseArguments,
    read_file,
    stop::Stop,
    summary::summary,
    tally::Tally,
    words,
};

/// Put a label on pictures, films, recordings and texts: a notice that is seen, heard or read, metadata, and a signed manifest
///
/// The originals are never changed. A result appears under its name when it is complete, and not before.
/// For several inputs the exit code is that of the first one that failed; otherwise 3 when a part is missing in one of
/// them; otherwise 0.
///
/// Examples:
///   tanba label cat.png --system "Acme Diffusion" --system-version 3 --provider "Acme LLP"
///   tanba label a.jpg b.jpg -o labelled/ --policy eu --lang de
///   tanba label pictures -o labelled --resume
///   generate | tanba label - --system Acme > labelled.png
///   tanba label notes.txt -o out.txt --last-line
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The files, or folders; `-` is standard input. Of a folder everything that tanba labels is taken, texts too
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    inputs: Vec<PathBuf>,

    /// Also the files that this list names, one a line; `-` reads the list from standard input
    #[arg(long, value_name = "LIST")]
    files_from: Option<PathBuf>,

    /// A file, a folder, or `-` for standard output [default: NAME.labelled.EXT beside the input; standard output for
    /// standard input]; what stands in folders gets the same place in it
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,

    /// Replace OUT where it exists; the input is never replaced
    #[arg(short, long)]
    force: bool,

    /// Leave alone what is in OUT already: an interrupted run goes on where it was
    #[arg(long, conflicts_with = "force")]
    resume: bool,

    /// How many files are labelled at once [default: one a core]
    #[arg(short = 'j', long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,

    /// Print the receipt as JSON, one line for each input, failed ones too (on standard error where a picture goes to
    /// standard output)
    #[arg(long)]
    json: bool,

    /// Say nothing but what went wrong
    #[arg(short, long, conflicts_with = "json")]
    quiet: bool,

    #[command(flatten)]
    disclosure: DisclosureArguments,
    #[command(flatten)]
    notice: NoticeArguments,

    #[command(flatten)]
    audible: AudibleArguments,
    #[command(flatten)]
    film: FilmArguments,
    #[command(flatten)]
    prose: ProseArguments,
    #[command(flatten)]
    parts: PartsArguments,
    #[command(flatten)]
    key: identity::KeyArguments,
}

#[derive(Args)]
#[command(next_help_heading = "What is disclosed")]
struct DisclosureArguments {
    /// AI made the picture as a whole (the default)
    #[arg(long, conflicts_with = "edited")]
    generated: bool,

    /// AI changed an existing picture, or made a part of it
    #[arg(long, alias = "modified")]
    edited: bool,

    /// Name of the AI system that made or changed it
    #[arg(long, value_name = "NAME", default_value = "unspecified AI system")]
    system: String,

    /// Version of that system [default: the label says "unspecified"]
    #[arg(long, value_name = "VERSION")]
    system_version: Option<String>,

    /// Who provides that system [default: the organisation in the signing certificate]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,

    /// A title of the work
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// How far a person took part
    #[arg(long, value_name = "LEVEL")]
    oversight: Option<Level>,

    /// State in machine-readable form that the author prohibits use for training AI
    #[arg(long)]
    prohibit_training: bool,
}

#[derive(Args)]
#[command(next_help_heading = "The notice")]
struct NoticeArguments {
    /// Whose rules set the defaults: Kazakhstan, European Union, China, California, India, Korea
    #[arg(long, value_name = "LAW", default_value = "kz", value_parser = super::named::<Profile>(&super::PROFILES))]
    policy: Profile,

    /// Languages of the notice, one line each: kk,ru [default: those of the policy]
    #[arg(long, value_name = "TAG,…", value_delimiter = ',')]
    lang: Vec<String>,

    /// Your own words instead, once for each line
    #[arg(long, value_name = "LINE", conflicts_with = "lang")]
    text: Vec<String>,

    /// Where the notice stands
    #[arg(long, value_name = "PLACE", default_value = "top-right", value_parser = super::named::<Place>(&PLACES))]
    place: Place,

    /// Colour of the plate [default: black]
    #[arg(long, value_name = "#RRGGBB", value_parser = colour)]
    plate_color: Option<[u8; 3]>,

    /// Colour of the text [default: white]; the two must contrast by 4.5:1 at least
    #[arg(long, value_name = "#RRGGBB", value_parser = colour)]
    text_color: Option<[u8; 3]>,

    /// An OpenType font to try before the bundled one
    #[arg(long, value_name = "FILE")]
    font: Option<PathBuf>,
}

#[derive(Args)]
#[command(next_help_heading = "Which parts are written")]
struct PartsArguments {
    /// No visible notice: half a label, for machines only
    #[arg(long)]
    no_notice: bool,

    /// No metadata fields (XMP, EXIF)
    #[arg(long)]
    no_record: bool,

    /// No signed manifest (C2PA)
    #[arg(long)]
    no_manifest: bool,

    /// China's AIGC metadata (GB 45438-2025, Annex E) as well; `--policy cn` has it anyway
    #[arg(long)]
    aigc: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    /// Nobody asked for this piece in particular
    FullyAutonomous,
    /// A person wrote the prompt
    PromptGuided,
    /// A person checked the result
    HumanValidated,
}

const PLACES: [&str; 6] = ["top-right", "top-left", "bottom-right", "bottom-left", "top-band", "bottom-band"];

/// What `--json` prints.
#[derive(Serialize)]
struct Line<'a> {
    input: String,
    output: String,
    complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    #[serde(flatten)]
    receipt: &'a Receipt,
}

/// What `--json` prints for an input that could not be labelled.
#[derive(Serialize)]
struct Failed<'a> {
    file: String,
    error: &'a str,
    fixable_by: &'a str,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    if arguments.parts.no_notice && arguments.parts.no_record && arguments.parts.no_manifest {
        return Err(Failure::usage("--no-notice --no-record --no-manifest together leave nothing to write"));
    }
    let named = input::listed(&arguments.inputs, arguments.files_from.as_deref())?;
    let inputs = input::expand(&named)?;
    let mut jobs = jobs(&inputs, arguments.output.as_deref())?;
    if jobs.is_empty() {
        return Err(Failure::usage("there is no file in what was named"));
    }
    let many = arguments.files_from.is_some() || jobs.iter().any(|job| job.found);
    let all = jobs.len();
    if arguments.resume {
        // A result gets its name when it is whole: what is there is done.
        jobs.retain(|job| job.output.as_ref().is_none_or(|output| output.symlink_metadata().is_err()));
    }
    let mut tally = Tally::new(all - jobs.len());
    // Where a picture goes to standard output, nothing else may.
    let aside = jobs.iter().any(|job| job.output.is_none());
    if aside && io::stdout().is_terminal() {
        return Err(Failure::usage("a picture would go to the terminal: redirect it, or give -o FILE"));
    }
    let disclosure = disclosure(&arguments.disclosure);
    let policy = arguments.audible.apply(policy(&arguments.notice, &arguments.parts)?, &arguments.notice.lang)?;
    let policy = arguments.film.apply(arguments.prose.apply(policy))?;
    let signer = if arguments.parts.no_manifest && !arguments.key.given() {
        Signer::development()
    } else {
        // Receipts on standard error stay alone there; `development_signer` says it in each.
        identity::signer(&arguments.key, arguments.quiet || (arguments.json && aside))?
    };
    let bar = Bar::new(jobs.len(), !arguments.quiet && !arguments.json);
    let stop = Stop::default();
    let labeler = arguments.film.equip(Labeler::new(&disclosure, &signer).policy(policy), &bar, &stop)?;
    // Several pictures on standard output would be none; one of them ends the rest.
    let threads = if aside { NonZeroUsize::MIN } else { arguments.jobs.unwrap_or_else(batch::cores) };
    batch::run(
        &jobs,
        threads,
        &bar,
        |job| label(&labeler, job, arguments.force),
        |job, done| {
            if done.is_err() {
                // Then nobody is to blame for it.
                stop.check()?;
            }
            let this = match done {
                Ok(receipt) => tell(&receipt, job, aside, many, arguments)?,
                Err(failure) if job.found && failure.no_picture => {
                    tally.passed_over += 1;
                    return Ok(());
                }
                Err(failure) => {
                    if arguments.json {
                        let fixable_by = exit::fixable_by(failure.code);
                        let line = Failed { file: job.input_name(), error: &failure.words, fixable_by };
                        say(aside, &output::json_line(&line))?;
                    } else {
                        output::complain(&failure.words);
                    }
                    tally.failed.push(failure.words);
                    failure.code
                }
            };
            tally.count(this);
            stop.check()
        },
    )?;
    if many && !arguments.json {
        tally.say(arguments.quiet)?;
    }
    Ok(tally.code)
}

fn label(labeler: &Labeler, job: &Job, force: bool) -> Result<Receipt, Failure> {
    let no_spool = |error: io::Error| Failure::io(format!("a temporary file: {}", words::io(&error)));
    let mut spooled = input::Spool::default();
    let input = job.input.as_deref().unwrap_or(Path::new("-"));
    let input = match input::spool(input, &mut spooled)? {
        true => spooled.path().map_err(no_spool)?,
        false => input,
    };
    let Some(output) = &job.output else { return label_to_standard_output(labeler, input, job) };
    if let (true, Some(folder)) = (job.found, output.parent()) {
        jobs::make(folder)?;
    }
    let overwrite = if force { Overwrite::Replace } else { Overwrite::Refuse };
    labeler.label_file(input, output, overwrite).map_err(|error| Failure::of(&job.subject(), &error))
}

/// The result is complete before its first byte is printed: a reader of the pipe gets all of it or nothing.
fn label_to_standard_output(labeler: &Labeler, input: &Path, job: &Job) -> Result<Receipt, Failure> {
    let no_input = |error: io::Error| Failure::io(format!("{}: {}", job.subject(), words::io(&error)));
    let no_output = |error: io::Error| Failure::io(format!("standard output: {}", words::io(&error)));
    let mut source = io::BufReader::new(fs::File::open(input).map_err(no_input)?);
    let mut sink = tempfile::spooled_tempfile(64 << 20);
    let name = job.input.as_deref().unwrap_or(Path::new("")).to_string_lossy();
    let receipt =
        labeler.label_named(&name, &mut source, &mut sink).map_err(|error| Failure::of(&job.subject(), &error))?;
    if receipt.sidecar.is_some() {
        let why = "the manifest goes into a file beside it, which needs a name: give -o FILE";
        return Err(Failure::usage(format!("{}: {why}", job.subject())));
    }
    let mut out = io::stdout().lock();
    io::Seek::rewind(&mut sink).and_then(|()| io::copy(&mut sink, &mut out)).map_err(no_output)?;
    io::Write::flush(&mut out).map_err(no_output)?;
    Ok(receipt)
}

/// Says what was done, and returns the exit code.
fn tell(receipt: &Receipt, job: &Job, aside: bool, many: bool, arguments: &Arguments) -> Result<u8, Failure> {
    if arguments.json {
        let line = Line {
            input: job.input_name(),
            output: job.output.as_deref().map_or("-".into(), |path| path.to_string_lossy().into_owned()),
            complete: receipt.is_complete(),
            warning: misnamed(receipt.format, job.output.as_deref()),
            receipt,
        };
        say(aside, &output::json_line(&line))?;
    } else if !arguments.quiet {
        let summary = summary(receipt, job);
        // Of many files a line each, where nothing is missing.
        let shown = if many && receipt.is_complete() { summary.split_inclusive('\n').next() } else { Some(&*summary) };
        say(aside, shown.unwrap_or_default())?;
        if let Some(warning) = misnamed(receipt.format, job.output.as_deref()) {
            output::remark(&format!("warning: {warning}"));
        }
    }
    let parts = &arguments.parts;
    let missing = match receipt.format.medium() {
        // Some have no place for a record, which then is not missing.
        Medium::Text => !receipt.is_as_asked(),
        _ => {
            (receipt.notice.is_none() && receipt.heard.is_none() && !parts.no_notice)
                || (!receipt.record && !parts.no_record)
                || (!receipt.manifest && !parts.no_manifest)
        }
    };
    Ok(if missing { exit::INCOMPLETE } else { exit::DONE })
}

/// A name that promises another format than the file has: nothing is converted.
fn misnamed(format: Format, output: Option<&Path>) -> Option<String> {
    let output = output?;
    let extension = output.extension()?.to_str()?.to_lowercase();
    let is = |format: &Format| format.extensions().contains(&extension.as_str());
    // TypeScript has two of the names of transport streams.
    let is_source = |_: &Format| format == Format::Text && matches!(extension.as_str(), "ts" | "mts");
    let promised = Format::ALL.iter().find(|other| is(other)).filter(|other| !is(&format) && !is_source(other))?;
    Some(format!("{} holds {format}, though its name says {promised}: tanba does not convert", output.display()))
}

fn say(aside: bool, words: &str) -> Result<(), Failure> {
    if !aside {
        return output::print(words);
    }
    let _ = io::Write::write_all(&mut io::stderr(), words.as_bytes());
    Ok(())
}

fn disclosure(arguments: &DisclosureArguments) -> Disclosure {
    let mut disclosure = match arguments.edited {
        true => Disclosure::modified(&arguments.system),
        false => Disclosure::generated(&arguments.system),
    };
    if let Some(version) = &arguments.system_version {
        disclosure = disclosure.system_version(version);
    }
    if let Some(provider) = &arguments.provider {
        disclosure = disclosure.provider(provider);
    }
    if let Some(title) = &arguments.title {
        disclosure = disclosure.title(title);
    }
    if let Some(level) = arguments.oversight {
        disclosure = disclosure.oversight(match level {
            Level::FullyAutonomous => Oversight::FullyAutonomous,
            Level::PromptGuided => Oversight::PromptGuided,
            Level::HumanValidated => Oversight::HumanValidated,
        });
    }
    if arguments.prohibit_training {
        disclosure = disclosure.prohibit_training();
    }
    disclosure
}

fn policy(notice: &NoticeArguments, parts: &PartsArguments) -> Result<Policy, Failure> {
    let mut style = NoticeStyle { place: notice.place, ..NoticeStyle::default() };
    style.plate = notice.plate_color.unwrap_or(style.plate);
    style.text = notice.text_color.unwrap_or(style.text);
    style.font = notice.font.as_deref().map(|path| read_file(path, "the font")).transpose()?;
    let mut policy = Policy::of(notice.policy)
        .notice_style(style)?
        .with_notice(!parts.no_notice)
        .with_record(!parts.no_record)
        .with_manifest(!parts.no_manifest);
    if !notice.lang.is_empty() {
        policy = policy.languages(&notice.lang)?;
    }
    if !notice.text.is_empty() {
        policy = policy.wording(notice.text.iter().cloned())?;
    }
    Ok(if parts.aigc { policy.with_aigc(true) } else { policy })
}

fn colour(text: &str) -> Result<[u8; 3], String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let wrong = || "write a colour like #1a2b3c".to_owned();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let [_, red, green, blue] = u32::from_str_radix(digits, 16).map_err(|_| wrong())?.to_be_bytes();
    Ok([red, green, blue])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_and_law_of_the_library_has_a_name_here() {
        let places: Vec<_> = Place::ALL.iter().map(|place| serde_json::to_value(place).unwrap()).collect();
        assert_eq!(places, PLACES);
        for name in super::super::PROFILES {
            serde_json::from_value::<Profile>(name.into()).unwrap();
        }
    }

    #[test]
    fn colours() {
        assert_eq!(colour("#0a0B60"), Ok([10, 11, 96]));
        assert_eq!(colour("ffffff"), Ok([255, 255, 255]));
        assert!(colour("#+12345").is_err() && colour("#fff").is_err() && colour("#ффф").is_err());
    }
}
