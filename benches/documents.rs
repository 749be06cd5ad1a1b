//! Labelling and verifying texts and documents, against the floor: one pass of SHA-256, one copy, one signature.

mod common;

use std::{fmt::Write as _, hint::black_box, io::Cursor, time::Duration};

use common::{floor, signer};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tanba::{Disclosure, Labeler, Policy, Verifier};

/// Sentences in three languages, no two alike; a third of the characters takes one byte.
fn text(len: usize) -> Vec<u8> {
    let mut text = String::with_capacity(len + 256);
    for number in 0.. {
        if text.len() >= len {
            break;
        }
        let _ = writeln!(text, "{number}. Ветер пришёл в степь. Жел кешке қарай соқты. The wind came over the steppe.");
    }
    text.into_bytes()
}

/// Bytes that no compression makes shorter.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes: Vec<u8> = (0..len.div_ceil(8)).flat_map(|_| next().to_le_bytes()).collect();
    bytes.truncate(len);
    bytes
}

/// A letter of 2,000 paragraphs, packed, and 900 KB of a picture.
fn docx() -> Vec<u8> {
    let mut body = String::new();
    for number in 0..2000 {
        let _ = write!(body, "<w:p><w:r><w:t>{number}: The wind came over the steppe. Ветер стих.</w:t></w:r></w:p>");
    }
    let space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"{space}\"><w:body>{body}<w:sectPr/></w:body></w:document>"
    );
    let types = "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"png\" \
                 ContentType=\"image/png\"/><Override PartName=\"/word/document.xml\" \
                 ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>";
    let relations = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"><Relationship Id=\"r1\" \
                     Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
                     Target=\"word/document.xml\"/></Relationships>";
    archive(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
        ("word/document.xml", document.as_bytes()),
        ("word/media/image1.png", &noise(900 << 10)),
    ])
}

/// A ZIP archive of packed parts.
fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write as _;
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, data) in parts {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        let packed = encoder.finish().unwrap();
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        let common = [
            &[20, 0, 0, 0, 8, 0, 0, 0, 0x21, 0][..],
            &crc32fast::hash(data).to_le_bytes(),
            &len(&packed),
            &len(data),
            &name_len,
            &[0, 0],
        ]
        .concat();
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &len(&file), name.as_bytes()].concat());
        file.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
    }
    let count = u16::try_from(parts.len()).unwrap().to_le_bytes();
    let size = u32::try_from(directory.len()).unwrap().to_le_bytes();
    let start = u32::try_from(file.len()).unwrap().to_le_bytes();
    file.extend(directory);
    file.extend([b"PK\x05\x06\0\0\0\0", &count[..], &count, &size, &start, &[0, 0]].concat());
    file
}

/// A hundred pages of words, and a picture of 4 MB on the first.
fn pdf() -> Vec<u8> {
    let stream = |entries: &str, data: &[u8]| {
        [format!("<<{entries}/Length {}>>\nstream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
    };
    let mut objects = vec![b"<</Type/Catalog/Pages 2 0 R>>".to_vec(), Vec::new()];
    objects.push(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_vec());
    let picture = "/Type/XObject/Subtype/Image/Width 1024/Height 1365/ColorSpace/DeviceRGB/BitsPerComponent 8";
    objects.push(stream(picture, &noise(1024 * 1365 * 3)));
    let mut kids = String::new();
    for number in 0..100 {
        let (at, content) = (objects.len() + 1, objects.len() + 2);
        let _ = write!(kids, "{at} 0 R ");
        objects.push(
            format!("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {content} 0 R/Resources<</Font<</F 3 0 R>>/XObject<</I 4 0 R>>>>>>")
                .into_bytes(),
        );
        let picture = if number == 0 { "q 400 0 0 533 90 100 cm /I Do Q " } else { "" };
        let words = format!("(Page {number}: the wind came over the steppe) Tj T* ").repeat(200);
        objects.push(stream("", format!("{picture}BT /F 10 Tf 40 800 Td 12 TL {words}ET").as_bytes()));
    }
    objects[1] = format!("<</Type/Pages/Kids[{kids}]/Count 100>>").into_bytes();
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f\r\n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        let _ = write!(table, "{:010} 00000 n\r\n", file.len());
        file.extend([format!("{} 0 obj\n", index + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let (size, start) = (objects.len() + 1, file.len());
    file.extend(format!("{table}trailer\n<</Root 1 0 R/Size {size}>>\nstartxref\n{start}\n%%EOF\n").into_bytes());
    file
}

fn documents(criterion: &mut Criterion) {
    let (signer, verifier) = (signer(), Verifier::new());
    let disclosure = Disclosure::generated("Acme Writer").system_version("3.1");
    let labeler = Labeler::new(&disclosure, &signer);
    let bare = Labeler::new(&disclosure, &signer).policy(Policy::kazakhstan().with_notice(false));
    for (name, file, bytes) in [
        ("text 1 KB", "a.txt", text(1 << 10)),
        ("text 100 KB", "a.txt", text(100 << 10)),
        ("text 10 MB", "a.txt", text(10 << 20)),
        ("docx 1 MB", "a.docx", docx()),
        ("pdf 5 MB", "a.pdf", pdf()),
    ] {
        let label = |labeler: &Labeler| {
            let mut sink = Cursor::new(Vec::with_capacity(bytes.len() + 64 * 1024));
            labeler.label_named(file, &mut Cursor::new(black_box(&bytes)), &mut sink).unwrap();
            sink.into_inner()
        };
        let mut group = criterion.benchmark_group(name);
        group
            .throughput(Throughput::Bytes(bytes.len() as u64))
            .sample_size(10)
            .measurement_time(Duration::from_secs(3));
        group.bench_function("label", |bencher| bencher.iter(|| label(&labeler)));
        group.bench_function("label, no notice", |bencher| bencher.iter(|| label(&bare)));
        if file == "a.txt" {
            let words = std::str::from_utf8(&bytes).unwrap();
            group.bench_function("label, as a stream", |bencher| {
                bencher.iter(|| labeler.label_text(black_box(words)).unwrap());
            });
        }
        let labelled = label(&labeler);
        group.bench_function("verify", |bencher| {
            bencher.iter(|| verifier.verify(&mut Cursor::new(black_box(&labelled))).unwrap());
        });
        group.bench_function("floor: hash, copy, Ed25519", |bencher| bencher.iter(|| floor(black_box(&bytes))));
    }
}

criterion_group!(benches, documents);
criterion_main!(benches);
