//! What drawing costs, before anything is drawn: resvg has no bound of its own.

use resvg::usvg::{Group, Node, Paint, Path, Rect, Tree, filter::Kind};

use crate::{Error, Result, geometry::Size};

/// Pixels that may be touched: some ten seconds of one core.
const MAX_PIXELS: u64 = 1 << 32;
/// What an element costs that covers next to nothing.
const ELEMENT: u64 = 256;
/// Passes over the pixels that a plain filter primitive takes, with the conversions of colour around it.
const PRIMITIVE: u64 = 8;

/// Refuses drawings whose elements, layers and filters would touch too many pixels.
pub(super) fn check(tree: &Tree, frame: Size) -> Result<()> {
    let cost = Cost { width: frame.width as f32, height: frame.height as f32 };
    let mut spent = 0_u64;
    let mut open = vec![tree.root()];
    let mut spend = |pixels: u64| {
        spent = spent.saturating_add(pixels).saturating_add(ELEMENT);
        if spent > MAX_PIXELS {
            let what = "the number of pixels that drawing would touch, with all filters and layers";
            return Err(Error::Limit { what, got: spent, max: MAX_PIXELS });
        }
        Ok(())
    };
    // Masks, clip paths and patterns are walked wherever they are used, because they are drawn there.
    while let Some(group) = open.pop() {
        spend(cost.layer(group))?;
        let mut clip = group.clip_path();
        while let Some(path) = clip {
            open.push(path.root());
            spend(cost.layer(group))?;
            clip = path.clip_path();
        }
        let mut mask = group.mask();
        while let Some(outer) = mask {
            open.push(outer.root());
            spend(cost.layer(group))?;
            mask = outer.mask();
        }
        for node in group.children() {
            match node {
                Node::Group(group) => open.push(group),
                Node::Path(path) => {
                    spend(cost.area(path.abs_stroke_bounding_box()))?;
                    open.extend(patterns(path).map(|pattern| pattern.root()));
                    for pattern in patterns(path) {
                        let scale = path.abs_transform().pre_concat(pattern.transform());
                        let scale = f64::from(scale.sx * scale.sy - scale.kx * scale.ky).abs();
                        let rect = pattern.rect();
                        spend((f64::from(rect.width()) * f64::from(rect.height()) * scale * PRIMITIVE as f64) as u64)?;
                    }
                }
                Node::Text(text) => open.push(text.flattened()),
                Node::Image(_) => spend(cost.area(node.abs_bounding_box()))?,
            }
        }
    }
    Ok(())
}

fn patterns(path: &Path) -> impl Iterator<Item = &resvg::usvg::Pattern> {
    let paints = path.fill().map(|fill| fill.paint()).into_iter().chain(path.stroke().map(|stroke| stroke.paint()));
    paints.filter_map(|paint| match paint {
        Paint::Pattern(pattern) => Some(&**pattern),
        _ => None,
    })
}

struct Cost {
    width: f32,
    height: f32,
}

impl Cost {
    /// Pixels of a rectangle. Layers of resvg reach two frames beyond each side.
    fn area(&self, rect: Rect) -> u64 {
        let side = |from: f32, to: f32, frame: f32| {
            let (from, to) = (from.max(-2.0 * frame), to.min(3.0 * frame));
            (f64::from(to) - f64::from(from)).max(0.0) + 1.0
        };
        // At most 25 × 16,384²; what is no number becomes 0.
        (side(rect.left(), rect.right(), self.width) * side(rect.top(), rect.bottom(), self.height)) as u64
    }

    /// The layer of a group that has one, and its filters.
    fn layer(&self, group: &Group) -> u64 {
        if !group.should_isolate() {
            return 0;
        }
        let area = self.area(group.abs_layer_bounding_box().to_rect());
        let scale = group.abs_transform().get_scale();
        let weight = |kind: &Kind| match kind {
            Kind::ConvolveMatrix(convolve) => {
                u64::from(convolve.matrix().columns()).saturating_mul(convolve.matrix().rows().into())
            }
            Kind::Morphology(morphology) => {
                let (x, y) = (morphology.radius_x().get() * scale.0, morphology.radius_y().get() * scale.1);
                // resvg looks at the whole window for every pixel.
                (f64::from(2.0 * x + 1.0) * f64::from(2.0 * y + 1.0)) as u64
            }
            Kind::Turbulence(turbulence) => u64::from(turbulence.num_octaves()).saturating_mul(PRIMITIVE),
            _ => 0,
        };
        let primitives = group.filters().iter().flat_map(|filter| filter.primitives());
        let passes = primitives
            .fold(1_u64, |sum, primitive| sum.saturating_add(PRIMITIVE).saturating_add(weight(primitive.kind())));
        area.saturating_mul(passes)
    }
}
