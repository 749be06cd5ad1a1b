//! Notices as pictures that people can look at, compared pixel by pixel. `TANBA_BLESS=1` writes them anew.

use super::{
    Artist, Notice,
    testing::{Background, shown},
};
use crate::{
    Extent, Medium, Place, Profile,
    geometry::Size,
    policy::{Disclosure, NoticeStyle, Policy},
};

fn draw(policy: &Policy, extent: Extent, width: u32, height: u32) -> Notice {
    let disclosure = match extent {
        Extent::Generated => Disclosure::generated("Acme Diffusion"),
        Extent::Modified => Disclosure::modified("Acme Diffusion"),
    };
    Artist::new().draw(&policy.plan(&disclosure, Medium::Image), Size { width, height }).unwrap()
}

fn languages(tags: &[&str]) -> Policy {
    Policy::kazakhstan().languages(tags).unwrap()
}

fn styled(profile: Profile, style: NoticeStyle) -> Policy {
    Policy::of(profile).notice_style(style).unwrap()
}

#[test]
fn notices_look_as_they_did() {
    use Extent::{Generated, Modified};
    let band = NoticeStyle { place: Place::BottomBand, ..NoticeStyle::default() };
    let blue = NoticeStyle {
        place: Place::TopLeft,
        plate: [0, 46, 110],
        text: [255, 214, 0],
        cap_height: 0.08,
        ..NoticeStyle::default()
    };
    let cases = [
        ("kz", Policy::kazakhstan(), Generated, (600, 400), Background::Gradient),
        ("kz-modified", Policy::kazakhstan(), Modified, (480, 480), Background::Noise),
        ("kz-strip-64", Policy::kazakhstan(), Generated, (64, 64), Background::Noise),
        ("kz-strip-200x150", Policy::kazakhstan(), Generated, (200, 150), Background::Checker),
        ("kz-small", Policy::kazakhstan(), Generated, (200, 300), Background::Noise),
        ("eu", Policy::of(Profile::Eu), Generated, (480, 320), Background::Gradient),
        ("cn", Policy::of(Profile::Cn), Generated, (480, 320), Background::Checker),
        ("in", Policy::of(Profile::In), Generated, (600, 400), Background::Gradient),
        ("kr", Policy::of(Profile::Kr), Modified, (480, 320), Background::Noise),
        ("ar", languages(&["ar"]), Generated, (600, 400), Background::Noise),
        ("ja", languages(&["ja"]), Modified, (480, 320), Background::Gradient),
        ("hi", languages(&["hi"]), Modified, (600, 400), Background::Checker),
        ("uk-ar", languages(&["uk", "ar"]), Modified, (200, 400), Background::Checker),
        ("band", styled(Profile::Kz, band), Generated, (600, 400), Background::Checker),
        ("style", styled(Profile::Eu, blue), Generated, (480, 320), Background::Noise),
    ];
    for (name, policy, extent, (width, height), background) in cases {
        let notice = draw(&policy, extent, width, height);
        let picture = shown(&notice, background);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/golden/notice-{name}.png"));
        let image = image::RgbImage::from_raw(picture.size.width, picture.size.height, picture.rgb).unwrap();
        if std::env::var_os("TANBA_BLESS").is_some() {
            image.save(&path).unwrap();
        }
        let golden = image::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).into_rgb8();
        assert!(golden == image, "{name}: not as in {}; look at it, then TANBA_BLESS=1", path.display());
    }
}
