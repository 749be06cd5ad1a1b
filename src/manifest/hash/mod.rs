//! The hard bindings, computed here: one pass over the file, a few hundred kilobytes of memory, whatever its size.
//!
//! The C2PA engine would do the same with buffers of 256 MB. What is not computed here (films whose hashes follow their samples,
//! kinds that are not known) is left to it, up to a size.

mod bmff;
mod boxes;
mod collection;
mod data;
mod digest;
mod merkle;
mod tree;

use super::cbor::Value;
use crate::{
    Result,
    format::{Archive, NamedBox, Store},
    report::{Said, say},
};

pub(super) use bmff::Bmff;
pub(super) use boxes::Boxes;
pub(super) use collection::{Bound, Collection, LABEL as COLLECTION};
pub(super) use data::Data;
pub(super) use digest::{Algorithm, Feed};

/// What is said of content that has another hash.
const CHANGED: &str = "the content is not what was signed";

/// A hard binding as it stands in a manifest.
pub(super) enum Hash<'a> {
    Data(Data<'a>),
    Bmff(Bmff<'a>),
    Boxes(Boxes<'a>),
    Collection(Collection<'a>),
    /// One that is not computed here.
    Other(String),
}

/// What comparing gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Fits,
    /// It fits, but it does not speak of everything.
    Partly(&'static str),
    Differs(&'static str),
    /// It cannot be computed here, and why that matters where the engine cannot help.
    Foreign(&'static str),
}

/// What the content is compared with that is not the hash itself.
pub(super) struct Setting<'a> {
    /// What carries the store.
    pub(super) store: &'a Store,
    /// Whether an update manifest stands before the one that binds: then the store is longer than when it was hashed.
    pub(super) updated: bool,
    /// The parts of the file by their names; `None` where the format has none.
    pub(super) boxes: Option<&'a [NamedBox]>,
    /// The parts of an archive; `None` where the format is none.
    pub(super) archive: Option<&'a Archive>,
    /// The hash is over Unicode's form C of a text: C2PA 2.4 §15.12.1.3.1.
    pub(super) nfc: bool,
}

impl<'a> Hash<'a> {
    /// Reads the assertion `label` with the content `cbor`. `default` is the algorithm of hashes that name none.
    pub(super) fn parse(label: &str, cbor: &'a [u8], default: &str) -> Result<Self, &'static str> {
        const UNREADABLE: &str = "the binding to the content cannot be read";
        let is = |kind: &str| label.strip_prefix(kind).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"));
        let kinds = ["c2pa.hash.bmff", "c2pa.hash.bmff.v2", "c2pa.hash.bmff.v3"];
        let collection = is("c2pa.hash.collection.data");
        let version = kinds.iter().position(|kind| is(kind)).map(|index| index + 1);
        if !is("c2pa.hash.data") && !is("c2pa.hash.boxes") && !collection && version.is_none() {
            return Ok(Self::Other(label.to_owned()));
        }
        let value = Value::read(cbor).ok_or(UNREADABLE)?;
        if value.get("url").is_some() {
            return Err("the hash of the content is kept elsewhere");
        }
        Ok(match version {
            Some(version) => Self::Bmff(Bmff::parse(&value, version, default).ok_or(UNREADABLE)?),
            None if collection => Self::Collection(Collection::parse(&value, default).ok_or(UNREADABLE)?),
            None if is("c2pa.hash.data") => Self::Data(Data::parse(&value, default).ok_or(UNREADABLE)?),
            None => Self::Boxes(Boxes::parse(&value, default).ok_or(UNREADABLE)?),
        })
    }

    /// Compares with the content.
    ///
    /// # Errors
    ///
    /// Only when the file cannot be read.
    pub(super) fn compare(&self, feed: &mut Feed, setting: &Setting) -> Result<Compared> {
        match self {
            Self::Data(data) => data.compare(feed, setting),
            Self::Bmff(bmff) => bmff.compare(feed),
            Self::Boxes(boxes) => boxes.compare(feed, setting),
            Self::Collection(collection) => collection.compare(feed, setting),
            Self::Other(_) => {
                Ok(Compared::Foreign("the binding is of a kind that tanba checks in files up to 64 MB only"))
            }
        }
    }

    /// What the hash leaves out although it is not the store; `None` when that is nothing.
    pub(super) fn left_out(&self, setting: &Setting) -> Option<Said> {
        match self {
            Self::Data(data) => data.left_out(setting),
            Self::Bmff(bmff) => bmff.left_out(),
            Self::Boxes(boxes) => boxes.left_out(),
            Self::Collection(_) => None,
            Self::Other(label) => Some(say!("the binding {} is not known here", label)),
        }
    }

    /// The status codes of this kind, up to their last part: C2PA 2.4 §15.2.2.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Data(_) => "assertion.dataHash",
            Self::Bmff(_) => "assertion.bmffHash",
            Self::Boxes(_) => "assertion.boxesHash",
            Self::Collection(_) | Self::Other(_) => "assertion.collectionHash",
        }
    }
}

/// The algorithm that a map names, or else `default`.
fn algorithm(value: &Value, default: &str) -> Option<Algorithm> {
    match value.get("alg") {
        Some(name) => Algorithm::named(name.text()?),
        None => Algorithm::named(default),
    }
}

#[cfg(test)]
mod tests;
