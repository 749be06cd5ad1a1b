//! Does the manifest belong to exactly this content? The engine compares hashes; what was left out of a hash is checked here,
//! against the very bytes of the file that carry the store.

use std::ops::Range;

use serde_json::Value;

use super::{
    bmff, jumbf,
    read::{Codes, Status, View, is_binding, label_of},
};
use crate::{Format, format::Store, report::Binding};

/// Where a store stands, for people.
pub(super) fn place(format: Format, carrier: &[Range<u64>]) -> String {
    match carrier.first() {
        Some(first) => format!("C2PA manifest store in the {format} at byte {}", first.start),
        None => format!("C2PA manifest store in the {format}"),
    }
}

/// The binding, and why it is not intact.
pub(super) fn judge(view: &View, codes: &Codes, store: &Store, trailer: bool) -> (Binding, Option<String>) {
    let broken = |why: &str| (Binding::Broken, Some(why.to_owned()));
    if codes.failed("claim.hardBindings.missing") {
        return broken("nothing in the manifest binds it to the content");
    }
    if codes.failed("assertion.multipleHardBindings") {
        return broken("the manifest has several bindings to the content");
    }
    let is_hash = |status: &&Status| is_binding(&status.code) && !status.code.contains("hashedURI");
    if codes.failures.iter().any(|status| is_hash(&status)) {
        return broken("the content is not what was signed");
    }
    let mut matched =
        codes.successes.iter().filter(is_hash).filter(|status| status.code.ends_with(".match")).peekable();
    if matched.peek().is_none() {
        return (Binding::NotChecked, Some("the binding to the content could not be checked".into()));
    }
    let (manifest, updated) = match bound(view) {
        Ok(bound) => bound,
        Err(why) => return broken(why),
    };
    // What the engine compared must be what is looked at here.
    if !matched.all(|status| status.url.as_deref().and_then(label_of) == Some(manifest)) {
        return broken("the hash that fits is another manifest's");
    }
    match left_out(view, manifest, updated, store, trailer) {
        None => (Binding::Intact, None),
        Some(why) => (Binding::Partial, Some(why)),
    }
}

/// The manifest that binds: the active one, or for update manifests (2.4 §11.2.3) the parent; and whether there was an update.
/// The type of a manifest's box is signed by nobody, so that it must fit what the manifest holds.
fn bound(view: &View) -> Result<(&str, bool), &'static str> {
    let mut label = view.active.as_str();
    // The chain of parents is finite, but the file decides how long: a bound is needed against cycles.
    for step in 0..64 {
        let binds = view.assertions(label, "c2pa.hash.").next().is_some();
        match view.seal.is_update(label) {
            Some(false) if binds && (step == 0 || view.seal.holds(label)) => return Ok((label, step > 0)),
            Some(false) if binds => return Err("the manifest that binds is not what was signed"),
            Some(true) if binds => return Err("an update manifest must not have a binding of its own"),
            Some(true) => {}
            _ => break,
        }
        match view.ingredients(label, "parentOf").as_slice() {
            [parent] => label = parent,
            _ => break,
        }
    }
    Err("nothing in the manifest binds it to the content")
}

/// What the hash leaves out although it is not the store; `None` when that is nothing.
fn left_out(view: &View, manifest: &str, updated: bool, store: &Store, trailer: bool) -> Option<String> {
    for (label, hash) in view.assertions(manifest, "c2pa.hash.") {
        let why = if label.starts_with("c2pa.hash.data") {
            data(hash, updated, store)
        } else if label.starts_with("c2pa.hash.bmff") {
            boxes_of_bmff(label, hash)
        } else if label.starts_with("c2pa.hash.boxes") {
            // 2.4 §18.7: what stands behind the last box is in none.
            named_boxes(hash)
                .or_else(|| trailer.then(|| "the hash leaves out what follows the end of the picture".into()))
        } else {
            Some(format!("the binding {label} is not known here"))
        };
        if why.is_some() {
            return why;
        }
    }
    rubbish(store)
}

/// `c2pa.hash.data` (2.4 §18.5): every byte that is left out must carry the store.
fn data(hash: &Value, updated: bool, store: &Store) -> Option<String> {
    let exclusions = match hash.get("exclusions") {
        None | Some(Value::Null) => return None,
        Some(Value::Array(exclusions)) => exclusions,
        Some(_) => return Some("the exclusions of the hash cannot be read".into()),
    };
    let mut carrier: Vec<_> = store.carrier.clone();
    carrier.sort_by_key(|range| range.start);
    for exclusion in exclusions {
        let number = |name| exclusion.get(name).and_then(Value::as_u64);
        let range = number("start").and_then(|start| Some(start..start.checked_add(number("length")?)?));
        let Some(range) = range else { return Some("the exclusions of the hash cannot be read".into()) };
        // An update manifest lengthens the store after the hash was made: the engine takes the range that starts there.
        if updated && carrier.first().is_some_and(|first| first.start == range.start) {
            continue;
        }
        if let Some(at) = first_outside(&range, &carrier) {
            return Some(format!(
                "the hash leaves out bytes {} to {}, but byte {at} does not carry the manifest",
                range.start, range.end
            ));
        }
    }
    None
}

/// The first byte of `range` that lies in none of `carrier`, which is sorted.
fn first_outside(range: &Range<u64>, carrier: &[Range<u64>]) -> Option<u64> {
    let mut at = range.start;
    for part in carrier {
        if part.start > at {
            break;
        }
        at = at.max(part.end);
    }
    (at < range.end).then_some(at)
}

/// `c2pa.hash.bmff` (2.4 §18.6.2): the mandatory exclusions and, with Merkle trees, `mdat`.
fn boxes_of_bmff(label: &str, hash: &Value) -> Option<String> {
    // The first version does not bind where boxes stand: what `ftyp` holds can be pushed under the offsets of items.
    if !label.starts_with("c2pa.hash.bmff.v") {
        return Some(format!("the hash {label} does not cover where the boxes of the file stand"));
    }
    let exclusions = hash.get("exclusions").and_then(Value::as_array)?;
    let merkle = hash.get("merkle").and_then(Value::as_array).is_some_and(|trees| !trees.is_empty());
    for exclusion in exclusions {
        let xpath = exclusion.get("xpath").and_then(Value::as_str).unwrap_or_default();
        let good = match xpath {
            // What free space holds is never shown; c2pa-rs leaves it out by default.
            "/ftyp" | "/mfra" | "/free" | "/skip" => true,
            "/uuid" => names_the_manifest(exclusion),
            "/mdat" => merkle,
            _ => false,
        };
        if !good {
            return Some(format!("the hash leaves out boxes {xpath:?} that are not the manifest's"));
        }
    }
    None
}

/// Whether an exclusion of `/uuid` is for the manifest's extended type only.
fn names_the_manifest(exclusion: &Value) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let matches = exclusion.get("data").and_then(Value::as_array).into_iter().flatten();
    matches.into_iter().any(|data| {
        let value = match data.get("value") {
            Some(Value::String(text)) => STANDARD.decode(text).ok(),
            Some(Value::Array(bytes)) => {
                bytes.iter().map(|byte| byte.as_u64().and_then(|byte| u8::try_from(byte).ok())).collect()
            }
            _ => None,
        };
        data.get("offset").and_then(Value::as_u64) == Some(8) && value.as_deref() == Some(&bmff::UUID)
    })
}

/// `c2pa.hash.boxes` (2.4 §18.7): only the manifest's own box may be excluded.
fn named_boxes(hash: &Value) -> Option<String> {
    let boxes = hash.get("boxes").and_then(Value::as_array)?;
    boxes.iter().find_map(|part| {
        let names: Vec<_> = part.get("names").and_then(Value::as_array)?.iter().filter_map(Value::as_str).collect();
        let excluded = part.get("excluded").and_then(Value::as_bool).unwrap_or(false);
        (excluded && names != ["C2PA"])
            .then(|| format!("the hash leaves out boxes {names:?} that are not the manifest's"))
    })
}

/// Bytes after the store inside its carrier, which neither hash nor signature covers. Padding is zeros.
fn rubbish(store: &Store) -> Option<String> {
    let rest = store.jumbf.get(jumbf::declared_len(&store.jumbf)?..)?;
    rest.iter().any(|&byte| byte != 0).then(|| format!("{} bytes follow the manifest inside its carrier", rest.len()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What is said of a hash that leaves this out beside what c2pa-rs leaves out by default.
    fn beside(exclusion: Value) -> Option<String> {
        let uuid = json!({ "xpath": "/uuid", "data": [{ "offset": 8, "value": "2P7D1hsOSDySl1goh37EgQ==" }] });
        let plain = ["/ftyp", "/mfra", "/free", "/skip"].map(|xpath| json!({ "xpath": xpath }));
        let all: Vec<_> = plain.into_iter().chain([uuid, exclusion]).collect();
        boxes_of_bmff("c2pa.hash.bmff.v3", &json!({ "exclusions": all }))
    }

    #[test]
    fn only_boxes_without_content_may_be_left_out() {
        assert_eq!(beside(json!({ "xpath": "/ftyp" })), None);
        for xpath in ["/mdat", "/meta", "/meta/iloc", "/moov", "/uuid", "", "/ftyp/mdat"] {
            assert!(beside(json!({ "xpath": xpath })).is_some(), "{xpath}");
        }
        // XMP: another extended type.
        let xmp = json!({ "xpath": "/uuid", "data": [{ "offset": 8, "value": "vnrP00zrQGBhvOtkE6HvfA==" }] });
        assert!(beside(xmp).is_some());
        assert!(beside(json!({ "xpath": "/uuid", "data": [] })).is_some());
        assert!(beside(json!({ "path": "/mdat" })).is_some());
    }

    #[test]
    fn media_data_may_be_left_out_for_a_merkle_tree_only() {
        let mut hash = json!({ "exclusions": [{ "xpath": "/mdat" }], "merkle": [] });
        assert!(boxes_of_bmff("c2pa.hash.bmff.v3", &hash).is_some());
        hash["merkle"] = json!([{ "uniqueId": 0 }]);
        assert_eq!(boxes_of_bmff("c2pa.hash.bmff.v3", &hash), None);
        assert!(boxes_of_bmff("c2pa.hash.bmff", &hash).is_some());
    }
}
