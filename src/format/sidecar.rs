//! A manifest store in a file of its own, beside what it is about: C2PA 2.4 §11.4.

use super::{Carries, Facts, Handler, HardBinding, Medium, Store, Survey};
use crate::{
    Format, Result,
    limits::Budget,
    stream::{Source, length, read_block},
};

pub(super) struct Sidecar;

const FACTS: Facts = Facts {
    name: "C2PA sidecar",
    media_types: &["application/c2pa"],
    extensions: &["c2pa"],
    medium: Medium::Text,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "What it says is shown; whether it belongs to a file is not checked.",
};

impl Handler for Sidecar {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    /// The outermost box and its description: size, type, identifier, toggles (requestable, labelled), label (ISO/IEC
    /// 19566-5 §A.3).
    fn sniff(&self, head: &[u8]) -> bool {
        let labelled = head.get(32).is_some_and(|toggles| toggles & 3 == 3);
        head.get(4..8) == Some(b"jumb")
            && head.get(12..16) == Some(b"jumd")
            && head.get(16..20) == Some(b"c2pa")
            && labelled
            && head.get(33..38) == Some(b"c2pa\0")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let jumbf = read_block(source, Format::Sidecar, 0, len, budget)?;
        // Nothing of the file that it is about is here: there is nothing to leave out of a hash.
        let store = Store { carrier: Vec::new(), jumbf };
        Ok(Survey { media_type: FACTS.media_types[0], frames: 1, stores: vec![store], ..Survey::default() })
    }
}
