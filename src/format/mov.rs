//! MOV: Apple's QuickTime File Format, from which MP4 came. Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, movie};
use crate::{
    Format, Result,
    container::bmff::brands,
    limits::Budget,
    stream::{Source, be_u32},
};

pub(super) struct Mov;

const FACTS: Facts = Facts {
    name: "QuickTime",
    media_types: &["video/quicktime"],
    extensions: &["mov", "qt"],
    medium: Medium::Video,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Bmff,
    limitations: "",
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
        Ok(movie::survey(source, Format::Mov, FACTS.media_types[0], budget)?.0)
    }
}
