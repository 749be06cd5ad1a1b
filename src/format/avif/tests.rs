//! Notices in real pictures, and in those that avifenc makes.

use super::*;
use crate::format::testing::{checkered, corpus, mark, survey};

fn picture(bytes: &[u8]) -> Raster {
    let mut source = std::io::Cursor::new(bytes);
    let mut budget = Budget::new(&crate::Limits::default());
    let survey = Avif.survey(&mut source, &mut budget).unwrap();
    Avif.picture(&mut source, &survey, &mut budget).unwrap().unwrap()
}

#[test]
fn a_notice_is_drawn_and_the_rest_stays_close() {
    let Some(bytes) = corpus("unlabelled/sample1.avif") else { return };
    let found = survey(&Avif, &bytes).unwrap();
    let notice = checkered(found.shown().unwrap(), 0);
    let (marked, done) = mark(&Avif, &bytes, Some(&notice), None, Some(&[9; 3000])).unwrap();
    assert!(done.noticed);
    // The tiles of a grid have to agree in it: profile 1, level 5.
    let configuration = |bytes: &[u8]| {
        let at = bytes.windows(4).position(|kind| kind == b"av1C").unwrap();
        bytes[at + 4..at + 8].to_vec()
    };
    assert_eq!(configuration(&marked), configuration(&bytes));
    let (before, after) = (picture(&bytes), picture(&marked));
    assert_eq!(before.size, after.size);
    let rect = notice.rect;
    let mut square = 0.0;
    let mut count = 0.0;
    for (index, (a, b)) in before.rgb.chunks(3).zip(after.rgb.chunks(3)).enumerate() {
        let (x, y) = (index as u32 % before.size.width, index as u32 / before.size.width);
        if x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height {
            let white = notice.stamp.coverage[((y - rect.y) * rect.width + x - rect.x) as usize] == 255;
            let inner = (x - rect.x) % 8 > 1 && (x - rect.x) % 8 < 6 && (y - rect.y) % 8 > 1 && (y - rect.y) % 8 < 6;
            assert!(!inner || (b[1] > 200) == white, "pixel {x},{y} is {b:?}");
        } else {
            square += a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum::<f64>();
            count += 3.0;
        }
    }
    let psnr = 10.0 * (65025.0 * count / square).log10();
    assert!(psnr >= 42.0, "{psnr}");
    assert!((marked.len() as f64) < bytes.len() as f64 * 1.6 + 3100.0, "{}", marked.len());
}
