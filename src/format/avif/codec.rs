//! AV1 in and out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rav1e::prelude as rav1e;
use re_rav1d::dav1d::{Decoder, PixelLayout, PlanarImageComponent, Settings};

use super::{
    obu::{self, Sequence},
    planes::Planes,
};
use crate::{Error, Format, Result, geometry::Size, limits::Budget};

/// Speed presets of the encoder. At 7 a megapixel takes about a second, and loses little against 6.
pub(super) const THOROUGH: u8 = 7;
/// A third of the time, a quarter more bits.
pub(super) const FAST: u8 = 10;

/// Pixels of a tile. Smaller ones cost more bits than they save time; that their number hangs on the picture alone gives
/// the same bytes on every machine.
const TILE: usize = 256 * 1024;

/// Decodes a still picture.
pub(super) fn decode(data: Vec<u8>, at: u64, budget: &Budget) -> Result<(Sequence, Planes)> {
    let wrong = |why: &str| Error::malformed(Format::Avif, at, why);
    let sequence = obu::sequence(&data).ok_or_else(|| wrong("the AV1 data has no readable sequence header"))?;
    let bytes = if sequence.monochrome { 2 } else { 6 };
    budget.raster(sequence.width, sequence.height, bytes)?;
    let mut settings = Settings::new();
    // One thread: a panic of the decoder is then ours to catch, and memory stays bounded.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_all_layers(false);
    settings.set_frame_size_limit(u32::try_from(budget.limits().max_pixels).unwrap_or(u32::MAX));
    let picture = catch_unwind(AssertUnwindSafe(|| -> Result<_, re_rav1d::dav1d::Error> {
        let mut decoder = Decoder::with_settings(&settings)?;
        match decoder.send_data(data, None, None, None) {
            Err(error) if !error.is_again() => return Err(error),
            _ => {}
        }
        // Data that was not taken at once is taken after a picture has been fetched.
        for _ in 0..16 {
            match decoder.get_picture() {
                Err(error) if error.is_again() => {}
                done => return done,
            }
            match decoder.send_pending_data() {
                Err(error) if !error.is_again() => return Err(error),
                _ => {}
            }
        }
        Err(re_rav1d::dav1d::Error::Again)
    }));
    let picture = match picture {
        Ok(Ok(picture)) => picture,
        Ok(Err(error)) => return Err(Error::backend(Format::Avif, "decode", error)),
        Err(_) => return Err(wrong("the AV1 data confuses the decoder")),
    };
    let size = Size { width: picture.width(), height: picture.height() };
    budget.raster(size.width, size.height, bytes)?;
    let subsampling = match picture.pixel_layout() {
        PixelLayout::I400 | PixelLayout::I420 => (true, true),
        PixelLayout::I422 => (true, false),
        PixelLayout::I444 => (false, false),
    };
    let mut planes = Planes { size, depth: sequence.depth, subsampling, planes: Vec::new() };
    let components = [PlanarImageComponent::Y, PlanarImageComponent::U, PlanarImageComponent::V];
    let count = if sequence.monochrome { 1 } else { 3 };
    if (picture.pixel_layout() == PixelLayout::I400) != sequence.monochrome
        || picture.bit_depth() != usize::from(planes.depth)
    {
        return Err(wrong("the AV1 picture differs from its sequence header"));
    }
    for (index, component) in components.into_iter().take(count).enumerate() {
        let plane = picture.plane(component);
        let stride = picture.stride(component) as usize;
        let size = planes.plane_size(index);
        let mut samples = Vec::with_capacity(size.width as usize * size.height as usize);
        for row in plane.chunks(stride.max(1)).take(size.height as usize) {
            if planes.depth == 8 {
                samples.extend(row.iter().take(size.width as usize).map(|&sample| u16::from(sample)));
            } else {
                let pairs = row.chunks_exact(2).take(size.width as usize);
                samples.extend(pairs.map(|pair| u16::from_ne_bytes([pair[0], pair[1]])));
            }
        }
        if samples.len() != size.width as usize * size.height as usize {
            return Err(wrong("the AV1 picture is smaller than it says"));
        }
        planes.planes.push(samples);
    }
    Ok((sequence, planes))
}

/// Encodes a still picture with the colour description of `like`. `quantiser`: 1 (best) to 255.
pub(super) fn encode(planes: &Planes, like: &Sequence, quantiser: u8, speed: u8) -> Result<Vec<u8>> {
    let failed = |error: String| Error::backend(Format::Avif, "encode", error);
    let encoded = catch_unwind(AssertUnwindSafe(|| {
        if planes.depth == 8 {
            run::<u8>(planes, like, quantiser, speed)
        } else {
            run::<u16>(planes, like, quantiser, speed)
        }
    }));
    encoded.unwrap_or_else(|_| Err("the encoder gave up".into())).map_err(failed)
}

fn run<T: rav1e::Pixel>(planes: &Planes, like: &Sequence, quantiser: u8, speed: u8) -> Result<Vec<u8>, String> {
    let monochrome = planes.planes.len() == 1;
    let chroma_sampling = match planes.subsampling {
        _ if monochrome => rav1e::ChromaSampling::Cs400,
        (true, true) => rav1e::ChromaSampling::Cs420,
        (true, false) => rav1e::ChromaSampling::Cs422,
        _ => rav1e::ChromaSampling::Cs444,
    };
    let color_description = like.description.map(|(primaries, transfer, matrix)| rav1e::ColorDescription {
        color_primaries: primaries_of(primaries),
        transfer_characteristics: transfer_of(transfer),
        matrix_coefficients: matrix_of(matrix),
    });
    let (width, height) = (planes.size.width as usize, planes.size.height as usize);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    let config = rav1e::EncoderConfig {
        width,
        height,
        time_base: rav1e::Rational::new(1, 1),
        bit_depth: planes.depth.into(),
        chroma_sampling,
        chroma_sample_position: match (planes.subsampling, like.chroma_position) {
            ((true, true), 1) => rav1e::ChromaSamplePosition::Vertical,
            ((true, true), 2) => rav1e::ChromaSamplePosition::Colocated,
            _ => rav1e::ChromaSamplePosition::Unknown,
        },
        pixel_range: if like.full_range { rav1e::PixelRange::Full } else { rav1e::PixelRange::Limited },
        color_description,
        still_picture: true,
        min_key_frame_interval: 0,
        max_key_frame_interval: 0,
        quantizer: quantiser.into(),
        min_quantizer: quantiser,
        tune: rav1e::Tune::Psnr,
        tiles: (width * height / TILE).clamp(1, 16),
        speed_settings: rav1e::SpeedSettings::from_preset(speed),
        ..rav1e::EncoderConfig::default()
    };
    let config = rav1e::Config::new().with_encoder_config(config).with_threads(threads);
    let mut context: rav1e::Context<T> = config.new_context().map_err(|error| error.to_string())?;
    let mut frame = context.new_frame();
    for (index, samples) in planes.planes.iter().enumerate() {
        let width = planes.plane_size(index).width as usize;
        if planes.depth == 8 {
            let bytes: Vec<u8> = samples.iter().map(|&sample| sample as u8).collect();
            frame.planes[index].copy_from_raw_u8(&bytes, width, 1);
        } else {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            frame.planes[index].copy_from_raw_u8(&bytes, width * 2, 2);
        }
    }
    context.send_frame(frame).map_err(|error| error.to_string())?;
    context.flush();
    let mut data = Vec::new();
    loop {
        match context.receive_packet() {
            Ok(packet) => {
                // AVIF 1.1, 2.1: items carry no temporal delimiters.
                let units = obu::units(&packet.data).filter(|unit| unit.kind != obu::TEMPORAL_DELIMITER);
                for unit in units {
                    let start = data.len() + unit.whole.len() - unit.payload.len();
                    data.extend_from_slice(unit.whole);
                    if unit.kind == obu::SEQUENCE_HEADER && (like.width, like.height) == (width as u32, height as u32) {
                        obu::set_level(&mut data[start..], like.level);
                    }
                }
            }
            Err(rav1e::EncoderStatus::Encoded) => {}
            Err(rav1e::EncoderStatus::LimitReached) => return Ok(data),
            Err(error) => return Err(error.to_string()),
        }
    }
}

fn primaries_of(value: u8) -> rav1e::ColorPrimaries {
    use rav1e::ColorPrimaries as P;
    [
        P::BT709,
        P::BT470M,
        P::BT470BG,
        P::BT601,
        P::SMPTE240,
        P::GenericFilm,
        P::BT2020,
        P::XYZ,
        P::SMPTE431,
        P::SMPTE432,
    ]
    .into_iter()
    .chain([P::EBU3213])
    .find(|known| *known as u8 == value)
    .unwrap_or(P::Unspecified)
}

fn transfer_of(value: u8) -> rav1e::TransferCharacteristics {
    use rav1e::TransferCharacteristics as T;
    let known = [
        T::BT709,
        T::BT470M,
        T::BT470BG,
        T::BT601,
        T::SMPTE240,
        T::Linear,
        T::Log100,
        T::Log100Sqrt10,
        T::IEC61966,
        T::BT1361,
        T::SRGB,
        T::BT2020_10Bit,
        T::BT2020_12Bit,
        T::SMPTE2084,
        T::SMPTE428,
        T::HLG,
    ];
    known.into_iter().find(|known| *known as u8 == value).unwrap_or(T::Unspecified)
}

fn matrix_of(value: u8) -> rav1e::MatrixCoefficients {
    use rav1e::MatrixCoefficients as M;
    let known = [
        M::Identity,
        M::BT709,
        M::FCC,
        M::BT470BG,
        M::BT601,
        M::SMPTE240,
        M::YCgCo,
        M::BT2020NCL,
        M::BT2020CL,
        M::SMPTE2085,
        M::ChromatNCL,
        M::ChromatCL,
        M::ICtCp,
    ];
    known.into_iter().find(|known| *known as u8 == value).unwrap_or(M::Unspecified)
}
