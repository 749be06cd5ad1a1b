//! The hashes over small files that are put together here, against SHA-256 over what should be hashed.

use std::io::Cursor;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::format::Member;

/// CBOR of JSON; a string `hex:…` is made of bytes.
fn cbor(value: &Json) -> Vec<u8> {
    let head = |major: u8, number: u64| [&[major << 5 | 27][..], &number.to_be_bytes()].concat();
    let text = |text: &str| [head(3, text.len() as u64), text.as_bytes().to_vec()].concat();
    match value {
        Json::Number(number) => head(0, number.as_u64().unwrap()),
        Json::Bool(value) => vec![0xF4 + u8::from(*value)],
        Json::Null => vec![0xF6],
        Json::String(string) => match string.strip_prefix("hex:") {
            Some(hex) => {
                let bytes: Vec<_> =
                    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
                [head(2, bytes.len() as u64), bytes].concat()
            }
            None => text(string),
        },
        Json::Array(items) => [vec![head(4, items.len() as u64)], items.iter().map(cbor).collect()].concat().concat(),
        Json::Object(map) => {
            let pairs = map.iter().flat_map(|(key, value)| [text(key), cbor(value)]).collect();
            [vec![head(5, map.len() as u64)], pairs].concat().concat()
        }
    }
}

fn hex(parts: &[&[u8]]) -> String {
    let hash = Sha256::digest(parts.concat());
    format!("hex:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Compares a hash with a file whose manifest stands at bytes 100 to 200.
fn compare(label: &str, hash: &Json, file: &[u8], updated: bool) -> (Compared, Option<String>) {
    let bytes = cbor(hash);
    let carrier = std::iter::once(100..200).collect();
    let store = Store { carrier, jumbf: Vec::new() };
    // Two parts around the manifest, four bytes that belong to nothing in front of them, and a directory.
    let member = |name: &str, range, data| Member { name: name.into(), range, data };
    let archive = label.contains("collection").then(|| Archive {
        members: vec![member("a.xml", 4..100, 40..100), member("b.xml", 200..240, 210..228)],
        directory: vec![240..244, 248..256],
        left: Vec::new(),
    });
    let setting = Setting { store: &store, updated, boxes: None, archive: archive.as_ref(), nfc: false };
    match Hash::parse(label, &bytes, "sha256") {
        Err(why) => (Compared::Differs(why), None),
        Ok(hash) => {
            let compared = hash.compare(&mut Feed::new(&mut Cursor::new(file)).unwrap(), &setting).unwrap();
            (compared, hash.left_out(&setting).map(|said| said.to_string()))
        }
    }
}

fn data(exclusions: &Json, hash: &str, updated: bool) -> (Compared, Option<String>) {
    let file: Vec<u8> = (0..=255).collect();
    compare("c2pa.hash.data", &json!({ "exclusions": exclusions, "hash": hash }), &file, updated)
}

#[test]
fn a_data_hash_leaves_out_what_it_names() {
    let file: Vec<u8> = (0..=255).collect();
    let but = |from: usize, to: usize| hex(&[&file[..from], &file[to..]]);
    assert_eq!(data(&Json::Null, &hex(&[&file]), false), (Compared::Fits, None));
    let range = |start: u64, length: u64| json!({ "start": start, "length": length });
    assert_eq!(data(&json!([range(100, 100)]), &but(100, 200), false), (Compared::Fits, None));
    assert_eq!(data(&json!([range(100, 100), range(0, 0)]), &but(100, 200), false), (Compared::Fits, None));
    // The store as it was before an update: only the part that it took then is left out, or all of it now.
    assert_eq!(data(&json!([range(100, 60)]), &but(100, 160), false), (Compared::Fits, None));
    assert_eq!(data(&json!([range(100, 60)]), &but(100, 200), true), (Compared::Fits, None));
    // What stood behind it has moved.
    let (compared, left_out) =
        data(&json!([range(100, 60), range(170, 5)]), &hex(&[&file[..100], &file[200..210], &file[215..]]), true);
    assert_eq!(compared, Compared::Fits);
    assert!(left_out.unwrap().contains("byte 210"));
    for (exclusions, said) in [(range(100, 101), "byte 200"), (range(99, 2), "byte 99"), (range(0, 256), "byte 0")] {
        let (start, end) = (exclusions["start"].as_u64().unwrap(), exclusions["length"].as_u64().unwrap());
        let (compared, left_out) = data(&json!([exclusions]), &but(start as usize, (start + end) as usize), false);
        assert_eq!(compared, Compared::Fits);
        assert!(left_out.unwrap().contains(said), "{said}");
    }
}

#[test]
fn a_data_hash_that_is_no_such_thing_never_fits() {
    let file: Vec<u8> = (0..=255).collect();
    let whole = hex(&[&file]);
    let range = |start: u64, length: u64| json!({ "start": start, "length": length });
    for exclusions in [
        json!([range(10, 10), range(15, 10)]),
        json!([range(50, 10), range(10, 10)]),
        json!([range(200, 57)]),
        json!([range(u64::MAX, 1)]),
        json!([range(1, u64::MAX)]),
        json!([{ "start": 1 }]),
        json!({ "start": 1, "length": 1 }),
    ] {
        assert!(matches!(data(&exclusions, &whole, false).0, Compared::Differs(_)), "{exclusions}");
    }
    assert!(matches!(data(&json!([]), "hex:", false).0, Compared::Differs(_)));
    let elsewhere = json!({ "hash": whole, "url": "https://example.com/hash" });
    assert!(matches!(compare("c2pa.hash.data", &elsewhere, &file, false).0, Compared::Differs(_)));
    let unknown = json!({ "hash": whole, "alg": "md5" });
    assert!(matches!(compare("c2pa.hash.data", &unknown, &file, false).0, Compared::Differs(_)));
    // Twice the same key: readers differ in which they take.
    let twice =
        [&[0xA2][..], &cbor(&json!("hash")), &cbor(&json!(whole)), &cbor(&json!("hash")), &cbor(&json!("hex:"))];
    assert!(Hash::parse("c2pa.hash.data", &twice.concat(), "sha256").is_err());
}

fn part(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    [&u32::try_from(content.len() + 8).unwrap().to_be_bytes()[..], kind, content].concat()
}

/// `ftyp`, the manifest, `moov` with a `tkhd` (version 1, flags 7), `mdat`.
fn film() -> Vec<Vec<u8>> {
    let tkhd = part(b"tkhd", b"\x01\0\0\x07abcd");
    let manifest =
        part(b"uuid", &[&crate::manifest::bmff::UUID[..], b"\0\0\0\0manifest\0\0\0\0\0\0\0\0\0store"].concat());
    vec![
        part(b"ftyp", b"isom\0\0\0\0"),
        manifest,
        part(b"moov", &part(b"trak", &tkhd)),
        part(b"mdat", &(0..100).collect::<Vec<u8>>()),
    ]
}

fn standard() -> Vec<Json> {
    let uuid = json!({ "xpath": "/uuid", "data": [{ "offset": 8, "value": "hex:d8fec3d61b0e483c92975828877ec481" }] });
    vec![uuid, json!({ "xpath": "/ftyp" })]
}

fn bmff(more: &[Json], hash: &str) -> (Compared, Option<String>) {
    let exclusions = [&standard()[..], more].concat();
    compare("c2pa.hash.bmff.v3", &json!({ "exclusions": exclusions, "hash": hash }), &film().concat(), false)
}

#[test]
fn boxes_are_hashed_with_their_places() {
    let [ftyp, manifest, moov, mdat] = &film()[..] else { panic!() };
    let at = |parts: &[&Vec<u8>]| (parts.iter().map(|part| part.len() as u64).sum::<u64>()).to_be_bytes();
    let (first, second) = (at(&[ftyp, manifest]), at(&[ftyp, manifest, moov]));
    let whole = hex(&[&first, moov, &second, mdat]);
    assert_eq!(bmff(&[], &whole), (Compared::Fits, None));
    assert_eq!(bmff(&[json!({ "xpath": "/skip" }), json!({ "xpath": "/moov/trak/none" })], &whole).0, Compared::Fits);
    // The first version knows no places.
    let old = json!({ "exclusions": standard(), "hash": hex(&[moov, mdat]) });
    let (compared, left_out) = compare("c2pa.hash.bmff", &old, &film().concat(), false);
    assert_eq!(compared, Compared::Fits);
    assert!(left_out.unwrap().contains("where the boxes stand"));
    // Deep in the tree, by its version, flags, length, content and parts.
    let tkhd = moov.len() - 16;
    let without = hex(&[&first, &moov[..tkhd], &second, mdat]);
    let path = "/moov/trak/tkhd";
    for exclusion in [
        json!({ "xpath": path }),
        json!({ "xpath": path, "version": 1, "length": 16 }),
        json!({ "xpath": path, "flags": "hex:000007" }),
        json!({ "xpath": path, "flags": "hex:000003", "exact": false }),
        json!({ "xpath": path, "data": [{ "offset": 12, "value": "hex:6162" }] }),
        json!({ "xpath": path, "subset": [{ "offset": 0, "length": 4 }, { "offset": 4, "length": 0 }] }),
    ] {
        let (compared, left_out) = bmff(std::slice::from_ref(&exclusion), &without);
        assert_eq!(compared, Compared::Fits, "{exclusion}");
        assert!(left_out.unwrap().contains(path));
    }
    for exclusion in [
        json!({ "xpath": path, "version": 0 }),
        json!({ "xpath": path, "length": 17 }),
        json!({ "xpath": path, "flags": "hex:000003" }),
        json!({ "xpath": path, "flags": "hex:000008", "exact": false }),
        json!({ "xpath": path, "data": [{ "offset": 14, "value": "hex:6364ff" }] }),
        json!({ "xpath": path, "subset": [{ "offset": 17, "length": 0 }] }),
        json!({ "xpath": "/moov/tkhd" }),
        json!({ "xpath": "moov" }),
    ] {
        assert_eq!(bmff(std::slice::from_ref(&exclusion), &whole).0, Compared::Fits, "{exclusion}");
    }
    let overlap = json!({ "xpath": path, "subset": [{ "offset": 0, "length": 4 }, { "offset": 2, "length": 0 }] });
    assert!(matches!(bmff(&[overlap], &without).0, Compared::Differs(_)));
}

#[test]
fn only_boxes_without_content_may_be_left_out() {
    let said = |more: Json| bmff(&[more], "hex:00").1;
    for xpath in ["/ftyp", "/mfra", "/free", "/skip"] {
        assert_eq!(said(json!({ "xpath": xpath })), None, "{xpath}");
    }
    for xpath in ["/mdat", "/meta", "/meta/iloc", "/moov", "/uuid", "", "/ftyp/mdat"] {
        assert!(said(json!({ "xpath": xpath })).is_some(), "{xpath}");
    }
    // XMP: another extended type.
    let xmp = json!({ "xpath": "/uuid", "data": [{ "offset": 8, "value": "hex:be7acfcb97a942e89c71999491e3afac" }] });
    assert!(said(xmp).is_some());
    assert!(said(json!({ "xpath": "/uuid", "data": [] })).is_some());
}

/// A tree of seven leaves over the media data of `film`, 14 bytes each but for the last, and one of its rows.
fn tree(row: usize, change: impl FnOnce(&mut Json)) -> (Compared, Option<String>) {
    let film = film();
    let leaves = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
    // The leaves start 16 bytes into the box, so that 8 bytes of the content are hashed with the file.
    let mut rows = vec![film[3][16..].chunks(14).map(leaves).collect::<Vec<_>>()];
    while rows.last().unwrap().len() > 1 {
        let joined = rows.last().unwrap().chunks(2).map(|pair| match pair {
            [left, right] => Sha256::digest([left.as_slice(), right.as_slice()].concat()).to_vec(),
            odd => odd[0].clone(),
        });
        let joined = joined.collect();
        rows.push(joined);
    }
    let text = |hash: &Vec<u8>| format!("hex:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let hashes: Vec<_> = rows[row].iter().map(text).collect();
    let at = |count: usize| film[..count].iter().map(|part| part.len() as u64).sum::<u64>().to_be_bytes();
    let hash = hex(&[&at(2), &film[2], &at(3), &film[3][..16]]);
    let mdat = json!({ "xpath": "/mdat", "subset": [{ "offset": 16, "length": 0 }] });
    let map = json!({ "uniqueId": 0, "localId": 0, "count": 7, "hashes": hashes, "fixedBlockSize": 14 });
    let exclusions = [&standard()[..], &[mdat]].concat();
    let mut assertion = json!({ "exclusions": exclusions, "hash": hash, "merkle": [map] });
    change(&mut assertion);
    compare("c2pa.hash.bmff.v3", &assertion, &film.concat(), false)
}

#[test]
fn media_data_is_held_against_every_row_of_its_tree() {
    for row in 0..4 {
        assert_eq!(tree(row, |_| {}), (Compared::Fits, None), "row {row}");
        let wrong = tree(row, |hash| hash["merkle"][0]["hashes"][0] = "hex:00".into());
        assert!(matches!(wrong.0, Compared::Differs(_)), "row {row}");
    }
    let sizes = json!([14, 14, 14, 14, 14, 14, 8]);
    let variable = |hash: &mut Json, sizes: Json| {
        let map = hash["merkle"][0].as_object_mut().unwrap();
        map.remove("fixedBlockSize");
        map.insert("variableBlockSizes".into(), sizes);
    };
    assert_eq!(tree(1, |hash| variable(hash, sizes.clone())).0, Compared::Fits);
    let wrong: [&dyn Fn(&mut Json); 7] = [
        &|hash| variable(hash, json!([14, 14, 14, 14, 14, 14, 9])),
        &|hash| variable(hash, json!([u64::MAX, 1])),
        &|hash| hash["merkle"][0]["fixedBlockSize"] = 0.into(),
        &|hash| hash["merkle"][0]["fixedBlockSize"] = 13.into(),
        &|hash| hash["merkle"][0]["count"] = 8.into(),
        &|hash| hash["merkle"][0]["initHash"] = "hex:00".into(),
        &|hash| {
            let map = hash["merkle"][0].clone();
            hash["merkle"].as_array_mut().unwrap().push(map);
        },
    ];
    for (index, change) in wrong.into_iter().enumerate() {
        let (compared, _) = tree(2, change);
        assert!(matches!(compared, Compared::Differs(_)), "{index}: {compared:?}");
    }
    // Blocks of one byte each are counted before any is hashed.
    assert!(matches!(tree(0, |hash| hash["merkle"][0]["fixedBlockSize"] = 1.into()).0, Compared::Differs(_)));
    // Without the hash of the file, the tree alone is not enough.
    assert!(matches!(tree(2, |hash| hash["hash"] = Json::Null).0, Compared::Partly(_)));
    // The 16 bytes before the leaves must be in the hash of the file.
    let all = tree(2, |hash| hash["exclusions"][2] = json!({ "xpath": "/mdat" }));
    assert!(all.1.unwrap().contains("/mdat"));
}

#[test]
fn a_collection_is_its_parts_and_its_directory() {
    let file: Vec<u8> = (0..=255).collect();
    let [a, b] = [&file[4..100], &file[200..240]].map(|part| hex(&[part]));
    let directory = hex(&[&file[240..244], &file[248..]]);
    let of = |uris: &Json, directory: &str, file: &[u8]| {
        let hash = json!({ "uris": uris, "zip_central_directory_hash": directory });
        compare("c2pa.hash.collection.data", &hash, file, false).0
    };
    let whole = json!({ "a.xml": { "hash": a }, "b.xml": { "hash": b, "size": 40 } });
    // What stands in front of the first part is in nobody's hash.
    let partly = Compared::Partly("the hash leaves out parts of the archive");
    assert_eq!(of(&whole, &directory, &file), partly);
    assert_eq!(of(&json!({ "b.xml": { "hash": b } }), &directory, &file), partly);
    for (at, fits) in [(2, true), (50, false), (150, true), (220, false), (242, false), (246, true), (250, false)] {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert_eq!(of(&whole, &directory, &changed) == partly, fits, "byte {at}");
    }
    // As the specification has it: a list, and the second part without its descriptor.
    let list = json!([{ "uri": "a.xml", "hash": a }, { "uri": "b.xml", "hash": hex(&[&file[200..228]]) }]);
    assert_eq!(of(&list, &directory, &file), partly);
    let more = json!({ "a.xml": { "hash": a }, "b.xml": { "hash": b }, "c.xml": { "hash": b } });
    assert!(matches!(of(&more, &directory, &file), Compared::Differs(_)));
    // Without a hash of the directory, parts could be added.
    let hash = cbor(&json!({ "uris": whole }));
    assert!(Hash::parse("c2pa.hash.collection.data", &hash, "sha256").is_err());
}
