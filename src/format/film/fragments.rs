//! Offsets in the fragments of a film, which must follow when something in front of them grows: ISO/IEC 14496-12, 8.8.

use std::ops::Range;

use super::{file::File, movie::Walk};
use crate::{
    Error, Result,
    container::bmff::{BoxHead, Part},
    limits::Budget,
    patch::Patch,
    stream::{Source, be_u32, be_u64, read_block},
};

/// Moves every offset from the start of the file as far as what stands before it grows. All other edits are in the patch already.
pub(super) fn moved(file: &File, source: &mut dyn Source, patch: &mut Patch, budget: &mut Budget) -> Result<()> {
    let mut found = Vec::new();
    for head in file.boxes.iter().filter(|head| head.is(b"moof") || head.is(b"mfra")) {
        let body = read_block(source, file.format, head.body.start, head.body.end - head.body.start, budget)?;
        let mut walk = Walk { format: file.format, budget };
        match head.is(b"moof") {
            true => bases(&body, head, &mut walk, &mut found)?,
            false => entries(&body, head, &mut walk, &mut found)?,
        }
    }
    let wrong = |at: u64| {
        Error::malformed(file.format, at, "an offset of a fragment lies outside the file or does not fit any more")
    };
    let edits: Result<Vec<_>> = found
        .into_iter()
        .map(|(range, offset)| {
            let new = offset.checked_add_signed(patch.growth_before(offset)).ok_or_else(|| wrong(range.start))?;
            let bytes = match range.end - range.start {
                8 => new.to_be_bytes().to_vec(),
                _ => u32::try_from(new).map_err(|_| wrong(range.start))?.to_be_bytes().to_vec(),
            };
            Ok((range, bytes))
        })
        .collect();
    edits?.into_iter().for_each(|(range, bytes)| patch.replace(range, bytes));
    Ok(())
}

/// An offset, and where in the file it stands.
type Offset = (Range<u64>, u64);

/// Where the data of a fragment begins, where its header says so: 8.8.7.
fn bases(body: &[u8], head: &BoxHead, walk: &mut Walk, found: &mut Vec<Offset>) -> Result<()> {
    let at = head.body.start;
    for Part { kind, body: inner, .. } in walk.parts(body, at, 1)? {
        if &kind != b"traf" {
            continue;
        }
        let traf = &body[inner.clone()];
        let place = at + inner.start as u64;
        let parts = walk.parts(traf, place, 2)?;
        for part in parts.iter().filter(|part| part.kind == *b"tfhd") {
            let content = &traf[part.body.clone()];
            // The first flag says that it is there, behind the number of the track.
            if content.get(3).is_some_and(|flags| flags & 1 == 1)
                && let Some(offset) = be_u64(content, 8)
            {
                if parts.iter().any(|part| part.kind == *b"saio") {
                    let what = "it is encrypted, and only who holds the key can label it";
                    return Err(Error::unsupported(walk.format, what));
                }
                let start = place + part.body.start as u64 + 8;
                found.push((start..start + 8, offset));
            }
        }
    }
    Ok(())
}

/// Where fragments begin, for seeking: 8.8.10.
fn entries(body: &[u8], head: &BoxHead, walk: &mut Walk, found: &mut Vec<Offset>) -> Result<()> {
    let at = head.body.start;
    for Part { kind, body: inner, .. } in walk.parts(body, at, 1)? {
        if &kind != b"tfra" {
            continue;
        }
        let table = &body[inner.clone()];
        let (Some(lens), Some(count)) = (be_u32(table, 8), be_u32(table, 12)) else { continue };
        let width: usize = if table.first() == Some(&1) { 8 } else { 4 };
        // Time and offset, then three numbers of one to four bytes.
        let numbers: usize = [4, 2, 0].iter().map(|shift| (lens >> shift & 3) as usize + 1).sum();
        let all = table.get(16..).unwrap_or_default().chunks_exact(2 * width + numbers);
        for (index, entry) in all.take(count as usize).enumerate() {
            let within = 16 + index * (2 * width + numbers) + width;
            let offset = if width == 8 { be_u64(entry, 8) } else { be_u32(entry, 4).map(u64::from) };
            let start = at + inner.start as u64 + within as u64;
            if let Some(offset) = offset {
                found.push((start..start + width as u64, offset));
            }
        }
    }
    Ok(())
}
