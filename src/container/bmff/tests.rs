//! The editor on real files: what is stored where is found again, byte for byte.

use std::io::Cursor;

use super::*;
use crate::{format::testing::corpus, limits::Limits};

const FILES: [&str; 3] = ["unlabelled/sample1.avif", "unlabelled/sample1.heic", "unlabelled/sample1.heif"];

fn budget() -> Budget {
    Budget::new(&Limits::default())
}

fn layout(bytes: &[u8]) -> Result<Layout> {
    Layout::read(&mut Cursor::new(bytes), Format::Heif, &mut budget())
}

fn items(bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let layout = layout(bytes).unwrap();
    let items = layout.meta.iter().flat_map(|meta| &meta.items);
    let data = items
        .filter_map(|item| Some((item.id, layout.item_data(item, &mut Cursor::new(bytes), &mut budget()).unwrap()?)));
    data.collect()
}

fn edit(bytes: &[u8], change: impl FnOnce(&mut Editor)) -> Vec<u8> {
    let layout = layout(bytes).unwrap();
    let mut editor = Editor::new(&layout);
    change(&mut editor);
    let mut source = Cursor::new(bytes);
    let mut patch = editor.finish(&mut source, &mut budget()).unwrap();
    let wrap = patch.take_wrap();
    let mut sink = Cursor::new(Vec::new());
    let slot = patch.write(Format::Heif, &mut source, &mut sink).unwrap().slot;
    if let (Some(wrap), Some(slot)) = (wrap, slot) {
        crate::patch::fill(
            Format::Heif,
            &mut sink,
            &slot,
            &wrap(&vec![7; slot.end as usize - slot.start as usize - 45]),
        )
        .unwrap();
    }
    sink.into_inner()
}

#[test]
fn items_keep_their_bytes_when_a_store_and_items_are_added() {
    for file in FILES {
        let Some(bytes) = corpus(file) else { return };
        let before = items(&bytes);
        assert!(!before.is_empty());
        let marked = edit(&bytes, |editor| {
            editor.store(Some(1234)).unwrap();
            editor.describe_primary(b"mime", Some("application/rdf+xml"), vec![b'x'; 321]).unwrap();
            editor.describe_primary(b"Exif", None, vec![b'e'; 99]).unwrap();
        });
        let after = items(&marked);
        assert_eq!(after[..before.len()], before, "{file}");
        let added: Vec<_> = after[before.len()..].iter().map(|(_, data)| data.clone()).collect();
        assert_eq!(added, [vec![b'x'; 321], vec![b'e'; 99]]);
        let found = layout(&marked).unwrap();
        let stores = found.stores(&mut Cursor::new(&marked), &mut budget()).unwrap();
        assert_eq!(stores[0].jumbf, vec![7; 1234]);
        assert_eq!(stores[0].range.start, found.boxes[0].range.end);
        // Taking it all back leaves the items as they were; a second label replaces the first.
        let again = edit(&marked, |editor| {
            editor.store(Some(10)).unwrap();
            editor.set_data(after[before.len()].0, vec![b'y'; 5000]);
        });
        let last = items(&again);
        assert_eq!(last[..before.len()], before, "{file}");
        assert_eq!(last[before.len()].1, vec![b'y'; 5000]);
        assert_eq!(last[before.len() + 1].1, vec![b'e'; 99]);
        let found = layout(&again).unwrap();
        assert_eq!(found.stores(&mut Cursor::new(&again), &mut budget()).unwrap().len(), 1);
        // Replaced in place: the file is as long as its parts.
        assert!(again.len() < marked.len() + 5000);
    }
}

#[test]
fn the_hash_bound_part_of_a_file_is_all_but_the_store() {
    let Some(bytes) = corpus(FILES[0]) else { return };
    let marked = edit(&bytes, |editor| editor.store(Some(500)).unwrap());
    let bare = edit(&marked, |editor| editor.store(None).unwrap());
    // Offsets were rewritten in another form at most: the same items, the same other boxes.
    assert_eq!(items(&bare), items(&bytes));
    let kinds = |bytes: &[u8]| layout(bytes).unwrap().boxes.iter().map(|head| head.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&bare), kinds(&bytes));
}

/// Sizes and counts that lie, cut files, flipped bits: an answer or an error, nothing else.
#[test]
fn damaged_files_neither_panic_nor_hang() {
    let Some(bytes) = corpus(FILES[2]) else { return };
    // The structures with a little of the data: offsets then point past the end, too.
    let small = edit(&bytes, |editor| {
        editor.store(Some(64)).unwrap();
        editor.describe_primary(b"mime", Some("application/rdf+xml"), vec![b'x'; 64]).unwrap();
    });
    let head = 1200.min(small.len());
    let mut cases = 0;
    let mut check = |bytes: &[u8]| {
        cases += 1;
        let mut source = Cursor::new(bytes);
        let Ok(found) = layout(bytes) else { return };
        let _ = found.stores(&mut source, &mut budget());
        for item in found.meta.iter().flat_map(|meta| &meta.items) {
            let _ = found.item_data(item, &mut source, &mut budget());
        }
        let mut editor = Editor::new(&found);
        let _ = editor.store(Some(8));
        let _ = editor.describe_primary(b"Exif", None, vec![0; 8]);
        if let Some(id) = found.meta.as_ref().and_then(|meta| meta.primary) {
            editor.set_data(id, vec![1; 9]);
            editor.set_property(&[id], 1, vec![0, 0, 0, 8, b'f', b'r', b'e', b'e']);
        }
        if let Ok(mut patch) = editor.finish(&mut source, &mut budget()) {
            patch.take_wrap();
            patch.write(Format::Heif, &mut source, &mut Cursor::new(Vec::new())).unwrap();
        }
    };
    // A short media box in place of the long one keeps each case cheap.
    let heads = layout(&small).unwrap().boxes;
    let mdat = heads.iter().find(|head| head.is(b"mdat")).unwrap();
    let mut short = small[..mdat.body.start as usize].to_vec();
    let at = mdat.range.start as usize;
    short[at..at + 4].copy_from_slice(&(300_008_u32).to_be_bytes());
    short.resize(mdat.body.start as usize + 300_000, 5);
    for end in 0..head {
        check(&short[..end]);
        let mut bent = short.clone();
        bent[end] ^= 1 << (end % 8);
        check(&bent);
        bent[end] = 0xFF;
        check(&bent);
        if end % 4 == 0 {
            bent[end..end + 4].copy_from_slice(&0_u32.to_be_bytes());
            check(&bent);
        }
    }
    assert!(cases > 3000, "{cases}");
}
