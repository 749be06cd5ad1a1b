//! What the unit tests of the formats share: a notice that needs no font, and mark-then-write.

use std::{io::Cursor, sync::Arc};

use super::{Handler, Label, Marked, Survey};
use crate::{
    Format,
    container::zip,
    geometry::{Rect, Size},
    limits::{Budget, Limits},
    notice::{Notice, Stamp},
    patch,
};

/// A plate with a checkered pattern, 40 % × 10 % of the picture, top right; or a strip where `strip` rows are asked for.
pub(crate) fn checkered(picture: Size, strip: u32) -> Notice {
    let frame = Size { width: picture.width, height: picture.height + strip };
    let rect = if strip > 0 {
        Rect { x: 0, y: 0, width: picture.width, height: strip }
    } else {
        let (width, height) = ((picture.width * 2 / 5).max(1), (picture.height / 10).max(1));
        Rect { x: picture.width - width - picture.width / 50, y: picture.height / 50, width, height }
    };
    let size = rect.size();
    let coverage =
        (0..size.height).flat_map(|y| (0..size.width).map(move |x| if (x / 8 + y / 8) % 2 == 0 { 0 } else { 255 }));
    Notice {
        stamp: Arc::new(Stamp::new(size, coverage.collect())),
        plate: [0, 0, 0],
        text: [255, 255, 255],
        rect,
        strip,
        frame,
        cap_height: 8,
        lines: vec!["TEST".into()],
        outline: "M0 0H8V8H0Z".into(),
        shift: (0, 0),
    }
}

pub(crate) fn survey(handler: &dyn Handler, bytes: &[u8]) -> crate::Result<Survey> {
    handler.survey(&mut Cursor::new(bytes), &mut Budget::new(&Limits::default()))
}

/// Marks `bytes`, writes the result, and fills the slot with `store`.
pub(crate) fn mark(
    handler: &dyn Handler,
    bytes: &[u8],
    notice: Option<&Notice>,
    record: Option<&crate::record::Record>,
    store: Option<&[u8]>,
) -> crate::Result<(Vec<u8>, Marked)> {
    let mut source = Cursor::new(bytes);
    let mut budget = Budget::new(&Limits::default());
    let survey = handler.survey(&mut source, &mut budget)?;
    let label = Label {
        notice,
        notice_for: &|page| Ok(checkered(page, if page.shorter() < 200 { 21 } else { 0 })),
        lettering_for: &|_| Err(crate::Error::UnknownFormat),
        record,
        heard: None,
        card: None,
        prose: None,
        store_len: store.map(<[u8]>::len),
        beside: false,
    };
    let mut marked = handler.mark(&mut source, &survey, &label, &mut budget)?;
    let mut patch = std::mem::take(&mut marked.patch);
    let wrap = patch.take_wrap();
    let mut sink = Cursor::new(Vec::new());
    let written = patch.write(survey_format(handler), &mut source, &mut sink)?;
    if let (Some(wrap), Some(slot), Some(store)) = (wrap, written.slot, store) {
        patch::fill(survey_format(handler), &mut sink, &slot, &wrap(store))?;
    }
    Ok((sink.into_inner(), marked))
}

fn survey_format(handler: &dyn Handler) -> Format {
    let is_its = |format: &Format| format.name() == handler.facts().name;
    Format::ALL.iter().copied().find(is_its).expect("every handler stands in the list")
}

/// A file of the outside corpus, or `None` (said aloud) where `TANBA_CORPUS` is not set; in CI that is a failure.
pub(crate) fn corpus(path: &str) -> Option<Vec<u8>> {
    let Some(folder) = std::env::var_os("TANBA_CORPUS") else {
        assert!(std::env::var_os("CI").is_none(), "TANBA_CORPUS must be set in CI");
        eprintln!("skipped: no corpus (set TANBA_CORPUS)");
        return None;
    };
    let path = std::path::Path::new(&folder).join(path);
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// Runs a Python program that needs `module` with `input` on its standard input, and returns what it printed; `None` (said
/// aloud) where that is not installed, which in CI is a failure.
pub(crate) fn python(module: &str, program: &str, input: &str) -> Option<String> {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let interpreter = std::env::var("TANBA_PYTHON").unwrap_or_else(|_| "python3".into());
    let probe = Command::new(&interpreter).args(["-c", &format!("import {module}")]).output();
    if !probe.is_ok_and(|probe| probe.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "Python with {module} must be there in CI");
        eprintln!("skipped: no Python module {module}");
        return None;
    }
    let mut command = Command::new(interpreter);
    command.args(["-c", program]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let (printed, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{printed}{errors}");
    Some(printed.into_owned())
}

/// The same archive without compression, which the engine cannot read; `described`: with the lengths behind the data.
pub(crate) fn stored(archive: &[u8], described: bool) -> Vec<u8> {
    let (mut source, mut budget) = (Cursor::new(archive), Budget::new(&Limits::default()));
    let format = Format::sniff(&mut source).unwrap();
    let entries = zip::directory(&mut source, format, &mut budget).unwrap().entries;
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for entry in &entries {
        let part = entry.read(&mut source, format, &mut budget).unwrap().unwrap().bytes;
        let len = u32::try_from(part.len()).unwrap().to_le_bytes();
        let lengths = [&crc32fast::hash(&part).to_le_bytes()[..], &len, &len].concat();
        let name = u16::try_from(entry.name.len()).unwrap().to_le_bytes();
        let head = |lengths: &[u8]| {
            [&[20, 0, if described { 8 } else { 0 }, 0, 0, 0, 0, 0, 0x21, 0][..], lengths, &name, &[0, 0]].concat()
        };
        let at = u32::try_from(bytes.len()).unwrap().to_le_bytes();
        directory.extend([b"PK\x01\x02\x14\0", &head(&lengths)[..], &[0; 10], &at, entry.name.as_bytes()].concat());
        let behind = [b"PK\x07\x08", &lengths[..]].concat();
        let (lengths, behind) = if described { (vec![0; 12], behind) } else { (lengths, vec![]) };
        bytes.extend([b"PK\x03\x04", &head(&lengths)[..], entry.name.as_bytes(), &part, &behind].concat());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let [len, at] = [directory.len(), bytes.len()].map(|number| u32::try_from(number).unwrap().to_le_bytes());
    [&bytes[..], &directory, b"PK\x05\x06\0\0\0\0", &count, &count, &len, &at, &[0, 0]].concat()
}
