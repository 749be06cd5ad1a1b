//! Reads a manifest store and judges it on the four axes. The C2PA engine checks hashes and signatures; who is trusted,
//! what may be left out of a hash, and what all that means is decided here.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    TrustAnchors, binding,
    certificate::{self, Certificate},
    chain, jumbf,
    path::{self, Purpose, Refusal},
    said,
    seal::{self, Seal},
    stamp,
    trust::List,
};
use crate::{
    Format, Result,
    format::{Store, Survey},
    geometry::Rect,
    report::{
        Axes, Binding, Class, Finding, ManifestReport, Signature, SignerStanding, Statement, Technique, TimeStanding,
    },
    stream::Source,
};

/// What the signed layer says.
pub(crate) struct Reading {
    pub(crate) axes: Axes,
    pub(crate) manifest: Option<ManifestReport>,
    pub(crate) findings: Vec<Finding>,
    /// Where the manifest says that notices stand, and with which lines.
    pub(crate) regions: Vec<(Rect, Vec<String>)>,
    /// A store is there that could not be read at all.
    pub(crate) unreadable: bool,
}

impl Reading {
    fn none() -> Self {
        Self { axes: Axes::NONE, manifest: None, findings: Vec::new(), regions: Vec::new(), unreadable: false }
    }

    fn unreadable(why: String, place: String) -> Self {
        let finding = about(format!("the C2PA manifest store cannot be read: {why}"), &why, place);
        Self { findings: vec![finding], unreadable: true, ..Self::none() }
    }
}

/// Reads the store that `survey` found in `source`.
///
/// # Errors
///
/// Only when `source` cannot be read: a bad label is data.
pub(crate) fn read(
    format: Format,
    source: &mut dyn Source,
    survey: &Survey,
    anchors: &TrustAnchors,
    at: OffsetDateTime,
) -> Result<Reading> {
    let store = match survey.stores.as_slice() {
        [] => return Ok(Reading::none()),
        [store] => store,
        several => {
            // C2PA 2.4 §11.1.4: a file has one store; which of two a reader takes is chance.
            let why = format!("there are {} of them", several.len());
            return Ok(Reading::unreadable(why, binding::place(format, &several[1].carrier)));
        }
    };
    let place = binding::place(format, &store.carrier);
    if let Err(why) = jumbf::check(&store.jumbf) {
        return Ok(Reading::unreadable(why, place));
    }
    source.rewind()?;
    let opened = catch_unwind(AssertUnwindSafe(|| open(&store.jumbf, survey.media_type, &mut *source)));
    let view = match opened {
        Ok(Ok(view)) => view,
        Ok(Err(c2pa::Error::IoError(error))) if error.raw_os_error().is_some() => return Err(error.into()),
        Ok(Err(error)) => return Ok(Reading::unreadable(error.to_string(), place)),
        Err(_) => return Ok(Reading::unreadable("it makes the C2PA engine fail".into(), place)),
    };
    Ok(view.judge(store, survey.trailer.is_some(), anchors, at, &place))
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

/// The engine with nothing to fetch and nobody to trust. That a stamp's authority is unknown to it must not make it
/// forget the stamp.
const SETTINGS: &str = r#"{
    "core": { "allowed_network_hosts": [] },
    "verify": { "remote_manifest_fetch": false, "ocsp_fetch": false, "verify_timestamp_trust": false }
}"#;

fn open(store: &[u8], media_type: &str, source: &mut dyn Source) -> c2pa::Result<View> {
    let context = c2pa::Context::new().with_settings(SETTINGS)?;
    let reader = c2pa::Reader::from_context(context).with_manifest_data_and_stream(store, media_type, source)?;
    let json = serde_json::from_str(&reader.detailed_json_checked()?)?;
    let active = reader.active_label().ok_or(c2pa::Error::ClaimMissing { label: "active".into() })?.to_owned();
    Ok(View { reader, json, active, seal: Seal::default() })
}

impl View {
    fn judge(
        mut self,
        store: &Store,
        trailer: bool,
        anchors: &TrustAnchors,
        at: OffsetDateTime,
        place: &str,
    ) -> Reading {
        let codes = Codes::of(&self.reader);
        self.seal = Seal::check(&self, &store.jumbf, &codes);
        let mut findings = Vec::new();
        let (binding, why) = binding::judge(&self, &codes, store, trailer);
        if let Some(why) = why {
            findings.push(about(why.clone(), &why, place.to_owned()));
        }
        let signature = signature(&codes, &self.seal);
        let stamped = self.stamp(&store.jumbf, &codes, anchors);
        let signing_time = stamped.trusted_time().unwrap_or(at);
        let vouched = self.vouched(&self.active, anchors, signing_time);
        let revoked = codes.failed("signingCredential.ocsp.revoked");
        let signer = match &vouched {
            // A certificate that stands beside a bad signature says nothing about who signed.
            _ if signature == Signature::Bad => SignerStanding::Unknown,
            _ if revoked => SignerStanding::Revoked,
            Ok(list) if self.is_pinned(list) => SignerStanding::PinnedVendor,
            Ok(_) => SignerStanding::Trusted,
            Err(Refusal::Expired(_)) => SignerStanding::Expired,
            Err(Refusal::Unknown(_)) => SignerStanding::Unknown,
        };
        let axes = Axes { binding, signature, signer, time: stamped.standing };
        let intact = binding == Binding::Intact && signature == Signature::Ok;
        findings.extend(self.seal.faults.iter().map(|why| about(why.clone(), why, place.to_owned())));
        findings.extend(faults(&codes, place));
        if let (true, Err(refusal)) = (signature == Signature::Ok, &vouched) {
            findings.push(about(
                format!("the signer is not trusted: {}", refusal.why()),
                refusal.why(),
                place.to_owned(),
            ));
        }
        if let Some(why) = &stamped.refusal {
            findings.push(about(format!("the time-stamp is not trusted: {why}"), why, place.to_owned()));
        }
        let mut regions = Vec::new();
        if intact {
            // What was changed says nothing.
            let class = |label: &str| {
                if !self.seal.holds(label) {
                    return None;
                }
                let trusted = if label == self.active {
                    vouched.is_ok() && !revoked
                } else {
                    self.vouched(label, anchors, at).is_ok()
                };
                let known = matches!(signer, SignerStanding::Trusted | SignerStanding::PinnedVendor);
                Some(if trusted && known { Class::Proven } else { Class::Intact })
            };
            findings.extend(said::findings(&self, class, place));
            regions = said::notices(&self);
        }
        let manifest = Some(self.report(&codes, &stamped, vouched.as_ref().ok().copied()));
        Reading { axes, manifest, findings, regions, unreadable: false }
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

    fn report(&self, codes: &Codes, stamped: &Stamped, trusted_by: Option<&List>) -> ManifestReport {
        let chain = self.chain(&self.active);
        let leaf = chain.first().and_then(|der| Certificate::parse(der).ok());
        let info = self.reader.active_manifest().and_then(c2pa::Manifest::signature_info);
        let mut failures: Vec<_> = codes.failures.iter().map(|failure| failure.code.clone()).collect();
        failures.extend(codes.ingredient_failures.iter().map(|failure| format!("ingredient: {}", failure.code)));
        // The engine was given no anchors: whom to trust is decided here.
        failures.retain(|code| trusted_by.is_none() || code != "signingCredential.untrusted");
        failures.sort();
        failures.dedup();
        ManifestReport {
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
    refusal: Option<String>,
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

/// One of the engine's status codes: C2PA 2.4 §15.2.2.
pub(super) struct Status {
    pub(super) code: String,
    /// What it is about.
    pub(super) url: Option<String>,
}

impl Status {
    /// Failures that leave the signature right: they are about who signed, when, and whether the content was changed, which is
    /// said on other axes; or about somebody else's statement.
    pub(super) fn is_excused(&self) -> bool {
        let code = self.code.as_str();
        (code.starts_with("signingCredential.") && !code.ends_with(".revoked"))
            || code.starts_with("timeStamp.")
            || code.starts_with("timestamp.")
            || code.starts_with("cawg.")
            || is_binding(code)
    }
}

/// Whether a code is about the binding to the content.
pub(super) fn is_binding(code: &str) -> bool {
    code.contains("Hash.") || code == "claim.hardBindings.missing" || code == "assertion.multipleHardBindings"
}

/// The engine's status codes of the active manifest, and the failures of its ingredients.
pub(super) struct Codes {
    pub(super) successes: Vec<Status>,
    pub(super) failures: Vec<Status>,
    pub(super) ingredient_failures: Vec<Status>,
}

impl Codes {
    fn of(reader: &c2pa::Reader) -> Self {
        let statuses = |statuses: &[c2pa::validation_status::ValidationStatus]| {
            let status = |status: &c2pa::validation_status::ValidationStatus| Status {
                code: status.code().to_owned(),
                url: status.url().map(str::to_owned),
            };
            statuses.iter().map(status).collect::<Vec<_>>()
        };
        let results = reader.validation_results();
        let active = results.and_then(c2pa::ValidationResults::active_manifest);
        let deltas = results.and_then(c2pa::ValidationResults::ingredient_deltas).into_iter().flatten();
        Self {
            successes: active.map(|codes| statuses(codes.success())).unwrap_or_default(),
            failures: active.map(|codes| statuses(codes.failure())).unwrap_or_default(),
            ingredient_failures: deltas.flat_map(|delta| statuses(delta.validation_deltas().failure())).collect(),
        }
    }

    pub(super) fn failed(&self, code: &str) -> bool {
        self.failures.iter().any(|status| status.code == code)
    }

    fn succeeded(&self, code: &str) -> bool {
        self.successes.iter().any(|status| status.code == code)
    }
}

/// A revoked certificate's signature is still right; any failure that is not known to be harmless makes it bad.
fn signature(codes: &Codes, seal: &Seal) -> Signature {
    let harmless = |status: &Status| status.is_excused() || status.code == "signingCredential.ocsp.revoked";
    let good = codes.succeeded("claimSignature.validated") && seal.faults.is_empty();
    if good && codes.failures.iter().all(harmless) { Signature::Ok } else { Signature::Bad }
}

/// The engine's other failures, as findings. Who is trusted, and whether the content was changed, is said elsewhere.
fn faults(codes: &Codes, place: &str) -> Vec<Finding> {
    let skipped = |code: &str| {
        (code.starts_with("signingCredential.") && code != "signingCredential.ocsp.revoked")
            || code.contains("Hash.mismatch")
    };
    let faults = |codes: &[Status], whose: &'static str| {
        let codes = codes.iter().map(|status| status.code.clone());
        let mut codes: Vec<_> = codes.filter(|code| !skipped(code)).collect();
        codes.sort();
        codes.dedup();
        codes
            .into_iter()
            .map(move |code| about(format!("{whose}: {}", words(&code)), &code, place.to_owned()))
            .collect::<Vec<_>>()
    };
    let own = faults(&codes.failures, "the manifest");
    let others = faults(&codes.ingredient_failures, "a manifest of an ingredient");
    own.into_iter().chain(others).collect()
}

fn words(code: &str) -> String {
    match code {
        "claimSignature.mismatch" => "the signature does not fit".into(),
        "assertion.hashedURI.mismatch" => "a signed statement was changed".into(),
        "signingCredential.ocsp.revoked" => "the signer's certificate was revoked".into(),
        other => format!("C2PA status {other}"),
    }
}

pub(super) fn about(text: String, value: &str, place: String) -> Finding {
    Finding::new(Technique::C2pa, Class::Declared, Statement::AboutTheLabel, text, value, place)
}
