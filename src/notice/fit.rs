//! Plates made larger: over an older notice, to whole rows of a strip, to whole blocks of a format.

use std::sync::Arc;

use super::{Notice, Stamp};
use crate::geometry::{Orientation, Rect, Size};

impl Notice {
    /// The same notice on a plate that also covers an older one at `old`, so that nothing of it shows beside the new.
    /// A notice that stands elsewhere is left alone: covering it would cover the picture.
    pub(crate) fn covering(self, old: Rect) -> Self {
        let union = self.rect.union(old);
        let apart = union.area() > 2 * (self.rect.area() + old.area());
        if self.strip > 0 || apart || union == self.rect || !union.inside(self.frame) {
            return self;
        }
        let before = (self.rect.x - union.x, self.rect.y - union.y);
        self.on_plate(union, before)
    }

    /// The same notice in a strip whose height is a multiple of `unit` pixels; the plate grows on both sides of the text.
    pub(crate) fn with_strip_of(self, unit: u32) -> Self {
        let Some(strip) = self.strip.checked_next_multiple_of(unit.max(1)).filter(|&strip| strip > self.strip) else {
            return self;
        };
        let added = strip - self.strip;
        let rect = Rect { height: self.rect.height + added, ..self.rect };
        let frame = Size { height: self.frame.height + added, ..self.frame };
        Self { strip, frame, ..self.on_plate(rect, (0, added / 2)) }
    }

    /// The same notice on a plate whose edges are those of blocks of `cell` stored pixels, so that none is covered in part and
    /// no pixel beside the plate changes. It grows by less than a block and moves away from the edge of the picture
    /// by less than one; an edge that is the picture's own stays. A strip has a unit of its own.
    pub(crate) fn on_blocks(self, cell: Size, orientation: Orientation) -> Self {
        let frame = orientation.shown(self.frame);
        let stored = orientation.stored_rect(self.rect, self.frame);
        let across = snapped(stored.x, stored.width, frame.width, cell.width);
        let down = snapped(stored.y, stored.height, frame.height, cell.height);
        let (Some((x, width)), Some((y, height)), 0) = (across, down, self.strip) else { return self };
        let rect = orientation.inverse().stored_rect(Rect { x, y, width, height }, frame);
        if rect == self.rect {
            return self;
        }
        // The text stays in the middle of its plate.
        let before = ((rect.width - self.rect.width) / 2, (rect.height - self.rect.height) / 2);
        self.on_plate(rect, before)
    }

    /// On a plate at `rect`, which is as large or larger; the old one begins so many pixels right of and below its corner.
    fn on_plate(self, rect: Rect, before: (u32, u32)) -> Self {
        let stamp = self.stamp.padded(rect.size(), before);
        Self { stamp, rect, shift: (self.shift.0 + before.0, self.shift.1 + before.1), ..self }
    }
}

/// Start and length on whole multiples of `cell`, in a picture with that `side`; `None` where there is no room.
fn snapped(start: u32, len: u32, side: u32, cell: u32) -> Option<(u32, u32)> {
    let cell = cell.max(1);
    let end = start.checked_add(len)?;
    let (from, to) = match (start == 0, end == side) {
        (_, true) => (start / cell * cell, side),
        (true, false) => (0, end.checked_next_multiple_of(cell)?.min(side)),
        _ => {
            let len = len.checked_next_multiple_of(cell)?;
            if start <= side.checked_sub(end)? {
                let from = start.checked_next_multiple_of(cell)?;
                (from, from.checked_add(len)?)
            } else {
                let to = end / cell * cell;
                (to.checked_sub(len)?, to)
            }
        }
    };
    (to <= side).then(|| (from, to - from))
}

impl Stamp {
    /// The same on a larger plate, so many pixels right of and below its corner.
    fn padded(&self, size: Size, before: (u32, u32)) -> Arc<Self> {
        if let Some(found) = self.kept.get(|padded: &Padded| padded.before == before && padded.stamp.size == size) {
            return Arc::clone(&found.stamp);
        }
        let mut coverage = vec![0; size.width as usize * size.height as usize];
        let (left, top) = (before.0 as usize, before.1 as usize);
        let (from, to) = (self.size.width as usize, size.width as usize);
        for (row, line) in self.coverage.chunks_exact(from.max(1)).enumerate() {
            let start = (top + row) * to + left;
            coverage[start..start + from].copy_from_slice(line);
        }
        let stamp = Arc::new(Self::new(size, coverage));
        Arc::clone(&self.kept.keep(Padded { before, stamp }).stamp)
    }
}

/// A stamp on a larger plate, kept with the one that it was made from.
struct Padded {
    before: (u32, u32),
    stamp: Arc<Stamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::testing::checkered;

    #[test]
    fn a_plate_on_whole_blocks_moves_inwards_and_keeps_its_letters() {
        assert_eq!(snapped(21, 100, 1000, 16), Some((32, 112)));
        assert_eq!(snapped(880, 100, 1001, 16), Some((864, 112)));
        assert_eq!(snapped(0, 1001, 1001, 16), Some((0, 1001)));
        assert_eq!(snapped(0, 30, 1001, 16), Some((0, 32)));
        assert_eq!(snapped(970, 31, 1001, 16), Some((960, 41)));
        assert_eq!(snapped(3, 20, 25, 16), None);
        assert_eq!(snapped(3, 20, 25, 0), Some((3, 20)));

        let size = Size { width: 333, height: 250 };
        for value in 1..=8 {
            let orientation = Orientation::from_exif(value);
            let cell = Size { width: 16, height: 8 };
            let notice = checkered(size, 0);
            let fitted = notice.clone().on_blocks(cell, orientation);
            let stored = fitted.stored(orientation);
            let Rect { x, y, width, height } = stored.rect;
            assert!(x % 16 == 0 && width % 16 == 0 && y % 8 == 0 && height % 8 == 0, "{value}: {:?}", stored.rect);
            assert!(stored.rect.inside(stored.frame));
            let (before, after) = (notice.rect, fitted.rect);
            assert!(after.width - before.width < 16 && after.height - before.height < 16);
            assert!(after.x + after.width <= before.x + before.width && after.y >= before.y);
            let ink = |notice: &Notice| notice.stamp.coverage.iter().filter(|&&pixel| pixel == 255).count();
            assert_eq!(ink(&notice), ink(&fitted));
            // The next one is the same mask.
            let again = notice.clone().on_blocks(cell, orientation);
            assert!(Arc::ptr_eq(&fitted.stamp, &again.stamp));
            let strip = checkered(size, 20);
            assert_eq!(strip.clone().on_blocks(cell, orientation).rect, strip.rect);
        }
    }
}
