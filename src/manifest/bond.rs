//! The assertion that binds a manifest to its content, as the engine takes it, and as it is written.

use std::ops::Range;

use c2pa::assertions::{BmffHash, BoxHash, BoxMap, DataHash, labels};

use super::{
    Claim,
    cbor::put::{self, ARRAY, BYTES, MAP, NUMBER},
    hash, template,
};
use crate::{Format, format::HardBinding};

/// What binds the manifest to the content.
pub(super) enum Binding {
    Data,
    /// The same, with nothing left out.
    Whole,
    /// The part that is hashed.
    Boxes(String),
    Bmff,
    Collection,
}

/// How the labels of all bindings begin.
pub(super) const HASHES: &str = "c2pa.hash.";

const BMFF_LABEL: &str = "c2pa.hash.bmff.v3";

impl Binding {
    pub(super) fn of(format: Format, claim: &Claim) -> Self {
        match format.handler().facts().binding {
            HardBinding::Boxes => Self::Boxes(claim.parts.first().cloned().unwrap_or_default()),
            HardBinding::Data | HardBinding::Beside | HardBinding::Collection if claim.beside => Self::Whole,
            HardBinding::Collection => Self::Collection,
            HardBinding::Data | HardBinding::Beside => Self::Data,
            HardBinding::Bmff => Self::Bmff,
        }
    }

    /// The label of the assertion.
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::Data | Self::Whole => labels::DATA_HASH,
            Self::Boxes(_) => labels::BOX_HASH,
            Self::Bmff => BMFF_LABEL,
            Self::Collection => hash::COLLECTION,
        }
    }

    /// Adds an assertion that takes as much room as the final one.
    pub(super) fn add(&self, builder: &mut c2pa::Builder) -> c2pa::Result<()> {
        // Numbers of the widest kind (the engine knows i64 only): what the final ones need less is padded.
        let widest = i64::MAX.unsigned_abs();
        self.add_hash(builder, template::HASH.to_vec(), &(widest..2 * widest))
    }

    pub(super) fn add_hash(&self, builder: &mut c2pa::Builder, hash: Vec<u8>, slot: &Range<u64>) -> c2pa::Result<()> {
        let added = match self {
            Self::Data => builder.add_assertion(DataHash::LABEL, &data_hash(slot.start, slot.end - slot.start, hash)),
            Self::Whole => builder.add_assertion(DataHash::LABEL, &whole_hash(hash)),
            Self::Boxes(part) => builder.add_assertion(BoxHash::LABEL, &box_hash(part, hash)),
            Self::Bmff => builder.add_assertion(BMFF_LABEL, &bmff_hash(hash)),
            Self::Collection => return Ok(()),
        };
        added.map(drop)
    }

    /// The CBOR of the assertion, of which `blank` is that with [`template::HASH`].
    pub(super) fn content(&self, blank: &[u8], hash: &[u8], slot: &Range<u64>) -> Vec<u8> {
        match self {
            Self::Data => data_hash_cbor(slot.start, slot.end - slot.start, hash),
            _ => {
                let mut content = blank.to_vec();
                if let Some(at) = memchr::memmem::find(blank, &template::HASH) {
                    content.splice(at..at + template::HASH.len(), hash.iter().copied());
                }
                content
            }
        }
    }
}

/// What `c2pa.hash.data` says of itself.
const DATA_NAME: &str = "jumbf manifest";

/// `c2pa.hash.data` (2.4 §18.5) with one exclusion. Its CBOR has the same length for all offsets and lengths.
fn data_hash(start: u64, length: u64, hash: Vec<u8>) -> DataHash {
    let mut assertion = DataHash::new(DATA_NAME, "sha256");
    assertion.add_exclusion(c2pa::HashRange::new(start, length));
    assertion.set_hash(hash);
    assertion.add_padding(padding(start, length));
    assertion
}

/// The same, as the engine writes it.
fn data_hash_cbor(start: u64, length: u64, hash: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    put::head(&mut out, MAP, 5);
    put::text(&mut out, "exclusions");
    put::head(&mut out, ARRAY, 1);
    put::head(&mut out, MAP, 2);
    for (name, number) in [("start", start), ("length", length)] {
        put::text(&mut out, name);
        put::head(&mut out, NUMBER, number);
    }
    for (name, value) in [("name", DATA_NAME), ("alg", "sha256")] {
        put::text(&mut out, name);
        put::text(&mut out, value);
    }
    for (name, bytes) in [("hash", hash), ("pad", &padding(start, length))] {
        put::text(&mut out, name);
        put::string(&mut out, BYTES, bytes);
    }
    out
}

/// As much as two numbers of the widest kind would take more.
fn padding(start: u64, length: u64) -> Vec<u8> {
    vec![0; 18 - cbor_len(start) - cbor_len(length)]
}

/// `c2pa.hash.boxes` (2.4 §18.7): the manifest's part, which is left out, and the one behind it.
fn box_hash(name: &str, hash: Vec<u8>) -> BoxHash {
    let part = |name: &str, hash: Vec<u8>, excluded| BoxMap {
        names: vec![name.to_owned()],
        alg: Some("sha256".to_owned()),
        hash: hash.into(),
        excluded,
        ..BoxMap::default()
    };
    // The engine wants a hash there as well.
    BoxHash { boxes: vec![part("C2PA", vec![0], Some(true)), part(name, hash, None)] }
}

/// The same over a file from which nothing is left out.
pub(super) fn whole_hash(hash: Vec<u8>) -> DataHash {
    let mut assertion = DataHash::new("whole file", "sha256");
    assertion.set_hash(hash);
    assertion
}

/// `c2pa.hash.bmff.v3` (2.4 §18.6) with the exclusions that c2pa-rs has by default.
fn bmff_hash(hash: Vec<u8>) -> BmffHash {
    let mut assertion = BmffHash::new("jumbf manifest", "sha256", None);
    assertion.set_default_exclusions();
    assertion.set_hash(hash);
    assertion
}

/// Bytes of an unsigned integer in CBOR (RFC 8949 §3).
fn cbor_len(number: u64) -> usize {
    let mut out = Vec::new();
    put::head(&mut out, NUMBER, number);
    out.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_widths_are_written_as_the_engine_writes_them() {
        for (start, length) in [(0, 23), (24, 255), (256, 65_535), (65_536, 1 << 32), ((1 << 32) - 1, 2450)] {
            let mut written = Vec::new();
            ciborium::into_writer(&data_hash(start, length, vec![7; 32]), &mut written).unwrap();
            assert!(written == data_hash_cbor(start, length, &[7; 32]), "{start} {length}");
        }
    }
}
