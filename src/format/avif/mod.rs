//! AVIF: AV1 Image File Format 1.1, on HEIF (ISO/IEC 23008-12).

mod codec;
mod colour;
mod frame;
mod notice;
mod obu;
mod planes;
#[cfg(test)]
mod tests;

use frame::{Frame, alpha_of};

use super::{
    Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey,
    heif::{Items, record},
};
use crate::{
    Format, Result,
    container::bmff::{Editor, Layout, brands},
    geometry::Rect,
    limits::Budget,
    notice::Raster,
    stream::Source,
};

pub(super) struct Avif;

const FACTS: Facts = Facts {
    name: "AVIF",
    media_types: &["image/avif"],
    extensions: &["avif", "avifs"],
    medium: Medium::Image,
    can_label: true,
    notice: Carries::Reencoded,
    binding: HardBinding::Bmff,
    limitations: "Animated AVIF gets no visible notice. Film grain and layers do not survive the notice.",
};

impl Handler for Avif {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let brands = brands(head);
        let major = brands.first();
        let hevc = major.is_some_and(|major| major.starts_with(b"hei") || major.starts_with(b"hev"));
        !hevc && brands.iter().any(|brand| brand == b"avif" || brand == b"avis")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let layout = Layout::read(source, Format::Avif, budget)?;
        let survey = Items::of(&layout).survey(source, budget)?;
        Ok(Survey { media_type: FACTS.media_types[0], ..survey })
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let layout = Layout::read(source, Format::Avif, budget)?;
        let items = Items::of(&layout);
        let mut editor = Editor::new(&layout);
        let mut marked = Marked::default();
        editor.store(label.store_len)?;
        record(&items, &mut editor, label.record, source, budget)?;
        if let Some(wanted) = label.notice {
            match notice::draw(&items, wanted, &mut editor, source, budget)? {
                Ok(remarks) => {
                    marked.noticed = true;
                    marked.remarks = remarks;
                }
                Err(why) => marked.remarks.push(why),
            }
        }
        marked.patch = editor.finish(source, budget)?;
        Ok(marked)
    }

    fn picture(&self, source: &mut dyn Source, survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        let layout = Layout::read(source, Format::Avif, budget)?;
        let items = Items::of(&layout);
        let (Some(shape), Some(meta)) = (items.shape()?, items.meta()) else { return Ok(None) };
        let Some(primary) = meta.primary_item() else { return Ok(None) };
        let Ok(frame) = Frame::load(&items, primary, source, budget)? else { return Ok(None) };
        let (planes, colour) = frame.whole();
        let mut rgb = planes.rgb(shape.crop, &colour);
        drop(planes);
        if let Some(alpha) = alpha_of(meta, primary)
            && let Ok(frame) = Frame::load(&items, alpha, source, budget)?
            && frame.size == shape.coded
        {
            let premultiplied = meta.referred(b"prem", primary.id).contains(&alpha.id);
            let (planes, _) = frame.whole();
            // Transparency is luma without a transfer function; its range is the bitstream's.
            over_white(&mut rgb, &planes, shape.crop, premultiplied);
        }
        Ok(Some(Raster::upright(rgb, shape.crop.size(), survey.orientation)))
    }
}

/// Shows white where the picture is transparent.
fn over_white(rgb: &mut [u8], alpha: &planes::Planes, crop: Rect, premultiplied: bool) {
    let stride = alpha.size.width as usize;
    let rows = alpha.planes[0].chunks_exact(stride).skip(crop.y as usize).take(crop.height as usize);
    let samples = rows.flat_map(|row| row.iter().skip(crop.x as usize).take(crop.width as usize));
    for (pixel, sample) in rgb.chunks_exact_mut(3).zip(samples) {
        let alpha = u32::from(sample >> (alpha.depth - 8)).min(255);
        for value in pixel {
            let own = if premultiplied { u32::from(*value) * 255 } else { u32::from(*value) * alpha };
            *value = ((own + 255 * (255 - alpha) + 127) / 255).min(255) as u8;
        }
    }
}
