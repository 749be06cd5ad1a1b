//! Rectangles and orientation: the arithmetic that layout, notice and formats share.

use serde::{Deserialize, Serialize};

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Size {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Size {
    /// The shorter side.
    pub fn shorter(self) -> u32 {
        self.width.min(self.height)
    }
}

/// A rectangle in pixels, from the top left of the picture as shown (EXIF orientation applied).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Rect {
    /// Pixels from the left edge.
    pub x: u32,
    /// Pixels from the top edge.
    pub y: u32,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl Rect {
    pub(crate) fn size(self) -> Size {
        Size { width: self.width, height: self.height }
    }

    pub(crate) fn area(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// The smallest rectangle that holds both.
    pub(crate) fn union(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        let right = self.x.saturating_add(self.width).max(other.x.saturating_add(other.width));
        let bottom = self.y.saturating_add(self.height).max(other.y.saturating_add(other.height));
        Self { x, y, width: right - x, height: bottom - y }
    }

    /// Whether the rectangle lies wholly inside a picture of this size.
    pub(crate) fn inside(self, size: Size) -> bool {
        u64::from(self.x) + u64::from(self.width) <= size.width.into()
            && u64::from(self.y) + u64::from(self.height) <= size.height.into()
    }
}

/// How stored rows and columns map to what is shown: EXIF 3.0 §4.6.5.1.6 tag 0x0112, values 1 to 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: mirrored left to right.
    Mirrored,
    /// 3: turned by 180°.
    Turned180,
    /// 4: mirrored top to bottom.
    Flipped,
    /// 5: mirrored along the main diagonal (row 0 is the left side, column 0 the top).
    Transposed,
    /// 6: shown after turning the stored picture 90° clockwise.
    Turned90,
    /// 7: mirrored along the other diagonal.
    Transverse,
    /// 8: shown after turning the stored picture 90° counter-clockwise.
    Turned270,
}

impl Orientation {
    /// From the EXIF value; what is out of range counts as upright, as in every viewer.
    pub(crate) fn from_exif(value: u32) -> Self {
        match value {
            2 => Self::Mirrored,
            3 => Self::Turned180,
            4 => Self::Flipped,
            5 => Self::Transposed,
            6 => Self::Turned90,
            7 => Self::Transverse,
            8 => Self::Turned270,
            _ => Self::Upright,
        }
    }

    pub(crate) fn swaps_sides(self) -> bool {
        matches!(self, Self::Transposed | Self::Turned90 | Self::Transverse | Self::Turned270)
    }

    /// What leads from stored to shown, where this one leads from shown to stored.
    pub(crate) fn inverse(self) -> Self {
        match self {
            Self::Turned90 => Self::Turned270,
            Self::Turned270 => Self::Turned90,
            other => other,
        }
    }

    /// The size as shown of a picture stored with `stored`; also the other way round.
    pub(crate) fn shown(self, stored: Size) -> Size {
        if self.swaps_sides() { Size { width: stored.height, height: stored.width } } else { stored }
    }

    /// Where the pixel that is shown at (`x`, `y`) is stored, in a picture *shown* with `shown`.
    pub(crate) fn stored_point(self, x: u32, y: u32, shown: Size) -> (u32, u32) {
        let (w, h) = (shown.width, shown.height);
        match self {
            Self::Upright => (x, y),
            Self::Mirrored => (w - 1 - x, y),
            Self::Turned180 => (w - 1 - x, h - 1 - y),
            Self::Flipped => (x, h - 1 - y),
            Self::Transposed => (y, x),
            Self::Turned90 => (y, w - 1 - x),
            Self::Transverse => (h - 1 - y, w - 1 - x),
            Self::Turned270 => (h - 1 - y, x),
        }
    }

    /// Where the rectangle shown at `rect` is stored.
    pub(crate) fn stored_rect(self, rect: Rect, shown: Size) -> Rect {
        if rect.width == 0 || rect.height == 0 {
            return Rect { x: 0, y: 0, width: 0, height: 0 };
        }
        let a = self.stored_point(rect.x, rect.y, shown);
        let b = self.stored_point(rect.x + rect.width - 1, rect.y + rect.height - 1, shown);
        let (x, y) = (a.0.min(b.0), a.1.min(b.1));
        Rect { x, y, width: a.0.max(b.0) - x + 1, height: a.1.max(b.1) - y + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_top_right_rectangle_is_stored_where_each_orientation_puts_it() {
        // Shown 40 × 30, rectangle in the top right corner.
        let shown = Size { width: 40, height: 30 };
        let rect = Rect { x: 30, y: 2, width: 8, height: 4 };
        let expected = [
            (30, 2, 8, 4),
            (2, 2, 8, 4),
            (2, 24, 8, 4),
            (30, 24, 8, 4),
            (2, 30, 4, 8),
            (2, 2, 4, 8),
            (24, 2, 4, 8),
            (24, 30, 4, 8),
        ];
        for (value, (x, y, width, height)) in (1..).zip(expected) {
            let orientation = Orientation::from_exif(value);
            let stored = orientation.stored_rect(rect, shown);
            assert_eq!(stored, Rect { x, y, width, height }, "orientation {value}");
            assert!(stored.inside(orientation.shown(shown)));
            assert_eq!(orientation.inverse().stored_rect(stored, orientation.shown(shown)), rect);
        }
    }
}
