//! Edits of archives, and archives that no edit may touch.

use std::io::{Cursor, Write as _};

use super::*;
use crate::limits::Limits;

const FORMAT: Format = Format::Ooxml;

fn budget() -> Budget {
    Budget::new(&Limits::default())
}

/// What one part of an archive is made of.
#[derive(Clone, Default)]
struct Row<'a> {
    name: &'a str,
    content: &'a [u8],
    flags: u16,
    extra: &'a [u8],
    disk: u16,
}

fn row<'a>(name: &'a str, content: &'a [u8]) -> Row<'a> {
    Row { name, content, ..Row::default() }
}

/// An archive without compression, with `gap` bytes in front of the second part.
fn archive(rows: &[Row], gap: &[u8], comment: &[u8]) -> Vec<u8> {
    let (mut bytes, mut central) = (Vec::new(), Vec::new());
    for (index, row) in rows.iter().enumerate() {
        if index == 1 {
            bytes.extend(gap);
        }
        let len = u32::try_from(row.content.len()).unwrap().to_le_bytes();
        let crc = crc32fast::hash(row.content).to_le_bytes();
        let [name, extra] = [row.name.len(), row.extra.len()].map(|len| u16::try_from(len).unwrap().to_le_bytes());
        let numbers = [&crc[..], &len, &len].concat();
        let described = row.flags & DESCRIBED != 0;
        let head = |numbers: &[u8]| {
            [&[20, 0], &row.flags.to_le_bytes()[..], &[0, 0, 1, 2, 3, 4], numbers, &name, &extra].concat()
        };
        let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let behind = [&[0, 0], &row.disk.to_le_bytes()[..], &[0; 6], &at].concat();
        central.extend([&CENTRAL[..], &[20, 0], &head(&numbers), &behind, row.name.as_bytes(), row.extra].concat());
        let local = if described { head(&[0; 12]) } else { head(&numbers) };
        bytes.extend([&LOCAL[..], &local, row.name.as_bytes(), row.extra, row.content].concat());
        if described {
            bytes.extend([&DESCRIPTOR[..], &numbers].concat());
        }
    }
    let count = u16::try_from(rows.len()).unwrap().to_le_bytes();
    let [size, start] = [central.len(), bytes.len()].map(|len| u32::try_from(len).unwrap().to_le_bytes());
    let comment_len = u16::try_from(comment.len()).unwrap().to_le_bytes();
    [&bytes[..], &central, END, &[0; 4], &count, &count, &size, &start, &comment_len, comment].concat()
}

fn applied(bytes: &[u8], change: impl FnOnce(&Directory) -> Change) -> Result<Vec<u8>> {
    let mut source = Cursor::new(bytes);
    let directory = directory(&mut source, FORMAT, &mut budget())?;
    let extents = extents(&directory, true, &mut source, FORMAT, &mut budget())?;
    let mut patch = change(&directory).patch(&directory, &extents, &mut source, FORMAT)?;
    let (wrap, echo) = (patch.take_wrap(), patch.take_echo());
    let mut sink = Cursor::new(Vec::new());
    let written = patch.write(FORMAT, &mut source, &mut sink)?;
    if let (Some(slot), Some(wrap), Some(echo)) = (written.slot, wrap, echo) {
        crate::patch::fill(FORMAT, &mut sink, &slot, &wrap(b"store"))?;
        assert_eq!(written.echoes.len(), 2);
        for place in written.echoes {
            crate::patch::fill(FORMAT, &mut sink, &place, &echo(b"store"))?;
        }
    }
    Ok(sink.into_inner())
}

/// Names, contents, and the bytes of each entry with its header.
fn taken_apart(bytes: &[u8]) -> Vec<(String, Vec<u8>, Vec<u8>)> {
    let mut source = Cursor::new(bytes);
    let entries = directory(&mut source, FORMAT, &mut budget()).unwrap().entries;
    let one = |entry: &Entry| {
        let mut source = Cursor::new(bytes);
        let part = entry.read(&mut source, FORMAT, &mut budget()).unwrap().unwrap();
        assert_eq!(crc32fast::hash(&part.bytes), entry.crc, "{}", entry.name);
        let range = entry.extent(&mut source, FORMAT).unwrap().unwrap().range;
        let raw = &bytes[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()];
        (entry.name.clone(), part.bytes, raw.to_vec())
    };
    entries.iter().map(one).collect()
}

#[test]
fn what_is_not_edited_is_copied_with_all_that_belongs_to_it() {
    let rows = [
        row("mimetype", b"a/b"),
        Row { extra: &[7, 0x10, 2, 0, 1, 2], flags: DESCRIBED, ..row("kept.xml", b"<kept/>") },
        row("edited.xml", b"<edited/>"),
        Row { flags: DESCRIBED, ..row("gone.xml", b"<gone/>") },
        row("last.xml", b"<last/>"),
    ];
    let before = archive(&rows, b"", b"a comment");
    let after = applied(&before, |directory| {
        let edits = vec![(0..0, b"<!-- a -->".to_vec()), (1..7, b"new".to_vec()), (9..9, b"\n".to_vec())];
        let edited = directory.entries[2].edited(&edits, &mut Cursor::new(&before), FORMAT, &budget()).unwrap();
        let mut change = Change { slot: Some(("META-INF/x.c2pa", 5)), ..Change::default() };
        change.replaced.insert(2, edited);
        change.removed.insert(3);
        change.added.push(("added.xml".into(), Packed::new(b"<added/>", true).unwrap()));
        change
    })
    .unwrap();
    let (old, new) = (taken_apart(&before), taken_apart(&after));
    let names: Vec<_> = new.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["mimetype", "kept.xml", "edited.xml", "last.xml", "added.xml", "META-INF/x.c2pa"]);
    for (index, same) in [(0, 0), (1, 1), (3, 4)] {
        assert_eq!(new[index], old[same]);
    }
    assert_eq!(new[2].1, b"<!-- a --><new/>\n");
    assert_eq!((new[4].1.as_slice(), new[5].1.as_slice()), (&b"<added/>"[..], &b"store"[..]));
    assert!(after.ends_with(b"a comment"));
    // Edited once more without anything to do, the directory is the same to the byte.
    assert_eq!(applied(&after, |_| Change::default()).unwrap(), after);
}

#[test]
fn edits_over_many_pieces_are_applied_where_they_belong() {
    let content: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let before = archive(&[row("a", &content)], b"", b"");
    let len = content.len() as u64;
    let edits = vec![
        (3..70_000, b"x".to_vec()),
        (70_000..70_000, b"y".to_vec()),
        (len - 1..len, b"z".to_vec()),
        (len..len, b"end".to_vec()),
    ];
    let packed = |method: u16| {
        let mut source = Cursor::new(&before);
        let mut entry = directory(&mut source, FORMAT, &mut budget()).unwrap().entries.remove(0);
        let edited = entry.edited(&edits, &mut source, FORMAT, &budget()).unwrap();
        assert_eq!(method, entry.method);
        entry.crc ^= 1;
        let error = entry.edited(&edits, &mut source, FORMAT, &budget()).err().unwrap();
        assert!(error.to_string().contains("checksum"), "{error}");
        edited
    };
    let after = applied(&before, |_| Change { replaced: [(0, packed(0))].into(), ..Change::default() }).unwrap();
    let wanted = [&content[..3], b"xy", &content[70_000..content.len() - 1], b"zend"].concat();
    assert!(taken_apart(&after)[0].1 == wanted);
}

#[test]
fn archives_that_no_edit_may_touch_are_refused_with_the_place() {
    let two = [row("a", b"1"), row("b", b"2")];
    let with = |change: fn(&mut Row)| {
        let mut rows = two.clone();
        change(&mut rows[1]);
        archive(&rows, b"", b"")
    };
    let plain = archive(&two, b"", b"");
    let patched = |at: usize, with: &[u8]| {
        let mut bytes = plain.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    let end = plain.len() - 22;
    // Both entries point to the first.
    let second = end - 47;
    for (bytes, why) in [
        (with(|row| row.flags = 1), "encrypted"),
        (with(|row| row.flags = 1 << 6), "encrypted"),
        (with(|row| row.disk = 1), "volume"),
        (with(|row| row.name = "../b"), "leads out"),
        (with(|row| row.name = "/b"), "leads out"),
        (with(|row| row.name = "c:b"), "leads out"),
        (with(|row| row.name = "b\\c"), "read differently"),
        (with(|row| row.name = "b//c"), "read differently"),
        (with(|row| row.name = "ж"), "encoding"),
        (with(|row| row.name = "A"), "two parts"),
        (archive(&two, b"hidden", b""), "belong to no part"),
        (patched(second + 42, &[0; 4]), "another name"),
        (patched(end + 10, &[9, 0]), "volume"),
        (patched(end + 8, &[9, 0, 9, 0]), "another number"),
        (patched(end + 12, &[47, 0, 0, 0]), "number"),
    ] {
        let error = applied(&bytes, |_| Change::default()).expect_err(why);
        assert!(error.to_string().contains(why), "{why}: {error}");
    }
    // The same name and bytes for two entries, which differ in the length of the data.
    let shared = [row("a", b"1"), row("b", b"PK")];
    let mut bytes = archive(&shared, b"", b"");
    let first = bytes.len() - 22 - 2 * 47;
    bytes[first + 20..first + 28].copy_from_slice(&[9, 0, 0, 0, 9, 0, 0, 0]);
    let error = applied(&bytes, |_| Change::default()).expect_err("overlapping");
    assert!(matches!(error, Error::Malformed { at: 32, .. }) && error.to_string().contains("share bytes"), "{error}");
}

#[test]
fn quadratic_archives_and_bombs_cost_little() {
    // 60,000 entries over the same bytes: each is refused for its place before anything is unpacked.
    let names: Vec<_> = (0..60_000).map(|number| format!("n{number:05}")).collect();
    let rows: Vec<_> = names.iter().map(|name| row(name, b"")).collect();
    let mut bytes = archive(&rows, b"", b"");
    let start = bytes.len() - 22 - names.len() * 52;
    for index in 0..names.len() {
        bytes[start + index * 52 + 42..start + index * 52 + 46].copy_from_slice(&[0; 4]);
    }
    assert!(applied(&bytes, |_| Change::default()).is_err());
    // What unpacks to more than may be held is a limit, not memory.
    let zeros = vec![0; 8 << 20];
    let bomb = applied(&archive(&[row("a", b"")], b"", b""), |_| Change {
        added: vec![("bomb".into(), Packed::new(&zeros, true).unwrap())],
        ..Change::default()
    })
    .unwrap();
    assert!(bomb.len() < 20_000);
    let mut source = Cursor::new(&bomb);
    let entry = &directory(&mut source, FORMAT, &mut budget()).unwrap().entries[1];
    let limits = Limits { max_decoded_bytes: 1 << 20, ..Limits::default() };
    let error = entry.edited(&Vec::new(), &mut source, FORMAT, &Budget::new(&limits)).err().unwrap();
    assert!(matches!(error, Error::Limit { .. }), "{error}");
}

/// An archive of one deflated part.
fn deflated(name: &str, content: &[u8], claimed: u32) -> Vec<u8> {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(content).unwrap();
    let packed = packed.finish().unwrap();
    let numbers = |extra: &[u8]| {
        let lengths = [crc32fast::hash(content), u32::try_from(packed.len()).unwrap(), claimed];
        let head = [&20u16.to_le_bytes()[..], &[0, 0], &8u16.to_le_bytes(), &[0; 4]].concat();
        let lengths: Vec<u8> = lengths.iter().flat_map(|number| number.to_le_bytes()).collect();
        [&head[..], &lengths, &u16::try_from(name.len()).unwrap().to_le_bytes(), &[0, 0], extra, name.as_bytes()]
            .concat()
    };
    let local = [&LOCAL[..], &numbers(&[]), &packed].concat();
    let central = [&CENTRAL[..], &[20, 0], &numbers(&[0; 14])].concat();
    let end = [
        &END[..],
        &[0; 4],
        &[1, 0, 1, 0],
        &u32::try_from(central.len()).unwrap().to_le_bytes(),
        &u32::try_from(local.len()).unwrap().to_le_bytes(),
        &[0, 0],
    ];
    [local, central, end.concat()].concat()
}

fn read(bytes: &[u8]) -> Result<Result<Vec<u8>, &'static str>> {
    let (mut source, mut budget) = (Cursor::new(bytes), budget());
    let entries = directory(&mut source, Format::Ooxml, &mut budget)?.entries;
    Ok(entries[0].read(&mut source, Format::Ooxml, &mut budget)?.map(|part| part.bytes))
}

#[test]
fn a_part_is_read_and_a_bomb_is_a_limit() {
    let file = deflated("a/b.xml", b"<content/>", 10);
    assert_eq!(read(&file).unwrap().unwrap(), b"<content/>");
    assert_eq!(names(&file).collect::<Vec<_>>(), [b"a/b.xml"]);
    let appended = [&file[..], b"\n"].concat();
    assert!(read(&appended).unwrap().is_ok());
    let bomb = deflated("a/b.xml", &vec![0; 40 << 20], 10);
    assert!(bomb.len() < 100_000 && matches!(read(&bomb), Err(Error::Limit { .. })));
}

#[test]
fn a_part_with_two_names_is_not_read() {
    let mut file = deflated("a/b.xml", b"<content/>", 10);
    file[30] = b'x';
    assert!(read(&file).unwrap().is_err());
    let mut file = deflated("a/b.xml", b"<content/>", 10);
    let len = file.len();
    file[len - 6] = 0xff;
    assert!(matches!(read(&file), Err(Error::Malformed { .. })));
}
