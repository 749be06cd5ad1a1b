//! Why labelling or examining failed, grouped by who can fix it.

use crate::format::Format;

/// The result of every fallible call of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error of a library below, kept as the source.
pub type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why an operation failed, and who can fix it: see [`Error::fixable_by`].
///
/// A *bad label* is never an `Error`: it is data in the [`Report`](crate::Report). An `Error` means "could not look" or
/// "could not write".
///
/// ```
/// let error = tanba::verify(b"GIF89a").unwrap_err();
/// assert_eq!(error.fixable_by(), tanba::FixableBy::Content);
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The leading bytes match no format of [`Format::ALL`].
    #[error("not a format that tanba knows; `tanba formats` lists those it does")]
    UnknownFormat,
    /// The format is known, but what was asked cannot be done with this file.
    #[error("{format}: {what}")]
    Unsupported {
        /// The format recognised.
        format: Format,
        /// What cannot be done and what to do instead.
        what: String,
    },
    /// An argument of the caller cannot be used.
    #[error("{argument}: {why}")]
    Argument {
        /// Which argument.
        argument: &'static str,
        /// What is wrong and what would be right.
        why: String,
    },
    /// The notice cannot be drawn legibly with this wording on this picture.
    #[error("the notice does not fit: {why}")]
    NoticeDoesNotFit {
        /// The numbers, and what to do.
        why: String,
    },
    /// The bytes break the format's own grammar.
    #[error("malformed {format} at byte {at}: {why}")]
    Malformed {
        /// The format recognised.
        format: Format,
        /// Bytes from the start of the file.
        at: u64,
        /// What is wrong there.
        why: String,
    },
    /// Metadata of the file cannot be read, so that nothing can be added to it without losing what it says.
    #[error(
        "malformed {kind} metadata, at byte {at} of it: {why}; repair or remove it first, or label without a record"
    )]
    Metadata {
        /// Which metadata: "XMP", "EXIF".
        kind: &'static str,
        /// Bytes from the start of the metadata, converted to UTF-8 where it is text.
        at: u64,
        /// What is wrong there.
        why: String,
    },
    /// A bound of [`Limits`](crate::Limits) stopped the work before memory or time was spent.
    #[error("{what} is {got}, over the limit of {max}; raise it in `Limits` if the file is trusted")]
    Limit {
        /// What was counted.
        what: &'static str,
        /// What the file asks for.
        got: u64,
        /// What is allowed.
        max: u64,
    },
    /// A key, a certificate chain or a time-stamp cannot be used.
    #[error("signing identity: {why}")]
    Identity {
        /// What is wrong and what to do.
        why: String,
        /// The error below, where there is one.
        #[source]
        source: Option<Cause>,
    },
    /// A codec or the C2PA engine failed on this content.
    #[error("cannot {doing} this {format}: {source}")]
    Backend {
        /// The format recognised.
        format: Format,
        /// A verb: "decode", "encode", "sign".
        doing: &'static str,
        /// The error below.
        #[source]
        source: Cause,
    },
    /// The program that encodes films could not be run, or was killed at a bound that was set for it.
    #[error("ffmpeg: {why}")]
    Ffmpeg {
        /// What happened and what to do.
        why: String,
    },
    /// What was written could not be found again: the output must not be used.
    #[error("{format}: {what} was written but could not be read back; the output is not labelled, please report this")]
    ReadBack {
        /// The format written.
        format: Format,
        /// Which half is missing.
        what: &'static str,
    },
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Who can fix an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FixableBy {
    /// The caller: another argument or another format.
    Caller,
    /// Whoever made the file: its bytes are wrong or too large.
    Content,
    /// Whoever runs the service: keys, certificates, transports.
    Operator,
    /// The environment: disk, pipe, permissions.
    Environment,
    /// Us: a defect.
    Developer,
}

impl Error {
    /// Who can fix this error.
    pub fn fixable_by(&self) -> FixableBy {
        match self {
            Self::UnknownFormat | Self::Unsupported { .. } | Self::Argument { .. } | Self::NoticeDoesNotFit { .. } => {
                FixableBy::Caller
            }
            Self::Malformed { .. } | Self::Metadata { .. } | Self::Limit { .. } | Self::Backend { .. } => {
                FixableBy::Content
            }
            Self::Identity { .. } | Self::Ffmpeg { .. } => FixableBy::Operator,
            Self::Io(_) => FixableBy::Environment,
            Self::ReadBack { .. } => FixableBy::Developer,
        }
    }

    pub(crate) fn malformed(format: Format, at: u64, why: impl Into<String>) -> Self {
        Self::Malformed { format, at, why: why.into() }
    }

    pub(crate) fn unsupported(format: Format, what: impl Into<String>) -> Self {
        Self::Unsupported { format, what: what.into() }
    }

    pub(crate) fn backend(format: Format, doing: &'static str, source: impl Into<Cause>) -> Self {
        Self::Backend { format, doing, source: source.into() }
    }
}
