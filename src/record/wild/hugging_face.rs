//! Hugging Face: pictures that a job on its machines made carry the job's UUID. It names the job, not the model.

use super::{Detector, Evidence, is_uuid};
use crate::report::{Class, Finding, Said, say};

pub(super) struct HuggingFace;

impl Detector for HuggingFace {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let jobs = evidence.fields.iter().filter(|field| field.is("hf-job-id") && is_uuid(field.value.trim()));
        // No name: it has another word in every language.
        const JOB: &str = "a Hugging Face job";
        let said = || say!("a trace that {} leaves: made by AI", Said::from(JOB));
        jobs.map(|field| field.finding(Class::Hint, said(), field.value).with_system(JOB)).collect()
    }
}
