//! Finds and measures notices in decoded pictures. (interface; the body is being written)

use super::Raster;
use crate::{
    geometry::Rect,
    policy::{Extent, Language},
};

/// A notice that was seen.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    pub(crate) rect: Rect,
    /// Height of a capital letter in pixels, measured.
    pub(crate) cap_height: f64,
    /// Contrast of text against plate, measured, 1 to 21.
    pub(crate) contrast: f64,
    /// The lines recognised, from the wording table or from `expected`.
    pub(crate) lines: Vec<String>,
    /// What the recognised wording says, when it is from the table.
    pub(crate) extent: Option<Extent>,
    pub(crate) languages: Vec<Language>,
    /// Correlation with the wording as tanba draws it, 0 to 1.
    pub(crate) score: f64,
}

/// Measures the notice that should stand at `rect` with the lines `expected`.
pub(crate) fn measure(_picture: &Raster, _rect: Rect, _expected: &[String]) -> Option<Sighting> {
    None
}

/// Searches a picture for plates with the wordings of the table, and with the lines `also` where it is not empty.
pub(crate) fn search(_picture: &Raster, _also: &[String]) -> Vec<Sighting> {
    Vec::new()
}
