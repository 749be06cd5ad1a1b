//! Ogg with Opus, Vorbis, FLAC, Speex or Theora in it: RFC 3533, RFC 7845 and their kin. A stream of Opus gets the notice's packets in
//! front of its own, none of which changes; the others are examined only. The manifest has a bitstream of its own (C2PA 2.4, A.3.5).

mod clips;
mod opus;

use std::{collections::BTreeMap, ops::Range};

use super::{Carries, Facts, Handler, HardBinding, Label, Marked, Medium, NamedBox, Store, Survey, tags, tags::Scan};
use crate::{
    Error, Format, Result,
    container::ogg::{Edge, Page, Writer, page},
    limits::Budget,
    notice::{Audible, Heard, Hit, speech::Codec},
    stream::{Source, length, read_block},
};
use opus::Stream as Opus;

pub(super) struct Ogg;

const FACTS: Facts = Facts {
    name: "Ogg",
    media_types: &["audio/ogg", "video/ogg", "audio/opus", "application/ogg"],
    extensions: &["ogg", "opus", "oga", "spx", "ogv"],
    medium: Medium::Audio,
    can_label: true,
    notice: Carries::Lossless,
    binding: HardBinding::Boxes,
    limitations: "Opus with one or two channels; Vorbis, FLAC and others in Ogg, and files of several streams, are refused",
};

/// What starts the first packet of a manifest's bitstream: C2PA 2.4, A.3.5.
const STORE: &[u8] = b"\0c2pa";
/// More streams than this at one time are no recording.
const MAX_STREAMS: usize = 1024;

impl Handler for Ogg {
    fn facts(&self) -> &'static Facts {
        &FACTS
    }

    fn sniff(&self, head: &[u8]) -> bool {
        head.starts_with(b"OggS\0")
    }

    fn survey(&self, source: &mut dyn Source, budget: &mut Budget) -> Result<Survey> {
        let len = length(source)?;
        let mut scan = Scan::new(source, Format::Ogg, "audio/ogg", budget);
        let mut streams = BTreeMap::new();
        let mut at = 0;
        while let Some(page) = page(scan.source, Format::Ogg, at, scan.budget)? {
            at = page.range.end;
            // A number that was used may begin anew: a file may be a chain of others.
            if page.first
                && let Some(old) = streams.remove(&page.serial)
            {
                finish(&mut scan, old);
            }
            if streams.len() >= MAX_STREAMS && !streams.contains_key(&page.serial) {
                return Err(Error::malformed(Format::Ogg, page.range.start, "too many bitstreams at one time"));
            }
            let stream = streams.entry(page.serial).or_default();
            feed(&mut scan, stream, &page)?;
            if page.last
                && let Some(ended) = streams.remove(&page.serial)
            {
                finish(&mut scan, ended);
            }
        }
        if at == 0 {
            return Err(Error::malformed(Format::Ogg, 0, "no Ogg page starts here"));
        }
        streams.into_values().for_each(|stream| finish(&mut scan, stream));
        scan.survey.trailer = (at < len).then_some(at..len);
        Ok(scan.survey)
    }

    fn hear(&self, source: &mut dyn Source, _survey: &Survey, audible: &Audible, budget: &mut Budget) -> Result<Heard> {
        let stream = Opus::read(source, budget)?;
        let clips = audible.coded(Codec::Opus, opus::RATE).map_err(|why| Error::unsupported(Format::Ogg, why))?;
        let samples = stream.notice(&clips).samples().saturating_sub(stream.unheard.into());
        let long = stream.samples() / u64::from(opus::RATE) * 1000 > audible.every_ms.unwrap_or(u64::MAX);
        Ok(Heard::once(clips, samples * 1000 / u64::from(opus::RATE), long))
    }

    fn mark(&self, source: &mut dyn Source, _survey: &Survey, label: &Label, budget: &mut Budget) -> Result<Marked> {
        let mut marked = Marked::default();
        let stream = Opus::read(source, budget)?;
        if let Some(store_len) = label.store_len {
            if store_len > MAX_STORE {
                let what = "the labels that the file had before take more room than one page of Ogg has; label what it was made from";
                return Err(Error::unsupported(Format::Ogg, what));
            }
            // In front: the stream behind it is one part, whose hash is over all the rest.
            let writer = Writer { serial: stream.other_serial(), number: 0 };
            let wrap = move |store: &[u8]| {
                let edge = Edge { first: true, last: true };
                writer.clone().page(&[&[STORE, store].concat()], 0, edge).unwrap_or_default()
            };
            marked.patch.slot(0, store_len, Box::new(wrap));
        }
        stream.old_stores().for_each(|range| marked.patch.delete(range));
        let comments = match label.record {
            Some(record) => {
                let old = stream.comments.strip_prefix(opus::TAGS).map(|block| (block, stream.comments_at));
                Some([opus::TAGS, &tags::write::comments(Format::Ogg, old, record)?].concat())
            }
            None => None,
        };
        let notice = label.heard.map(|heard| stream.notice(&heard.coded));
        marked.noticed = notice.is_some();
        stream.splice(comments, notice, &mut marked.patch);
        Ok(marked)
    }

    fn named_boxes(
        &self,
        source: &mut dyn Source,
        survey: &Survey,
        budget: &mut Budget,
    ) -> Result<Option<Vec<NamedBox>>> {
        let mut boxes: Vec<(u32, NamedBox)> = Vec::new();
        let mut at = 0;
        while let Some(page) = page(source, Format::Ogg, at, budget)? {
            at = page.range.end;
            // No hash is over the manifest's part: a recording that takes over its number behind it must not come into that part.
            let carries = || survey.stores.iter().any(|store| store.carrier.contains(&page.range));
            let goes_on = |(serial, named): &(u32, NamedBox)| {
                *serial == page.serial && (!named.is_manifest() || carries() && !page.first)
            };
            if let Some((_, last)) = boxes.last_mut().filter(|last| goes_on(last)) {
                last.range.end = at;
                continue;
            }
            // 2.4 §18.7.3.7 has one hash for each bitstream; where their pages take turns, no part of the file is one.
            if !page.first && boxes.iter().any(|(serial, _)| *serial == page.serial) {
                return Ok(None);
            }
            let head = page.body.start..page.body.end.min(page.body.start + STORE.len() as u64);
            let is_store = read_block(source, Format::Ogg, head.start, head.end - head.start, budget)? == STORE;
            let named = match is_store {
                true => NamedBox::manifest(page.range),
                false => NamedBox::new(format!("Stream-{}", page.serial), page.range),
            };
            boxes.push((page.serial, named));
        }
        Ok(Some(boxes.into_iter().map(|(_, named)| named).collect()))
    }

    fn clips(&self, source: &mut dyn Source, _survey: &Survey, budget: &mut Budget) -> Result<Option<Vec<Hit>>> {
        match Opus::read(source, budget) {
            Ok(stream) => clips::heard(source, &stream, budget).map(Some),
            Err(Error::Unsupported { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// What fits into one page behind the mark.
const MAX_STORE: usize = 255 * 255 - 1 - STORE.len();

/// A logical bitstream.
#[derive(Default)]
struct Stream {
    kind: Kind,
    /// The packet in the making, and the page that it began in.
    packet: Vec<u8>,
    start: u64,
    /// The packets of a manifest.
    store: Vec<u8>,
    /// The pages that carry them.
    carrier: Vec<Range<u64>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    /// The first packet is not there yet.
    #[default]
    New,
    /// Comments follow, after this mark.
    Comments(&'static [u8]),
    /// FLAC, whose metadata blocks are packets: RFC 9639, 10.1.
    Flac,
    Store,
    /// Nothing more is wanted.
    Done,
}

impl Kind {
    fn of(first: &[u8]) -> Self {
        match first {
            [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => Self::Comments(b"OpusTags"),
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => Self::Comments(b"\x03vorbis"),
            [0x80, b't', b'h', b'e', b'o', b'r', b'a', ..] => Self::Comments(b"\x81theora"),
            [b'S', b'p', b'e', b'e', b'x', b' ', ..] => Self::Comments(b""),
            [0x7F, b'F', b'L', b'A', b'C', ..] => Self::Flac,
            _ if first.starts_with(STORE) => Self::Store,
            _ => Self::Done,
        }
    }
}

/// Takes the packets of a page in, as long as any are wanted.
fn feed(scan: &mut Scan, stream: &mut Stream, page: &Page) -> Result<()> {
    if matches!(stream.kind, Kind::New | Kind::Store) {
        stream.carrier.push(page.range.clone());
    }
    let mut at = page.body.start;
    for (index, &len) in page.packets.iter().enumerate() {
        if stream.kind == Kind::Done {
            return Ok(());
        }
        if index > 0 || !page.continued {
            stream.packet.clear();
            stream.start = page.range.start;
        }
        let whole = stream.packet.len() as u64 + len;
        if whole > scan.budget.limits().max_metadata_bytes {
            let place = format!("the header packet in the Ogg page at byte {}", stream.start);
            scan.skipped(&place, "it is over the limit for metadata");
            stream.kind = Kind::Done;
            return Ok(());
        }
        stream.packet.append(&mut read_block(scan.source, Format::Ogg, at, len, scan.budget)?);
        at += len;
        if index + 1 < page.packets.len() || !page.open {
            packet(scan, stream);
        }
    }
    Ok(())
}

fn packet(scan: &mut Scan, stream: &mut Stream) {
    let packet = std::mem::take(&mut stream.packet);
    let at = stream.start;
    match stream.kind {
        Kind::New => {
            stream.kind = Kind::of(&packet);
            if packet.starts_with(b"\x80theora") {
                scan.survey.media_type = "video/ogg";
            }
            match stream.kind {
                Kind::Store => stream.store.extend(packet.get(STORE.len()..).unwrap_or_default()),
                _ => stream.carrier.clear(),
            }
        }
        Kind::Comments(mark) => {
            stream.kind = Kind::Done;
            match packet.strip_prefix(mark) {
                Some(block) => scan.comments(block, &format!("comments in the Ogg page at byte {at}")),
                None => scan.skipped(&format!("the Ogg page at byte {at}"), "comments should stand in it and do not"),
            }
        }
        Kind::Flac => match packet.as_slice() {
            [kind, _, _, _, block @ ..] if kind & 0x7F == 4 => {
                stream.kind = Kind::Done;
                scan.comments(block, &format!("comments in the Ogg page at byte {at}"));
            }
            [kind, ..] if kind & 0x80 == 0 && *kind != 0x7F => {}
            _ => stream.kind = Kind::Done,
        },
        Kind::Store => stream.store.extend(packet),
        Kind::Done => {}
    }
}

fn finish(scan: &mut Scan, stream: Stream) {
    if stream.kind == Kind::Store {
        scan.survey.stores.push(Store { carrier: stream.carrier, jumbf: stream.store });
    }
}
