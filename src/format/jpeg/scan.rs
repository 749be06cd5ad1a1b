//! Scan headers, and the order in which a scan visits blocks: ISO/IEC 10918-1, A.2, B.2.3 and G.1.1.1.

use super::{frame::Frame, picture::Picture};

/// What is wrong with entropy-coded data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) &'static str);

impl Fault {
    pub(super) const ENDS: Self = Self("the picture data ends early: the file is damaged or cut off");
    pub(super) const CODE: Self = Self("the picture data holds an invalid Huffman code: the file is damaged");
    pub(super) const RANGE: Self = Self("a coefficient is out of range: the file is damaged");
}

/// A scan header.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) components: Vec<ScanComponent>,
    /// First and last coefficient, in zigzag order.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Successive approximation: bit positions of the scan before and of this one; 0 before is a first scan.
    pub(super) high: u32,
    pub(super) low: u32,
}

/// A component in a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScanComponent {
    /// Index among the components of the frame.
    pub(super) plane: usize,
    /// Destinations of its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

impl Scan {
    /// Reads the payload of an SOS segment.
    pub(super) fn parse(payload: &[u8], frame: &Frame) -> Result<Self, Fault> {
        const BROKEN: Fault = Fault("the scan header is malformed");
        let (&count, rest) = payload.split_first().ok_or(BROKEN)?;
        let (selectors, rest) = rest.split_at_checked(usize::from(count) * 2).ok_or(BROKEN)?;
        let &[first, last, approximation] = rest else { return Err(BROKEN) };
        let mut components: Vec<ScanComponent> = Vec::new();
        for selector in selectors.chunks_exact(2) {
            let plane = frame.components.iter().position(|component| component.id == selector[0]);
            let plane = plane.filter(|plane| !components.iter().any(|other| other.plane == *plane)).ok_or(BROKEN)?;
            let (dc, ac) = (usize::from(selector[1] >> 4), usize::from(selector[1] & 15));
            if dc > 3 || ac > 3 {
                return Err(BROKEN);
            }
            components.push(ScanComponent { plane, dc, ac });
        }
        let (first, last) = (usize::from(first), usize::from(last));
        let (high, low) = (u32::from(approximation >> 4), u32::from(approximation & 15));
        let scan = if frame.is_progressive() {
            // G.1.1.1.1: DC alone, or AC of one component.
            let spectrum = if first == 0 { last == 0 } else { first <= last && last < 64 && count == 1 };
            if !spectrum || low > 13 || high != 0 && high != low + 1 {
                return Err(BROKEN);
            }
            Self { components, first, last, high, low }
        } else {
            // What a sequential scan says here is ignored, as libjpeg does.
            Self { components, first: 0, last: 63, high: 0, low: 0 }
        };
        if scan.components.is_empty() { Err(BROKEN) } else { Ok(scan) }
    }
}

/// The order of the blocks of a scan.
pub(super) struct Route {
    /// MCUs in a row and in a column.
    across: usize,
    down: usize,
    /// MCUs between RST markers; those of the whole scan where there are none.
    interval: usize,
    slots: Vec<Slot>,
}

/// An MCU on a [`Route`].
#[derive(Clone, Copy, Default)]
pub(super) struct Mcu {
    pub(super) row: usize,
    column: usize,
}

struct Slot {
    /// Blocks of an MCU.
    h: usize,
    v: usize,
    /// Blocks in a row of the plane.
    stride: usize,
}

impl Route {
    pub(super) fn new(picture: &Picture, scan: &Scan, interval: u16) -> Self {
        let (across, down, slots) = if let [only] = scan.components[..] {
            // A.2.2: not interleaved, the MCU is one block, and blocks outside of the picture are left out.
            let plane = &picture.planes[only.plane];
            (plane.across, plane.down, vec![Slot { h: 1, v: 1, stride: plane.stride }])
        } else {
            let slot = |component: &ScanComponent| {
                let plane = &picture.planes[component.plane];
                Slot { h: plane.h, v: plane.v, stride: plane.stride }
            };
            (picture.across, picture.down, scan.components.iter().map(slot).collect())
        };
        let interval = if interval == 0 { across * down } else { usize::from(interval) };
        Self { across, down, interval, slots }
    }

    /// Numbers of MCUs between restart markers, in order; markers stand between them.
    pub(super) fn intervals(&self) -> impl Iterator<Item = usize> + use<> {
        let (total, interval) = (self.across * self.down, self.interval.max(1));
        (0..total).step_by(interval).map(move |start| interval.min(total - start))
    }

    /// Calls `block` with slot (index among the scan's components) and index in its plane for every block of an MCU.
    #[inline(always)]
    pub(super) fn blocks(
        &self,
        mcu: Mcu,
        mut block: impl FnMut(usize, usize) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for (index, slot) in self.slots.iter().enumerate() {
            for y in 0..slot.v {
                let start = (mcu.row * slot.v + y) * slot.stride + mcu.column * slot.h;
                for x in 0..slot.h {
                    block(index, start + x)?;
                }
            }
        }
        Ok(())
    }

    /// The MCU behind another.
    #[inline(always)]
    pub(super) fn next(&self, mcu: Mcu) -> Mcu {
        match mcu.column + 1 {
            column if column < self.across => Mcu { column, ..mcu },
            _ => Mcu { row: mcu.row + 1, column: 0 },
        }
    }
}
