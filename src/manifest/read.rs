//! Reads a manifest store and judges it on the four axes. The C2PA engine checks signatures and what is signed inside the store;
//! whether the store fits the content, who is trusted, and what all that means is decided here.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Past, Region, TrustAnchors, binding,
    certificate::{self, Certificate},
    chain,
    codes::Codes,
    faults::{about, faults, signature},
    jumbf,
    path::{self, Purpose, Refusal},
    revocation, said,
    seal::{self, Seal},
    stamp,
    trust::List,
};
use crate::{
    Format, Result,
    format::{Store, Survey},
    limits::Limits,
    report::{Axes, Binding, Class, Finding, ManifestReport, Said, Signature, SignerStanding, TimeStanding, say},
    stream::Source,
};

/// What the signed layer says.
pub(crate) struct Reading {
    pub(crate) axes: Axes,
    pub(crate) manifest: Option<ManifestReport>,
    pub(crate) findings: Vec<Finding>,
    /// Where the manifest says that notices stand, and with which lines.
    pub(crate) regions: Vec<(Region, Vec<String>)>,
    /// A store is there that could not be read at all.
    pub(crate) unreadable: bool,
}

impl Reading {
    fn none() -> Self {
        Self { axes: Axes::NONE, manifest: None, findings: Vec::new(), regions: Vec::new(), unreadable: false }
    }

    fn unreadable(why: impl Into<Said>, place: String) -> Self {
        let why = why.into();
        let finding = about(say!("the C2PA manifest store cannot be read: {}", why), &why.to_string(), place);
        Self { findings: vec![finding], unreadable: true, ..Self::none() }
    }
}

/// The file that a manifest is held against.
pub(crate) struct Asset<'a> {
    pub(crate) format: Format,
    pub(crate) source: &'a mut dyn Source,
    pub(crate) survey: &'a Survey,
    pub(crate) limits: &'a Limits,
}

/// Reads the store that the survey found in the file.
///
/// # Errors
///
/// Only when the file cannot be read: a bad label is data.
pub(crate) fn read(asset: &mut Asset, anchors: &TrustAnchors, at: OffsetDateTime) -> Result<Reading> {
    embedded(asset, anchors, at).map(|(reading, _)| reading)
}

/// Reads the store as [`read`] does, trusting nobody, for a manifest that takes it over.
pub(crate) fn read_past(asset: &mut Asset, at: OffsetDateTime) -> Result<(Reading, Option<Past>)> {
    let (reading, view) = embedded(asset, &TrustAnchors::default(), at)?;
    let store = asset.survey.stores.first().map(|store| &store.jumbf[..]);
    let past = view.zip(store).map(|((view, codes), store)| Past::of(&view.reader, &view.active, &codes, store));
    Ok((reading, past))
}

/// What the engine says of a store, with our own about the content.
type Examined = (Reading, Option<(View, Codes)>);

fn embedded(asset: &mut Asset, anchors: &TrustAnchors, at: OffsetDateTime) -> Result<Examined> {
    match asset.survey.stores.as_slice() {
        [] => Ok((Reading::none(), None)),
        [store] => examine(asset, store, &binding::place(asset.format, &store.carrier), anchors, at),
        several => {
            // C2PA 2.4 §11.1.4: a file has one store; which of two a reader takes is chance.
            let why = say!("there are {} of them", several.len());
            Ok((Reading::unreadable(why, binding::place(asset.format, &several[1].carrier)), None))
        }
    }
}

/// Reads a store that stands beside the file, as `place` says. What its hash leaves out must carry a store all the same: the
/// very bytes that stand there are nobody's word.
///
/// # Errors
///
/// As [`read`].
pub(crate) fn read_detached(
    asset: &mut Asset,
    store: Vec<u8>,
    place: &str,
    anchors: &TrustAnchors,
    at: OffsetDateTime,
) -> Result<Reading> {
    let carrier = asset.survey.stores.iter().flat_map(|store| store.carrier.iter().cloned()).collect();
    examine(asset, &Store { carrier, jumbf: store }, place, anchors, at).map(|(reading, _)| reading)
}

/// A store that does not pass is turned into findings; every other way out is the file's.
fn examine(
    asset: &mut Asset,
    store: &Store,
    place: &str,
    anchors: &TrustAnchors,
    at: OffsetDateTime,
) -> Result<Examined> {
    let unreadable = |why: String| Ok((Reading::unreadable(why, place.to_owned()), None));
    if let Err(why) = jumbf::check(&store.jumbf) {
        return unreadable(why);
    }
    let mut view = match guarded(|| open(&store.jumbf)) {
        Some(Ok(view)) => view,
        Some(Err(error)) => return unreadable(error.to_string()),
        None => return unreadable("it makes the C2PA engine fail".into()),
    };
    let (reading, codes) = view.judge(store, asset, anchors, at, place)?;
    Ok((reading, Some((view, codes))))
}

/// What the engine says about one store.
pub(super) struct View {
    reader: c2pa::Reader,
    /// Everything in the store, as the engine shows it.
    json: Value,
    pub(super) active: String,
    /// Which manifests say what was signed; our own judgement.
    pub(super) seal: Seal,
}

/// The media type under which the engine takes bare JUMBF.
pub(super) const BARE: &str = "application/c2pa";

/// The engine with nothing to fetch and nobody to trust. That a stamp's authority is unknown to it must not make it
/// forget the stamp.
const SETTINGS: &str = r#"{
    "core": { "allowed_network_hosts": [] },
    "verify": { "remote_manifest_fetch": false, "ocsp_fetch": false, "verify_timestamp_trust": false }
}"#;

/// Reads the store alone: the engine gets an empty file, and what it says of that is left out by [`Codes::of`].
fn open(store: &[u8]) -> c2pa::Result<View> {
    let reader = match reader(store, BARE, &mut Cursor::new(&[])) {
        // It takes hashes over collections for archives only, under this name of theirs.
        Err(c2pa::Error::UnsupportedType) => reader(store, "application/x-zip", &mut Cursor::new(&[]))?,
        reader => reader?,
    };
    let json = serde_json::from_str(&reader.detailed_json_checked()?)?;
    let active = reader.active_label().ok_or(c2pa::Error::ClaimMissing { label: "active".into() })?.to_owned();
    Ok(View { reader, json, active, seal: Seal::default() })
}

fn reader(store: &[u8], media_type: &str, source: &mut dyn Source) -> c2pa::Result<c2pa::Reader> {
    let context = c2pa::Context::new().with_settings(SETTINGS)?;
    c2pa::Reader::from_context(context).with_manifest_data_and_stream(store, media_type, source)
}

/// The engine panics on some stores that were made to do harm.
fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok()
}

/// What the engine says of the store over the whole file; `None` when it cannot tell. Costs memory in proportion to the file.
///
/// # Errors
///
/// Only when the file cannot be read.
pub(super) fn statuses_over(store: &[u8], asset: &mut Asset) -> Result<Option<Codes>> {
    asset.source.rewind()?;
    let source = &mut *asset.source;
    match guarded(|| reader(store, asset.survey.media_type, source)) {
        Some(Err(c2pa::Error::IoError(error))) if error.raw_os_error().is_some() => Err(error.into()),
        Some(Ok(reader)) => Ok(Some(Codes::over_file(&reader))),
        Some(Err(_)) | None => Ok(None),
    }
}

impl View {
    fn judge(
        &mut self,
        store: &Store,
        asset: &mut Asset,
        anchors: &TrustAnchors,
        at: OffsetDateTime,
        place: &str,
    ) -> Result<(Reading, Codes)> {
        let mut codes = Codes::of(&self.reader);
        self.seal = Seal::check(self, &store.jumbf, &codes);
        let mut findings = Vec::new();
        let (binding, why) = binding::check(self, &mut codes, store, asset)?;
        if let Some(why) = why {
            let value = why.to_string();
            findings.push(about(why, &value, place.to_owned()));
        }
        let signature = signature(&codes, &self.seal);
        let stamped = self.stamp(&store.jumbf, &codes, anchors);
        let signing_time = stamped.trusted_time().unwrap_or(at);
        let vouched = self.vouched(&self.active, anchors, signing_time);
        // What was signed before that stays good, where somebody trusted has seen that it was before.
        let revoked = self.revoked(&store.jumbf, &self.active, anchors);
        let revoked = revoked.filter(|when| stamped.trusted_time().is_none_or(|time| time >= *when));
        let signer = match &vouched {
            // A certificate that stands beside a bad signature says nothing about who signed.
            _ if signature == Signature::Bad => SignerStanding::Unknown,
            _ if revoked.is_some() => SignerStanding::Revoked,
            Ok(list) if self.is_pinned(list) => SignerStanding::PinnedVendor,
            Ok(_) => SignerStanding::Trusted,
            Err(Refusal::Expired(_)) => SignerStanding::Expired,
            Err(Refusal::Unknown(_)) => SignerStanding::Unknown,
        };
        let axes = Axes { binding, signature, signer, time: stamped.standing };
        let intact = binding == Binding::Intact && signature == Signature::Ok;
        findings.extend(self.seal.faults.iter().map(|why| about(why.clone(), &why.to_string(), place.to_owned())));
        findings.extend(faults(&codes, &self.seal, place));
        if let (true, Err(refusal)) = (signature == Signature::Ok, &vouched) {
            let why = refusal.why();
            findings.push(about(say!("the signer is not trusted: {}", why), &why.to_string(), place.to_owned()));
        }
        if let Some(when) = revoked {
            let (when, value) = (when.date().to_string(), format!("revoked at {when}"));
            findings.push(about(
                say!("its issuer took the signer's certificate back on {}", when),
                &value,
                place.to_owned(),
            ));
        }
        if let Some(why) = &stamped.refusal {
            findings.push(about(say!("the time-stamp is not trusted: {}", why), &why.to_string(), place.to_owned()));
        }
        let mut regions = Vec::new();
        if intact {
            // What was changed says nothing.
            let class = |label: &str| {
                if !self.seal.holds(label) {
                    return None;
                }
                let trusted = if label == self.active {
                    vouched.is_ok() && revoked.is_none()
                } else {
                    self.vouched(label, anchors, at).is_ok() && self.revoked(&store.jumbf, label, anchors).is_none()
                };
                let known = matches!(signer, SignerStanding::Trusted | SignerStanding::PinnedVendor);
                Some(if trusted && known { Class::Proven } else { Class::Intact })
            };
            findings.extend(said::findings(self, class, place));
            regions = said::notices(self);
        }
        let manifest = Some(self.report(place, &codes, &stamped, vouched.as_ref().ok().copied()));
        Ok((Reading { axes, manifest, findings, regions, unreadable: false }, codes))
    }

    /// The manifest of this label, as the engine shows it.
    pub(super) fn manifest(&self, label: &str) -> Option<&Value> {
        self.json.get("manifests")?.get(label)
    }

    /// The claim of a manifest.
    pub(super) fn claim(&self, label: &str) -> Option<&Value> {
        self.manifest(label)?.get("claim")
    }

    /// The hash algorithm of a manifest's links that name none.
    pub(super) fn alg(&self, label: &str) -> Option<&str> {
        self.claim(label)?.get("alg")?.as_str()
    }

    /// The assertions of a manifest whose label starts with `prefix`, with their labels.
    pub(super) fn assertions<'a>(&'a self, label: &str, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let store = self.manifest(label).and_then(|manifest| manifest.get("assertion_store")?.as_object());
        store
            .into_iter()
            .flatten()
            .filter(move |(label, _)| label.starts_with(prefix))
            .map(|(label, value)| (label.as_str(), value))
    }

    /// The manifests that this one was made from, by relationship, in the order in which they stand there.
    pub(super) fn ingredients(&self, label: &str, relationship: &str) -> Vec<&str> {
        let of_kind = self
            .assertions(label, "c2pa.ingredient")
            .filter(|(_, ingredient)| ingredient.get("relationship").and_then(Value::as_str) == Some(relationship));
        of_kind
            .filter_map(|(_, ingredient)| {
                let label = label_of(seal::link(ingredient)?.get("url")?.as_str()?)?;
                self.json.get("manifests")?.as_object()?.get_key_value(label).map(|(label, _)| label.as_str())
            })
            .collect()
    }

    /// Organisation and common name of a manifest's signer, as its certificate says.
    pub(super) fn signer(&self, label: &str) -> Option<String> {
        Certificate::parse(self.chain(label).first()?).ok().map(|leaf| leaf.subject())
    }

    fn chain(&self, label: &str) -> Vec<Vec<u8>> {
        let pem = self
            .reader
            .get_manifest(label)
            .and_then(c2pa::Manifest::signature_info)
            .map(c2pa::SignatureInfo::cert_chain);
        let certificates = pem.and_then(|pem| certificate::certificates(pem.as_bytes()).ok()).unwrap_or_default();
        certificates.into_iter().map(|der| der.as_ref().to_vec()).collect()
    }

    fn vouched<'a>(&self, label: &str, anchors: &'a TrustAnchors, at: OffsetDateTime) -> Result<&'a List, Refusal> {
        path::check(&self.chain(label), &anchors.signers, Purpose::Content, at)
    }

    /// When the certificate of a manifest's signer was revoked, as the store itself says.
    fn revoked(&self, store: &[u8], label: &str, anchors: &TrustAnchors) -> Option<OffsetDateTime> {
        revocation::revoked_at(&revocation::responses(store, label), &self.chain(label), &anchors.signers)
    }

    /// Whether the list that vouches for the signer does so because it is a vendor that was pinned.
    fn is_pinned(&self, list: &List) -> bool {
        self.chain(&self.active).first().is_some_and(|leaf| list.pins(leaf))
    }

    /// Who stamped the signature, and when.
    fn stamp(&self, store: &[u8], codes: &Codes, anchors: &TrustAnchors) -> Stamped {
        let manifest = self.reader.active_manifest();
        let cose = jumbf::signature(store, &self.active).unwrap_or_default();
        let time = manifest.and_then(c2pa::Manifest::time).and_then(|time| OffsetDateTime::parse(&time, &Rfc3339).ok());
        let validated = codes.succeeded("timeStamp.validated");
        let judged = stamp::certificates(cose).map(|chain| match time {
            Some(time) => path::check(&chain, &anchors.time_stampers, Purpose::TimeStamps, time).map(|_| ()),
            None => Err(Refusal::Unknown("it names no time".into())),
        });
        let (standing, refusal) = match (stamp::is_present(cose), validated, judged) {
            (true, true, Some(Ok(()))) => (TimeStanding::TrustedStamp, None),
            (true, true, Some(Err(refusal))) => (TimeStanding::UntrustedStamp, Some(refusal.why().to_owned())),
            (true, true, None) => (TimeStanding::UntrustedStamp, Some("it cannot be seen who made it".into())),
            // A stamp that is of something else, or cannot be read, is none.
            (true, false, _) => (TimeStanding::None, Some("it is not of this signature".into())),
            (false, ..) => (TimeStanding::None, None),
        };
        Stamped { standing, refusal, time: time.filter(|_| standing != TimeStanding::None) }
    }

    fn report(&self, place: &str, codes: &Codes, stamped: &Stamped, trusted_by: Option<&List>) -> ManifestReport {
        let chain = self.chain(&self.active);
        let leaf = chain.first().and_then(|der| Certificate::parse(der).ok());
        let info = self.reader.active_manifest().and_then(c2pa::Manifest::signature_info);
        let mut failures: Vec<_> = codes.failures.iter().map(|failure| failure.code.clone()).collect();
        failures.extend(codes.ingredient_failures.iter().map(|failure| format!("ingredient: {}", failure.code)));
        // The engine was given no anchors: whom to trust is decided here.
        failures.retain(|code| trusted_by.is_none() || code != "signingCredential.untrusted");
        // What it calls so is a certificate that names no organisation.
        failures.retain(|code| !self.seal.signed || code != "claimSignature.mismatch");
        failures.sort();
        failures.dedup();
        ManifestReport {
            place: place.to_owned(),
            label: self.active.clone(),
            claim_generator: said::claim_generator(self, &self.active),
            signer: leaf.as_ref().map(Certificate::subject),
            issuer: leaf.as_ref().map(Certificate::issuer),
            algorithm: info.and_then(|info| info.alg).map(|algorithm| algorithm.to_string()),
            stamped: stamped.time.and_then(|time| time.format(&Rfc3339).ok()),
            trusted_by: trusted_by.map(|list| list.name().to_owned()),
            trust_list_date: trusted_by.and_then(List::date),
            source_types: said::source_types(self),
            manifests: self.reader.manifests().len(),
            failures,
            system: said::system(self),
            chain: chain::of(self),
        }
    }
}

struct Stamped {
    standing: TimeStanding,
    /// Why it is not trusted, where there is one.
    refusal: Option<Said>,
    time: Option<OffsetDateTime>,
}

impl Stamped {
    fn trusted_time(&self) -> Option<OffsetDateTime> {
        self.time.filter(|_| self.standing == TimeStanding::TrustedStamp)
    }
}

/// The label in a JUMBF URI: `self#jumbf=/c2pa/<label>`, with more behind it or not.
pub(super) fn label_of(uri: &str) -> Option<&str> {
    uri.split_once("/c2pa/")?.1.split('/').next()
}
