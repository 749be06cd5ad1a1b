//! PDF documents to label, and what qpdf and poppler say of them.

use std::fs;

use image::RgbImage;

use super::run;

/// A document with a table of objects; the first object is the catalog.
pub fn document(objects: &[impl AsRef<[u8]>], trailer: &str) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n\r\n", out.len());
        out.extend([format!("{} 0 obj\n", index + 1).as_bytes(), object.as_ref(), b"\nendobj\n"].concat());
    }
    let size = objects.len() + 1;
    let end = format!("{table}trailer\n<</Root 1 0 R/Size {size}{trailer}>>\nstartxref\n{}\n%%EOF\n", out.len());
    [out, end.into_bytes()].concat()
}

pub fn stream(dictionary: &str, data: &str) -> String {
    format!("<<{dictionary}/Length {}>>\nstream\n{data}\nendstream", data.len())
}

/// One page with these entries and this content, in Helvetica.
pub fn page(entries: &str, content: &str) -> Vec<u8> {
    document(
        &[
            "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
            "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
            format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>{entries}>>"),
            stream("", content),
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into(),
        ],
        "",
    )
}

pub const A4: &str = "/MediaBox[0 0 595 842]";
pub const HELLO: &str = "BT /F 24 Tf 60 400 Td (Steppe wind) Tj ET 0 0 1 rg 60 100 200 40 re f";

/// The bytes as a file, for programs.
pub fn file(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_string_lossy().into_owned()
}

pub fn printed(program: &str, arguments: &[&str]) -> Option<String> {
    let output = run(program, arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

/// `qpdf --check` finds nothing, not even what it could repair.
pub fn checks(bytes: &[u8], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.pdf", bytes);
    let Some(text) = printed("qpdf", &["--check", &path]) else { return };
    assert!(!text.contains("WARNING") && text.contains("No syntax or stream encoding errors"), "{name}: {text}");
}

/// The words of a document, page breaks dropped.
pub fn words(bytes: &[u8]) -> Option<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.pdf", bytes);
    let text = printed("pdftotext", &["-enc", "UTF-8", &path, "-"])?;
    Some(text.split_whitespace().map(str::to_owned).collect())
}

/// The pages as poppler shows them.
pub fn pages(bytes: &[u8], dpi: u32) -> Option<Vec<RgbImage>> {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a.pdf", bytes);
    let prefix = folder.path().join("page");
    printed("pdftoppm", &["-cropbox", "-r", &dpi.to_string(), &path, prefix.to_str().unwrap()])?;
    let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "ppm"));
    files.sort();
    Some(files.iter().map(|path| ppm(&fs::read(path).unwrap())).collect())
}

/// A portable pixmap: the size in words, then three bytes a pixel.
pub fn ppm(bytes: &[u8]) -> RgbImage {
    let (mut at, mut numbers) = (2, Vec::new());
    while numbers.len() < 3 {
        let word = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if word > 0 {
            numbers.push(std::str::from_utf8(&bytes[at..at + word]).unwrap().parse::<u32>().unwrap());
        }
        at += word + 1;
    }
    RgbImage::from_raw(numbers[0], numbers[1], bytes[at..].to_vec()).unwrap()
}

/// Where two pictures differ: left, top, right, bottom.
pub fn difference(before: &RgbImage, after: &RgbImage) -> Option<[u32; 4]> {
    assert_eq!(before.dimensions(), after.dimensions());
    let mut bounds: Option<[u32; 4]> = None;
    for (x, y, pixel) in before.enumerate_pixels() {
        if pixel != after.get_pixel(x, y) {
            let [left, top, right, bottom] = bounds.unwrap_or([x, y, x, y]);
            bounds = Some([left.min(x), top.min(y), right.max(x), bottom.max(y)]);
        }
    }
    bounds
}

/// The page shows the notice at its top right, and nothing else of it has changed.
pub fn shows(before: &RgbImage, after: &RgbImage, name: &str) {
    shows_at(false, before, after, name);
}

/// The same; at its top left where that is wanted.
pub fn shows_at(is_left: bool, before: &RgbImage, after: &RgbImage, name: &str) {
    let [left, top, right, bottom] = difference(before, after).unwrap_or_else(|| panic!("{name}: no notice"));
    let (width, height) = after.dimensions();
    let shorter = f64::from(width.min(height));
    let share = |pixels: u32| f64::from(pixels) / shorter;
    let beside = if is_left { left } else { width - 1 - right };
    let place = (share(top), share(beside), share(bottom - top));
    assert!((0.01..=0.03).contains(&place.0) && (0.01..=0.03).contains(&place.1), "{name}: {place:?}");
    // One line is 0.02 and twice its padding; two are twice as high. Some tests ask for larger letters.
    assert!((0.04..=0.3).contains(&place.2) && bottom < height / 2, "{name}: {place:?}");
    let plate = image::imageops::crop_imm(after, left, top, right - left, bottom - top).to_image();
    let dark = plate.pixels().filter(|pixel| pixel.0.iter().all(|&value| value < 40)).count();
    let light = plate.pixels().filter(|pixel| pixel.0.iter().all(|&value| value > 200)).count();
    let all = plate.pixels().count();
    assert!(dark * 2 > all && light * 20 > all, "{name}: {dark} dark and {light} light of {all}");
}
