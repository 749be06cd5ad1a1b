//! M4A and M4B: sound in MP4, by the brand that Apple gave it. Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, movie};
use crate::{Format, Result, container::bmff::brands, limits::Budget, stream::Source};

pub(super) struct M4a;

const FACTS: Facts = Facts {
    name: "M4A",
    media_types: &["audio/mp4", "audio/x-m4a"],
    extensions: &["m4a", "m4b"],
    medium: Medium::Audio,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Bmff,
    limitations: "",
};

impl Handler for M4a {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(brands(head).first(), Some(b"M4A " | b"M4B " | b"M4P "))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        Ok(movie::survey(source, Format::M4a, FACTS.media_types[0], budget)?.0)
    }
}
