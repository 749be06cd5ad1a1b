//! Which way the words of a document run, as its catalog tells.

use crate::{
    Result,
    container::pdf::{
        Document,
        syntax::{Dictionary, Object, text},
    },
    limits::Budget,
};

/// Languages that are written from the right, and scripts of others that can be (ISO 639, ISO 15924).
const LANGUAGES: [&str; 16] =
    ["ar", "arc", "ckb", "dv", "fa", "he", "iw", "ji", "nqo", "pnb", "prs", "ps", "sd", "ug", "ur", "yi"];
const SCRIPTS: [&str; 7] = ["adlm", "arab", "aran", "hebr", "nkoo", "syrc", "thaa"];

/// Whether pages are read from the right: by the direction of the viewer's preferences (12.2), else by the language (14.9.2). What the
/// pages themselves hold is not looked at.
pub(super) fn is_from_right(document: &mut Document, root: &Dictionary, budget: &mut Budget) -> Result<bool> {
    if let Some(preferences) = document.dictionary(root, "ViewerPreferences", budget)?
        && preferences.is("Direction", "R2L")
    {
        return Ok(true);
    }
    Ok(match document.resolve(root.get("Lang"), budget)? {
        Some(Object::Text(tag)) => is_written_from_right(&text(&tag)),
        _ => false,
    })
}

/// A language tag: BCP 47.
fn is_written_from_right(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let mut parts = tag.split(['-', '_']);
    let language = parts.next().unwrap_or_default();
    // A script has four letters, and stands before the region; a language may stand for its usual one.
    match parts.take(2).find(|part| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_alphabetic())) {
        Some(script) => SCRIPTS.contains(&script),
        None => LANGUAGES.contains(&language),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_the_direction() {
        for tag in ["ar", "ar-EG", "FA_ir", "he", "ur-PK", "kk-Arab-CN", "az-Arab", "yi"] {
            assert!(is_written_from_right(tag), "{tag}");
        }
        for tag in ["kk", "ru-RU", "en", "", "ar-Latn", "ku", "zh-Hant-TW", "art"] {
            assert!(!is_written_from_right(tag), "{tag}");
        }
    }
}
