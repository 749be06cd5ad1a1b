//! The pages of a document, with what they inherit: ISO 32000-2, 7.7.3.

use std::{collections::BTreeSet, rc::Rc};

use super::{
    Document,
    raw::{self, RawDictionary},
    syntax::Object,
};
use crate::{Result, limits::Budget};

/// US letter, which readers take where a page has no size.
const LETTER: Area = Area { left: 0.0, bottom: 0.0, right: 612.0, top: 792.0 };

/// A rectangle in user space; y goes up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) left: f64,
    pub(crate) bottom: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
}

impl Area {
    pub(crate) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(self) -> f64 {
        self.top - self.bottom
    }

    /// What lies in both; `None` where that is nothing.
    pub(crate) fn both(self, other: Self) -> Option<Self> {
        let area = Self {
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.min(other.right),
            top: self.top.min(other.top),
        };
        area.is_some_size().then_some(area)
    }

    fn is_some_size(self) -> bool {
        // Sides outside of this are no page; the comparison is also false for what is no number.
        let side = 0.1..=1e7;
        side.contains(&self.width()) && side.contains(&self.height()) && self.left.abs() <= 1e7 && self.top.abs() <= 1e7
    }
}

/// What a page's content finds its fonts and pictures in.
#[derive(Clone, Debug)]
pub(crate) enum Resources {
    Nothing,
    /// An object of its own, which other pages may use as well.
    Object(u32),
    /// In the dictionary of the page, or of a node above it: the node's number.
    Inside(Rc<[u8]>, Option<u32>),
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) number: u32,
    pub(crate) generation: u16,
    pub(crate) dictionary: RawDictionary,
    /// What is shown of it, before it is turned: 14.11.2.
    pub(crate) shown: Area,
    /// What is left of that where the paper is cut.
    pub(crate) trimmed: Option<Area>,
    /// Quarter turns clockwise.
    pub(crate) turns: u8,
    pub(crate) resources: Resources,
}

/// What nodes of the tree hand down.
#[derive(Clone)]
struct Inherited {
    media: Option<Area>,
    crop: Option<Area>,
    turns: u8,
    resources: Resources,
}

/// What a walk over the pages came to.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) pages: u32,
    /// An object of the tree that is not where the table of objects says.
    pub(crate) lost: Option<u32>,
}

/// Is told of every page, front to back; `false` ends the walk.
pub(crate) type Visit<'a> = dyn FnMut(&mut Document, Page, &mut Budget) -> Result<bool> + 'a;

impl Document<'_> {
    /// Walks over the pages, each once: one that stands in the tree twice is one object.
    pub(crate) fn pages(&mut self, budget: &mut Budget, visit: &mut Visit) -> Result<Walked> {
        let trailer = self.trailer.clone();
        let root = self.dictionary(&trailer, "Root", budget)?.unwrap_or_default();
        let mut walked = Walked::default();
        let Some(Object::Reference(top)) = root.get("Pages") else { return Ok(walked) };
        let nothing = Inherited { media: None, crop: None, turns: 0, resources: Resources::Nothing };
        let (mut open, mut seen) = (vec![(*top, Rc::new(nothing))], BTreeSet::from([*top]));
        while let Some((number, above)) = open.pop() {
            budget.part()?;
            let Some((dictionary, generation)) = self.raw_dictionary(number, budget)? else {
                walked.lost = walked.lost.or(Some(number));
                continue;
            };
            let below = self.inherit(number, &dictionary, &above, budget)?;
            let is_page = matches!(dictionary.object("Type", budget)?, Some(Object::Name(name)) if name == b"Page");
            let kids = match dictionary.get("Kids") {
                Some(kids) if !is_page => self.raw_value(kids, budget)?,
                _ => None,
            };
            let Some(kids) = kids else {
                walked.pages = walked.pages.saturating_add(1);
                let page = self.page(number, generation, dictionary, below, budget)?;
                if !visit(self, page, budget)? {
                    break;
                }
                continue;
            };
            let below = Rc::new(below);
            let mut kids = raw::object(&kids, budget)?.map(Object::items).unwrap_or_default();
            kids.reverse();
            for kid in kids {
                budget.part()?;
                match kid {
                    Object::Reference(kid) if seen.insert(kid) => open.push((kid, Rc::clone(&below))),
                    _ => {}
                }
            }
        }
        Ok(walked)
    }

    fn inherit(
        &mut self,
        number: u32,
        dictionary: &RawDictionary,
        above: &Inherited,
        budget: &mut Budget,
    ) -> Result<Inherited> {
        let media = self.area(dictionary, "MediaBox", budget)?.or(above.media);
        let crop = self.area(dictionary, "CropBox", budget)?.or(above.crop);
        let rotate = dictionary.object("Rotate", budget)?;
        let turns = match self.resolve(rotate.as_ref(), budget)?.as_ref().and_then(Object::number) {
            // A multiple of 90; readers take other values for none.
            Some(degrees) if degrees % 90.0 == 0.0 => [0, 1, 2, 3]
                .into_iter()
                .find(|&turns| f64::from(turns) == (degrees / 90.0).rem_euclid(4.0))
                .unwrap_or(0),
            Some(_) => 0,
            None => above.turns,
        };
        let resources = match dictionary.get("Resources") {
            Some(value) => match raw::object(value, budget)? {
                Some(Object::Reference(number)) => Resources::Object(number),
                Some(Object::Dictionary(_)) => {
                    budget.metadata(value.len() as u64)?;
                    Resources::Inside(value.into(), Some(number))
                }
                _ => above.resources.clone(),
            },
            None => above.resources.clone(),
        };
        Ok(Inherited { media, crop, turns, resources })
    }

    fn page(
        &mut self,
        number: u32,
        generation: u16,
        dictionary: RawDictionary,
        below: Inherited,
        budget: &mut Budget,
    ) -> Result<Page> {
        let media = below.media.unwrap_or(LETTER);
        let shown = below.crop.and_then(|crop| crop.both(media)).unwrap_or(media);
        let trimmed = self.area(&dictionary, "TrimBox", budget)?.and_then(|trim| trim.both(shown));
        let resources = match below.resources {
            Resources::Inside(bytes, Some(holder)) if holder == number => Resources::Inside(bytes, None),
            other => other,
        };
        Ok(Page { number, generation, dictionary, shown, trimmed, turns: below.turns, resources })
    }

    /// A rectangle of any two opposite corners: 7.9.5.
    fn area(&mut self, dictionary: &RawDictionary, key: &str, budget: &mut Budget) -> Result<Option<Area>> {
        let value = dictionary.object(key, budget)?;
        let Some(Object::Array(sides)) = self.resolve(value.as_ref(), budget)? else { return Ok(None) };
        let mut numbers = Vec::with_capacity(4);
        for side in sides.iter().take(4) {
            numbers.extend(self.resolve(Some(side), budget)?.as_ref().and_then(Object::number));
        }
        let &[a, b, c, d] = numbers.as_slice() else { return Ok(None) };
        let area = Area { left: a.min(c), bottom: b.min(d), right: a.max(c), top: b.max(d) };
        Ok(area.is_some_size().then_some(area))
    }
}
