//! An item as a picture: one coded picture, or a grid of them.

use super::{codec, colour::Colour, obu::Sequence, planes::Planes};
use crate::{
    Error, Format, Result,
    container::bmff::{Item, Meta},
    format::heif::Items,
    geometry::{Rect, Size},
    limits::Budget,
    stream::{Source, be_u16, be_u32},
};

/// A decoded item.
pub(super) struct Frame {
    pub(super) size: Size,
    pub(super) colour: Colour,
    pub(super) tiles: Vec<Tile>,
}

/// A coded picture and its place in the frame.
pub(super) struct Tile {
    pub(super) id: u32,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) sequence: Sequence,
    pub(super) planes: Planes,
    /// Length of the coded data, and its quantiser where it could be read.
    pub(super) len: usize,
    pub(super) quantiser: Option<u8>,
}

/// A frame, or why it is out of reach.
pub(super) type Loaded = std::result::Result<Frame, String>;

impl Frame {
    pub(super) fn load(items: &Items, item: &Item, source: &mut dyn Source, budget: &mut Budget) -> Result<Loaded> {
        let Some(meta) = items.meta() else { return Ok(Err("there is no picture item".into())) };
        let Some(size) = size_of(meta, item) else { return Ok(Err(format!("item {} states no size", item.id))) };
        budget.raster(size.width, size.height, 6)?;
        let grid = match &item.kind {
            b"av01" => None,
            b"grid" => {
                let data = items.layout.item_data(item, source, budget)?;
                let grid = data.as_deref().and_then(Grid::parse);
                Some(grid.ok_or_else(|| wrong(meta, "the grid item cannot be read"))?)
            }
            kind => return Ok(Err(format!("the picture is of kind '{}'", kind.escape_ascii()))),
        };
        let (columns, parts) = match &grid {
            None => (1, vec![item.id]),
            Some(grid) => (grid.columns, meta.referred(b"dimg", item.id)),
        };
        if grid.as_ref().is_some_and(|grid| parts.len() as u64 != u64::from(grid.rows) * u64::from(grid.columns)) {
            return Err(wrong(meta, "the grid has another number of tiles than it says"));
        }
        let mut tiles: Vec<Tile> = Vec::new();
        for (index, id) in (0_u32..).zip(parts) {
            budget.part()?;
            let Some(part) = meta.item(id).filter(|part| &part.kind == b"av01") else {
                return Ok(Err(format!("item {id} is not an AV1 picture")));
            };
            if meta.property(part, b"lsel").is_some_and(|(_, body)| body != [0xFF, 0xFF])
                || meta.property(part, b"a1op").is_some_and(|(_, body)| body != [0])
            {
                return Ok(Err("the picture has layers to choose from".into()));
            }
            let Some(data) = items.layout.item_data(part, source, budget)? else {
                return Ok(Err(format!("the data of item {id} is in another file")));
            };
            let at = part.location.as_ref().and_then(|place| place.extents.first()).map_or(0, |extent| extent.offset);
            let len = data.len();
            let head = super::obu::sequence(&data);
            let quantiser = head.and_then(|head| super::obu::quantiser(&data, &head));
            let (sequence, planes) = codec::decode(data, at, budget)?;
            let first = tiles.first().map_or(planes.size, |tile| tile.planes.size);
            let alike = tiles.first().is_none_or(|tile| {
                tile.planes.size == planes.size
                    && tile.planes.depth == planes.depth
                    && tile.planes.subsampling == planes.subsampling
                    && tile.planes.planes.len() == planes.planes.len()
            });
            if !alike {
                return Err(wrong(meta, "the tiles of the grid differ in size or form"));
            }
            let (column, row) = (index % columns, index / columns);
            let place =
                |number: u32, side: u32| number.checked_mul(side).ok_or_else(|| wrong(meta, "the grid overflows"));
            let (x, y) = (place(column, first.width)?, place(row, first.height)?);
            let odd = |halved: bool, place: u32| halved && place % 2 == 1;
            if odd(planes.subsampling.0, x) || odd(planes.subsampling.1, y) {
                return Ok(Err("the tiles of the grid have odd sizes".into()));
            }
            tiles.push(Tile { id, x, y, sequence, planes, len, quantiser });
        }
        let Some(last) = tiles.last() else { return Err(wrong(meta, "the grid is empty")) };
        let covered = (
            u64::from(last.x) + u64::from(last.planes.size.width),
            u64::from(last.y) + u64::from(last.planes.size.height),
        );
        let fits = match &grid {
            None => last.planes.size == size,
            Some(_) => covered.0 >= u64::from(size.width) && covered.1 >= u64::from(size.height),
        };
        if !fits {
            return Err(wrong(meta, "the coded picture has another size than its item says"));
        }
        let stated = [Some(item), meta.item(last.id)].into_iter().flatten();
        let colr = stated.flat_map(|item| meta.properties_of(item).filter(|(_, kind, _)| kind == b"colr"));
        let colour = Colour::new(&last.sequence, colr.map(|(_, _, body)| body));
        Ok(Ok(Self { size, colour, tiles }))
    }

    /// All tiles in one.
    pub(super) fn whole(mut self) -> (Planes, Colour) {
        if let [_] = self.tiles[..]
            && let Some(tile) = self.tiles.pop()
        {
            return (tile.planes, self.colour);
        }
        let first = &self.tiles[0].planes;
        let mut all = Planes::filled(self.size, first.depth, first.subsampling, &vec![0; first.planes.len()]);
        self.tiles.iter().for_each(|tile| all.paste(&tile.planes, tile.x, tile.y));
        (all, self.colour)
    }
}

impl Tile {
    /// The part of `rect` (in pixels of the frame) that lies on the tile, in its own pixels.
    pub(super) fn touched(&self, rect: Rect) -> Option<Rect> {
        let clip = |start: u32, len: u32, own: u32, side: u32| {
            let (a, b) = (
                u64::from(start).max(own.into()),
                (u64::from(start) + u64::from(len)).min(u64::from(own) + u64::from(side)),
            );
            (a < b).then(|| ((a - u64::from(own)) as u32, (b - a) as u32))
        };
        let (x, width) = clip(rect.x, rect.width, self.x, self.planes.size.width)?;
        let (y, height) = clip(rect.y, rect.height, self.y, self.planes.size.height)?;
        Some(Rect { x, y, width, height })
    }
}

/// The transparency of an item: AVIF 1.1, 4.1.
pub(super) fn alpha_of<'a>(meta: &'a Meta, primary: &Item) -> Option<&'a Item> {
    const ALPHA: [&[u8]; 2] = [b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0"];
    meta.referring(b"auxl", primary.id).find(|item| {
        let kind = meta.property(item, b"auxC").and_then(|(_, body)| body.get(4..));
        kind.is_some_and(|kind| ALPHA.iter().any(|alpha| kind.starts_with(alpha)))
    })
}

fn size_of(meta: &Meta, item: &Item) -> Option<Size> {
    let (_, ispe) = meta.property(item, b"ispe")?;
    let size = Size { width: be_u32(ispe, 4)?, height: be_u32(ispe, 8)? };
    (size.shorter() > 0).then_some(size)
}

fn wrong(meta: &Meta, why: &str) -> Error {
    Error::malformed(Format::Avif, meta.range.start, why)
}

/// 23008-12, 6.6.2.3.
struct Grid {
    rows: u32,
    columns: u32,
}

impl Grid {
    fn parse(data: &[u8]) -> Option<Self> {
        let wide = data.get(1)? & 1 == 1;
        let (rows, columns) = (u32::from(*data.get(2)?) + 1, u32::from(*data.get(3)?) + 1);
        // The size of the result stands in `ispe` as well, which readers go by.
        if wide { be_u32(data, 8).map(|_| ()) } else { be_u16(data, 6).map(|_| ()) }?;
        Some(Self { rows, columns })
    }
}
