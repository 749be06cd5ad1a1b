//! What stands at the top of a film, and the movie box in memory.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    container::bmff::{BoxHead, SizeField, boxes as boxes_of},
    limits::Budget,
    stream::{Source, length, read_block},
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
        let boxes = boxes_of(source, format, 0..len, 0, budget)?;
        let find = |kind: &[u8; 4]| boxes.iter().find(|head| head.is(kind));
        let fragments = find(b"moof").is_some();
        let missing = |what: &str| Error::malformed(format, 0, format!("there is no '{what}' box"));
        let part = |what: &str| {
            let what = format!(
                "it is a part of a film, {what}; put the parts together first, and label the film (ffmpeg -i playlist -c copy out.mp4)"
            );
            Error::unsupported(format, what)
        };
        let Some(head) = find(b"moov") else {
            // A segment, or an index of segments.
            let is_part = fragments || find(b"sidx").is_some() || find(b"styp").is_some();
            return Err(if is_part { part("which is described in another file") } else { missing("moov") });
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
            (false, None) => {
                let inner = boxes_of(source, format, head.body.clone(), 1, budget)?;
                let goes_on = inner.iter().any(|head| head.is(b"mvex"));
                return Err(if goes_on {
                    part("whose pictures and sound stand in other files")
                } else {
                    missing("mdat")
                });
            }
        };
        let moov = read_block(source, format, moov_range.start, moov_range.end - moov_range.start, budget)?;
        Ok(Self { format, boxes, ftyp_end, front, moov_range, moov, fragments })
    }
}
