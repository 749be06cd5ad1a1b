//! Palette indices out of LZW streams and back: GIF89a specification, appendix F.

use weezl::{BitOrder, LzwStatus, decode, encode};

use super::blocks::malformed;
use crate::{Result, geometry::Size, limits::Budget};

/// Start and step of the four interlacing passes: appendix E.
const PASSES: [(usize, usize); 4] = [(0, 8), (4, 8), (2, 4), (1, 2)];

/// Decodes a picture of `size`. Streams that end early leave the rest transparent, as browsers show it.
pub(super) fn decode(
    lzw: &[u8],
    at: u64,
    code_size: u8,
    size: Size,
    interlaced: bool,
    transparent: Option<u8>,
    budget: &Budget,
) -> Result<Vec<u8>> {
    if !(1..=8).contains(&code_size) {
        return Err(malformed(at, format!("an LZW code size of {code_size}")));
    }
    let len = budget.raster(size.width, size.height, 1)?;
    let mut indices = vec![0; len];
    let mut decoder = decode::Configuration::new(BitOrder::Lsb, code_size).with_yield_on_full_buffer(true).build();
    let (mut read, mut written) = (0, 0);
    while written < len {
        let step = decoder.decode_bytes(&lzw[read..], &mut indices[written..]);
        (read, written) = (read + step.consumed_in, written + step.consumed_out);
        match step.status {
            Ok(LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
            Ok(_) => break,
            Err(error) => return Err(malformed(at, format!("the pixels cannot be decompressed: {error}"))),
        }
    }
    if written < len {
        let rest = transparent.ok_or_else(|| malformed(at, "the compressed pixels end before the picture does"))?;
        indices[written..].fill(rest);
    }
    if !interlaced {
        return Ok(indices);
    }
    let width = size.width as usize;
    let mut rows = vec![0; len];
    for (from, y) in indices.chunks_exact(width.max(1)).zip(order(size)) {
        rows[y * width..][..width].copy_from_slice(from);
    }
    Ok(rows)
}

/// Encodes; the result starts with the code size and is not yet cut into sub-blocks.
pub(super) fn encode(indices: &[u8], code_size: u8, size: Size, interlaced: bool) -> Vec<u8> {
    let width = size.width as usize;
    let mut encoder = encode::Encoder::new(BitOrder::Lsb, code_size);
    let mut lzw = Vec::new();
    let written = if interlaced {
        let rows: Vec<u8> = order(size).flat_map(|y| indices[y * width..][..width].iter().copied()).collect();
        encoder.into_vec(&mut lzw).encode_all(&rows)
    } else {
        encoder.into_vec(&mut lzw).encode_all(indices)
    };
    written.status.expect("every index is under 2^code_size");
    lzw
}

fn order(size: Size) -> impl Iterator<Item = usize> {
    PASSES.into_iter().flat_map(move |(start, step)| (start..size.height as usize).step_by(step))
}
