//! MP3 and MP2: a stream of MPEG audio frames (ISO/IEC 11172-3, 13818-3) with tags around it. The notice's frames are put in front of
//! those of an MP3, none of which changes; the frame that says how many there are is made anew.

mod frame;
mod info;
mod stream;

use std::ops::Range;

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Stretch, Survey, listen, tags, tags::Scan};
use crate::{
    Error, Format, Result,
    limits::Budget,
    notice::{Audible, Heard, Sound, speech::Codec},
    stream::Source,
};
use frame::{Header, in_stereo};
use stream::{Stream, crc16};

pub(super) struct Mp3;

const FACTS: Facts = Facts {
    name: "MP3",
    media_types: &["audio/mpeg", "audio/mp3"],
    extensions: &["mp3", "mp2", "mpga"],
    medium: Medium::Audio,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "16, 22.05, 24, 44.1 and 48 kHz; MP2 and files that were cut among their frames are refused",
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

    fn hear(&self, source: &mut dyn Source, _survey: &Survey, audible: &Audible, budget: &mut Budget) -> Result<Heard> {
        let range = sound_range(source, budget)?;
        let stream = Stream::read(source, range.clone(), 0, 1, budget)?;
        let rate = u64::from(stream.header.rate);
        let clips = audible.coded(Codec::Mp3, stream.header.rate).map_err(|why| {
            Error::unsupported(Format::Mp3, format!("{why}; convert it to one of those, or label it as WAV or FLAC"))
        })?;
        let samples = notice(&clips, 0, &stream.header).len() as u64 * stream.header.samples();
        let ms = samples.saturating_sub(info::UNHEARD) * 1000 / rate;
        // About, from the length of the first frame, where no number says it: frames of a variable bit rate are of any length.
        let about = (range.end - range.start) / (stream.header.len as u64).max(1);
        let frames = stream.info.as_deref().and_then(info::count).unwrap_or(about);
        let long = frames * stream.header.samples() * 1000 / rate > audible.every_ms.unwrap_or(u64::MAX);
        Ok(Heard::once(clips, ms, long).beside(listen::programme(source, Format::Mp3, budget)?))
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let mut marked = Marked::default();
        // First: what is put in at the same place stands behind it.
        tags::write::id3(source, Format::Mp3, survey, label, true, &mut marked.patch, budget)?;
        if let Some(heard) = label.heard {
            let range = sound_range(source, budget)?;
            let first = Stream::read(source, range.clone(), 0, 1, budget)?;
            let notice = notice(&heard.coded, heard.softer, &first.header);
            let crc = notice.iter().fold(0, |crc, frame| crc16(crc, frame));
            let stream = Stream::read(source, range, crc, u64::MAX, budget)?;
            let long = || Error::unsupported(Format::Mp3, "it is longer than its own numbers can say");
            let info = info::frame(&stream, &notice).ok_or_else(long)?;
            let old = stream.info.as_ref().map_or(0, Vec::len) as u64;
            let start = stream.sound.start;
            marked.patch.replace(start - old..start, [info, notice.concat()].concat());
            marked.noticed = true;
        }
        Ok(marked)
    }

    fn sound(
        &self,
        source: &mut dyn Source,
        _survey: &Survey,
        stretch: Stretch,
        budget: &mut Budget,
    ) -> Result<Option<Sound>> {
        listen::listen(source, Format::Mp3, stretch, budget)
    }
}

/// Length in bytes of the frame of layer II or III that starts with these bytes.
fn frame_len(bytes: &[u8]) -> Option<usize> {
    Header::parse(bytes).map(|header| header.len)
}

/// What stands between the tags.
fn sound_range(source: &mut dyn Source, budget: &mut Budget) -> Result<Range<u64>> {
    let mut scan = Scan::new(source, Format::Mp3, "audio/mpeg", budget);
    let start = scan.leading_id3(0)?;
    Ok(start..scan.trailing_tags(start)?)
}

/// The notice's frames for a stream like this, softer by so many steps of the gain.
fn notice(clips: &[&[u8]], softer: u8, like: &Header) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for clip in clips {
        let mut rest = *clip;
        while let Some(header) = Header::parse(rest) {
            let Some((frame, after)) = rest.split_at_checked(header.len) else { break };
            let mut frame = frame.to_vec();
            header.soften(&mut frame, softer);
            frames.extend(if like.mono { Some(frame) } else { in_stereo(&frame) });
            rest = after;
        }
    }
    frames
}

#[cfg(test)]
mod tests;
