//! AAC as a bare stream of ADTS frames: ISO/IEC 13818-7, 6.2. C2PA knows no place for a manifest in it. Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, tags::Scan};
use crate::{Format, Result, limits::Budget, stream::Source};

pub(super) struct Aac;

const FACTS: Facts = Facts {
    name: "AAC",
    media_types: &["audio/aac", "audio/aacp"],
    extensions: &["aac", "adts"],
    medium: Medium::Audio,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "C2PA defines no place for a manifest in it",
};

impl Handler for Aac {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Twelve set bits alone stand in any file: two more frames have to follow, one where the file is so short.
        let second = frame_len(head).and_then(|len| head.get(len..));
        second.is_some_and(|next| {
            frame_len(next)
                .is_some_and(|len| next.get(len..).is_none_or(|third| third.len() < 7 || frame_len(third).is_some()))
        })
    }

    fn sniff_behind_id3(&self, head: &[u8]) -> bool {
        frame_len(head).is_some()
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut scan = Scan::new(source, Format::Aac, "audio/aac", budget);
        scan.stream(frame_len)?;
        Ok(scan.survey)
    }
}

/// Length in bytes of the frame that starts with these bytes, its header counted.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let &[0xFF, second, third, fourth, fifth, sixth, _] = bytes.first_chunk()? else { return None };
    // The layer is always 0, and thirteen sampling rates are defined.
    if second & 0xF6 != 0xF0 || third >> 2 & 0xF > 12 {
        return None;
    }
    let len = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
    (len > 7).then_some(len)
}
