//! HEIC/HEIF. (interface; the body is being written)

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey};
use crate::{Error, Format, Result, limits::Budget, notice::Raster, stream::Source};

pub(super) struct Heif;

const FACTS: Facts = Facts {
    name: "HEIC/HEIF",
    media_types: &["image/heic", "image/heif"],
    extensions: &["heic", "heif"],
    medium: Medium::Image,
    notice: Carries::No,
    binding: HardBinding::Bmff,
    limitations: "",
};

impl Handler for Heif {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, _head: &[u8]) -> bool {
        false
    }

    fn survey(&self, _source: &mut dyn Source, _budget: &mut Budget) -> Result<Survey> {
        Err(Error::unsupported(Format::Heif, "not written yet"))
    }

    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, _label: &Label, _budget: &mut Budget) -> Result<Marked> {
        Err(Error::unsupported(Format::Heif, "not written yet"))
    }

    fn picture(&self, _source: &mut dyn Source, _survey: &Survey, _budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(None)
    }
}
