//! Every format, every fixture, every picture of the corpus: label, verify, compare.

mod common;

use std::{fs, io::Cursor, path::Path};

use common::{anchors, fixtures, labeler, pictures, pixels};
use tanba::{
    Binding, Carries, Disclosure, Format, Headline, Labeler, Policy, Receipt, Report, Signature, SignerStanding,
    Verdict, Verifier,
};

/// Least PSNR outside the notice, in dB, where a lossy picture had to be encoded again.
const JPEG_DB: f64 = 48.0;
const WEBP_DB: f64 = 42.0;

fn label(labeler: &Labeler, bytes: &[u8]) -> tanba::Result<(Vec<u8>, Receipt)> {
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink)?;
    Ok((sink.into_inner(), receipt))
}

fn verify(bytes: &[u8]) -> Report {
    Verifier::new().anchors(anchors()).verify(&mut Cursor::new(bytes)).unwrap()
}

#[test]
fn every_format_has_a_fixture_and_every_fixture_a_row_in_the_list() {
    let readme = fs::read_to_string(common::fixture("README.md")).unwrap();
    let mut seen = Vec::new();
    for path in fixtures() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let bytes = fs::read(&path).unwrap();
        let hash: String = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&bytes))
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert!(
            readme.contains(&format!("| `{name}` |")) && readme.contains(&hash),
            "{name} is not in fixtures/README.md"
        );
        seen.push(Format::sniff(&mut Cursor::new(bytes)).unwrap());
    }
    // Recordings have a folder and a list of their own.
    seen.extend(common::recordings().iter().map(|path| Format::sniff(&mut fs::File::open(path).unwrap()).unwrap()));
    seen.extend(common::offices().iter().map(|path| Format::sniff(&mut fs::File::open(path).unwrap()).unwrap()));
    // Texts have a list of their own.
    let documents = common::documents();
    seen.extend(documents.iter().filter_map(|path| Format::sniff(&mut fs::File::open(path).unwrap()).ok()));
    for format in Format::ALL.iter().filter(|format| format.can_label()) {
        assert!(seen.contains(format), "{format} has no fixture");
    }
}

#[test]
fn every_picture_labels_and_every_axis_is_intact() {
    let pictures = pictures();
    assert!(pictures.len() >= fixtures().len());
    let labeler = labeler();
    let mut wrong = Vec::new();
    for (path, format) in &pictures {
        for fault in whole(&labeler, path, *format) {
            eprintln!("{}: {fault}", path.display());
            wrong.push(format!("{}: {fault}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Labels one picture; returns what is not as it must be.
fn whole(labeler: &Labeler, path: &Path, format: Format) -> Vec<String> {
    let bytes = fs::read(path).unwrap();
    let (labelled, receipt) = match label(labeler, &bytes) {
        Ok(done) => done,
        Err(error) => return vec![format!("not labelled: {error}")],
    };
    let report = verify(&labelled);
    let mut wrong = Vec::new();
    let mut hold = |right: bool, what: String| {
        if !right {
            wrong.push(what);
        }
    };
    hold(
        (report.binding, report.signature, report.signer, report.verdict, report.headline)
            == (Binding::Intact, Signature::Ok, SignerStanding::Trusted, Verdict::Valid, Headline::AiMadeProven),
        format!("axes: {report:#?}"),
    );
    hold(receipt.bytes == labelled.len() as u64, format!("receipt says {} bytes of {}", receipt.bytes, labelled.len()));
    let manifest = receipt.manifest_bytes;
    hold((1..=3072).contains(&manifest), format!("the manifest costs {manifest} bytes"));
    let can = format.notice() != Carries::No;
    hold(receipt.is_complete() == can, format!("completeness: {:?} {:?}", receipt.incomplete, receipt.remarks));
    let Some(placed) = receipt.notice else { return wrong };
    // Found again where the manifest says, as large and as clear as asked for.
    let found = report.notices.iter().find(|notice| notice.signed_place);
    hold(found.is_some(), format!("the notice is not found: {:?} {:?}", report.notices, report.not_examined));
    if let Some(notice) = found {
        let floor = if placed.strip > 0 { 7.0 } else { (0.05 * f64::from(placed.frame.shorter())).ceil() };
        hold(notice.inside, "the notice leaves the frame".into());
        hold(notice.contrast >= 4.5, format!("contrast {:.2}", notice.contrast));
        hold(notice.cap_height_px >= floor - 0.5, format!("capitals of {} px, {floor} wanted", notice.cap_height_px));
    }
    let (Some(before), Some(after)) = (pixels::frames(format, &bytes), pixels::frames(format, &labelled)) else {
        return wrong;
    };
    hold(before.len() == after.len(), format!("{} frames became {}", before.len(), after.len()));
    let mut exact = true;
    for (number, (before, after)) in before.iter().zip(&after).enumerate() {
        // The receipt's rectangle is in pixels of a layout frame where the format has none of its own (SVG).
        let rect = pixels::scaled(placed.rect, placed.frame, after);
        let difference = pixels::outside(before, after, placed.strip, rect);
        exact &= difference.pixels == 0;
        let right = match (format, format.notice()) {
            (Format::Jpeg, _) => difference.psnr >= JPEG_DB,
            (_, Carries::Lossless) => difference.pixels == 0,
            // Lossless files stay so even in a format that is encoded again.
            _ => difference.psnr >= WEBP_DB,
        };
        hold(right, format!("frame {number} outside the notice: {difference:?}"));
    }
    if format.notice() == Carries::Reencoded {
        let (grown, most) = (labelled.len() as f64, bytes.len() as f64 * 1.6 + 16_384.0);
        hold(grown <= most, format!("{} bytes became {grown}", bytes.len()));
        hold(exact || !receipt.remarks.is_empty(), "the receipt does not say what was encoded again".into());
    }
    wrong
}

#[test]
fn labelling_again_keeps_one_notice_one_record_and_the_history() {
    let labeler = labeler();
    let mut wrong = Vec::new();
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let (once, first) = label(&labeler, &bytes).unwrap();
        let (twice, second) = label(&labeler, &once).unwrap();
        let report = verify(&twice);
        let name = path.display();
        if report.verdict != Verdict::Valid {
            wrong.push(format!("{name}: {report:#?}"));
        }
        let manifests = report.manifest.as_ref().map_or(0, |manifest| manifest.manifests);
        if manifests != 2 {
            wrong.push(format!("{name}: {manifests} manifests"));
        }
        if let (Some(first), Some(second)) = (&first.notice, &second.notice)
            && (!second.kept || first.frame != second.frame)
        {
            wrong.push(format!("{name}: a second notice: {first:?} {second:?}"));
        }
        let identifiers = report.findings.iter().filter(|finding| finding.place.contains("DigitalSourceType")).count();
        if identifiers > 1 {
            wrong.push(format!("{name}: {identifiers} digital source types"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn without_a_notice_no_pixel_changes() {
    let disclosure = Disclosure::modified("Acme Retouch").provider("Acme LLP");
    let labeler = Labeler::new(&disclosure, &common::signer()).policy(Policy::kazakhstan().with_notice(false));
    let mut wrong = Vec::new();
    for (path, format) in pictures() {
        let bytes = fs::read(&path).unwrap();
        let (labelled, receipt) = match label(&labeler, &bytes) {
            Ok(done) => done,
            Err(error) => {
                wrong.push(format!("{}: {error}", path.display()));
                continue;
            }
        };
        assert!(receipt.notice.is_none() && !receipt.is_complete());
        let report = verify(&labelled);
        if report.verdict != Verdict::Valid || report.says != Some(tanba::Statement::PartlyAi) {
            wrong.push(format!("{}: {report:#?}", path.display()));
        }
        if pixels::frames(format, &bytes) != pixels::frames(format, &labelled) {
            wrong.push(format!("{}: pixels changed", path.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn one_changed_byte_is_noticed() {
    let labeler = labeler();
    for path in fixtures() {
        let bytes = fs::read(&path).unwrap();
        let (mut labelled, receipt) = label(&labeler, &bytes).unwrap();
        // The last bytes of these formats are content, or what the hash covers; a manifest is nowhere last but in RIFF.
        let at = labelled.len() - 1 - usize::try_from(receipt.manifest_bytes).unwrap() * 2;
        labelled[at.max(40)] ^= 0x10;
        if let Ok(report) = Verifier::new().anchors(anchors()).verify(&mut Cursor::new(labelled)) {
            assert_ne!(report.headline, Headline::AiMadeProven, "{}", path.display());
        }
    }
}

#[test]
fn two_labels_of_a_file_cannot_have_one_identifier() {
    let labeler = labeler().ids(|| uuid::Uuid::from_u128(7));
    let (labelled, _) = label(&labeler, &fs::read(common::fixture("tiny.png")).unwrap()).unwrap();
    let error = label(&labeler, &labelled).unwrap_err();
    assert!(matches!(error, tanba::Error::Argument { argument: "ids", .. }), "{error}");
}

/// The parent is sound, and what it vouches for is not: found by the fuzz target `jumbf`.
#[test]
fn a_label_around_a_changed_history_is_refused() {
    let labeler = labeler();
    let (first, _) = label(&labeler, &fs::read(common::fixture("tiny.png")).unwrap()).unwrap();
    let (mut second, _) = label(&labeler, &first).unwrap();
    label(&labeler, &second).unwrap();
    let term = b"/trainedAlgorithmicMedia";
    let at = memchr::memmem::find(&second, term).unwrap();
    second[at + term.len() - 5] = b'N';
    let chunk = memchr::memmem::find(&second, b"caBX").unwrap();
    let end = chunk + 4 + u32::from_be_bytes(second[chunk - 4..chunk].try_into().unwrap()) as usize;
    assert!((chunk..end).contains(&at));
    let checksum = crc32fast::hash(&second[chunk..end]).to_be_bytes();
    second[end..end + 4].copy_from_slice(&checksum);
    let error = label(&labeler, &second).unwrap_err();
    assert!(matches!(error, tanba::Error::Unsupported { .. }) && error.to_string().contains("history"), "{error}");
}
