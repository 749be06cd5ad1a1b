use std::{
    io::Cursor,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use super::*;
use crate::{Limits, format::testing::corpus};

fn survey(bytes: &[u8]) -> Result<(Format, Survey)> {
    let mut source = Cursor::new(bytes);
    let format = Format::sniff(&mut source)?;
    Ok((format, format.handler().survey(&mut source, &mut Budget::new(&Limits::default()))?))
}

fn recordings() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/av");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| !matches!(path.extension().and_then(|it| it.to_str()), Some("md" | "py")));
    paths.sort();
    paths
}

/// File, format, media type, where `AIGC` stands, packets of XMP, stores.
type Row = (&'static str, Format, &'static str, &'static [&'static str], usize, usize);

#[rustfmt::skip]
const RECORDINGS: &[Row] = &[
    ("bare.aac", Format::Aac, "audio/aac", &[], 0, 0),
    ("bare.mp3", Format::Mp3, "audio/mpeg", &[], 0, 0),
    ("clip.avi", Format::Avi, "video/x-msvideo", &["AIGC of the INFO list at byte 14646"], 1, 0),
    ("clip.mkv", Format::Matroska, "video/matroska", &["SimpleTag AIGC at byte 600"], 0, 0),
    ("clip.mov", Format::Mov, "video/quicktime", &["AIGC box of moov/udta at byte 4660"], 1, 0),
    ("clip.mp4", Format::Mp4, "video/mp4", &["AIGC, moov/udta/meta/ilst entry at byte 4556"], 1, 0),
    ("clip.ts", Format::MpegTs, "video/mp2t", &[], 0, 0),
    ("clip.webm", Format::Matroska, "video/webm", &["SimpleTag AIGC at byte 447"], 0, 0),
    ("flac.oga", Format::Ogg, "audio/ogg", &["comments in the Ogg page at byte 79"], 0, 0),
    ("fragments.mp4", Format::Mp4, "video/mp4", &["©cmt, moov/udta/meta/ilst entry at byte 1222"], 0, 0),
    ("live.webm", Format::Matroska, "audio/webm", &["SimpleTag AIGC at byte 364"], 0, 0),
    ("rf64.wav", Format::Wav, "audio/wav", &["AIGC chunk at byte 4880"], 0, 0),
    ("signed.avi", Format::Avi, "video/x-msvideo", &[], 0, 1),
    ("signed.flac", Format::Flac, "audio/flac", &[], 0, 1),
    ("signed.m4a", Format::M4a, "audio/mp4", &[], 0, 1),
    ("signed.mov", Format::Mov, "video/quicktime", &[], 0, 1),
    ("signed.mp3", Format::Mp3, "audio/mpeg", &[], 0, 1),
    ("signed.mp4", Format::Mp4, "video/mp4", &[], 0, 1),
    ("signed.wav", Format::Wav, "audio/wav", &[], 0, 1),
    ("song.mp3", Format::Mp3, "audio/mpeg", &["TXXX frame of the ID3v2.3 tag at byte 137"], 0, 0),
    ("store.opus", Format::Ogg, "audio/ogg", &[], 0, 1),
    ("stream.wav", Format::Wav, "audio/wav", &["ICMT of the INFO list at byte 48"], 0, 0),
    ("tone.aac", Format::Aac, "audio/aac", &["TXXX frame of the ID3v2.4 tag at byte 69", "APE tag at byte 2271"], 0, 0),
    ("tone.flac", Format::Flac, "audio/flac", &["VORBIS_COMMENT block at byte 42"], 0, 0),
    ("tone.m4a", Format::M4a, "audio/mp4", &["AIGC, moov/udta/meta/ilst entry at byte 2782"], 0, 0),
    ("tone.ogg", Format::Ogg, "audio/ogg", &["comments in the Ogg page at byte 58"], 0, 0),
    ("tone.opus", Format::Ogg, "audio/ogg", &["comments in the Ogg page at byte 47"], 0, 0),
    ("tone.wav", Format::Wav, "audio/wav", &["AIGC chunk at byte 8118"], 1, 0),
];

#[test]
fn every_recording_says_what_it_was_made_to_say() {
    let mut seen = Vec::new();
    for path in recordings() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let (format, found) = survey(&bytes).unwrap();
        let &(row, wanted, media_type, places, xmp, stores) =
            RECORDINGS.iter().find(|(row, ..)| *row == name).unwrap_or_else(|| panic!("{name} is in no row"));
        let labels = found.texts.iter().filter(|text| text.value.contains("\"ProduceID\":\"tanba-fixture-1\""));
        let labels: Vec<_> = labels.map(|text| text.place.as_str()).collect();
        assert_eq!((format, found.media_type, labels.as_slice()), (wanted, media_type, places), "{name}");
        assert_eq!((found.xmp.len(), found.stores.len()), (xmp, stores), "{name}");
        assert!(found.xmp.iter().all(|block| block.bytes.starts_with(b"<?xpacket")), "{name}");
        assert!(found.unread.is_empty() && found.trailer.is_none(), "{name}: {:?} {:?}", found.unread, found.trailer);
        let shown = found.shown().map(|size| (size.width, size.height));
        // A transport stream has its size in the pictures only.
        let has_size = media_type.starts_with("video") && format != Format::MpegTs;
        assert_eq!(shown, has_size.then_some((64, 48)), "{name}");
        // The bytes that carry a store hold it.
        for store in found.stores.iter().filter(|_| format != Format::Ogg) {
            let carrier = &bytes[store.carrier[0].start as usize..store.carrier[0].end as usize];
            assert!(carrier.ends_with(&store.jumbf) && store.jumbf[4..8] == *b"jumb", "{name}");
            assert!(!matches!(format, Format::Mp3 | Format::Flac) || carrier == store.jumbf, "{name}");
        }
        seen.push(row);
    }
    assert_eq!(seen.len(), RECORDINGS.len());
}

#[test]
fn real_files_are_recognised_and_read() {
    let files = [
        ("sample1.wav", Format::Wav, 8),
        ("sample1.mp3", Format::Mp3, 1),
        ("sample1.flac", Format::Flac, 1),
        ("sample1.m4a", Format::M4a, 4),
        ("c.mov", Format::Mov, 4),
        ("test.avi", Format::Avi, 1),
        ("video1_no_manifest.mp4", Format::Mp4, 3),
    ];
    for (file, wanted, texts) in files {
        let Some(bytes) = corpus(&format!("unlabelled/{file}")) else { return };
        let (format, found) = survey(&bytes).unwrap();
        assert_eq!((format, found.texts.len(), found.stores.len()), (wanted, texts, 0), "{file}: {:?}", found.texts);
        assert!(found.unread.is_empty() && found.trailer.is_none(), "{file}: {:?}", found.unread);
    }
    for file in ["video1.mp4", "legacy.mp4"] {
        let Some(bytes) = corpus(&format!("labelled/{file}")) else { return };
        let (_, found) = survey(&bytes).unwrap();
        assert_eq!((found.stores.len(), found.xmp.len()), (1, 1), "{file}");
    }
}

#[test]
fn hostile_files_are_done_with_quickly() {
    let files = [
        ("nested_moov_1000.mp4", Format::Mp4, 0),
        ("riff_bomb_1000.wav", Format::Wav, 0),
        ("id3v23_compression_underflow.mp3", Format::Mp3, 1),
        ("sample3.invalid.wav", Format::Wav, 0),
    ];
    for (file, wanted, unread) in files {
        let Some(bytes) = corpus(&format!("hostile/{file}")) else { return };
        let started = Instant::now();
        let (format, found) = survey(&bytes).unwrap();
        assert_eq!((format, found.unread.len(), found.texts.len()), (wanted, unread, 0), "{file}: {:?}", found.unread);
        assert!(started.elapsed().as_secs() < 2, "{file}");
    }
}

/// What a program that nobody here made printed; `None`, said aloud, where it is not installed. In CI it must be.
fn printed(program: &str, arguments: &[&str], path: &Path) -> Option<serde_json::Value> {
    match Command::new(program).args(arguments).arg(path).output() {
        Ok(output) => Some(serde_json::from_slice(&output.stdout).unwrap()),
        Err(_) => {
            assert!(std::env::var_os("CI").is_none(), "{program} must be there in CI");
            eprintln!("skipped: no {program}");
            None
        }
    }
}

/// Names and texts, wherever they stand in what was printed.
fn strings(value: &serde_json::Value, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                match value.as_str() {
                    Some(text) => found.push((key.to_lowercase(), text.to_owned())),
                    None => strings(value, found),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        _ => {}
    }
}

#[test]
fn ffprobe_and_exiftool_read_the_same_texts() {
    let probe = ["-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "json"];
    let mut compared = [0, 0];
    for path in recordings() {
        let (_, found) = survey(&std::fs::read(&path).unwrap()).unwrap();
        for (index, (program, arguments)) in [("ffprobe", &probe[..]), ("exiftool", &["-j"])].into_iter().enumerate() {
            let Some(printed) = printed(program, arguments, &path) else { continue };
            let mut theirs = Vec::new();
            strings(&printed, &mut theirs);
            for (key, value) in theirs {
                if !["title", "comment", "aigc", "artist", "description", "software"].contains(&key.as_str()) {
                    continue;
                }
                let same = found.texts.iter().any(|text| text.value == value);
                assert!(same || value.is_empty(), "{program} reads {key} of {}: {value}", path.display());
                compared[index] += 1;
            }
        }
    }
    assert!(compared.iter().all(|&count| count == 0 || count >= 25), "{compared:?}");
}

#[test]
fn texts_are_bounded_in_length_and_number() {
    let comment = |text: &str| [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat();
    let flac = |count: u32, comments: &[u8]| {
        let block = [comment(""), count.to_le_bytes().to_vec(), comments.to_vec()].concat();
        let len = u32::try_from(block.len()).unwrap().to_be_bytes();
        [b"fLaC\x84", &len[1..], &block].concat()
    };
    let many: Vec<u8> = (0..5000).flat_map(|_| comment("A=b")).collect();
    let (_, found) = survey(&flac(5000, &many)).unwrap();
    assert_eq!((found.texts.len(), found.unread.len()), (MAX_TEXTS, 1), "{:?}", found.unread);
    let long = comment(&format!("{}={}", "k".repeat(1000), "v".repeat(2 << 20)));
    let (_, found) = survey(&flac(2, &[long, comment(&format!("{}=v", "k".repeat(1000)))].concat())).unwrap();
    assert_eq!((found.texts.len(), found.unread.len(), found.texts[0].key.len()), (1, 1, 256));
    let (_, found) = survey(&flac(2, &comment("A=b"))).unwrap();
    assert_eq!((found.texts.len(), found.unread.len()), (1, 1));
}

/// C2PA 2.4, A.3.5: a store too long for one page, between the pages of the sound.
#[test]
fn a_store_in_pages_of_an_ogg_file() {
    let page = |serial: u32, flags: u8, lacing: &[u8], body: &[u8]| {
        let head = [&b"OggS\0"[..], &[flags], &[0; 8], &serial.to_le_bytes(), &[0; 8]].concat();
        [&head[..], &[u8::try_from(lacing.len()).unwrap()], lacing, body].concat()
    };
    let store: Vec<u8> = (0..=255).cycle().take(255 * 300).collect();
    let packet = [b"\0c2pa", &store[..]].concat();
    let (first, second) = packet.split_at(255 * 255);
    let last = second.len() - 45 * 255;
    let lacing = [vec![255; 45], vec![u8::try_from(last).unwrap()]].concat();
    let pages = [
        page(9, 2, &[255; 255], first),
        page(1, 2, &[8], b"OpusHead"),
        page(9, 5, &lacing, second),
        page(1, 0, &[25], b"OpusTags\0\0\0\0\x01\0\0\0\x05\0\0\0A=\xD0\x91b"),
        page(1, 4, &[3, 255], &[0; 258]),
    ];
    let bytes = pages.concat();
    let (_, found) = survey(&bytes).unwrap();
    let starts: Vec<u64> = (0..4).map(|count| pages[..count].concat().len() as u64).collect();
    assert_eq!(found.stores[0].carrier, [starts[0]..starts[1], starts[2]..starts[3]]);
    assert!(found.stores[0].jumbf == store && found.texts[0].value == "Бb" && found.unread.is_empty());
    let (_, found) = survey(&[&bytes[..], b"junk"].concat()).unwrap();
    assert_eq!(found.trailer, Some(bytes.len() as u64..bytes.len() as u64 + 4));
    assert!(survey(b"OggS\0").is_err());
}

#[test]
fn nested_and_endless_elements_of_matroska() {
    let sized = |id: &[u8], data: &[u8]| {
        let len = u32::try_from(data.len()).unwrap() | 0x1000_0000;
        [id, &len.to_be_bytes(), data].concat()
    };
    let simple =
        |name: &str, rest: &[u8]| sized(b"\x67\xC8", &[sized(b"\x45\xA3", name.as_bytes()), rest.to_vec()].concat());
    let tags = |tag: &[u8]| sized(b"\x12\x54\xC3\x67", &sized(b"\x73\x73", tag));
    let film =
        |rest: &[u8]| [&sized(b"\x1A\x45\xDF\xA3", b"\x42\x82\x84webm")[..], b"\x18\x53\x80\x67\xFF", rest].concat();
    let value = sized(b"\x44\x87", b"{}");
    let inner = simple("AIGC", &value);
    // A cluster without a length, blocks in it, and tags behind it, one tag in another.
    let cluster = [b"\x1F\x43\xB6\x75\xFF", &sized(b"\xE7", b"\0")[..], &sized(b"\xA3", &[0x12; 99])].concat();
    let (_, found) = survey(&film(&[cluster, tags(&simple("ARTIST", &inner))].concat())).unwrap();
    assert_eq!((found.texts.len(), found.texts[0].key.as_str()), (1, "AIGC"));
    assert!(found.texts[0].place.starts_with("SimpleTag ARTIST/AIGC") && found.unread.is_empty(), "{found:?}");
    let deep = (0..10_000).fold(inner, |inner, _| sized(b"\x67\xC8", &inner));
    assert!(matches!(survey(&film(&tags(&deep))), Err(Error::Limit { .. })));
    let file = film(&tags(&simple("A", &value)));
    for len in 60..file.len() {
        let found = survey(&file[..len]).map(|(_, found)| found);
        assert!(found.is_ok_and(|found| found.texts.is_empty() && !found.unread.is_empty()), "cut at {len}");
    }
    let attached = [sized(b"\x46\x6E", b"x.c2pa"), sized(b"\x46\x60", b"application/c2pa")].concat();
    let (_, found) = survey(&film(&sized(b"\x19\x41\xA4\x69", &sized(b"\x61\xA7", &attached)))).unwrap();
    assert!(found.unread.len() == 1 && found.stores.is_empty());
}

#[test]
fn formats_are_told_apart_by_their_bytes() {
    let file =
        |name: &str| std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/av").join(name)).unwrap();
    let sniff = |bytes: &[u8]| Format::sniff(&mut Cursor::new(bytes)).ok();
    let cover = |sound: &[u8]| [b"ID3\x03\0\0\0\x01\0\0", &[0; 1 << 14][..], sound].concat();
    for (name, format) in [("tone.flac", Format::Flac), ("bare.aac", Format::Aac), ("bare.mp3", Format::Mp3)] {
        assert_eq!((sniff(&file(name)), sniff(&cover(&file(name)))), (Some(format), Some(format)), "{name}");
    }
    assert_eq!(sniff(&cover(b"anything")), Some(Format::Mp3));
    let old = |first: &[u8], second: &[u8]| sniff(&[first, second, &[0; 64]].concat());
    assert_eq!(old(b"\0\0\0\x08wide", b"\0\0\x10\0mdat"), Some(Format::Mov));
    assert_eq!(old(b"\0\0\x10\0moov", b"\0\0\0\x6Cmvhd"), Some(Format::Mov));
    assert_eq!(old(b"text", b"free of meaning"), None);
    assert_eq!(sniff(b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom"), None);
    for bytes in [&b"\xFF\xFB\x90\0 and no second frame"[..], b"\xFF\xF1\x50\x80\x01\x7F\xFC", b"RIFF\0\0\0\0JUNK"] {
        assert_eq!(sniff(bytes), None, "{bytes:?}");
    }
}
