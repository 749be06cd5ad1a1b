use super::*;
use crate::{
    FixableBy,
    format::testing::{checkered, corpus, mark, survey},
    geometry::{Orientation, Rect, Size},
    limits::Limits,
    notice::{Notice, StoredNotice},
    policy::layout::{MIN_CONTRAST, contrast},
    record::{self, Record},
};

#[test]
fn the_manifest_goes_right_behind_ihdr_and_nothing_else_changes() {
    let Some(original) = corpus("unlabelled/libpng-test.png") else { return };
    let (marked, _) = mark(&Png, &original, None, None, Some(b"a store")).unwrap();
    assert_eq!(marked[..33], original[..33]);
    assert_eq!(marked[33 + 12 + 7..], original[33..]);
    let survey = survey(&Png, &marked).unwrap();
    assert_eq!(survey.stores.len(), 1);
    assert_eq!((survey.stores[0].carrier.len(), &survey.stores[0].carrier[0]), (1, &(33..33 + 12 + 7)));
    assert_eq!(survey.stores[0].jumbf, b"a store");
    // Marked again without a manifest, the original is back.
    assert_eq!(mark(&Png, &marked, None, None, None).unwrap().0, original);
}

#[test]
fn metadata_of_generators_is_found_wherever_it_stands() {
    let Some(midjourney) = corpus("wild/mj-1.png") else { return };
    let survey_of = |path| survey(&Png, &corpus(path).unwrap()).unwrap();
    let midjourney = survey(&Png, &midjourney).unwrap();
    assert!(String::from_utf8_lossy(&midjourney.xmp[0].bytes).contains("DigitalSourceType"), "{:?}", midjourney.xmp);
    assert!(midjourney.texts.iter().any(|text| text.key == "Description" && text.value.contains("Job ID")));
    assert!(survey_of("wild/automatic1111_cropped.png").texts.iter().any(|text| text.key == "parameters"));
    assert_eq!(survey_of("wild/chatgpt-1.png").stores.len(), 1);
    assert_eq!(survey_of("wild/firefly-1.png").stores.len(), 1);
}

/// A picture of every colour in reach, in one of the 30 kinds of PNG.
fn sample(colour: chunks::Colour, depth: u8, interlaced: bool, key: bool, size: Size) -> Vec<u8> {
    use chunks::Colour::*;
    let header = Header { size, depth, colour, interlaced };
    let top = if depth < 8 { (1 << depth) - 1 } else { 255 };
    let budget = Budget::new(&Limits::default());
    let mut canvas = Canvas::filled(size, &[0; 8][..header.unit()], &budget).unwrap();
    let mut seed = 1u32;
    for value in &mut canvas.data {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *value = ((seed >> 24) as u8) & top;
    }
    let touched = Rect { x: 0, y: 0, width: 0, height: 0 };
    let pixels = canvas.encode(&header, None, touched, flate2::Compression::fast()).unwrap();
    let mut file = SIGNATURE.to_vec();
    file.extend(header.encode());
    match colour {
        Palette => {
            let entries: Vec<u8> = (0..=top).flat_map(|i| [i.wrapping_mul(37) / 3 + 60, i / 2 + 90, 100]).collect();
            file.extend(chunks::encode(*b"PLTE", &[&entries]));
            if key {
                file.extend(chunks::encode(*b"tRNS", &[&[0, 100]]));
            }
        }
        // Black, which is the plate, is transparent.
        Grey if key => file.extend(chunks::encode(*b"tRNS", &[&[0, 0]])),
        Rgb if key => file.extend(chunks::encode(*b"tRNS", &[&[0; 6]])),
        _ => {}
    }
    file.extend(chunks::encode(*b"IDAT", &[&pixels]));
    file.extend(chunks::encode(*b"prVt", &[b"private"]));
    file.extend(chunks::encode(*b"IEND", &[]));
    file
}

/// At full depth.
type Picture = image::ImageBuffer<image::Rgba<u16>, Vec<u16>>;

/// Decoded by the `image` crate.
fn decoded(file: &[u8]) -> Picture {
    image::load_from_memory_with_format(file, image::ImageFormat::Png).unwrap().into_rgba16()
}

/// Beside the notice every pixel is what it was; returns the picture with the notice.
pub(super) fn assert_the_rest_stayed(before: &[u8], after: &[u8], notice: &StoredNotice, name: &str) -> Picture {
    let (before, after) = (decoded(before), decoded(after));
    let (rect, grow, Size { width, height }) = (notice.rect, notice.grow, notice.frame);
    assert_eq!(after.dimensions(), (width, height), "{name}");
    for (x, y, pixel) in after.enumerate_pixels() {
        let inside = x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
        if inside {
            assert_eq!(pixel[3], u16::MAX, "{name}: the plate is opaque at {x}, {y}");
        } else {
            assert_eq!(pixel, before.get_pixel(x - grow.left, y - grow.top), "{name}: {x}, {y}");
        }
    }
    after
}

fn assert_only_the_notice_changed(before: &[u8], after: &[u8], notice: &Notice, name: &str) {
    let rect = notice.rect;
    let after = assert_the_rest_stayed(before, after, &notice.stored(Orientation::Upright), name);
    let shade = |x, y| {
        let [r, g, b, _] = after.get_pixel(rect.x + x, rect.y + y).0;
        [r, g, b].map(|value| (value >> 8) as u8)
    };
    assert!(contrast(shade(0, 0), shade(8, 0)) >= MIN_CONTRAST, "{name}: {:?} on {:?}", shade(8, 0), shade(0, 0));
}

#[test]
fn every_kind_of_png_takes_the_notice_and_keeps_every_other_pixel() {
    use chunks::Colour::*;
    let kinds: &[(chunks::Colour, &[u8])] = &[
        (Grey, &[1, 2, 4, 8, 16]),
        (Rgb, &[8, 16]),
        (Palette, &[1, 2, 4, 8]),
        (GreyAlpha, &[8, 16]),
        (Rgba, &[8, 16]),
    ];
    let mut seen = 0;
    for (colour, depth) in kinds.iter().flat_map(|(colour, depths)| depths.iter().map(|depth| (*colour, *depth))) {
        for (interlaced, key, strip) in [0, 1, 2, 3, 4, 5, 6, 7].map(|n| (n & 1 > 0, n & 2 > 0, (n & 4) * 5)) {
            let size = Size { width: 61, height: 43 };
            let name = format!("{colour:?} {depth} interlaced {interlaced} key {key} strip {strip}");
            let original = sample(colour, depth, interlaced, key, size);
            let notice = checkered(size, strip);
            let (marked, what) = mark(&Png, &original, Some(&notice), None, Some(b"store")).unwrap();
            assert!(what.noticed, "{name}");
            assert_only_the_notice_changed(&original, &marked, &notice, &name);
            let private = chunks::encode(*b"prVt", &[b"private"]);
            assert!(memchr::memmem::find(&marked, &private).is_some(), "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 15 * 8);
}

#[test]
fn interlaced_pictures_of_any_size_keep_every_other_pixel() {
    use chunks::Colour::*;
    let kinds = [(Grey, 1), (Grey, 16), (Rgb, 8), (Rgb, 16), (Palette, 4), (Palette, 8), (GreyAlpha, 8), (Rgba, 8)];
    let mut seed = 7_u32;
    let mut side = |most: u32| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        1 + (seed >> 8) % most
    };
    for number in 0..64 {
        let (colour, depth) = kinds[number % kinds.len()];
        // Most of the passes of a very small picture are empty.
        let most = if number % 2 == 0 { 9 } else { 300 };
        let size = Size { width: side(most), height: side(most) };
        let original = sample(colour, depth, true, false, size);
        let notice = checkered(size, if number % 3 == 0 { side(30) } else { 0 });
        let (marked, what) = mark(&Png, &original, Some(&notice), None, None).unwrap();
        let name = format!("{number}: {colour:?} {depth} {size:?}");
        assert!(what.noticed, "{name}");
        assert_the_rest_stayed(&original, &marked, &notice.stored(Orientation::Upright), &name);
    }
}

#[test]
fn real_pictures_keep_every_other_pixel_and_their_size() {
    for path in
        ["unlabelled/sample1.png", "unlabelled/libpng-test.png", "wild/chatgpt-1.png", "wild/fooocus1_cropped.png"]
    {
        let Some(original) = corpus(path) else { return };
        let size = survey(&Png, &original).unwrap().stored.unwrap();
        let notice = checkered(size, if size.width.min(size.height) < 100 { 20 } else { 0 });
        let (marked, what) = mark(&Png, &original, Some(&notice), None, Some(&[7; 2500])).unwrap();
        assert!(what.noticed && what.remarks.is_empty(), "{path}: {:?}", what.remarks);
        assert!(marked.len() * 10 < original.len() * 11 + 40_000, "{path}: {} from {}", marked.len(), original.len());
        if size.width > 60 {
            assert_only_the_notice_changed(&original, &marked, &notice, path);
        }
    }
}

#[test]
fn the_record_replaces_an_older_one_wherever_it_stood() {
    let Some(midjourney) = corpus("wild/mj-1.png") else { return };
    let record = Record::example();
    let (marked, _) = mark(&Png, &midjourney, None, Some(&record), Some(b"store")).unwrap();
    let survey = survey(&Png, &marked).unwrap();
    assert_eq!((survey.xmp.len(), survey.exif.len(), survey.stores.len()), (1, 1, 1));
    assert!(survey.xmp[0].place.starts_with("iTXt"), "{}", survey.xmp[0].place);
    let findings = record::find(&survey, &mut Budget::new(&Limits::default())).findings;
    assert!(findings.iter().any(|finding| finding.says.is_ai()), "{findings:?}");
    assert_eq!(decoded(&midjourney), decoded(&marked));
}

/// Frames as (rectangle, dispose, colour), in RGBA.
fn animation(size: Size, frames: &[(Rect, png::DisposeOp, [u8; 4])]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width, size.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(frames.len() as u32, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for (rect, dispose, colour) in frames {
        // The encoder checks each setting against the one before.
        writer.set_frame_position(0, 0).unwrap();
        writer.set_frame_dimension(rect.width, rect.height).unwrap();
        writer.set_frame_position(rect.x, rect.y).unwrap();
        writer.set_dispose_op(*dispose).unwrap();
        writer.write_image_data(&colour.repeat((rect.width * rect.height) as usize)).unwrap();
    }
    writer.finish().unwrap();
    file
}

#[test]
fn the_notice_stands_in_every_frame_even_where_one_is_cleared_away() {
    use image::AnimationDecoder as _;
    use png::DisposeOp::{Background, None as Keep, Previous};
    let size = Size { width: 100, height: 80 };
    let rect = |x, y, width, height| Rect { x, y, width, height };
    let (red, blue) = ([200, 0, 0, 255], [0, 0, 200, 100]);
    let frames = [
        (rect(0, 0, 100, 80), Keep, red),
        (rect(50, 0, 20, 40), Previous, blue),
        (rect(60, 0, 30, 20), Background, blue),
        (rect(0, 40, 10, 10), Keep, red),
        (rect(5, 5, 80, 50), Keep, blue),
    ];
    for strip in [0, 20] {
        let original = animation(size, &frames);
        let notice = checkered(size, strip);
        let (marked, what) = mark(&Png, &original, Some(&notice), None, None).unwrap();
        assert!(what.noticed);
        let composed = |file: &[u8]| -> Vec<image::RgbaImage> {
            let decoder = image::codecs::png::PngDecoder::new(std::io::Cursor::new(file)).unwrap();
            decoder.apng().unwrap().into_frames().map(|frame| frame.unwrap().into_buffer()).collect()
        };
        let (before, after) = (composed(&original), composed(&marked));
        assert_eq!((before.len(), after.len()), (5, 5));
        for (i, (before, after)) in before.iter().zip(&after).enumerate() {
            for (x, y, pixel) in after.enumerate_pixels() {
                let at = notice.rect;
                if x >= at.x && x < at.x + at.width && y >= at.y && y < at.y + at.height {
                    let grey = pixel[0];
                    assert!(pixel.0 == [grey, grey, grey, 255] && [0, 255].contains(&grey), "frame {i}: {pixel:?}");
                } else {
                    let old = before.get_pixel(x, y - strip);
                    assert!(pixel == old || pixel[3] == 0 && old[3] == 0, "frame {i} at {x}, {y}: {pixel:?}, {old:?}");
                }
            }
        }
    }
}

#[test]
fn composed_frames_have_an_alpha_channel_whatever_the_colour_type() {
    use chunks::Colour::*;
    let size = Size { width: 60, height: 40 };
    let notice = checkered(size, 0).stored(crate::geometry::Orientation::Upright);
    for (colour, depth, alpha) in [(Grey, 2, GreyAlpha), (Rgb, 16, Rgba), (Palette, 4, Rgba), (GreyAlpha, 8, GreyAlpha)]
    {
        let mut file = std::io::Cursor::new(sample(colour, depth, false, false, size));
        let mut budget = Budget::new(&Limits::default());
        let walk = Walk::of(&mut file, &mut budget).unwrap();
        let header = walk.header(&mut file).unwrap();
        let meaning = Meaning::read(&walk, header, &mut file, &mut budget).unwrap();
        assert_eq!(meaning.scheme(&notice, None, true).header.colour, alpha);
    }
}

#[test]
fn a_bomb_in_a_text_is_refused() {
    use std::io::Write as _;
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 40 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let mut file = sample(chunks::Colour::Grey, 1, false, false, Size { width: 8, height: 8 });
    file.splice(33..33, chunks::encode(*b"zTXt", &[b"Comment\0\0", &packed]));
    let error = survey(&Png, &file).unwrap_err();
    assert_eq!(error.fixable_by(), FixableBy::Content);
    assert!(matches!(error, crate::Error::Limit { .. }), "{error}");
}

#[test]
fn a_damaged_manifest_or_header_is_said_to_be_damaged() {
    let original = sample(chunks::Colour::Grey, 8, false, false, Size { width: 8, height: 8 });
    let (mut marked, _) = mark(&Png, &original, None, None, Some(b"a store")).unwrap();
    marked[33 + 8] ^= 1;
    assert!(matches!(survey(&Png, &marked), Err(crate::Error::Malformed { at: 33, .. })));
    let mut header = original.clone();
    header[20] ^= 1;
    assert!(matches!(survey(&Png, &header), Err(crate::Error::Malformed { at: 8, .. })));
    let trailed = [&original[..], b"tail"].concat();
    let end = original.len() as u64;
    assert_eq!(survey(&Png, &trailed).unwrap().trailer, Some(end..end + 4));
}

#[test]
fn mutations_neither_panic_nor_hang() {
    let size = Size { width: 40, height: 30 };
    let whole = Rect { x: 0, y: 0, width: 40, height: 30 };
    let part = Rect { x: 20, y: 0, width: 10, height: 10 };
    let frames = [(whole, png::DisposeOp::None, [1, 2, 3, 4]), (part, png::DisposeOp::Background, [5, 6, 7, 8])];
    let seeds = [
        sample(chunks::Colour::Palette, 2, true, true, size),
        sample(chunks::Colour::Grey, 1, false, true, size),
        sample(chunks::Colour::Rgb, 8, false, false, size),
        animation(size, &[frames[0], frames[1], frames[1]]),
    ];
    let cases = crate::format::frames::mutations(&seeds, &[]);
    let mut good = 0;
    for case in &cases {
        // Checksums right again, so that what they guard is reached.
        let mut mended = case.clone();
        let mut at = 8;
        while let Some(len) = crate::stream::be_u32(&mended, at).and_then(|len| usize::try_from(len).ok()) {
            let Some(data) = mended.get(at + 4..at.saturating_add(8).saturating_add(len)) else { break };
            let sum = crc32fast::hash(data).to_be_bytes();
            let Some(to) = mended.get_mut(at + 8 + len..at + 12 + len) else { break };
            to.copy_from_slice(&sum);
            at += 12 + len;
        }
        for bytes in [case, &mended] {
            let Ok(survey) = survey(&Png, bytes) else { continue };
            let Some(size) = survey.stored.filter(|size| size.width < 5000 && size.height < 5000) else { continue };
            for strip in [0, 10] {
                good += usize::from(mark(&Png, bytes, Some(&checkered(size, strip)), None, Some(b"store")).is_ok());
            }
        }
    }
    assert!(cases.len() >= 2000 && good > 100, "{} cases, {good} marked", cases.len());
}
