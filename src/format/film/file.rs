//! What stands at the top of a film, and the movie box in memory.

use std::ops::Range;

use memchr::memmem;

use crate::{
    Error, Format, Result,
    container::bmff::{BoxHead, SizeField, boxes},
    limits::Budget,
    stream::{Source, be_u32, length, read_block},
};

pub(super) struct File {
    pub(super) format: Format,
    pub(super) boxes: Vec<BoxHead>,
    pub(super) ftyp_end: u64,
    /// Where new media data goes: before the first that is there, so that players need not look for it at the end.
    pub(super) front: u64,
    pub(super) moov_range: Range<u64>,
    /// The whole box.
    pub(super) moov: Vec<u8>,
    /// Whether the film goes on in fragments.
    pub(super) fragments: bool,
}

impl File {
    pub(super) fn read(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Self> {
        let len = length(source)?;
        let boxes = boxes(source, format, 0..len, 0, budget)?;
        let find = |kind: &[u8; 4]| boxes.iter().find(|head| head.is(kind));
        let fragments = find(b"moof").is_some();
        let missing = |what: &str| Error::malformed(format, 0, format!("there is no '{what}' box"));
        let Some(head) = find(b"moov") else {
            if fragments {
                let what = "it is a part of a film, which is described in another file; put them together first (ffmpeg -i playlist -c copy out.mp4)";
                return Err(Error::unsupported(format, what));
            }
            return Err(missing("moov"));
        };
        // QuickTime's files of before 2002.
        let ftyp_end = find(b"ftyp").map(|ftyp| ftyp.range.end).ok_or_else(|| {
            Error::unsupported(format, "it has no 'ftyp' box, behind which a manifest stands; write it anew first (ffmpeg -i in -c copy out.mov)")
        })?;
        if head.size == SizeField::ToEnd || boxes.iter().filter(|head| head.is(b"moov")).count() > 1 {
            return Err(Error::malformed(format, head.range.start, "the 'moov' box is open-ended or not alone"));
        }
        let moov_range = head.range.clone();
        // A header of 64 bits would move all that is counted from it; no movie box is that long.
        if head.size != SizeField::Short {
            return Err(Error::unsupported(
                format,
                "its 'moov' box states its length in 64 bits; write it anew first (ffmpeg -i in -c copy out.mp4)",
            ));
        }
        // In fragments, nothing may come between a header and its data, nor where offsets are counted from.
        let front = match (fragments, find(b"mdat")) {
            (true, _) => moov_range.start,
            (false, Some(data)) => data.range.start,
            (false, None) => return Err(missing("mdat")),
        };
        let moov = read_block(source, format, moov_range.start, moov_range.end - moov_range.start, budget)?;
        Ok(Self { format, boxes, ftyp_end, front, moov_range, moov, fragments })
    }
}

/// Refuses a file whose items are found by their place in it (`iloc`, ISO/IEC 14496-12, 8.11.3): what is put in front would move them,
/// and nothing in the box would say so.
pub(in crate::format) fn refuse_items(
    source: &mut dyn Source,
    format: Format,
    boxes: &[BoxHead],
    moov: &[u8],
    budget: &mut Budget,
) -> Result<()> {
    let mut found = holds_items(moov);
    for head in boxes.iter().filter(|head| head.is(b"meta")) {
        let body = head.body.clone();
        found |= holds_items(&read_block(source, format, body.start, body.end - body.start, budget)?);
    }
    if found {
        let what = "it holds items that are found by their place in the file ('iloc'), which a label would move; write it anew first, which leaves them out (ffmpeg -i in -c copy out.mp4)";
        return Err(Error::unsupported(format, what));
    }
    Ok(())
}

/// Whether an `iloc` box stands anywhere among these boxes.
fn holds_items(boxes: &[u8]) -> bool {
    memmem::find_iter(boxes, b"iloc").any(|at| {
        let start = at.checked_sub(4);
        let len = start.and_then(|start| be_u32(boxes, start)).and_then(|len| usize::try_from(len).ok());
        // Version, flags, sizes and count are eight bytes more.
        start
            .zip(len)
            .is_some_and(|(start, len)| len >= 16 && start.checked_add(len).is_some_and(|end| end <= boxes.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::bmff::sized;

    #[test]
    fn items_are_seen_and_letters_are_not() {
        let list = sized(b"iloc", &[0; 8]);
        assert!(holds_items(&sized(b"meta", &[&[0; 4][..], &list].concat())));
        assert!(!holds_items(&sized(b"data", b"an iloc that is text, and nothing else at all")));
        assert!(!holds_items(b"iloc") && !holds_items(&list[..list.len() - 1]));
    }
}
