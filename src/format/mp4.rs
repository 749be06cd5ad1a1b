//! MP4, M4V, 3GP and fragmented files: ISO/IEC 14496-12 and 14496-14. Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, movie};
use crate::{Format, Result, container::bmff::brands, limits::Budget, stream::Source};

pub(super) struct Mp4;

const FACTS: Facts = Facts {
    name: "MP4",
    media_types: &["video/mp4", "audio/mp4", "video/x-m4v"],
    extensions: &["mp4", "m4v", "3gp", "3g2", "f4v"],
    medium: Medium::Video,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Bmff,
    limitations: "",
};

impl Handler for Mp4 {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Canon's raw pictures are the one picture in this format that has no handler.
        brands(head).first().is_some_and(|major| major != b"crx ") || head.get(4..8) == Some(b"styp")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let (mut survey, tracks) = movie::survey(source, Format::Mp4, "video/mp4", budget)?;
        if tracks.sound && !tracks.picture {
            survey.media_type = "audio/mp4";
        }
        Ok(survey)
    }
}
