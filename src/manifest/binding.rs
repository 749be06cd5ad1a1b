//! Does the manifest belong to exactly this content? The hashes are computed here, and what was left out of them is checked
//! against the very bytes of the file that carry the store.

use std::ops::Range;

use super::{
    codes::{Codes, Status, is_hash},
    hash::{Compared, Feed, Hash, Setting},
    jumbf,
    read::{Asset, View, label_of, statuses_over},
};
use crate::{
    Format, Result,
    format::Store,
    limits::Budget,
    report::{Binding, Said, say},
    stream::length,
};

/// Bytes of a file that the engine is given where the hash is not computed here: it may take twice as much memory.
const MAX_FOREIGN: u64 = 64 << 20;

/// Where a store stands, for people.
pub(super) fn place(format: Format, carrier: &[Range<u64>]) -> String {
    match carrier.first() {
        Some(first) => format!("C2PA manifest store in the {format} at byte {}", first.start),
        None => format!("C2PA manifest store in the {format}"),
    }
}

/// The binding, and why it is not intact.
type Judged = (Binding, Option<Said>);

/// Holds the manifest against the content. The status codes that the engine would have given go into `codes`.
///
/// # Errors
///
/// Only when the file cannot be read.
pub(super) fn check(view: &View, codes: &mut Codes, store: &Store, asset: &mut Asset) -> Result<Judged> {
    let broken = |why: &'static str| Ok((Binding::Broken, Some(why.into())));
    if codes.failed("claim.hardBindings.missing") {
        return broken("nothing in the manifest binds it to the content");
    }
    if codes.failed("assertion.multipleHardBindings") {
        return broken("the manifest has several bindings to the content");
    }
    let manifest = match bound(view) {
        Ok(manifest) => manifest,
        Err(why) => return broken(why),
    };
    if asset.format == Format::Sidecar {
        let why = "this is a manifest store alone: whether it belongs to a file was not checked";
        return Ok((Binding::NotChecked, Some(why.into())));
    }
    let manifests = jumbf::manifests(&store.jumbf);
    let assertions =
        manifests.iter().find(|(label, _)| *label == manifest).map(|(_, manifest)| &manifest.assertions[..]);
    let assertions = assertions.unwrap_or_default().iter().filter(|(label, _)| label.starts_with("c2pa.hash."));
    let mut hashes = Vec::new();
    for (label, content) in assertions {
        let cbor = jumbf::cbor(content).unwrap_or_default();
        match Hash::parse(label, cbor, view.alg(manifest).unwrap_or("sha256")) {
            Ok(hash) => hashes.push((*label, hash)),
            Err(why) => return broken(why),
        }
    }
    // Which of two a reader goes by is chance.
    if hashes.iter().filter(|(_, hash)| !matches!(hash, Hash::Other(_))).count() > 1 {
        return broken("the manifest has several bindings to the content");
    }
    let boxes = match hashes.iter().any(|(_, hash)| matches!(hash, Hash::Boxes(_))) {
        // Another walk over the file, which may take as many steps as the first.
        true => {
            let budget = &mut Budget::new(asset.limits);
            asset.format.handler().named_boxes(asset.source, asset.survey, budget)?
        }
        false => None,
    };
    let archive = match hashes.iter().any(|(_, hash)| matches!(hash, Hash::Collection(_))) {
        true => asset.format.handler().archive(asset.source, &mut Budget::new(asset.limits))?,
        false => None,
    };
    let updated = manifest != view.active;
    let setting = Setting { store, updated, boxes: boxes.as_deref(), archive: archive.as_ref(), nfc: asset.survey.nfc };
    // Parts of a file that is several have hashes beside the binding: §18.8.
    let known = hashes.iter().find(|(_, hash)| !matches!(hash, Hash::Other(_))).or_else(|| hashes.first());
    let Some((label, hash)) = known else { return broken("nothing in the manifest binds it to the content") };
    let status = |outcome: &str| Status {
        code: format!("{}.{outcome}", hash.code()),
        url: Some(format!("self#jumbf=/c2pa/{manifest}/c2pa.assertions/{label}")),
    };
    let partly = match hash.compare(&mut Feed::new(asset.source)?, &setting)? {
        Compared::Fits => None,
        Compared::Partly(why) => Some(Said::from(why)),
        Compared::Differs(why) => {
            codes.failures.push(status("mismatch"));
            return broken(why);
        }
        Compared::Foreign(why) => match foreign(manifest, codes, store, asset, why)? {
            (Binding::Intact, _) => None,
            other => return Ok(other),
        },
    };
    if !codes.successes.iter().any(is_hash) {
        codes.successes.push(status("match"));
    }
    let left_out = || hashes.iter().find_map(|(_, hash)| hash.left_out(&setting));
    Ok(match left_out().or(partly).or_else(|| rubbish(store)) {
        None => (Binding::Intact, None),
        Some(why) => (Binding::Partial, Some(why)),
    })
}

/// Lets the engine compare, where the file is small enough for it. What is left out is looked at by the caller.
fn foreign(manifest: &str, codes: &mut Codes, store: &Store, asset: &mut Asset, why: &'static str) -> Result<Judged> {
    let unchecked = |why: &'static str| Ok((Binding::NotChecked, Some(why.into())));
    if length(asset.source)? > MAX_FOREIGN {
        return unchecked(why);
    }
    let Some(found) = statuses_over(&store.jumbf, asset)? else {
        return unchecked("the binding to the content could not be checked");
    };
    let failed = found.failures.iter().any(is_hash);
    let matched: Vec<_> =
        found.successes.iter().filter(|status| is_hash(status) && status.code.ends_with(".match")).collect();
    // What the engine compared must be what is looked at here.
    let own = matched.iter().all(|status| status.url.as_deref().and_then(label_of) == Some(manifest));
    let empty = matched.is_empty();
    codes.successes.extend(found.successes.into_iter().filter(is_hash));
    codes.failures.extend(found.failures.into_iter().filter(is_hash));
    Ok(match (failed, empty, own) {
        (true, ..) => (Binding::Broken, Some("the content is not what was signed".into())),
        (_, true, _) => return unchecked("the binding to the content could not be checked"),
        (.., false) => (Binding::Broken, Some("the hash that fits is another manifest's".into())),
        (.., true) => (Binding::Intact, None),
    })
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

/// Bytes after the store inside its carrier, which neither hash nor signature covers. Padding is zeros.
fn rubbish(store: &Store) -> Option<Said> {
    let rest = store.jumbf.get(jumbf::declared_len(&store.jumbf)?..)?;
    let hidden = rest.iter().any(|&byte| byte != 0);
    hidden.then(|| say!("{} bytes follow the manifest inside its carrier", rest.len()))
}
