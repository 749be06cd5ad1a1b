//! The wordings that are looked for, drawn as tanba draws them, and how well a row of text matches one.

use std::sync::{Arc, LazyLock};

use super::{
    grey::{Integral, correlation},
    plate::Plate,
    rows::Row,
    typeset, wrap,
};
use crate::{
    format::Medium,
    policy::{Extent, Language, layout::Padding},
};

/// Cap height of the drawn wordings, in pixels.
const DRAWN_CAP: u32 = 24;
/// The grid on which every row is compared with every wording.
const COARSE: (usize, usize) = (64, 8);
/// Correlation on that grid from which on a wording is looked at closely, and how many are at most.
const COARSE_LEAST: f64 = 0.42;
const COARSE_BEST: usize = 6;
/// Rows of the grid of the close look; its columns are as wide as its rows are high.
const FINE_ROWS: f64 = 14.0;

/// A wording: what it says, and the number of pieces that it may be broken into.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) text: String,
    pub(super) pieces: usize,
    /// What it means, where the table has it. One text may stand for several languages.
    pub(super) meanings: Vec<(Language, Extent)>,
}

/// A row of a wording, whole or broken, as tanba draws it.
#[derive(Clone)]
pub(super) struct Template {
    /// The wordings that it is a part of, and which pieces of them.
    uses: Vec<(usize, usize, usize)>,
    text: String,
    pub(super) rtl: bool,
    /// Width and height of the ink in cap heights.
    pub(super) width: f64,
    pub(super) height: f64,
    ink: [f64; 4],
    drawn: Integral,
    coarse: Vec<f32>,
}

/// All wordings that are looked for.
#[derive(Clone)]
pub(super) struct Lexicon {
    pub(super) entries: Vec<Entry>,
    templates: Vec<Arc<Template>>,
}

/// A row that matches a template.
#[derive(Clone)]
pub(super) struct Match {
    template: Arc<Template>,
    /// The ink, in pixels of the working picture.
    pub(super) ink: [f64; 4],
    /// Correlation over the whole row, and over the part of it that matches worst.
    pub(super) score: f64,
    pub(super) worst: f64,
}

impl Lexicon {
    /// The wording table, drawn once in a process.
    pub(super) fn table() -> &'static Self {
        static TABLE: LazyLock<Lexicon> = LazyLock::new(|| {
            let mut table = Lexicon { entries: Vec::new(), templates: Vec::new() };
            for &language in Language::ALL {
                for extent in [Extent::Generated, Extent::Modified] {
                    let text = language.wording(Medium::Image, extent);
                    table.add(text, language, &[(language, extent)]);
                }
            }
            table
        });
        &TABLE
    }

    /// Whether all these lines are in it.
    pub(super) fn holds(&self, lines: &[String]) -> bool {
        lines.iter().all(|line| self.entries.iter().any(|entry| entry.text == *line))
    }

    /// The table, and other lines.
    pub(super) fn with(also: &[String]) -> Self {
        let mut lexicon = Self::table().clone();
        for line in also {
            lexicon.add(line, Language::En, &[]);
        }
        lexicon
    }

    /// These lines alone; what the table knows of them is kept.
    pub(super) fn only(lines: &[String]) -> Self {
        let mut lexicon = Self { entries: Vec::new(), templates: Vec::new() };
        for line in lines {
            let known = Self::table().entries.iter().find(|entry| entry.text == *line);
            let meanings = known.map(|entry| entry.meanings.clone()).unwrap_or_default();
            let language = meanings.first().map_or(Language::En, |&(language, _)| language);
            lexicon.add(line, language, &meanings);
        }
        lexicon
    }

    fn add(&mut self, text: &str, language: Language, meanings: &[(Language, Extent)]) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.text == text) {
            entry.meanings.extend(
                meanings.iter().filter(|meaning| !entry.meanings.contains(meaning)).copied().collect::<Vec<_>>(),
            );
            return;
        }
        let pieces = wrap::pieces(&text);
        // A long text of the caller's is looked for in whole rows and near-whole ones only.
        let longest = if pieces.len() > 12 { 12 } else { pieces.len() };
        let index = self.entries.len();
        for from in 0..pieces.len() {
            for to in from + 1..=pieces.len().min(from + longest) {
                self.add_row(text[pieces[from].start..pieces[to - 1].end].trim_end(), language, (index, from, to));
            }
        }
        self.entries.push(Entry { text, pieces: pieces.len(), meanings: meanings.to_vec() });
    }

    fn add_row(&mut self, text: &str, language: Language, part: (usize, usize, usize)) {
        if let Some(template) = self.templates.iter_mut().find(|template| template.text == text) {
            Arc::make_mut(template).uses.push(part);
            return;
        }
        if let Some(mut template) = Template::draw(text, language) {
            template.uses.push(part);
            self.templates.push(Arc::new(template));
        }
    }

    /// What the row may say, best first. `ground` is the working picture.
    pub(super) fn recognise(&self, ground: &Integral, row: &Row) -> Vec<Match> {
        let ink = [row.left as f64, row.top as f64, row.right as f64, row.bottom as f64];
        let seen = normalised(ground.cells(ink, COARSE.0, COARSE.1));
        let sign = if row.light { 1.0 } else { -1.0 };
        let aspect = (ink[2] - ink[0]) / (ink[3] - ink[1]);
        let mut likely: Vec<(f64, &Arc<Template>)> = Vec::new();
        for template in &self.templates {
            let ratio = aspect / (template.width / template.height);
            if !(0.7..=1.45).contains(&ratio) {
                continue;
            }
            let dot: f32 = seen.iter().zip(&template.coarse).map(|(a, b)| a * b).sum();
            if f64::from(dot) * sign >= COARSE_LEAST {
                likely.push((f64::from(dot) * sign, template));
            }
        }
        likely.sort_by(|a, b| b.0.total_cmp(&a.0));
        likely.truncate(COARSE_BEST);
        let mut matches: Vec<_> = likely.iter().map(|(_, template)| fit(ground, template, ink, row.light)).collect();
        matches.sort_by(|a, b| b.score.total_cmp(&a.score));
        matches
    }
}

impl Template {
    fn draw(text: &str, language: Language) -> Option<Self> {
        let mut setter = typeset::bundled();
        let line = setter.line(text, language).ok()?;
        let (rtl, width) = (line.rtl, f64::from(line.width));
        let height = f64::from(line.ascent + line.descent);
        let plate = Plate::new(vec![line], DRAWN_CAP, Padding { side: 4, top: 4, ink: 4 }, None);
        let ink = plate.ink().next()?;
        let drawn = Integral::of(&plate.coverage(&mut setter), plate.size.width as usize, plate.size.height as usize);
        let coarse = normalised(drawn.cells(ink, COARSE.0, COARSE.1));
        Some(Self { uses: Vec::new(), text: text.to_owned(), rtl, width, height, ink, drawn, coarse })
    }
}

impl Match {
    /// The wordings that this row is a part of, and which pieces of them: wording, first piece, piece after the last.
    pub(super) fn uses(&self) -> &[(usize, usize, usize)] {
        &self.template.uses
    }

    /// Whether both say the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.template.text == other.template.text
    }

    pub(super) fn is_rtl(&self) -> bool {
        self.template.rtl
    }

    /// Height of a capital letter in the pixels of `ink`.
    pub(super) fn cap(&self) -> f64 {
        let [left, top, right, bottom] = self.ink;
        let (across, down) = ((right - left) / self.template.width, (bottom - top) / self.template.height);
        // A row is long and low: its length tells the size better, unless the picture was squeezed.
        if (across / down - 1.0).abs() < 0.08 { across } else { down }
    }

    /// Fits the same template to another picture of the same place.
    pub(super) fn refit(&self, ground: &Integral, ink: [f64; 4], light: bool) -> Self {
        fit(ground, &self.template, ink, light)
    }
}

/// Moves the edges of the ink until the row matches best.
fn fit(ground: &Integral, template: &Arc<Template>, start: [f64; 4], light: bool) -> Match {
    let tall = start[3] - start[1];
    let rows = FINE_ROWS.min(tall.round()).max(5.0) as usize;
    let columns = ((rows as f64 * template.width / template.height).round() as usize).max(rows);
    let drawn = template.drawn.cells(template.ink, columns, rows);
    let sign = if light { 1.0 } else { -1.0 };
    let score = |ink: [f64; 4]| {
        if ink[2] - ink[0] < 4.0 || ink[3] - ink[1] < 3.0 {
            return -1.0;
        }
        let seen = ground.cells(ink, columns, rows);
        sign * correlation(seen.iter().copied(), drawn.iter().copied())
    };
    // The width is seldom wrong; the height is where accents were lost. Try the template's own proportions too.
    let proper = (start[2] - start[0]) * template.height / template.width;
    let [left, top, right, bottom] = start;
    let middle = (top + bottom - proper) / 2.0;
    let starts = [
        start,
        [left, top, right, top + proper],
        [left, bottom - proper, right, bottom],
        [left, middle, right, middle + proper],
    ];
    let scored = starts.map(|ink| (score(ink), ink));
    let (mut best, mut ink) = scored.into_iter().fold((f64::MIN, start), |a, b| if b.0 > a.0 { b } else { a });
    let mut step = tall * 0.12;
    while step > (tall * 0.004).min(0.05) && best > 0.4 {
        let mut better = false;
        for move_by in [
            [1.0, 0.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
            [0.0, 0.0, 0.0, 1.0],
            [0.0, 1.0, 0.0, 1.0],
            [1.0, 0.0, 1.0, 0.0],
        ] {
            for direction in [step, -step] {
                let mut moved = ink;
                for (edge, by) in moved.iter_mut().zip(move_by) {
                    *edge += by * direction;
                }
                let scored = score(moved);
                if scored > best {
                    (best, ink, better) = (scored, moved, true);
                }
            }
        }
        if !better {
            step /= 2.0;
        }
    }
    let worst = worst_part(&ground.cells(ink, columns, rows), &drawn, columns, rows, sign);
    Match { template: Arc::clone(template), ink, score: best.max(0.0), worst }
}

/// The least correlation over windows about one letter and a half wide: another word of the same length fails here.
fn worst_part(seen: &[f32], drawn: &[f32], columns: usize, rows: usize, sign: f64) -> f64 {
    let width = (rows * 3 / 2).min(columns);
    let window = |cells: &'_ [f32], from: usize| -> Vec<f32> {
        cells.chunks_exact(columns).flat_map(|row| row[from..from + width].iter().copied()).collect()
    };
    let starts = (0..=columns - width).step_by((width / 3).max(1));
    let parts = starts.map(|from| {
        let (seen, drawn) = (window(seen, from), window(drawn, from));
        sign * correlation(seen.iter().copied(), drawn.iter().copied())
    });
    parts.fold(1.0, f64::min)
}

/// Values less their mean, as a vector of length 1.
fn normalised(mut values: Vec<f32>) -> Vec<f32> {
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    let mut length = 0.0;
    for value in &mut values {
        *value -= mean;
        length += *value * *value;
    }
    let length = length.sqrt().max(1e-3);
    values.iter_mut().for_each(|value| *value /= length);
    values
}
