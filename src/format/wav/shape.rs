//! How the samples of a WAV are stored, and the notice in the same way.

use crate::{
    Error, Format, Result,
    container::riff::Chunk,
    notice::MAX_RATE,
    stream::{Source, le_u16, le_u32, read_at},
};

/// How one sample is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Unsigned with 8 bits, else signed, little-endian; samples of fewer bits are left-justified. Bytes of one.
    Pcm(usize),
    /// IEEE 754, 32 bits.
    Float,
    /// IEEE 754, 64 bits.
    Double,
    /// ITU-R G.711.
    ALaw,
    MuLaw,
}

/// What the `fmt ` chunk says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) coding: Coding,
    pub(super) channels: u16,
    /// Samples a second.
    pub(super) rate: u32,
    /// Bytes of one sample of each channel.
    pub(super) frame: u64,
}

/// More channels than this are no sound that people listen to.
const MAX_CHANNELS: u16 = 32;
/// Where the rest of the GUID of `WAVE_FORMAT_EXTENSIBLE` stands: the tag takes its first two bytes.
const GUID: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

impl Shape {
    /// # Errors
    ///
    /// [`Error::Unsupported`] for samples that are compressed, [`Error::Malformed`] for a chunk that contradicts itself.
    pub(super) fn read(source: &mut dyn Source, chunk: &Chunk) -> Result<Self> {
        let malformed = |why: &str| Error::malformed(Format::Wav, chunk.at, why);
        let bytes = read_at(source, Format::Wav, chunk.data().start, chunk.len.min(40))?;
        let (Some(tag), Some(channels), Some(rate), Some(frame), Some(bits)) = (
            le_u16(&bytes, 0),
            le_u16(&bytes, 2),
            le_u32(&bytes, 4),
            le_u16(&bytes, 12).map(u64::from),
            le_u16(&bytes, 14),
        ) else {
            return Err(malformed("the 'fmt ' chunk is too short"));
        };
        let tag = match bytes.get(24..) {
            Some(guid) if tag == 0xFFFE && guid.get(2..16) == Some(&GUID[..]) => le_u16(guid, 0).unwrap_or(tag),
            _ => tag,
        };
        if channels == 0 || rate == 0 || frame == 0 || frame % u64::from(channels) != 0 {
            return Err(malformed("no channels, no rate, or frames that do not fit the channels"));
        }
        let size = frame / u64::from(channels);
        let coding = match (tag, size, bits) {
            (1, 1..=4, 1..=32) if u64::from(bits) <= size * 8 => Coding::Pcm(usize::try_from(size).unwrap_or(4)),
            (3, 4, 32) => Coding::Float,
            (3, 8, 64) => Coding::Double,
            (6, 1, 8) => Coding::ALaw,
            (7, 1, 8) => Coding::MuLaw,
            _ => {
                let what = format!(
                    "its samples are compressed or of an unusual kind (format tag {tag:#06x}, {bits} bits in {size} bytes); \
                     convert it to plain PCM first"
                );
                return Err(Error::unsupported(Format::Wav, what));
            }
        };
        if channels > MAX_CHANNELS || !(1000..=MAX_RATE).contains(&rate) {
            let what =
                format!("{channels} channels at {rate} samples a second; tanba takes 32 channels and 1,000 to 384,000");
            return Err(Error::unsupported(Format::Wav, what));
        }
        Ok(Self { coding, channels, rate, frame })
    }

    /// The notice as it stands in the file. One channel takes it whole; of several the first two, which are left and right in
    /// every layout, take it 3 dB softer, which is as loud (ITU-R BS.1770).
    pub(super) fn encode(&self, samples: &[f32]) -> Vec<u8> {
        let share = if self.channels == 1 { 1.0 } else { std::f32::consts::FRAC_1_SQRT_2 };
        let mut bytes = Vec::with_capacity(samples.len() * usize::try_from(self.frame).unwrap_or(1));
        let (mut one, mut silence) = (Vec::new(), Vec::new());
        self.coding.put(0.0, &mut silence);
        for &sample in samples {
            one.clear();
            self.coding.put(sample * share, &mut one);
            for channel in 0..self.channels {
                bytes.extend_from_slice(if channel < 2 { &one } else { &silence });
            }
        }
        bytes
    }

    /// Samples, full scale ±1, interleaved; bytes that make no whole frame are left out.
    pub(super) fn decode(&self, bytes: &[u8]) -> Vec<f32> {
        let size = usize::try_from(self.frame).unwrap_or(usize::MAX);
        let whole = bytes.len() / size * size;
        // What nearly all files have is worth a loop of its own.
        if self.coding == Coding::Pcm(2) {
            let samples = bytes[..whole].as_chunks::<2>().0;
            return samples.iter().map(|&sample| f32::from(i16::from_le_bytes(sample)) / 32_768.0).collect();
        }
        bytes[..whole].chunks_exact(size / usize::from(self.channels)).map(|bytes| self.coding.get(bytes)).collect()
    }
}

impl Coding {
    fn put(self, sample: f32, bytes: &mut Vec<u8>) {
        let whole = |full: f64| (f64::from(sample) * full).round().clamp(-full, full - 1.0) as i64;
        match self {
            Self::Pcm(1) => bytes.push(u8::try_from(whole(128.0) + 128).unwrap_or(128)),
            Self::Pcm(size) => {
                let value = whole((1_u64 << (size * 8 - 1)) as f64);
                bytes.extend_from_slice(&value.to_le_bytes()[..size]);
            }
            Self::Float => bytes.extend_from_slice(&sample.to_le_bytes()),
            Self::Double => bytes.extend_from_slice(&f64::from(sample).to_le_bytes()),
            Self::ALaw => bytes.push(a_law(whole(32_768.0))),
            Self::MuLaw => bytes.push(mu_law(whole(32_768.0))),
        }
    }

    fn get(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::Pcm(1), &[byte]) => (f32::from(byte) - 128.0) / 128.0,
            (Self::Pcm(2), &[a, b]) => f32::from(i16::from_le_bytes([a, b])) / 32_768.0,
            (Self::Pcm(3), &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) as f32 / 2_147_483_648.0,
            (Self::Pcm(4), &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]) as f32 / 2_147_483_648.0,
            (Self::Float, &[a, b, c, d]) => finite(f32::from_le_bytes([a, b, c, d])),
            (Self::Double, bytes) => bytes.try_into().map_or(0.0, |bytes| finite(f64::from_le_bytes(bytes) as f32)),
            (Self::ALaw, &[byte]) => from_a_law(byte),
            (Self::MuLaw, &[byte]) => from_mu_law(byte),
            _ => 0.0,
        }
    }
}

fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample } else { 0.0 }
}

/// ITU-R G.711, table 1a: 13 bits, every second bit of the code turned over.
fn a_law(sample: i64) -> u8 {
    let (sign, magnitude) = if sample >= 0 { (0x80, sample >> 3) } else { (0, (-sample - 1) >> 3) };
    let exponent = (u64::BITS - (magnitude.unsigned_abs() >> 5).leading_zeros()).min(7);
    let mantissa = magnitude >> exponent.saturating_sub(1) >> 1 & 15;
    (sign | u8::try_from(exponent << 4).unwrap_or(0x70) | u8::try_from(mantissa).unwrap_or(15)) ^ 0x55
}

fn from_a_law(code: u8) -> f32 {
    let code = code ^ 0x55;
    let (exponent, mantissa) = (code >> 4 & 7, i32::from(code & 15) << 1 | 1);
    let magnitude = if exponent == 0 { mantissa } else { (mantissa | 32) << (exponent - 1) };
    let value = magnitude as f32 / 4096.0;
    if code & 0x80 != 0 { value } else { -value }
}

/// ITU-R G.711, table 2a: 14 bits, all bits of the code turned over.
fn mu_law(sample: i64) -> u8 {
    let (sign, magnitude) = if sample >= 0 { (0, sample >> 2) } else { (0x80, -(sample >> 2)) };
    let biased = (magnitude + 33).min(8191);
    let exponent = (u64::BITS - 1 - biased.unsigned_abs().leading_zeros()).clamp(5, 12) - 5;
    let mantissa = biased >> (exponent + 1) & 15;
    !(sign | u8::try_from(exponent << 4).unwrap_or(0x70) | u8::try_from(mantissa).unwrap_or(15))
}

fn from_mu_law(code: u8) -> f32 {
    let code = !code;
    let (exponent, mantissa) = (code >> 4 & 7, i32::from(code & 15));
    let value = (((mantissa << 1 | 33) << exponent) - 33) as f32 / 8192.0;
    if code & 0x80 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_come_back_as_they_went_in() {
        let wanted: Vec<f32> = (0..2000).map(|at| (at as f32 / 7.0).sin() * (at as f32 / 2000.0)).collect();
        let codings = [
            (Coding::Pcm(1), 0.005),
            (Coding::Pcm(2), 2e-5),
            (Coding::Pcm(3), 2e-7),
            (Coding::Pcm(4), 1e-7),
            (Coding::Float, 0.0),
            (Coding::Double, 0.0),
            (Coding::ALaw, 0.02),
            (Coding::MuLaw, 0.02),
        ];
        for (coding, error) in codings {
            let mut bytes = Vec::new();
            coding.put(0.0, &mut bytes);
            let shape = Shape { coding, channels: 1, rate: 8000, frame: bytes.len() as u64 };
            let got = shape.decode(&shape.encode(&wanted));
            assert_eq!(got.len(), wanted.len());
            let off = got.iter().zip(&wanted).map(|(got, wanted)| (got - wanted).abs()).fold(0.0, f32::max);
            assert!(off <= error, "{coding:?}: {off}");
        }
    }

    /// The codes that the standard gives for these, as every telephone has them.
    #[test]
    fn the_laws_have_the_codes_of_the_standard() {
        assert_eq!([0, -1, 32_767, -32_768].map(a_law), [0xD5, 0x55, 0xAA, 0x2A]);
        assert_eq!([0, 32_767, -32_768].map(mu_law), [0xFF, 0x80, 0x00]);
        // Every code is the code of its own value.
        for code in 0..=255 {
            assert_eq!(a_law((f64::from(from_a_law(code)) * 32_768.0) as i64), code, "A-law {code:#x}");
            let value = (f64::from(from_mu_law(code)) * 32_768.0).round() as i64;
            assert!(mu_law(value) == code || value == 0, "µ-law {code:#x}");
        }
    }
}
