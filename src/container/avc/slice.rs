//! Slice headers: ISO/IEC 14496-10, 7.3.3. Written for pictures of our own, read as far as it takes to know them again.

use super::{
    bits::{Reader, Writer},
    sets::{Order, Pps, Sps},
};

/// How the header of a NAL unit names it: 7.3.1.
pub(crate) const IDR: u8 = 5;
const OTHER: u8 = 1;

/// The kind of a NAL unit.
pub(crate) fn kind(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1F)
}

/// A picture of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Counted from the first, which is the one that stands alone.
    pub(super) number: u32,
    /// Tells two in a row apart that stand alone.
    pub(super) alone: Option<u32>,
}

/// `slice_type` where all slices of the picture are like it: 7.4.3.
const INTRA: u32 = 7;
const PREDICTED: u32 = 5;

/// The header of the only slice of a picture.
pub(super) fn write(sps: &Sps, pps: u32, place: Place) -> Writer {
    let mut bits = Writer::default();
    bits.ue(0);
    bits.ue(if place.alone.is_some() { INTRA } else { PREDICTED });
    bits.ue(pps);
    let number = if place.alone.is_some() { 0 } else { place.number };
    bits.bits(number, sps.frame_num_bits);
    if let Some(alone) = place.alone {
        bits.ue(alone);
    }
    match sps.order {
        // Two for each frame: one a field.
        Order::Numbered { bits: count } => bits.bits(number.wrapping_mul(2), count),
        Order::Derived { differs: true } => bits.se(0),
        Order::Derived { differs: false } | Order::Decoded => {}
    }
    // A picture that stands alone: earlier ones are shown, it is kept for a while. Others: as many references as the set says, in
    // their order, and the oldest goes first.
    bits.bits(0, if place.alone.is_some() { 2 } else { 3 });
    bits.se(0);
    // No filter over edges.
    bits.ue(1);
    bits
}

/// Whether a slice of this kind begins with the header of a picture of ours; what follows is left to read.
pub(super) fn read(bits: &mut Reader, kind: u8, sps: &Sps, pps: &Pps) -> Option<()> {
    let alone = kind == IDR;
    if !alone && kind != OTHER {
        return None;
    }
    let wanted = if alone { INTRA } else { PREDICTED };
    let is_ours = bits.ue()? == 0 && bits.ue()? == wanted && bits.ue()? == pps.id && pps.plain && sps.progressive;
    if !is_ours {
        return None;
    }
    bits.bits(sps.frame_num_bits)?;
    if alone {
        bits.ue()?;
    }
    match sps.order {
        Order::Numbered { bits: count } => drop(bits.bits(count)?),
        Order::Derived { differs: true } => drop(bits.se()?),
        Order::Derived { differs: false } | Order::Decoded => {}
    }
    let flags = bits.bits(if alone { 2 } else { 3 })?;
    (flags == 0 && bits.se()? == 0 && bits.ue()? == 1).then_some(())
}

/// The picture parameter set that a slice refers to, and what tells it from the picture before where it stands alone.
pub(crate) fn refers_to(nal: &[u8]) -> Option<u32> {
    // Three numbers of at most 33 bits each.
    let payload = super::bits::unescaped(nal.get(..nal.len().min(32))?);
    let bits = &mut Reader::new(&payload);
    bits.ue()?;
    bits.ue()?;
    bits.ue().filter(|id| *id < 256)
}
