//! Files of any size in bounded memory. They are gigabytes of zeros with something at both ends, held as the pages that are not zero.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    collections::BTreeMap,
    fs,
    io::{self, Read, Seek, SeekFrom, Write},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use std::process::Command;

use common::{anchors, fixture, labeler, skip};
use tanba::{Binding, Headline, Signature, SignerStanding, Verifier};

/// Counts what all threads have allocated, and its peak.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

const MIB: usize = 1 << 20;
const GIB: u64 = 1 << 30;

/// One test at a time: the counters are everybody's.
static TURN: Mutex<()> = Mutex::new(());

/// Runs one step and says how much more memory than before it took at most.
fn bounded<T>(what: &str, step: impl FnOnce() -> T) -> T {
    within(64 * MIB, what, step)
}

fn within<T>(most: usize, what: &str, step: impl FnOnce() -> T) -> T {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = step();
    let peak = PEAK.load(Relaxed).saturating_sub(before);
    assert!(peak <= most, "{what}: {} KiB of {}", peak >> 10, most >> 10);
    result
}

const PAGE: usize = 64 * 1024;

/// A file in memory that costs only what is not zero in it.
#[derive(Clone, Default)]
struct Sparse {
    pages: BTreeMap<u64, Vec<u8>>,
    len: u64,
    at: u64,
}

impl Sparse {
    fn put(&mut self, at: u64, bytes: &[u8]) {
        self.at = at;
        self.write_all(bytes).unwrap();
    }

    fn flip(&mut self, at: u64) {
        let mut byte = [0];
        self.at = at;
        self.read_exact(&mut byte).unwrap();
        self.put(at, &[byte[0] ^ 1]);
    }

    /// Page, place in it, and bytes up to its end.
    fn spot(&self) -> (u64, usize, usize) {
        let within = usize::try_from(self.at % PAGE as u64).unwrap();
        (self.at / PAGE as u64, within, PAGE - within)
    }
}

impl Read for Sparse {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (page, within, room) = self.spot();
        let left = usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let count = buffer.len().min(room).min(left);
        match self.pages.get(&page) {
            Some(bytes) => buffer[..count].copy_from_slice(&bytes[within..within + count]),
            None => buffer[..count].fill(0),
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Write for Sparse {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        static ZEROS: [u8; PAGE] = [0; PAGE];
        let (page, within, room) = self.spot();
        let bytes = &bytes[..bytes.len().min(room)];
        if bytes != &ZEROS[..bytes.len()] || self.pages.contains_key(&page) {
            let known = self.pages.entry(page).or_insert_with(|| vec![0; PAGE]);
            known[within..within + bytes.len()].copy_from_slice(bytes);
        }
        self.at += bytes.len() as u64;
        self.len = self.len.max(self.at);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Labels, verifies, flips a byte `from_end`, verifies, labels again, verifies; each within its bounds.
fn live(mut file: Sparse, from_end: u64) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    // Pictures are not decoded: that is bounded by their pixels, and tested elsewhere.
    let verifier = Verifier::new().anchors(anchors()).look_for_notice(false);
    let label = |what: &str, file: &mut Sparse| {
        let mut sink = Sparse::default();
        let receipt = bounded(what, || labeler().label(file, &mut sink)).unwrap();
        assert!(receipt.manifest && receipt.bytes > GIB, "{receipt:#?}");
        sink
    };
    let mut labelled = label("labelling", &mut file);
    let verify = |what: &str, file: &mut Sparse| bounded(what, || verifier.verify(file)).unwrap();
    let report = verify("verifying", &mut labelled);
    assert_eq!(
        (report.binding, report.signature, report.signer),
        (Binding::Intact, Signature::Ok, SignerStanding::Trusted),
        "{:#?}",
        report.findings
    );
    let far = labelled.len - from_end;
    labelled.flip(far);
    assert_eq!(verify("verifying what was changed", &mut labelled).binding, Binding::Broken);
    labelled.flip(far);
    let mut again = label("labelling again", &mut labelled);
    let report = verify("verifying what was labelled twice", &mut again);
    assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok), "{:#?}", report.findings);
    let manifest = report.manifest.unwrap();
    assert_eq!(manifest.manifests, 2);
    assert!(manifest.failures.is_empty(), "{:?}", manifest.failures);
}

#[test]
fn a_png_with_a_private_chunk_of_a_gigabyte() {
    let png = fs::read(fixture("tiny.png")).unwrap();
    let mut file = Sparse::default();
    let iend = png.len() - 12;
    file.put(0, &png[..iend]);
    let len = u32::try_from(GIB).unwrap();
    file.put(iend as u64, &[&len.to_be_bytes()[..], b"teSt"].concat());
    // Nobody checks the sum of a chunk that nobody knows.
    file.put(iend as u64 + 12 + GIB, &png[iend..]);
    live(file, 1000);
}

#[test]
fn a_heic_with_media_data_of_a_gigabyte() {
    let heic = fs::read(fixture("tiny.heic")).unwrap();
    let mut file = Sparse::default();
    file.put(0, &heic);
    file.put(heic.len() as u64, &[&[0, 0, 0, 1][..], b"mdat", &(16 + GIB).to_be_bytes()].concat());
    file.put(heic.len() as u64 + 15 + GIB, &[7]);
    live(file, 1);
}

/// What others signed, with two gigabytes of silence or emptiness put in: read to its end, and found to be changed.
#[test]
fn sound_and_film_of_two_gigabytes() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let verifier = Verifier::new();
    let long = 2 * GIB;
    let mut wav = Sparse::default();
    let mut bytes = fs::read(fixture("av/signed.wav")).unwrap();
    let size = u32::try_from(bytes.len() as u64 + long).unwrap();
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    wav.put(0, &bytes);
    wav.put(bytes.len() as u64, &[&b"JUNK"[..], &u32::try_from(long).unwrap().to_le_bytes()].concat());
    wav.put(bytes.len() as u64 + 7 + long, &[1]);
    let mut film = Sparse::default();
    let bytes = fs::read(fixture("av/signed.mp4")).unwrap();
    film.put(0, &bytes);
    film.put(bytes.len() as u64, &[&[0, 0, 0, 1][..], b"mdat", &(16 + long).to_be_bytes()].concat());
    film.put(bytes.len() as u64 + 15 + long, &[7]);
    for (name, mut file) in [("WAV", wav), ("MP4", film)] {
        let report = bounded(name, || verifier.verify(&mut file)).unwrap();
        assert_eq!(
            (report.binding, report.signature),
            (Binding::Broken, Signature::Ok),
            "{name}: {:#?}",
            report.findings
        );
        assert!(report.bytes > long);
    }
}

#[test]
fn a_wav_of_a_gigabyte() {
    let mut file = Sparse::default();
    let len = u32::try_from(GIB).unwrap();
    let fmt = [&[1, 0, 2, 0][..], &48_000_u32.to_le_bytes(), &192_000_u32.to_le_bytes(), &[4, 0, 16, 0]].concat();
    let head =
        [&b"RIFF"[..], &(len + 36).to_le_bytes(), b"WAVEfmt ", &[16, 0, 0, 0], &fmt, b"data", &len.to_le_bytes()];
    file.put(0, &head.concat());
    file.put(43 + GIB, &[1]);
    // Behind the samples stand the record and the manifest, which a flipped byte must not hit.
    live(file, GIB / 2);
}

/// Three hours of each format whose frames are walked one by one: the notice is put in front, and the rest is copied.
#[test]
fn recordings_of_three_hours() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let ffmpeg = |arguments: &[&str], name: &str| {
        let output =
            Command::new("ffmpeg").args(["-y", "-v", "error"]).args(arguments).arg(path(name)).output().ok()?;
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        Some(())
    };
    let tone = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=16000:duration=10"];
    let formats: [(&str, &[&str]); 5] = [
        ("a.mp3", &["-c:a", "libmp3lame", "-b:a", "32k", "-write_xing", "0"]),
        ("a.aac", &["-c:a", "aac", "-b:a", "24k"]),
        ("a.m4a", &["-c:a", "aac", "-b:a", "24k"]),
        ("a.opus", &["-c:a", "libopus", "-b:a", "16k"]),
        ("a.flac", &["-c:a", "flac"]),
    ];
    for (name, encoding) in formats {
        let (once, long) = (format!("once-{name}"), path(name));
        let Some(()) = ffmpeg(&[&tone[..], encoding].concat(), &once) else { return skip("ffmpeg") };
        // Frames are copied where they may be; those of FLAC are numbered.
        let codec: &[&str] = if name.ends_with("flac") { encoding } else { &["-c", "copy"] };
        let once = path(&once);
        ffmpeg(&[&["-stream_loop", "1079", "-i", once.to_str().unwrap()], codec].concat(), name).unwrap();
        let mut sink =
            fs::File::options().read(true).write(true).create(true).truncate(true).open(path("labelled")).unwrap();
        let mut source = fs::File::open(&long).unwrap();
        let receipt = bounded(&format!("labelling {name}"), || labeler().label(&mut source, &mut sink)).unwrap();
        assert!(receipt.is_complete(), "{name}: {receipt:#?}");
        let verifier = Verifier::new().anchors(anchors());
        let report = bounded(&format!("verifying {name}"), || match &receipt.sidecar {
            Some(store) => verifier.verify_with_manifest(&mut sink, store),
            None => verifier.verify(&mut sink),
        });
        let report = report.unwrap();
        assert_eq!(report.headline, Headline::AiMadeProven, "{name}: {:#?}", report.findings);
        // FLAC has it every ten minutes.
        let spans = receipt.heard.as_ref().unwrap().spans.len();
        assert_eq!(
            (spans, report.heard.len()),
            if name == "a.flac" { (18, 16) } else { (1, 1) },
            "{name}: {report:#?}"
        );
        assert_eq!(report.not_examined.iter().any(|it| it.contains("heard 18 times")), spans == 18, "{report:#?}");
        let longer = receipt.bytes - fs::metadata(&long).unwrap().len();
        assert!(longer < (spans as u64) << 20, "{name}: {longer} bytes more");
        fs::remove_file(long).unwrap();
    }
}

/// A film of four gigabytes: only its movie box is held. Its media data begins so late that the card pushes it over what 32 bits can
/// say.
#[test]
fn a_film_of_four_gigabytes_gets_its_card() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = fs::read(fixture("film/standing.mp4")).unwrap();
    let find = |bytes: &[u8], kind: &[u8; 4]| bytes.windows(4).position(|four| four == kind).unwrap();
    let number = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (data, table) = (find(&bytes, b"mdat") - 4, find(&bytes, b"stco"));
    let gap = u32::MAX - 6000;
    let mut head = bytes[..data].to_vec();
    for chunk in 0..number(&bytes, table + 8) as usize {
        let at = table + 12 + chunk * 4;
        let new = number(&bytes, at).checked_add(gap).unwrap();
        head[at..at + 4].copy_from_slice(&new.to_be_bytes());
    }
    head.extend([&gap.to_be_bytes()[..], b"free"].concat());
    let mut film = Sparse::default();
    film.put(0, &head);
    film.put(data as u64 + u64::from(gap), &bytes[data..]);
    let labeler = labeler();
    let mut result = Sparse::default();
    let receipt = bounded("labelling a film", || labeler.label(&mut film, &mut result)).unwrap();
    assert!(receipt.is_complete() && receipt.bytes > 4 * GIB - 6000);
    let verifier = Verifier::new().anchors(anchors());
    let report = bounded("verifying a film", || verifier.verify(&mut result)).unwrap();
    let axes = (report.binding, report.signature, report.signer);
    assert_eq!(axes, (Binding::Intact, Signature::Ok, SignerStanding::Trusted));
    assert!(report.notices.iter().any(|notice| notice.signed_place));
    // The second chunk is the film's first, behind four gigabytes.
    let mut front = vec![0; 64 * 1024];
    result.seek(SeekFrom::Start(0)).unwrap();
    result.read_exact(&mut front).unwrap();
    let wide = find(&front, b"co64") + 12 + 8;
    let place = u64::from_be_bytes(front[wide..wide + 8].try_into().unwrap());
    assert!(place > u64::from(u32::MAX), "{place}");
    let first = number(&bytes, table + 12) as usize;
    let mut there = [0; 64];
    result.seek(SeekFrom::Start(place)).unwrap();
    result.read_exact(&mut there).unwrap();
    assert_eq!(there, bytes[first..first + 64]);
}

/// Where the tables of the film's one track are long: samples without bytes, each in a chunk of its own at the end of the film.
fn longer(boxes: &[u8], samples: u32, end: u32) -> Vec<u8> {
    let (mut out, mut at) = (Vec::new(), 0);
    while at < boxes.len() {
        let len = u32::from_be_bytes(boxes[at..at + 4].try_into().unwrap()) as usize;
        let (kind, content) = (&boxes[at + 4..at + 8], &boxes[at + 8..at + len]);
        let number = |at: usize| u32::from_be_bytes(content[at..at + 4].try_into().unwrap());
        // A table with its count at `count` raised by `more`, and these bytes behind it.
        let table = |count: usize, more: u32, tail: &[u8]| {
            let new = number(count) + more;
            [&content[..count], &new.to_be_bytes(), &content[count + 4..], tail].concat()
        };
        let content = match kind {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" => longer(content, samples, end),
            b"stts" => table(4, 1, &[samples, number(12)].map(u32::to_be_bytes).concat()),
            b"stsz" => table(8, samples, &vec![0; samples as usize * 4]),
            b"stsc" => table(4, 1, &[2_u32, 1, 1].map(u32::to_be_bytes).concat()),
            b"stco" => table(4, samples, &end.to_be_bytes().repeat(samples as usize)),
            _ => content.to_vec(),
        };
        out.extend([&(content.len() as u32 + 8).to_be_bytes()[..], kind, &content].concat());
        at += len;
    }
    out
}

/// A movie box of 20 MB, as a film of days has: the old and the new one are held while it is labelled, its tables and those of the
/// decoder that listens to it while it is verified.
#[test]
fn a_film_with_a_long_movie_box_gets_its_card() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = fs::read(fixture("film/standing.mp4")).unwrap();
    let find = |bytes: &[u8], kind: &[u8; 4]| bytes.windows(4).position(|four| four == kind).unwrap();
    let number = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    const MORE: u32 = 2_600_000;
    let far = longer(&bytes, MORE, 0);
    // The media data stands behind the movie box.
    let (grown, end) = (far.len() - bytes.len(), far.len() as u32);
    let mut film = longer(&bytes, MORE, end);
    let first = find(&film, b"stco") + 12;
    let place = number(&film, first) + u32::try_from(grown).unwrap();
    film[first..first + 4].copy_from_slice(&place.to_be_bytes());
    let moov = find(&film, b"moov") - 4;
    let moov = number(&film, moov) as usize;
    assert!(moov > 20_000_000, "{moov}");
    let folder = tempfile::tempdir().unwrap();
    let sink = folder.path().join("labelled.mp4");
    let mut sink = fs::File::options().read(true).write(true).create_new(true).open(sink).unwrap();
    let mut source = io::Cursor::new(&film);
    let labeler = labeler();
    let receipt = within(2 * moov + 8 * MIB, "labelling", || labeler.label(&mut source, &mut sink)).unwrap();
    assert!(receipt.is_complete() && receipt.notice.is_some(), "{receipt:#?}");
    let verifier = Verifier::new().anchors(anchors());
    let report = within(2 * moov + 8 * MIB, "verifying", || verifier.verify(&mut sink)).unwrap();
    assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok), "{:#?}", report.findings);
    assert!(report.notices.iter().any(|notice| notice.signed_place));
    // Every place moved with the film: the last of those that were put in is its end.
    sink.rewind().unwrap();
    let mut labelled = Vec::new();
    sink.read_to_end(&mut labelled).unwrap();
    let table = find(&labelled, b"stco");
    let count = number(&labelled, table + 8);
    assert_eq!(count, number(&film, find(&film, b"stco") + 8) + 1);
    assert_eq!(number(&labelled, table + 8 + count as usize * 4) as usize, labelled.len());
}

/// Where an offset needs 64 bits only behind the card, and what is put in front stands near the start.
#[test]
fn a_film_whose_media_data_is_four_gigabytes_gets_its_card() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = fs::read(fixture("film/standing.mp4")).unwrap();
    let find = |bytes: &[u8], kind: &[u8; 4]| bytes.windows(4).position(|four| four == kind).unwrap();
    let number = |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let (data, table) = (find(&bytes, b"mdat") - 4, find(&bytes, b"stco"));
    let gap = u32::MAX - 6000;
    let mut head = bytes[..data + 8].to_vec();
    let places = number(&bytes, table + 8) as usize;
    for at in (0..places).map(|chunk| table + 12 + chunk * 4).chain([data]) {
        let new = number(&bytes, at).checked_add(gap).unwrap();
        head[at..at + 4].copy_from_slice(&new.to_be_bytes());
    }
    let mut film = Sparse::default();
    film.put(0, &head);
    film.put(data as u64 + 8 + u64::from(gap), &bytes[data + 8..]);
    let mut result = Sparse::default();
    let receipt = bounded("labelling a film", || labeler().label(&mut film, &mut result)).unwrap();
    assert!(receipt.is_complete(), "{receipt:#?}");
    let report = bounded("verifying a film", || Verifier::new().anchors(anchors()).verify(&mut result)).unwrap();
    assert_eq!((report.binding, report.signature), (Binding::Intact, Signature::Ok));
    assert!(report.notices.iter().any(|notice| notice.signed_place) && !report.written.is_empty(), "{report:#?}");
    let mut front = vec![0; 64 * 1024];
    result.seek(SeekFrom::Start(0)).unwrap();
    result.read_exact(&mut front).unwrap();
    let wide = find(&front, b"co64") + 12 + 8;
    let place = u64::from_be_bytes(front[wide..wide + 8].try_into().unwrap());
    assert!(place > u64::from(u32::MAX), "{place}");
}

/// A card of the largest films: twelve megabytes of planes, drawn once.
#[test]
fn a_film_of_4k_gets_its_card() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.mp4");
    let made = ["-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=3840x2160:rate=25", "-frames:v", "2"];
    let coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"];
    let Ok(output) = Command::new("ffmpeg").args(made).args(coded).arg(&path).output() else { return skip("ffmpeg") };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut source = fs::File::open(&path).unwrap();
    let mut sink =
        fs::File::options().read(true).write(true).create_new(true).open(folder.path().join("labelled.mp4")).unwrap();
    let receipt = bounded("labelling", || labeler().label(&mut source, &mut sink)).unwrap();
    assert!(receipt.is_complete(), "{receipt:#?}");
    // What is seen is measured on the decoded picture, of four bytes a pixel.
    let most = 64 * MIB + 4 * 3840 * 2160 * 4;
    let report = within(most, "verifying", || Verifier::new().anchors(anchors()).verify(&mut sink)).unwrap();
    assert!(report.notices.iter().any(|notice| notice.signed_place), "{report:#?}");
}
