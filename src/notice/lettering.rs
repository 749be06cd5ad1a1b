//! A notice as type, for pages that hold text: letters that can be drawn, searched and read aloud, not a picture of them.

use cosmic_text::Command;

use super::{
    plate::Plate,
    typeset::{Glyph, Line, Typesetter},
};
use crate::{geometry::Rect, policy::NoticeStyle};

/// A notice laid out for a page.
#[derive(Clone, Debug)]
pub(crate) struct Lettering {
    /// The plate, in the units of the frame, from its top left.
    pub(crate) rect: Rect,
    /// Height of a capital letter, in the same units.
    pub(crate) cap_height: u32,
    pub(crate) plate: [u8; 3],
    pub(crate) text: [u8; 3],
    /// From the top.
    pub(crate) rows: Vec<Row>,
}

/// A line, or a part of one.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// Which line of the wording.
    pub(crate) wording: usize,
    /// From the top of the plate.
    pub(crate) baseline: f32,
    /// From left to right, whatever the direction of the script.
    pub(crate) letters: Vec<Letter>,
}

/// What is drawn for a letter, or for several that are drawn as one.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// In the order in which they are read.
    pub(crate) text: String,
    /// From the left of the plate.
    pub(crate) x: f32,
    /// In units of which [`Lettering::CAP`] are as high as a capital letter, y up from the baseline.
    pub(crate) advance: i32,
    pub(crate) outline: Vec<Stroke>,
}

/// A step of an outline, in the units of [`Letter::advance`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stroke {
    Move([i32; 2]),
    Line([i32; 2]),
    Curve([i32; 6]),
    Close,
}

impl Lettering {
    /// Units in the height of a capital letter: a font whose em has 1,000 of them looks usual.
    pub(crate) const CAP: u32 = 700;

    pub(super) fn new(plate: &Plate, setter: &mut Typesetter, style: &NoticeStyle, rect: Rect) -> Self {
        let cap = plate.cap as f32;
        let rows = plate.placed().map(|(line, x, baseline)| Row {
            wording: line.wording,
            baseline,
            letters: letters(line, setter).map(|letter| Letter { x: x + letter.x * cap, ..letter }).collect(),
        });
        Self { rect, cap_height: plate.cap, plate: style.plate, text: style.text, rows: rows.collect() }
    }
}

/// The letters of a line from left to right; `x` in cap heights.
fn letters(line: &Line, setter: &mut Typesetter) -> impl Iterator<Item = Letter> {
    let mut letters: Vec<Letter> = Vec::new();
    // Glyphs that are drawn for the same letters stand beside one another.
    for glyphs in line.glyphs.chunk_by(|a, b| a.start == b.start) {
        let left = glyphs.iter().map(|glyph| glyph.x).fold(f32::MAX, f32::min);
        let advance = glyphs.iter().map(|glyph| glyph.advance).sum::<f32>();
        let outline = glyphs.iter().flat_map(|glyph| outline(glyph, glyph.x - left, setter)).collect();
        let end = glyphs.iter().map(|glyph| glyph.end).max().unwrap_or_default();
        let text = glyphs.first().and_then(|glyph| line.text.get(glyph.start..end)).unwrap_or_default();
        let advance = units(advance * Lettering::CAP as f32);
        letters.extend(single(Letter { text: text.to_owned(), x: left, advance, outline }));
    }
    letters.sort_by(|a, b| a.x.total_cmp(&b.x));
    letters.into_iter()
}

/// Several letters of a script that runs to the left become one each: readers turn around what is drawn there, also the letters
/// that are drawn as one. All of the outline goes with the leftmost, the last to be read.
fn single(whole: Letter) -> Vec<Letter> {
    let count = whole.text.chars().count();
    if count < 2 || !whole.text.starts_with(runs_left) {
        return vec![whole];
    }
    let Letter { text, x, advance, mut outline } = whole;
    let share = advance / i32::try_from(count).unwrap_or(i32::MAX);
    let step = share as f32 / Lettering::CAP as f32;
    let letter = |(index, character): (usize, char)| Letter {
        text: character.into(),
        x: x + step * index as f32,
        advance: share,
        outline: std::mem::take(&mut outline),
    };
    text.chars().rev().enumerate().map(letter).collect()
}

/// Letters of the scripts that run from right to left.
fn runs_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// The outline of a glyph, moved to the right by `by` cap heights.
fn outline(glyph: &Glyph, by: f32, setter: &mut Typesetter) -> Vec<Stroke> {
    let cap = Lettering::CAP as f32;
    let commands = setter.outline(glyph, cap).unwrap_or_default();
    let (rise, by) = (glyph.rise() * cap, by * cap);
    let point = |x: f32, y: f32| [units(x + by), units(y + rise)];
    let mut at = (0.0, 0.0);
    let stroke = |command: &Command| match command {
        Command::MoveTo(a) => {
            at = (a.x, a.y);
            Stroke::Move(point(a.x, a.y))
        }
        Command::LineTo(a) => {
            at = (a.x, a.y);
            Stroke::Line(point(a.x, a.y))
        }
        Command::QuadTo(control, a) => {
            // The same curve with two control points.
            let toward = |from: f32, control: f32| from + (control - from) * 2.0 / 3.0;
            let [x1, y1] = point(toward(at.0, control.x), toward(at.1, control.y));
            let [x2, y2] = point(toward(a.x, control.x), toward(a.y, control.y));
            let [x, y] = point(a.x, a.y);
            at = (a.x, a.y);
            Stroke::Curve([x1, y1, x2, y2, x, y])
        }
        Command::CurveTo(first, second, a) => {
            let ([x1, y1], [x2, y2], [x, y]) = (point(first.x, first.y), point(second.x, second.y), point(a.x, a.y));
            at = (a.x, a.y);
            Stroke::Curve([x1, y1, x2, y2, x, y])
        }
        Command::Close => Stroke::Close,
    };
    commands.iter().map(stroke).collect()
}

/// Outlines are a few thousand units large.
fn units(value: f32) -> i32 {
    value.round() as i32
}

#[cfg(test)]
mod tests {
    use crate::{
        Disclosure, Policy,
        format::Medium,
        geometry::Size,
        notice::{Artist, Lettering},
        policy::Language,
    };

    fn lettering(tag: &str, frame: Size) -> Lettering {
        let policy = Policy::kazakhstan().languages(&[tag]).unwrap();
        let plan = policy.plan(&Disclosure::generated("Acme"), Medium::Text);
        Artist::new().letter(&plan, frame).unwrap()
    }

    #[test]
    fn every_wording_is_lettered_with_the_words_that_it_has() {
        let frame = Size { width: 1000, height: 1414 };
        for language in Language::ALL {
            let lettering = lettering(language.tag(), frame);
            assert!((20..=21).contains(&lettering.cap_height) && lettering.rect.inside(frame), "{language:?}");
            let mut words: Vec<String> = Vec::new();
            for row in &lettering.rows {
                let left_to_right = row.letters.windows(2).all(|pair| pair[0].x <= pair[1].x);
                assert!(left_to_right && row.letters.iter().all(|letter| letter.advance > 0), "{language:?} {row:?}");
                let mut letters: Vec<_> = row.letters.iter().map(|letter| letter.text.as_str()).collect();
                if matches!(language.tag(), "ar" | "fa" | "ur") {
                    letters.reverse();
                }
                words.push(letters.concat());
                let empty = row.letters.iter().filter(|letter| letter.outline.is_empty());
                assert!(empty.clone().all(|letter| letter.text == " " || letter.text.starts_with(super::runs_left)));
            }
            let wanted = language.wording(Medium::Text, crate::Extent::Generated);
            assert_eq!(words.join(" ").replace(' ', ""), wanted.replace(' ', ""), "{language:?}");
        }
    }
}
