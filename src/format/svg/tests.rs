use super::*;
use crate::{
    format::testing::{checkered, corpus, mark, survey},
    geometry::Size,
    record::Record,
};

const PLAIN: &str =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-10 0 300 200\"><rect width=\"9\" height=\"9\"/></svg>";

fn frame(bytes: &[u8]) -> Size {
    survey(&Svg, bytes).unwrap().shown().unwrap()
}

/// The file labelled in every way.
fn labelled(bytes: &[u8]) -> Vec<u8> {
    let notice = checkered(frame(bytes), 0);
    let (marked, outcome) = mark(&Svg, bytes, Some(&notice), Some(&Record::example()), Some(b"a store")).unwrap();
    assert!(outcome.noticed);
    marked
}

fn picture(bytes: &[u8]) -> Raster {
    let mut source = std::io::Cursor::new(bytes);
    Svg.picture(&mut source, &Survey::default(), &mut Budget::new(&Limits::default())).unwrap().unwrap()
}

/// Every file there is, and forms that differ.
fn files() -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = ["fixtures/drawing.svg", "fixtures/tiny.svg"]
        .iter()
        .map(|path| ((*path).to_owned(), std::fs::read(path).unwrap()))
        .collect();
    files.extend(corpus("unlabelled/sample1.svg").map(|bytes| ("sample1.svg".to_owned(), bytes)));
    let ns = "xmlns=\"http://www.w3.org/2000/svg\"";
    for text in [
        PLAIN.to_owned(),
        format!("<svg {ns}/>"),
        format!("<svg {ns} width='40mm' height='1in' ></svg >"),
        format!("<svg {ns} width='400' height='300' viewBox='0 0 10 10' preserveAspectRatio='xMinYMid slice'><metadata/></svg>"),
        format!("\u{feff}<?xml version='1.0' encoding='iso-8859-1'?>\n<!-- <svg> --><svg {ns} width='100%' viewBox='0 0 1 1'><metadata id='m'>x</metadata></svg>\n<!-- end -->"),
        format!("<svg {ns} viewBox='0 0 16 16'><style>g,rect,path,#tanba-notice{{display:none;opacity:0;fill:red;visibility:hidden;transform:scale(0)}}</style><svg width='5'><metadata/></svg></svg>"),
        format!("<svg {ns} viewBox='0 0 9 9' xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:cc='http://creativecommons.org/ns#'><metadata><rdf:RDF><cc:Work rdf:about=''/></rdf:RDF></metadata></svg>"),
        "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x.dtd\" [ <!ENTITY ns_svg \"http://www.w3.org/2000/svg\"> <!ENTITY a \"b\"> ]>\
         <svg xmlns=\"&ns_svg;\" width=\"300\" height=\"300\"><desc>&a;</desc></svg>".to_owned(),
    ] {
        files.push((text.clone(), text.into_bytes()));
    }
    files
}

#[test]
fn labels_are_found_again_and_the_rest_is_untouched() {
    for (name, bytes) in files() {
        assert!(Svg.sniff(&bytes[..bytes.len().min(4096)]), "{name}");
        let once = labelled(&bytes);
        let found = survey(&Svg, &once).unwrap();
        assert_eq!(found.stores.len(), 1, "{name}");
        assert_eq!(found.stores[0].jumbf, b"a store");
        let carrier = &found.stores[0].carrier[0];
        let carrier = usize::try_from(carrier.start).unwrap()..usize::try_from(carrier.end).unwrap();
        assert_eq!(&once[carrier], BASE64_STANDARD.encode(b"a store").as_bytes());
        let findings = record::find(&found, &mut Budget::new(&Limits::default())).findings;
        assert!(findings.iter().any(|finding| finding.says.is_ai()), "{name}: {findings:?}");
        // What was there is there still, in order.
        let (before, after) = (String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&once));
        let mut at = 0;
        for line in before.split_inclusive(['>', '\n']) {
            let line = line.trim_start_matches('\u{feff}').trim().trim_end_matches("/>").trim_end();
            let changed = line.contains("encoding") || line.contains("xpacket") || line.is_empty();
            if !changed {
                at += after[at..].find(line).unwrap_or_else(|| panic!("{name}: {line} is gone or moved\n{after}"));
            }
        }
        // Again: the same parts, once each, and no growth.
        let twice = labelled(&once);
        assert_eq!(twice, once, "{name}");
        let (bare, _) = mark(&Svg, &once, None, None, None).unwrap();
        assert!(survey(&Svg, &bare).unwrap().stores.is_empty());
    }
}

#[test]
fn the_notice_is_seen_where_it_was_placed() {
    for (name, bytes) in files() {
        let size = frame(&bytes);
        let notice = checkered(size, 0);
        let picture = picture(&labelled(&bytes));
        assert_eq!(picture.size, size, "{name}");
        let at = |x: u32, y: u32| {
            let at = (y as usize * size.width as usize + x as usize) * 3;
            [picture.rgb[at], picture.rgb[at + 1], picture.rgb[at + 2]]
        };
        // The outline of the test notice is a square of 8 pixels in the corner of the plate.
        let rect = notice.rect;
        assert_eq!(at(rect.x + 3, rect.y + 3), notice.text, "{name}");
        for (x, y) in [(12, 3), (rect.width - 3, 3), (3, rect.height - 3), (rect.width - 3, rect.height - 3)] {
            assert_eq!(at(rect.x + x, rect.y + y), notice.plate, "{name}");
        }
        let outside = at(rect.x - 2, rect.y + 3);
        assert_ne!((outside, at(rect.x + 3, rect.y - 2)), (notice.plate, notice.plate), "{name}");
    }
}

#[test]
fn xmllint_calls_the_result_well_formed() {
    for (name, bytes) in files() {
        let file = tempfile::Builder::new().suffix(".svg").tempfile().unwrap();
        std::fs::write(file.path(), labelled(&bytes)).unwrap();
        let run = std::process::Command::new("xmllint").args(["--noout", "--nonet"]).arg(file.path()).output();
        let Ok(output) = run else {
            eprintln!("skipped: no xmllint");
            return;
        };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn other_files_are_refused_and_hostile_ones_are_harmless() {
    for other in
        ["<html><svg xmlns='http://www.w3.org/2000/svg'/></html>", "<svg/>", "plain", "", "<?xml version='1.0'?>"]
    {
        assert!(!Svg.sniff(other.as_bytes()), "{other}");
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, PLAIN.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let wide: Vec<u8> = format!("\u{feff}{PLAIN}").encode_utf16().flat_map(u16::to_be_bytes).collect();
    let latin = PLAIN.replace("<rect", "<!-- \u{1} --><rect").replace('\u{1}', "é").into_bytes();
    let latin: Vec<u8> = latin.into_iter().filter(|&byte| byte != 0xc3).collect();
    for bytes in [gzip, wide, latin] {
        assert!(Svg.sniff(&bytes));
        assert!(matches!(survey(&Svg, &bytes), Err(Error::Unsupported { .. })));
    }
    let names: Vec<String> = (0..20).map(|n| format!("<!ENTITY e{} \"&e{n};&e{n};&e{n};&e{n};\">", n + 1)).collect();
    let bomb = format!(
        "<!DOCTYPE svg [<!ENTITY e0 \"lol\">{}]>{}",
        names.concat(),
        PLAIN.replace("<rect", "<desc>&e20;</desc><rect")
    );
    let uses: String =
        (1..30).map(|n| format!("<g id='g{n}'><use href='#g{p}'/><use href='#g{p}'/></g>", p = n - 1)).collect();
    let uses = PLAIN.replace("<rect", &format!("<g id='g0'/>{uses}<use href='#g29'/><rect"));
    let started = std::time::Instant::now();
    for text in [bomb, uses] {
        labelled(text.as_bytes());
        let mut source = std::io::Cursor::new(text.as_bytes());
        let _ = Svg.picture(&mut source, &Survey::default(), &mut Budget::new(&Limits::default()));
    }
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

#[test]
fn what_would_take_too_long_is_refused() {
    let spaces: String = (0..1000).map(|n| format!(" xmlns:p{n}='urn:example:{n}'")).collect();
    let rdf = "<r:RDF/>".repeat(1000);
    let text = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'{spaces}><metadata>{rdf}</metadata></svg>"
    );
    let mut budget = Budget::new(&Limits { max_metadata_bytes: 1 << 20, ..Limits::default() });
    let found = Svg.survey(&mut std::io::Cursor::new(text.as_bytes()), &mut budget);
    assert!(matches!(found, Err(Error::Limit { .. })));
    let filter = "<filter id='f' x='0' y='0' width='1' height='1'><feGaussianBlur stdDeviation='9'/></filter>";
    let blurred = |times: usize| {
        let drawn = "<rect width='1500' height='1000' filter='url(#f)'/>".repeat(times);
        let text = format!("<svg xmlns='http://www.w3.org/2000/svg' width='1500' height='1000'>{filter}{drawn}</svg>");
        let mut source = std::io::Cursor::new(text.as_bytes());
        Svg.picture(&mut source, &Survey::default(), &mut Budget::new(&Limits::default()))
    };
    assert!(blurred(3).is_ok());
    assert!(matches!(blurred(5000), Err(Error::Limit { .. })));
}

#[test]
fn nothing_outside_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("red.svg");
    std::fs::write(
        &path,
        PLAIN.replace("width=\"9\"", "fill=\"red\" x=\"-10\" width=\"900\"").replace("height=\"9\"", "height=\"900\""),
    )
    .unwrap();
    let text =
        PLAIN.replace("<rect", &format!("<image href=\"{}\" width=\"300\" height=\"200\"/><path", path.display()));
    assert!(picture(text.as_bytes()).rgb.iter().all(|&value| value == 255));
}

#[test]
fn long_and_narrow_drawings_get_no_notice_but_the_rest() {
    let bytes = PLAIN.replace("300 200", "300000 2").into_bytes();
    let notice = checkered(frame(&bytes), 20);
    let (marked, outcome) = mark(&Svg, &bytes, Some(&notice), None, Some(b"store")).unwrap();
    assert!(!outcome.noticed && outcome.remarks.len() == 1);
    assert_eq!(survey(&Svg, &marked).unwrap().stores.len(), 1);
}

#[test]
fn mutations_do_not_panic() {
    let original = labelled(PLAIN.as_bytes());
    let mut budget = Budget::new(&Limits { max_parts: u64::MAX, max_metadata_bytes: 1 << 40, ..Limits::default() });
    for at in 0..original.len() {
        for value in [b'<', b'>', b'"', original[at] ^ 0x10] {
            let mut bytes = original.clone();
            bytes[at] = value;
            let _ = Svg.sniff(&bytes);
            let mut source = std::io::Cursor::new(&bytes);
            if let Ok(found) = Svg.survey(&mut source, &mut budget) {
                let notice = checkered(found.shown().unwrap(), 0);
                let label = Label {
                    notice: Some(&notice),
                    record: Some(&Record::example()),
                    card: None,
                    prose: None,
                    store_len: Some(9),
                    heard: None,
                    beside: false,
                    notice_for: &|size| Ok(checkered(size, 0)),
                    lettering_for: &|_| Err(crate::Error::UnknownFormat),
                };
                let _ = Svg.mark(&mut source, &found, &label, &mut budget);
            }
        }
        let _ = survey(&Svg, &original[..at]);
    }
}
