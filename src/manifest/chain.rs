//! The history that a store tells: which manifest names which.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    read::{View, label_of},
    said, seal,
};
use crate::report::{ActionReport, ChainLink, Relation};

/// Links of the history that are told.
const MAX_LINKS: usize = 256;
/// Actions of one manifest that are told.
const MAX_ACTIONS: usize = 64;
/// Characters of a title.
const MAX_TITLE: usize = 200;

/// The active manifest, and what it was made from; a manifest that several name stands there once.
pub(super) fn of(view: &View) -> Vec<ChainLink> {
    let mut links = vec![link(view, Some(&view.active), Relation::Active, None, title(view.claim(&view.active)))];
    let mut seen = BTreeSet::from([view.active.as_str()]);
    // Manifests whose ingredients are still to be listed, with their place.
    let mut open = vec![(0, view.active.as_str())];
    while let Some((of, label)) = open.pop() {
        for (_, ingredient) in view.assertions(label, "c2pa.ingredient") {
            if links.len() >= MAX_LINKS {
                return links;
            }
            let named = seal::link(ingredient).and_then(|link| label_of(link.get("url")?.as_str()?));
            let child = named.filter(|child| view.manifest(child).is_some());
            links.push(link(view, child, relation(ingredient), Some(of), title(Some(ingredient))));
            if let Some(child) = child.filter(|child| seen.insert(child)) {
                open.push((links.len() - 1, child));
            }
        }
    }
    links
}

fn link(view: &View, label: Option<&str>, relation: Relation, of: Option<usize>, title: Option<String>) -> ChainLink {
    let actions = label.into_iter().flat_map(|label| said::actions(view, label).take(MAX_ACTIONS).map(action));
    ChainLink {
        label: label.map(str::to_owned),
        relation,
        of,
        title: title.or_else(|| self::title(view.claim(label?))),
        claim_generator: label.and_then(|label| said::claim_generator(view, label)),
        signer: label.and_then(|label| view.signer(label)),
        unchanged: label.is_some_and(|label| view.seal.holds(label)),
        actions: actions.collect(),
    }
}

fn action(action: &Value) -> ActionReport {
    let text = |name: &str| action.get(name).and_then(Value::as_str).map(str::to_owned);
    ActionReport {
        action: text("action").unwrap_or_default(),
        source_type: text("digitalSourceType"),
        agent: said::agent(action),
        when: text("when"),
    }
}

fn relation(ingredient: &Value) -> Relation {
    match ingredient.get("relationship").and_then(Value::as_str) {
        Some("parentOf") => Relation::Parent,
        Some("componentOf") => Relation::Component,
        Some("inputTo") => Relation::Input,
        _ => Relation::Other,
    }
}

fn title(of: Option<&Value>) -> Option<String> {
    let title = of?.get("dc:title").or_else(|| of?.get("title"))?.as_str()?;
    Some(title.chars().take(MAX_TITLE).collect()).filter(|title: &String| !title.is_empty())
}
