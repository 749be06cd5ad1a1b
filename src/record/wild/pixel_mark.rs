//! The open pixel mark of Stable Diffusion and FLUX: the method `dwtDct` of the Python package invisible-watermark, which the
//! programs of Stability AI and Black Forest Labs put in by default.
//!
//! In the chroma plane U, every 8 × 8 pixels give one 4 × 4 block of means (the low band of a Haar transform); its largest
//! value after the first, modulo 36, says one bit; the message is repeated over the blocks, row by row. Any JPEG coding,
//! scaling or cropping destroys it, so only its presence says something. Nothing protects it: it can be put into any picture.
//!
//! Measured: of 30,000 computed pictures (noise, gradients, both; `tests::pictures_without_a_mark`) none had more than 37 of
//! 48 bits of a known mark or 65 % of the text; of 51 real pictures, read by the package itself, none more than 30 of 48 or 76
//! of 136. Independent bits would give 44 to one picture in 10^9. A plain surface says all zeros or all ones, as damaged
//! copies do: at most 28 of 48.

use super::{Detector, Evidence};
use crate::{
    geometry::Size,
    record::Pixels,
    report::{Class, Finding, Statement, Technique, say},
};

pub(super) struct PixelMark;

impl Detector for PixelMark {
    fn detect(&self, evidence: &Evidence) -> Vec<Finding> {
        let pixels = evidence.pixels.as_ref();
        pixels.and_then(best).filter(|found| found.matching >= found.mark.asked()).map(finding).into_iter().collect()
    }
}

/// A message that a program always puts in.
struct Mark {
    system: &'static str,
    message: &'static [u8],
}

impl Mark {
    fn len(&self) -> usize {
        self.message.len() * 8
    }

    /// Bits that must fit: 44 of 48, and the same share of longer ones.
    fn asked(&self) -> usize {
        (self.len() * 44).div_ceil(48)
    }
}

const MARKS: &[Mark] = &[
    // diffusers, `StableDiffusionXLWatermarker`.
    Mark { system: "Stable Diffusion XL", message: &[0xB3, 0xEC, 0x90, 0x7B, 0xB1, 0x9E] },
    // black-forest-labs/flux2, `watermark.py`.
    Mark { system: "FLUX", message: &[0x2A, 0xFE, 0x87, 0x9C, 0xF5, 0x2E] },
    // The scripts of Stable Diffusion 1 and 2.
    Mark { system: "Stable Diffusion", message: b"StableDiffusionV1" },
];

/// The encoder refuses smaller pictures.
const MIN_PIXELS: u64 = 256 * 256;

struct Found {
    mark: &'static Mark,
    matching: usize,
}

/// The known message that fits best.
fn best(pixels: &Pixels) -> Option<Found> {
    let Size { width, height } = pixels.size;
    if u64::from(width) * u64::from(height) < MIN_PIXELS {
        return None;
    }
    let blocks = blocks(pixels);
    let matching = |mark: &'static Mark| Found { mark, matching: matching(&blocks, mark.message) };
    MARKS.iter().map(matching).max_by_key(|found| found.matching * 1000 / found.mark.len())
}

fn finding(found: Found) -> Finding {
    let Found { mark, matching } = found;
    let text = say!(
        "the open pixel mark that programs for {} put in: {} of {} bits fit (at least {} are asked for; of 30,000 pictures \
         without a mark none had as many). Anyone can put it in",
        mark.system,
        matching,
        mark.len(),
        mark.asked()
    );
    let place = "the chroma of the pixels (dwtDct)";
    let value = mark.message.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Finding::new(Technique::Watermark, Class::Hint, Statement::FullyAi, text, &value, place).with_system(mark.system)
}

/// How many bits of `message` the majority of their blocks says.
fn matching(blocks: &[bool], message: &[u8]) -> usize {
    let len = message.len() * 8;
    let mut votes = vec![(0u64, 0u64); len];
    for (&block, at) in blocks.iter().zip((0..len).cycle()) {
        votes[at].0 += u64::from(block);
        votes[at].1 += 1;
    }
    let bits = message.iter().flat_map(|byte| (0..8).rev().map(move |shift| byte >> shift & 1 == 1));
    // The decoder's own threshold.
    votes.iter().zip(bits).filter(|&(&(ones, all), bit)| all > 0 && (ones * 255 > all * 127) == bit).count()
}

/// The bit that each block says, row by row.
fn blocks(pixels: &Pixels) -> Vec<bool> {
    const SCALE: u32 = 36;
    let width = pixels.size.width as usize;
    let mut found = Vec::new();
    let mut plane = vec![0; width * 8];
    for rows in pixels.data.chunks_exact((width * pixels.channels * 8).max(1)) {
        let chroma = rows.chunks_exact(pixels.channels).map(|pixel| chroma(pixel[0], pixel[1], pixel[2]));
        plane.iter_mut().zip(chroma).for_each(|(to, value)| *to = value);
        for x in (0..width / 8).map(|block| block * 8) {
            // The low band is the sum of two by two values, halved; the halving is put off.
            let low = |at: usize| {
                let (x, y) = (x + at % 4 * 2, at / 4 * 2);
                plane[y * width + x]
                    + plane[y * width + x + 1]
                    + plane[(y + 1) * width + x]
                    + plane[(y + 1) * width + x + 1]
            };
            let largest = (1..16).map(low).max().unwrap_or(0);
            found.push(largest % (2 * SCALE) > SCALE);
        }
    }
    found
}

/// U of YUV in the whole numbers of OpenCV, in which the mark is put in.
fn chroma(red: u8, green: u8, blue: u8) -> u32 {
    let [red, green, blue] = [red, green, blue].map(i32::from);
    let luma = (4899 * red + 9617 * green + 1868 * blue + (1 << 13)) >> 14;
    let chroma = (8061 * (blue - luma) + (128 << 14) + (1 << 13)) >> 14;
    chroma.clamp(0, 255).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise, gradients, and noise over gradients, in turn, the same for the same number.
    fn computed(number: u32, size: Size) -> Vec<u8> {
        let mut state = number.wrapping_mul(2_654_435_761) | 1;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        let slopes: [i32; 6] = std::array::from_fn(|_| (random() % 33) as i32 - 16);
        let noise = [255, 0, 3, 40][number as usize % 4];
        let mut data = Vec::new();
        for y in 0..size.height as i32 {
            for x in 0..size.width as i32 {
                for slope in slopes.chunks_exact(2) {
                    let even = 128 + (slope[0] * x + slope[1] * y) / 64;
                    let grain = (random() % (2 * noise + 1)) as i32 - noise as i32;
                    data.push((even + grain).clamp(0, 255) as u8);
                }
            }
        }
        data
    }

    fn most(data: &[u8], size: Size) -> (usize, f64) {
        let blocks = blocks(&Pixels::new(size, 3, data, false).unwrap());
        let of_48 = MARKS[..2].iter().map(|mark| matching(&blocks, mark.message)).max().unwrap();
        (of_48, matching(&blocks, MARKS[2].message) as f64 / MARKS[2].len() as f64)
    }

    #[test]
    fn pictures_without_a_mark() {
        let size = Size { width: 256, height: 256 };
        let count = std::env::var("TANBA_PICTURES").map_or(200, |count| count.parse().unwrap());
        let (mut of_48, mut of_text) = (0, 0.0f64);
        for number in 0..count {
            let (short, long) = most(&computed(number, size), size);
            (of_48, of_text) = (of_48.max(short), of_text.max(long));
        }
        eprintln!("{count} pictures: at most {of_48} of 48 bits, {:.1} % of the text", of_text * 100.0);
        assert!(of_48 < 44 && of_text < 0.9, "{of_48} {of_text}");
    }

    #[test]
    fn plain_surfaces_have_no_mark() {
        let size = Size { width: 256, height: 256 };
        for grey in 0..=255 {
            let data = [grey, grey / 2, 255 - grey].repeat(256 * 256);
            assert!(most(&data, size).0 <= 28, "{grey}");
        }
    }
}
