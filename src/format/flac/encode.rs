//! Encodes the notice as FLAC frames: fixed predictors and Rice codes (RFC 9639, 9.2), as small as it needs to be.

use super::frames::{Header, crc8, crc16, number_len, put_number};

/// What the frames of the notice have in common with those of the recording.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) channels: u8,
    pub(super) bits: u32,
    /// Samples of a frame.
    pub(super) block: u32,
    /// The recording's first frame, whose codes for rate and size of a sample are taken over.
    pub(super) like: Header,
}

/// The notice, ready to be numbered.
pub(super) struct Encoded {
    shape: Shape,
    /// What stands between header and CRC of each frame.
    bodies: Vec<Vec<u8>>,
}

impl Encoded {
    /// Whole numbers of `shape.bits` bits for the samples, silence up to a whole frame behind them.
    pub(super) fn quantized(samples: &[f32], shape: &Shape) -> Vec<i32> {
        // The first two channels take it, and are as loud together as one.
        let share = if shape.channels == 1 { 1.0 } else { std::f64::consts::FRAC_1_SQRT_2 };
        let full = (1_i64 << (shape.bits - 1)) as f64;
        let whole = |sample: &f32| (f64::from(*sample) * share * full).round().clamp(-full, full - 1.0) as i32;
        let mut values: Vec<i32> = samples.iter().map(whole).collect();
        values.resize(values.len().next_multiple_of(shape.block.max(1) as usize), 0);
        values
    }

    pub(super) fn new(values: &[i32], shape: Shape) -> Self {
        let bodies = values.chunks_exact(shape.block.max(1) as usize).map(|block| body(block, &shape)).collect();
        Self { shape, bodies }
    }

    /// The frames from this number on, one after the other.
    pub(super) fn frames(&self, first: u64) -> Vec<u8> {
        let mut out = Vec::new();
        let mut number = first;
        for body in &self.bodies {
            let start = out.len();
            self.head(number, &mut out);
            out.extend_from_slice(body);
            let crc = crc16(0, &out[start..]);
            out.extend(crc.to_be_bytes());
            number += self.step();
        }
        out
    }

    /// How much further the numbers of what follows are.
    pub(super) fn numbers(&self) -> u64 {
        self.bodies.len() as u64 * self.step()
    }

    /// Bytes of each of those frames.
    pub(super) fn lens(&self, first: u64) -> impl Iterator<Item = usize> + Clone {
        let numbers = (0..).map(move |index| first + index * self.step());
        // Sync and codes, number, block size, rate, CRC-8; CRC-16 behind the body.
        let head = 4 + 2 + self.shape.like.odd_rate.len() + 1;
        numbers.zip(&self.bodies).map(move |(number, body)| head + number_len(number) + body.len() + 2)
    }

    fn step(&self) -> u64 {
        if self.shape.like.by_sample { self.shape.block.into() } else { 1 }
    }

    fn head(&self, number: u64, out: &mut Vec<u8>) {
        let Shape { channels, block, like, .. } = &self.shape;
        let start = out.len();
        // Left and the difference of right to it, which is nothing: 9.1.3.
        let assignment = if *channels == 2 { 8 } else { channels - 1 };
        out.extend([0xFF, 0xF8 | u8::from(like.by_sample), 7 << 4 | like.rate, assignment << 4 | like.size]);
        put_number(number, out);
        out.extend(u16::try_from(block - 1).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(&like.odd_rate);
        out.push(crc8(&out[start..]));
    }
}

/// The subframes of all channels.
fn body(block: &[i32], shape: &Shape) -> Vec<u8> {
    let mut bits = Bits::default();
    match shape.channels {
        1 => predicted(block, shape.bits, &mut bits),
        2 => {
            predicted(block, shape.bits, &mut bits);
            constant(shape.bits + 1, &mut bits);
        }
        channels => {
            for channel in 0..channels {
                match channel {
                    0 | 1 => predicted(block, shape.bits, &mut bits),
                    _ => constant(shape.bits, &mut bits),
                }
            }
        }
    }
    bits.bytes()
}

/// A subframe of zeros.
fn constant(width: u32, bits: &mut Bits) {
    bits.put(0, 8);
    bits.put(0, width);
}

/// A subframe with the fixed predictor of second order, or with every sample in full where the block is too short for it.
fn predicted(block: &[i32], width: u32, bits: &mut Bits) {
    const ORDER: usize = 2;
    if block.iter().all(|&sample| sample == 0) {
        return constant(width, bits);
    }
    let full = |sample: i32| u64::from(sample.cast_unsigned()) & ((1 << width) - 1);
    if block.len() <= 4 * ORDER {
        bits.put(0b0000_0010, 8);
        block.iter().for_each(|&sample| bits.put(full(sample), width));
        return;
    }
    bits.put(0b0001_0100, 8);
    block[..ORDER].iter().for_each(|&sample| bits.put(full(sample), width));
    let residual: Vec<i64> =
        block.windows(3).map(|it| i64::from(it[2]) - 2 * i64::from(it[1]) + i64::from(it[0])).collect();
    // Rice codes with five bits of parameter, so that 24 bits fit; as many partitions as the block can be cut into, up to 32.
    let order =
        (0..=5).rev().find(|order| block.len().is_multiple_of(1 << order) && block.len() >> order > ORDER).unwrap_or(0);
    bits.put(0b01, 2);
    bits.put(order, 4);
    let len = block.len() >> order;
    let mut rest = residual.as_slice();
    for partition in 0..1 << order {
        let (now, after) = rest.split_at(if partition == 0 { len - ORDER } else { len });
        rest = after;
        rice(now, bits);
    }
}

fn rice(residual: &[i64], bits: &mut Bits) {
    // Zigzag: 9.2.7.3.
    let folded = |value: i64| (value << 1 ^ value >> 63).cast_unsigned();
    let sum: u64 = residual.iter().map(|&value| folded(value)).sum();
    let mean = sum / (residual.len() as u64).max(1);
    let parameter = (u64::BITS - mean.leading_zeros()).saturating_sub(1).min(30);
    bits.put(parameter.into(), 5);
    for &value in residual {
        let value = folded(value);
        let mut zeros = value >> parameter;
        while zeros > 16 {
            bits.put(0, 16);
            zeros -= 16;
        }
        let rest = value & ((1 << parameter) - 1);
        bits.put(1 << parameter | rest, u32::try_from(zeros).unwrap_or(0) + 1 + parameter);
    }
}

/// Bits, the highest first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    /// The lowest `width` bits of `value`, at most 56.
    fn put(&mut self, value: u64, width: u32) {
        self.pending = self.pending << width | value;
        self.count += width;
        while self.count >= 8 {
            self.count -= 8;
            self.bytes.push(u8::try_from(self.pending >> self.count & 0xFF).unwrap_or_default());
        }
        self.pending &= (1 << self.count) - 1;
    }

    /// Zeros up to a whole byte.
    fn bytes(mut self) -> Vec<u8> {
        self.put(0, (8 - self.count % 8) % 8);
        self.bytes
    }
}
