//! `tanba doctor`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tanba::{Diagnosis, Signer, TrustAnchors};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    escape,
    exit::{self, Failure},
    film, identity, output, password, read_file, verify, words,
};

/// Explain what is wrong with a certificate chain and its key, fault by fault, and say which ffmpeg there is
///
/// Without arguments it looks at the kept development identity. Exit code 0: nothing is wrong; 5: something is.
#[derive(Args)]
pub(super) struct Arguments {
    /// The certificate chain, PEM, leaf first
    #[arg(long, value_name = "FILE")]
    chain: Option<PathBuf>,

    /// The private key, PEM, to see whether it belongs to the chain
    #[arg(long, value_name = "FILE", requires = "chain")]
    key: Option<PathBuf>,

    /// A file whose first line is the password of the key
    #[arg(long, value_name = "FILE", requires = "key")]
    password_file: Option<PathBuf>,

    /// Also say whether the chain leads to these certificates (PEM), such as the C2PA trust list
    #[arg(long, value_name = "PEM")]
    anchors: Vec<PathBuf>,

    /// Judge the certificates as of this time [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = super::time)]
    at: Option<OffsetDateTime>,

    /// Print the diagnosis as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    healthy: bool,
    certificates: &'a [String],
    not_before: Option<String>,
    not_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trusted_by: Option<&'a str>,
    faults: Vec<Fault>,
    ffmpeg: Option<&'a film::Found>,
}

#[derive(Serialize)]
struct Fault {
    what: String,
    remedy: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let at = arguments.at.unwrap_or_else(OffsetDateTime::now_utc);
    let (chain, key) = files(arguments)?;
    let chain = read_file(&chain, "the certificate chain")?;
    let mut key = key.map(|path| read_file(&path, "the key")).transpose()?;
    if let (Some(encrypted), Some(path)) = (&key, &arguments.password_file) {
        // Opens the key, and says so when the password is wrong or the key does not belong to the chain.
        Signer::from_encrypted_pem(&chain, encrypted, &password(path)?)?;
        key = None;
    }
    let mut diagnosis = tanba::diagnose(&chain, key.as_deref(), at);
    let without_trust = diagnosis.faults.len();
    let mut trusted_by = None;
    for path in &arguments.anchors {
        let pem = read_file(path, "the anchors")?;
        let name = verify::list_name(path);
        let anchors = TrustAnchors::default().with_pem(name.as_str(), &pem);
        let anchors = anchors.map_err(|error| Failure::of(&path.display().to_string(), &error))?;
        let with_trust = tanba::diagnose_trust(&chain, key.as_deref(), &anchors, at);
        if with_trust.faults.len() == without_trust {
            // A chain that cannot be read has no certificates, and nobody vouches for it.
            trusted_by = (!with_trust.certificates.is_empty()).then_some(name);
            diagnosis = with_trust;
            break;
        }
        diagnosis = with_trust;
    }
    let trusted_by = trusted_by.as_deref();
    let ffmpeg = film::Found::look();
    let ffmpeg = ffmpeg.as_ref();
    output::print(&match arguments.json {
        true => json(&diagnosis, trusted_by, ffmpeg),
        false => human(&diagnosis, trusted_by) + &film::Found::words(ffmpeg),
    })?;
    Ok(if diagnosis.is_healthy() { exit::DONE } else { exit::OPERATOR })
}

/// The files to look at: those given, or the kept development identity.
fn files(arguments: &Arguments) -> Result<(PathBuf, Option<PathBuf>), Failure> {
    if let Some(chain) = &arguments.chain {
        return Ok((chain.clone(), arguments.key.clone()));
    }
    let kept = identity::folder().filter(|folder| folder.join(identity::CHAIN).exists());
    let kept = kept.ok_or_else(|| Failure::usage("there is no development identity yet: give --chain FILE"))?;
    Ok((kept.join(identity::CHAIN), Some(kept.join(identity::KEY))))
}

fn human(diagnosis: &Diagnosis, trusted_by: Option<&str>) -> String {
    let mut text = String::new();
    for (number, subject) in (1..).zip(&diagnosis.certificates) {
        text += &format!("certificate {number}  {}\n", escape::line(subject));
    }
    if let Some((from, to)) = diagnosis.validity {
        text += &format!("valid          {} to {}\n", from.date(), to.date());
    }
    if let Some(list) = trusted_by {
        text += &format!("trusted by     {}\n", escape::line(list));
    }
    for Fault { what, remedy } in faults(diagnosis) {
        text += &format!("fault          {}\n    what to do  {}\n", escape::line(&what), escape::line(&remedy));
    }
    if diagnosis.is_healthy() {
        text += "no fault found\n";
    }
    text
}

fn json(diagnosis: &Diagnosis, trusted_by: Option<&str>, ffmpeg: Option<&film::Found>) -> String {
    let stamp = |time: OffsetDateTime| time.format(&Rfc3339).ok();
    output::json_line(&Line {
        healthy: diagnosis.is_healthy(),
        certificates: &diagnosis.certificates,
        not_before: diagnosis.validity.and_then(|(from, _)| stamp(from)),
        not_after: diagnosis.validity.and_then(|(_, to)| stamp(to)),
        trusted_by,
        faults: faults(diagnosis).collect(),
        ffmpeg,
    })
}

fn faults(diagnosis: &Diagnosis) -> impl Iterator<Item = Fault> {
    let plain = |fault: &tanba::Fault| Fault { what: words::plain(&fault.what), remedy: words::plain(&fault.remedy) };
    diagnosis.faults.iter().map(plain)
}
