//! AAC as a bare stream of ADTS frames: ISO/IEC 13818-7, 6.2. The notice's frames are put in front, and nothing else changes. C2PA
//! knows no place for a manifest in it: that stands in a file beside it.

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Stretch, Survey, listen, tags, tags::Scan};
use crate::{
    Error, Format, Result,
    limits::Budget,
    notice::{Audible, Heard, Sound, speech::Codec},
    stream::{Source, read_at},
};

pub(super) struct Aac;

const FACTS: Facts = Facts {
    name: "AAC",
    media_types: &["audio/aac", "audio/aacp"],
    extensions: &["aac", "adts"],
    medium: Medium::Audio,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Beside,
    limitations: "the manifest goes into a file beside it; 16, 22.05, 24, 44.1 and 48 kHz, one or two channels; HE-AAC is refused",
};

/// Samples of a frame.
const BLOCK: u64 = 1024;
/// Samples at the start that are the encoder's delay, not the notice.
const DELAY: u64 = 1024;
/// Sampling rates by their index: ISO/IEC 14496-3, 1.6.3.4.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

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

    fn hear(&self, source: &mut dyn Source, _survey: &Survey, audible: &Audible, budget: &mut Budget) -> Result<Heard> {
        let stream = Stream::read(source, budget)?;
        let clips = audible.coded(Codec::Aac, stream.rate).map_err(|why| {
            Error::unsupported(Format::Aac, format!("{why}; convert it to one of those, or label it as WAV or FLAC"))
        })?;
        let samples = stream.notice(&clips, 0).1 * BLOCK;
        let rate = u64::from(stream.rate);
        // About, from the length of the first frame.
        let ms = (stream.end - stream.start) / stream.first_len.max(1) * BLOCK * 1000 / rate;
        let long = ms > audible.every_ms.unwrap_or(u64::MAX);
        let heard = Heard::once(clips, samples.saturating_sub(DELAY) * 1000 / rate, long);
        Ok(heard.beside(listen::programme(source, Format::Aac, budget)?))
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let mut marked = Marked::default();
        // First: what is put in at the same place stands behind it.
        let beside = Label { store_len: None, ..*label };
        tags::write::id3(source, Format::Aac, survey, &beside, true, &mut marked.patch, budget)?;
        if let Some(heard) = label.heard {
            let stream = Stream::read(source, budget)?;
            marked.patch.insert(stream.start, stream.notice(&heard.coded, heard.softer).0);
            marked.noticed = true;
        }
        if label.store_len.is_some() {
            marked.patch.beside();
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
        listen::listen(source, Format::Aac, stretch, budget)
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

/// What the first frames say.
struct Stream {
    /// Offset of the first frame, and of what follows the last.
    start: u64,
    end: u64,
    /// The first frame's header.
    head: [u8; 7],
    first_len: u64,
    rate: u32,
    stereo: bool,
}

/// Frames that are looked at for the extension that HE-AAC puts into each.
const LOOKED_AT: usize = 8;

impl Stream {
    fn read(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let mut scan = Scan::new(source, Format::Aac, "audio/aac", budget);
        let start = scan.leading_id3(0)?;
        let end = scan.trailing_tags(start)?;
        let refused = |what: String| Err(Error::unsupported(Format::Aac, what));
        // The longest frame has 13 bits of length.
        let bytes = read_at(source, Format::Aac, start, (end - start).min(LOOKED_AT as u64 * 8192))?;
        let another = |rest: Option<&[u8]>| rest.is_none_or(|rest| rest.len() < 7 || frame_len(rest).is_some());
        let begins = |at: &usize| frame_len(&bytes[*at..]).is_some_and(|len| another(bytes.get(at + len..)));
        let Some(at) = (0..bytes.len().min(2048)).find(begins) else {
            return refused("no ADTS frame begins where the sound should; convert it first".into());
        };
        let mut frames = Vec::new();
        let mut rest = &bytes[at..];
        while let Some(len) = frame_len(rest).filter(|len| *len <= rest.len() && frames.len() < LOOKED_AT) {
            let (frame, after) = rest.split_at(len);
            frames.push(frame);
            rest = after;
        }
        let head: [u8; 7] = bytes.get(at..at + 7).and_then(|head| head.first_chunk().copied()).unwrap_or_default();
        let [_, _, third, fourth, ..] = head;
        let rate = RATES.get(usize::from(third >> 2 & 15)).copied().unwrap_or_default();
        let channels = (third & 1) << 2 | fourth >> 6;
        if third >> 6 != 1 {
            return refused(
                "it is not AAC-LC, and only for that there is a spoken clip; encode it as AAC-LC, or as WAV or FLAC"
                    .into(),
            );
        }
        if !(1..=2).contains(&channels) {
            return refused(format!(
                "its layout of channels (number {channels}) has no spoken clip, only one and two channels have; label it as WAV or FLAC"
            ));
        }
        let extended = frames.iter().skip(1).filter(|frame| is_extended(frame)).count();
        if frames.len() > 2 && extended * 4 > (frames.len() - 1) * 3 {
            return refused(
                "it is HE-AAC, for which there is no spoken clip; encode it as AAC-LC, or label it as WAV or FLAC"
                    .into(),
            );
        }
        let first_len = frames.first().map_or(0, |frame| frame.len()) as u64;
        Ok(Self { start: start + at as u64, end, head, first_len, rate, stereo: channels == 2 })
    }

    /// The notice as frames of this stream, softer by so many steps of the gain, and how many.
    fn notice(&self, clips: &[&[u8]], softer: u8) -> (Vec<u8>, u64) {
        let (mut out, mut count) = (Vec::new(), 0);
        for block in clips.iter().copied().flat_map(blocks) {
            let block = softened(block, softer);
            let block = if self.stereo { in_stereo(&block) } else { block };
            let Ok(len) = u16::try_from(block.len() + 7) else { continue };
            let [high, low] = len.to_be_bytes();
            let [first, second, third, fourth, ..] = self.head;
            // No CRC; the length; a buffer that is never full; one block.
            out.extend([first, second | 1, third, fourth & 0xFC | high >> 3 & 3]);
            out.extend([high << 5 | low >> 3, low << 5 | 0x1F, 0xFC]);
            out.extend(block);
            count += 1;
        }
        (out, count)
    }
}

/// The raw data blocks of a clip.
pub(super) fn blocks(mut clip: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (frame, rest) = clip.split_at_checked(frame_len(clip)?)?;
        clip = rest;
        // Without CRC, as the clips are.
        frame.get(7..)
    })
}

/// A block with one channel, softer by so many steps: 14496-3, 4.4.2.7, `global_gain`, behind three bits of kind and four of number.
pub(super) fn softened(block: &[u8], steps: u8) -> Vec<u8> {
    let mut made = block.to_vec();
    if let Some(pair) = made.first_chunk_mut::<2>() {
        let bits = u16::from_be_bytes(*pair);
        let [_, gain] = (bits >> 1).to_be_bytes();
        *pair = (bits & !(0xFF << 1) | u16::from(gain.checked_sub(steps).unwrap_or(gain)) << 1).to_be_bytes();
    }
    made
}

/// A block with one channel as one with two: the same element twice in a pair (14496-3, 4.4.2.1), each of them 3 dB softer, which is as
/// loud.
pub(super) fn in_stereo(block: &[u8]) -> Vec<u8> {
    let bit = |at: usize| block.get(at / 8).is_some_and(|byte| byte << (at % 8) & 0x80 != 0);
    // Three set bits end the block, zeros fill its last byte.
    let end = (0..block.len() * 8).rev().find(|at| bit(*at)).unwrap_or(2);
    let element = 7..(end - end.min(2)).max(7);
    let mut made = Vec::new();
    let mut count = 0;
    let mut put = |bit: bool| {
        if count % 8 == 0 {
            made.push(0);
        }
        if let (true, Some(last)) = (bit, made.last_mut()) {
            *last |= 0x80 >> (count % 8);
        }
        count += 1;
    };
    // A pair (1), number 0, no common window; then gain and the rest of each channel.
    [false, false, true, false, false, false, false, false].into_iter().for_each(&mut put);
    let gain = element.clone().take(8).fold(0_u8, |gain, at| gain << 1 | u8::from(bit(at)));
    // A step is a quarter of 6 dB.
    let gain = gain.checked_sub(2).unwrap_or(gain);
    for _channel in 0..2 {
        (0..8).for_each(|at| put(gain << at & 0x80 != 0));
        element.clone().skip(8).for_each(|at| put(bit(at)));
    }
    [true; 3].into_iter().for_each(&mut put);
    made
}

/// Whether a frame ends in a fill element that extends it to HE-AAC: 14496-3, 4.4.2.7. What stands before it need not be decoded: it
/// reaches exactly to the end of the block.
fn is_extended(frame: &[u8]) -> bool {
    let bit = |at: usize| frame.get(at / 8).is_some_and(|byte| byte << (at % 8) & 0x80 != 0);
    let bits = |at: usize, count: usize| (at..at + count).fold(0_usize, |value, at| value << 1 | usize::from(bit(at)));
    let Some(last) = (0..frame.len() * 8).rev().find(|at| bit(*at)) else { return false };
    // The end element is three set bits.
    let Some(end) = (last + 1).checked_sub(3) else { return false };
    (56..end).any(|at| {
        if bits(at, 3) != 6 {
            return false;
        }
        let (start, len) = match bits(at + 3, 4) {
            15 => (at + 15, 14 + bits(at + 7, 8)),
            len => (at + 7, len),
        };
        start + len * 8 == end && matches!(bits(start, 4), 13 | 14)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{AudibleNotice, Extent, notice::level::Meter};

    /// Every step of the gain is 1.5 dB, whatever was encoded.
    #[test]
    fn clips_get_softer_by_whole_steps() {
        let clips = Audible::new(&AudibleNotice::speech(&["kk", "ru"]).unwrap().then_rhythm(), Extent::Modified);
        for (rate, index) in [(16_000, 8), (22_050, 7), (24_000, 6), (44_100, 4), (48_000, 3)] {
            for stereo in [false, true] {
                let coded = clips.coded(Codec::Aac, rate).unwrap();
                let head = [0xFF, 0xF1, 1 << 6 | index << 2, if stereo { 2 << 6 } else { 1 << 6 }, 0, 0, 0];
                let stream = Stream { start: 0, end: 0, head, first_len: 0, rate, stereo };
                let loudness = |softer: u8| {
                    let (source, budget) = (
                        &mut Cursor::new(stream.notice(&coded, softer).0),
                        &mut Budget::new(&crate::Limits::default()),
                    );
                    let stretch = Stretch::From { ms: 0, len_ms: 60_000 };
                    let sound = listen::listen(source, Format::Aac, stretch, budget).unwrap().unwrap();
                    assert_eq!((sound.rate, sound.channels), (rate, if stereo { 2 } else { 1 }));
                    let mut meter = Meter::new(sound.channels, sound.rate);
                    meter.add(&sound.samples);
                    meter.loudness().unwrap()
                };
                let whole = loudness(0);
                assert!((whole + 16.0).abs() < 1.0, "{rate}, stereo {stereo}: {whole}");
                for steps in [1, 5, 9] {
                    let softer = whole - loudness(steps);
                    assert!((softer - f64::from(steps) * 1.505).abs() < 0.1, "{rate}, {steps}: {softer}");
                }
            }
        }
    }
}
