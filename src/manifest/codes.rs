//! The engine's status codes: C2PA 2.4 §15.2.2.

/// One code.
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
        code.starts_with("signingCredential.")
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

/// Whether a code says how a hash compares with the content.
pub(super) fn is_compared(code: &str) -> bool {
    code.contains("Hash.") && [".match", ".mismatch", ".malformed"].iter().any(|end| code.ends_with(end))
}

/// Whether a status is about the binding to the content.
pub(super) fn is_hash(status: &Status) -> bool {
    is_binding(&status.code) && !status.code.contains("hashedURI")
}

/// The engine's status codes of the active manifest, and the failures of its ingredients.
pub(super) struct Codes {
    pub(super) successes: Vec<Status>,
    pub(super) failures: Vec<Status>,
    pub(super) ingredient_failures: Vec<Status>,
}

impl Codes {
    /// What a reader says that was given no file.
    pub(super) fn of(reader: &c2pa::Reader) -> Self {
        let mut codes = Self::over_file(reader);
        // Hashes were made of no file at all. That an assertion was redacted is another matter.
        for statuses in [&mut codes.successes, &mut codes.failures, &mut codes.ingredient_failures] {
            statuses.retain(|status| !is_compared(&status.code));
        }
        codes
    }

    /// All of the codes, those about the content of the file too.
    pub(super) fn over_file(reader: &c2pa::Reader) -> Self {
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

    pub(super) fn succeeded(&self, code: &str) -> bool {
        self.successes.iter().any(|status| status.code == code)
    }
}
