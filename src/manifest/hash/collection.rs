//! `c2pa.hash.collection.data` (C2PA 2.4 §18.8) over an archive: a hash for each of its parts, and one for its directory.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};

use super::{Compared, Feed, Setting, algorithm, digest::Algorithm};
use crate::{Result, format::Archive, manifest::cbor::Value};

/// The label of the assertion.
pub(in crate::manifest) const LABEL: &str = "c2pa.hash.collection.data";

pub(in crate::manifest) struct Collection<'a> {
    algorithm: Algorithm,
    /// By name.
    parts: BTreeMap<String, &'a [u8]>,
    /// Without it, parts could be added: §A.6.
    directory: &'a [u8],
}

impl<'a> Collection<'a> {
    pub(super) fn parse(value: &Value<'a>, default: &str) -> Option<Self> {
        let uris = value.get("uris")?;
        // A list by §18.8; c2pa 0.90 and 0.91 write a map from name to hash.
        let named: Vec<_> = match uris.array() {
            Some(list) => list.iter().map(|part| Some((part.get("uri")?.text()?, part))).collect::<Option<_>>()?,
            None => uris.map()?.iter().map(|(name, part)| (*name, part)).collect(),
        };
        let mut parts = BTreeMap::new();
        for (name, part) in named {
            let again = parts.insert(name.replace('\\', "/"), part.get("hash")?.bytes()?);
            if again.is_some() {
                return None;
            }
        }
        let directory = value.get("zip_central_directory_hash")?.bytes()?;
        Some(Self { algorithm: algorithm(value, default)?, parts, directory })
    }

    pub(super) fn compare(&self, feed: &mut Feed, setting: &Setting) -> Result<Compared> {
        const UNKNOWN: Compared = Compared::Differs("the parts of the file are not those that were hashed");
        let Some(archive) = setting.archive else { return Ok(UNKNOWN) };
        let mut hash = self.algorithm.start();
        for range in &archive.directory {
            feed.hash(range.clone(), &mut hash)?;
        }
        if hash.finish() != self.directory {
            return Ok(Compared::Differs(super::CHANGED));
        }
        let (mut found, mut all) = (0, true);
        // What is hashed, what carries the manifest, and what no program reads.
        let mut known: Vec<_> =
            [&setting.store.carrier, &archive.directory, &archive.left].into_iter().flatten().cloned().collect();
        for member in &archive.members {
            known.push(member.range.clone());
            let Some(expected) = self.parts.get(&member.name) else {
                // c2pa adds this folder after it has hashed the parts. The directory, which is hashed, names it.
                all &= member.name.ends_with('/') && member.data.is_empty();
                continue;
            };
            // §A.6.2.1 ends with the data; writers there are include what describes them.
            let mut fits = false;
            for end in BTreeSet::from([member.range.end, member.data.end]) {
                let mut hash = self.algorithm.start();
                feed.hash(member.range.start..end, &mut hash)?;
                fits |= hash.finish() == *expected;
            }
            if !fits {
                return Ok(Compared::Differs(super::CHANGED));
            }
            found += 1;
        }
        if found != self.parts.len() {
            return Ok(UNKNOWN);
        }
        // Programs read what the directory points to; what stands between may be there for others.
        known.sort_by_key(|range| range.start);
        let directory = archive.directory.first().map_or(0, |range| range.start);
        let mut end = 0;
        for range in known.iter().take_while(|range| range.start < directory) {
            if range.start > end {
                break;
            }
            end = end.max(range.end);
        }
        let whole = all && end >= directory;
        Ok(if whole { Compared::Fits } else { Compared::Partly("the hash leaves out parts of the archive") })
    }
}

/// The assertion as it is written. c2pa 0.90 and 0.91 read a map from name to hash, not the list of §18.8.
#[derive(Serialize)]
pub(in crate::manifest) struct Bound {
    uris: BTreeMap<String, Part>,
    alg: &'static str,
    zip_central_directory_hash: Bytes,
}

#[derive(Serialize)]
struct Part {
    hash: Bytes,
}

struct Bytes([u8; 32]);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl Bound {
    /// One of the same length, before anything is hashed.
    pub(in crate::manifest) fn blank(names: &[String]) -> Self {
        let part = |name: &String| (name.replace('\\', "/"), Part { hash: Bytes([0; 32]) });
        Self { uris: names.iter().map(part).collect(), alg: "sha256", zip_central_directory_hash: Bytes([0; 32]) }
    }

    /// Hashes every part of an archive, and its directory.
    pub(in crate::manifest) fn of(archive: &Archive, feed: &mut Feed) -> Result<Self> {
        let mut hash = |ranges: &[std::ops::Range<u64>]| -> Result<Bytes> {
            let mut hash = Algorithm::Sha256.start();
            for range in ranges {
                feed.hash(range.clone(), &mut hash)?;
            }
            Ok(Bytes(hash.finish().try_into().unwrap_or_default()))
        };
        let mut uris = BTreeMap::new();
        for member in &archive.members {
            uris.insert(member.name.clone(), Part { hash: hash(std::slice::from_ref(&member.range))? });
        }
        Ok(Self { uris, alg: "sha256", zip_central_directory_hash: hash(&archive.directory)? })
    }

    /// Bytes of it in CBOR: RFC 8949, 3.
    pub(in crate::manifest) fn cbor_len(&self) -> usize {
        let head = |len: usize| match len {
            0..=0x17 => 1,
            0x18..=0xff => 2,
            0x100..=0xffff => 3,
            _ => 5,
        };
        let text = |text: &str| head(text.len()) + text.len();
        let hash = head(32) + 32;
        let parts: usize = self.uris.keys().map(|name| text(name) + 1 + text("hash") + hash).sum();
        let uris = text("uris") + head(self.uris.len()) + parts;
        1 + uris + text("alg") + text(self.alg) + text("zip_central_directory_hash") + hash
    }
}
