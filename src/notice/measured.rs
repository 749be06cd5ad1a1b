//! Notices measured on the result, from its pixels alone.

use super::{
    Artist, Notice, Raster,
    testing::{Background, shown},
    typeset,
};
use crate::{
    Error, Extent, Language, Medium, Place, Profile,
    geometry::Size,
    policy::{Disclosure, NoticeStyle, Policy, layout},
};

const PROFILES: [Profile; 6] = [Profile::Kz, Profile::Eu, Profile::Cn, Profile::UsCa, Profile::In, Profile::Kr];

fn draw(policy: &Policy, width: u32, height: u32) -> crate::Result<Notice> {
    Artist::new().draw(&policy.plan(&Disclosure::generated("Acme"), Medium::Image), Size { width, height })
}

/// Height in rows of the first letter of the first line: the leftmost group of columns that hold light pixels.
fn first_letter_height(picture: &Raster, notice: &Notice) -> u32 {
    let light = |x: u32, y: u32| picture.rgb[(y as usize * picture.size.width as usize + x as usize) * 3 + 1] >= 128;
    let rect = notice.rect;
    let columns = rect.x..rect.x + rect.width;
    let lit_row = |y: &u32| columns.clone().any(|x| light(x, *y));
    let top = (rect.y..rect.y + rect.height).find(lit_row).expect("text");
    let bottom = (top..rect.y + rect.height).find(|y| !lit_row(y)).expect("a gap under the first line");
    let lit_column = |x: &u32| (top..bottom).any(|y| light(*x, y));
    let left = columns.clone().find(lit_column).expect("text");
    let right = (left..rect.x + rect.width).find(|x| !lit_column(x)).expect("a gap after the first letter");
    let lit = |y: &u32| (left..right).any(|x| light(x, *y));
    let first = (top..bottom).find(lit).expect("a letter");
    (first..bottom).rev().find(lit).expect("a letter") - first + 1
}

#[test]
fn letters_contrast_and_place_hold_on_every_size_and_background() {
    let sizes = [(64, 64), (200, 150), (200, 300), (256, 256), (1024, 1024), (900, 2100), (2100, 900), (4000, 3000)];
    for (width, height) in sizes {
        let backgrounds = if width * height > 4_000_000 { &Background::ALL[2..3] } else { &Background::ALL[..4] };
        for &background in backgrounds {
            // The first letter is Ж: it has no accent and stands on the baseline.
            let notice = draw(&Policy::kazakhstan(), width, height).unwrap();
            let picture = shown(&notice, background);
            let (frame, rect) = (picture.size, notice.rect);
            let name = format!("{width} × {height}, {background:?}");
            let least = layout::cap_height(frame, layout::MIN_CAP_SHARE).max(layout::LEGIBLE_CAP);
            let measured = first_letter_height(&picture, &notice);
            assert!(measured >= least, "{name}: {measured} px, at least {least} wanted");
            assert_eq!(measured, notice.cap_height, "{name}");
            assert!(rect.inside(frame), "{name}");
            let at = |x: u32, y: u32| {
                let at = (y * frame.width + x) as usize * 3;
                <[u8; 3]>::try_from(&picture.rgb[at..at + 3]).unwrap()
            };
            let all =
                || (rect.y..rect.y + rect.height).flat_map(|y| (rect.x..rect.x + rect.width).map(move |x| (x, y)));
            let colours: Vec<_> = all().map(|(x, y)| at(x, y)).collect();
            let lightest = *colours.iter().max().unwrap();
            let darkest = *colours.iter().min().unwrap();
            assert!(layout::contrast(lightest, darkest) >= layout::MIN_CONTRAST, "{name}");
            // No ink within the margin of the frame.
            let margin = if notice.strip > 0 { 1 } else { layout::margin(frame) };
            for (x, y) in all().filter(|&(x, y)| at(x, y)[1] >= 64) {
                let inside = x >= margin && y >= margin && x < frame.width - margin && y < frame.height - margin;
                assert!(inside, "{name}: ink at {x}, {y}");
            }
        }
    }
}

#[test]
fn every_policy_fits_every_common_size_and_place() {
    let sizes = [(200, 300), (256, 256), (1024, 1024), (1024, 2389), (2389, 1024), (1280, 720), (199, 2000)];
    for profile in PROFILES {
        for extent in [Extent::Generated, Extent::Modified] {
            for &place in Place::ALL {
                let policy = Policy::of(profile).notice_style(NoticeStyle { place, ..Default::default() }).unwrap();
                let disclosure = if extent == Extent::Generated { Disclosure::generated } else { Disclosure::modified };
                for (width, height) in sizes {
                    let size = Size { width, height };
                    let notice = Artist::new().draw(&policy.plan(&disclosure("Acme"), Medium::Image), size);
                    let notice = notice.unwrap_or_else(|error| panic!("{profile:?} {extent:?} {size:?}: {error}"));
                    assert!(notice.rect.inside(notice.frame));
                    assert_eq!(notice.rect.size(), notice.stamp.size);
                    assert_eq!(notice.stamp.coverage.len(), (notice.rect.width * notice.rect.height) as usize);
                    assert!(notice.cap_height >= layout::cap_height(notice.frame, layout::MIN_CAP_SHARE));
                }
            }
        }
    }
}

#[test]
fn small_pictures_get_a_strip_or_a_clear_error() {
    for (width, height) in [(64, 64), (200, 150), (1000, 100), (100, 1000), (1000, 190), (190, 1000), (1000, 10)] {
        let notice = draw(&Policy::kazakhstan(), width, height).unwrap();
        assert!(notice.strip > 0);
        assert_eq!(notice.frame, Size { width, height: height + notice.strip });
        assert_eq!(notice.rect, crate::Rect { x: 0, y: 0, width, height: notice.strip });
        let least = layout::cap_height(notice.frame, layout::MIN_CAP_SHARE).max(layout::LEGIBLE_CAP);
        assert!(notice.cap_height >= least, "{width} × {height}: {}", notice.cap_height);
    }
    let error = draw(&Policy::kazakhstan(), 16, 16).unwrap_err();
    assert!(matches!(error, Error::NoticeDoesNotFit { .. }));
    assert!(error.to_string().contains("16 × 16") && error.to_string().contains("at least"), "{error}");
    let chinese = draw(&Policy::of(Profile::Cn), 32, 32).unwrap();
    assert_eq!(chinese.lines.concat(), "AI生成");
}

#[test]
fn a_wording_that_cannot_fit_says_why() {
    let long = Policy::kazakhstan().wording(["Непревзойдённодлинноеслово ИИ"]).unwrap();
    let error = draw(&long, 256, 256).unwrap_err().to_string();
    assert!(error.contains("longest word") && error.contains("256 × 256"), "{error}");
    let many = Policy::kazakhstan().languages(&["kk", "ru", "en", "de", "fr", "es", "it", "uk", "uz", "ky"]).unwrap();
    let error = draw(&many, 1000, 250).unwrap_err().to_string();
    assert!(error.contains("over half"), "{error}");
    let huge = NoticeStyle { cap_height: 0.5, ..Default::default() };
    let notice = draw(&Policy::kazakhstan().notice_style(huge).unwrap(), 800, 600).unwrap();
    assert!(notice.cap_height >= 30 && notice.rect.height <= 300);
}

#[test]
fn every_letter_has_a_glyph_and_missing_ones_are_named() {
    let letters = "әғқңөұүһіӘҒҚҢӨҰҮҺІ ґєїҐЄЇ ңөүҢӨҮ ўЎ ёЁ ğışçĞİŞÇ ąęłńśźżĄĘŁŃŚŹŻ őűŐŰ ßẞ ʻ ’„“”«»–—…№₸₽€ 0123456789";
    let mut setter = typeset::bundled();
    for letter in letters.chars().filter(|c| *c != ' ') {
        // A line of glyph 0 is refused: see `Typesetter::line`.
        let line = setter.line(&letter.to_string(), Language::Kk).unwrap();
        assert!(line.width > 0.0, "{letter}");
    }
    let mut shapes: Vec<_> = "әғқңөұүһіaбгкноуhi"
        .chars()
        .map(|letter| {
            let line = setter.line(&letter.to_string(), Language::Kk).unwrap();
            format!("{:?}", setter.outline(&line.glyphs[0], 100.0))
        })
        .collect();
    let count = shapes.len();
    shapes.sort();
    shapes.dedup();
    assert_eq!(shapes.len(), count - 2, "һ is drawn like h and і like i, all others differ");
    for variant in ["人工智能生成", "人工智能生成合成", "AI合成", "AI辅助创作"] {
        setter.line(variant, Language::Zh).unwrap();
    }
    drop(setter);
    let alien = Policy::kazakhstan().wording(["AI ጀ"]).unwrap();
    let error = draw(&alien, 800, 600).unwrap_err();
    assert!(matches!(error, Error::Argument { argument: "wording", .. }));
    assert!(error.to_string().contains("U+1300"), "{error}");
}

#[test]
fn arabic_runs_from_the_right_and_joins() {
    let mut setter = typeset::bundled();
    let word = setter.line("بالذكاء", Language::Ar).unwrap();
    assert!(word.rtl);
    let apart: f32 = "بالذكاء".chars().map(|c| setter.line(&c.to_string(), Language::Ar).unwrap().width).sum();
    assert!(word.width < apart * 0.95, "joined letters are narrower: {} against {apart}", word.width);
    // The first letter in the text is the rightmost glyph.
    let longer = setter.line("بالذكاءء", Language::Ar).unwrap();
    assert!(longer.width > word.width);
}

#[test]
fn the_callers_font_is_tried_first_and_a_bad_one_is_refused() {
    let style = |font: &[u8]| NoticeStyle { font: Some(font.to_vec()), ..Default::default() };
    let bad = Policy::of(Profile::Eu).notice_style(style(b"not a font")).unwrap();
    assert!(matches!(draw(&bad, 800, 600).unwrap_err(), Error::Argument { argument: "notice font", .. }));
    let own = include_bytes!("fonts/korean.otf");
    for cut in [0, 3, 12, 100, 1000, own.len() / 2, own.len() - 10] {
        let policy = Policy::of(Profile::Kr).notice_style(style(&own[..cut])).unwrap();
        // A truncated font draws with what is left of it, or is refused; it never panics.
        let _ = draw(&policy, 800, 600);
    }
    let korean = Policy::of(Profile::Cn).notice_style(style(include_bytes!("fonts/chinese.otf"))).unwrap();
    let notice = draw(&korean, 800, 600).unwrap();
    assert_ne!(notice.stamp, draw(&Policy::of(Profile::Cn), 800, 600).unwrap().stamp);
    assert_eq!(notice.lines, ["AI生成"]);
}

#[test]
fn outlines_are_the_text_in_plate_coordinates() {
    let notice = draw(&Policy::kazakhstan(), 800, 600).unwrap();
    let Size { width, height } = notice.rect.size();
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'><path fill='white' d='{}'/></svg>",
        notice.outline
    );
    let tree = resvg::usvg::Tree::from_str(&svg, &resvg::usvg::Options::default()).unwrap();
    let mut map = resvg::tiny_skia::Pixmap::new(width, height).unwrap();
    resvg::render(&tree, resvg::tiny_skia::Transform::identity(), &mut map.as_mut());
    let alphas = map.pixels().iter().map(|pixel| i32::from(pixel.alpha()));
    let differ: i64 = alphas.zip(&notice.stamp.coverage).map(|(a, &b)| i64::from((a - i32::from(b)).abs())).sum();
    let ink: i64 = notice.stamp.coverage.iter().map(|&value| i64::from(value)).sum();
    assert!(differ * 8 < ink, "outline and mask differ by {differ} of {ink}");
}

#[test]
fn drawing_again_costs_no_shaping_and_threads_share_an_artist() {
    let artist = Artist::new();
    let plan = Policy::kazakhstan().plan(&Disclosure::generated("Acme"), Medium::Image);
    let first = artist.draw(&plan, Size { width: 1024, height: 1024 }).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let again = artist.draw(&plan, Size { width: 1024, height: 1024 }).unwrap();
                assert!(std::sync::Arc::ptr_eq(&first.stamp, &again.stamp));
            });
        }
    });
    for width in 500..530 {
        artist.draw(&plan, Size { width, height: 500 }).unwrap();
    }
}
