//! Suno: a comment `made with suno; created=…; id=<uuid>`, and the song's address as that of the source.

use super::{Detector, Evidence, Field, is_uuid};
use crate::report::Finding;

pub(super) struct Suno;

impl Detector for Suno {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let comment = evidence.fields.iter().find(|field| is_comment(field.value));
        let song = evidence.fields.iter().find(|field| field.is("WOAS") && is_song(field.value.trim()));
        comment.or(song).map(|field: &Field| field.hint("Suno", field.value)).into_iter().collect()
    }
}

/// A comment that only mentions Suno is none.
fn is_comment(text: &str) -> bool {
    let mut parts = text.split(';').map(str::trim);
    let made = parts.next().unwrap_or_default();
    let made = made.eq_ignore_ascii_case("made with suno") || made.eq_ignore_ascii_case("made with suno studio");
    made && parts.any(|part| part.strip_prefix("id=").is_some_and(is_uuid))
}

/// The address of one song; in a description it may be somebody else's.
fn is_song(address: &str) -> bool {
    address.strip_prefix("https://suno.com/song/").is_some_and(|id| is_uuid(id.trim_end_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Technique;

    fn found(key: &str, value: &str) -> bool {
        let field = Field { technique: Technique::Text, key, value, place: "COMM frame".into() };
        let found = Suno.detect(&Evidence { fields: &[field], ..Evidence::default() });
        found.iter().any(|finding| finding.system.as_deref() == Some("Suno"))
    }

    #[test]
    fn the_shape_is_asked_for_not_the_name() {
        let id = "5f0e9e5c-3c1e-4c6b-9a55-0d6d0e6f8f11";
        assert!(found("Comment", &format!("made with suno; created=2026-03-02T10:11:12.345Z; id={id}")));
        assert!(found("comment", &format!("made with suno studio; created=2026-03-02T10:11:12Z; id={id}")));
        assert!(found("WOAS", &format!("https://suno.com/song/{id}")));
        for (key, value) in [
            ("Comment", "made with suno".to_owned()),
            ("Comment", "made with suno; id=7".to_owned()),
            ("Comment", format!("not made with suno; id={id}")),
            ("Comment", format!("https://suno.com/song/{id}")),
            ("WOAS", format!("https://suno.com/@singer/{id}")),
            ("WOAS", format!("https://suno.com.example.org/song/{id}")),
        ] {
            assert!(!found(key, &value), "{value}");
        }
    }
}
