//! PNG. (interface; the body is being written)

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey};
use crate::{Error, Format, Result, limits::Budget, notice::Raster, stream::Source};

pub(super) struct Png;

const FACTS: Facts = Facts {
    name: "PNG",
    media_types: &["image/png"],
    extensions: &["png", "apng"],
    medium: Medium::Image,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "",
};

impl Handler for Png {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, _head: &[u8]) -> bool {
        false
    }

    fn survey(&self, _source: &mut dyn Source, _budget: &mut Budget) -> Result<Survey> {
        Err(Error::unsupported(Format::Png, "not written yet"))
    }

    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, _label: &Label, _budget: &mut Budget) -> Result<Marked> {
        Err(Error::unsupported(Format::Png, "not written yet"))
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}
