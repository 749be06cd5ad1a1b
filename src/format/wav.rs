//! WAV: RIFF with the form `WAVE`, and its 64-bit kin RF64 and BW64 (ITU-R BS.2088). Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, tags::Scan};
use crate::{
    Error, Format, Result,
    container::riff,
    limits::Budget,
    stream::{Source, length},
};

pub(super) struct Wav;

const FACTS: Facts = Facts {
    name: "WAV",
    media_types: &["audio/vnd.wave", "audio/wav"],
    extensions: &["wav", "wave", "bwf"],
    medium: Medium::Audio,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "",
};

impl Handler for Wav {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(head.get(..4), Some(b"RIFF" | b"RF64" | b"BW64")) && head.get(8..12) == Some(b"WAVE")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let Some(form) = riff::form(source, Format::Wav, 0, budget)? else {
            return Err(Error::malformed(Format::Wav, 0, "no RIFF header"));
        };
        let mut scan = Scan::new(source, Format::Wav, "audio/wav", budget);
        scan.form(&form)?;
        scan.survey.trailer = (form.end < len).then_some(form.end..len);
        Ok(scan.survey)
    }
}
