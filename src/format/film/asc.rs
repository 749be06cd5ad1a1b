//! How the samples of a track are coded: AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), inside the descriptors of `esds`.

use crate::{Error, Format, Result};

/// What a splice needs to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) struct Config {
    /// Samples a second.
    pub(in crate::format) rate: u32,
    pub(in crate::format) stereo: bool,
}

/// Sampling rates by their index: 1.6.3.4.
const RATES: [u32; 13] =
    [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/// Reads the body of an `esds` box.
///
/// # Errors
///
/// [`Error::Unsupported`] for anything but AAC-LC with one or two channels, with what would work.
pub(in crate::format) fn read(esds: &[u8], format: Format) -> Result<Config> {
    let refused = |what: &str| Err(Error::unsupported(format, what));
    let Some(config) = specific(esds) else {
        return refused("its track does not say how its samples are coded; convert it first");
    };
    let mut bits = Bits { bytes: config, at: 0 };
    let kind = bits.object();
    let rate = bits.rate();
    let channels = bits.take(4);
    match (kind, channels) {
        (5 | 29, _) => {
            return refused(
                "it is HE-AAC, for which there is no spoken clip; encode it as AAC-LC, or label it as WAV or FLAC",
            );
        }
        (2, 1 | 2) => {}
        (2, _) => {
            return refused(
                "its layout of channels has no spoken clip, only one and two channels have; label it as WAV or FLAC",
            );
        }
        _ => {
            return refused(
                "it is not AAC-LC, and only for that there is a spoken clip; encode it as AAC-LC, or as WAV or FLAC",
            );
        }
    }
    if bits.take(3) != 0 {
        return refused("its frames are not of 1,024 samples or depend on another stream; encode it anew");
    }
    // A config that is compatible with older decoders says at its end what extends it: 1.6.6.1.
    if bits.take(11) == 0x2B7 && bits.object() == 5 && bits.take(1) == 1 {
        return refused(
            "it is HE-AAC, for which there is no spoken clip; encode it as AAC-LC, or label it as WAV or FLAC",
        );
    }
    Ok(Config { rate, stereo: channels == 2 })
}

/// The config in the descriptors: 14496-1, 7.2.6.
fn specific(esds: &[u8]) -> Option<&[u8]> {
    const STREAM: u8 = 3;
    const DECODER: u8 = 4;
    const SPECIFIC: u8 = 5;
    let mut rest = esds.get(4..)?;
    for (tag, fixed) in [(STREAM, 3), (DECODER, 13), (SPECIFIC, 0)] {
        let (&found, after) = rest.split_first()?;
        if found != tag {
            return None;
        }
        let mut len = 0_usize;
        let mut body = after;
        // Seven bits at a time, four times at most.
        for _ in 0..4 {
            let (&byte, more) = body.split_first()?;
            len = len << 7 | usize::from(byte & 0x7F);
            body = more;
            if byte & 0x80 == 0 {
                break;
            }
        }
        rest = body.get(..len.min(body.len()))?.get(fixed..)?;
        if tag == STREAM && *body.get(2)? & 0xE0 != 0 {
            // It depends on others, or stands elsewhere.
            return None;
        }
    }
    Some(rest)
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// Zeros behind the end.
    fn take(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |value, _| {
            let bit = self.bytes.get(self.at / 8).is_some_and(|byte| byte << (self.at % 8) & 0x80 != 0);
            self.at += 1;
            value << 1 | u32::from(bit)
        })
    }

    /// The kind of the object.
    fn object(&mut self) -> u32 {
        match self.take(5) {
            31 => 32 + self.take(6),
            kind => kind,
        }
    }

    fn rate(&mut self) -> u32 {
        match self.take(4) {
            15 => self.take(24),
            index => RATES.get(index as usize).copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn esds(config: &[u8]) -> Vec<u8> {
        let specific = [&[5, u8::try_from(config.len()).unwrap()], config].concat();
        let decoder = [&[4, u8::try_from(13 + specific.len()).unwrap()][..], &[0x40; 13], &specific].concat();
        // Lengths may be padded.
        let len = u8::try_from(3 + decoder.len()).unwrap();
        [&[0, 0, 0, 0, 3, 0x80, 0x80, 0x80, len, 0, 1, 0][..], &decoder].concat()
    }

    #[test]
    fn aac_lc_is_taken_and_the_rest_refused_in_words() {
        assert_eq!(read(&esds(&[0x12, 0x10]), Format::M4a).unwrap(), Config { rate: 44_100, stereo: true });
        assert_eq!(
            read(&esds(&[0x14, 0x08, 0x56, 0xE5, 0x00]), Format::M4a).unwrap(),
            Config { rate: 16_000, stereo: false }
        );
        let said = |config: &[u8]| read(&esds(config), Format::M4a).unwrap_err().to_string();
        assert!(said(&[0x2B, 0x92, 0x08]).contains("HE-AAC"));
        assert!(said(&[0x13, 0x90, 0x56, 0xE5, 0xA0]).contains("HE-AAC"));
        assert!(said(&[0x11, 0xB0]).contains("layout"));
        assert!(said(&[0x0A, 0x10]).contains("not AAC-LC"));
        assert!(said(&[0x12, 0x14]).contains("1,024"));
        assert!(read(&[0, 0, 0, 0, 3], Format::M4a).is_err() && read(&[], Format::M4a).is_err());
    }
}
