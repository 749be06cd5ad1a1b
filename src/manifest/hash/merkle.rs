//! Merkle trees over media data: C2PA 2.4 §18.6.2.3. All leaves stand in the lowest row; a node without a neighbour moves up as it is.

use std::ops::Range;

use super::{Compared, Feed, algorithm, digest::Algorithm};
use crate::{Result, manifest::cbor::Value};

/// Leaves of one tree: 50 GB in blocks of 50 KB.
const MAX_LEAVES: u64 = 1 << 20;

/// Bytes at the start of `mdat` that the hash of the file covers, and the leaves do not, however long the header is.
pub(super) const MDAT_HEADER: u64 = 16;

/// One row of a tree, and what its leaves are.
pub(super) struct Merkle<'a> {
    pub(super) count: u64,
    algorithm: Algorithm,
    /// The hash of what stands before the first fragment.
    pub(super) init: Option<&'a [u8]>,
    row: Vec<&'a [u8]>,
    pub(super) blocks: Blocks,
}

/// How `mdat` is cut into leaves.
pub(super) enum Blocks {
    /// Not: one leaf, or leaves that follow fragments or samples.
    Whole,
    Fixed(u64),
    Variable(Vec<u64>),
}

impl<'a> Merkle<'a> {
    pub(super) fn parse(value: &Value<'a>, default: &str) -> Option<Self> {
        let blocks = match (value.get("fixedBlockSize"), value.get("variableBlockSizes")) {
            (None, None) => Blocks::Whole,
            (Some(size), None) => Blocks::Fixed(size.int().filter(|&size| size > 0)?),
            (None, Some(sizes)) => Blocks::Variable(sizes.array()?.iter().map(Value::int).collect::<Option<_>>()?),
            (Some(_), Some(_)) => return None,
        };
        Some(Self {
            count: value.get("count")?.int()?,
            algorithm: algorithm(value, default)?,
            init: value.get("initHash").map_or(Some(None), |hash| hash.bytes().map(Some))?,
            row: value.get("hashes")?.array()?.iter().map(Value::bytes).collect::<Option<_>>()?,
            blocks,
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Compares with the media data in the box `mdat`.
    pub(super) fn compare(&self, feed: &mut Feed, mdat: &Range<u64>) -> Result<Compared> {
        let body = mdat.end.min(mdat.start.saturating_add(MDAT_HEADER))..mdat.end;
        let len = body.end - body.start;
        let count = match &self.blocks {
            Blocks::Whole => 1,
            Blocks::Fixed(size) => len.div_ceil(*size),
            Blocks::Variable(sizes) => {
                if sizes.iter().try_fold(0_u64, |sum, size| sum.checked_add(*size)) != Some(len) {
                    return Ok(Compared::Differs("the media data is not as long as the blocks that were hashed"));
                }
                sizes.len() as u64
            }
        };
        let mut at = body.start;
        let algorithm = self.algorithm;
        let leaf = |index: u64| -> Result<Vec<u8>> {
            let size = match &self.blocks {
                Blocks::Whole => len,
                Blocks::Fixed(size) => *size,
                Blocks::Variable(sizes) => {
                    usize::try_from(index).ok().and_then(|index| sizes.get(index)).map_or(0, |s| *s)
                }
            };
            let end = body.end.min(at.saturating_add(size));
            let mut hash = algorithm.start();
            feed.hash(at..end, &mut hash)?;
            at = end;
            Ok(hash.finish())
        };
        self.compare_leaves(count, leaf)
    }

    /// Compares the row with the tree over `count` leaves, which are made one after the other.
    pub(super) fn compare_leaves(&self, count: u64, mut leaf: impl FnMut(u64) -> Result<Vec<u8>>) -> Result<Compared> {
        if count > MAX_LEAVES {
            return Ok(Compared::Foreign("the media data is cut into more blocks than tanba looks at"));
        }
        let row = self.row.len() as u64;
        // Rows get half as long on the way up; the one that the manifest holds is known by its length.
        let height = (0..64).find(|&height| count.div_ceil(1 << height) == row);
        let (true, Some(height)) = (count == self.count, height) else {
            return Ok(Compared::Differs("the media data has not as many blocks as were hashed"));
        };
        let mut index = 0;
        for node in &self.row {
            let mut below: Vec<(u32, Vec<u8>)> = Vec::new();
            for _ in 0..(1_u64 << height).min(count - index) {
                let mut joined = (0, leaf(index)?);
                index += 1;
                while let Some((level, left)) = below.pop_if(|(level, _)| *level == joined.0) {
                    joined = (level + 1, self.join(&left, &joined.1));
                }
                below.push(joined);
            }
            // The last nodes of the tree have no right neighbours.
            let mut top = below.pop().map(|(_, hash)| hash).unwrap_or_default();
            while let Some((_, left)) = below.pop() {
                top = self.join(&left, &top);
            }
            if top != *node {
                return Ok(Compared::Differs(super::CHANGED));
            }
        }
        Ok(Compared::Fits)
    }

    fn join(&self, left: &[u8], right: &[u8]) -> Vec<u8> {
        let mut hash = self.algorithm.start();
        hash.update(left);
        hash.update(right);
        hash.finish()
    }
}
