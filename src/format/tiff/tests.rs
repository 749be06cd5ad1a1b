//! Where the files of `fixtures/tiff` come from: a gradient of 240 × 210 pixels, through `tiffcp` and `convert` with the
//! options that their names say.

use std::io::Cursor;

use super::*;
use crate::{
    format::testing::{checkered, corpus, mark, survey},
    limits::Limits,
    notice::Notice,
};

const TILES: &[u8] = include_bytes!("../../../fixtures/tiff/tiles_lzw_predictor.tif");
const PLANAR: &[u8] = include_bytes!("../../../fixtures/tiff/planar_big_endian_zip_predictor.tif");
const GROUP4: &[u8] = include_bytes!("../../../fixtures/tiff/group4_fill_order_2.tif");
const BILEVEL: &[u8] = include_bytes!("../../../fixtures/tiff/bilevel_packbits.tif");
const PALETTE: &[u8] = include_bytes!("../../../fixtures/tiff/palette_lzw.tif");
const GREY16: &[u8] = include_bytes!("../../../fixtures/tiff/grey16_zip.tif");
const SMALL: &[u8] = include_bytes!("../../../fixtures/tiff/small_cmyk_turned.tif");

fn budget() -> Budget {
    Budget::new(&Limits::default())
}

/// Every page upright, by our own decoder.
pub(super) fn pages(bytes: &[u8]) -> Vec<Raster> {
    let mut source = Cursor::new(bytes);
    let mut budget = budget();
    let structure = Structure::open(&mut source, Format::Tiff).unwrap();
    let chain = structure.chain(&mut source, &mut budget).unwrap();
    let page = |page: &Directory| {
        let (size, orientation) = shape(&structure, &mut source, page, &mut budget).unwrap();
        let layout = Layout::read(&structure, &mut source, page, &mut budget).unwrap().unwrap();
        Raster::upright(pixels::rgb(&mut source, &layout, layout.whole(), &mut budget).unwrap(), size, orientation)
    };
    chain.iter().filter(|page| is_page(page)).map(page).collect()
}

type Page = (u32, u32, tiff::decoder::DecodingResult);

/// The samples of every page, by the `tiff` crate; `None` where it cannot.
fn strangers(bytes: &[u8]) -> Option<Vec<Page>> {
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(bytes)).ok()?;
    let mut pages = Vec::new();
    loop {
        let (width, height) = decoder.dimensions().ok()?;
        pages.push((width, height, decoder.read_image().ok()?));
        if !decoder.more_images() {
            return Some(pages);
        }
        decoder.next_image().ok()?;
    }
}

pub(super) fn label(shown: Size) -> Notice {
    checkered(shown, if shown.shorter() < 200 { 21 } else { 0 })
}

/// Marks the file and holds every page against the original: the plate is there, and all else is the same.
fn check(name: &str, bytes: &[u8]) -> Vec<u8> {
    let notice = label(survey(&Tiff, bytes).unwrap().shown().unwrap());
    let (after, marked) = mark(&Tiff, bytes, Some(&notice), None, Some(b"store of a manifest")).unwrap();
    assert!(marked.noticed && marked.missing.is_empty(), "{name}: {:?}", marked.missing);
    let surveyed = survey(&Tiff, &after).unwrap();
    assert_eq!(surveyed.stores.len(), 1, "{name}");
    let store = &surveyed.stores[0];
    assert_eq!(store.jumbf, b"store of a manifest");
    let [carrier] = store.carrier.as_slice() else { panic!("{name}: one range carries the manifest") };
    assert_eq!(after[carrier.start as usize..carrier.end as usize], *store.jumbf);
    let (old, new) = (pages(bytes), pages(&after));
    assert_eq!(old.len(), new.len(), "{name}");
    for (old, new) in old.iter().zip(&new) {
        let notice = label(old.size);
        assert_eq!(new.size, notice.frame, "{name}");
        compare(name, old, new, &notice);
    }
    if let (Some(old), Some(new)) = (strangers(bytes), strangers(&after)) {
        let same = |(old, new): (&Page, &Page)| format!("{:?}", old.2) == format!("{:?}", new.2);
        assert!(!old.iter().zip(&new).any(same), "{name}: a stranger sees the notice on every page");
    }
    after
}

fn compare(name: &str, old: &Raster, new: &Raster, notice: &Notice) {
    let pixel = |raster: &Raster, x: u32, y: u32| -> [u8; 3] {
        let at = (y as usize * raster.size.width as usize + x as usize) * 3;
        [raster.rgb[at], raster.rgb[at + 1], raster.rgb[at + 2]]
    };
    let plate = notice.rect;
    for y in 0..new.size.height {
        for x in 0..new.size.width {
            let inside =
                (plate.x..plate.x + plate.width).contains(&x) && (plate.y..plate.y + plate.height).contains(&y);
            if inside {
                let white = ((x - plate.x) / 8 + (y - plate.y) / 8) % 2 == 1;
                let seen = pixel(new, x, y);
                assert!(seen.iter().all(|&v| if white { v > 140 } else { v < 60 }), "{name}: {seen:?} at {x}, {y}");
            } else {
                assert_eq!(pixel(new, x, y), pixel(old, x, y - notice.strip), "{name} at {x}, {y}");
            }
        }
    }
}

#[test]
fn every_kind_of_strip_and_tile_gets_the_notice_and_keeps_the_rest() {
    for (name, bytes) in [
        ("tiles", TILES),
        ("planar", PLANAR),
        ("group 4", GROUP4),
        ("bilevel", BILEVEL),
        ("palette", PALETTE),
        ("grey 16", GREY16),
        ("small", SMALL),
    ] {
        check(name, bytes);
    }
}

#[test]
fn files_of_others_get_the_notice_on_every_page() {
    for (path, count) in [("test.tiff", 1), ("TUSCANY.TIF", 1), ("MultiPage.tif", 5)] {
        let Some(bytes) = corpus(&format!("unlabelled/{path}")) else { return };
        assert_eq!(survey(&Tiff, &bytes).unwrap().frames, count);
        let after = check(path, &bytes);
        assert_eq!(survey(&Tiff, &after).unwrap().frames, count);
    }
}

#[test]
fn pages_of_different_sizes_get_notices_of_their_own() {
    let mut file = Cursor::new(Vec::new());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    for (width, height) in [(300u32, 240u32), (220, 400), (60, 50)] {
        let samples: Vec<u8> = (0..width * height * 3).map(|at| (at * 7 % 251) as u8).collect();
        encoder.write_image::<tiff::encoder::colortype::RGB8>(width, height, &samples).unwrap();
    }
    check("pages", file.get_ref());
}

#[test]
fn float_and_alpha_samples() {
    let (width, height) = (220u32, 210u32);
    let float: Vec<f32> = (0..width * height).map(|at| (at % 997) as f32 / 997.0).collect();
    let deep: Vec<u16> = (0..width * height * 4).map(|at| (at * 31 % 65521) as u16).collect();
    for compression in [tiff::encoder::Compression::Lzw, tiff::encoder::Compression::Uncompressed] {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap().with_compression(compression);
        encoder.write_image::<tiff::encoder::colortype::Gray32Float>(width, height, &float).unwrap();
        encoder.write_image::<tiff::encoder::colortype::RGBA16>(width, height, &deep).unwrap();
        let bytes = file.into_inner();
        let after = check("float, alpha", &bytes);
        let stranger = strangers(&after).unwrap();
        let (tiff::decoder::DecodingResult::F32(a), tiff::decoder::DecodingResult::U16(b)) =
            (&stranger[0].2, &stranger[1].2)
        else {
            panic!("the samples changed their kind")
        };
        // Below the plate, all is as it was, to the last bit.
        let below = (width * (height / 2)) as usize;
        assert_eq!(a[below..], float[below..]);
        assert_eq!(b[below * 4..], deep[below * 4..]);
    }
}

#[test]
fn labelling_again_replaces_the_manifest_and_hardly_grows_the_file() {
    let (first, _) = mark(&Tiff, PLANAR, None, None, Some(&[1; 3000])).unwrap();
    let (second, _) = mark(&Tiff, &first, None, None, Some(&[2; 3000])).unwrap();
    assert_eq!(survey(&Tiff, &second).unwrap().stores.iter().map(|store| store.jumbf[0]).collect::<Vec<_>>(), [2]);
    assert!(second.len() < first.len() + 300, "{} -> {}", first.len(), second.len());
    let (bare, _) = mark(&Tiff, &second, None, None, None).unwrap();
    assert!(survey(&Tiff, &bare).unwrap().stores.is_empty());
    assert!(!bare.windows(100).any(|window| window == [2; 100]), "nothing of the manifest is left");
    assert_eq!(pages(&bare)[0].rgb, pages(PLANAR)[0].rgb);
}

/// As c2pa-rs 0.90 writes it: a directory with one entry, last in the chain.
#[test]
fn a_manifest_in_a_directory_of_its_own_is_found_and_replaced() {
    let mut source = Cursor::new(PLANAR);
    let structure = Structure::open(&mut source, Format::Tiff).unwrap();
    let chain = structure.chain(&mut source, &mut budget()).unwrap();
    let mut bytes = PLANAR.to_vec();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    let at = bytes.len() as u32;
    let store = [9u8; 500];
    let field = Field { tag: C2PA, kind: UNDEFINED, count: 500, value: Value::At(at + 18) };
    bytes.extend(rewrite(structure.order, None, &[field], &[], 0, at.into(), Format::Tiff).unwrap().0);
    bytes.extend(store);
    let next = chain[0].next_at() as usize;
    bytes[next..next + 4].copy_from_slice(&structure.order.put32(at));

    let found = survey(&Tiff, &bytes).unwrap();
    assert_eq!(found.frames, 1);
    assert_eq!(found.stores[0].jumbf, store);
    let at = u64::from(at);
    assert_eq!(found.stores[0].carrier, [at + 18..at + 518, at + 6..at + 10]);
    let (after, _) = mark(&Tiff, &bytes, None, None, Some(b"new")).unwrap();
    let found = survey(&Tiff, &after).unwrap();
    assert_eq!(found.stores.len(), 1);
    assert_eq!(pages(&after).len(), 1);
}

#[test]
fn circles_and_big_tiff_are_errors_with_a_reason() {
    let mut circle = PLANAR.to_vec();
    let mut source = Cursor::new(PLANAR);
    let structure = Structure::open(&mut source, Format::Tiff).unwrap();
    let first = structure.directory(&mut source, structure.first.into(), &mut budget()).unwrap();
    let next = first.next_at() as usize;
    circle[next..next + 4].copy_from_slice(&structure.order.put32(structure.first));
    assert!(matches!(survey(&Tiff, &circle), Err(Error::Malformed { .. })));
    assert!(matches!(survey(&Tiff, b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"), Err(Error::Unsupported { .. })));
    if let Some(bytes) = corpus("hostile/tiff_poc.tiff") {
        let notice = checkered(Size { width: 300, height: 300 }, 0);
        let _ = survey(&Tiff, &bytes).map(|_| mark(&Tiff, &bytes, Some(&notice), None, Some(b"store")));
    }
}

#[test]
fn broken_files_do_not_break_us() {
    let limits = Limits { max_decoded_bytes: 4 << 20, ..Limits::default() };
    let mut seed = 1u32;
    let mut cases = 0;
    for bytes in [TILES, PLANAR, GROUP4, PALETTE, SMALL] {
        let mut source = Cursor::new(bytes);
        let structure = Structure::open(&mut source, Format::Tiff).unwrap();
        let directory = usize::try_from(structure.first).unwrap();
        for case in 0..500 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut broken = bytes.to_vec();
            let random = (seed >> 8) as usize;
            match case % 4 {
                // In the first directory, where it hurts; the header; anywhere; cut off.
                0 | 1 => broken[(directory + random % 200) % bytes.len()] = (seed >> 24) as u8,
                2 => broken[random % bytes.len()] ^= 1 << (seed >> 29),
                _ => broken.truncate(random % bytes.len()),
            }
            let mut source = Cursor::new(&broken);
            let mut budget = Budget::new(&limits);
            let Ok(surveyed) = Tiff.survey(&mut source, &mut budget) else { continue };
            let _ = Tiff.picture(&mut source, &surveyed, &mut budget);
            let shown = surveyed.shown().unwrap();
            if shown.width.max(shown.height) < 2000 {
                let _ = mark(&Tiff, &broken, Some(&label(shown)), None, Some(b"store"));
            }
            cases += 1;
        }
    }
    assert!(cases > 1000, "{cases}");
}

#[test]
fn a_value_that_shares_bytes_with_pixels_is_not_wiped() {
    let record = crate::record::Record::example();
    let (labelled, _) = mark(&Tiff, TILES, None, Some(&record), Some(b"store of a manifest")).unwrap();
    assert!(mark(&Tiff, &labelled, None, Some(&record), Some(b"store of a manifest")).is_ok());
    let mut source = Cursor::new(&labelled);
    let structure = Structure::open(&mut source, Format::Tiff).unwrap();
    let page = structure.chain(&mut source, &mut budget()).unwrap().remove(0);
    let tiles = structure.number(&mut source, &page, TILE_OFFSETS, &mut budget()).unwrap();
    for (tag, target) in [(XMP, tiles), (C2PA, tiles), (XMP, 0), (C2PA, u32::try_from(page.at).unwrap())] {
        let at = usize::try_from(page.get(tag).unwrap().at).unwrap();
        let mut broken = labelled.clone();
        broken[at + 8..at + 12].copy_from_slice(&structure.order.put32(target));
        let outcome = mark(&Tiff, &broken, None, Some(&record), None);
        assert!(matches!(outcome, Err(Error::Malformed { at: said, .. }) if said == at as u64), "{tag}");
    }
}
