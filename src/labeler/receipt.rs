//! What was done to one file, as its caller is told.

use serde::{Deserialize, Serialize};

use super::{HeardNotice, Job, Labeler, Output, Reencoding, WrittenNotice, wanted::Wanted};
use crate::{
    Format,
    format::{Marked, Medium},
    geometry::{Rect, Size},
    report::Span,
};

/// How a sentence about what is missing ends where nobody wanted it.
const SWITCHED_OFF: &str = "switched off by the policy";

/// What was done to one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// The format recognised.
    pub format: Format,
    /// The one identifier of this piece, in the manifest and in the record alike.
    pub id: String,
    /// The notice, where it stands; `None` when the label has none.
    pub notice: Option<PlacedNotice>,
    /// The notice in a recording; `None` when the label has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<HeardNotice>,
    /// The notice in a text; `None` when the label has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<WrittenNotice>,
    /// How a film was encoded again; `None` where nothing was, or not by another program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reencoding: Option<Reencoding>,
    /// Whether the record (XMP and the like) was written.
    pub record: bool,
    /// Whether the signed manifest was written.
    pub manifest: bool,
    /// Whether the signer is a development identity, which nobody trusts.
    pub development_signer: bool,
    /// Length of the manifest store in bytes.
    pub manifest_bytes: u64,
    /// The manifest store, where it does not stand in the file: it belongs into a file beside the content, whose name is the
    /// content's with `.c2pa` behind it. `None` where it stands in the file. Not in the JSON form.
    #[serde(skip)]
    pub sidecar: Option<Vec<u8>>,
    /// The name of the manifest that stands in the text, `urn:c2pa:` and the identifier; `None` where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Length of the result in bytes.
    pub bytes: u64,
    /// What is missing from a whole label, as sentences; empty when nothing is.
    pub incomplete: Vec<String>,
    /// What had to be decoded and encoded again, and how close it stayed.
    pub remarks: Vec<String>,
}

impl Receipt {
    /// Whether both halves of a label stand in the file: the notice for people, record and manifest for machines.
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// Whether nothing is missing but what the policy switched off.
    pub fn is_as_asked(&self) -> bool {
        self.incomplete.iter().all(|why| why.ends_with(SWITCHED_OFF))
    }
}

/// Where a notice stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlacedNotice {
    /// In pixels of the result as shown.
    pub rect: Rect,
    /// Size of the result as shown.
    pub frame: Size,
    /// The lines as drawn.
    pub lines: Vec<String>,
    /// Height of a capital letter in pixels.
    pub cap_height_px: u32,
    /// Whether the notice had been there before and was kept.
    pub kept: bool,
    /// Whether the caller drew it into the pixels before they were encoded ([`Labeler::stamp`]).
    #[serde(default)]
    pub stamped: bool,
    /// Rows added above the picture.
    pub strip: u32,
    /// Each time that it is shown in a film; empty in a picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

impl Labeler {
    pub(super) fn receipt(&self, job: &Job, notice: &Wanted, marked: Marked, written: &Output) -> Receipt {
        let Job { format, plan, record, .. } = job;
        let (placed, heard, words) = (notice.placed(), notice.heard(), notice.written());
        let reference = notice.to_write().and_then(|prose| prose.names.as_ref()).map(|id| format!("urn:c2pa:{id}"));
        let (mut incomplete, mut remarks) = (marked.missing, marked.remarks);
        if plan.own_words && (placed.is_some() || words.is_some()) {
            remarks
                .push("the wording is your own: tanba did not check that it says that AI made or changed this".into());
        }
        if plan.prose_last && words.as_ref().is_some_and(|words| !words.at_the_end) {
            remarks.push(
                "the notice stands at the head only: documents of this format take none at their end here".into(),
            );
        }
        if words.as_ref().is_some_and(|words| words.on_first_page) {
            let why = "the notice stands on the first page only: what is passed on without it says nothing to people";
            remarks.push(why.into());
        }
        if reference.is_some() {
            let why = "the text names its manifest and does not hold it: without the file beside it, or a repository that gives it out \
                       by that name, the notice is only declared";
            remarks.push(why.into());
        } else if plan.reference && *format != Format::Text {
            remarks.push(format!("the manifest is not named in the notice: {format} keeps it in its usual place"));
        }
        if placed.is_none() && !plan.notice {
            incomplete.push(format!("no notice: {SWITCHED_OFF}"));
        } else if let (Medium::Text, None, Some(why)) = (format.medium(), &words, format.handler().mute(&job.survey)) {
            incomplete.push(format!("no notice: {why}"));
        } else if placed.is_none() && heard.is_none() && words.is_none() {
            let cannot = match format.medium() {
                Medium::Audio => "cannot put one into this",
                _ => "cannot draw into this",
            };
            incomplete.push(format!("no notice: tanba {cannot} {format}; show the warning beside it"));
        }
        if !plan.record {
            incomplete.push(format!("no record: {SWITCHED_OFF}"));
        }
        if !plan.manifest {
            incomplete.push(format!("no manifest: {SWITCHED_OFF}"));
        }
        Receipt {
            format: *format,
            id: record.id.to_string(),
            notice: placed,
            heard,
            written: words,
            reencoding: job.reencoding.clone(),
            record: job.recorded,
            manifest: plan.manifest,
            development_signer: self.signer.is_development(),
            manifest_bytes: written.store.as_ref().map_or(0, Vec::len) as u64,
            sidecar: written.store.clone().filter(|_| job.is_beside()),
            reference,
            bytes: written.len,
            incomplete,
            remarks,
        }
    }
}
