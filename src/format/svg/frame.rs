//! The size of a drawing: SVG 2, chapter 8.

use crate::{container::xml::Attribute, geometry::Size};

/// The part of the user space that is shown, and the proportions in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    /// In user units.
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    /// Width by height as shown.
    shown: (f64, f64),
}

/// The longer side of the frame in pixels, unless the shorter side would fall below [`SHORTER`].
const LONGER: f64 = 1500.0;
/// The shorter side of the frame is not smaller, in pixels: a drawing can be enlarged, so that no strip is needed.
const SHORTER: f64 = 240.0;
/// No side of the frame is longer, in pixels.
const LONGEST: f64 = 16_384.0;
/// What an embedded drawing without any size gets: CSS 2.2, 10.3.2.
const DEFAULT: (f64, f64) = (300.0, 150.0);

impl View {
    /// From the attributes of the root element.
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let value = |name: &str| {
            let attribute = attributes.iter().find(|attribute| attribute.name.raw == name)?;
            Some(attribute.value().trim().to_owned())
        };
        let length = |name: &str| value(name).as_deref().and_then(length);
        let view_box = value("viewBox").as_deref().and_then(view_box);
        let Some((x, y, width, height)) = view_box else {
            let (width, height) = match (length("width"), length("height")) {
                (Some(width), Some(height)) => (width, height),
                (width, height) => (width.unwrap_or(DEFAULT.0), height.unwrap_or(DEFAULT.1)),
            };
            return Self { x: 0.0, y: 0.0, width, height, shown: (width, height) };
        };
        let whole = Self { x, y, width, height, shown: (width, height) };
        match (length("width"), length("height")) {
            (Some(shown_width), Some(shown_height)) => {
                whole.fitted((shown_width, shown_height), &value("preserveAspectRatio").unwrap_or_default())
            }
            // One side or none: the other follows from the proportions of the view box.
            _ => whole,
        }
    }

    /// The user space seen through a viewport of other proportions (SVG 2, 8.7).
    fn fitted(self, shown: (f64, f64), rule: &str) -> Self {
        let mut words = rule.split_ascii_whitespace().filter(|word| *word != "defer");
        let align = words.next().unwrap_or("xMidYMid");
        if align == "none" {
            return Self { shown, ..self };
        }
        let scales = (shown.0 / self.width, shown.1 / self.height);
        let slice = words.next() == Some("slice");
        let scale = if slice { scales.0.max(scales.1) } else { scales.0.min(scales.1) };
        let (width, height) = (shown.0 / scale, shown.1 / scale);
        let place = |axis: &str, min: &str, max: &str| match axis {
            axis if axis == min => 0.0,
            axis if axis == max => 1.0,
            _ => 0.5,
        };
        let (horizontal, vertical) = align.split_at_checked(4).unwrap_or(("xMid", "YMid"));
        Self {
            x: self.x - (width - self.width) * place(horizontal, "xMin", "xMax"),
            y: self.y - (height - self.height) * place(vertical, "YMin", "YMax"),
            width,
            height,
            shown,
        }
    }

    /// The frame for which the notice is laid out, in pixels.
    pub(super) fn frame(self) -> Size {
        let (width, height) = self.shown;
        let (longer, shorter) = (width.max(height), width.min(height));
        let scale = (LONGER / longer).min(1.0).max(SHORTER / shorter).min(LONGEST / longer);
        // Both are between 0 and LONGEST.
        let pixels = |side: f64| ((side * scale).round() as u32).max(1);
        Size { width: pixels(width), height: pixels(height) }
    }
}

/// A length in user units of 1/96 inch; `None` for percentages and for what is no positive length.
fn length(text: &str) -> Option<f64> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c))).unwrap_or(text.len());
    // `em` and `ex` begin with an `e`, which is no exponent.
    let split = if text[..split].ends_with(['e', 'E']) { split - 1 } else { split };
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "px" => 1.0,
        "pt" => 96.0 / 72.0,
        "pc" => 16.0,
        "mm" => 96.0 / 25.4,
        "cm" => 96.0 / 2.54,
        "q" => 96.0 / 101.6,
        "in" => 96.0,
        "em" | "rem" => 16.0,
        "ex" => 8.0,
        _ => return None,
    };
    sensible(number.parse::<f64>().ok()? * factor)
}

fn view_box(text: &str) -> Option<(f64, f64, f64, f64)> {
    let numbers: Option<Vec<f64>> = text
        .split(|c: char| c.is_ascii_whitespace() || c == ',')
        .filter(|number| !number.is_empty())
        .take(5)
        .map(|number| number.parse().ok().filter(|number: &f64| number.abs() <= 1e9))
        .collect();
    match numbers?[..] {
        [x, y, width, height] => Some((x, y, sensible(width)?, sensible(height)?)),
        _ => None,
    }
}

/// What can be a side: outside of this, viewers differ or draw nothing.
fn sensible(side: f64) -> Option<f64> {
    (1e-6..=1e9).contains(&side).then_some(side)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Limits,
        container::xml::{Item, Walk},
        limits::Budget,
    };

    fn view(attributes: &str) -> View {
        let text = format!("<svg {attributes}/>");
        let mut walk = Walk::new(&text);
        match walk.next(&mut Budget::new(&Limits::default())).unwrap().unwrap().item {
            Item::Open { attributes, .. } => View::of(&attributes),
            item => panic!("{item:?}"),
        }
    }

    #[test]
    fn frames_have_the_proportions_of_what_is_shown() {
        let cases = [
            ("width='480' height='320'", (480, 320)),
            ("width='10in' height='5in'", (960, 480)),
            ("width='254mm' height='127mm'", (960, 480)),
            ("width='60em' height='30em'", (960, 480)),
            ("viewBox='0 0 24 24'", (240, 240)),
            ("width='100%' height='100%' viewBox='0,0,3000,1500'", (1500, 750)),
            ("width='24' height='24' viewBox='0 0 512 512'", (240, 240)),
            ("width='4000' height='100'", (9600, 240)),
            ("width='100000' height='1'", (16384, 1)),
            ("viewBox='0 0 0.5 0.25'", (480, 240)),
            ("viewBox='0 0 nan 1'", (480, 240)),
            ("viewBox='0 0 -1 1' width='0' height='-3'", (480, 240)),
            ("", (480, 240)),
        ];
        for (attributes, (width, height)) in cases {
            assert_eq!(view(attributes).frame(), Size { width, height }, "{attributes}");
        }
    }

    #[test]
    fn the_view_follows_the_aspect_rule() {
        let sides = |view: View| (view.x, view.y, view.width, view.height);
        let wide = "viewBox='10 20 100 100' width='400' height='200'";
        assert_eq!(sides(view(wide)), (-40.0, 20.0, 200.0, 100.0));
        assert_eq!(sides(view(&format!("{wide} preserveAspectRatio='xMinYMin'"))), (10.0, 20.0, 200.0, 100.0));
        assert_eq!(sides(view(&format!("{wide} preserveAspectRatio='xMaxYMax slice'"))), (10.0, 70.0, 100.0, 50.0));
        assert_eq!(sides(view(&format!("{wide} preserveAspectRatio='none'"))), (10.0, 20.0, 100.0, 100.0));
    }
}
