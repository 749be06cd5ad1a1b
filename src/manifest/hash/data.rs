//! `c2pa.hash.data` (C2PA 2.4 §18.5): one hash over the file, but for ranges that are named.

use std::ops::Range;

use super::{
    Compared, Feed, Setting, algorithm,
    digest::{Algorithm, Hasher},
};
use crate::{
    Result,
    manifest::cbor::Value,
    report::{Said, say},
};

pub(in crate::manifest) struct Data<'a> {
    /// In the order of the file, one behind the other.
    exclusions: Vec<Range<u64>>,
    /// Whether they stand like that in the assertion: §18.5.1 wants it.
    ordered: bool,
    algorithm: Algorithm,
    hash: &'a [u8],
}

impl<'a> Data<'a> {
    pub(super) fn parse(value: &Value<'a>, default: &str) -> Option<Self> {
        let mut exclusions = Vec::new();
        let mut ordered = true;
        for exclusion in value.get("exclusions").map_or(Some(&[][..]), Value::array)? {
            let (start, length) = (exclusion.get("start")?.int()?, exclusion.get("length")?.int()?);
            let range = start..start.checked_add(length)?;
            // Writers leave entries of length 0 behind, which say nothing.
            if length > 0 {
                ordered &= exclusions.last().is_none_or(|last: &Range<u64>| last.end <= range.start);
                exclusions.push(range);
            }
        }
        Some(Self { exclusions, ordered, algorithm: algorithm(value, default)?, hash: value.get("hash")?.bytes()? })
    }

    pub(super) fn compare(&self, feed: &mut Feed, setting: &Setting) -> Result<Compared> {
        if !self.ordered {
            return Ok(Compared::Differs("the ranges that the hash leaves out overlap or are out of order"));
        }
        let exclusions = self.exclusions(setting);
        if exclusions.last().is_some_and(|last| last.end > feed.len()) {
            return Ok(Compared::Differs("the hash leaves out more than the file holds"));
        }
        // Texts in form C, which most are, have one hash; some writers hash others as they are.
        let fits = self.over(self.algorithm.start(), &exclusions, feed)? == self.hash
            || setting.nfc && self.over(self.algorithm.start().over_nfc(), &exclusions, feed)? == self.hash;
        Ok(if fits { Compared::Fits } else { Compared::Differs(super::CHANGED) })
    }

    /// The hash over everything but `exclusions`.
    fn over(&self, mut hash: Hasher, exclusions: &[Range<u64>], feed: &mut Feed) -> Result<Vec<u8>> {
        let mut at = 0;
        for exclusion in exclusions {
            feed.hash(at..exclusion.start, &mut hash)?;
            at = exclusion.end;
        }
        feed.hash(at..feed.len(), &mut hash)?;
        Ok(hash.finish())
    }

    /// The exclusions as they are for the store at its present length: an update manifest (§11.2.3) lengthens the store after
    /// the hash was made, and moves what stands behind it.
    fn exclusions(&self, setting: &Setting) -> Vec<Range<u64>> {
        let mut exclusions = self.exclusions.clone();
        // A text that is spelled in another form on its way moves its wrapper. What is left out is the wrapper all the same, and
        // nothing but what is left is text.
        if let ([range], [part], true) = (&mut exclusions[..], &setting.store.carrier[..], setting.nfc)
            && range.end - range.start == part.end - part.start
        {
            *range = part.clone();
        }
        if !setting.updated {
            return exclusions;
        }
        let carried = |range: &Range<u64>| setting.store.carrier.iter().find(|part| part.start == range.start);
        let Some((index, part)) =
            exclusions.iter().enumerate().find_map(|(index, range)| Some((index, carried(range)?)))
        else {
            return exclusions;
        };
        let grown = part.end.saturating_sub(exclusions[index].end);
        exclusions[index] = part.clone();
        for later in &mut exclusions[index + 1..] {
            *later = later.start.saturating_add(grown)..later.end.saturating_add(grown);
        }
        exclusions
    }

    /// Every byte that is left out must carry the store.
    pub(super) fn left_out(&self, setting: &Setting) -> Option<Said> {
        let mut carrier = setting.store.carrier.clone();
        carrier.sort_by_key(|range| range.start);
        self.exclusions(setting).iter().find_map(|range| {
            let at = first_outside(range, &carrier)?;
            Some(say!(
                "the hash leaves out bytes {} to {}, but byte {} does not carry the manifest",
                range.start,
                range.end,
                at
            ))
        })
    }
}

/// The first byte of `range` that lies in none of `carrier`, which is sorted.
fn first_outside(range: &Range<u64>, carrier: &[Range<u64>]) -> Option<u64> {
    let mut at = range.start;
    for part in carrier {
        if part.start > at {
            break;
        }
        at = at.max(part.end);
    }
    (at < range.end).then_some(at)
}
