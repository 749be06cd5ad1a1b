//! Private keys: PEM in, signatures out.

use ed25519_dalek::Signer as _;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo};
use rsa::{
    pkcs1::{DecodeRsaPrivateKey, EncodeRsaPublicKey},
    rand_core::{CryptoRngCore, OsRng},
    signature::{RandomizedSigner, SignatureEncoding},
    traits::PublicKeyParts,
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

use super::Algorithm;
use crate::{Cause, Error, Result};

/// A private key in memory.
pub(super) enum Key {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Rsa(Box<rsa::RsaPrivateKey>),
}

impl Key {
    /// From PEM: PKCS#8 (`PRIVATE KEY`), SEC 1 (`EC PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    pub(super) fn from_pem(pem: &[u8]) -> Result<Self> {
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(der)) => Self::from_pkcs8(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Sec1(der)) => {
                let der = der.secret_sec1_der();
                let p256 = p256::SecretKey::from_sec1_der(der).map(|key| Self::P256(key.into()));
                let p384 = || p384::SecretKey::from_sec1_der(der).map(|key| Self::P384(key.into()));
                p256.or_else(|_| p384()).map_err(|_| unusable("the EC key is on neither P-256 nor P-384"))
            }
            Ok(PrivateKeyDer::Pkcs1(der)) => Self::from_pkcs1(der.secret_pkcs1_der()),
            _ if is_encrypted(pem) => {
                Err(unusable("the key is encrypted: give its password, `Signer::from_encrypted_pem`"))
            }
            _ => {
                Err(unusable("there is no private key in the PEM; `-----BEGIN PRIVATE KEY-----` (PKCS#8) is expected"))
            }
        }
    }

    /// From encrypted PKCS#8 in PEM (`ENCRYPTED PRIVATE KEY`, RFC 5958 §3).
    pub(super) fn from_encrypted_pem(pem: &[u8], password: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(pem).map_err(|error| failed("the key's PEM is not text", error))?;
        let (_, document) =
            pkcs8::SecretDocument::from_pem(text).map_err(|error| failed("the key's PEM cannot be read", error))?;
        let info = EncryptedPrivateKeyInfo::try_from(document.as_bytes())
            .map_err(|error| failed("the key is no encrypted PKCS#8 key", error))?;
        let document =
            info.decrypt(password).map_err(|error| failed("the key cannot be decrypted: wrong password?", error))?;
        Self::from_pkcs8(document.as_bytes())
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self> {
        if let Ok(key) = ed25519_dalek::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::Ed25519(Box::new(key)));
        }
        if let Ok(key) = p256::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::P256(key));
        }
        if let Ok(key) = p384::ecdsa::SigningKey::from_pkcs8_der(der) {
            return Ok(Self::P384(key));
        }
        // rsaEncryption and id-RSASSA-PSS (RFC 8017 A.1, A.2.3) hold the same RSAPrivateKey.
        let info = PrivateKeyInfo::try_from(der).map_err(|error| failed("the PKCS#8 key cannot be read", error))?;
        if !matches!(info.algorithm.oid.to_string().as_str(), "1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10") {
            return Err(unusable("the key's algorithm is none of Ed25519, EC P-256, EC P-384, RSA"));
        }
        Self::from_pkcs1(info.private_key)
    }

    fn from_pkcs1(der: &[u8]) -> Result<Self> {
        let key =
            rsa::RsaPrivateKey::from_pkcs1_der(der).map_err(|error| failed("the RSA key cannot be read", error))?;
        Ok(Self::Rsa(Box::new(key)))
    }

    /// A new key out of `random`.
    pub(super) fn generate(algorithm: Algorithm, random: &mut impl CryptoRngCore) -> Result<Self> {
        Ok(match algorithm {
            Algorithm::Ed25519 => {
                let mut secret = [0; 32];
                random.fill_bytes(&mut secret);
                Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&secret)))
            }
            Algorithm::Es256 => Self::P256(p256::ecdsa::SigningKey::random(random)),
            Algorithm::Es384 => Self::P384(p384::ecdsa::SigningKey::random(random)),
            Algorithm::Ps256 => {
                let key = rsa::RsaPrivateKey::new(random, 3072);
                Self::Rsa(Box::new(key.map_err(|error| failed("no RSA key could be made", error))?))
            }
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::P256(_) => Algorithm::Es256,
            Self::P384(_) => Algorithm::Es384,
            Self::Rsa(_) => Algorithm::Ps256,
        }
    }

    /// The public key as it stands in the `subjectPublicKey` bits of a certificate.
    pub(super) fn public_bits(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
            Self::P256(key) => key.verifying_key().to_encoded_point(false).as_bytes().to_vec(),
            Self::P384(key) => key.verifying_key().to_encoded_point(false).as_bytes().to_vec(),
            Self::Rsa(key) => key.to_public_key().to_pkcs1_der().map(|der| der.as_bytes().to_vec()).unwrap_or_default(),
        }
    }

    /// Length of a COSE signature in bytes.
    pub(super) fn signature_len(&self) -> usize {
        match self {
            Self::Ed25519(_) | Self::P256(_) => 64,
            Self::P384(_) => 96,
            Self::Rsa(key) => key.size(),
        }
    }

    /// Signs as COSE wants it (RFC 9053 §2): EdDSA, ECDSA with r and s side by side, RSASSA-PSS with a salt as long as the hash.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Cause> {
        Ok(match self {
            Self::Ed25519(key) => key.try_sign(message)?.to_bytes().to_vec(),
            Self::P256(key) => {
                let signature: p256::ecdsa::Signature = key.try_sign(message)?;
                signature.to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::Signature = key.try_sign(message)?;
                signature.to_vec()
            }
            Self::Rsa(key) => {
                let key = rsa::pss::BlindedSigningKey::<rsa::sha2::Sha256>::new((**key).clone());
                key.try_sign_with_rng(&mut OsRng, message)?.to_vec()
            }
        })
    }

    /// Signs as X.509 wants it: ECDSA as a DER sequence, RSA with PKCS#1 v1.5 and SHA-256.
    pub(super) fn sign_certificate(&self, message: &[u8]) -> Result<Vec<u8>, Cause> {
        Ok(match self {
            Self::Ed25519(_) => self.sign(message)?,
            Self::P256(key) => {
                let signature: p256::ecdsa::DerSignature = key.try_sign(message)?;
                signature.as_bytes().to_vec()
            }
            Self::P384(key) => {
                let signature: p384::ecdsa::DerSignature = key.try_sign(message)?;
                signature.as_bytes().to_vec()
            }
            Self::Rsa(key) => {
                rsa::pkcs1v15::SigningKey::<rsa::sha2::Sha256>::new((**key).clone()).try_sign(message)?.to_vec()
            }
        })
    }

    /// PKCS#8 in PEM.
    pub(super) fn to_pem(&self) -> Result<String> {
        let pem = match self {
            // Without the public key: OpenSSL 3.0 reads no version 2 keys (RFC 5958).
            Self::Ed25519(key) => {
                let key = ed25519_dalek::pkcs8::KeypairBytes { secret_key: key.to_bytes(), public_key: None };
                key.to_pkcs8_pem(LineEnding::LF)
            }
            Self::P256(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::P384(key) => key.to_pkcs8_pem(LineEnding::LF),
            Self::Rsa(key) => key.to_pkcs8_pem(LineEnding::LF),
        };
        pem.map(|pem| pem.to_string()).map_err(|error| failed("the key cannot be written", error))
    }
}

fn is_encrypted(pem: &[u8]) -> bool {
    let encrypted = |marker: &[u8]| pem.windows(marker.len()).any(|window| window == marker);
    encrypted(b"BEGIN ENCRYPTED PRIVATE KEY") || encrypted(b"Proc-Type: 4,ENCRYPTED")
}

fn unusable(why: &str) -> Error {
    Error::Identity { why: why.into(), source: None }
}

fn failed(why: &str, source: impl Into<Cause>) -> Error {
    Error::Identity { why: why.into(), source: Some(source.into()) }
}
