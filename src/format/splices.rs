//! Thousands of broken recordings, each spliced: no panic, no endless loop, and what comes out can be read again.

use std::{io::Cursor, time::Instant};

use super::{Label, Survey};
use crate::{
    AudibleNotice, Extent, FixableBy, Format, Result,
    geometry::Size,
    limits::{Budget, Limits},
    notice::{Audible, Notice},
    patch,
    record::Record,
};

/// The smallest recordings of the fixtures that can be labelled.
const FILES: [(&str, Format); 8] = [
    ("tone.wav", Format::Wav),
    ("rf64.wav", Format::Wav),
    ("tone.flac", Format::Flac),
    ("song.mp3", Format::Mp3),
    ("bare.mp3", Format::Mp3),
    ("tone.m4a", Format::M4a),
    ("tone.opus", Format::Ogg),
    ("bare.aac", Format::Aac),
];

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % (bound.max(1) as u64)).unwrap()
    }
}

fn mutated(original: &[u8], random: &mut Random) -> Vec<u8> {
    const LIES: [u32; 8] = [0, 1, 7, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff, 0x0001_0000];
    let mut bytes = original.to_vec();
    for _ in 0..=random.below(2) {
        let len = bytes.len().max(1);
        let at = if random.below(2) == 0 { random.below(len.min(1024)) } else { random.below(len) };
        let end = (at + 1 + random.below(32)).min(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at),
            1 => bytes[at..end].iter_mut().take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
            2 => {
                let lie = LIES[random.below(LIES.len())];
                let lie = if random.below(2) == 0 { lie.to_be_bytes() } else { lie.to_le_bytes() };
                bytes[at..end].iter_mut().zip(lie).for_each(|(byte, lie)| *byte = lie);
            }
            3 => drop(bytes.drain(at..end)),
            4 => {
                let part = bytes[at..end].to_vec();
                let to = random.below(len);
                bytes.splice(to..to, part);
            }
            _ => bytes[at..end].fill(if random.below(2) == 0 { 0 } else { 0xFF }),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

/// Splices as the labeler does, with a store of zeros.
fn spliced(format: Format, bytes: &[u8], audible: &Audible, record: &Record) -> Result<(Vec<u8>, Survey)> {
    let handler = format.handler();
    let (source, budget) = (&mut Cursor::new(bytes), &mut Budget::new(&Limits::default()));
    let survey = handler.survey(source, budget)?;
    let heard = handler.hear(source, &survey, audible, budget)?;
    let notice_for = |_: Size| -> Result<Notice> { Err(crate::Error::UnknownFormat) };
    let label = Label {
        notice: None,
        card: None,
        prose: None,
        heard: Some(&heard),
        notice_for: &notice_for,
        lettering_for: &|_| Err(crate::Error::UnknownFormat),
        record: Some(record),
        store_len: Some(700),
        beside: false,
    };
    let mut marked = handler.mark(source, &survey, &label, budget)?;
    let mut sink = Cursor::new(Vec::new());
    let wrap = marked.patch.take_wrap();
    let written = marked.patch.write(format, source, &mut sink)?;
    if let (Some(wrap), Some(slot)) = (wrap, written.slot) {
        patch::fill(format, &mut sink, &slot, &wrap(&[0; 700]))?;
    }
    let survey = handler.survey(&mut sink, &mut Budget::new(&Limits::default())).expect("what was written is read");
    Ok((sink.into_inner(), survey))
}

#[test]
fn broken_recordings_are_spliced_or_refused() {
    let audible = Audible::new(&AudibleNotice::rhythm(), Extent::Generated);
    let record = Record { aigc: true, ..Record::example() };
    for (name, format) in FILES {
        let path = format!("{}/fixtures/av/{name}", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let (_, survey) = spliced(format, &bytes, &audible, &record).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(survey.stores.len(), usize::from(format != Format::Aac), "{name}");
        let labels = survey.texts.iter().filter(|text| text.key.eq_ignore_ascii_case("AIGC")).count();
        assert!(labels <= 1, "{name}: {labels} labels of China's");
        let (mut random, mut taken) = (Random(0x6175_6469_6f00 + bytes.len() as u64), 0);
        for case in 0..1000 {
            let broken = mutated(&bytes, &mut random);
            let started = Instant::now();
            match spliced(format, &broken, &audible, &record) {
                Ok(_) => taken += 1,
                Err(error) => {
                    let whose = error.fixable_by();
                    assert!(matches!(whose, FixableBy::Content | FixableBy::Caller), "{name}, case {case}: {error}");
                }
            }
            assert!(started.elapsed().as_secs() < 5, "{name}, case {case}: {:?}", started.elapsed());
        }
        assert!((20..1000).contains(&taken), "{name}: {taken} of 1000 were spliced");
    }
}
