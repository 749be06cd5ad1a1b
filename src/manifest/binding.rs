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
    let manifest = match bound(view) {
        Ok(manifest) => manifest,
        Err(why) => return broken(why),
    };
    // What the engine compared must be what is looked at here.
    if !matched.all(|status| status.url.as_deref().and_then(label_of) == Some(manifest)) {
        return broken("the hash that fits is another manifest's");
    }
    match left_out(view, manifest, store, trailer) {
        None => (Binding::Intact, None),
        Some(why) => (Binding::Partial, Some(why)),
    }
}

/// The manifest that binds: the active one, or for update manifests (2.4 §11.2.3) the parent.
/// The type of a manifest's box is signed by nobody, so that it must fit what the manifest holds.
fn bound(view: &View) -> Result<&str, &'static str> {
    let mut label = view.active.as_str();
    // The chain of parents is finite, but the file decides how long: a bound is needed against cycles.
    for step in 0..64 {
        let binds = view.assertions(label, "c2pa.hash.").next().is_some();
        match view.seal.is_update(label) {
            Some(false) if binds && (step == 0 || view.seal.holds(label)) => return Ok(label),
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

/// What the hashes leave out although it is not the store; `None` when that is nothing.
fn left_out(view: &View, manifest: &str, store: &Store, trailer: bool) -> Option<String> {
    let mut hashes = view.assertions(manifest, "c2pa.hash.");
    hashes.find_map(|(label, hash)| left_out_by(label, hash, store, trailer)).or_else(|| rubbish(store))
}

/// What one hash leaves out. `trailer`: something follows the end of the picture.
fn left_out_by(label: &str, hash: &Value, store: &Store, trailer: bool) -> Option<String> {
    let is = |kind: &str| label.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"));
    if is("c2pa.hash.data") {
        data(hash, store)
    } else if is("c2pa.hash.bmff.v2") || is("c2pa.hash.bmff.v3") {
        boxes_of_bmff(hash)
    } else if is("c2pa.hash.bmff") {
        // The first version: what `ftyp` holds can be pushed under the offsets of items.
        Some("the hash says nothing about where the boxes stand".into())
    } else if is("c2pa.hash.boxes") {
        // 2.4 §18.7: what stands behind the last box is in none of them.
        named_boxes(hash).or_else(|| trailer.then(|| "the hash leaves out what follows the end of the picture".into()))
    } else {
        Some(format!("the binding {label} is not known here"))
    }
}

/// `c2pa.hash.data` (2.4 §18.5): every byte that is left out must carry the store. An update manifest lengthens the store
/// after the hash was made, so that less than all of the carrier may be named.
fn data(hash: &Value, store: &Store) -> Option<String> {
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
fn boxes_of_bmff(hash: &Value) -> Option<String> {
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
        boxes_of_bmff(&json!({ "exclusions": all }))
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
        assert!(boxes_of_bmff(&hash).is_some());
        hash["merkle"] = json!([{ "uniqueId": 0 }]);
        assert_eq!(boxes_of_bmff(&hash), None);
    }

    #[test]
    fn what_a_hash_leaves_out_is_named() {
        let carrier = std::iter::once(100..200).collect();
        let store = Store { carrier, jumbf: Vec::new() };
        let exclude = |start: u64, length: u64| json!({ "exclusions": [{ "start": start, "length": length }] });
        let whole = |label: &str, hash: &Value, trailer| left_out_by(label, hash, &store, trailer).is_none();
        assert!(whole("c2pa.hash.data", &exclude(100, 100), true));
        // The store as it was before an update, and the same start at a length that reaches into the picture.
        assert!(whole("c2pa.hash.data", &exclude(100, 60), false));
        assert!(!whole("c2pa.hash.data", &exclude(100, 101), false));
        assert!(!whole("c2pa.hash.data", &exclude(100, u64::MAX), false));
        let bmff = json!({ "exclusions": [{ "xpath": "/ftyp" }] });
        assert!(whole("c2pa.hash.bmff.v3", &bmff, false) && whole("c2pa.hash.bmff.v2__1", &bmff, false));
        assert!(!whole("c2pa.hash.bmff", &bmff, false));
        let boxes = json!({ "boxes": [{ "names": ["C2PA"], "excluded": true }, { "names": ["IHDR"] }] });
        assert!(whole("c2pa.hash.boxes", &boxes, false));
        assert!(!whole("c2pa.hash.boxes", &boxes, true));
    }
}
