//! Pages of JPEG streams: the notice stands on each, and all outside of its blocks stays as it was.

use std::io::Cursor;

use super::{layout::Compression, tests::*, *};
use crate::{
    format::testing::{mark, survey},
    limits::Limits,
    notice::Notice,
};

const FILES: [(&str, &[u8], u32); 8] = [
    ("4:4:4", include_bytes!("../../../fixtures/tiff/jpeg_444_strips.tif"), 8),
    ("4:2:2", include_bytes!("../../../fixtures/tiff/jpeg_422_tiles.tif"), 16),
    ("4:2:0", include_bytes!("../../../fixtures/tiff/jpeg_420_strips.tif"), 16),
    ("RGB", include_bytes!("../../../fixtures/tiff/jpeg_rgb_tiles.tif"), 8),
    ("CMYK", include_bytes!("../../../fixtures/tiff/jpeg_cmyk.tif"), 8),
    ("optimal tables", include_bytes!("../../../fixtures/tiff/jpeg_optimal_tables.tif"), 8),
    ("own tables", include_bytes!("../../../fixtures/tiff/jpeg_own_tables.tif"), 16),
    ("mixed pages", include_bytes!("../../../fixtures/tiff/mixed_pages.tif"), 16),
];
const SMALL: &[u8] = include_bytes!("../../../fixtures/tiff/jpeg_small_turned.tif");

/// Marks the file, and checks each page against the original: the pattern stands there, and nothing changed outside of
/// the blocks of `mcu` pixels that it touches.
fn check(name: &str, bytes: &[u8], mcu: u32) -> Vec<u8> {
    let notice = label(survey(&Tiff, bytes).unwrap().shown().unwrap());
    let notice = notice.with_strip_of(survey(&Tiff, bytes).unwrap().strip_unit);
    let (after, marked) = mark(&Tiff, bytes, Some(&notice), None, Some(b"store of a manifest")).unwrap();
    assert!(marked.noticed && marked.missing.is_empty(), "{name}: {:?}", marked.missing);
    let (old, new) = (pages(bytes), pages(&after));
    assert_eq!(old.len(), new.len(), "{name}");
    for (index, (old, new)) in old.iter().zip(&new).enumerate() {
        let name = format!("{name}, page {}", index + 1);
        // Those of this size and kind are pages of JPEG.
        compare(&name, old, new, &label(old.size).with_strip_of(16), mcu);
    }
    after
}

fn compare(name: &str, old: &Raster, new: &Raster, notice: &Notice, mcu: u32) {
    assert_eq!(new.size, notice.frame, "{name}");
    let pixel = |raster: &Raster, x: u32, y: u32| -> [u8; 3] {
        let at = (y as usize * raster.size.width as usize + x as usize) * 3;
        [raster.rgb[at], raster.rgb[at + 1], raster.rgb[at + 2]]
    };
    let (plate, mut distance) = (notice.rect, 0.0);
    for y in 0..new.size.height {
        for x in 0..new.size.width {
            let (column, row) = (x.wrapping_sub(plate.x), y.wrapping_sub(plate.y));
            if column < plate.width && row < plate.height {
                let wanted = notice.stamp.coverage[(row * plate.width + column) as usize];
                distance += f64::from(crate::notice::luma(pixel(new, x, y)).abs_diff(wanted));
                continue;
            }
            let near = |at: u32, start: u32, len: u32| at + mcu > start && at < start + len + mcu;
            if notice.strip == 0 && !(near(x, plate.x, plate.width) && near(y, plate.y, plate.height)) {
                assert_eq!(pixel(new, x, y), pixel(old, x, y), "{name} at {x}, {y}");
            } else if notice.strip > 0 && y >= notice.strip + mcu {
                assert_eq!(pixel(new, x, y), pixel(old, x, y - notice.strip), "{name} at {x}, {y}");
            }
        }
    }
    let mean = distance / f64::from(plate.width * plate.height);
    assert!(mean < 16.0, "{name}: {mean:.1} levels from the pattern");
}

#[test]
fn every_kind_of_jpeg_page_gets_the_notice_and_keeps_the_rest() {
    for (name, bytes, mcu) in FILES {
        check(name, bytes, mcu);
    }
}

/// The layouts of all pages.
fn layouts(bytes: &[u8]) -> Vec<Layout> {
    let (mut source, mut budget) = (Cursor::new(bytes), Budget::new(&Limits::default()));
    let structure = Structure::open(&mut source, Format::Tiff).unwrap();
    let chain = structure.chain(&mut source, &mut budget).unwrap();
    chain.iter().map(|page| Layout::read(&structure, &mut source, page, &mut budget).unwrap().unwrap()).collect()
}

#[test]
fn strips_that_the_notice_does_not_touch_stay_byte_for_byte() {
    for (name, bytes, _) in FILES {
        let after = check(name, bytes, 16);
        let mut same = 0;
        // A page that grew is one stream now.
        let pages = layouts(bytes).into_iter().zip(layouts(&after)).filter(|(old, new)| old.size == new.size);
        for (old, new) in pages {
            assert_eq!(old.compression, new.compression, "{name}: the shared tables");
            let data =
                |bytes: &[u8], part: &layout::Part| bytes[part.data.start as usize..part.data.end as usize].to_vec();
            same += old.parts().zip(new.parts()).filter(|(a, b)| data(bytes, a) == data(&after, b)).count();
        }
        assert!(same > 0, "{name}");
    }
}

/// libtiff reads JPEGTables once: a strip that defines a table in the same place would break the strips after it.
#[test]
fn no_strip_defines_what_others_take_from_the_shared_tables() {
    for (name, bytes, _) in FILES {
        let after = check(name, bytes, 16);
        for layout in layouts(&after) {
            let Compression::Jpeg(shared) = &layout.compression else { continue };
            let places = |stream: &[u8]| -> Vec<u8> {
                let starts = memchr::memmem::find_iter(stream, &[0xFF, 0xC4]);
                let mut places = Vec::new();
                for start in starts {
                    let len = usize::from(u16::from_be_bytes([stream[start + 2], stream[start + 3]]));
                    let mut table = &stream[start + 4..start + 2 + len];
                    while let Some((&place, rest)) = table.split_first() {
                        let symbols: usize = rest[..16].iter().map(|&count| usize::from(count)).sum();
                        places.push(place);
                        table = &rest[16 + symbols..];
                    }
                }
                places
            };
            let taken = places(shared);
            for part in layout.parts() {
                let own = places(&after[part.data.start as usize..part.data.end as usize]);
                assert!(!own.iter().any(|place| taken.contains(place)), "{name}: {own:?} {taken:?}");
                assert!(name != "optimal tables" || part.index > 0 || !own.is_empty(), "symbols are missing there");
            }
        }
    }
}

#[test]
fn small_pages_grow_in_whole_blocks() {
    for value in 1..=8 {
        let mut bytes = SMALL.to_vec();
        let mut source = Cursor::new(SMALL);
        let structure = Structure::open(&mut source, Format::Tiff).unwrap();
        let page = structure.chain(&mut source, &mut Budget::new(&Limits::default())).unwrap().remove(0);
        bytes[page.get(ORIENTATION).unwrap().at as usize + 8] = value;
        // The first rows under a strip that shares blocks with the picture are coded again.
        let after = check(&format!("orientation {value}"), &bytes, 16);
        assert_eq!(layouts(&after)[0].parts().count(), 1);
    }
}

#[test]
fn what_cannot_be_drawn_into_says_so() {
    let original = FILES[2].1;
    let (mut source, mut budget) = (Cursor::new(original), Budget::new(&Limits::default()));
    let structure = Structure::open(&mut source, Format::Tiff).unwrap();
    let page = structure.chain(&mut source, &mut budget).unwrap().remove(0);
    let compression = page.get(COMPRESSION).unwrap().at as usize + 8;
    let strip = layouts(original)[0].parts().next().unwrap().data.start as usize;
    let cases = [
        (compression, 6, "old-style JPEG"),
        // The frame header follows SOI.
        (strip + 3, 0xC9, "arithmetic"),
        (strip + 10, 100, "another size"),
    ];
    for (at, value, word) in cases {
        let mut bytes = original.to_vec();
        bytes[at] = value;
        let notice = label(survey(&Tiff, &bytes).unwrap().shown().unwrap());
        match mark(&Tiff, &bytes, Some(&notice), None, Some(b"store")) {
            Ok((after, marked)) => {
                assert!(!marked.noticed && marked.missing[0].contains(word), "{word}: {:?}", marked.missing);
                assert_eq!(after[8..strip], bytes[8..strip]);
            }
            Err(error) => assert!(error.to_string().contains(word), "{word}: {error}"),
        }
    }
}

#[test]
fn broken_streams_do_not_break_us() {
    let limits = Limits { max_decoded_bytes: 4 << 20, ..Limits::default() };
    let (mut seed, mut cases) = (1u32, 0);
    for bytes in [FILES[2].1, FILES[5].1, SMALL] {
        for case in 0..200 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut broken = bytes.to_vec();
            let random = (seed >> 8) as usize % bytes.len();
            match case % 4 {
                // The head of the first strip, anywhere, the tables and the directory, cut off.
                0 => broken[8 + random % 60] = (seed >> 24) as u8,
                1 => broken[random] ^= 1 << (seed >> 29),
                2 => broken[bytes.len() - 1 - random % 900] = (seed >> 24) as u8,
                _ => broken.truncate(random),
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
    assert!(cases > 300, "{cases}");
}
