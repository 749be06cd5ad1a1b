//! The record among the tags of iTunes: entries with a name of their own in `moov/udta/meta/ilst`.

use crate::{
    Format, Result,
    container::bmff::{Part, film, sized, slice_boxes},
    limits::Budget,
    record::{self, Record},
};

/// The space of names that every program reads.
const SPACE: &[u8] = b"com.apple.iTunes";

/// The movie box with the record in it, exactly once. A list of QuickTime's kind, whose names stand elsewhere, is left alone: the record
/// stands in XMP as well.
pub(in crate::format) fn tagged(
    moov: &[u8],
    at: u64,
    record: Option<&Record>,
    format: Format,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let Some(record) = record else { return Ok(moov.to_vec()) };
    // China's label stands in XMP, and one is allowed.
    let fields = record::fields(&Record { aigc: false, ..record.clone() });
    let entries: Vec<u8> = fields.iter().flat_map(|(name, text)| entry(name, text)).collect();
    let list = |old: &[u8]| sized(b"ilst", &[old, &entries].concat());
    let handler = sized(b"hdlr", &[&[0; 8][..], b"mdirappl", &[0; 9]].concat());
    let meta = |old: &[u8], list: &[u8]| sized(b"meta", &[old, list].concat());
    let new_meta = || meta(&[&[0; 4][..], &handler].concat(), &list(&[]));
    let mut path = Nested { format, at, budget };
    path.replaced(moov, b"moov", 0, &mut |path, moov| {
        path.or_added(moov, b"udta", 1, &|| sized(b"udta", &new_meta()), &mut |path, udta| {
            path.or_added(udta, b"meta", 2, &new_meta, &mut |path, body| {
                // QuickTime's has neither version nor flags; its names stand in a box of their own.
                let Some((head, boxes)) = body.split_at_checked(4).filter(|(head, _)| *head == [0; 4]) else {
                    return Ok(body.to_vec());
                };
                let kind = slice_boxes(boxes, path.at, path.format, 3, path.budget)?;
                let is_itunes =
                    |part: &Part| part.kind == *b"hdlr" && boxes[part.body.clone()].get(8..12) == Some(b"mdir");
                if !kind.iter().any(is_itunes) {
                    return Ok(body.to_vec());
                }
                let boxes = path.or_added(boxes, b"ilst", 3, &|| list(&[]), &mut |path, old| {
                    Ok([kept(old, record, path)?, entries.clone()].concat())
                })?;
                Ok([head, &boxes].concat())
            })
        })
    })
}

/// iTunes' own note of where the sound starts and how long it is, by which Apple's players cut the end off: four numbers in hexadecimal,
/// of which the second is the delay at the start and the fourth the length. `samples` are put in front.
pub(in crate::format) fn lengthen(moov: &mut [u8], samples: u64) {
    const PRIMING: u64 = super::BLOCK;
    let Some(at) = memchr::memmem::find(moov, b"iTunSMPB") else { return };
    let Some(data) = memchr::memmem::find(&moov[at..moov.len().min(at + 64)], b"data") else { return };
    // Kind and locale stand before the text, and a blank begins it.
    let start = at + data + 12;
    let number = |from: usize, to: usize| {
        let text = std::str::from_utf8(moov.get(start + from..start + to)?).ok()?;
        u64::from_str_radix(text, 16).ok()
    };
    let (Some(delay), Some(len)) = (number(10, 18), number(28, 44)) else { return };
    // What was left out at the start is heard now, as silence; the notice's own start is left out instead.
    let Some(len) = len.checked_add(samples).and_then(|len| (len + delay).checked_sub(PRIMING)) else { return };
    moov[start + 10..start + 18].copy_from_slice(format!("{PRIMING:08X}").as_bytes());
    moov[start + 28..start + 44].copy_from_slice(format!("{len:016X}").as_bytes());
}

fn entry(name: &str, text: &str) -> Vec<u8> {
    // UTF-8, no country or language.
    let data = sized(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], text.as_bytes()].concat());
    let [mean, name] =
        [(b"mean", SPACE), (b"name", name.as_bytes())].map(|(kind, text)| sized(kind, &[&[0; 4], text].concat()));
    sized(b"----", &[mean, name, data].concat())
}

/// The entries that are not ours.
fn kept(list: &[u8], record: &Record, path: &mut Nested) -> Result<Vec<u8>> {
    let mut kept = Vec::new();
    for part in slice_boxes(list, path.at, path.format, 4, path.budget)? {
        let body = &list[part.body.clone()];
        let is_name = |inner: &&Part| inner.kind == *b"name";
        let inner =
            if part.kind == *b"----" { slice_boxes(body, path.at, path.format, 5, path.budget)? } else { Vec::new() };
        let name =
            inner.iter().find(is_name).map(|name| film::text(body[name.body.clone()].get(4..).unwrap_or_default()));
        if !name.is_some_and(|name| record::replaces(&name, record)) {
            kept.extend_from_slice(&list[part.range.clone()]);
        }
    }
    Ok(kept)
}

/// Goes down among boxes that are in memory.
struct Nested<'a> {
    format: Format,
    at: u64,
    budget: &'a mut Budget,
}

/// Makes the new content of a box.
type Make<'a> = dyn FnMut(&mut Nested, &[u8]) -> Result<Vec<u8>> + 'a;

impl Nested<'_> {
    /// `boxes` with the content of the first box of this kind replaced.
    fn replaced(&mut self, boxes: &[u8], kind: &[u8; 4], depth: u32, make: &mut Make) -> Result<Vec<u8>> {
        self.or_added(boxes, kind, depth, &Vec::new, make)
    }

    /// The same, with `new` behind the others where there is none.
    fn or_added(
        &mut self,
        boxes: &[u8],
        kind: &[u8; 4],
        depth: u32,
        new: &dyn Fn() -> Vec<u8>,
        make: &mut Make,
    ) -> Result<Vec<u8>> {
        let parts = slice_boxes(boxes, self.at, self.format, depth, self.budget)?;
        let end = parts.last().map_or(0, |last| last.range.end);
        match parts.into_iter().find(|part| part.kind == *kind) {
            Some(part) => {
                let content = make(self, &boxes[part.body.clone()])?;
                Ok([&boxes[..part.range.start], &sized(kind, &content), &boxes[part.range.end..]].concat())
            }
            None => Ok([&boxes[..end], &new(), &boxes[end..]].concat()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn itunes_note_of_the_length_counts_the_notice() {
        let text = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000";
        let data = sized(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], text.as_bytes()].concat());
        let name = sized(b"name", b"\0\0\0\0iTunSMPB");
        let mut moov = [name, data].concat();
        lengthen(&mut moov, 10_240);
        let said = String::from_utf8_lossy(&moov[moov.len() - text.len()..]).into_owned();
        // 0x3F31F6 + 10,240 + 0x840 − 1,024.
        assert_eq!(said, " 00000000 00000400 000001CA 00000000003F5E36 00000000 00000000");
        let mut short = b"iTunSMPBdata".to_vec();
        lengthen(&mut short, 1);
        assert_eq!(short, b"iTunSMPBdata");
    }
}
