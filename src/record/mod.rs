//! Unsigned machine-readable fields: XMP with IPTC and AIGC, and EXIF, for every container.

mod aigc;
mod declared;
mod exif;
mod fields;
mod instance;
mod outline;
mod read;
mod seen;
mod wild;
mod xmp;

use time::OffsetDateTime;
use uuid::Uuid;

pub(crate) use aigc::{json as aigc_json, pairs as aigc_pairs};
pub(crate) use exif::{describe, may_describe, orientation, text as exif_text};
pub(crate) use fields::{earlier_notice, fields, is_labelled, replaces};
pub(crate) use instance::instance;
pub(crate) use outline::outline;
pub(crate) use read::{Found, find, find_in};
pub(crate) use seen::{MAX_PIXELS, Pixels, Seen, trailer};
pub(crate) use wild::{Vendor, vendor};
pub(crate) use xmp::merge;

use crate::policy::Extent;

/// What is written, the same in every container.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) extent: Extent,
    /// Name of the AI system.
    pub(crate) system: String,
    /// Its version, never empty.
    pub(crate) system_version: String,
    /// Who provides the system.
    pub(crate) provider: String,
    /// The one identifier of this piece: the same in XMP, AIGC and the manifest.
    pub(crate) id: Uuid,
    pub(crate) time: OffsetDateTime,
    /// The notice's words, for alternative text and descriptions; one sentence.
    pub(crate) alt_text: String,
    /// BCP 47 tag of `alt_text`.
    pub(crate) language: &'static str,
    /// The author prohibits use for training.
    pub(crate) no_training: bool,
    /// China's `AIGC` is wanted.
    pub(crate) aigc: bool,
}

#[cfg(test)]
impl Record {
    /// What the tests write.
    pub(crate) fn example() -> Self {
        Self {
            extent: Extent::Generated,
            system: "Acme Diffusion".into(),
            system_version: "3.1".into(),
            provider: "Acme LLP".into(),
            id: Uuid::from_u128(0x0011_2233_4455_4677_8899_aabb_ccdd_eeff),
            time: time::macros::datetime!(2026-01-18 11:30:00.5 +5),
            alt_text: "ЖИ көмегімен жасалды / Создано ИИ".into(),
            language: "kk",
            no_training: false,
            aigc: false,
        }
    }
}
