use std::io::Cursor;

use md5::{Digest as _, Md5};

use super::{
    encode::{Encoded, Shape},
    frames::Header,
    stream::{SEEKTABLE, put_bytes},
    *,
};
use crate::{AudibleNotice, Disclosure, Labeler, Limits, Policy, Receipt, Signer, Verifier};

/// Frames like those of a writer that says rate and size in STREAMINFO alone.
fn shape(channels: u8, bits: u32, block: u32, by_sample: bool) -> Shape {
    let like = [0xFF, 0xF8 | u8::from(by_sample), 0x70, (channels - 1) << 4, 0, 0, 15];
    let head = [&like[..], &[super::frames::crc8(&like)]].concat();
    Shape { channels, bits, block, like: Header::parse(&head).unwrap() }
}

fn block(kind: u8, data: &[u8]) -> Vec<u8> {
    let len = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&[kind], &len[1..], data].concat()
}

/// A file of `values` in the first two channels, with a seek point for each frame.
fn file(values: &[i32], shape: &Shape, rate: u32, md5: [u8; 16]) -> Vec<u8> {
    let encoded = Encoded::new(values, shape.clone());
    let size = u16::try_from(shape.block).unwrap().to_be_bytes();
    let packed = u64::from(rate) << 44 | u64::from(shape.channels - 1) << 41 | u64::from(shape.bits - 1) << 36;
    let packed = packed | values.len() as u64;
    let info = [&size[..], &size, &[0; 6], &packed.to_be_bytes(), &md5].concat();
    let (mut points, mut offset) = (Vec::new(), 0_u64);
    for (index, len) in (0_u64..).zip(encoded.lens(0)) {
        points.extend((index * u64::from(shape.block)).to_be_bytes());
        points.extend(offset.to_be_bytes());
        points.extend(size);
        offset += len as u64;
    }
    [MAGIC.to_vec(), block(0, &info), block(SEEKTABLE | 0x80, &points), encoded.frames(0)].concat()
}

fn values(count: usize, bits: u32) -> Vec<i32> {
    let full = f64::from(1_u32 << (bits - 2));
    let mut state = 1_u32;
    (0..count)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            ((at as f64 / 15.0).sin() * full * 0.9) as i32 + (state >> 30) as i32
        })
        .collect()
}

fn md5(values: &[i32], shape: &Shape) -> [u8; 16] {
    let channels = shape.channels;
    let all: Vec<i32> =
        values.iter().flat_map(|&value| (0..channels).map(move |it| if it < 2 { value } else { 0 })).collect();
    let mut bytes = Vec::new();
    put_bytes(&all, shape.bits, &mut bytes);
    Md5::digest(&bytes).into()
}

fn label(bytes: &[u8], policy: Policy) -> (Vec<u8>, Receipt) {
    let labeler = Labeler::new(&Disclosure::generated("Acme Voice"), &Signer::development()).policy(policy);
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    (sink.into_inner(), receipt)
}

/// What a file holds: its parts, its samples, where each frame starts (sample, offset from the first).
fn taken(bytes: &[u8]) -> (Parts, Vec<i32>, Vec<(u64, u64)>) {
    let source = &mut Cursor::new(bytes);
    let parts = Parts::read(source, &mut Budget::new(&Limits::default())).unwrap();
    let (mut decoder, mut frames) = (Decoder::new(&parts.info).unwrap(), parts.info.frames(parts.audio.clone()));
    let (mut samples, mut starts, mut position) = (Vec::new(), Vec::new(), 0);
    while let Some((header, at, frame)) = frames.next(source).unwrap() {
        let unit = if header.by_sample { 1 } else { u64::from(parts.info.max_block) };
        assert_eq!(header.number * unit, position);
        samples.extend_from_slice(decoder.decode(frame).unwrap());
        starts.push((position, at - parts.audio.start));
        position += u64::from(header.block);
    }
    (parts, samples, starts)
}

#[test]
fn what_is_encoded_is_decoded_by_another() {
    for bits in [8, 12, 16, 20, 24] {
        for channels in [1, 2, 3, 6, 8] {
            for (block, by_sample) in [(16, false), (576, false), (4096, true), (4099, false)] {
                let (shape, wanted) = (shape(channels, bits, block, by_sample), values(3 * block as usize, bits));
                let bytes = file(&wanted, &shape, 48_000, [0; 16]);
                let (_, samples, starts) = taken(&bytes);
                let got: Vec<i32> = samples.chunks_exact(channels.into()).map(|frame| frame[0]).collect();
                assert!(got == wanted, "{bits} bits, {channels} channels, {block}");
                assert_eq!(starts.len(), 3);
                let rest =
                    samples.chunks_exact(channels.into()).all(|frame| frame[1..].iter().skip(1).all(|it| *it == 0));
                assert!(rest && (channels == 1 || samples.chunks_exact(channels.into()).all(|it| it[0] == it[1])));
            }
        }
    }
}

#[test]
fn the_notice_comes_again_and_numbers_md5_and_seek_points_are_those_of_the_whole() {
    let (shape, wanted) = (shape(2, 16, 1024, false), values(1024 * 8 * 160, 16));
    let bytes = file(&wanted, &shape, 8_000, md5(&wanted, &shape));
    let notice = AudibleNotice::rhythm().repeated_every(Some(std::time::Duration::from_secs(60))).unwrap();
    let (labelled, receipt) = label(&bytes, Policy::kazakhstan().audible_notice(notice));
    assert!(receipt.is_complete() && receipt.remarks.is_empty(), "{receipt:?}");
    let heard = receipt.heard.unwrap();
    assert_eq!(heard.spans.len(), 3);
    let (parts, samples, starts) = taken(&labelled);
    let left: Vec<i32> = samples.chunks_exact(2).map(|frame| frame[0]).collect();
    let notice = (left.len() - wanted.len()) / 3;
    // The place that was asked for, or the next start of a frame.
    let place = 60 * 8_000_usize.next_multiple_of(1);
    let place = place.next_multiple_of(1024);
    assert!(left[notice..notice + place] == wanted[..place]);
    assert!(left[2 * notice + place..2 * notice + 2 * place - 1024] == wanted[place..2 * place - 1024]);
    assert!(left.ends_with(&wanted[2 * place..]));
    assert_eq!((parts.info.total, parts.info.md5()), (left.len() as u64, Some(&md5(&left, &shape)[..])));
    let table = parts.blocks.iter().find(|block| block.kind == SEEKTABLE).unwrap();
    let table = &labelled[table.data.start as usize..table.data.end as usize];
    let number = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().unwrap());
    let points: Vec<_> = table.chunks_exact(18).map(|point| (number(&point[..8]), number(&point[8..16]))).collect();
    assert_eq!(points.len(), wanted.len() / 1024);
    assert!(points.iter().all(|point| starts.contains(point)), "a point leads nowhere");
    let report = Verifier::new().verify(&mut Cursor::new(&labelled)).unwrap();
    assert_eq!(report.heard.len(), 3);
    assert!(report.heard.iter().all(|heard| heard.signed_place && heard.above_programme().unwrap().abs() <= 3.0));
}

#[test]
fn an_md5_that_does_not_fit_is_said_and_none_is_made_up() {
    let (shape, wanted) = (shape(1, 16, 4096, false), values(4096 * 10, 16));
    let (labelled, receipt) = label(&file(&wanted, &shape, 16_000, [7; 16]), Policy::kazakhstan());
    assert!(receipt.remarks.iter().any(|remark| remark.contains("did not fit its samples")), "{receipt:?}");
    let (parts, samples, _) = taken(&labelled);
    assert_eq!(parts.info.md5(), Some(&md5(&samples, &shape)[..]));
    let (labelled, _) = label(&file(&wanted, &shape, 16_000, [0; 16]), Policy::kazakhstan());
    assert_eq!(taken(&labelled).0.info.md5(), None);
}

#[test]
fn a_damaged_frame_stops_the_splice_with_its_place() {
    let (shape, wanted) = (shape(1, 16, 4096, false), values(4096 * 10, 16));
    let mut bytes = file(&wanted, &shape, 16_000, [0; 16]);
    let end = bytes.len();
    bytes[end - 100] ^= 1;
    let labeler = Labeler::new(&Disclosure::generated("Acme Voice"), &Signer::development());
    let error = labeler.label(&mut Cursor::new(&bytes), &mut Cursor::new(Vec::new())).unwrap_err();
    let Error::Malformed { at, why, .. } = error else { panic!("{error}") };
    assert!(why.contains("damaged") && (at as usize) < end && at > 42, "{at}: {why}");
}
