//! Which key signs: the one that was given, or a development identity that is made once and kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::Args;
use tanba::{Identity, IdentityRequest, Signer};
use time::{Duration, OffsetDateTime};

use super::{config, exit::Failure, output, password, read_file, words};

#[derive(Args)]
#[command(next_help_heading = "Who signs (default: a development identity, which nobody trusts)")]
pub(super) struct KeyArguments {
    /// The certificate chain, PEM, leaf first
    #[arg(long, value_name = "FILE", requires = "key")]
    chain: Option<PathBuf>,

    /// The private key, PEM
    #[arg(long, value_name = "FILE", requires = "chain")]
    key: Option<PathBuf>,

    /// A file whose first line is the password of the key
    #[arg(long, value_name = "FILE", requires = "key")]
    password_file: Option<PathBuf>,
}

impl KeyArguments {
    /// Whether a key was given.
    pub(super) fn given(&self) -> bool {
        self.key.is_some()
    }
}

/// The files of an identity in a folder.
pub(super) const CHAIN: &str = "chain.pem";
pub(super) const KEY: &str = "key.pem";
pub(super) const ANCHOR: &str = "anchor.pem";

/// The signer that was asked for.
pub(super) fn signer(arguments: &KeyArguments, quiet: bool) -> Result<Signer, Failure> {
    let (Some(chain_path), Some(key_path)) = (&arguments.chain, &arguments.key) else { return development(quiet) };
    let chain = read_file(chain_path, "the certificate chain")?;
    let key = read_file(key_path, "the key")?;
    let signer = match &arguments.password_file {
        Some(path) => Signer::from_encrypted_pem(&chain, &key, &password(path)?),
        None => Signer::from_pem(&chain, &key),
    };
    signer.map_err(|error| {
        let mut failure = Failure::from(error);
        failure.words += "; `tanba doctor --chain FILE --key FILE` explains each fault";
        failure
    })
}

/// The kept development identity; made on first use. Where it cannot be kept, the one that everybody has.
fn development(quiet: bool) -> Result<Signer, Failure> {
    let kept = folder().ok_or_else(|| io::Error::other("no home folder is known")).and_then(|folder| {
        keep(&folder)?;
        Ok(folder)
    });
    let (signer, place) = match kept {
        Ok(folder) => {
            let signer = load(&folder).map_err(|failure| {
                let words = format!("{}; remove {} and a new one is made", failure.words, folder.display());
                Failure::operator(words)
            })?;
            (signer, format!("kept in {}", folder.display()))
        }
        Err(error) => (Signer::development(), format!("not kept: {}", words::io(&error))),
    };
    if !quiet {
        output::remark(&format!(
            "signing with a development identity ({place}): anybody can make one, so every verifier calls the signer \
             unknown; --chain and --key give a real one"
        ));
    }
    Ok(signer)
}

fn load(folder: &Path) -> Result<Signer, Failure> {
    let chain = read_file(&folder.join(CHAIN), "the development identity")?;
    let key = read_file(&folder.join(KEY), "the development identity")?;
    Ok(Signer::from_pem(&chain, &key)?.for_development())
}

/// Makes the development identity if there is none. The folder appears whole, by a rename: of two processes that start
/// at once, one wins and both use its identity.
fn keep(folder: &Path) -> io::Result<()> {
    if folder.join(KEY).exists() {
        return Ok(());
    }
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent)?;
    let started = OffsetDateTime::now_utc() - Duration::days(1);
    let name = "tanba development – not trusted";
    let request = IdentityRequest::new(name, name, started).days(3650);
    let identity = Identity::generate(&request).map_err(io::Error::other)?;
    let made = tempfile::Builder::new().prefix(".tanba-").tempdir_in(parent)?;
    write(made.path(), &identity)?;
    match fs::rename(made.path(), folder) {
        Err(_) if folder.join(KEY).exists() => Ok(()),
        renamed => renamed,
    }
}

/// Writes chain, key and anchor into `folder`, which exists; nothing is overwritten.
pub(super) fn write(folder: &Path, identity: &Identity) -> io::Result<()> {
    new_file(&folder.join(CHAIN), identity.chain_pem.as_bytes(), 0o644)?;
    new_file(&folder.join(ANCHOR), identity.anchor_pem.as_bytes(), 0o644)?;
    new_file(&folder.join(KEY), identity.key_pem.as_bytes(), 0o600)
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has modes"))]
fn new_file(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Where the development identity is kept.
pub(super) fn folder() -> Option<PathBuf> {
    config::folder().map(|config| config.join("development"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_made_once_and_its_key_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("tanba/development");
        keep(&folder).unwrap();
        let chain = fs::read(folder.join(CHAIN)).unwrap();
        let key = fs::metadata(folder.join(KEY)).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
        keep(&folder).unwrap();
        assert_eq!(fs::read(folder.join(CHAIN)).unwrap(), chain);
        assert!(load(&folder).unwrap().is_development());
        assert_eq!(fs::read_dir(home.path().join("tanba")).unwrap().count(), 1, "no temporary folder is left");
    }
}
