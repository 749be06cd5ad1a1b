//! `c2pa.hash.boxes` (C2PA 2.4 §18.7): hashes over the parts of a file, called by their names in its format.

use super::{Compared, Feed, Setting, algorithm, digest::Algorithm};
use crate::{
    Result,
    manifest::cbor::Value,
    report::{Said, say},
};

/// What the manifest's own part is called in every format.
const MANIFEST: &str = "C2PA";

/// PNG's signature, which older writers left out: it is always the same.
const SIGNATURE: &str = "PNGh";

pub(in crate::manifest) struct Boxes<'a> {
    parts: Vec<Part<'a>>,
}

/// Parts that stand one behind the other and have one hash.
struct Part<'a> {
    names: Vec<&'a str>,
    algorithm: Option<Algorithm>,
    hash: &'a [u8],
    excluded: bool,
}

impl Part<'_> {
    fn is_manifest(&self) -> bool {
        self.names == [MANIFEST]
    }
}

impl<'a> Boxes<'a> {
    pub(super) fn parse(value: &Value<'a>, default: &str) -> Option<Self> {
        let part = |part: &Value<'a>| {
            Some(Part {
                names: part.get("names")?.array()?.iter().map(Value::text).collect::<Option<_>>()?,
                algorithm: algorithm(part, default),
                hash: part.get("hash").map_or(Some(&[][..]), Value::bytes)?,
                excluded: part.get("excluded").map_or(Some(false), Value::bool)?,
            })
        };
        Some(Self { parts: value.get("boxes")?.array()?.iter().map(part).collect::<Option<_>>()? })
    }

    pub(super) fn compare(&self, feed: &mut Feed, setting: &Setting) -> Result<Compared> {
        const UNKNOWN: Compared = Compared::Differs("the parts of the file are not those that were hashed");
        let Some(boxes) = setting.boxes else {
            return Ok(Compared::Foreign(
                "the hashes are over named parts, which tanba checks in files of this format up to 64 MB only",
            ));
        };
        let mut rest = boxes.iter().peekable();
        // Where what was looked at ends; a gap before the next part belongs to nothing.
        let (mut end, mut gap) = (0u64, false);
        let first = self.parts.first().and_then(|part| part.names.first());
        if first.is_some_and(|name| *name != SIGNATURE)
            && let Some(signature) = rest.next_if(|part| part.name == SIGNATURE)
        {
            end = signature.range.end;
        }
        let carried = boxes.iter().any(|part| part.name == MANIFEST);
        for part in &self.parts {
            if part.is_manifest() && !carried {
                // The manifest stands elsewhere.
                continue;
            }
            let mut range = None;
            for name in &part.names {
                // The manifest's part has no hash, so that none may be made over it.
                let Some(found) =
                    rest.next_if(|found| found.name == *name && (part.is_manifest() || *name != MANIFEST))
                else {
                    return Ok(UNKNOWN);
                };
                let start = range.map_or(found.range.start, |(start, _)| start);
                range = Some((start, range.map_or(0, |(_, stop)| stop).max(found.range.end)));
            }
            let Some((start, stop)) = range else { return Ok(UNKNOWN) };
            gap |= start > end;
            end = end.max(stop);
            if part.is_manifest() || part.excluded {
                continue;
            }
            let Some(algorithm) = part.algorithm else { return Ok(UNKNOWN) };
            let mut hash = algorithm.start();
            feed.hash(start..stop, &mut hash)?;
            if hash.finish() != part.hash {
                return Ok(Compared::Differs(super::CHANGED));
            }
        }
        Ok(if self.parts.is_empty() || rest.peek().is_some() {
            // §15.12.3: a part that is in no list was added.
            UNKNOWN
        } else if end < feed.len() {
            Compared::Partly("the hash leaves out what follows the end of the picture")
        } else if gap {
            Compared::Partly("the hash leaves out bytes between the parts of the file")
        } else {
            Compared::Fits
        })
    }

    /// Only the manifest's own part may be left out.
    pub(super) fn left_out(&self) -> Option<Said> {
        let part = self.parts.iter().find(|part| part.excluded && !part.is_manifest())?;
        Some(say!("the hash leaves out boxes {} that are not the manifest's", format_args!("{:?}", part.names)))
    }
}
