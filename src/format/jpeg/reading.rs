//! Reads a JPEG up to its coefficients, with what is in force for each of its scans.

use std::ops::Range;

use super::{
    colour::{self, Colour},
    decoder::{self, Tables},
    frame::{self, Frame},
    huffman::{self, Decoder, Table},
    markers::{APP0, APP14, DAC, DHT, DQT, DRI, Layout, SOS, Segment, is_frame},
    paint::Quantisation,
    payload,
    picture::Picture,
    ribbon::Coding,
    scan::{Fault, Scan, ScanComponent},
    window::Window,
};
use crate::{Error, Format, Result, limits::Budget, stream::Source};

/// Scans of one picture: libjpeg's usual scripts have 10, the longest sound ones some dozens.
const MAX_SCANS: usize = 256;

/// Why a notice cannot be drawn into a sound file.
pub(super) type Unsuitable = String;

/// A table of each class (0 DC, 1 AC) and destination.
pub(super) type Codes = [[Option<Table>; 4]; 2];

/// A scan that was read.
pub(super) struct ReadScan {
    pub(super) segment: Segment,
    pub(super) scan: Scan,
    /// MCUs between RST markers; 0 is none.
    pub(super) interval: u16,
    /// The Huffman tables in force.
    pub(super) codes: Codes,
}

impl ReadScan {
    /// The tables of its components; `None` when one is not there.
    pub(super) fn coding(&self) -> Option<Coding<'_>> {
        let tables = |component: &ScanComponent| {
            let [dc, ac] = [self.codes[0][component.dc].as_ref()?, self.codes[1][component.ac].as_ref()?];
            Some((component.plane, dc, ac))
        };
        self.scan.components.iter().map(tables).collect()
    }
}

/// The frame, when this coder can handle it, and its segment.
fn suitable<'a>(
    source: &mut dyn Source,
    layout: &'a Layout,
    budget: &mut Budget,
) -> Result<std::result::Result<(Frame, &'a Segment), Unsuitable>> {
    let is_sof = |segment: &&Segment| is_frame(segment.marker);
    let mut frames = layout.segments.iter().filter(is_sof);
    let Some(sof) = frames.next() else {
        return Err(Error::malformed(Format::Jpeg, layout.eoi.start, "no frame header"));
    };
    let frame = frame::frame(sof.marker, &payload(source, sof, budget)?, sof.range.start)?;
    let again = "save it again as an ordinary JPEG";
    Ok(Err(match sof.marker {
        0xC3 | 0xC7 | 0xCB | 0xCF => format!("it is a lossless JPEG; {again}"),
        0xC5 | 0xC6 | 0xCD | 0xCE => format!("it is a hierarchical JPEG; {again}"),
        0xC9 | 0xCA => format!("it is arithmetic-coded; {again}"),
        _ if frames.next().is_some() => format!("it is a hierarchical JPEG; {again}"),
        _ if layout.segments.iter().any(|segment| segment.marker == DAC) => format!("it is arithmetic-coded; {again}"),
        _ if frame.precision != 8 => format!("it has {} bits a sample; {again}", frame.precision),
        _ if frame.components.len() > 4 => "it has more than four components".into(),
        _ => return Ok(Ok((frame, sof))),
    }))
}

/// What is in force while the segments are read one after the other.
pub(super) struct Reading {
    pub(super) picture: Picture,
    /// The segment of the frame header.
    pub(super) sof: Segment,
    pub(super) scans: Vec<ReadScan>,
    pub(super) tables: Tables,
    codes: Codes,
    /// Pixel rows whose blocks are wanted.
    rows: Range<u32>,
    /// Whether the one scan of a sequential picture waits until it is known how it is to be read; the picture has no blocks
    /// until then.
    waits: bool,
    /// By destination.
    steps: [Option<Quantisation>; 4],
    /// By component: the table that was in force when its first scan began, as libjpeg latches it.
    quantisation: Vec<Option<Quantisation>>,
    interval: u16,
    jfif: bool,
    adobe: Option<u8>,
    /// By component and coefficient: the lowest bit that was sent.
    sent: Vec<[Option<u32>; 64]>,
    regular: bool,
}

impl Reading {
    /// Reads every scan as far as the blocks of some pixel rows need it, or says why this coder cannot. Blocks above may be
    /// there or not.
    pub(super) fn of(
        source: &mut dyn Source,
        layout: &Layout,
        rows: Range<u32>,
        budget: &mut Budget,
    ) -> Result<std::result::Result<Self, Unsuitable>> {
        let mut reading = match Self::begin(source, layout, rows, budget)? {
            Ok(reading) => reading,
            Err(why) => return Ok(Err(why)),
        };
        reading.finish(source, budget)?;
        Ok(Ok(reading))
    }

    /// Reads what stands before the scan where there is one only, and else all.
    pub(super) fn begin(
        source: &mut dyn Source,
        layout: &Layout,
        rows: Range<u32>,
        budget: &mut Budget,
    ) -> Result<std::result::Result<Self, Unsuitable>> {
        let (frame, sof) = match suitable(source, layout, budget)? {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        let mut behind = layout.segments.iter().skip_while(|segment| segment.marker != SOS).skip(1);
        let waits = !behind.any(|segment| matches!(segment.marker, SOS | DHT | DQT | DRI));
        let mut reading = Self::new(frame, sof.clone(), rows, waits, budget)?;
        for segment in &layout.segments {
            reading.segment(source, segment, budget)?;
        }
        if !reading.is_regular() {
            return Ok(Err("its progressive scans are in no regular order; save it again with another program".into()));
        }
        Ok(Ok(reading))
    }

    /// Reads the scan that waits.
    pub(super) fn finish(&mut self, source: &mut dyn Source, budget: &mut Budget) -> Result<()> {
        if !std::mem::take(&mut self.waits) {
            return Ok(());
        }
        self.picture = Picture::first(self.picture.frame.clone(), self.rows.end, budget)?;
        for index in 0..self.scans.len() {
            let ReadScan { segment, scan, interval, .. } = &self.scans[index];
            let (segment, scan, interval) = (segment.clone(), scan.clone(), *interval);
            self.decode(source, &segment, &scan, interval)?;
        }
        Ok(())
    }

    /// The scan that waits, if one does.
    pub(super) fn waiting(&self) -> Option<&ReadScan> {
        self.scans.first().filter(|_| self.waits)
    }

    fn new(frame: Frame, sof: Segment, rows: Range<u32>, waits: bool, budget: &Budget) -> Result<Self> {
        let count = frame.components.len();
        Ok(Self {
            picture: Picture::first(frame, if waits { 0 } else { rows.end }, budget)?,
            sof,
            scans: Vec::new(),
            tables: Default::default(),
            codes: Default::default(),
            rows,
            waits,
            steps: [None; 4],
            quantisation: vec![None; count],
            interval: 0,
            jfif: false,
            adobe: None,
            sent: vec![[None; 64]; count],
            regular: true,
        })
    }

    fn segment(&mut self, source: &mut dyn Source, segment: &Segment, budget: &mut Budget) -> Result<()> {
        let at = segment.range.start;
        let broken = |why: &str| Error::malformed(Format::Jpeg, at, why);
        if !matches!(segment.marker, APP0 | APP14 | DHT | DQT | DRI | SOS) {
            return Ok(());
        }
        let payload = payload(source, segment, budget)?;
        match segment.marker {
            APP0 => self.jfif |= payload.starts_with(b"JFIF\0") && payload.len() >= 12,
            APP14 => self.adobe = colour::adobe_transform(&payload).or(self.adobe),
            DRI => self.interval = frame::restart_interval(&payload, at)?,
            DQT => {
                let tables =
                    frame::quantisation(&payload).ok_or_else(|| broken("a quantisation table is malformed"))?;
                for (destination, table) in tables {
                    self.steps[destination] = Some(table);
                }
            }
            DHT => {
                let tables = huffman::parse(&payload).ok_or_else(|| broken("a Huffman table is malformed"))?;
                for (class, destination, table) in tables {
                    let decoder = Decoder::new(&table).ok_or_else(|| broken("a Huffman table is impossible"))?;
                    self.tables[class][destination] = Some(decoder);
                    self.codes[class][destination] = Some(table);
                }
            }
            _ => self.scan(source, segment, &payload)?,
        }
        Ok(())
    }

    fn scan(&mut self, source: &mut dyn Source, segment: &Segment, payload: &[u8]) -> Result<()> {
        let broken = |fault: Fault, at| Error::malformed(Format::Jpeg, at, fault.0);
        let scan = Scan::parse(payload, &self.picture.frame).map_err(|fault| broken(fault, segment.range.start))?;
        if self.scans.len() >= MAX_SCANS {
            return Err(Error::Limit {
                what: "the number of scans",
                got: self.scans.len() as u64 + 1,
                max: MAX_SCANS as u64,
            });
        }
        for component in &scan.components {
            let steps = self.steps[usize::from(self.picture.frame.components[component.plane].table)];
            let latched = &mut self.quantisation[component.plane];
            *latched = latched.or(steps);
            for sent in &mut self.sent[component.plane][scan.first..=scan.last] {
                // Each bit once, and without a gap: then writing the scans again gives the same coefficients.
                self.regular &= if scan.high == 0 { sent.is_none() } else { *sent == Some(scan.high) };
                *sent = Some(scan.low);
            }
        }
        if !self.waits {
            self.decode(source, segment, &scan, self.interval)?;
        }
        let (interval, codes) = (self.interval, self.codes.clone());
        self.scans.push(ReadScan { segment: segment.clone(), scan, interval, codes });
        Ok(())
    }

    fn decode(&mut self, source: &mut dyn Source, segment: &Segment, scan: &Scan, interval: u16) -> Result<()> {
        let (_, v) = self.picture.frame.sampling();
        let from = match scan.components[..] {
            // Rows of blocks, of a component that may have fewer.
            [_] => 0,
            _ => self.rows.start / (8 * v),
        };
        let window = Window::open(source, segment.data.clone())?;
        decoder::decode(&mut self.picture, scan, &self.tables, interval, from as usize, window)
    }

    fn is_regular(&self) -> bool {
        // AC scans need the DC of their component first (G.1.1.1.1); a component without any scan shows nothing.
        self.regular && self.sent.iter().all(|sent| sent[0].is_some())
    }

    /// The quantisation tables by component.
    pub(super) fn quantisation(&self) -> Result<Vec<Quantisation>> {
        let missing = || Error::malformed(Format::Jpeg, self.sof.range.start, "a quantisation table is missing");
        self.quantisation.iter().copied().collect::<Option<Vec<_>>>().ok_or_else(missing)
    }

    pub(super) fn colour(&self) -> Option<Colour> {
        colour::colour(&self.picture.frame.components, self.jfif, self.adobe)
    }
}
