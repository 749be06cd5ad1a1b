use std::process::Command;

use super::{resigned::resigned_by, swaps::replace, *};
use crate::{
    format::{Store, Survey},
    policy::Oversight,
    report::{Binding, Class, Signature, SignerStanding, Statement, TimeStanding},
};

fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("TANBA_WRITE") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}

fn identity(algorithm: Algorithm) -> Identity {
    Identity::generate(&IdentityRequest::new("Acme LLP", "Acme labels", NOW).algorithm(algorithm).seed([5; 32]))
        .unwrap()
}

#[test]
fn the_engine_reads_what_was_signed() {
    let Some(png) = png() else { return };
    let signed = sign_png(&png, &claim(&record(Extent::Generated)), None, &Signer::development());
    keep("dev.png", &signed);
    let reader =
        c2pa::Reader::from_context(c2pa::Context::new()).with_stream("image/png", Cursor::new(&signed)).unwrap();
    assert_eq!(reader.validation_state(), c2pa::ValidationState::Valid, "{}", reader.json());
    assert!(signed.len() - png.len() <= 3072 + 12, "{} bytes", signed.len() - png.len());
}

#[test]
fn a_manifest_says_what_was_disclosed_and_where_the_notice_stands() {
    let Some(png) = png() else { return };
    let mut record = record(Extent::Generated);
    record.no_training = true;
    let wanted = Claim { oversight: Some(Oversight::PromptGuided), title: Some("A portrait"), ..claim(&record) };
    let signed = sign_png(&png, &wanted, None, &Signer::development());
    let reading = read_back(&signed, &TrustAnchors::default(), NOW);
    assert_eq!(reading.regions, wanted.notices);
    let manifest = reading.manifest.unwrap();
    assert_eq!(manifest.label, format!("urn:c2pa:{}", record.id));
    assert_eq!(manifest.system.as_deref(), Some("Acme Diffusion 3 3.1"));
    assert_eq!(manifest.source_types, [Extent::Generated.digital_source_type()]);
    assert_eq!(manifest.claim_generator.as_deref(), Some(concat!("tanba ", env!("CARGO_PKG_VERSION"))));
    assert_eq!(manifest.failures, ["signingCredential.untrusted"]);
    let says: Vec<_> = reading.findings.iter().map(|finding| finding.says).collect();
    assert!(says.contains(&Statement::FullyAi) && says.contains(&Statement::TrainingProhibited), "{says:?}");
    let text = String::from_utf8_lossy(&signed);
    for four in ["Acme LLP", "Acme Diffusion 3", "2026-11-21T12:00:00Z", &format!("xmp:iid:{}", record.id)] {
        assert!(text.contains(four), "{four}");
    }
}

#[test]
fn every_algorithm_signs_and_is_trusted_by_its_own_root() {
    let Some(png) = png() else { return };
    for algorithm in [Algorithm::Ed25519, Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256] {
        let identity = identity(algorithm);
        let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
        assert_eq!((signer.algorithm(), signer.organization()), (algorithm, "Acme LLP"));
        let signed = sign_png(&png, &claim(&record(Extent::Generated)), None, &signer);
        keep(&format!("{algorithm}.png"), &signed);
        keep(&format!("{algorithm}.root.pem"), identity.anchor_pem.as_bytes());
        let anchors = TrustAnchors::default().with_pem("own", identity.anchor_pem.as_bytes()).unwrap();
        let axes = read_back(&signed, &anchors, NOW).axes;
        assert_eq!(
            (axes.binding, axes.signature, axes.signer),
            (Binding::Intact, Signature::Ok, SignerStanding::Trusted),
            "{algorithm}"
        );
    }
}

#[test]
fn a_callback_signs_like_a_key() {
    let Some(png) = png() else { return };
    let identity = identity(Algorithm::Es256);
    let key = crate::manifest::key::Key::from_pem(identity.key_pem.as_bytes()).unwrap();
    // What a KMS returns for ECDSA: the DER sequence. The root stands at the end of the chain, as many exports have it.
    let chain = identity.chain_pem.clone() + &identity.anchor_pem;
    let signer =
        Signer::from_callback(Algorithm::Es256, chain.as_bytes(), move |message| key.sign_certificate(message))
            .unwrap();
    assert_eq!(signer.chain_pem(), identity.chain_pem.replace("\r\n", "\n"));
    let signed = sign_png(&png, &claim(&record(Extent::Generated)), None, &signer);
    assert_eq!(read_back(&signed, &TrustAnchors::default(), NOW).axes.signature, Signature::Ok);

    let failing =
        Signer::from_callback(Algorithm::Es256, chain.as_bytes(), |_| Err("the HSM is asleep".into())).unwrap();
    let record = record(Extent::Generated);
    let draft = Draft::new(Format::Png, &claim(&record), None, &failing).unwrap();
    let error = draft.sign([0; 32], &(33..3000), &mut Cursor::new(Vec::new())).unwrap_err();
    assert!(error.to_string().contains("the HSM is asleep"), "{error}");
}

#[test]
fn an_expired_certificate_signs_nothing() {
    let identity = identity(Algorithm::Ed25519);
    let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
    let mut record = record(Extent::Generated);
    record.time = datetime!(2030-01-01 0:00 UTC);
    let error = Draft::new(Format::Png, &claim(&record), None, &signer).err().unwrap();
    assert!(error.to_string().contains("renew it"), "{error}");
}

#[test]
fn what_was_labelled_before_becomes_the_parent_and_stays_valid() {
    let Some(png) = png() else { return };
    let signer = Signer::development();
    let first = sign_png(&png, &claim(&record(Extent::Generated)), None, &signer);
    let mut again = record(Extent::Modified);
    again.id = uuid!("11111111-2222-4333-8444-555555555555");
    let second = sign_png(&png, &claim(&again), Some(&first), &signer);
    keep("again.png", &second);
    let reading = read_back(&second, &TrustAnchors::default(), NOW);
    assert_eq!((reading.axes.binding, reading.axes.signature), (Binding::Intact, Signature::Ok));
    let manifest = reading.manifest.unwrap();
    assert_eq!(manifest.manifests, 2);
    assert_eq!(manifest.source_types.len(), 2, "{:?}", manifest.source_types);
    assert!(
        manifest.failures.iter().all(|code| code.ends_with("signingCredential.untrusted")),
        "{:?}",
        manifest.failures
    );
    // Somebody's unlabelled work: a parent without manifests.
    let modified = sign_png(&png, &claim(&again), Some(&png), &signer);
    keep("modified.png", &modified);
    let reading = read_back(&modified, &TrustAnchors::default(), NOW);
    assert_eq!((reading.axes.binding, reading.manifest.unwrap().manifests), (Binding::Intact, 1));
    assert!(
        reading.findings.iter().any(|finding| finding.says == Statement::PartlyAi && finding.class == Class::Intact)
    );
}

/// Signs an AVIF whose manifest box stands right behind `ftyp`, and reads it back.
#[test]
fn boxes_of_bmff_are_bound_and_changes_are_seen() {
    let Some(avif) = outside("unlabelled/sample1.avif") else { return };
    let record = record(Extent::Generated);
    let claim = Claim { media_type: "image/avif", ..claim(&record) };
    let draft = Draft::new(Format::Avif, &claim, None, &Signer::development()).unwrap();
    let wrap = |store: &[u8]| {
        let mut content = crate::manifest::bmff::UUID.to_vec();
        content.extend([0; 4]);
        content.extend(b"manifest\0");
        content.extend([0; 8]);
        content.extend(store);
        let len = u32::try_from(content.len() + 8).unwrap();
        [&len.to_be_bytes()[..], b"uuid", &content].concat()
    };
    let ftyp = u64::from(u32::from_be_bytes(avif[..4].try_into().unwrap()));
    let mut edits = Patch::default();
    edits.slot(ftyp, draft.len(), Box::new(wrap));
    let _ = edits.take_wrap();
    let mut sink = Cursor::new(Vec::new());
    let written = edits.write(Format::Avif, &mut Cursor::new(&avif), &mut sink).unwrap();
    let slot = written.slot.unwrap();
    let store = draft.sign(written.sha256, &slot, &mut sink).unwrap();
    patch::fill(Format::Avif, &mut sink, &slot, &wrap(&store)).unwrap();
    let file = sink.into_inner();
    let judge = |file: &[u8]| {
        let store = Store { carrier: vec![slot.clone()], jumbf: store.clone() };
        let survey = Survey { media_type: "image/avif", stores: vec![store], ..Survey::default() };
        let (mut source, limits) = (Cursor::new(file), Limits::default());
        let mut asset = Asset { format: Format::Avif, source: &mut source, survey: &survey, limits: &limits };
        read(&mut asset, &TrustAnchors::default(), NOW).unwrap()
    };
    let reading = judge(&file);
    assert_eq!(
        (reading.axes.binding, reading.axes.signature),
        (Binding::Intact, Signature::Ok),
        "{:?}",
        reading.findings
    );
    let mut changed = file.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(judge(&changed).axes.binding, Binding::Broken);
}

#[test]
fn encrypted_and_old_style_keys_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).current_dir(&folder).output();
        let done = done.expect("this test needs the openssl command");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    for algorithm in [Algorithm::Ed25519, Algorithm::Es256, Algorithm::Es384, Algorithm::Ps256] {
        let identity = identity(algorithm);
        std::fs::write(folder.path().join("key.pem"), &identity.key_pem).unwrap();
        openssl(&["pkcs8", "-topk8", "-in", "key.pem", "-out", "locked.pem", "-passout", "pass:tamga"]);
        let locked = std::fs::read(folder.path().join("locked.pem")).unwrap();
        let chain = identity.chain_pem.as_bytes();
        assert!(Signer::from_encrypted_pem(chain, &locked, b"tamga").is_ok(), "{algorithm}");
        let error = Signer::from_encrypted_pem(chain, &locked, b"wrong").unwrap_err();
        assert!(error.to_string().contains("password"), "{error}");
        let error = Signer::from_pem(chain, &locked).unwrap_err();
        assert!(error.to_string().contains("from_encrypted_pem"), "{error}");
        if algorithm != Algorithm::Ed25519 {
            openssl(&["pkey", "-in", "key.pem", "-traditional", "-out", "old.pem"]);
            let old = std::fs::read(folder.path().join("old.pem")).unwrap();
            assert!(Signer::from_pem(chain, &old).is_ok(), "{algorithm}");
        }
    }
}

/// A time-stamping authority made with the openssl command.
#[test]
fn a_time_stamp_outlives_the_certificate() {
    let Some(png) = png() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let openssl = move |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(&path).output();
        let done = done.expect("this test needs the openssl command");
        assert!(done.status.success(), "{arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    let config =
        "[tsa]\ndefault_tsa=c\n[c]\nserial=serial\ndefault_policy=1.2.3.4.1\ndigests=sha256\nsigner_digest=sha256\n";
    std::fs::write(folder.path().join("tsa.cnf"), config).unwrap();
    std::fs::write(folder.path().join("serial"), "01").unwrap();
    let leaf = "basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\n\
                extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
    std::fs::write(folder.path().join("leaf.cnf"), leaf).unwrap();
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj /O=Clock/CN=Root");
    openssl("req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /O=Clock/CN=Stamper");
    openssl("x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -set_serial 2 -days 3650 -extfile leaf.cnf -out tsa.pem");
    let authority = std::fs::read(folder.path().join("ca.pem")).unwrap();
    let identity = identity(Algorithm::Ed25519);
    let root = identity.anchor_pem.clone();
    let signer = Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap();
    let place = folder.path().to_owned();
    let signer = signer.with_time_stamp(move |request| {
        std::fs::write(place.join("query"), request)?;
        openssl("ts -reply -config tsa.cnf -queryfile query -signer tsa.pem -inkey tsa.key -out reply");
        Ok(std::fs::read(place.join("reply"))?)
    });
    let signed = sign_png(&png, &claim(&record(Extent::Generated)), None, &signer);
    keep("stamped.png", &signed);
    let anchors = TrustAnchors::default().with_pem("own", root.as_bytes()).unwrap();
    let trusting = anchors.clone().with_time_stamp_pem("clock", &authority).unwrap();
    let later = datetime!(2029-01-01 0:00 UTC);
    let axes = read_back(&signed, &anchors, later).axes;
    assert_eq!((axes.time, axes.signer), (TimeStanding::UntrustedStamp, SignerStanding::Expired));
    let axes = read_back(&signed, &trusting, later).axes;
    assert_eq!((axes.time, axes.signer), (TimeStanding::TrustedStamp, SignerStanding::Trusted));
    // The stamp of one signature says nothing about another, though the same key made it.
    let other = |cbor: &[u8]| replace(cbor, b"/trainedAlgorithmicMedia", b"/compositeWithTrainedAlg");
    let other = resigned_by(&identity, &signed, "c2pa.actions.v2", other, "c2pa.actions.v2", 0x27);
    let axes = read_back(&other, &trusting, NOW).axes;
    assert_eq!((axes.binding, axes.signer), (Binding::Intact, SignerStanding::Trusted));
    let axes = read_back(&other, &trusting, later).axes;
    assert!(axes.time != TimeStanding::TrustedStamp && axes.signer == SignerStanding::Expired, "{axes:?}");

    let refused = Signer::development().with_time_stamp(|_| Err("no route to the authority".into()));
    let record = record(Extent::Generated);
    let draft = Draft::new(Format::Png, &claim(&record), None, &refused).unwrap();
    let error = draft.sign([0; 32], &(33..12_000), &mut Cursor::new(Vec::new())).unwrap_err();
    assert!(error.to_string().contains("no route"), "{error}");
}
