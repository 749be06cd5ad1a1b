//! Files that mean harm: no panic, no hang, bounded memory, and an error that says whose fault it is.

mod common;
mod harm;

use std::{
    fs,
    io::Cursor,
    path::{Path, PathBuf},
};

use common::{anchors, corpus, documents, films, fixtures, labeler, offices, recordings};
use harm::{MIB, blames_the_content, bounded, chunk, deflate, feed, feed_file, limits, png};
use tanba::{AudibleNotice, Error, Format, Headline, Policy, Verifier};

/// A small generator (xorshift64*): the same cases in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }
}

/// Case `number` of a file: truncated, with flipped bits, with numbers that lie, with parts moved, doubled, lost.
fn mutate(original: &[u8], number: usize, random: &mut Random) -> (String, Vec<u8>) {
    const LIES: [u32; 8] = [0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff, 0x0001_0000];
    let mut bytes = original.to_vec();
    let len = bytes.len();
    // Half of the cases hit the first kilobyte, where the structure of small files is.
    let at = if number.is_multiple_of(2) { random.below(len.min(1024)) } else { random.below(len) };
    let what = match number % 8 {
        0 => {
            bytes.truncate(at);
            "cut"
        }
        1 | 2 => {
            bytes[at] ^= 1 << random.below(8);
            "bit"
        }
        3 | 4 => {
            let lie = LIES[random.below(LIES.len())];
            let end = (at + 4).min(len);
            let lie = if random.below(2) == 0 { lie.to_be_bytes() } else { lie.to_le_bytes() };
            bytes[at..end].copy_from_slice(&lie[..end - at]);
            "lie"
        }
        5 => {
            let end = (at + 1 + random.below(64)).min(len);
            bytes.drain(at..end);
            "lost"
        }
        6 => {
            let end = (at + 1 + random.below(64)).min(len);
            let part = bytes[at..end].to_vec();
            let to = random.below(len);
            bytes.splice(to..to, part);
            "doubled"
        }
        _ => {
            let end = (at + 1 + random.below(16)).min(len);
            bytes[at..end].fill(if random.below(2) == 0 { 0 } else { 0xff });
            "filled"
        }
    };
    (format!("case {number}: {what} at byte {at}"), bytes)
}

/// 2,000 mutations of the smallest fixture of a format, and 500 of it labelled, or of one that others have labelled.
fn mutations(format: Format) {
    // What is heard is short, so that thousands of them are heard soon.
    let policy = Policy::kazakhstan().audible_notice(AudibleNotice::rhythm());
    // These take a banner only, which is another program's work.
    let policy = policy.with_notice(!matches!(format, Format::Avi | Format::Matroska | Format::MpegTs));
    let labeler = labeler().limits(limits()).policy(policy);
    // Of containers with many kinds of content, one that can be labelled.
    let takes = |bytes: &[u8]| {
        let mut sink = Cursor::new(Vec::new());
        !format.can_label() || labeler.label(&mut Cursor::new(bytes), &mut sink).is_ok()
    };
    let (path, bytes) = fixtures()
        .into_iter()
        .chain(recordings())
        .chain(films())
        .chain(documents())
        .chain(offices())
        .map(|path| (fs::read(&path).unwrap(), path))
        .filter(|(bytes, _)| Format::sniff(&mut Cursor::new(bytes)).is_ok_and(|sniffed| sniffed == format))
        .filter(|(bytes, _)| takes(bytes))
        // A page that names a manifest elsewhere takes no other.
        .filter(|(_, path)| !path.ends_with("link.html"))
        .min_by_key(|(bytes, _)| bytes.len())
        .map(|(bytes, path)| (path, bytes))
        .unwrap_or_else(|| panic!("{format} has no fixture"));
    let verifier = Verifier::new().anchors(anchors()).limits(limits());
    let mut random = Random(0x7461_6e62_6100 + format as u64);
    if !format.can_label() {
        return examined_only(format, &path, &bytes, &mut random);
    }
    // AV1 takes a second to encode: there most cases are labelled without a notice, and decoded by the verifier alone.
    let quick = common::labeler().limits(limits()).policy(Policy::kazakhstan().with_notice(false));
    for number in 0..2000 {
        let (case, mutated) = mutate(&bytes, number, &mut random);
        // A card is drawn, heard and looked at again: so are films'.
        let every = match format {
            Format::Avif => 50,
            Format::Mp4 | Format::Mov => 10,
            _ => 1,
        };
        let labeler = if number.is_multiple_of(every) { &labeler } else { &quick };
        feed(&format!("{}, {case}", path.display()), labeler, &verifier, &mutated);
    }
    let mut sink = Cursor::new(Vec::new());
    labeler.label(&mut Cursor::new(&bytes), &mut sink).unwrap();
    let labelled = sink.into_inner();
    for number in 0..500 {
        let (case, mutated) = mutate(&labelled, number, &mut random);
        let name = format!("{} labelled, {case}", path.display());
        match bounded(&name, || verifier.verify(&mut Cursor::new(&mutated))) {
            Err(error) => blames_the_content(&name, &error),
            Ok(report) => {
                let cut = mutated.len() < labelled.len();
                assert!(!cut || report.headline != Headline::AiMadeProven, "{name}: {report:#?}");
            }
        }
    }
}

/// Where the tables of a film stand: its `moov`, or its first bytes.
fn headers(film: &[u8]) -> std::ops::Range<usize> {
    let mut at = 0;
    while let Some(head) = film.get(at..at + 8) {
        let len = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        if &head[4..] == b"moov" {
            return at..at + len;
        }
        match len {
            8.. => at += len,
            _ => break,
        }
    }
    0..film.len().min(4096)
}

/// 5,000 films of which only the headers are mutated: there the tables of samples are.
fn lying_headers(format: Format) {
    let verifier = Verifier::new().anchors(anchors()).limits(limits());
    let card = labeler().limits(limits());
    let quick = common::labeler().limits(limits()).policy(Policy::kazakhstan().with_notice(false));
    let of_format = |path: &PathBuf| Format::sniff(&mut fs::File::open(path).unwrap()).unwrap() == format;
    let path = films().into_iter().chain(recordings()).find(of_format).unwrap_or_else(|| panic!("no {format}"));
    let film = fs::read(&path).unwrap();
    let place = headers(&film);
    let mut random = Random(0x6865_6164_0000 + format as u64);
    // Others take a banner only, which is another program's work.
    let takes_card = matches!(format, Format::Mp4 | Format::Mov);
    for number in 0..5000 {
        let (case, header) = mutate(&film[place.clone()], number, &mut random);
        let mutated = [&film[..place.start], &header, &film[place.end..]].concat();
        let labeler = if takes_card && number.is_multiple_of(100) { &card } else { &quick };
        feed(&format!("{}, header, {case}", path.display()), labeler, &verifier, &mutated);
    }
}

#[test]
fn headers_of_mp4_that_lie_do_no_harm() {
    lying_headers(Format::Mp4);
}

#[test]
fn headers_of_quicktime_that_lie_do_no_harm() {
    lying_headers(Format::Mov);
}

#[test]
fn headers_of_avi_that_lie_do_no_harm() {
    lying_headers(Format::Avi);
}

#[test]
fn headers_of_matroska_that_lie_do_no_harm() {
    lying_headers(Format::Matroska);
}

/// The verifier alone; where there is one with a manifest, another 500 of that.
fn examined_only(format: Format, path: &Path, bytes: &[u8], random: &mut Random) {
    let verifier = Verifier::new().limits(limits());
    let of_format = |path: &PathBuf| Format::sniff(&mut fs::File::open(path).unwrap()).unwrap() == format;
    let signed = recordings().into_iter().find(|path| path.to_string_lossy().contains("signed.") && of_format(path));
    let signed = signed.map(|path| (fs::read(&path).unwrap(), path));
    let rounds = [(2000, Some((bytes.to_vec(), path.to_path_buf()))), (500, signed)];
    for (count, (bytes, path)) in rounds.into_iter().filter_map(|(count, file)| Some((count, file?))) {
        for number in 0..count {
            let (case, mutated) = mutate(&bytes, number, random);
            let name = format!("{}, {case}", path.display());
            match bounded(&name, || verifier.verify(&mut Cursor::new(&mutated))) {
                Err(error) => blames_the_content(&name, &error),
                Ok(report) => assert_ne!(report.headline, Headline::AiMadeProven, "{name}"),
            }
        }
    }
}

macro_rules! mutations {
    ($($name:ident $format:ident)+) => {
        $(#[test]
        fn $name() {
            mutations(Format::$format);
        })+

        #[test]
        fn no_format_is_forgotten() {
            assert_eq!([$(Format::$format),+], *Format::ALL);
        }
    };
}

mutations! {
    jpeg_mutations Jpeg
    png_mutations Png
    gif_mutations Gif
    webp_mutations WebP
    tiff_mutations Tiff
    avif_mutations Avif
    heif_mutations Heif
    jxl_mutations Jxl
    svg_mutations Svg
    wav_mutations Wav
    avi_mutations Avi
    m4a_mutations M4a
    mov_mutations Mov
    mp4_mutations Mp4
    matroska_mutations Matroska
    mpegts_mutations MpegTs
    ogg_mutations Ogg
    flac_mutations Flac
    aac_mutations Aac
    mp3_mutations Mp3
    sidecar_mutations Sidecar
    pdf_mutations Pdf
    ooxml_mutations Ooxml
    opendocument_mutations OpenDocument
    epub_mutations Epub
    html_mutations Html
    webvtt_mutations WebVtt
    subrip_mutations SubRip
    text_mutations Text
}

/// Signs that mean something in one kind of text or another.
const SIGNS: &[&str] = &[
    "---\n",
    "+++\n",
    "```\n",
    "\n",
    "\r",
    "\u{feff}",
    "\u{fe0f}",
    "\u{e0100}",
    "\u{200b}",
    "\u{301}",
    "\"",
    "'",
    ",",
    "\t",
    "<",
    ">",
    "&",
    "<!--",
    "-->",
    "]]>",
    "<?",
    "?>",
    "<![CDATA[",
    "<body>",
    "</head>",
    "<script>",
    "</script>",
    "<plaintext>",
    "<template>",
    "#!",
    "# coding: x",
    "AIGC: {",
    "[AIGC]\n",
    "-----BEGIN C2PA MANIFEST-----",
    "-----END C2PA MANIFEST-----",
    " data:application/c2pa;base64,AA== ",
    "\u{feff}\u{e0133}\u{e0122}\u{e0140}\u{e0131}\u{e0144}\u{e0148}\u{e0144}\u{fe00}",
    "Создано ИИ",
];

/// Case `number` of a text, which is still UTF-8: with signs put in, with parts moved, doubled, lost.
fn mutate_text(original: &str, number: usize, random: &mut Random) -> (String, Vec<u8>) {
    let mut text = original.to_owned();
    let at = text.floor_char_boundary(random.below(text.len()));
    let end = text.floor_char_boundary((at + 1 + random.below(64)).min(text.len())).max(at);
    match number % 4 {
        0 | 1 => (0..=number % 3).for_each(|_| {
            let at = text.floor_char_boundary(random.below(text.len()));
            text.insert_str(at, SIGNS[random.below(SIGNS.len())]);
        }),
        2 => drop(text.drain(at..end)),
        _ => {
            let part = text[at..end].to_owned();
            text.insert_str(text.floor_char_boundary(random.below(text.len())), &part);
        }
    }
    (format!("case {number}: text at byte {at}"), text.into_bytes())
}

const MARKDOWN: &str = "---\ntitle: \"Steppe: a story\"\nAIGC:\n  Label: '2'\n  ProduceID: x\ndate: 2026-01-18\n---\n\n# Steppe\n\nThe *wind* \
                        came, `жел`.\n\n```sh\necho hi\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<!-- a note -->\n";
const CSV: &str = "name,\"what, it is\",n\r\nжел,\"a \"\"wind\"\"\",1\r\n\"two\r\nlines\",,2\r\nend,x,3";
const TSV: &str = "name\twhat it is\tn\nжел\ta wind\t1\n\t\t2\n";
const PYTHON: &str = "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n\"\"\"Жел.\"\"\"\nimport sys\n\nif __name__ == '__main__':\n    print('steppe', \
                      sys.argv)  # a comment\n";
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE a [<!ENTITY b \"c\">]>\n<!-- a -->\n<a xmlns=\"urn:a\" b='1'>&b;<![CDATA[ <x> \
                   ]]><c/>жел</a>\n";
const PAGE: &str = "<!doctype html>\n<html lang=\"kk\">\n<head>\n<meta charset=\"utf-8\">\n<title>Жел</title>\n<style>p { color: red }</style>\n\
                    <script>if (a < b) document.write('</head>')</script>\n<script type=\"application/ld+json\">{\"@type\": \"WebPage\"}</script>\n\
                    <meta name=\"generator\" content=\"hand\"><link rel=stylesheet href=a.css>\n</head>\n<body class=x>\n<h1>Жел &amp; дала</h1>\n\
                    <!-- a --><p hidden>no</p><table><tr><td>1</table><svg><text>x</text></svg><textarea><b></textarea>\n<p>The wind came.\n\
                    </body>\n</html>\n";

/// 2,000 mutations of a text whose name says what it is.
fn mutations_of(file: &str, text: &str) {
    let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().anchors(anchors()).limits(limits()));
    let mut random = Random(file.bytes().fold(0x7465_7874, |seed, byte| seed * 31 + u64::from(byte)));
    let mut taken = 0;
    for number in 0..2000 {
        let (case, mutated) = match number % 4 {
            // Bytes that are no text any more are soon refused.
            0 => mutate(text.as_bytes(), number / 4, &mut random),
            _ => mutate_text(text, number, &mut random),
        };
        taken += usize::from(feed_file(file, &format!("{file}, {case}"), &labeler, &verifier, &mutated));
    }
    assert!((1000..2000).contains(&taken), "{file}: {taken} took a label");
}

#[test]
fn markdown_mutations() {
    mutations_of("a.md", MARKDOWN);
}

#[test]
fn table_mutations() {
    mutations_of("a.csv", CSV);
    mutations_of("a.tsv", TSV);
}

#[test]
fn code_mutations() {
    mutations_of("a.py", PYTHON);
}

#[test]
fn xml_mutations() {
    mutations_of("a.xml", XML);
}

#[test]
fn whole_page_mutations() {
    mutations_of("a.html", PAGE);
}

#[test]
fn the_hostile_corpus_does_no_harm() {
    let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().anchors(anchors()).limits(limits()));
    for path in corpus("hostile").unwrap_or_default() {
        feed(&path.display().to_string(), &labeler, &verifier, &fs::read(&path).unwrap());
    }
}

#[test]
fn a_picture_that_claims_to_be_huge_is_refused_before_anything_is_allocated() {
    let bytes = png(60_000, 60_000, b"");
    let labeler = labeler();
    let error = bounded("huge PNG", || labeler.label(&mut Cursor::new(&bytes), &mut Cursor::new(Vec::new())));
    let error = error.unwrap_err();
    assert!(matches!(error, Error::Limit { got: 3_600_000_000, .. }), "{error}");
}

#[test]
fn bombs_and_lies_in_metadata_do_no_harm() {
    let bomb = deflate(&vec![b'a'; 256 * MIB]);
    let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().anchors(anchors()).limits(limits()));
    let itxt = chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\x01\0\0\0", &bomb[..]].concat());
    let ztxt = chunk(b"zTXt", &[b"Comment\0\0", &bomb[..]].concat());
    let iccp = chunk(b"iCCP", &[b"icc\0\0", &bomb[..]].concat());
    let dtd = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>"#;
    let deep = format!("{}{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    let attributes: String = (0..100_000).map(|number| format!(" a{number}=\"\"")).collect();
    let xmp = |packet: &str| chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", packet.as_bytes()].concat());
    let many: Vec<u8> =
        (0..20_000).flat_map(|_| chunk(b"tEXt", b"parameters\0Steps: 1, Sampler: x, Seed: 1")).collect();
    let stores: Vec<u8> = (0..64).flat_map(|_| chunk(b"caBX", &[0, 0, 0, 8, b'j', b'u', b'm', b'b'])).collect();
    let cases: [(&str, Vec<u8>); 9] = [
        ("inflated iTXt", itxt),
        ("inflated zTXt", ztxt),
        ("inflated iCCP", iccp),
        ("entities", xmp(dtd)),
        ("deep XML", xmp(&deep)),
        ("many attributes", xmp(&format!("<x{attributes}/>"))),
        ("UTF-16 XMP", chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0\xff\xfe<\0x\0/\0>\0")),
        ("many text chunks", many),
        ("many stores", stores),
    ];
    for (name, chunks) in cases {
        let bytes = png(220, 210, &chunks);
        // `png` holds 64 rows only: such a picture is broken as well, and must be said to be, not worse.
        feed(name, &labeler, &verifier, &bytes);
    }
}

#[test]
fn jpeg_segments_that_lie_do_no_harm() {
    let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().anchors(anchors()).limits(limits()));
    let photo = fs::read(common::fixture("tiny.jpg")).unwrap();
    let with = |segments: &[u8]| [&photo[..2], segments, &photo[2..]].concat();
    let app11 = |instance: u16, sequence: u32| {
        let data =
            [&b"JP"[..], &instance.to_be_bytes(), &sequence.to_be_bytes(), &[0, 0, 0, 16], b"jumb", &[0; 8]].concat();
        [&[0xff, 0xeb][..], &u16::try_from(data.len() + 2).unwrap().to_be_bytes(), &data].concat()
    };
    let many: Vec<u8> = (1..10_000).flat_map(|sequence| app11(1, sequence)).collect();
    for (name, bytes) in [
        ("length 0", with(&[0xff, 0xe1, 0, 0])),
        ("length 1", with(&[0xff, 0xe1, 0, 1])),
        ("10,000 APP11", with(&many)),
        ("a double sequence number", with(&[app11(1, 1), app11(1, 1)].concat())),
        ("a missing sequence number", with(&[app11(1, 1), app11(1, 3)].concat())),
        ("an empty file after SOI", vec![0xff, 0xd8, 0xff]),
    ] {
        feed(name, &labeler, &verifier, &bytes);
    }
}

/// Mutations of every text and document, not of the smallest of its format alone: each has another structure.
#[test]
fn texts_and_documents_do_no_harm() {
    let verifier = Verifier::new().anchors(anchors()).limits(limits());
    let mut random = Random(0x7465_7874);
    let mut seen = 0;
    for path in documents() {
        let bytes = fs::read(&path).unwrap();
        for number in 0..500 {
            let (case, mutated) = mutate(&bytes, number, &mut random);
            let name = format!("{}, {case}", path.display());
            if let Err(error) = bounded(&name, || verifier.verify(&mut Cursor::new(&mutated))) {
                blames_the_content(&name, &error);
            }
        }
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

/// Mutations of texts in every language that has a place of its own for a label: what is labelled holds.
#[test]
fn texts_of_every_kind_are_labelled_or_refused() {
    let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().anchors(anchors()).limits(limits()));
    let mut random = Random(0x7072_6f73_6500);
    let front = String::from_utf8(fs::read(common::fixture("text/front-matter.md")).unwrap()).unwrap();
    let (mut whole, mut all) = (0, 0);
    for (name, text) in [
        ("a.md", front.as_str()),
        ("a.md", "# Steppe\n\n```rust\nfn main() {}\n```\n"),
        ("a.py", "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint('steppe')\n"),
        ("a.csv", "a,b\n1,\"2\"\n"),
        ("a.xml", "<?xml version=\"1.0\"?>\n<!-- a --><steppe/>\n"),
        ("a.json", "{\"a\": [1, 2]}"),
        ("a.txt", "One\r\n\r\nTwo e\u{301}\u{feff}\u{e0133}\u{e0122}\u{e0140}\u{e0131} three\r\n"),
    ] {
        let mut sink = Cursor::new(Vec::new());
        let labelled = labeler.label_named(name, &mut Cursor::new(text), &mut sink).is_ok().then(|| sink.into_inner());
        for original in [Some(text.as_bytes().to_vec()), labelled].into_iter().flatten() {
            for number in 0..300 {
                let (case, mutated) = mutate(&original, number, &mut random);
                let case = format!("{name}, {case}");
                let mut sink = Cursor::new(Vec::new());
                let done = bounded(&case, || labeler.label_named(name, &mut Cursor::new(&mutated), &mut sink));
                all += 1;
                match done {
                    Err(error) => blames_the_content(&case, &error),
                    Ok(_) => {
                        let report = verifier.verify(&mut Cursor::new(sink.into_inner())).unwrap();
                        assert_eq!(report.verdict, tanba::Verdict::Valid, "{case}: {report:#?}");
                        whole += 1;
                    }
                }
            }
        }
    }
    assert!(whole > all / 4, "{whole} of {all}");
}

/// Mutations of documents in every form of PDF, before and after a label: what is labelled holds.
#[test]
fn pdfs_of_every_kind_are_labelled_or_refused() {
    let (labeler, verifier) = (labeler().limits(limits()), Verifier::new().anchors(anchors()).limits(limits()));
    let mut random = Random(0x7064_6600);
    let (mut whole, mut all) = (0, 0);
    for name in ["aigc.pdf", "compressed.pdf", "xmp.pdf", "store.pdf", "pages.pdf"] {
        let original = fs::read(common::fixture("text").join(name)).unwrap();
        let mut sink = Cursor::new(Vec::new());
        labeler.label(&mut Cursor::new(&original), &mut sink).unwrap();
        for original in [original, sink.into_inner()] {
            for number in 0..150 {
                let (case, mutated) = mutate(&original, number, &mut random);
                let case = format!("{name}, {case}");
                let mut sink = Cursor::new(Vec::new());
                let done = bounded(&case, || labeler.label(&mut Cursor::new(&mutated), &mut sink));
                all += 1;
                match done {
                    Err(error) => blames_the_content(&case, &error),
                    Ok(_) => {
                        let report = verifier.verify(&mut Cursor::new(sink.into_inner())).unwrap();
                        assert_eq!(report.verdict, tanba::Verdict::Valid, "{case}: {report:#?}");
                        whole += 1;
                    }
                }
            }
        }
    }
    assert!(whole > all / 4, "{whole} of {all}");
}

#[test]
fn long_lies_in_texts_and_documents_cost_little() {
    let verifier = Verifier::new().limits(limits());
    let selectors = |bytes: &[u8]| -> String {
        let selector = |&byte: &u8| if byte < 16 { 0xfe00 + u32::from(byte) } else { 0xe00f0 + u32::from(byte) };
        bytes.iter().map(|byte| char::from_u32(selector(byte)).unwrap()).collect()
    };
    let wrapper = format!("a\u{feff}{}", selectors(b"C2PATXT\0\x01\0\0\0\0"));
    let marks = "-----BEGIN C2PA MANIFEST----- x -----END C2PA MANIFEST-----";
    let tree = "0 2 0 R ".repeat(100_000);
    let kids = format!(
        "%PDF-1.7\n1 0 obj<</Names<</EmbeddedFiles<</Names[{tree}]>>>>>>endobj 2 0 obj[{}]endobj trailer<</Root 1 0 R>>",
        "1 ".repeat(50_000)
    );
    for (name, text) in [
        ("10 MB of selectors", format!("a{}", selectors(&[200; 2_500_000]))),
        (
            "a wrapper of 8 GB in 10 MB",
            format!("a\u{feff}{}", selectors(&[&b"C2PATXT\0\x01\xff\xff\xff\xff"[..], &[200; 2_500_000]].concat())),
        ),
        ("100,000 wrappers", wrapper.repeat(100_000)),
        ("100,000 blocks in one line", marks.repeat(100_000)),
        ("100,000 blocks", format!("# {marks}\n").repeat(100_000)),
        ("marks that never end", "-----BEGIN C2PA MANIFEST-----".repeat(300_000)),
        ("200,000 labels", "<p ai-disclosure=none>".repeat(200_000)),
        ("a million attributes", format!("<p {}", "a=\"".repeat(3_000_000))),
        ("JSON in JSON", format!("<script type=application/ld+json>{}</script>", "[".repeat(1_000_000))),
        ("parentheses", format!("%PDF-1.7\n1 0 obj({}", "(".repeat(10_000_000))),
        ("a million catalogs", format!("%PDF-1.7\n{}", "1 0 obj<</Type/Catalog>>".repeat(1_000_000))),
        ("one object for 100,000 names", kids),
    ] {
        // The text itself is in memory, twice where it is a string.
        if let Err(error) = bounded(name, || verifier.verify(&mut Cursor::new(&text))) {
            blames_the_content(name, &error);
        }
    }
}
