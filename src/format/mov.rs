//! MOV: Apple's QuickTime File Format, from which MP4 came.

use super::{
    Card, Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Scene, Stretch, Survey, film, listen, movie,
};
use crate::{
    Format, Result,
    container::bmff::brands,
    limits::Budget,
    notice::{Audible, Raster, Sound},
    stream::{Source, be_u32},
};

pub(super) struct Mov;

const FACTS: Facts = Facts {
    name: "QuickTime",
    media_types: &["video/quicktime"],
    extensions: &["mov", "qt"],
    medium: Medium::Video,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Bmff,
    limitations: "an opening card in front of H.264, 8 bit, 4:2:0, in whole frames and in one piece; other films take record and manifest",
};

impl Handler for Mov {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        if head.get(4..8) == Some(b"ftyp") {
            return brands(head).first() == Some(b"qt  ");
        }
        // Files from before 2002 have no `ftyp`: a movie or its data comes first, perhaps after room for a longer header.
        let Some((kind, len)) = head.get(4..8).zip(be_u32(head, 0)) else { return false };
        match kind {
            b"moov" => matches!(head.get(12..16), Some(b"mvhd" | b"cmov" | b"rmra" | b"prfl" | b"udta" | b"iods")),
            b"mdat" => len == 1 || len >= 8,
            b"wide" | b"free" | b"skip" | b"pnot" => {
                let next = usize::try_from(len).ok().filter(|len| *len >= 8).and_then(|len| head.get(len..));
                matches!(next.and_then(|next| next.get(4..8)), Some(b"moov" | b"mdat" | b"wide" | b"free" | b"skip"))
            }
            _ => false,
        }
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut survey = movie::survey(source, Format::Mov, FACTS.media_types[0], budget)?.0;
        survey.lines = film::captions(source, Format::Mov, budget)?;
        Ok(survey)
    }

    fn card(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        audible: &Audible,
        budget: &mut Budget,
    ) -> Result<Option<Card>> {
        film::card(source, Format::Mov, audible, budget).map(Some)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        film::mark(source, survey, Format::Mov, label, budget)
    }

    fn scene(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Scene>> {
        film::scene(source, Format::Mov, budget)
    }

    fn picture(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Raster>> {
        Ok(film::scene(source, Format::Mov, budget)?.map(|scene| scene.picture))
    }

    fn sound(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        stretch: Stretch,
        budget: &mut Budget,
    ) -> Result<Option<Sound>> {
        listen::listen(source, Format::Mov, stretch, budget)
    }
}
