//! From samples to RGB and back: ITU-T H.273.

use super::obu::Sequence;
use crate::stream::be_u16;

/// How samples are to be read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Colour {
    pub(super) primaries: u8,
    pub(super) transfer: u8,
    pub(super) matrix: u8,
    pub(super) full_range: bool,
}

/// Luminance of diffuse white in PQ, in cd/m²: ITU-R BT.2408.
const WHITE: f32 = 203.0;

impl Colour {
    /// The `nclx` of the container where there is one (it wins: MIAF, 7.3.6.4), else what the bitstream says.
    pub(super) fn new<'a>(sequence: &Sequence, mut colr: impl Iterator<Item = &'a [u8]>) -> Self {
        let nclx = colr.find(|body| body.starts_with(b"nclx"));
        let field = |at| nclx.and_then(|body| be_u16(body, at)).and_then(|value| u8::try_from(value).ok());
        let stated = sequence.description.unwrap_or((2, 2, 2));
        let full = nclx.and_then(|body| body.get(10)).map(|byte| byte >> 7 == 1);
        Self {
            primaries: field(4).unwrap_or(stated.0),
            transfer: field(6).unwrap_or(stated.1),
            matrix: field(8).unwrap_or(stated.2),
            full_range: full.unwrap_or(sequence.full_range),
        }
    }

    /// Weights of red and blue in luma; `None` for RGB itself and for YCgCo.
    fn weights(&self) -> Option<(f32, f32)> {
        Some(match self.matrix {
            0 | 8 | 16 | 17 => return None,
            1 => (0.2126, 0.0722),
            4 => (0.30, 0.11),
            7 => (0.212, 0.087),
            9 | 10 | 14 => (0.2627, 0.0593),
            12 | 13 => match self.primaries {
                9 => (0.2627, 0.0593),
                11 | 12 => (0.229, 0.0793),
                _ => (0.2126, 0.0722),
            },
            // Unspecified: Rec. 601, as libavif and browsers do.
            _ => (0.299, 0.114),
        })
    }

    /// The sample without colour.
    pub(super) fn neutral(&self, depth: u8) -> u16 {
        1 << (depth - 1)
    }

    /// Black and span of luma, and span of chroma.
    fn scale(&self, depth: u8) -> (f32, f32, f32) {
        if self.full_range {
            let full = ((1_u32 << depth) - 1) as f32;
            (0.0, full, full)
        } else {
            let unit = (1_u32 << (depth - 8)) as f32;
            (16.0 * unit, 219.0 * unit, 224.0 * unit)
        }
    }

    /// The samples of an sRGB colour (0 to 1), not yet rounded.
    pub(super) fn samples(&self, rgb: [f32; 3], depth: u8, monochrome: bool) -> [f32; 3] {
        let [r, g, b] = rgb.map(|value| self.encode(value));
        let (black, span, chroma) = self.scale(depth);
        let middle = f32::from(self.neutral(depth));
        let max = ((1_u32 << depth) - 1) as f32;
        let luma = |value: f32| (black + span * value).clamp(0.0, max);
        let colour = |value: f32| (middle + chroma * value).clamp(0.0, max);
        match self.weights() {
            None if monochrome => [luma(0.299 * r + 0.587 * g + 0.114 * b), middle, middle],
            // Identity: green, blue, red.
            None if self.matrix == 0 => [luma(g), luma(b), luma(r)],
            None => [luma(0.25 * r + 0.5 * g + 0.25 * b), colour(0.5 * g - 0.25 * (r + b)), colour(0.5 * (r - b))],
            Some((kr, kb)) => {
                let y = kr * r + (1.0 - kr - kb) * g + kb * b;
                [luma(y), colour((b - y) / (2.0 * (1.0 - kb))), colour((r - y) / (2.0 * (1.0 - kr)))]
            }
        }
    }

    /// What turns samples into 8-bit RGB for an ordinary screen.
    pub(super) fn display(&self, depth: u8) -> Display {
        let (black, span, chroma) = self.scale(depth);
        let codes = (0..=1023).map(|code| (self.decode(f32::from(code as u16) / 1023.0) * 255.0).round() as u8);
        Display {
            matrix: self.matrix,
            weights: self.weights(),
            black,
            span,
            chroma,
            middle: f32::from(self.neutral(depth)),
            codes: codes.collect(),
        }
    }

    /// From an sRGB value to the value in the picture's own transfer: only high dynamic range differs enough to matter.
    fn encode(&self, value: f32) -> f32 {
        match self.transfer {
            16 => {
                let y = (linear(value) * WHITE / 10_000.0).powf(0.159_301_76);
                ((0.835_937_5 + 18.851_562 * y) / (1.0 + 18.687_5 * y)).powf(78.843_75)
            }
            18 => {
                // Diffuse white stands at 75 % of the signal.
                let e = linear(value) * 0.265;
                if e <= 1.0 / 12.0 {
                    (3.0 * e).sqrt()
                } else {
                    0.178_832_77 * (12.0 * e - 0.284_668_92).ln() + 0.559_910_7
                }
            }
            _ => value,
        }
    }

    /// The reverse; what is brighter than white is white.
    fn decode(&self, value: f32) -> f32 {
        match self.transfer {
            16 => {
                let p = value.powf(1.0 / 78.843_75);
                let y = ((p - 0.835_937_5).max(0.0) / (18.851_562 - 18.687_5 * p)).powf(1.0 / 0.159_301_76);
                gamma(y * 10_000.0 / WHITE)
            }
            18 => {
                let e = if value <= 0.5 {
                    value * value / 3.0
                } else {
                    (((value - 0.559_910_7) / 0.178_832_77).exp() + 0.284_668_92) / 12.0
                };
                gamma(e / 0.265)
            }
            _ => value,
        }
    }
}

/// sRGB to light.
fn linear(value: f32) -> f32 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// Light to sRGB.
fn gamma(value: f32) -> f32 {
    let value = value.clamp(0.0, 1.0);
    if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 }
}

/// Turns samples into 8-bit RGB.
pub(super) struct Display {
    matrix: u8,
    weights: Option<(f32, f32)>,
    black: f32,
    span: f32,
    chroma: f32,
    middle: f32,
    /// 8-bit sRGB by the transfer-coded value in 1023rds.
    codes: Vec<u8>,
}

impl Display {
    pub(super) fn rgb(&self, samples: [u16; 3], monochrome: bool) -> [u8; 3] {
        let luma = |sample: u16| (f32::from(sample) - self.black) / self.span;
        let colour = |sample: u16| (f32::from(sample) - self.middle) / self.chroma;
        let [a, b, c] = samples;
        let y = luma(a);
        let rgb = match self.weights {
            _ if monochrome => [y, y, y],
            None if self.matrix == 0 => [luma(c), y, luma(b)],
            None => {
                let (cg, co) = (colour(b), colour(c));
                let t = y - cg;
                [t + co, y + cg, t - co]
            }
            Some((kr, kb)) => {
                let (u, v) = (colour(b), colour(c));
                let red = y + 2.0 * (1.0 - kr) * v;
                let blue = y + 2.0 * (1.0 - kb) * u;
                [red, (y - kr * red - kb * blue) / (1.0 - kr - kb), blue]
            }
        };
        // The product is within 0 to 1023.
        rgb.map(|value| self.codes[(value.clamp(0.0, 1.0) * 1023.0).round() as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_survive_the_way_there_and_back() {
        for matrix in [0, 1, 2, 6, 8, 9] {
            for full_range in [false, true] {
                for (transfer, tolerance) in [(13, 2), (16, 4), (18, 3)] {
                    for depth in [8, 10, 12] {
                        let colour = Colour { primaries: 1, transfer, matrix, full_range };
                        for rgb in [[0_u8, 0, 0], [255, 255, 255], [200, 30, 90], [12, 240, 128]] {
                            let samples = colour.samples(rgb.map(|value| f32::from(value) / 255.0), depth, false);
                            let back = colour.display(depth).rgb(samples.map(|value| value.round() as u16), false);
                            for (a, b) in rgb.into_iter().zip(back) {
                                let off = a.abs_diff(b);
                                assert!(off <= tolerance, "{colour:?} {depth}: {rgb:?} became {back:?}");
                            }
                        }
                    }
                }
            }
        }
    }
}
