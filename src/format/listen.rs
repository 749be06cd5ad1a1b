//! Decodes a stretch of sound for listening to, through the `symphonia` crate.

use std::{
    io::{self, Read, Seek, SeekFrom},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, PoisonError},
};

use symphonia::{
    core::{
        codecs::audio::{AudioDecoder, AudioDecoderOptions},
        formats::{FormatOptions, FormatReader, SeekMode, SeekTo, TrackType},
        io::{MediaSource, MediaSourceStream},
        units::Time,
    },
    default::{
        formats::{AdtsReader, FlacReader, IsoMp4Reader, MpaReader, OggReader},
        get_codecs,
    },
};

use super::Stretch;
use crate::{
    Format, Result,
    container::id3,
    limits::Budget,
    notice::{Sound, level::Meter},
    stream::{Source, length},
};

/// The samples of a stretch; `None` where they cannot be decoded. Seconds that are cut off by a damaged frame are left out.
///
/// # Errors
///
/// Only when the file cannot be read.
pub(super) fn listen(
    source: &mut dyn Source,
    format: Format,
    stretch: Stretch,
    budget: &mut Budget,
) -> Result<Option<Sound>> {
    // The readers below know no tags in front of the sound.
    let base = id3::leading(source, format)?.min(length(source)?);
    let len = length(source)? - base;
    source.seek(SeekFrom::Start(base))?;
    let mut failed = None;
    let media = Media { source: Mutex::new((source, &mut failed)), base, len };
    // A decoder that panics has decoded nothing.
    let sound = catch_unwind(AssertUnwindSafe(|| decoded(media, format, stretch, budget))).unwrap_or_default();
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(sound),
    }
}

/// LUFS of the first seconds; `None` where that is not known.
pub(super) fn programme(source: &mut dyn Source, format: Format, budget: &mut Budget) -> Result<Option<f64>> {
    let Some(sound) = listen(source, format, Stretch::From { ms: 0, len_ms: MEASURED }, budget)? else {
        return Ok(None);
    };
    let mut meter = Meter::new(sound.channels, sound.rate);
    meter.add(&sound.samples);
    Ok(meter.loudness())
}

/// Milliseconds whose loudness is taken for that of the whole: decoding takes longer than all else that labelling does.
const MEASURED: u64 = 10_000;

fn decoded(media: Media, format: Format, stretch: Stretch, budget: &mut Budget) -> Option<Sound> {
    let stream = MediaSourceStream::new(Box::new(media), Default::default());
    let mut reader = reader(stream, format)?;
    let track = reader.default_track(TrackType::Audio)?;
    let (id, parameters) = (track.id, track.codec_params.as_ref()?.audio()?.clone());
    let seconds =
        track.num_frames.zip(parameters.sample_rate).map(|(frames, rate)| frames * 1000 / u64::from(rate.max(1)));
    let mut decoder = get_codecs().make_audio_decoder(&parameters, &AudioDecoderOptions::default()).ok()?;
    let (from, len_ms) = match stretch {
        Stretch::From { ms, len_ms } => (ms, len_ms),
        Stretch::Last { len_ms } => (seconds?.saturating_sub(len_ms), len_ms),
    };
    let mut start = 0;
    // A second before: decoders need what comes before to be right.
    if from > 3_000 {
        let to = SeekTo::Time { time: Time::from_millis(i64::try_from(from - 1000).ok()?), track_id: Some(id) };
        if let Ok(seeked) = reader.seek(SeekMode::Accurate, to) {
            decoder.reset();
            let samples = u64::try_from(seeked.actual_ts.get()).unwrap_or(0);
            start = samples.saturating_mul(1000) / u64::from(parameters.sample_rate?.max(1));
        }
    }
    let from = from.max(start);
    take(&mut *reader, &mut *decoder, id, (from, from - start, len_ms), budget)
}

/// Decodes on, leaves the first milliseconds out, and keeps the next.
fn take(
    reader: &mut dyn FormatReader,
    decoder: &mut dyn AudioDecoder,
    id: u32,
    (from_ms, skip_ms, len_ms): (u64, u64, u64),
    budget: &mut Budget,
) -> Option<Sound> {
    let mut sound: Option<Sound> = None;
    let (mut skip, mut keep) = (0, usize::MAX);
    let mut block = Vec::<f32>::new();
    while let Ok(Some(packet)) = reader.next_packet() {
        budget.part().ok()?;
        if packet.track_id != id {
            continue;
        }
        // One damaged frame is no reason to hear nothing.
        let Ok(decoded) = decoder.decode(&packet) else { continue };
        let (rate, channels) = (decoded.spec().rate(), u32::try_from(decoded.spec().channels().count()).ok()?);
        decoded.copy_to_vec_interleaved(&mut block);
        let sound = match &mut sound {
            Some(sound) if (sound.rate, sound.channels) == (rate, channels) => sound,
            Some(_) => break,
            None => {
                let samples = |ms: u64| usize::try_from(ms.saturating_mul(rate.into()) / 1000 * u64::from(channels));
                skip = samples(skip_ms).ok()?;
                keep = samples(len_ms).unwrap_or(usize::MAX).min(Sound::MOST);
                sound.insert(Sound { rate, channels, samples: Vec::new(), from_ms })
            }
        };
        let passed = skip.min(block.len());
        skip -= passed;
        sound.samples.extend_from_slice(&block[passed..]);
        if sound.samples.len() >= keep {
            sound.samples.truncate(keep);
            break;
        }
    }
    sound
}

fn reader<'s>(stream: MediaSourceStream<'s>, format: Format) -> Option<Box<dyn FormatReader + 's>> {
    let options = FormatOptions::default();
    Some(match format {
        Format::Flac => Box::new(FlacReader::try_new(stream, options).ok()?),
        Format::Mp3 => Box::new(MpaReader::try_new(stream, options).ok()?),
        Format::Aac => Box::new(AdtsReader::try_new(stream, options).ok()?),
        Format::Ogg => Box::new(OggReader::try_new(stream, options).ok()?),
        Format::M4a | Format::Mp4 | Format::Mov => Box::new(IsoMp4Reader::try_new(stream, options).ok()?),
        _ => return None,
    })
}

/// A source as the crate wants it, which keeps the first error of the system.
struct Media<'a> {
    source: Mutex<(&'a mut dyn Source, &'a mut Option<io::Error>)>,
    /// Offset in the file of what is shown as the start.
    base: u64,
    len: u64,
}

impl Media<'_> {
    fn with<T>(&mut self, run: impl FnOnce(&mut dyn Source) -> io::Result<T>) -> io::Result<T> {
        let (source, failed) = self.source.get_mut().unwrap_or_else(PoisonError::into_inner);
        run(*source).inspect_err(|error| {
            if error.raw_os_error().is_some() {
                **failed = Some(io::Error::from(error.kind()));
            }
        })
    }
}

impl Read for Media<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|source| source.read(buffer))
    }
}

impl Seek for Media<'_> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        let base = self.base;
        let position = match position {
            SeekFrom::Start(at) => SeekFrom::Start(base.saturating_add(at)),
            other => other,
        };
        let at = self.with(|source| source.seek(position))?;
        at.checked_sub(base).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }
}

impl MediaSource for Media<'_> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.len)
    }
}
