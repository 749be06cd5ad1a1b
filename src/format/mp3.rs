//! MP3 and MP2: a stream of MPEG audio frames (ISO/IEC 11172-3, 13818-3) with tags around it. Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, tags::Scan};
use crate::{Format, Result, limits::Budget, stream::Source};

pub(super) struct Mp3;

const FACTS: Facts = Facts {
    name: "MP3",
    media_types: &["audio/mpeg", "audio/mp3"],
    extensions: &["mp3", "mp2", "mpga"],
    medium: Medium::Audio,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "",
};

impl Handler for Mp3 {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        // Eleven set bits alone stand in any file: another frame has to follow.
        frame_len(head).and_then(|len| head.get(len..)).is_some_and(|next| frame_len(next).is_some())
    }

    fn sniff_behind_id3(&self, _head: &[u8]) -> bool {
        // The format that ID3 was made for; whatever is behind the tag, the tag is what is examined.
        true
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let mut scan = Scan::new(source, Format::Mp3, "audio/mpeg", budget);
        scan.stream(frame_len)?;
        Ok(scan.survey)
    }
}

/// Length in bytes of the frame of layer II or III that starts with these bytes: 11172-3, 2.4.1.3 and 2.4.3.1.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    /// kbit/s of layer III and layer II of MPEG-1, and of both in MPEG-2.
    const RATES: [[usize; 14]; 3] = [
        [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
        [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let &[0xFF, second, third, _] = bytes.first_chunk()? else { return None };
    if second & 0xE0 != 0xE0 {
        return None;
    }
    // Sampling rates are halved in MPEG-2, and once more in MPEG-2.5.
    let (first, shift) = match second >> 3 & 3 {
        3 => (true, 0),
        2 => (false, 1),
        0 => (false, 2),
        _ => return None,
    };
    let layer_two = match second >> 1 & 3 {
        1 => false,
        2 => true,
        _ => return None,
    };
    let table = if !first { 2 } else { usize::from(layer_two) };
    let rate = RATES[table].get(usize::from(third >> 4).checked_sub(1)?)? * 1000;
    let sampling = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))? >> shift;
    let samples = if first || layer_two { 1152 } else { 576 };
    Some(samples / 8 * rate / sampling + usize::from(third >> 1 & 1))
}
