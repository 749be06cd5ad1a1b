use super::*;
use crate::{format::testing, record::Record};

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    riff::chunk(Format::Avi, *id, data).unwrap()
}

fn list(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[kind.to_vec(), parts.concat()].concat())
}

fn riff_of(kind: &[u8; 4], parts: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[kind.to_vec(), parts.concat()].concat())
}

/// Where it stands; it stands once.
fn find(bytes: &[u8], what: &[u8]) -> usize {
    let mut found = memchr::memmem::find_iter(bytes, what);
    let at = found.next().unwrap();
    assert_eq!(found.next(), None, "{what:?}");
    at
}

/// An index of the chunks of one part: where it counts from, and one entry.
fn part_index(base: u64, at: u32) -> Vec<u8> {
    let head = [&[2, 0, 0, 1, 1, 0, 0, 0][..], b"00dc", &base.to_le_bytes(), &[0; 4]].concat();
    chunk(b"ix00", &[&head[..], &at.to_le_bytes(), &16_u32.to_le_bytes()].concat())
}

/// Two parts, as OpenDML has them; every picture is told by its letter.
fn open_dml(first_tail: &[Vec<u8>]) -> Vec<u8> {
    let avih = chunk(b"avih", &[0; 56]);
    let build = |indexes: [u64; 2], bases: [u64; 2]| {
        let entry = |at: u64| [&at.to_le_bytes()[..], &[32, 0, 0, 0, 1, 0, 0, 0]].concat();
        let head = [&[4, 0, 0, 0, 2, 0, 0, 0][..], b"00dc", &[0; 12]].concat();
        let index = chunk(b"indx", &[head, entry(indexes[0]), entry(indexes[1])].concat());
        let movi = |letter: u8, base: u64| list(b"movi", &[chunk(b"00dc", &[letter; 16]), part_index(base, 8)]);
        let mut first = vec![list(b"hdrl", &[avih.clone(), list(b"strl", &[index])]), movi(b'a', bases[0])];
        first.extend_from_slice(first_tail);
        [riff_of(b"AVI ", &first), riff_of(b"AVIX", &[movi(b'b', bases[1])])].concat()
    };
    let bytes = build([0; 2], [0; 2]);
    let at = |letter: u8| find(&bytes, &[letter; 16]) as u64;
    // The base is the head of the picture's chunk; its index follows.
    build([at(b'a') + 16, at(b'b') + 16], [at(b'a') - 8, at(b'b') - 8])
}

/// Follows the index of indexes to each picture.
fn pictures(bytes: &[u8]) -> Vec<u8> {
    let index = find(bytes, b"indx") + 8;
    let number = |at: usize| usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())).unwrap();
    let letters = (0..2).map(|entry| {
        let part = number(index + 24 + entry * 16);
        assert_eq!(&bytes[part..part + 4], b"ix00");
        let offset = u32::from_le_bytes(bytes[part + 32..part + 36].try_into().unwrap());
        bytes[number(part + 20) + offset as usize]
    });
    letters.collect()
}

#[test]
fn indexes_of_further_parts_move_with_them() {
    let record = Record { aigc: true, ..Record::example() };
    let info = list(b"INFO", &[chunk(b"INAM", b"Steppe\0")]);
    let old = [chunk(b"AIGC", b"{}"), chunk(b"C2PA", &[7; 301])];
    for tail in [&[][..], &[chunk(b"idx1", &[0; 32])], &[info, old[0].clone(), old[1].clone()]] {
        let original = open_dml(tail);
        assert_eq!(pictures(&original), b"ab");
        let store = vec![9; 1001];
        let (labelled, _) = testing::mark(&Avi, &original, None, Some(&record), Some(&store)).unwrap();
        assert_eq!(pictures(&labelled), b"ab");
        let survey = testing::survey(&Avi, &labelled).unwrap();
        assert!(survey.stores.len() == 1 && survey.stores[0].jumbf == store && survey.trailer.is_none());
        assert_eq!(survey.xmp.len(), 1);
        assert_eq!(survey.texts.iter().filter(|text| text.key == "AIGC").count(), 1, "{:?}", survey.texts);
        assert!(survey.texts.iter().any(|text| text.key == "Comment" && text.value == record.alt_text));
        // Twice is once.
        let (again, _) = testing::mark(&Avi, &labelled, None, Some(&record), Some(&store)).unwrap();
        assert_eq!(again.len(), labelled.len());
    }
}

#[test]
fn what_stands_before_the_pictures_keeps_its_length() {
    let movi = list(b"movi", &[chunk(b"00dc", &[b'a'; 16])]);
    let before = [
        list(b"hdrl", &[chunk(b"avih", &[0; 56])]),
        list(b"INFO", &[chunk(b"AIGC", b"{\"Label\":\"1\"}"), chunk(b"ICMT", b"somebody's\0")]),
        chunk(b"_PMX", b"<x/>"),
        chunk(b"C2PA", &[7; 300]),
    ];
    let original = riff_of(b"AVI ", &[before.concat(), movi]);
    let record = Record { aigc: true, ..Record::example() };
    // XMP that cannot be read is not overwritten.
    assert!(testing::mark(&Avi, &original, None, Some(&record), None).is_err());
    let mut original = original;
    let at = find(&original, b"_PMX");
    original[at..at + 4].copy_from_slice(b"zzzz");
    let (labelled, _) = testing::mark(&Avi, &original, None, Some(&record), Some(&[9; 100])).unwrap();
    assert_eq!(find(&labelled, b"movi"), find(&original, b"movi"));
    let survey = testing::survey(&Avi, &labelled).unwrap();
    assert_eq!(survey.stores.iter().map(|store| store.jumbf.len()).collect::<Vec<_>>(), [100]);
    assert_eq!(survey.texts.iter().filter(|text| text.key == "AIGC").count(), 1);
    let comments: Vec<_> = survey.texts.iter().filter(|text| text.key == "Comment").collect();
    assert!(comments.len() == 1 && comments[0].value == "somebody's");
    assert!(!labelled.windows(20).any(|window| window == [7; 20]), "the old store is gone");
}

#[test]
fn what_is_cut_off_is_refused_and_a_length_that_was_never_written_is() {
    let original = riff_of(b"AVI ", &[list(b"hdrl", &[chunk(b"avih", &[0; 56])]), list(b"movi", &[vec![1; 64]])]);
    let cut = testing::mark(&Avi, &original[..original.len() - 10], None, None, Some(&[9; 100])).err().unwrap();
    assert!(matches!(&cut, Error::Malformed { why, .. } if why.contains("cut off")), "{cut}");
    let mut live = original;
    live[4..8].fill(0);
    let at = find(&live, b"movi") - 4;
    live[at..at + 4].fill(0xFF);
    let (labelled, _) = testing::mark(&Avi, &live, None, None, Some(&[9; 100])).unwrap();
    assert_eq!(u32::from_le_bytes(labelled[4..8].try_into().unwrap()) as usize, labelled.len() - 8);
    assert_eq!(testing::survey(&Avi, &labelled).unwrap().stores.len(), 1);
    let none = riff_of(b"AVI ", &[list(b"hdrl", &[chunk(b"avih", &[0; 56])])]);
    assert!(testing::mark(&Avi, &none, None, None, None).is_err());
}
