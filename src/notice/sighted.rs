//! Notices found again: on made backgrounds and real photos, after JPEG and reduction; and none where none is.

use image::{DynamicImage, ImageFormat, RgbImage, imageops::FilterType};

use super::{
    Artist, Notice, Raster, Sighting, measure, search,
    testing::{Background, shown, stamp},
};
use crate::{
    Extent, Language, Medium, Place, Profile,
    format::testing::corpus,
    geometry::{Rect, Size},
    policy::{Disclosure, NoticeStyle, Policy, layout},
};

fn draw(policy: &Policy, extent: Extent, size: Size) -> Notice {
    let disclosure = if extent == Extent::Generated { Disclosure::generated("A") } else { Disclosure::modified("A") };
    Artist::new().draw(&policy.plan(&disclosure, Medium::Image), size).unwrap()
}

fn image(picture: &Raster) -> RgbImage {
    RgbImage::from_raw(picture.size.width, picture.size.height, picture.rgb.clone()).unwrap()
}

fn raster(image: RgbImage) -> Raster {
    Raster { size: Size { width: image.width(), height: image.height() }, rgb: image.into_raw() }
}

fn jpeg(picture: &Raster, quality: u8) -> Raster {
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality);
    image(picture).write_with_encoder(encoder).unwrap();
    raster(image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().into_rgb8())
}

fn reduced(picture: &Raster, percent: u32) -> Raster {
    let Size { width, height } = picture.size;
    let image = DynamicImage::ImageRgb8(image(picture));
    raster(image.resize_exact(width * percent / 100, height * percent / 100, FilterType::Triangle).into_rgb8())
}

fn photo(name: &str) -> Option<Raster> {
    let bytes = corpus(name)?;
    Some(raster(image::load_from_memory(&bytes).unwrap().into_rgb8()))
}

/// The one sighting of a picture, checked against what was drawn.
fn check(name: &str, picture: &Raster, notice: &Notice, lines: &[String], scale: f64) -> Sighting {
    let mut found = search(picture, &[]);
    assert_eq!(found.len(), 1, "{name}: {found:#?}");
    let sighting = found.remove(0);
    assert_eq!(sighting.lines, lines, "{name}");
    let cap = f64::from(notice.cap_height) * scale;
    assert!((sighting.cap_height - cap).abs() <= (cap * 0.03).max(0.4), "{name}: {} for {cap}", sighting.cap_height);
    assert!(sighting.contrast >= 3.0, "{name}: {}", sighting.contrast);
    sighting
}

#[test]
fn every_wording_of_the_table_is_found_in_a_plain_picture_and_in_a_poor_one() {
    let size = Size { width: 640, height: 480 };
    for &language in Language::ALL {
        for extent in [Extent::Generated, Extent::Modified] {
            let policy = Policy::kazakhstan().languages(&[language.tag()]).unwrap();
            let notice = draw(&policy, extent, size);
            let lines = [language.wording(Medium::Image, extent).to_owned()];
            let plain = shown(&notice, Background::Gradient);
            let name = format!("{} {extent:?}", language.tag());
            for (name, picture, scale) in [
                (format!("{name}, plain"), jpeg(&plain, 95), 1.0),
                (format!("{name}, q40"), jpeg(&plain, 40), 1.0),
                (format!("{name}, half"), jpeg(&reduced(&plain, 50), 75), 0.5),
            ] {
                let sighting = check(&name, &picture, &notice, &lines, scale);
                assert!(sighting.languages.contains(&language), "{name}: {:?}", sighting.languages);
                assert_eq!(sighting.extent, Some(extent), "{name}");
            }
        }
    }
}

#[test]
fn the_policies_notices_are_found_on_every_background_and_size() {
    let sizes = [(64, 64), (200, 150), (200, 300), (1024, 1024), (900, 2100), (2100, 900)];
    for profile in [Profile::Kz, Profile::In, Profile::Eu, Profile::Cn, Profile::Kr] {
        for (width, height) in sizes {
            for background in Background::ALL {
                let policy = Policy::of(profile);
                let notice = draw(&policy, Extent::Generated, Size { width, height });
                let plan = policy.plan(&Disclosure::generated("A"), Medium::Image);
                let name = format!("{profile:?} {width} × {height} {background:?}");
                let picture = shown(&notice, background);
                let sighting = check(&name, &picture, &notice, &plan.wording.lines, 1.0);
                let floor = layout::cap_height(notice.frame, layout::MIN_CAP_SHARE);
                assert!(sighting.cap_height.round() as u32 >= floor, "{name}: {}", sighting.cap_height);
                assert!(sighting.contrast > 12.0, "{name}: {}", sighting.contrast);
                if matches!(background, Background::Noise | Background::Checker) {
                    let near = |a: u32, b: u32| a.abs_diff(b) <= notice.cap_height.div_ceil(3);
                    let (a, b) = (sighting.rect, notice.rect);
                    let same = near(a.x, b.x) && near(a.y, b.y) && near(a.width, b.width) && near(a.height, b.height);
                    assert!(same, "{name}: {a:?} for {b:?}");
                }
            }
        }
    }
}

#[test]
fn places_colours_crops_and_noise_do_not_hide_a_notice() {
    let size = Size { width: 800, height: 600 };
    let lines = Policy::kazakhstan().plan(&Disclosure::generated("A"), Medium::Image).wording.lines;
    let colours = [
        ([0, 0, 0], [255, 255, 255]),
        ([255, 255, 255], [0, 0, 0]),
        ([0, 46, 110], [255, 214, 0]),
        ([120, 120, 120], [255; 3]),
        ([255, 230, 0], [60, 0, 90]),
    ];
    for (&place, (plate, text)) in Place::ALL.iter().zip(colours.into_iter().cycle()) {
        let style = NoticeStyle { place, plate, text, ..Default::default() };
        // A caller could not ask for a contrast this low; a picture seen elsewhere may have it.
        let policy = match Policy::kazakhstan().notice_style(style.clone()) {
            Ok(policy) => policy,
            Err(_) => Policy::kazakhstan().notice_style(NoticeStyle { plate: [118; 3], ..style }).unwrap(),
        };
        let notice = draw(&policy, Extent::Generated, size);
        for background in [Background::Noise, Background::Gradient] {
            let mut picture = shown(&notice, background);
            for (at, value) in picture.rgb.iter_mut().enumerate() {
                let noise = (at as u32).wrapping_mul(0x9e37_79b1) >> 28;
                *value = value.saturating_add(noise as u8).saturating_sub(7);
            }
            check(&format!("{place:?} {background:?}"), &jpeg(&picture, 60), &notice, &lines, 1.0);
        }
    }
    let notice = draw(&Policy::kazakhstan(), Extent::Generated, size);
    let picture = image(&shown(&notice, Background::Checker));
    for (x, y, width, height) in [
        (200, 0, 600, 600),
        (120, 5, 680, 300),
        (notice.rect.x - 3, notice.rect.y - 3, notice.rect.width + 6, notice.rect.height + 6),
    ] {
        let crop = raster(image::imageops::crop_imm(&picture, x, y, width, height).to_image());
        check(&format!("crop {x} {y}"), &crop, &notice, &lines, 1.0);
    }
}

#[test]
fn the_signed_place_is_measured() {
    for (width, height, percent) in
        [(64, 64, 100), (150, 400, 100), (1024, 768, 50), (1024, 768, 100), (3000, 2000, 25)]
    {
        let notice = draw(&Policy::kazakhstan(), Extent::Modified, Size { width, height });
        let picture = jpeg(&reduced(&shown(&notice, Background::Noise), percent), 50);
        let part = |value: u32| value * percent / 100;
        let rect = Rect {
            x: part(notice.rect.x),
            y: part(notice.rect.y),
            width: part(notice.rect.width),
            height: part(notice.rect.height),
        };
        let name = format!("{width} × {height} at {percent} %");
        let sighting = measure(&picture, rect, &notice.lines).expect(&name);
        assert_eq!(sighting.lines, notice.lines, "{name}");
        assert_eq!(sighting.languages, [Language::Kk, Language::Ru], "{name}");
        assert_eq!(sighting.extent, Some(Extent::Modified), "{name}");
        let cap = f64::from(notice.cap_height * percent) / 100.0;
        assert!((sighting.cap_height - cap).abs() < (cap * 0.03).max(0.4), "{name}: {} for {cap}", sighting.cap_height);
        let empty = Background::Noise.fill(picture.size);
        assert!(measure(&empty, rect, &notice.lines).is_none(), "{name}");
        let other =
            draw(&Policy::of(Profile::Eu), Extent::Generated, Size { width: width.max(300), height: height.max(300) });
        let other = shown(&other, Background::Noise);
        let rect = Rect { x: 0, y: 0, width: other.size.width, height: other.size.height };
        assert!(measure(&other, rect, &notice.lines).is_none(), "{name}: another wording");
    }
}

#[test]
fn photos_carry_a_notice_through_jpeg_and_reduction() {
    let names = ["IMG_0003.jpg", "P1000827.jpg", "earth_apollo17.jpg", "no_manifest.jpg", "mars.webp", "sample1.png"];
    for name in names {
        let Some(mut picture) = photo(&format!("unlabelled/{name}")) else { return };
        assert!(search(&picture, &[]).is_empty(), "{name} before");
        let policy = Policy::kazakhstan();
        let notice = draw(&policy, Extent::Generated, picture.size);
        let lines = policy.plan(&Disclosure::generated("A"), Medium::Image).wording.lines;
        if notice.strip > 0 {
            continue;
        }
        stamp(&mut picture, &notice);
        check(name, &picture, &notice, &lines, 1.0);
        check(&format!("{name} q40"), &jpeg(&picture, 40), &notice, &lines, 1.0);
        check(&format!("{name} half"), &jpeg(&reduced(&picture, 50), 75), &notice, &lines, 0.5);
    }
}

#[test]
fn pictures_without_a_notice_show_none() {
    let Some(folder) = std::env::var_os("TANBA_CORPUS") else { return };
    let mut seen = 0;
    for part in ["unlabelled", "wild", "labelled"] {
        for entry in std::fs::read_dir(std::path::Path::new(&folder).join(part)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(image) = image::open(&path) else { continue };
            let found = search(&raster(image.into_rgb8()), &[]);
            assert!(found.is_empty(), "{}: {found:#?}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 25, "{seen} pictures");
}

#[test]
fn other_words_on_plates_are_not_read_as_a_notice() {
    let words = [
        "AI",
        "Created by John",
        "AI GENERATOR",
        "AI OPERATED",
        "SAMPLE TEXT",
        "Создано мной",
        "ЖИ көмегі",
        "Generado por Ana",
        "KI-generation",
        "AI人生",
        "INTELLIGENCE",
        "AI-ASSISTED",
        "Сделано без ИИ",
    ];
    for text in words {
        let policy = Policy::kazakhstan().wording([text]).unwrap();
        let notice = draw(&policy, Extent::Generated, Size { width: 800, height: 600 });
        for background in [Background::Gradient, Background::Black] {
            let found = search(&shown(&notice, background), &[]);
            assert!(found.is_empty(), "{text}: {found:#?}");
        }
        let found = search(&shown(&notice, Background::Gradient), &[text.to_owned()]);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].lines, [text]);
    }
    for background in Background::ALL {
        assert!(search(&background.fill(Size { width: 700, height: 500 }), &[]).is_empty(), "{background:?}");
    }
}
