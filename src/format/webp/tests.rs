use std::io::Cursor;

use super::*;
use crate::{
    format::testing::{checkered, corpus, mark, survey},
    geometry::Rect,
    limits::Limits,
    notice::Notice,
};

fn riff_of(bytes: &[u8]) -> Riff {
    walk(&mut Cursor::new(bytes), &mut Budget::new(&Limits::default())).unwrap()
}

/// Every frame as players show it: RGBA.
fn frames(bytes: &[u8]) -> (Size, Vec<Vec<u8>>) {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).unwrap();
    let (width, height) = decoder.dimensions();
    let mut frames = Vec::new();
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut frame = vec![0; decoder.output_buffer_size().unwrap()];
    if decoder.is_animated() {
        for _ in 0..decoder.num_frames() {
            decoder.read_frame(&mut frame).unwrap();
            frames.push(frame.clone());
        }
    } else {
        decoder.read_image(&mut frame).unwrap();
        frames.push(frame);
    }
    let rgba = |frame: Vec<u8>| -> Vec<u8> {
        if channels == 4 { frame } else { frame.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect() }
    };
    (Size { width, height }, frames.into_iter().map(rgba).collect())
}

/// The plate's pixels are near black or white in every frame; returns the worst PSNR outside it.
fn compare(before: &[u8], after: &[u8], notice: &Notice) -> f64 {
    let ((old, a), (new, b)) = (frames(before), frames(after));
    assert_eq!(new, notice.frame);
    assert_eq!(a.len(), b.len());
    let shift = (new.height - old.height) as usize;
    let mut worst = f64::INFINITY;
    for (a, b) in a.iter().zip(&b) {
        let (mut squares, mut count) = (0.0, 0.0);
        for y in 0..new.height as usize {
            for x in 0..new.width as usize {
                let pixel = &b[(y * new.width as usize + x) * 4..][..4];
                let Rect { x: left, y: top, width, height } = notice.rect;
                let (left, top) = (left as usize, top as usize);
                let inside = (left..left + width as usize).contains(&x) && (top..top + height as usize).contains(&y);
                if inside {
                    let white = ((x - left) / 8 + (y - top) / 8) % 2 == 1;
                    let middle = (x - left) % 8 == 4 && (y - top) % 8 == 4;
                    assert!(!middle || pixel.iter().take(3).all(|&v| (v > 200) == white && (v < 55) != white));
                    assert_eq!(pixel[3], 255);
                } else if y >= shift {
                    let old = &a[((y - shift) * old.width as usize + x) * 4..][..4];
                    assert_eq!(old[3], pixel[3], "alpha at {x}, {y}");
                    for (a, b) in old.iter().zip(pixel).take(if old[3] == 0 { 0 } else { 3 }) {
                        squares += (f64::from(*a) - f64::from(*b)).powi(2);
                        count += 1.0;
                    }
                }
            }
        }
        worst = worst.min(if squares == 0.0 { f64::INFINITY } else { 10.0 * (65025.0 * count / squares).log10() });
    }
    worst
}

fn noticed(name: &str, bytes: &[u8], strip: u32) -> (Vec<u8>, f64) {
    let size = survey(&WebP, bytes).unwrap().stored.unwrap();
    let notice = checkered(size, strip);
    let (after, marked) = mark(&WebP, bytes, Some(&notice), None, Some(b"sto")).unwrap();
    assert!(marked.noticed);
    assert_eq!(survey(&WebP, &after).unwrap().stores[0].jumbf, b"sto");
    let psnr = compare(bytes, &after, &notice);
    eprintln!("{name}: {} -> {} bytes, {psnr:.2} dB, {:?}", bytes.len(), after.len(), marked.remarks);
    (after, psnr)
}

#[test]
fn lossless_pictures_stay_exact_outside_the_notice() {
    let Some(bytes) = corpus("unlabelled/test_lossless.webp") else { return };
    assert_eq!(noticed("test_lossless", &bytes, 0).1, f64::INFINITY);
    assert_eq!(noticed("test_lossless, strip", &bytes, 21).1, f64::INFINITY);
}

#[test]
fn lossy_pictures_stay_close() {
    for name in ["unlabelled/mars.webp", "unlabelled/sample1.webp"] {
        let Some(bytes) = corpus(name) else { return };
        let (after, psnr) = noticed(name, &bytes, 0);
        assert!(psnr >= 42.0, "{name}: {psnr}");
        assert!(after.len() < bytes.len() * 17 / 10, "{name}: {} -> {}", bytes.len(), after.len());
    }
}
