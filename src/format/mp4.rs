//! MP4, M4V, 3GP and fragmented files: ISO/IEC 14496-12 and 14496-14.

use super::{
    Card, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Scene, Stretch, Survey, film, listen, movie,
};
use crate::{
    Format, Result,
    container::bmff::brands,
    limits::Budget,
    notice::{Audible, Raster, Sound},
    stream::Source,
};

pub(super) struct Mp4;

const FACTS: Facts = Facts {
    name: "MP4",
    media_types: &["video/mp4", "audio/mp4", "video/x-m4v"],
    extensions: &["mp4", "m4v", "3gp", "3g2", "f4v"],
    medium: Medium::Video,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Bmff,
    limitations: "an opening card in front of H.264, 8 bit, 4:2:0, in whole frames and in one piece; other films take record and manifest",
};

impl Handler for Mp4 {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Canon's raw pictures are the one picture in this format that has no handler.
        brands(head).first().is_some_and(|major| major != b"crx ")
            || head.get(4..8) == Some(b"styp")
            // Segments of a film without a brand. Text does not begin with a zero.
            || head.first() == Some(&0) && matches!(head.get(4..8), Some(b"moof" | b"sidx"))
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let (mut survey, tracks) = movie::survey(source, Format::Mp4, "video/mp4", budget)?;
        if tracks.sound && !tracks.picture {
            survey.media_type = "audio/mp4";
        }
        survey.lines = film::captions(source, Format::Mp4, budget)?;
        Ok(survey)
    }

    fn card(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        audible: &Audible,
        budget: &mut Budget,
    ) -> Result<Option<Card>> {
        film::card(source, Format::Mp4, audible, budget).map(Some)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        film::mark(source, survey, Format::Mp4, label, budget)
    }

    fn scene(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Scene>> {
        film::scene(source, Format::Mp4, budget)
    }

    fn picture(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(film::scene(source, Format::Mp4, budget)?.map(|scene| scene.picture))
    }

    fn sound(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        stretch: Stretch,
        budget: &mut Budget,
    ) -> Result<Option<Sound>> {
        listen::listen(source, Format::Mp4, stretch, budget)
    }
}
