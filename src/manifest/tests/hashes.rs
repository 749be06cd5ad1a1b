//! The hashes that are computed here against the engine's, which is given the whole file.

use serde_json::json;

use super::*;
use crate::{
    format::Store,
    manifest::{
        codes::is_compared,
        hash::{Compared, Feed, Hash, Setting},
        jumbf,
    },
    report::{Binding, Signature},
};

/// Whether the engine's hash fits, over the whole file; `None` when it does not get as far.
fn engine(store: &[u8], media_type: &str, file: &[u8]) -> Option<bool> {
    let settings = r#"{ "verify": { "remote_manifest_fetch": false, "ocsp_fetch": false } }"#;
    let context = c2pa::Context::new().with_settings(settings).unwrap();
    let reader = c2pa::Reader::from_context(context);
    // It panics on some of the mutated files.
    let read = || reader.with_manifest_data_and_stream(store, media_type, Cursor::new(file));
    let reader = std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).ok()?.ok()?;
    let codes = reader.validation_results()?.active_manifest()?;
    let said = |codes: &[c2pa::validation_status::ValidationStatus]| codes.iter().any(|code| is_compared(code.code()));
    assert!(said(&codes.success) != said(&codes.failure), "{codes:?}");
    Some(said(&codes.success))
}

/// What our own comparison says of the binding in `store`, over `file`.
fn ours(store: &Store, file: &[u8]) -> (Compared, &'static str) {
    let manifests = jumbf::manifests(&store.jumbf);
    let bound =
        |(_, manifest): &&(&str, jumbf::Manifest)| manifest.assertions.iter().any(|(label, _)| is_binding(label));
    let (_, manifest) = manifests.iter().rfind(bound).unwrap();
    let (label, content) = *manifest.assertions.iter().find(|(label, _)| is_binding(label)).unwrap();
    let hash = Hash::parse(label, jumbf::cbor(content).unwrap(), "sha256").unwrap();
    let mut source = Cursor::new(file);
    let boxes = Format::sniff(&mut source).ok().and_then(|format| {
        let budget = &mut Budget::new(&Limits::default());
        let survey = format.handler().survey(&mut source, budget).ok()?;
        format.handler().named_boxes(&mut source, &survey, budget).ok()?
    });
    let updated = manifests.last().is_some_and(|(_, last)| &last.kind == b"c2um");
    let archive = Format::sniff(&mut source)
        .ok()
        .and_then(|format| format.handler().archive(&mut source, &mut Budget::new(&Limits::default())).ok()?);
    let setting = Setting { store, updated, boxes: boxes.as_deref(), archive: archive.as_ref(), nfc: false };
    (hash.compare(&mut Feed::new(&mut source).unwrap(), &setting).unwrap(), hash.code())
}

fn is_binding(label: &str) -> bool {
    label.starts_with("c2pa.hash.")
}

/// A small generator (xorshift64*): the same cases in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound.max(1) as u64).unwrap()
    }
}

/// A changed copy of `file`, and what was done to it.
fn mutate(file: &[u8], carrier: &[std::ops::Range<u64>], case: usize, random: &mut Random) -> (&'static str, Vec<u8>) {
    let mut bytes = file.to_vec();
    let inside = |at: usize| carrier.iter().any(|range| range.contains(&(at as u64)));
    match case % 5 {
        0 | 1 => loop {
            let at = random.below(bytes.len());
            if inside(at) == (case % 5 == 1 && !carrier.is_empty()) {
                bytes[at] ^= 1 << random.below(8);
                return ("a bit", bytes);
            }
        },
        2 => {
            bytes.extend((0..random.below(40)).map(|at| at as u8));
            ("more at the end", bytes)
        }
        3 => {
            bytes.truncate(bytes.len() - 1 - random.below(40));
            ("less at the end", bytes)
        }
        _ => {
            let at = random.below(bytes.len());
            let part =
                [&b"\0\0\0\x10free"[..], b"\0\0\0\x10mdat", b"\xff\xfe\0\x06abcd", b"\0\0\0\0tEXt"][random.below(4)];
            bytes.splice(at..at, part.iter().copied());
            ("a part put in", bytes)
        }
    }
}

/// Every mutation reads the same with us and with the engine; returns how many fitted.
fn agree(name: &str, media_type: &str, file: &[u8], store: &Store, cases: usize) -> usize {
    let mut random = Random(0x5EED + file.len() as u64);
    let mut fitted = 0;
    for case in 0..=cases {
        // The first case is the file as it is.
        let (what, bytes) = match case {
            0 => ("nothing", file.to_vec()),
            case => mutate(file, &store.carrier, case, &mut random),
        };
        let Some(expected) = engine(&store.jumbf, media_type, &bytes) else {
            assert!(case > 0, "{name}: no result");
            continue;
        };
        let (found, code) = ours(store, &bytes);
        fitted += usize::from(expected);
        match &found {
            Compared::Fits => assert!(expected, "{name}, case {case}, {what}: {code} fits here only"),
            // The engine never looks at parts that no list names.
            Compared::Partly(_) => {
                let blind = matches!(code, "assertion.boxesHash" | "assertion.collectionHash");
                assert!(expected && blind, "{name}, {what}: {found:?}");
            }
            Compared::Differs(_) if code == "assertion.boxesHash" => {}
            // Nor at the local headers of the manifest and of an empty folder.
            Compared::Differs(why)
                if code == "assertion.collectionHash" && why.starts_with("the parts of the file") => {}
            Compared::Differs(why) => assert!(!expected, "{name}, case {case}, {what}: {why}, but not for the engine"),
            // A file whose parts cannot be walked is an error before any hash is.
            Compared::Foreign(_) if code == "assertion.boxesHash" && case > 0 => {}
            Compared::Foreign(why) => panic!("{name}: {why}"),
        }
    }
    fitted
}

#[test]
fn files_of_the_world_read_as_the_engine_reads_them() {
    let Some(folder) = std::env::var_os("TANBA_CORPUS").map(std::path::PathBuf::from) else {
        outside("");
        return;
    };
    let (mut files, mut fitted) = (0, 0);
    for sub in ["labelled", "wild"] {
        let mut names: Vec<_> =
            std::fs::read_dir(folder.join(sub)).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        for path in names {
            let bytes = std::fs::read(&path).unwrap();
            let mut source = Cursor::new(&bytes);
            let Ok(format) = Format::sniff(&mut source) else { continue };
            let survey = format.handler().survey(&mut source, &mut Budget::new(&Limits::default())).unwrap();
            let [store] = &survey.stores[..] else { continue };
            if engine(&store.jumbf, survey.media_type, &bytes).is_none() {
                continue;
            }
            files += 1;
            let name = path.file_name().unwrap().to_string_lossy();
            fitted += agree(&name, survey.media_type, &bytes, store, if bytes.len() < 400_000 { 60 } else { 20 });
        }
    }
    assert!(files >= 13 && fitted >= files, "{files} files, {fitted} fit");
}

/// The store of a film, found by its box: no format of this crate is needed for the hash.
fn film(bytes: &[u8]) -> Store {
    let uuid = memchr::memmem::find(bytes, &crate::manifest::bmff::UUID).unwrap() - 8;
    let len = u32::from_be_bytes(bytes[uuid..uuid + 4].try_into().unwrap()) as usize;
    let start = uuid + 24 + 4 + memchr::memchr(0, &bytes[uuid + 28..]).unwrap() + 1 + 8;
    let carrier = std::iter::once(uuid as u64..(uuid + len) as u64).collect();
    Store { carrier, jumbf: bytes[start..uuid + len].to_vec() }
}

#[test]
fn films_read_as_the_engine_reads_them() {
    for (name, code) in [("labelled/legacy.mp4", 1), ("labelled/video1.mp4", 2)] {
        let Some(bytes) = outside(name) else { return };
        let store = film(&bytes);
        assert_eq!(ours(&store, &bytes).0, Compared::Fits, "{name}, version {code}");
        // Most mutations change what is hashed; those of the manifest box do not.
        let fitted = agree(name, "video/mp4", &bytes, &store, 120);
        assert!((10..110).contains(&fitted), "{name}: {fitted}");
    }
}

/// What every format carries, labelled by ourselves.
#[test]
fn labels_of_ours_read_as_the_engine_reads_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seen = 0;
    for format in Format::ALL.iter().filter(|format| format.can_label()) {
        let name = format!("tiny.{}", format.extensions()[0]);
        let Ok(bytes) = std::fs::read(folder.join(&name)) else { continue };
        let labelled = crate::label(&bytes, &crate::Disclosure::generated("Acme"), &Signer::development()).unwrap();
        let survey =
            format.handler().survey(&mut Cursor::new(&labelled), &mut Budget::new(&Limits::default())).unwrap();
        let fitted = agree(&name, survey.media_type, &labelled, &survey.stores[0], 100);
        assert!((2..99).contains(&fitted), "{name}: {fitted}");
        seen += 1;
    }
    assert!(seen >= 8, "{seen} formats");
}

/// The engine, ready to sign with settings of its own.
fn builder(settings: &serde_json::Value) -> c2pa::Builder {
    let signer = c2pa::EphemeralSigner::new("tests").unwrap();
    let context = c2pa::Context::new().with_settings(settings.to_string().as_str()).unwrap().with_signer(signer);
    let action = json!({
        "action": "c2pa.created",
        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
    });
    let definition = json!({
        "claim_generator_info": [{ "name": "tests" }],
        "assertions": [{ "label": "c2pa.actions.v2", "data": { "actions": [action] } }],
    });
    c2pa::Builder::from_context(context).with_definition(definition).unwrap()
}

#[test]
fn hashes_over_named_parts_read_as_the_engine_reads_them() {
    let settings = json!({ "builder": { "prefer_box_hash": true, "thumbnail": { "enabled": false } } });
    for name in ["sample1.png", "libpng-test.png", "earth_apollo17.jpg", "no_manifest.jpg", "sample1.gif"] {
        let Some(bytes) = outside(&format!("unlabelled/{name}")) else { return };
        let format = Format::sniff(&mut Cursor::new(&bytes)).unwrap();
        let media_type = format.media_types()[0];
        let mut builder = builder(&settings);
        builder.update_hash_from_stream(media_type, &mut Cursor::new(&bytes)).unwrap();
        let carrier = builder.sign_embeddable(media_type).unwrap();
        // Where the engine thinks of the manifest: behind the first parts, whatever they are called.
        let first =
            |part: &&crate::format::NamedBox| ["SOI", "APP0", "PNGh", "IHDR", "GIF89a", "LSD"].contains(&&*part.name);
        let boxes = with_asset(&bytes, |asset| {
            format.handler().named_boxes(asset.source, asset.survey, &mut Budget::new(asset.limits)).unwrap().unwrap()
        });
        let at = boxes.iter().take_while(first).last().unwrap().range.end as usize;
        let signed = [&bytes[..at], &carrier, &bytes[at..]].concat();
        let store = with_asset(&signed, |asset| Store {
            carrier: asset.survey.stores[0].carrier.clone(),
            jumbf: asset.survey.stores[0].jumbf.clone(),
        });
        assert_eq!(ours(&store, &signed), (Compared::Fits, "assertion.boxesHash"), "{name}");
        assert_eq!(read_back(&signed, &TrustAnchors::default(), NOW).axes.binding, Binding::Intact, "{name}");
        assert!(agree(name, media_type, &signed, &store, 40) > 1, "{name}");
        // What no list names is not seen by the engine.
        let longer = [&signed[..], b"more"].concat();
        assert!(matches!(ours(&store, &longer).0, Compared::Partly(_)), "{name}");
        assert_eq!(read_back(&longer, &TrustAnchors::default(), NOW).axes.binding, Binding::Partial, "{name}");
    }
}

#[test]
fn documents_read_as_the_engine_reads_them() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/text");
    for name in ["aigc.docx", "plain.xlsx", "plain.pptx", "aigc.odt", "aigc.epub"] {
        let packed = std::fs::read(folder.join(name)).unwrap();
        let media_type = with_asset(&packed, |asset| asset.survey.media_type);
        let bytes = crate::format::testing::stored(&packed, name == "aigc.docx");
        let mut signed = Cursor::new(Vec::new());
        let signer = c2pa::EphemeralSigner::new("tests").unwrap();
        let settings = json!({ "builder": { "thumbnail": { "enabled": false } } });
        builder(&settings).sign(&signer, media_type, &mut Cursor::new(&bytes), &mut signed).unwrap();
        let signed = signed.into_inner();
        let store = with_asset(&signed, |asset| Store {
            carrier: asset.survey.stores[0].carrier.clone(),
            jumbf: asset.survey.stores[0].jumbf.clone(),
        });
        assert_eq!(ours(&store, &signed), (Compared::Fits, "assertion.collectionHash"), "{name}");
        let reading = read_back(&signed, &TrustAnchors::default(), NOW);
        let axes = (reading.axes.binding, reading.axes.signature);
        assert_eq!(axes, (Binding::Intact, Signature::Ok), "{name}: {:#?}", reading.findings);
        let fitted = agree(name, media_type, &signed, &store, 100);
        assert!((2..60).contains(&fitted), "{name}: {fitted}");
    }
}

#[test]
fn trees_over_media_data_read_as_the_engine_reads_them() {
    for (name, media_type) in
        [("sample1.heic", "image/heic"), ("sample1.avif", "image/avif"), ("video1_no_manifest.mp4", "video/mp4")]
    {
        let Some(bytes) = outside(&format!("unlabelled/{name}")) else { return };
        for proofs in [0, 3] {
            let settings = json!({
                "core": { "merkle_tree_chunk_size_in_kb": 8, "merkle_tree_max_proofs": proofs },
                "builder": { "thumbnail": { "enabled": false } },
            });
            let mut signed = Cursor::new(Vec::new());
            let signer = c2pa::EphemeralSigner::new("tests").unwrap();
            builder(&settings).sign(&signer, media_type, &mut Cursor::new(&bytes), &mut signed).unwrap();
            let signed = signed.into_inner();
            let store = film(&signed);
            assert!(memchr::memmem::find(&store.jumbf, b"fixedBlockSize").is_some(), "{name}");
            assert_eq!(ours(&store, &signed).0, Compared::Fits, "{name}, {proofs} proofs");
            let behind = store.carrier[0].end as usize;
            let at = behind + memchr::memmem::find(&signed[behind..], b"mdat").unwrap();
            for place in [at + 5, at + 13, at + 5000, at + 50_000] {
                let mut changed = signed.clone();
                changed[place] ^= 1;
                assert!(matches!(ours(&store, &changed).0, Compared::Differs(_)), "{name}, byte {place}");
                assert_eq!(engine(&store.jumbf, media_type, &changed), Some(false));
            }
        }
    }
}
