use std::io::Cursor;

use image::AnimationDecoder as _;

use super::*;
use crate::{
    format::testing::{checkered, corpus, mark, survey},
    geometry::Size,
    notice::Notice,
    policy::layout::{MIN_CONTRAST, contrast},
    record::Record,
};

/// Frames as the `image` crate composes them, with their delays.
fn composed(file: &[u8]) -> Vec<(image::RgbaImage, image::Delay)> {
    let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(file)).unwrap();
    let frames = decoder.into_frames().map(|frame| frame.unwrap());
    frames.map(|frame| (frame.buffer().clone(), frame.delay())).collect()
}

fn assert_only_the_notice_changed(original: &[u8], marked: &[u8], notice: &Notice, name: &str) -> usize {
    let (before, after) = (composed(original), composed(marked));
    assert_eq!(before.len(), after.len(), "{name}");
    let at = notice.rect;
    for (i, ((old, old_delay), (new, delay))) in before.iter().zip(&after).enumerate() {
        assert_eq!(old_delay, delay, "{name}");
        assert_eq!(new.dimensions(), (notice.frame.width, notice.frame.height), "{name}");
        let colour = |x: u32, y: u32| {
            let [r, g, b, _] = new.get_pixel(at.x + x, at.y + y).0;
            [r, g, b]
        };
        let (plate, text) = (colour(0, 0), colour(8, 0));
        assert!(contrast(plate, text) >= MIN_CONTRAST, "{name}, frame {i}: {text:?} on {plate:?}");
        for (x, y, pixel) in new.enumerate_pixels() {
            if x >= at.x && x < at.x + at.width && y >= at.y && y < at.y + at.height {
                let [r, g, b, alpha] = pixel.0;
                let wanted = if ((x - at.x) / 8 + (y - at.y) / 8).is_multiple_of(2) { plate } else { text };
                assert!(alpha == 255 && contrast([r, g, b], wanted) < 2.0, "{name}, frame {i} at {x}, {y}: {pixel:?}");
            } else {
                let old = old.get_pixel(x, y - notice.strip);
                assert!(
                    pixel == old || pixel[3] == 0 && old[3] == 0,
                    "{name}, frame {i} at {x}, {y}: {pixel:?} {old:?}"
                );
            }
        }
    }
    before.len()
}

/// An animation whose frames come and go over the notice.
fn animation(size: Size, entries: u16, local: bool, dispose: gif::DisposalMethod, interlaced: bool) -> Vec<u8> {
    let palette = |seed: u16| -> Vec<u8> {
        (0..entries).flat_map(|i| [(i * 7 + seed) % 200, i / 2, 90 + i % 100]).map(|value| value as u8).collect()
    };
    let mut file = Vec::new();
    let global = if local { Vec::new() } else { palette(0) };
    let mut encoder = gif::Encoder::new(&mut file, size.width as u16, size.height as u16, &global).unwrap();
    encoder.set_repeat(gif::Repeat::Infinite).unwrap();
    let (w, h) = (size.width as u16, size.height as u16);
    let rects = [
        (0, 0, w, h),
        (w * 5 / 8, 0, w / 4, h / 4),
        (0, h / 2, w / 3, h / 3),
        (0, 0, w, h),
        (w / 6, 0, w * 3 / 4, h / 2),
    ];
    for (i, (left, top, width, height)) in (0u16..).zip(rects) {
        let index = |n: u32| ((n / 5 + n / 77 + u32::from(i)) % u32::from(entries)) as u8;
        encoder
            .write_frame(&gif::Frame {
                delay: 3 + i,
                dispose: if i == 0 { gif::DisposalMethod::Keep } else { dispose },
                transparent: Some(1),
                left,
                top,
                width,
                height,
                interlaced,
                palette: local.then(|| palette(i * 20)),
                buffer: (0..u32::from(width) * u32::from(height)).map(index).collect(),
                ..gif::Frame::default()
            })
            .unwrap();
    }
    drop(encoder);
    file
}

#[test]
fn the_notice_stands_in_every_composed_frame_and_nothing_else_changes() {
    use gif::DisposalMethod::{Any, Background, Keep, Previous};
    let size = Size { width: 100, height: 80 };
    let mut frames = 0;
    for dispose in [Any, Keep, Background, Previous] {
        for (entries, local, interlaced) in
            [(2, false, false), (16, false, true), (16, true, false), (100, true, true), (128, false, false)]
        {
            for strip in [0, 20] {
                let name = format!("{dispose:?} {entries} local {local} interlaced {interlaced} strip {strip}");
                let original = animation(size, entries, local, dispose, interlaced);
                let notice = checkered(size, strip);
                let (marked, what) = mark(&Gif, &original, Some(&notice), None, Some(b"store")).unwrap();
                assert!(what.noticed, "{name}");
                frames += assert_only_the_notice_changed(&original, &marked, &notice, &name);
            }
        }
    }
    assert_eq!(frames, 4 * 5 * 2 * 5);
}

#[test]
fn a_real_animation_keeps_every_frame() {
    let Some(original) = corpus("unlabelled/sample1.gif") else { return };
    let size = survey(&Gif, &original).unwrap().stored.unwrap();
    let notice = checkered(size, 0);
    let (marked, what) = mark(&Gif, &original, Some(&notice), Some(&Record::example()), Some(&[7; 3000])).unwrap();
    assert!(what.noticed && what.remarks.is_empty(), "{:?}", what.remarks);
    let frames = assert_only_the_notice_changed(&original, &marked, &notice, "sample1.gif");
    let survey = survey(&Gif, &marked).unwrap();
    assert_eq!((survey.frames as usize, survey.xmp.len(), survey.stores.len()), (frames, 1, 1));
    assert!(frames > 10 && marked.len() * 10 < original.len() * 11);
    assert!(survey.xmp[0].bytes.starts_with(b"<?xpacket"));
}

#[test]
fn the_manifest_goes_behind_the_table_and_an_old_one_goes_away() {
    let original = animation(Size { width: 20, height: 20 }, 4, false, gif::DisposalMethod::Keep, false);
    let (marked, _) = mark(&Gif, &original, None, None, Some(&[9; 600])).unwrap();
    let stores = survey(&Gif, &marked).unwrap().stores;
    // Introducer, label and identifier; three lengths and the terminator.
    let (start, len) = (13 + 12, 14 + 600 + 3 + 1);
    assert_eq!((stores[0].carrier.len(), &stores[0].carrier[0]), (1, &(start..start + len)));
    assert_eq!(stores[0].jumbf, [9; 600]);
    assert_eq!(mark(&Gif, &marked, None, None, None).unwrap().0, original);
}

#[test]
fn a_file_of_1987_becomes_one_of_1989() {
    let mut original = animation(Size { width: 20, height: 20 }, 4, false, gif::DisposalMethod::Keep, false);
    original[4] = b'7';
    assert!(mark(&Gif, &original, None, None, Some(b"store")).unwrap().0.starts_with(b"GIF89a"));
}

#[test]
fn xmp_is_read_bare_and_in_sub_blocks() {
    let original = animation(Size { width: 20, height: 20 }, 4, false, gif::DisposalMethod::Keep, false);
    let packet = b"<x:xmpmeta>".repeat(60);
    for extension in [xmp_extension(&packet), application(XMP, blocks::sub_blocks(&[&packet[..], &magic()].concat()))] {
        let mut file = original.clone();
        file.splice(25..25, extension);
        file.extend(b"tail");
        let survey = survey(&Gif, &file).unwrap();
        assert_eq!(survey.xmp[0].bytes, packet);
        assert_eq!(survey.trailer.unwrap().count(), 4);
    }
}

#[test]
fn mutations_neither_panic_nor_hang() {
    use gif::DisposalMethod::{Background, Keep};
    let size = Size { width: 32, height: 24 };
    let seeds = [animation(size, 4, false, Background, true), animation(size, 16, true, Keep, false)];
    let cases = crate::format::frames::mutations(&seeds, &[2, 7, 0x21, 0x3B]);
    let mut good = 0;
    for case in &cases {
        let Ok(survey) = survey(&Gif, case) else { continue };
        let Some(size) = survey.stored.filter(|size| size.width < 500 && size.height < 500) else { continue };
        for strip in [0, 10] {
            good += usize::from(mark(&Gif, case, Some(&checkered(size, strip)), None, Some(b"store")).is_ok());
        }
    }
    assert!(cases.len() >= 2000 && good > 100, "{} cases, {good} marked", cases.len());
}
