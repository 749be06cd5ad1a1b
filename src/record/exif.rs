//! EXIF blocks: TIFF structures with a description. (interface; the body is being written)

use crate::{Result, geometry::Orientation, limits::Budget};

/// The orientation that an EXIF block states.
pub(crate) fn orientation(_exif: &[u8], _budget: &mut Budget) -> Orientation {
    Orientation::Upright
}

/// The block with `ImageDescription` set to `text`, unless somebody else's description stands there: then `None`.
pub(crate) fn describe(_exif: Option<&[u8]>, _text: &str, _budget: &mut Budget) -> Result<Option<Vec<u8>>> {
    Ok(None)
}
