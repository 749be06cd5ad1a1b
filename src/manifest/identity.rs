//! Makes certificate chains for trying out and for internal use.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm, SigningKey,
};
use rsa::rand_core::{CryptoRng, OsRng, RngCore};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use super::{Algorithm, key::Key};
use crate::{Error, Result};

/// What [`Identity::generate`] makes: names, algorithm, validity.
///
/// ```
/// use tanba::{Algorithm, Identity, IdentityRequest, Signer};
/// let request = IdentityRequest::new("Acme LLP", "Acme labelling service", time::macros::datetime!(2026-01-01 0:00 UTC))
///     .algorithm(Algorithm::Es256)
///     .days(90);
/// let identity = Identity::generate(&request)?;
/// let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes())?;
/// assert_eq!(signer.organization(), "Acme LLP");
/// # Ok::<(), tanba::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct IdentityRequest {
    organization: String,
    common_name: String,
    algorithm: Algorithm,
    not_before: OffsetDateTime,
    days: u32,
    seed: Option<[u8; 32]>,
}

impl IdentityRequest {
    /// An Ed25519 identity, valid for 366 days from `not_before`. Both names stand in the certificate and must not be
    /// empty: readers refuse a signer without an organisation.
    pub fn new(organization: impl Into<String>, common_name: impl Into<String>, not_before: OffsetDateTime) -> Self {
        Self {
            organization: organization.into(),
            common_name: common_name.into(),
            algorithm: Algorithm::Ed25519,
            not_before,
            days: 366,
            seed: None,
        }
    }

    /// Replaces the signature algorithm. RSA keys have 3,072 bits.
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Replaces the number of days that leaf and root are valid.
    pub fn days(mut self, days: u32) -> Self {
        self.days = days;
        self
    }

    /// Replaces the randomness, by default that of the operating system. Keys and serial numbers follow from these
    /// bytes: who knows them can sign. For tests.
    pub fn seed(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(seed);
        self
    }
}

/// A signing key with its certificate, issued by a root of its own whose key is thrown away.
///
/// Nobody trusts that root but those who are given [`anchor_pem`](Self::anchor_pem). To be trusted by everyone, have a CA
/// of the C2PA trust list issue a certificate for the key instead.
#[derive(Clone)]
#[non_exhaustive]
pub struct Identity {
    /// The leaf certificate, for [`Signer::from_pem`](crate::Signer::from_pem); the root is left out, as C2PA 2.4 §14.5 asks.
    pub chain_pem: String,
    /// The private key, PKCS#8. Keep it secret.
    pub key_pem: String,
    /// The root certificate, for [`TrustAnchors::with_pem`](crate::TrustAnchors::with_pem).
    pub anchor_pem: String,
}

impl Identity {
    /// Makes a key, a root and a leaf with the profile of C2PA 2.4 §14.5.1: version 3, subject with O and CN, key usage
    /// `digitalSignature`, extended key usage claim signing and e-mail protection, AKI and SKI.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when a name is empty or the validity is out of range.
    pub fn generate(request: &IdentityRequest) -> Result<Self> {
        for (argument, value) in [("organization", &request.organization), ("common_name", &request.common_name)] {
            if value.trim().is_empty() {
                return Err(Error::Argument {
                    argument,
                    why: "must not be empty: readers refuse such a signer".into(),
                });
            }
        }
        let end = request.not_before.checked_add(Duration::days(request.days.into()));
        let end = end.filter(|end| request.days > 0 && end.year() <= 9999).ok_or_else(|| Error::Argument {
            argument: "days",
            why: format!("{} days from {} is no usable validity", request.days, request.not_before.date()),
        })?;
        let mut random = Expand::new(request.seed.unwrap_or_else(|| {
            let mut seed = [0; 32];
            OsRng.fill_bytes(&mut seed);
            seed
        }));
        let root_key = CertificateKey::new(Key::generate(request.algorithm, &mut random)?);
        let leaf_key = CertificateKey::new(Key::generate(request.algorithm, &mut random)?);
        let key_pem = leaf_key.key.to_pem()?;

        let name = |common_name: &str| {
            let mut name = DistinguishedName::new();
            name.push(DnType::OrganizationName, &request.organization);
            name.push(DnType::CommonName, common_name);
            name
        };
        let mut root = CertificateParams::default();
        root.distinguished_name = name(&format!("{} root", request.common_name));
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        root.key_identifier_method = root_key.identifier();
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name = name(&request.common_name);
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        // c2pa-kp-claimSigning (2.4 §14.5.1.1), and e-mail protection for readers older than 2.2.
        leaf.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::EmailProtection,
            ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 62558, 2, 1]),
        ];
        leaf.key_identifier_method = leaf_key.identifier();
        leaf.use_authority_key_identifier_extension = true;
        for params in [&mut root, &mut leaf] {
            params.not_before = request.not_before;
            params.not_after = end;
            let mut serial = [0; 16];
            random.fill_bytes(&mut serial);
            serial[0] = serial[0] & 0x3F | 0x40; // positive, and of a fixed length: RFC 5280 §4.1.2.2
            params.serial_number = Some(SerialNumber::from(serial.to_vec()));
        }
        let made = |error: rcgen::Error| Error::Identity {
            why: "the certificate could not be made".into(),
            source: Some(error.into()),
        };
        let anchor = root.self_signed(&root_key).map_err(made)?;
        let leaf = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).map_err(made)?;
        Ok(Self { chain_pem: leaf.pem(), key_pem, anchor_pem: anchor.pem() })
    }
}

/// A key as rcgen wants it.
struct CertificateKey {
    key: Key,
    public: Vec<u8>,
}

impl CertificateKey {
    fn new(key: Key) -> Self {
        let public = key.public_bits();
        Self { key, public }
    }

    /// RFC 7093 §2, method 1: the leftmost 160 bits of the SHA-256 of the public key.
    fn identifier(&self) -> KeyIdMethod {
        KeyIdMethod::PreSpecified(Sha256::digest(&self.public)[..20].to_vec())
    }
}

impl PublicKeyData for CertificateKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.key.algorithm() {
            Algorithm::Ed25519 => &rcgen::PKCS_ED25519,
            Algorithm::Es256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Algorithm::Es384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            Algorithm::Ps256 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl SigningKey for CertificateKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key.sign_certificate(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Random bytes out of a seed: SHA-256 over the seed and a counter.
struct Expand {
    seed: [u8; 32],
    counter: u64,
}

impl Expand {
    fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0 }
    }
}

impl RngCore for Expand {
    fn next_u32(&mut self) -> u32 {
        rsa::rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rsa::rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
            self.counter += 1;
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rsa::rand_core::Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Expand {}
