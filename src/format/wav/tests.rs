use std::io::Cursor;

use super::*;
use crate::{AudibleNotice, Disclosure, Extent, Labeler, Limits, Policy, Signer, Verdict, Verifier};

fn chunk(id: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut out = [id.as_slice(), &u32::try_from(data.len()).unwrap().to_le_bytes(), data].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// `fmt ` of a plain file.
fn fmt(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
    let frame = channels * bits / 8;
    let bytes = rate * u32::from(frame);
    let fields = [&tag.to_le_bytes()[..], &channels.to_le_bytes(), &rate.to_le_bytes(), &bytes.to_le_bytes()];
    chunk(b"fmt ", &[&fields.concat()[..], &frame.to_le_bytes(), &bits.to_le_bytes()].concat())
}

fn file(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WAVE".to_vec(), chunks.concat()].concat();
    [b"RIFF".to_vec(), u32::try_from(body.len()).unwrap().to_le_bytes().to_vec(), body].concat()
}

fn sound(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0] / 4 + 96
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn label(bytes: &[u8], policy: Policy) -> Result<(Vec<u8>, crate::Receipt)> {
    let labeler = Labeler::new(&Disclosure::generated("Acme Voice"), &Signer::development()).policy(policy);
    let mut sink = Cursor::new(Vec::new());
    let receipt = labeler.label(&mut Cursor::new(bytes), &mut sink)?;
    Ok((sink.into_inner(), receipt))
}

/// The data of the first chunk of this name.
fn data<'a>(bytes: &'a [u8], id: &[u8; 4]) -> &'a [u8] {
    let budget = &mut Budget::new(&Limits::default());
    let form = form(&mut Cursor::new(bytes), budget).unwrap();
    let chunk = form.chunks.iter().find(|chunk| chunk.id == *id).unwrap();
    &bytes[chunk.data().start as usize..chunk.data().end as usize]
}

#[test]
fn every_kind_of_sample_is_kept_behind_a_notice_that_is_heard() {
    let kinds = [(1, 8), (1, 16), (1, 24), (1, 32), (3, 32), (3, 64), (6, 8), (7, 8)];
    for (channels, rate) in [(2, 16_000), (1, 8_000), (6, 48_000)] {
        // Every kind once; other rates and channels with two of them.
        for (tag, bits) in kinds.into_iter().filter(|kind| channels == 2 || matches!(kind, (1, 16) | (3, 32))) {
            let samples = match (tag, bits) {
                // Numbers, not noise in the exponents.
                (3, 32) => sound(4 * 6000).iter().flat_map(|byte| (f32::from(*byte) / 512.0).to_le_bytes()).collect(),
                (3, _) => sound(8 * 6000).iter().flat_map(|byte| (f64::from(*byte) / 512.0).to_le_bytes()).collect(),
                _ => sound(usize::from(bits) / 8 * usize::from(channels) * 5000),
            };
            let original = file(&[fmt(tag, channels, rate, bits), chunk(b"data", &samples)]);
            let (labelled, receipt) = label(&original, Policy::kazakhstan()).unwrap();
            let what = format!("tag {tag}, {bits} bits, {channels} channels, {rate}");
            assert!(receipt.is_complete(), "{what}: {:?}", receipt.incomplete);
            assert!(data(&labelled, b"data").ends_with(&samples), "{what}");
            let report = Verifier::new().verify(&mut Cursor::new(&labelled)).unwrap();
            assert_eq!(report.verdict, Verdict::UntrustedSigner, "{what}: {:?}", report.findings);
            let [heard] = report.heard.as_slice() else { panic!("{what}: {:?}", report.heard) };
            assert!(heard.signed_place && heard.languages.len() == 2 && heard.score > 0.8, "{what}: {heard:?}");
            assert_eq!(heard.extent, Some(Extent::Generated));
        }
    }
}

#[test]
fn positions_move_and_foreign_chunks_stay() {
    let cue = |at: u32| [&1_u32.to_le_bytes()[..], &at.to_le_bytes(), b"data", &[0; 8], &at.to_le_bytes()].concat();
    let cues = chunk(b"cue ", &[&1_u32.to_le_bytes()[..], &cue(700)].concat());
    let mut sampler = vec![0; 60];
    sampler[28] = 1;
    sampler[44..48].copy_from_slice(&100_u32.to_le_bytes());
    sampler[48..52].copy_from_slice(&900_u32.to_le_bytes());
    let mut broadcast = vec![0; 602];
    broadcast[338..346].copy_from_slice(&10_000_000_u64.to_le_bytes());
    let own = chunk(b"zzzz", b"somebody's own");
    let samples = sound(2 * 16_000);
    let info = chunk(b"LIST", &[&b"INFO"[..], &chunk(b"INAM", b"A song\0")].concat());
    let original = file(&[
        chunk(b"bext", &broadcast),
        fmt(1, 1, 16_000, 16),
        cues,
        chunk(b"data", &samples),
        own.clone(),
        chunk(b"smpl", &sampler),
        info,
    ]);
    let (labelled, receipt) = label(&original, Policy::kazakhstan().with_aigc(true)).unwrap();
    let notice = (data(&labelled, b"data").len() - samples.len()) as u64 / 2;
    assert!(notice > 5 * 16_000 && notice.is_multiple_of(2));
    let number = |bytes: &[u8], at: usize| u64::from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()));
    let cues = data(&labelled, b"cue ");
    assert_eq!((number(cues, 8), number(cues, 24)), (700 + notice, 700 + notice));
    let sampler = data(&labelled, b"smpl");
    assert_eq!((number(sampler, 44), number(sampler, 48)), (100 + notice, 900 + notice));
    let time = u64::from_le_bytes(data(&labelled, b"bext")[338..346].try_into().unwrap());
    assert_eq!(time, 10_000_000 - notice);
    assert!(memchr::memmem::find(&labelled, &own).is_some());
    assert_eq!(receipt.heard.unwrap().spans[0].to_ms, notice * 1000 / 16_000);
    // The list is one, with both fields.
    let list = data(&labelled, b"LIST");
    assert!(
        memchr::memmem::find(list, b"A song").is_some() && memchr::memmem::find(list, "Создано".as_bytes()).is_some()
    );
    assert!(data(&labelled, b"AIGC").starts_with(b"{\"Label\""));
    let report = Verifier::new().profile(crate::Profile::Cn).verify(&mut Cursor::new(&labelled)).unwrap();
    let once = report.profile.unwrap().rules.into_iter().find(|rule| rule.id == "cn-6-1-once").unwrap();
    assert_eq!(once.outcome, crate::Outcome::Pass);
}

#[test]
fn streams_without_lengths_and_files_of_64_bits_get_theirs() {
    let samples = sound(16_000);
    for unknown in [0, u32::MAX] {
        let mut stream = file(&[fmt(1, 1, 8_000, 16), chunk(b"data", &samples)]);
        stream[4..8].copy_from_slice(&unknown.to_le_bytes());
        stream[40..44].copy_from_slice(&unknown.to_le_bytes());
        let (labelled, receipt) = label(&stream, Policy::kazakhstan()).unwrap();
        // Noise as loud as this leaves no warning room.
        let [remark] = &receipt.remarks[..] else { panic!("{:?}", receipt.remarks) };
        assert!(remark.ends_with("LU softer; its peaks allow no more"), "{remark}");
        let all = u32::from_le_bytes(labelled[4..8].try_into().unwrap());
        assert_eq!(all as usize, labelled.len() - 8);
        assert!(data(&labelled, b"data").ends_with(&samples));
    }
    let wide = [&100_u64.to_le_bytes()[..], &(samples.len() as u64).to_le_bytes(), &8_000_u64.to_le_bytes(), &[0; 4]];
    let mut rf64 = file(&[chunk(b"ds64", &wide.concat()), fmt(1, 1, 8_000, 16), chunk(b"data", &samples)]);
    rf64[..8].copy_from_slice(b"RF64\xFF\xFF\xFF\xFF");
    rf64[76..80].fill(0xFF);
    for name in [b"RF64", b"BW64"] {
        rf64[..4].copy_from_slice(name);
        let (labelled, _) = label(&rf64, Policy::kazakhstan()).unwrap();
        let number = |at: usize| u64::from_le_bytes(labelled[at..at + 8].try_into().unwrap());
        assert_eq!((&labelled[..8], number(20)), (&rf64[..8], labelled.len() as u64 - 8));
        let data = data(&labelled, b"data");
        assert_eq!((number(28), number(36)), (data.len() as u64, data.len() as u64 / 2));
        assert!(data.ends_with(&samples));
        let report = Verifier::new().verify(&mut Cursor::new(&labelled)).unwrap();
        assert_eq!((report.verdict, report.heard.len()), (Verdict::UntrustedSigner, 1));
    }
}

/// Samples of 12 and 20 bits, in two and three bytes, said in the old way and in the extensible one.
#[test]
fn samples_that_do_not_fill_their_bytes_are_taken_as_they_are() {
    for (bits, size) in [(12_u16, 2_u16), (20, 3)] {
        let whole = |bits: u16| {
            let mut fmt = fmt(1, 1, 16_000, size * 8);
            fmt[22..24].copy_from_slice(&bits.to_le_bytes());
            fmt
        };
        let extended =
            [&whole(size * 8)[8..], &22_u16.to_le_bytes(), &bits.to_le_bytes(), &4_u32.to_le_bytes()].concat();
        let mut extended = chunk(b"fmt ", &[&extended[..], b"\x01\0\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71"].concat());
        extended[8..10].copy_from_slice(&0xFFFE_u16.to_le_bytes());
        for fmt in [whole(bits), extended] {
            let samples = sound(16_000 * usize::from(size));
            let original = file(&[fmt.clone(), chunk(b"data", &samples)]);
            let (labelled, receipt) = label(&original, Policy::kazakhstan()).unwrap();
            assert!(receipt.is_complete() && data(&labelled, b"data").ends_with(&samples), "{bits}");
            assert_eq!(data(&labelled, b"fmt "), &fmt[8..]);
            let report = Verifier::new().verify(&mut Cursor::new(&labelled)).unwrap();
            assert!(report.heard[0].signed_place && report.heard[0].score > 0.8, "{bits}: {:?}", report.heard);
        }
    }
}

#[test]
fn a_time_of_day_before_which_no_warning_fits_is_said() {
    for (time, said) in [(0, false), (3_000, true), (10_000_000, false)] {
        let mut broadcast = vec![0; 602];
        broadcast[338..346].copy_from_slice(&u64::to_le_bytes(time));
        let original = file(&[chunk(b"bext", &broadcast), fmt(1, 1, 16_000, 16), chunk(b"data", &sound(32_000))]);
        let (labelled, receipt) = label(&original, Policy::kazakhstan()).unwrap();
        let remark = |remark: &String| remark.contains("was 3000 samples after midnight");
        assert_eq!(receipt.remarks.iter().any(remark), said, "{time}: {:?}", receipt.remarks);
        assert_eq!(data(&labelled, b"bext")[338..346] == [0; 8], time < 10_000_000);
    }
}

/// A person cuts the start off, and somebody else the end: the one in the middle is still a warning.
#[test]
fn repetitions_are_found_without_the_first_and_the_last() {
    let samples = sound(8_000 * 1_300);
    let original = file(&[fmt(1, 1, 8_000, 8), chunk(b"data", &samples)]);
    let bare = |policy: Policy| policy.with_manifest(false).with_record(false);
    for notice in [AudibleNotice::speech(&["kk", "ru"]).unwrap(), AudibleNotice::rhythm()] {
        let (labelled, receipt) = label(&original, bare(Policy::kazakhstan().audible_notice(notice))).unwrap();
        let spans = receipt.heard.unwrap().spans;
        assert_eq!(spans.len(), 3);
        let all = data(&labelled, b"data");
        let heard = |cut: std::ops::Range<u64>| {
            let cut = file(&[fmt(1, 1, 8_000, 8), chunk(b"data", &all[cut.start as usize * 8..cut.end as usize * 8])]);
            let report = Verifier::new().verify(&mut Cursor::new(&cut)).unwrap();
            report.heard.iter().map(|heard| heard.span.from_ms).collect::<Vec<_>>()
        };
        let first = spans[0].to_ms;
        let near = |heard: &[u64], wanted: &[u64]| {
            heard.len() == wanted.len() && heard.iter().zip(wanted).all(|(heard, wanted)| heard.abs_diff(*wanted) < 60)
        };
        let later = heard(first..spans[2].to_ms + 20_000);
        assert!(near(&later, &[600_000, spans[2].from_ms - first]), "{later:?} of {spans:?}");
        let middle = heard(first..spans[2].from_ms);
        assert!(near(&middle, &[600_000]), "{middle:?} of {spans:?}");
        // The end of a warning is none.
        let rest = heard(first - 500..spans[2].from_ms);
        assert!(near(&rest, &[600_500]), "{rest:?} of {spans:?}");
    }
    let report = Verifier::new().verify(&mut Cursor::new(&original)).unwrap();
    assert!(report.heard.is_empty() && report.verdict == Verdict::NotFound);
}

#[test]
fn what_was_cut_off_is_labelled_and_said() {
    let mut whole = file(&[fmt(1, 1, 8_000, 16), chunk(b"data", &sound(16_000))]);
    whole.truncate(10_044);
    let (labelled, receipt) = label(&whole, Policy::kazakhstan()).unwrap();
    assert!(receipt.remarks.iter().any(|remark| remark.contains("16000 bytes, and holds 10000")), "{receipt:?}");
    assert!(data(&labelled, b"data").ends_with(&sound(10_000)));
    let (_, again) = label(&labelled, Policy::kazakhstan()).unwrap();
    assert!(again.remarks.is_empty(), "{:?}", again.remarks);
}

#[test]
fn it_is_repeated_in_long_recordings_and_follows_their_loudness() {
    let quiet: Vec<u8> = sound(8_000 * 130).iter().map(|byte| 120 + (byte - 96) / 4).collect();
    let original = file(&[fmt(1, 1, 8_000, 8), chunk(b"data", &quiet)]);
    let every = AudibleNotice::rhythm().repeated_every(Some(std::time::Duration::from_secs(60))).unwrap();
    let (labelled, receipt) = label(&original, Policy::kazakhstan().audible_notice(every)).unwrap();
    let heard = receipt.heard.unwrap();
    assert_eq!(heard.spans.len(), 2);
    assert!(heard.loudness_lufs.unwrap() < -20.0, "{heard:?}");
    let notice = (data(&labelled, b"data").len() - quiet.len()) / 2;
    let found = data(&labelled, b"data");
    assert_eq!(found[notice..notice + 480_000], quiet[..480_000]);
    assert_eq!(found[2 * notice + 480_000..], quiet[480_000..]);
    let report = Verifier::new().verify(&mut Cursor::new(&labelled)).unwrap();
    assert_eq!(report.heard.len(), 2);
    for heard in &report.heard {
        assert!(heard.above_programme().unwrap().abs() <= 3.0, "{heard:?}");
    }
}

#[test]
fn labelling_again_keeps_the_notice_and_a_clip_of_ones_own_is_heard() {
    let samples = sound(2 * 44_100);
    let original = file(&[fmt(1, 1, 44_100, 16), chunk(b"data", &samples)]);
    let tone: Vec<f32> = (0..24_000).map(|at| (at as f32 * at as f32 / 90_000.0).sin() / 3.0).collect();
    let own = Policy::kazakhstan().audible_notice(AudibleNotice::clip(24_000, &tone, "Generated by AI").unwrap());
    for policy in [Policy::kazakhstan(), own] {
        let (once, first) = label(&original, policy.clone()).unwrap();
        let (twice, second) = label(&once, policy).unwrap();
        assert_eq!(data(&once, b"data"), data(&twice, b"data"));
        let (first, second) = (first.heard.unwrap(), second.heard.unwrap());
        assert!(second.kept && !first.kept && first.spans == second.spans && first.lines == second.lines);
        let report = Verifier::new().verify(&mut Cursor::new(&twice)).unwrap();
        assert_eq!((report.verdict, report.manifest.unwrap().manifests), (Verdict::UntrustedSigner, 2));
    }
}

#[test]
fn what_cannot_take_a_notice_is_refused_with_what_to_do() {
    let adpcm = file(&[fmt(2, 1, 8_000, 8), chunk(b"data", &sound(800))]);
    let error = label(&adpcm, Policy::kazakhstan()).err().unwrap();
    assert!(matches!(&error, Error::Unsupported { .. }) && error.to_string().contains("convert it to plain PCM"));
    // Without a notice, half a label.
    let (_, receipt) = label(&adpcm, Policy::kazakhstan().with_notice(false)).unwrap();
    assert!(!receipt.is_complete());
    let none = file(&[chunk(b"data", &sound(800))]);
    assert!(matches!(label(&none, Policy::kazakhstan()), Err(Error::Malformed { .. })));
}
