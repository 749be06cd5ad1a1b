//! What programs that nobody here made say about the results: c2pa-python, exiftool, Pillow, ImageMagick, libheif,
//! libjxl, Chromium.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use common::{extension, identity, labeler, pictures, python, run, skip};
use serde_json::{Value, json};
use tanba::{Format, Overwrite, Receipt};
use tempfile::TempDir;

/// A picture and its label.
struct Pair {
    original: PathBuf,
    labelled: PathBuf,
    format: Format,
    receipt: Receipt,
}

/// Every picture, labelled once for all tests of this file.
fn pairs() -> &'static [Pair] {
    static PAIRS: OnceLock<(TempDir, Vec<Pair>)> = OnceLock::new();
    let make = || {
        let folder = tempfile::tempdir().unwrap();
        let labeler = labeler();
        let pair = |(number, (original, format)): (usize, (PathBuf, Format))| {
            let name = original.file_name().unwrap().to_string_lossy().into_owned();
            let labelled = folder.path().join(format!("{number:03}-{name}"));
            match labeler.label_file(&original, &labelled, Overwrite::Refuse) {
                Ok(receipt) => Some(Pair { original, labelled, format, receipt }),
                // The round trip fails for it; here the others are looked at.
                Err(error) => {
                    eprintln!("not labelled: {name}: {error}");
                    None
                }
            }
        };
        let pairs = pictures().into_iter().enumerate().filter_map(pair).collect();
        (folder, pairs)
    };
    &PAIRS.get_or_init(make).1
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The pairs as JSON, for the Python programs.
fn list(folder: &Path) -> PathBuf {
    let rows: Vec<Value> = pairs()
        .iter()
        .map(|pair| {
            let notice = pair.receipt.notice.as_ref();
            json!({
                "original": text(&pair.original),
                "labelled": text(&pair.labelled),
                "format": pair.format,
                "media_type": pair.format.media_types()[0],
                "strip": notice.map_or(0, |notice| notice.strip),
                "rect": notice.map(|notice| [notice.rect.x, notice.rect.y, notice.rect.width, notice.rect.height]),
            })
        })
        .collect();
    let path = folder.join("pairs.json");
    fs::write(&path, serde_json::to_vec(&rows).unwrap()).unwrap();
    path
}

const READ: &str = r#"
import json, sys, c2pa
rows, anchors = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
def state(path, media_type, settings):
    context = c2pa.Context(c2pa.Settings.from_dict(settings))
    with open(path, "rb") as stream:
        reader = c2pa.Reader(media_type, stream, context=context)
        return reader.get_validation_state(), json.loads(reader.json())
base = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}
trusting = dict(base, trust={"trust_anchors": anchors})
wrong = []
for row in rows:
    media_type = row["media_type"]
    if row["labelled"].lower().endswith(".heif"): media_type = "image/heif"
    plain, _ = state(row["labelled"], media_type, base)
    trusted, store = state(row["labelled"], media_type, trusting)
    manifest = store["manifests"][store["active_manifest"]]
    actions = [a for a in manifest["assertions"] if a["label"].startswith("c2pa.actions")]
    source = json.dumps(actions)
    if plain != "Valid" or trusted != "Trusted" or "trainedAlgorithmicMedia" not in source:
        wrong.append([row["labelled"], plain, trusted, store.get("validation_results") or store.get("validation_status"), source])
for line in wrong: print(line)
print("read", len(rows), "wrong", len(wrong))
"#;

#[test]
fn the_reference_reader_calls_each_label_valid_and_with_our_anchor_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let anchor = folder.path().join("anchor.pem");
    fs::write(&anchor, &identity().anchor_pem).unwrap();
    if !available("c2pa") {
        return;
    }
    let list = list(folder.path());
    let printed = python("c2pa", READ, &[text(&list), text(&anchor)]).unwrap();
    assert!(printed.contains(&format!("read {} wrong 0\n", pairs().len())), "{printed}");
}

const PARENTS: &str = r#"
import c2pa, json, sys
for media_type, path in [line.split("|") for line in sys.argv[1:]]:
    with open(path, "rb") as file: reader = c2pa.Reader(media_type, file)
    store = json.loads(reader.json())
    [parent] = store["manifests"][store["active_manifest"]]["ingredients"]
    codes = parent["validation_results"]["activeManifest"]
    of = lambda kind: [status["code"] for status in codes[kind] if "Hash." in status["code"]]
    print(reader.get_validation_state(), parent.get("active_manifest") is not None, of("success"), of("failure"))
"#;

/// What is said of the label that was there before is found out by ourselves: the reference reader takes it over as it is.
#[test]
fn the_reference_reader_sees_what_the_parent_was() {
    if !available("c2pa") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for name in ["tiny.png", "tiny.jpg", "tiny.heic", "tiny.webp", "tiny.tif", "tiny.gif"] {
        let format = Format::sniff(&mut fs::File::open(common::fixture(name)).unwrap()).unwrap();
        let (once, twice) = (folder.path().join(format!("once-{name}")), folder.path().join(format!("twice-{name}")));
        labeler().label_file(common::fixture(name), &once, Overwrite::Refuse).unwrap();
        let hash = if format == Format::Heif { "assertion.bmffHash" } else { "assertion.dataHash" };
        for broken in [false, true] {
            if broken {
                // Every format can still be read like that.
                fs::write(&once, [&fs::read(&once).unwrap()[..], &[0; 4]].concat()).unwrap();
            }
            labeler().label_file(&once, &twice, Overwrite::Replace).unwrap();
            let media_type = if format == Format::Heif { "image/heic" } else { format.media_types()[0] };
            let printed = python("c2pa", PARENTS, &[&format!("{media_type}|{}", text(&twice))]).unwrap();
            let expected = match broken {
                false => format!("Valid True ['{hash}.match'] []"),
                true => format!("Valid True [] ['{hash}.mismatch']"),
            };
            assert_eq!(printed.trim(), expected, "{name}");
            seen += 1;
        }
    }
    assert_eq!(seen, 12);
}

fn available(module: &str) -> bool {
    python(module, "", &[]).is_some()
}

#[test]
fn exiftool_reads_the_record() {
    if run("exiftool", &["-ver"]).is_none() {
        return;
    }
    let mut seen = 0;
    for pair in pairs() {
        let wanted = ["-j", "-struct", "-XMP-iptcExt:all", "-EXIF:ImageDescription", "-warning", text(&pair.labelled)];
        let output = run("exiftool", &wanted).unwrap();
        let fields: Value = serde_json::from_slice(&output.stdout).unwrap();
        let fields = &fields[0];
        let name = pair.labelled.display();
        // Its versions differ in how they print a controlled value: the URI, or its English name.
        let source = fields["DigitalSourceType"].as_str().unwrap_or_default().to_lowercase();
        let says_ai = source.ends_with("/trainedalgorithmicmedia") || source.contains("trained algorithm");
        assert!(says_ai, "{name}: {fields}");
        assert_eq!(fields["AISystemUsed"], "Acme Diffusion", "{name}");
        assert_eq!(fields["AISystemVersionUsed"].to_string().trim_matches('"'), "3.1", "{name}");
        seen += 1;
    }
    assert_eq!(seen, pairs().len());
}

const COMPARE: &str = r#"
import json, sys, math, numpy as np
from PIL import Image, ImageOps, ImageSequence
Image.MAX_IMAGE_PIXELS = None
wrong, seen = [], 0
for row in json.load(open(sys.argv[1])):
    if row["format"] in ("heif", "jxl", "svg"): continue
    seen += 1
    before, after = Image.open(row["original"]), Image.open(row["labelled"])
    frames = getattr(before, "n_frames", 1), getattr(after, "n_frames", 1)
    if frames[0] != frames[1]:
        wrong.append([row["labelled"], "frames", frames]); continue
    if before.mode != after.mode and row["format"] not in ("gif", "png"):
        wrong.append([row["labelled"], "mode", before.mode, after.mode])
    for kept in ("icc_profile", "dpi", "duration", "loop"):
        # Without a density in the header, Pillow says 72 as soon as there is EXIF, and nothing before.
        if kept == "dpi" and before.info.get(kept) is None and after.info.get(kept) == (72, 72): continue
        if before.info.get(kept) != after.info.get(kept):
            wrong.append([row["labelled"], "lost", kept])
    for index in range(frames[0]):
        before.seek(index); after.seek(index)
        # As shown, with alpha; 16-bit grey stays what it is.
        pair = [ImageOps.exif_transpose(image.copy()) for image in (before, after)]
        pair = [image if image.mode.startswith("I") else image.convert("RGBA") for image in pair]
        a, b = (np.asarray(image).astype(np.int64) for image in pair)
        # Only the first page of a document that has several carries the growth and the notice at this place.
        strip = row["strip"] if b.shape != a.shape else 0
        if b.shape[0] != a.shape[0] + strip or b.shape[1] != a.shape[1]:
            wrong.append([row["labelled"], index, "size", a.shape, b.shape]); continue
        b = b[strip:]
        mask = np.ones(a.shape[:2], bool)
        if row["rect"]:
            x, y, w, h = row["rect"]
            mask[max(y - strip, 0):max(y + h - strip, 0), x:x + w] = False
        else:
            mask[:] = True
        if row["format"] == "tiff" and index > 0: continue
        if a.ndim == 3 and a.shape[2] == 4:
            visible = (a[..., 3] > 0) | (b[..., 3] > 0)
            mask &= visible
        difference = (a - b)[mask]
        if row["format"] in ("jpeg", "webp", "avif"):
            error = float((difference.astype(float) ** 2).mean()) if difference.size else 0.0
            psnr = math.inf if error == 0 else 10 * math.log10(255 * 255 / error)
            if psnr < (48 if row["format"] == "jpeg" else 42):
                wrong.append([row["labelled"], index, "psnr", round(psnr, 2)])
        elif difference.any():
            wrong.append([row["labelled"], index, "pixels", int((difference != 0).any(axis=-1).sum() if difference.ndim > 1 else (difference != 0).sum())])
for line in wrong: print(line)
print("opened", seen, "wrong", len(wrong))
"#;

#[test]
fn pillow_sees_the_same_picture_outside_the_notice() {
    if !available("numpy, PIL.features; assert PIL.features.check(\"avif\"), \"Pillow without AVIF\"") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let printed = python("PIL", COMPARE, &[text(&list(folder.path()))]).unwrap();
    assert!(printed.contains("wrong 0\n") && !printed.contains("opened 0"), "{printed}");
}

#[test]
fn imagemagick_opens_each_with_the_same_size() {
    if run("identify", &["-version"]).is_none() {
        return;
    }
    let mut seen = 0;
    for pair in pairs() {
        let sizes = |path: &Path| {
            let output = run("identify", &["-format", "%w %h %m\n", text(path)]).unwrap();
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            output.status.success().then(|| printed.lines().next().unwrap_or_default().to_owned())
        };
        // What it cannot read before it need not read after (HEIC and JPEG XL are compiled in or not).
        let Some(before) = sizes(&pair.original) else { continue };
        let after = sizes(&pair.labelled);
        seen += 1;
        let strip = pair.receipt.notice.as_ref().map_or(0, |notice| notice.strip);
        if strip == 0 {
            assert_eq!(Some(before), after, "{}", pair.labelled.display());
        } else {
            assert!(after.is_some() && after != Some(before), "{}", pair.labelled.display());
        }
    }
    assert!(seen * 10 >= pairs().len() * 7, "ImageMagick opened {seen} of {}", pairs().len());
}

#[test]
fn heif_and_jxl_decode_to_the_same_pixels() {
    let folder = tempfile::tempdir().unwrap();
    for (program, format) in [("heif-convert", Format::Heif), ("djxl", Format::Jxl)] {
        if run(program, &["--help"]).is_none() {
            continue;
        }
        for pair in pairs().iter().filter(|pair| pair.format == format && pair.receipt.notice.is_none()) {
            let decode = |path: &Path, name: &str| {
                let ppm = folder.path().join(name);
                let output = run(program, &[text(path), text(&ppm)]).unwrap();
                let errors = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(output.status.success(), "{}: {errors}", path.display());
                image::open(&ppm).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_rgba16()
            };
            let (before, after) = (decode(&pair.original, "a.png"), decode(&pair.labelled, "b.png"));
            assert!(before == after, "{}: pixels changed", pair.labelled.display());
        }
    }
}

#[test]
fn chromium_shows_each() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        std::process::Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success())
    }) else {
        skip("chromium");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    // What no Chromium shows: TIFF, HEIC, JPEG XL.
    let shown: Vec<_> =
        pairs().iter().filter(|pair| !matches!(pair.format, Format::Tiff | Format::Heif | Format::Jxl)).collect();
    let images: String =
        shown.iter().map(|pair| format!("<img src=\"file://{}\">", text(&pair.labelled).replace(' ', "%20"))).collect();
    let script = "addEventListener('load', () => { document.title = 'x'; document.body.innerHTML = \
                  [...document.images].map(i => `${'WID' + 'TH'} ${i.naturalWidth} ${i.src.split('/').pop()}`).join('\\n'); })";
    let page = folder.path().join("all.html");
    fs::write(&page, format!("<!doctype html><script>{script}</script><body>{images}")).unwrap();
    let data = format!("--user-data-dir={}", folder.path().join("profile").display());
    let address = format!("file://{}", page.display());
    let common = ["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"];
    let arguments = [&common[..], &["--virtual-time-budget=60000", &data, "--dump-dom", &address]].concat();
    let output = run(browser, &arguments).unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    for pair in shown {
        let name = pair.labelled.file_name().unwrap().to_str().unwrap();
        let line = dom.lines().find(|line| line.contains("WIDTH ") && line.contains(&name.replace(' ', "%20")));
        let line = line.unwrap_or_else(|| panic!("{name} is not on the page: {dom}"));
        let (_, after) = line.split_once("WIDTH ").unwrap();
        let width: u32 = after.split(' ').next().unwrap().parse().unwrap();
        assert!(width > 0, "{name} ({}) is not shown", extension(&pair.labelled));
        if let (Some(notice), true) = (&pair.receipt.notice, pair.format != Format::Svg) {
            assert_eq!(width, notice.frame.width, "{name}");
        }
    }
}
