//! FLAC: RFC 9639, with the ID3v2 tag in front of it that C2PA 2.4 (A.3.4) asks for. Examined only.

use super::{Carries, Facts, Handler, HardBinding, Medium, Survey, tags::Scan};
use crate::{
    Error, Format, Result,
    container::riff::Chunk,
    limits::Budget,
    stream::{Source, length, read_at},
};

pub(super) struct Flac;

const FACTS: Facts = Facts {
    name: "FLAC",
    media_types: &["audio/flac", "audio/x-flac"],
    extensions: &["flac"],
    medium: Medium::Audio,
    can_label: false,
    notice: Carries::No,
    binding: HardBinding::Data,
    limitations: "",
};

const MAGIC: &[u8; 4] = b"fLaC";
/// Types of metadata blocks: RFC 9639, 8.1.
const APPLICATION: u8 = 2;
const COMMENTS: u8 = 4;

impl Handler for Flac {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(MAGIC)
    }

    fn sniff_behind_id3(&self, head: &[u8]) -> bool {
        self.sniff(head)
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let mut scan = Scan::new(source, Format::Flac, FACTS.media_types[0], budget);
        let start = scan.leading_id3(0)?;
        if start + 4 > len || read_at(scan.source, Format::Flac, start, 4)? != MAGIC {
            return Err(Error::malformed(Format::Flac, start, "no FLAC stream starts here"));
        }
        let mut at = start + 4;
        loop {
            scan.budget.part()?;
            let head = read_at(scan.source, Format::Flac, at, len.saturating_sub(at).min(4))?;
            let &[kind, a, b, c] = head.as_slice() else {
                return Err(Error::malformed(Format::Flac, at, "the file ends among the metadata blocks"));
            };
            let data = at + 4..at + 4 + u64::from(u32::from_be_bytes([0, a, b, c]));
            if data.end > len {
                return Err(Error::malformed(Format::Flac, at, "a metadata block is longer than the file"));
            }
            match kind & 0x7F {
                COMMENTS => {
                    scan.budget.metadata(data.end - data.start)?;
                    let block = read_at(scan.source, Format::Flac, data.start, data.end - data.start)?;
                    scan.comments(&block, &format!("VORBIS_COMMENT block at byte {at}"));
                }
                APPLICATION => application(&mut scan, at, data.start, data.end)?,
                _ => {}
            }
            at = data.end;
            // The first bit: the last block before the sound.
            if kind & 0x80 != 0 {
                break;
            }
        }
        scan.trailing_tags(at)?;
        Ok(scan.survey)
    }
}

/// An application block: four letters of whom, then what they like. `flac --keep-foreign-metadata` keeps each chunk of a
/// WAV in one called `riff`.
fn application(scan: &mut Scan, at: u64, start: u64, end: u64) -> Result<()> {
    let head = read_at(scan.source, Format::Flac, start, (end - start).min(12))?;
    match head.as_slice() {
        &[b'r', b'i', b'f', b'f', a, b, c, d, l0, l1, l2, l3] => {
            let said = u64::from(u32::from_le_bytes([l0, l1, l2, l3]));
            let len = said.min(end - start - 12);
            let id = [a, b, c, d];
            // A manifest for the WAV is none for the FLAC.
            if &id == b"C2PA" || &id == b"RIFF" {
                return Ok(());
            }
            scan.chunk(&Chunk { id, at: start + 4, len, end })
        }
        [b'A', b'I', b'G', b'C', ..] => {
            let place = format!("application block at byte {at}");
            if let Some(bytes) = scan.short(start + 4..end, &place)? {
                scan.text("AIGC", String::from_utf8_lossy(&bytes), place);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
