//! Keys that sign.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use c2pa::crypto::{cose::CertificateTrustPolicy, time_stamp::verify_time_stamp};
use c2pa::status_tracker::StatusTracker;
use sha2::{Digest, Sha256};
use time::macros::datetime;

use super::{Identity, IdentityRequest, certificate::Chain, doctor, envelope::Envelope, key::Key, shapes::Shapes};
use crate::{Cause, Error, Result};

/// Bytes that a time-stamp adds to every manifest: room for the token of the usual authorities with their certificates
/// (DigiCert, Sectigo, GlobalSign: 3 to 7 KB).
const TIME_STAMP_RESERVE: usize = 8 * 1024;

/// A signature algorithm of C2PA 2.4, §13.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// EdDSA with Ed25519.
    Ed25519,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

impl Algorithm {
    fn cose(self) -> c2pa::SigningAlg {
        match self {
            Self::Ed25519 => c2pa::SigningAlg::Ed25519,
            Self::Es256 => c2pa::SigningAlg::Es256,
            Self::Es384 => c2pa::SigningAlg::Es384,
            Self::Ps256 => c2pa::SigningAlg::Ps256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ed25519 => "Ed25519",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ps256 => "PS256",
        })
    }
}

type Sign = dyn Fn(&[u8]) -> Result<Vec<u8>, Cause> + Send + Sync;
type Stamp = dyn Fn(&[u8]) -> Result<Vec<u8>, Cause> + Send + Sync;

/// A key with its certificate chain. Cheap to clone.
///
/// ```
/// let signer = tanba::Signer::development();
/// assert!(signer.is_development());
/// assert_eq!(signer.organization(), "tanba development – not trusted");
/// ```
#[derive(Clone)]
pub struct Signer {
    parts: Arc<Parts>,
    context: Arc<c2pa::Context>,
    shapes: Arc<Shapes>,
}

/// What signs; handed to the C2PA engine.
#[derive(Clone)]
struct Parts {
    algorithm: Algorithm,
    chain: Arc<Chain>,
    development: bool,
    signature_len: usize,
    sign: Arc<Sign>,
    /// Whether the key is in memory, and known to be the one in the certificate.
    has_key: bool,
    envelope: Arc<Envelope>,
    stamp: Option<Arc<Stamp>>,
    /// What salts are made from.
    secret: Arc<OnceLock<[u8; 32]>>,
}

impl Parts {
    fn new(algorithm: Algorithm, chain: Chain, signature_len: usize, sign: Arc<Sign>) -> Self {
        let envelope = Arc::new(Envelope::new(algorithm, &chain));
        let (chain, development, has_key) = (Arc::new(chain), false, false);
        let secret = Arc::default();
        Self { algorithm, chain, development, signature_len, sign, has_key, envelope, stamp: None, secret }
    }

    /// With a key of our own the structure around the signature is made here: the engine would look at the certificate again for
    /// every file, which was done once. What comes from elsewhere is its to check, and so are time-stamps.
    fn seals_itself(&self) -> bool {
        self.has_key && self.stamp.is_none()
    }

    fn seal(&self, claim: &[u8]) -> Result<Vec<u8>, Cause> {
        let signature = (self.sign)(&self.envelope.to_be_signed(claim))?;
        Ok(self.envelope.around(&signature))
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { algorithm, development, stamp, .. } = &*self.parts;
        f.debug_struct("Signer")
            .field("organization", &self.organization())
            .field("algorithm", algorithm)
            .field("development", development)
            .field("time_stamp", &stamp.is_some())
            .finish_non_exhaustive()
    }
}

impl Signer {
    /// From a PEM certificate chain (leaf first, root omitted) and a private key in PEM: PKCS#8, SEC 1 or PKCS#1.
    ///
    /// A root at the end of the chain is left out. Whether the certificate is within its validity is looked at when
    /// something is signed.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) with every fault of the chain in words.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self> {
        Self::from_key(chain, Key::from_pem(key)?)
    }

    /// Like [`from_pem`](Self::from_pem), with an encrypted PKCS#8 key (`-----BEGIN ENCRYPTED PRIVATE KEY-----`).
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) when the password is wrong, and with every fault of the chain in words.
    pub fn from_encrypted_pem(chain: &[u8], key: &[u8], password: &[u8]) -> Result<Self> {
        Self::from_key(chain, Key::from_encrypted_pem(key, password)?)
    }

    /// From a chain and a function that signs: a key in an HSM or a KMS.
    ///
    /// `sign` gets the bytes to be signed (not their hash) and returns the signature as COSE defines it: Ed25519 64 bytes;
    /// ECDSA `r ‖ s` or the DER sequence; RSASSA-PSS with MGF1 and a salt as long as the hash.
    ///
    /// # Errors
    ///
    /// [`Error::Identity`](crate::Error::Identity) with every fault of the chain in words.
    pub fn from_callback(
        algorithm: Algorithm,
        chain_pem: &[u8],
        sign: impl Fn(&[u8]) -> Result<Vec<u8>, Cause> + Send + Sync + 'static,
    ) -> Result<Self> {
        let chain = Chain::from_pem(chain_pem)?.without_root();
        doctor::examine(&chain, doctor::KeyFacts::Algorithm(algorithm), None).into_result()?;
        let signature_len = match algorithm {
            Algorithm::Ed25519 | Algorithm::Es256 => 64,
            Algorithm::Es384 => 96,
            Algorithm::Ps256 => chain.leaf()?.rsa_bits().unwrap_or(4096).div_ceil(8),
        };
        Self::new(Parts::new(algorithm, chain, signature_len, Arc::new(sign)))
    }

    fn from_key(chain: &[u8], key: Key) -> Result<Self> {
        let chain = Chain::from_pem(chain)?.without_root();
        doctor::examine(&chain, doctor::KeyFacts::Key(&key), None).into_result()?;
        Self::with_key(chain, key, false)
    }

    fn with_key(chain: Chain, key: Key, development: bool) -> Result<Self> {
        let (algorithm, signature_len) = (key.algorithm(), key.signature_len());
        let sign = Arc::new(move |message: &[u8]| key.sign(message));
        Self::new(Parts { development, has_key: true, ..Parts::new(algorithm, chain, signature_len, sign) })
    }

    /// A fixed identity that everybody has: for trying out. Every verifier calls it untrusted.
    pub fn development() -> Self {
        static DEVELOPMENT: OnceLock<Signer> = OnceLock::new();
        let make = || {
            let identity = Identity::generate(&development_request())?;
            let key = Key::from_pem(identity.key_pem.as_bytes())?;
            Self::with_key(Chain::from_pem(identity.chain_pem.as_bytes())?, key, true)
        };
        DEVELOPMENT.get_or_init(|| make().expect("the development identity is made of constants")).clone()
    }

    /// Adds an RFC 3161 time-stamp to every signature, so that labels outlive the certificate.
    ///
    /// `transport` gets a DER `TimeStampReq`, sends it to an authority (HTTP POST, `application/timestamp-query`), and
    /// returns the DER `TimeStampResp`. Each manifest grows by 8,192 bytes; labelling fails when the transport does, when
    /// the authority refuses, or when its token does not fit the request or the room.
    pub fn with_time_stamp(self, transport: impl Fn(&[u8]) -> Result<Vec<u8>, Cause> + Send + Sync + 'static) -> Self {
        let parts = Parts { stamp: Some(Arc::new(transport)), ..(*self.parts).clone() };
        Self::new(parts).expect("settings that were good stay good")
    }

    /// The same identity, said to be for trying out: [`is_development`](Self::is_development) and receipts then say so.
    pub fn for_development(self) -> Self {
        let parts = Parts { development: true, ..(*self.parts).clone() };
        Self::new(parts).expect("settings that were good stay good")
    }

    fn new(parts: Parts) -> Result<Self> {
        let parts = Arc::new(parts);
        let context = context(&parts).map_err(|error| Error::Identity {
            why: "the C2PA engine refuses the settings".into(),
            source: Some(error.into()),
        })?;
        Ok(Self { parts, context, shapes: Arc::default() })
    }

    /// Whether this is a development identity.
    pub fn is_development(&self) -> bool {
        self.parts.development
    }

    /// The organisation named in the leaf certificate.
    pub fn organization(&self) -> &str {
        self.parts.chain.organization()
    }

    /// The signature algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.parts.algorithm
    }

    /// The certificate chain as it is written into manifests, leaf first.
    pub fn chain_pem(&self) -> String {
        self.parts.chain.to_pem()
    }

    pub(super) fn chain(&self) -> &Chain {
        &self.parts.chain
    }

    pub(super) fn context(&self) -> &Arc<c2pa::Context> {
        &self.context
    }

    /// What is kept of manifests with this signature.
    pub(super) fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Whether [`seal`](Self::seal) makes what the engine would: the key is in memory, and nobody stamps the time.
    pub(super) fn seals_itself(&self) -> bool {
        self.parts.seals_itself()
    }

    /// The COSE structure with the signature over a claim.
    pub(super) fn seal(&self, claim: &[u8]) -> Result<Vec<u8>, Cause> {
        self.parts.seal(claim)
    }

    /// The salt of an assertion: the same for the same key, label and number, and known to nobody else.
    pub(super) fn salt(&self, label: &str, number: u8) -> Result<[u8; 16], Cause> {
        let secret = match self.parts.secret.get() {
            Some(secret) => secret,
            None => {
                // Nothing that is signed otherwise begins like this: a claim stands in an array of CBOR.
                let signature = (self.parts.sign)(b"tanba: the salts of assertions")?;
                self.parts.secret.get_or_init(|| Sha256::digest(signature).into())
            }
        };
        let hash: [u8; 32] =
            Sha256::new().chain_update(secret).chain_update([number]).chain_update(label).finalize().into();
        Ok(std::array::from_fn(|index| hash[index]))
    }
}

/// The development identity: a fixed seed, fixed dates, a name that cannot be mistaken.
pub(super) fn development_request() -> IdentityRequest {
    let name = "tanba development – not trusted";
    IdentityRequest::new(name, name, datetime!(2025-01-01 0:00 UTC))
        .days(9131)
        .seed(*b"tanba: anybody knows this seed !")
}

/// Settings under which the engine neither fetches nor writes what we did not ask for.
fn context(parts: &Arc<Parts>) -> c2pa::Result<Arc<c2pa::Context>> {
    let mut settings = c2pa::Settings::default();
    settings.core.allowed_network_hosts = Some(Vec::new());
    settings.verify.remote_manifest_fetch = false;
    settings.verify.ocsp_fetch = false;
    settings.verify.verify_after_sign = false;
    settings.builder.thumbnail.enabled = false;
    let context = c2pa::Context::new().with_settings(settings)?.with_signer(Engine(Arc::clone(parts)));
    Ok(context.into_shared())
}

struct Engine(Arc<Parts>);

impl c2pa::Signer for Engine {
    fn sign(&self, message: &[u8]) -> c2pa::Result<Vec<u8>> {
        let signed = match self.0.seals_itself() {
            true => self.0.seal(message),
            false => (self.0.sign)(message),
        };
        signed.map_err(c2pa::Error::OtherError)
    }

    fn alg(&self) -> c2pa::SigningAlg {
        self.0.algorithm.cose()
    }

    fn certs(&self) -> c2pa::Result<Vec<Vec<u8>>> {
        Ok(self.0.chain.der().map(<[u8]>::to_vec).collect())
    }

    fn direct_cose_handling(&self) -> bool {
        self.0.seals_itself()
    }

    /// Exactly what the signature needs (the engine's own default is 10 KB). The engine pads up to this length, and knows
    /// how to pad by nothing, or by 263 bytes and more, only.
    fn reserve_size(&self) -> usize {
        let signature = self.0.envelope.around(&vec![0; self.0.signature_len]).len();
        signature + if self.0.stamp.is_some() { TIME_STAMP_RESERVE } else { 0 }
    }

    fn send_timestamp_request(&self, message: &[u8]) -> Option<c2pa::Result<Vec<u8>>> {
        let transport = self.0.stamp.as_ref()?;
        Some((|| {
            let request = self.timestamp_request_body(message)?;
            let response = transport(&request).map_err(c2pa::Error::OtherError)?;
            // A refusal, or a token for something else, must not get into a label unnoticed.
            let policy = CertificateTrustPolicy::passthrough();
            verify_time_stamp(&response, message, &policy, &mut StatusTracker::default(), false)?;
            Ok(response)
        })())
    }
}
