//! What a person perceives. Knows no file format.

mod artist;
mod audible;
mod blend;
mod fit;
#[cfg(test)]
mod goldens;
mod grey;
mod hear;
mod kept;
mod lettering;
pub(crate) mod level;
mod lexicon;
#[cfg(test)]
mod measured;
mod pcm;
mod pixels;
mod plate;
mod prose;
mod resample;
mod rhythm;
mod rows;
mod shown;
mod sight;
#[cfg(test)]
mod sighted;
pub(crate) mod speech;
#[cfg(test)]
mod testing;
mod typeset;
mod wrap;

use std::sync::Arc;

pub(crate) use artist::Artist;
pub(crate) use audible::{Audible, Heard, Sound};
pub use blend::Sample;
pub(crate) use blend::{Mix, blend, luma};
pub(crate) use hear::{Hit, Listener};
pub(crate) use lettering::{Letter, Lettering, Row, Stroke};
pub use pixels::Pixels;
pub(crate) use prose::{LINES, Line, MAX_LINE, Prose, Written, name_of_manifest, read};
pub(crate) use sight::{Sighting, is_even, measure, search, search_strip};

use self::kept::Kept;
use crate::geometry::{Orientation, Rect, Size};

/// The most samples a second of sound that is noticed or listened to: what a rate costs must be bounded.
pub(crate) const MAX_RATE: u32 = 384_000;

/// Plate and text of a notice as one coverage mask: 0 is plate, 255 is text. Rows from the top, no padding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) size: Size,
    pub(crate) coverage: Vec<u8>,
    /// What formats have made of it.
    pub(crate) kept: Kept,
}

impl Stamp {
    pub(crate) fn new(size: Size, coverage: Vec<u8>) -> Self {
        Self { size, coverage, kept: Kept::default() }
    }

    /// The same as stored where it is shown through `orientation`.
    fn turned(&self, orientation: Orientation) -> Arc<Self> {
        let size = orientation.shown(self.size);
        let mut coverage = vec![0; self.coverage.len()];
        for (y, row) in (0..).zip(self.coverage.chunks_exact(self.size.width.max(1) as usize)) {
            for (x, &value) in (0..).zip(row) {
                let (x, y) = orientation.stored_point(x, y, self.size);
                coverage[y as usize * size.width as usize + x as usize] = value;
            }
        }
        Arc::new(Self::new(size, coverage))
    }
}

/// A notice drawn for a picture of a given size, in the frame *as shown*.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) stamp: Arc<Stamp>,
    pub(crate) plate: [u8; 3],
    pub(crate) text: [u8; 3],
    /// Where it stands in the result as shown.
    pub(crate) rect: Rect,
    /// Rows added above the picture as shown; the notice then fills them.
    pub(crate) strip: u32,
    /// Size of the result as shown: the picture, and the strip.
    pub(crate) frame: Size,
    /// Height of a capital letter in pixels.
    pub(crate) cap_height: u32,
    /// The lines as drawn, after wrapping.
    pub(crate) lines: Vec<String>,
    /// The text as filled outlines, SVG path data in pixels from the top left of the plate as it was drawn.
    pub(crate) outline: Arc<str>,
    /// How far `outline` is to be moved right and down in a plate that was enlarged to cover an older one, in pixels.
    pub(crate) shift: (u32, u32),
}

/// The same notice in the frame *as stored*, where formats draw.
#[derive(Clone, Debug)]
pub(crate) struct StoredNotice {
    pub(crate) stamp: Arc<Stamp>,
    pub(crate) plate: [u8; 3],
    pub(crate) text: [u8; 3],
    /// Where it stands in the result as stored.
    pub(crate) rect: Rect,
    /// Pixels added at each side of the stored picture.
    pub(crate) grow: Grow,
    /// Size of the result as stored.
    pub(crate) frame: Size,
}

/// Pixels that a strip adds at each side of the stored picture; at most one is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grow {
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) right: u32,
    pub(crate) bottom: u32,
}

impl Grow {
    pub(crate) fn is_zero(self) -> bool {
        self == Self::default()
    }
}

impl Notice {
    /// The notice for a picture whose stored pixels are shown through `orientation`.
    pub(crate) fn stored(&self, orientation: Orientation) -> StoredNotice {
        let frame = orientation.shown(self.frame);
        let rect = orientation.stored_rect(self.rect, self.frame);
        let stamp =
            if orientation == Orientation::Upright { Arc::clone(&self.stamp) } else { self.stamp.turned(orientation) };
        let mut grow = Grow::default();
        if self.strip > 0 {
            // The strip is the rows above the picture as shown: find the stored side that they are.
            *(match (orientation.swaps_sides(), rect.x == 0 && rect.y == 0) {
                (false, true) => &mut grow.top,
                (false, false) => &mut grow.bottom,
                (true, true) => &mut grow.left,
                (true, false) => &mut grow.right,
            }) = self.strip;
        }
        StoredNotice { stamp, plate: self.plate, text: self.text, rect, grow, frame }
    }
}

impl StoredNotice {
    /// The part of the notice that lies in `window`, counted from the window's top left; `None` when nothing does.
    pub(crate) fn within(&self, window: Rect) -> Option<Self> {
        let (left, top) = (self.rect.x.max(window.x), self.rect.y.max(window.y));
        let right = self.rect.x.saturating_add(self.rect.width).min(window.x.saturating_add(window.width));
        let bottom = self.rect.y.saturating_add(self.rect.height).min(window.y.saturating_add(window.height));
        let size = Size { width: right.checked_sub(left)?, height: bottom.checked_sub(top)? };
        if size.width == 0 || size.height == 0 {
            return None;
        }
        let (skip, width) = ((left - self.rect.x) as usize, size.width as usize);
        let rows = self.stamp.coverage.chunks_exact(self.stamp.size.width.max(1) as usize);
        let rows = rows.skip((top - self.rect.y) as usize).take(size.height as usize);
        let coverage = rows.flat_map(|row| &row[skip..skip + width]).copied().collect();
        Some(Self {
            stamp: Arc::new(Stamp::new(size, coverage)),
            rect: Rect { x: left - window.x, y: top - window.y, width: size.width, height: size.height },
            grow: Grow::default(),
            frame: window.size(),
            ..*self
        })
    }

    /// Size of the stored picture before a strip was added.
    pub(crate) fn original(&self) -> Size {
        Size {
            width: self.frame.width - self.grow.left - self.grow.right,
            height: self.frame.height - self.grow.top - self.grow.bottom,
        }
    }
}

/// A decoded picture as shown (orientation applied), 8-bit sRGB-like RGB over white where it was transparent.
#[derive(Clone, Debug)]
pub(crate) struct Raster {
    pub(crate) size: Size,
    /// Three bytes a pixel, rows from the top, no padding.
    pub(crate) rgb: Vec<u8>,
}

impl Raster {
    /// Turns stored rows upright.
    pub(crate) fn upright(rgb: Vec<u8>, stored: Size, orientation: Orientation) -> Self {
        if orientation == Orientation::Upright {
            return Self { size: stored, rgb };
        }
        let size = orientation.shown(stored);
        let mut turned = Vec::with_capacity(rgb.len());
        for y in 0..size.height {
            for x in 0..size.width {
                let (x, y) = orientation.stored_point(x, y, size);
                let at = (y as usize * stored.width as usize + x as usize) * 3;
                turned.extend_from_slice(&rgb[at..at + 3]);
            }
        }
        Self { size, rgb: turned }
    }
}
