//! Stores of relabelled files whose boxes were swapped, renamed or doubled: what the engine does not look at.

use super::{
    attacks::{assert_not_intact, chunk_len},
    *,
};
use crate::{
    manifest::jumbf,
    report::{Axes, Binding, Class, Signature, SignerStanding, Statement},
};

const AGAIN: uuid::Uuid = uuid!("11111111-2222-4333-8444-555555555555");

pub(super) fn identity() -> (Signer, Identity) {
    let identity = Identity::generate(&IdentityRequest::new("Acme", "Acme", NOW).seed([3; 32])).unwrap();
    (Signer::from_pem(identity.chain_pem.as_bytes(), identity.key_pem.as_bytes()).unwrap(), identity)
}

/// `parent`, labelled again by a signer whom the returned anchors trust; the parent by the same, if it is not given.
pub(super) fn relabelled(parent: Option<Vec<u8>>) -> Option<(Vec<u8>, TrustAnchors)> {
    let (signer, identity) = identity();
    let anchors = TrustAnchors::default().with_pem("Acme root", identity.anchor_pem.as_bytes()).unwrap();
    let png = png()?;
    let parent = parent.unwrap_or_else(|| sign_png(&png, &claim(&record(Extent::Generated)), None, &signer));
    let mut again = record(Extent::Modified);
    again.id = AGAIN;
    Some((sign_png(&png, &claim(&again), Some(&parent), &signer), anchors))
}

pub(super) fn store(file: &[u8]) -> &[u8] {
    &file[41..33 + chunk_len(file) - 4]
}

pub(super) fn with_store(file: &[u8], store: &[u8]) -> Vec<u8> {
    [&file[..33], &cabx(store), &file[33 + chunk_len(file)..]].concat()
}

/// Labels of the parent and the active manifest.
pub(super) fn labels(store: &[u8]) -> [String; 2] {
    let labels: Vec<_> = jumbf::manifests(store).into_iter().map(|(label, _)| label.to_owned()).collect();
    labels.try_into().unwrap()
}

pub(super) type Change<'a> = dyn FnMut(&str, &[u8], &[u8]) -> Option<(Vec<u8>, usize)> + 'a;

/// Rewrites the boxes of `content`. `change` gets path, type and content of each box, from the inside out, and says what
/// stands there instead: a content, given so many times.
pub(super) fn rewrite(content: &[u8], path: &str, change: &mut Change) -> Vec<u8> {
    let (mut at, mut written) = (0, Vec::new());
    while at < content.len() {
        let len = u32::from_be_bytes(content[at..at + 4].try_into().unwrap()) as usize;
        let (kind, inner) = (&content[at + 4..at + 8], &content[at + 8..at + len]);
        let (path, inner) = match kind {
            b"jumb" => {
                // Header of the description, type, toggles; then the label.
                let label = inner[25..].split(|&byte| byte == 0).next().unwrap();
                let path = format!("{path}/{}", String::from_utf8_lossy(label));
                let inner = rewrite(inner, &path, change);
                (path, inner)
            }
            _ => (path.to_owned(), inner.to_vec()),
        };
        let (inner, times) = change(&path, kind, &inner).unwrap_or((inner, 1));
        for _ in 0..times {
            written.extend(u32::try_from(inner.len() + 8).unwrap().to_be_bytes());
            written.extend(kind);
            written.extend(&inner);
        }
        at += len;
    }
    written
}

/// Puts `new` in the place of the only `old`.
pub(super) fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let places: Vec<_> = bytes.windows(old.len()).enumerate().filter(|(_, found)| *found == old).collect();
    let [(at, _)] = places[..] else { panic!("{} places", places.len()) };
    [&bytes[..at], new, &bytes[at + old.len()..]].concat()
}

fn hash_without_store(file: &[u8]) -> [u8; 32] {
    let bytes = [&file[..33], &file[33 + chunk_len(file)..]].concat();
    <sha2::Sha256 as sha2::Digest>::digest(&bytes).into()
}

#[test]
fn the_untouched_file_says_what_both_said() {
    let Some((file, anchors)) = relabelled(None) else { return };
    let same = rewrite(store(&file), "", &mut |_, _, _| None);
    assert_eq!(same, store(&file));
    let reading = read_back(&file, &anchors, NOW);
    let Axes { binding, signature, signer, .. } = reading.axes;
    assert_eq!((binding, signature, signer), (Binding::Intact, Signature::Ok, SignerStanding::Trusted));
    let proven = |says| reading.findings.iter().any(|found| found.says == says && found.class == Class::Proven);
    assert!(proven(Statement::PartlyAi) && proven(Statement::FullyAi), "{:?}", reading.findings);
}

/// The parent is swapped for one that redacts the active manifest's hash; then the hash and the picture are.
#[test]
fn a_parent_cannot_redact_what_binds_the_active_manifest() {
    let Some((file, anchors)) = relabelled(None) else { return };
    let [parent, active] = labels(store(&file));
    let uri = format!("self#jumbf=/c2pa/{active}/c2pa.assertions/c2pa.hash.data");
    let redacts = |path: &str, kind: &[u8], content: &[u8]| {
        (path.ends_with(&format!("/{parent}/c2pa.claim.v2")) && kind == b"cbor").then(|| {
            let mut claim = vec![content[0] + 1];
            claim.extend(b"\x73redacted_assertions\x81\x78");
            claim.push(u8::try_from(uri.len()).unwrap());
            claim.extend(uri.as_bytes());
            claim.extend(&content[1..]);
            (claim, 1)
        })
    };
    let swapped = with_store(&file, &rewrite(store(&file), "", &mut { redacts }));
    assert!(swapped.len() > file.len());
    assert_not_intact("a parent that redacts", &swapped, &anchors);
    let mut forged = swapped.clone();
    let last = forged.len() - 20;
    forged[last] ^= 1;
    let new_len = |len: usize| [&b"flength\x19"[..], &u16::try_from(len).unwrap().to_be_bytes()].concat();
    let rehash = |path: &str, kind: &[u8], content: &[u8]| {
        (path.ends_with(&format!("/{active}/c2pa.assertions/c2pa.hash.data")) && kind == b"cbor").then(|| {
            let content = replace(content, &hash_without_store(&file), &hash_without_store(&forged));
            (replace(&content, &new_len(chunk_len(&file)), &new_len(chunk_len(&forged))), 1)
        })
    };
    let forged = with_store(&forged, &rewrite(store(&forged), "", &mut { rehash }));
    // The engine is content with the active manifest: this is why we hash ourselves.
    let reader =
        c2pa::Reader::from_context(c2pa::Context::new()).with_stream("image/png", Cursor::new(&forged)).unwrap();
    let active = reader.validation_results().unwrap().active_manifest().unwrap();
    let failures: Vec<_> = active.failure().iter().map(|status| status.code()).collect();
    assert_eq!(failures, ["signingCredential.untrusted"], "the engine learnt to reject it: drop this check");
    assert_not_intact("a parent that redacts the hash", &forged, &anchors);
}

#[test]
fn a_parent_that_was_changed_spoils_the_file() {
    let Some((file, anchors)) = relabelled(None) else { return };
    let [parent, _] = labels(store(&file));
    let says = |path: &str, kind: &[u8], content: &[u8]| {
        (path.contains(&format!("/{parent}/")) && path.ends_with("c2pa.actions.v2") && kind == b"cbor")
            .then(|| (replace(content, b"/trainedAlgorithmicMedia", b"/trainedAlgorithmicNedia"), 1))
    };
    assert_not_intact("what the parent says", &with_store(&file, &rewrite(store(&file), "", &mut { says })), &anchors);
    let gone = |path: &str, kind: &[u8], content: &[u8]| {
        (path.ends_with(&format!("/{parent}")) && kind == b"jumb").then(|| (content.to_vec(), 0))
    };
    assert_not_intact("no parent", &with_store(&file, &rewrite(store(&file), "", &mut { gone })), &anchors);
}

/// The signer of the active manifest took over a parent whose own signature was wrong already.
#[test]
fn a_parent_with_a_bad_signature_proves_nothing() {
    let Some(png) = png() else { return };
    let (signer, _) = identity();
    let first = sign_png(&png, &claim(&record(Extent::Generated)), None, &signer);
    let spoil = |path: &str, kind: &[u8], content: &[u8]| {
        (path.ends_with("c2pa.signature") && kind == b"cbor").then(|| {
            let mut cose = content.to_vec();
            *cose.last_mut().unwrap() ^= 1;
            (cose, 1)
        })
    };
    let first = with_store(&first, &rewrite(store(&first), "", &mut { spoil }));
    let Some((file, anchors)) = relabelled(Some(first)) else { return };
    let reading = read_back(&file, &anchors, NOW);
    assert_eq!((reading.axes.binding, reading.axes.signature), (Binding::Intact, Signature::Ok));
    let says: Vec<_> = reading.findings.iter().map(|finding| finding.says).collect();
    assert!(says.contains(&Statement::PartlyAi) && !says.contains(&Statement::FullyAi), "{says:?}");
    assert_eq!(reading.manifest.unwrap().source_types.len(), 1);
}

#[test]
fn the_type_of_a_manifest_must_fit_what_it_holds() {
    let Some((file, anchors)) = relabelled(None) else { return };
    for label in labels(store(&file)) {
        for kind in [b"c2um", b"c2cm", b"c2xx"] {
            let retype = |path: &str, box_kind: &[u8], content: &[u8]| {
                (path.ends_with(&format!("/{label}")) && box_kind == b"jumd")
                    .then(|| ([&kind[..], &content[4..]].concat(), 1))
            };
            let forged = with_store(&file, &rewrite(store(&file), "", &mut { retype }));
            assert_ne!(forged, file);
            assert_not_intact(&format!("{label} as {}", String::from_utf8_lossy(kind)), &forged, &anchors);
        }
    }
}

#[test]
fn boxes_that_stand_there_twice_are_refused() {
    let Some((file, anchors)) = relabelled(None) else { return };
    let [parent, active] = labels(store(&file));
    for name in [&parent, &active, "c2pa.signature", "c2pa.claim.v2", "c2pa.assertions", "c2pa.hash.data"] {
        let doubled = |path: &str, kind: &[u8], content: &[u8]| {
            (path.ends_with(&format!("/{name}")) && kind == b"jumb").then(|| (content.to_vec(), 2))
        };
        let forged = with_store(&file, &rewrite(store(&file), "", &mut { doubled }));
        assert!(read_back(&forged, &anchors, NOW).unreadable, "{name}");
    }
    // A second signature under another name: the engine takes the last box of the type.
    let renamed = |path: &str, kind: &[u8], content: &[u8]| {
        (path.ends_with(&format!("/{active}")) && kind == b"jumb").then(|| {
            let other = rewrite(content, "", &mut |path, kind, content| match (path, kind) {
                ("/c2pa.signature", b"jumd") => Some((replace(content, b"c2pa.signature", b"c2pa.signatur2"), 1)),
                ("/c2pa.signature", _) => None,
                (_, b"jumb") => Some((Vec::new(), 0)),
                _ => None,
            });
            // The description of the manifest stands first in both.
            let skip = u32::from_be_bytes(content[..4].try_into().unwrap()) as usize;
            ([content, &other[skip..]].concat(), 1)
        })
    };
    let forged = with_store(&file, &rewrite(store(&file), "", &mut { renamed }));
    assert!(forged.len() > file.len());
    assert!(read_back(&forged, &anchors, NOW).unreadable);
}

#[test]
fn bytes_after_the_end_of_a_picture_bound_by_boxes_are_seen() {
    let Some(file) = outside("labelled/boxhash.jpg") else { return };
    assert_eq!(read_back(&file, &TrustAnchors::default(), NOW).axes.binding, Binding::Intact);
    let longer = [&file[..], b"another picture"].concat();
    assert_not_intact("data after EOI", &longer, &TrustAnchors::default());
}

#[test]
fn a_signer_on_the_list_of_single_certificates_is_trusted_and_a_pinned_one_called_so() {
    let Some((file, _)) = relabelled(None) else { return };
    let (signer, _) = identity();
    let chain = signer.chain_pem();
    let end = "-----END CERTIFICATE-----";
    let leaf = &chain[..chain.find(end).unwrap() + end.len()];
    let lists = [
        (TrustAnchors::default().with_allowed_pem("Acme itself", leaf.as_bytes()), SignerStanding::Trusted),
        (TrustAnchors::default().with_pinned_pem("Acme itself", leaf.as_bytes()), SignerStanding::PinnedVendor),
    ];
    for (anchors, standing) in lists {
        let reading = read_back(&file, &anchors.unwrap(), NOW);
        assert_eq!(reading.axes.signer, standing);
        assert!(reading.findings.iter().any(|found| found.says.is_ai() && found.class == Class::Proven));
    }
}
