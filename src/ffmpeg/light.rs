//! What a value of a film's picture means as light. A film of high dynamic range counts its white differently: text of the highest
//! value would dazzle, and a picture of its bare values would look grey.

/// Luminance of a sheet of paper in a film of high dynamic range, in cd/m²: ITU-R BT.2408-7, 2.2.
const WHITE: f64 = 203.0;
/// Scene light that HLG shows as that white: 75 % of the signal.
const HLG_WHITE: f64 = 0.264_96;
/// System gamma of HLG on a display of 1,000 cd/m²: ITU-R BT.2100-2, table 5.
const HLG_GAMMA: f64 = 1.2;

/// How values are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Light {
    /// As on a screen of old, near enough to sRGB.
    #[default]
    Standard,
    /// Perceptual quantiser: SMPTE ST 2084.
    Pq,
    /// Hybrid log-gamma: ARIB STD-B67.
    Hlg,
}

impl Light {
    /// By the name that ffmpeg gives a transfer characteristic.
    pub(super) fn of(transfer: &str) -> Self {
        match transfer {
            "smpte2084" => Self::Pq,
            "arib-std-b67" => Self::Hlg,
            _ => Self::Standard,
        }
    }

    /// A colour of sRGB as values of the film, in wide primaries where it has those.
    pub(super) fn colour(self, srgb: [u8; 3], wide: bool) -> [u8; 3] {
        if self == Self::Standard {
            return srgb;
        }
        let [r, g, b] = srgb.map(|value| linear(f64::from(value) / 255.0));
        // BT.709 to BT.2020: ITU-R BT.2087-0, 4.
        let [r, g, b] = match wide {
            true => [
                0.6274 * r + 0.3293 * g + 0.0433 * b,
                0.0691 * r + 0.9195 * g + 0.0114 * b,
                0.0164 * r + 0.0880 * g + 0.8956 * b,
            ],
            false => [r, g, b],
        };
        [r, g, b].map(|light| byte(self.signal(light)))
    }

    /// Each of the 256 values as sRGB with the film's paper white as white.
    pub(super) fn seen(self) -> [u8; 256] {
        std::array::from_fn(|value| match self {
            Self::Standard => value as u8,
            _ => byte(gamma(self.light(value as f64 / 255.0).min(1.0))),
        })
    }

    /// The signal for light, where white is 1.
    fn signal(self, light: f64) -> f64 {
        match self {
            Self::Standard => light,
            Self::Pq => {
                let y = (light * WHITE / 10_000.0).max(0.0).powf(0.159_301_757_812_5);
                ((0.835_937_5 + 18.851_562_5 * y) / (1.0 + 18.687_5 * y)).powf(78.843_75)
            }
            Self::Hlg => {
                let scene = HLG_WHITE * light.max(0.0).powf(1.0 / HLG_GAMMA);
                match scene <= 1.0 / 12.0 {
                    true => (3.0 * scene).sqrt(),
                    false => 0.178_832_77 * (12.0 * scene - 0.284_668_92).ln() + 0.559_910_73,
                }
            }
        }
    }

    /// The light of a signal, where white is 1.
    fn light(self, signal: f64) -> f64 {
        match self {
            Self::Standard => signal,
            Self::Pq => {
                let v = signal.max(0.0).powf(1.0 / 78.843_75);
                let y = ((v - 0.835_937_5).max(0.0) / (18.851_562_5 - 18.687_5 * v)).powf(1.0 / 0.159_301_757_812_5);
                y * 10_000.0 / WHITE
            }
            Self::Hlg => {
                let scene = match signal <= 0.5 {
                    true => signal * signal / 3.0,
                    false => (((signal - 0.559_910_73) / 0.178_832_77).exp() + 0.284_668_92) / 12.0,
                };
                (scene / HLG_WHITE).powf(HLG_GAMMA)
            }
        }
    }
}

/// sRGB to light and back: IEC 61966-2-1.
fn linear(value: f64) -> f64 {
    if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}
fn gamma(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

fn byte(value: f64) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_paper_white_and_comes_back() {
        // BT.2408: 58 % of the signal in PQ, 75 % in HLG.
        for (light, white) in [(Light::Pq, 148), (Light::Hlg, 191)] {
            assert_eq!(light.colour([255; 3], true), [white; 3], "{light:?}");
            assert_eq!(light.colour([0; 3], false), [0; 3]);
            let seen = light.seen();
            for value in [0_u8, 30, 64, 128, 200, 255] {
                let shown = seen[usize::from(light.colour([value; 3], true)[1])];
                assert!(shown.abs_diff(value) <= 4, "{light:?}: {value} is seen as {shown}");
            }
            assert_eq!(seen[255], 255);
        }
        assert_eq!(Light::Standard.colour([1, 2, 3], true), [1, 2, 3]);
        assert!((0..=255_u8).all(|value| Light::Standard.seen()[usize::from(value)] == value));
    }
}
