//! `tanba doctor`.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use tanba::{Diagnosis, Signer, TrustAnchors};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    escape,
    exit::{self, Failure},
    identity, output, password, read_file,
};

/// Explain what is wrong with a certificate chain and its key, fault by fault
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
    faults: Vec<Fault<'a>>,
}

#[derive(Serialize)]
struct Fault<'a> {
    what: &'a str,
    remedy: &'a str,
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
    let diagnosis = if arguments.anchors.is_empty() {
        tanba::diagnose(&chain, key.as_deref(), at)
    } else {
        let mut anchors = TrustAnchors::default();
        for path in &arguments.anchors {
            anchors = anchors.with_pem(path.display().to_string(), &read_file(path, "the anchors")?)?;
        }
        tanba::diagnose_trust(&chain, key.as_deref(), &anchors, at)
    };
    output::print(&if arguments.json { json(&diagnosis) } else { human(&diagnosis) })?;
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

fn human(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    for (number, subject) in (1..).zip(&diagnosis.certificates) {
        text += &format!("certificate {number}  {}\n", escape::line(subject));
    }
    if let Some((from, to)) = diagnosis.validity {
        text += &format!("valid          {} to {}\n", from.date(), to.date());
    }
    for fault in &diagnosis.faults {
        text +=
            &format!("fault          {}\n    what to do  {}\n", escape::line(&fault.what), escape::line(&fault.remedy));
    }
    if diagnosis.is_healthy() {
        text += "no fault found\n";
    }
    text
}

fn json(diagnosis: &Diagnosis) -> String {
    let stamp = |time: OffsetDateTime| time.format(&Rfc3339).ok();
    output::json_line(&Line {
        healthy: diagnosis.is_healthy(),
        certificates: &diagnosis.certificates,
        not_before: diagnosis.validity.and_then(|(from, _)| stamp(from)),
        not_after: diagnosis.validity.and_then(|(_, to)| stamp(to)),
        faults: diagnosis.faults.iter().map(|fault| Fault { what: &fault.what, remedy: &fault.remedy }).collect(),
    })
}
