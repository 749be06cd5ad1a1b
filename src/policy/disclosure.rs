//! What the caller discloses about the content.

use serde::{Deserialize, Serialize};

/// How much of the content an AI system made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Extent {
    /// Made by an AI system as a whole.
    Generated,
    /// Existing content that an AI system changed.
    Modified,
}

impl Extent {
    /// The IPTC digital source type that says so, as the full URI
    /// (<https://cv.iptc.org/newscodes/digitalsourcetype/>).
    pub fn digital_source_type(self) -> &'static str {
        match self {
            Self::Generated => "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia",
            Self::Modified => "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
        }
    }
}

/// How far a person took part: C2PA 2.4 §18.28, `humanOversightLevel`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oversight {
    /// Nobody asked for this piece in particular.
    FullyAutonomous,
    /// A person wrote the prompt.
    PromptGuided,
    /// A person checked the result.
    HumanValidated,
}

/// What is disclosed: which system made or changed the content, and who provides that system.
///
/// Nothing personal is in here: no prompt, no name of a user, no place.
///
/// ```
/// use tanba::Disclosure;
/// let disclosure = Disclosure::generated("Acme Diffusion").system_version("3.1").provider("Acme LLP");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    pub(crate) extent: Extent,
    pub(crate) system: String,
    pub(crate) system_version: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) oversight: Option<Oversight>,
    pub(crate) title: Option<String>,
    pub(crate) no_training: bool,
}

impl Disclosure {
    /// Content that `system` generated.
    pub fn generated(system: impl Into<String>) -> Self {
        Self::new(Extent::Generated, system.into())
    }

    /// Existing content that `system` changed.
    pub fn modified(system: impl Into<String>) -> Self {
        Self::new(Extent::Modified, system.into())
    }

    fn new(extent: Extent, system: String) -> Self {
        Self { extent, system, system_version: None, provider: None, oversight: None, title: None, no_training: false }
    }

    /// Version of the system. When it is not set, the label says `unspecified`: California's SB 942 wants the field.
    pub fn system_version(mut self, version: impl Into<String>) -> Self {
        self.system_version = Some(version.into());
        self
    }

    /// Who provides the system. Default: the organisation named in the signing certificate.
    pub fn provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// How far a person took part. Default: not stated.
    pub fn oversight(mut self, oversight: Oversight) -> Self {
        self.oversight = Some(oversight);
        self
    }

    /// A title of the work. Default: none.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// States, in machine-readable form, that the author prohibits use for training AI models
    /// (Kazakhstan, Law No. 230-VIII, Art. 23): XMP `plus:DataMining` and C2PA `cawg.training-mining`. Default: not stated.
    pub fn prohibit_training(mut self) -> Self {
        self.no_training = true;
        self
    }

    /// How much an AI system made.
    pub fn extent(&self) -> Extent {
        self.extent
    }
}
