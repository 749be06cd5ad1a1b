//! Documents as other programs make them: archives of 64 bits, books of a thousand pages, pages in right-to-left script.

mod common;
mod harm;

use std::{fs, io::Cursor, path::Path};

use common::{anchors, python, run, signer, skip};
use harm::bounded;
use tanba::{Binding, Disclosure, Headline, Labeler, Receipt, Report, Verdict, Verifier};

fn labeler() -> Labeler {
    Labeler::new(&Disclosure::generated("Acme Writer").provider("Acme LLP"), &signer())
}

fn label(name: &str, bytes: &[u8]) -> (Vec<u8>, Receipt) {
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler().label_named(name, &mut Cursor::new(bytes), &mut sink);
    (sink.into_inner(), receipt.unwrap_or_else(|error| panic!("{name}: {error}")))
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(bytes)).unwrap()
}

/// Packs a document anew: with lengths of 64 bits in front of each part, as programs write that do not know how long it will be,
/// and with all lengths and places of 64 bits (APPNOTE 6.3.10, 4.3.14 and 4.5.3).
const PACK: &str = r#"
import struct, sys, zipfile, zlib
source, streamed, wide = sys.argv[1:4]
parts = [(info.filename, zipfile.ZipFile(source).read(info)) for info in zipfile.ZipFile(source).infolist()]
with zipfile.ZipFile(streamed, "w", zipfile.ZIP_DEFLATED) as out:
    for name, data in parts:
        with out.open(zipfile.ZipInfo(name), "w", force_zip64=True) as part: part.write(data)
most, body, central = 0xffffffff, b"", b""
for name, data in parts:
    name, crc, at = name.encode(), zlib.crc32(data), len(body)
    extra = struct.pack("<HHQQ", 1, 16, len(data), len(data))
    head = struct.pack("<IHHHHHIIIHH", 0x04034b50, 45, 0, 0, 0, 0x21, crc, most, most, len(name), len(extra))
    body += head + name + extra + data
    extra = struct.pack("<HHQQQ", 1, 24, len(data), len(data), at)
    head = (0x02014b50, 45, 45, 0, 0, 0, 0x21, crc, most, most, len(name), len(extra), 0, 0, 0, 0, most)
    central += struct.pack("<IHHHHHHIIIHHHHHII", *head) + name + extra
start, end = len(body), len(body) + len(central)
record = struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, len(parts), len(parts), len(central), start)
locator, last = struct.pack("<IIQI", 0x07064b50, 0, end, 1), struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 0xffff, 0xffff, most, most, 0)
open(wide, "wb").write(body + central + record + locator + last)
"#;

/// Compares the parts of two archives as another program unpacks them.
const SAME: &str = r#"
import sys, zipfile
for before, after in zip(sys.argv[1::2], sys.argv[2::2]):
    before, after = zipfile.ZipFile(before), zipfile.ZipFile(after)
    names = [info.filename for info in before.infolist()]
    changed = [name for name in names if before.read(name) != after.read(name)]
    print(after.testzip(), *changed)
"#;

#[test]
fn archives_of_64_bits_are_labelled_and_stay_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let source = common::fixture("office").join("stored.docx");
    let (streamed, wide) = (path("streamed.docx"), path("wide.docx"));
    if python("zipfile", PACK, &[source.to_str().unwrap(), &streamed, &wide]).is_none() {
        return;
    }
    let mut arguments = Vec::new();
    for name in [&streamed, &wide] {
        let bytes = fs::read(name).unwrap();
        let (labelled, receipt) = label("a.docx", &bytes);
        assert!(receipt.is_complete(), "{name}: {receipt:#?}");
        let report = verify(&labelled);
        assert_eq!((report.verdict, report.headline), (Verdict::Valid, Headline::AiMadeProven), "{name}: {report:#?}");
        // A bit of a part, and of the directory.
        for at in [bytes.len() / 3, labelled.len() - 30] {
            let mut changed = labelled.clone();
            changed[at] ^= 1;
            let report = Verifier::new().anchors(anchors()).verify(&mut Cursor::new(changed));
            assert!(!report.is_ok_and(|report| report.binding == Binding::Intact), "{name}, byte {at}");
        }
        fs::write(format!("{name}.labelled"), labelled).unwrap();
        arguments.extend([name.clone(), format!("{name}.labelled")]);
    }
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let printed = python("zipfile", SAME, &arguments).unwrap();
    for line in printed.lines() {
        let changed: Vec<_> = line.split(' ').skip(1).collect();
        assert!(line.starts_with("None ") && changed.contains(&"word/document.xml"), "{line}");
        let may =
            ["[Content_Types].xml", "_rels/.rels", "word/document.xml", "docProps/custom.xml", "docProps/core.xml"];
        assert!(changed.iter().all(|name| may.contains(name)), "{line}");
    }
    assert_eq!(printed.lines().count(), 2);
}

#[test]
fn a_book_of_a_thousand_pages_costs_little_time_and_memory() {
    let a4 = "/MediaBox[0 0 595 842]";
    let mut objects = vec!["<</Type/Catalog/Pages 2 0 R>>".to_owned(), String::new()];
    objects.push("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".into());
    let mut kids = String::new();
    for number in 0..1000 {
        let at = objects.len() + 1;
        kids += &format!("{at} 0 R ");
        objects.push(format!("<</Type/Page/Parent 2 0 R{a4}/Contents {} 0 R/Resources<</Font<</F 3 0 R>>>>>>", at + 1));
        // Some 20 KB of words on each.
        let words =
            format!("BT /F 8 Tf 40 800 Td 9 TL {} ET", format!("(Page {number} of a long book) Tj T* ").repeat(600));
        objects.push(common::pdf::stream("", &words));
    }
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count 1000>>");
    let bytes = common::pdf::document(&objects, "");
    assert!(bytes.len() > 15 << 20, "{}", bytes.len());
    let (labelled, receipt) = bounded("labelling a book", || label("book.pdf", &bytes));
    assert!(receipt.is_complete() && labelled.starts_with(&bytes));
    let report = bounded("verifying a book", || verify(&labelled));
    assert_eq!((report.verdict, report.written[0].place.as_str()), (Verdict::Valid, "each of 1000 pages"));
}

const RIGHT_TO_LEFT: &str = r#"<!doctype html><html lang="ar" dir="rtl"><meta charset="utf-8"><title>السهوب</title>
<style>@page { size: A4; margin: 35mm 20mm } section { break-after: page }</style>
<section><h1>هبت الريح فوق السهوب</h1><p>لم يرها أحد في المساء، ثم هدأت.</p><p lang="he">הרוח עברה מעל הערבה</p></section>
<section><p>الصفحة الثانية مع كلمات ٢٠٢٦</p><p><input value="نص"></p></section></html>"#;

/// The words of each page, in the order of another program.
fn words(path: &Path) -> Option<Vec<Vec<String>>> {
    let output = run("pdftotext", &["-enc", "UTF-8", path.to_str().unwrap(), "-"])?;
    // It writes marks of direction, which change with what else stands on a page.
    let mark = |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}');
    let text = String::from_utf8(output.stdout).unwrap().replace(mark, "");
    let mut pages: Vec<Vec<String>> =
        text.split('\u{c}').map(|page| page.split_whitespace().map(str::to_owned).collect()).collect();
    pages.retain(|page| !page.is_empty());
    pages.iter_mut().for_each(|page| page.sort());
    Some(pages)
}

#[test]
fn right_to_left_pages_of_a_browser_keep_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("page.html"), RIGHT_TO_LEFT).unwrap();
    let print = [
        "--headless".to_owned(),
        "--no-sandbox".into(),
        "--disable-gpu".into(),
        // Date and hour at the head of a page are letters of the other direction, now more and now fewer.
        "--no-pdf-header-footer".into(),
        format!("--user-data-dir={}", path("profile").display()),
        format!("--print-to-pdf={}", path("a.pdf").display()),
        format!("file://{}", path("page.html").display()),
    ];
    if run("chromium", &print.each_ref().map(String::as_str)).is_none() {
        return skip("chromium");
    }
    let printed = fs::read(path("a.pdf")).unwrap();
    // Objects in streams too, as most programs write them.
    let packed = path("b.pdf");
    let arguments = ["--object-streams=generate", "--force-version=1.7"];
    let files = [path("a.pdf").to_str().unwrap().to_owned(), packed.to_str().unwrap().to_owned()];
    if run("qpdf", &[arguments[0], arguments[1], &files[0], &files[1]]).is_none() {
        return;
    }
    for bytes in [printed, fs::read(&packed).unwrap()] {
        let (labelled, receipt) = label("a.pdf", &bytes);
        assert!(receipt.is_complete() && labelled.starts_with(&bytes), "{receipt:#?}");
        let report = verify(&labelled);
        assert_eq!((report.verdict, report.headline), (Verdict::Valid, Headline::AiMadeProven), "{report:#?}");
        common::pdf::checks(&labelled, "right to left");
        fs::write(path("before.pdf"), &bytes).unwrap();
        fs::write(path("after.pdf"), &labelled).unwrap();
        let (Some(before), Some(mut after)) = (words(&path("before.pdf")), words(&path("after.pdf"))) else { return };
        assert!(before.len() == 2 && before.iter().flatten().any(|word| word.contains("السهوب")), "{before:?}");
        for (page, after) in before.iter().zip(&mut after) {
            for word in ["ЖИ", "көмегімен", "жасалды", "Создано", "ИИ"] {
                let at = after.iter().position(|other| other == word).unwrap_or_else(|| panic!("{word}: {after:?}"));
                after.remove(at);
            }
            assert_eq!(page, after);
        }
        let (Some(before), Some(after)) = (common::pdf::pages(&bytes, 72), common::pdf::pages(&labelled, 72)) else {
            return;
        };
        for (before, after) in before.iter().zip(&after) {
            // Where lines end there.
            common::pdf::shows_at(true, before, after, "right to left");
        }
    }
}
