//! AVIF. (interface; the body is being written)

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey};
use crate::{Error, Format, Result, limits::Budget, notice::Raster, stream::Source};

pub(super) struct Avif;

const FACTS: Facts = Facts {
    name: "AVIF",
    media_types: &["image/avif"],
    extensions: &["avif"],
    medium: Medium::Image,
    notice: Carries::Reencoded,
    binding: HardBinding::Bmff,
    limitations: "",
};

impl Handler for Avif {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, _head: &[u8]) -> bool {
        false
    }

    fn survey(&self, _source: &mut dyn Source, _budget: &mut Budget) -> Result<Survey> {
        Err(Error::unsupported(Format::Avif, "not written yet"))
    }

    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, _label: &Label, _budget: &mut Budget) -> Result<Marked> {
        Err(Error::unsupported(Format::Avif, "not written yet"))
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}
