//! WAV: RIFF with the form `WAVE`, and its 64-bit kin RF64 and BW64 (ITU-R BS.2088). The notice is put in front of the samples,
//! and again at intervals; nothing else of them changes.

mod chunks;
mod clip;
mod shape;

use std::{ops::Range, sync::Arc};

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Stretch, Survey, tags::Scan};
use crate::{
    Error, Format, Result,
    container::riff::{self, Chunk, Form},
    limits::Budget,
    notice::{
        Audible, Heard, Sound,
        level::{self, Meter},
    },
    stream::{Source, length, read_at},
};
use shape::Shape;

pub(super) struct Wav;

const FACTS: Facts = Facts {
    name: "WAV",
    media_types: &["audio/vnd.wave", "audio/wav"],
    extensions: &["wav", "wave", "bwf"],
    medium: Medium::Audio,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Data,
    limitations: "compressed samples (ADPCM and the like) are refused",
};

/// Bytes read at a time.
const BLOCK: u64 = 1 << 18;

impl Handler for Wav {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        matches!(head.get(..4), Some(b"RIFF" | b"RF64" | b"BW64")) && head.get(8..12) == Some(b"WAVE")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let form = form(source, budget)?;
        let mut scan = Scan::new(source, Format::Wav, "audio/wav", budget);
        scan.form(&form)?;
        scan.survey.trailer = (form.end < len).then_some(form.end..len);
        Ok(scan.survey)
    }

    fn hear(&self, source: &mut dyn Source, _survey: &Survey, audible: &Audible, budget: &mut Budget) -> Result<Heard> {
        let form = form(source, budget)?;
        let (shape, data) = samples(source, &form)?;
        let programme = programme(source, &shape, data)?;
        let (samples, loudness) = audible.beside(shape.rate, programme);
        let mut samples = samples.to_vec();
        // An even number of frames: what was padded stays padded.
        samples.resize(samples.len().next_multiple_of(2), 0.0);
        if samples.len() as u64 * shape.frame > Heard::MOST {
            let what =
                format!("a warning in {} channels at {} samples a second is too long", shape.channels, shape.rate);
            return Err(Error::unsupported(Format::Wav, format!("{what}; label a version with fewer")));
        }
        let all = (data.len / shape.frame, 1);
        let heard = Heard::repeated(Arc::from(samples), shape.rate, all, audible.every_ms, loudness);
        Ok(heard.compared(programme))
    }

    fn mark(&self, source: &mut dyn Source, survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let form = form(source, budget)?;
        let mut marked = Marked::default();
        let mut tail = Vec::new();
        for chunk in form.chunks.iter().filter(|chunk| chunk.id == *b"C2PA") {
            marked.patch.delete(chunk.whole());
        }
        if form.chunks.last().is_some_and(Chunk::lacks_padding) {
            tail.push(0);
        }
        let mut placed = None;
        if let Some(heard) = label.heard {
            let (shape, data) = samples(source, &form)?;
            let bytes: Arc<[u8]> = shape.encode(&heard.samples).into();
            for place in &heard.places {
                marked.patch.insert_shared(data.data().start + place * shape.frame, Arc::clone(&bytes));
            }
            marked.remarks.extend(chunks::shift(source, &form, heard, &mut marked.patch, budget)?);
            placed = Some((bytes.len() as u64 * heard.places.len() as u64, heard));
            marked.noticed = true;
        }
        if let Some(record) = label.record {
            chunks::record(source, &form, survey, record, &mut marked.patch, &mut tail, budget)?;
        }
        marked.patch.insert(form.end, tail);
        if let Some(store_len) = label.store_len {
            let head = riff::header(Format::Wav, *b"C2PA", store_len as u64)?;
            marked.patch.slot(form.end, store_len, Box::new(move |store| [head.as_slice(), store].concat()));
            marked.patch.insert(form.end, vec![0; store_len % 2]);
        }
        chunks::sizes(source, &form, placed, &mut marked.patch)?;
        if let (Some(said), Some(last)) = (form.cut, form.chunks.last()) {
            marked.remarks.push(format!(
                "the recording was cut off: its last chunk says that it holds {said} bytes, and holds {}; what is there was labelled, \
                 and its lengths were put right",
                last.len
            ));
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
        let form = form(source, budget)?;
        let (shape, data) = match samples(source, &form) {
            Err(Error::Unsupported { .. }) => return Ok(None),
            found => found?,
        };
        let (rate, frames) = (u64::from(shape.rate), data.len / shape.frame);
        let frames_of = |ms: u64| (ms.min(u64::from(u32::MAX)) * rate / 1000).min(frames);
        let (from, len) = match stretch {
            Stretch::From { ms, len_ms } => (frames_of(ms), frames_of(len_ms)),
            Stretch::Last { len_ms } => (frames - frames_of(len_ms), frames_of(len_ms)),
        };
        let most = Sound::MOST as u64 / u64::from(shape.channels);
        let start = data.data().start + from * shape.frame;
        let mut samples = Vec::new();
        blocks(source, &shape, start..start + len.min(frames - from).min(most) * shape.frame, |block| {
            samples.extend(block)
        })?;
        Ok(Some(Sound { rate: shape.rate, channels: shape.channels.into(), samples, from_ms: from * 1000 / rate }))
    }
}

fn form(source: &mut dyn Source, budget: &mut Budget) -> Result<Form> {
    let form = riff::form(source, Format::Wav, 0, budget)?;
    form.ok_or_else(|| Error::malformed(Format::Wav, 0, "no RIFF header"))
}

/// The samples' shape and chunk.
fn samples<'a>(source: &mut dyn Source, form: &'a Form) -> Result<(Shape, &'a Chunk)> {
    let chunk = |id: &[u8; 4]| form.chunks.iter().find(|chunk| chunk.id == *id);
    let missing = |what: &str| Error::malformed(Format::Wav, 12, format!("there is no '{what}' chunk"));
    let shape = Shape::read(source, chunk(b"fmt ").ok_or_else(|| missing("fmt "))?)?;
    Ok((shape, chunk(b"data").ok_or_else(|| missing("data"))?))
}

/// LUFS of what comes first.
fn programme(source: &mut dyn Source, shape: &Shape, data: &Chunk) -> Result<Option<f64>> {
    let mut meter = Meter::new(shape.channels.into(), shape.rate);
    for piece in level::pieces(data.len / shape.frame, shape.rate) {
        let at = |sample: u64| data.data().end.min(data.data().start.saturating_add(sample * shape.frame));
        blocks(source, shape, at(piece.start)..at(piece.end), |block| meter.add(&block))?;
    }
    Ok(meter.loudness())
}

/// Decodes the samples in `range` piece by piece.
fn blocks(source: &mut dyn Source, shape: &Shape, range: Range<u64>, mut take: impl FnMut(Vec<f32>)) -> Result<()> {
    let step = BLOCK / shape.frame * shape.frame;
    let mut at = range.start;
    while at < range.end {
        take(shape.decode(&read_at(source, Format::Wav, at, step.min(range.end - at))?));
        at += step;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
