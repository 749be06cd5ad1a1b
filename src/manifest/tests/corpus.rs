//! What the world's files say, one line each: file, then binding, signature, signer, time with nobody trusted, then signer and
//! time with the test roots, the C2PA lists and the interim list.

use super::*;
use crate::report::Axes;

/// Blessed by `TANBA_BLESS=1`; look at every line that changes.
const EXPECTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/manifest/tests/corpus.txt");

fn trust() -> Option<TrustAnchors> {
    let interim = outside("trust/interim-anchors.pem")?;
    let anchors = TrustAnchors::default()
        .with_pem("test", &outside("trust/test/test_cert_root_bundle.pem")?)
        .and_then(|anchors| anchors.with_pem("C2PA", &outside("trust/C2PA-TRUST-LIST.pem").unwrap()))
        .and_then(|anchors| anchors.with_pem("interim", &interim))
        .and_then(|anchors| anchors.with_allowed_pem("interim allowed", &outside("trust/interim-allowed.pem").unwrap()))
        .and_then(|anchors| anchors.with_time_stamp_pem("C2PA TSA", &outside("trust/C2PA-TSA-TRUST-LIST.pem").unwrap()))
        .and_then(|anchors| anchors.with_time_stamp_pem("interim", &interim));
    Some(anchors.unwrap())
}

#[test]
fn real_files_stand_as_expected() {
    let Some(anchors) = trust() else { return };
    let folder = std::path::PathBuf::from(std::env::var_os("TANBA_CORPUS").unwrap());
    let mut lines = Vec::new();
    for sub in ["labelled", "wild"] {
        let mut names: Vec<_> =
            std::fs::read_dir(folder.join(sub)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        for name in names {
            let name = name.to_str().unwrap();
            let Some(bytes) = outside(&format!("{sub}/{name}")) else { return };
            if Format::sniff(&mut Cursor::new(&bytes)).is_err() {
                continue;
            }
            let alone = read_back(&bytes, &TrustAnchors::default(), NOW);
            let trusting = read_back(&bytes, &anchors, NOW);
            let Axes { binding, signature, signer, time } = alone.axes;
            let list = trusting.manifest.as_ref().and_then(|manifest| manifest.trusted_by.clone()).unwrap_or_default();
            let ai = trusting
                .findings
                .iter()
                .filter(|finding| finding.says.is_ai())
                .map(|finding| finding.class)
                .min_by_key(|class| *class as u8);
            lines.push(format!(
                "{name}: {binding:?} {signature:?} {signer:?} {time:?} | {:?} {list:?} {:?} {}",
                trusting.axes.signer,
                trusting.axes.time,
                if alone.unreadable { "unreadable".to_owned() } else { format!("{ai:?}") },
            ));
        }
    }
    assert!(lines.len() >= 25, "{} files", lines.len());
    let found = lines.join("\n") + "\n";
    let expected = std::fs::read_to_string(EXPECTED).unwrap();
    let (comments, table): (Vec<_>, Vec<_>) = expected.lines().partition(|line| line.starts_with('#'));
    if std::env::var_os("TANBA_BLESS").is_some() {
        std::fs::write(EXPECTED, comments.join("\n") + "\n" + &found).unwrap();
        return;
    }
    assert_eq!(found.lines().collect::<Vec<_>>(), table);
}
