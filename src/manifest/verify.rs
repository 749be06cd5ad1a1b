//! Signature algorithms for the path check, in pure Rust.

use ed25519_dalek::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{RsaPublicKey, pkcs1::DecodeRsaPublicKey, traits::PublicKeyParts};
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Every algorithm with which a certificate may be signed: C2PA 2.4 §14.5.1.
pub(super) static ALGORITHMS: &[Algorithm] = &[
    Algorithm { key: alg_id::ED25519, signature: alg_id::ED25519, verify: ed25519 },
    Algorithm {
        key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA256,
        verify: |k, m, s| p256(k, &Sha256::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA384,
        verify: |k, m, s| p256(k, &Sha384::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P256,
        signature: alg_id::ECDSA_SHA512,
        verify: |k, m, s| p256(k, &Sha512::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA256,
        verify: |k, m, s| p384(k, &Sha256::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA384,
        verify: |k, m, s| p384(k, &Sha384::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P384,
        signature: alg_id::ECDSA_SHA512,
        verify: |k, m, s| p384(k, &Sha512::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P521,
        signature: alg_id::ECDSA_SHA256,
        verify: |k, m, s| p521(k, &Sha256::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P521,
        signature: alg_id::ECDSA_SHA384,
        verify: |k, m, s| p521(k, &Sha384::digest(m), s),
    },
    Algorithm {
        key: alg_id::ECDSA_P521,
        signature: alg_id::ECDSA_SHA512,
        verify: |k, m, s| p521(k, &Sha512::digest(m), s),
    },
    Algorithm { key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PKCS1_SHA256, verify: pkcs1::<rsa::sha2::Sha256> },
    Algorithm { key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PKCS1_SHA384, verify: pkcs1::<rsa::sha2::Sha384> },
    Algorithm { key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PKCS1_SHA512, verify: pkcs1::<rsa::sha2::Sha512> },
    Algorithm { key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PSS_SHA256, verify: pss::<rsa::sha2::Sha256> },
    Algorithm { key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PSS_SHA384, verify: pss::<rsa::sha2::Sha384> },
    Algorithm { key: alg_id::RSA_ENCRYPTION, signature: alg_id::RSA_PSS_SHA512, verify: pss::<rsa::sha2::Sha512> },
    // Keys that are for RSASSA-PSS alone.
    Algorithm { key: alg_id::RSA_PSS_SHA256, signature: alg_id::RSA_PSS_SHA256, verify: pss::<rsa::sha2::Sha256> },
    Algorithm { key: alg_id::RSA_PSS_SHA384, signature: alg_id::RSA_PSS_SHA384, verify: pss::<rsa::sha2::Sha384> },
    Algorithm { key: alg_id::RSA_PSS_SHA512, signature: alg_id::RSA_PSS_SHA512, verify: pss::<rsa::sha2::Sha512> },
];

/// Gets the public key's bits, the message and the signature.
type Verify = fn(&[u8], &[u8], &[u8]) -> Option<()>;

#[derive(Debug)]
pub(super) struct Algorithm {
    key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    verify: Verify,
}

impl SignatureVerificationAlgorithm for Algorithm {
    fn verify_signature(&self, public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        (self.verify)(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

fn ed25519(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
    let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

fn p256(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(hash, &p256::ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn p384(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    // The generic code refuses hashes shorter than half the field; SHA-256 is longer than that.
    key.verify_prehash(hash, &p384::ecdsa::Signature::from_der(signature).ok()?).ok()
}

fn p521(key: &[u8], hash: &[u8], signature: &[u8]) -> Option<()> {
    let key = p521::ecdsa::VerifyingKey::from_sec1_bytes(key).ok()?;
    key.verify_prehash(hash, &p521::ecdsa::Signature::from_der(signature).ok()?).ok()
}

/// RSA keys that are neither weak nor made to cost time.
fn rsa(key: &[u8]) -> Option<RsaPublicKey> {
    let key = RsaPublicKey::from_pkcs1_der(key).ok()?;
    (256..=1024).contains(&key.size()).then_some(key)
}

fn pkcs1<D>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>
where
    D: rsa::sha2::Digest + rsa::pkcs8::AssociatedOid,
{
    let key = rsa::pkcs1v15::VerifyingKey::<D>::new(rsa(key)?);
    key.verify(message, &signature.try_into().ok()?).ok()
}

fn pss<D>(key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>
where
    D: rsa::sha2::Digest + rsa::sha2::digest::FixedOutputReset,
{
    let key = rsa::pss::VerifyingKey::<D>::new(rsa(key)?);
    key.verify(message, &signature.try_into().ok()?).ok()
}
