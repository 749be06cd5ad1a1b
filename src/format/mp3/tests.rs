//! The numbers in front of a labelled MP3, read again by the book: Xing's fields, and LAME's extension behind them.

use std::io::Cursor;

use super::*;
use crate::{AudibleNotice, Disclosure, Extent, Labeler, Policy, Receipt, Signer, notice::level};

fn label(bytes: &[u8]) -> (Vec<u8>, Receipt) {
    let policy = Policy::kazakhstan().with_manifest(false).with_record(false);
    let labeler = Labeler::new(&Disclosure::generated("Acme Voice"), &Signer::development()).policy(policy);
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink).unwrap();
    (sink.into_inner(), receipt)
}

/// The frames of a file without tags, as offset and length; what is no frame at the end is left out.
fn frames(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut frames: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(header) = Header::parse(&bytes[at..]).filter(|header| at + header.len <= bytes.len()) {
        frames.push(at..at + header.len);
        at += header.len;
    }
    frames
}

/// CRC-16 with the polynomial 0x8005, the lowest bit first, bit by bit.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| crc >> 1 ^ if crc & 1 == 1 { 0xA001 } else { 0 })
    })
}

/// Frames of sound: a spoken clip, again and again, of any rate that has one.
fn sound(rate: u32, times: usize, stereo: bool) -> Vec<u8> {
    let clip =
        Audible::new(&AudibleNotice::speech(&["en"]).unwrap(), Extent::Generated).coded(Codec::Mp3, rate).unwrap();
    let header = Header::parse(clip[0]).unwrap();
    notice(&clip, 0, &Header { mono: !stereo, ..header }).concat().repeat(times)
}

/// A frame with the numbers of another encoder, of which gapless players use the padding.
fn xing(like: &[u8], padding: u16) -> Vec<u8> {
    let header = Header::parse(like).unwrap();
    let (head, len) = frame::sized(like[..4].try_into().unwrap(), 4 + header.side() + 156).unwrap();
    let mut frame = vec![0; len];
    frame[..4].copy_from_slice(&head);
    let fields = &mut frame[4 + header.side()..];
    fields[..8].copy_from_slice(b"Xing\0\0\0\x0F");
    fields[116..120].copy_from_slice(&57_u32.to_be_bytes());
    fields[120..129].copy_from_slice(b"LAME3.99r");
    let [high, low] = padding.to_be_bytes();
    fields[141..144].copy_from_slice(&[0x45, 0x10 | high, low]);
    frame
}

#[test]
fn the_frame_in_front_says_what_stands_behind_it() {
    for (rate, stereo, old) in [
        (44_100, true, Some(1_234)),
        (48_000, false, Some(600)),
        (22_050, true, Some(0xFFF)),
        (16_000, false, None),
        (44_100, false, None),
    ] {
        let what = format!("{rate}, stereo {stereo}, {old:?}");
        let sound = sound(rate, 5, stereo);
        let original = [old.map(|padding| xing(&sound, padding)).unwrap_or_default(), sound.clone()].concat();
        let (labelled, receipt) = label(&original);
        assert_eq!(info::count(&labelled), Some(frames(&labelled).len() as u64 - 1), "{what}");
        assert!(receipt.heard.is_some() && labelled.ends_with(&sound), "{what}");
        let frames = frames(&labelled);
        assert_eq!(frames.last().unwrap().end, labelled.len(), "{what}");
        let (info, rest) = (&labelled[frames[0].clone()], &frames[1..]);
        let start = 4 + Header::parse(info).unwrap().side();
        let fields = &info[start..];
        let number = |at: usize| u32::from_be_bytes(fields[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&fields[..4], number(4)), (&b"Xing"[..], 15), "{what}");
        assert_eq!((number(8), number(12)), (rest.len(), labelled.len()), "{what}");
        // An entry is where, in 256ths of the file, the frame stands that so many of a hundred are before.
        for (percent, entry) in fields[16..116].iter().enumerate() {
            let at = rest[rest.len() * percent / 100].start;
            assert_eq!(usize::from(*entry), at * 256 / labelled.len(), "{what}: {percent}");
        }
        assert_eq!(number(116), if old.is_some() { 57 } else { 0 }, "{what}");
        assert_eq!(&fields[120..129], if old.is_some() { b"LAME3.99r" } else { b"LAME3.100" }, "{what}");
        let [a, b, c] = fields[141..144] else { panic!() };
        let (delay, padding) = (u16::from(a) << 4 | u16::from(b >> 4), u16::from(b & 15) << 8 | u16::from(c));
        assert_eq!((delay, padding), (576, old.unwrap_or(0)), "{what}");
        assert_eq!(number(148), labelled.len(), "{what}: length of the music");
        let music = &labelled[frames[0].end..];
        assert_eq!(fields[152..154], crc(music).to_be_bytes(), "{what}: the music's CRC");
        assert_eq!(fields[154..156], crc(&info[..start + 154]).to_be_bytes(), "{what}: the frame's CRC");
        // The notice is as long as it says.
        let notice = (rest.len() - self::frames(&sound).len()) as u64 * Header::parse(music).unwrap().samples();
        assert_eq!((notice - 576 - 529) * 1000 / u64::from(rate), receipt.heard.unwrap().spans[0].to_ms, "{what}");
    }
}

/// Fraunhofer's encoders write numbers of another form at another place: they are no sound, and are not true any more.
#[test]
fn a_frame_with_numbers_of_fraunhofer_goes() {
    let sound = sound(44_100, 4, true);
    let mut vbri = sound[..Header::parse(&sound).unwrap().len].to_vec();
    vbri[4..].fill(0);
    vbri[36..40].copy_from_slice(b"VBRI");
    vbri[40..62].copy_from_slice(&[0, 1, 4, 0x39, 0, 80, 0, 0, 0x20, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 2, 0, 1]);
    let (labelled, _) = label(&[vbri, sound.clone()].concat());
    assert!(memchr::memmem::find(&labelled, b"VBRI").is_none() && labelled.ends_with(&sound));
    let frames = frames(&labelled);
    let count = u32::from_be_bytes(labelled[36 + 8..36 + 12].try_into().unwrap()) as usize;
    assert_eq!((&labelled[36..40], count), (&b"Xing"[..], frames.len() - 1));
}

/// Every step of the gain is 1.5 dB, whatever was encoded.
#[test]
fn clips_get_softer_by_whole_steps() {
    let clips = Audible::new(&AudibleNotice::speech(&["kk", "ru"]).unwrap().then_rhythm(), Extent::Modified);
    for rate in [16_000, 22_050, 24_000, 44_100, 48_000] {
        for stereo in [false, true] {
            let coded = clips.coded(Codec::Mp3, rate).unwrap();
            let like = Header { mono: !stereo, ..Header::parse(coded[0]).unwrap() };
            let loudness = |softer: u8| {
                let bytes = notice(&coded, softer, &like).concat();
                let budget = &mut Budget::new(&crate::Limits::default());
                let stretch = Stretch::From { ms: 0, len_ms: 60_000 };
                let sound = listen::listen(&mut Cursor::new(bytes), Format::Mp3, stretch, budget).unwrap().unwrap();
                let mut meter = level::Meter::new(sound.channels, sound.rate);
                meter.add(&sound.samples);
                meter.loudness().unwrap()
            };
            let whole = loudness(0);
            assert!((whole + 16.0).abs() < 1.0, "{rate}, stereo {stereo}: {whole}");
            for steps in [1, 5, 9] {
                let softer = whole - loudness(steps);
                assert!((softer - f64::from(steps) * 1.505).abs() < 0.1, "{rate}, {steps}: {softer}");
            }
        }
    }
}
