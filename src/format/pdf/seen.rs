//! Notices of ours on the pages, read back: what their forms draw, where, and how large. Those of others are pictures of words to
//! a program that does not draw the page.

use std::collections::{BTreeMap, HashMap};

use super::{
    overlay::{NOTICE, WORDS},
    pages::{all_contents, frame, is_ours},
};
use crate::{
    Error, Result,
    container::pdf::{
        Document,
        pages::{Area, Page, Resources},
        raw::RawDictionary,
        syntax::{Dictionary, Object, Parser, text},
        update::referred,
    },
    format::{Pages, Survey},
    limits::Budget,
    notice::{Lettering, Line},
    policy::layout,
};

/// Less than a line's width beyond the page, in shares of its shorter side, is a rounding error.
const TOLERANCE: f64 = 0.002;

/// A notice as its form draws it.
#[derive(Clone)]
struct Notice {
    words: Vec<String>,
    /// Width and height of its plate, and the height of a capital letter, in the units of the form.
    size: [f64; 2],
    cap: f64,
}

/// Reads the notices of all pages into the survey's lines. A document without one costs its first page.
pub(super) fn notices(document: &mut Document, survey: &mut Survey, budget: &Budget) -> Result<()> {
    // A book has many pages: what they cost is counted apart, and ends the reading alone.
    let budget = &mut Budget::new(budget.limits());
    let mut forms: HashMap<u32, Option<Notice>> = HashMap::new();
    let mut found: BTreeMap<Vec<String>, (u32, u32)> = BTreeMap::new();
    let mut number = 0_u32;
    let walked = document.pages(budget, &mut |document, page, budget| {
        number = number.saturating_add(1);
        if let Some(words) = on_page(document, &page, &mut forms, budget)? {
            let (_, count) = found.entry(words).or_insert((number, 0));
            *count += 1;
        }
        Ok(number > 1 || !found.is_empty())
    });
    let walked = match walked {
        Ok(walked) => walked,
        Err(Error::Limit { .. }) => {
            survey.unread.push("the notices on all pages of the PDF: there are too many".into());
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let (first, most) = found.values().copied().max_by_key(|(_, count)| *count).unwrap_or_default();
    survey.pages = Some(Pages { all: walked.pages, bare: walked.pages.saturating_sub(most), first: first == 1 });
    for (words, (first, count)) in found {
        let place = match (count, walked.pages) {
            (1, 1) => "page 1".to_owned(),
            (1, all) => format!("page {first} of {all}"),
            (count, all) if count == all => format!("each of {all} pages"),
            (count, all) => format!("{count} of {all} pages, the first of them page {first}"),
        };
        survey.lines.push(Line { place, text: words.join(" / "), range: 0..0, first: true, last: false });
    }
    Ok(())
}

/// The words of the notice on a page, if it is drawn last, and where it can be seen.
fn on_page(
    document: &mut Document,
    page: &Page,
    forms: &mut HashMap<u32, Option<Notice>>,
    budget: &mut Budget,
) -> Result<Option<Vec<String>>> {
    let last = all_contents(document, page, budget)?.pop();
    let Some(number) = last.map(|last| referred(&last, budget)).transpose()?.flatten() else { return Ok(None) };
    if !is_ours(document, number, budget)? {
        return Ok(None);
    }
    let content = document.stream(number, budget)?.and_then(|stream| stream.bytes.ok());
    let Some((matrix, name)) = content.map(|content| drawn(&content, budget)).transpose()?.flatten() else {
        return Ok(None);
    };
    let Some(form) = object_named(document, page, &name, budget)? else { return Ok(None) };
    let notice = match forms.get(&form) {
        Some(known) => known.clone(),
        None => {
            let notice = read(document, form, budget)?;
            forms.insert(form, notice.clone());
            notice
        }
    };
    Ok(notice.filter(|notice| is_seen(notice, matrix, page)).map(|notice| notice.words))
}

/// The last form that is drawn, and by what matrix.
fn drawn(content: &[u8], budget: &mut Budget) -> Result<Option<([f64; 6], Vec<u8>)>> {
    let mut parser = Parser::new(content);
    let (mut operands, mut matrix, mut found): (Vec<Object>, _, _) = (Vec::new(), None, None);
    loop {
        budget.part()?;
        match parser.operator() {
            Some(b"cm") => {
                let numbers: Vec<f64> = operands.iter().filter_map(Object::number).collect();
                matrix = <[f64; 6]>::try_from(numbers).ok();
            }
            Some(b"Do") => {
                found = match (matrix, operands.pop()) {
                    (Some(matrix), Some(Object::Name(name))) => Some((matrix, name)),
                    _ => None,
                }
            }
            Some(_) => {}
            None => match parser.object(budget)? {
                Some(object) => {
                    operands.push(object);
                    continue;
                }
                None => return Ok(found),
            },
        }
        operands.clear();
    }
}

/// The number of the form that a page knows by this name.
fn object_named(document: &mut Document, page: &Page, name: &[u8], budget: &mut Budget) -> Result<Option<u32>> {
    let bytes = match &page.resources {
        Resources::Nothing => return Ok(None),
        Resources::Object(number) => match document.raw(*number, budget)? {
            Some(raw) => raw.bytes,
            None => return Ok(None),
        },
        Resources::Inside(bytes, _) => bytes.to_vec(),
    };
    let Some(resources) = RawDictionary::read(bytes, budget)? else { return Ok(None) };
    let Some(objects) = resources.get("XObject") else { return Ok(None) };
    let Some(objects) = document.raw_value(objects, budget)? else { return Ok(None) };
    let Some(objects) = RawDictionary::read(objects, budget)? else { return Ok(None) };
    match objects.get(&String::from_utf8_lossy(name)) {
        Some(value) => referred(value, budget),
        None => Ok(None),
    }
}

/// Reads a form: its words, which are also the letters that it draws.
fn read(document: &mut Document, number: u32, budget: &mut Budget) -> Result<Option<Notice>> {
    let Some(stream) = document.stream(number, budget)? else { return Ok(None) };
    let Ok(content) = stream.bytes else { return Ok(None) };
    let bounds = stream.dictionary.get("BBox").cloned().map(Object::items).unwrap_or_default();
    let bounds: Vec<f64> = bounds.iter().filter_map(Object::number).collect();
    let &[left, bottom, right, top] = bounds.as_slice() else { return Ok(None) };
    if stream.dictionary.get(NOTICE).is_none() || (left, bottom) != (0.0, 0.0) {
        return Ok(None);
    }
    let resources = document.dictionary(&stream.dictionary, "Resources", budget)?.unwrap_or_default();
    let fonts = document.dictionary(&resources, "Font", budget)?.unwrap_or_default();
    let mut maps = HashMap::new();
    for (name, font) in &fonts.0 {
        let font = document.resolve(Some(font), budget)?.and_then(Object::dictionary).unwrap_or_default();
        maps.insert(name.clone(), codes(document, &font, budget)?);
    }
    let mut parser = Parser::new(&content);
    let mut operands: Vec<Object> = Vec::new();
    let (mut font, mut cap, mut words, mut said, mut letters) = (Vec::new(), f64::MAX, Vec::new(), None, String::new());
    loop {
        budget.part()?;
        let Some(operator) = parser.operator() else {
            match parser.object(budget)? {
                Some(object) => operands.push(object),
                None => break,
            }
            continue;
        };
        match (operator, operands.as_slice()) {
            (b"BDC", [_, Object::Dictionary(properties)]) => {
                said = match properties.get(WORDS) {
                    Some(Object::Text(words)) => Some(text(words)),
                    _ => None,
                };
                letters.clear();
            }
            (b"EMC", _) => match said.take() {
                // In which order letters are drawn hangs on the script; which they are does not.
                Some(said) if same_letters(&said, &letters) => words.push(said),
                _ => return Ok(None),
            },
            (b"Tf", [Object::Name(name), _]) => font.clone_from(name),
            // The scale of the outlines of a row.
            (b"cm", [scale, .., Object::Integer(0), _]) => {
                cap = cap.min(scale.number().unwrap_or(0.0) * f64::from(Lettering::CAP));
            }
            (b"TJ", [Object::Array(shown)]) => {
                for codes in shown {
                    let Object::Text(codes) = codes else { continue };
                    let map = maps.get(&font);
                    letters.extend(codes.iter().filter_map(|code| map?.get(code)).flat_map(|text| text.chars()));
                }
            }
            _ => {}
        }
        operands.clear();
    }
    let whole = !words.is_empty() && said.is_none();
    Ok(whole.then_some(Notice { words, size: [right, top], cap }))
}

/// What the codes of a font mean.
fn codes(document: &mut Document, font: &Dictionary, budget: &mut Budget) -> Result<BTreeMap<u8, String>> {
    let mut codes = BTreeMap::new();
    let Some(Object::Reference(map)) = font.get("ToUnicode") else { return Ok(codes) };
    let Some(stream) = document.stream(*map, budget)? else { return Ok(codes) };
    let map = stream.bytes.unwrap_or_default();
    let mut parser = Parser::new(&map);
    let mut operands: Vec<Object> = Vec::new();
    loop {
        budget.part()?;
        let Some(operator) = parser.operator() else {
            match parser.object(budget)? {
                Some(object) => operands.push(object),
                None => return Ok(codes),
            }
            continue;
        };
        if operator == b"endbfchar" {
            for pair in operands.chunks_exact(2) {
                if let [Object::Text(code), Object::Text(units)] = pair
                    && let [code] = code.as_slice()
                {
                    codes.insert(*code, text(&[b"\xfe\xff", units.as_slice()].concat()));
                }
            }
        }
        operands.clear();
    }
}

fn same_letters(words: &str, letters: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().filter(|letter| !letter.is_whitespace()).collect();
        letters.sort_unstable();
        letters
    };
    sorted(words) == sorted(letters)
}

/// Whether the plate lies on the page as shown, upright, and its letters are as large as they have to be.
fn is_seen(notice: &Notice, [a, b, c, d, e, f]: [f64; 6], page: &Page) -> bool {
    let Area { left, bottom, right, top } = page.shown;
    let shorter = page.shown.width().min(page.shown.height());
    let slack = shorter * TOLERANCE;
    let [width, height] = notice.size;
    let inside = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)].into_iter().all(|(x, y)| {
        let (x, y) = (a * x + c * y + e, b * x + d * y + f);
        (left - slack..=right + slack).contains(&x) && (bottom - slack..=top + slack).contains(&y)
    });
    // Shown as it was laid out: the way along a line, and the way up, are turned as the page is.
    let (along, up) = match page.turns {
        1 => (b, -c),
        2 => (-a, -d),
        3 => (-b, c),
        _ => (a, d),
    };
    let floor = f64::from(layout::cap_height(frame(page), layout::PAGE_CAP_SHARE)) * 0.99;
    let unit = shorter / f64::from(frame(page).shorter());
    inside && along > 0.0 && notice.cap * along.min(up) / unit >= floor
}
