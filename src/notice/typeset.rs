//! Fonts and shaping: text to glyphs, in units of the height of a capital letter.

use std::{
    ops::Range,
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use cosmic_text::{
    Attrs, AttrsList, CacheKey, CacheKeyFlags, Command, Family, FontSystem, Hinting, Metrics, ShapeLine, Shaping,
    SwashCache, SwashImage, Weight, Wrap,
    fontdb::{Database, FaceInfo, ID, Language as FontLanguage, Source, Stretch, Style},
};

use crate::{Error, Result, policy::Language};

/// The bundled faces in the order in which they are asked for a character; see `fonts/README.md`.
const BUNDLED: [(&str, &[u8]); 6] = [
    ("latin-cyrillic", include_bytes!("fonts/latin-cyrillic.ttf")),
    ("devanagari", include_bytes!("fonts/devanagari.ttf")),
    ("arabic", include_bytes!("fonts/arabic.ttf")),
    ("chinese", include_bytes!("fonts/chinese.otf")),
    ("japanese", include_bytes!("fonts/japanese.otf")),
    ("korean", include_bytes!("fonts/korean.otf")),
];
/// Family name of the caller's font inside the database.
const OWN: &str = "own";
/// Every face is filed under this weight: faces are chosen by name alone, and a variable font is drawn with it.
const WEIGHT: Weight = Weight::SEMIBOLD;
/// Cap height at which lines are laid out, in pixels; they scale linearly, since nothing is hinted.
const REFERENCE_CAP: f32 = 100.0;
/// Letters whose height tells how large a script's letters look; the first that a run's script names is measured.
const LATIN_BODY: &str = "HXНЕ0";
const DEVANAGARI_BODY: &str = "कन";
const ARABIC_BODY: &str = "اا";

/// One line, shaped. Coordinates are in cap heights, x from the left edge of the ink, y up from the baseline.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) text: String,
    /// Which line of the wording it is, or is a part of.
    pub(super) wording: usize,
    pub(super) rtl: bool,
    pub(super) glyphs: Vec<Glyph>,
    /// Width of the ink.
    pub(super) width: f32,
    /// Highest ink above the baseline.
    pub(super) ascent: f32,
    /// Deepest ink below the baseline.
    pub(super) descent: f32,
}

/// One glyph of a [`Line`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Glyph {
    face: ID,
    id: u16,
    pub(super) x: f32,
    y: f32,
    /// Font size in cap heights.
    size: f32,
    /// How far the next glyph's origin is.
    pub(super) advance: f32,
    /// The letters of the line that it is drawn for, alone or with its neighbours that have the same.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// One face of the database.
struct Face {
    name: &'static str,
    id: ID,
}

/// Shapes and rasterises with the bundled fonts, and with the caller's where there is one.
pub(super) struct Typesetter {
    system: FontSystem,
    swash: SwashCache,
    faces: Vec<Face>,
}

/// The typesetter with the bundled fonts alone, parsed once in a process.
pub(super) fn bundled() -> MutexGuard<'static, Typesetter> {
    static SHARED: LazyLock<Mutex<Typesetter>> = LazyLock::new(|| Mutex::new(Typesetter::with(None)));
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Typesetter {
    /// A typesetter that tries the font `bytes` before the bundled ones.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] when the bytes are no font, or a font without outlines.
    pub(super) fn with_own(bytes: &[u8]) -> Result<Self> {
        let mut this = Self::with(Some(bytes.to_vec()));
        let refused = |why: &str| Err(Error::Argument { argument: "notice font", why: why.into() });
        let Some(own) = this.faces.iter().find(|face| face.name == OWN).map(|face| face.id) else {
            return refused("not a font that can be read; give the bytes of a TrueType or OpenType file");
        };
        if this.system.get_font(own, WEIGHT).is_none() {
            return refused("the font's tables cannot be read; give a TrueType or OpenType file with outlines");
        }
        Ok(this)
    }

    fn with(own: Option<Vec<u8>>) -> Self {
        let mut database = Database::new();
        let own = own.map(|bytes| (OWN, Source::Binary(Arc::new(bytes))));
        let bundled = BUNDLED.map(|(name, bytes)| (name, Source::Binary(Arc::new(bytes))));
        let faces = own.into_iter().chain(bundled).filter_map(|(name, source)| file(&mut database, name, source));
        let faces = faces.collect();
        // The shaper's own choice of fallbacks never comes into play: `runs` names a face for every character.
        let system = FontSystem::new_with_locale_and_db("en".into(), database);
        Self { system, swash: SwashCache::new(), faces }
    }

    /// Shapes one line. `language` decides between Chinese, Japanese and Korean forms of an ideograph.
    ///
    /// # Errors
    ///
    /// [`Error::Argument`] for a character that no font holds.
    pub(super) fn line(&mut self, text: &str, language: Language) -> Result<Line> {
        let mut list = AttrsList::new(&attrs(self.faces[0].name, REFERENCE_CAP));
        for (range, face) in self.runs(text, language)? {
            let size = self.size(face, &text[range.clone()])? * REFERENCE_CAP;
            list.add_span(range, &attrs(self.faces[face].name, size));
        }
        let shaped = ShapeLine::new(&mut self.system, text, &list, Shaping::Advanced, 8);
        let laid = shaped.layout(REFERENCE_CAP, None, Wrap::None, None, None, Hinting::Disabled);
        let mut glyphs = Vec::new();
        for glyph in laid.iter().flat_map(|line| &line.glyphs) {
            if glyph.glyph_id == 0 {
                return Err(missing(text[glyph.start..].chars().next().unwrap_or_default()));
            }
            glyphs.push(Glyph {
                face: glyph.font_id,
                id: glyph.glyph_id,
                x: (glyph.x + glyph.font_size * glyph.x_offset) / REFERENCE_CAP,
                y: (glyph.font_size * glyph.y_offset - glyph.y) / REFERENCE_CAP,
                size: glyph.font_size / REFERENCE_CAP,
                advance: glyph.w / REFERENCE_CAP,
                start: glyph.start,
                end: glyph.end,
            });
        }
        let ink = self.ink(&glyphs).ok_or_else(|| Error::Argument {
            argument: "wording",
            why: format!("the line {text:?} draws nothing; give each line visible text"),
        })?;
        for glyph in &mut glyphs {
            glyph.x -= ink.left;
        }
        Ok(Line {
            text: text.to_owned(),
            wording: 0,
            rtl: shaped.rtl,
            glyphs,
            width: ink.right - ink.left,
            ascent: ink.top,
            descent: -ink.bottom,
        })
    }

    /// The outline of a glyph at a cap height in pixels: font coordinates, y up, origin at the glyph's own origin.
    pub(super) fn outline(&mut self, glyph: &Glyph, cap: f32) -> Option<Box<[Command]>> {
        let (key, ..) = glyph.key(cap, (0.0, 0.0));
        self.swash.get_outline_commands_uncached(&mut self.system, key)
    }

    /// The coverage of a glyph whose line starts at `origin` (pixels, y down), and the pixel that it is relative to.
    pub(super) fn image(&mut self, glyph: &Glyph, cap: f32, origin: (f32, f32)) -> Option<(SwashImage, i32, i32)> {
        let (x, y) = glyph.at(cap, origin);
        // Whole pixels in y keep the baseline and the cap line sharp.
        let (key, x, y) = glyph.key(cap, (x, y.round()));
        self.swash.get_image_uncached(&mut self.system, key).map(|image| (image, x, y))
    }

    /// Whether a face has a glyph for `character`.
    fn holds(&mut self, face: usize, character: char) -> bool {
        let id = self.faces[face].id;
        self.system.get_font(id, WEIGHT).is_some_and(|font| font.as_swash().charmap().map(character) != 0)
    }

    /// Cuts a line into runs of one face each.
    fn runs(&mut self, text: &str, language: Language) -> Result<Vec<(Range<usize>, usize)>> {
        let order = self.order(text, language);
        let mut runs: Vec<(Range<usize>, usize)> = Vec::new();
        for (at, character) in text.char_indices() {
            let end = at + character.len_utf8();
            let stays = runs.last().is_some_and(|&(_, face)| {
                is_joiner(character) || ((character == ' ' || is_combining(character)) && self.holds(face, character))
            });
            if stays {
                if let Some((range, _)) = runs.last_mut() {
                    range.end = end;
                }
                continue;
            }
            let face = order.iter().copied().find(|&face| self.holds(face, character));
            let face = face.ok_or_else(|| missing(character))?;
            match runs.last_mut() {
                Some((range, last)) if *last == face => range.end = end,
                _ => runs.push((at..end, face)),
            }
        }
        Ok(runs)
    }

    /// The faces in the order in which this line tries them.
    fn order(&self, text: &str, language: Language) -> Vec<usize> {
        let is_kana = |c: char| ('\u{3041}'..='\u{30ff}').contains(&c);
        let is_hangul = |c: char| ('\u{ac00}'..='\u{d7a3}').contains(&c);
        let first = if text.chars().any(is_kana) || language == Language::Ja {
            "japanese"
        } else if text.chars().any(is_hangul) || language == Language::Ko {
            "korean"
        } else {
            "chinese"
        };
        let mut order: Vec<_> = (0..self.faces.len()).collect();
        order.sort_by_key(|&face| match self.faces[face].name {
            OWN => 0,
            "chinese" | "japanese" | "korean" if self.faces[face].name == first => 2,
            "chinese" | "japanese" | "korean" => 3,
            _ => 1,
        });
        order
    }

    /// The font size, in cap heights, at which the letters of this run are as tall as a capital letter at least.
    fn size(&mut self, face: usize, run: &str) -> Result<f32> {
        let own = self.faces[face].name == OWN;
        let latin = if own { None } else { self.body(self.position("latin-cyrillic"), LATIN_BODY) };
        let body = self.body(face, body_letters(run)).or_else(|| self.body(face, run));
        match (latin, body) {
            (Some(latin), Some(body)) => Ok((1.0 / latin).max(1.0 / body)),
            // A run without a tall letter ("-", spaces): any letter of the face, or its em.
            (Some(latin), None) => Ok(1.0 / latin),
            (None, Some(body)) => Ok(1.0 / body),
            (None, None) => Ok(self.body(face, LATIN_BODY).map_or(1.0 / 0.7, |body| 1.0 / body)),
        }
    }

    fn position(&self, name: &str) -> usize {
        self.faces.iter().position(|face| face.name == name).unwrap_or_default()
    }

    /// How high the first of `letters` that the face holds rises above the baseline, in ems.
    fn body(&mut self, face: usize, letters: &str) -> Option<f32> {
        let id = self.faces[face].id;
        let font = self.system.get_font(id, WEIGHT)?;
        let glyph = letters.chars().filter(|c| c.is_alphanumeric()).map(|c| font.as_swash().charmap().map(c));
        let glyph = glyph.into_iter().find(|&glyph| glyph != 0)?;
        let glyph = Glyph { face: id, id: glyph, x: 0.0, y: 0.0, size: 1.0, advance: 0.0, start: 0, end: 0 };
        let ink = self.ink(&[glyph])?;
        (ink.top > 0.1).then_some(ink.top)
    }

    /// The bounds of what the glyphs draw, in cap heights; `None` when they draw nothing.
    fn ink(&mut self, glyphs: &[Glyph]) -> Option<Ink> {
        let mut ink = Ink { left: f32::MAX, right: f32::MIN, bottom: f32::MAX, top: f32::MIN };
        for glyph in glyphs {
            let Some(commands) = self.outline(glyph, REFERENCE_CAP) else { continue };
            // Control points bound a curve; in fonts drawn by the rules the extremes are points of the outline.
            for point in commands.iter().flat_map(points) {
                let (x, y) = (glyph.x + point.0 / REFERENCE_CAP, glyph.y + point.1 / REFERENCE_CAP);
                ink.left = ink.left.min(x);
                ink.right = ink.right.max(x);
                ink.bottom = ink.bottom.min(y);
                ink.top = ink.top.max(y);
            }
        }
        (ink.left < ink.right).then_some(ink)
    }
}

struct Ink {
    left: f32,
    right: f32,
    bottom: f32,
    top: f32,
}

impl Glyph {
    /// Where the glyph's own origin stands for a line that starts at `origin`: pixels, y down.
    pub(super) fn at(&self, cap: f32, origin: (f32, f32)) -> (f32, f32) {
        (origin.0 + self.x * cap, origin.1 - self.y * cap)
    }

    /// How far its origin stands above the baseline.
    pub(super) fn rise(&self) -> f32 {
        self.y
    }

    fn key(&self, cap: f32, at: (f32, f32)) -> (CacheKey, i32, i32) {
        CacheKey::new(self.face, self.id, self.size * cap, at, WEIGHT, CacheKeyFlags::DISABLE_HINTING)
    }
}

/// The points of a path command.
fn points(command: &Command) -> impl Iterator<Item = (f32, f32)> {
    let points = match command {
        Command::MoveTo(a) | Command::LineTo(a) => [Some(a), None, None],
        Command::QuadTo(a, b) => [Some(a), Some(b), None],
        Command::CurveTo(a, b, c) => [Some(a), Some(b), Some(c)],
        Command::Close => [None; 3],
    };
    points.into_iter().flatten().map(|point| (point.x, point.y))
}

/// Files a face in the database under a name of ours; `None` when the bytes are no font.
fn file(database: &mut Database, name: &'static str, source: Source) -> Option<Face> {
    let id = database.load_font_source(source).first().copied()?;
    let info = database.face(id)?.clone();
    database.remove_face(id);
    let id = database.push_face_info(FaceInfo {
        families: vec![(name.into(), FontLanguage::English_UnitedStates)],
        weight: WEIGHT,
        stretch: Stretch::Normal,
        style: Style::Normal,
        monospaced: false,
        ..info
    });
    Some(Face { name, id })
}

fn attrs(name: &str, size: f32) -> Attrs<'_> {
    let attrs = Attrs::new().family(Family::Name(name)).weight(WEIGHT);
    attrs.cache_key_flags(CacheKeyFlags::DISABLE_HINTING).metrics(Metrics::new(size, size))
}

/// The letters by which the script of a run is measured.
fn body_letters(run: &str) -> &'static str {
    let script = run.chars().find_map(|c| match c {
        '\u{900}'..='\u{97f}' => Some(DEVANAGARI_BODY),
        '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' => Some(ARABIC_BODY),
        'A'..='Z' | 'a'..='z' | '0'..='9' | '\u{c0}'..='\u{24f}' | '\u{370}'..='\u{52f}' => Some(LATIN_BODY),
        _ => None,
    });
    script.unwrap_or_default()
}

/// Characters that shape their neighbours and draw nothing: they belong to the run that they stand in.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}'..='\u{94d}' | '\u{64b}'..='\u{65f}' | '\u{900}'..='\u{903}')
}

fn missing(character: char) -> Error {
    let why = format!(
        "no font holds {character:?} (U+{:04X}); use other words, or give a font that holds it as `NoticeStyle::font`",
        u32::from(character)
    );
    Error::Argument { argument: "wording", why }
}
