//! The picture of a card: drawn for the samples of a film, and read from them.

use crate::{
    container::avc::{Planes, Sps},
    geometry::{Orientation, Size},
    notice::{Notice, Raster},
};

/// Shares of red and blue in luma, by `matrix_coefficients`: ISO/IEC 23091-2, 8.3.
fn shares(sps: &Sps) -> (f64, f64) {
    match sps.matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        5 | 6 => (0.299, 0.114),
        7 => (0.212, 0.087),
        9 | 10 => (0.2627, 0.0593),
        // Where a film does not say, players go by its size.
        _ if sps.shown().is_some_and(|(width, height)| width.min(height) >= 720) => (0.2126, 0.0722),
        _ => (0.299, 0.114),
    }
}

/// Offset of luma, and the spans of luma and of chroma: 8 bits.
fn spans(sps: &Sps) -> (f64, f64, f64) {
    if sps.full_range { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) }
}

fn colour(sps: &Sps, rgb: [u8; 3]) -> [u8; 3] {
    let (red, blue) = shares(sps);
    let (offset, luma, chroma) = spans(sps);
    let [r, g, b] = rgb.map(|value| f64::from(value) / 255.0);
    let y = red * r + (1.0 - red - blue) * g + blue * b;
    // Never 0: it stands for no sample in a stream of plain ones (ISO/IEC 14496-10, 7.4.5).
    let sample = |value: f64| value.round().clamp(1.0, 254.0) as u8;
    [
        sample(offset + luma * y),
        sample(128.0 + chroma * (b - y) / (2.0 * (1.0 - blue))),
        sample(128.0 + chroma * (r - y) / (2.0 * (1.0 - red))),
    ]
}

/// The whole picture: the notice, and its plate's colour around it.
pub(super) fn draw(sps: &Sps, notice: &Notice, orientation: Orientation) -> Planes {
    let (plate, text) = (colour(sps, notice.plate), colour(sps, notice.text));
    let mut planes = Planes::flat(sps, plate);
    let stored = notice.stored(orientation);
    let Some(((left, top), _)) = planes.shown(sps) else { return planes };
    let mix = |plane: usize, share: u32| {
        let (from, to) = (u32::from(plate[plane]), u32::from(text[plane]));
        // At most 255 of 255 parts.
        ((from * (255 - share) + to * share + 127) / 255) as u8
    };
    let stride = planes.width;
    let (x, y) = (left + stored.rect.x as usize, top + stored.rect.y as usize);
    let width = stored.rect.width.max(1) as usize;
    let mut shared = vec![0_u32; planes.chroma[0].len()];
    for (row, line) in stored.stamp.coverage.chunks_exact(width).enumerate() {
        for (column, &share) in line.iter().enumerate().filter(|(_, share)| **share > 0) {
            let (x, y) = (x + column, y + row);
            if let Some(sample) = planes.luma.get_mut(y * stride + x) {
                *sample = mix(0, share.into());
                shared[y / 2 * (stride / 2) + x / 2] += u32::from(share);
            }
        }
    }
    for (at, share) in shared.into_iter().enumerate().filter(|(_, share)| *share > 0) {
        // Of the four pixels that share it.
        for (plane, samples) in planes.chroma.iter_mut().enumerate() {
            samples[at] = mix(plane + 1, (share / 4).min(255));
        }
    }
    planes
}

/// What a player shows of them.
pub(super) fn raster(sps: &Sps, planes: &Planes, orientation: Orientation) -> Option<Raster> {
    let (red, blue) = shares(sps);
    let (offset, luma, chroma) = spans(sps);
    let ((left, top), (width, height)) = planes.shown(sps)?;
    let stored = Size { width: u32::try_from(width).ok()?, height: u32::try_from(height).ok()? };
    let mut rgb = Vec::with_capacity(width * height * 3);
    let sample = |value: f64| (value * 255.0).round().clamp(0.0, 255.0) as u8;
    let (mut last, mut pixel) = ([0; 3], [0; 3]);
    for y in top..top + height {
        for x in left..left + width {
            let half = y / 2 * (planes.width / 2) + x / 2;
            let found = [planes.luma[y * planes.width + x], planes.chroma[0][half], planes.chroma[1][half]];
            // Most are like the one before.
            if found != last || rgb.is_empty() {
                let [y, u, v] = found.map(f64::from);
                let (y, u, v) = ((y - offset) / luma, (u - 128.0) / chroma, (v - 128.0) / chroma);
                let (r, b) = (y + 2.0 * (1.0 - red) * v, y + 2.0 * (1.0 - blue) * u);
                let g = (y - red * r - blue * b) / (1.0 - red - blue);
                (last, pixel) = (found, [sample(r), sample(g), sample(b)]);
            }
            rgb.extend_from_slice(&pixel);
        }
    }
    Some(Raster::upright(rgb, stored, orientation))
}
