//! The blocks that a notice covers in full, as symbols. They hang on the mask, on where it stands and on the quantisation
//! tables alone: kept with the mask, they need only be coded for the next picture of the same size and quality.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    cloth::LateBrush,
    frame::Frame,
    paint::{Brush, Inks, Quantisation},
    picture::Block,
    ribbon::Ribbons,
};
use crate::{
    geometry::{Rect, Size},
    notice::{Grow, StoredNotice},
};

/// The largest sheet that is kept: that of a picture of 100 megapixels.
const MOST_BYTES: usize = 8 << 20;

/// A symbol and the bits behind it, without a code (F.1.2.2): 16 bits of value, 8 of their number, 8 of the symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token(u32);

impl Token {
    /// Sixteen zeros.
    const ZEROS: Self = Self(super::codes::ZRL as u32);

    /// A coefficient that is not zero, behind up to 15 that are.
    #[inline(always)]
    fn number(zeros: u32, value: i32) -> Self {
        // At most 15 bits: more are in no coefficient that was read, and fewer in those that are drawn.
        let len = 32 - value.unsigned_abs().leading_zeros();
        let bits = (value - i32::from(value < 0)) as u32 & ((1 << len) - 1);
        Self(bits << 16 | len << 8 | zeros << 4 | len)
    }

    #[inline(always)]
    pub(super) fn symbol(self) -> u8 {
        self.0 as u8
    }

    /// The bits behind the symbol, and how many.
    #[inline(always)]
    pub(super) fn bits(self) -> (u32, u32) {
        (self.0 >> 16, self.0 >> 8 & 255)
    }
}

/// A block that was drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drawn {
    pub(super) dc: i16,
    /// The place of the last coefficient that is not zero.
    pub(super) last: u8,
    /// Its tokens among those that were written with it.
    len: u8,
    start: u32,
}

impl Drawn {
    /// Appends the coefficients of `block` to `tokens`.
    pub(super) fn new(block: &Block, tokens: &mut Vec<Token>) -> Self {
        let start = tokens.len();
        let (mut last, mut k) = (0, 1);
        while k < 64 {
            if block.get(k..k + 4) == Some(&[0; 4]) {
                k += 4;
                continue;
            }
            let value = i32::from(block[k]);
            if value != 0 {
                let mut zeros = (k - last - 1) as u32;
                while zeros > 15 {
                    tokens.push(Token::ZEROS);
                    zeros -= 16;
                }
                tokens.push(Token::number(zeros, value));
                last = k;
            }
            k += 1;
        }
        // A block has 63 tokens at most; a mask of 2^32 of them would not fit into memory.
        Self { dc: block[0], last: last as u8, len: (tokens.len() - start) as u8, start: start as u32 }
    }

    /// The block itself, out of all tokens that were written with it.
    pub(super) fn block(self, all: &[Token]) -> Block {
        let (mut block, mut k) = ([0; 64], 0);
        block[0] = self.dc;
        for token in self.tokens(all) {
            let (value, len) = token.bits();
            k += usize::from(token.symbol() >> 4) + 1;
            if len > 0
                && let Some(place) = block.get_mut(k)
            {
                // F.2.2.1 (EXTEND): numbers whose first bit is 0 are negative.
                let value = value as i32;
                *place = if value >> (len - 1) == 0 { value - (1 << len) + 1 } else { value } as i16;
            }
        }
        block
    }

    /// Its tokens, out of all that were written with it.
    #[inline(always)]
    pub(super) fn tokens(self, all: &[Token]) -> &[Token] {
        let start = self.start as usize;
        all.get(start..start + usize::from(self.len)).unwrap_or_default()
    }
}

/// All blocks of a notice that nothing of the picture shows through.
pub(super) struct Sheet {
    key: Key,
    /// By component.
    leaves: Vec<Leaf>,
    tokens: Vec<Token>,
    /// Whether every letter is in blocks of the first component.
    is_whole: bool,
    /// Whether these very blocks were decoded and seen to be the notice.
    seen: AtomicBool,
    /// The blocks as bits.
    pub(super) ribbons: Ribbons,
}

/// What the blocks hang on beside the mask.
#[derive(PartialEq)]
struct Key {
    frame: Size,
    /// Sampling factors.
    factors: Vec<(u8, u8)>,
    steps: Vec<Quantisation>,
    inks: Inks,
    rect: Rect,
    grow: Grow,
}

/// The blocks of one component, by rows.
struct Leaf {
    /// The blocks that the notice covers, in part as well: columns and rows.
    covered: Option<(Range<usize>, Range<usize>)>,
    /// Those that it covers in full.
    columns: Range<usize>,
    rows: Range<usize>,
    blocks: Vec<Drawn>,
    /// By symbol: whether it occurs.
    symbols: [bool; 256],
}

impl Key {
    fn new(frame: &Frame, steps: &[Quantisation], inks: &Inks, notice: &StoredNotice) -> Self {
        let factors = frame.components.iter().map(|component| (component.h, component.v)).collect();
        let StoredNotice { rect, grow, .. } = *notice;
        Self { frame: notice.frame, factors, steps: steps.to_vec(), inks: *inks, rect, grow }
    }
}

impl Sheet {
    /// The sheet that is kept with the mask, or a new one; `frame` is the picture with its strip.
    pub(super) fn of(
        frame: &Frame,
        steps: &[Quantisation],
        inks: &Inks,
        notice: &StoredNotice,
        brush: &LateBrush,
    ) -> Arc<Self> {
        let key = Key::new(frame, steps, inks, notice);
        if let Some(found) = notice.stamp.kept.get(|sheet: &Self| sheet.key == key) {
            return found;
        }
        let new = Self::new(key, notice, brush);
        if new.bytes() > MOST_BYTES { Arc::new(new) } else { notice.stamp.kept.keep(new) }
    }

    /// The sheet that is kept, if it tells whether the notice is there.
    pub(super) fn kept(frame: &Frame, steps: &[Quantisation], inks: &Inks, notice: &StoredNotice) -> Option<Arc<Self>> {
        let key = Key::new(frame, steps, inks, notice);
        notice.stamp.kept.get(|sheet: &Self| sheet.key == key && sheet.is_whole)
    }

    fn bytes(&self) -> usize {
        let blocks: usize = self.leaves.iter().map(|leaf| leaf.blocks.len()).sum();
        blocks * size_of::<Drawn>() + self.tokens.len() * size_of::<Token>()
    }

    fn new(key: Key, notice: &StoredNotice, brush: &Brush) -> Self {
        let mut tokens = Vec::new();
        let mut leaves = Vec::new();
        for component in 0..key.factors.len() {
            let (columns, rows) = brush.hidden(component).unwrap_or_default();
            let (mut blocks, mut symbols) = (Vec::with_capacity(columns.len() * rows.len()), [false; 256]);
            for y in rows.clone() {
                for x in columns.clone() {
                    let mut block = [0; 64];
                    brush.paint(component, x, y, &mut block);
                    let drawn = Drawn::new(&block, &mut tokens);
                    drawn.tokens(&tokens).iter().for_each(|token| symbols[usize::from(token.symbol())] = true);
                    symbols[0] |= drawn.last < 63;
                    blocks.push(drawn);
                }
            }
            leaves.push(Leaf { covered: brush.covered(component), columns, rows, blocks, symbols });
        }
        tokens.shrink_to_fit();
        let is_whole = leaves.first().is_some_and(|leaf| leaf.holds_letters(notice));
        Self { key, leaves, tokens, is_whole, seen: AtomicBool::new(false), ribbons: Ribbons::default() }
    }

    /// A block, if the notice covers it in full.
    #[inline(always)]
    pub(super) fn block(&self, component: usize, x: usize, y: usize) -> Option<Drawn> {
        let leaf = self.leaves.get(component)?;
        let (column, row) = (x.wrapping_sub(leaf.columns.start), y.wrapping_sub(leaf.rows.start));
        if column >= leaf.columns.len() || row >= leaf.rows.len() {
            return None;
        }
        leaf.blocks.get(row * leaf.columns.len() + column).copied()
    }

    /// DC of the last block that each component of the scan has in an MCU: given are their numbers in the frame, and their blocks
    /// of an MCU in both directions.
    pub(super) fn last(
        &self,
        components: impl Iterator<Item = (usize, usize, usize)>,
        (column, row): (usize, usize),
    ) -> [i32; 4] {
        let mut values = [0; 4];
        for (value, (plane, h, v)) in values.iter_mut().zip(components) {
            *value = self.block(plane, (column + 1) * h - 1, (row + 1) * v - 1).map_or(0, |drawn| drawn.dc.into());
        }
        values
    }

    /// The columns and rows of blocks of a component that the notice covers, in part as well.
    pub(super) fn covered(&self, component: usize) -> Option<(Range<usize>, Range<usize>)> {
        self.leaves.get(component)?.covered.clone()
    }

    /// Blocks of a component.
    pub(super) fn len(&self, component: usize) -> usize {
        self.leaves.get(component).map_or(0, |leaf| leaf.blocks.len())
    }

    /// The tokens of all blocks.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The symbols that occur in the blocks of a component.
    pub(super) fn symbols(&self, component: usize) -> impl Iterator<Item = u8> {
        let symbols = self.leaves.get(component).map(|leaf| &leaf.symbols);
        (0..=255).filter(move |&symbol| symbols.is_some_and(|symbols| symbols[usize::from(symbol)]))
    }

    pub(super) fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    /// These very blocks were decoded, and are the notice.
    pub(super) fn was_seen(&self) {
        self.seen.store(true, Ordering::Relaxed);
    }
}

impl Leaf {
    /// Whether no pixel of a letter stands outside of its blocks; they are those of a component that is not subsampled.
    fn holds_letters(&self, notice: &StoredNotice) -> bool {
        let pixels = |blocks: &Range<usize>| blocks.start * 8..blocks.end * 8;
        let (columns, rows) = (pixels(&self.columns), pixels(&self.rows));
        let (left, top) = (notice.rect.x as usize, notice.rect.y as usize);
        let lines = notice.stamp.coverage.chunks_exact((notice.rect.width as usize).max(1));
        let is_outside = |(y, line): (usize, &[u8])| {
            let inside = if rows.contains(&y) { columns.clone() } else { 0..0 };
            let from = inside.start.saturating_sub(left).min(line.len());
            let to = inside.end.saturating_sub(left).clamp(from, line.len());
            line[..from].iter().chain(&line[to..]).any(|&coverage| coverage > 0)
        };
        !self.blocks.is_empty() && !(top..).zip(lines).any(is_outside)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{super::*, *};
    use crate::{
        Disclosure, Policy,
        format::testing::{mark, survey},
        limits::Limits,
        notice::Artist,
    };

    const SIZE: Size = Size { width: 520, height: 331 };

    /// A picture of its own for each `seed`, all with the same tables.
    fn picture(seed: u32) -> Vec<u8> {
        let mut state = seed;
        let picture = image::RgbImage::from_fn(SIZE.width, SIZE.height, |x, y| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            image::Rgb([(x / 3) as u8, (y / 2) as u8, (state >> 25) as u8])
        });
        let mut bytes = Cursor::new(Vec::new());
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 88).encode_image(&picture).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn the_next_picture_is_drawn_and_seen_by_what_is_kept_of_the_first() {
        let plan = Policy::kazakhstan().plan(&Disclosure::generated("Acme"), crate::Medium::Image);
        let notice = Artist::new().draw(&plan, SIZE).unwrap();
        let drawn = |bytes: &[u8], notice: &Notice| mark(&Jpeg, bytes, Some(notice), None, None).unwrap().0;
        let shows = |bytes: &[u8]| {
            let found = survey(&Jpeg, bytes).unwrap();
            Jpeg.shows(&mut Cursor::new(bytes), &found, &notice, &mut Budget::new(&Limits::default())).unwrap()
        };
        let kept = || notice.stamp.kept.get(|_: &Sheet| true);
        let [first, second] = [1, 2].map(picture);
        assert!(kept().is_none());
        let once = drawn(&first, &notice);
        let sheet = kept().expect("a sheet");
        assert!(sheet.is_whole && !sheet.is_seen() && sheet.tokens().len() > 1000);
        assert_eq!(shows(&first), Some(false));
        assert!(!sheet.is_seen());
        assert_eq!(shows(&once), Some(true));
        assert!(sheet.is_seen());

        let twice = drawn(&second, &notice);
        assert!(Arc::ptr_eq(&sheet, &kept().unwrap()));
        // The same bytes as when nothing is kept.
        let mut anew = notice.clone();
        anew.stamp = Arc::new((*notice.stamp).clone());
        assert!(twice == drawn(&second, &anew));
        assert_eq!(shows(&twice), Some(true));
        // What is not there is missed as before, and so is half of it.
        assert_eq!(shows(&second), Some(false));
        let mut half = anew.clone();
        let mut stamp = (*notice.stamp).clone();
        let len = stamp.coverage.len();
        stamp.coverage[len / 2..].fill(0);
        half.stamp = Arc::new(stamp);
        assert_eq!(shows(&drawn(&second, &half)), Some(false));
    }
}
