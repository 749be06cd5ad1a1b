//! A manifest store on its way: all but the hash of the content and the signature, then signed.

use std::{io::SeekFrom, ops::Range, sync::Arc};

use c2pa::assertions::{DataHash, labels};
use serde_json::json;

use super::{
    Claim, Past, Signer, bmff,
    bond::{Binding, HASHES, whole_hash},
    claim::{self, PARENT},
    hash, jumbf,
    read::BARE,
    shapes::{Kept, Shape},
    template::{Template, Values},
};
use crate::{Error, Format, Limits, Result, limits::Budget, stream::Sink};

/// The content that was opened: its manifests, if any, are carried along as the parent ingredient.
pub(crate) struct Parent<'a> {
    pub(crate) past: Option<&'a Past>,
    /// What the content's own metadata call it (`xmpMM:InstanceID`).
    pub(crate) instance: Option<String>,
}

/// A manifest that lacks only the hash of the content and the signature. Its length is final.
pub(crate) struct Draft {
    format: Format,
    binding: Binding,
    maker: Maker,
    len: usize,
    beside: bool,
}

/// Who makes the store.
enum Maker {
    Engine(Box<c2pa::Builder>),
    /// Nobody: it is one that the engine made, with other values.
    Template(Arc<Template>, Values, Signer),
}

impl Draft {
    /// # Errors
    ///
    /// [`Error::Identity`] when the signer's certificate is not valid at the time of the record, [`Error::Backend`] when
    /// the parent's manifests cannot be taken over.
    pub(crate) fn new(format: Format, claim: &Claim, parent: Option<Parent>, signer: &Signer) -> Result<Self> {
        within_validity(signer, claim.record.time)?;
        let failed = |error: c2pa::Error| backend(format, error);
        let (binding, beside, values) = (Binding::of(format, claim), claim.beside, claim::values(claim.record)?);
        let shape = (parent.is_none() && !matches!(binding, Binding::Collection)).then(|| Shape::of(format, claim));
        let kept = shape.as_ref().and_then(|shape| signer.shapes().get(shape));
        if let Some(Kept::Template(template)) = kept {
            return Ok(Self::filling(format, binding, template, values, signer, beside));
        }
        let definition = claim::definition(claim, &values, parent.is_some());
        let mut builder =
            c2pa::Builder::from_shared_context(signer.context()).with_definition(definition).map_err(failed)?;
        if let Some(Parent { past, instance }) = parent {
            // The engine could read the file itself, and would hold all of it in memory.
            let mut described = json!({ "relationship": "parentOf", "label": PARENT, "format": claim.media_type });
            if let Some(instance) = instance {
                described["instance_id"] = instance.into();
            }
            let ingredient = match past {
                Some(past) => past.ingredient(described),
                None => c2pa::Ingredient::from_json(&described.to_string()),
            };
            builder.add_ingredient(ingredient.map_err(failed)?);
        }
        let len = match (kept, &binding) {
            (Some(Kept::Length(len)), _) => {
                binding.add(&mut builder).map_err(failed)?;
                len
            }
            (_, Binding::Collection) => collection_len(&mut builder, &claim.parts).map_err(failed)?,
            _ => {
                binding.add(&mut builder).map_err(failed)?;
                let kept = measure(&mut builder, &binding, claim, &values, signer, shape.is_some()).map_err(failed)?;
                shape.into_iter().for_each(|shape| signer.shapes().keep(shape, kept.clone()));
                match kept {
                    Kept::Length(len) => len,
                    Kept::Template(template) => {
                        return Ok(Self::filling(format, binding, template, values, signer, beside));
                    }
                }
            }
        };
        Ok(Self { format, binding, maker: Maker::Engine(Box::new(builder)), len, beside })
    }

    fn filling(
        format: Format,
        binding: Binding,
        template: Arc<Template>,
        values: Values,
        signer: &Signer,
        beside: bool,
    ) -> Self {
        let len = template.len();
        Self { format, binding, maker: Maker::Template(template, values, signer.clone()), len, beside }
    }

    /// Length of the signed store in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Whether the store stands beside the content.
    pub(crate) fn is_beside(&self) -> bool {
        self.beside
    }

    /// Signs: `sha256` is over the whole of `written` but `slot`, which is still zeros.
    /// `HardBinding::Data` needs the hash only; `HardBinding::Bmff` and `HardBinding::Collection` read `written` again.
    /// What stands beside the content has no slot.
    pub(crate) fn sign(self, sha256: [u8; 32], slot: &Range<u64>, written: &mut dyn Sink) -> Result<Vec<u8>> {
        let Self { format, binding, len, .. } = self;
        let hash = match binding {
            Binding::Bmff => boxes_hash(format, slot, written)?,
            _ => sha256.to_vec(),
        };
        let store = match self.maker {
            Maker::Template(template, values, signer) => {
                fill(format, &template, &values, &signer, &binding, &hash, slot)?
            }
            Maker::Engine(mut builder) => {
                let failed = |error: c2pa::Error| backend(format, error);
                builder.definition.assertions.retain(|assertion| !assertion.label.starts_with(HASHES));
                if matches!(binding, Binding::Collection) {
                    let archive = format.handler().archive(written, &mut Budget::new(&Limits::default()))?;
                    let archive = archive.ok_or_else(|| {
                        Error::backend(format, "sign", "the parts of the result cannot be told apart".to_owned())
                    })?;
                    let hash = hash::Bound::of(&archive, &mut hash::Feed::new(written)?)?;
                    builder.add_assertion(hash::COLLECTION, &hash).map_err(failed)?;
                } else {
                    binding.add_hash(&mut builder, hash, slot).map_err(failed)?;
                }
                builder.sign_embeddable(BARE).map_err(failed)?
            }
        };
        // The engine pads a store that came out shorter with zeros after its end: that would be rubbish in the file.
        let declared = store.get(..4).map(|len| u32::from_be_bytes([len[0], len[1], len[2], len[3]]));
        if store.len() != len || declared.map(u64::from) != Some(len as u64) {
            let why = format!("the signed store is {declared:?} bytes long, {len} were reserved");
            return Err(Error::backend(format, "sign", why));
        }
        Ok(store)
    }
}

/// How long the store will be; with a key of our own, a whole one, from which the others of its shape are made.
fn measure(
    builder: &mut c2pa::Builder,
    binding: &Binding,
    claim: &Claim,
    values: &Values,
    signer: &Signer,
    is_plain: bool,
) -> c2pa::Result<Kept> {
    if is_plain && signer.seals_itself() {
        // Without a parent: what was made, and what each notice changed.
        let actions = 1 + claim.notices.len();
        let store = builder.sign_embeddable(BARE)?;
        if let Some(template) = Template::of(store, values.clone(), binding.label(), actions) {
            return Ok(Kept::Template(Arc::new(template)));
        }
    }
    Ok(Kept::Length(builder.placeholder(BARE)?.len()))
}

/// A store made from the one that is kept.
fn fill(
    format: Format,
    template: &Template,
    values: &Values,
    signer: &Signer,
    binding: &Binding,
    hash: &[u8],
    slot: &Range<u64>,
) -> Result<Vec<u8>> {
    let content = binding.content(template.binding(), hash, slot);
    let salt = |number| signer.salt(&values.instance, number);
    let filled = template.fill(values, &content, salt, |claim| signer.seal(claim));
    let store = filled.map_err(|error| Error::backend(format, "sign", error))?;
    store.map_err(|why| Error::backend(format, "sign", why.to_owned()))
}

/// The hash over the boxes of `written` but the manifest's own.
fn boxes_hash(format: Format, slot: &Range<u64>, written: &mut dyn Sink) -> Result<Vec<u8>> {
    // The hash walks the boxes: the slot must look like the box that will stand there.
    written.seek(SeekFrom::Start(slot.start))?;
    written.write_all(&bmff::slot_header(slot.end - slot.start))?;
    written.rewind()?;
    let ours = hash::Bmff::of_label(bmff::LEFT_OUT, &bmff::UUID, 3);
    let hash = ours.hash(&mut hash::Feed::new(written)?)?;
    hash.map_err(|why| Error::backend(format, "sign", why.to_owned()))
}

/// Length of a store that is bound by a hash over a collection. The engine makes room for the bindings only that it makes itself:
/// one of those stands in, and the rest is counted.
fn collection_len(builder: &mut c2pa::Builder, parts: &[String]) -> c2pa::Result<usize> {
    builder.add_assertion(DataHash::LABEL, &whole_hash(vec![0; 32]))?;
    let store = builder.placeholder(BARE)?;
    builder.definition.assertions.retain(|assertion| !assertion.label.starts_with(labels::DATA_HASH));
    let manifests = jumbf::manifests(&store);
    let assertions = manifests.last().map(|(_, manifest)| &manifest.assertions[..]).unwrap_or_default();
    let content =
        assertions.iter().find(|(label, _)| *label == labels::DATA_HASH).and_then(|(_, content)| jumbf::cbor(content));
    let stand_in = content.ok_or_else(|| c2pa::Error::BadParam("the engine made no room for a binding".into()))?.len();
    // The label stands in the assertion's box and in the claim.
    let labels = 2 * (hash::COLLECTION.len() - labels::DATA_HASH.len());
    Ok(store.len() - stand_in + hash::Bound::blank(parts).cbor_len() + labels)
}

/// A signature outside the certificate's validity is worth nothing: better no label than one that reads as broken.
fn within_validity(signer: &Signer, at: time::OffsetDateTime) -> Result<()> {
    let leaf = signer.chain().leaf()?;
    if leaf.valid_at(at) {
        return Ok(());
    }
    let (from, until) = leaf.validity();
    let why = format!(
        "the certificate is valid from {} to {} and cannot sign on {}: renew it, or look at the clock",
        from.date(),
        until.date(),
        at.date()
    );
    Err(Error::Identity { why, source: None })
}

fn backend(format: Format, error: c2pa::Error) -> Error {
    Error::backend(format, "sign", error)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{
        Algorithm, Disclosure, Identity, IdentityRequest, Labeler, Policy, format::testing::survey, manifest::key::Key,
    };

    const ID: uuid::Uuid = uuid::Uuid::from_u128(0x1234_5678_9abc_4def_8123_4567_89ab_cdef);

    fn picture(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    fn store(signer: &Signer, disclosure: &Disclosure, name: &str) -> Vec<u8> {
        let labeler = Labeler::new(disclosure, signer).policy(Policy::kazakhstan().with_notice(false));
        let labeler = labeler.clock(|| time::macros::datetime!(2026-03-04 0:00 UTC)).ids(|| ID);
        let mut sink = Cursor::new(Vec::new());
        let receipt = labeler.label(&mut Cursor::new(picture(name)), &mut sink).unwrap();
        survey(receipt.format.handler(), sink.get_ref()).unwrap().stores.remove(0).jumbf
    }

    /// Two signers with the same key: for the second one the engine makes every store.
    fn signers() -> (Signer, Signer) {
        let request = IdentityRequest::new("Acme", "Acme", time::macros::datetime!(2026-01-01 0:00 UTC)).seed([9; 32]);
        let identity = Identity::generate(&request).unwrap();
        let (chain, pem) = (identity.chain_pem.as_bytes(), identity.key_pem.as_bytes());
        let key = Key::from_pem(pem).unwrap();
        let elsewhere = Signer::from_callback(Algorithm::Ed25519, chain, move |message| key.sign(message));
        (Signer::from_pem(chain, pem).unwrap(), elsewhere.unwrap())
    }

    /// Without what hangs on random salts: those, the hashes in the claim, the signature.
    fn bare(store: &[u8]) -> Vec<Vec<u8>> {
        let manifests = jumbf::manifests(store);
        let (_, manifest) = manifests.last().unwrap();
        let assertions = manifest.assertions.iter().map(|(_, content)| jumbf::cbor(content).unwrap().to_vec());
        let mut claim = manifest.claim.unwrap().to_vec();
        while let Some(at) = memchr::memmem::find(&claim, b"dhashX ") {
            claim.drain(at..at + 39);
        }
        // The engine writes these in any order.
        let mut generator = ["kspecVersione2.4.0", "worg.contentauth.c2pa_rsg0.90.22"].map(|text| {
            let at = memchr::memmem::find(&claim, text.as_bytes()).unwrap();
            claim.drain(at..at + text.len()).collect::<Vec<_>>()
        });
        claim.extend(generator.iter_mut().flat_map(std::mem::take));
        assertions.chain([claim]).collect()
    }

    #[test]
    fn a_store_that_is_filled_is_what_the_engine_makes() {
        let (ours, engine) = signers();
        let disclosure = Disclosure::generated("Acme Diffusion").title("A picture").prohibit_training();
        for name in ["photo.jpg", "photo.png", "tiny.gif", "tiny.avif", "tiny.jxl", "drawing.svg"] {
            // The second comes from what was kept of the first.
            let [first, second] = [(); 2].map(|()| store(&ours, &disclosure, name));
            assert!(first == second, "{name}");
            let theirs = store(&engine, &disclosure, name);
            assert_eq!(first.len(), theirs.len(), "{name}");
            let (ours, theirs) = (bare(&first), bare(&theirs));
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert_eq!(String::from_utf8_lossy(ours), String::from_utf8_lossy(theirs), "{name}");
            }
        }
    }

    /// What a name holds by chance, or because somebody wants it, is not taken for the value.
    #[test]
    fn names_may_be_anything() {
        let (ours, _) = signers();
        for name in ["2026-03-04T00:00:00Z".to_owned(), format!("xmp:iid:{ID}"), format!("urn:c2pa:{ID}")] {
            let disclosure = Disclosure::generated(&name);
            let [first, second] = [(); 2].map(|()| store(&ours, &disclosure, "tiny.jpg"));
            assert!(first != second, "{name}: the engine makes them, with salts of its own");
            assert!(memchr::memmem::find(&first, name.as_bytes()).is_some());
        }
    }
}
