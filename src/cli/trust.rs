//! `tanba trust`, and the lists that `verify` asks.

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tanba::{ListName, ListedCertificate, TrustAnchors};
use time::{Date, Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use super::{
    config, escape,
    exit::{self, Failure},
    output, read_file, words,
};

/// Keep lists of those whom you trust to vouch for signers
///
/// `verify` asks every list that is kept here. None is built in and none is fetched: whom to trust is your decision, and a
/// list says of which day it is. Where lists come from:
///   the official C2PA trust list, and its list for time-stamps: github.com/c2pa-org/conformance-public, folder trust-list
///   the frozen interim list of the Verify site: contentcredentials.org/trust (anchors.pem, allowed.pem)
///   your own: the root certificate of your organisation, or anchor.pem of `tanba keygen`
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Add(Add),
    /// List what is kept: names, dates, numbers of certificates
    List {
        /// As JSON, one line for each list
        #[arg(long)]
        json: bool,
    },
    /// Look for lists that are old, changed since they were added, or whose certificates have expired
    ///
    /// Exit code 0: every list can be used, whatever is remarked; 5: one cannot.
    Check,
    /// Forget a list
    Remove {
        /// Its name
        name: String,
    },
}

/// Keep a list under a name that reports will show
#[derive(Args)]
struct Add {
    /// The certificates, PEM
    file: PathBuf,

    /// The name [default: the file's]
    #[arg(long)]
    name: Option<String>,

    /// What the certificates are
    #[arg(long, value_enum, default_value = "signers")]
    kind: Kind,

    /// The day on which the list was published or fetched, as 2026-08-01
    #[arg(long, value_name = "DATE", value_parser = date)]
    date: Option<Date>,

    /// Where it comes from, in words or as an address; nothing is fetched from there
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,

    /// Replace a list of that name
    #[arg(short, long)]
    force: bool,
}

/// What the certificates of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Roots or intermediates that vouch for signers of content
    Signers,
    /// Roots or intermediates that vouch for time-stamps
    TimeStamps,
    /// Single signers, each trusted exactly as its certificate stands there
    Allowed,
    /// Vendors, known by the issuer, the subject and the key of a certificate of theirs
    Pinned,
}

/// What stands beside the certificates of a kept list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct About {
    name: String,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// Of the certificates as they were added, in hexadecimal.
    sha256: String,
    /// RFC 3339.
    added: String,
}

/// A list that is kept.
struct Kept {
    folder: PathBuf,
    about: About,
    pem: Vec<u8>,
}

/// The files of a kept list.
const ABOUT: &str = "about.json";
const LIST: &str = "list.pem";

/// After this a list is called old: the official one changes about once a month.
const OLD: Duration = Duration::days(180);

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    match &arguments.command {
        Command::Add(add) => self::add(add),
        Command::List { json } => list(*json),
        Command::Check => check(),
        Command::Remove { name } => remove(name),
    }
}

/// Every list that is kept, added to `anchors`.
pub(super) fn with_kept(mut anchors: TrustAnchors) -> Result<TrustAnchors, Failure> {
    for kept in kept()? {
        anchors = kept.add_to(anchors)?;
    }
    Ok(anchors)
}

impl Kept {
    fn read(folder: PathBuf) -> Result<Self, Failure> {
        let about = read_file(&folder.join(ABOUT), "the kept trust list")?;
        let about = serde_json::from_slice(&about).map_err(|error| {
            Failure::operator(format!("{}: {error}; remove the folder and add the list again", folder.display()))
        })?;
        let pem = read_file(&folder.join(LIST), "the kept trust list")?;
        Ok(Self { folder, about, pem })
    }

    fn add_to(&self, anchors: TrustAnchors) -> Result<TrustAnchors, Failure> {
        let About { name, kind, .. } = &self.about;
        let listed = match self.date() {
            Some(date) => ListName::new(name).dated(date),
            None => ListName::new(name),
        };
        let added = match kind {
            Kind::Signers => anchors.with_pem(listed, &self.pem),
            Kind::TimeStamps => anchors.with_time_stamp_pem(listed, &self.pem),
            Kind::Allowed => anchors.with_allowed_pem(listed, &self.pem),
            Kind::Pinned => anchors.with_pinned_pem(listed, &self.pem),
        };
        added.map_err(|error| Failure::of(&format!("the kept trust list {name:?}"), &error))
    }

    fn date(&self) -> Option<Date> {
        date(self.about.date.as_deref()?).ok()
    }

    fn certificates(&self) -> Result<Vec<ListedCertificate>, Failure> {
        tanba::list_certificates(&self.pem)
            .map_err(|error| Failure::of(&format!("the kept trust list {:?}", self.about.name), &error))
    }
}

/// The folder that holds the lists, a folder each.
fn folder() -> Result<PathBuf, Failure> {
    let config = config::folder().ok_or_else(|| Failure::io("no folder for configuration is known: set HOME"))?;
    Ok(config.join("trust"))
}

fn kept() -> Result<Vec<Kept>, Failure> {
    // Without a home there are no lists.
    let Ok(folder) = folder() else { return Ok(Vec::new()) };
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::io(format!("{}: {}", folder.display(), words::io(&error)))),
    };
    let mut folders = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| Failure::io(format!("{}: {}", folder.display(), words::io(&error))))?;
    // What a killed process left behind begins with a dot.
    folders.retain(|path| path.is_dir() && !file_name(path).starts_with('.'));
    folders.sort();
    folders.into_iter().map(Kept::read).collect()
}

fn add(add: &Add) -> Result<u8, Failure> {
    let pem = read_file(&add.file, "the certificates")?;
    let name = add.name.clone().unwrap_or_else(|| file_name(&add.file));
    let name = name.trim();
    if name.is_empty() {
        return Err(Failure::usage("a trust list needs a name: give --name"));
    }
    let about = About {
        name: name.to_owned(),
        kind: add.kind,
        date: add.date.map(|date| date.to_string()),
        source: add.source.clone(),
        sha256: sha256(&pem),
        added: OffsetDateTime::now_utc()
            .replace_nanosecond(0)
            .ok()
            .and_then(|now| now.format(&Rfc3339).ok())
            .unwrap_or_default(),
    };
    let parent = folder()?;
    let new = Kept { folder: parent.join(slug(name)), about, pem };
    let certificates = new.certificates()?;
    new.add_to(TrustAnchors::default())?;
    if new.folder.exists() && !add.force {
        return Err(Failure::usage(format!("a trust list {name:?} is kept already: give another --name, or --force")));
    }
    keep(&parent, &new).map_err(|error| Failure::io(format!("{}: {}", parent.display(), words::io(&error))))?;
    let what = match add.kind {
        Kind::Signers => "vouch for signers",
        Kind::TimeStamps => "vouch for time-stamps",
        Kind::Allowed => "are trusted as they stand",
        Kind::Pinned => "are known by issuer, subject and key",
    };
    output::print(&format!("{}: kept, {} certificates that {what}\n", escape::line(name), certificates.len()))?;
    if add.date.is_none() {
        output::remark("the list has no date; give --date, so that reports can say how old it is");
    }
    Ok(exit::DONE)
}

/// The folder of the list appears whole, by a rename.
fn keep(parent: &Path, new: &Kept) -> io::Result<()> {
    fs::create_dir_all(parent)?;
    let made = tempfile::Builder::new().prefix(".tanba-").tempdir_in(parent)?;
    let inside = made.path().join("list");
    fs::create_dir(&inside)?;
    fs::write(inside.join(LIST), &new.pem)?;
    fs::write(inside.join(ABOUT), serde_json::to_vec_pretty(&new.about)?)?;
    if new.folder.exists() {
        // A list of this name that is replaced: it goes with the temporary folder.
        fs::rename(&new.folder, made.path().join("old"))?;
    }
    fs::rename(&inside, &new.folder)
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    about: &'a About,
    certificates: usize,
    expired: usize,
    age_days: Option<i64>,
}

fn list(json: bool) -> Result<u8, Failure> {
    let kept = kept()?;
    let now = OffsetDateTime::now_utc();
    let mut text = String::new();
    for list in &kept {
        let certificates = list.certificates()?;
        let expired = expired(&certificates, now);
        let age = list.date().map(|date| (now.date() - date).whole_days());
        if json {
            let line = Line { about: &list.about, certificates: certificates.len(), expired, age_days: age };
            text += &output::json_line(&line);
            continue;
        }
        let kind = list.about.kind.to_possible_value().map(|kind| kind.get_name().to_owned()).unwrap_or_default();
        let dated = match (&list.about.date, age) {
            (Some(date), Some(age)) => format!("of {date}, {age} days old"),
            _ => "without a date".into(),
        };
        let name = escape::line(&list.about.name);
        let _ = writeln!(text, "{name}\n  {kind}, {} certificates, {dated}", certificates.len());
        if let Some(source) = &list.about.source {
            let _ = writeln!(text, "  from {}", escape::line(source));
        }
    }
    if kept.is_empty() && !json {
        text = "no trust list is kept: every signer is called unknown; `tanba trust add --help` says where lists come from\n".into();
    }
    output::print(&text)?;
    Ok(exit::DONE)
}

fn check() -> Result<u8, Failure> {
    let now = OffsetDateTime::now_utc();
    let (mut text, mut usable) = (String::new(), true);
    for list in kept()? {
        let name = escape::line(&list.about.name);
        let mut say = |words: String| text += &format!("{name}: {words}\n");
        if let Err(failure) = list.add_to(TrustAnchors::default()) {
            say(format!("cannot be used: {}", escape::line(&failure.words)));
            usable = false;
            continue;
        }
        let certificates = list.certificates()?;
        let remarks = remarks(&list, &certificates, now);
        if remarks.is_empty() {
            say(format!("good, {} certificates", certificates.len()));
        }
        remarks.into_iter().for_each(&mut say);
    }
    if text.is_empty() {
        text = "no trust list is kept\n".into();
    }
    output::print(&text)?;
    Ok(if usable { exit::DONE } else { exit::OPERATOR })
}

/// What the keeper of a list should know.
fn remarks(list: &Kept, certificates: &[ListedCertificate], now: OffsetDateTime) -> Vec<String> {
    let mut remarks = Vec::new();
    if sha256(&list.pem) != list.about.sha256 {
        let path = list.folder.join(LIST);
        remarks.push(format!(
            "its certificates are not those that were added ({}): add it again",
            escape::line(&path.display().to_string())
        ));
    }
    match list.date() {
        None => remarks.push("it has no date; add it again with --date, so that reports can say how old it is".into()),
        Some(date) if now.date() - date > OLD => {
            remarks.push(format!(
                "it is of {date}: look for a newer one{}",
                list.about.source.as_deref().map(|source| format!(" at {}", escape::line(source))).unwrap_or_default()
            ));
        }
        Some(date) if date > now.date() => remarks.push(format!("its date {date} is in the future")),
        Some(_) => {}
    }
    match expired(certificates, now) {
        0 => {}
        expired => remarks.push(format!(
            "{expired} of {} certificates have expired; they vouch for what was stamped in their time only",
            certificates.len()
        )),
    }
    let roots = matches!(list.about.kind, Kind::Signers | Kind::TimeStamps);
    for other in certificates.iter().filter(|certificate| roots != certificate.is_ca) {
        let subject = escape::line(&other.subject);
        remarks.push(match roots {
            true => format!("{subject} may not issue certificates, so it vouches for nobody; single signers are added with --kind allowed"),
            false => format!("{subject} is an authority, and no signer; authorities are added with --kind signers"),
        });
    }
    remarks
}

fn expired(certificates: &[ListedCertificate], now: OffsetDateTime) -> usize {
    certificates.iter().filter(|certificate| certificate.validity.1 < now).count()
}

fn remove(name: &str) -> Result<u8, Failure> {
    let Some(kept) = kept()?.into_iter().find(|kept| kept.about.name == name.trim()) else {
        return Err(Failure::usage(format!("no trust list {name:?} is kept; `tanba trust list` names those that are")));
    };
    fs::remove_dir_all(&kept.folder)
        .map_err(|error| Failure::io(format!("{}: {}", kept.folder.display(), words::io(&error))))?;
    output::print(&format!("{}: forgotten\n", escape::line(name.trim())))?;
    Ok(exit::DONE)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// A name as a folder's: letters and digits stay, and a hash keeps two names apart that differ in other characters only.
fn slug(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' };
    let start: String = name.chars().take(40).map(plain).collect();
    format!("{start}-{}", &sha256(name.as_bytes())[..8])
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
        .map_err(|error| format!("{error}; write it like 2026-08-01"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_make_folders_that_cannot_leave_theirs() {
        let slugs = ["../../etc", "..", "C2PA/2026", "C2PA 2026", "Қазақ", ""].map(slug);
        for slug in &slugs {
            assert!(slug.chars().all(|character| character.is_ascii_alphanumeric() || character == '-'), "{slug}");
        }
        assert_eq!(slugs.iter().collect::<std::collections::BTreeSet<_>>().len(), slugs.len());
    }
}
