//! The record among the tags of the movie box: entries with a name of their own in a list of iTunes', numbered ones in a list of
//! QuickTime's keys.

use std::ops::Range;

use crate::{
    Format, Result,
    container::bmff::{Part, film, sized, slice_boxes},
    format::Survey,
    limits::Budget,
    record::{self, Record},
    stream::be_u32,
};

/// The space of names that every program reads.
const SPACE: &[u8] = b"com.apple.iTunes";

/// Puts the record into the movie box, exactly once, and returns it as it is to stand in XMP. China's label stands in one place only:
/// in XMP where there is one already or where no list takes it, and in the list else, as TC260's guides say (`moov/udta/meta`, a key
/// `AIGC`).
pub(in crate::format) fn put(
    moov: &mut Vec<u8>,
    at: u64,
    survey: &Survey,
    record: Option<&Record>,
    format: Format,
    budget: &mut Budget,
) -> Result<Option<Record>> {
    let Some(record) = record else { return Ok(None) };
    let in_xmp = survey.xmp.first().is_some_and(|xmp| memchr::memmem::find(&xmp.bytes, b"AIGC").is_some());
    let mut tags = Tags { record, format, at, edits: Vec::new(), budget };
    let listed = tags.find(moov, &record::fields(&Record { aigc: record.aigc && !in_xmp, ..record.clone() }))?;
    tags.apply(moov);
    Ok(Some(Record { aigc: record.aigc && (in_xmp || !listed), ..record.clone() }))
}

/// Bytes of the movie box that become others, and the starts of the boxes around them, which grow.
struct Edit {
    range: Range<usize>,
    bytes: Vec<u8>,
    holders: Vec<usize>,
}

/// A list of tags in a `meta` box.
struct List {
    /// QuickTime's: entries are numbered, and their names stand in a box `keys`.
    keyed: bool,
    parts: Vec<Part>,
    /// Where boxes end in it.
    end: usize,
    holders: Vec<usize>,
}

/// Field names and texts.
type Fields = [(&'static str, String)];

/// Finds what is to be edited: the box is long, and a change in place needs no second one.
struct Tags<'a> {
    record: &'a Record,
    format: Format,
    at: u64,
    edits: Vec<Edit>,
    budget: &'a mut Budget,
}

impl Tags<'_> {
    /// Whether there is a list that takes the fields.
    fn find(&mut self, moov: &[u8], fields: &Fields) -> Result<bool> {
        let Some(movie) = self.parts(moov, 0..moov.len(), 0)?.into_iter().find(|part| part.kind == *b"moov") else {
            return Ok(false);
        };
        let boxes = self.parts(moov, movie.body.clone(), 1)?;
        let end = boxes.last().map_or(movie.body.start, |last| last.range.end);
        let find = |boxes: &[Part], kind: &[u8; 4]| boxes.iter().find(|part| part.kind == *kind).cloned();
        let outer = match find(&boxes, b"meta") {
            Some(meta) => self.list(moov, &meta, vec![movie.range.start])?,
            None => None,
        };
        let Some(data) = find(&boxes, b"udta") else {
            if let Some(outer) = outer {
                return self.refill(moov, &outer, fields).map(|()| true);
            }
            self.edit(end..end, sized(b"udta", &new_list(fields)), &[movie.range.start]);
            return Ok(true);
        };
        let inner = self.parts(moov, data.body.clone(), 2)?;
        let holders = vec![movie.range.start, data.range.start];
        if self.record.aigc {
            // Some writers put China's label into a box of its own.
            let alone = inner.iter().filter(|part| part.kind == *b"AIGC");
            alone.for_each(|part| self.edit(part.range.clone(), Vec::new(), &holders));
        }
        let meta = find(&inner, b"meta");
        let list = match &meta {
            Some(meta) => self.list(moov, meta, holders.clone())?,
            None => None,
        };
        match (list, outer) {
            (Some(list), outer) => {
                self.refill(moov, &list, fields)?;
                outer.map_or(Ok(()), |outer| self.refill(moov, &outer, &[]))?;
            }
            (None, Some(outer)) => self.refill(moov, &outer, fields)?,
            (None, None) if meta.is_none() => {
                let end = inner.last().map_or(data.body.start, |last| last.range.end);
                self.edit(end..end, new_list(fields), &holders);
            }
            // Somebody's own metadata, and a second box of this kind is not allowed.
            (None, None) => return Ok(false),
        }
        Ok(true)
    }

    /// Boxes in a part of the movie box, with their places in it.
    fn parts(&mut self, moov: &[u8], within: Range<usize>, depth: u32) -> Result<Vec<Part>> {
        let start = within.start;
        let boxes = moov.get(within).unwrap_or_default();
        let mut parts = slice_boxes(boxes, self.at + start as u64, self.format, depth, self.budget)?;
        for part in &mut parts {
            for range in [&mut part.range, &mut part.body] {
                *range = range.start + start..range.end + start;
            }
        }
        Ok(parts)
    }

    fn edit(&mut self, range: Range<usize>, bytes: Vec<u8>, holders: &[usize]) {
        self.edits.push(Edit { range, bytes, holders: holders.to_vec() });
    }

    /// The list of this box; `None` for metadata of other kinds.
    fn list(&mut self, moov: &[u8], meta: &Part, mut holders: Vec<usize>) -> Result<Option<List>> {
        let body = &moov[meta.body.clone()];
        // QuickTime's box has neither version nor flags.
        let head = if body.get(4..8) == Some(b"hdlr") { 0 } else { 4 };
        if body.len() < head {
            return Ok(None);
        }
        let start = meta.body.start + head;
        let parts = self.parts(moov, start..meta.body.end, 3)?;
        let handler =
            parts.iter().find(|part| part.kind == *b"hdlr").and_then(|part| moov[part.body.clone()].get(8..12));
        let keyed = match handler {
            Some(b"mdta") => true,
            Some(b"mdir") => false,
            _ => return Ok(None),
        };
        holders.push(meta.range.start);
        Ok(Some(List { keyed, end: parts.last().map_or(start, |last| last.range.end), parts, holders }))
    }

    /// Takes what is ours out of a list, and puts the fields into it.
    fn refill(&mut self, moov: &[u8], list: &List, fields: &Fields) -> Result<()> {
        let find = |kind: &[u8; 4]| list.parts.iter().find(|part| part.kind == *kind);
        let (keys, entries) = (find(b"keys"), find(b"ilst"));
        let mut names = Vec::new();
        if let (true, Some(keys)) = (list.keyed, keys) {
            names = film::keys(&moov[keys.body.clone()]);
        }
        let old = names.len();
        let mut new = Vec::new();
        for (name, text) in fields {
            if !list.keyed {
                new.extend(entry(name, text));
                continue;
            }
            let index = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push((*name).to_owned());
                names.len() - 1
            });
            let number = u32::try_from(index + 1).unwrap_or(0).to_be_bytes();
            new.extend(sized(&number, &value(text)));
        }
        let added: Vec<u8> = names[old..].iter().flat_map(|name| key(name)).collect();
        if !added.is_empty() {
            let count = u32::try_from(names.len()).unwrap_or(0).to_be_bytes();
            match keys {
                Some(keys) if keys.body.len() >= 8 => {
                    let holders = [&list.holders[..], &[keys.range.start]].concat();
                    let start = keys.body.start;
                    self.edit(start + 4..start + 8, count.to_vec(), &holders);
                    // What cannot be read behind them is no entry.
                    let next = |at: usize| Some(at + usize::try_from(be_u32(moov, at)?).ok()?);
                    let end = (0..old).try_fold(start + 8, |at, _| next(at)).unwrap_or(keys.body.end);
                    self.edit(end..keys.body.end, added, &holders);
                }
                _ => self.edit(
                    list.end..list.end,
                    sized(b"keys", &[&[0; 4][..], &count, &added].concat()),
                    &list.holders,
                ),
            }
        }
        let Some(entries) = entries else {
            if !new.is_empty() {
                self.edit(list.end..list.end, sized(b"ilst", &new), &list.holders);
            }
            return Ok(());
        };
        let holders = [&list.holders[..], &[entries.range.start]].concat();
        let items = self.parts(moov, entries.body.clone(), 4)?;
        let end = items.last().map_or(entries.body.start, |last| last.range.end);
        for item in items {
            if self.name(moov, &item, &names)?.is_some_and(|name| record::replaces(&name, self.record)) {
                self.edit(item.range, Vec::new(), &holders);
            }
        }
        self.edit(end..end, new, &holders);
        Ok(())
    }

    /// The name of an entry, where it has one of its own.
    fn name(&mut self, moov: &[u8], item: &Part, names: &[String]) -> Result<Option<String>> {
        if item.kind != *b"----" {
            let index = usize::try_from(u32::from_be_bytes(item.kind)).unwrap_or(0).checked_sub(1);
            // China's label is known by its four letters as well.
            let letters = (item.kind == *b"AIGC").then(|| "AIGC".to_owned());
            return Ok(index.and_then(|index| names.get(index)).cloned().or(letters));
        }
        let inner = self.parts(moov, item.body.clone(), 5)?;
        let name = inner.iter().find(|inner| inner.kind == *b"name");
        Ok(name.map(|name| film::text(moov[name.body.clone()].get(4..).unwrap_or_default())))
    }

    /// Makes the edits, from the last to the first, after the lengths of what is around them.
    fn apply(mut self, moov: &mut Vec<u8>) {
        let more = |edit: &Edit| edit.bytes.len() as i64 - edit.range.len() as i64;
        for edit in &self.edits {
            for &start in &edit.holders {
                lengthened(moov, start, more(edit));
            }
        }
        moov.reserve_exact(self.edits.iter().map(|edit| edit.bytes.len()).sum());
        // What is put before a part is made after what takes the part out.
        self.edits.sort_by_key(|edit| (edit.range.start, edit.range.end));
        for Edit { range, bytes, .. } in self.edits.into_iter().rev() {
            moov.splice(range, bytes);
        }
    }
}

/// Changes the length of a box; one that is open-ended says none.
fn lengthened(moov: &mut [u8], start: usize, more: i64) {
    let Some(short) = be_u32(moov, start) else { return };
    let (at, len) = match short {
        0 => return,
        1 => (start + 8, 8),
        _ => (start, 4),
    };
    let Some(field) = moov.get_mut(at..at + len) else { return };
    // Boxes in memory are shorter than what 32 bits can say.
    let old = field.iter().fold(0_u64, |old, &byte| old << 8 | u64::from(byte));
    let new = old.saturating_add_signed(more).to_be_bytes();
    field.copy_from_slice(&new[8 - len..]);
}

/// A new list in a `meta` box: of keys where China's label is among the fields, whose readers look for it there, else of iTunes' kind,
/// which more programs show.
fn new_list(fields: &Fields) -> Vec<u8> {
    let keyed = fields.iter().any(|(name, _)| *name == "AIGC");
    let kind: &[u8] = if keyed { b"mdta" } else { b"mdirappl" };
    let handler = sized(b"hdlr", &[&[0; 8][..], kind, &vec![0; 17 - kind.len()]].concat());
    let list = if keyed {
        let count = u32::try_from(fields.len()).unwrap_or(0).to_be_bytes();
        let names: Vec<u8> = fields.iter().flat_map(|(name, _)| key(name)).collect();
        let values = (1_u32..).zip(fields).flat_map(|(number, (_, text))| sized(&number.to_be_bytes(), &value(text)));
        let entries = sized(b"ilst", &values.collect::<Vec<_>>());
        [sized(b"keys", &[&[0; 4][..], &count, &names].concat()), entries].concat()
    } else {
        sized(b"ilst", &fields.iter().flat_map(|(name, text)| entry(name, text)).collect::<Vec<_>>())
    };
    sized(b"meta", &[&[0; 4][..], &handler, &list].concat())
}

/// A name in a box `keys`.
fn key(name: &str) -> Vec<u8> {
    sized(b"mdta", name.as_bytes())
}

/// UTF-8, no country or language.
fn value(text: &str) -> Vec<u8> {
    sized(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0], text.as_bytes()].concat())
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
    let [mean, name] =
        [(b"mean", SPACE), (b"name", name.as_bytes())].map(|(kind, text)| sized(kind, &[&[0; 4], text].concat()));
    sized(b"----", &[mean, name, value(text)].concat())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::Limits;

    fn handler(kind: &[u8]) -> Vec<u8> {
        sized(b"hdlr", &[&[0; 8][..], kind, &[0; 13]].concat())
    }

    fn budget() -> Budget {
        Budget::new(&Limits::default())
    }

    /// The survey of a film that is a movie box.
    fn survey(moov: &[u8]) -> Survey {
        let film = [&sized(b"ftyp", b"isom\0\0\0\0"), moov].concat();
        Format::Mp4.handler().survey(&mut Cursor::new(film), &mut budget()).unwrap()
    }

    /// Names and texts of those fields that are called so.
    fn named(survey: &Survey, name: &str) -> Vec<String> {
        survey.texts.iter().filter(|text| text.key == name).map(|text| text.value.clone()).collect()
    }

    #[test]
    fn lists_of_each_kind_take_the_record_once() {
        let full = |boxes: &[Vec<u8>]| sized(b"meta", &[&[0; 4][..], &boxes.concat()].concat());
        let title = sized(b"\xA9nam", &value("a title"));
        let itunes = full(&[handler(b"mdir"), sized(b"ilst", &title)]);
        let keys =
            sized(b"keys", &[&[0, 0, 0, 0, 0, 0, 0, 2][..], &key("com.apple.quicktime.make"), &key("AIGC")].concat());
        let entry = |number: u32, text: &str| sized(&number.to_be_bytes(), &value(text));
        let entries = sized(b"ilst", &[entry(1, "Kamera"), entry(2, "{\"Label\":\"3\"}")].concat());
        let apple = full(&[handler(b"mdta"), keys.clone(), entries.clone()]);
        let bare = sized(b"meta", &[handler(b"mdta"), keys, entries].concat());
        let other = full(&[handler(b"ID32")]);
        let old = sized(b"AIGC", b"{\"Label\":\"3\"}");
        let track = sized(b"trak", &[7; 0]);
        let cases = [
            ("nothing", vec![track.clone()], true),
            ("user data", vec![track.clone(), sized(b"udta", &old)], true),
            ("QuickTime's end of a list", vec![sized(b"udta", &[&old[..], &[0; 4]].concat())], true),
            ("a list of iTunes'", vec![sized(b"udta", &[itunes.clone(), old.clone()].concat()), track.clone()], true),
            ("a list of keys", vec![sized(b"udta", &apple), track.clone()], true),
            ("keys in the movie box", vec![bare.clone(), track.clone()], true),
            ("two lists", vec![bare, sized(b"udta", &itunes), track.clone()], true),
            ("another kind", vec![sized(b"udta", &other), track], false),
        ];
        for (what, boxes, listed) in cases {
            let mut moov = sized(b"moov", &boxes.concat());
            for aigc in [true, true, false] {
                let before = survey(&moov);
                let record = Record { aigc, ..Record::example() };
                let xmp = put(&mut moov, 0, &before, Some(&record), Format::Mp4, &mut budget()).unwrap().unwrap();
                assert_eq!(xmp.aigc, aigc && !listed, "{what}");
                let after = survey(&moov);
                assert!(after.unread.is_empty(), "{what}: {:?}", after.unread);
                let labels = named(&after, "AIGC");
                // One that we do not write is kept.
                if listed {
                    assert_eq!(labels, [record::aigc_json(&record)], "{what}");
                }
                assert_eq!(named(&after, "AISystemUsed").len(), usize::from(listed), "{what}");
                for kept in ["Title", "make"] {
                    assert_eq!(named(&before, kept), named(&after, kept), "{what}");
                }
            }
        }
    }

    #[test]
    fn a_label_that_stands_in_xmp_stays_there() {
        let mut moov = sized(b"moov", &[]);
        let record = Record { aigc: true, ..Record::example() };
        let mut film = survey(&moov);
        let packet = record::merge(None, &record, &mut budget()).unwrap();
        film.xmp.push(crate::format::Block { range: 0..0, bytes: packet, place: String::new() });
        assert!(put(&mut moov, 0, &film, Some(&record), Format::Mp4, &mut budget()).unwrap().unwrap().aigc);
        assert!(named(&survey(&moov), "AIGC").is_empty() && named(&survey(&moov), "AISystemUsed").len() == 1);
    }

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
