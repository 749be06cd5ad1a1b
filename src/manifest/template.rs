//! A manifest store of which all is known but the identifiers, the time, the hash of the content, the salts and the signature. The
//! engine makes one for each shape; for the next file only those are put in, and what hangs on them is hashed and signed.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{
    cbor::put,
    claim::SPEC_VERSION,
    jumbf::{self, Node},
};

/// Stands where the hash of the content will: 32 bytes that no text holds.
pub(super) const HASH: [u8; 32] = [0xA7; 32];

/// Bytes of the engine's salts.
const SALT: usize = 16;

/// What differs between two stores of one shape.
#[derive(Clone)]
pub(super) struct Values {
    /// The identifiers in the manifest's label and in the claim, as UUIDs are written.
    pub(super) label: String,
    pub(super) instance: String,
    /// The time of every action.
    pub(super) when: String,
}

/// A store, and where in it the values stand.
pub(super) struct Template {
    store: Vec<u8>,
    values: Values,
    labels: Vec<usize>,
    instances: Vec<usize>,
    times: Vec<usize>,
    assertions: Vec<Assertion>,
    /// The CBOR of the assertion that binds the content.
    binding: Range<usize>,
    /// The CBOR of the claim, and the COSE structure.
    claim: Range<usize>,
    signature: Range<usize>,
}

struct Assertion {
    /// What is hashed: C2PA 2.4 §8.4.2.3.
    payload: Range<usize>,
    salt: Range<usize>,
    /// Where in the claim the hash stands.
    hash: Range<usize>,
}

impl Template {
    /// `None` when not everything is where it is expected, once and no oftener: names may be anything, an identifier as well.
    pub(super) fn of(mut store: Vec<u8>, values: Values, binding: &str, actions: usize) -> Option<Self> {
        order(&mut store);
        let times = places(&store, values.when.as_bytes(), 0);
        let labels = places(&store, format!("urn:c2pa:{}", values.label).as_bytes(), 9);
        let instances = places(&store, format!("xmp:iid:{}", values.instance).as_bytes(), 8);
        // The label stands in the manifest's description and in the address of the signature.
        if times.len() != actions || labels.len() != 2 || instances.len() != 1 {
            return None;
        }
        let tree = jumbf::tree(&store);
        let [all] = &tree[..] else { return None };
        let [_, manifest] = &all.nodes[..] else { return None };
        let [_, listed, claim, signature] = &manifest.nodes[..] else { return None };
        let (claim, signature) = (cbor(claim)?, cbor(signature)?);
        let assertions = listed.nodes.iter().skip(1).map(|node| {
            // A superbox is hashed without its header.
            let payload = node.range.end - node.content.len()..node.range.end;
            let hash = only(places(&store[claim.clone()], &Sha256::digest(node.content), claim.start))?;
            Some(Assertion { payload, salt: salt(node)?, hash: hash..hash + 32 })
        });
        let assertions: Option<Vec<_>> = assertions.collect();
        let bound = listed.nodes.iter().find(|node| node.label == Some(binding))?;
        let (binding, assertions) = (cbor(bound)?, assertions?);
        Some(Self { values, labels, instances, times, assertions, binding, claim, signature, store })
    }

    /// Length of the store in bytes.
    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    /// The CBOR of the assertion that binds the content, with [`HASH`] for its hash.
    pub(super) fn binding(&self) -> &[u8] {
        &self.store[self.binding.clone()]
    }

    /// A store with these values, or what does not fit. `salt` is told the number of the assertion; `sign` makes the COSE structure
    /// for a claim.
    pub(super) fn fill<E>(
        &self,
        values: &Values,
        binding: &[u8],
        salt: impl Fn(u8) -> Result<[u8; SALT], E>,
        sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
    ) -> Result<Result<Vec<u8>, &'static str>, E> {
        let mut store = self.store.clone();
        let texts = [
            (&self.labels, &self.values.label, &values.label),
            (&self.instances, &self.values.instance, &values.instance),
            (&self.times, &self.values.when, &values.when),
        ];
        for (places, old, new) in texts {
            if old.len() != new.len() {
                return Ok(Err("an identifier or the time has another length"));
            }
            places.iter().for_each(|&at| store[at..at + new.len()].copy_from_slice(new.as_bytes()));
        }
        if binding.len() != self.binding.len() {
            return Ok(Err("the binding has another length"));
        }
        store[self.binding.clone()].copy_from_slice(binding);
        for (assertion, number) in self.assertions.iter().zip(0..) {
            store[assertion.salt.clone()].copy_from_slice(&salt(number)?);
            let hash = Sha256::digest(&store[assertion.payload.clone()]);
            store[assertion.hash.clone()].copy_from_slice(&hash);
        }
        let signature = sign(&store[self.claim.clone()])?;
        if signature.len() != self.signature.len() {
            return Ok(Err("the signature has another length"));
        }
        store[self.signature.clone()].copy_from_slice(&signature);
        Ok(Ok(store))
    }
}

/// The engine writes what says who made the claim in an order that chance decides: here it is always the same one.
fn order(store: &mut [u8]) {
    let (mut ours, mut engines) = (Vec::new(), Vec::new());
    put::text(&mut ours, "specVersion");
    put::text(&mut ours, SPEC_VERSION);
    put::text(&mut engines, "org.contentauth.c2pa_rs");
    let [ours_at, engines_at] = [&ours, &engines].map(|text| only(places(store, text, 0)));
    if let (Some(ours_at), Some(engines_at)) = (ours_at, engines_at)
        && engines_at < ours_at
        && let Some(both) = store.get_mut(engines_at..ours_at + ours.len())
    {
        both.rotate_right(ours.len());
    }
}

/// Where `text` stands in `bytes`, and so many bytes further on.
fn places(bytes: &[u8], text: &[u8], further: usize) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, text).map(|at| at + further).collect()
}

fn only(places: Vec<usize>) -> Option<usize> {
    match places[..] {
        [one] => Some(one),
        _ => None,
    }
}

/// Where the CBOR of a superbox stands that holds nothing else.
fn cbor(node: &Node) -> Option<Range<usize>> {
    match &node.nodes[..] {
        [_, cbor] if &cbor.kind == b"cbor" => Some(cbor.range.end - cbor.content.len()..cbor.range.end),
        _ => None,
    }
}

/// The salt at the end of a superbox's description: the box `c2sh` of C2PA 2.4 §8.4.2.3.
fn salt(node: &Node) -> Option<Range<usize>> {
    let description = node.nodes.first()?;
    let at = description.content.len().checked_sub(SALT)?;
    let header = [&(SALT as u32 + 8).to_be_bytes()[..], b"c2sh"].concat();
    let is_salt = description.content[..at].ends_with(&header);
    is_salt.then_some(description.range.end - SALT..description.range.end)
}
