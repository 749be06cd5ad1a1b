//! The companion of all benches: the `c2pa` crate's own `sign` in memory, with its default reserve and no thumbnail, the identity
//! that signs, and the floor.
// Not every bench uses all of it.
#![allow(dead_code)]

use std::{hint::black_box, io::Cursor, sync::Arc};

use tanba::{Identity, IdentityRequest};
use time::macros::datetime;

pub fn identity() -> Identity {
    let request = IdentityRequest::new("Tanba benches", "Tanba benches", datetime!(2026-01-01 0:00 UTC)).days(3650);
    Identity::generate(&request.seed([9; 32])).unwrap()
}

pub fn signer() -> tanba::Signer {
    let identity = identity();
    tanba::Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap()
}

/// What no signed copy can do without: one pass of SHA-256, one copy, one signature.
pub fn floor(bytes: &[u8]) {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let hash = <sha2::Sha256 as sha2::Digest>::digest(bytes);
    black_box((bytes.to_vec(), key.sign(&hash)));
}

/// Made once, as a service would.
pub struct Bare {
    context: Arc<c2pa::Context>,
    signer: Box<dyn c2pa::Signer>,
}

impl Bare {
    pub fn new() -> Self {
        let identity = identity();
        let (chain, key) = (identity.chain_pem.as_bytes(), identity.key_pem.as_bytes());
        let signer = c2pa::create_signer::from_keys(chain, key, c2pa::SigningAlg::Ed25519, None).unwrap();
        let settings = r#"{"verify":{"verify_after_sign":false},"builder":{"thumbnail":{"enabled":false}}}"#;
        Self { context: c2pa::Context::new().with_settings(settings).unwrap().into_shared(), signer }
    }

    pub fn sign(&self, media_type: &str, bytes: &[u8]) {
        let definition = r#"{"claim_generator_info":[{"name":"bench"}],"assertions":[{"label":"c2pa.actions.v2",
            "data":{"actions":[{"action":"c2pa.created","digitalSourceType":
            "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}]}}]}"#;
        let mut builder = c2pa::Builder::from_shared_context(&self.context).with_definition(definition).unwrap();
        let mut result = Cursor::new(Vec::with_capacity(bytes.len() + 64 * 1024));
        builder.sign(self.signer.as_ref(), media_type, &mut Cursor::new(bytes), &mut result).unwrap();
        black_box(result);
    }
}
