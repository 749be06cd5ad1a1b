//! The signature in `signed_hash`: Ed25519 over the red, green and blue bytes, row by row, and the rest of the comment as
//! Python's `json.dumps` writes it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, VerifyingKey};

use super::super::python_json::Json;
use crate::record::Pixels;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Fits,
    DoesNotFit,
    NotChecked(&'static str),
}

/// What becomes of the signature in `comment`, and the signature as written; `None` where there is none.
pub(super) fn check(comment: &str, pixels: Option<&Pixels>, key: &str) -> Option<(Outcome, String)> {
    // Most comments are of others.
    if !comment.contains("signed_hash") {
        return None;
    }
    let mut comment = Json::parse(comment)?;
    // Some copies wrap the settings once more.
    if let Some(Json::Text(inner)) = comment.get("Comment") {
        comment = Json::parse(inner)?;
    }
    let Json::Text(written) = comment.take("signed_hash")? else { return None };
    let outcome = match pixels {
        None => {
            Outcome::NotChecked("NovelAI's signature was not checked: the picture was not decoded, or is too large")
        }
        Some(pixels) if pixels.turned => {
            Outcome::NotChecked("NovelAI's signature was not checked: the picture was turned")
        }
        Some(pixels) => match fits(&comment, &written, pixels, key) {
            Some(true) => Outcome::Fits,
            _ => Outcome::DoesNotFit,
        },
    };
    Some((outcome, written))
}

/// `None` where the signature is none at all.
fn fits(comment: &Json, written: &str, pixels: &Pixels, key: &str) -> Option<bool> {
    let signature = Signature::from_slice(&STANDARD.decode(written).ok()?).ok()?;
    let key: [u8; 32] = STANDARD.decode(key).ok()?.try_into().ok()?;
    let key = VerifyingKey::from_bytes(&key).ok()?;
    let mut message = Vec::with_capacity(pixels.data.len() / pixels.channels * 3 + 4096);
    pixels.data.chunks_exact(pixels.channels).for_each(|pixel| message.extend_from_slice(&pixel[..3]));
    message.extend(comment.to_string().into_bytes());
    Some(key.verify_strict(&message, &signature).is_ok())
}
