//! Blocks of neighbouring MCUs that were drawn.

use super::{
    bits::Mark,
    cloth::{Cloth, Slot},
    codes::Codes,
    picture::Block,
    sheet::{Drawn, Token},
};

/// A block that was drawn, and where its tokens are.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) drawn: Drawn,
    /// Whether the notice covers all of it.
    pub(super) is_covered: bool,
    /// Whether they are in the sheet, and not in the run.
    pub(super) is_kept: bool,
}

impl Placed {
    /// Whether filling at its end is hidden and small.
    pub(super) fn has_room(&self) -> bool {
        self.is_covered && self.drawn.last < 8
    }
}

/// Blocks of neighbouring MCUs that were drawn and written.
#[derive(Default)]
pub(super) struct Run {
    pub(super) blocks: Vec<Placed>,
    pub(super) tokens: Vec<Token>,
    /// Where they begin, and where the last MCUs do; how many blocks stand before those.
    pub(super) whole: Start,
    pub(super) behind: Start,
    pub(super) before: usize,
    pub(super) end: Mark,
    /// Blocks that the notice covers and that hold little.
    pub(super) room: usize,
    /// The row of a ribbon that was written instead of blocks.
    pub(super) row: Option<usize>,
}

/// A place in what is written, and DC of the blocks before.
#[derive(Clone, Copy, Default)]
pub(super) struct Start {
    pub(super) mark: Mark,
    pub(super) new: [i32; 4],
}

impl Run {
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.tokens.clear();
        (self.room, self.row) = (0, None);
    }

    #[inline(always)]
    pub(super) fn push(&mut self, drawn: Drawn, is_covered: bool, is_kept: bool) {
        let placed = Placed { drawn, is_covered, is_kept };
        self.room += usize::from(placed.has_room());
        self.blocks.push(placed);
    }

    /// Draws into a block that holds what stands in the picture.
    pub(super) fn draw(
        &mut self,
        mut block: Block,
        cloth: &Cloth,
        slot: &Slot,
        (x, y): (usize, usize),
        codes: &mut Codes,
    ) {
        let is_covered = cloth.brush.paint(slot.plane, x, y, &mut block);
        self.nudge(block, slot, is_covered, codes);
    }

    /// A block that was drawn, with coefficients moved to codes that exist, where there must be.
    fn nudge(&mut self, mut block: Block, slot: &Slot, is_covered: bool, codes: &mut Codes) {
        codes.nudge(slot, &mut block);
        let drawn = Drawn::new(&block, &mut self.tokens);
        self.push(drawn, is_covered, false);
    }

    /// A block of the sheet.
    pub(super) fn keep(&mut self, drawn: Drawn, cloth: &Cloth, slot: &Slot, codes: &mut Codes) {
        match codes.moves_in(slot, drawn, cloth.sheet.tokens()) {
            true => self.nudge(drawn.block(cloth.sheet.tokens()), slot, true, codes),
            false => self.push(drawn, true, true),
        }
    }
}
