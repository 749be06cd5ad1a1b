//! Is everything that was signed still what was signed? The engine forgets what an ingredient redacts or says was so before;
//! here every box is hashed, and nothing but what a signed claim redacts in an ingredient may be missing.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use c2pa::{
    crypto::cose::{CoseError, Verifier, cert_chain_from_sign1, parse_cose_sign1},
    status_tracker::StatusTracker,
};
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{
    codes::Codes,
    jumbf::{self, Manifest},
    read::{View, label_of},
};
use crate::report::{Said, say};

/// Manifests of one store that are looked at.
const MAX_MANIFESTS: usize = 256;

/// What holds of a store.
#[derive(Default)]
pub(super) struct Seal {
    /// What is wrong with the active manifest, or with what it vouches for.
    pub(super) faults: Vec<Said>,
    /// The manifests that are unchanged, signed, and lead up to the active one by hashes that match.
    sound: BTreeSet<String>,
    /// The active claim's signature fits, whatever is to be said of the certificate.
    pub(super) signed: bool,
    /// The types of the manifests' boxes.
    kinds: BTreeMap<String, [u8; 4]>,
}

impl Seal {
    /// Whether this manifest says what its signer said.
    pub(super) fn holds(&self, label: &str) -> bool {
        self.sound.contains(label)
    }

    /// Whether this is an update manifest, which has no binding of its own (C2PA 2.4 §11.2.3); `None` when it is of no known kind.
    pub(super) fn is_update(&self, label: &str) -> Option<bool> {
        match self.kinds.get(label)? {
            b"c2um" => Some(true),
            b"c2ma" | b"c2md" => Some(false),
            _ => None,
        }
    }

    /// Looks at every manifest that the active one leads to.
    pub(super) fn check(view: &View, store: &[u8], codes: &Codes) -> Self {
        let manifests = jumbf::manifests(store);
        let kinds = manifests.iter().map(|(label, manifest)| ((*label).to_owned(), manifest.kind)).collect();
        let mut seal = Self { kinds, ..Self::default() };
        // C2PA 2.4 §11.1.4.2: the last one is active; boxes of other types are none.
        let mut known = manifests.iter().filter(|(_, manifest)| manifest.kind.starts_with(b"c2"));
        if known.next_back().map(|(label, _)| *label) != Some(view.active.as_str()) {
            seal.faults.push("the last manifest of the store is not the active one".into());
            return seal;
        }
        let boxes: BTreeMap<_, _> = manifests.iter().map(|(label, manifest)| (*label, Boxes::new(manifest))).collect();
        let mut walk = Walk { view, codes, boxes: &boxes, redacted: BTreeMap::new(), seal: &mut seal };
        walk.run();
        let signed = walk.signature_fits(&view.active);
        seal.signed = signed;
        seal
    }
}

struct Walk<'a, 'b> {
    view: &'a View,
    codes: &'a Codes,
    boxes: &'a BTreeMap<&'a str, Boxes<'a>>,
    /// What the claims that were reached redact: manifest and assertion.
    redacted: BTreeMap<&'a str, BTreeSet<&'a str>>,
    seal: &'b mut Seal,
}

impl<'a> Walk<'a, '_> {
    fn run(&mut self) {
        let active = self.view.active.as_str();
        if let Err(why) = self.own(active) {
            self.seal.faults.push(why);
        } else {
            self.seal.sound.insert(active.to_owned());
        }
        let mut open = vec![active];
        let mut seen = BTreeSet::from([active]);
        while let Some(label) = open.pop() {
            let redactions = redactions(self.view, label);
            if redactions.iter().any(|uri| uri.contains(active)) {
                // The engine would take it and skip the hash: C2PA 2.4 §6.8 knows redactions of ingredients only.
                self.seal.faults.push(say!("the manifest {} redacts a part of the active manifest", label));
            }
            for uri in redactions {
                let name = uri.rsplit_once("c2pa.assertions/").map_or("", |(_, name)| name);
                self.redacted.entry(label_of(uri).unwrap_or_default()).or_default().insert(name);
            }
            for (name, ingredient) in self.view.assertions(label, "c2pa.ingredient") {
                let Some(link) = link(ingredient) else { continue };
                let child = link.get("url").and_then(Value::as_str).and_then(label_of);
                let child = child.and_then(|child| self.boxes.get_key_value(child));
                let Some((&child, boxes)) = child else {
                    self.fault(label, say!("the manifest that {} names is not there", name));
                    continue;
                };
                // What a manifest names that was changed itself, or not signed, is nobody's word.
                let vouched = self.seal.holds(label);
                if vouched && !boxes.matches(link, self.view.alg(child)) && !self.was_redacted(child, ingredient) {
                    self.fault(label, say!("the manifest that {} names was changed", name));
                    return;
                }
                if !seen.insert(child) || seen.len() > MAX_MANIFESTS {
                    continue;
                }
                if vouched && self.own(child).is_ok() && self.is_signed(child) {
                    self.seal.sound.insert(child.to_owned());
                }
                open.push(child);
            }
        }
    }

    /// What a manifest vouches for counts only if the manifest itself is what was signed.
    fn fault(&mut self, label: &str, why: Said) {
        if label == self.view.active || self.seal.holds(label) {
            self.seal.faults.push(why);
        }
    }

    /// Whether a redaction explains that the hash of a manifest differs: then its signature is still the same one.
    fn was_redacted(&self, label: &str, ingredient: &Value) -> bool {
        let Some(boxes) = self.boxes.get(label) else { return false };
        let named = self.redacted.contains_key(label);
        let signature = ingredient.get("claimSignature").and_then(|link| Some((link, boxes.signature.as_ref()?)));
        named && signature.is_some_and(|(link, signature)| signature.fits(link, self.view.alg(label)))
    }

    /// Whether every assertion of a claim is there and unchanged, and no other.
    fn own(&self, label: &str) -> Result<(), Said> {
        let manifest = self.boxes.get(label).ok_or_else(|| say!("the manifest {} cannot be read", label))?.manifest;
        let claim = self.view.claim(label).ok_or_else(|| say!("the manifest {} has no claim", label))?;
        let lists = ["assertions", "created_assertions", "gathered_assertions"];
        let links = lists.iter().filter_map(|list| claim.get(list)?.as_array()).flatten();
        let mut declared = BTreeSet::new();
        let assertions: BTreeMap<_, _> = manifest.assertions.iter().copied().collect();
        let redacted = self.redacted.get(label);
        for link in links {
            let url = link.get("url").and_then(Value::as_str).unwrap_or_default();
            let (place, name) = url.rsplit_once("c2pa.assertions/").ok_or("an assertion has no address")?;
            if place.contains("/c2pa/") && label_of(url) != Some(label) {
                return Err(say!("the assertion {} is not the manifest's own", name));
            }
            let absent = || may_be_redacted(name) && redacted.is_some_and(|names| names.contains(name));
            declared.insert(name);
            match assertions.get(name) {
                Some(payload) if Hashed::new(payload).fits(link, self.view.alg(label)) => {}
                Some(payload) if absent() && jumbf::is_blank(payload) => {}
                None if absent() => {}
                Some(_) => return Err(say!("the assertion {} was changed", name)),
                None => return Err(say!("the assertion {} is not there", name)),
            }
        }
        match assertions.keys().find(|name| !declared.contains(*name)) {
            Some(name) => Err(say!("the assertion {} is signed by nobody", name)),
            None => Ok(()),
        }
    }

    /// Whether the claim's signature is right. The engine keeps to itself what an ingredient says was so before.
    fn is_signed(&self, label: &str) -> bool {
        let faulty = self
            .codes
            .ingredient_failures
            .iter()
            .any(|failure| !failure.is_excused() && failure.url.as_deref().is_some_and(|url| url.contains(label)));
        !faulty && self.signature_fits(label)
    }

    /// Whether the signature was made over the claim by the key in the certificate that stands there.
    fn signature_fits(&self, label: &str) -> bool {
        let manifest = self.boxes.get(label).map(|boxes| boxes.manifest);
        let parts = manifest.and_then(|manifest| Some((manifest.signature?.1, manifest.claim?)));
        let Some((cose, claim)) = parts else { return false };
        let (verifier, log) = (Verifier::IgnoreProfileAndTrustPolicy, &mut StatusTracker::default());
        match verifier.verify_signature(cose, claim, &[], None, log) {
            Ok(_) => true,
            // Said of a certificate that names no organisation as well, after the signature was found right.
            Err(CoseError::MissingSigningCertificateChain) => {
                let chain = parse_cose_sign1(cose, claim, log).and_then(|signed| cert_chain_from_sign1(&signed));
                chain.is_ok_and(|chain| !chain.is_empty())
            }
            Err(_) => false,
        }
    }
}

/// A manifest with the hashes that many ingredients may ask for.
struct Boxes<'a> {
    manifest: &'a Manifest<'a>,
    payload: Hashed<'a>,
    claim: Option<Hashed<'a>>,
    signature: Option<Hashed<'a>>,
}

impl<'a> Boxes<'a> {
    fn new(manifest: &'a Manifest<'a>) -> Self {
        Self {
            manifest,
            payload: Hashed::new(manifest.payload),
            claim: manifest.claim.map(Hashed::new),
            signature: manifest.signature.map(|(payload, _)| Hashed::new(payload)),
        }
    }

    fn matches(&self, link: &Value, default: Option<&str>) -> bool {
        // Before C2PA 1.1 the hash was the claim's.
        self.payload.fits(link, default) || self.claim.as_ref().is_some_and(|claim| claim.fits(link, default))
    }
}

/// Bytes that are hashed once by each algorithm at most.
struct Hashed<'a> {
    bytes: &'a [u8],
    hashes: [OnceCell<Vec<u8>>; 3],
}

impl<'a> Hashed<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, hashes: Default::default() }
    }

    /// Whether they are what a link names; `default` is the algorithm of links that name none.
    fn fits(&self, link: &Value, default: Option<&str>) -> bool {
        let Some(name) = link.get("alg").and_then(Value::as_str).or(default) else { return false };
        let [sha256, sha384, sha512] = &self.hashes;
        // C2PA 2.4 §13.1 allows these three.
        let hash = match name {
            "sha256" => sha256.get_or_init(|| Sha256::digest(self.bytes).to_vec()),
            "sha384" => sha384.get_or_init(|| Sha384::digest(self.bytes).to_vec()),
            "sha512" => sha512.get_or_init(|| Sha512::digest(self.bytes).to_vec()),
            _ => return false,
        };
        hash_of(link).as_ref() == Some(hash)
    }
}

fn redactions<'a>(view: &'a View, label: &str) -> Vec<&'a str> {
    let list = view.claim(label).and_then(|claim| claim.get("redacted_assertions")?.as_array());
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A binding and the actions are never redacted: C2PA 2.4 §6.8.
fn may_be_redacted(assertion: &str) -> bool {
    !assertion.starts_with("c2pa.hash.") && !assertion.starts_with("c2pa.actions")
}

/// The link of an ingredient assertion to the ingredient's manifest.
pub(super) fn link(ingredient: &Value) -> Option<&Value> {
    let link = |name| ingredient.get(name).filter(|link| !link.is_null());
    link("activeManifest").or_else(|| link("c2pa_manifest"))
}

fn hash_of(link: &Value) -> Option<Vec<u8>> {
    match link.get("hash")? {
        Value::String(text) => STANDARD.decode(text).ok(),
        Value::Array(bytes) => {
            bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
        }
        _ => None,
    }
}
