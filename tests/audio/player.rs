//! A browser plays what was labelled.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    process::Command,
    time::{Duration, Instant},
};

use tanba::Format;

use crate::{
    common::skip,
    judges::{probed, seconds},
    label, samples,
};

/// Plays each file from its start and from near its end, and tells the port how that went.
const PAGE: &str = r#"<!doctype html><script>
const tell = text => new Image().src = "http://127.0.0.1:PORT/?" + encodeURIComponent(text);
async function play(name) {
    const sound = new Audio(name);
    sound.muted = true;
    const ended = new Promise((done, failed) => {
        sound.onended = () => done();
        sound.onerror = () => failed(sound.error.message);
        setTimeout(() => failed("timeout at " + sound.currentTime), 40000);
    });
    sound.playbackRate = 16;
    await sound.play();
    await ended;
    const all = sound.currentTime, said = sound.duration;
    const seek = to => new Promise((done, failed) => {
        sound.onseeked = () => done(sound.currentTime);
        sound.currentTime = to;
        setTimeout(() => failed("no seeking to " + to), 20000);
    });
    const middle = await seek(said / 2), late = await seek(said - 2);
    await new Promise((done, failed) => {
        sound.onended = () => done();
        sound.playbackRate = 4;
        sound.play();
        setTimeout(() => failed("no end after seeking"), 20000);
    });
    return [all, said, middle, late, sound.currentTime].map(time => time.toFixed(3)).join("/");
}
(async () => { for (const name of NAMES) await play(name).then(how => tell(name + " ended " + how), why => tell(name + " failed " + why)); })();
</script>"#;

#[test]
fn chromium_plays_each_to_its_end_and_seeks() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    let mut formats = Vec::new();
    for (path, format) in samples(folder.path()) {
        let name = format!("labelled-{}", path.file_name().unwrap().to_str().unwrap());
        fs::write(folder.path().join(&name), label(&fs::read(&path).unwrap()).unwrap().0).unwrap();
        names.push(name);
        formats.push(format);
    }
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    let Some(browser) = browsers.into_iter().find(there).filter(|_| !names.is_empty()) else {
        skip("chromium");
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let page = folder.path().join("page.html");
    let text = PAGE.replace("PORT", &listener.local_addr().unwrap().port().to_string());
    fs::write(&page, text.replace("NAMES", &serde_json::to_string(&names).unwrap())).unwrap();
    let mut child = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", page.display()))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    let mut told = Vec::new();
    while told.len() < names.len() && started.elapsed() < Duration::from_secs(240) {
        let Ok((mut stream, _)) = listener.accept() else {
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        stream.set_nonblocking(false).unwrap();
        let mut request = [0; 2048];
        let len = stream.read(&mut request).unwrap_or(0);
        let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        let line = String::from_utf8_lossy(&request[..len]).lines().next().unwrap_or_default().to_owned();
        if line.contains("/?") {
            told.push(line);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(told.len(), names.len(), "{told:#?}");
    let mut wrong = Vec::new();
    for (name, format) in names.iter().zip(formats) {
        let mark = format!("/?{name}%20ended%20");
        let times = told.iter().find_map(|line| line.split_once(&mark)).map(|(_, rest)| rest.split_whitespace().next());
        let Some(Some(times)) = times else {
            wrong.push(format!("{name} was not played: {told:#?}"));
            continue;
        };
        let times: Vec<f64> = times.replace("%2F", "/").split('/').map(|time| time.parse().unwrap()).collect();
        let [ended, duration, middle, late, again] = times[..] else { panic!("{times:?}") };
        let real = seconds(&probed(&folder.path().join(name)));
        let near = |a: f64, b: f64| (a - b).abs() < 0.1;
        // How long bare frames last is guessed from the first of them, by both.
        if !near(duration, real) && format != Format::Aac {
            wrong.push(format!("{name} lasts {duration} s, ffprobe says {real}"));
        }
        if !near(ended, duration) || !near(again, duration) {
            wrong.push(format!("{name} ends at {ended} and {again} s, and lasts {duration}"));
        }
        if !near(middle, duration / 2.0) || !near(late, duration - 2.0) {
            wrong.push(format!("{name}: seeking went to {middle} and {late} s of {duration}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
