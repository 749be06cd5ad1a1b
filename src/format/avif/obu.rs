//! The headers of an AV1 bitstream: AV1 Bitstream & Decoding Process Specification, 5.3 to 5.9.

/// What a sequence header says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) profile: u8,
    pub(super) reduced: bool,
    pub(super) level: u8,
    pub(super) tier: bool,
    pub(super) width: u32,
    pub(super) height: u32,
    /// 8, 10 or 12.
    pub(super) depth: u8,
    pub(super) monochrome: bool,
    /// Primaries, transfer and matrix (ITU-T H.273), where stated.
    pub(super) description: Option<(u8, u8, u8)>,
    pub(super) full_range: bool,
    /// Chroma is halved horizontally and vertically.
    pub(super) subsampling: (bool, bool),
    pub(super) chroma_position: u8,
    pub(super) film_grain: bool,
    large_superblocks: bool,
    superres: bool,
}

/// One open bitstream unit: its type, its payload, and all of it.
pub(super) struct Obu<'a> {
    pub(super) kind: u8,
    pub(super) payload: &'a [u8],
    pub(super) whole: &'a [u8],
}

pub(super) const SEQUENCE_HEADER: u8 = 1;
pub(super) const TEMPORAL_DELIMITER: u8 = 2;

/// The units of an item, up to the first that is cut off.
pub(super) fn units(mut data: &[u8]) -> impl Iterator<Item = Obu<'_>> {
    std::iter::from_fn(move || {
        let header = *data.first()?;
        let mut at = 1 + usize::from(header >> 2 & 1);
        let len = if header >> 1 & 1 == 1 {
            let mut len = 0_u64;
            for index in 0..8 {
                let byte = *data.get(at)?;
                at += 1;
                len |= u64::from(byte & 0x7F) << (index * 7);
                if byte < 0x80 {
                    break;
                }
            }
            usize::try_from(len).ok()?
        } else {
            data.len().checked_sub(at)?
        };
        let end = at.checked_add(len)?;
        let unit = Obu { kind: header >> 3 & 15, payload: data.get(at..end)?, whole: data.get(..end)? };
        data = &data[end..];
        Some(unit)
    })
}

/// The first sequence header of an item.
pub(super) fn sequence(data: &[u8]) -> Option<Sequence> {
    let unit = units(data).find(|unit| unit.kind == SEQUENCE_HEADER)?;
    Sequence::parse(&mut Bits { bytes: unit.payload, at: 0 })
}

/// The quantiser index of a still picture, 0 (lossless or nearly) to 255; `None` for forms of frame header that stills do
/// not have.
pub(super) fn quantiser(data: &[u8], sequence: &Sequence) -> Option<u8> {
    let unit = units(data).find(|unit| matches!(unit.kind, 3 | 6))?;
    sequence.reduced.then(|| base_quantiser(&mut Bits { bytes: unit.payload, at: 0 }, sequence))?
}

/// Sets the level in the payload of a reduced sequence header. Encoders say 31, "no limit"; the tiles of a grid have to
/// agree (MIAF, 7.3.11.4.1), and libavif refuses those that do not.
pub(super) fn set_level(payload: &mut [u8], level: u8) {
    if let [first, second, ..] = payload
        && *first >> 3 & 1 == 1
    {
        *first = *first & !7 | level >> 2 & 7;
        *second = *second & 0x3F | level << 6;
    }
}

impl Sequence {
    fn parse(bits: &mut Bits) -> Option<Self> {
        let mut found = Self { profile: bits.take(3)? as u8, ..Self::default() };
        bits.take(1)?;
        found.reduced = bits.flag()?;
        if found.reduced {
            found.level = bits.take(5)? as u8;
        } else {
            found.operating_points(bits)?;
        }
        let (width_bits, height_bits) = (bits.take(4)? + 1, bits.take(4)? + 1);
        found.width = bits.take(width_bits)?.checked_add(1)?;
        found.height = bits.take(height_bits)?.checked_add(1)?;
        if !found.reduced && bits.flag()? {
            bits.take(7)?;
        }
        found.large_superblocks = bits.flag()?;
        // Filter-intra, intra-edge filter.
        bits.take(2)?;
        if !found.reduced {
            // Inter-intra, masked compound, warped motion, dual filter.
            bits.take(4)?;
            let order_hint = bits.flag()?;
            if order_hint {
                bits.take(2)?;
            }
            let screen_content = if bits.flag()? { 2 } else { bits.take(1)? };
            if screen_content > 0 && !bits.flag()? {
                bits.take(1)?;
            }
            if order_hint {
                bits.take(3)?;
            }
        }
        found.superres = bits.flag()?;
        // CDEF, restoration.
        bits.take(2)?;
        found.colour(bits)?;
        found.film_grain = bits.flag()?;
        Some(found)
    }

    fn operating_points(&mut self, bits: &mut Bits) -> Option<()> {
        let mut decoder_model = None;
        if bits.flag()? {
            bits.take(32)?;
            bits.take(32)?;
            if bits.flag()? {
                bits.exp_golomb()?;
            }
            if bits.flag()? {
                decoder_model = Some(bits.take(5)? + 1);
                bits.take(32)?;
                bits.take(10)?;
            }
        }
        let initial_delay = bits.flag()?;
        for index in 0..=bits.take(5)? {
            bits.take(12)?;
            let level = bits.take(5)? as u8;
            let tier = level > 7 && bits.flag()?;
            if index == 0 {
                (self.level, self.tier) = (level, tier);
            }
            if let Some(len) = decoder_model
                && bits.flag()?
            {
                bits.take(len)?;
                bits.take(len)?;
                bits.take(1)?;
            }
            if initial_delay && bits.flag()? {
                bits.take(4)?;
            }
        }
        Some(())
    }

    fn colour(&mut self, bits: &mut Bits) -> Option<()> {
        let high = bits.flag()?;
        let twelve = self.profile == 2 && high && bits.flag()?;
        self.depth = match (high, twelve) {
            (false, _) => 8,
            (true, false) => 10,
            (true, true) => 12,
        };
        self.monochrome = self.profile != 1 && bits.flag()?;
        if bits.flag()? {
            self.description = Some((bits.take(8)? as u8, bits.take(8)? as u8, bits.take(8)? as u8));
        }
        if self.monochrome {
            self.full_range = bits.flag()?;
            self.subsampling = (true, true);
        } else if self.description == Some((1, 13, 0)) {
            // sRGB itself: always full range, 4:4:4.
            self.full_range = true;
        } else {
            self.full_range = bits.flag()?;
            self.subsampling = match self.profile {
                0 => (true, true),
                1 => (false, false),
                _ if twelve => {
                    let horizontal = bits.flag()?;
                    (horizontal, horizontal && bits.flag()?)
                }
                _ => (true, false),
            };
            if self.subsampling == (true, true) {
                self.chroma_position = bits.take(2)? as u8;
            }
        }
        if !self.monochrome {
            bits.take(1)?;
        }
        Some(())
    }

    /// The `av1C` box: AV1 in ISO BMFF 1.2, 2.3. Without a copy of the sequence header, which is optional.
    pub(super) fn configuration(&self) -> Vec<u8> {
        let flag = u8::from;
        let body = [
            0x81,
            self.profile << 5 | self.level & 31,
            flag(self.tier) << 7
                | flag(self.depth > 8) << 6
                | flag(self.depth == 12) << 5
                | flag(self.monochrome) << 4
                | flag(self.subsampling.0) << 3
                | flag(self.subsampling.1) << 2
                | self.chroma_position & 3,
            0,
        ];
        crate::container::bmff::sized(b"av1C", &body)
    }
}

/// `uncompressed_header` of a still picture with the reduced header, up to `base_q_idx`.
fn base_quantiser(bits: &mut Bits, sequence: &Sequence) -> Option<u8> {
    // CDF update.
    bits.take(1)?;
    let screen_content = bits.flag()?;
    if screen_content {
        // Whole-sample motion vectors.
        bits.take(1)?;
    }
    let mut superres = false;
    if sequence.superres && bits.flag()? {
        superres = true;
        bits.take(3)?;
    }
    if bits.flag()? {
        bits.take(32)?;
    }
    if superres {
        return None;
    }
    if screen_content {
        bits.take(1)?;
    }
    tiles(bits, sequence)?;
    bits.take(8).map(|index| index as u8)
}

/// `tile_info`, 5.9.15.
fn tiles(bits: &mut Bits, sequence: &Sequence) -> Option<()> {
    let shift = if sequence.large_superblocks { 7 } else { 6 };
    let blocks = |side: u32| side.div_ceil(1 << shift);
    let (columns, rows) = (blocks(sequence.width), blocks(sequence.height));
    let log2 =
        |small: u32, target: u32| (0..32_u32).find(|power| u64::from(small) << power >= u64::from(target)).unwrap_or(0);
    // A tile is at most 4096 samples wide and 4096 × 2304 large.
    let (max_width, max_area) = (4096_u32 >> shift, (4096 * 2304) >> (2 * shift));
    let min_columns = log2(max_width, columns);
    let max_columns = log2(1, columns.min(64));
    let max_rows = log2(1, rows.min(64));
    let min_tiles: u32 = min_columns.max(log2(max_area, columns.checked_mul(rows)?));
    let mut logs = (min_columns, 0);
    if !bits.flag()? {
        return None;
    }
    while logs.0 < max_columns && bits.flag()? {
        logs.0 += 1;
    }
    logs.1 = min_tiles.saturating_sub(logs.0);
    while logs.1 < max_rows && bits.flag()? {
        logs.1 += 1;
    }
    if logs.0 > 0 || logs.1 > 0 {
        bits.take(logs.0 + logs.1)?;
        bits.take(2)?;
    }
    Some(())
}

/// Bits from the most significant one.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// `uvlc()`, 4.10.3; its value is of no interest here.
    fn exp_golomb(&mut self) -> Option<()> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros == 32 {
                return Some(());
            }
        }
        self.take(zeros).map(|_| ())
    }
}
