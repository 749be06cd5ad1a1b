//! What libtiff and libjpeg, through Pillow, see in pictures of every layout: the notice, and beside it the same pixels.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
};

use common::{fixture, labeler, python};
use serde_json::json;
use tanba::Overwrite;

/// Labels every file of `folder` of this extension, and lists the pairs as JSON for the Python programs.
fn label_all(folder: &Path, extension: &str, into: &Path) -> (PathBuf, usize) {
    let labeler = labeler();
    let mut rows = Vec::new();
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|of| of == extension));
    files.sort();
    for original in files {
        let labelled = into.join(format!("labelled-{}", original.file_name().unwrap().to_string_lossy()));
        let receipt = labeler.label_file(&original, &labelled, Overwrite::Refuse);
        let receipt = receipt.unwrap_or_else(|error| panic!("{}: {error}", original.display()));
        assert!(receipt.is_complete(), "{}: {:?}", original.display(), receipt.incomplete);
        let notice = receipt.notice.unwrap();
        let (rect, strip) = (notice.rect, notice.strip);
        let rect = [rect.x, rect.y, rect.width, rect.height];
        rows.push(json!({ "original": original, "labelled": labelled, "rect": rect, "strip": strip }));
    }
    let path = into.join("pairs.json");
    fs::write(&path, serde_json::to_vec(&rows).unwrap()).unwrap();
    (path, rows.len())
}

const PAGES: &str = r#"
import json, sys, math, numpy as np
from PIL import Image, ImageOps
wrong, pages = [], 0
for row in json.load(open(sys.argv[1])):
    before, after = Image.open(row["original"]), Image.open(row["labelled"])
    name = row["original"].rsplit("/", 1)[1]
    if before.n_frames != after.n_frames: wrong.append([name, "pages"]); continue
    for index in range(before.n_frames):
        before.seek(index); after.seek(index); pages += 1
        pair = []
        for image in (before, after):
            image.load()
            shown = ImageOps.exif_transpose(image.copy())
            pair.append(np.asarray(shown if shown.mode.startswith("I") else shown.convert("RGB")).astype(float))
        a, b = (image if image.ndim == 3 else image[..., None] for image in pair)
        strip = b.shape[0] - a.shape[0]
        if index == 0 and strip != row["strip"] or b.shape[1] != a.shape[1]:
            wrong.append([name, index, "size", a.shape, b.shape]); continue
        different = (a != b[strip:]).any(axis=-1)
        if strip > 0:
            # Only chroma at the seam, and where strips were joined, is mixed with that of others: more in a page of noise.
            error = float(((a - b[strip:]) ** 2).mean())
            psnr = math.inf if error == 0 else 10 * math.log10(255 * 255 / error)
            print(name, index, "strip", strip, "psnr", round(psnr, 1))
            if psnr < 42: wrong.append([name, index, "psnr", psnr])
            if b[:strip].std() < 20: wrong.append([name, index, "no words"])
            continue
        if not different.any(): wrong.append([name, index, "no notice"]); continue
        ys, xs = np.nonzero(different)
        box = [int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1]
        if index == 0:
            # Whole blocks of the most subsampled component, and one pixel of its upsampling.
            x, y, w, h = row["rect"]
            allowed = [x // 16 * 16 - 1, y // 16 * 16 - 1, -(-(x + w) // 16) * 16 + 1, -(-(y + h) // 16) * 16 + 1]
        else:
            allowed = [0, 0, a.shape[1], a.shape[0] // 3]
        if "jpeg" not in name and "mixed" not in name and index == 0:
            allowed = [x, y, x + w, y + h]
        if box[0] < allowed[0] or box[1] < allowed[1] or box[2] > allowed[2] or box[3] > allowed[3]:
            wrong.append([name, index, "changed", box, "allowed", allowed])
        print(name, index, "changed", box)
for line in wrong: print("WRONG", line)
print("pages", pages, "wrong", len(wrong))
"#;

#[test]
fn libtiff_sees_the_same_outside_of_the_notice_on_every_page() {
    if python("PIL", "", &[]).is_none() || python("numpy", "", &[]).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (list, count) = label_all(&fixture("tiff"), "tif", folder.path());
    assert!(count >= 16);
    let printed = python("PIL", PAGES, &[list.to_str().unwrap()]).unwrap();
    eprintln!("{printed}");
    assert!(printed.contains(&format!("pages {} wrong 0\n", count + 2)), "{printed}");
}

/// JPEGs under 200 pixels, in all orientations, with every subsampling.
const MAKE: &str = r#"
import sys
from PIL import Image
photo = Image.open(sys.argv[1]).convert("RGB")
for width, height in ((64, 64), (100, 150), (199, 300), (97, 63), (65, 121)):
    image = photo.crop((40, 60, 40 + 2 * width, 60 + 2 * height)).resize((width, height), Image.LANCZOS)
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        for orientation in range(1, 9):
            exif = Image.Exif(); exif[0x112] = orientation
            name = f"{sys.argv[2]}/{width}x{height}-{subsampling.replace(':', '')}-{orientation}.jpg"
            image.save(name, quality=85, subsampling=subsampling, exif=exif)
"#;

const SEAMS: &str = r#"
import json, sys, math, numpy as np
from PIL import Image, ImageOps
wrong, worst = [], {}
for row in json.load(open(sys.argv[1])):
    a, b = (np.asarray(ImageOps.exif_transpose(Image.open(row[of])).convert("RGB")).astype(float) for of in ("original", "labelled"))
    strip = row["strip"]
    if strip == 0 or b.shape[0] != a.shape[0] + strip: wrong.append([row["original"], "no strip"]); continue
    error = float(((a - b[strip:]) ** 2).mean())
    psnr = math.inf if error == 0 else 10 * math.log10(255 * 255 / error)
    size, subsampling, orientation = row["original"].rsplit("/", 1)[1][:-4].split("-")
    key = subsampling + " " + orientation
    worst[key] = min(worst.get(key, (math.inf, "")), (round(psnr, 1), size))
    if psnr < 48: wrong.append([row["original"].rsplit("/", 1)[1], round(psnr, 1)])
for key in sorted(worst): print(key, worst[key])
for line in wrong: print("WRONG", line)
print("wrong", len(wrong))
"#;

#[test]
fn libjpeg_sees_the_same_picture_under_a_strip() {
    if python("PIL", "", &[]).is_none() || python("numpy", "", &[]).is_none() {
        return;
    }
    let (originals, results) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let photo = fixture("photo.jpg");
    python("PIL", MAKE, &[photo.to_str().unwrap(), originals.path().to_str().unwrap()]).unwrap();
    let (list, count) = label_all(originals.path(), "jpg", results.path());
    assert_eq!(count, 120);
    let printed = python("PIL", SEAMS, &[list.to_str().unwrap()]).unwrap();
    eprintln!("{printed}");
    assert!(printed.ends_with("wrong 0\n"), "{printed}");
}
