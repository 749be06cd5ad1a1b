//! Colour tables that take the notice: larger where there is room, the nearest colours or spare entries where there is none.

use std::collections::HashMap;

use crate::{
    notice::{Mix, StoredNotice},
    policy::layout::{MIN_CONTRAST, contrast},
};

pub(super) type Entry = [u8; 3];

/// A contrast that lets a full table keep all its colours (WCAG 2.2, 1.4.6).
const GOOD_CONTRAST: f64 = 7.0;
/// Squared distance of two colours that look alike, so that frames with tables of their own show one plate.
const CLOSE: u32 = 3 * 40 * 40;
const FULL: usize = 256;

/// A table, and the index for each coverage.
#[derive(Clone)]
pub(super) struct Inked {
    pub(super) table: Vec<Entry>,
    pub(super) ink: Vec<u8>,
    /// Whether the table is not the one that was given.
    pub(super) changed: bool,
    /// New indices of pixels whose entries had to be given up.
    pub(super) moved: Vec<(u8, u8)>,
}

/// A table of twice the length, the notice's shades in its new half; `None` when it is full.
pub(super) fn enlarged(table: &[Entry], notice: &StoredNotice) -> Option<Inked> {
    let shades = table.len().min(16);
    if !(2..FULL).contains(&table.len()) {
        return None;
    }
    let ink = spread(shades, |shade| table.len() + shade);
    let mut larger = table.to_vec();
    larger.extend((0..shades).map(|shade| shade_of(notice, shade, shades)));
    larger.resize(table.len() * 2, [0; 3]);
    Some(Inked { table: larger, ink, changed: true, moved: Vec::new() })
}

/// The table of one frame. `used` counts its pixels by index.
pub(super) fn fitted(table: &[Entry], transparent: Option<u8>, used: &[usize; FULL], notice: &StoredNotice) -> Inked {
    let last = used.iter().rposition(|&count| count > 0).unwrap_or_default();
    let in_table = last.max(transparent.unwrap_or_default().into()) < table.len();
    if let Some(inked) = enlarged(table, notice).filter(|_| in_table) {
        return inked;
    }
    let mut table = table.to_vec();
    // Indices past the table: they show nothing or black, and must not get a colour of ours.
    let known = table.len();
    table.resize(FULL, [0; 3]);
    let opaque = |index: usize| transparent.is_none_or(|transparent| usize::from(transparent) != index);
    let nearest = |table: &[Entry], colour, but: &[usize]| {
        let others = (0..known).filter(|&index| opaque(index) && !but.contains(&index));
        others.min_by_key(|&index| distance(table[index], colour)).unwrap_or_default()
    };
    let (plate, text) = (nearest(&table, notice.plate, &[]), nearest(&table, notice.text, &[]));
    let kept = contrast(table[plate], table[text]);
    let two_tone = |plate, text| spread(2, |shade| [plate, text][shade]);
    let keep = |table: Vec<Entry>| Inked {
        changed: known != table.len(),
        table,
        ink: two_tone(plate, text),
        moved: Vec::new(),
    };
    let close = |index: usize, colour| distance(table[index], colour) <= CLOSE;
    if kept >= GOOD_CONTRAST && close(plate, notice.plate) && close(text, notice.text) {
        return keep(table);
    }
    let spare: Vec<usize> = (0..FULL).filter(|&index| opaque(index) && used[index] == 0).collect();
    if let Some(shades) = [16, 8, 4, 2].into_iter().find(|&shades| shades <= spare.len()) {
        (0..shades).for_each(|shade| table[spare[shade]] = shade_of(notice, shade, shades));
        return Inked { table, ink: spread(shades, |shade| spare[shade]), changed: true, moved: Vec::new() };
    }
    if kept >= MIN_CONTRAST {
        return keep(table);
    }
    let mut rarest: Vec<usize> = (0..FULL).filter(|&index| opaque(index)).collect();
    rarest.sort_by_key(|&index| used[index]);
    let freed = [rarest[0], rarest[1]];
    let moved = freed.map(|index| (index as u8, nearest(&table, table[index], &freed) as u8)).to_vec();
    (table[freed[0]], table[freed[1]]) = (notice.plate, notice.text);
    Inked { table, ink: two_tone(freed[0], freed[1]), changed: true, moved }
}

/// A table for composed pixels (0 is nothing, else 0xFFRRGGBB), the index of nothing, and the index of each colour.
pub(super) struct Composed {
    pub(super) inked: Inked,
    pub(super) nothing: u8,
    pub(super) index: HashMap<u32, u8>,
    /// Whether every colour has an entry of its own.
    pub(super) exact: bool,
}

pub(super) fn composed(pixels: impl Iterator<Item = u32>, notice: &StoredNotice) -> Composed {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    pixels.filter(|&pixel| pixel != 0).for_each(|pixel| *counts.entry(pixel).or_default() += 1);
    let mut colours: Vec<(u32, usize)> = counts.into_iter().collect();
    colours.sort_by_key(|&(colour, count)| (std::cmp::Reverse(count), colour));
    let kept = colours.len().min(FULL - 3);
    let entry = |colour: u32| {
        let [_, r, g, b] = colour.to_be_bytes();
        [r, g, b]
    };
    let mut table: Vec<Entry> = colours[..kept].iter().map(|&(colour, _)| entry(colour)).collect();
    let own = |colour| (0..kept).min_by_key(|&index| distance(table[index], entry(colour))).unwrap_or_default();
    let index = colours
        .iter()
        .enumerate()
        .map(|(i, &(colour, _))| (colour, if i < kept { i } else { own(colour) } as u8))
        .collect();
    let shades = [16, 8, 4].into_iter().find(|&shades| kept + shades < FULL).unwrap_or(2);
    table.extend((0..shades).map(|shade| shade_of(notice, shade, shades)));
    let nothing = table.len() as u8;
    table.resize((table.len() + 1).next_power_of_two(), [0; 3]);
    let ink = spread(shades, |shade| kept + shade);
    let exact = kept == colours.len();
    Composed { inked: Inked { table, ink, changed: true, moved: Vec::new() }, nothing, index, exact }
}

/// One of so many steps from plate to text.
fn shade_of(notice: &StoredNotice, shade: usize, of: usize) -> Entry {
    let coverage = (shade * 255 / (of - 1)) as u8;
    std::array::from_fn(|i| u8::mix(notice.plate[i], notice.text[i], coverage))
}

/// The index for each coverage, in so many steps.
fn spread(shades: usize, index: impl Fn(usize) -> usize) -> Vec<u8> {
    (0..FULL).map(|coverage| index((coverage * (shades - 1) + 127) / 255) as u8).collect()
}

fn distance(a: Entry, b: Entry) -> u32 {
    a.into_iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}
