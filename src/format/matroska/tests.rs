use super::*;
use crate::{container::ebml, format::testing, limits::Limits, record::Record};

const SEEK_HEAD: u32 = 0x114D_9B74;
const SEEK: u32 = 0x4DBB;
const SEEK_ID: u32 = 0x53AB;
const SEEK_POSITION: u32 = 0x53AC;

fn children(bytes: &[u8], range: Range<u64>) -> Vec<Element> {
    let (mut found, mut at) = (Vec::new(), range.start);
    let budget = &mut Budget::new(&Limits::default());
    while at < range.end {
        let head = element(&mut std::io::Cursor::new(bytes), Format::Matroska, at, range.end, budget).unwrap().unwrap();
        at = head.data.end;
        found.push(head);
    }
    found
}

fn part(bytes: &[u8], head: &Element) -> Vec<u8> {
    bytes[head.data.start as usize..head.data.end as usize].to_vec()
}

/// What the seek head points at, and whether that is there.
fn pointed(bytes: &[u8]) -> Vec<u32> {
    let top = children(bytes, 0..bytes.len() as u64);
    let segment = top.iter().find(|head| head.id == SEGMENT).unwrap();
    let mut found = Vec::new();
    for head in children(bytes, segment.data.clone()).into_iter().filter(|head| head.id == SEEK_HEAD) {
        for seek in children(bytes, head.data).into_iter().filter(|seek| seek.id == SEEK) {
            let number = |id: u32| {
                let parts = children(bytes, seek.data.clone());
                part(bytes, parts.iter().find(|part| part.id == id).unwrap())
                    .iter()
                    .fold(0_u64, |value, &byte| value << 8 | u64::from(byte))
            };
            let (id, at) = (number(SEEK_ID), number(SEEK_POSITION) + segment.data.start);
            let wanted = ebml::identifier(u32::try_from(id).unwrap());
            assert!(bytes[at as usize..].starts_with(&wanted), "{id:X} is not at byte {at}");
            found.push(u32::try_from(id).unwrap());
        }
    }
    found
}

fn segment(bytes: &[u8]) -> Element {
    children(bytes, 0..bytes.len() as u64).into_iter().find(|head| head.id == SEGMENT).unwrap()
}

fn seek(id: u32, at: u16) -> Vec<u8> {
    let parts = [ebml::whole(SEEK_ID, &ebml::identifier(id)), ebml::whole(SEEK_POSITION, &at.to_be_bytes())];
    ebml::whole(SEEK, &parts.concat())
}

fn simple(name: &str, text: &str) -> Vec<u8> {
    let parts = [ebml::whole(TAG_NAME, name.as_bytes()), ebml::whole(TAG_STRING, text.as_bytes())];
    ebml::whole(SIMPLE_TAG, &parts.concat())
}

/// A head that points at what follows, room of `room` bytes, tags before the cluster, a cluster, and what `tail` says.
fn film(room: usize, tags: &[u8], tail: &[u8], width: usize) -> Vec<u8> {
    let info = ebml::whole(INFO, &ebml::whole(TITLE, b"Steppe"));
    let tags = if tags.is_empty() { Vec::new() } else { ebml::whole(TAGS, tags) };
    let space = match room {
        0 => Vec::new(),
        room => {
            let mut space = ebml::void(room as u64);
            space.resize(room, 0);
            space
        }
    };
    let head = |info_at: u16, tags_at: u16| {
        let to_tags = if tags.is_empty() { Vec::new() } else { seek(TAGS, tags_at) };
        [ebml::whole(SEEK_HEAD, &[seek(INFO, info_at), to_tags].concat()), space.clone()].concat()
    };
    let info_at = u16::try_from(head(0, 0).len()).unwrap();
    let tags_at = info_at + u16::try_from(info.len()).unwrap();
    let cluster = ebml::whole(CLUSTER, &[0xA3, 0x84, 1, 2, 3, 4]);
    let body = [head(info_at, tags_at), info, tags, cluster, tail.to_vec()].concat();
    let header = ebml::whole(EBML, &ebml::whole(DOC_TYPE, b"webm"));
    [header, ebml::identifier(SEGMENT), ebml::length(body.len() as u64, width), body].concat()
}

fn labelled(bytes: &[u8]) -> Vec<u8> {
    testing::mark(&Matroska, bytes, None, Some(&Record::example()), None).unwrap().0
}

fn texts(bytes: &[u8]) -> Vec<(String, String)> {
    let survey = testing::survey(&Matroska, bytes).unwrap();
    assert!(survey.unread.is_empty() && survey.trailer.is_none(), "{:?}", survey.unread);
    survey.texts.into_iter().map(|text| (text.key, text.value)).collect()
}

#[test]
fn every_room_keeps_the_head_right() {
    let foreign = ebml::whole(TAG, &simple("ARTIST", "Abai"));
    for tags in [&[][..], &foreign] {
        for room in [0, 2, 3, 5, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 40, 126, 127, 128, 129, 130, 131, 150] {
            let original = film(room, tags, &[], 8);
            let wanted = pointed(&original);
            let result = labelled(&original);
            // Room is short only where there was no tag before.
            let now = pointed(&result);
            let fits = room >= 18 || !tags.is_empty();
            assert!(now.contains(&INFO) && (!fits || now.contains(&TAGS)), "{room}: {wanted:X?} {now:X?}");
            assert_eq!(segment(&result).data.end, result.len() as u64);
            assert_eq!(texts(&result).iter().filter(|(key, _)| key == "ARTIST").count(), usize::from(!tags.is_empty()));
            assert!(memchr::memmem::find(&result, &[0xA3, 0x84, 1, 2, 3, 4]).is_some());
            // Again: nothing grows.
            assert_eq!(labelled(&result), result, "{room}");
        }
    }
}

#[test]
fn lengths_that_grow_out_of_their_field_get_a_wider_one() {
    for (width, tail) in [(1, 0), (1, 40), (2, 16_000), (3, 10)] {
        let mut room = ebml::void(50 + tail);
        room.resize(50 + tail as usize, 0);
        let original = film(30, &[], &room, width);
        let result = labelled(&original);
        assert_eq!(segment(&result).data.end, result.len() as u64);
        assert!(pointed(&result).contains(&TAGS));
        assert!(texts(&result).iter().any(|(key, _)| key == "DIGITALSOURCETYPE"));
    }
}

#[test]
fn a_stream_without_lengths_gets_tags_as_well() {
    let mut original = film(0, &[], &[], 8);
    let at = segment(&original).at as usize;
    original[at + 4..at + 12].copy_from_slice(&[1, 255, 255, 255, 255, 255, 255, 255]);
    // So does its last cluster.
    let cluster = memchr::memmem::find(&original, &CLUSTER.to_be_bytes()).unwrap();
    original[cluster + 4] = 0xFF;
    let result = labelled(&original);
    assert!(texts(&result).iter().any(|(key, value)| key == "DESCRIPTION" && value.contains("Создано")));
    assert!(result.starts_with(&original));
}

#[test]
fn what_others_say_stays_and_what_we_said_goes() {
    let ours = ebml::whole(TAG, &[simple("AICONTENTID", "old"), simple("DESCRIPTION", "old words")].concat());
    let mixed = ebml::whole(TAG, &[simple("DigitalSourceType", "old"), simple("DESCRIPTION", "a film")].concat());
    let sum = ebml::whole(0xBF, &[1, 2, 3, 4]);
    let both = [sum.clone(), ours.clone(), ebml::whole(TAG, &simple("ARTIST", "Abai"))].concat();
    let result = texts(&labelled(&film(0, &both, &ebml::whole(TAGS, &ours), 8)));
    assert!(!result.iter().any(|(_, value)| value.starts_with("old")), "{result:?}");
    let count = |key: &str| result.iter().filter(|(name, _)| name == key).count();
    assert_eq!((count("AICONTENTID"), count("DESCRIPTION"), count("ARTIST")), (1, 1, 1));
    // In a tag with somebody's own fields the description is theirs.
    let theirs =
        [mixed, ebml::whole(TAG, &[simple("ARTIST", "Abai"), simple("DESCRIPTION", "a song")].concat())].concat();
    let result = texts(&labelled(&film(0, &theirs, &[], 8)));
    let described: Vec<_> =
        result.iter().filter(|(key, _)| key == "DESCRIPTION").map(|(_, value)| value.as_str()).collect();
    assert_eq!(described, ["a song"], "{result:?}");
}

#[test]
fn a_sum_over_the_whole_goes_and_damage_is_refused() {
    let mut original = film(40, &[], &[], 8);
    let start = segment(&original).data.start as usize;
    // The sum takes the place of nothing: the head's entries move by its length.
    let sum = ebml::whole(0xBF, &[1, 2, 3, 4]);
    original.splice(start..start, sum.clone());
    let size = ebml::length((original.len() - start) as u64, 8);
    original[start - 8..start].copy_from_slice(&size);
    let result = labelled(&original);
    assert_eq!(&result[start..start + 6], [0xEC, 0x84, 0, 0, 0, 0]);
    let whole = film(40, &[], &[], 8);
    let cut = testing::mark(&Matroska, &whole[..whole.len() - 2], None, Some(&Record::example()), None).err().unwrap();
    assert!(matches!(&cut, Error::Malformed { why, .. } if why.contains("ffmpeg -c copy")), "{cut}");
}
