//! Items that are found by their place in the file (ISO/IEC 14496-12, 8.11.3): what is put in front of them moves them, and their lists
//! must say so.

use std::ops::Range;

use memchr::memmem;

use crate::{
    Error, Format, Result,
    container::bmff::{BoxHead, Part, relocated, slice_boxes},
    limits::Budget,
    patch::Patch,
    stream::{Source, be_u32, read_block},
};

/// The lists of a film, each known to be one that can be moved.
pub(in crate::format) struct Items {
    format: Format,
    /// The contents of those beside the movie box, with their places.
    beside: Vec<(Range<u64>, Vec<u8>)>,
    /// Whether the movie box holds any.
    in_movie: bool,
    /// Media data, which no label changes.
    data: Vec<Range<u64>>,
}

impl Items {
    /// # Errors
    ///
    /// [`Error::Unsupported`] for what would be lost.
    pub(in crate::format) fn find(
        source: &mut dyn Source,
        format: Format,
        boxes: &[BoxHead],
        moov: &[u8],
        budget: &mut Budget,
    ) -> Result<Self> {
        let data = boxes.iter().filter(|head| head.is(b"mdat")).map(|head| head.body.clone()).collect();
        let mut items = Self { format, beside: Vec::new(), in_movie: false, data };
        for head in boxes.iter().filter(|head| head.is(b"meta")) {
            let (start, end) = (head.body.start, head.body.end);
            let body = read_block(source, format, start, end - start, budget)?;
            let mut found = Vec::new();
            if count(&body) > 0 {
                lists(&body, 0..body.len(), b"meta", format, 1, budget, &mut found)?;
            }
            items.complete(&body, &found)?;
            let place = |list: &Range<usize>| start + list.start as u64..start + list.end as u64;
            items.beside.extend(found.iter().map(|list| (place(list), body[list.clone()].to_vec())));
        }
        let found = items.lists_of(moov, budget)?;
        items.complete(moov, &found)?;
        items.in_movie = !found.is_empty();
        // Whether they can be moved is found out before anything is.
        for list in found {
            items.moved(&moov[list], 0, &Some, budget)?;
        }
        for (range, list) in &items.beside {
            items.moved(list, range.start, &Some, budget)?;
        }
        Ok(items)
    }

    /// Puts those right that stand in the new movie box.
    pub(in crate::format) fn in_movie(
        &self,
        moov: &mut [u8],
        moved: &dyn Fn(u64) -> Option<u64>,
        budget: &mut Budget,
    ) -> Result<()> {
        if !self.in_movie {
            return Ok(());
        }
        for list in self.lists_of(moov, budget)? {
            let new = self.moved(&moov[list.clone()], 0, moved, budget)?;
            moov[list].copy_from_slice(&new);
        }
        Ok(())
    }

    /// Puts the others right. All other edits are in the patch already.
    pub(in crate::format) fn beside(&self, patch: &mut Patch, budget: &mut Budget) -> Result<()> {
        for (range, list) in &self.beside {
            let moved = |offset: u64| offset.checked_add_signed(patch.growth_before(offset));
            let new = self.moved(list, range.start, &moved, budget)?;
            if new != *list {
                patch.replace(range.clone(), new);
            }
        }
        Ok(())
    }

    fn moved(&self, list: &[u8], at: u64, moved: &dyn Fn(u64) -> Option<u64>, budget: &mut Budget) -> Result<Vec<u8>> {
        let kept = |range: &Range<u64>| self.data.iter().any(|data| data.start <= range.start && range.end <= data.end);
        let new = |range: Range<u64>| kept(&range).then(|| moved(range.start)).flatten();
        relocated(list, at, self.format, &new, budget)
    }

    fn lists_of(&self, moov: &[u8], budget: &mut Budget) -> Result<Vec<Range<usize>>> {
        let mut found = Vec::new();
        if count(moov) > 0 {
            lists(moov, 8..moov.len(), b"moov", self.format, 1, budget, &mut found)?;
        }
        Ok(found)
    }

    /// Refuses lists that stand where none may.
    fn complete(&self, boxes: &[u8], found: &[Range<usize>]) -> Result<()> {
        if count(boxes) == found.len() {
            return Ok(());
        }
        let what = "it holds items that are found by their place in the file ('iloc'), where none may stand, and which a label would move; write it anew first, which leaves them out (ffmpeg -i in.mp4 -c copy out.mp4)";
        Err(Error::unsupported(self.format, what))
    }
}

/// The contents of the lists in a box of this kind.
fn lists(
    bytes: &[u8],
    mut range: Range<usize>,
    kind: &[u8; 4],
    format: Format,
    depth: u32,
    budget: &mut Budget,
    found: &mut Vec<Range<usize>>,
) -> Result<()> {
    // Version and flags; QuickTime's box has none.
    if kind == b"meta" && bytes.get(range.start..).is_some_and(|body| body.starts_with(&[0; 4])) {
        range.start += 4;
    }
    let body = bytes.get(range.clone()).unwrap_or_default();
    for Part { kind: inner, body, .. } in slice_boxes(body, range.start as u64, format, depth, budget)? {
        let body = range.start + body.start..range.start + body.end;
        match (kind, &inner) {
            (b"meta", b"iloc") => found.push(body),
            (b"moov", b"trak" | b"udta" | b"meta") | (b"trak", b"udta" | b"meta") | (b"udta", b"meta") => {
                lists(bytes, body, &inner, format, depth + 1, budget, found)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// How many `iloc` boxes stand anywhere among these boxes.
fn count(boxes: &[u8]) -> usize {
    let is_box = |&at: &usize| {
        let start = at.checked_sub(4);
        let len = start.and_then(|start| be_u32(boxes, start)).and_then(|len| usize::try_from(len).ok());
        // Version, flags, sizes and count are eight bytes more.
        start
            .zip(len)
            .is_some_and(|(start, len)| len >= 16 && start.checked_add(len).is_some_and(|end| end <= boxes.len()))
    };
    memmem::find_iter(boxes, b"iloc").filter(is_box).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::bmff::sized;

    #[test]
    fn items_are_seen_and_letters_are_not() {
        let list = sized(b"iloc", &[0; 8]);
        assert_eq!(count(&sized(b"meta", &[&[0; 4][..], &list, &list].concat())), 2);
        assert_eq!(count(&sized(b"data", b"an iloc that is text, and nothing else at all")), 0);
        assert!(count(b"iloc") == 0 && count(&list[..list.len() - 1]) == 0);
    }
}
