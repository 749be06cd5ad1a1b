//! `tanba keygen`.

use std::{fs, path::PathBuf};

use clap::{Args, ValueEnum};
use tanba::{Algorithm, Identity, IdentityRequest};
use time::OffsetDateTime;

use super::{
    escape,
    exit::{self, Failure},
    identity::{self, ANCHOR, CHAIN, KEY},
    output, words,
};

/// Make a key and a certificate chain that the C2PA specification accepts
///
/// Nobody trusts it but those to whom you give anchor.pem. To be trusted everywhere, have a certificate authority of the
/// C2PA trust list issue a certificate, and use that with `label --chain --key`.
#[derive(Args)]
pub(super) struct Arguments {
    /// The organisation that signs; readers refuse a signer without one
    #[arg(long, value_name = "NAME")]
    organization: String,

    /// The service or person that signs [default: "ORGANIZATION labelling"]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The signature algorithm
    #[arg(long, value_enum, default_value = "ed25519")]
    algorithm: Choice,

    /// For how many days it is valid
    #[arg(long, value_name = "DAYS", default_value_t = 366, value_parser = clap::value_parser!(u32).range(1..=36_525))]
    days: u32,

    /// The folder for chain.pem, key.pem and anchor.pem; existing ones are never overwritten
    #[arg(short, long, value_name = "FOLDER", default_value = "tanba-identity")]
    output: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Choice {
    Ed25519,
    Es256,
    Es384,
    Ps256,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let folder = &arguments.output;
    if let Some(name) = [CHAIN, KEY, ANCHOR].into_iter().find(|name| folder.join(name).exists()) {
        let words =
            format!("{} exists already: a key is never overwritten; name another folder", folder.join(name).display());
        return Err(Failure::usage(words));
    }
    let name = arguments.name.clone().unwrap_or_else(|| format!("{} labelling", arguments.organization));
    let request = IdentityRequest::new(&arguments.organization, name, OffsetDateTime::now_utc())
        .days(arguments.days)
        .algorithm(match arguments.algorithm {
            Choice::Ed25519 => Algorithm::Ed25519,
            Choice::Es256 => Algorithm::Es256,
            Choice::Es384 => Algorithm::Es384,
            Choice::Ps256 => Algorithm::Ps256,
        });
    let made = Identity::generate(&request)?;
    fs::create_dir_all(folder)
        .and_then(|()| identity::write(folder, &made))
        .map_err(|error| Failure::io(format!("{}: {}", folder.display(), words::io(&error))))?;
    let path = |name: &str| escape::line(&folder.join(name).display().to_string());
    output::print(&format!(
        "{}  the certificate, for `label --chain`\n{}  the private key, for `label --key`: keep it secret\n\
         {}  the root, for those who shall trust you: `verify --anchors`\n",
        path(CHAIN),
        path(KEY),
        path(ANCHOR)
    ))?;
    Ok(exit::DONE)
}
