//! `c2pa.hash.bmff` in its three versions: C2PA 2.4 §18.6. A hash over the boxes of a file but for those that are named, with a
//! mark where each of them stands, and trees over the media data.

use std::ops::Range;

use super::{
    Compared, Feed, algorithm,
    digest::{Algorithm, Hasher},
    merkle::{Blocks, MDAT_HEADER, Merkle},
    tree::{Fault, Node, Tree},
};
use crate::{
    Result,
    manifest::{bmff, cbor::Value},
    report::{Said, say},
};

/// Exclusions of one hash that are followed; ten is many.
const MAX_EXCLUSIONS: usize = 256;
/// Ranges that one hash leaves out.
const MAX_RANGES: usize = 1 << 20;

const MALFORMED: &str = "the boxes of the file cannot be walked as the hash wants it";
const TOO_MANY: &str = "the file has more boxes than tanba looks at";

pub(in crate::manifest) struct Bmff<'a> {
    /// Of the assertion: from 2 on, the places of the boxes are hashed.
    version: usize,
    exclusions: Vec<Exclusion<'a>>,
    algorithm: Algorithm,
    hash: Option<&'a [u8]>,
    trees: Vec<Merkle<'a>>,
}

/// Boxes that the hash leaves out.
pub(super) struct Exclusion<'a> {
    xpath: &'a str,
    length: Option<u64>,
    version: Option<u64>,
    flags: Option<u32>,
    exact: bool,
    /// What the box must hold, and where.
    data: Vec<(u64, &'a [u8])>,
    /// The parts that are left out, as offset and length, 0 to the end; `None` for the whole box.
    subset: Option<Vec<(u64, u64)>>,
}

impl<'a> Exclusion<'a> {
    fn parse(value: &Value<'a>) -> Option<Self> {
        let number = |name| value.get(name).map_or(Some(None), |number| number.int().map(Some));
        let list = |name| value.get(name).map_or(Some(None), |list| list.array().map(Some));
        let flags = match value.get("flags") {
            None => None,
            Some(flags) => match flags.bytes()? {
                &[a, b, c, ..] => Some(u32::from_be_bytes([0, a, b, c])),
                _ => return None,
            },
        };
        let data = list("data")?.unwrap_or_default().iter();
        let subset = list("subset")?.map(|subset| {
            subset.iter().map(|part| Some((part.get("offset")?.int()?, part.get("length")?.int()?))).collect()
        });
        Some(Self {
            xpath: value.get("xpath")?.text()?,
            length: number("length")?,
            version: number("version")?,
            flags,
            exact: value.get("exact").map_or(Some(true), Value::bool)?,
            data: data
                .map(|data| Some((data.get("offset")?.int()?, data.get("value")?.bytes()?)))
                .collect::<Option<_>>()?,
            subset: subset.map_or(Some(None), |subset: Option<_>| subset.map(Some))?,
        })
    }

    /// Whether the parts stand in order and do not overlap: §18.6.2.1.
    fn is_ordered(&self) -> bool {
        let subset = self.subset.as_deref().unwrap_or_default();
        subset.windows(2).all(|pair| {
            let [(first, len), (second, _)] = pair else { return true };
            first.checked_add(*len).is_some_and(|end| end <= *second)
        })
    }

    /// What a look at one box costs, in boxes.
    fn cost(&self) -> usize {
        self.data.iter().map(|(_, value)| 1 + value.len() / 4096).sum()
    }

    /// Whether this is about `node`.
    fn fits(&self, node: &Node, feed: &mut Feed) -> Result<bool> {
        let len = node.range.end - node.range.start;
        let by_header = node.full.is_none_or(|(version, flags)| {
            self.version.is_none_or(|wanted| wanted == u64::from(version))
                && self.flags.is_none_or(|wanted| if self.exact { wanted == flags } else { wanted & flags == wanted })
        });
        if !by_header || self.length.is_some_and(|length| length != len) {
            return Ok(false);
        }
        for (offset, value) in &self.data {
            let Some(at) = node.range.start.checked_add(*offset).filter(|&at| at <= node.range.end) else {
                return Ok(false);
            };
            let mut found = vec![0; value.len()];
            if feed.peek(at..node.range.end, &mut found)? != *value {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The ranges of `node` that are left out.
    fn ranges(&self, node: &Node) -> Vec<Range<u64>> {
        let Some(subset) = &self.subset else { return vec![node.range.clone()] };
        let len = node.range.end - node.range.start;
        let inside = subset.iter().filter(|(offset, _)| *offset <= len).map(|(offset, part)| {
            let part = if *part == 0 { len - offset } else { (*part).min(len - offset) };
            node.range.start + offset..node.range.start + offset + part
        });
        inside.collect()
    }

    /// Whether this leaves nothing out but boxes that show nothing: the mandatory ones of §18.6.2 and, with trees, media data.
    fn is_harmless(&self, trees: bool) -> bool {
        match self.xpath {
            // What free space holds is never shown; c2pa-rs leaves it out by default.
            "/ftyp" | "/mfra" | "/free" | "/skip" => true,
            "/uuid" => self.data.iter().any(|(offset, value)| *offset == 8 && *value == bmff::UUID),
            // The leaves start behind the longest header.
            "/mdat" => {
                trees
                    && self.subset.as_ref().is_some_and(|parts| parts.iter().all(|(offset, _)| *offset >= MDAT_HEADER))
            }
            _ => false,
        }
    }
}

/// What of a file is hashed.
struct Plan {
    /// Ranges that are left out, in order, without overlap.
    excluded: Vec<Range<u64>>,
    /// Where boxes stand whose place is hashed, in order.
    marks: Vec<u64>,
}

impl<'a> Bmff<'a> {
    pub(super) fn parse(value: &Value<'a>, version: usize, default: &str) -> Option<Self> {
        let exclusions = value.get("exclusions")?.array()?;
        let trees = value.get("merkle").map_or(Some(&[][..]), Value::array)?;
        let algorithm = algorithm(value, default)?;
        // A tree that names no algorithm takes the one of the whole.
        let own = value.get("alg").and_then(Value::text).unwrap_or(default);
        Some(Self {
            version,
            exclusions: exclusions.iter().map(Exclusion::parse).collect::<Option<_>>()?,
            algorithm,
            hash: value.get("hash").map_or(Some(None), |hash| hash.bytes().map(Some))?,
            trees: trees.iter().map(|tree| Merkle::parse(tree, own)).collect::<Option<_>>()?,
        })
    }

    /// The hash that a label of ours needs: everything but what is left out by default.
    pub(in crate::manifest) fn of_label(paths: &'a [&'a str], uuid: &'a [u8; 16], version: usize) -> Self {
        let exclusion = |xpath, data| Exclusion {
            xpath,
            length: None,
            version: None,
            flags: None,
            exact: true,
            data,
            subset: None,
        };
        let mut exclusions: Vec<_> = paths.iter().map(|path| exclusion(*path, Vec::new())).collect();
        exclusions.push(exclusion("/uuid", vec![(8, &uuid[..])]));
        Self { version, exclusions, algorithm: Algorithm::Sha256, hash: None, trees: Vec::new() }
    }

    /// The hash over a file; why there is none.
    pub(in crate::manifest) fn hash(&self, feed: &mut Feed) -> Result<Result<Vec<u8>, &'static str>> {
        let len = feed.len();
        let mut tree = match Tree::of(feed)? {
            Ok(tree) => tree,
            Err(fault) => return Ok(Err(said(&fault))),
        };
        let plan = match self.plan(&mut tree)? {
            Ok(plan) => plan,
            Err(fault) => return Ok(Err(said(&fault))),
        };
        let mut hash = self.algorithm.start();
        plan.hash(feed, 0..len, &mut hash)?;
        Ok(Ok(hash.finish()))
    }

    pub(super) fn compare(&self, feed: &mut Feed) -> Result<Compared> {
        if self.exclusions.is_empty() || !self.exclusions.iter().all(Exclusion::is_ordered) {
            return Ok(Compared::Differs("the boxes that the hash leaves out are not named as they should be"));
        }
        if self.exclusions.len() > MAX_EXCLUSIONS {
            return Ok(Compared::Foreign("the hash leaves out more boxes than tanba looks at in a file of this size"));
        }
        let len = feed.len();
        let mut tree = match Tree::of(feed)? {
            Ok(tree) => tree,
            Err(fault) => return Ok(compared(&fault)),
        };
        let plan = match self.plan(&mut tree)? {
            Ok(plan) => plan,
            Err(fault) => return Ok(compared(&fault)),
        };
        let top = tree.top;
        if let Some(expected) = self.hash {
            let mut hash = self.algorithm.start();
            plan.hash(feed, 0..len, &mut hash)?;
            if hash.finish() != expected {
                return Ok(Compared::Differs(super::CHANGED));
            }
        }
        if self.trees.is_empty() {
            return Ok(match self.hash {
                Some(_) => Compared::Fits,
                None => Compared::Differs("there is no hash in the binding to the content"),
            });
        }
        match top.iter().any(|node| &node.kind == b"moof") {
            true => self.compare_fragments(feed, &top, &plan),
            false => self.compare_media(feed, &top),
        }
    }

    /// What is left out of the hash that should not be; `None` when that is nothing.
    pub(super) fn left_out(&self) -> Option<Said> {
        if self.version == 1 {
            // What `ftyp` holds can be pushed under the offsets of items.
            return Some("the hash says nothing about where the boxes stand".into());
        }
        let trees = !self.trees.is_empty();
        let shown = self.exclusions.iter().find(|exclusion| !exclusion.is_harmless(trees))?;
        Some(say!("the hash leaves out boxes {} that are not the manifest's", format_args!("{:?}", shown.xpath)))
    }

    /// Finds what is named.
    fn plan(&self, tree: &mut Tree) -> Result<Result<Plan, Fault>> {
        let (mut excluded, mut hidden) = (Vec::new(), Vec::new());
        for exclusion in &self.exclusions {
            let nodes = match tree.find(exclusion.xpath)? {
                Ok(nodes) => nodes,
                Err(fault) => return Ok(Err(fault)),
            };
            for node in nodes {
                if !tree.spend(exclusion.cost()) {
                    return Ok(Err(Fault::TooMany));
                }
                if !exclusion.fits(&node, tree.feed)? {
                    continue;
                }
                excluded.extend(exclusion.ranges(&node));
                if exclusion.subset.is_none() {
                    hidden.push(node.range.start);
                }
                if excluded.len() > MAX_RANGES {
                    return Ok(Err(Fault::TooMany));
                }
            }
        }
        excluded.sort_by_key(|range| range.start);
        let mut merged: Vec<Range<u64>> = Vec::new();
        for range in excluded {
            match merged.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        hidden.sort_unstable();
        // §18.6.2.2: a box that is left out as a whole has no mark either.
        let marked = tree.top.iter().map(|node| node.range.start).filter(|start| hidden.binary_search(start).is_err());
        let marks = if self.version > 1 { marked.collect() } else { Vec::new() };
        Ok(Ok(Plan { excluded: merged, marks }))
    }

    /// Every `mdat` has its tree.
    fn compare_media(&self, feed: &mut Feed, top: &[Node]) -> Result<Compared> {
        let mdats: Vec<_> = top.iter().filter(|node| &node.kind == b"mdat").collect();
        if self.trees.iter().any(|tree| tree.init.is_some()) {
            return Ok(Compared::Differs("the binding is one of a film in fragments, which this file is not"));
        }
        let whole = self.trees.iter().any(|tree| matches!(tree.blocks, Blocks::Whole));
        if whole && top.iter().any(|node| &node.kind == b"moov") {
            // Older writers made a leaf of every chunk of a track.
            return Ok(Compared::Foreign(
                "the hashes follow the samples of tracks, which tanba checks in files up to 64 MB only",
            ));
        }
        if mdats.len() != self.trees.len() {
            return Ok(Compared::Differs("the file has not as many boxes of media data as were hashed"));
        }
        for (tree, mdat) in self.trees.iter().zip(mdats) {
            match tree.compare(feed, &mdat.range)? {
                Compared::Fits => {}
                other => return Ok(other),
            }
        }
        Ok(match self.hash {
            Some(_) => Compared::Fits,
            None => Compared::Partly("the hash covers the media data alone"),
        })
    }

    /// A film in fragments that is one file: a hash over what stands before them, and a tree whose leaves they are.
    fn compare_fragments(&self, feed: &mut Feed, top: &[Node], plan: &Plan) -> Result<Compared> {
        const FOREIGN: &str = "the film is in fragments that tanba checks in files up to 64 MB only";
        let [tree] = &self.trees[..] else { return Ok(Compared::Foreign(FOREIGN)) };
        let starts: Vec<_> = top.iter().filter(|node| &node.kind == b"moof").map(|node| node.range.start).collect();
        let (Some(init), Some(&first)) = (tree.init, starts.first()) else { return Ok(Compared::Foreign(FOREIGN)) };
        let mut hash = tree.algorithm().start();
        plan.hash(feed, 0..first, &mut hash)?;
        if hash.finish() != init {
            return Ok(Compared::Differs(super::CHANGED));
        }
        let end = top.last().map_or(0, |node| node.range.end);
        let compared = tree.compare_leaves(starts.len() as u64, |index| {
            let mut starts = starts.iter().skip(usize::try_from(index).unwrap_or(usize::MAX));
            let start = starts.next().copied().unwrap_or(end);
            let mut hash = tree.algorithm().start();
            plan.hash(feed, start..starts.next().copied().unwrap_or(end), &mut hash)?;
            Ok(hash.finish())
        })?;
        Ok(match compared {
            // The boxes with the proofs may say that the leaves stand in another order.
            Compared::Differs(_) => Compared::Foreign(FOREIGN),
            Compared::Fits if end < feed.len() => Compared::Partly("the hash leaves out what follows the last box"),
            other => other,
        })
    }
}

impl Plan {
    /// Hashes what is planned of `range`, which starts where a box does.
    fn hash(&self, feed: &mut Feed, range: Range<u64>, hash: &mut Hasher) -> Result<()> {
        let mut at = range.start;
        let first = self.marks.partition_point(|&mark| mark < range.start);
        let mut excluded =
            self.excluded[self.excluded.partition_point(|out| out.end <= range.start)..].iter().peekable();
        // Up to each mark, and then to the end.
        let ends = self.marks[first..].iter().copied().filter(|&mark| mark < range.end).map(Some).chain([None]);
        for mark in ends {
            let end = mark.unwrap_or(range.end);
            while let Some(out) = excluded.peek().filter(|out| out.start < end) {
                feed.hash(at..out.start.max(at), hash)?;
                at = out.end.max(at);
                if out.end > end {
                    break;
                }
                excluded.next();
            }
            feed.hash(at..end.max(at), hash)?;
            at = at.max(end);
            if let Some(mark) = mark {
                hash.update(&mark.to_be_bytes());
            }
        }
        Ok(())
    }
}

fn said(fault: &Fault) -> &'static str {
    match fault {
        Fault::Malformed => MALFORMED,
        Fault::TooMany => TOO_MANY,
    }
}

fn compared(fault: &Fault) -> Compared {
    match fault {
        Fault::Malformed => Compared::Differs(MALFORMED),
        Fault::TooMany => Compared::Foreign(TOO_MANY),
    }
}
