//! Decodes a picture for looking at, through the `image` crate.

use std::{
    io::{BufRead, BufReader, Cursor, Seek},
    ops::Range,
};

use image::{ImageDecoder, ImageError, ImageReader, Rgba};

use crate::{
    Error, Format, Result,
    geometry::{Orientation, Size},
    limits::Budget,
    notice::Raster,
    stream::{Source, read_all, read_at},
};

/// What headers and colour profiles may take, in bytes.
const HEADERS: u64 = 16 << 20;

/// The first frame, upright, over white.
pub(super) fn decode(
    source: &mut dyn Source,
    format: Format,
    codec: image::ImageFormat,
    orientation: Orientation,
    budget: &Budget,
) -> Result<Raster> {
    let picture = picture(source, format, codec, budget)?;
    let size = Size { width: picture.width(), height: picture.height() };
    Ok(Raster::upright(over_white(picture), size, orientation))
}

/// A JPEG, upright, without what stands behind its end. The decoder holds all that it is given: of a file with another one
/// behind it, that must be the picture only.
pub(super) fn jpeg(
    source: &mut dyn Source,
    trailer: Option<&Range<u64>>,
    orientation: Orientation,
    budget: &Budget,
) -> Result<Raster> {
    let bytes = match trailer {
        Some(trailer) => {
            budget.held(trailer.start)?;
            read_at(source, Format::Jpeg, 0, trailer.start)?
        }
        None => read_all(source, budget)?,
    };
    let picture = picture_from(Cursor::new(&bytes), Format::Jpeg, image::ImageFormat::Jpeg, budget)?;
    let size = Size { width: picture.width(), height: picture.height() };
    Ok(Raster::upright(over_white(picture), size, orientation))
}

/// The first frame with its alpha, as stored; `None` where its samples are no RGBA of 8 bits.
pub(super) fn rgba(
    source: &mut dyn Source,
    format: Format,
    codec: image::ImageFormat,
    budget: &Budget,
) -> Result<Option<Vec<u8>>> {
    Ok(match picture(source, format, codec, budget)? {
        image::DynamicImage::ImageRgba8(picture) => Some(picture.into_raw()),
        _ => None,
    })
}

fn picture(
    source: &mut dyn Source,
    format: Format,
    codec: image::ImageFormat,
    budget: &Budget,
) -> Result<image::DynamicImage> {
    source.rewind()?;
    picture_from(BufReader::new(source), format, codec, budget)
}

fn picture_from(
    reader: impl BufRead + Seek,
    format: Format,
    codec: image::ImageFormat,
    budget: &Budget,
) -> Result<image::DynamicImage> {
    let failed = |error| match error {
        ImageError::IoError(error) if error.raw_os_error().is_some() => Error::Io(error),
        error => Error::backend(format, "decode", error),
    };
    // Before the size is known, for headers and profiles only: a profile may be a bomb.
    let mut limits = image::Limits::no_limits();
    limits.max_alloc = Some(HEADERS);
    let mut reader = ImageReader::with_format(reader, codec);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    // At most eight bytes a pixel, and as much again on the way.
    limits.max_alloc = Some(HEADERS + 2 * budget.raster(width, height, 8)? as u64);
    decoder.set_limits(limits).map_err(failed)?;
    image::DynamicImage::from_decoder(decoder).map_err(failed)
}

/// Interleaved 8-bit RGB; what is transparent shows white.
pub(super) fn over_white(picture: image::DynamicImage) -> Vec<u8> {
    if !picture.color().has_alpha() {
        return picture.into_rgb8().into_raw();
    }
    let over = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    picture.into_rgba8().pixels().flat_map(|&Rgba([r, g, b, a])| [over(r, a), over(g, a), over(b, a)]).collect()
}
