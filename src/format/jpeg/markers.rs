//! The walk over marker segments: ISO/IEC 10918-1, Annex B.

use std::{
    io::{BufRead as _, BufReader, Read as _, SeekFrom},
    ops::Range,
};

use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, length},
};

pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const DQT: u8 = 0xDB;
pub(super) const DNL: u8 = 0xDC;
pub(super) const DRI: u8 = 0xDD;
pub(super) const DHT: u8 = 0xC4;
pub(super) const DAC: u8 = 0xCC;
pub(super) const APP0: u8 = 0xE0;
pub(super) const APP1: u8 = 0xE1;
pub(super) const APP2: u8 = 0xE2;
pub(super) const APP11: u8 = 0xEB;
pub(super) const APP14: u8 = 0xEE;
pub(super) const COM: u8 = 0xFE;

/// The most bytes that one segment can carry after its length field.
pub(super) const MAX_PAYLOAD: usize = 65533;

/// Bytes of the file that are read ahead while entropy-coded data is searched.
const WINDOW: usize = 64 * 1024;

/// A marker segment with a length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) marker: u8,
    /// From the marker's `FF` (fill bytes before it are not counted) to the end of the payload.
    pub(super) range: Range<u64>,
    /// Entropy-coded data that follows an SOS, with its RST markers; empty for the others.
    pub(super) data: Range<u64>,
}

impl Segment {
    /// What stands after marker and length.
    pub(super) fn payload(&self) -> Range<u64> {
        self.range.start + 4..self.range.end
    }
}

/// The marker segments of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// From SOI to EOI, in file order.
    pub(super) segments: Vec<Segment>,
    /// The EOI marker.
    pub(super) eoi: Range<u64>,
    /// Length of the file in bytes.
    pub(super) len: u64,
}

/// Whether a marker starts a frame: SOF0 to SOF15 without DHT, JPG and DAC.
pub(super) fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, DHT | 0xC8 | DAC)
}

/// The name of a marker in Table B.1.
pub(super) fn name(marker: u8) -> String {
    match marker {
        SOS => "SOS".into(),
        DQT => "DQT".into(),
        DNL => "DNL".into(),
        DRI => "DRI".into(),
        DHT => "DHT".into(),
        DAC => "DAC".into(),
        COM => "COM".into(),
        0xE0..=0xEF => format!("APP{}", marker - 0xE0),
        0xF0..=0xFD => format!("JPG{}", marker - 0xF0),
        0xC0..=0xCF => format!("SOF{}", marker - 0xC0),
        0xD0..=0xD7 => format!("RST{}", marker - 0xD0),
        other => format!("{other:02X}"),
    }
}

/// Markers that stand alone (B.1.1.3): TEM, RSTn, SOI, EOI.
fn stands_alone(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xD0..=0xD9)
}

/// Walks from SOI to the first EOI. Bytes between segments that are no marker are passed over, as libjpeg does.
pub(super) fn walk(source: &mut dyn Source, budget: &mut Budget) -> Result<Layout> {
    let len = length(source)?;
    source.rewind()?;
    let mut reader = Reader { inner: BufReader::with_capacity(WINDOW, source), at: 0, escape: 0, len };
    if reader.next_marker()?.0 != SOI || reader.at != 2 {
        return Err(Error::malformed(Format::Jpeg, 0, "no SOI marker"));
    }
    let mut segments: Vec<Segment> = Vec::new();
    let mut ahead = None;
    loop {
        let (marker, at) = match ahead.take() {
            Some(found) => found,
            None => reader.next_marker()?,
        };
        budget.part()?;
        match marker {
            EOI if segments.iter().any(|segment| segment.marker == SOS) => {
                return Ok(Layout { segments, eoi: at..at + 2, len });
            }
            EOI => return Err(Error::malformed(Format::Jpeg, at, "EOI before any picture data")),
            SOI => return Err(Error::malformed(Format::Jpeg, at, "a second SOI inside the picture")),
            _ if stands_alone(marker) => {}
            _ => {
                let end = reader.skip_payload(at)?;
                let mut segment = Segment { marker, range: at..end, data: end..end };
                if marker == SOS {
                    let (data, next) = reader.entropy()?;
                    segment.data = data;
                    ahead = Some(next);
                }
                segments.push(segment);
            }
        }
    }
}

/// The RSTn markers in entropy-coded data, with their offsets.
pub(super) fn restarts(source: &mut dyn Source, data: Range<u64>, budget: &mut Budget) -> Result<Vec<(u8, u64)>> {
    source.seek(SeekFrom::Start(data.start))?;
    let mut reader =
        Reader { inner: BufReader::with_capacity(WINDOW, source), at: data.start, escape: 0, len: data.end };
    let mut found = Vec::new();
    while let Some(code) = reader.entropy_code()?.filter(|_| reader.at <= data.end) {
        if code != 0 {
            budget.part()?;
            found.push((code, reader.at - 2));
        }
    }
    Ok(found)
}

struct Reader<'a> {
    inner: BufReader<&'a mut dyn Source>,
    at: u64,
    /// Where the last `FF` in entropy-coded data stood, the first of several.
    escape: u64,
    len: u64,
}

impl Reader<'_> {
    fn ends(&self) -> Error {
        Error::malformed(Format::Jpeg, self.at, "the file ends before the EOI marker: it is cut off")
    }

    fn byte(&mut self) -> Result<u8> {
        let mut byte = [0];
        if self.inner.read(&mut byte)? == 0 {
            return Err(self.ends());
        }
        self.at += 1;
        Ok(byte[0])
    }

    /// The next marker and where its `FF` stands; any number of fill bytes `FF` may precede it (B.1.1.2).
    fn next_marker(&mut self) -> Result<(u8, u64)> {
        loop {
            if self.byte()? != 0xFF {
                continue;
            }
            let code = self.code()?;
            if code != 0 {
                return Ok((code, self.at - 2));
            }
        }
    }

    /// The first byte after an `FF` that is no `FF`.
    fn code(&mut self) -> Result<u8> {
        loop {
            match self.byte()? {
                0xFF => {}
                code => return Ok(code),
            }
        }
    }

    /// Passes over length and payload of the segment whose marker stands at `at`; returns its end.
    fn skip_payload(&mut self, at: u64) -> Result<u64> {
        let len = u64::from(u16::from_be_bytes([self.byte()?, self.byte()?]));
        if len < 2 {
            return Err(Error::malformed(
                Format::Jpeg,
                at,
                format!("a segment with length {len}; at least 2 is needed"),
            ));
        }
        let end = at + 2 + len;
        if end > self.len {
            let why = format!("a segment of {len} bytes reaches past the end of the file");
            return Err(Error::malformed(Format::Jpeg, at, why));
        }
        self.inner.seek_relative(len as i64 - 2)?;
        self.at = end;
        Ok(end)
    }

    /// Passes over entropy-coded data: its range, and the marker that ends it.
    fn entropy(&mut self) -> Result<(Range<u64>, (u8, u64))> {
        let start = self.at;
        loop {
            match self.entropy_code()? {
                // `FF 00` is a stuffed byte; RSTn belong to the data.
                Some(0x00 | 0xD0..=0xD7) => {}
                Some(code) => return Ok((start..self.escape, (code, self.at - 2))),
                None => return Err(self.ends()),
            }
        }
    }

    /// The next byte after an `FF`, a zero not always counted; `None` at the end of the file.
    fn entropy_code(&mut self) -> Result<Option<u8>> {
        loop {
            let window = self.inner.fill_buf()?;
            if window.is_empty() {
                return Ok(None);
            }
            // Stuffed bytes are passed over here, but for one at the end of the window.
            let stops = |&index: &usize| window.get(index + 1) != Some(&0);
            let found = memchr::memchr_iter(0xFF, window).find(stops);
            let used = found.map_or(window.len(), |index| index + 1);
            self.inner.consume(used);
            self.at += used as u64;
            if found.is_some() {
                self.escape = self.at - 1;
                return self.code().map(Some);
            }
        }
    }
}
