//! Notices in real and in made files: what changes, and what must not.

use std::io::Cursor;

use super::*;
use crate::{
    format::testing::{checkered, corpus, mark, survey},
    geometry::{Orientation, Rect, Size},
    limits::Limits,
    notice::Notice,
};

/// 8-bit RGB (grey and CMYK converted), as `zune-jpeg` decodes it.
pub(super) fn rgb(bytes: &[u8]) -> image::RgbImage {
    image::load_from_memory_with_format(bytes, image::ImageFormat::Jpeg).unwrap().into_rgb8()
}

/// The rectangle widened to whole blocks of the most subsampled component, and one pixel for chroma upsampling.
pub(super) fn touched(rect: Rect, (h, v): (u32, u32)) -> Rect {
    let (x, y) = (rect.x / (8 * h) * (8 * h), rect.y / (8 * v) * (8 * v));
    let right = (rect.x + rect.width).next_multiple_of(8 * h) + 1;
    let bottom = (rect.y + rect.height).next_multiple_of(8 * v) + 1;
    let (x, y) = (x.saturating_sub(1), y.saturating_sub(1));
    Rect { x, y, width: right - x, height: bottom - y }
}

pub(super) fn sampling(bytes: &[u8]) -> (u32, u32) {
    let mut budget = Budget::new(&Limits::default());
    let layout = markers::walk(&mut Cursor::new(bytes), &mut budget).unwrap();
    let sof = layout.segments.iter().find(|segment| markers::is_frame(segment.marker)).unwrap();
    let payload = payload(&mut Cursor::new(bytes), sof, &mut budget).unwrap();
    frame::frame(sof.marker, &payload, 0).unwrap().sampling()
}

/// Marks, and checks that nothing outside of the touched blocks changed; returns the result's pixels.
fn check(name: &str, bytes: &[u8], notice: &Notice) -> image::RgbImage {
    let (out, marked) = mark(&Jpeg, bytes, Some(notice), None, Some(&[7; 100])).unwrap();
    assert!(marked.noticed, "{name}: {:?}", marked.remarks);
    let (before, after) = (rgb(bytes), rgb(&out));
    assert_eq!(before.dimensions(), after.dimensions(), "{name}");
    let stored = notice.stored(survey(&Jpeg, bytes).unwrap().orientation);
    let touched = touched(stored.rect, sampling(bytes));
    let inside =
        |x: u32, y: u32| x.wrapping_sub(touched.x) < touched.width && y.wrapping_sub(touched.y) < touched.height;
    let changed = before.enumerate_pixels().zip(after.pixels()).filter(|((_, _, a), b)| a != b);
    for ((x, y, _), _) in changed {
        assert!(inside(x, y), "{name}: ({x}, {y}) changed outside of {touched:?}");
    }
    after
}

/// Mean distance of the pixels under the notice from what should stand there, in levels of luma.
fn error(after: &image::RgbImage, notice: &Notice, orientation: Orientation) -> f64 {
    let stored = notice.stored(orientation);
    let size = stored.stamp.size;
    let sum: f64 = (0..size.height)
        .flat_map(|y| (0..size.width).map(move |x| (x, y)))
        .map(|(x, y)| {
            let wanted = stored.stamp.coverage[(y * size.width + x) as usize];
            let [r, g, b] = after.get_pixel(stored.rect.x + x, stored.rect.y + y).0;
            (f64::from(crate::notice::luma([r, g, b])) - f64::from(wanted)).abs()
        })
        .sum();
    sum / f64::from(size.width * size.height)
}

#[test]
fn pixels_outside_of_the_touched_blocks_stay_bit_exact() {
    for name in tests::FILES {
        let Some(bytes) = corpus(name) else { return };
        let found = survey(&Jpeg, &bytes).unwrap();
        let notice = checkered(found.shown().unwrap(), 0);
        let after = check(name, &bytes, &notice);
        // The pattern is black and white: text and plate must be there whatever stood there before.
        let error = error(&after, &notice, found.orientation);
        assert!(error < 12.0 || name.ends_with("cropped.jpg"), "{name}: {error:.1} levels from the pattern");
    }
}

/// With an EXIF segment that states an orientation, right behind SOI.
fn oriented(bytes: &[u8], value: u8) -> Vec<u8> {
    let mut exif = b"\xFF\xE1\0\x22Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    exif.extend_from_slice(&[value, 0, 0, 0, 0, 0, 0, 0]);
    [&bytes[..2], &exif, &bytes[2..]].concat()
}

pub(super) fn made(size: Size, quality: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(size.width, size.height, |x, y| {
        image::Rgb([(x * 255 / size.width) as u8, (y * 255 / size.height) as u8, ((x + y) % 64) as u8 * 2])
    });
    let mut bytes = Cursor::new(Vec::new());
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&picture).unwrap();
    bytes.into_inner()
}

#[test]
fn every_orientation_is_shown_upright() {
    let plain = made(Size { width: 331, height: 247 }, 85);
    for value in 1..=8 {
        let bytes = oriented(&plain, value);
        let found = survey(&Jpeg, &bytes).unwrap();
        assert_eq!(found.orientation, Orientation::from_exif(value.into()), "orientation {value}");
        let mut notice = checkered(found.shown().unwrap(), 0);
        // A pattern without symmetry: the left third is text.
        let mut stamp = (*notice.stamp).clone();
        let width = stamp.size.width as usize;
        for (index, coverage) in stamp.coverage.iter_mut().enumerate() {
            *coverage = if index % width < width / 3 { 255 } else { 0 };
        }
        notice.stamp = std::sync::Arc::new(stamp);
        check(&format!("orientation {value}"), &bytes, &notice);
        let (out, _) = mark(&Jpeg, &bytes, Some(&notice), None, None).unwrap();
        let again = survey(&Jpeg, &out).unwrap();
        let picture =
            Jpeg.picture(&mut Cursor::new(&out), &again, &mut Budget::new(&Limits::default())).unwrap().unwrap();
        let rect = notice.rect;
        let at = |x: u32| {
            let index = ((rect.y + rect.height / 2) * picture.size.width + rect.x + x) as usize * 3;
            picture.rgb[index]
        };
        assert!(at(rect.width / 6) > 200 && at(rect.width * 2 / 3) < 50, "orientation {value}");
    }
}

#[test]
fn a_strip_moves_the_picture_and_does_not_change_it() {
    for (width, height) in [(101, 77), (64, 64), (100, 150), (199, 300), (97, 63), (65, 121), (33, 199)] {
        for subsampled in [false, true] {
            let plain = if subsampled { halved(Size { width, height }) } else { made(Size { width, height }, 90) };
            for value in 1..=8 {
                let name = format!("{width} × {height}, subsampled: {subsampled}, orientation {value}");
                strip(&name, &oriented(&plain, value));
            }
        }
    }
}

fn strip(name: &str, bytes: &[u8]) {
    let found = survey(&Jpeg, bytes).unwrap();
    let notice = checkered(found.shown().unwrap(), 24).with_strip_of(found.strip_unit);
    let (out, marked) = mark(&Jpeg, bytes, Some(&notice), None, None).unwrap();
    assert!(marked.noticed, "{name}: {:?}", marked.remarks);
    let grow = notice.stored(found.orientation).grow;
    let (before, after) = (rgb(bytes), rgb(&out));
    let (width, height) = before.dimensions();
    assert_eq!(after.dimensions(), (width + grow.left + grow.right, height + grow.top + grow.bottom));
    let moved = image::imageops::crop_imm(&after, grow.left, grow.top, width, height).to_image();
    // Chroma upsampling mixes across the seam, and at the right and the bottom the seam lies inside of blocks.
    let seam = |x: u32, y: u32| {
        let last = |side: u32, at: u32, block: u32| at >= side / block * block - 1;
        (grow.left > 0 && x < 1)
            || (grow.top > 0 && y < 1)
            || (grow.right > 0 && last(width, x, 16))
            || (grow.bottom > 0 && last(height, y, 16))
    };
    let mut squares = 0.0;
    for ((x, y, a), b) in before.enumerate_pixels().zip(moved.pixels()) {
        assert!(a == b || seam(x, y), "{name}: ({x}, {y})");
        squares += a.0.iter().zip(b.0).map(|(&a, b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>();
    }
    let psnr = 10.0 * (255.0 * 255.0 / (squares / f64::from(width * height * 3)).max(1e-9)).log10();
    let error = error(&after, &notice, found.orientation);
    eprintln!("{name}: {psnr:.1} dB, {error:.1} levels");
    assert!(psnr >= 48.0, "{name}: {psnr:.1} dB");
    assert!(error < 16.0, "{name}: {error:.1} levels from the pattern");
}

/// A JPEG with chroma of half the size both ways, by our own coder; `made` has it in full.
fn halved(size: Size) -> Vec<u8> {
    let frame = frame::Frame {
        marker: 0xC0,
        precision: 8,
        size,
        components: vec![
            frame::Component { id: 1, h: 2, v: 2, table: 0 },
            frame::Component { id: 2, h: 1, v: 1, table: 1 },
            frame::Component { id: 3, h: 1, v: 1, table: 1 },
        ],
    };
    let mut picture = picture::Picture::new(frame, &Budget::new(&Limits::default())).unwrap();
    // Steps as of quality 90, coarser for high frequencies.
    let steps = [std::array::from_fn(|index| 2 + index as u16 / 3), std::array::from_fn(|index| 3 + index as u16 / 2)];
    for (number, plane) in picture.planes.iter_mut().enumerate() {
        let (across, table) = (plane.stride, &steps[number.min(1)]);
        for (index, block) in plane.blocks.iter_mut().enumerate() {
            let samples = std::array::from_fn(|place| {
                let scale = if number == 0 { 1 } else { 2 };
                let x = ((index % across * 8 + place % 8) * scale).min(size.width as usize - 1);
                let y = ((index / across * 8 + place / 8) * scale).min(size.height as usize - 1);
                let value = match number {
                    0 => (x + y) % 64 * 2 + y * 90 / size.height as usize,
                    1 => 112 + x * 30 / size.width as usize,
                    _ => 140 - y * 25 / size.height as usize,
                };
                value as f32 - 128.0
            });
            let coefficients = dct::forward(&samples);
            for (index, value) in block.iter_mut().enumerate() {
                *value = (coefficients[dct::ZIGZAG[index]] / f32::from(table[index])).round() as i16;
            }
        }
    }
    abbreviated::stream(picture, &[steps[0], steps[1], steps[1]]).unwrap().unwrap()
}

#[test]
fn coarse_quantisation_leaves_the_notice_legible() {
    for quality in [5, 20, 50, 100] {
        let bytes = made(Size { width: 640, height: 480 }, quality);
        let notice = checkered(Size { width: 640, height: 480 }, 0);
        let after = check(&format!("quality {quality}"), &bytes, &notice);
        let error = error(&after, &notice, Orientation::Upright);
        assert!(error < 32.0, "quality {quality}: {error:.1} levels");
    }
}

#[test]
fn a_notice_that_is_not_there_is_missed() {
    for name in tests::FILES {
        let Some(bytes) = corpus(name) else { return };
        let found = survey(&Jpeg, &bytes).unwrap();
        let notice = checkered(found.shown().unwrap(), 0);
        let shows = |bytes: &[u8]| {
            let found = survey(&Jpeg, bytes).unwrap();
            Jpeg.shows(&mut Cursor::new(bytes), &found, &notice, &mut Budget::new(&Limits::default())).unwrap()
        };
        let (out, _) = mark(&Jpeg, &bytes, Some(&notice), None, None).unwrap();
        assert_eq!((shows(&out), shows(&bytes)), (Some(true), Some(false)), "{name}");
    }
    for quality in [1, 5, 20] {
        let bytes = made(Size { width: 640, height: 480 }, quality);
        let notice = checkered(Size { width: 640, height: 480 }, 0);
        let (out, _) = mark(&Jpeg, &bytes, Some(&notice), None, None).unwrap();
        let found = survey(&Jpeg, &out).unwrap();
        let seen = Jpeg.shows(&mut Cursor::new(&out), &found, &notice, &mut Budget::new(&Limits::default())).unwrap();
        assert_eq!(seen, Some(true), "quality {quality}");
    }
}

#[test]
fn what_cannot_be_drawn_into_says_so() {
    let bytes = made(Size { width: 320, height: 240 }, 80);
    let sof = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    for (marker, word) in [(0xC9, "arithmetic"), (0xC3, "lossless"), (0xC5, "hierarchical")] {
        let mut other = bytes.clone();
        other[sof + 1] = marker;
        let notice = checkered(Size { width: 320, height: 240 }, 0);
        let (out, marked) = mark(&Jpeg, &other, Some(&notice), None, Some(&[7; 100])).unwrap();
        assert!(!marked.noticed && marked.remarks[0].contains(word), "{:?}", marked.remarks);
        assert!(out.ends_with(&other[sof..]));
    }
}

#[test]
fn further_pictures_are_found_where_they_moved_to() {
    let first = made(Size { width: 320, height: 240 }, 80);
    let second = made(Size { width: 64, height: 48 }, 80);
    let mut index = b"MPF\0II*\0\x08\0\0\0\x01\0\x02\xB0\x07\0\x20\0\0\0\x1A\0\0\0\0\0\0\0".to_vec();
    let header = 20 + 4 + 4;
    let len = first.len() + 4 + index.len() + 32;
    for (size, offset) in [(len, 0), (second.len(), len - header)] {
        index.extend_from_slice(&[0; 4]);
        index.extend_from_slice(&(size as u32).to_le_bytes());
        index.extend_from_slice(&(offset as u32).to_le_bytes());
        index.extend_from_slice(&[0; 4]);
    }
    let segment = [&b"\xFF\xE2"[..], &(index.len() as u16 + 2).to_be_bytes(), &index].concat();
    let bytes = [&first[..20], &segment, &first[20..], &second].concat();
    assert_eq!(&bytes[len..], &second);

    let notice = checkered(Size { width: 320, height: 240 }, 0);
    let (out, _) = mark(&Jpeg, &bytes, Some(&notice), None, Some(&[7; 1000])).unwrap();
    let at = out.windows(4).position(|window| window == b"MPF\0").unwrap();
    let number = |at: usize| u32::from_le_bytes(out[at..at + 4].try_into().unwrap()) as usize;
    let entries = at + 4 + 26;
    let (first_size, second_size, offset) = (number(entries + 4), number(entries + 20), number(entries + 24));
    assert_eq!(&out[at + 4 + offset..], &second);
    assert_eq!(second_size, second.len());
    assert_eq!(first_size, out.len() - second.len());
}

#[test]
fn hostile_bytes_never_panic() {
    let Some(bytes) = corpus("wild/automatic1111_cropped.jpg") else { return };
    let seeds = [bytes, made(Size { width: 40, height: 24 }, 60)];
    let mut cases = 0;
    for seed in &seeds {
        let size = survey(&Jpeg, seed).unwrap().shown().unwrap();
        let notice = checkered(size, 0);
        let mut attack = |bytes: &[u8]| {
            cases += 1;
            let _ = mark(&Jpeg, bytes, Some(&notice), None, Some(&[7; 100]));
        };
        for at in 0..seed.len() {
            for change in [0x01, 0x80, 0xFF] {
                let mut changed = seed.clone();
                changed[at] ^= change;
                attack(&changed);
            }
            let mut longer = seed.clone();
            longer[at] = 0xFF;
            attack(&longer);
            attack(&[&seed[..at], &seed[at + 1..]].concat());
            attack(&seed[..at]);
        }
    }
    assert!(cases > 2000);
}
