//! A manifest store that was in a file before it is labelled again: it is carried along, with what was found out about it.

use serde_json::{Value, json};

use super::codes::{Codes, is_compared, is_hash};

/// The store, and what it was found to be.
pub(crate) struct Past {
    store: Vec<u8>,
    active: String,
    /// The engine's results over the store, with our own about the content.
    results: Value,
}

impl Past {
    pub(super) fn of(reader: &c2pa::Reader, active: &str, codes: &Codes, store: &[u8]) -> Self {
        let mut results = serde_json::to_value(reader.validation_results()).unwrap_or_default();
        for (list, statuses) in [("success", &codes.successes), ("failure", &codes.failures)] {
            let Some(list) = results.get_mut("activeManifest").and_then(|active| active.get_mut(list)) else {
                continue;
            };
            let Some(list) = list.as_array_mut() else { continue };
            list.retain(|status| !status.get("code").and_then(Value::as_str).is_some_and(is_compared));
            let ours = statuses.iter().filter(|status| is_hash(status) && is_compared(&status.code));
            list.extend(ours.map(|status| json!({ "code": status.code, "url": status.url })));
        }
        Self { store: store.to_vec(), active: active.to_owned(), results }
    }

    /// As an ingredient; `described` says the rest of it.
    pub(super) fn ingredient(&self, mut described: Value) -> c2pa::Result<c2pa::Ingredient> {
        described["active_manifest"] = self.active.clone().into();
        described["validation_results"] = self.results.clone();
        let mut ingredient = c2pa::Ingredient::from_json(&described.to_string())?;
        ingredient.set_manifest_data(self.store.clone())?;
        Ok(ingredient)
    }
}
