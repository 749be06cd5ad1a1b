//! The boxes of an ISO BMFF file as the hash sees them: ISO/IEC 14496-12 §4.2. More forgiving than the walk of the formats, since
//! what is compared are hashes of what other programs took for boxes.

use std::ops::Range;

use super::Feed;
use crate::{
    Result,
    manifest::bmff,
    stream::{be_u32, be_u64},
};

/// Boxes that are looked at in one file. Films in fragments have some ten thousand.
const MAX_BOXES: usize = 1 << 20;

/// Boxes that hold boxes, as far as the engine looks into them.
const CONTAINERS: &[&[u8; 4]] = &[
    b"moov", b"trak", b"mdia", b"minf", b"stbl", b"moof", b"traf", b"edts", b"udta", b"dinf", b"tref", b"treg",
    b"mvex", b"mfra", b"meta", b"schi",
];

/// Boxes that start with version and flags: the ones of 14496-12 that hold places in the file or belong to tracks.
const FULL: &[&[u8; 4]] = &[
    b"meta", b"iloc", b"pitm", b"iinf", b"infe", b"iref", b"ipma", b"hdlr", b"mvhd", b"tkhd", b"mdhd", b"elst",
    b"stsd", b"stts", b"ctts", b"stss", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"saiz", b"saio", b"sbgp",
    b"sgpd", b"subs", b"dref", b"vmhd", b"smhd", b"mehd", b"trex", b"mfhd", b"tfhd", b"trun", b"tfdt", b"tfra",
    b"mfro", b"sidx", b"ssix", b"prft", b"cprt",
];

/// One box.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: [u8; 4],
    /// The whole box.
    pub(super) range: Range<u64>,
    /// Where its content starts: behind version and flags where it has them.
    body: u64,
    /// Version and flags.
    pub(super) full: Option<(u8, u32)>,
}

/// The boxes of one file, walked as far as they are asked for.
pub(super) struct Tree<'a, 'b> {
    pub(super) feed: &'a mut Feed<'b>,
    pub(super) top: Vec<Node>,
    left: usize,
}

/// Why there is no tree.
pub(super) enum Fault {
    /// The boxes do not fill their place.
    Malformed,
    TooMany,
}

impl<'a, 'b> Tree<'a, 'b> {
    pub(super) fn of(feed: &'a mut Feed<'b>) -> Result<Result<Self, Fault>> {
        let len = feed.len();
        let mut tree = Self { feed, top: Vec::new(), left: MAX_BOXES };
        Ok(tree.boxes(0..len)?.map(|top| Self { top, ..tree }))
    }

    /// The boxes at a path like `/moov/trak`, in file order.
    pub(super) fn find(&mut self, path: &str) -> Result<Result<Vec<Node>, Fault>> {
        let Some(path) = path.strip_prefix('/') else { return Ok(Ok(Vec::new())) };
        let mut found: Vec<Node> = Vec::new();
        for (depth, name) in path.split('/').enumerate() {
            let mut inside = Vec::new();
            if depth == 0 {
                inside.extend(self.top.iter().filter(|node| node.kind == name.as_bytes()).cloned());
            }
            for node in found.iter().filter(|node| CONTAINERS.contains(&&node.kind)) {
                match self.boxes(node.body..node.range.end)? {
                    Ok(boxes) => inside.extend(boxes.into_iter().filter(|node| node.kind == name.as_bytes())),
                    Err(fault) => return Ok(Err(fault)),
                }
            }
            found = inside;
        }
        Ok(Ok(found))
    }

    /// Whether as many boxes may still be looked at.
    pub(super) fn spend(&mut self, boxes: usize) -> bool {
        let left = self.left.checked_sub(boxes);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// The boxes in `range`, one after the other.
    fn boxes(&mut self, range: Range<u64>) -> Result<Result<Vec<Node>, Fault>> {
        let mut boxes = Vec::new();
        let mut at = range.start;
        // Less than a header is no box: some files end with such bytes.
        while range.end.saturating_sub(at) >= 8 {
            if !self.spend(1) {
                return Ok(Err(Fault::TooMany));
            }
            let mut head = [0; 36];
            let head = self.feed.peek(at..range.end, &mut head)?;
            let Some(node) = node(head, at, range.end) else { return Ok(Err(Fault::Malformed)) };
            at = node.range.end;
            boxes.push(node);
        }
        Ok(Ok(boxes))
    }
}

/// The box that starts at `at` with `head` and must end by `end`.
fn node(head: &[u8], at: u64, end: u64) -> Option<Node> {
    let kind: [u8; 4] = head.get(4..8)?.try_into().ok()?;
    let (len, header) = match be_u32(head, 0)? {
        0 => (end - at, 8),
        1 => (be_u64(head, 8)?, 16),
        len => (u64::from(len), 8),
    };
    let room = end - at;
    // Some writers say more than there is of the media data; what is there is hashed.
    let len = if len > room && &kind == b"mdat" { room } else { len };
    if len < header as u64 || len > room {
        return None;
    }
    let mut body = header;
    let mut full = FULL.contains(&&kind);
    if &kind == b"uuid" {
        body += 16;
        full = head.get(header..body) == Some(&bmff::UUID);
    }
    // QuickTime's `meta` is no FullBox: its first box follows at once.
    full &= !(&kind == b"meta" && head.get(header + 4..header + 8) == Some(b"hdlr"));
    let full = be_u32(head, body).filter(|_| full).map(|word| {
        body += 4;
        let [version, flags @ ..] = word.to_be_bytes();
        (version, u32::from_be_bytes([0, flags[0], flags[1], flags[2]]))
    });
    Some(Node { kind, range: at..at + len, body: (at + body as u64).min(at + len), full })
}
