//! Programs and libraries that nobody here made, asked about a recording.

use std::{io::Cursor, path::Path, process::Command};

use serde_json::Value;
use symphonia::{
    core::{
        codecs::audio::AudioDecoderOptions,
        formats::{FormatOptions, FormatReader, TrackType},
        io::{MediaSourceStream, MediaSourceStreamOptions},
    },
    default::{
        formats::{AdtsReader, FlacReader, IsoMp4Reader, MpaReader, WavReader},
        get_codecs,
    },
};
use tanba::Format;

use crate::common::skip;

/// Samples as ffmpeg decodes them, interleaved, 32 bits of float.
pub fn decoded(path: &Path) -> Vec<f32> {
    // Its fixed-point decoder of MP3 dithers.
    let decoder: &[&str] = match path.extension().and_then(|it| it.to_str()) {
        Some("mp3") => &["-c:a", "mp3float"],
        // Its own decoder of Opus is another than everybody's.
        Some("opus") => &["-c:a", "libopus"],
        _ => &[],
    };
    let output = Command::new("ffmpeg")
        .args(["-v", "error"])
        .args(decoder)
        .arg("-i")
        .arg(path)
        .args(["-f", "f32le", "-c:a", "pcm_f32le", "-"])
        .output()
        .unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{path:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// What ffprobe says: seconds, rate, channels, title.
pub fn probed(path: &Path) -> Value {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-show_entries",
            "format=duration:format_tags:stream=sample_rate,channels,duration:stream_tags",
        ])
        .args(["-of", "json"])
        .arg(path)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

pub fn seconds(probed: &Value) -> f64 {
    probed["format"]["duration"].as_str().unwrap().parse().unwrap()
}

/// Every sample, interleaved, as the crate `symphonia` decodes it, with what stands before the first that is to be heard; `None` in
/// formats that it cannot decode (Opus, and WAV with 64 bits).
pub fn by_symphonia(bytes: &[u8], format: Format) -> Option<Vec<f32>> {
    // Its readers know no tags in front of the sound.
    let tags = match bytes {
        [b'I', b'D', b'3', _, _, _, a, b, c, d, ..] => {
            10 + [a, b, c, d].iter().fold(0, |len, digit| len << 7 | usize::from(**digit & 0x7F))
        }
        _ => 0,
    };
    let media = Cursor::new(bytes[tags..].to_vec());
    let stream = MediaSourceStream::new(Box::new(media), MediaSourceStreamOptions::default());
    let options = FormatOptions::default();
    let mut reader: Box<dyn FormatReader> = match format {
        Format::Wav if bytes.starts_with(b"RIFF") => Box::new(WavReader::try_new(stream, options).unwrap()),
        Format::Flac => Box::new(FlacReader::try_new(stream, options).unwrap()),
        Format::Mp3 => Box::new(MpaReader::try_new(stream, options).unwrap()),
        Format::Aac => Box::new(AdtsReader::try_new(stream, options).unwrap()),
        Format::M4a => Box::new(IsoMp4Reader::try_new(stream, options).unwrap()),
        _ => return None,
    };
    let track = reader.default_track(TrackType::Audio).unwrap();
    let (id, parameters) = (track.id, track.codec_params.as_ref().unwrap().audio().unwrap().clone());
    let mut decoder = get_codecs().make_audio_decoder(&parameters, &AudioDecoderOptions::default()).unwrap();
    let (mut samples, mut block) = (Vec::new(), Vec::<f32>::new());
    while let Some(packet) = reader.next_packet().unwrap() {
        if packet.track_id == id {
            decoder.decode(&packet).unwrap().copy_to_vec_interleaved(&mut block);
            samples.extend_from_slice(&block);
        }
    }
    Some(samples)
}

/// What the checkers of a format find fault with.
pub fn complaints(path: &Path, format: Format) -> Vec<String> {
    let (program, arguments): (_, &[&str]) = match format {
        Format::Mp3 => ("mp3val", &[]),
        Format::Flac => ("flac", &["-t", "-s", "--warnings-as-errors"]),
        Format::Ogg => ("opusinfo", &[]),
        _ => return Vec::new(),
    };
    let Ok(output) = Command::new(program).args(arguments).arg(path).output() else {
        skip(program);
        return Vec::new();
    };
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    let faulty = !output.status.success() || ["WARNING", "ERROR"].iter().any(|word| said.contains(word));
    if faulty { vec![format!("{program}: {said}")] } else { Vec::new() }
}
