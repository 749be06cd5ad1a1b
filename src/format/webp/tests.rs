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
    let size = Size { width, height };
    if decoder.is_animated() {
        // By libwebp: image-webp 0.2 composes what follows a disposed frame otherwise than the players do.
        let frames = webp::AnimDecoder::new(bytes).decode().unwrap();
        let rgba = |frame: webp::AnimFrame| frame.get_image().to_vec();
        return (size, (0..frames.len()).map(|at| rgba(frames.get_frame(at).unwrap())).collect());
    }
    let mut frame = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut frame).unwrap();
    if !decoder.has_alpha() {
        frame = frame.chunks(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    }
    (size, vec![frame])
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

/// One frame of an animation that is built by hand: where it stands, its flags, its colour, and whether it is lossless.
type Drawn = (Rect, u8, [u8; 4], bool);

/// Of no frame: the quality is given.
const OLD: codec::Old = codec::Old { len: 1, hint: None, least: 0 };
const DISPOSE: u8 = 1;
const NO_BLEND: u8 = 2;

fn animation(canvas: Size, drawn: &[Drawn]) -> Vec<u8> {
    let budget = Budget::new(&Limits::default());
    let frame = |(rect, flags, colour, lossless): &Drawn| {
        // A gradient, so that a shifted frame shows.
        let pixel = |at: u32| {
            let [r, g, b, a] = *colour;
            [r.wrapping_add((at % rect.width / 4) as u8), g.wrapping_add((at / rect.width / 4) as u8), b, a]
        };
        let rgba = (0..rect.width * rect.height).flat_map(pixel).collect();
        let pixels = codec::Pixels { size: rect.size(), rgba };
        let encoded = match lossless {
            true => codec::encode(&pixels, None, codec::Mode::Lossless, &budget),
            false => codec::lossy(&pixels, None, OLD, 80.0, &budget),
        };
        (*rect, *flags, encoded.unwrap().chunks)
    };
    put_together(canvas, drawn.iter().map(frame))
}

/// An animation of frames that are encoded already.
fn put_together(canvas: Size, frames: impl Iterator<Item = (Rect, u8, Vec<u8>)>) -> Vec<u8> {
    let (w, h) = ((canvas.width - 1).to_le_bytes(), (canvas.height - 1).to_le_bytes());
    let mut body = b"WEBP".to_vec();
    let flags = [ANIMATION | ALPHA, 0, 0, 0, w[0], w[1], w[2], h[0], h[1], h[2]];
    body.extend(riff::chunk(Format::WebP, *b"VP8X", &flags).unwrap());
    body.extend(riff::chunk(Format::WebP, *b"ANIM", &[1, 2, 3, 4, 7, 0]).unwrap());
    for (rect, flags, chunks) in frames {
        let mut data = Vec::new();
        for value in [rect.x / 2, rect.y / 2, rect.width - 1, rect.height - 1, 120] {
            data.extend_from_slice(&value.to_le_bytes()[..3]);
        }
        data.push(flags);
        data.extend(chunks);
        body.extend(riff::chunk(Format::WebP, *b"ANMF", &data).unwrap());
    }
    riff::chunk(Format::WebP, *b"RIFF", &body).unwrap()
}

const CANVAS: Size = Size { width: 240, height: 200 };
const WHOLE: Rect = Rect { x: 0, y: 0, width: 240, height: 200 };
/// Away from the plate, partly under it, and over all of it.
const AWAY: Rect = Rect { x: 10, y: 100, width: 60, height: 50 };
const PARTLY: Rect = Rect { x: 200, y: 10, width: 40, height: 100 };
const OVER: Rect = Rect { x: 100, y: 0, width: 140, height: 60 };

#[test]
fn every_frame_of_an_animation_shows_the_whole_plate() {
    let (red, half) = ([150, 0, 0, 255], [0, 120, 0, 128]);
    for (name, frames) in [
        ("simple", vec![(WHOLE, 0, red, true), (AWAY, 0, half, true), (PARTLY, 0, half, true), (OVER, 0, half, true)]),
        ("replacing", vec![(WHOLE, 2, red, true), (AWAY, 2, half, true), (PARTLY, NO_BLEND, half, true)]),
        ("first frame small", vec![(AWAY, 0, red, true), (PARTLY, 0, half, true), (WHOLE, NO_BLEND, half, true)]),
        (
            "disposed of",
            vec![
                (WHOLE, DISPOSE, red, true),
                (AWAY, DISPOSE, half, true),
                (PARTLY, DISPOSE | NO_BLEND, half, true),
                (AWAY, 0, red, true),
                (OVER, DISPOSE, half, true),
                (OVER, 0, half, true),
            ],
        ),
    ] {
        let bytes = animation(CANVAS, &frames);
        let (after, psnr) = noticed(name, &bytes, 0);
        assert_eq!(psnr, f64::INFINITY, "{name}");
        let times = |bytes: &[u8]| -> Vec<Vec<u8>> {
            let chunks = riff_of(bytes).chunks;
            chunks.iter().filter(|c| c.id == *b"ANMF").map(|c| bytes[c.at as usize + 20..][..3].to_vec()).collect()
        };
        assert_eq!(times(&after), times(&bytes), "{name}");
        let anim = |bytes: &[u8]| bytes[30..44].to_vec();
        assert_eq!(anim(&after), anim(&bytes), "loop count and background");
        // A strip above: even and odd, which moves the frames' offsets by half a step.
        assert_eq!(noticed(name, &bytes, 20).1, f64::INFINITY, "{name}");
        assert_eq!(noticed(name, &bytes, 21).1, f64::INFINITY, "{name}");
    }
}

#[test]
fn frames_away_from_the_plate_stay_byte_for_byte() {
    let bytes = animation(CANVAS, &[(WHOLE, 0, [150, 0, 0, 255], true), (AWAY, 0, [0, 99, 0, 128], true)]);
    let (after, _) = noticed("away", &bytes, 0);
    let second = riff_of(&bytes).chunks[3].whole();
    let second = &bytes[second.start as usize..second.end as usize];
    assert!(memchr::memmem::find(&after, second).is_some());
}

#[test]
fn lossy_animations_stay_close() {
    let bytes = animation(CANVAS, &[(WHOLE, 0, [150, 0, 0, 255], false), (PARTLY, 0, [0, 99, 0, 255], false)]);
    assert!(noticed("lossy", &bytes, 0).1 >= 42.0);
}

/// Frames of very different kinds: what suits the first is too coarse or too large for the others.
#[test]
fn each_lossy_frame_finds_its_own_quality() {
    let budget = Budget::new(&Limits::default());
    let mut noise = 7u32;
    let mut grain = move |most: u32| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (noise >> 16) % (most + 1)
    };
    let kinds = [(0, 75.0), (90, 45.0), (12, 92.0), (160, 80.0), (0, 60.0), (40, 30.0)];
    let frames: Vec<_> = kinds
        .into_iter()
        .map(|(most, quality)| {
            let pixel = |at: u32| {
                let (x, y, grain) = (at % WHOLE.width, at / WHOLE.width, grain(most));
                [x / 4, y / 4 + 30, (x + y) / 6].map(|slope| (slope + grain).min(255) as u8)
            };
            let rgba = (0..WHOLE.width * WHOLE.height).map(pixel).flat_map(|[r, g, b]| [r, g, b, 255]).collect();
            let pixels = codec::Pixels { size: WHOLE.size(), rgba };
            (WHOLE, NO_BLEND, codec::lossy(&pixels, None, OLD, quality, &budget).unwrap().chunks)
        })
        .collect();
    let bytes = put_together(CANVAS, frames.into_iter());
    let (after, psnr) = noticed("different frames", &bytes, 0);
    assert!(psnr >= 42.0, "{psnr}");
    let lengths = |bytes: &[u8]| -> Vec<u64> {
        riff_of(bytes).chunks.iter().filter(|chunk| chunk.id == *b"ANMF").map(|chunk| chunk.len).collect()
    };
    for (number, (old, new)) in lengths(&bytes).into_iter().zip(lengths(&after)).enumerate() {
        // The plate is new content of about two kilobytes.
        assert!(new * 10 <= (old + 2048) * 16, "frame {number}: {old} -> {new} bytes");
    }
}

/// A real one: small changes of a first frame, partly under the plate.
#[test]
fn small_frames_stay_small() {
    let bytes = include_bytes!("../../../fixtures/animated.webp");
    let (after, psnr) = noticed("animated.webp", bytes, 0);
    assert!(psnr >= 42.0, "{psnr}");
    let lengths = |bytes: &[u8]| -> Vec<u64> {
        riff_of(bytes).chunks.iter().filter(|chunk| chunk.id == *b"ANMF").map(|chunk| chunk.len).collect()
    };
    for (number, (old, new)) in lengths(bytes).into_iter().zip(lengths(&after)).enumerate() {
        assert!(new * 10 <= (old + if number == 0 { 2048 } else { 256 }) * 16, "frame {number}: {old} -> {new} bytes");
    }
}

#[test]
fn a_plain_file_becomes_an_extended_one() {
    let plain = codec::Pixels { size: Size { width: 8, height: 6 }, rgba: [9, 8, 7, 200].repeat(48) };
    let budget = Budget::new(&Limits::default());
    let chunks = codec::encode(&plain, None, codec::Mode::Lossless, &budget).unwrap().chunks;
    let bytes = riff::chunk(Format::WebP, *b"RIFF", &[b"WEBP".as_slice(), &chunks].concat()).unwrap();
    let record = crate::record::Record {
        extent: crate::Extent::Generated,
        system: "Acme".into(),
        system_version: "1".into(),
        provider: "Acme LLP".into(),
        id: uuid::Uuid::nil(),
        time: time::OffsetDateTime::UNIX_EPOCH,
        alt_text: "AI GENERATED".into(),
        language: "en",
        no_training: false,
        aigc: false,
    };
    let (after, _) = mark(&WebP, &bytes, None, Some(&record), Some(b"odd")).unwrap();
    let riff = riff_of(&after);
    let ids: Vec<_> = riff.chunks.iter().map(|chunk| chunk.id).collect();
    assert_eq!(ids, [*b"VP8X", *b"VP8L", *b"EXIF", *b"XMP ", *b"C2PA"]);
    assert_eq!(after[20..30], [ALPHA | EXIF | XMP, 0, 0, 0, 7, 0, 0, 5, 0, 0]);
    assert_eq!(u32::from_le_bytes(after[4..8].try_into().unwrap()) as usize, after.len() - 8);
    assert_eq!(frames(&after).1, frames(&bytes).1);
    // With a notice, too: the picture that follows the new header is replaced.
    let (both, marked) = mark(&WebP, &bytes, Some(&checkered(plain.size, 0)), Some(&record), Some(b"odd")).unwrap();
    assert!(marked.noticed && frames(&both).0 == plain.size);
    // Labelled again: still one of each, and the same length.
    let (again, _) = mark(&WebP, &after, None, Some(&record), Some(b"odd")).unwrap();
    assert_eq!(again.len(), after.len());
    let surveyed = survey(&WebP, &again).unwrap();
    assert_eq!((surveyed.stores.len(), surveyed.xmp.len(), surveyed.exif.len()), (1, 1, 1));
}

#[test]
fn broken_files_do_not_break_us() {
    let still = animation(CANVAS, &[(WHOLE, 0, [150, 0, 0, 255], true)]);
    let moving = animation(CANVAS, &[(AWAY, 1, [150, 0, 0, 255], true), (PARTLY, 0, [0, 99, 0, 128], false)]);
    let notice = checkered(CANVAS, 0);
    let (mut seed, mut cases) = (1u32, 0);
    for bytes in [still, moving] {
        for case in 0..1000 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let random = (seed >> 8) as usize;
            let mut broken = bytes.clone();
            match case % 4 {
                0 | 1 => broken[random % 100] = (seed >> 24) as u8,
                2 => broken[random % bytes.len()] ^= 1 << (seed >> 29),
                _ => broken.truncate(random % bytes.len()),
            }
            let Ok(surveyed) = survey(&WebP, &broken) else { continue };
            let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
            let _ = WebP.picture(&mut Cursor::new(&broken), &surveyed, &mut Budget::new(&limits));
            // Encoding is slow: a few cases.
            let wanted = (case % 16 == 0 && surveyed.stored == Some(CANVAS)).then_some(&notice);
            let _ = mark(&WebP, &broken, wanted, None, Some(b"store"));
            cases += 1;
        }
    }
    assert!(cases > 700, "{cases}");
}
