//! FLAC: RFC 9639, with the ID3v2 tag in front of it that C2PA 2.4 (A.3.4) asks for. The notice is encoded in frames of its own; the
//! frames that were there get other numbers, and nothing else of them changes.

mod encode;
mod frames;
mod splice;
mod stream;

use std::{ops::Range, sync::Arc};

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Stretch, Survey, listen, tags, tags::Scan};
use crate::{
    Error, Format, Result,
    container::{id3, riff::Chunk},
    limits::Budget,
    notice::{
        Audible, Heard, MAX_RATE, Sound,
        level::{self, Meter},
    },
    patch::Patch,
    record::Record,
    stream::{Source, read_at, read_block},
};
use stream::{APPLICATION, Block, COMMENTS, CUESHEET, Decoder, Info, MAGIC, blocks};

pub(super) struct Flac;

const FACTS: Facts = Facts {
    name: "FLAC",
    media_types: &["audio/flac", "audio/x-flac"],
    extensions: &["flac"],
    medium: Medium::Audio,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "files with a cue sheet are refused",
};

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
        let mut scan = Scan::new(source, Format::Flac, FACTS.media_types[0], budget);
        let start = scan.leading_id3(0)?;
        let blocks = blocks(scan.source, start, scan.budget)?;
        for block in &blocks {
            let (at, data) = (block.at, block.data.clone());
            match block.kind {
                COMMENTS => {
                    scan.budget.metadata(data.end - data.start)?;
                    let bytes = read_at(scan.source, Format::Flac, data.start, data.end - data.start)?;
                    scan.comments(&bytes, &format!("VORBIS_COMMENT block at byte {at}"));
                }
                APPLICATION => application(&mut scan, at, data.start, data.end)?,
                _ => {}
            }
        }
        scan.trailing_tags(end(&blocks))?;
        Ok(scan.survey)
    }

    fn hear(&self, source: &mut dyn Source, _survey: &Survey, audible: &Audible, budget: &mut Budget) -> Result<Heard> {
        let parts = Parts::read(source, budget)?;
        let info = parts.spliceable()?;
        let shape = splice::shape(source, info, parts.audio.clone())?;
        let programme = programme(source, info, parts.audio.clone(), budget)?;
        let (samples, loudness) = audible.beside(info.rate, programme);
        let mut samples = samples.to_vec();
        let unit = u64::from(shape.block.max(1));
        samples.resize(samples.len().next_multiple_of(shape.block.max(1) as usize), 0.0);
        if samples.len() as u64 * u64::from(info.channels) * 4 > Heard::MOST {
            let what = format!("a warning in {} channels at {} samples a second is too long", info.channels, info.rate);
            return Err(Error::unsupported(Format::Flac, format!("{what}; label a version with fewer")));
        }
        // Where blocks differ in length, only the first place is known to lie between two.
        let every = audible.every_ms.filter(|_| !shape.like.by_sample);
        let heard = Heard::repeated(Arc::from(samples), info.rate, (info.total, unit), every, loudness);
        let mut heard = heard.compared(programme);
        if every.is_none() && audible.every_ms.is_some() {
            heard
                .remarks
                .push("the warning is heard once, at the start: the blocks of this file differ in length".into());
        }
        Ok(heard)
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let parts = Parts::read(source, budget)?;
        let mut marked = Marked::default();
        if let Some(heard) = label.heard {
            let info = parts.spliceable()?;
            let audio = parts.audio.clone();
            marked.remarks = splice::splice(source, info, &parts.blocks, audio, heard, &mut marked.patch, budget)?;
            marked.noticed = true;
        }
        if let Some(record) = label.record {
            comment(source, &parts.blocks, record, &mut marked.patch, budget)?;
        }
        tags::write::id3(source, Format::Flac, survey, label, false, &mut marked.patch, budget)?;
        Ok(marked)
    }

    fn sound(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        stretch: Stretch,
        budget: &mut Budget,
    ) -> Result<Option<Sound>> {
        listen::listen(source, Format::Flac, stretch, budget)
    }
}

/// Offset of the first frame.
fn end(blocks: &[Block]) -> u64 {
    blocks.last().map_or(0, |last| last.data.end)
}

/// What a splice needs to know of a file.
struct Parts {
    blocks: Vec<Block>,
    info: Info,
    audio: Range<u64>,
}

impl Parts {
    fn read(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let start = id3::leading(source, Format::Flac)?;
        let blocks = blocks(source, start, budget)?;
        let info = Info::read(source, &blocks)?;
        let first = end(&blocks);
        let audio = first..Scan::new(source, Format::Flac, FACTS.media_types[0], budget).trailing_tags(first)?;
        Ok(Self { blocks, info, audio })
    }

    fn spliceable(&self) -> Result<&Info> {
        let refused = |what: &str| Err(Error::unsupported(Format::Flac, what));
        if self.blocks.iter().any(|block| block.kind == CUESHEET) {
            return refused(
                "it holds a cue sheet, whose positions would be wrong behind a warning: take that out first \
                 (metaflac --remove --block-type=CUESHEET)",
            );
        }
        if !(1_000..=MAX_RATE).contains(&self.info.rate) || self.info.bits < 8 {
            return refused(
                "its sampling rate is not between 1,000 and 384,000, or it has samples of less than 8 bits; convert it first",
            );
        }
        Ok(&self.info)
    }
}

/// LUFS of what comes first; `None` where it cannot be decoded.
fn programme(source: &mut dyn Source, info: &Info, audio: Range<u64>, budget: &mut Budget) -> Result<Option<f64>> {
    let Some(mut decoder) = Decoder::new(info) else { return Ok(None) };
    let mut meter = Meter::new(info.channels.into(), info.rate);
    let (mut frames, mut position) = (info.frames(audio), 0);
    // 0 says that it is not known.
    let total = if info.total == 0 { u64::MAX } else { info.total };
    let mut pieces = level::pieces(total, info.rate).peekable();
    while pieces.peek().is_some()
        && let Some((header, _, frame)) = frames.next(source)?
    {
        budget.part()?;
        let next = position + u64::from(header.block);
        // Whole frames that any of a piece stands in: none hangs on another.
        if pieces.peek().is_some_and(|piece| piece.start < next) {
            let Some(samples) = decoder.decode_float(frame) else { return Ok(None) };
            meter.add(&samples);
        }
        while pieces.next_if(|piece| piece.end <= next).is_some() {}
        position = next;
    }
    Ok(meter.loudness())
}

/// The record in the block of comments, or in a new one behind STREAMINFO.
fn comment(
    source: &mut dyn Source,
    blocks: &[Block],
    record: &Record,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<()> {
    let long = || Error::unsupported(Format::Flac, "the comments would be longer than 16 MiB, which FLAC cannot say");
    let head = |kind: u8, len: usize| {
        let len = u32::try_from(len).ok().filter(|len| *len < 1 << 24).ok_or_else(long)?;
        let [_, a, b, c] = len.to_be_bytes();
        Ok::<_, Error>([kind, a, b, c])
    };
    match blocks.iter().find(|block| block.kind == COMMENTS) {
        Some(old) => {
            let bytes = read_block(source, Format::Flac, old.data.start, old.data.end - old.data.start, budget)?;
            let made = tags::write::comments(Format::Flac, Some((&bytes, old.data.start)), record)?;
            let [_, len @ ..] = head(COMMENTS, made.len())?;
            patch.replace(old.at + 1..old.data.start, len.to_vec());
            patch.replace(old.data.clone(), made);
        }
        None => {
            let first = blocks.first().ok_or_else(long)?;
            let made = tags::write::comments(Format::Flac, None, record)?;
            // Which is the last stands in the first bit.
            let last = if blocks.len() == 1 { 0x80 } else { 0 };
            patch.replace(first.at..first.at + 1, vec![first.kind]);
            patch.insert(first.data.end, [&head(COMMENTS | last, made.len())?[..], &made].concat());
        }
    }
    Ok(())
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

#[cfg(test)]
mod tests;
