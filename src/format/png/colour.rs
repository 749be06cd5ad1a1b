//! How a picture takes the notice's colours: as it is where it can, with a larger palette or as another colour type where
//! it must.

use super::{
    chunks::{self, Chunk, Colour, Header, Walk, malformed},
    pixels::Canvas,
};
use crate::{
    Result,
    limits::Budget,
    notice::{Mix, StoredNotice, luma},
    patch::Patch,
    policy::layout::{MIN_CONTRAST, contrast},
    stream::Source,
};

/// The bytes of one pixel of a [`Canvas`], as many as it has.
pub(super) type Pixel = [u8; 8];
type Convert = Box<dyn Fn(&[u8], &mut [u8])>;

/// A contrast that lets a palette keep its own colours although it could be enlarged (WCAG 2.2, 1.4.6).
const GOOD_CONTRAST: f64 = 7.0;

/// The chunks that say what a pixel means.
pub(super) struct Meaning {
    pub(super) header: Header,
    /// PLTE, where pixels are indices.
    palette: Vec<[u8; 3]>,
    /// tRNS of a palette: alpha of the first entries.
    alpha: Vec<u8>,
    /// tRNS of other types: the one transparent colour, as a pixel.
    key: Option<Pixel>,
}

/// What becomes of a picture's pixels.
pub(super) struct Scheme {
    /// Colour type and depth of the result; its size is still that of the original.
    pub(super) header: Header,
    /// The pixel for each coverage.
    ink: Vec<Pixel>,
    convert: Option<Convert>,
    palette: Vec<[u8; 3]>,
    alpha: Vec<u8>,
    pub(super) remark: Option<String>,
}

impl Meaning {
    pub(super) fn read(walk: &Walk, header: Header, source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let mut meaning = Self { header, palette: Vec::new(), alpha: Vec::new(), key: None };
        let trns = walk.find(b"tRNS").map(|chunk| chunk.sound(source, budget)).transpose()?.unwrap_or_default();
        match header.colour {
            Colour::Palette => {
                let chunk = walk.find(b"PLTE").ok_or_else(|| malformed(8, "a palette picture without PLTE"))?;
                let plte = chunk.sound(source, budget)?;
                let cap = 3 << header.depth;
                if plte.is_empty() || plte.len() % 3 != 0 || plte.len() > cap {
                    return Err(malformed(chunk.at, format!("a palette of {} bytes", plte.len())));
                }
                meaning.palette = plte.chunks_exact(3).map(|entry| [entry[0], entry[1], entry[2]]).collect();
                meaning.alpha = trns;
                meaning.alpha.truncate(meaning.palette.len());
            }
            Colour::Grey | Colour::Rgb if trns.len() == header.colour.channels() * 2 => {
                let mut key = Pixel::default();
                let samples = trns.chunks_exact(2).map(|sample| if header.depth == 16 { sample } else { &sample[1..] });
                let bytes: Vec<u8> = samples.flatten().copied().collect();
                key[..bytes.len()].copy_from_slice(&bytes);
                meaning.key = Some(key);
            }
            _ => {}
        }
        Ok(meaning)
    }

    /// The scheme for this notice. `still` is the picture where there is just one; `alpha` asks for an alpha channel.
    pub(super) fn scheme(&self, notice: &StoredNotice, still: Option<&Canvas>, alpha: bool) -> Scheme {
        let header = self.header;
        match header.colour {
            Colour::Palette if alpha => Scheme { remark: Some(with_alpha()), ..self.full_colour(notice, true) },
            Colour::Palette => self.indexed(notice, still),
            Colour::Grey if alpha => self.grey_alpha(notice),
            Colour::Rgb if alpha => self.rgb_alpha(notice),
            Colour::Grey => self.grey(notice),
            Colour::Rgb | Colour::GreyAlpha | Colour::Rgba => {
                Scheme::same(header, self.clear_of_key(ink(notice, &header)))
            }
        }
    }

    /// The scheme that fits whatever pixels there are, where there is one: palette, colour type and depth stay.
    pub(super) fn lasting_scheme(&self, notice: &StoredNotice) -> Option<Scheme> {
        if self.header.colour != Colour::Palette {
            return Some(self.scheme(notice, None, false)).filter(Scheme::keeps_pixels);
        }
        let room = (1usize << self.header.depth) - self.palette.len();
        let ink = match self.appended(notice, self.palette.clone(), room) {
            Some((palette, ink)) => (palette.len() == self.palette.len()).then_some(ink)?,
            None => self.nearest(notice).filter(|(_, contrast)| *contrast >= GOOD_CONTRAST)?.0,
        };
        Some(Scheme { palette: self.palette.clone(), alpha: self.alpha.clone(), ..Scheme::same(self.header, ink) })
    }

    /// Alpha of a palette's entry.
    fn alpha(&self, index: usize) -> u8 {
        self.alpha.get(index).copied().unwrap_or(255)
    }

    /// 11.3.1.1: a pixel of the colour in tRNS is transparent; ours are a shade beside it.
    fn clear_of_key(&self, mut ink: Vec<Pixel>) -> Vec<Pixel> {
        let Some(key) = self.key else { return ink };
        let last = self.header.unit() - 1;
        let top = if self.header.depth < 8 { (1u8 << self.header.depth) - 1 } else { 255 };
        for pixel in ink.iter_mut().filter(|pixel| **pixel == key) {
            pixel[last] = if pixel[last] < top { pixel[last] + 1 } else { pixel[last] - 1 };
        }
        ink
    }

    fn grey(&self, notice: &StoredNotice) -> Scheme {
        let scheme = Scheme::same(self.header, self.clear_of_key(ink(notice, &self.header)));
        if self.header.depth >= 8 {
            return scheme;
        }
        // Few greys, and one of them may be transparent: look whether text still stands out.
        let top = f64::from((1u8 << self.header.depth) - 1);
        let shade = |pixel: Pixel| [(f64::from(pixel[0]) * 255.0 / top).round() as u8; 3];
        if contrast(shade(scheme.ink[0]), shade(scheme.ink[255])) >= MIN_CONTRAST {
            return scheme;
        }
        let header = Header { depth: 8, ..self.header };
        let scale = 255 / ((1u8 << self.header.depth) - 1);
        let key = self.key.map(|key| key.map(|value| value * scale));
        let wide = Self { header, key, palette: Vec::new(), alpha: Vec::new() };
        Scheme {
            convert: Some(Box::new(move |from, to| to[0] = from[0] * scale)),
            remark: Some(format!(
                "stored with 8 bits a sample instead of {}, for the notice's greys",
                self.header.depth
            )),
            alpha: key.map(|key| vec![0, key[0]]).unwrap_or_default(),
            ..Scheme::same(header, wide.clear_of_key(ink(notice, &header)))
        }
    }

    fn grey_alpha(&self, notice: &StoredNotice) -> Scheme {
        let depth = self.header.depth.max(8);
        let header = Header { colour: Colour::GreyAlpha, depth, ..self.header };
        let scale = if self.header.depth < 8 { 255 / ((1u8 << self.header.depth) - 1) } else { 1 };
        let (key, bytes) = (self.key, usize::from(depth / 8));
        let convert: Convert = Box::new(move |from, to| {
            let hidden = key.is_some_and(|key| key[..bytes] == *from);
            to[..bytes].iter_mut().zip(from).for_each(|(to, from)| *to = from * scale);
            to[bytes..].fill(if hidden { 0 } else { 255 });
        });
        Scheme { convert: Some(convert), remark: Some(with_alpha()), ..Scheme::same(header, ink(notice, &header)) }
    }

    fn rgb_alpha(&self, notice: &StoredNotice) -> Scheme {
        let header = Header { colour: Colour::Rgba, ..self.header };
        let (key, bytes) = (self.key, self.header.unit());
        let convert: Convert = Box::new(move |from, to| {
            to[..bytes].copy_from_slice(from);
            to[bytes..].fill(if key.is_some_and(|key| key[..bytes] == *from) { 0 } else { 255 });
        });
        Scheme { convert: Some(convert), remark: Some(with_alpha()), ..Scheme::same(header, ink(notice, &header)) }
    }

    /// A palette as RGB, or RGBA where it has transparency or needs it.
    fn full_colour(&self, notice: &StoredNotice, alpha: bool) -> Scheme {
        let transparent = alpha || self.alpha.iter().any(|&alpha| alpha < 255);
        let colour = if transparent { Colour::Rgba } else { Colour::Rgb };
        let header = Header { colour, depth: 8, ..self.header };
        let table: Vec<[u8; 4]> = (0..256)
            .map(|index| match self.palette.get(index) {
                Some(&[r, g, b]) => [r, g, b, self.alpha(index)],
                None => [0, 0, 0, 255],
            })
            .collect();
        let convert: Convert = Box::new(move |from, to| {
            let channels = to.len();
            to.copy_from_slice(&table[usize::from(from[0])][..channels]);
        });
        let remark = format!(
            "stored as {} instead of a palette, which has no room for the notice's colours",
            if transparent { "RGBA" } else { "RGB" }
        );
        Scheme { convert: Some(convert), remark: Some(remark), ..Scheme::same(header, ink(notice, &header)) }
    }

    fn indexed(&self, notice: &StoredNotice, still: Option<&Canvas>) -> Scheme {
        let mut used = [still.is_none(); 256];
        still.iter().flat_map(|still| &still.data).for_each(|&index| used[usize::from(index)] = true);
        let known = self.palette.len();
        let out_of_range = still.and(used.iter().rposition(|&used| used)).map_or(0, |last| last + 1);
        let mut palette = self.palette.clone();
        // Indices past the palette show black in most readers: they must not get a colour of ours.
        palette.resize(known.max(out_of_range), [0; 3]);
        let same = |palette, alpha, ink| Scheme { palette, alpha, ..Scheme::same(self.header, ink) };

        let room = (1usize << self.header.depth) - palette.len();
        if let Some((palette, ink)) = self.appended(notice, palette.clone(), room) {
            return same(palette, self.alpha.clone(), ink);
        }
        let nearest = self.nearest(notice);
        if let Some((ink, _)) = nearest.as_ref().filter(|(_, contrast)| *contrast >= GOOD_CONTRAST) {
            return same(palette, self.alpha.clone(), ink.clone());
        }
        if self.header.depth < 8 {
            let header = Header { depth: self.header.depth * 2, ..self.header };
            let room = (1usize << header.depth) - palette.len();
            if let Some((palette, ink)) = self.appended(notice, palette, room) {
                let remark = format!("stored with {} bits a pixel instead of {}", header.depth, self.header.depth);
                let remark = format!("{remark}, so that the palette has room for the notice's colours");
                let (alpha, remark) = (self.alpha.clone(), Some(remark));
                // An index is the same number in more bits.
                let convert: Option<Convert> = Some(Box::new(|from, to| to.copy_from_slice(from)));
                return Scheme { palette, alpha, remark, convert, ..Scheme::same(header, ink) };
            }
            return self.full_colour(notice, false);
        }
        let spare: Vec<usize> = (0..palette.len()).filter(|&index| !used[index]).collect();
        if let [plate, text, ..] = spare[..] {
            palette[plate] = notice.plate;
            palette[text] = notice.text;
            let mut alpha = self.alpha.clone();
            [plate, text].into_iter().filter(|&index| index < self.alpha.len()).for_each(|index| alpha[index] = 255);
            return same(palette, alpha, two_tone(plate, text));
        }
        match nearest.filter(|(_, contrast)| *contrast >= MIN_CONTRAST) {
            Some((ink, _)) => same(palette, self.alpha.clone(), ink),
            None => self.full_colour(notice, false),
        }
    }

    /// Plate, text and as many shades between as there is room for.
    fn appended(
        &self,
        notice: &StoredNotice,
        palette: Vec<[u8; 3]>,
        room: usize,
    ) -> Option<(Vec<[u8; 3]>, Vec<Pixel>)> {
        [16usize, 8, 4, 2].into_iter().find_map(|shades| {
            let mut palette = palette.clone();
            let before = palette.len();
            let indices: Vec<u8> = (0..shades)
                .map(|shade| {
                    let coverage = (shade * 255 / (shades - 1)) as u8;
                    let colour = mix(notice, coverage);
                    let opaque = |(index, entry): (usize, &[u8; 3])| *entry == colour && self.alpha(index) == 255;
                    palette.iter().enumerate().position(opaque).unwrap_or_else(|| {
                        palette.push(colour);
                        palette.len() - 1
                    }) as u8
                })
                .collect();
            let ink = (0..256usize).map(|coverage| pixel(indices[(coverage * (shades - 1) + 127) / 255])).collect();
            (palette.len() - before <= room).then_some((palette, ink))
        })
    }

    /// The opaque entries next to plate and text, and their contrast.
    fn nearest(&self, notice: &StoredNotice) -> Option<(Vec<Pixel>, f64)> {
        let next_to = |colour: [u8; 3]| {
            let distance =
                |entry: &[u8; 3]| entry.iter().zip(colour).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum::<u32>();
            let opaque = self.palette.iter().enumerate().filter(|(index, _)| self.alpha(*index) == 255);
            opaque.min_by_key(|(_, entry)| distance(entry)).map(|(index, _)| index)
        };
        let (plate, text) = (next_to(notice.plate)?, next_to(notice.text)?);
        Some((two_tone(plate, text), contrast(self.palette[plate], self.palette[text])))
    }
}

impl Scheme {
    fn same(header: Header, ink: Vec<Pixel>) -> Self {
        Self { header, ink, convert: None, palette: Vec::new(), alpha: Vec::new(), remark: None }
    }

    /// Whether pixels keep their colour type and depth.
    pub(super) fn keeps_pixels(&self) -> bool {
        self.convert.is_none()
    }

    pub(super) fn converted(&self, canvas: Canvas, budget: &Budget) -> Result<Canvas> {
        match &self.convert {
            Some(convert) => canvas.converted(self.header.unit(), &**convert, budget),
            None => Ok(canvas),
        }
    }

    /// The pixel of the bare plate.
    pub(super) fn plate(&self) -> &[u8] {
        self.pixel(0)
    }

    /// The pixel for each coverage, in the first bytes.
    pub(super) fn ink(&self) -> &[Pixel] {
        &self.ink
    }

    pub(super) fn pixel(&self, coverage: u8) -> &[u8] {
        &self.ink[usize::from(coverage)][..self.header.unit()]
    }

    /// Draws what of the notice falls on a frame whose top left is at (`x`, `y`) of the result.
    pub(super) fn draw(&self, canvas: &mut Canvas, x: u32, y: u32, notice: &StoredNotice) {
        let rect = notice.rect;
        let rows = notice.stamp.coverage.chunks_exact((rect.width as usize).max(1));
        for (at, mask) in (rect.y..).zip(rows) {
            let Some(at) = at.checked_sub(y).filter(|&at| at < canvas.size.height) else { continue };
            let unit = canvas.unit;
            let (left, skip) = (rect.x.saturating_sub(x) as usize, x.saturating_sub(rect.x) as usize);
            let row = canvas.row_mut(at).chunks_exact_mut(unit).skip(left);
            row.zip(mask.iter().skip(skip)).for_each(|(to, &coverage)| to.copy_from_slice(self.pixel(coverage)));
        }
    }

    /// Edits of the chunks whose meaning depends on colour type, depth or palette.
    pub(super) fn fix_chunks(
        &self,
        walk: &Walk,
        from: &Meaning,
        patch: &mut Patch,
        source: &mut dyn Source,
        budget: &mut Budget,
    ) -> Result<()> {
        let indexed = self.header.colour == Colour::Palette;
        let was_indexed = from.header.colour == Colour::Palette;
        for chunk in &walk.chunks {
            let new = match &chunk.kind {
                b"PLTE" if indexed && self.palette != from.palette => Some(self.palette.concat()),
                b"PLTE" if was_indexed && !indexed => None,
                b"tRNS" if indexed && self.alpha != from.alpha => Some(self.alpha.clone()),
                b"tRNS" if !indexed && self.convert.is_some() => Some(self.alpha.clone()).filter(|key| !key.is_empty()),
                // 11.3.4.1: as many frequencies as entries.
                b"hIST" if indexed && self.palette.len() > from.palette.len() => {
                    let (mut data, _) = chunk.metadata(source, budget)?;
                    data.resize(self.palette.len() * 2, 0);
                    Some(data)
                }
                b"hIST" if was_indexed && !indexed => None,
                b"bKGD" if self.header != from.header => match self.background(chunk, from, source, budget)? {
                    Some(data) => Some(data),
                    None => continue,
                },
                b"sBIT" if self.header.colour != from.header.colour => {
                    let (mut data, _) = chunk.metadata(source, budget)?;
                    data.resize(self.header.colour.channels(), self.header.depth);
                    Some(data)
                }
                _ => continue,
            };
            let new = new.map(|data| chunks::encode(chunk.kind, &[&data])).unwrap_or_default();
            patch.replace(chunk.range(), new);
        }
        Ok(())
    }

    /// bKGD (11.3.4.1) in the new colour type; `None` where it stays.
    fn background(
        &self,
        chunk: &Chunk,
        from: &Meaning,
        source: &mut dyn Source,
        budget: &mut Budget,
    ) -> Result<Option<Vec<u8>>> {
        let (data, _) = chunk.metadata(source, budget)?;
        Ok(match (from.header.colour, &data[..]) {
            (Colour::Palette, &[index]) if self.header.colour != Colour::Palette => {
                let entry = from.palette.get(usize::from(index)).copied().unwrap_or_default();
                Some(entry.into_iter().flat_map(|value| [0, value]).collect())
            }
            (Colour::Grey, &[_, value]) if self.header.depth > from.header.depth => {
                Some(vec![0, value.saturating_mul(255 / ((1u8 << from.header.depth) - 1))])
            }
            _ => None,
        })
    }
}

fn with_alpha() -> String {
    "stored with an alpha channel, because frames that are cleared away had to be drawn whole".into()
}

/// Pixels for every coverage, in any type but a palette.
fn ink(notice: &StoredNotice, header: &Header) -> Vec<Pixel> {
    let grey = matches!(header.colour, Colour::Grey | Colour::GreyAlpha);
    let (mut plate, mut text) = (notice.plate, notice.text);
    if grey {
        (plate, text) = ([luma(plate); 3], [luma(text); 3]);
        // Two colours of equal luma: black and white in the same order.
        if contrast(coarse(plate, header.depth), coarse(text, header.depth)) < MIN_CONTRAST {
            let dark_plate = plate[0] <= text[0];
            (plate, text) = if dark_plate { ([0; 3], [255; 3]) } else { ([255; 3], [0; 3]) };
        }
    }
    let colours = if grey { 1 } else { 3 };
    let opaque = matches!(header.colour, Colour::GreyAlpha | Colour::Rgba);
    (0..=255u8)
        .map(|coverage| {
            let pairs = plate.into_iter().zip(text).take(colours);
            let mut bytes: Vec<u8> = if header.depth == 16 {
                pairs.flat_map(|(plate, text)| u16::mix(plate, text, coverage).to_be_bytes()).collect()
            } else {
                pairs.map(|(plate, text)| quantised(u8::mix(plate, text, coverage), header.depth)).collect()
            };
            bytes.resize(header.unit().max(bytes.len()), if opaque { 255 } else { 0 });
            let mut pixel = Pixel::default();
            pixel[..bytes.len()].copy_from_slice(&bytes);
            pixel
        })
        .collect()
}

/// An 8-bit value in `depth` bits, for depths up to 8.
fn quantised(value: u8, depth: u8) -> u8 {
    let top = (1u32 << depth.min(8)) - 1;
    ((u32::from(value) * top + 127) / 255) as u8
}

/// What a grey looks like in `depth` bits.
fn coarse([value, ..]: [u8; 3], depth: u8) -> [u8; 3] {
    let top = (1u32 << depth.min(8)) - 1;
    [(u32::from(quantised(value, depth)) * 255 / top) as u8; 3]
}

fn mix(notice: &StoredNotice, coverage: u8) -> [u8; 3] {
    std::array::from_fn(|i| u8::mix(notice.plate[i], notice.text[i], coverage))
}

fn pixel(index: u8) -> Pixel {
    [index, 0, 0, 0, 0, 0, 0, 0]
}

fn two_tone(plate: usize, text: usize) -> Vec<Pixel> {
    (0..256).map(|coverage| pixel(if coverage < 128 { plate } else { text } as u8)).collect()
}
