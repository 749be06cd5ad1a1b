//! A picture as quantised coefficients.

use super::frame::Frame;
use crate::{Result, geometry::Size, limits::Budget, notice::Grow};

/// 64 quantised coefficients in zigzag order.
pub(super) type Block = [i16; 64];

/// Every coefficient of a picture.
pub(super) struct Picture {
    pub(super) frame: Frame,
    /// MCUs in a row and in a column.
    pub(super) across: usize,
    pub(super) down: usize,
    /// One for each component.
    pub(super) planes: Vec<Plane>,
}

/// The blocks of one component, up to whole MCUs.
pub(super) struct Plane {
    /// Sampling factors: blocks of an MCU.
    pub(super) h: usize,
    pub(super) v: usize,
    /// Blocks in a row and in a column that hold samples of the picture.
    pub(super) across: usize,
    pub(super) down: usize,
    /// Blocks in a row, those outside of the picture counted.
    pub(super) stride: usize,
    pub(super) blocks: Vec<Block>,
}

impl Picture {
    /// A picture of zeros.
    pub(super) fn new(frame: Frame, budget: &Budget) -> Result<Self> {
        Self::first(frame, u32::MAX, budget)
    }

    /// A picture of zeros that holds the blocks of its first `rows` pixel rows only.
    pub(super) fn first(frame: Frame, rows: u32, budget: &Budget) -> Result<Self> {
        let (h, v) = frame.sampling();
        let rows = rows.min(frame.size.height);
        let (across, down) = (frame.size.width.div_ceil(8 * h), rows.div_ceil(8 * v));
        // 64 coefficients of 2 bytes for each block of each MCU.
        let blocks: u64 =
            frame.components.iter().map(|component| u64::from(component.h) * u64::from(component.v)).sum();
        budget.raster(frame.size.width, frame.size.height, 1)?;
        budget.raster(across, down, blocks * 128)?;
        let (across, down) = (across as usize, down as usize);
        let plane = |component: &super::frame::Component| {
            let covered =
                |side: u32, factor: u8, most: u32| (side * u32::from(factor)).div_ceil(most).div_ceil(8) as usize;
            let stride = across * usize::from(component.h);
            Plane {
                h: component.h.into(),
                v: component.v.into(),
                across: covered(frame.size.width, component.h, h),
                down: covered(frame.size.height, component.v, v).min(down * usize::from(component.v)),
                stride,
                blocks: vec![[0; 64]; stride * down * usize::from(component.v)],
            }
        };
        let planes = frame.components.iter().map(plane).collect();
        Ok(Self { frame, across, down, planes })
    }

    pub(super) fn is_progressive(&self) -> bool {
        self.frame.is_progressive()
    }

    /// The same picture on a larger canvas. `grow.left` and `grow.top` are whole MCUs, so that blocks only move.
    pub(super) fn grown(self, grow: Grow, budget: &Budget) -> Result<Self> {
        let mut frame = self.frame.clone();
        frame.size = Size {
            width: frame.size.width + grow.left + grow.right,
            height: frame.size.height + grow.top + grow.bottom,
        };
        let (h, v) = frame.sampling();
        let (left, top) = ((grow.left / (8 * h)) as usize, (grow.top / (8 * v)) as usize);
        let mut grown = Self::new(frame, budget)?;
        for (old, new) in self.planes.iter().zip(&mut grown.planes) {
            for (row, blocks) in old.blocks.chunks_exact(old.stride.max(1)).enumerate() {
                let start = (row + top * new.v) * new.stride + left * new.h;
                new.blocks[start..start + old.stride].copy_from_slice(blocks);
            }
        }
        Ok(grown)
    }
}
