//! From what is disclosed to a signed manifest store.

use std::{io::SeekFrom, ops::Range};

use c2pa::assertions::{BmffHash, BoxHash, BoxMap, DataHash, labels};
use serde_json::{Value, json};
use time::{UtcOffset, format_description::well_known::Rfc3339};

use super::{NOTICE_REGION, Past, Signer, bmff, hash, jumbf, lengths::Shape, read::BARE};
use crate::{
    Error, Format, Limits, Result,
    format::HardBinding,
    geometry::Rect,
    limits::Budget,
    policy::{Extent, Oversight},
    record::Record,
    stream::Sink,
};

/// The version of C2PA that is written; the conformance programme (v0.2) asks for it in the claim.
const SPEC_VERSION: &str = "2.4.0";

/// What the manifest says.
pub(crate) struct Claim<'a> {
    pub(crate) record: &'a Record,
    pub(crate) title: Option<&'a str>,
    pub(crate) oversight: Option<Oversight>,
    pub(crate) media_type: &'static str,
    /// The parts of the file that are hashed, by their names: the one of `HardBinding::Boxes`, all of `HardBinding::Collection`.
    pub(crate) parts: Vec<String>,
    /// Where the notices stand, and their lines: a film may have one that is seen and one that is heard.
    pub(crate) notices: Vec<(Region, Vec<String>)>,
    /// The manifest stands beside the content: nothing is left out of its hash (2.4 §11.4).
    pub(crate) beside: bool,
}

/// Where a notice is perceived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Region {
    /// In pixels of the result as shown.
    Seen(Rect),
    /// The same in a film, and each time that it is shown, in milliseconds from the start of the result.
    Shown { rect: Rect, spans: Vec<Range<u64>> },
    /// Each time that it is heard, in milliseconds from the start of the result.
    Heard(Vec<Range<u64>>),
    /// What the notice of a text is called; in a page it is the identifier of the element.
    Read(String),
}

impl Region {
    /// The ranges of a region of interest: 2.4 §18.2.
    fn ranges(&self) -> Value {
        match self {
            Self::Seen(rect) => json!([spatial(rect)]),
            Self::Shown { rect, spans } => std::iter::once(spatial(rect)).chain(spans.iter().map(temporal)).collect(),
            Self::Heard(spans) => spans.iter().map(temporal).collect(),
            Self::Read(fragment) => {
                json!([{ "type": "textual", "text": { "selectors": [{ "selector": { "fragment": fragment } }] } }])
            }
        }
    }
}

fn spatial(rect: &Rect) -> Value {
    json!({
        "type": "spatial",
        "shape": {
            "type": "rectangle",
            "unit": "pixel",
            "origin": { "x": rect.x, "y": rect.y },
            "width": rect.width,
            "height": rect.height,
        },
    })
}

fn temporal(span: &Range<u64>) -> Value {
    // Normal play time in seconds: RFC 2326, 3.6.
    let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
    json!({ "type": "temporal", "time": { "type": "npt", "start": seconds(span.start), "end": seconds(span.end) } })
}

/// The content that was opened: its manifests, if any, are carried along as the parent ingredient.
pub(crate) struct Parent<'a> {
    pub(crate) past: Option<&'a Past>,
    /// What the content's own metadata call it (`xmpMM:InstanceID`).
    pub(crate) instance: Option<String>,
}

/// A manifest that lacks only the hash of the content and the signature. Its length is final.
pub(crate) struct Draft {
    format: Format,
    builder: c2pa::Builder,
    len: usize,
    part: String,
    beside: bool,
}

impl Draft {
    /// # Errors
    ///
    /// [`Error::Identity`] when the signer's certificate is not valid at the time of the record, [`Error::Backend`] when
    /// the parent's manifests cannot be taken over.
    pub(crate) fn new(format: Format, claim: &Claim, parent: Option<Parent>, signer: &Signer) -> Result<Self> {
        within_validity(signer, claim.record.time)?;
        let failed = |error: c2pa::Error| backend(format, error);
        let shape = parent.is_none().then(|| Shape::of(format, claim));
        let definition = definition(claim, parent.is_some())?;
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
        let part = claim.parts.first().cloned().unwrap_or_default();
        match format.handler().facts().binding {
            HardBinding::Boxes => {
                builder.add_assertion(BoxHash::LABEL, &box_hash(&part, vec![0; 32])).map_err(failed)?;
            }
            HardBinding::Data | HardBinding::Beside | HardBinding::Collection if claim.beside => {
                builder.add_assertion(DataHash::LABEL, &whole_hash(vec![0; 32])).map_err(failed)?;
            }
            HardBinding::Collection => {
                let len = collection_len(&mut builder, &claim.parts).map_err(failed)?;
                return Ok(Self { format, builder, len, part, beside: false });
            }
            HardBinding::Data | HardBinding::Beside => {
                // Numbers of the widest kind (the engine knows i64 only): what the final ones need less is padded.
                let hash = data_hash(i64::MAX.unsigned_abs(), i64::MAX.unsigned_abs(), vec![0; 32]);
                builder.add_assertion(DataHash::LABEL, &hash).map_err(failed)?;
            }
            HardBinding::Bmff => {
                builder.add_assertion(BMFF_LABEL, &bmff_hash(vec![0; 32])).map_err(failed)?;
            }
        }
        let len = match shape.as_ref().and_then(|shape| signer.lengths().get(shape)) {
            // The engine need not build it twice to tell.
            Some(len) => len,
            None => {
                let len = builder.placeholder(BARE).map_err(failed)?.len();
                shape.into_iter().for_each(|shape| signer.lengths().keep(shape, len));
                len
            }
        };
        Ok(Self { format, builder, len, part, beside: claim.beside })
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
    pub(crate) fn sign(mut self, sha256: [u8; 32], slot: &Range<u64>, written: &mut dyn Sink) -> Result<Vec<u8>> {
        let failed = |error: c2pa::Error| backend(self.format, error);
        match self.format.handler().facts().binding {
            HardBinding::Collection if !self.beside => {
                let archive = self.format.handler().archive(written, &mut Budget::new(&Limits::default()))?;
                let archive = archive.ok_or_else(|| {
                    Error::backend(self.format, "sign", "the parts of the result cannot be told apart".to_owned())
                })?;
                let hash = hash::Bound::of(&archive, &mut hash::Feed::new(written)?)?;
                self.builder.add_assertion(hash::COLLECTION, &hash).map_err(failed)?;
            }
            HardBinding::Data | HardBinding::Beside | HardBinding::Collection => {
                let hash = match self.beside {
                    true => whole_hash(sha256.to_vec()),
                    false => data_hash(slot.start, slot.end - slot.start, sha256.to_vec()),
                };
                self.builder.definition.assertions.retain(|assertion| !assertion.label.starts_with(labels::DATA_HASH));
                self.builder.add_assertion(DataHash::LABEL, &hash).map_err(failed)?;
            }
            HardBinding::Boxes => {
                self.builder.definition.assertions.retain(|assertion| !assertion.label.starts_with(labels::BOX_HASH));
                self.builder.add_assertion(BoxHash::LABEL, &box_hash(&self.part, sha256.to_vec())).map_err(failed)?;
            }
            HardBinding::Bmff => {
                // The hash walks the boxes: the slot must look like the box that will stand there.
                written.seek(SeekFrom::Start(slot.start))?;
                written.write_all(&bmff::slot_header(slot.end - slot.start))?;
                written.rewind()?;
                let ours = hash::Bmff::of_label(bmff::LEFT_OUT, &bmff::UUID, 3);
                let hash = ours.hash(&mut hash::Feed::new(written)?)?;
                let hash = hash.map_err(|why| Error::backend(self.format, "sign", why.to_owned()))?;
                self.builder.definition.assertions.retain(|assertion| !assertion.label.starts_with(labels::BMFF_HASH));
                self.builder.add_assertion(BMFF_LABEL, &bmff_hash(hash)).map_err(failed)?;
            }
        }
        let store = self.builder.sign_embeddable(BARE).map_err(failed)?;
        // The engine pads a store that came out shorter with zeros after its end: that would be rubbish in the file.
        let declared = store.get(..4).map(|len| u32::from_be_bytes([len[0], len[1], len[2], len[3]]));
        if store.len() != self.len || declared.map(u64::from) != Some(self.len as u64) {
            let why = format!("the signed store is {declared:?} bytes long, {} were reserved", self.len);
            return Err(Error::backend(self.format, "sign", why));
        }
        Ok(store)
    }
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

/// The name under which actions mean the parent ingredient.
const PARENT: &str = "parent";

const BMFF_LABEL: &str = "c2pa.hash.bmff.v3";

/// `c2pa.hash.data` (2.4 §18.5) with one exclusion. Its CBOR has the same length for all offsets and lengths.
fn data_hash(start: u64, length: u64, hash: Vec<u8>) -> DataHash {
    let mut assertion = DataHash::new("jumbf manifest", "sha256");
    assertion.add_exclusion(c2pa::HashRange::new(start, length));
    assertion.set_hash(hash);
    assertion.add_padding(vec![0; 18 - cbor_len(start) - cbor_len(length)]);
    assertion
}

/// `c2pa.hash.boxes` (2.4 §18.7): the manifest's part, which is left out, and the one behind it.
fn box_hash(name: &str, hash: Vec<u8>) -> BoxHash {
    let part = |name: &str, hash: Vec<u8>, excluded| BoxMap {
        names: vec![name.to_owned()],
        alg: Some("sha256".to_owned()),
        hash: hash.into(),
        excluded,
        ..BoxMap::default()
    };
    // The engine wants a hash there as well.
    BoxHash { boxes: vec![part("C2PA", vec![0], Some(true)), part(name, hash, None)] }
}

/// The same over a file from which nothing is left out.
fn whole_hash(hash: Vec<u8>) -> DataHash {
    let mut assertion = DataHash::new("whole file", "sha256");
    assertion.set_hash(hash);
    assertion
}

/// `c2pa.hash.bmff.v3` (2.4 §18.6) with the exclusions that c2pa-rs has by default.
fn bmff_hash(hash: Vec<u8>) -> BmffHash {
    let mut assertion = BmffHash::new("jumbf manifest", "sha256", None);
    assertion.set_default_exclusions();
    assertion.set_hash(hash);
    assertion
}

/// Bytes of an unsigned integer in CBOR (RFC 8949 §3).
fn cbor_len(number: u64) -> usize {
    match number {
        0..=0x17 => 1,
        0x18..=0xFF => 2,
        0x100..=0xFFFF => 3,
        0x1_0000..=0xFFFF_FFFF => 5,
        _ => 9,
    }
}

/// The claim and its assertions as the engine's definition.
fn definition(claim: &Claim, has_parent: bool) -> Result<Value> {
    let record = claim.record;
    let when = record.time.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(record.time);
    let when = when.format(&Rfc3339).map_err(|_| Error::Argument {
        argument: "clock",
        why: format!("{} cannot be written in RFC 3339", record.time),
    })?;
    let mut assertions = vec![
        json!({
            "label": "c2pa.actions.v2",
            "data": { "actions": actions(claim, has_parent, &when), "allActionsIncluded": true },
            "created": true,
        }),
        json!({ "label": "c2pa.ai-disclosure", "data": disclosure(claim), "created": true }),
    ];
    if record.no_training {
        let refused = json!({ "use": "notAllowed" });
        let entries = json!({ "cawg.ai_generative_training": refused, "cawg.ai_training": refused });
        // CAWG training and data mining 1.1 §2.
        assertions.push(json!({ "label": "cawg.training-mining", "data": { "entries": entries }, "created": true }));
    }
    // The engine takes version 4 only; random bits of other versions are kept.
    let label = uuid::Builder::from_random_bytes(*record.id.as_bytes()).into_uuid();
    let mut definition = json!({
        "claim_version": 2,
        "claim_generator_info": [{
            "name": "tanba",
            "version": env!("CARGO_PKG_VERSION"),
            "specVersion": SPEC_VERSION,
        }],
        "label": format!("urn:c2pa:{label}"),
        "instance_id": format!("xmp:iid:{}", record.id),
        "format": claim.media_type,
        "assertions": assertions,
    });
    if let Some(title) = claim.title {
        definition["title"] = title.into();
    }
    Ok(definition)
}

/// `c2pa.actions.v2` (2.4 §18.12): what was made, then what the label added. California's four stand here and in the
/// claim: provider, system and version, time; the identifier is the claim's `instanceID`.
fn actions(claim: &Claim, has_parent: bool, when: &str) -> Vec<Value> {
    let record = claim.record;
    let mut actions = Vec::new();
    let made = if has_parent || record.extent == Extent::Modified { "c2pa.edited" } else { "c2pa.created" };
    if has_parent {
        actions.push(json!({
            "action": "c2pa.opened",
            "when": when,
            "parameters": { "ingredientIds": [PARENT] },
        }));
    }
    actions.push(json!({
        "action": made,
        "when": when,
        "digitalSourceType": record.extent.digital_source_type(),
        "softwareAgent": { "name": record.system, "version": record.system_version },
        "parameters": { super::PROVIDER: record.provider },
    }));
    for (region, lines) in &claim.notices {
        actions.push(json!({
            "action": "c2pa.edited",
            "when": when,
            "description": lines.join("\n"),
            "changes": [{
                "region": region.ranges(),
                "identifier": NOTICE_REGION,
            }],
            // A frame of text drawn by a program; the conformance programme wants a source type on every edit.
            "digitalSourceType": super::NOTICE_SOURCE_TYPE,
        }));
    }
    actions
}

/// `c2pa.ai-disclosure`: 2.4 §18.28.
fn disclosure(claim: &Claim) -> Value {
    let mut disclosure = json!({ "modelType": "c2pa.types.model", "modelName": claim.record.system });
    if let Some(oversight) = claim.oversight {
        disclosure["contentProfile"] = json!({ "humanOversightLevel": oversight });
    }
    disclosure
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
