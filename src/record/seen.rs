//! What the detectors look at beside the surveyed metadata: pixels, and bytes behind the end.

use crate::{
    Format, Result,
    format::Survey,
    geometry::Size,
    stream::{Source, read_at},
};

/// Pictures larger than this are not looked into for marks in the pixels.
pub(crate) const MAX_PIXELS: u64 = 16 << 20;
/// How much of what stands behind the end is looked at, in bytes: its last part, where phones put their directory.
const MAX_TRAILER: u64 = 512 << 10;

/// A decoded picture.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pixels<'a> {
    pub(crate) size: Size,
    /// Bytes of one pixel: 3, or 4 with alpha.
    pub(crate) channels: usize,
    /// Rows from the top, no padding.
    pub(crate) data: &'a [u8],
    /// It does not lie as stored.
    pub(crate) turned: bool,
}

impl<'a> Pixels<'a> {
    /// `None` where there are too many, or `data` is not as long as they need.
    pub(crate) fn new(size: Size, channels: usize, data: &'a [u8], turned: bool) -> Option<Self> {
        let count = u64::from(size.width) * u64::from(size.height);
        let fits = count > 0 && count <= MAX_PIXELS && count * channels as u64 == data.len() as u64;
        (fits && matches!(channels, 3 | 4)).then_some(Self { size, channels, data, turned })
    }
}

/// What was seen of a file beside its metadata.
#[derive(Debug, Default)]
pub(crate) struct Seen<'a> {
    pub(crate) pixels: Option<Pixels<'a>>,
    /// The last bytes behind the end of the content, and the offset of the first of them.
    pub(crate) trailer: (Vec<u8>, u64),
}

/// The last bytes behind the end of the content.
pub(crate) fn trailer(format: Format, source: &mut dyn Source, survey: &Survey) -> Result<(Vec<u8>, u64)> {
    let Some(range) = &survey.trailer else { return Ok((Vec::new(), 0)) };
    let start = range.start.max(range.end.saturating_sub(MAX_TRAILER));
    Ok((read_at(source, format, start, range.end.saturating_sub(start))?, start))
}
