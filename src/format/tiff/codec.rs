//! The bytes of one strip or tile: decompressed, and compressed again the same way.

use std::io::{Read as _, Write as _};

use fax::{Color, VecWriter};

use super::layout::{Compression, Layout, Part};
use crate::{
    Error, Format, Result,
    container::tiff::Order,
    format::jpeg::{Abbreviated, from_ycbcr},
    limits::Budget,
    stream::{Source, read_at},
};

/// Reads and decompresses a part: rows of whole bytes, the predictor undone, as [`Layout::row_len`] says.
pub(super) fn decode(source: &mut dyn Source, layout: &Layout, part: &Part, budget: &mut Budget) -> Result<Vec<u8>> {
    let row = layout.row_len(part);
    let len = (row as u64).saturating_mul(part.rect.height.into());
    let max = budget.limits().max_decoded_bytes;
    if len > max {
        return Err(Error::Limit { what: "the size of a decoded strip or tile in bytes", got: len, max });
    }
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    let mut stored = part.data.end - part.data.start;
    if layout.compression == Compression::None {
        stored = stored.min(len as u64);
    }
    let mut data = read_at(source, Format::Tiff, part.data.start, stored)?;
    if layout.reversed {
        data.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    let mut out = match &layout.compression {
        Compression::Jpeg(tables) => jpeg(&Abbreviated::new(tables, &data, part.data.start)?, layout, part, budget)?,
        Compression::None => data,
        Compression::Lzw => lzw(&data, len),
        Compression::Deflate => {
            let mut out = Vec::new();
            // What was decoded before an error counts: some writers leave the checksum out.
            let _ = flate2::read::ZlibDecoder::new(data.as_slice()).take(len as u64).read_to_end(&mut out);
            out
        }
        Compression::PackBits => unpack(&data, len),
        Compression::Group4 => group4(&data, part, row),
    };
    if out.len() < len {
        let why = format!("a strip or tile holds {} bytes of pixels, {len} were expected", out.len());
        return Err(Error::malformed(Format::Tiff, part.data.start, why));
    }
    if layout.predictor {
        out.chunks_exact_mut(row.max(1)).for_each(|row| integrate(row, layout));
    }
    Ok(out)
}

/// Compresses a part as it was.
pub(super) fn encode(mut rows: Vec<u8>, layout: &Layout, part: &Part) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::backend(Format::Tiff, "encode", error);
    let row = layout.row_len(part).max(1);
    if layout.predictor {
        rows.chunks_exact_mut(row).for_each(|row| differ(row, layout));
    }
    let mut data = match &layout.compression {
        Compression::Jpeg(_) => return Err(Error::unsupported(Format::Tiff, "JPEG strips are not coded from samples")),
        Compression::None => rows,
        Compression::Lzw => weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8)
            .encode(&rows)
            .map_err(|error| Error::backend(Format::Tiff, "encode", error))?,
        Compression::Deflate => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(&rows).map_err(failed)?;
            encoder.finish().map_err(failed)?
        }
        Compression::PackBits => rows.chunks_exact(row).flat_map(pack).collect(),
        Compression::Group4 => {
            let width = u16::try_from(part.rect.width).unwrap_or(u16::MAX);
            let mut encoder = fax::encoder::Encoder::new(VecWriter::new());
            for row in rows.chunks_exact(row) {
                let pixels = fax::slice_bits(row).take(width.into());
                let Ok(()) =
                    encoder.encode_line(pixels.map(|bit| if bit { Color::Black } else { Color::White }), width);
            }
            let Ok(writer) = encoder.finish();
            writer.finish()
        }
    };
    if layout.reversed {
        data.iter_mut().for_each(|byte| *byte = byte.reverse_bits());
    }
    Ok(data)
}

/// The rows of a JPEG stream: the last strip of a page may be coded taller than it is.
fn jpeg(stream: &Abbreviated, layout: &Layout, part: &Part, budget: &mut Budget) -> Result<Vec<u8>> {
    let malformed = |why| Error::malformed(Format::Tiff, part.data.start, why);
    let mut samples = match stream.samples(budget)? {
        Ok(samples) => samples,
        Err(why) => return Err(Error::unsupported(Format::Tiff, why)),
    };
    if samples.count != layout.samples_in_part() {
        return Err(malformed("the JPEG stream of a strip or tile has another number of components than the page"));
    }
    if samples.size.width != part.rect.width || samples.size.height < part.rect.height {
        return Err(malformed("the JPEG stream of a strip or tile has another size than the page says"));
    }
    if layout.ycbcr {
        for pixel in samples.data.chunks_exact_mut(samples.count) {
            if let [y, cb, cr, ..] = pixel {
                [*y, *cb, *cr] = from_ycbcr([*y, *cb, *cr]);
            }
        }
    }
    samples.data.truncate(layout.row_len(part) * part.rect.height as usize);
    Ok(samples.data)
}

fn lzw(data: &[u8], len: usize) -> Vec<u8> {
    let mut decoder = weezl::decode::Decoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8);
    let (mut input, mut out, mut filled) = (data, Vec::new(), 0);
    while filled < len {
        // Grown in steps: a short strip that claims to be long must not make us allocate it.
        out.resize((filled + 64 * 1024).min(len), 0);
        let result = decoder.decode_bytes(input, &mut out[filled..]);
        input = &input[result.consumed_in..];
        filled += result.consumed_out;
        match result.status {
            Ok(weezl::LzwStatus::Ok) => {}
            Ok(weezl::LzwStatus::Done | weezl::LzwStatus::NoProgress) | Err(_) => break,
        }
    }
    out.truncate(filled);
    out
}

/// TIFF 6.0, section 9.
fn unpack(data: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut data = data;
    while let (true, Some((&head, rest))) = (out.len() < len, data.split_first()) {
        data = rest;
        match head {
            0..=127 => {
                let (literal, rest) = data.split_at(data.len().min(usize::from(head) + 1));
                out.extend_from_slice(literal);
                data = rest;
            }
            128 => {}
            129.. => {
                let Some((&value, rest)) = data.split_first() else { break };
                out.resize(out.len() + 257 - usize::from(head), value);
                data = rest;
            }
        }
    }
    out.truncate(len);
    out
}

/// TIFF 6.0, section 9: each row by itself.
fn pack(row: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = row;
    let run = |bytes: &[u8]| bytes.iter().take(128).take_while(|&byte| Some(byte) == bytes.first()).count();
    while !rest.is_empty() {
        let same = run(rest);
        if same >= 3 {
            out.extend([(257 - same) as u8, rest[0]]);
            rest = &rest[same..];
        } else {
            let mut literal = same;
            while literal < rest.len().min(128) && run(&rest[literal..]) < 3 {
                literal += 1;
            }
            out.push((literal - 1) as u8);
            out.extend_from_slice(&rest[..literal]);
            rest = &rest[literal..];
        }
    }
    out
}

/// ITU-T T.6. White is a zero bit, whatever the photometric interpretation makes of it.
fn group4(data: &[u8], part: &Part, row_len: usize) -> Vec<u8> {
    let Ok(width) = u16::try_from(part.rect.width) else { return Vec::new() };
    // The decoder counts at most 65,535 rows; strips have fewer.
    let Ok(height) = u16::try_from(part.rect.height) else { return Vec::new() };
    let mut out = Vec::new();
    let rows = |line: &[u16]| {
        if out.len() < row_len * usize::from(height) {
            let start = out.len();
            out.resize(start + row_len, 0u8);
            for (x, color) in fax::decoder::pels(line, width).enumerate() {
                if color == Color::Black {
                    out[start + x / 8] |= 0x80 >> (x % 8);
                }
            }
        }
    };
    let _ = fax::decoder::decode_g4(data.iter().copied(), width, Some(height), rows);
    out
}

/// Undoes horizontal differencing: TIFF 6.0, section 14.
fn integrate(row: &mut [u8], layout: &Layout) {
    let step = layout.samples_in_part();
    each(row, layout, |values, at| values[at] = values[at].wrapping_add(values[at - step]), step..);
}

fn differ(row: &mut [u8], layout: &Layout) {
    let step = layout.samples_in_part();
    let reversed = |count: usize| (step..count).rev();
    apply(row, layout, |values| {
        for at in reversed(values.len()) {
            values[at] = values[at].wrapping_sub(values[at - step]);
        }
    });
}

fn each(row: &mut [u8], layout: &Layout, mut with: impl FnMut(&mut [u32], usize), from: std::ops::RangeFrom<usize>) {
    apply(row, layout, |values| {
        for at in from.start..values.len() {
            with(values, at);
        }
    });
}

/// Runs `with` over the row's samples as numbers; what overflows the sample is cut off.
fn apply(row: &mut [u8], layout: &Layout, with: impl FnOnce(&mut [u32])) {
    let order = layout.order;
    match layout.bits {
        8 => {
            let mut values: Vec<u32> = row.iter().copied().map(u32::from).collect();
            with(&mut values);
            row.iter_mut().zip(values).for_each(|(byte, value)| *byte = value.to_le_bytes()[0]);
        }
        16 => {
            let mut values: Vec<u32> =
                row.chunks_exact(2).map(|pair| u32::from(order.u16([pair[0], pair[1]]))).collect();
            with(&mut values);
            for (pair, value) in row.chunks_exact_mut(2).zip(values) {
                let [low, high, ..] = value.to_le_bytes();
                pair.copy_from_slice(&if order == Order::Little { [low, high] } else { [high, low] });
            }
        }
        32 => {
            let mut values: Vec<u32> = row.chunks_exact(4).map(|b| order.u32([b[0], b[1], b[2], b[3]])).collect();
            with(&mut values);
            row.chunks_exact_mut(4).zip(values).for_each(|(bytes, value)| bytes.copy_from_slice(&order.put32(value)));
        }
        _ => {}
    }
}
