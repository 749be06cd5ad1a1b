//! Where a notice goes and how large it must be: arithmetic, no pixels.

use super::{NoticeStyle, Place};
use crate::{
    Error, Result,
    geometry::{Rect, Size},
};

/// Height of a capital letter as a share of the shorter side: GB 45438-2025, 4.3.
pub(crate) const MIN_CAP_SHARE: f64 = 0.05;
/// The same on a page of a document, whose words must stay readable beside it: headline size, which the upper margin of an
/// ordinary page takes (our reading: no law gives a number). What a style asks for above its least is added in proportion.
pub(crate) const PAGE_CAP_SHARE: f64 = 0.02;
/// Distance from the edge as a share of the shorter side (our reading: no law gives a number).
pub(crate) const MARGIN_SHARE: f64 = 0.02;
/// Contrast of text against plate: WCAG 2.2, 1.4.3.
pub(crate) const MIN_CONTRAST: f64 = 4.5;
/// Under this shorter side, in pixels, 5 % would be illegible: a strip is added above the picture instead.
pub(crate) const STRIP_BELOW: u32 = 200;
/// Height of a capital letter in that strip, in pixels.
pub(crate) const STRIP_CAP: u32 = 10;
/// The least height of a capital letter that can be read at all, in pixels: how far a strip's text may shrink.
pub(crate) const LEGIBLE_CAP: u32 = 7;

/// The least height of a capital letter in pixels.
pub(crate) fn cap_height(frame: Size, share: f64) -> u32 {
    (share * f64::from(frame.shorter())).ceil() as u32
}

/// The distance that the plate keeps from every edge, in pixels.
pub(crate) fn margin(frame: Size) -> u32 {
    (MARGIN_SHARE * f64::from(frame.shorter())).ceil() as u32
}

/// Free space around the text of a plate, in pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Padding {
    /// Left and right of the longest line.
    pub(crate) side: u32,
    /// Above the capital letters of the first line and below the baseline of the last.
    pub(crate) top: u32,
    /// Between accents or descenders and the edge, at least.
    pub(crate) ink: u32,
}

/// The padding of a plate over the picture, from the height of its capital letters.
pub(crate) fn padding(cap: u32) -> Padding {
    let share = |percent: u32| (cap * percent).div_ceil(100).max(1);
    Padding { side: share(70), top: share(65), ink: share(30) }
}

/// The padding of a strip above the picture: as tight as the picture is narrow.
pub(crate) fn strip_padding(cap: u32, picture: Size) -> Padding {
    let side = (picture.width / 32).clamp(margin(picture).max(1), padding(cap).side.max(margin(picture)));
    Padding { side, top: (cap * 45).div_ceil(100).max(2), ink: (cap * 20).div_ceil(100).max(2) }
}

/// The width, in cap heights, that `room` pixels leave between two sides of padding.
pub(crate) fn in_caps(room: u32, side: u32, cap: u32) -> f32 {
    room.saturating_sub(2 * side) as f32 / cap.max(1) as f32
}

/// Whether the notice stands in a strip above the picture.
pub(crate) fn needs_strip(frame: Size) -> bool {
    frame.shorter() < STRIP_BELOW
}

/// Where a plate of this size stands. Bands span the whole width at the very edge; corners keep the margin.
pub(crate) fn place(plate: Size, frame: Size, place: Place) -> Rect {
    let margin = margin(frame);
    let right = frame.width.saturating_sub(plate.width).saturating_sub(margin);
    let bottom = frame.height.saturating_sub(plate.height).saturating_sub(margin);
    let at = |x, y| Rect { x, y, width: plate.width, height: plate.height };
    match place {
        Place::TopRight => at(right, margin),
        Place::TopLeft => at(margin, margin),
        Place::BottomRight => at(right, bottom),
        Place::BottomLeft => at(margin, bottom),
        Place::TopBand => Rect { x: 0, y: 0, width: frame.width, height: plate.height },
        Place::BottomBand => {
            Rect { x: 0, y: frame.height.saturating_sub(plate.height), width: frame.width, height: plate.height }
        }
    }
}

/// The place where a plate of this size stands, or `wanted` where it could be several.
pub(crate) fn nearest(plate: Rect, frame: Size, wanted: Place) -> Place {
    let distance = |place: &Place| {
        let rect = self::place(plate.size(), frame, *place);
        rect.x.abs_diff(plate.x) + rect.y.abs_diff(plate.y) + rect.width.abs_diff(plate.width)
    };
    // The first of several equals wins.
    std::iter::once(&wanted).chain(Place::ALL).min_by_key(|place| distance(place)).copied().unwrap_or(wanted)
}

/// Contrast of two sRGB colours, 1 to 21 (WCAG 2.2, "contrast ratio").
pub(crate) fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Relative luminance of an sRGB colour, 0 to 1 (WCAG 2.2).
pub(crate) fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = colour.map(|value| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

pub(super) fn check_style(style: &NoticeStyle) -> Result<()> {
    let contrast = contrast(style.text, style.plate);
    if contrast < MIN_CONTRAST {
        let why = format!("text and plate contrast by {contrast:.2}:1; at least {MIN_CONTRAST}:1 is needed");
        return Err(Error::Argument { argument: "notice colours", why });
    }
    if !(MIN_CAP_SHARE..=0.5).contains(&style.cap_height) {
        let why = format!("{} is outside 0.05 to 0.5 of the shorter side", style.cap_height);
        return Err(Error::Argument { argument: "notice cap height", why });
    }
    Ok(())
}
