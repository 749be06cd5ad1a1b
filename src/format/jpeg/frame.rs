//! Headers of frame and scan: SOF, SOS, DQT, DHT, DRI, APP14. ISO/IEC 10918-1, B.2; Adobe TN 5116.

use crate::{Error, Format, Result, geometry::Size, stream::be_u16};

/// A frame header (B.2.2).
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// SOF0 to SOF15.
    pub(super) marker: u8,
    /// Bits of a sample.
    pub(super) precision: u8,
    pub(super) size: Size,
    pub(super) components: Vec<Component>,
}

impl Frame {
    pub(super) fn is_progressive(&self) -> bool {
        self.marker == 0xC2
    }

    /// The largest sampling factors, horizontal and vertical.
    pub(super) fn sampling(&self) -> (u32, u32) {
        let largest = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max().unwrap_or(1).into();
        (largest(|component| component.h), largest(|component| component.v))
    }
}

/// A component of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Horizontal sampling factor, 1 to 4.
    pub(super) h: u8,
    /// Vertical sampling factor, 1 to 4.
    pub(super) v: u8,
    /// Index of the quantisation table, 0 to 3.
    pub(super) table: u8,
}

/// Reads a frame header whose marker stands at byte `at`.
pub(super) fn frame(marker: u8, payload: &[u8], at: u64) -> Result<Frame> {
    let broken = |why: &str| Error::malformed(Format::Jpeg, at, why);
    let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = payload else {
        return Err(broken("the frame header is too short"));
    };
    let size = Size { width: u16::from_be_bytes([w1, w0]).into(), height: u16::from_be_bytes([h1, h0]).into() };
    if size.height == 0 {
        let what = "the height stands in a DNL segment after the picture (ISO/IEC 10918-1 B.2.5), which hardly any \
                    reader supports; save the picture again with another program";
        return Err(Error::unsupported(Format::Jpeg, what));
    }
    if size.width == 0 || count == 0 {
        return Err(broken("the frame has no columns or no components"));
    }
    if rest.len() != usize::from(count) * 3 {
        return Err(broken("the length of the frame header does not fit its components"));
    }
    let components: Vec<_> = rest
        .chunks_exact(3)
        .map(|bytes| Component { id: bytes[0], h: bytes[1] >> 4, v: bytes[1] & 15, table: bytes[2] })
        .collect();
    for (index, component) in components.iter().enumerate() {
        let known = components[..index].iter().any(|other| other.id == component.id);
        if known || !(1..=4).contains(&component.h) || !(1..=4).contains(&component.v) || component.table > 3 {
            return Err(broken("a component of the frame header is invalid"));
        }
    }
    Ok(Frame { marker, precision, size, components })
}

/// The tables of a DQT payload, by destination, in zigzag order. `None` when it is malformed.
pub(super) fn quantisation(mut payload: &[u8]) -> Option<Vec<(usize, [u16; 64])>> {
    let mut tables = Vec::new();
    while let Some((&place, rest)) = payload.split_first() {
        let (wide, destination) = (place >> 4, usize::from(place & 15));
        if wide > 1 || destination > 3 {
            return None;
        }
        let (bytes, rest) = rest.split_at_checked(if wide == 1 { 128 } else { 64 })?;
        let mut table = [0; 64];
        for (index, step) in table.iter_mut().enumerate() {
            *step = if wide == 1 { be_u16(bytes, index * 2)? } else { bytes[index].into() };
        }
        // B.2.4.1: a step is at least 1.
        if table.contains(&0) {
            return None;
        }
        tables.push((destination, table));
        payload = rest;
    }
    Some(tables)
}

/// The restart interval in MCUs; 0 is none.
pub(super) fn restart_interval(payload: &[u8], at: u64) -> Result<u16> {
    be_u16(payload, 0).ok_or_else(|| Error::malformed(Format::Jpeg, at, "the restart interval is too short"))
}
