//! Puts a notice into a JPEG: decodes the coefficients, changes the blocks that the notice covers, and writes every scan
//! again with its own header and new Huffman tables. All other segments stay as they are.

use super::{
    colour::{self, Colour},
    decoder::{self, Tables},
    encoder,
    frame::{self, Frame},
    huffman::{self, Decoder},
    markers::{APP0, APP14, DAC, DHT, DNL, DQT, DRI, Layout, SOS, Segment, is_frame},
    paint::{self, Quantisation},
    payload,
    picture::Picture,
    scan::{Fault, Scan},
};
use crate::{
    Error, Format, Result,
    limits::Budget,
    notice::StoredNotice,
    patch::Patch,
    stream::{Source, read_at},
};

/// Scans of one picture: libjpeg's usual scripts have 10, the longest sound ones some dozens.
const MAX_SCANS: usize = 256;

/// Why a notice cannot be drawn into a sound file.
pub(super) type Unsuitable = String;

/// Adds the edits that draw `notice` to `patch`, or says why this file cannot have one.
pub(super) fn recode(
    source: &mut dyn Source,
    layout: &Layout,
    notice: &StoredNotice,
    patch: &mut Patch,
    budget: &mut Budget,
) -> Result<std::result::Result<(), Unsuitable>> {
    let (frame, sof) = match suitable(source, layout, notice, budget)? {
        Ok(found) => found,
        Err(why) => return Ok(Err(why)),
    };
    let mut reading = Reading::new(frame, budget)?;
    for segment in &layout.segments {
        reading.segment(source, segment, budget)?;
    }
    let Some(colour) = reading.colour() else {
        return Ok(Err("the meaning of its components is unknown".into()));
    };
    if !reading.is_regular() {
        return Ok(Err("its progressive scans are in no regular order; save it again with another program".into()));
    }
    let Reading { picture, quantisation, scans, .. } = reading;
    let Some(tables) = quantisation.into_iter().collect::<Option<Vec<_>>>() else {
        return Err(Error::malformed(Format::Jpeg, sof.range.start, "a quantisation table is missing"));
    };
    let mut picture = picture;
    if !notice.grow.is_zero() {
        picture = picture.grown(notice.grow, budget)?;
        let mut size = Vec::new();
        for side in [notice.frame.height, notice.frame.width] {
            // `suitable` has bounded both.
            size.extend_from_slice(&(side as u16).to_be_bytes());
        }
        let at = sof.payload().start + 1;
        patch.replace(at..at + 4, size);
    }
    paint::paint(&mut picture, &tables, colour, notice);
    for (segment, scan, interval) in &scans {
        let old = usize::try_from(segment.data.end - segment.data.start).unwrap_or(0);
        let broken = |fault: Fault| Error::malformed(Format::Jpeg, segment.range.start, fault.0);
        let coded = encoder::encode(&picture, scan, *interval, old + old / 16).map_err(broken)?;
        if !coded.tables.is_empty() {
            patch.insert(segment.range.start, huffman::segment(&coded.tables));
        }
        patch.replace(segment.data.clone(), coded.data);
    }
    for segment in layout.segments.iter().filter(|segment| segment.marker == DHT) {
        patch.delete(segment.range.clone());
    }
    Ok(Ok(()))
}

/// The frame, when this coder can handle it, and its segment.
fn suitable<'a>(
    source: &mut dyn Source,
    layout: &'a Layout,
    notice: &StoredNotice,
    budget: &mut Budget,
) -> Result<std::result::Result<(Frame, &'a Segment), Unsuitable>> {
    let is_sof = |segment: &&Segment| is_frame(segment.marker);
    let mut frames = layout.segments.iter().filter(is_sof);
    let Some(sof) = frames.next() else {
        return Err(Error::malformed(Format::Jpeg, layout.eoi.start, "no frame header"));
    };
    let frame = frame::frame(sof.marker, &payload(source, sof, budget)?, sof.range.start)?;
    let again = "save it again as an ordinary JPEG";
    let why = match sof.marker {
        0xC3 | 0xC7 | 0xCB | 0xCF => format!("it is a lossless JPEG; {again}"),
        0xC5 | 0xC6 | 0xCD | 0xCE => format!("it is a hierarchical JPEG; {again}"),
        0xC9 | 0xCA => format!("it is arithmetic-coded; {again}"),
        _ if frames.next().is_some() => format!("it is a hierarchical JPEG; {again}"),
        _ if layout.segments.iter().any(|segment| segment.marker == DAC) => format!("it is arithmetic-coded; {again}"),
        _ if frame.precision != 8 => format!("it has {} bits a sample; {again}", frame.precision),
        _ if frame.components.len() > 4 => "it has more than four components".into(),
        _ if frame.size != notice.original() => "the notice was drawn for another size".into(),
        _ if notice.frame.width > 65535 || notice.frame.height > 65535 => {
            "with its strip it would be larger than a JPEG can be".into()
        }
        _ if !notice.grow.is_zero() && layout.segments.iter().any(|segment| segment.marker == DNL) => {
            format!("its height stands in a DNL segment; {again}")
        }
        _ => {
            let (h, v) = frame.sampling();
            if !notice.grow.left.is_multiple_of(8 * h) || !notice.grow.top.is_multiple_of(8 * v) {
                return Ok(Err("its strip is not made of whole blocks".into()));
            }
            return Ok(Ok((frame, sof)));
        }
    };
    Ok(Err(why))
}

/// What is in force while the segments are read one after the other.
struct Reading {
    picture: Picture,
    tables: Tables,
    /// By destination.
    steps: [Option<Quantisation>; 4],
    /// By component: the table that was in force when its first scan began, as libjpeg latches it.
    quantisation: Vec<Option<Quantisation>>,
    interval: u16,
    jfif: bool,
    adobe: Option<u8>,
    scans: Vec<(Segment, Scan, u16)>,
    /// By component and coefficient: the lowest bit that was sent.
    sent: Vec<[Option<u32>; 64]>,
    regular: bool,
}

impl Reading {
    fn new(frame: Frame, budget: &Budget) -> Result<Self> {
        let count = frame.components.len();
        Ok(Self {
            picture: Picture::new(frame, budget)?,
            tables: Default::default(),
            steps: [None; 4],
            quantisation: vec![None; count],
            interval: 0,
            jfif: false,
            adobe: None,
            scans: Vec::new(),
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
                }
            }
            _ => self.scan(source, segment, &payload)?,
        }
        Ok(())
    }

    fn scan(&mut self, source: &mut dyn Source, segment: &Segment, payload: &[u8]) -> Result<()> {
        let broken = |fault: Fault, at| Error::malformed(Format::Jpeg, at, fault.0);
        let scan = Scan::parse(payload, &self.picture).map_err(|fault| broken(fault, segment.range.start))?;
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
        let data = read_at(source, Format::Jpeg, segment.data.start, segment.data.end - segment.data.start)?;
        decoder::decode(&mut self.picture, &scan, &self.tables, self.interval, &data)
            .map_err(|(fault, offset)| broken(fault, segment.data.start + offset as u64))?;
        self.scans.push((segment.clone(), scan, self.interval));
        Ok(())
    }

    fn is_regular(&self) -> bool {
        // AC scans need the DC of their component first (G.1.1.1.1); a component without any scan shows nothing.
        self.regular && self.sent.iter().all(|sent| sent[0].is_some())
    }

    fn colour(&self) -> Option<Colour> {
        colour::colour(&self.picture.frame.components, self.jfif, self.adobe)
    }
}
