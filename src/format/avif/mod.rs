//! AVIF: AV1 Image File Format 1.1, on HEIF (ISO/IEC 23008-12).

use super::{
    Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey,
    heif::{Items, record},
};
use crate::{
    Format, Result,
    container::bmff::{Editor, Layout, brands},
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
    notice: Carries::Reencoded,
    binding: HardBinding::Bmff,
    limitations: "",
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
        marked.patch = editor.finish(source, budget)?;
        Ok(marked)
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}
