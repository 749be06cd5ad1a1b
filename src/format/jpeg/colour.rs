//! What the components of a file mean, and sRGB colours in them: JFIF 1.02 (ITU-T T.871), Adobe TN 5116, and the guesses
//! that libjpeg makes where a file does not say.

use super::{frame::Component, paint::Inks};
use crate::notice::luma;

/// The colour space of the stored components.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Grey,
    YCbCr,
    Rgb,
    /// Inverted, as Adobe writes it and as all readers take it: 255 is no ink.
    Cmyk,
    /// Inverted CMYK whose first three are stored as YCbCr of 255 less their value.
    Ycck,
}

/// Decides as libjpeg does (jdapimin.c, `default_decompress_parms`); `None` for numbers of components that mean nothing.
pub(super) fn colour(components: &[Component], jfif: bool, adobe: Option<u8>) -> Option<Colour> {
    Some(match (components, adobe) {
        ([_], _) => Colour::Grey,
        ([_, _, _], _) if jfif => Colour::YCbCr,
        ([_, _, _], Some(0)) => Colour::Rgb,
        ([_, _, _], Some(_)) => Colour::YCbCr,
        ([r, g, b], None) if [r.id, g.id, b.id] == *b"RGB" => Colour::Rgb,
        ([_, _, _], None) => Colour::YCbCr,
        ([_, _, _, _], None | Some(0)) => Colour::Cmyk,
        ([_, _, _, _], Some(_)) => Colour::Ycck,
        _ => return None,
    })
}

/// The transform that an APP14 payload states, when it is Adobe's.
pub(super) fn adobe_transform(payload: &[u8]) -> Option<u8> {
    (payload.starts_with(b"Adobe")).then(|| payload.get(11).copied()).flatten()
}

impl Colour {
    /// What plate and text, sRGB both, are in the components.
    pub(super) fn inks(self, plate: [u8; 3], text: [u8; 3]) -> Inks {
        let (plate, text) = (self.components(plate), self.components(text));
        std::array::from_fn(|index| Some((plate[index], text[index])))
    }

    /// The components of an sRGB colour, 0 to 255 each.
    fn components(self, rgb: [u8; 3]) -> [f32; 4] {
        let [r, g, b] = rgb.map(f32::from);
        match self {
            Self::Grey => [f32::from(luma(rgb)), 0.0, 0.0, 0.0],
            Self::YCbCr => {
                let [y, cb, cr] = ycbcr([r, g, b]);
                [y, cb, cr, 0.0]
            }
            Self::Rgb => [r, g, b, 0.0],
            Self::Cmyk => cmyk([r, g, b]),
            Self::Ycck => {
                let [c, m, y, k] = cmyk([r, g, b]);
                let [y, cb, cr] = ycbcr([255.0 - c, 255.0 - m, 255.0 - y]);
                [y, cb, cr, k]
            }
        }
    }
}

/// ITU-T T.871, clause 7.
pub(in crate::format) fn ycbcr([r, g, b]: [f32; 3]) -> [f32; 3] {
    let y = 0.299 * r + 0.587 * g + 0.114 * b;
    [y, 128.0 + (b - y) / 1.772, 128.0 + (r - y) / 1.402]
}

/// Inverted CMYK with all grey in K: black is black ink alone.
fn cmyk([r, g, b]: [f32; 3]) -> [f32; 4] {
    let k = r.max(g).max(b);
    if k == 0.0 { [255.0, 255.0, 255.0, 0.0] } else { [r * 255.0 / k, g * 255.0 / k, b * 255.0 / k, k] }
}
