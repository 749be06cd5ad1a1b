//! How the pixels of one page are stored: TIFF 6.0, parts 1 and 2.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    container::tiff::{Directory, Order, Structure},
    format::jpeg,
    geometry::{Rect, Size},
    limits::Budget,
    stream::Source,
};

pub(super) const IMAGE_WIDTH: u16 = 256;
pub(super) const IMAGE_LENGTH: u16 = 257;
pub(super) const STRIP_OFFSETS: u16 = 273;
pub(super) const ROWS_PER_STRIP: u16 = 278;
pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
pub(super) const TILE_WIDTH: u16 = 322;
pub(super) const TILE_LENGTH: u16 = 323;
pub(super) const TILE_OFFSETS: u16 = 324;
pub(super) const TILE_BYTE_COUNTS: u16 = 325;
const BITS_PER_SAMPLE: u16 = 258;
pub(super) const COMPRESSION: u16 = 259;
const PHOTOMETRIC: u16 = 262;
const FILL_ORDER: u16 = 266;
const SAMPLES_PER_PIXEL: u16 = 277;
const PLANAR: u16 = 284;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const INK_SET: u16 = 332;
const EXTRA_SAMPLES: u16 = 338;
pub(super) const JPEG_TABLES: u16 = 347;
const SAMPLE_FORMAT: u16 = 339;
const DNG_VERSION: u16 = 50706;

/// A strip above or left of a page of JPEG is made of whole MCUs, which are up to 16 pixels long; others do not mind.
pub(super) fn strip_unit(compression: Option<u32>) -> u32 {
    if compression == Some(7) { 16 } else { 1 }
}

/// Length of JPEGTables in bytes: eight Huffman tables and four of quantisation take 2,700.
const MAX_TABLES: u64 = 65_536;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Deflate,
    PackBits,
    Group4,
    /// TIFF Technical Note 2; the segments that the strips share.
    Jpeg(Vec<u8>),
}

/// What the colour samples of a pixel mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// One sample; `true` where zero is white.
    Grey {
        inverted: bool,
    },
    Rgb,
    /// One sample, an index of this table of 8-bit colours.
    Palette(Vec<[u8; 3]>),
    /// Four samples, full is full ink.
    Cmyk,
    /// Lightness, and two samples that are zero for grey.
    Lab,
}

impl Colour {
    pub(super) fn samples(&self) -> u16 {
        match self {
            Self::Grey { .. } | Self::Palette(_) => 1,
            Self::Rgb | Self::Lab => 3,
            Self::Cmyk => 4,
        }
    }
}

/// The layout of one page.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) order: Order,
    pub(super) size: Size,
    pub(super) bits: u16,
    /// Samples are IEEE floating point numbers, 0 to 1.
    pub(super) float: bool,
    /// Samples of a pixel, extra ones counted.
    pub(super) samples: u16,
    pub(super) colour: Colour,
    /// The colours are RGB, stored as YCbCr: in JPEG only.
    pub(super) ycbcr: bool,
    /// The first extra sample is alpha; `true` where the colours are multiplied with it.
    pub(super) alpha: Option<bool>,
    pub(super) compression: Compression,
    pub(super) predictor: bool,
    /// The lowest bit of a byte is the leftmost.
    pub(super) reversed: bool,
    /// Each sample has planes of its own.
    pub(super) planar: bool,
    pub(super) tiled: bool,
    /// Size of a tile; width of the page and rows of a strip otherwise.
    cell: Size,
    pub(super) offsets: Vec<u32>,
    pub(super) counts: Vec<u32>,
}

/// One strip or tile.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) index: usize,
    /// In pixels; tiles reach over the right and the lower edge.
    pub(super) rect: Rect,
    /// The first of its samples: not 0 in planes only.
    pub(super) first_sample: u16,
    /// Where its bytes are.
    pub(super) data: Range<u64>,
}

impl Layout {
    /// Reads the layout of a page, or says in a sentence why the notice cannot be drawn into it.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] where the directory contradicts itself.
    pub(super) fn read(
        structure: &Structure,
        source: &mut dyn Source,
        page: &Directory,
        budget: &mut Budget,
    ) -> Result<Result<Self, String>> {
        let malformed = |why: String| Err(Error::malformed(Format::Tiff, page.at, why));
        let mut number = |tag: u16| structure.number(source, page, tag, budget);
        let (Some(width), Some(height)) = (number(IMAGE_WIDTH), number(IMAGE_LENGTH)) else {
            return malformed("ImageWidth or ImageLength is missing".into());
        };
        if width == 0 || height == 0 {
            return malformed("the page has no pixels".into());
        }
        let samples = number(SAMPLES_PER_PIXEL).unwrap_or(1);
        let (compression, predictor) = (number(COMPRESSION).unwrap_or(1), number(PREDICTOR).unwrap_or(1));
        let (photometric, planar) = (number(PHOTOMETRIC), number(PLANAR) == Some(2) && samples > 1);
        let (reversed, ink_set) = (number(FILL_ORDER) == Some(2), number(INK_SET).unwrap_or(1));
        let (tile_width, tile_length) = (number(TILE_WIDTH), number(TILE_LENGTH));
        let rows = number(ROWS_PER_STRIP).unwrap_or(u32::MAX).clamp(1, height);
        if page.get(DNG_VERSION).is_some() {
            return Ok(Err("raw camera data cannot carry a notice; develop it first".into()));
        }
        let shared = match page.get(JPEG_TABLES).filter(|_| compression == 7) {
            None => Some(Vec::new()),
            // Each strip is read behind them.
            Some(entry) if entry.len().is_none_or(|len| len > MAX_TABLES) => None,
            Some(entry) => jpeg::tables(&structure.bytes(source, entry, budget)?),
        };
        let mut numbers = |tag: u16| -> Result<Vec<u32>> {
            page.get(tag).map_or(Ok(Vec::new()), |entry| structure.numbers(source, entry, budget))
        };
        let (bits, formats) = (numbers(BITS_PER_SAMPLE)?, numbers(SAMPLE_FORMAT)?);
        let bits = if bits.is_empty() { vec![1] } else { bits };
        let compression = match compression {
            1 => Compression::None,
            4 => Compression::Group4,
            5 => Compression::Lzw,
            7 => match shared {
                Some(tables) => Compression::Jpeg(tables),
                None => return malformed("the value of JPEGTables is malformed".into()),
            },
            8 | 32946 => Compression::Deflate,
            32773 => Compression::PackBits,
            other => {
                let name = name(other);
                return Ok(Err(format!("tanba cannot draw into {name} compression; save it with LZW or Deflate")));
            }
        };
        let bits = match bits.as_slice() {
            [first, rest @ ..] if rest.iter().all(|other| other == first) => *first,
            _ => return Ok(Err("its samples have different depths".into())),
        };
        let float = match formats.first() {
            None | Some(1 | 4) => false,
            Some(3) => true,
            Some(other) => return Ok(Err(format!("its samples are of format {other}, neither unsigned nor float"))),
        };
        if !matches!((bits, float), (1 | 2 | 4 | 8 | 16, false) | (32, _)) {
            return Ok(Err(format!("its samples have {bits} bits{}", if float { " of floating point" } else { "" })));
        }
        let coded = matches!(compression, Compression::Jpeg(_));
        if coded && (bits, float) != (8, false) {
            return Ok(Err(format!("its JPEG compression has {bits} bits a sample; save it with LZW or Deflate")));
        }
        let predictor = match predictor {
            1 => false,
            2 if bits >= 8 && matches!(compression, Compression::Lzw | Compression::Deflate) => true,
            2 if !matches!(compression, Compression::Lzw | Compression::Deflate) => false,
            other => return Ok(Err(format!("its predictor {other} with {bits} bits is not supported"))),
        };
        let colour = match photometric {
            Some(0) => Colour::Grey { inverted: true },
            // Fax files that say nothing are white on zero.
            None if compression == Compression::Group4 => Colour::Grey { inverted: true },
            Some(1) => Colour::Grey { inverted: false },
            None if samples < 3 => Colour::Grey { inverted: false },
            None | Some(2) => Colour::Rgb,
            Some(3 | 8) if coded => {
                return Ok(Err("JPEG compression of its kind of colours is not supported; save it as RGB".into()));
            }
            Some(6) if coded && planar => {
                return Ok(Err("its planes are YCbCr, each with a size of its own; save it as RGB".into()));
            }
            Some(6) if coded => Colour::Rgb,
            Some(3) => match palette(&numbers(COLOR_MAP)?, bits) {
                Some(palette) => Colour::Palette(palette),
                None => return malformed("the colour map is missing or too short".into()),
            },
            Some(5) if ink_set == 1 => Colour::Cmyk,
            Some(8) if matches!(bits, 8 | 16) => Colour::Lab,
            Some(other) => return Ok(Err(format!("its photometric interpretation {other} is not supported"))),
        };
        let Ok(samples) = u16::try_from(samples) else { return malformed("a pixel has too many samples".into()) };
        if samples < colour.samples() {
            return malformed(format!("a pixel has {samples} samples, its colour needs {}", colour.samples()));
        }
        if compression == Compression::Group4 && (bits != 1 || samples != 1 || width > 65_535 || rows > 65_535) {
            return malformed("Group 4 needs one bit a pixel and at most 65,535 pixels on a side".into());
        }
        if coded && !planar && samples > 4 {
            return Ok(Err(format!("a pixel of its JPEG compression has {samples} samples")));
        }
        // Nobody reads more: it bounds the arithmetic of rows.
        if samples > 64 {
            return Ok(Err(format!("a pixel has {samples} samples")));
        }
        let tiled = page.get(TILE_OFFSETS).is_some();
        let cell = match (tiled, tile_width, tile_length) {
            (false, ..) => Size { width, height: rows },
            (true, Some(width), Some(height)) if width > 0 && height > 0 => Size { width, height },
            (true, ..) => return malformed("the tiles have no size".into()),
        };
        let (at, counted) = if tiled { (TILE_OFFSETS, TILE_BYTE_COUNTS) } else { (STRIP_OFFSETS, STRIP_BYTE_COUNTS) };
        let (offsets, counts) = (numbers(at)?, numbers(counted)?);
        let alpha = match numbers(EXTRA_SAMPLES)?.first() {
            Some(1) => Some(true),
            Some(2) => Some(false),
            _ => None,
        };
        let mut layout = Self {
            order: structure.order,
            size: Size { width, height },
            bits: u16::try_from(bits).unwrap_or(u16::MAX),
            float,
            samples,
            colour,
            ycbcr: coded && photometric == Some(6),
            alpha,
            compression,
            predictor,
            // libtiff does not turn the bits of JPEG streams, whatever the tag says.
            reversed: reversed && !coded,
            planar,
            tiled,
            cell,
            offsets,
            counts,
        };
        let parts = layout.part_count();
        let lost = (layout.offsets.len() as u64) < parts;
        if !lost && layout.counts.is_empty() && layout.compression == Compression::None {
            // Old writers left the counts of uncompressed strips out.
            layout.counts = layout.offsets.iter().map(|_| u32::MAX).collect();
            let lengths = layout.parts().map(|part| layout.row_len(&part) as u64 * u64::from(part.rect.height));
            layout.counts = lengths.map(|len| u32::try_from(len).unwrap_or(u32::MAX)).collect();
        }
        if lost || (layout.counts.len() as u64) < parts {
            return malformed(format!("{parts} strips or tiles are needed, the directory lists fewer"));
        }
        Ok(Ok(layout))
    }

    fn across(&self) -> u32 {
        self.size.width.div_ceil(self.cell.width)
    }

    fn down(&self) -> u32 {
        self.size.height.div_ceil(self.cell.height)
    }

    fn part_count(&self) -> u64 {
        let planes = if self.planar { u64::from(self.samples) } else { 1 };
        // Two 32-bit numbers and one of at most 64.
        u64::from(self.across()).saturating_mul(self.down().into()).saturating_mul(planes)
    }

    /// Every strip or tile, in file order.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part> + '_ {
        let (across, down) = (self.across(), self.down());
        let planes = if self.planar { self.samples } else { 1 };
        let places = (0..planes)
            .flat_map(move |plane| (0..down).flat_map(move |row| (0..across).map(move |column| (plane, row, column))));
        let data = self.offsets.iter().zip(&self.counts).enumerate();
        places.zip(data).map(|((plane, row, column), (index, (&at, &count)))| {
            let (x, y) = (column * self.cell.width, row * self.cell.height);
            let height = if self.tiled { self.cell.height } else { self.cell.height.min(self.size.height - y) };
            Part {
                index,
                rect: Rect { x, y, width: self.cell.width, height },
                first_sample: plane,
                data: at.into()..u64::from(at) + u64::from(count),
            }
        })
    }

    /// Samples of a pixel in one part.
    pub(super) fn samples_in_part(&self) -> usize {
        if self.planar { 1 } else { self.samples.into() }
    }

    /// Length of a row of a part in bytes.
    pub(super) fn row_len(&self, part: &Part) -> usize {
        let bits = u64::from(part.rect.width) * self.samples_in_part() as u64 * u64::from(self.bits);
        usize::try_from(bits.div_ceil(8)).unwrap_or(usize::MAX)
    }

    pub(super) fn whole(&self) -> Rect {
        Rect { x: 0, y: 0, width: self.size.width, height: self.size.height }
    }

    /// One strip a plane, for a page that is written anew with `size`.
    pub(super) fn anew(&self, size: Size) -> Self {
        let planes = if self.planar { usize::from(self.samples) } else { 1 };
        let (offsets, counts) = (vec![0; planes], vec![0; planes]);
        Self { size, cell: size, tiled: false, offsets, counts, ..self.clone() }
    }
}

/// The colour map: all reds, all greens, all blues, 16 bits each.
fn palette(map: &[u32], bits: u32) -> Option<Vec<[u8; 3]>> {
    let len = 1usize << bits.min(16);
    let (red, rest) = map.split_at_checked(len)?;
    let (green, blue) = rest.split_at_checked(len)?;
    // Some writers fill 8 bits only; libtiff looks for it the same way.
    let shift = if map.iter().any(|&value| value > 255) { 8 } else { 0 };
    let byte = |value: u32| (value >> shift).min(255) as u8;
    (blue.len() >= len)
        .then(|| red.iter().zip(green).zip(blue).map(|((&r, &g), &b)| [byte(r), byte(g), byte(b)]).collect())
}

fn name(compression: u32) -> String {
    match compression {
        2 | 3 | 32771 => "Group 3 fax".into(),
        6 => "old-style JPEG".into(),
        34712 | 33003 | 33005 => "JPEG 2000".into(),
        34925 => "LZMA".into(),
        50000 => "Zstandard".into(),
        50001 => "WebP".into(),
        other => format!("number {other}"),
    }
}
