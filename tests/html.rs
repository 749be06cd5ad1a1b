//! The page of `verify --html`: whole, quiet, and deaf to what files say.

mod common;

use std::{
    fs,
    io::Cursor,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use common::{anchors, fixture, labeler, skip, tanba};
use serde_json::json;
use tanba::{HtmlReport, Report, ReportLanguage, Verifier};

/// What an attacker writes into every field that he can reach; `PORT` is where he listens.
const EVIL: &str = "\"><script>document.title='owned'</script><img src=http://127.0.0.1:PORT/x onerror=alert(1)>\
                    \u{202e}gpj.exe\u{1b}[31m</title></style><style>@import 'http://127.0.0.1:PORT/y';</style>";

/// A labelled picture with its report and thumbnail.
fn labelled() -> (Report, Option<tanba::Thumbnail>) {
    let mut labelled = Cursor::new(Vec::new());
    let mut photo = Cursor::new(fs::read(fixture("photo.jpg")).unwrap());
    labeler().label(&mut photo, &mut labelled).unwrap();
    let verifier = Verifier::new().anchors(anchors());
    let report = verifier.verify(&mut labelled).unwrap();
    (report, verifier.thumbnail(&mut labelled, HtmlReport::THUMBNAIL).unwrap())
}

/// A report in which every text is the attacker's.
fn evil(evil: &str) -> Report {
    let (report, _) = labelled();
    let mut json = serde_json::to_value(report).unwrap();
    json["media_type"] = evil.into();
    json["not_examined"] = json!([evil]);
    json["provenance"]["system"] = evil.into();
    json["profile"] = json!({ "profile": "kz", "rules": [{
        "id": evil, "rule": evil, "source": evil, "mark": "E", "outcome": "warn", "wanted": evil, "measured": evil,
    }] });
    for finding in json["findings"].as_array_mut().unwrap() {
        for field in ["text", "value", "place", "system"] {
            finding[field] = evil.into();
        }
    }
    for notice in json["notices"].as_array_mut().unwrap() {
        notice["lines"] = json!([evil, evil]);
    }
    let manifest = json["manifest"].as_object_mut().unwrap();
    for field in ["label", "claim_generator", "signer", "issuer", "algorithm", "stamped", "trusted_by", "system"] {
        manifest[field] = evil.into();
    }
    manifest["failures"] = json!([evil]);
    for link in manifest["chain"].as_array_mut().unwrap() {
        for field in ["label", "title", "claim_generator", "signer"] {
            link[field] = evil.into();
        }
        for action in link["actions"].as_array_mut().unwrap() {
            for field in ["action", "source_type", "agent", "when"] {
                action[field] = evil.into();
            }
        }
    }
    serde_json::from_value(json).unwrap()
}

fn page(language: ReportLanguage, port: u16) -> String {
    let evil_text = EVIL.replace("PORT", &port.to_string());
    let (report, thumbnail) = labelled();
    let mut page = HtmlReport::new(language);
    page.add("photo.jpg", &report, thumbnail.as_ref()).add(&evil_text, &evil(&evil_text), thumbnail.as_ref());
    page.add_unexamined(&evil_text, &evil_text).render()
}

/// The tags of a page, as they stand there.
fn tags(page: &str) -> Vec<&str> {
    let body = page.split_once("</style>").unwrap().1;
    body.split('<').skip(1).map(|rest| rest.split_once('>').expect("an open tag").0).collect()
}

#[test]
fn what_files_say_is_text_and_nothing_else() {
    for language in ReportLanguage::ALL {
        let page = page(*language, 9);
        let mut seen = 0;
        for tag in tags(&page) {
            let name = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
            assert!(!["script", "iframe", "object", "link", "base", "form", "style"].contains(&name), "<{tag}>");
            for (attribute, rest) in ["src=\"", "href=\""].iter().flat_map(|name| tag.match_indices(name)) {
                let target = &tag[attribute + rest.len()..];
                assert!(target.starts_with("data:image/jpeg;base64,") || target.starts_with('#'), "<{tag}>");
                seen += 1;
            }
            assert!(!tag.contains(" on") && !tag.contains("url("), "<{tag}>");
        }
        assert!(seen > 5, "{seen} addresses");
        assert!(!page.contains(['\u{202e}', '\u{1b}']));
        assert!(page.contains(r"\u{202e}gpj.exe\u{1b}[31m"), "what acts is shown");
        assert_eq!(page.matches("</html>").count(), 1);
        assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
    }
}

#[test]
fn a_style_sheet_of_enough_contrast() {
    let css = include_str!("../src/report/html/style.css");
    let mut themes = 0;
    for theme in css.split(":root {").skip(1) {
        let variables = theme.split_once('}').unwrap().0;
        let colour = |name: &str| {
            let (_, value) = variables.split_once(&format!("--{name}: #")).unwrap_or_else(|| panic!("{name}"));
            let byte = |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap()) / 255.0;
            let linear = |v: f64| if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055_f64).powf(2.4) };
            0.2126 * linear(byte(0)) + 0.7152 * linear(byte(2)) + 0.0722 * linear(byte(4))
        };
        let pairs = [
            ("ink", "paper"),
            ("ink", "soft"),
            ("quiet", "paper"),
            ("quiet", "soft"),
            ("link", "paper"),
            ("proven", "proven-soft"),
            ("proven", "paper"),
            ("declared", "declared-soft"),
            ("declared", "paper"),
            ("broken", "broken-soft"),
            ("broken", "paper"),
            ("broken", "soft"),
            ("none", "none-soft"),
            ("good", "paper"),
        ];
        for (text, ground) in pairs {
            let (a, b) = (colour(text), colour(ground));
            let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
            // WCAG 2.2, 1.4.3 (AA).
            assert!(contrast >= 4.5, "{text} on {ground}: {contrast:.2}");
        }
        themes += 1;
    }
    assert_eq!(themes, 3, "light, dark, print");
    assert!(!css.contains("http") && !css.contains("url(") && !css.contains("@import"));
}

fn chromium(folder: &Path, arguments: &[&str], page: &Path) -> Option<Output> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    let Some(browser) = names.into_iter().find(there) else {
        skip("chromium");
        return None;
    };
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", &profile]);
    Some(command.args(arguments).arg(format!("file://{}", page.display())).output().unwrap())
}

#[test]
fn chromium_shows_it_without_a_word_and_without_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let path = folder.path().join("page.html");
    fs::write(&path, page(ReportLanguage::Kk, listener.local_addr().unwrap().port())).unwrap();
    let Some(output) = chromium(folder.path(), &["--dump-dom"], &path) else { return };
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!errors.contains("CONSOLE"), "{errors}");
    assert!(dom.contains("ЖИ жасаған: дәлелденген") && dom.contains("тексеру мүмкін болмады"), "{dom}");
    assert!(dom.contains("&lt;script&gt;") && !dom.contains("<script") && !dom.contains("owned'</script"));
    let title = dom.split_once("<title>").unwrap().1.split_once("</title>").unwrap().0;
    assert_eq!(title, "ЖИ таңбалары туралы есеп");
    assert_eq!(dom.matches("<img").count(), 2, "the thumbnails");
    assert!(listener.accept().is_err(), "something was fetched");

    // At the widths of a phone and of a desk, something is drawn, and nothing reaches beyond the right edge.
    for width in [500, 1280] {
        let picture = folder.path().join("page.png");
        let (shot, size) = (format!("--screenshot={}", picture.display()), format!("--window-size={width},1200"));
        chromium(folder.path(), &["--hide-scrollbars", &shot, &size], &path).unwrap();
        let picture = image::open(&picture).unwrap().into_rgb8();
        let colours: std::collections::BTreeSet<_> = picture.pixels().map(|pixel| pixel.0).collect();
        assert!(colours.len() > 100, "{} colours", colours.len());
        let edge = picture.width() - 2;
        let paper = picture.get_pixel(edge, 0);
        assert!((0..picture.height()).all(|y| picture.get_pixel(edge, y) == paper), "something is cut off at {width}");
    }
}

/// A folder to work in, and what `verify` says in it.
fn verify(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = tanba(&folder.join("config")).current_dir(folder).arg("verify").args(arguments).output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(printed).unwrap())
}

#[test]
fn the_command_writes_the_page_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { folder.path().join(name) };
    for name in ["tiny.png", "drawing.svg"] {
        fs::copy(fixture(name), path(name)).unwrap();
    }
    let before = fs::read(path("tiny.png")).unwrap();
    let (code, printed) =
        verify(folder.path(), &["tiny.png", "missing.png", "drawing.svg", "--html", "a.html", "--lang", "ru"]);
    assert_eq!(code, 13, "{printed}");
    assert!(printed.contains("метка ИИ не найдена") && printed.contains("такого файла нет"), "{printed}");
    let html = fs::read_to_string(path("a.html")).unwrap();
    assert_eq!(html.matches("<section class=\"file\"").count(), 3);
    assert_eq!(html.matches("<img ").count(), 2);
    assert!(html.contains("такого файла нет") && html.contains("<html lang=\"ru\">"));
    // Not over a file that is there, never over what is examined.
    assert_eq!(verify(folder.path(), &["tiny.png", "--html", "a.html"]).0, 2);
    assert_eq!(verify(folder.path(), &["tiny.png", "--html", "./tiny.png", "--force"]).0, 2);
    assert_eq!(fs::read(path("tiny.png")).unwrap(), before);
    assert_eq!(fs::read_to_string(path("a.html")).unwrap(), html);
    assert_eq!(verify(folder.path(), &["tiny.png", "--quiet", "--html", "a.html", "--force"]), (12, String::new()));
    assert!(fs::read_to_string(path("a.html")).unwrap().contains("<html lang=\"en\">"));
    assert_eq!(verify(folder.path(), &["tiny.png", "--html", "no/such/folder.html"]).0, 6);
    assert_eq!(verify(folder.path(), &["tiny.png", "--lang", "fr"]).0, 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left behind");
}
