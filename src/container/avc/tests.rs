use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// `avcC` as ffmpeg and x264 wrote them: 322 × 182 in three profiles, then 1920 × 1080 of full range with scaling lists.
fn configs() -> Vec<Config> {
    [
        "0142c00dffe100186742c00dd901519e226c0440000003004000000c83c50a9201000568cb83cb20",
        "014d400dffe10019674d400deca0a8cf11360220000003002000000641e28532c001000568ebe3cb20",
        "0164000dffe1001a6764000dacd941519e226c0440000003004000000c83c50a658001000668ebe3cb22c0fdf8f800",
        "01640028ffe1001e67640028acd940780227e5c05b810100a0000003002000000643e30632c001000768ebe3cb3002c0fdf8f800",
    ]
    .iter()
    .map(|hex| Config::read(&bytes(hex)).unwrap())
    .collect()
}

#[test]
fn parameter_sets_are_read_and_written_as_they_were() {
    let configs = configs();
    let read = |config: &Config| Sps::read(&config.sps[0]).unwrap();
    for (config, profile) in configs.iter().zip([66, 77, 100]) {
        let sps = read(config);
        assert_eq!((sps.profile, sps.shown(), sps.progressive), (profile, Some((322, 182)), true));
        assert_eq!((sps.chroma_format, sps.depth, sps.full_range, sps.matrix), (1, (8, 8), false, 2));
        assert_eq!((config.length_size(), config.free_pps()), (4, Some(1)));
    }
    let wide = read(&configs[3]);
    assert_eq!((wide.shown(), wide.full_range, wide.matrix), (Some((1920, 1080)), true, 1));
    let mut more = configs[2].clone();
    more.pps.push(own_pps(1, 0));
    let written = more.write().unwrap();
    assert_eq!(Config::read(&written).unwrap(), more);
    assert!(written.ends_with(&[0xFD, 0xF8, 0xF8, 0]));
    assert!((0..written.len() - 4).all(|len| Config::read(&written[..len]).is_none()));
}

/// A picture with something in some blocks and nothing in most.
fn drawn(sps: &Sps) -> Planes {
    let mut planes = Planes::flat(sps, [30, 120, 140]);
    for y in 37..51 {
        for x in 40..200 {
            planes.luma[y * planes.width + x] = if (x / 3 + y) % 2 == 0 { 235 } else { 16 };
        }
    }
    planes
}

#[test]
fn a_picture_of_ours_is_read_again_and_no_other() {
    for config in configs() {
        let sps = Sps::read(&config.sps[0]).unwrap();
        let pps = Pps::read(&own_pps(1, sps.id)).unwrap();
        let planes = drawn(&sps);
        let nal = card::picture(&sps, 1, 0, &planes);
        // Only what was drawn stands there as samples, and the first block; the others take a byte.
        let blocks = planes.luma.len() / 256;
        assert!(nal.len() < 23 * 384 + blocks + 500, "{} of {blocks}", nal.len());
        assert_eq!(card::read(&nal, &sps, &pps).unwrap(), planes);
        let theirs = Pps::read(&config.pps[0]).unwrap();
        assert!(card::read(&nal, &sps, &theirs).is_none());
        let again = card::repeated(&sps, 1, 40);
        assert!(card::is_repeated(&again, &sps, &pps) && !card::is_repeated(&nal, &sps, &pps));
        assert!(card::read(&again, &sps, &pps).is_none());
        for (nal, step) in [(&nal, 97), (&again, 1)] {
            for at in (0..nal.len()).step_by(step) {
                // Whatever comes of it, it comes to an end.
                let mut broken = nal.clone();
                broken[at] ^= 0x55;
                let _ = (card::read(&broken, &sps, &pps), card::is_repeated(&broken, &sps, &pps));
                let _ = card::read(&nal[..at], &sps, &pps);
            }
        }
    }
}

#[test]
fn samples_are_cut_into_units_and_put_together() {
    let config = &configs()[0];
    let nals = vec![vec![0x67, 1, 2], vec![0x65; 300]];
    let sample = config.sample(&nals).unwrap();
    assert_eq!(config.nals(&sample).map(<[u8]>::to_vec).collect::<Vec<_>>(), nals);
    assert_eq!(config.nals(&sample[..20]).count(), 2);
    let short = Config { head: [1, 66, 0, 13, 0xFC], ..config.clone() };
    assert!(short.sample(&nals).is_none() && short.sample(&nals[..1]).is_some());
}
