//! Finds what may be rows of text: small shapes in a line on an even ground.

use std::collections::HashSet;

use super::grey::Grey;

/// Width of the brightness steps in which an even ground is looked for; two passes, half a step apart.
const STEP: u8 = 24;
/// How much brighter or darker than its ground a shape is at least.
const DIFFERENCE: i32 = 40;
/// Grounds that are looked at in each pass, the largest first.
const MAX_GROUNDS: usize = 48;
/// Shapes on one ground; with more it is no plate but a texture.
const MAX_SHAPES: usize = 1500;
/// Rows returned at most.
const MAX_ROWS: usize = 300;
/// Pixels spent on grounds, as a multiple of the picture.
const MAX_WORK: usize = 14;

/// What may be a row of text, in pixels of the working picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Row {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
    /// Whether the text is lighter than its ground.
    pub(super) light: bool,
}

/// A connected set of pixels: its bounds (right and bottom exclusive) and how many there are.
#[derive(Clone, Copy, Debug)]
struct Shape {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    area: usize,
    /// Index of its first pixel.
    seed: usize,
}

impl Shape {
    fn width(&self) -> usize {
        self.right - self.left
    }

    fn height(&self) -> usize {
        self.bottom - self.top
    }

    fn join(&mut self, other: &Self) {
        self.left = self.left.min(other.left);
        self.top = self.top.min(other.top);
        self.right = self.right.max(other.right);
        self.bottom = self.bottom.max(other.bottom);
        self.area += other.area;
    }
}

/// Every row that may be text.
pub(super) fn rows(grey: &Grey) -> Vec<Row> {
    let pixels = grey.width * grey.height;
    let least = (grey.width.min(grey.height).pow(2) / 1200).max(90);
    let mut work = pixels * MAX_WORK;
    let mut found = HashSet::new();
    let mut rows = Vec::new();
    for offset in [0, STEP / 2] {
        let step = |at: usize| (grey.luma[at].saturating_add(offset)) / STEP;
        let mut grounds = shapes(grey.width, 0..grey.width, 0..grey.height, false, |_| true, |a, b| step(a) == step(b));
        grounds.retain(|ground| ground.area >= least && ground.width() >= 20 && ground.height() >= 7);
        grounds.sort_by_key(|ground| std::cmp::Reverse(ground.area));
        grounds.truncate(MAX_GROUNDS);
        for ground in grounds {
            let cost = ground.width() * ground.height() * 2;
            let Some(left) = work.checked_sub(cost) else { continue };
            work = left;
            let middle = i32::from(step(ground.seed)) * i32::from(STEP) + i32::from(STEP / 2) - i32::from(offset);
            for light in [true, false] {
                for row in on_ground(grey, &ground, middle, light) {
                    if found.insert(row) {
                        rows.push(row);
                    }
                }
            }
            if rows.len() >= MAX_ROWS {
                rows.truncate(MAX_ROWS);
                return rows;
            }
        }
    }
    rows
}

/// The rows on one ground.
fn on_ground(grey: &Grey, ground: &Shape, middle: i32, light: bool) -> Vec<Row> {
    let is_ink = |at: usize| {
        let over = i32::from(grey.luma[at]) - middle;
        if light { over >= DIFFERENCE } else { -over >= DIFFERENCE }
    };
    let (across, down) = (ground.left..ground.right, ground.top..ground.bottom);
    let mut letters = shapes(grey.width, across, down, true, is_ink, |_, _| true);
    // What reaches the bounds is the surroundings; a frame around everything is no letter.
    letters.retain(|s| {
        let inside = s.left > ground.left && s.right < ground.right && s.top > ground.top && s.bottom < ground.bottom;
        s.area >= 2 && inside && s.height() * 5 <= grey.height * 2
    });
    if letters.len() < 2 || letters.len() > MAX_SHAPES {
        return Vec::new();
    }
    letters.sort_by_key(|letter| letter.left);
    chain(letters)
        .into_iter()
        .filter(|row| row.width() * 10 >= row.height() * 12 && row.height() >= 4)
        .map(|row| Row { left: row.left, top: row.top, right: row.right, bottom: row.bottom, light })
        .collect()
}

/// Joins letters that stand beside each other, then accents and dots to the row that they are nearest to.
fn chain(letters: Vec<Shape>) -> Vec<Shape> {
    let mut rows: Vec<Shape> = Vec::new();
    let usual = usual_height(&letters);
    let is_letter = |shape: &Shape| shape.height() >= 3 && shape.height() * 10 >= usual * 4;
    let (letters, small): (Vec<_>, Vec<_>) = letters.into_iter().partition(is_letter);
    // From left to right, each letter joins the row whose right end it follows.
    for letter in letters {
        let follows = |row: &&mut Shape| {
            let overlap = row.bottom.min(letter.bottom).saturating_sub(row.top.max(letter.top));
            let tall = row.height().max(letter.height());
            let (low, high) = (row.height().min(letter.height()), tall);
            overlap * 2 >= low && letter.left <= row.right + tall && low * 4 >= high
        };
        match rows.iter_mut().filter(follows).min_by_key(|row| letter.left.abs_diff(row.right)) {
            Some(row) => row.join(&letter),
            None => rows.push(letter),
        }
    }
    // Rows that grew beside one another (tall and low letters in turn) are one.
    let mut merged: Vec<Shape> = Vec::new();
    for row in rows {
        let same = merged.iter_mut().find(|other| {
            let overlap = other.bottom.min(row.bottom).saturating_sub(other.top.max(row.top));
            let tall = other.height().max(row.height());
            overlap * 2 >= other.height().min(row.height())
                && row.left <= other.right + tall
                && other.left <= row.right + tall
        });
        match same {
            Some(other) => other.join(&row),
            None => merged.push(row),
        }
    }
    // Specks of the surroundings look like accents: each row is returned without its marks as well.
    let bare = merged.clone();
    for mark in small {
        let away = |row: &Shape| row.top.saturating_sub(mark.bottom).max(mark.top.saturating_sub(row.bottom));
        let beside = |row: &&mut Shape| {
            mark.left + row.height() / 2 >= row.left
                && mark.left <= row.right + row.height() / 2
                && away(row) * 5 <= row.height()
        };
        if let Some(row) = merged.iter_mut().filter(beside).min_by_key(|row| away(row)) {
            row.join(&mark);
        }
    }
    merged.extend(bare);
    merged
}

/// The height that half of the ink belongs to shapes no higher than.
fn usual_height(letters: &[Shape]) -> usize {
    let mut heights: Vec<_> = letters.iter().map(|shape| (shape.height(), shape.area)).collect();
    heights.sort_unstable();
    let half = heights.iter().map(|(_, area)| area).sum::<usize>() / 2;
    let mut seen = 0;
    let middle = heights.iter().find(|(_, area)| {
        seen += area;
        seen >= half
    });
    middle.map_or(0, |&(height, _)| height)
}

/// The connected sets of pixels of a part that satisfy `is_in`, where neighbours satisfy `same`.
fn shapes(
    stride: usize,
    across: std::ops::Range<usize>,
    down: std::ops::Range<usize>,
    diagonal: bool,
    is_in: impl Fn(usize) -> bool,
    same: impl Fn(usize, usize) -> bool,
) -> Vec<Shape> {
    const NONE: u32 = u32::MAX;
    let width = across.len();
    let mut shapes: Vec<Shape> = Vec::new();
    let mut parents: Vec<u32> = Vec::new();
    let mut above = vec![NONE; width + 2];
    let mut here = vec![NONE; width + 2];
    for y in down.clone() {
        here.fill(NONE);
        for x in across.clone() {
            let at = y * stride + x;
            if !is_in(at) {
                continue;
            }
            let column = x - across.start + 1;
            let mut label = NONE;
            let mut neighbour = |other: u32, from: usize, parents: &mut Vec<u32>| {
                if other != NONE && same(at, from) {
                    label = if label == NONE { find(parents, other) } else { unite(parents, label, other) };
                }
            };
            if column > 1 {
                neighbour(here[column - 1], at - 1, &mut parents);
            }
            if y > down.start {
                neighbour(above[column], at - stride, &mut parents);
                if diagonal {
                    if column > 1 {
                        neighbour(above[column - 1], at - stride - 1, &mut parents);
                    }
                    if column < width {
                        neighbour(above[column + 1], at - stride + 1, &mut parents);
                    }
                }
            }
            if label == NONE {
                // At most as many labels as pixels, which the working picture bounds far below 2^32.
                label = parents.len() as u32;
                parents.push(label);
                shapes.push(Shape { left: x, top: y, right: x + 1, bottom: y + 1, area: 0, seed: at });
            }
            let shape = &mut shapes[label as usize];
            shape.left = shape.left.min(x);
            shape.right = shape.right.max(x + 1);
            shape.bottom = shape.bottom.max(y + 1);
            shape.area += 1;
            here[column] = label;
        }
        std::mem::swap(&mut above, &mut here);
    }
    for label in 0..shapes.len() {
        let root = find(&mut parents, label as u32) as usize;
        if root != label {
            let part = shapes[label];
            shapes[root].join(&part);
            shapes[label].area = 0;
        }
    }
    shapes.retain(|shape| shape.area > 0);
    shapes
}

fn find(parents: &mut [u32], mut label: u32) -> u32 {
    while parents[label as usize] != label {
        let up = parents[parents[label as usize] as usize];
        parents[label as usize] = up;
        label = up;
    }
    label
}

fn unite(parents: &mut [u32], a: u32, b: u32) -> u32 {
    let (a, b) = (find(parents, a), find(parents, b));
    let (low, high) = (a.min(b), a.max(b));
    parents[high as usize] = low;
    low
}
