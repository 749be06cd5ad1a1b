//! Shapes and rasterises the wording. (interface; the body is being written)

use super::Notice;
use crate::{Result, geometry::Size, policy::Plan};

/// Draws notices. Built once, used from many threads; masks are kept per wording and size.
pub(crate) struct Artist {}

impl Artist {
    pub(crate) fn new() -> Self {
        Self {}
    }

    /// Draws the plan's wording for a picture shown with `frame`.
    pub(crate) fn draw(&self, _plan: &Plan, _frame: Size) -> Result<Notice> {
        unimplemented!()
    }
}
