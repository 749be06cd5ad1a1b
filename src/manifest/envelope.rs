//! The COSE_Sign1 structure around the signature of a claim: RFC 9052 §4.2 and §4.4, C2PA 2.4 §13.2.

use super::{
    Algorithm,
    cbor::put::{ARRAY, BYTES, NEGATIVE, TEXT, head, string},
    certificate::Chain,
};

/// What is the same in all signatures by one chain.
pub(super) struct Envelope {
    /// The protected header: algorithm and certificates.
    protected: Vec<u8>,
}

impl Envelope {
    pub(super) fn new(algorithm: Algorithm, chain: &Chain) -> Self {
        // RFC 9053, as -1 less the number.
        let number = match algorithm {
            Algorithm::Es256 => 6,
            Algorithm::Ed25519 => 7,
            Algorithm::Es384 => 34,
            Algorithm::Ps256 => 36,
        };
        // A map of two: 1 is `alg`, 33 is `x5chain` (RFC 9360 §2), one certificate or an array of them.
        let mut protected = vec![0xA2, 0x01];
        head(&mut protected, NEGATIVE, number);
        protected.extend([0x18, 33]);
        let certificates: Vec<_> = chain.der().collect();
        if certificates.len() > 1 {
            head(&mut protected, ARRAY, certificates.len() as u64);
        }
        certificates.into_iter().for_each(|der| string(&mut protected, BYTES, der));
        Self { protected }
    }

    /// What is signed: the `Sig_structure` around a claim.
    pub(super) fn to_be_signed(&self, claim: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.protected.len() + claim.len() + 32);
        head(&mut out, ARRAY, 4);
        string(&mut out, TEXT, b"Signature1");
        string(&mut out, BYTES, &self.protected);
        string(&mut out, BYTES, b"");
        string(&mut out, BYTES, claim);
        out
    }

    /// The structure with a signature in it; the claim stands elsewhere.
    pub(super) fn around(&self, signature: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.protected.len() + signature.len() + 16);
        // Tag 18, an array of four: protected header, an empty map, no payload, signature.
        out.extend([0xD2, 0x84]);
        string(&mut out, BYTES, &self.protected);
        out.extend([0xA0, 0xF6]);
        string(&mut out, BYTES, signature);
        out
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Cursor,
        sync::{Arc, Mutex},
    };

    use time::macros::datetime;

    use super::*;
    use crate::{
        Disclosure, Identity, IdentityRequest, Labeler, Policy, Signer,
        format::testing::survey,
        manifest::{jumbf, key::Key},
    };

    /// The engine makes the structure itself for a key that is somewhere else.
    #[test]
    fn it_is_what_the_engine_writes() {
        for algorithm in [Algorithm::Ed25519, Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256] {
            let request = IdentityRequest::new("Acme", "Acme", datetime!(2026-01-01 0:00 UTC)).days(3650);
            let identity = Identity::generate(&request.algorithm(algorithm)).unwrap();
            let (chain, pem) = (identity.chain_pem.as_bytes(), identity.key_pem.as_bytes());
            let key = Key::from_pem(pem).unwrap();
            let signed = Arc::new(Mutex::new(Vec::new()));
            let kept = Arc::clone(&signed);
            let elsewhere = Signer::from_callback(algorithm, chain, move |message| {
                let signature = key.sign(message)?;
                kept.lock().unwrap().push((message.to_vec(), signature.clone()));
                Ok(signature)
            });
            let (by_engine, by_us) = (elsewhere.unwrap(), Signer::from_pem(chain, pem).unwrap());
            let store = |signer: &Signer| {
                let policy = Policy::kazakhstan().with_notice(false).with_record(false);
                let labeler = Labeler::new(&Disclosure::generated("A"), signer).policy(policy);
                let labeler = labeler.clock(|| datetime!(2026-03-04 0:00 UTC));
                let picture = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/tiny.jpg")).unwrap();
                let mut sink = Cursor::new(Vec::new());
                labeler.label(&mut Cursor::new(picture), &mut sink).unwrap();
                let handler = crate::Format::Jpeg.handler();
                survey(handler, sink.get_ref()).unwrap().stores.remove(0).jumbf
            };
            let store_by_engine = store(&by_engine);
            let manifests = jumbf::manifests(&store_by_engine);
            let (_, manifest) = manifests.last().unwrap();
            let (message, signature) = signed.lock().unwrap().last().cloned().unwrap();
            let ours = Envelope::new(algorithm, by_us.chain());
            assert!(ours.to_be_signed(manifest.claim.unwrap()) == message, "{algorithm}");
            assert!(ours.around(&signature) == manifest.signature.unwrap().1, "{algorithm}");
            assert_eq!(store(&by_us).len(), store_by_engine.len(), "{algorithm}");
        }
    }
}
