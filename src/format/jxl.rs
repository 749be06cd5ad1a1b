//! JPEG XL. (interface; the body is being written)

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey};
use crate::{Error, Format, Result, limits::Budget, notice::Raster, stream::Source};

pub(super) struct Jxl;

const FACTS: Facts = Facts {
    name: "JPEG XL",
    media_types: &["image/jxl"],
    extensions: &["jxl"],
    medium: Medium::Image,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "",
};

impl Handler for Jxl {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, _head: &[u8]) -> bool {
        false
    }

    fn survey(&self, _source: &mut dyn Source, _budget: &mut Budget) -> Result<Survey> {
        Err(Error::unsupported(Format::Jxl, "not written yet"))
    }

    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, _label: &Label, _budget: &mut Budget) -> Result<Marked> {
        Err(Error::unsupported(Format::Jxl, "not written yet"))
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}
