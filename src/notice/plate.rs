//! A plate with its lines: measures in pixels, coverage, outlines.

use std::fmt::Write;

use cosmic_text::Command;

use super::typeset::{Line, Typesetter};
use crate::{geometry::Size, policy::layout::Padding};

/// Distance of two baselines at least, in cap heights.
const LEADING: f32 = 1.75;
/// What stays free between the ink of two lines, in cap heights.
const GAP: f32 = 0.3;

/// Lines that have found their size and their places.
pub(super) struct Plate {
    pub(super) size: Size,
    /// Height of a capital letter in pixels.
    pub(super) cap: u32,
    lines: Vec<Placed>,
}

/// A line and where it starts: its left ink edge and its baseline, in pixels from the plate's top left.
struct Placed {
    line: Line,
    x: f32,
    baseline: u32,
}

impl Plate {
    /// Sets `lines` with capitals of `cap` pixels. `width` is the plate's; without it the plate is as wide as its text.
    pub(super) fn new(lines: Vec<Line>, cap: u32, padding: Padding, width: Option<u32>) -> Self {
        let px = |caps: f32| (caps * cap as f32 - 0.01).ceil().max(0.0) as u32;
        let text_width = px(lines.iter().map(|line| line.width).fold(0.0, f32::max));
        let width = width.unwrap_or(text_width + 2 * padding.side);
        let mut placed: Vec<Placed> = Vec::with_capacity(lines.len());
        let mut height = 0;
        for line in lines {
            let (ascent, descent) = (px(line.ascent), px(line.descent));
            let baseline = match placed.last() {
                // Accents may reach into the padding, down to what keeps them off the edge.
                None => (padding.top + cap).max(padding.ink + ascent),
                Some(above) => {
                    let apart = px(above.line.descent) + px(GAP) + ascent;
                    above.baseline + apart.max(px(LEADING))
                }
            };
            height = (baseline + padding.top).max(baseline + descent + padding.ink);
            let x =
                if line.rtl { (width - padding.side) as f32 - line.width * cap as f32 } else { padding.side as f32 };
            placed.push(Placed { line, x: x.max(0.0), baseline });
        }
        Self { size: Size { width, height }, cap, lines: placed }
    }

    /// The mask: 0 is plate, 255 is text.
    pub(super) fn coverage(&self, setter: &mut Typesetter) -> Vec<u8> {
        let (width, height) = (self.size.width as usize, self.size.height as usize);
        let mut coverage = vec![0u8; width * height];
        let cap = self.cap as f32;
        for Placed { line, x, baseline } in &self.lines {
            for glyph in &line.glyphs {
                let Some((image, left, top)) = setter.image(glyph, cap, (*x, *baseline as f32)) else { continue };
                let (left, top) = (left + image.placement.left, top - image.placement.top);
                let row_bytes = image.placement.width.max(1) as usize;
                for (row, y) in image.data.chunks_exact(row_bytes).zip(top..) {
                    let Some(y) = usize::try_from(y).ok().filter(|&y| y < height) else { continue };
                    for (&value, x) in row.iter().zip(left..) {
                        let Some(x) = usize::try_from(x).ok().filter(|&x| x < width) else { continue };
                        let there = &mut coverage[y * width + x];
                        *there = there.saturating_add(value);
                    }
                }
            }
        }
        coverage
    }

    /// The text as SVG path data, in pixels from the plate's top left.
    pub(super) fn outline(&self, setter: &mut Typesetter) -> String {
        let mut path = String::new();
        let cap = self.cap as f32;
        for Placed { line, x, baseline } in &self.lines {
            for glyph in &line.glyphs {
                let Some(commands) = setter.outline(glyph, cap) else { continue };
                let at = glyph.at(cap, (*x, *baseline as f32));
                for command in &*commands {
                    append(&mut path, command, at);
                }
            }
        }
        path
    }

    /// The lines, with the left edge of their ink and their baseline.
    pub(super) fn placed(&self) -> impl Iterator<Item = (&Line, f32, f32)> {
        self.lines.iter().map(|Placed { line, x, baseline }| (line, *x, *baseline as f32))
    }

    /// The bounds of each line's ink in pixels from the plate's top left: left, top, right, bottom.
    pub(super) fn ink(&self) -> impl Iterator<Item = [f64; 4]> {
        let cap = f64::from(self.cap);
        self.lines.iter().map(move |Placed { line, x, baseline }| {
            let (x, baseline) = (f64::from(*x), f64::from(*baseline));
            let (ascent, descent) = (f64::from(line.ascent) * cap, f64::from(line.descent) * cap);
            [x, baseline - ascent, x + f64::from(line.width) * cap, baseline + descent]
        })
    }

    pub(super) fn into_texts(self) -> Vec<String> {
        self.lines.into_iter().map(|placed| placed.line.text).collect()
    }
}

/// Appends one command, from font coordinates (y up) to the plate's (y down), in hundredths of a pixel.
fn append(path: &mut String, command: &Command, at: (f32, f32)) {
    let (letter, points): (char, &[_]) = match command {
        Command::MoveTo(a) => ('M', &[*a]),
        Command::LineTo(a) => ('L', &[*a]),
        Command::QuadTo(a, b) => ('Q', &[*a, *b]),
        Command::CurveTo(a, b, c) => ('C', &[*a, *b, *c]),
        Command::Close => ('Z', &[]),
    };
    path.push(letter);
    for (index, point) in points.iter().enumerate() {
        let gap = if index > 0 { " " } else { "" };
        let round = |value: f32| (value * 100.0).round() / 100.0;
        // Writing to a String cannot fail.
        let _ = write!(path, "{gap}{} {}", round(at.0 + point.x), round(at.1 - point.y));
    }
}
