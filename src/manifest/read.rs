//! Reads a manifest store and judges it on the four axes. (interface; the body is being written)

use time::OffsetDateTime;

use super::TrustAnchors;
use crate::{
    Format, Result,
    format::Survey,
    geometry::Rect,
    report::{Axes, Finding, ManifestReport},
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

pub(crate) fn read(
    _format: Format,
    _source: &mut dyn Source,
    _survey: &Survey,
    _anchors: &TrustAnchors,
    _at: OffsetDateTime,
) -> Result<Reading> {
    Ok(Reading { axes: Axes::NONE, manifest: None, findings: Vec::new(), regions: Vec::new(), unreadable: false })
}
