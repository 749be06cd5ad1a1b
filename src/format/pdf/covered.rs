//! Annotations are drawn over the content of a page, and so over the notice: 12.5.

use crate::{
    Result,
    container::pdf::{
        Document,
        pages::{Area, Page},
        syntax::{Dictionary, Object},
    },
    limits::Budget,
};

/// Annotations of a page that are looked at.
const MOST: usize = 1000;
/// Flags of an annotation that is not drawn on a screen: hidden, and no view (12.5.3).
const UNSEEN: i64 = 1 << 1 | 1 << 5;
/// Annotations that draw nothing of their own, or only when they are opened.
const BARE: [&str; 3] = ["Link", "Popup", "Highlight"];

/// Whether an annotation stands where the plate is, which `matrix` puts onto the page from a box of `size`.
pub(super) fn is_covered(
    document: &mut Document,
    page: &Page,
    matrix: [f64; 6],
    size: [f64; 2],
    budget: &mut Budget,
) -> Result<bool> {
    let annotations = page.dictionary.object("Annots", budget)?;
    let annotations = document.resolve(annotations.as_ref(), budget)?.map(Object::items).unwrap_or_default();
    if annotations.is_empty() {
        return Ok(false);
    }
    let [a, b, c, d, e, f] = matrix;
    let corner = |x: f64, y: f64| (a * x + c * y + e, b * x + d * y + f);
    let ((left, bottom), (right, top)) = (corner(0.0, 0.0), corner(size[0], size[1]));
    let plate = area(&[left, bottom, right, top]);
    for annotation in annotations.iter().take(MOST) {
        budget.part()?;
        let Some(annotation) = document.resolve(Some(annotation), budget)?.and_then(Object::dictionary) else {
            continue;
        };
        if !is_drawn(&annotation) {
            continue;
        }
        let sides = document.resolve(annotation.get("Rect"), budget)?.map(Object::items).unwrap_or_default();
        let sides: Vec<f64> = sides.iter().filter_map(Object::number).collect();
        if let Ok(sides) = <&[f64; 4]>::try_from(sides.as_slice())
            && area(sides).both(plate).is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_drawn(annotation: &Dictionary) -> bool {
    let hidden = annotation.integer("F").unwrap_or(0) & UNSEEN != 0;
    !hidden && !BARE.iter().any(|kind| annotation.is("Subtype", kind))
}

fn area(&[a, b, c, d]: &[f64; 4]) -> Area {
    Area { left: a.min(c), bottom: b.min(d), right: a.max(c), top: b.max(d) }
}
