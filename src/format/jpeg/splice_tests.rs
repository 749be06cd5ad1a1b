//! The short way on some hundred made pictures: it is taken where it must be, gives what writing everything anew gives, and
//! leaves all other pixels alone in the eyes of two decoders.

use std::{io::Cursor, path::Path, process::Command};

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{
    markers::{Layout, SOS},
    notice_tests::{rgb, touched},
    picture::Picture,
    recode::{self, Way},
    weave::Begins,
    *,
};
use crate::{
    format::testing::{checkered, survey},
    geometry::{Orientation, Rect, Size},
    limits::Limits,
    notice::{Notice, StoredNotice},
    patch::Patch,
};

/// Every picture with a name that says how it was made.
type Made = (String, Vec<u8>);

/// With Pillow (libjpeg-turbo); `None` where it is not there, which in CI is a failure.
fn by_pillow(folder: &Path) -> Option<Vec<Made>> {
    python(folder, &MAKE.replace("PHOTO", concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/photo.png")))?;
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    Some(files.into_iter().map(|path| (name_of(&path), std::fs::read(&path).unwrap())).collect())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// With jpeg-encoder: the samplings that Pillow does not write.
fn by_jpeg_encoder() -> Vec<Made> {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_1_4,
        SamplingFactor::F_2_1,
        SamplingFactor::F_2_2,
        SamplingFactor::F_2_4,
        SamplingFactor::F_4_1,
        SamplingFactor::F_4_2,
    ];
    let mut random = Random(7);
    let mut made = Vec::new();
    for index in 0..80 {
        let sampling = samplings[index % 8];
        let (width, height) = (random.below(320) + 16, random.below(320) + 16);
        let colour = [ColorType::Rgb, ColorType::Cmyk, ColorType::CmykAsYcck][index / 8 % 3];
        let channels = if colour == ColorType::Rgb { 3usize } else { 4 };
        let pixels: Vec<u8> = (0..width * height * channels as u32)
            .map(|at| {
                let (x, y) = (at / channels as u32 % width, at / channels as u32 / width);
                (x * 200 / width + y * 40 / height + random.below(1 + (x / 64) * 12)) as u8
            })
            .collect();
        let (quality, interval, optimised) = (random.below(90) + 10, index / 3 % 3 * 5, index % 9 == 3);
        // It does not count what its restart intervals need.
        let optimised = optimised && interval == 0;
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, quality as u8);
        encoder.set_sampling_factor(sampling);
        encoder.set_optimized_huffman_tables(optimised);
        if interval > 0 {
            encoder.set_restart_interval(interval as u16);
        }
        encoder.encode(&pixels, width as u16, height as u16, colour).unwrap();
        let tables = if optimised { "optimised" } else { "standard" };
        made.push((format!("encoder-{index:03}-{tables}-{sampling:?}-{channels}-{width}x{height}-{interval}"), bytes));
    }
    made
}

struct Random(u32);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % bound
    }
}

/// A notice in one of the places that labels use.
fn notice(shown: Size, place: usize, strip_unit: u32) -> Notice {
    let mut notice = checkered(shown, if place == 3 { 20 } else { 0 });
    let rect = notice.rect;
    match place {
        1 => notice.rect = Rect { x: shown.width / 50, y: shown.height - rect.height - shown.height / 50, ..rect },
        2 => {
            // A band along the bottom.
            notice = checkered(shown, rect.height);
            notice.rect = Rect { y: shown.height - rect.height, ..notice.rect };
            (notice.strip, notice.frame) = (0, shown);
        }
        3 => notice = notice.with_strip_of(strip_unit),
        _ => {}
    }
    notice
}

/// The file with the notice drawn by one way or the other, and which way it was.
fn drawn(bytes: &[u8], notice: &StoredNotice, may_splice: bool) -> Result<(Vec<u8>, Way)> {
    drawn_at(bytes, notice, may_splice).map(|(result, way, _)| (result, way))
}

/// The same, and where in the scan it begins.
fn drawn_at(bytes: &[u8], notice: &StoredNotice, may_splice: bool) -> Result<(Vec<u8>, Way, Option<Begins>)> {
    let mut budget = Budget::new(&Limits::default());
    let mut source = Cursor::new(bytes);
    let layout = markers::walk(&mut source, &mut budget)?;
    let mut patch = Patch::default();
    let done = recode::recode_by(&mut source, &layout, notice, may_splice, &mut patch, &mut budget)?;
    let (way, begins) = done.unwrap();
    let mut sink = Cursor::new(Vec::new());
    patch.write(Format::Jpeg, &mut source, &mut sink)?;
    Ok((sink.into_inner(), way, begins))
}

fn coefficients(bytes: &[u8]) -> Picture {
    let mut budget = Budget::new(&Limits::default());
    let mut source = Cursor::new(bytes);
    let layout = markers::walk(&mut source, &mut budget).unwrap();
    recode::decoded(&mut source, &layout, &mut budget).unwrap()
}

fn layout(bytes: &[u8]) -> Layout {
    markers::walk(&mut Cursor::new(bytes), &mut Budget::new(&Limits::default())).unwrap()
}

#[test]
fn hundreds_of_made_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let results = tempfile::tempdir().unwrap();
    let Some(mut made) = by_pillow(folder.path()) else { return };
    made.extend(by_jpeg_encoder());
    assert!(made.len() >= 200);
    let (mut spliced, mut nudged, mut filled, mut begun) = (0, 0, 0, 0);
    let mut list = String::new();
    for (index, (name, bytes)) in made.iter().enumerate() {
        let found = survey(&Jpeg, bytes).unwrap();
        let mut shown = notice(found.shown().unwrap(), index % 4, found.strip_unit);
        if index % 8 < 4 {
            // As labels do it.
            shown = shown.on_blocks(found.cell.unwrap(), Orientation::Upright);
        }
        let notice = shown.stored(Orientation::Upright);
        let (short, way) = drawn(bytes, &notice, true).unwrap_or_else(|error| panic!("{name}: {error}"));
        let (long, _) = drawn(bytes, &notice, false).unwrap();
        let scans = layout(bytes).segments.iter().filter(|segment| segment.marker == SOS).count();
        let sequential = scans == 1 && !name.contains("progressive");
        assert!(sequential || way == Way::Recoded, "{name}");
        if sequential && name.contains("standard") {
            // Restart intervals that a strip cannot keep are the one reason.
            let strip = notice.grow.top > 0 && !name.ends_with("-0");
            assert!(way == Way::Spliced || strip, "{name}");
        }
        spliced += usize::from(way == Way::Spliced);
        nudged += usize::from(way == Way::Nudged);
        assert!(way != Way::Nudged || name.contains("optimised"), "{name}");
        let shows_at = |bytes: &[u8], begins: Option<Begins>| {
            let (mut budget, mut source) = (Budget::new(&Limits::default()), Cursor::new(bytes));
            let mut found = survey(&Jpeg, bytes).unwrap();
            found.hint = begins.map(|begins| Box::new(begins) as _);
            Jpeg.shows(&mut source, &found, &shown, &mut budget).unwrap()
        };
        let shows = |bytes: &[u8]| shows_at(bytes, None);
        assert_eq!(shows(&short), shows(&long), "{name}");
        // By what is kept of the first times, and looked at from where it begins.
        let (again, _, begins) = drawn_at(bytes, &notice, true).unwrap();
        assert!(again == short, "{name}");
        assert!(begins.is_none() || (way != Way::Recoded && notice.grow.is_zero() && name.ends_with("-0")), "{name}");
        begun += usize::from(begins.is_some() && shows(&again) == Some(true));
        assert_eq!(shows_at(&again, begins), shows(&long), "{name}");
        // Where the notice is not, it is not seen.
        assert!(begins.is_none() || shows(bytes) == Some(true) || shows_at(bytes, begins) == Some(false), "{name}");

        // Block for block the same as by the long way, but for bits of filling, and for what had no code.
        let (a, b) = (coefficients(&short), coefficients(&long));
        let (h, v) = a.frame.sampling();
        let mut different = 0;
        for (a, b) in a.planes.iter().zip(&b.planes) {
            assert_eq!(a.blocks.len(), b.blocks.len(), "{name}");
            let changed = a.blocks.iter().zip(&b.blocks).enumerate().filter(|(_, (a, b))| a != b);
            for (index, _) in changed.filter(|_| way != Way::Nudged) {
                different += 1;
                // In pixels: filling stands in blocks that the notice hides.
                let (width, height) = (8 * h / a.h as u32, 8 * v / a.v as u32);
                let (x, y) = ((index % a.stride) as u32 * width, (index / a.stride) as u32 * height);
                let Rect { x: left, y: top, .. } = notice.rect;
                let (right, bottom) = (left + notice.rect.width, top + notice.rect.height);
                let right = if right == notice.frame.width { u32::MAX } else { right };
                let bottom = if bottom == notice.frame.height { u32::MAX } else { bottom };
                assert!(x >= left && y >= top && x + width <= right && y + height <= bottom, "{name}: {index}");
            }
        }
        assert!(different <= 3, "{name}: {different} blocks differ");
        filled += usize::from(different > 0);

        // Every block that the notice does not touch is that of the original, moved by the strip.
        let original = coefficients(bytes);
        for (old, new) in original.planes.iter().zip(&a.planes) {
            let (width, height) = (8 * h / new.h as u32, 8 * v / new.v as u32);
            let Rect { x: left, y: top, .. } = notice.rect;
            let (right, bottom) = (left + notice.rect.width, top + notice.rect.height);
            let right = if right == notice.frame.width { u32::MAX } else { right };
            let bottom = if bottom == notice.frame.height { u32::MAX } else { bottom };
            let strip = (notice.grow.top / height) as usize;
            for y in 0..old.down {
                for x in 0..old.across {
                    let (column, row) = (x as u32 * width, (y + strip) as u32 * height);
                    let apart = column + width <= left || column >= right || row + height <= top || row >= bottom;
                    let same = old.blocks[y * old.stride + x] == new.blocks[(y + strip) * new.stride + x];
                    assert!(same || !apart, "{name}: block {x}, {y}");
                }
            }
        }

        let touched = touched(notice.rect, (h, v));
        // Where a sample stands for four pixels, what zune-jpeg makes of it depends on the row of MCUs.
        if h.max(v) <= 2 {
            let (before, after) = (rgb(bytes), rgb(&short));
            let (width, height) = before.dimensions();
            let moved = image::imageops::crop_imm(&after, 0, notice.grow.top, width, height).to_image();
            for ((x, y, a), b) in before.enumerate_pixels().zip(moved.pixels()) {
                let y = y + notice.grow.top;
                let inside = x.wrapping_sub(touched.x) < touched.width && y.wrapping_sub(touched.y) < touched.height;
                assert!(a == b || inside, "{name}: ({x}, {y}) changed outside of {touched:?}");
            }
        }
        std::fs::write(results.path().join(format!("{index:03}-before.jpg")), bytes).unwrap();
        std::fs::write(results.path().join(format!("{index:03}-after.jpg")), &short).unwrap();
        let Rect { x, y, width, height } = touched;
        list += &format!("{index:03} {x} {y} {width} {height} {}\n", notice.grow.top);
    }
    eprintln!("{spliced} of {} spliced, {nudged} nudged; {filled} filled; {begun} looked at", made.len());
    assert!(spliced > 130 && nudged > 2 && filled < 40 && begun > 30);
    std::fs::write(results.path().join("list"), list).unwrap();
    let judged = python(results.path(), JUDGE).unwrap();
    assert_eq!(judged.trim(), format!("{} judged", made.len()));
}

#[test]
fn what_is_only_copied_may_be_anything() {
    let bytes = notice_tests::made(Size { width: 640, height: 480 }, 85);
    let notice = checkered(Size { width: 640, height: 480 }, 0).stored(Orientation::Upright);
    let scan = layout(&bytes).segments.iter().find(|segment| segment.marker == SOS).unwrap().data.clone();
    let (from, to) = ((scan.start + scan.end) as usize / 2, scan.end as usize);
    for filling in [0x00, 0xA5] {
        let mut damaged = bytes.clone();
        damaged[from..to].fill(filling);
        let (out, way) = drawn(&damaged, &notice, true).unwrap();
        assert_eq!(way, Way::Spliced);
        assert!(out.ends_with(&damaged[from..]));
    }
    // Where the part that is redrawn ends early, it is an error with its place.
    let mut cut = bytes.clone();
    let end = scan.start as usize + 60;
    cut[end..end + 2].copy_from_slice(&[0xFF, 0xD9]);
    assert!(matches!(drawn(&cut, &notice, true), Err(Error::Malformed { at, .. }) if at == end as u64));
    // A marker where none may be ends the scan for the survey; the notice above it still gets in.
    let mut marked = bytes.clone();
    marked[from..from + 4].copy_from_slice(&[0xFF, 0xFE, 0, 2]);
    assert_eq!(drawn(&marked, &notice, true).unwrap().1, Way::Spliced);
}

#[test]
fn only_what_stands_under_the_notice_is_written() {
    let size = Size { width: 1600, height: 1200 };
    let bytes = notice_tests::made(size, 90);
    // How little of the original goes, and of that how little is held. The strip is new: two rows of blocks full of letters.
    for (place, most_gone, most_held) in [(0, 6, 6), (1, 6, 6), (2, 6, 6), (3, 5000, 20)] {
        let notice = notice(size, place, 16).stored(Orientation::Upright);
        let mut budget = Budget::new(&Limits::default());
        let mut source = Cursor::new(&bytes);
        let layout = markers::walk(&mut source, &mut budget).unwrap();
        let mut patch = Patch::default();
        let way = recode::recode_by(&mut source, &layout, &notice, true, &mut patch, &mut budget).unwrap();
        assert_eq!(way.unwrap().0, Way::Spliced);
        let held = patch.held_bytes();
        let gone = (held as i64 - patch.growth()) as usize;
        assert!(gone < bytes.len() / most_gone, "place {place}: {gone} of {} bytes are replaced", bytes.len());
        assert!(held < bytes.len() / most_held, "place {place}: {held} for {} bytes are held", bytes.len());
    }
}

/// Runs a program in a folder; `None` where Pillow is not there.
fn python(folder: &Path, program: &str) -> Option<String> {
    let interpreter = std::env::var("TANBA_PYTHON").unwrap_or_else(|_| "python3".into());
    let output = Command::new(interpreter).args(["-c", program]).current_dir(folder).output();
    match output {
        Ok(output) if output.status.success() => Some(String::from_utf8(output.stdout).unwrap()),
        Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("ModuleNotFoundError") => {
            panic!("{}", String::from_utf8_lossy(&output.stderr))
        }
        _ => {
            assert!(std::env::var_os("CI").is_none(), "Pillow must be there in CI");
            eprintln!("skipped: no Pillow");
            None
        }
    }
}

const MAKE: &str = r#"
import random
import numpy
from PIL import Image, ImageFile
# Its guess at the size of a small picture is too small where the scans are made more than once.
ImageFile.MAXBLOCK = 1 << 22
random.seed(5)
for index in range(150):
    width, height = random.choice([(random.randint(1, 40), random.randint(1, 40)), (random.randint(1, 600), random.randint(1, 600))])
    y, x = numpy.mgrid[0:height, 0:width]
    grain = numpy.random.default_rng(index).normal(0, random.choice([0, 2, 12, 60]), (height, width, 4))
    slopes = numpy.stack([x * 0.4, y * 0.5, (x + y) % 97, (x * y) % 31], axis=2)
    pixels = (slopes + grain + 60).clip(0, 255).astype("uint8")
    mode = ["RGB", "RGB", "RGB", "L", "CMYK"][index % 5]
    picture = Image.fromarray({"RGB": pixels[..., :3], "L": pixels[..., 0], "CMYK": pixels}[mode], mode)
    kind = ["standard", "optimised", "standard", "progressive"][index // 5 % 4]
    options = {"quality": random.choice([10, 35, 60, 75, 85, 90, 95, 100])}
    if mode == "RGB":
        options["subsampling"] = random.choice([0, 1, 2])
    if kind == "optimised":
        options["optimize"] = True
    if kind == "progressive":
        options["progressive"] = True
    interval = random.choice([0, 0, 1, 3, 16])
    if interval:
        options["restart_marker_blocks"] = interval
    elif random.random() < 0.2:
        interval = "rows"
        options["restart_marker_rows"] = 1
    picture.save(f"pillow-{index:03}-{kind}-{mode}-{width}x{height}-{interval}", "JPEG", **options)
# A photograph has codes for nearly all, and no room for the rest.
photo = Image.open("PHOTO").convert("RGB")
for index, quality in enumerate([75, 85, 90, 95, 92, 80, 88, 70], 150):
    width, height = 640 - 9 * (index - 150), 480
    picture = photo.crop((0, 0, width, height))
    picture.save(f"pillow-{index}-optimised-photo-{width}x{height}-0", "JPEG", quality=quality, optimize=True)
"#;

const JUDGE: &str = r#"
import warnings
import numpy
from PIL import Image
warnings.simplefilter("error")
judged = 0
for line in open("list"):
    index, left, top, width, height, strip = line.split()
    left, top, width, height, strip = map(int, (left, top, width, height, strip))
    before = numpy.asarray(Image.open(f"{index}-before.jpg")).astype(int)
    after = numpy.asarray(Image.open(f"{index}-after.jpg")).astype(int)
    assert after.shape[0] == before.shape[0] + strip, index
    changed = before != after[strip:]
    if changed.ndim == 3:
        changed = changed.any(axis=2)
    changed[max(0, top - strip):max(0, top + height - strip), left:left + width] = False
    assert not changed.any(), (index, numpy.argwhere(changed)[:5])
    judged += 1
print(judged, "judged")
"#;
