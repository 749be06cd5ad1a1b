//! What is disclosed, as the claim and the assertions of a manifest.

use std::ops::Range;

use serde_json::{Value, json};
use time::{UtcOffset, format_description::well_known::Rfc3339};

use super::{NOTICE_REGION, template::Values};
use crate::{
    Error, Result,
    geometry::Rect,
    policy::{Extent, Oversight},
    record::Record,
};

/// The version of C2PA that is written; the conformance programme (v0.2) asks for it in the claim.
pub(super) const SPEC_VERSION: &str = "2.4.0";

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

/// The name under which actions mean the parent ingredient.
pub(super) const PARENT: &str = "parent";

/// What is new in every claim.
pub(super) fn values(record: &Record) -> Result<Values> {
    let when = record.time.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(record.time);
    let when = when.format(&Rfc3339).map_err(|_| Error::Argument {
        argument: "clock",
        why: format!("{} cannot be written in RFC 3339", record.time),
    })?;
    // The engine takes version 4 only; random bits of other versions are kept.
    let label = uuid::Builder::from_random_bytes(*record.id.as_bytes()).into_uuid();
    Ok(Values { label: label.to_string(), instance: record.id.to_string(), when })
}

/// The claim and its assertions as the engine's definition.
pub(super) fn definition(claim: &Claim, values: &Values, has_parent: bool) -> Value {
    let record = claim.record;
    let Values { label, instance, when } = values;
    let mut assertions = vec![
        json!({
            "label": "c2pa.actions.v2",
            "data": { "actions": actions(claim, has_parent, when), "allActionsIncluded": true },
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
    let mut definition = json!({
        "claim_version": 2,
        "claim_generator_info": [{
            "name": "tanba",
            "version": env!("CARGO_PKG_VERSION"),
            "specVersion": SPEC_VERSION,
        }],
        "label": format!("urn:c2pa:{label}"),
        "instance_id": format!("xmp:iid:{instance}"),
        "format": claim.media_type,
        "assertions": assertions,
    });
    if let Some(title) = claim.title {
        definition["title"] = title.into();
    }
    definition
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
