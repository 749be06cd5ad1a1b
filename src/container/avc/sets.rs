//! Parameter sets: ISO/IEC 14496-10, 7.3.2.1, 7.3.2.2 and E.1.1.

use super::bits::{Reader, Writer, escaped, unescaped};

/// What a sequence parameter set says, as far as a picture of our own needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sps {
    pub(crate) id: u32,
    pub(crate) profile: u8,
    pub(crate) chroma_format: u32,
    /// Bits of a sample: luma, chroma.
    pub(crate) depth: (u32, u32),
    pub(super) frame_num_bits: u32,
    pub(super) order: Order,
    /// Frames that may be referred to.
    pub(super) references: u32,
    /// Size in macroblocks of 16 × 16 pixels.
    pub(super) columns: u32,
    pub(super) rows: u32,
    /// Whether every picture is a whole frame.
    pub(crate) progressive: bool,
    /// Pixels that are cut off: left, right, top, bottom.
    pub(super) crop: [u32; 4],
    /// Whether samples use all of 0 to 255: E.2.1.
    pub(crate) full_range: bool,
    /// `matrix_coefficients`; 2 is unspecified.
    pub(crate) matrix: u8,
}

/// How the order of output is told: 8.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Bits of the number that each picture has.
    Numbered { bits: u32 },
    /// Derived from the number of the frame, with a difference in each slice or without.
    Derived { differs: bool },
    /// As decoded.
    Decoded,
}

/// Macroblocks of the largest picture of level 6.2: A.3.1.
const MAX_BLOCKS: u32 = 139_264;

impl Sps {
    pub(crate) fn read(nal: &[u8]) -> Option<Self> {
        let payload = unescaped(nal);
        let bits = &mut Reader::new(&payload);
        let profile = u8::try_from(bits.bits(8)?).ok()?;
        // Constraints and level.
        bits.bits(16)?;
        let id = bits.ue().filter(|id| *id < 32)?;
        let (mut chroma_format, mut depth) = (1, (8, 8));
        if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(&profile) {
            chroma_format = bits.ue().filter(|format| *format < 4)?;
            if chroma_format == 3 {
                bits.bit()?;
            }
            depth = (8 + bits.ue().filter(|more| *more < 7)?, 8 + bits.ue().filter(|more| *more < 7)?);
            bits.bit()?;
            if bits.bit()? {
                scaling_lists(bits, if chroma_format == 3 { 12 } else { 8 })?;
            }
        }
        let frame_num_bits = 4 + bits.ue().filter(|more| *more <= 12)?;
        let order = match bits.ue()? {
            0 => Order::Numbered { bits: 4 + bits.ue().filter(|more| *more <= 12)? },
            1 => {
                let differs = !bits.bit()?;
                bits.se()?;
                bits.se()?;
                for _ in 0..bits.ue().filter(|count| *count < 256)? {
                    bits.se()?;
                }
                Order::Derived { differs }
            }
            2 => Order::Decoded,
            _ => return None,
        };
        let references = bits.ue()?;
        bits.bit()?;
        let side = |side: Option<u32>| side?.checked_add(1).filter(|side| *side <= MAX_BLOCKS);
        let (columns, mut rows) = (side(bits.ue())?, side(bits.ue())?);
        let progressive = bits.bit()?;
        if !progressive {
            rows *= 2;
            bits.bit()?;
        }
        columns.checked_mul(rows).filter(|blocks| *blocks <= MAX_BLOCKS)?;
        bits.bit()?;
        let mut crop = [0; 4];
        if bits.bit()? {
            // In units of chroma samples: 4:2:0 halves both sides, fields halve the height again.
            let unit = (
                if matches!(chroma_format, 1 | 2) { 2 } else { 1 },
                if chroma_format == 1 { 2 } else { 1 } * if progressive { 1 } else { 2 },
            );
            for (at, side) in crop.iter_mut().enumerate() {
                *side = bits.ue()?.checked_mul(if at < 2 { unit.0 } else { unit.1 })?;
            }
        }
        let (full_range, matrix) = if bits.bit()? { colour(bits)? } else { (false, 2) };
        let sps = Self {
            id,
            profile,
            chroma_format,
            depth,
            frame_num_bits,
            order,
            references,
            columns,
            rows,
            progressive,
            crop,
            full_range,
            matrix,
        };
        sps.shown().map(|_| sps)
    }

    /// Width and height of what is shown, in pixels.
    pub(crate) fn shown(&self) -> Option<(u32, u32)> {
        let [left, right, top, bottom] = self.crop;
        let side = |blocks: u32, before: u32, after: u32| {
            blocks.checked_mul(16)?.checked_sub(before)?.checked_sub(after).filter(|side| *side > 0)
        };
        Some((side(self.columns, left, right)?, side(self.rows, top, bottom)?))
    }

    /// Where the first pixel that is shown stands in the picture.
    pub(super) fn origin(&self) -> (u32, u32) {
        (self.crop[0], self.crop[2])
    }
}

fn scaling_lists(bits: &mut Reader, count: usize) -> Option<()> {
    for list in 0..count {
        if !bits.bit()? {
            continue;
        }
        let (mut last, mut next) = (8_i32, 8_i32);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.se()?.clamp(-128, 127) + 256) % 256;
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// Range and matrix, at the start of the usability information: E.1.1.
fn colour(bits: &mut Reader) -> Option<(bool, u8)> {
    if bits.bit()? && bits.bits(8)? == 255 {
        bits.bits(32)?;
    }
    if bits.bit()? {
        bits.bit()?;
    }
    if !bits.bit()? {
        return Some((false, 2));
    }
    bits.bits(3)?;
    let full_range = bits.bit()?;
    if !bits.bit()? {
        return Some((full_range, 2));
    }
    bits.bits(16)?;
    Some((full_range, u8::try_from(bits.bits(8)?).ok()?))
}

/// What a picture parameter set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pps {
    pub(crate) id: u32,
    pub(crate) sps: u32,
    /// Whether it has nothing but what [`own_pps`] writes.
    pub(super) plain: bool,
}

impl Pps {
    pub(crate) fn read(nal: &[u8]) -> Option<Self> {
        let payload = unescaped(nal);
        let bits = &mut Reader::new(&payload);
        let (id, sps) = (bits.ue().filter(|id| *id < 256)?, bits.ue().filter(|id| *id < 32)?);
        Some(Self { id, sps, plain: own_pps(id, sps).get(1..) == nal.get(1..) })
    }
}

/// A set of our own: variable-length codes, one reference, and the edge filter under each slice's control.
pub(crate) fn own_pps(id: u32, sps: u32) -> Vec<u8> {
    let mut bits = Writer::default();
    bits.ue(id);
    bits.ue(sps);
    // No arithmetic coding, no orders of fields; one slice group; one reference in each list.
    bits.bits(0, 2);
    (0..3).for_each(|_| bits.ue(0));
    // No weights; quantisers at 26, no shift between luma and chroma.
    bits.bits(0, 3);
    (0..3).for_each(|_| bits.se(0));
    // Filter control, no constrained prediction, no redundant pictures.
    bits.bits(0b100, 3);
    escaped(0x68, &bits.finish())
}
