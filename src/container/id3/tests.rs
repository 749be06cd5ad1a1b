use std::io::Cursor;

use super::{text::Value, *};
use crate::Limits;

fn budget() -> Budget {
    Budget::new(&Limits::default())
}

fn safe(number: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| u8::try_from(number >> shift & 0x7F).unwrap())
}

fn tag(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
    [&[b'I', b'D', b'3', version, 0, flags][..], &safe(body.len()), body, b"sound"].concat()
}

/// A frame with its length as the version writes it.
fn frame(version: u8, id: &str, flags: u8, content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).unwrap().to_be_bytes();
    match version {
        2 => [id.as_bytes(), &len[1..], content].concat(),
        3 => [id.as_bytes(), &len, &[0, flags], content].concat(),
        _ => [id.as_bytes(), &safe(content.len()), &[0, flags], content].concat(),
    }
}

/// Every frame: its name, and what it says or why not.
fn read_all(bytes: &[u8]) -> (Vec<(String, String)>, Option<&'static str>) {
    let (mut source, mut budget) = (Cursor::new(bytes), budget());
    let tag = read(&mut source, Format::Mp3, 0, &mut budget).unwrap().unwrap();
    let mut found = Vec::new();
    for frame in &tag.frames {
        let says = match frame.read(&mut source, Format::Mp3, &mut budget).unwrap() {
            Content::Bytes(content) => match text::parse(frame.id, &content) {
                Some(Value::Text { about, text }) => format!("{about}={text}"),
                Some(Value::Object { start, .. } | Value::Private { start, .. }) => {
                    let range = frame.range(&mut source, Format::Mp3, start).unwrap();
                    format!("{:?} at {range:?}", &content[start..])
                }
                None => "?".into(),
            },
            Content::Encrypted => "encrypted".into(),
            Content::Damaged(why) => why.into(),
        };
        found.push((String::from_utf8(frame.id.to_vec()).unwrap(), says));
    }
    (found, tag.broken.map(|(_, why)| why))
}

fn one(bytes: &[u8]) -> String {
    let (found, broken) = read_all(bytes);
    assert!(found.len() == 1 && broken.is_none(), "{found:?} {broken:?}");
    found[0].1.clone()
}

#[test]
fn texts_in_every_version_and_encoding() {
    assert_eq!(one(&tag(2, 0, &frame(2, "TXX", 0, b"\0AIGC\0{}"))), "AIGC={}");
    assert_eq!(one(&tag(3, 0, &frame(3, "TXXX", 0, b"\x01\xFF\xFEA\0\0\0\xFF\xFE{\0}\0"))), "A={}");
    assert_eq!(one(&tag(4, 0, &frame(4, "TXXX", 0, b"\x02\0A\0\0\0{\0}"))), "A={}");
    assert_eq!(one(&tag(4, 0, &frame(4, "COMM", 0, b"\x03eng\0made\0"))), "=made");
    assert_eq!(one(&tag(4, 0, &frame(4, "TPE1", 0, b"\x03a\0b\0"))), "=a / b");
    assert_eq!(one(&tag(3, 0, &frame(3, "WOAS", 0, b"https://suno.com/song/1"))), "=https://suno.com/song/1");
    assert_eq!(one(&tag(3, 0, &frame(3, "WXXX", 0, b"\0of\0https://a.b"))), "of=https://a.b");
    // Padding ends the frames; an extended header of either version stands before them.
    let padded = [frame(3, "TIT2", 0, b"\0x"), vec![0; 50]].concat();
    assert_eq!(one(&tag(3, 0, &padded)), "=x");
    assert_eq!(one(&tag(3, EXTENDED, &[&[0, 0, 0, 6, 0, 0, 0, 0, 0, 0][..], &padded].concat())), "=x");
    let padded = [frame(4, "TIT2", 0, b"\0x"), vec![0; 50]].concat();
    assert_eq!(one(&tag(4, EXTENDED, &[&[0, 0, 0, 6, 1, 0][..], &padded].concat())), "=x");
}

#[test]
fn itunes_sizes_are_told_from_right_ones() {
    let long = [&b"\0"[..], &vec![b'x'; 299]].concat();
    let plain = [&b"TIT2\0\0\x01\x2C\0\0"[..], &long, &frame(4, "TPE1", 0, b"\0y")].concat();
    let right = [frame(4, "TIT2", 0, &long), frame(4, "TPE1", 0, b"\0y")].concat();
    for body in [plain, right] {
        let (found, broken) = read_all(&tag(4, 0, &body));
        assert!(broken.is_none() && found.len() == 2, "{found:?}");
        assert_eq!((found[0].1.len(), found[1].1.as_str()), (300, "=y"));
    }
}

/// The store is found, and where it stands, with and without the zeros that unsynchronisation puts in.
#[test]
fn objects_and_the_bytes_that_carry_them() {
    let content = b"\0application/c2pa\0c2pa\0c2pa manifest store\0\xFF\xE0\xFF\x00\x01\xFF";
    let stored = b"\0application/c2pa\0c2pa\0c2pa manifest store\0\xFF\x00\xE0\xFF\x00\x00\x01\xFF\x00";
    let says = |from: u64, len: u64| format!("[255, 224, 255, 0, 1, 255] at Some({from}..{})", from + len);
    let at = 10 + 10 + 43;
    assert_eq!(one(&tag(3, 0, &frame(3, "GEOB", 0, content))), says(at, 6));
    assert_eq!(one(&tag(4, 0, &frame(4, "GEOB", 0, content))), says(at, 6));
    // 2.4: the frame alone, its size the stored one; 2.3: the whole tag, its size the one before.
    assert_eq!(one(&tag(4, 0, &frame(4, "GEOB", 0x02, stored))), says(at, 9));
    assert_eq!(one(&tag(4, UNSYNC, &frame(4, "GEOB", 0, stored))), says(at, 9));
    let body = [&frame(3, "GEOB", 0, content)[..20 - 10], &stored[..], &frame(3, "TIT2", 0, b"\0x")].concat();
    let (found, broken) = read_all(&tag(3, UNSYNC, &body));
    assert!(broken.is_none() && found[0].1 == says(at, 9) && found[1].1 == "=x", "{found:?}");
    let sized = [&safe(content.len())[..], content].concat();
    assert_eq!(one(&tag(4, 0, &frame(4, "GEOB", 0x01, &sized))), says(at + 4, 6));
    assert_eq!(one(&tag(3, 0, &frame(3, "PRIV", 0, b"XMP\0<x/>"))), "[60, 120, 47, 62] at Some(24..28)");
}

#[test]
fn packed_frames_are_unpacked_within_the_budget() {
    use std::io::Write as _;
    let pack = |bytes: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let packed = [&[0, 0, 0, 9][..], &pack(b"\0AIGC\0{}")].concat();
    assert_eq!(one(&tag(3, 0, &frame(3, "TXXX", 0x80, &packed))), "AIGC={}");
    assert_eq!(one(&tag(4, 0, &frame(4, "TXXX", 0x09, &packed))), "AIGC={}");
    let object = [&[0, 0, 0, 9][..], &pack(b"\0application/c2pa\0\0\0store")].concat();
    assert_eq!(one(&tag(3, 0, &frame(3, "GEOB", 0x80, &object))), "[115, 116, 111, 114, 101] at None");
    let bomb = [&[0, 0, 0, 9][..], &pack(&vec![0; 40 << 20])].concat();
    assert!(one(&tag(3, 0, &frame(3, "TXXX", 0x80, &bomb))).contains("more than the limit"));
    assert!(one(&tag(3, 0, &frame(3, "TXXX", 0x80, b"\0\0\0\x09junk"))).contains("cannot be inflated"));
    assert!(one(&tag(3, 0, &frame(3, "TXXX", 0x80, b"\0\0"))).contains("shorter"));
    assert_eq!(one(&tag(3, 0, &frame(3, "TXXX", 0x40, b"\x01secret"))), "encrypted");
    assert_eq!(one(&tag(4, 0, &frame(4, "TXXX", 0x04, b"\x01secret"))), "encrypted");
}

#[test]
fn lengths_that_lie_end_the_walk() {
    let whole = frame(3, "TIT2", 0, b"\0x");
    for len in [3_u32, 100, 100_000_000, u32::MAX] {
        let lie = [&b"TXXX"[..], &len.to_be_bytes(), &[0, 0], b"\0\0"].concat();
        let (found, broken) = read_all(&tag(3, 0, &[whole.clone(), lie.clone()].concat()));
        assert!(found.len() == 1 && broken == Some("a frame is longer than the tag"), "{len}: {found:?}");
        let (found, broken) = read_all(&tag(3, UNSYNC, &[whole.clone(), lie].concat()));
        assert!(found.len() == 1 && broken.is_some(), "{len}: {found:?}");
    }
    let mut bytes = tag(3, 0, &whole);
    bytes[6..10].copy_from_slice(&[0x7F; 4]);
    assert_eq!(read_all(&bytes[..22]).1, Some("the file ends inside it"));
    assert!(read_all(&tag(3, 0, b"?!?!\0\0\0\0\0\0")).1.is_some());
    assert!(read_all(&tag(5, 0, &whole)).1.is_some() && read_all(&tag(2, EXTENDED, &whole)).1.is_some());
    for bytes in [&b"ID3"[..], b"ID3\x03\0\0\x80\0\0\0", b"ID3\xFF\0\0\0\0\0\0"] {
        assert!(read(&mut Cursor::new(bytes), Format::Mp3, 0, &mut budget()).unwrap().is_none());
    }
}

#[test]
fn tags_in_a_row_and_at_the_end() {
    let two = [&tag(3, 0, &[0; 7])[..17], &tag(4, 0, b"")].concat();
    assert_eq!(leading(&mut Cursor::new(&two), Format::Mp3).unwrap(), 27);
    let body = frame(4, "TIT2", 0, b"\0x");
    let head = |magic: &[u8; 3]| [&magic[..], &[4, 0, FOOTER], &safe(body.len())].concat();
    let bytes = [b"sound", &head(b"ID3")[..], &body, &head(b"3DI")].concat();
    let end = bytes.len() as u64;
    let mut source = Cursor::new(&bytes);
    assert_eq!(appended(&mut source, Format::Mp3, end).unwrap(), Some(5));
    assert_eq!(read(&mut source, Format::Mp3, 5, &mut budget()).unwrap().unwrap().range, 5..end);
    assert_eq!(appended(&mut Cursor::new(b"3DI\x04\0\x10\0\0\0\x7F"), Format::Mp3, 10).unwrap(), None);
}
