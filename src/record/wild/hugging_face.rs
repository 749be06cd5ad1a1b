//! Hugging Face: pictures that a job on its machines made carry the job's UUID. It names the job, not the model.

use super::{Detector, Evidence, is_uuid};
use crate::report::Finding;

pub(super) struct HuggingFace;

impl Detector for HuggingFace {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let jobs = evidence.fields.iter().filter(|field| field.is("hf-job-id") && is_uuid(field.value.trim()));
        jobs.map(|field| field.hint("a Hugging Face job", field.value)).collect()
    }
}
