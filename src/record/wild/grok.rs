//! xAI Grok: EXIF `ImageDescription` holds a signature in Base64 and `Artist` a UUID. The key is not published.

use super::{Detector, Evidence, is_uuid};
use crate::report::{Finding, Technique};

pub(super) struct Grok;

impl Detector for Grok {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let exif =
            |key: &str| evidence.fields.iter().find(|field| field.technique == Technique::Exif && field.key == key);
        let (Some(description), Some(artist)) = (exif("ImageDescription"), exif("Artist")) else { return Vec::new() };
        let signature = description.value.strip_prefix("Signature: ").unwrap_or_default().trim_end();
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        // Seen: 300 to 1004 characters.
        if signature.len() < 200 || !signature.bytes().all(base64) || !is_uuid(artist.value.trim()) {
            return Vec::new();
        }
        vec![description.hint("xAI Grok", &format!("Signature: {signature}"))]
    }
}
