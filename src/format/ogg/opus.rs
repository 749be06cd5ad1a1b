//! A file of one stream of Opus: RFC 7845. The notice's packets are put in front of its own; pages behind them get other numbers and
//! later positions.

use std::ops::Range;

use crate::{
    Error, Format, Result,
    container::ogg::{Edge, Page, Writer, page, renumbered},
    limits::Budget,
    notice::speech::{OPUS_SILENCE_CELT, OPUS_SILENCE_SILK},
    patch::{Patch, Put},
    stream::{Source, le_u16, length, read_at, read_block},
};

/// Opus counts in these, whatever it was made from.
pub(super) const RATE: u32 = 48_000;
/// What starts the packet of comments.
pub(super) const TAGS: &[u8] = b"OpusTags";
/// Samples at the start of the clips that their encoder put there.
const CLIP_UNHEARD: u64 = 312;
/// Silence at the start of each clip, in samples: 50 ms.
const CLIP_LEAD: u64 = 2_400;
/// The longest packet of comments that is kept in memory is bounded by the budget; more pages than this are none.
const MAX_HEADER_PAGES: usize = 4096;

const NOT_IN_ORDER: &str =
    "its first pages say that they are the last, or parts of others; write it anew (ffmpeg -c copy)";

/// What a walk over the pages found.
pub(super) struct Stream {
    serial: u32,
    /// Samples at the start that are not heard.
    pub(super) unheard: u16,
    /// The packet of comments, and the offset of its first page.
    pub(super) comments: Vec<u8>,
    pub(super) comments_at: u64,
    /// The pages that it takes, and the number of the first of them.
    tags: Range<u64>,
    tags_number: u32,
    /// The pages of sound, and the number of the first of them.
    pub(super) sound: Range<u64>,
    sound_number: u32,
    /// The first packet is coded in CELT alone.
    celt: bool,
    /// Where the last packet ends.
    end: u64,
    /// Pages that carry manifests.
    stores: Vec<Range<u64>>,
    /// Serial numbers of other streams.
    others: Vec<u32>,
}

impl Stream {
    /// # Errors
    ///
    /// [`Error::Unsupported`] for everything but one stream of Opus with one or two channels, with what would work instead.
    pub(super) fn read(source: &mut dyn Source, budget: &mut Budget) -> Result<Self> {
        let refused = |what: String| Err(Error::unsupported(Format::Ogg, what));
        let mut walk = Walk::default();
        let mut at = 0;
        while let Some(page) = page(source, Format::Ogg, at, budget)? {
            at = page.range.end;
            if let Err(why) = walk.take(source, &page, budget)? {
                return refused(why);
            }
        }
        if at < length(source)? {
            // The hash is over a stream's pages, and nothing may stand behind them unseen.
            return Err(Error::malformed(
                Format::Ogg,
                at,
                "no whole page stands here, and something follows; repair the file first",
            ));
        }
        let (Some(head), Some(tags), Some(sound)) = (walk.head, walk.tags, walk.sound) else {
            return refused("it ends before its sound begins".into());
        };
        let opus = read_at(source, Format::Ogg, head.body.start, (head.body.end - head.body.start).min(21))?;
        let (Some(&version), Some(&channels), Some(unheard), Some(&family)) =
            (opus.get(8), opus.get(9), le_u16(&opus, 10), opus.get(18))
        else {
            return Err(Error::malformed(Format::Ogg, head.range.start, "the head of the Opus stream is too short"));
        };
        if version > 15 || family != 0 || !(1..=2).contains(&channels) {
            return refused(format!(
                "its {channels} channels are mapped in a way (family {family}) for which there is no spoken clip; label it as WAV or FLAC"
            ));
        }
        let first = read_at(source, Format::Ogg, walk.first_packet, 1)?;
        Ok(Self {
            serial: head.serial,
            unheard,
            comments: walk.comments,
            comments_at: tags.0.range.start,
            tags: tags.0.range.start..tags.1,
            tags_number: tags.0.number,
            sound: sound.0.range.start..sound.1,
            sound_number: sound.0.number,
            // RFC 6716, 3.1: configurations from 16 on.
            celt: first.first().is_some_and(|toc| toc >> 3 >= 16),
            end: walk.end,
            stores: walk.stores,
            others: walk.others,
        })
    }

    /// Samples of the recording, about.
    pub(super) fn samples(&self) -> u64 {
        self.end.saturating_sub(self.unheard.into())
    }

    /// A serial number that no stream of the file has.
    pub(super) fn other_serial(&self) -> u32 {
        // "C2PA".
        let mut serial = 0x4332_5041_u32;
        while serial == self.serial || self.others.contains(&serial) {
            serial = serial.wrapping_add(1);
        }
        serial
    }

    pub(super) fn old_stores(&self) -> impl Iterator<Item = Range<u64>> {
        self.stores.iter().cloned()
    }

    /// The notice's packets for this stream. They end in silence of the other way of coding, so that the stream's decoder starts from
    /// nothing in its own: RFC 6716, 4.5.2.
    pub(super) fn notice(&self, clips: &[&'static [u8]]) -> Notice {
        let mut packets = Vec::new();
        // What a decoder leaves out at the start must not be words.
        let swallowed = u64::from(self.unheard).saturating_sub(CLIP_UNHEARD + CLIP_LEAD / 2);
        let silence = packets_of(OPUS_SILENCE_SILK);
        let lead = usize::try_from(swallowed.div_ceil(960)).unwrap_or(0);
        packets.extend(silence.iter().cycle().take(lead).copied());
        for clip in clips {
            packets.extend(packets_of(clip));
        }
        packets.extend(packets_of(if self.celt { OPUS_SILENCE_SILK } else { OPUS_SILENCE_CELT }));
        Notice { packets }
    }

    /// Writes head, comments and notice, and the pages of sound behind them.
    pub(super) fn splice(&self, comments: Option<Vec<u8>>, notice: Option<Notice>, patch: &mut Patch) {
        if comments.is_none() && notice.is_none() {
            return;
        }
        let mut writer = Writer { serial: self.serial, number: self.tags_number };
        let mut made = writer.packet(&comments.unwrap_or_else(|| self.comments.clone()), 0);
        let later = notice.as_ref().map_or(0, Notice::samples);
        if let Some(notice) = notice {
            made.extend(notice.pages(&mut writer));
        }
        patch.replace(self.tags.clone(), made);
        let (moved, sound) = (writer.number.wrapping_sub(self.sound_number), self.sound.clone());
        let (range, len) = (sound.clone(), sound.end - sound.start);
        let serial = self.serial;
        let rewrite = move |source: &mut dyn Source, put: &mut Put| {
            let mut at = sound.start;
            // What was walked once is not counted again.
            let budget = &mut Budget::new(&crate::Limits { max_parts: u64::MAX, ..crate::Limits::default() });
            while at < sound.end
                && let Some(page) = page(source, Format::Ogg, at, budget)?
            {
                let mut bytes = read_at(source, Format::Ogg, at, page.range.end - at)?;
                if page.serial == serial {
                    renumbered(&mut bytes, page.number.wrapping_add(moved), later);
                }
                put(&bytes)?;
                at = page.range.end;
            }
            Ok(())
        };
        patch.rewrite(range, len, Box::new(rewrite));
    }
}

/// The packets of a notice.
pub(super) struct Notice {
    packets: Vec<&'static [u8]>,
}

impl Notice {
    pub(super) fn samples(&self) -> u64 {
        self.packets.iter().map(|packet| samples(packet)).sum()
    }

    /// A second to a page, as players expect.
    fn pages(&self, writer: &mut Writer) -> Vec<u8> {
        let (mut out, mut granule) = (Vec::new(), 0);
        for packets in self.packets.chunks(50) {
            granule += packets.iter().map(|packet| samples(packet)).sum::<u64>();
            out.extend(writer.page(packets, granule, Edge::default()).unwrap_or_default());
        }
        out
    }
}

/// Samples that a packet lasts: RFC 6716, 3.1.
pub(super) fn samples(packet: &[u8]) -> u64 {
    let Some(&toc) = packet.first() else { return 0 };
    let config = toc >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1920, 2880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => packet.get(1).map_or(0, |count| u64::from(count & 63)),
    };
    frame * frames
}

/// The packets of sound in one of our clips.
pub(super) fn packets_of(file: &'static [u8]) -> Vec<&'static [u8]> {
    let (mut packets, mut rest) = (Vec::new(), file);
    while let Some((lacing, mut body)) = rest.get(26).and_then(|&count| rest.get(27..)?.split_at_checked(count.into()))
    {
        let mut len = 0;
        for &value in lacing {
            len += usize::from(value);
            if value < 255 {
                let Some((packet, after)) = body.split_at_checked(std::mem::take(&mut len)) else { return packets };
                packets.push(packet);
                body = after;
            }
        }
        rest = body;
    }
    // Head and comments.
    packets.drain(..packets.len().min(2));
    packets
}

/// The walk over the pages.
#[derive(Default)]
struct Walk {
    head: Option<Page>,
    /// The first page of comments, and where the last ends.
    tags: Option<(Page, u64)>,
    comments: Vec<u8>,
    pages: usize,
    whole: bool,
    sound: Option<(Page, u64)>,
    /// Offset of the first packet of sound.
    first_packet: u64,
    end: u64,
    stores: Vec<Range<u64>>,
    store_serials: Vec<u32>,
    others: Vec<u32>,
}

impl Walk {
    /// Takes a page in; why nothing can be put in front of this file.
    fn take(&mut self, source: &mut dyn Source, page: &Page, budget: &mut Budget) -> Result<Result<(), String>> {
        if page.first {
            let start = read_at(source, Format::Ogg, page.body.start, (page.body.end - page.body.start).min(8))?;
            if start.starts_with(super::STORE) {
                self.store_serials.push(page.serial);
                self.others.push(page.serial);
            } else if !start.starts_with(b"OpusHead") {
                let kind = match start.as_slice() {
                    [1, b'v', b'o', b'r', b'b', ..] => {
                        "it holds Vorbis, whose frames need tables that each file has for itself"
                    }
                    [0x7F, b'F', b'L', b'A', b'C', ..] => "it holds FLAC in Ogg; label it as FLAC in its own form",
                    [b'S', b'p', b'e', b'e', b'x', ..] => "it holds Speex",
                    [0x80, b't', b'h', b'e', b'o', ..] => "it holds a film",
                    _ => "it holds a stream of an unknown kind",
                };
                return Ok(Err(format!(
                    "{kind}: nothing can be put in front of it without encoding anew; Opus, FLAC and WAV can be labelled"
                )));
            } else if self.head.is_some() {
                return Ok(Err(
                    "it is a chain of several recordings, of which players show one; put them into one first".into(),
                ));
            } else if page.continued || page.last {
                return Ok(Err(NOT_IN_ORDER.into()));
            } else {
                self.head = Some(page.clone());
                return Ok(Ok(()));
            }
        }
        if self.store_serials.contains(&page.serial) {
            self.stores.push(page.range.clone());
            return Ok(Ok(()));
        }
        match &self.head {
            Some(head) if head.serial == page.serial => {}
            _ => return Ok(Err("it holds pages of a stream that never began; repair it first".into())),
        }
        if !self.whole {
            return self.header(source, page, budget);
        }
        match &mut self.sound {
            Some((_, end)) if *end == page.range.start => *end = page.range.end,
            Some(_) => return Ok(Err("other streams stand among its pages; put it into one stream first".into())),
            sound => {
                if page.continued || page.packets.is_empty() {
                    return Ok(Err(
                        "its sound begins in the middle of a packet; put it into one stream anew (ffmpeg -c copy)"
                            .into(),
                    ));
                }
                self.first_packet = page.body.start;
                *sound = Some((page.clone(), page.range.end));
            }
        }
        if page.granule != crate::container::ogg::NOWHERE {
            self.end = page.granule;
        }
        Ok(Ok(()))
    }

    /// A page of comments.
    fn header(&mut self, source: &mut dyn Source, page: &Page, budget: &mut Budget) -> Result<Result<(), String>> {
        self.pages += 1;
        // Readers end a stream at its last page, and leave out what begins elsewhere.
        if page.last || page.continued != (self.pages > 1) {
            return Ok(Err(NOT_IN_ORDER.into()));
        }
        if page.packets.len() != 1 || self.pages > MAX_HEADER_PAGES {
            return Ok(Err(
                "its comments share a page with its sound, which RFC 7845 forbids; write it anew (ffmpeg -c copy)"
                    .into(),
            ));
        }
        self.comments.append(&mut read_block(
            source,
            Format::Ogg,
            page.body.start,
            page.body.end - page.body.start,
            budget,
        )?);
        match &mut self.tags {
            Some((_, end)) if *end == page.range.start => *end = page.range.end,
            Some(_) => return Ok(Err("other streams stand among its pages; put it into one stream first".into())),
            tags => *tags = Some((page.clone(), page.range.end)),
        }
        self.whole = !page.open;
        if self.whole && !self.comments.starts_with(TAGS) {
            return Ok(Err("its comments are missing; write it anew (ffmpeg -c copy)".into()));
        }
        Ok(Ok(()))
    }
}
