//! HEIC and HEIF: record and manifest. No maintained decoder of HEVC has a licence that permits its use here, so the
//! pixels stay as they are.

mod items;

pub(super) use items::{Items, record};

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey};
use crate::{
    Format, Result,
    container::bmff::{Editor, Layout, brands},
    limits::Budget,
    notice::Raster,
    stream::Source,
};

pub(super) struct Heif;

const FACTS: Facts = Facts {
    name: "HEIC/HEIF",
    media_types: &["image/heic", "image/heif"],
    extensions: &["heic", "heif", "hif", "heics", "heifs"],
    medium: Medium::Image,
    notice: Carries::No,
    binding: HardBinding::Bmff,
    limitations: "No visible notice: there is no free HEVC codec to draw with; convert to AVIF, JPEG or PNG first, or show the notice beside the picture.",
};

/// Brands of ISO/IEC 23008-12, annexes B to J: HEVC stills and sequences first.
const HEVC: [&[u8; 4]; 8] = [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"];
const STRUCTURAL: [&[u8; 4]; 6] = [b"mif1", b"mif2", b"msf1", b"avci", b"avcs", b"jpeg"];

impl Handler for Heif {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let brands = brands(head);
        let major = brands.first();
        let one_of = |brand: &[u8; 4]| HEVC.contains(&brand) || STRUCTURAL.contains(&brand);
        // A film may list `mif1` among its brands; only as the major one, or beside an HEVC brand, is it a picture.
        major.is_some_and(one_of)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let layout = Layout::read(source, Format::Heif, budget)?;
        let mut survey = Items::of(&layout).survey(source, budget)?;
        let mut head = [0; 12];
        crate::stream::read_into(source, Format::Heif, 0, &mut head)?;
        survey.media_type = if head[8..] == *b"heic" || head[8..] == *b"heix" { "image/heic" } else { "image/heif" };
        Ok(survey)
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let layout = Layout::read(source, Format::Heif, budget)?;
        let mut editor = Editor::new(&layout);
        editor.store(label.store_len)?;
        record(&Items::of(&layout), &mut editor, label.record, source, budget)?;
        Ok(Marked { patch: editor.finish(source, budget)?, ..Marked::default() })
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}
