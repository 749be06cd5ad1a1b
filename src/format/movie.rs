//! The movie box and its tags: what MP4, MOV and M4A have in common.

use std::ops::Range;

use super::{Block, Store, Survey, tags::Scan};
use crate::{
    Format, Result,
    container::bmff::{BoxHead, XMP_UUID, boxes, film},
    geometry::{Orientation, Size},
    limits::Budget,
    stream::{Source, be_u32, read_at},
};

/// The kinds of tracks that were seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tracks {
    pub(super) picture: bool,
    pub(super) sound: bool,
}

/// The survey of a film or a recording.
pub(super) fn survey(
    source: &mut dyn Source,
    format: Format,
    media_type: &'static str,
    budget: &mut Budget,
) -> Result<(Survey, Tracks)> {
    let top = film::Top::read(source, format, budget)?;
    let mut scan = Scan::new(source, format, media_type, budget);
    let mut tracks = Tracks::default();
    let stores = scan.tolerate("the C2PA box", |scan| top.layout.stores(scan.source, scan.budget))?;
    for store in stores.into_iter().flatten() {
        if matches!(store.purpose.as_str(), "manifest" | "original" | "update") {
            scan.survey.stores.push(Store { carrier: vec![store.range], jumbf: store.jumbf });
        }
    }
    for head in &top.layout.boxes {
        match &head.kind {
            b"uuid" if head.uuid == Some(XMP_UUID) => packet(&mut scan, head, "uuid box")?,
            b"moov" => movie(&mut scan, head, &mut tracks)?,
            b"udta" => user_data(&mut scan, head, "udta")?,
            b"meta" => metadata(&mut scan, head, "meta")?,
            _ => {}
        }
    }
    if !top.movie {
        scan.unread("there is neither a 'moov' nor a 'moof' box; what the film is was not read".into());
    }
    if let Some(why) = &top.broken {
        scan.unread(format!("the file was walked up to byte {} only: {why}", top.end));
        scan.survey.trailer = Some(top.end..top.layout.len);
    }
    Ok((scan.survey, tracks))
}

/// The boxes in `range`; none, and said so, where they are malformed.
fn children(scan: &mut Scan, range: Range<u64>, depth: u32, path: &str) -> Result<Vec<BoxHead>> {
    let what = format!("the {path} box at byte {}", range.start.saturating_sub(8));
    let found = scan.tolerate(&what, |scan| boxes(scan.source, scan.format, range, depth, scan.budget))?;
    Ok(found.unwrap_or_default())
}

fn packet(scan: &mut Scan, head: &BoxHead, name: &str) -> Result<()> {
    scan.xmp(head.range.clone(), head.body.clone(), format!("{name} at byte {}", head.range.start))?;
    // An encoder put the signature of a JPEG segment before the packet.
    if let Some(Block { bytes, .. }) = scan.survey.xmp.last_mut()
        && bytes.starts_with(b"http://ns.adobe.com/xap/1.0/\0")
    {
        bytes.drain(..29);
    }
    Ok(())
}

fn movie(scan: &mut Scan, movie: &BoxHead, tracks: &mut Tracks) -> Result<()> {
    for head in children(scan, movie.body.clone(), 1, "moov")? {
        match &head.kind {
            b"trak" => track(scan, &head, tracks)?,
            b"udta" => user_data(scan, &head, "moov/udta")?,
            b"meta" => metadata(scan, &head, "moov/meta")?,
            b"uuid" if head.uuid == Some(XMP_UUID) => packet(scan, &head, "moov/uuid box")?,
            _ => {}
        }
    }
    Ok(())
}

fn track(scan: &mut Scan, track: &BoxHead, tracks: &mut Tracks) -> Result<()> {
    let mut shape = None;
    let mut picture = false;
    for head in children(scan, track.body.clone(), 2, "moov/trak")? {
        match &head.kind {
            b"tkhd" => {
                let body = read_at(scan.source, scan.format, head.body.start, length(&head).min(96))?;
                shape = presented(&body);
            }
            b"mdia" => {
                for head in children(scan, head.body.clone(), 3, "moov/trak/mdia")? {
                    if head.is(b"hdlr") {
                        // 14496-12, 8.4.3: version and flags, four bytes of QuickTime's, the kind.
                        let body = read_at(scan.source, scan.format, head.body.start, length(&head).min(12))?;
                        picture |= body.get(8..12) == Some(b"vide");
                        tracks.sound |= body.get(8..12) == Some(b"soun");
                    }
                }
            }
            b"udta" => user_data(scan, &head, "moov/trak/udta")?,
            b"meta" => metadata(scan, &head, "moov/trak/meta")?,
            _ => {}
        }
    }
    tracks.picture |= picture;
    if let (true, Some((size, orientation)), None) = (picture, shape, scan.survey.stored) {
        (scan.survey.stored, scan.survey.orientation) = (Some(size), orientation);
    }
    Ok(())
}

fn length(head: &BoxHead) -> u64 {
    head.body.end - head.body.start
}

/// Size and turn of a track, in its header: 14496-12, 8.3.2.
pub(super) fn presented(body: &[u8]) -> Option<(Size, Orientation)> {
    let matrix = if body.first() == Some(&1) { 52 } else { 40 };
    // 16.16 fixed point.
    let side = |at| be_u32(body, at).map(|side| side >> 16).filter(|side| *side > 0);
    let size = Size { width: side(matrix + 36)?, height: side(matrix + 40)? };
    const ONE: u32 = 1 << 16;
    const MINUS: u32 = ONE.wrapping_neg();
    let [a, b, c, d] = [0, 4, 12, 16].map(|at| be_u32(body, matrix + at).unwrap_or_default());
    let turn = match (a, b, c, d) {
        (0, ONE, MINUS, 0) => 6,
        (MINUS, 0, 0, MINUS) => 3,
        (0, MINUS, ONE, 0) => 8,
        _ => 1,
    };
    Some((size, Orientation::from_exif(turn)))
}

/// User data: 14496-12, 8.10.1, and Apple's and 3GPP's texts in it.
fn user_data(scan: &mut Scan, data: &BoxHead, path: &str) -> Result<()> {
    for head in children(scan, data.body.clone(), 3, path)? {
        let name = head.kind.iter().copied().map(char::from).collect::<String>();
        let place = format!("{name} box of {path} at byte {}", head.range.start);
        match &head.kind {
            b"meta" => metadata(scan, &head, &format!("{path}/meta"))?,
            // XMP specification part 3, 1.2.6: in QuickTime's own files.
            b"XMP_" => packet(scan, &head, &format!("XMP_ box of {path}"))?,
            [0xA9, ..] => {
                if let Some(body) = scan.short(head.body.clone(), &place)? {
                    for text in film::international(&body) {
                        scan.text(key(&name), text, place.as_str());
                    }
                }
            }
            b"titl" | b"dscp" | b"cprt" | b"auth" | b"perf" | b"albm" => {
                if let Some(body) = scan.short(head.body.clone(), &place)? {
                    scan.text(key(&name), film::asset(&body).unwrap_or_default(), place);
                }
            }
            b"AIGC" | b"name" => {
                if let Some(body) = scan.short(head.body.clone(), &place)? {
                    scan.text(key(&name), film::text(&body), place);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Metadata of iTunes and of QuickTime's keys. QuickTime's box has no version and no flags.
fn metadata(scan: &mut Scan, meta: &BoxHead, path: &str) -> Result<()> {
    let head = read_at(scan.source, scan.format, meta.body.start, length(meta).min(8))?;
    let start = if head.get(4..8) == Some(b"hdlr") { 0 } else { 4.min(length(meta)) };
    let mut names = Vec::new();
    for head in children(scan, meta.body.start + start..meta.body.end, 4, path)? {
        let at = head.range.start;
        match &head.kind {
            b"keys" => {
                let place = format!("{path}/keys box at byte {at}");
                names = scan.short(head.body.clone(), &place)?.map(|body| film::keys(&body)).unwrap_or_default();
            }
            b"ilst" => {
                let path = format!("{path}/ilst");
                for item in children(scan, head.body.clone(), 5, &path)? {
                    entry(scan, &item, &names, &path)?;
                }
            }
            // Version, flags and language come first.
            b"ID32" => scan.id3(head.body.start + 6).map(drop)?,
            _ => {}
        }
    }
    Ok(())
}

/// One entry of a list: its name in a box or by number, its values in `data` boxes.
fn entry(scan: &mut Scan, item: &BoxHead, names: &[String], path: &str) -> Result<()> {
    // Pictures of covers.
    if item.is(b"covr") {
        return Ok(());
    }
    let number = usize::try_from(u32::from_be_bytes(item.kind)).ok().and_then(|number| number.checked_sub(1));
    let mut name = match number.and_then(|index| names.get(index)) {
        Some(name) => name.clone(),
        None => item.kind.iter().copied().map(char::from).collect(),
    };
    let mut mean = String::new();
    for head in children(scan, item.body.clone(), 6, path)? {
        let place = format!("{path} entry at byte {}", item.range.start);
        // The name of an entry `----`; of Apple's own space it stands alone.
        let named = matches!(&head.kind, b"mean" | b"name") && item.is(b"----");
        if !named && !head.is(b"data") {
            continue;
        }
        let Some(body) = scan.short(head.body.clone(), &place)? else { continue };
        let text = film::text(body.get(4..).unwrap_or_default());
        match &head.kind {
            b"mean" => mean = text,
            b"name" => name = if mean == "com.apple.iTunes" { text } else { format!("{mean}:{text}") },
            _ => {
                if let Some(value) = film::data(&body) {
                    scan.text(key(&name), value, format!("{name}, {place}"));
                }
            }
        }
    }
    Ok(())
}

/// The field's name as other containers have it.
fn key(name: &str) -> &str {
    match name {
        "©nam" | "titl" => "Title",
        "©ART" | "©art" | "perf" => "Artist",
        "©cmt" => "Comment",
        "©des" | "desc" | "ldes" | "dscp" => "Description",
        "©too" | "©swr" | "©enc" => "Software",
        "©cpy" | "cprt" => "Copyright",
        "©mak" => "Make",
        "©mod" => "Model",
        "©src" => "Source",
        _ => name.strip_prefix("com.apple.quicktime.").unwrap_or(name),
    }
}
