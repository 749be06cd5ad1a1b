//! MPEG transport streams: ISO/IEC 13818-1 (H.222.0), and those with a time stamp before each packet, as Blu-ray and AVCHD have them.
//! They have no place for a record or a manifest: the manifest stands in a file beside. A notice is drawn into the pictures by ffmpeg
//! before.

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, Survey, tags::Scan};
use crate::{
    Error, Format, Result,
    limits::Budget,
    stream::{Source, head, length, read_at},
};

pub(super) struct MpegTs;

/// With a time stamp before each packet: the name that DLNA gave it.
pub(crate) const STAMPED: &str = "video/vnd.dlna.mpeg-tts";
const MEDIA_TYPES: [&str; 2] = ["video/mp2t", STAMPED];

const FACTS: Facts = Facts {
    name: "MPEG-TS",
    media_types: &MEDIA_TYPES,
    // TypeScript has two of these: names alone tell nothing.
    extensions: &["m2ts", "m2t", "mts", "ts"],
    medium: Medium::Video,
    can_label: true,
    notice: Carries::Reencoded,
    binding: HardBinding::Beside,
    limitations: "no metadata; the manifest goes into a file beside it; the notice is a banner on every frame, which needs ffmpeg; no opening card",
};

/// 2.4.3.2: the byte that every packet begins with, and its length.
const SYNC: u8 = 0x47;
const PACKET: usize = 188;
/// Packets that must follow one another for a file to be a stream.
const ENOUGH: usize = 5;
/// Bytes in which the tables are looked for: they come ten times a second.
const LOOK: u64 = 1 << 20;
/// Packets read at a time.
const AT_ONCE: usize = 256;

/// Where in its frame a packet begins, and how long the frame is: bare, with a time stamp before it, with 16 bytes of FEC behind it.
const FRAMES: [(usize, usize); 3] = [(0, PACKET), (4, 192), (0, 204)];

fn framing(head: &[u8]) -> Option<(usize, usize)> {
    let fits = |&(first, len): &(usize, usize)| (0..ENOUGH).all(|number| head.get(first + number * len) == Some(&SYNC));
    // A line of text may be as long, and begin with this letter.
    let is_binary = || head.iter().take(ENOUGH * PACKET).any(|&byte| byte == 0 || byte > 0x7F);
    FRAMES.into_iter().find(fits).filter(|_| is_binary())
}

impl Handler for MpegTs {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        framing(head).is_some()
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let head = head(source, 0)?;
        let why = "the packets do not follow one another";
        let (first, frame) = framing(&head).ok_or_else(|| Error::malformed(Format::MpegTs, 0, why))?;
        let media_type = MEDIA_TYPES[usize::from(frame == 192)];
        let mut scan = Scan::new(source, Format::MpegTs, media_type, budget);
        match tables(&mut scan, (first, frame))? {
            Tables { programs: true, streams: 1.., .. } => {}
            _ => scan.unread("no table in its first megabyte says what the stream holds".into()),
        }
        Ok(scan.survey)
    }

    fn mark(&self, _source: &mut dyn Source, _survey: &Survey, label: &Label, _budget: &mut Budget) -> Result<Marked> {
        let mut marked = Marked { no_place_for_record: true, ..Marked::default() };
        if label.record.is_some() {
            marked.remarks.push(
                "a transport stream has no place for metadata: the manifest beside it alone speaks to machines".into(),
            );
        }
        if label.store_len.is_some() {
            marked.patch.beside();
        }
        Ok(marked)
    }
}

/// What the first tables say.
#[derive(Default)]
struct Tables {
    /// Whether there is a table of programs.
    programs: bool,
    /// The packets that hold the table of the first program.
    map: Option<u16>,
    /// Streams in it.
    streams: usize,
}

/// Reads packets until both tables are found.
fn tables(scan: &mut Scan, (first, frame): (usize, usize)) -> Result<Tables> {
    let (mut tables, mut at) = (Tables::default(), 0);
    let end = length(scan.source)?.min(LOOK);
    while at < end {
        let bytes = read_at(scan.source, Format::MpegTs, at, (end - at).min((AT_ONCE * frame) as u64))?;
        for (number, packet) in
            (0..).zip(bytes.chunks_exact(frame).filter_map(|frame| frame.get(first..first + PACKET)))
        {
            scan.budget.part()?;
            if packet[0] != SYNC {
                let place = at + number * frame as u64;
                scan.unread(format!("the packet at byte {place} does not begin like one"));
                return Ok(tables);
            }
            tables.take(packet);
            if tables.streams > 0 {
                return Ok(tables);
            }
        }
        at += bytes.len().max(1) as u64;
    }
    Ok(tables)
}

impl Tables {
    /// Takes in a packet, if it holds the table that is wanted.
    fn take(&mut self, packet: &[u8]) -> Option<()> {
        let pid = u16::from_be_bytes([packet[1], packet[2]]) & 0x1FFF;
        // 2.4.3.3: whether a unit starts here, and whether other fields stand before the payload.
        let (starts, fields) = (packet[1] & 0x40 > 0, packet[3] & 0x20 > 0);
        let before = if fields { usize::from(packet[4]) + 1 } else { 0 };
        let payload = packet.get(4 + before..).filter(|_| starts)?;
        // 2.4.4.1: a pointer to the section that starts here.
        let section = payload.get(usize::from(*payload.first()?) + 1..)?;
        let len = usize::from(u16::from_be_bytes([*section.get(1)?, *section.get(2)?]) & 0x0FFF);
        // Without the checksum; sections that go on in other packets are as long as this one shows.
        let body = section.get(8..(len + 3).saturating_sub(4).min(section.len()))?;
        match (pid, section[0]) {
            // 2.4.4.3: program 0 is the network.
            (0, 0) => {
                self.programs = true;
                let is_program = |entry: &&[u8; 4]| entry[..2] != [0, 0];
                let entry = body.as_chunks::<4>().0.iter().find(is_program)?;
                self.map.get_or_insert(u16::from_be_bytes([entry[2], entry[3]]) & 0x1FFF);
            }
            // 2.4.4.8: streams follow the descriptors of the program.
            (pid, 2) if self.map == Some(pid) => {
                let skipped = usize::from(u16::from_be_bytes([*body.get(2)?, *body.get(3)?]) & 0x0FFF);
                let mut rest = body.get(4 + skipped..)?;
                while let [_, _, _, high, low, ..] = rest {
                    self.streams += 1;
                    rest = rest.get(5 + usize::from(u16::from_be_bytes([*high, *low]) & 0x0FFF)..)?;
                }
            }
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::{format::testing::survey, limits::Limits};

    /// A packet with a section in it.
    fn packet(pid: u16, section: &[u8]) -> Vec<u8> {
        let [high, low] = pid.to_be_bytes();
        let mut bytes = [&[SYNC, high | 0x40, low, 0x10, 0][..], section].concat();
        bytes.resize(PACKET, 0xFF);
        bytes
    }

    fn section(table: u8, body: &[u8]) -> Vec<u8> {
        let len = body.len() as u8 + 9;
        [&[table, 0xB0, len, 0, 1, 0xC1, 0, 0][..], body, &[0; 4]].concat()
    }

    fn stream() -> Vec<u8> {
        let programs = section(0, &[0, 0, 0xE0, 0x10, 0, 1, 0xE1, 0]);
        let map = section(2, &[0xE1, 1, 0xF0, 2, 9, 9, 0x1B, 0xE1, 1, 0xF0, 0, 0x0F, 0xE1, 2, 0xF0, 0]);
        let filler = packet(0x1FFF, &[]);
        [filler.clone(), packet(0, &programs), filler.clone(), packet(0x100, &map), filler].concat()
    }

    fn framed(first: usize, len: usize) -> Vec<u8> {
        let frame = |packet: &[u8]| {
            let mut frame = vec![0; first];
            frame.extend(packet);
            frame.resize(len, 0);
            frame
        };
        stream().chunks(PACKET).flat_map(frame).collect()
    }

    #[test]
    fn streams_are_known_by_their_packets() {
        for (first, len) in FRAMES {
            let bytes = framed(first, len);
            assert_eq!(Format::sniff(&mut Cursor::new(&bytes)).unwrap(), Format::MpegTs);
            let found = survey(&MpegTs, &bytes).unwrap();
            assert_eq!(found.media_type, MEDIA_TYPES[usize::from(len == 192)]);
            assert!(found.unread.is_empty(), "{:?}", found.unread);
            let mut tables = Tables::default();
            bytes.chunks(len).for_each(|frame| _ = tables.take(&frame[first..first + PACKET]));
            assert!(tables.programs && tables.map == Some(0x100) && tables.streams == 2);
        }
        // Text that begins with the same letter, and a stream that is too short to be known.
        let text = "Good morning to everybody who reads this line. ".repeat(60);
        assert_ne!(Format::sniff(&mut Cursor::new(text)).ok(), Some(Format::MpegTs));
        assert!(Format::sniff(&mut Cursor::new(&stream()[..4 * PACKET])).is_err());
    }

    #[test]
    fn what_the_tables_do_not_say_is_said() {
        let mut bytes = packet(0x1FFF, &[]).repeat(20);
        assert_eq!(
            survey(&MpegTs, &bytes).unwrap().unread,
            ["no table in its first megabyte says what the stream holds"]
        );
        bytes[10 * PACKET] = 0;
        let said = survey(&MpegTs, &bytes).unwrap().unread;
        assert_eq!(said[0], format!("the packet at byte {} does not begin like one", 10 * PACKET));
    }

    #[test]
    fn every_length_may_lie() {
        let bytes = stream();
        for at in 0..bytes.len() {
            for value in [0, 0x0F, 0x3F, 0x7F, 0xFF] {
                let mut broken = bytes.clone();
                broken[at] = value;
                let _ = MpegTs.survey(&mut Cursor::new(&broken), &mut Budget::new(&Limits::default()));
            }
        }
    }
}
